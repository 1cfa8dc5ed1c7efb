// Package css reads style sheets: tokens to component values, rules and
// declarations (CSS Syntax 3), values and units (Values 4), colours (Color 4),
// selectors (Selectors 4, without :has and the exotic), media queries (Media
// Queries 4), and the longhands that shorthands stand for. What does not parse
// is dropped as the specifications say; nothing here knows a document.
package css

import (
	"image/color"
	"strconv"
	"strings"
)

// Kind is a component value's type.
type Kind uint8

// The kinds of component values.
const (
	Ident Kind = iota
	Number
	Percent
	Dimension
	String
	URL
	Function
	Colour
	Comma
	Slash
	Delim
	Block // (...) or [...]; Text is the opening bracket
	space // only between parsing and cleaning, and in custom properties
)

// Unit is a dimension's unit.
type Unit uint8

// The units (Values 4, sections 5 and 6). Angles are stored as Deg, times are
// kept but never used.
const (
	NoUnit Unit = iota
	Px
	Em
	Rem
	Ex
	Ch
	Lh
	Vw
	Vh
	Vmin
	Vmax
	Deg
	Fr
	Dppx
	Sec
)

// Value is a component value.
type Value struct {
	Kind  Kind
	Unit  Unit
	Num   float32
	Text  string // identifier and function names in lower case, but for custom names; strings unescaped
	Args  []Value
	Color Color
}

// Color is a colour value; Current stands for currentcolor.
type Color struct {
	color.NRGBA
	Current bool
}

// Is reports whether v is that identifier.
func (v Value) Is(name string) bool { return v.Kind == Ident && v.Text == name }

// IsZero reports whether v is the number 0, which stands for a length too.
func (v Value) IsZero() bool { return v.Kind == Number && v.Num == 0 }

var units = map[string]struct {
	unit  Unit
	scale float32
}{
	"px": {Px, 1}, "pt": {Px, 4.0 / 3}, "pc": {Px, 16}, "in": {Px, 96}, "cm": {Px, 96 / 2.54}, "mm": {Px, 96 / 25.4},
	"q": {Px, 96 / 101.6}, "em": {Em, 1}, "rem": {Rem, 1}, "ex": {Ex, 1}, "ch": {Ch, 1}, "lh": {Lh, 1}, "rlh": {Rem, 1.2},
	"cap": {Em, 0.7}, "ic": {Em, 1},
	"vw": {Vw, 1}, "vh": {Vh, 1}, "vmin": {Vmin, 1}, "vmax": {Vmax, 1}, "vi": {Vw, 1}, "vb": {Vh, 1},
	"svw": {Vw, 1}, "svh": {Vh, 1}, "lvw": {Vw, 1}, "lvh": {Vh, 1}, "dvw": {Vw, 1}, "dvh": {Vh, 1},
	"deg": {Deg, 1}, "grad": {Deg, 0.9}, "rad": {Deg, 57.29578}, "turn": {Deg, 360},
	"fr": {Fr, 1}, "dppx": {Dppx, 1}, "x": {Dppx, 1}, "dpi": {Dppx, 1.0 / 96}, "dpcm": {Dppx, 2.54 / 96},
	"s": {Sec, 1}, "ms": {Sec, 0.001},
}

var unitNames = [...]string{"", "px", "em", "rem", "ex", "ch", "lh", "vw", "vh", "vmin", "vmax", "deg", "fr", "dppx", "s"}

// String writes the value as CSS.
func (v Value) String() string {
	num := func() string { return strconv.FormatFloat(float64(v.Num), 'f', -1, 32) }
	switch v.Kind {
	case Ident, Delim:
		return v.Text
	case Number:
		return num()
	case Percent:
		return num() + "%"
	case Dimension:
		return num() + unitNames[v.Unit]
	case String:
		return strconv.Quote(v.Text)
	case URL:
		return "url(" + strconv.Quote(v.Text) + ")"
	case Function:
		return v.Text + "(" + Format(v.Args) + ")"
	case Block:
		return v.Text + Format(v.Args) + map[string]string{"(": ")", "[": "]", "{": "}"}[v.Text]
	case Colour:
		return v.Color.String()
	case Comma:
		return ","
	case Slash:
		return "/"
	}
	return " "
}

// String writes the colour as CSS.
func (c Color) String() string {
	if c.Current {
		return "currentcolor"
	}
	const hex = "0123456789abcdef"
	b := []byte{'#'}
	for _, x := range []uint8{c.R, c.G, c.B, c.A} {
		b = append(b, hex[x>>4], hex[x&15])
	}
	if c.A == 255 {
		b = b[:7]
	}
	return string(b)
}

// Format writes values with spaces between them.
func Format(vals []Value) string {
	var b strings.Builder
	for i, v := range vals {
		if i > 0 && v.Kind != Comma {
			b.WriteByte(' ')
		}
		b.WriteString(v.String())
	}
	return b.String()
}
