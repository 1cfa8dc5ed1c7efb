package ftp

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"guichet/services/fault"
)

// drainTime is how long a server may take to close its side after an upload.
const drainTime = 4 * time.Second

// dataConn is a data connection as the library sees it. TLS begins with the
// first byte moved, after the command has been sent: ProFTPD and Pure-FTPd lock
// up otherwise.
type dataConn struct {
	raw  net.Conn
	ctl  *control
	leaf []byte      // the control connection's certificate
	tls  *tls.Config // nil: clear text

	once sync.Once
	conn net.Conn // raw, or TLS on it
	err  error    // of the handshake

	mu     sync.Mutex
	verb   string
	sink   io.Writer // takes the bytes of a listing
	closed bool
}

// command tells which command uses the connection.
func (d *dataConn) command(verb string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch verb {
	case "LIST", "MLSD", "RETR", "STOR", "APPE", "NLST":
		d.verb = verb
	}
}

// RemoteAddr is asked for by nobody but must be a TCP address.
func (d *dataConn) RemoteAddr() net.Addr { return d.raw.RemoteAddr() }

// Handshake is called by the library before an empty upload is closed.
func (d *dataConn) Handshake() error {
	d.once.Do(func() {
		d.conn = d.raw
		if d.tls == nil {
			return
		}
		if d.err = d.raw.SetDeadline(time.Now().Add(silence)); d.err != nil {
			return
		}
		t := tls.Client(d.raw, d.tls)
		if d.err = t.Handshake(); d.err != nil {
			_ = d.raw.Close() // a second party must not wait for us
			return
		}
		// Whoever else answers on that port must not get the files (RFC 4217
		// section 10.4): the session of the control connection, or its certificate.
		state := t.ConnectionState()
		if !state.DidResume && (len(state.PeerCertificates) == 0 || string(state.PeerCertificates[0].Raw) != string(d.leaf)) {
			d.err = fault.Newf(fault.Certificate, "data connection", d.ctl.host, "another certificate than the control connection's")
			_ = d.raw.Close()
			return
		}
		d.conn = t
	})
	return d.ctl.why(d.err)
}

// Read implements net.Conn. A listing goes to the sink, and the library sees an
// empty one.
func (d *dataConn) Read(b []byte) (int, error) {
	if err := d.Handshake(); err != nil {
		return 0, err
	}
	d.mu.Lock()
	sink := d.sink
	if d.verb != "LIST" && d.verb != "MLSD" {
		sink = nil
	}
	d.mu.Unlock()
	if sink == nil {
		return d.read(b)
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := d.read(buf)
		if n > 0 {
			if _, werr := sink.Write(buf[:n]); werr != nil {
				return 0, werr
			}
		}
		if err != nil {
			return 0, err
		}
	}
}

func (d *dataConn) read(b []byte) (int, error) {
	if err := d.raw.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, d.ctl.why(err)
	}
	n, err := d.conn.Read(b)
	switch {
	case err == nil || errors.Is(err, io.EOF):
	case errors.Is(err, io.ErrUnexpectedEOF) && d.tls != nil:
		// Closed without saying so in TLS, as many servers do. Whether all has
		// arrived is told by the reply on the control connection, and the size.
		err = io.EOF
	default:
		err = d.ctl.why(err)
	}
	return n, err
}

// Write implements net.Conn.
func (d *dataConn) Write(b []byte) (int, error) {
	if err := d.Handshake(); err != nil {
		return 0, err
	}
	if err := d.raw.SetWriteDeadline(time.Now().Add(silence)); err != nil {
		return 0, d.ctl.why(err)
	}
	n, err := d.conn.Write(b)
	return n, d.ctl.why(err)
}

// Close ends the connection. After an upload it says so and waits until the
// server has read everything: a socket closed with unread bytes in it (TLS 1.3
// tickets) is reset by the system, and the file's tail would be lost.
func (d *dataConn) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	upload := d.verb == "STOR" || d.verb == "APPE"
	d.mu.Unlock()
	d.ctl.mu.Lock()
	if d.ctl.data == d {
		d.ctl.data = nil
	}
	d.ctl.mu.Unlock()
	if !upload {
		// Never a TLS close here: it would wait for a peer that has gone.
		return ignoreClosed(d.raw.Close())
	}
	err := d.Handshake()
	if err == nil {
		err = d.drain()
	}
	return errors.Join(err, ignoreClosed(d.raw.Close()))
}

func (d *dataConn) drain() error {
	if err := d.raw.SetDeadline(time.Now().Add(drainTime)); err != nil {
		return d.ctl.why(err)
	}
	if t, ok := d.conn.(*tls.Conn); ok {
		if err := t.CloseWrite(); err != nil {
			return d.ctl.why(err)
		}
	}
	if h, ok := d.raw.(interface{ CloseWrite() error }); ok && d.tls == nil {
		if err := h.CloseWrite(); err != nil {
			return d.ctl.why(err)
		}
	}
	// What comes is of no interest, and how it ends is told by the reply.
	_, _ = io.Copy(io.Discard, io.LimitReader(d.conn, 1<<20))
	return nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (d *dataConn) LocalAddr() net.Addr              { return d.raw.LocalAddr() }
func (d *dataConn) SetDeadline(time.Time) error      { return nil }
func (d *dataConn) SetReadDeadline(time.Time) error  { return nil }
func (d *dataConn) SetWriteDeadline(time.Time) error { return nil }
