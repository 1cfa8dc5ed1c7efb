package sftp

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/pkg/sftp"

	"guichet/services/fault"
	"guichet/services/files"
)

// pipelined is how many requests of 32 KiB are under way at once in one file.
const pipelined = 64

// Read implements files.FS. The reader's WriteTo asks for many blocks at once
// and is what makes downloads fast; its Read waits for each.
func (f *FS) Read(ctx context.Context, p files.Path, offset int64) (io.ReadCloser, error) {
	name, err := f.remote("read", p)
	if err != nil {
		return nil, err
	}
	s, err := f.session(ctx)
	if err != nil {
		return nil, err
	}
	file, err := call(ctx, f, "read", func(now *session) (*sftp.File, error) {
		s = now
		info, err := now.sftp.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fault.Newf(fault.Unsupported, "read", f.host, "%s is no file", name)
		}
		file, err := now.sftp.Open(name)
		if err != nil || offset == 0 {
			return file, err
		}
		if _, err := file.Seek(offset, io.SeekStart); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return file, nil
	})
	if err != nil {
		return nil, err
	}
	return &reader{stream: stream{ctx: ctx, fs: f, s: s, file: file}}, nil
}

// stream is an open file whose calls end when ctx does, though the library's
// go on until the server answers or the connection is found dead.
type stream struct {
	ctx  context.Context
	fs   *FS
	s    *session
	file *sftp.File
	busy sync.WaitGroup
}

// do runs work, which must not touch the caller's data once gate is shut.
func (t *stream) do(op string, gate *gate, work func() (int64, error)) (int64, error) {
	type answer struct {
		n   int64
		err error
	}
	if err := t.ctx.Err(); err != nil {
		return 0, fault.From(op, t.fs.host, err)
	}
	done := make(chan answer, 1)
	t.s.line.waiting.Add(1)
	t.busy.Add(1)
	t.fs.group.Go("sftp "+op, func(context.Context) {
		defer t.busy.Done()
		defer t.s.line.waiting.Add(-1)
		n, err := work()
		done <- answer{n, err}
	})
	select {
	case a := <-done:
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			if err := t.ctx.Err(); err != nil {
				a.err = err
			}
			a.err = t.fs.fail(op, a.err)
		}
		return a.n, a.err
	case <-t.ctx.Done():
		gate.shut(t.ctx.Err())
		return 0, fault.From(op, t.fs.host, t.ctx.Err())
	case <-t.s.dead:
		err := fault.Newf(fault.Timeout, op, t.fs.host, "the connection broke")
		gate.shut(err)
		return 0, err
	}
}

// settle waits a little for calls under way; it reports whether they ended.
func (t *stream) settle(limit time.Duration) bool {
	done := make(chan struct{})
	t.fs.group.Go("sftp settle", func(context.Context) { t.busy.Wait(); close(done) })
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

func (t *stream) close(ctx context.Context, op string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	done := make(chan error, 1)
	t.fs.group.Go("sftp close", func(context.Context) { done <- t.file.Close() })
	select {
	case err := <-done:
		return t.fs.fail(op, err)
	case <-ctx.Done():
		return fault.From(op, t.fs.host, ctx.Err())
	case <-t.s.dead:
		return fault.Newf(fault.Timeout, op, t.fs.host, "the connection broke")
	}
}

// gate stands between the library's goroutines and the caller's reader or
// writer: once it is shut nothing passes, so the caller may go on.
type gate struct {
	mu  sync.Mutex
	err error
	w   io.Writer
	r   io.Reader
}

func (g *gate) shut(err error) {
	// A Write under way finishes first: the target is local or has deadlines.
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err == nil {
		g.err = err
	}
}

func (g *gate) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return 0, g.err
	}
	return g.w.Write(b)
}

func (g *gate) Read(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return 0, g.err
	}
	return g.r.Read(b)
}

type reader struct {
	stream
	buf []byte
}

func (r *reader) Read(b []byte) (int, error) {
	// The library may still fill its buffer after ctx has ended, so it gets one
	// of its own.
	if cap(r.buf) < len(b) {
		r.buf = make([]byte, len(b))
	}
	buf := r.buf[:len(b)]
	n, err := r.do("read", &gate{}, func() (int64, error) {
		n, err := r.file.Read(buf)
		return int64(n), err
	})
	if err != nil && !errors.Is(err, io.EOF) {
		r.buf = nil
		return 0, err
	}
	copy(b, buf[:n])
	return int(n), err
}

// WriteTo implements io.WriterTo.
func (r *reader) WriteTo(w io.Writer) (int64, error) {
	g := &gate{w: w}
	return r.do("read", g, func() (int64, error) { return r.file.WriteTo(g) })
}

func (r *reader) Close() error {
	if r.ctx.Err() != nil {
		// Closing waits for the reads under way; nobody has to watch that.
		r.fs.group.Go("sftp close", func(context.Context) { _ = r.file.Close() })
		return nil
	}
	return r.close(context.WithoutCancel(r.ctx), "read")
}

// Write implements files.FS. The writer's ReadFrom sends many blocks at once
// and is what makes uploads fast.
func (f *FS) Write(ctx context.Context, p files.Path, o files.WriteOptions) (files.Writer, error) {
	name, err := f.remote("write", p)
	if err != nil {
		return nil, err
	}
	s, err := f.session(ctx)
	if err != nil {
		return nil, err
	}
	flags := os.O_WRONLY | os.O_CREATE
	switch {
	case o.Offset > 0:
		flags = os.O_WRONLY
	case o.Exclusive:
		flags |= os.O_EXCL
	default:
		flags |= os.O_TRUNC
	}
	file, err := call(ctx, f, "write", func(now *session) (*sftp.File, error) {
		s = now
		file, err := now.sftp.OpenFile(name, flags)
		if err != nil || o.Offset == 0 {
			return file, err
		}
		// What lies behind the offset is of the interrupted try.
		if err = file.Truncate(o.Offset); err == nil {
			_, err = file.Seek(o.Offset, io.SeekStart)
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return file, nil
	})
	if err != nil {
		if o.Exclusive && ctx.Err() == nil && !fault.Is(err, fault.NotFound) {
			if there, serr := f.exists(ctx, name); serr == nil && there {
				return nil, fault.New(fault.Exists, "write", f.host, err)
			}
		}
		return nil, err
	}
	return &writer{stream: stream{ctx: ctx, fs: f, s: s, file: file}, path: p, start: o.Offset, modTime: o.ModTime}, nil
}

type writer struct {
	stream
	path    files.Path
	start   int64
	written int64
	failed  bool
	ended   bool
	modTime time.Time
}

func (w *writer) Write(b []byte) (int, error) {
	data := append([]byte(nil), b...) // the library may hold on to it
	n, err := w.do("write", &gate{}, func() (int64, error) {
		n, err := w.file.Write(data)
		return int64(n), err
	})
	w.written += n
	w.failed = w.failed || err != nil
	return int(n), err
}

// ReadFrom implements io.ReaderFrom.
func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	g := &gate{r: r}
	n, err := w.do("write", g, func() (int64, error) {
		n, err := w.file.ReadFromWithConcurrency(g, pipelined)
		return n, err
	})
	w.written += n
	w.failed = w.failed || err != nil
	return n, err
}

func (w *writer) Commit(ctx context.Context) error {
	if w.ended {
		return fault.Newf(fault.Internal, "write", w.fs.host, "ended twice")
	}
	if w.failed {
		return fault.Newf(fault.Internal, "write", w.fs.host, "committed after a failure")
	}
	w.ended = true
	if err := w.close(ctx, "write"); err != nil {
		return err
	}
	e, err := w.fs.Stat(ctx, w.path)
	if err != nil {
		return err
	}
	if want := w.start + w.written; e.Size != want {
		return fault.Newf(fault.Damaged, "write", w.fs.host, "%d bytes arrived of %d", e.Size, want)
	}
	if w.modTime.IsZero() {
		return nil
	}
	return w.fs.SetTime(ctx, w.path, w.modTime)
}

// Abort cuts the file to the bytes that arrived without a hole, because blocks
// under way in parallel may have left some.
func (w *writer) Abort(remove bool) error {
	if w.ended {
		return nil
	}
	w.ended = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), 2*time.Second)
	defer cancel()
	if !w.settle(time.Second) {
		// The server does not answer. Whoever resumes goes back by more than
		// what was under way.
		w.fs.group.Go("sftp close", func(context.Context) { _ = w.file.Close() })
		return nil
	}
	var err error
	if w.failed && !remove {
		err = run(ctx, w.fs, "write", func(*session) error {
			at, err := w.file.Seek(0, io.SeekCurrent)
			if err != nil {
				return err
			}
			return w.file.Truncate(at)
		})
	}
	err = errors.Join(err, w.close(ctx, "write"))
	if remove {
		err = errors.Join(err, w.fs.Remove(ctx, w.path))
	}
	return err
}
