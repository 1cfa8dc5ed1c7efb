package webdav

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/httpwatch"
)

// small is the most bytes that are collected and sent at Commit: in one piece,
// and once more if the server wants another login.
const small = 256 << 10

// looks is how many small uploads of a series are looked at at once: a server
// that stores something else does so from the first on. The sizes of the others
// are compared with the list of their folder, see Sync.
const looks = 8

// Write implements files.FS by one PUT. It needs to know the size, because
// many servers refuse uploads without one or store an empty file; of a small
// file the bytes are counted first.
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
	w := upload{f: f, ctx: ctx, url: u, path: p, o: o}
	switch {
	case o.Size <= small:
		return &smallUpload{upload: w, buf: make([]byte, 0, o.Size)}, nil
	case f.cloud.takesPieces(o.Size):
		return f.newPieces(w)
	}
	return f.newStream(w)
}

// upload is what all ways of writing share.
type upload struct {
	f       *FS
	ctx     context.Context
	url     *url.URL
	path    files.Path
	o       files.WriteOptions
	written int64
	ended   bool
}

// header is that of a PUT.
func (u *upload) header() http.Header {
	h := http.Header{"Content-Type": {"application/octet-stream"}}
	if u.o.Exclusive {
		h.Set("If-None-Match", "*")
	}
	u.stamp(h)
	return h
}

// stamp adds the file's time, which ownCloud and Nextcloud keep.
func (u *upload) stamp(h http.Header) {
	if !u.o.ModTime.IsZero() {
		h.Set("X-OC-Mtime", strconv.FormatInt(u.o.ModTime.Unix(), 10))
	}
}

// take counts bytes about to be written.
func (u *upload) take(n int) error {
	if u.written+int64(n) > u.o.Size {
		return fault.Newf(fault.Protocol, "write", u.f.p.Site.Host, "more bytes than announced")
	}
	u.written += int64(n)
	return nil
}

// end begins the end of an upload.
func (u *upload) end(ctx context.Context) error {
	if u.ended {
		return fault.Newf(fault.Internal, "write", u.f.p.Site.Host, "ended twice")
	}
	u.ended = true
	if err := errors.Join(ctx.Err(), u.ctx.Err()); err != nil {
		return fault.From("write", u.f.p.Site.Host, err)
	}
	if u.written != u.o.Size {
		return fault.Newf(fault.Damaged, "write", u.f.p.Site.Host, "%d bytes written of %d", u.written, u.o.Size)
	}
	return nil
}

// look compares the size of what is there now.
func (u *upload) look(ctx context.Context, p files.Path) error { return u.f.look(ctx, p, u.o.Size) }

func (f *FS) look(ctx context.Context, p files.Path, size int64) error {
	e, err := f.Stat(ctx, p)
	if err != nil {
		return err
	}
	if e.Size != size {
		return fault.Newf(fault.Damaged, "write", f.p.Site.Host, "%s: %d bytes arrived of %d", p, e.Size, size)
	}
	return nil
}

// remove deletes what an upload has left. The server may still hold the lock of
// one that was cut (423): it notices soon.
func (u *upload) remove() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), 5*time.Second)
	defer cancel()
	for {
		err := u.f.delete(ctx, u.path)
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

// smallUpload collects a small file and sends it at Commit.
type smallUpload struct {
	upload
	buf []byte
}

func (w *smallUpload) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, fault.From("write", w.f.p.Site.Host, err)
	}
	if err := w.take(len(b)); err != nil {
		return 0, err
	}
	w.buf = append(w.buf, b...)
	return len(b), nil
}

// Commit implements files.Writer.
func (w *smallUpload) Commit(ctx context.Context) error {
	if err := w.send(ctx); err != nil {
		return err
	}
	return w.look(ctx, w.path)
}

func (w *smallUpload) send(ctx context.Context) error {
	if err := w.end(ctx); err != nil {
		return err
	}
	_, err := w.f.simple(ctx, request{op: "write", method: http.MethodPut, url: w.url, header: w.header(), body: w.buf})
	return w.f.withoutFolder(ctx, w.path, err)
}

// CommitAs implements files.Finisher.
func (w *smallUpload) CommitAs(ctx context.Context, to files.Path, replace bool) error {
	if err := w.send(ctx); err != nil {
		return err
	}
	later := w.o.Lazy && !w.f.unseen.first()
	if !later {
		if err := w.look(ctx, w.path); err != nil {
			return err
		}
	}
	if err := w.f.Rename(ctx, w.path, to, replace); err != nil || !later {
		return err
	}
	return w.f.unseen.add(ctx, w.f, to, w.o.Size)
}

// Abort implements files.Writer: nothing has been sent yet.
func (w *smallUpload) Abort(bool) error {
	w.ended = true
	return nil
}

// stream is a large file on its way.
type stream struct {
	upload
	cancel   context.CancelFunc
	feed     *feed
	answered chan struct{}
	err      error // of the request; read after answered is closed
}

var (
	errAnswered = errors.New("answered before the end")
	errStopped  = errors.New("stopped")
)

func (f *FS) newStream(u upload) (files.Writer, error) {
	ctx, cancel := context.WithCancel(u.ctx)
	body := newFeed()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, u.url.String(), body)
	if err != nil {
		cancel()
		return nil, fault.New(fault.Internal, "write", f.p.Site.Host, err)
	}
	req.URL, req.ContentLength, req.Header = u.url, u.o.Size, u.header()
	req.Header.Set("Expect", "100-continue") // a refusal comes before the bytes
	w := &stream{upload: u, cancel: cancel, feed: body, answered: make(chan struct{})}
	f.group.Go("webdav upload", func(context.Context) {
		defer close(w.answered)
		r, sent, err := f.send(f.long, req)
		if err == nil {
			if r.StatusCode/100 != 2 {
				err = f.status("write", r)
				if r.StatusCode == http.StatusUnauthorized && f.auth.learn(r, sent) {
					// The server changed its mind on how to log in; the bytes are gone,
					// so whoever copies begins again.
					err = fault.Newf(fault.Protocol, "write", f.p.Site.Host, "login asked for again")
				}
			}
			httpwatch.Discard(r)
		}
		w.err = err
		// Who still writes is told why it is in vain.
		body.end(errAnswered)
	})
	return w, nil
}

func (w *stream) Write(b []byte) (int, error) {
	n, err := w.ReadFrom(bytes.NewReader(b))
	return int(n), err
}

// ReadFrom implements io.ReaderFrom: the connection reads from r by itself.
func (w *stream) ReadFrom(r io.Reader) (int64, error) {
	before := w.written
	err := w.feed.offer(&counted{r: r, w: w})
	if err != nil {
		err = w.reason(err)
	}
	return w.written - before, err
}

// counted counts what the connection reads from a source.
type counted struct {
	r io.Reader
	w *stream
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if terr := c.w.take(n); terr != nil {
		return 0, terr
	}
	return n, err
}

// reason waits for the answer, which says more than that nobody reads any more.
// What the source itself failed with is passed on.
func (w *stream) reason(err error) error {
	if !errors.Is(err, errAnswered) && !errors.Is(err, errFed) && !errors.Is(err, errStopped) {
		w.cancel()
		return err
	}
	select {
	case <-w.answered:
	case <-time.After(2 * time.Second):
		w.cancel()
		<-w.answered
	}
	switch {
	case w.err != nil:
		err = w.err
	case w.ctx.Err() == nil:
		return fault.Newf(fault.Protocol, "write", w.f.p.Site.Host, "answered before the end")
	}
	return w.f.fail(w.ctx, "write", err)
}

// Commit implements files.Writer.
func (w *stream) Commit(ctx context.Context) error {
	defer w.cancel()
	err := w.end(ctx)
	if err != nil {
		w.halt()
		return err
	}
	w.feed.end(io.EOF)
	select {
	case <-w.answered:
	case <-ctx.Done():
		w.cancel()
		<-w.answered
		return fault.From("write", w.f.p.Site.Host, ctx.Err())
	}
	if w.err != nil {
		return w.f.withoutFolder(ctx, w.path, w.f.fail(w.ctx, "write", w.err))
	}
	return w.look(ctx, w.path)
}

// halt breaks the request off.
func (w *stream) halt() {
	w.feed.end(errStopped)
	w.cancel()
	<-w.answered
}

// CommitAs implements files.Finisher.
func (w *stream) CommitAs(ctx context.Context, to files.Path, replace bool) error {
	if err := w.Commit(ctx); err != nil {
		return err
	}
	return w.f.Rename(ctx, w.path, to, replace)
}

// Abort implements files.Writer.
func (w *stream) Abort(remove bool) error {
	if w.ended {
		return nil
	}
	w.ended = true
	w.halt()
	if !remove {
		return nil
	}
	return w.remove()
}

var (
	_ files.Finisher = (*smallUpload)(nil)
	_ files.Finisher = (*stream)(nil)
	_ io.ReaderFrom  = (*stream)(nil)
)
