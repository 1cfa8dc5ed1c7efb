package check

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"guichet/services/connect"
	"guichet/services/fault"
)

const (
	lineLimit  = 8 << 10 // longest line, in bytes
	replyLimit = 1000    // most lines of one reply
)

// describe enters what a connection says about itself.
func describe(facts *Detail, state tls.ConnectionState) {
	facts.Version, facts.Cipher = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
	if len(state.PeerCertificates) > 0 {
		describeLeaf(facts, state.PeerCertificates[0])
	}
}

func describeLeaf(facts *Detail, c *x509.Certificate) {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{c.Subject.CommonName}
	}
	for _, name := range names[:min(len(names), 20)] {
		facts.Names = append(facts.Names, fault.CleanLine(name))
	}
	from, to, sum := c.NotBefore.UTC(), c.NotAfter.UTC(), sha256.Sum256(c.Raw)
	facts.Issuer, facts.From, facts.To, facts.Key = fault.CleanLine(c.Issuer.String()), &from, &to, hex.EncodeToString(sum[:])
}

// recognise names the protocol that begins so: ssh, http, imap, pop3, smtp,
// ftp, tls, mysql, vnc, "220" for smtp or ftp, "" if unknown.
func recognise(b []byte) string {
	text := string(b)
	upper := strings.ToUpper(text)
	switch {
	case strings.HasPrefix(text, "SSH-"):
		return "ssh"
	case strings.HasPrefix(text, "HTTP/"), strings.HasPrefix(upper, "<!DOC"), strings.HasPrefix(upper, "<HTML"):
		return "http"
	case strings.HasPrefix(text, "* OK"), strings.HasPrefix(text, "* PREAUTH"), strings.HasPrefix(text, "* BYE"):
		return "imap"
	case strings.HasPrefix(text, "+OK"):
		return "pop3"
	case strings.HasPrefix(text, "RFB 0"):
		return "vnc"
	case strings.HasPrefix(text, "220"):
		switch {
		case strings.Contains(upper, "SMTP"):
			return "smtp"
		case strings.Contains(upper, "FTP"), strings.HasPrefix(text, "220-"):
			return "ftp"
		}
		return "220"
	case len(b) >= 3 && (b[0] == 0x15 || b[0] == 0x16) && b[1] == 3 && b[2] <= 4:
		return "tls"
	case len(b) >= 5 && b[3] == 0 && b[4] == 10:
		return "mysql"
	}
	return ""
}

// greeting dials anew and recognises what a server says unasked, "" if nothing.
func (d *diagnosis) greeting(ctx context.Context, host string, port int) string {
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout/4)
	defer cancel()
	c, err := d.n.Dial(ctx, host, port)
	if err != nil {
		return ""
	}
	defer c.Close()
	b := make([]byte, 512)
	n, err := connect.NewDeadlineConn(ctx, c, d.o.Timeout/4).Read(b)
	if err != nil {
		return ""
	}
	return recognise(b[:n])
}

// silentProtocol finds out what a server speaks that waits for its client: tls
// or http, "" if neither.
func (d *diagnosis) silentProtocol(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout/4)
	defer cancel()
	ask := func(question string) string {
		c, err := d.n.Dial(ctx, d.host, d.port)
		if err != nil {
			return ""
		}
		defer c.Close()
		quick := connect.NewDeadlineConn(ctx, c, d.o.Timeout/10)
		if _, err := io.WriteString(quick, question); err != nil {
			return ""
		}
		b := make([]byte, 512)
		n, err := quick.Read(b)
		if err != nil {
			return ""
		}
		return recognise(b[:n])
	}
	c, err := d.n.Dial(ctx, d.host, d.port)
	if err != nil {
		return ""
	}
	secured, err := d.n.Upgrade(ctx, c, d.host, d.port, connect.TLSOptions{})
	if err == nil {
		_ = secured.Close()
		return "tls"
	}
	if f := fault.From("", "", err); f.Kind == fault.Certificate || f.Kind == fault.Unsupported {
		return "tls"
	} else if found := recognise([]byte(f.Said)); found != "" {
		return found
	}
	return ask("GET / HTTP/1.0\r\n\r\n")
}

// talk is a conversation in lines.
type talk struct {
	d *diagnosis
	r *bufio.Reader
}

func (d *diagnosis) talk() *talk {
	return &talk{d: d, r: bufio.NewReaderSize(d.conn, lineLimit)}
}

// line reads one line without its end.
func (t *talk) line() (string, error) {
	b, err := t.r.ReadSlice('\n')
	if err != nil {
		if err == bufio.ErrBufferFull {
			return "", fault.Newf(fault.Protocol, "check", t.d.host, "line over %d bytes", lineLimit)
		}
		return "", err
	}
	return string(bytes.TrimRight(b, "\r\n")), nil
}

// send writes one line; the arguments never hold line ends.
func (t *talk) send(format string, args ...any) error {
	line := fmt.Sprintf(format, args...)
	if strings.ContainsAny(line, "\r\n\x00") {
		return fault.Newf(fault.Unsupported, "check", t.d.host, "line end in a command")
	}
	_, err := io.WriteString(t.d.conn, line+"\r\n")
	return err
}

// clear reports an error when the server has said more than it was asked for
// before TLS (CVE-2011-0411): that could be anybody's words.
func (t *talk) clear() error {
	if t.r.Buffered() > 0 {
		return fault.Newf(fault.Protocol, "check", t.d.host, "%d bytes in clear text after the go-ahead for TLS", t.r.Buffered())
	}
	return nil
}

// greeted waits for the server's first words. Where it keeps silent for half of
// the time, it is found out whether it waits for TLS or HTTP.
func (t *talk) greeted(ctx context.Context, expected string, good func(string) bool) error {
	d := t.d
	until, ok := ctx.Deadline()
	if !ok {
		until = time.Now().Add(d.o.Timeout)
	}
	if err := d.conn.SetReadDeadline(time.Now().Add(time.Until(until) / 2)); err != nil {
		return err
	}
	_, err := t.r.Peek(1)
	if ne, timeout := err.(net.Error); timeout && ne.Timeout() && ctx.Err() == nil {
		if _, secured := d.conn.(*tls.Conn); !secured {
			if found := d.silentProtocol(ctx); found != "" {
				return d.other(expected, found, "")
			}
		}
		if err := d.conn.SetReadDeadline(until); err != nil {
			return err
		}
		_, err = t.r.Peek(1)
	}
	if err != nil {
		return err
	}
	if err := d.conn.SetReadDeadline(until); err != nil {
		return err
	}
	for _, n := range []int{4, 5, t.r.Buffered()} { // enough to recognise, and what came with it
		if t.r.Buffered() >= n {
			continue
		}
		if _, err := t.r.Peek(n); err != nil && t.r.Buffered() == 0 {
			return err
		}
	}
	first, err := t.r.Peek(t.r.Buffered())
	if err != nil {
		return err
	}
	if found := recognise(first); found != expected && !good(string(first)) {
		if found == "220" {
			found = "smtp"
			if expected == "smtp" {
				found = "ftp"
			}
		}
		said, _, _ := strings.Cut(string(first), "\n")
		if found == "" || found == "tls" {
			said = ""
		}
		if found != "" {
			return d.other(expected, found, said)
		}
		f := fault.Newf(fault.Protocol, "check", d.host, "not the greeting of %s", expected)
		f.Said = fault.CleanLine(printable(first))
		d.at(Protocol).Expected = expected
		return f
	}
	return nil
}

// printable gives the first line of b if it is text.
func printable(b []byte) string {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	for _, c := range line {
		if c < ' ' && c != '\r' && c != '\t' {
			return ""
		}
	}
	return string(line)
}

// reply is an answer of SMTP or FTP (RFC 5321 section 4.2, RFC 959 section 4.2).
type reply struct {
	code  int
	lines []string
}

func (r reply) said() string {
	return fault.CleanLine(strconv.Itoa(r.code) + " " + strings.Join(r.lines, " "))
}

// has reports whether a line of the reply begins with the word.
func (r reply) has(word string) bool {
	for _, l := range r.lines {
		fields := strings.Fields(strings.ToUpper(l))
		if len(fields) > 0 && fields[0] == word {
			return true
		}
	}
	return false
}

// reply reads an answer of one or more lines: "220-text" begins one that goes
// on until "220 text"; FTP allows free text in between.
func (t *talk) reply() (reply, error) {
	l, err := t.line()
	if err != nil {
		return reply{}, err
	}
	code, err := strconv.Atoi(l[:min(3, len(l))])
	if err != nil || code < 100 || code > 599 || len(l) > 3 && l[3] != ' ' && l[3] != '-' {
		f := fault.Newf(fault.Protocol, "check", t.d.host, "no reply code")
		f.Said = fault.CleanLine(printable([]byte(l)))
		return reply{}, f
	}
	digits := l[:3]
	r := reply{code: code, lines: []string{strings.TrimSpace(l[min(4, len(l)):])}}
	for more := strings.HasPrefix(l[3:], "-"); more; {
		if len(r.lines) >= replyLimit {
			return r, fault.Newf(fault.Protocol, "check", t.d.host, "reply over %d lines", replyLimit)
		}
		if l, err = t.line(); err != nil {
			return r, err
		}
		more = l != digits && !strings.HasPrefix(l, digits+" ")
		if !more || strings.HasPrefix(l, digits+"-") {
			l = l[min(4, len(l)):]
		}
		r.lines = append(r.lines, strings.TrimSpace(l))
	}
	return r, nil
}

// ask sends a command and reads the answer.
func (t *talk) ask(format string, args ...any) (reply, error) {
	if err := t.send(format, args...); err != nil {
		return reply{}, err
	}
	return t.reply()
}

// refused makes a fault of a reply that was not hoped for; kind is for codes
// that say nothing more specific.
func (t *talk) refused(r reply, kind fault.Kind) error {
	switch r.code {
	case 421, 450, 451, 452, 454:
		kind = fault.Busy
	}
	f := fault.New(kind, "check", t.d.host, nil)
	f.Said = r.said()
	return f
}
