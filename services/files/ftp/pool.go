package ftp

import (
	"context"
	"crypto/tls"
	"errors"
	"net/textproto"
	"sync"
	"time"

	"guichet/services/fault"
)

const (
	idleLimit = 60 * time.Second // then an unused connection is closed
	idleCheck = 10 * time.Second // then it is asked before it is used again

	lingerLimit = 3 * time.Second
	lingerStep  = 100 * time.Millisecond
)

// pool holds the connections of one login. One of them is kept free of
// transfers, so that looking around never waits for a big file.
type pool struct {
	mu        sync.Mutex
	idle      []*conn
	busy      int
	transfers int
	dialing   int
	max       int
	worked    bool // a login has succeeded
	closed    bool
	quit      time.Time     // when the newest connection was ended
	changed   chan struct{} // closed at every change
}

func newPool(max int) *pool { return &pool{max: max, changed: make(chan struct{})} }

// signal wakes who waits; the caller holds the lock.
func (p *pool) signal() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// maxDialing bounds the logins under way: a server that refuses too many of
// them may lock the address out.
const maxDialing = 2

// claim reserves a connection: an idle one, or, for nil, the right to dial one.
// The caller holds the lock.
func (p *pool) claim(transfer bool) (c *conn, ok bool) {
	if p.busy >= p.max || transfer && p.transfers >= max(1, p.max-1) || len(p.idle) == 0 && p.dialing >= maxDialing {
		return nil, false
	}
	p.count(1, transfer)
	if n := len(p.idle); n > 0 {
		c = p.idle[n-1]
		p.idle = p.idle[:n-1]
	} else {
		p.dialing++
	}
	return c, true
}

func (p *pool) count(n int, transfer bool) {
	p.busy += n
	if transfer {
		p.transfers += n
	}
}

// take gives a connection for the caller alone. Who holds one never takes
// another: they would wait for each other.
func (f *FS) take(ctx context.Context, transfer bool) (*conn, error) {
	p := f.pool
	for {
		if err := ctx.Err(); err != nil {
			return nil, fault.From("connect", f.p.Site.Host, err)
		}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return nil, fault.Newf(fault.Cancelled, "connect", f.p.Site.Host, "closed")
		}
		c, ok := p.claim(transfer)
		wait := p.changed
		p.mu.Unlock()
		if !ok {
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				return nil, fault.From("connect", f.p.Site.Host, ctx.Err())
			}
		}
		c, again, err := f.ready(ctx, c, transfer)
		if !again {
			return c, err
		}
	}
}

// tryTake is take, nil where one would have to wait for another's connection.
func (f *FS) tryTake(ctx context.Context) *conn {
	f.pool.mu.Lock()
	c, ok := f.pool.claim(false)
	f.pool.mu.Unlock()
	if !ok {
		return nil
	}
	c, _, err := f.ready(ctx, c, false)
	if err != nil {
		return nil
	}
	return c
}

// ready makes what was claimed fit for use. again means that nothing is claimed
// any more, but that there is hope.
func (f *FS) ready(ctx context.Context, c *conn, transfer bool) (_ *conn, again bool, err error) {
	p := f.pool
	if c != nil {
		c.begin(ctx)
		if time.Since(c.asked) < idleCheck || c.alive() {
			return c, false, nil
		}
		c.end()
		c.quit()
		p.mu.Lock()
		p.dialing++
		p.mu.Unlock()
	}
	c, err = f.dial(ctx)
	p.mu.Lock()
	p.dialing--
	p.signal()
	if err == nil {
		p.worked = true
		if have := p.busy + len(p.idle) - p.dialing; have > p.max {
			p.max = have // it was under way when another was refused
			f.p.Memory.learn(f.p.Site, func(k *known) { k.max, k.maxAt = have, time.Now() })
		}
		p.mu.Unlock()
		c.begin(ctx)
		return c, false, nil
	}
	p.count(-1, transfer)
	have := p.busy + len(p.idle) - p.dialing
	// A password that was right a moment ago is not wrong now: "530" then means
	// too many logins, like 421.
	full := fault.Is(err, fault.Busy) || fault.Is(err, fault.Login) && p.worked
	if full && have > 0 {
		// The server grants no more: live with those there are.
		p.max = min(p.max, have)
		f.p.Memory.learn(f.p.Site, func(k *known) { k.max, k.maxAt = have, time.Now() })
		p.mu.Unlock()
		return nil, true, err
	}
	// A server counts a connection for a moment after it was closed.
	linger := fault.Is(err, fault.Busy) && time.Since(p.quit) < lingerLimit
	p.mu.Unlock()
	if !linger {
		return nil, false, err
	}
	select {
	case <-time.After(lingerStep):
		return nil, true, err
	case <-ctx.Done():
		return nil, false, fault.From("connect", f.p.Site.Host, ctx.Err())
	}
}

// put gives a connection back, or ends it.
func (f *FS) put(c *conn, transfer bool) { f.release(c, transfer, time.Now()) }

// release is put for a connection that was last of use then.
func (f *FS) release(c *conn, transfer bool, used time.Time) {
	c.end()
	p := f.pool
	p.mu.Lock()
	p.busy--
	if transfer {
		p.transfers--
	}
	if c.broken {
		p.quit = time.Now()
	}
	keep := !c.broken && !p.closed && p.busy+len(p.idle) < p.max+p.dialing
	if keep {
		c.used, c.asked, c.fresh = used, time.Now(), false
		p.idle = append(p.idle, c)
	}
	p.signal()
	p.mu.Unlock()
	if !keep {
		c.quit()
	}
}

// begin binds the connection to an operation's context.
func (c *conn) begin(ctx context.Context) {
	c.ctx = ctx
	c.free = c.ctl.bind(ctx)
}

func (c *conn) end() {
	if c.free != nil {
		// The sockets may be about to be closed by a context that has just ended.
		c.broken = !c.free() || c.broken
		c.free = nil
	}
	c.ctx = nil
	if c.ctl.why(nil) != nil {
		c.broken = true
	}
}

// alive asks whether the server is still there.
func (c *conn) alive() bool {
	c.ctl.wait(5 * time.Second)
	err := c.lib.NoOp()
	if isCode(err, 422, 599) || isCode(err, 201, 299) {
		err = nil // it knows no NOOP, but it is there
	}
	c.broken = c.broken || err != nil
	c.asked = time.Now()
	return err == nil
}

// settle decides after an operation whether the connection can serve again: a
// refusal is an answer, everything else leaves the two sides out of step.
func (c *conn) settle(err error) {
	if err == nil {
		return
	}
	var proto *textproto.Error
	var known *fault.Fault
	switch {
	case errors.As(err, &proto):
		c.broken = c.broken || proto.Code == 421 || proto.Code/100 < 4 || unbuilt(err)
	case errors.As(err, &known) && errors.Is(known.Err, errNoReply):
	default:
		c.broken = true
	}
}

// with runs a short operation. One that failed because an idle connection had
// died, or because the server did not take the data connection, is tried again
// with a fresh login, if that cannot do harm twice.
func (f *FS) with(ctx context.Context, op string, repeatable bool, do func(c *conn) error) error {
	for try := 0; ; try++ {
		c, err := f.take(ctx, false)
		if err != nil {
			return err
		}
		stale := !c.fresh
		err = do(c)
		c.settle(err)
		died := err != nil && f.tlsDied(c, err)
		again := c.broken && repeatable && ctx.Err() == nil && ((stale || died) && lost(err) || try == 0 && unbuilt(err))
		f.put(c, false)
		if !again {
			if err == nil {
				return nil
			}
			if cerr := ctx.Err(); cerr != nil {
				return fault.From(op, f.p.Site.Host, cerr)
			}
			return f.fail(op, err)
		}
	}
}

// tlsDied notes that a control connection ended in the midst over TLS 1.3, as
// those of ProFTPD do: the host is spoken to in TLS 1.2 from then on.
func (f *FS) tlsDied(c *conn, err error) bool {
	if c.secure == nil || c.secure.Version != tls.VersionTLS13 || !c.broken {
		return false
	}
	if isReply(err) || fault.Is(err, fault.Timeout) || fault.Is(err, fault.Cancelled) || !lost(err) {
		return false
	}
	f.p.Memory.learn(f.p.Site, func(k *known) { k.tls12 = true })
	// The others of the pool would die as well.
	f.pool.mu.Lock()
	idle := f.pool.idle
	f.pool.idle = nil
	f.pool.mu.Unlock()
	for _, c := range idle {
		c.quit()
	}
	return true
}

// janitor looks after the connections that nobody uses.
func (f *FS) janitor(ctx context.Context) {
	tick := time.NewTicker(idleLimit / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.tend(ctx, time.Now())
		}
	}
}

// tend closes connections that have been idle for long, and asks the others
// whether the server is still there, so that neither it nor a router on the way
// gives them up.
func (f *FS) tend(ctx context.Context, now time.Time) {
	p := f.pool
	var old, quiet []*conn
	p.mu.Lock()
	kept := p.idle[:0]
	for _, c := range p.idle {
		switch {
		case now.Sub(c.used) > idleLimit:
			old = append(old, c)
		case now.Sub(c.asked) > idleLimit/4 && p.busy < p.max:
			p.busy++
			quiet = append(quiet, c)
		default:
			kept = append(kept, c)
		}
	}
	clear(p.idle[len(kept):])
	p.idle = kept
	p.mu.Unlock()
	for _, c := range old {
		c.quit()
	}
	for _, c := range quiet {
		f.drop(c.next)
		c.next = nil
		used := c.used
		c.begin(ctx)
		c.alive()
		f.release(c, false, used)
	}
}
