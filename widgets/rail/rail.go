// Package rail is the tab bar at the window's left: icon over word, with a
// count, the shown tab on a lighter ground.
package rail

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/keys"
	"guichet/widgets/kit"
)

// Item is one tab.
type Item struct {
	ID    string
	Title string
	Icon  fyne.Resource
	Foot  bool // stands at the rail's foot
	Small bool // no word below the icon, at the foot's top
}

// Rail is the widget.
type Rail struct {
	widget.BaseWidget
	buttons  []*button
	ground   *kit.Box
	selected string
	onSelect func(id string)
}

// Width is the rail's, in units of the design.
const Width = 84

// New makes a rail; onSelect is called when a person chooses a tab.
func New(items []Item, onSelect func(id string)) *Rail {
	r := &Rail{onSelect: onSelect, ground: kit.NewBox(kit.BoxStyle{Fill: kit.ColorRail})}
	for _, item := range items {
		r.buttons = append(r.buttons, newButton(r, item))
	}
	r.ExtendBaseWidget(r)
	return r
}

// Select shows which tab is open; it does not call back.
func (r *Rail) Select(id string) {
	r.selected = id
	for _, b := range r.buttons {
		b.Refresh()
	}
}

// Selected is the id of the tab that is open.
func (r *Rail) Selected() string { return r.selected }

// SetBadge puts a count on a tab; "" takes it away.
func (r *Rail) SetBadge(id, text string) {
	for _, b := range r.buttons {
		if b.item.ID == id {
			b.badge.SetText(text)
			b.Refresh()
		}
	}
}

// Badge gives the count on a tab.
func (r *Rail) Badge(id string) string {
	for _, b := range r.buttons {
		if b.item.ID == id && b.badge.Visible() {
			return b.badge.Text()
		}
	}
	return ""
}

// FocusTarget is the button of the tab that is open.
func (r *Rail) FocusTarget() fyne.Focusable {
	for _, b := range r.buttons {
		if b.item.ID == r.selected {
			return b
		}
	}
	if len(r.buttons) == 0 {
		return nil
	}
	return r.buttons[0]
}

// next moves the focus by one button.
func (r *Rail) next(b *button, step int) {
	for i, other := range r.buttons {
		if other == b {
			keys.Focus(r.buttons[(i+step+len(r.buttons))%len(r.buttons)])
			return
		}
	}
}

// CreateRenderer is called by Fyne.
func (r *Rail) CreateRenderer() fyne.WidgetRenderer { return &renderer{r} }

type renderer struct{ r *Rail }

func (o *renderer) Destroy() {}

func (o *renderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{o.r.ground}
	for _, b := range o.r.buttons {
		objects = append(objects, b)
	}
	return objects
}

func (o *renderer) MinSize() fyne.Size {
	height := kit.Px(20)
	for _, b := range o.r.buttons {
		height += b.MinSize().Height + kit.Px(4)
	}
	return fyne.NewSize(kit.Px(Width), height)
}

func (o *renderer) Layout(size fyne.Size) {
	o.r.ground.Resize(size)
	top, bottom := kit.Px(10), size.Height
	for _, small := range []bool{false, true} {
		for i := len(o.r.buttons) - 1; i >= 0; i-- {
			if b := o.r.buttons[i]; b.item.Foot && b.item.Small == small {
				h := b.MinSize().Height
				bottom -= h
				b.place(bottom, size.Width, h)
				bottom -= kit.Px(4)
			}
		}
	}
	for _, b := range o.r.buttons {
		if !b.item.Foot {
			h := b.MinSize().Height
			b.place(top, size.Width, h)
			top += h + kit.Px(4)
		}
	}
}

func (o *renderer) Refresh() {
	o.Layout(o.r.Size())
	o.r.ground.Refresh()
	for _, b := range o.r.buttons {
		b.Refresh()
	}
}

// button is one tab's.
type button struct {
	widget.BaseWidget
	rail    *Rail
	item    Item
	ground  *kit.Box
	icon    *kit.Image
	text    *kit.Text
	badge   *kit.Badge
	hovered bool
	focused bool
}

func newButton(r *Rail, item Item) *button {
	b := &button{
		rail: r, item: item,
		ground: kit.NewBox(kit.BoxStyle{Radius: 10}),
		icon:   kit.NewImage(item.Icon, 24, kit.ColorRailText),
		text:   kit.NewText(item.Title, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorRailText, Align: fyne.TextAlignCenter, Shrink: true}),
		badge:  kit.NewBadge(""),
	}
	b.ExtendBaseWidget(b)
	return b
}

func (b *button) place(y, width, height float32) {
	b.Move(fyne.NewPos(kit.Px(6), y))
	b.Resize(fyne.NewSize(width-kit.Px(12), height))
}

func (b *button) selected() bool { return b.rail.selected == b.item.ID }

func (b *button) apply() {
	style, colour := kit.BoxStyle{Radius: 10}, kit.ColorRailText
	if b.selected() {
		style.Fill, colour = kit.ColorRailSelected, kit.ColorRailStrong
	} else if b.hovered {
		colour = kit.ColorRailStrong
	}
	if b.focused {
		style.Edge, style.Stroke = kit.ColorRailStrong, 1.5
	}
	b.ground.SetStyle(style)
	b.icon.SetResource(b.item.Icon, colour)
	b.text.SetStyle(kit.TextStyle{Size: kit.SizeSmall, Color: colour, Align: fyne.TextAlignCenter, Shrink: true})
}

func (b *button) Tapped(*fyne.PointEvent) {
	if b.rail.onSelect != nil {
		b.rail.onSelect(b.item.ID)
	}
}

func (b *button) MouseIn(*desktop.MouseEvent)    { b.hovered = true; b.Refresh() }
func (b *button) MouseMoved(*desktop.MouseEvent) {}
func (b *button) MouseOut()                      { b.hovered = false; b.Refresh() }
func (b *button) FocusGained()                   { b.focused = true; b.Refresh() }
func (b *button) FocusLost()                     { b.focused = false; b.Refresh() }
func (b *button) TypedRune(rune)                 {}

func (b *button) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		b.Tapped(nil)
	case fyne.KeyUp:
		b.rail.next(b, -1)
	case fyne.KeyDown:
		b.rail.next(b, 1)
	default:
		keys.Forward(b, ev)
	}
}

func (b *button) CreateRenderer() fyne.WidgetRenderer {
	b.apply()
	return &buttonRenderer{b}
}

type buttonRenderer struct{ b *button }

func (r *buttonRenderer) Destroy() {}

func (r *buttonRenderer) MinSize() fyne.Size {
	if r.b.item.Small {
		return fyne.NewSize(kit.Px(Width-12), kit.Px(40))
	}
	return fyne.NewSize(kit.Px(Width-12), kit.Px(60))
}

func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.b.ground, r.b.icon, r.b.text, r.b.badge}
}

func (r *buttonRenderer) Layout(size fyne.Size) {
	b := r.b
	b.ground.Resize(size)
	b.icon.Resize(fyne.NewSquareSize(kit.Px(24)))
	b.text.Hidden = b.item.Small
	if b.item.Small {
		b.icon.Move(fyne.NewPos((size.Width-kit.Px(24))/2, (size.Height-kit.Px(24))/2))
		return
	}
	b.icon.Move(fyne.NewPos((size.Width-kit.Px(24))/2, kit.Px(10)))
	h := b.text.MinSize().Height
	b.text.Resize(fyne.NewSize(size.Width-kit.Px(4), h))
	b.text.Move(fyne.NewPos(kit.Px(2), kit.Px(44)-h/2))
	m := b.badge.MinSize()
	b.badge.Resize(m)
	b.badge.Move(fyne.NewPos(size.Width-kit.Px(10)-m.Width, kit.Px(4)))
}

func (r *buttonRenderer) Refresh() {
	r.b.apply()
	r.Layout(r.b.Size())
	r.b.ground.Refresh()
	r.b.icon.Refresh()
	r.b.text.Refresh()
	r.b.badge.Refresh()
}
