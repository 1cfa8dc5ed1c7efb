package transfer

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
)

// tail is how much of a part is compared with the source before it is
// continued.
const tail = 64 << 10

// block is the size of one read and write.
const block = 256 << 10

// transfer brings the part to its full length and gives the checksum of all
// bytes, nil where it did not see them all.
func (j *job) transfer(ctx context.Context) (hash.Hash, error) {
	offset, err := j.resumeAt(ctx)
	if err != nil {
		return nil, err
	}
	modTime := j.source.ModTime
	if j.o.NoTimes {
		modTime = time.Time{}
	}
	if offset > 0 && offset == j.source.Size {
		j.result.Resumed, j.result.Bytes = offset, offset
		j.progress(offset)
		if modTime.IsZero() {
			return nil, nil
		}
		if err := j.dst.SetTime(ctx, j.part, modTime); err != nil && !fault.Is(err, fault.Unsupported) && !fault.Is(err, fault.Permission) {
			return nil, err
		}
		return nil, nil
	}
	r, err := j.src.Read(ctx, j.from, offset)
	if offset > 0 && fault.Is(err, fault.Unsupported) {
		offset = 0
		r, err = j.src.Read(ctx, j.from, 0)
	}
	if err != nil {
		return nil, err
	}
	options := files.WriteOptions{Offset: offset, Size: j.source.Size, ModTime: modTime}
	w, err := j.dst.Write(ctx, j.part, options)
	if err != nil && offset > 0 && fault.Is(err, fault.Unsupported) && ctx.Err() == nil {
		// This server cannot continue: from the beginning.
		closeQuietly(r)
		offset, options.Offset = 0, 0
		if r, err = j.src.Read(ctx, j.from, 0); err != nil {
			return nil, err
		}
		w, err = j.dst.Write(ctx, j.part, options)
	}
	if err != nil {
		closeQuietly(r)
		return nil, err
	}
	j.ours = true
	j.result.Resumed = offset

	var sum hash.Hash
	if offset == 0 {
		if algo := j.algorithm(ctx); algo != "" {
			sum = local.NewHash(algo)
		}
	}
	count := &counter{done: offset, job: j, sum: sum}
	err = pump(r, w, count)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err == nil && j.source.Size >= 0 && count.done != j.source.Size {
		err = fault.Newf(fault.Protocol, "copy", "", "%d bytes came of %d", count.done, j.source.Size)
	}
	if err != nil {
		keep := j.o.Resume || ctx.Err() == nil && fault.KindOf(err).Transient()
		if aerr := w.Abort(!keep); aerr != nil && !keep {
			err = errors.Join(err, aerr)
		}
		return nil, err
	}
	j.result.Bytes = count.done
	if err := w.Commit(ctx); err != nil {
		if fault.Is(err, fault.Damaged) {
			j.discard(ctx)
		}
		return nil, err
	}
	j.result.Verified = VerifiedSize
	return sum, nil
}

// closeQuietly closes a reader whose bytes are not wanted any more.
func closeQuietly(r io.Closer) { _ = r.Close() }

// resumeAt finds how much of a part is good: it must be of the same source
// (which its name says), not longer, and end in the same bytes.
func (j *job) resumeAt(ctx context.Context) (int64, error) {
	if !j.o.Resume && !j.ours || j.source.Size <= 0 {
		return 0, nil
	}
	caps, err := j.dst.Caps(ctx)
	if err != nil {
		return 0, err
	}
	if !caps.Resume {
		return 0, nil
	}
	part, err := j.dst.Stat(ctx, j.part)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			return 0, nil
		}
		return 0, err
	}
	if part.Type != files.File || part.Size <= 0 || part.Size > j.source.Size {
		return 0, nil
	}
	offset := part.Size - caps.Rewind
	if part.Size == j.source.Size && caps.Rewind > 0 && j.result.Verified != "" {
		offset = part.Size // committed in an earlier try, only what follows failed
	}
	if offset <= 0 {
		return 0, nil
	}
	start := max(0, offset-tail)
	mine, err := readTail(ctx, j.src, j.from, start, offset)
	if err == nil {
		var theirs []byte
		if theirs, err = readTail(ctx, j.dst, j.part, start, offset); err == nil && !bytes.Equal(mine, theirs) {
			return 0, nil
		}
	}
	switch {
	case err == nil:
		return offset, nil
	case fault.Is(err, fault.Unsupported), fault.Is(err, fault.Permission), errors.Is(err, errShort):
		return 0, nil // what cannot be compared is not continued
	}
	return 0, err
}

var errShort = errors.New("fewer bytes than expected")

func readTail(ctx context.Context, f files.FS, p files.Path, start, end int64) ([]byte, error) {
	r, err := f.Read(ctx, p, start)
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

// counter counts bytes on their way, for progress and checksum.
type counter struct {
	job  *job
	done int64
	sum  hash.Hash
}

func (c *counter) pass(b []byte) {
	if c.sum != nil {
		c.sum.Write(b) // never fails, says hash.Hash
	}
	c.done += int64(len(b))
	c.job.gained += int64(len(b))
	c.job.progress(c.done)
}

func (j *job) progress(done int64) {
	j.moved = time.Now()
	if j.o.Progress != nil {
		j.o.Progress(done, j.source.Size)
	}
}

type countedReader struct {
	io.Reader
	c *counter
}

func (r countedReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.c.pass(b[:n])
	return n, err
}

type countedWriter struct {
	io.Writer
	c *counter
}

func (w countedWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	w.c.pass(b[:n])
	return n, err
}

// pump moves all bytes. A side that pipelines (SFTP) is given the lead.
func pump(r io.Reader, w io.Writer, c *counter) error {
	from, leads := r.(io.WriterTo)
	to, takes := w.(io.ReaderFrom)
	switch {
	case leads && takes:
		pr, pw := io.Pipe()
		var g errgroup.Group
		g.Go(func() error {
			_, err := from.WriteTo(countedWriter{pw, c})
			return errors.Join(err, pw.CloseWithError(err))
		})
		_, err := to.ReadFrom(pr)
		// The reading side is told, or it would wait for ever.
		_ = pr.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		if gerr := g.Wait(); err == nil {
			err = gerr
		}
		return err
	case leads:
		_, err := from.WriteTo(countedWriter{w, c})
		return err
	case takes:
		_, err := to.ReadFrom(countedReader{r, c})
		return err
	}
	buf := make([]byte, block)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if _, werr := w.Write(buf[:n]); werr != nil {
				return werr
			}
			c.pass(buf[:n])
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// algorithm picks the checksum that a server of the two can compute; "" where
// none can.
func (j *job) algorithm(ctx context.Context) string {
	a, aerr := j.src.Caps(ctx)
	b, berr := j.dst.Caps(ctx)
	if aerr != nil || berr != nil {
		return ""
	}
	var offered []string
	if _, remote := j.src.(files.Connected); remote {
		offered = a.Hash
	}
	if _, remote := j.dst.(files.Connected); remote && len(offered) == 0 {
		offered = b.Hash
	}
	for _, algo := range []string{"sha256", "sha512", "sha1", "md5", "crc32"} {
		for _, have := range offered {
			if have == algo {
				return algo
			}
		}
	}
	return ""
}

// verify compares checksums where a server computes them. All sides have
// confirmed the size before.
func (j *job) verify(ctx context.Context, sum hash.Hash) error {
	if j.result.Verified == "" {
		e, err := j.dst.Stat(ctx, j.part)
		if err != nil {
			return err
		}
		if e.Size != j.source.Size {
			j.discard(ctx)
			return fault.New(fault.Damaged, "verify", "", errDiffer)
		}
		j.result.Verified = VerifiedSize
	}
	algo := j.algorithm(ctx)
	if algo == "" {
		return nil
	}
	ask := func(f files.FS, p files.Path) (string, error) {
		h, ok := f.(files.Hasher)
		if !ok {
			return "", nil
		}
		caps, err := f.Caps(ctx)
		if err != nil {
			return "", err
		}
		for _, have := range caps.Hash {
			if have == algo {
				s, err := h.Hash(ctx, p, algo)
				if err != nil && ctx.Err() == nil && !fault.KindOf(err).Transient() {
					return "", nil // it promised more than it does
				}
				return strings.ToLower(s), err
			}
		}
		return "", nil
	}
	var sums []string
	if sum != nil {
		sums = append(sums, hex.EncodeToString(sum.Sum(nil)))
	}
	_, srcRemote := j.src.(files.Connected)
	_, dstRemote := j.dst.(files.Connected)
	if srcRemote || sum == nil {
		s, err := ask(j.src, j.from)
		if err != nil {
			return err
		}
		sums = append(sums, s)
	}
	if dstRemote || sum == nil {
		s, err := ask(j.dst, j.part)
		if err != nil {
			return err
		}
		sums = append(sums, s)
	}
	first, compared := "", 0
	for _, s := range sums {
		switch {
		case s == "":
		case first == "":
			first, compared = s, 1
		case s != first:
			j.discard(ctx)
			return fault.New(fault.Damaged, "verify", "", errDiffer)
		default:
			compared++
		}
	}
	if compared > 1 {
		j.result.Verified, j.result.Checksum = VerifiedChecksum, algo+":"+first
	}
	return nil
}
