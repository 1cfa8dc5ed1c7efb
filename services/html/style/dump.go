package style

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"guichet/services/html/dom"
)

// Dump writes, for each shown element, the values that decide most.
func (t *Tree) Dump(w io.Writer, d *dom.Document) error {
	b := bufio.NewWriter(w)
	var walk func(id dom.ID, depth int)
	walk = func(id dom.ID, depth int) {
		for c := range d.Children(id) {
			s := t.Styles[c]
			if s == nil {
				continue
			}
			fmt.Fprintf(b, "%s%s %s\n", strings.Repeat("  ", depth), d.Nodes[c].Name, s.line())
			for name, m := range map[string]map[dom.ID]*Style{"before": t.Before} {
				if p := m[c]; p != nil {
					fmt.Fprintf(b, "%s::%s %s\n", strings.Repeat("  ", depth+1), name, p.line())
				}
			}
			walk(c, depth+1)
			if p := t.After[c]; p != nil {
				fmt.Fprintf(b, "%s::after %s\n", strings.Repeat("  ", depth+1), p.line())
			}
		}
	}
	walk(0, 0)
	return b.Flush()
}

// String writes a length as CSS.
func (l Length) String() string {
	switch l.Kind {
	case Auto:
		return "auto"
	case MinContent:
		return "min-content"
	case MaxContent:
		return "max-content"
	case FitContent:
		return "fit-content"
	case Stretch:
		return "stretch"
	}
	switch {
	case l.Expr != nil:
		return "calc(" + l.Expr.Op + "())"
	case l.Pct == 0:
		return fmt.Sprintf("%gpx", l.Px)
	case l.Px == 0:
		return fmt.Sprintf("%g%%", l.Pct)
	}
	return fmt.Sprintf("calc(%gpx + %g%%)", l.Px, l.Pct)
}

func (s *Style) line() string {
	p := []string{"display:" + s.Display.String()}
	add := func(cond bool, format string, args ...any) {
		if cond {
			p = append(p, fmt.Sprintf(format, args...))
		}
	}
	add(s.Position != Static, "position:%d", s.Position)
	add(s.Float != NoSide, "float:%d", s.Float)
	add(!s.Width.IsAuto(), "width:%v", s.Width)
	add(!s.Height.IsAuto(), "height:%v", s.Height)
	zero := [4]Length{Px(0), Px(0), Px(0), Px(0)}
	add(s.Margin != zero, "margin:%v %v %v %v", s.Margin[0], s.Margin[1], s.Margin[2], s.Margin[3])
	add(s.Padding != zero, "padding:%v %v %v %v", s.Padding[0], s.Padding[1], s.Padding[2], s.Padding[3])
	add(s.BorderWidth != [4]float32{}, "border:%v", s.BorderWidth)
	add(s.Background.A != 0, "background:#%02x%02x%02x/%d", s.Background.R, s.Background.G, s.Background.B, s.Background.A)
	p = append(p, fmt.Sprintf("color:#%02x%02x%02x", s.Color.R, s.Color.G, s.Color.B),
		fmt.Sprintf("font:%g/%g %d %s", s.Font.Size, s.LineHeightPx(), s.Font.Weight, strings.Join(s.Font.Families, ",")))
	return strings.Join(p, " ")
}
