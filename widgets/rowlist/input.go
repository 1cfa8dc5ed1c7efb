package rowlist

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"guichet/widgets/keys"
)

// doubleClick is the longest time between two presses that belong together. It
// is measured here because Fyne holds back every first tap on a widget that
// knows double taps.
const doubleClick = 400 * time.Millisecond

// typeAhead is how long typed letters belong together.
const typeAhead = time.Second

// press is the last press of the primary button.
type press struct {
	row  int
	at   time.Time
	keep bool // it was on a selected row: selecting it alone waits for the release
	drag bool
}

// MouseDown is called by Fyne.
func (r *rows) MouseDown(ev *desktop.MouseEvent) {
	keys.Focus(r)
	l := r.l
	i := r.at(ev.Position)
	if ev.Button == desktop.MouseButtonSecondary {
		if i >= 0 && !l.selected.has(i) {
			l.Select(i)
		}
		if l.p.OnMenu != nil {
			l.p.OnMenu(i, ev.AbsolutePosition)
		}
		return
	}
	if ev.Button != desktop.MouseButtonPrimary {
		return
	}
	if i < 0 {
		r.press = press{row: -1}
		if ev.Modifier == 0 {
			l.Unselect()
		}
		return
	}
	now := l.now()
	if ev.Modifier == 0 && r.press.row == i && now.Sub(r.press.at) < doubleClick {
		r.press = press{row: -1}
		l.Select(i)
		if l.p.OnOpen != nil {
			l.p.OnOpen(i)
		}
		return
	}
	// Pressing on one of several selected rows may begin to drag them all.
	keep := ev.Modifier == 0 && l.selected.has(i) && l.selected.count > 1
	r.press = press{row: i, at: now, keep: keep}
	if !keep {
		l.Press(i, ev.Modifier)
	}
}

// MouseUp is called by Fyne.
func (r *rows) MouseUp(ev *desktop.MouseEvent) {
	if r.press.keep && !r.press.drag && r.at(ev.Position) == r.press.row {
		r.l.Select(r.press.row)
	}
	r.press.keep = false
}

// Dragged is called by Fyne.
func (r *rows) Dragged(ev *fyne.DragEvent) {
	if r.l.p.OnDrag == nil || r.press.row < 0 {
		return
	}
	r.press.drag = true
	r.l.p.OnDrag(ev.AbsolutePosition)
	r.press.at = time.Time{}
	r.dragAt = ev.AbsolutePosition
}

// DragEnd is called by Fyne.
func (r *rows) DragEnd() {
	if !r.press.drag {
		return
	}
	r.press = press{row: -1}
	if r.l.p.OnDrop != nil {
		r.l.p.OnDrop(r.dragAt)
	}
}

// MouseIn is called by Fyne.
func (r *rows) MouseIn(ev *desktop.MouseEvent) { r.hover(r.at(ev.Position)) }

// MouseMoved is called by Fyne.
func (r *rows) MouseMoved(ev *desktop.MouseEvent) { r.hover(r.at(ev.Position)) }

// MouseOut is called by Fyne.
func (r *rows) MouseOut() { r.hover(-1) }

func (r *rows) hover(i int) {
	if i != r.l.hovered {
		r.l.hovered = i
		r.refreshStates()
	}
}

// wheel makes a notch of the mouse's wheel three lines of text instead of one.
const wheel = 2

// Scrolled is called by Fyne.
func (r *rows) Scrolled(ev *fyne.ScrollEvent) {
	faster := *ev
	faster.Scrolled = fyne.NewDelta(ev.Scrolled.DX*wheel, ev.Scrolled.DY*wheel)
	r.l.scroll.Scrolled(&faster)
	r.hover(r.at(ev.Position.SubtractXY(0, faster.Scrolled.DY)))
}

// FocusGained is called by Fyne.
func (r *rows) FocusGained() { r.focus(true) }

// FocusLost is called by Fyne.
func (r *rows) FocusLost() {
	r.shift = false
	r.focus(false)
}

func (r *rows) focus(on bool) {
	r.l.focused = on
	r.refreshStates()
	if r.l.p.OnFocus != nil {
		r.l.p.OnFocus(on)
	}
}

// KeyDown is called by Fyne.
func (r *rows) KeyDown(ev *fyne.KeyEvent) { r.modifier(ev.Name, true) }

// KeyUp is called by Fyne.
func (r *rows) KeyUp(ev *fyne.KeyEvent) { r.modifier(ev.Name, false) }

func (r *rows) modifier(k fyne.KeyName, down bool) {
	switch k {
	case desktop.KeyShiftLeft, desktop.KeyShiftRight:
		r.shift = down
	}
}

func (r *rows) shifted() bool {
	if _, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return keys.Modifiers()&fyne.KeyModifierShift != 0
	}
	return r.shift
}

// TypedKey is called by Fyne.
func (r *rows) TypedKey(ev *fyne.KeyEvent) {
	l := r.l
	if l.p.OnKey != nil && l.p.OnKey(ev) {
		return
	}
	n := r.columns()
	page := max(int(l.scroll.Size().Height/r.height())-1, 1) * n
	switch ev.Name {
	case fyne.KeyTab:
		if l.p.OnTab != nil {
			l.p.OnTab()
		}
	case fyne.KeyUp:
		if l.current >= n || n == 1 {
			r.goTo(l.current - n)
		}
	case fyne.KeyDown:
		r.goTo(l.current + n)
	case fyne.KeyLeft, fyne.KeyRight:
		if n == 1 {
			keys.Forward(r, ev)
			return
		}
		if ev.Name == fyne.KeyLeft {
			r.goTo(l.current - 1)
		} else {
			r.goTo(l.current + 1)
		}
	case fyne.KeyPageUp:
		r.goTo(l.current - page)
	case fyne.KeyPageDown:
		r.goTo(l.current + page)
	case fyne.KeyHome:
		r.goTo(0)
	case fyne.KeyEnd:
		r.goTo(l.length - 1)
	case fyne.KeyReturn, fyne.KeyEnter:
		if l.current >= 0 && l.p.OnOpen != nil {
			l.p.OnOpen(l.current)
		}
	case desktop.KeyMenu:
		r.menu()
	case fyne.KeyF10:
		if !r.shifted() {
			keys.Forward(r, ev)
			return
		}
		r.menu()
	default:
		keys.Forward(r, ev)
	}
}

// goTo moves the keyboard to row i, or as near as there are rows.
func (r *rows) goTo(i int) {
	l := r.l
	if l.length == 0 {
		return
	}
	i = max(min(i, l.length-1), 0)
	if r.shifted() {
		l.Extend(i)
		return
	}
	l.Select(i)
}

func (r *rows) menu() {
	l := r.l
	if l.p.OnMenu == nil {
		return
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(l)
	if l.current >= 0 {
		l.ScrollTo(l.current)
		n := r.columns()
		at = at.AddXY(24+float32(l.current%n)*r.Size().Width/float32(n), float32(l.current/n+1)*r.height()-l.scroll.Offset.Y)
	}
	l.p.OnMenu(l.current, at)
}

// AcceptsTab is called by Fyne: Shift and Tab go the window's round.
func (r *rows) AcceptsTab() bool { return r.l.p.OnTab != nil && !r.shifted() }

// TypedRune is called by Fyne: type-ahead, and Space to select.
func (r *rows) TypedRune(c rune) {
	l := r.l
	if l.p.OnRune != nil && l.p.OnRune(c) {
		return
	}
	now := l.now()
	if now.Sub(l.typedAt) > typeAhead {
		l.typed = ""
	}
	if l.p.OnType == nil || l.length == 0 || (c == ' ' && l.typed == "") {
		return
	}
	l.typed += string(c)
	l.typedAt = now
	prefix, from := l.typed, max(l.current, 0)
	// One letter, typed again and again, walks through the rows that begin with
	// it.
	if strings.Count(prefix, string(c)) == len([]rune(prefix)) {
		prefix, from = string(c), (l.current+1)%l.length
	}
	if i, ok := l.p.OnType(prefix, from); ok {
		l.Select(i)
	}
}

// TypedShortcut is called by Fyne.
func (r *rows) TypedShortcut(s fyne.Shortcut) {
	switch s := s.(type) {
	case *fyne.ShortcutSelectAll:
		r.l.SelectAll()
	case *desktop.CustomShortcut:
		if s.KeyName == fyne.KeySpace && s.Modifier == fyne.KeyModifierControl {
			r.l.Toggle(r.l.current)
		}
	}
}
