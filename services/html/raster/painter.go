// Package raster paints display lists into pictures in memory: boxes with
// round corners, borders of every style, gradients, shadows, text, pictures,
// groups with clip and opacity (CSS 2.1, appendix E; CSS Backgrounds 3; CSS
// Images 3). It has no window and no goroutine of its own, and may be used by
// many goroutines at once.
//
// An Index makes a part of a long page paint in the time of that part alone.
package raster

import (
	"image"
	"image/color"
	"image/png"
	"io"
	"math"

	"guichet/services/fault"
	"guichet/services/html/display"
)

// maxScale bounds the device pixels per CSS pixel.
const maxScale = 16

// Paint draws the part of a list whose top left corner is the page's point x, y
// (CSS pixels) over what dst holds, with scale device pixels per CSS pixel.
// For more than one part of the same list, use an Index.
func Paint(dst *image.RGBA, list display.List, x, y, scale float32) {
	NewIndex(list).Paint(dst, x, y, scale)
}

// PNG draws the first w by h CSS pixels of a list on a ground and writes it as
// a PNG file. A picture of more than 100 million pixels is a TooBig fault.
func PNG(out io.Writer, list display.List, ground color.Color, w, h, scale float32) error {
	dw, dh := math.Ceil(float64(w*scale)), math.Ceil(float64(h*scale))
	if !(dw >= 1 && dh >= 1) || dw*dh > 100e6 {
		return fault.Newf(fault.TooBig, "draw a page", "", "a picture of %.0f by %.0f pixels", dw, dh)
	}
	img := image.NewRGBA(image.Rect(0, 0, int(dw), int(dh)))
	Clear(img, ground)
	Paint(img, list, 0, 0, scale)
	return png.Encode(out, img)
}

// Clear fills a picture with one colour.
func Clear(dst *image.RGBA, ground color.Color) {
	c := color.NRGBAModel.Convert(ground).(color.NRGBA)
	for i := range dst.Pix {
		dst.Pix[i] = 0
	}
	fill(dst, dst.Rect, c)
}

// blockSize is how many consecutive items share a bounding box in an Index.
const blockSize = 64

// maxGroups bounds the nesting of groups: deeper ones are not clipped further.
const maxGroups = 128

// Index is a display list prepared for painting parts of it: boxes around
// blocks of consecutive items, so that what lies elsewhere is passed over in
// order of painting. It also keeps pictures at the size in which they were
// drawn last. It is safe for concurrent use.
type Index struct {
	list     display.List
	blocks   []block
	groups   []group
	pictures pictureCache
}

type block struct {
	first, end int
	box        display.Rect
	group      int32 // innermost group at the first item, or -1
	groups     int32 // how many groups begin before the first item
}

// group is a Push that encloses items.
type group struct {
	push   display.Push
	parent int32
	depth  int32
	// effective is the group itself, or the nearest one around it that is not
	// nested deeper than maxGroups.
	effective int32
}

// NewIndex prepares a list, which must not change any more.
func NewIndex(list display.List) *Index {
	ix := &Index{list: list, blocks: make([]block, 0, len(list)/blockSize+1)}
	current := int32(-1)
	for first := 0; first < len(list); first += blockSize {
		b := block{
			first: first, end: min(first+blockSize, len(list)),
			group: current, groups: int32(len(ix.groups)),
		}
		empty := true
		for i := b.first; i < b.end; i++ {
			switch it := display.Value(list[i]).(type) {
			case display.Push:
				current = ix.open(it, current)
			case display.Pop:
				if current >= 0 {
					current = ix.groups[current].parent
				}
			case nil:
			default:
				if r := it.Bounds(); empty {
					b.box, empty = r, false
				} else {
					b.box = union(b.box, r)
				}
			}
		}
		ix.blocks = append(ix.blocks, b)
	}
	return ix
}

func (ix *Index) open(p display.Push, parent int32) int32 {
	id := int32(len(ix.groups))
	g := group{push: p, parent: parent, effective: id}
	if parent >= 0 {
		g.depth = ix.groups[parent].depth + 1
		if g.depth >= maxGroups {
			g.effective = ix.groups[parent].effective
		}
	}
	ix.groups = append(ix.groups, g)
	return id
}

// Paint draws the part of the list whose top left corner is the page's point
// x, y over what dst holds; see the function Paint.
func (ix *Index) Paint(dst *image.RGBA, x, y, scale float32) {
	if !(scale > 0) || dst.Rect.Empty() || !finite(x) || !finite(y) {
		return
	}
	scale = min(scale, maxScale)
	p := &painter{
		index: ix, scale: scale,
		// Every part of a page is drawn on the same grid of device pixels.
		ox: int(math.Round(float64(x*scale))) - dst.Rect.Min.X,
		oy: int(math.Round(float64(y*scale))) - dst.Rect.Min.Y,
	}
	p.layers = append(p.layers, layer{img: dst, clip: dst.Rect, group: -1, target: true})
	// Anti-aliasing and snapping reach a pixel beyond an item's box.
	area := display.Rect{X: x - 1/scale, Y: y - 1/scale, W: (float32(dst.Rect.Dx()) + 2) / scale, H: (float32(dst.Rect.Dy()) + 2) / scale}
	for i := range ix.blocks {
		b := &ix.blocks[i]
		if !b.box.Overlaps(area) {
			continue
		}
		current, next := b.group, b.groups
		for _, it := range ix.list[b.first:b.end] {
			switch it := display.Value(it).(type) {
			case display.Push:
				current = next
				next++
			case display.Pop:
				if current >= 0 {
					current = ix.groups[current].parent
				}
			case nil:
			default:
				if it.Bounds().Overlaps(area) {
					p.enter(current)
					p.item(it)
				}
			}
		}
	}
	p.enter(-1)
}

// painter paints one part of a page.
type painter struct {
	index  *Index
	scale  float32
	ox, oy int // device pixel of the page that is pixel 0, 0 of the target
	layers []layer
}

// layer is an open group: a clip, and a picture of its own where the group is
// round or translucent.
type layer struct {
	group  int32
	img    *image.RGBA
	clip   image.Rectangle
	target bool // img is not the one of the layer below
}

func (p *painter) top() *layer { return &p.layers[len(p.layers)-1] }

// enter closes and opens groups until group is the innermost one.
func (p *painter) enter(group int32) {
	ix := p.index
	if group >= 0 {
		group = ix.groups[group].effective
	}
	if p.top().group == group {
		return
	}
	var path []int32 // of groups to open, innermost first
	for g := group; g >= 0; g = ix.groups[g].parent {
		path = append(path, g)
	}
	// The layers are a path from the root too: what both share stays open.
	keep := 1
	for keep < len(p.layers) && keep <= len(path) && p.layers[keep].group == path[len(path)-keep] {
		keep++
	}
	for len(p.layers) > keep {
		p.leave()
	}
	for i := len(path) - keep; i >= 0; i-- {
		p.open(path[i])
	}
}

func (p *painter) open(g int32) {
	push := &p.index.groups[g].push
	l := layer{group: g, img: p.top().img, clip: p.top().clip}
	if push.Clip {
		l.clip = l.clip.Intersect(p.snap(push.Rect))
	}
	round := push.Clip && push.Radii != (display.Radii{})
	if (round || opacity(push.Opacity) < 255) && !l.clip.Empty() {
		l.img, l.target = image.NewRGBA(l.clip), true
	}
	p.layers = append(p.layers, l)
}

func (p *painter) leave() {
	l := *p.top()
	p.layers = p.layers[:len(p.layers)-1]
	if !l.target {
		return
	}
	push := &p.index.groups[l.group].push
	whole := opacity(push.Opacity)
	var m *mask
	if push.Clip && push.Radii != (display.Radii{}) {
		m = newMask(l.clip)
		p.roundedBox(p.snap(push.Rect), p.scaled(push.Radii)).fill(m)
	}
	below := p.top().img
	for y := l.clip.Min.Y; y < l.clip.Max.Y; y++ {
		s := l.img.Pix[l.img.PixOffset(l.clip.Min.X, y):][:4*l.clip.Dx()]
		d := below.Pix[below.PixOffset(l.clip.Min.X, y):][:4*l.clip.Dx()]
		var cover []uint8
		if m != nil {
			cover = m.row(y)
		}
		for i := 0; i < len(s); i += 4 {
			if s[i+3] == 0 {
				continue
			}
			a := whole
			if cover != nil {
				a = div255(a * uint32(cover[i/4]))
			}
			over(d[i:i+4:i+4], uint32(s[i]), uint32(s[i+1]), uint32(s[i+2]), uint32(s[i+3]), a)
		}
	}
}

func (p *painter) item(it display.Item) {
	if p.top().clip.Empty() {
		return
	}
	switch it := it.(type) {
	case display.Fill:
		p.fill(it.Rect, it.Radii, it.Color)
	case display.Gradient:
		p.gradient(it)
	case display.Shadow:
		p.shadow(it)
	case display.Border:
		p.border(it)
	case display.Run:
		p.run(&it)
	case *display.Run:
		p.run(it)
	case display.Picture:
		p.picture(it)
	case display.Line:
		p.line(it)
	}
}

// far bounds device coordinates: nothing that can be seen lies beyond.
const far = 1 << 24

// px is a page coordinate in device pixels of the target, unrounded.
func (p *painter) px(x float32) float32 { return bounded(x*p.scale) - float32(p.ox) }

func (p *painter) py(y float32) float32 { return bounded(y*p.scale) - float32(p.oy) }

func bounded(v float32) float32 {
	if !(v > -far) { // NaN too
		return -far
	}
	return min(v, far)
}

// snap is a box on whole device pixels, at least one pixel large where the
// box is not empty: sharp edges, as in the common browsers.
func (p *painter) snap(r display.Rect) image.Rectangle {
	edge := func(v float32) int { return int(math.Floor(float64(bounded(v*p.scale)) + 0.5)) }
	out := image.Rect(edge(r.X)-p.ox, edge(r.Y)-p.oy, edge(r.X+r.W)-p.ox, edge(r.Y+r.H)-p.oy)
	if !(r.W > 0 && r.H > 0) {
		return image.Rectangle{}
	}
	if out.Max.X <= out.Min.X {
		out.Max.X = out.Min.X + 1
	}
	if out.Max.Y <= out.Min.Y {
		out.Max.Y = out.Min.Y + 1
	}
	return out
}

// visible is the part of a device box that the clip lets through.
func (p *painter) visible(r image.Rectangle) image.Rectangle { return r.Intersect(p.top().clip) }

func (p *painter) fill(r display.Rect, radii display.Radii, c color.NRGBA) {
	if c.A == 0 {
		return
	}
	box := p.snap(r)
	if radii == (display.Radii{}) {
		fill(p.top().img, p.visible(box), c)
		return
	}
	round := fit(box, p.scaled(radii))
	p.paintPath(p.roundedBox(box, round), box, middle(box, round), c)
}

func union(a, b display.Rect) display.Rect {
	x0, y0 := min(a.X, b.X), min(a.Y, b.Y)
	x1, y1 := max(a.X+a.W, b.X+b.W), max(a.Y+a.H, b.Y+b.H)
	return display.Rect{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}
}

func finite(v float32) bool { return v-v == 0 }

func clamp01(v float32) float32 {
	if !(v > 0) {
		return 0
	}
	return min(v, 1)
}

// opacity is a share as 0 to 255; 0 counts as all.
func opacity(share float32) uint32 {
	if share == 0 {
		return 255
	}
	return uint32(255*clamp01(share) + 0.5)
}
