package ftp

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/connect/connecttest"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// socks5 is a proxy (RFC 1928) for which all names mean this computer.
func socks5(t *testing.T, asked chan<- string) *url.URL {
	t.Helper()
	port := connecttest.Listen(t, func(c net.Conn) {
		head := make([]byte, 262)
		if _, err := io.ReadFull(c, head[:2]); err != nil {
			return
		}
		_, _ = io.ReadFull(c, head[:head[1]])
		_, _ = c.Write([]byte{5, 0})
		if _, err := io.ReadFull(c, head[:4]); err != nil {
			return
		}
		host := ""
		if head[3] == 3 {
			_, _ = io.ReadFull(c, head[:1])
			n := int(head[0])
			_, _ = io.ReadFull(c, head[:n])
			host = string(head[:n])
		} else {
			_, _ = io.ReadFull(c, head[:4])
			host = net.IP(head[:4]).String()
		}
		_, _ = io.ReadFull(c, head[:2])
		port := int(binary.BigEndian.Uint16(head))
		asked <- host
		to, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			_, _ = c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		defer to.Close()
		_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = io.Copy(to, c)
			_ = to.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(c, to)
		_ = c.(*net.TCPConn).CloseWrite()
		<-done
	})
	return &url.URL{Scheme: "socks5", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
}

// TestThroughAProxy reaches a server whose name only the proxy knows: the data
// connections must go there by the name too.
func TestThroughAProxy(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	asked := make(chan string, 100)
	p := params(s)
	p.Network = p.Network.Via(socks5(t, asked))
	p.Site.Host = "ftp.nowhere.invalid"
	f, err := Dial(t.Context(), p)
	require.NoError(t, err)
	defer f.Close()
	data := vfstest.Bytes(300_000)
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"f"}, data, files.WriteOptions{}))
	got, err := vfstest.Get(t.Context(), f, files.Path{"f"}, 0)
	require.NoError(t, err)
	require.Equal(t, data, got)
	for len(asked) > 0 {
		require.Equal(t, p.Site.Host, <-asked)
	}

	p.Site.Active = true
	a, err := Dial(t.Context(), p)
	require.NoError(t, err)
	defer a.Close()
	_, _, err = vfstest.List(t.Context(), a, nil)
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
	require.Zero(t, s.Count("PORT"))
}
