// Package smtp hands mail over to a submission server (RFC 6409) by go-smtp's
// client: TLS from the first byte, or STARTTLS required; a password only inside
// TLS; every phase with a deadline.
package smtp

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"guichet/services/connect"
	"guichet/services/fault"
)

// Config says where and as whom mail is handed over.
type Config struct {
	Host     string
	Port     int
	StartTLS bool // TLS by STARTTLS, required; false: TLS from the first byte
	Login    string
	Password string
	Network  *connect.Network
}

// Result is what the server said about one recipient.
type Result struct {
	Address string
	Code    int // SMTP reply code; 250 after the server has taken the mail
	Said    string
}

// Temporary reports whether the recipient may be tried again.
func (r Result) Temporary() bool { return r.Code >= 400 && r.Code < 500 }

const (
	commandLimit = time.Minute
	totalLimit   = 2 * time.Hour
	submitLimit  = 10 * time.Minute // RFC 5321, section 4.5.3.2.6
	blockLimit   = 3 * time.Minute  // section 4.5.3.2.5: one block of the message
	receiveLimit = 4 << 20          // what a server may say in one session, bytes
)

// conn bounds what is received, and can begin with a greeting that was read already.
type conn struct {
	net.Conn
	greeting []byte
	received int
}

func (c *conn) Read(b []byte) (int, error) {
	if len(c.greeting) > 0 {
		n := copy(b, c.greeting)
		c.greeting = c.greeting[n:]
		return n, nil
	}
	n, err := c.Conn.Read(b)
	if c.received += n; c.received > receiveLimit {
		return 0, errors.New("the server's answers go beyond all bounds")
	}
	return n, err
}

// Write gives up on a server that takes nothing more: go-smtp sets no limit of its
// own while the message goes.
func (c *conn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(blockLimit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// Check proves that the login works.
func Check(ctx context.Context, c Config) error {
	cl, done, err := open(ctx, c)
	if err != nil {
		return err
	}
	defer done()
	_ = cl.Quit() // what was to be known is known
	return nil
}

// Send hands a message over; raw is sent without its Bcc fields by the caller's
// care. beforeData is called when the recipients are settled and before the first
// byte of the message goes; its error ends the attempt. accepted says that the server
// took responsibility for the recipients with code 250. maybe says that nobody
// knows: the line broke after the last byte went and before the answer came.
//
// Faults: those of connect; Login; TooBig (SIZE); Busy for 4xx; Permission for 5xx,
// with the server's words in Said.
func Send(ctx context.Context, c Config, from string, to []string, raw []byte, beforeData func() error) (results []Result, accepted, maybe bool, err error) {
	cl, done, err := open(ctx, c)
	if err != nil {
		return nil, false, false, err
	}
	defer done()
	if limit, ok := cl.MaxMessageSize(); ok && limit > 0 && len(raw) > limit {
		f := fault.Newf(fault.TooBig, "send", c.Host, "%d bytes, the server takes %d", len(raw), limit)
		f.Said = strconv.Itoa(limit)
		return nil, false, false, f
	}
	opts := &smtp.MailOptions{Size: int64(len(raw)), UTF8: !ascii(from, to)}
	for _, a := range append([]string{from}, to...) {
		if strings.ContainsAny(a, " <>\r\n\t\x00") || !strings.Contains(a, "@") {
			return nil, false, false, fault.Newf(fault.NotFound, "recipients", c.Host, "%q is no address", a)
		}
	}
	if err := cl.Mail(from, opts); err != nil {
		return nil, false, false, classify("send", c.Host, err, ctx)
	}
	good := 0
	var last error
	for _, a := range to {
		err := cl.Rcpt(a, nil)
		r := Result{Address: a, Code: 250}
		var se *smtp.SMTPError
		switch {
		case err == nil:
			good++
		case errors.As(err, &se):
			r.Code, r.Said = se.Code, fault.CleanLine(se.Message)
			last = err
		default:
			return nil, false, false, classify("send", c.Host, err, ctx)
		}
		results = append(results, r)
	}
	if good == 0 {
		return results, false, false, classify("recipients", c.Host, last, ctx)
	}
	if err := beforeData(); err != nil {
		return results, false, false, err
	}
	w, err := cl.Data()
	if err != nil {
		return results, false, false, classify("send", c.Host, err, ctx)
	}
	for rest := raw; len(rest) > 0; {
		n := min(len(rest), 64<<10)
		if _, err := w.Write(rest[:n]); err != nil {
			return results, false, false, classify("send", c.Host, err, ctx) // the final dot did not go
		}
		rest = rest[n:]
	}
	resp, err := w.CloseWithResponse()
	if err != nil {
		var se *smtp.SMTPError
		known := errors.As(err, &se)
		return results, false, !known, classify("send", c.Host, err, ctx)
	}
	for i := range results {
		if results[i].Code == 250 {
			results[i].Said = fault.CleanLine(resp.StatusText)
		}
	}
	_ = cl.Quit() // the mail is the server's now
	return results, true, false, nil
}

func ascii(from string, to []string) bool {
	for _, a := range append([]string{from}, to...) {
		for _, r := range a {
			if r > 0x7F {
				return false
			}
		}
	}
	return true
}

// open connects, makes the connection secure and logs in.
func open(ctx context.Context, c Config) (*smtp.Client, func(), error) {
	nc, err := secure(ctx, c)
	if err != nil {
		return nil, nil, fault.From("connect", c.Host, err)
	}
	sctx, cancel := context.WithTimeout(ctx, totalLimit)
	stop := context.AfterFunc(sctx, func() { _ = nc.Close() }) // its users report it
	cl := smtp.NewClient(nc)
	cl.CommandTimeout, cl.SubmissionTimeout = commandLimit, submitLimit
	done := func() {
		stop()
		cancel()
		_ = cl.Close() // nothing more is to be said
	}
	fail := func(op string, err error) (*smtp.Client, func(), error) {
		f := classify(op, c.Host, err, ctx)
		if f.Step == "" {
			f.Step = "protocol"
			if op == "login" {
				f.Step = "login"
			}
		}
		done()
		return nil, nil, f
	}
	if err := cl.Hello(literal(nc)); err != nil {
		return fail("connect", err)
	}
	if c.Password == "" {
		return fail("login", fault.Newf(fault.Login, "login", c.Host, "no password"))
	}
	switch {
	case cl.SupportsAuth(sasl.Plain):
		err = cl.Auth(sasl.NewPlainClient("", c.Login, c.Password))
	case cl.SupportsAuth(sasl.Login):
		err = cl.Auth(sasl.NewLoginClient(c.Login, c.Password))
	default:
		err = fault.Newf(fault.Unsupported, "login", c.Host, "the server takes no password")
	}
	if err != nil {
		return fail("login", err)
	}
	return cl, done, nil
}

// literal is how we call ourselves: an address literal (RFC 5321, section 4.1.3),
// because a person's computer has no name that others know.
func literal(c net.Conn) string {
	a, ok := c.LocalAddr().(*net.TCPAddr)
	if !ok || a.IP == nil {
		return "[127.0.0.1]"
	}
	if v4 := a.IP.To4(); v4 != nil {
		return "[" + v4.String() + "]"
	}
	return "[IPv6:" + a.IP.String() + "]"
}

func secure(ctx context.Context, c Config) (net.Conn, error) {
	if !c.StartTLS {
		t, err := c.Network.DialTLS(ctx, c.Host, c.Port, connect.TLSOptions{})
		if err != nil {
			return nil, err
		}
		return &conn{Conn: t}, nil
	}
	plain, err := c.Network.Dial(ctx, c.Host, c.Port)
	if err != nil {
		return nil, err
	}
	if err := startTLS(ctx, plain, c.Host); err != nil {
		_ = plain.Close()
		return nil, err
	}
	t, err := c.Network.Upgrade(ctx, plain, c.Host, c.Port, connect.TLSOptions{})
	if err != nil {
		return nil, err
	}
	// After TLS there is no second greeting; go-smtp wants one.
	return &conn{Conn: t, greeting: []byte("220 ready\r\n")}, nil
}

// startTLS speaks the few clear lines (RFC 3207). Bytes beyond the answer to
// STARTTLS were put there by somebody in between: they end the attempt.
func startTLS(ctx context.Context, c net.Conn, host string) error {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // a closed connection reports itself
	defer stop()
	if err := c.SetDeadline(time.Now().Add(commandLimit)); err != nil {
		return fault.From("starttls", host, err)
	}
	if _, err := reply(ctx, c, host, 220); err != nil {
		return err
	}
	for _, step := range []struct {
		line string
		code int
	}{{"EHLO " + literal(c), 250}, {"STARTTLS", 220}} {
		if _, err := c.Write([]byte(step.line + "\r\n")); err != nil {
			return fault.From("starttls", host, err)
		}
		if _, err := reply(ctx, c, host, step.code); err != nil {
			return err
		}
	}
	if err := c.SetDeadline(time.Time{}); err != nil {
		return fault.From("starttls", host, err)
	}
	return nil
}

// reply reads one reply and nothing beyond it.
func reply(ctx context.Context, c net.Conn, host string, want int) (string, error) {
	var got []byte
	buf := make([]byte, 4096)
	for len(got) < 64<<10 {
		n, err := c.Read(buf)
		got = append(got, buf[:n]...)
		if end, code := replyEnd(got); end > 0 {
			said := fault.CleanLine(string(got[:end]))
			if end != len(got) {
				f := fault.Newf(fault.Protocol, "starttls", host, "data before TLS")
				f.Step = "tls"
				return "", f
			}
			if code != want {
				f := fault.Newf(fault.Unsupported, "starttls", host, "reply %d", code)
				f.Step, f.Said = "tls", said
				if code/100 == 4 {
					f.Kind = fault.Busy
				}
				return "", f
			}
			return said, nil
		}
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			f := fault.From("starttls", host, err)
			f.Step = "protocol"
			return "", f
		}
	}
	return "", fault.Newf(fault.Protocol, "starttls", host, "no SMTP reply")
}

// replyEnd finds the end of a reply of one or more lines; 0 if it is not complete.
func replyEnd(b []byte) (end, code int) {
	pos := 0
	for {
		i := bytes.IndexByte(b[pos:], '\n')
		if i < 0 {
			return 0, 0
		}
		line := b[pos : pos+i]
		pos += i + 1
		n, err := strconv.Atoi(string(line[:min(3, len(line))]))
		if err != nil {
			return pos, 0
		}
		if len(line) < 4 || line[3] != '-' {
			return pos, n
		}
	}
}

func classify(op, host string, err error, ctx context.Context) *fault.Fault {
	var f *fault.Fault
	var se *smtp.SMTPError
	switch {
	case ctx.Err() != nil:
		return fault.From(op, host, ctx.Err())
	case errors.As(err, &f):
		return f.With(op, host)
	case errors.As(err, &se):
		kind := fault.Permission
		switch {
		case op == "login":
			kind = fault.Login
			if se.Code/100 == 4 {
				kind = fault.Busy
			}
		case se.Code/100 == 4:
			kind = fault.Busy
		case se.Code == 552 || se.Code == 523:
			kind = fault.TooBig
		}
		out := fault.New(kind, op, host, nil)
		out.Said = strconv.Itoa(se.Code) + " " + fault.CleanLine(se.Message)
		return out
	}
	out := fault.From(op, host, err)
	if out.Kind == fault.Internal {
		out.Kind = fault.Protocol
	}
	return out
}
