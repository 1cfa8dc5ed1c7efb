// Package ftp is files.FS over FTP (RFC 959, 2228, 2389, 2428, 3659, 4217),
// encrypted unless a person allows otherwise. The commands are sent by
// github.com/jlaffaye/ftp; both of its sockets are shims of ours, which add
// what it lacks: deadlines, cancellation, raw commands, the TLS that servers
// want on data connections, and the bytes of listings for our own parser.
package ftp

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

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
	// MaxConns is how many connections may be open at once; 0: 3.
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

	mu     sync.Mutex
	server string
	secure string // TLS version
	rtt    time.Duration
	caps   files.Caps
	feat   features
	home   files.Path
	prefix string // what stands before absolute paths' names: "/", or "" for odd systems
	zone   *time.Duration
	noMFMT bool
	noREST bool
	noA    bool // LIST -a is not understood
}

var (
	_ files.FS        = (*FS)(nil)
	_ files.Hasher    = (*FS)(nil)
	_ files.Namer     = (*FS)(nil)
	_ files.Spacer    = (*FS)(nil)
	_ files.Connected = (*FS)(nil)
)

// Dial connects and logs in. Faults: those of connect; Login; Busy when the
// server grants no more connections; Unsupported with a
// *files.ClearTextQuestion when it knows no encryption.
func Dial(ctx context.Context, p Params) (*FS, error) {
	if p.MaxConns == 0 {
		p.MaxConns = 3
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
	f := &FS{p: p, pool: newPool(p.MaxConns), log: &transcript{}, group: task.NewGroup(context.WithoutCancel(ctx))}
	if name := p.Site.Charset; name != "" && !strings.EqualFold(name, "utf-8") {
		e, err := htmlindex.Get(name)
		if err != nil {
			return nil, fault.New(fault.Unsupported, "connect", p.Site.Host, err)
		}
		f.charset = e
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
	if strings.HasPrefix(c.root, "/") {
		f.prefix = "/"
		f.home = files.ParsePath(c.root)
	}
	f.caps = files.Caps{
		Resume: true, AtomicReplace: true, Chmod: true, SetTime: c.feat.mfmt || c.feat.mdtm,
		FreeSpace: c.feat.avbl, MaxConns: max(1, f.p.MaxConns-1), TimePrecision: time.Second,
	}
	for _, h := range []struct {
		have bool
		algo string
	}{
		{c.feat.xsha256 || strings.Contains(c.feat.hash, "SHA-256"), "sha256"},
		{c.feat.xsha512 || strings.Contains(c.feat.hash, "SHA-512"), "sha512"},
		{c.feat.xsha1 || strings.Contains(c.feat.hash, "SHA-1"), "sha1"},
		{c.feat.xmd5 || strings.Contains(c.feat.hash, "MD5"), "md5"},
		{c.feat.crc || strings.Contains(c.feat.hash, "CRC32"), "crc32"},
	} {
		if h.have {
			f.caps.Hash = append(f.caps.Hash, h.algo)
		}
	}
}

// fail classes an error; replies by their codes and texts.
func (f *FS) fail(op string, err error) *fault.Fault {
	host := f.p.Site.Host
	var known *fault.Fault
	var proto *textproto.Error
	if errors.As(err, &known) {
		return known.With(op, host)
	}
	var alert tls.AlertError
	if errors.As(err, &alert) {
		return fault.New(fault.Protocol, op, host, err)
	}
	if !errors.As(err, &proto) {
		return fault.From(op, host, err)
	}
	return &fault.Fault{Kind: kindOf(op, proto), Op: op, Host: host, Said: fault.CleanLine(proto.Msg), Err: err}
}

// kindOf reads a reply. The texts are English on nearly every server.
func kindOf(op string, e *textproto.Error) fault.Kind {
	text := strings.ToLower(e.Msg)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch e.Code {
	case 421, 450:
		if e.Code == 450 && has("no such", "not found") {
			return fault.NotFound
		}
		return fault.Busy
	case 425, 426, 522:
		return fault.Protocol
	case 430, 530, 532:
		return fault.Login
	case 451:
		if has("restart", "append", "resum") {
			return fault.Unsupported // ProFTPD says "try again" and means never
		}
		return fault.Protocol
	case 452, 552:
		return fault.Full
	case 500, 501, 502, 503, 504, 202:
		return fault.Unsupported
	}
	switch {
	case e.Code/100 == 4:
		return fault.Protocol
	case e.Code/100 != 5:
		return fault.Protocol
	case has("no such", "not found", "does not exist", "doesn't exist", "cannot find", "can't find", "not a directory", "introuvable", "can't check for file existence"):
		return fault.NotFound
	case has("not empty"):
		return fault.Exists
	case has("exist"):
		return fault.Exists
	case has("quota", "no space", "disk full"):
		return fault.Full
	case has("restart", "rest offset") && op == "write":
		return fault.Unsupported
	case has("permission", "denied", "not permitted", "prohibited", "not allowed", "forbidden", "read-only", "refus"):
		return fault.Permission
	}
	switch op {
	case "stat", "list", "read":
		return fault.NotFound
	}
	return fault.Permission
}

// check refuses names that could not be sent: a control character would end the
// command or be taken for one.
func (f *FS) check(op string, p files.Path) error {
	for _, name := range p {
		err := files.CheckName(name)
		for i := 0; err == nil && i < len(name); i++ {
			if name[i] < 0x20 || name[i] == 0x7f {
				err = errors.New("the name holds a control character")
			}
		}
		if err != nil {
			return &fault.Fault{Kind: fault.Permission, Op: op, Host: f.p.Site.Host, Err: errors.Join(errNoReply, err)}
		}
	}
	return nil
}

// enter goes to a folder, so that commands carry bare names: that is what all
// servers understand, whatever is in a name.
func (c *conn) enter(op string, dir files.Path) error {
	f := c.fs
	if err := f.check(op, dir); err != nil {
		return err
	}
	if f.prefix != "/" {
		return c.walk(dir)
	}
	target := dir.String()
	if c.cwd != nil && *c.cwd == target {
		return nil
	}
	if err := c.lib.ChangeDir(target); err != nil {
		return err
	}
	c.cwd = &target
	return nil
}

// walk enters a folder of a system without slashes, name by name from where the
// login was.
func (c *conn) walk(dir files.Path) error {
	target := dir.String()
	if c.cwd != nil && *c.cwd == target {
		return nil
	}
	c.cwd = nil
	if c.root != "" {
		if err := c.lib.ChangeDir(c.root); err != nil {
			return err
		}
	} else if len(dir) == 0 {
		return nil
	}
	for _, name := range dir {
		if err := c.lib.ChangeDir(name); err != nil {
			return err
		}
	}
	c.cwd = &target
	return nil
}

// at enters the folder of p and gives p's bare name.
func (c *conn) at(op string, p files.Path) (string, error) {
	if len(p) == 0 {
		return "", &fault.Fault{Kind: fault.Permission, Op: op, Host: c.fs.p.Site.Host, Err: errors.Join(errNoReply, errors.New("the root"))}
	}
	if err := c.fs.check(op, p[len(p)-1:]); err != nil {
		return "", err
	}
	return c.fs.argument(p), c.enter(op, p.Dir())
}

// argument writes p for a command in p's folder: the bare name, but for names
// that begin with a blank, whose blank Pure-FTPd turns into "_" otherwise.
func (f *FS) argument(p files.Path) string {
	if strings.HasPrefix(p.Base(), " ") && f.prefix == "/" {
		return p.String()
	}
	return p.Base()
}

// expect sends a command and takes one of the given codes for success.
func (c *conn) expect(codes string, format string, args ...any) (reply, error) {
	r, err := c.ctl.raw(format, args...)
	if err != nil {
		return r, err
	}
	if !strings.Contains(codes, strconv.Itoa(r.code)) {
		return r, r.err()
	}
	return r, nil
}

// Caps implements files.FS.
func (f *FS) Caps(context.Context) (files.Caps, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	caps := f.caps
	caps.Resume = !f.noREST
	caps.SetTime = caps.SetTime && !f.noMFMT
	return caps, nil
}

// Home implements files.FS.
func (f *FS) Home(context.Context) (files.Path, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.home, nil
}

// Mkdir implements files.FS.
func (f *FS) Mkdir(ctx context.Context, p files.Path) error {
	return f.with(ctx, "mkdir", false, func(c *conn) error {
		name, err := c.at("mkdir", p)
		if err != nil {
			return err
		}
		err = c.lib.MakeDir(name)
		var proto *textproto.Error
		if errors.As(err, &proto) {
			// Some say 250 instead of 257.
			if proto.Code/100 == 2 {
				return nil
			}
			if c.entered(p) {
				fa := f.fail("mkdir", err)
				fa.Kind = fault.Exists
				return fa
			}
		}
		return err
	})
}

// entered reports whether p is a folder, by going there.
func (c *conn) entered(p files.Path) bool {
	err := c.enter("stat", p)
	c.settle(err)
	return err == nil
}

// Remove implements files.FS.
func (f *FS) Remove(ctx context.Context, p files.Path) error {
	return f.with(ctx, "remove", false, func(c *conn) error {
		name, err := c.at("remove", p)
		if err != nil {
			return err
		}
		_, err = c.expect("250 200 226", "DELE %s", name)
		return err
	})
}

// RemoveDir implements files.FS.
func (f *FS) RemoveDir(ctx context.Context, p files.Path) error {
	return f.with(ctx, "rmdir", false, func(c *conn) error {
		name, err := c.at("rmdir", p)
		if err != nil {
			return err
		}
		_, err = c.expect("250 200", "RMD %s", name)
		return err
	})
}

// Rename implements files.FS. RNTO replaces on every server known; where it
// does not, the old file is set aside.
func (f *FS) Rename(ctx context.Context, from, to files.Path, replace bool) error {
	return f.with(ctx, "rename", false, func(c *conn) error {
		if err := f.check("rename", to); err != nil {
			return err
		}
		if !replace {
			_, err := c.stat(to)
			if err == nil {
				return &fault.Fault{Kind: fault.Exists, Op: "rename", Host: f.p.Site.Host, Err: errors.Join(errNoReply, fs.ErrExist)}
			}
			if f.fail("stat", err).Kind != fault.NotFound {
				return err
			}
		}
		err := c.rename(from, to)
		var proto *textproto.Error
		if !replace || !errors.As(err, &proto) || proto.Code/100 != 5 {
			return err
		}
		if _, serr := c.stat(to); serr != nil {
			return err // the reason is another one
		}
		return files.ReplaceAside(ctx, from, to,
			func(_ context.Context, from, to files.Path) error { return c.rename(from, to) },
			func(_ context.Context, p files.Path) error {
				name, err := c.at("remove", p)
				if err == nil {
					err = c.lib.Delete(name)
				}
				return err
			})
	})
}

func (c *conn) rename(from, to files.Path) error {
	a, err := c.at("rename", from)
	if err != nil {
		return err
	}
	b := c.fs.argument(to)
	if !from.Dir().Equal(to.Dir()) {
		if c.fs.prefix != "/" {
			return &fault.Fault{Kind: fault.Unsupported, Op: "rename", Host: c.fs.p.Site.Host, Err: errNoReply}
		}
		b = to.String()
	}
	if _, err := c.expect("350", "RNFR %s", a); err != nil {
		return err
	}
	_, err = c.expect("250 200", "RNTO %s", b)
	return err
}

// SetTime implements files.FS by MFMT (draft-somers-ftp-mfxx), or MDTM with two
// arguments as vsftpd has it.
func (f *FS) SetTime(ctx context.Context, p files.Path, t time.Time) error {
	return f.with(ctx, "settime", true, func(c *conn) error { return c.setTime(p, t) })
}

func (c *conn) setTime(p files.Path, t time.Time) error {
	f := c.fs
	name, err := c.at("settime", p)
	if err != nil {
		return err
	}
	f.mu.Lock()
	refused := f.noMFMT
	f.mu.Unlock()
	if refused || !c.feat.mfmt && !c.feat.mdtm {
		return &fault.Fault{Kind: fault.Unsupported, Op: "settime", Host: f.p.Site.Host, Err: errNoReply}
	}
	verb := "MDTM"
	if c.feat.mfmt {
		verb = "MFMT"
	}
	_, err = c.expect("213 200 253", "%s %s %s", verb, t.UTC().Format("20060102150405"), name)
	var proto *textproto.Error
	if errors.As(err, &proto) && (proto.Code/10 == 50 || verb == "MDTM" && proto.Code == 550) {
		f.mu.Lock()
		f.noMFMT = true
		f.mu.Unlock()
		fa := f.fail("settime", err)
		fa.Kind = fault.Unsupported
		return fa
	}
	return err
}

// Chmod implements files.FS by SITE CHMOD.
func (f *FS) Chmod(ctx context.Context, p files.Path, mode fs.FileMode) error {
	return f.with(ctx, "chmod", true, func(c *conn) error {
		name, err := c.at("chmod", p)
		if err != nil {
			return err
		}
		_, err = c.expect("200 250", "SITE CHMOD %04o %s", mode.Perm(), name)
		return err
	})
}

// Raw sends a command that is none of the others, in a folder, and gives the
// code and text of its reply.
func (f *FS) Raw(ctx context.Context, dir files.Path, command string) (code int, text string, err error) {
	err = f.with(ctx, "command", false, func(c *conn) error {
		if err := c.enter("command", dir); err != nil {
			return err
		}
		r, err := c.ctl.raw("%s", command)
		code, text = r.code, r.text
		return err
	})
	return code, text, err
}

// Hash implements files.Hasher by HASH (draft-ietf-ftpext2-hash) or XSHA256 and
// its kin.
func (f *FS) Hash(ctx context.Context, p files.Path, algo string) (string, error) {
	names := map[string][2]string{
		"sha256": {"SHA-256", "XSHA256"}, "sha512": {"SHA-512", "XSHA512"}, "sha1": {"SHA-1", "XSHA1"},
		"md5": {"MD5", "XMD5"}, "crc32": {"CRC32", "XCRC"},
	}
	lengths := map[string]int{"sha256": 64, "sha512": 128, "sha1": 40, "md5": 32, "crc32": 8}
	n, ok := names[algo]
	if !ok {
		return "", fault.Newf(fault.Unsupported, "hash", f.p.Site.Host, "algorithm %q", algo)
	}
	var sum string
	err := f.with(ctx, "hash", true, func(c *conn) error {
		name, err := c.at("hash", p)
		if err != nil {
			return err
		}
		c.ctl.wait(5 * time.Minute) // the server reads the whole file
		var r reply
		if strings.Contains(c.feat.hash, n[0]) {
			if _, err := c.expect("200", "OPTS HASH %s", n[0]); err != nil {
				return err
			}
			c.ctl.wait(5 * time.Minute)
			r, err = c.expect("213 250", "HASH %s", name)
		} else {
			r, err = c.expect("213 250", "%s %s", n[1], name)
		}
		if err != nil {
			return err
		}
		for field := range strings.FieldsSeq(r.text) {
			field = strings.ToLower(strings.Trim(field, `"`))
			if algo == "crc32" && len(field) > 0 && len(field) < 8 {
				field = strings.Repeat("0", 8-len(field)) + field // some drop zeros in front
			}
			if _, err := hex.DecodeString(field); err == nil && len(field) == lengths[algo] {
				sum = field
				return nil
			}
		}
		return &fault.Fault{Kind: fault.Protocol, Op: "hash", Host: f.p.Site.Host, Said: fault.CleanLine(r.text), Err: errNoReply}
	})
	return sum, err
}

// Free implements files.Spacer by AVBL (draft-peterson-streamlined-ftp).
func (f *FS) Free(ctx context.Context, p files.Path) (int64, error) {
	var n int64
	err := f.with(ctx, "free", true, func(c *conn) error {
		if !c.feat.avbl {
			return &fault.Fault{Kind: fault.Unsupported, Op: "free", Host: f.p.Site.Host, Err: errNoReply}
		}
		if err := c.enter("free", p); err != nil {
			return err
		}
		r, err := c.expect("213", "AVBL")
		if err != nil {
			return err
		}
		if n, err = strconv.ParseInt(strings.TrimSpace(r.text), 10, 64); err != nil {
			return &fault.Fault{Kind: fault.Protocol, Op: "free", Host: f.p.Site.Host, Err: errors.Join(errNoReply, err)}
		}
		return nil
	})
	return n, err
}

// Import implements files.Namer.
func (f *FS) Import(name string) string {
	if f.charset == nil {
		return name
	}
	raw, err := f.charset.NewEncoder().String(name)
	if err != nil {
		return name // it has no such character; the server will take the UTF-8
	}
	return raw
}

// Export implements files.Namer.
func (f *FS) Export(name string) string {
	if f.charset == nil {
		return name
	}
	text, err := f.charset.NewDecoder().String(name)
	if err != nil {
		return name
	}
	return text
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
