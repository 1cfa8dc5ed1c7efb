package httpcache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bench is a cache, a clock and a server whose answers are scripted.
type bench struct {
	t     *testing.T
	now   time.Time
	cache *Cache
	// answer makes the n-th response (from 1); asked are the requests so far.
	answer func(n int, r *http.Request) (*http.Response, error)
	asked  []*http.Request
}

func newBench(t *testing.T, p Params) *bench {
	b := &bench{t: t, now: noon}
	p.Path = filepath.Join(t.TempDir(), "cache.db")
	p.Now = func() time.Time { return b.now }
	var err error
	b.cache, err = Open(p)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.cache.Close()) })
	return b
}

func (b *bench) RoundTrip(r *http.Request) (*http.Response, error) {
	b.asked = append(b.asked, r)
	return b.answer(len(b.asked), r)
}

// response makes one from a status, lines of "Name: value" and a body.
func response(status int, body string, lines ...string) *http.Response {
	h := http.Header{}
	for _, l := range lines {
		k, v, _ := strings.Cut(l, ": ")
		h.Add(k, v)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

func (b *bench) get(o Options, url string, lines ...string) (string, Result) {
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, url, nil)
	require.NoError(b.t, err)
	for _, l := range lines {
		k, v, _ := strings.Cut(l, ": ")
		req.Header.Add(k, v)
	}
	resp, result, err := b.cache.Do(req, o, b)
	require.NoError(b.t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	require.NoError(b.t, resp.Body.Close())
	b.settle()
	return string(body), result
}

// settle waits until the writer has done what was handed to it.
func (b *bench) settle() {
	require.NoError(b.t, b.cache.db.Exec(context.Background(), "UPDATE total SET bytes = bytes"))
}

func date(d time.Duration) string { return noon.Add(d).Format(http.TimeFormat) }

// TestSecondRequest asks twice and looks at what came of the second request.
func TestSecondRequest(t *testing.T) {
	now := "Date: " + date(0)
	for _, c := range []struct {
		name     string
		response []string // lines of the first response
		status   int      // of it; 0: 200
		after    time.Duration
		first    []string // lines of the first request
		second   []string // lines of the second request
		mode     Mode
		want     Outcome
		asks     string // conditional header of the second request, if one is wanted
	}{
		{name: "max-age fresh", response: []string{now, "Cache-Control: max-age=60"}, after: 59 * time.Second, want: Hit},
		{name: "max-age over", response: []string{now, "Cache-Control: max-age=60"}, after: 61 * time.Second, want: Miss},
		{name: "max-age in another case and quoted", response: []string{now, `Cache-Control: Max-Age="60"`}, after: 30 * time.Second, want: Hit},
		{name: "max-age twice: the smaller", response: []string{now, "Cache-Control: max-age=600, max-age=10"}, after: 30 * time.Second, want: Miss},
		{name: "max-age not a number", response: []string{now, "Cache-Control: max-age=abc"}, after: time.Second, want: Miss},
		{name: "max-age negative", response: []string{now, "Cache-Control: max-age=-5", "Expires: " + date(time.Hour)}, after: time.Second, want: Miss},
		{name: "max-age enormous", response: []string{now, "Cache-Control: max-age=99999999999999999999"}, after: 24 * time.Hour, want: Hit},
		{name: "s-maxage is for shared caches", response: []string{now, "Cache-Control: max-age=60, s-maxage=1"}, after: 30 * time.Second, want: Hit},
		{name: "private is for us", response: []string{now, "Cache-Control: private, max-age=60"}, after: 30 * time.Second, want: Hit},
		{name: "unknown directive with a comma in quotes", response: []string{now, `Cache-Control: foo="a, no-store", max-age=60`}, after: 30 * time.Second, want: Hit},
		{name: "Age counts", response: []string{now, "Cache-Control: max-age=60", "Age: 50"}, after: 20 * time.Second, want: Miss},
		{name: "old Date counts", response: []string{"Date: " + date(-50*time.Second), "Cache-Control: max-age=60"}, after: 20 * time.Second, want: Miss},
		{name: "Expires ahead", response: []string{now, "Expires: " + date(time.Minute)}, after: 30 * time.Second, want: Hit},
		{name: "Expires over", response: []string{now, "Expires: " + date(time.Minute)}, after: 2 * time.Minute, want: Miss},
		{name: "Expires 0", response: []string{now, "Expires: 0"}, after: time.Second, want: Miss},
		{name: "Expires counts from Date", response: []string{"Date: " + date(time.Hour), "Expires: " + date(time.Hour+time.Minute)}, after: 30 * time.Second, want: Hit},
		{name: "max-age wins over Expires", response: []string{now, "Cache-Control: max-age=60", "Expires: " + date(-time.Hour)}, after: 30 * time.Second, want: Hit},
		{name: "heuristic", response: []string{now, "Last-Modified: " + date(-100*time.Minute)}, after: 9 * time.Minute, want: Hit},
		{name: "heuristic over", response: []string{now, "Last-Modified: " + date(-100*time.Minute)}, after: 11 * time.Minute, want: Validated, asks: "If-Modified-Since"},
		{name: "heuristic has an end", response: []string{now, "Last-Modified: " + date(-10*365*24*time.Hour)}, after: 8 * 24 * time.Hour, want: Validated, asks: "If-Modified-Since"},
		{name: "no heuristic for a 302", status: 302, response: []string{now, "Last-Modified: " + date(-100*time.Minute)}, after: time.Minute, want: Miss},
		{name: "302 that says so", status: 302, response: []string{now, "Location: /x", "Cache-Control: max-age=60"}, after: 30 * time.Second, want: Hit},
		{name: "301", status: 301, response: []string{now, "Location: /x", "Last-Modified: " + date(-100*time.Minute)}, after: time.Minute, want: Hit},
		{name: "404", status: 404, response: []string{now, "Cache-Control: max-age=60"}, after: 30 * time.Second, want: Hit},
		{name: "206 is not understood", status: 206, response: []string{now, "Cache-Control: max-age=60"}, want: Miss},
		{name: "unknown status", status: 299, response: []string{now, "Cache-Control: max-age=60"}, want: Miss},
		{name: "no-store", response: []string{now, "Cache-Control: no-store, max-age=60"}, after: time.Second, want: Miss},
		{name: "no-store with must-understand", response: []string{now, "Cache-Control: no-store, must-understand, max-age=60"}, after: time.Second, want: Hit},
		{name: "request no-store", response: []string{now, "Cache-Control: max-age=60"}, first: []string{"Cache-Control: no-store"}, after: time.Second, want: Miss},
		{name: "no-cache", response: []string{now, "Cache-Control: no-cache, max-age=60", `Etag: "a"`}, after: time.Second, want: Validated, asks: "If-None-Match"},
		{name: "Pragma of a 1.0 server", response: []string{now, "Pragma: no-cache", "Expires: " + date(time.Hour), `Etag: "a"`}, after: time.Second, want: Validated, asks: "If-None-Match"},
		{name: "Etag", response: []string{now, `Etag: "a"`}, after: time.Second, want: Validated, asks: "If-None-Match"},
		{name: "weak Etag", response: []string{now, `Etag: W/"a"`}, after: time.Second, want: Validated, asks: "If-None-Match"},
		{name: "request no-cache", response: []string{now, "Cache-Control: max-age=60", `Etag: "a"`}, second: []string{"Cache-Control: no-cache"}, after: time.Second, want: Validated, asks: "If-None-Match"},
		{name: "request max-age", response: []string{now, "Cache-Control: max-age=60", `Etag: "a"`}, second: []string{"Cache-Control: max-age=5"}, after: 10 * time.Second, want: Validated, asks: "If-None-Match"},
		{name: "request min-fresh", response: []string{now, "Cache-Control: max-age=60", `Etag: "a"`}, second: []string{"Cache-Control: min-fresh=30"}, after: 40 * time.Second, want: Validated, asks: "If-None-Match"},
		{name: "request max-stale", response: []string{now, "Cache-Control: max-age=60"}, second: []string{"Cache-Control: max-stale=30"}, after: 80 * time.Second, want: Hit},
		{name: "request max-stale over", response: []string{now, "Cache-Control: max-age=60"}, second: []string{"Cache-Control: max-stale=10"}, after: 80 * time.Second, want: Miss},
		{name: "request max-stale against must-revalidate", response: []string{now, "Cache-Control: max-age=60, must-revalidate"}, second: []string{"Cache-Control: max-stale"}, after: 80 * time.Second, want: Miss},
		{name: "reload", response: []string{now, "Cache-Control: max-age=60", `Etag: "a"`}, mode: Reload, after: time.Second, want: Validated, asks: "If-None-Match"},
		{name: "the way back", response: []string{now, "Cache-Control: no-cache"}, mode: Prefer, after: time.Hour, want: Hit},
		{name: "bypass", response: []string{now, "Cache-Control: max-age=60"}, mode: Bypass, want: Miss},
		{name: "range", response: []string{now, "Cache-Control: max-age=60"}, second: []string{"Range: bytes=1-"}, want: Miss},
		{name: "Vary same", response: []string{now, "Cache-Control: max-age=60", "Vary: Accept-Language"}, first: []string{"Accept-Language: en, fr"}, second: []string{"Accept-Language: en,  fr"}, want: Hit},
		{name: "Vary other", response: []string{now, "Cache-Control: max-age=60", "Vary: Accept-Language"}, first: []string{"Accept-Language: en"}, second: []string{"Accept-Language: fr"}, want: Miss},
		{name: "Vary absent", response: []string{now, "Cache-Control: max-age=60", "Vary: Accept-Language"}, second: []string{"Accept-Language: fr"}, want: Miss},
		{name: "Vary star", response: []string{now, "Cache-Control: max-age=60", "Vary: Accept, *"}, want: Miss},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, Params{})
			b.answer = func(n int, r *http.Request) (*http.Response, error) {
				if n > 1 && (r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != "") {
					return response(304, "", "Date: "+b.now.Format(http.TimeFormat)), nil
				}
				status := c.status
				if status == 0 {
					status = 200
				}
				return response(status, fmt.Sprint("body", n), c.response...), nil
			}
			body, result := b.get(Options{}, "https://a.example/x", c.first...)
			require.Equal(t, Miss, result.Outcome)
			require.Equal(t, "body1", body)

			b.now = b.now.Add(c.after)
			body, result = b.get(Options{Mode: c.mode}, "https://a.example/x#part", c.second...)
			require.Equal(t, c.want, result.Outcome)
			switch c.want {
			case Hit:
				require.Equal(t, "body1", body)
				require.Len(t, b.asked, 1)
			case Validated:
				require.Equal(t, "body1", body)
				require.Len(t, b.asked, 2)
				require.NotEmpty(t, b.asked[1].Header.Get(c.asks))
			case Miss:
				require.Equal(t, "body2", body)
				require.Len(t, b.asked, 2)
			}
		})
	}
}

func TestValidation(t *testing.T) {
	t.Run("a 304 renews the header, not what describes the bytes", func(t *testing.T) {
		b := newBench(t, Params{})
		b.answer = func(n int, r *http.Request) (*http.Response, error) {
			if n == 1 {
				return response(200, "body", "Date: "+date(0), `Etag: "a"`, "Content-Type: text/plain", "Cache-Control: max-age=1", "X-Test: old", "Set-Cookie: k=v"), nil
			}
			return response(304, "", "Date: "+b.now.Format(http.TimeFormat), `Etag: "a"`, "Content-Type: text/html", "Cache-Control: max-age=100", "X-Test: new"), nil
		}
		b.get(Options{}, "https://a.example/")
		b.now = b.now.Add(10 * time.Second)
		_, result := b.get(Options{}, "https://a.example/")
		require.Equal(t, Validated, result.Outcome)
		require.Equal(t, b.now, result.Stored)

		b.now = b.now.Add(50 * time.Second)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://a.example/", nil)
		require.NoError(t, err)
		resp, result, err := b.cache.Do(req, Options{}, b)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, Hit, result.Outcome)
		require.Equal(t, "new", resp.Header.Get("X-Test"))
		require.Equal(t, "text/plain", resp.Header.Get("Content-Type"))
		require.Equal(t, "50", resp.Header.Get("Age"))
		require.Empty(t, resp.Header.Get("Set-Cookie"))
	})
	t.Run("a 304 about another representation", func(t *testing.T) {
		b := newBench(t, Params{})
		b.answer = func(n int, r *http.Request) (*http.Response, error) {
			if r.Header.Get("If-None-Match") != "" {
				return response(304, "", `Etag: "other"`), nil
			}
			return response(200, fmt.Sprint("body", n), "Date: "+date(0), `Etag: "a"`), nil
		}
		b.get(Options{}, "https://a.example/")
		body, _ := b.get(Options{}, "https://a.example/")
		require.Equal(t, "body3", body)
	})
	t.Run("a new body replaces the old one", func(t *testing.T) {
		b := newBench(t, Params{})
		b.answer = func(n int, _ *http.Request) (*http.Response, error) {
			return response(200, fmt.Sprint("body", n), "Date: "+b.now.Format(http.TimeFormat), fmt.Sprintf(`Etag: "%d"`, n), "Cache-Control: max-age=10"), nil
		}
		b.get(Options{}, "https://a.example/")
		b.now = b.now.Add(time.Minute)
		b.get(Options{}, "https://a.example/")
		body, result := b.get(Options{}, "https://a.example/")
		require.Equal(t, Hit, result.Outcome)
		require.Equal(t, "body2", body)
	})
}

func TestStale(t *testing.T) {
	offline := fault.Newf(fault.Offline, "connect", "a.example", "no network")
	for _, c := range []struct {
		name     string
		response []string
		answer   func() (*http.Response, error)
		after    time.Duration
		stale    bool
	}{
		{"no network", nil, func() (*http.Response, error) { return nil, offline }, time.Hour, true},
		{"no network, must-revalidate", []string{"Cache-Control: max-age=1, must-revalidate"}, func() (*http.Response, error) { return nil, offline }, time.Hour, false},
		{"no network, no-cache", []string{"Cache-Control: no-cache"}, func() (*http.Response, error) { return nil, offline }, time.Hour, false},
		{"a bad certificate is no absence", nil, func() (*http.Response, error) { return nil, fault.Newf(fault.Certificate, "tls", "a.example", "x") }, time.Hour, false},
		{"server error", []string{"Cache-Control: max-age=1"}, func() (*http.Response, error) { return response(503, "busy"), nil }, time.Minute, false},
		{"server error, stale-if-error", []string{"Cache-Control: max-age=1, stale-if-error=100"}, func() (*http.Response, error) { return response(503, "busy"), nil }, time.Minute, true},
		{"server error, stale-if-error over", []string{"Cache-Control: max-age=1, stale-if-error=10"}, func() (*http.Response, error) { return response(503, "busy"), nil }, time.Minute, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, Params{})
			b.answer = func(n int, _ *http.Request) (*http.Response, error) {
				if n == 1 {
					return response(200, "old", append(c.response, "Date: "+date(0))...), nil
				}
				return c.answer()
			}
			b.get(Options{}, "https://a.example/")
			b.now = b.now.Add(c.after)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://a.example/", nil)
			require.NoError(t, err)
			resp, result, err := b.cache.Do(req, Options{}, b)
			if c.stale {
				require.NoError(t, err)
				require.Equal(t, Stale, result.Outcome)
				require.Error(t, result.Err)
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.Equal(t, "old", string(body))
				return
			}
			require.NotEqual(t, Stale, result.Outcome)
			if err == nil {
				require.NoError(t, resp.Body.Close())
				require.Equal(t, 503, resp.StatusCode)
			}
		})
	}
}

func TestUnsafeMethodsInvalidate(t *testing.T) {
	for _, c := range []struct {
		name, method string
		status       int
		lines        []string
		forgets      []string
	}{
		{"POST", "POST", 200, nil, []string{"/x"}},
		{"DELETE", "DELETE", 204, nil, []string{"/x"}},
		{"POST with Location", "POST", 303, []string{"Location: /y"}, []string{"/x", "/y"}},
		{"Content-Location elsewhere", "POST", 200, []string{"Content-Location: https://b.example/y"}, []string{"/x"}},
		{"refused POST", "POST", 403, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, Params{})
			b.answer = func(_ int, r *http.Request) (*http.Response, error) {
				if r.Method != http.MethodGet {
					return response(c.status, "", c.lines...), nil
				}
				return response(200, "body", "Date: "+date(0), "Cache-Control: max-age=60"), nil
			}
			for _, p := range []string{"/x", "/y"} {
				b.get(Options{}, "https://a.example"+p)
			}
			req, err := http.NewRequestWithContext(t.Context(), c.method, "https://a.example/x", nil)
			require.NoError(t, err)
			resp, _, err := b.cache.Do(req, Options{}, b)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			b.settle()
			for _, p := range []string{"/x", "/y"} {
				_, result := b.get(Options{}, "https://a.example"+p)
				want := Hit
				for _, f := range c.forgets {
					if f == p {
						want = Miss
					}
				}
				require.Equal(t, want, result.Outcome, p)
			}
		})
	}
}

func TestWhatIsNotWholeIsNotStored(t *testing.T) {
	b := newBench(t, Params{MaxEntry: 10})
	cut := errors.New("cut")
	b.answer = func(n int, r *http.Request) (*http.Response, error) {
		resp := response(200, "12345", "Date: "+date(0), "Cache-Control: max-age=60")
		switch r.URL.Path {
		case "/cut":
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("12"), failing{cut}))
		case "/short":
			resp.ContentLength = 10
		case "/long":
			resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", 11))), -1
		}
		return resp, nil
	}
	for _, path := range []string{"/cut", "/short", "/long", "/unread"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://a.example"+path, nil)
		require.NoError(t, err)
		for range 2 {
			resp, result, err := b.cache.Do(req, Options{}, b)
			require.NoError(t, err)
			require.Equal(t, Miss, result.Outcome, path)
			if path != "/unread" {
				_, err = io.ReadAll(resp.Body)
				require.Equal(t, path == "/cut", errors.Is(err, cut))
			}
			require.NoError(t, resp.Body.Close())
			b.settle()
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestPartitions(t *testing.T) {
	b := newBench(t, Params{})
	b.answer = func(int, *http.Request) (*http.Response, error) {
		return response(200, "body", "Date: "+date(0), "Cache-Control: max-age=60"), nil
	}
	b.get(Options{Partition: "a.example"}, "https://cdn.example/x.png")
	_, result := b.get(Options{Partition: "b.example"}, "https://cdn.example/x.png")
	require.Equal(t, Miss, result.Outcome)
	_, result = b.get(Options{Partition: "a.example"}, "https://cdn.example/x.png")
	require.Equal(t, Hit, result.Outcome)
}

func TestRoomIsMade(t *testing.T) {
	b := newBench(t, Params{Limit: 100_000, MaxEntry: 50_000})
	b.answer = func(_ int, r *http.Request) (*http.Response, error) {
		return response(200, strings.Repeat("x", 9_000), "Date: "+date(0), "Cache-Control: max-age=6000"), nil
	}
	for i := range 30 {
		b.now = b.now.Add(time.Second)
		b.get(Options{}, fmt.Sprintf("https://a.example/%d", i))
		b.get(Options{}, "https://a.example/0") // stays in use
		total, err := b.cache.Bytes(t.Context())
		require.NoError(t, err)
		require.LessOrEqual(t, total, int64(100_000))
	}
	_, result := b.get(Options{}, "https://a.example/0")
	require.Equal(t, Hit, result.Outcome, "used lately")
	_, result = b.get(Options{}, "https://a.example/29")
	require.Equal(t, Hit, result.Outcome, "new")
	_, result = b.get(Options{}, "https://a.example/1")
	require.Equal(t, Miss, result.Outcome, "long unused")
	require.NoError(t, b.cache.Clear(t.Context()))
	total, err := b.cache.Bytes(t.Context())
	require.NoError(t, err)
	require.Zero(t, total)
}

func FuzzDirectives(f *testing.F) {
	f.Add(`max-age=60, no-cache="Set-Cookie, X"`)
	f.Add(`a="\",max-age=1`)
	f.Fuzz(func(t *testing.T, line string) {
		h := http.Header{"Cache-Control": {line}}
		if lifetime(200, h, noon) < 0 {
			t.Fatal("negative lifetime")
		}
	})
}

func TestAnAnswerToHangingUpIsNotStored(t *testing.T) {
	b := newBench(t, Params{})
	b.answer = func(int, *http.Request) (*http.Response, error) {
		r := response(200, "half", "Date: "+date(0), "Cache-Control: max-age=600")
		r.ContentLength = -1
		return r, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://a.example/", nil)
	require.NoError(t, err)
	resp, _, err := b.cache.Do(req, Options{}, b)
	require.NoError(t, err)
	cancel()
	_, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	b.settle()
	_, result := b.get(Options{}, "https://a.example/")
	require.Equal(t, Miss, result.Outcome)
	_, result = b.get(Options{}, "https://a.example/")
	require.Equal(t, Hit, result.Outcome, "a whole one is")
}
