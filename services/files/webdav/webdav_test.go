package webdav

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

func password(context.Context) (string, error) { return vfstest.Password, nil }

func dial(t *testing.T, dir string, wrap func(http.Handler) http.Handler) (*FS, error) {
	t.Helper()
	port, network := vfstest.StartDAV(t, dir, wrap)
	f, err := Dial(t.Context(), Params{
		Network: network, Password: password,
		Site: files.Site{Protocol: files.ProtocolDAVS, Host: "127.0.0.1", Port: port, User: vfstest.User},
	})
	if err == nil {
		t.Cleanup(func() { _ = f.Close() })
	}
	return f, err
}

func TestConformance(t *testing.T) {
	port, network := vfstest.StartDAV(t, t.TempDir(), nil)
	vfstest.Run(t, func(t *testing.T) files.FS {
		f, err := Dial(t.Context(), Params{
			Network: network, Password: password,
			Site: files.Site{Protocol: files.ProtocolDAVS, Host: "127.0.0.1", Port: port, User: vfstest.User},
		})
		require.NoError(t, err)
		return f
	}, vfstest.Options{
		NoResume: true, NoSetTime: true, NoChmod: true,
		Refused: []string{}, // a test below has names that XML cannot carry
	})
}

func TestWrongPassword(t *testing.T) {
	port, network := vfstest.StartDAV(t, t.TempDir(), nil)
	tries := 0
	_, err := Dial(t.Context(), Params{
		Network: network, Password: func(context.Context) (string, error) { tries++; return "wrong", nil },
		Site: files.Site{Protocol: files.ProtocolDAVS, Host: "127.0.0.1", Port: port, User: vfstest.User},
	})
	require.True(t, fault.Is(err, fault.Login), "%v", err)
	require.Equal(t, 1, tries)
}

func TestClearTextNeedsConsent(t *testing.T) {
	_, err := Dial(t.Context(), Params{Site: files.Site{Protocol: files.ProtocolDAV, Host: "127.0.0.1"}})
	var f *fault.Fault
	require.ErrorAs(t, err, &f)
	require.IsType(t, &files.ClearTextQuestion{}, f.Question)
}

func TestIgnoredRangeIsRefused(t *testing.T) {
	f, err := dial(t, t.TempDir(), func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			h.ServeHTTP(w, r)
		})
	})
	require.NoError(t, err)
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"f"}, vfstest.Bytes(900), files.WriteOptions{}))
	_, err = f.Read(t.Context(), files.Path{"f"}, 10)
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
}

func TestRedirects(t *testing.T) {
	leaked := false
	elsewhere := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		leaked = leaked || r.Header.Get("Authorization") != ""
	})
	target := ""
	f, err := dial(t, t.TempDir(), func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasPrefix(r.URL.Path, "/away"):
				http.Redirect(w, r, target, http.StatusMovedPermanently)
			case r.URL.Path == "/folder" && r.Method == "PROPFIND": // Apache does so
				http.Redirect(w, r, "/folder/", http.StatusMovedPermanently)
			default:
				h.ServeHTTP(w, r)
			}
		})
	})
	require.NoError(t, err)
	port, _ := vfstest.StartDAV(t, t.TempDir(), func(http.Handler) http.Handler { return elsewhere })
	target = fmt.Sprintf("https://127.0.0.1:%d/away", port)
	require.NoError(t, f.Mkdir(t.Context(), files.Path{"folder"}))
	e, err := f.Stat(t.Context(), files.Path{"folder"})
	require.NoError(t, err)
	require.Equal(t, files.Dir, e.Type)
	_, err = f.Stat(t.Context(), files.Path{"away"})
	require.True(t, fault.Is(err, fault.Protocol), "%v", err)
	require.False(t, leaked)
}

func TestHostileListings(t *testing.T) {
	answer := ""
	f, err := dial(t, t.TempDir(), func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if answer == "" || r.Method != "PROPFIND" {
				h.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(http.StatusMultiStatus)
			_, _ = w.Write([]byte(answer))
		})
	})
	require.NoError(t, err)
	one := func(href string) string {
		return `<D:response><D:href>` + href + `</D:href><D:propstat><D:prop><D:getcontentlength>5</D:getcontentlength></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`
	}
	wrap := func(s string) string {
		return `<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">` + s + `</D:multistatus>`
	}

	answer = wrap(one("/dir/good") + one("https://127.0.0.1/dir/abs%20olute") + one("/dir/..%2fevil") + one("/dir/%2e%2e") + one("/other/x") + one("/dir/a/b") + one("/dir/nul%00") + one("/dir/bad%zz"))
	all, report, err := vfstest.List(t.Context(), f, files.Path{"dir"})
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "abs olute", all[0].Name)
	require.Equal(t, 6, report.Unread)

	for _, bad := range []string{
		"<html>", "not xml at all", wrap(`<D:response><D:href>/dir/x`), `<!DOCTYPE x [<!ENTITY a "b">]>` + wrap("<D:response><D:href>&a;</D:href></D:response>"),
		wrap(one("/dir/" + strings.Repeat("x", 2<<20))),
	} {
		answer = bad
		_, _, err := vfstest.List(t.Context(), f, files.Path{"dir"})
		require.Error(t, err)
		require.Contains(t, []fault.Kind{fault.Protocol, fault.TooBig}, fault.KindOf(err), "%v", err)
	}
}

func FuzzMultistatus(f *testing.F) {
	f.Add(`<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response><D:href>/a%20b/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype><D:getlastmodified>Mon, 12 Jul 2026 18:20:00 GMT</D:getlastmodified></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>`)
	f.Add(`<multistatus xmlns="DAV:"><response><href>http://h/%zz</href></response></multistatus>`)
	f.Fuzz(func(t *testing.T, text string) {
		_ = parseMultistatus(strings.NewReader(text), func(r *resource) error {
			p, err := segments(r.href)
			if err == nil && len(p) > 0 {
				_ = r.entry(p.Base())
			}
			return nil
		})
	})
}
