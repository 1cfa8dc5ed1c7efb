package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/keys"
)

// Kind is how much a button asks for attention.
type Kind int

// The kinds of buttons. A view has one Primary at most.
const (
	Plain   Kind = iota // outlined
	Primary             // filled
	Quiet               // no outline: toolbars, rows
	Danger              // filled in the colour for harm
)

// ButtonParams are what a Button is made of.
type ButtonParams struct {
	Text string
	Icon fyne.Resource
	Kind Kind
	// Stacked puts the icon over the text.
	Stacked bool
	// Small is for buttons within rows: 30 high.
	Small bool
	// Tip explains a button without text; it appears after a moment.
	Tip string
	// Color, if not ColorNone, is the colour of icon and text.
	Color    fyne.ThemeColorName
	OnTapped func()
}

// Button is a push button: mouse, Space and Enter press it.
type Button struct {
	widget.DisableableWidget
	p       ButtonParams
	box     *Box
	veil    *Box // hover and press
	icon    *Image
	text    *Text
	content *fyne.Container
	focused bool
	hovered bool
	checked bool
	pressed bool
	tip     tipTimer
}

// NewButton makes a button.
func NewButton(p ButtonParams) *Button {
	b := &Button{p: p, box: NewBox(BoxStyle{}), veil: NewBox(BoxStyle{Radius: 8})}
	size := float32(16)
	if p.Text == "" {
		size = 18
	}
	if p.Stacked {
		size = 20
	}
	b.icon = NewImage(p.Icon, size, ColorText)
	b.text = NewText(p.Text, TextStyle{})
	b.icon.Hidden, b.text.Hidden = p.Icon == nil, p.Text == ""
	if p.Stacked {
		b.content = Column(4, b.icon, b.text)
	} else {
		b.content = Row(6, -1, b.icon, b.text)
	}
	b.veil.Hide()
	b.ExtendBaseWidget(b)
	b.apply()
	return b
}

// IconButton makes a button that shows an icon only; tip says what it does.
func IconButton(icon fyne.Resource, tip string, tapped func()) *Button {
	return NewButton(ButtonParams{Icon: icon, Tip: tip, Kind: Quiet, OnTapped: tapped})
}

// SetText changes the label.
func (b *Button) SetText(text string) {
	b.p.Text = text
	b.text.Hidden = text == ""
	b.Refresh()
}

// SetIcon changes the icon.
func (b *Button) SetIcon(icon fyne.Resource) {
	b.p.Icon = icon
	b.icon.Hidden = icon == nil
	b.Refresh()
}

// SetTip changes the explanation.
func (b *Button) SetTip(tip string) { b.p.Tip = tip }

// SetChecked draws the button as a switch that is on.
func (b *Button) SetChecked(on bool) {
	if b.checked != on {
		b.checked = on
		b.Refresh()
	}
}

// SetEnabled enables or disables.
func (b *Button) SetEnabled(on bool) {
	switch {
	case on && b.Disabled():
		b.Enable()
	case !on && !b.Disabled():
		b.Disable()
	}
}

// Text gives the label.
func (b *Button) Text() string { return b.p.Text }

func (b *Button) apply() {
	style := BoxStyle{Radius: 8}
	colour := ColorText
	bold := false
	switch b.p.Kind {
	case Plain:
		style.Fill, style.Edge = ColorSurface, ColorEdge
	case Primary:
		style.Fill, colour, bold = ColorPrimary, ColorOnPrimary, true
	case Danger:
		style.Fill, colour, bold = ColorBad, ColorOnBad, true
	case Quiet:
		if b.checked {
			style.Fill = ColorSelectionSide
		}
	}
	if b.p.Color != ColorNone {
		colour = b.p.Color
	}
	if b.Disabled() {
		colour = "disabled"
		if b.p.Kind == Primary || b.p.Kind == Danger {
			style.Fill = "disabledButton"
			style.Edge = ColorLine
		}
	}
	if b.focused {
		style.Edge, style.Stroke = ColorPrimary, 2
		if b.p.Kind == Primary || b.p.Kind == Danger {
			style.Edge = ColorText
		}
	}
	b.box.SetStyle(style)
	size := float32(SizeBody)
	if b.p.Stacked {
		size = SizeSmall
	} else if b.p.Small {
		size = 13
	}
	align := fyne.TextAlignLeading
	if b.p.Stacked {
		align = fyne.TextAlignCenter
	}
	b.text.Set(b.p.Text, TextStyle{Size: size, Color: colour, Bold: bold, Align: align})
	b.icon.SetResource(b.p.Icon, colour)
	veil := ColorHover
	if b.pressed {
		veil = "pressed"
	}
	b.veil.SetStyle(BoxStyle{Fill: veil, Radius: 8})
	b.veil.Hidden = !b.hovered || b.Disabled()
}

// Tapped is called by Fyne.
func (b *Button) Tapped(*fyne.PointEvent) {
	b.tip.stop()
	if !b.Disabled() && b.p.OnTapped != nil {
		b.p.OnTapped()
	}
}

// MouseIn is called by Fyne.
func (b *Button) MouseIn(*desktop.MouseEvent) {
	b.hovered = true
	b.Refresh()
	b.tip.start(b, b.p.Tip)
}

// MouseMoved is called by Fyne.
func (b *Button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is called by Fyne.
func (b *Button) MouseOut() {
	b.hovered, b.pressed = false, false
	b.Refresh()
	b.tip.stop()
}

// MouseDown is called by Fyne.
func (b *Button) MouseDown(*desktop.MouseEvent) {
	b.pressed = true
	b.Refresh()
}

// MouseUp is called by Fyne.
func (b *Button) MouseUp(*desktop.MouseEvent) {
	b.pressed = false
	b.Refresh()
}

// FocusGained is called by Fyne.
func (b *Button) FocusGained() { b.focused = true; b.Refresh() }

// FocusLost is called by Fyne.
func (b *Button) FocusLost() { b.focused = false; b.Refresh() }

// TypedRune is called by Fyne.
func (b *Button) TypedRune(rune) {}

// TypedKey is called by Fyne.
func (b *Button) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		b.Tapped(nil)
	default:
		keys.Forward(b, ev)
	}
}

// Cursor is called by Fyne.
func (b *Button) Cursor() desktop.Cursor { return desktop.DefaultCursor }

// CreateRenderer is called by Fyne.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	b.ExtendBaseWidget(b)
	return &buttonRenderer{b}
}

type buttonRenderer struct{ b *Button }

func (r *buttonRenderer) Destroy() { r.b.tip.stop() }

func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.b.box, r.b.veil, r.b.content}
}

func (r *buttonRenderer) MinSize() fyne.Size {
	b := r.b
	content := b.content.MinSize()
	switch {
	case b.p.Stacked:
		return fyne.NewSize(fyne.Max(content.Width+Px(16), Px(58)), content.Height+Px(14))
	case b.p.Text == "" && b.p.Small:
		return fyne.NewSquareSize(Px(30))
	case b.p.Text == "":
		return fyne.NewSquareSize(ControlHeight())
	case b.p.Small:
		return fyne.NewSize(content.Width+Px(24), Px(30))
	}
	return fyne.NewSize(content.Width+Px(28), ControlHeight())
}

func (r *buttonRenderer) Layout(size fyne.Size) {
	b := r.b
	b.box.Resize(size)
	b.veil.Resize(size)
	m := b.content.MinSize()
	m.Width, m.Height = fyne.Min(m.Width, size.Width), fyne.Min(m.Height, size.Height)
	b.content.Resize(m)
	b.content.Move(fyne.NewPos((size.Width-m.Width)/2, (size.Height-m.Height)/2))
}

func (r *buttonRenderer) Refresh() {
	r.b.apply()
	r.Layout(r.b.Size())
	r.b.box.Refresh()
	r.b.veil.Refresh()
	r.b.content.Refresh()
}
