package layout

import (
	"slices"

	"guichet/services/html/style"
)

// item is a flex item on its way through the algorithm (Flexbox 1, section 9).
// Main and cross sizes are those of its border box.
type item struct {
	box        *Box
	e          edges
	base       float32 // flex base size, border box
	hypo       float32 // hypothetical main size
	lo, hi     float32 // limits of the main size; hi negative if none
	main       float32
	cross      float32
	frozen     bool
	violation  float32
	res        result
	baseline   float32
	x, y       float32
	autoBefore bool
	autoAfter  bool
}

type flexLine struct {
	items []*item
	cross float32
	base  float32
}

// flexer lays out one flex container.
type flexer struct {
	l        *layouter
	b        *Box
	row      bool
	reverse  bool
	w, h     float32 // inner sizes; h negative if not definite
	gapMain  float32
	gapCross float32
}

func gap(n style.Length, base float32) float32 {
	if n.Kind != style.Fix {
		return 0
	}
	return max(0, n.At(max(base, 0)))
}

// main and cross margins of an item.
func (f *flexer) mainMargin(i *item) float32 {
	if f.row {
		return i.e.m[1] + i.e.m[3]
	}
	return i.e.m[0] + i.e.m[2]
}

func (f *flexer) crossMargin(i *item) float32 {
	if f.row {
		return i.e.m[0] + i.e.m[2]
	}
	return i.e.m[1] + i.e.m[3]
}

// flex lays out a flex container.
func (l *layouter) flex(b *Box, sp space) result {
	e := l.edges(b, sp.W)
	w := l.contentWidth(b, &sp, &e)
	f := &flexer{l: l, b: b, w: w, h: l.definiteHeight(b, &sp, &e)}
	d := b.Style.FlexDirection
	f.row = d == "row" || d == "row-reverse"
	f.reverse = d == "row-reverse" || d == "column-reverse"
	if b.Style.RTL && f.row {
		f.reverse = !f.reverse
	}
	f.gapMain, f.gapCross = gap(b.Style.ColumnGap, w), gap(b.Style.RowGap, f.h)
	if !f.row {
		f.gapMain, f.gapCross = f.gapCross, f.gapMain
	}
	items, oofBoxes := f.items()
	lines := f.collect(items)
	for _, ln := range lines {
		f.resolve(ln)
	}
	// Cross sizes.
	for _, ln := range lines {
		for _, it := range ln.items {
			f.measure(it, -1)
		}
		f.lineCross(ln)
	}
	definiteCross := f.h
	if !f.row {
		definiteCross = w
	}
	wrap := b.Style.FlexWrap != "nowrap"
	if !wrap && definiteCross >= 0 && len(lines) == 1 {
		lines[0].cross = definiteCross
	}
	if !wrap && definiteCross < 0 && len(lines) == 1 && f.row {
		// A single line is as high as the container's limits want.
		lines[0].cross = l.clampHeight(b, lines[0].cross, sp.H, e.vertical())
	}
	total := f.gapCross * float32(max(0, len(lines)-1))
	for _, ln := range lines {
		total += ln.cross
	}
	var autoH float32
	if f.row {
		autoH = total
	} else {
		for _, ln := range lines {
			m := f.gapMain * float32(max(0, len(ln.items)-1))
			for _, it := range ln.items {
				m += it.main + f.mainMargin(it)
			}
			autoH = max(autoH, m)
		}
	}
	h := l.contentHeight(b, &sp, &e, autoH, w)
	crossRoom := h
	mainRoom := w
	if !f.row {
		crossRoom, mainRoom = w, h
		if f.h < 0 && h != autoH {
			// Limits gave the column another height: items flex to it.
			f.h = h
			for _, ln := range lines {
				for _, it := range ln.items {
					it.frozen = false
				}
				f.resolve(ln)
				for _, it := range ln.items {
					f.measure(it, it.cross)
				}
			}
		}
	}
	f.alignLines(lines, crossRoom, total, wrap, mainRoom)
	return f.place(lines, oofBoxes, &e, w, h)
}

// items makes the items in order, and takes the positioned boxes out.
func (f *flexer) items() ([]*item, []*Box) {
	var items []*item
	var oof []*Box
	for _, k := range f.b.Kids {
		f.l.tick()
		if k.Style.OutOfFlow() {
			oof = append(oof, k)
			continue
		}
		it := &item{box: k, e: f.l.edges(k, f.w), hi: -1, baseline: -1}
		if f.row {
			it.autoBefore, it.autoAfter = it.e.auto[3], it.e.auto[1]
		} else {
			it.autoBefore, it.autoAfter = it.e.auto[0], it.e.auto[2]
		}
		f.base(it)
		items = append(items, it)
	}
	slices.SortStableFunc(items, func(a, b *item) int { return a.box.Style.Order - b.box.Style.Order })
	return items, oof
}

// base settles the flex base size and the limits (section 9.2, 4.5).
func (f *flexer) base(it *item) {
	s := it.box.Style
	extra := it.e.horizontal()
	own, least, most := s.Width, s.MinWidth, s.MaxWidth
	room := f.w
	if !f.row {
		extra = it.e.vertical()
		own, least, most = s.Height, s.MinHeight, s.MaxHeight
		room = f.h
	}
	basis := s.Basis
	if basis.IsAuto() && !s.BasisContent {
		basis = own
	}
	content := func() float32 {
		if f.row {
			_, mx := f.l.contentSizes(it.box)
			if s.Aspect > 0 && it.box.Kind == ReplacedBox {
				w, _ := f.l.replacedSize(it.box, &space{W: f.w, H: f.h, FixW: -1, FixH: -1}, &it.e)
				mx = w
			}
			return mx + extra
		}
		return f.natural(it)
	}
	if v, ok := size(basis, room, extra, s.BorderBox); ok && (f.row || !scrolls(s)) {
		it.base = v + extra
	} else if f.row && basis.Kind == style.MinContent {
		mn, _ := f.l.contentSizes(it.box)
		it.base = mn + extra
	} else {
		it.base = content()
	}
	if v, ok := size(most, room, extra, s.BorderBox); ok {
		it.hi = v + extra
	}
	switch v, ok := size(least, room, extra, s.BorderBox); {
	case ok:
		it.lo = v + extra
	case least.IsAuto() && s.OverflowX == "visible" && s.OverflowY == "visible":
		// The automatic minimum is the content's, no more than what is asked for.
		var mn float32
		if f.row {
			mn, _ = f.l.contentSizes(it.box)
			if it.box.Kind == ReplacedBox && (s.MaxWidth.HasPercent() || s.Width.HasPercent()) {
				mn = 0
			}
			mn += extra
		} else {
			mn = f.natural(it)
		}
		if v, ok := size(own, room, extra, s.BorderBox); ok {
			mn = min(mn, v+extra)
		}
		if it.hi >= 0 {
			mn = min(mn, it.hi)
		}
		it.lo = mn
	default:
		it.lo = extra
	}
	it.lo = max(it.lo, extra)
	it.hypo = f.limit(it, it.base)
}

// natural is the height of an item in a column, at the width it will have.
func (f *flexer) natural(it *item) float32 {
	sp := space{W: f.w, H: f.h, FixW: f.columnWidth(it), FixH: -1}
	if it.box.Kind == ReplacedBox {
		sp.FixW = -1
	}
	if sp.FixW < 0 {
		sp.Shrink = true
	}
	r := f.l.box(it.box, sp)
	return r.H
}

// columnWidth is the border box width that an item of a column is stretched to;
// negative where it has its own.
func (f *flexer) columnWidth(it *item) float32 {
	s := it.box.Style
	if !s.Width.IsAuto() || f.align(it) != "stretch" || it.e.auto[1] || it.e.auto[3] || f.b.Style.FlexWrap != "nowrap" {
		return -1
	}
	w := max(0, f.w-it.e.m[1]-it.e.m[3]-it.e.horizontal())
	return f.l.clampWidth(it.box, w, f.w, it.e.horizontal()) + it.e.horizontal()
}

func (f *flexer) limit(it *item, v float32) float32 {
	if it.hi >= 0 {
		v = min(v, it.hi)
	}
	return max(v, it.lo)
}

// collect breaks the items into lines (section 9.3).
func (f *flexer) collect(items []*item) []*flexLine {
	if len(items) == 0 {
		return nil
	}
	room := f.w
	if !f.row {
		room = f.h
	}
	var lines []*flexLine
	cur := &flexLine{}
	var used float32
	for _, it := range items {
		v := it.hypo + f.mainMargin(it)
		if f.b.Style.FlexWrap != "nowrap" && room >= 0 && len(cur.items) > 0 && used+f.gapMain+v > room+0.01 {
			lines = append(lines, cur)
			cur, used = &flexLine{}, 0
		}
		if len(cur.items) > 0 {
			used += f.gapMain
		}
		cur.items = append(cur.items, it)
		used += v
	}
	return append(lines, cur)
}

// resolve settles the main sizes of a line (section 9.7).
func (f *flexer) resolve(ln *flexLine) {
	room := f.w
	if !f.row {
		room = f.h
	}
	gaps := f.gapMain * float32(len(ln.items)-1)
	var sum float32
	for _, it := range ln.items {
		sum += it.hypo + f.mainMargin(it)
		it.main = it.hypo
	}
	if room < 0 {
		return
	}
	grow := sum+gaps < room
	for _, it := range ln.items {
		factor := it.box.Style.Shrink
		if grow {
			factor = it.box.Style.Grow
		}
		it.frozen = factor == 0 || grow && it.base > it.hypo || !grow && it.base < it.hypo
		if !it.frozen {
			it.main = it.base
		}
	}
	initial := float32(0)
	for round := range len(ln.items) + 1 {
		free := room - gaps
		var factors, scaled float32
		open := 0
		for _, it := range ln.items {
			if it.frozen {
				free -= it.main + f.mainMargin(it)
				continue
			}
			open++
			free -= it.base + f.mainMargin(it)
			if grow {
				factors += it.box.Style.Grow
			} else {
				factors += it.box.Style.Shrink
				scaled += it.box.Style.Shrink * max(0, it.base-f.extra(it))
			}
		}
		if open == 0 {
			return
		}
		if round == 0 {
			initial = free
		}
		if factors < 1 {
			if v := initial * factors; abs(v) < abs(free) {
				free = v
			}
		}
		var total float32
		for _, it := range ln.items {
			if it.frozen {
				continue
			}
			v := it.base
			switch {
			case grow && factors > 0:
				v += free * it.box.Style.Grow / factors
			case !grow && scaled > 0:
				v += free * it.box.Style.Shrink * max(0, it.base-f.extra(it)) / scaled
			}
			it.main = f.limit(it, v)
			it.violation = it.main - v
			total += it.violation
		}
		for _, it := range ln.items {
			if it.frozen {
				continue
			}
			if abs(total) < 0.005 || total > 0 && it.violation > 0 || total < 0 && it.violation < 0 {
				it.frozen = true
			}
		}
	}
}

func (f *flexer) extra(it *item) float32 {
	if f.row {
		return it.e.horizontal()
	}
	return it.e.vertical()
}

func abs(v float32) float32 {
	if v < 0 {
		return -v
	}
	return v
}

// place makes the fragment.
func (f *flexer) place(lines []*flexLine, oof []*Box, e *edges, w, h float32) result {
	c := contents{first: -1, last: -1}
	for _, ln := range lines {
		for _, it := range ln.items {
			x, y := it.x, it.y
			if !f.row {
				x, y = it.y, it.x
			}
			p := f.l.placed(it.box, it.res.Fragment, x, y, f.w, f.h)
			c.kids = append(c.kids, p)
			for _, o := range it.res.oof {
				o.x, o.y = o.x+p.X, o.y+p.Y
				c.oof = append(c.oof, o)
			}
			if c.first < 0 && it.baseline >= 0 {
				c.first = y + it.baseline
			}
		}
	}
	for _, k := range oof {
		o := outOfFlow{box: k, w: w}
		// The static position is that of a sole item (section 4.1).
		ke := f.l.edges(k, w)
		if f.row && (f.b.Style.Justify == "center" || f.b.Style.AlignItems == "center") || !f.row && f.b.Style.AlignItems == "center" {
			r := f.l.box(k, space{W: w, H: h, FixW: -1, FixH: -1, Shrink: true})
			if f.row && f.b.Style.Justify == "center" || !f.row {
				o.x = (w - r.W - ke.m[1] - ke.m[3]) / 2
			}
			if f.row && f.b.Style.AlignItems == "center" {
				o.y = (h - r.H - ke.m[0] - ke.m[2]) / 2
			}
		}
		c.oof = append(c.oof, o)
	}
	r := f.l.finish(f.b, e, w, h, c.kids, c.oof)
	if c.first >= 0 {
		r.Baseline = c.first + e.b[0] + e.p[0]
		r.Last = r.Baseline
	}
	r.end = margins{}.with(e.m[2])
	return r
}

// flexSizes are the min-content and max-content widths of a flex container
// (section 9.9, by sums).
func (l *layouter) flexSizes(b *Box) (lo, hi float32) {
	row := b.Style.FlexDirection == "row" || b.Style.FlexDirection == "row-reverse"
	g := gap(b.Style.ColumnGap, 0)
	n := 0
	for _, k := range b.Kids {
		if k.Style.OutOfFlow() {
			continue
		}
		mn, mx := l.outerSizes(k)
		if v, ok := size(k.Style.Basis, -1, 0, true); ok && row && v > 0 {
			mx = max(mn, v)
			if k.Style.Shrink == 0 {
				mn = mx
			}
		}
		if !row {
			lo, hi = max(lo, mn), max(hi, mx)
			continue
		}
		if n > 0 {
			hi += g
			if b.Style.FlexWrap == "nowrap" {
				lo += g
			}
		}
		n++
		hi += mx
		if b.Style.FlexWrap == "nowrap" {
			lo += mn
		} else {
			lo = max(lo, mn)
		}
	}
	return lo, hi
}
