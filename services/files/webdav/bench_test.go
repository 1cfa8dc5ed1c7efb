package webdav

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// real dials the server of the benchmarks: GUICHET_BENCH_DAV is its address with
// a user, GUICHET_BENCH_PASSWORD and GUICHET_BENCH_CA (a PEM file) the rest.
func real(b testing.TB) *FS {
	b.Helper()
	address := os.Getenv("GUICHET_BENCH_DAV")
	if address == "" {
		b.Skip("no server named in GUICHET_BENCH_DAV")
	}
	site, err := files.ParseURL(address)
	require.NoError(b, err)
	site.AllowClear = true
	roots, err := connect.SystemRootsPlus(os.Getenv("GUICHET_BENCH_CA"))
	require.NoError(b, err)
	f, err := Dial(b.Context(), Params{
		Network: connect.New(connect.Params{Roots: roots}), Site: site,
		Password: func(context.Context) (string, error) { return os.Getenv("GUICHET_BENCH_PASSWORD"), nil },
	})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, f.Close()) })
	return f
}

// BenchmarkSmallFiles sends and fetches files of 4 KiB over 8 connections; the
// names in the way of the first are none.
func BenchmarkSmallFiles(b *testing.B) {
	f := real(b)
	data := vfstest.Bytes(4 << 10)
	dir := f.p.Site.Path.Join("bench-" + files.RandomSuffix())
	require.NoError(b, f.Mkdir(b.Context(), dir))
	b.Cleanup(func() { require.NoError(b, vfstest.RemoveAll(context.Background(), f, dir)) })
	names := make([]files.Path, 2000)
	for i := range names {
		names[i] = dir.Join(fmt.Sprintf("f%05d", i))
	}
	each := func(work func(p files.Path) error) {
		var g errgroup.Group
		g.SetLimit(conns)
		for _, p := range names {
			g.Go(func() error { return work(p) })
		}
		require.NoError(b, g.Wait())
	}
	b.Run("Up", func(b *testing.B) {
		for b.Loop() {
			each(func(p files.Path) error {
				w, err := f.Write(b.Context(), dir.Join("."+p.Base()+".part"), files.WriteOptions{Size: int64(len(data))})
				if err != nil {
					return err
				}
				if _, err := w.Write(data); err != nil {
					return err
				}
				err = w.(files.Finisher).CommitAs(b.Context(), p, false)
				if fault.Is(err, fault.Exists) {
					return f.delete(b.Context(), dir.Join("."+p.Base()+".part"))
				}
				return err
			})
		}
		b.ReportMetric(float64(b.N*len(names))/b.Elapsed().Seconds(), "files/s")
	})
	b.Run("Down", func(b *testing.B) {
		for b.Loop() {
			each(func(p files.Path) error {
				got, err := vfstest.Get(b.Context(), f, p, 0)
				if err == nil && !bytes.Equal(got, data) {
					return fmt.Errorf("%s differs", p)
				}
				return err
			})
		}
		b.ReportMetric(float64(b.N*len(names))/b.Elapsed().Seconds(), "files/s")
	})
}

// BenchmarkLargeFile moves 1 GiB each way.
func BenchmarkLargeFile(b *testing.B) {
	f := real(b)
	const size = 1 << 30
	block := vfstest.Bytes(256 << 10)
	p := f.p.Site.Path.Join("bench-" + files.RandomSuffix())
	b.Cleanup(func() { _ = f.Remove(context.Background(), p) })
	b.Run("Up", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			w, err := f.Write(b.Context(), p, files.WriteOptions{Size: size})
			require.NoError(b, err)
			for range size / len(block) {
				_, err := w.Write(block)
				require.NoError(b, err)
			}
			require.NoError(b, w.Commit(b.Context()))
		}
	})
	b.Run("Down", func(b *testing.B) {
		b.SetBytes(size)
		buf := make([]byte, 256<<10)
		for b.Loop() {
			r, err := f.Read(b.Context(), p, 0)
			require.NoError(b, err)
			n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, buf)
			require.NoError(b, err)
			require.EqualValues(b, size, n)
			require.NoError(b, r.Close())
		}
	})
}

// BenchmarkListing reads an answer about 100,000 files.
func BenchmarkListing(b *testing.B) {
	var text strings.Builder
	text.WriteString(`<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:" xmlns:ns0="DAV:">`)
	for i := range 100_000 {
		fmt.Fprintf(&text, `<D:response xmlns:lp1="DAV:"><D:href>/basic/many/file%%20%06d.jpg</D:href><D:propstat><D:prop><lp1:resourcetype/>`+
			`<lp1:getcontentlength>4096</lp1:getcontentlength><lp1:getlastmodified>Sun, 22 Nov 2026 16:00:00 GMT</lp1:getlastmodified>`+
			`<lp1:getetag>"1000-6%06d"</lp1:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`, i, i)
	}
	text.WriteString(`</D:multistatus>`)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		err := parseMultistatus(strings.NewReader(text.String()), func(r *resource) error {
			p, err := segments(r.href)
			if err == nil {
				_ = r.entry(p.Base())
				n++
			}
			return err
		})
		require.NoError(b, err)
		require.Equal(b, 100_000, n)
	}
}
