package activity

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
	"guichet/services/publish"
	"guichet/services/store"
	"guichet/services/task"
)

// Params are what a Center is made of.
type Params struct {
	DB       *store.DB   // from Open
	Tasks    *task.Group // the jobs' lifetime
	Parallel int         // jobs that run at once; 0: 4
	// MaxTries bounds how often a job that failed for a passing reason is tried
	// again by itself; 0: 12, about an hour.
	MaxTries int
}

// Center keeps the jobs, runs them, and publishes the list. Its methods are
// safe for concurrent use and, unless they say so, return at once.
type Center struct {
	p    Params
	Jobs binding.Item[*Snapshot]

	dirty chan struct{} // holds one token while the list has changed since it was published

	mu      sync.Mutex
	runners map[string]Runner
	jobs    map[int64]*entry
	order   []int64 // oldest first
	version uint64
	started bool
	timer   *time.Timer
	waiters map[chan struct{}]struct{}
}

// entry is a job with what is only in memory.
type entry struct {
	job    Job
	group  string
	cancel context.CancelCauseFunc // of the running job
	answer chan answer             // where its runner waits
	meter  meter
	saved  time.Time // when progress was last written
}

type answer struct {
	value string
	all   bool
}

// Why a running job's context ended.
var (
	errPaused    = errors.New("paused")
	errCancelled = errors.New("cancelled")
)

const keepEnded = 500 // ended jobs that are kept; the oldest go first

// New loads the jobs. Those that ran when the program ended wait for their
// turn again. Nothing runs before Start.
func New(p Params) (*Center, error) {
	if p.Parallel == 0 {
		p.Parallel = 4
	}
	if p.MaxTries == 0 {
		p.MaxTries = 12
	}
	c := &Center{
		p: p, runners: map[string]Runner{}, jobs: map[int64]*entry{}, waiters: map[chan struct{}]struct{}{}, dirty: make(chan struct{}, 1),
		Jobs: publish.NewItem(&Snapshot{}),
	}
	if err := c.load(); err != nil {
		return nil, err
	}
	if err := c.Jobs.Set(c.snapshot()); err != nil {
		return nil, err
	}
	p.Tasks.Go("publish jobs", c.publish)
	return c, nil
}

// publish brings changes to the binding, 10 times a second at most and never
// under the lock: a listener may call back.
func (c *Center) publish(ctx context.Context) {
	for {
		select {
		case <-c.dirty:
		case <-ctx.Done():
			return
		}
		c.mu.Lock()
		s := c.snapshot()
		c.mu.Unlock()
		if err := c.Jobs.Set(s); err != nil {
			slog.Error("publishing jobs", "err", err)
		}
		pause := time.NewTimer(task.Interval)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return
		}
	}
}

// Register names the runner of a kind of jobs. All kinds are registered before
// Start; jobs of an unknown kind wait.
func (c *Center) Register(kind string, r Runner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runners[kind] = r
}

// Start lets jobs run.
func (c *Center) Start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started = true
	c.schedule()
}

// Add makes a job and returns when it is on the disk.
func (c *Center) Add(ctx context.Context, s Spec) (int64, error) {
	data, err := json.Marshal(s.Data)
	if err != nil {
		return 0, fault.New(fault.Internal, "add job", "", err)
	}
	now := time.Now()
	j := Job{
		Kind: s.Kind, Title: s.Title, From: s.From, To: s.To, Size: s.Size, Items: s.Items,
		State: Waiting, Spec: data, Created: now, Updated: now,
	}
	if s.Paused {
		j.State = Paused
	}
	if j.ID, err = c.insert(ctx, j, s.Group); err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jobs[j.ID] = &entry{job: j, group: s.Group}
	c.order = append(c.order, j.ID)
	c.schedule()
	c.changed()
	return j.ID, nil
}

// Pause stops a job where it is; Resume lets it go on.
func (c *Center) Pause(id int64) {
	c.update(id, func(e *entry) {
		switch {
		case e.cancel != nil:
			e.cancel(errPaused)
		case !e.job.State.Ended():
			e.job.State = Paused
		}
	})
}

// Resume puts a paused or failed job in the queue again, its tries forgotten.
func (c *Center) Resume(id int64) {
	c.update(id, func(e *entry) {
		if e.cancel == nil && (e.job.State == Paused || e.job.State == Failed || e.job.State == Waiting) {
			e.job.State, e.job.Tries, e.job.NextTry, e.job.Fault = Waiting, 0, time.Time{}, nil
		}
	})
}

// Retry is Resume under the name that a failed or waiting job's button has.
func (c *Center) Retry(id int64) { c.Resume(id) }

// PauseAll and ResumeAll do it for every job that has not ended.
func (c *Center) PauseAll() { c.each(c.Pause, func(s State) bool { return !s.Ended() }) }

// ResumeAll lets every paused job go on.
func (c *Center) ResumeAll() { c.each(c.Resume, func(s State) bool { return s == Paused }) }

func (c *Center) each(do func(int64), which func(State) bool) {
	c.mu.Lock()
	var ids []int64
	for _, id := range c.order {
		if which(c.jobs[id].job.State) {
			ids = append(ids, id)
		}
	}
	c.mu.Unlock()
	for _, id := range ids {
		do(id)
	}
}

// Cancel ends a job for good and removes what it left half done.
func (c *Center) Cancel(id int64) {
	c.update(id, func(e *entry) {
		switch {
		case e.cancel != nil:
			e.cancel(errCancelled)
		case !e.job.State.Ended() || e.job.State == Failed:
			e.job.State = Cancelled
			c.discard(e.job)
		}
	})
}

// discard has the runner remove what the job left; the lock is held.
func (c *Center) discard(j Job) {
	r := c.runners[j.Kind]
	if r == nil {
		return
	}
	c.p.Tasks.Go("discard job", func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if err := r.Discard(ctx, j); err != nil {
			slog.Warn("discarding a job's remains", "job", j.ID, "kind", j.Kind, "err", err)
		}
	})
}

// Remove takes an ended job off the list.
func (c *Center) Remove(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.jobs[id]
	if e == nil || e.cancel != nil || !e.job.State.Ended() {
		return
	}
	c.forget(id)
	c.changed()
}

// Clear takes every done and cancelled job off the list.
func (c *Center) Clear() {
	c.each(c.Remove, func(s State) bool { return s == Done || s == Cancelled })
}

func (c *Center) forget(id int64) {
	delete(c.jobs, id)
	c.order = slices.DeleteFunc(c.order, func(o int64) bool { return o == id })
	c.exec("DELETE FROM job WHERE id = ?", id)
}

// Answer gives a job's question its answer; all holds it for the rest of the job.
func (c *Center) Answer(id int64, value string, all bool) {
	c.update(id, func(e *entry) {
		if e.job.Question == nil || e.answer == nil {
			return
		}
		e.answer <- answer{value, all} // never blocks: it holds one, and the question goes with it
		e.answer, e.job.Question, e.job.State = nil, nil, Running
	})
}

// Get gives a job as it stands.
func (c *Center) Get(id int64) (Job, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.jobs[id]
	if e == nil {
		return Job{}, false
	}
	return e.job, true
}

// Wait returns when the job has ended, needs an answer, is paused, or ctx ends.
func (c *Center) Wait(ctx context.Context, id int64) (Job, error) {
	for {
		ch := make(chan struct{}, 1)
		c.mu.Lock()
		e := c.jobs[id]
		if e == nil {
			c.mu.Unlock()
			return Job{}, fault.Newf(fault.NotFound, "wait for job", "", "job %d", id)
		}
		j := e.job
		if j.State.Ended() || j.State == NeedsAnswer || j.State == Paused {
			c.mu.Unlock()
			return j, nil
		}
		c.waiters[ch] = struct{}{}
		c.mu.Unlock()
		select {
		case <-ch:
		case <-ctx.Done():
			c.mu.Lock()
			delete(c.waiters, ch)
			c.mu.Unlock()
			return j, fault.From("wait for job", "", ctx.Err())
		}
	}
}

// update changes a job under the lock, saves it, and schedules.
func (c *Center) update(id int64, change func(*entry)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.jobs[id]
	if e == nil {
		return
	}
	change(e)
	e.job.Updated = time.Now()
	c.save(e.job)
	c.schedule()
	c.changed()
}

// changed wakes those who wait and has the list published; the lock is held.
func (c *Center) changed() {
	for ch := range c.waiters {
		ch <- struct{}{}
		delete(c.waiters, ch)
	}
	select {
	case c.dirty <- struct{}{}:
	default:
	}
}

func (c *Center) snapshot() *Snapshot {
	c.version++
	s := &Snapshot{Version: c.version, Jobs: make([]Job, 0, len(c.order)), Index: make(map[int64]int, len(c.order))}
	var left int64
	for _, id := range slices.Backward(c.order) {
		j := c.jobs[id].job
		s.Index[id] = len(s.Jobs)
		s.Jobs = append(s.Jobs, j)
		switch j.State {
		case Running:
			s.Running++
			s.Speed += j.Speed
			if j.Size > j.Done {
				left += j.Size - j.Done
			}
		case Waiting:
			s.Waiting++
		}
	}
	if s.Speed > 0 && left > 0 {
		s.Left = time.Duration(float64(left) / s.Speed * float64(time.Second))
	}
	return s
}
