package ftp

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// early is a data connection that was asked for before it was needed, together
// with other commands: a round trip less for the next small file.
type early struct {
	port   int
	socket chan net.Conn // one comes, nil where the port could not be reached
	at     time.Time
	cancel context.CancelFunc
}

// earlyHolds is how long a server may be expected to wait for the command.
const earlyHolds = 5 * time.Second

// passive opens a data connection to the port that the server names, after
// going to dir. A server's address is never taken from its reply
// (CVE-2020-8284): it is the control connection's.
func (c *conn) passive(op string, dir files.Path, command string) (net.Conn, int, error) {
	if socket, port := c.claim(); socket != nil {
		if err := c.enter(op, dir); err != nil {
			_ = socket.Close() // never used
			return nil, 0, err
		}
		return socket, port, nil
	}
	ask := "EPSV"
	if c.noEPSV() {
		ask = "PASV"
	}
	lines := []string{ask}
	if c.feat.pret {
		lines = []string{"PRET " + command, ask} // draft-dd-pret: distributed servers want to know in advance
	}
	replies, err := c.inFolder(op, dir, lines...)
	if err != nil {
		return nil, 0, err
	}
	r := replies[len(replies)-1]
	if c.feat.pret && replies[0].code/100 == 5 && replies[0].code/10 != 50 {
		return nil, 0, replies[0].err()
	}
	port, ok := 0, false
	if ask == "EPSV" {
		if port, ok = extendedPort(r); !ok {
			if r.code == 421 {
				return nil, 0, r.err()
			}
			if r.code/10 == 50 || r.code/10 == 52 {
				c.deadEPSV()
			}
			if r, err = c.ctl.raw("PASV"); err != nil {
				return nil, 0, err
			}
			ask = "PASV"
		}
	}
	if ask == "PASV" {
		if port, err = passivePort(r); err != nil {
			return nil, 0, err
		}
	}
	limit := silence
	if ask == "EPSV" {
		limit = silence / 2 // PASV gets its chance within the time for all
	}
	socket, err := c.dialData(c.ctx, port, limit)
	if err == nil || ask != "EPSV" || c.ctl.why(nil) != nil || c.ctx.Err() != nil {
		return socket, port, err
	}
	// The port of EPSV cannot be reached, often because of a router that reads
	// along PASV only (curl's test 1233).
	r, perr := c.ctl.raw("PASV")
	if perr != nil {
		return nil, 0, err
	}
	if port, perr = passivePort(r); perr != nil {
		return nil, 0, err
	}
	if socket, perr = c.dialData(c.ctx, port, limit); perr != nil {
		return nil, 0, err
	}
	c.deadEPSV()
	return socket, port, nil
}

func (c *conn) noEPSV() bool { return c.epsvDead && !c.sixth }

// deadEPSV remembers that this site's EPSV is of no use. For IPv6 there is
// nothing else.
func (c *conn) deadEPSV() {
	c.epsvDead = true
	if !c.sixth {
		c.fs.p.Memory.learn(c.fs.p.Site, func(k *known) { k.noEPSV = true })
	}
}

func (c *conn) dialData(ctx context.Context, port int, limit time.Duration) (net.Conn, error) {
	if port < 1024 || port > 65535 {
		return nil, &fault.Fault{Kind: fault.Protocol, Op: "data connection", Host: c.fs.p.Site.Host, Said: "port " + strconv.Itoa(port), Err: errNoReply}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	socket, err := c.fs.p.Network.Dial(ctx, c.host, port)
	if err != nil { // the server itself was reached: people are told so
		f := *fault.From("data connection", c.fs.p.Site.Host, err)
		f.Op = "data connection"
		return nil, &f
	}
	return socket, nil
}

// prepare opens the next data connection in advance: its reply is r.
func (c *conn) prepare(r reply) {
	port, ok := extendedPort(r)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), silence/2)
	e := &early{port: port, socket: make(chan net.Conn, 1), at: time.Now(), cancel: cancel}
	c.next = e
	c.fs.group.Go("ftp data connection", func(context.Context) {
		defer cancel()
		socket, err := c.dialData(ctx, port, silence/2)
		if err != nil {
			socket = nil
		}
		e.socket <- socket
	})
}

// mayPrepare tells whether the next EPSV may go out in advance.
func (c *conn) mayPrepare() bool {
	return !c.fs.p.Site.Active && !c.noEPSV() && !c.feat.pret && !c.ctl.single && c.next == nil
}

// series is how soon one transfer must follow another for a third to be likely.
const series = 2 * time.Second

// mayAskAhead tells whether EPSV may go out together with RETR, to be answered
// when the file has been sent: vsftpd does not read commands during a transfer,
// others take them for the wish to end it. In a series of small files it saves
// one round trip of three.
func (c *conn) mayAskAhead() bool {
	return c.mayPrepare() && time.Since(c.fetched) < series && strings.Contains(c.fs.serverName(), "(vsFTPd ")
}

// readAhead reads the reply to such an EPSV, which comes behind the last word on
// the transfer.
func (c *conn) readAhead(d *dataConn, last reply) {
	if !d.ahead || last.code == 421 {
		return
	}
	d.ahead = false
	r, err := c.ctl.readReply()
	c.ctl.pending.Reset()
	if err != nil {
		c.broken = true
		return
	}
	c.prepare(r)
}

// claim gives the data connection that was opened in advance, if it is still
// good.
func (c *conn) claim() (net.Conn, int) {
	e := c.next
	c.next = nil
	if e == nil {
		return nil, 0
	}
	if time.Since(e.at) > earlyHolds {
		c.fs.drop(e)
		return nil, 0
	}
	return <-e.socket, e.port // its dialling has a limit
}

// drop closes a data connection that is not wanted any more.
func (f *FS) drop(e *early) {
	if e == nil {
		return
	}
	e.cancel()
	f.group.Go("ftp data connection", func(context.Context) {
		if socket := <-e.socket; socket != nil {
			_ = socket.Close() // never used
		}
	})
}

// extendedPort reads the port of "229 (|||port|)" (RFC 2428 section 3). An
// address in it is passed over.
func extendedPort(r reply) (int, bool) {
	_, rest, ok := strings.Cut(r.text, "(")
	if r.code != 229 || !ok || len(rest) < 5 {
		return 0, false
	}
	fields := strings.Split(rest[1:], rest[:1])
	if len(fields) < 4 || !strings.HasPrefix(fields[3], ")") || !digits(fields[2]) {
		return 0, false
	}
	port, err := strconv.Atoi(fields[2])
	return port, err == nil && port > 0 && port < 65536
}

// passivePort reads the port of "227 (h1,h2,h3,h4,p1,p2)", with or without
// brackets.
func passivePort(r reply) (int, error) {
	if r.code != 227 {
		return 0, r.err()
	}
	wrong := &fault.Fault{Kind: fault.Protocol, Op: "data connection", Said: fault.CleanLine(r.text), Err: errNoReply}
	i := strings.IndexAny(r.text, "0123456789")
	if i < 0 {
		return 0, wrong
	}
	numbers := strings.FieldsFunc(r.text[i:], func(r rune) bool { return r < '0' || r > '9' })
	if len(numbers) < 6 {
		return 0, wrong
	}
	port := 0
	for i, text := range numbers[:6] {
		n, err := strconv.Atoi(text)
		if err != nil || n > 255 {
			return 0, wrong
		}
		if i >= 4 {
			port = port<<8 | n
		}
	}
	return port, nil
}
