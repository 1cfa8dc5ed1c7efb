package filespanel

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/widgets/kit"
)

// Commands implements panel.Panel.
func (f *Panel) Commands() []panel.Command {
	menu, places := words.T("files.menu"), words.T("files.menu.place")
	key := func(k fyne.KeyName) fyne.Shortcut { return &desktop.CustomShortcut{KeyName: k} }
	ctrl := func(k fyne.KeyName, more fyne.KeyModifier) fyne.Shortcut {
		return &desktop.CustomShortcut{KeyName: k, Modifier: fyne.KeyModifierShortcutDefault | more}
	}
	command := func(id, icon, menu string, s fyne.Shortcut, enabled func() bool, run func()) panel.Command {
		return panel.Command{
			ID: "files." + id, Name: words.T("command.files." + id), Menu: menu, Icon: look.Icon(icon), Shortcut: s, Enabled: enabled, Run: run,
		}
	}
	some := func() bool { return len(f.active.selectedEntries()) > 0 }
	one := func() bool { return len(f.active.selectedEntries()) == 1 }
	ready := func() bool { return f.active.session != nil }
	server := func() bool { return f.there.session != nil }
	list := []panel.Command{
		command("upload", "upload", menu, nil, func() bool { return server() && len(f.here.selectedEntries()) > 0 }, f.upload),
		command("download", "download", menu, nil, func() bool { return len(f.there.selectedEntries()) > 0 }, f.download),
		command("mkdir", "new-folder", menu, key(fyne.KeyF7), ready, f.mkdir),
		command("rename", "rename", menu, key(fyne.KeyF2), one, f.rename),
		command("delete", "trash", menu, nil, some, f.remove),
		command("connect", "plus", places, ctrl(fyne.KeyK, 0), nil, func() { f.connectDialog("", "") }),
		command("servers", "star", places, nil, nil, f.serversMenu),
		command("disconnect", "plug", places, nil, server, f.disconnect),
		command("save", "star-filled", places, nil, func() bool { return server() && f.there.listing().Site.ID == "" }, f.saveSite),
		command("back", "back", places, &desktop.CustomShortcut{KeyName: fyne.KeyLeft, Modifier: fyne.KeyModifierAlt},
			func() bool { return ready() && f.active.listing().CanBack }, func() { f.active.session.Back() }),
		command("fore", "forward", places, &desktop.CustomShortcut{KeyName: fyne.KeyRight, Modifier: fyne.KeyModifierAlt},
			func() bool { return ready() && f.active.listing().CanFore }, func() { f.active.session.Forward() }),
		command("up", "arrow-up", places, &desktop.CustomShortcut{KeyName: fyne.KeyUp, Modifier: fyne.KeyModifierAlt}, ready, func() { f.active.session.Up() }),
		command("reload", "reload", places, ctrl(fyne.KeyR, 0), ready, func() { f.active.session.Reload() }),
		command("hide", "computer", places, nil, nil, func() { f.hideHere = !f.hideHere; f.layout() }),
		command("hidden", "eye", places, ctrl(fyne.KeyH, 0), nil, f.toggleHidden),
	}
	list[2].Separator, list[9].Separator, list[13].Separator = true, true, true
	list[13].Checked = func() bool { return !f.hideHere }
	list[14].Checked = func() bool { return f.showHidden }
	return slices.Concat(list, f.opsCommands(), f.compareCommands(), f.previewCommands())
}

// toggleHidden shows or hides the files whose names begin with a dot.
func (f *Panel) toggleHidden() {
	f.showHidden = !f.showHidden
	for _, s := range []*side{f.here, f.there} {
		s.resort()
	}
	f.p.Host.Changed(f)
}

func (f *Panel) upload()   { f.transfer(f.here, f.there) }
func (f *Panel) download() { f.transfer(f.there, f.here) }

// transfer sends what is selected on one side to the folder of the other.
func (f *Panel) transfer(from, to *side) {
	entries := from.selectedEntries()
	switch {
	case from.session == nil || to.session == nil:
		f.p.Host.Show(panel.Toast{Text: words.T("files.connect_first"), Action: words.T("command.files.connect"), Do: func() { f.connectDialog("", "") }})
	case len(entries) == 0:
		f.p.Host.Show(panel.Toast{Text: words.T("files.select_first")})
	case to.listing().State != browse.Ready:
		f.p.Host.Show(panel.Toast{Text: words.T("files.not_ready")})
	default:
		if err := f.p.Files.Transfer(from.session, entries, to.session, ""); err != nil {
			f.trouble(err, nil)
			return
		}
		f.transfers.expect(to.session)
	}
}

// Dropped sends files that were dropped onto the window to the side under them.
func (f *Panel) Dropped(at fyne.Position, uris []fyne.URI) {
	var paths []string
	for _, u := range uris {
		if u.Scheme() == "file" {
			paths = append(paths, u.Path())
		}
	}
	to := f.sideAt(at)
	if len(paths) == 0 || to == nil || to.session == nil {
		return
	}
	if err := f.p.Files.TransferPaths(paths, to.session, ""); err != nil {
		f.trouble(err, nil)
		return
	}
	f.transfers.expect(to.session)
}

// sideAt gives the side at a place of the window.
func (f *Panel) sideAt(at fyne.Position) *side {
	for _, s := range []*side{f.here, f.there} {
		if s.object == nil || s == f.here && f.hideHere {
			continue
		}
		p := at.Subtract(fyne.CurrentApp().Driver().AbsolutePositionForObject(s.object))
		if size := s.object.Size(); p.X >= 0 && p.Y >= 0 && p.X < size.Width && p.Y < size.Height {
			return s
		}
	}
	return nil
}

// dropped ends a drag of rows: on the other side it is a transfer.
func (s *side) dropped(at fyne.Position) {
	if to := s.f.sideAt(at); to != nil && to != s {
		s.f.transfer(s, to)
	}
}

func (s *side) selected() {
	s.f.active = s
	s.f.p.Host.Changed(s.f)
}

// open enters a folder, and opens or fetches a file.
func (s *side) open(i int) {
	e := s.entries[i]
	switch {
	case e.Type.IsDir():
		s.session.Enter(e)
	case s.local && s.f.p.OpenFile != nil:
		path := s.session.SystemPath(s.listing().Path.Join(e.Name))
		s.f.run("open file", func(_ ctx) error { return s.f.p.OpenFile(path) }, s.f.report)
	case !s.local:
		s.table.List.SetSelection([]int{i}, i)
		s.f.download()
	}
}

func (f *Panel) report(err error) {
	if err != nil {
		f.trouble(err, nil)
	}
}

func (s *side) key(ev *fyne.KeyEvent) bool {
	switch ev.Name {
	case fyne.KeyDelete:
		s.f.active = s
		s.f.remove()
	case fyne.KeyBackspace:
		s.session.Up()
	case fyne.KeyF5:
		s.session.Reload()
	case fyne.KeyEscape:
		if l := s.listing(); l.Loading || l.Busy != "" {
			s.session.Stop()
		}
		return false // the window may have a use for it too
	default:
		return false
	}
	return true
}

func (s *side) menu(i int, at fyne.Position) {
	s.f.active = s
	if i >= 0 && !s.table.List.IsSelected(i) {
		s.table.List.Select(i)
	}
	wanted := []string{"files.mkdir"}
	if i >= 0 {
		send := "files.download"
		if s.local {
			send = "files.upload"
		}
		wanted = []string{send, "files.rename", "files.delete", "files.mkdir"}
	}
	wanted = slices.Concat(wanted, s.f.opsMenu(s, i), s.f.compareMenu(s, i), s.f.previewMenu(s, i))
	var items []*fyne.MenuItem
	if i >= 0 && s.entries[i].Type.IsDir() {
		items = append(items, fyne.NewMenuItemWithIcon(words.T("files.open"), look.Icon("open"), func() { s.open(i) }))
	}
	for _, id := range wanted {
		for _, c := range s.f.Commands() {
			if c.ID == id {
				item := fyne.NewMenuItemWithIcon(c.Name, c.Icon, c.Run)
				item.Disabled = c.Enabled != nil && !c.Enabled()
				items = append(items, item)
			}
		}
	}
	kit.ShowMenu(s.f.p.Host.Window().Canvas(), words.T("menu.more"), at, items)
}

// askName asks for a name with a field.
func (f *Panel) askName(title, label, name, yes string, then func(string)) {
	entry := kit.NewEntry("")
	entry.SetText(name)
	f.p.Host.Ask(panel.Question{
		Title: title, Text: label, Content: entry,
		Choices: []panel.Choice{{Label: words.T("files.cancel")}, {Label: yes, Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" && entry.Text != "" && entry.Text != name {
				then(entry.Text)
			}
		},
	})
	f.p.Host.Window().Canvas().Focus(entry)
	entry.TypedShortcut(&fyne.ShortcutSelectAll{})
}

func (f *Panel) mkdir() {
	s := f.active
	if s.session == nil {
		return
	}
	f.askName(words.T("files.mkdir.title"), words.T("files.mkdir.text"), "", words.T("files.mkdir.yes"), s.session.Mkdir)
}

func (f *Panel) rename() {
	s := f.active
	entries := s.selectedEntries()
	if len(entries) != 1 {
		return
	}
	f.askName(words.T("files.rename.title", "Name", shorten(entries[0].Display, 50)), words.T("files.rename.text"), entries[0].Display,
		words.T("command.files.rename"), func(name string) { s.session.Rename(entries[0], name) })
}

// remove deletes after a question that names what goes.
func (f *Panel) remove() {
	s := f.active
	entries := s.selectedEntries()
	if len(entries) == 0 {
		return
	}
	place := words.T("files.here")
	if !s.local {
		place = s.listing().Site.Title()
	}
	title := words.N("files.delete.title", len(entries), "Place", place)
	if len(entries) == 1 {
		title = words.T("files.delete.one", "Name", shorten(entries[0].Display, 50), "Place", place)
	}
	text := words.T("files.delete.text")
	for _, e := range entries {
		if e.Type == files.Dir {
			text = words.T("files.delete.folder")
		}
	}
	f.p.Host.Ask(panel.Question{
		Title: title, Text: text,
		Choices: []panel.Choice{{Label: words.T("files.keep")}, {Label: words.T("command.files.delete"), Value: "yes", Danger: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" {
				s.session.Delete(entries)
			}
		},
	})
}
