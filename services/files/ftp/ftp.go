// Package ftp is files.FS over FTP (RFC 959, 2228, 2389, 2428, 3659, 4217),
// encrypted unless a person allows otherwise. github.com/jlaffaye/ftp logs in
// and goes from folder to folder on a control connection that is a shim of ours:
// it adds what the library lacks, deadlines, cancellation, commands of our own,
// several of them in one round trip. Transfers and listings are ours: they are
// streams, with the TLS that servers want on data connections.
package ftp

import (
	"context"
	"io"
	"sync"
	"time"

	"golang.org/x/text/encoding"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/task"
)

// Params are what a connection is made of.
type Params struct {
	Network *connect.Network
	Site    files.Site
	// Password is asked for at every login; nil: the empty one.
	Password func(ctx context.Context) (string, error)
	Memory   *Memory
	// MaxConns is how many connections may be open at once; 0: 9. Site.MaxConns
	// bounds them besides.
	MaxConns int
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// FS is a server's file system. It is safe for concurrent use.
type FS struct {
	p       Params
	pool    *pool
	log     *transcript
	group   *task.Group
	charset encoding.Encoding // nil: UTF-8, or what the bytes say

	mu      sync.Mutex
	server  string
	secure  string // TLS version
	rtt     time.Duration
	caps    files.Caps
	feat    features
	home    files.Path
	zone    *time.Duration // how far LIST's clock is ahead of UTC; nil: not known yet
	justPut justPut
	seen    namesSeen
	links   map[string]bool // which links lead to folders
	noMDTM  bool
	noMFMT  bool
	noREST  bool
	noA     bool // LIST -a is not understood
}

var (
	_ files.FS        = (*FS)(nil)
	_ files.Ranger    = (*FS)(nil)
	_ files.Hasher    = (*FS)(nil)
	_ files.Namer     = (*FS)(nil)
	_ files.Spacer    = (*FS)(nil)
	_ files.Connected = (*FS)(nil)
)

// justPut is what was uploaded last, at a time of the server's own choice.
type justPut struct {
	path files.Path
	size int64
	at   time.Time
}

// defaultConns is how many connections a site gets that says nothing else: as
// many transfers as do good, and one for looking around.
const defaultConns = 9

// Dial connects and logs in. Faults: those of connect; Login; Busy when the
// server grants no more connections; Unsupported with a
// *files.ClearTextQuestion when it knows no encryption.
func Dial(ctx context.Context, p Params) (*FS, error) {
	if p.MaxConns == 0 {
		p.MaxConns = defaultConns
	}
	if n := p.Site.MaxConns; n > 0 {
		p.MaxConns = min(p.MaxConns, n+1)
	}
	if k := p.Memory.get(p.Site); k.max > 0 {
		p.MaxConns = min(p.MaxConns, k.max)
	}
	if p.Memory == nil {
		p.Memory = &Memory{}
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	charset, err := charsetOf(p.Site.Charset, p.Site.Host)
	if err != nil {
		return nil, err
	}
	f := &FS{
		p: p, pool: newPool(p.MaxConns), log: &transcript{}, group: task.NewGroup(context.WithoutCancel(ctx)),
		charset: charset, links: map[string]bool{},
	}
	if p.Site.TimeFixed {
		zone := -p.Site.TimeShift
		f.zone = &zone
	}
	c, err := f.take(ctx, false)
	if err != nil {
		return nil, err
	}
	f.learn(c)
	f.put(c, false)
	f.group.Go("ftp idle", f.janitor)
	return f, nil
}

func (f *FS) setServer(banner string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.server = fault.CleanLine(banner)
}

func (f *FS) serverName() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.server
}

// learn takes over what the first connection found out.
func (f *FS) learn(c *conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.feat = c.feat
	f.rtt = c.rtt
	if c.secure != nil {
		f.secure = map[uint16]string{0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}[c.secure.Version]
	}
	if c.rooted {
		f.home = files.ParsePath(c.root)
	}
	f.caps = files.Caps{
		Resume: true, AtomicReplace: true, Chmod: true, SetTime: c.feat.sets,
		FreeSpace: c.feat.avbl, MaxConns: max(1, f.p.MaxConns-1), TimePrecision: time.Second,
	}
	for _, way := range checksums {
		if c.feat.hashes[way.hash] || c.feat.checksum(way.commands) != "" {
			f.caps.Hash = append(f.caps.Hash, way.algo)
		}
	}
}

// Caps implements files.FS.
func (f *FS) Caps(context.Context) (files.Caps, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	caps := f.caps
	caps.Resume = !f.noREST
	caps.SetTime = caps.SetTime && !f.noMFMT
	f.pool.mu.Lock()
	caps.MaxConns = max(1, f.pool.max-1)
	f.pool.mu.Unlock()
	return caps, nil
}

// Home implements files.FS.
func (f *FS) Home(context.Context) (files.Path, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.home, nil
}

// URL implements files.FS.
func (f *FS) URL(p files.Path) string { return f.p.Site.URL(p) }

// Conn implements files.Connected.
func (f *FS) Conn() files.Conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	return files.Conn{Protocol: f.p.Site.Protocol, Secure: f.secure != "", Version: f.secure, RoundTrip: f.rtt, Server: f.server}
}

// Transcript implements files.Connected.
func (f *FS) Transcript() string { return f.log.String() }

// Close implements files.FS.
func (f *FS) Close() error {
	p := f.pool
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	p.signal()
	p.mu.Unlock()
	for _, c := range idle {
		c.quit()
	}
	if !f.group.Close(2 * time.Second) {
		return fault.Newf(fault.Timeout, "close", f.p.Site.Host, "transfers still run")
	}
	return nil
}

var _ io.Closer = (*FS)(nil)
