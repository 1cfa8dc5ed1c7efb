// Package filetable is the list of a folder: name, size, date and more, in
// columns whose heads sort, or a grid of pictures. It shows what it is handed
// and reports intentions.
package filetable

import (
	"image"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/kit"
	"guichet/widgets/rowlist"
)

// Row is what one line shows; its texts are finished.
type Row struct {
	Icon      fyne.Resource
	IconColor fyne.ThemeColorName // ColorNone: as the text
	Name      string
	Size      string
	Changed   string
	Mode      string
	Owner     string
	Dim       bool
	Picture   image.Image // in the grid, in the icon's place
}

// Source gives the rows.
type Source interface {
	Len() int
	Row(i int) Row
}

// Column is what the table is sorted by.
type Column int

// The columns. Mode and Owner are shown on demand.
const (
	Name Column = iota
	Size
	Changed
	Mode
	Owner
	columnCount
)

// Params are what a Table is made of.
type Params struct {
	NameTitle, SizeTitle, ChangedTitle, ModeTitle, OwnerTitle string

	OnSort         func(c Column)
	OnSelect       func()
	OnOpen         func(i int)
	OnMenu         func(i int, at fyne.Position)
	OnKey          func(*fyne.KeyEvent) bool
	OnDrag, OnDrop func(at fyne.Position)
	OnFocus        func(bool)
	// OnRune is asked first for every typed letter; without it letters find a
	// name that begins with them.
	OnRune func(c rune) bool
	OnTab  func()
	// OnWidth is called when a person has made a column wider or narrower: its
	// new width in units of the design.
	OnWidth func(c Column, width float32)
	// OnColumns is called for a secondary click on the heads.
	OnColumns func(at fyne.Position)
	// OnVisible is called when other rows come into sight.
	OnVisible func(first, last int)
}

// rowHeight is the height of a row in units of the design; tileWidth and
// tileHeight are those of a cell of the grid.
const (
	rowHeight  = 38
	tileWidth  = 136
	tileHeight = 148
)

// Table is the widget.
type Table struct {
	widget.BaseWidget
	List   *rowlist.List
	p      Params
	source Source
	heads  [columnCount]*head
	titles *fyne.Container
	above  *fyne.Container // heads and line: hidden in the grid
	object fyne.CanvasObject
	widths [columnCount]float32
	shown  [columnCount]bool
	grid   bool
	marked int // the row that something is dragged over, -1 none
}

type none struct{}

func (none) Len() int    { return 0 }
func (none) Row(int) Row { return Row{} }

// New makes an empty table, sorted by name.
func New(p Params) *Table {
	t := &Table{p: p, source: none{}, widths: defaultWidths, marked: -1}
	t.shown[Name], t.shown[Size], t.shown[Changed] = true, true, true
	t.List = rowlist.New(rowlist.Params{
		RowHeight: func() float32 {
			if t.grid {
				return kit.Px(tileHeight)
			}
			return kit.Px(rowHeight)
		},
		CellWidth: func() float32 {
			if t.grid {
				return kit.Px(tileWidth)
			}
			return 0
		},
		Create: func() fyne.CanvasObject {
			if t.grid {
				return newTile()
			}
			return newRow(t)
		},
		Update: func(i int, o fyne.CanvasObject, s rowlist.State) {
			switch o := o.(type) {
			case *row:
				o.set(t.source.Row(i), s, i == t.marked)
			case *tile:
				o.set(t.source.Row(i), s, i == t.marked)
			}
		},
		OnSelect: p.OnSelect, OnOpen: p.OnOpen, OnMenu: p.OnMenu, OnKey: p.OnKey, OnDrag: p.OnDrag, OnDrop: p.OnDrop, OnFocus: p.OnFocus,
		OnType: t.find, OnRune: p.OnRune, OnTab: p.OnTab, OnVisible: p.OnVisible,
	})
	var heads []fyne.CanvasObject
	for c, title := range []string{p.NameTitle, p.SizeTitle, p.ChangedTitle, p.ModeTitle, p.OwnerTitle} {
		t.heads[c] = newHead(t, Column(c), title)
		heads = append(heads, t.heads[c])
	}
	t.titles = container.New(columns{t}, heads...)
	t.above = kit.Column(0, t.titles, kit.Line())
	t.object = kit.Frame(t.above, t.List, nil)
	t.SetSort(Name, false)
	t.ExtendBaseWidget(t)
	return t
}

// CreateRenderer is called by Fyne.
func (t *Table) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(t.object) }

// SetSource shows other rows; the selection keeps its row numbers.
func (t *Table) SetSource(s Source) {
	t.source = s
	t.List.SetLength(s.Len())
}

// SetSort marks the column that the rows are sorted by.
func (t *Table) SetSort(c Column, descending bool) {
	for i, h := range t.heads {
		h.mark(Column(i) == c, descending)
	}
}

// ShowColumn shows or hides a column; the name is always there.
func (t *Table) ShowColumn(c Column, on bool) {
	if c == Name || t.shown[c] == on {
		return
	}
	t.shown[c] = on
	t.arrange()
}

// SetWidth gives a column a width, in units of the design; 0: the usual one.
func (t *Table) SetWidth(c Column, width float32) {
	if width == 0 {
		width = defaultWidths[c]
	}
	width = fyne.Max(fyne.Min(width, widest), narrowest)
	if c == Name || t.widths[c] == width {
		return
	}
	t.widths[c] = width
	t.arrange()
}

// SetGrid shows a grid of pictures, or the list.
func (t *Table) SetGrid(on bool) {
	if t.grid == on {
		return
	}
	t.grid = on
	t.above.Hidden = on
	t.List.Reset()
	t.Refresh()
	t.List.ScrollTo(t.List.Current())
}

// Grid reports whether the grid is shown.
func (t *Table) Grid() bool { return t.grid }

// Mark lights up the row that something is dragged over, -1 for none.
func (t *Table) Mark(i int) {
	if i == t.marked {
		return
	}
	old := t.marked
	t.marked = i
	t.List.RefreshRow(old)
	t.List.RefreshRow(i)
}

// RowAt gives the row at a place of the window, -1 for none.
func (t *Table) RowAt(at fyne.Position) int {
	at = at.Subtract(fyne.CurrentApp().Driver().AbsolutePositionForObject(t.List))
	if size := t.List.Size(); at.X < 0 || at.Y < 0 || at.X >= size.Width || at.Y >= size.Height {
		return -1
	}
	return t.List.RowAt(at)
}

// arrange lays heads and rows out anew.
func (t *Table) arrange() {
	t.titles.Refresh()
	t.List.Refresh()
}

func (t *Table) find(prefix string, from int) (int, bool) {
	n := t.source.Len()
	prefix = strings.ToLower(prefix)
	for k := range n {
		if i := (from + k) % n; strings.HasPrefix(strings.ToLower(t.source.Row(i).Name), prefix) {
			return i, true
		}
	}
	return 0, false
}
