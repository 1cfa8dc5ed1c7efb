package demo

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// maxConns bounds the connections of one server; more wait to be accepted.
const maxConns = 64

// limits makes a connection as slow as a real line, to show progress.
type limits struct {
	rate    int64         // bytes per second and direction, 0 is unlimited
	latency time.Duration // before the first byte of each answer
}

// listener hands out slowed connections, a bounded number at a time, and
// closes them all with itself: some of the server libraries leave open what
// they have accepted.
type listener struct {
	net.Listener
	limits limits
	slots  chan struct{}
	done   chan struct{}

	mu     sync.Mutex
	conns  map[*conn]struct{}
	closed bool
}

// listen opens a server's port, chosen by the system.
func (d *Demo) listen(ip string, lim limits) (*listener, error) {
	var lc net.ListenConfig
	inner, err := lc.Listen(d.group.Context(), "tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		return nil, err
	}
	l := &listener{
		Listener: inner, limits: lim, slots: make(chan struct{}, maxConns),
		done: make(chan struct{}), conns: map[*conn]struct{}{},
	}
	d.mu.Lock()
	d.listeners = append(d.listeners, l)
	d.mu.Unlock()
	return l, nil
}

// serve runs a server's accept loop on l.
func (d *Demo) serve(name string, l net.Listener, run func(net.Listener) error) {
	d.group.Go("demo "+name, func(ctx context.Context) {
		if err := run(l); err != nil && ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
			slog.Error("demo server ended", "server", name, "err", err)
		}
	})
}

// serverURL gives scheme://host:port/ of a listener.
func serverURL(scheme string, l net.Listener) string { return scheme + "://" + l.Addr().String() + "/" }

func port(l net.Listener) string {
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// Accept waits for a connection and for a free place.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	inner, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	c, err := l.adopt(inner)
	if err != nil {
		<-l.slots
		return nil, err
	}
	c.counted = true
	return c, nil
}

// adopt puts a connection under the limits of l and closes it with l.
func (l *listener) adopt(inner net.Conn) (*conn, error) {
	c := &conn{Conn: inner, owner: l, done: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = inner.Close() // nobody will hear of it
		return nil, net.ErrClosed
	}
	l.conns[c] = struct{}{}
	return c, nil
}

// Close closes the port and all connections that came in through it.
func (l *listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	close(l.done)
	conns := make([]*conn, 0, len(l.conns))
	for c := range l.conns {
		conns = append(conns, c)
	}
	l.mu.Unlock()
	err := l.Listener.Close()
	for _, c := range conns {
		_ = c.Close() // a connection that is already gone is what we want
	}
	return err
}

// conn is a connection with the demo's limits.
type conn struct {
	net.Conn
	owner   *listener
	counted bool          // holds one of the owner's places
	idle    time.Duration // longest silence in one call, 0 if the server sets deadlines itself
	once    sync.Once
	done    chan struct{}
	turn    atomic.Bool // something was read since the last write
}

// chunk is the most that passes at once, so that a slow line moves evenly.
const chunk = 16 << 10

// Read reads from the peer at the limited rate.
func (c *conn) Read(p []byte) (int, error) {
	if c.owner.limits.rate > 0 && len(p) > chunk {
		p = p[:chunk]
	}
	if c.idle > 0 {
		if err := c.Conn.SetReadDeadline(time.Now().Add(c.idle)); err != nil {
			return 0, err
		}
	}
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.turn.Store(true)
		c.pause(n)
	}
	return n, err
}

// Write writes to the peer at the limited rate.
func (c *conn) Write(p []byte) (int, error) {
	if c.turn.Swap(false) && c.owner.limits.latency > 0 {
		c.wait(c.owner.limits.latency)
	}
	if c.idle > 0 {
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.idle)); err != nil {
			return 0, err
		}
	}
	if c.owner.limits.rate <= 0 {
		return c.Conn.Write(p)
	}
	written := 0
	for len(p) > 0 {
		part := p[:min(chunk, len(p))]
		n, err := c.Conn.Write(part)
		written += n
		if err != nil {
			return written, err
		}
		c.pause(n)
		p = p[n:]
	}
	return written, nil
}

// pause waits as long as n bytes take on the limited line.
func (c *conn) pause(n int) {
	if rate := c.owner.limits.rate; rate > 0 {
		c.wait(time.Duration(n) * time.Second / time.Duration(rate))
	}
}

// wait sleeps unless the connection is closed meanwhile.
func (c *conn) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.done:
	}
}

// CloseWrite passes the half close on that TLS and FTP use.
func (c *conn) CloseWrite() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.CloseWrite()
	}
	return nil
}

// Close closes the connection and frees its place.
func (c *conn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		close(c.done)
		c.owner.mu.Lock()
		delete(c.owner.conns, c)
		c.owner.mu.Unlock()
		if c.counted {
			<-c.owner.slots
		}
		err = c.Conn.Close()
	})
	return err
}
