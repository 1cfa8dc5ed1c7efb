package activity

import (
	"cmp"
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
	// Keep bounds the ended jobs that stay on the list; the oldest go first, those
	// that failed last. 0: 1000.
	Keep int
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
	ages    []*entry      // oldest first
	queue   []*entry      // by Job.Rank
	index   map[int64]int // of the snapshots since the newest job came or went; nil: to be made
	version uint64
	started bool
	timer   *time.Timer
	waiters map[chan struct{}]struct{}
	today   tally // of done jobs that are not kept any more
}

// tally counts within a day.
type tally struct {
	day time.Time // its midnight
	n   int
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

const (
	// rankStep is how far apart the ranks of new jobs are, so that others find
	// room between them.
	rankStep = 1 << 10
	// perPause is how many jobs may be on the list for each task.Interval between
	// two snapshots.
	perPause = 4000
)

// New loads the jobs. Those that ran when the program ended wait for their
// turn again. Nothing runs before Start.
func New(p Params) (*Center, error) {
	if p.Parallel == 0 {
		p.Parallel = 4
	}
	if p.MaxTries == 0 {
		p.MaxTries = 12
	}
	if p.Keep == 0 {
		p.Keep = 1000
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
		interval := task.Interval * time.Duration(1+len(s.Jobs)/perPause)
		if err := c.Jobs.Set(s); err != nil {
			slog.Error("publishing jobs", "err", err)
		}
		pause := time.NewTimer(interval)
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

// SetParallel changes how many jobs run at once. Those that run go on.
func (c *Center) SetParallel(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.p.Parallel = max(1, n)
	c.schedule()
	c.changed()
}

// Add makes a job and returns when it is on the disk.
func (c *Center) Add(ctx context.Context, s Spec) (int64, error) {
	ids, err := c.AddAll(ctx, []Spec{s})
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// AddAll makes several jobs, all or none, and returns when they are on the disk.
func (c *Center) AddAll(ctx context.Context, specs []Spec) ([]int64, error) {
	now := time.Now()
	entries := make([]*entry, len(specs))
	for i, s := range specs {
		data, err := json.Marshal(s.Data)
		if err != nil {
			return nil, fault.New(fault.Internal, "add job", "", err)
		}
		e := &entry{group: s.Group, job: Job{
			Kind: s.Kind, Title: s.Title, From: s.From, To: s.To, Size: s.Size, Items: s.Items,
			State: Waiting, Spec: data, Created: now, Updated: now,
		}}
		if s.Paused {
			e.job.State = Paused
		}
		entries[i] = e
	}
	if err := c.insert(ctx, entries); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := make([]int64, len(entries))
	for i, e := range entries {
		ids[i] = e.job.ID
		c.jobs[e.job.ID] = e
		c.ages = append(c.ages, e)
		c.queue = append(c.queue, e)
	}
	if !slices.IsSortedFunc(c.ages, byAge) { // two calls have passed each other
		slices.SortFunc(c.ages, byAge)
	}
	if !slices.IsSortedFunc(c.queue, byRank) {
		slices.SortStableFunc(c.queue, byRank)
	}
	c.index = nil
	c.schedule()
	c.changed()
	return ids, nil
}

func byAge(a, b *entry) int { return cmp.Compare(a.job.ID, b.job.ID) }

func byRank(a, b *entry) int {
	return cmp.Or(cmp.Compare(a.job.Rank, b.job.Rank), cmp.Compare(a.job.ID, b.job.ID))
}

// Move puts a job into the queue before another, or at its end if before is 0 or
// unknown. Jobs that run already are not stopped by it.
func (c *Center) Move(id, before int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.jobs[id]
	if e == nil || id == before {
		return
	}
	c.queue = slices.DeleteFunc(c.queue, func(o *entry) bool { return o == e })
	at := len(c.queue)
	if other := c.jobs[before]; other != nil {
		at = slices.Index(c.queue, other)
	}
	c.queue = slices.Insert(c.queue, at, e)
	low, high := int64(0), int64(0)
	if at > 0 {
		low = c.queue[at-1].job.Rank
	}
	if at+1 < len(c.queue) {
		high = c.queue[at+1].job.Rank
	} else {
		high = low + 2*rankStep
	}
	if high-low >= 2 {
		e.job.Rank = low + (high-low)/2
		c.exec("UPDATE job SET rank = ? WHERE id = ?", e.job.Rank, id)
	} else { // no room: all get new ranks
		for i, o := range c.queue {
			o.job.Rank = int64(i+1) * rankStep
			c.exec("UPDATE job SET rank = ? WHERE id = ?", o.job.Rank, o.job.ID)
		}
	}
	c.schedule()
	c.changed()
}

// Pause stops a job where it is; Resume lets it go on.
func (c *Center) Pause(id int64) { c.update(id, (*Center).pause) }

func (c *Center) pause(e *entry) {
	switch {
	case e.cancel != nil:
		e.cancel(errPaused)
	case !e.job.State.Ended():
		e.job.State = Paused
	}
}

// Resume puts a paused or failed job in the queue again, its tries forgotten.
func (c *Center) Resume(id int64) { c.update(id, (*Center).resume) }

func (c *Center) resume(e *entry) {
	if e.cancel == nil && (e.job.State == Paused || e.job.State == Failed || e.job.State == Waiting) {
		e.job.State, e.job.Tries, e.job.NextTry, e.job.Fault = Waiting, 0, time.Time{}, nil
	}
}

// Retry is Resume under the name that a failed or waiting job's button has.
func (c *Center) Retry(id int64) { c.Resume(id) }

// PauseAll stops every job that has not ended.
func (c *Center) PauseAll() {
	c.each((*Center).pause, func(s State) bool { return !s.Ended() && s != Paused })
}

// ResumeAll lets every paused job go on.
func (c *Center) ResumeAll() { c.each((*Center).resume, func(s State) bool { return s == Paused }) }

// RetryAll puts every failed job in the queue again.
func (c *Center) RetryAll() { c.each((*Center).resume, func(s State) bool { return s == Failed }) }

// CancelAll ends every job that has not ended, for good.
func (c *Center) CancelAll() { c.each((*Center).cancel, func(s State) bool { return !s.Ended() }) }

// each changes many jobs at once.
func (c *Center) each(change func(*Center, *entry), which func(State) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for _, e := range c.ages {
		if which(e.job.State) {
			change(c, e)
			e.job.Updated = now
			c.save(e.job)
		}
	}
	c.schedule()
	c.changed()
}

// Cancel ends a job for good and removes what it left half done.
func (c *Center) Cancel(id int64) { c.update(id, (*Center).cancel) }

func (c *Center) cancel(e *entry) {
	switch {
	case e.cancel != nil:
		e.cancel(errCancelled)
	case !e.job.State.Ended() || e.job.State == Failed:
		e.job.State = Cancelled
		c.discard(e.job)
	}
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

// Remove takes an ended job off the list. What a failed one left half done goes
// too.
func (c *Center) Remove(id int64) {
	c.remove(func(e *entry) bool { return e.job.ID == id })
}

// Clear takes every ended job off the list.
func (c *Center) Clear() {
	c.remove(func(*entry) bool { return true })
}

// remove forgets ended jobs.
func (c *Center) remove(which func(*entry) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := map[*entry]bool{}
	for _, e := range c.ages {
		if e.cancel != nil || !e.job.State.Ended() || !which(e) {
			continue
		}
		if e.job.State == Failed {
			c.discard(e.job)
		}
		gone[e] = true
	}
	c.forget(gone)
	c.changed()
}

// forget drops jobs from memory and disk; the lock is held.
func (c *Center) forget(gone map[*entry]bool) {
	if len(gone) == 0 {
		return
	}
	is := func(e *entry) bool { return gone[e] }
	c.ages, c.queue, c.index = slices.DeleteFunc(c.ages, is), slices.DeleteFunc(c.queue, is), nil
	midnight := dayOf(time.Now())
	for e := range gone {
		delete(c.jobs, e.job.ID)
		c.exec("DELETE FROM job WHERE id = ?", e.job.ID)
		if e.job.State == Done && !e.job.Updated.Before(midnight) {
			if !c.today.day.Equal(midnight) {
				c.today = tally{day: midnight}
			}
			c.today.n++
		}
	}
}

// dayOf is the midnight before t, local time.
func dayOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// Answer gives a job's question its answer; all holds it for the rest of the job.
func (c *Center) Answer(id int64, value string, all bool) {
	c.update(id, func(_ *Center, e *entry) {
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
func (c *Center) update(id int64, change func(*Center, *entry)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.jobs[id]
	if e == nil {
		return
	}
	change(c, e)
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

// snapshot makes the list as it stands; the lock is held.
func (c *Center) snapshot() *Snapshot {
	c.version++
	s := &Snapshot{Version: c.version, Jobs: make([]Job, 0, len(c.ages))}
	if c.index == nil {
		c.index = make(map[int64]int, len(c.ages))
		for i, e := range c.ages {
			c.index[e.job.ID] = len(c.ages) - 1 - i
		}
	}
	s.Index = c.index // it is made anew when it changes, never changed
	midnight := dayOf(time.Now())
	if c.today.day.Equal(midnight) {
		s.Today = c.today.n
	}
	var left int64
	for _, e := range slices.Backward(c.ages) {
		j := &e.job
		s.Jobs = append(s.Jobs, *j)
		switch j.State {
		case Running:
			s.Running++
			s.Speed += j.Speed
			if j.Size > j.Done {
				left += j.Size - j.Done
			}
		case Waiting:
			s.Waiting++
		case Paused:
			s.Paused++
		case Failed:
			s.Failed++
		case NeedsAnswer:
			s.Asking++
		case Done:
			if !j.Updated.Before(midnight) {
				s.Today++
			}
		case Cancelled:
		}
	}
	if s.Speed > 0 && left > 0 {
		s.Left = time.Duration(float64(left) / s.Speed * float64(time.Second))
	}
	return s
}
