package layout

import (
	"guichet/services/html/style"
	"guichet/services/html/text"
)

// unitKind says what a unit of a line is.
type unitKind uint8

const (
	wordUnit unitKind = iota
	spaceUnit
	tabUnit
	atomUnit
	openUnit
	closeUnit
	floatUnit
	outUnit // positioned
	breakUnit
)

// unit is the smallest thing that lines are made of: text that is never broken
// (but in need), a space, an atomic box, the start or end of an inline box.
type unit struct {
	kind    unitKind
	breaks  bool // a line may end before it
	hangs   bool // a space that vanishes at the end of a line
	hyphen  bool // ends with a soft hyphen
	level   uint8
	box     *Box
	text    string
	spans   []text.Span
	w       float32
	implied bool // a collapsed space that came from white space in the source
}

// inlineContent is an inline formatting context before it is cut into lines. It
// does not depend on any width and is made once.
type inlineContent struct {
	units   []unit
	visible bool // anything that makes a line box
	rtl     bool // holds right-to-left text
	base    text.Direction
	min     float32
	max     float32
	sized   bool
}

// event is a place in the text where something else than text is.
type event struct {
	at   int // rune
	kind unitKind
	box  *Box
}

// segment is the text of one text box after white space processing (CSS Text 3,
// section 4.1).
type segment struct {
	start, end int
	box        *Box
}

type collector struct {
	l        *layouter
	runes    []rune
	events   []event
	segments []segment
	space    bool // the last character is collapsible white space, or nothing is before
	visible  bool
}

// content gives a Lines box's units.
func (l *layouter) content(b *Box) *inlineContent {
	if b.content != nil {
		return b.content
	}
	c := &collector{l: l, space: true}
	if b.Marker != nil {
		c.visible = true
	}
	c.box(b)
	ic := &inlineContent{visible: c.visible}
	if b.Style.RTL {
		ic.base = text.RTL
	}
	l.units(ic, c)
	b.content = ic
	return ic
}

const objectReplacement = '\uFFFC'

func (c *collector) box(b *Box) {
	for _, k := range b.Kids {
		c.l.tick()
		switch {
		case k.Kind == TextBox:
			c.text(k)
		case k.Kind == BreakBox:
			c.dropSpace()
			c.events = append(c.events, event{len(c.runes), breakUnit, k})
			c.runes = append(c.runes, '\n')
			c.space, c.visible = true, true
		case k.Kind == WordBreak:
			c.runes = append(c.runes, '\u200B')
			c.segments = append(c.segments, segment{len(c.runes) - 1, len(c.runes), k})
		case k.Kind == InlineBox:
			c.events = append(c.events, event{len(c.runes), openUnit, k})
			e := c.l.edges(k, 0)
			if e.horizontal() != 0 || e.m[1] != 0 || e.m[3] != 0 {
				c.visible = true
			}
			c.box(k)
			c.events = append(c.events, event{len(c.runes), closeUnit, k})
		case k.Style.OutOfFlow():
			c.events = append(c.events, event{len(c.runes), outUnit, k})
		case k.Style.Float != style.NoSide:
			c.events = append(c.events, event{len(c.runes), floatUnit, k})
		default:
			c.events = append(c.events, event{len(c.runes), atomUnit, k})
			c.runes = append(c.runes, objectReplacement)
			c.space, c.visible = false, true
		}
	}
}

// dropSpace takes a collapsible space at the end of the text away: one stands
// before a line feed.
func (c *collector) dropSpace() {
	n := len(c.runes)
	if n == 0 || c.runes[n-1] != ' ' || len(c.segments) == 0 {
		return
	}
	s := &c.segments[len(c.segments)-1]
	if s.end == n && s.end > s.start && s.box.Style.Space.Collapses() && (len(c.events) == 0 || c.events[len(c.events)-1].at < n) {
		c.runes = c.runes[:n-1]
		s.end--
	}
}

func (c *collector) text(b *Box) {
	sp := b.Style.Space
	start := len(c.runes)
	flush := func() {
		if len(c.runes) > start {
			c.segments = append(c.segments, segment{start, len(c.runes), b})
		}
		start = len(c.runes)
	}
	for _, r := range b.Text {
		switch {
		case r == '\r':
			continue
		case r == '\n' && sp.KeepsLines():
			flush()
			c.dropSpace()
			c.events = append(c.events, event{len(c.runes), breakUnit, b})
			c.runes = append(c.runes, '\n')
			start = len(c.runes)
			c.space, c.visible = sp.Collapses(), true
			continue
		case isSpace(r) && sp.Collapses():
			if c.space {
				continue
			}
			c.space = true
			c.runes = append(c.runes, ' ')
			continue
		case r == '\n' || r == '\f':
			r = ' '
		}
		c.space = false
		if r != '\u200B' && r != '\u200C' && r != '\u00AD' {
			c.visible = true
		}
		c.runes = append(c.runes, r)
	}
	flush()
	if len(c.runes)%4096 == 0 {
		c.l.tick()
	}
}

// units cuts the collected text at line break opportunities, changes of box and
// changes of direction, and shapes the pieces.
func (l *layouter) units(ic *inlineContent, c *collector) {
	breaks := text.Breaks(c.runes)
	runs := text.Bidi(c.runes, ic.base)
	levels := runs
	if len(runs) == 1 && runs[0].Level == 0 {
		levels = nil
	}
	level := func(i int) uint8 {
		for len(levels) > 1 && i >= levels[0].End {
			levels = levels[1:]
		}
		if len(levels) == 0 {
			return 0
		}
		return levels[0].Level
	}
	for _, r := range runs {
		ic.rtl = ic.rtl || r.Level > 0
	}
	ic.units = make([]unit, 0, len(c.runes)/4+len(c.events)+4)
	wrapsBefore := func(i int, s *style.Style) bool {
		return i > 0 && breaks[i]&text.LineBreak != 0 && s.Space.Wraps()
	}
	ev := 0
	// prev is the style of the character before; breaks after it are its affair.
	var prev *style.Style
	emitEvents := func(upTo int) {
		for ev < len(c.events) && c.events[ev].at <= upTo {
			e := c.events[ev]
			u := unit{kind: e.kind, box: e.box, level: level(min(e.at, max(len(c.runes)-1, 0)))}
			switch e.kind {
			case atomUnit:
				u.breaks = e.at > 0 && breaks[e.at]&text.LineBreak != 0 && (prev == nil || prev.Space.Wraps())
				prev = nil
			case breakUnit:
				prev = nil
			case openUnit, closeUnit:
				ed := l.edges(e.box, 0)
				if e.kind == openUnit {
					u.w = ed.m[3] + ed.b[3] + ed.p[3]
				} else {
					u.w = ed.m[1] + ed.b[1] + ed.p[1]
				}
			}
			ic.units = append(ic.units, u)
			ev++
		}
	}
	for _, s := range c.segments {
		st := s.box.Style
		i := s.start
		for i < s.end {
			emitEvents(i)
			l.tick()
			lv := level(i)
			u := unit{box: s.box, level: lv}
			r := c.runes[i]
			if prev == nil {
				u.breaks = wrapsBefore(i, st)
			} else {
				u.breaks = wrapsBefore(i, prev)
			}
			j := i + 1
			switch {
			case r == '\t' && !st.Space.Collapses():
				u.kind, u.text = tabUnit, "\t"
			case r == ' ':
				u.kind = spaceUnit
				u.hangs = st.Space.Collapses() || st.Space == style.SpacePreWrap
				u.breaks = u.breaks && st.Space == style.SpaceBreak
				u.implied = st.Space.Collapses()
				for j < s.end && c.runes[j] == ' ' && j-i < 64 {
					j++
				}
			case r == '\u200B':
				u.kind = wordUnit
			default:
				for j < s.end && c.runes[j] != ' ' && c.runes[j] != '\t' && c.runes[j] != '\u200B' && !(breaks[j]&text.LineBreak != 0 && st.Space.Wraps()) &&
					!(st.BreakAll && breaks[j]&text.Grapheme != 0) && j-i < 256 && level(j) == lv {
					j++
				}
				if st.BreakAll && i > s.start && st.Space.Wraps() {
					u.breaks = true
				}
				if c.runes[j-1] == '\u00AD' {
					u.hyphen = true
				}
			}
			if u.kind != tabUnit && r != '\u200B' {
				u.text = string(c.runes[i:j])
				f := st.Font
				f.RTL = lv%2 == 1
				f.Language = l.Lang
				u.spans = l.Fonts.Shape(u.text, f)
				u.w = text.Width(u.spans)
			}
			if u.kind == tabUnit {
				u.w = l.tabWidth(st)
			}
			ic.units = append(ic.units, u)
			prev = st
			i = j
		}
	}
	emitEvents(len(c.runes))
	moveBreaks(ic.units)
}

// moveBreaks puts the opportunity before a word also before the starts of the
// boxes that the word is the first thing in.
func moveBreaks(us []unit) {
	for i := len(us) - 1; i > 0; i-- {
		if us[i].breaks && (us[i-1].kind == openUnit || us[i-1].kind == outUnit) {
			us[i].breaks, us[i-1].breaks = false, true
		}
	}
}

func (l *layouter) tabWidth(s *style.Style) float32 {
	if s.TabPx {
		return s.TabSize
	}
	return s.TabSize * (s.Metrics.Space + s.Font.LetterSpacing + s.Font.WordSpacing)
}

// atomWidth is the margin box width of an atomic unit laid out in a line of
// width w.
func (l *layouter) atom(b *Box, w, h float32) (result, edges) {
	e := l.edges(b, w)
	return l.box(b, space{W: w, H: h, FixW: -1, FixH: -1, Shrink: true}), e
}

// lineSizes gives the min-content and max-content widths of a Lines box.
func (l *layouter) lineSizes(b *Box) (lo, hi float32) {
	ic := l.content(b)
	if ic.sized {
		return ic.min, ic.max
	}
	var word, line, trail, fl float32
	end := func() {
		lo = max(lo, word)
		word = 0
	}
	for i := range ic.units {
		l.tick()
		u := &ic.units[i]
		if u.breaks {
			end()
		}
		w := u.w
		switch u.kind {
		case atomUnit:
			mn, mx := l.outerSizes(u.box)
			word += mn
			line += trail + mx
			trail = 0
			continue
		case floatUnit:
			mn, mx := l.outerSizes(u.box)
			lo = max(lo, mn)
			fl += mx
			continue
		case outUnit:
			continue
		case breakUnit:
			end()
			hi = max(hi, line+fl)
			line, trail = 0, 0
			continue
		case spaceUnit:
			if u.hangs && u.implied {
				if line == 0 {
					continue
				}
				trail += w
				if !u.box.Style.Space.Wraps() {
					word += w
				}
				continue
			}
		}
		word += w
		line += trail + w
		trail = 0
	}
	end()
	hi = max(hi, line+fl)
	indent := b.Style.TextIndent.At(0)
	hi = max(hi, 0) + max(indent, 0)
	ic.min, ic.max, ic.sized = max(lo, 0), max(hi, lo), true
	return ic.min, ic.max
}
