package filespanel

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/widgets/filetable"
	"guichet/widgets/kit"
)

// placeButton names what a pane shows; a click lists what else it can show.
type placeButton struct {
	widget.BaseWidget
	ground *kit.Box
	name   *kit.Text
	inner  fyne.CanvasObject
	tapped func(at fyne.Position)
}

func newPlaceButton(icon, name string, shrink bool, tapped func(at fyne.Position)) *placeButton {
	b := &placeButton{
		ground: kit.NewBox(kit.BoxStyle{Radius: 6}), tapped: tapped,
		name: kit.NewText(name, kit.TextStyle{Bold: true, Shrink: shrink}),
	}
	grow := -1
	if shrink {
		grow = 1
	}
	b.inner = kit.Over(b.ground, kit.Inset(4, 6, 4, 6, kit.Row(8, grow, kit.NewImage(look.Icon(icon), 17, kit.ColorText), b.name, kit.NewImage(look.Icon("chevron-down"), 12, kit.ColorQuiet))))
	b.ExtendBaseWidget(b)
	return b
}

// CreateRenderer is called by Fyne, as are the methods below.
func (b *placeButton) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(b.inner) }
func (b *placeButton) Cursor() desktop.Cursor              { return desktop.PointerCursor }
func (b *placeButton) MouseIn(*desktop.MouseEvent)         { b.light(kit.ColorHover) }
func (b *placeButton) MouseMoved(*desktop.MouseEvent)      {}
func (b *placeButton) MouseOut()                           { b.light(kit.ColorNone) }

func (b *placeButton) light(c fyne.ThemeColorName) {
	b.ground.SetStyle(kit.BoxStyle{Radius: 6, Fill: c})
}

// Tapped is called by Fyne.
func (b *placeButton) Tapped(*fyne.PointEvent) {
	b.tapped(fyne.CurrentApp().Driver().AbsolutePositionForObject(b).AddXY(0, b.Size().Height))
}

// updateTitle writes the line over the crumbs: the place, how safe the line to
// it is, and how much room or how far away.
func (s *side) updateTitle(l *browse.Listing) {
	icon, name := "server", shorten(l.Site.Title(), 40)
	if s.local {
		icon, name = "computer", words.T("files.here")
	}
	narrow := tight(s.object.Size().Width)
	s.narrow = narrow
	line := []fyne.CanvasObject{newPlaceButton(icon, name, narrow, s.placeMenu)}
	grow := 0
	if !narrow {
		switch {
		case s.local || l.State != browse.Ready:
		case l.Conn.Secure:
			line = append(line, kit.NewPill(words.T("files.secure"), look.Icon("lock"), kit.ColorGoodText, kit.ColorGoodGround))
		default:
			line = append(line, kit.NewPill(words.T("files.clear"), look.Icon("lock-open"), kit.ColorWarningText, kit.ColorWarningGround))
		}
		line = append(line, kit.NewBox(kit.BoxStyle{}))
		grow = len(line) - 1
	}
	right := ""
	switch {
	case l.Free >= 0:
		right = words.T("files.free", "Size", words.Size(l.Free))
	case l.Conn.RoundTrip > 0:
		right = words.Number(max(l.Conn.RoundTrip.Milliseconds(), 1)) + "\u00a0ms"
	}
	line = append(line, kit.NewText(right, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}))
	button := func(icon, tip string, do func()) {
		line = append(line, kit.NewButton(kit.ButtonParams{Icon: look.Icon(icon), Kind: kit.Quiet, Small: true, Tip: words.T(tip), OnTapped: do}))
	}
	if !s.local {
		button("close", "files.disconnect", s.disconnect)
	}
	switch {
	case s.first:
		button("chevron-left", "files.hide", s.f.toggleLeft)
	case s.f.state.HideLeft:
		button("chevron-right", "command.files.hide", s.f.toggleLeft)
	}
	s.title.Objects = []fyne.CanvasObject{kit.Row(8, grow, line...)}
	s.title.Refresh()
}

// tight reports whether a pane of that width has a short title.
func tight(width float32) bool { return width > 0 && width < kit.Px(420) }

// tools are the small buttons beside the crumbs.
type tools struct {
	s      *side
	object fyne.CanvasObject
	star   *kit.Button
	grid   *kit.Button
}

func newTools(s *side) *tools {
	t := &tools{s: s}
	button := func(icon, tip string, do func()) *kit.Button {
		return kit.NewButton(kit.ButtonParams{Icon: look.Icon(icon), Kind: kit.Quiet, Small: true, Tip: words.T(tip), OnTapped: func() {
			s.f.active = s
			do()
		}})
	}
	t.star = button("star", "files.star", s.f.toggleStar)
	t.grid = button("image", "command.files.grid", s.f.toggleGrid)
	t.object = kit.Row(0, -1, t.star, t.grid, button("eye", "command.files.preview", s.f.togglePreview))
	return t
}

func (t *tools) update(l *browse.Listing) {
	star, tip := "star", "files.star"
	if t.s.f.starred(t.s, l) >= 0 {
		star, tip = "star-filled", "files.unstar"
	}
	t.star.SetIcon(look.Icon(star))
	t.star.SetTip(words.T(tip))
	grid, tip := "image", "command.files.grid"
	if t.s.table.Grid() {
		grid, tip = "list", "files.list"
	}
	t.grid.SetIcon(look.Icon(grid))
	t.grid.SetTip(words.T(tip))
}

// placeMenu lists what the pane can show: this computer or a server.
func (s *side) placeMenu(at fyne.Position) {
	s.f.active = s
	var items []*fyne.MenuItem
	item := func(icon, name string, checked bool, do func()) {
		i := fyne.NewMenuItemWithIcon(shorten(name, 50), look.Icon(icon), do)
		i.Checked = checked
		items = append(items, i)
	}
	l := s.listing()
	item("computer", words.T("files.here"), s.local && l != nil, func() { s.goHere("") })
	for _, site := range s.f.sites() {
		item("server", site.Title(), l != nil && !s.local && l.Site.ID == site.ID, func() { s.connect(site, nil) })
	}
	items = append(items, fyne.NewMenuItemSeparator())
	item("plus", words.T("files.connect.other"), false, func() { s.f.connectDialog(s, "", "") })
	if l != nil && !s.local {
		if l.Site.ID == "" {
			item("star-filled", words.T("command.files.save"), false, s.saveSite)
		} else {
			item("settings", words.T("files.servers.edit"), false, func() { s.f.editSite(l.Site, nil) })
		}
		item("plug", words.T("command.files.disconnect"), false, s.disconnect)
	}
	kit.ShowMenu(s.f.p.Host.Window().Canvas(), words.T("menu.more"), at, items)
}

// goHere shows a folder of this computer, "" the one of last time.
func (s *side) goHere(folder string) {
	if folder == "" {
		folder = s.f.lastHere()
	}
	if s.local && s.session != nil {
		if folder != "" {
			s.session.GoText(folder)
		}
		return
	}
	s.use(s.f.p.Files.Local(folder))
	s.build()
	s.f.layout()
	s.f.p.Host.Changed(s.f)
}

// columnsMenu chooses the columns.
func (s *side) columnsMenu(at fyne.Position) {
	var items []*fyne.MenuItem
	for _, c := range columnNames {
		i := fyne.NewMenuItem(words.T("files.column."+c.name), func() { s.f.toggleColumn(c.name) })
		i.Checked = !slices.Contains(s.f.state.Without, c.name) && (c.usual || slices.Contains(s.f.state.With, c.name))
		items = append(items, i)
	}
	kit.ShowMenu(s.f.p.Host.Window().Canvas(), words.T("menu.more"), at, items)
}

var columnNames = []struct {
	name   string
	column filetable.Column
	usual  bool
}{{"size", filetable.Size, true}, {"changed", filetable.Changed, true}, {"mode", filetable.Mode, false}, {"owner", filetable.Owner, false}}

func (s *side) applyColumns() {
	for _, c := range columnNames {
		s.table.ShowColumn(c.column, !slices.Contains(s.f.state.Without, c.name) && (c.usual || slices.Contains(s.f.state.With, c.name)))
		s.table.SetWidth(c.column, s.f.state.Widths[c.name])
	}
}

// crumbs names the steps down to the folder: "Home" where that is on the way.
func (s *side) crumbs(l *browse.Listing) []string {
	if s.local {
		if n := len(l.Home); n > 0 && len(l.Path) >= n && l.Path[:n].Equal(l.Home) {
			return append([]string{words.T("files.home")}, display(l.Path[n:])...)
		}
	}
	return append([]string{"/"}, display(l.Path)...)
}

// goTo answers a click on step i of the crumbs.
func (s *side) goTo(i int) {
	l := s.listing()
	base := 0
	if n := len(l.Home); s.local && n > 0 && len(l.Path) >= n && l.Path[:n].Equal(l.Home) {
		base = n
	}
	s.session.Go(slices.Clone(l.Path[:base+i]))
}

// address is what the folder of a pane is called outside of it: a path of this
// computer or an address.
func (s *side) address(p files.Path) string {
	if s.local {
		return s.session.SystemPath(p)
	}
	return s.listing().Site.URL(p)
}
