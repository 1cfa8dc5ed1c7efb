package document

import (
	"image/color"
	"unicode/utf16"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/keys"
)

// typed reports whether a person types into the control.
func (c Control) typed() bool { return c.Kind == Text || c.Kind == Password || c.Kind == Area }

// use does what a click on a control does.
func (d *Document) use(c Control) {
	if c.Disabled {
		return
	}
	switch c.Kind {
	case Text, Password, Area:
		d.openField(c)
	case Checkbox, Summary:
		d.change(c.ID, Value{Checked: !c.Checked})
	case Radio:
		if !c.Checked {
			d.change(c.ID, Value{Checked: true})
		}
	case Select:
		d.openOptions(c)
	default:
		if d.OnPress != nil {
			d.OnPress(c.ID)
		}
	}
}

func (d *Document) change(control int, v Value) {
	if d.OnChange != nil {
		d.OnChange(control, v)
	}
}

// openOptions shows the entries of a select as a menu.
func (d *Document) openOptions(c Control) {
	canvas := d.canvas()
	if canvas == nil {
		return
	}
	var items []*fyne.MenuItem
	group := ""
	for i, o := range c.Options {
		if o.Group != group {
			group = o.Group
			if len(items) > 0 {
				items = append(items, fyne.NewMenuItemSeparator())
			}
			if group != "" {
				title := fyne.NewMenuItem(group, nil)
				title.Disabled = true
				items = append(items, title)
			}
		}
		item := fyne.NewMenuItem(o.Text, func() { d.pick(c, i) })
		item.Checked, item.Disabled = o.Selected, o.Disabled
		items = append(items, item)
	}
	if len(items) == 0 {
		return
	}
	pos, size := d.box(c.Rect)
	menu := widget.NewPopUpMenu(fyne.NewMenu("", items...), canvas)
	at := fyne.NewPos(pos.X-d.x, pos.Y-d.y+size.Height)
	menu.ShowAtRelativePosition(at, d)
	d.Post(func() { // the click that opened it still takes the focus away
		if menu.Visible() {
			canvas.Focus(menu)
		}
	})
	menu.Resize(fyne.NewSize(max(size.Width, menu.MinSize().Width), menu.Size().Height))
}

// pick takes an entry of a select.
func (d *Document) pick(c Control, i int) {
	if !c.Multiple {
		d.change(c.ID, Value{Selected: []int{i}})
		return
	}
	selected := []int{}
	for j, o := range c.Options {
		if o.Selected != (j == i) {
			selected = append(selected, j)
		}
	}
	d.change(c.ID, Value{Selected: selected})
}

// field is the entry over a text control that is being edited.
type field struct {
	widget.Entry
	d       *Document
	control Control
	holder  *container.ThemeOverride
	closing bool
}

// openField puts an entry exactly over a text control.
func (d *Document) openField(c Control) {
	if d.field != nil {
		if d.field.control.ID == c.ID {
			return
		}
		d.closeField(true)
	}
	f := &field{d: d, control: c}
	f.Text = c.Value
	f.PlaceHolder = c.Placeholder
	f.Password = c.Kind == Password
	f.MultiLine = c.Kind == Area
	f.Wrapping = fyne.TextWrapOff
	f.Scroll = fyne.ScrollHorizontalOnly
	if f.MultiLine {
		f.Wrapping, f.Scroll = fyne.TextWrapWord, fyne.ScrollVerticalOnly
	}
	f.OnChanged = f.limit
	f.OnSubmitted = func(string) { f.submit() }
	f.ExtendBaseWidget(f)
	f.CursorRow, f.CursorColumn = 0, len([]rune(c.Value))
	if c.ReadOnly {
		f.OnChanged = func(s string) {
			if s != c.Value {
				f.SetText(c.Value)
			}
		}
	}
	f.holder = container.NewThemeOverride(f, &fieldTheme{Theme: d.Theme(), size: c.FontSize * d.zoom, text: c.Color, ground: c.Background})
	d.field = f
	d.fieldLayer.Objects = []fyne.CanvasObject{f.holder}
	d.moveField()
	d.focusControl(c.ID)
	if canvas := d.canvas(); canvas != nil {
		canvas.Focus(f)
	}
}

// focusControl lets Tab go on from a control.
func (d *Document) focusControl(id int) {
	for i, f := range d.page.Focusables() {
		if f.Link == nil && f.Control == id {
			d.focus.index = i
			return
		}
	}
}

// moveField keeps the entry over its control in a new layout.
func (d *Document) moveField() {
	f := d.field
	if f == nil {
		return
	}
	c, ok := d.page.Control(f.control.ID)
	if !ok {
		d.closeField(false)
		return
	}
	f.control.Rect = c.Rect
	pos, size := d.box(c.Rect)
	least := f.holder.MinSize()
	if least.Height > size.Height { // centred over a control that is smaller
		pos.Y -= (least.Height - size.Height) / 2
		size.Height = least.Height
	}
	f.holder.Move(pos)
	f.holder.Resize(size)
}

// closeField takes the entry away, with keep giving its value to the control.
func (d *Document) closeField(keep bool) {
	f := d.field
	if f == nil {
		return
	}
	d.field = nil
	f.closing = true
	d.fieldLayer.Objects = nil
	d.content.Move(d.content.Position())
	if c := d.canvas(); c != nil && c.Focused() == fyne.Focusable(f) {
		c.Focus(d)
	}
	if keep {
		f.give()
	}
}

// give hands the value back if it changed.
func (f *field) give() {
	if f.Text != f.control.Value {
		f.control.Value = f.Text
		f.d.change(f.control.ID, Value{Text: f.Text})
	}
}

// limit keeps the text within the control's length.
func (f *field) limit(s string) {
	if f.control.MaxLength <= 0 {
		return
	}
	units := 0
	for i, r := range s {
		if units += len(utf16.AppendRune(nil, r)); units > f.control.MaxLength {
			f.SetText(s[:i])
			return
		}
	}
}

func (f *field) submit() {
	d, id := f.d, f.control.ID
	d.closeField(true)
	d.requestFocus()
	if d.OnSubmit != nil {
		d.OnSubmit(id)
	}
}

// FocusLost gives the value back.
func (f *field) FocusLost() {
	f.Entry.FocusLost()
	if !f.closing && f.d.field == f {
		f.d.closeField(true)
	}
}

// AcceptsTab has Tab come as a key: it goes on in the page.
func (f *field) AcceptsTab() bool { return true }

// TypedKey adds Tab and Escape to what an entry knows.
func (f *field) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyTab:
		by := 1
		if modifiers()&fyne.KeyModifierShift != 0 {
			by = -1
		}
		f.d.step(by)
	case fyne.KeyEscape:
		f.d.closeField(false)
		f.d.requestFocus()
	default:
		if isFunctionKey(e.Name) {
			keys.Forward(f, e)
			return
		}
		f.Entry.TypedKey(e)
	}
}

// isFunctionKey reports whether an entry has no use for that key.
func isFunctionKey(name fyne.KeyName) bool {
	return len(name) > 1 && len(name) < 4 && name[0] == 'F' && name[1] >= '1' && name[1] <= '9'
}

// fieldTheme makes an entry look like the control under it.
type fieldTheme struct {
	fyne.Theme
	size         float32
	text, ground color.NRGBA
}

func (t *fieldTheme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		if t.size > 0 {
			return t.size
		}
	case theme.SizeNameInnerPadding:
		return 4
	case theme.SizeNamePadding:
		return 2
	case theme.SizeNameInputBorder:
		return 1
	case theme.SizeNameInputRadius:
		return 3
	}
	return t.Theme.Size(name)
}

func (t *fieldTheme) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	switch name {
	case theme.ColorNameForeground:
		if t.text.A == 255 {
			return t.text
		}
	case theme.ColorNameInputBackground:
		if t.ground.A == 255 {
			return t.ground
		}
	case theme.ColorNamePlaceHolder:
		if t.text.A == 255 {
			return translucent(t.text, 0x90)
		}
	}
	return t.Theme.Color(name, v)
}

// ShowControl scrolls to a control and gives it the keyboard.
func (d *Document) ShowControl(id int) {
	if d.page == nil {
		return
	}
	c, ok := d.page.Control(id)
	if !ok {
		return
	}
	d.reveal(c.Rect)
	d.requestFocus()
	d.focusControl(id)
	d.focus.shown = true
	d.drawMarks()
	if c.typed() {
		d.use(c)
	}
}
