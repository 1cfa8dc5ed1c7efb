package webpanel

import (
	"fyne.io/fyne/v2"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/widgets/kit"
)

// findBar looks for words in the page.
type findBar struct {
	w     *Panel
	root  *fyne.Container
	field *kit.Entry
	count *kit.Text
	shown bool
	of    *tab
}

func newFindBar(w *Panel) *findBar {
	f := &findBar{w: w, field: kit.NewEntry(words.T("web.find.placeholder"))}
	f.count = kit.NewText("", kit.TextStyle{Size: 13, Color: kit.ColorQuiet})
	f.field.OnChanged = func(text string) { f.search(text) }
	f.field.OnSubmitted = func(string) { f.next() }
	f.field.OnEscape = f.close
	button := func(icon, tip string, do func()) fyne.CanvasObject {
		return kit.NewButton(kit.ButtonParams{Icon: look.Icon(icon), Kind: kit.Quiet, Small: true, Tip: words.T(tip), OnTapped: do})
	}
	row := kit.Row(6, 1, kit.NewImage(look.Icon("search"), 16, kit.ColorQuiet), kit.Least(200, 0, f.field), f.count,
		button("chevron-up", "web.find.previous", f.previous), button("chevron-down", "web.find.next", f.next),
		button("close", "web.find.close", f.close))
	f.root = kit.Column(0, kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide}), kit.Inset(5, 14, 5, 14, row)), kit.Line())
	f.root.Hide()
	return f
}

func (f *findBar) object() fyne.CanvasObject { return f.root }

// open shows the bar and goes to its field.
func (f *findBar) open() {
	t := f.w.current
	if t.state.Page == nil || t.view == nil || t.history {
		return
	}
	f.of = t
	f.set(true)
	if s := t.view.Widget().SelectedText(); s != "" && len(s) < 100 {
		f.field.SetText(s)
	}
	f.search(f.field.Text)
	f.w.p.Host.Window().Canvas().Focus(f.field)
	f.field.TypedShortcut(&fyne.ShortcutSelectAll{})
}

func (f *findBar) set(on bool) {
	if f.shown == on {
		return
	}
	f.shown = on
	f.root.Hidden = !on
	if f.w.root != nil {
		f.w.root.Refresh()
	}
}

// close ends the search and goes back to the page.
func (f *findBar) close() {
	if !f.shown {
		return
	}
	f.set(false)
	if f.of != nil && f.of.view != nil && !f.of.gone {
		f.of.view.Widget().Find("")
	}
	f.of = nil
	f.w.focusPage()
}

// update follows a change of tab or page.
func (f *findBar) update() {
	if f.shown && (f.of != f.w.current || f.of.state.Page == nil || f.of.history) {
		f.close()
	}
}

func (f *findBar) search(text string) {
	if f.of == nil || f.of.view == nil {
		return
	}
	f.of.view.Widget().Find(text)
	if text == "" {
		f.count.SetText("")
	}
}

func (f *findBar) next() {
	if f.of != nil && f.of.view != nil {
		f.of.view.Widget().FindNext()
	}
}

func (f *findBar) previous() {
	if f.of != nil && f.of.view != nil {
		f.of.view.Widget().FindPrevious()
	}
}

// found says how many places there are.
func (f *findBar) found(t *tab, current, total int) {
	if f.of != t || f.field.Text == "" {
		return
	}
	style := kit.TextStyle{Size: 13, Color: kit.ColorQuiet}
	text := words.T("web.find.count", "Current", words.Number(int64(current)), "Total", words.Number(int64(total)))
	if total == 0 {
		text, style.Color = words.T("web.find.none"), kit.ColorBad
	}
	f.count.Set(text, style)
	f.root.Refresh()
}
