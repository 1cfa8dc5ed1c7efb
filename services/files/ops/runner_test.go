package ops

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ftp"
	"guichet/services/files/local"
	"guichet/services/files/ops/trash"
	"guichet/services/files/transfer"
	"guichet/services/files/vfstest"
	"guichet/services/files/vfstest/places"
	"guichet/services/task"
)

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
