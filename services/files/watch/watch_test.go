package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/compare"
	"guichet/services/files/local"
	"guichet/services/files/transfer"
	"guichet/services/task"
)

// server is a folder of this computer that can be out of reach.
type server struct {
	dir string
	off atomic.Bool
}

func (s *server) Dial(context.Context, files.Site) (files.FS, error) {
	if s.off.Load() {
		return nil, fault.Newf(fault.Offline, "connect", "server.example", "no route")
	}
	return local.New(s.dir, local.Options{Confined: true})
}

// bench is a folder that is kept up to date.
type bench struct {
	t      *testing.T
	dir    string
	state  string
	server *server
	*Service
	stop func()
}

var quick = Times{Still: 40 * time.Millisecond, Poll: 50 * time.Millisecond, Retry: 20 * time.Millisecond}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, dir: t.TempDir(), state: t.TempDir(), server: &server{dir: t.TempDir()}}
	b.start()
	return b
}

func (b *bench) start() {
	t := b.t
	db, err := activity.Open(filepath.Join(b.state, "jobs.db"))
	require.NoError(t, err)
	tasks := task.NewGroup(context.Background())
	c, err := activity.New(activity.Params{DB: db, Tasks: tasks})
	require.NoError(t, err)
	s, err := compare.Open(compare.Params{Dialer: b.server, Database: filepath.Join(b.state, "sync.db"), Jobs: c})
	require.NoError(t, err)
	c.Register(compare.Kind, s)
	c.Start()
	b.Service, err = Open(Params{Path: filepath.Join(b.state, "watch.json"), Sync: s, Jobs: c, Tasks: tasks, Times: quick})
	require.NoError(t, err)
	b.Start()
	ended := false
	b.stop = func() {
		if ended {
			return
		}
		ended = true
		require.True(t, tasks.Close(5*time.Second))
		require.NoError(t, s.Close())
		require.NoError(t, db.Close())
	}
	t.Cleanup(b.stop)
}

func (b *bench) rule(r Rule) Rule {
	b.t.Helper()
	r.Folder = b.dir
	r.Target = transfer.NewPlace(files.Site{Protocol: files.ProtocolSFTP, Host: "server.example"}, "", files.Path{"www"})
	r, err := b.Add(b.t.Context(), r)
	require.NoError(b.t, err)
	return r
}

func (b *bench) put(name, data string) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	require.NoError(b.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(b.t, os.WriteFile(path, []byte(data), 0o600))
}

func (b *bench) there(name string) string {
	data, err := os.ReadFile(filepath.Join(b.server.dir, "www", name))
	if err != nil {
		return "-"
	}
	return string(data)
}

func (b *bench) status() Status {
	b.t.Helper()
	s, err := b.Rules.Get()
	require.NoError(b.t, err)
	if len(s.Rules) == 0 {
		return Status{}
	}
	return s.Rules[0]
}

func (b *bench) until(what string, ok func() bool) {
	b.t.Helper()
	require.Eventually(b.t, ok, 10*time.Second, 5*time.Millisecond, what)
}

func (b *bench) upToDate() bool { return b.status().State == UpToDate }

func TestKeepsUpToDate(t *testing.T) {
	b := newBench(t)
	b.put("a", "1")
	b.put("d/b", "2")
	b.rule(Rule{Delete: true})
	b.until("the first time", func() bool { return b.there("a") == "1" && b.there("d/b") == "2" && b.upToDate() })
	require.NotZero(t, b.status().Checked)
	b.put("a", "changed")
	b.until("a change", func() bool { return b.there("a") == "changed" })
	b.put("new/deep/er/c", "3")
	b.until("a new folder", func() bool { return b.there("new/deep/er/c") == "3" })
	b.put("new/deep/er/d", "4")
	b.until("a file in it", func() bool { return b.there("new/deep/er/d") == "4" })
	require.NoError(t, os.Rename(filepath.Join(b.dir, "new"), filepath.Join(b.dir, "old")))
	b.until("a folder renamed", func() bool { return b.there("old/deep/er/c") == "3" && b.there("new/deep/er/c") == "-" })
	require.NoError(t, os.Remove(filepath.Join(b.dir, "a")))
	b.until("deleted", func() bool { return b.there("a") == "-" })
	b.until("at rest", b.upToDate)
}

func TestDeletesNothingThatItDidNotSend(t *testing.T) {
	b := newBench(t)
	require.NoError(t, os.MkdirAll(filepath.Join(b.server.dir, "www", "theirs"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(b.server.dir, "www", "theirs", "x"), []byte("x"), 0o600))
	b.put("a", "1")
	b.rule(Rule{Delete: true})
	b.until("sent", func() bool { return b.there("a") == "1" && b.upToDate() })
	require.NoError(t, os.Remove(filepath.Join(b.dir, "a")))
	b.until("deleted", func() bool { return b.there("a") == "-" })
	require.Equal(t, "x", b.there("theirs/x"))
}

func TestWithoutDeleteAllStays(t *testing.T) {
	b := newBench(t)
	b.put("a", "1")
	b.rule(Rule{})
	b.until("sent", func() bool { return b.there("a") == "1" && b.upToDate() })
	require.NoError(t, os.Remove(filepath.Join(b.dir, "a")))
	b.put("b", "2")
	b.until("sent", func() bool { return b.there("b") == "2" && b.upToDate() })
	require.Equal(t, "1", b.there("a"))
}

func TestWaitsUntilAFileIsStill(t *testing.T) {
	b := newBench(t)
	b.rule(Rule{})
	b.until("the first time", b.upToDate)
	f, err := os.Create(filepath.Join(b.dir, "growing"))
	require.NoError(t, err)
	for range 20 {
		_, err = f.WriteString("x")
		require.NoError(t, err)
		time.Sleep(quick.Still / 3)
		require.Equal(t, "-", b.there("growing"))
	}
	require.NoError(t, f.Close())
	b.until("whole", func() bool { return len(b.there("growing")) == 20 })
}

func TestTriesAgain(t *testing.T) {
	b := newBench(t)
	b.server.off.Store(true)
	b.put("a", "1")
	b.rule(Rule{})
	b.until("offline", func() bool { return b.status().State == Offline })
	require.Equal(t, fault.Offline, b.status().Fault.Kind)
	require.NotZero(t, b.status().NextTry)
	b.server.off.Store(false)
	b.until("sent", func() bool { return b.there("a") == "1" && b.upToDate() })
	require.Nil(t, b.status().Fault)
}

func TestAFolderThatWentDeletesNothing(t *testing.T) {
	b := newBench(t)
	b.put("a", "1")
	r := b.rule(Rule{Delete: true})
	b.until("sent", func() bool { return b.there("a") == "1" && b.upToDate() })
	require.NoError(t, os.Rename(b.dir, b.dir+"-unplugged"))
	b.Check(r.ID)
	b.until("trouble", func() bool { return b.status().State == Trouble })
	require.Equal(t, "1", b.there("a"))
}

func TestManyDeletesWantAYes(t *testing.T) {
	b := newBench(t)
	for i := range 25 {
		b.put(fmt.Sprint("f", i), "x")
	}
	r := b.rule(Rule{Delete: true})
	b.until("sent", func() bool { return b.there("f24") == "x" && b.upToDate() })
	require.NoError(t, b.Pause(t.Context(), r.ID))
	for i := range 25 {
		require.NoError(t, os.Remove(filepath.Join(b.dir, fmt.Sprint("f", i))))
	}
	require.NoError(t, b.Resume(t.Context(), r.ID))
	b.until("asked", func() bool { return b.status().State == NeedsYes })
	require.Equal(t, 25, b.status().Deletes)
	require.Equal(t, "x", b.there("f3"))
	b.Allow(r.ID)
	b.until("deleted", func() bool { return b.there("f3") == "-" && b.upToDate() })
}

func TestRulesStay(t *testing.T) {
	b := newBench(t)
	b.put("a", "1")
	r := b.rule(Rule{})
	_, err := b.Add(t.Context(), r)
	require.True(t, fault.Is(err, fault.Exists), "%v", err)
	b.until("sent", func() bool { return b.there("a") == "1" && b.upToDate() })
	require.NoError(t, b.Pause(t.Context(), r.ID))
	b.until("paused", func() bool { return b.status().State == Paused })
	b.put("a", "while paused")
	b.stop()
	b.start()
	require.Equal(t, Paused, b.status().State)
	require.Equal(t, "1", b.there("a"))
	require.NoError(t, b.Resume(t.Context(), r.ID))
	b.until("sent", func() bool { return b.there("a") == "while paused" })
	b.stop()
	b.put("a", "while away")
	b.start()
	b.until("sent", func() bool { return b.there("a") == "while away" })
	require.NoError(t, b.Remove(t.Context(), r.ID))
	b.until("gone", func() bool { return b.status().ID == "" })
	require.Equal(t, "while away", b.there("a"))
}

func TestDamagedRules(t *testing.T) {
	path := filepath.Join(t.TempDir(), "watch.json")
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	p := Params{Path: path, Tasks: task.NewGroup(t.Context())}
	_, err := Open(p)
	require.True(t, fault.Is(err, fault.Damaged), "%v", err)
	s, err := Open(p)
	require.NoError(t, err)
	require.Empty(t, s.list)
}

func TestLooksThroughWhatItCannotWatch(t *testing.T) {
	dir := t.TempDir()
	tr := newTracker(dir, quick)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan bool)
	go func() { done <- tr.look(ctx) }()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "d"), 0o700))
	require.Eventually(t, func() bool {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "d", "f"), []byte("x"), 0o600))
		select {
		case <-tr.changes:
			return true
		case <-time.After(3 * quick.Poll):
			return false
		}
	}, 10*time.Second, time.Millisecond)
	require.NotEmpty(t, tr.take())
	cancel()
	require.False(t, <-done)
}
