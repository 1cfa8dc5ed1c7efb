package layout

import (
	"guichet/services/html/style"
)

// margins are adjoining margins: they collapse to the largest positive plus the
// most negative one (CSS 2.1, section 8.3.1).
type margins struct{ pos, neg float32 }

func (m margins) value() float32 { return m.pos + m.neg }

func (m margins) with(v float32) margins {
	if v >= 0 {
		m.pos = max(m.pos, v)
	} else {
		m.neg = min(m.neg, v)
	}
	return m
}

func (m margins) join(o margins) margins {
	return margins{max(m.pos, o.pos), min(m.neg, o.neg)}
}

type topMargin struct {
	w float32
	m margins
}

// shares reports whether a box lays its children out in its parent's block
// formatting context.
func shares(b *Box) bool { return b.Kind == FlowBox && !b.Independent }

// topMargins are the margins that collapse into one above the box: its own and
// those of its first children where nothing is between.
func (l *layouter) topMargins(b *Box, cb float32) margins {
	if b.top != nil && b.top.w == cb {
		return b.top.m
	}
	l.tick()
	e := l.edges(b, cb)
	m := margins{}.with(e.m[0])
	if shares(b) && !b.Lines && e.p[0] == 0 && e.b[0] == 0 {
		for _, k := range b.Kids {
			if !k.inFlow() {
				continue
			}
			if k.Style.Clear != style.NoSide {
				break
			}
			m = m.join(l.topMargins(k, cb))
			if !l.collapsesThrough(k) {
				break
			}
			m = m.join(margins{}.with(l.edges(k, cb).m[2]))
		}
	}
	b.top = &topMargin{cb, m}
	return m
}

// collapsesThrough reports whether a box's top and bottom margins adjoin.
func (l *layouter) collapsesThrough(b *Box) bool {
	if b.through != 0 {
		return b.through == 1
	}
	ok := l.empty(b)
	b.through = 2
	if ok {
		b.through = 1
	}
	return ok
}

func (l *layouter) empty(b *Box) bool {
	s := b.Style
	if !shares(b) || b.Marker != nil {
		return false
	}
	if !s.Height.IsAuto() && !(s.Height.Definite() && s.Height.Px == 0) && !s.Height.HasPercent() || s.MinHeight.Definite() && s.MinHeight.Px > 0 {
		return false
	}
	if s.BorderWidth[0] != 0 || s.BorderWidth[2] != 0 || s.Padding[0].Px != 0 || s.Padding[2].Px != 0 || s.Padding[0].Pct != 0 || s.Padding[2].Pct != 0 {
		return false
	}
	if s.Aspect > 0 && !s.AspectAuto {
		return false
	}
	if b.Lines {
		return !l.content(b).visible
	}
	for _, k := range b.Kids {
		if k.inFlow() && !l.collapsesThrough(k) {
			return false
		}
	}
	return true
}

// flow lays out a block container (CSS 2.1, sections 9.4.1 and 10.6.3).
func (l *layouter) flow(b *Box, sp space) result {
	e := l.edges(b, sp.W)
	w := l.contentWidth(b, &sp, &e)
	defH := l.definiteHeight(b, &sp, &e)
	fl, x0, y0 := sp.floats, sp.x+e.b[3]+e.p[3], sp.y+e.b[0]+e.p[0]
	own := fl == nil || b.Independent
	if own {
		fl, x0, y0 = &floats{}, 0, 0
	}
	var c contents
	switch {
	case b.Lines:
		c = l.lines(b, w, fl, x0, y0)
	default:
		top := !own && e.p[0] == 0 && e.b[0] == 0
		c = l.stack(b, w, defH, fl, x0, y0, top)
	}
	auto := c.height
	// A margin at the end sticks out where nothing separates it from ours.
	sticks := !own && e.p[2] == 0 && e.b[2] == 0 && b.Style.Height.IsAuto() && sp.FixH < 0
	if !sticks {
		auto += c.end.value()
	}
	auto = max(auto, 0)
	if own {
		if y, ok := fl.clear(style.Both); ok {
			auto = max(auto, y)
		}
	}
	h := l.contentHeight(b, &sp, &e, auto, w)
	if b.Control >= 0 && h > auto && len(c.kids) > 0 {
		// Buttons centre what is in them (HTML, section 15.5.2).
		d := (h - auto) / 2
		for i := range c.kids {
			c.kids[i].Y += d
		}
		c.first, c.last = c.first+d, c.last+d
	}
	r := l.finish(b, &e, w, h, c.kids, c.oof)
	if c.first >= 0 {
		r.Baseline, r.Last = c.first+e.b[0]+e.p[0], c.last+e.b[0]+e.p[0]
	}
	r.end = margins{}.with(e.m[2])
	if sticks && h == auto {
		r.end = r.end.join(c.end)
	}
	return r
}

// contents are what lies in a content box, relative to it.
type contents struct {
	kids        []Placed
	oof         []outOfFlow
	height      float32
	end         margins // below height
	first, last float32 // baselines, negative if none
}

// stack lays out block-level children one below the other. With top, margins at
// the top have been taken out by the parent already.
func (l *layouter) stack(b *Box, w, defH float32, fl *floats, x0, y0 float32, top bool) contents {
	c := contents{first: -1, last: -1}
	c.kids = make([]Placed, 0, len(b.Kids))
	var y float32
	var ms margins
	start := true // nothing but margins so far
	for _, k := range b.Kids {
		l.tick()
		at := y + ms.value()
		if start && top {
			at = y
		}
		if k.Style.OutOfFlow() {
			c.oof = append(c.oof, outOfFlow{k, l.staticX(b, k, w), at, w})
			continue
		}
		if k.Style.Float != style.NoSide {
			p, oof := l.float(k, w, defH, fl, y0+at, x0, x0+w)
			c.add(p, oof, x0, y0)
			continue
		}
		e := l.edges(k, w)
		tm := l.topMargins(k, w)
		if l.collapsesThrough(k) {
			// It has no height: its margins join, and it stands where they end.
			ms = ms.join(tm).with(e.m[2])
			at = y + ms.value()
			if start && top {
				at = y
			}
			if cy, ok := fl.clear(k.Style.Clear); ok && cy-y0 > at {
				y, ms, start = cy-y0, margins{}.with(e.m[2]), false
				at = y
			}
			r := l.box(k, space{W: w, H: defH, FixW: -1, FixH: -1, floats: fl, x: x0 + e.m[3], y: y0 + at})
			l.put(&c, k, r, e.m[3], at, w, defH)
			continue
		}
		if !(start && top) {
			ms = ms.join(tm)
			at = y + ms.value()
		} else {
			at = y
		}
		if cy, ok := fl.clear(k.Style.Clear); ok && cy-y0 > at {
			at = cy - y0
		}
		sp := space{W: w, H: defH, FixW: -1, FixH: -1}
		var r result
		var x float32
		if shares(k) {
			cw := l.contentWidth(k, &sp, &e)
			x = l.blockX(b, k, &e, w, cw+e.horizontal())
			sp.floats, sp.x, sp.y = fl, x0+x, y0+at
			sp.FixW = cw + e.horizontal()
			r = l.box(k, sp)
		} else {
			r, x, at = l.besideFloats(b, k, &e, sp, fl, x0, y0, at)
		}
		l.put(&c, k, r, x, at, w, defH)
		y = at + r.H
		ms = r.end
		if !shares(k) {
			ms = margins{}.with(e.m[2])
		}
		start = false
	}
	c.height, c.end = y, ms
	if start && top {
		// Everything collapsed through: the parent has these margins already.
		c.end = margins{}
	}
	return c
}

// put adds a laid out child and its baselines.
func (l *layouter) put(c *contents, k *Box, r result, x, y, cbW, cbH float32) {
	p := l.placed(k, r.Fragment, x, y, cbW, cbH)
	c.kids = append(c.kids, p)
	for _, o := range r.oof {
		o.x += p.X
		o.y += p.Y
		c.oof = append(c.oof, o)
	}
	if r.Baseline >= 0 {
		if c.first < 0 {
			c.first = y + r.Baseline
		}
		c.last = y + r.Last
	}
}

// staticX is where a positioned box would have stood.
func (l *layouter) staticX(b, k *Box, w float32) float32 {
	if k.Style.WasInline && (b.Style.TextAlign == style.AlignCenter || b.Style.TextAlign == style.AlignBlockCenter) {
		return w / 2
	}
	return 0
}

// blockX gives the x of a block's border box: auto margins share what is left
// (CSS 2.1, section 10.3.3), else the parent's block alignment does.
func (l *layouter) blockX(parent, k *Box, e *edges, cb, w float32) float32 {
	free := cb - w - e.m[1] - e.m[3]
	switch {
	case free <= 0:
		if parent.Style.RTL && free < 0 && !e.auto[3] {
			return cb - e.m[1] - w
		}
		return e.m[3]
	case e.auto[1] && e.auto[3]:
		return free / 2
	case e.auto[3]:
		return free
	case e.auto[1]:
		return e.m[3]
	}
	switch parent.Style.TextAlign {
	case style.AlignBlockCenter:
		return e.m[3] + free/2
	case style.AlignBlockRight:
		return e.m[3] + free
	case style.AlignBlockLeft:
		return e.m[3]
	}
	if parent.Style.RTL {
		return e.m[3] + free
	}
	return e.m[3]
}

// besideFloats places a box that keeps to itself: not over any float, below
// them if there is no room (CSS 2.1, section 9.5).
func (l *layouter) besideFloats(b, k *Box, e *edges, sp space, fl *floats, x0, y0, at float32) (result, float32, float32) {
	w := sp.W
	for {
		lo, hi := fl.edges(y0+at, 1, x0, x0+w)
		room := hi - lo
		if room >= w-0.01 {
			r := l.box(k, sp)
			return r, l.blockX(b, k, e, w, r.W), at
		}
		try := sp
		if k.Style.Width.IsAuto() && k.Kind != ReplacedBox && k.Kind != TableBox {
			// An auto width takes what the floats leave; margins may lie under them.
			left, right := max(e.m[3], lo-x0), max(e.m[1], x0+w-hi)
			lowest, _ := l.contentSizes(k)
			if fit := w - left - right; fit >= lowest+e.horizontal() {
				try.FixW = l.clampWidth(k, max(0, fit-e.horizontal()), w, e.horizontal()) + e.horizontal()
				r := l.box(k, try)
				return r, left, at
			}
		} else {
			if k.Kind == TableBox && k.Style.Width.IsAuto() {
				try.W = room
			}
			r := l.box(k, try)
			if r.W+e.m[1]+e.m[3] <= room+0.01 {
				return r, lo - x0 + l.blockX(b, k, e, room, r.W), at
			}
		}
		n, ok := fl.next(y0 + at)
		if !ok {
			r := l.box(k, sp)
			return r, l.blockX(b, k, e, w, r.W), at
		}
		at = n - y0
		l.tick()
	}
}

// float lays out a float and finds its place; coordinates are those of the
// block formatting context.
func (l *layouter) float(k *Box, cbW, cbH float32, fl *floats, y, lo, hi float32) (Placed, []outOfFlow) {
	e := l.edges(k, cbW)
	r := l.box(k, space{W: cbW, H: cbH, FixW: -1, FixH: -1, Shrink: true})
	if cy, ok := fl.clear(k.Style.Clear); ok {
		y = max(y, cy)
	}
	x, y := fl.place(k.Style.Float, r.W+e.m[1]+e.m[3], r.H+e.m[0]+e.m[2], y, lo, hi)
	p := l.placed(k, r.Fragment, x+e.m[3], y+e.m[0], cbW, cbH)
	oof := make([]outOfFlow, 0, len(r.oof))
	for _, o := range r.oof {
		o.x += p.X
		o.y += p.Y
		oof = append(oof, o)
	}
	return p, oof
}

// add takes a float, whose place is in the coordinates of the block formatting
// context.
func (c *contents) add(p Placed, oof []outOfFlow, x0, y0 float32) {
	p.X -= x0
	p.Y -= y0
	c.kids = append(c.kids, p)
	for _, o := range oof {
		o.x -= x0
		o.y -= y0
		c.oof = append(c.oof, o)
	}
}
