package mailpanel

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/app/words"
	"guichet/services/mail"
	"guichet/widgets/kit"
)

// conversationLines is how many other mails of a conversation stand over the
// one that is read; all of them can be had as a list.
const conversationLines = 3

// conversation lists the other mails of the conversation, the newest last, nil
// where there are none. A click reads one.
func (r *reader) conversation(c *mail.Message) fyne.CanvasObject {
	if len(c.Conversation) < 2 {
		return nil
	}
	others := make([]mail.Row, 0, len(c.Conversation)-1)
	for _, row := range c.Conversation {
		if row.ID != c.ID {
			others = append(others, row)
		}
	}
	if extra := len(others) - conversationLines; extra > 0 {
		others = others[extra:]
	}
	head := kit.Row(8, 0,
		kit.NewText(words.N("mail.conversation", len(c.Conversation)), kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}))
	if r.m.ref.Kind != mail.ViewThread {
		head.Add(kit.NewButton(kit.ButtonParams{Text: words.T("mail.conversation.all"), Kind: kit.Quiet, Small: true, OnTapped: func() {
			r.m.p.Mail.OpenThread(c.Thread)
		}}))
	}
	lines := kit.Column(0, kit.Inset(2, 2, 2, 10, head))
	for _, row := range others {
		lines.Add(kit.Line())
		lines.Add(newOlder(row, r.m.writer(row), words.Date(row.Date, r.m.p.Now()), func() { r.m.p.Mail.Select(row.ID, true) }))
	}
	return kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide, Edge: kit.ColorLine, Radius: 8}), lines)
}

// older is the line of another mail of the conversation.
type older struct {
	widget.BaseWidget
	veil   *kit.Box
	object fyne.CanvasObject
	tapped func()
}

// writer names who wrote a mail of a conversation.
func (m *Panel) writer(row mail.Row) string {
	if _, own := get(m.p.Mail.Accounts).ByEmail(row.FromMail); own {
		return words.T("mail.conversation.you")
	}
	if row.From == "" {
		return row.FromMail
	}
	return row.From
}

func newOlder(row mail.Row, from, date string, tapped func()) *older {
	o := &older{veil: kit.NewBox(kit.BoxStyle{Fill: kit.ColorHover}), tapped: tapped}
	name := kit.NewText(from, kit.TextStyle{Size: 13, Bold: row.Unread, Shrink: true})
	o.object = kit.Over(o.veil, kit.Inset(4, 10, 4, 10, kit.Row(10, 1, kit.Fit(name, 150),
		kit.NewText(row.Snippet, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}),
		kit.NewText(date, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}))))
	o.veil.Hide()
	o.ExtendBaseWidget(o)
	return o
}

// Tapped is called by Fyne.
func (o *older) Tapped(*fyne.PointEvent) { o.tapped() }

// MouseIn is called by Fyne.
func (o *older) MouseIn(*desktop.MouseEvent) { o.veil.Show() }

// MouseMoved is called by Fyne.
func (o *older) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is called by Fyne.
func (o *older) MouseOut() { o.veil.Hide() }

// Cursor is called by Fyne.
func (o *older) Cursor() desktop.Cursor { return desktop.PointerCursor }

// CreateRenderer is called by Fyne.
func (o *older) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(o.object) }
