package check_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"guichet/services/connect/connecttest"
)

const secret = "S3cr3t"

// lineServer is a scripted server of IMAP, SMTP or FTP.
type lineServer struct {
	greeting string
	implicit bool // TLS at once
	config   *tls.Config
	// answer gives the reply to a command; startTLS makes TLS follow it.
	answer func(command string, secured bool) (reply string, startTLS bool)
	inject string // said in clear together with the go-ahead for TLS

	mu    sync.Mutex
	clear []string // what was said without TLS
}

func (s *lineServer) listen(t *testing.T) int {
	return connecttest.Listen(t, func(c net.Conn) {
		secured := s.implicit
		if secured {
			c = tls.Server(c, s.config)
		}
		if _, err := io.WriteString(c, s.greeting); err != nil {
			return
		}
		r := bufio.NewReader(c)
		for {
			l, err := r.ReadString('\n')
			if err != nil {
				return
			}
			l = strings.TrimRight(l, "\r\n")
			if !secured {
				s.mu.Lock()
				s.clear = append(s.clear, l)
				s.mu.Unlock()
			}
			reply, startTLS := s.answer(l, secured)
			if reply == "" {
				connecttest.Drain(c)
				return
			}
			if startTLS {
				reply += s.inject
			}
			if _, err := io.WriteString(c, reply); err != nil {
				return
			}
			if startTLS {
				c, secured = tls.Server(c, s.config), true
				r = bufio.NewReader(c)
			}
		}
	})
}

func (s *lineServer) inClear() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.clear, "\n")
}

// imapServer accepts anna with the secret; offer says whether STARTTLS is there.
func imapServer(config *tls.Config, implicit, offer bool) *lineServer {
	s := &lineServer{greeting: "* OK ready\r\n", implicit: implicit, config: config}
	s.answer = func(l string, secured bool) (string, bool) {
		tag, command, _ := strings.Cut(l, " ")
		switch {
		case command == "CAPABILITY" && secured:
			return "* CAPABILITY IMAP4rev1\r\n" + tag + " OK\r\n", false
		case command == "CAPABILITY" && offer:
			return "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n" + tag + " OK\r\n", false
		case command == "CAPABILITY":
			return "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + tag + " OK\r\n", false
		case command == "STARTTLS" && offer:
			return tag + " OK go ahead\r\n", true
		case command == `LOGIN "anna" "`+secret+`"`:
			return tag + " OK in\r\n", false
		case strings.HasPrefix(command, "LOGIN"):
			return tag + " NO [AUTHENTICATIONFAILED] wrong name or password\r\n", false
		case command == "LOGOUT":
			return "* BYE\r\n" + tag + " OK\r\n", false
		}
		return tag + " BAD what\r\n", false
	}
	return s
}

// smtpServer offers AUTH by PLAIN and LOGIN as given.
func smtpServer(config *tls.Config, implicit, offer bool, auth string) *lineServer {
	s := &lineServer{greeting: "220 mail.test ESMTP\r\n", implicit: implicit, config: config}
	step := 0
	s.answer = func(l string, secured bool) (string, bool) {
		switch {
		case strings.HasPrefix(l, "EHLO") && secured:
			return "250-mail.test\r\n250 AUTH " + auth + "\r\n", false
		case strings.HasPrefix(l, "EHLO") && offer:
			return "250-mail.test\r\n250 STARTTLS\r\n", false
		case strings.HasPrefix(l, "EHLO"):
			return "250-mail.test\r\n250 AUTH PLAIN LOGIN\r\n", false
		case l == "STARTTLS" && offer:
			return "220 go\r\n", true
		case l == "AUTH PLAIN AGFubmEAUzNjcjN0": // "\0anna\0S3cr3t"
			return "235 in\r\n", false
		case l == "AUTH LOGIN":
			step = 1
			return "334 VXNlcm5hbWU6\r\n", false
		case step == 1 && l == "YW5uYQ==":
			step = 2
			return "334 UGFzc3dvcmQ6\r\n", false
		case step == 2 && l == "UzNjcjN0":
			return "235 in\r\n", false
		case strings.HasPrefix(l, "AUTH"), step > 0:
			return "535 5.7.8 wrong name or password\r\n", false
		case l == "QUIT":
			return "221 bye\r\n", false
		}
		return "502 what\r\n", false
	}
	return s
}

func ftpServer(config *tls.Config, implicit, offer bool) *lineServer {
	s := &lineServer{greeting: "220-Hello\r\n220 FTP here\r\n", implicit: implicit, config: config}
	s.answer = func(l string, secured bool) (string, bool) {
		switch {
		case l == "FEAT" && offer:
			return "211-Features\r\n AUTH TLS\r\n UTF8\r\n211 End\r\n", false
		case l == "FEAT":
			return "211-Features\r\n UTF8\r\n211 End\r\n", false
		case l == "AUTH TLS" && offer:
			return "234 go\r\n", true
		case strings.HasPrefix(l, "USER "):
			return "331 password\r\n", false
		case l == "PASS "+secret:
			return "230 in\r\n", false
		case strings.HasPrefix(l, "PASS"):
			return "530 Login incorrect\r\n", false
		case l == "QUIT":
			return "221 bye\r\n", false
		}
		return "502 what\r\n", false
	}
	return s
}

// say greets with a text and then only listens.
func say(text string) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := io.WriteString(c, text); err == nil {
			connecttest.Drain(c)
		}
	}
}
