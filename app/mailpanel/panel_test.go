package mailpanel

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/house"
	"guichet/app/paneltest"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/fault"
	"guichet/services/mail"
	"guichet/widgets/kit"
)

// bench is the panel on the demo's real servers.
type bench struct {
	*Panel
	*paneltest.Host
	t    *testing.T
	demo *house.Demo
	mail *mail.Service
}

// newBench gives a panel; with mail, the demo's account is synchronised and its
// inbox is open.
func newBench(t *testing.T, mails bool) *bench {
	b := &bench{t: t, Host: paneltest.New(t)}
	var err error
	b.demo, err = house.OpenDemo(t.Context(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.demo.Close() }) // the test's context ends what runs
	b.mail, err = b.demo.Mail()
	require.NoError(t, err)
	b.Panel = New(Params{
		Host: b.Host, Mail: b.mail, Tasks: b.demo.Tasks.Child(), Downloads: t.TempDir, OpenFile: func(string) error { return nil },
	})
	if mails {
		_, err := b.mail.Sync(t.Context(), 0, nil)
		require.NoError(t, err)
		b.Present(b.Panel)
		b.Until("rows", func() bool { return b.list.Len() > 10 })
		b.Until("a mail", func() bool { return b.reading() != nil })
	}
	return b
}

func (b *bench) reading() *mail.Message { return get(b.mail.Current) }

// open shows a mailbox by its role.
func (b *bench) openRole(role mail.Role) {
	b.t.Helper()
	var ref mail.Ref
	b.Until("mailbox "+string(role), func() bool {
		f, ok := get(b.mail.Folders).ByRole(get(b.mail.Accounts).List[0].ID, role)
		ref = f.Ref
		return ok
	})
	b.Panel.open(ref)
	b.Until("rows of "+string(role), func() bool { return b.ref == ref && !b.list.rows.Loading })
}

func (b *bench) key(name fyne.KeyName) {
	b.list.list.FocusTarget().TypedKey(&fyne.KeyEvent{Name: name})
	b.Settle()
}

func (b *bench) letter(r rune) {
	b.list.list.FocusTarget().TypedRune(r)
	b.Settle()
}

// texts gives all texts that are shown.
func texts(o fyne.CanvasObject) string {
	var out []string
	for _, x := range test.LaidOutObjects(o) {
		switch x := x.(type) {
		case *kit.Text:
			out = append(out, x.Text())
		case *kit.Paragraph:
			out = append(out, x.Text())
		}
	}
	return strings.Join(out, "\n")
}

func TestFirstMailIsShownButNotRead(t *testing.T) {
	b := newBench(t, true)
	require.Equal(t, []int{0}, b.list.list.Selected())
	first := b.list.id(0)
	require.Equal(t, first, b.reading().ID)
	require.True(t, b.list.Row(0).Unread)
	b.list.list.Press(0, 0)
	b.Until("it is read once it was chosen", func() bool { return !b.list.Row(0).Unread })
	require.Equal(t, b.reading().Subject, b.list.Row(0).Subject)
	n, err := b.Badge().Get()
	require.NoError(t, err)
	require.Positive(t, n)
}

func TestKeysWalkAndAct(t *testing.T) {
	b := newBench(t, true)
	b.letter('j')
	require.Equal(t, []int{1}, b.list.list.Selected())
	b.key(fyne.KeyDown)
	require.Equal(t, []int{2}, b.list.list.Selected())
	b.letter('k')
	second := b.list.id(1)
	b.Until("the second mail", func() bool { return b.reading() != nil && b.reading().ID == second })
	b.letter('/')
	require.Equal(t, 1, b.Focused)
	b.letter('e')
	b.Until("archived", func() bool { return b.list.index(second) < 0 })
	b.Until("a toast", func() bool { return len(b.Toasts) > 0 })
	require.Equal(t, 1, b.list.list.Current(), "the next mail took its place")
	toast := b.Toast()
	require.Equal(t, "Undo", toast.Action)
	toast.Do()
	b.Until("taken back", func() bool { return b.list.index(second) >= 0 })
	b.key(fyne.KeyDelete)
	require.Contains(t, b.Toast().Text, "deleted")
	require.Empty(t, b.Asked, "what can be undone is not asked about")
}

func TestDeletingForGoodIsAskedAbout(t *testing.T) {
	b := newBench(t, true)
	b.openRole(mail.RoleJunk)
	b.Until("a mail", func() bool { return len(b.targets()) > 0 })
	n := b.list.Len()
	b.Run(b.Panel, "mail.delete")
	require.Len(t, b.Asked, 1)
	b.Answer("", false)
	require.Equal(t, n, b.list.Len())
}

func TestComposeAndSend(t *testing.T) {
	b := newBench(t, true)
	require.False(t, b.Enabled(b.Panel, "mail.send"))
	b.Run(b.Panel, "mail.write")
	require.NotNil(t, b.compose)
	require.Equal(t, fyne.Focusable(b.compose.to), b.Window().Canvas().Focused())
	b.Run(b.Panel, "mail.send")
	require.Contains(t, b.Toast().Text, "who should get")
	b.compose.to.SetText("anna@guichet.example, nonsense")
	b.Run(b.Panel, "mail.send")
	require.Contains(t, b.Toast().Text, "nonsense")
	b.compose.to.SetText("anna@guichet.example")
	b.compose.to.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	require.Equal(t, fyne.Focusable(b.compose.subject), b.Window().Canvas().Focused(), "Enter goes on")
	b.compose.text.SetText("The file is attached.")
	b.Run(b.Panel, "mail.send")
	require.Len(t, b.Asked, 1, "no subject")
	b.Answer("", false)
	b.compose.subject.SetText("To myself")
	b.Run(b.Panel, "mail.send")
	require.Len(t, b.Asked, 1, "no attachment")
	b.Answer("yes", false)
	b.Until("handed over", func() bool { return b.compose == nil && len(b.Toasts) > 0 })
	require.Equal(t, "Undo", b.Toast().Action)

	b.Panel.open(mail.OutboxRef)
	b.Until("it waits", func() bool { return b.list.Len() == 1 && strings.Contains(texts(b.reader.object), "Send now") })
	require.Contains(t, texts(b.reader.object), "To myself")
	item := get(b.mail.Outbox).Items[0]
	require.NoError(t, b.mail.Retry(t.Context(), item.ID)) // what "Send now" does
	b.mail.Start()
	b.Until("sent and filed", func() bool { return len(get(b.mail.Outbox).Items) == 0 })
	b.Panel.open(mail.AllInboxes)
	b.Until("it arrives", func() bool {
		return b.ref == mail.AllInboxes && b.list.Len() > 1 && b.list.Row(0).Subject == "To myself"
	})
}

func TestTakeBackWhatWasSent(t *testing.T) {
	b := newBench(t, true)
	b.write(mail.Draft{Account: 1, To: []mail.Address{{Mail: "anna@guichet.example"}}, Subject: "Wait", Text: "x"})
	b.Run(b.Panel, "mail.send")
	b.Until("handed over", func() bool { return len(b.Toasts) > 0 })
	b.Toast().Do()
	b.Until("written on", func() bool { return b.compose != nil })
	require.Equal(t, "Wait", b.compose.subject.Text)
	require.Equal(t, "anna@guichet.example", b.compose.to.Text)
}

func TestEscapeKeepsADraft(t *testing.T) {
	b := newBench(t, true)
	b.Run(b.Panel, "mail.write")
	b.compose.subject.SetText("For later")
	b.compose.text.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.Nil(t, b.compose)
	b.Until("kept", func() bool { return len(get(b.mail.Drafts).Items) == 1 })
	b.Panel.open(mail.DraftsRef)
	b.Until("shown", func() bool { return strings.Contains(texts(b.reader.object), "Continue writing") })
	b.key(fyne.KeyReturn)
	require.Equal(t, "For later", b.compose.subject.Text)
	b.Run(b.Panel, "mail.discard")
	b.Answer("yes", false)
	b.Until("gone", func() bool { return len(get(b.mail.Drafts).Items) == 0 })
}

func TestReplyQuotes(t *testing.T) {
	b := newBench(t, true)
	sender := b.reading().Sender[0].Mail
	b.letter('r')
	b.Until("written", func() bool { return b.compose != nil })
	require.Contains(t, b.compose.to.Text, sender)
	require.True(t, strings.HasPrefix(b.compose.subject.Text, "Re: "))
	require.Contains(t, b.compose.text.Text, "\n> ")
	require.Equal(t, fyne.Focusable(b.compose.text), b.Window().Canvas().Focused())
	require.Equal(t, 0, b.compose.text.CursorRow)
}

func TestLongQuotesAreCutButSent(t *testing.T) {
	long := strings.Repeat("> a line of the quoted mail\n", 5000)
	b := newBench(t, true)
	b.write(mail.Draft{Account: 1, Text: "Hello\n" + long})
	require.LessOrEqual(t, len(b.compose.text.Text), maxShown)
	require.Contains(t, texts(b.compose.object), "are not shown here")
	b.compose.collect()
	require.Equal(t, "Hello\n"+long, b.compose.draft.Text)
	b.compose.rest = ""
	b.compose.collect()
	require.Less(t, len(b.compose.draft.Text), maxShown+1)
}

func TestSplitLong(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("é", maxShown), strings.Repeat("x\n", maxShown), strings.Repeat("y", maxShown) + "\nend"} {
		shown, rest := splitLong(text)
		require.Equal(t, text, shown+rest)
		require.LessOrEqual(t, len(shown), maxShown)
		require.True(t, strings.ToValidUTF8(shown, "?") == shown)
	}
}

func TestLongPasteBecomesAFile(t *testing.T) {
	b := newBench(t, true)
	b.write(mail.Draft{Account: 1})
	clip := test.NewClipboard()
	clip.SetContent(strings.Repeat("long ", maxPaste))
	b.compose.text.TypedShortcut(&fyne.ShortcutPaste{Clipboard: clip})
	require.Empty(t, b.compose.text.Text)
	require.Len(t, b.compose.draft.Attachments, 1)
	clip.SetContent("short")
	b.compose.text.TypedShortcut(&fyne.ShortcutPaste{Clipboard: clip})
	require.Equal(t, "short", b.compose.text.Text)
}

func TestSearchAndBack(t *testing.T) {
	b := newBench(t, true)
	inbox := b.list.Len()
	b.Open(address.Target{Kind: address.Words, Text: "invoice"})
	b.Until("found", func() bool { return b.ref.Kind == mail.ViewSearch && !b.list.rows.Loading && b.list.Len() > 0 })
	require.Less(t, b.list.Len(), inbox)
	require.Contains(t, texts(b.list.object), "invoice")
	require.Equal(t, "invoice", b.Bar().Address)
	b.search("")
	b.Until("the inbox", func() bool { return b.ref == mail.AllInboxes && b.list.Len() == inbox })
	b.Open(address.Target{Kind: address.Words, Text: "zzyzx"})
	b.Until("nothing found", func() bool { return strings.Contains(texts(b.list.object), words.T("mail.list.empty.search")) })
	require.Nil(t, b.reading(), "no mail of another list stays")
}

func (b *bench) Open(t address.Target) { b.Panel.Open(t); b.Settle() }

func TestLanguageChangeKeepsTheState(t *testing.T) {
	b := newBench(t, true)
	b.list.list.Press(3, 0)
	id := b.list.id(3)
	b.Until("opened", func() bool { return b.reading() != nil && b.reading().ID == id })
	words.SetLanguage("fr")
	b.Present(b.Panel)
	require.Equal(t, []int64{id}, b.list.selectedIDs())
	require.Contains(t, texts(b.Window().Canvas().Content()), "Répondre")
	require.Contains(t, texts(b.Window().Canvas().Content()), "Corbeille")
	require.NotContains(t, texts(b.Window().Canvas().Content()), "Archive\n")
	b.Until("the text is drawn again", func() bool { return b.reader.body.page.Laid() != nil })

	b.Run(b.Panel, "mail.write")
	b.compose.subject.SetText("Bonjour")
	words.SetLanguage("en")
	b.Present(b.Panel)
	require.Equal(t, "Bonjour", b.compose.subject.Text)
}

func TestSeveralChosen(t *testing.T) {
	b := newBench(t, true)
	b.list.list.Press(0, 0)
	b.list.list.Press(4, fyne.KeyModifierShift)
	b.Until("no mail is read", func() bool { return b.reading() == nil })
	require.Contains(t, texts(b.reader.object), "5 mails chosen")
	require.Len(t, b.targets(), 5)
	b.list.list.FocusTarget().(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutSelectAll{})
	require.Len(t, b.targets(), b.list.Len())
	require.Len(t, b.Panes(), 2)
}

func TestConversation(t *testing.T) {
	b := newBench(t, true)
	at := -1
	for i := range b.list.Len() {
		if b.list.rows.Row(i).Count > 2 {
			at = i
			break
		}
	}
	require.GreaterOrEqual(t, at, 0, "the demo has conversations")
	b.list.list.Press(at, 0)
	b.Until("opened", func() bool { return b.reading() != nil && len(b.reading().Conversation) > 2 })
	require.Contains(t, texts(b.reader.object), "in this conversation")
	c := b.reading()
	var line *older
	for _, o := range test.LaidOutObjects(b.reader.object) {
		if x, ok := o.(*older); ok {
			line = x
		}
	}
	require.NotNil(t, line)
	line.Tapped(nil)
	b.Until("an older mail", func() bool { return b.reading() != nil && b.reading().ID != c.ID })
	require.Equal(t, c.Thread, b.reading().Thread)
}

func TestDropOnAMailboxMoves(t *testing.T) {
	b := newBench(t, true)
	archive, ok := get(b.mail.Folders).ByRole(get(b.mail.Accounts).List[0].ID, mail.RoleArchive)
	require.True(t, ok)
	i := b.folders.index(archive.Ref)
	top := fyne.CurrentApp().Driver().AbsolutePositionForObject(b.folders.list)
	id := b.list.id(0)
	b.list.dropped(top.AddXY(20, (float32(i)+0.5)*kit.Px(32)))
	require.Contains(t, b.Toast().Text, "moved")
	b.Until("moved", func() bool { return b.list.index(id) < 0 })
	b.list.dropped(fyne.NewPos(2000, 2000))
	require.Empty(t, b.Toasts, "nothing under the pointer")
}

func TestNoAccount(t *testing.T) {
	b := newBench(t, false)
	require.NoError(t, b.mail.RemoveAccount(t.Context(), get(b.mail.Accounts).List[0].ID))
	b.Present(b.Panel)
	require.Contains(t, texts(b.root), words.T("mail.empty.title"))
	require.False(t, b.Enabled(b.Panel, "mail.write"))
	b.Open(address.Target{Kind: address.Person, Text: "anna@guichet.example"})
	require.NotNil(t, b.account)
	require.Equal(t, "anna@guichet.example", b.account.email.Text)

	b.account.submit()
	require.Contains(t, texts(b.root), words.T("mail.account.no_password"))
	info := b.demo.Info()
	b.account.manual = true
	b.account.build()
	b.account.imap.SetText(strings.TrimSuffix(strings.TrimPrefix(info.IMAPS, "imaps://"), "/"))
	b.account.smtp.SetText(strings.TrimSuffix(strings.TrimPrefix(info.SMTPS, "smtps://"), "/"))
	b.account.password.SetText("wrong")
	b.account.submit()
	b.Until("refused", func() bool { return len(b.Troubles) > 0 })
	require.True(t, fault.Is(b.Troubles[0], fault.Login), b.Troubles[0])
	require.Equal(t, "wrong", b.account.password.Text, "what was typed stays")
	b.account.password.SetText(info.Password)
	b.account.submit()
	b.Until("added", func() bool { return b.account == nil && b.hasAccounts() })
	require.Equal(t, "imaps", target(get(b.mail.Accounts).List[0]).URL.Scheme)
}

func TestEscapeLeavesTheAccountForm(t *testing.T) {
	b := newBench(t, false)
	b.Present(b.Panel)
	b.Run(b.Panel, "mail.add")
	require.NotNil(t, b.account)
	b.account.email.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.Nil(t, b.account)
}

func TestServerSettings(t *testing.T) {
	for text, want := range map[string]string{
		"imap.example.org": "imap.example.org:993 true", " imap.example.org:1993 ": "imap.example.org:1993 true",
		"[::1]:993": "::1:993 true", "": ":993 false", "a b": "a b:993 false", "imap.example.org:0": "imap.example.org:0:993 false",
	} {
		s, ok := server(text, 993, false, "")
		require.Equal(t, want, fmt.Sprintf("%s:%d %v", s.Host, s.Port, ok), text)
	}
}

func TestWrongAddresses(t *testing.T) {
	require.Empty(t, wrong("a@b.example, Anna <anna@b.example>; c@d.example", ""))
	require.Equal(t, "nobody", wrong("a@b.example, nobody"))
	require.Equal(t, "a@", wrong("a@"))
}

func TestDroppedFilesAreAttached(t *testing.T) {
	b := newBench(t, false)
	b.Present(b.Panel)
	b.Run(b.Panel, "mail.write")
	b.Dropped(fyne.Position{}, nil)
	b.compose.attach(t.TempDir())
	require.Len(t, b.Troubles, 1, "a folder is no attachment")
	require.Empty(t, b.compose.draft.Attachments)
}

func TestSaveAttachment(t *testing.T) {
	b := newBench(t, true)
	require.NotEmpty(t, b.reading().Attachments, "the first mail of the demo has some")
	b.reader.save(b.reading(), b.reading().Attachments...)
	b.Until("saved", func() bool { return len(b.Toasts) > 0 })
	toast := b.Toast()
	require.Contains(t, toast.Text, "files are in")
	require.Equal(t, words.T("mail.attachment.show"), toast.Action)
	require.Empty(t, b.Troubles)
}

func TestCloseKeepsWhatIsWritten(t *testing.T) {
	b := newBench(t, false)
	b.Present(b.Panel)
	b.Run(b.Panel, "mail.write")
	b.compose.text.SetText("unfinished")
	require.NoError(t, b.Panel.Close(context.Background()))
	b.Until("kept", func() bool { return len(get(b.mail.Drafts).Items) == 1 })
}

func TestContextMenuOpensAtTheRow(t *testing.T) {
	b := newBench(t, true)
	b.list.list.FocusTarget().TypedKey(&fyne.KeyEvent{Name: desktop.KeyMenu})
	b.Settle()
	require.NotNil(t, b.Window().Canvas().Overlays().Top())
	require.Equal(t, []int{0}, b.list.list.Selected())
}
