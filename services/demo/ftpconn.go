package demo

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	ftpserver "goftp.io/server/v2"
)

const (
	ftpLine      = 8 << 10          // longest command line
	ftpIdle      = 10 * time.Minute // silence on the control connection
	ftpDataIdle  = time.Minute      // silence on a data connection
	ftpHandshake = 15 * time.Second
	ftpAccept    = 30 * time.Second // from PASV to the client's connection
)

// ftpListener wraps what it accepts into ftpConn and finds it again for the
// commands, which know a session by its remote address only.
type ftpListener struct {
	*listener
	mu    sync.Mutex
	conns map[string]*ftpConn
}

// Accept waits for a control connection.
func (l *ftpListener) Accept() (net.Conn, error) {
	inner, err := l.listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &ftpConn{conn: inner.(*conn), owner: l, rest: -1}
	c.conn.idle = ftpIdle
	c.stream = c.conn
	c.reader = bufio.NewReaderSize(c.stream, ftpLine)
	l.mu.Lock()
	l.conns[c.RemoteAddr().String()] = c
	l.mu.Unlock()
	return c, nil
}

// of gives the connection of a session, nil when it has just ended.
func (l *ftpListener) of(sess *ftpserver.Session) *ftpConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conns[sess.RemoteAddr().String()]
}

// ftpConn is a control connection and the state of its session that the
// library keeps to itself or does not have: TLS after AUTH, PROT, REST and the
// data connection.
type ftpConn struct {
	*conn
	owner  *ftpListener
	stream net.Conn // conn, or TLS over it
	reader *bufio.Reader
	rest   int64 // from REST, -1 if not given
	prot   bool  // PROT P: data connections use TLS
	secure bool

	mu      sync.Mutex
	passive net.Listener
}

// Read gives at most one line: what a client sends behind AUTH must not lie in
// the library's buffer when the handshake begins.
func (c *ftpConn) Read(p []byte) (int, error) {
	if c.reader.Buffered() == 0 {
		if _, err := c.reader.Peek(1); err != nil {
			return 0, err
		}
	}
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, err // too long a line ends the session
	}
	if len(line) > len(p) {
		return 0, bufio.ErrBufferFull
	}
	return copy(p, line), nil
}

// Write sends to the client.
func (c *ftpConn) Write(p []byte) (int, error) { return c.stream.Write(p) }

// Close ends the session and its data connection.
func (c *ftpConn) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.conns, c.RemoteAddr().String())
	c.owner.mu.Unlock()
	c.dropPassive()
	return c.conn.Close()
}

// upgrade starts TLS after AUTH TLS was answered (RFC 4217 section 4).
func (c *ftpConn) upgrade(cfg *tls.Config) error {
	if c.reader.Buffered() > 0 {
		return errors.New("data before the TLS handshake")
	}
	t := tls.Server(c.conn, cfg)
	ctx, cancel := context.WithTimeout(context.Background(), ftpHandshake)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		return err
	}
	c.stream, c.secure = t, true
	c.reader = bufio.NewReaderSize(t, ftpLine)
	return nil
}

// reply sends a finished answer; the library cannot send several lines.
func (c *ftpConn) reply(lines string) {
	if _, err := c.Write([]byte(lines)); err != nil {
		_ = c.Close() // the session ends at its next read
	}
}

// openPassive opens a port for the next data connection, on the address that
// the client already talks to and no other.
func (c *ftpConn) openPassive() (*net.TCPAddr, error) {
	c.dropPassive()
	local := c.LocalAddr().(*net.TCPAddr)
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: local.IP, Zone: local.Zone})
	if err != nil {
		return nil, err
	}
	if err := l.SetDeadline(time.Now().Add(ftpAccept)); err != nil {
		_ = l.Close() // the first error tells more
		return nil, err
	}
	c.mu.Lock()
	c.passive = l
	c.mu.Unlock()
	return l.Addr().(*net.TCPAddr), nil
}

// announced reports whether a passive port waits for the client.
func (c *ftpConn) announced() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passive != nil
}

func (c *ftpConn) dropPassive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.passive != nil {
		_ = c.passive.Close() // unused, so nothing is lost
		c.passive = nil
	}
}

// accept gives the data connection that the client has opened to the passive
// port, with TLS if PROT P was asked for.
func (c *ftpConn) accept(cfg *tls.Config) (net.Conn, error) {
	c.mu.Lock()
	l := c.passive
	c.mu.Unlock()
	if l == nil {
		return nil, errors.New("no data connection was announced")
	}
	defer c.dropPassive()
	inner, err := l.Accept()
	if err != nil {
		return nil, err
	}
	if !inner.RemoteAddr().(*net.TCPAddr).IP.Equal(c.RemoteAddr().(*net.TCPAddr).IP) {
		_ = inner.Close() // a stranger
		return nil, fmt.Errorf("data connection from %s", inner.RemoteAddr())
	}
	data, err := c.conn.owner.adopt(inner)
	if err != nil {
		return nil, err
	}
	data.idle = ftpDataIdle
	if !c.prot {
		return data, nil
	}
	t := tls.Server(data, cfg)
	ctx, cancel := context.WithTimeout(context.Background(), ftpHandshake)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		_ = t.Close() // the handshake's error tells more
		return nil, err
	}
	return t, nil
}
