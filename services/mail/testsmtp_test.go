package mail

import (
	"io"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

type smtpSession struct {
	b  *smtpBackend
	in received
	ok bool
}

func (s *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "anna@example.org" || password != testPassword {
			return smtp.ErrAuthFailed
		}
		s.ok = true
		return nil
	}), nil
}

func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	if !s.ok {
		return smtp.ErrAuthRequired
	}
	s.in = received{from: from}
	return nil
}

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if err := s.b.rcptErr[to]; err != nil {
		return err
	}
	s.in.to = append(s.in.to, to)
	return nil
}

func (s *smtpSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.in.data = data
	s.b.mu.Lock()
	dataErr, block, arrived := s.b.dataErr, s.b.block, s.b.arrived
	if dataErr == nil {
		s.b.got = append(s.b.got, s.in)
	}
	s.b.mu.Unlock()
	if arrived != nil {
		arrived <- struct{}{}
	}
	if block != nil {
		<-block
	}
	return dataErr
}

func (s *smtpSession) Reset()        {}
func (s *smtpSession) Logout() error { return nil }
