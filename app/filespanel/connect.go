package filespanel

import (
	"context"
	"net"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sites"
	"guichet/widgets/kit"
)

type ctx = context.Context

func (f *Panel) sites() []files.Site {
	if l := get(f.p.Files.Sites()); l != nil {
		return l.Sites
	}
	return nil
}

// serversFace is the right side while nothing is connected: the saved servers
// and the button that begins.
func (f *Panel) serversFace() fyne.CanvasObject {
	saved := f.sites()
	column := kit.Column(12, kit.Row(0, -1, kit.NewImage(look.Icon("server"), 40, kit.ColorQuiet)))
	title, text := words.T("files.none.title"), words.T("files.none.text")
	if len(saved) > 0 {
		title, text = words.T("files.saved.title"), words.T("files.saved.text")
	}
	column.Add(kit.NewParagraph(title, kit.TextStyle{Size: kit.SizeTitle, Bold: true}))
	column.Add(kit.NewParagraph(text, kit.TextStyle{Color: kit.ColorQuiet}))
	for _, s := range saved {
		open := kit.NewButton(kit.ButtonParams{Text: shorten(s.Title(), 50), Icon: look.Icon("server"), OnTapped: func() { f.connect(s, nil) }})
		forget := kit.NewButton(kit.ButtonParams{Icon: look.Icon("trash"), Kind: kit.Quiet, Tip: words.T("files.forget"), OnTapped: func() { f.forget(s) }})
		column.Add(kit.Row(6, 0, open, forget))
	}
	column.Add(kit.Row(0, -1, kit.NewButton(kit.ButtonParams{Text: words.T("command.files.connect"), Icon: look.Icon("plus"), Kind: kit.Primary, OnTapped: func() { f.connectDialog("", "") }})))
	return kit.NewPage(400, true, kit.Inset(24, 24, 24, 24, column))
}

func (f *Panel) forget(s files.Site) {
	f.p.Host.Ask(panel.Question{
		Title: words.T("files.forget.title", "Name", s.Title()), Text: words.T("files.forget.text"),
		Choices: []panel.Choice{{Label: words.T("files.keep")}, {Label: words.T("files.forget"), Value: "yes", Danger: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" {
				f.p.Files.RemoveSite(s.ID, func(err error) { f.p.Host.Post(func() { f.report(err) }) })
			}
		},
	})
}

// serversMenu lists the saved servers.
func (f *Panel) serversMenu() {
	var items []*fyne.MenuItem
	for _, s := range f.sites() {
		items = append(items, fyne.NewMenuItemWithIcon(shorten(s.Title(), 50), look.Icon("server"), func() { f.connect(s, nil) }))
	}
	if len(items) == 0 {
		items = append(items, &fyne.MenuItem{Label: words.T("files.saved.none"), Disabled: true})
	}
	if f.there.session != nil && f.there.listing().Site.ID == "" {
		items = append(items, fyne.NewMenuItemSeparator(), fyne.NewMenuItem(words.T("command.files.save"), f.saveSite))
	}
	c := f.p.Host.Window().Canvas()
	kit.ShowMenu(c, words.T("menu.more"), fyne.NewPos(c.Size().Width-kit.Px(280), kit.Px(54)), items)
}

// connect opens a server in the right side.
func (f *Panel) connect(site files.Site, password *string) {
	f.asking = nil
	f.there.use(f.p.Files.Open(site, password))
	f.there.build()
	f.layout()
	f.p.Host.Changed(f)
}

func (f *Panel) disconnect() {
	f.there.use(nil)
	f.there.build()
	f.layout()
	f.active = f.here
	f.updateStatus()
	f.p.Host.Changed(f)
}

// saveSite keeps the connected server among the saved ones.
func (f *Panel) saveSite() {
	l := f.there.listing()
	if l == nil {
		return
	}
	f.askName(words.T("files.save.title"), words.T("files.save.text"), "", words.T("files.save.yes"), func(name string) {
		site := l.Site
		site.Name = name
		f.p.Files.SaveSite(site, nil, func(_ files.Site, err error) { f.p.Host.Post(func() { f.report(err) }) })
	})
}

// labelled puts a label over a field.
func labelled(id string, o fyne.CanvasObject) fyne.CanvasObject {
	return kit.Column(4, kit.NewText(words.T(id), kit.TextStyle{Size: 13, Color: kit.ColorQuiet}), o)
}

// connectDialog asks for a server, a name and a password: the rest is found
// out.
func (f *Panel) connectDialog(host, user string) {
	server, name, password := kit.NewEntry("files.example.org"), kit.NewEntry(""), kit.NewPasswordEntry("")
	server.SetText(host)
	name.SetText(user)
	keep := widget.NewCheck(words.T("files.connect.keep"), nil)
	keep.SetChecked(true)
	f.p.Host.Ask(panel.Question{
		Title: words.T("files.connect.title"), Text: words.T("files.connect.text"),
		Content: kit.Column(10, labelled("files.connect.server", server), labelled("files.connect.user", name), labelled("files.connect.password", password), keep),
		Choices: []panel.Choice{{Label: words.T("files.cancel")}, {Label: words.T("files.connect.yes"), Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" && strings.TrimSpace(server.Text) != "" {
				f.begin(strings.TrimSpace(server.Text), strings.TrimSpace(name.Text), password.Text, keep.Checked)
			}
		},
	})
	first := server
	if host != "" {
		first = name
	}
	f.p.Host.Window().Canvas().Focus(first)
}

// begin connects to what was typed: an address as it is, a bare name after
// finding out how it wants to be reached.
func (f *Panel) begin(host, user, password string, keep bool) {
	if strings.Contains(host, "://") {
		site, err := files.ParseURL(host)
		if err != nil {
			f.trouble(err, nil)
			return
		}
		if user != "" {
			site.User = user
		}
		f.found(site, password, keep)
		return
	}
	if u, h, ok := strings.Cut(host, "@"); ok && user == "" {
		user, host = u, h
	}
	f.p.Host.Show(panel.Toast{Text: words.T("files.connect.looking", "Host", host)})
	f.p.Files.Discover(host, user, password, func(found sites.Found, err error) {
		f.p.Host.Post(func() { f.discovered(host, user, password, keep, found, err) })
	})
}

func (f *Panel) discovered(host, user, password string, keep bool, found sites.Found, err error) {
	again := func() { f.begin(host, user, password, keep) }
	switch {
	case err != nil && fault.Is(err, fault.Login):
		f.trouble(err, nil)
		f.connectDialog(host, user)
	case err != nil:
		f.trouble(err, again)
	case found.Clear:
		f.askClearWith(found.Site, func(site files.Site) { f.found(site, password, keep) })
	default:
		f.found(found.Site, password, keep)
	}
}

// found connects, and keeps the server and its password if that is wanted.
func (f *Panel) found(site files.Site, password string, keep bool) {
	var pw *string
	if password != "" {
		pw = &password
	}
	if !keep {
		f.connect(site, pw)
		return
	}
	if site.Name == "" {
		site.Name = site.Host
		if p := site.Port; p != 0 && p != site.Protocol.DefaultPort() {
			site.Name = net.JoinHostPort(site.Host, strconv.Itoa(p))
		}
	}
	f.p.Files.SaveSite(site, pw, func(saved files.Site, err error) {
		f.p.Host.Post(func() {
			if err != nil { // it can be used all the same
				f.trouble(err, nil)
				saved = site
			}
			f.connect(saved, pw)
		})
	})
}

// askClear asks whether a server that knows no encryption may be used.
func (f *Panel) askClear(site files.Site) {
	f.askClearWith(site, func(s files.Site) { f.connect(s, nil) })
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

// askPassword asks again after a name or password was refused.
func (f *Panel) askPassword(site files.Site, err error) {
	name, password := kit.NewEntry(""), kit.NewPasswordEntry("")
	name.SetText(site.User)
	keep := widget.NewCheck(words.T("files.password.keep"), nil)
	keep.SetChecked(site.ID != "")
	e := words.Fault(err, "files")
	f.p.Host.Ask(panel.Question{
		Title: e.Title, Text: words.T("files.password.text", "Name", site.Title()), Details: e.Details,
		Content: kit.Column(10, labelled("files.connect.user", name), labelled("files.connect.password", password), keep),
		Choices: []panel.Choice{{Label: words.T("files.cancel")}, {Label: words.T("files.connect.yes"), Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if value != "yes" {
				return
			}
			site.User = name.Text
			f.found(site, password.Text, keep.Checked)
		},
	})
	f.p.Host.Window().Canvas().Focus(password)
}

// Connect opens the form for a server.
func (f *Panel) Connect() { f.connectDialog("", "") }
