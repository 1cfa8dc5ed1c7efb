package commands

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/mail"
)

func hostPort(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u.Host
}

func TestMail(t *testing.T) {
	s := startDemo(t)
	o := s.call(t, "mail", "add", s.User, "--imap", hostPort(t, s.IMAPS), "--smtp", hostPort(t, s.SMTPS), "--json")
	require.Zero(t, o.status, o.err)
	require.Equal(t, s.User, lines[mail.Account](t, o.out)[0].Email)

	o = s.call(t, "mail", "sync", "--json")
	require.Zero(t, o.status, o.err)
	r := lines[mail.SyncReport](t, o.out)[0]
	require.Equal(t, 300, r.New)
	require.Empty(t, r.Failed)
	var phases []string
	for _, p := range r.Phases {
		phases = append(phases, string(p.Name))
	}
	require.Equal(t, "connected first_rows headers bodies indexed", strings.Join(phases, " "))

	o = s.call(t, "mail", "sync", "--json")
	require.Zero(t, o.status, o.err)
	require.Zero(t, lines[mail.SyncReport](t, o.out)[0].New, "nothing is fetched twice")

	o = s.call(t, "mail", "list", "inbox", "--json")
	require.Zero(t, o.status, o.err)
	rows := lines[[]row](t, o.out)[0]
	require.NotEmpty(t, rows)

	o = s.call(t, "mail", "search", "--json", "programme")
	require.Zero(t, o.status, o.err)
	require.Contains(t, o.out, `"milliseconds"`)
	require.Contains(t, strings.ToLower(o.out), "programme")

	file := filepath.Join(t.TempDir(), "Notes é.txt")
	require.NoError(t, os.WriteFile(file, []byte("some notes"), 0o600))
	o = call(t, s.env, "Bonjour à tous\n", append(s.flags[:len(s.flags):len(s.flags)], "mail", "send", "--json",
		"--to", s.User, "--subject", "Essai été 7341", "--attach", file)...)
	require.Zero(t, o.status, o.err)
	require.Contains(t, o.out, `"state":"filed"`)
	require.Contains(t, o.out, `"code":250`)

	require.Zero(t, s.call(t, "mail", "sync", "--quiet", "--json").status)
	o = s.call(t, "mail", "search", "--json", "7341")
	require.Zero(t, o.status, o.err)
	found := lines[struct{ Rows []row }](t, o.out)[0].Rows
	require.NotEmpty(t, found, "what was sent to oneself arrives")
	o = s.call(t, "mail", "show", "--json", itoa(found[0].ID))
	require.Zero(t, o.status, o.err)
	m := lines[shown](t, o.out)[0]
	require.Contains(t, m.Text, "Bonjour à tous")
	require.Len(t, m.Attachments, 1)

	box := filepath.Join(t.TempDir(), "out.mbox")
	o = s.call(t, "mail", "export", "sent", "-o", box, "--json")
	require.Zero(t, o.status, o.err)
	data, err := os.ReadFile(box)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(data), "From "))
	o = s.call(t, "mail", "import", box, "--mailbox", "archive", "--json")
	require.Zero(t, o.status, o.err)

	o = call(t, map[string]string{passwordInEnv: "wrong"}, "", append(s.flags[:len(s.flags):len(s.flags)],
		"mail", "add", "other@guichet.example", "--imap", hostPort(t, s.IMAPS), "--smtp", hostPort(t, s.SMTPS))...)
	require.Equal(t, exitFailed, o.status)
	require.NotContains(t, o.err, "wrong\n")
}
