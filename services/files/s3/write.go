package s3

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the protocol's own checksum (RFC 1864)
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"mime"
	"path"
	"strconv"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/pieces"
)

// Sizes of uploads in parts: the least part, the most parts (S3's own limits
// are 5 MiB and 10,000), and how much of one upload may wait in memory.
const (
	partSize  = 8 << 20
	maxParts  = 10_000
	maxQueued = 24 << 20
)

// Write implements files.FS. What fits into one part is sent by one PUT at
// Commit; more goes out part by part, and nothing is seen under the name before
// Commit. The server compares the MD5 of every piece. Nothing is left of what
// was aborted, so nothing can be resumed.
func (f *FS) Write(ctx context.Context, p files.Path, o files.WriteOptions) (files.Writer, error) {
	at, err := f.place("write", p)
	switch {
	case err != nil:
		return nil, err
	case at.key == "":
		return nil, fault.Newf(fault.Permission, "write", f.host, "files lie in buckets")
	case o.Offset > 0:
		return nil, fault.Newf(fault.Unsupported, "write", f.host, "no resume")
	case o.Size > maxParts*int64(5<<30):
		return nil, fault.Newf(fault.TooBig, "write", f.host, "%d bytes", o.Size)
	}
	if err := f.needFolder(ctx, "write", p.Dir()); err != nil {
		return nil, err
	}
	if o.Exclusive {
		if err := f.free(ctx, "write", p); err != nil {
			return nil, err
		}
	}
	w := &writer{f: f, ctx: ctx, at: at, path: p, o: o}
	if o.Final != nil && o.Size > partSize {
		if w.at, err = f.place("write", o.Final); err != nil {
			return nil, err
		}
		w.path = o.Final
	}
	size := partSize
	if o.Size > partSize*maxParts/2 {
		size = int((o.Size/maxParts/(1<<20) + 1) << 20)
	}
	w.w = pieces.New(ctx, size, maxQueued/size-1, w.begin, w.send)
	w.w.Expect(o.Size)
	return w, nil
}

// free fails with Exists if a name is taken.
func (f *FS) free(ctx context.Context, op string, p files.Path) error {
	_, err := f.Stat(ctx, p)
	switch {
	case err == nil:
		return fault.Newf(fault.Exists, op, f.host, "%s", p)
	case !fault.Is(err, fault.NotFound):
		return err
	}
	return nil
}

type writer struct {
	f     *FS
	ctx   context.Context
	at    place
	path  files.Path // of the upload: the final one, where that is known and it goes in parts
	o     files.WriteOptions
	w     *pieces.Writer
	total int64
	md5   string // that the server and we agree on; "" none
	ended bool

	upload string // of an upload in parts; "" none has begun
	mu     sync.Mutex
	parts  map[int]string // ETags of the parts that have arrived
}

var (
	_ files.Finisher = (*writer)(nil)
	_ files.Proven   = (*writer)(nil)
)

// Write implements io.Writer.
func (w *writer) Write(b []byte) (int, error) {
	if w.o.Size >= 0 && w.total+int64(len(b)) > w.o.Size {
		return 0, fault.Newf(fault.Protocol, "write", w.f.host, "more bytes than announced")
	}
	n, err := w.w.Write(b)
	w.total += int64(n)
	return n, err
}

// options are what is kept with an object.
func (w *writer) options(exclusive bool) minio.PutObjectOptions {
	o := minio.PutObjectOptions{
		ContentType: mime.TypeByExtension(path.Ext(w.path.Base())), UserMetadata: map[string]string{},
		DisableContentSha256: true, // means: no signature for each chunk, as all of a piece is signed by then
	}
	if o.ContentType == "" {
		o.ContentType = "application/octet-stream"
	}
	if !w.o.ModTime.IsZero() {
		o.UserMetadata["mtime"] = mtime(w.o.ModTime)
	}
	if exclusive {
		o.SetMatchETagExcept("*")
	}
	return o
}

// mtime writes a time as rclone does: seconds since 1970 with a fraction.
func mtime(t time.Time) string {
	s := strconv.FormatInt(t.Unix(), 10)
	if n := t.Nanosecond(); n != 0 {
		s += "." + strconv.Itoa(1_000_000_000 + n)[1:]
	}
	return s
}

// begin starts an upload in parts.
func (w *writer) begin() error {
	w.parts = map[int]string{}
	return w.f.do(w.ctx, "write", w.at.bucket, func(c client) (err error) {
		w.upload, err = c.NewMultipartUpload(w.ctx, w.at.bucket, w.at.key, w.options(false))
		return err
	})
}

// send sends one part.
func (w *writer) send(ctx context.Context, number int, data []byte) error {
	if number > maxParts {
		return fault.Newf(fault.TooBig, "write", w.f.host, "more than %d parts", maxParts)
	}
	md5sum, sha := w.f.sums(data)
	var done minio.ObjectPart
	err := w.f.do(ctx, "write", w.at.bucket, func(c client) (err error) {
		done, err = c.PutObjectPart(ctx, w.at.bucket, w.at.key, w.upload, number, bytes.NewReader(data), int64(len(data)),
			minio.PutObjectPartOptions{Md5Base64: base64.StdEncoding.EncodeToString(md5sum), Sha256Hex: sha, DisableContentSha256: true})
		return err
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.parts[number] = done.ETag
	return err
}

// Commit implements files.Writer.
func (w *writer) Commit(ctx context.Context) error {
	if w.upload != "" && w.o.Final != nil {
		return errors.Join(fault.Newf(fault.Internal, "write", w.f.host, "another end was announced"), w.Abort(true))
	}
	return w.commit(ctx, nil, w.o.Exclusive)
}

// CommitAs implements files.Finisher. A small file is sent under its final name
// at once, and so has been a large one whose final name was known.
func (w *writer) CommitAs(ctx context.Context, to files.Path, replace bool) error {
	switch {
	case w.upload == "":
		return w.putAs(ctx, to, replace)
	case w.o.Final == nil:
		if err := w.commit(ctx, nil, w.o.Exclusive); err != nil {
			return err
		}
		return w.f.Rename(ctx, w.path, to, replace)
	case !to.Equal(w.path):
		return errors.Join(fault.Newf(fault.Internal, "write", w.f.host, "another name was announced"), w.Abort(true))
	}
	err := w.commit(ctx, nil, !replace)
	if fault.Is(err, fault.Exists) {
		// It appeared meanwhile, and the parts can get no other name: the copy
		// begins again, with another decision.
		err = fault.Newf(fault.Protocol, "write", w.f.host, "%s appeared while it was uploaded", to)
	}
	return err
}

func (w *writer) putAs(ctx context.Context, to files.Path, replace bool) error {
	at, err := w.f.place("write", to)
	if err == nil && at.key == "" {
		err = fault.Newf(fault.Permission, "write", w.f.host, "files lie in buckets")
	}
	if err == nil && !replace {
		err = w.f.free(ctx, "write", to)
	}
	if err == nil {
		err = w.commit(ctx, &at, !replace)
	}
	if fault.Is(err, fault.Exists) || fault.Is(err, fault.Permission) {
		// The bytes keep their first name, for another decision.
		w.ended = false
		err = errors.Join(err, w.commit(ctx, nil, w.o.Exclusive))
	}
	return err
}

// Proof implements files.Proven: the MD5 of what went in one piece.
func (w *writer) Proof() (algo, sum string) {
	if w.md5 == "" {
		return "", ""
	}
	return "md5", w.md5
}

// commit ends the upload, of a single piece under another name if as is set.
func (w *writer) commit(ctx context.Context, as *place, exclusive bool) error {
	if w.ended {
		return fault.Newf(fault.Internal, "write", w.f.host, "ended twice")
	}
	w.ended = true
	err := ctx.Err()
	if err == nil {
		err = w.ctx.Err()
	}
	switch {
	case err != nil:
		err = fault.From("write", w.f.host, err)
	case w.o.Size >= 0 && w.total != w.o.Size:
		err = fault.Newf(fault.Damaged, "write", w.f.host, "%d bytes written of %d", w.total, w.o.Size)
	case w.upload == "":
		defer w.w.Stop() // nothing runs
		at := w.at
		if as != nil {
			at = *as
		}
		return w.put(ctx, at, exclusive)
	default:
		err = w.complete(ctx, exclusive)
	}
	if err != nil {
		return errors.Join(err, w.drop())
	}
	w.w.Stop()
	return nil
}

// sums gives the checksums that go with a piece: its MD5, which the server
// compares, and, where no TLS guards the bytes, the SHA-256 that is signed; ""
// else.
func (f *FS) sums(data []byte) (md5sum []byte, sha string) {
	sum := md5.Sum(data) //nolint:gosec // see above
	if !f.p.Site.Protocol.Encrypted() {
		signed := sha256.Sum256(data)
		sha = hex.EncodeToString(signed[:])
	}
	return sum[:], sha
}

// put sends all in one piece.
func (w *writer) put(ctx context.Context, at place, exclusive bool) error {
	sum, sha := w.f.sums(w.w.Rest())
	var done minio.UploadInfo
	send := func(o minio.PutObjectOptions) error {
		return w.f.do(ctx, "write", at.bucket, func(c client) (err error) {
			done, err = c.PutObject(ctx, at.bucket, at.key, bytes.NewReader(w.w.Rest()), int64(len(w.w.Rest())), base64.StdEncoding.EncodeToString(sum), sha, o)
			return err
		})
	}
	err := send(w.options(exclusive))
	if exclusive && fault.Is(err, fault.Unsupported) {
		err = send(w.options(false)) // it has been looked for, and this server can no more
	}
	if err != nil {
		return err
	}
	if got, ok := md5Of(done.ETag, nil); ok && got == hex.EncodeToString(sum) {
		w.md5 = got // it is not always one, but equal by accident it never is
	}
	return nil
}

// complete joins the parts and compares the size.
func (w *writer) complete(ctx context.Context, exclusive bool) error {
	if err := w.w.Finish(ctx); err != nil {
		return err
	}
	if exclusive {
		// Joining parts knows no condition with all servers: looked for as late as
		// can be.
		if err := w.f.free(ctx, "write", w.path); err != nil {
			return err
		}
	}
	parts := make([]minio.CompletePart, len(w.parts))
	for i := range parts {
		parts[i] = minio.CompletePart{PartNumber: i + 1, ETag: w.parts[i+1]}
	}
	long := context.WithValue(ctx, patient{}, true)
	err := w.f.do(long, "write", w.at.bucket, func(c client) error {
		_, err := c.CompleteMultipartUpload(long, w.at.bucket, w.at.key, w.upload, parts, minio.PutObjectOptions{})
		return err
	})
	if err != nil {
		return err
	}
	o, err := w.f.head(ctx, "write", w.at)
	if err != nil {
		return err
	}
	if o.Size != w.total {
		return fault.Newf(fault.Damaged, "write", w.f.host, "%d bytes arrived of %d", o.Size, w.total)
	}
	return nil
}

// Abort implements files.Writer: nothing is left either way.
func (w *writer) Abort(bool) error {
	if w.ended {
		return nil
	}
	w.ended = true
	return w.drop()
}

// drop ends an upload in parts at the server, which would keep (and bill) them.
func (w *writer) drop() error {
	w.w.Stop()
	if w.upload == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), 5*time.Second)
	defer cancel()
	return w.f.do(ctx, "abort", w.at.bucket, func(c client) error {
		err := c.AbortMultipartUpload(ctx, w.at.bucket, w.at.key, w.upload)
		if minio.ToErrorResponse(err).Code == minio.NoSuchUpload {
			return nil
		}
		return err
	})
}
