package transfer

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/store"
)

// rawPath is a files.Path that survives JSON: names that are no UTF-8 are kept
// in base64 behind a NUL, which no name can hold.
type rawPath files.Path

// MarshalJSON implements json.Marshaler.
func (p rawPath) MarshalJSON() ([]byte, error) {
	names := make([]string, len(p))
	for i, name := range p {
		names[i] = name
		if strings.ToValidUTF8(name, "") != name {
			names[i] = "\x00" + base64.StdEncoding.EncodeToString([]byte(name))
		}
	}
	return json.Marshal(names)
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *rawPath) UnmarshalJSON(b []byte) error {
	var names []string
	if err := json.Unmarshal(b, &names); err != nil {
		return err
	}
	for i, name := range names {
		if coded, ok := strings.CutPrefix(name, "\x00"); ok {
			raw, err := base64.StdEncoding.DecodeString(coded)
			if err != nil {
				return err
			}
			names[i] = string(raw)
		}
	}
	*p = names
	return nil
}

func decode(b json.RawMessage, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return fault.New(fault.Internal, "transfer", "", err)
	}
	return nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// stamp writes an entry's time for a question: RFC 3339, "" unknown.
func stamp(e files.Entry) string {
	if e.ModTime.IsZero() {
		return ""
	}
	return e.ModTime.UTC().Format(time.RFC3339)
}

// migrations make the tables for the items of tree jobs: what is finished, so
// that a restart does not ask and copy again, and which parts exist.
var migrations = []store.Migration{`
CREATE TABLE item (
	job  INTEGER NOT NULL,
	path BLOB NOT NULL,      -- names of the source below its root, joined by slashes
	size INTEGER NOT NULL,
	time INTEGER NOT NULL,   -- of the source, seconds since 1970
	done INTEGER NOT NULL,   -- 1: has its name at the target, or was skipped
	part TEXT NOT NULL,      -- path of the temporary file as JSON, '' none
	answer TEXT NOT NULL,    -- what was decided about a name taken, '' it was free
	PRIMARY KEY (job, path)
) WITHOUT ROWID;
CREATE TABLE answer (job INTEGER PRIMARY KEY, answer TEXT NOT NULL);
`}

func itemKey(rel files.Path) []byte { return []byte(strings.Join(rel, "/")) }

// state is what is known of an item from before an interruption.
type state struct {
	done  bool
	begun *decision // its part was begun
}

// item gives the state of this version of a source.
func (r *Runner) item(ctx context.Context, job int64, rel files.Path, e files.Entry) (state, error) {
	var s state
	var answer string
	err := r.db.Read().QueryRowContext(ctx,
		"SELECT done, answer FROM item WHERE job = ? AND path = ? AND size = ? AND time = ?",
		job, itemKey(rel), e.Size, e.ModTime.Unix()).Scan(&s.done, &answer)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, fault.From("transfer", "", err)
	}
	s.begun = &decision{Answer(answer)}
	return s, nil
}

func (r *Runner) note(ctx context.Context, job int64, rel files.Path, e files.Entry, done bool, part files.Path, d decision) error {
	text := ""
	if part != nil {
		b, err := json.Marshal(rawPath(part))
		if err != nil {
			return fault.New(fault.Internal, "transfer", "", err)
		}
		text = string(b)
	}
	return r.db.Exec(ctx, "INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?, ?, ?)",
		job, itemKey(rel), e.Size, e.ModTime.Unix(), done, text, string(d.Answer))
}

func (r *Runner) savedAnswer(ctx context.Context, job int64) (Answer, error) {
	var a string
	err := r.db.Read().QueryRowContext(ctx, "SELECT answer FROM answer WHERE job = ?", job).Scan(&a)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fault.From("transfer", "", err)
	}
	return Answer(a), nil
}

func (r *Runner) forget(ctx context.Context, job int64) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM item WHERE job = ?", job)
		if err == nil {
			_, err = tx.Exec("DELETE FROM answer WHERE job = ?", job)
		}
		return err
	})
}

// parts gives the temporary files that a job left behind.
func (r *Runner) parts(ctx context.Context, j activity.Job, spec Job) ([]files.Path, error) {
	if !spec.Tree {
		var at progress
		if len(j.Checkpoint) == 0 {
			return nil, nil
		}
		if err := decode(j.Checkpoint, &at); err != nil || at.Done || len(at.Part) == 0 {
			return nil, err
		}
		return []files.Path{files.Path(at.Part)}, nil
	}
	rows, err := r.db.Read().QueryContext(ctx, "SELECT part FROM item WHERE job = ? AND done = 0 AND part <> ''", j.ID)
	if err != nil {
		return nil, fault.From("transfer", "", err)
	}
	defer rows.Close()
	var parts []files.Path
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fault.From("transfer", "", err)
		}
		var p rawPath
		if err := decode(json.RawMessage(text), &p); err != nil {
			return nil, err
		}
		parts = append(parts, files.Path(p))
	}
	if err := rows.Err(); err != nil {
		return nil, fault.From("transfer", "", err)
	}
	return parts, nil
}

// runTree copies a folder as a job. What was finished before an interruption is
// passed over, also where the answer for it was another name.
func (r *Runner) runTree(ctx context.Context, h activity.Handle, j Job, src, dst files.FS, q *questions) error {
	id := h.Job().ID
	if q.fixed == "" {
		saved, err := r.savedAnswer(ctx, id)
		if err != nil {
			return err
		}
		q.fixed = saved
	}
	q.keep = func(a Answer) error {
		return r.db.Exec(ctx, "INSERT OR REPLACE INTO answer VALUES (?, ?)", id, string(a))
	}
	found, ended := 0, 0
	t := &tree{
		src: src, dst: dst, from: j.From.At(), to: j.To.At(),
		o: TreeOptions{
			Options: Options{Resume: true, OnExists: q.ask, Progress: h.Progress},
			Totals:  func(n int, _ int64, _ bool) { found = n; h.Items(ended, found) },
			OnFile:  func(files.Path, Result, error) error { ended++; h.Items(ended, found); return nil },
		},
		state: func(ctx context.Context, rel files.Path, e files.Entry) (state, error) {
			return r.item(ctx, id, rel, e)
		},
		note: func(ctx context.Context, rel files.Path, e files.Entry, done bool, part files.Path, d decision) error {
			return r.note(ctx, id, rel, e, done, part, d)
		},
	}
	result, err := t.run(ctx)
	if err != nil {
		return err
	}
	if err := h.Result(outcome{
		Path: j.To.address(), Bytes: result.Bytes, Verified: VerifiedSize,
		Files: result.Files, Unread: result.Unread, Links: result.Links,
	}); err != nil {
		return err
	}
	return r.forget(ctx, id)
}
