package connect_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"guichet/services/connect"
	"guichet/services/connect/connecttest"
	"guichet/services/fault"
)

func TestHTTPTransport(t *testing.T) {
	ca := connecttest.NewCA(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/proto", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2<<20)) })
	mux.HandleFunc("/encoding", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Accept-Encoding"))
	})
	server := httptest.NewUnstartedServer(mux)
	server.TLS = serverConfig(ca.Leaf())
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	port, err := strconv.Atoi(u.Port())
	require.NoError(t, err)
	n := connect.New(connect.Params{Roots: ca.Pool()})
	get := func(o connect.HTTPOptions, path string) (string, error) {
		transport := n.HTTPTransport(o)
		defer transport.CloseIdleConnections()
		request, err := http.NewRequestWithContext(n.TraceFirstByte(t.Context(), "127.0.0.1", port), http.MethodGet, server.URL+path, nil)
		require.NoError(t, err)
		answer, err := transport.RoundTrip(request)
		if err != nil {
			return "", err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		return string(text), err
	}
	text, err := get(connect.HTTPOptions{}, "/proto")
	require.NoError(t, err)
	require.Equal(t, "HTTP/2.0", text)
	timings, ok := n.Timings("127.0.0.1", port)
	require.True(t, ok)
	require.True(t, timings.Secure)
	require.NotZero(t, timings.FirstByte)

	text, err = get(connect.HTTPOptions{OnlyHTTP1: true}, "/proto")
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1", text)
	text, err = get(connect.HTTPOptions{}, "/encoding")
	require.NoError(t, err)
	require.Empty(t, text)
	for _, only1 := range []bool{true, false} {
		transport := n.HTTPTransport(connect.HTTPOptions{OnlyHTTP1: only1, MaxConnsPerHost: 2})
		var many errgroup.Group
		for range 40 {
			many.Go(func() error {
				answer, err := (&http.Client{Transport: transport}).Get(server.URL + "/proto")
				if err != nil {
					return err
				}
				_, err = io.Copy(io.Discard, answer.Body)
				return errors.Join(err, answer.Body.Close())
			})
		}
		require.NoError(t, many.Wait())
		transport.CloseIdleConnections()
		_, err = get(connect.HTTPOptions{OnlyHTTP1: only1}, "/huge")
		require.Error(t, err)
	}
}

func TestHTTPTransportGivesUpOnSilence(t *testing.T) {
	port := connecttest.Listen(t, connecttest.Drain)
	client := http.Client{Transport: connect.New(connect.Params{}).HTTPTransport(connect.HTTPOptions{HeaderTimeout: 20 * time.Millisecond})}
	_, err := client.Get("http://127.0.0.1:" + strconv.Itoa(port))
	require.True(t, fault.Is(err, fault.Timeout), "%v", err)
}

func TestDeadlineConn(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b := net.Pipe()
			defer b.Close()
			d := connect.NewDeadlineConn(t.Context(), a, 10*time.Second)
			defer d.Close()
			for range 3 { // each read has its own deadline
				go func() { time.Sleep(8 * time.Second); _, _ = b.Write([]byte("x")) }()
				_, err := d.Read(make([]byte, 1))
				require.NoError(t, err)
			}
			start := time.Now()
			_, err := d.Read(make([]byte, 1))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.Equal(t, 10*time.Second, time.Since(start))
			_, err = d.Write([]byte("x"))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)

			d.SetIdle(0)
			require.NoError(t, d.SetDeadline(time.Now().Add(time.Second)))
			_, err = d.Read(make([]byte, 1))
			require.True(t, fault.Is(err, fault.Timeout))

			// A library that takes its deadline away does not take ours.
			d.SetIdle(3 * time.Second)
			require.NoError(t, d.SetDeadline(time.Time{}))
			start = time.Now()
			_, err = d.Read(make([]byte, 1))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.Equal(t, 3*time.Second, time.Since(start))
		})
	})
	t.Run("context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			a, b := net.Pipe()
			defer b.Close()
			d := connect.NewDeadlineConn(ctx, a, time.Hour)
			defer d.Close()
			go func() { time.Sleep(time.Minute); cancel() }()
			_, err := d.Read(make([]byte, 1))
			require.Equal(t, fault.Cancelled, asFault(t, err).Kind)
			_, err = d.Write([]byte("x"))
			require.True(t, fault.Is(err, fault.Cancelled))
		})
	})
	t.Run("close write", func(t *testing.T) {
		port := connecttest.Listen(t, func(c net.Conn) { connecttest.Drain(c); _, _ = c.Write([]byte("end")) })
		c, err := connect.New(connect.Params{}).Dial(t.Context(), "localhost", port)
		require.NoError(t, err)
		d := connect.NewDeadlineConn(t.Context(), c, time.Minute)
		defer d.Close()
		require.NoError(t, d.CloseWrite())
		text, err := io.ReadAll(d)
		require.NoError(t, err)
		require.Equal(t, "end", string(text))
	})
}

func TestSystemRootsPlus(t *testing.T) {
	ca := connecttest.NewCA(t)
	roots, err := connect.SystemRootsPlus(ca.File())
	require.NoError(t, err)
	port := connecttest.ListenTLS(t, serverConfig(ca.Leaf()), nil)
	c, err := connect.New(connect.Params{Roots: roots}).DialTLS(t.Context(), "localhost", port, connect.TLSOptions{MaxVersion: tls.VersionTLS12})
	require.NoError(t, err)
	require.NoError(t, c.Close())

	_, err = connect.SystemRootsPlus(ca.File() + ".missing")
	require.Equal(t, fault.NotFound, asFault(t, err).Kind)
	empty := ca.File() + ".empty"
	require.NoError(t, os.WriteFile(empty, []byte("no PEM"), 0o600))
	_, err = connect.SystemRootsPlus(empty)
	require.Equal(t, fault.Damaged, asFault(t, err).Kind)
}
