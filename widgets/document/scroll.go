package document

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

const (
	wheelFactor = 2.4 // a notch of the wheel is about three lines of text
	lineStep    = 40  // an arrow key, in Fyne units
	pageOverlap = 40  // what stays visible after a page key
	barWidth    = 12
	thumbWidth  = 8
	thumbMin    = 30
)

// snap puts an offset on a whole device pixel: tiles are drawn for those.
func (d *Document) snap(v float32) float32 {
	unit := d.pixels()
	return float32(math.Round(float64(v*unit))) / unit
}

// extent is the size of header and page in Fyne units.
func (d *Document) extent() (w, h float32) {
	if d.page == nil {
		return 0, d.headerHeight()
	}
	pw, ph := d.page.Size()
	return pw * d.zoom, d.headerHeight() + ph*d.zoom
}

// bound keeps the offsets inside the page.
func (d *Document) bound() {
	w, h := d.extent()
	size := d.Size()
	limit := func(v, length, view float32) float32 {
		// A page laid out for the view may be a bar's width off: that is no reason to scroll.
		most := length - view
		if most < 1 {
			most = 0
		}
		return d.snap(min(max(v, 0), most))
	}
	d.x, d.y = limit(d.x, w, size.Width), limit(d.y, h, size.Height)
}

// Offset is how far the page is scrolled, in CSS pixels without the header's.
func (d *Document) Offset() (x, y float32) { return d.x / d.zoom, d.y / d.zoom }

// ScrollTo scrolls to an offset in CSS pixels, as near as the page allows.
func (d *Document) ScrollTo(x, y float32) { d.scroll(x*d.zoom, y*d.zoom) }

// ScrollToAnchor scrolls to a fragment's place and reports whether there is
// one; "" and "top" are the page's top.
func (d *Document) ScrollToAnchor(name string) bool {
	if d.page == nil {
		return false
	}
	y, ok := d.page.Anchor(name)
	if !ok {
		if name == "" || name == "top" {
			d.scroll(d.x, 0)
			return true
		}
		return false
	}
	d.scroll(d.x, d.headerHeight()+y*d.zoom)
	return true
}

func (d *Document) scroll(x, y float32) {
	oldX, oldY := d.x, d.y
	d.x, d.y = x, y
	d.bound()
	if d.x == oldX && d.y == oldY {
		return
	}
	d.place()
	if d.OnScroll != nil {
		d.OnScroll(d.y / d.zoom)
	}
	d.hoverAgain()
}

// reveal scrolls as little as it takes to see a box of the page.
func (d *Document) reveal(r Rect) {
	pos, box := d.box(r)
	size := d.Size()
	fit := func(at, from, length, view float32) float32 {
		margin := min(24, view/8)
		switch {
		case from-margin < at:
			return from - margin
		case from+length+margin > at+view:
			return min(from+length+margin-view, from-margin)
		}
		return at
	}
	d.scroll(fit(d.x, pos.X, box.Width, size.Width-barWidth), fit(d.y, pos.Y, box.Height, size.Height))
}

// keepPlace moves the offset so that the text at the top of the view stays
// where it is when page is shown instead of old.
func (d *Document) keepPlace(old, page Page) {
	if d.y <= d.headerHeight() {
		return // at the top: new things above are to be seen
	}
	x, y := d.toPage(fyne.NewPos(8, 8))
	at := old.Position(x, y)
	before, after := old.Caret(at), page.Caret(at)
	d.y += (after.Y - before.Y) * d.zoom
}

// Scrolled is part of fyne.Scrollable.
func (d *Document) Scrolled(e *fyne.ScrollEvent) {
	d.scroll(d.x-e.Scrolled.DX*wheelFactor, d.y-e.Scrolled.DY*wheelFactor)
}

// bar is a scroll bar: the thumb is drawn, the mouse is handled by the document.
type bar struct {
	vertical bool
	thumb    *canvas.Rectangle
	dragFrom float32 // where in the thumb it is held
}

func newBar(vertical bool) *bar {
	b := &bar{vertical: vertical, thumb: canvas.NewRectangle(nil)}
	b.thumb.CornerRadius = thumbWidth / 2
	b.thumb.Hide()
	return b
}

// measure gives the length of the view, the page and the offset in the bar's
// direction.
func (b *bar) measure(d *Document) (view, length, offset float32) {
	w, h := d.extent()
	if b.vertical {
		return d.Size().Height, h, d.y
	}
	return d.Size().Width, w, d.x
}

// thumbAt is the thumb's start and length; ok is false if all is seen.
func (b *bar) thumbAt(d *Document) (from, length float32, ok bool) {
	view, all, offset := b.measure(d)
	if all-view < 1 || view <= 0 {
		return 0, 0, false
	}
	length = min(max(view*view/all, thumbMin), view)
	return offset / (all - view) * (view - length), length, true
}

func (b *bar) place(d *Document) {
	from, length, ok := b.thumbAt(d)
	if !ok {
		b.thumb.Hide()
		return
	}
	size := d.Size()
	inset := float32(barWidth-thumbWidth) / 2
	if b.vertical {
		b.thumb.Move(fyne.NewPos(size.Width-thumbWidth-inset, from))
		b.thumb.Resize(fyne.NewSize(thumbWidth, length))
	} else {
		b.thumb.Move(fyne.NewPos(from, size.Height-thumbWidth-inset))
		b.thumb.Resize(fyne.NewSize(length, thumbWidth))
	}
	b.thumb.Show()
}

// barAt is the bar under a point of the widget, or nil.
func (d *Document) barAt(p fyne.Position) *bar {
	size := d.Size()
	if _, _, ok := d.bars[0].thumbAt(d); ok && p.X >= size.Width-barWidth {
		return d.bars[0]
	}
	if _, _, ok := d.bars[1].thumbAt(d); ok && p.Y >= size.Height-barWidth {
		return d.bars[1]
	}
	return nil
}

func (b *bar) along(p fyne.Position) float32 {
	if b.vertical {
		return p.Y
	}
	return p.X
}

// press takes hold of the thumb, or scrolls a page towards the point.
func (b *bar) press(d *Document, p fyne.Position) {
	from, length, _ := b.thumbAt(d)
	at := b.along(p)
	view, _, _ := b.measure(d)
	switch {
	case at < from:
		b.move(d, -(view - pageOverlap))
	case at > from+length:
		b.move(d, view-pageOverlap)
	}
	from, length, _ = b.thumbAt(d)
	b.dragFrom = min(max(at-from, 0), length)
}

func (b *bar) move(d *Document, by float32) {
	if b.vertical {
		d.scroll(d.x, d.y+by)
	} else {
		d.scroll(d.x+by, d.y)
	}
}

// drag moves the thumb with the mouse.
func (b *bar) drag(d *Document, p fyne.Position) {
	view, all, offset := b.measure(d)
	_, length, ok := b.thumbAt(d)
	if !ok || view <= length {
		return
	}
	want := (b.along(p) - b.dragFrom) / (view - length) * (all - view)
	b.move(d, want-offset)
}
