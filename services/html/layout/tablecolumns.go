package layout

import (
	"guichet/services/html/style"
)

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
