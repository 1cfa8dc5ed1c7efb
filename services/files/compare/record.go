package compare

import (
	"context"
	"log/slog"
	"slices"

	"golang.org/x/sync/errgroup"

	"guichet/services/files"
)

// recorder remembers what steps leave on both sides.
type recorder struct {
	s      *Service
	key    string
	keeps  [2]bool
	copied [2][]Step // files, by target
}

func (s *Service) recorder(ctx context.Context, p Pair, trees [2]Tree) (*recorder, error) {
	r := &recorder{s: s, key: p.key()}
	for side, t := range trees {
		caps, err := t.FS.Caps(ctx)
		if err != nil {
			return nil, err
		}
		r.keeps[side] = caps.SetTime
	}
	return r, nil
}

// later writes without waiting.
func (r *recorder) later(query string, args ...any) {
	r.s.db.Later(func(err error) {
		if err != nil {
			slog.Error("writing down a synchronisation", "err", err)
		}
	}, query, args...)
}

// remember notes what a step left on both sides.
func (r *recorder) remember(st Step) {
	path := joined(st.Rel)
	if st.Action.Deletes() {
		r.later("DELETE FROM last WHERE pair = ? AND path = ?", r.key, path)
		return
	}
	rec := record(st.source(), st.source())
	if !st.Dir {
		side := st.Action.Target()
		if st.source().Rounded {
			rec.Size[side] = -1 // the copy's is exact, but was not told here
		}
		if !r.keeps[side] {
			rec.Time[side] = 0
		}
		r.copied[side] = append(r.copied[side], st)
	}
	r.later("INSERT OR REPLACE INTO last VALUES (?, ?, ?, ?, ?, ?, ?)", r.key, path, rec.Dir, rec.Size[Left], rec.Time[Left], rec.Size[Right], rec.Time[Right])
}

// settle asks for the times of copies on a side that does not keep those of the
// source; without them a later change of the same size would not be seen, or one
// seen that never was. One copy tells whether a side keeps what it says it does.
func (r *recorder) settle(ctx context.Context, trees [2]Tree) {
	for side, steps := range r.copied {
		if len(steps) == 0 || ctx.Err() != nil {
			continue
		}
		if e, err := look(ctx, trees[side], steps[0]); err == nil && r.keeps[side] && as(steps[0].source(), e) {
			continue
		}
		var g errgroup.Group
		g.SetLimit(4)
		for _, st := range steps {
			g.Go(func() error {
				e, err := look(ctx, trees[side], st)
				if err == nil && files.SameSize(e, *st.source()) && !e.ModTime.IsZero() { // else the next listing tells
					column := [2]string{"left_time", "right_time"}[side]
					r.later("UPDATE last SET "+column+" = ? WHERE pair = ? AND path = ?", e.ModTime.Unix(), r.key, joined(st.Rel))
				}
				return nil
			})
		}
		_ = g.Wait() // no error is returned above
	}
}

func look(ctx context.Context, t Tree, st Step) (files.Entry, error) {
	return t.FS.Stat(ctx, append(slices.Clone(t.Path), st.Path[st.Action.Target()]...))
}

// Apply is the function Apply, and remembers what it did for the pair.
func (s *Service) Apply(ctx context.Context, p Pair, left, right Tree, plan *Plan, o ApplyOptions) (Result, error) {
	trees := [2]Tree{left, right}
	rec, err := s.recorder(ctx, p, trees)
	if err != nil {
		return Result{}, err
	}
	if err := s.Remember(ctx, p, plan); err != nil {
		return Result{}, err
	}
	after := o.After
	o.After = func(st Step, out Outcome, err error) {
		if out == Done {
			rec.remember(st)
		}
		if after != nil {
			after(st, out, err)
		}
	}
	r, err := Apply(ctx, left, right, plan, o)
	rec.settle(ctx, trees)
	return r, err
}
