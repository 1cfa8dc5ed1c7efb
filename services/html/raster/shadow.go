package raster

import (
	"image"
	"math"

	"guichet/services/html/display"
)

// maxBlur bounds the standard deviation of a shadow, in device pixels.
const maxBlur = 150

func (p *painter) sigma(radius float32) float32 {
	if !(radius > 0) {
		return 0
	}
	return min(radius*p.scale/2, maxBlur)
}

func (p *painter) shadow(s display.Shadow) {
	area := p.visible(p.snap(s.Rect))
	if area.Empty() || s.Color.A == 0 {
		return
	}
	sigma := p.sigma(s.Blur)
	margin := int(math.Ceil(float64(3 * sigma)))
	m := newMask(area.Inset(-margin))
	shape := p.roundedBox(p.snap(s.Shape), p.scaled(s.Radii))
	if s.Shape.W <= 0 || s.Shape.H <= 0 {
		shape = &path{}
	}
	shape.fill(m)
	if s.Inset {
		for i, v := range m.pix {
			m.pix[i] = 255 - v
		}
	}
	blur(m, sigma)
	// What is cut away: the box for an outer shadow, all but the box for an inset one.
	hole := newMask(area)
	p.roundedBox(p.snap(s.Hole), p.scaled(s.HoleRadii)).fill(hole)
	out := newMask(area)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		from, cut, to := m.row(y)[margin:], hole.row(y), out.row(y)
		for x := range to {
			keep := uint32(cut[x])
			if !s.Inset {
				keep = 255 - keep
			}
			to[x] = uint8(div255(uint32(from[x]) * keep))
		}
	}
	blendMask(p.top().img, area, out, area.Min.X, area.Min.Y, s.Color, nil)
}

// blurredRun draws a text shadow.
func (p *painter) blurredRun(r display.Run) {
	sigma := p.sigma(r.Blur)
	margin := int(math.Ceil(float64(3 * sigma)))
	area := p.visible(p.snap(r.Rect).Inset(-margin))
	if area.Empty() {
		return
	}
	box := area.Inset(-margin)
	sub := &painter{index: p.index, scale: p.scale, ox: p.ox, oy: p.oy}
	img := image.NewRGBA(box)
	sub.layers = []layer{{group: -1, img: img, clip: box, target: true}}
	sharp := r
	sharp.Blur = 0
	sharp.Color.A = 255
	sub.run(&sharp)
	m := newMask(box)
	for i := range m.pix {
		m.pix[i] = img.Pix[4*i+3]
	}
	blur(m, sigma)
	blendMask(p.top().img, area, m, box.Min.X, box.Min.Y, r.Color, nil)
}

// blur is a Gaussian blur, approximated by three box blurs (SVG's
// feGaussianBlur names the widths).
func blur(m *mask, sigma float32) {
	d := int(math.Floor(float64(sigma)*3*math.Sqrt(2*math.Pi)/4 + 0.5))
	if d < 2 {
		return
	}
	w, h := m.box.Dx(), m.box.Dy()
	line, spare := make([]uint8, max(w, h)), make([]uint8, max(w, h))
	for y := range h {
		row := m.pix[y*m.stride:][:w]
		blurLine(row, spare[:w], d)
	}
	for x := range w {
		column := line[:h]
		for y := range column {
			column[y] = m.pix[y*m.stride+x]
		}
		blurLine(column, spare[:h], d)
		for y, v := range column {
			m.pix[y*m.stride+x] = v
		}
	}
}

func blurLine(line, spare []uint8, d int) {
	if d%2 == 1 {
		boxMean(spare, line, d, d/2)
		boxMean(line, spare, d, d/2)
		boxMean(spare, line, d, d/2)
	} else {
		boxMean(spare, line, d, d/2)
		boxMean(line, spare, d, d/2-1)
		boxMean(spare, line, d+1, d/2)
	}
	copy(line, spare)
}

// boxMean sets each value of dst to the mean of d values of src, before of them in front;
// beyond the ends the last value goes on.
func boxMean(dst, src []uint8, d, before int) {
	n := len(src)
	at := func(i int) int { return int(src[min(max(i, 0), n-1)]) }
	sum := 0
	for i := -before; i < d-before; i++ {
		sum += at(i)
	}
	for i := range dst {
		dst[i] = uint8((sum + d/2) / d)
		sum += at(i+d-before) - at(i-before)
	}
}
