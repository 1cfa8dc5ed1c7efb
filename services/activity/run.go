package activity

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"guichet/services/fault"
	"guichet/services/task"
)

// schedule starts the jobs whose turn it is and sets the timer for the next
// try; the lock is held.
func (c *Center) schedule() {
	if !c.started || c.p.Tasks.Context().Err() != nil {
		return
	}
	running := 0
	busy := map[string]bool{}
	for _, e := range c.queue {
		if e.cancel != nil {
			// A job that waits for a person does not hold up others.
			if e.job.State != NeedsAnswer {
				running++
			}
			if e.group != "" {
				busy[e.group] = true
			}
		}
	}
	now := time.Now()
	var next time.Time
	for _, e := range c.queue {
		if e.job.State != Waiting || e.cancel != nil || c.runners[e.job.Kind] == nil || busy[e.group] {
			continue
		}
		if e.job.NextTry.After(now) {
			if next.IsZero() || e.job.NextTry.Before(next) {
				next = e.job.NextTry
			}
			continue
		}
		if running >= c.p.Parallel {
			continue
		}
		running++
		if e.group != "" {
			busy[e.group] = true
		}
		c.run(e)
	}
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if !next.IsZero() {
		c.timer = time.AfterFunc(next.Sub(now), func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.schedule()
			c.changed()
		})
	}
}

// run starts one job; the lock is held.
func (c *Center) run(e *entry) {
	ctx, cancel := context.WithCancelCause(c.p.Tasks.Context())
	e.cancel = cancel
	e.job.State, e.job.NextTry, e.job.Updated = Running, time.Time{}, time.Now()
	e.meter = meter{}
	c.save(e.job)
	runner := c.runners[e.job.Kind]
	h := &handle{c: c, e: e}
	c.p.Tasks.Go("job "+e.job.Kind, func(context.Context) {
		err := task.Catch("job "+e.job.Kind, func() error { return runner.Run(ctx, h) })
		cause := context.Cause(ctx)
		cancel(nil)
		c.ended(e, err, cause)
	})
}

// ended writes down how a run ended.
func (c *Center) ended(e *entry, err, cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	j := &e.job
	e.cancel, e.answer = nil, nil
	j.Speed, j.Question, j.Updated = 0, nil, time.Now()
	switch {
	case err == nil: // done, even if it was to be stopped at the last moment
		j.State, j.Fault = Done, nil
		if j.Size >= 0 && j.Done > j.Size {
			j.Size = j.Done
		}
	case errors.Is(cause, errPaused):
		j.State = Paused
	case errors.Is(cause, errCancelled):
		j.State = Cancelled
		c.discard(*j)
	case cause != nil: // the program ends: it continues by itself next time
		j.State = Waiting
	default:
		c.failed(j, fault.From("run job", "", err))
	}
	c.save(*j)
	c.prune()
	c.schedule()
	c.changed()
}

func (c *Center) failed(j *Job, f *fault.Fault) {
	j.Fault = f
	j.Tries++
	slog.Warn("job failed", "job", j.ID, "kind", j.Kind, "try", j.Tries, "err", f)
	if !f.Kind.Transient() || j.Tries >= c.p.MaxTries {
		j.State = Failed
		return
	}
	j.State = Waiting
	j.NextTry = time.Now().Add(backoff(j.Tries, f.After))
}

// backoff is the pause before the next try: 1, 2, 4 ... 300 seconds with a
// fifth of chance, or what the server asked for.
func backoff(tries int, asked time.Duration) time.Duration {
	d := min(time.Second<<min(tries-1, 10), 5*time.Minute)
	d += time.Duration(rand.Float64() * 0.2 * float64(d))
	return max(d, min(asked, time.Hour))
}

// prune drops the oldest ended jobs beyond Params.Keep, failed ones last: they may
// still be wanted; the lock is held.
func (c *Center) prune() {
	ended := 0
	for _, e := range c.ages {
		if e.job.State.Ended() {
			ended++
		}
	}
	if ended <= c.p.Keep {
		return
	}
	gone := map[*entry]bool{}
	for _, failed := range []bool{false, true} {
		for _, e := range c.ages {
			if ended-len(gone) > c.p.Keep && e.job.State.Ended() && (e.job.State == Failed) == failed {
				gone[e] = true
				if failed {
					c.discard(e.job)
				}
			}
		}
	}
	c.forget(gone)
}

// handle is a running job's Handle.
type handle struct {
	c *Center
	e *entry
}

func (h *handle) Job() Job {
	h.c.mu.Lock()
	defer h.c.mu.Unlock()
	return h.e.job
}

func (h *handle) Spec(v any) error {
	if err := json.Unmarshal(h.Job().Spec, v); err != nil {
		return fault.New(fault.Damaged, "read job", "", err)
	}
	return nil
}

func (h *handle) Checkpoint(v any) (bool, error) {
	data := h.Job().Checkpoint
	if len(data) == 0 {
		return false, nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, fault.New(fault.Damaged, "read job", "", err)
	}
	return true, nil
}

func (h *handle) Save(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fault.New(fault.Internal, "save job", "", err)
	}
	h.c.mu.Lock()
	h.e.job.Checkpoint = data
	done, size, id := h.e.job.Done, h.e.job.Size, h.e.job.ID
	h.c.mu.Unlock()
	return h.c.p.DB.Exec(context.Background(), "UPDATE job SET checkpoint = ?, done = ?, size = ? WHERE id = ?", string(data), done, size, id)
}

func (h *handle) Result(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fault.New(fault.Internal, "save job", "", err)
	}
	h.c.mu.Lock()
	h.e.job.Result = data
	id := h.e.job.ID
	h.c.mu.Unlock()
	return h.c.p.DB.Exec(context.Background(), "UPDATE job SET result = ? WHERE id = ?", string(data), id)
}

// progressEvery bounds how often progress makes a snapshot and reaches the disk.
const (
	progressEvery = task.Interval
	saveEvery     = 2 * time.Second
)

func (h *handle) Progress(done, size int64) {
	now := time.Now()
	h.c.mu.Lock()
	defer h.c.mu.Unlock()
	e := h.e
	e.job.Done, e.job.Size = done, size
	if !e.meter.add(now, done) {
		return
	}
	e.job.Speed = e.meter.speed
	if now.Sub(e.saved) > saveEvery {
		e.saved = now
		h.c.exec("UPDATE job SET done = ?, size = ? WHERE id = ?", done, size, e.job.ID)
	}
	h.c.changed()
}

func (h *handle) Items(done, all int) {
	h.c.mu.Lock()
	defer h.c.mu.Unlock()
	h.e.job.ItemsDone, h.e.job.Items = done, all
	if now := time.Now(); now.Sub(h.e.saved) > saveEvery {
		h.e.saved = now
		h.c.exec("UPDATE job SET items_done = ?, items = ? WHERE id = ?", done, all, h.e.job.ID)
	}
	h.c.changed()
}

func (h *handle) SetTitle(title string) {
	h.c.update(h.Job().ID, func(_ *Center, e *entry) { e.job.Title = title })
}

func (h *handle) Ask(ctx context.Context, q Question) (string, bool, error) {
	ch := make(chan answer, 1)
	id := h.Job().ID
	h.c.update(id, func(_ *Center, e *entry) {
		e.answer, e.job.Question, e.job.State, e.job.Speed = ch, &q, NeedsAnswer, 0
	})
	select {
	case a := <-ch:
		return a.value, a.all, nil
	case <-ctx.Done():
		return "", false, fault.From("ask", "", ctx.Err())
	}
}

// meter measures a speed over the last few seconds.
type meter struct {
	at, shown time.Time
	done      int64
	speed     float64
}

// add takes a figure and reports whether it is time to show it.
func (m *meter) add(now time.Time, done int64) bool {
	if m.at.IsZero() || done < m.done {
		m.at, m.done, m.shown = now, done, now
		return true
	}
	if now.Sub(m.shown) < progressEvery {
		return false
	}
	m.shown = now
	if d := now.Sub(m.at); d >= 500*time.Millisecond {
		v := float64(done-m.done) / d.Seconds()
		if m.speed == 0 {
			m.speed = v
		} else {
			m.speed += 0.3 * (v - m.speed)
		}
		m.at, m.done = now, done
	}
	return true
}
