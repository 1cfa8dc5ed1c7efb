package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// Copy copies one file: into a temporary file beside the target, checked, and
// renamed only when all its bytes have arrived; a target of that name is whole
// at every moment, the old one or the new one. to is the full path of the
// target. A local dst should be rooted at the target folder, so that no link
// leads out of it. src and dst must not be the same FTP file system value: each
// holds a connection. Faults: Exists, Cancelled, those of the file systems;
// Protocol when the source changed while it was copied; Damaged when sizes or
// checksums differ.
func Copy(ctx context.Context, src files.FS, from files.Path, dst files.FS, to files.Path, o Options) (Result, error) {
	return (&job{src: src, from: from, dst: dst, to: to, o: o}).run(ctx)
}

// job is one file on its way.
type job struct {
	src, dst files.FS
	from, to files.Path
	o        Options

	// known, if set, is what the caller has just listed at the target.
	known   bool
	present *files.Entry

	source  files.Entry
	part    files.Path
	answer  Answer
	replace bool
	ours    bool      // the part is from this very call
	moved   time.Time // when the last byte did
	gained  int64     // bytes of this try
	result  Result
}

func (j *job) run(ctx context.Context) (Result, error) {
	began := time.Now()
	if len(j.from) == 0 || len(j.to) == 0 {
		return Result{}, fault.Newf(fault.Unsupported, "copy", "", "a root is no file")
	}
	if j.src.URL(j.from) == j.dst.URL(j.to) {
		return Result{}, fault.Newf(fault.Exists, "copy", "", "source and target are the same file")
	}
	if b := j.o.begun; b != nil {
		j.answer, j.replace = b.Answer, b.Answer == Replace
	}
	tries := j.o.Tries
	if tries == 0 {
		tries = 3
	}
	var idle time.Duration // lost to tries in which nothing moved any more
	for try := 1; ; try++ {
		j.moved, j.gained = time.Now(), 0
		err := j.once(ctx)
		j.result.Time = time.Since(began)
		if err == nil {
			return j.result, nil
		}
		if j.gained >= worthwhile {
			idle = 0
		}
		idle += time.Since(j.moved)
		again := try < tries && idle < patience
		switch fault.KindOf(err) {
		case fault.Protocol, fault.Timeout, fault.Busy, fault.Refused:
		case fault.Damaged: // the part is gone: once more from the beginning
			again = again && try == 1
		default:
			again = false
		}
		if again && ctx.Err() == nil && pause(ctx, backoff(try)) {
			continue
		}
		if j.ours && !j.o.Resume {
			j.discard(ctx)
		}
		if cerr := ctx.Err(); cerr != nil {
			err = cerr
		}
		return j.result, fault.From("copy", "", err)
	}
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

// token names the part of exactly this version of the source: a part of
// another version is never continued.
func token(url string, e files.Entry) string {
	id := ""
	if e.ModTime.IsZero() {
		id = e.ID
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{
		url, strconv.FormatInt(e.Size, 10), strconv.FormatInt(e.ModTime.Unix(), 10), id,
	}, "\x00")))
	return hex.EncodeToString(sum[:4])
}

func (j *job) once(ctx context.Context) error {
	source, err := j.src.Stat(ctx, j.from)
	if err != nil {
		return err
	}
	if source.Type != files.File && source.Type != files.LinkFile {
		return fault.Newf(fault.Unsupported, "copy", "", "%s is no file", j.from)
	}
	j.source = source
	if goOn, err := j.decide(ctx); err != nil || !goOn {
		return err
	}
	part := j.partOf(source)
	if !part.Equal(j.part) {
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
	sum, err := j.transfer(ctx)
	if err != nil {
		return err
	}
	if err := j.unchanged(ctx); err != nil {
		return err
	}
	if err := j.verify(ctx, sum); err != nil {
		return err
	}
	return j.place(ctx)
}

// decide looks for a file in the way and asks what to do about it. It reports
// whether to go on.
func (j *job) decide(ctx context.Context) (bool, error) {
	if j.answer != "" {
		j.result.Path = j.to
		return true, nil // answered in an earlier try
	}
	target := j.present
	if !j.known {
		e, err := j.dst.Stat(ctx, j.to)
		switch {
		case err == nil:
			target = &e
		case !fault.Is(err, fault.NotFound):
			return false, err
		}
	}
	j.result.Path = j.to
	if target == nil {
		return true, nil
	}
	if j.o.begun != nil && target.Size == j.source.Size {
		// The name was free when the part was begun. If the part is gone, it has
		// got this name, and the program ended before it could note that.
		if _, err := j.dst.Stat(ctx, j.partOf(j.source)); fault.Is(err, fault.NotFound) {
			j.result.Bytes, j.result.Resumed, j.result.Verified = j.source.Size, j.source.Size, VerifiedSize
			return false, nil
		}
	}
	if j.o.SkipSame && same(j.source, *target, 2*time.Second) {
		j.result.Skipped, j.result.Bytes = true, j.source.Size
		return false, nil
	}
	if j.o.OnExists == nil {
		return false, fault.Newf(fault.Exists, "copy", "", "%s", j.to)
	}
	answer, err := j.o.OnExists(ctx, Conflict{Source: j.source, Target: *target, SourcePath: j.from, TargetPath: j.to})
	if err != nil {
		return false, err
	}
	switch answer {
	case Skip:
		j.result.Skipped = true
		return false, nil
	case Replace:
		if target.Type.IsDir() {
			return false, fault.Newf(fault.Exists, "copy", "", "%s is a folder", j.to)
		}
		j.replace = true
	case KeepBoth:
	default:
		return false, fault.Newf(fault.Internal, "copy", "", "answer %q", answer)
	}
	j.answer = answer
	return true, nil
}

func (j *job) partOf(source files.Entry) files.Path {
	return j.to.Dir().Join(files.PartName(j.to.Base(), token(j.src.URL(j.from), source)))
}

// same reports whether two entries are taken for the same content: equal size,
// times no further apart than their precision and slack allow.
func same(a, b files.Entry, slack time.Duration) bool {
	if a.Size < 0 || a.Size != b.Size || a.ModTime.IsZero() || b.ModTime.IsZero() {
		return false
	}
	d := a.ModTime.Sub(b.ModTime)
	return max(d, -d) <= slack+max(a.Precise, b.Precise)
}

// unchanged makes sure that the source is still what it was at the beginning.
func (j *job) unchanged(ctx context.Context) error {
	now, err := j.src.Stat(ctx, j.from)
	if err != nil {
		return err
	}
	if now.Size != j.source.Size || !now.ModTime.Equal(j.source.ModTime) {
		j.discard(ctx)
		return fault.Newf(fault.Protocol, "copy", "", "%s changed while it was copied", j.from)
	}
	return nil
}

func (j *job) discard(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	// The failure that led here is what counts; a part left over harms nobody.
	_ = j.dst.Remove(ctx, j.part)
}

// place gives the finished part its name.
func (j *job) place(ctx context.Context) error {
	to := j.to
	for n := 2; ; n++ {
		if j.answer == KeepBoth {
			to = j.to.Dir().Join(numbered(j.to.Base(), n))
		}
		err := j.dst.Rename(ctx, j.part, to, j.replace)
		switch {
		case err == nil:
			j.result.Path, j.result.Replaced = to, j.replace
			return nil
		case !fault.Is(err, fault.Exists) || n > 9999:
			return err
		case j.answer == KeepBoth:
		case j.o.OnExists == nil:
			j.discard(ctx)
			return err
		default:
			// It appeared while the copy ran.
			j.known = false
			if goOn, derr := j.decide(ctx); derr != nil || !goOn {
				j.discard(ctx)
				return derr
			}
			if j.answer == "" {
				return err
			}
		}
	}
}

// numbered makes "photo (2).jpg" of "photo.jpg".
func numbered(name string, n int) string {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if stem == "" || len(ext) > 10 {
		stem, ext = name, ""
	}
	if rest, ok := strings.CutSuffix(stem, ".tar"); ok && rest != "" {
		stem, ext = rest, ".tar"+ext
	}
	return fmt.Sprintf("%s (%d)%s", stem, n, ext)
}

var errDiffer = errors.New("the copy differs from the source")
