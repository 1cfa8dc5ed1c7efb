package transfer

import (
	"context"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// ask has a person or a rule decide. Nobody else waits for the answer.
func (j *job) ask(ctx context.Context, c Conflict) (Answer, error) {
	j.leave()
	answer, err := j.o.OnExists(ctx, c)
	if eerr := j.enter(ctx); err == nil {
		err = eerr
	}
	return answer, err
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
		if j.former == "" && j.replace && j.known && j.present != nil {
			j.former = j.present.ID // answered before the program was ended
		}
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
	j.former = target.ID
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
	differ := source.Size < 0 || target.Size < 0 || !files.SameSize(source, target)
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

// same reports whether two entries are taken for the same content: equal size,
// times no further apart than their precision and slack allow.
func same(a, b files.Entry, slack time.Duration) bool {
	if a.Size < 0 || b.Size < 0 || !files.SameSize(a, b) || a.ModTime.IsZero() || b.ModTime.IsZero() {
		return false
	}
	d := a.ModTime.Sub(b.ModTime)
	return max(d, -d) <= slack+max(a.Precise, b.Precise)
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
