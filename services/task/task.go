// Package task holds the lifetimes of work: every goroutine of Guichet is
// started by it, belongs to a Group with a context, and cannot bring the
// program down. A Slot runs at most one job of a kind, the newest; a Throttle
// lets through the newest of a fast series of values.
package task

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"guichet/services/fault"
)

// Group is a lifetime. Cancelling it cancels all groups below it and the
// contexts of all goroutines that it started.
type Group struct {
	ctx    context.Context
	cancel context.CancelFunc
	parent *Group
	wg     sync.WaitGroup
}

// NewGroup makes a root group under ctx.
func NewGroup(ctx context.Context) *Group {
	c, cancel := context.WithCancel(ctx)
	return &Group{ctx: c, cancel: cancel}
}

// Child makes a group that ends with g at the latest.
func (g *Group) Child() *Group {
	c := NewGroup(g.ctx)
	c.parent = g
	return c
}

// Context is done when the group is cancelled.
func (g *Group) Context() context.Context { return g.ctx }

// Go starts f on a goroutine with the group's context. A panic in f is caught,
// logged with its stack and otherwise treated as f's end. name is for the log.
func (g *Group) Go(name string, f func(ctx context.Context)) {
	for p := g; p != nil; p = p.parent {
		p.wg.Add(1)
	}
	go func() {
		defer func() {
			for p := g; p != nil; p = p.parent {
				p.wg.Done()
			}
		}()
		if err := Catch(name, func() error { f(g.ctx); return nil }); err != nil {
			slog.Error("task ended by a panic", "task", name, "err", err)
		}
	}()
}

// Cancel ends the group's contexts without waiting.
func (g *Group) Cancel() { g.cancel() }

// Close cancels the group and waits for its goroutines and those of its
// children, limit at most. It reports whether all had ended.
func (g *Group) Close(limit time.Duration) bool {
	g.cancel()
	done := make(chan struct{})
	go func() { g.wg.Wait(); close(done) }()
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}

// Catch runs f and turns a panic into an Internal fault whose cause holds the
// stack.
func Catch(name string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.New(fault.Internal, name, "", fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	return f()
}

// Slot runs at most one job: starting a new one cancels the older, and the
// older one's result is dropped because its Current turns false.
type Slot struct {
	group      *Group
	mu         sync.Mutex
	cancel     context.CancelFunc
	generation atomic.Uint64
}

// NewSlot makes a slot whose jobs live in g.
func NewSlot(g *Group) *Slot { return &Slot{group: g} }

// Start cancels the running job and starts f. current reports whether f's is
// still the newest job, also after f has ended: whoever publishes its result asks
// it right before, on whatever goroutine that is.
func (s *Slot) Start(name string, f func(ctx context.Context, current func() bool)) {
	s.mu.Lock()
	if s.cancel != nil {
		s.cancel()
	}
	ctx, cancel := context.WithCancel(s.group.ctx)
	s.cancel = cancel
	generation := s.generation.Add(1)
	s.mu.Unlock()
	s.group.Go(name, func(context.Context) {
		defer cancel()
		f(ctx, func() bool { return s.group.ctx.Err() == nil && s.generation.Load() == generation })
	})
}

// Stop cancels the running job, if any.
func (s *Slot) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation.Add(1)
	if s.cancel != nil {
		s.cancel()
		s.cancel = nil
	}
}

// Throttle passes values on to a function at most once per interval: the first
// at once, of those that follow within the interval only the newest. The last
// value always arrives. The function is never called by two goroutines at once.
type Throttle[T any] struct {
	interval time.Duration
	deliver  func(T)

	mu      sync.Mutex
	newest  T
	pending bool
	waiting bool
}

// NewThrottle makes a throttle; Interval is the usual interval.
func NewThrottle[T any](interval time.Duration, deliver func(T)) *Throttle[T] {
	return &Throttle[T]{interval: interval, deliver: deliver}
}

// Interval is how often a binding may change: 10 times a second.
const Interval = 100 * time.Millisecond

// Set hands v over and returns at once unless it is its turn to deliver.
func (t *Throttle[T]) Set(v T) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting {
		t.newest, t.pending = v, true
		return
	}
	t.waiting = true
	t.deliver(v)
	time.AfterFunc(t.interval, t.tick)
}

func (t *Throttle[T]) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.pending {
		t.waiting = false
		return
	}
	v := t.newest
	var zero T
	t.newest, t.pending = zero, false
	t.deliver(v)
	time.AfterFunc(t.interval, t.tick)
}
