package ops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/checksum"
	"guichet/services/files/ftp"
	"guichet/services/files/local"
	"guichet/services/files/ops/trash"
	"guichet/services/files/transfer"
	"guichet/services/files/vfstest"
	"guichet/services/files/vfstest/places"
	"guichet/services/task"
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

func TestHash(t *testing.T) {
	for name, open := range places.All(t, local.Options{}) {
		p := open()
		grow(t, p.Dir, "1")
		sum := sha256.Sum256([]byte("text of 1"))
		c, err := checksum.Of(t.Context(), p.FS, p.Path.Join("1"), "sha256", nil)
		require.NoError(t, err, name)
		require.Equal(t, hex.EncodeToString(sum[:]), c.Hex, name)
		require.False(t, c.There, name)
		_, err = checksum.Of(t.Context(), p.FS, p.Path.Join("none"), "md5", nil)
		require.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.XSHA256 = true })
	grow(t, s.Dir, "1")
	f, err := ftp.Dial(t.Context(), ftp.Params{Network: s.Network(), Password: places.Password, Site: places.Site(s)})
	require.NoError(t, err)
	defer f.Close()
	c, err := checksum.Of(t.Context(), f, files.Path{"1"}, "sha256", nil)
	require.NoError(t, err)
	require.True(t, c.There, "the server computed it")
}

func TestSearch(t *testing.T) {
	at := time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC)
	for name, open := range places.All(t, local.Options{}) {
		t.Run(name, func(t *testing.T) {
			p := open()
			grow(t, p.Dir, "Photos/IMG_1.JPG", "Photos/deep/img_2.jpg", "notes.txt", "a/b/Notes.md", ".hidden/notes.old", "bin")
			require.NoError(t, os.Chtimes(filepath.Join(p.Dir, "notes.txt"), at, at))
			require.NoError(t, os.WriteFile(filepath.Join(p.Dir, "bin"), []byte("\x00TEXT of a"), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(p.Dir, "latin"), []byte("Grüße \xfc, caf\xe9"), 0o600))
			for what, c := range map[string]struct {
				q    Query
				want []string
			}{
				"part":    {Query{Name: "NOTES"}, []string{"a/b/Notes.md", "notes.txt"}},
				"hidden":  {Query{Name: "notes", Hidden: true}, []string{".hidden/notes.old", "a/b/Notes.md", "notes.txt"}},
				"mask":    {Query{Name: "img_?.jpg"}, []string{"Photos/IMG_1.JPG", "Photos/deep/img_2.jpg"}},
				"folders": {Query{Name: "deep", Folders: true}, []string{"Photos/deep"}},
				"text":    {Query{Text: "text OF a"}, []string{"a/b/Notes.md"}},
				"charset": {Query{Text: "café"}, []string{"latin"}},
				"size":    {Query{MinSize: 20}, []string{"Photos/IMG_1.JPG", "Photos/deep/img_2.jpg", "a/b/Notes.md"}},
				"date":    {Query{Before: at.AddDate(0, 0, 1)}, []string{"notes.txt"}},
			} {
				if what == "size" {
					c.q.MaxSize = 100
				}
				var got []string
				l, err := Search(t.Context(), p.FS, p.Path, c.q, func(more []Found) {
					for _, f := range more {
						got = append(got, strings.Join(f.Path[len(p.Path):], "/"))
					}
				}, nil)
				require.NoError(t, err, what)
				require.True(t, l.Complete, what)
				slices.Sort(got)
				if what == "size" {
					got = slices.DeleteFunc(got, func(s string) bool { return s == "latin" })
				}
				require.Equal(t, c.want, got, what)
			}
			l, err := Search(t.Context(), p.FS, p.Path, Query{MaxFound: 2}, func([]Found) {}, nil)
			require.NoError(t, err)
			require.True(t, l.Full)
			require.Equal(t, 2, l.Found)
		})
	}
	require.True(t, matchName("a[b*", "xA[b]c") == false && matchName("*a[b*", "xA[b]c") && matchName("[x]", "a[X]b"))
}

func TestStartSearch(t *testing.T) {
	p := places.All(t, local.Options{})["local"]()
	grow(t, p.Dir, "a/1", "a/2", "3")
	g := task.NewGroup(t.Context())
	s := StartSearch(g, func(context.Context) (files.FS, error) { return p.FS, nil }, nil, Query{})
	require.Eventually(t, func() bool { r, err := s.Results().Get(); return err == nil && r.Ended }, 5*time.Second, time.Millisecond)
	r, err := s.Results().Get()
	require.NoError(t, err)
	require.Len(t, r.Found, 3)
	require.NoError(t, r.Fault)

	stuck := make(chan struct{})
	f := &changed{FS: p.FS, list: func(ctx context.Context, _ files.Path, _ func([]files.Entry) error) (files.Report, error) {
		close(stuck)
		<-ctx.Done()
		return files.Report{}, ctx.Err()
	}}
	s = StartSearch(g, func(context.Context) (files.FS, error) { return f, nil }, nil, Query{})
	<-stuck
	s.Stop()
	require.True(t, g.Close(time.Second), "it ends at once")
}

// program is what runs jobs, from start to a sudden end.
type program struct {
	*activity.Center
	t    *testing.T
	stop func()
}

type dialer func(ctx context.Context, site files.Site) (files.FS, error)

func (d dialer) Dial(ctx context.Context, site files.Site) (files.FS, error) { return d(ctx, site) }

func start(t *testing.T, dir string, d dialer) *program {
	t.Helper()
	db, err := activity.Open(filepath.Join(dir, "jobs.db"))
	require.NoError(t, err)
	tasks := task.NewGroup(context.Background())
	c, err := activity.New(activity.Params{DB: db, Tasks: tasks})
	require.NoError(t, err)
	c.Register(Kind, &Runner{Dialer: d})
	stopped := false
	p := &program{Center: c, t: t, stop: func() {
		if !stopped {
			stopped = true
			require.True(t, tasks.Close(5*time.Second))
			require.NoError(t, db.Close())
		}
	}}
	t.Cleanup(p.stop)
	return p
}

func (p *program) ended(id int64) activity.Job {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	defer cancel()
	j, err := p.Wait(ctx, id)
	require.NoError(p.t, err)
	return j
}

func entries(t *testing.T, dir string, names ...string) []files.Entry {
	t.Helper()
	f, err := local.New(dir, local.Options{})
	require.NoError(t, err)
	var out []files.Entry
	for _, n := range names {
		e, err := f.Stat(t.Context(), files.Path{n})
		require.NoError(t, err)
		out = append(out, e)
	}
	return out
}

func here(dir string) transfer.Place {
	return transfer.NewPlace(files.Site{Protocol: files.ProtocolLocal}, dir, nil)
}

func TestDeleteJob(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	grow(t, dir, "a/1", "a/b/2", "caf\xe9/3", "4", "keep")
	p := start(t, state, nil)
	id, err := Add(t.Context(), p, Job{Action: Delete, From: here(dir), Items: Items(entries(t, dir, "a", "caf\xe9", "4"))})
	require.NoError(t, err)
	p.Start()
	j := p.ended(id)
	require.Equal(t, activity.Done, j.State, "%v", j.Fault)
	require.Equal(t, []string{"keep"}, left(t, dir))
	require.JSONEq(t, `{"files":4,"folders":3}`, string(j.Result))
}

// The program dies in the middle of a delete, and goes on at the next start;
// what took the name of a deleted thing since is left alone.
func TestDeleteJobGoesOn(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	names := []string{}
	for i := range 400 {
		names = append(names, filepath.Join("a", "f"+string(rune('a'+i%26)), hex.EncodeToString([]byte{byte(i), byte(i >> 8)})))
	}
	grow(t, s.Dir, names...)
	grow(t, s.Dir, "b/1")
	deleted := make(chan struct{})
	n := 0
	s.Hook = func(_ *vfstest.FTPConn, verb, _ string) bool {
		if verb == "DELE" {
			s.Mu.Lock()
			defer s.Mu.Unlock()
			if n++; n == 100 {
				close(deleted)
			}
		}
		return false
	}
	dial := dialer(func(ctx context.Context, site files.Site) (files.FS, error) {
		f, err := ftp.Dial(ctx, ftp.Params{Network: s.Network(), Site: site, Password: places.Password})
		if err != nil {
			return nil, err
		}
		return f, nil
	})
	state := t.TempDir()
	p := start(t, state, dial)
	job := Job{Action: Delete, From: transfer.NewPlace(places.Site(s), "", nil), Items: []Item{{Name: []byte("a"), Type: files.Dir}, {Name: []byte("b"), Type: files.File}}}
	id, err := Add(t.Context(), p, job)
	require.NoError(t, err)
	p.Start()
	<-deleted
	p.stop()
	require.NotEmpty(t, left(t, s.Dir))

	again := start(t, state, dial)
	again.Start()
	j := again.ended(id)
	require.Equal(t, activity.Failed, j.State)
	require.Equal(t, fault.Exists, j.Fault.Kind, "b was a file")
	require.Equal(t, []string{"b", "b/1"}, left(t, s.Dir))
}

func TestMoveAndCopyWithin(t *testing.T) {
	for name, open := range places.All(t, local.Options{}) {
		if name == "local" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p := open()
			grow(t, p.Dir, "a/1", "a/b/2", "3", "to/3")
			prog := start(t, t.TempDir(), func(context.Context, files.Site) (files.FS, error) { return kept{p.FS}, nil })
			prog.Start()
			server := files.Site{Protocol: files.ProtocolSFTP, Host: "h"}
			from, to := transfer.NewPlace(server, "", p.Path), transfer.NewPlace(server, "", p.Path.Join("to"))
			run := func(j Job) activity.Job {
				j.From = from
				id, err := Add(t.Context(), prog, j)
				require.NoError(t, err)
				return prog.ended(id)
			}
			j := run(Job{Action: Move, To: &to, Items: []Item{{Name: []byte("a"), Type: files.Dir}}})
			require.Equal(t, activity.Done, j.State, "%v", j.Fault)
			require.Equal(t, []string{"3", "to", "to/3", "to/a", "to/a/1", "to/a/b", "to/a/b/2"}, left(t, p.Dir))

			j = run(Job{Action: Move, To: &to, Items: []Item{{Name: []byte("3")}}})
			require.Equal(t, activity.NeedsAnswer, j.State)
			prog.Answer(j.ID, "keep_both", false)
			require.Equal(t, activity.Done, prog.ended(j.ID).State)
			require.Contains(t, left(t, p.Dir), "to/3 (2)")
			require.NotContains(t, left(t, p.Dir), "3")

			inside := transfer.NewPlace(server, "", p.Path.Join("to").Join("a"))
			j = run(Job{Action: Move, To: &inside, Items: []Item{{Name: []byte("to"), Type: files.Dir}}})
			require.Equal(t, activity.Failed, j.State, "into itself")
		})
	}
}

// kept is a file system that a job does not close.
type kept struct{ files.FS }

func (kept) Close() error { return nil }

// copies is a server that copies by itself.
type copies struct {
	kept
	n atomic.Int64
}

func (c *copies) Caps(ctx context.Context) (files.Caps, error) {
	caps, err := c.FS.Caps(ctx)
	caps.ServerCopy = true
	return caps, err
}

func (c *copies) Copy(ctx context.Context, from, to files.Path, replace bool) error {
	c.n.Add(1)
	r, err := c.Read(ctx, from, 0)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := c.Write(ctx, to, files.WriteOptions{Size: -1, Exclusive: !replace})
	if err != nil {
		return err
	}
	buf := make([]byte, 100)
	n, rerr := r.Read(buf)
	_, werr := w.Write(buf[:n])
	if rerr != nil && n == 0 {
		werr = errors.Join(werr, rerr)
	}
	return errors.Join(werr, w.Commit(ctx))
}

// A replaced file is in the trash of a site that has one, and comes back when
// the replacing fails.
func TestReplacedFilesAreKept(t *testing.T) {
	p := places.All(t, local.Options{})["ftp"]()
	grow(t, p.Dir, "new", "old", "other")
	require.NoError(t, overKept(t.Context(), p.FS, files.Path{"old"}, func(replace bool) error {
		require.False(t, replace)
		return p.FS.Rename(t.Context(), files.Path{"new"}, files.Path{"old"}, replace)
	}))
	text, err := os.ReadFile(filepath.Join(p.Dir, "old"))
	require.NoError(t, err)
	require.Equal(t, "text of new", string(text))
	items, _, err := trash.List(t.Context(), p.FS)
	require.NoError(t, err)
	require.Len(t, items, 1)
	require.Equal(t, files.Path{"old"}, items[0].Origin)
	no := errors.New("no")
	require.ErrorIs(t, overKept(t.Context(), p.FS, files.Path{"other"}, func(bool) error { return no }), no)
	require.FileExists(t, filepath.Join(p.Dir, "other"))
}

func TestServerCopies(t *testing.T) {
	p := places.All(t, local.Options{})["local"]()
	grow(t, p.Dir, "a/1", "a/b/2", "to/")
	c := &copies{kept: kept{p.FS}}
	prog := start(t, t.TempDir(), func(context.Context, files.Site) (files.FS, error) { return c, nil })
	prog.Start()
	server := files.Site{Protocol: files.ProtocolDAVS, Host: "h"}
	to, same := transfer.NewPlace(server, "", files.Path{"to"}), transfer.NewPlace(server, "", nil)
	for _, dest := range []transfer.Place{to, same} {
		id, err := Add(t.Context(), prog, Job{Action: Copy, From: same, To: &dest, Items: []Item{{Name: []byte("a"), Type: files.Dir}}})
		require.NoError(t, err)
		j := prog.ended(id)
		require.Equal(t, activity.Done, j.State, "%v", j.Fault)
	}
	require.Equal(t, []string{"a", "a (2)", "a (2)/1", "a (2)/b", "a (2)/b/2", "a/1", "a/b", "a/b/2", "to", "to/a", "to/a/1", "to/a/b", "to/a/b/2"}, left(t, p.Dir))
	require.Equal(t, int64(4), c.n.Load())
}

func TestMoveBetweenPlaces(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	dir := t.TempDir()
	grow(t, dir, "a/1", "a/b/2", "3")
	dial := dialer(func(ctx context.Context, site files.Site) (files.FS, error) {
		f, err := ftp.Dial(ctx, ftp.Params{Network: s.Network(), Site: site, Password: places.Password})
		if err != nil {
			return nil, err
		}
		return f, nil
	})
	p := start(t, t.TempDir(), dial)
	p.Start()
	to := transfer.NewPlace(places.Site(s), "", nil)
	id, err := Add(t.Context(), p, Job{Action: Move, From: here(dir), To: &to, Items: Items(entries(t, dir, "a", "3"))})
	require.NoError(t, err)
	j := p.ended(id)
	require.Equal(t, activity.Done, j.State, "%v", j.Fault)
	require.Empty(t, left(t, dir))
	require.Equal(t, []string{"3", "a", "a/1", "a/b", "a/b/2"}, left(t, s.Dir))

	// A person who passes over a file keeps the original.
	grow(t, dir, "3")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "3"), []byte("another"), 0o600))
	id, err = Add(t.Context(), p, Job{Action: Move, From: here(dir), To: &to, Items: Items(entries(t, dir, "3"))})
	require.NoError(t, err)
	require.Equal(t, activity.NeedsAnswer, p.ended(id).State)
	p.Answer(id, "skip", false)
	require.Equal(t, activity.Done, p.ended(id).State)
	require.Equal(t, []string{"3"}, left(t, dir))
}
