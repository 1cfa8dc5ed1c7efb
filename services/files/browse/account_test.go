package browse

import (
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sites"
	"guichet/services/files/vfstest"
	"guichet/services/task"
)

func TestWhoRefused(t *testing.T) {
	site := files.Site{
		Protocol: files.ProtocolSFTP, Host: "inner.example", User: "anna",
		Jump: "gate.example:2222, bob@second.example", Proxy: "socks5://carl@proxy.example:1080",
	}
	for name, c := range map[string]struct {
		fault *fault.Fault
		want  files.Site
		at    Way
	}{
		"its own":     {fault.New(fault.Login, "login", "inner.example", nil), site, AtSite},
		"first hop":   {fault.New(fault.Login, "login", "gate.example", nil), files.Site{Protocol: files.ProtocolSFTP, Host: "gate.example", Port: 2222}, AtJump},
		"second hop":  {fault.New(fault.Login, "login", "Second.example", nil), files.Site{Protocol: files.ProtocolSFTP, Host: "second.example", User: "bob"}, AtJump},
		"proxy":       {fault.New(fault.Login, "proxy", "proxy.example", nil), files.Site{Protocol: "socks5", Host: "proxy.example", Port: 1080, User: "carl"}, AtProxy},
		"nobody else": {fault.New(fault.Login, "login", "other.example", nil), site, AtSite},
	} {
		account, at := Refused(site, c.fault)
		require.Equal(t, c.at, at, name)
		require.Equal(t, c.want, account, name)
	}
	site.Proxy = "http://proxy.example:3128"
	account, at := Refused(site, fault.New(fault.Login, "proxy", "proxy.example", nil))
	require.Equal(t, AtProxy, at)
	require.Empty(t, account.User)
	changed, account := WithUser(site, account, at, "dora")
	require.Equal(t, "http://dora@proxy.example:3128", changed.Proxy)
	require.Equal(t, "dora", account.User)
	require.Equal(t, 3128, account.Port)
	account, at = Refused(site, fault.New(fault.Login, "login", "gate.example", nil))
	changed, account = WithUser(site, account, at, "dora")
	require.Equal(t, "dora@gate.example:2222,bob@second.example", changed.Jump)
	require.Equal(t, "dora", account.User)
}

// TestPasswordOfAJump: what was typed for the server on the way opens it.
func TestPasswordOfAJump(t *testing.T) {
	inner := vfstest.StartSSH(t, t.TempDir(), nil)
	ring := &keyring{}
	group := task.NewGroup(t.Context())
	t.Cleanup(group.Cancel)
	gate := vfstest.StartSSH(t, t.TempDir(), nil)
	svc := New(Params{Group: group, Dialer: sites.NewDialer(sites.Params{Network: gate.Trust(t), Secrets: ring}), Secrets: ring})
	password := vfstest.Password
	e := svc.Open(files.Site{
		Protocol: files.ProtocolSFTP, Host: "localhost", Port: inner.Port, User: vfstest.User,
		Jump: net.JoinHostPort("127.0.0.1", strconv.Itoa(gate.Port)),
	}, &password)
	l := until(t, e, func(l *Listing) bool { return l.State == Broken })
	require.True(t, fault.Is(l.Fault, fault.Login), "%v", l.Fault)
	account, at := Refused(l.Site, l.Fault)
	require.Equal(t, AtJump, at, "%v", l.Fault)
	changed, account := WithUser(l.Site, account, at, vfstest.User)
	done := make(chan error, 1)
	svc.UsePassword(account, vfstest.Password, true, func(err error) { done <- err })
	require.NoError(t, <-done)
	saved, err := sites.LoadPassword(t.Context(), ring, account)
	require.NoError(t, err)
	require.Equal(t, vfstest.Password, saved)
	before := l.Fault
	e.SetSite(changed)
	l = until(t, e, func(l *Listing) bool { return !l.Loading && l.State != Connecting && l.Fault != before })
	_, at = Refused(l.Site, l.Fault)
	require.Equal(t, AtSite, at, "the gate is open: %v", l.Fault)
	e.Close()
}
