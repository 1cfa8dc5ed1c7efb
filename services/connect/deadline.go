package connect

import (
	"context"
	"net"
	"os"
	"sync"
	"time"

	"guichet/services/fault"
)

// DeadlineConn is a connection that cannot hang: every Read and Write has a
// deadline of its own, and the connection is closed when its context ends. It
// is meant for conversations (IMAP, SMTP, FTP) whose libraries know no context.
type DeadlineConn struct {
	net.Conn
	ctx  context.Context
	stop func() bool

	mu          sync.Mutex
	idle        time.Duration
	read, write time.Time // deadlines that the user of the connection asked for
}

// NewDeadlineConn wraps c. idle is the longest wait for one Read or Write, 0
// for none; when ctx ends, c is closed and pending calls return a Cancelled
// fault, or a Timeout where ctx had a deadline.
func NewDeadlineConn(ctx context.Context, c net.Conn, idle time.Duration) *DeadlineConn {
	d := &DeadlineConn{Conn: c, ctx: ctx, idle: idle}
	d.stop = context.AfterFunc(ctx, func() { _ = c.Close() }) // the pending call reports
	return d
}

// SetIdle changes the longest wait, from the next Read or Write on; 0 for none.
func (d *DeadlineConn) SetIdle(idle time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = idle
}

// Read reads with a fresh deadline.
func (d *DeadlineConn) Read(b []byte) (int, error) {
	if err := d.arm(d.Conn.SetReadDeadline, &d.read); err != nil {
		return 0, d.translate("read", err)
	}
	n, err := d.Conn.Read(b)
	return n, d.translate("read", err)
}

// Write writes with a fresh deadline.
func (d *DeadlineConn) Write(b []byte) (int, error) {
	if err := d.arm(d.Conn.SetWriteDeadline, &d.write); err != nil {
		return 0, d.translate("write", err)
	}
	n, err := d.Conn.Write(b)
	return n, d.translate("write", err)
}

// arm sets the nearer of the idle deadline and the one asked for.
func (d *DeadlineConn) arm(set func(time.Time) error, asked *time.Time) error {
	d.mu.Lock()
	at := *asked
	if d.idle > 0 {
		if t := time.Now().Add(d.idle); at.IsZero() || t.Before(at) {
			at = t
		}
	}
	d.mu.Unlock()
	return set(at)
}

// translate lets the end of the context speak where it is the cause.
func (d *DeadlineConn) translate(op string, err error) error {
	if err == nil {
		return nil
	}
	if cause := d.ctx.Err(); cause != nil {
		return fault.From(op, "", cause)
	}
	return err
}

// SetDeadline sets both deadlines; the idle deadline applies besides.
func (d *DeadlineConn) SetDeadline(t time.Time) error {
	if err := d.SetReadDeadline(t); err != nil {
		return err
	}
	return d.SetWriteDeadline(t)
}

// SetReadDeadline bounds all following reads; the idle deadline applies besides.
func (d *DeadlineConn) SetReadDeadline(t time.Time) error {
	d.mu.Lock()
	d.read = t
	d.mu.Unlock()
	return d.arm(d.Conn.SetReadDeadline, &d.read)
}

// SetWriteDeadline bounds all following writes; the idle deadline applies besides.
func (d *DeadlineConn) SetWriteDeadline(t time.Time) error {
	d.mu.Lock()
	d.write = t
	d.mu.Unlock()
	return d.arm(d.Conn.SetWriteDeadline, &d.write)
}

// CloseWrite ends the sending side, if the connection can do that, else it
// reports os.ErrInvalid.
func (d *DeadlineConn) CloseWrite() error { return closeWrite(d.Conn) }

// NetConn gives the wrapped connection.
func (d *DeadlineConn) NetConn() net.Conn { return d.Conn }

// Close closes the connection and lets go of the context.
func (d *DeadlineConn) Close() error {
	d.stop()
	return d.Conn.Close()
}

func closeWrite(c net.Conn) error {
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return os.ErrInvalid
}
