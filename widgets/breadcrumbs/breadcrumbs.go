// Package breadcrumbs shows where one is in a tree of folders; each step can be
// clicked. Where the room is short the first steps fold into "…".
package breadcrumbs

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/keys"
	"guichet/widgets/kit"
)

// Trail is the widget.
type Trail struct {
	widget.BaseWidget
	steps    []*step
	fold     *step
	marks    []*kit.Text
	onSelect func(i int)
	from     int // the first step that is shown
}

// New makes an empty trail; onSelect gets the number of the chosen step.
func New(onSelect func(i int)) *Trail {
	t := &Trail{onSelect: onSelect}
	t.fold = newStep(t, "…", -1, false)
	t.ExtendBaseWidget(t)
	return t
}

// SetPath changes the steps, from the top down.
func (t *Trail) SetPath(names []string) {
	t.steps, t.marks, t.from = nil, nil, 0
	for i, name := range names {
		t.steps = append(t.steps, newStep(t, name, i, i == len(names)-1))
		t.marks = append(t.marks, kit.NewText("›", kit.TextStyle{Color: kit.ColorQuiet}))
	}
	t.Refresh()
}

// Choose acts as a click on step i would.
func (t *Trail) Choose(i int) {
	if t.onSelect != nil && i >= 0 && i < len(t.steps) {
		t.onSelect(i)
	}
}

// CreateRenderer is called by Fyne.
func (t *Trail) CreateRenderer() fyne.WidgetRenderer { return &renderer{t} }

type renderer struct{ t *Trail }

func (r *renderer) Destroy()           {}
func (r *renderer) MinSize() fyne.Size { return fyne.NewSize(kit.Px(60), kit.Px(30)) }

func (r *renderer) Objects() []fyne.CanvasObject {
	t := r.t
	var objects []fyne.CanvasObject
	if t.from > 0 {
		objects = append(objects, t.fold, t.marks[0])
	}
	for i := t.from; i < len(t.steps); i++ {
		objects = append(objects, t.steps[i])
		if i > t.from {
			objects = append(objects, t.marks[i])
		}
	}
	return objects
}

func (r *renderer) Layout(size fyne.Size) {
	t := r.t
	if len(t.steps) == 0 {
		return
	}
	gap := kit.Px(4)
	mark := t.marks[0].MinSize()
	// From the end, as many steps as there is room for.
	t.from = len(t.steps) - 1
	used := t.steps[t.from].MinSize().Width
	for t.from > 0 {
		more := t.steps[t.from-1].MinSize().Width + mark.Width + 2*gap
		reserve := float32(0)
		if t.from > 1 {
			reserve = t.fold.MinSize().Width + mark.Width + 2*gap
		}
		if used+more+reserve > size.Width {
			break
		}
		used += more
		t.from--
	}
	x := float32(0)
	put := func(o fyne.CanvasObject, h float32) {
		w := fyne.Min(o.MinSize().Width, fyne.Max(size.Width-x, 0))
		o.Resize(fyne.NewSize(w, h))
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
		x += w + gap
	}
	if t.from > 0 {
		t.fold.to = t.from - 1
		put(t.fold, size.Height)
		put(t.marks[0], mark.Height)
	}
	for i := t.from; i < len(t.steps); i++ {
		if i > t.from {
			put(t.marks[i], mark.Height)
		}
		put(t.steps[i], size.Height)
	}
}

func (r *renderer) Refresh() {
	r.Layout(r.t.Size())
	for _, o := range r.Objects() {
		o.Refresh()
	}
}

// step is one folder's name.
type step struct {
	widget.BaseWidget
	trail   *Trail
	to      int
	last    bool
	text    *kit.Text
	ground  *kit.Box
	hovered bool
	focused bool
}

func newStep(t *Trail, name string, to int, last bool) *step {
	s := &step{trail: t, to: to, last: last, text: kit.NewText(name, kit.TextStyle{Bold: last, Shrink: true}), ground: kit.NewBox(kit.BoxStyle{Radius: 6})}
	s.ExtendBaseWidget(s)
	return s
}

func (s *step) apply() {
	style := kit.BoxStyle{Radius: 6}
	if s.hovered {
		style.Fill = kit.ColorHover
	}
	if s.focused {
		style.Edge, style.Stroke = kit.ColorPrimary, 2
	}
	s.ground.SetStyle(style)
}

func (s *step) Tapped(*fyne.PointEvent)        { s.trail.Choose(s.to) }
func (s *step) MouseIn(*desktop.MouseEvent)    { s.hovered = true; s.Refresh() }
func (s *step) MouseMoved(*desktop.MouseEvent) {}
func (s *step) MouseOut()                      { s.hovered = false; s.Refresh() }
func (s *step) FocusGained()                   { s.focused = true; s.Refresh() }
func (s *step) FocusLost()                     { s.focused = false; s.Refresh() }
func (s *step) TypedRune(rune)                 {}
func (s *step) Cursor() desktop.Cursor         { return desktop.PointerCursor }

func (s *step) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		s.Tapped(nil)
	default:
		keys.Forward(s, ev)
	}
}

func (s *step) Refresh() {
	s.apply()
	s.BaseWidget.Refresh()
}

func (s *step) MinSize() fyne.Size {
	s.ExtendBaseWidget(s)
	return fyne.NewSize(s.text.NaturalWidth()+kit.Px(8)+1, kit.Px(30))
}

func (s *step) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(kit.Over(s.ground, kit.Inset(0, 4, 0, 4, s.text)))
}
