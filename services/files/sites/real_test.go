//go:build realservers

package sites

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/transfer"
	"guichet/services/files/vfstest"
)

// endpoint is one line of what the script that starts the servers prints:
// name, address, password, CA file, refused names (quoted, by commas).
type endpoint struct {
	name, url, password, ca string
}

// servers starts vsftpd, ProFTPD, Pure-FTPd, OpenSSH and Apache, or those of
// another group; or takes those of the script named by GUICHET_REAL_SERVERS.
func servers(t *testing.T, group string) []endpoint {
	t.Helper()
	script := os.Getenv("GUICHET_REAL_SERVERS")
	if script == "" {
		script = "testdata/realservers.sh"
	}
	dir := t.TempDir()
	cmd := exec.Command(script, dir, group)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe() // the servers end with it
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, in.Close())
		require.NoError(t, cmd.Wait())
	})
	var all []endpoint
	lines := bufio.NewScanner(out)
	ready := false
	for lines.Scan() {
		if ready = lines.Text() == "ready"; ready {
			break
		}
		f := strings.Split(lines.Text(), "\t")
		require.Len(t, f, 4, "%q", lines.Text())
		all = append(all, endpoint{f[0], f[1], f[2], f[3]})
	}
	require.True(t, ready, "the servers did not start")
	return all
}

// network trusts the servers' authority and, once it has seen it, their SSH
// key.
func (e endpoint) network(t *testing.T) *connect.Network {
	t.Helper()
	roots, err := connect.SystemRootsPlus(e.ca)
	require.NoError(t, err)
	trust := connect.NewTrust()
	n := connect.New(connect.Params{Roots: roots, Trust: trust})
	site, err := files.ParseURL(e.url)
	require.NoError(t, err)
	if site.Protocol == files.ProtocolSFTP {
		_, err := NewDialer(Params{Network: n, Password: &e.password}).Dial(t.Context(), site)
		var f *fault.Fault
		require.ErrorAs(t, err, &f)
		question, ok := f.Question.(*connect.HostKeyQuestion)
		require.True(t, ok, "%v", err)
		require.NoError(t, trust.TrustHostKey(question))
	}
	return n
}

func (e endpoint) open(t *testing.T, n *connect.Network) (files.FS, files.Site) {
	t.Helper()
	site, err := files.ParseURL(e.url)
	require.NoError(t, err)
	site.AllowClear = true
	var f files.FS
	for range 3 {
		if f, err = NewDialer(Params{Network: n, Password: &e.password}).Dial(t.Context(), site); err == nil || !fault.KindOf(err).Transient() {
			break
		}
		time.Sleep(time.Second)
	}
	require.NoError(t, err)
	return f, site
}

func TestRealServers(t *testing.T) {
	for _, e := range servers(t, "usual") {
		t.Run(e.name, func(t *testing.T) {
			n := e.network(t)
			o := vfstest.Options{Slow: true}
			site, err := files.ParseURL(e.url)
			require.NoError(t, err)
			o.Base = site.Path
			switch site.Protocol {
			case files.ProtocolDAV, files.ProtocolDAVS:
				o.NoResume, o.NoSetTime, o.NoChmod = true, true, true
			case files.ProtocolFTP, files.ProtocolFTPS, files.ProtocolFTPES:
				o.Refused = []string{"tab\there", "new\nline"}
				switch {
				case strings.HasPrefix(e.name, "pure-ftpd"):
					o.Refused = append(o.Refused, `back\slash`, "trail ") // the second becomes "trail_"
				case strings.HasPrefix(e.name, "proftpd"):
					o.RefusedFolders = []string{"star*"}
				}
			}
			vfstest.Run(t, func(t *testing.T) files.FS { f, _ := e.open(t, n); return f }, o)
			t.Run("Operations", func(t *testing.T) { operations(t, e, n) })
		})
	}
}

// operations is the matrix that broke FTPS clients: many transfers in a row,
// empty ones, continued ones, a big one.
func operations(t *testing.T, e endpoint, n *connect.Network) {
	f, site := e.open(t, n)
	defer f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	base := site.Path.Join("ops-" + files.RandomSuffix())
	require.NoError(t, f.Mkdir(ctx, base))
	defer func() {
		require.NoError(t, vfstest.RemoveAll(ctx, f, base))
	}()
	small := vfstest.Bytes(20_000)
	for i := range 5 {
		_, _, err := vfstest.List(ctx, f, base)
		require.NoError(t, err)
		p := base.Join(string(rune('a' + i)))
		require.NoError(t, vfstest.Put(ctx, f, p, small, files.WriteOptions{}))
		got, err := vfstest.Get(ctx, f, p, 0)
		require.NoError(t, err)
		require.True(t, bytes.Equal(small, got))
	}
	require.NoError(t, vfstest.Put(ctx, f, base.Join("empty"), nil, files.WriteOptions{}))
	dir := t.TempDir()
	here, err := local.New(dir, local.Options{Confined: true})
	require.NoError(t, err)
	big := vfstest.Bytes(20 << 20)
	require.NoError(t, os.WriteFile(dir+"/big", big, 0o600))
	_, err = transfer.Copy(ctx, here, files.Path{"big"}, f, base.Join("big"), transfer.Options{})
	require.NoError(t, err)
	_, err = transfer.Copy(ctx, f, base.Join("big"), here, files.Path{"back"}, transfer.Options{})
	require.NoError(t, err)
	back, err := os.ReadFile(dir + "/back")
	require.NoError(t, err)
	require.True(t, bytes.Equal(big, back))

	// Broken off and continued, both ways.
	for _, up := range []bool{true, false} {
		cctx, stop := context.WithCancel(ctx)
		halfway := func(done, _ int64) {
			if done > 8<<20 {
				stop()
			}
		}
		src, from, dst, to := files.FS(here), files.Path{"big"}, f, base.Join("again")
		if !up {
			src, from, dst, to = f, base.Join("big"), files.FS(here), files.Path{"again"}
		}
		_, err = transfer.Copy(cctx, src, from, dst, to, transfer.Options{Resume: true, Progress: halfway})
		stop()
		if err == nil {
			continue // it was quicker
		}
		require.True(t, fault.Is(err, fault.Cancelled), "%v", err)
		r, err := transfer.Copy(ctx, src, from, dst, to, transfer.Options{Resume: true})
		require.NoError(t, err)
		t.Log("continued at", r.Resumed, "verified by", r.Verified)
		got, err := vfstest.Get(ctx, dst, to, 0)
		require.NoError(t, err)
		require.True(t, bytes.Equal(big, got))
	}
	require.NoError(t, errors.Join(here.Close()))
}
