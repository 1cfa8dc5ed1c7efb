package mail

import (
	"crypto/x509"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/task"
)

// TestRealServer synchronises an account of a real server twice and searches it:
// GUICHET_TEST_IMAP="host:port user password ca.pem". GUICHET_TEST_SMTP, a port on
// the same host for STARTTLS, adds a mail to oneself.
func TestRealServer(t *testing.T) {
	spec := strings.Fields(os.Getenv("GUICHET_TEST_IMAP"))
	if len(spec) != 4 {
		t.Skip("GUICHET_TEST_IMAP is not set")
	}
	pem, err := os.ReadFile(spec[3])
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(pem))
	host, port, err := net.SplitHostPort(spec[0])
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	group := task.NewGroup(t.Context())
	defer group.Close(5 * time.Second)
	email := spec[1] + "@bench.test"
	s, err := New(Params{
		DBDir: t.TempDir(), Network: connect.New(connect.Params{Roots: pool}), Tasks: group,
		Secrets: &secrets{m: map[string]string{SecretService + "/" + email: spec[2]}},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	a := Account{Email: email, IMAP: Server{Host: host, Port: n, Security: TLS, Login: spec[1]}}
	if p, err := strconv.Atoi(os.Getenv("GUICHET_TEST_SMTP")); err == nil {
		a.SMTP = Server{Host: host, Port: p, Security: StartTLS, Login: spec[1]}
	}
	a, err = s.save(t.Context(), a)
	require.NoError(t, err)
	for range 2 {
		rep, err := s.Sync(t.Context(), a.ID, nil)
		require.NoError(t, err)
		t.Logf("%+v", rep)
	}
	began := time.Now()
	s.OpenFolder(AllInboxes)
	require.Eventually(t, func() bool { r := get(s.Rows); return r.Len() > 0 && !r.Loading && r.Row(0).Subject != "" }, 10*time.Second, time.Millisecond)
	t.Logf("%d rows shown after %v", get(s.Rows).Len(), time.Since(began))
	for _, q := range []string{"facture", "zanzibulle", `"rapport trimestriel provisoire"`, "from:heloise.archambault@rare.test", "fact", "has:attachment is:unread"} {
		began := time.Now()
		rows, err := s.Find(t.Context(), q, 0)
		require.NoError(t, err)
		t.Logf("%s: %d in %v", q, len(rows), time.Since(began))
	}
	if a.SMTP.Port != 0 {
		it, err := s.SendNow(t.Context(), Draft{Account: a.ID, To: []Address{{Mail: email}}, Subject: "À moi", Text: "Voilà\n"})
		require.NoError(t, err)
		require.Equal(t, Filed, it.State, "%v", it.Fault)
	}
}
