package connect_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/connect/connecttest"
	"guichet/services/fault"
)

func TestDialFaults(t *testing.T) {
	closed := connecttest.ClosedPort(t)
	noDNS := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no way to the name server")
	}}
	silentDNS := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	for name, c := range map[string]struct {
		p    connect.Params
		host string
		port int
		kind fault.Kind
		step string
	}{
		"refused":           {host: "localhost", port: closed, kind: fault.Refused, step: "connect"},
		"refused, address":  {host: "127.0.0.1", port: closed, kind: fault.Refused, step: "connect"},
		"unknown":           {host: "no-such-host.invalid", port: 80, kind: fault.NameNotFound, step: "name"},
		"onion":             {host: "abc.onion.", port: 80, kind: fault.NameNotFound, step: "name"},
		"empty":             {host: "", port: 80, kind: fault.NameNotFound, step: "name"},
		"blank":             {host: "a b", port: 80, kind: fault.NameNotFound, step: "name"},
		"name server away":  {p: connect.Params{Resolver: noDNS}, host: "example.org", port: 80, kind: fault.Offline, step: "name"},
		"name server mute":  {p: connect.Params{Resolver: silentDNS, Timeout: 20 * time.Millisecond}, host: "example.org", port: 80, kind: fault.Timeout, step: "name"},
		"no port":           {host: "localhost", port: 0, kind: fault.Unsupported, step: "connect"},
		"name, no address":  {p: connect.Params{Hosts: map[string][]netip.Addr{"x.test": nil}}, host: "x.test", port: 80, kind: fault.NameNotFound, step: "connect"},
		"port over a limit": {host: "localhost", port: 70000, kind: fault.Unsupported, step: "connect"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := connect.New(c.p).Dial(t.Context(), c.host, c.port)
			f := asFault(t, err)
			require.Equal(t, c.kind, f.Kind, "%v", err)
			require.Equal(t, c.step, f.Step)
			require.Equal(t, c.host, f.Host)
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := connect.New(connect.Params{Resolver: silentDNS}).Dial(ctx, "example.org", 80)
		require.Equal(t, fault.Cancelled, asFault(t, err).Kind)
	})
}

func TestDialTriesAllAddresses(t *testing.T) {
	port := connecttest.Listen(t, connecttest.Drain)
	n := connect.New(connect.Params{Hosts: map[string][]netip.Addr{
		"many.test":          {netip.MustParseAddr("127.0.0.77"), netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.1")},
		"xn--bcher-kva.test": {netip.MustParseAddr("127.0.0.1")},
	}})
	for _, host := range []string{"many.test", "MANY.test.", "bücher.test"} {
		c, err := n.Dial(t.Context(), host, port)
		require.NoError(t, err)
		require.IsType(t, &net.TCPAddr{}, c.RemoteAddr())
		require.NoError(t, c.Close())
		timings, ok := n.Timings(host, port)
		require.True(t, ok)
		require.NotZero(t, timings.Connect)
		require.False(t, timings.Secure)
		require.Equal(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), timings.Address)
	}
}

// httpProxy speaks CONNECT and wants a login; it dials whatever name it is
// asked for at the given port on this computer.
func httpProxy(t *testing.T, target int, asked *atomic.Value) int {
	return connecttest.Listen(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		q, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if q.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte("u:p")) {
			_, _ = io.WriteString(c, "HTTP/1.1 407 Login please\r\n\r\n")
			return
		}
		asked.Store(q.Method + " " + q.RequestURI)
		if q.Method != http.MethodConnect {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nproxy")
			return
		}
		if strings.HasPrefix(q.Host, "down.") {
			_, _ = io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
			return
		}
		s, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(target)))
		if err != nil {
			return
		}
		defer s.Close()
		first := make([]byte, 5) // the server's first words come with the proxy's answer
		if _, err := io.ReadFull(s, first); err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 Connected\r\n\r\n"+string(first))
		_, _ = io.Copy(c, s)
	})
}

func TestHTTPProxy(t *testing.T) {
	target := connecttest.Listen(t, func(c net.Conn) { _, _ = io.WriteString(c, "hello, you") })
	var asked atomic.Value
	port := httpProxy(t, target, &asked)
	network := func(user *url.Userinfo, port int) *connect.Network {
		u := &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), User: user}
		return connect.New(connect.Params{Proxy: connect.FixedProxy(u)})
	}
	n := network(url.UserPassword("u", "p"), port)
	c, err := n.Dial(t.Context(), "far.test", 2525)
	require.NoError(t, err)
	defer c.Close()
	require.Equal(t, "CONNECT far.test:2525", asked.Load())
	require.Equal(t, &net.TCPAddr{IP: net.IPv4zero, Port: 2525}, c.RemoteAddr())
	text, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Equal(t, "hello, you", string(text))
	_, ok := n.Timings("far.test", 2525)
	require.True(t, ok)

	_, err = n.Dial(t.Context(), "down.test", 25)
	f := asFault(t, err)
	require.Equal(t, fault.Refused, f.Kind)
	require.Equal(t, "down.test", f.Host)

	_, err = network(url.UserPassword("u", "wrong"), port).Dial(t.Context(), "far.test", 25)
	f = asFault(t, err)
	require.Equal(t, fault.Login, f.Kind)
	require.Equal(t, "proxy", f.Op)
	require.Equal(t, "connect", f.Step)
	require.Equal(t, "407 Login please", f.Said)
	require.NotContains(t, f.Error(), "wrong")

	_, err = network(nil, connecttest.ClosedPort(t)).Dial(t.Context(), "far.test", 25)
	f = asFault(t, err)
	require.Equal(t, fault.Refused, f.Kind)
	require.Equal(t, "proxy", f.Op)

	_, err = network(nil, connecttest.Listen(t, func(c net.Conn) { _, _ = io.WriteString(c, "220 not HTTP\r\n") })).Dial(t.Context(), "far.test", 25)
	require.Equal(t, fault.Protocol, asFault(t, err).Kind)

	// Clear HTTP is asked of the proxy itself.
	answer, err := (&http.Client{Transport: n.HTTPTransport(connect.HTTPOptions{})}).Get("http://far.test/page")
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, "GET http://far.test/page", asked.Load())
}

func TestMuteProxyTimesOut(t *testing.T) {
	port := connecttest.Listen(t, connecttest.Drain)
	for _, scheme := range []string{"http", "socks5", "https"} {
		u := &url.URL{Scheme: scheme, Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
		n := connect.New(connect.Params{Timeout: 30 * time.Millisecond, Proxy: connect.FixedProxy(u)})
		_, err := n.Dial(t.Context(), "far.test", 25)
		require.Equal(t, fault.Timeout, asFault(t, err).Kind, scheme)
	}
}

// socksProxy speaks RFC 1928 without login and answers with the given code.
func socksProxy(t *testing.T, code byte, asked *atomic.Value) int {
	return connecttest.Listen(t, func(c net.Conn) {
		head := make([]byte, 2)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		if _, err := io.ReadFull(c, make([]byte, head[1])); err != nil {
			return
		}
		_, _ = c.Write([]byte{5, 0})
		request := make([]byte, 5)
		if _, err := io.ReadFull(c, request); err != nil || request[3] != 3 {
			return
		}
		name := make([]byte, int(request[4])+2)
		if _, err := io.ReadFull(c, name); err != nil {
			return
		}
		asked.Store(string(name[:request[4]]))
		_, _ = c.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
		if code == 0 {
			_, _ = io.WriteString(c, "hello")
		}
	})
}

func TestSOCKSProxy(t *testing.T) {
	var asked atomic.Value
	for code, kind := range map[byte]fault.Kind{
		0: "", 1: fault.Protocol, 2: fault.Permission, 3: fault.Offline, 4: fault.Timeout, 5: fault.Refused, 6: fault.Timeout,
	} {
		u := &url.URL{Scheme: "socks5", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(socksProxy(t, code, &asked)))}
		c, err := connect.New(connect.Params{Proxy: connect.FixedProxy(u)}).Dial(t.Context(), "far.test", 25)
		require.Equal(t, "far.test", asked.Load())
		if kind != "" {
			f := asFault(t, err)
			require.Equal(t, kind, f.Kind, "code %d", code)
			require.Equal(t, "proxy", f.Op)
			continue
		}
		require.NoError(t, err)
		require.IsType(t, &net.TCPAddr{}, c.RemoteAddr())
		text, err := io.ReadAll(c)
		require.NoError(t, err)
		require.Equal(t, "hello", string(text))
		require.NoError(t, c.Close())
	}
}

func TestWhichProxy(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, "")
	}
	t.Setenv("http_proxy", "http://web.test:3128")
	t.Setenv("ALL_PROXY", "socks5://any.test")
	t.Setenv("no_proxy", "inside.test,10.0.0.0/8")
	environment := connect.EnvironmentProxy()
	fixed := connect.FixedProxy(&url.URL{Scheme: "http", Host: "one.test:1"}, "inside.test")
	for _, c := range []struct {
		f            connect.ProxyFunc
		scheme, host string
		proxy        string
	}{
		{environment, "http", "a.test", "http://web.test:3128"},
		{environment, "https", "a.test", "socks5://any.test"},
		{environment, "tcp", "a.test", "socks5://any.test"},
		{environment, "tcp", "sub.inside.test", ""},
		{environment, "tcp", "10.1.2.3", ""},
		{environment, "tcp", "localhost", ""},
		{environment, "tcp", "::1", ""},
		{fixed, "tcp", "a.test", "http://one.test:1"},
		{fixed, "http", "inside.test", ""},
	} {
		u, err := c.f(c.scheme, c.host, 80)
		require.NoError(t, err)
		if c.proxy == "" {
			require.Nil(t, u, "%s %s", c.scheme, c.host)
			continue
		}
		require.NotNil(t, u, "%s %s", c.scheme, c.host)
		require.Equal(t, c.proxy, u.String())
	}
}
