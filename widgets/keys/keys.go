// Package keys holds what widgets need of the keyboard: which modifiers are
// down, and passing on of keys that a focused widget does not use.
package keys

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// Modifiers gives the modifier keys that are down now; 0 where the driver
// cannot tell.
func Modifiers() fyne.KeyModifier {
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return d.CurrentKeyModifiers()
	}
	return 0
}

// Forward hands a key that the focused widget o does not use to the window's
// own handler (F6, Escape, keys of commands), which Fyne calls only while
// nothing has the focus.
func Forward(o fyne.CanvasObject, ev *fyne.KeyEvent) {
	c := fyne.CurrentApp().Driver().CanvasForObject(o)
	if c == nil {
		return
	}
	if f := c.OnTypedKey(); f != nil {
		f(ev)
	}
}

// Focus gives o the focus in its window, if it is shown in one.
func Focus(o fyne.Focusable) {
	object, ok := o.(fyne.CanvasObject)
	if !ok {
		return
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(object); c != nil && c.Focused() != o {
		c.Focus(o)
	}
}
