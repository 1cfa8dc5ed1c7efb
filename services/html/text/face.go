package text

import (
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/harfbuzz"
)

var lastFace atomic.Uint64

// Face is a font fitted to a query: it may be emboldened or slanted by
// geometry where the family has no such font. Faces are compared by pointer;
// each is made once.
type Face struct {
	id      uint64
	font    *font.Font
	variant variant
	upem    float32

	// The shaper's and the outline reader's caches are not safe for concurrent use.
	mu     sync.Mutex
	face   *font.Face
	hb     *harfbuzz.Font
	buffer *harfbuzz.Buffer

	metrics Metrics // for size 1, unrounded
}

func newFace(ft *font.Font, v variant) *Face {
	f := &Face{id: lastFace.Add(1), font: ft, variant: v, upem: float32(ft.Upem()), face: font.NewFace(ft), buffer: harfbuzz.NewBuffer()}
	if v.weight != 0 {
		f.face.SetVariations([]font.Variation{{Tag: opentype.MustNewTag("wght"), Value: float32(v.weight)}})
	}
	f.hb = harfbuzz.NewFont(f.face)
	f.metrics = f.measure()
	return f
}

// isVariable reports whether the font has a weight axis.
func isVariable(ft *font.Font) bool {
	thin, bold := font.NewFace(ft), font.NewFace(ft)
	wght := opentype.MustNewTag("wght")
	thin.SetVariations([]font.Variation{{Tag: wght, Value: 400}})
	bold.SetVariations([]font.Variation{{Tag: wght, Value: 900}})
	a, b := thin.Coords(), bold.Coords()
	for i := range a {
		if i < len(b) && a[i] != b[i] {
			return true
		}
	}
	return false
}

// FaceID is unique in the process; it makes Face a display.Face.
func (f *Face) FaceID() uint64 { return f.id }

// Has reports whether the font has a glyph of its own for r.
func (f *Face) Has(r rune) bool {
	_, ok := f.font.NominalGlyph(r)
	return ok
}

// Embolden reports whether glyphs are to be drawn with stronger strokes, Slant
// whether they are to be slanted by a fifth.
func (f *Face) Embolden() bool { return f.variant.embolden }

// Slant: see Embolden.
func (f *Face) Slant() bool { return f.variant.slant }

// UnitsPerEm is the size of the em square of Outline.
func (f *Face) UnitsPerEm() float32 { return f.upem }

// Outline is the shape of a glyph in font units, y upwards. It reports false
// for a glyph without an outline (a picture, or an id out of range).
func (f *Face) Outline(glyph uint32) (segments []font.Segment, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			slog.Warn("a glyph could not be read", "glyph", glyph, "err", fmt.Sprint(r))
			segments, ok = nil, false
		}
	}()
	f.mu.Lock()
	defer f.mu.Unlock()
	switch d := f.face.GlyphData(font.GID(glyph)).(type) {
	case font.GlyphOutline:
		return d.Segments, true
	case font.GlyphSVG:
		return d.Outline.Segments, len(d.Outline.Segments) > 0
	case font.GlyphColor:
		o, ok := f.face.GlyphDataOutline(font.GID(glyph))
		return o.Segments, ok
	}
	return nil, false
}

// Metrics are a face's measures at one size, in CSS pixels.
type Metrics struct {
	Ascent, Descent    float32 // both positive, from the baseline, rounded to whole pixels
	LineGap            float32
	XHeight, CapHeight float32
	Zero               float32 // advance of "0", the unit ch
	Space              float32 // advance of a space
	UnderlineY         float32 // centre of the underline below the baseline
	StrikeY            float32 // centre of the line-through above the baseline
	Thickness          float32 // of both lines
}

// LineHeight is what "line-height: normal" means for the face.
func (m Metrics) LineHeight() float32 { return m.Ascent + m.Descent + m.LineGap }

// Metrics gives the measures for a size in CSS pixels. Ascent and descent are
// whole pixels as in the common browsers, so that lines of text stand on whole
// pixels.
func (f *Face) Metrics(size float32) Metrics {
	m := f.metrics
	return Metrics{
		Ascent:  round(m.Ascent * size),
		Descent: round(m.Descent * size),
		LineGap: m.LineGap * size,
		XHeight: m.XHeight * size, CapHeight: m.CapHeight * size,
		Zero: m.Zero * size, Space: m.Space * size,
		UnderlineY: m.UnderlineY * size, StrikeY: m.StrikeY * size,
		Thickness: max(m.Thickness*size, 1),
	}
}

func round(v float32) float32 { return float32(math.Floor(float64(v) + 0.5)) }

func (f *Face) measure() Metrics {
	e, ok := f.face.FontHExtents()
	if !ok || (e.Ascender == 0 && e.Descender == 0) {
		e.Ascender, e.Descender, e.LineGap = 0.8*f.upem, -0.2*f.upem, 0
	}
	line := func(l font.LineMetric, otherwise float32) float32 {
		if v := f.face.LineMetric(l) / f.upem; v != 0 && v > -2 && v < 2 {
			return v
		}
		return otherwise
	}
	advance := func(r rune, otherwise float32) float32 {
		g, ok := f.font.NominalGlyph(r)
		if !ok {
			return otherwise
		}
		return f.face.HorizontalAdvance(g) / f.upem
	}
	m := Metrics{
		Ascent: bound(e.Ascender / f.upem), Descent: bound(-e.Descender / f.upem), LineGap: bound(max(e.LineGap, 0) / f.upem),
		XHeight: line(font.XHeight, 0.5), CapHeight: line(font.CapHeight, 0.7),
		Zero: advance('0', 0.5), Space: advance(' ', 0.25),
		Thickness: line(font.UnderlineThickness, 0.05),
	}
	m.UnderlineY = -line(font.UnderlinePosition, -0.1) + m.Thickness/2
	m.StrikeY = line(font.StrikethroughPosition, m.XHeight/2) - m.Thickness/2
	return m
}

// bound keeps a hostile font from making lines of any height.
func bound(v float32) float32 { return min(max(v, -4), 4) }
