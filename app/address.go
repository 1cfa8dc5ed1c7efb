package app

import (
	"context"
	"os"
	"strings"

	"fyne.io/fyne/v2"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/task"
	"guichet/widgets/addressbox"
)

// Suggestion is something that was used before: a page, a saved server, a
// person. Value is what opens it, as if it had been typed.
type Suggestion struct {
	Icon  string // name of an icon
	Title string
	Text  string
	Value string
}

// most is how many suggestions stand below the address box.
const most = 8

func (w *Window) options() address.Options {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // without one "~" means nothing
	}
	return address.Options{
		Search: strings.ReplaceAll(w.p.Settings.Get().SearchEngine, "{words}", "{searchTerms}"),
		Exists: w.p.Exists, Home: home,
	}
}

// OpenText implements panel.Host.
func (w *Window) OpenText(text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	w.Open(address.Parse(text, w.options()))
}

// Open implements panel.Host: the first of the target's meanings that a panel
// answers is taken. The shown panel is asked first, so that words are looked
// for where one is.
func (w *Window) Open(t address.Target) {
	if t.Kind == address.Page && w.openPage(t.Text) {
		return
	}
	for _, meaning := range append([]address.Target{t}, t.Alternatives...) {
		if p := w.answers(meaning); p != nil {
			w.ShowPanel(p.ID())
			w.guard(p.ID(), func() { p.Open(meaning) })
			w.showBar()
			w.warn(meaning)
			return
		}
	}
	w.say(words.T("address.unknown", "Text", t.Text))
}

func (w *Window) answers(t address.Target) (found panel.Panel) {
	all := w.panels
	if w.shown != nil {
		all = append([]panel.Panel{w.shown}, all...)
	}
	for _, p := range all {
		w.guard(p.ID(), func() {
			if p.Accepts(t) {
				found = p
			}
		})
		if found != nil {
			return found
		}
	}
	return nil
}

// openPage opens a page of Guichet's own.
func (w *Window) openPage(name string) bool {
	if w.panel(name) == nil {
		return false
	}
	w.ShowPanel(name)
	return true
}

// warn says why an address may not be what it looks like.
func (w *Window) warn(t address.Target) {
	if text := warningText(t); text != "" {
		w.say(text)
	}
}

func warningText(t address.Target) string {
	switch t.Warn {
	case address.MixedScripts:
		return words.T("address.warn.mixed", "Name", t.Shown)
	case address.LooksLike:
		return words.T("address.warn.like", "Name", t.Shown)
	case address.HiddenCharacters:
		return words.T("address.warn.hidden")
	case address.SecretInURL:
		return words.T("address.warn.secret")
	}
	return ""
}

// warning is that of an address as a panel shows it. What is no URL, such as the
// words of a search, is not taken for one.
func (w *Window) warning(shown string) string {
	if !strings.Contains(shown, "://") {
		return ""
	}
	return warningText(address.Parse(shown, w.options()))
}

// suggester keeps the suggestions in step with what is typed: one search runs
// at a time, the newest.
type suggester struct {
	window *Window
	slot   *task.Slot
}

func (s *suggester) changed(text string) {
	w := s.window
	if strings.TrimSpace(text) == "" {
		w.address.SetSuggestions(nil)
		if s.slot != nil {
			s.slot.Stop()
		}
		return
	}
	own := w.meanings(text)
	w.address.SetSuggestions(own)
	if w.p.Suggest == nil {
		return
	}
	if s.slot == nil {
		s.slot = task.NewSlot(w.tasks)
	}
	s.slot.Start("suggest", func(ctx context.Context, current func() bool) {
		found := w.p.Suggest(ctx, text)
		if len(found) == 0 || !current() {
			return
		}
		w.Post(func() {
			if !current() || !w.address.Editing() {
				return
			}
			all := own
			for _, f := range found {
				if len(all) >= most {
					break
				}
				if f.Value != all[0].Value {
					all = append(all, addressbox.Suggestion{Icon: look.Icon(f.Icon), Title: f.Title, Text: f.Text, Value: f.Value})
				}
			}
			w.address.SetSuggestions(all)
		})
	})
}

// meanings are what the text itself means, the likeliest first.
func (w *Window) meanings(text string) []addressbox.Suggestion {
	t := address.Parse(text, w.options())
	var list []addressbox.Suggestion
	for i, m := range append([]address.Target{t}, t.Alternatives...) {
		if i > 2 || w.answers(m) == nil && m.Kind != address.Page {
			continue
		}
		s := addressbox.Suggestion{Icon: iconOf(m), Title: m.Shown, Text: meaning(m), Value: m.Shown}
		if i == 0 {
			s.Value = text
		}
		if s.Title == "" {
			s.Title = m.Text
		}
		if warn := warningText(m); warn != "" {
			s.Text, s.Warn = warn, true
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		list = append(list, addressbox.Suggestion{Icon: look.Icon("search"), Title: text, Value: text})
	}
	return list
}

func iconOf(t address.Target) fyne.Resource {
	switch t.Kind {
	case address.Web:
		return look.Icon("web")
	case address.Server:
		return look.Icon("server")
	case address.Mailto:
		return look.Icon("write")
	case address.Person:
		return look.Icon("user")
	case address.Path:
		return look.Icon("folder")
	}
	return look.Icon("search")
}

// meaning says in words what opening a target does.
func meaning(t address.Target) string {
	switch t.Kind {
	case address.Web:
		return words.T("address.means.web")
	case address.Server:
		return words.T("address.means.server")
	case address.Mailto:
		return words.T("address.means.write")
	case address.Person:
		return words.T("address.means.person")
	case address.Path:
		return words.T("address.means.path")
	case address.Page:
		return words.T("address.means.page")
	}
	return words.T("address.means.words")
}
