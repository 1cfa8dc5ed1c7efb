package vfstest

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/pkg/sftp"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"guichet/services/connect"
)

// SSHServer is an SFTP server in this process; paths are those of the system.
// What is to be other than usual is set by the function given to StartSSH.
type SSHServer struct {
	Port    int
	HostKey ssh.PublicKey
	Home    string
	// Key may log in.
	Key ssh.PublicKey
	// Interactive asks for the password by keyboard-interactive only.
	Interactive bool
	Logins      func(method string) // told of every try
	// Config has the last word about how to log in.
	Config func(*ssh.ServerConfig)
	// Signer is the host key, if it is to be another.
	Signer ssh.Signer
	// Forward lets clients through to other hosts (direct-tcpip); it is told where
	// to.
	Forward func(address string) bool
	// Serve is the file server, if it is to be another; nil channels are refused.
	Serve func(channel io.ReadWriteCloser)
	// NoFiles refuses to start a file server.
	NoFiles bool

	ln    net.Listener
	mu    sync.Mutex
	conns []net.Conn
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
	s := &SSHServer{Port: port(ln), Home: home, ln: ln, Signer: signer}
	if change != nil {
		change(s)
	}
	s.HostKey = s.Signer.PublicKey()
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

// Trust makes a network that knows the keys of this server and of others.
func (s *SSHServer) Trust(t testing.TB, others ...*SSHServer) *connect.Network {
	t.Helper()
	trust := connect.NewTrust()
	for _, s := range append(others, s) {
		require.NoError(t, trust.TrustHostKey(&connect.HostKeyQuestion{
			Host: "127.0.0.1", Port: s.Port, Type: s.HostKey.Type(), Fingerprint: ssh.FingerprintSHA256(s.HostKey), Key: s.HostKey.Marshal(),
		}))
	}
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
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
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
	if s.Config != nil {
		s.Config(config)
	}
	config.AddHostKey(s.Signer)
	_, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for ch := range channels {
		switch {
		case ch.ChannelType() == "direct-tcpip" && s.Forward != nil:
			go s.forward(ch)
		case ch.ChannelType() == "session":
			channel, in, err := ch.Accept()
			if err != nil {
				return
			}
			go func() {
				for r := range in {
					_ = r.Reply(!s.NoFiles && r.Type == "subsystem" && string(r.Payload[4:]) == "sftp", nil)
				}
			}()
			go s.files(channel)
		default:
			_ = ch.Reject(ssh.UnknownChannelType, "")
		}
	}
}

func (s *SSHServer) files(channel ssh.Channel) {
	defer channel.Close()
	if s.Serve != nil {
		s.Serve(channel)
		return
	}
	server, err := sftp.NewServer(channel, sftp.WithServerWorkingDirectory(s.Home))
	if err != nil {
		return
	}
	if err := server.Serve(); errors.Is(err, io.EOF) {
		_ = server.Close()
	}
}

// forward is a tunnel (RFC 4254 section 7.2).
func (s *SSHServer) forward(ch ssh.NewChannel) {
	var to struct {
		Host       string
		Port       uint32
		Originator string
		From       uint32
	}
	if err := ssh.Unmarshal(ch.ExtraData(), &to); err != nil {
		_ = ch.Reject(ssh.ConnectionFailed, "unreadable")
		return
	}
	address := net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port)))
	if !s.Forward(address) {
		_ = ch.Reject(ssh.Prohibited, "administratively prohibited")
		return
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		_ = ch.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	channel, requests, err := ch.Accept()
	if err != nil {
		_ = c.Close()
		return
	}
	go ssh.DiscardRequests(requests)
	go func() { _, _ = io.Copy(channel, c); _ = channel.Close() }()
	_, _ = io.Copy(c, channel)
	_ = c.Close()
}

// OpenSSHFiles makes a server use OpenSSH's own file server with the given
// options ("-R" for read-only), and call itself so. The test is skipped where
// there is none.
func OpenSSHFiles(t testing.TB, options ...string) func(*SSHServer) {
	t.Helper()
	program := ""
	for _, name := range []string{"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server", "/usr/lib/ssh/sftp-server"} {
		if _, err := os.Stat(name); err == nil {
			program = name
		}
	}
	if program == "" {
		t.Skip("no sftp-server on this computer")
	}
	return func(s *SSHServer) {
		s.Config = func(c *ssh.ServerConfig) { c.ServerVersion = "SSH-2.0-OpenSSH_test" }
		s.Serve = func(channel io.ReadWriteCloser) {
			cmd := exec.Command(program, append([]string{"-e", "-d", s.Home}, options...)...)
			in, err := cmd.StdinPipe()
			if err != nil {
				return
			}
			cmd.Stdout = channel
			if err := cmd.Start(); err != nil {
				return
			}
			_, _ = io.Copy(in, channel)
			_ = in.Close()
			_ = cmd.Wait()
		}
	}
}
