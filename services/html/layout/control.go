package layout

import (
	"image/color"
	"strings"

	"guichet/services/html/display"
	"guichet/services/html/style"
	"guichet/services/html/text"
)

// lineOf is the height of a line of text in a control.
func lineOf(s *style.Style) float32 {
	if !s.Line.Normal {
		return s.LineHeightPx()
	}
	return s.Metrics.Ascent + s.Metrics.Descent
}

// controlSize is the natural content size of a control (HTML, section 15.5).
func (l *layouter) controlSize(b *Box) (w, h float32) {
	c := b.Replaced.Control
	s := b.Style
	line := max(lineOf(s), s.Font.Size)
	char := s.Metrics.Zero
	switch c.Kind {
	case "checkbox", "radio":
		return 13, 13
	case "progress":
		return 160, 16
	case "textarea":
		cols, rows := c.Cols, c.Rows
		if cols <= 0 {
			cols = 20
		}
		if rows <= 0 {
			rows = 2
		}
		return float32(min(cols, 1000))*char + 15, float32(min(rows, 1000)) * line
	case "select":
		w = 30
		for i, o := range c.Options {
			if i > 500 {
				break
			}
			w = max(w, text.Width(l.Fonts.Shape(short(o), s.Font)))
		}
		rows := 1
		if c.Size > 1 || c.Multiple {
			rows = c.Size
			if rows <= 0 {
				rows = 4
			}
			return w + 20, float32(min(rows, 100)) * (line + 1)
		}
		return w + 20, line
	case "file":
		return text.Width(l.Fonts.Shape(c.Placeholder, s.Font)) + 150, line + 8
	}
	size := c.Size
	if size <= 0 {
		size = 20
	}
	if c.Type == "range" {
		return 129, 16
	}
	if c.Kind == "date" && c.Size <= 0 {
		size = 12
	}
	return float32(min(size, 1000)) * char, line
}

func short(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "")
	}
	return s
}

// controlBaseline is where the text of a control stands, from its top.
func (l *layouter) controlBaseline(b *Box, f *Fragment) float32 {
	c := b.Replaced.Control
	s := b.Style
	switch c.Kind {
	case "checkbox", "radio":
		return f.H
	case "progress", "textarea":
		return -1
	}
	if c.Kind == "select" && (c.Size > 1 || c.Multiple) {
		return -1
	}
	inner := f.H - f.Border[0] - f.Border[2] - f.Padding[0] - f.Padding[2]
	m := s.Metrics
	l.controlText(b, f, inner)
	return f.Border[0] + f.Padding[0] + (inner-m.Ascent-m.Descent)/2 + m.Ascent
}

// controlText shapes the text of a one-line control now, while fonts are at
// hand; it is painted with the fragment.
func (l *layouter) controlText(b *Box, f *Fragment, inner float32) {
	c := b.Replaced.Control
	st := *b.Style
	t := c.Value
	x := f.Border[3] + f.Padding[3]
	room := f.W - x - f.Border[1] - f.Padding[1]
	switch c.Kind {
	case "select":
		t = ""
		if len(c.Selected) > 0 && c.Selected[0] < len(c.Options) {
			t = c.Options[c.Selected[0]]
		}
		room -= 18
	case "password":
		t = strings.Repeat("•", min(len([]rune(t)), 100))
	case "file":
		w := text.Width(l.Fonts.Shape(c.Placeholder, st.Font)) + 18
		l.run(b, f, &st, c.Placeholder, x+9, room, inner)
		x += w + 6
		room -= w + 6
	}
	if c.Type == "range" {
		return
	}
	if t == "" && c.Kind != "select" && c.Kind != "file" {
		t = c.Placeholder
		st.Color = color.NRGBA{R: 117, G: 117, B: 117, A: 255}
	}
	l.run(b, f, &st, t, x, room, inner)
}

// run adds a line of text to a control's fragment, cut to what is visible.
func (l *layouter) run(b *Box, f *Fragment, s *style.Style, t string, x, room, inner float32) {
	t = short(strings.ReplaceAll(t, "\n", " "))
	if t == "" || room <= 0 {
		return
	}
	st := *s
	st.Decorations = nil
	rs := []rune(t)
	spans := l.Fonts.Shape(t, st.Font)
	for len(rs) > 1 && text.Width(spans) > room {
		// Halve towards the width: a value may be long.
		keep := max(1, min(len(rs)-1, int(float32(len(rs))*room/text.Width(spans))))
		rs = rs[:keep]
		spans = l.Fonts.Shape(string(rs), st.Font)
	}
	m := st.Metrics
	// Without an index entry: the words of a control are its value, not text.
	g := &Fragment{
		Kind: TextFragment, Box: &Box{Kind: TextBox, Style: &st, Node: b.Node, Anon: true, Control: -1}, W: text.Width(spans), H: m.Ascent + m.Descent,
		Baseline: m.Ascent, Last: m.Ascent, Ellipsis: true, Text: &Run{Ascent: m.Ascent, Pieces: []Piece{{Text: string(rs), Spans: spans}}},
	}
	f.Kids = append(f.Kids, Placed{x, f.Border[0] + f.Padding[0] + (inner-m.Ascent-m.Descent)/2, g})
}

// controlLines lays out the value of a textarea or a list.
func (l *layouter) controlLines(b *Box, r result) {
	f := r.Fragment
	c := b.Replaced.Control
	s := b.Style
	x, y := f.Border[3]+f.Padding[3], f.Border[0]+f.Padding[0]
	room := f.W - x - f.Border[1] - f.Padding[1]
	bottom := f.H - f.Border[2] - f.Padding[2]
	line := max(lineOf(s), s.Font.Size)
	switch c.Kind {
	case "textarea":
		st := *s
		t := c.Value
		if t == "" {
			t = c.Placeholder
			st.Color = color.NRGBA{R: 117, G: 117, B: 117, A: 255}
		}
		for _, para := range strings.Split(t[:min(len(t), 1<<15)], "\n") {
			for para != "" && y+line <= bottom+1 {
				cut := l.wrap(para, &st, room)
				l.run(b, f, &st, strings.TrimRight(para[:cut], " "), x, room, 2*(y-f.Border[0]-f.Padding[0])+line)
				para = strings.TrimLeft(para[cut:], " ")
				y += line
				l.tick()
			}
			if y+line > bottom+1 {
				break
			}
			if para == "" && t == "" {
				break
			}
			if strings.TrimSpace(para) == "" && len(f.Kids) == 0 {
				y += line
			}
		}
	case "select":
		if c.Size <= 1 && !c.Multiple {
			return
		}
		for i, o := range c.Options {
			if y+line > bottom+1 {
				break
			}
			st := *s
			for _, k := range c.Selected {
				if k == i {
					st.Background = color.NRGBA{R: 0xCE, G: 0xE3, B: 0xF2, A: 255}
				}
			}
			l.run(b, f, &st, o, x+2, room-4, 2*(y-f.Border[0]-f.Padding[0])+line+1)
			y += line + 1
		}
	}
}

// wrap finds how many bytes of a paragraph fit in a line.
func (l *layouter) wrap(t string, s *style.Style, room float32) int {
	fit := 0
	for i := 0; i < len(t); {
		j := strings.IndexByte(t[i:], ' ')
		if j < 0 {
			j = len(t)
		} else {
			j += i
		}
		if text.Width(l.Fonts.Shape(short(t[:j]), s.Font)) > room {
			break
		}
		fit = j
		i = j + 1
		if j == len(t) || j > 400 {
			break
		}
	}
	if fit == 0 {
		// A word longer than the line: as many characters as fit.
		for i := range t {
			if i > 0 && text.Width(l.Fonts.Shape(short(t[:i]), s.Font)) > room {
				return max(fit, 1)
			}
			fit = i
			if i > 200 {
				break
			}
		}
		if fit == 0 {
			fit = len(t)
		}
	}
	return fit
}

// control paints what is drawn of a control besides box and text.
func (p *painter) control(f *Fragment, box display.Rect) {
	c := f.Box.Replaced.Control
	s := f.Box.Style
	ink := color.NRGBA{R: 0x6B, G: 0x72, B: 0x7B, A: 255}
	accent := color.NRGBA{R: 0x17, G: 0x69, B: 0x8A, A: 255}
	if c.Disabled {
		ink.A, accent.A = 120, 120
	}
	edge := func(w float32, col color.NRGBA) [4]display.Edge {
		e := display.Edge{Width: w, Color: col, Style: "solid"}
		return [4]display.Edge{e, e, e, e}
	}
	white := color.NRGBA{R: 255, G: 255, B: 255, A: 255}
	switch c.Kind {
	case "checkbox":
		rr := display.Radii{2, 2, 2, 2}
		if c.Checked {
			p.list = append(p.list, display.Fill{Rect: box, Color: accent, Radii: rr})
			// The tick, as three rising steps on each side of its corner.
			u := box.W / 13
			dot := func(x, y float32) {
				p.list = append(p.list, display.Fill{Rect: display.Rect{X: box.X + x*u, Y: box.Y + y*u, W: 2 * u, H: 2 * u}, Color: white})
			}
			for i := range 3 {
				dot(2.5+float32(i), 5.5+float32(i))
			}
			for i := range 5 {
				dot(5.5+float32(i), 6.5-float32(i))
			}
			return
		}
		p.list = append(p.list, display.Fill{Rect: box, Color: white, Radii: rr}, display.Border{Rect: box, Edges: edge(1, ink), Radii: rr})
	case "radio":
		d := box.W / 2
		rr := display.Radii{d, d, d, d}
		p.list = append(p.list, display.Fill{Rect: box, Color: white, Radii: rr})
		if !c.Checked {
			p.list = append(p.list, display.Border{Rect: box, Edges: edge(1, ink), Radii: rr})
			return
		}
		p.list = append(p.list, display.Border{Rect: box, Edges: edge(max(1, box.W*0.15), accent), Radii: rr})
		i := box.W * 0.27
		in := inset(box, [4]float32{i, i, i, i})
		p.list = append(p.list, display.Fill{Rect: in, Color: accent, Radii: display.Radii{in.W / 2, in.W / 2, in.W / 2, in.W / 2}})
	case "select":
		if c.Size > 1 || c.Multiple {
			line := max(lineOf(s), s.Font.Size) + 1
			for _, k := range c.Selected {
				if y := box.Y + float32(k)*line; y+line <= box.Y+box.H+1 {
					p.list = append(p.list, display.Fill{Rect: display.Rect{X: box.X, Y: y, W: box.W, H: line}, Color: color.NRGBA{R: 0xCE, G: 0xE3, B: 0xF2, A: 255}})
				}
			}
			return
		}
		// An arrow of rows, narrower downwards.
		x, y := box.X+box.W-13, box.Y+box.H/2-2
		for i := range 5 {
			w := float32(9 - 2*i)
			p.list = append(p.list, display.Fill{Rect: display.Rect{X: x + float32(i), Y: y + float32(i), W: w, H: 1}, Color: ink})
		}
	case "file":
		if len(f.Kids) > 0 {
			b := display.Rect{X: box.X, Y: box.Y, W: f.Kids[0].W + 18, H: box.H}
			rr := display.Radii{4, 4, 4, 4}
			p.list = append(p.list, display.Fill{Rect: b, Color: color.NRGBA{R: 0xEF, G: 0xEF, B: 0xEF, A: 255}, Radii: rr}, display.Border{Rect: b, Edges: edge(1, ink), Radii: rr})
		}
	case "progress":
		in := inset(box, [4]float32{})
		in.W *= float32(c.Size) / 1000
		p.list = append(p.list, display.Fill{Rect: in, Color: accent, Radii: display.Radii{2, 2, 2, 2}})
	case "number":
		if c.Type == "range" {
			mid := box.Y + box.H/2
			p.list = append(p.list, display.Fill{Rect: display.Rect{X: box.X, Y: mid - 2, W: box.W, H: 4}, Color: ink, Radii: display.Radii{2, 2, 2, 2}},
				display.Fill{Rect: display.Rect{X: box.X + box.W/2 - 8, Y: mid - 8, W: 16, H: 16}, Color: accent, Radii: display.Radii{8, 8, 8, 8}})
		}
	default:
		if c.Type == "color" {
			p.list = append(p.list, display.Fill{Rect: box, Color: c.Color})
		}
	}
}
