package ftp

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"guichet/services/fault"
)

const (
	// drainTime is how long a server may take to close its side after it has
	// confirmed an upload.
	drainTime = time.Second
	// block is the size of one read or write.
	block = 256 << 10
	// gather is how long a read of a TLS connection, which gives 16 KiB at most,
	// goes on to fill its buffer.
	gather = 20 * time.Millisecond
)

// blocks are buffers of a block: thousands of small files need the same few.
var blocks = sync.Pool{New: func() any { b := make([]byte, block); return &b }}

// dataConn is a data connection, and the command that uses it. TLS begins once
// the command has been sent and not before: ProFTPD and Pure-FTPd lock up
// otherwise.
type dataConn struct {
	raw      net.Conn // nil until an active server has called
	ctl      *control
	port     int                      // of the server; 0: it calls us
	accept   func() (net.Conn, error) // waits for an active server's call
	shutPort func()                   // ends the waiting for that call; nil: there is none
	leaf     []byte                   // the control connection's certificate
	tls      *tls.Config              // nil: clear text

	attended  chan struct{} // closed when attend's work is over; nil: there was none
	confirmed bool          // the server has consented or refused
	complete  bool          // all that there is has been sent
	lost      error         // how the connection broke before that; valid after attended

	once   sync.Once
	used   bool     // begin has returned
	conn   net.Conn // raw, or TLS on it
	cork   *corked
	err    error // of the handshake
	upload bool
	ahead  bool   // an EPSV has gone out with the command
	ended  bool   // the server has closed its side
	done   *reply // the server's last word, where it said it at once

	mu      sync.Mutex
	aborted bool
}

// closePort stops waiting for a server's call.
func (d *dataConn) closePort() {
	if d.shutPort != nil {
		d.shutPort()
	}
}

// abort closes the socket, from any goroutine.
func (d *dataConn) abort() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.aborted = true
	if d.raw != nil {
		_ = d.raw.Close() // the call under way reports
	}
}

// socket takes over the connection once it is there.
func (d *dataConn) socket(c net.Conn) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.raw = c
	if d.aborted {
		_ = c.Close() // never used
		return net.ErrClosed
	}
	return nil
}

// begin waits for the server's call where it is to call, and speaks TLS.
func (d *dataConn) begin() error {
	d.once.Do(func() {
		if d.err = d.dialled(); d.err != nil {
			if errors.Is(d.err, io.EOF) {
				d.err = io.ErrUnexpectedEOF // not to be taken for a file's end
			}
			d.abort() // a second party must not wait for us
		}
	})
	d.mu.Lock()
	d.used = true
	d.mu.Unlock()
	return d.ctl.why(d.err)
}

func (d *dataConn) dialled() error {
	if d.accept != nil {
		c, err := d.accept()
		if err != nil {
			return err
		}
		if err := d.socket(c); err != nil {
			return err
		}
	}
	if d.tls == nil {
		d.conn = d.raw
		return nil
	}
	if err := d.raw.SetDeadline(time.Now().Add(silence)); err != nil {
		return err
	}
	d.cork = &corked{Conn: steady{d.raw}, r: bufio.NewReaderSize(d.raw, block/4)}
	t := tls.Client(d.cork, d.tls)
	if err := t.Handshake(); err != nil {
		return err
	}
	// Whoever else answers on that port must not get the files (RFC 4217
	// section 10.4): the session of the control connection, or its certificate.
	state := t.ConnectionState()
	if !state.DidResume && (len(state.PeerCertificates) == 0 || string(state.PeerCertificates[0].Raw) != string(d.leaf)) {
		return fault.Newf(fault.Certificate, "data connection", d.ctl.host, "another certificate than the control connection's")
	}
	d.conn = t
	return nil
}

// steady writes with a deadline for any progress, not for all of it: a block
// may take its time on a slow line.
type steady struct{ net.Conn }

func (s steady) Write(b []byte) (int, error) {
	done := 0
	for {
		if err := s.SetWriteDeadline(time.Now().Add(silence)); err != nil {
			return done, err
		}
		n, err := s.Conn.Write(b[done:])
		done += n
		if n == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return done, err
		}
	}
}

// corked joins the records that TLS writes one by one, and reads more than one
// of them from the system at once.
type corked struct {
	net.Conn
	r   *bufio.Reader
	mu  sync.Mutex
	buf []byte
	on  bool
}

func (c *corked) Read(b []byte) (int, error) { return c.r.Read(b) }

func (c *corked) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.on && len(c.buf) == 0 {
		return c.Conn.Write(b)
	}
	c.buf = append(c.buf, b...)
	if c.on && len(c.buf) < block/8 {
		return len(b), nil
	}
	return len(b), c.flush()
}

// set holds writes back, or lets them go.
func (c *corked) set(on bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on = on
	if on {
		return nil
	}
	return c.flush()
}

func (c *corked) flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	_, err := c.Conn.Write(c.buf)
	c.buf = c.buf[:0]
	return err
}

// Read gives what has come.
func (d *dataConn) Read(b []byte) (int, error) {
	if err := d.begin(); err != nil {
		return 0, err
	}
	began := time.Now()
	n, err := d.read(b)
	for err == nil && d.tls != nil && n < len(b) && time.Since(began) < gather {
		var more int
		more, err = d.read(b[n:])
		n += more
	}
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil // again at the next call
	}
	return n, err
}

func (d *dataConn) read(b []byte) (int, error) {
	if d.ended {
		return 0, io.EOF
	}
	if err := d.raw.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, d.ctl.why(err)
	}
	n, err := d.conn.Read(b)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && d.tls != nil:
		// Closed without saying so in TLS, as many servers do. Whether all has
		// arrived is told by the reply on the control connection, and the size.
		d.ended, err = true, io.EOF
	default:
		err = d.ctl.why(err)
	}
	return n, err
}

// Write sends bytes.
func (d *dataConn) Write(b []byte) (int, error) {
	if err := d.begin(); err != nil {
		return 0, err
	}
	if d.cork == nil {
		n, err := steady{d.raw}.Write(b)
		return n, d.ctl.why(err)
	}
	_ = d.cork.set(true) // only letting go writes
	n, err := d.conn.Write(b)
	return n, d.ctl.why(errors.Join(err, d.cork.set(false)))
}

// spliceSize is how many bytes the system moves by itself at a time.
const spliceSize = 8 << 20

// bare gives the socket for the system to move bytes by itself, nil where TLS
// or a proxy is in between.
func (d *dataConn) bare() *net.TCPConn {
	if d.tls != nil || d.begin() != nil {
		return nil
	}
	t, _ := d.conn.(*net.TCPConn)
	return t
}

// spliceTo moves bytes from a fast connection to w, which knows how to let the
// system do it, until it becomes slow or ends. more tells that there may be more.
func (d *dataConn) spliceTo(w io.ReaderFrom) (n int64, more bool, err error) {
	for {
		began := time.Now()
		if err := d.raw.SetReadDeadline(began.Add(silence)); err != nil {
			return n, false, d.ctl.why(err)
		}
		moved, err := w.ReadFrom(&io.LimitedReader{R: d.bare(), N: spliceSize})
		n += moved
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && moved > 0:
			return n, true, nil
		case err != nil:
			return n, false, d.ctl.why(err)
		case moved < spliceSize:
			d.ended = true
			return n, false, nil
		case time.Since(began) > time.Second:
			return n, true, nil
		}
	}
}

// shut tells the server that the upload is complete.
func (d *dataConn) shut() error {
	if err := d.begin(); err != nil {
		return err
	}
	d.mu.Lock()
	d.complete = true
	d.mu.Unlock()
	if t, ok := d.conn.(*tls.Conn); ok {
		if err := t.CloseWrite(); err != nil {
			return d.ctl.why(err)
		}
	}
	// After TLS's own end too: some servers wait for the connection's.
	if h, ok := d.raw.(interface{ CloseWrite() error }); ok {
		if err := h.CloseWrite(); err != nil && !errors.Is(err, os.ErrInvalid) {
			return d.ctl.why(err)
		}
	}
	return nil
}

// close ends the connection. After an upload it waits until the server has
// closed its side: a socket closed with unread bytes in it (TLS 1.3 tickets) is
// reset by the system, the file's tail would be lost, and the next transfer has
// need of the tickets.
func (d *dataConn) close() {
	d.ctl.mu.Lock()
	if d.ctl.data == d {
		d.ctl.data = nil
	}
	d.ctl.mu.Unlock()
	d.mu.Lock()
	used := d.used
	d.mu.Unlock()
	if !used {
		d.abort() // nothing has moved: it fails now, without waiting
	}
	_ = d.begin() // d.err keeps it
	switch t, secure := d.conn.(*tls.Conn); {
	case d.conn == nil || d.err != nil:
	case d.upload && d.raw.SetDeadline(time.Now().Add(drainTime)) == nil:
		// What comes is of no interest, and how it ends is told by the reply.
		_, _ = io.Copy(io.Discard, io.LimitReader(d.conn, 1<<20))
	case secure && d.ended && d.raw.SetDeadline(time.Now().Add(drainTime)) == nil:
		_ = t.CloseWrite() // vsftpd can insist on it; the file is here
	}
	d.abort()
}
