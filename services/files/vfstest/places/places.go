// Package places opens a file system of each kind, on a fresh folder of the
// test's computer, for tests of what must work with all of them. Package
// vfstest itself knows no file system, because each is tested with it.
package places

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/files"
	"guichet/services/files/ftp"
	"guichet/services/files/local"
	"guichet/services/files/sftp"
	"guichet/services/files/vfstest"
	"guichet/services/files/webdav"
)

// Place is a file system and the folder of this computer that is its Path.
type Place struct {
	FS   files.FS
	Path files.Path
	Dir  string
}

// Password gives that of the servers of vfstest.
func Password(context.Context) (string, error) { return vfstest.Password, nil }

// All opens a place of each kind, by its name: local, ftp, sftp and dav.
func All(t testing.TB, o local.Options) map[string]func() Place {
	return map[string]func() Place{
		"local": func() Place { d := t.TempDir(); return Place{Local(t, d, o), nil, d} },
		"ftp":   func() Place { s := vfstest.StartFTP(t, nil); return Place{FTP(t, s), nil, s.Dir} },
		"sftp": func() Place {
			d := t.TempDir()
			s := vfstest.StartSSH(t, d, nil)
			f, err := sftp.Dial(t.Context(), sftp.Params{
				Network: s.Trust(t), Password: Password, KeyDir: d, AgentSocket: "none",
				Site: files.Site{Protocol: files.ProtocolSFTP, Host: "127.0.0.1", Port: s.Port, User: vfstest.User},
			})
			return Place{closed(t, f, err), files.ParsePath(d), d}
		},
		"dav": func() Place {
			d := t.TempDir()
			port, network := vfstest.StartDAV(t, d, nil)
			f, err := webdav.Dial(t.Context(), webdav.Params{
				Network: network, Password: Password,
				Site: files.Site{Protocol: files.ProtocolDAVS, Host: "127.0.0.1", Port: port, User: vfstest.User},
			})
			return Place{closed(t, f, err), nil, d}
		},
	}
}

// Local opens a folder of this computer until the test ends.
func Local(t testing.TB, dir string, o local.Options) *local.FS {
	t.Helper()
	f, err := local.New(dir, o)
	return closed(t, f, err)
}

// Site is the site of an FTP server.
func Site(s *vfstest.FTPServer) files.Site {
	return files.Site{Protocol: files.ProtocolFTP, Host: "127.0.0.1", Port: s.Port, User: vfstest.User, AllowClear: true}
}

// FTP logs in to an FTP server until the test ends.
func FTP(t testing.TB, s *vfstest.FTPServer) *ftp.FS {
	t.Helper()
	f, err := ftp.Dial(t.Context(), ftp.Params{Network: s.Network(), Password: Password, Memory: &ftp.Memory{}, Site: Site(s)})
	return closed(t, f, err)
}

// closed closes a file system when the test ends.
func closed[F files.FS](t testing.TB, f F, err error) F {
	t.Helper()
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() }) // of no interest any more
	return f
}
