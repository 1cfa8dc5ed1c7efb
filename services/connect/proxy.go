package connect

import (
	"context"
	"net"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"guichet/services/fault"
)

// ProxyFunc names the proxy for a connection: scheme is "http", "https" or, for
// everything else, "tcp". The URL's scheme is http, https, socks5 or socks5h;
// user information is used to log in at the proxy. A nil URL means none.
type ProxyFunc func(scheme, host string, port int) (*url.URL, error)

func isSOCKS(u *url.URL) bool { return strings.HasPrefix(u.Scheme, "socks5") }

// FixedProxy uses one proxy for all hosts but the exceptions and this
// computer itself; an exception is written as in NO_PROXY: a name with its
// subdomains, an IP address, a CIDR range, each with an optional port.
func FixedProxy(u *url.URL, except ...string) ProxyFunc {
	c := httpproxy.Config{HTTPSProxy: u.String(), NoProxy: strings.Join(except, ",")}
	f := c.ProxyFunc()
	return func(_, host string, port int) (*url.URL, error) {
		return f(&url.URL{Scheme: "https", Host: joinHostPort(host, port)})
	}
}

// proxyFor asks Params.Proxy; a proxy is never reached through itself.
func (n *Network) proxyFor(scheme, host string, port int) (*url.URL, error) {
	if n.p.Proxy == nil {
		return nil, nil
	}
	u, err := n.p.Proxy(scheme, host, port)
	if err != nil {
		f := fault.New(fault.Unsupported, "proxy", host, err)
		f.Step = "connect"
		return nil, f
	}
	return u, nil
}

func (n *Network) dialVia(ctx context.Context, u *url.URL, host string, port int) (net.Conn, error) {
	return n.Dial(ctx, host, port)
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
	pick := func(p string) ProxyFunc {
		if p == "" {
			p = all
		}
		f := (&httpproxy.Config{HTTPSProxy: p, NoProxy: env.NoProxy}).ProxyFunc()
		return func(_, host string, port int) (*url.URL, error) {
			return f(&url.URL{Scheme: "https", Host: joinHostPort(host, port)})
		}
	}
	byScheme := map[string]ProxyFunc{"http": pick(env.HTTPProxy), "https": pick(env.HTTPSProxy), "tcp": pick("")}
	return func(scheme, host string, port int) (*url.URL, error) { return byScheme[scheme](scheme, host, port) }
}
