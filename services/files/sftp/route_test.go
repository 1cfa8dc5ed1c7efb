package sftp

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

func TestParseJump(t *testing.T) {
	sites, err := ParseJump("ada@gate.test:2222, [2001:db8::1]:22,bob@x@inner")
	require.NoError(t, err)
	require.Equal(t, []files.Site{
		{Protocol: files.ProtocolSFTP, Host: "gate.test", Port: 2222, User: "ada"},
		{Protocol: files.ProtocolSFTP, Host: "2001:db8::1", Port: 22},
		{Protocol: files.ProtocolSFTP, Host: "inner", User: "bob@x"},
	}, sites)
	for _, text := range []string{"", "none", "  "} {
		sites, err := ParseJump(text)
		require.NoError(t, err)
		require.Empty(t, sites)
	}
	for _, text := range []string{"a:0", "a:99999", "a,,b", "-oProxyCommand=x", "a b", "@", "a,b,c,d,e,f,g,h,i"} {
		_, err := ParseJump(text)
		require.True(t, fault.Is(err, fault.Unsupported), text)
	}
}

func TestJump(t *testing.T) {
	home := t.TempDir()
	var tunnels atomic.Int32
	gate := func(allow bool) *vfstest.SSHServer {
		return vfstest.StartSSH(t, t.TempDir(), func(s *vfstest.SSHServer) {
			s.Forward = func(string) bool { tunnels.Add(1); return allow }
		})
	}
	one, two, closed := gate(true), gate(true), gate(false)
	inner := vfstest.StartSSH(t, home, nil)
	hop := func(s *vfstest.SSHServer) string { return fmt.Sprintf("%s@127.0.0.1:%d", vfstest.User, s.Port) }
	var asked []string
	start := func() Params {
		asked = nil
		p := params(t, inner)
		p.Network = inner.Trust(t, one, two, closed)
		p.JumpPassword = func(_ context.Context, hop files.Site) (string, error) {
			asked = append(asked, hop.Account())
			return vfstest.Password, nil
		}
		return p
	}
	t.Run("one", func(t *testing.T) {
		p := start()
		p.Site.Jump = hop(one)
		tunnels.Store(0)
		f, err := Dial(t.Context(), p)
		require.NoError(t, err)
		require.EqualValues(t, 1, tunnels.Load())
		require.Equal(t, []string{hop(one)}, asked)
		base := files.ParsePath(home)
		data := vfstest.Bytes(3_000_000)
		require.NoError(t, vfstest.Put(t.Context(), f, base.Join("f"), data, files.WriteOptions{}))
		got, err := vfstest.Get(t.Context(), f, base.Join("f"), 0)
		require.NoError(t, err)
		require.Equal(t, len(data), len(got))
		require.NoError(t, f.Close())
	})
	t.Run("two", func(t *testing.T) {
		p := start()
		p.Site.Jump = hop(one) + "," + hop(two)
		require.NoError(t, login(t, p))
		require.Equal(t, []string{hop(one), hop(two)}, asked)
	})
	t.Run("password asked for", func(t *testing.T) {
		p := start()
		p.Site.Jump, p.JumpPassword = hop(one), nil
		p.Ask = func(_ context.Context, _ string, questions []string, echo []bool) ([]string, error) {
			require.Equal(t, []string{vfstest.User + "@127.0.0.1:"}, questions)
			require.Equal(t, []bool{false}, echo)
			return []string{vfstest.Password}, nil
		}
		require.NoError(t, login(t, p))
	})
	t.Run("the site's password is for the site only", func(t *testing.T) {
		p := start()
		p.Site.Jump, p.JumpPassword = hop(one), nil
		f := kindOf(t, login(t, p), fault.Login)
		require.Equal(t, "127.0.0.1", f.Host)
	})
	t.Run("unknown gate", func(t *testing.T) {
		p := start()
		p.Site.Jump, p.Network = hop(one), inner.Trust(t)
		f := kindOf(t, login(t, p), fault.Certificate)
		require.Equal(t, one.Port, f.Question.(*connect.HostKeyQuestion).Port)
	})
	t.Run("unknown server behind it", func(t *testing.T) {
		p := start()
		p.Site.Jump, p.Network = hop(one), one.Trust(t)
		f := kindOf(t, login(t, p), fault.Certificate)
		require.Equal(t, inner.Port, f.Question.(*connect.HostKeyQuestion).Port)
	})
	t.Run("not let through", func(t *testing.T) {
		p := start()
		p.Site.Jump = hop(closed)
		f := kindOf(t, login(t, p), fault.Permission)
		require.Equal(t, "administratively prohibited", f.Said)
	})
	t.Run("nobody there", func(t *testing.T) {
		p := start()
		p.Site.Jump, p.Site.Port = hop(one), 1
		kindOf(t, login(t, p), fault.Refused)
	})
	t.Run("the gate dies", func(t *testing.T) {
		p := start()
		p.Site.Jump = hop(one)
		f, err := Dial(t.Context(), p)
		require.NoError(t, err)
		defer f.Close()
		one.Cut()
		_, err = f.Stat(t.Context(), files.ParsePath(home))
		require.NoError(t, err, "connected again")
	})
}

func TestConfig(t *testing.T) {
	home, keys := t.TempDir(), t.TempDir()
	k := newKey(t, filepath.Join(keys, "special key"), "")
	inner := vfstest.StartSSH(t, home, func(s *vfstest.SSHServer) { s.Key = k.signer.PublicKey() })
	gate := vfstest.StartSSH(t, home, func(s *vfstest.SSHServer) {
		s.Key = k.signer.PublicKey()
		s.Forward = func(string) bool { return true }
	})
	ran := filepath.Join(keys, "ran")
	config := fmt.Sprintf(`# a remark
Match exec "touch %[1]s"
  HostName never.invalid
Host photos
  HostName 127.0.0.1
  Port %[2]d
  User %[3]s
  IdentityFile "special key"
  IdentitiesOnly yes
Host behind
  HostName 127.0.0.1
  Port %[2]d
  User %[3]s
  IdentityFile ~/none
  IdentityFile %[4]s
  ProxyJump gate
Host gate
  HostName 127.0.0.1
  Port %[5]d
  User %[3]s
  IdentityFile %[4]s
Host program
  ProxyCommand touch %[1]s
Host *
  ServerAliveInterval 60
`, ran, inner.Port, vfstest.User, k.path, gate.Port)
	require.NoError(t, os.WriteFile(filepath.Join(keys, "config"), []byte(config), 0o600))
	start := func(host string) Params {
		p := params(t, inner)
		p.Network, p.KeyDir, p.Password = inner.Trust(t, gate), keys, nil
		p.Site = files.Site{Protocol: files.ProtocolSFTP, Host: host}
		return p
	}
	for _, host := range []string{"photos", "behind"} {
		require.NoError(t, login(t, start(host)), host)
	}
	t.Run("what is given counts more", func(t *testing.T) {
		p := start("photos")
		p.Site.Port = 1
		kindOf(t, login(t, p), fault.Refused)
	})
	t.Run("programs are not run", func(t *testing.T) {
		kindOf(t, login(t, start("program")), fault.Unsupported)
		require.NoFileExists(t, ran)
	})
	t.Run("damaged", func(t *testing.T) {
		require.NoError(t, os.WriteFile(filepath.Join(keys, "config"), []byte("Host \x00\nPort\nInclude [\n"), 0o600))
		p := start("127.0.0.1")
		p.Site.Port, p.Site.User, p.Site.KeyFile = inner.Port, vfstest.User, k.path
		require.NoError(t, login(t, p))
	})
}

// A host that is known by one kind of key is asked for that kind, so that a
// second kind of key is not taken for a changed one.
func TestKnownKindOfHostKey(t *testing.T) {
	home := t.TempDir()
	s := vfstest.StartSSH(t, home, nil)
	_, algorithms := s.Trust(t).HostKey("127.0.0.1", s.Port)
	require.Equal(t, ssh.KeyAlgoED25519, algorithms[0])
	require.NotContains(t, algorithms, ssh.KeyAlgoRSA, "signatures with SHA-1")
	other := vfstest.StartSSH(t, home, nil)
	p := params(t, s)
	p.Network = s.Trust(t)
	require.NoError(t, p.Network.Trust().TrustHostKey(&connect.HostKeyQuestion{
		Host: "127.0.0.1", Port: s.Port, Type: other.HostKey.Type(), Fingerprint: ssh.FingerprintSHA256(other.HostKey), Key: other.HostKey.Marshal(),
	}))
	f := kindOf(t, login(t, p), fault.Certificate)
	require.Equal(t, fault.CheckChangedKey, f.Check)
	require.Equal(t, ssh.FingerprintSHA256(other.HostKey), f.Question.(*connect.HostKeyQuestion).Previous)
}

func FuzzParseJump(f *testing.F) {
	for _, s := range []string{"a", "u@a:22,b", "[::1]:22", "ssh://a", ",", "@:", "none"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sites, err := ParseJump(text)
		if err != nil {
			return
		}
		for _, s := range sites {
			require.NotEmpty(t, s.Host)
			require.NotContains(t, s.Host, "@")
			require.Positive(t, s.PortOrDefault())
		}
		_ = withoutMatch(text)
	})
}
