package transfer

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/filter"
	"guichet/services/files/ftp"
	"guichet/services/files/vfstest"
	"guichet/services/files/vfstest/places"
	"guichet/services/task"
)

// dialer opens FTP sites of the test server.
type dialer struct{ s *vfstest.FTPServer }

func (d dialer) Dial(ctx context.Context, site files.Site) (files.FS, error) {
	f, err := ftp.Dial(ctx, ftp.Params{Network: d.s.Network(), Site: site, Password: places.Password})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// program is what runs jobs, from start to a sudden end.
type program struct {
	center *activity.Center
	runner *Runner
	stop   func()
}

func start(t *testing.T, s *vfstest.FTPServer, dir string) *program {
	t.Helper()
	db, err := activity.Open(filepath.Join(dir, "jobs.db"))
	require.NoError(t, err)
	tasks := task.NewGroup(context.Background())
	c, err := activity.New(activity.Params{DB: db, Tasks: tasks})
	require.NoError(t, err)
	r, err := NewRunner(RunnerParams{Dialer: dialer{s}, Database: filepath.Join(dir, "transfers.db")})
	require.NoError(t, err)
	c.Register(Kind, r)
	stopped := false
	p := &program{center: c, runner: r, stop: func() {
		if stopped {
			return
		}
		stopped = true
		require.True(t, tasks.Close(5*time.Second))
		require.NoError(t, r.Close())
		require.NoError(t, db.Close())
	}}
	t.Cleanup(p.stop)
	return p
}

func server(s *vfstest.FTPServer) files.Site {
	return files.Site{Protocol: files.ProtocolFTP, Host: "127.0.0.1", Port: s.Port, User: vfstest.User, AllowClear: true}
}

func here(dir, name string) Place {
	return NewPlace(files.Site{Protocol: files.ProtocolLocal}, dir, files.Path{name})
}

func (p *program) wait(t *testing.T, id int64, done func(activity.Job) bool) activity.Job {
	t.Helper()
	var j activity.Job
	require.Eventually(t, func() bool {
		var ok bool
		j, ok = p.center.Get(id)
		return ok && done(j)
	}, 20*time.Second, 5*time.Millisecond, "%+v", j)
	return j
}

func ended(j activity.Job) bool { return j.State.Ended() }

func TestJobUploadsAndAsks(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	dir := t.TempDir()
	put(t, dir, "f", []byte("new"))
	put(t, s.Dir, "f", []byte("old"))
	p := start(t, s, t.TempDir())
	p.center.Start()
	id, err := Add(t.Context(), p.center, Job{From: here(dir, "f"), To: NewPlace(server(s), "", files.Path{"f"})}, 3)
	require.NoError(t, err)
	j := p.wait(t, id, func(j activity.Job) bool { return j.Question != nil })
	require.Equal(t, "exists", j.Question.Kind)
	require.Equal(t, []string{"keep_both", "replace", "skip"}, j.Question.Choices)
	require.Equal(t, "f", j.Question.Data["name"])
	p.center.Answer(id, "keep_both", false)
	j = p.wait(t, id, ended)
	require.Equal(t, activity.Done, j.State, "%v", j.Fault)
	is(t, filepath.Join(s.Dir, "f (2)"), []byte("new"))
	is(t, filepath.Join(s.Dir, "f"), []byte("old"))
	var r outcome
	require.NoError(t, json.Unmarshal(j.Result, &r))
	require.Equal(t, VerifiedSize, r.Verified)
	require.True(t, strings.HasSuffix(r.Path, "/f%20%282%29") || strings.HasSuffix(r.Path, "/f%20(2)"), r.Path)
}

func TestJobContinuesAfterARestart(t *testing.T) {
	data := vfstest.Bytes(8 << 20)
	s := vfstest.StartFTP(t, nil)
	put(t, s.Dir, "big \xe9", data)
	dir, state := t.TempDir(), t.TempDir()
	p := start(t, s, state)
	// Held at half: a mute server.
	s.Mu.Lock()
	s.CutDataAt, s.Cuts = 5<<20, 1
	hold := make(chan struct{})
	seen := make(chan struct{}, 10)
	s.Hook = func(_ *vfstest.FTPConn, verb, _ string) bool {
		if verb == "REST" {
			seen <- struct{}{}
			<-hold
		}
		return false
	}
	s.Mu.Unlock()
	p.center.Start()
	id, err := Add(t.Context(), p.center, Job{From: NewPlace(server(s), "", files.Path{"big \xe9"}), To: here(dir, "copy \xe9")}, int64(len(data)))
	require.NoError(t, err)
	<-seen
	p.stop()
	left := names(t, dir)
	require.Len(t, left, 1)
	require.Contains(t, left[0], ".part")
	close(hold)

	p = start(t, s, state)
	p.center.Start()
	p.center.Resume(id)
	j := p.wait(t, id, ended)
	require.Equal(t, activity.Done, j.State, "%v", j.Fault)
	var r outcome
	require.NoError(t, json.Unmarshal(j.Result, &r))
	require.Positive(t, r.Resumed)
	is(t, filepath.Join(dir, "copy \xe9"), data)
	require.Len(t, names(t, dir), 1)
}

func TestCancelledJobLeavesNothing(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	put(t, s.Dir, "f", vfstest.Bytes(3<<20))
	held := make(chan struct{})
	s.Mu.Lock()
	s.CutDataAt, s.Cuts = 1<<20, 1
	s.Hook = func(_ *vfstest.FTPConn, verb, _ string) bool {
		if verb == "REST" {
			close(held)
			return true // never answers
		}
		return false
	}
	s.Mu.Unlock()
	dir := t.TempDir()
	p := start(t, s, t.TempDir())
	p.center.Start()
	id, err := Add(t.Context(), p.center, Job{From: NewPlace(server(s), "", files.Path{"f"}), To: here(dir, "f")}, -1)
	require.NoError(t, err)
	<-held
	require.Len(t, names(t, dir), 1)
	p.center.Cancel(id)
	p.wait(t, id, func(j activity.Job) bool { return j.State == activity.Cancelled })
	require.Eventually(t, func() bool { return len(names(t, dir)) == 0 }, 5*time.Second, 5*time.Millisecond)
}

func TestTreeJobDoesNothingTwice(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	dir, state := t.TempDir(), t.TempDir()
	makeTree(t, filepath.Join(dir, "top"))
	want := names(t, filepath.Join(dir, "top"))
	p := start(t, s, state)
	stores := 0
	stopped := make(chan struct{})
	s.Mu.Lock()
	s.Hook = func(_ *vfstest.FTPConn, verb, _ string) bool {
		if verb == "STOR" {
			s.Mu.Lock()
			stores++
			n := stores
			s.Mu.Unlock()
			if n == 10 {
				close(stopped)
			}
			return n >= 10 && n < 14 // mute until the restart
		}
		return false
	}
	s.Mu.Unlock()
	p.center.Start()
	id, err := Add(t.Context(), p.center, Job{From: here(dir, "top"), To: NewPlace(server(s), "", files.Path{"top"}), Tree: true}, -1)
	require.NoError(t, err)
	<-stopped
	p.stop()
	s.Mu.Lock()
	before := stores
	stores = 100
	s.Mu.Unlock()

	p = start(t, s, state)
	p.center.Start()
	p.center.Resume(id)
	j := p.wait(t, id, func(j activity.Job) bool { return ended(j) || j.Question != nil })
	require.Equal(t, activity.Done, j.State, "no question about what the job has done itself: %+v", j.Question)
	require.Equal(t, want, names(t, filepath.Join(s.Dir, "top")))
	s.Mu.Lock()
	again := stores - 100
	s.Mu.Unlock()
	require.Less(t, again, 34, "what was there is not sent again")
	require.GreaterOrEqual(t, before+again, 33)
	require.Equal(t, 33, j.ItemsDone)
}

func TestRawPaths(t *testing.T) {
	in := rawPath{"a", "\xe9", "é", ""}
	b, err := json.Marshal(in)
	require.NoError(t, err)
	var out rawPath
	require.NoError(t, json.Unmarshal(b, &out))
	require.Equal(t, in, out)
	require.Error(t, json.Unmarshal([]byte(`["\u0000%"]`), &out))
}

func TestLocalTargetFolderIsMade(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	put(t, s.Dir, "f", []byte("x"))
	p := start(t, s, t.TempDir())
	p.center.Start()
	dir := filepath.Join(t.TempDir(), "Downloads")
	id, err := Add(t.Context(), p.center, Job{From: NewPlace(server(s), "", files.Path{"f"}), To: here(dir, "f")}, 1)
	require.NoError(t, err)
	j := p.wait(t, id, ended)
	require.Equal(t, activity.Done, j.State, "%v", j.Fault)
	_, err = os.Stat(filepath.Join(dir, "f"))
	require.NoError(t, err)
	id, err = Add(t.Context(), p.center, Job{From: NewPlace(server(s), "", files.Path{"nobody"}), To: here(dir, "g")}, 1)
	require.NoError(t, err)
	j = p.wait(t, id, ended)
	require.Equal(t, activity.Failed, j.State)
	require.Equal(t, fault.NotFound, j.Fault.Kind)
}

// TestJournalIsNotBelievedBlindly: what was noted as done but is not there any
// more, as after a power cut, is copied again; what had another name is not.
func TestJournalIsNotBelievedBlindly(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	r, err := NewRunner(RunnerParams{Dialer: dialer{s}, Database: filepath.Join(t.TempDir(), "transfers.db")})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	src := localFS(t, t.TempDir())
	file := func(name string, size int64) Item {
		return Item{
			From: files.Path{name}, To: files.Path{"to", name}, rel: files.Path{name}, Known: true,
			Source: files.Entry{Name: name, Size: size, ModTime: time.Unix(1_700_000_000, 0)},
		}
	}
	open := func() *notes {
		n, err := r.newNotes(t.Context(), 7, src)
		require.NoError(t, err)
		return n
	}
	whole, torn, missing, other, skipped, begun, changed := file("whole", 5), file("torn", 5), file("missing", 5), file("other", 5), file("skipped", 5), file("begun", 5), file("changed", 5)
	n := open()
	left, err := n.begin(t.Context(), []Item{whole, torn, missing, other, skipped, begun, changed})
	require.NoError(t, err)
	require.Len(t, left, 7)
	for _, it := range []Item{whole, torn, missing, changed} {
		require.NoError(t, n.done(t.Context(), it, Result{Path: it.To}))
	}
	require.NoError(t, n.done(t.Context(), other, Result{Path: files.Path{"to", "other (2)"}}))
	require.NoError(t, n.done(t.Context(), skipped, Result{Path: skipped.To, Skipped: true}))
	require.NoError(t, n.flush(t.Context()))

	n = open()
	passed := 0
	n.passed = func(count int, _ int64) { passed += count }
	whole.Target, torn.Target = &files.Entry{Size: 5}, &files.Entry{}
	other.Target, skipped.Target = &files.Entry{Size: 9}, &files.Entry{Size: 9}
	changed.Target = &files.Entry{Size: 5}
	changed.Source.Size = 6
	left, err = n.begin(t.Context(), []Item{whole, torn, missing, other, skipped, begun, changed})
	require.NoError(t, err)
	require.Equal(t, 3, passed)
	var again []string
	for _, it := range left {
		again = append(again, it.rel.Base())
		require.Equal(t, it.rel.Base() == "begun", it.begun != nil, it.rel)
	}
	require.Equal(t, []string{"torn", "missing", "begun", "changed"}, again)
	parts, err := r.parts(t.Context(), activity.Job{ID: 7}, Job{Tree: true})
	require.NoError(t, err)
	require.NotEmpty(t, parts, "a cancelled job knows what it left")
	require.NoError(t, r.forget(t.Context(), 7))
	require.False(t, open().old)
}

func TestFilteredMoveAsAJob(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	dir := t.TempDir()
	put(t, dir, "top/a.jpg", []byte("a"))
	put(t, dir, "top/b.tmp", []byte("b"))
	p := start(t, s, t.TempDir())
	p.runner.SetLimits(1<<30, 1<<30)
	p.center.Start()
	id, err := Add(t.Context(), p.center, Job{
		From: here(dir, "top"), To: NewPlace(server(s), "", files.Path{"top"}), Tree: true, Move: true, ReadBack: true,
		Filter: filter.Filter{Exclude: "*.tmp"},
	}, -1)
	require.NoError(t, err)
	j := p.wait(t, id, ended)
	require.Equal(t, activity.Done, j.State, "%v", j.Fault)
	require.Equal(t, []string{"top/", "top/b.tmp"}, names(t, dir))
	require.Equal(t, []string{"top/", "top/a.jpg"}, names(t, s.Dir))
	var r outcome
	require.NoError(t, json.Unmarshal(j.Result, &r))
	require.Equal(t, VerifiedRead, r.Verified)
	down, up := p.runner.Limits().Get()
	require.Equal(t, []int64{1 << 30, 1 << 30}, []int64{down, up})
}

// TestFullDiskWaitsForAPerson: the job fails with a clear fault and goes on
// where it was when it is tried again.
func TestFullDiskWaitsForAPerson(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	dir := t.TempDir()
	makeTree(t, filepath.Join(dir, "top"))
	full := true
	s.Mu.Lock()
	s.Hook = func(c *vfstest.FTPConn, verb, arg string) bool {
		s.Mu.Lock()
		defer s.Mu.Unlock()
		if verb == "STOR" && full && strings.Contains(arg, "f20") {
			c.Reply("552 Disk full")
			return true
		}
		return false
	}
	s.Mu.Unlock()
	p := start(t, s, t.TempDir())
	p.center.Start()
	id, err := Add(t.Context(), p.center, Job{From: here(dir, "top"), To: NewPlace(server(s), "", files.Path{"top"}), Tree: true}, -1)
	require.NoError(t, err)
	j := p.wait(t, id, ended)
	require.Equal(t, activity.Failed, j.State)
	require.Equal(t, fault.Full, j.Fault.Kind)
	before := s.Count("STOR")
	s.Mu.Lock()
	full = false
	s.Mu.Unlock()
	p.center.Retry(id)
	j = p.wait(t, id, ended)
	require.Equal(t, activity.Done, j.State, "%+v %v", j.Question, j.Fault)
	require.Equal(t, names(t, filepath.Join(dir, "top")), names(t, filepath.Join(s.Dir, "top")))
	require.Less(t, s.Count("STOR")-before, 34, "nothing is sent twice")
}
