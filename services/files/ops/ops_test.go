package ops

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/vfstest/places"
)

// grow makes files below dir; names that end in a slash are folders.
func grow(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if strings.HasSuffix(name, "/") {
			require.NoError(t, os.MkdirAll(path, 0o755))
			continue
		}
		require.NoError(t, os.WriteFile(path, []byte("text of "+name), 0o644))
	}
}

func left(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && path != dir {
			rel, _ := filepath.Rel(dir, path)
			all = append(all, rel)
		}
		return err
	}))
	slices.Sort(all)
	return all
}

func targets(t *testing.T, p places.Place, names ...string) []Target {
	t.Helper()
	var out []Target
	_, err := p.FS.List(t.Context(), p.Path, func(entries []files.Entry) error {
		for _, e := range entries {
			if slices.Contains(names, e.Name) {
				out = append(out, Target{p.Path.Join(e.Name), e})
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.Len(t, out, len(names))
	return out
}

func TestRemove(t *testing.T) {
	for name, open := range places.All(t, local.Options{}) {
		t.Run(name, func(t *testing.T) {
			p := open()
			grow(t, p.Dir, "a/b/c/1", "a/b/2", "a/3", "a/empty/", "keep/4", "5")
			links := name != "dav" // golang.org/x/net/webdav follows links by itself
			if links {
				require.NoError(t, os.Symlink(filepath.Join(p.Dir, "keep"), filepath.Join(p.Dir, "a", "link")))
				require.NoError(t, os.Symlink("nowhere", filepath.Join(p.Dir, "a", "dead")))
			}
			var told atomic.Int64
			r, err := Remove(t.Context(), p.FS, targets(t, p, "a", "5"), Options{Progress: func(done, _ int) { told.Store(int64(done)) }})
			require.NoError(t, err)
			require.Equal(t, []string{"keep", "keep/4"}, left(t, p.Dir))
			files := 4
			if links {
				files = 6
			}
			require.Equal(t, Result{Files: files, Folders: 4}, r)
			require.Equal(t, int64(files+4), told.Load())
		})
	}
	_, err := Remove(t.Context(), nil, []Target{{}}, Options{})
	require.True(t, fault.Is(err, fault.Permission), "never the root")
}

// An FTP server that lists a link to a folder as a folder must not cost what it
// points to.
func TestRemoveListedLinks(t *testing.T) {
	p := places.All(t, local.Options{})["ftp"]()
	grow(t, p.Dir, "keep/4", "a/1")
	require.NoError(t, os.Symlink(filepath.Join(p.Dir, "keep"), filepath.Join(p.Dir, "a", "link")))
	lying := &changed{FS: p.FS, connected: p.FS.(files.Connected), entry: func(e *files.Entry) {
		if e.Type == files.LinkDir {
			e.Type = files.Dir
		}
	}}
	_, err := Remove(t.Context(), lying, targets(t, p, "a"), Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"keep", "keep/4"}, left(t, p.Dir))
}

// changed is a file system whose listings lie.
type changed struct {
	files.FS
	connected files.Connected
	entry     func(*files.Entry)
	unread    func(dir files.Path) int
	list      func(ctx context.Context, dir files.Path, emit func([]files.Entry) error) (files.Report, error)
	remove    func(p files.Path) error
}

func (c *changed) Conn() files.Conn {
	if c.connected == nil {
		return files.Conn{}
	}
	return c.connected.Conn()
}
func (c *changed) Transcript() string { return "" }

func (c *changed) List(ctx context.Context, dir files.Path, emit func([]files.Entry) error) (files.Report, error) {
	if c.list != nil {
		return c.list(ctx, dir, emit)
	}
	r, err := c.FS.List(ctx, dir, func(entries []files.Entry) error {
		entries = slices.Clone(entries)
		for i := range entries {
			if c.entry != nil {
				c.entry(&entries[i])
			}
		}
		return emit(entries)
	})
	if c.unread != nil {
		r.Unread = c.unread(dir)
	}
	return r, err
}

func (c *changed) Remove(ctx context.Context, p files.Path) error {
	if c.remove != nil {
		if err := c.remove(p); err != nil {
			return err
		}
	}
	return c.FS.Remove(ctx, p)
}

func TestRemoveLeavesWhatItCannotSee(t *testing.T) {
	p := places.All(t, local.Options{})["local"]()
	grow(t, p.Dir, "a/dark/1", "a/dark/deep/2", "a/light/3", "a/4", "5")
	f := &changed{FS: p.FS, unread: func(dir files.Path) int {
		if dir.Base() == "dark" {
			return 1
		}
		return 0
	}}
	r, err := Remove(t.Context(), f, targets(t, p, "a", "5"), Options{})
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
	require.Equal(t, []string{"a", "a/dark", "a/dark/1", "a/dark/deep", "a/dark/deep/2"}, left(t, p.Dir))
	require.Equal(t, 1, r.Failed)
	require.Equal(t, "/a/dark", r.Failures[0].Path)
}

func TestOneFailureDoesNotStopTheRest(t *testing.T) {
	p := places.All(t, local.Options{})["local"]()
	grow(t, p.Dir, "a/1", "a/2", "a/b/3", "c/4")
	f := &changed{FS: p.FS, remove: func(p files.Path) error {
		if p.Base() == "2" {
			return fault.Newf(fault.Permission, "remove", "", "no")
		}
		return nil
	}}
	r, err := Remove(t.Context(), f, targets(t, p, "a", "c"), Options{})
	require.True(t, fault.Is(err, fault.Permission))
	require.Equal(t, []string{"a", "a/2"}, left(t, p.Dir))
	require.Equal(t, []Failure{{Path: "/a/2", Kind: fault.Permission}}, r.Failures)
}

// endless is a server whose folders hold themselves.
func endless(id func(depth int) string) func(context.Context, files.Path, func([]files.Entry) error) (files.Report, error) {
	return func(ctx context.Context, dir files.Path, emit func([]files.Entry) error) (files.Report, error) {
		return files.Report{Entries: 1}, emit([]files.Entry{{Name: "x", Display: "x", Type: files.Dir, ID: id(len(dir))}})
	}
}

func TestEndlessTrees(t *testing.T) {
	p := places.All(t, local.Options{})["local"]()
	for name, id := range map[string]func(int) string{
		"depth":    func(int) string { return "" },
		"identity": func(int) string { return "same" },
	} {
		f := &changed{FS: p.FS, list: endless(id), connected: sure{}}
		r, err := Measure(t.Context(), f, []Target{{files.Path{"x"}, files.Entry{Name: "x", Type: files.Dir, ID: id(0)}}}, nil)
		require.Error(t, err, name)
		require.Equal(t, 1, r.Failed, name)
	}
	f := &changed{FS: p.FS, list: func(_ context.Context, _ files.Path, emit func([]files.Entry) error) (files.Report, error) {
		return files.Report{}, emit([]files.Entry{{Name: "..", Type: files.Dir}})
	}}
	_, err := Remove(t.Context(), f, []Target{{files.Path{"x"}, files.Entry{Type: files.Dir}}}, Options{})
	require.True(t, fault.Is(err, fault.Protocol), "a name that leads up: %v", err)
}

// sure is a connection whose identities can be trusted.
type sure struct{}

func (sure) Conn() files.Conn   { return files.Conn{Protocol: files.ProtocolSFTP} }
func (sure) Transcript() string { return "" }

func TestCancelIsAnsweredAtOnce(t *testing.T) {
	p := places.All(t, local.Options{})["local"]()
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	f := &changed{FS: p.FS, connected: sure{}, list: func(ctx context.Context, _ files.Path, emit func([]files.Entry) error) (files.Report, error) {
		if n++; n == 50 {
			cancel()
		}
		return files.Report{}, emit([]files.Entry{{Name: "x", Type: files.Dir}})
	}}
	_, err := Measure(ctx, f, []Target{{nil, files.Entry{Type: files.Dir}}}, nil)
	require.True(t, fault.Is(err, fault.Cancelled), "%v", err)
	require.Equal(t, 50, n)
}

func TestPermissions(t *testing.T) {
	p := places.All(t, local.Options{})["local"]()
	grow(t, p.Dir, "a/b/1", "a/2", "a/3")
	at := func(name string) string { return filepath.Join(p.Dir, name) }
	require.NoError(t, os.Chmod(at("a/3"), 0o640))
	require.NoError(t, os.Symlink(at("a/3"), at("a/link")))
	r, err := SetPermissions(t.Context(), p.FS, targets(t, p, "a"), Change{Files: Exactly(0o640), Folders: Bits{Clear: 0o077}, Inside: true}, Options{})
	require.NoError(t, err)
	for name, want := range map[string]fs.FileMode{"a": 0o700, "a/b": 0o700, "a/b/1": 0o640, "a/2": 0o640, "a/3": 0o640} {
		info, err := os.Stat(at(name))
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm(), name)
	}
	require.Equal(t, 2, r.Unchanged, "what is so already is left alone, and links are")

	// A folder that nobody may enter any more is changed last.
	_, err = SetPermissions(t.Context(), p.FS, targets(t, p, "a"), Change{Files: Bits{Set: 0o004}, Folders: Exactly(0o600), Inside: true}, Options{})
	require.NoError(t, err)
	info, err := os.Stat(at("a"))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.Chmod(at("a"), 0o700))
	require.NoError(t, os.Chmod(at("a/b"), 0o700))
	info, err = os.Stat(at("a/b/1"))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o644), info.Mode().Perm())

	_, err = SetPermissions(t.Context(), &changed{FS: p.FS}, targets(t, p, "a"), Change{Owner: "somebody"}, Options{})
	require.True(t, fault.Is(err, fault.Unsupported))
}

func TestMeasure(t *testing.T) {
	for name, open := range places.All(t, local.Options{}) {
		p := open()
		grow(t, p.Dir, "a/b/1", "a/2", "a/c/")
		r, err := Measure(t.Context(), p.FS, targets(t, p, "a"), nil)
		require.NoError(t, err, name)
		require.Equal(t, Result{Files: 2, Folders: 3, Bytes: int64(len("text of a/b/1text of a/2"))}, r, name)
	}
}
