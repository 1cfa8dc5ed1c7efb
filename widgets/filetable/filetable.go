// Package filetable is the list of a folder: name, size, date, in columns whose
// heads sort. It shows what it is handed and reports intentions.
package filetable

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/kit"
	"guichet/widgets/rowlist"
)

// Row is what one line shows; its texts are finished.
type Row struct {
	Icon    fyne.Resource
	Name    string
	Size    string
	Changed string
	Dim     bool
}

// Source gives the rows.
type Source interface {
	Len() int
	Row(i int) Row
}

// Column is what the table is sorted by.
type Column int

// The columns.
const (
	Name Column = iota
	Size
	Changed
)

// Params are what a Table is made of.
type Params struct {
	NameTitle, SizeTitle, ChangedTitle string
	OnSort                             func(c Column)
	OnSelect                           func()
	OnOpen                             func(i int)
	OnMenu                             func(i int, at fyne.Position)
	OnKey                              func(*fyne.KeyEvent) bool
	OnDrag, OnDrop                     func(at fyne.Position)
	OnFocus                            func(bool)
}

// rowHeight is the height of a row in units of the design.
const rowHeight = 36

// Table is the widget.
type Table struct {
	widget.BaseWidget
	List   *rowlist.List
	p      Params
	source Source
	heads  [3]*head
	object fyne.CanvasObject
}

type none struct{}

func (none) Len() int    { return 0 }
func (none) Row(int) Row { return Row{} }

// New makes an empty table, sorted by name.
func New(p Params) *Table {
	t := &Table{p: p, source: none{}}
	t.List = rowlist.New(rowlist.Params{
		RowHeight: func() float32 { return kit.Px(rowHeight) },
		Create:    func() fyne.CanvasObject { return newRow() },
		Update: func(i int, o fyne.CanvasObject, s rowlist.State) {
			o.(*row).set(t.source.Row(i), s)
		},
		OnSelect: p.OnSelect, OnOpen: p.OnOpen, OnMenu: p.OnMenu, OnKey: p.OnKey, OnDrag: p.OnDrag, OnDrop: p.OnDrop, OnFocus: p.OnFocus,
		OnType: t.find,
	})
	for c, title := range []string{p.NameTitle, p.SizeTitle, p.ChangedTitle} {
		t.heads[c] = newHead(title, func() {
			if p.OnSort != nil {
				p.OnSort(Column(c))
			}
		})
	}
	titles := container.New(columns{}, t.heads[0], t.heads[1], t.heads[2])
	t.object = kit.Frame(kit.Column(0, titles, kit.Line()), t.List, nil)
	t.SetSort(Name, false)
	t.ExtendBaseWidget(t)
	return t
}

// CreateRenderer is called by Fyne.
func (t *Table) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(t.object) }

// SetSource shows other rows; the selection keeps its row numbers.
func (t *Table) SetSource(s Source) {
	t.source = s
	t.List.SetLength(s.Len())
}

// SetSort marks the column that the rows are sorted by.
func (t *Table) SetSort(c Column, descending bool) {
	for i, h := range t.heads {
		h.mark(Column(i) == c, descending)
	}
}

func (t *Table) find(prefix string, from int) (int, bool) {
	n := t.source.Len()
	prefix = strings.ToLower(prefix)
	for k := range n {
		if i := (from + k) % n; strings.HasPrefix(strings.ToLower(t.source.Row(i).Name), prefix) {
			return i, true
		}
	}
	return 0, false
}

// measure gives the places of the three columns: size and date keep their
// width, and go where the room is short, the date last.
func measure(width float32) (name, size, changed [2]float32) {
	left, right := kit.Px(14), width-kit.Px(14)
	dates, sizes := kit.Px(120), kit.Px(84)
	if width < kit.Px(360) {
		sizes = 0
	}
	if width < kit.Px(250) {
		dates = 0
	}
	changed = [2]float32{right - dates, dates}
	size = [2]float32{changed[0] - sizes - kit.Px(24), sizes}
	if sizes == 0 {
		size = [2]float32{changed[0], 0}
	}
	name = [2]float32{left, fyne.Max(size[0]-left-kit.Px(8), 0)}
	return name, size, changed
}

// columns lays the heads out.
type columns struct{}

func (columns) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(kit.Px(120), kit.Px(30)) }

func (columns) Layout(o []fyne.CanvasObject, s fyne.Size) {
	name, size, changed := measure(s.Width)
	for i, c := range [][2]float32{name, size, changed} {
		o[i].Move(fyne.NewPos(c[0], 0))
		o[i].Resize(fyne.NewSize(c[1], s.Height))
		if c[1] > 0 {
			o[i].Show()
		} else {
			o[i].Hide()
		}
	}
}

// head is a column's title; a click sorts.
type head struct {
	widget.BaseWidget
	text   *kit.Text
	arrow  *kit.Image
	tapped func()
}

func newHead(title string, tapped func()) *head {
	h := &head{
		text:  kit.NewText(title, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}),
		arrow: kit.NewImage(kit.Icon("sort-up"), 12, kit.ColorQuiet), tapped: tapped,
	}
	h.arrow.Hide()
	h.ExtendBaseWidget(h)
	return h
}

func (h *head) mark(on, descending bool) {
	icon := "sort-up"
	if descending {
		icon = "sort-down"
	}
	h.arrow.SetResource(kit.Icon(icon), kit.ColorQuiet)
	if on {
		h.arrow.Show()
	} else {
		h.arrow.Hide()
	}
}

// Tapped is called by Fyne.
func (h *head) Tapped(*fyne.PointEvent) { h.tapped() }

// Cursor is called by Fyne.
func (h *head) Cursor() desktop.Cursor { return desktop.PointerCursor }

// CreateRenderer is called by Fyne.
func (h *head) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(kit.Row(4, -1, h.text, h.arrow))
}

// row draws one file.
type row struct {
	widget.BaseWidget
	ground  *kit.Box
	line    *kit.Box
	focus   *kit.Box
	icon    *kit.Image
	name    *kit.Text
	size    *kit.Text
	changed *kit.Text
}

func newRow() *row {
	r := &row{
		ground: kit.NewBox(kit.BoxStyle{}), line: kit.Line(), focus: kit.NewBox(kit.BoxStyle{Fill: kit.ColorPrimary}),
		icon: kit.NewImage(nil, 17, kit.ColorText), name: kit.NewText("", kit.TextStyle{Shrink: true}),
		size:    kit.NewText("", kit.TextStyle{Align: fyne.TextAlignTrailing}),
		changed: kit.NewText("", kit.TextStyle{Color: kit.ColorQuiet, Shrink: true}),
	}
	r.ExtendBaseWidget(r)
	return r
}

func (r *row) set(v Row, s rowlist.State) {
	ground := kit.ColorNone
	switch {
	case s.Selected:
		ground = kit.ColorSelection
	case s.Hovered:
		ground = kit.ColorHover
	}
	r.ground.SetStyle(kit.BoxStyle{Fill: ground})
	if on := s.Current && s.Focused; on != r.focus.Visible() {
		if on {
			r.focus.Show()
		} else {
			r.focus.Hide()
		}
	}
	colour := kit.ColorText
	if v.Dim {
		colour = kit.ColorQuiet
	}
	r.icon.SetResource(v.Icon, colour)
	r.name.Set(v.Name, kit.TextStyle{Shrink: true, Color: colour})
	r.size.SetText(v.Size)
	r.changed.SetText(v.Changed)
	r.layout(r.Size())
}

func (r *row) layout(s fyne.Size) {
	name, size, changed := measure(s.Width)
	r.ground.Resize(s)
	r.focus.Resize(fyne.NewSize(kit.Px(3), s.Height-1))
	r.line.Move(fyne.NewPos(0, s.Height-1))
	r.line.Resize(fyne.NewSize(s.Width, 1))
	icon := r.icon.MinSize()
	r.icon.Move(fyne.NewPos(name[0], (s.Height-icon.Height)/2))
	r.icon.Resize(icon)
	shift := icon.Width + kit.Px(8)
	h := r.name.MinSize().Height
	y := (s.Height - h) / 2
	r.name.Move(fyne.NewPos(name[0]+shift, y))
	r.name.Resize(fyne.NewSize(fyne.Max(name[1]-shift, 0), h))
	natural := r.size.MinSize().Width
	r.size.Move(fyne.NewPos(size[0]+size[1]-natural, y))
	r.size.Resize(fyne.NewSize(natural, h))
	r.size.Hidden = size[1] == 0
	r.changed.Move(fyne.NewPos(changed[0], y))
	r.changed.Resize(fyne.NewSize(changed[1], h))
	r.changed.Hidden = changed[1] == 0
}

// CreateRenderer is called by Fyne.
func (r *row) CreateRenderer() fyne.WidgetRenderer { return &renderer{r} }

type renderer struct{ r *row }

func (o *renderer) Destroy()              {}
func (o *renderer) Layout(size fyne.Size) { o.r.layout(size) }
func (o *renderer) MinSize() fyne.Size    { return fyne.NewSize(kit.Px(120), kit.Px(rowHeight)) }

func (o *renderer) Refresh() {
	for _, c := range o.Objects() {
		c.Refresh()
	}
}

func (o *renderer) Objects() []fyne.CanvasObject {
	r := o.r
	return []fyne.CanvasObject{r.ground, r.line, r.focus, r.icon, r.name, r.size, r.changed}
}
