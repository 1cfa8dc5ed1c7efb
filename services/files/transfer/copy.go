package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

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
	named   bool      // it may have its final name, but nobody said so
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
		if j.ours && !j.o.Resume {
			j.discard(ctx)
		}
		if cerr := ctx.Err(); cerr != nil {
			err = cerr
		}
		return j.result, fault.From("copy", "", err)
	}
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

// ask has a person or a rule decide. Nobody else waits for the answer.
func (j *job) ask(ctx context.Context, c Conflict) (Answer, error) {
	j.leave()
	answer, err := j.o.OnExists(ctx, c)
	if eerr := j.enter(ctx); err == nil {
		err = eerr
	}
	return answer, err
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

// trusted reports whether a listing says enough about a file to copy it without
// asking again. A link's size is not its file's, and a time that is known to the
// day only would be given to the copy.
func trusted(e *files.Entry) bool {
	return e != nil && e.Type == files.File && e.Size >= 0 && (!e.ModTime.IsZero() || e.ID != "") && e.Precise < 24*time.Hour
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

// moveThere renames on the server, where no byte has to travel. It reports
// whether that was possible.
func (j *job) moveThere(ctx context.Context) (bool, error) {
	to := j.to
	for n := 2; ; n++ {
		if j.answer == KeepBoth {
			to = j.to.Dir().Join(numbered(j.to.Base(), n))
		}
		err := j.src.Rename(ctx, j.from, to, j.answer == Replace)
		switch {
		case err == nil:
			j.progress(j.source.Size, true)
			j.result.Path, j.result.Bytes, j.result.Verified = to, j.source.Size, VerifiedSize
			j.result.Replaced, j.result.Moved = j.answer == Replace, true
			return true, nil
		case fault.Is(err, fault.Unsupported), fault.Is(err, fault.Permission):
			return false, nil // across two disks of the server, for one
		case j.answer != KeepBoth || !fault.Is(err, fault.Exists) || n > 9999:
			return false, err
		}
	}
}

// removeSource ends a move, when the copy has been checked.
func (j *job) removeSource(ctx context.Context) error {
	if !j.o.Move {
		return nil
	}
	if err := j.src.Remove(ctx, j.from); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	j.result.Moved = true
	return nil
}

// decide looks for a file in the way and asks what to do about it. It reports
// whether to go on.
func (j *job) decide(ctx context.Context) (bool, error) {
	if j.answer != "" {
		if j.named {
			if done, err := j.arrived(ctx); done || err != nil {
				return false, err
			}
		}
		j.result.Path = j.to
		return true, nil // answered in an earlier try
	}
	target := j.present
	if !j.known {
		e, err := j.dst.Stat(ctx, j.to)
		switch {
		case err == nil:
			target = &e
		case fault.Is(err, fault.Permission):
			target = nil // a folder in which one may write but not look
		case !fault.Is(err, fault.NotFound):
			return false, err
		default:
			target = nil
		}
	}
	j.result.Path = j.to
	if target == nil {
		j.replace = j.fresh // nobody else knows the folder yet, so nothing is asked for
		return true, nil
	}
	j.replace = false
	if (j.o.begun != nil || j.named) && target.Size == j.source.Size {
		// The name was free when the part was begun. If the part is gone, it has
		// got this name, and the program or the connection ended before that was
		// noted.
		if done, err := j.arrived(ctx); done || err != nil {
			return false, err
		}
	}
	if j.o.SkipSame && same(j.source, *target, 2*time.Second) {
		j.result.Skipped, j.result.Bytes = true, j.source.Size
		return false, nil
	}
	if j.o.OnExists == nil {
		return false, fault.Newf(fault.Exists, "copy", "", "%s", j.to)
	}
	answer, err := j.ask(ctx, Conflict{Source: j.source, Target: *target, SourcePath: j.from, TargetPath: j.to})
	if err != nil {
		return false, err
	}
	answer = settled(answer, j.source, *target)
	switch {
	case answer == Skip:
		j.result.Skipped = true
		return false, nil
	case answer == Replace && target.Type.IsDir():
		return false, fault.Newf(fault.Exists, "copy", "", "%s is a folder", j.to)
	}
	if strings.HasPrefix(string(answer), rename) {
		// The other name may be taken as well; given once more, it cannot be meant.
		if string(answer) == rename+files.ExportName(j.dst, j.to.Base()) {
			return true, j.take(KeepBoth)
		}
		if err := j.take(answer); err != nil {
			return false, err
		}
		j.answer, j.known, j.present = "", false, nil
		goOn, err := j.decide(ctx)
		if j.answer == "" {
			j.answer = answer
		}
		return goOn, err
	}
	return true, j.take(answer)
}

// take carries an answer into the job.
func (j *job) take(answer Answer) error {
	name, renamed := strings.CutPrefix(string(answer), rename)
	switch {
	case renamed:
		if err := files.CheckName(name); err != nil {
			return fault.New(fault.Unsupported, "copy", "", err)
		}
		j.to = j.to.Dir().Join(files.ImportName(j.dst, name))
		j.result.Path, j.fresh = j.to, false
	case answer == Replace, answer == KeepBoth:
	default:
		return fault.Newf(fault.Internal, "copy", "", "answer %q", answer)
	}
	j.answer, j.replace = answer, answer == Replace
	return nil
}

// settled makes Replace or Skip of an answer that depends on the two files.
func settled(a Answer, source, target files.Entry) Answer {
	differ := source.Size < 0 || source.Size != target.Size
	switch a {
	case ReplaceSize:
		if differ {
			return Replace
		}
		return Skip
	case ReplaceOlder:
		if source.ModTime.IsZero() || target.ModTime.IsZero() {
			if differ { // what is known of them says that they are not the same
				return Replace
			}
			return Skip
		}
		if source.ModTime.Sub(target.ModTime) > 2*time.Second+max(source.Precise, target.Precise) {
			return Replace
		}
		return Skip
	}
	return a
}

// arrived reports whether the part is gone while the target is there.
func (j *job) arrived(ctx context.Context) (bool, error) {
	if _, err := j.dst.Stat(ctx, j.partOf(j.source)); !fault.Is(err, fault.NotFound) {
		return false, nil //nolint:nilerr // whatever it says, the copy is made once more
	}
	if target, err := j.dst.Stat(ctx, j.to); err != nil || target.Size != j.source.Size {
		return false, nil //nolint:nilerr // as above
	}
	j.result.Bytes, j.result.Resumed, j.result.Verified = j.source.Size, j.source.Size, VerifiedSize
	return true, j.removeSource(ctx)
}

func (j *job) partOf(source files.Entry) files.Path {
	return partOf(j.to, j.src.URL(j.from), source)
}

// partOf is the temporary file for a version of the source at url.
func partOf(to files.Path, url string, source files.Entry) files.Path {
	return to.Dir().Join(files.PartName(to.Base(), token(url, source)))
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

// A copy that is smaller and quicker than this is not asked about again: its
// number of bytes is what was announced.
const (
	briefSize = 8 << 20
	briefTime = 5 * time.Second
)

// unchanged makes sure that the source is still what it was at the beginning.
func (j *job) unchanged(ctx context.Context, r io.Reader) error {
	if w, ok := r.(files.Witness); ok {
		changed, err := w.Changed()
		if err == nil && changed {
			err = j.changed(ctx)
		}
		return err
	}
	if _, ok := r.(files.Described); ok {
		return nil // all its bytes are of the version that was looked at before
	}
	if j.source.Size < briefSize && time.Since(j.began) < briefTime {
		return nil
	}
	now, err := j.src.Stat(ctx, j.from)
	if err != nil {
		return err
	}
	if !sameVersion(j.source, now) {
		return j.changed(ctx)
	}
	return nil
}

// described makes sure that a reader which knows what it reads has the version
// that was announced.
func (j *job) described(r io.Reader) error {
	d, ok := r.(files.Described)
	if !ok {
		return nil
	}
	size, modTime, id := d.Describe()
	if size < 0 {
		size = j.source.Size
	}
	if modTime.IsZero() {
		modTime = j.source.ModTime
	}
	if !sameVersion(j.source, files.Entry{Size: size, ModTime: modTime, Precise: time.Second, ID: id}) {
		return fault.Newf(fault.Protocol, "copy", "", "%s is another version than a moment ago", j.from)
	}
	return nil
}

// sameVersion reports whether two entries tell of one version of a file. Times
// told equally exactly must be equal; a listing may be coarser than Stat.
func sameVersion(a, b files.Entry) bool {
	switch {
	case a.Size != b.Size:
		return false
	case a.ModTime.IsZero() || b.ModTime.IsZero():
		return a.ID == "" || b.ID == "" || a.ID == b.ID
	case a.Precise == b.Precise:
		return a.ModTime.Equal(b.ModTime)
	}
	return a.ModTime.Sub(b.ModTime).Abs() <= max(a.Precise, b.Precise)
}

func (j *job) changed(ctx context.Context) error {
	j.discard(ctx)
	return fault.Newf(fault.Protocol, "copy", "", "%s changed while it was copied", j.from)
}

func (j *job) discard(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	// The failure that led here is what counts; a part left over harms nobody.
	_ = j.dst.Remove(ctx, j.part)
}

// place gives the finished part its name.
func (j *job) place(ctx context.Context) error {
	if j.part.Equal(j.to) {
		j.result.Path, j.result.InPlace = j.to, true
		return nil
	}
	to := j.to
	for n := 2; ; n++ {
		if j.answer == KeepBoth {
			to = j.to.Dir().Join(numbered(j.to.Base(), n))
		}
		err := j.dst.Rename(ctx, j.part, to, j.replace)
		switch {
		case err == nil:
			j.placed(to)
			return nil
		case fault.Is(err, fault.Permission) || fault.Is(err, fault.Unsupported):
			return j.inPlace(ctx, err)
		case fault.KindOf(err).Transient():
			j.named, j.known = true, false
			return err
		case !fault.Is(err, fault.Exists) || n > 9999:
			return err
		case j.answer == KeepBoth:
		default:
			if goOn, err := j.inTheWay(ctx, err); err != nil || !goOn {
				return err
			}
			to = j.to
		}
	}
}

func (j *job) placed(to files.Path) {
	j.result.Path, j.result.Replaced = to, j.answer == Replace
}

// inTheWay asks about a file that appeared under the target's name while the
// copy ran, and reports whether to go on.
func (j *job) inTheWay(ctx context.Context, err error) (bool, error) {
	if j.o.OnExists == nil {
		j.discard(ctx)
		return false, err
	}
	part := j.part
	j.known, j.present, j.answer, j.fresh = false, nil, "", false
	goOn, derr := j.decide(ctx)
	if derr != nil || !goOn {
		j.discard(ctx)
		return false, derr
	}
	if j.answer == "" { // and it is gone again, or will be found in the next try
		return false, err
	}
	j.part = part
	return true, nil
}

// inPlace writes the file under its final name at once, in a folder that takes
// files but lets nobody rename them. why is what the renaming failed with. A
// file that is there already is not touched.
func (j *job) inPlace(ctx context.Context, why error) error {
	if j.answer != "" {
		return why
	}
	if _, err := j.dst.Stat(ctx, j.to); err == nil || !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Permission) {
		return why
	}
	j.discard(ctx)
	j.part, j.ours, j.result.Verified = j.to, false, ""
	sum, _, err := j.transfer(ctx)
	if err == nil {
		err = j.verify(ctx, sum)
	}
	if err != nil {
		j.discard(ctx)
		return err
	}
	j.ends.direct.Store(true)
	j.result.Path, j.result.InPlace = j.to, true
	return nil
}

// numbered makes "photo (2).jpg" of "photo.jpg". A long name is shortened, so
// that file systems take the new one too.
func numbered(name string, n int) string {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if stem == "" || len(ext) > 10 {
		stem, ext = name, ""
	}
	if rest, ok := strings.CutSuffix(stem, ".tar"); ok && rest != "" {
		stem, ext = rest, ".tar"+ext
	}
	number := fmt.Sprintf(" (%d)", n)
	if over := len(name) + len(number) - 255; over > 0 && over < len(stem) {
		stem = stem[:len(stem)-over]
		for len(stem) > 0 && !utf8.ValidString(stem) && utf8.ValidString(name) {
			stem = stem[:len(stem)-1]
		}
	}
	return stem + number + ext
}

var errDiffer = errors.New("the copy differs from the source")
