// Package connect makes every outgoing connection of Guichet: nobody else
// calls net.Dial or builds a tls.Config. TLS is 1.2 at least, the host name is
// always checked, and nothing ever falls back to clear text by itself. Each
// phase is timed and kept per host.
package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"guichet/services/fault"
)

// Params are what a Network is made of.
type Params struct {
	Trust *Trust         // nil: nothing is trusted beyond the system's authorities
	Roots *x509.CertPool // authorities; nil: the system's
	// Resolver, if not nil, replaces the system's.
	Resolver *net.Resolver
	Timeout  time.Duration // for one phase; 0: 15 s
	// Proxy tells which proxy leads to a host, nil for none: EnvironmentProxy,
	// FixedProxy or one's own. Nil: no proxy.
	Proxy ProxyFunc
	// KnownHosts are files in OpenSSH's known_hosts format that are read, never
	// written: SystemKnownHosts and those that the person names. Missing files
	// are skipped.
	KnownHosts []string
	// Hosts overrides name resolution, for tests: lower-case name -> addresses.
	Hosts map[string][]netip.Addr
}

// Network makes connections. It is safe for concurrent use.
type Network struct {
	p       Params
	mu      sync.Mutex
	timings map[string]Timings
}

// New makes a Network.
func New(p Params) *Network {
	if p.Timeout == 0 {
		p.Timeout = 15 * time.Second
	}
	if p.Trust == nil {
		p.Trust = NewTrust()
	}
	return &Network{p: p, timings: map[string]Timings{}}
}

// Timings are the phases of the newest connection to a host and port.
type Timings struct {
	Name, Connect, TLS, FirstByte time.Duration
	At                            time.Time
	Secure                        bool
	Version                       string // "TLS 1.3"
}

// Timings gives the phases of the newest connection to host and port.
func (n *Network) Timings(host string, port int) (Timings, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, ok := n.timings[net.JoinHostPort(host, strconv.Itoa(port))]
	return t, ok
}

// FirstByte enters how long a server took to the first byte of an answer.
func (n *Network) FirstByte(host string, port int, took time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := joinHostPort(host, port)
	if t, ok := n.timings[key]; ok {
		t.FirstByte = took
		n.timings[key] = t
	}
}

// Trust gives the store of what a person accepted.
func (n *Network) Trust() *Trust { return n.p.Trust }

func joinHostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// Dial opens a TCP connection, through the proxy where one is set. Faults:
// NameNotFound, Refused, Timeout, Offline, with Step "name" or "connect". The
// connection's RemoteAddr is a *net.TCPAddr.
func (n *Network) Dial(ctx context.Context, host string, port int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, n.p.Timeout)
	defer cancel()
	d := net.Dialer{Resolver: n.p.Resolver}
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		f := fault.From("connect", host, err)
		f.Step = "connect"
		if f.Kind == fault.NameNotFound {
			f.Step = "name"
		}
		return nil, f
	}
	return c, nil
}

// TLSOptions change how TLS is spoken; the zero value is right for most.
type TLSOptions struct {
	ALPN         []string
	SessionCache tls.ClientSessionCache // FTP shares one between control and data connections
	MaxVersion   uint16                 // 0: the newest; tls.VersionTLS12 for servers that break
}

// DialTLS is Dial followed by TLS.
func (n *Network) DialTLS(ctx context.Context, host string, port int, o TLSOptions) (*tls.Conn, error) {
	c, err := n.Dial(ctx, host, port)
	if err != nil {
		return nil, err
	}
	return n.Upgrade(ctx, c, host, port, o)
}

// Upgrade speaks TLS on an open connection (STARTTLS, AUTH TLS). On failure c
// is closed and the fault is of kind Certificate with Step "tls", Check and, where a
// person may decide to trust, a *CertificateQuestion as Question; or Protocol
// when the other side does not speak TLS.
func (n *Network) Upgrade(ctx context.Context, c net.Conn, host string, port int, o TLSOptions) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, n.p.Timeout)
	defer cancel()
	t := tls.Client(c, n.TLSConfig(host, port, o))
	if err := t.HandshakeContext(ctx); err != nil {
		c.Close()
		f := fault.From("tls", host, err)
		f.Step = "tls"
		return nil, f
	}
	return t, nil
}

// TLSConfig gives the configuration for libraries that speak TLS themselves. Its
// verification is the same as Upgrade's.
func (n *Network) TLSConfig(host string, port int, o TLSOptions) *tls.Config {
	return &tls.Config{
		ServerName: host, RootCAs: n.p.Roots, MinVersion: tls.VersionTLS12, MaxVersion: o.MaxVersion,
		NextProtos: o.ALPN, ClientSessionCache: o.SessionCache,
	}
}
