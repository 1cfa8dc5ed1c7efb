package compare

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
)

func decode(b json.RawMessage, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return fault.New(fault.Internal, "synchronise", "", err)
	}
	return nil
}

// begun is a job's checkpoint; how far each step got stands in the database.
type begun struct {
	Begun bool `json:"begun"`
}

// Run implements activity.Runner.
func (s *Service) Run(ctx context.Context, h activity.Handle) error {
	var j job
	if err := h.Spec(&j); err != nil {
		return err
	}
	var at begun
	if _, err := h.Checkpoint(&at); err != nil {
		return err
	}
	steps, err := s.loadSteps(ctx, j.Plan)
	if err != nil {
		return err
	}
	before, all, err := s.sum(ctx, j.Plan)
	if err != nil {
		return err
	}
	if all == 0 {
		return fault.Newf(fault.Damaged, "synchronise", "", "the plan is not there any more")
	}
	trees, done, err := s.both(ctx, j.Pair)
	if err != nil {
		return err
	}
	defer done()
	again := at.Begun
	if err := h.Save(begun{true}); err != nil {
		return err
	}
	rec, err := s.recorder(ctx, j.Pair, trees)
	if err != nil {
		return err
	}
	r := &run{recorder: rec, j: j, h: h, ended: all - len(steps), all: all, parts: map[string]files.Path{}}
	var t Totals
	size := before.Bytes
	for _, st := range steps {
		t.Bytes[st.Action.Target()] += st.Size()
		size += st.Size()
	}
	o := ApplyOptions{
		Limits: s.p.Limits, Remove: s.remover(j.Pair, trees), After: func(st Step, o Outcome, err error) { r.after(ctx, st, o, err) },
		Progress: func(done, _ int64) { h.Progress(before.Bytes+done, size) },
		again:    again, onPart: r.part,
	}
	_, err = apply(ctx, trees[Left], trees[Right], steps, true, t, o)
	r.settle(ctx, trees)
	if ctx.Err() != nil {
		return fault.From("synchronise", "", ctx.Err())
	}
	// A write behind the others: all of them are on the disk now.
	if werr := s.db.Exec(ctx, "UPDATE plan SET ended = ? WHERE id = ?", time.Now().Unix(), j.Plan); werr != nil {
		return errors.Join(err, werr)
	}
	sum, _, serr := s.sum(ctx, j.Plan)
	if serr == nil {
		serr = h.Result(sum)
	}
	return errors.Join(err, serr)
}

// remover gives what deletes: the trash where there is one.
func (s *Service) remover(p Pair, trees [2]Tree) func(context.Context, Side, files.Path) error {
	return func(ctx context.Context, side Side, path files.Path) error {
		f, site := trees[side].FS, p.side(side).Site
		here := site.Protocol == files.ProtocolLocal
		if s.p.Keep != nil && (here || site.Trash) {
			err := s.p.Keep(ctx, f, path)
			if !here || !fault.Is(err, fault.Unsupported) {
				return err
			}
		}
		return f.Remove(ctx, path)
	}
}

// run is a job being carried out.
type run struct {
	*recorder
	j          job
	h          activity.Handle
	ended, all int

	mu    sync.Mutex
	parts map[string]files.Path // by stem
}

// stem is what a file and its part have in common.
func stem(side Side, p files.Path) string {
	return side.String() + string(joined(p.Dir().Join(partStem(p.Base()))))
}

// part notes a temporary file.
func (r *run) part(side Side, p files.Path) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts[stem(side, p)] = p
	r.later("INSERT OR REPLACE INTO part VALUES (?, ?, ?)", r.j.Plan, int(side), joined(p))
	return nil
}

// after notes what became of a step.
func (r *run) after(ctx context.Context, st Step, o Outcome, err error) {
	if o == Failed && ctx.Err() != nil {
		return // it was stopped
	}
	note := ""
	if err != nil {
		note = fault.From("synchronise", "", err).Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.later("UPDATE step SET outcome = ?, note = ? WHERE plan = ? AND seq = ?", string(o), note, r.j.Plan, st.Seq)
	r.ended++
	r.h.Items(r.ended, r.all)
	if o == Failed {
		return
	}
	side := st.Action.Target()
	full := append(slices.Clone(r.j.side(side).At()), st.Path[side]...)
	if p, ok := r.parts[stem(side, full)]; ok {
		delete(r.parts, stem(side, full))
		r.later("DELETE FROM part WHERE plan = ? AND side = ? AND path = ?", r.j.Plan, int(side), joined(p))
	}
	if o == Done {
		r.remember(st)
	}
}

// Discard implements activity.Runner: it removes the temporary files of a job
// that will not go on, and its plan.
func (s *Service) Discard(ctx context.Context, a activity.Job) error {
	var j job
	if err := decode(a.Spec, &j); err != nil {
		return err
	}
	parts, err := s.parts(ctx, j.Plan)
	if err != nil {
		return err
	}
	for side, paths := range parts {
		if len(paths) == 0 {
			continue
		}
		t, oerr := s.open(ctx, j.side(Side(side)))
		if oerr != nil {
			err = errors.Join(err, oerr)
			continue
		}
		for _, p := range paths {
			if rerr := t.FS.Remove(ctx, p); rerr != nil && !fault.Is(rerr, fault.NotFound) {
				err = errors.Join(err, rerr)
			}
		}
		_ = t.FS.Close() // nothing depends on it
	}
	if err != nil {
		return fault.From("synchronise", "", err)
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM plan WHERE id = ?", j.Plan)
		return err
	})
}

func (s *Service) parts(ctx context.Context, plan string) (parts [2][]files.Path, err error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT side, path FROM part WHERE plan = ?", plan)
	if err != nil {
		return parts, fault.From("synchronise", "", err)
	}
	defer rows.Close()
	for rows.Next() {
		var side int
		var path []byte
		if err := rows.Scan(&side, &path); err != nil || side < 0 || side > 1 {
			return parts, fault.From("synchronise", "", err)
		}
		parts[side] = append(parts[side], split(path))
	}
	return parts, fault.OrNil("synchronise", rows.Err())
}

// partStem is the beginning that files.PartName gives all parts of a name; of a
// part it is its own.
func partStem(name string) string {
	if !files.IsPartName(name) {
		name = files.PartName(name, "")
	}
	return name[:strings.LastIndex(name, ".guichet-")]
}
