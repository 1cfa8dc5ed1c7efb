package check

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"guichet/services/fault"
)

// imap speaks IMAP (RFC 3501, RFC 9051): TLS is required, at once or by
// STARTTLS.
func (d *diagnosis) imap(ctx context.Context) error {
	var t *imapTalk
	greet := func(ctx context.Context) (err error) {
		t = &imapTalk{talk: d.talk()}
		return t.greet(ctx)
	}
	if d.url.Scheme == "imaps" {
		if err := d.secure(ctx, true); err != nil {
			return err
		}
		if err := d.during(ctx, Protocol, greet); err != nil {
			return err
		}
	} else {
		err := d.during(ctx, Protocol, func(ctx context.Context) error {
			if err := greet(ctx); err != nil {
				return err
			}
			return t.startTLS()
		})
		if err != nil {
			return err
		}
		if err := d.secure(ctx, false); err != nil {
			return err
		}
		t = &imapTalk{talk: d.talk()} // nothing that was said in clear counts any more
	}
	err := d.during(ctx, Protocol, func(context.Context) error { return t.capability() })
	if err != nil {
		return err
	}
	d.spoke("imap")
	err = d.during(ctx, Login, func(ctx context.Context) error {
		password, ok, err := d.secret(ctx)
		if err != nil || !ok {
			return err
		}
		return t.login(d.o.User, password)
	})
	if err != nil {
		return err
	}
	d.skipGuest()
	d.bye(ctx, func() error { _, err := t.command("LOGOUT"); return err })
	return nil
}

// skipGuest marks the login as skipped where there was nobody to log in.
func (d *diagnosis) skipGuest() {
	if d.guest() {
		*d.steps[Login] = Step{ID: Login, State: Skipped}
	}
}

func (d *diagnosis) guest() bool { return d.o.User == "" || d.o.Password == nil }

// bye ends a conversation in order. Its outcome does not matter: the diagnosis
// is complete.
func (d *diagnosis) bye(ctx context.Context, leave func() error) {
	took := d.steps[Protocol].Took
	_ = d.during(ctx, Protocol, func(context.Context) error { return leave() })
	d.steps[Protocol].Took = took
}

type imapTalk struct {
	*talk
	tag          int
	capabilities []string
	preauth      bool
}

func (t *imapTalk) greet(ctx context.Context) error {
	good := func(s string) bool { return strings.HasPrefix(s, "* ") }
	if err := t.greeted(ctx, "imap", good); err != nil {
		return err
	}
	l, err := t.line()
	if err != nil {
		return err
	}
	t.d.at(Protocol).Said = fault.CleanLine(l)
	t.learn(l)
	switch upper := strings.ToUpper(l); {
	case strings.HasPrefix(upper, "* BYE"):
		f := fault.New(fault.Busy, "check", t.d.host, nil)
		f.Said = fault.CleanLine(l)
		return f
	case strings.HasPrefix(upper, "* PREAUTH"):
		t.preauth = true
	}
	return nil
}

// learn takes capabilities from a line: "* CAPABILITY a b" or "[CAPABILITY a b]".
func (t *imapTalk) learn(l string) {
	upper := strings.ToUpper(l)
	i := strings.Index(upper, "CAPABILITY ")
	if i < 0 || !strings.HasPrefix(upper, "* ") {
		return
	}
	list, _, _ := strings.Cut(upper[i:], "]")
	t.capabilities = strings.Fields(list)[1:]
}

func (t *imapTalk) can(capability string) bool { return slices.Contains(t.capabilities, capability) }

// command sends a command and reads to its tagged answer, which it returns
// without the tag: "OK ...", "NO ...", "BAD ...". "+ " is returned at once.
func (t *imapTalk) command(format string, args ...any) (string, error) {
	t.tag++
	tag := fmt.Sprintf("g%d", t.tag)
	if err := t.send(tag+" "+format, args...); err != nil {
		return "", err
	}
	return t.answer(tag)
}

func (t *imapTalk) answer(tag string) (string, error) {
	for range replyLimit {
		l, err := t.line()
		if err != nil {
			return "", err
		}
		t.learn(l)
		if rest, ok := strings.CutPrefix(l, tag+" "); ok {
			return rest, nil
		}
		switch {
		case strings.HasPrefix(l, "+"):
			return l, nil
		case strings.HasPrefix(strings.ToUpper(l), "* BYE") && t.d.current != Protocol:
			return "", t.said(fault.Busy, l)
		case !strings.HasPrefix(l, "*"):
			return "", t.said(fault.Protocol, printable([]byte(l)))
		}
	}
	return "", fault.Newf(fault.Protocol, "check", t.d.host, "answer over %d lines", replyLimit)
}

func (t *imapTalk) said(kind fault.Kind, l string) error {
	f := fault.New(kind, "check", t.d.host, nil)
	f.Said = fault.CleanLine(l)
	return f
}

// capability asks what the server can. Its greeting may have told already; after
// STARTTLS the talk is a new one, so that nothing said in clear is left.
func (t *imapTalk) capability() error {
	answer, err := t.command("CAPABILITY")
	if err != nil {
		return err
	}
	if !isOK(answer) || len(t.capabilities) == 0 {
		return t.said(fault.Protocol, answer)
	}
	return nil
}

func isOK(answer string) bool {
	word, _, _ := strings.Cut(strings.ToUpper(answer), " ")
	return word == "OK"
}

// startTLS asks for TLS. A server that offers none is refused: whoever wants
// the password may have taken the offer out.
func (t *imapTalk) startTLS() error {
	if t.preauth {
		t.d.at(TLS)
		return fault.Newf(fault.Protocol, "check", t.d.host, "PREAUTH on a connection that anybody can read")
	}
	if err := t.capability(); err != nil {
		return err
	}
	t.d.at(TLS)
	if !t.can("STARTTLS") {
		return fault.Newf(fault.Unsupported, "check", t.d.host, "no STARTTLS")
	}
	answer, err := t.command("STARTTLS")
	if err != nil {
		return err
	}
	if !isOK(answer) {
		return t.said(fault.Unsupported, answer)
	}
	if err := t.clear(); err != nil {
		return err
	}
	t.d.at(Protocol)
	return nil
}

// login authenticates by PLAIN (RFC 4616) or LOGIN, under TLS.
func (t *imapTalk) login(user, password string) error {
	var answer string
	var err error
	switch {
	case t.can("AUTH=PLAIN"):
		response := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
		if t.can("SASL-IR") {
			answer, err = t.command("AUTHENTICATE PLAIN %s", response)
			break
		}
		if answer, err = t.command("AUTHENTICATE PLAIN"); err == nil && strings.HasPrefix(answer, "+") {
			if err = t.send("%s", response); err == nil {
				answer, err = t.answer(fmt.Sprintf("g%d", t.tag))
			}
		}
	case t.can("LOGINDISABLED"):
		return fault.Newf(fault.Unsupported, "check", t.d.host, "no way to log in by password: %s", strings.Join(t.capabilities, " "))
	default:
		answer, err = t.command("LOGIN %s %s", quote(user), quote(password))
	}
	if err != nil {
		return err
	}
	if isOK(answer) {
		return nil
	}
	upper := strings.ToUpper(answer)
	switch { // response codes of RFC 5530
	case strings.Contains(upper, "[UNAVAILABLE]"), strings.Contains(upper, "[INUSE]"), strings.Contains(upper, "[LIMIT]"):
		return t.said(fault.Busy, answer)
	case strings.HasPrefix(upper, "NO"):
		return t.said(fault.Login, answer)
	}
	return t.said(fault.Protocol, answer)
}

// quote makes a quoted string (RFC 3501 section 4.3); send refuses line ends.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// smtp speaks message submission (RFC 6409) or SMTP: TLS is required, at once
// (RFC 8314) or by STARTTLS (RFC 3207).
func (d *diagnosis) smtp(ctx context.Context) error {
	t := d.talk()
	greet := func(ctx context.Context) error {
		if err := t.greeted(ctx, "smtp", plainReply("ftp")); err != nil {
			return err
		}
		r, err := t.reply()
		if err != nil {
			return err
		}
		d.at(Protocol).Said = r.said()
		if r.code != 220 {
			return t.refused(r, fault.Permission)
		}
		return nil
	}
	if d.url.Scheme == "smtps" {
		if err := d.secure(ctx, true); err != nil {
			return err
		}
		t = d.talk()
		if err := d.during(ctx, Protocol, greet); err != nil {
			return err
		}
	} else {
		err := d.during(ctx, Protocol, func(ctx context.Context) error {
			if err := greet(ctx); err != nil {
				return err
			}
			r, err := t.hello()
			if err != nil {
				return err
			}
			return t.startTLS("STARTTLS", r.has("STARTTLS"), 220)
		})
		if err != nil {
			return err
		}
		if err := d.secure(ctx, false); err != nil {
			return err
		}
		t = d.talk()
	}
	var abilities reply
	err := d.during(ctx, Protocol, func(context.Context) (err error) {
		abilities, err = t.hello()
		return err
	})
	if err != nil {
		return err
	}
	d.spoke("smtp")
	err = d.during(ctx, Login, func(ctx context.Context) error {
		password, ok, err := d.secret(ctx)
		if err != nil || !ok {
			return err
		}
		return t.auth(abilities, d.o.User, password)
	})
	if err != nil {
		return err
	}
	d.skipGuest()
	d.bye(ctx, func() error { _, err := t.ask("QUIT"); return err })
	return nil
}

// plainReply accepts a greeting by reply code that does not name the other of
// the two protocols that begin so.
func plainReply(other string) func(string) bool {
	return func(s string) bool {
		found := recognise([]byte(s))
		return len(s) >= 3 && s[0] >= '1' && s[0] <= '5' && isDigit(s[1]) && isDigit(s[2]) && (found != other || strings.HasPrefix(s, "220-"))
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// hello introduces this computer by its address on this connection (RFC 5321
// section 4.1.3): its name is nobody's business.
func (t *talk) hello() (reply, error) {
	literal := "[127.0.0.1]"
	if a, ok := t.d.conn.LocalAddr().(*net.TCPAddr); ok {
		ip := a.AddrPort().Addr().Unmap().WithZone("")
		literal = "[" + ip.String() + "]"
		if ip.Is6() && ip != (netip.Addr{}) {
			literal = "[IPv6:" + ip.String() + "]"
		}
	}
	r, err := t.ask("EHLO %s", literal)
	if err == nil && r.code != 250 {
		err = t.refused(r, fault.Protocol)
	}
	return r, err
}

// startTLS asks for TLS on a connection in clear text; good is the code of the
// go-ahead.
func (t *talk) startTLS(command string, offered bool, good int) error {
	t.d.at(TLS)
	if !offered {
		return fault.Newf(fault.Unsupported, "check", t.d.host, "no %s", command)
	}
	r, err := t.ask("%s", command)
	if err != nil {
		return err
	}
	if r.code != good {
		return t.refused(r, fault.Unsupported)
	}
	if err := t.clear(); err != nil {
		return err
	}
	t.d.at(Protocol)
	return nil
}

// auth logs in by PLAIN or LOGIN (RFC 4954), under TLS.
func (t *talk) auth(abilities reply, user, password string) error {
	var mechanisms []string
	for _, l := range abilities.lines {
		l = strings.ToUpper(l)
		if rest, ok := strings.CutPrefix(l, "AUTH"); ok && (rest == "" || rest[0] == ' ' || rest[0] == '=') {
			mechanisms = append(mechanisms, strings.Fields(strings.TrimLeft(rest, "= "))...)
		}
	}
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	var r reply
	var err error
	switch {
	case slices.Contains(mechanisms, "PLAIN"):
		r, err = t.ask("AUTH PLAIN %s", encode("\x00"+user+"\x00"+password))
	case slices.Contains(mechanisms, "LOGIN"):
		for _, s := range []string{"AUTH LOGIN", encode(user), encode(password)} {
			if r, err = t.ask("%s", s); err != nil || r.code != 334 {
				break
			}
		}
	default:
		return fault.Newf(fault.Unsupported, "check", t.d.host, "no way to log in by password: %s", strings.Join(mechanisms, " "))
	}
	switch {
	case err != nil:
		return err
	case r.code == 235:
		return nil
	case r.code == 504, r.code == 538:
		return t.refused(r, fault.Unsupported)
	case r.code/100 == 5:
		return t.refused(r, fault.Login)
	}
	return t.refused(r, fault.Protocol)
}
