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

// Decode reads a picture of at most that many pixels.
func Decode(data []byte, mediaType string, pixels int) (p Picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = Picture{}, fmt.Errorf("picture: %v", r)
		}
	}()
	if strings.Contains(mediaType, "svg") || looksSVG(data) {
		return SVG(data, 0, 0, pixels)
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return Picture{}, fmt.Errorf("picture: %w", err)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > pixels/c.Height {
		return Picture{}, fmt.Errorf("picture of %d by %d is over the limit", c.Width, c.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return Picture{}, fmt.Errorf("picture: %w", err)
	}
	b := img.Bounds()
	return Picture{quick(img), float32(b.Dx()), float32(b.Dy())}, nil
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
