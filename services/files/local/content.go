package local

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/checksum"
)

// Read implements files.FS.
func (f *FS) Read(ctx context.Context, p files.Path, offset int64) (io.ReadCloser, error) {
	name, err := rel("read", p)
	if err != nil {
		return nil, err
	}
	at, name, done := f.near(name)
	defer done()
	// Opening a pipe would wait for its other end, so look first.
	info, err := at.Stat(name)
	if err != nil {
		return nil, failure("read", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault.Newf(fault.Unsupported, "read", "", "%q is no file", name)
	}
	file, err := at.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, failure("read", err)
	}
	if offset > 0 {
		if _, err := file.Seek(offset, io.SeekStart); err != nil {
			return nil, failure("read", errors.Join(err, file.Close()))
		}
	}
	return &reader{ctx: ctx, file: file, info: info}, nil
}

type reader struct {
	ctx  context.Context
	file *os.File
	info os.FileInfo // when it was opened
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

// File gives what is behind the reader to who can have the system move its bytes
// in pieces, looking at the context in between.
func (r *reader) File() *os.File { return r.file }

// Changed implements files.Witness.
func (r *reader) Changed() (bool, error) {
	now, err := r.file.Stat()
	if err != nil {
		return false, failure("read", err)
	}
	return now.Size() != r.info.Size() || !now.ModTime().Equal(r.info.ModTime()), nil
}

func (r *reader) Close() error { return failure("read", r.file.Close()) }

// Write implements files.FS. A link is never written through.
func (f *FS) Write(ctx context.Context, p files.Path, o files.WriteOptions) (files.Writer, error) {
	name, err := rel("write", p)
	if err != nil {
		return nil, err
	}
	at, base, done := f.near(name)
	w := &writer{ctx: ctx, fs: f, at: at, done: done, name: base, modTime: o.ModTime, lazy: o.Lazy && lazySync}
	if err := w.open(o); err != nil {
		done()
		return nil, err
	}
	return w, nil
}

type writer struct {
	ctx     context.Context
	fs      *FS
	at      place // the file's folder
	done    func()
	file    *os.File
	name    string
	modTime time.Time
	lazy    bool
	ended   bool
}

// open makes the file, which is the common case and costs one call, or opens
// the one that is there.
func (w *writer) open(o files.WriteOptions) (err error) {
	if o.Offset == 0 {
		// O_EXCL refuses a link.
		w.file, err = w.at.OpenFile(w.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil || o.Exclusive || !errors.Is(err, fs.ErrExist) {
			return failure("write", err)
		}
	}
	info, err := w.at.Lstat(w.name)
	switch {
	case err != nil:
		return failure("write", err)
	case !info.Mode().IsRegular():
		return fault.Newf(fault.Permission, "write", "", "%q is no plain file", w.name)
	case o.Offset > info.Size():
		return fault.Newf(fault.Unsupported, "write", "", "%q is shorter than the offset", w.name)
	}
	if w.file, err = w.at.OpenFile(w.name, os.O_WRONLY, 0o666); err != nil {
		return failure("write", err)
	}
	if err = w.file.Truncate(o.Offset); err == nil {
		_, err = w.file.Seek(o.Offset, io.SeekStart)
	}
	if err != nil {
		return failure("write", errors.Join(err, w.file.Close()))
	}
	return nil
}

func (w *writer) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, fault.From("write", "", err)
	}
	n, err := w.file.Write(b)
	return n, failure("write", err)
}

// ReadFrom implements io.ReaderFrom: from a bare connection or file the system
// moves the bytes. It looks at the context before and after only, so r ends soon.
func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, fault.From("write", "", err)
	}
	n, err := w.file.ReadFrom(r)
	if cerr := w.ctx.Err(); cerr != nil {
		err = cerr
	}
	return n, failure("write", err)
}

// Commit implements files.Writer. Unless it may be lazy, the bytes are on the
// disk before the file can get its final name: a power cut leaves no empty file
// under it.
func (w *writer) Commit(ctx context.Context) error {
	if w.ended {
		return fault.Newf(fault.Internal, "write", "", "ended twice")
	}
	w.ended = true
	defer w.done()
	return w.commit(ctx)
}

func (w *writer) commit(ctx context.Context) error {
	err := ctx.Err()
	if err == nil && w.lazy {
		w.fs.dirty.Store(true)
	} else if err == nil {
		err = w.file.Sync()
	}
	if err = errors.Join(err, w.file.Close()); err != nil {
		return failure("write", err)
	}
	if w.modTime.IsZero() {
		return nil
	}
	return failure("settime", w.at.Chtimes(w.name, time.Time{}, w.modTime))
}

// CommitAs implements files.Finisher.
func (w *writer) CommitAs(ctx context.Context, to files.Path, replace bool) error {
	if w.ended {
		return fault.Newf(fault.Internal, "write", "", "ended twice")
	}
	w.ended = true
	defer w.done()
	if _, err := rel("rename", to); err != nil {
		return err
	}
	if err := w.commit(ctx); err != nil {
		return err
	}
	return moveName(w.at, w.name, to.Base(), replace)
}

func (w *writer) Abort(remove bool) error {
	if w.ended {
		return nil
	}
	w.ended = true
	defer w.done()
	err := w.file.Close()
	if remove {
		err = errors.Join(err, w.at.Remove(w.name))
	}
	return failure("write", err)
}

// Sync implements files.Syncer.
func (f *FS) Sync(ctx context.Context) error {
	if !f.dirty.Swap(false) {
		return nil // every file was synced at its Commit
	}
	done := make(chan error, 1)
	// The system's call knows no context; a person who cancels does not wait for
	// a slow disk.
	f.wait.Go(func() { done <- syncAll(f.root) })
	select {
	case err := <-done:
		return failure("sync", err)
	case <-ctx.Done():
		f.dirty.Store(true)
		return fault.From("sync", "", ctx.Err())
	}
}

// Assemble implements files.Assembler. A link is never written through.
func (f *FS) Assemble(_ context.Context, p files.Path) (files.Assembly, error) {
	name, err := rel("write", p)
	if err != nil {
		return nil, err
	}
	file, err := f.at.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		info, ierr := f.at.Lstat(name)
		if ierr != nil {
			return nil, failure("write", ierr)
		}
		if !info.Mode().IsRegular() {
			return nil, fault.Newf(fault.Permission, "write", "", "%q is no plain file", name)
		}
		file, err = f.at.OpenFile(name, os.O_RDWR, 0)
	}
	if err != nil {
		return nil, failure("write", err)
	}
	return assembly{file}, nil
}

type assembly struct{ *os.File }

// Size implements files.Assembly.
func (a assembly) Size() (int64, error) {
	info, err := a.Stat()
	if err != nil {
		return 0, failure("stat", err)
	}
	return info.Size(), nil
}

// Hash implements files.Hasher by reading the file.
func (f *FS) Hash(ctx context.Context, p files.Path, algo string) (string, error) {
	h := checksum.New(algo)
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
