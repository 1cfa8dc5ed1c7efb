package layout

import (
	"context"

	"guichet/services/html/dom"
	"guichet/services/html/style"
	"guichet/services/html/text"
)

// Params are what a layout depends on besides the boxes.
type Params struct {
	Width, Height float32 // of the viewport
	Scale         float32
	Fonts         *text.Fonts
	Doc           *dom.Document
	Lang          string
	// Contain clips the page to its own flow: for mails.
	Contain bool
}

// stop carries the context's error out of deep recursion; Layout catches it.
type stop struct{ err error }

// layouter is one run of layout.
type layouter struct {
	Params
	ctx   context.Context
	steps int
}

// Layout lays the box tree out for a width. It fails only when the context is
// done.
func Layout(ctx context.Context, root *Box, p Params) (frag *Fragment, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(stop)
			if !ok {
				panic(r)
			}
			frag, err = nil, s.err
		}
	}()
	l := &layouter{Params: p, ctx: ctx}
	sp := space{W: p.Width, H: p.Height, FixW: -1, FixH: -1}
	e := l.edges(root, p.Width)
	out := l.box(root, sp)
	w := max(p.Width, out.W+e.m[1]+e.m[3])
	page := &Fragment{Kind: BoxFragment, W: w, Baseline: -1, Last: -1, NoPaint: true}
	x := e.m[3]
	if e.auto[1] && e.auto[3] && out.W < p.Width {
		x = (p.Width - out.W) / 2
	}
	page.Kids = append(page.Kids, l.placed(root, out.Fragment, x, e.m[0], p.Width, p.Height))
	page.H = max(e.m[0]+out.H+max(e.m[2], out.end.value()), p.Height)
	for i := range out.oof {
		out.oof[i].x += x
		out.oof[i].y += e.m[0]
	}
	l.positioned(page, out.oof, [4]float32{0, 0, p.Width, p.Height}, p.Width, p.Height)
	return page, nil
}

// tick counts work and looks at the clock now and then.
func (l *layouter) tick() {
	if l.steps++; l.steps%512 == 0 {
		if err := l.ctx.Err(); err != nil {
			panic(stop{err})
		}
	}
}

// space is where a box is laid out.
type space struct {
	W, H float32 // the containing block's; H is negative where it is not definite
	// FixW and FixH are border box sizes that the parent decided on; negative if not.
	FixW, FixH float32
	Shrink     bool // an auto width is as wide as the content asks
	// The block formatting context that a flow box shares, and the place of its
	// border box in there.
	floats *floats
	x, y   float32
}

// result is a laid out box with what its parent has to see to.
type result struct {
	*Fragment
	oof []outOfFlow
	end margins // that stick out below
}

// outOfFlow is a positioned box that waits for its containing block.
type outOfFlow struct {
	box  *Box
	x, y float32 // static position relative to the fragment's border box
	w    float32 // width of the static containing block
}

type cached struct {
	w, h, fw, fh float32
	shrink       bool
	res          result
}

// maxCache bounds how many results a box keeps.
const maxCache = 6

// box lays out any block-level or atomic box.
func (l *layouter) box(b *Box, sp space) result {
	l.tick()
	keep := b.Independent
	if keep {
		for i := range b.cache {
			c := &b.cache[i]
			if c.w == sp.W && c.h == sp.H && c.fw == sp.FixW && c.fh == sp.FixH && c.shrink == sp.Shrink {
				r := c.res
				r.oof = append([]outOfFlow(nil), r.oof...)
				return r
			}
		}
		sp.floats = nil
	}
	r := l.dispatch(b, sp)
	if keep {
		c := cached{sp.W, sp.H, sp.FixW, sp.FixH, sp.Shrink, r}
		c.res.oof = append([]outOfFlow(nil), r.oof...)
		if len(b.cache) >= maxCache {
			b.cache = b.cache[1:]
		}
		b.cache = append(b.cache, c)
	}
	return r
}

func (l *layouter) dispatch(b *Box, sp space) result {
	switch b.Kind {
	case ReplacedBox:
		return l.replaced(b, sp)
	case TableBox:
		return l.table(b, sp)
	case FlexBox:
		return l.flex(b, sp)
	}
	return l.flow(b, sp)
}

// edges are a box's used margins, padding and borders: top, right, bottom, left.
type edges struct {
	m, p, b [4]float32
	auto    [4]bool // the margin is auto; m is 0 then
}

func (e *edges) horizontal() float32 { return e.p[1] + e.p[3] + e.b[1] + e.b[3] }
func (e *edges) vertical() float32   { return e.p[0] + e.p[2] + e.b[0] + e.b[2] }

func (l *layouter) edges(b *Box, cb float32) edges {
	var e edges
	s := b.Style
	base := max(cb, 0)
	for i := range 4 {
		if s.Margin[i].IsAuto() {
			e.auto[i] = true
		} else {
			e.m[i] = s.Margin[i].At(base)
		}
		e.p[i] = max(0, s.Padding[i].At(base))
		e.b[i] = s.BorderWidth[i]
	}
	switch b.Kind {
	case TableBox:
		if s.Collapsed {
			// The table's borders are those of its outermost cells.
			e.p, e.b = [4]float32{}, [4]float32{}
		}
	case InlineBox:
		if b.NoStart {
			e.m[3], e.p[3], e.b[3] = 0, 0, 0
		}
		if b.NoEnd {
			e.m[1], e.p[1], e.b[1] = 0, 0, 0
		}
	}
	return e
}

// size resolves a width or height against its base to a content size; ok is
// false for auto and for percentages of something indefinite.
func size(n style.Length, base, extra float32, borderBox bool) (float32, bool) {
	if n.Kind != style.Fix || base < 0 && n.HasPercent() {
		return 0, false
	}
	v := n.At(max(base, 0))
	if borderBox {
		v -= extra
	}
	return max(v, 0), true
}

// contentWidth settles the width of a box's content (CSS 2.1, sections 10.3 and 10.4).
func (l *layouter) contentWidth(b *Box, sp *space, e *edges) float32 {
	s := b.Style
	extra := e.horizontal()
	if sp.FixW >= 0 {
		return max(0, sp.FixW-extra)
	}
	avail := max(0, sp.W-extra-e.m[1]-e.m[3])
	w, ok := size(s.Width, sp.W, extra, s.BorderBox)
	if !ok {
		w = avail
		switch k := s.Width.Kind; {
		case k == style.MinContent:
			w, _ = l.contentSizes(b)
		case k == style.MaxContent:
			_, w = l.contentSizes(b)
		case k == style.FitContent || k != style.Stretch && (sp.Shrink || b.Kind == TableBox):
			lo, hi := l.contentSizes(b)
			w = max(lo, min(hi, avail))
		}
		if s.Aspect > 0 && s.Width.IsAuto() && !s.AspectAuto {
			if h, ok := size(s.Height, sp.H, e.vertical(), s.BorderBox); ok && (sp.Shrink || !b.inFlow()) {
				w = h * s.Aspect
			}
		}
	}
	return l.clampWidth(b, w, sp.W, extra)
}

// clampWidth applies min-width and max-width to a content width.
func (l *layouter) clampWidth(b *Box, w, base, extra float32) float32 {
	s := b.Style
	if m, ok := l.limit(b, s.MaxWidth, base, extra); ok {
		w = min(w, m)
	}
	if m, ok := l.limit(b, s.MinWidth, base, extra); ok {
		w = max(w, m)
	}
	return w
}

func (l *layouter) limit(b *Box, n style.Length, base, extra float32) (float32, bool) {
	switch n.Kind {
	case style.MinContent:
		w, _ := l.contentSizes(b)
		return w, true
	case style.MaxContent, style.FitContent:
		_, w := l.contentSizes(b)
		return w, true
	}
	return size(n, base, extra, b.Style.BorderBox)
}

// scrolls reports whether a box would scroll vertically: its height is a
// minimum then.
func scrolls(s *style.Style) bool { return s.OverflowY == "auto" || s.OverflowY == "scroll" }

// definiteHeight gives a box's content height where it does not depend on its
// content; negative otherwise.
func (l *layouter) definiteHeight(b *Box, sp *space, e *edges) float32 {
	if sp.FixH >= 0 {
		return max(0, sp.FixH-e.vertical())
	}
	if scrolls(b.Style) {
		return -1
	}
	h, ok := size(b.Style.Height, sp.H, e.vertical(), b.Style.BorderBox)
	if !ok {
		return -1
	}
	return l.clampHeight(b, h, sp.H, e.vertical())
}

// contentHeight settles the height of a box's content, given what the content
// takes and the width (CSS 2.1, sections 10.6 and 10.7).
func (l *layouter) contentHeight(b *Box, sp *space, e *edges, auto, width float32) float32 {
	s := b.Style
	extra := e.vertical()
	if sp.FixH >= 0 {
		return max(0, sp.FixH-extra)
	}
	h, ok := size(s.Height, sp.H, extra, s.BorderBox)
	switch {
	case !ok && s.Aspect > 0 && !s.AspectAuto && s.Height.IsAuto():
		h = width / s.Aspect
		if s.BorderBox {
			h = (width+e.horizontal())/s.Aspect - extra
		}
		h = max(h, auto)
	case !ok:
		h = auto
	case scrolls(s):
		h = max(h, auto)
	}
	return l.clampHeight(b, h, sp.H, extra)
}

func (l *layouter) clampHeight(b *Box, h, base, extra float32) float32 {
	s := b.Style
	if m, ok := size(s.MaxHeight, base, extra, s.BorderBox); ok && !scrolls(s) {
		h = min(h, m)
	}
	if m, ok := size(s.MinHeight, base, extra, s.BorderBox); ok {
		h = max(h, m)
	}
	return h
}

// placed puts a fragment at a place, moved where it is relatively positioned
// (CSS 2.1, section 9.4.3) or translated.
func (l *layouter) placed(b *Box, f *Fragment, x, y, cbW, cbH float32) Placed {
	dx, dy := l.shift(b, f, cbW, cbH)
	return Placed{x + dx, y + dy, f}
}

func (l *layouter) shift(b *Box, f *Fragment, cbW, cbH float32) (dx, dy float32) {
	s := b.Style
	if s.Position == style.Relative {
		switch {
		case !s.Left.IsAuto() && (!s.RTL || s.Right.IsAuto()):
			dx = s.Left.At(cbW)
		case !s.Right.IsAuto():
			dx = -s.Right.At(cbW)
		}
		switch {
		case !s.Top.IsAuto():
			if cbH >= 0 || !s.Top.HasPercent() {
				dy = s.Top.At(cbH)
			}
		case !s.Bottom.IsAuto():
			if cbH >= 0 || !s.Bottom.HasPercent() {
				dy = -s.Bottom.At(cbH)
			}
		}
	}
	if s.HasTransform {
		dx += s.Translate[0].At(f.W)
		dy += s.Translate[1].At(f.H)
	}
	return dx, dy
}

// containing reports whether a box is the containing block of the absolutely
// positioned boxes in it.
func containing(s *style.Style) bool {
	return s.Position != style.Static || s.HasTransform
}

// finish makes the fragment of a box from its content's: kids are relative to
// the content box.
func (l *layouter) finish(b *Box, e *edges, w, h float32, kids []Placed, oof []outOfFlow) result {
	f := &Fragment{
		Kind: BoxFragment, Box: b, W: w + e.horizontal(), H: h + e.vertical(), Border: e.b, Padding: e.p, Baseline: -1, Last: -1,
	}
	ox, oy := e.b[3]+e.p[3], e.b[0]+e.p[0]
	f.Kids = kids
	for i := range kids {
		kids[i].X += ox
		kids[i].Y += oy
	}
	for i := range oof {
		oof[i].x += ox
		oof[i].y += oy
	}
	r := result{Fragment: f, oof: oof}
	if len(oof) > 0 && containing(b.Style) {
		r.oof = l.positioned(f, oof, [4]float32{e.b[3], e.b[0], f.W - e.b[1], f.H - e.b[2]}, -1, -1)
	}
	return r
}
