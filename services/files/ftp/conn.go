package ftp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/jlaffaye/ftp"

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
	root   string                 // PWD after the login, raw
	cwd    *string                // where the connection is; nil: unknown
	sink   *sinkSlot
	used   time.Time
	fresh  bool // nothing has been done with it yet
	broken bool
	feat   features
	rtt    time.Duration
	ctx    context.Context // of the operation under way
	free   func() bool     // ends the watch over ctx
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
	c := &conn{fs: f, cache: tls.NewLRUClientSessionCache(8), fresh: true, sink: &sinkSlot{}, used: time.Now()}
	options := connect.TLSOptions{SessionCache: c.cache}
	if learnt.tls12 {
		options.MaxVersion = tls.VersionTLS12
	}
	if tcp, ok := socket.RemoteAddr().(*net.TCPAddr); ok {
		c.host = tcp.IP.String()
		if tcp.Zone != "" {
			c.host += "%" + tcp.Zone
		}
	} else {
		_ = socket.Close()
		return nil, fault.Newf(fault.Internal, "connect", site.Host, "no TCP address")
	}
	c.ctl = newControl(socket, site.Host, f.log)
	c.ctl.noEPSV = learnt.noEPSV
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

// greeting reads the banner; "120 ready in n minutes" may come before it.
func (c *conn) greeting() (reply, error) {
	for {
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

// login hands the connection to the library and logs in.
func (c *conn) login(ctx context.Context) error {
	site := c.fs.p.Site
	// The banner has been read; the library wants one.
	c.ctl.pending.WriteString("220 ready\r\n")
	first := true
	options := []ftp.DialOption{ftp.DialWithDialFunc(func(_, address string) (net.Conn, error) {
		if first {
			first = false
			return c.ctl, nil
		}
		return c.openData(address)
	})}
	if c.secure != nil {
		// Makes it send PBSZ and PROT; the TLS itself is the shims'.
		options = append(options, ftp.DialWithTLS(&tls.Config{MinVersion: tls.VersionTLS12}))
	}
	var err error
	if c.lib, err = ftp.Dial(net.JoinHostPort(c.host, strconv.Itoa(site.PortOrDefault())), options...); err != nil {
		return err
	}
	user, password := site.User, ""
	if user == "" {
		user, password = "anonymous", "guichet@"
	} else if c.fs.p.Password != nil {
		// While a person types, the server may wait.
		if password, err = c.fs.p.Password(ctx); err != nil {
			return err
		}
	}
	if strings.ContainsAny(user+password, "\r\n\x00") {
		return fault.Newf(fault.Login, "login", site.Host, "a control character in name or password")
	}
	if err := c.lib.Login(user, password); err != nil {
		return c.loginFault(err)
	}
	c.features(c.ctl.feat)
	began := time.Now()
	r, err := c.ctl.raw("PWD")
	if err != nil {
		return err
	}
	c.rtt = time.Since(began)
	c.root = quoted(r)
	root := c.root
	c.cwd = &root
	if c.feat.mlst != "" && !strings.Contains(strings.ToLower(c.feat.mlst), "modify") {
		// Harmless where it is refused.
		if _, err := c.ctl.raw("OPTS MLST type;size;modify;perm;unique;unix.mode;unix.owner;unix.group;"); err != nil {
			return err
		}
	}
	return nil
}

// loginFault finds out what a refused login means. The library loses the code
// of a refused name.
func (c *conn) loginFault(err error) error {
	last := c.ctl.last
	var proto *textproto.Error
	if !errors.As(err, &proto) && (last.code < 400 || !strings.Contains(err.Error(), last.text)) {
		return err
	}
	fa := c.fs.fail("login", last.err())
	fa.Step = "login"
	lower := strings.ToLower(last.text)
	switch {
	case last.code == 421, strings.Contains(lower, "too many"), strings.Contains(lower, "maximum number"):
		fa.Kind = fault.Busy
	case last.code == 530, last.code == 332, last.code == 532, last.code == 430:
		fa.Kind = fault.Login
	case last.code/100 == 5 && c.secure != nil && (last.code == 503 || last.code == 536 || last.code == 534):
		fa.Kind = fault.Unsupported // PROT P: files would go in clear text
	case last.code/100 == 5:
		fa.Kind = fault.Login
	}
	return fa
}

// features are what FEAT (RFC 2389) promises.
type features struct {
	mlst, hash                string
	mfmt, mdtm, size, rest    bool
	utf8, avbl                bool
	xsha256, xsha1, xmd5, crc bool
	xsha512                   bool
}

func (c *conn) features(r reply) {
	if r.code != 211 {
		c.feat.size, c.feat.mdtm = true, true // old servers know them all the same
		return
	}
	for line := range strings.SplitSeq(r.text, "\n") {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(name) {
		case "MLST", "MLSD":
			if c.feat.mlst == "" {
				c.feat.mlst = "type;" + value
			}
		case "MFMT":
			c.feat.mfmt = true
		case "MDTM":
			c.feat.mdtm = true
		case "SIZE":
			c.feat.size = true
		case "REST":
			c.feat.rest = true
		case "UTF8":
			c.feat.utf8 = true
		case "AVBL":
			c.feat.avbl = true
		case "HASH":
			c.feat.hash = value
		case "XSHA256":
			c.feat.xsha256 = true
		case "XSHA512":
			c.feat.xsha512 = true
		case "XSHA1", "XSHA":
			c.feat.xsha1 = true
		case "XMD5":
			c.feat.xmd5 = true
		case "XCRC":
			c.feat.crc = true
		}
	}
}

// quoted reads the path of a 257 reply: in quotes, quotes in it doubled (RFC
// 959 appendix II). A server without one is taken to be in "".
func quoted(r reply) string {
	if r.code != 257 {
		return ""
	}
	_, rest, ok := strings.Cut(r.text, `"`)
	if !ok {
		return ""
	}
	var b strings.Builder
	for i := 0; i < len(rest); i++ {
		if rest[i] == '"' {
			if i+1 < len(rest) && rest[i+1] == '"' {
				i++
			} else {
				break
			}
		}
		b.WriteByte(rest[i])
	}
	return b.String()
}

// openData dials the port that the server named. Its address is never taken
// from the reply (CVE-2020-8284) but is the control connection's.
func (c *conn) openData(address string) (net.Conn, error) {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	ctx, cancel := c.dataContext()
	defer cancel()
	epsv := c.ctl.last.code == 229
	limit := silence
	if epsv {
		limit = silence / 2 // PASV gets its chance within the time for all
	}
	socket, err := c.dialData(ctx, port, limit)
	if err != nil && epsv && c.ctl.why(nil) == nil {
		// The port of EPSV is not reachable, often a router that reads along
		// PASV only (curl's test 1233).
		if port, perr := c.passive(); perr == nil {
			if socket, perr = c.dialData(ctx, port, limit); perr == nil {
				err = nil
				c.ctl.noEPSV = true
				c.fs.p.Memory.learn(c.fs.p.Site, func(k *known) { k.noEPSV = true })
			}
		}
	}
	if err != nil {
		return nil, c.ctl.why(err)
	}
	d := &dataConn{raw: socket, ctl: c.ctl, sink: c.sink}
	if c.secure != nil {
		options := connect.TLSOptions{SessionCache: c.cache}
		if c.secure.Version == tls.VersionTLS12 {
			options.MaxVersion = tls.VersionTLS12
		}
		d.tls = c.fs.p.Network.TLSConfig(c.fs.p.Site.Host, c.fs.p.Site.PortOrDefault(), options)
		if len(c.secure.PeerCertificates) > 0 {
			d.leaf = c.secure.PeerCertificates[0].Raw
		}
	}
	c.ctl.mu.Lock()
	c.ctl.data = d
	c.ctl.mu.Unlock()
	return d, nil
}

// dataContext ends when the control connection is aborted: dialling knows no
// socket yet that could be closed.
func (c *conn) dataContext() (context.Context, context.CancelFunc) {
	if c.ctx != nil {
		return context.WithCancel(c.ctx)
	}
	return context.WithCancel(context.Background())
}

func (c *conn) dialData(ctx context.Context, port int, limit time.Duration) (net.Conn, error) {
	if port < 1024 || port > 65535 {
		return nil, fault.Newf(fault.Protocol, "data connection", c.fs.p.Site.Host, "port %d", port)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return c.fs.p.Network.Dial(ctx, c.host, port)
}

// passive sends PASV and reads the port of "227 (h1,h2,h3,h4,p1,p2)".
func (c *conn) passive() (int, error) {
	r, err := c.ctl.raw("PASV")
	if err != nil {
		return 0, err
	}
	if r.code != 227 {
		return 0, r.err()
	}
	i := strings.IndexAny(r.text, "0123456789")
	if i < 0 {
		return 0, r.err()
	}
	numbers := strings.FieldsFunc(r.text[i:], func(r rune) bool { return r < '0' || r > '9' })
	if len(numbers) < 6 {
		return 0, r.err()
	}
	high, err1 := strconv.Atoi(numbers[4])
	low, err2 := strconv.Atoi(numbers[5])
	if err1 != nil || err2 != nil || high > 255 || low > 255 {
		return 0, r.err()
	}
	return high<<8 | low, nil
}

// quit ends the connection politely but without waiting.
func (c *conn) quit() {
	if !c.broken {
		_ = c.ctl.send("QUIT") // a farewell
	}
	_ = c.ctl.Close()
}
