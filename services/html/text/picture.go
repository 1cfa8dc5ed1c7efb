package text

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // formats of picture glyphs
	_ "image/png"
	"log/slog"
	"math"

	"github.com/fyne-io/oksvg"
	"github.com/go-text/typesetting/font"
	"github.com/srwiley/rasterx"
)

// Limits for picture glyphs.
const (
	maxBitmap = 1 << 20   // pixels
	maxSVG    = 256 << 10 // bytes
	svgEm     = 120       // pixels per em in which drawn glyphs are made
)

// Bitmap is the picture of a glyph of a colour font (emoji), and its box in em
// relative to the glyph's origin, y upwards: left, bottom, width, height. It
// reports false for a glyph that is an outline.
func (f *Face) Bitmap(glyph uint32) (img image.Image, box [4]float32, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			slog.Warn("a glyph could not be read", "glyph", glyph, "err", fmt.Sprint(r))
			img, ok = nil, false
		}
	}()
	f.mu.Lock()
	defer f.mu.Unlock()
	gid := font.GID(glyph)
	switch d := f.face.GlyphData(gid).(type) {
	case font.GlyphBitmap:
		return f.bitmap(gid, d)
	case font.GlyphSVG:
		return drawSVG(d)
	}
	return nil, box, false
}

func (f *Face) bitmap(gid font.GID, d font.GlyphBitmap) (img image.Image, box [4]float32, ok bool) {
	if d.Format != font.PNG && d.Format != font.JPG {
		return nil, box, false
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(d.Data))
	if err != nil || config.Width <= 0 || config.Height <= 0 || config.Width > maxBitmap/config.Height {
		return nil, box, false
	}
	img, _, err = image.Decode(bytes.NewReader(d.Data))
	if err != nil {
		return nil, box, false
	}
	if e, has := f.face.GlyphExtents(gid); has && e.Width > 0 && e.Height != 0 {
		h := float32(math.Abs(float64(e.Height)))
		return img, [4]float32{e.XBearing / f.upem, (e.YBearing - h) / f.upem, e.Width / f.upem, h / f.upem}, true
	}
	return img, [4]float32{0, -0.2, 1, 1}, true
}

// drawSVG draws a glyph of an SVG table: its view box is the em square, whose
// upper edge is the baseline (OpenType, table SVG).
func drawSVG(d font.GlyphSVG) (img image.Image, box [4]float32, ok bool) {
	em := d.ViewBox
	if len(d.Source) > maxSVG || !(em.Width > 0 && em.Height > 0) {
		return nil, box, false
	}
	icon, err := oksvg.ReadIconStream(bytes.NewReader(d.Source))
	if err != nil {
		return nil, box, false
	}
	// One em above the baseline, a quarter below, a tenth to both sides.
	const left, above, below = 0.1, 1, 0.25
	icon.ViewBox.X, icon.ViewBox.Y = float64(em.MinX)-left*float64(em.Width), float64(em.MinY)-above*float64(em.Height)
	icon.ViewBox.W, icon.ViewBox.H = (1+2*left)*float64(em.Width), (above+below)*float64(em.Height)
	w, h := int((1+2*left)*svgEm), int((above+below)*svgEm)
	icon.SetTarget(0, 0, float64(w), float64(h))
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	icon.Draw(rasterx.NewDasher(w, h, rasterx.NewScannerGV(w, h, out, out.Rect)), 1)
	return out, [4]float32{-left, -below, 1 + 2*left, above + below}, true
}
