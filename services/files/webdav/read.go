package webdav

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// Read implements files.FS.
func (f *FS) Read(ctx context.Context, p files.Path, offset int64) (io.ReadCloser, error) {
	return f.get(ctx, p, offset, -1)
}

// ReadRange implements files.Ranger.
func (f *FS) ReadRange(ctx context.Context, p files.Path, offset, n int64) (io.ReadCloser, error) {
	if n <= 0 {
		return io.NopCloser(strings.NewReader("")), nil
	}
	return f.get(ctx, p, offset, n)
}

// get asks for n bytes from offset on, all that follow if n is -1.
func (f *FS) get(ctx context.Context, p files.Path, offset, n int64) (io.ReadCloser, error) {
	u, err := f.target("read", p, false)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	switch {
	case n >= 0:
		header.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, offset+n-1))
	case offset > 0:
		header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	rctx, cancel := context.WithCancel(ctx)
	r, err := f.do(rctx, request{op: "read", method: http.MethodGet, url: u, header: header})
	if err != nil {
		cancel()
		return nil, err
	}
	got := &reader{fs: f, ctx: ctx, path: p, body: r.Body, cancel: cancel, size: r.ContentLength, left: n, began: time.Now(), etag: version(r.Header.Get("ETag"))}
	if t, err := http.ParseTime(r.Header.Get("Last-Modified")); err == nil {
		got.modTime = t.UTC()
	}
	if err := f.checkRange(r, got, offset, n); err != nil {
		return nil, errors.Join(err, got.Close())
	}
	return got, nil
}

// checkRange makes sure that the answer brings the bytes that were asked for
// and no others.
func (f *FS) checkRange(r *http.Response, got *reader, offset, n int64) error {
	refuse := func(kind fault.Kind, format string, args ...any) error {
		return fault.Newf(kind, "read", f.p.Site.Host, format, args...)
	}
	ranged := offset > 0 || n >= 0
	switch {
	case r.StatusCode == http.StatusOK && ranged:
		return refuse(fault.Unsupported, "the server ignores ranges")
	case r.StatusCode == http.StatusOK:
	case r.StatusCode == http.StatusRequestedRangeNotSatisfiable && ranged:
		if _, size, ok := strings.Cut(r.Header.Get("Content-Range"), "*/"); ok && n < 0 && size == strconv.FormatInt(offset, 10) {
			got.left = 0 // the very end: what follows is a page about the refusal
			return nil
		}
		return refuse(fault.Unsupported, "range refused")
	case r.StatusCode == http.StatusPartialContent && ranged:
		first, last, total, ok := contentRange(r.Header.Get("Content-Range"))
		switch {
		case !ok || first != offset:
			return refuse(fault.Unsupported, "another range than asked for: %q", r.Header.Get("Content-Range"))
		case n >= 0 && last-first+1 > n:
			return refuse(fault.Unsupported, "a longer range than asked for")
		case n >= 0 && last-first+1 < n:
			return refuse(fault.Protocol, "the file ends before %d bytes", n)
		}
		got.size = total
	default:
		return f.status("read", r)
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return refuse(fault.Unsupported, "content encoded as %q", e)
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "httpd/unix-directory") {
		return refuse(fault.Unsupported, "%s is a folder", got.path)
	}
	return nil
}

// contentRange reads "bytes 0-9/100" (RFC 9110 section 14.4); total is -1 where
// it is not told.
func contentRange(s string) (first, last, total int64, ok bool) {
	rest, ok := strings.CutPrefix(s, "bytes ")
	span, size, slash := strings.Cut(rest, "/")
	from, to, dash := strings.Cut(span, "-")
	first, err := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	if !ok || !slash || !dash || err != nil || err2 != nil || first < 0 || last < first {
		return 0, 0, 0, false
	}
	if total, err = strconv.ParseInt(size, 10, 64); err != nil || total <= last {
		if size != "*" {
			return 0, 0, 0, false
		}
		total = -1
	}
	return first, last, total, true
}

type reader struct {
	fs      *FS
	ctx     context.Context
	path    files.Path
	body    io.ReadCloser
	cancel  context.CancelFunc
	left    int64 // bytes that were asked for; -1 all
	size    int64 // of the whole file
	modTime time.Time
	etag    string
	began   time.Time
}

var (
	_ files.Described = (*reader)(nil)
	_ files.Witness   = (*reader)(nil)
)

func (r *reader) Read(b []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if r.left > 0 && int64(len(b)) > r.left {
		b = b[:r.left]
	}
	n, err := r.body.Read(b)
	if r.left > 0 {
		r.left -= int64(n)
	}
	switch {
	case errors.Is(err, io.EOF) && r.left > 0:
		err = r.fs.fail(r.ctx, "read", io.ErrUnexpectedEOF)
	case err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		err = r.fs.fail(r.ctx, "read", err)
	}
	return n, err
}

// Describe implements files.Described.
func (r *reader) Describe() (size int64, modTime time.Time, id string) {
	return r.size, r.modTime, r.etag
}

// atOnce is how long a file may take to arrive and still be taken for one
// version without another look: servers write files beside the old one and
// rename them, or, where they do not, take longer than that.
const atOnce = time.Second

// Changed implements files.Witness: whether the file is still the one whose
// bytes came.
func (r *reader) Changed() (bool, error) {
	if time.Since(r.began) < atOnce && r.size >= 0 {
		return false, nil
	}
	now, err := r.fs.Stat(r.ctx, r.path)
	if err != nil {
		return false, err
	}
	return r.size >= 0 && now.Size != r.size || !r.modTime.IsZero() && !now.ModTime.Equal(r.modTime), nil
}

func (r *reader) Close() error {
	r.cancel()
	_ = r.body.Close() // an early end is no fault
	return nil
}
