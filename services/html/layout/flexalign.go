package layout

import (
	"slices"
)

// align is the item's align-self.
func (f *flexer) align(it *item) string {
	a := it.box.Style.AlignSelf
	if a == "auto" {
		a = f.b.Style.AlignItems
	}
	switch a {
	case "normal", "stretch":
		return "stretch"
	case "start", "self-start":
		return "flex-start"
	case "end", "self-end":
		return "flex-end"
	case "first", "last":
		return "baseline"
	}
	return a
}

// measure lays an item out at its main size; a cross size that is not negative
// is given too.
func (f *flexer) measure(it *item, cross float32) {
	sp := space{W: f.w, H: f.h, FixW: -1, FixH: -1}
	if f.row {
		sp.FixW, sp.FixH = it.main, cross
	} else {
		sp.FixH, sp.FixW = it.main, cross
		if f.h < 0 && it.main == it.hypo && it.box.Kind != ReplacedBox && cross < 0 && it.box.Style.Height.IsAuto() {
			sp.FixH = -1
		}
		if cross < 0 {
			sp.FixW = f.columnWidth(it)
			sp.Shrink = sp.FixW < 0
		}
	}
	it.res = f.l.box(it.box, sp)
	if f.row {
		it.cross = it.res.H
	} else {
		it.cross = it.res.W
	}
	it.baseline = -1
	if it.res.Baseline >= 0 {
		it.baseline = it.res.Baseline
	}
}

// lineCross settles a line's cross size (section 9.4).
func (f *flexer) lineCross(ln *flexLine) {
	var above, below float32
	for _, it := range ln.items {
		outer := it.cross + f.crossMargin(it)
		if f.row && f.align(it) == "baseline" && !it.e.auto[0] && !it.e.auto[2] {
			b := it.baseline
			if b < 0 {
				b = it.cross
			}
			above = max(above, b+it.e.m[0])
			below = max(below, outer-b-it.e.m[0])
			continue
		}
		ln.cross = max(ln.cross, outer)
	}
	ln.base = above
	ln.cross = max(ln.cross, above+below)
}

// distribute gives the offset of the first of n things and the space added
// between them (Box Alignment 3, section 5.3).
func distribute(how string, free float32, n int, reverse bool) (first, between float32) {
	switch how {
	case "center":
		return free / 2, 0
	case "flex-end":
		return free, 0
	case "end", "right":
		if reverse {
			return 0, 0
		}
		return free, 0
	case "start", "left":
		if reverse {
			return free, 0
		}
		return 0, 0
	}
	if free <= 0 {
		return 0, 0
	}
	switch how {
	case "space-between":
		if n > 1 {
			return 0, free / float32(n-1)
		}
	case "space-around":
		b := free / float32(n)
		return b / 2, b
	case "space-evenly":
		b := free / float32(n+1)
		return b, b
	}
	return 0, 0
}

// alignLines gives items their places (sections 9.5 and 9.6): x along the main
// axis, y along the cross axis, of border boxes.
func (f *flexer) alignLines(lines []*flexLine, room, total float32, wrap bool, mainRoom float32) {
	how := f.b.Style.AlignContent
	first, between := float32(0), float32(0)
	if wrap && len(lines) > 0 {
		free := room - total
		if (how == "normal" || how == "stretch") && free > 0 {
			for _, ln := range lines {
				ln.cross += free / float32(len(lines))
			}
		} else {
			first, between = distribute(how, free, len(lines), false)
		}
		if f.b.Style.FlexWrap == "wrap-reverse" {
			slices.Reverse(lines)
		}
	} else if len(lines) == 1 && !f.row {
		lines[0].cross = max(lines[0].cross, room)
	}
	y := first
	for _, ln := range lines {
		f.alignLine(ln, y, mainRoom)
		y += ln.cross + f.gapCross + between
	}
}

func (f *flexer) alignLine(ln *flexLine, y, room float32) {
	free := room - f.gapMain*float32(len(ln.items)-1)
	autos := 0
	for _, it := range ln.items {
		free -= it.main + f.mainMargin(it)
		if it.autoBefore {
			autos++
		}
		if it.autoAfter {
			autos++
		}
	}
	share := float32(0)
	x, between := float32(0), float32(0)
	if autos > 0 && free > 0 {
		share = free / float32(autos)
	} else {
		x, between = distribute(f.b.Style.Justify, free, len(ln.items), f.reverse)
	}
	before, after := 3, 1
	top, bottom := 0, 2
	if !f.row {
		before, after, top, bottom = 0, 2, 3, 1
	}
	for _, it := range ln.items {
		if it.autoBefore {
			x += share
		}
		x += it.e.m[before]
		it.x = x
		x += it.main + it.e.m[after] + f.gapMain + between
		if it.autoAfter {
			x += share
		}
		f.alignItem(it, ln, top, bottom)
		it.y += y
		if f.reverse {
			it.x = room - it.x - it.main
		}
	}
}

// alignItem places an item across its line, stretching it where that is asked for.
func (f *flexer) alignItem(it *item, ln *flexLine, top, bottom int) {
	s := it.box.Style
	own := s.Height
	if !f.row {
		own = s.Width
	}
	autoTop, autoBottom := it.e.auto[top], it.e.auto[bottom]
	a := f.align(it)
	if a == "stretch" && own.IsAuto() && !autoTop && !autoBottom && it.box.Kind != ReplacedBox {
		want := max(0, ln.cross-f.crossMargin(it))
		if f.row {
			x := it.e.vertical()
			want = f.l.clampHeight(it.box, max(0, want-x), f.h, x) + x
		} else {
			x := it.e.horizontal()
			want = f.l.clampWidth(it.box, max(0, want-x), f.w, x) + x
		}
		if abs(want-it.cross) > 0.01 {
			f.measure(it, want)
		}
	}
	free := ln.cross - it.cross - f.crossMargin(it)
	it.y = it.e.m[top]
	switch {
	case autoTop && autoBottom:
		it.y += max(free, 0) / 2
		return
	case autoTop:
		it.y += max(free, 0)
		return
	case autoBottom:
		return
	}
	switch a {
	case "center":
		it.y += free / 2
	case "flex-end":
		it.y += free
	case "baseline":
		if f.row {
			b := it.baseline
			if b < 0 {
				b = it.cross
			}
			it.y = ln.base - b
		}
	}
}
