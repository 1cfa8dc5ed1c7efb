package mail

import (
	"context"
	"sync"

	"guichet/services/fault"
	"guichet/services/mail/imap"
	"guichet/services/mail/mstore"
)

// link is a connection of an account that is made when it is needed and made
// again when it was lost. One goroutine uses it at a time.
type link struct {
	s       *Service
	account Account
	sess    imap.Session

	selected string // wire name of the mailbox that sess has open
	validity uint32 // its UIDVALIDITY
}

func (s *Service) link(a Account) *link { return &link{s: s, account: a} }

// session gives the open session, or dials.
func (l *link) session(ctx context.Context) (imap.Session, error) {
	if l.sess != nil && l.sess.Alive() {
		return l.sess, nil
	}
	l.close(ctx)
	password, err := l.s.password(ctx, l.account)
	if err != nil {
		return nil, err
	}
	sess, err := l.s.dialIMAP(ctx, l.account.IMAP, password)
	if err != nil {
		return nil, err
	}
	l.sess, l.selected = sess, ""
	if alert := sess.Alert(); alert != "" {
		l.s.status(l.account.ID, func(st *AccountStatus) { st.Alert = alert })
	}
	return sess, nil
}

// selectNow opens a mailbox, again if it is open.
func (l *link) selectNow(ctx context.Context, wire string) (imap.Session, imap.Status, error) {
	sess, err := l.session(ctx)
	if err != nil {
		return nil, imap.Status{}, err
	}
	l.selected = ""
	st, err := sess.Select(ctx, wire)
	if err != nil {
		return nil, st, err
	}
	l.selected, l.validity = wire, st.UIDValidity
	return sess, st, nil
}

// open gives a session that has the mailbox open, with the numbers that the store
// knows; Busy if they changed meanwhile: the next synchronisation sorts it out.
func (l *link) open(ctx context.Context, f mstore.Folder) (imap.Session, error) {
	sess, err := l.session(ctx)
	if err != nil {
		return nil, err
	}
	if l.selected != f.Wire {
		if sess, _, err = l.selectNow(ctx, f.Wire); err != nil {
			return nil, err
		}
	}
	if l.validity != f.UIDValidity {
		return nil, fault.Newf(fault.Busy, "open mailbox", l.account.IMAP.Host, "the mailbox was made anew meanwhile")
	}
	return sess, nil
}

func (l *link) close(ctx context.Context) {
	if l.sess != nil {
		l.sess.Logout(ctx)
		l.sess = nil
	}
}

func (s *Service) dialIMAP(ctx context.Context, srv Server, password string) (imap.Session, error) {
	return imap.Dial(ctx, imap.Config{
		Host: srv.Host, Port: srv.Port, StartTLS: srv.Security == StartTLS, Login: srv.Login, Password: password, Network: s.p.Network,
	})
}

// password reads the account's password; a missing one is a Login fault.
func (s *Service) password(ctx context.Context, a Account) (string, error) {
	pw, err := s.p.Secrets.Get(ctx, SecretService, a.Email)
	if err != nil {
		f := fault.From("password", a.IMAP.Host, err)
		if f.Kind == fault.NotFound {
			f = fault.New(fault.Login, "password", a.IMAP.Host, err)
		}
		return "", f
	}
	return pw, nil
}

// locks gives each account its own lock.
type locks struct {
	mu sync.Mutex
	m  map[int64]chan struct{}
}

// lock waits for the account's lock and returns its release.
func (l *locks) lock(ctx context.Context, id int64) (func(), error) {
	l.mu.Lock()
	if l.m == nil {
		l.m = map[int64]chan struct{}{}
	}
	c := l.m[id]
	if c == nil {
		c = make(chan struct{}, 1)
		l.m[id] = c
	}
	l.mu.Unlock()
	select {
	case c <- struct{}{}:
		return func() { <-c }, nil
	case <-ctx.Done():
		return nil, fault.From("wait", "", ctx.Err())
	}
}
