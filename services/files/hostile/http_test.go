package hostile

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/files"
	"guichet/services/files/s3"
	"guichet/services/files/transfer"
	"guichet/services/files/vfstest"
	"guichet/services/files/webdav"
)

// before lets first see each request; what it does not answer, true, the server
// does.
func before(first func(w http.ResponseWriter, r *http.Request) bool) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !first(w, r) {
				h.ServeHTTP(w, r)
			}
		})
	}
}

func dialDAV(t *testing.T, first func(w http.ResponseWriter, r *http.Request) bool) *webdav.FS {
	t.Helper()
	port, network := vfstest.StartDAV(t, t.TempDir(), before(first))
	f, err := webdav.Dial(soon(t), webdav.Params{
		Network: network, Password: password,
		Site: files.Site{Protocol: files.ProtocolDAVS, Host: "127.0.0.1", Port: port, User: vfstest.User},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func dialS3(t *testing.T, first func(w http.ResponseWriter, r *http.Request) bool) (*s3.FS, string) {
	t.Helper()
	s := vfstest.StartS3(t, false, before(first))
	f, err := s3.Dial(soon(t), s3.Params{Network: s.Network, Password: password, Site: files.Site{
		Protocol: files.ProtocolS3, Host: "127.0.0.1", Port: s.Port, User: vfstest.User, Path: files.Path{s.Bucket},
	}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f, s.Bucket
}

// TestXMLBombs: answers that grow when they are read, or never end.
func TestXMLBombs(t *testing.T) {
	const open = `<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">`
	laughs := `<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa">`
	for i := range 9 {
		laughs += fmt.Sprintf(`<!ENTITY %c "%s">`, 'b'+i, strings.Repeat(fmt.Sprintf("&%c;", 'a'+i), 10))
	}
	laughs += `]><D:multistatus xmlns:D="DAV:"><D:response><D:href>/dir/&j;</D:href></D:response></D:multistatus>`
	for name, send := range map[string]func(w io.Writer){
		"a billion laughs": func(w io.Writer) { _, _ = io.WriteString(w, laughs) },
		"entity from outside": func(w io.Writer) {
			_, _ = io.WriteString(w, `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`+open+`<D:response><D:href>/dir/&e;</D:href></D:response></D:multistatus>`)
		},
		"depth":           func(w io.Writer) { _, _ = io.WriteString(w, open); repeat(w, "<D:response>", 0) },
		"a name":          func(w io.Writer) { _, _ = io.WriteString(w, open+"<D:response><D:href>/dir/"); repeat(w, "x", 0) },
		"an attribute":    func(w io.Writer) { _, _ = io.WriteString(w, open+`<D:response x="`); repeat(w, "x", 0) },
		"attributes":      func(w io.Writer) { _, _ = io.WriteString(w, open+`<D:response`); repeat(w, ` a="x"`, 0) },
		"a comment":       func(w io.Writer) { _, _ = io.WriteString(w, open+`<!--`); repeat(w, "x", 0) },
		"blanks":          func(w io.Writer) { _, _ = io.WriteString(w, open); repeat(w, " ", 0) },
		"properties":      func(w io.Writer) { _, _ = io.WriteString(w, open+`<D:response>`); repeat(w, "<D:propstat/>", 0) },
		"unnamed entries": func(w io.Writer) { _, _ = io.WriteString(w, open); repeat(w, `<D:response/>`, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := dialDAV(t, func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != "PROPFIND" || !strings.HasPrefix(r.URL.Path, "/dir") {
					return false
				}
				w.WriteHeader(http.StatusMultiStatus)
				send(w)
				return true
			})
			ctx := longer(t)
			_, err := f.List(ctx, files.Path{"dir"}, func([]files.Entry) error { return nil })
			ended(t, ctx, err)
		})
	}
}

// TestRedirectsToOthers: whoever is redirected to gets neither the login nor a
// file (CVE-2022-27774 and its kin).
func TestRedirectsToOthers(t *testing.T) {
	var seen, secrets atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			secrets.Add(1)
		}
		if b, _ := io.ReadAll(r.Body); strings.Contains(string(b), "secret") {
			secrets.Add(1)
		}
		_, _ = io.WriteString(w, "stolen")
	}))
	t.Cleanup(other.Close)
	for _, code := range []int{301, 302, 303, 307, 308} {
		var on atomic.Bool
		redirect := func(w http.ResponseWriter, r *http.Request) bool {
			if on.Load() {
				w.Header().Set("Set-Cookie", "session=secret")
				w.Header().Set("Location", other.URL+r.URL.Path)
				w.WriteHeader(code)
			}
			return on.Load()
		}
		dav := dialDAV(t, redirect)
		bucket, at := dialS3(t, redirect)
		on.Store(true)
		for _, c := range []struct {
			f   files.FS
			dir files.Path
		}{{dav, nil}, {bucket, files.Path{at}}} {
			ctx := soon(t)
			text, err := get(ctx, c.f, c.dir.Join("x"))
			ended(t, ctx, err)
			require.NotContains(t, text, "stolen")
			_, err = c.f.List(ctx, c.dir, func([]files.Entry) error { return nil })
			ended(t, ctx, err)
			w, err := c.f.Write(ctx, c.dir.Join("y"), files.WriteOptions{Size: 6})
			if err == nil {
				if _, err = io.WriteString(w, "secret"); err == nil {
					err = w.Commit(ctx)
				} else {
					_ = w.Abort(false)
				}
			}
			ended(t, ctx, err)
			ended(t, ctx, c.f.Mkdir(ctx, c.dir.Join("z")))
		}
	}
	require.Zero(t, secrets.Load(), "of %d requests to the other", seen.Load())
}

// TestRangesThatLie: bytes of another place of the file are not taken for those
// that were asked for.
func TestRangesThatLie(t *testing.T) {
	const whole = "0123456789abcdefghij"
	for name, answer := range map[string]func(w http.ResponseWriter){
		"ignored": func(w http.ResponseWriter) { _, _ = io.WriteString(w, whole) },
		"another place": func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 0-9/20")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, whole[:10])
		},
		"before it": func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 9-19/20")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, whole[9:])
		},
		"not said": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, whole[:10])
		},
		"nonsense": func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 99999999999999999999-x/-1")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, whole[:10])
		},
		"many": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "multipart/byteranges; boundary=x")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, "--x\r\nContent-Range: bytes 10-19/20\r\n\r\n"+whole[10:]+"\r\n--x--")
		},
	} {
		t.Run(name, func(t *testing.T) {
			first := func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/x") {
					return false
				}
				w.Header().Set("ETag", `"0"`)
				w.Header().Set("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT")
				answer(w)
				return true
			}
			dav := dialDAV(t, first)
			bucket, at := dialS3(t, first)
			for _, c := range []struct {
				f files.FS
				p files.Path
			}{{dav, files.Path{"x"}}, {bucket, files.Path{at, "x"}}} {
				ctx := soon(t)
				r, err := c.f.Read(ctx, c.p, 10)
				if err == nil {
					var b []byte
					b, err = io.ReadAll(r)
					_ = r.Close()
					if err == nil {
						require.Equal(t, whole[10:], string(b))
						continue
					}
				}
				ended(t, ctx, err)
			}
		})
	}
}

// TestBodiesWithoutEnd: a file that goes on and on is not stored.
func TestBodiesWithoutEnd(t *testing.T) {
	one := `<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response><D:href>/x</D:href><D:propstat><D:prop><D:getcontentlength>4</D:getcontentlength></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>`
	f := dialDAV(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/x" {
			return false
		}
		switch r.Method {
		case "PROPFIND":
			w.WriteHeader(http.StatusMultiStatus)
			_, _ = io.WriteString(w, one)
		case http.MethodGet:
			repeat(w, "x", 0)
		}
		return true
	})
	dir := t.TempDir()
	ctx := soon(t)
	_, err := transfer.Copy(ctx, f, files.Path{"x"}, confined(t, dir), files.Path{"x"}, transfer.Options{Tries: 1, NoTimes: true})
	ended(t, ctx, err)
	require.NoFileExists(t, dir+"/x")
}
