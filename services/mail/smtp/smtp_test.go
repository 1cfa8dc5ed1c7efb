package smtp

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
)

var identity = sync.OnceValues(func() (*tls.Config, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
})

// scripted answers commands by their first word; "" is silence, "CUT" closes.
type scripted struct {
	clear  bool // STARTTLS
	script map[string]string
	mu     sync.Mutex
	heard  []string
	data   string
}

func (s *scripted) start(t *testing.T) Config {
	t.Helper()
	cfg, pool := identity()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			if !s.clear {
				c = tls.Server(c, cfg)
			}
			go s.serve(c)
		}
	}()
	return Config{
		Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, StartTLS: s.clear, Login: "anna", Password: "pass word",
		Network: connect.New(connect.Params{Roots: pool, Timeout: 2 * time.Second}),
	}
}

func (s *scripted) commands() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.heard, "\n")
}

func (s *scripted) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	answers := map[string]string{
		"GREETING": "220 ready\r\n", "EHLO": "250-x\r\n250-STARTTLS\r\n250-SIZE 1000\r\n250 AUTH PLAIN\r\n", "AUTH": "235 ok\r\n",
		"STARTTLS": "220 go\r\n", "DATA": "354 go\r\n", ".": "250 taken\r\n", "QUIT": "221 bye\r\n",
	}
	for k, v := range s.script {
		answers[k] = v
	}
	if _, err := c.Write([]byte(answers["GREETING"])); err != nil {
		return
	}
	in := bufio.NewReader(c)
	body := false
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		if body && line != "." {
			s.mu.Lock()
			s.data += line + "\n"
			s.mu.Unlock()
			continue
		}
		s.mu.Lock()
		s.heard = append(s.heard, line)
		s.mu.Unlock()
		word, _, _ := strings.Cut(line, " ")
		answer, ok := answers[word]
		if !ok {
			answer = "250 ok\r\n"
		}
		if answer == "CUT" {
			return
		}
		body = word == "DATA" && strings.HasPrefix(answer, "354")
		if _, err := c.Write([]byte(answer)); err != nil {
			return
		}
		if word == "STARTTLS" && strings.HasPrefix(answer, "220") {
			cfg, _ := identity()
			c = tls.Server(c, cfg)
			in = bufio.NewReader(c)
		}
	}
}

func TestSend(t *testing.T) {
	for _, clear := range []bool{false, true} {
		s := &scripted{clear: clear}
		stages := 0
		results, accepted, maybe, err := Send(t.Context(), s.start(t), "a@x.fr", []string{"b@x.fr"}, []byte("A: 1\r\n\r\n.dot\r\n"),
			func() error { stages++; return nil })
		require.NoError(t, err)
		require.True(t, accepted)
		require.False(t, maybe)
		require.Equal(t, []Result{{Address: "b@x.fr", Code: 250, Said: "taken"}}, results)
		require.Equal(t, "A: 1\n\n..dot\n", s.data)
		require.Equal(t, 1, stages)
		require.Contains(t, s.commands(), "EHLO [127.0.0.1]")
	}
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		script map[string]string
		clear  bool
		size   int
		to     string
		kind   fault.Kind
		maybe  bool
	}{
		"wrong password":      {script: map[string]string{"AUTH": "535 no\r\n"}, kind: fault.Login},
		"login put off":       {script: map[string]string{"AUTH": "454 later\r\n"}, kind: fault.Busy},
		"no AUTH":             {script: map[string]string{"EHLO": "250 x\r\n"}, kind: fault.Unsupported},
		"sender refused":      {script: map[string]string{"MAIL": "550 not you\r\n"}, kind: fault.Permission},
		"recipient refused":   {script: map[string]string{"RCPT": "550 who\r\n"}, kind: fault.Permission},
		"recipient put off":   {script: map[string]string{"RCPT": "450 later\r\n"}, kind: fault.Busy},
		"too big by SIZE":     {size: 2000, kind: fault.TooBig},
		"too big by answer":   {script: map[string]string{".": "552 big\r\n"}, kind: fault.TooBig},
		"content refused":     {script: map[string]string{".": "554 spam\r\n"}, kind: fault.Permission},
		"cut before DATA":     {script: map[string]string{"DATA": "CUT"}, kind: fault.Protocol},
		"cut after DATA":      {script: map[string]string{".": "CUT"}, kind: fault.Protocol, maybe: true},
		"no SMTP":             {script: map[string]string{"GREETING": "HTTP/1.1 400 Bad\r\n"}, kind: fault.Protocol},
		"endless answer":      {script: map[string]string{"EHLO": strings.Repeat("250-x\r\n", 1<<20)}, kind: fault.Protocol},
		"address with a line": {to: "b@x.fr>\r\nRCPT TO:<c@x.fr", kind: fault.NotFound},
		"STARTTLS refused":    {clear: true, script: map[string]string{"STARTTLS": "502 no\r\n"}, kind: fault.Unsupported},
		"STARTTLS injected":   {clear: true, script: map[string]string{"STARTTLS": "220 go\r\n250 x\r\n"}, kind: fault.Protocol},
		"STARTTLS stripped":   {clear: true, script: map[string]string{"EHLO": "250-x\r\n250 AUTH PLAIN\r\n", "STARTTLS": "500 what\r\n"}, kind: fault.Unsupported},
		"EHLO injected":       {clear: true, script: map[string]string{"EHLO": "250 x\r\n220 go\r\n"}, kind: fault.Protocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scripted{script: c.script, clear: c.clear}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			to := c.to
			if to == "" {
				to = "b@x.fr"
			}
			_, accepted, maybe, err := Send(ctx, s.start(t), "a@x.fr", []string{to}, append([]byte("A: 1\r\n\r\n"), make([]byte, c.size)...), func() error { return nil })
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.False(t, accepted)
			require.Equal(t, c.maybe, maybe)
			require.NotContains(t, err.Error(), "pass word")
			if c.clear {
				require.NotContains(t, s.commands(), "AUTH", "no password in the clear")
			}
		})
	}
}
