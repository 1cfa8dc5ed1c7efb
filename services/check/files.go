package check

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"

	"golang.org/x/crypto/ssh"

	"guichet/services/fault"
)

// ftp speaks FTP (RFC 959) with TLS by AUTH TLS (RFC 4217), or at once for
// ftps. Without TLS, which only the scheme ftp allows, there is no login by
// password.
func (d *diagnosis) ftp(ctx context.Context) error {
	t := d.talk()
	greet := func(ctx context.Context) error {
		if err := t.greeted(ctx, "ftp", plainReply("smtp")); err != nil {
			return err
		}
		r, err := t.reply()
		for err == nil && r.code == 120 { // "ready in nnn minutes"
			r, err = t.reply()
		}
		if err != nil {
			return err
		}
		d.at(Protocol).Said = r.said()
		if r.code != 220 {
			return t.refused(r, fault.Permission)
		}
		return nil
	}
	secured := d.url.Scheme != "ftp"
	if d.url.Scheme == "ftps" {
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
			features, err := t.ask("FEAT")
			if err != nil {
				return err
			}
			offered := ftpOffersTLS(features)
			if d.url.Scheme == "ftp" && !offered {
				if d.guest() || d.o.AllowClear {
					return nil
				}
				d.at(TLS)
				return fault.Newf(fault.Unsupported, "check", d.host, "no AUTH TLS, and no password in clear text")
			}
			secured = true
			// FEAT is optional: a server that does not know it may know AUTH.
			return t.startTLS("AUTH TLS", offered || features.code != 211, 234)
		})
		if err != nil {
			return err
		}
		if secured {
			if err := d.secure(ctx, false); err != nil {
				return err
			}
			t = d.talk()
		}
	}
	d.spoke("ftp")
	if secured {
		err := d.during(ctx, Login, func(ctx context.Context) error {
			password, ok, err := d.secret(ctx)
			if err != nil || !ok {
				return err
			}
			return t.ftpLogin(d.o.User, password)
		})
		if err != nil {
			return err
		}
		d.skipGuest()
	}
	d.bye(ctx, func() error { _, err := t.ask("QUIT"); return err })
	return nil
}

func ftpOffersTLS(features reply) bool {
	for _, l := range features.lines {
		l = strings.ToUpper(l)
		if strings.HasPrefix(l, "AUTH") && strings.Contains(l, "TLS") {
			return true
		}
	}
	return false
}

func (t *talk) ftpLogin(user, password string) error {
	r, err := t.ask("USER %s", user)
	if err == nil && (r.code == 331 || r.code == 332) {
		r, err = t.ask("PASS %s", password)
	}
	switch {
	case err != nil:
		return err
	case r.code == 230, r.code == 202:
		return nil
	case r.code/100 == 5, r.code == 332:
		return t.refused(r, fault.Login)
	}
	return t.refused(r, fault.Protocol)
}

// sftp speaks SSH (RFC 4253) and asks for its subsystem sftp. The step tls is
// the host key.
func (d *diagnosis) sftp(ctx context.Context) error {
	t := d.talk()
	err := d.during(ctx, Protocol, func(ctx context.Context) error {
		// A server may say other lines before its version (RFC 4253 section 4.2).
		return t.greeted(ctx, "ssh", func(s string) bool { return recognise([]byte(s)) == "" && printable([]byte(s)) != "" })
	})
	if err != nil {
		return err
	}
	check, algorithms := d.n.HostKey(d.host, d.port)
	verified := false
	var passwordErr error
	config := &ssh.ClientConfig{
		User:              d.o.User,
		HostKeyAlgorithms: algorithms,
		HostKeyCallback: func(host string, remote net.Addr, key ssh.PublicKey) error {
			facts := d.at(TLS)
			facts.Key = ssh.FingerprintSHA256(key)
			if err := check(host, remote, key); err != nil {
				return err
			}
			verified = true
			d.next(Login)
			return nil
		},
	}
	asked := false
	password := func() (string, error) {
		asked = true
		p, _, err := d.secret(ctx)
		passwordErr = err
		return p, err
	}
	if d.guest() {
		config.User = "guest"
	} else {
		config.Auth = []ssh.AuthMethod{
			ssh.PasswordCallback(password),
			ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
				answers := make([]string, len(questions))
				for i := range questions {
					if echos[i] || len(questions) > 1 {
						return nil, fault.Newf(fault.Unsupported, "login", d.host, "the server asks for more than a password")
					}
					p, err := password()
					if err != nil {
						return nil, err
					}
					answers[i] = p
				}
				return answers, nil
			}),
		}
	}
	var client *ssh.Client
	err = d.during(ctx, TLS, func(context.Context) error {
		conn, channels, requests, err := ssh.NewClientConn(&bufferedConn{Conn: d.conn, r: t.r}, d.host, config)
		if err != nil {
			return d.sshFault(err, verified, asked, passwordErr)
		}
		client = ssh.NewClient(conn, channels, requests)
		return nil
	})
	if err != nil && d.guest() && verified && fault.Is(err, fault.Unsupported) {
		d.skipGuest() // nobody to log in; the rest was right
		d.spoke("ssh")
		return nil
	}
	if err != nil {
		return err
	}
	defer client.Close()
	err = d.during(ctx, Protocol, func(context.Context) error {
		session, err := client.NewSession()
		if err != nil {
			return fault.New(fault.Unsupported, "check", d.host, err)
		}
		if err := session.RequestSubsystem("sftp"); err != nil {
			return fault.New(fault.Unsupported, "check", d.host, err)
		}
		return session.Close()
	})
	if err != nil {
		return err
	}
	d.spoke("ssh")
	return nil
}

// sshFault classes an error of the SSH handshake.
func (d *diagnosis) sshFault(err error, verified, asked bool, passwordErr error) error {
	var f *fault.Fault
	var algorithms *ssh.AlgorithmNegotiationError
	switch {
	case passwordErr != nil:
		return passwordErr
	case errors.As(err, &f):
		return f
	case errors.As(err, &algorithms):
		return fault.New(fault.Unsupported, "check", d.host, err)
	case verified && strings.Contains(err.Error(), "unable to authenticate"):
		if !asked {
			return fault.New(fault.Unsupported, "login", d.host, err) // no login by password
		}
		return fault.New(fault.Login, "login", d.host, err)
	}
	if f := fault.From("check", d.host, err); f.Kind != fault.Internal {
		return err
	}
	return fault.New(fault.Protocol, "check", d.host, err)
}

// bufferedConn gives what was looked at back to the SSH library.
type bufferedConn struct {
	net.Conn
	r *bufio.Reader
}

func (c *bufferedConn) Read(b []byte) (int, error) { return c.r.Read(b) }
