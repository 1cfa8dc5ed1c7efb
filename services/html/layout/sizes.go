package layout

import (
	"strings"

	"guichet/services/html/style"
)

// sizes are a box's min-content and max-content widths, of its content.
type sizes struct{ min, max float32 }

// contentSizes gives the min-content and max-content widths of a box's content
// (CSS 2.1, section 10.3.5; Sizing 3, section 5).
func (l *layouter) contentSizes(b *Box) (lo, hi float32) {
	if b.sizes != nil {
		return b.sizes.min, b.sizes.max
	}
	l.tick()
	switch {
	case b.Kind == ReplacedBox:
		lo, hi = l.replacedSizes(b)
	case b.Kind == TableBox:
		lo, hi = l.tableSizes(b)
	case b.Kind == FlexBox:
		lo, hi = l.flexSizes(b)
	case b.Lines:
		lo, hi = l.lineSizes(b)
	default:
		lo, hi = l.stackSizes(b)
	}
	b.sizes = &sizes{lo, max(lo, hi)}
	return lo, max(lo, hi)
}

func (l *layouter) stackSizes(b *Box) (lo, hi float32) {
	var left, right float32 // floats side by side
	for _, k := range b.Kids {
		if k.Style.OutOfFlow() {
			continue
		}
		mn, mx := l.outerSizes(k)
		lo = max(lo, mn)
		switch k.Style.Float {
		case style.Left:
			left += mx
			hi = max(hi, left+right)
			continue
		case style.Right:
			right += mx
			hi = max(hi, left+right)
			continue
		}
		if k.Style.Clear != style.NoSide {
			left, right = 0, 0
		}
		if !shares(k) && (left > 0 || right > 0) {
			mx += left + right
		}
		hi = max(hi, mx)
	}
	return lo, hi
}

// outerSizes gives what a box adds to its parent's min-content and max-content
// widths: its margin box, with its own width where that is fixed.
func (l *layouter) outerSizes(b *Box) (lo, hi float32) {
	s := b.Style
	e := l.edges(b, 0)
	extra := e.horizontal()
	switch w, ok := size(s.Width, -1, extra, s.BorderBox); {
	case ok && b.Kind != TableBox:
		lo, hi = w, w
	case ok:
		mn, _ := l.contentSizes(b)
		lo, hi = max(w, mn), max(w, mn)
	default:
		lo, hi = l.contentSizes(b)
		switch s.Width.Kind {
		case style.MinContent:
			hi = lo
		case style.MaxContent:
			lo = hi
		}
		if b.Kind == ReplacedBox && (s.Width.HasPercent() || s.MaxWidth.Kind == style.Fix && s.MaxWidth.HasPercent()) {
			// Compressible replaced elements (Sizing 3, section 5.2.2).
			lo = 0
		}
	}
	if m, ok := size(s.MaxWidth, -1, extra, s.BorderBox); ok {
		lo, hi = min(lo, m), min(hi, m)
	}
	if m, ok := size(s.MinWidth, -1, extra, s.BorderBox); ok {
		lo, hi = max(lo, m), max(hi, m)
	}
	add := extra + e.m[1] + e.m[3]
	return max(0, lo+add), max(0, hi+add)
}

// naturalSize is a replaced box's natural width, height and ratio; zero where
// there is none.
func (l *layouter) naturalSize(b *Box) (w, h, ratio float32) {
	r := b.Replaced
	if r.Kind == ControlContent {
		w, h = l.controlSize(b)
		return w, h, 0
	}
	return r.W, r.H, r.Ratio
}

func (l *layouter) replacedSizes(b *Box) (lo, hi float32) {
	e := l.edges(b, 0)
	w, _ := l.replacedSize(b, &space{W: -1, H: -1, FixW: -1, FixH: -1}, &e)
	return w, w
}

// replacedSize settles width and height of a replaced box's content (CSS 2.1,
// sections 10.3.2, 10.4 and 10.6.2).
func (l *layouter) replacedSize(b *Box, sp *space, e *edges) (w, h float32) {
	s := b.Style
	nw, nh, ratio := l.naturalSize(b)
	if s.Aspect > 0 && (ratio == 0 || !s.AspectAuto) {
		ratio = s.Aspect
	}
	hx, vx := e.horizontal(), e.vertical()
	w, hasW := size(s.Width, sp.W, hx, s.BorderBox)
	h, hasH := size(s.Height, sp.H, vx, s.BorderBox)
	if sp.FixW >= 0 {
		w, hasW = max(0, sp.FixW-hx), true
	}
	if sp.FixH >= 0 {
		h, hasH = max(0, sp.FixH-vx), true
	}
	if s.Width.Kind == style.Stretch && sp.W >= 0 && !hasW {
		w, hasW = max(0, sp.W-hx-e.m[1]-e.m[3]), true
	}
	autoW, autoH := !hasW, !hasH
	switch {
	case autoW && autoH:
		w, h = nw, nh
		switch {
		case nw == 0 && nh == 0:
			if ratio == 0 && b.Replaced.Kind != PictureContent {
				w, h = 300, 150
			}
		case nw == 0 && ratio > 0:
			w = nh * ratio
		case nh == 0 && ratio > 0:
			h = nw / ratio
		}
	case autoW:
		w = nw
		if ratio > 0 {
			w = h * ratio
		}
	case autoH:
		h = nh
		if ratio > 0 {
			h = w / ratio
		}
	}
	maxW, okMaxW := size(s.MaxWidth, sp.W, hx, s.BorderBox)
	minW, okMinW := size(s.MinWidth, sp.W, hx, s.BorderBox)
	maxH, okMaxH := size(s.MaxHeight, sp.H, vx, s.BorderBox)
	minH, okMinH := size(s.MinHeight, sp.H, vx, s.BorderBox)
	if sp.FixW < 0 {
		cw := w
		if okMaxW {
			cw = min(cw, maxW)
		}
		if okMinW {
			cw = max(cw, minW)
		}
		if cw != w && autoH && ratio > 0 {
			h = cw / ratio
		}
		w = cw
	}
	if sp.FixH < 0 {
		ch := h
		if okMaxH {
			ch = min(ch, maxH)
		}
		if okMinH {
			ch = max(ch, minH)
		}
		if ch != h && autoW && ratio > 0 && sp.FixW < 0 {
			w = ch * ratio
			if okMaxW {
				w = min(w, maxW)
			}
		}
		h = ch
	}
	return w, h
}

// replaced lays out a replaced box.
func (l *layouter) replaced(b *Box, sp space) result {
	e := l.edges(b, sp.W)
	w, h := l.replacedSize(b, &sp, &e)
	r := l.finish(b, &e, w, h, nil, nil)
	r.end = margins{}.with(e.m[2])
	if b.Replaced.Kind == ControlContent {
		r.Baseline = l.controlBaseline(b, r.Fragment)
		r.Last = r.Baseline
		l.controlLines(b, r)
	}
	if b.Replaced.Kind == PictureContent && b.Replaced.Image == nil {
		l.altLines(b, r.Fragment)
	}
	return r
}

// altLines writes a picture's alternative into its empty place, as far as there
// is room.
func (l *layouter) altLines(b *Box, f *Fragment) {
	const pad = 4
	s := b.Style
	t := strings.Join(strings.Fields(b.Replaced.Alt), " ")
	line := lineOf(s)
	x, y := f.Border[3]+f.Padding[3]+pad, float32(pad)
	room := f.W - x - f.Border[1] - f.Padding[1] - pad
	inner := f.H - f.Border[0] - f.Border[2] - f.Padding[0] - f.Padding[2]
	for t != "" && line > 0 && room > s.Font.Size && y+line <= inner {
		cut := l.wrap(t, s, room)
		l.run(b, f, s, t[:cut], x, room, 2*y+line)
		t = strings.TrimLeft(t[cut:], " ")
		y += line
		l.tick()
	}
}
