package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// BoxStyle says how a Box is drawn. Measures are in units of the design.
type BoxStyle struct {
	Fill   fyne.ThemeColorName
	Edge   fyne.ThemeColorName
	Radius float32
	Stroke float32 // 0: 1 where Edge is set
	Round  bool    // corners as round as the height allows
}

// Box is a rectangle in colours of the theme.
type Box struct {
	widget.BaseWidget
	style BoxStyle
	min   fyne.Size // in units of the design
	rect  *canvas.Rectangle
}

// NewBox makes a box.
func NewBox(style BoxStyle) *Box {
	b := &Box{style: style, rect: canvas.NewRectangle(nil)}
	b.ExtendBaseWidget(b)
	b.apply()
	return b
}

// Line is a hairline; it is one unit wide or high, whichever way it lies.
func Line() *Box { return NewBox(BoxStyle{Fill: ColorLine}).SetMin(1, 1) }

// SetMin sets the least size, in units of the design, and gives b back.
func (b *Box) SetMin(width, height float32) *Box {
	b.min = fyne.NewSize(width, height)
	return b
}

// SetStyle changes how the box is drawn.
func (b *Box) SetStyle(style BoxStyle) {
	if b.style != style {
		b.style = style
		b.Refresh()
	}
}

func (b *Box) apply() {
	b.rect.FillColor = Color(b.style.Fill)
	b.rect.StrokeColor = Color(b.style.Edge)
	b.rect.StrokeWidth = b.style.Stroke
	if b.style.Edge != ColorNone && b.style.Stroke == 0 {
		b.rect.StrokeWidth = 1
	}
	b.rect.CornerRadius = Px(b.style.Radius)
	if b.style.Round {
		b.rect.CornerRadius = canvas.RadiusMaximum
	}
}

// CreateRenderer is called by Fyne.
func (b *Box) CreateRenderer() fyne.WidgetRenderer { return &boxRenderer{b} }

type boxRenderer struct{ b *Box }

func (r *boxRenderer) Destroy()                     {}
func (r *boxRenderer) Layout(size fyne.Size)        { r.b.rect.Resize(size) }
func (r *boxRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.b.rect} }

func (r *boxRenderer) MinSize() fyne.Size {
	if m := r.b.min; m.Width <= 1 && m.Height <= 1 {
		return m // hairlines stay thin
	}
	return fyne.NewSize(Px(r.b.min.Width), Px(r.b.min.Height))
}

func (r *boxRenderer) Refresh() {
	r.b.apply()
	r.b.rect.Refresh()
}
