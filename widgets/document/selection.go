package document

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// choice is the selection.
type choice struct {
	r      Range
	begun  bool
	anchor Range             // what the first click took in
	unit   func(p int) Range // grows the selection by words or paragraphs
	rects  []Rect            // of r on the page that is shown
}

// Selection is the selected range of text.
func (d *Document) Selection() Range { return d.choice.r }

// Select selects a range.
func (d *Document) Select(r Range) {
	d.choice.anchor, d.choice.begun, d.choice.unit = r, true, nil
	d.selectRange(r)
}

// SelectAll selects the whole text.
func (d *Document) SelectAll() {
	if d.page != nil {
		d.Select(d.page.All())
	}
}

// SelectedText is the selection as text; "" if nothing is selected.
func (d *Document) SelectedText() string {
	if d.page == nil || d.choice.r.Empty() {
		return ""
	}
	return d.page.Text(d.choice.r)
}

// SelectedHTML is the selection as HTML; "" if nothing is selected.
func (d *Document) SelectedHTML() string {
	if d.page == nil || d.choice.r.Empty() {
		return ""
	}
	return d.page.HTML(d.choice.r)
}

// Copy puts the selected text on the clipboard and reports whether there was any.
func (d *Document) Copy() bool {
	text := d.SelectedText()
	if text == "" {
		return false
	}
	fyne.CurrentApp().Clipboard().SetContent(text)
	return true
}

func (d *Document) selectRange(r Range) {
	if r == d.choice.r && d.choice.rects != nil {
		return
	}
	d.choice.r = r
	d.choice.rects = d.rects(r)
	d.drawMarks()
	if d.OnSelect != nil {
		d.OnSelect()
	}
}

func (d *Document) rects(r Range) []Rect {
	if d.page == nil || r.Empty() {
		return []Rect{}
	}
	return d.page.Rects(r)
}

// extendTo selects from where the selection began to a point.
func (d *Document) extendTo(p fyne.Position) {
	x, y := d.toPage(p)
	at := d.page.Position(x, y)
	to := Range{at, at}
	if d.choice.unit != nil {
		to = d.choice.unit(at)
	}
	from := d.choice.anchor
	d.selectRange(Range{min(from.Start, to.Start), max(from.End, to.End)})
}

// drawMarks draws selection, places found and the focus ring where they are seen.
func (d *Document) drawMarks() {
	if d.page == nil {
		d.findLayer.Objects, d.pickLayer.Objects, d.ringLayer.Objects = nil, nil, nil
		return
	}
	seen := d.visible()
	d.pickLayer.Objects = d.marks(d.choice.rects, seen, chosenColor)
	d.findLayer.Objects = d.search.marks(d, seen)
	d.ringLayer.Objects = d.focus.marks(d, seen)
	d.content.Move(d.content.Position()) // has the window drawn
}

func (d *Document) marks(rects []Rect, seen Rect, c color.Color) []fyne.CanvasObject {
	var out []fyne.CanvasObject
	for _, r := range rects {
		if !r.overlaps(seen) {
			continue
		}
		o := canvas.NewRectangle(c)
		pos, size := d.box(r)
		o.Move(pos)
		o.Resize(size)
		out = append(out, o)
	}
	return out
}

// chosenColor lies over the text: on light and on dark pages it is seen, and
// what is under it can be read.
var chosenColor = color.NRGBA{R: 0x3A, G: 0x9B, B: 0xD8, A: 0x50}

// translucent lets the text show through a colour.
func translucent(c color.Color, alpha uint8) color.Color {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	n.A = min(n.A, alpha)
	return n
}
