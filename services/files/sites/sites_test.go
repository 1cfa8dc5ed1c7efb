package sites

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sites.json")
	s, err := OpenStore(path)
	require.NoError(t, err)
	require.Empty(t, s.List().Sites)
	a, err := s.Save(t.Context(), files.Site{Name: "Club", Protocol: files.ProtocolSFTP, Host: "h", User: "u", Path: files.Path{"a b", "\xe9"}, Rooted: true})
	require.NoError(t, err)
	require.NotEmpty(t, a.ID)
	b, err := s.Save(t.Context(), files.Site{Protocol: files.ProtocolFTP, Host: "::1", Port: 2121, AllowClear: true})
	require.NoError(t, err)
	a.Name = "Choir"
	_, err = s.Save(t.Context(), a)
	require.NoError(t, err)
	require.NoError(t, s.Move(t.Context(), b.ID, 0))

	again, err := OpenStore(path)
	require.NoError(t, err)
	require.Equal(t, []files.Site{b, a}, again.List().Sites)
	l, err := again.Sites().Get()
	require.NoError(t, err)
	require.Same(t, again.List(), l)
	require.NoError(t, again.Remove(t.Context(), b.ID))
	_, ok := again.List().Find(b.ID)
	require.False(t, ok)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())

	require.NoError(t, os.WriteFile(path, []byte(`{"version":1,"sites":[{"address":"http://x"}]}`), 0o600))
	_, err = OpenStore(path)
	require.True(t, fault.Is(err, fault.Damaged), "%v", err)
	_, err = OpenStore(path)
	require.NoError(t, err)
	kept, err := filepath.Glob(path + ".damaged-*")
	require.NoError(t, err)
	require.Len(t, kept, 1)
}

type keyring map[string]string

func (k keyring) Get(_ context.Context, service, account string) (string, error) {
	if v, ok := k[service+account]; ok {
		return v, nil
	}
	return "", fault.Newf(fault.NotFound, "secret", "", "none")
}

func (k keyring) Set(_ context.Context, service, account, v string) error {
	k[service+account] = v
	return nil
}

func (k keyring) Delete(_ context.Context, service, account string) error {
	delete(k, service+account)
	return nil
}

func TestPasswords(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.TLS = true })
	ring := keyring{}
	site := files.Site{Protocol: files.ProtocolFTPES, Host: "127.0.0.1", Port: s.Port, User: vfstest.User}
	d := NewDialer(Params{Network: s.Network(), Secrets: ring})
	_, err := d.Dial(t.Context(), site)
	require.True(t, fault.Is(err, fault.Login), "%v", err)
	require.Zero(t, s.Count("PASS"))

	d.Remember(site, vfstest.Password)
	f, err := d.Dial(t.Context(), site)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	d.Forget(site)
	require.NoError(t, SavePassword(t.Context(), ring, site, vfstest.Password))
	f, err = d.Dial(t.Context(), site)
	require.NoError(t, err)
	require.NoError(t, f.Close())

	logins := s.Count("PASS")
	plain := site
	plain.Protocol, plain.AllowClear = files.ProtocolFTP, true
	_, err = d.Dial(t.Context(), plain)
	require.True(t, fault.Is(err, fault.Login), "what was meant for an encrypted login is not sent over another: %v", err)
	require.Equal(t, logins, s.Count("PASS"))
	require.NoError(t, DeletePassword(t.Context(), ring, site))
	require.Empty(t, ring)
}

func TestDiscover(t *testing.T) {
	home := t.TempDir()
	ssh := vfstest.StartSSH(t, home, nil)
	tls := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.TLS = true })
	implicit := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.Implicit = true })
	plain := vfstest.StartFTP(t, nil)
	at := func(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
	for _, c := range []struct {
		port    int
		network *connect.Network
		want    files.Protocol
		clear   bool
	}{
		{ssh.Port, ssh.Trust(t), files.ProtocolSFTP, false},
		{tls.Port, tls.Network(), files.ProtocolFTPES, false},
		{implicit.Port, implicit.Network(), files.ProtocolFTPS, false},
		{plain.Port, plain.Network(), files.ProtocolFTP, true},
	} {
		found, err := NewDialer(Params{Network: c.network}).Discover(t.Context(), at(c.port), vfstest.User, vfstest.Password, nil)
		require.NoError(t, err)
		require.Equal(t, c.want, found.Site.Protocol)
		require.Equal(t, c.clear, found.Clear)
		require.Equal(t, c.port, found.Site.Port)
		require.False(t, found.Site.AllowClear, "only a person allows that")
	}
	require.Zero(t, plain.Count("USER")+plain.Count("PASS"), "nothing secret goes in clear text")

	found, err := NewDialer(Params{Network: tls.Network()}).Discover(t.Context(), at(tls.Port), vfstest.User, "wrong", nil)
	require.True(t, fault.Is(err, fault.Login), "%v", err)
	require.Equal(t, files.ProtocolFTPES, found.Site.Protocol)
	found, err = NewDialer(Params{Network: connect.New(connect.Params{})}).Discover(t.Context(), at(ssh.Port), vfstest.User, vfstest.Password, nil)
	var f *fault.Fault
	require.ErrorAs(t, err, &f)
	require.NotNil(t, f.Question)
	require.Equal(t, files.ProtocolSFTP, found.Site.Protocol)
}

func TestLocal(t *testing.T) {
	f, err := NewDialer(Params{}).Dial(t.Context(), files.Site{Protocol: files.ProtocolLocal})
	require.NoError(t, err)
	home, err := f.Home(t.Context())
	require.NoError(t, err)
	_, err = f.Stat(t.Context(), home)
	require.NoError(t, err)
	_, err = NewDialer(Params{}).Dial(t.Context(), files.Site{Protocol: "gopher", Host: "h"})
	require.Error(t, err)
	_, err = NewDialer(Params{Network: connect.New(connect.Params{})}).Dial(t.Context(), files.Site{Protocol: files.ProtocolFTP, Host: "a b"})
	require.True(t, fault.Is(err, fault.NameNotFound), "%v", err)
}
