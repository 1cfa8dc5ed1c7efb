package transfer

import (
	"context"
	"slices"
	"strings"

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
	Links   int
	InPlace int // files with Result.InPlace
	// Verified is the weakest of the files' own; "" if none was copied.
	Verified Verified
}

// CopyTree copies the folder from into the folder to, which is made if it is
// missing. The walk is lazy: the first folder's files are on their way while
// the rest is being listed. Links to folders are not followed, links to files
// are copied as files, no link is ever made. A failed file does not end the
// copy unless OnFile says so or the fault concerns all files; the first failure
// is returned at the end. With Move the source's folders go too, as far as
// nothing is left in them.
func CopyTree(ctx context.Context, src files.FS, from files.Path, dst files.FS, to files.Path, o TreeOptions) (TreeResult, error) {
	return (&tree{src: src, dst: dst, from: from, to: to, o: o}).run(ctx)
}

// tree is a folder on its way.
type tree struct {
	src, dst files.FS
	from, to files.Path
	o        TreeOptions
	journal  journal // of jobs; nil: none
	// names, if not nil, are the only things of from that are copied, into to;
	// top is then what is done where their names are taken, "" to ask.
	names []string
	top   Answer
	// again, if not nil, is all that is copied: what failed before.
	again []failed
	after func(it Item, err error) // told of each file, and of folders that failed

	series   *series
	folders  []files.Path // of the source, for a move
	complete bool         // after run: every file has been tried
}

// journal keeps the state of single files for jobs.
type journal interface {
	// begin notes files of one folder before the first of them is touched, and
	// gives those that are still to be copied.
	begin(ctx context.Context, items []Item) ([]Item, error)
	part(ctx context.Context, it Item, p files.Path, d decision) error
	done(ctx context.Context, it Item, r Result) error
}

func (t *tree) run(ctx context.Context) (TreeResult, error) {
	if t.names == nil && Inside(t.src, t.from, t.dst, t.to) {
		return TreeResult{}, fault.Newf(fault.Unsupported, "copy", "", "a folder cannot be copied into itself")
	}
	e, err := newEnds(ctx, t.src, t.dst, t.o.Options, t.o.Connections)
	if err != nil {
		return TreeResult{}, fault.From("copy", "", err)
	}
	if t.o.Move && e.same && t.journal == nil && t.o.Filter == nil && t.names == nil {
		// A server that renames folders moves all of it at once.
		if err := t.src.Rename(ctx, t.from, t.to, false); err == nil {
			return TreeResult{Folders: 1}, nil
		}
	}
	t.series = &series{src: t.src, dst: t.dst, ends: e, o: SeriesOptions{
		Options: t.o.Options,
		After: func(it Item, r Result, err error) error {
			if t.after != nil {
				t.after(it, err)
			}
			if t.o.OnFile == nil {
				return nil
			}
			return t.o.OnFile(it.From, r, err)
		},
	}}
	if t.journal != nil {
		t.series.onPart, t.series.onDone = t.journal.part, t.journal.done
	}
	var failed error
	err = t.series.run(ctx, func(yield func(Item) bool) {
		if t.again != nil {
			failed = t.retry(ctx, yield)
		} else {
			failed = t.walk(ctx, nil, t.to, 0, yield)
		}
		t.total(0, 0, true)
	})
	t.complete = failed == nil && !t.series.cut && ctx.Err() == nil
	if err == nil {
		err = failed
	}
	if err == nil && t.o.Move {
		t.removeFolders(ctx)
	}
	return t.series.result, fault.OrNil("copy", err)
}

// removeFolders ends a move: the deepest first. What is not empty stays, it holds
// what the filter left out or what could not be copied.
func (t *tree) removeFolders(ctx context.Context) {
	for _, p := range slices.Backward(t.folders) {
		if ctx.Err() != nil {
			return
		}
		_ = t.src.RemoveDir(ctx, p)
	}
}

// Inside reports whether the target lies in the source, or is it.
func Inside(src files.FS, from files.Path, dst files.FS, to files.Path) bool {
	a, b := strings.TrimSuffix(src.URL(from), "/"), strings.TrimSuffix(dst.URL(to), "/")
	return a == b || strings.HasPrefix(b, a+"/")
}

func (t *tree) total(n int, bytes int64, complete bool) {
	found, size := t.series.add(n, bytes)
	if t.o.Totals != nil {
		t.o.Totals(found, size, complete)
	}
}

// batch is how many files of a folder are handed over, and noted, at once.
const batch = 500

// errEnough ends a walk whose files nobody takes any more.
var errEnough = fault.Newf(fault.Cancelled, "copy", "", "ended")

// walk lists a folder, hands its files over and goes down into its folders.
func (t *tree) walk(ctx context.Context, rel, to files.Path, depth int, yield func(Item) bool) error {
	from := append(slices.Clone(t.from), rel...)
	if depth > files.MaxDepth {
		return fault.Newf(fault.TooBig, "copy", "", "more than %d folders deep", files.MaxDepth)
	}
	var entries []files.Entry
	report, err := t.src.List(ctx, from, func(e []files.Entry) error { entries = append(entries, e...); return nil })
	chosen := depth == 0 && t.names != nil
	if chosen {
		if fault.Is(err, fault.Permission) {
			err = nil // one may look at its files, but not at the folder
		}
		if err == nil {
			entries, report = t.pick(ctx, entries), files.Report{}
		}
	}
	var there map[string]*files.Entry
	fresh := false
	if err == nil {
		there, fresh, err = prepare(ctx, t.dst, to, depth == 0)
	}
	if err != nil {
		if ctx.Err() != nil || depth == 0 {
			return err
		}
		return t.series.tell(Item{From: from, To: to, rel: rel, Source: files.Entry{Type: files.Dir}}, Result{Path: to}, err)
	}
	t.series.mu.Lock()
	t.series.result.Folders++
	t.series.result.Unread += report.Unread
	t.series.mu.Unlock()
	if t.o.Move && !chosen {
		t.folders = append(t.folders, from)
	}
	folding := t.series.ends.to.CaseFolding
	used := make(map[string]bool, len(entries))
	var folders, items []Item
	links := 0
	for _, e := range entries {
		if !chosen && (files.IsPartName(e.Name) || t.o.Filter.Skip(rel.Join(e.Name), e)) {
			continue // a part is of a copy that runs or broke off
		}
		name := unusedName(files.ImportName(t.dst, files.ExportName(t.src, e.Name)), used, folding)
		it := Item{
			From: from.Join(e.Name), To: to.Join(name), rel: rel.Join(e.Name),
			Source: e, Known: there != nil, Target: there[fold(name, folding)], Fresh: fresh,
		}
		if chosen {
			it.Answer = t.top
		}
		switch {
		case e.Type == files.Dir, chosen && e.Type == files.LinkDir:
			if chosen && Inside(t.src, it.From, t.dst, it.To) {
				if err := t.series.tell(it, Result{Path: it.To}, fault.Newf(fault.Unsupported, "copy", "", "a folder cannot be copied into itself")); err != nil {
					return err
				}
				continue
			}
			folders = append(folders, it)
		case e.Type == files.File, e.Type == files.LinkFile, chosen: // what is no file fails under its name
			items = append(items, it)
		default:
			links++
		}
		if len(items) == batch {
			if err := t.hand(ctx, items, yield); err != nil {
				return err
			}
			items = items[:0]
		}
	}
	t.series.mu.Lock()
	t.series.result.Links += links
	t.series.mu.Unlock()
	if err := t.hand(ctx, items, yield); err != nil {
		return err
	}
	for _, it := range folders {
		if err := t.walk(ctx, it.rel, it.To, depth+1, yield); err != nil {
			return err
		}
	}
	return nil
}

// hand gives files to the series.
func (t *tree) hand(ctx context.Context, items []Item, yield func(Item) bool) error {
	if len(items) == 0 {
		return nil
	}
	var bytes int64
	for _, it := range items {
		bytes += max(0, it.Source.Size)
	}
	t.total(len(items), bytes, false)
	if t.journal != nil {
		var err error
		if items, err = t.journal.begin(ctx, items); err != nil {
			return err
		}
	}
	for _, it := range items {
		if !yield(it) {
			return errEnough
		}
	}
	return nil
}

// fold is the form of a name under which it is looked up: lower case where
// letters' case does not count (files.Caps.CaseFolding).
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
		candidate = files.Numbered(name, n)
	}
	used[fold(candidate, folding)] = true
	return candidate
}

// prepare makes a folder at the target, or lists the one that is there. The
// parents of the top one are made too. fresh says that it was made just now.
func prepare(ctx context.Context, dst files.FS, to files.Path, top bool) (there map[string]*files.Entry, fresh bool, err error) {
	if len(to) > 0 {
		err := dst.Mkdir(ctx, to)
		if fault.Is(err, fault.NotFound) && top && len(to) > 1 {
			if err := files.MakeFolders(ctx, dst, to.Dir()); err != nil {
				return nil, false, err
			}
			err = dst.Mkdir(ctx, to)
		}
		if err == nil {
			return map[string]*files.Entry{}, true, nil
		}
		if !fault.Is(err, fault.Exists) {
			// Without the right to make folders, one that is there will do.
			if e, serr := dst.Stat(ctx, to); serr != nil || !e.Type.IsDir() {
				return nil, false, err
			}
		}
	}
	caps, err := dst.Caps(ctx)
	if err != nil {
		return nil, false, err
	}
	there = map[string]*files.Entry{}
	report, err := dst.List(ctx, to, func(entries []files.Entry) error {
		for _, e := range entries {
			there[fold(e.Name, caps.CaseFolding)] = &e
		}
		return nil
	})
	switch {
	case fault.Is(err, fault.Permission):
		return nil, false, nil // one may write there, but not look
	case err != nil:
		return nil, false, err
	case report.Unread > 0:
		return nil, false, nil // not all names are known: each is asked for
	}
	return there, false, nil
}
