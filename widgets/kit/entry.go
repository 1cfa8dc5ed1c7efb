package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/keys"
)

// Entry is Fyne's entry, but keys that it has no use for (Escape, F6, the arrows
// up and down in a single line) go on to the window.
type Entry struct {
	widget.Entry
	// OnEscape is called for Escape in place of the window's handler.
	OnEscape func()
	// OnFocus is called when the entry gets or loses the focus.
	OnFocus func(bool)
	// OnKey is asked first for every key; true: used.
	OnKey func(*fyne.KeyEvent) bool
}

// NewEntry makes an entry for one line.
func NewEntry(placeholder string) *Entry {
	e := &Entry{}
	e.PlaceHolder = placeholder
	e.ExtendBaseWidget(e)
	return e
}

// NewPasswordEntry makes an entry that hides what is typed.
func NewPasswordEntry(placeholder string) *Entry {
	e := NewEntry(placeholder)
	e.Password = true
	return e
}

// TypedKey is called by Fyne.
func (e *Entry) TypedKey(ev *fyne.KeyEvent) {
	if e.OnKey != nil && e.OnKey(ev) {
		return
	}
	switch ev.Name {
	case fyne.KeyEscape:
		if e.OnEscape != nil {
			e.OnEscape()
			return
		}
		keys.Forward(e, ev)
	case fyne.KeyReturn, fyne.KeyEnter:
		if !e.MultiLine && e.OnSubmitted == nil {
			keys.Forward(e, ev)
			return
		}
		e.Entry.TypedKey(ev)
	case fyne.KeyF1, fyne.KeyF2, fyne.KeyF3, fyne.KeyF4, fyne.KeyF5, fyne.KeyF6,
		fyne.KeyF7, fyne.KeyF8, fyne.KeyF9, fyne.KeyF10, fyne.KeyF11, fyne.KeyF12:
		keys.Forward(e, ev)
	default:
		e.Entry.TypedKey(ev)
	}
}

// FocusGained is called by Fyne.
func (e *Entry) FocusGained() {
	e.Entry.FocusGained()
	if e.OnFocus != nil {
		e.OnFocus(true)
	}
}

// FocusLost is called by Fyne.
func (e *Entry) FocusLost() {
	e.Entry.FocusLost()
	if e.OnFocus != nil {
		e.OnFocus(false)
	}
}
