package demo

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// tlsListener puts TLS over what l accepts.
func tlsListener(l net.Listener, cfg *tls.Config) net.Listener { return tls.NewListener(l, cfg) }

// serveSMTP starts submission with STARTTLS and with TLS from the first byte
// (RFC 6409, RFC 8314). Mail to the demo's person arrives in INBOX; the other
// addresses of the demo answer by themselves.
func (d *Demo) serveSMTP(ip string, lim limits, id *identity, office *postOffice) error {
	plain, err := d.listen(ip, lim)
	if err != nil {
		return err
	}
	secure, err := d.listen(ip, lim)
	if err != nil {
		return err
	}
	d.info.SMTP, d.info.SMTPS = serverURL("smtp", plain), serverURL("smtps", secure)
	for name, l := range map[string]net.Listener{"smtp": plain, "smtps": tlsListener(secure, id.tls)} {
		srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
			return &smtpSession{demo: d, office: office}, nil
		}))
		srv.Domain = Domain
		srv.TLSConfig = id.tls
		srv.MaxMessageBytes, srv.MaxRecipients = maxMessage, 100
		srv.ReadTimeout, srv.WriteTimeout = 5*time.Minute, time.Minute
		srv.EnableSMTPUTF8 = true
		srv.ErrorLog = quiet{name}
		d.serve(name, l, srv.Serve)
	}
	return nil
}

// smtpSession is one connection that submits mail.
type smtpSession struct {
	demo   *Demo
	office *postOffice
	login  bool
	from   string
	to     []string
}

// AuthMechanisms lists the ways to log in; without TLS the library offers none.
func (s *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

// Auth begins a login.
func (s *smtpSession) Auth(mech string) (sasl.Server, error) {
	check := func(name, password string) error {
		if !checkLogin(name, password) {
			return smtp.ErrAuthFailed
		}
		s.login = true
		return nil
	}
	switch mech {
	case sasl.Plain:
		return sasl.NewPlainServer(func(identity, name, password string) error {
			if identity != "" && identity != name {
				return smtp.ErrAuthFailed
			}
			return check(name, password)
		}), nil
	case sasl.Login:
		return &loginServer{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// loginServer is AUTH LOGIN, which go-sasl has for clients only.
type loginServer struct {
	check func(name, password string) error
	step  int
	name  string
}

// Next takes what the client says and gives the next question.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if response == nil && l.step == 0 {
		l.step = 1
		return []byte("Username:"), false, nil
	}
	if l.step <= 1 {
		l.step, l.name = 2, string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.name, string(response))
}

// Reset forgets the message begun.
func (s *smtpSession) Reset() { s.from, s.to = "", nil }

// Logout ends the session.
func (s *smtpSession) Logout() error { return nil }

// Mail takes the sender, who must be logged in and write in his own name.
func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	if !s.login {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	if !strings.EqualFold(from, User) {
		return &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Not your address: " + from}
	}
	s.from = from
	return nil
}

// Rcpt takes a recipient: the demo's own, or anybody of its make-believe
// world. Real addresses are refused, for nothing leaves this computer.
func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	_, domain, _ := strings.Cut(to, "@")
	switch domain = strings.ToLower(domain); {
	case strings.EqualFold(to, User):
	case domain == Domain:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "Nobody here has the address " + to}
	case !strings.HasSuffix(domain, ".example"):
		return &smtp.SMTPError{
			Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1},
			Message: "The demo sends nothing out; write to " + User + " or to an address that ends in .example",
		}
	}
	s.to = append(s.to, to)
	return nil
}

// Data takes the message and delivers it.
func (s *smtpSession) Data(r io.Reader) error {
	body, err := io.ReadAll(r) // the library enforces MaxMessageBytes
	if err != nil {
		return err
	}
	now := time.Now()
	var own bool
	for _, to := range s.to {
		own = own || strings.EqualFold(to, User)
	}
	if own {
		head := fmt.Sprintf("Return-Path: <%s>\r\nReceived: from guichet by %s with ESMTPSA for <%s>; %s\r\n",
			s.from, Domain, User, now.Format(time.RFC1123Z))
		if err := s.office.deliver("INBOX", append([]byte(head), body...), nil, now); err != nil {
			return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "The mailbox is full"}
		}
	}
	for _, to := range s.to {
		if !strings.EqualFold(to, User) {
			s.demo.answer(s.office, to, body)
		}
	}
	return nil
}

// answerDelay is how long the make-believe people take to answer: long enough
// to see the mail arrive by itself.
const answerDelay = 4 * time.Second

// answer sends an automatic answer (RFC 3834) from one of the demo's people.
func (d *Demo) answer(office *postOffice, from string, original []byte) {
	m, err := mail.ReadMessage(bytes.NewReader(original))
	if err != nil || m.Header.Get("Auto-Submitted") != "" {
		return
	}
	d.group.Go("demo answer", func(ctx context.Context) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(answerDelay):
		}
		now := time.Now()
		if err := office.deliver("INBOX", answerTo(m.Header, from, now), nil, now); err != nil {
			quiet{"smtp"}.Printf("automatic answer: %v", err)
		}
	})
}
