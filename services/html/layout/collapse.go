package layout

import (
	"image/color"

	"guichet/services/html/display"
)

// edge is a border that competes for a line between cells.
type edge struct {
	width float32
	style string
	color color.NRGBA
	rank  int8 // cell 5, row 4, row group 3, column 2, column group 1, table 0
}

// strength orders border styles (CSS 2.1, section 17.6.2.1).
var strength = map[string]int{"double": 8, "solid": 7, "dashed": 6, "dotted": 5, "ridge": 4, "outset": 3, "groove": 2, "inset": 1}

// beats reports whether a wins over b.
func (a edge) beats(b edge) bool {
	switch {
	case b.style == "hidden":
		return false
	case a.style == "hidden":
		return true
	case a.style == "" || a.style == "none":
		return false
	case b.style == "" || b.style == "none":
		return true
	case a.width != b.width:
		return a.width > b.width
	case a.style != b.style:
		return strength[a.style] > strength[b.style]
	}
	return a.rank > b.rank
}

// gridLines are the winning borders of a collapsed table, by cell edge: h[r][c]
// is above row r in column c, v[r][c] left of column c in row r.
type gridLines struct {
	rows, cols int
	h, v       []edge
}

// maxLines bounds the edges that are resolved; a larger table has no lines.
const maxLines = 2_000_000

func (g *gridLines) hline(r, c int) *edge { return &g.h[r*g.cols+c] }
func (g *gridLines) vline(r, c int) *edge { return &g.v[r*(g.cols+1)+c] }

func edgeOf(b *Box, side int, rank int8) edge {
	s := b.Style
	return edge{s.BorderWidth[side], s.BorderStyle[side], s.BorderColor[side], rank}
}

// collapse resolves the borders of a table in the collapsing model.
func (m *tableModel) collapse(t *Box) {
	rows, cols := len(m.rows), m.cols
	if rows == 0 || cols == 0 || (rows+1)*(cols+1) > maxLines {
		return
	}
	g := &gridLines{rows: rows, cols: cols, h: make([]edge, (rows+1)*cols), v: make([]edge, rows*(cols+1))}
	m.lines = g
	compete := func(at *edge, e edge) {
		if e.beats(*at) {
			*at = e
		}
	}
	box := func(b *Box, r0, r1, c0, c1 int, rank int8) {
		if b == nil || b.Style.BorderStyle == [4]string{"none", "none", "none", "none"} {
			return
		}
		for c := c0; c <= c1; c++ {
			compete(g.hline(r0, c), edgeOf(b, 0, rank))
			compete(g.hline(r1+1, c), edgeOf(b, 2, rank))
		}
		for r := r0; r <= r1; r++ {
			compete(g.vline(r, c1+1), edgeOf(b, 1, rank))
			compete(g.vline(r, c0), edgeOf(b, 3, rank))
		}
	}
	for i := range m.cells {
		c := &m.cells[i]
		box(c.box, c.row, c.row+c.rows-1, c.col, c.col+c.cols-1, 5)
	}
	for i := range m.rows {
		box(m.rows[i].box, i, i, 0, cols-1, 4)
	}
	for i := 0; i < rows; i = m.rows[i].last + 1 {
		box(m.rows[i].group, i, m.rows[i].last, 0, cols-1, 3)
	}
	for i := range m.columns {
		if m.columns[i] != m.groups[i] {
			box(m.columns[i], 0, rows-1, i, i, 2)
		}
	}
	for i := 0; i < len(m.groups); {
		j := i
		for j+1 < len(m.groups) && m.groups[j+1] == m.groups[i] {
			j++
		}
		box(m.groups[i], 0, rows-1, i, j, 1)
		i = j + 1
	}
	box(t, 0, rows-1, 0, cols-1, 0)
	for i := range m.cells {
		c := &m.cells[i]
		var top, right, bottom, left float32
		for k := c.col; k < c.col+c.cols; k++ {
			top, bottom = max(top, g.hline(c.row, k).used()), max(bottom, g.hline(c.row+c.rows, k).used())
		}
		for r := c.row; r < c.row+c.rows; r++ {
			right, left = max(right, g.vline(r, c.col+c.cols).used()), max(left, g.vline(r, c.col).used())
		}
		c.border = [4]float32{top / 2, right / 2, bottom / 2, left / 2}
	}
}

func (e *edge) used() float32 {
	if e.style == "" || e.style == "none" || e.style == "hidden" {
		return 0
	}
	return e.width
}

// outer is the table's own half of its outermost lines.
func (m *tableModel) outer() [4]float32 {
	var b [4]float32
	g := m.lines
	if g == nil {
		return b
	}
	for c := range g.cols {
		b[0], b[2] = max(b[0], g.hline(0, c).used()/2), max(b[2], g.hline(g.rows, c).used()/2)
	}
	// The first row decides (CSS 2.1, section 17.6.2); the widest is kinder.
	for r := range g.rows {
		b[1], b[3] = max(b[1], g.vline(r, g.cols).used()/2), max(b[3], g.vline(r, 0).used()/2)
	}
	return b
}

// collapsed are the lines of a table as they are painted, relative to its
// border box.
type collapsed struct{ lines []display.Border }

// paintLines places the lines: x and y are the grid's, relative to the content
// box of edges e.
func (m *tableModel) paintLines(x, y []float32, e *edges) *collapsed {
	g := m.lines
	if g == nil {
		return nil
	}
	out := &collapsed{}
	ox, oy := e.b[3]+e.p[3], e.b[0]+e.p[0]
	skipV, skipH := m.covered()
	add := func(r display.Rect, ed *edge, side int) {
		b := display.Border{Rect: r}
		st := ed.style
		switch st {
		// In this model inset is ridge and outset groove (CSS 2.1, section 17.6.2).
		case "inset":
			st = "ridge"
		case "outset":
			st = "groove"
		}
		b.Edges[side] = display.Edge{Width: ed.width, Color: ed.color, Style: st}
		out.lines = append(out.lines, b)
	}
	for r := 0; r <= g.rows; r++ {
		for c := 0; c < g.cols; {
			ed := g.hline(r, c)
			w := ed.used()
			if w == 0 || skipH[r*g.cols+c] {
				c++
				continue
			}
			end := c + 1
			for end < g.cols && *g.hline(r, end) == *ed && !skipH[r*g.cols+end] {
				end++
			}
			// Corners belong to the horizontal lines.
			lead, tail := g.around(r, c)/2, g.around(r, end)/2
			add(display.Rect{X: ox + x[c] - lead, Y: oy + y[r] - w/2, W: x[end] - x[c] + lead + tail, H: w}, ed, 0)
			c = end
		}
	}
	for c := 0; c <= g.cols; c++ {
		for r := 0; r < g.rows; {
			ed := g.vline(r, c)
			w := ed.used()
			if w == 0 || skipV[r*(g.cols+1)+c] {
				r++
				continue
			}
			end := r + 1
			for end < g.rows && *g.vline(end, c) == *ed && !skipV[end*(g.cols+1)+c] {
				end++
			}
			add(display.Rect{X: ox + x[c] - w/2, Y: oy + y[r], W: w, H: y[end] - y[r]}, ed, 3)
			r = end
		}
	}
	return out
}

// around is the width of the widest vertical line that meets a grid point.
func (g *gridLines) around(r, c int) float32 {
	var w float32
	if r > 0 {
		w = max(w, g.vline(r-1, c).used())
	}
	if r < g.rows {
		w = max(w, g.vline(r, c).used())
	}
	return w
}

// covered tells which edges lie inside of spanning cells.
func (m *tableModel) covered() (v, h []bool) {
	g := m.lines
	v, h = make([]bool, len(g.v)), make([]bool, len(g.h))
	for i := range m.cells {
		c := &m.cells[i]
		for r := c.row; r < c.row+c.rows; r++ {
			for k := c.col; k < c.col+c.cols; k++ {
				if k > c.col {
					v[r*(g.cols+1)+k] = true
				}
				if r > c.row {
					h[r*g.cols+k] = true
				}
			}
		}
	}
	return v, h
}

func (p *painter) collapsedBorders(c *collapsed, x, y float32) {
	for _, b := range c.lines {
		b.X += x
		b.Y += y
		p.list = append(p.list, b)
	}
}
