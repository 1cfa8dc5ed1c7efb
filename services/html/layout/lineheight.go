package layout

import (
	"guichet/services/html/style"
)

// frame is an inline box (or the line's root) in one line: its baseline below
// the root's, and how far it reaches from its baseline, leading included.
type frame struct {
	box        *Box
	shift      float32
	asc, desc  float32
	edge       style.VAlign // VTop and VBottom wait for the line's height
	parent     int
	text       bool // counts for the line's height
	continuing bool // begun on a line before
	// While the line is put together:
	startX float32
	kids   []Placed // relative to the line
	oof    []outOfFlow
}

func (n *liner) frameOf(b *Box) frame {
	s := b.Style
	m := s.Metrics
	lead := s.LineHeightPx() - m.Ascent - m.Descent
	up := float32(int(lead / 2))
	if lead < 0 && up*2 != lead {
		up = lead / 2
	}
	return frame{box: b, asc: m.Ascent + up, desc: m.Descent + lead - up}
}

// shiftOf is the baseline shift of vertical-align against the parent's baseline
// (CSS 2.1, section 10.8.1), for a box that reaches asc above and desc below
// its own baseline.
func shiftOf(s, parent *style.Style, asc, desc float32) (float32, style.VAlign) {
	pm := parent.Metrics
	switch s.VAlign {
	case style.VSub:
		return parent.Font.Size / 5, 0
	case style.VSuper:
		return -parent.Font.Size / 3, 0
	case style.VTextTop:
		return asc - pm.Ascent, 0
	case style.VTextBottom:
		return pm.Descent - desc, 0
	case style.VMiddle:
		return (asc-desc)/2 - pm.XHeight/2, 0
	case style.VLength:
		return -s.VAlignLength.At(s.LineHeightPx()), 0
	case style.VTop, style.VBottom:
		return 0, s.VAlign
	}
	return 0, 0
}

// reach is an atomic box's extent around the root's baseline.
type reach struct {
	asc, desc, shift float32
	edge             style.VAlign
}

// measure makes the frames of a line; frame 0 is the root. rects hold the
// extents of atomic boxes by unit index.
func (n *liner) measure(us []unit) ([]frame, map[int]reach) {
	frames := []frame{n.strut}
	frames[0].text = !n.quirksLine()
	stack := []int{0}
	push := func(b *Box, continuing bool) {
		f := n.frameOf(b)
		p := &frames[stack[len(stack)-1]]
		s, edge := shiftOf(b.Style, p.box.Style, f.asc, f.desc)
		f.shift, f.edge, f.parent = p.shift+s, edge, stack[len(stack)-1]
		f.text = !n.quirksLine()
		f.continuing = continuing
		e := n.l.edges(b, n.w)
		if e.horizontal() != 0 {
			f.text = true
		}
		stack = append(stack, len(frames))
		frames = append(frames, f)
	}
	for _, b := range n.open {
		push(b, true)
	}
	rects := map[int]reach{}
	for i := range us {
		u := &us[i]
		f := &frames[stack[len(stack)-1]]
		switch u.kind {
		case openUnit:
			push(u.box, false)
		case closeUnit:
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
		case wordUnit, spaceUnit, tabUnit, breakUnit:
			if u.kind != wordUnit || u.text != "" {
				f.text = true
			}
		case atomUnit:
			n.width(u, 0)
			r := n.atoms[u.box]
			e := n.l.edges(u.box, n.w)
			a := n.reachOf(u.box, r, &e)
			s, edge := shiftOf(u.box.Style, f.box.Style, a.asc, a.desc)
			a.shift, a.edge = f.shift+s, edge
			rects[i] = a
		}
	}
	return frames, rects
}

// reachOf is the extent of an atomic box: its baseline is that of its last line,
// else its lower margin edge.
func (n *liner) reachOf(b *Box, r result, e *edges) reach {
	h := r.H + e.m[0] + e.m[2]
	asc := h
	switch {
	case b.Kind == ReplacedBox:
		if r.Baseline >= 0 {
			asc = e.m[0] + r.Baseline
		}
	case b.Style.Clips():
	case b.Kind == TableBox || b.Kind == FlexBox || b.Kind == GridBox:
		if r.Baseline >= 0 {
			asc = e.m[0] + r.Baseline
		}
	case r.Last >= 0:
		asc = e.m[0] + r.Last
	}
	return reach{asc: asc, desc: h - asc}
}

// extent is how far a line reaches above (negative) and below the root's
// baseline (CSS 2.1, section 10.8). It settles the shifts of what is aligned to
// the line's edges.
func extent(frames []frame, rects map[int]reach) (top, bottom float32) {
	some := false
	see := func(t, b float32) {
		if !some {
			top, bottom, some = t, b, true
			return
		}
		top, bottom = min(top, t), max(bottom, b)
	}
	for i := range frames {
		f := &frames[i]
		if f.text && f.edge == 0 && !edged(frames, i) {
			see(f.shift-f.asc, f.shift+f.desc)
		}
	}
	for _, a := range rects {
		if a.edge == 0 {
			see(a.shift-a.asc, a.shift+a.desc)
		}
	}
	grow := func(edge style.VAlign, h float32) {
		if bottom-top >= h {
			return
		}
		if edge == style.VTop {
			bottom = top + h
		} else {
			top = bottom - h
		}
	}
	for i := range frames {
		if f := &frames[i]; f.edge != 0 && f.text {
			grow(f.edge, f.asc+f.desc)
		}
	}
	for _, a := range rects {
		if a.edge == style.VTop {
			grow(a.edge, a.asc+a.desc)
		}
	}
	for _, a := range rects {
		if a.edge == style.VBottom {
			grow(a.edge, a.asc+a.desc)
		}
	}
	for i := range frames {
		switch f := &frames[i]; f.edge {
		case style.VTop:
			settle(frames, i, top+f.asc)
		case style.VBottom:
			settle(frames, i, bottom-f.desc)
		}
	}
	for i, a := range rects {
		switch a.edge {
		case style.VTop:
			a.shift = top + a.asc
		case style.VBottom:
			a.shift = bottom - a.desc
		}
		rects[i] = a
	}
	return top, bottom
}

// edged reports whether an ancestor frame is aligned to the line's edges.
func edged(frames []frame, i int) bool {
	for i > 0 {
		i = frames[i].parent
		if frames[i].edge != 0 {
			return true
		}
	}
	return false
}

// settle moves a frame and all that are in it.
func settle(frames []frame, i int, to float32) {
	d := to - frames[i].shift
	frames[i].shift = to
	for k := i + 1; k < len(frames); k++ {
		for p := k; p > 0; {
			p = frames[p].parent
			if p == i {
				frames[k].shift += d
				break
			}
		}
	}
}
