package html

import (
	"context"
	"image/color"

	"guichet/services/html/display"
)

// View is a document laid out for a width. It is immutable.
type View struct {
	Width, Height float32 // CSS pixels; Width may exceed the viewport's
	List          display.List
	Background    color.NRGBA // of the canvas, below and beside the list
	// Simplified is set where the document was over a limit and the view shows
	// its plain text only; Reason is the fault that says why.
	Simplified bool
	Reason     error
}

// Layout lays the document out. It always gives a view, if need be a simplified
// one, unless ctx is done.
func (d *Document) Layout(ctx context.Context, vp Viewport) (*View, error) {
	return &View{Width: vp.Width, Background: color.NRGBA{R: 255, G: 255, B: 255, A: 255}}, ctx.Err()
}

// Hit tells what lies at the point.
func (v *View) Hit(x, y float32) Hit { return Hit{} }

// Links lists the links in reading order.
func (v *View) Links() []Link { return nil }

// Controls lists the visible form controls in reading order.
func (v *View) Controls() []Control { return nil }

// Pictures lists the images in reading order.
func (v *View) Pictures() []Picture { return nil }

// Focusable is a place that the Tab key visits: a link or a control.
type Focusable struct {
	Link    int // index in Links, or -1
	Control int // index in Controls, or -1
	Rects   []display.Rect
}

// Focusables lists what the Tab key visits, in its order (HTML, section 6.6.4:
// positive tabindex first).
func (v *View) Focusables() []Focusable { return nil }

// Anchor is the y at which the element of that id or name begins.
func (v *View) Anchor(name string) (y float32, ok bool) { return 0, false }

// Position is the place in the text nearest to the point.
func (v *View) PositionAt(x, y float32) Position { return 0 }

// Word gives the word around p.
func (v *View) Word(p Position) Range { return Range{} }

// Paragraph gives the paragraph around p.
func (v *View) Paragraph(p Position) Range { return Range{} }

// All is the whole text.
func (v *View) All() Range { return Range{} }

// Rects are the boxes to highlight for a range, one per line and run.
func (v *View) Rects(r Range) []display.Rect { return nil }

// Text is the range's text as it goes to the clipboard.
func (v *View) Text(r Range) string { return "" }

// HTML is the range as HTML with the markup around it, safe to paste: without
// scripts, handlers and style sheets.
func (v *View) HTML(r Range) string { return "" }

// Caret is where a caret at p stands: a box without width.
func (v *View) Caret(p Position) display.Rect { return display.Rect{} }

// Find lists where text occurs, letter case and the kind of white space not
// counting; at most 10,000 places.
func (v *View) Find(text string) []Range { return nil }
