package layout

import "guichet/services/html/style"

// floats are the floats of one block formatting context, in its coordinates:
// those of the content box of the box that establishes it (CSS 2.1, section 9.5).
type floats struct {
	left, right []floatBox
	lastTop     float32 // no float stands above an earlier one
}

type floatBox struct{ x, y, w, h float32 }

// edges narrows the band from lo to hi at y, over height h, to what floats leave.
func (f *floats) edges(y, h, lo, hi float32) (float32, float32) {
	if f == nil {
		return lo, hi
	}
	h = max(h, 0.01)
	for i := range f.left {
		b := &f.left[i]
		if b.y < y+h && y < b.y+b.h {
			lo = max(lo, b.x+b.w)
		}
	}
	for i := range f.right {
		b := &f.right[i]
		if b.y < y+h && y < b.y+b.h {
			hi = min(hi, b.x)
		}
	}
	return lo, hi
}

// next is the lowest bottom of a float below y: where there may be more room.
func (f *floats) next(y float32) (float32, bool) {
	found := false
	var best float32
	if f == nil {
		return 0, false
	}
	for _, l := range [][]floatBox{f.left, f.right} {
		for i := range l {
			if b := l[i].y + l[i].h; b > y && l[i].h > 0 && (!found || b < best) {
				best, found = b, true
			}
		}
	}
	return best, found
}

// place finds room for a float's margin box at or below y and takes it.
func (f *floats) place(side style.Side, w, h, y, lo, hi float32) (float32, float32) {
	y = max(y, f.lastTop)
	var l, r float32
	for {
		l, r = f.edges(y, min(h, 1), lo, hi)
		if hh := h; hh > 1 {
			l, r = f.edges(y, hh, lo, hi)
		}
		if r-l >= w-0.01 || l <= lo && r >= hi {
			break
		}
		n, ok := f.next(y)
		if !ok {
			break
		}
		y = n
	}
	x := l
	if side == style.Right {
		x = r - w
		f.right = append(f.right, floatBox{x, y, w, h})
	} else {
		f.left = append(f.left, floatBox{x, y, w, h})
	}
	f.lastTop = y
	return x, y
}

// clear is the y below the floats that side names; lowest possible if none.
func (f *floats) clear(side style.Side) (float32, bool) {
	if f == nil || side == style.NoSide {
		return 0, false
	}
	var y float32
	found := false
	see := func(l []floatBox) {
		for i := range l {
			if b := l[i].y + l[i].h; !found || b > y {
				y, found = b, true
			}
		}
	}
	if side == style.Left || side == style.Both {
		see(f.left)
	}
	if side == style.Right || side == style.Both {
		see(f.right)
	}
	return y, found
}
