package ops

import (
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
)

// walk goes through trees, several requests at a time, and carries on where one
// thing fails. It never follows a link, goes down files.MaxDepth folders at
// most, and into no folder that is its own ancestor.
type walk struct {
	f  files.FS
	op string
	// whole leaves folders alone whose listing was not understood to the last
	// line.
	whole bool
	o     Options
	// entry is called for all that is no folder; enter before a folder is listed
	// (false passes over it); leave after all in it went well.
	entry func(ctx context.Context, p files.Path, e files.Entry) error
	enter func(ctx context.Context, p files.Path, e files.Entry) (bool, error)
	leave func(ctx context.Context, p files.Path, e files.Entry) error

	loops bool // identities tell a folder from its ancestors
	pool  *errgroup.Group

	mu     sync.Mutex
	result Result
	done   int
	found  int
	first  error // failure
	fatal  error // ends the walk
}

func (w *walk) run(ctx context.Context, targets []Target) (Result, error) {
	n, err := parallel(ctx, w.f)
	if err != nil {
		return Result{}, err
	}
	w.loops = trustsIDs(w.f)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.pool = new(errgroup.Group)
	w.pool.SetLimit(n)
	w.progress(0, len(targets))
	w.each(ctx, cancel, targets, 0, nil)
	_ = w.pool.Wait() // its functions return nil
	w.mu.Lock()
	defer w.mu.Unlock()
	result := w.result
	result.Failures = slices.Clone(result.Failures)
	switch {
	case w.fatal != nil:
		return result, w.fatal
	case ctx.Err() != nil:
		return result, fault.From(w.op, "", ctx.Err())
	}
	return result, w.first
}

// trustsIDs reports whether an Entry.ID names a folder itself, not its state: an
// ETag may be the same for many.
func trustsIDs(f files.FS) bool {
	c, ok := f.(files.Connected)
	if !ok {
		return true
	}
	switch c.Conn().Protocol {
	case files.ProtocolDAV, files.ProtocolDAVS, files.ProtocolS3, files.ProtocolS3Clear:
		return false
	}
	return true
}

// each works on the things of one folder and reports whether all went well. A
// goroutine is taken where one is free; else the work is done on this one, so
// that waiting for others never stops everything.
func (w *walk) each(ctx context.Context, cancel context.CancelCauseFunc, targets []Target, depth int, above []string) bool {
	var wait sync.WaitGroup
	var mu sync.Mutex
	well := true
	for i, t := range targets {
		if ctx.Err() != nil {
			mu.Lock()
			well = false
			mu.Unlock()
			break
		}
		wait.Add(1)
		work := func() error {
			defer wait.Done()
			if !w.one(ctx, cancel, t, depth, above) {
				mu.Lock()
				well = false
				if depth == 0 && w.o.failed != nil {
					w.o.failed(i)
				}
				mu.Unlock()
			}
			return nil
		}
		if !w.pool.TryGo(work) {
			_ = work() // always nil
		}
	}
	wait.Wait()
	return well
}

// one works on one thing and reports whether it and all in it went well.
func (w *walk) one(ctx context.Context, cancel context.CancelCauseFunc, t Target, depth int, above []string) bool {
	if t.Entry.Type != files.Dir {
		err := w.entry(ctx, t.Path, t.Entry)
		if err == nil {
			w.count(1, 0, 0)
		}
		return w.ended(ctx, cancel, t.Path, err)
	}
	id := ""
	if w.loops {
		id = t.Entry.ID
	}
	switch {
	case depth > files.MaxDepth:
		return w.ended(ctx, cancel, t.Path, fault.Newf(fault.TooBig, w.op, "", "more than %d folders deep", files.MaxDepth))
	case id != "" && slices.Contains(above, id):
		return w.ended(ctx, cancel, t.Path, fault.Newf(fault.Unsupported, w.op, "", "the folder contains itself"))
	}
	in, err := w.enter(ctx, t.Path, t.Entry)
	if err != nil || !in {
		return w.ended(ctx, cancel, t.Path, err)
	}
	var inside []Target
	report, err := w.f.List(ctx, t.Path, func(entries []files.Entry) error {
		for _, e := range entries {
			if err := files.CheckName(e.Name); err != nil {
				return fault.New(fault.Protocol, w.op, "", err)
			}
			inside = append(inside, Target{t.Path.Join(e.Name), e})
		}
		return ctx.Err()
	})
	if err == nil && report.Unread > 0 && w.whole {
		err = fault.Newf(fault.Unsupported, w.op, "", "%d names in %s could not be read", report.Unread, t.Path)
	}
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			err = gone(w.leave(ctx, t.Path, t.Entry))
		}
		return w.ended(ctx, cancel, t.Path, err)
	}
	w.progress(0, len(inside))
	if id != "" {
		above = append(slices.Clone(above), id)
	}
	if !w.each(ctx, cancel, inside, depth+1, above) {
		w.progress(1, 0)
		return false // its failure has been told
	}
	inside = nil
	err = w.leave(ctx, t.Path, t.Entry)
	if err == nil {
		w.count(0, 1, 0)
	}
	return w.ended(ctx, cancel, t.Path, err)
}

// ended notes how one thing went. Faults that will meet everything else too end
// the walk.
func (w *walk) ended(ctx context.Context, cancel context.CancelCauseFunc, p files.Path, err error) bool {
	if err == nil {
		w.progress(1, 0)
		return true
	}
	if ctx.Err() != nil {
		return false
	}
	f := fault.From(w.op, "", err)
	w.mu.Lock()
	switch f.Kind {
	case fault.Offline, fault.NameNotFound, fault.Refused, fault.Timeout, fault.Busy, fault.Certificate, fault.Login:
		if w.fatal == nil {
			w.fatal = f
		}
		w.mu.Unlock()
		cancel(f)
		return false
	}
	if w.first == nil {
		w.first = f
	}
	w.result.Failed++
	if len(w.result.Failures) < maxFailures {
		w.result.Failures = append(w.result.Failures, Failure{files.Display(p.String()), f.Kind, f.Said})
	}
	w.mu.Unlock()
	w.progress(1, 0)
	return false
}

// count adds to the result.
func (w *walk) count(n, folders int, bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.result.Files += n
	w.result.Folders += folders
	w.result.Bytes += bytes
}

func (w *walk) unchanged() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.result.Unchanged++
}

func (w *walk) progress(done, found int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done += done
	w.found += found
	if w.o.Progress != nil {
		w.o.Progress(w.done, w.found)
	}
}

// Targets looks up what is at the paths. One that is not there is passed over
// where missing is set, else it is the fault.
func Targets(ctx context.Context, f files.FS, paths []files.Path, missing bool) ([]Target, error) {
	var out []Target
	for _, p := range paths {
		e, err := f.Stat(ctx, p)
		if missing && fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, errors.Join(err)
		}
		out = append(out, Target{p, e})
	}
	return out, nil
}
