package mailpanel

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/mail"
	"guichet/services/mail/message"
	"guichet/services/task"
	"guichet/widgets/kit"
)

// composer writes one mail. What is typed is kept as a draft after two seconds.
type composer struct {
	m       *Panel
	draft   mail.Draft
	from    *widget.Select
	to      *kit.Entry
	cc      *kit.Entry
	bcc     *kit.Entry
	subject *kit.Entry
	text    *textEntry
	rest    string // the end of a long quote, which is sent but not shown
	files   *fyne.Container
	saved   *kit.Text
	more    bool // the lines for copies are shown
	object  *fyne.Container
	timer   *time.Timer
	saving  *task.Slot
	done    bool
}

const saveAfter = 2 * time.Second

// write begins or continues a mail; one that is being written is kept first.
func (m *Panel) write(d mail.Draft) {
	m.closeCompose()
	m.compose = newComposer(m, d)
	m.showFace()
	m.p.Host.Changed(m)
	m.compose.focus()
}

// closeCompose keeps what is being written and goes back to reading.
func (m *Panel) closeCompose() {
	if m.compose == nil {
		return
	}
	c := m.compose
	m.compose = nil
	c.stop()
	c.collect()
	if !c.done && c.worthKeeping() {
		m.run("save draft", c.saveNow, func(err error) {
			if err != nil {
				m.trouble(err, nil)
				return
			}
			m.p.Host.Show(panel.Toast{Text: words.T("mail.draft.kept")})
		})
	}
	m.showFace()
	m.p.Host.Changed(m)
	if m.shown {
		m.p.Host.Window().Canvas().Focus(m.list.list.FocusTarget())
	}
}

func newComposer(m *Panel, d mail.Draft) *composer {
	c := &composer{
		m: m, draft: d, to: kit.NewEntry(""), cc: kit.NewEntry(""), bcc: kit.NewEntry(""), subject: kit.NewEntry(""),
		files: kit.Flow(8), saving: task.NewSlot(m.p.Tasks),
		saved: kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}), more: len(d.Cc)+len(d.Bcc) > 0,
	}
	c.text = newTextEntry(c.attachText)
	accounts := get(m.p.Mail.Accounts).List
	var emails []string
	chosen := 0
	for i, a := range accounts {
		emails = append(emails, a.Email)
		if a.ID == d.Account {
			chosen = i
		}
	}
	c.from = widget.NewSelect(emails, func(email string) {
		if a, ok := get(m.p.Mail.Accounts).ByEmail(email); ok {
			c.draft.Account = a.ID
			c.changed()
		}
	})
	c.to.SetText(join(d.To))
	c.cc.SetText(join(d.Cc))
	c.bcc.SetText(join(d.Bcc))
	c.subject.SetText(d.Subject)
	shown, rest := splitLong(d.Text)
	c.rest = rest
	c.text.SetText(shown)
	c.text.CursorRow, c.text.CursorColumn = 0, 0
	c.from.SetSelectedIndex(chosen)
	for _, e := range []*kit.Entry{c.to, c.cc, c.bcc, c.subject, &c.text.Entry} {
		e.OnChanged = func(string) { c.changed() }
		e.OnEscape = m.closeCompose
	}
	for _, e := range []*kit.Entry{c.to, c.cc, c.bcc, c.subject} {
		e.OnSubmitted = func(string) { c.after(e) }
	}
	c.object = container.NewStack()
	c.build()
	return c
}

// rebuilt is the same mail in another language or text size.
func (c *composer) rebuilt() *composer {
	c.stop()
	c.collect()
	return newComposer(c.m, c.draft)
}

func join(list []mail.Address) string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.String()
	}
	return strings.Join(out, ", ")
}

func (c *composer) view() fyne.CanvasObject { return c.object }

// build draws the view; it is drawn again when lines appear.
func (c *composer) build() {
	label := func(id string) fyne.CanvasObject {
		return kit.Least(64, 0, kit.NewText(words.T(id), kit.TextStyle{Color: kit.ColorQuiet}))
	}
	more := kit.NewButton(kit.ButtonParams{Text: words.T("mail.compose.more"), Kind: kit.Quiet, OnTapped: func() {
		c.more = true
		c.build()
		c.m.p.Host.Window().Canvas().Focus(c.cc)
	}})
	lines := kit.Column(8)
	if len(c.from.Options) > 1 {
		lines.Add(kit.Row(8, 1, label("mail.compose.from"), c.from))
	}
	if c.more {
		lines.Add(kit.Row(8, 1, label("mail.compose.to"), c.to))
		lines.Add(kit.Row(8, 1, label("mail.compose.cc"), c.cc))
		lines.Add(kit.Row(8, 1, label("mail.compose.bcc"), c.bcc))
	} else {
		lines.Add(kit.Row(8, 1, label("mail.compose.to"), c.to, more))
	}
	lines.Add(kit.Row(8, 1, label("mail.compose.subject"), c.subject))
	c.listFiles()
	send := kit.NewButton(kit.ButtonParams{Text: words.T("mail.send"), Icon: look.Icon("send"), Kind: kit.Primary, OnTapped: c.send})
	attach := kit.NewButton(kit.ButtonParams{Text: words.T("mail.compose.attach"), Icon: look.Icon("attach"), OnTapped: c.chooseFile})
	discard := kit.NewButton(kit.ButtonParams{Text: words.T("mail.compose.discard"), Icon: look.Icon("trash"), OnTapped: c.discard})
	closing := kit.NewButton(kit.ButtonParams{Text: words.T("mail.compose.close"), OnTapped: c.m.closeCompose})
	bar := kit.Column(0, kit.Inset(10, 10, 10, 16, kit.Row(8, 2, send, attach, c.saved, closing, discard)), kit.Line())
	foot := kit.Column(8)
	if c.rest != "" {
		foot.Add(banner("info", words.T("mail.compose.long", "Size", words.Size(int64(len(c.rest)))),
			kit.NewButton(kit.ButtonParams{Text: words.T("mail.compose.long.drop"), Small: true, OnTapped: func() {
				c.rest = ""
				c.build()
				c.changed()
			}})))
	}
	foot.Add(c.files)
	c.object.Objects = []fyne.CanvasObject{
		kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface}),
		kit.Frame(bar, kit.Inset(14, 16, 14, 16, kit.Frame(lines, kit.Inset(10, 0, 10, 0, c.text), foot)), nil),
	}
	c.object.Refresh()
}

// after goes on to the next line after Enter.
func (c *composer) after(e *kit.Entry) {
	order := []fyne.Focusable{c.to, c.subject, c.text}
	if c.more {
		order = []fyne.Focusable{c.to, c.cc, c.bcc, c.subject, c.text}
	}
	for i, f := range order[:len(order)-1] {
		if f == fyne.Focusable(e) {
			c.m.p.Host.Window().Canvas().Focus(order[i+1])
			return
		}
	}
}

// focus puts the caret where the writing begins.
func (c *composer) focus() {
	var first fyne.Focusable = c.text
	if c.to.Text == "" {
		first = c.to
	}
	c.m.p.Host.Window().Canvas().Focus(first)
}

// listFiles draws what is attached.
func (c *composer) listFiles() {
	c.files.Objects = nil
	for i, f := range c.draft.Attachments {
		c.files.Add(kit.NewButton(kit.ButtonParams{
			Text: shorten(f.Name, 50) + " · " + words.Size(f.Size), Icon: look.Icon("close"), Tip: words.T("mail.compose.detach"), OnTapped: func() {
				c.draft.Attachments = append(append([]mail.Upload{}, c.draft.Attachments[:i]...), c.draft.Attachments[i+1:]...)
				c.listFiles()
				c.changed()
			},
		}))
	}
	c.files.Refresh()
}

// chooseFile asks for a file to attach.
func (c *composer) chooseFile() {
	d := dialog.NewFileOpen(func(f fyne.URIReadCloser, err error) {
		if err != nil {
			c.m.trouble(fault.From("open file", "", err), nil)
			return
		}
		if f == nil {
			return
		}
		path := f.URI().Path()
		if err := f.Close(); err != nil {
			c.m.trouble(fault.From("open file", "", err), nil)
			return
		}
		c.attach(path)
	}, c.m.p.Host.Window())
	if home, err := os.UserHomeDir(); err == nil {
		if l, err := storage.ListerForURI(storage.NewFileURI(home)); err == nil {
			d.SetLocation(l)
		}
	}
	d.Resize(fyne.NewSize(kit.Px(800), kit.Px(560)))
	d.Show()
}

// attach adds a file of this computer.
func (c *composer) attach(path string) {
	s, err := os.Stat(path)
	if err == nil && !s.Mode().IsRegular() {
		err = fault.New(fault.Unsupported, "attach", "", fs.ErrInvalid)
	}
	if err != nil {
		c.m.trouble(fault.From("attach", "", err), nil)
		return
	}
	c.draft.Attachments = append(c.draft.Attachments, mail.Upload{Name: filepath.Base(path), Path: path, Size: s.Size()})
	c.listFiles()
	c.changed()
}

// Dropped attaches files that were dropped onto the window while a mail is
// being written.
func (m *Panel) Dropped(_ fyne.Position, files []fyne.URI) {
	if m.compose == nil {
		return
	}
	for _, f := range files {
		if f.Scheme() == "file" {
			m.compose.attach(f.Path())
		}
	}
}

// collect takes the fields over into the draft.
func (c *composer) collect() {
	c.draft.To, c.draft.Cc, c.draft.Bcc = parse(c.to.Text), parse(c.cc.Text), parse(c.bcc.Text)
	c.draft.Subject, c.draft.Text = c.subject.Text, c.text.Text+c.rest
}

func parse(text string) []mail.Address {
	return message.ParseAddresses(strings.ReplaceAll(text, ";", ","))
}

func (c *composer) worthKeeping() bool {
	d := c.draft
	return d.ID != 0 || len(d.To)+len(d.Cc)+len(d.Bcc)+len(d.Attachments) > 0 || strings.TrimSpace(d.Subject+d.Text) != ""
}

// changed keeps the draft soon.
func (c *composer) changed() {
	if c.done || c.object == nil {
		return
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	c.timer = time.AfterFunc(saveAfter, func() { c.m.p.Host.Post(c.autosave) })
}

func (c *composer) stop() {
	if c.timer != nil {
		c.timer.Stop()
	}
}

func (c *composer) autosave() {
	if c.done || c.m.compose != c {
		return
	}
	c.collect()
	if !c.worthKeeping() {
		return
	}
	d := c.draft
	c.saving.Start("save draft", func(ctx context.Context, _ func() bool) {
		saved, err := c.m.p.Mail.SaveDraft(ctx, d)
		if errors.Is(err, context.Canceled) {
			return
		}
		c.m.p.Host.Post(func() {
			if err != nil {
				c.saved.SetText(words.Fault(err, "mail").Title)
				return
			}
			c.draft.ID = saved.ID
			c.saved.SetText(words.T("mail.draft.saved_at", "Time", c.m.p.Now().Format("15:04")))
		})
	})
}

// save keeps the draft before the program ends.
func (c *composer) save(ctx context.Context) error {
	c.stop()
	c.collect()
	if c.done || !c.worthKeeping() {
		return nil
	}
	return c.saveNow(ctx)
}

func (c *composer) saveNow(ctx context.Context) error {
	_, err := c.m.p.Mail.SaveDraft(ctx, c.draft)
	return err
}

// wrong names the first thing that cannot be an address; "" if all can.
func wrong(texts ...string) string {
	for _, text := range texts {
		for part := range strings.SplitSeq(strings.ReplaceAll(text, ";", ","), ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				continue
			}
			if at := strings.LastIndexByte(part, '@'); at < 1 || strings.Trim(part[at+1:], "> ") == "" {
				if !strings.Contains(part, `"`) {
					return part
				}
			}
		}
	}
	return ""
}

// send checks what people forget and hands the mail to the outbox.
func (c *composer) send() {
	c.collect()
	if bad := wrong(c.to.Text, c.cc.Text, c.bcc.Text); bad != "" {
		c.m.p.Host.Show(panel.Toast{Text: words.T("mail.send.bad_address", "Address", shorten(bad, 60))})
		c.m.p.Host.Window().Canvas().Focus(c.to)
		return
	}
	if len(c.draft.To)+len(c.draft.Cc)+len(c.draft.Bcc) == 0 {
		c.m.p.Host.Show(panel.Toast{Text: words.T("mail.send.nobody")})
		c.m.p.Host.Window().Canvas().Focus(c.to)
		return
	}
	switch {
	case strings.TrimSpace(c.draft.Subject) == "":
		c.confirm("mail.send.no_subject")
	case len(c.draft.Attachments) == 0 && mentionsAttachment(c.draft):
		c.confirm("mail.send.no_attachment")
	default:
		c.sendNow()
	}
}

// mentionsAttachment looks for the words of both languages in what was written,
// not in what is quoted.
func mentionsAttachment(d mail.Draft) bool {
	for line := range strings.Lines(strings.ToLower(d.Subject + "\n" + d.Text)) {
		if strings.HasPrefix(line, ">") {
			continue
		}
		for _, word := range []string{"attached", "attachment", "enclosed", "ci-joint", "pièce jointe", "pièces jointes", "piece jointe", "joint à ce"} {
			if strings.Contains(line, word) {
				return true
			}
		}
	}
	return false
}

func (c *composer) confirm(id string) {
	c.m.p.Host.Ask(panel.Question{
		Title: words.T(id), Text: words.T(id + ".text"),
		Choices: []panel.Choice{{Label: words.T("mail.send.back")}, {Label: words.T("mail.send.anyway"), Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" {
				c.sendNow()
			}
		},
	})
}

func (c *composer) sendNow() {
	if c.done {
		return
	}
	c.done = true
	c.stop()
	c.saving.Stop()
	d := c.draft
	var item mail.OutboxItem
	c.m.run("send", func(ctx context.Context) (err error) {
		item, err = c.m.p.Mail.Send(ctx, d)
		return err
	}, func(err error) {
		if err != nil {
			c.done = false
			c.m.trouble(err, c.sendNow)
			return
		}
		c.m.closeCompose()
		c.m.sent(item)
	})
}

// sent tells that a mail is on its way and offers to take it back.
func (m *Panel) sent(item mail.OutboxItem) {
	m.p.Host.Show(panel.Toast{
		Text: words.T("mail.send.on_its_way"), Action: words.T("mail.undo"), For: time.Until(item.Due), Do: func() { m.takeBack(item) },
	})
}

// takeBack turns a mail that was not sent yet into a draft again.
func (m *Panel) takeBack(item mail.OutboxItem) {
	if item.State == mail.MaybeSent {
		m.askMaybeSent(item)
		return
	}
	var d mail.Draft
	m.run("take back", func(ctx context.Context) (err error) {
		d, err = m.p.Mail.Unsend(ctx, item.ID)
		return err
	}, func(err error) { m.begin(d, err) })
}

// askMaybeSent settles what only a person can know.
func (m *Panel) askMaybeSent(item mail.OutboxItem) {
	m.p.Host.Ask(panel.Question{
		Title: words.T("mail.maybe.title", "Subject", shorten(subjectOr(item.Subject), 60)), Text: words.T("mail.maybe.text"),
		Choices: []panel.Choice{
			{Label: words.T("mail.maybe.later")}, {Label: words.T("mail.maybe.arrived"), Value: "arrived"}, {Label: words.T("mail.maybe.again"), Value: "again", Primary: true},
		},
		Answer: func(value string, _ bool) {
			if value == "" {
				return
			}
			m.run("settle mail", func(ctx context.Context) error {
				return m.p.Mail.AnswerMaybeSent(ctx, item.ID, value == "arrived")
			}, m.report)
		},
	})
}

// discard throws the mail away after a question, if there is anything in it.
func (c *composer) discard() {
	c.collect()
	away := func() {
		c.done = true
		c.saving.Stop()
		if id := c.draft.ID; id != 0 {
			c.m.run("delete draft", func(ctx context.Context) error { return c.m.p.Mail.DeleteDraft(ctx, id) }, c.m.report)
		}
		c.m.closeCompose()
	}
	if !c.worthKeeping() {
		away()
		return
	}
	c.m.ask("mail.ask.drafts", 1, away)
}

// mailto opens a mail to the address of a link.
func (m *Panel) mailto(u *url.URL) {
	d, err := m.p.Mail.ComposeMailto(u.String())
	m.begin(d, err)
}
