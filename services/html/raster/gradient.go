package raster

import (
	"math"

	"guichet/services/html/display"
)

// gradientSteps is how finely the colours of a gradient are worked out ahead.
const gradientSteps = 1024

func (p *painter) gradient(g display.Gradient) {
	box := p.snap(g.Rect)
	area := p.visible(box)
	if area.Empty() || len(g.Stops) == 0 {
		return
	}
	var cover *mask
	if g.Radii != (display.Radii{}) {
		cover = newMask(area)
		p.roundedBox(box, p.scaled(g.Radii)).fill(cover)
	}
	first, last := g.Stops[0].At, g.Stops[len(g.Stops)-1].At
	if !g.Repeat || !(last > first) {
		first, last = 0, 1
		for _, s := range g.Stops {
			first, last = min(first, s.At), max(last, s.At)
		}
	}
	table := colours(g.Stops, first, last)
	at := p.progress(g)
	span := 1 / (last - first)
	img := p.top().img
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := img.Pix[img.PixOffset(area.Min.X, y):][:4*area.Dx()]
		var m []uint8
		if cover != nil {
			m = cover.row(y)
		}
		for i := 0; i < area.Dx(); i++ {
			t := (at(float32(area.Min.X+i)+0.5, float32(y)+0.5) - first) * span
			if g.Repeat {
				t -= float32(math.Floor(float64(t)))
			}
			c := &table[int(clamp01(t)*(gradientSteps-1)+0.5)]
			a := uint32(255)
			if m != nil {
				a = uint32(m[i])
			}
			over(row[4*i:4*i+4:4*i+4], c[0], c[1], c[2], c[3], a)
		}
	}
}

// progress gives where on the gradient line a device pixel lies, 0 to 1.
func (p *painter) progress(g display.Gradient) func(x, y float32) float32 {
	x0, y0 := p.px(g.X0), p.py(g.Y0)
	if g.Radial {
		rx, ry := max(g.X1*p.scale, 1e-3), max(g.Y1*p.scale, 1e-3)
		return func(x, y float32) float32 {
			dx, dy := (x-x0)/rx, (y-y0)/ry
			return float32(math.Sqrt(float64(dx*dx + dy*dy)))
		}
	}
	dx, dy := p.px(g.X1)-x0, p.py(g.Y1)-y0
	square := dx*dx + dy*dy
	if square == 0 {
		return func(_, _ float32) float32 { return 1 }
	}
	dx, dy = dx/square, dy/square
	return func(x, y float32) float32 { return (x-x0)*dx + (y-y0)*dy }
}

// colours samples the stops between first and last, in premultiplied colours.
func colours(stops []display.Stop, first, last float32) *[gradientSteps][4]uint32 {
	var out [gradientSteps][4]uint32
	parts := func(s display.Stop) [4]float32 {
		r, g, b, a := premultiply(s.Color)
		return [4]float32{float32(r), float32(g), float32(b), float32(a)}
	}
	k := 0
	for i := range out {
		at := first + (last-first)*float32(i)/(gradientSteps-1)
		for k+1 < len(stops) && stops[k+1].At <= at {
			k++
		}
		c := parts(stops[k])
		if k+1 < len(stops) && at > stops[k].At {
			next := parts(stops[k+1])
			t := clamp01((at - stops[k].At) / (stops[k+1].At - stops[k].At))
			for j := range c {
				c[j] += (next[j] - c[j]) * t
			}
		}
		for j := range c {
			out[i][j] = uint32(c[j] + 0.5)
		}
	}
	return &out
}
