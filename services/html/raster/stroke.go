package raster

import (
	"image"
	"image/color"
	"math"

	"guichet/services/html/display"
)

// maxDashes bounds the pieces of one dashed or dotted line.
const maxDashes = 20_000

// dashes draws a dashed or dotted side along the middle of its thickness.
func (p *painter) dashes(f frame, side int, e display.Edge) {
	line := f.centre(side)
	w := float32(f.widths[side])
	if len(line) < 2 {
		return
	}
	dash := 2 * w
	if e.Style == "dotted" {
		dash = w
	} else if w < 3 {
		dash = 3 * w
	}
	p.strokeDashes(line, w, dash, e.Style == "dotted" && w > 1, e.Color, f.box)
}

// centre is the middle line of a side.
func (f frame) centre(side int) []point {
	o := vertices(f.box)
	next := (side + 1) % 4
	from, to := o[side], o[next] // whole length: neighbours share the corner's square
	half := float32(f.widths[side]) / 2
	switch side { // thickness of the side itself, whatever its neighbours have
	case topSide:
		from.y, to.y = o[0].y+half, o[0].y+half
	case rightSide:
		from.x, to.x = o[1].x-half, o[1].x-half
	case bottomSide:
		from.y, to.y = o[2].y-half, o[2].y-half
	default:
		from.x, to.x = o[0].x+half, o[0].x+half
	}
	a, b := max(f.radii[side]-half, 0), max(f.radii[next]-half, 0)
	if a == 0 && b == 0 {
		return []point{from, to}
	}
	// The second half of the first corner's arc, the straight part, the first half of the second's.
	turn := float64(side)*math.Pi/2 - math.Pi/2
	corner := func(at point, r float32, start, end float64, sx, sy float32) []point {
		return arc(nil, at.x+sx*(r+half), at.y+sy*(r+half), r, turn+start, turn+end)
	}
	inwards := [4]point{{1, 1}, {-1, 1}, {-1, -1}, {1, -1}}
	var line []point
	if a > 0 {
		line = append(line, corner(o[side], a, -math.Pi/4, 0, inwards[side].x, inwards[side].y)...)
	} else {
		line = append(line, from)
	}
	if b > 0 {
		return append(line, corner(o[next], b, 0, math.Pi/4, inwards[next].x, inwards[next].y)...)
	}
	return append(line, to)
}

// strokeDashes draws pieces of a line with equal gaps, so that a piece stands
// at both ends.
func (p *painter) strokeDashes(line []point, width, dash float32, round bool, c color.NRGBA, box image.Rectangle) {
	var total float32
	for i := 1; i < len(line); i++ {
		total += distance(line[i-1], line[i])
	}
	if !(total > 0) {
		return
	}
	n := int(math.Round(float64((total/dash + 1) / 2)))
	n = min(max(n, 1), maxDashes)
	gap := float32(0)
	if n > 1 {
		gap = (total - float32(n)*dash) / float32(n-1)
	}
	shape := &path{}
	for i := range n {
		from := float32(i) * (dash + gap)
		if round {
			at := along(line, from+dash/2)
			if !p.nearClip(at, width) {
				continue
			}
			shape.add(arcPoints(at, width/2)...)
			continue
		}
		shape.add(thick(cutLine(line, from, from+dash), width)...)
	}
	p.paintPath(shape, box, image.Rectangle{}, c)
}

func (p *painter) nearClip(at point, d float32) bool {
	c := p.top().clip
	return at.x+d >= float32(c.Min.X) && at.x-d <= float32(c.Max.X) && at.y+d >= float32(c.Min.Y) && at.y-d <= float32(c.Max.Y)
}

func arcPoints(at point, r float32) []point { return arc(nil, at.x, at.y, r, 0, 2*math.Pi) }

// along is the point of a line at a distance from its start.
func along(line []point, d float32) point {
	for i := 1; i < len(line); i++ {
		length := distance(line[i-1], line[i])
		if d <= length && length > 0 {
			t := d / length
			return point{line[i-1].x + (line[i].x-line[i-1].x)*t, line[i-1].y + (line[i].y-line[i-1].y)*t}
		}
		d -= length
	}
	return line[len(line)-1]
}

// cutLine is the part of a line between two distances from its start.
func cutLine(line []point, from, to float32) []point {
	out := []point{along(line, from)}
	var d float32
	for i := 1; i < len(line); i++ {
		d += distance(line[i-1], line[i])
		if d > from && d < to {
			out = append(out, line[i])
		}
	}
	return append(out, along(line, to))
}

// thick is the outline of a line drawn with a width.
func thick(line []point, width float32) []point {
	left, right := make([]point, 0, 2*len(line)), make([]point, 0, len(line))
	for i := range line {
		a, b := line[max(i-1, 0)], line[min(i+1, len(line)-1)]
		nx, ny := normal(a, b)
		left = append(left, point{line[i].x + nx*width/2, line[i].y + ny*width/2})
		right = append(right, point{line[i].x - nx*width/2, line[i].y - ny*width/2})
	}
	return append(left, reversed(right)...)
}

// line draws a text decoration.
func (p *painter) line(l display.Line) {
	box := p.snap(l.Rect)
	if p.visible(box).Empty() || l.Color.A == 0 {
		return
	}
	img := p.top().img
	thickness := box.Dy()
	middle := []point{{float32(box.Min.X), float32(box.Min.Y) + float32(thickness)/2}, {float32(box.Max.X), float32(box.Min.Y) + float32(thickness)/2}}
	switch l.Style {
	case "double":
		part := max(thickness/3, 1)
		upper, lower := box, box
		upper.Max.Y, lower.Min.Y = box.Min.Y+part, box.Max.Y-part
		if lower.Min.Y <= upper.Max.Y { // too thin for a gap: make room below
			lower = upper.Add(image.Pt(0, 2*part))
		}
		fill(img, p.visible(upper), l.Color)
		fill(img, p.visible(lower), l.Color)
	case "dotted":
		p.strokeDashes(middle, float32(thickness), float32(thickness), thickness > 1, l.Color, box)
	case "dashed":
		p.strokeDashes(middle, float32(thickness), 3*float32(thickness), false, l.Color, box)
	case "wavy":
		p.wave(box, l.Color)
	default:
		fill(img, p.visible(box), l.Color)
	}
}

// wave draws a wavy line as high as its box, but high enough to be seen as one.
func (p *painter) wave(box image.Rectangle, c color.NRGBA) {
	height := max(float32(box.Dy()), 3)
	stroke := max(height/3, 1)
	length := 2 * height
	clip := p.top().clip
	from := max(float32(box.Min.X), float32(clip.Min.X)-2*length)
	// Begin at a whole wave, so that neighbouring tiles meet.
	from = float32(box.Min.X) + float32(math.Floor(float64((from-float32(box.Min.X))/length)))*length
	to := min(float32(box.Max.X), float32(clip.Max.X)+2*length)
	mid, swing := float32(box.Min.Y)+height/2, (height-stroke)/2
	var line []point
	for x := from; x <= to; x += length / 8 {
		line = append(line, point{x, mid + swing*float32(math.Sin(float64((x-float32(box.Min.X))/length)*2*math.Pi))})
	}
	if len(line) < 2 {
		return
	}
	shape := &path{}
	shape.add(thick(line, stroke)...)
	box.Max.Y = box.Min.Y + int(math.Ceil(float64(height)))
	p.paintPath(shape, box, image.Rectangle{}, c)
}
