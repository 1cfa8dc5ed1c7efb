// Package welcome is the screen of the first start: three ways to begin.
package welcome

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/widgets/keys"
	"guichet/widgets/kit"
)

// Params are the ways to begin; one that is nil is not offered.
type Params struct {
	AddMail, Connect, Demo func()
	// Skip goes on without any of them.
	Skip func()
}

// New makes the screen.
func New(p Params) fyne.CanvasObject {
	var cards []fyne.CanvasObject
	add := func(icon, title, text string, do func()) {
		if do != nil {
			cards = append(cards, newCard(icon, title, text, do))
		}
	}
	add("mail", words.T("welcome.mail.title"), words.T("welcome.mail.text"), p.AddMail)
	add("server", words.T("welcome.server.title"), words.T("welcome.server.text"), p.Connect)
	add("eye", words.T("welcome.demo.title"), words.T("welcome.demo.text"), p.Demo)
	parts := []fyne.CanvasObject{
		kit.NewParagraph(words.T("welcome.title"), kit.TextStyle{Size: kit.SizeDisplay, Bold: true, Align: fyne.TextAlignCenter}),
		kit.NewParagraph(words.T("welcome.text"), kit.TextStyle{Color: kit.ColorQuiet, Align: fyne.TextAlignCenter}),
		kit.Inset(24, 0, 16, 0, kit.Grid(190, 16, cards...)),
	}
	if p.Skip != nil {
		parts = append(parts, kit.Centre(kit.NewButton(kit.ButtonParams{Text: words.T("welcome.skip"), Kind: kit.Quiet, OnTapped: p.Skip})))
	}
	return kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorGround}), kit.NewPage(880, true, kit.Inset(24, 24, 24, 24, kit.Column(8, parts...))))
}

// card is a big button.
type card struct {
	widget.BaseWidget
	do      func()
	ground  *kit.Box
	content fyne.CanvasObject
	hovered bool
	focused bool
}

func newCard(icon, title, text string, do func()) *card {
	c := &card{do: do, ground: kit.NewBox(kit.BoxStyle{})}
	disc := kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSelectionSide, Radius: 16}), kit.Inset(14, 14, 14, 14, kit.NewImage(look.Icon(icon), 32, kit.ColorStrong)))
	c.content = kit.Inset(28, 20, 28, 20, kit.Column(12,
		kit.Centre(disc),
		kit.NewParagraph(title, kit.TextStyle{Size: 16, Bold: true, Align: fyne.TextAlignCenter}),
		kit.NewParagraph(text, kit.TextStyle{Size: 13, Color: kit.ColorQuiet, Align: fyne.TextAlignCenter}),
	))
	c.ExtendBaseWidget(c)
	c.style()
	return c
}

func (c *card) style() {
	style := kit.BoxStyle{Fill: kit.ColorSurface, Edge: kit.ColorLine, Radius: 14}
	if c.hovered {
		style.Edge = kit.ColorPrimary
	}
	if c.focused {
		style.Edge, style.Stroke = kit.ColorPrimary, 2
	}
	c.ground.SetStyle(style)
}

func (c *card) Tapped(*fyne.PointEvent)        { c.do() }
func (c *card) MouseIn(*desktop.MouseEvent)    { c.hovered = true; c.style() }
func (c *card) MouseMoved(*desktop.MouseEvent) {}
func (c *card) MouseOut()                      { c.hovered = false; c.style() }
func (c *card) FocusGained()                   { c.focused = true; c.style() }
func (c *card) FocusLost()                     { c.focused = false; c.style() }
func (c *card) TypedRune(rune)                 {}
func (c *card) Cursor() desktop.Cursor         { return desktop.PointerCursor }

func (c *card) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		c.do()
	default:
		keys.Forward(c, ev)
	}
}

// HeightFor is a card's height at a width: its text wraps in it.
func (c *card) HeightFor(width float32) float32 { return kit.HeightFor(c.content, width) }

func (c *card) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(kit.Over(c.ground, c.content))
}
