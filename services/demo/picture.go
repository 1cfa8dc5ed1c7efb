package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"sync"

	"golang.org/x/image/vector"
)

// The pictures of the demo are painted, not photographed: nobody's copyright,
// and a few lines instead of megabytes.

// scenes are the pictures there are.
var scenes = []string{"concert", "library", "garden", "solar", "comet", "kitchen", "tram", "lake", "roses", "choir"}

// canvas is an RGBA image with anti-aliased shapes in relative coordinates:
// 0 to 1 in both directions.
type canvas struct {
	*image.RGBA
	w, h float32
}

func newCanvas(w, h int) *canvas {
	return &canvas{image.NewRGBA(image.Rect(0, 0, w, h)), float32(w), float32(h)}
}

// sky fills the picture with a gradient from top to bottom.
func (c *canvas) sky(top, bottom color.RGBA) {
	b := c.Bounds()
	for y := 0; y < b.Dy(); y++ {
		t := float64(y) / float64(b.Dy())
		mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-t) + float64(b)*t) }
		row := color.RGBA{mix(top.R, bottom.R), mix(top.G, bottom.G), mix(top.B, bottom.B), 255}
		for x := 0; x < b.Dx(); x++ {
			c.SetRGBA(x, y, row)
		}
	}
}

// polygon fills the shape through the points x, y, x, y... It rasters the
// shape's own rectangle only: a night sky has a hundred stars.
func (c *canvas) polygon(col color.RGBA, points ...float32) {
	x0, y0, x1, y1 := c.w, c.h, float32(0), float32(0)
	for i := 0; i+1 < len(points); i += 2 {
		x0, x1 = min(x0, points[i]*c.w), max(x1, points[i]*c.w)
		y0, y1 = min(y0, points[i+1]*c.h), max(y1, points[i+1]*c.h)
	}
	box := image.Rect(int(x0), int(y0), int(x1)+1, int(y1)+1).Intersect(c.Bounds())
	if box.Empty() {
		return
	}
	left, top := float32(box.Min.X), float32(box.Min.Y)
	r := vector.NewRasterizer(box.Dx(), box.Dy())
	r.MoveTo(points[0]*c.w-left, points[1]*c.h-top)
	for i := 2; i+1 < len(points); i += 2 {
		r.LineTo(points[i]*c.w-left, points[i+1]*c.h-top)
	}
	r.ClosePath()
	r.Draw(c.RGBA, box, image.NewUniform(col), image.Point{})
}

func (c *canvas) rect(col color.RGBA, x0, y0, x1, y1 float32) {
	c.polygon(col, x0, y0, x1, y0, x1, y1, x0, y1)
}

// disc fills a circle; r is relative to the height.
func (c *canvas) disc(col color.RGBA, x, y, r float32) {
	points := make([]float32, 0, 64)
	for i := range 32 {
		a := float64(i) * math.Pi / 16
		points = append(points, x+r*float32(math.Cos(a))*c.h/c.w, y+r*float32(math.Sin(a)))
	}
	c.polygon(col, points...)
}

// hills fills everything below a wavy line.
func (c *canvas) hills(col color.RGBA, base, height float32, phase float64) {
	points := []float32{0, 1}
	for i := range 41 {
		x := float32(i) / 40
		y := base - height*float32(0.5+0.3*math.Sin(phase+float64(x)*7)+0.2*math.Sin(phase*2+float64(x)*17))
		points = append(points, x, y)
	}
	c.polygon(col, append(points, 1, 1)...)
}

func rgb(v uint32) color.RGBA {
	return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}
}

// paint draws a scene; seed varies it.
func paint(scene string, seed uint64, w, h int) *image.RGBA {
	c := newCanvas(w, h)
	rnd := rand.New(rand.NewPCG(seed, 7))
	f := rnd.Float32
	switch scene {
	case "concert", "choir":
		c.sky(rgb(0x2b1d3a), rgb(0x7a3f4a))
		c.polygon(rgb(0xf2c96b), 0.5, 0, 0.95, 0.75, 0.05, 0.75)
		c.rect(rgb(0x3a2418), 0, 0.75, 1, 1)
		for i := range 14 {
			x := 0.08 + 0.065*float32(i)
			y := 0.62 + 0.03*float32(i%3)
			c.rect(rgb(0x1b1420), x-0.02, y, x+0.02, 0.85)
			c.disc(rgb(0xe0b090-uint32(i%4)*0x181818), x, y-0.03, 0.035+0.005*f())
		}
		c.polygon(rgb(0x8c1c2c), 0, 0, 0.14, 0, 0.05, 0.9, 0, 1)
		c.polygon(rgb(0x8c1c2c), 1, 0, 0.86, 0, 0.95, 0.9, 1, 1)
	case "library":
		c.sky(rgb(0xefe3cf), rgb(0xd8c4a4))
		for shelf := range 4 {
			y := 0.05 + 0.24*float32(shelf)
			for x := float32(0.03); x < 0.95; {
				bw := 0.012 + 0.02*f()
				top := y + 0.05*f()
				cols := []uint32{0x17698a, 0xc8442b, 0x2e9e62, 0x8a5aa0, 0xe0a13c, 0x34495e}
				c.rect(rgb(cols[rnd.IntN(len(cols))]), x, top, x+bw, y+0.19)
				x += bw + 0.003
			}
			c.rect(rgb(0x6b4a2b), 0, y+0.19, 1, y+0.22)
		}
	case "garden", "roses", "kitchen":
		c.sky(rgb(0xbfe3f2), rgb(0xf4f3e4))
		c.disc(rgb(0xf7d774), 0.8, 0.2, 0.09)
		c.hills(rgb(0x8fb96a), 0.6, 0.2, float64(seed))
		c.rect(rgb(0x6f4e2f), 0, 0.66, 1, 1)
		bloom := map[string]uint32{"garden": 0x3f8f3a, "roses": 0xc23b5a, "kitchen": 0xe07a1f}[scene]
		for i := range 36 {
			x, y := float32(i%12)/12+0.04, 0.7+0.11*float32(i/12)
			c.disc(rgb(0x2f6b2c), x, y+0.02, 0.03)
			c.disc(rgb(bloom), x+0.01*f(), y, 0.022+0.014*f())
		}
	case "solar":
		c.sky(rgb(0x8fd0f0), rgb(0xe8f5fb))
		c.disc(rgb(0xffd84d), 0.2, 0.22, 0.12)
		c.hills(rgb(0x9cc57a), 0.75, 0.1, 2+float64(seed))
		for i := range 4 {
			x := 0.1 + 0.22*float32(i)
			c.polygon(rgb(0x1f3f66), x, 0.8, x+0.05, 0.55, x+0.2, 0.55, x+0.17, 0.8)
			for j := 1; j < 4; j++ {
				t := float32(j) / 4
				c.polygon(rgb(0x6f9fd0), x+0.05*(1-t), 0.55+0.25*t-0.004, x+0.2-0.03*t, 0.55+0.25*t-0.004,
					x+0.2-0.03*t, 0.55+0.25*t+0.004, x+0.05*(1-t), 0.55+0.25*t+0.004)
			}
		}
	case "comet":
		c.sky(rgb(0x050a1c), rgb(0x20335c))
		for range 90 {
			c.disc(rgb(0xdde6ff), f(), f()*0.8, 0.002+0.003*f())
		}
		c.polygon(color.RGBA{56, 70, 89, 120}, 0.3, 0.3, 0.95, 0.02, 0.99, 0.1, 0.31, 0.34)
		c.disc(rgb(0xf4fbff), 0.3, 0.32, 0.03)
		c.hills(rgb(0x0a1020), 0.95, 0.14, float64(seed))
	case "tram":
		c.sky(rgb(0xcfe6f5), rgb(0xf7efe2))
		for i := range 9 {
			x := float32(i) / 9
			c.rect(rgb([]uint32{0xd8a47f, 0xc9b79c, 0xb56b5a}[i%3]), x, 0.25+0.1*f(), x+0.11, 0.8)
		}
		c.rect(rgb(0x555b61), 0, 0.8, 1, 1)
		c.rect(rgb(0x17698a), 0.15, 0.52, 0.85, 0.82)
		for i := range 6 {
			c.rect(rgb(0xe6f2f7), 0.18+0.11*float32(i), 0.57, 0.27+0.11*float32(i), 0.68)
		}
	default: // lake
		c.sky(rgb(0x7db8de), rgb(0xfbe6c8))
		c.hills(rgb(0x6d86a3), 0.55, 0.3, 1+float64(seed))
		c.hills(rgb(0x4c6b4f), 0.62, 0.15, 3+float64(seed))
		c.rect(rgb(0x3f86a8), 0, 0.62, 1, 1)
		for range 40 {
			x, y := f(), 0.64+0.35*f()
			c.rect(rgb(0x8fc3d9), x, y, x+0.06*f(), y+0.004)
		}
	}
	return c.RGBA
}

type pictureKey struct {
	scene string
	seed  uint64
	w, h  int
	png   bool
}

// painted keeps what was painted once: there are about forty pictures, and
// tests start many demos.
var painted sync.Map

// picture gives a scene as a JPEG or PNG file.
func picture(scene string, seed uint64, w, h int, asPNG bool) []byte {
	key := pictureKey{scene, seed, w, h, asPNG}
	if data, ok := painted.Load(key); ok {
		return data.([]byte)
	}
	var b bytes.Buffer
	var err error
	if img := paint(scene, seed, w, h); asPNG {
		err = png.Encode(&b, img)
	} else {
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 82})
	}
	if err != nil {
		return nil // a buffer takes everything, and no picture is too large
	}
	painted.Store(key, b.Bytes())
	return b.Bytes()
}
