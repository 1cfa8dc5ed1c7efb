package filespanel

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/transfer"
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
	some := func() bool { return f.active.selectedCount() > 0 }
	one := func() bool { return f.active.selectedCount() == 1 }
	ready := func() bool { return f.active.session != nil }
	both := func() bool { return f.here.session != nil && f.there.session != nil }
	server := func() bool { return f.server().session != nil && !f.server().local }
	here := func() bool { return ready() && f.active.local && f.p.ShowInFolder != nil }
	alt := func(k fyne.KeyName) fyne.Shortcut {
		return &desktop.CustomShortcut{KeyName: k, Modifier: fyne.KeyModifierAlt}
	}
	view := words.T("menu.view")
	list := []panel.Command{
		command("upload", "upload", menu, nil, func() bool { return both() && f.here.selectedCount() > 0 }, f.upload),
		command("download", "download", menu, nil, func() bool { return both() && f.there.selectedCount() > 0 }, f.download),
		command("send", "move", menu, ctrl(fyne.KeyReturn, 0), func() bool { return both() && some() }, func() { f.transfer(f.active, f.active.other()) }),
		command("to_downloads", "download", menu, nil, func() bool { return some() && !f.active.local && f.p.Downloads != nil }, f.toDownloads),
		command("mkdir", "new-folder", menu, key(fyne.KeyF7), ready, f.mkdir),
		command("rename", "rename", menu, key(fyne.KeyF2), one, f.rename),
		command("delete", "trash", menu, nil, some, f.remove),
		command("folder", "open", menu, nil, here, f.showInFolder),
		command("copy_address", "link", menu, ctrl(fyne.KeyC, fyne.KeyModifierShift), ready, f.copyAddress),
		command("connect", "plus", places, ctrl(fyne.KeyK, 0), nil, func() { f.connectDialog(f.there, "", "") }),
		command("servers", "star", places, nil, nil, f.serversMenu),
		command("manage", "settings", places, nil, nil, f.manageServers),
		command("star", "star", places, ctrl(fyne.KeyD, 0), ready, f.toggleStar),
		command("disconnect", "plug", places, nil, server, func() { f.server().disconnect() }),
		command("save", "star-filled", places, nil, func() bool { return server() && f.server().listing().Site.ID == "" }, func() { f.server().saveSite() }),
		command("back", "back", places, alt(fyne.KeyLeft),
			func() bool { return ready() && f.active.listing().CanBack }, func() { f.active.session.Back() }),
		command("fore", "forward", places, alt(fyne.KeyRight),
			func() bool { return ready() && f.active.listing().CanFore }, func() { f.active.session.Forward() }),
		command("up", "arrow-up", places, alt(fyne.KeyUp), ready, func() { f.active.session.Up() }),
		command("home", "home", places, alt(fyne.KeyHome), ready, func() { f.active.session.GoHome() }),
		command("reload", "reload", places, ctrl(fyne.KeyR, 0), ready, func() { f.active.session.Reload() }),
		command("hide", "computer", view, nil, nil, f.toggleLeft),
		command("hidden", "eye", view, ctrl(fyne.KeyH, 0), nil, f.toggleHidden),
		command("grid", "image", view, ctrl(fyne.KeyG, 0), ready, f.toggleGrid),
		command("linked", "link", view, nil, both, f.toggleLinked),
		command("filter", "filter", view, ctrl(fyne.KeyF, fyne.KeyModifierShift), ready, func() { f.active.openFilter() }),
	}
	for i := range list {
		switch list[i].ID {
		case "files.mkdir", "files.connect", "files.back", "files.hide":
			list[i].Separator = true
		}
		switch list[i].ID {
		case "files.hide":
			list[i].Checked = func() bool { return !f.state.HideLeft }
		case "files.hidden":
			list[i].Checked = func() bool { return f.state.Hidden }
		case "files.grid":
			list[i].Checked = func() bool { return f.active.table != nil && f.active.table.Grid() }
		case "files.linked":
			list[i].Checked = func() bool { return f.state.Linked }
		}
	}
	return slices.Concat(list, f.opsCommands(), f.compareCommands(), f.previewCommands())
}

func (f *Panel) upload()   { f.transfer(f.here, f.there) }
func (f *Panel) download() { f.transfer(f.there, f.here) }

// transfer sends what is selected on one side to the folder of the other.
func (f *Panel) transfer(from, to *side) {
	switch {
	case from.session == nil || to.session == nil:
		f.sayNotReady()
	case from.selectedCount() == 0:
		f.p.Host.Show(panel.Toast{Text: words.T("files.select_first")})
	case to.listing().State != browse.Ready:
		f.sayNotReady()
	default:
		f.send(from, to, to.listing().Path)
	}
}

// send makes a job of what is selected. Names that the shown folder holds already
// are asked about once, for all of them.
func (f *Panel) send(from, to *side, dir files.Path) {
	entries := from.selectedEntries()
	add := func(exists transfer.Answer) {
		f.transfers.expect(to.session) // before: small files have arrived when the last job is made
		f.run("transfer", func(ctx ctx) error {
			return f.p.Files.TransferTo(ctx, from.session, entries, to.session, dir, exists)
		}, f.report)
	}
	f.askTaken(entries, from, to, dir, add)
}

// toDownloads fetches what is selected into the folder for downloads.
func (f *Panel) toDownloads() {
	s := f.active
	entries := s.selectedEntries()
	folder := f.p.Downloads()
	f.run("transfer", func(ctx ctx) error {
		return f.p.Files.TransferHere(ctx, s.session, entries, folder, transfer.KeepBoth)
	}, func(err error) {
		if err != nil {
			f.trouble(err, nil)
			return
		}
		f.p.Host.Show(panel.Toast{Text: words.N("files.to_downloads", len(entries))})
	})
}

// showInFolder opens the folder in the system's program for it.
func (f *Panel) showInFolder() {
	s := f.active
	p := s.listing().Path
	if entries := s.selectedEntries(); len(entries) > 0 {
		p = p.Join(entries[0].Name)
	} else {
		p = p.Join(".")
	}
	path := s.session.SystemPath(p)
	f.run("show in folder", func(ctx) error { return f.p.ShowInFolder(path) }, f.report)
}

// copyAddress puts the addresses of what is selected, or of the folder, on the
// clipboard, a line each.
func (f *Panel) copyAddress() {
	s := f.active
	p := s.listing().Path
	var lines []string
	for _, e := range s.selectedEntries() {
		lines = append(lines, s.address(p.Join(e.Name)))
	}
	if len(lines) == 0 {
		lines = []string{s.address(p)}
	}
	fyne.CurrentApp().Clipboard().SetContent(strings.Join(lines, "\n"))
	f.p.Host.Show(panel.Toast{Text: words.N("files.copied", len(lines))})
}

// sideAt gives the side at a place of the window.
func (f *Panel) sideAt(at fyne.Position) *side {
	for _, s := range []*side{f.here, f.there} {
		if s.object == nil || f.cover != nil || s == f.here && f.state.HideLeft {
			continue
		}
		p := at.Subtract(fyne.CurrentApp().Driver().AbsolutePositionForObject(s.object))
		if size := s.object.Size(); p.X >= 0 && p.Y >= 0 && p.X < size.Width && p.Y < size.Height {
			return s
		}
	}
	return nil
}

// selected follows a changed selection. Menus and bar are drawn again only where
// that makes a difference to them.
func (s *side) selected() {
	kind := min(s.selectedCount(), 2)
	if s.f.active != s || kind != s.selectionKind {
		s.f.active, s.selectionKind = s, kind
		s.f.p.Host.Changed(s.f)
	}
	s.foot.update()
	s.f.showPreview()
}

// tab goes to the other pane.
func (s *side) tab() {
	if o := s.other(); o.table != nil && !(o.first && s.f.state.HideLeft) {
		s.f.focus(o)
	}
}

// open enters a folder, and opens or fetches a file.
func (s *side) open(i int) {
	e := s.entries[i]
	switch {
	case e.Type.IsDir():
		s.session.Enter(e)
	case s.local:
		if s.f.p.OpenFile == nil {
			return
		}
		path := s.session.SystemPath(s.listing().Path.Join(e.Name))
		s.f.run("open file", func(_ ctx) error { return s.f.p.OpenFile(path) }, s.f.report)
	default:
		s.table.List.SetSelection([]int{i}, i)
		s.f.transfer(s, s.other())
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
	case fyne.KeyF3:
		s.f.active = s
		s.f.openSearch()
	case fyne.KeyInsert:
		i := s.table.List.Current()
		s.table.List.Toggle(i)
		if i+1 < len(s.entries) {
			kept := s.table.List.Selected()
			s.table.List.SetSelection(kept, i+1)
			s.table.List.ScrollTo(i + 1)
		}
	case fyne.KeyEscape:
		switch l := s.listing(); {
		case s.f.drag.from != nil:
			s.f.endDrag()
			s.f.drag.stopped = true
			return true
		case s.filter != "":
			s.closeFilter()
			return true
		case l.Loading || l.Busy != "":
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
	send, o := "files.send", s.other()
	switch {
	case s.first && s.local && !o.local:
		send = "files.upload"
	case !s.first && !s.local && o.local:
		send = "files.download"
	}
	var wanted []string
	if i >= 0 {
		wanted = []string{send, "files.to_downloads", "files.rename", "files.delete", "files.mkdir", "files.copy_address", "files.folder"}
	} else {
		wanted = []string{"files.mkdir", "files.reload", "files.copy_address", "files.folder"}
	}
	wanted = slices.Concat(wanted, s.f.opsMenu(s, i), s.f.compareMenu(s, i), s.f.previewMenu(s, i))
	var items []*fyne.MenuItem
	if i >= 0 && s.entries[i].Type.IsDir() {
		items = append(items, fyne.NewMenuItemWithIcon(words.T("files.open"), look.Icon("open"), func() { s.open(i) }))
	}
	for _, id := range wanted {
		for _, c := range s.f.Commands() {
			if c.ID == id && (c.Enabled == nil || c.Enabled() || !onlySometimes[id]) {
				item := fyne.NewMenuItemWithIcon(c.Name, c.Icon, c.Run)
				item.Disabled = c.Enabled != nil && !c.Enabled()
				items = append(items, item)
			}
		}
	}
	kit.ShowMenu(s.f.p.Host.Window().Canvas(), words.T("menu.more"), at, items)
}

// onlySometimes are the commands that stand in a row's menu only where they can
// be carried out.
var onlySometimes = map[string]bool{"files.to_downloads": true, "files.folder": true}

// confirm asks before something that cannot be undone.
func (f *Panel) confirm(title, text, yes string, then func()) {
	f.p.Host.Ask(panel.Question{
		Title: title, Text: text,
		Choices: []panel.Choice{{Label: words.T("files.cancel")}, {Label: yes, Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" {
				then()
			}
		},
	})
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
	f.askName(words.T("files.mkdir.title"), words.T("files.mkdir.text"), "", words.T("files.mkdir.yes"), func(name string) { f.makeFolder(s, name) })
}

func (f *Panel) rename() {
	s := f.active
	entries := s.selectedEntries()
	if len(entries) != 1 {
		return
	}
	f.askName(words.T("files.rename.title", "Name", shorten(entries[0].Display, 50)), words.T("files.rename.text"), entries[0].Display,
		words.T("command.files.rename"), func(name string) { f.renameTo(s, entries[0], name) })
}
