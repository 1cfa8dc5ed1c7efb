package connecttest

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/task"
)

// Listen accepts connections on a loopback port until the test ends and gives
// each to serve, which need not close it.
func Listen(t testing.TB, serve func(net.Conn)) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := task.NewGroup(context.Background())
	var mu sync.Mutex
	var open []net.Conn
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		if !g.Close(5 * time.Second) {
			t.Error("a server of the test did not end")
		}
	})
	g.Go("listen", func(context.Context) {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			g.Go("serve", func(context.Context) {
				defer c.Close()
				serve(c)
			})
		}
	})
	return l.Addr().(*net.TCPAddr).Port
}

// ListenTLS is Listen with TLS on each connection; serve gets those whose
// handshake succeeded. A nil serve reads until the client goes.
func ListenTLS(t testing.TB, config *tls.Config, serve func(*tls.Conn)) (port int) {
	t.Helper()
	return Listen(t, func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() != nil {
			return
		}
		if serve == nil {
			Drain(s)
			return
		}
		serve(s)
	})
}

// Drain reads until the other side closes.
func Drain(c net.Conn) {
	b := make([]byte, 4096)
	for {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}

// ClosedPort gives a loopback port that refuses connections.
func ClosedPort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	return port
}
