package mail

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/mail/discover"
	"guichet/services/mail/mstore"
	"guichet/services/mail/smtp"
)

// verifyLimit bounds the proof of one pair of servers.
const verifyLimit = 90 * time.Second

// Add finds the servers of an address, proves the login on both, and saves the
// account under name, the person's in From. Faults: Login (password refused), NotFound (no servers found: ask for
// settings; Question may be a *Settings to begin with), Unsupported (the provider
// takes no passwords), Certificate (with Question), Exists.
func (s *Service) Add(ctx context.Context, email, name, password string, progress func(AddStep)) (Account, error) {
	email = strings.TrimSpace(email)
	if _, have := get(s.Accounts).ByEmail(email); have {
		return Account{}, fault.Newf(fault.Exists, "add account", "", "%s is here already", email)
	}
	if progress == nil {
		progress = func(AddStep) {}
	}
	progress(AddStep{Step: "discover"})
	list, err := discover.Find(ctx, email, s.discovery)
	if err != nil {
		return Account{}, err
	}
	var first error
	for _, c := range list {
		settings := Settings{Email: email, Name: name, IMAP: server(c.IMAP), SMTP: server(c.SMTP), Password: password}
		if c.OAuth {
			first = worse(first, fault.Newf(fault.Unsupported, "add account", c.IMAP.Host, "the provider takes no passwords"))
			break // the provider is known: nothing else can be right
		}
		if c.Foreign {
			f := fault.Newf(fault.NotFound, "discover", c.IMAP.Host, "servers in another domain")
			settings.Password = ""
			f.Question = &settings
			first = worse(first, f)
			continue
		}
		a, err := s.prove(ctx, settings, progress)
		if local, _, ok := strings.Cut(email, "@"); fault.Is(err, fault.Login) && ok && (c.Source == "guess" || c.Source == "srv") {
			settings.IMAP.Login, settings.SMTP.Login = local, local // many small servers want it so
			if b, err2 := s.prove(ctx, settings, progress); err2 == nil {
				a, err = b, nil
			}
		}
		if err == nil {
			a.SavesSent, a.Source = c.SavesSent, c.Source
			return s.keep(ctx, a, password, progress)
		}
		if ctx.Err() != nil || fault.Is(err, fault.Login) { // a password is not shown around
			return Account{}, err
		}
		first = worse(first, err)
	}
	return Account{}, first
}

// worse keeps the more telling of two failures: the first, but a certificate before
// all.
func worse(have, err error) error {
	if have == nil || fault.Is(err, fault.Certificate) && !fault.Is(have, fault.Certificate) {
		return err
	}
	return have
}

func server(d discover.Server) Server {
	s := Server{Host: d.Host, Port: d.Port, Security: TLS, Login: d.Login}
	if d.StartTLS {
		s.Security = StartTLS
	}
	return s
}

// AddManual is Add with servers that a person gave.
func (s *Service) AddManual(ctx context.Context, st Settings, progress func(AddStep)) (Account, error) {
	st.Email = strings.TrimSpace(st.Email)
	if !strings.Contains(st.Email, "@") {
		return Account{}, fault.Newf(fault.NotFound, "address", "", "%q is no address", st.Email)
	}
	if _, have := get(s.Accounts).ByEmail(st.Email); have {
		return Account{}, fault.Newf(fault.Exists, "add account", "", "%s is here already", st.Email)
	}
	if progress == nil {
		progress = func(AddStep) {}
	}
	a, err := s.prove(ctx, st, progress)
	if err != nil {
		return Account{}, err
	}
	a.Source = "manual"
	return s.keep(ctx, a, st.Password, progress)
}

// complete fills in what a person may leave out.
func (st Settings) complete() Settings {
	if st.IMAP.Login == "" {
		st.IMAP.Login = st.Email
	}
	if st.SMTP.Login == "" {
		st.SMTP.Login = st.IMAP.Login
	}
	for _, x := range []struct {
		s            *Server
		tls, startls int
	}{{&st.IMAP, 993, 143}, {&st.SMTP, 465, 587}} {
		if x.s.Security != StartTLS {
			x.s.Security = TLS
		}
		if x.s.Port == 0 {
			x.s.Port = x.tls
			if x.s.Security == StartTLS {
				x.s.Port = x.startls
			}
		}
	}
	return st
}

// prove logs in on both servers.
func (s *Service) prove(ctx context.Context, st Settings, progress func(AddStep)) (Account, error) {
	st = st.complete()
	a := Account{Email: st.Email, Name: st.Name, IMAP: st.IMAP, SMTP: st.SMTP}
	ctx, cancel := context.WithTimeout(ctx, verifyLimit)
	defer cancel()
	progress(AddStep{Step: "imap", Host: st.IMAP.Host})
	sess, err := s.dialIMAP(ctx, st.IMAP, st.Password)
	if err != nil {
		return a, err
	}
	sess.Logout(ctx)
	progress(AddStep{Step: "smtp", Host: st.SMTP.Host})
	err = smtp.Check(ctx, smtp.Config{
		Host: st.SMTP.Host, Port: st.SMTP.Port, StartTLS: st.SMTP.Security == StartTLS, Login: st.SMTP.Login, Password: st.Password, Network: s.p.Network,
	})
	return a, err
}

func (s *Service) keep(ctx context.Context, a Account, password string, progress func(AddStep)) (Account, error) {
	progress(AddStep{Step: "save"})
	if err := s.p.Secrets.Set(ctx, SecretService, a.Email, password); err != nil {
		return Account{}, fault.From("save", "", err)
	}
	return s.save(ctx, a)
}

// SetPassword proves and keeps a new password, and tries the connection again.
func (s *Service) SetPassword(ctx context.Context, account int64, password string) error {
	a, err := s.account(account)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, verifyLimit)
	defer cancel()
	sess, err := s.dialIMAP(ctx, a.IMAP, password)
	if err != nil {
		return err
	}
	sess.Logout(ctx)
	if err := s.p.Secrets.Set(ctx, SecretService, a.Email, password); err != nil {
		return fault.From("save", "", err)
	}
	s.CheckNow()
	return nil
}

// RemoveAccount forgets an account, its password, and its mail on this computer.
func (s *Service) RemoveAccount(ctx context.Context, account int64) error {
	a, err := s.account(account)
	if err != nil {
		return err
	}
	s.stopRunner(account)
	release, err := s.syncing.lock(ctx, account)
	if err != nil {
		return err
	}
	defer release()
	if err := s.db.RemoveAccount(ctx, account); err != nil {
		return err
	}
	if err := s.p.Secrets.Delete(ctx, SecretService, a.Email); err != nil && !fault.Is(err, fault.NotFound) {
		return fault.From("forget password", "", err)
	}
	if err := s.loadAccounts(ctx); err != nil {
		return err
	}
	s.publishOutbox(ctx)
	s.publishDrafts(ctx)
	return s.publishFolders(ctx)
}

// save stores an account and starts it if the service is live.
func (s *Service) save(ctx context.Context, a Account) (Account, error) {
	if _, have := get(s.Accounts).ByEmail(a.Email); have {
		return Account{}, fault.Newf(fault.Exists, "add account", "", "%s is here already", a.Email)
	}
	st, err := json.Marshal(settings{IMAP: a.IMAP, SMTP: a.SMTP, SavesSent: a.SavesSent, Source: a.Source})
	if err != nil {
		return Account{}, fault.From("add account", "", err)
	}
	if a.ID, err = s.db.AddAccount(ctx, mstore.Account{Email: a.Email, Name: a.Name, Settings: string(st)}); err != nil {
		return Account{}, err
	}
	if err := s.loadAccounts(ctx); err != nil {
		return Account{}, err
	}
	s.refreshSoon(nil)
	s.startRunner(a)
	return a, nil
}
