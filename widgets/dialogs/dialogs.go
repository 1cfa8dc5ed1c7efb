// Package dialogs shows a question over a window: Escape gives the answer that
// changes nothing, Enter the primary one, Tab walks the buttons.
package dialogs

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/kit"
)

// Choice is a button of a dialog.
type Choice struct {
	Label   string
	Value   string
	Primary bool
	Danger  bool
}

// Params are what a dialog shows. Texts are translated.
type Params struct {
	Icon         fyne.Resource
	IconColor    fyne.ThemeColorName
	Title        string
	Text         string
	Content      fyne.CanvasObject
	Details      string // folded away
	DetailsLabel string
	All          string // label of a check box
	Choices      []Choice
	Width        float32 // units of the design; 0: 460
	// Focus, if not nil, gets the keyboard first; else the primary button, or
	// nothing where there is none.
	Focus fyne.Focusable
	// Answer is called once, when the dialog is gone; value is "" for Escape.
	Answer func(value string, all bool)
}

// Dialog is an open dialog.
type Dialog struct {
	widget.BaseWidget
	p       Params
	canvas  fyne.Canvas
	before  func(*fyne.KeyEvent)
	focused fyne.Focusable
	veil    *kit.Box
	card    *fyne.Container
	page    *kit.Page
	all     *widget.Check
	closed  bool
	buttons []*kit.Button
	more    *fyne.Container
}

// Show opens a dialog over a window.
func Show(c fyne.Canvas, p Params) *Dialog {
	if p.Width == 0 {
		p.Width = 460
	}
	d := &Dialog{p: p, canvas: c, veil: kit.NewBox(kit.BoxStyle{Fill: kit.ColorVeil})}
	d.build()
	d.enter(p.Content)
	d.ExtendBaseWidget(d)
	d.focused, d.before = c.Focused(), c.OnTypedKey()
	c.SetOnTypedKey(d.typed)
	c.Overlays().Add(d)
	d.Resize(c.Size())
	focus := p.Focus
	if focus == nil {
		for i, choice := range p.Choices {
			if choice.Primary {
				focus = d.buttons[i]
			}
		}
	}
	if focus != nil {
		c.Focus(focus)
	}
	return d
}

func (d *Dialog) build() {
	title := kit.NewParagraph(d.p.Title, kit.TextStyle{Size: 17, Bold: true})
	var head fyne.CanvasObject = title
	if d.p.Icon != nil {
		colour := d.p.IconColor
		if colour == kit.ColorNone {
			colour = kit.ColorText
		}
		head = kit.Row(12, 1, kit.NewImage(d.p.Icon, 28, colour), title)
	}
	parts := []fyne.CanvasObject{head}
	if d.p.Text != "" {
		parts = append(parts, kit.NewParagraph(d.p.Text, kit.TextStyle{}))
	}
	if d.p.Content != nil {
		parts = append(parts, d.p.Content)
	}
	if d.p.Details != "" {
		text := kit.NewParagraph(d.p.Details, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Mono: true})
		d.more = kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorGround, Radius: 8}), kit.Inset(8, 10, 8, 10, text))
		d.more.Hide()
		toggle := kit.NewButton(kit.ButtonParams{Text: d.p.DetailsLabel, Icon: kit.Icon("chevron-down"), Kind: kit.Quiet, Small: true, OnTapped: d.toggle})
		parts = append(parts, kit.Row(0, -1, toggle), d.more)
	}
	if d.p.All != "" {
		d.all = widget.NewCheck(d.p.All, nil)
		parts = append(parts, d.all)
	}
	var buttons []fyne.CanvasObject
	for _, c := range d.p.Choices {
		kind := kit.Plain
		switch {
		case c.Danger:
			kind = kit.Danger
		case c.Primary:
			kind = kit.Primary
		}
		b := kit.NewButton(kit.ButtonParams{Text: c.Label, Kind: kind, OnTapped: func() { d.Close(c.Value) }})
		d.buttons = append(d.buttons, b)
		buttons = append(buttons, b)
	}
	d.page = kit.NewPage(d.p.Width-48, false, kit.Column(12, parts...))
	d.card = kit.Over(kit.NewBox(kit.BoxStyle{Fill: "overlayBackground", Edge: kit.ColorLine, Radius: 14}),
		kit.Inset(24, 24, 20, 24, kit.Foot(d.page, 16, kit.Right(kit.Flow(8, buttons...)))))
}

func (d *Dialog) toggle() {
	if d.more.Visible() {
		d.more.Hide()
	} else {
		d.more.Show()
	}
	d.page.Refresh()
	d.Refresh()
}

// typed gets the keys that nothing in the dialog has a use for.
func (d *Dialog) typed(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyEscape:
		d.Close("")
	case fyne.KeyReturn, fyne.KeyEnter:
		for i, c := range d.p.Choices {
			if c.Primary && !d.buttons[i].Disabled() {
				d.Close(c.Value)
				return
			}
		}
	}
}

// enter lets Enter in a field of one line choose the primary button, where the
// field has no use of its own for it.
func (d *Dialog) enter(o fyne.CanvasObject) {
	wire := func(e *widget.Entry) {
		if !e.MultiLine && e.OnSubmitted == nil {
			e.OnSubmitted = func(string) { d.typed(&fyne.KeyEvent{Name: fyne.KeyReturn}) }
		}
	}
	switch o := o.(type) {
	case *widget.Entry:
		wire(o)
	case *kit.Entry:
		wire(&o.Entry)
	case *fyne.Container:
		for _, part := range o.Objects {
			d.enter(part)
		}
	}
}

// Close ends the dialog with an answer, once.
func (d *Dialog) Close(value string) {
	if d.closed {
		return
	}
	d.closed = true
	d.canvas.Overlays().Remove(d)
	d.canvas.SetOnTypedKey(d.before)
	if d.focused != nil {
		d.canvas.Focus(d.focused)
	}
	if d.p.Answer != nil {
		d.p.Answer(value, d.all != nil && d.all.Checked)
	}
}

// SetEnabled enables or disables the button of that value.
func (d *Dialog) SetEnabled(value string, on bool) {
	for i, c := range d.p.Choices {
		if c.Value == value {
			d.buttons[i].SetEnabled(on)
		}
	}
}

// Tapped keeps a click beside the card from reaching anything.
func (d *Dialog) Tapped(*fyne.PointEvent) {}

// CreateRenderer is called by Fyne.
func (d *Dialog) CreateRenderer() fyne.WidgetRenderer { return &renderer{d} }

type renderer struct{ d *Dialog }

func (r *renderer) Destroy()           {}
func (r *renderer) MinSize() fyne.Size { return fyne.Size{} }

func (r *renderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.d.veil, r.d.card}
}

func (r *renderer) Layout(size fyne.Size) {
	d := r.d
	d.veil.Resize(size)
	width := fyne.Min(kit.Px(d.p.Width), size.Width-kit.Px(32))
	body := d.page.ContentHeight(width - kit.Px(48))
	foot := kit.HeightFor(d.card, width) - d.page.MinSize().Height
	height := fyne.Min(body+foot, size.Height-kit.Px(32))
	d.card.Resize(fyne.NewSize(width, height))
	d.card.Move(fyne.NewPos((size.Width-width)/2, fyne.Max((size.Height-height)/2-kit.Px(20), kit.Px(16))))
}

func (r *renderer) Refresh() {
	r.Layout(r.d.Size())
	r.d.veil.Refresh()
	r.d.card.Refresh()
}
