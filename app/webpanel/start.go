package webpanel

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/web"
	"guichet/widgets/emptystate"
	"guichet/widgets/keys"
	"guichet/widgets/kit"
)

// startPage greets, and shows bookmarks and what was visited lately.
type startPage struct {
	w    *Panel
	root *fyne.Container
	of   struct {
		bookmarks *web.BookmarkList
		lately    *web.HistoryList
		greeting  string
	}
}

func newStartPage(w *Panel) *startPage {
	s := &startPage{w: w, root: container.NewStack()}
	s.update()
	return s
}

func (s *startPage) object() fyne.CanvasObject { return s.root }

// greeting is that of the time of day.
func (s *startPage) greeting() string {
	id := "web.start.evening"
	switch h := s.w.p.Now().Hour(); {
	case h >= 5 && h < 12:
		id = "web.start.morning"
	case h >= 12 && h < 18:
		id = "web.start.afternoon"
	}
	name := ""
	if s.w.p.Name != nil {
		name = s.w.p.Name()
	}
	if name == "" {
		return words.T(id)
	}
	return words.T("web.start.named", "Greeting", words.T(id), "Name", name)
}

// update shows the newest lists; the same ones cost nothing.
func (s *startPage) update() {
	if s == nil {
		return
	}
	marks, lately, greeting := get(s.w.p.Web.Bookmarks), get(s.w.p.Web.Lately), s.greeting()
	if s.of.bookmarks == marks && s.of.lately == lately && s.of.greeting == greeting {
		return
	}
	s.of.bookmarks, s.of.lately, s.of.greeting = marks, lately, greeting
	var face fyne.CanvasObject
	if len(marks.Items) == 0 && len(lately.Visits) == 0 {
		face = emptystate.New(emptystate.Params{
			Icon: look.Icon("web"), Title: greeting, Text: words.T("web.start.empty"),
			Action: words.T("web.start.type"), Do: s.w.focusAddress,
			Second: words.T("web.start.add_bookmark"), Also: s.w.askBookmark,
		})
	} else {
		face = s.content(marks, lately, greeting)
	}
	s.root.Objects = []fyne.CanvasObject{face}
	s.root.Refresh()
}

func (s *startPage) content(marks *web.BookmarkList, lately *web.HistoryList, greeting string) fyne.CanvasObject {
	var tiles []fyne.CanvasObject
	signs := signNames(marks.Items)
	for i, b := range marks.Items {
		tiles = append(tiles, newTile(kit.NewAvatar(signs[i], 44, true), b.Title, kit.ColorText,
			func() { s.w.openHere(b.URL, web.OpenOptions{}) },
			func() { s.w.OpenInTab(b.URL, web.OpenOptions{}, false) },
			func(at fyne.Position) { s.bookmarkMenu(b, at) }))
	}
	plus := kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorTrack, Radius: 10}).SetMin(44, 44), kit.Centre(kit.NewImage(look.Icon("plus"), 18, kit.ColorQuiet)))
	tiles = append(tiles, newTile(plus, words.T("web.start.add"), kit.ColorQuiet, s.w.askBookmark, nil, nil))
	parts := []fyne.CanvasObject{
		kit.Inset(32, 0, 20, 0, kit.NewParagraph(greeting, kit.TextStyle{Size: kit.SizeDisplay, Bold: true})),
		container.New(&tileGrid{}, tiles...),
	}
	if len(lately.Visits) > 0 {
		parts = append(parts, kit.Inset(30, 0, 6, 0, kit.NewText(words.T("web.start.lately"), kit.TextStyle{Size: kit.SizeHeading, Bold: true})))
		rows := make([]fyne.CanvasObject, len(lately.Visits))
		for i, v := range lately.Visits {
			rows[i] = newVisitRow(v.Title, words.Date(v.At, s.w.p.Now()),
				func() { s.w.openHere(v.URL, web.OpenOptions{}) },
				func() { s.w.OpenInTab(v.URL, web.OpenOptions{}, false) })
		}
		parts = append(parts, container.New(&columns{}, rows...),
			kit.Inset(14, 0, 32, 0, kit.Row(0, -1, kit.NewButton(kit.ButtonParams{Text: words.T("web.start.all"), Small: true, OnTapped: func() { s.w.showHistory("") }}))))
	}
	return kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface}), kit.NewPage(1064, false, kit.Inset(0, 24, 0, 24, kit.Column(0, parts...))))
}

// signNames gives names for the signs of bookmarks: neighbours get other
// colours, which an avatar takes from its name, where there are enough.
func signNames(items []web.Bookmark) []string {
	const apart = 5 // tiles that differ from each other
	names := make([]string, len(items))
	for i, b := range items {
		near := names[max(i-apart+1, 0):i]
		names[i] = b.Title
		for range 20 {
			if !slices.ContainsFunc(near, func(n string) bool { return kit.AvatarColor(n) == kit.AvatarColor(names[i]) }) {
				break
			}
			names[i] += "." // another colour, the same letter
		}
	}
	return names
}

// tileGrid lays tiles of one size in lines that fill the width: six where there
// is room for them.
type tileGrid struct{ width float32 }

const (
	tileWidth  = 148
	tileHeight = 110
	tileSpace  = 16
)

func (g *tileGrid) perLine(width float32) (n int, each float32) {
	gap := kit.Px(tileSpace)
	n = min(max(int((width+gap)/(kit.Px(tileWidth)+gap)), 1), 6)
	return n, (width - gap*float32(n-1)) / float32(n)
}

func (g *tileGrid) height(count int, width float32) float32 {
	n, _ := g.perLine(width)
	lines := (count + n - 1) / n
	return float32(lines)*kit.Px(tileHeight) + float32(max(lines-1, 0))*kit.Px(tileSpace)
}

func (g *tileGrid) MinSize(objects []fyne.CanvasObject) fyne.Size {
	width := g.width
	if width == 0 {
		width = kit.Px(1016)
	}
	return fyne.NewSize(kit.Px(tileWidth), g.height(len(objects), width))
}

func (g *tileGrid) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	g.width = size.Width
	n, each := g.perLine(size.Width)
	for i, o := range objects {
		o.Resize(fyne.NewSize(each, kit.Px(tileHeight)))
		o.Move(fyne.NewPos(float32(i%n)*(each+kit.Px(tileSpace)), float32(i/n)*kit.Px(tileHeight+tileSpace)))
	}
}

// columns lays rows in two columns, one after the other, where there is room.
type columns struct{ width float32 }

func (c *columns) count(width float32) int {
	if width < kit.Px(640) {
		return 1
	}
	return 2
}

func (c *columns) MinSize(objects []fyne.CanvasObject) fyne.Size {
	width := c.width
	if width == 0 {
		width = kit.Px(1016)
	}
	if len(objects) == 0 {
		return fyne.Size{}
	}
	n := c.count(width)
	return fyne.NewSize(kit.Px(200), float32((len(objects)+n-1)/n)*objects[0].MinSize().Height)
}

func (c *columns) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	c.width = size.Width
	n := c.count(size.Width)
	lines := (len(objects) + n - 1) / n
	gap := kit.Px(50)
	each := (size.Width - gap*float32(n-1)) / float32(n)
	for i, o := range objects {
		h := o.MinSize().Height
		o.Resize(fyne.NewSize(each, h))
		o.Move(fyne.NewPos(float32(i/lines)*(each+gap), float32(i%lines)*h))
	}
}

// press is what tiles and rows share: mouse, keyboard, focus.
type press struct {
	widget.BaseWidget
	ground  *kit.Box
	plain   kit.BoxStyle
	over    kit.BoxStyle
	content fyne.CanvasObject
	open    func()
	behind  func()                 // in a new tab; nil: none
	menu    func(at fyne.Position) // nil: none
	focused bool
	hovered bool
}

func newPress(plain, over kit.BoxStyle, content fyne.CanvasObject, open, behind func(), menu func(at fyne.Position)) *press {
	p := &press{ground: kit.NewBox(plain), plain: plain, over: over, content: content, open: open, behind: behind, menu: menu}
	p.ExtendBaseWidget(p)
	return p
}

func newTile(sign fyne.CanvasObject, title string, colour fyne.ThemeColorName, open, behind func(), menu func(at fyne.Position)) *press {
	name := kit.NewText(title, kit.TextStyle{Color: colour, Align: fyne.TextAlignCenter, Shrink: true})
	body := kit.Inset(18, 10, 10, 10, kit.Column(10, kit.Centre(sign), name))
	return newPress(kit.BoxStyle{Fill: kit.ColorSurface, Edge: kit.ColorLine, Radius: 12},
		kit.BoxStyle{Fill: kit.ColorSide, Edge: kit.ColorEdge, Radius: 12}, body, open, behind, menu)
}

func newVisitRow(title, at string, open, behind func()) *press {
	line := kit.Row(12, 0, kit.NewText(title, kit.TextStyle{Shrink: true}), kit.NewText(at, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}))
	body := kit.Column(0, kit.Inset(9, 0, 9, 0, line), kit.Line())
	return newPress(kit.BoxStyle{}, kit.BoxStyle{Fill: kit.ColorHover, Radius: 4}, body, open, behind, nil)
}

// Tapped is called by Fyne.
func (p *press) Tapped(*fyne.PointEvent) {
	// Fyne leaves the focus where it was when what is clicked could take it: the
	// address box would go on being edited.
	if c := fyne.CurrentApp().Driver().CanvasForObject(p); c != nil && c.Focused() != fyne.Focusable(p) {
		c.Unfocus()
	}
	if keys.Modifiers()&fyne.KeyModifierShortcutDefault != 0 && p.behind != nil {
		p.behind()
		return
	}
	p.open()
}

// TappedSecondary is called by Fyne.
func (p *press) TappedSecondary(e *fyne.PointEvent) {
	if p.menu != nil {
		p.menu(e.AbsolutePosition)
	}
}

// MouseDown is called by Fyne: the middle button opens a new tab.
func (p *press) MouseDown(e *desktop.MouseEvent) {
	if e.Button == desktop.MouseButtonTertiary && p.behind != nil {
		p.behind()
	}
}

// MouseUp is called by Fyne.
func (p *press) MouseUp(*desktop.MouseEvent) {}

// MouseIn is called by Fyne.
func (p *press) MouseIn(*desktop.MouseEvent) { p.hovered = true; p.apply() }

// MouseMoved is called by Fyne.
func (p *press) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is called by Fyne.
func (p *press) MouseOut() { p.hovered = false; p.apply() }

// FocusGained is called by Fyne.
func (p *press) FocusGained() { p.focused = true; p.apply() }

// FocusLost is called by Fyne.
func (p *press) FocusLost() { p.focused = false; p.apply() }

// TypedRune is called by Fyne.
func (p *press) TypedRune(rune) {}

// TypedKey is called by Fyne.
func (p *press) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		p.Tapped(nil)
	case desktop.KeyMenu:
		if p.menu != nil {
			at := fyne.CurrentApp().Driver().AbsolutePositionForObject(p)
			p.menu(at.AddXY(p.Size().Width/2, p.Size().Height/2))
		}
	default:
		keys.Forward(p, e)
	}
}

// Cursor is called by Fyne.
func (p *press) Cursor() desktop.Cursor { return desktop.PointerCursor }

func (p *press) apply() {
	style := p.plain
	if p.hovered {
		style = p.over
	}
	if p.focused {
		style.Edge, style.Stroke = kit.ColorPrimary, 2
		style.Radius = max(style.Radius, 4)
	}
	p.ground.SetStyle(style)
}

// CreateRenderer is called by Fyne.
func (p *press) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(kit.Over(p.ground, p.content))
}

// bookmarkMenu is the context menu of a tile.
func (s *startPage) bookmarkMenu(b web.Bookmark, at fyne.Position) {
	s.w.popUp(at,
		entry("web.link.new_tab", "plus", func() { s.w.OpenInTab(b.URL, web.OpenOptions{}, false) }),
		entry("command.web.copy_address", "copy", func() { s.w.copy(b.URL) }), nil,
		entry("web.bookmark.rename", "rename", func() { s.w.askRename(b) }),
		entry("web.bookmark.remove", "trash", func() {
			if was, ok := s.w.p.Web.RemoveBookmark(b.URL); ok {
				s.w.p.Host.Show(panel.Toast{Text: words.T("web.bookmark.removed", "Title", was.Title), Action: words.T("web.undo"), Do: func() { s.w.p.Web.PutBookmark(was) }})
			}
		}))
}

func field(id string, e fyne.CanvasObject) fyne.CanvasObject {
	return kit.Column(4, kit.NewText(words.T(id), kit.TextStyle{Size: 13, Color: kit.ColorQuiet}), e)
}

// askBookmark takes an address and a name for a new bookmark.
func (w *Panel) askBookmark() {
	where, name := kit.NewEntry("www.example.org"), kit.NewEntry("")
	w.p.Host.Ask(panel.Question{
		Title: words.T("web.bookmark.new"), Content: kit.Column(10, field("web.bookmark.address", where), field("web.bookmark.name", name)),
		Choices: []panel.Choice{{Label: words.T("common.cancel")}, {Label: words.T("web.bookmark.add"), Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if value != "yes" || where.Text == "" {
				return
			}
			t := address.Parse(where.Text, address.Options{})
			for _, a := range append([]address.Target{t}, t.Alternatives...) {
				if a.Kind == address.Web {
					w.p.Web.PutBookmark(web.Bookmark{URL: a.URL.String(), Title: orElse(name.Text, a.Shown), Added: w.p.Now()})
					return
				}
			}
			w.p.Host.Show(panel.Toast{Text: words.T("web.bookmark.no_address", "Text", where.Text), For: 8 * time.Second})
		},
	})
	w.p.Host.Window().Canvas().Focus(where)
}

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

func (w *Panel) askRename(b web.Bookmark) {
	name := kit.NewEntry("")
	name.SetText(b.Title)
	w.p.Host.Ask(panel.Question{
		Title: words.T("web.bookmark.rename_title"), Content: field("web.bookmark.name", name),
		Choices: []panel.Choice{{Label: words.T("common.cancel")}, {Label: words.T("web.bookmark.save"), Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" && name.Text != "" {
				w.p.Web.RenameBookmark(b.URL, name.Text)
			}
		},
	})
	w.p.Host.Window().Canvas().Focus(name)
}
