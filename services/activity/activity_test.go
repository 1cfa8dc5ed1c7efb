package activity

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/task"
)

// runnerFunc is a Runner made of functions.
type runnerFunc struct {
	run       func(ctx context.Context, h Handle) error
	discarded chan Job
}

func (r runnerFunc) Run(ctx context.Context, h Handle) error { return r.run(ctx, h) }

func (r runnerFunc) Discard(_ context.Context, j Job) error {
	r.discarded <- j
	return nil
}

func newCenter(t *testing.T, path string, run func(ctx context.Context, h Handle) error) (*Center, runnerFunc, func()) {
	t.Helper()
	if path == "" {
		path = filepath.Join(t.TempDir(), "jobs.db")
	}
	db, err := Open(path)
	require.NoError(t, err)
	group := task.NewGroup(context.Background())
	c, err := New(Params{DB: db, Tasks: group})
	require.NoError(t, err)
	r := runnerFunc{run: run, discarded: make(chan Job, 10)}
	c.Register("test", r)
	stop := func() {
		require.True(t, group.Close(5*time.Second))
		require.NoError(t, db.Close())
	}
	return c, r, stop
}

func wait(t *testing.T, c *Center, id int64) Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	j, err := c.Wait(ctx, id)
	require.NoError(t, err)
	return j
}

func TestJobRunsAndIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	c, _, stop := newCenter(t, path, func(_ context.Context, h Handle) error {
		var spec struct{ N int64 }
		if err := h.Spec(&spec); err != nil {
			return err
		}
		h.Progress(spec.N, spec.N)
		return h.Result(map[string]int64{"n": spec.N})
	})
	c.Start()
	id, err := c.Add(context.Background(), Spec{Kind: "test", Title: "one", Data: struct{ N int64 }{7}})
	require.NoError(t, err)
	j := wait(t, c, id)
	require.Equal(t, Done, j.State)
	require.EqualValues(t, 7, j.Done)
	stop()

	c, _, stop = newCenter(t, path, nil)
	defer stop()
	j, ok := c.Get(id)
	require.True(t, ok)
	require.Equal(t, Done, j.State)
	require.JSONEq(t, `{"n":7}`, string(j.Result))
}

func TestEndOfProgramContinuesFromCheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	running := make(chan struct{})
	c, _, stop := newCenter(t, path, func(ctx context.Context, h Handle) error {
		if err := h.Save(42); err != nil {
			return err
		}
		close(running)
		<-ctx.Done()
		return ctx.Err()
	})
	c.Start()
	id, err := c.Add(context.Background(), Spec{Kind: "test"})
	require.NoError(t, err)
	<-running
	stop()

	c, _, stop = newCenter(t, path, func(_ context.Context, h Handle) error {
		var n int
		ok, err := h.Checkpoint(&n)
		if err != nil || !ok || n != 42 {
			return errors.New("checkpoint lost")
		}
		return nil
	})
	defer stop()
	j, _ := c.Get(id)
	require.Equal(t, Waiting, j.State)
	c.Start()
	require.Equal(t, Done, wait(t, c, id).State)
}

func TestPauseResumeCancel(t *testing.T) {
	started := make(chan struct{}, 3)
	c, r, stop := newCenter(t, "", func(ctx context.Context, _ Handle) error {
		started <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	defer stop()
	c.Start()
	id, err := c.Add(context.Background(), Spec{Kind: "test"})
	require.NoError(t, err)
	<-started
	c.Pause(id)
	require.Equal(t, Paused, wait(t, c, id).State)
	c.Resume(id)
	<-started
	c.Cancel(id)
	require.Equal(t, Cancelled, wait(t, c, id).State)
	require.Equal(t, id, (<-r.discarded).ID)
	c.Remove(id)
	_, ok := c.Get(id)
	require.False(t, ok)
}

func TestFailures(t *testing.T) {
	tries := 0
	c, _, stop := newCenter(t, "", func(context.Context, Handle) error {
		tries++
		switch tries {
		case 1:
			return fault.New(fault.Timeout, "x", "h", nil)
		case 2:
			panic("a mistake")
		}
		return nil
	})
	defer stop()
	c.Start()
	id, err := c.Add(context.Background(), Spec{Kind: "test"})
	require.NoError(t, err)
	require.Eventually(t, func() bool { j, _ := c.Get(id); return j.Tries == 1 && j.State == Waiting }, 5*time.Second, time.Millisecond)
	c.Retry(id)
	j := wait(t, c, id)
	require.Equal(t, Failed, j.State, "a panic is not tried again by itself")
	require.Equal(t, fault.Internal, j.Fault.Kind)
	c.Retry(id)
	require.Equal(t, Done, wait(t, c, id).State)
}

func TestQuestion(t *testing.T) {
	got := make(chan string, 1)
	c, _, stop := newCenter(t, "", func(ctx context.Context, h Handle) error {
		a, all, err := h.Ask(ctx, Question{Kind: "exists", Choices: []string{"skip", "replace"}})
		if all {
			a += "!"
		}
		got <- a
		return err
	})
	defer stop()
	c.Start()
	id, err := c.Add(context.Background(), Spec{Kind: "test"})
	require.NoError(t, err)
	j := wait(t, c, id)
	require.Equal(t, NeedsAnswer, j.State)
	require.Equal(t, "exists", j.Question.Kind)
	c.Answer(id, "replace", true)
	require.Equal(t, Done, wait(t, c, id).State)
	require.Equal(t, "replace!", <-got)
}

func TestGroupRunsOneAtATime(t *testing.T) {
	running := make(chan struct{}, 1)
	c, _, stop := newCenter(t, "", func(context.Context, Handle) error {
		select {
		case running <- struct{}{}:
		default:
			return errors.New("two at once")
		}
		time.Sleep(2 * time.Millisecond)
		<-running
		return nil
	})
	defer stop()
	c.Start()
	var ids []int64
	for range 10 {
		id, err := c.Add(context.Background(), Spec{Kind: "test", Group: "g"})
		require.NoError(t, err)
		ids = append(ids, id)
	}
	for _, id := range ids {
		require.Equal(t, Done, wait(t, c, id).State)
	}
}

func TestSnapshotIsPublished(t *testing.T) {
	c, _, stop := newCenter(t, "", func(context.Context, Handle) error { return nil })
	defer stop()
	c.Start()
	id, err := c.Add(context.Background(), Spec{Kind: "test"})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		s, err := c.Jobs.Get()
		return err == nil && len(s.Jobs) == 1 && s.Jobs[s.Index[id]].State == Done
	}, 5*time.Second, 5*time.Millisecond)
}
