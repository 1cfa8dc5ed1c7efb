//go:build realservers

package sites

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// TestTrickyServers speaks to the three FTP servers with the settings that
// break clients.
func TestTrickyServers(t *testing.T) {
	for _, e := range servers(t, "tricky") {
		t.Run(e.name, func(t *testing.T) {
			n := e.network(t)
			site, err := files.ParseURL(e.url)
			require.NoError(t, err)
			site.AllowClear = true
			site.Active = e.name == "vsftpd-active"
			if e.name == "proftpd-latin1" {
				site.Charset = "ISO-8859-1"
			}
			f, err := dialSite(t, e, n, site)
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			defer func() {
				if t.Failed() {
					t.Log(f.(files.Connected).Transcript())
				}
			}()
			base := files.Path{"tricky-" + files.RandomSuffix()}
			require.NoError(t, f.Mkdir(ctx, base))
			everyday(ctx, t, e, f, base)
			manyAtOnce(ctx, t, f, base)
			if e.name != "pure-ftpd-keep" {
				require.NoError(t, vfstest.RemoveAll(ctx, f, base))
			}
			require.NoError(t, f.Close())
		})
	}
}

func dialSite(t *testing.T, e endpoint, n *connect.Network, site files.Site) (files.FS, error) {
	return NewDialer(Params{Network: n, Password: &e.password, MaxConns: 6}).Dial(t.Context(), site)
}

// everyday is what a person does, and what may be refused where.
func everyday(ctx context.Context, t *testing.T, e endpoint, f files.FS, base files.Path) {
	old, data := vfstest.Bytes(5000), vfstest.Bytes(3_000_000)
	p, part := base.Join("file"), base.Join(".file.part")
	when := time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)
	place := func(data []byte, replace bool) error {
		w, err := f.Write(ctx, part, files.WriteOptions{Size: int64(len(data)), ModTime: when})
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			_ = w.Abort(true)
			return err
		}
		return w.(files.Finisher).CommitAs(ctx, p, replace)
	}
	err := place(old, false)
	if e.name == "pure-ftpd-norename" {
		require.True(t, fault.Is(err, fault.Permission), "%v", err)
		err = vfstest.Put(ctx, f, p, old, files.WriteOptions{ModTime: when})
	}
	require.NoError(t, err)
	if err = place(data, true); err != nil {
		require.NotEmpty(t, fault.KindOf(err))
		got, gerr := vfstest.Get(ctx, f, p, 0)
		require.NoError(t, gerr)
		require.True(t, bytes.Equal(old, got), "a failed replace leaves the original: %v", err)
		t.Log("no replace:", err)
		data = old
	}
	for _, at := range []int64{0, 1, int64(len(data)) - 1} {
		got, err := vfstest.Get(ctx, f, p, at)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data[at:], got))
	}
	all, report, err := vfstest.List(ctx, f, base)
	require.NoError(t, err)
	require.Zero(t, report.Unread)
	for _, entry := range all {
		if entry.Name == "file" {
			require.EqualValues(t, len(data), entry.Size)
			if caps, err := f.Caps(ctx); err != nil || !caps.SetTime {
				when = time.Now()
			}
			require.WithinDuration(t, when, entry.ModTime, entry.Precise+time.Minute, "the time zone")
		}
	}

	// Broken off and continued, where it can be.
	q := base.Join("again")
	require.NoError(t, vfstest.Put(ctx, f, q, data[:1000], files.WriteOptions{}))
	err = vfstest.Put(ctx, f, q, data[1000:], files.WriteOptions{Offset: 1000})
	if strings.Contains(e.name, "norestart") || strings.Contains(e.name, "hidden") {
		require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
		err = vfstest.Put(ctx, f, q, data, files.WriteOptions{})
	}
	if e.name == "pure-ftpd-autorename" && err != nil {
		t.Log("no second upload:", err)
	} else {
		require.NoError(t, err)
		got, err := vfstest.Get(ctx, f, q, 0)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got))
	}

	name := files.ImportName(f, "été à Nîmes.txt")
	require.NoError(t, vfstest.Put(ctx, f, base.Join(name), []byte("x"), files.WriteOptions{}))
	all, _, err = vfstest.List(ctx, f, base)
	require.NoError(t, err)
	var shown []string
	for _, entry := range all {
		shown = append(shown, entry.Display)
	}
	require.Contains(t, shown, "été à Nîmes.txt")

	if e.name == "vsftpd-idle" {
		time.Sleep(12 * time.Second) // it has thrown us out by then
		_, err := f.Stat(ctx, p)
		require.NoError(t, err)
	}
	if e.name == "pure-ftpd-keep" {
		err := f.Remove(ctx, p)
		require.True(t, fault.Is(err, fault.Permission), "%v", err)
	}
}

// manyAtOnce asks for more than the server grants.
func manyAtOnce(ctx context.Context, t *testing.T, f files.FS, base files.Path) {
	var g errgroup.Group
	for i := range 12 {
		g.Go(func() error {
			p, data := base.Join(fmt.Sprint("p", i)), vfstest.Bytes(30_000+i)
			var err error
			for try := range 5 {
				if err = vfstest.Put(ctx, f, p, data, files.WriteOptions{}); !fault.Is(err, fault.Busy) {
					break
				}
				time.Sleep(time.Duration(try) * 200 * time.Millisecond)
			}
			if err != nil {
				return fmt.Errorf("put %d: %w", i, err)
			}
			got, err := vfstest.Get(ctx, f, p, 0)
			if err == nil && !bytes.Equal(data, got) {
				err = os.ErrInvalid
			}
			return err
		})
	}
	require.NoError(t, g.Wait())
}
