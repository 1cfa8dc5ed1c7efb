package activity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"time"

	"guichet/services/fault"
)

// savedFault is a fault as the database keeps it; the cause is text.
type savedFault struct {
	Kind  fault.Kind  `json:"kind"`
	Op    string      `json:"op,omitempty"`
	Host  string      `json:"host,omitempty"`
	Step  string      `json:"step,omitempty"`
	Check fault.Check `json:"check,omitempty"`
	Said  string      `json:"said,omitempty"`
	Err   string      `json:"err,omitempty"`
}

func marshalFault(f *fault.Fault) any {
	if f == nil {
		return nil
	}
	s := savedFault{Kind: f.Kind, Op: f.Op, Host: f.Host, Step: f.Step, Check: f.Check, Said: f.Said}
	if f.Err != nil {
		s.Err = fault.Redact(f.Err.Error())
	}
	return marshal(s)
}

// marshal is for values of this package's own types, which always encode.
func marshal(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func unmarshalFault(s sql.NullString) *fault.Fault {
	var v savedFault
	if !s.Valid || json.Unmarshal([]byte(s.String), &v) != nil {
		return nil
	}
	f := &fault.Fault{Kind: v.Kind, Op: v.Op, Host: v.Host, Step: v.Step, Check: v.Check, Said: v.Said}
	if v.Err != "" {
		f.Err = errors.New(v.Err)
	}
	return f
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n)
}

func (c *Center) load() error {
	// What ran or asked when the program ended continues by itself.
	ctx := context.Background()
	if err := c.p.DB.Exec(ctx, "UPDATE job SET state = ?, question = NULL, next_try = 0 WHERE state IN (?, ?)", Waiting, Running, NeedsAnswer); err != nil {
		return err
	}
	rows, err := c.p.DB.Read().QueryContext(ctx, `SELECT id, kind, title, source, target, grp, size, done, items, items_done, state, fault,
		tries, next_try, rank, spec, checkpoint, result, created, updated FROM job ORDER BY id`)
	if err != nil {
		return fault.From("load jobs", "", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			e                           entry
			failure, checkpoint, result sql.NullString
			spec                        string
			next, created, updated      int64
		)
		j := &e.job
		if err := rows.Scan(&j.ID, &j.Kind, &j.Title, &j.From, &j.To, &e.group, &j.Size, &j.Done, &j.Items, &j.ItemsDone, &j.State,
			&failure, &j.Tries, &next, &j.Rank, &spec, &checkpoint, &result, &created, &updated); err != nil {
			return fault.From("load jobs", "", err)
		}
		j.Fault, j.Spec = unmarshalFault(failure), json.RawMessage(spec)
		if checkpoint.Valid {
			j.Checkpoint = json.RawMessage(checkpoint.String)
		}
		if result.Valid {
			j.Result = json.RawMessage(result.String)
		}
		j.NextTry, j.Created, j.Updated = fromMillis(next), fromMillis(created), fromMillis(updated)
		c.jobs[j.ID] = &e
		c.ages = append(c.ages, &e)
	}
	c.queue = slices.Clone(c.ages)
	slices.SortFunc(c.queue, byRank)
	return fault.OrNil("load jobs", rows.Err())
}

// insert writes new jobs and gives them their numbers and their places at the
// end of the queue.
func (c *Center) insert(ctx context.Context, entries []*entry) error {
	return c.p.DB.Write(ctx, func(tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRow("SELECT coalesce(max(rank), 0) FROM job").Scan(&last); err != nil {
			return err
		}
		insert, err := tx.Prepare(`INSERT INTO job(kind, title, source, target, grp, size, done, items, items_done, state, rank, spec, created, updated)
			VALUES (?, ?, ?, ?, ?, ?, 0, ?, 0, ?, ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, e := range entries {
			j := &e.job
			last += rankStep
			r, err := insert.Exec(j.Kind, j.Title, j.From, j.To, e.group, j.Size, j.Items, j.State, last, string(j.Spec), millis(j.Created), millis(j.Updated))
			if err != nil {
				return err
			}
			j.Rank = last
			if j.ID, err = r.LastInsertId(); err != nil {
				return err
			}
		}
		return nil
	})
}

// save writes a job's state without waiting for the disk. Writes keep their
// order: the queue has one worker.
func (c *Center) save(j Job) {
	var question any
	if j.Question != nil {
		question = marshal(j.Question)
	}
	c.exec(`UPDATE job SET title = ?, size = ?, done = ?, items = ?, items_done = ?, state = ?, fault = ?, question = ?, tries = ?, next_try = ?, updated = ?
		WHERE id = ?`, j.Title, j.Size, j.Done, j.Items, j.ItemsDone, j.State, marshalFault(j.Fault), question, j.Tries, millis(j.NextTry), millis(j.Updated), j.ID)
}

// exec hands a statement to the writer. A failure is logged: the job goes on
// in memory, and its runner's own Save reports a full disk.
func (c *Center) exec(query string, args ...any) {
	c.p.DB.Later(func(err error) {
		if err != nil {
			slog.Error("saving a job", "err", err)
		}
	}, query, args...)
}
