package filespanel

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/data/binding"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/ops"
	"guichet/widgets/filetable"
	"guichet/widgets/kit"
)

// search is the page that looks for files below a folder.
type search struct {
	f       *Panel
	s       *side
	session *browse.Session
	dir     files.Path
	query   ops.Query
	when    string // the chosen age

	running  *ops.Searching
	listener binding.DataListener
	results  *ops.Results
	shown    []ops.Found // of results, in the chosen order

	column     filetable.Column
	descending bool
	name, text *kit.Entry
	hidden     *widget.Check
	age        *widget.Select
	table      *filetable.Table
	status     *kit.Text
	bar        *kit.LoadingBar
	button     *kit.Button
}

// openSearch shows the page for the folder shown.
func (f *Panel) openSearch() {
	s := f.active
	if s.session == nil {
		return
	}
	p := &search{f: f, s: s, session: s.session, dir: s.listing().Path}
	p.query.Folders = true
	p.build()
	f.p.Host.Window().Canvas().Focus(p.name)
}

// ages are the choices of how long ago something was changed.
var ages = []struct {
	id   string
	days int
}{{"ops.search.any", 0}, {"ops.search.day", 1}, {"ops.search.week", 7}, {"ops.search.month", 31}, {"ops.search.year", 366}}

func (p *search) build() {
	p.name, p.text = kit.NewEntry(words.T("ops.search.name")), kit.NewEntry(words.T("ops.search.text"))
	p.name.Text, p.text.Text = p.query.Name, p.query.Text
	for _, e := range []*kit.Entry{p.name, p.text} {
		e.OnSubmitted = func(string) { p.start() }
		e.OnEscape = p.f.closePage
	}
	p.hidden = widget.NewCheck(words.T("ops.search.hidden"), nil)
	p.hidden.Checked = p.query.Hidden
	var labels []string
	for _, a := range ages {
		labels = append(labels, words.T(a.id))
	}
	p.age = widget.NewSelect(labels, nil)
	p.age.SetSelectedIndex(p.chosenAge())
	p.button = kit.NewButton(kit.ButtonParams{Text: words.T("ops.search.start"), Icon: look.Icon("search"), Kind: kit.Primary, OnTapped: p.toggle})
	p.table = filetable.New(filetable.Params{
		NameTitle: words.T("files.column.name"), SizeTitle: words.T("files.column.size"), ChangedTitle: words.T("files.column.changed"),
		OwnerTitle: words.T("ops.column.folder"), OnSort: p.sortBy,
		OnOpen: p.show, OnMenu: p.menu, OnKey: p.f.escape,
	})
	p.table.ShowColumn(filetable.Owner, true)
	p.table.SetWidth(filetable.Owner, 300)
	p.status = kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true})
	p.bar = kit.NewLoadingBar()
	form := kit.Column(0, kit.Inset(8, 14, 8, 14, kit.Flow(10,
		kit.Least(240, 0, p.name), kit.Least(240, 0, p.text), kit.Least(210, 0, p.age), p.hidden, p.button)), kit.Line())
	foot := kit.Column(0, kit.Line(), kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide}), kit.Least(0, 30, kit.Inset(0, 14, 0, 14, kit.Row(8, 0, p.status)))))
	body := kit.Frame(kit.Column(0, form, p.bar), p.table, foot)
	place := words.T("files.here")
	if !p.s.local {
		place = p.session.Current().Site.Title()
	}
	p.f.page(words.T("ops.search.title", "Folder", shorten(p.folder(p.dir), 60), "Place", shorten(place, 40)), nil, body, nil,
		func() { p.keep(); p.build() }, p.stop)
	p.update()
}

func (p *search) chosenAge() int {
	for i, a := range ages {
		if a.id == p.when {
			return i
		}
	}
	return 0
}

// keep takes the query from the fields.
func (p *search) keep() {
	p.query.Name, p.query.Text, p.query.Hidden = strings.TrimSpace(p.name.Text), p.text.Text, p.hidden.Checked
	p.when, p.query.After = "", time.Time{}
	if i := p.age.SelectedIndex(); i > 0 {
		p.when, p.query.After = ages[i].id, p.f.p.Now().AddDate(0, 0, -ages[i].days)
	}
}

func (p *search) toggle() {
	if p.results != nil && !p.results.Ended {
		p.running.Stop()
		return
	}
	p.start()
}

// start searches anew.
func (p *search) start() {
	p.stop()
	p.keep()
	p.results, p.shown = &ops.Results{}, nil
	p.table.List.SetSelection(nil, -1)
	run := ops.StartSearch(p.f.p.Tasks, func(ctx context.Context) (files.FS, error) { return p.session.Connected(ctx) }, p.dir, p.query)
	p.running = run
	p.listener = binding.NewDataListener(func() {
		if p.running == run {
			p.results = get(run.Results())
			p.update()
		}
	})
	run.Results().AddListener(p.listener)
	p.update()
}

func (p *search) stop() {
	if p.running != nil {
		p.running.Results().RemoveListener(p.listener)
		p.running.Stop()
		p.running = nil
	}
}

// folder writes a folder below the one that is searched.
func (p *search) folder(dir files.Path) string { return p.s.pathText(dir) }

func (p *search) update() {
	r := p.results
	p.bar.Stop()
	p.button.SetText(words.T("ops.search.start"))
	if r == nil {
		p.status.SetText(words.T("ops.search.hint"))
		return
	}
	if !r.Ended {
		p.bar.Start()
		p.button.SetText(words.T("ops.search.stop"))
	}
	p.arrange()
	text := words.N("ops.search.found", len(r.Found))
	switch {
	case r.Looked.Full:
		text += " · " + words.T("ops.search.full")
	case !r.Ended:
		text += " · " + words.N("ops.search.seen", r.Looked.Seen)
	case r.Fault != nil && !r.Looked.Complete:
		text += " · " + words.T("ops.search.broken", "Why", words.Fault(r.Fault, p.f.ID()).Title)
	case r.Looked.Unread > 0:
		text += " · " + words.N("ops.search.unread", r.Looked.Unread)
	}
	p.status.SetText(text)
}

// sortBy sorts by a column; a second click turns the order round.
func (p *search) sortBy(c filetable.Column) {
	p.descending = p.column == c && !p.descending
	p.column = c
	p.arrange()
}

// arrange shows what was found in the chosen order; what was selected stays so.
func (p *search) arrange() {
	if p.results == nil {
		return
	}
	kept := map[string]bool{}
	for _, i := range p.table.List.Selected() {
		kept[p.shown[i].Path.String()] = true
	}
	p.shown = slices.Clone(p.results.Found)
	slices.SortStableFunc(p.shown, func(a, b ops.Found) int {
		c := 0
		switch p.column {
		case filetable.Size:
			c = cmp.Compare(a.Entry.Size, b.Entry.Size)
		case filetable.Changed:
			c = a.Entry.ModTime.Compare(b.Entry.ModTime)
		case filetable.Owner:
			c = cmp.Compare(a.Path.Dir().String(), b.Path.Dir().String())
		}
		if c == 0 {
			c = cmp.Compare(strings.ToLower(a.Entry.Display), strings.ToLower(b.Entry.Display))
		}
		if p.descending {
			c = -c
		}
		return c
	})
	p.table.SetSort(p.column, p.descending)
	p.table.SetSource(found{p})
	var selected []int
	for i, f := range p.shown {
		if len(kept) > 0 && kept[f.Path.String()] {
			selected = append(selected, i)
		}
	}
	p.table.List.SetSelection(selected, p.table.List.Current())
}

// found are the rows.
type found struct{ p *search }

// Len and Row implement filetable.Source.
func (r found) Len() int { return len(r.p.shown) }

func (r found) Row(i int) filetable.Row {
	one := r.p.shown[i]
	row := filetable.Row{
		Icon: look.Icon(icon(one.Entry)), Name: one.Entry.Display, Changed: words.DateTime(one.Entry.ModTime, r.p.f.p.Now()),
		Owner: r.p.folder(one.Path.Dir()),
	}
	if !one.Entry.Type.IsDir() {
		row.Size = words.Size(one.Entry.Size)
	}
	return row
}

// show opens the folder that holds what was found, and stands on it.
func (p *search) show(i int) {
	one := p.shown[i]
	p.f.closePage()
	if p.s.session != p.session {
		return
	}
	p.s.goStand(one.Path.Dir(), one.Entry.Name)
}

// goStand shows a folder and then stands on one of its entries.
func (s *side) goStand(dir files.Path, name string) {
	session := s.session
	var l binding.DataListener
	asked := session.Current().Version
	l = binding.NewDataListener(func() {
		now := session.Current()
		if now.Version == asked || now.Loading || s.session != session {
			return
		}
		session.Listing().RemoveListener(l)
		if !now.Path.Equal(dir) || s.table == nil {
			return
		}
		for i, e := range s.entries {
			if e.Name == name {
				s.table.List.Select(i)
				s.table.List.ScrollTo(i)
			}
		}
	})
	session.Go(dir)
	session.Listing().AddListener(l)
}

// menu is that of a found thing.
func (p *search) menu(i int, at fyne.Position) {
	if i < 0 {
		return
	}
	if !p.table.List.IsSelected(i) {
		p.table.List.Select(i)
	}
	items := []*fyne.MenuItem{fyne.NewMenuItemWithIcon(words.T("ops.search.show"), look.Icon("open"), func() { p.show(i) })}
	if other := p.s.other(); other.session != nil {
		items = append(items, fyne.NewMenuItemWithIcon(words.T("ops.search.fetch"), look.Icon("download"), p.fetch))
	}
	kit.ShowMenu(p.f.p.Host.Window().Canvas(), words.T("menu.more"), at, items)
}

// fetch copies what is selected into the folder of the other pane.
func (p *search) fetch() {
	other := p.s.other()
	to := other.session.Place(other.listing().Path)
	for _, i := range p.table.List.Selected() {
		one := p.shown[i]
		p.f.operate(p.session, one.Path.Dir(), []files.Entry{one.Entry}, ops.Job{Action: ops.Copy}, &to, other.session)
	}
}
