// Package splitpane divides a view by a hairline that can be dragged. The first
// part keeps its width while the window changes, as side panes should.
package splitpane

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/kit"
)

// Params are what a Pane is made of. Measures are in units of the design.
type Params struct {
	First, Second fyne.CanvasObject
	Vertical      bool    // First lies above Second
	Size          float32 // of First
	Min, MinRest  float32 // what First and Second need
	// Last lets Second keep its size and First take the rest.
	Last bool
	// OnResize is called when a person moved the line, with the new Size.
	OnResize func(size float32)
}

// Pane is the widget.
type Pane struct {
	widget.BaseWidget
	p    Params
	line *kit.Box
	grip *grip
}

// New makes a pane.
func New(p Params) *Pane {
	s := &Pane{p: p, line: kit.Line()}
	s.grip = &grip{pane: s}
	s.grip.ExtendBaseWidget(s.grip)
	s.ExtendBaseWidget(s)
	return s
}

// SetSize moves the line.
func (s *Pane) SetSize(size float32) {
	s.p.Size = size
	s.Refresh()
}

// FixedSize gives the size of the part that keeps its size.
func (s *Pane) FixedSize() float32 { return s.p.Size }

func (s *Pane) along(size fyne.Size) float32 {
	if s.p.Vertical {
		return size.Height
	}
	return size.Width
}

// first is the length of First in a pane of that length.
func (s *Pane) first(length float32) float32 {
	low, high := kit.Px(s.p.Min), length-kit.Px(s.p.MinRest)-1
	n := kit.Px(s.p.Size)
	if s.p.Last {
		n = length - 1 - n
	}
	return fyne.Max(fyne.Min(n, high), fyne.Min(low, length))
}

func (s *Pane) drag(to float32) {
	size := to / kit.Scale()
	if s.p.Last {
		size = (s.along(s.Size()) - 1 - to) / kit.Scale()
	}
	before := s.p.Size
	s.p.Size = size
	// What the bounds allow is what is remembered.
	got := s.first(s.along(s.Size())) / kit.Scale()
	if s.p.Last {
		got = s.along(s.Size())/kit.Scale() - got
	}
	s.p.Size = got
	if got != before {
		s.Refresh()
		if s.p.OnResize != nil {
			s.p.OnResize(got)
		}
	}
}

// CreateRenderer is called by Fyne.
func (s *Pane) CreateRenderer() fyne.WidgetRenderer { return &renderer{s} }

type renderer struct{ s *Pane }

func (r *renderer) Destroy() {}

func (r *renderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.s.p.First, r.s.p.Second, r.s.line, r.s.grip}
}

func (r *renderer) MinSize() fyne.Size {
	a, b := r.s.p.First.MinSize(), r.s.p.Second.MinSize()
	if r.s.p.Vertical {
		return fyne.NewSize(fyne.Max(a.Width, b.Width), kit.Px(r.s.p.Min+r.s.p.MinRest))
	}
	return fyne.NewSize(kit.Px(r.s.p.Min+r.s.p.MinRest), fyne.Max(a.Height, b.Height))
}

func (r *renderer) Layout(size fyne.Size) {
	s := r.s
	length := s.along(size)
	n := s.first(length)
	wide := kit.Px(8)
	place := func(o fyne.CanvasObject, from, to float32) {
		if s.p.Vertical {
			o.Move(fyne.NewPos(0, from))
			o.Resize(fyne.NewSize(size.Width, fyne.Max(to-from, 0)))
			return
		}
		o.Move(fyne.NewPos(from, 0))
		o.Resize(fyne.NewSize(fyne.Max(to-from, 0), size.Height))
	}
	place(s.p.First, 0, n)
	place(s.line, n, n+1)
	place(s.p.Second, n+1, length)
	place(s.grip, n-wide/2, n+wide/2)
}

func (r *renderer) Refresh() {
	r.Layout(r.s.Size())
	r.s.line.Refresh()
}

// grip is the invisible handle over the line.
type grip struct {
	widget.BaseWidget
	pane *Pane
}

func (g *grip) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(kit.NewBox(kit.BoxStyle{}))
}

func (g *grip) Cursor() desktop.Cursor {
	if g.pane.p.Vertical {
		return desktop.VResizeCursor
	}
	return desktop.HResizeCursor
}

func (g *grip) Dragged(ev *fyne.DragEvent) {
	s := g.pane
	if s.p.Vertical {
		s.drag(g.Position().Y + g.Size().Height/2 + ev.Dragged.DY)
		return
	}
	s.drag(g.Position().X + g.Size().Width/2 + ev.Dragged.DX)
}

func (g *grip) DragEnd() {}
