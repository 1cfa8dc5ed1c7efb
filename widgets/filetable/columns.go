package filetable

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/kit"
)

// The widths of columns, in units of the design.
const (
	narrowest = 48
	widest    = 400
	// leastName is what the name keeps while other columns are shown.
	leastName = 150
	gap       = 24
	side      = 14
)

var defaultWidths = [columnCount]float32{Size: 84, Changed: 120, Mode: 92, Owner: 96}

// measure gives the places of the columns in a row of that width: each keeps
// its width, the name takes the rest, and where the room is short they go one
// after the other, the date last.
func (t *Table) measure(width float32) (at [columnCount][2]float32) {
	visible := t.shown
	room := func() float32 {
		left := width - kit.Px(2*side)
		for c := Size; c < columnCount; c++ {
			if visible[c] {
				left -= kit.Px(t.widths[c] + gap)
			}
		}
		return left
	}
	for _, c := range []Column{Owner, Mode, Size, Changed} {
		if room() >= kit.Px(leastName) {
			break
		}
		visible[c] = false
	}
	x := width - kit.Px(side)
	for _, c := range []Column{Owner, Mode, Changed, Size} {
		if !visible[c] {
			continue
		}
		w := kit.Px(t.widths[c])
		x -= w
		at[c] = [2]float32{x, w}
		x -= kit.Px(gap)
	}
	at[Name] = [2]float32{kit.Px(side), fyne.Max(x-kit.Px(side)+kit.Px(gap-8), 0)}
	return at
}

// columns lays the heads out.
type columns struct{ t *Table }

func (columns) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(kit.Px(120), kit.Px(30)) }

func (c columns) Layout(o []fyne.CanvasObject, s fyne.Size) {
	for i, at := range c.t.measure(s.Width) {
		// A head begins a little before its column: that is where it is dragged.
		before := float32(0)
		if Column(i) != Name {
			before = kit.Px(grip)
		}
		o[i].Move(fyne.NewPos(at[0]-before, 0))
		o[i].Resize(fyne.NewSize(at[1]+before, s.Height))
		if at[1] > 0 {
			o[i].Show()
		} else {
			o[i].Hide()
		}
	}
}

// grip is the part of a head, at its left edge, that moves the edge.
const grip = 12

// head is a column's title: a click sorts, a drag of its left edge changes the
// column's width.
type head struct {
	widget.BaseWidget
	t        *Table
	column   Column
	text     *kit.Text
	arrow    *kit.Image
	gripping bool
	over     float32
}

func newHead(t *Table, c Column, title string) *head {
	h := &head{
		t: t, column: c, text: kit.NewText(title, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}),
		arrow: kit.NewImage(kit.Icon("sort-up"), 12, kit.ColorQuiet),
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
func (h *head) Tapped(*fyne.PointEvent) {
	if h.t.p.OnSort != nil {
		h.t.p.OnSort(h.column)
	}
}

// TappedSecondary is called by Fyne.
func (h *head) TappedSecondary(ev *fyne.PointEvent) {
	if h.t.p.OnColumns != nil {
		h.t.p.OnColumns(ev.AbsolutePosition)
	}
}

func (h *head) atEdge() bool { return h.column != Name && h.over < kit.Px(grip) }

// MouseIn, MouseMoved and MouseOut are called by Fyne.
func (h *head) MouseIn(ev *desktop.MouseEvent) { h.over = ev.Position.X }

// MouseMoved is called by Fyne.
func (h *head) MouseMoved(ev *desktop.MouseEvent) { h.over = ev.Position.X }

// MouseOut is called by Fyne.
func (h *head) MouseOut() {}

// Dragged is called by Fyne.
func (h *head) Dragged(ev *fyne.DragEvent) {
	if !h.gripping {
		if h.column == Name || ev.Position.X-ev.Dragged.DX > kit.Px(2*grip) {
			return
		}
		h.gripping = true
	}
	h.t.SetWidth(h.column, h.t.widths[h.column]-ev.Dragged.DX/kit.Scale())
}

// DragEnd is called by Fyne.
func (h *head) DragEnd() {
	if h.gripping && h.t.p.OnWidth != nil {
		h.t.p.OnWidth(h.column, h.t.widths[h.column])
	}
	h.gripping = false
}

// Cursor is called by Fyne.
func (h *head) Cursor() desktop.Cursor {
	if h.gripping || h.atEdge() {
		return desktop.HResizeCursor
	}
	return desktop.PointerCursor
}

// CreateRenderer is called by Fyne.
func (h *head) CreateRenderer() fyne.WidgetRenderer {
	left := float32(0)
	if h.column != Name {
		left = grip
	}
	return widget.NewSimpleRenderer(kit.Inset(0, 0, 0, left, kit.Row(4, -1, h.text, h.arrow)))
}
