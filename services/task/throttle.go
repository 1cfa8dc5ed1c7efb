package task

import (
	"log/slog"
	"sync"
	"time"
)

// Throttle passes values on to a function at most once per interval: the first
// at once, of those that follow within the interval only the newest. The last
// value always arrives, unless Stop comes before. The function is never called by
// two goroutines at once; it must not call Set or Stop of its own throttle. A
// panic in it is logged and ends only that call.
type Throttle[T any] struct {
	interval time.Duration
	deliver  func(T)

	mu      sync.Mutex
	newest  T
	pending bool
	waiting bool
	stopped bool
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
	switch {
	case t.stopped:
	case t.waiting:
		t.newest, t.pending = v, true
	default:
		t.pass(v)
	}
}

// Stop ends the throttle: a value that waits is dropped, later ones are ignored,
// and no call of the function runs on when it has returned.
func (t *Throttle[T]) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	var zero T
	t.newest, t.pending, t.stopped = zero, false, true
}

// pass delivers v and begins the next interval; under mu.
func (t *Throttle[T]) pass(v T) {
	t.waiting = true
	if err := Catch("throttle", func() error { t.deliver(v); return nil }); err != nil {
		slog.Error("a throttled call ended by a panic", "err", err)
	}
	time.AfterFunc(t.interval, t.tick)
}

func (t *Throttle[T]) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = false
	if t.stopped || !t.pending {
		return
	}
	v := t.newest
	var zero T
	t.newest, t.pending = zero, false
	t.pass(v)
}
