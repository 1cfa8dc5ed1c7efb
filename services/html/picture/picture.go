// Package picture decodes the pictures of pages: PNG, JPEG, GIF (the first
// frame), WebP, BMP and SVG, each by what its bytes say, within a limit of
// pixels. Broken pictures are errors, never panics.
package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	_ "image/gif" // formats by name
	_ "image/jpeg"
	_ "image/png"
	"math"
	"strings"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"
	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"
)

// Picture is a decoded picture with its natural size in CSS pixels.
type Picture struct {
	Image image.Image
	W, H  float32
}

// maxSVG bounds the text of a drawing.
const maxSVG = 2 << 20

// svgScale is how much finer than its natural size a drawing is rastered, so
// that it stays sharp on dense screens.
const svgScale = 2

// Decode reads a picture of at most that many pixels and keeps it at no more than
// keep pixels, its natural size notwithstanding. The number of pixels that were decoded
// is returned even where the rest fails.
func Decode(data []byte, mediaType string, pixels, keep int) (p Picture, decoded int, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = Picture{}, fmt.Errorf("picture: %v", r)
		}
	}()
	if strings.Contains(mediaType, "svg") || looksSVG(data) {
		p, err = SVG(data, 0, 0, pixels)
		if err == nil {
			b := p.Image.Bounds()
			decoded = b.Dx() * b.Dy()
			p.Image = shrink(p.Image, keep)
		}
		return p, decoded, err
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return Picture{}, 0, fmt.Errorf("picture: %w", err)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > pixels/c.Height {
		return Picture{}, 0, fmt.Errorf("picture of %d by %d is over the limit", c.Width, c.Height)
	}
	decoded = c.Width * c.Height
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return Picture{}, decoded, fmt.Errorf("picture: %w", err)
	}
	b := img.Bounds()
	return Picture{shrink(quick(img), keep), float32(b.Dx()), float32(b.Dy())}, decoded, nil
}

// shrink makes a picture of at most keep pixels out of a larger one, each the
// mean of a square of the old ones.
func shrink(img image.Image, keep int) image.Image {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	n := 1
	for ((w+n-1)/n)*((h+n-1)/n) > max(keep, 1) && n < max(w, h) {
		n++
	}
	if n == 1 {
		return img
	}
	var pix, to []byte
	var stride int
	var out image.Image
	premultiplied := true
	small := image.Rect(0, 0, (w+n-1)/n, (h+n-1)/n)
	switch m := img.(type) {
	case *image.RGBA:
		o := image.NewRGBA(small)
		pix, stride, out, to = m.Pix, m.Stride, o, o.Pix
	case *image.NRGBA:
		o := image.NewNRGBA(small)
		pix, stride, out, to, premultiplied = m.Pix, m.Stride, o, o.Pix, false
	default:
		return img
	}
	for y := 0; y < h; y += n {
		for x := 0; x < w; x += n {
			var sum [3]int
			count, opacity := 0, 0
			for v := y; v < min(y+n, h); v++ {
				for u := x; u < min(x+n, w); u++ {
					p := pix[v*stride+4*u:]
					weight := 1
					if !premultiplied { // what is not seen has no say in the colour
						weight = int(p[3])
					}
					for i := range sum {
						sum[i] += int(p[i]) * weight
					}
					opacity += int(p[3])
					count++
				}
			}
			by := count
			if !premultiplied {
				by = max(opacity, 1)
			}
			for i := range sum {
				to[i] = byte(sum[i] / by)
			}
			to[3] = byte(opacity / count)
			to = to[4:]
		}
	}
	return out
}

// quick gives pictures a form that is fast to draw.
func quick(img image.Image) image.Image {
	switch img.(type) {
	case *image.RGBA, *image.NRGBA:
		return img
	}
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, img, b.Min, draw.Src)
	return out
}

func looksSVG(data []byte) bool {
	head := strings.TrimSpace(strings.ToLower(string(data[:min(len(data), 512)])))
	return strings.HasPrefix(head, "<svg") || strings.HasPrefix(head, "<?xml") && strings.Contains(head, "<svg") ||
		strings.HasPrefix(head, "<!--") && strings.Contains(head, "<svg")
}

// SVG draws a drawing at w by h CSS pixels, 0 meaning its own size.
func SVG(data []byte, w, h float32, pixels int) (p Picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = Picture{}, fmt.Errorf("drawing: %v", r)
		}
	}()
	if len(data) > maxSVG {
		return Picture{}, fmt.Errorf("drawing of %d bytes is over the limit", len(data))
	}
	icon, err := oksvg.ReadIconStream(bytes.NewReader(data), oksvg.IgnoreErrorMode)
	if err != nil {
		return Picture{}, fmt.Errorf("drawing: %w", err)
	}
	vw, vh := float32(icon.ViewBox.W), float32(icon.ViewBox.H)
	if !(vw > 0 && vh > 0) || math.IsInf(float64(vw), 0) || math.IsInf(float64(vh), 0) {
		vw, vh = 300, 150
	}
	switch {
	case w <= 0 && h <= 0:
		w, h = vw, vh
	case w <= 0:
		w = h * vw / vh
	case h <= 0:
		h = w * vh / vw
	}
	pw, ph := int(w*svgScale+0.5), int(h*svgScale+0.5)
	if pw <= 0 || ph <= 0 || pw > pixels/ph || pw > 8192 || ph > 8192 {
		return Picture{}, fmt.Errorf("drawing of %g by %g is over the limit", w, h)
	}
	icon.SetTarget(0, 0, float64(pw), float64(ph))
	img := image.NewRGBA(image.Rect(0, 0, pw, ph))
	icon.Draw(rasterx.NewDasher(pw, ph, rasterx.NewScannerGV(pw, ph, img, img.Bounds())), 1)
	return Picture{img, w, h}, nil
}
