package demo

import (
	"context"
	"crypto/tls"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"golang.org/x/net/webdav"
)

// newHTTPServer is a server with a limit for everything that a client sends.
func newHTTPServer(name string, h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 20 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().With("server", name).Handler(), slog.LevelDebug),
	}
}

// runHTTP serves h on a port of its own, with TLS if cfg is not nil.
func (d *Demo) runHTTP(name, ip string, lim limits, cfg *tls.Config, h http.Handler) (net.Listener, error) {
	l, err := d.listen(ip, lim)
	if err != nil {
		return nil, err
	}
	srv := newHTTPServer(name, h)
	d.onClose(srv.Close)
	if cfg == nil {
		d.serve(name, l, srv.Serve)
		return l, nil
	}
	srv.TLSConfig = cfg.Clone()
	d.serve(name, l, func(l net.Listener) error { return srv.ServeTLS(l, "", "") })
	return l, nil
}

// serveDAV starts the WebDAV server (RFC 4918) on the file tree.
func (d *Demo) serveDAV(ip string, lim limits, id *identity) error {
	files := store{d.root}
	handler := &webdav.Handler{FileSystem: davFiles{files}, LockSystem: webdav.NewMemLS()}
	l, err := d.runHTTP("dav", ip, lim, id.tls, davGuard(files, handler))
	if err != nil {
		return err
	}
	d.info.DAV = serverURL("davs", l)
	return nil
}

// davGuard asks for the login and does what the library leaves out: If-Match
// (RFC 9110 section 13.1) and the time that clients send with a file.
func davGuard(files store, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, ok := r.BasicAuth()
		if !ok || !checkLogin(name, password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="Guichet demo", charset="UTF-8"`)
			http.Error(w, "Name and password, please", http.StatusUnauthorized)
			return
		}
		if r.Method != http.MethodPut {
			next.ServeHTTP(w, r)
			return
		}
		info, err := files.stat(r.URL.Path)
		if r.Header.Get("If-None-Match") == "*" && err == nil {
			http.Error(w, "It exists", http.StatusPreconditionFailed)
			return
		}
		if want := r.Header.Get("If-Match"); want != "" && (err != nil || want != "*" && want != davTag(info)) {
			http.Error(w, "It has changed", http.StatusPreconditionFailed)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxFile)
		seconds, err := strconv.ParseInt(r.Header.Get("X-OC-Mtime"), 10, 64)
		if err != nil {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("X-OC-Mtime", "accepted")
		next.ServeHTTP(w, r)
		if err := files.chtimes(r.URL.Path, time.Unix(seconds, 0)); err != nil {
			quiet{"dav"}.Printf("time of an upload: %v", plain(err))
		}
	})
}

// davTag is the entity tag as the library makes it.
func davTag(info fs.FileInfo) string {
	return `"` + strconv.FormatInt(info.ModTime().UnixNano(), 16) + strconv.FormatInt(info.Size(), 16) + `"`
}

// davFiles is the store as the WebDAV library wants it.
type davFiles struct{ store }

// Mkdir makes a folder.
func (d davFiles) Mkdir(_ context.Context, name string, _ os.FileMode) error { return d.mkdir(name) }

// OpenFile opens a file or folder.
func (d davFiles) OpenFile(_ context.Context, name string, flag int, _ os.FileMode) (webdav.File, error) {
	f, err := d.open(name, flag)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// RemoveAll removes a file or folder.
func (d davFiles) RemoveAll(_ context.Context, name string) error { return d.removeAll(name) }

// Rename moves a file or folder.
func (d davFiles) Rename(_ context.Context, from, to string) error { return d.rename(from, to, true) }

// Stat describes a file or folder.
func (d davFiles) Stat(_ context.Context, name string) (os.FileInfo, error) { return d.stat(name) }
