package ftp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// activeLimit is how long an active server may take to call.
const activeLimit = 30 * time.Second

// active lets the server open the data connection to this computer (RFC 959
// PORT, RFC 2428 EPRT), which a person has chosen for this site. Nobody but the
// server's own address is let in, and only once; the port is closed after half
// a minute at most.
func (c *conn) active(op string, dir files.Path) (accept func() (net.Conn, error), shut func(), err error) {
	site, ctx := c.fs.p.Site, c.ctx
	if c.proxied {
		return nil, nil, &fault.Fault{
			Kind: fault.Unsupported, Op: "data connection", Host: site.Host,
			Err: errors.Join(errNoReply, errors.New("a server cannot call back through a proxy")),
		}
	}
	here, there := addressOf(rawConn(c.ctl.Conn).LocalAddr()), addressOf(rawConn(c.ctl.Conn).RemoteAddr())
	if !here.IsValid() || !there.IsValid() {
		return nil, nil, &fault.Fault{Kind: fault.Unsupported, Op: "data connection", Host: site.Host, Err: errors.Join(errNoReply, errors.New("no address to be called at"))}
	}
	ln, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(here, 0)))
	if err != nil {
		return nil, nil, fault.From("data connection", site.Host, err)
	}
	at := ln.Addr().(*net.TCPAddr).AddrPort()
	replies, err := c.inFolder(op, dir, portCommand(netip.AddrPortFrom(here, at.Port())))
	if err == nil && replies[0].code != 200 {
		err = replies[0].err()
	}
	if err != nil {
		_ = ln.Close() // err is what counts
		return nil, nil, err
	}
	_ = ln.SetDeadline(time.Now().Add(activeLimit))
	// Accept knows no context: the end of the operation closes the port.
	release := context.AfterFunc(ctx, func() { _ = ln.Close() })
	shut = func() { release(); _ = ln.Close() }
	accept = func() (net.Conn, error) {
		defer shut()
		for {
			socket, err := ln.Accept()
			if err != nil {
				if ctx.Err() != nil {
					err = ctx.Err()
				}
				f := fault.From("data connection", site.Host, err)
				if f.Kind == fault.Timeout {
					f.Err = errors.Join(errors.New("the server did not call back: a wall or a router is in between"), err)
				}
				return nil, f
			}
			if addressOf(socket.RemoteAddr()) == there {
				return socket, nil
			}
			_ = socket.Close() // a stranger's (lftp: ftp:verify-address)
		}
	}
	return accept, shut, nil
}

// addressOf gives the IP address of a TCP address, IPv4 in its short form.
func addressOf(a net.Addr) netip.Addr {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return t.AddrPort().Addr().Unmap()
}

// portCommand writes where the server is to call.
func portCommand(at netip.AddrPort) string {
	if at.Addr().Is4() {
		return fmt.Sprintf("PORT %s,%d,%d", strings.ReplaceAll(at.Addr().String(), ".", ","), at.Port()>>8, at.Port()&255)
	}
	return fmt.Sprintf("EPRT |2|%s|%d|", at.Addr().WithZone(""), at.Port())
}
