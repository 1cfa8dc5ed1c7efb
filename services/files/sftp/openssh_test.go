package sftp

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// openSSH connects to OpenSSH's own file server, started with options.
func openSSH(t *testing.T, home string, options ...string) *FS {
	t.Helper()
	s := vfstest.StartSSH(t, home, vfstest.OpenSSHFiles(t, options...))
	f, err := Dial(t.Context(), params(t, s))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

func TestConformanceOfOpenSSH(t *testing.T) {
	home := t.TempDir()
	s := vfstest.StartSSH(t, home, vfstest.OpenSSHFiles(t))
	vfstest.Run(t, func(t *testing.T) files.FS {
		f, err := Dial(t.Context(), params(t, s))
		require.NoError(t, err)
		return f
	}, vfstest.Options{Base: files.ParsePath(home)})
}

func TestOpenSSHAbilities(t *testing.T) {
	home := t.TempDir()
	f := openSSH(t, home)
	require.True(t, f.client.inOrder)
	require.Greater(t, f.client.maxRead, plainBlock, "limits@openssh.com")
	caps, err := f.Caps(t.Context())
	require.NoError(t, err)
	require.True(t, caps.AtomicReplace && caps.FreeSpace)
	require.Equal(t, filesAtOnce, caps.MaxConns)
	free, err := f.Free(t.Context(), files.ParsePath(home))
	require.NoError(t, err)
	require.Positive(t, free)
}

func TestReadOnlyServer(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, "f"), []byte("x"), 0o600))
	f := openSSH(t, home, "-R")
	base, ctx := files.ParsePath(home), t.Context()
	got, err := vfstest.Get(ctx, f, base.Join("f"), 0)
	require.NoError(t, err)
	require.Equal(t, "x", string(got))
	for name, do := range map[string]func() error{
		"write":  func() error { return vfstest.Put(ctx, f, base.Join("g"), []byte("y"), files.WriteOptions{}) },
		"mkdir":  func() error { return f.Mkdir(ctx, base.Join("d")) },
		"remove": func() error { return f.Remove(ctx, base.Join("f")) },
		"rename": func() error { return f.Rename(ctx, base.Join("f"), base.Join("h"), true) },
		"chmod":  func() error { return f.Chmod(ctx, base.Join("f"), 0o644) },
	} {
		fa := kindOf(t, do(), fault.Permission)
		require.NotEmpty(t, fa.Said, name)
	}
	require.FileExists(t, filepath.Join(home, "f"))
}

func TestServerThatDeniesRequests(t *testing.T) {
	base := func(home string) files.Path { return files.ParsePath(home) }
	t.Run("posix-rename", func(t *testing.T) {
		home := t.TempDir()
		f := openSSH(t, home, "-P", "posix-rename")
		require.NoError(t, vfstest.Put(t.Context(), f, base(home).Join("a"), []byte("new"), files.WriteOptions{}))
		require.NoError(t, vfstest.Put(t.Context(), f, base(home).Join("b"), []byte("old"), files.WriteOptions{}))
		require.NoError(t, f.Rename(t.Context(), base(home).Join("a"), base(home).Join("b"), true))
		got, err := os.ReadFile(filepath.Join(home, "b"))
		require.NoError(t, err)
		require.Equal(t, "new", string(got))
	})
	t.Run("every rename", func(t *testing.T) {
		home := t.TempDir()
		f := openSSH(t, home, "-P", "rename,posix-rename")
		require.NoError(t, vfstest.Put(t.Context(), f, base(home).Join("a"), []byte("new"), files.WriteOptions{}))
		kindOf(t, f.Rename(t.Context(), base(home).Join("a"), base(home).Join("b"), false), fault.Permission)
		require.NoError(t, os.WriteFile(filepath.Join(home, "b"), []byte("old"), 0o600))
		kindOf(t, f.Rename(t.Context(), base(home).Join("a"), base(home).Join("b"), true), fault.Permission)
		got, err := os.ReadFile(filepath.Join(home, "b"))
		require.NoError(t, err)
		require.Equal(t, "old", string(got))
	})
	t.Run("times", func(t *testing.T) {
		home := t.TempDir()
		f := openSSH(t, home, "-P", "fsetstat,setstat,fstat,limits,statvfs")
		when := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
		require.NoError(t, vfstest.Put(t.Context(), f, base(home).Join("a"), []byte("new"), files.WriteOptions{ModTime: when}), "the bytes count more than the time")
		kindOf(t, f.SetTime(t.Context(), base(home).Join("a"), when), fault.Permission)
	})
	t.Run("only the time of an open file", func(t *testing.T) {
		home := t.TempDir()
		f := openSSH(t, home, "-P", "fsetstat")
		when := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
		require.NoError(t, vfstest.Put(t.Context(), f, base(home).Join("a"), []byte("new"), files.WriteOptions{ModTime: when}))
		e, err := f.Stat(t.Context(), base(home).Join("a"))
		require.NoError(t, err)
		require.True(t, when.Equal(e.ModTime))
	})
}

func TestCopyOnServer(t *testing.T) {
	home := t.TempDir()
	f := openSSH(t, home)
	caps, err := f.Caps(t.Context())
	require.NoError(t, err)
	if !caps.ServerCopy {
		t.Skip("this sftp-server knows no copy-data")
	}
	base, ctx := files.ParsePath(home), t.Context()
	data := vfstest.Bytes(copyStep + 12345)
	require.NoError(t, os.WriteFile(filepath.Join(home, "a"), data, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(home, "old"), []byte("old"), 0o600))
	require.NoError(t, f.Copy(ctx, base.Join("a"), base.Join("b"), false))
	kindOf(t, f.Copy(ctx, base.Join("a"), base.Join("old"), false), fault.Exists)
	require.NoError(t, f.Copy(ctx, base.Join("a"), base.Join("old"), true))
	kindOf(t, f.Copy(ctx, base.Join("a"), base.Join("a"), true), fault.Exists)
	kindOf(t, f.Copy(ctx, base.Join("nobody"), base.Join("c"), false), fault.NotFound)
	kindOf(t, f.Copy(ctx, base, base.Join("c"), false), fault.Unsupported)
	for _, name := range []string{"b", "old"} {
		got, err := os.ReadFile(filepath.Join(home, name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got))
	}
	all, err := os.ReadDir(home)
	require.NoError(t, err)
	require.Len(t, all, 3, "no part is left")
}

// Many entries come in many answers, and the first are shown before the last
// have been read.
func TestListIsStreamed(t *testing.T) {
	home := t.TempDir()
	const n = 1500
	for i := range n {
		require.NoError(t, os.WriteFile(filepath.Join(home, fmt.Sprintf("f%05d", i)), nil, 0o600))
	}
	f := openSSH(t, home)
	calls, sum := 0, 0
	report, err := f.List(t.Context(), files.ParsePath(home), func(e []files.Entry) error {
		calls++
		sum += len(e)
		require.LessOrEqual(t, len(e), emitMost+1000)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, files.Report{Entries: n}, report)
	require.Equal(t, n, sum)
	require.Greater(t, calls, 1)
}

func TestOwners(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, "f"), nil, 0o600))
	f := openSSH(t, home)
	base, ctx := files.ParsePath(home), t.Context()
	all, _, err := vfstest.List(ctx, f, base)
	require.NoError(t, err)
	e, err := f.Stat(ctx, base.Join("f"))
	require.NoError(t, err)
	require.Equal(t, all[0].Owner, e.Owner, "the name that the listing has shown")
	require.NoError(t, f.Chown(ctx, base.Join("f"), all[0].Owner, all[0].Group))
	require.NoError(t, f.Chown(ctx, base.Join("f"), "", all[0].Group))
	kindOf(t, f.Chown(ctx, base.Join("f"), "no such person", ""), fault.Unsupported)
}

func TestManySmallFilesAtOnce(t *testing.T) {
	home := t.TempDir()
	f := openSSH(t, home)
	base := files.ParsePath(home)
	when := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	g, ctx := errgroup.WithContext(t.Context())
	g.SetLimit(filesAtOnce)
	for i := range 200 {
		g.Go(func() error {
			name := fmt.Sprint(i)
			data := vfstest.Bytes(4096 + i)
			w, err := f.Write(ctx, base.Join(name+".part"), files.WriteOptions{Size: int64(len(data)), ModTime: when})
			if err != nil {
				return err
			}
			if _, err := w.Write(data); err != nil {
				return err
			}
			if err := w.(files.Finisher).CommitAs(ctx, base.Join(name), i%2 == 0); err != nil {
				return err
			}
			r, err := f.Read(ctx, base.Join(name), 0)
			if err != nil {
				return err
			}
			var got bytes.Buffer
			if _, err := got.ReadFrom(r); err != nil {
				return err
			}
			changed, err := r.(files.Witness).Changed()
			if err != nil {
				return err
			}
			if changed || !bytes.Equal(data, got.Bytes()) {
				return fmt.Errorf("%s: %d bytes, changed %v", name, got.Len(), changed)
			}
			return r.Close()
		})
	}
	require.NoError(t, g.Wait())
	info, err := os.Stat(filepath.Join(home, "7"))
	require.NoError(t, err)
	require.True(t, when.Equal(info.ModTime()))
}

func TestChangedWhileRead(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, "f")
	require.NoError(t, os.WriteFile(path, vfstest.Bytes(20<<20), 0o600))
	f := openSSH(t, home)
	r, err := f.Read(t.Context(), files.ParsePath(path), 0)
	require.NoError(t, err)
	_, err = r.Read(make([]byte, 10))
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)))
	changed, err := r.(files.Witness).Changed()
	require.NoError(t, err)
	require.True(t, changed)
	require.NoError(t, r.Close())

	// Whoever reads what a listing has shown before it changed hears of it once.
	_, _, err = vfstest.List(t.Context(), f, files.ParsePath(home))
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(path, time.Unix(2, 0), time.Unix(2, 0)))
	for _, want := range []bool{true, false} {
		r, err := f.Read(t.Context(), files.ParsePath(path), 0)
		require.NoError(t, err)
		changed, err := r.(files.Witness).Changed()
		require.NoError(t, err)
		require.Equal(t, want, changed)
		require.NoError(t, r.Close())
	}
}

func TestRange(t *testing.T) {
	home := t.TempDir()
	data := vfstest.Bytes(1_000_000)
	require.NoError(t, os.WriteFile(filepath.Join(home, "f"), data, 0o600))
	f := openSSH(t, home)
	p := files.ParsePath(home).Join("f")
	for _, c := range [][2]int64{{0, 0}, {0, 1}, {5, 700_000}, {999_999, 1}, {0, 1_000_000}, {500_000, 500_001}} {
		r, err := f.ReadRange(t.Context(), p, c[0], c[1])
		require.NoError(t, err)
		var got bytes.Buffer
		_, err = got.ReadFrom(r)
		require.NoError(t, r.Close())
		if c[0]+c[1] > int64(len(data)) {
			kindOf(t, err, fault.Protocol)
			continue
		}
		require.NoError(t, err)
		require.True(t, bytes.Equal(data[c[0]:c[0]+c[1]], got.Bytes()), "%v", c)
	}
}

// Whoever stops one transfer does not disturb the others.
func TestCancelLeavesOthersAlone(t *testing.T) {
	home := t.TempDir()
	data := vfstest.Bytes(30 << 20)
	require.NoError(t, os.WriteFile(filepath.Join(home, "f"), data, 0o600))
	f := openSSH(t, home)
	p := files.ParsePath(home).Join("f")
	first := f.client
	other, err := f.Read(t.Context(), p, 0)
	require.NoError(t, err)
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := f.Read(ctx, p, 0)
		require.NoError(t, err)
		_, err = r.Read(make([]byte, 1000))
		require.NoError(t, err)
		cancel()
		_, err = r.Read(make([]byte, 1<<20))
		for err == nil {
			_, err = r.Read(make([]byte, 1<<20))
		}
		kindOf(t, err, fault.Cancelled)
		require.NoError(t, r.Close())
	}
	var got bytes.Buffer
	_, err = got.ReadFrom(other)
	require.NoError(t, err)
	require.NoError(t, other.Close())
	require.True(t, bytes.Equal(data, got.Bytes()))
	require.Same(t, first, f.client, "the connection lives")
	require.Eventually(t, func() bool { return first.wire.Pending() == 0 && first.underWay.Load() == 0 }, 5*time.Second, 5*time.Millisecond)
}
