package layout

import (
	"guichet/services/html/style"
)

// cellWidth is the border box width of a cell.
func cellWidth(c *cell, cw []float32, sx float32) float32 {
	w := sx * float32(c.cols-1)
	for i := c.col; i < c.col+c.cols; i++ {
		w += cw[i]
	}
	return w
}

// rowHeights are the rows of a table with what was learnt on the way.
type rowHeights struct {
	height   []float32
	baseline []float32 // of the row's cells that align by it, from the row's top
	fixed    []bool    // the row or a cell says how high
	natural  []result  // by cell
	width    []float32
}

// rows lays out the cells and settles the heights of the rows (CSS 2.1, section
// 17.5.3).
func (l *layouter) rows(t *Box, m *tableModel, cw []float32, sx, sy float32) *rowHeights {
	n := len(m.rows)
	r := &rowHeights{
		height: make([]float32, n), baseline: make([]float32, n), fixed: make([]bool, n),
		natural: make([]result, len(m.cells)), width: make([]float32, len(m.cells)),
	}
	below := make([]float32, n)
	for i := range m.rows {
		if h, ok := size(m.rows[i].box.Style.Height, -1, 0, false); ok && h > 0 {
			r.height[i], r.fixed[i] = h, true
		}
	}
	need := make([]float32, len(m.cells))
	for i := range m.cells {
		c := &m.cells[i]
		l.tick()
		r.width[i] = cellWidth(c, cw, sx)
		res := l.cellBox(t, c, r.width[i], -1)
		r.natural[i] = res
		e := l.cellEdges(t, c, r.width[i])
		h := res.H
		s := c.box.Style
		if sh, ok := size(s.Height, -1, e.vertical(), s.BorderBox || l.Doc != nil && l.Doc.Quirks); ok {
			h = max(h, sh+e.vertical())
			if c.rows == 1 && sh > 0 {
				r.fixed[c.row] = true
			}
		}
		need[i] = h
		if c.rows != 1 {
			continue
		}
		if base := baselineOf(res.Fragment, &e); alignsBaseline(s) {
			r.baseline[c.row] = max(r.baseline[c.row], base)
			below[c.row] = max(below[c.row], h-base)
		}
		r.height[c.row] = max(r.height[c.row], h)
	}
	for i := range r.height {
		r.height[i] = max(r.height[i], r.baseline[i]+below[i])
	}
	for i := range m.cells {
		c := &m.cells[i]
		if c.rows <= 1 {
			continue
		}
		have := sy * float32(c.rows-1)
		open := 0
		for k := c.row; k < c.row+c.rows; k++ {
			have += r.height[k]
			if !r.fixed[k] {
				open++
			}
		}
		if extra := need[i] - have; extra > 0 {
			for k := c.row; k < c.row+c.rows; k++ {
				switch {
				case open == 0:
					r.height[k] += extra / float32(c.rows)
				case !r.fixed[k]:
					r.height[k] += extra / float32(open)
				}
			}
		}
	}
	return r
}

// stretch gives the rows more height: those without a height of their own first.
func (r *rowHeights) stretch(m *tableModel, extra float32) {
	var weight, all float32
	open := 0
	for i, h := range r.height {
		all += h
		if !r.fixed[i] {
			weight += h
			open++
		}
	}
	for i, h := range r.height {
		switch {
		case open > 0 && r.fixed[i]:
		case open > 0 && weight > 0:
			r.height[i] += extra * h / weight
		case open > 0:
			r.height[i] += extra / float32(open)
		case all > 0:
			r.height[i] += extra * h / all
		default:
			r.height[i] += extra / float32(len(r.height))
		}
	}
}

func alignsBaseline(s *style.Style) bool {
	switch s.VAlign {
	case style.VTop, style.VMiddle, style.VBottom:
		return false
	}
	return true
}

func baselineOf(f *Fragment, e *edges) float32 {
	if f.Baseline >= 0 {
		return f.Baseline
	}
	return f.H - e.b[2] - e.p[2]
}

// cellBox lays a cell's content out, at a given height if it is not negative.
func (l *layouter) cellBox(t *Box, c *cell, w, h float32) result {
	if t.Style.Collapsed {
		// The halves of the lines stand in for the cell's own borders.
		s := *c.box.Style
		if s.BorderWidth != c.border {
			s.BorderWidth = c.border
			c.box.Style = &s
		}
	}
	return l.box(c.box, space{W: w, H: -1, FixW: w, FixH: h})
}

// percentHeight reports whether something directly in the cell wants a share of
// its height.
func percentHeight(b *Box) bool {
	for _, k := range b.Kids {
		if k.Style.Height.Kind == style.Fix && k.Style.Height.HasPercent() {
			return true
		}
	}
	return false
}
