package transfer

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"guichet/services/fault"
	"guichet/services/files"
)

// failureTables keep what a job of many files could not copy, and what it did
// otherwise, for a person who asks and for the next try.
const failureTables = `
CREATE TABLE failure (
	job    INTEGER NOT NULL,
	path   BLOB NOT NULL,     -- as item.path
	target TEXT NOT NULL,     -- full path as JSON
	folder INTEGER NOT NULL,  -- 1: a folder that could not be read or made
	fault  TEXT NOT NULL,     -- JSON
	PRIMARY KEY (job, path)
) WITHOUT ROWID;
CREATE TABLE ended (job INTEGER PRIMARY KEY, outcome TEXT NOT NULL);
`

// mostFailures bounds how many failures of a job are kept.
const mostFailures = 1000

// Failure is something that a job could not copy.
type Failure struct {
	Path   files.Path // below the folder that the job is about
	Folder bool       // with all that is in it
	Fault  *fault.Fault
}

// failed is a Failure with what its next try needs.
type failed struct {
	Failure
	to files.Path
}

// savedFault is a fault as the database keeps it.
type savedFault struct {
	Kind fault.Kind `json:"kind"`
	Op   string     `json:"op,omitempty"`
	Host string     `json:"host,omitempty"`
	Said string     `json:"said,omitempty"`
	Err  string     `json:"err,omitempty"`
}

func (s savedFault) fault() *fault.Fault {
	f := &fault.Fault{Kind: s.Kind, Op: s.Op, Host: s.Host, Said: s.Said}
	if s.Err != "" {
		f.Err = errors.New(s.Err)
	}
	return f
}

// newFailed notes what failed.
func newFailed(it Item, err error) failed {
	var f *fault.Fault
	if !errors.As(err, &f) {
		f = fault.From("copy", "", err)
	}
	return failed{Failure{Path: it.rel, Folder: it.Source.Type.IsDir(), Fault: f}, it.To}
}

// Failures lists what a job could not copy in its last try, the first 1,000.
func (r *Runner) Failures(ctx context.Context, job int64) ([]Failure, error) {
	rows, err := r.failures(ctx, job)
	list := make([]Failure, len(rows))
	for i, row := range rows {
		list[i] = row.Failure
	}
	return list, err
}

func (r *Runner) failures(ctx context.Context, job int64) ([]failed, error) {
	rows, err := r.db.Read().QueryContext(ctx, "SELECT path, target, folder, fault FROM failure WHERE job = ? ORDER BY path", job)
	if err != nil {
		return nil, fault.From("transfer", "", err)
	}
	defer rows.Close()
	var list []failed
	for rows.Next() {
		var path []byte
		var target, why string
		var one failed
		if err := rows.Scan(&path, &target, &one.Folder, &why); err != nil {
			return nil, fault.From("transfer", "", err)
		}
		var to rawPath
		var saved savedFault
		if err := errors.Join(decode(json.RawMessage(target), &to), decode(json.RawMessage(why), &saved)); err != nil {
			return nil, fault.From("transfer", "", err)
		}
		one.Path, one.to, one.Fault = strings.Split(string(path), "/"), files.Path(to), saved.fault()
		list = append(list, one)
	}
	return list, fault.OrNil("transfer", rows.Err())
}

// saveFailures replaces what is kept of a job's failures. complete, if not nil,
// is what else came of it, when every file has been tried: the next try is then
// about the failures alone.
func (r *Runner) saveFailures(ctx context.Context, job int64, list []failed, complete *outcome) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"failure", "ended"} {
			if _, err := tx.Exec("DELETE FROM "+table+" WHERE job = ?", job); err != nil {
				return err
			}
		}
		for _, one := range list {
			to, err := json.Marshal(rawPath(one.to))
			if err != nil {
				return fault.New(fault.Internal, "transfer", "", err)
			}
			saved := savedFault{Kind: one.Fault.Kind, Op: one.Fault.Op, Host: one.Fault.Host, Said: one.Fault.Said}
			if one.Fault.Err != nil {
				saved.Err = fault.Redact(one.Fault.Err.Error())
			}
			why, err := json.Marshal(saved)
			if err != nil {
				return fault.New(fault.Internal, "transfer", "", err)
			}
			if _, err := tx.Exec("INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?)", job, itemKey(one.Path), string(to), one.Folder, string(why)); err != nil {
				return err
			}
		}
		if complete == nil {
			return nil
		}
		text, err := json.Marshal(complete)
		if err != nil {
			return fault.New(fault.Internal, "transfer", "", err)
		}
		_, err = tx.Exec("INSERT INTO ended VALUES (?, ?)", job, string(text))
		return err
	})
}

// lastTry gives what failed in a try that got to every file, and what came of the
// others; nil if there was none.
func (r *Runner) lastTry(ctx context.Context, job int64) ([]failed, outcome, error) {
	var text string
	var o outcome
	err := r.db.Read().QueryRowContext(ctx, "SELECT outcome FROM ended WHERE job = ?", job).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, o, nil
	}
	if err != nil {
		return nil, o, fault.From("transfer", "", err)
	}
	if err := decode(json.RawMessage(text), &o); err != nil {
		return nil, o, err
	}
	list, err := r.failures(ctx, job)
	return list, o, err
}

// pick gives the entries of t.names, in their order. A name that the listing does
// not hold is asked for; one that is gone fails when its turn comes.
func (t *tree) pick(ctx context.Context, listed []files.Entry) []files.Entry {
	at := make(map[string]int, len(listed))
	for i, e := range listed {
		at[e.Name] = i
	}
	entries := make([]files.Entry, 0, len(t.names))
	for _, name := range t.names {
		if i, ok := at[name]; ok {
			entries = append(entries, listed[i])
			continue
		}
		e, err := t.src.Stat(ctx, t.from.Join(name))
		if err != nil {
			e = files.Entry{Type: files.File, Size: -1}
		}
		e.Name = name
		entries = append(entries, e)
	}
	return entries
}

// retry hands over what failed before.
func (t *tree) retry(ctx context.Context, yield func(Item) bool) error {
	for _, one := range t.again {
		from := append(append(files.Path{}, t.from...), one.Path...)
		var err error
		if one.Folder {
			err = t.walk(ctx, one.Path, one.to, len(one.Path), yield)
		} else {
			it := Item{From: from, To: one.to, rel: one.Path}
			if len(one.Path) == 1 {
				it.Answer = t.top
			}
			var serr error
			if it.Source, serr = t.src.Stat(ctx, from); serr == nil {
				err = t.hand(ctx, []Item{it}, yield)
			} else if err = ctx.Err(); err == nil {
				err = t.series.tell(it, Result{Path: one.to}, serr)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
