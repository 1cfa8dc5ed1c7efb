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

// measureColumns settles min-content, max-content, percentage and fixed widths
// of the columns (CSS 2.1, section 17.5.2.2; Tables 3, section 4).
func (l *layouter) measureColumns(t *Box, m *tableModel) {
	if m.sized {
		return
	}
	m.sized = true
	n := m.cols
	m.min, m.max, m.pct, m.fixed = make([]float32, n), make([]float32, n), make([]float32, n), make([]bool, n)
	for i, c := range m.columns {
		if c == nil {
			continue
		}
		w := c.Style.Width
		if w.IsAuto() && m.groups[i] != nil {
			w = m.groups[i].Style.Width
		}
		switch {
		case w.Kind == style.Fix && w.HasPercent():
			m.pct[i] = w.Pct
		case w.Kind == style.Fix && w.Px > 0:
			m.max[i], m.fixed[i] = w.Px, true
		}
	}
	sx, _ := spacing(t)
	for pass := range 2 {
		for i := range m.cells {
			c := &m.cells[i]
			if (c.cols == 1) != (pass == 0) {
				continue
			}
			l.tick()
			lo, hi, pct, fixed := l.cellSizes(t, c)
			if pass == 0 {
				m.min[c.col] = max(m.min[c.col], lo)
				switch {
				case fixed && !m.fixed[c.col]:
					m.max[c.col], m.fixed[c.col] = max(hi, m.min[c.col]), true
				case fixed || !m.fixed[c.col]:
					m.max[c.col] = max(m.max[c.col], hi)
				}
				m.pct[c.col] = max(m.pct[c.col], pct)
				continue
			}
			m.spread(c, lo, hi, pct, sx)
		}
		for i := range m.max {
			m.max[i] = max(m.max[i], m.min[i])
		}
	}
	var sum float32
	for i := range m.pct {
		m.pct[i] = min(m.pct[i], max(0, 100-sum))
		sum += m.pct[i]
	}
}

// cellSizes are a cell's outer min-content and max-content widths, its
// percentage, and whether it has a fixed width.
func (l *layouter) cellSizes(t *Box, c *cell) (lo, hi, pct float32, fixed bool) {
	e := l.cellEdges(t, c, 0)
	s := c.box.Style
	lo, hi = l.contentSizes(c.box)
	if w, ok := size(s.Width, -1, e.horizontal(), s.BorderBox); ok && w > 0 {
		hi, fixed = max(w, lo), true
		if s.Space == style.SpaceNowrap {
			lo = max(lo, w)
		}
	} else if s.Width.Kind == style.Fix && s.Width.HasPercent() {
		pct = max(s.Width.Pct, 0)
	}
	if w, ok := size(s.MinWidth, -1, e.horizontal(), s.BorderBox); ok {
		lo, hi = max(lo, w), max(hi, w)
	}
	if w, ok := size(s.MaxWidth, -1, e.horizontal(), s.BorderBox); ok {
		hi = max(lo, min(hi, w))
	}
	x := e.horizontal()
	return lo + x, hi + x, pct, fixed
}

// spread gives what a spanning cell needs to its columns.
func (m *tableModel) spread(c *cell, lo, hi, pct, sx float32) {
	a, z := c.col, c.col+c.cols
	gaps := sx * float32(c.cols-1)
	var mn, mx, pc, free float32
	autos := 0
	for i := a; i < z; i++ {
		mn, mx, pc = mn+m.min[i], mx+m.max[i], pc+m.pct[i]
		if m.pct[i] == 0 {
			autos++
			if !m.fixed[i] {
				free += m.max[i]
			}
		}
	}
	grow := func(v []float32, need float32) {
		if need <= 0 {
			return
		}
		// Columns without a width of their own first, by what they hold.
		var weight float32
		flexible := 0
		for i := a; i < z; i++ {
			if !m.fixed[i] && m.pct[i] == 0 {
				weight += m.max[i]
				flexible++
			}
		}
		for i := a; i < z; i++ {
			switch {
			case flexible == 0 && mx > 0:
				v[i] += need * m.max[i] / mx
			case flexible == 0:
				v[i] += need / float32(c.cols)
			case m.fixed[i] || m.pct[i] > 0:
			case weight > 0:
				v[i] += need * m.max[i] / weight
			default:
				v[i] += need / float32(flexible)
			}
		}
	}
	needMin, needMax := lo-gaps-mn, hi-gaps-mx
	grow(m.min, needMin)
	grow(m.max, needMax)
	if pct > pc && autos > 0 {
		for i := a; i < z; i++ {
			if m.pct[i] == 0 {
				m.pct[i] = (pct - pc) / float32(autos)
			}
		}
	}
}

// tableSizes are the min-content and max-content widths of a table's grid box.
func (l *layouter) tableSizes(t *Box) (lo, hi float32) {
	m := l.model(t)
	l.measureColumns(t, m)
	sx, _ := spacing(t)
	gaps := sx * float32(m.cols+1)
	if m.cols == 0 {
		gaps = 0
	}
	var pct, rest, need float32
	for i := range m.min {
		lo += m.min[i]
		hi += m.max[i]
		if m.pct[i] > 0 {
			need = max(need, m.max[i]*100/m.pct[i])
			pct += m.pct[i]
		} else {
			rest += m.max[i]
		}
	}
	if pct > 0 {
		if rest > 0 && pct < 100 {
			need = max(need, rest*100/(100-pct))
		} else if rest > 0 {
			need = 1 << 20
		}
		hi = max(hi, need)
	}
	lo, hi = lo+gaps, hi+gaps
	for _, c := range m.captions {
		mn, _ := l.outerSizes(c)
		lo, hi = max(lo, mn), max(hi, mn)
	}
	if b := m.outer(); t.Style.Collapsed {
		lo, hi = lo+b[1]+b[3], hi+b[1]+b[3]
	}
	return lo, hi
}

// widths shares a width among the columns.
func (l *layouter) widths(t *Box, m *tableModel, avail float32) []float32 {
	n := m.cols
	out := make([]float32, n)
	if n == 0 {
		return out
	}
	if t.Style.TableFixed && !t.Style.Width.IsAuto() {
		return l.fixedWidths(t, m, avail)
	}
	// Four guesses, each at least as wide as the one before (Tables 3, section 4.2).
	guess := [4][]float32{}
	sum := [4]float32{}
	for g := range guess {
		guess[g] = make([]float32, n)
		for i := range n {
			v := m.min[i]
			switch {
			case m.pct[i] > 0 && g >= 1:
				v = max(v, m.pct[i]/100*avail)
			case m.pct[i] > 0:
			case m.fixed[i] && g >= 2, g >= 3:
				v = m.max[i]
			}
			guess[g][i] = v
			sum[g] += v
		}
	}
	for g := range 3 {
		if sum[g] >= avail {
			copy(out, guess[g])
			if g > 0 {
				mix(out, guess[g-1], guess[g], sum[g-1], sum[g], avail)
			}
			return out
		}
	}
	if sum[3] >= avail {
		mix(out, guess[2], guess[3], sum[2], sum[3], avail)
		return out
	}
	copy(out, guess[3])
	extra := avail - sum[3]
	// What is over goes to columns without widths, else to fixed ones, else to
	// those with percentages.
	weight := func(pick func(i int) float32) bool {
		var w float32
		for i := range n {
			w += pick(i)
		}
		if w <= 0 {
			return false
		}
		for i := range n {
			out[i] += extra * pick(i) / w
		}
		return true
	}
	auto := func(i int) bool { return m.pct[i] == 0 && !m.fixed[i] }
	if weight(func(i int) float32 {
		if auto(i) {
			return m.max[i]
		}
		return 0
	}) || weight(func(i int) float32 {
		if auto(i) {
			return 1
		}
		return 0
	}) || weight(func(i int) float32 {
		if m.fixed[i] && m.pct[i] == 0 {
			return m.max[i]
		}
		return 0
	}) || weight(func(i int) float32 { return m.pct[i] }) {
		return out
	}
	for i := range out {
		out[i] += extra / float32(n)
	}
	return out
}

func mix(out, a, b []float32, sa, sb, want float32) {
	f := float32(0)
	if sb > sa {
		f = (want - sa) / (sb - sa)
	}
	for i := range out {
		out[i] = a[i] + (b[i]-a[i])*f
	}
}

// fixedWidths follows CSS 2.1, section 17.5.2.1.
func (l *layouter) fixedWidths(t *Box, m *tableModel, avail float32) []float32 {
	out := make([]float32, m.cols)
	set := make([]bool, m.cols)
	var used float32
	take := func(i int, w float32) {
		if !set[i] {
			out[i], set[i] = w, true
			used += w
		}
	}
	for i, c := range m.columns {
		if c != nil && c.Style.Width.Kind == style.Fix {
			take(i, c.Style.Width.At(avail))
		}
	}
	for i := range m.cells {
		c := &m.cells[i]
		if c.row > 0 {
			break
		}
		s := c.box.Style
		if s.Width.Kind != style.Fix {
			continue
		}
		e := l.cellEdges(t, c, avail)
		w := s.Width.At(avail)
		if !s.BorderBox && !s.Width.HasPercent() {
			w += e.horizontal()
		}
		for k := c.col; k < c.col+c.cols; k++ {
			take(k, w/float32(c.cols))
		}
	}
	open := 0
	for i := range set {
		if !set[i] {
			open++
		}
	}
	extra := max(0, avail-used)
	for i := range out {
		switch {
		case open > 0 && !set[i]:
			out[i] = extra / float32(open)
		case open == 0 && used > 0 && avail > used:
			out[i] *= avail / used
		}
	}
	return out
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
