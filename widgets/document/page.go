package document

import (
	"image"
	"image/color"
)

// Page is a laid-out document as the widget needs it. Lengths are CSS pixels
// from the page's top left corner. A page is immutable; Paint is called by
// worker goroutines, several at once, everything else on the UI goroutine.
type Page interface {
	Size() (w, h float32)
	Background() color.NRGBA
	// Paint draws the part of the page whose corner is x, y over dst, which holds
	// the background, with scale device pixels per CSS pixel.
	Paint(dst *image.RGBA, x, y, scale float32)

	Hit(x, y float32) Hit
	// Position is the place in the text nearest to a point.
	Position(x, y float32) int
	Word(position int) Range
	Paragraph(position int) Range
	All() Range
	// Rects are the boxes to highlight for a range.
	Rects(Range) []Rect
	// Caret is where a caret at a position stands: a box without width.
	Caret(position int) Rect
	Text(Range) string
	HTML(Range) string
	Find(text string) []Range
	Anchor(name string) (y float32, ok bool)
	// Focusables are what the Tab key visits, in its order.
	Focusables() []Focusable
	// Control is a form control by its id.
	Control(id int) (Control, bool)
}

// Rect is a box on the page in CSS pixels.
type Rect struct{ X, Y, W, H float32 }

// Range is a part of a page's text. Positions stay meaningful when the same
// document is laid out again.
type Range struct{ Start, End int }

// Empty reports whether nothing is in the range.
func (r Range) Empty() bool { return r.End <= r.Start }

// Hit is what lies under a point; pointers are nil for what does not.
type Hit struct {
	Link     *Link
	Control  *Control
	Picture  *Picture
	Title    string // tooltip
	Position int
	OnText   bool
}

// Link is a hyperlink.
type Link struct {
	URL      string
	Target   string
	Download string
	Title    string
	Text     string
}

// Picture is a picture on the page.
type Picture struct {
	URL, Alt string
	Missing  bool
}

// Focusable is a link or a control with the boxes of its focus ring.
type Focusable struct {
	Link    *Link
	Control int // -1 for a link
	Rects   []Rect
}

// Kind says how a person uses a control.
type Kind string

// The kinds of controls.
const (
	Text     Kind = "text" // one line, whatever its type
	Password Kind = "password"
	Area     Kind = "textarea"
	Checkbox Kind = "checkbox"
	Radio    Kind = "radio"
	Select   Kind = "select"
	File     Kind = "file"
	Button   Kind = "button" // submit, reset and picture buttons too
	Summary  Kind = "summary"
)

// Option is an entry of a select.
type Option struct {
	Text     string
	Group    string
	Selected bool
	Disabled bool
}

// Control is a form control.
type Control struct {
	ID          int
	Kind        Kind
	Value       string
	Checked     bool
	Options     []Option
	Placeholder string
	MaxLength   int // in UTF-16 units; 0 is no limit
	Multiple    bool
	Disabled    bool
	ReadOnly    bool
	Rect        Rect
	FontSize    float32
	Color       color.NRGBA
	Background  color.NRGBA
}

// Value is what a person set a control to.
type Value struct {
	Text     string
	Checked  bool
	Selected []int
}

// Where says where a link is to be opened.
type Where int

// The places for a link.
const (
	Here   Where = iota
	NewTab       // middle click or Ctrl+click
	NewTabInFront
)

// Menu is a request for a context menu.
type Menu struct {
	Hit       Hit
	Selection string // selected text
}
