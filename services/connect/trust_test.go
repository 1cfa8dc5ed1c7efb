package connect_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"guichet/services/connect"
	"guichet/services/connect/connecttest"
	"guichet/services/fault"
)

func TestTrustIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trust.json")
	trust, err := connect.OpenTrust(path)
	require.NoError(t, err)
	require.Empty(t, trust.List())
	key := signer(t).PublicKey()
	require.NoError(t, trust.TrustHostKey(&connect.HostKeyQuestion{
		Host: "Files.Example.ORG.", Port: 22, Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key), Key: key.Marshal(),
	}))
	for _, name := range []string{"one", "two"} { // the second takes the first's place
		require.NoError(t, trust.TrustCertificate(&connect.CertificateQuestion{
			Host: "[::1]", Port: 993, SHA256: sha256.Sum256([]byte(name)), Names: []string{name},
		}))
	}
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	again, err := connect.OpenTrust(path)
	require.NoError(t, err)
	require.Equal(t, trust.List(), again.List())
	list := again.List()
	require.Len(t, list, 2)
	require.Equal(t, "::1", list[0].Host)
	require.Equal(t, []string{"two"}, list[0].Names)
	require.Equal(t, "files.example.org", list[1].Host)
	require.NoError(t, again.Forget(list[1]))
	again, err = connect.OpenTrust(path)
	require.NoError(t, err)
	require.Equal(t, list[:1], again.List())
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.part"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestTrustOfTwoProgramsIsMerged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trust.json")
	one, err := connect.OpenTrust(path)
	require.NoError(t, err)
	two, err := connect.OpenTrust(path)
	require.NoError(t, err)
	require.NoError(t, one.TrustCertificate(&connect.CertificateQuestion{Host: "one.test", Port: 1}))
	require.NoError(t, two.TrustCertificate(&connect.CertificateQuestion{Host: "two.test", Port: 2}))
	require.Len(t, two.List(), 2)
	again, err := connect.OpenTrust(path)
	require.NoError(t, err)
	require.Len(t, again.List(), 2)
}

func TestDamagedTrustIsMovedAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trust.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"trusted": [`), 0o600))
	_, err := connect.OpenTrust(path)
	require.Equal(t, fault.Damaged, asFault(t, err).Kind)
	trust, err := connect.OpenTrust(path)
	require.NoError(t, err)
	require.Empty(t, trust.List())
	aside, err := filepath.Glob(path + ".damaged-*")
	require.NoError(t, err)
	require.Len(t, aside, 1)
}

func TestTrustThatCannotBeWrittenIsNotTrusted(t *testing.T) {
	trust, err := connect.OpenTrust(filepath.Join(t.TempDir(), "missing", "trust.json"))
	require.NoError(t, err)
	require.Error(t, trust.TrustCertificate(&connect.CertificateQuestion{Host: "h", Port: 1}))
	require.Empty(t, trust.List())
}

func signer(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	s, err := ssh.NewSignerFromKey(key)
	require.NoError(t, err)
	return s
}

func rsaSigner(t *testing.T) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromKey(connecttest.RSAKey(t, 2048))
	require.NoError(t, err)
	return s
}

// sshServer shows the given keys and lets anybody in.
func sshServer(t *testing.T, keys ...ssh.Signer) int {
	config := &ssh.ServerConfig{NoClientAuth: true}
	for _, k := range keys {
		config.AddHostKey(k)
	}
	return connecttest.Listen(t, func(c net.Conn) {
		conn, channels, requests, err := ssh.NewServerConn(c, config)
		if err != nil {
			return
		}
		defer conn.Close()
		go ssh.DiscardRequests(requests)
		for range channels {
		}
	})
}

func TestHostKey(t *testing.T) {
	ed, other, rsa := signer(t), signer(t), rsaSigner(t)
	const host = "localhost"
	line := func(port int, key ssh.Signer) string {
		return knownhosts.Line([]string{knownhosts.Normalize(net.JoinHostPort(host, strconv.Itoa(port)))}, key.PublicKey()) + "\n"
	}
	hashed := func(port int, key ssh.Signer) string {
		return knownhosts.Line([]string{knownhosts.HashHostname(knownhosts.Normalize(net.JoinHostPort(host, strconv.Itoa(port))))}, key.PublicKey()) + "\n"
	}
	fingerprint := ssh.FingerprintSHA256
	for name, c := range map[string]struct {
		server   []ssh.Signer
		file     func(port int) string
		trust    ssh.Signer
		check    fault.Check
		previous ssh.Signer
	}{
		"unknown":               {server: []ssh.Signer{ed}, check: fault.CheckUnknownKey},
		"known":                 {server: []ssh.Signer{ed}, file: func(p int) string { return line(p, ed) }},
		"hashed":                {server: []ssh.Signer{ed}, file: func(p int) string { return hashed(p, ed) }},
		"among bad lines":       {server: []ssh.Signer{ed}, file: func(p int) string { return "what is this\n|1|broken ssh-rsa AAAA\n# a remark\n" + line(p, ed) }},
		"line of odd hash":      {server: []ssh.Signer{ed}, file: func(p int) string { return "|1|x|y" + hashed(p, ed)[len("|1|"):] + line(p, ed) }},
		"known by RSA only":     {server: []ssh.Signer{ed, rsa}, file: func(p int) string { return line(p, rsa) }},
		"other key":             {server: []ssh.Signer{other}, file: func(p int) string { return line(p, ed) }, check: fault.CheckChangedKey, previous: ed},
		"other kind of key":     {server: []ssh.Signer{rsa}, file: func(p int) string { return line(p, ed) }, check: fault.CheckChangedKey, previous: ed},
		"revoked":               {server: []ssh.Signer{ed}, file: func(p int) string { return line(p, ed) + "@revoked " + line(p, ed) }, check: fault.CheckRevoked},
		"another port is known": {server: []ssh.Signer{ed}, file: func(p int) string { return line(p+1, ed) }, check: fault.CheckUnknownKey},
		"trusted":               {server: []ssh.Signer{ed}, trust: ed},
		"trusted over the file": {server: []ssh.Signer{ed}, trust: ed, file: func(p int) string { return line(p, other) }},
		"trusted, changed":      {server: []ssh.Signer{other}, trust: ed, check: fault.CheckChangedKey, previous: ed},
		"file under trust":      {server: []ssh.Signer{other}, trust: ed, file: func(p int) string { return line(p, other) }, check: fault.CheckChangedKey, previous: ed},
		"trusted, other kind":   {server: []ssh.Signer{rsa}, trust: ed, check: fault.CheckChangedKey, previous: ed},
	} {
		t.Run(name, func(t *testing.T) {
			port := sshServer(t, c.server...)
			p := connect.Params{KnownHosts: []string{filepath.Join(t.TempDir(), "missing")}}
			if c.file != nil {
				name := filepath.Join(t.TempDir(), "known_hosts")
				require.NoError(t, os.WriteFile(name, []byte(c.file(port)), 0o600))
				p.KnownHosts = append(p.KnownHosts, name)
			}
			n := connect.New(p)
			if c.trust != nil {
				key := c.trust.PublicKey()
				require.NoError(t, n.Trust().TrustHostKey(&connect.HostKeyQuestion{Host: host, Port: port, Fingerprint: fingerprint(key), Key: key.Marshal()}))
			}
			dial := func() error {
				conn, err := n.Dial(t.Context(), host, port)
				require.NoError(t, err)
				defer conn.Close()
				callback, algorithms := n.HostKey(host, port)
				s, _, _, err := ssh.NewClientConn(conn, "ignored:22", &ssh.ClientConfig{HostKeyCallback: callback, HostKeyAlgorithms: algorithms})
				if err == nil {
					require.NoError(t, s.Close())
				}
				return err
			}
			err := dial()
			if c.check == "" {
				require.NoError(t, err)
				return
			}
			f := asFault(t, err)
			require.Equal(t, fault.Certificate, f.Kind)
			require.Equal(t, c.check, f.Check, "%v", err)
			require.Equal(t, "tls", f.Step)
			if c.check == fault.CheckRevoked {
				require.Nil(t, f.Question)
				return
			}
			q := f.Question.(*connect.HostKeyQuestion)
			require.True(t, bytes.Equal(c.server[0].PublicKey().Marshal(), q.Key))
			if c.previous != nil {
				require.Equal(t, fingerprint(c.previous.PublicKey()), q.Previous)
			} else {
				require.Empty(t, q.Previous)
			}
			require.NoError(t, n.Trust().TrustHostKey(q))
			require.NoError(t, dial())
		})
	}
}
