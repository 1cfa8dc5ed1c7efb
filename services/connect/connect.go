// Package connect makes every outgoing connection of Guichet: nobody else
// calls net.Dial or builds a tls.Config. TLS is 1.2 at least, the host name is
// always checked, and nothing ever falls back to clear text by itself. Each
// phase is timed and kept per host.
package connect

import (
	"crypto/x509"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
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
	p Params
	*shared
}

// shared is what the Networks made by Via have together.
type shared struct {
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
	return &Network{p: p, shared: &shared{timings: map[string]Timings{}}}
}

// Trust gives the store of what a person accepted.
func (n *Network) Trust() *Trust { return n.p.Trust }

// Timings are the phases of the newest connection to a host and port. Through a
// proxy, Name is the proxy's and Connect includes the tunnel.
type Timings struct {
	Name, Connect, TLS, FirstByte time.Duration
	At                            time.Time // when the connection was asked for
	Secure                        bool      // TLS is spoken
	Version                       string    // "TLS 1.3"
	Address                       string    // IP address and port that answered
}

// timingsLimit bounds how many hosts are remembered.
const timingsLimit = 1024

// Timings gives the phases of the newest connection to host and port.
func (n *Network) Timings(host string, port int) (Timings, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, ok := n.timings[joinHostPort(host, port)]
	return t, ok
}

// FirstByte enters how long a server took to the first byte of an answer.
func (n *Network) FirstByte(host string, port int, took time.Duration) {
	n.update(host, port, func(t *Timings) { t.FirstByte = took })
}

func (n *Network) update(host string, port int, change func(*Timings)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := joinHostPort(host, port)
	t, ok := n.timings[key]
	if !ok && len(n.timings) >= timingsLimit {
		oldest := ""
		for k, v := range n.timings {
			if oldest == "" || v.At.Before(n.timings[oldest].At) {
				oldest = k
			}
		}
		delete(n.timings, oldest)
	}
	change(&t)
	n.timings[key] = t
}

// joinHostPort is the key of a host and port: lower case, IPv6 in brackets.
func joinHostPort(host string, port int) string {
	return net.JoinHostPort(normalHost(host), strconv.Itoa(port))
}
