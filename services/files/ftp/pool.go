package ftp

import (
	"context"
	"crypto/tls"
	"errors"
	"net/textproto"
	"sync"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// known is what was learnt about a server and holds for later connections.
type known struct {
	tls12  bool // its TLS 1.3 dies (ProFTPD 1.3.8)
	noEPSV bool // its EPSV ports cannot be reached
	max    int  // connections it grants; 0 unknown
}

// Memory keeps what was learnt about servers while the program runs. It is safe
// for concurrent use; a nil Memory remembers nothing.
type Memory struct {
	mu    sync.Mutex
	sites map[string]known
}

func (m *Memory) get(s files.Site) known {
	if m == nil {
		return known{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sites[s.Account()]
}

func (m *Memory) learn(s files.Site, change func(*known)) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sites == nil {
		m.sites = map[string]known{}
	}
	k := m.sites[s.Account()]
	change(&k)
	m.sites[s.Account()] = k
}

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
	max       int
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

func (p *pool) mayTake(transfer bool) bool {
	return p.busy < p.max && (!transfer || p.transfers < max(1, p.max-1))
}

// take gives a connection for the caller alone.
func (f *FS) take(ctx context.Context, transfer bool) (*conn, error) {
	p := f.pool
	count := func(n int) {
		p.busy += n
		if transfer {
			p.transfers += n
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, fault.From("connect", f.p.Site.Host, err)
		}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return nil, fault.Newf(fault.Cancelled, "connect", f.p.Site.Host, "closed")
		}
		if !p.mayTake(transfer) {
			wait := p.changed
			p.mu.Unlock()
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				return nil, fault.From("connect", f.p.Site.Host, ctx.Err())
			}
		}
		count(1)
		var c *conn
		if n := len(p.idle); n > 0 {
			c = p.idle[n-1]
			p.idle = p.idle[:n-1]
		}
		p.mu.Unlock()
		if c != nil {
			c.begin(ctx)
			if time.Since(c.used) < idleCheck || c.alive() {
				return c, nil
			}
			c.end()
			c.quit()
		}
		c, err := f.dial(ctx)
		if err == nil {
			c.begin(ctx)
			return c, nil
		}
		p.mu.Lock()
		count(-1)
		have := p.busy + len(p.idle)
		again := fault.Is(err, fault.Busy) && have > 0
		if again {
			// The server grants no more: live with those there are.
			p.max = have
			f.p.Memory.learn(f.p.Site, func(k *known) { k.max = have })
		}
		// A server counts a connection for a moment after it was closed.
		linger := fault.Is(err, fault.Busy) && !again && time.Since(p.quit) < lingerLimit
		p.signal()
		p.mu.Unlock()
		if linger {
			select {
			case <-time.After(lingerStep):
				continue
			case <-ctx.Done():
				return nil, fault.From("connect", f.p.Site.Host, ctx.Err())
			}
		}
		if !again {
			return nil, err
		}
	}
}

// put gives a connection back, or ends it.
func (f *FS) put(c *conn, transfer bool) {
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
	keep := !c.broken && !p.closed && p.busy+len(p.idle) < p.max
	if keep {
		c.used, c.fresh = time.Now(), false
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
	c.broken = c.broken || err != nil
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
		c.broken = c.broken || proto.Code == 421 || proto.Code/100 < 4
	case errors.As(err, &known) && (known.Kind == fault.Permission || known.Kind == fault.Unsupported || known.Kind == fault.NotFound || known.Kind == fault.Exists) && known.Err == nil:
	case errors.As(err, &known) && isOurs(known):
	default:
		c.broken = true
	}
}

// isOurs reports whether a fault was raised on this side, with no reply
// outstanding.
func isOurs(f *fault.Fault) bool { return errors.Is(f.Err, errNoReply) }

// errNoReply marks faults that leave the connection as it was.
var errNoReply = errors.New("refused here")

// with runs a short operation. One that failed because an idle connection had
// died is tried again on a new one, if that cannot do harm twice.
func (f *FS) with(ctx context.Context, op string, repeatable bool, do func(c *conn) error) error {
	for {
		c, err := f.take(ctx, false)
		if err != nil {
			return err
		}
		stale := !c.fresh
		err = do(c)
		c.settle(err)
		died := err != nil && f.tlsDied(c, err)
		again := c.broken && (stale || died) && repeatable && ctx.Err() == nil && lost(err)
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

// lost reports whether an error means that the connection is gone.
func lost(err error) bool {
	if err == nil {
		return false
	}
	var proto *textproto.Error
	if errors.As(err, &proto) {
		return proto.Code == 421
	}
	var alert tls.AlertError
	if errors.As(err, &alert) {
		return true
	}
	k := fault.KindOf(err)
	return k == fault.Protocol || k == fault.Timeout
}

// janitor closes connections that nobody has used for a while.
func (f *FS) janitor(ctx context.Context) {
	tick := time.NewTicker(idleLimit / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var old []*conn
		f.pool.mu.Lock()
		kept := f.pool.idle[:0]
		for _, c := range f.pool.idle {
			if time.Since(c.used) > idleLimit {
				old = append(old, c)
			} else {
				kept = append(kept, c)
			}
		}
		f.pool.idle = kept
		f.pool.mu.Unlock()
		for _, c := range old {
			c.quit()
		}
	}
}
