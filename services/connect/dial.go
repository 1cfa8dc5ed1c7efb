package connect

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/task"
)

const (
	// attemptDelay is the head start of one address over the next (RFC 8305
	// section 5, "Connection Attempt Delay").
	attemptDelay = 250 * time.Millisecond
	// addressLimit bounds how many addresses of a name are tried.
	addressLimit = 16
)

// Dial opens a TCP connection, through the proxy where one is set. Faults:
// NameNotFound, Refused, Timeout, Offline, with Step "name" or "connect"; what
// the proxy refuses has Op "proxy". The connection's RemoteAddr is a
// *net.TCPAddr; behind a proxy that resolved the name itself, its IP is 0.0.0.0.
func (n *Network) Dial(ctx context.Context, host string, port int) (net.Conn, error) {
	return n.DialFor(ctx, "tcp", host, port)
}

// DialFor is Dial for a ProxyFunc's scheme: "http", "https" or "tcp". The
// connection leads to the host itself, in a tunnel where there is a proxy.
func (n *Network) DialFor(ctx context.Context, scheme, host string, port int) (net.Conn, error) {
	u, err := n.proxyFor(scheme, host, port)
	if err != nil {
		return nil, err
	}
	return n.dialVia(ctx, u, host, port)
}

// direct resolves and connects without a proxy and enters the timings under
// the names host and port.
func (n *Network) direct(ctx context.Context, host string, port int) (net.Conn, error) {
	t := Timings{At: time.Now()}
	addresses, err := n.Resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	t.Name = time.Since(t.At)
	c, err := n.race(ctx, addresses, port)
	if err != nil {
		f := *fault.From("connect", host, err)
		f.Step = "connect"
		return nil, &f
	}
	t.Connect = time.Since(t.At) - t.Name
	t.Address = c.RemoteAddr().String()
	n.update(host, port, func(old *Timings) { *old = t })
	return c, nil
}

// Resolve finds the addresses of a host, best first. Faults have the Step
// "name": NameNotFound, Timeout, Offline.
func (n *Network) Resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	fail := func(err error) ([]netip.Addr, error) {
		f := fault.From("resolve", host, err)
		f.Step = "name"
		return nil, f
	}
	ascii := normalHost(host)
	if a, err := netip.ParseAddr(ascii); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	if a, ok := n.p.Hosts[ascii]; ok {
		return a, nil
	}
	if ascii == "" || strings.ContainsAny(ascii, " /\\@:\x00") || neverResolves(ascii) {
		return fail(&net.DNSError{Err: "no such host", Name: ascii, IsNotFound: true})
	}
	resolver := n.p.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	ctx, cancel := context.WithTimeout(ctx, n.p.Timeout)
	defer cancel()
	found, err := resolver.LookupNetIP(ctx, "ip", ascii)
	if err != nil {
		if cause := ctx.Err(); cause != nil {
			err = errors.Join(cause, err) // the resolver's own error may hide it
		}
		return fail(err)
	}
	addresses := make([]netip.Addr, 0, len(found))
	for _, a := range found {
		addresses = append(addresses, a.Unmap())
	}
	return addresses, nil
}

// neverResolves reports whether the name must not be asked for: ".invalid" (RFC
// 6761 section 6.4) and ".onion" (RFC 7686 section 2).
func neverResolves(name string) bool {
	for _, tld := range []string{"invalid", "onion"} {
		if name == tld || strings.HasSuffix(name, "."+tld) {
			return true
		}
	}
	return false
}

// race connects to the first address that answers (RFC 8305): families take
// turns, each attempt starts a little after the one before or when that failed.
func (n *Network) race(ctx context.Context, addresses []netip.Addr, port int) (net.Conn, error) {
	if port < 1 || port > 65535 {
		return nil, fault.Newf(fault.Unsupported, "connect", "", "no port number: %d", port)
	}
	addresses = interleave(addresses)
	if len(addresses) == 0 {
		return nil, &net.DNSError{Err: "no address", IsNotFound: true}
	}
	ctx, cancel := context.WithTimeout(ctx, n.p.Timeout)
	defer cancel()
	type result struct {
		conn net.Conn
		err  error
	}
	results := make(chan result)
	group := task.NewGroup(ctx)
	defer group.Cancel()
	start := func(a netip.Addr) {
		group.Go("connect", func(ctx context.Context) {
			var d net.Dialer
			c, err := d.DialContext(ctx, "tcp", netip.AddrPortFrom(a, uint16(port)).String())
			select {
			case results <- result{c, err}:
			case <-ctx.Done(): // another one won
				if c != nil {
					_ = c.Close()
				}
			}
		})
	}
	start(addresses[0])
	pending, next := 1, 1
	timer := time.NewTimer(attemptDelay)
	defer timer.Stop()
	var failures []error
	for pending > 0 {
		startNext := func() {
			if next < len(addresses) {
				start(addresses[next])
				next++
				pending++
				timer.Reset(attemptDelay)
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
			startNext()
		case r := <-results:
			if r.err == nil {
				return r.conn, nil
			}
			pending--
			failures = append(failures, r.err)
			startNext()
		}
	}
	return nil, mostTelling(failures)
}

// interleave lets the two families take turns, beginning with the first's.
func interleave(addresses []netip.Addr) []netip.Addr {
	if len(addresses) == 0 {
		return nil
	}
	var first, second, all []netip.Addr
	for _, a := range addresses {
		if a.Is4() == addresses[0].Is4() {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	for i := range max(len(first), len(second)) {
		if i < len(first) {
			all = append(all, first[i])
		}
		if i < len(second) {
			all = append(all, second[i])
		}
	}
	return all[:min(len(all), addressLimit)]
}

// mostTelling picks the failure that says most about the server: a host that
// refuses is there, one without a route says something about this computer.
func mostTelling(failures []error) error {
	for _, kind := range []fault.Kind{fault.Refused, fault.Timeout} {
		for _, err := range failures {
			if fault.Is(err, kind) {
				return err
			}
		}
	}
	return failures[0]
}
