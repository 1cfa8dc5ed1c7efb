package demo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// start runs a demo for one test.
func start(t *testing.T, p Params) *Demo {
	t.Helper()
	p.Dir = t.TempDir()
	d, err := Start(context.Background(), p)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// trust is the TLS configuration of a client that trusts the demo and nobody
// else.
func trust(t *testing.T, d *Demo) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(d.Info().CA)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(pem))
	return &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", ClientSessionCache: tls.NewLRUClientSessionCache(8)}
}

// address is host:port of a URL of Info.
func address(u string) string {
	_, rest, _ := strings.Cut(u, "://")
	return strings.TrimSuffix(rest, "/")
}

func TestInfoNamesEveryServer(t *testing.T) {
	d := start(t, Params{})
	data, err := json.Marshal(d.Info())
	require.NoError(t, err)
	var fields map[string]string
	require.NoError(t, json.Unmarshal(data, &fields))
	for _, key := range []string{"http", "https", "imap", "imaps", "smtp", "smtps", "ftp", "ftpes", "sftp", "dav"} {
		require.Contains(t, fields[key], "://127.0.0.1:", key)
		c, err := net.DialTimeout("tcp", address(fields[key]), 5*time.Second)
		require.NoError(t, err, key)
		require.NoError(t, c.Close())
	}
	require.Equal(t, User, fields["user"])
	require.Equal(t, Password, fields["password"])
	require.FileExists(t, fields["ca"])
	require.FileExists(t, fields["known_hosts"])
}

func TestOnlyLoopbackAddresses(t *testing.T) {
	for _, ip := range []string{"0.0.0.0", "192.0.2.1", "example.org", "::"} {
		_, err := Start(context.Background(), Params{Dir: t.TempDir(), ListenIP: ip})
		require.Error(t, err, ip)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	parent := t.TempDir()
	d, err := Start(context.Background(), Params{Dir: parent})
	require.NoError(t, err)
	c, err := net.Dial("tcp", address(d.Info().IMAPS))
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, d.Close())
	require.NoError(t, d.Close(), "a second time")
	left, err := os.ReadDir(parent)
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(5*time.Second)))
	_, err = io.Copy(io.Discard, c)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection is closed with the demo")
	_, err = net.Dial("tcp", address(d.Info().IMAPS))
	require.Error(t, err)
}

func TestEndOfContextCloses(t *testing.T) {
	parent := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	d, err := Start(ctx, Params{Dir: parent})
	require.NoError(t, err)
	cancel()
	require.Eventually(t, func() bool {
		left, err := os.ReadDir(parent)
		return err == nil && len(left) == 0
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, d.Close())
}

func TestAuthorityVouchesForThisComputerOnly(t *testing.T) {
	d := start(t, Params{})
	cfg := trust(t, d)
	for _, u := range []string{d.Info().HTTPS, d.Info().IMAPS, d.Info().SMTPS, d.Info().DAV} {
		c, err := tls.Dial("tcp", address(u), cfg)
		require.NoError(t, err, u)
		require.NoError(t, c.Close())
	}
	_, err := tls.Dial("tcp", address(d.Info().HTTPS), &tls.Config{ServerName: "127.0.0.1"})
	require.Error(t, err, "nobody else trusts it")
	require.NoError(t, filepath.WalkDir(filepath.Dir(d.Info().CA), func(p string, e os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".pem") {
			data, err := os.ReadFile(p)
			require.NoError(t, err)
			require.NotContains(t, string(data), "PRIVATE KEY")
		}
		return err
	}))
}

func TestSlowLineIsSlow(t *testing.T) {
	l := &listener{limits: limits{rate: 64 << 10, latency: time.Millisecond}, conns: map[*conn]struct{}{}, done: make(chan struct{})}
	a, b := net.Pipe()
	c, err := l.adopt(a)
	require.NoError(t, err)
	go func() { _, _ = io.Copy(io.Discard, b) }()
	begin := time.Now()
	_, err = c.Write(make([]byte, 16<<10))
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(begin), 200*time.Millisecond, "16 KB at 64 KB/s last a quarter of a second")
	require.NoError(t, c.Close())
}
