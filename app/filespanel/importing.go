package filespanel

import (
	"errors"
	"os"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files/sitesio"
	"guichet/widgets/kit"
)

// importServers looks for the lists of other programs and offers them; none is
// read before a person says so.
func (f *Panel) importServers() {
	var found []sitesio.Source
	f.run("look for lists", func(ctx) error { found = sitesio.Sources(); return nil }, func(error) { f.offerSources(found) })
}

func (f *Panel) offerSources(found []sitesio.Source) {
	column := kit.Column(6)
	boxes := make([]*widget.Check, len(found))
	for i, s := range found {
		boxes[i] = widget.NewCheck(words.T("ops.import.from."+string(s.Format)), nil)
		// The lists of programs for files; the others are mostly for something else.
		boxes[i].Checked = s.Format == sitesio.FileZilla || s.Format == sitesio.WinSCP
		column.Add(boxes[i])
		if s.Path != "" {
			column.Add(kit.Inset(-4, 0, 4, 34, kit.NewText(s.Path, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true})))
		}
	}
	text, choices := words.T("ops.import.text"), []panel.Choice{{Label: words.T("files.cancel")}, {Label: words.T("ops.import.file"), Value: "file"}}
	if len(found) == 0 {
		text = words.T("ops.import.none")
	} else {
		choices = append(choices, panel.Choice{Label: words.T("ops.import.read"), Value: "yes", Primary: true})
	}
	f.p.Host.Ask(panel.Question{
		Title: words.T("ops.import.title"), Text: text, Content: column, Choices: choices,
		Answer: func(value string, _ bool) {
			switch value {
			case "file":
				f.chooseList()
			case "yes":
				var chosen []sitesio.Source
				for i, s := range found {
					if boxes[i].Checked {
						chosen = append(chosen, s)
					}
				}
				f.readLists(chosen)
			}
		},
	})
}

// chooseList asks for a file with a list.
func (f *Panel) chooseList() {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if err != nil || r == nil {
			f.report(fault.OrNil("read sites", err))
			return
		}
		path := r.URI().Path()
		_ = r.Close() // only its name was wanted
		f.readLists([]sitesio.Source{{Path: path}})
	}, f.p.Host.Window())
	d.Resize(fyne.NewSize(kit.Px(820), kit.Px(560)))
	d.Show()
}

func (f *Panel) readLists(sources []sitesio.Source) {
	if len(sources) == 0 {
		return
	}
	var lists []*sitesio.List
	f.run("read sites", func(ctx) error {
		var failed error
		for _, s := range sources {
			l, err := s.Read()
			if err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			lists = append(lists, l)
		}
		return fault.OrNil("read sites", failed)
	}, func(err error) {
		if err != nil {
			f.trouble(err, nil)
		}
		if len(lists) > 0 {
			f.offerLists(lists)
		}
	})
}

// mostNamed is how many servers the dialog names.
const mostNamed = 8

// offerLists shows what was read and asks what is to be taken over.
func (f *Panel) offerLists(lists []*sitesio.List) {
	total, secrets, locked, skipped := 0, 0, 0, 0
	column := kit.Column(6)
	for _, l := range lists {
		for _, e := range l.Entries {
			if total < mostNamed {
				column.Add(kit.NewText(words.T("ops.import.line", "Name", shorten(e.Site.Title(), 40), "Address", e.Site.URL(nil)), kit.TextStyle{Size: 13, Shrink: true}))
			}
			total++
			if e.Locked {
				locked++
			}
		}
		secrets += l.Passwords()
		skipped += len(l.Skipped)
	}
	if total == 0 {
		f.p.Host.Show(panel.Toast{Text: words.T("ops.import.empty")})
		return
	}
	quiet := kit.TextStyle{Size: 13, Color: kit.ColorQuiet}
	if total > mostNamed {
		column.Add(kit.NewText(words.N("ops.import.more", total-mostNamed), quiet))
	}
	if skipped > 0 {
		column.Add(kit.NewParagraph(words.N("ops.import.skipped", skipped), quiet))
	}
	if locked > 0 {
		column.Add(kit.NewParagraph(words.N("ops.import.locked", locked), quiet))
	}
	passwords, clear := widget.NewCheck(words.N("ops.import.passwords", secrets), nil), widget.NewCheck(words.T("ops.import.clear"), nil)
	if secrets > 0 {
		column.Add(passwords)
	}
	if slices.ContainsFunc(lists, func(l *sitesio.List) bool { return l.CanClear && l.Path != "" && l.Passwords() > 0 }) {
		clear.Disable()
		passwords.OnChanged = func(on bool) {
			if clear.Disable(); on {
				clear.Enable()
			}
		}
		column.Add(clear)
		column.Add(kit.Inset(-4, 0, 0, 34, kit.NewParagraph(words.T("ops.import.clear.why"), quiet)))
	}
	f.p.Host.Ask(panel.Question{
		Title: words.N("ops.import.found", total), Text: words.T("ops.import.found.text"), Content: column,
		Choices: []panel.Choice{{Label: words.T("files.cancel")}, {Label: words.T("ops.import.yes"), Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" {
				f.takeOver(lists, passwords.Checked, passwords.Checked && clear.Checked)
			}
		},
	})
}

// takeOver saves the servers. Passwords are removed from the old lists only
// when all of them are in the key ring.
func (f *Panel) takeOver(lists []*sitesio.List, passwords, clear bool) {
	added, known, cleared := 0, 0, 0
	f.run("import sites", func(ctx ctx) error {
		for _, l := range lists {
			a, k, err := f.p.Files.Import(ctx, l.Entries, passwords)
			added, known = added+a, known+k
			if err != nil {
				return err
			}
		}
		for _, l := range lists {
			if !clear || !l.CanClear {
				continue
			}
			n, err := sitesio.Clear(l)
			cleared += n
			if err != nil {
				return err
			}
		}
		return nil
	}, func(err error) {
		if err != nil {
			f.trouble(err, nil)
		}
		if err == nil || added > 0 {
			text := words.N("ops.import.done", added)
			if known > 0 {
				text += " " + words.N("ops.import.known", known)
			}
			if cleared > 0 {
				text += " " + words.N("ops.import.cleared", cleared)
			}
			f.p.Host.Show(panel.Toast{Text: text})
		}
	})
}

// exportServers writes the saved servers into a file, without passwords.
func (f *Panel) exportServers() {
	form := widget.NewRadioGroup([]string{words.T("ops.export.guichet"), words.T("ops.export.filezilla")}, nil)
	form.Required = true
	form.SetSelected(form.Options[0])
	f.p.Host.Ask(panel.Question{
		Title: words.T("ops.export.title"), Text: words.T("ops.export.text"), Content: form,
		Choices: []panel.Choice{{Label: words.T("files.cancel")}, {Label: words.T("ops.export.yes"), Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if value != "yes" {
				return
			}
			format, name := sitesio.Guichet, "guichet-servers.json"
			if form.Selected == form.Options[1] {
				format, name = sitesio.FileZilla, "guichet-servers.xml"
			}
			f.saveList(format, name)
		},
	})
}

func (f *Panel) saveList(format sitesio.Format, name string) {
	d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
		if err != nil || w == nil {
			f.report(fault.OrNil("export sites", err))
			return
		}
		path := w.URI().Path()
		_ = w.Close() // the list is written off this goroutine
		f.writeList(format, path)
	}, f.p.Host.Window())
	d.SetFileName(name)
	d.Resize(fyne.NewSize(kit.Px(820), kit.Px(560)))
	d.Show()
}

func (f *Panel) writeList(format sitesio.Format, path string) {
	list := f.sites()
	f.run("export sites", func(ctx) error {
		data, err := sitesio.Export(list, format)
		if err != nil {
			return err
		}
		return fault.OrNil("export sites", os.WriteFile(path, data, 0o600))
	}, func(err error) {
		if err != nil {
			f.trouble(err, nil)
			return
		}
		f.p.Host.Show(panel.Toast{Text: words.N("ops.export.done", len(list))})
	})
}
