package raster

import (
	"image"
	"image/color"
	"math"

	"guichet/services/html/display"
)

// Sides of a border, in CSS's order.
const (
	topSide = iota
	rightSide
	bottomSide
	leftSide
)

// frame is a border on device pixels.
type frame struct {
	box    image.Rectangle
	widths [4]int
	radii  corners
}

func (p *painter) border(b display.Border) {
	f := frame{box: p.snap(b.Rect)}
	if p.visible(f.box).Empty() {
		return
	}
	f.radii = fit(f.box, p.scaled(b.Radii))
	for i, e := range b.Edges {
		f.widths[i] = p.thickness(e)
	}
	f.squeeze()
	if p.hidesNothing(f) {
		return
	}
	if e := b.Edges[0]; alike(b.Edges) && (e.Style == "solid" || e.Style == "double") && f.widths[0] > 0 {
		// One outline for all four sides has no seams.
		for _, part := range bands(e.Style, f.widths[0]) {
			p.ring(f, part, e.Color)
		}
		return
	}
	for side, e := range b.Edges {
		if f.widths[side] > 0 && e.Color.A > 0 {
			p.edge(f, side, e)
		}
	}
}

// thickness is an edge's width in device pixels: whole ones, at least one
// (CSS Backgrounds 3, section 3.3).
func (p *painter) thickness(e display.Edge) int {
	if !(e.Width > 0) || e.Style == "none" || e.Style == "hidden" || e.Style == "" {
		return 0
	}
	return max(int(bounded(e.Width*p.scale)), 1)
}

// squeeze keeps opposite edges from overlapping.
func (f *frame) squeeze() {
	for side, length := range [4]int{f.box.Dy(), f.box.Dx(), f.box.Dy(), f.box.Dx()} {
		f.widths[side] = min(f.widths[side], length)
	}
	f.widths[bottomSide] = min(f.widths[bottomSide], f.box.Dy()-f.widths[topSide])
	f.widths[rightSide] = min(f.widths[rightSide], f.box.Dx()-f.widths[leftSide])
}

// hidesNothing reports whether the target lies wholly inside the frame.
func (p *painter) hidesNothing(f frame) bool {
	inner := f.inner(1)
	r := max(f.radii[0], f.radii[1], f.radii[2], f.radii[3])
	inner = inner.Inset(int(math.Ceil(float64(r))))
	return !inner.Empty() && p.top().clip.In(inner)
}

// inner is the box after a share of the widths, 1 for all of them.
func (f frame) inner(share float32) image.Rectangle {
	w := f.share(share)
	return image.Rectangle{
		Min: image.Pt(f.box.Min.X+w[leftSide], f.box.Min.Y+w[topSide]),
		Max: image.Pt(f.box.Max.X-w[rightSide], f.box.Max.Y-w[bottomSide]),
	}
}

func (f frame) share(share float32) [4]int {
	var w [4]int
	for i, v := range f.widths {
		w[i] = int(math.Round(float64(float32(v) * share)))
	}
	return w
}

// outline is the round box after a share of the widths.
func (f frame) outline(share float32) []point {
	box := f.inner(share)
	w := f.share(share)
	r := f.radii
	shrink := func(i, a, b int) { r[i] = max(r[i]-float32(max(w[a], w[b])), 0) }
	if share > 0 {
		shrink(0, leftSide, topSide)
		shrink(1, topSide, rightSide)
		shrink(2, rightSide, bottomSide)
		shrink(3, bottomSide, leftSide)
	}
	if box.Max.X < box.Min.X || box.Max.Y < box.Min.Y {
		return nil
	}
	return roundRect(float32(box.Min.X), float32(box.Min.Y), float32(box.Max.X), float32(box.Max.Y), r)
}

// band is a part of a border's thickness, from the outside (0) to the inside (1).
type band struct{ from, to float32 }

func bands(style string, width int) []band {
	if style == "double" && width >= 3 {
		third := float32(max(int(math.Round(float64(width)/3)), 1)) / float32(width)
		return []band{{0, third}, {1 - third, 1}}
	}
	return []band{{0, 1}}
}

// ring fills a band of the whole border.
func (p *painter) ring(f frame, part band, c color.NRGBA) {
	if f.radii == (corners{}) {
		outer, inner := f.inner(part.from), f.inner(part.to)
		img := p.top().img
		if inner.Empty() {
			fill(img, p.visible(outer), c)
			return
		}
		for _, r := range [4]image.Rectangle{
			{outer.Min, image.Pt(outer.Max.X, inner.Min.Y)},
			{image.Pt(outer.Min.X, inner.Max.Y), outer.Max},
			{image.Pt(outer.Min.X, inner.Min.Y), image.Pt(inner.Min.X, inner.Max.Y)},
			{image.Pt(inner.Max.X, inner.Min.Y), image.Pt(outer.Max.X, inner.Max.Y)},
		} {
			fill(img, p.visible(r), c)
		}
		return
	}
	shape := &path{}
	shape.add(f.outline(part.from)...)
	shape.add(reversed(f.outline(part.to))...)
	p.paintPath(shape, f.box, image.Rectangle{}, c)
}

// edge draws one side, with mitred corners.
func (p *painter) edge(f frame, side int, e display.Edge) {
	light, dark := e.Color, darker(e.Color)
	near := side == topSide || side == leftSide
	switch e.Style {
	case "dashed", "dotted":
		p.dashes(f, side, e)
	case "groove", "ridge":
		outer, inner := dark, light
		if (e.Style == "ridge") == near {
			outer, inner = light, dark
		}
		p.part(f, side, band{0, 0.5}, outer)
		p.part(f, side, band{0.5, 1}, inner)
	case "inset", "outset":
		c := light
		if (e.Style == "inset") == near {
			c = dark
		}
		p.part(f, side, band{0, 1}, c)
	default:
		for _, b := range bands(e.Style, f.widths[side]) {
			p.part(f, side, b, e.Color)
		}
	}
}

// part fills a band of one side.
func (p *painter) part(f frame, side int, b band, c color.NRGBA) {
	trapezoid := f.trapezoid(side)
	if f.radii == (corners{}) {
		outer, inner := f.inner(b.from), f.inner(b.to)
		if f.square(side) {
			fill(p.top().img, p.visible(sideBox(outer, inner, side)), c)
			return
		}
		shape := &path{}
		shape.add(sidePolygon(outer, inner, side)...)
		p.paintPath(shape, f.box, image.Rectangle{}, c)
		return
	}
	area := p.visible(f.box)
	if area.Empty() {
		return
	}
	ring, wedge := newMask(area), newMask(area)
	shape := &path{}
	shape.add(f.outline(b.from)...)
	shape.add(reversed(f.outline(b.to))...)
	shape.fill(ring)
	cut := &path{}
	cut.add(trapezoid...)
	cut.fill(wedge)
	for i, v := range wedge.pix {
		ring.pix[i] = uint8(div255(uint32(ring.pix[i]) * uint32(v)))
	}
	blendMask(p.top().img, area, ring, area.Min.X, area.Min.Y, c, nil)
}

// square reports whether neither neighbour of a side has a width: no mitre.
func (f frame) square(side int) bool {
	return f.widths[(side+1)%4] == 0 && f.widths[(side+3)%4] == 0
}

func sideBox(outer, inner image.Rectangle, side int) image.Rectangle {
	switch side {
	case topSide:
		outer.Max.Y = inner.Min.Y
	case rightSide:
		outer.Min.X = inner.Max.X
	case bottomSide:
		outer.Min.Y = inner.Max.Y
	default:
		outer.Max.X = inner.Min.X
	}
	return outer
}

func vertices(r image.Rectangle) [4]point {
	x0, y0, x1, y1 := float32(r.Min.X), float32(r.Min.Y), float32(r.Max.X), float32(r.Max.Y)
	return [4]point{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}
}

func sidePolygon(outer, inner image.Rectangle, side int) []point {
	o, i := vertices(outer), vertices(inner)
	next := (side + 1) % 4
	return []point{o[side], o[next], i[next], i[side]}
}

// trapezoid is the region of a side in a round border: from the outer corners
// through the inner ones to where the mitres of its ends meet, or the middle.
func (f frame) trapezoid(side int) []point {
	o, i := vertices(f.box), vertices(f.inner(1))
	next := (side + 1) % 4
	a, b := towards(o[side], i[side]), towards(o[next], i[next])
	// How far the mitres run: half of the shorter extent, at the slope of the wider side.
	reach := func(d point, length float32) float32 {
		return length / 2 / max(abs(d.x), abs(d.y), 1e-3)
	}
	length := float32(min(f.box.Dx(), f.box.Dy()))
	ra, rb := reach(a, length), reach(b, length)
	return []point{
		o[side], o[next],
		{o[next].x + b.x*rb, o[next].y + b.y*rb},
		{o[side].x + a.x*ra, o[side].y + a.y*ra},
	}
}

func towards(a, b point) point {
	d := point{b.x - a.x, b.y - a.y}
	if d.x == 0 && d.y == 0 {
		return point{}
	}
	return d
}

func abs(v float32) float32 { return max(v, -v) }

// darker is the shaded colour of the three-dimensional styles; black gets
// lighter, as its shade could not be seen.
func darker(c color.NRGBA) color.NRGBA {
	if int(c.R)+int(c.G)+int(c.B) < 48 {
		return color.NRGBA{R: c.R + 76, G: c.G + 76, B: c.B + 76, A: c.A}
	}
	return color.NRGBA{R: uint8(uint32(c.R) * 2 / 3), G: uint8(uint32(c.G) * 2 / 3), B: uint8(uint32(c.B) * 2 / 3), A: c.A}
}

func alike(e [4]display.Edge) bool {
	return e[0] == e[1] && e[1] == e[2] && e[2] == e[3]
}
