package compare

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/transfer"
	"guichet/services/store"
)

// Pair are two folders that are compared.
type Pair struct {
	Left  transfer.Place `json:"left"`
	Right transfer.Place `json:"right"`
}

// side gives one of the two places.
func (p Pair) side(s Side) transfer.Place { return [2]transfer.Place{p.Left, p.Right}[s] }

// key names what is remembered of a pair. A site's login is part of it: another
// user sees other files.
func (p Pair) key() string {
	h := sha256.New()
	for _, one := range []transfer.Place{p.Left, p.Right} {
		h.Write([]byte(one.Site.Key() + "\x00" + one.Root + "\x00" + strings.Join(one.At(), "/") + "\x00\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// migrations make the tables of what the last synchronisation left, and of the
// plans that jobs carry out.
var migrations = []store.Migration{`
CREATE TABLE last (
	pair TEXT NOT NULL,
	path BLOB NOT NULL,      -- Row.Key
	dir INTEGER NOT NULL,
	left_size INTEGER NOT NULL, left_time INTEGER NOT NULL,
	right_size INTEGER NOT NULL, right_time INTEGER NOT NULL,
	PRIMARY KEY (pair, path)
) WITHOUT ROWID;
CREATE TABLE plan (id TEXT PRIMARY KEY, pair TEXT NOT NULL, created INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0);
CREATE TABLE step (
	plan TEXT NOT NULL REFERENCES plan(id) ON DELETE CASCADE,
	seq INTEGER NOT NULL,
	action INTEGER NOT NULL, reason TEXT NOT NULL, dir INTEGER NOT NULL,
	path BLOB NOT NULL, left_path BLOB NOT NULL, right_path BLOB NOT NULL, -- names joined by slashes
	left_type INTEGER NOT NULL, left_size INTEGER NOT NULL, left_time INTEGER NOT NULL, left_precise INTEGER NOT NULL, -- type -1: not there
	right_type INTEGER NOT NULL, right_size INTEGER NOT NULL, right_time INTEGER NOT NULL, right_precise INTEGER NOT NULL,
	outcome TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (plan, seq)
) WITHOUT ROWID;
CREATE TABLE part (
	plan TEXT NOT NULL REFERENCES plan(id) ON DELETE CASCADE,
	side INTEGER NOT NULL,
	path BLOB NOT NULL,      -- of the temporary file
	PRIMARY KEY (plan, side, path)
) WITHOUT ROWID;
`}

// Last gives what is remembered of a pair; nil if nothing is.
func (s *Service) Last(ctx context.Context, p Pair) (Last, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT path, dir, left_size, left_time, right_size, right_time FROM last WHERE pair = ?", p.key())
	if err != nil {
		return nil, fault.From("read state", "", err)
	}
	defer rows.Close()
	var last Last
	for rows.Next() {
		var path []byte
		var r Record
		if err := rows.Scan(&path, &r.Dir, &r.Size[Left], &r.Time[Left], &r.Size[Right], &r.Time[Right]); err != nil {
			return nil, fault.From("read state", "", err)
		}
		if last == nil {
			last = Last{}
		}
		last[string(path)] = r
	}
	return last, fault.OrNil("read state", rows.Err())
}

// Remember notes what both sides hold alike, and forgets what neither has any
// more.
func (s *Service) Remember(ctx context.Context, p Pair, plan *Plan) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error { return remember(tx, p.key(), plan) })
}

func remember(tx *sql.Tx, key string, plan *Plan) error {
	for path, r := range plan.Records() {
		if old, ok := plan.Options.Last[path]; ok && old == r {
			continue
		}
		if err := putRecord(tx, key, path, r); err != nil {
			return err
		}
	}
	if !plan.Scan.Complete() || plan.Scan.Part || len(plan.Options.Last) == 0 {
		return nil
	}
	seen := make(map[string]bool, len(plan.Scan.Rows)+len(plan.Scan.both))
	var hidden []string // folders that were not looked into
	for i := range plan.Scan.Rows {
		r := &plan.Scan.Rows[i]
		seen[r.Key()] = true
		if r.note != "" {
			hidden = append(hidden, r.Key()+"/")
		}
	}
	for _, dir := range plan.Scan.both {
		seen[strings.Join(dir, "/")] = true
	}
	for path := range plan.Options.Last {
		kept := seen[path]
		for _, h := range hidden {
			kept = kept || strings.HasPrefix(path, h)
		}
		if !kept {
			if err := dropRecord(tx, key, path); err != nil {
				return err
			}
		}
	}
	return nil
}

func putRecord(tx *sql.Tx, key, path string, r Record) error {
	_, err := tx.Exec("INSERT OR REPLACE INTO last VALUES (?, ?, ?, ?, ?, ?, ?)",
		key, []byte(path), r.Dir, r.Size[Left], r.Time[Left], r.Size[Right], r.Time[Right])
	return err
}

func dropRecord(tx *sql.Tx, key, path string) error {
	_, err := tx.Exec("DELETE FROM last WHERE pair = ? AND path = ?", key, []byte(path))
	return err
}

// keepPlans is how many plans that have ended are kept, for what became of them.
const keepPlans = 20

// savePlan writes a plan down as job id will carry it out.
func (s *Service) savePlan(ctx context.Context, id, key string, plan *Plan, steps []Step) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := remember(tx, key, plan); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM plan WHERE ended > 0 AND id NOT IN (SELECT id FROM plan ORDER BY created DESC LIMIT ?)", keepPlans); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO plan (id, pair, created) VALUES (?, ?, ?)", id, key, time.Now().Unix()); err != nil {
			return err
		}
		put, err := tx.Prepare("INSERT INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '')")
		if err != nil {
			return err
		}
		defer put.Close()
		for _, st := range steps {
			args := []any{id, st.Seq, st.Action, string(st.Reason), st.Dir, joined(st.Rel), joined(st.Path[Left]), joined(st.Path[Right])}
			for _, e := range st.Entry {
				if e == nil {
					args = append(args, -1, 0, 0, 0)
					continue
				}
				size := e.Size
				if e.Rounded {
					size = -1 // when the plan is carried out it is asked for anew
				}
				args = append(args, int(e.Type), size, nanoseconds(e.ModTime), int64(e.Precise))
			}
			if _, err := put.Exec(args...); err != nil {
				return err
			}
		}
		return nil
	})
}

func joined(p files.Path) []byte { return []byte(strings.Join(p, "/")) }

func split(b []byte) files.Path {
	if len(b) == 0 {
		return nil
	}
	return strings.Split(string(b), "/")
}

func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// loadSteps gives the steps of a plan that are not done.
func (s *Service) loadSteps(ctx context.Context, id string) (steps []Step, err error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT seq, action, reason, dir, path, left_path, right_path,
		left_type, left_size, left_time, left_precise, right_type, right_size, right_time, right_precise
		FROM step WHERE plan = ? AND outcome NOT IN (?, ?) ORDER BY seq`, id, string(Done), string(Changed))
	if err != nil {
		return nil, fault.From("read plan", "", err)
	}
	defer rows.Close()
	for rows.Next() {
		var st Step
		var rel, left, right []byte
		var kind [2]int
		var size, when, precise [2]int64
		if err := rows.Scan(&st.Seq, &st.Action, &st.Reason, &st.Dir, &rel, &left, &right,
			&kind[0], &size[0], &when[0], &precise[0], &kind[1], &size[1], &when[1], &precise[1]); err != nil {
			return nil, fault.From("read plan", "", err)
		}
		st.Rel, st.Path = split(rel), [2]files.Path{split(left), split(right)}
		for side := range st.Entry {
			if kind[side] < 0 {
				continue
			}
			e := &files.Entry{Name: st.Path[side].Base(), Type: files.Type(kind[side]), Size: size[side], Precise: time.Duration(precise[side])}
			e.Display = files.Display(e.Name)
			if when[side] != 0 {
				e.ModTime = time.Unix(0, when[side]).UTC()
			}
			st.Entry[side] = e
		}
		steps = append(steps, st)
	}
	return steps, fault.OrNil("read plan", rows.Err())
}

// Problem is a step that was passed over or failed.
type Problem struct {
	Path    files.Path
	Action  Action
	Outcome Outcome
	Note    string // the fault's text
}

// Problems lists the steps of a job's plan that came to nothing, 1000 at most.
func (s *Service) Problems(ctx context.Context, plan string) (list []Problem, err error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT path, action, outcome, note FROM step WHERE plan = ? AND outcome IN (?, ?) ORDER BY seq LIMIT 1000",
		plan, string(Changed), string(Failed))
	if err != nil {
		return nil, fault.From("read plan", "", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p Problem
		var path []byte
		if err := rows.Scan(&path, &p.Action, &p.Outcome, &p.Note); err != nil {
			return nil, fault.From("read plan", "", err)
		}
		p.Path = split(path)
		list = append(list, p)
	}
	return list, fault.OrNil("read plan", rows.Err())
}

// sum adds up what became of a plan, over all runs of its job.
func (s *Service) sum(ctx context.Context, id string) (r Result, steps int, err error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT outcome, action, dir, count(*), sum(CASE action WHEN ? THEN left_size WHEN ? THEN right_size ELSE 0 END)
		FROM step WHERE plan = ? GROUP BY outcome, action, dir`, ToRight, ToLeft, id)
	if err != nil {
		return r, 0, fault.From("read plan", "", err)
	}
	defer rows.Close()
	for rows.Next() {
		var outcome Outcome
		var action Action
		var dir bool
		var n int
		var size int64
		if err := rows.Scan(&outcome, &action, &dir, &n, &size); err != nil {
			return r, 0, fault.From("read plan", "", err)
		}
		steps += n
		switch {
		case outcome == Failed:
			r.Failed += n
		case outcome == Changed:
			r.Changed += n
		case outcome != Done:
		case action.Deletes():
			r.Deleted += n
		case dir:
			r.Made += n
		default:
			r.Copied += n
			r.Bytes += size
		}
	}
	return r, steps, fault.OrNil("read plan", rows.Err())
}
