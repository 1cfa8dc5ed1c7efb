package transfer

import (
	"context"
	"iter"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
)

// Item is one file of a series, with what the listings of both sides told just
// now: that is not asked for again.
type Item struct {
	From, To files.Path
	Source   files.Entry // as listed
	// Known says that the target's folder has been listed, or made by this very
	// work; Target is then what has the name To, nil if it is free.
	Known  bool
	Target *files.Entry
	// Answer, if set, is the decision about Target, so that nobody is asked.
	Answer Answer
	Tag    any // the caller's own
}

// SeriesOptions are Options for many files. Progress then counts the bytes of
// all files together that the caller has handed over so far.
type SeriesOptions struct {
	Options
	Connections int // parallel files; 0: as many as do good
	// Before and After frame each file; they are called from one goroutine at a
	// time. What After returns ends the series; nil goes on with the next.
	Before func(it Item)
	After  func(it Item, r Result, err error) error
}

// CopyItems copies the files of a series, several at once. items is drawn as
// there is room for more, so it may walk while the first files are on their way;
// it ends early when its yield returns false. A failed file does not end the
// series; the first failure is returned at the end. At its end what was copied
// to this computer would survive a power cut.
func CopyItems(ctx context.Context, src, dst files.FS, items iter.Seq[Item], o SeriesOptions) (TreeResult, error) {
	n, err := parallel(ctx, src, dst, o.Connections)
	if err != nil {
		return TreeResult{}, err
	}
	t := &tree{src: src, dst: dst, o: TreeOptions{Options: o.Options}, done: map[string]int64{}}
	g, gctx := errgroup.WithContext(ctx)
	work := make(chan Item)
	g.Go(func() error {
		defer close(work)
		for it := range items {
			t.totals(1, max(0, it.Source.Size), false)
			select {
			case work <- it:
			case <-gctx.Done():
				return gctx.Err()
			}
		}
		return nil
	})
	for range n {
		g.Go(func() error {
			for it := range work {
				if err := t.series(gctx, it, o); err != nil {
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
	return t.result, fault.OrNil("copy", err)
}

func (t *tree) series(ctx context.Context, it Item, so SeriesOptions) error {
	if so.Before != nil {
		t.mu.Lock()
		so.Before(it)
		t.mu.Unlock()
	}
	o := so.Options
	if it.Answer != "" {
		o.OnExists = func(context.Context, Conflict) (Answer, error) { return it.Answer, nil }
	}
	key := it.From.String()
	o.Progress = func(done, _ int64) { t.progress(key, done) }
	j := &job{src: t.src, from: it.From, dst: t.dst, to: it.To, o: o, known: it.Known, present: it.Target}
	r, err := j.run(ctx)
	if err != nil && ctx.Err() != nil {
		return err
	}
	t.end(key, r.Bytes)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err != nil:
		if t.failure == nil {
			t.failure = err
		}
		t.result.Failed++
	case r.Skipped:
		t.result.Skipped++
	default:
		t.result.Files++
		t.result.Bytes += r.Bytes
	}
	if so.After != nil {
		return so.After(it, r, err)
	}
	return nil
}

// Inside reports whether the target lies in the source, or is it.
func Inside(src files.FS, from files.Path, dst files.FS, to files.Path) bool {
	return inside(src, from, dst, to)
}

// MakeFolder makes a folder at the target, with those above it that are missing,
// or lists the one that is there. It gives what the folder holds by name (folded
// where letters' case does not count, see Fold), nil if not all names are known.
func MakeFolder(ctx context.Context, dst files.FS, p files.Path) (map[string]*files.Entry, error) {
	return prepare(ctx, dst, p, true)
}

// Fold is the form of a name under which it is looked up: lower case where
// letters' case does not count (files.Caps.CaseFolding).
func Fold(name string, folding bool) string { return fold(name, folding) }

// UnusedName gives name, or "name (2)" if used holds it already, and notes it:
// twins that differ in case only, or after a change of charset not at all, get
// names of their own.
func UnusedName(name string, used map[string]bool, folding bool) string {
	return unusedName(name, used, folding)
}
