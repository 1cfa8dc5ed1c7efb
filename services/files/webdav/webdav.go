// Package webdav is files.FS over WebDAV (RFC 4918) on HTTP and HTTPS, with
// what ownCloud and Nextcloud add to it.
package webdav

import (
	"context"
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
	"guichet/services/files/httpwatch"
	"guichet/services/task"
)

// Params are what a connection is made of.
type Params struct {
	Network *connect.Network
	Site    files.Site
	// Password is asked for when the server wants one; nil: there is none.
	Password func(ctx context.Context) (string, error)
}

// silence is how long a server may be mute; patience is how long it may work on
// a large upload that has arrived, or on a copy.
const (
	silence  = 17 * time.Second
	patience = 3 * time.Minute
)

// conns is how many connections do good: Apache and nginx handle as many files
// a second with 8 as with more.
const conns = 8

// FS is a server's file system. It is safe for concurrent use.
type FS struct {
	p     Params
	base  url.URL // scheme and host
	short *http.Transport
	long  *http.Transport // for what the server may work on for a while
	auth  auth
	group *task.Group
	cloud *cloud // nil: neither Nextcloud nor ownCloud
	locks bool   // the server offers class 2 of RFC 4918

	unseen unseen

	mu      sync.Mutex
	rtt     time.Duration
	version string
	server  string
	dest    destination // how the server wants a Destination
}

var (
	_ files.FS        = (*FS)(nil)
	_ files.Spacer    = (*FS)(nil)
	_ files.Ranger    = (*FS)(nil)
	_ files.Copier    = (*FS)(nil)
	_ files.Syncer    = (*FS)(nil)
	_ files.Hasher    = (*FS)(nil)
	_ files.Replacer  = (*FS)(nil)
	_ files.Connected = (*FS)(nil)
)

// Dial asks for the folder of the site's path, with the login if there must be
// one. Faults: those of connect; Login; NotFound; Unsupported when the server
// is none of WebDAV, or with a *files.ClearTextQuestion when the address has no
// encryption and Site.AllowClear is not set.
func Dial(ctx context.Context, p Params) (*FS, error) {
	if err := p.Site.CheckClear(); err != nil {
		return nil, err
	}
	// HTTP/2 carries small files from Apache a tenth faster and large ones no
	// faster, but all of them on one connection: what breaks or slows that, breaks
	// and slows all.
	options := connect.HTTPOptions{HeaderTimeout: silence, MaxConnsPerHost: conns + 2, OnlyHTTP1: true}
	f := &FS{p: p, short: p.Network.HTTPTransport(options), group: task.NewGroup(context.WithoutCancel(ctx))}
	options.HeaderTimeout = patience
	f.long = p.Network.HTTPTransport(options)
	for _, t := range []*http.Transport{f.short, f.long} {
		t.WriteBufferSize, t.ReadBufferSize = 128<<10, 64<<10
	}
	f.base.Scheme = "https"
	if p.Site.Protocol == files.ProtocolDAV {
		f.base.Scheme = "http"
	}
	f.base.Host = hostPort(p.Site)
	f.auth.user = p.Site.User
	f.auth.password = p.Password
	if err := f.begin(ctx); err != nil {
		_ = f.Close() // nothing runs yet
		return nil, err
	}
	return f, nil
}

// begin looks at the place to begin with and at what the server can do.
func (f *FS) begin(ctx context.Context) error {
	start := f.p.Site.Path
	e, err := f.Stat(ctx, start)
	if err != nil {
		return err
	}
	if !e.Type.IsDir() {
		f.p.Site.Path = start.Dir() // the address of a file
	}
	if err := f.abilities(ctx); err != nil {
		return err
	}
	f.cloud, err = f.findCloud(ctx)
	return err
}

// abilities asks what the server can do (RFC 4918 section 10.1). One that
// refuses to say so is taken to lock nothing.
func (f *FS) abilities(ctx context.Context) error {
	u, err := f.target("connect", f.p.Site.Path, true)
	if err != nil {
		return err
	}
	r, err := f.do(ctx, request{op: "connect", method: http.MethodOptions, url: u})
	if err != nil {
		return err
	}
	defer httpwatch.Discard(r)
	classes := strings.Join(r.Header.Values("DAV"), ",")
	if r.StatusCode/100 != 2 {
		return nil
	}
	for class := range strings.SplitSeq(classes, ",") {
		if strings.TrimSpace(class) == "2" {
			f.locks = true
		}
	}
	return nil
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

// Caps implements files.FS.
func (f *FS) Caps(context.Context) (files.Caps, error) {
	c := files.Caps{FreeSpace: true, ServerCopy: true, TimePrecision: time.Second, MaxConns: conns}
	if f.cloud != nil {
		c.SetTime = true
		c.Hash = []string{"sha1", "md5"}
	}
	return c, nil
}

// Home implements files.FS.
func (f *FS) Home(context.Context) (files.Path, error) { return f.p.Site.Path, nil }

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
