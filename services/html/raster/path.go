package raster

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"sync"

	"golang.org/x/image/vector"

	"guichet/services/html/display"
)

type point struct{ x, y float32 }

// path is closed polygons in device pixels, filled by the non-zero rule.
type path struct{ polygons [][]point }

func (p *path) add(points ...point) {
	if len(points) > 2 {
		p.polygons = append(p.polygons, points)
	}
}

var rasterizers = sync.Pool{New: func() any { return vector.NewRasterizer(1, 1) }}

// fill sets the mask to what the path covers of its box.
func (p *path) fill(m *mask) {
	w, h := m.box.Dx(), m.box.Dy()
	if w <= 0 || h <= 0 {
		return
	}
	z := rasterizers.Get().(*vector.Rasterizer)
	defer rasterizers.Put(z)
	z.Reset(w, h)
	z.DrawOp = draw.Src
	c := clipper{z: z, w: float32(w), h: float32(h)}
	dx, dy := float32(m.box.Min.X), float32(m.box.Min.Y)
	for _, polygon := range p.polygons {
		last := polygon[len(polygon)-1]
		for _, at := range polygon {
			c.line(last.x-dx, last.y-dy, at.x-dx, at.y-dy)
			last = at
		}
	}
	dst := &image.Alpha{Pix: m.pix, Stride: m.stride, Rect: image.Rect(0, 0, w, h)}
	z.Draw(dst, dst.Rect, image.Opaque, image.Point{})
}

// clipper hands lines to the rasterizer without the parts that lie outside: its
// work and its fixed-point range are for what can be seen.
type clipper struct {
	z    *vector.Rasterizer
	w, h float32
}

func (c *clipper) line(x0, y0, x1, y1 float32) {
	if y0 == y1 || !finite(x0+y0+x1+y1) {
		return
	}
	// Above and below nothing is covered.
	at := func(y float32) float32 { return x0 + (x1-x0)*((y-y0)/(y1-y0)) }
	ax, ay, bx, by := x0, y0, x1, y1
	if ay < 0 {
		ax, ay = at(0), 0
	} else if ay > c.h {
		ax, ay = at(c.h), c.h
	}
	if by < 0 {
		bx, by = at(0), 0
	} else if by > c.h {
		bx, by = at(c.h), c.h
	}
	if ay == by {
		return
	}
	// Left and right of the box only the height counts: such parts become upright.
	c.side(ax, ay, bx, by, -1, func(x float32) bool { return x < -1 }, func(ax, ay, bx, by float32) {
		c.side(ax, ay, bx, by, c.w+1, func(x float32) bool { return x > c.w+1 }, c.emit)
	})
}

func (c *clipper) side(ax, ay, bx, by, edge float32, outside func(float32) bool, emit func(ax, ay, bx, by float32)) {
	a, b := outside(ax), outside(bx)
	switch {
	case a && b:
		emit(edge, ay, edge, by)
	case !a && !b:
		emit(ax, ay, bx, by)
	default:
		y := ay + (by-ay)*((edge-ax)/(bx-ax))
		if a {
			emit(edge, ay, edge, y)
			emit(edge, y, bx, by)
		} else {
			emit(ax, ay, edge, y)
			emit(edge, y, edge, by)
		}
	}
}

func (c *clipper) emit(ax, ay, bx, by float32) {
	if ay != by {
		c.z.MoveTo(ax, ay)
		c.z.LineTo(bx, by)
	}
}

// corners is a box's radii in device pixels.
type corners = [4]float32

func (p *painter) scaled(r display.Radii) corners {
	var out corners
	for i, v := range r {
		out[i] = min(max(bounded(v*p.scale), 0), far)
	}
	return out
}

// fit shrinks radii that overlap (CSS Backgrounds 3, section 4.5).
func fit(box image.Rectangle, r corners) corners {
	f := float32(1)
	for i, length := range [4]int{box.Dx(), box.Dy(), box.Dx(), box.Dy()} {
		if sum := r[i] + r[(i+1)%4]; sum > float32(length) {
			f = min(f, float32(length)/sum)
		}
	}
	for i := range r {
		r[i] *= f
	}
	return r
}

// middle is the rows of a round box that are covered from side to side.
func middle(box image.Rectangle, r corners) image.Rectangle {
	box.Min.Y += int(math.Ceil(float64(max(r[0], r[1]))))
	box.Max.Y -= int(math.Ceil(float64(max(r[2], r[3]))))
	if box.Max.Y < box.Min.Y {
		return image.Rectangle{}
	}
	return box
}

func (p *painter) roundedBox(box image.Rectangle, r corners) *path {
	out := &path{}
	out.add(roundRect(float32(box.Min.X), float32(box.Min.Y), float32(box.Max.X), float32(box.Max.Y), fit(box, r))...)
	return out
}

// roundRect is the outline of a box with round corners, clockwise.
func roundRect(x0, y0, x1, y1 float32, r corners) []point {
	out := make([]point, 0, 64)
	out = arc(out, x0+r[0], y0+r[0], r[0], math.Pi, 1.5*math.Pi)
	out = arc(out, x1-r[1], y0+r[1], r[1], 1.5*math.Pi, 2*math.Pi)
	out = arc(out, x1-r[2], y1-r[2], r[2], 0, math.Pi/2)
	return arc(out, x0+r[3], y1-r[3], r[3], math.Pi/2, math.Pi)
}

// arc adds the points of an arc; without a radius, its centre.
func arc(out []point, cx, cy, r float32, from, to float64) []point {
	if r <= 0 {
		return append(out, point{cx, cy})
	}
	steps := arcSteps(r)
	for i := range steps + 1 {
		sin, cos := math.Sincos(from + (to-from)*float64(i)/float64(steps))
		out = append(out, point{cx + r*float32(cos), cy + r*float32(sin)})
	}
	return out
}

// arcSteps is how many chords draw a quarter of a circle with an error below a
// tenth of a pixel.
func arcSteps(r float32) int {
	return min(max(int(math.Ceil(1.8*math.Sqrt(float64(r)))), 2), 128)
}

func reversed(points []point) []point {
	for i, j := 0, len(points)-1; i < j; i, j = i+1, j-1 {
		points[i], points[j] = points[j], points[i]
	}
	return points
}

// paintPath fills a path that lies in box; solid is a part of the box that it
// covers wholly.
func (p *painter) paintPath(shape *path, box, solid image.Rectangle, c color.NRGBA) {
	if c.A == 0 {
		return
	}
	top := p.top()
	strips := []image.Rectangle{box}
	if !solid.Empty() {
		fill(top.img, p.visible(solid), c)
		strips = []image.Rectangle{
			{Min: box.Min, Max: image.Pt(box.Max.X, solid.Min.Y)},
			{Min: image.Pt(box.Min.X, solid.Max.Y), Max: box.Max},
		}
	}
	for _, strip := range strips {
		area := p.visible(strip)
		if area.Empty() {
			continue
		}
		m := newMask(area)
		shape.fill(m)
		blendMask(top.img, area, m, area.Min.X, area.Min.Y, c, nil)
	}
}
