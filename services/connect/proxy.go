package connect

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
	"golang.org/x/net/proxy"

	"guichet/services/fault"
)

// ProxyFunc names the proxy for a connection: scheme is "http", "https" or, for
// everything else, "tcp". The URL's scheme is http, https, socks5 or socks5h;
// user information is used to log in at the proxy. A nil URL means none.
type ProxyFunc func(scheme, host string, port int) (*url.URL, error)

// FixedProxy uses one proxy for all hosts but the exceptions and this
// computer itself; an exception is written as in NO_PROXY: a name with its
// subdomains, an IP address, a CIDR range, each with an optional port.
func FixedProxy(u *url.URL, except ...string) ProxyFunc {
	return proxyOutside(u.String(), strings.Join(except, ","))
}

// EnvironmentProxy follows the environment variables HTTP_PROXY, HTTPS_PROXY,
// ALL_PROXY and NO_PROXY, in either case, as they are now: http by the first,
// https by the second, all else (and those two where theirs is unset) by the third.
func EnvironmentProxy() ProxyFunc {
	env := httpproxy.FromEnvironment()
	all := os.Getenv("ALL_PROXY")
	if all == "" {
		all = os.Getenv("all_proxy")
	}
	or := func(p string) ProxyFunc {
		if p == "" {
			p = all
		}
		return proxyOutside(p, env.NoProxy)
	}
	web, secure, rest := or(env.HTTPProxy), or(env.HTTPSProxy), or("")
	return func(scheme, host string, port int) (*url.URL, error) {
		switch scheme {
		case "http":
			return web(scheme, host, port)
		case "https":
			return secure(scheme, host, port)
		}
		return rest(scheme, host, port)
	}
}

func proxyOutside(address, except string) ProxyFunc {
	f := (&httpproxy.Config{HTTPSProxy: address, NoProxy: except}).ProxyFunc()
	return func(_, host string, port int) (*url.URL, error) {
		return f(&url.URL{Scheme: "https", Host: joinHostPort(host, port)})
	}
}

func isSOCKS(u *url.URL) bool { return u.Scheme == "socks5" || u.Scheme == "socks5h" }

// proxyFor asks Params.Proxy; a proxy is never reached through itself.
func (n *Network) proxyFor(scheme, host string, port int) (*url.URL, error) {
	if n.p.Proxy == nil {
		return nil, nil
	}
	u, err := n.p.Proxy(scheme, host, port)
	if err != nil || u == nil {
		if err != nil {
			err = proxyFault("", fault.Unsupported, err)
		}
		return nil, err
	}
	if proxyHost, proxyPort, err := splitHostPort(hostPortOf(u)); err != nil {
		return nil, err
	} else if joinHostPort(proxyHost, proxyPort) == joinHostPort(host, port) {
		return nil, nil
	}
	return u, nil
}

// Proxied reports whether a proxy leads to host and port; the host's name is
// then looked up by the proxy.
func (n *Network) Proxied(scheme, host string, port int) bool {
	u, err := n.proxyFor(scheme, host, port)
	return err == nil && u != nil
}

func proxyFault(proxyHost string, kind fault.Kind, err error) *fault.Fault {
	f := fault.New(kind, "proxy", proxyHost, err)
	f.Step = "connect"
	return f
}

// dialVia connects through the proxy u, or directly where u is nil.
func (n *Network) dialVia(ctx context.Context, u *url.URL, host string, port int) (net.Conn, error) {
	if u == nil {
		return n.direct(ctx, host, port)
	}
	proxyHost, proxyPort, err := splitHostPort(hostPortOf(u))
	if err != nil {
		return nil, err
	}
	at := time.Now()
	c, err := n.direct(ctx, proxyHost, proxyPort)
	if err != nil {
		f := *fault.From("proxy", proxyHost, err)
		f.Op = "proxy"
		return nil, &f
	}
	name := time.Duration(0)
	if t, ok := n.Timings(proxyHost, proxyPort); ok {
		name = t.Name
	}
	ctx, cancel := context.WithTimeout(ctx, n.p.Timeout)
	defer cancel()
	fail := func(err error) (net.Conn, error) {
		_ = c.Close() // err is what counts
		return nil, err
	}
	var tunnel net.Conn
	switch {
	case isSOCKS(u):
		tunnel, err = socks(ctx, c, u, proxyHost, host, port)
	case u.Scheme == "https":
		if c, err = n.Upgrade(ctx, c, proxyHost, proxyPort, TLSOptions{ALPN: []string{"http/1.1"}}); err != nil {
			return nil, err
		}
		tunnel, err = httpConnect(ctx, c, u, proxyHost, host, port)
	case u.Scheme == "http":
		tunnel, err = httpConnect(ctx, c, u, proxyHost, host, port)
	default:
		err = fault.Newf(fault.Unsupported, "proxy", proxyHost, "proxy scheme %q", u.Scheme)
	}
	if err != nil {
		return fail(err)
	}
	remote := &net.TCPAddr{IP: net.IPv4zero, Port: port}
	if a, err := netip.ParseAddr(normalHost(host)); err == nil {
		remote = net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, uint16(port)))
	}
	n.update(host, port, func(t *Timings) {
		*t = Timings{At: at, Name: name, Connect: time.Since(at) - name, Address: c.RemoteAddr().String()}
	})
	return &tunnelConn{Conn: tunnel, remote: remote}, nil
}

// oneConn is a dialer that hands out an open connection.
type oneConn struct{ net.Conn }

func (o oneConn) Dial(string, string) (net.Conn, error) { return o.Conn, nil }

func (o oneConn) DialContext(context.Context, string, string) (net.Conn, error) { return o.Conn, nil }

// socks asks a SOCKS5 proxy (RFC 1928, RFC 1929) for host and port; the proxy
// resolves the name, so that none leaks to the local resolver.
func socks(ctx context.Context, c net.Conn, u *url.URL, proxyHost, host string, port int) (net.Conn, error) {
	var auth *proxy.Auth
	if u.User != nil {
		password, _ := u.User.Password()
		auth = &proxy.Auth{User: u.User.Username(), Password: password}
	}
	d, err := proxy.SOCKS5("tcp", c.RemoteAddr().String(), auth, oneConn{c})
	if err != nil {
		return nil, proxyFault(proxyHost, fault.Internal, err)
	}
	cd, ok := d.(proxy.ContextDialer)
	if !ok {
		return nil, proxyFault(proxyHost, fault.Internal, io.ErrUnexpectedEOF)
	}
	if _, err := cd.DialContext(ctx, "tcp", net.JoinHostPort(normalHost(host), strconv.Itoa(port))); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		f := fault.From("proxy", proxyHost, err)
		f.Step = "connect"
		if f.Kind == fault.Internal {
			f.Kind = socksKind(err.Error())
			if f.Kind != fault.Login && f.Kind != fault.Protocol {
				f.Host = host // the proxy speaks about the target
			}
		}
		return nil, f
	}
	return c, nil
}

// socksKind classes the texts of x/net's SOCKS client, which stand for the
// reply codes of RFC 1928 section 6.
func socksKind(text string) fault.Kind {
	for part, kind := range map[string]fault.Kind{
		"connection refused":           fault.Refused,
		"host unreachable":             fault.Timeout, // as EHOSTUNREACH
		"network unreachable":          fault.Offline,
		"TTL expired":                  fault.Timeout,
		"not allowed by ruleset":       fault.Permission,
		"authentication failed":        fault.Login,
		"no acceptable authentication": fault.Login,
	} {
		if strings.Contains(text, part) {
			return kind
		}
	}
	return fault.Protocol
}

// httpConnect opens a tunnel by CONNECT (RFC 9110 section 9.3.6).
func httpConnect(ctx context.Context, c net.Conn, u *url.URL, proxyHost, host string, port int) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	fail := func(err error) (net.Conn, error) {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		f := fault.From("proxy", proxyHost, err)
		f.Step = "connect"
		if f.Kind == fault.Internal {
			f.Kind = fault.Protocol
		}
		return nil, f
	}
	target := net.JoinHostPort(normalHost(host), strconv.Itoa(port))
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: target}, Host: target, Header: http.Header{}}
	if u.User != nil {
		password, _ := u.User.Password()
		basic := http.Request{Header: http.Header{}}
		basic.SetBasicAuth(u.User.Username(), password)
		request.Header.Set("Proxy-Authorization", basic.Header.Get("Authorization"))
	}
	if err := request.Write(c); err != nil {
		return fail(err)
	}
	// What the target says first may come in the same packet: it is kept.
	limited := &io.LimitedReader{R: c, N: 64 << 10}
	r := bufio.NewReader(limited)
	answer, err := http.ReadResponse(r, request)
	if err != nil {
		return fail(err)
	}
	if answer.StatusCode/100 != 2 {
		f := proxyFault(proxyHost, fault.Protocol, nil)
		f.Said = fault.CleanLine(answer.Status)
		switch answer.StatusCode {
		case http.StatusProxyAuthRequired, http.StatusUnauthorized:
			f.Kind = fault.Login
		case http.StatusForbidden, http.StatusMethodNotAllowed:
			f.Kind = fault.Permission
		case http.StatusBadGateway:
			f.Kind, f.Host = fault.Refused, host
		case http.StatusServiceUnavailable, http.StatusTooManyRequests:
			f.Kind = fault.Busy
		case http.StatusGatewayTimeout:
			f.Kind, f.Host = fault.Timeout, host
		}
		return nil, f
	}
	if !stop() {
		return fail(ctx.Err())
	}
	early := make([]byte, r.Buffered())
	if _, err := io.ReadFull(r, early); err != nil {
		return fail(err)
	}
	return &replayConn{Conn: c, early: bytes.NewReader(early)}, nil
}

// replayConn gives back what was read too early.
type replayConn struct {
	net.Conn
	early *bytes.Reader
}

func (c *replayConn) Read(b []byte) (int, error) {
	if c.early.Len() > 0 {
		return c.early.Read(b)
	}
	return c.Conn.Read(b)
}

func (c *replayConn) CloseWrite() error { return closeWrite(c.Conn) }

// tunnelConn shows the target's address instead of the proxy's.
type tunnelConn struct {
	net.Conn
	remote *net.TCPAddr
}

func (c *tunnelConn) RemoteAddr() net.Addr { return c.remote }

func (c *tunnelConn) CloseWrite() error { return closeWrite(c.Conn) }
