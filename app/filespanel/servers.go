package filespanel

import (
	"fyne.io/fyne/v2"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/widgets/kit"
)

// manager is the dialog with the saved servers and the starred folders.
type manager struct {
	f    *Panel
	list *fyne.Container
}

// manageServers shows all saved servers, to change their order and what is known
// of them.
func (f *Panel) manageServers() {
	m := &manager{f: f, list: kit.Column(4)}
	m.fill()
	f.p.Host.Ask(panel.Question{
		Title: words.T("files.servers.title"), Content: m.list,
		Choices: []panel.Choice{{Label: words.T("files.servers.new"), Value: "new"}, {Label: words.T("files.servers.done"), Value: "done", Primary: true}},
		Answer: func(value string, _ bool) {
			if value == "new" {
				f.connectDialog(f.there, "", "")
			}
		},
	})
}

func (m *manager) fill() {
	f := m.f
	m.list.RemoveAll()
	all := f.sites()
	button := func(icon, tip string, on bool, do func()) fyne.CanvasObject {
		b := kit.NewButton(kit.ButtonParams{Icon: look.Icon(icon), Kind: kit.Quiet, Small: true, Tip: words.T(tip), OnTapped: do})
		b.SetEnabled(on)
		return b
	}
	for i, s := range all {
		name := kit.Column(0, kit.NewText(s.Title(), kit.TextStyle{Bold: true, Shrink: true}),
			kit.NewText(protocolName(s.Protocol)+" · "+s.Host, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}))
		m.list.Add(kit.Row(2, 1, kit.NewImage(look.Icon("server"), 17, kit.ColorText), kit.Inset(0, 0, 0, 8, name),
			button("chevron-up", "files.servers.up", i > 0, func() { m.move(s, i-1) }),
			button("chevron-down", "files.servers.down", i < len(all)-1, func() { m.move(s, i+1) }),
			button("settings", "files.servers.edit", true, func() { f.editSite(s, m) }),
			button("rename", "files.servers.rename", true, func() { m.rename(s) }),
			button("copy", "files.servers.copy", true, func() { m.copy(s) }),
			button("trash", "files.forget", true, func() { f.forget(s, m) })))
	}
	if len(all) == 0 {
		m.list.Add(kit.NewParagraph(words.T("files.saved.none"), kit.TextStyle{Color: kit.ColorQuiet}))
	}
	if len(f.state.Places) > 0 {
		m.list.Add(kit.Inset(10, 0, 2, 0, kit.NewText(words.T("files.places"), kit.TextStyle{Bold: true})))
	}
	for i, p := range f.state.Places {
		name := kit.Column(0, kit.NewText(p.Name, kit.TextStyle{Shrink: true}), kit.NewText(p.Address, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}))
		m.list.Add(kit.Row(2, 1, kit.NewImage(look.Icon("star-filled"), 17, kit.ColorText), kit.Inset(0, 0, 0, 8, name),
			button("chevron-up", "files.servers.up", i > 0, func() { m.swap(i, i-1) }),
			button("chevron-down", "files.servers.down", i < len(f.state.Places)-1, func() { m.swap(i, i+1) }),
			button("rename", "files.servers.rename", true, func() { m.renamePlace(i) }),
			button("trash", "files.unstar", true, func() { m.unstar(i) })))
	}
	m.refresh()
}

func (m *manager) refresh() {
	if m == nil {
		return
	}
	m.list.Refresh()
	if top := m.f.p.Host.Window().Canvas().Overlays().Top(); top != nil {
		top.Refresh()
	}
}

// then shows what came of a change.
func (m *manager) then(err error) {
	m.f.p.Host.Post(func() {
		m.f.report(err)
		m.fill()
	})
}

func (m *manager) move(s files.Site, to int) { m.f.p.Files.MoveSite(s.ID, to, m.then) }

func (m *manager) rename(s files.Site) {
	m.f.askName(words.T("files.servers.rename"), words.T("files.save.text"), s.Name, words.T("files.save.yes"), func(name string) {
		s.Name = name
		m.f.p.Files.SaveSite(s, nil, func(_ files.Site, err error) { m.then(err) })
	})
}

func (m *manager) copy(s files.Site) {
	m.f.p.Files.CopySite(s, words.T("files.servers.copied", "Name", s.Title()), func(_ files.Site, err error) { m.then(err) })
}

func (m *manager) swap(i, j int) {
	p := m.f.state.Places
	p[i], p[j] = p[j], p[i]
	m.f.keep()
	m.fill()
}

func (m *manager) renamePlace(i int) {
	p := m.f.state.Places[i]
	m.f.askName(words.T("files.servers.rename"), words.T("files.save.text"), p.Name, words.T("files.save.yes"), func(name string) {
		if i < len(m.f.state.Places) && m.f.state.Places[i] == p {
			m.f.state.Places[i].Name = name
			m.f.keep()
			m.fill()
		}
	})
}

func (m *manager) unstar(i int) {
	m.f.state.Places = append(m.f.state.Places[:i:i], m.f.state.Places[i+1:]...)
	m.f.keep()
	m.fill()
	m.f.eachTable(func(s *side) { s.tools.update(s.listing()) })
}

// editSite changes what is known of a saved server. m, if not nil, is filled
// anew afterwards.
func (f *Panel) editSite(s files.Site, m *manager) {
	form := newSiteForm(f, s, false)
	f.p.Host.Ask(panel.Question{
		Title: words.T("files.servers.change", "Name", shorten(s.Title(), 40)), Content: form.object,
		Choices: []panel.Choice{{Label: words.T("files.cancel")}, {Label: words.T("files.save.yes"), Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			form.close()
			if value != "yes" {
				return
			}
			site, err := form.read()
			if err == nil && site.Protocol == "" {
				site.Protocol = s.Protocol
			}
			if err != nil || site.Host == "" {
				f.report(err)
				return
			}
			var password *string
			if form.password.Text != "" {
				password = &form.password.Text
			}
			f.p.Files.SaveSite(site, password, func(_ files.Site, err error) {
				f.p.Host.Post(func() {
					f.report(err)
					if m != nil {
						m.fill()
					}
				})
			})
		},
	})
}

// forget removes a saved server after a question.
func (f *Panel) forget(s files.Site, m *manager) {
	f.p.Host.Ask(panel.Question{
		Title: words.T("files.forget.title", "Name", s.Title()), Text: words.T("files.forget.text"),
		Choices: []panel.Choice{{Label: words.T("files.keep")}, {Label: words.T("files.forget"), Value: "yes", Danger: true}},
		Answer: func(value string, _ bool) {
			if value != "yes" {
				return
			}
			f.p.Files.RemoveSite(s.ID, func(err error) {
				f.p.Host.Post(func() {
					f.report(err)
					f.forgetServer(s.ID)
					if m != nil {
						m.fill()
					}
				})
			})
		},
	})
}
