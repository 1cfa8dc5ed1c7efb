package connect

import (
	"net/url"
	"strconv"
	"strings"

	"guichet/services/fault"
)

// DirectProxy, as the text of a proxy, stands for none.
const DirectProxy = "direct"

// Via gives a Network whose connections all go through the proxy u, nil for
// none, whatever proxy this one uses. Trust and timings are shared.
func (n *Network) Via(u *url.URL) *Network {
	p := n.p
	p.Proxy = func(string, string, int) (*url.URL, error) { return u, nil }
	return &Network{p: p, shared: n.shared}
}

// ParseProxy reads "socks5://user@host:port", "http://host:port" or the like;
// without a scheme it is SOCKS5. DirectProxy and "" give nil. Faults:
// Unsupported for other schemes, Permission when a password stands in it,
// because such texts are kept in files, Protocol when it cannot be read.
func ParseProxy(text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	if text == "" || text == DirectProxy {
		return nil, nil
	}
	if !strings.Contains(text, "://") {
		text = "socks5://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		// url.Error repeats its input, which may hold a password.
		return nil, fault.Newf(fault.Protocol, "proxy", "", "not the address of a proxy")
	}
	if _, has := u.User.Password(); has {
		return nil, fault.Newf(fault.Permission, "proxy", u.Hostname(), "the address holds a password")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	port := ""
	switch u.Scheme {
	case "socks5", "socks5h":
		port = "1080" // RFC 1928 section 3
	case "http":
		port = "8080"
	case "https":
		port = "443"
	default:
		return nil, fault.Newf(fault.Unsupported, "proxy", u.Hostname(), "proxy scheme %q", u.Scheme)
	}
	if u.Port() == "" {
		u.Host = u.Host + ":" + port
	} else if n, err := strconv.Atoi(u.Port()); err != nil || n < 1 || n > 65535 {
		return nil, fault.Newf(fault.Protocol, "proxy", u.Hostname(), "port %q", u.Port())
	}
	return &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}, nil
}
