package mail

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"guichet/services/fault"
)

func letter(to ...string) Draft {
	d := Draft{Subject: "Été", Text: "Bonjour,\n\nà samedi\nFrom here\n"}
	for _, t := range to {
		d.To = append(d.To, Address{Mail: t})
	}
	return d
}

func TestSendFiled(t *testing.T) {
	b := newBench(t)
	b.put("INBOX", mailText(1, ""))
	b.sync()
	d, err := b.s.Reply(b.ctx, b.list("inbox")[0].ID, false, Quote{})
	require.NoError(t, err)
	d.Bcc = []Address{{Mail: "secret@example.org"}}
	d.Attachments = []Upload{{Name: "../prog ramme.pdf", Data: []byte("%PDF")}}
	d, err = b.s.SaveDraft(b.ctx, d)
	require.NoError(t, err)
	it, err := b.s.SendNow(b.ctx, d)
	require.NoError(t, err)
	require.Equal(t, Filed, it.State)
	require.Empty(t, get(b.s.Outbox).Items)
	require.Empty(t, get(b.s.Drafts).Items)
	got := b.smtpd.mails()
	require.Len(t, got, 1)
	require.Equal(t, []string{"marie@orchestra.example", "secret@example.org"}, got[0].to)
	require.NotContains(t, string(got[0].data), "secret@example.org", "Bcc stays here")
	require.Contains(t, string(got[0].data), "In-Reply-To: <m1@orchestra.example>")
	b.sync()
	sent := b.list("sent")
	require.Len(t, sent, 1)
	m, err := b.s.Show(b.ctx, sent[0].ID)
	require.NoError(t, err)
	require.Equal(t, "secret@example.org", m.Bcc[0].Mail, "and is kept in Sent")
	require.Equal(t, "Re: Programme 1", m.Subject)
	require.Equal(t, "prog ramme.pdf", m.Attachments[0].Name)
	require.True(t, b.list("inbox")[0].Answered)
	require.Len(t, m.Conversation, 2)
}

func TestSendOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		rcpt, data error
		state      SendState
		kind       fault.Kind
		got, tries int
	}{
		"refused":          {rcpt: &smtp.SMTPError{Code: 550, Message: "no such user"}, state: Failed, kind: fault.Permission},
		"put off":          {rcpt: &smtp.SMTPError{Code: 451, Message: "later"}, state: Queued, kind: fault.Busy, tries: 1},
		"content refused":  {data: &smtp.SMTPError{Code: 554, Message: "spam"}, state: Failed, kind: fault.Permission},
		"content put off":  {data: &smtp.SMTPError{Code: 452, Message: "full"}, state: Queued, kind: fault.Busy, tries: 1},
		"all well in time": {state: Filed, got: 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.smtpd.rcptErr = map[string]error{"x@example.net": c.rcpt}
			b.smtpd.dataErr = c.data
			it, err := b.s.SendNow(b.ctx, letter("x@example.net"))
			require.NoError(t, err)
			require.Equal(t, c.state, it.State, "%v", it.Fault)
			require.Len(t, b.smtpd.mails(), c.got)
			require.Equal(t, c.tries, it.Tries)
			if c.kind != "" {
				require.Equal(t, c.kind, it.Fault.Kind)
				require.NotEmpty(t, it.Fault.Said)
			}
		})
	}
}

func TestSendSomeRecipients(t *testing.T) {
	b := newBench(t)
	b.smtpd.rcptErr = map[string]error{"late@example.net": &smtp.SMTPError{Code: 450, Message: "greylisted"}}
	it, err := b.s.SendNow(b.ctx, letter("a@example.net", "late@example.net"))
	require.NoError(t, err)
	require.Equal(t, Queued, it.State)
	b.smtpd.rcptErr = nil
	require.NoError(t, b.s.Retry(b.ctx, it.ID))
	for range 2 {
		_, err = b.s.advance(b.ctx, it.ID)
		require.NoError(t, err)
	}
	got := b.smtpd.mails()
	require.Len(t, got, 2)
	require.Equal(t, []string{"late@example.net"}, got[1].to, "nobody gets it twice")
	require.Empty(t, get(b.s.Outbox).Items)
}

func TestSendRefusedBeforeQueue(t *testing.T) {
	b := newBench(t)
	_, err := b.s.Send(b.ctx, letter())
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
	d := letter("x@example.net")
	d.Attachments = []Upload{{Name: "gone", Path: b.dir + "/gone"}}
	_, err = b.s.Send(b.ctx, d)
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
	d.Attachments = []Upload{{Name: "big", Data: make([]byte, 2<<20)}}
	it, err := b.s.SendNow(b.ctx, d)
	require.NoError(t, err)
	require.Equal(t, fault.TooBig, it.Fault.Kind, "the server's SIZE is heeded before the upload")
	require.Equal(t, Failed, it.State)
}

func TestUnsend(t *testing.T) {
	b := newBench(t)
	b.s.p.UndoDelay = time.Hour
	it, err := b.s.Send(b.ctx, letter("x@example.net"))
	require.NoError(t, err)
	require.Equal(t, Held, it.State)
	d, err := b.s.Unsend(b.ctx, it.ID)
	require.NoError(t, err)
	require.Equal(t, "Été", d.Subject)
	require.Len(t, get(b.s.Drafts).Items, 1)
	_, err = b.s.Unsend(b.ctx, it.ID)
	require.True(t, fault.Is(err, fault.NotFound))
}

// A kill is simulated by putting the row into the state in which the program died
// and starting again.
func TestKillAtEachState(t *testing.T) {
	for name, c := range map[string]struct {
		state  SendState
		inSent bool // the server has filed the mail before the kill
		want   SendState
		mails  int
		sent   int
	}{
		"held":                    {state: Held, want: Filed, mails: 1, sent: 1},
		"queued":                  {state: Queued, want: Filed, mails: 1, sent: 1},
		"sending, unknown":        {state: Sending, want: MaybeSent},
		"sending, seen in Sent":   {state: Sending, inSent: true, want: Filed, sent: 1},
		"sent, unfiled":           {state: SentUnfiled, want: Filed, sent: 1},
		"sent, filed, not noted":  {state: SentUnfiled, inSent: true, want: Filed, sent: 1},
		"failed stays as it is":   {state: Failed, want: Failed},
		"unanswered stays so too": {state: MaybeSent, want: MaybeSent},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.sync()
			m, err := b.s.queue(b.ctx, letter("x@example.net"), Held, time.Now().Add(-time.Minute))
			require.NoError(t, err)
			from := m.State
			m.State = string(c.state)
			if from != m.State {
				require.NoError(t, b.s.db.MailStep(b.ctx, m, from))
			}
			if c.inSent {
				b.put("Sent", string(m.MIME))
			}
			b.reopen()
			b.sync()
			state := Filed
			if items := get(b.s.Outbox).Items; len(items) > 0 {
				state = items[0].State
			}
			require.Equal(t, c.want, state)
			require.Len(t, b.smtpd.mails(), c.mails)
			b.sync()
			require.Len(t, b.list("sent"), c.sent)
			if c.want == MaybeSent {
				require.NoError(t, b.s.AnswerMaybeSent(b.ctx, m.ID, false))
				b.sync()
				got := b.smtpd.mails()
				require.Len(t, got, 1, "sent after the answer only")
				require.Contains(t, string(got[0].data), strings.Trim(m.MessageID, "<>"), "as the same mail")
			}
		})
	}
}

func TestLineBreaksAfterData(t *testing.T) {
	b := newBench(t)
	b.smtpd.arrived, b.smtpd.block = make(chan struct{}, 1), make(chan struct{})
	done := make(chan OutboxItem, 1)
	go func() {
		it, err := b.s.SendNow(b.ctx, letter("x@example.net"))
		if err == nil {
			done <- it
		}
		close(done)
	}()
	<-b.smtpd.arrived
	b.eventually(func() bool { items := get(b.s.Outbox).Items; return len(items) == 1 && items[0].State == Sending })
	b.cut() // the answer never comes
	it := <-done
	close(b.smtpd.block)
	require.Equal(t, MaybeSent, it.State, "%v", it.Fault)
	require.Len(t, b.smtpd.mails(), 1)
}

func TestWrongPassword(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.secrets.Set(b.ctx, SecretService, "anna@example.org", "wrong"))
	_, err := b.s.Sync(b.ctx, b.account.ID, nil)
	require.True(t, fault.Is(err, fault.Login), "%v", err)
	require.NotContains(t, err.Error(), "wrong\"")
	it, err := b.s.SendNow(b.ctx, letter("x@example.net"))
	require.NoError(t, err)
	require.Equal(t, Failed, it.State)
	require.Equal(t, fault.Login, it.Fault.Kind)
	var f *fault.Fault
	require.True(t, errors.As(b.s.SetPassword(b.ctx, b.account.ID, "also wrong"), &f))
	require.NoError(t, b.s.SetPassword(b.ctx, b.account.ID, testPassword))
	b.sync()
}

func TestAddManualAndRemove(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.s.RemoveAccount(b.ctx, b.account.ID))
	require.Empty(t, get(b.s.Accounts).List)
	_, err := b.s.AddManual(b.ctx, Settings{Email: "anna@example.org", IMAP: b.imap, SMTP: b.smtp, Password: "no"}, nil)
	require.True(t, fault.Is(err, fault.Login), "%v", err)
	require.Empty(t, get(b.s.Accounts).List, "nothing is saved that was not proven")
	var steps []string
	_, err = b.s.AddManual(b.ctx, Settings{Email: "anna@example.org", IMAP: b.imap, SMTP: b.smtp, Password: testPassword},
		func(st AddStep) { steps = append(steps, st.Step) })
	require.NoError(t, err)
	require.Equal(t, []string{"imap", "smtp", "save"}, steps)
	_, err = b.s.AddManual(b.ctx, Settings{Email: "Anna@example.org", IMAP: b.imap, SMTP: b.smtp, Password: testPassword}, nil)
	require.True(t, fault.Is(err, fault.Exists), "%v", err)
}
