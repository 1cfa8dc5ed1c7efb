package layout

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"guichet/services/html/text"
)

// FragmentKind says what a fragment is.
type FragmentKind uint8

// The kinds of fragments.
const (
	BoxFragment FragmentKind = iota
	LineFragment
	TextFragment
	MarkerFragment
)

// Fragment is a laid out part of a box: its border box is W by H. It never
// changes; where it stands is known to its parent, which allows to keep and
// reuse it.
type Fragment struct {
	Kind    FragmentKind
	Box     *Box
	W, H    float32
	Kids    []Placed
	Border  [4]float32 // used border widths; in collapsed tables those of the cell
	Padding [4]float32
	// Baseline is the first line's, from the top; Last the last one's. Both
	// negative if there is none.
	Baseline, Last float32
	Text           *Run
	// Cell borders of collapsed tables are painted by the table: see Collapsed.
	Collapsed *collapsed
	NoPaint   bool // neither background nor border: table wrappers, hidden empty cells
	// SoftEnd is set on lines that end where a space was.
	SoftEnd  bool
	HardEnd  bool // br, or a line feed that is kept
	NoStart  bool // of inline boxes that go on from the line before
	NoEnd    bool
	Ellipsis bool
	NewRow   bool // the first cell of a row
}

// Placed is a fragment at a place relative to its parent's border box.
type Placed struct {
	X, Y float32
	*Fragment
}

// Run is text in one line, one box and one direction.
type Run struct {
	Text   string // as drawn
	Pieces []Piece
	Ascent float32 // of the content area, from the fragment's top to the baseline
	RTL    bool
}

// Piece is a shaped part of a run.
type Piece struct {
	X     float32 // from the run's left
	Start int     // byte offset in Run.Text
	Text  string
	Spans []text.Span
}

// Dump writes the fragment tree with places relative to the page.
func (f *Fragment) Dump(w io.Writer) error {
	b := bufio.NewWriter(w)
	var walk func(p Placed, x, y float32, depth int)
	walk = func(p Placed, x, y float32, depth int) {
		x, y = x+p.X, y+p.Y
		name := [...]string{"box", "line", "text", "marker"}[p.Kind]
		if p.Kind == BoxFragment && p.Box != nil {
			name = boxNames[p.Box.Kind]
		}
		fmt.Fprintf(b, "%s%s %g,%g %gx%g", strings.Repeat("  ", depth), name, x, y, p.W, p.H)
		if p.Text != nil {
			fmt.Fprintf(b, " %q", p.Text.Text)
		}
		fmt.Fprintln(b)
		for _, k := range p.Kids {
			walk(k, x, y, depth+1)
		}
	}
	walk(Placed{Fragment: f}, 0, 0, 0)
	return b.Flush()
}

// Dump writes the box tree.
func (b *Box) Dump(w io.Writer) error {
	out := bufio.NewWriter(w)
	var walk func(b *Box, depth int)
	walk = func(b *Box, depth int) {
		fmt.Fprintf(out, "%s%s", strings.Repeat("  ", depth), boxNames[b.Kind])
		if b.Anon {
			fmt.Fprint(out, " (anonymous)")
		}
		if b.Lines {
			fmt.Fprint(out, " lines")
		}
		if b.Marker != nil {
			fmt.Fprintf(out, " marker=%q", b.Marker.Text)
		}
		if b.Kind == TextBox {
			fmt.Fprintf(out, " %q", b.Text)
		}
		fmt.Fprintln(out)
		for _, k := range b.Kids {
			walk(k, depth+1)
		}
	}
	walk(b, 0)
	return out.Flush()
}
