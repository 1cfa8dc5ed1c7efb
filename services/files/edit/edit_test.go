package edit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ftp"
	"guichet/services/files/vfstest"
	"guichet/services/task"
)

// bench is a server with one page on it, and the service.
type bench struct {
	*Service
	t      *testing.T
	server *vfstest.FTPServer
	dir    string
	group  *task.Group
	site   files.Site

	mu     sync.Mutex
	opened []string
	broken error // of the next dials
}

func (b *bench) Dial(ctx context.Context, site files.Site) (files.FS, error) {
	b.mu.Lock()
	err := b.broken
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	f, err := ftp.Dial(ctx, ftp.Params{
		Network: b.server.Network(), Site: site, Password: func(context.Context) (string, error) { return vfstest.Password, nil },
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (b *bench) breakDials(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = err
}

func (b *bench) open(path string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opened = append(b.opened, path)
	return nil
}

func newBench(t *testing.T) *bench {
	s := vfstest.StartFTP(t, nil)
	b := &bench{t: t, server: s, dir: filepath.Join(t.TempDir(), "edit")}
	b.site = files.Site{Protocol: files.ProtocolFTP, Host: "127.0.0.1", Port: s.Port, User: vfstest.User, AllowClear: true}
	b.there("index.html", "one")
	b.start()
	return b
}

// start begins the program anew.
func (b *bench) start() {
	b.t.Helper()
	b.group = task.NewGroup(context.Background())
	s, err := New(Params{Group: b.group, Dialer: b, Dir: b.dir, Open: b.open})
	require.NoError(b.t, err)
	b.Service = s
	b.t.Cleanup(func() { b.group.Close(5 * time.Second) })
}

// there writes a file of the server, with a time that no other write has.
var clock = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func (b *bench) there(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.server.Dir, name)
	require.NoError(b.t, os.WriteFile(path, []byte(text), 0o640))
	clock = clock.Add(time.Hour)
	require.NoError(b.t, os.Chtimes(path, clock, clock))
}

func (b *bench) isThere(name, text string) {
	b.t.Helper()
	got, err := os.ReadFile(filepath.Join(b.server.Dir, name))
	require.NoError(b.t, err)
	require.Equal(b.t, text, string(got))
}

func (b *bench) list() []File {
	s, err := b.Files().Get()
	require.NoError(b.t, err)
	return s.Files
}

// until waits for the one edited file to stand as wanted.
func (b *bench) until(what string, ok func(f File) bool) File {
	b.t.Helper()
	var f File
	require.Eventually(b.t, func() bool {
		all := b.list()
		if len(all) != 1 {
			return false
		}
		f = all[0]
		return ok(f)
	}, 15*time.Second, 5*time.Millisecond, what)
	return f
}

func (b *bench) edited() File {
	b.t.Helper()
	require.NoError(b.t, b.Start(b.site, files.Path{"index.html"}))
	b.until("opened", func(f File) bool { b.mu.Lock(); defer b.mu.Unlock(); return f.State == Open && len(b.opened) > 0 })
	return b.list()[0]
}

func saved(f File) bool { return f.State == Open && !f.Saved.IsZero() && !f.Unsaved }

func TestSaveComesBack(t *testing.T) {
	b := newBench(t)
	f := b.edited()
	require.Equal(t, []string{f.Local}, b.opened)
	require.Equal(t, "index.html", filepath.Base(f.Local))
	info, err := os.Stat(filepath.Dir(f.Local))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	info, err = os.Stat(f.Local)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o111)

	require.NoError(t, os.WriteFile(f.Local, []byte("two"), 0o600))
	f = b.until("saved", saved)
	b.isThere("index.html", "two")

	// An editor that saves by writing another file and renaming it; the size and
	// the time stay the same.
	at := time.Now().Add(-time.Hour)
	tmp := filepath.Join(filepath.Dir(f.Local), ".index.html.swp")
	require.NoError(t, os.WriteFile(tmp, []byte("six"), 0o600))
	require.NoError(t, os.Rename(f.Local, f.Local+"~"))
	require.NoError(t, os.Rename(tmp, f.Local))
	require.NoError(t, os.Chtimes(f.Local, at, at))
	first := f.Saved
	b.until("saved again", func(f File) bool { return saved(f) && f.Saved.After(first) })
	b.isThere("index.html", "six")

	require.NoError(t, b.Start(b.site, files.Path{"index.html"}))
	require.Len(t, b.list(), 1, "the same file is opened again, not fetched again")
	require.Len(t, b.opened, 2)

	b.End()
	rest, err := os.ReadDir(b.dir)
	require.NoError(t, err)
	require.Empty(t, rest, "nothing stays at the end")
}

func TestConflict(t *testing.T) {
	for choice, want := range map[Choice][2]string{Mine: {"mine", "mine"}, Theirs: {"theirs", "theirs"}, Both: {"theirs", "mine"}} {
		b := newBench(t)
		f := b.edited()
		b.there("index.html", "theirs")
		require.NoError(t, os.WriteFile(f.Local, []byte("mine"), 0o600))
		f = b.until("conflict", func(f File) bool { return f.State == Conflict })
		b.isThere("index.html", "theirs")
		require.True(t, f.Unsaved)
		b.Resolve(f.ID, choice)
		f = b.until("resolved", func(f File) bool { return f.State == Open })
		b.isThere("index.html", want[0])
		got, err := os.ReadFile(f.Local)
		require.NoError(t, err)
		require.Equal(t, want[1], string(got), choice)
		if choice == Both {
			require.NotEqual(t, "index.html", f.Name)
			b.isThere(f.Path.Base(), "mine")
		}
	}
}

func TestGoneThere(t *testing.T) {
	b := newBench(t)
	f := b.edited()
	require.NoError(t, os.Remove(filepath.Join(b.server.Dir, "index.html")))
	require.NoError(t, os.WriteFile(f.Local, []byte("mine"), 0o600))
	f = b.until("gone", func(f File) bool { return f.State == Conflict && f.Gone })
	b.Resolve(f.ID, Mine)
	b.until("written", saved)
	b.isThere("index.html", "mine")
}

func TestFailureKeepsTheCopyAndALaterStartFindsIt(t *testing.T) {
	b := newBench(t)
	f := b.edited()
	b.breakDials(fault.New(fault.Permission, "connect", "", errors.New("no")))
	require.NoError(t, os.WriteFile(f.Local, []byte("work"), 0o600))
	f = b.until("failed", func(f File) bool { return f.State == Failed })
	require.True(t, fault.Is(f.Fault, fault.Permission))
	b.breakDials(nil)
	b.Retry(f.ID)
	b.until("after the retry", saved)
	b.isThere("index.html", "work")

	b.breakDials(fault.New(fault.Permission, "connect", "", nil))
	require.NoError(t, os.WriteFile(f.Local, []byte("more work"), 0o600))
	b.until("failed", func(f File) bool { return f.State == Failed })
	b.group.Close(5 * time.Second) // a kill: nothing is tidied up
	b.breakDials(nil)
	b.start()
	f = b.until("left", func(f File) bool { return f.State == Left })
	require.True(t, f.Unsaved)
	require.Equal(t, "index.html", f.Name)
	b.Resume(f.ID)
	b.until("brought back", saved)
	b.isThere("index.html", "more work")

	b.End()
	require.Empty(t, names(t, b.dir))
	b.start()
	require.Empty(t, b.list())
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestUnsavedWorkOutlivesTheEnd(t *testing.T) {
	b := newBench(t)
	f := b.edited()
	b.breakDials(fault.New(fault.Offline, "connect", "", nil))
	require.NoError(t, os.WriteFile(f.Local, []byte("work"), 0o600))
	b.until("failed", func(f File) bool { return f.State == Failed })
	b.End()
	got, err := os.ReadFile(f.Local)
	require.NoError(t, err)
	require.Equal(t, "work", string(got))
	b.Close(f.ID)
	require.True(t, b.group.Close(5*time.Second))
	require.Empty(t, names(t, b.dir), "given up in so many words")
}

func TestProgramsAreNotOpened(t *testing.T) {
	b := newBench(t)
	require.True(t, fault.Is(b.Start(b.site, files.Path{"setup.exe"}), fault.Unsupported))
	b.there("photo.jpg", "\x7fELF\x02\x01")
	require.NoError(t, b.Start(b.site, files.Path{"photo.jpg"}))
	f := b.until("refused", func(f File) bool { return f.State == Failed })
	var refused *fault.Fault
	require.True(t, errors.As(f.Fault, &refused))
	require.Equal(t, "program", refused.Step)
	require.NoFileExists(t, f.Local)
	require.Empty(t, b.opened)
	for name, want := range map[string]bool{
		"a.html": false, "a.EXE": true, "a.exe. ": true, "a.sh": true, "a.js": false, "exe": false, "a.desktop": true, "a.txt": false, "a.exe.txt": false,
	} {
		require.Equal(t, want, runsOn(name, "linux"), name)
	}
	require.True(t, runsOn("a.js", "windows"))
}

func TestCopyNames(t *testing.T) {
	for _, name := range []string{"index.html", "caf\xe9.html", "a\nb.txt", strings.Repeat("é", 120) + ".html", "CON.txt"} {
		c := copyName(name)
		require.Equal(t, c, filepath.Base(c))
		require.LessOrEqual(t, len(c), 160)
		require.Equal(t, filepath.Ext(name), filepath.Ext(c))
	}
}
