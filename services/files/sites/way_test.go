package sites

import (
	"io"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// socks is a SOCKS5 proxy (RFC 1928, RFC 1929) that wants the test login and
// counts whom it lets through.
func socks(t *testing.T, through *atomic.Int32) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	serve := func(c net.Conn) {
		defer c.Close()
		read := func(n int) []byte {
			b := make([]byte, n)
			_, _ = io.ReadFull(c, b)
			return b
		}
		read(int(read(2)[1]))
		_, _ = c.Write([]byte{5, 2})
		user := read(int(read(2)[1]))
		password := read(int(read(1)[0]))
		if string(user) != vfstest.User || string(password) != "proxy word" {
			_, _ = c.Write([]byte{1, 1})
			return
		}
		_, _ = c.Write([]byte{1, 0})
		head := read(4)
		host := net.IP(nil)
		if head[3] == 1 {
			host = read(4)
		}
		port := read(2)
		to, err := net.Dial("tcp", net.JoinHostPort(host.String(), strconv.Itoa(int(port[0])<<8|int(port[1]))))
		if err != nil {
			_, _ = c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		defer to.Close()
		through.Add(1)
		_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		go func() { _, _ = io.Copy(to, c); _ = to.Close() }()
		_, _ = io.Copy(c, to)
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return ln.Addr().(*net.TCPAddr).Port
}

func TestSiteBehindItsOwnProxy(t *testing.T) {
	var through atomic.Int32
	port := socks(t, &through)
	home := t.TempDir()
	server := vfstest.StartSSH(t, home, nil)
	site := files.Site{
		Protocol: files.ProtocolSFTP, Host: "127.0.0.1", Port: server.Port, User: vfstest.User,
		Proxy: "socks5://" + vfstest.User + "@127.0.0.1:" + strconv.Itoa(port),
	}
	secrets := keyring{}
	require.NoError(t, SavePassword(t.Context(), secrets, site, vfstest.Password))
	account, ok := ProxyAccount(site)
	require.True(t, ok)
	d := NewDialer(Params{Network: server.Trust(t), Secrets: secrets})
	t.Run("its password is not known", func(t *testing.T) {
		_, err := d.Dial(t.Context(), site)
		var f *fault.Fault
		require.ErrorAs(t, err, &f)
		require.Equal(t, fault.Login, f.Kind)
		require.Equal(t, "proxy", f.Op, "not the site's login")
	})
	require.NoError(t, SavePassword(t.Context(), secrets, account, "proxy word"))
	t.Run("from the key ring", func(t *testing.T) {
		fs, err := d.Dial(t.Context(), site)
		require.NoError(t, err)
		require.NotContains(t, fs.URL(nil), "proxy")
		require.NoError(t, fs.Close())
		require.EqualValues(t, 1, through.Load())
	})
	t.Run("typed in", func(t *testing.T) {
		d := NewDialer(Params{Network: server.Trust(t)})
		d.Remember(site, vfstest.Password)
		d.Remember(account, "proxy word")
		fs, err := d.Dial(t.Context(), site)
		require.NoError(t, err)
		require.NoError(t, fs.Close())
		require.EqualValues(t, 2, through.Load())
	})
	t.Run("none though the program has one", func(t *testing.T) {
		trust := server.Trust(t).Trust()
		n := connect.New(connect.Params{Trust: trust, Proxy: func(string, string, int) (*url.URL, error) {
			return &url.URL{Scheme: "socks5", Host: "127.0.0.1:1"}, nil
		}})
		direct := site
		direct.Proxy = connect.DirectProxy
		fs, err := NewDialer(Params{Network: n, Secrets: secrets}).Dial(t.Context(), direct)
		require.NoError(t, err)
		require.NoError(t, fs.Close())
		require.EqualValues(t, 2, through.Load())
	})
	t.Run("a password in the address is refused", func(t *testing.T) {
		bad := site
		bad.Proxy = "socks5://ada:s3cret@127.0.0.1:" + strconv.Itoa(port)
		_, err := d.Dial(t.Context(), bad)
		require.True(t, fault.Is(err, fault.Permission))
		require.NotContains(t, err.Error(), "s3cret")
	})
}

func TestJumpHasItsOwnPassword(t *testing.T) {
	home := t.TempDir()
	gate := vfstest.StartSSH(t, home, func(s *vfstest.SSHServer) { s.Forward = func(string) bool { return true } })
	server := vfstest.StartSSH(t, home, nil)
	hop := files.Site{Protocol: files.ProtocolSFTP, Host: "127.0.0.1", Port: gate.Port, User: vfstest.User}
	site := files.Site{
		Protocol: files.ProtocolSFTP, Host: "127.0.0.1", Port: server.Port, User: vfstest.User,
		Jump: hop.Account(),
	}
	d := NewDialer(Params{Network: server.Trust(t, gate)})
	d.Remember(site, vfstest.Password)
	_, err := d.Dial(t.Context(), site)
	require.True(t, fault.Is(err, fault.Login), "%v", err)
	d.Remember(hop, vfstest.Password)
	fs, err := d.Dial(t.Context(), site)
	require.NoError(t, err)
	require.NoError(t, fs.Close())
}
