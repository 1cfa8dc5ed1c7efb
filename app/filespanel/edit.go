package filespanel

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/data/binding"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/edit"
	"guichet/widgets/kit"
	"guichet/widgets/rowlist"
	"guichet/widgets/transferrow"
)

// editList follows the edited files: it asks about conflicts, tells of what was
// brought back, and fills the page that lists them.
type editList struct {
	f       *Panel
	service *edit.Service
	known   map[string]edit.File // as last shown
	list    *rowlist.List        // of the open page; nil: none
}

// UseEdits lets files of servers be edited here. It is called once, before the
// panel is shown.
func (f *Panel) UseEdits(s *edit.Service) {
	f.ops.edits = &editList{f: f, service: s, known: map[string]edit.File{}}
	s.SetOpener(func(path string) error { return f.p.OpenFile(path) })
}

// watchEdits begins to follow the edited files, once the panel is shown.
func (f *Panel) watchEdits() {
	if l := f.ops.edits; l != nil {
		l.service.Files().AddListener(binding.NewDataListener(l.update))
	}
}

func (f *Panel) editedFiles() []edit.File {
	if f.ops.edits == nil {
		return nil
	}
	return get(f.ops.edits.service.Files()).Files
}

// editable reports whether what is selected is one file of a server.
func (f *Panel) editable() bool {
	if f.ops.edits == nil || f.p.OpenFile == nil || f.active.session == nil || f.active.local {
		return false
	}
	entries := f.active.selectedEntries()
	return len(entries) == 1 && (entries[0].Type == files.File || entries[0].Type == files.LinkFile)
}

// edit opens what is selected in the program that is for it; every save is
// brought back.
func (f *Panel) edit() {
	if !f.editable() {
		return
	}
	s := f.active
	e := s.selectedEntries()[0]
	site, p, name := s.listing().Site, s.listing().Path.Join(e.Name), shorten(e.Display, 40)
	f.run("edit", func(ctx) error { return f.ops.edits.service.Start(site, p) }, func(err error) {
		if err != nil {
			f.editTrouble(name, err, nil)
			return
		}
		f.p.Host.Show(panel.Toast{Text: words.T("ops.edit.opening", "Name", name), Action: words.T("ops.edit.list"), Do: f.showEdits})
	})
}

// editTrouble says why a file is not edited: programs are not opened.
func (f *Panel) editTrouble(name string, err error, retry func()) {
	if stepOf(err) == "program" {
		f.p.Host.Ask(panel.Question{
			Title: words.T("ops.edit.program", "Name", name), Text: words.T("ops.edit.program.text"),
			Choices: []panel.Choice{{Label: words.T("ops.understood"), Primary: true}}, Answer: func(string, bool) {},
		})
		return
	}
	f.trouble(err, retry)
}

func stepOf(err error) string { return fault.From("", "", err).Step }

// update compares with what was shown and tells what is new.
func (l *editList) update() {
	seen := map[string]edit.File{}
	left := 0
	for _, e := range get(l.service.Files()).Files {
		seen[e.ID] = e
		old, known := l.known[e.ID]
		switch {
		case e.State == edit.Left && !known:
			left++
		case e.State == edit.Conflict && old.State != edit.Conflict:
			l.ask(e)
		case e.State == edit.Failed && old.State != edit.Failed && stepOf(e.Fault) == "program":
			l.service.Close(e.ID)
			l.f.editTrouble(shorten(e.Name, 40), e.Fault, nil)
		case e.State == edit.Failed && old.State != edit.Failed && known:
			l.f.p.Host.Show(panel.Toast{Text: words.T("ops.edit.failed", "Name", shorten(e.Name, 40)), Action: words.T("ops.edit.list"), Do: l.f.showEdits})
		case e.Saved.After(old.Saved) && known:
			l.f.p.Host.Show(panel.Toast{Text: l.line(e)})
			for _, s := range []*side{l.f.here, l.f.there} {
				if s.session != nil && s.listing().Site.Key() == e.Site.Key() && s.listing().Path.Equal(e.Path.Dir()) {
					s.session.Reload()
				}
			}
		}
	}
	l.known = seen
	if left > 0 {
		l.f.p.Host.Show(panel.Toast{Text: words.N("ops.edit.left", left), Action: words.T("ops.edit.look"), Do: l.f.showEdits})
	}
	if l.list != nil {
		l.list.SetLength(len(l.f.editedFiles()))
	}
	l.f.p.Host.Changed(l.f)
}

// line says in one sentence where a file stands.
func (l *editList) line(e edit.File) string {
	name, place := shorten(e.Name, 40), shorten(e.Site.Title(), 40)
	switch e.State {
	case edit.Fetching:
		return words.T("ops.edit.fetching", "Place", place)
	case edit.Saving:
		return words.T("ops.edit.saving", "Place", place)
	case edit.Conflict:
		return words.T("ops.edit.conflict", "Place", place)
	case edit.Left:
		return words.T("ops.edit.left.one", "Place", place)
	case edit.Failed:
		return words.Fault(e.Fault, l.f.ID()).Title
	}
	if e.Saved.IsZero() {
		return words.T("ops.edit.open", "Place", place)
	}
	return words.T("ops.edit.saved", "Name", name, "Place", place, "Time", e.Saved.Format("15:04"))
}

// ask lets the person decide about a file that was changed on both sides.
func (l *editList) ask(e edit.File) {
	name, place := shorten(e.Name, 40), shorten(e.Site.Title(), 40)
	q := panel.Question{
		Title: words.T("ops.edit.both", "Name", name), Text: words.T("ops.edit.both.text", "Place", place),
		Choices: []panel.Choice{
			{Label: words.T("ops.edit.theirs"), Value: string(edit.Theirs)},
			{Label: words.T("ops.edit.mine"), Value: string(edit.Mine), Danger: true},
			{Label: words.T("ops.edit.keep_both"), Value: string(edit.Both), Primary: true},
		},
		Answer: func(value string, _ bool) {
			if value != "" {
				l.service.Resolve(e.ID, edit.Choice(value))
			}
		},
	}
	if e.Gone {
		q.Title, q.Text = words.T("ops.edit.gone", "Name", name, "Place", place), words.T("ops.edit.gone.text")
		q.Choices = []panel.Choice{{Label: words.T("ops.edit.later")}, {Label: words.T("ops.edit.put_again"), Value: string(edit.Mine), Primary: true}}
	}
	l.f.p.Host.Ask(q)
}

// showEdits is the page that lists the edited files.
func (f *Panel) showEdits() {
	l := f.ops.edits
	if l == nil {
		return
	}
	l.list = rowlist.New(rowlist.Params{
		RowHeight: func() float32 { return kit.Px(transferrow.Tall) },
		Create:    func() fyne.CanvasObject { return transferrow.New(false) },
		Update: func(i int, o fyne.CanvasObject, _ rowlist.State) {
			if all := f.editedFiles(); i < len(all) {
				o.(*transferrow.Row).Set(l.row(all[i]))
			}
		},
		OnKey: f.escape, Single: true,
	})
	l.list.SetLength(len(f.editedFiles()))
	hint := kit.NewParagraph(words.T("ops.edit.hint"), kit.TextStyle{Color: kit.ColorQuiet})
	f.page(words.T("command.files.edited"), nil, kit.Frame(kit.Inset(12, 14, 8, 14, hint), kit.Inset(0, 14, 0, 14, l.list), nil), nil, f.showEdits, func() { l.list = nil })
	f.p.Host.Window().Canvas().Focus(l.list.FocusTarget())
}

// row writes an edited file out, with what can be done about it.
func (l *editList) row(e edit.File) transferrow.Data {
	d := transferrow.Data{Icon: look.Icon("file"), Title: e.Name, To: "→ " + e.Site.Title(), Fraction: -1, Note: l.line(e)}
	button := func(icon, id string, do func()) {
		d.Actions = append(d.Actions, transferrow.Action{Icon: look.Icon(icon), Tip: words.T(id), Do: do})
	}
	switch e.State {
	case edit.Failed:
		d.NoteColor = kit.ColorBad
		button("retry", "job.retry", func() { l.service.Retry(e.ID) })
	case edit.Conflict:
		d.NoteColor = kit.ColorBad
		button("compare", "ops.edit.decide", func() { l.ask(e) })
	case edit.Left:
		button("upload", "ops.edit.resume", func() { l.service.Resume(e.ID) })
	case edit.Open:
		if !e.Saved.IsZero() {
			d.Icon, d.IconColor = look.Icon("check"), kit.ColorGoodText
		}
	}
	if e.State != edit.Fetching {
		button("open", "ops.edit.reopen", func() {
			l.f.run("open file", func(ctx) error { return l.service.Reopen(e.ID) }, l.f.report)
		})
	}
	button("close", "ops.edit.end", func() { l.end(e) })
	return d
}

// end closes a file; what was not brought back is asked about.
func (l *editList) end(e edit.File) {
	if !e.Unsaved {
		l.service.Close(e.ID)
		return
	}
	l.f.p.Host.Ask(panel.Question{
		Title: words.T("ops.edit.drop", "Name", shorten(e.Name, 40)), Text: words.T("ops.edit.drop.text"),
		Choices: []panel.Choice{{Label: words.T("files.keep")}, {Label: words.T("ops.edit.drop.yes"), Value: "yes", Danger: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" {
				l.service.Close(e.ID)
			}
		},
	})
}
