package local

import (
	"context"
	"crypto/md5"  //nolint:gosec // servers offer it; it is for comparing, not for trust
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// syncAbove is the size from which a finished file is forced onto the disk. For
// the many small ones that would cost more than the transfer.
const syncAbove = 1 << 20

// Read implements files.FS.
func (f *FS) Read(ctx context.Context, p files.Path, offset int64) (io.ReadCloser, error) {
	name, err := rel("read", p)
	if err != nil {
		return nil, err
	}
	// Opening a pipe would wait for its other end, so look first.
	info, err := f.at.Stat(name)
	if err != nil {
		return nil, failure("read", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault.Newf(fault.Unsupported, "read", "", "%q is no file", name)
	}
	file, err := f.at.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, failure("read", err)
	}
	if offset > 0 {
		if _, err := file.Seek(offset, io.SeekStart); err != nil {
			return nil, failure("read", errors.Join(err, file.Close()))
		}
	}
	return &reader{ctx: ctx, file: file}, nil
}

type reader struct {
	ctx  context.Context
	file *os.File
}

func (r *reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, fault.From("read", "", err)
	}
	n, err := r.file.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = failure("read", err)
	}
	return n, err
}

func (r *reader) Close() error { return failure("read", r.file.Close()) }

// Write implements files.FS. A link is never written through.
func (f *FS) Write(ctx context.Context, p files.Path, o files.WriteOptions) (files.Writer, error) {
	name, err := rel("write", p)
	if err != nil {
		return nil, err
	}
	info, err := f.at.Lstat(name)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, fault.Newf(fault.Permission, "write", "", "%q is no plain file", name)
	case err == nil && o.Exclusive && o.Offset == 0:
		return nil, fault.New(fault.Exists, "write", "", fs.ErrExist)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, failure("write", err)
	case err == nil && o.Offset > info.Size():
		return nil, fault.Newf(fault.Unsupported, "write", "", "%q is shorter than the offset", name)
	case err != nil && o.Offset > 0:
		return nil, failure("write", err)
	}
	flag := os.O_WRONLY
	if err != nil { // not there: O_EXCL refuses a link that appears meanwhile
		flag |= os.O_CREATE | os.O_EXCL
	}
	file, err := f.at.OpenFile(name, flag, 0o666)
	if err != nil {
		return nil, failure("write", err)
	}
	w := &writer{ctx: ctx, fs: f, file: file, name: name, modTime: o.ModTime}
	if err := file.Truncate(o.Offset); err != nil {
		return nil, failure("write", errors.Join(err, file.Close()))
	}
	if _, err := file.Seek(o.Offset, io.SeekStart); err != nil {
		return nil, failure("write", errors.Join(err, file.Close()))
	}
	return w, nil
}

type writer struct {
	ctx     context.Context
	fs      *FS
	file    *os.File
	name    string
	modTime time.Time
	written int64
	ended   bool
}

func (w *writer) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, fault.From("write", "", err)
	}
	n, err := w.file.Write(b)
	w.written += int64(n)
	return n, failure("write", err)
}

func (w *writer) Commit(ctx context.Context) error {
	if w.ended {
		return fault.Newf(fault.Internal, "write", "", "ended twice")
	}
	w.ended = true
	var err error
	if err = ctx.Err(); err == nil && w.written >= syncAbove {
		err = w.file.Sync()
	}
	if err = errors.Join(err, w.file.Close()); err != nil {
		return failure("write", err)
	}
	if w.modTime.IsZero() {
		return nil
	}
	return failure("settime", w.fs.at.Chtimes(w.name, time.Time{}, w.modTime))
}

func (w *writer) Abort(remove bool) error {
	if w.ended {
		return nil
	}
	w.ended = true
	err := w.file.Close()
	if remove {
		err = errors.Join(err, w.fs.at.Remove(w.name))
	}
	return failure("write", err)
}

// NewHash makes the hash of that name, or nil.
func NewHash(algo string) hash.Hash {
	switch algo {
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	case "sha1":
		return sha1.New() //nolint:gosec // see the import
	case "md5":
		return md5.New() //nolint:gosec // see the import
	case "crc32":
		return crc32.NewIEEE()
	}
	return nil
}

// Hash implements files.Hasher by reading the file.
func (f *FS) Hash(ctx context.Context, p files.Path, algo string) (string, error) {
	h := NewHash(algo)
	if h == nil {
		return "", fault.Newf(fault.Unsupported, "hash", "", "algorithm %q", algo)
	}
	r, err := f.Read(ctx, p, 0)
	if err != nil {
		return "", err
	}
	_, err = io.CopyBuffer(h, r, make([]byte, 256<<10))
	if err = errors.Join(err, r.Close()); err != nil {
		return "", fault.From("hash", "", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Free implements files.Spacer.
func (f *FS) Free(_ context.Context, p files.Path) (int64, error) {
	if _, err := rel("free", p); err != nil {
		return 0, err
	}
	n, err := free(f.System(p))
	return n, failure("free", err)
}
