package text

import (
	"unicode"

	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/segmenter"
)

// Break says what may happen before a rune.
type Break uint8

// The kinds of break, as bits.
const (
	LineBreak Break = 1 << iota // a line may end here (UAX 14)
	MustBreak                   // a line must end here; implies LineBreak
	Grapheme                    // a caret may stand here (UAX 29)
	WordStart                   // a word begins here
	WordEnd                     // a word ends here
)

// Breaks gives for each rune of a paragraph what may happen before it, and one
// entry more for the end of the text, which always has LineBreak and Grapheme.
func Breaks(text []rune) []Break {
	out := make([]Break, len(text)+1)
	out[len(text)] = LineBreak | Grapheme
	if len(text) == 0 {
		return out
	}
	out[0] |= Grapheme
	var seg segmenter.Segmenter
	seg.Init(text)
	for it := seg.LineIterator(); it.Next(); {
		l := it.Line()
		end := l.Offset + len(l.Text)
		out[end] |= LineBreak
		if l.IsMandatoryBreak && end < len(text) {
			out[end] |= MustBreak
		}
	}
	for it := seg.GraphemeIterator(); it.Next(); {
		out[it.Grapheme().Offset] |= Grapheme
	}
	for it := seg.WordIterator(); it.Next(); {
		w := it.Word()
		out[w.Offset] |= WordStart
		out[w.Offset+len(w.Text)] |= WordEnd
	}
	return out
}

// Direction is the base direction of a paragraph.
type Direction uint8

// The base directions.
const (
	LTR  Direction = iota
	RTL            // from right to left
	Auto           // by the first strong character (dir=auto, unicode-bidi: plaintext)
)

// Run is a piece of a paragraph in one direction: runes Start to End at an
// embedding level, odd ones from right to left.
type Run struct {
	Start, End int
	Level      uint8
}

// RTL reports whether the run is written from right to left.
func (r Run) RTL() bool { return r.Level%2 == 1 }

// Bidi splits a paragraph into runs of one direction in logical order (UAX 9).
// A text without right-to-left characters is one run and costs next to nothing.
func Bidi(text []rune, base Direction) []Run {
	if len(text) == 0 {
		return nil
	}
	if base != RTL && !hasRTL(text) {
		return []Run{{End: len(text)}}
	}
	direction := bidi.LeftToRight
	switch base {
	case RTL:
		direction = bidi.RightToLeft
	case Auto:
		direction = bidi.Neutral
	}
	var p bidi.Paragraph
	found := p.Segment(text, direction)
	runs := make([]Run, 0, found.NumRuns())
	for i := range found.NumRuns() {
		r := found.Run(i)
		if r.End > r.Start {
			runs = append(runs, Run{Start: r.Start, End: r.End, Level: uint8(r.Level)})
		}
	}
	return runs
}

// VisualOrder gives the indices of runs from left to right, for the levels of
// the runs of one line in logical order (UAX 9, rule L2).
func VisualOrder(levels []uint8) []int {
	order := make([]int, len(levels))
	var highest uint8
	for i, l := range levels {
		order[i] = i
		highest = max(highest, l)
	}
	for level := highest; level >= 1; level-- {
		for i := 0; i < len(order); i++ {
			if levels[order[i]] < level {
				continue
			}
			j := i
			for j+1 < len(order) && levels[order[j+1]] >= level {
				j++
			}
			for a, b := i, j; a < b; a, b = a+1, b-1 {
				order[a], order[b] = order[b], order[a]
			}
			i = j
		}
	}
	return order
}

// hasRTL reports whether a text holds characters that the bidirectional
// algorithm has work with.
func hasRTL(text []rune) bool {
	for _, r := range text {
		if r < 0x590 {
			continue
		}
		if r <= 0x8FF || r >= 0xFB1D && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFF ||
			r >= 0x10800 && r <= 0x10FFF || r >= 0x1E800 && r <= 0x1EFFF ||
			r >= 0x200E && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 ||
			unicode.In(r, unicode.Arabic, unicode.Hebrew) {
			return true
		}
	}
	return false
}
