package layout

import "guichet/services/html/style"

// positioned lays out the absolutely positioned boxes whose containing block is
// the rectangle pad (left, top, right, bottom) of f: its padding box. Fixed boxes go
// on to the page, which passes its own size; there they stand still at the top
// of the page. It gives those that wait for another containing block.
func (l *layouter) positioned(f *Fragment, list []outOfFlow, pad [4]float32, pageW, pageH float32) []outOfFlow {
	var rest []outOfFlow
	page := pageW >= 0
	for n := 0; n < len(list); n++ {
		o := list[n]
		if o.box.Style.Position == style.Fixed && !page && !f.Box.Style.HasTransform {
			rest = append(rest, o)
			continue
		}
		p, more := l.absolute(o, pad)
		f.Kids = append(f.Kids, p)
		// What is positioned inside and not contained there comes here next.
		for _, m := range more {
			m.x += p.X
			m.y += p.Y
			list = append(list, m)
		}
		l.tick()
	}
	return rest
}

// absolute settles place and size (CSS 2.1, sections 10.3.7, 10.3.8, 10.6.4, 10.6.5).
func (l *layouter) absolute(o outOfFlow, pad [4]float32) (Placed, []outOfFlow) {
	b, s := o.box, o.box.Style
	cw, ch := max(0, pad[2]-pad[0]), max(0, pad[3]-pad[1])
	e := l.edges(b, cw)
	sp := space{W: cw, H: ch, FixW: -1, FixH: -1, Shrink: true}
	left, right := s.Left.At(cw), s.Right.At(cw)
	top, bottom := s.Top.At(ch), s.Bottom.At(ch)
	autoW := s.Width.Kind != style.Fix
	if b.Kind != ReplacedBox {
		switch {
		case s.Width.IsAuto() && !s.Left.IsAuto() && !s.Right.IsAuto() && b.Kind != TableBox:
			w := max(0, cw-left-right-e.m[1]-e.m[3]-e.horizontal())
			sp.FixW = l.clampWidth(b, w, cw, e.horizontal()) + e.horizontal()
		case autoW:
			// Shrink to fit in what the offsets leave.
			sp.W = max(0, cw-left-right)
			if s.Left.IsAuto() && s.Right.IsAuto() {
				sp.W = max(0, cw-max(0, o.x-pad[0]))
			}
			w := l.contentWidth(b, &sp, &e)
			sp.W = cw
			sp.FixW = w + e.horizontal()
		}
		if s.Height.IsAuto() && !s.Top.IsAuto() && !s.Bottom.IsAuto() && b.Kind != TableBox && !scrolls(s) && s.Aspect == 0 {
			h := max(0, ch-top-bottom-e.m[0]-e.m[2]-e.vertical())
			sp.FixH = l.clampHeight(b, h, ch, e.vertical()) + e.vertical()
		}
	}
	r := l.box(b, sp)
	x := l.axis(s.Left, s.Right, cw, r.W, &e, 3, 1, o.x-pad[0], s.RTL) + pad[0]
	y := l.axis(s.Top, s.Bottom, ch, r.H, &e, 0, 2, o.y-pad[1], false) + pad[1]
	dx, dy := l.shift(b, r.Fragment, cw, ch)
	return Placed{x + dx, y + dy, r.Fragment}, r.oof
}

// axis gives the place of a border box of that size along one axis; start and
// end index the margins.
func (l *layouter) axis(from, to style.Length, cb, size float32, e *edges, start, end int, static float32, rtl bool) float32 {
	switch {
	case from.IsAuto() && to.IsAuto():
		return static + e.m[start]
	case from.IsAuto():
		return cb - to.At(cb) - e.m[end] - size
	case to.IsAuto():
		return from.At(cb) + e.m[start]
	}
	a, z := from.At(cb), to.At(cb)
	free := cb - a - z - size
	switch {
	case e.auto[start] && e.auto[end]:
		if free < 0 && start == 3 {
			return a
		}
		return a + free/2
	case e.auto[start]:
		return cb - z - e.m[end] - size
	}
	if rtl && !e.auto[end] {
		return cb - z - e.m[end] - size
	}
	return a + e.m[start]
}
