package s3

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

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
	at, err := f.place("read", p)
	if err != nil {
		return nil, err
	}
	if at.key == "" {
		return nil, fault.Newf(fault.Unsupported, "read", f.host, "%s is a folder", p)
	}
	var options minio.GetObjectOptions
	ranged := offset > 0 || n >= 0
	switch {
	case n >= 0:
		options.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, offset+n-1))
	case offset > 0:
		options.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	rctx, cancel := context.WithCancel(context.WithValue(ctx, object{}, true))
	var body io.ReadCloser
	var header http.Header
	var info minio.ObjectInfo
	err = f.do(rctx, "read", at.bucket, func(c client) (err error) {
		body, info, header, err = c.GetObject(rctx, at.bucket, at.key, options)
		return err
	})
	if err != nil {
		cancel()
		return f.pastEnd(ctx, at, offset, n, err)
	}
	r := &reader{ctx: ctx, f: f, body: body, cancel: cancel, left: info.Size, size: info.Size, info: info}
	if given := header.Get("Content-Range"); ranged && !strings.HasPrefix(given, fmt.Sprintf("bytes %d-", offset)) {
		return nil, errors.Join(fault.Newf(fault.Unsupported, "read", f.host, "the server ignores ranges"), r.Close())
	}
	if ranged {
		r.size = -1
		if _, total, ok := strings.Cut(header.Get("Content-Range"), "/"); ok {
			if size, err := strconv.ParseInt(total, 10, 64); err == nil {
				r.size = size
			}
		}
	}
	if n >= 0 && info.Size != n {
		return nil, errors.Join(fault.Newf(fault.Protocol, "read", f.host, "%d bytes offered of %d", info.Size, n), r.Close())
	}
	return r, nil
}

// pastEnd makes an empty reader of the refusal to read on at an object's very
// end.
func (f *FS) pastEnd(ctx context.Context, at place, offset, n int64, err error) (io.ReadCloser, error) {
	if offset == 0 || n >= 0 || !fault.Is(err, fault.Unsupported) {
		return nil, err
	}
	if o, herr := f.head(ctx, "read", at); herr == nil && o.Size == offset {
		return io.NopCloser(strings.NewReader("")), nil
	}
	return nil, err
}

type reader struct {
	ctx    context.Context
	f      *FS
	body   io.ReadCloser
	cancel context.CancelFunc
	left   int64 // bytes that were announced; -1 none were
	size   int64 // of the whole object; -1 unknown
	info   minio.ObjectInfo
}

var _ files.Described = (*reader)(nil)

// Describe implements files.Described.
func (r *reader) Describe() (size int64, modTime time.Time, id string) {
	return r.size, r.info.LastModified.UTC().Truncate(time.Second), r.info.ETag
}

func (r *reader) Read(b []byte) (int, error) {
	n, err := r.body.Read(b)
	if r.left >= 0 {
		r.left -= int64(n)
	}
	switch {
	case err == nil:
	case errors.Is(err, io.EOF) && r.left > 0:
		err = r.f.fail(r.ctx, "read", io.ErrUnexpectedEOF)
	case !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		err = r.f.fail(r.ctx, "read", err)
	}
	return n, err
}

func (r *reader) Close() error {
	r.cancel()
	_ = r.body.Close() // an early end is no fault
	return nil
}

// md5Of gives the MD5 in an ETag that can be one: of an object stored in one
// piece that the server has not encrypted with keys of its own.
func md5Of(etag string, header http.Header) (string, bool) {
	if b, err := hex.DecodeString(etag); err != nil || len(b) != 16 {
		return "", false
	}
	if e := header.Get("X-Amz-Server-Side-Encryption"); e != "" && e != "AES256" {
		return "", false
	}
	return strings.ToLower(etag), true
}
