package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Menu is a pop-up menu that fits its window: its lines are closer than those
// of Fyne's, what does not fit goes into a menu of its own at the end, and the
// menus at its side stand where all of them can be seen.
type Menu struct {
	*widget.PopUpMenu
	canvas fyne.Canvas
}

// NewMenu makes a menu; more names the entry that holds what does not fit.
func NewMenu(c fyne.Canvas, more string, items []*fyne.MenuItem) *Menu {
	m := &Menu{canvas: c}
	m.PopUpMenu = m.popUp(fitted(items, m.fits(), more))
	m.place(m.Items)
	return m
}

// ShowAtPosition opens the menu and gives it the keyboard. It asks for the focus
// twice: where a press of the mouse opens it, Fyne takes the focus away behind
// that.
func (m *Menu) ShowAtPosition(at fyne.Position) {
	m.PopUpMenu.ShowAtPosition(at)
	fyne.Do(func() {
		if m.Visible() {
			m.canvas.Focus(m.PopUpMenu)
		}
	})
}

// ShowMenu opens a menu at a place of the window.
func ShowMenu(c fyne.Canvas, more string, at fyne.Position, items []*fyne.MenuItem) {
	NewMenu(c, more, items).ShowAtPosition(at)
}

// popUp makes Fyne's menu with our measures.
func (m *Menu) popUp(items []*fyne.MenuItem) *widget.PopUpMenu {
	p := widget.NewPopUpMenu(fyne.NewMenu("", items...), m.canvas)
	container.NewThemeOverride(p, denseTheme{fyne.CurrentApp().Settings().Theme()})
	p.Resize(p.MinSize())
	return p
}

// fits reports whether so many entries and lines between them are not higher
// than the window.
func (m *Menu) fits() func(items []*fyne.MenuItem) bool {
	entry := m.popUp([]*fyne.MenuItem{fyne.NewMenuItem("x", nil)}).MinSize().Height + theme.Padding()
	line := theme.SeparatorThicknessSize() + theme.Padding()
	_, room := m.canvas.InteractiveArea()
	return func(items []*fyne.MenuItem) bool {
		height := float32(0)
		for _, item := range items {
			if item.IsSeparator {
				height += line
			} else {
				height += entry
			}
		}
		return height <= room.Height-Px(16)
	}
}

// fitted moves the end of a menu that is too long into one beside it, and
// likewise in all menus of its entries.
func fitted(items []*fyne.MenuItem, fits func([]*fyne.MenuItem) bool, more string) []*fyne.MenuItem {
	out := make([]*fyne.MenuItem, 0, len(items))
	icons := slices.ContainsFunc(items, func(i *fyne.MenuItem) bool { return i.Icon != nil })
	for _, item := range items {
		if icons && item.Icon == nil && !item.IsSeparator { // all names in one column
			item.Icon = blank
		}
		if item.ChildMenu != nil {
			item.ChildMenu = fyne.NewMenu(item.ChildMenu.Label, fitted(item.ChildMenu.Items, fits, more)...)
		}
		out = append(out, item)
	}
	if fits(out) {
		return out
	}
	const fewest = 3 // in a window lower than that Fyne scrolls the menu
	n := len(out) - 1
	for n > fewest && !fits(out[:n+1]) { // one for the entry that holds the rest
		n--
	}
	rest := out[n:]
	for n > 0 && out[n-1].IsSeparator {
		n--
	}
	for len(rest) > 0 && rest[0].IsSeparator {
		rest = rest[1:]
	}
	if n < fewest || len(rest) == 0 {
		return out
	}
	last := fyne.NewMenuItem(more, nil)
	if icons {
		last.Icon = blank
	}
	last.ChildMenu = fyne.NewMenu("", fitted(rest, fits, more)...)
	return append(out[:n:n], last)
}

// blank is an icon that shows nothing.
var blank = fyne.NewStaticResource("blank.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"/>`))

// place gives the menus beside a menu their size before they are in the window.
// Fyne cuts one that is first measured at its entry's height, and then sees no
// need to move it up.
func (m *Menu) place(items []fyne.CanvasObject) {
	for _, o := range items {
		item, ok := o.(interface{ Child() *widget.Menu })
		if !ok || item.Child() == nil {
			continue
		}
		child := item.Child()
		child.Resize(child.MinSize())
		m.place(child.Items)
	}
}

// denseTheme has less room around the words of a menu.
type denseTheme struct{ fyne.Theme }

// Size gives the theme's measures but one.
func (t denseTheme) Size(name fyne.ThemeSizeName) float32 {
	if name == theme.SizeNameInnerPadding {
		return t.Theme.Size(name) * 5 / 8
	}
	return t.Theme.Size(name)
}
