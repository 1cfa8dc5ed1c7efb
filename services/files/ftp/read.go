package ftp

import (
	"context"
	"errors"
	"io"
	"net/textproto"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// finalReply is how long the reply after a transfer of n bytes may take: some
// servers scan or copy the file first.
func finalReply(n int64) time.Duration { return silence + time.Duration(n>>24)*time.Second }

// Read implements files.FS. The reader is an io.WriterTo that moves bytes in
// large blocks, or lets the system move them.
func (f *FS) Read(ctx context.Context, p files.Path, offset int64) (io.ReadCloser, error) {
	r := &reader{fs: f, ctx: ctx, path: p, at: offset}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

// ReadRange implements files.Ranger: what lies behind the range is not waited
// for.
func (f *FS) ReadRange(ctx context.Context, p files.Path, offset, n int64) (io.ReadCloser, error) {
	if n <= 0 {
		return io.NopCloser(eofReader{}), nil
	}
	r := &reader{fs: f, ctx: ctx, path: p, at: offset}
	if err := r.open(); err != nil {
		return nil, err
	}
	return &rangeReader{r: r, left: n}, nil
}

type eofReader struct{}

func (eofReader) Read([]byte) (int, error) { return 0, io.EOF }

type rangeReader struct {
	r    *reader
	left int64
}

func (r *rangeReader) Read(b []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.r.Read(b[:min(int64(len(b)), r.left)])
	r.left -= int64(n)
	if err == io.EOF && r.left > 0 { //nolint:errorlint // only the bare value is the file's end
		err = fault.Newf(fault.Protocol, "read", r.r.fs.p.Site.Host, "the file ends %d bytes early", r.left)
	}
	if err == io.EOF { //nolint:errorlint // as above
		err = nil
	}
	return n, err
}

func (r *rangeReader) Close() error { return r.r.Close() }

type reader struct {
	fs        *FS
	ctx       context.Context
	path      files.Path
	at        int64 // where the next byte comes from
	c         *conn
	d         *dataConn
	moved     int64
	recovered bool
	err       error // sticky
}

func (r *reader) open() error {
	for try := 0; ; try++ {
		c, err := r.fs.take(r.ctx, true)
		if err != nil {
			return err
		}
		stale := !c.fresh
		if err = r.begin(c); err == nil {
			return nil
		}
		c.settle(err)
		died := r.fs.tlsDied(c, err)
		again := c.broken && try == 0 && ((stale || died) && lost(err) || unbuilt(err))
		folder := false
		var restart *restError
		switch {
		case again || r.ctx.Err() != nil || c.broken:
		case errors.As(err, &restart):
			r.fs.mu.Lock()
			r.fs.noREST = true
			r.fs.mu.Unlock()
		case isCode(err, 500, 599) && r.fs.fail("read", err).Kind != fault.Permission:
			folder = c.entered(r.path) // they say the same of a folder as of nothing
		}
		r.fs.put(c, true)
		if cerr := r.ctx.Err(); cerr != nil {
			return fault.From("read", r.fs.p.Site.Host, cerr)
		}
		if again {
			continue
		}
		fa := r.fs.fail("read", err)
		if folder || restart != nil && restart.r.code/100 == 5 {
			fa.Kind = fault.Unsupported
		}
		return fa
	}
}

func (r *reader) begin(c *conn) error {
	if len(r.path) == 0 {
		return r.fs.refuse("read", fault.Unsupported, "the root")
	}
	if err := r.fs.check("read", r.path); err != nil {
		return err
	}
	d, err := c.start("read", r.path.Dir(), r.at, "RETR "+c.argument(r.path), false, false)
	if err != nil {
		return err
	}
	r.c, r.d = c, d
	return nil
}

func (r *reader) Read(b []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.d.Read(b)
	r.at += int64(n)
	r.moved += int64(n)
	if err == nil {
		return n, nil
	}
	return n, r.end(err)
}

// WriteTo implements io.WriterTo.
func (r *reader) WriteTo(w io.Writer) (int64, error) {
	buf := blocks.Get().(*[]byte)
	defer blocks.Put(buf)
	began, start := time.Now(), r.at
	into, splices := w.(io.ReaderFrom)
	for {
		if r.err == nil && splices && r.moved >= spliceSize && r.d.bare() != nil {
			// A fast connection: on a slow one pieces of a fixed size would have no
			// sensible deadline.
			if took := time.Since(began); took < time.Second {
				n, more, err := r.d.spliceTo(into)
				r.at += n
				r.moved += n
				if err != nil {
					return r.at - start, r.failed(err)
				}
				splices = more
			} else {
				splices = false
			}
		}
		n, err := r.Read(*buf)
		if n > 0 {
			if _, werr := w.Write((*buf)[:n]); werr != nil {
				return r.at - start, werr
			}
		}
		if err == io.EOF { //nolint:errorlint // only the bare value is the file's end
			return r.at - start, nil
		}
		if err != nil {
			return r.at - start, err
		}
	}
}

// end handles the end of the data, for good or bad: after a good one there is
// the server's word on it.
func (r *reader) end(err error) error {
	if err != io.EOF { //nolint:errorlint // only the bare value is the data's end
		return r.failed(err)
	}
	r.c.finish(r.d)
	err = r.c.final(r.d, finalReply(r.moved))
	if err == nil {
		return r.finish(io.EOF)
	}
	r.c.settle(err)
	if c := r.c; r.ctx.Err() == nil && !r.recovered && (r.fs.tlsDied(c, err) || r.moved == 0 && unbuilt(err)) {
		r.recovered = true
		return r.goOn(unbuilt(err))
	}
	return r.finish(err)
}

// failed ends a reading in the midst. What the server has to say about it is
// better than our own words.
func (r *reader) failed(err error) error {
	r.d.abort()
	r.c.finish(r.d)
	if said := r.c.final(r.d, 2*time.Second); isReply(said) && r.ctx.Err() == nil {
		err = said
	}
	r.c.broken = true
	if !r.recovered && r.moved == 0 && unbuilt(err) {
		r.recovered = true
		return r.goOn(true)
	}
	return r.finish(err)
}

// goOn continues on a new connection after the old one died at the end of its
// data: the file may be complete, or not. nothing tells that it is not.
func (r *reader) goOn(nothing bool) error {
	r.fs.put(r.c, true)
	r.c = nil
	if !nothing {
		e, err := r.fs.Stat(r.ctx, r.path)
		if err != nil {
			return r.finish(err)
		}
		if e.Size == r.at {
			return r.finish(io.EOF)
		}
	}
	if err := r.open(); err != nil {
		return r.finish(err)
	}
	return nil
}

func (r *reader) finish(err error) error {
	if r.c != nil {
		r.fs.put(r.c, true)
		r.c = nil
	}
	if err != io.EOF { //nolint:errorlint // an EOF of the control connection is wrapped or meant here
		if cerr := r.ctx.Err(); cerr != nil {
			err = cerr
		}
		err = r.fs.fail("read", err)
	}
	r.err = err
	return err
}

// Close ends the reading, early or not. After an early end the server sends a
// reply of its own choice; the connection is kept if it then answers sensibly.
func (r *reader) Close() error {
	if r.c == nil {
		return nil
	}
	r.d.abort()
	r.c.finish(r.d)
	err := r.c.final(r.d, 2*time.Second)
	var proto *textproto.Error
	if err != nil && !errors.As(err, &proto) || !r.c.alive() {
		r.c.broken = true
	}
	r.fs.put(r.c, true)
	r.c = nil
	r.err = fault.Newf(fault.Cancelled, "read", r.fs.p.Site.Host, "closed")
	return nil
}
