package mail

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (b *bench) counts(mailboxes ...string) (list []int) {
	b.t.Helper()
	b.server(func(m *serverMailbox) {
		for _, name := range mailboxes {
			list = append(list, m.count(name))
		}
	})
	return list
}

func TestActionsReachTheServer(t *testing.T) {
	b := newBench(t)
	for n := range 4 {
		b.put("INBOX", mailText(n, ""))
	}
	b.sync()
	rows := b.list("inbox")
	wait := func(u *Undo) *Undo {
		t.Helper()
		require.NoError(t, u.Wait(b.ctx))
		return u
	}
	wait(b.s.Archive([]int64{rows[0].ID}))
	wait(b.s.Delete([]int64{rows[1].ID}))
	wait(b.s.MarkRead([]int64{rows[2].ID}, true))
	wait(b.s.Flag([]int64{rows[2].ID}, true))
	require.Len(t, b.list("inbox"), 2, "at once, without the server")
	require.Len(t, b.list("archive"), 1)
	b.sync()
	require.Equal(t, []int{2, 1, 1}, b.counts("INBOX", "Archive", "Trash"))
	rep := b.sync()
	require.Zero(t, rep.New+rep.Changed+rep.Removed, "our own changes are no news")
	require.Len(t, b.list("archive"), 1)
	require.Len(t, b.list("trash"), 1)
	for _, r := range b.list("inbox") {
		require.Equal(t, r.ID == rows[2].ID, r.Flagged && !r.Unread)
	}
	wait(b.s.Delete([]int64{rows[1].ID}))
	require.Empty(t, b.list("trash"))
	b.sync()
	require.Equal(t, []int{2, 1, 0}, b.counts("INBOX", "Archive", "Trash"), "from the trash for ever")
}

func TestUndoBeforeAndAfterSending(t *testing.T) {
	for _, sent := range []bool{false, true} {
		b := newBench(t)
		if !sent {
			b.s.p.UndoDelay = time.Hour
		}
		b.put("INBOX", mailText(1, ""))
		b.sync()
		before := b.list("inbox")
		u := b.s.Archive([]int64{before[0].ID})
		f := b.s.Flag([]int64{before[0].ID}, true)
		require.NoError(t, f.Wait(b.ctx))
		b.sync()
		require.Empty(t, b.list("inbox"))
		require.Equal(t, "Archive", b.list("archive")[0].Mailbox)
		require.NoError(t, f.Undo(b.ctx))
		require.NoError(t, u.Undo(b.ctx))
		require.NoError(t, u.Undo(b.ctx), "twice does no harm")
		require.Equal(t, before, b.list("inbox"), "sent: %v", sent)
		b.sync()
		b.sync()
		require.Equal(t, []int{1, 0}, b.counts("INBOX", "Archive"))
		require.Equal(t, before, b.list("inbox"))
	}
}

func TestActionSurvivesRestart(t *testing.T) {
	b := newBench(t)
	b.put("INBOX", mailText(1, ""))
	b.sync()
	require.NoError(t, b.s.Archive([]int64{b.list("inbox")[0].ID}).Wait(b.ctx))
	b.reopen()
	require.Len(t, b.list("archive"), 1)
	b.sync()
	require.Equal(t, []int{0, 1}, b.counts("INBOX", "Archive"))
	require.Len(t, b.list("archive"), 1)
}

func TestMoveTwiceBeforeSending(t *testing.T) {
	b := newBench(t)
	b.put("INBOX", mailText(1, ""))
	b.sync()
	id := b.list("inbox")[0].ID
	require.NoError(t, b.s.Archive([]int64{id}).Wait(b.ctx))
	require.NoError(t, b.s.Junk([]int64{id}, true).Wait(b.ctx))
	require.Len(t, b.list("junk"), 1)
	require.Empty(t, b.list("archive"))
	b.sync()
	require.Equal(t, []int{0, 0, 1}, b.counts("INBOX", "Archive", "Junk"))
	require.NoError(t, b.s.Junk([]int64{id}, false).Wait(b.ctx))
	b.sync()
	require.Equal(t, []int{1, 0, 0}, b.counts("INBOX", "Archive", "Junk"))
}

func TestConversationActions(t *testing.T) {
	b := newBench(t)
	b.put("INBOX", mailText(1, ""))
	b.put("INBOX", mailText(2, "References: <m1@orchestra.example>\r\n"))
	b.put("Archive", mailText(3, "References: <m1@orchestra.example>\r\n"))
	b.sync()
	b.s.OpenFolder(AllInboxes)
	b.eventually(func() bool { return get(b.s.Rows).Len() == 1 && !get(b.s.Rows).Loading })
	require.NoError(t, b.s.Delete([]int64{get(b.s.Rows).ID(0)}).Wait(b.ctx))
	require.Len(t, b.list("trash"), 2, "both of the inbox")
	require.Len(t, b.list("archive"), 1, "and not that of the archive")
	b.eventually(func() bool { return get(b.s.Rows).Len() == 0 })
}

func TestLive(t *testing.T) {
	b := newBench(t)
	b.put("INBOX", mailText(1, ""))
	b.s.OpenFolder(AllInboxes)
	b.s.Start()
	b.eventually(func() bool { return get(b.s.Rows).Len() == 1 })
	b.eventually(func() bool { return get(b.s.Status).Of(b.account.ID).State == Watching })
	b.put("INBOX", mailText(2, ""))
	b.eventually(func() bool { return get(b.s.Rows).Len() == 2 }) // by IDLE, nobody asked
	b.eventually(func() bool { return get(b.s.UnreadTotal) == 2 })
	_, err := b.s.Send(b.ctx, letter("x@example.net"))
	require.NoError(t, err)
	b.eventually(func() bool { return len(b.smtpd.mails()) == 1 })
	b.eventually(func() bool { return len(b.list("sent")) == 1 && len(get(b.s.Outbox).Items) == 0 })
}

func TestExportImport(t *testing.T) {
	b := newBench(t)
	b.put("INBOX", mailText(1, "")+"From the start of a line\r\n>From deeper\r\n")
	b.put("INBOX", mailText(2, ""))
	b.sync()
	path := filepath.Join(t.TempDir(), "inbox.mbox")
	f, err := os.Create(path)
	require.NoError(t, err)
	n, err := b.s.Export(b.ctx, "inbox", f, nil)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Equal(t, 2, n)
	rep, err := b.s.Import(b.ctx, "Archive", path, nil)
	require.NoError(t, err)
	require.Equal(t, ImportReport{Imported: 2}, rep)
	rep, err = b.s.Import(b.ctx, "Archive", path, nil)
	require.NoError(t, err)
	require.Equal(t, ImportReport{Present: 2}, rep)
	var bodies []string
	for _, r := range b.list("Archive") {
		m, err := b.s.Show(b.ctx, r.ID)
		require.NoError(t, err)
		bodies = append(bodies, m.Text)
	}
	require.Len(t, bodies, 2)
	require.Contains(t, bodies[0]+bodies[1], "\nFrom the start of a line\n>From deeper")
}
