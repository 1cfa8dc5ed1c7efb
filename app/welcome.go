package app

import (
	"fyne.io/fyne/v2"

	"guichet/app/welcome"
	"guichet/app/words"
	"guichet/services/profile"
)

// showWelcome shows the first-start screen in place of a tab; first is the tab
// that follows when it is skipped.
func (w *Window) showWelcome(first string) {
	way := func(f func()) func() {
		if f == nil {
			return nil
		}
		return func() {
			w.change(func(v *profile.Values) { v.Welcomed = true })
			w.guard("welcome", f)
			if w.shown == nil {
				w.ShowPanel(first)
			}
		}
	}
	w.welcome = welcome.New(welcome.Params{
		AddMail: way(w.p.Welcome.AddMail), Connect: way(w.p.Welcome.Connect), Demo: way(w.p.Welcome.Demo), Skip: way(func() {}),
	})
	w.content.Objects = []fyne.CanvasObject{w.welcome}
	w.content.Refresh()
	w.bar.Layout.(*barLayout).left = 0
	w.bar.Objects = []fyne.CanvasObject{w.address}
	w.barOf = ""
	w.address.SetPlaceholder(words.T("app.placeholder"))
	w.bar.Refresh()
	w.showStatus()
}
