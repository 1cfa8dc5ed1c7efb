package text

import (
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-text/typesetting/harfbuzz"
	"github.com/go-text/typesetting/language"

	"guichet/services/html/display"
)

// Style is what shaping depends on. Lengths are CSS pixels.
type Style struct {
	Query
	Size          float32
	LetterSpacing float32
	WordSpacing   float32 // added to each space
	// Features are OpenType features as HarfBuzz writes them, separated by
	// commas: "smcp,liga=0".
	Features string
	Language string // BCP 47, "" if unknown
	RTL      bool   // the run is written from right to left
}

// Span is a piece of shaped text in one face. Spans and what they hold are
// shared by the cache: callers do not change them.
type Span struct {
	Face       *Face
	Start, End int             // runes of the shaped text
	Glyphs     []display.Glyph // from left to right, relative to the span's left end on the baseline
	Advance    float32
	// Carets[i] is where a caret before rune Start+i stands, from the span's left
	// end; it has one more entry for the caret behind the last rune.
	Carets []float32
}

// Width is the sum of the spans' advances.
func Width(spans []Span) float32 {
	var w float32
	for i := range spans {
		w += spans[i].Advance
	}
	return w
}

// maxShape bounds the runes that are given to the shaper at once: some scripts
// cost more than linear time.
const maxShape = 4096

// maxSize bounds font sizes, in CSS pixels.
const maxSize = 10_000

// Shape shapes a text of one direction (see Bidi), usually a word: the spans
// stand from left to right. The result is cached by text and style.
func (f *Fonts) Shape(text string, s Style) []Span {
	if text == "" {
		return nil
	}
	if !(s.Size > 0) { // NaN too
		s.Size = 0
	}
	s.Size = min(s.Size, maxSize)
	var buf [320]byte
	key := appendQuery(buf[:0], s.Query)
	key = appendFloat(key, s.Size)
	key = appendFloat(key, s.LetterSpacing)
	key = appendFloat(key, s.WordSpacing)
	key = append(append(key, s.Features...), 0)
	key = append(append(key, s.Language...), 0)
	if s.RTL {
		key = append(key, 1)
	}
	key = append(append(key, 0), text...)
	if spans, ok := f.words.get(key); ok {
		return spans
	}
	spans := f.shape([]rune(text), s)
	f.words.put(string(key), spans)
	return spans
}

func appendFloat(b []byte, v float32) []byte {
	return append(strconv.AppendUint(b, uint64(math.Float32bits(v)), 36), 0)
}

// item is a piece of text with one face and one script.
type item struct {
	start, end int
	face       *Face
	script     language.Script
}

func (f *Fonts) shape(text []rune, s Style) []Span {
	for i, r := range text {
		text[i] = printable(r)
	}
	items := f.itemize(text, f.selection(s.Query))
	features := parseFeatures(s.Features, s.LetterSpacing != 0)
	spans := make([]Span, 0, len(items))
	for _, it := range items {
		spans = append(spans, it.face.shape(text, it, s, features))
	}
	if s.RTL {
		for i, j := 0, len(spans)-1; i < j; i, j = i+1, j-1 {
			spans[i], spans[j] = spans[j], spans[i]
		}
	}
	return spans
}

// printable replaces what must not draw a box: tabs and line feeds are spaces
// where layout leaves them in, other controls are nothing.
func printable(r rune) rune {
	switch {
	case r == '\t' || r == '\n' || r == '\r' || r == '\f':
		return ' '
	case r < 0x20 || r >= 0x7F && r < 0xA0 || r == 0xAD:
		return 0x200B
	}
	return r
}

// itemize splits a text where face or script changes. Marks, joiners and
// variation selectors stay with what they belong to.
func (f *Fonts) itemize(text []rune, sel *selection) []item {
	var items []item
	script := firstScript(text)
	var face *Face
	start := 0
	for i, r := range text {
		next, nextScript := face, script
		if !clings(r) || face == nil {
			next = f.faceFor(sel, r)
			if own := language.LookupScript(r); own.Strong() {
				nextScript = own
			}
		}
		if i > start && (next != face || nextScript != script || i-start >= maxShape) {
			items = append(items, item{start, i, face, script})
			start = i
		}
		face, script = next, nextScript
	}
	return append(items, item{start, len(text), face, script})
}

func firstScript(text []rune) language.Script {
	for _, r := range text {
		if s := language.LookupScript(r); s.Strong() {
			return s
		}
	}
	return language.Latin
}

// clings reports whether r is drawn with the character before it.
func clings(r rune) bool {
	switch {
	case r < 0x300:
		return false
	case r >= 0x200B && r <= 0x200F, r >= 0xFE00 && r <= 0xFE0F, r >= 0x1F3FB && r <= 0x1F3FF, r >= 0xE0000 && r <= 0xE01EF, r == 0x2060, r == 0xFEFF:
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me)
}

func parseFeatures(list string, spaced bool) []harfbuzz.Feature {
	var features []harfbuzz.Feature
	if spaced { // CSS Text 3, section 8.2: no optional ligatures in spaced text
		list = "liga=0,clig=0," + list
	}
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if ft, err := harfbuzz.ParseFeature(name); err == nil { // CSS ignores what it does not know
			features = append(features, ft)
		}
	}
	return features
}

// shape shapes one item at the em size of the font, so that no size is
// rounded, and scales the result.
func (f *Face) shape(text []rune, it item, s Style, features []harfbuzz.Feature) (span Span) {
	span = Span{Face: f, Start: it.start, End: it.end, Carets: make([]float32, it.end-it.start+1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	defer func() {
		if r := recover(); r != nil { // a broken font from the network
			slog.Warn("text could not be shaped", "err", fmt.Sprint(r))
			span.Glyphs, span.Advance = nil, 0
			f.buffer = harfbuzz.NewBuffer()
		}
	}()
	b := f.buffer // it keeps the plan of features and script between calls
	b.Clear()
	b.AddRunes(text, it.start, it.end-it.start)
	b.Props.Direction = harfbuzz.LeftToRight
	if s.RTL {
		b.Props.Direction = harfbuzz.RightToLeft
	}
	b.Props.Script = it.script
	b.Props.Language = language.NewLanguage(s.Language)
	b.Shape(f.hb, features)

	scale := s.Size / f.upem
	span.Glyphs = make([]display.Glyph, len(b.Info))
	n := it.end - it.start
	width := make([]float32, n) // of each cluster, at its first rune
	var x float32
	for i := range b.Info {
		p := &b.Pos[i]
		span.Glyphs[i] = display.Glyph{
			ID: uint32(b.Info[i].Glyph),
			X:  x + float32(p.XOffset)*scale, Y: -float32(p.YOffset) * scale,
		}
		c := b.Info[i].Cluster - it.start
		advance := float32(p.XAdvance) * scale
		if last := i+1 == len(b.Info) || b.Info[i+1].Cluster != b.Info[i].Cluster; last && c >= 0 && c < n {
			r := text[it.start+c]
			if s.LetterSpacing != 0 && r != 0x200B {
				advance += s.LetterSpacing
			}
			if r == ' ' || r == 0xA0 || r == 0x3000 {
				advance += s.WordSpacing
			}
		}
		if c >= 0 && c < n {
			width[c] += advance
		}
		x += advance
	}
	span.Advance = x
	carets(span.Carets, width, b, it.start, x, s.RTL)
	return span
}

// carets spreads each cluster's width over its runes: a ligature is entered in
// equal steps.
func carets(out, width []float32, b *harfbuzz.Buffer, start int, total float32, rtl bool) {
	begins := make([]bool, len(width))
	for i := range b.Info {
		if c := b.Info[i].Cluster - start; c >= 0 && c < len(begins) {
			begins[c] = true
		}
	}
	var x float32
	for i := 0; i < len(width); {
		end := i + 1
		for end < len(width) && !begins[end] {
			end++
		}
		for j := i; j < end; j++ {
			out[j] = x + width[i]*float32(j-i)/float32(end-i)
		}
		x += width[i]
		i = end
	}
	out[len(width)] = x
	if rtl {
		for i := range out {
			out[i] = total - out[i]
		}
	}
}
