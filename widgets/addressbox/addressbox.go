// Package addressbox is the one field for web addresses, servers, mail
// addresses and words: it shows where one is while nobody types, and
// suggestions while somebody does.
package addressbox

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/keys"
	"guichet/widgets/kit"
)

// Suggestion is a line below the box.
type Suggestion struct {
	Icon  fyne.Resource
	Title string
	Text  string // quiet, beside the title
	Value string // what is opened
	Warn  bool   // Text is a warning
}

// Params are what a Box is made of.
type Params struct {
	// Layer is the container, over the window's whole content and without a
	// layout, in which suggestions are drawn.
	Layer *fyne.Container
	// OnChanged is called for every change that a person makes.
	OnChanged func(text string)
	// OnSubmit is called for Enter and for a chosen suggestion.
	OnSubmit func(text string)
	// OnLeave is called when Escape left the box; the window gives the focus on.
	OnLeave func()
}

// Box is the widget.
type Box struct {
	widget.BaseWidget
	p           Params
	entry       *kit.Entry
	ground      *kit.Box
	hint        *kit.Text // the entry's own would scroll where it is too long
	icon        *kit.Image
	warn        *kit.Image
	body        fyne.CanvasObject
	address     string
	secure      bool
	warning     string
	editing     bool
	setting     bool
	suggestions []Suggestion
	chosen      int
	list        *popup
}

// New makes an empty box.
func New(p Params) *Box {
	b := &Box{p: p, entry: kit.NewEntry(""), chosen: -1}
	b.ground = kit.NewBox(kit.BoxStyle{})
	b.icon = kit.NewImage(kit.Icon("search"), 15, kit.ColorQuiet)
	b.warn = kit.NewImage(kit.Icon("warning"), 15, kit.ColorBad)
	b.warn.Hide()
	b.hint = kit.NewText("", kit.TextStyle{Color: kit.ColorQuiet, Shrink: true})
	b.entry.OnFocus = b.focus
	b.entry.OnKey = b.key
	b.entry.OnChanged = b.changed
	b.entry.OnSubmitted = func(string) { b.submit() }
	b.body = container.NewThemeOverride(b.entry, bare{})
	b.ExtendBaseWidget(b)
	b.apply()
	return b
}

// SetPlaceholder changes the hint of the empty box.
func (b *Box) SetPlaceholder(text string) {
	b.hint.SetText(text)
}

// SetAddress changes what is shown while nobody types. warning, if not "", says
// why the address may not be what it looks like.
func (b *Box) SetAddress(text string, secure bool, warning string) {
	b.address, b.secure, b.warning = text, secure, warning
	if !b.editing {
		b.set(text)
	}
	b.Refresh()
}

// Text gives what stands in the box now.
func (b *Box) Text() string { return b.entry.Text }

// Editing reports whether somebody types in the box.
func (b *Box) Editing() bool { return b.editing }

// FocusTarget is what to hand to Canvas.Focus.
func (b *Box) FocusTarget() fyne.Focusable { return b.entry }

// SelectAll selects the text, for Ctrl+L.
func (b *Box) SelectAll() { b.entry.TypedShortcut(&fyne.ShortcutSelectAll{}) }

// SetSuggestions shows suggestions while somebody types; none hides the list.
func (b *Box) SetSuggestions(s []Suggestion) {
	b.suggestions, b.chosen = s, -1
	b.showList()
}

// Suggestions gives what is suggested now.
func (b *Box) Suggestions() []Suggestion { return b.suggestions }

// Warning gives the warning that is shown.
func (b *Box) Warning() string { return b.warning }

func (b *Box) set(text string) {
	b.setting = true
	b.entry.SetText(text)
	b.setting = false
	b.hint.Hidden = text != ""
}

func (b *Box) focus(on bool) {
	b.editing = on
	if on {
		b.SelectAll()
	} else {
		b.SetSuggestions(nil)
		b.set(b.address)
	}
	b.Refresh()
}

func (b *Box) changed(text string) {
	if hide := text != ""; b.hint.Hidden != hide {
		b.hint.Hidden = hide
		b.hint.Refresh()
	}
	if !b.setting && b.p.OnChanged != nil {
		b.p.OnChanged(text)
	}
}

func (b *Box) key(ev *fyne.KeyEvent) bool {
	switch ev.Name {
	case fyne.KeyEscape:
		if len(b.suggestions) > 0 {
			b.SetSuggestions(nil)
			return true
		}
		b.set(b.address)
		if b.p.OnLeave != nil {
			b.p.OnLeave()
		}
		return true
	case fyne.KeyDown:
		b.choose(b.chosen + 1)
		return true
	case fyne.KeyUp:
		b.choose(b.chosen - 1)
		return true
	}
	return false
}

func (b *Box) choose(i int) {
	n := len(b.suggestions)
	if n == 0 {
		return
	}
	switch {
	case i >= n:
		i = -1
	case i < -1:
		i = n - 1
	}
	b.chosen = i
	if b.list != nil {
		b.list.Refresh()
	}
}

func (b *Box) submit() {
	text := b.entry.Text
	if b.chosen >= 0 && b.chosen < len(b.suggestions) {
		text = b.suggestions[b.chosen].Value
	}
	b.take(text)
}

func (b *Box) take(text string) {
	b.SetSuggestions(nil)
	if text == "" {
		return
	}
	if b.p.OnSubmit != nil {
		b.p.OnSubmit(text)
	}
}

func (b *Box) showList() {
	if b.p.Layer == nil {
		return
	}
	if b.list != nil {
		b.p.Layer.Remove(b.list)
		b.list = nil
	}
	if len(b.suggestions) == 0 || !b.editing {
		return
	}
	b.list = newPopup(b)
	driver := fyne.CurrentApp().Driver()
	at := driver.AbsolutePositionForObject(b).Subtract(driver.AbsolutePositionForObject(b.p.Layer))
	b.list.Move(at.AddXY(0, b.Size().Height+kit.Px(4)))
	b.list.Resize(fyne.NewSize(b.Size().Width, b.list.MinSize().Height))
	b.p.Layer.Add(b.list)
}

func (b *Box) apply() {
	style := kit.BoxStyle{Fill: kit.ColorGround, Edge: kit.ColorEdge, Round: true}
	if b.editing {
		style = kit.BoxStyle{Fill: kit.ColorSurface, Edge: kit.ColorPrimary, Stroke: 2, Round: true}
	}
	b.ground.SetStyle(style)
	icon := "search"
	if b.secure && !b.editing && b.address != "" {
		icon = "lock"
	}
	b.icon.SetResource(kit.Icon(icon), kit.ColorQuiet)
	b.warn.Hidden = b.warning == "" || b.editing
}

// CreateRenderer is called by Fyne.
func (b *Box) CreateRenderer() fyne.WidgetRenderer { return &renderer{b} }

type renderer struct{ b *Box }

func (r *renderer) Destroy()           {}
func (r *renderer) MinSize() fyne.Size { return fyne.NewSize(kit.Px(160), kit.Px(36)) }

func (r *renderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.b.ground, r.b.icon, r.b.hint, r.b.body, r.b.warn}
}

func (r *renderer) Layout(size fyne.Size) {
	b := r.b
	b.ground.Resize(size)
	icon := kit.Px(15)
	b.icon.Resize(fyne.NewSquareSize(icon))
	b.icon.Move(fyne.NewPos(kit.Px(14), (size.Height-icon)/2))
	b.warn.Resize(fyne.NewSquareSize(icon))
	b.warn.Move(fyne.NewPos(size.Width-kit.Px(14)-icon, (size.Height-icon)/2))
	h := b.body.MinSize().Height
	left := kit.Px(14 + 15 + 2) // the entry keeps some room of its own
	b.body.Move(fyne.NewPos(left, (size.Height-h)/2))
	b.body.Resize(fyne.NewSize(size.Width-left-kit.Px(24), h))
	own := theme.InnerPadding()
	h = b.hint.MinSize().Height
	b.hint.Move(fyne.NewPos(left+own, (size.Height-h)/2))
	b.hint.Resize(fyne.NewSize(fyne.Max(size.Width-left-kit.Px(24)-2*own, 0), h))
}

func (r *renderer) Refresh() {
	r.b.apply()
	r.b.ground.Refresh()
	r.b.icon.Refresh()
	r.b.hint.Refresh()
	r.b.warn.Refresh()
	r.b.entry.Refresh()
}

// bare is the theme in force without the entry's own ground and outline: the
// box draws them.
type bare struct{}

func (bare) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	switch name {
	case theme.ColorNameInputBackground, theme.ColorNameInputBorder, theme.ColorNameShadow,
		theme.ColorNameScrollBar, theme.ColorNameScrollBarBackground:
		return color.Transparent
	}
	return fyne.CurrentApp().Settings().Theme().Color(name, v)
}

func (bare) Font(s fyne.TextStyle) fyne.Resource {
	return fyne.CurrentApp().Settings().Theme().Font(s)
}

func (bare) Icon(name fyne.ThemeIconName) fyne.Resource {
	return fyne.CurrentApp().Settings().Theme().Icon(name)
}

func (bare) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameInputBorder, theme.SizeNameScrollBar, theme.SizeNameScrollBarSmall:
		return 0
	}
	return fyne.CurrentApp().Settings().Theme().Size(name)
}

// popup is the list of suggestions.
type popup struct {
	widget.BaseWidget
	box    *Box
	ground *kit.Box
	rows   []*suggestion
}

func newPopup(b *Box) *popup {
	p := &popup{box: b, ground: kit.NewBox(kit.BoxStyle{Fill: theme.ColorNameMenuBackground, Edge: kit.ColorEdge, Radius: 10})}
	for i := range b.suggestions {
		p.rows = append(p.rows, newSuggestion(b, i))
	}
	p.ExtendBaseWidget(p)
	return p
}

func (p *popup) CreateRenderer() fyne.WidgetRenderer {
	rows := make([]fyne.CanvasObject, len(p.rows))
	for i, r := range p.rows {
		rows[i] = r
	}
	return widget.NewSimpleRenderer(kit.Over(p.ground, kit.Inset(6, 6, 6, 6, kit.Column(0, rows...))))
}

func (p *popup) Refresh() {
	for _, r := range p.rows {
		r.Refresh()
	}
	p.BaseWidget.Refresh()
}

// suggestion is a line of the popup. It acts on the press, not the tap: the
// press takes the focus from the box, and the popup is gone.
type suggestion struct {
	widget.BaseWidget
	box     *Box
	i       int
	ground  *kit.Box
	content fyne.CanvasObject
	hovered bool
}

var _ desktop.Mouseable = (*suggestion)(nil)

func newSuggestion(b *Box, i int) *suggestion {
	s := b.suggestions[i]
	colour := kit.ColorQuiet
	icon := s.Icon
	if s.Warn {
		colour, icon = kit.ColorBad, kit.Icon("warning")
	}
	o := &suggestion{box: b, i: i, ground: kit.NewBox(kit.BoxStyle{Radius: 6})}
	title := kit.NewText(s.Title, kit.TextStyle{Shrink: true})
	o.content = kit.Row(10, 2, kit.NewImage(icon, 16, colour), kit.Fit(title, titleLimit(b.Size().Width)),
		kit.NewText(s.Text, kit.TextStyle{Size: kit.SizeSmall, Color: colour, Shrink: true}))
	o.ExtendBaseWidget(o)
	return o
}

// titleLimit is how wide a title may be, in units of the design: in a narrow box
// two thirds of the line, so that what it means is seen too.
func titleLimit(width float32) float32 {
	const (
		around = 6 + 10 + 16 + 10 + 10 + 10 + 6 // margins, icon and gaps of a line
		widest = 420
	)
	return fyne.Min(fyne.Max(width/kit.Scale()-around, 0)*2/3, widest)
}

func (s *suggestion) MouseDown(*desktop.MouseEvent) { s.box.take(s.box.suggestions[s.i].Value) }
func (s *suggestion) MouseUp(*desktop.MouseEvent)   {}
func (s *suggestion) MouseIn(*desktop.MouseEvent)   { s.hovered = true; s.Refresh() }
func (s *suggestion) MouseMoved(*desktop.MouseEvent) {
}
func (s *suggestion) MouseOut() { s.hovered = false; s.Refresh() }

func (s *suggestion) Refresh() {
	style := kit.BoxStyle{Radius: 6}
	switch {
	case s.box.chosen == s.i:
		style.Fill = kit.ColorSelectionSide
	case s.hovered:
		style.Fill = kit.ColorHover
	}
	s.ground.SetStyle(style)
	s.BaseWidget.Refresh()
}

func (s *suggestion) MinSize() fyne.Size {
	s.ExtendBaseWidget(s)
	return fyne.NewSize(kit.Px(100), kit.Px(34))
}

func (s *suggestion) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(kit.Over(s.ground, kit.Inset(0, 10, 0, 10, s.content)))
}

// Leave gives up the focus as Escape does.
func (b *Box) Leave() {
	c := fyne.CurrentApp().Driver().CanvasForObject(b)
	if c != nil && c.Focused() == fyne.Focusable(b.entry) {
		c.Unfocus()
	}
}

// Focus goes into the box and selects its text.
func (b *Box) Focus() {
	keys.Focus(b.entry)
	b.SelectAll()
}
