package imap

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-imap/client"
	"github.com/emersion/go-sasl"

	"guichet/services/connect"
	"guichet/services/fault"
)

// Config says where and as whom to log in.
type Config struct {
	Host     string
	Port     int
	StartTLS bool // TLS by STARTTLS, required; false: TLS from the first byte
	Login    string
	Password string
	Network  *connect.Network
}

// Deadlines: stall is the longest silence while a command runs, total the
// longest command.
const (
	greetingLimit = 30 * time.Second
	stallLimit    = 30 * time.Second
	shortLimit    = 60 * time.Second
	longLimit     = 30 * time.Minute
)

// Dial connects, makes the connection secure and logs in. Faults: those of
// package connect; Login when the password is refused; Busy when the server has
// too many connections; Protocol when something else than IMAP answers, or when
// the server tries to do without TLS.
func Dial(ctx context.Context, c Config) (Session, error) {
	conn, err := open(ctx, c)
	if err != nil {
		f := fault.From("connect", c.Host, err)
		return nil, f
	}
	s := &session{host: c.Host, caps: map[string]bool{}}
	s.guard = newGuard(conn, nil)
	if err := s.start(ctx, c); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// open gives a connection that speaks TLS and has had its greeting.
func open(ctx context.Context, c Config) (net.Conn, error) {
	if !c.StartTLS {
		t, err := c.Network.DialTLS(ctx, c.Host, c.Port, connect.TLSOptions{})
		if err != nil {
			return nil, err
		}
		if err := greeting(ctx, t, c.Host, false); err != nil {
			t.Close()
			return nil, err
		}
		return t, nil
	}
	plain, err := c.Network.Dial(ctx, c.Host, c.Port)
	if err != nil {
		return nil, err
	}
	if err := startTLS(ctx, plain, c.Host); err != nil {
		plain.Close()
		return nil, err
	}
	return c.Network.Upgrade(ctx, plain, c.Host, c.Port, connect.TLSOptions{})
}

func protocolFault(host, step, said, why string) *fault.Fault {
	f := fault.New(fault.Protocol, "connect", host, errors.New(why))
	f.Step, f.Said = step, said
	return f
}

// greeting reads the server's first line; exact refuses bytes after it.
func greeting(ctx context.Context, c net.Conn, host string, exact bool) error {
	line, err := readLine(ctx, c, host, exact)
	if err != nil {
		return err
	}
	said := fault.CleanLine(line)
	up := strings.ToUpper(line)
	switch {
	case strings.HasPrefix(up, "* OK"):
		return nil
	case strings.HasPrefix(up, "* PREAUTH"):
		// Logged in before TLS and password: nobody knows as whom.
		return protocolFault(host, "protocol", said, "the server skips the login")
	case strings.HasPrefix(up, "* BYE"):
		f := fault.New(fault.Busy, "connect", host, errors.New("the server says goodbye"))
		f.Step, f.Said = "protocol", said
		return f
	}
	return protocolFault(host, "protocol", said, "no IMAP greeting")
}

// startTLS asks for TLS on a clear connection. Bytes that come with the answer
// would be taken for protected ones: they end the attempt (CVE-2011-0411).
func startTLS(ctx context.Context, c net.Conn, host string) error {
	if err := greeting(ctx, c, host, true); err != nil {
		return err
	}
	if _, err := c.Write([]byte("S1 STARTTLS\r\n")); err != nil {
		return fault.From("starttls", host, err)
	}
	for range 20 {
		line, err := readLine(ctx, c, host, true)
		if err != nil {
			return err
		}
		up := strings.ToUpper(line)
		switch {
		case strings.HasPrefix(up, "S1 OK"):
			return nil
		case strings.HasPrefix(up, "S1 "):
			f := protocolFault(host, "tls", fault.CleanLine(line), "the server refuses STARTTLS")
			f.Kind = fault.Unsupported
			return f
		case strings.HasPrefix(up, "* PREAUTH"), !strings.HasPrefix(up, "* "):
			return protocolFault(host, "tls", fault.CleanLine(line), "no answer to STARTTLS")
		}
	}
	return protocolFault(host, "tls", "", "no answer to STARTTLS")
}

// readLine reads one short line. With exact, bytes beyond it are an error;
// without, it reads byte by byte and takes no more than the line.
func readLine(ctx context.Context, c net.Conn, host string, exact bool) (string, error) {
	if err := c.SetDeadline(time.Now().Add(greetingLimit)); err != nil {
		return "", fault.From("connect", host, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // a closed connection reports itself
	defer stop()
	var line []byte
	buf := make([]byte, 1)
	if exact {
		buf = make([]byte, 4096)
	}
	for len(line) < 8192 {
		n, err := c.Read(buf)
		line = append(line, buf[:n]...)
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			if i != len(line)-1 {
				return "", protocolFault(host, "tls", "", "data before TLS")
			}
			return string(bytes.TrimRight(line, "\r\n")), c.SetDeadline(time.Time{})
		}
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			f := fault.From("connect", host, err)
			f.Step = "protocol"
			return "", f
		}
	}
	return "", protocolFault(host, "protocol", fault.CleanLine(string(line)), "a greeting without end")
}

// begin runs go-imap on the connection.
func (s *session) begin(ctx context.Context) error {
	return s.run(ctx, "login", stallLimit, shortLimit, func() error {
		cl, err := client.New(s.guard)
		if err != nil {
			return err
		}
		s.c = cl
		cl.ErrorLog = errorLog{s}
		return nil
	})
}

// start runs go-imap on the secured connection and logs in.
func (s *session) start(ctx context.Context, c Config) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	if err := s.login(ctx, c.Login, c.Password); err != nil {
		f := fault.From("login", c.Host, err)
		if f.Step == "" {
			f.Step = "login"
		}
		return f
	}
	// What was advertised before the login need not hold after it.
	if err := s.capability(ctx); err != nil {
		return err
	}
	if s.Has("ID") {
		if err := s.id(ctx); err != nil && !s.Alive() {
			return err
		}
	}
	// Microsoft accepts a wrong scope at the login and says so at the next command.
	probe := "NOOP"
	if s.Has("NAMESPACE") {
		probe = "NAMESPACE"
	}
	if err := s.simple(ctx, "login", probe); err != nil {
		f := fault.From("login", c.Host, err)
		if s.Alive() {
			f.Kind = fault.Permission
		}
		f.Step = "login"
		return f
	}
	return nil
}

func (s *session) login(ctx context.Context, name, password string) error {
	if err := s.capability(ctx); err != nil {
		return err
	}
	plain := true
	for _, r := range name + password {
		plain = plain && r > 0x1F && r < 0x7F
	}
	if s.Has("AUTH=PLAIN") || !plain && !s.Has("LOGINDISABLED") {
		s.guard.allowed.Store(1)
		defer s.guard.allowed.Store(0)
		return s.run(ctx, "login", stallLimit, shortLimit, func() error {
			return s.c.Authenticate(sasl.NewPlainClient("", name, password))
		})
	}
	if s.Has("LOGINDISABLED") {
		return fault.Newf(fault.Unsupported, "login", s.host, "the server takes no password here")
	}
	return s.simple(ctx, "login", "LOGIN", name, password)
}
