package transfer

import (
	"bytes"
	"context"
	"errors"
	"hash"
	"io"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/checksum"
)

// tail is how much of a part is compared with the source before it is
// continued.
const tail = 64 << 10

// small is the size below which a file is never continued, but begun again: to
// look for its part would cost more.
const small = 1 << 20

// transfer brings the part to its full length and gives the checksum of all
// bytes, nil where it did not see them all. It reports whether the file has got
// its final name already.
func (j *job) transfer(ctx context.Context) (sum hash.Hash, placed bool, err error) {
	offset, pieces, err := j.resumeAt(ctx)
	if err != nil {
		return nil, false, err
	}
	modTime := j.source.ModTime
	if j.o.NoTimes {
		modTime = time.Time{}
	}
	if pieces != nil {
		return nil, false, j.assemble(ctx, nil, pieces)
	}
	if offset > 0 && offset == j.source.Size {
		j.result.Resumed, j.result.Bytes = offset, offset
		j.progress(offset, true)
		return nil, false, j.setTime(ctx)
	}
	r, err := j.src.Read(ctx, j.from, offset)
	if offset > 0 && fault.Is(err, fault.Unsupported) {
		offset = 0
		r, err = j.src.Read(ctx, j.from, 0)
	}
	if err != nil {
		return nil, false, err
	}
	if err := j.described(r); err != nil {
		closeQuietly(r)
		return nil, false, err
	}
	options := files.WriteOptions{
		Offset: offset, Size: j.source.Size, ModTime: modTime,
		Lazy: j.lazy && j.source.Size < small && j.answer != Replace,
	}
	if j.ends.algo == "" && j.finishable(nil) {
		options.Final = j.to
	}
	w, err := j.dst.Write(ctx, j.part, options)
	if err != nil && offset > 0 && fault.Is(err, fault.Unsupported) && ctx.Err() == nil {
		// This server cannot continue: from the beginning.
		closeQuietly(r)
		offset, options.Offset = 0, 0
		if r, err = j.src.Read(ctx, j.from, 0); err != nil {
			return nil, false, err
		}
		w, err = j.dst.Write(ctx, j.part, options)
	}
	if err != nil {
		closeQuietly(r)
		return nil, false, err
	}
	j.ours = true
	j.result.Resumed = offset

	if offset == 0 && j.ends.algo != "" {
		sum = checksum.New(j.ends.algo)
	}
	count := &counter{ctx: ctx, job: j, done: offset, sum: sum}
	slow := false
	if j.divisible() {
		slow, err = j.probe(r, w, count)
	}
	if slow {
		// Several connections may be faster than this one.
		if err := w.Abort(false); err != nil {
			closeQuietly(r)
			return nil, false, err
		}
		return nil, false, j.assemble(ctx, r, newPieces(j.source.Size, count.done))
	}
	if err == nil {
		err = pump(r, w, count)
	}
	grown := j.source.Size >= 0 && count.done > j.source.Size
	if err == nil && j.source.Size >= 0 && count.done != j.source.Size {
		err = fault.Newf(fault.Protocol, "copy", "", "%d bytes came of %d", count.done, j.source.Size)
	}
	if err == nil {
		err = j.unchanged(ctx, r)
	}
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		keep := !grown && (j.o.Resume || ctx.Err() == nil && fault.KindOf(err).Transient())
		if aerr := w.Abort(!keep); aerr != nil && !keep {
			err = errors.Join(err, aerr)
		}
		return nil, false, err
	}
	j.result.Bytes = count.done
	j.progress(count.done, true)
	if f, ok := w.(files.Finisher); ok && j.finishable(sum) {
		if err := j.stillThat(ctx); err != nil {
			if aerr := w.Abort(true); aerr != nil {
				err = errors.Join(err, aerr)
			}
			return nil, false, j.askAgain(err)
		}
		placed, err = j.finish(ctx, f)
		return sum, placed, err
	}
	if err := w.Commit(ctx); err != nil {
		if fault.Is(err, fault.Damaged) {
			j.discard(ctx)
		}
		return nil, false, err
	}
	j.result.Verified = j.counted()
	return sum, false, nil
}

// finishable reports whether nothing is left to be done with the part between
// its last byte and its new name.
func (j *job) finishable(sum hash.Hash) bool {
	return sum == nil && !j.o.ReadBack && j.answer != KeepBoth && !j.part.Equal(j.to) &&
		(j.o.Keep == nil || j.answer != Replace) && (j.ends.to.AtomicReplace || j.replacer() == nil)
}

// finish commits and renames in one.
func (j *job) finish(ctx context.Context, f files.Finisher) (placed bool, err error) {
	err = f.CommitAs(ctx, j.to, j.replace)
	switch {
	case err == nil:
		j.result.Verified = j.counted()
		if p, ok := f.(files.Proven); ok {
			if algo, sum := p.Proof(); sum != "" {
				j.result.Verified, j.result.Checksum = VerifiedChecksum, algo+":"+sum
			}
		}
		j.placed(j.to)
		return true, nil
	case errors.Is(err, fault.ErrName):
	case fault.Is(err, fault.Exists), fault.Is(err, fault.Permission), fault.Is(err, fault.Unsupported):
		if _, serr := j.dst.Stat(ctx, j.part); fault.Is(serr, fault.NotFound) {
			return false, err // the bytes were refused
		}
		// The bytes are there, the name is not: place tells what to do about it.
		j.result.Verified = j.counted()
		return false, nil
	case fault.Is(err, fault.Damaged):
		j.discard(ctx)
	case fault.KindOf(err).Transient():
		j.named, j.known = true, false
	}
	return false, err
}

// setTime gives a part the time of its source, where the server lets one.
func (j *job) setTime(ctx context.Context) error {
	if j.o.NoTimes || j.source.ModTime.IsZero() {
		return nil
	}
	err := j.dst.SetTime(ctx, j.part, j.source.ModTime)
	if fault.Is(err, fault.Unsupported) || fault.Is(err, fault.Permission) {
		return nil
	}
	return err
}

// closeQuietly closes a reader whose bytes are not wanted any more.
func closeQuietly(r io.Closer) { _ = r.Close() }

// resumeAt finds how much of a part is good: it must be of the same source
// (which its name says), and end in the same bytes. A part that was put together
// of pieces says itself which it has.
func (j *job) resumeAt(ctx context.Context) (int64, *pieces, error) {
	if !j.o.Resume && !j.ours || j.source.Size < small && !j.ours || j.source.Size <= 0 || j.part.Equal(j.to) {
		return 0, nil, nil
	}
	caps, err := j.dst.Caps(ctx) // not those of the beginning: it may have learnt that it cannot
	if err != nil {
		return 0, nil, err
	}
	if !caps.Resume {
		return 0, nil, nil
	}
	part, err := j.dst.Stat(ctx, j.part)
	if err != nil {
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Permission) {
			return 0, nil, nil
		}
		return 0, nil, err
	}
	if part.Type != files.File || part.Size <= 0 {
		return 0, nil, nil
	}
	if part.Size > j.source.Size {
		p, err := j.resumePieces(ctx)
		return 0, p, err
	}
	offset := part.Size - caps.Rewind
	if part.Size == j.source.Size && caps.Rewind > 0 && j.result.Verified != "" {
		offset = part.Size // committed in an earlier try, only what follows failed
	}
	if offset <= 0 {
		return 0, nil, nil
	}
	same, err := j.sameTail(ctx, offset)
	if err != nil || !same {
		return 0, nil, err
	}
	return offset, nil, nil
}

// sameTail compares the bytes of source and part before an offset. What cannot
// be compared is not the same.
func (j *job) sameTail(ctx context.Context, offset int64) (bool, error) {
	start := max(0, offset-tail)
	mine, err := readTail(ctx, j.src, j.from, start, offset)
	if err == nil {
		var theirs []byte
		if theirs, err = readTail(ctx, j.dst, j.part, start, offset); err == nil {
			return bytes.Equal(mine, theirs), nil
		}
	}
	if fault.Is(err, fault.Unsupported) || fault.Is(err, fault.Permission) || errors.Is(err, errShort) {
		return false, nil
	}
	return false, err
}

var errShort = errors.New("fewer bytes than expected")

func readTail(ctx context.Context, f files.FS, p files.Path, start, end int64) ([]byte, error) {
	var r io.ReadCloser
	var err error
	if ranger, ok := f.(files.Ranger); ok {
		r, err = ranger.ReadRange(ctx, p, start, end-start)
	} else {
		r, err = f.Read(ctx, p, start)
	}
	if err != nil {
		return nil, err
	}
	b := make([]byte, end-start)
	_, err = io.ReadFull(r, b)
	closeQuietly(r) // most of the file may still be on its way
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errShort
	}
	return b, err
}
