// Package document is the widget that shows a laid-out page: it paints it in
// tiles on worker goroutines, scrolls it by wheel, keys and bars, and gives
// links, selection, search and form fields. It knows pages only through the
// interface Page.
//
// All methods of Document are for the UI goroutine.
package document

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

var (
	_ fyne.Widget        = (*Document)(nil)
	_ fyne.Focusable     = (*Document)(nil)
	_ fyne.Tabbable      = (*Document)(nil)
	_ fyne.Shortcutable  = (*Document)(nil)
	_ fyne.Scrollable    = (*Document)(nil)
	_ fyne.Draggable     = (*Document)(nil)
	_ desktop.Mouseable  = (*Document)(nil)
	_ desktop.Hoverable  = (*Document)(nil)
	_ desktop.Cursorable = (*Document)(nil)
)

// Keep says what stays when a page is replaced.
type Keep int

// What SetPage keeps.
const (
	// Nothing: another document, shown from its top.
	Nothing Keep = iota
	// Place: the same document laid out anew. The text at the top of the view
	// stays there, and the selection, the focus and the search stay.
	Place
)

// Document shows a Page. Callbacks may be nil.
type Document struct {
	widget.BaseWidget

	// Go starts f on a goroutine; Post runs f on the UI goroutine. In tests both
	// may run f at once.
	Go   func(f func())
	Post func(f func())

	OnLink  func(l Link, where Where)
	OnHover func(text string) // a link's address, or a tooltip; "" for none
	OnMenu  func(m Menu, at fyne.Position)
	// OnView tells the size of the visible part in CSS pixels and the device
	// pixels per CSS pixel, whenever they change: the owner lays out anew.
	OnView func(w, h, scale float32)
	// OnZoom asks for larger (1) or smaller (-1) display, or the normal one (0).
	OnZoom   func(step int)
	OnScroll func(y float32)
	OnSelect func() // the selection changed
	// OnFind tells which of how many places the search stands at; current counts
	// from 1, 0 if nothing was found.
	OnFind func(current, total int)

	OnChange func(control int, v Value) // a control was set
	OnPress  func(control int)          // a button or file control was used
	OnSubmit func(control int)          // Enter in a text field
	// OnEscape is called when Escape has nothing to do in the page; false hands
	// the key on to the window.
	OnEscape func() bool

	page   Page
	zoom   float32 // Fyne units per CSS pixel
	header fyne.CanvasObject
	x, y   float32 // scroll offsets in Fyne units
	told   [3]float32
	unit   float32 // see pixels

	tiles   tiles
	pointer pointer
	choice  choice
	search  search
	focus   focus
	field   *field
	now     func() time.Time

	ground     *canvas.Rectangle
	content    *fyne.Container // moves as the page scrolls
	tileLayer  *fyne.Container
	findLayer  *fyne.Container
	pickLayer  *fyne.Container
	ringLayer  *fyne.Container
	fieldLayer *fyne.Container
	bars       [2]*bar
}

// New makes an empty document view. run starts work on a goroutine; it should
// belong to the owner's lifetime.
func New(run func(f func())) *Document {
	d := &Document{Go: run, Post: fyne.Do, zoom: 1, unit: 1, now: time.Now}
	d.build()
	d.ExtendBaseWidget(d)
	return d
}

// SetPage shows a page, or nothing for nil.
func (d *Document) SetPage(p Page, keep Keep) {
	old := d.page
	if old == nil || p == nil {
		keep = Nothing
	}
	d.page = p
	d.pointer.over.hit = Hit{}
	if keep == Nothing {
		d.closeField(false)
		d.x, d.y = 0, 0
		d.tiles.drop(d)
		d.choice = choice{}
		d.search = search{}
		d.focus = focus{index: -1}
		d.changed()
		d.tell(true)
		return
	}
	d.keepPlace(old, p)
	d.tiles.outdate()
	d.search.again(d)
	d.focus.again(d)
	d.moveField()
	d.changed()
}

// Page is the page that is shown, or nil.
func (d *Document) Page() Page { return d.page }

// SetHeader puts an object above the page that scrolls with it; nil for none.
// After a change of its height the owner calls Refresh.
func (d *Document) SetHeader(o fyne.CanvasObject) {
	d.header = o
	d.changed()
}

// SetZoom sets the display size: Fyne units per CSS pixel, 1 is normal.
func (d *Document) SetZoom(z float32) {
	z = min(max(z, 0.2), 8)
	if z == d.zoom {
		return
	}
	d.y = d.headerHeight() + (d.y-d.headerHeight())*z/d.zoom
	d.zoom = z
	d.closeField(true)
	d.tiles.outdate()
	d.changed()
	d.tell(false)
}

// Zoom is the display size set by SetZoom.
func (d *Document) Zoom() float32 { return d.zoom }

// tell reports the size of the view where it changed.
func (d *Document) tell(always bool) {
	size := d.Size()
	if size.Width <= 0 || size.Height <= 0 {
		return
	}
	now := [3]float32{(size.Width - barWidth) / d.zoom, size.Height / d.zoom, d.pixels() * d.zoom}
	if now == d.told && !always {
		return
	}
	d.told = now
	if d.OnView != nil {
		d.OnView(now[0], now[1], now[2])
	}
}

// View is what OnView told last: the visible part in CSS pixels and the device
// pixels per CSS pixel. All are 0 before the widget has a size.
func (d *Document) View() (w, h, scale float32) { return d.told[0], d.told[1], d.told[2] }

// pixels is the device pixels per Fyne unit, while the widget is in no window
// those of the window it was in.
func (d *Document) pixels() float32 {
	if c := d.canvas(); c != nil {
		const far = 1 << 14
		if x, _ := c.PixelCoordinateForPosition(fyne.NewPos(far, far)); x > 0 {
			d.unit = float32(x) / far
		}
	}
	return d.unit
}

func (d *Document) background() color.Color {
	if d.page == nil {
		return d.themeColor(colorBackground)
	}
	return d.page.Background()
}

// MinSize is small: the page scrolls.
func (d *Document) MinSize() fyne.Size {
	d.ExtendBaseWidget(d)
	return fyne.NewSize(64, 32)
}

// Refresh redraws after a change of theme.
func (d *Document) Refresh() {
	d.changed()
	d.tell(false)
	d.BaseWidget.Refresh()
}
