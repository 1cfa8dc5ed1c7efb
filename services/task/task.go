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

	// Not a WaitGroup: its Add must not meet its Wait at zero, and a goroutine
	// may be started by anyone at any time, also while Close waits.
	mu      sync.Mutex
	running int           // goroutines of this group and those below it
	idle    chan struct{} // closed when running falls to 0; nil: nobody waits
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
//
// In a group that has been cancelled or closed f still runs, with a context that
// is done: who waits for what f does at its end waits for no longer than that.
func (g *Group) Go(name string, f func(ctx context.Context)) {
	g.count(+1)
	go func() {
		defer g.count(-1)
		if err := Catch(name, func() error { f(g.ctx); return nil }); err != nil {
			slog.Error("task ended by a panic", "task", name, "err", err)
		}
	}()
}

// count adds n goroutines to the group and those above it.
func (g *Group) count(n int) {
	for p := g; p != nil; p = p.parent {
		p.mu.Lock()
		p.running += n
		if p.running == 0 && p.idle != nil {
			close(p.idle)
			p.idle = nil
		}
		p.mu.Unlock()
	}
}

// none gives a channel that is closed when the group has no goroutine.
func (g *Group) none() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running == 0 {
		done := make(chan struct{})
		close(done)
		return done
	}
	if g.idle == nil {
		g.idle = make(chan struct{})
	}
	return g.idle
}

// Cancel ends the group's contexts without waiting.
func (g *Group) Cancel() { g.cancel() }

// Close cancels the group and waits for its goroutines and those of its
// children, limit at most. It reports whether all had ended. It may be called
// more than once, and from several goroutines.
func (g *Group) Close(limit time.Duration) bool {
	g.cancel()
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-g.none():
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
