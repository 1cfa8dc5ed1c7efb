package compare

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ftp"
	"guichet/services/files/ops/trash"
	"guichet/services/files/transfer"
	"guichet/services/files/vfstest"
	"guichet/services/files/vfstest/places"
	"guichet/services/task"
)

// dialer opens FTP sites of test servers.
type dialer struct{}

func (dialer) Dial(ctx context.Context, site files.Site) (files.FS, error) {
	f, err := ftp.Dial(ctx, ftp.Params{Network: (&vfstest.FTPServer{}).Network(), Site: site, Password: places.Password, Memory: &ftp.Memory{}})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// program is what runs jobs, from start to a sudden end.
type program struct {
	t *testing.T
	*Service
	center *activity.Center
	stop   func()
}

func open(dir string) (c *activity.Center, s *Service, stop func() error, err error) {
	db, err := activity.Open(filepath.Join(dir, "jobs.db"))
	if err != nil {
		return nil, nil, nil, err
	}
	tasks := task.NewGroup(context.Background())
	if c, err = activity.New(activity.Params{DB: db, Tasks: tasks}); err != nil {
		return nil, nil, nil, err
	}
	s, err = Open(Params{Dialer: dialer{}, Database: filepath.Join(dir, "sync.db"), Jobs: c, Keep: trash.Keeper{}.Keep})
	if err != nil {
		return nil, nil, nil, err
	}
	c.Register(Kind, s)
	return c, s, func() error {
		tasks.Close(5 * time.Second)
		if err := s.Close(); err != nil {
			return err
		}
		return db.Close()
	}, nil
}

func start(t *testing.T, dir string) *program {
	t.Helper()
	c, s, stop, err := open(dir)
	require.NoError(t, err)
	stopped := false
	p := &program{t: t, Service: s, center: c, stop: func() {
		if !stopped {
			stopped = true
			require.NoError(t, stop())
		}
	}}
	t.Cleanup(p.stop)
	c.Start()
	return p
}

func site(port int) files.Site {
	return files.Site{Protocol: files.ProtocolFTP, Host: "127.0.0.1", Port: port, User: vfstest.User, AllowClear: true}
}

func places2(dir string, port int) Pair {
	return Pair{
		Left:  transfer.NewPlace(files.Site{Protocol: files.ProtocolLocal}, dir, nil),
		Right: transfer.NewPlace(site(port), "", nil),
	}
}

// sync compares, plans and waits for the job.
func (p *program) sync(pair Pair, o PlanOptions) (*Plan, activity.Job) {
	p.t.Helper()
	last, err := p.Last(p.t.Context(), pair)
	require.NoError(p.t, err)
	scan, err := p.Compare(p.t.Context(), pair, WalkOptions{})
	require.NoError(p.t, err)
	o.Last = last
	plan := scan.Plan(o)
	id, err := p.Queue(p.t.Context(), pair, plan, false)
	require.NoError(p.t, err)
	if id == 0 {
		return plan, activity.Job{}
	}
	return plan, p.ended(id)
}

func (p *program) ended(id int64) activity.Job {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	defer cancel()
	j, err := p.center.Wait(ctx, id)
	require.NoError(p.t, err)
	return j
}

func result(t *testing.T, j activity.Job) (r Result) {
	t.Helper()
	require.Equal(t, activity.Done, j.State, "%v", j.Fault)
	require.NoError(t, json.Unmarshal(j.Result, &r))
	return r
}

func TestJobsRememberWhatTheyDid(t *testing.T) {
	for _, keeps := range []bool{true, false} {
		t.Run(fmt.Sprint("server keeps times ", keeps), func(t *testing.T) {
			t.Setenv("XDG_DATA_HOME", t.TempDir()) // the trash of this computer
			s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
				if !keeps {
					s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool {
						if verb == "MFMT" || verb == "MDTM" && !keeps {
							c.Reply("502 no")
							return true
						}
						return false
					}
				}
			})
			dir := t.TempDir()
			p := start(t, t.TempDir())
			pair := places2(dir, s.Port)
			put(t, dir, "a", "a")
			put(t, dir, "d/b", "b")
			put(t, dir, "d/c", "c")
			put(t, s.Dir, "theirs", "t")
			_, j := p.sync(pair, PlanOptions{Direction: BothWays})
			require.Equal(t, Result{Copied: 4, Made: 1, Bytes: 4}, result(t, j))
			require.Equal(t, names(t, dir), names(t, s.Dir))
			plan, _ := p.sync(pair, PlanOptions{Direction: BothWays})
			require.Empty(t, shown(plan))

			require.NoError(t, os.RemoveAll(filepath.Join(dir, "d")))
			require.NoError(t, os.Remove(filepath.Join(s.Dir, "theirs")))
			put(t, s.Dir, "a", "changed", 20*time.Hour)
			plan, j = p.sync(pair, PlanOptions{Direction: BothWays})
			require.Equal(t, []string{
				"to_left a changed_right", "delete_right d gone_left", "delete_right d/b gone_left", "delete_right d/c gone_left", "delete_left theirs gone_right",
			}, shown(plan))
			require.Equal(t, Result{Copied: 1, Deleted: 4, Bytes: 7}, result(t, j))
			require.Equal(t, []string{"a"}, names(t, dir))
			require.Equal(t, []string{"a"}, names(t, s.Dir))
			last, err := p.Last(t.Context(), pair)
			require.NoError(t, err)
			require.Len(t, last, 1, "what is gone on both sides is forgotten")
		})
	}
}

func TestJobsDeleteIntoTheTrash(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	dir := t.TempDir()
	p := start(t, t.TempDir())
	pair := places2(dir, s.Port)
	pair.Right.Site.Trash = true
	put(t, dir, "kept", "k")
	put(t, s.Dir, "extra", "precious")
	_, j := p.sync(pair, PlanOptions{Deletes: DeleteExtra})
	require.Equal(t, Result{Copied: 1, Deleted: 1, Bytes: 1}, result(t, j))
	f, err := dialer{}.Dial(t.Context(), site(s.Port))
	require.NoError(t, err)
	defer f.Close()
	items, _, err := trash.List(t.Context(), f)
	require.NoError(t, err)
	require.Len(t, items, 1)
	require.Equal(t, "extra", items[0].Name())
	plan, _ := p.sync(pair, PlanOptions{Deletes: DeleteExtra})
	require.Empty(t, shown(plan), "the trash is no part of the folder")
}

func TestQueueWantsASecondYes(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	for i := range 21 {
		put(t, s.Dir, fmt.Sprint("f", i), "")
	}
	p := start(t, t.TempDir())
	pair := places2(t.TempDir(), s.Port)
	scan, err := p.Compare(t.Context(), pair, WalkOptions{})
	require.NoError(t, err)
	plan := scan.Plan(PlanOptions{Deletes: DeleteExtra})
	_, err = p.Queue(t.Context(), pair, plan, false)
	require.True(t, fault.Is(err, fault.Permission), "%v", err)
	id, err := p.Queue(t.Context(), pair, plan, true)
	require.NoError(t, err)
	require.Equal(t, 21, result(t, p.ended(id)).Deleted)
}

func TestProblemsAreKept(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.Hook = func(c *vfstest.FTPConn, verb, arg string) bool {
			if verb == "STOR" && filepath.Base(arg)[:2] == ".b" {
				c.Reply("550 Permission denied")
				return true
			}
			return false
		}
	})
	dir := t.TempDir()
	put(t, dir, "a", "a")
	put(t, dir, "b", "b")
	p := start(t, t.TempDir())
	_, j := p.sync(places2(dir, s.Port), PlanOptions{})
	require.Equal(t, activity.Failed, j.State)
	var r Result
	require.NoError(t, json.Unmarshal(j.Result, &r))
	require.Equal(t, Result{Copied: 1, Failed: 1, Bytes: 1}, r)
	list, err := p.Problems(t.Context(), PlanOf(j))
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, files.Path{"b"}, list[0].Path)
	require.NotEmpty(t, list[0].Note)
	s.Mu.Lock()
	s.Hook = nil
	s.Mu.Unlock()
	p.center.Retry(j.ID)
	require.Equal(t, Result{Copied: 2, Bytes: 2}, result(t, p.ended(j.ID)), "a retry does what failed, and only that")
}

func TestCancelledJobLeavesNoParts(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	s.Mu.Lock()
	s.CutDataAt, s.Cuts = 1<<20, 100
	s.Mu.Unlock()
	dir := t.TempDir()
	put(t, dir, "big", string(vfstest.Bytes(4<<20)))
	p := start(t, t.TempDir())
	pair := places2(dir, s.Port)
	scan, err := p.Compare(t.Context(), pair, WalkOptions{})
	require.NoError(t, err)
	id, err := p.Queue(t.Context(), pair, scan.Plan(PlanOptions{}), false)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(names(t, s.Dir)) == 1 }, 10*time.Second, 5*time.Millisecond)
	p.center.Cancel(id)
	require.Eventually(t, func() bool { return len(names(t, s.Dir)) == 0 }, 10*time.Second, 5*time.Millisecond)
}

// The test below kills real processes: the test's own binary, run again.

const childInEnv = "GUICHET_TEST_SYNC"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childInEnv); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// child runs the jobs of a profile until all have ended.
func child(dir string) int {
	c, _, stop, err := open(dir)
	if err != nil {
		return 3
	}
	c.Start()
	snapshot, err := c.Jobs.Get()
	if err != nil || len(snapshot.Jobs) != 1 {
		return 4
	}
	j, err := c.Wait(context.Background(), snapshot.Jobs[0].ID)
	if err != nil || j.State != activity.Done {
		return 5
	}
	if stop() != nil {
		return 6
	}
	return 0
}

func TestKilledJobs(t *testing.T) {
	const count = 150
	s := vfstest.StartFTP(t, nil)
	dir, state := t.TempDir(), t.TempDir()
	for i := range count {
		put(t, dir, fmt.Sprintf("d%d/f%d", i%5, i), strconv.Itoa(i)+string(vfstest.Bytes(20_000)))
		if i%10 == 0 {
			put(t, s.Dir, fmt.Sprintf("d%d/f%d", i%5, i), "old")
			put(t, s.Dir, fmt.Sprintf("extra%d", i), "")
		}
	}
	p := start(t, state)
	pair := places2(dir, s.Port)
	scan, err := p.Compare(t.Context(), pair, WalkOptions{})
	require.NoError(t, err)
	p.center.PauseAll()
	id, err := p.Queue(t.Context(), pair, scan.Plan(PlanOptions{Deletes: DeleteExtra}), false)
	require.NoError(t, err)
	p.stop()
	exe, err := os.Executable()
	require.NoError(t, err)
	kills := 0
	for round := time.Duration(1); ; round++ {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), childInEnv+"="+state)
		require.NoError(t, cmd.Start())
		timer := time.AfterFunc(round*40*time.Millisecond, func() { _ = cmd.Process.Kill() }) // it may have ended by itself
		err := cmd.Wait()
		timer.Stop()
		if err == nil {
			break
		}
		require.Negative(t, cmd.ProcessState.ExitCode(), "it failed by itself")
		kills++
	}
	require.Positive(t, kills)
	require.Equal(t, names(t, dir), names(t, s.Dir), "whole, and nothing left over")
	for i := range count {
		name := fmt.Sprintf("d%d/f%d", i%5, i)
		require.Equal(t, content(t, dir, name), content(t, s.Dir, name), name)
	}
	require.LessOrEqual(t, s.Count("STOR")+s.Count("APPE"), count+8*kills, "what was done is not done again")
	p = start(t, state)
	j, ok := p.center.Get(id)
	require.True(t, ok)
	r := result(t, j)
	require.Equal(t, count, r.Copied)
	require.Equal(t, 15, r.Deleted)
}
