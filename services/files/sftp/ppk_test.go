package sftp

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"guichet/services/fault"
	"guichet/services/files/vfstest"
)

// The files in testdata/ppk are by PuTTYgen 0.78; those called locked have the
// passphrase "phrase".
func TestPPK(t *testing.T) {
	all, err := filepath.Glob("testdata/ppk/*.ppk")
	require.NoError(t, err)
	require.Len(t, all, 6)
	for _, path := range all {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			line, err := os.ReadFile(strings.TrimSuffix(path, "ppk") + "pub")
			require.NoError(t, err)
			public, _, _, _, err := ssh.ParseAuthorizedKey(line)
			require.NoError(t, err)
			k, err := parsePPK(text)
			require.NoError(t, err)
			phrase := ""
			if strings.Contains(path, "locked") {
				phrase = "phrase"
				_, err := k.open("wrong")
				require.Error(t, err)
			}
			s, err := k.open(phrase)
			require.NoError(t, err)
			require.Equal(t, public.Marshal(), s.PublicKey().Marshal())
			// Nothing of it can be changed unseen, neither in its lines nor its ends.
			k, err = parsePPK(bytes.Replace(text, []byte("made for tests"), []byte("made for other"), 1))
			require.NoError(t, err)
			_, err = k.open(phrase)
			require.Error(t, err)

			server := vfstest.StartSSH(t, t.TempDir(), func(s *vfstest.SSHServer) { s.Key = public })
			p := params(t, server)
			p.Password, p.Site.KeyFile = nil, path
			tries := []string{"wrong", "phrase"}
			p.Passphrase = func(context.Context, string) (string, error) {
				phrase := tries[0]
				tries = tries[1:]
				return phrase, nil
			}
			require.NoError(t, login(t, p))
			p.Passphrase = nil
			if phrase != "" {
				kindOf(t, login(t, p), fault.Login)
			}
		})
	}
}

func FuzzPPK(f *testing.F) {
	all, err := filepath.Glob("testdata/ppk/*.ppk")
	require.NoError(f, err)
	for _, path := range all {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Add([]byte("PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 999\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := parsePPK(text)
		if err != nil {
			return
		}
		if k.passes > 4 || k.memory > 1024 {
			return // slow, not wrong
		}
		_, _ = k.open("phrase")
		_, _ = k.signer(k.private)
	})
}
