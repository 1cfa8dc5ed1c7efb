package filespanel

import (
	"net"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/trouble"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/sites"
	"guichet/widgets/kit"
)

func (f *Panel) sites() []files.Site {
	if l := get(f.p.Files.Sites()); l != nil {
		return l.Sites
	}
	return nil
}

// emptyFace is a pane while nothing is connected: a host that is being looked
// for, or the saved servers and the button that begins.
func (s *side) emptyFace() fyne.CanvasObject {
	if s.search != nil {
		return s.search.object
	}
	f := s.f
	saved := f.sites()
	column := kit.Column(12, kit.Row(0, -1, kit.NewImage(look.Icon("server"), 40, kit.ColorQuiet)))
	title, text := words.T("files.none.title"), words.T("files.none.text")
	if len(saved) > 0 {
		title, text = words.T("files.saved.title"), words.T("files.saved.text")
	}
	column.Add(kit.NewParagraph(title, kit.TextStyle{Size: kit.SizeTitle, Bold: true}))
	column.Add(kit.NewParagraph(text, kit.TextStyle{Color: kit.ColorQuiet}))
	for _, site := range saved {
		open := kit.NewButton(kit.ButtonParams{Text: shorten(site.Title(), 50), Icon: look.Icon("server"), OnTapped: func() { s.connect(site, nil) }})
		edit := kit.NewButton(kit.ButtonParams{Icon: look.Icon("settings"), Kind: kit.Quiet, Tip: words.T("files.servers.edit"), OnTapped: func() { f.editSite(site, nil) }})
		forget := kit.NewButton(kit.ButtonParams{Icon: look.Icon("trash"), Kind: kit.Quiet, Tip: words.T("files.forget"), OnTapped: func() { f.forget(site, nil) }})
		column.Add(kit.Row(2, 0, open, edit, forget))
		for _, p := range f.placesOf(site.ID) {
			column.Add(kit.Inset(-6, 0, 0, 12, kit.Row(0, -1, kit.NewButton(kit.ButtonParams{Text: shorten(p.Name, 50), Icon: look.Icon("star-filled"), Kind: kit.Quiet, Small: true, OnTapped: func() { f.goPlace(p) }}))))
		}
	}
	column.Add(kit.Row(0, -1, kit.NewButton(kit.ButtonParams{Text: words.T("command.files.connect"), Icon: look.Icon("plus"), Kind: kit.Primary, OnTapped: func() { f.connectDialog(s, "", "") }})))
	return kit.NewPage(400, true, kit.Inset(24, 24, 24, 24, column))
}

// serversMenu lists the saved servers and the starred folders.
func (f *Panel) serversMenu() {
	var items []*fyne.MenuItem
	for _, s := range f.sites() {
		items = append(items, fyne.NewMenuItemWithIcon(shorten(s.Title(), 50), look.Icon("server"), func() { f.there.connect(s, nil) }))
	}
	if len(items) == 0 {
		items = append(items, &fyne.MenuItem{Label: words.T("files.saved.none"), Disabled: true})
	}
	if len(f.state.Places) > 0 {
		items = append(items, fyne.NewMenuItemSeparator())
		for _, p := range f.state.Places {
			items = append(items, fyne.NewMenuItemWithIcon(shorten(p.Name, 50), look.Icon("star-filled"), func() { f.goPlace(p) }))
		}
	}
	items = append(items, fyne.NewMenuItemSeparator())
	if s := f.server(); s.session != nil && !s.local && s.listing().Site.ID == "" {
		items = append(items, fyne.NewMenuItemWithIcon(words.T("command.files.save"), look.Icon("star"), s.saveSite))
	}
	items = append(items, fyne.NewMenuItemWithIcon(words.T("command.files.manage"), look.Icon("settings"), f.manageServers))
	c := f.p.Host.Window().Canvas()
	kit.ShowMenu(c, words.T("menu.more"), fyne.NewPos(c.Size().Width-kit.Px(280), kit.Px(54)), items)
}

// connect opens a server in the right side.
func (f *Panel) connect(site files.Site, password *string) { f.there.connect(site, password) }

// connect opens a server in the pane: in the folder that was asked for, else
// where it was left last time.
func (s *side) connect(site files.Site, password *string) {
	f := s.f
	f.asking = nil
	asked := len(site.Path) > 0 || site.Rooted
	if last, ok := f.lastFolder(site); ok && !asked {
		site.Path, site.Rooted = last, true
	}
	s.use(f.p.Files.Open(site, password))
	s.remembered = !asked && site.Rooted
	s.build()
	if o := s.other(); site.Folder != "" && o.local && o.session != nil {
		o.session.GoText(site.Folder)
	}
	f.layout()
	f.p.Host.Changed(f)
}

// disconnect ends the pane's connection: the left one shows this computer again.
func (s *side) disconnect() {
	f := s.f
	if s.first {
		s.goHere("")
	} else {
		s.use(nil)
		s.build()
		f.active = f.here
	}
	f.layout()
	f.updateStatus()
	f.p.Host.Changed(f)
}

// saveSite keeps the connected server among the saved ones.
func (s *side) saveSite() {
	l := s.listing()
	if l == nil || s.local {
		return
	}
	f := s.f
	f.askName(words.T("files.save.title"), words.T("files.save.text"), "", words.T("files.save.yes"), func(name string) {
		site := l.Site
		site.Name, site.Path, site.Rooted = name, nil, false
		f.p.Files.SaveSite(site, nil, func(_ files.Site, err error) { f.p.Host.Post(func() { f.report(err) }) })
	})
}

// labelled puts a label over a field.
func labelled(id string, o fyne.CanvasObject) fyne.CanvasObject {
	return kit.Column(4, kit.NewText(words.T(id), kit.TextStyle{Size: 13, Color: kit.ColorQuiet}), o)
}

// connectDialog asks for a server, a name and a password: the rest is found
// out, or filled in under "More".
func (f *Panel) connectDialog(s *side, host, user string) {
	f.askSite(s, newSiteForm(f, files.Site{Host: host, User: user}, true), host != "")
}

// askSite shows the form of a new server.
func (f *Panel) askSite(s *side, form *siteForm, known bool) {
	f.p.Host.Ask(panel.Question{
		Title: words.T("files.connect.title"), Text: words.T("files.connect.text"), Content: form.object,
		Choices: []panel.Choice{{Label: words.T("files.cancel")}, {Label: words.T("files.connect.yes"), Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			form.close()
			if value == "yes" && strings.TrimSpace(form.server.Text) != "" {
				f.begin(s, form)
			}
		},
	})
	first := form.server
	if known {
		first = form.user
	}
	f.p.Host.Window().Canvas().Focus(first)
}

// begin connects to what was typed: an address as it is, a bare name after
// finding out how it wants to be reached.
func (f *Panel) begin(s *side, form *siteForm) {
	site, err := form.read()
	if err != nil {
		f.trouble(err, nil)
		f.askSite(s, form.again(), false)
		return
	}
	if site.Protocol != "" {
		f.found(s, site, form.password.Text, form.keep.Checked)
		return
	}
	s.find(form, site)
}

// found connects, and keeps the server and its password if that is wanted.
func (f *Panel) found(s *side, site files.Site, password string, keep bool) {
	var pw *string
	if password != "" {
		pw = &password
	}
	if !keep {
		s.connect(site, pw)
		return
	}
	if site.Name == "" {
		site.Name = site.Host
		if p := site.Port; p != 0 && p != site.Protocol.DefaultPort() {
			site.Name = net.JoinHostPort(site.Host, strconv.Itoa(p))
		}
		for _, old := range f.sites() { // the same place once more is the same server
			if site.ID == "" && old.Protocol == site.Protocol && old.Account() == site.Account() {
				site.ID, site.Name = old.ID, old.Name
			}
		}
	}
	f.p.Files.SaveSite(site, pw, func(saved files.Site, err error) {
		f.p.Host.Post(func() {
			if err != nil { // it can be used all the same
				f.trouble(err, nil)
				saved = site
			}
			s.connect(saved, pw)
		})
	})
}

// searchFace is a pane while a host is examined: what is being tried, and a
// button that ends it; afterwards what went wrong.
type searchFace struct {
	s      *side
	form   *siteForm
	object fyne.CanvasObject
	steps  *fyne.Container
	bar    *kit.LoadingBar
	stop   func()
	tried  []files.Protocol
}

// find examines a host in the pane's place.
func (s *side) find(form *siteForm, site files.Site) {
	f := s.f
	s.use(nil)
	face := &searchFace{s: s, form: form, steps: kit.Column(8), bar: kit.NewLoadingBar()}
	s.search = face
	host := site.Host
	if site.Port != 0 {
		host = net.JoinHostPort(site.Host, strconv.Itoa(site.Port))
	}
	cancel := kit.NewButton(kit.ButtonParams{Text: words.T("files.cancel"), OnTapped: func() { face.end(); f.askSite(s, form.again(), false) }})
	face.object = kit.Frame(face.bar, kit.NewPage(400, true, kit.Inset(24, 24, 24, 24, kit.Column(12,
		kit.NewParagraph(words.T("files.connect.looking", "Host", site.Host), kit.TextStyle{Size: kit.SizeTitle, Bold: true}),
		face.steps, kit.Row(0, -1, cancel)))), nil)
	face.show()
	face.bar.Start()
	post := func(do func()) {
		f.p.Host.Post(func() {
			if s.search == face {
				do()
			}
		})
	}
	face.stop = f.p.Files.Find(host, site.User, form.password.Text,
		func(p files.Protocol) { post(func() { face.try(p) }) },
		func(found sites.Found, err error) { post(func() { face.done(site, found, err) }) })
}

func (a *searchFace) show() {
	a.s.build()
	a.s.f.layout()
	a.s.f.p.Host.Changed(a.s.f)
}

// end leaves the face.
func (a *searchFace) end() {
	a.stop()
	a.bar.Stop()
	a.s.search = nil
	a.show()
	if a.s.first {
		a.s.goHere("")
	}
}

// try adds a line for what is tried now.
func (a *searchFace) try(p files.Protocol) {
	a.tried = append(a.tried, p)
	a.steps.RemoveAll()
	for i, p := range a.tried {
		icon, colour := "check", kit.ColorGood
		if i == len(a.tried)-1 {
			icon, colour = "dots", kit.ColorQuiet
		} else if p != "" {
			icon, colour = "minus", kit.ColorQuiet
		}
		id := "files.trying.ports"
		if p != "" {
			id = "files.trying." + string(p)
		}
		a.steps.Add(kit.Row(10, 1, kit.NewImage(look.Icon(icon), 14, colour), kit.NewParagraph(words.T(id), kit.TextStyle{})))
	}
	a.steps.Refresh()
	a.show()
}

func (a *searchFace) done(site files.Site, found sites.Found, err error) {
	f, s, form := a.s.f, a.s, a.form
	password, keep := form.password.Text, form.keep.Checked
	result := form.onto(found.Site)
	switch {
	case err == nil && found.Clear:
		a.end()
		f.askClearWith(result, func(site files.Site) { f.found(s, site, password, keep) })
	case err == nil:
		a.bar.Stop()
		s.search = nil
		f.found(s, result, password, keep)
	case fault.Is(err, fault.Login):
		a.end()
		f.trouble(err, nil)
		f.askSite(s, form.again(), true)
	default:
		if _, ask := trouble.Question(err); ask {
			a.end()
			f.trouble(err, func() { s.find(form, site) })
			return
		}
		a.bar.Stop()
		v := trouble.New(trouble.Params{Panel: f.ID(), Err: err, Now: f.p.Now, OnRetry: func() { s.find(form, site) }})
		change := kit.NewButton(kit.ButtonParams{Text: words.T("files.connect.change"), OnTapped: func() { a.end(); f.askSite(s, form.again(), false) }})
		a.object = kit.Frame(nil, v, kit.Inset(8, 14, 12, 14, kit.Row(0, -1, change)))
		a.show()
	}
}

func (f *Panel) askClearWith(site files.Site, yes func(files.Site)) {
	f.p.Host.Ask(panel.Question{
		Title: words.T("files.clear.title", "Name", site.Title()), Text: words.T("files.clear.text"),
		Choices: []panel.Choice{{Label: words.T("files.clear.no")}, {Label: words.T("files.clear.yes"), Value: "yes", Danger: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" {
				site.AllowClear = true
				yes(site)
			}
		},
	})
}

// askPassword asks again after a name or password was refused: by the server, or
// by another on the way to it.
func (s *side) askPassword(site files.Site, err error) {
	f := s.f
	account, at := browse.Refused(site, err)
	name, password := kit.NewEntry(""), kit.NewPasswordEntry("")
	name.SetText(account.User)
	keep := widget.NewCheck(words.T("files.password.keep"), nil)
	keep.SetChecked(site.ID != "")
	e := words.Fault(err, "files")
	q := panel.Question{
		Title: e.Title, Text: words.T("files.password.text", "Name", site.Title()), Details: e.Details,
		Choices: []panel.Choice{{Label: words.T("files.cancel")}, {Label: words.T("files.connect.yes"), Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if value != "yes" {
				return
			}
			if at != browse.AtSite {
				s.enterOnTheWay(site, account, at, name.Text, password.Text, keep.Checked)
				return
			}
			site.User = name.Text
			f.found(s, site, password.Text, keep.Checked)
		},
	}
	switch at {
	case browse.AtJump:
		q.Text = words.T("files.password.jump", "Host", account.Host, "Name", site.Title())
		if account.User == "" {
			name.SetText(site.User)
		}
	case browse.AtProxy:
		q.Text = words.T("files.password.proxy", "Host", account.Host, "Name", site.Title())
	}
	q.Content = kit.Column(10, labelled("files.connect.user", name), labelled("files.connect.password", password), keep)
	f.p.Host.Ask(q)
	if name.Text == "" {
		f.p.Host.Window().Canvas().Focus(name)
	} else {
		f.p.Host.Window().Canvas().Focus(password)
	}
}

// enterOnTheWay uses a name and a password for a server or proxy on the way to a
// site, and connects once more.
func (s *side) enterOnTheWay(site, account files.Site, at browse.Way, user, password string, keep bool) {
	f := s.f
	renamed := user != account.User
	if renamed {
		site, account = browse.WithUser(site, account, at, user)
	}
	f.p.Files.UsePassword(account, password, keep, func(err error) {
		f.p.Host.Post(func() {
			f.report(err) // it can be used all the same
			if renamed && keep && site.ID != "" {
				f.p.Files.SaveSite(site, nil, func(_ files.Site, err error) { f.p.Host.Post(func() { f.report(err) }) })
			}
			s.connect(site, nil)
		})
	})
}

// Connect opens the form for a server.
func (f *Panel) Connect() { f.connectDialog(f.there, "", "") }

// protocolName is what a protocol is called by those who know such names.
func protocolName(p files.Protocol) string {
	names := map[files.Protocol]string{
		files.ProtocolFTP: "FTP", files.ProtocolFTPS: "FTPS", files.ProtocolFTPES: "FTPS", files.ProtocolSFTP: "SFTP",
		files.ProtocolDAV: "WebDAV", files.ProtocolDAVS: "WebDAV", files.ProtocolS3: "S3", files.ProtocolS3Clear: "S3",
	}
	return names[p]
}
