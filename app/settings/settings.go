// Package settings is the tab in which a person chooses how Guichet looks,
// speaks and behaves, and sees what it remembers about servers.
package settings

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/data/binding"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/version"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/connect"
	"guichet/services/profile"
	"guichet/services/publish"
	"guichet/widgets/kit"
)

// Trust is what the panel needs of connect.Trust.
type Trust interface {
	List() []connect.Trusted
	Forget(connect.Trusted) error
}

// Params are what a Panel is made of.
type Params struct {
	Host     panel.Host
	Settings *profile.Settings
	Trust    Trust // nil: nothing is remembered
	// Secrets names the place of the passwords: "keyring" or "file".
	Secrets string
	// Downloads is the folder in force.
	Downloads func() string
	// Folder lets a person choose a folder; nil: Fyne's dialog.
	Folder func(chosen func(path string))
}

// Engine is a search engine that can be chosen.
type Engine struct{ Name, URL string }

// Engines are those offered; the settings may hold another.
var Engines = []Engine{
	{"DuckDuckGo", "https://duckduckgo.com/html/?q={words}"},
	{"Mojeek", "https://www.mojeek.com/search?q={words}"},
	{"Qwant", "https://lite.qwant.com/?q={words}"},
	{"Startpage", "https://www.startpage.com/do/search?q={words}"},
	{"Wikipedia", "https://www.wikipedia.org/search-redirect.php?search={words}"},
}

// Panel is the tab.
type Panel struct {
	p      Params
	status binding.Item[panel.Status]
	badge  binding.Int
	page   *kit.Page
	trust  *fyne.Container
	folder *kit.Text
}

var _ panel.Panel = (*Panel)(nil)

// New makes the panel.
func New(p Params) *Panel {
	return &Panel{p: p, status: publish.NewItem(panel.Status{}), badge: publish.NewItem(0)}
}

// ID implements panel.Panel.
func (s *Panel) ID() string { return "settings" }

// Title implements panel.Panel.
func (s *Panel) Title() string { return words.T("settings.title") }

// Icon implements panel.Panel.
func (s *Panel) Icon() fyne.Resource { return look.Icon("settings") }

// Status implements panel.Panel.
func (s *Panel) Status() binding.Item[panel.Status] { return s.status }

// Badge implements panel.Panel.
func (s *Panel) Badge() binding.Int { return s.badge }

// Accepts implements panel.Panel.
func (s *Panel) Accepts(address.Target) bool { return false }

// Open implements panel.Panel.
func (s *Panel) Open(address.Target) {}

// Bar implements panel.Panel.
func (s *Panel) Bar() panel.Bar { return panel.Bar{Placeholder: words.T("app.placeholder")} }

// Commands implements panel.Panel.
func (s *Panel) Commands() []panel.Command { return nil }

// Shown implements panel.Panel: what is trusted may have changed meanwhile.
func (s *Panel) Shown() { s.fillTrust() }

// Hidden implements panel.Panel.
func (s *Panel) Hidden() {}

// Close implements panel.Panel.
func (s *Panel) Close(context.Context) error { return nil }

func (s *Panel) change(f func(*profile.Values)) {
	if err := s.p.Settings.Change(f); err != nil {
		s.p.Host.Trouble("settings", err, nil)
	}
}

// Content implements panel.Panel.
func (s *Panel) Content() fyne.CanvasObject {
	v := s.p.Settings.Get()
	s.trust = kit.Column(0)
	s.folder = kit.NewText("", kit.TextStyle{Color: kit.ColorQuiet, Align: fyne.TextAlignTrailing, Shrink: true})
	parts := []fyne.CanvasObject{
		kit.NewParagraph(words.T("settings.title"), kit.TextStyle{Size: kit.SizeDisplay, Bold: true}),
		section(words.T("settings.look"),
			setting(words.T("settings.language"), "", s.language(v)),
			setting(words.T("settings.theme"), "", s.theme(v)),
			setting(words.T("settings.text_size"), words.T("settings.text_size.hint"), s.textSize(v))),
		section(words.T("settings.web"),
			setting(words.T("settings.search"), words.T("settings.search.hint"), s.engine(v)),
			setting(words.T("settings.downloads"), "", s.downloads()),
			setting(words.T("settings.proxy"), words.T("settings.proxy.hint"), s.proxy(v))),
		section(words.T("settings.trust"), s.trust),
		section(words.T("settings.about"),
			kit.Inset(12, 0, 12, 0, kit.Column(6,
				kit.NewParagraph("Guichet "+version.Number, kit.TextStyle{Bold: true}),
				kit.NewParagraph(words.T("common.about"), kit.TextStyle{}),
				kit.NewParagraph(words.T("settings.privacy")+" "+s.secrets(), kit.TextStyle{Color: kit.ColorQuiet})))),
	}
	s.page = kit.NewPage(760, false, kit.Inset(28, 32, 32, 32, kit.Column(16, parts...)))
	s.fillTrust()
	s.showFolder()
	return kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorGround}), s.page)
}

// section is a card with a heading; its parts are divided by lines.
func section(title string, parts ...fyne.CanvasObject) fyne.CanvasObject {
	var lines []fyne.CanvasObject
	for i, p := range parts {
		if i > 0 {
			lines = append(lines, kit.Line())
		}
		lines = append(lines, p)
	}
	card := kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface, Edge: kit.ColorLine, Radius: 14}), kit.Inset(4, 20, 4, 20, kit.Column(0, lines...)))
	return kit.Column(8, kit.NewText(title, kit.TextStyle{Size: kit.SizeHeading, Bold: true}), card)
}

// setting is a line: what it is, and the control at the right.
func setting(title, hint string, control fyne.CanvasObject) fyne.CanvasObject {
	label := kit.Column(0, kit.NewParagraph(title, kit.TextStyle{}))
	if hint != "" {
		label.Add(kit.NewParagraph(hint, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}))
	}
	return kit.Inset(10, 0, 10, 0, kit.Row(16, 0, label, kit.Least(260, 34, control)))
}

// choice is a list to choose from; values and labels belong together.
func choice(labels, values []string, now string, chosen func(value string)) fyne.CanvasObject {
	sel := widget.NewSelect(labels, nil)
	for i, v := range values {
		if v == now {
			sel.SetSelectedIndex(i)
		}
	}
	sel.OnChanged = func(string) {
		if i := sel.SelectedIndex(); i >= 0 {
			chosen(values[i])
		}
	}
	return sel
}

func (s *Panel) language(v *profile.Values) fyne.CanvasObject {
	return choice([]string{words.T("settings.language.system"), "English", "Français"}, []string{"", "en", "fr"}, v.Language,
		func(value string) { s.change(func(v *profile.Values) { v.Language = value }) })
}

func (s *Panel) theme(v *profile.Values) fyne.CanvasObject {
	return choice([]string{words.T("settings.theme.system"), words.T("settings.theme.light"), words.T("settings.theme.dark")},
		[]string{"", "light", "dark"}, v.Theme,
		func(value string) { s.change(func(v *profile.Values) { v.Theme = value }) })
}

// textSize changes the size when the slider is let go: it rebuilds every view.
func (s *Panel) textSize(v *profile.Values) fyne.CanvasObject {
	shown := kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Align: fyne.TextAlignTrailing})
	write := func(size float64) { shown.SetText(words.T("settings.percent", "Count", words.Number(int64(size+0.5)))) }
	slider := widget.NewSlider(look.MinTextSize, look.MaxTextSize)
	slider.Step = 5
	slider.SetValue(float64(v.TextSize) * 100)
	write(slider.Value)
	slider.OnChanged = write
	slider.OnChangeEnded = func(size float64) {
		s.change(func(v *profile.Values) { v.TextSize = float32(size) / 100 })
	}
	return kit.Row(8, 0, slider, kit.Least(48, 0, shown))
}

func (s *Panel) engine(v *profile.Values) fyne.CanvasObject {
	var labels, values []string
	known := false
	for _, e := range Engines {
		labels, values = append(labels, e.Name), append(values, e.URL)
		known = known || e.URL == v.SearchEngine
	}
	if !known {
		labels, values = append(labels, v.SearchEngine), append(values, v.SearchEngine)
	}
	return choice(labels, values, v.SearchEngine, func(value string) {
		s.change(func(v *profile.Values) { v.SearchEngine = value })
	})
}

func (s *Panel) downloads() fyne.CanvasObject {
	change := kit.NewButton(kit.ButtonParams{Text: words.T("settings.downloads.change"), OnTapped: s.chooseFolder})
	return kit.Row(8, 0, s.folder, change)
}

func (s *Panel) chooseFolder() {
	chosen := func(path string) {
		if path != "" {
			s.change(func(v *profile.Values) { v.Downloads = path })
			s.showFolder()
		}
	}
	if s.p.Folder != nil {
		s.p.Folder(chosen)
		return
	}
	dialog.ShowFolderOpen(func(dir fyne.ListableURI, err error) {
		switch {
		case err != nil:
			s.p.Host.Trouble("settings", err, nil)
		case dir != nil:
			chosen(dir.Path())
		}
	}, s.p.Host.Window())
}

func (s *Panel) showFolder() {
	if s.folder != nil && s.p.Downloads != nil {
		s.folder.SetText(s.p.Downloads())
	}
}

// fillTrust lists what a person accepted, each with a button that forgets it.
func (s *Panel) fillTrust() {
	if s.trust == nil {
		return
	}
	s.trust.Objects = nil
	var list []connect.Trusted
	if s.p.Trust != nil {
		list = s.p.Trust.List()
	}
	if len(list) == 0 {
		s.trust.Add(kit.Inset(12, 0, 12, 0, kit.NewParagraph(words.T("settings.trust.none"), kit.TextStyle{Color: kit.ColorQuiet})))
	}
	for i, t := range list {
		if i > 0 {
			s.trust.Add(kit.Line())
		}
		s.trust.Add(s.trusted(t))
	}
	s.page.Refresh()
}

func (s *Panel) trusted(t connect.Trusted) fyne.CanvasObject {
	kind := words.T("settings.trust.certificate")
	if t.Kind == connect.TrustedHostKey {
		kind = words.T("settings.trust.key")
	}
	label := kit.Column(0,
		kit.NewText(t.Host+":"+strconv.Itoa(t.Port), kit.TextStyle{Shrink: true}),
		kit.NewText(kind+" · "+words.Date(t.Added, time.Now())+" · "+t.Fingerprint, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}))
	forget := kit.NewButton(kit.ButtonParams{Text: words.T("settings.trust.forget"), Small: true, OnTapped: func() {
		if err := s.p.Trust.Forget(t); err != nil {
			s.p.Host.Trouble("settings", err, nil)
			return
		}
		slog.Info("trust forgotten", "kind", t.Kind, "host", t.Host)
		s.fillTrust()
	}})
	return kit.Inset(8, 0, 8, 0, kit.Row(12, 0, label, forget))
}

// secrets says where passwords lie and what protects them there.
func (s *Panel) secrets() string {
	if s.p.Secrets == "file" {
		return words.T("settings.secrets.file")
	}
	return words.T("settings.secrets.keyring")
}
