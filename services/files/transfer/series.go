package transfer

import (
	"context"
	"iter"
	"sync"

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
	// Fresh says that the target's folder was made by this very work just now, so
	// that nobody else has put anything there.
	Fresh bool
	// Answer, if set, is the decision about Target, so that nobody is asked.
	Answer Answer
	Tag    any // the caller's own

	// begun is what a job's journal knows of it from before an interruption.
	begun *decision
	noted files.Path // the part that the journal knows of
	rel   files.Path // below the root of a tree
}

// SeriesOptions are Options for many files. Progress then counts the bytes of
// all files together that the caller has handed over so far.
type SeriesOptions struct {
	Options
	Connections int // parallel files; 0: as many as do good
	// Options.Part is called from several goroutines at once here.

	// Before and After frame each file; they are called from one goroutine at a
	// time. What After returns ends the series; nil goes on with the next.
	Before func(it Item)
	After  func(it Item, r Result, err error) error
}

// CopyItems copies the files of a series, several at once. items is drawn as
// there is room for more, so it may walk while the first files are on their way;
// it ends early when its yield returns false. A failed file does not end the
// series, unless the fault concerns all files, as a full disk does; the first
// failure is returned at the end. At its end what was copied to this computer
// would survive a power cut.
func CopyItems(ctx context.Context, src, dst files.FS, items iter.Seq[Item], o SeriesOptions) (TreeResult, error) {
	e, err := newEnds(ctx, src, dst, o.Options, o.Connections)
	if err != nil {
		return TreeResult{}, fault.From("copy", "", err)
	}
	s := &series{src: src, dst: dst, o: o, ends: e}
	err = s.run(ctx, items)
	return s.result, err
}

// series is many files on their way.
type series struct {
	src, dst files.FS
	o        SeriesOptions
	ends     *ends
	// onPart and onDone keep a journal, nil: none is kept.
	onPart func(ctx context.Context, it Item, part files.Path, d decision) error
	onDone func(ctx context.Context, it Item, r Result) error

	mu      sync.Mutex
	result  TreeResult
	found   int
	size    int64
	moved   int64 // of all files, ended or not
	lost    int   // files in a row that failed for reasons of the network
	failure error
	cut     bool // ended early, by a fault or by After
}

// run returns the first failure.
func (s *series) run(ctx context.Context, items iter.Seq[Item]) error {
	g, gctx := errgroup.WithContext(ctx)
	work := make(chan Item)
	g.Go(func() error {
		defer close(work)
		for it := range items {
			select {
			case work <- it:
			case <-gctx.Done():
				return nil // whoever ended it knows why
			}
		}
		return nil
	})
	for range s.ends.most() {
		g.Go(func() error {
			for it := range work {
				if err := s.one(gctx, it); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	if cerr := ctx.Err(); cerr != nil {
		return fault.From("copy", "", cerr)
	}
	if err == nil {
		err = s.failure
	}
	if sync, ok := s.dst.(files.Syncer); ok {
		if serr := sync.Sync(ctx); err == nil {
			err = serr
		}
	}
	return fault.OrNil("copy", err)
}

// add counts files that will come.
func (s *series) add(n int, bytes int64) (files int, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found += n
	s.size += bytes
	return s.found, s.size
}

// one copies a file. What it returns ends the series.
func (s *series) one(ctx context.Context, it Item) error {
	if s.o.Before != nil {
		s.mu.Lock()
		s.o.Before(it)
		s.mu.Unlock()
	}
	o := s.o.Options
	o.begun = it.begun
	if it.Answer != "" {
		o.OnExists = func(_ context.Context, c Conflict) (Answer, error) {
			if t := it.Target; t != nil && (t.ID != c.Target.ID || !sameVersion(*t, c.Target)) {
				return "", fault.Newf(fault.Exists, "copy", "", "%s was changed meanwhile", it.To)
			}
			return it.Answer, nil
		}
	}
	if s.onPart != nil {
		o.onPart = func(p files.Path, d decision) error { return s.onPart(ctx, it, p, d) }
	}
	var told int64
	if s.o.Progress != nil {
		o.Progress = func(done, _ int64) { s.progress(done - told); told = done }
	}
	j := &job{
		src: s.src, from: it.From, dst: s.dst, to: it.To, o: o, ends: s.ends, lazy: true,
		known: it.Known, present: it.Target, fresh: it.Fresh && s.ends.up,
	}
	if it.Source.Name != "" {
		j.listed = &it.Source
	}
	r, err := j.run(ctx)
	if err != nil && ctx.Err() != nil {
		return err
	}
	if err == nil && s.onDone != nil {
		err = s.onDone(ctx, it, r)
	}
	if fault.Is(err, fault.NotFound) && it.Source.Type == files.LinkFile {
		// A link that leads nowhere is nothing to copy.
		s.mu.Lock()
		s.result.Links++
		s.mu.Unlock()
		return nil
	}
	if err == nil {
		s.progress(r.Bytes - told)
	}
	return s.tell(it, r, err)
}

// tell counts a file that has ended and says whether the series goes on.
func (s *series) tell(it Item, r Result, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		if s.failure == nil {
			s.failure = err
		}
		s.result.Failed++
	case r.Skipped:
		s.result.Skipped++
	default:
		s.result.Files++
		s.result.Bytes += r.Bytes
		if s.result.Files == 1 || strength[r.Verified] < strength[s.result.Verified] {
			s.result.Verified = r.Verified
		}
		if r.InPlace {
			s.result.InPlace++
		}
	}
	if s.o.After != nil {
		if aerr := s.o.After(it, r, err); aerr != nil {
			s.cut = true
			return aerr
		}
	}
	err = s.hopeless(err)
	s.cut = s.cut || err != nil
	return err
}

// strength orders the ways of checking.
var strength = map[Verified]int{VerifiedNone: 0, VerifiedSize: 1, VerifiedChecksum: 2, VerifiedRead: 3}

// inARow is how many files may fail one after the other for reasons of the
// network before the rest is not tried any more.
const inARow = 3

// hopeless gives a fault that would befall all further files as well; the lock
// is held.
func (s *series) hopeless(err error) error {
	switch fault.KindOf(err) {
	case fault.Full, fault.Offline, fault.NameNotFound, fault.Certificate, fault.Login, fault.Refused:
		return err
	case fault.Timeout, fault.Busy, fault.Protocol:
		if s.lost++; s.lost >= inARow {
			return err
		}
	default:
		s.lost = 0
	}
	return nil
}

func (s *series) progress(n int64) {
	if s.o.Progress == nil || n == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved += n
	s.o.Progress(s.moved, max(s.moved, s.size))
}
