package mail

import (
	"fmt"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/stretchr/testify/require"
)

func TestSync(t *testing.T) {
	b := newBench(t)
	for n := range 350 {
		b.put("INBOX", mailText(n, ""))
	}
	b.put("Archive", mailText(1000, "In-Reply-To: <m5@orchestra.example>\r\n"), imap.FlagSeen)
	rep := b.sync()
	require.Equal(t, 351, rep.New)
	counts := map[Phase]int{}
	for _, p := range rep.Phases {
		counts[p.Name] = p.Count
	}
	require.Equal(t, map[Phase]int{PhaseConnected: 6, PhaseFirstRows: 200, PhaseHeaders: 351, PhaseBodies: 351, PhaseIndexed: 351}, counts)
	rows := b.list("inbox")
	require.Len(t, rows, 350)
	require.True(t, rows[0].Unread)
	require.Equal(t, "Marie Dubois", rows[0].From)
	require.Contains(t, rows[0].Snippet, "voici le programme")

	answer := b.list("Archive")
	require.Len(t, answer, 1)
	m, err := b.s.Show(b.ctx, answer[0].ID)
	require.NoError(t, err)
	require.Len(t, m.Conversation, 2)
	require.Contains(t, m.Text, "numéro 1000")

	again := b.sync()
	require.Zero(t, again.New+again.Changed+again.Removed)
}

func TestSyncChanges(t *testing.T) {
	b := newBench(t)
	var uids []imap.UID
	for n := range 20 {
		uids = append(uids, b.put("INBOX", mailText(n, "")))
	}
	b.sync()
	b.server(func(c *serverMailbox) {
		c.store(uids[3], imap.FlagSeen, imap.FlagFlagged)
		c.expunge(uids[4], uids[5])
	})
	b.put("INBOX", mailText(100, ""))
	rep := b.sync()
	require.Equal(t, 1, rep.New)
	require.Equal(t, 1, rep.Changed)
	require.Equal(t, 2, rep.Removed)
	rows := b.list("inbox")
	require.Len(t, rows, 19)
	read := 0
	for _, r := range rows {
		require.NotContains(t, []string{"Programme 4", "Programme 5"}, r.Subject)
		if !r.Unread {
			require.Equal(t, "Programme 3", r.Subject)
			require.True(t, r.Flagged)
			read++
		}
	}
	require.Equal(t, 1, read)
	f, ok := get(b.s.Folders).ByRole(b.account.ID, RoleInbox)
	require.True(t, ok)
	require.Equal(t, 19, f.Total)
	require.Equal(t, 18, f.Unread)
}

func TestSyncUIDValidity(t *testing.T) {
	b := newBench(t)
	for n := range 10 {
		b.put("INBOX", mailText(n, ""))
	}
	b.sync()
	before := b.list("inbox")
	require.NoError(t, b.mem.Delete("INBOX"))
	require.NoError(t, b.mem.Create("INBOX", nil))
	for n := 9; n >= 0; n-- {
		b.put("INBOX", mailText(n, ""))
	}
	rep := b.sync()
	require.Equal(t, 10, rep.New)
	require.Zero(t, rep.Phases[3].Count, "bodies are kept")
	after := b.list("inbox")
	require.ElementsMatch(t, before, after)
}

func TestSyncManyGone(t *testing.T) {
	b := newBench(t)
	var uids []imap.UID
	for n := range 100 {
		uids = append(uids, b.put("INBOX", mailText(n, "")))
	}
	b.sync()
	b.server(func(c *serverMailbox) { c.expunge(uids[:80]...) })
	rep := b.sync()
	require.Equal(t, 80, rep.Removed, "the same answer on a fresh connection is believed")
	require.Len(t, b.list("inbox"), 20)
}

func TestSyncDuplicates(t *testing.T) {
	b := newBench(t)
	b.put("INBOX", mailText(1, ""))
	b.put("INBOX", mailText(1, ""))
	b.put("Archive", mailText(1, ""))
	b.sync()
	require.Len(t, b.list("inbox"), 2, "two copies are two rows")
	a := b.list("Archive")
	require.Len(t, a, 1)
	require.Contains(t, []int64{b.list("inbox")[0].ID, b.list("inbox")[1].ID}, a[0].ID, "the copy elsewhere is stored once")
}

func TestViews(t *testing.T) {
	b := newBench(t)
	for n := range 30 {
		b.put("INBOX", mailText(n, ""))
	}
	b.put("INBOX", mailText(200, "References: <m7@orchestra.example>\r\n"))
	b.sync()
	b.s.OpenFolder(AllInboxes)
	b.eventually(func() bool { return get(b.s.Rows).Len() == 30 })
	r := get(b.s.Rows)
	top := r.Row(0)
	require.Equal(t, 2, top.Count, fmt.Sprint(top))
	require.Equal(t, 0, r.Index(top.ID))
	b.s.SetConversations(false)
	b.eventually(func() bool { return get(b.s.Rows).Len() == 31 })
	b.s.Search("subject:programme numéro")
	b.eventually(func() bool { return get(b.s.Rows).Ref.Kind == ViewSearch && get(b.s.Rows).Len() == 31 })
	b.s.Search("")
	b.eventually(func() bool { return get(b.s.Rows).Ref == AllInboxes })
	b.s.Select(top.ID, true)
	b.eventually(func() bool { m := get(b.s.Current); return m != nil && m.State == BodyHere })
	b.eventually(func() bool { return !b.list("inbox")[0].Unread })
}
