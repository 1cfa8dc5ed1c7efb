// Package comparetable shows two folders side by side in one table: a name, what
// each side has of it, what is to be done, and why. It shows what it is handed
// and reports intentions.
package comparetable

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/kit"
	"guichet/widgets/rowlist"
)

// Mark is a sign with its colour: never the colour alone.
type Mark struct {
	Icon  fyne.Resource
	Color fyne.ThemeColorName
	// At is where it stands between the sides: -1 left, 0 in the middle, 1 right.
	At int
}

// Cell is what one side has.
type Cell struct {
	Size, Changed string
}

// Row is what one line shows; its texts are finished.
type Row struct {
	Icon   fyne.Resource
	Folder string // what the name stands in, quiet, with a slash at its end; "" at the top
	Name   string
	Cells  [2]Cell
	Action Mark
	Reason string
	Sign   Mark // beside the reason
	Dim    bool // nothing will be done
}

// Source gives the rows.
type Source interface {
	Len() int
	Row(i int) Row
}

// Params are what a Table is made of.
type Params struct {
	NameTitle   string
	Titles      [2]string // of the sides
	ActionTitle string
	ReasonTitle string
	OnAction    func(i int) // a click on the action
	OnOpen      func(i int)
	OnMenu      func(i int, at fyne.Position)
	OnKey       func(*fyne.KeyEvent) bool
}

// rowHeight is the height of a row in units of the design.
const rowHeight = 34

// Table is the widget.
type Table struct {
	widget.BaseWidget
	List   *rowlist.List
	p      Params
	source Source
	object fyne.CanvasObject
}

type none struct{}

func (none) Len() int    { return 0 }
func (none) Row(int) Row { return Row{} }

// New makes an empty table.
func New(p Params) *Table {
	t := &Table{p: p, source: none{}}
	t.List = rowlist.New(rowlist.Params{
		RowHeight: func() float32 { return kit.Px(rowHeight) },
		Create:    func() fyne.CanvasObject { return newRow(t) },
		Update: func(i int, o fyne.CanvasObject, s rowlist.State) {
			o.(*row).set(i, t.source.Row(i), s)
		},
		OnOpen: p.OnOpen, OnMenu: p.OnMenu, OnKey: p.OnKey, OnType: t.find,
	})
	quiet := kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}
	middle := quiet
	middle.Align = fyne.TextAlignCenter
	var titles []fyne.CanvasObject
	for _, one := range []string{p.NameTitle, p.Titles[0], p.ActionTitle, p.Titles[1], p.ReasonTitle} {
		titles = append(titles, kit.NewText(one, quiet))
	}
	titles[2] = kit.NewText(p.ActionTitle, middle)
	t.object = kit.Frame(kit.Column(0, container.New(heads{}, titles...), kit.Line()), t.List, nil)
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

// span is the place of a column: where it begins and how wide it is.
type span [2]float32

// columns are the places of all columns.
type columns struct {
	name, action, reason span
	size, changed        [2]span
}

// measure gives the places: the name and the reason share what the others leave;
// where the room is short the dates go first, then the reason.
func measure(width float32) (c columns) {
	left, right := kit.Px(14), width-kit.Px(14)
	gap := kit.Px(12)
	sizes, dates, action := kit.Px(70), kit.Px(112), kit.Px(56)
	if width < kit.Px(860) {
		dates = 0
	}
	rest := right - left - 2*(sizes+dates+gap) - action - 2*gap
	if dates > 0 {
		rest -= 2 * gap
	}
	name, reason := rest*0.52, rest*0.48-gap
	if reason < kit.Px(110) {
		name, reason = rest, 0
	}
	x := left
	take := func(w float32) span {
		s := span{x, fyne.Max(w, 0)}
		if w > 0 {
			x += w + gap
		}
		return s
	}
	c.name = take(name)
	c.size[0], c.changed[0] = take(sizes), take(dates)
	c.action = take(action)
	c.size[1], c.changed[1] = take(sizes), take(dates)
	c.reason = take(reason)
	return c
}

// heads lays the titles out.
type heads struct{}

func (heads) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(kit.Px(300), kit.Px(30)) }

func (heads) Layout(o []fyne.CanvasObject, s fyne.Size) {
	c := measure(s.Width)
	side := func(i int) span {
		end := c.size[i][0] + c.size[i][1]
		if c.changed[i][1] > 0 {
			end = c.changed[i][0] + c.changed[i][1]
		}
		return span{c.size[i][0], end - c.size[i][0]}
	}
	for i, at := range []span{c.name, side(0), c.action, side(1), c.reason} {
		h := o[i].MinSize().Height
		o[i].Move(fyne.NewPos(at[0], (s.Height-h)/2))
		o[i].Resize(fyne.NewSize(at[1], h))
		if at[1] > 0 {
			o[i].Show()
		} else {
			o[i].Hide()
		}
	}
}

// row draws one name.
type row struct {
	widget.BaseWidget
	ground, line, focus *kit.Box
	icon                *kit.Image
	folder, name        *kit.Text
	size, changed       [2]*kit.Text
	action              *action
	sign                *kit.Image
	reason              *kit.Text
	at                  int
}

func newRow(t *Table) *row {
	quiet := kit.TextStyle{Color: kit.ColorQuiet, Shrink: true}
	r := &row{
		ground: kit.NewBox(kit.BoxStyle{}), line: kit.Line(), focus: kit.NewBox(kit.BoxStyle{Fill: kit.ColorPrimary}),
		icon: kit.NewImage(nil, 17, kit.ColorText), folder: kit.NewText("", quiet), name: kit.NewText("", kit.TextStyle{Shrink: true}),
		sign: kit.NewImage(nil, 14, kit.ColorQuiet), reason: kit.NewText("", quiet),
	}
	for side := range r.size {
		r.size[side] = kit.NewText("", kit.TextStyle{Align: fyne.TextAlignTrailing})
		r.changed[side] = kit.NewText("", kit.TextStyle{Color: kit.ColorQuiet, Shrink: true})
	}
	r.action = newAction(func() {
		if t.p.OnAction != nil {
			t.p.OnAction(r.at)
		}
	})
	r.ExtendBaseWidget(r)
	return r
}

func (r *row) set(i int, v Row, s rowlist.State) {
	r.at = i
	ground := kit.ColorNone
	switch {
	case s.Selected:
		ground = kit.ColorSelection
	case s.Hovered:
		ground = kit.ColorHover
	}
	r.ground.SetStyle(kit.BoxStyle{Fill: ground})
	r.focus.Hidden = !(s.Current && s.Focused)
	colour := kit.ColorText
	if v.Dim {
		colour = kit.ColorQuiet
	}
	r.icon.SetResource(v.Icon, colour)
	r.folder.SetText(v.Folder)
	r.name.Set(v.Name, kit.TextStyle{Shrink: true, Color: colour})
	for side, cell := range v.Cells {
		r.size[side].Set(cell.Size, kit.TextStyle{Align: fyne.TextAlignTrailing, Color: colour})
		r.changed[side].SetText(cell.Changed)
	}
	r.action.set(v.Action)
	r.sign.SetResource(v.Sign.Icon, v.Sign.Color)
	r.reason.Set(v.Reason, kit.TextStyle{Shrink: true, Color: colour})
	r.layout(r.Size())
}

func (r *row) layout(s fyne.Size) {
	c := measure(s.Width)
	r.ground.Resize(s)
	r.focus.Resize(fyne.NewSize(kit.Px(3), s.Height-1))
	r.line.Move(fyne.NewPos(0, s.Height-1))
	r.line.Resize(fyne.NewSize(s.Width, 1))
	put := func(o fyne.CanvasObject, at span, h float32) {
		o.Move(fyne.NewPos(at[0], (s.Height-h)/2))
		o.Resize(fyne.NewSize(at[1], h))
	}
	icon := r.icon.MinSize()
	put(r.icon, span{c.name[0], icon.Width}, icon.Height)
	h := r.name.MinSize().Height
	x, room := c.name[0]+icon.Width+kit.Px(8), c.name[1]-icon.Width-kit.Px(8)
	// The folder gives way to the name, but keeps a fifth of the room.
	folder := float32(0)
	if r.folder.Text() != "" {
		folder = fyne.Min(r.folder.NaturalWidth(), fyne.Max(room-r.name.NaturalWidth(), room/5))
	}
	put(r.folder, span{x, folder}, h)
	put(r.name, span{x + folder, fyne.Max(room-folder, 0)}, h)
	for side := range r.size {
		w := r.size[side].MinSize().Width
		put(r.size[side], span{c.size[side][0] + c.size[side][1] - w, w}, h)
		put(r.changed[side], c.changed[side], h)
		r.changed[side].Hidden = c.changed[side][1] == 0
	}
	r.action.Move(fyne.NewPos(c.action[0], kit.Px(3)))
	r.action.Resize(fyne.NewSize(c.action[1], s.Height-1-kit.Px(6)))
	sign := r.sign.MinSize()
	put(r.sign, span{c.reason[0], sign.Width}, sign.Height)
	put(r.reason, span{c.reason[0] + sign.Width + kit.Px(6), fyne.Max(c.reason[1]-sign.Width-kit.Px(6), 0)}, h)
	r.reason.Hidden = c.reason[1] == 0
	r.sign.Hidden = r.reason.Hidden
}

// CreateRenderer is called by Fyne.
func (r *row) CreateRenderer() fyne.WidgetRenderer { return &renderer{r} }

type renderer struct{ r *row }

func (o *renderer) Destroy()              {}
func (o *renderer) Layout(size fyne.Size) { o.r.layout(size) }
func (o *renderer) MinSize() fyne.Size    { return fyne.NewSize(kit.Px(300), kit.Px(rowHeight)) }

func (o *renderer) Refresh() {
	for _, c := range o.Objects() {
		c.Refresh()
	}
}

func (o *renderer) Objects() []fyne.CanvasObject {
	r := o.r
	return []fyne.CanvasObject{
		r.ground, r.line, r.focus, r.icon, r.folder, r.name, r.size[0], r.changed[0], r.action, r.size[1], r.changed[1], r.sign, r.reason,
	}
}

// action is the sign between the two sides; a click gives it another meaning.
type action struct {
	widget.BaseWidget
	box    *kit.Box
	icon   *kit.Image
	mark   Mark
	tapped func()
	on     bool
}

func newAction(tapped func()) *action {
	a := &action{box: kit.NewBox(kit.BoxStyle{Radius: 7}), icon: kit.NewImage(nil, 17, kit.ColorText), tapped: tapped}
	a.ExtendBaseWidget(a)
	return a
}

func (a *action) set(m Mark) {
	a.mark = m
	a.icon.SetResource(m.Icon, m.Color)
	a.lay(a.Size())
}

func (a *action) lay(s fyne.Size) {
	a.box.Resize(s)
	icon := a.icon.MinSize()
	x := (s.Width - icon.Width) / 2
	a.icon.Move(fyne.NewPos(x+float32(a.mark.At)*(x-kit.Px(4)), (s.Height-icon.Height)/2))
	a.icon.Resize(icon)
}

func (a *action) hover(on bool) {
	a.on = on
	style := kit.BoxStyle{Radius: 7}
	if on {
		style.Fill, style.Edge = kit.ColorSurface, kit.ColorEdge
	}
	a.box.SetStyle(style)
}

// Tapped is called by Fyne.
func (a *action) Tapped(*fyne.PointEvent) { a.tapped() }

// Cursor is called by Fyne.
func (a *action) Cursor() desktop.Cursor { return desktop.PointerCursor }

// MouseIn is called by Fyne, as are the two below.
func (a *action) MouseIn(*desktop.MouseEvent)    { a.hover(true) }
func (a *action) MouseMoved(*desktop.MouseEvent) {}
func (a *action) MouseOut()                      { a.hover(false) }

// CreateRenderer is called by Fyne.
func (a *action) CreateRenderer() fyne.WidgetRenderer { return &actionRenderer{a} }

type actionRenderer struct{ a *action }

func (o *actionRenderer) Destroy()              {}
func (o *actionRenderer) Layout(size fyne.Size) { o.a.lay(size) }
func (o *actionRenderer) MinSize() fyne.Size    { return fyne.NewSize(kit.Px(40), kit.Px(24)) }

func (o *actionRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{o.a.box, o.a.icon} }
func (o *actionRenderer) Refresh()                     { o.a.box.Refresh(); o.a.icon.Refresh() }
