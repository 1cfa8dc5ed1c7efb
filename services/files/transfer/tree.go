package transfer

import (
	"context"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/filter"
)

// TreeOptions are Options for a whole folder. Progress then counts the bytes of
// all files together, of those found so far.
type TreeOptions struct {
	Options
	Connections int // parallel files; 0: as many as do good
	// Filter leaves files and folders out; nil: nothing.
	Filter *filter.Matcher
	// OnFile is called after each file, from one goroutine at a time; err is nil
	// or why it failed. What it returns ends the copy; nil goes on with the next.
	OnFile func(from files.Path, r Result, err error) error
	// Totals is called as the walk finds files: how many and how many bytes so
	// far; complete says that no more will come.
	Totals func(files int, bytes int64, complete bool)
}

// TreeResult sums up the copy of a tree.
type TreeResult struct {
	Files, Folders, Skipped, Failed int
	Bytes                           int64
	Unread                          int // listing lines not understood: files may be missing
	// Links are symbolic links to folders, which are not followed, and things
	// that are no files.
	Links int
}

// CopyTree copies the folder from into the folder to, which is made if it is
// missing. The walk is lazy: the first folder's files are on their way while
// the rest is being listed. Links to folders are not followed, links to files
// are copied as files, no link is ever made. A failed file does not end the
// copy unless OnFile says so; the first failure is returned at the end.
func CopyTree(ctx context.Context, src files.FS, from files.Path, dst files.FS, to files.Path, o TreeOptions) (TreeResult, error) {
	return (&tree{src: src, from: from, dst: dst, to: to, o: o}).run(ctx)
}

// tree is a folder on its way.
type tree struct {
	src, dst files.FS
	from, to files.Path
	o        TreeOptions
	// state and note keep the state of single files for jobs; nil: none.
	state func(ctx context.Context, rel files.Path, e files.Entry) (state, error)
	note  func(ctx context.Context, rel files.Path, e files.Entry, done bool, part files.Path, d decision) error

	mu      sync.Mutex
	result  TreeResult
	found   int
	size    int64
	done    map[string]int64 // bytes of files under way
	moved   int64            // bytes of files that have ended
	failure error
}

// item is one file found by the walk.
type item struct {
	rel     files.Path // below from
	to      files.Path
	entry   files.Entry
	known   bool         // the target folder has been listed
	present *files.Entry // what it holds under that name
}

// parallel is how many files both sides take at once.
func parallel(ctx context.Context, src, dst files.FS, asked int) (int, error) {
	a, err := src.Caps(ctx)
	if err != nil {
		return 0, err
	}
	b, err := dst.Caps(ctx)
	if err != nil {
		return 0, err
	}
	n := asked
	if n == 0 {
		n = 4
	}
	for _, most := range []int{a.MaxConns, b.MaxConns} {
		if most > 0 {
			n = min(n, most)
		}
	}
	return max(1, n), nil
}

func (t *tree) run(ctx context.Context) (TreeResult, error) {
	if inside(t.src, t.from, t.dst, t.to) {
		return TreeResult{}, fault.Newf(fault.Unsupported, "copy", "", "a folder cannot be copied into itself")
	}
	n, err := parallel(ctx, t.src, t.dst, t.o.Connections)
	if err != nil {
		return TreeResult{}, err
	}
	t.done = map[string]int64{}
	g, gctx := errgroup.WithContext(ctx)
	work := make(chan item, 4*n)
	g.Go(func() error {
		defer close(work)
		err := t.walk(gctx, nil, t.to, 0, work)
		t.totals(0, 0, true)
		return err
	})
	for range n {
		g.Go(func() error {
			for it := range work {
				if err := t.one(gctx, it); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = g.Wait()
	if cerr := ctx.Err(); cerr != nil {
		return t.result, fault.From("copy", "", cerr)
	}
	if err == nil {
		err = t.failure
	}
	if err != nil {
		return t.result, fault.From("copy", "", err)
	}
	return t.result, nil
}

// inside reports whether the target lies in the source.
func inside(src files.FS, from files.Path, dst files.FS, to files.Path) bool {
	a, b := strings.TrimSuffix(src.URL(from), "/"), strings.TrimSuffix(dst.URL(to), "/")
	return a == b || strings.HasPrefix(b, a+"/")
}

func (t *tree) totals(n int, bytes int64, complete bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.found += n
	t.size += bytes
	if t.o.Totals != nil {
		t.o.Totals(t.found, t.size, complete)
	}
}

// fail notes a failure and reports whether to end.
func (t *tree) fail(from files.Path, r Result, err error) error {
	if t.failure == nil {
		t.failure = err
	}
	t.result.Failed++
	if t.o.OnFile != nil {
		return t.o.OnFile(from, r, err)
	}
	return nil
}

// walk lists a folder, hands its files over and goes down into its folders.
func (t *tree) walk(ctx context.Context, rel, to files.Path, depth int, work chan<- item) error {
	from := append(append(files.Path(nil), t.from...), rel...)
	if depth > files.MaxDepth {
		return fault.Newf(fault.TooBig, "copy", "", "more than %d folders deep", files.MaxDepth)
	}
	var entries []files.Entry
	report, err := t.src.List(ctx, from, func(e []files.Entry) error { entries = append(entries, e...); return nil })
	var there map[string]*files.Entry
	if err == nil {
		there, err = prepare(ctx, t.dst, to, depth == 0)
	}
	if err != nil {
		if ctx.Err() != nil || depth == 0 {
			return err
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.fail(from, Result{Path: to}, err)
	}
	t.mu.Lock()
	t.result.Folders++
	t.result.Unread += report.Unread
	t.mu.Unlock()
	caps, err := t.dst.Caps(ctx)
	if err != nil {
		return err
	}
	used := map[string]bool{}
	var folders []item
	for _, e := range entries {
		if t.o.Filter.Skip(rel.Join(e.Name), e) {
			continue
		}
		name := unusedName(files.ImportName(t.dst, files.ExportName(t.src, e.Name)), used, caps.CaseFolding)
		it := item{rel: append(append(files.Path(nil), rel...), e.Name), to: to.Join(name), entry: e, known: there != nil, present: there[fold(name, caps.CaseFolding)]}
		switch e.Type {
		case files.Dir:
			folders = append(folders, it)
		case files.File, files.LinkFile:
			if files.IsPartName(e.Name) {
				continue // of a copy that runs or broke off
			}
			t.totals(1, max(0, e.Size), false)
			select {
			case work <- it:
			case <-ctx.Done():
				return ctx.Err()
			}
		default:
			t.mu.Lock()
			t.result.Links++
			t.mu.Unlock()
		}
	}
	for _, it := range folders {
		if err := t.walk(ctx, it.rel, it.to, depth+1, work); err != nil {
			return err
		}
	}
	return nil
}

func fold(name string, folding bool) string {
	if folding {
		return strings.ToLower(name)
	}
	return name
}

// unusedName gives twins, which differ in case only or after a change of
// charset not at all, names of their own.
func unusedName(name string, used map[string]bool, folding bool) string {
	candidate := name
	for n := 2; used[fold(candidate, folding)]; n++ {
		candidate = numbered(name, n)
	}
	used[fold(candidate, folding)] = true
	return candidate
}

// prepare makes a folder at the target, or lists the one that is there. The
// parents of the top one are made too.
func prepare(ctx context.Context, dst files.FS, to files.Path, top bool) (map[string]*files.Entry, error) {
	if len(to) > 0 {
		err := dst.Mkdir(ctx, to)
		if fault.Is(err, fault.NotFound) && top && len(to) > 1 {
			if _, err := prepare(ctx, dst, to.Dir(), true); err != nil {
				return nil, err
			}
			err = dst.Mkdir(ctx, to)
		}
		if err == nil {
			return map[string]*files.Entry{}, nil
		}
		if !fault.Is(err, fault.Exists) {
			// Without the right to make folders, one that is there will do.
			if e, serr := dst.Stat(ctx, to); serr != nil || !e.Type.IsDir() {
				return nil, err
			}
		}
	}
	caps, err := dst.Caps(ctx)
	if err != nil {
		return nil, err
	}
	there := map[string]*files.Entry{}
	report, err := dst.List(ctx, to, func(entries []files.Entry) error {
		for _, e := range entries {
			there[fold(e.Name, caps.CaseFolding)] = &e
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if report.Unread > 0 {
		return nil, nil // not all names are known: each is asked for
	}
	return there, nil
}

// one copies a file. What it returns ends the whole copy.
func (t *tree) one(ctx context.Context, it item) error {
	from := append(append(files.Path(nil), t.from...), it.rel...)
	key := string(itemKey(it.rel))
	o := t.o.Options
	if t.state != nil {
		st, err := t.state(ctx, it.rel, it.entry)
		if err != nil {
			return err
		}
		if st.done {
			t.end(key, it.entry.Size)
			return t.tell(from, Result{Path: it.to, Bytes: it.entry.Size, Skipped: true}, nil)
		}
		o.begun = st.begun
		o.onPart = func(p files.Path, d decision) error { return t.note(ctx, it.rel, it.entry, false, p, d) }
	}
	o.Progress = func(done, _ int64) { t.progress(key, done) }
	j := &job{src: t.src, from: from, dst: t.dst, to: it.to, o: o, known: it.known, present: it.present}
	result, err := j.run(ctx)
	if err != nil && ctx.Err() != nil {
		return err
	}
	if err == nil && t.note != nil {
		err = t.note(ctx, it.rel, it.entry, true, nil, decision{})
	}
	if fault.Is(err, fault.NotFound) && it.entry.Type == files.LinkFile {
		// A link that leads nowhere is nothing to copy.
		t.mu.Lock()
		t.result.Links++
		t.mu.Unlock()
		t.end(key, 0)
		return nil
	}
	t.end(key, result.Bytes)
	return t.tell(from, result, err)
}

func (t *tree) tell(from files.Path, r Result, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err != nil:
		return t.fail(from, r, err)
	case r.Skipped:
		t.result.Skipped++
	default:
		t.result.Files++
		t.result.Bytes += r.Bytes
	}
	if t.o.OnFile != nil {
		return t.o.OnFile(from, r, nil)
	}
	return nil
}

func (t *tree) progress(key string, done int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done[key] = done
	t.publish()
}

func (t *tree) end(key string, bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.done, key)
	t.moved += max(0, bytes)
	t.publish()
}

func (t *tree) publish() {
	if t.o.Progress == nil {
		return
	}
	sum := t.moved
	for _, n := range t.done {
		sum += n
	}
	t.o.Progress(sum, max(sum, t.size))
}
