// Package fault holds the errors that Guichet's services return: values that
// say what kind of thing went wrong, during which operation, at which host, and
// why. The kind decides which sentence a person reads and whether a job is
// tried again; the cause is for the details that support asks for.
//
// A fault never carries a secret: the constructors drop the user information
// of URLs in the cause's text, and Redact is there for the rest.
package fault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind classes faults by what a person can do about them.
type Kind string

// The kinds. The app has a sentence and a next step for each of them in every
// language; a new kind needs both.
const (
	Offline      Kind = "offline"        // this computer has no usable network
	NameNotFound Kind = "name_not_found" // DNS knows no such host
	Refused      Kind = "refused"        // the host answers, the port does not
	Timeout      Kind = "timeout"        // no answer within the deadline
	Certificate  Kind = "certificate"    // TLS identity not proven; see Fault.Check
	Login        Kind = "login"          // name or password not accepted
	Permission   Kind = "permission"     // known, but not allowed to do this
	NotFound     Kind = "not_found"      // the named thing is not there
	Exists       Kind = "exists"         // a thing of that name is in the way
	Full         Kind = "full"           // disk or quota exhausted
	TooBig       Kind = "too_big"        // over a size limit, ours or theirs
	Protocol     Kind = "protocol"       // the other side breaks its protocol or speaks another
	Busy         Kind = "busy"           // asked to come back later (421, 429, 503, "too many connections")
	Cancelled    Kind = "cancelled"      // the person or the program's end stopped it
	Unsupported  Kind = "unsupported"    // this server or this program cannot do it
	Clock        Kind = "clock"          // this computer's clock and the server's differ too much
	Damaged      Kind = "damaged"        // stored or received data is broken
	Internal     Kind = "internal"       // a mistake in Guichet itself, a caught panic for one
)

// Check names the certificate check that failed (RFC 5280, RFC 9525).
type Check string

// The certificate checks.
const (
	CheckExpired     Check = "expired"
	CheckNotYetValid Check = "not_yet_valid"
	CheckHost        Check = "host"      // made out to another name
	CheckAuthority   Check = "authority" // signed by nobody we trust; self-signed too
	CheckWeak        Check = "weak"      // key or signature too weak
	CheckUsage       Check = "usage"     // not meant for servers
	CheckRevoked     Check = "revoked"
	CheckChanged     Check = "changed"     // not the one that was trusted before
	CheckUnknownKey  Check = "unknown_key" // SSH host key never seen before
	CheckChangedKey  Check = "changed_key" // SSH host key differs from the known one
)

// Fault is an error with the facts that the user interface needs.
type Fault struct {
	Kind  Kind
	Op    string        // what was being done: "dial", "login", "list", "fetch", "store"...
	Host  string        // host or host:port as the person knows it; never with user information
	Check Check         // for Certificate: which check failed
	Step  string        // for connections: name, connect, tls, login, protocol
	Said  string        // what the server said, one line, cleaned of control characters
	After time.Duration // for Busy: when to come back, 0 if unknown
	// Question, if not nil, is what a person may decide to go on: the
	// certificate or host key that did not verify. It is opaque here; package
	// connect defines it.
	Question any
	Err      error // the cause; may be nil
}

// ErrName is in the chain of Permission faults about a name that may not be
// given, whoever asks for it.
var ErrName = errors.New("not allowed as a name")

// New makes a fault. A nil err is allowed; a context error in err turns the
// kind into Cancelled or Timeout.
func New(kind Kind, op, host string, err error) *Fault {
	if errors.Is(err, context.Canceled) {
		kind = Cancelled
	}
	return &Fault{Kind: kind, Op: op, Host: host, Err: err}
}

// Newf makes a fault whose cause is a formatted text.
func Newf(kind Kind, op, host, format string, args ...any) *Fault {
	return New(kind, op, host, fmt.Errorf(format, args...))
}

// Error gives one line for logs: operation, host, kind, cause. It is not for
// people; the app translates the kind.
func (f *Fault) Error() string {
	s := f.Op
	if f.Host != "" {
		s += " " + f.Host
	}
	s += ": " + string(f.Kind)
	if f.Check != "" {
		s += " (" + string(f.Check) + ")"
	}
	if f.Said != "" {
		s += fmt.Sprintf(": server said %q", Redact(f.Said)) // before its line ends are escaped
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return Redact(s)
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Is reports whether target is a fault of the same kind, so that
// errors.Is(err, &fault.Fault{Kind: fault.NotFound}) works through wrapping.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Kind == f.Kind && t.Op == "" && t.Host == "" && t.Err == nil
}

// With returns a copy of f with op and host filled in where they are empty.
func (f *Fault) With(op, host string) *Fault {
	c := *f
	if c.Op == "" {
		c.Op = op
	}
	if c.Host == "" {
		c.Host = host
	}
	return &c
}

// OrNil is From for functions that return an error: nil stays a nil interface.
func OrNil(op string, err error) error {
	if err == nil {
		return nil
	}
	return From(op, "", err)
}

// KindOf gives the kind of err: that of the first fault in its chain, else the
// class of the operating system's or library's error. It is "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	return From("", "", err).Kind
}

// Is reports whether err is a fault of that kind, or an error that From would
// class so.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Transient reports whether the same work may succeed later without anybody
// changing anything: the retry class of the kind.
func (k Kind) Transient() bool {
	switch k {
	case Offline, NameNotFound, Refused, Timeout, Busy, Protocol:
		return true
	}
	return false
}
