package document

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// Theme colours that the widget draws with.
const (
	colorBackground = theme.ColorNameBackground
	colorFocus      = theme.ColorNamePrimary
)

func (d *Document) themeColor(name fyne.ThemeColorName) color.Color {
	variant := theme.VariantLight
	if app := fyne.CurrentApp(); app != nil {
		variant = app.Settings().ThemeVariant()
	}
	return d.Theme().Color(name, variant)
}

// build makes the objects that stay for the widget's life.
func (d *Document) build() {
	d.ground = canvas.NewRectangle(color.Transparent)
	d.tileLayer = container.NewWithoutLayout()
	d.findLayer = container.NewWithoutLayout()
	d.pickLayer = container.NewWithoutLayout()
	d.ringLayer = container.NewWithoutLayout()
	d.fieldLayer = container.NewWithoutLayout()
	d.content = container.NewWithoutLayout(d.tileLayer, d.findLayer, d.pickLayer, d.ringLayer, d.fieldLayer)
	d.bars = [2]*bar{newBar(true), newBar(false)}
	d.focus.index = -1
}

// CreateRenderer is part of fyne.Widget. Fyne clips what is Scrollable to its
// size, so that tiles may reach beyond the edges.
func (d *Document) CreateRenderer() fyne.WidgetRenderer {
	if !d.Size().IsZero() {
		// Fyne throws away what was hidden for a while, and does not lay out again.
		d.changed()
	}
	return &renderer{d: d, objects: []fyne.CanvasObject{d.ground, d.content, d.bars[0].thumb, d.bars[1].thumb}}
}

type renderer struct {
	d       *Document
	objects []fyne.CanvasObject
}

// Destroy gives back the memory of a view that is not seen any more.
func (r *renderer) Destroy() {
	r.d.closeField(true)
	r.d.tiles.drop(r.d)
}

func (r *renderer) Layout(size fyne.Size) {
	d := r.d
	d.ground.Resize(size)
	d.changed()
	d.tell(false)
}

func (r *renderer) MinSize() fyne.Size           { return fyne.NewSize(64, 32) }
func (r *renderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *renderer) Refresh() {
	r.d.ground.FillColor = r.d.background()
	r.d.ground.Refresh()
	for _, b := range r.d.bars {
		b.thumb.FillColor = r.d.barColor()
		b.thumb.Refresh()
	}
}

// barColor stands out from the page, whose colours are not the theme's.
func (d *Document) barColor() color.Color {
	r, g, b, _ := d.background().RGBA()
	if (2126*r+7152*g+722*b)/10000 > 0x7FFF {
		return color.NRGBA{A: 0x80}
	}
	return color.NRGBA{R: 0xFF, G: 0xFF, B: 0xFF, A: 0x80}
}

// changed brings everything drawn in line with page, size and offsets.
func (d *Document) changed() {
	if bg := d.background(); d.ground.FillColor != bg {
		d.ground.FillColor = bg
		d.ground.Refresh()
		for _, b := range d.bars {
			b.thumb.FillColor = d.barColor()
			b.thumb.Refresh()
		}
	}
	d.bound()
	d.place()
}

// place moves what is drawn to the present offsets and asks for missing tiles.
func (d *Document) place() {
	d.placeHeader()
	d.content.Move(fyne.NewPos(-d.x, -d.y))
	d.tiles.update(d)
	d.drawMarks()
	for _, b := range d.bars {
		b.place(d)
	}
	d.tell(false) // the window may have come to a screen with other pixels
}

func (d *Document) placeHeader() {
	layers := []fyne.CanvasObject{d.tileLayer, d.findLayer, d.pickLayer, d.ringLayer, d.fieldLayer}
	if d.header == nil {
		d.content.Objects = layers
		return
	}
	d.content.Objects = append(layers, d.header)
	d.header.Move(fyne.NewPos(d.x, 0)) // it does not move sideways
	d.header.Resize(fyne.NewSize(d.Size().Width, d.headerHeight()))
}

// headerHeight is in Fyne units, on a whole device pixel.
func (d *Document) headerHeight() float32 {
	if d.header == nil || !d.header.Visible() {
		return 0
	}
	return d.snap(d.header.MinSize().Height)
}

// box is a page's box in the units of content.
func (d *Document) box(r Rect) (fyne.Position, fyne.Size) {
	return fyne.NewPos(r.X*d.zoom, d.headerHeight()+r.Y*d.zoom), fyne.NewSize(r.W*d.zoom, r.H*d.zoom)
}

// toPage turns a point of the widget into one of the page.
func (d *Document) toPage(p fyne.Position) (x, y float32) {
	return (p.X + d.x) / d.zoom, (p.Y + d.y - d.headerHeight()) / d.zoom
}

// visible is the part of the page that is seen, in CSS pixels.
func (d *Document) visible() Rect {
	size := d.Size()
	x, y := d.toPage(fyne.Position{})
	return Rect{X: x, Y: y, W: size.Width / d.zoom, H: size.Height / d.zoom}
}

func (r Rect) overlaps(o Rect) bool {
	return r.X < o.X+o.W && o.X < r.X+r.W && r.Y < o.Y+o.H && o.Y < r.Y+r.H
}
