package filetable

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/kit"
	"guichet/widgets/rowlist"
)

// row draws one file.
type row struct {
	widget.BaseWidget
	t      *Table
	ground *kit.Box
	line   *kit.Box
	focus  *kit.Box
	icon   *kit.Image
	cells  [columnCount]*kit.Text
}

func newRow(t *Table) *row {
	r := &row{
		t: t, ground: kit.NewBox(kit.BoxStyle{}), line: kit.Line(), focus: kit.NewBox(kit.BoxStyle{Fill: kit.ColorPrimary}),
		icon: kit.NewImage(nil, 17, kit.ColorText),
	}
	for c := range r.cells {
		style := kit.TextStyle{Color: kit.ColorQuiet, Shrink: true}
		switch Column(c) {
		case Name:
			style.Color = kit.ColorText
		case Size:
			style = kit.TextStyle{Align: fyne.TextAlignTrailing}
		case Mode:
			style.Mono, style.Size = true, kit.SizeSmall
		}
		r.cells[c] = kit.NewText("", style)
	}
	r.ExtendBaseWidget(r)
	return r
}

// ground gives the look of what lies under a row or tile.
func ground(s rowlist.State, marked bool) kit.BoxStyle {
	switch {
	case marked:
		return kit.BoxStyle{Fill: kit.ColorSelection, Edge: kit.ColorPrimary, Stroke: 2, Radius: 6}
	case s.Selected:
		return kit.BoxStyle{Fill: kit.ColorSelection}
	case s.Hovered:
		return kit.BoxStyle{Fill: kit.ColorHover}
	}
	return kit.BoxStyle{}
}

// colours gives those of the name and the icon.
func colours(v Row) (text, icon fyne.ThemeColorName) {
	text = kit.ColorText
	if v.Dim {
		text = kit.ColorQuiet
	}
	if v.IconColor != kit.ColorNone && !v.Dim {
		return text, v.IconColor
	}
	return text, text
}

func (r *row) set(v Row, s rowlist.State, marked bool) {
	r.ground.SetStyle(ground(s, marked))
	if on := s.Current && s.Focused; on != r.focus.Visible() {
		if on {
			r.focus.Show()
		} else {
			r.focus.Hide()
		}
	}
	text, icon := colours(v)
	r.icon.SetResource(v.Icon, icon)
	r.cells[Name].Set(v.Name, kit.TextStyle{Shrink: true, Color: text})
	r.cells[Size].SetText(v.Size)
	r.cells[Changed].SetText(v.Changed)
	r.cells[Mode].SetText(v.Mode)
	r.cells[Owner].SetText(v.Owner)
	r.layout(r.Size())
}

func (r *row) layout(s fyne.Size) {
	at := r.t.measure(s.Width)
	r.ground.Resize(s)
	r.focus.Resize(fyne.NewSize(kit.Px(3), s.Height-1))
	r.line.Move(fyne.NewPos(0, s.Height-1))
	r.line.Resize(fyne.NewSize(s.Width, 1))
	icon := r.icon.MinSize()
	r.icon.Move(fyne.NewPos(at[Name][0], (s.Height-icon.Height)/2))
	r.icon.Resize(icon)
	at[Name][0] += icon.Width + kit.Px(8)
	at[Name][1] = fyne.Max(at[Name][1]-icon.Width-kit.Px(8), 0)
	for c, cell := range r.cells {
		cell.Hidden = at[c][1] == 0
		if cell.Hidden {
			continue
		}
		x, w, h := at[c][0], at[c][1], cell.MinSize().Height
		if Column(c) == Size {
			x, w = x+w-cell.MinSize().Width, cell.MinSize().Width
		}
		cell.Move(fyne.NewPos(x, (s.Height-h)/2))
		cell.Resize(fyne.NewSize(w, h))
	}
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
	objects := []fyne.CanvasObject{r.ground, r.line, r.focus, r.icon}
	for c, cell := range r.cells {
		if r.t.shown[c] {
			objects = append(objects, cell)
		}
	}
	return objects
}
