package transfer

import (
	"context"
	"sync"
	"time"

	"guichet/services/fault"
)

// Lanes bound how many files are on their way to and from each site at once, for
// all who share them, and find out how many do good: more as long as that brings
// more, fewer when a server complains. What was learnt holds as long as they do.
// The zero value is ready; they are safe for concurrent use.
type Lanes struct {
	mu    sync.Mutex
	sites map[string]*lanes
}

// at gives the lanes of a site that takes most files at once.
func (l *Lanes) at(r remote) *lanes {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sites == nil {
		l.sites = map[string]*lanes{}
	}
	one := l.sites[r.site]
	if one == nil {
		one = newLanes(r.most)
		l.sites[r.site] = one
	}
	return one
}

// lanes are those of one site.
type lanes struct {
	mu       sync.Mutex
	most     int // never more
	limit    int // at the moment
	busy     int
	waiting  int
	changed  chan struct{} // closed when there may be room
	worked   bool          // a file has arrived
	since    time.Time     // the measurement's beginning
	work     int64         // moved since then
	hungry   bool          // more would have run, all that time
	before   int           // the limit before the last step up; 0: none
	rate     float64       // what it brought
	restless time.Time     // not tried again before
}

const (
	firstLanes = 2 // to begin with on a site of connections, see newLanes
	mostLanes  = 32
	// window is how long a number of lanes is measured.
	window = 300 * time.Millisecond
	// better is what a step up must bring to be worth its connections.
	better = 1.04
	// rest is how long a number that was found good holds.
	rest = 8 * time.Second
	// perFile is what a file counts in the measure, besides its bytes: small ones
	// cost round trips.
	perFile = 64 << 10
)

// newLanes makes lanes for a site that takes most files at once. Where that is a
// lot, files share a connection and cost it nothing, so it begins with all.
func newLanes(most int) *lanes {
	if most <= 0 {
		most = 8
	}
	most = min(most, mostLanes)
	first := firstLanes
	if most > 8 {
		first = most
	}
	return &lanes{most: most, limit: min(first, most), changed: make(chan struct{})}
}

// fixedLanes are as many as a person asked for, if the site takes them.
func fixedLanes(most, asked int) *lanes {
	if most > 0 {
		asked = min(asked, most)
	}
	return &lanes{most: asked, limit: asked, changed: make(chan struct{})}
}

// take waits for room for one file.
func (l *lanes) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fault.From("copy", "", err)
	}
	l.mu.Lock()
	for l.busy >= l.limit {
		l.waiting++
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		l.mu.Lock()
		l.waiting--
		if err := ctx.Err(); err != nil {
			l.mu.Unlock()
			return fault.From("copy", "", err)
		}
	}
	l.busy++
	l.mu.Unlock()
	return nil
}

// try takes room for one more connection if there is some at once.
func (l *lanes) try() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy >= l.most || l.waiting > 0 {
		return false
	}
	l.busy++
	return true
}

// release gives room back.
func (l *lanes) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	l.wake()
}

func (l *lanes) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// arrived counts a file that has come, and its bytes that were not counted yet.
func (l *lanes) arrived(bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.worked = true
	l.count(perFile + bytes)
}

// moved counts bytes on their way.
func (l *lanes) moved(bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count(bytes)
}

// refused learns from a fault: a server that grants no more connections gets
// fewer for the rest of the session.
func (l *lanes) refused(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch fault.KindOf(err) {
	case fault.Busy:
	case fault.Login:
		if !l.worked {
			return
		}
	default:
		return
	}
	l.most = max(1, min(l.most, l.limit)-1)
	l.limit = l.most
	l.before, l.since = 0, time.Time{}
}

// count adds to the measurement and ends it when its time has come; the lock is
// held.
func (l *lanes) count(n int64) {
	now := time.Now()
	if l.since.IsZero() {
		l.since, l.work, l.hungry = now, 0, true
	}
	l.work += n
	l.hungry = l.hungry && l.waiting > 0
	took := now.Sub(l.since)
	if took < window {
		return
	}
	rate, hungry := float64(l.work)/took.Seconds(), l.hungry
	l.since = time.Time{}
	switch {
	case !hungry || now.Before(l.restless):
		return // it says nothing about more of them
	case l.before > 0 && rate < l.rate*better:
		// The last step brought nothing.
		l.limit, l.before = l.before, 0
		l.restless = now.Add(rest)
	case l.limit < l.most:
		l.before, l.rate = l.limit, rate
		l.limit = min(l.most, l.limit+max(1, l.limit/2))
		l.wake()
	default:
		l.before = 0
	}
}
