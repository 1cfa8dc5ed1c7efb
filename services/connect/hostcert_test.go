package connect_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"guichet/services/connect"
	"guichet/services/fault"
)

// A server is trusted for the authority that has signed its key
// (@cert-authority), whatever kinds of keys the two have.
func TestHostCertificate(t *testing.T) {
	authority, stranger := signer(t), signer(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	key, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	certified := func(by ssh.Signer, names ...string) ssh.Signer {
		cert := &ssh.Certificate{Key: key.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: names, ValidBefore: ssh.CertTimeInfinity}
		require.NoError(t, cert.SignCert(rand.Reader, by))
		s, err := ssh.NewCertSigner(cert, key)
		require.NoError(t, err)
		return s
	}
	const host = "localhost"
	for name, c := range map[string]struct {
		server ssh.Signer
		marker string // before a second line with the server's own key
		check  fault.Check
	}{
		"good":                {server: certified(authority, host)},
		"by a stranger":       {server: certified(stranger, host), check: fault.CheckUnknownKey},
		"for another host":    {server: certified(authority, "other.test"), check: fault.CheckUnknownKey},
		"authority revoked":   {server: certified(authority, host), marker: "@revoked ", check: fault.CheckRevoked},
		"without certificate": {server: key, check: fault.CheckUnknownKey},
	} {
		t.Run(name, func(t *testing.T) {
			port := sshServer(t, c.server)
			at := knownhosts.Normalize(net.JoinHostPort(host, strconv.Itoa(port)))
			text := "@cert-authority " + knownhosts.Line([]string{at}, authority.PublicKey()) + "\n"
			if c.marker != "" {
				text += c.marker + knownhosts.Line([]string{at}, authority.PublicKey()) + "\n"
			}
			file := filepath.Join(t.TempDir(), "known_hosts")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			n := connect.New(connect.Params{KnownHosts: []string{file}})
			conn, err := n.Dial(t.Context(), host, port)
			require.NoError(t, err)
			defer conn.Close()
			callback, algorithms := n.HostKey(host, port)
			s, _, _, err := ssh.NewClientConn(conn, "ignored:22", &ssh.ClientConfig{HostKeyCallback: callback, HostKeyAlgorithms: algorithms})
			if c.check == "" {
				require.NoError(t, err)
				require.NoError(t, s.Close())
				return
			}
			f := asFault(t, err)
			require.Equal(t, fault.Certificate, f.Kind)
			require.Equal(t, c.check, f.Check, "%v", err)
		})
	}
}
