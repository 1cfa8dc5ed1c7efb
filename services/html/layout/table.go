package layout

import (
	"guichet/services/html/style"
)

// maxColumns bounds the columns of a table.
const maxColumns = 1000

// cell is a cell in the grid of a table.
type cell struct {
	box      *Box
	row, col int
	rows     int // spanned
	cols     int
	border   [4]float32 // in collapsed tables: its halves
}

// tableRow is a row with the group it is in.
type tableRow struct {
	box, group *Box
	last       int // last row of the group
}

// tableModel is a table's grid (HTML, section 4.9.12). It does not depend on
// any width.
type tableModel struct {
	captions []*Box
	columns  []*Box // col boxes by column, nil where there is none
	groups   []*Box // of columns, by column
	rows     []tableRow
	cells    []cell
	cols     int
	lines    *gridLines // of collapsed borders
	min, max []float32  // of the columns
	pct      []float32
	fixed    []bool
	sized    bool
}

func (l *layouter) model(t *Box) *tableModel {
	if t.table != nil {
		return t.table
	}
	m := &tableModel{}
	t.table = m
	for _, k := range t.Kids {
		switch k.Kind {
		case CaptionBox:
			m.captions = append(m.captions, k)
		case ColumnGroupBox:
			if len(k.Kids) == 0 {
				for range k.ColSpan {
					m.addColumn(k, k)
				}
			}
			for _, c := range k.Kids {
				for range c.ColSpan {
					m.addColumn(c, k)
				}
			}
		case RowGroupBox:
			first := len(m.rows)
			for _, r := range k.Kids {
				if r.inFlow() {
					m.rows = append(m.rows, tableRow{box: r, group: k})
				}
			}
			for i := first; i < len(m.rows); i++ {
				m.rows[i].last = len(m.rows) - 1
			}
		}
	}
	var busy [maxColumns]int // rows that a cell from above still takes, by column
	for r := range m.rows {
		l.tick()
		if r > 0 && m.rows[r].group != m.rows[r-1].group {
			busy = [maxColumns]int{}
		}
		col := 0
		for _, b := range m.rows[r].box.Kids {
			for col < maxColumns-1 && busy[col] > 0 {
				col++
			}
			c := cell{box: b, row: r, col: min(col, maxColumns-1), cols: b.ColSpan, rows: b.RowSpan}
			c.cols = max(1, min(c.cols, maxColumns-c.col))
			if left := m.rows[r].last - r + 1; c.rows == 0 || c.rows > left {
				c.rows = left
			}
			for i := c.col; i < c.col+c.cols; i++ {
				busy[i] = max(busy[i], c.rows)
			}
			m.cols = max(m.cols, c.col+c.cols)
			m.cells = append(m.cells, c)
			col = c.col + c.cols
		}
		for i := range m.cols {
			busy[i] = max(busy[i]-1, 0)
		}
	}
	m.trimColumns()
	for len(m.columns) < m.cols {
		m.columns, m.groups = append(m.columns, nil), append(m.groups, nil)
	}
	m.cols = max(m.cols, len(m.columns))
	if t.Style.Collapsed {
		m.collapse(t)
	}
	return m
}

func (m *tableModel) addColumn(c, g *Box) {
	if len(m.columns) < maxColumns {
		m.columns, m.groups = append(m.columns, c), append(m.groups, g)
	}
}

// trimColumns takes out the columns that only a too large colspan made: no cell
// begins there and no col says anything.
func (m *tableModel) trimColumns() {
	used := len(m.columns)
	for i := range m.cells {
		used = max(used, m.cells[i].col+1)
	}
	if m.cols <= used {
		return
	}
	m.cols = used
	for i := range m.cells {
		c := &m.cells[i]
		c.cols = max(1, min(c.cols, used-c.col))
	}
}

// spacing is what stands between cells.
func spacing(t *Box) (x, y float32) {
	if t.Style.Collapsed {
		return 0, 0
	}
	return t.Style.SpacingX, t.Style.SpacingY
}

// cellEdges are a cell's used edges: in collapsed tables its halves of the lines.
func (l *layouter) cellEdges(t *Box, c *cell, cb float32) edges {
	e := l.edges(c.box, cb)
	e.m, e.auto = [4]float32{}, [4]bool{}
	if t.Style.Collapsed {
		e.b = c.border
	}
	return e
}

// table lays out a table: captions above and below the grid.
func (l *layouter) table(t *Box, sp space) result {
	m := l.model(t)
	l.measureColumns(t, m)
	e := l.edges(t, sp.W)
	w := l.contentWidth(t, &sp, &e)
	lo, _ := l.contentSizes(t)
	if !t.Style.TableFixed || t.Style.Width.IsAuto() {
		w = max(w, lo)
	}
	grid := l.gridBox(t, m, &e, w, &sp)
	if len(m.captions) == 0 {
		grid.end = margins{}.with(e.m[2])
		return grid
	}
	wrap := &Fragment{Kind: BoxFragment, Box: t, W: grid.W, NoPaint: true, Baseline: -1, Last: -1}
	r := result{Fragment: wrap, end: margins{}.with(e.m[2])}
	var y float32
	put := func(k *Box) {
		ce := l.edges(k, grid.W)
		cr := l.box(k, space{W: grid.W, H: -1, FixW: max(0, grid.W-ce.m[1]-ce.m[3]), FixH: -1})
		wrap.Kids = append(wrap.Kids, l.placed(k, cr.Fragment, ce.m[3], y+ce.m[0], grid.W, -1))
		for _, o := range cr.oof {
			o.x, o.y = o.x+ce.m[3], o.y+y+ce.m[0]
			r.oof = append(r.oof, o)
		}
		y += cr.H + ce.m[0] + ce.m[2]
	}
	for _, k := range m.captions {
		if !k.Style.CaptionBottom {
			put(k)
		}
	}
	wrap.Kids = append(wrap.Kids, Placed{0, y, grid.Fragment})
	for _, o := range grid.oof {
		o.y += y
		r.oof = append(r.oof, o)
	}
	if grid.Baseline >= 0 {
		wrap.Baseline, wrap.Last = y+grid.Baseline, y+grid.Last
	}
	y += grid.H
	for _, k := range m.captions {
		if k.Style.CaptionBottom {
			put(k)
		}
	}
	wrap.H = y
	return r
}

// gridBox lays out the table without its captions.
func (l *layouter) gridBox(t *Box, m *tableModel, e *edges, w float32, sp *space) result {
	sx, sy := spacing(t)
	if t.Style.Collapsed {
		// The outer half of the outermost lines is the table's border.
		e.b = m.outer()
		w = max(0, w-e.b[1]-e.b[3])
	}
	inner := w
	if m.cols > 0 {
		inner = max(0, w-sx*float32(m.cols+1))
	}
	cw := l.widths(t, m, inner)
	x := make([]float32, m.cols+1)
	at := sx
	for i, v := range cw {
		x[i] = at
		at += v + sx
	}
	x[m.cols] = at
	if m.cols > 0 && at > w {
		w = at
	}
	rows := l.rows(t, m, cw, sx, sy)
	total := sy
	for _, r := range rows.height {
		total += r + sy
	}
	if len(rows.height) == 0 {
		total = 0
	}
	want := l.contentHeight(t, sp, e, 0, w)
	if want > total {
		rows.stretch(m, want-total)
		total = want
	}
	y := make([]float32, len(m.rows)+1)
	at = sy
	for i, h := range rows.height {
		y[i] = at
		at += h + sy
	}
	y[len(m.rows)] = at
	kids, oof := l.gridParts(t, m, x, y, cw, rows.height, sx, sy, w)
	first := float32(-1)
	for i := range m.cells {
		c := &m.cells[i]
		l.tick()
		p, o := l.placeCell(t, m, c, rows, x, y, sx, sy, w)
		p.NewRow = i == 0 || m.cells[i-1].row != c.row
		kids = append(kids, p)
		for _, q := range o {
			q.x, q.y = q.x+p.X, q.y+p.Y
			oof = append(oof, q)
		}
		if c.row == 0 && first < 0 && p.Baseline >= 0 {
			first = p.Y + p.Baseline
		}
	}
	r := l.finish(t, e, w, max(total, 0), kids, oof)
	if first >= 0 {
		r.Baseline = first + e.b[0] + e.p[0]
		r.Last = r.Baseline
	}
	if t.Style.Collapsed {
		r.Collapsed = m.paintLines(x, y, e)
	}
	return r
}

// gridParts makes the fragments of columns, groups and rows: they have
// backgrounds only.
func (l *layouter) gridParts(t *Box, m *tableModel, x, y, cw, rh []float32, sx, sy, w float32) ([]Placed, []outOfFlow) {
	kids := make([]Placed, 0, len(m.cells)+len(m.rows)+len(m.columns))
	part := func(b *Box, px, py, pw, ph float32) {
		kids = append(kids, Placed{px, py, &Fragment{Kind: BoxFragment, Box: b, W: pw, H: ph, Baseline: -1, Last: -1}})
	}
	n := len(m.rows)
	if n == 0 {
		return kids, nil
	}
	height := max(0, y[n]-sy-y[0])
	for i, c := range m.columns {
		if g := m.groups[i]; g != nil && (i == 0 || m.groups[i-1] != g) {
			j := i
			for j+1 < m.cols && m.groups[j+1] == g {
				j++
			}
			part(g, x[i], y[0], x[j]+cw[j]-x[i], height)
		}
		if c != nil && c != m.groups[i] {
			part(c, x[i], y[0], cw[i], height)
		}
	}
	width := max(0, w-2*sx)
	for i := 0; i < n; {
		last := m.rows[i].last
		part(m.rows[i].group, sx, y[i], width, y[last]+rh[last]-y[i])
		i = last + 1
	}
	for i := range m.rows {
		part(m.rows[i].box, sx, y[i], width, rh[i])
	}
	return kids, nil
}

// placeCell makes a cell as high as its rows and aligns its content.
func (l *layouter) placeCell(t *Box, m *tableModel, c *cell, r *rowHeights, x, y []float32, sx, sy, w float32) (Placed, []outOfFlow) {
	i := c.index(m)
	res := r.natural[i]
	h := sy * float32(c.rows-1)
	for k := c.row; k < c.row+c.rows; k++ {
		h += r.height[k]
	}
	px := x[c.col]
	if t.Style.RTL {
		px = w - px - r.width[i]
	}
	s := c.box.Style
	if h > res.H+0.01 && percentHeight(c.box) {
		res = l.cellBox(t, c, r.width[i], h)
	}
	f := *res.Fragment
	oof := append([]outOfFlow(nil), res.oof...)
	var dy float32
	e := l.cellEdges(t, c, r.width[i])
	switch free := h - f.H; {
	case free <= 0:
	case s.VAlign == style.VMiddle:
		dy = free / 2
	case s.VAlign == style.VBottom:
		dy = free
	case s.VAlign == style.VTop:
	case c.rows == 1:
		dy = max(0, min(r.baseline[c.row]-baselineOf(&f, &e), free))
	}
	if f.H < h {
		f.H = h
	}
	if dy != 0 {
		f.Kids = append([]Placed(nil), f.Kids...)
		for k := range f.Kids {
			f.Kids[k].Y += dy
		}
		for k := range oof {
			oof[k].y += dy
		}
		if f.Baseline >= 0 {
			f.Baseline += dy
			f.Last += dy
		}
	}
	if s.HideEmpty && !t.Style.Collapsed && len(f.Kids) == 0 {
		f.NoPaint = true
	}
	return l.placed(c.box, &f, px, y[c.row], w, -1), oof
}

func (c *cell) index(m *tableModel) int {
	lo, hi := 0, len(m.cells)
	for lo < hi {
		mid := (lo + hi) / 2
		if k := &m.cells[mid]; k.row < c.row || k.row == c.row && k.col < c.col {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for lo < len(m.cells) && m.cells[lo].box != c.box {
		lo++
	}
	return min(lo, len(m.cells)-1)
}
