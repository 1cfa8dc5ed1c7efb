package compare

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
)

// MirrorOptions say how Mirror makes one folder like another.
type MirrorOptions struct {
	ApplyOptions
	// Plan.Direction is RightLikeLeft, whatever it says.
	Plan     PlanOptions
	Filter   func(rel files.Path, e files.Entry) bool
	Parallel int // folders listed at once; see WalkOptions
	// Found is called for every folder compared, with the totals so far.
	Found func(t Totals, unread int)
}

// Mirror copies what is new or changed from one folder to another. Without
// deletes the first files are on their way while the rest is being listed; with
// deletes the whole plan comes first. It gives the totals of what was planned
// and what was done. Faults: those of Walk and Apply.
func Mirror(ctx context.Context, from, to Tree, o MirrorOptions) (Totals, Result, error) {
	o.Plan.Direction = RightLikeLeft
	walk := WalkOptions{Filter: o.Filter, Parallel: o.Parallel}
	if o.Plan.Deletes != DeleteNothing {
		scan, err := Walk(ctx, from, to, walk)
		if err != nil {
			return Totals{}, Result{}, err
		}
		p := scan.Plan(o.Plan)
		if o.Found != nil {
			o.Found(p.Totals(), scan.Unread[Left]+scan.Unread[Right])
		}
		r, err := Apply(ctx, from, to, p, o.ApplyOptions)
		return p.Totals(), r, err
	}
	return stream(ctx, from, to, walk, o)
}

// errStopped ends a walk whose files nobody takes any more.
var errStopped = errors.New("the copies have ended")

// stream walks and copies at the same time.
func stream(ctx context.Context, from, to Tree, walk WalkOptions, o MirrorOptions) (Totals, Result, error) {
	a, err := newApplier(ctx, from, to, o.ApplyOptions)
	if err != nil {
		return Totals{}, Result{}, err
	}
	if overlap(from, to) {
		return Totals{}, Result{}, fault.Newf(fault.Unsupported, "mirror", "", "one folder lies in the other")
	}
	if len(to.Path) > 0 {
		if _, err := to.FS.Stat(ctx, to.Path); fault.Is(err, fault.NotFound) {
			if err = files.MakeFolders(ctx, to.FS, to.Path); err != nil {
				return Totals{}, Result{}, err
			}
		}
	}
	var totals Totals
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	steps := make(chan Step, 1024)
	ended := make(chan struct{}) // nobody takes steps any more
	view := &Scan{keeps: a.keeps}
	walk.skip[Right] = true
	one := func(r *Row) error {
		d := view.decide(r, o.Plan)
		s := Step{Action: d.Action, Reason: d.Reason, Rel: r.Rel, Path: r.Path, Entry: r.Entry, Dir: r.IsDir()}
		a.mu.Lock()
		totals.add(d.Action, r)
		if !s.Dir {
			a.size += s.Size()
		}
		a.mu.Unlock()
		switch {
		case d.Action.Copies() && s.Dir:
			// The folder is there before anything in it is walked.
			return a.mkdir(ctx, s)
		case d.Action.Copies():
			select {
			case steps <- s:
			case <-ended:
				return errStopped
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
	var late struct { // files that a wrong clock may explain wait for the end
		sync.Mutex
		rows []Row
	}
	walk.each = func(rows []Row) error {
		for i := range rows {
			if _, ok := rows[i].offset(); ok {
				late.Lock()
				late.rows = append(late.rows, rows[i])
				late.Unlock()
			} else if err := one(&rows[i]); err != nil {
				return err
			}
		}
		if o.Found != nil {
			a.mu.Lock()
			defer a.mu.Unlock()
			o.Found(totals, 0)
		}
		return nil
	}
	var scan *Scan
	var g errgroup.Group
	g.Go(func() (err error) {
		defer close(steps)
		if scan, err = Walk(ctx, from, to, walk); err != nil {
			return err
		}
		view.Shift = scan.Shift
		for i := range late.rows {
			if err := one(&late.rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
	copied := a.copy(ctx, Right, func(yield func(Step) bool) {
		for s := range steps {
			if !yield(s) {
				return
			}
		}
	})
	close(ended)
	if copied != nil {
		cancel()
	}
	werr := g.Wait()
	switch {
	case werr != nil && !errors.Is(werr, errStopped):
		err = werr
	case copied != nil:
		err = copied
	default:
		err = a.failure
	}
	if err == nil && totals.Undecided > 0 {
		err = fault.Newf(fault.Exists, "mirror", "", "%d names are in each other's way", totals.Undecided)
	}
	if o.Found != nil && scan != nil {
		o.Found(totals, scan.Unread[Left]+scan.Unread[Right])
	}
	return totals, a.result, fault.OrNil("mirror", err)
}
