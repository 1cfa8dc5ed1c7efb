package raster

import (
	"image"
	"image/color"
	"math"
	"sync"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"golang.org/x/image/draw"

	"guichet/services/html/display"
	"guichet/services/html/text"
)

// Limits of the glyph cache.
const (
	maxCachedGlyph = 200     // device pixels per em; larger glyphs are drawn anew each time
	glyphBytes     = 6 << 20 // of one of its two generations
	maxFontPixels  = 20_000  // device pixels per em that are drawn at all
)

// glyphKey names a drawn glyph. Glyphs are drawn at four places within a
// pixel, so that letters stand where the shaper put them.
type glyphKey struct {
	face    uint64
	id      uint32
	size    float32
	quarter uint8
}

// glyphImage is a drawn glyph: a mask, or a picture for an emoji. left and top
// are its place relative to the pixel of the origin.
type glyphImage struct {
	mask      *mask
	picture   *image.RGBA
	left, top int
}

// glyphCache keeps drawn glyphs in two generations.
type glyphCache struct {
	mu         sync.Mutex
	young, old map[glyphKey]*glyphImage
	bytes      int
}

var glyphs glyphCache

func (c *glyphCache) get(k glyphKey) *glyphImage {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.young[k]; g != nil {
		return g
	}
	g := c.old[k]
	if g != nil {
		c.put(k, g)
	}
	return g
}

// put adds a glyph; mu is held.
func (c *glyphCache) put(k glyphKey, g *glyphImage) {
	if c.young == nil || c.bytes > glyphBytes {
		c.old, c.young, c.bytes = c.young, map[glyphKey]*glyphImage{}, 0
	}
	c.young[k] = g
	c.bytes += 160
	if g.mask != nil {
		c.bytes += len(g.mask.pix)
	}
	if g.picture != nil {
		c.bytes += len(g.picture.Pix)
	}
}

func (p *painter) run(r *display.Run) {
	face, ok := r.Face.(*text.Face)
	size := r.Size * p.scale
	if !ok || !(size > 0.5) || size > maxFontPixels || r.Color.A == 0 {
		return
	}
	if r.Blur > 0 {
		p.blurredRun(*r)
		return
	}
	top := p.top()
	curve := contrast(r.Color)
	baseline := int(math.Floor(float64(p.py(r.OriginY)) + 0.5))
	for i := range r.Glyphs {
		g := &r.Glyphs[i]
		x := p.px(r.OriginX + g.X)
		y := baseline
		if g.Y != 0 {
			y += int(math.Floor(float64(g.Y*p.scale) + 0.5))
		}
		if x < float32(top.clip.Min.X)-2*size || x > float32(top.clip.Max.X)+2*size {
			continue
		}
		whole := float32(math.Floor(float64(x) + 0.125))
		quarter := uint8(min(max((x-whole)*4+0.5, 0), 3))
		if size > maxCachedGlyph {
			p.largeGlyph(face, g.ID, size, x, float32(y), r.Color)
			continue
		}
		k := glyphKey{face.FaceID(), g.ID, size, quarter}
		drawn := glyphs.get(k)
		if drawn == nil {
			drawn = drawGlyph(face, g.ID, size, float32(quarter)/4)
			glyphs.mu.Lock()
			glyphs.put(k, drawn)
			glyphs.mu.Unlock()
		}
		at := image.Pt(int(whole)+drawn.left, y+drawn.top)
		switch {
		case drawn.mask != nil:
			blendMask(top.img, top.clip, drawn.mask, at.X, at.Y, r.Color, curve)
		case drawn.picture != nil:
			blendImage(top.img, top.clip, drawn.picture, at.X, at.Y, uint32(r.Color.A), nil)
		}
	}
}

// largeGlyph draws a glyph that is too large to keep, only where it is seen.
func (p *painter) largeGlyph(face *text.Face, id uint32, size, x, y float32, c color.NRGBA) {
	shape, box := glyphPath(face, id, size, x, y)
	if shape == nil {
		return
	}
	p.paintPath(shape, box, image.Rectangle{}, c)
}

// glyphPath is a glyph's outline with its origin at x, y in device pixels, and
// the pixels that it may touch.
func glyphPath(face *text.Face, id uint32, size, x, y float32) (*path, image.Rectangle) {
	segments, ok := face.Outline(id)
	if !ok || len(segments) == 0 {
		return nil, image.Rectangle{}
	}
	scale := size / face.UnitsPerEm()
	slant := float32(0)
	if face.Slant() {
		slant = 0.2
	}
	place := func(s font.SegmentPoint) point {
		return point{bounded(x + (s.X+slant*s.Y)*scale), bounded(y - s.Y*scale)}
	}
	shape := &path{}
	var polygon []point
	for i := range segments {
		s := &segments[i]
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			shape.add(polygon...)
			polygon = []point{place(s.Args[0])}
		case opentype.SegmentOpLineTo:
			polygon = append(polygon, place(s.Args[0]))
		case opentype.SegmentOpQuadTo:
			polygon = quad(polygon, place(s.Args[0]), place(s.Args[1]))
		case opentype.SegmentOpCubeTo:
			polygon = cubic(polygon, place(s.Args[0]), place(s.Args[1]), place(s.Args[2]))
		}
	}
	shape.add(polygon...)
	if face.Embolden() {
		embolden(shape, size/24)
	}
	return shape, extent(shape)
}

func extent(shape *path) image.Rectangle {
	x0, y0, x1, y1 := float32(far), float32(far), float32(-far), float32(-far)
	for _, polygon := range shape.polygons {
		for _, at := range polygon {
			x0, y0, x1, y1 = min(x0, at.x), min(y0, at.y), max(x1, at.x), max(y1, at.y)
		}
	}
	if x1 < x0 {
		return image.Rectangle{}
	}
	return image.Rect(int(math.Floor(float64(x0))), int(math.Floor(float64(y0))), int(math.Ceil(float64(x1))), int(math.Ceil(float64(y1))))
}

func steps(length float32) int { return min(max(int(math.Sqrt(float64(length)*1.5)), 2), 64) }

func quad(out []point, c, to point) []point {
	if len(out) == 0 {
		return out
	}
	from := out[len(out)-1]
	n := steps(distance(from, c) + distance(c, to))
	for i := 1; i <= n; i++ {
		t := float32(i) / float32(n)
		u := 1 - t
		out = append(out, point{
			u*u*from.x + 2*u*t*c.x + t*t*to.x,
			u*u*from.y + 2*u*t*c.y + t*t*to.y,
		})
	}
	return out
}

func cubic(out []point, c1, c2, to point) []point {
	if len(out) == 0 {
		return out
	}
	from := out[len(out)-1]
	n := steps(distance(from, c1) + distance(c1, c2) + distance(c2, to))
	for i := 1; i <= n; i++ {
		t := float32(i) / float32(n)
		u := 1 - t
		a, b, c, d := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
		out = append(out, point{
			a*from.x + b*c1.x + c*c2.x + d*to.x,
			a*from.y + b*c1.y + c*c2.y + d*to.y,
		})
	}
	return out
}

func distance(a, b point) float32 {
	return float32(math.Hypot(float64(b.x-a.x), float64(b.y-a.y)))
}

// embolden moves each outline outwards by half of width at every corner.
func embolden(shape *path, width float32) {
	var area float64 // of all outlines: its sign says which side is outside
	for _, polygon := range shape.polygons {
		last := polygon[len(polygon)-1]
		for _, at := range polygon {
			area += float64(last.x)*float64(at.y) - float64(at.x)*float64(last.y)
			last = at
		}
	}
	half := width / 2
	if area < 0 {
		half = -half
	}
	for _, polygon := range shape.polygons {
		// Points that repeat have no direction.
		kept := polygon[:0]
		for _, at := range polygon {
			if len(kept) == 0 || distance(kept[len(kept)-1], at) > 1e-4 {
				kept = append(kept, at)
			}
		}
		moved := make([]point, len(kept))
		for i, at := range kept {
			before, after := kept[(i+len(kept)-1)%len(kept)], kept[(i+1)%len(kept)]
			nx, ny := normal(before, at)
			mx, my := normal(at, after)
			sx, sy := nx+mx, ny+my
			// The corner moves along the bisector, at sharp corners not too far.
			if d := max(sx*sx+sy*sy, 0.8) / 2; d > 0 {
				sx, sy = sx/d, sy/d
			}
			moved[i] = point{at.x + sx*half, at.y + sy*half}
		}
		copy(polygon, moved)
		for i := len(moved); i < len(polygon); i++ {
			polygon[i] = moved[len(moved)-1]
		}
	}
}

// normal is the unit vector to the right-hand side of a line.
func normal(a, b point) (x, y float32) {
	d := distance(a, b)
	if d < 1e-6 {
		return 0, 0
	}
	return (b.y - a.y) / d, -(b.x - a.x) / d
}

func drawGlyph(face *text.Face, id uint32, size, shift float32) *glyphImage {
	if img, box, ok := face.Bitmap(id); ok {
		return pictureGlyph(img, box, size)
	}
	shape, box := glyphPath(face, id, size, shift, 0)
	if shape == nil || box.Empty() || box.Dx() > 8*maxCachedGlyph || box.Dy() > 8*maxCachedGlyph {
		return &glyphImage{}
	}
	m := newMask(box)
	shape.fill(m)
	return &glyphImage{mask: m, left: box.Min.X, top: box.Min.Y}
}

func pictureGlyph(img image.Image, box [4]float32, size float32) *glyphImage {
	w, h := int(math.Ceil(float64(box[2]*size))), int(math.Ceil(float64(box[3]*size)))
	if w <= 0 || h <= 0 || w > 8*maxCachedGlyph || h > 8*maxCachedGlyph {
		return &glyphImage{}
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.BiLinear.Scale(out, out.Rect, img, img.Bounds(), draw.Src, nil)
	return &glyphImage{
		picture: out,
		left:    int(math.Floor(float64(box[0] * size))), top: -int(math.Round(float64((box[1] + box[3]) * size))),
	}
}

// The correction of coverage follows what Skia does on Linux, so that text has
// the weight that people know from their browser: a gamma of 1.2 and a contrast
// of 0.2 (the common browsers' settings), by the luminance of the text.
const (
	textGamma    = 1.2
	textContrast = 0.2
	curveLevels  = 16
)

var curves = sync.OnceValue(func() *[curveLevels][256]uint8 {
	var out [curveLevels][256]uint8
	for level := range out {
		src := float64(level) / (curveLevels - 1)
		dst := 1 - src // what text stands on is not known: the opposite is likely
		linSrc, linDst := math.Pow(src, textGamma), math.Pow(dst, textGamma)
		for i := range 256 {
			a := float64(i) / 255
			a += (1 - a) * textContrast * linDst * a
			if math.Abs(dst-src) > 1.0/256 {
				mixed := math.Pow(linSrc*a+linDst*(1-a), 1/textGamma)
				a = (mixed - dst) / (src - dst)
			}
			out[level][i] = uint8(min(max(a*255+0.5, 0), 255))
		}
	}
	return &out
})

func contrast(c color.NRGBA) *[256]uint8 {
	luminance := (2126*uint32(c.R) + 7152*uint32(c.G) + 722*uint32(c.B)) / 10000
	return &curves()[(luminance*(curveLevels-1)+127)/255]
}
