package words

import (
	"bytes"
	"errors"
	"net"
	"regexp"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	"guichet/services/connect"
	"guichet/services/fault"
)

// Explanation says in plain words what went wrong.
type Explanation struct {
	Title   string
	Meaning string
	Next    []string // what to do, the best first
	Details string   // for support: several lines, without secrets
}

// Has reports whether there is a sentence of that id.
func Has(id string) bool {
	s, err := now().localizer.Localize(&i18n.LocalizeConfig{MessageID: id})
	return s != "" && err == nil
}

// Fault explains an error as the panel of that id shows it. The table is in the
// translations, area fault: KIND, for certificates KIND.CHECK, for some causes
// KIND.CAUSE, each also for one panel as KIND.PANEL. Every kind has words; a nil
// error has none.
func Fault(err error, panelID string) Explanation {
	if f, ok := err.(*fault.Fault); err == nil || ok && f == nil { // an unset field is no fault
		return Explanation{}
	}
	f := fault.From("", "", err)
	host := hostName(f.Host)
	if host == "" {
		host = T("fault.host")
	}
	id := faultID(f, panelID)
	e := Explanation{
		Title:   capital(T(id+".title", "Host", host)),
		Meaning: capital(T(id+".meaning", "Host", host)),
		Details: details(f),
	}
	for step := range strings.SplitSeq(T(id+".next", "Host", host), "\n") {
		e.Next = append(e.Next, step)
	}
	return e
}

// faultID is the most exact entry of the table for f.
func faultID(f *fault.Fault, panelID string) string {
	kind := "fault." + string(f.Kind)
	var ids []string
	if c := special(f); c != "" {
		ids = append(ids, kind+"."+c)
	}
	if f.Check != "" {
		ids = append(ids, kind+"."+string(f.Check))
	}
	if panelID != "" {
		ids = append(ids, kind+"."+panelID)
	}
	for _, id := range append(ids, kind) {
		if Has(id + ".title") {
			return id
		}
	}
	return "fault." + string(fault.Internal)
}

// serverFailed are the statuses with which a web or WebDAV server owns up to a
// failure of its own (RFC 9110 section 15.6).
var serverFailed = regexp.MustCompile(`^50[0-4] (internal|not impl|bad gateway|service un|gateway)`)

// special names what a fault is about where its kind and check do not say
// enough for a person to act on.
func special(f *fault.Fault) string {
	if f.Op == "open profile" && (f.Kind == fault.Permission || f.Kind == fault.NotFound) {
		return "profile"
	}
	said := strings.ToLower(f.Said)
	if f.Op == "data connection" || strings.HasPrefix(said, "425") || strings.Contains(said, "data connection") {
		return "data"
	}
	switch f.Kind {
	case fault.Permission:
		mine := f.Said == "" && f.Host == "" && (f.Op == "mkdir" || f.Op == "rename") // refused before the server was asked
		if mine || errors.Is(f.Err, fault.ErrName) || strings.HasPrefix(said, "553") || strings.Contains(said, "name not allowed") || strings.Contains(said, "prohibited file name") || strings.Contains(said, "invalid name") || strings.Contains(said, "illegal name") {
			return "name"
		}
	case fault.Busy:
		if strings.HasPrefix(said, "423 ") { // RFC 4918 section 11.3
			return "locked"
		}
	case fault.Protocol:
		if serverFailed.MatchString(said) {
			return "server"
		}
	case fault.Unsupported:
		switch {
		case f.Step == "tls":
			return "tls"
		case f.Op == "add account", f.Op == "login":
			return "password"
		}
	case fault.NotFound:
		switch {
		case f.Op == "discover" && f.Question != nil:
			return "foreign"
		case f.Op == "discover":
			return "servers"
		}
	case fault.Certificate:
		q, ok := f.Question.(*connect.CertificateQuestion)
		if ok && f.Check == fault.CheckAuthority && q.Leaf != nil && bytes.Equal(q.Leaf.RawIssuer, q.Leaf.RawSubject) {
			return "self"
		}
	}
	return ""
}

// hostName is the part of a host and port that people know.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}

// capital begins a sentence with a capital letter, where it begins with the
// words for an unknown host.
func capital(s string) string {
	if unknown := T("fault.host"); strings.HasPrefix(s, unknown) {
		r := []rune(s)
		return strings.ToUpper(string(r[:1])) + string(r[1:])
	}
	return s
}

// details are the facts for support. The cause of a caught panic is cut to its
// first line: the stack is in the log.
func details(f *fault.Fault) string {
	what := string(f.Kind)
	if f.Check != "" {
		what += " (" + string(f.Check) + ")"
	}
	if f.Op != "" {
		what = f.Op + ": " + what
	}
	if f.Step != "" {
		what += " [" + f.Step + "]"
	}
	lines := []string{T("fault.details.what", "Value", what)}
	if f.Host != "" {
		lines = append(lines, T("fault.details.host", "Value", fault.Redact(f.Host)))
	}
	if f.Said != "" {
		lines = append(lines, T("fault.details.said", "Value", fault.Redact(fault.CleanLine(f.Said))))
	}
	cause := f.Err
	for {
		var inner *fault.Fault
		if !errors.As(cause, &inner) || inner.Err == nil {
			break
		}
		cause = inner.Err
	}
	if cause != nil {
		first, _, _ := strings.Cut(cause.Error(), "\n")
		lines = append(lines, T("fault.details.cause", "Value", fault.Redact(fault.CleanLine(first))))
	}
	return strings.Join(lines, "\n")
}
