package webdav

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/webdav"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// nextcloud follows what the developer manual says about chunked uploads,
// version 2, and what Nextcloud does with times and checksums.
type nextcloud struct {
	t       *testing.T
	dir     string
	version int
	mu      sync.Mutex
	pieces  map[string]map[int][]byte // by upload
	wrong   []string                  // what broke the rules
	fail    int                       // number of a piece that is refused; 0 none
}

const cloudFiles = "/cloud/remote.php/dav/files/ada"

func (n *nextcloud) wrap(http.Handler) http.Handler {
	stored := &webdav.Handler{Prefix: cloudFiles, FileSystem: webdav.Dir(n.dir), LockSystem: webdav.NewMemLS()}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		switch {
		case r.URL.Path == "/cloud/ocs/v2.php/cloud/capabilities":
			if r.Header.Get("OCS-APIRequest") != "true" || r.URL.Query().Get("format") != "json" {
				w.WriteHeader(http.StatusPreconditionFailed)
				return
			}
			_, _ = fmt.Fprintf(w, `{"ocs":{"meta":{"status":"ok"},"data":{"version":{"major":%d,"string":"x"},"capabilities":{"dav":{"chunking":"1.0"},"core":{"pollinterval":60}}}}}`, n.version)
		case strings.HasPrefix(r.URL.Path, "/cloud/remote.php/dav/uploads/ada/"):
			n.upload(w, r)
		case r.Method == "PROPPATCH":
			m := regexp.MustCompile(`<lastmodified>(\d+)</lastmodified>`).FindStringSubmatch(peek(r))
			if m == nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			n.touch(strings.TrimPrefix(r.URL.Path, cloudFiles), m[1])
			w.WriteHeader(http.StatusMultiStatus)
			_, _ = w.Write([]byte(`<multistatus xmlns="DAV:"/>`))
		case r.Method == "PROPFIND" && strings.Contains(peek(r), "checksums"):
			content, err := os.ReadFile(filepath.Join(n.dir, strings.TrimPrefix(r.URL.Path, cloudFiles)))
			if err != nil {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.WriteHeader(http.StatusMultiStatus)
			_, _ = fmt.Fprintf(w, `<d:multistatus xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:response><d:href>x</d:href><d:propstat><d:prop><oc:checksums><oc:checksum>SHA1:%X MD5:00</oc:checksum></oc:checksums></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>`, sha1.Sum(content))
		default:
			stored.ServeHTTP(w, r)
			if at := r.Header.Get("X-OC-Mtime"); at != "" && r.Method == http.MethodPut {
				n.touch(strings.TrimPrefix(r.URL.Path, cloudFiles), at)
			}
		}
	})
}

func (n *nextcloud) touch(name, seconds string) {
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err == nil {
		err = os.Chtimes(filepath.Join(n.dir, name), time.Unix(s, 0), time.Unix(s, 0))
	}
	if err != nil {
		n.wrong = append(n.wrong, err.Error())
	}
}

// upload is the folder of uploads.
func (n *nextcloud) upload(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/cloud/remote.php/dav/uploads/ada/"), "/")
	d, err := url.Parse(r.Header.Get("Destination"))
	if r.Method != http.MethodDelete && (err != nil || !strings.HasPrefix(d.Path, cloudFiles+"/")) {
		n.wrong = append(n.wrong, r.Method+" without a destination")
	}
	total, err := strconv.Atoi(r.Header.Get("OC-Total-Length"))
	if r.Method != http.MethodDelete && err != nil {
		n.wrong = append(n.wrong, r.Method+" without the length")
	}
	switch {
	case r.Method == "MKCOL" && len(parts) == 1:
		n.pieces[parts[0]] = map[int][]byte{}
		w.WriteHeader(http.StatusCreated)
	case n.pieces[parts[0]] == nil: // a piece on its way when its upload was given up
		w.WriteHeader(http.StatusConflict)
	case r.Method == http.MethodPut && len(parts) == 2:
		number, err := strconv.Atoi(parts[1])
		data, rerr := io.ReadAll(r.Body)
		if rerr != nil {
			return // the client gave up
		}
		if err != nil || number < 1 || number > 10_000 {
			n.wrong = append(n.wrong, "piece "+parts[1])
		}
		if number == n.fail {
			w.WriteHeader(http.StatusInsufficientStorage)
			return
		}
		n.pieces[parts[0]][number] = data
		w.WriteHeader(http.StatusCreated)
	case r.Method == "MOVE" && len(parts) == 2 && parts[1] == ".file":
		var all []byte
		numbers := make([]int, 0, len(n.pieces[parts[0]]))
		for number := range n.pieces[parts[0]] {
			numbers = append(numbers, number)
		}
		slices.Sort(numbers)
		for i, number := range numbers {
			piece := n.pieces[parts[0]][number]
			if len(piece) < 5_000_000 && i < len(numbers)-1 {
				n.wrong = append(n.wrong, "a small piece")
			}
			all = append(all, piece...)
		}
		if len(all) != total {
			n.wrong = append(n.wrong, fmt.Sprintf("%d bytes of %d", len(all), total))
		}
		name := strings.TrimPrefix(d.Path, cloudFiles)
		if err := os.WriteFile(filepath.Join(n.dir, name), all, 0o600); err != nil {
			n.wrong = append(n.wrong, err.Error())
		}
		if at := r.Header.Get("X-OC-Mtime"); at != "" {
			n.touch(name, at)
		}
		delete(n.pieces, parts[0])
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodDelete && len(parts) == 1:
		delete(n.pieces, parts[0])
		w.WriteHeader(http.StatusNoContent)
	default:
		n.wrong = append(n.wrong, r.Method+" "+r.URL.Path)
		w.WriteHeader(http.StatusBadRequest)
	}
}

func dialCloud(t *testing.T, n *nextcloud) *FS {
	t.Helper()
	n.t, n.dir, n.pieces = t, t.TempDir(), map[string]map[int][]byte{}
	port, network := vfstest.StartDAVBare(t, "", n.wrap)
	f, err := Dial(t.Context(), Params{
		Network: network, Password: func(context.Context) (string, error) { return vfstest.Password, nil },
		Site: files.Site{
			Protocol: files.ProtocolDAVS, Host: "127.0.0.1", Port: port, User: vfstest.User,
			Path: files.ParsePath(cloudFiles),
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = f.Close()
		n.mu.Lock()
		defer n.mu.Unlock()
		require.Empty(t, n.wrong)
		require.Empty(t, n.pieces, "no pieces are left")
	})
	return f
}

func TestNextcloudConformance(t *testing.T) {
	f := dialCloud(t, &nextcloud{version: 30})
	vfstest.Run(t, func(t *testing.T) files.FS {
		again, err := Dial(t.Context(), f.p)
		require.NoError(t, err)
		return again
	}, vfstest.Options{Base: files.ParsePath(cloudFiles), NoResume: true, NoChmod: true})
}

func TestUploadInPieces(t *testing.T) {
	n := &nextcloud{version: 30}
	f := dialCloud(t, n)
	require.NotNil(t, f.cloud)
	data := bytes.Repeat(vfstest.Bytes(1<<20), 65)
	data = append(data, "and the end"...)
	when := time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC)
	p := f.p.Site.Path.Join("big & more.bin")
	put := func() error {
		w, err := f.Write(t.Context(), p, files.WriteOptions{Size: int64(len(data)), ModTime: when})
		require.NoError(t, err)
		require.IsType(t, &inPieces{}, w)
		if _, err := io.Copy(w, bytes.NewReader(data)); err != nil {
			return errors.Join(err, w.Abort(true))
		}
		return w.Commit(t.Context())
	}
	require.NoError(t, put())
	got, err := vfstest.Get(t.Context(), f, p, 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))
	e, err := f.Stat(t.Context(), p)
	require.NoError(t, err)
	require.True(t, when.Equal(e.ModTime))
	sum, err := f.Hash(t.Context(), p, "sha1")
	require.NoError(t, err)
	want := sha1.Sum(data)
	require.Equal(t, hex.EncodeToString(want[:]), sum)
	_, err = f.Hash(t.Context(), p, "sha256")
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)

	n.fail = 3
	err = put()
	require.True(t, fault.Is(err, fault.Full), "%v", err)
	n.fail = 0
	w, err := f.Write(t.Context(), p, files.WriteOptions{Size: int64(len(data))})
	require.NoError(t, err)
	_, err = w.Write(data[:30<<20])
	require.NoError(t, err)
	require.NoError(t, w.Abort(true))
	got, err = vfstest.Get(t.Context(), f, p, 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got), "the original is not touched before the end")
}

// ownCloud counts its versions to 10 and joins pieces by other rules.
func TestNoPiecesElsewhere(t *testing.T) {
	f := dialCloud(t, &nextcloud{version: 10})
	require.NotNil(t, f.cloud)
	require.Nil(t, f.cloud.uploads)
	w, err := f.Write(t.Context(), f.p.Site.Path.Join("x"), files.WriteOptions{Size: pieceFrom + 1})
	require.NoError(t, err)
	require.IsType(t, &stream{}, w)
	require.NoError(t, w.Abort(true))
	plain, err := dial(t, t.TempDir(), nil)
	require.NoError(t, err)
	require.Nil(t, plain.cloud)
	err = plain.SetTime(t.Context(), files.Path{"x"}, time.Now())
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
}
