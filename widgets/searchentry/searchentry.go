// Package searchentry is a field to search with: a glass, the text, and a cross
// that empties it. Escape empties it too.
package searchentry

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/keys"
	"guichet/widgets/kit"
)

// Params are what the field is made of.
type Params struct {
	Placeholder string
	ClearTip    string
	OnChanged   func(text string)
	OnSubmitted func(text string)
	// OnDown is called for the arrow down, to go to the results.
	OnDown func()
}

// Field is the widget.
type Field struct {
	widget.BaseWidget
	entry *kit.Entry
	clear *kit.Button
}

// New makes a field.
func New(p Params) *Field {
	f := &Field{entry: kit.NewEntry(p.Placeholder)}
	f.clear = kit.NewButton(kit.ButtonParams{Icon: kit.Icon("close"), Kind: kit.Quiet, Small: true, Tip: p.ClearTip, OnTapped: func() { f.SetText("") }})
	f.clear.Hide()
	f.entry.Icon = kit.IconIn("search", kit.ColorQuiet)
	f.entry.ActionItem = f.clear
	f.entry.OnSubmitted = p.OnSubmitted
	f.entry.OnChanged = func(s string) {
		f.clear.Hidden = s == ""
		f.clear.Refresh()
		if p.OnChanged != nil {
			p.OnChanged(s)
		}
	}
	f.entry.OnKey = func(ev *fyne.KeyEvent) bool {
		switch {
		case ev.Name == fyne.KeyEscape && f.entry.Text != "":
			f.SetText("")
		case ev.Name == fyne.KeyDown && p.OnDown != nil:
			p.OnDown()
		case ev.Name == fyne.KeyEscape:
			keys.Forward(f.entry, ev)
		default:
			return false
		}
		return true
	}
	f.ExtendBaseWidget(f)
	return f
}

// Text gives what is typed.
func (f *Field) Text() string { return f.entry.Text }

// SetText changes it, and tells OnChanged.
func (f *Field) SetText(s string) { f.entry.SetText(s) }

// FocusTarget is what to hand to Canvas.Focus.
func (f *Field) FocusTarget() fyne.Focusable { return f.entry }

// CreateRenderer is called by Fyne.
func (f *Field) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(f.entry) }
