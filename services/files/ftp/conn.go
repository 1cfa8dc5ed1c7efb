package ftp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/jlaffaye/ftp" // its control connection is a shim of ours

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
)

// conn is one connection with a login; one goroutine at a time uses it.
type conn struct {
	fs     *FS
	lib    *ftp.ServerConn
	ctl    *control
	cache  tls.ClientSessionCache // private: shared ones break ProFTPD
	secure *tls.ConnectionState   // nil: clear text
	host   string                 // the server's address, for data connections
	sixth  bool                   // it is one of IPv6
	rtt    time.Duration
	feat   features
	hash   string     // the algorithm of HASH now
	root   string     // PWD after the login, raw
	rooted bool       // paths begin with a slash
	cwd    *string    // where the connection is; nil: unknown
	where  files.Path // the names from root to there, where paths do not begin with a slash

	noMLSD, noMLST bool // promised, but not there

	proxied  bool
	epsvDead bool
	next     *early // the next data connection; nil: not asked for

	fetched time.Time // when a transfer last succeeded
	used    time.Time // when an operation last ended
	asked   time.Time // when the server last answered
	fresh   bool      // nothing has been done with it yet
	broken  bool
	ctx     context.Context // of the operation under way
	free    func() bool     // ends the watch over ctx
}

// sessions is a cache that keeps its sessions when a handshake fails: one that
// was broken off, because the server refused the file meanwhile, says nothing
// against the session, without which ProFTPD and vsftpd take no more data.
type sessions struct{ tls.ClientSessionCache }

func (s sessions) Put(key string, session *tls.ClientSessionState) {
	if session != nil {
		s.ClientSessionCache.Put(key, session)
	}
}

// dial makes a connection and logs in.
func (f *FS) dial(ctx context.Context) (*conn, error) {
	site := f.p.Site
	port := site.PortOrDefault()
	learnt := f.p.Memory.get(site)
	socket, err := f.p.Network.Dial(ctx, site.Host, port)
	if err != nil {
		return nil, err
	}
	c := &conn{
		fs: f, cache: sessions{tls.NewLRUClientSessionCache(8)}, fresh: true, used: time.Now(), asked: time.Now(), ctx: ctx,
		epsvDead: learnt.noEPSV, proxied: f.p.Network.Proxied("tcp", site.Host, port),
	}
	options := connect.TLSOptions{SessionCache: c.cache}
	if learnt.tls12 {
		options.MaxVersion = tls.VersionTLS12
	}
	if tcp, ok := socket.RemoteAddr().(*net.TCPAddr); ok {
		c.host, c.sixth = tcp.IP.String(), tcp.IP.To4() == nil
		if tcp.Zone != "" {
			c.host += "%" + tcp.Zone
		}
		if c.proxied {
			c.host, c.sixth = site.Host, false // the proxy alone knows the address
		}
	} else {
		_ = socket.Close() // never used
		return nil, fault.Newf(fault.Internal, "connect", site.Host, "no TCP address")
	}
	c.ctl = newControl(socket, site.Host, f.log)
	c.ctl.single = learnt.single
	c.ctl.mixedUp = func() { f.p.Memory.learn(site, func(k *known) { k.single = true }) }
	release := c.ctl.bind(ctx)
	defer release()
	fail := func(step string, err error) (*conn, error) {
		_ = c.ctl.Close() // already failed
		fa := f.fail("connect", err)
		if fa.Step == "" {
			fa.Step = step
		}
		if ctx.Err() != nil && fa.Kind != fault.Cancelled {
			fa = fault.From("connect", site.Host, ctx.Err())
		}
		return nil, fa
	}
	upgrade := func() error {
		if proFTPD(f.serverName()) {
			// Its mod_tls dies at downloads by Go's TLS 1.3 (1.3.8 does).
			options.MaxVersion = tls.VersionTLS12
		}
		t, err := f.p.Network.Upgrade(ctx, socket, site.Host, port, options)
		if err != nil {
			return err
		}
		state := t.ConnectionState()
		c.secure = &state
		c.ctl.over(t)
		return nil
	}
	if site.Protocol == files.ProtocolFTPS {
		if err := upgrade(); err != nil {
			return fail("tls", err)
		}
	}
	banner, err := c.greeting()
	if err != nil {
		return fail("protocol", err)
	}
	c.ctl.doubleFF = proFTPD(banner.text)
	c.ctl.single = c.ctl.single || oneByOne(banner.text)
	f.setServer(banner.text)
	if c.ctl.doubleFF && c.secure != nil && c.secure.Version == tls.VersionTLS13 {
		_ = c.ctl.Close() // again, in TLS 1.2: the name comes too late here
		f.p.Memory.learn(site, func(k *known) { k.tls12 = true })
		if f.p.Memory.get(site).tls12 {
			release()
			return f.dial(ctx)
		}
	}
	if site.Protocol != files.ProtocolFTPS {
		if err := c.authTLS(upgrade); err != nil {
			return fail("tls", err)
		}
	}
	if err := c.login(ctx); err != nil {
		return fail("login", err)
	}
	return c, nil
}

// proFTPD reads a banner.
func proFTPD(banner string) bool { return strings.Contains(banner, "ProFTPD") }

// oneByOne knows servers that lose commands sent together (lftp's list).
func oneByOne(banner string) bool {
	for _, name := range []string{"Microsoft FTP Service", "MadGoat", "MikroTik"} {
		if strings.Contains(banner, name) {
			return true
		}
	}
	return false
}

// greeting reads the banner; "120 ready in n minutes" may come before it.
func (c *conn) greeting() (reply, error) {
	for range 10 {
		r, err := c.ctl.readReply()
		c.ctl.pending.Reset()
		if err != nil {
			return r, err
		}
		if r.code/100 == 1 {
			continue
		}
		if r.code != 220 {
			return r, r.err()
		}
		return r, nil
	}
	return reply{}, fault.Newf(fault.Protocol, "connect", c.fs.p.Site.Host, "a server that is always ready soon")
}

// authTLS asks for encryption (RFC 4217). Without it goes on only who wants
// plain FTP and has a person's consent.
func (c *conn) authTLS(upgrade func() error) error {
	site := c.fs.p.Site
	r, err := c.ctl.raw("AUTH TLS")
	if err != nil {
		return err
	}
	if r.code == 234 || r.code == 334 {
		if c.ctl.r.Buffered() > 0 {
			return fault.Newf(fault.Protocol, "tls", site.Host, "bytes were slipped in before the encryption")
		}
		return upgrade()
	}
	if r.code == 421 {
		return r.err()
	}
	if site.Protocol == files.ProtocolFTP && site.AllowClear {
		return nil
	}
	fa := &fault.Fault{
		Kind: fault.Unsupported, Op: "tls", Host: site.Host, Step: "tls", Said: fault.CleanLine(r.text),
		Err: errors.New("the server knows no encryption"),
	}
	if site.Protocol == files.ProtocolFTP {
		fa.Question = &files.ClearTextQuestion{Site: site}
	}
	return fa
}

// quit ends the connection politely but without waiting.
func (c *conn) quit() {
	c.fs.drop(c.next)
	c.next = nil
	if !c.broken && c.ctl.why(nil) == nil {
		_ = c.ctl.send("QUIT") // a farewell
	}
	_ = c.ctl.Close() // nobody waits for it
}
