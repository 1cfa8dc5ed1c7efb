// Package style gives every element its computed values: selector matching
// (Selectors 4) with buckets by the rightmost compound and a filter of the
// ancestors, the cascade (Cascade 4 and 5) over the user agent's sheet, HTML's
// presentational attributes (HTML, section 15), the author's sheets and the
// style attribute, custom properties (Variables 1), inheritance and computed
// values (CSS 2.1, section 6).
package style

import (
	"image/color"

	"guichet/services/html/css"
	"guichet/services/html/text"
)

// Display is the computed display (Display 3), inner and outer in one.
type Display uint8

// The values of display.
const (
	None Display = iota
	Inline
	Block
	InlineBlock
	ListItem
	FlowRoot
	Table
	InlineTable
	RowGroup
	HeaderGroup
	FooterGroup
	Row
	ColumnGroup
	Column
	Cell
	Caption
	Flex
	InlineFlex
	Grid
	InlineGrid
	Contents
)

var displayNames = [...]string{
	"none", "inline", "block", "inline-block", "list-item", "flow-root", "table", "inline-table", "table-row-group",
	"table-header-group", "table-footer-group", "table-row", "table-column-group", "table-column", "table-cell",
	"table-caption", "flex", "inline-flex", "grid", "inline-grid", "contents",
}

// String is the CSS keyword.
func (d Display) String() string { return displayNames[d] }

// Position is the computed position.
type Position uint8

// The values of position. Sticky is laid out as relative without its offsets.
const (
	Static Position = iota
	Relative
	Absolute
	Fixed
	Sticky
)

// Side is a horizontal side, for float, clear and captions.
type Side uint8

// The values of float and clear.
const (
	NoSide Side = iota
	Left
	Right
	Both
)

// Sizing says what a Length is.
type Sizing uint8

// The kinds of lengths.
const (
	Auto Sizing = iota // also "none" of maxima and "normal" of gaps
	Fix                // Sum holds
	MinContent
	MaxContent
	FitContent
	Stretch
)

// Length is a computed length: pixels, percentages and their sums.
type Length struct {
	Kind Sizing
	css.Sum
}

// Px is a length of n pixels.
func Px(n float32) Length { return Length{Kind: Fix, Sum: css.Sum{Px: n}} }

// Percent is a length of n hundredths of its base.
func Percent(n float32) Length { return Length{Kind: Fix, Sum: css.Sum{Pct: n}} }

// IsAuto reports whether the length is auto, or none for maxima.
func (l Length) IsAuto() bool { return l.Kind == Auto }

// Definite reports whether the length is pixels alone.
func (l Length) Definite() bool { return l.Kind == Fix && !l.HasPercent() }

// Align is a text-align value; Start is resolved by direction at computed time.
type Align uint8

// The values of text-align. The block kinds also align blocks, as the align
// attribute of div and the center element do.
const (
	AlignLeft Align = iota
	AlignRight
	AlignCenter
	AlignJustify
	AlignBlockLeft
	AlignBlockRight
	AlignBlockCenter
)

// Space is a white-space value.
type Space uint8

// The values of white-space.
const (
	SpaceNormal Space = iota
	SpacePre
	SpaceNowrap
	SpacePreWrap
	SpacePreLine
	SpaceBreak
)

// Collapses reports whether white space is collapsed.
func (s Space) Collapses() bool { return s == SpaceNormal || s == SpaceNowrap || s == SpacePreLine }

// KeepsLines reports whether line feeds break lines.
func (s Space) KeepsLines() bool { return s != SpaceNormal && s != SpaceNowrap }

// Wraps reports whether lines may be broken at spaces.
func (s Space) Wraps() bool { return s != SpacePre && s != SpaceNowrap }

// VAlign is a vertical-align keyword; VLength stands for Style.VAlignLength.
type VAlign uint8

// The values of vertical-align.
const (
	VBaseline VAlign = iota
	VSub
	VSuper
	VTop
	VTextTop
	VMiddle
	VBottom
	VTextBottom
	VLength
)

// LineHeight is normal, a number, or a length in pixels.
type LineHeight struct {
	Normal bool
	Number float32 // times the font size, if not 0
	Px     float32
}

// Decoration is a line that an element draws through the text in it.
type Decoration struct {
	Line  string // underline, overline, line-through
	Style string
	Color color.NRGBA
}

// Corner is a border radius: horizontal and vertical.
type Corner struct{ H, V Length }

// Background is one layer; layers are painted from the last to the first.
type Background struct {
	URL              string // absolute, if it is a picture
	Gradient         *Gradient
	RepeatX, RepeatY bool
	X, Y             Length
	// FromRight and FromBottom measure X and Y from the other side.
	FromRight, FromBottom bool
	Size                  string // "", cover, contain
	W, H                  Length
	Clip, Origin          string // border-box, padding-box, content-box
}

// Gradient is a linear or radial gradient (Images 3, section 3).
type Gradient struct {
	Radial    bool
	Repeating bool
	Angle     float32 // degrees, 0 is to the top
	Corner    string  // "to top left" and the like, instead of Angle: "tl"
	CX, CY    Length  // of a radial one
	Circle    bool
	Stops     []Stop
}

// Stop is a colour stop; At is Auto where none is given.
type Stop struct {
	Color color.NRGBA
	At    Length
}

// Content is a part of generated content (Generated Content 3).
type Content struct {
	Text    string
	Attr    string // attribute name
	Counter string
	Joiner  string // counters()
	Nested  bool   // counters()
	Kind    string // list-style-type of the counter
	URL     string
	Quote   string // open, close, no-open, no-close
}

// Counter is an entry of counter-reset or counter-increment.
type Counter struct {
	Name string
	By   int
}

// Shadow is a box shadow.
type Shadow struct {
	X, Y, Blur, Spread float32
	Color              color.NRGBA
	Inset              bool
}

// Track is a grid track's sizing.
type Track struct {
	Min, Max Length
	Fr       float32 // of Max, if not 0
}

// Style holds an element's computed values. Styles are shared between elements
// and never changed.
type Style struct {
	Display  Display
	Position Position
	Float    Side
	Clear    Side
	// OutOfFlow inline elements become blocks; WasInline keeps what they were,
	// for the static position (CSS 2.1, section 10.3.7).
	WasInline bool

	Color   color.NRGBA
	Font    text.Style
	Metrics text.Metrics // of the first available font
	Line    LineHeight

	TextAlign     Align
	TextIndent    Length
	Transform     string // text-transform
	Space         Space
	BreakAll      bool // word-break: break-all
	KeepAll       bool
	BreakAnywhere bool // overflow-wrap or word-break: break-word
	TabSize       float32
	TabPx         bool
	RTL           bool
	BidiOverride  string // embed, isolate, bidi-override, ""
	Hidden        bool   // visibility
	Collapse      bool   // visibility: collapse
	Decorations   []Decoration
	Ellipsis      bool
	VAlign        VAlign
	VAlignLength  Length // of line-height

	ListType      string // list-style-type; quoted strings begin with '"'
	ListInside    bool
	ListImage     string
	Collapsed     bool // border-collapse
	SpacingX      float32
	SpacingY      float32
	CaptionBottom bool
	HideEmpty     bool
	TableFixed    bool
	Quotes        []string
	Cursor        string
	NoPointer     bool

	Top, Right, Bottom, Left Length
	ZIndex                   int
	ZAuto                    bool
	Width, Height            Length
	MinWidth, MinHeight      Length
	MaxWidth, MaxHeight      Length
	BorderBox                bool
	Aspect                   float32 // width / height, 0 is none
	AspectAuto               bool
	Margin                   [4]Length // top, right, bottom, left
	Padding                  [4]Length
	BorderWidth              [4]float32
	BorderStyle              [4]string
	BorderColor              [4]color.NRGBA
	Radius                   [4]Corner // top left, top right, bottom right, bottom left
	OutlineWidth             float32
	OutlineStyle             string
	OutlineColor             color.NRGBA
	Background               color.NRGBA
	BackgroundClip           string
	Images                   []Background
	Shadows                  []Shadow
	OverflowX, OverflowY     string // visible, hidden, scroll, auto, clip
	Opacity                  float32
	ClipAway                 bool // clip or clip-path leave nothing: text for screen readers
	Translate                [2]Length
	HasTransform             bool
	ScaleX, ScaleY           float32

	Content   []Content
	NoContent bool // content: none or normal of a pseudo-element
	Reset     []Counter
	Increment []Counter

	ObjectFit        string
	ObjectX, ObjectY Length

	FlexDirection string
	FlexWrap      string
	Grow, Shrink  float32
	Basis         Length
	BasisContent  bool
	Order         int
	Justify       string // justify-content
	JustifyItems  string
	JustifySelf   string
	AlignContent  string
	AlignItems    string
	AlignSelf     string
	RowGap        Length
	ColumnGap     Length

	GridColumns, GridRows          []css.Value
	GridAreas                      []css.Value
	GridColumnStart, GridColumnEnd []css.Value
	GridRowStart, GridRowEnd       []css.Value
	GridFlow                       string
	GridAutoRows, GridAutoColumns  []css.Value
	Columns                        int
	ColumnWidth                    Length

	vars   *vars
	mono   bool
	serial uint32 // names the style for sharing
	// units is what the element's relative lengths were resolved with.
	units css.Metrics
}

// Units gives what relative lengths are relative to, for values that are
// resolved in layout (grid tracks).
func (s *Style) Units() *css.Metrics { return &s.units }

// LineHeightPx is the used line height.
func (s *Style) LineHeightPx() float32 {
	switch {
	case s.Line.Normal:
		return s.Metrics.LineHeight()
	case s.Line.Number != 0:
		return s.Line.Number * s.Font.Size
	}
	return s.Line.Px
}

// Clips reports whether what sticks out of the padding box is not painted.
// Scrolling boxes grow with what is in them instead: see package layout.
func (s *Style) Clips() bool {
	hid := func(o string) bool { return o == "hidden" || o == "clip" }
	return hid(s.OverflowX) || hid(s.OverflowY)
}

// OutOfFlow reports whether the element is absolutely positioned.
func (s *Style) OutOfFlow() bool { return s.Position == Absolute || s.Position == Fixed }

// InlineLevel reports whether the element takes part in a line.
func (s *Style) InlineLevel() bool {
	switch s.Display {
	case Inline, InlineBlock, InlineTable, InlineFlex, InlineGrid:
		return true
	}
	return false
}

// Anonymous is the style of a box that no element made: parent's inherited
// values and initial ones (CSS 2.1, section 9.2.1.1).
func (t *Tree) Anonymous(parent *Style, d Display) *Style {
	key := anonymousKey{parent, d}
	if s := t.anonymous[key]; s != nil {
		return s
	}
	s := new(Style)
	*s = *t.initial
	inheritAll(s, parent)
	s.units, s.vars, s.Display = parent.units, parent.vars, d
	if t.anonymous == nil {
		t.anonymous = map[anonymousKey]*Style{}
	}
	t.anonymous[key] = s
	return s
}

type anonymousKey struct {
	parent *Style
	d      Display
}

// Initial is the style of a box outside of any element.
func (t *Tree) Initial(d Display) *Style { return t.Anonymous(t.initial, d) }
