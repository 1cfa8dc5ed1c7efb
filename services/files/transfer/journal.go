package transfer

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/store"
)

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
`, failureTables}

func itemKey(rel files.Path) []byte { return []byte(strings.Join(rel, "/")) }

// The journal of a tree job is written in large strokes, or its transactions
// would cost more than small files do: those of a batch whose names are free are
// noted as begun before the first of them is touched, and those that are done
// every now and then. What a kill leaves unnoted is found out from the target: a
// file that was noted as begun, with its part gone and its name there, is done.

// flushEvery and flushItems bound what is not noted yet.
const (
	flushEvery = 2 * time.Second
	flushItems = 200
)

// notes are the journal of one job.
type notes struct {
	r      *Runner
	job    int64
	src    files.FS
	old    bool                     // there are notes from before an interruption
	passed func(n int, bytes int64) // told of files that were done before

	mu      sync.Mutex
	pending []note // done, but not on the disk yet
	flushed time.Time
}

// note is one row.
type note struct {
	it     Item
	done   bool
	part   files.Path
	answer Answer
}

// newNotes opens the journal of a job.
func (r *Runner) newNotes(ctx context.Context, job int64, src files.FS) (*notes, error) {
	n := &notes{r: r, job: job, src: src, flushed: time.Now()}
	err := r.db.Read().QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM item WHERE job = ?)", job).Scan(&n.old)
	if err != nil {
		return nil, fault.From("transfer", "", err)
	}
	return n, nil
}

// begin implements journal.
func (n *notes) begin(ctx context.Context, items []Item) ([]Item, error) {
	left := make([]Item, 0, len(items))
	var begun []note
	passed, bytes := 0, int64(0)
	for _, it := range items {
		if n.old {
			done, before, err := n.before(ctx, it)
			if err != nil {
				return nil, err
			}
			if done {
				passed++
				bytes += max(0, it.Source.Size)
				continue
			}
			it.begun = before
		}
		if it.begun == nil && it.Known && it.Target == nil {
			it.noted = partOf(it.To, n.src.URL(it.From), it.Source)
			begun = append(begun, note{it: it, part: it.noted})
		}
		left = append(left, it)
	}
	if passed > 0 && n.passed != nil {
		n.passed(passed, bytes)
	}
	return left, n.write(ctx, begun)
}

// before tells what is known of this version of a source from before an
// interruption: that it is done, and is still there as far as the target's
// listing tells (a power cut may have taken what was noted), or what was decided
// when its part was begun.
func (n *notes) before(ctx context.Context, it Item) (done bool, begun *decision, err error) {
	var answer Answer
	err = n.r.db.Read().QueryRowContext(ctx,
		"SELECT done, answer FROM item WHERE job = ? AND path = ? AND size = ? AND time = ?",
		n.job, itemKey(it.rel), it.Source.Size, it.Source.ModTime.Unix()).Scan(&done, &answer)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil, nil
	}
	if err != nil {
		return false, nil, fault.From("transfer", "", err)
	}
	if !done {
		return false, &decision{answer}, nil
	}
	elsewhere := answer != "" && answer != Replace // under another name, or not at all
	there := !it.Known || it.Target != nil && files.SameSize(it.Source, *it.Target)
	return elsewhere || there, nil, nil
}

// part implements journal.
func (n *notes) part(ctx context.Context, it Item, p files.Path, d decision) error {
	if d.Answer == "" && p.Equal(it.noted) {
		return nil
	}
	return n.write(ctx, []note{{it: it, part: p, answer: d.Answer}})
}

// done implements journal.
func (n *notes) done(ctx context.Context, it Item, r Result) error {
	one := note{it: it, done: true}
	switch {
	case r.Skipped:
		one.answer = Skip
	case !r.Path.Equal(it.To):
		one.answer = KeepBoth
	}
	n.mu.Lock()
	n.pending = append(n.pending, one)
	now := time.Now()
	due := len(n.pending) >= flushItems || now.Sub(n.flushed) > flushEvery
	n.mu.Unlock()
	if !due {
		return nil
	}
	return n.flush(ctx)
}

// flush writes what is pending.
func (n *notes) flush(ctx context.Context) error {
	n.mu.Lock()
	pending := n.pending
	n.pending, n.flushed = nil, time.Now()
	n.mu.Unlock()
	return n.write(ctx, pending)
}

func (n *notes) write(ctx context.Context, rows []note) error {
	if len(rows) == 0 {
		return nil
	}
	return n.r.db.Write(ctx, func(tx *sql.Tx) error {
		insert, err := tx.Prepare("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?, ?, ?)")
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, row := range rows {
			text := ""
			if row.part != nil {
				b, err := json.Marshal(rawPath(row.part))
				if err != nil {
					return fault.New(fault.Internal, "transfer", "", err)
				}
				text = string(b)
			}
			e := row.it.Source
			if _, err := insert.Exec(n.job, itemKey(row.it.rel), e.Size, e.ModTime.Unix(), row.done, text, string(row.answer)); err != nil {
				return err
			}
		}
		return nil
	})
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
		for _, table := range []string{"item", "answer", "failure", "ended"} {
			if _, err := tx.Exec("DELETE FROM "+table+" WHERE job = ?", job); err != nil {
				return err
			}
		}
		return nil
	})
}

// parts gives the temporary files that a job left behind.
func (r *Runner) parts(ctx context.Context, j activity.Job, spec Job) ([]files.Path, error) {
	if !spec.many() {
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
