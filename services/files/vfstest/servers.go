package vfstest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/net/webdav"

	"guichet/services/connect"
)

// User and Password are the login of every test server.
const (
	User     = "ada"
	Password = "pass word"
)

// Certificate makes a certificate for 127.0.0.1 and localhost, and the pool
// that trusts it.
func Certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// SSHServer is an SFTP server in this process; paths are those of the system.
type SSHServer struct {
	Port    int
	HostKey ssh.PublicKey
	Home    string
	// Key, if set before the first login, may log in.
	Key ssh.PublicKey
	// Interactive asks for the password by keyboard-interactive only.
	Interactive bool
	Logins      func(method string) // told of every try
	ln          net.Listener
	signer      ssh.Signer
	mu          sync.Mutex
	conns       []net.Conn
}

// StartSSH starts a server that ends with the test.
func StartSSH(t testing.TB, home string, change func(*SSHServer)) *SSHServer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &SSHServer{Port: port(ln), HostKey: signer.PublicKey(), Home: home, ln: ln, signer: signer}
	if change != nil {
		change(s)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			wg.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		s.Cut()
		wg.Wait()
	})
	return s
}

func port(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port }

// Cut breaks all connections.
func (s *SSHServer) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

// Trust makes a network that knows the server's key.
func (s *SSHServer) Trust(t testing.TB) *connect.Network {
	t.Helper()
	trust := connect.NewTrust()
	require.NoError(t, trust.TrustHostKey(&connect.HostKeyQuestion{
		Host: "127.0.0.1", Port: s.Port, Type: s.HostKey.Type(), Fingerprint: ssh.FingerprintSHA256(s.HostKey), Key: s.HostKey.Marshal(),
	}))
	return connect.New(connect.Params{Trust: trust})
}

func (s *SSHServer) serve(c net.Conn) {
	defer c.Close()
	note := func(method string) {
		if s.Logins != nil {
			s.Logins(method)
		}
	}
	refused := errors.New("refused")
	config := &ssh.ServerConfig{
		MaxAuthTries: 6,
		PublicKeyCallback: func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			note("publickey")
			if s.Key != nil && string(key.Marshal()) == string(s.Key.Marshal()) {
				return nil, nil
			}
			return nil, refused
		},
		KeyboardInteractiveCallback: func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			note("keyboard-interactive")
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(answers) != 1 || answers[0] != Password || m.User() != User {
				return nil, refused
			}
			return nil, nil
		},
	}
	if !s.Interactive {
		config.PasswordCallback = func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			note("password")
			if m.User() != User || string(password) != Password {
				return nil, refused
			}
			return nil, nil
		}
	}
	config.AddHostKey(s.signer)
	_, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for ch := range channels {
		if ch.ChannelType() != "session" {
			_ = ch.Reject(ssh.UnknownChannelType, "")
			continue
		}
		channel, in, err := ch.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range in {
				_ = r.Reply(r.Type == "subsystem" && string(r.Payload[4:]) == "sftp", nil)
			}
		}()
		go func() {
			defer channel.Close()
			server, err := sftp.NewServer(channel, sftp.WithServerWorkingDirectory(s.Home))
			if err != nil {
				return
			}
			if err := server.Serve(); errors.Is(err, io.EOF) {
				_ = server.Close()
			}
		}()
	}
}

// StartDAV starts a WebDAV server on dir, over TLS, with Basic login. wrap, if
// not nil, stands before it.
func StartDAV(t testing.TB, dir string, wrap func(http.Handler) http.Handler) (port int, network *connect.Network) {
	t.Helper()
	return StartDAVBare(t, dir, func(h http.Handler) http.Handler {
		if wrap != nil {
			h = wrap(h)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, password, ok := r.BasicAuth()
			if !ok || user != User || password != Password {
				w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			h.ServeHTTP(w, r)
		})
	})
}

// StartDAVBare is StartDAV without a login of its own.
func StartDAVBare(t testing.TB, dir string, wrap func(http.Handler) http.Handler) (port int, network *connect.Network) {
	t.Helper()
	s := httptest.NewUnstartedServer(wrap(&webdav.Handler{FileSystem: webdav.Dir(dir), LockSystem: webdav.NewMemLS()}))
	pool := startTLS(t, s)
	t.Cleanup(s.Close)
	return s.Listener.Addr().(*net.TCPAddr).Port, connect.New(connect.Params{Roots: pool})
}

// startTLS starts an HTTP server with a certificate that the pool trusts.
func startTLS(t testing.TB, s *httptest.Server) *x509.CertPool {
	t.Helper()
	cert, pool := Certificate(t)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	s.EnableHTTP2 = true
	s.StartTLS()
	return pool
}
