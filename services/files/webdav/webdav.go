// Package webdav is files.FS over WebDAV (RFC 4918) on HTTP and HTTPS.
package webdav

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/task"
)

// Params are what a connection is made of.
type Params struct {
	Network *connect.Network
	Site    files.Site
	// Password is asked for when the server wants one; nil: there is none.
	Password func(ctx context.Context) (string, error)
}

// silence is how long a server may be mute.
const silence = 17 * time.Second

// FS is a server's file system. It is safe for concurrent use.
type FS struct {
	p     Params
	base  url.URL // scheme and host
	short *http.Transport
	long  *http.Transport // for uploads: the answer may take its time
	auth  auth
	group *task.Group

	mu      sync.Mutex
	rtt     time.Duration
	version string
	server  string
}

var (
	_ files.FS        = (*FS)(nil)
	_ files.Spacer    = (*FS)(nil)
	_ files.Connected = (*FS)(nil)
)

// Dial asks for the folder of the site's path, with the login if there must be
// one. Faults: those of connect; Login; NotFound; Unsupported when the server
// is none of WebDAV, or with a *files.ClearTextQuestion when the address has no
// encryption and Site.AllowClear is not set.
func Dial(ctx context.Context, p Params) (*FS, error) {
	host := p.Site.Host
	if p.Site.Protocol == files.ProtocolDAV && !p.Site.AllowClear {
		return nil, &fault.Fault{
			Kind: fault.Unsupported, Op: "connect", Host: host, Step: "tls",
			Err: errors.New("the address has no encryption"), Question: &files.ClearTextQuestion{Site: p.Site},
		}
	}
	f := &FS{
		p:     p,
		short: p.Network.HTTPTransport(connect.HTTPOptions{HeaderTimeout: silence}),
		long:  p.Network.HTTPTransport(connect.HTTPOptions{HeaderTimeout: 3 * time.Minute}),
		group: task.NewGroup(context.WithoutCancel(ctx)),
	}
	f.base.Scheme = "https"
	if p.Site.Protocol == files.ProtocolDAV {
		f.base.Scheme = "http"
	}
	f.base.Host = hostPort(p.Site)
	f.auth.user = p.Site.User
	f.auth.password = p.Password
	e, err := f.Stat(ctx, p.Site.Path)
	if err == nil && !e.Type.IsDir() {
		// The address of a file: its folder is where to begin.
		f.p.Site.Path = p.Site.Path.Dir()
	}
	if err != nil {
		_ = f.Close() // nothing runs yet
		return nil, err
	}
	return f, nil
}

func hostPort(s files.Site) string {
	host := s.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if s.Port != 0 && s.Port != s.Protocol.DefaultPort() {
		host += ":" + strconv.Itoa(s.Port)
	}
	return host
}

// target gives the URL of p; folder adds the slash that servers redirect to.
func (f *FS) target(op string, p files.Path, folder bool) (*url.URL, error) {
	u := f.base
	var raw strings.Builder
	for _, name := range p {
		if err := files.CheckName(name); err != nil {
			return nil, fault.New(fault.Permission, op, f.p.Site.Host, err)
		}
		raw.WriteByte('/')
		raw.WriteString(url.PathEscape(name))
	}
	if folder || len(p) == 0 {
		raw.WriteByte('/')
	}
	u.RawPath = raw.String()
	path, err := url.PathUnescape(u.RawPath)
	if err != nil {
		return nil, fault.New(fault.Internal, op, f.p.Site.Host, err)
	}
	u.Path = path
	return &u, nil
}

// status turns an answer that is no success into a fault.
func (f *FS) status(op string, r *http.Response) error {
	kind := fault.Protocol
	switch code := r.StatusCode; {
	case code == http.StatusUnauthorized:
		return &fault.Fault{Kind: fault.Login, Op: op, Host: f.p.Site.Host, Step: "login", Said: fault.CleanLine(r.Status)}
	case code == http.StatusForbidden:
		kind = fault.Permission
	case code == http.StatusNotFound, code == http.StatusGone:
		kind = fault.NotFound
	case code == http.StatusConflict:
		kind = fault.NotFound // the folder that should hold it is not there
	case code == http.StatusPreconditionFailed:
		kind = fault.Exists
	case code == http.StatusMethodNotAllowed, code == http.StatusNotImplemented, code == http.StatusUnsupportedMediaType:
		kind = fault.Unsupported
	case code == http.StatusLocked, code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		kind = fault.Busy
	case code == http.StatusInsufficientStorage:
		kind = fault.Full
	case code == http.StatusRequestEntityTooLarge:
		kind = fault.TooBig
	}
	fa := &fault.Fault{Kind: kind, Op: op, Host: f.p.Site.Host, Said: fault.CleanLine(r.Status)}
	if s, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && kind == fault.Busy && s >= 0 && s < 86400 {
		fa.After = time.Duration(s) * time.Second
	}
	return fa
}

func (f *FS) fail(ctx context.Context, op string, err error) error {
	if cerr := ctx.Err(); cerr != nil {
		err = cerr
	}
	return fault.From(op, f.p.Site.Host, err)
}

// maxRedirects bounds how often an answer may point elsewhere.
const maxRedirects = 5

// do sends a request without content, with the login, following redirects that
// stay with the same server: the password never goes anywhere else.
func (f *FS) do(ctx context.Context, op, method string, u *url.URL, header http.Header, body string) (*http.Response, error) {
	for redirects, logins := 0, 0; ; {
		req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
		if err != nil {
			return nil, fault.New(fault.Internal, op, f.p.Site.Host, err)
		}
		req.URL = u
		for k, v := range header {
			req.Header[k] = v
		}
		r, err := f.send(f.short, req)
		if err != nil {
			return nil, f.fail(ctx, op, err)
		}
		switch r.StatusCode {
		case http.StatusUnauthorized:
			if logins++; logins > 2 || !f.auth.learn(r) {
				discard(r)
				return nil, f.status(op, r)
			}
			discard(r)
			continue
		case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			discard(r)
			next, err := u.Parse(r.Header.Get("Location"))
			redirects++
			if err != nil || redirects > maxRedirects || next.Scheme != u.Scheme || !strings.EqualFold(next.Host, u.Host) || next.User != nil {
				fa := fault.Newf(fault.Protocol, op, f.p.Site.Host, "it points to another place")
				fa.Said = fault.CleanLine(r.Status)
				return nil, fa
			}
			slash := strings.TrimSuffix(next.Path, "/") == strings.TrimSuffix(u.Path, "/")
			if !slash && method != http.MethodGet && method != "PROPFIND" {
				return nil, fault.Newf(fault.Protocol, op, f.p.Site.Host, "%s points to another path", method)
			}
			u = next
			continue
		}
		return r, nil
	}
}

// send adds what every request carries and notes how long the answer took.
func (f *FS) send(t *http.Transport, req *http.Request) (*http.Response, error) {
	req.Header.Set("User-Agent", "Guichet")
	req.Header.Set("Accept-Encoding", "identity")
	if err := f.auth.apply(req); err != nil {
		return nil, err
	}
	began := time.Now()
	r, err := t.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rtt = time.Since(began)
	f.server = fault.CleanLine(r.Header.Get("Server"))
	if r.TLS != nil {
		f.version = map[uint16]string{0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}[r.TLS.Version]
	}
	return r, nil
}

// drainLimit is how long the rest of an answer that nobody wants may take.
const drainLimit = 2 * time.Second

// discard reads the rest of an answer, if it is short and comes soon, so that
// the connection serves again.
func discard(r *http.Response) {
	timer := time.AfterFunc(drainLimit, func() { _ = r.Body.Close() }) // ends the reading below
	defer timer.Stop()
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 64<<10)) // of no interest
	_ = r.Body.Close()
}

// simple is do for requests whose answer is its status alone.
func (f *FS) simple(ctx context.Context, op, method string, u *url.URL, header http.Header) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	r, err := f.do(ctx, op, method, u, header, "")
	if err != nil {
		return err
	}
	defer discard(r)
	switch r.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		return nil
	case http.StatusMultiStatus:
		// Something below refused (RFC 4918 sections 9.6.1 and 9.9.4).
		kind := fault.Permission
		body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
		if err == nil && strings.Contains(string(body), " 423 ") {
			kind = fault.Busy
		}
		return fault.Newf(kind, op, f.p.Site.Host, "a part was refused")
	}
	return f.status(op, r)
}

// Caps implements files.FS.
func (f *FS) Caps(context.Context) (files.Caps, error) {
	return files.Caps{FreeSpace: true, TimePrecision: time.Second, MaxConns: 4}, nil
}

// Home implements files.FS.
func (f *FS) Home(context.Context) (files.Path, error) { return f.p.Site.Path, nil }

// Mkdir implements files.FS.
func (f *FS) Mkdir(ctx context.Context, p files.Path) error {
	u, err := f.target("mkdir", p, true)
	if err != nil {
		return err
	}
	err = f.simple(ctx, "mkdir", "MKCOL", u, nil)
	if fault.Is(err, fault.Unsupported) { // 405: something is there
		if _, serr := f.Stat(ctx, p); serr == nil {
			return fault.New(fault.Exists, "mkdir", f.p.Site.Host, err)
		}
	}
	return err
}

// Remove implements files.FS.
func (f *FS) Remove(ctx context.Context, p files.Path) error {
	e, err := f.Stat(ctx, p)
	if err != nil {
		return err
	}
	if e.Type.IsDir() {
		return fault.Newf(fault.Unsupported, "remove", f.p.Site.Host, "%s is a folder", p)
	}
	u, err := f.target("remove", p, false)
	if err != nil {
		return err
	}
	return f.simple(ctx, "remove", http.MethodDelete, u, nil)
}

// RemoveDir implements files.FS. DELETE takes folders with all their contents,
// so the folder is looked into first.
func (f *FS) RemoveDir(ctx context.Context, p files.Path) error {
	if len(p) == 0 {
		return fault.Newf(fault.Permission, "rmdir", f.p.Site.Host, "the root stays")
	}
	e, err := f.Stat(ctx, p)
	if err != nil {
		return err
	}
	if !e.Type.IsDir() {
		return fault.Newf(fault.NotFound, "rmdir", f.p.Site.Host, "%s is no folder", p)
	}
	report, err := f.List(ctx, p, func([]files.Entry) error { return nil })
	if err != nil {
		return err
	}
	if report.Entries > 0 || report.Unread > 0 {
		return fault.Newf(fault.Exists, "rmdir", f.p.Site.Host, "%s is not empty", p)
	}
	u, err := f.target("rmdir", p, true)
	if err != nil {
		return err
	}
	return f.simple(ctx, "rmdir", http.MethodDelete, u, nil)
}

// Rename implements files.FS. Servers that overwrite delete first, so the old
// file is set aside instead.
func (f *FS) Rename(ctx context.Context, from, to files.Path, replace bool) error {
	err := f.move(ctx, from, to)
	if !replace || !fault.Is(err, fault.Exists) {
		return err
	}
	return files.ReplaceAside(ctx, from, to, f.move, f.Remove)
}

func (f *FS) move(ctx context.Context, from, to files.Path) error {
	u, err := f.target("rename", from, false)
	if err != nil {
		return err
	}
	d, err := f.target("rename", to, false)
	if err != nil {
		return err
	}
	err = f.simple(ctx, "rename", "MOVE", u, http.Header{"Destination": {d.String()}, "Overwrite": {"F"}})
	return err
}

// SetTime implements files.FS: the protocol keeps the server's own time.
func (f *FS) SetTime(context.Context, files.Path, time.Time) error {
	return fault.Newf(fault.Unsupported, "settime", f.p.Site.Host, "WebDAV sets no times")
}

// Chmod implements files.FS.
func (f *FS) Chmod(context.Context, files.Path, fs.FileMode) error {
	return fault.Newf(fault.Unsupported, "chmod", f.p.Site.Host, "WebDAV knows no modes")
}

// URL implements files.FS.
func (f *FS) URL(p files.Path) string { return f.p.Site.URL(p) }

// Conn implements files.Connected.
func (f *FS) Conn() files.Conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	return files.Conn{
		Protocol: f.p.Site.Protocol, Secure: f.base.Scheme == "https", Version: f.version, RoundTrip: f.rtt, Server: f.server,
	}
}

// Transcript implements files.Connected.
func (f *FS) Transcript() string { return "" }

// Close implements files.FS.
func (f *FS) Close() error {
	ended := f.group.Close(2 * time.Second)
	f.short.CloseIdleConnections()
	f.long.CloseIdleConnections()
	if !ended {
		return fault.Newf(fault.Timeout, "close", f.p.Site.Host, "uploads still run")
	}
	return nil
}
