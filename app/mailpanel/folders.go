package mailpanel

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"guichet/app/words"
	"guichet/services/mail"
	"guichet/widgets/kit"
	"guichet/widgets/rowlist"
)

// folderLine is one line of the side pane: a heading, or a mailbox.
type folderLine struct {
	heading string
	folder  mail.Folder
}

// folderPane shows the views and the mailboxes of each account.
type folderPane struct {
	m      *Panel
	list   *rowlist.List
	lines  []folderLine
	object fyne.CanvasObject
}

func newFolderPane(m *Panel) *folderPane {
	f := &folderPane{m: m}
	f.list = rowlist.New(rowlist.Params{
		RowHeight: func() float32 { return kit.Px(32) },
		Create:    func() fyne.CanvasObject { return newFolderRow() },
		Update: func(i int, o fyne.CanvasObject, s rowlist.State) {
			o.(*folderRow).set(f.lines[i], s, f.lines[i].heading == "" && f.lines[i].folder.Ref == m.ref)
		},
		Single:   true,
		OnSelect: f.selected,
		OnMenu:   f.menu,
		OnType:   f.find,
	})
	f.object = kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide}), kit.Inset(12, 8, 8, 8, f.list))
	return f
}

func (f *folderPane) view() fyne.CanvasObject { return f.object }

// folderName is the mailbox's name for people: our word for a role, else its own.
func folderName(x mail.Folder) string {
	switch x.Ref.Kind {
	case mail.ViewInboxes, mail.ViewFlagged, mail.ViewWaiting, mail.ViewDrafts:
		return words.T("mail.view." + string(x.Ref.Kind))
	}
	if x.Role != mail.RoleNone {
		return words.T("mail.role." + string(x.Role))
	}
	return x.Name
}

func (f *folderPane) update() {
	s := get(f.m.p.Mail.Folders)
	if s == nil {
		return
	}
	f.lines = f.lines[:0]
	for _, v := range s.Views {
		f.lines = append(f.lines, folderLine{folder: v})
	}
	for _, a := range s.Accounts {
		name := a.Account.Email
		f.lines = append(f.lines, folderLine{heading: strings.ToUpper(name)})
		for _, x := range a.Folders {
			f.lines = append(f.lines, folderLine{folder: x})
		}
	}
	current := f.index(f.m.ref)
	f.list.SetLength(len(f.lines))
	if current >= 0 {
		f.list.SetSelection([]int{current}, current)
	} else {
		f.list.SetSelection(nil, -1)
	}
}

func (f *folderPane) index(ref mail.Ref) int {
	for i, l := range f.lines {
		if l.heading == "" && l.folder.Ref == ref {
			return i
		}
	}
	return -1
}

func (f *folderPane) selected() {
	i := f.list.Current()
	if i < 0 || i >= len(f.lines) || f.lines[i].heading != "" || !f.lines[i].folder.Selectable {
		return
	}
	f.m.open(f.lines[i].folder.Ref)
}

func (f *folderPane) find(prefix string, from int) (int, bool) {
	for k := range f.lines {
		i := (from + k) % len(f.lines)
		if f.lines[i].heading == "" && strings.HasPrefix(strings.ToLower(folderName(f.lines[i].folder)), strings.ToLower(prefix)) {
			return i, true
		}
	}
	return 0, false
}

func (f *folderPane) menu(i int, at fyne.Position) {
	items := []*fyne.MenuItem{fyne.NewMenuItem(words.T("command.mail.check"), f.m.p.Mail.CheckNow)}
	if i >= 0 && f.lines[i].heading != "" {
		items = append(items, fyne.NewMenuItem(words.T("mail.account.remove"), func() { f.m.removeAccount(f.accountOf(i)) }))
	}
	items = append(items, fyne.NewMenuItem(words.T("mail.account.add"), func() { f.m.addAccount("") }))
	kit.ShowMenu(f.m.p.Host.Window().Canvas(), words.T("menu.more"), at, items)
}

// accountOf gives the account whose heading is line i.
func (f *folderPane) accountOf(i int) int {
	n := -1
	for _, l := range f.lines[:i+1] {
		if l.heading != "" {
			n++
		}
	}
	return n
}

// at gives the mailbox at a place of the window, for dropping mails on it.
func (f *folderPane) at(p fyne.Position) (mail.Folder, bool) {
	top := fyne.CurrentApp().Driver().AbsolutePositionForObject(f.list)
	p = p.Subtract(top)
	if p.X < 0 || p.X > f.list.Size().Width || p.Y < 0 || p.Y > f.list.Size().Height {
		return mail.Folder{}, false
	}
	i := f.list.RowAt(p)
	if i < 0 || f.lines[i].heading != "" || f.lines[i].folder.Ref.Kind != mail.ViewFolder {
		return mail.Folder{}, false
	}
	return f.lines[i].folder, true
}

// folderRow draws one line.
type folderRow struct {
	widget.BaseWidget
	ground *kit.Box
	name   *kit.Text
	count  *kit.Text
	depth  float32
	low    float32 // how far under the middle the text stands
}

func newFolderRow() *folderRow {
	r := &folderRow{
		ground: kit.NewBox(kit.BoxStyle{Radius: 8}),
		name:   kit.NewText("", kit.TextStyle{Shrink: true}),
		count:  kit.NewText("", kit.TextStyle{}),
	}
	r.ExtendBaseWidget(r)
	return r
}

func (r *folderRow) set(l folderLine, s rowlist.State, open bool) {
	style, name, count := kit.TextStyle{Shrink: true}, folderName(l.folder), ""
	ground := kit.ColorNone
	switch {
	case l.heading != "":
		name, style.Size, style.Color = l.heading, 11, kit.ColorQuiet
	case open:
		ground, style.Bold, style.Color = kit.ColorSelectionSide, true, kit.ColorStrong
	case s.Hovered || s.Current && s.Focused:
		ground = kit.ColorHover
	}
	if l.heading == "" {
		n := l.folder.Unread
		if k := l.folder.Ref.Kind; k == mail.ViewWaiting || k == mail.ViewDrafts || l.folder.Role == mail.RoleDrafts {
			n = l.folder.Total
		}
		if n > 0 {
			count = words.Number(int64(n))
		}
		if !l.folder.Selectable {
			style.Color = kit.ColorQuiet
		}
	}
	r.depth, r.low = float32(l.folder.Depth)*14, 0
	if l.heading != "" {
		r.low = 5 // a heading belongs to what follows
	}
	r.ground.SetStyle(kit.BoxStyle{Fill: ground, Radius: 8})
	r.name.Set(name, style)
	r.count.Set(count, kit.TextStyle{Bold: open, Color: style.Color})
	r.layout(r.Size())
}

func (r *folderRow) layout(size fyne.Size) {
	pad := kit.Px(10)
	r.ground.Resize(size)
	count := r.count.MinSize()
	r.count.Move(fyne.NewPos(size.Width-pad-count.Width, (size.Height-count.Height)/2))
	r.count.Resize(count)
	h := r.name.MinSize().Height
	x := pad + kit.Px(r.depth)
	r.name.Move(fyne.NewPos(x, (size.Height-h)/2+kit.Px(r.low)))
	r.name.Resize(fyne.NewSize(fyne.Max(size.Width-pad-count.Width-kit.Px(6)-x, 0), h))
}

// CreateRenderer is called by Fyne.
func (r *folderRow) CreateRenderer() fyne.WidgetRenderer {
	return &folderRenderer{WidgetRenderer: widget.NewSimpleRenderer(container.NewWithoutLayout(r.ground, r.name, r.count)), r: r}
}

// folderRenderer lays the parts out itself.
type folderRenderer struct {
	fyne.WidgetRenderer
	r *folderRow
}

func (o *folderRenderer) Layout(size fyne.Size) { o.WidgetRenderer.Layout(size); o.r.layout(size) }
func (o *folderRenderer) MinSize() fyne.Size    { return fyne.NewSize(kit.Px(60), kit.Px(32)) }
