package ftp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/textproto"
	"time"

	"github.com/jlaffaye/ftp"

	"guichet/services/fault"
	"guichet/services/files"
)

// finalReply is how long the reply after a transfer of n bytes may take: some
// servers scan or copy the file first.
func finalReply(n int64) time.Duration { return silence + time.Duration(n>>24)*time.Second }

// Read implements files.FS.
func (f *FS) Read(ctx context.Context, p files.Path, offset int64) (io.ReadCloser, error) {
	r := &reader{fs: f, ctx: ctx, path: p, at: offset}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

type reader struct {
	fs        *FS
	ctx       context.Context
	path      files.Path
	at        int64 // where the next byte comes from
	c         *conn
	resp      *ftp.Response
	moved     int64
	recovered bool
	err       error // sticky
}

func (r *reader) open() error {
	for attempt := 0; ; attempt++ {
		c, err := r.fs.take(r.ctx, true)
		if err != nil {
			return err
		}
		stale := !c.fresh
		name, err := c.at("read", r.path)
		if err == nil {
			r.resp, err = c.lib.RetrFrom(name, uint64(r.at))
		}
		if err == nil {
			r.c = c
			return nil
		}
		c.settle(err)
		r.fs.put(c, true)
		if cerr := r.ctx.Err(); cerr != nil {
			return fault.From("read", r.fs.p.Site.Host, cerr)
		}
		died := r.fs.tlsDied(c, err)
		if c.broken && attempt == 0 && (stale || died) && lost(err) {
			continue
		}
		fa := r.fs.fail("read", err)
		var proto *textproto.Error
		if r.at > 0 && errors.As(err, &proto) && c.ctl.verb == "REST" && proto.Code/100 == 5 {
			fa.Kind = fault.Unsupported
			r.fs.mu.Lock()
			r.fs.noREST = true
			r.fs.mu.Unlock()
		}
		return fa
	}
}

// tlsDied notes that a control connection ended in the midst over TLS 1.3, as
// those of ProFTPD do: the host is spoken to in TLS 1.2 from then on.
func (f *FS) tlsDied(c *conn, err error) bool {
	if c.secure == nil || c.secure.Version != tls.VersionTLS13 || !c.broken {
		return false
	}
	var proto *textproto.Error
	if errors.As(err, &proto) || fault.Is(err, fault.Timeout) || fault.Is(err, fault.Cancelled) || !lost(err) {
		return false
	}
	f.p.Memory.learn(f.p.Site, func(k *known) { k.tls12 = true })
	// The others of the pool would die as well.
	f.pool.mu.Lock()
	idle := f.pool.idle
	f.pool.idle = nil
	f.pool.mu.Unlock()
	for _, c := range idle {
		c.quit()
	}
	return true
}

func (r *reader) Read(b []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.resp.Read(b)
	r.at += int64(n)
	r.moved += int64(n)
	if err == nil || n > 0 && errors.Is(err, io.EOF) {
		return n, nil
	}
	if !errors.Is(err, io.EOF) {
		// What the server has to say about it is better than our own words.
		r.c.ctl.wait(2 * time.Second)
		if cerr := r.resp.Close(); isReply(cerr) {
			err = cerr
		}
		r.c.broken = true
		return n, r.finish(err)
	}
	r.c.ctl.wait(finalReply(r.moved))
	err = r.resp.Close() // reads the final reply
	if err == nil {
		return n, r.finish(io.EOF)
	}
	r.c.settle(err)
	if c := r.c; r.fs.tlsDied(c, err) && !r.recovered && r.ctx.Err() == nil {
		r.recovered = true
		return n, r.goOn()
	}
	return n, r.finish(err)
}

// goOn continues on a new connection after the old one died at the end of its
// data: the file may be complete, or not.
func (r *reader) goOn() error {
	r.fs.put(r.c, true)
	r.c = nil
	e, err := r.fs.Stat(r.ctx, r.path)
	if err != nil {
		return r.finish(err)
	}
	if e.Size == r.at {
		return r.finish(io.EOF)
	}
	if err := r.open(); err != nil {
		return r.finish(err)
	}
	return nil
}

func isReply(err error) bool {
	var proto *textproto.Error
	return errors.As(err, &proto)
}

func (r *reader) finish(err error) error {
	if r.c != nil {
		r.fs.put(r.c, true)
		r.c = nil
	}
	if !errors.Is(err, io.EOF) || isUnexpected(err) {
		if cerr := r.ctx.Err(); cerr != nil {
			err = cerr
		}
		fa := r.fs.fail("read", err)
		r.err = fa
		return fa
	}
	r.err = io.EOF
	return r.err
}

// isUnexpected tells an EOF of the control connection from the file's end.
func isUnexpected(err error) bool { return err != io.EOF } //nolint:errorlint // only the bare value is the file's end

// Close ends the reading, early or not. After an early end the server sends a
// reply of its own choice; the connection is kept if it then answers sensibly.
func (r *reader) Close() error {
	if r.c == nil {
		return nil
	}
	r.c.ctl.wait(2 * time.Second)
	err := r.resp.Close()
	if err != nil && !isReply(err) || !r.c.alive() {
		r.c.broken = true
	}
	r.fs.put(r.c, true)
	r.c = nil
	return nil
}

// Write implements files.FS.
func (f *FS) Write(ctx context.Context, p files.Path, o files.WriteOptions) (files.Writer, error) {
	if o.Offset > 0 {
		if caps, err := f.Caps(ctx); err != nil || !caps.Resume {
			return nil, fault.Newf(fault.Unsupported, "write", f.p.Site.Host, "no resume")
		}
	}
	for attempt := 0; ; attempt++ {
		c, err := f.take(ctx, true)
		if err != nil {
			return nil, err
		}
		stale := !c.fresh
		w := &writer{fs: f, ctx: ctx, path: p, c: c, start: o.Offset, modTime: o.ModTime}
		if err = w.open(o); err == nil {
			return w, nil
		}
		c.settle(err)
		f.put(c, true)
		if cerr := ctx.Err(); cerr != nil {
			return nil, fault.From("write", f.p.Site.Host, cerr)
		}
		if c.broken && attempt == 0 && stale && lost(err) {
			continue
		}
		fa := f.fail("write", err)
		if o.Offset > 0 && isReply(err) && (c.ctl.verb == "REST" || fa.Kind == fault.Unsupported) {
			fa.Kind = fault.Unsupported
			f.mu.Lock()
			f.noREST = true
			f.mu.Unlock()
		}
		return nil, fa
	}
}

// writer drives the library's StorFrom, which wants to pull from a reader: it
// is handed one whose WriteTo lends the data connection to the writer.
type writer struct {
	fs      *FS
	ctx     context.Context
	path    files.Path
	name    string
	c       *conn
	start   int64
	written int64
	modTime time.Time
	data    io.Writer
	loan    *loan
	result  chan error
	ended   bool
	failed  error
}

type loan struct {
	ready chan io.Writer
	back  chan error
	n     *int64
}

// Read is there for the library's signature; io.Copy prefers WriteTo.
func (l *loan) Read([]byte) (int, error) { return 0, io.EOF }

// WriteTo implements io.WriterTo.
func (l *loan) WriteTo(w io.Writer) (int64, error) {
	l.ready <- w
	err := <-l.back
	return *l.n, err
}

func (w *writer) open(o files.WriteOptions) error {
	name, err := w.c.at("write", w.path)
	if err != nil {
		return err
	}
	w.name = name
	if o.Exclusive && o.Offset == 0 {
		if _, err := w.c.stat(w.path); err == nil {
			return &fault.Fault{Kind: fault.Exists, Op: "write", Host: w.fs.p.Site.Host, Err: errNoReply}
		} else if w.fs.fail("stat", err).Kind != fault.NotFound {
			return err
		}
		if _, err := w.c.at("write", w.path); err != nil {
			return err
		}
	}
	w.loan = &loan{ready: make(chan io.Writer, 1), back: make(chan error, 1), n: &w.written}
	w.result = make(chan error, 1)
	w.fs.group.Go("ftp upload", func(context.Context) {
		w.result <- w.c.lib.StorFrom(name, w.loan, uint64(o.Offset))
	})
	select {
	case w.data = <-w.loan.ready:
		return nil
	case err := <-w.result:
		if err == nil {
			err = fault.Newf(fault.Internal, "write", w.fs.p.Site.Host, "no data connection")
		}
		return err
	}
}

func (w *writer) Write(b []byte) (int, error) {
	if w.failed != nil {
		return 0, w.failed
	}
	n, err := w.data.Write(b)
	w.written += int64(n)
	if err != nil {
		w.failed = w.fault(w.stop(err, 3*time.Second))
		return n, w.failed
	}
	return n, nil
}

// stop gives the connection back to the library and waits for the end of its
// upload. The server's reply is a better reason than a broken pipe.
func (w *writer) stop(why error, limit time.Duration) error {
	w.c.ctl.wait(limit)
	if why != nil {
		w.c.ctl.mu.Lock()
		d := w.c.ctl.data
		w.c.ctl.mu.Unlock()
		if d != nil {
			_ = d.raw.Close() // half a file must not look whole
		}
	}
	w.loan.back <- why
	timer := time.NewTimer(limit + 2*drainTime)
	defer timer.Stop()
	select {
	case err := <-w.result:
		if why != nil {
			var proto *textproto.Error
			if errors.As(err, &proto) && proto.Code/100 > 3 {
				return proto
			}
			return why
		}
		return err
	case <-timer.C:
		w.c.ctl.abort(fault.Newf(fault.Timeout, "write", w.fs.p.Site.Host, "no reply after the upload"))
		return <-w.result
	}
}

func (w *writer) fault(err error) error {
	if cerr := w.ctx.Err(); cerr != nil {
		err = cerr
	}
	return w.fs.fail("write", err)
}

func (w *writer) Commit(ctx context.Context) error {
	if w.ended {
		return fault.Newf(fault.Internal, "write", w.fs.p.Site.Host, "ended twice")
	}
	if w.failed != nil {
		return w.failed
	}
	w.ended = true
	err := w.stop(nil, finalReply(w.written))
	w.c.settle(err)
	if err == nil && ctx.Err() == nil {
		err = w.verify()
	}
	w.fs.tlsDied(w.c, err)
	w.fs.put(w.c, true)
	if cerr := ctx.Err(); cerr != nil {
		return fault.From("write", w.fs.p.Site.Host, cerr)
	}
	if err != nil {
		return w.fault(err)
	}
	return nil
}

// verify asks for the size and sets the time on the connection that is there:
// waiting for a second one could wait for ever.
func (w *writer) verify() error {
	if w.c.feat.size {
		e, err := w.c.sizeAndTime(w.name)
		switch {
		case err == nil && e.Size != w.start+w.written:
			return &fault.Fault{Kind: fault.Damaged, Op: "write", Host: w.fs.p.Site.Host, Err: errors.Join(errNoReply, errSize)}
		case isReply(err) && w.fs.fail("stat", err).Kind == fault.NotFound:
			// Pure-FTPd turns blanks at a name's end into "_".
			return &fault.Fault{Kind: fault.Permission, Op: "write", Host: w.fs.p.Site.Host, Err: errors.Join(errNoReply, errOtherName)}
		case err != nil && !isReply(err) && !errors.Is(err, errNoReply):
			w.c.settle(err)
			return err
		}
	}
	if w.modTime.IsZero() {
		return nil
	}
	err := w.c.setTime(w.path, w.modTime)
	w.c.settle(err)
	if w.c.broken {
		return err
	}
	return nil // a server that refuses keeps its own time
}

var (
	errSize      = errors.New("another number of bytes arrived")
	errOtherName = errors.New("the server does not take this name and chose another")
)

func (w *writer) Abort(remove bool) error {
	if w.ended {
		return nil
	}
	w.ended = true
	if w.failed == nil {
		err := w.stop(errAborted, 2*time.Second)
		if !isReply(err) || w.ctx.Err() != nil || !w.c.alive() {
			w.c.broken = true
		}
	} else {
		w.c.settle(w.failed)
	}
	w.fs.put(w.c, true)
	if !remove {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), 5*time.Second)
	defer cancel()
	return w.fs.Remove(ctx, w.path)
}

var errAborted = errors.New("stopped")
