package hostile

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"guichet/services/files"
	"guichet/services/files/s3"
	"guichet/services/files/transfer"
	"guichet/services/files/vfstest"
	"guichet/services/files/webdav"
)

// ways are names that would lead out of a folder, or to something else than a
// file in it, on one system or another (CVE-2026-27699, CVE-2010-2251,
// CVE-2019-6111). Windows' own are also in package local's tests, which map
// names for it.
var ways = []string{
	"../evil", "../../evil", "..", ".", "/evil", "/tmp/guichet-evil", "dir/../../evil", "dir/evil", "./evil", "..\\evil", "\\evil", "C:\\evil", "C:evil",
	"\\\\host\\share\\evil", "evil:stream", "CON", "evil.", "evil ", "%2e%2e%2fevil", "..%2fevil", "evil\x00.txt", "\x00", "evil\r\nevil2", "evil\nevil2",
	"\x1b]0;evil\x07", "~", "~/evil", "-rf", "$(touch evil)", "\xe2\x80\xaegpj.exe", "..\xc0\xafevil", "link", "folder", strings.Repeat("x", 300), strings.Repeat("y", 5000),
}

// battlefield is a target folder with links that lead out of it, and what is
// around it.
type battlefield struct {
	t          *testing.T
	outer, dir string
}

func newBattlefield(t *testing.T) battlefield {
	t.Helper()
	b := battlefield{t: t, outer: t.TempDir()}
	b.dir = filepath.Join(b.outer, "in")
	require.NoError(t, os.Mkdir(b.dir, 0o700))
	require.NoError(t, os.Mkdir(filepath.Join(b.outer, "private"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(b.outer, "private", "precious"), []byte("mine"), 0o600))
	require.NoError(t, os.Symlink(filepath.Join(b.outer, "private", "precious"), filepath.Join(b.dir, "link")))
	require.NoError(t, os.Symlink(filepath.Join(b.outer, "private"), filepath.Join(b.dir, "folder")))
	return b
}

// attacked copies the server's folder into the target and makes sure that all
// around it is as before, and that no link was made.
func (b battlefield) attacked(src files.FS, from files.Path) (transfer.TreeResult, []string) {
	b.t.Helper()
	ctx := soon(b.t)
	for _, answer := range []transfer.Answer{transfer.Replace, transfer.KeepBoth} {
		_, err := transfer.CopyTree(ctx, src, from, confined(b.t, b.dir), nil, transfer.TreeOptions{Options: transfer.Options{
			Tries: 1, OnExists: func(context.Context, transfer.Conflict) (transfer.Answer, error) { return answer, nil },
		}})
		if err != nil {
			ended(b.t, ctx, err)
		}
	}
	result, err := transfer.CopyTree(ctx, src, from, confined(b.t, b.dir), files.Path{"new"}, transfer.TreeOptions{Options: transfer.Options{Tries: 1}})
	if err != nil {
		ended(b.t, ctx, err)
	}
	var around []string
	require.NoError(b.t, filepath.WalkDir(b.outer, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(b.outer, path)
		switch {
		case err != nil:
			return err
		case path == b.dir:
			return fs.SkipDir
		}
		around = append(around, rel)
		return nil
	}))
	require.Equal(b.t, []string{".", "private", filepath.Join("private", "precious")}, around)
	text, err := os.ReadFile(filepath.Join(b.outer, "private", "precious"))
	require.NoError(b.t, err)
	require.Equal(b.t, "mine", string(text))
	for _, path := range []string{"/evil", "/tmp/guichet-evil"} {
		require.NoFileExists(b.t, path)
	}
	var made []string
	require.NoError(b.t, filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(b.dir, path)
		if err == nil && d.Type()&fs.ModeSymlink != 0 {
			require.Contains(b.t, []string{"link", "folder"}, rel, "a link was made")
		}
		if strings.HasPrefix(rel, "new"+string(filepath.Separator)) {
			require.NotContains(b.t, filepath.Base(rel), "\n")
			require.NotContains(b.t, filepath.Base(rel), "\x1b")
			made = append(made, filepath.Base(rel))
		}
		return err
	}))
	return result, made
}

func TestNamesFromFTP(t *testing.T) {
	for _, kind := range []string{"MLSD", "LIST"} {
		t.Run(kind, func(t *testing.T) {
			var list strings.Builder
			for _, name := range ways {
				switch kind {
				case "MLSD":
					fmt.Fprintf(&list, "type=file;size=4; %s\r\ntype=OS.unix=slink:/etc; %s\r\n", name, name)
				default:
					fmt.Fprintf(&list, "-rw-r--r-- 1 a b 4 Jan 29  2020 %s\r\nlrwxrwxrwx 1 a b 4 Jan 29  2020 %s -> /etc\r\n", name, name)
				}
			}
			list.WriteString(map[string]string{"MLSD": "type=file;size=4; good\r\n", "LIST": "-rw-r--r-- 1 a b 4 Jan 29  2020 good\r\n"}[kind])
			s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
				s.NoMLSD = kind == "LIST"
				inner := dataHook(t, data{}, answers{kind: says(list.String()), "RETR": says("evil")})
				s.Hook = func(c *vfstest.FTPConn, verb, arg string) bool {
					switch verb {
					case "SIZE":
						c.Reply("213 4")
						return true
					case "MLST":
						c.Reply("250-here\r\n type=file;size=4; %s\r\n250 End", arg)
						return true
					}
					return inner(c, verb, arg)
				}
			})
			r, made := newBattlefield(t).attacked(dial(t, s), nil)
			require.Contains(t, made, "good")
			require.NotZero(t, r.Unread, "what is no name was counted")
		})
	}
}

func TestNamesFromWebDAV(t *testing.T) {
	escape := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
		return b.String()
	}
	one := func(href string) string {
		return `<D:response><D:href>` + href + `</D:href><D:propstat><D:prop><D:getcontentlength>4</D:getcontentlength></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`
	}
	var list strings.Builder
	list.WriteString(`<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">`)
	list.WriteString(one("/dir/good"))
	for _, name := range ways {
		list.WriteString(one("/dir/" + escape(name)))
	}
	for _, href := range []string{"/dir/../evil", "/dir/a/../../evil", "https://elsewhere.example/dir/evil", "//elsewhere.example/dir/evil", "/other/evil", "evil", "../evil", "file:///etc/passwd", "javascript:evil", "/dir/evil?x", "/dir/evil#x", ""} {
		list.WriteString(one(href))
	}
	list.WriteString(`</D:multistatus>`)
	port, network := vfstest.StartDAV(t, t.TempDir(), func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == "PROPFIND" && strings.HasPrefix(r.URL.Path, "/dir") && r.Header.Get("Depth") == "1":
				w.WriteHeader(http.StatusMultiStatus)
				_, _ = io.WriteString(w, list.String())
			case r.Method == "PROPFIND" && strings.HasPrefix(r.URL.Path, "/dir/"):
				w.WriteHeader(http.StatusMultiStatus)
				_, _ = io.WriteString(w, `<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">`+one(r.URL.EscapedPath())+`</D:multistatus>`)
			case r.Method == http.MethodGet:
				_, _ = io.WriteString(w, "evil")
			default:
				h.ServeHTTP(w, r)
			}
		})
	})
	f, err := webdav.Dial(t.Context(), webdav.Params{
		Network: network, Password: password,
		Site: files.Site{Protocol: files.ProtocolDAVS, Host: "127.0.0.1", Port: port, User: vfstest.User},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	r, made := newBattlefield(t).attacked(f, files.Path{"dir"})
	require.Contains(t, made, "good")
	require.NotZero(t, r.Unread)
}

func TestNamesFromS3(t *testing.T) {
	var list strings.Builder
	list.WriteString(`<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>`)
	for _, name := range append([]string{"good"}, ways...) {
		if strings.ContainsAny(name, "\x00\x1b") || !utf8.ValidString(name) {
			continue // XML has no way to say it
		}
		var key strings.Builder
		require.NoError(t, xml.EscapeText(&key, []byte("dir/"+name)))
		fmt.Fprintf(&list, `<Contents><Key>%s</Key><Size>4</Size><LastModified>2026-01-02T03:04:05Z</LastModified><ETag>"0"</ETag></Contents>`, key.String())
	}
	list.WriteString(`<CommonPrefixes><Prefix>dir/../</Prefix></CommonPrefixes><CommonPrefixes><Prefix>elsewhere/</Prefix></CommonPrefixes></ListBucketResult>`)
	s := vfstest.StartS3(t, false, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodGet && r.URL.Query().Has("list-type") && strings.HasPrefix(r.URL.Query().Get("prefix"), "dir"):
				w.Header().Set("Content-Type", "application/xml")
				_, _ = io.WriteString(w, list.String())
			case (r.Method == http.MethodGet || r.Method == http.MethodHead) && len(r.URL.Query()) == 0 && strings.Contains(r.URL.Path, "/dir/"):
				w.Header().Set("ETag", `"0"`)
				w.Header().Set("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT")
				w.Header().Set("Content-Length", "4")
				if r.Method == http.MethodGet {
					_, _ = io.WriteString(w, "evil")
				}
			default:
				h.ServeHTTP(w, r)
			}
		})
	})
	f, err := s3.Dial(t.Context(), s3.Params{Network: s.Network, Password: password, Site: files.Site{
		Protocol: files.ProtocolS3, Host: "127.0.0.1", Port: s.Port, User: vfstest.User, Path: files.Path{s.Bucket},
	}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	r, made := newBattlefield(t).attacked(f, files.Path{s.Bucket, "dir"})
	require.Contains(t, made, "good")
	require.NotZero(t, r.Unread)
}
