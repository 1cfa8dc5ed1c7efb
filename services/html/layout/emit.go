package layout

import (
	"strings"

	"guichet/services/html/style"
	"guichet/services/html/text"
)

// emitter puts the fragments of one line together.
type emitter struct {
	n        *liner
	frames   []frame
	stack    []int
	next     int // frame of the next openUnit
	x        float32
	baseline float32
	stretch  float32 // added to each space of a justified line
	run      *Fragment
	text     strings.Builder // of run: adding to a string would be quadratic in a long word
	runBox   *Box
	runX     float32
	runLevel uint8
}

// emit makes the line's fragment.
func (n *liner) emit(ln *pending, us []unit, frames []frame, asc, height float32, forced, hung bool) {
	s := n.b.Style
	total, spaces := float32(0), 0
	indent := float32(0)
	if n.first {
		indent = s.TextIndent.At(n.w)
	}
	for i := range us {
		total += n.width(&us[i], indent+total)
		if us[i].kind == spaceUnit && us[i].implied {
			spaces++
		}
	}
	room := ln.hi - ln.lo
	free := room - total - indent
	x := ln.lo + indent
	em := &emitter{n: n, frames: frames, stack: []int{0}, next: 1, baseline: asc}
	switch s.TextAlign {
	case style.AlignRight, style.AlignBlockRight:
		x += max(free, 0)
		if s.RTL {
			x += min(free, 0)
		}
	case style.AlignCenter, style.AlignBlockCenter:
		x += max(free, 0) / 2
	case style.AlignJustify:
		switch {
		case !forced && spaces > 0 && free > 0:
			em.stretch = free / float32(spaces)
		case s.RTL:
			x += free
		}
	default:
		if s.RTL && free < 0 {
			x += free
		}
	}
	em.x = x
	for range n.open {
		em.begin(true)
	}
	if n.ic.rtl {
		em.bidi(us)
	} else {
		for i := range us {
			em.unit(&us[i])
		}
	}
	em.flush()
	open := len(em.stack) - 1
	n.open = n.open[:0:0]
	for _, f := range em.stack[1:] {
		n.open = append(n.open, frames[f].box)
	}
	for range open {
		em.end(true)
	}
	line := &Fragment{Kind: LineFragment, Box: n.b, W: n.w, H: height, Kids: frames[0].kids, Baseline: asc, Last: asc, HardEnd: forced, SoftEnd: hung && !forced}
	if n.first && n.b.Marker != nil {
		n.marker(line, asc, ln.lo)
	}
	if s.Ellipsis && s.Clips() && total+indent > room+0.5 {
		n.ellipsis(line, ln.hi)
	}
	n.c.kids = append(n.c.kids, Placed{0, n.y, line})
	for _, o := range frames[0].oof {
		o.y += n.y
		n.c.oof = append(n.c.oof, o)
	}
	if n.c.first < 0 {
		n.c.first = n.y + asc
	}
	n.c.last = n.y + asc
}

func (e *emitter) top() *frame { return &e.frames[e.stack[len(e.stack)-1]] }

// begin opens the next inline box.
func (e *emitter) begin(continuing bool) {
	e.flush()
	f := &e.frames[e.next]
	ed := e.n.l.edges(f.box, e.n.w)
	if !continuing {
		e.x += ed.m[3]
	}
	f.startX = e.x
	if !continuing {
		e.x += ed.b[3] + ed.p[3]
	}
	e.stack = append(e.stack, e.next)
	e.next++
}

// end closes the innermost inline box; broken, it goes on in the next line.
func (e *emitter) end(broken bool) {
	e.flush()
	if len(e.stack) < 2 {
		return
	}
	f := e.top()
	e.stack = e.stack[:len(e.stack)-1]
	up := e.top()
	ed := e.n.l.edges(f.box, e.n.w)
	if !broken {
		e.x += ed.p[1] + ed.b[1]
	}
	m := f.box.Style.Metrics
	frag := &Fragment{
		Kind: BoxFragment, Box: f.box, W: e.x - f.startX, H: m.Ascent + m.Descent + ed.vertical(), Border: ed.b, Padding: ed.p,
		Baseline: -1, Last: -1, NoStart: f.continuing || f.box.NoStart, NoEnd: broken || f.box.NoEnd,
	}
	y := e.baseline + f.shift - m.Ascent - ed.p[0] - ed.b[0]
	for i := range f.kids {
		f.kids[i].X -= f.startX
		f.kids[i].Y -= y
	}
	frag.Kids = f.kids
	if containing(f.box.Style) {
		for i := range f.oof {
			f.oof[i].x -= f.startX
			f.oof[i].y -= y
		}
		rest := e.n.l.positioned(frag, f.oof, [4]float32{ed.b[3], ed.b[0], frag.W - ed.b[1], frag.H - ed.b[2]}, -1, -1)
		f.oof = rest
		for i := range f.oof {
			f.oof[i].x += f.startX
			f.oof[i].y += y
		}
	}
	up.oof = append(up.oof, f.oof...)
	up.kids = append(up.kids, e.n.l.placed(f.box, frag, f.startX, y, e.n.w, e.n.h))
	if !broken {
		e.x += ed.m[1]
	}
}

func (e *emitter) unit(u *unit) {
	n := e.n
	switch u.kind {
	case openUnit:
		e.begin(false)
	case closeUnit:
		e.end(false)
	case outUnit:
		e.flush()
		f := e.top()
		x := e.x
		if !u.box.Style.WasInline {
			x = 0
		}
		f.oof = append(f.oof, outOfFlow{u.box, x, 0, n.w})
	case atomUnit:
		e.flush()
		e.atom(u)
	case breakUnit:
		// A caret can stand before the line feed.
	case floatUnit:
	default:
		if e.run == nil || e.runBox != u.box || e.runLevel != u.level {
			e.flush()
			m := u.box.Style.Metrics
			e.run = &Fragment{Kind: TextFragment, Box: u.box, H: m.Ascent + m.Descent, Baseline: m.Ascent, Last: m.Ascent, Text: &Run{Ascent: m.Ascent, RTL: u.level%2 == 1}}
			e.runBox, e.runX, e.runLevel = u.box, e.x, u.level
		}
		w := n.width(u, e.x)
		r := e.run.Text
		r.Pieces = append(r.Pieces, Piece{X: e.x - e.runX, Start: e.text.Len(), Text: u.text, Spans: u.spans})
		e.text.WriteString(u.text)
		e.x += w
		if u.kind == spaceUnit && u.implied {
			e.x += e.stretch
		}
	}
}

// flush ends the run of text being collected.
func (e *emitter) flush() {
	if e.run == nil {
		return
	}
	f := e.top()
	e.run.W = e.x - e.runX
	e.run.Text.Text = e.text.String()
	e.text.Reset()
	f.kids = append(f.kids, Placed{e.runX, e.baseline + f.shift - e.run.Text.Ascent, e.run})
	e.run = nil
}

func (e *emitter) atom(u *unit) {
	n := e.n
	f := e.top()
	r := n.atoms[u.box]
	ed := n.l.edges(u.box, n.w)
	a := e.n.reachOf(u.box, r, &ed)
	s, edge := shiftOf(u.box.Style, f.box.Style, a.asc, a.desc)
	shift := f.shift + s
	switch edge {
	case style.VTop:
		shift = a.asc - e.baseline
	case style.VBottom:
		shift = e.n.lineHeight - e.baseline - a.desc
	}
	y := e.baseline + shift - a.asc + ed.m[0]
	p := n.l.placed(u.box, r.Fragment, e.x+ed.m[3], y, n.w, n.h)
	f.kids = append(f.kids, p)
	for _, o := range r.oof {
		o.x += p.X
		o.y += p.Y
		f.oof = append(f.oof, o)
	}
	e.x += r.W + ed.m[1] + ed.m[3]
}

// bidi puts the units of a line in visual order (UAX 9, rule L2). Inline boxes
// are kept around the logical order of what is in them.
func (e *emitter) bidi(us []unit) {
	base := uint8(e.n.ic.base)
	levels := make([]uint8, len(us))
	for i := range us {
		levels[i] = max(us[i].level, base)
		if us[i].kind == spaceUnit && i+1 == len(us) {
			levels[i] = base
		}
	}
	// Frames open in logical order, so each unit's frame is settled first.
	home := make([]int, len(us))
	stack := append([]int(nil), e.stack...)
	next := e.next
	for i := range us {
		switch us[i].kind {
		case openUnit:
			stack = append(stack, next)
			next++
		case closeUnit:
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
		}
		home[i] = stack[len(stack)-1]
	}
	for _, i := range text.VisualOrder(levels) {
		u := &us[i]
		switch u.kind {
		case openUnit, closeUnit:
			e.flush()
			e.x += e.n.width(u, e.x)
			continue
		}
		// Text stands in the root, at its own frame's height.
		if e.run != nil && (e.runBox != u.box) {
			e.flush()
		}
		keep := e.frames[0].shift
		e.frames[0].shift = e.frames[home[i]].shift
		e.stack = e.stack[:1]
		e.unit(u)
		e.flush()
		e.frames[0].shift = keep
	}
	e.stack = append(e.stack[:0], stack...)
	if len(e.stack) > 1 {
		for _, f := range e.stack[1:] {
			e.frames[f].startX = e.x
		}
	}
	e.next = next
}

// marker places a list item's marker before its first line.
func (n *liner) marker(line *Fragment, asc, lo float32) {
	m := n.b.Marker
	s := m.Style
	f := &Fragment{Kind: MarkerFragment, Box: n.b, Baseline: -1, Last: -1}
	gap := s.Font.Size * 0.5
	x := lo
	switch {
	case m.Image != nil:
		f.W, f.H = m.Image.W, m.Image.H
		x -= f.W + gap
		line.Kids = append([]Placed{{x, asc - f.H, f}}, line.Kids...)
		return
	case m.Bullet != "":
		d := float32(int(s.Font.Size*0.35 + 0.5))
		f.W, f.H = d, d
		x -= d + gap + 1
		if s.RTL {
			x = n.w + gap + 1
		}
		line.Kids = append([]Placed{{x, asc - s.Metrics.XHeight/2 - d/2, f}}, line.Kids...)
		return
	}
	t := m.Text
	font := s.Font
	spans := n.l.Fonts.Shape(t, font)
	f.Text = &Run{Text: strings.TrimRight(t, " ") + " ", Ascent: s.Metrics.Ascent, Pieces: []Piece{{Text: t, Spans: spans}}}
	f.W, f.H = text.Width(spans), s.Metrics.Ascent+s.Metrics.Descent
	x -= f.W
	if s.RTL {
		x = n.w
	}
	line.Kids = append([]Placed{{x, asc - s.Metrics.Ascent, f}}, line.Kids...)
}

// ellipsis cuts the text that sticks out of a clipped line (UI 4, section 6.1).
func (n *liner) ellipsis(line *Fragment, limit float32) {
	s := n.b.Style
	f := s.Font
	spans := n.l.Fonts.Shape("…", f)
	limit -= text.Width(spans)
	var cut func(kids []Placed, x float32) ([]Placed, float32, bool)
	cut = func(kids []Placed, x float32) ([]Placed, float32, bool) {
		for i := range kids {
			k := kids[i]
			if x+k.X+k.W <= limit {
				continue
			}
			switch {
			case k.Text != nil:
				r := *k.Text
				r.Pieces = nil
				end := x + k.X
				for _, p := range k.Text.Pieces {
					w := text.Width(p.Spans)
					if x+k.X+p.X+w > limit {
						// Whole characters only.
						rs := []rune(p.Text)
						for len(rs) > 0 {
							sp := n.l.Fonts.Shape(string(rs), k.Box.Style.Font)
							if x+k.X+p.X+text.Width(sp) <= limit {
								r.Pieces = append(r.Pieces, Piece{X: p.X, Start: p.Start, Text: string(rs), Spans: sp})
								end = x + k.X + p.X + text.Width(sp)
								break
							}
							rs = rs[:len(rs)-1]
						}
						break
					}
					r.Pieces = append(r.Pieces, p)
					end = x + k.X + p.X + w
				}
				c := *k.Fragment
				c.Text = &r
				return append(append([]Placed(nil), kids[:i]...), Placed{k.X, k.Y, &c}), end, true
			case k.Kind == BoxFragment && k.Box != nil && k.Box.Kind == InlineBox:
				c := *k.Fragment
				var end float32
				var ok bool
				if c.Kids, end, ok = cut(k.Kids, x+k.X); ok {
					return append(append([]Placed(nil), kids[:i]...), Placed{k.X, k.Y, &c}), end, true
				}
			default:
				return append([]Placed(nil), kids[:i]...), x + k.X, true
			}
		}
		return kids, 0, false
	}
	kids, end, ok := cut(line.Kids, 0)
	if !ok {
		return
	}
	m := s.Metrics
	dots := &Fragment{
		Kind: TextFragment, Box: &Box{Kind: TextBox, Style: s, Node: n.b.Node, Anon: true, Control: -1}, W: text.Width(spans), H: m.Ascent + m.Descent,
		Baseline: m.Ascent, Last: m.Ascent, Ellipsis: true, Text: &Run{Ascent: m.Ascent, Pieces: []Piece{{Text: "…", Spans: spans}}},
	}
	line.Kids = append(kids, Placed{max(end, 0), line.Baseline - m.Ascent, dots})
}
