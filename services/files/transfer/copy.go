package transfer

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// Copy copies one file: into a temporary file beside the target, checked, and
// renamed only when all its bytes have arrived; a target of that name is whole
// at every moment, the old one or the new one. to is the full path of the
// target. A local dst should be rooted at the target folder, so that no link
// leads out of it. src and dst must not be the same FTP file system value: each
// holds a connection. When Copy has returned nil, a copy to this computer would
// survive a power cut.
//
// Faults: Exists, Cancelled, those of the file systems; Protocol when the source
// changed while it was copied; Damaged when sizes or checksums differ; Full when
// there is no more room, where a copy begun again with Resume goes on after room
// was made.
func Copy(ctx context.Context, src files.FS, from files.Path, dst files.FS, to files.Path, o Options) (Result, error) {
	return (&job{src: src, from: from, dst: dst, to: to, o: o}).run(ctx)
}

// job is one file on its way.
type job struct {
	src, dst files.FS
	from, to files.Path
	o        Options

	// What the caller knows already: listed, if set, is the source as it was just
	// listed; known says that present is what has the target's name; fresh that
	// its folder was made by this very work.
	listed  *files.Entry
	known   bool
	present *files.Entry
	fresh   bool
	lazy    bool // the caller makes it durable later
	ends    *ends

	source  files.Entry
	part    files.Path
	answer  Answer
	replace bool
	former  string    // Entry.ID of what is to be replaced, as whoever decided saw it
	named   bool      // it may have its final name, but nobody said so
	kept    bool      // the former file has gone where Options.Keep puts it
	ours    bool      // the part is from this very call
	began   time.Time // of this try
	moved   time.Time // when the last byte did
	shown   time.Time // when progress was last told
	shownAt int64     // how far it was then
	told    int64     // bytes of this try that the lanes know of
	inside  bool      // room is taken, see enter
	gained  int64     // bytes of this try
	result  Result
}

func (j *job) run(ctx context.Context) (Result, error) {
	began := time.Now()
	if len(j.from) == 0 || len(j.to) == 0 {
		return Result{}, fault.Newf(fault.Unsupported, "copy", "", "a root is no file")
	}
	if j.ends == nil {
		var err error
		if j.ends, err = newEnds(ctx, j.src, j.dst, j.o, 0); err != nil {
			return Result{}, fault.From("copy", "", err)
		}
	}
	if j.ends.same && j.src.URL(j.from) == j.dst.URL(j.to) {
		return Result{}, fault.Newf(fault.Exists, "copy", "", "source and target are the same file")
	}
	if b := j.o.begun; b != nil && b.Answer != "" {
		if err := j.take(b.Answer); err != nil {
			return Result{}, err
		}
	}
	tries := j.o.Tries
	if tries == 0 {
		tries = 3
	}
	var idle time.Duration // lost to tries in which nothing moved any more
	for try := 1; ; try++ {
		j.began = time.Now()
		j.moved, j.gained, j.told = j.began, 0, 0
		err := j.turn(ctx)
		j.result.Time = time.Since(began)
		if err == nil {
			return j.result, nil
		}
		j.listed = nil // whatever the listing said may be why
		if j.gained >= worthwhile {
			idle = 0
		}
		idle += time.Since(j.moved)
		again := try < tries && idle < patience
		switch fault.KindOf(err) {
		case fault.Protocol, fault.Timeout, fault.Busy, fault.Refused:
		case fault.Login:
			// The login has worked before, or nothing would be on its way: this is how
			// some servers say that there are too many. Never twice: they bar whoever
			// keeps knocking.
			again = again && try == 1
		case fault.Damaged: // the part is gone: once more from the beginning
			again = again && try == 1
		default:
			again = false
		}
		if again && ctx.Err() == nil && pause(ctx, max(backoff(try), min(asked(err), patience))) {
			continue
		}
		if j.ours && (!j.o.Resume || j.useless(err)) {
			j.discard(ctx)
		}
		if cerr := ctx.Err(); cerr != nil {
			err = cerr
		}
		return j.result, fault.From("copy", "", err)
	}
}

// useless reports whether the part of a copy that failed serves nobody: one so
// small is never continued. While the way to the target may be broken it stays.
func (j *job) useless(err error) bool {
	kind := fault.KindOf(err)
	return j.source.Size >= 0 && j.source.Size < small && !kind.Transient() && kind != fault.Cancelled
}

// turn is one try, with room taken on the way to each site.
func (j *job) turn(ctx context.Context) error {
	if err := j.enter(ctx); err != nil {
		return err
	}
	err := j.once(ctx)
	for _, l := range j.ends.lanes {
		if err == nil {
			l.arrived(max(0, j.gained-j.told))
		} else {
			l.refused(err)
		}
	}
	j.leave()
	return err
}

// enter takes room on the way to each site; leave gives it back.
func (j *job) enter(ctx context.Context) error {
	for i, l := range j.ends.lanes {
		if err := l.take(ctx); err != nil {
			for _, l := range j.ends.lanes[:i] {
				l.release()
			}
			return err
		}
	}
	j.inside = true
	return nil
}

func (j *job) leave() {
	if !j.inside {
		return
	}
	for _, l := range j.ends.lanes {
		l.release()
	}
	j.inside = false
}

// patience is how long a copy may wait for a mute server in tries in a row that
// bring fewer bytes than are worth while; a person has given up by then.
const (
	patience   = 30 * time.Second
	worthwhile = 1 << 20
)

// backoff grows from a second, with jitter, so that many files do not come back
// all at once.
func backoff(try int) time.Duration {
	d := min(time.Second<<(try-1), 30*time.Second)
	return d/2 + rand.N(d)
}

// asked is how long the server asked to wait.
func asked(err error) time.Duration {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.After
	}
	return 0
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (j *job) once(ctx context.Context) error {
	if trusted(j.listed) {
		j.source = *j.listed
	} else {
		source, err := j.src.Stat(ctx, j.from)
		if err != nil {
			return err
		}
		if source.Type != files.File && source.Type != files.LinkFile {
			return fault.Newf(fault.Unsupported, "copy", "", "%s is no file", j.from)
		}
		j.source = source
	}
	if goOn, err := j.decide(ctx); err != nil || !goOn {
		return err
	}
	if j.source.Rounded {
		j.source.Size, j.source.Rounded = -1, false
	}
	if j.o.Move && j.ends.same {
		if done, err := j.moveThere(ctx); done || err != nil {
			return err
		}
	}
	part := j.partOf(j.source)
	if j.ends.direct.Load() && !j.replace && j.answer == "" {
		part = j.to
	}
	if !part.Equal(j.part) {
		if j.ours {
			j.discard(ctx) // of a version of the source that is no more
		}
		j.part, j.ours, j.result.Verified = part, false, ""
		if j.o.Part != nil {
			if err := j.o.Part(part); err != nil {
				return err
			}
		}
		if j.o.onPart != nil {
			if err := j.o.onPart(part, decision{j.answer}); err != nil {
				return err
			}
		}
	}
	placed, err := j.bring(ctx)
	if err != nil {
		return err
	}
	if !placed {
		if err := j.place(ctx); err != nil {
			return err
		}
	}
	return j.removeSource(ctx)
}

// bring makes the part, checks it, and reports whether it has got its final name
// on the way.
func (j *job) bring(ctx context.Context) (placed bool, err error) {
	if j.ends.same && j.ends.copier != nil {
		err := j.ends.copier.Copy(ctx, j.from, j.part, true)
		if err == nil {
			j.ours = true
			j.progress(j.source.Size, true)
			j.result.Bytes = j.source.Size
			if err := j.unchanged(ctx, nil); err != nil {
				return false, err
			}
			return false, j.verify(ctx, nil)
		}
		if !fault.Is(err, fault.Unsupported) && !fault.Is(err, fault.Permission) {
			return false, err
		}
	}
	sum, placed, err := j.transfer(ctx)
	if err != nil || placed {
		return placed, err
	}
	return false, j.verify(ctx, sum)
}

var errDiffer = errors.New("the copy differs from the source")
