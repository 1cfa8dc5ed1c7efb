package rowlist

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// rows is the content of the list's scroller: as high as all rows together, with
// objects for the visible ones only.
type rows struct {
	widget.BaseWidget
	l     *List
	live  map[int]*slot
	free  []fyne.CanvasObject
	drawn []fyne.CanvasObject // of live, what the renderer hands out
	stale bool                // what the slots show may be old
	first int
	last  int

	shift  bool // down, for drivers that cannot tell modifiers
	press  press
	dragAt fyne.Position
}

// slot is a visible row.
type slot struct {
	object fyne.CanvasObject
	state  State
}

func newRows(l *List) *rows {
	r := &rows{l: l, live: map[int]*slot{}, last: -1}
	r.press.row = -1
	r.ExtendBaseWidget(r)
	return r
}

func (r *rows) height() float32 { return fyne.Max(r.l.p.RowHeight(), 1) }

// columns is how many rows stand beside each other: 1, or more in a grid.
func (r *rows) columns() int {
	if r.l.p.CellWidth == nil {
		return 1
	}
	w := r.l.p.CellWidth()
	if w <= 0 {
		return 1
	}
	return max(int(r.l.scroll.Size().Width/w), 1)
}

func (r *rows) at(p fyne.Position) int {
	n, width := r.columns(), r.l.scroll.Size().Width
	i := int(p.Y / r.height())
	if n > 1 && width > 0 {
		i = i*n + min(max(int(p.X/(width/float32(n))), 0), n-1)
	}
	if p.Y < 0 || i >= r.l.length {
		return -1
	}
	return i
}

// MinSize is the size of all rows. The width is the scroller's business.
func (r *rows) MinSize() fyne.Size {
	n := r.columns()
	return fyne.NewSize(1, float32((r.l.length+n-1)/n)*r.height())
}

func (r *rows) visible() (first, last int) {
	view := r.l.scroll.Size().Height
	if r.l.length == 0 || view <= 0 {
		return 0, -1
	}
	h, offset, n := r.height(), fyne.Max(r.l.scroll.Offset.Y, 0), r.columns()
	lines := (r.l.length + n - 1) / n
	first = min(int(offset/h), lines-1)
	last = min(int((offset+view)/h), lines-1)
	if float32(last)*h >= offset+view && last > first {
		last--
	}
	return first * n, min((last+1)*n, r.l.length) - 1
}

// place makes the objects of the visible rows exist, stand in their places and
// show what they should; the others become free for reuse.
func (r *rows) place() {
	first, last := r.visible()
	n := r.columns()
	h, width := r.height(), r.Size().Width/float32(n)
	for i, s := range r.live {
		if i < first || i > last {
			r.free = append(r.free, s.object)
			delete(r.live, i)
		}
	}
	changed := false
	for i := first; i <= last; i++ {
		s, known := r.live[i]
		if !known {
			s = &slot{object: r.take()}
			r.live[i] = s
			changed = true
		}
		if size := fyne.NewSize(width, h); s.object.Size() != size {
			s.object.Resize(size)
		}
		s.object.Move(fyne.NewPos(float32(i%n)*width, float32(i/n)*h))
		if state := r.state(i); !known || r.stale || state != s.state {
			s.state = state
			r.l.p.Update(i, s.object, state)
		}
	}
	r.stale = false
	if changed || len(r.live) != len(r.drawn) {
		r.drawn = make([]fyne.CanvasObject, 0, len(r.live))
		for i := first; i <= last; i++ {
			r.drawn = append(r.drawn, r.live[i].object)
		}
	}
	if first != r.first || last != r.last {
		r.first, r.last = first, last
		if r.l.p.OnVisible != nil {
			r.l.p.OnVisible(first, last)
		}
	}
}

func (r *rows) take() fyne.CanvasObject {
	if n := len(r.free); n > 0 {
		o := r.free[n-1]
		r.free = r.free[:n-1]
		return o
	}
	return r.l.p.Create()
}

func (r *rows) state(i int) State {
	return State{
		Selected: r.l.selected.has(i), Current: i == r.l.current,
		Hovered: i == r.l.hovered, Focused: r.l.focused,
	}
}

// refreshStates fills in the visible rows whose state changed.
func (r *rows) refreshStates() {
	for i, s := range r.live {
		if state := r.state(i); state != s.state {
			s.state = state
			r.l.p.Update(i, s.object, state)
		}
	}
}

func (r *rows) refreshRow(i int) {
	if s, ok := r.live[i]; ok {
		s.state = r.state(i)
		r.l.p.Update(i, s.object, s.state)
	}
}

// CreateRenderer is called by Fyne.
func (r *rows) CreateRenderer() fyne.WidgetRenderer { return &rowsRenderer{r} }

type rowsRenderer struct{ r *rows }

func (o *rowsRenderer) Destroy()                     {}
func (o *rowsRenderer) Layout(fyne.Size)             { o.r.place() }
func (o *rowsRenderer) MinSize() fyne.Size           { return o.r.MinSize() }
func (o *rowsRenderer) Objects() []fyne.CanvasObject { return o.r.drawn }

// Refresh is also what a change of the theme calls.
func (o *rowsRenderer) Refresh() {
	o.r.stale = true
	o.r.place()
	for _, row := range o.r.drawn {
		row.Refresh()
	}
}
