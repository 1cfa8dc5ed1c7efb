package activity

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
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

// now is the list as it stands.
func now(c *Center) *Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.snapshot()
}

// titles gives the jobs of a snapshot by their place in the queue.
func titles(s *Snapshot) (list []string) {
	jobs := slices.Clone(s.Jobs)
	slices.SortFunc(jobs, func(a, b Job) int { return cmp.Compare(a.Rank, b.Rank) })
	for _, j := range jobs {
		list = append(list, j.Title)
	}
	return list
}

func TestQueueIsReordered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	var mu sync.Mutex
	var ran []string
	run := func(_ context.Context, h Handle) error {
		mu.Lock()
		defer mu.Unlock()
		ran = append(ran, h.Job().Title)
		return nil
	}
	c, _, stop := newCenter(t, path, run)
	var specs []Spec
	for _, title := range []string{"a", "b", "c", "d"} {
		specs = append(specs, Spec{Kind: "test", Title: title})
	}
	ids, err := c.AddAll(context.Background(), specs)
	require.NoError(t, err)
	c.Move(ids[3], ids[0])
	c.Move(ids[0], 0)
	c.Move(ids[2], ids[2])
	c.Move(99, ids[0])
	want := []string{"d", "b", "c", "a"}
	require.Equal(t, want, titles(now(c)))
	for range 50 { // there is room between any two, also when it is used up
		c.Move(ids[2], ids[1])
		c.Move(ids[1], ids[2])
	}
	require.Equal(t, want, titles(now(c)))
	stop()

	c, _, stop = newCenter(t, path, run)
	defer stop()
	require.Equal(t, want, titles(now(c)), "the order is kept")
	c.SetParallel(1)
	c.Start()
	for _, id := range ids {
		require.Equal(t, Done, wait(t, c, id).State)
	}
	require.Equal(t, want, ran)
}

func TestManyAtOnce(t *testing.T) {
	started := make(chan struct{}, 100)
	c, r, stop := newCenter(t, "", func(ctx context.Context, h Handle) error {
		if h.Job().Title == "bad" {
			return fault.New(fault.Permission, "x", "", nil)
		}
		started <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	defer stop()
	c.SetParallel(2)
	c.Start()
	bad, err := c.Add(context.Background(), Spec{Kind: "test", Title: "bad"})
	require.NoError(t, err)
	require.Equal(t, Failed, wait(t, c, bad).State)
	ids, err := c.AddAll(context.Background(), make([]Spec, 10))
	require.NoError(t, err)
	for _, id := range ids {
		j, _ := c.Get(id)
		require.Equal(t, Waiting, j.State, "nobody runs this kind")
	}
	specs := slices.Repeat([]Spec{{Kind: "test"}}, 10)
	more, err := c.AddAll(context.Background(), specs)
	require.NoError(t, err)
	<-started
	<-started
	require.Equal(t, 2, now(c).Running)
	c.PauseAll()
	for _, id := range slices.Concat(ids, more) {
		require.Equal(t, Paused, wait(t, c, id).State)
	}
	s := now(c)
	require.Equal(t, []int{20, 0, 1}, []int{s.Paused, s.Running, s.Failed})
	c.CancelAll()
	for range 20 {
		select {
		case <-r.discarded:
		case <-time.After(50 * time.Millisecond): // of a kind that nobody runs
		}
	}
	c.Clear()
	require.Equal(t, bad, (<-r.discarded).ID, "what a failed job left goes with it")
	require.Empty(t, now(c).Jobs)
}

func TestHistoryIsBounded(t *testing.T) {
	c, _, stop := newCenter(t, "", func(_ context.Context, h Handle) error { return h.Result(1) })
	defer stop()
	c.SetParallel(8)
	c.p.Keep = 20
	c.Start()
	const all = 30
	ids, err := c.AddAll(context.Background(), slices.Repeat([]Spec{{Kind: "test"}}, all))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		s := now(c)
		return s.Waiting+s.Running == 0
	}, 15*time.Second, 5*time.Millisecond)
	s := now(c)
	require.Len(t, s.Jobs, 20)
	require.Equal(t, all, s.Today, "also those that are forgotten")
	_, ok := c.Get(ids[0])
	require.False(t, ok, "the oldest go first")
	for i, j := range s.Jobs {
		require.Equal(t, i, s.Index[j.ID])
	}
}

// TestBackoff: a job that fails for a passing reason comes back ever later, and
// at last not any more.
func TestBackoff(t *testing.T) {
	for tries := 1; tries < 20; tries++ {
		d := backoff(tries, 0)
		least := min(time.Second<<min(tries-1, 10), 5*time.Minute)
		require.GreaterOrEqual(t, d, least)
		require.LessOrEqual(t, d, least+least/5)
	}
	require.Equal(t, 10*time.Minute, backoff(1, 10*time.Minute))
	require.Equal(t, time.Hour, backoff(1, 48*time.Hour), "a server cannot put it off for ever")
}

func BenchmarkSnapshot10000(b *testing.B) {
	c := &Center{jobs: map[int64]*entry{}}
	for i := range int64(10_000) {
		e := &entry{job: Job{ID: i, State: Waiting}}
		c.jobs[i] = e
		c.ages = append(c.ages, e)
	}
	b.ReportAllocs()
	for b.Loop() {
		c.snapshot()
	}
}
