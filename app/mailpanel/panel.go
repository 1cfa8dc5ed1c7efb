// Package mailpanel is the Mail tab: mailboxes, the list of mails, the reading
// pane, writing, and adding an account. It shows what services/mail publishes
// and turns clicks and keys into its calls.
package mailpanel

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/data/binding"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/fault"
	"guichet/services/html"
	"guichet/services/mail"
	"guichet/services/publish"
	"guichet/services/task"
	"guichet/widgets/kit"
)

// Params are what a Panel is made of.
type Params struct {
	Host  panel.Host
	Mail  *mail.Service
	Tasks *task.Group // the panel's own
	// Downloads is the folder that attachments are saved to.
	Downloads func() string
	// OpenFile opens a file with the system's program for it.
	OpenFile func(path string) error
	// Fetch loads a remote picture that the person allowed.
	Fetch func(ctx context.Context, r html.Request) (*html.Resource, error)
	// Diagnose examines an account's server; nil: no diagnosis.
	Diagnose Diagnose
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Panel is the Mail tab. Its methods are called on the UI goroutine.
type Panel struct {
	p      Params
	status binding.Item[panel.Status]
	badge  binding.Int

	root    *fyne.Container // holds the face that is shown
	folders *folderPane
	list    *listPane
	reader  *reader
	account *accountForm           // nil unless an account is being added
	stuck   *troubleFace           // nil unless the tab is of no use
	told    map[int64]*fault.Fault // what each account's last toast was about
	compose *composer              // nil unless a mail is being written
	ref     mail.Ref               // the view that is open
	started bool
	shown   bool
	hovered string // the link under the pointer
	// listeners were added to the service's bindings once.
	listening bool
}

var _ panel.Panel = (*Panel)(nil)

// New makes the panel. Nothing is shown before Content.
func New(p Params) *Panel {
	if p.Now == nil {
		p.Now = time.Now
	}
	m := &Panel{p: p, status: publish.NewItem(panel.Status{}), badge: publish.NewItem(0), ref: mail.AllInboxes, told: map[int64]*fault.Fault{}}
	p.Mail.UnreadTotal.AddListener(binding.NewDataListener(m.updateBadge)) // the rail shows it before the tab is
	return m
}

// ID implements panel.Panel, as do the methods below.
func (m *Panel) ID() string                         { return "mail" }
func (m *Panel) Title() string                      { return words.T("mail.title") }
func (m *Panel) Icon() fyne.Resource                { return look.Icon("mail") }
func (m *Panel) Status() binding.Item[panel.Status] { return m.status }
func (m *Panel) Badge() binding.Int                 { return m.badge }

// Content builds the view of the present state.
func (m *Panel) Content() fyne.CanvasObject {
	m.root = container.NewStack()
	m.folders = newFolderPane(m)
	before := m.list
	m.list = newListPane(m)
	if before != nil {
		m.list.inherit(before)
	}
	if m.reader != nil {
		m.reader.close()
	}
	m.reader = newReader(m)
	if m.account != nil {
		m.account = newAccountForm(m, m.account.values())
	}
	if m.compose != nil {
		m.compose = m.compose.rebuilt()
	}
	if m.stuck != nil {
		m.stuck.close()
		m.stuck = nil
	}
	m.listen()
	m.showFace()
	m.updateAll()
	m.updateTroubleFace()
	return m.root
}

// Bar implements panel.Panel.
func (m *Panel) Bar() panel.Bar {
	b := panel.Bar{Left: []string{"mail.back", "mail.next"}, Placeholder: words.T("mail.placeholder")}
	if m.hasAccounts() {
		b.Right, b.Primary = []string{"mail.check", "mail.write"}, true
	}
	if rows := get(m.p.Mail.Rows); rows != nil && rows.Ref.Kind == mail.ViewSearch {
		b.Address = rows.Query
	}
	return b
}

// Accepts implements panel.Panel: mail addresses, and words, which are searched.
func (m *Panel) Accepts(t address.Target) bool {
	switch t.Kind {
	case address.Mailto, address.Person, address.Words:
		return true
	}
	return false
}

// Open implements panel.Panel.
func (m *Panel) Open(t address.Target) {
	switch t.Kind {
	case address.Mailto:
		if !m.hasAccounts() {
			m.addAccount("")
			return
		}
		d, err := m.p.Mail.ComposeMailto(t.URL.String())
		if err != nil {
			m.trouble(err, nil)
			return
		}
		m.write(d)
	case address.Person:
		if !m.hasAccounts() {
			m.addAccount(t.Text)
			return
		}
		m.search("from:" + t.Text)
	case address.Words:
		m.search(t.Text)
	}
}

// search shows what is found; an empty text goes back to the mailbox.
func (m *Panel) search(text string) {
	m.closeCompose()
	m.p.Mail.Search(text)
	m.p.Host.Changed(m)
}

// Shown implements panel.Panel.
func (m *Panel) Shown() {
	m.shown = true
	if !m.started {
		m.started = true
		m.p.Mail.OpenFolder(m.ref)
	}
	if m.compose == nil && m.account == nil && m.hasAccounts() {
		m.p.Host.Window().Canvas().Focus(m.list.list.FocusTarget())
	}
}

// Hidden implements panel.Panel.
func (m *Panel) Hidden() { m.shown = false }

// Panes are the parts that F6 walks through.
func (m *Panel) Panes() []fyne.Focusable {
	switch {
	case m.root == nil || !m.hasAccounts() && m.account == nil || m.stuck != nil && m.compose == nil:
		return nil
	case m.account != nil:
		return []fyne.Focusable{m.account.email}
	case m.compose != nil:
		return []fyne.Focusable{m.folders.list.FocusTarget(), m.list.list.FocusTarget(), m.compose.to, m.compose.text}
	case get(m.p.Mail.Current) != nil:
		return []fyne.Focusable{m.folders.list.FocusTarget(), m.list.list.FocusTarget(), m.reader.body.page.Widget()}
	}
	return []fyne.Focusable{m.folders.list.FocusTarget(), m.list.list.FocusTarget()}
}

// Close implements panel.Panel: what is being written is kept as a draft.
func (m *Panel) Close(ctx context.Context) error {
	if m.compose == nil {
		return nil
	}
	return m.compose.save(ctx)
}

func get[T any](i binding.Item[T]) T {
	v, err := i.Get()
	if err != nil {
		slog.Error("reading a binding", "err", err)
	}
	return v
}

func (m *Panel) hasAccounts() bool {
	a := get(m.p.Mail.Accounts)
	return a != nil && len(a.List) > 0
}

// listen follows the service's bindings; once, because they are made once.
func (m *Panel) listen() {
	if m.listening {
		return
	}
	m.listening = true
	on := func(i binding.DataItem, f func()) { i.AddListener(binding.NewDataListener(f)) }
	on(m.p.Mail.Accounts, func() { m.showFace(); m.updateStatus(); m.p.Host.Changed(m) })
	on(m.p.Mail.Folders, func() { m.folders.update(); m.updateStatus() })
	on(m.p.Mail.Rows, m.rowsChanged)
	on(m.p.Mail.Current, func() { m.reader.update(); m.p.Host.Changed(m) })
	on(m.p.Mail.Status, func() { m.updateStatus(); m.list.updateTrouble(); m.updateTroubleFace() })
	on(m.p.Mail.Outbox, m.outboxChanged)
	on(m.p.Mail.Drafts, m.outboxChanged)
	on(m.p.Mail.Notice, m.notice)
	fyne.CurrentApp().Settings().AddListener(func(fyne.Settings) { m.reader.body.dress() })
}

func (m *Panel) updateAll() {
	m.folders.update()
	m.rowsChanged()
	m.reader.update()
	m.updateStatus()
	m.updateBadge()
}

func (m *Panel) rowsChanged() {
	rows := get(m.p.Mail.Rows)
	if rows == nil || rows.Ref.Kind == mail.ViewNone { // nothing was opened yet
		return
	}
	if rows.Ref != m.ref {
		m.ref = rows.Ref
		m.p.Host.Changed(m)
		m.folders.update()
	}
	m.list.update()
}

func (m *Panel) outboxChanged() {
	m.folders.update()
	if m.ref == mail.OutboxRef || m.ref == mail.DraftsRef {
		m.list.update()
		m.reader.update()
	}
}

func (m *Panel) updateBadge() {
	if err := m.badge.Set(get(m.p.Mail.UnreadTotal)); err != nil {
		slog.Error("badge", "err", err)
	}
}

// notice tells of an action that failed in the background.
func (m *Panel) notice() {
	n := get(m.p.Mail.Notice)
	if n == nil || n.Fault == nil {
		return
	}
	e := words.Fault(n.Fault, "mail")
	m.p.Host.Show(panel.Toast{Text: words.T("mail.notice."+n.Action) + " " + e.Title})
}

// showFace chooses between writing, adding an account, and the mailboxes.
func (m *Panel) showFace() {
	if m.root == nil {
		return
	}
	var face fyne.CanvasObject
	switch {
	case m.account != nil:
		face = m.account.view()
	case !m.hasAccounts():
		face = m.emptyFace()
	case m.stuck != nil && m.compose == nil:
		face = m.stuck.view
	default:
		right := m.reader.view()
		if m.compose != nil {
			right = m.compose.view()
		}
		face = kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface}), newPanes(m.folders.view(), m.list.view(), right))
	}
	m.root.Objects = []fyne.CanvasObject{face}
	m.root.Refresh()
}

// emptyFace says what belongs here and gives the button that begins.
func (m *Panel) emptyFace() fyne.CanvasObject {
	return kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorGround}), kit.NewPage(520, true, kit.Column(14,
		kit.Row(0, -1, kit.NewImage(look.Icon("mail"), 44, kit.ColorQuiet)),
		kit.NewParagraph(words.T("mail.empty.title"), kit.TextStyle{Size: kit.SizeTitle, Bold: true}),
		kit.NewParagraph(words.T("mail.empty.text"), kit.TextStyle{Color: kit.ColorQuiet}),
		kit.Row(8, -1, kit.NewButton(kit.ButtonParams{Text: words.T("mail.account.add"), Kind: kit.Primary, OnTapped: func() { m.addAccount("") }})),
	)))
}

// run does work that takes a context off the UI goroutine and hands its outcome
// back to it.
func (m *Panel) run(name string, work func(ctx context.Context) error, then func(error)) {
	m.p.Tasks.Go(name, func(ctx context.Context) {
		err := task.Catch(name, func() error { return work(ctx) })
		if errors.Is(err, context.Canceled) {
			return
		}
		m.p.Host.Post(func() { then(err) })
	})
}

// trouble shows an error; retry may be nil.
func (m *Panel) trouble(err error, retry func()) { m.p.Host.Trouble(m.ID(), err, retry) }
