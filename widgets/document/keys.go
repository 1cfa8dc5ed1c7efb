package document

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"guichet/widgets/keys"
)

// focus is the link or control that the keyboard is at.
type focus struct {
	index   int // in the page's focusables, -1 for none
	shown   bool
	focused bool // the widget has the keyboard
}

// marks draws the focus ring.
func (f *focus) marks(d *Document, seen Rect) []fyne.CanvasObject {
	at, ok := f.item(d)
	if !ok || !f.shown || !f.focused {
		return nil
	}
	var out []fyne.CanvasObject
	for _, r := range joined(at.Rects) {
		if !r.overlaps(seen) {
			continue
		}
		o := canvas.NewRectangle(nil)
		o.StrokeColor, o.StrokeWidth, o.CornerRadius = d.themeColor(colorFocus), 2, 3
		pos, size := d.box(r)
		o.Move(pos.SubtractXY(2, 2))
		o.Resize(size.AddWidthHeight(4, 4))
		out = append(out, o)
	}
	return out
}

// joined makes one box of those of the words of a line, so that a ring goes round
// all of them.
func joined(rects []Rect) []Rect {
	var out []Rect
	for _, r := range rects {
		if n := len(out) - 1; n >= 0 {
			last := &out[n]
			gap := max(r.X-(last.X+last.W), last.X-(r.X+r.W))
			if min(last.Y+last.H, r.Y+r.H)-max(last.Y, r.Y) > min(last.H, r.H)/2 && gap < max(last.H, r.H) {
				x0, y0 := min(last.X, r.X), min(last.Y, r.Y)
				x1, y1 := max(last.X+last.W, r.X+r.W), max(last.Y+last.H, r.Y+r.H)
				*last = Rect{x0, y0, x1 - x0, y1 - y0}
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

func (f *focus) item(d *Document) (Focusable, bool) {
	if d.page == nil || f.index < 0 {
		return Focusable{}, false
	}
	all := d.page.Focusables()
	if f.index >= len(all) {
		return Focusable{}, false
	}
	return all[f.index], true
}

func (f *focus) hide(d *Document) {
	f.shown, f.index = false, -1
	d.drawMarks()
}

// again keeps the focus inside a new layout's list.
func (f *focus) again(d *Document) { f.index = min(f.index, len(d.page.Focusables())-1) }

// FocusGained is part of fyne.Focusable.
func (d *Document) FocusGained() {
	d.focus.focused = true
	d.drawMarks()
}

// FocusLost is part of fyne.Focusable.
func (d *Document) FocusLost() {
	d.focus.focused = false
	d.drawMarks()
}

// AcceptsTab is part of fyne.Tabbable: Tab walks through the page first.
func (d *Document) AcceptsTab() bool { return true }

// step moves the focus to the next or previous link or control; behind the last
// one it leaves the page.
func (d *Document) step(by int) {
	d.closeField(true)
	d.requestFocus()
	var all []Focusable
	if d.page != nil {
		all = d.page.Focusables()
	}
	i := d.focus.index + by
	if d.focus.index < 0 {
		i = d.firstSeen(all, by)
	}
	if i < 0 || i >= len(all) {
		d.focus.hide(d)
		if c := d.canvas(); c != nil {
			if by > 0 {
				c.FocusNext()
			} else {
				c.FocusPrevious()
			}
		}
		return
	}
	d.focus.index, d.focus.shown = i, true
	if len(all[i].Rects) > 0 {
		d.reveal(all[i].Rects[0])
	}
	d.drawMarks()
	d.tellHover("")
	if l := all[i].Link; l != nil {
		d.tellHover(l.URL)
		return
	}
	if c, ok := d.page.Control(all[i].Control); ok && c.typed() {
		d.use(c)
	}
}

// firstSeen is where Tab begins: at the first thing in view.
func (d *Document) firstSeen(all []Focusable, by int) int {
	seen := d.visible()
	found := -1
	for i, f := range all {
		for _, r := range f.Rects {
			if r.overlaps(seen) {
				if by > 0 {
					return i
				}
				found = i
			}
		}
	}
	if found < 0 && by > 0 {
		return 0
	}
	if found < 0 {
		return len(all) - 1
	}
	return found
}

// activate uses what has the focus.
func (d *Document) activate(where Where) bool {
	at, ok := d.focus.item(d)
	if !ok || !d.focus.shown {
		return false
	}
	if at.Link != nil {
		d.followLink(*at.Link, where)
		return true
	}
	c, ok := d.page.Control(at.Control)
	if ok {
		d.use(c)
	}
	return ok
}

// TypedRune is part of fyne.Focusable. Space comes as a key.
func (d *Document) TypedRune(rune) {}

// TypedKey is part of fyne.Focusable.
func (d *Document) TypedKey(e *fyne.KeyEvent) {
	shift := modifiers()&fyne.KeyModifierShift != 0
	pageStep := max(d.Size().Height-pageOverlap, lineStep)
	_, height := d.extent()
	switch e.Name {
	case fyne.KeyDown:
		d.scroll(d.x, d.y+lineStep)
	case fyne.KeyUp:
		d.scroll(d.x, d.y-lineStep)
	case fyne.KeyRight:
		d.scroll(d.x+lineStep, d.y)
	case fyne.KeyLeft:
		d.scroll(d.x-lineStep, d.y)
	case fyne.KeyPageDown:
		d.scroll(d.x, d.y+pageStep)
	case fyne.KeyPageUp:
		d.scroll(d.x, d.y-pageStep)
	case fyne.KeyHome:
		d.scroll(0, 0)
	case fyne.KeyEnd:
		d.scroll(d.x, height)
	case fyne.KeySpace:
		if at, ok := d.focus.item(d); ok && d.focus.shown && at.Link == nil {
			d.activate(Here)
			return
		}
		if shift {
			pageStep = -pageStep
		}
		d.scroll(d.x, d.y+pageStep)
	case fyne.KeyReturn, fyne.KeyEnter:
		d.activate(Here)
	case fyne.KeyTab:
		if shift {
			d.step(-1)
		} else {
			d.step(1)
		}
	case fyne.KeyEscape:
		if !d.escape() {
			keys.Forward(d, e)
		}
	default:
		keys.Forward(d, e)
	}
}

// escape undoes the most passing thing: the focus ring, the selection, then
// what the owner has. It reports whether there was anything to undo.
func (d *Document) escape() bool {
	switch {
	case d.focus.shown:
		d.focus.hide(d)
	case !d.choice.r.Empty():
		d.selectRange(Range{d.choice.r.Start, d.choice.r.Start})
	default:
		return d.OnEscape != nil && d.OnEscape()
	}
	return true
}

// TypedShortcut is part of fyne.Shortcutable.
func (d *Document) TypedShortcut(s fyne.Shortcut) {
	switch s := s.(type) {
	case *fyne.ShortcutCopy:
		d.Copy()
	case *fyne.ShortcutSelectAll:
		d.SelectAll()
	case *desktop.CustomShortcut:
		if s.Modifier&fyne.KeyModifierShortcutDefault == 0 || d.OnZoom == nil {
			return
		}
		switch s.KeyName {
		case fyne.KeyPlus, fyne.KeyEqual:
			d.OnZoom(1)
		case fyne.KeyMinus:
			d.OnZoom(-1)
		case fyne.Key0:
			d.OnZoom(0)
		}
	}
}

// modifiers are the modifier keys that are held.
func modifiers() fyne.KeyModifier {
	if app := fyne.CurrentApp(); app != nil {
		if driver, ok := app.Driver().(desktop.Driver); ok {
			return driver.CurrentKeyModifiers()
		}
	}
	return 0
}
