package webpanel

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/widgets/kit"
)

// stripItem is a tab as the strip draws it.
type stripItem struct {
	tab      *tab
	title    string
	icon     fyne.Resource
	selected bool
	loading  bool
}

type stripParams struct {
	OnSelect, OnClose func(*tab)
	OnNew             func()
	OnMenu            func(t *tab, at fyne.Position)
	NewTip, CloseTip  string
}

// strip is the row of page tabs.
type strip struct {
	widget.BaseWidget
	p      stripParams
	ground *kit.Box
	items  []stripItem
	tabs   []*stripTab
	plus   *kit.Button
}

func newStrip(p stripParams) *strip {
	s := &strip{p: p, ground: kit.NewBox(kit.BoxStyle{Fill: kit.ColorStrip})}
	s.plus = kit.NewButton(kit.ButtonParams{Icon: look.Icon("plus"), Kind: kit.Quiet, Small: true, Tip: p.NewTip, OnTapped: p.OnNew})
	s.ExtendBaseWidget(s)
	return s
}

// set shows other items; the same ones cost nothing.
func (s *strip) set(items []stripItem) {
	if slices.Equal(items, s.items) {
		return
	}
	s.items = items
	for len(s.tabs) < len(items) {
		s.tabs = append(s.tabs, newStripTab(s))
	}
	s.tabs = s.tabs[:len(items)]
	for i, item := range items {
		s.tabs[i].set(item)
	}
	s.Refresh()
}

// The measures of the strip, in units of the design.
const (
	stripHeight = 41
	tabHeight   = 34
	tabMost     = 240
	tabLeast    = 44
	tabGap      = 4
)

// CreateRenderer is called by Fyne.
func (s *strip) CreateRenderer() fyne.WidgetRenderer { return &stripRenderer{s} }

type stripRenderer struct{ s *strip }

func (r *stripRenderer) Destroy() {}
func (r *stripRenderer) MinSize() fyne.Size {
	return fyne.NewSize(kit.Px(120), kit.Px(stripHeight))
}

func (r *stripRenderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{r.s.ground}
	for _, t := range r.s.tabs {
		objects = append(objects, t)
	}
	return append(objects, r.s.plus)
}

// Layout gives each tab the width that its title needs, and less where all
// together need more than there is.
func (r *stripRenderer) Layout(size fyne.Size) {
	s := r.s
	s.ground.Resize(size)
	plus := s.plus.MinSize()
	room := size.Width - kit.Px(10+8) - plus.Width
	natural := make([]float32, len(s.tabs))
	sum := float32(0)
	for i, t := range s.tabs {
		natural[i] = min(t.natural(), kit.Px(tabMost))
		sum += natural[i] + kit.Px(tabGap)
	}
	limit := kit.Px(tabMost)
	for sum > room && limit > kit.Px(tabLeast) {
		limit -= kit.Px(4)
		sum = 0
		for _, n := range natural {
			sum += min(n, limit) + kit.Px(tabGap)
		}
	}
	x, h := kit.Px(10), kit.Px(tabHeight)
	for i, t := range s.tabs {
		width := min(natural[i], limit)
		if sum > room { // even the least is too wide: they share what there is
			width = max(room/float32(len(s.tabs))-kit.Px(tabGap), 1)
		}
		t.Move(fyne.NewPos(x, size.Height-h))
		t.Resize(fyne.NewSize(width, h))
		x += width + kit.Px(tabGap)
	}
	s.plus.Move(fyne.NewPos(x+kit.Px(4), size.Height-h+(h-plus.Height)/2))
	s.plus.Resize(plus)
}

func (r *stripRenderer) Refresh() {
	r.Layout(r.s.Size())
	r.s.ground.Refresh()
	for _, t := range r.s.tabs {
		t.Refresh()
	}
	r.s.plus.Refresh()
}

// stripTab is one tab of the strip.
type stripTab struct {
	widget.BaseWidget
	s       *strip
	item    stripItem
	ground  *kit.Box
	foot    *kit.Box // squares the lower corners
	icon    *kit.Image
	text    *kit.Text
	close   *kit.Button
	hovered bool
}

func newStripTab(s *strip) *stripTab {
	t := &stripTab{
		s: s, ground: kit.NewBox(kit.BoxStyle{Radius: 8}), foot: kit.NewBox(kit.BoxStyle{}),
		icon: kit.NewImage(nil, 16, kit.ColorNone), text: kit.NewText("", kit.TextStyle{Size: 13, Shrink: true}),
	}
	t.close = kit.NewButton(kit.ButtonParams{
		Icon: look.Icon("close"), Kind: kit.Quiet, Small: true, Tip: s.p.CloseTip, OnTapped: func() { s.p.OnClose(t.item.tab) },
	})
	t.ExtendBaseWidget(t)
	return t
}

func (t *stripTab) set(item stripItem) {
	t.item = item
	t.apply()
}

func (t *stripTab) apply() {
	fill, colour := kit.ColorNone, kit.ColorQuiet
	switch {
	case t.item.selected:
		fill, colour = kit.ColorSurface, kit.ColorText
	case t.hovered:
		fill = kit.ColorHover
	}
	t.ground.SetStyle(kit.BoxStyle{Fill: fill, Radius: 8})
	t.foot.SetStyle(kit.BoxStyle{Fill: fill})
	t.foot.Hidden = !t.item.selected
	t.text.Set(t.item.title, kit.TextStyle{Size: 13, Color: colour, Bold: t.item.selected, Shrink: true})
	t.icon.SetResource(t.item.icon, kit.ColorNone)
	t.icon.Hidden = t.item.icon == nil
	t.close.Hidden = !t.item.selected && !t.hovered || len(t.s.items) == 1 && t.item.title != "" && t.item.tab.state.Start && !t.item.tab.history
}

// natural is the width at which the title is whole.
func (t *stripTab) natural() float32 {
	w := kit.Px(14+8+22) + t.text.NaturalWidth()
	if t.item.icon != nil {
		w += kit.Px(22)
	}
	return max(w, kit.Px(72))
}

// Tapped is called by Fyne.
func (t *stripTab) Tapped(*fyne.PointEvent) { t.s.p.OnSelect(t.item.tab) }

// TappedSecondary is called by Fyne.
func (t *stripTab) TappedSecondary(e *fyne.PointEvent) { t.s.p.OnMenu(t.item.tab, e.AbsolutePosition) }

// MouseDown is called by Fyne: the middle button closes.
func (t *stripTab) MouseDown(e *desktop.MouseEvent) {
	if e.Button == desktop.MouseButtonTertiary {
		t.s.p.OnClose(t.item.tab)
	}
}

// MouseUp is called by Fyne.
func (t *stripTab) MouseUp(*desktop.MouseEvent) {}

// MouseIn is called by Fyne.
func (t *stripTab) MouseIn(*desktop.MouseEvent) { t.hover(true) }

// MouseMoved is called by Fyne.
func (t *stripTab) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is called by Fyne.
func (t *stripTab) MouseOut() { t.hover(false) }

func (t *stripTab) hover(on bool) {
	t.hovered = on
	t.apply()
	t.Refresh()
}

// CreateRenderer is called by Fyne.
func (t *stripTab) CreateRenderer() fyne.WidgetRenderer { return &stripTabRenderer{t} }

type stripTabRenderer struct{ t *stripTab }

func (r *stripTabRenderer) Destroy()           {}
func (r *stripTabRenderer) MinSize() fyne.Size { return fyne.NewSize(1, kit.Px(tabHeight)) }

func (r *stripTabRenderer) Objects() []fyne.CanvasObject {
	t := r.t
	return []fyne.CanvasObject{t.ground, t.foot, t.icon, t.text, t.close}
}

func (r *stripTabRenderer) Layout(size fyne.Size) {
	t := r.t
	t.ground.Resize(size)
	t.foot.Move(fyne.NewPos(0, size.Height-kit.Px(8)))
	t.foot.Resize(fyne.NewSize(size.Width, kit.Px(8)))
	x, right := kit.Px(14), size.Width-kit.Px(8)
	if size.Width < kit.Px(90) {
		x = kit.Px(8)
	}
	if !t.close.Hidden {
		side := kit.Px(24)
		right -= side - kit.Px(4)
		t.close.Move(fyne.NewPos(right, (size.Height-side)/2))
		t.close.Resize(fyne.NewSquareSize(side))
		right -= kit.Px(2)
	}
	if !t.icon.Hidden {
		side := kit.Px(16)
		t.icon.Move(fyne.NewPos(x, (size.Height-side)/2))
		t.icon.Resize(fyne.NewSquareSize(side))
		x += side + kit.Px(6)
	}
	h := t.text.MinSize().Height
	t.text.Move(fyne.NewPos(x, (size.Height-h)/2))
	t.text.Resize(fyne.NewSize(max(right-x, 0), h))
}

func (r *stripTabRenderer) Refresh() {
	r.t.apply()
	r.Layout(r.t.Size())
	for _, o := range r.Objects() {
		o.Refresh()
	}
}
