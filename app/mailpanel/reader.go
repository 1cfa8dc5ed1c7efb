package mailpanel

import (
	"context"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/mail"
	"guichet/widgets/kit"
)

// reader is the right column: one mail, or a sentence where there is none.
type reader struct {
	m      *Panel
	object *fyne.Container
	body   *body
	id     int64 // the mail that is shown
	quick  *kit.Entry
}

func newReader(m *Panel) *reader {
	return &reader{m: m, object: container.NewStack(), body: newBody(m)}
}

func (r *reader) view() fyne.CanvasObject { return r.object }

func (r *reader) close() { r.body.close() }

// focus gives the keyboard to the text.
func (r *reader) focus() { r.body.focus() }

// update shows the current mail.
func (r *reader) update() {
	c := get(r.m.p.Mail.Current)
	r.object.Objects = []fyne.CanvasObject{kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface}), r.face(c)}
	r.object.Refresh()
}

func (r *reader) face(c *mail.Message) fyne.CanvasObject {
	if c == nil {
		r.id = 0
		r.body.clear()
		if o := r.kept(); o != nil {
			return o
		}
		text := words.T("mail.read.none")
		if n := len(r.m.list.selectedIDs()); n > 1 {
			text = words.N("mail.read.several", n)
		}
		return container.NewCenter(kit.NewText(text, kit.TextStyle{Color: kit.ColorQuiet}))
	}
	if c.ID != r.id {
		r.quick = nil
	}
	r.id = c.ID
	top := kit.Column(12)
	if o := r.conversation(c); o != nil {
		top.Add(o)
	}
	top.Add(r.heading(c))
	for _, b := range r.banners(c) {
		top.Add(b)
	}
	bottom := kit.Column(12)
	if len(c.Attachments) > 0 {
		bottom.Add(r.attachments(c))
	}
	bottom.Add(r.quickReply(c))
	var middle fyne.CanvasObject
	switch c.State {
	case mail.BodyHere:
		middle = r.body.show(c)
	case mail.BodyFailed:
		r.body.clear()
		middle = kit.NewParagraph(words.Fault(c.Fault, "mail").Title+"\n"+words.Fault(c.Fault, "mail").Meaning, kit.TextStyle{Color: kit.ColorQuiet})
	default:
		r.body.clear()
		middle = kit.NewParagraph(words.T("mail.read.missing"), kit.TextStyle{Color: kit.ColorQuiet})
	}
	return kit.Frame(r.toolbar(), kit.Inset(16, 16, 14, 22,
		kit.Frame(kit.Inset(0, 0, 14, 0, top), middle, kit.Inset(12, 0, 0, 0, bottom))), nil)
}

// toolbar shows the commands of the mail.
func (r *reader) toolbar() fyne.CanvasObject {
	commands := map[string]panel.Command{}
	for _, c := range r.m.Commands() {
		commands[c.ID] = c
	}
	button := func(id string, small bool) fyne.CanvasObject {
		c := commands["mail."+id]
		p := kit.ButtonParams{Text: words.T("mail.button." + id), Icon: c.Icon, OnTapped: c.Run}
		if small {
			p.Text, p.Tip = "", c.Name
		}
		return kit.NewButton(p)
	}
	row := func(small bool) fyne.CanvasObject {
		return kit.Row(8, 3, button("reply", small), button("reply_all", small), button("forward", small), kit.NewBox(kit.BoxStyle{}),
			button("archive", small), button("delete", small), r.moreButton(commands))
	}
	return kit.Column(0, kit.Inset(10, 10, 10, 16, container.New(fitting{}, row(false), row(true))), kit.Line())
}

// fitting shows its first object where there is room for it, else the second.
type fitting struct{}

func (fitting) MinSize(o []fyne.CanvasObject) fyne.Size { return o[1].MinSize() }

func (fitting) Layout(o []fyne.CanvasObject, size fyne.Size) {
	shown, hidden := o[0], o[1]
	if shown.MinSize().Width > size.Width {
		shown, hidden = hidden, shown
	}
	hidden.Hide()
	shown.Show()
	shown.Resize(size)
	shown.Move(fyne.Position{})
}

// moreButton opens the menu of what has no button.
func (r *reader) moreButton(commands map[string]panel.Command) fyne.CanvasObject {
	var more *kit.Button
	more = kit.NewButton(kit.ButtonParams{Icon: look.Icon("dots"), Tip: words.T("mail.more"), OnTapped: func() {
		var items []*fyne.MenuItem
		for _, id := range []string{"junk", "move", "flag", "unread"} {
			c := commands["mail."+id]
			items = append(items, fyne.NewMenuItemWithIcon(c.Name, c.Icon, c.Run))
		}
		r.m.menu(more, items)
	}})
	return more
}

// clipped lets a row be wider than its place instead of pushing the panes
// apart.
func clipped(o fyne.CanvasObject) fyne.CanvasObject {
	s := container.NewHScroll(o)
	s.Direction = container.ScrollHorizontalOnly
	return s
}

// heading is the subject, and who wrote to whom.
func (r *reader) heading(c *mail.Message) fyne.CanvasObject {
	name, address := c.From, ""
	if len(c.Sender) > 0 {
		name, address = c.Sender[0].Name, c.Sender[0].Mail
	}
	if name == "" {
		name, address = address, ""
	}
	to := words.T("mail.read.to", "Names", recipients(append(append([]mail.Address{}, c.To...), c.Cc...)))
	line := kit.Row(6, -1, kit.NewText(name, kit.TextStyle{Bold: true}), kit.NewText(address, kit.TextStyle{Color: kit.ColorQuiet}))
	return kit.Column(10,
		kit.NewParagraph(subjectOr(c.Subject), kit.TextStyle{Size: kit.SizeTitle, Bold: true}),
		kit.Row(12, 1, kit.NewAvatar(name, 40, false), kit.Column(1, clipped(line),
			kit.NewText(to+" · "+when(c.Date, r.m.p.Now()), kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}))),
	)
}

// recipients names the first three and counts the others.
func recipients(list []mail.Address) string {
	const shown = 3
	if len(list) <= shown {
		return names(list, words.T("mail.read.nobody"))
	}
	return names(list[:shown-1], "") + " " + words.N("mail.read.others", len(list)-shown+1)
}

// banners are calm remarks above the text.
func (r *reader) banners(c *mail.Message) (list []fyne.CanvasObject) {
	if c.State != mail.BodyHere {
		return nil
	}
	if len(c.Remote)+c.Trackers > 0 && !c.RemoteAllowed {
		text := words.T("mail.remote.blocked")
		if c.Trackers > 0 {
			text += " " + words.N("mail.remote.trackers", c.Trackers)
		}
		var buttons []fyne.CanvasObject
		if len(c.Remote) > 0 {
			buttons = []fyne.CanvasObject{
				kit.NewButton(kit.ButtonParams{Text: words.T("mail.remote.show"), Small: true, OnTapped: func() { r.allow(c, false) }}),
				kit.NewButton(kit.ButtonParams{Text: words.T("mail.remote.always"), Small: true, Kind: kit.Quiet, OnTapped: func() { r.allow(c, true) }}),
			}
		}
		list = append(list, banner("shield", text, buttons...))
	}
	if c.Lenient {
		list = append(list, banner("info", words.T("mail.read.lenient")))
	}
	return list
}

func banner(icon, text string, buttons ...fyne.CanvasObject) fyne.CanvasObject {
	objects := append([]fyne.CanvasObject{
		kit.NewImage(look.Icon(icon), 18, kit.ColorWarningText),
		kit.NewParagraph(text, kit.TextStyle{Size: 13, Color: kit.ColorWarningText}),
	}, buttons...)
	return kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorWarningGround, Edge: kit.ColorWarningEdge, Radius: 8}),
		kit.Inset(10, 12, 10, 12, kit.Row(10, 1, objects...)))
}

func (r *reader) allow(c *mail.Message, always bool) {
	r.m.run("allow pictures", func(ctx context.Context) error { return r.m.p.Mail.AllowRemote(ctx, c.ID, always) }, r.m.report)
}

// attachments are buttons: a click opens, the menu saves.
func (r *reader) attachments(c *mail.Message) fyne.CanvasObject {
	row := kit.Flow(10)
	for _, a := range c.Attachments {
		label := a.Name + " · " + words.Size(a.Size)
		icon := look.Icon(attachmentIcon(a))
		var b *kit.Button
		b = kit.NewButton(kit.ButtonParams{Text: shorten(label, 60), Icon: icon, OnTapped: func() { r.attachmentMenu(c, a, b) }})
		row.Add(b)
	}
	if len(c.Attachments) > 1 {
		row.Add(kit.NewButton(kit.ButtonParams{Text: words.T("mail.attachment.save_all"), Kind: kit.Quiet, OnTapped: func() { r.save(c, c.Attachments...) }}))
	}
	return row
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n/2-1]) + "…" + string(r[len(r)-n/2:])
	}
	return s
}

func attachmentIcon(a mail.Attachment) string {
	major, _, _ := strings.Cut(a.MediaType, "/")
	switch {
	case a.Danger:
		return "warning"
	case a.Nested:
		return "mail"
	case major == "image":
		return "image"
	case major == "video":
		return "video"
	case major == "audio":
		return "sound"
	case a.MediaType == "application/pdf":
		return "pdf"
	case a.MediaType == "text/calendar":
		return "calendar"
	case strings.Contains(a.MediaType, "zip"), strings.Contains(a.MediaType, "tar"), strings.Contains(a.MediaType, "compressed"):
		return "archive-file"
	}
	return "file"
}

func (r *reader) attachmentMenu(c *mail.Message, a mail.Attachment, at *kit.Button) {
	open := fyne.NewMenuItemWithIcon(words.T("mail.attachment.open"), look.Icon("open"), func() { r.open(c, a) })
	open.Disabled = a.Danger || r.m.p.OpenFile == nil
	save := fyne.NewMenuItemWithIcon(words.T("mail.attachment.save"), look.Icon("download"), func() { r.save(c, a) })
	items := []*fyne.MenuItem{open, save}
	if a.Danger {
		note := fyne.NewMenuItemWithIcon(words.T("mail.attachment.danger"), look.Icon("warning"), nil)
		note.Disabled = true
		items = append([]*fyne.MenuItem{note}, items...)
	}
	r.m.menu(at, items)
}

// open saves a copy and hands it to the system's program for it; what can run
// is never opened.
func (r *reader) open(c *mail.Message, a mail.Attachment) {
	r.m.run("open attachment", func(ctx context.Context) error {
		path, err := r.m.p.Mail.SaveAttachment(ctx, c.ID, a.Part, r.m.p.Downloads())
		if err != nil {
			return err
		}
		return r.m.p.OpenFile(path)
	}, r.m.report)
}

func (r *reader) save(c *mail.Message, list ...mail.Attachment) {
	var saved []string
	r.m.run("save attachment", func(ctx context.Context) error {
		for _, a := range list {
			path, err := r.m.p.Mail.SaveAttachment(ctx, c.ID, a.Part, r.m.p.Downloads())
			if err != nil {
				return err
			}
			saved = append(saved, path)
		}
		return nil
	}, func(err error) {
		if err != nil {
			r.m.trouble(err, nil)
			return
		}
		text := words.T("mail.attachment.saved", "Name", filepath.Base(saved[0]), "Folder", filepath.Dir(saved[0]))
		if len(saved) > 1 {
			text = words.N("mail.attachment.saved_many", len(saved), "Folder", filepath.Dir(saved[0]))
		}
		t := panel.Toast{Text: text}
		if r.m.p.OpenFile != nil {
			t.Action, t.Do = words.T("mail.attachment.show"), func() {
				if err := r.m.p.OpenFile(filepath.Dir(saved[0])); err != nil {
					r.m.trouble(err, nil)
				}
			}
		}
		r.m.p.Host.Show(t)
	})
}

// quickReply is the field below a mail: its text goes out as an answer.
func (r *reader) quickReply(c *mail.Message) fyne.CanvasObject {
	if r.quick == nil {
		r.quick = kit.NewEntry("")
		r.quick.MultiLine = true
		r.quick.Wrapping = fyne.TextWrapWord
		r.quick.SetMinRowsVisible(1)
	}
	name := c.From
	if len(c.Sender) > 0 {
		name = c.Sender[0].Short()
	}
	r.quick.SetPlaceHolder(words.T("mail.quick", "Name", shorten(name, 24)))
	send := kit.NewButton(kit.ButtonParams{Text: words.T("mail.send"), Kind: kit.Primary, OnTapped: func() { r.sendQuick(c) }})
	return kit.Row(10, 0, r.quick, send)
}

func (r *reader) sendQuick(c *mail.Message) {
	text := strings.TrimSpace(r.quick.Text)
	if text == "" {
		r.m.p.Host.Window().Canvas().Focus(r.quick)
		return
	}
	entry := r.quick
	var item mail.OutboxItem
	r.m.run("quick reply", func(ctx context.Context) error {
		d, err := r.m.p.Mail.Reply(ctx, c.ID, false, r.m.quote())
		if err != nil {
			return err
		}
		d.Text = text + "\n\n" + strings.TrimLeft(d.Text, "\n")
		item, err = r.m.p.Mail.Send(ctx, d)
		return err
	}, func(err error) {
		if err != nil { // what was written stays in the field
			r.m.trouble(err, func() { r.sendQuick(c) })
			return
		}
		entry.SetText("")
		r.m.sent(item)
	})
}
