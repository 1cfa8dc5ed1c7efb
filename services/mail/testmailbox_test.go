package mail

import (
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/stretchr/testify/require"

	"guichet/services/connect"
)

// serverMailbox is the inbox as another program sees it.
type serverMailbox struct {
	b *bench
	c *imapclient.Client
}

func (b *bench) server(do func(*serverMailbox)) {
	b.t.Helper()
	conn, err := b.network.DialTLS(b.ctx, b.imap.Host, b.imap.Port, connect.TLSOptions{})
	require.NoError(b.t, err)
	c := imapclient.New(conn, nil)
	defer c.Close()
	require.NoError(b.t, c.Login("anna@example.org", testPassword).Wait())
	_, err = c.Select("INBOX", nil).Wait()
	require.NoError(b.t, err)
	do(&serverMailbox{b, c})
}

func (m *serverMailbox) store(uid imap.UID, flags ...imap.Flag) {
	m.b.t.Helper()
	require.NoError(m.b.t, m.c.Store(imap.UIDSetNum(uid), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: flags}, nil).Close())
}

func (m *serverMailbox) expunge(uids ...imap.UID) {
	m.b.t.Helper()
	m.c.Store(imap.UIDSetNum(uids...), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, nil)
	require.NoError(m.b.t, m.c.Expunge().Close())
}

// in lists the subjects' Message-IDs of a mailbox on the server.
func (m *serverMailbox) count(mailbox string) int {
	m.b.t.Helper()
	d, err := m.c.Status(mailbox, &imap.StatusOptions{NumMessages: true}).Wait()
	require.NoError(m.b.t, err)
	return int(*d.NumMessages)
}

func (b *bench) eventually(cond func() bool) {
	b.t.Helper()
	require.Eventually(b.t, cond, 10*time.Second, 5*time.Millisecond)
}
