package webdav

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// stalling ends a request whose body does not move for too long.
type stalling struct {
	io.ReadCloser
	timer  *time.Timer
	silent atomic.Bool
}

func newStalling(body io.ReadCloser, cancel func()) *stalling {
	s := &stalling{ReadCloser: body}
	s.timer = time.AfterFunc(silence, func() { s.silent.Store(true); cancel() })
	return s
}

func (s *stalling) Read(b []byte) (int, error) {
	s.timer.Reset(silence)
	n, err := s.ReadCloser.Read(b)
	s.timer.Stop() // the caller may take its time
	return n, err
}

func (s *stalling) stop()         { s.timer.Stop() }
func (s *stalling) stalled() bool { return s.silent.Load() }

// Read implements files.FS.
func (f *FS) Read(ctx context.Context, p files.Path, offset int64) (io.ReadCloser, error) {
	u, err := f.target("read", p, false)
	if err != nil {
		return nil, err
	}
	rctx, cancel := context.WithCancel(ctx)
	header := http.Header{}
	if offset > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	r, err := f.do(rctx, "read", http.MethodGet, u, header, "")
	if err != nil {
		cancel()
		return nil, err
	}
	fail := func(err error) (io.ReadCloser, error) {
		cancel()
		_ = r.Body.Close() // its bytes are not wanted
		return nil, err
	}
	switch {
	case offset > 0 && r.StatusCode == http.StatusOK:
		return fail(fault.Newf(fault.Unsupported, "read", f.p.Site.Host, "the server ignores ranges"))
	case offset > 0 && r.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		if _, size, ok := strings.Cut(r.Header.Get("Content-Range"), "*/"); ok && size == strconv.FormatInt(offset, 10) {
			_ = r.Body.Close() // an error page
			cancel()
			return io.NopCloser(strings.NewReader("")), nil
		}
		return fail(fault.Newf(fault.Unsupported, "read", f.p.Site.Host, "range refused"))
	case offset > 0 && r.StatusCode == http.StatusPartialContent:
		if !strings.HasPrefix(r.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", offset)) {
			return fail(fault.Newf(fault.Unsupported, "read", f.p.Site.Host, "another range than asked for"))
		}
	case r.StatusCode != http.StatusOK:
		return fail(f.status("read", r))
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return fail(fault.Newf(fault.Unsupported, "read", f.p.Site.Host, "content encoded as %q", e))
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "httpd/unix-directory") {
		return fail(fault.Newf(fault.Unsupported, "read", f.p.Site.Host, "%s is a folder", p))
	}
	return &reader{fs: f, ctx: ctx, body: newStalling(r.Body, cancel), cancel: cancel}, nil
}

type reader struct {
	fs     *FS
	ctx    context.Context
	body   *stalling
	cancel func()
}

func (r *reader) Read(b []byte) (int, error) {
	n, err := r.body.Read(b)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		if r.body.stalled() {
			return n, fault.Newf(fault.Timeout, "read", r.fs.p.Site.Host, "the server fell silent")
		}
		err = r.fs.fail(r.ctx, "read", err)
	}
	return n, err
}

func (r *reader) Close() error {
	r.body.stop()
	r.cancel()
	_ = r.body.Close() // an early end is no fault
	return nil
}

// Write implements files.FS by one PUT. It needs to know the size, because
// many servers refuse uploads without one or store an empty file.
func (f *FS) Write(ctx context.Context, p files.Path, o files.WriteOptions) (files.Writer, error) {
	u, err := f.target("write", p, false)
	if err != nil {
		return nil, err
	}
	switch {
	case o.Offset > 0:
		return nil, fault.Newf(fault.Unsupported, "write", f.p.Site.Host, "no resume")
	case o.Size < 0:
		return nil, fault.Newf(fault.Unsupported, "write", f.p.Site.Host, "the size must be known")
	}
	if o.Exclusive { // some servers do not read If-None-Match
		_, err := f.Stat(ctx, p)
		switch {
		case err == nil:
			return nil, fault.Newf(fault.Exists, "write", f.p.Site.Host, "%s", p)
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	rctx, cancel := context.WithCancel(ctx)
	pr, pw := io.Pipe()
	var body io.Reader = pr
	if o.Size == 0 {
		body = http.NoBody
	}
	req, err := http.NewRequestWithContext(rctx, http.MethodPut, u.String(), body)
	if err != nil {
		cancel()
		return nil, fault.New(fault.Internal, "write", f.p.Site.Host, err)
	}
	req.URL = u
	req.ContentLength = o.Size
	req.Header.Set("Content-Type", "application/octet-stream")
	if o.Exclusive {
		req.Header.Set("If-None-Match", "*")
	}
	if !o.ModTime.IsZero() {
		req.Header.Set("X-OC-Mtime", strconv.FormatInt(o.ModTime.Unix(), 10)) // ownCloud and Nextcloud keep it
	}
	if o.Size > 1<<20 {
		req.Header.Set("Expect", "100-continue") // a refusal comes before the bytes
	}
	w := &writer{fs: f, ctx: ctx, cancel: cancel, path: p, size: o.Size, pipe: pw, answered: make(chan struct{})}
	f.group.Go("webdav upload", func(context.Context) {
		defer close(w.answered)
		r, err := f.send(f.long, req)
		if err == nil {
			w.status = r.StatusCode
			if r.StatusCode/100 != 2 {
				err = f.status("write", r)
				if r.StatusCode == http.StatusUnauthorized && f.auth.learn(r) {
					// The server changed its mind on how to log in; the bytes are gone,
					// so whoever copies begins again.
					err = fault.Newf(fault.Protocol, "write", f.p.Site.Host, "login asked for again")
				}
			}
			discard(r)
		}
		w.err = err
		// Who still writes is told why it is in vain.
		_ = pr.CloseWithError(errAnswered)
	})
	return w, nil
}

var errAnswered = errors.New("answered before the end")

type writer struct {
	fs       *FS
	ctx      context.Context
	cancel   func()
	path     files.Path
	size     int64
	written  int64
	pipe     *io.PipeWriter
	answered chan struct{}
	status   int
	err      error // of the request; read after answered is closed
	silent   atomic.Bool
	ended    bool
}

func (w *writer) Write(b []byte) (int, error) {
	if w.written+int64(len(b)) > w.size {
		return 0, fault.Newf(fault.Protocol, "write", w.fs.p.Site.Host, "more bytes than announced")
	}
	timer := time.AfterFunc(silence, func() { w.silent.Store(true); w.cancel() })
	n, err := w.pipe.Write(b)
	timer.Stop()
	w.written += int64(n)
	if err != nil {
		return n, w.reason(err)
	}
	return n, nil
}

// reason waits for the answer, which says more than a broken pipe.
func (w *writer) reason(err error) error {
	select {
	case <-w.answered:
	case <-time.After(2 * time.Second):
		w.cancel()
		<-w.answered
	}
	switch {
	case w.silent.Load():
		return fault.Newf(fault.Timeout, "write", w.fs.p.Site.Host, "the server takes no more bytes")
	case w.err != nil:
		err = w.err
	case errors.Is(err, errAnswered):
		return fault.Newf(fault.Protocol, "write", w.fs.p.Site.Host, "answered before the end")
	}
	return w.fs.fail(w.ctx, "write", err)
}

func (w *writer) Commit(ctx context.Context) error {
	if w.ended {
		return fault.Newf(fault.Internal, "write", w.fs.p.Site.Host, "ended twice")
	}
	w.ended = true
	defer w.cancel()
	_ = w.pipe.Close() // never fails
	select {
	case <-w.answered:
	case <-ctx.Done():
		w.cancel()
		<-w.answered
		return fault.From("write", w.fs.p.Site.Host, ctx.Err())
	}
	if w.err != nil {
		return w.fs.fail(w.ctx, "write", w.err)
	}
	if w.written != w.size {
		return fault.Newf(fault.Damaged, "write", w.fs.p.Site.Host, "%d bytes written of %d", w.written, w.size)
	}
	e, err := w.fs.Stat(ctx, w.path)
	if err != nil {
		return err
	}
	if e.Size != w.size {
		return fault.Newf(fault.Damaged, "write", w.fs.p.Site.Host, "%d bytes arrived of %d", e.Size, w.size)
	}
	return nil
}

func (w *writer) Abort(remove bool) error {
	if w.ended {
		return nil
	}
	w.ended = true
	_ = w.pipe.CloseWithError(errors.New("stopped")) // never fails
	w.cancel()
	<-w.answered
	if !remove {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), 5*time.Second)
	defer cancel()
	// The server may still hold the lock of the upload that was cut (423): it
	// notices soon.
	for {
		err := w.fs.Remove(ctx, w.path)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if !fault.Is(err, fault.Busy) {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}
