package sftp

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"guichet/services/fault"
	"guichet/services/files/vfstest"
)

// testKey is a key pair, written to a file with a passphrase or "" for none.
type testKey struct {
	path    string
	private ed25519.PrivateKey
	signer  ssh.Signer
}

func newKey(t *testing.T, path, phrase string) testKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	var block *pem.Block
	if phrase == "" {
		block, err = ssh.MarshalPrivateKey(private, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(phrase))
	}
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	return testKey{path, private, signer}
}

func login(t *testing.T, p Params) error {
	t.Helper()
	f, err := Dial(t.Context(), p)
	if err == nil {
		require.NoError(t, f.Close())
	}
	return err
}

func kindOf(t *testing.T, err error, kind fault.Kind) *fault.Fault {
	t.Helper()
	var f *fault.Fault
	require.ErrorAs(t, err, &f)
	require.Equal(t, kind, f.Kind, "%v", err)
	return f
}

func TestPassphrase(t *testing.T) {
	dir := t.TempDir()
	k := newKey(t, filepath.Join(dir, "id"), "phrase")
	for name, c := range map[string]struct {
		accepted bool
		answers  []string
		asked    int
		ok       bool
	}{
		"right":                       {true, []string{"phrase"}, 1, true},
		"right at the third try":      {true, []string{"a", "b", "phrase"}, 3, true},
		"wrong":                       {true, []string{"a", "b", "c", "phrase"}, 3, false},
		"always the same wrong one":   {true, []string{"a", "a", "phrase"}, 2, false},
		"not asked for a foreign key": {false, []string{"phrase"}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := vfstest.StartSSH(t, dir, func(s *vfstest.SSHServer) {
				if c.accepted {
					s.Key = k.signer.PublicKey()
				}
			})
			p := params(t, s)
			p.Password, p.Site.KeyFile = nil, k.path
			asked := 0
			p.Passphrase = func(_ context.Context, path string) (string, error) {
				require.Equal(t, k.path, path)
				asked++
				return c.answers[asked-1], nil
			}
			err := login(t, p)
			require.Equal(t, c.asked, asked)
			if c.ok {
				require.NoError(t, err)
				return
			}
			kindOf(t, err, fault.Login)
			require.NotContains(t, err.Error(), "phrase\"")
		})
	}
}

func TestTwoFactors(t *testing.T) {
	dir := t.TempDir()
	k := newKey(t, filepath.Join(dir, "id"), "")
	refused := errors.New("refused")
	isKey := func(key ssh.PublicKey) bool { return string(key.Marshal()) == string(k.signer.PublicKey().Marshal()) }
	byPassword := func(m ssh.ConnMetadata, b []byte) (*ssh.Permissions, error) {
		if string(b) != vfstest.Password {
			return nil, refused
		}
		return nil, nil
	}
	rounds := func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		if a, err := ask("", "Welcome", nil, nil); err != nil || len(a) != 0 {
			return nil, refused
		}
		a, err := ask("", "", []string{"Password: "}, []bool{false})
		if err != nil || a[0] != vfstest.Password {
			return nil, refused
		}
		a, err = ask("", "Look at your telephone", []string{"Verification code: ", "Colour: "}, []bool{false, true})
		if err != nil || len(a) != 2 || a[0] != "123456" || a[1] != "blue" {
			return nil, refused
		}
		return nil, nil
	}
	code := func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		a, err := ask("", "", []string{"Verification code: "}, []bool{false})
		if err != nil || a[0] != "123456" {
			return nil, refused
		}
		return nil, nil
	}
	after := func(next ssh.ServerAuthCallbacks) func(*ssh.ServerConfig) {
		return func(c *ssh.ServerConfig) {
			c.PasswordCallback, c.KeyboardInteractiveCallback = nil, nil
			c.PublicKeyCallback = func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
				if !isKey(key) {
					return nil, refused
				}
				return nil, &ssh.PartialSuccessError{Next: next}
			}
		}
	}
	answers := map[string]string{"Verification code:": "123456", "Colour:": "blue"}
	for name, c := range map[string]struct {
		config func(*ssh.ServerConfig)
		asked  []string
	}{
		"key and password":    {after(ssh.ServerAuthCallbacks{PasswordCallback: byPassword}), nil},
		"key and code":        {after(ssh.ServerAuthCallbacks{KeyboardInteractiveCallback: code}), []string{"Verification code:"}},
		"key, password, code": {after(ssh.ServerAuthCallbacks{KeyboardInteractiveCallback: rounds}), []string{"Verification code:", "Colour:"}},
		"password and questions": {func(c *ssh.ServerConfig) {
			c.PasswordCallback, c.PublicKeyCallback = nil, nil
			c.KeyboardInteractiveCallback = rounds
		}, []string{"Verification code:", "Colour:"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := vfstest.StartSSH(t, dir, func(s *vfstest.SSHServer) { s.Config = c.config })
			p := params(t, s)
			p.Site.KeyFile = k.path
			var asked []string
			p.Ask = func(_ context.Context, _ string, questions []string, echo []bool) ([]string, error) {
				var all []string
				for i, q := range questions {
					require.Equal(t, q == "Colour:", echo[i])
					asked = append(asked, q)
					all = append(all, answers[q])
				}
				return all, nil
			}
			require.NoError(t, login(t, p))
			require.Equal(t, c.asked, asked)
			if c.asked == nil {
				return
			}
			p.Ask = nil
			kindOf(t, login(t, p), fault.Login)
		})
	}
}

// startAgent serves a key ring on a socket and tells its address.
func startAgent(t *testing.T, keys ...testKey) string {
	t.Helper()
	ring := agent.NewKeyring()
	for _, k := range keys {
		require.NoError(t, ring.Add(agent.AddedKey{PrivateKey: k.private}))
	}
	dir, err := os.MkdirTemp("", "agent") // socket names must be short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	at := filepath.Join(dir, "s")
	ln, err := net.Listen("unix", at)
	if err != nil {
		t.Skip("no sockets of this kind")
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, c); _ = c.Close() }()
		}
	}()
	return at
}

func TestAgent(t *testing.T) {
	dir := t.TempDir()
	var keys []testKey
	for i := range 8 {
		keys = append(keys, newKey(t, filepath.Join(dir, string(rune('a'+i))), ""))
	}
	locked := newKey(t, filepath.Join(dir, "locked"), "phrase")
	t.Run("its key", func(t *testing.T) {
		s := vfstest.StartSSH(t, dir, func(s *vfstest.SSHServer) { s.Key = keys[0].signer.PublicKey() })
		p := params(t, s)
		p.Password, p.AgentSocket = nil, startAgent(t, keys[0])
		require.NoError(t, login(t, p))
		t.Setenv("SSH_AUTH_SOCK", p.AgentSocket)
		p.AgentSocket = ""
		require.NoError(t, login(t, p))
	})
	t.Run("five keys at most, the chosen one first", func(t *testing.T) {
		var offered []string
		var mu sync.Mutex
		s := vfstest.StartSSH(t, dir, func(s *vfstest.SSHServer) {
			s.Config = func(c *ssh.ServerConfig) {
				c.PublicKeyCallback = func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
					mu.Lock()
					defer mu.Unlock()
					offered = append(offered, string(key.Marshal()))
					return nil, errors.New("refused")
				}
			}
		})
		p := params(t, s)
		p.Password, p.AgentSocket, p.Site.KeyFile = nil, startAgent(t, keys...), keys[7].path
		kindOf(t, login(t, p), fault.Login)
		require.Len(t, offered, maxKeys)
		require.Equal(t, string(keys[7].signer.PublicKey().Marshal()), offered[0])
	})
	t.Run("unlocked for a protected file", func(t *testing.T) {
		s := vfstest.StartSSH(t, dir, func(s *vfstest.SSHServer) { s.Key = locked.signer.PublicKey() })
		p := params(t, s)
		p.Password, p.AgentSocket, p.Site.KeyFile = nil, startAgent(t, locked), locked.path
		p.Passphrase = func(context.Context, string) (string, error) { t.Error("asked"); return "", io.EOF }
		require.NoError(t, login(t, p))
	})
	t.Run("a server that counts keys still gets the password", func(t *testing.T) {
		s := vfstest.StartSSH(t, dir, func(s *vfstest.SSHServer) { s.Config = func(c *ssh.ServerConfig) { c.MaxAuthTries = 3 } })
		p := params(t, s)
		p.AgentSocket = startAgent(t, keys...)
		require.NoError(t, login(t, p))
	})
	t.Run("none there", func(t *testing.T) {
		s := vfstest.StartSSH(t, dir, nil)
		p := params(t, s)
		p.AgentSocket = filepath.Join(dir, "missing")
		require.NoError(t, login(t, p))
	})
}

func TestUsualKeysAndCertificates(t *testing.T) {
	dir := t.TempDir()
	k := newKey(t, filepath.Join(dir, "id_ed25519"), "")
	t.Run("usual key", func(t *testing.T) {
		s := vfstest.StartSSH(t, dir, func(s *vfstest.SSHServer) { s.Key = k.signer.PublicKey() })
		p := params(t, s)
		p.Password, p.KeyDir = nil, dir
		require.NoError(t, login(t, p))
	})
	t.Run("certificate", func(t *testing.T) {
		authority := newKey(t, filepath.Join(dir, "ca"), "")
		cert := &ssh.Certificate{
			Key: k.signer.PublicKey(), CertType: ssh.UserCert, KeyId: "ada", ValidPrincipals: []string{vfstest.User}, ValidBefore: ssh.CertTimeInfinity,
		}
		require.NoError(t, cert.SignCert(rand.Reader, authority.signer))
		require.NoError(t, os.WriteFile(k.path+"-cert.pub", ssh.MarshalAuthorizedKey(cert), 0o600))
		s := vfstest.StartSSH(t, dir, func(s *vfstest.SSHServer) {
			s.Config = func(c *ssh.ServerConfig) {
				checker := &ssh.CertChecker{IsUserAuthority: func(auth ssh.PublicKey) bool {
					return string(auth.Marshal()) == string(authority.signer.PublicKey().Marshal())
				}}
				c.PublicKeyCallback = checker.Authenticate
			}
		})
		p := params(t, s)
		p.Password, p.Site.KeyFile = nil, k.path
		require.NoError(t, login(t, p))
	})
}

func TestKeyFilesThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	k := newKey(t, filepath.Join(dir, "locked"), "phrase")
	s := vfstest.StartSSH(t, dir, nil)
	for name, c := range map[string]struct {
		path string
		kind fault.Kind
	}{
		"missing":                  {filepath.Join(dir, "nobody"), fault.NotFound},
		"no key at all":            {write("text", "hello"), fault.Unsupported},
		"the public half":          {write("id.pub", string(ssh.MarshalAuthorizedKey(k.signer.PublicKey()))), fault.Unsupported},
		"PuTTY's format, damaged":  {write("id.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\n"), fault.Unsupported},
		"protected, nobody to ask": {k.path, fault.Login},
	} {
		t.Run(name, func(t *testing.T) {
			p := params(t, s)
			p.Site.KeyFile = c.path
			require.NoError(t, login(t, p), "the password is enough")
			p.Password = nil
			kindOf(t, login(t, p), c.kind)
		})
	}
}

func TestServersThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		change func(*vfstest.SSHServer)
		kind   fault.Kind
	}{
		"old ciphers only": {func(s *vfstest.SSHServer) {
			s.Config = func(c *ssh.ServerConfig) { c.Ciphers = []string{"aes128-cbc"} }
		}, fault.Unsupported},
		"old key exchanges only": {func(s *vfstest.SSHServer) {
			s.Config = func(c *ssh.ServerConfig) { c.KeyExchanges = []string{"diffie-hellman-group1-sha1"} }
		}, fault.Unsupported},
		"no file server":          {func(s *vfstest.SSHServer) { s.NoFiles = true }, fault.Unsupported},
		"a file server that ends": {func(s *vfstest.SSHServer) { s.Serve = func(io.ReadWriteCloser) {} }, fault.Protocol},
		"a chatty login shell": {func(s *vfstest.SSHServer) {
			s.Serve = func(c io.ReadWriteCloser) { _, _ = io.WriteString(c, "Welcome to this host, dear user\n") }
		}, fault.Protocol},
	} {
		t.Run(name, func(t *testing.T) {
			kindOf(t, login(t, params(t, vfstest.StartSSH(t, dir, c.change))), c.kind)
		})
	}
	t.Run("full", func(t *testing.T) { // MaxStartups of OpenSSH: it hangs up at once
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer ln.Close()
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				_ = c.Close()
			}
		}()
		s := vfstest.StartSSH(t, dir, nil)
		p := params(t, s)
		p.Site.Port = ln.Addr().(*net.TCPAddr).Port
		require.True(t, fault.KindOf(login(t, p)).Transient())
	})
}
