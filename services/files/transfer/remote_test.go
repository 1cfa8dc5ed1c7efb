package transfer

import (
	"context"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// remote is a folder of this computer that passes for a server, and fails where
// a test wants it to.
type remoteFS struct {
	files.FS
	dir  string
	caps files.Caps
	// hook, if set, is asked before each step: the operations by their names, and
	// "receive" and "send" for each block.
	hook func(step string) error

	mu    sync.Mutex
	steps []string
}

func newRemote(t *testing.T, hook func(step string) error) *remoteFS {
	t.Helper()
	dir := t.TempDir()
	return remoteAt(localFS(t, dir), dir, hook)
}

func remoteAt(f files.FS, dir string, hook func(step string) error) *remoteFS {
	return &remoteFS{FS: f, dir: dir, hook: hook, caps: files.Caps{Resume: true, SetTime: true, MaxConns: 4}}
}

func (f *remoteFS) step(name string) error {
	f.mu.Lock()
	f.steps = append(f.steps, name)
	f.mu.Unlock()
	if f.hook != nil {
		return f.hook(name)
	}
	return nil
}

// count tells how often a step was taken.
func (f *remoteFS) count(name string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.steps {
		if s == name {
			n++
		}
	}
	return n
}

func (f *remoteFS) Conn() files.Conn   { return files.Conn{Protocol: files.ProtocolFTP} }
func (f *remoteFS) Transcript() string { return "" }
func (f *remoteFS) URL(p files.Path) string {
	return files.Site{Protocol: files.ProtocolFTP, Host: filepath.Base(f.dir) + ".example"}.URL(p)
}
func (f *remoteFS) Caps(context.Context) (files.Caps, error) { return f.caps, nil }

func (f *remoteFS) List(ctx context.Context, p files.Path, emit func([]files.Entry) error) (files.Report, error) {
	if err := f.step("list"); err != nil {
		return files.Report{}, err
	}
	return f.FS.List(ctx, p, emit)
}

func (f *remoteFS) Stat(ctx context.Context, p files.Path) (files.Entry, error) {
	if err := f.step("stat"); err != nil {
		return files.Entry{}, err
	}
	return f.FS.Stat(ctx, p)
}

func (f *remoteFS) Mkdir(ctx context.Context, p files.Path) error {
	if err := f.step("mkdir"); err != nil {
		return err
	}
	return f.FS.Mkdir(ctx, p)
}

func (f *remoteFS) Remove(ctx context.Context, p files.Path) error {
	if err := f.step("remove"); err != nil {
		return err
	}
	return f.FS.Remove(ctx, p)
}

func (f *remoteFS) Rename(ctx context.Context, from, to files.Path, replace bool) error {
	if err := f.step("rename"); err != nil {
		return err
	}
	err := f.FS.Rename(ctx, from, to, replace)
	if err == nil {
		err = f.step("renamed")
	}
	return err
}

func (f *remoteFS) Read(ctx context.Context, p files.Path, offset int64) (io.ReadCloser, error) {
	if err := f.step("read"); err != nil {
		return nil, err
	}
	r, err := f.FS.Read(ctx, p, offset)
	if err != nil {
		return nil, err
	}
	return &remoteReader{ReadCloser: r, fs: f}, nil
}

type remoteReader struct {
	io.ReadCloser
	fs *remoteFS
}

func (r *remoteReader) Read(b []byte) (int, error) {
	if err := r.fs.step("receive"); err != nil {
		return 0, err
	}
	return r.ReadCloser.Read(b[:min(len(b), 32<<10)])
}

func (f *remoteFS) Write(ctx context.Context, p files.Path, o files.WriteOptions) (files.Writer, error) {
	if err := f.step("write"); err != nil {
		return nil, err
	}
	w, err := f.FS.Write(ctx, p, o)
	if err != nil {
		return nil, err
	}
	return &remoteWriter{w, f}, nil
}

type remoteWriter struct {
	files.Writer
	fs *remoteFS
}

func (w *remoteWriter) Write(b []byte) (int, error) {
	if err := w.fs.step("send"); err != nil {
		return 0, err
	}
	return w.Writer.Write(b)
}

func (w *remoteWriter) Commit(ctx context.Context) error {
	if err := w.fs.step("commit"); err != nil {
		_ = w.Writer.Abort(false)
		return err
	}
	if err := w.Writer.Commit(ctx); err != nil {
		return err
	}
	return w.fs.step("committed")
}

// once fails a step the nth time it is taken.
func once(step string, nth int, err error) func(string) error {
	var mu sync.Mutex
	seen := 0
	return func(s string) error {
		mu.Lock()
		defer mu.Unlock()
		if s != step {
			return nil
		}
		if seen++; seen == nth {
			return err
		}
		return nil
	}
}

func broken(kind fault.Kind) error {
	return fault.Newf(kind, "test", "server.example", "broken on purpose")
}

// ranged is a remoteFS that gives parts of files.
type ranged struct{ *remoteFS }

func (f ranged) ReadRange(ctx context.Context, p files.Path, offset, n int64) (io.ReadCloser, error) {
	if err := f.step("range"); err != nil {
		return nil, err
	}
	r, err := f.Read(ctx, p, offset)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(r, n), r}, nil
}

// copying is a remoteFS that copies by itself.
type copying struct{ *remoteFS }

func (f copying) Copy(ctx context.Context, from, to files.Path, _ bool) error {
	if err := f.step("copy"); err != nil {
		return err
	}
	r, err := f.FS.Read(ctx, from, 0)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := f.FS.Write(ctx, to, files.WriteOptions{Size: -1})
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	return w.Commit(ctx)
}

func always(a Answer) func(context.Context, Conflict) (Answer, error) {
	return func(context.Context, Conflict) (Answer, error) { return a, nil }
}

func entry(size int64, t time.Time) files.Entry {
	return files.Entry{Name: "f", Size: size, ModTime: t, Precise: time.Second}
}
