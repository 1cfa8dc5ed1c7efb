package mailpanel

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"guichet/app/words"
	"guichet/services/mail"
	"guichet/widgets/kit"
	"guichet/widgets/messagelist"
)

// listPane is the middle column: the mails of the open view.
type listPane struct {
	m       *Panel
	list    *messagelist.List
	bar     *kit.LoadingBar
	note    *fyne.Container // what stands over the list: a search's result, a trouble
	empty   *kit.Paragraph
	object  fyne.CanvasObject
	rows    *mail.RowSnapshot
	outbox  []mail.OutboxItem // of ViewWaiting
	drafts  []mail.Draft      // of ViewDrafts
	kind    mail.ViewKind
	settled bool // the first row was shown for this view
}

func newListPane(m *Panel) *listPane {
	l := &listPane{m: m, bar: kit.NewLoadingBar(), note: container.NewStack(), empty: kit.NewParagraph("", kit.TextStyle{Color: kit.ColorQuiet})}
	l.list = messagelist.New(messagelist.Params{
		OnSelect: l.selected, OnOpen: l.opened, OnMenu: l.menu, OnKey: l.key, OnRune: l.letter,
		OnDrag: func(fyne.Position) {}, OnDrop: l.dropped,
	})
	ground := kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface})
	l.empty.Hide()
	// The bar lies over the first row, so that nothing moves when it comes.
	l.object = container.NewStack(ground, kit.Frame(l.note,
		container.NewStack(l.list, kit.Inset(28, 18, 18, 18, l.empty), kit.Frame(l.bar, kit.NewBox(kit.BoxStyle{}), nil)), nil))
	return l
}

func (l *listPane) view() fyne.CanvasObject { return l.object }

// inherit takes over what another pane shows, in another language or text size.
func (l *listPane) inherit(old *listPane) {
	l.rows, l.kind, l.outbox, l.drafts, l.settled = old.rows, old.kind, old.outbox, old.drafts, old.settled
	l.list.SetSource(l)
	l.list.SetSelection(old.list.Selected(), old.list.Current())
	l.list.SetOffset(old.list.Offset())
}

// Len and Row implement messagelist.Source.
func (l *listPane) Len() int {
	switch l.kind {
	case mail.ViewWaiting:
		return len(l.outbox)
	case mail.ViewDrafts:
		return len(l.drafts)
	}
	if l.rows == nil {
		return 0
	}
	return l.rows.Len()
}

// Row writes one line out.
func (l *listPane) Row(i int) messagelist.Row {
	now := l.m.p.Now()
	switch l.kind {
	case mail.ViewWaiting:
		x := l.outbox[i]
		return messagelist.Row{
			From: strings.Join(x.To, ", "), Date: words.Date(x.Created, now), Subject: subjectOr(x.Subject), Snippet: l.m.sendState(x),
		}
	case mail.ViewDrafts:
		x := l.drafts[i]
		return messagelist.Row{
			From: names(x.To, words.T("mail.draft.nobody")), Date: words.Date(x.Saved, now), Subject: subjectOr(x.Subject),
			Snippet: oneLine(x.Text), Attachment: len(x.Attachments) > 0,
		}
	}
	r := l.rows.Row(i)
	from := r.From
	if from == "" {
		from = r.FromMail
	}
	if r.Count > 1 {
		from += " (" + words.Number(int64(r.Count)) + ")"
	}
	row := messagelist.Row{
		From: from, Date: words.Date(r.Date, now), Subject: subjectOr(r.Subject), Snippet: r.Snippet,
		Unread: r.Unread, Flagged: r.Flagged, Answered: r.Answered, Attachment: r.HasAttachment,
	}
	if r.Unreadable {
		row.Dim, row.Snippet = true, words.T("mail.unreadable")
	}
	return row
}

func subjectOr(s string) string {
	if strings.TrimSpace(s) == "" {
		return words.T("mail.no_subject")
	}
	return s
}

func oneLine(s string) string {
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200])
	}
	return strings.Join(strings.Fields(s), " ")
}

func names(list []mail.Address, none string) string {
	if len(list) == 0 {
		return none
	}
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.Short()
	}
	return strings.Join(out, ", ")
}

// update shows a new snapshot. The selected mails stay selected and the list
// stays where it was: nothing jumps when new mail comes.
func (l *listPane) update() {
	rows := get(l.m.p.Mail.Rows)
	if rows == nil {
		return
	}
	old := l.rows
	same := old != nil && old.Ref == rows.Ref && old.Query == rows.Query
	kept := l.selectedIDs()
	current := l.currentID()
	top, topID := l.list.Offset(), l.topID()
	l.rows, l.kind = rows, rows.Ref.Kind
	l.outbox, l.drafts = nil, nil
	switch l.kind {
	case mail.ViewWaiting:
		l.outbox = get(l.m.p.Mail.Outbox).Items
	case mail.ViewDrafts:
		l.drafts = get(l.m.p.Mail.Drafts).Items
	}
	if rows.Loading {
		l.bar.Start()
	} else {
		l.bar.Stop()
	}
	l.updateNote()
	if same && rows.Changed != nil {
		for _, id := range rows.Changed {
			l.list.RefreshRow(rows.Index(id))
		}
		return
	}
	defer l.object.Refresh() // the rows make room for the note, or take it back
	l.list.SetSource(l)
	if !same {
		l.list.SetSelection(nil, -1)
		l.list.SetOffset(0)
		l.settled = false
	}
	if !l.settled {
		l.settle()
		return
	}
	l.restore(kept, current)
	if topID != 0 && top > 0 {
		if i := rows.Index(topID); i >= 0 {
			height := messagelist.RowHeight()
			l.list.SetOffset(float32(i)*height + top - float32(int(top/height))*height)
		}
	}
}

// settle shows the first mail of a view that was just opened, without counting
// it as read: the person has not chosen it.
func (l *listPane) settle() {
	switch {
	case l.Len() == 0 && l.rows.Loading:
		return // the old mail stays until the new ones come
	case l.Len() == 0 || l.m.compose != nil:
		l.m.p.Mail.Select(0, false)
	default:
		l.settled = true
		l.list.SetSelection([]int{0}, 0)
		l.show(false)
	}
}

// restore selects the same mails again; where the current one is gone, the one
// that took its place is opened.
func (l *listPane) restore(ids []int64, current int64) {
	var selected []int
	for _, id := range ids {
		if i := l.index(id); i >= 0 {
			selected = append(selected, i)
		}
	}
	slices.Sort(selected)
	was := l.list.Current()
	if i := l.index(current); i >= 0 {
		l.list.SetSelection(selected, i)
		return
	}
	if current != 0 && len(ids) > 0 && len(selected) == 0 && l.Len() > 0 && l.m.compose == nil {
		l.list.Select(min(max(was, 0), l.Len()-1))
		return
	}
	l.list.SetSelection(selected, was)
}

func (l *listPane) id(i int) int64 {
	switch {
	case i < 0 || i >= l.Len():
		return 0
	case l.kind == mail.ViewWaiting:
		return l.outbox[i].ID
	case l.kind == mail.ViewDrafts:
		return l.drafts[i].ID
	}
	return l.rows.ID(i)
}

func (l *listPane) index(id int64) int {
	switch {
	case id == 0 || l.rows == nil:
		return -1
	case l.kind == mail.ViewWaiting:
		return slices.IndexFunc(l.outbox, func(x mail.OutboxItem) bool { return x.ID == id })
	case l.kind == mail.ViewDrafts:
		return slices.IndexFunc(l.drafts, func(x mail.Draft) bool { return x.ID == id })
	}
	return l.rows.Index(id)
}

func (l *listPane) selectedIDs() []int64 {
	var ids []int64
	for _, i := range l.list.Selected() {
		if id := l.id(i); id != 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

func (l *listPane) currentID() int64 { return l.id(l.list.Current()) }

func (l *listPane) topID() int64 { return l.id(int(l.list.Offset() / messagelist.RowHeight())) }

// updateNote writes what stands above the list and in an empty one.
func (l *listPane) updateNote() {
	l.note.Objects = nil
	if l.rows.Ref.Kind == mail.ViewSearch {
		text := words.N("mail.search.found", l.rows.Len(), "Query", l.rows.Query)
		if l.rows.Loading {
			text = words.T("mail.search.running", "Query", l.rows.Query)
		}
		l.note.Objects = []fyne.CanvasObject{kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide}), kit.Inset(6, 8, 6, 14, kit.Row(8, 0,
			kit.NewText(text, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}),
			kit.NewButton(kit.ButtonParams{Text: words.T("mail.search.end"), Kind: kit.Quiet, Small: true, OnTapped: func() { l.m.search("") }}))))}
	}
	l.note.Refresh()
	if l.Len() > 0 || l.rows.Loading {
		l.empty.Hide()
		return
	}
	switch l.kind {
	case mail.ViewSearch, mail.ViewWaiting, mail.ViewDrafts, mail.ViewFlagged:
		l.empty.SetText(words.T("mail.list.empty." + string(l.kind)))
	default:
		l.empty.SetText(words.T("mail.list.empty"))
	}
	l.updateTrouble()
	l.empty.Show()
}

// updateTrouble says in an empty list why there is nothing, where that is a
// trouble.
func (l *listPane) updateTrouble() {
	if l.rows == nil || l.Len() > 0 {
		return
	}
	s := get(l.m.p.Mail.Status)
	if s == nil {
		return
	}
	for _, a := range s.Accounts {
		if a.Fault != nil && (l.kind == mail.ViewFolder || l.kind == mail.ViewInboxes) {
			e := words.Fault(a.Fault, "mail")
			l.empty.SetText(e.Title + "\n" + e.Meaning)
			l.empty.Show()
		}
	}
}

// selected shows what was chosen.
func (l *listPane) selected() {
	l.settled = true
	if len(l.list.Selected()) == 1 {
		l.m.closeCompose()
	}
	l.show(true)
}

// show opens the one selected mail, and none where there are several; read
// counts it as read.
func (l *listPane) show(read bool) {
	ids := l.selectedIDs()
	switch {
	case l.kind == mail.ViewWaiting || l.kind == mail.ViewDrafts:
		l.m.p.Mail.Select(0, false)
		l.m.reader.update()
	case len(ids) == 1:
		l.m.p.Mail.Select(ids[0], read)
	default:
		l.m.p.Mail.Select(0, false)
		l.m.reader.update() // says how many
	}
	l.m.p.Host.Changed(l.m)
}

// opened is for Enter and a double click: a draft is written on, a mail is read.
func (l *listPane) opened(i int) {
	switch l.kind {
	case mail.ViewDrafts:
		l.m.write(l.drafts[i])
	case mail.ViewWaiting:
		l.m.takeBack(l.outbox[i])
	default:
		l.show(true)
		l.m.reader.focus()
	}
}

func (l *listPane) key(ev *fyne.KeyEvent) bool {
	switch ev.Name {
	case fyne.KeyDelete, fyne.KeyBackspace:
		l.m.remove()
		return true
	}
	return false
}

// letter carries out the commands of one letter.
func (l *listPane) letter(r rune) {
	switch r {
	case 'j', 'J':
		l.m.step(1, true)
	case 'k', 'K':
		l.m.step(-1, true)
	case 'r', 'R':
		l.m.reply(false)
	case 'a', 'A':
		l.m.reply(true)
	case 'f', 'F':
		l.m.forward()
	case 'e', 'E':
		l.m.archive()
	case '/':
		if h, ok := l.m.p.Host.(interface{ FocusAddress() }); ok {
			h.FocusAddress()
		}
	}
}

func (l *listPane) menu(i int, at fyne.Position) {
	if i < 0 {
		return
	}
	if !l.list.IsSelected(i) {
		l.list.Select(i)
	}
	var items []*fyne.MenuItem
	for _, c := range l.m.contextCommands() {
		item := fyne.NewMenuItemWithIcon(c.Name, c.Icon, c.Run)
		item.Disabled = c.Enabled != nil && !c.Enabled()
		items = append(items, item)
	}
	kit.ShowMenu(l.m.p.Host.Window().Canvas(), words.T("menu.more"), at, items)
}

// place is under the current row, where a menu for it opens.
func (l *listPane) place() fyne.Position {
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(l.list)
	y := float32(max(l.list.Current(), 0)+1)*messagelist.RowHeight() - l.list.Offset()
	return at.AddXY(kit.Px(24), fyne.Max(fyne.Min(y, l.list.Size().Height), 0))
}

// dropped moves the dragged mails to the mailbox under the pointer.
func (l *listPane) dropped(at fyne.Position) {
	f, ok := l.m.folders.at(at)
	if !ok || l.kind == mail.ViewWaiting || l.kind == mail.ViewDrafts {
		return
	}
	if ids := l.selectedIDs(); len(ids) > 0 {
		l.m.undoable(l.m.p.Mail.Move(ids, f.Ref.ID))
	}
}
