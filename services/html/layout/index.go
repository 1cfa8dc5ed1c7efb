package layout

import (
	"strings"
	"unicode/utf8"

	"guichet/services/html/display"
	"guichet/services/html/dom"
)

// Spot is a run of text at its place on the page: bytes Start to End of
// Index.Text.
type Spot struct {
	display.Rect
	Start, End int
	Run        *Run
	Box        *Box
	Line       int // counts lines of the page in tree order
}

// BoxSpot is a box fragment at its place on the page.
type BoxSpot struct {
	display.Rect
	Frag *Fragment
	// From and To enclose the text in it.
	From, To int
	Visible  display.Rect // what is left of it by clips
}

// Index is what of a page can be found, pointed at and selected. The text is in
// tree order, with line feeds between blocks and tabs between cells.
type Index struct {
	Text  string
	Spots []Spot // by Start
	Boxes []BoxSpot
	// Top is where the first fragment of a node begins.
	Top map[dom.ID]float32
}

type indexer struct {
	ix     *Index
	b      strings.Builder
	breaks int  // line feeds due before the next text
	tab    bool // a tab is due
	space  bool // a space is due
	line   int
	clip   display.Rect
}

// NewIndex walks a page's fragments.
func NewIndex(page *Fragment) *Index {
	x := &indexer{ix: &Index{Top: map[dom.ID]float32{}}, clip: display.Rect{X: -1e9, Y: -1e9, W: 2e9, H: 2e9}}
	x.walk(Placed{Fragment: page}, 0, 0)
	x.ix.Text = x.b.String()
	return x.ix
}

func (x *indexer) top(id dom.ID, y float32) {
	if _, ok := x.ix.Top[id]; !ok {
		x.ix.Top[id] = y
	}
}

func intersect(a, b display.Rect) display.Rect {
	x0, y0 := max(a.X, b.X), max(a.Y, b.Y)
	x1, y1 := min(a.X+a.W, b.X+b.W), min(a.Y+a.H, b.Y+b.H)
	return display.Rect{X: x0, Y: y0, W: max(0, x1-x0), H: max(0, y1-y0)}
}

func (x *indexer) walk(f Placed, px, py float32) {
	ax, ay := px+f.X, py+f.Y
	switch f.Kind {
	case TextFragment:
		x.text(f.Fragment, ax, ay)
		return
	case MarkerFragment:
		if m := f.Box.Marker; m != nil && m.Text != "" && !m.Style.Hidden {
			x.separate()
			x.b.WriteString(m.Text)
		}
		return
	case LineFragment:
		x.line++
		before := x.b.Len()
		for _, k := range f.Kids {
			x.walk(k, ax, ay)
		}
		if f.SoftEnd {
			x.space = true
		}
		switch {
		case f.HardEnd && x.b.Len() == before && before > 0:
			x.breaks = min(x.breaks+1, 2) // an empty line
		case f.HardEnd:
			x.breaks = max(x.breaks, 1)
		}
		return
	}
	b := f.Box
	if b == nil || f.NoPaint && b.Kind != TableBox {
		for _, k := range f.Kids {
			x.walk(k, ax, ay)
		}
		return
	}
	if b.Style.ClipAway {
		return
	}
	if !b.Anon {
		x.top(b.Node, ay)
	}
	block := b.Kind != InlineBox && !isAtomic(f.Fragment)
	gap := 0
	if block {
		gap = 1
		if s := b.Style; s.Margin[0].Px >= s.Font.Size/2 || s.Margin[2].Px >= s.Font.Size/2 {
			gap = 2
		}
		if b.Kind == CellBox {
			gap = 0
			if f.NewRow {
				gap = 1
			}
		}
		if b.Kind == RowBox || b.Kind == RowGroupBox || b.Kind == ColumnBox || b.Kind == ColumnGroupBox {
			gap = 0 // only backgrounds: the cells come after
		}
		x.breaks = max(x.breaks, gap)
	}
	clip := x.clip
	if b.Style.Clips() && b.Kind != InlineBox && b.Kind != ReplacedBox {
		r, _ := paddingBox(f.Fragment, ax, ay)
		x.clip = intersect(x.clip, r)
	}
	at := -1
	if !b.Style.Hidden || len(f.Kids) > 0 {
		at = len(x.ix.Boxes)
		r := display.Rect{X: ax, Y: ay, W: f.W, H: f.H}
		x.ix.Boxes = append(x.ix.Boxes, BoxSpot{Rect: r, Frag: f.Fragment, From: x.b.Len(), Visible: intersect(r, clip)})
	}
	for _, k := range f.Kids {
		x.walk(k, ax, ay)
	}
	if at >= 0 {
		x.ix.Boxes[at].To = x.b.Len()
	}
	x.clip = clip
	if b.Kind == CellBox {
		x.tab, x.breaks = true, 0
		return
	}
	x.breaks = max(x.breaks, gap)
}

// separate writes what is due before a text.
func (x *indexer) separate() {
	if x.b.Len() > 0 {
		switch {
		case x.breaks > 0:
			x.b.WriteString(strings.Repeat("\n", x.breaks))
		case x.tab:
			x.b.WriteByte('\t')
		case x.space:
			x.b.WriteByte(' ')
		}
	}
	x.breaks, x.tab, x.space = 0, false, false
}

func (x *indexer) text(f *Fragment, ax, ay float32) {
	if f.Ellipsis || f.Box.Style.Hidden || f.Text.Text == "" {
		return
	}
	x.separate()
	start := x.b.Len()
	x.b.WriteString(f.Text.Text)
	x.top(f.Box.Node, ay)
	x.ix.Spots = append(x.ix.Spots, Spot{
		Rect: display.Rect{X: ax, Y: ay, W: f.W, H: f.H}, Start: start, End: x.b.Len(), Run: f.Text, Box: f.Box, Line: x.line,
	})
}

// At is the byte offset in the spot's text that is nearest to x.
func (s *Spot) At(x float32) int {
	best, dist := s.Start, float32(1e18)
	s.each(func(off int, at float32) {
		d := at - x
		if d < 0 {
			d = -d
		}
		if d < dist {
			best, dist = off, d
		}
	})
	return best
}

// Edge is the x of the caret before the byte offset.
func (s *Spot) Edge(off int) float32 {
	if s.Run.RTL {
		if off <= s.Start {
			return s.X + s.W
		}
		if off >= s.End {
			return s.X
		}
	} else if off <= s.Start {
		return s.X
	} else if off >= s.End {
		return s.X + s.W
	}
	x := s.X
	found := false
	s.each(func(o int, at float32) {
		if o == off || !found && o > off {
			x, found = at, true
		}
	})
	return x
}

// each visits every caret position of the spot.
func (s *Spot) each(visit func(off int, x float32)) {
	for i := range s.Run.Pieces {
		p := &s.Run.Pieces[i]
		px := s.X + p.X
		for j := range p.Spans {
			sp := &p.Spans[j]
			off := s.Start + p.Start + byteOffset(p.Text, sp.Start)
			rest := p.Text[byteOffset(p.Text, sp.Start):]
			for _, c := range sp.Carets {
				visit(off, px+c)
				if rest != "" {
					_, n := utf8.DecodeRuneInString(rest)
					rest = rest[n:]
					off += n
				}
			}
			px += sp.Advance
		}
	}
	if s.Run.RTL {
		visit(s.End, s.X)
		return
	}
	visit(s.End, s.X+s.W)
}

func byteOffset(s string, runes int) int {
	off := 0
	for ; runes > 0 && off < len(s); runes-- {
		_, n := utf8.DecodeRuneInString(s[off:])
		off += n
	}
	return off
}

// PlainText writes the readable text of a box tree without laying it out: for
// documents that nobody looks at.
func PlainText(root *Box, limit int) string {
	var b strings.Builder
	due := 0
	space := true
	var walk func(k *Box)
	walk = func(k *Box) {
		if b.Len() > limit || k.Style.ClipAway {
			return
		}
		if m := k.Marker; m != nil && m.Text != "" {
			if b.Len() > 0 {
				b.WriteString(strings.Repeat("\n", max(due, 1)))
			}
			b.WriteString(m.Text)
			due, space = 0, true
		}
		switch k.Kind {
		case TextBox:
			if k.Style.Hidden {
				return
			}
			for _, r := range k.Text {
				if isSpace(r) && k.Style.Space.Collapses() {
					if !space {
						space = true
						due = max(due, -1)
						b.WriteByte(' ')
					}
					continue
				}
				if due > 0 && b.Len() > 0 {
					b.WriteString(strings.Repeat("\n", due))
				}
				due, space = 0, false
				b.WriteRune(r)
			}
			return
		case BreakBox:
			due, space = max(due, 1), true
			return
		}
		block := k.Kind != InlineBox && !k.inlineLevel()
		gap := 1
		if s := k.Style; s.Margin[0].Px >= s.Font.Size/2 || s.Margin[2].Px >= s.Font.Size/2 {
			gap = 2
		}
		if block {
			due, space = max(due, gap), true
		}
		for _, c := range k.Kids {
			walk(c)
		}
		if block {
			due, space = max(due, gap), true
		}
	}
	if root != nil {
		walk(root)
	}
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
