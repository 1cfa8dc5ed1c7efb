// Package rowlist is the list under the message list and the file table: rows
// of one height, of which only the visible ones exist as objects, with the
// selection, keyboard and mouse of a desktop program. 100,000 rows scroll as
// fast as ten. It shows what Update fills in and reports intentions; it knows
// nothing of what the rows mean.
package rowlist

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// State is how a row stands at the moment of an Update.
type State struct {
	Selected bool
	Current  bool // the keyboard is at it
	Hovered  bool
	Focused  bool // the list has the keyboard's focus
}

// Params are what a List is made of. Only RowHeight, Create and Update must be
// set.
type Params struct {
	// RowHeight is asked at every Refresh, so that it follows the text size.
	RowHeight func() float32
	// Create makes the object of a row; Update fills it in for row i. An object
	// is used for many rows, one after the other.
	Create func() fyne.CanvasObject
	Update func(i int, o fyne.CanvasObject, s State)
	// Single allows one selected row only.
	Single bool
	// OnSelect is called after the selection or the current row changed.
	OnSelect func()
	// OnOpen is called for Enter and for a double click.
	OnOpen func(i int)
	// OnMenu is called for a secondary click and for the context-menu key. at is
	// in the window; i is -1 for the empty space below the rows.
	OnMenu func(i int, at fyne.Position)
	// OnType finds a row for the letters typed within a second; from is where to
	// begin to look, going round.
	OnType func(prefix string, from int) (i int, ok bool)
	// OnKey is asked first for every key (Delete, F2, Backspace); true: used.
	OnKey func(*fyne.KeyEvent) bool
	// OnDrag is called while rows are dragged, with the place in the window;
	// OnDrop when they are let go. Without them nothing is dragged.
	OnDrag, OnDrop func(at fyne.Position)
	// OnVisible is called when other rows come into sight: first to last.
	OnVisible func(first, last int)
	// OnFocus is called when the list gets or loses the keyboard.
	OnFocus func(bool)
	// OnRune is asked first for every typed letter; true: used.
	OnRune func(c rune) bool
	// OnTab, if not nil, gets the Tab key without Shift.
	OnTab func()
	// CellWidth, if it gives more than 0, makes the list a grid: as many cells of
	// that width at least stand beside each other as there is room for. It is
	// asked at every layout; call Reset after a change between list and grid.
	CellWidth func() float32
}

// List is the widget. Its methods are called on the UI goroutine.
type List struct {
	widget.BaseWidget
	p      Params
	rows   *rows
	scroll *container.Scroll

	length   int
	selected set
	current  int // -1: none
	anchor   int // where a Shift selection began
	hovered  int
	focused  bool

	typed   string
	typedAt time.Time
	now     func() time.Time
}

// New makes an empty list.
func New(p Params) *List {
	l := &List{p: p, current: -1, anchor: -1, hovered: -1, now: time.Now}
	l.rows = newRows(l)
	l.scroll = container.NewVScroll(l.rows)
	l.scroll.OnScrolled = func(fyne.Position) { l.rows.place() }
	l.ExtendBaseWidget(l)
	return l
}

// CreateRenderer is called by Fyne.
func (l *List) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(l.scroll) }

// MinSize leaves the size to whoever places the list: it scrolls.
func (l *List) MinSize() fyne.Size {
	l.ExtendBaseWidget(l)
	return fyne.NewSize(32, 32)
}

// Resize is called by Fyne.
func (l *List) Resize(size fyne.Size) {
	l.BaseWidget.Resize(size)
	l.rows.place()
}

// Refresh fills in all visible rows again.
func (l *List) Refresh() {
	l.rows.stale = true
	l.scroll.Refresh()
	l.rows.place()
	l.BaseWidget.Refresh()
}

// Length gives the number of rows.
func (l *List) Length() int { return l.length }

// SetLength changes the number of rows and fills in all visible ones again; the
// selection keeps its row numbers as far as they still exist. When rows move,
// call SetSelection too.
func (l *List) SetLength(n int) {
	l.length = max(n, 0)
	l.selected.cut(l.length)
	if l.current >= l.length {
		l.current = l.length - 1
	}
	if l.anchor >= l.length {
		l.anchor = l.current
	}
	if l.hovered >= l.length {
		l.hovered = -1
	}
	l.Refresh()
}

// Reset throws all row objects away: Create makes them anew.
func (l *List) Reset() {
	l.rows.live, l.rows.free, l.rows.drawn = map[int]*slot{}, nil, nil
	l.Refresh()
}

// RefreshRow fills in row i again if it is visible.
func (l *List) RefreshRow(i int) { l.rows.refreshRow(i) }

// Selected gives the selected rows in ascending order.
func (l *List) Selected() []int { return l.selected.all() }

// SelectedCount is len(Selected()), at once.
func (l *List) SelectedCount() int { return l.selected.count }

// IsSelected reports whether row i is selected.
func (l *List) IsSelected(i int) bool { return l.selected.has(i) }

// Current is the row where the keyboard is, -1 if there is none.
func (l *List) Current() int { return l.current }

// SetSelection selects exactly these rows without calling OnSelect; current is
// where the keyboard stands from now on, or -1.
func (l *List) SetSelection(selected []int, current int) {
	l.selected.clear()
	for _, i := range selected {
		if i < l.length {
			l.selected.put(i, true)
		}
	}
	l.current = max(min(current, l.length-1), -1)
	l.anchor = l.current
	l.rows.refreshStates()
}

// Select selects row i alone, brings it into view and calls OnSelect.
func (l *List) Select(i int) {
	if i < 0 || i >= l.length {
		return
	}
	l.selected.clear()
	l.selected.put(i, true)
	l.current, l.anchor = i, i
	l.ScrollTo(i)
	l.changed()
}

// Toggle adds row i to the selection or takes it out.
func (l *List) Toggle(i int) {
	if i < 0 || i >= l.length {
		return
	}
	if l.p.Single {
		l.Select(i)
		return
	}
	l.selected.put(i, !l.selected.has(i))
	l.current, l.anchor = i, i
	l.changed()
}

// Extend selects all rows from where the selection began to row i.
func (l *List) Extend(i int) {
	if i < 0 || i >= l.length {
		return
	}
	if l.p.Single || l.anchor < 0 {
		l.Select(i)
		return
	}
	l.selected.clear()
	l.selected.span(l.anchor, i)
	l.current = i
	l.ScrollTo(i)
	l.changed()
}

// SelectAll selects every row.
func (l *List) SelectAll() {
	if l.p.Single || l.length == 0 {
		return
	}
	l.selected.clear()
	l.selected.span(0, l.length-1)
	l.changed()
}

// Unselect selects nothing; the keyboard stays where it is.
func (l *List) Unselect() {
	if l.selected.count == 0 {
		return
	}
	l.selected.clear()
	l.changed()
}

func (l *List) changed() {
	l.rows.refreshStates()
	if l.p.OnSelect != nil {
		l.p.OnSelect()
	}
}

// ScrollTo brings row i into view by the shortest way.
func (l *List) ScrollTo(i int) {
	if i < 0 || i >= l.length {
		return
	}
	h, view := l.rows.height(), l.scroll.Size().Height
	line := i / l.rows.columns()
	top, bottom := float32(line)*h, float32(line+1)*h
	switch offset := l.scroll.Offset.Y; {
	case top < offset:
		l.SetOffset(top)
	case bottom > offset+view && view > 0:
		l.SetOffset(bottom - view)
	}
}

// Offset is how far the list is scrolled, in units from the top.
func (l *List) Offset() float32 { return l.scroll.Offset.Y }

// SetOffset scrolls to that distance from the top, as far as there are rows.
func (l *List) SetOffset(y float32) {
	limit := fyne.Max(l.rows.MinSize().Height-l.scroll.Size().Height, 0)
	l.scroll.ScrollToOffset(fyne.NewPos(0, fyne.Max(fyne.Min(y, limit), 0)))
	l.rows.place()
}

// FocusTarget is what to hand to Canvas.Focus.
func (l *List) FocusTarget() fyne.Focusable { return l.rows }

// HasFocus reports whether the list has the keyboard.
func (l *List) HasFocus() bool { return l.focused }

// RowAt gives the row at a place inside the list, -1 for none.
func (l *List) RowAt(p fyne.Position) int { return l.rows.at(p.AddXY(0, l.scroll.Offset.Y)) }

// InView gives the first and the last row in view; last < first for none.
func (l *List) InView() (first, last int) { return l.rows.visible() }

// Press acts as a mouse press on row i would, for tests and for widgets within
// rows that take part in the selection.
func (l *List) Press(i int, m fyne.KeyModifier) {
	switch {
	case m&fyne.KeyModifierShift != 0:
		l.Extend(i)
	case m&(fyne.KeyModifierControl|fyne.KeyModifierSuper) != 0:
		l.Toggle(i)
	default:
		l.Select(i)
	}
}

var (
	_ fyne.Focusable    = (*rows)(nil)
	_ fyne.Draggable    = (*rows)(nil)
	_ fyne.Scrollable   = (*rows)(nil)
	_ fyne.Shortcutable = (*rows)(nil)
	_ fyne.Tabbable     = (*rows)(nil)
	_ desktop.Mouseable = (*rows)(nil)
	_ desktop.Hoverable = (*rows)(nil)
	_ desktop.Keyable   = (*rows)(nil)
)
