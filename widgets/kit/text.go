package kit

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// TextStyle says how a text is drawn. The zero value is body text.
type TextStyle struct {
	Size   float32 // units of the design; 0: SizeBody
	Color  fyne.ThemeColorName
	Bold   bool
	Italic bool
	Mono   bool
	Align  fyne.TextAlign
	// Shrink lets a line take less room than it needs: it ends in an ellipsis.
	Shrink bool
}

func (s TextStyle) size() float32 {
	if s.Size == 0 {
		return Px(SizeBody)
	}
	return Px(s.Size)
}

func (s TextStyle) colour() fyne.ThemeColorName {
	if s.Color == ColorNone {
		return ColorText
	}
	return s.Color
}

func (s TextStyle) fyne() fyne.TextStyle {
	return fyne.TextStyle{Bold: s.Bold, Italic: s.Italic, Monospace: s.Mono}
}

// longest is how many runes of a line are drawn: past it the text would need a
// texture larger than graphics cards have.
const longest = 600

// Text is one line. It is much cheaper than a Label, so that rows of lists can
// have several.
type Text struct {
	widget.BaseWidget
	text  string
	style TextStyle
	line  *canvas.Text
	width float32 // that line.Text was cut for; -1: not yet
}

// NewText makes a line of text.
func NewText(text string, style TextStyle) *Text {
	t := &Text{text: oneLine(text), style: style, line: canvas.NewText("", nil), width: -1}
	t.ExtendBaseWidget(t)
	t.apply()
	return t
}

func oneLine(s string) string {
	if strings.ContainsAny(s, "\r\n\t") {
		s = strings.Join(strings.Fields(s), " ")
	}
	if len(s) > longest {
		if r := []rune(s); len(r) > longest {
			s = string(r[:longest]) + "…"
		}
	}
	return s
}

// Text gives the whole text, also where it is cut.
func (t *Text) Text() string { return t.text }

// SetText changes the text; the same text costs nothing.
func (t *Text) SetText(text string) { t.Set(text, t.style) }

// SetStyle changes how the text is drawn.
func (t *Text) SetStyle(style TextStyle) { t.Set(t.text, style) }

// Set is SetText and SetStyle at once.
func (t *Text) Set(text string, style TextStyle) {
	if text = oneLine(text); text == t.text && style == t.style {
		return
	}
	t.text, t.style = text, style
	t.Refresh()
}

func (t *Text) apply() {
	t.line.Color = Color(t.style.colour())
	t.line.TextSize = t.style.size()
	t.line.TextStyle = t.style.fyne()
	t.line.Alignment = t.style.Align
	t.width = -1
	t.fit(t.Size().Width)
}

// fit cuts the line for a width.
func (t *Text) fit(width float32) {
	if t.width == width {
		return
	}
	t.width = width
	shown := t.text
	if t.style.Shrink && t.measure(shown) > width+0.5 {
		runes := []rune(shown)
		low, high := 0, len(runes)
		for low < high {
			mid := (low + high + 1) / 2
			if t.measure(strings.TrimRight(string(runes[:mid]), " ")+"…") <= width {
				low = mid
			} else {
				high = mid - 1
			}
		}
		shown = strings.TrimRight(string(runes[:low]), " ") + "…"
		if low == 0 && t.measure("…") > width {
			shown = ""
		}
	}
	if t.line.Text != shown {
		t.line.Text = shown
		t.line.Refresh()
	}
}

func (t *Text) measure(s string) float32 {
	return fyne.MeasureText(s, t.style.size(), t.style.fyne()).Width
}

// NaturalWidth is the width at which nothing is cut.
func (t *Text) NaturalWidth() float32 { return t.measure(t.text) }

// CreateRenderer is called by Fyne.
func (t *Text) CreateRenderer() fyne.WidgetRenderer { return &textRenderer{t} }

type textRenderer struct{ t *Text }

func (r *textRenderer) Destroy()                     {}
func (r *textRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.t.line} }

func (r *textRenderer) Layout(size fyne.Size) {
	r.t.fit(size.Width)
	r.t.line.Resize(size)
}

func (r *textRenderer) MinSize() fyne.Size {
	size := fyne.MeasureText("x", r.t.style.size(), r.t.style.fyne())
	size.Width = 0
	if !r.t.style.Shrink {
		size.Width = r.t.NaturalWidth()
	}
	return size
}

func (r *textRenderer) Refresh() {
	r.t.apply()
	r.t.line.Refresh()
}

// Paragraph is text that wraps at words, and at every line break in it.
type Paragraph struct {
	widget.BaseWidget
	text  string
	style TextStyle
	width float32 // that lines are wrapped for
	lines []*canvas.Text
}

// NewParagraph makes a paragraph.
func NewParagraph(text string, style TextStyle) *Paragraph {
	p := &Paragraph{text: text, style: style, width: -1}
	p.ExtendBaseWidget(p)
	return p
}

// SetText changes the text.
func (p *Paragraph) SetText(text string) {
	if p.text != text {
		p.text = text
		p.Refresh()
	}
}

// Text gives the text.
func (p *Paragraph) Text() string { return p.text }

func (p *Paragraph) lineHeight() float32 { return p.style.size() * 1.45 }

// HeightFor is the height at a width.
func (p *Paragraph) HeightFor(width float32) float32 {
	return float32(max(len(wrap(p.text, p.style, width)), 1)) * p.lineHeight()
}

// wrap breaks text into lines. A word longer than a line is broken anywhere.
func wrap(text string, style TextStyle, width float32) []string {
	size, fs := style.size(), style.fyne()
	measure := func(s string) float32 { return fyne.MeasureText(s, size, fs).Width }
	space := measure(" ")
	var lines []string
	for part := range strings.SplitSeq(text, "\n") {
		line, used := "", float32(0)
		for _, word := range strings.FieldsFunc(part, func(c rune) bool { return c == ' ' || c == '\t' || c == '\r' }) {
			w := measure(word)
			if line != "" && used+space+w > width {
				lines = append(lines, line)
				line, used = "", 0
			}
			for w > width && len([]rune(word)) > 1 {
				n := 1
				runes := []rune(word)
				for n < len(runes)-1 && measure(string(runes[:n+1])) <= width {
					n++
				}
				lines = append(lines, string(runes[:n]))
				word = string(runes[n:])
				w = measure(word)
				if width <= 0 {
					break
				}
			}
			if line == "" {
				line, used = word, w
			} else {
				line, used = line+" "+word, used+space+w
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func (p *Paragraph) lay(width float32) {
	p.width = width
	texts := wrap(p.text, p.style, width)
	for len(p.lines) < len(texts) {
		p.lines = append(p.lines, canvas.NewText("", nil))
	}
	p.lines = p.lines[:len(texts)]
	for i, s := range texts {
		l := p.lines[i]
		l.Text, l.Color, l.TextSize = s, Color(p.style.colour()), p.style.size()
		l.TextStyle, l.Alignment = p.style.fyne(), p.style.Align
		l.Resize(fyne.NewSize(width, p.lineHeight()))
		l.Move(fyne.NewPos(0, float32(i)*p.lineHeight()))
	}
}

// CreateRenderer is called by Fyne.
func (p *Paragraph) CreateRenderer() fyne.WidgetRenderer { return &paragraphRenderer{p} }

type paragraphRenderer struct{ p *Paragraph }

func (r *paragraphRenderer) Destroy()              {}
func (r *paragraphRenderer) Layout(size fyne.Size) { r.p.lay(size.Width) }

func (r *paragraphRenderer) MinSize() fyne.Size {
	width := r.p.width
	if width <= 0 {
		width = Px(320)
	}
	return fyne.NewSize(0, r.p.HeightFor(width))
}

func (r *paragraphRenderer) Objects() []fyne.CanvasObject {
	objects := make([]fyne.CanvasObject, len(r.p.lines))
	for i, l := range r.p.lines {
		objects[i] = l
	}
	return objects
}

func (r *paragraphRenderer) Refresh() {
	r.p.lay(r.p.Size().Width)
	for _, l := range r.p.lines {
		l.Refresh()
	}
}

// Fit gives a line that shrinks the width of its text, but no more than a limit
// in units of the design.
func Fit(t *Text, limit float32) fyne.CanvasObject {
	return Least(fyne.Min(t.NaturalWidth()/Scale()+1, limit), 0, t)
}
