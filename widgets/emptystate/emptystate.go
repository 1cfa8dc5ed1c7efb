// Package emptystate is the face of a view that has nothing to show yet: it
// says what belongs here and gives the button that begins.
package emptystate

import (
	"fyne.io/fyne/v2"

	"guichet/widgets/kit"
)

// Params are what the view shows; only Title must be set.
type Params struct {
	Icon   fyne.Resource
	Title  string
	Text   string
	Action string // label of the primary button
	Do     func()
	Second string // label of a plain button
	Also   func()
}

// New makes the view.
func New(p Params) fyne.CanvasObject {
	centre := func(o fyne.CanvasObject) fyne.CanvasObject { return kit.Centre(o) }
	var parts []fyne.CanvasObject
	if p.Icon != nil {
		parts = append(parts, centre(kit.NewImage(p.Icon, 48, kit.ColorQuiet)))
	}
	parts = append(parts, kit.NewParagraph(p.Title, kit.TextStyle{Size: kit.SizeTitle, Bold: true, Align: fyne.TextAlignCenter}))
	if p.Text != "" {
		parts = append(parts, kit.NewParagraph(p.Text, kit.TextStyle{Color: kit.ColorQuiet, Align: fyne.TextAlignCenter}))
	}
	var buttons []fyne.CanvasObject
	if p.Action != "" {
		buttons = append(buttons, kit.NewButton(kit.ButtonParams{Text: p.Action, Kind: kit.Primary, OnTapped: p.Do}))
	}
	if p.Second != "" {
		buttons = append(buttons, kit.NewButton(kit.ButtonParams{Text: p.Second, OnTapped: p.Also}))
	}
	if len(buttons) > 0 {
		parts = append(parts, kit.Inset(8, 0, 0, 0, centre(kit.Row(8, -1, buttons...))))
	}
	return kit.NewPage(460, true, kit.Inset(24, 24, 24, 24, kit.Column(8, parts...)))
}
