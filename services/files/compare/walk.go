package compare

import (
	"context"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/transfer"
)

// Progress is how far a walk is.
type Progress struct {
	Folders int // looked into
	Names   int // found, on both sides together
	Queued  int // folders known of and not looked into yet
	// Hashed and ToHash count the files whose contents are compared.
	Hashed, ToHash int
	Folder         files.Path // the newest one
}

// WalkOptions change how folders are walked.
type WalkOptions struct {
	// Filter leaves a name out on both sides; nil: none.
	Filter func(rel files.Path, e files.Entry) bool
	// Parallel is how many folders are listed at once; 0: 4, at most 16.
	Parallel int
	// Checksums compares the contents of files of the same size: by checksums
	// that the servers compute, else by reading them.
	Checksums bool
	// Only names folders, relative to both roots; nothing but what lies in them is
	// compared, and folders in them only where one side has them. The folders above
	// are compared as well. nil: all.
	Only []files.Path
	// Progress is called from one goroutine at a time.
	Progress func(Progress)

	// each gets the rows of every folder as soon as it is compared, before the
	// folders in it are walked.
	each func(rows []Row) error
	// skip leaves folders unwalked that this side alone has.
	skip [2]bool
}

const maxParallel = 16

// Walk lists both trees, many folders at once, and changes nothing. A missing
// folder counts as empty. Faults: those of listing the two folders themselves;
// Unsupported when one lies in the other; TooBig for trees without end.
func Walk(ctx context.Context, left, right Tree, o WalkOptions) (*Scan, error) {
	if overlap(left, right) {
		return nil, fault.Newf(fault.Unsupported, "compare", "", "one folder lies in the other")
	}
	w := &walker{trees: [2]Tree{left, right}, o: o, scan: &Scan{Part: o.Only != nil}}
	for side, t := range w.trees {
		caps, err := t.FS.Caps(ctx)
		if err != nil {
			return nil, err
		}
		w.fold = w.fold || caps.CaseFolding
		w.scan.keeps[side] = caps.SetTime
	}
	if w.o.Parallel == 0 {
		w.o.Parallel = 4
	}
	w.o.Parallel = min(w.o.Parallel, maxParallel)
	tops := []*folder{{there: [2]bool{true, true}, path: [2]files.Path{left.Path, right.Path}}}
	if o.Only != nil {
		tops = w.only()
	}
	if err := w.run(ctx, tops); err != nil {
		return nil, fault.From("compare", "", err)
	}
	for _, top := range tops {
		w.gather(top)
	}
	if o.Checksums {
		if err := w.hash(ctx); err != nil {
			return nil, fault.From("compare", "", err)
		}
	}
	w.scan.Shift = w.scan.findShift()
	return w.scan, nil
}

// overlap reports whether one of the two is the other or lies in it.
func overlap(a, b Tree) bool {
	return transfer.Inside(a.FS, a.Path, b.FS, b.Path) || transfer.Inside(b.FS, b.Path, a.FS, a.Path)
}

// folder is one folder of both trees.
type folder struct {
	rel   files.Path
	path  [2]files.Path // in full
	there [2]bool
	depth int
	flat  bool // folders that both sides have are not walked

	empty bool // known to be on both sides, and not walked

	rows []Row
	sub  map[int]*folder // folders of one side, by row
	both []*folder
}

type walker struct {
	trees [2]Tree
	o     WalkOptions
	fold  bool

	mu       sync.Mutex
	wake     *sync.Cond
	stack    []*folder // the newest is walked first, which keeps it short
	busy     int
	failure  error
	progress Progress
	scan     *Scan
}

// only makes the folders to begin with where not all are compared.
func (w *walker) only() []*folder {
	seen := map[string]bool{}
	var tops []*folder
	for _, rel := range w.o.Only {
		for depth := len(rel); depth >= 0; depth-- {
			at := rel[:depth:depth]
			key := strings.Join(at, "/")
			if seen[key] {
				break // and so were those above
			}
			seen[key] = true
			f := &folder{rel: at, there: [2]bool{true, true}, depth: depth, flat: true}
			for side, t := range w.trees {
				f.path[side] = slices.Clone(t.Path)
				for _, name := range at {
					f.path[side] = f.path[side].Join(files.ImportName(t.FS, name))
				}
			}
			tops = append(tops, f)
		}
	}
	slices.SortFunc(tops, func(a, b *folder) int { return slices.Compare(a.rel, b.rel) })
	return tops
}

// run walks all folders with a bounded number of goroutines.
func (w *walker) run(ctx context.Context, tops []*folder) error {
	w.wake = sync.NewCond(&w.mu)
	w.stack = slices.Clone(tops)
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.failure = ctx.Err()
		w.wake.Broadcast()
	})
	defer stop()
	var g sync.WaitGroup
	for range w.o.Parallel {
		g.Go(func() {
			for f := w.take(); f != nil; f = w.take() {
				w.done(f, w.one(ctx, f))
			}
		})
	}
	g.Wait()
	return w.failure
}

// take gives the next folder, nil when all are done or one failed.
func (w *walker) take() *folder {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		switch {
		case w.failure != nil, len(w.stack) == 0 && w.busy == 0:
			return nil
		case len(w.stack) > 0:
			f := w.stack[len(w.stack)-1]
			w.stack = w.stack[:len(w.stack)-1]
			w.busy++
			return f
		}
		w.wake.Wait()
	}
}

func (w *walker) done(f *folder, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	if err != nil && w.failure == nil {
		w.failure = err
	}
	for i := len(f.rows) - 1; i >= 0; i-- {
		if sub := f.sub[i]; sub != nil {
			w.stack = append(w.stack, sub)
		}
	}
	for _, sub := range f.both {
		if !sub.empty {
			w.stack = append(w.stack, sub)
		}
	}
	w.progress.Folders++
	w.progress.Queued, w.progress.Folder = len(w.stack)+w.busy, f.rel
	if w.o.Progress != nil {
		w.o.Progress(w.progress)
	}
	w.wake.Broadcast()
}

// one compares one folder.
func (w *walker) one(ctx context.Context, f *folder) error {
	if f.depth > files.MaxDepth {
		return fault.Newf(fault.TooBig, "compare", "", "more than %d folders deep", files.MaxDepth)
	}
	var lists [2][]files.Entry
	var g errgroup.Group
	for side := range w.trees {
		if f.there[side] {
			g.Go(func() (err error) { lists[side], err = w.list(ctx, f, Side(side)); return err })
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if f.flat && f.depth > 0 && f.there != [2]bool{true, true} {
		return nil // it stands in the folder above, which is compared as well
	}
	w.pair(f, lists)
	if w.o.each != nil {
		return w.o.each(f.rows)
	}
	return nil
}

// list lists one side of a folder. What cannot be listed is written down.
func (w *walker) list(ctx context.Context, f *folder, side Side) ([]files.Entry, error) {
	var entries []files.Entry
	report, err := w.trees[side].FS.List(ctx, f.path[side], func(e []files.Entry) error {
		entries = append(entries, e...)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.progress.Names += len(e)
		if w.progress.Names > 2*files.MaxEntries {
			return fault.Newf(fault.TooBig, "compare", "", "more than %d names", 2*files.MaxEntries)
		}
		return ctx.Err()
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scan.Unread[side] += report.Unread
	top := f.depth == 0 || f.flat
	switch {
	case err == nil:
		return entries, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case fault.Is(err, fault.TooBig):
		return nil, err
	case top && fault.Is(err, fault.NotFound):
		if f.depth == 0 {
			w.scan.Missing[side] = true
		}
		f.there[side] = false
		return nil, nil
	case f.depth == 0, fault.KindOf(err).Transient():
		return nil, err
	}
	// One closed folder does not stop the rest, but nothing is deleted then.
	w.scan.Closed[side] = append(w.scan.Closed[side], f.rel)
	f.there[side] = false
	f.rows = append(f.rows, Row{Rel: f.rel, note: Unlisted, Entry: [2]*files.Entry{}, Path: w.below(f)})
	return nil, nil
}

// below gives a folder's paths below the two roots.
func (w *walker) below(f *folder) (p [2]files.Path) {
	for side, t := range w.trees {
		p[side] = f.path[side][len(t.Path):]
	}
	return p
}

// gather puts the rows of a folder and those below it into the scan, and forgets
// the folder.
func (w *walker) gather(f *folder) {
	s := w.scan
	if len(f.rel) > 0 && f.there == [2]bool{true, true} {
		s.both = append(s.both, f.rel)
	}
	// Folders of both sides have no row; what is in them stands in their place in
	// the order of names.
	slices.SortFunc(f.both, func(a, b *folder) int { return strings.Compare(a.rel.Base(), b.rel.Base()) })
	both := f.both
	for i := range f.rows {
		for len(both) > 0 && both[0].rel.Base() < f.rows[i].Rel.Base() {
			w.gather(both[0])
			both = both[1:]
		}
		r := f.rows[i]
		for side := range s.Files {
			if e := r.Entry[side]; e != nil && e.Type != files.Dir {
				s.Files[side]++
				s.Bytes[side] += max(0, e.Size)
			}
		}
		at := len(s.Rows)
		s.Rows = append(s.Rows, r)
		if sub := f.sub[i]; sub != nil {
			w.gather(sub)
		}
		s.Rows[at].End = len(s.Rows)
	}
	for _, b := range both {
		w.gather(b)
	}
	f.rows, f.sub, f.both = nil, nil, nil
}
