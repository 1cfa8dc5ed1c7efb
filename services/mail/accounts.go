package mail

import (
	"context"
	"encoding/json"

	"guichet/services/fault"
	"guichet/services/mail/mstore"
)

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
