// Package layout turns a styled tree into boxes, boxes into fragments, and
// fragments into a display list.
//
// The box tree (CSS 2.1, section 9.2; Display 3) has anonymous boxes where the
// specifications ask for them, and tables are fixed up (section 17.2.1), so
// that the layout functions meet legal trees only. There is one function for
// each formatting context: flow (sections 9.4.1, 10.3, 10.6, 8.3.1), inline
// (9.4.2, 10.8), tables (17.5) and flexible boxes (Flexbox 1, section 9). Grid
// containers and columns are laid out as flow: their items stand one below the
// other. Each function gives an immutable fragment; a fragment's place is kept
// by its parent. Painting order is that of CSS 2.1, appendix E.
//
// Boxes that would scroll grow with what is in them instead: a page is one
// sheet here, and everything on it can be reached and read.
package layout

import (
	"image"
	"image/color"

	"guichet/services/html/css"
	"guichet/services/html/dom"
	"guichet/services/html/style"
)

// BoxKind says which layout function a box belongs to.
type BoxKind uint8

// The kinds of boxes.
const (
	FlowBox BoxKind = iota // block container
	InlineBox
	TextBox
	BreakBox // br
	WordBreak
	ReplacedBox
	TableBox
	RowGroupBox
	RowBox
	CellBox
	CaptionBox
	ColumnGroupBox
	ColumnBox
	FlexBox
	GridBox
)

var boxNames = [...]string{
	"flow", "inline", "text", "break", "wbr", "replaced", "table", "row-group", "row", "cell", "caption", "column-group",
	"column", "flex", "grid",
}

// Box is a node of the box tree.
type Box struct {
	Kind   BoxKind
	Style  *style.Style
	Node   dom.ID // the element, or the text; of anonymous boxes the element around them
	Anon   bool   // no element of its own
	Pseudo css.PseudoElement
	Kids   []*Box
	Text   string
	// Lines is set where the kids are inline-level: the box is an inline
	// formatting context.
	Lines    bool
	Marker   *Marker
	Replaced *Replaced
	// Control is the form control that the box is, ID -1 for none.
	Control int
	// NoStart and NoEnd are set on the parts of an inline box that a block
	// split: no edge there (CSS 2.1, section 9.2.1.1).
	NoStart, NoEnd   bool
	ColSpan, RowSpan int
	Independent      bool // establishes a formatting context of its own

	content *inlineContent // of Lines boxes, made once
	table   *tableModel
	sizes   *sizes
	top     *topMargin
	through int8 // 0 unknown, 1 margins collapse through, 2 not
	cache   []cached
}

// Marker is a list item's marker.
type Marker struct {
	Text   string // with its trailing space; for copying where there is a bullet
	Bullet string // disc, circle, square, disclosure-open, disclosure-closed, "" for text
	Image  *Replaced
	Style  *style.Style
	Node   dom.ID
}

// ReplacedKind says what is painted in a replaced box.
type ReplacedKind uint8

// The kinds of replaced contents.
const (
	PictureContent ReplacedKind = iota
	ControlContent
	FrameContent
	EmptyContent // audio, canvas and what else needs scripts
)

// Replaced is the content of a replaced box with its natural size.
type Replaced struct {
	Kind    ReplacedKind
	URL     string
	Alt     string
	Image   image.Image
	Missing bool // not supplied and not failed
	Failed  bool
	W, H    float32 // natural; 0 is none
	Ratio   float32 // W / H, 0 is none
	Control *Control
}

// Control is what layout has to know of a form control to draw it.
type Control struct {
	ID          int
	Kind        string // as html.ControlKind
	Type        string
	Value       string
	Placeholder string
	Checked     bool
	Disabled    bool
	Multiple    bool
	Size        int // of text fields in characters, of lists in lines
	Rows, Cols  int
	Options     []string
	Selected    []int
	Color       color.NRGBA // of a colour field
}

// Independent reports whether a flow box of style s keeps floats and margins to
// itself (CSS 2.1, section 9.4.1).
func independent(s *style.Style) bool {
	switch s.Display {
	case style.InlineBlock, style.FlowRoot, style.Cell, style.Caption, style.InlineTable, style.Table:
		return true
	}
	return s.Float != style.NoSide || s.OutOfFlow() || s.OverflowX != "visible" || s.OverflowY != "visible" || s.Columns > 1
}

// inFlow reports whether the box takes part in its parent's flow.
func (b *Box) inFlow() bool { return b.Style.Float == style.NoSide && !b.Style.OutOfFlow() }

// inlineLevel reports whether the box stands in a line.
func (b *Box) inlineLevel() bool {
	switch b.Kind {
	case TextBox, InlineBox, BreakBox, WordBreak:
		return true
	}
	return b.Style.InlineLevel() && b.inFlow()
}
