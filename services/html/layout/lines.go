package layout

import (
	"slices"

	"guichet/services/html/text"
)

// liner cuts an inline formatting context into lines.
type liner struct {
	l      *layouter
	b      *Box
	ic     *inlineContent
	w, h   float32
	fl     *floats
	x0, y0 float32
	y      float32
	c      contents
	open   []*Box // inline boxes that go on from the line before
	atoms  map[*Box]result
	first  bool
	strut  frame
	us     []unit
	cloned bool
	// lineHeight is that of the line being put together.
	lineHeight float32
}

// lines lays out a Lines box's content (CSS 2.1, section 9.4.2).
func (l *layouter) lines(b *Box, w float32, fl *floats, x0, y0 float32) contents {
	n := &liner{l: l, b: b, ic: l.content(b), w: w, h: -1, fl: fl, x0: x0, y0: y0, atoms: map[*Box]result{}, first: true}
	n.c = contents{first: -1, last: -1}
	n.strut = n.frameOf(b)
	n.run()
	n.c.height = n.y
	return n.c
}

// pending is the line being filled.
type pending struct {
	lo, hi float32 // the band, in x relative to the content box
	from   int
	to     int
	w      float32 // so far, trailing spaces included
	used   float32 // without trailing spaces
	words  bool    // something that takes room is in
	units  []unit  // replaces [from, to) where a word was cut
}

func (n *liner) band(h float32) (float32, float32) {
	lo, hi := n.fl.edges(n.y0+n.y, h, n.x0, n.x0+n.w)
	return lo - n.x0, hi - n.x0
}

func (n *liner) run() {
	n.us = n.ic.units
	if !n.ic.visible {
		// No line box: only floats and positioned boxes are placed.
		for i := range n.us {
			n.aside(&n.us[i])
		}
		return
	}
	for i := 0; i < len(n.us); {
		n.l.tick()
		i = n.line(i)
	}
	if n.first && n.b.Marker != nil {
		n.finishLine(&pending{hi: n.w}, nil, true)
	}
}

// line fills one line from unit i on and gives the unit where the next begins.
func (n *liner) line(i int) int {
	us := n.us
	ln := pending{from: i}
	ln.lo, ln.hi = n.band(max(n.strut.asc+n.strut.desc, 1))
	if n.first {
		ln.w = n.b.Style.TextIndent.At(n.w)
		ln.used = ln.w
	}
	var late []*Box // floats that did not fit beside what is already in the line
	end := func(next int, forced bool) int {
		cut := us[ln.from:ln.to]
		if ln.units != nil {
			cut = ln.units
		}
		n.finishLine(&ln, cut, forced)
		for _, k := range late {
			n.placeFloat(k, n.y)
		}
		return next
	}
	for i < len(us) {
		// A group runs to the next opportunity.
		j := i
		var gw, solid, trail float32
		words, forced := false, false
		for j < len(us) {
			u := &us[j]
			if j > i && u.breaks {
				break
			}
			w := n.width(u, ln.w+gw+trail)
			switch u.kind {
			case breakUnit:
				forced = true
			case spaceUnit:
				if u.hangs {
					if u.implied && !ln.words && !words {
						break // at the start of a line: nothing
					}
					trail += w
					break
				}
				gw += trail + w
				trail, solid, words = 0, gw, true
			case floatUnit, outUnit:
			default:
				gw += trail + w
				trail = 0
				solid = gw
				words = words || u.kind == wordUnit || u.kind == atomUnit || u.kind == tabUnit || w != 0
			}
			j++
			if forced {
				break
			}
		}
		room := ln.hi - ln.lo
		if words && ln.w+solid > room+0.01 {
			if ln.words {
				return end(i, false)
			}
			if nx, ok := n.fl.next(n.y0 + n.y); ok && (ln.hi < n.w-0.01 || ln.lo > 0.01) {
				// Floats narrow the line: go below the next one that ends.
				n.y = max(nx-n.y0, n.y+0.01)
				ln.lo, ln.hi = n.band(max(n.strut.asc+n.strut.desc, 1))
				n.l.tick()
				continue
			}
			if k, parts := n.cut(us, i, j, room-ln.w); k >= 0 {
				ln.units = append(append([]unit(nil), us[ln.from:k]...), parts[0])
				ln.to = k
				ln.words = true
				// The units belong to the box and serve other widths too.
				if !n.cloned {
					n.us, n.cloned = slices.Clone(n.us), true
				}
				n.us[k] = parts[1]
				return end(k, false)
			}
		}
		// The group goes in; floats in it are placed on the way.
		for k := i; k < j; k++ {
			u := &us[k]
			if u.kind == floatUnit {
				if !n.fits(u.box, ln.hi-ln.lo-ln.used) || len(late) > 0 {
					late = append(late, u.box)
					continue
				}
				n.placeFloat(u.box, n.y)
				ln.lo, ln.hi = n.band(max(n.strut.asc+n.strut.desc, 1))
			}
		}
		ln.w += gw + trail
		if words {
			ln.used = ln.w - trail
		}
		ln.words = ln.words || words
		ln.to = j
		i = j
		if forced {
			return end(i, true)
		}
	}
	return end(i, true)
}

// width is a unit's width in this line; x is where it begins, for tabs.
func (n *liner) width(u *unit, x float32) float32 {
	switch u.kind {
	case atomUnit:
		r, ok := n.atoms[u.box]
		if !ok {
			r, _ = n.l.atom(u.box, n.w, n.h)
			n.atoms[u.box] = r
		}
		e := n.l.edges(u.box, n.w)
		return r.W + e.m[1] + e.m[3]
	case tabUnit:
		if u.w <= 0 {
			return 0
		}
		k := float32(int(x/u.w)) + 1
		if k*u.w-x < u.box.Style.Metrics.Space/2 {
			k++
		}
		return k*u.w - x
	case openUnit, closeUnit:
		if u.w == 0 {
			return 0
		}
		e := n.l.edges(u.box, n.w) // percentages
		if u.kind == openUnit {
			return e.m[3] + e.b[3] + e.p[3]
		}
		return e.m[1] + e.b[1] + e.p[1]
	}
	return u.w
}

// cut breaks a word that is wider than a line, where the style allows: gives the
// unit's index and its two parts.
func (n *liner) cut(us []unit, i, j int, room float32) (int, [2]unit) {
	x := float32(0)
	for k := i; k < j; k++ {
		u := &us[k]
		w := n.width(u, x)
		if u.kind == wordUnit && x+w > room && (u.box.Style.BreakAnywhere || u.box.Style.BreakAll) && u.box.Style.Space.Wraps() {
			r := []rune(u.text)
			br := text.Breaks(r)
			at, sum := 0, float32(0)
			f := u.box.Style.Font
			f.RTL, f.Language = u.level%2 == 1, n.l.Lang
			for p := 1; p < len(r); p++ {
				if br[p]&text.Grapheme == 0 {
					continue
				}
				w := text.Width(n.l.Fonts.Shape(string(r[at:p]), f))
				if x+sum+w > room && at > 0 {
					break
				}
				// Whole prefixes are measured: ligatures and kerning count.
				if w = text.Width(n.l.Fonts.Shape(string(r[:p]), f)); x+w > room && at > 0 {
					break
				}
				at = p
				if x+w > room {
					break
				}
			}
			if at == 0 {
				return -1, [2]unit{}
			}
			a, z := *u, *u
			a.text, z.text = string(r[:at]), string(r[at:])
			a.spans, z.spans = n.l.Fonts.Shape(a.text, f), n.l.Fonts.Shape(z.text, f)
			a.w, z.w = text.Width(a.spans), text.Width(z.spans)
			a.hyphen, z.breaks = false, true
			return k, [2]unit{a, z}
		}
		x += w
	}
	return -1, [2]unit{}
}

// aside places what takes no room in the line.
func (n *liner) aside(u *unit) {
	switch u.kind {
	case floatUnit:
		n.placeFloat(u.box, n.y)
	case outUnit:
		n.c.oof = append(n.c.oof, outOfFlow{u.box, n.l.staticX(n.b, u.box, n.w), n.y, n.w})
	}
}

func (n *liner) fits(b *Box, room float32) bool {
	r := n.l.box(b, space{W: n.w, H: n.h, FixW: -1, FixH: -1, Shrink: true})
	e := n.l.edges(b, n.w)
	return r.W+e.m[1]+e.m[3] <= room+0.01
}

func (n *liner) placeFloat(b *Box, y float32) {
	p, oof := n.l.float(b, n.w, n.h, n.fl, n.y0+y, n.x0, n.x0+n.w)
	n.c.add(p, oof, n.x0, n.y0)
}

// quirksLine reports whether inline boxes without text have no height, as in
// pages from before the standards (Quirks Mode, section 3.2).
func (n *liner) quirksLine() bool { return n.l.Doc != nil && n.l.Doc.Quirks && n.b.Marker == nil }

// finishLine gives the units of a line their places.
func (n *liner) finishLine(ln *pending, us []unit, forced bool) {
	// Spaces at both ends go.
	start, end := 0, len(us)
	words := false
	for i := range us {
		switch us[i].kind {
		case wordUnit, atomUnit, tabUnit, breakUnit:
			words = true
		case spaceUnit:
			words = words || !us[i].hangs || !us[i].implied
		case openUnit, closeUnit:
			words = words || us[i].w != 0
		}
	}
	last := len(us)
	for last > 0 {
		k := us[last-1].kind
		if k == spaceUnit && us[last-1].hangs || k == closeUnit && us[last-1].w == 0 || k == outUnit || k == floatUnit || k == breakUnit || k == openUnit && us[last-1].w == 0 {
			last--
			continue
		}
		break
	}
	hung := false
	visible := make([]unit, 0, len(us))
	lead := true
	for i := start; i < end; i++ {
		u := us[i]
		if u.kind == spaceUnit && u.hangs {
			if i >= last {
				hung = true
				continue
			}
			if lead && u.implied {
				continue
			}
		}
		if u.kind == wordUnit || u.kind == atomUnit || u.kind == tabUnit || u.kind == spaceUnit {
			lead = false
		}
		visible = append(visible, u)
	}
	if !words && n.b.Marker == nil || !words && !n.first {
		// Nothing to see: no line box, but what is beside goes on.
		n.track(visible)
		return
	}
	n.hyphenate(visible, forced)
	frames, rects := n.measure(visible)
	top, bottom := extent(frames, rects)
	asc, height := -top, bottom-top
	n.lineHeight = height
	n.emit(ln, visible, frames, asc, height, forced, hung)
	n.y += height
	n.first = false
}

// track keeps the list of open inline boxes over a line that is not there.
func (n *liner) track(us []unit) {
	for i := range us {
		switch us[i].kind {
		case openUnit:
			n.open = append(n.open, us[i].box)
		case closeUnit:
			if len(n.open) > 0 {
				n.open = n.open[:len(n.open)-1]
			}
		default:
			if us[i].kind == outUnit {
				n.aside(&us[i])
			}
		}
	}
}

// hyphenate draws the soft hyphen that a line ends at.
func (n *liner) hyphenate(us []unit, forced bool) {
	if forced {
		return
	}
	for i := len(us) - 1; i >= 0; i-- {
		u := &us[i]
		if u.kind == closeUnit {
			continue
		}
		if u.kind == wordUnit && u.hyphen {
			u.text = u.text[:len(u.text)-len("\u00AD")] + "-"
			f := u.box.Style.Font
			f.Language = n.l.Lang
			u.spans = n.l.Fonts.Shape(u.text, f)
			u.w = text.Width(u.spans)
		}
		return
	}
}
