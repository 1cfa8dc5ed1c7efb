package transfer

import (
	"context"
	"errors"
	"hash"
	"io"
	"math"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
)

// block is the size of one read and write.
const block = 256 << 10

// buffers are blocks; taking new ones for each of many small files would cost
// more than the files.
var buffers = sync.Pool{New: func() any { b := make([]byte, block); return &b }}

// counter counts bytes on their way: for progress, checksum and speed limit.
type counter struct {
	ctx  context.Context
	job  *job
	done int64
	sum  hash.Hash
}

func (c *counter) pass(b []byte) error {
	if c.sum != nil {
		c.sum.Write(b) // never fails, says hash.Hash
	}
	return c.passed(int64(len(b)))
}

func (c *counter) passed(n int64) error {
	c.tell(n)
	if size := c.job.source.Size; size >= 0 && c.done > size+block {
		// It would be refused at its end, which a hostile server never comes to.
		return fault.Newf(fault.Protocol, "copy", "", "%d bytes came of %d", c.done, size)
	}
	return c.job.wait(c.ctx, int(n))
}

// tell counts bytes without holding anybody up.
func (c *counter) tell(n int64) {
	c.done += n
	c.job.gained += n
	c.job.progress(c.done, false)
}

// wait holds the job up where its speed is bounded.
func (j *job) wait(ctx context.Context, n int) error {
	l := j.o.Limits
	if l == nil {
		return nil
	}
	if j.ends.down {
		if err := l.wait(ctx, false, n); err != nil {
			return err
		}
	}
	if j.ends.up {
		return l.wait(ctx, true, n)
	}
	return nil
}

// progress is told often enough for a person: after a MiB or a tenth of a second.
func (j *job) progress(done int64, last bool) {
	now := time.Now()
	j.moved = now
	if !last && done-j.shownAt < 1<<20 && done >= j.shownAt && now.Sub(j.shown) < 100*time.Millisecond {
		return
	}
	for _, l := range j.ends.lanes {
		l.moved(j.gained - j.told)
	}
	j.shown, j.shownAt, j.told = now, done, j.gained
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
	if perr := r.c.pass(b[:n]); perr != nil {
		return n, perr
	}
	return n, err
}

type countedWriter struct {
	io.Writer
	c *counter
}

func (w countedWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	if perr := w.c.pass(b[:n]); err == nil {
		err = perr
	}
	return n, err
}

// ReadFrom implements io.ReaderFrom: a bare connection or file is given to a
// target on this computer, where the system can move the bytes by itself.
func (w countedWriter) ReadFrom(r io.Reader) (n int64, err error) {
	to, ok := w.Writer.(io.ReaderFrom)
	if ok && w.c.sum == nil && bare(r) {
		return w.c.splice(to, r)
	}
	return w.c.loop(r, w.Writer)
}

// bare reports whether the system knows what is behind r.
func bare(r io.Reader) bool {
	switch r := r.(type) {
	case *net.TCPConn, *os.File:
		return true
	case *io.LimitedReader:
		return bare(r.R)
	}
	return false
}

// splice lets the system move the bytes, in pieces that grow as long as they are
// quick: in between progress is told and the speed limit obeyed.
func (c *counter) splice(to io.ReaderFrom, r io.Reader) (all int64, err error) {
	limit := int64(math.MaxInt64)
	if l, ok := r.(*io.LimitedReader); ok {
		limit, r = l.N, l.R
		defer func() { l.N -= all }()
	}
	for piece := int64(block); all < limit; {
		began := time.Now()
		want := min(piece, limit-all)
		n, err := to.ReadFrom(&io.LimitedReader{R: r, N: want})
		all += n
		if perr := c.passed(n); err == nil {
			err = perr
		}
		if err != nil || n < want {
			return all, err
		}
		if took := time.Since(began); took < 20*time.Millisecond {
			piece = min(2*piece, 8<<20)
		} else if took > 100*time.Millisecond {
			piece = max(piece/2, block)
		}
	}
	return all, nil
}

// loop moves all bytes block by block.
func (c *counter) loop(r io.Reader, w io.Writer) (all int64, err error) {
	p := buffers.Get().(*[]byte) //nolint:forcetypeassert // see buffers
	defer buffers.Put(p)
	buf := *p
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if _, werr := w.Write(buf[:n]); werr != nil {
				return all, werr
			}
			all += int64(n)
			if perr := c.pass(buf[:n]); perr != nil {
				return all, perr
			}
		}
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// pump moves all bytes. A side that pipelines is given the lead.
func pump(r io.Reader, w io.Writer, c *counter) error {
	from, leads := r.(io.WriterTo)
	to, takes := w.(io.ReaderFrom)
	if f, ok := r.(interface{ File() *os.File }); ok && takes && !c.job.ends.up && c.sum == nil {
		_, err := c.splice(to, f.File())
		return err
	}
	takes = takes && c.job.ends.up // a target on this computer only takes what is bare
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
	_, err := c.loop(r, w)
	return err
}
