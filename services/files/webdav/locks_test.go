package webdav

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// lockingServer has locks as Apache has them: a locked name may be changed by
// requests with its token only, and the lock goes with the file when it is
// moved.
type lockingServer struct {
	mu      sync.Mutex
	locked  map[string]string // path to token
	foreign bool              // all locks are somebody else's
	log     []string
}

func (l *lockingServer) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.log = append(l.log, r.Method)
		token := l.locked[r.URL.Path]
		mayChange := token == "" || strings.Contains(r.Header.Get("If"), token)
		switch r.Method {
		case "LOCK":
			if token != "" || l.foreign {
				w.WriteHeader(http.StatusLocked)
				return
			}
			token = "<opaquelocktoken:42>"
			l.locked[r.URL.Path] = token
			w.Header().Set("Lock-Token", token)
			return
		case "UNLOCK":
			if l.locked[r.URL.Path] != r.Header.Get("Lock-Token") {
				w.WriteHeader(http.StatusConflict)
				return
			}
			delete(l.locked, r.URL.Path)
			w.WriteHeader(http.StatusNoContent)
			return
		case "PROPFIND":
			if body := peek(r); strings.Contains(body, "lockdiscovery") {
				w.WriteHeader(http.StatusMultiStatus)
				_, _ = w.Write([]byte(`<multistatus xmlns="DAV:"><response><href>x</href><propstat><prop><lockdiscovery><activelock><owner><href>mailto:bea@club.example</href></owner></activelock></lockdiscovery></prop></propstat></response></multistatus>`))
				return
			}
		case "MOVE", http.MethodPut, http.MethodDelete:
			to, err := url.Parse(r.Header.Get("Destination"))
			if err == nil && l.locked[to.Path] != "" && !strings.Contains(r.Header.Get("If"), l.locked[to.Path]) {
				mayChange = false
			}
			if !mayChange {
				w.WriteHeader(http.StatusLocked)
				return
			}
			r.Header.Del("If") // read by now; the library has locks of its own
			delete(l.locked, r.URL.Path)
		}
		h.ServeHTTP(w, r)
	})
}

// peek reads a request's body and puts it back.
func peek(r *http.Request) string {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return ""
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return string(b)
}

func TestReplaceUnderLock(t *testing.T) {
	l := &lockingServer{locked: map[string]string{}}
	f, err := dial(t, t.TempDir(), l.wrap)
	require.NoError(t, err)
	require.True(t, f.locks)
	part, to := files.Path{"part"}, files.Path{"final"}
	put := func(p files.Path, text string) {
		require.NoError(t, vfstest.Put(t.Context(), f, p, []byte(text), files.WriteOptions{}))
	}
	is := func(p files.Path, want string) {
		t.Helper()
		got, err := vfstest.Get(t.Context(), f, p, 0)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	put(part, "new")
	put(to, "old")
	require.NoError(t, f.Rename(t.Context(), part, to, true))
	is(to, "new")
	require.Empty(t, l.locked, "given back")
	require.Contains(t, l.log, "LOCK")

	// Somebody else is working on it.
	put(part, "newer")
	l.foreign = true
	err = f.Rename(t.Context(), part, to, true)
	var fa *fault.Fault
	require.ErrorAs(t, err, &fa)
	require.Equal(t, fault.Busy, fa.Kind)
	require.Contains(t, fa.Said, "bea@club.example")
	is(to, "new")
	l.foreign = false

	// It was changed since somebody decided to replace it.
	e, err := f.Stat(t.Context(), to)
	require.NoError(t, err)
	require.NotEmpty(t, e.ID)
	put(to, "changed meanwhile")
	err = f.ReplaceIf(t.Context(), part, to, e.ID)
	require.True(t, fault.Is(err, fault.Exists), "%v", err)
	is(to, "changed meanwhile")
	require.Empty(t, l.locked)
	e, err = f.Stat(t.Context(), to)
	require.NoError(t, err)
	require.NoError(t, f.ReplaceIf(t.Context(), part, to, e.ID))
	is(to, "newer")
	require.True(t, fault.Is(f.ReplaceIf(t.Context(), to, files.Path{"gone"}, "x"), fault.NotFound))
	all, _, err := vfstest.List(t.Context(), f, nil)
	require.NoError(t, err)
	require.Len(t, all, 1, "nothing set aside is left")
}

func TestLockOwner(t *testing.T) {
	for text, want := range map[string]string{
		`<prop xmlns="DAV:"><lockdiscovery><activelock><owner>Bea  Example</owner></activelock></lockdiscovery></prop>`: "Bea Example",
		`<a xmlns:d="DAV:"><d:owner><d:href>http://x/</d:href><n>B</n></d:owner></a>`:                                   "http://x/ B",
		`<a/>`: "", `<owner>x</owner>`: "", `<d:owner xmlns:d="DAV:">cut`: "",
	} {
		require.Equal(t, want, ownerOf(strings.NewReader(text)), text)
	}
}

// A proxy that rewrites the host's name makes the server believe that the
// Destination is another server.
func TestDestinationBehindProxy(t *testing.T) {
	for name, good := range map[string]func(destination string) bool{
		"tls ends at the proxy": func(d string) bool { return strings.HasPrefix(d, "http://") },
		"path only":             func(d string) bool { return strings.HasPrefix(d, "/") },
	} {
		t.Run(name, func(t *testing.T) {
			refused := 0
			f, err := dial(t, t.TempDir(), func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					d := r.Header.Get("Destination")
					if d != "" && !good(d) {
						refused++
						w.WriteHeader(http.StatusBadGateway)
						return
					}
					u, err := url.Parse(d)
					if d != "" && err == nil {
						r.Header.Set("Destination", "https://"+r.Host+u.EscapedPath())
					}
					h.ServeHTTP(w, r)
				})
			})
			require.NoError(t, err)
			a, b := files.Path{"a b"}, files.Path{"b%c"}
			require.NoError(t, vfstest.Put(t.Context(), f, a, []byte("x"), files.WriteOptions{}))
			require.NoError(t, f.Rename(t.Context(), a, b, false))
			n := refused
			require.NotZero(t, n)
			require.NoError(t, f.Copy(t.Context(), b, a, false))
			require.Equal(t, n, refused, "remembered")
			require.True(t, fault.Is(f.Rename(t.Context(), a, b, false), fault.Exists))
		})
	}
}

func TestCopy(t *testing.T) {
	f, err := dial(t, t.TempDir(), nil)
	require.NoError(t, err)
	require.NoError(t, f.Mkdir(t.Context(), files.Path{"d"}))
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"d", "x"}, []byte("x"), files.WriteOptions{}))
	require.NoError(t, f.Copy(t.Context(), files.Path{"d"}, files.Path{"e"}, false))
	require.True(t, fault.Is(f.Copy(t.Context(), files.Path{"d"}, files.Path{"e"}, false), fault.Exists))
	require.True(t, fault.Is(f.Copy(t.Context(), files.Path{"d"}, files.Path{"d", "in"}, false), fault.Unsupported))
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"y"}, []byte("y"), files.WriteOptions{}))
	require.NoError(t, f.Copy(t.Context(), files.Path{"y"}, files.Path{"e", "x"}, true))
	got, err := vfstest.Get(t.Context(), f, files.Path{"e", "x"}, 0)
	require.NoError(t, err)
	require.Equal(t, "y", string(got))
	all, _, err := vfstest.List(t.Context(), f, files.Path{"e"})
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.True(t, fault.Is(f.Copy(t.Context(), files.Path{"nobody"}, files.Path{"z"}, false), fault.NotFound))
}

func TestStatuses(t *testing.T) {
	code := 0
	header := http.Header{}
	body := ""
	f, err := dial(t, t.TempDir(), func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if code == 0 {
				h.ServeHTTP(w, r)
				return
			}
			for k, v := range header {
				w.Header()[k] = v
			}
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		})
	})
	require.NoError(t, err)
	for status, kind := range map[int]fault.Kind{
		403: fault.Permission, 404: fault.NotFound, 409: fault.NotFound, 410: fault.NotFound, 411: fault.Unsupported, 412: fault.Exists,
		413: fault.TooBig, 423: fault.Busy, 429: fault.Busy, 500: fault.Protocol, 501: fault.Unsupported, 503: fault.Busy, 504: fault.Timeout,
		507: fault.Full,
	} {
		code = status
		err := vfstest.Put(t.Context(), f, files.Path{"x"}, []byte("x"), files.WriteOptions{})
		require.True(t, fault.Is(err, kind), "%d: %v", status, err)
		err = vfstest.Put(t.Context(), f, files.Path{"x"}, make([]byte, small+1), files.WriteOptions{})
		require.True(t, fault.Is(err, kind), "%d, a large file: %v", status, err)
	}
	code = http.StatusServiceUnavailable
	header = http.Header{"Retry-After": {"30"}, "Content-Type": {"application/xml; charset=utf-8"}}
	body = `<?xml version="1.0"?><d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"><s:exception>X</s:exception><s:message>System is in maintenance mode.</s:message></d:error>`
	_, err = f.Stat(t.Context(), files.Path{"x"})
	var fa *fault.Fault
	require.ErrorAs(t, err, &fa)
	require.EqualValues(t, 30e9, fa.After)
	require.Contains(t, fa.Said, "maintenance mode")
}

func TestContentRange(t *testing.T) {
	for text, want := range map[string][3]int64{
		"bytes 0-9/100": {0, 9, 100}, "bytes 5-5/*": {5, 5, -1},
	} {
		first, last, total, ok := contentRange(text)
		require.True(t, ok, text)
		require.Equal(t, want, [3]int64{first, last, total})
	}
	for _, text := range []string{"", "bytes", "bytes 9-5/100", "bytes 0-9", "bytes 0-100/100", "bytes -5/10", "chars 0-9/100", "bytes */100", "bytes 0-9/x"} {
		_, _, _, ok := contentRange(text)
		require.False(t, ok, text)
	}
}

func TestReadRange(t *testing.T) {
	lie := ""
	f, err := dial(t, t.TempDir(), func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if lie != "" && r.Method == http.MethodGet {
				r.Header.Set("Range", lie)
			}
			h.ServeHTTP(w, r)
		})
	})
	require.NoError(t, err)
	data := vfstest.Bytes(50_000)
	p := files.Path{"f"}
	require.NoError(t, vfstest.Put(t.Context(), f, p, data, files.WriteOptions{}))
	read := func(offset, n int64) ([]byte, error) {
		r, err := f.ReadRange(t.Context(), p, offset, n)
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(r)
		return b, errors.Join(err, r.Close())
	}
	got, err := read(100, 2000)
	require.NoError(t, err)
	require.Equal(t, data[100:2100], got)
	_, err = read(49_990, 20)
	require.True(t, fault.Is(err, fault.Protocol), "the file ends before: %v", err)
	for _, lie = range []string{"bytes=0-1999", "bytes=100-40000"} {
		_, err = read(100, 2000)
		require.True(t, fault.Is(err, fault.Unsupported), "%s: %v", lie, err)
	}
	lie = ""
	r, err := f.Read(t.Context(), p, 0)
	require.NoError(t, err)
	size, when, id := r.(files.Described).Describe()
	e, err := f.Stat(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, e.Size, size)
	require.True(t, e.ModTime.Equal(when))
	require.Equal(t, e.ID, id)
	require.NoError(t, r.Close())
}
