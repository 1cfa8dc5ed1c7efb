package transfer

import (
	"context"
	"math"
	"sync"

	"golang.org/x/time/rate"

	"guichet/services/fault"
)

// Limits bound the speed of all transfers that share them. The zero value bounds
// nothing. They may be changed while transfers run, and are safe for concurrent
// use.
type Limits struct {
	mu       sync.Mutex
	down, up rate.Limiter // Limit 0 means none, see limiter
	set      [2]int64
}

// NewLimits makes Limits; see Set.
func NewLimits(down, up int64) *Limits {
	l := &Limits{}
	l.Set(down, up)
	return l
}

// burst is what may pass at once, in seconds of the limit: a block more or less
// is not noticed, and a slow limit does not come in jerks.
const burst = 0.25

// Set bounds what comes to this computer and what goes from it, in bytes per
// second; 0 is no bound. Transfers under way obey within a block.
func (l *Limits) Set(down, up int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.set = [2]int64{max(0, down), max(0, up)}
	for i, r := range []*rate.Limiter{&l.down, &l.up} {
		n := float64(l.set[i])
		r.SetBurst(int(min(max(n*burst, 4<<10), math.MaxInt32)))
		r.SetLimit(rate.Limit(n))
	}
}

// Get gives the bounds.
func (l *Limits) Get() (down, up int64) {
	if l == nil {
		return 0, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.set[0], l.set[1]
}

// wait returns when n bytes may have passed.
func (l *Limits) wait(ctx context.Context, upload bool, n int) error {
	if l == nil {
		return nil
	}
	r := &l.down
	if upload {
		r = &l.up
	}
	for n > 0 {
		if r.Limit() == 0 {
			return nil
		}
		part := min(n, r.Burst())
		if err := r.WaitN(ctx, part); err != nil {
			if cerr := ctx.Err(); cerr != nil {
				return fault.From("copy", "", cerr)
			}
			// The burst shrank in between, or the deadline of ctx is nearer than the
			// turn of these bytes; they are on their way already.
			return nil
		}
		n -= part
	}
	return nil
}
