package connect_test

import (
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/connect/connecttest"
	"guichet/services/fault"
)

func TestParseProxy(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"direct":                      "",
		"proxy.test":                  "socks5://proxy.test:1080",
		"proxy.test:9050":             "socks5://proxy.test:9050",
		"socks5://ada@proxy.test":     "socks5://ada@proxy.test:1080",
		"HTTP://proxy.test/":          "http://proxy.test:8080",
		"https://proxy.test:8443":     "https://proxy.test:8443",
		" socks5h://[2001:db8::1]:1 ": "socks5h://[2001:db8::1]:1",
	} {
		u, err := connect.ParseProxy(text)
		require.NoError(t, err, text)
		if want == "" {
			require.Nil(t, u, text)
			continue
		}
		require.Equal(t, want, u.String(), text)
	}
	for text, kind := range map[string]fault.Kind{
		"ftp://proxy.test":             fault.Unsupported,
		"socks5://ada:s3cret@proxy:1":  fault.Permission,
		"socks5://:1":                  fault.Protocol,
		"http://proxy.test:0":          fault.Protocol,
		"http://proxy.test/page":       fault.Protocol,
		"http://ada:s3cret@%zz.test:1": fault.Protocol,
	} {
		_, err := connect.ParseProxy(text)
		require.Equal(t, kind, fault.KindOf(err), text)
		require.NotContains(t, err.Error(), "s3cret")
	}
}

// loginProxy speaks SOCKS5 with a login (RFC 1929) and leads everywhere to
// target. It tells what it was asked for.
func loginProxy(t *testing.T, user, password string, target int, asked chan<- string) int {
	return connecttest.Listen(t, func(c net.Conn) {
		read := func(n int) []byte {
			b := make([]byte, n)
			if _, err := io.ReadFull(c, b); err != nil {
				return make([]byte, n)
			}
			return b
		}
		methods := read(int(read(2)[1]))
		if !strings.Contains(string(methods), "\x02") {
			_, _ = c.Write([]byte{5, 0xff})
			return
		}
		_, _ = c.Write([]byte{5, 2})
		u := string(read(int(read(2)[1])))
		p := string(read(int(read(1)[0])))
		if u != user || p != password {
			_, _ = c.Write([]byte{1, 1})
			return
		}
		_, _ = c.Write([]byte{1, 0})
		kind := read(4)[3]
		if kind != 3 {
			asked <- "an address"
			return
		}
		name := string(read(int(read(1)[0])))
		port := read(2)
		asked <- name + ":" + strconv.Itoa(int(port[0])<<8|int(port[1]))
		_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		to, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(target)))
		if err != nil {
			return
		}
		defer to.Close()
		go func() { _, _ = io.Copy(to, c); _ = to.Close() }()
		_, _ = io.Copy(c, to)
	})
}

func TestVia(t *testing.T) {
	target := connecttest.Listen(t, func(c net.Conn) { _, _ = io.WriteString(c, "hello"); connecttest.Drain(c) })
	asked := make(chan string, 4)
	port := loginProxy(t, "ada", "s3cret", target, asked)
	// The Network itself has a proxy that leads nowhere: Via takes its place.
	n := connect.New(connect.Params{Proxy: func(string, string, int) (*url.URL, error) {
		return &url.URL{Scheme: "socks5", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(connecttest.ClosedPort(t)))}, nil
	}})
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))

	t.Run("login", func(t *testing.T) {
		v := n.Via(&url.URL{Scheme: "socks5", Host: at, User: url.UserPassword("ada", "s3cret")})
		require.Same(t, n.Trust(), v.Trust())
		c, err := v.Dial(t.Context(), "no-such-host.test", 22)
		require.NoError(t, err, "the proxy looks the name up")
		defer c.Close()
		require.Equal(t, "no-such-host.test:22", <-asked)
		b := make([]byte, 5)
		require.NoError(t, c.SetReadDeadline(time.Now().Add(5*time.Second)))
		_, err = io.ReadFull(c, b)
		require.NoError(t, err)
		require.Equal(t, "hello", string(b))
		_, known := n.Timings("no-such-host.test", 22)
		require.True(t, known, "timings are shared")
	})
	for name, user := range map[string]*url.Userinfo{"wrong password": url.UserPassword("ada", "wr0ng"), "none": nil} {
		t.Run(name, func(t *testing.T) {
			_, err := n.Via(&url.URL{Scheme: "socks5", Host: at, User: user}).Dial(t.Context(), "x.test", 22)
			f := asFault(t, err)
			require.Equal(t, fault.Login, f.Kind, "%v", err)
			require.Equal(t, "proxy", f.Op)
			require.Equal(t, "127.0.0.1", f.Host)
			require.NotContains(t, err.Error(), "wr0ng")
		})
	}
	t.Run("direct", func(t *testing.T) {
		c, err := n.Via(nil).Dial(t.Context(), "127.0.0.1", target)
		require.NoError(t, err)
		require.NoError(t, c.Close())
	})
}
