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

	"guichet/services/fault"
	"guichet/services/files"
)

// login hands the connection to the library and logs in.
func (c *conn) login(ctx context.Context) error {
	site := c.fs.p.Site
	// The banner has been read; the library wants one.
	c.ctl.pending.WriteString("220 ready\r\n")
	options := []ftp.DialOption{
		ftp.DialWithDialFunc(func(string, string) (net.Conn, error) { return c.ctl, nil }),
		ftp.DialWithDisabledUTF8(true), // settleIn asks: for the library a refusal would be the end
	}
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
	c.ctl.in = true
	c.feat = readFeatures(c.ctl.feat)
	c.hash = c.feat.hashed
	c.feat.sets = c.feat.mfmt || c.feat.mdtm && !proFTPD(c.fs.serverName()) // whose MDTM only tells
	// Pure-FTPd announces PRET but has no need of it.
	c.feat.pret = c.feat.pret && !strings.Contains(c.fs.serverName(), "Pure-FTPd")
	return c.settleIn()
}

// settleIn asks where the login is and says what is wanted, in one go. That
// some of it is refused does no harm.
func (c *conn) settleIn() error {
	lines := []string{"PWD"}
	unicode := c.feat.utf8 && c.fs.charset == nil
	if unicode {
		lines = append(lines, "OPTS UTF8 ON")
	}
	if wanted := c.feat.wanted(); wanted != "" {
		lines = append(lines, "OPTS MLST "+wanted)
	}
	if c.feat.clnt {
		lines = append(lines, "CLNT Guichet")
	}
	began := time.Now()
	replies, err := c.ctl.ask(lines...)
	if err != nil {
		return err
	}
	c.rtt = time.Since(began)
	c.root = quoted(replies[0])
	if unicode && replies[1].code == 451 {
		c.feat.utf8 = false // ProFTPD with another charset: it announces what it cannot do
	}
	if c.root == "" {
		// Some say nothing (WinSCP's bug 2300). Is there a root?
		r, err := c.ctl.raw("CWD /")
		if err != nil {
			return err
		}
		if r.code/100 == 2 {
			c.root = "/"
		}
	}
	c.rooted = strings.HasPrefix(c.root, "/")
	root := c.root
	if !c.rooted {
		root = files.Path{}.String()
	}
	c.cwd = &root
	return nil
}

// loginFault finds out what a refused login means. The library loses the code
// of a refused name.
func (c *conn) loginFault(err error) error {
	last := c.ctl.last
	var proto *textproto.Error
	if !errors.As(err, &proto) && (last.code < 300 || !strings.Contains(err.Error(), last.text)) {
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
