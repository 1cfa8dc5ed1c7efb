package imap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap"
	"github.com/emersion/go-imap/client"
	"github.com/emersion/go-imap/responses"

	"guichet/services/fault"
)

// session is the only Session.
type session struct {
	host  string
	guard *guard
	c     *client.Client
	caps  map[string]bool

	dead   atomic.Bool
	broken atomic.Pointer[string] // why go-imap lost its place in the stream
	mu     sync.Mutex
	alert  string
	bye    string
}

// errorLog hears go-imap's complaints. After a response with a literal could
// not be parsed, go-imap would take the literal's bytes, which any sender of
// mail chooses, for responses: the connection is given up.
type errorLog struct{ s *session }

func (l errorLog) Printf(format string, v ...any) { l.note(fmt.Sprintf(format, v...)) }
func (l errorLog) Println(v ...any)               { l.note(fmt.Sprintln(v...)) }

func (l errorLog) note(text string) {
	if strings.HasPrefix(text, "error reading response") && l.s.guard.hadLit.Load() {
		why := strings.TrimSpace(text)
		l.s.broken.CompareAndSwap(nil, &why)
		l.s.kill()
	}
}

func (s *session) kill() {
	s.dead.Store(true)
	_ = s.guard.Conn.Close() // its readers and writers report it
}

func (s *session) Alive() bool { return !s.dead.Load() }

func (s *session) Has(capability string) bool { return s.caps[strings.ToUpper(capability)] }

func (s *session) Alert() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.alert
	s.alert = ""
	return a
}

// refusal is a tagged NO or BAD.
type refusal struct{ status *imap.StatusResp }

func (r refusal) Error() string { return string(r.status.Type) + " " + r.status.Info }

// run calls f, which talks to the server, under the watch: stall is the longest
// silence, total the longest time. When either passes or ctx ends, the connection
// closes, which ends f.
func (s *session) run(ctx context.Context, op string, stall, total time.Duration, f func() error) error {
	if s.dead.Load() {
		return fault.Newf(fault.Protocol, op, s.host, "the connection is closed")
	}
	ctx, cancel := context.WithTimeout(ctx, total)
	defer cancel()
	if err := s.guard.begin(stall); err != nil {
		s.kill()
		return fault.From(op, s.host, err)
	}
	stop := context.AfterFunc(ctx, s.kill)
	err := f()
	stop()
	if !s.dead.Load() {
		if eerr := s.guard.end(); eerr != nil {
			s.kill()
			err = errors.Join(err, eerr)
		}
	}
	return s.classify(ctx, op, err)
}

func (s *session) classify(ctx context.Context, op string, err error) error {
	if err == nil && !s.dead.Load() {
		return nil
	}
	var f *fault.Fault
	var no refusal
	switch why := s.guard.why(); {
	case errors.As(err, &f):
		return f.With(op, s.host)
	case errors.As(err, &no):
		return s.refused(op, no.status)
	case ctx.Err() != nil && s.dead.Load():
		return fault.From(op, s.host, ctx.Err())
	case s.broken.Load() != nil:
		return fault.Newf(fault.Protocol, op, s.host, "%s", *s.broken.Load())
	case why != nil:
		s.kill()
		var ne net.Error
		if errors.As(why, &ne) && ne.Timeout() {
			return fault.New(fault.Timeout, op, s.host, why)
		}
		out := fault.From(op, s.host, why)
		if errors.Is(why, errGuard) || out.Kind == fault.Internal {
			out.Kind = fault.Protocol
		}
		s.mu.Lock()
		out.Said = s.bye
		s.mu.Unlock()
		if out.Said != "" && crowded(out.Said) {
			out.Kind = fault.Busy
		}
		return out
	case s.dead.Load():
		return fault.New(fault.Protocol, op, s.host, err)
	case op == "login":
		// go-imap's Authenticate gives only the server's words.
		out := fault.New(fault.Login, op, s.host, nil)
		out.Said = fault.CleanLine(err.Error())
		if crowded(out.Said) {
			out.Kind = fault.Busy
		}
		return out
	}
	return fault.New(fault.Protocol, op, s.host, err)
}

// crowded recognises "come back later" in servers' words.
func crowded(said string) bool {
	said = strings.ToLower(said)
	for _, w := range []string{"too many", "simultaneous", "try again", "temporar", "unavailable", "overloaded", "throttl", "rate limit", "backoff"} {
		if strings.Contains(said, w) {
			return true
		}
	}
	return false
}

// refused classes a tagged NO or BAD (RFC 5530).
func (s *session) refused(op string, r *imap.StatusResp) *fault.Fault {
	f := fault.New(fault.Permission, op, s.host, nil)
	f.Said = fault.CleanLine(rawString(r.Info))
	switch {
	case r.Type == imap.StatusRespBad:
		f.Kind = fault.Unsupported
	case op == "login":
		f.Kind = fault.Login
	}
	switch strings.ToUpper(string(r.Code)) {
	case "NONEXISTENT", "TRYCREATE":
		f.Kind = fault.NotFound
	case "OVERQUOTA":
		f.Kind = fault.Full
	case "TOOBIG":
		f.Kind = fault.TooBig
	case "ALREADYEXISTS":
		f.Kind = fault.Exists
	case "UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG":
		f.Kind = fault.Busy
	case "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED":
		f.Kind = fault.Login
	default:
		if crowded(f.Said) {
			f.Kind = fault.Busy
		}
	}
	return f
}

// data is called with the untagged data of a command: its upper-case name and
// fields (for "* 5 X": 5 first).
type data func(name string, fields []any) error

// handler gives go-imap's reader a handler that cannot bring the program down
// and lets nothing through to go-imap's own. changed, if not nil, hears of what
// the server says unasked.
func (s *session) handler(d data, failed *error) responses.HandlerFunc {
	return func(resp imap.Resp) (err error) {
		defer func() {
			if r := recover(); r != nil {
				why := fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
				s.broken.CompareAndSwap(nil, &why)
				s.kill()
				err = nil
			}
		}()
		switch r := resp.(type) {
		case *imap.StatusResp:
			s.untagged(r)
			if d != nil {
				return s.keep(failed, d("*"+string(r.Code), r.Arguments))
			}
		case *imap.ContinuationReq:
			return responses.ErrUnhandled // go-imap's writer waits for it
		case *imap.DataResp:
			name, fields, ok := imap.ParseNamedResp(r)
			if ok && d != nil {
				return s.keep(failed, d(strings.TrimPrefix(name, "X"), fields))
			}
		}
		return nil
	}
}

// keep remembers the first error of a data callback; the command is heard to its
// end all the same, so that the connection stays in step.
func (s *session) keep(failed *error, err error) error {
	if *failed == nil {
		*failed = err
	}
	return nil
}

func (s *session) untagged(r *imap.StatusResp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.EqualFold(string(r.Code), "ALERT") {
		s.alert = fault.CleanLine(rawString(r.Info))
	}
	if r.Type == imap.StatusRespBye {
		s.bye = fault.CleanLine(rawString(r.Info))
	}
}

// execute runs a command with its data callback and gives the tagged status.
func (s *session) execute(ctx context.Context, op string, total time.Duration, cmd *imap.Command, d data) (status *imap.StatusResp, err error) {
	var failed error
	err = s.run(ctx, op, stallLimit, total, func() error {
		st, err := s.c.Execute(cmd, s.handler(d, &failed))
		if err != nil {
			return err
		}
		if st == nil {
			return errors.New("no status")
		}
		if st.Type != imap.StatusRespOk {
			return refusal{st}
		}
		status = st
		return nil
	})
	if err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, fault.From(op, s.host, failed)
	}
	return status, nil
}

// simple runs a command without data; the arguments are strings.
func (s *session) simple(ctx context.Context, op, name string, args ...string) error {
	list := make([]any, len(args))
	for i, a := range args {
		list[i] = a
	}
	s.guard.allowed.Store(int32(len(args)))
	defer s.guard.allowed.Store(0)
	_, err := s.execute(ctx, op, shortLimit, &imap.Command{Name: name, Arguments: list}, nil)
	return err
}

func (s *session) capability(ctx context.Context) error {
	caps := map[string]bool{}
	_, err := s.execute(ctx, "login", shortLimit, &imap.Command{Name: "CAPABILITY"}, func(name string, fields []any) error {
		if name == "CAPABILITY" {
			for _, f := range fields {
				if c, ok := f.(string); ok && len(caps) < 500 {
					caps[strings.ToUpper(c)] = true
				}
			}
		}
		return nil
	})
	if err == nil {
		s.caps = caps
	}
	return err
}

// id says who we are (RFC 2971); some Chinese providers refuse SELECT without.
func (s *session) id(ctx context.Context) error {
	_, err := s.execute(ctx, "login", shortLimit, &imap.Command{Name: "ID", Arguments: []any{[]any{"name", "Guichet"}}}, nil)
	return err
}

func (s *session) Noop(ctx context.Context) error { return s.simple(ctx, "check", "NOOP") }

func (s *session) Logout(ctx context.Context) {
	if s.Alive() {
		// Politeness: whatever the answer, the connection is closed.
		_ = s.run(ctx, "logout", 2*time.Second, 2*time.Second, func() error {
			_, err := s.c.Execute(&imap.Command{Name: "LOGOUT"}, s.handler(nil, new(error)))
			return err
		})
	}
	s.kill()
}

func (s *session) Close() error {
	s.kill()
	return nil
}
