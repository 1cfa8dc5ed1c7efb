package ftp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"time"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
)

// start opens a data connection and sends the command that uses it. eager does
// not wait for the server's consent: the connection's confirm does, later.
func (c *conn) start(op string, dir files.Path, offset int64, command string, upload, eager bool) (*dataConn, error) {
	d := &dataConn{ctl: c.ctl, upload: upload}
	if c.secure != nil {
		options := connect.TLSOptions{SessionCache: c.cache}
		if c.secure.Version == tls.VersionTLS12 {
			options.MaxVersion = tls.VersionTLS12
		}
		d.tls = c.fs.p.Network.TLSConfig(c.fs.p.Site.Host, c.fs.p.Site.PortOrDefault(), options)
		d.tls.DynamicRecordSizingDisabled = true // these are no pages of which the first bytes count
		if len(c.secure.PeerCertificates) > 0 {
			d.leaf = c.secure.PeerCertificates[0].Raw
		}
	}
	if c.fs.p.Site.Active {
		var err error
		if d.accept, d.shutPort, err = c.active(op, dir); err != nil {
			return nil, err
		}
	} else {
		socket, port, err := c.passive(op, dir, command)
		if err != nil {
			return nil, c.ctl.why(err)
		}
		d.port = port
		_ = d.socket(socket) // not aborted yet
	}
	c.ctl.use(d)
	if offset > 0 {
		r, err := c.ctl.raw("REST %s", strconv.FormatInt(offset, 10))
		if err == nil && r.code != 350 {
			err = &restError{r}
		}
		if err != nil {
			c.finish(d)
			return nil, err
		}
	}
	lines := []string{command}
	if d.ahead = op == "read" && c.mayAskAhead(); d.ahead {
		lines = append(lines, "EPSV")
	}
	if err := c.ctl.send(lines...); err != nil {
		c.finish(d)
		return nil, err
	}
	d.attend(c)
	if eager {
		return d, nil
	}
	return d, d.confirm(c)
}

// restError is the refusal of an offset.
type restError struct{ r reply }

func (e *restError) Error() string { return e.r.err().Error() }
func (e *restError) Unwrap() error { return e.r.err() }

// attend does what needs not wait for the server's consent: TLS begins, and an
// upload's connection that is lost again at once is noticed.
func (d *dataConn) attend(c *conn) {
	if d.tls == nil && !d.upload {
		return
	}
	d.attended = make(chan struct{})
	ctx := context.WithoutCancel(c.ctx) // the operation may end before this does
	c.fs.group.Go("ftp data connection", func(context.Context) {
		defer close(d.attended)
		err := d.begin()
		if err == nil && d.tls == nil {
			err = d.peek()
		}
		d.mu.Lock()
		early := !d.confirmed && !(d.complete && errors.Is(err, io.EOF))
		d.mu.Unlock()
		if err != nil && early && c.ctl.why(nil) == nil && !errors.Is(err, net.ErrClosed) && !fault.Is(err, fault.Certificate) {
			d.lost = err
			c.unstick(ctx, d.port)
		}
	})
}

// peek waits until the server closes a connection on which it has nothing to
// say, or until confirm wakes it up.
func (d *dataConn) peek() error {
	d.mu.Lock()
	err := net.ErrClosed
	if !d.confirmed {
		err = d.raw.SetReadDeadline(time.Time{})
	}
	d.mu.Unlock()
	if err != nil {
		return nil
	}
	_, err = d.raw.Read(make([]byte, 1))
	if fault.KindOf(err) == fault.Timeout {
		return nil
	}
	return err
}

// unstick calls the server's data port again after a connection to it was lost
// before the server had taken it (a wall that takes and resets it): vsftpd
// would wait there for a minute, deaf, with the file locked.
func (c *conn) unstick(ctx context.Context, port int) {
	if port == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if socket, err := c.fs.p.Network.Dial(ctx, c.host, port); err == nil {
		_ = socket.Close() // the call itself was all
	}
}

// confirm reads the server's consent to the transfer.
func (d *dataConn) confirm(c *conn) error {
	if d.confirmed {
		return nil
	}
	r, err := c.ctl.readReply()
	c.ctl.pending.Reset()
	d.mu.Lock()
	d.confirmed = true
	if d.tls == nil && d.upload && d.raw != nil {
		_ = d.raw.SetReadDeadline(time.Now()) // peek is over
	}
	d.mu.Unlock()
	if err == nil && r.code/100 > 2 {
		err = r.err()
		c.readAhead(d, r)
	}
	if err != nil {
		d.closePort()
		d.abort()
	}
	waited := d.attended != nil && (err != nil || d.tls == nil)
	if waited {
		<-d.attended
	}
	if err == nil && waited && d.lost != nil {
		// What was stored is nothing; the next try gets a new connection.
		c.broken = true
		err = fault.New(fault.Protocol, "data connection", c.fs.p.Site.Host, d.lost)
	}
	if err != nil {
		c.finish(d)
		return c.ctl.why(err)
	}
	if r.code/100 == 2 {
		d.done = &r // said at once what is said at the end
	}
	return nil
}

// finish closes the data connection.
func (c *conn) finish(d *dataConn) {
	d.closePort()
	d.close()
}

// final reads the server's last word on a transfer, which may take as long as
// patience.
func (c *conn) final(d *dataConn, patience time.Duration) error {
	r := d.done
	for n := 0; r == nil || r.code/100 == 1; n++ {
		if n == 10 {
			return fault.Newf(fault.Protocol, "data connection", c.fs.p.Site.Host, "a server that is always about to begin")
		}
		c.ctl.wait(patience)
		next, err := c.ctl.readReply()
		c.ctl.pending.Reset()
		if err != nil {
			return err
		}
		r = &next
	}
	c.readAhead(d, *r)
	if r.code/100 != 2 {
		return r.err()
	}
	c.fetched = time.Now()
	return nil
}
