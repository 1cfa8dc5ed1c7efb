package compare

import (
	"context"
	"iter"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/transfer"
)

// Outcome is what became of a step.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	Changed Outcome = "changed" // passed over: it is no more as it was planned
	Failed  Outcome = "failed"
)

// Result sums up what was done.
type Result struct {
	Copied  int   `json:"copied"`
	Made    int   `json:"made"` // folders
	Deleted int   `json:"deleted"`
	Changed int   `json:"changed,omitempty"` // passed over
	Failed  int   `json:"failed,omitempty"`
	Bytes   int64 `json:"bytes"`
}

// ApplyOptions change how a plan is carried out.
type ApplyOptions struct {
	Connections int // parallel files; 0: as many as do good
	// ManyDeletes is the second yes, for Plan.ManyDeletes.
	ManyDeletes bool
	NoTimes     bool
	Limits      *transfer.Limits
	// Remove takes a file away in place of FS.Remove: to a trash. nil: it is
	// deleted.
	Remove func(ctx context.Context, side Side, p files.Path) error
	// Before and After frame each step, from one goroutine at a time.
	Before func(s Step)
	After  func(s Step, o Outcome, err error)
	// Progress counts bytes.
	Progress func(done, size int64)

	again  bool // an earlier run may have done some of it already
	onPart func(side Side, p files.Path) error
}

// Apply carries a plan out. Before each step it makes sure that both sides are
// still as they were planned with; else the step is passed over. Deletes come
// last, and only if nothing failed before. Faults: Permission when deletes were
// planned that may not be; Exists for names that nobody decided about; else the
// first failure.
func Apply(ctx context.Context, left, right Tree, p *Plan, o ApplyOptions) (Result, error) {
	deletes := p.Scan.Complete() && (o.ManyDeletes || !p.ManyDeletes())
	if p.Options.Direction == BothWays || p.totals.Undecided == 0 {
		return apply(ctx, left, right, p.Steps(), deletes, p.totals, o)
	}
	// One way, a name that is in the way means that the sides cannot become alike.
	steps := slices.DeleteFunc(p.Steps(), func(s Step) bool { return s.Action.Deletes() })
	r, err := apply(ctx, left, right, steps, deletes, p.totals, o)
	if err == nil {
		err = fault.Newf(fault.Exists, "synchronise", "", "%d names are in each other's way", p.totals.Undecided)
	}
	return r, err
}

// applier is a plan being carried out.
type applier struct {
	trees [2]Tree
	keeps [2]bool
	o     ApplyOptions
	size  int64

	mu      sync.Mutex
	base    int64 // bytes of the series that have ended
	result  Result
	failure error
	// meant are the steps whose targets are asked for, by path.
	meant sync.Map
}

func newApplier(ctx context.Context, left, right Tree, o ApplyOptions) (*applier, error) {
	a := &applier{trees: [2]Tree{left, right}, o: o}
	for side, t := range a.trees {
		caps, err := t.FS.Caps(ctx)
		if err != nil {
			return nil, err
		}
		a.keeps[side] = caps.SetTime && !o.NoTimes
	}
	return a, nil
}

func apply(ctx context.Context, left, right Tree, steps []Step, deletes bool, t Totals, o ApplyOptions) (Result, error) {
	a, err := newApplier(ctx, left, right, o)
	if err != nil {
		return Result{}, err
	}
	a.size = t.Bytes[Left] + t.Bytes[Right]
	var copies [2][]Step
	var folders, removed []Step
	for _, s := range steps {
		switch {
		case s.Action.Deletes():
			removed = append(removed, s)
		case s.Dir:
			folders = append(folders, s)
		default:
			copies[s.Action.Target()] = append(copies[s.Action.Target()], s)
		}
	}
	if err := a.roots(ctx, steps); err != nil {
		return a.result, err
	}
	if err := a.mkdirs(ctx, folders); err != nil {
		return a.result, err
	}
	for _, side := range []Side{Right, Left} {
		if err := a.copy(ctx, side, slices.Values(copies[side])); err != nil {
			return a.result, fault.From("synchronise", "", err)
		}
	}
	if a.failure != nil || len(removed) == 0 {
		return a.result, fault.OrNil("synchronise", a.failure)
	}
	if !deletes {
		return a.result, fault.Newf(fault.Permission, "synchronise", "", "%d deletes not carried out", len(removed))
	}
	err = a.remove(ctx, removed)
	return a.result, fault.OrNil("synchronise", err)
}

// roots makes the folder of a side that is to get something and is missing.
func (a *applier) roots(ctx context.Context, steps []Step) error {
	var wanted [2]bool
	for _, s := range steps {
		if s.Action.Copies() {
			wanted[s.Action.Target()] = true
		}
	}
	for side, t := range a.trees {
		if !wanted[side] || len(t.Path) == 0 {
			continue
		}
		if _, err := t.FS.Stat(ctx, t.Path); fault.Is(err, fault.NotFound) {
			if err = files.MakeFolders(ctx, t.FS, t.Path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *applier) in(side Side, p files.Path) files.Path {
	return append(slices.Clone(a.trees[side].Path), p...)
}

// begin and end frame a step.
func (a *applier) begin(s Step) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.o.Before != nil {
		a.o.Before(s)
	}
}

func (a *applier) end(s Step, o Outcome, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := &a.result
	switch {
	case o == Failed:
		r.Failed++
		if a.failure == nil {
			a.failure = err
		}
	case o == Changed:
		r.Changed++
	case s.Action.Deletes():
		r.Deleted++
	case s.Dir:
		r.Made++
	default:
		r.Copied++
		r.Bytes += s.Size()
	}
	if a.o.After != nil {
		a.o.After(s, o, err)
	}
}

// connections is how many questions both sides answer at once.
func (a *applier) connections() int {
	if a.o.Connections > 0 {
		return a.o.Connections
	}
	return 4
}

// mkdirs makes folders, those of one depth at once.
func (a *applier) mkdirs(ctx context.Context, steps []Step) error {
	byDepth := map[int][]Step{}
	deepest := 0
	for _, s := range steps {
		byDepth[len(s.Rel)] = append(byDepth[len(s.Rel)], s)
		deepest = max(deepest, len(s.Rel))
	}
	for depth := range deepest + 1 {
		var g errgroup.Group
		g.SetLimit(a.connections())
		for _, s := range byDepth[depth] {
			g.Go(func() error { return a.mkdir(ctx, s) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// mkdir makes one folder. Its error is one that ends everything.
func (a *applier) mkdir(ctx context.Context, s Step) error {
	a.begin(s)
	side := s.Action.Target()
	f, p := a.trees[side].FS, a.in(side, s.Path[side])
	err := f.Mkdir(ctx, p)
	if err != nil && ctx.Err() == nil { // one that is there will do, whatever Mkdir said
		if e, serr := f.Stat(ctx, p); serr == nil && e.Type == files.Dir {
			err = nil
		}
	}
	switch {
	case ctx.Err() != nil:
		return fault.From("synchronise", "", ctx.Err())
	case err != nil:
		a.end(s, Failed, err)
	default:
		a.end(s, Done, nil)
	}
	return nil
}

// maxLost is how many files in a row may break off before the rest is not tried.
const maxLost = 4

// copy sends files to a side, several at once.
func (a *applier) copy(ctx context.Context, side Side, steps iter.Seq[Step]) error {
	src, dst := a.trees[side.Other()], a.trees[side]
	items := func(yield func(transfer.Item) bool) {
		for s := range steps {
			it := transfer.Item{
				From: a.in(side.Other(), s.Path[side.Other()]), To: a.in(side, s.Path[side]), Source: *s.source(), Tag: s,
				// A name that was free needs no question: the copy takes it only if it
				// is free still.
				Known: s.target() == nil && !a.o.again,
			}
			a.meant.Store(it.To.String(), s)
			if !yield(it) {
				return
			}
		}
	}
	o := transfer.SeriesOptions{Connections: a.o.Connections}
	o.Resume, o.NoTimes, o.Limits = true, a.o.NoTimes, a.o.Limits
	o.OnExists = a.exists
	if a.o.onPart != nil {
		o.Part = func(p files.Path) error { return a.o.onPart(side, p) }
	}
	if a.o.Progress != nil {
		o.Progress = func(done, _ int64) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.o.Progress(a.base+done, max(a.size, a.base+done))
		}
	}
	o.Before = func(it transfer.Item) { a.begin(it.Tag.(Step)) }
	lost := 0 // files in a row that broke off
	o.After = func(it transfer.Item, r transfer.Result, err error) error {
		s := it.Tag.(Step)
		_, late := a.meant.LoadAndDelete(it.To.String())
		if err == nil || !fault.KindOf(err).Transient() {
			lost = 0
		} else if lost++; lost >= maxLost {
			a.end(s, Failed, err)
			return err // the way to the server is gone
		}
		switch {
		case err != nil:
			a.end(s, Failed, err)
		case r.Skipped && late:
			a.end(s, Changed, nil)
		default:
			a.end(s, Done, nil)
		}
		return nil // one failed file does not stop the others
	}
	r, err := transfer.CopyItems(ctx, src.FS, dst.FS, items, o)
	a.mu.Lock()
	a.base += r.Bytes
	a.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if a.failure == nil && err != nil {
		return err // not of a file
	}
	return nil
}

// exists decides about a name that is taken: what was planned is replaced, what
// the copy would bring is there already, anything else is left alone.
func (a *applier) exists(_ context.Context, c transfer.Conflict) (transfer.Answer, error) {
	v, ok := a.meant.Load(c.TargetPath.String())
	if !ok {
		return transfer.Skip, nil
	}
	s := v.(Step)
	switch {
	case !as(s.source(), c.Source):
	case (s.target() == nil || a.o.again) && alike(&c.Source, c.Target, a.keeps[s.Action.Target()]):
		a.meant.Delete(c.TargetPath.String()) // not late: done
	case as(s.target(), c.Target):
		return transfer.Replace, nil
	}
	return transfer.Skip, nil
}

// remove carries out the deletes: files, several at once, then the folders.
func (a *applier) remove(ctx context.Context, steps []Step) error {
	var g errgroup.Group
	g.SetLimit(a.connections())
	for _, s := range steps {
		if !s.Dir && ctx.Err() == nil {
			g.Go(func() error { a.removeOne(ctx, s); return nil })
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, s := range steps {
		if s.Dir && ctx.Err() == nil {
			a.removeOne(ctx, s)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return a.failure
}

// removeOne deletes one name if it is still what was planned, and still not on
// the other side.
func (a *applier) removeOne(ctx context.Context, s Step) {
	a.begin(s)
	o, err := a.removeIfSame(ctx, s)
	if ctx.Err() == nil {
		a.end(s, o, err)
	}
}

func (a *applier) removeIfSame(ctx context.Context, s Step) (Outcome, error) {
	side := s.Action.Target()
	f, p := a.trees[side].FS, a.in(side, s.Path[side])
	now, err := f.Stat(ctx, p)
	switch {
	case fault.Is(err, fault.NotFound) && !odd(s.target()):
		return Done, nil
	case err != nil && !odd(s.target()): // a link that leads nowhere has no Stat
		return Failed, err
	case err == nil && !odd(s.target()) && !as(s.target(), now):
		return Changed, nil
	}
	other := side.Other()
	if s.Entry[other] == nil {
		_, err := a.trees[other].FS.Stat(ctx, a.in(other, s.Path[other]))
		if err == nil {
			return Changed, nil
		}
		if !fault.Is(err, fault.NotFound) {
			return Failed, err
		}
	}
	switch {
	case s.Dir:
		err = f.RemoveDir(ctx, p)
		if fault.Is(err, fault.Exists) {
			return Changed, nil // something is in it that nobody knew of
		}
	case a.o.Remove != nil && !odd(s.target()):
		err = a.o.Remove(ctx, side, p)
	default:
		err = f.Remove(ctx, p)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Failed, err
	}
	return Done, nil
}
