package s3

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

func password(context.Context) (string, error) { return vfstest.Password, nil }

func site(s *vfstest.S3Server, path ...string) files.Site {
	return files.Site{Protocol: files.ProtocolS3, Host: "127.0.0.1", Port: s.Port, User: vfstest.User, Path: path}
}

func open(t *testing.T, wrap func(http.Handler) http.Handler) *FS {
	t.Helper()
	s := vfstest.StartS3(t, false, wrap)
	f, err := Dial(t.Context(), Params{Network: s.Network, Password: password, Site: site(s, s.Bucket)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestConformance(t *testing.T) {
	for _, clear := range []bool{false, true} {
		name := "https"
		if clear {
			name = "http"
		}
		t.Run(name, func(t *testing.T) {
			s := vfstest.StartS3(t, clear, nil)
			at := site(s, s.Bucket)
			if clear {
				at.Protocol, at.AllowClear = files.ProtocolS3Clear, true
			}
			vfstest.Run(t, func(t *testing.T) files.FS {
				f, err := Dial(t.Context(), Params{Network: s.Network, Password: password, Site: at})
				require.NoError(t, err)
				return f
			}, vfstest.Options{
				Base: at.Path, NoResume: true, NoSetTime: true, NoChmod: true,
				Refused: []string{"latin1-\xe9", "ff-\xff"},
			})
		})
	}
}

func TestWrongKeys(t *testing.T) {
	s := vfstest.StartS3(t, false, nil)
	for name, change := range map[string]func(p *Params){
		"secret key":  func(p *Params) { p.Password = func(context.Context) (string, error) { return "wrong", nil } },
		"access key":  func(p *Params) { p.Site.User = "eve" },
		"no key":      func(p *Params) { p.Site.User = "" },
		"no password": func(p *Params) { p.Site.User, p.Password = "", nil },
	} {
		p := Params{Network: s.Network, Password: password, Site: site(s)}
		change(&p)
		_, err := Dial(t.Context(), p)
		require.True(t, fault.Is(err, fault.Login), "%s: %v", name, err)
	}
}

func TestLarge(t *testing.T) { large(t, open(t, nil), files.Path{"album"}) }
