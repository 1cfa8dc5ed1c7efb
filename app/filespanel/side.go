package filespanel

import (
	"context"
	"errors"
	"image"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/data/binding"

	"guichet/app/trouble"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/task"
	"guichet/widgets/breadcrumbs"
	"guichet/widgets/filetable"
	"guichet/widgets/kit"
)

// side is one of the two panes. Either can show this computer or a server.
type side struct {
	f        *Panel
	first    bool // the left one
	local    bool // it shows this computer
	session  *browse.Session
	listener binding.DataListener
	object   *fyne.Container
	table    *filetable.Table
	trail    *breadcrumbs.Trail
	title    *fyne.Container
	tools    *tools
	foot     *foot
	warning  *fyne.Container // what the listing could not tell
	bar      *kit.LoadingBar
	face     *fyne.Container // what stands in the place of the rows: empty, trouble
	target   *kit.Box        // lit up while something is dragged over
	search   *searchFace     // while a host is examined, in place of everything

	entries   []files.Entry // in order, as shown
	arranged  *arranged     // what entries are of
	arranging bool
	again     func() // arranges once more when the one under way is done
	filter    string
	shown     files.Path
	seen      *browse.Listing // what the view shows
	stuck     *trouble.View   // the face for stuckBy
	stuckBy   error

	column        filetable.Column
	descending    bool
	selectionKind int  // 0, 1 or more rows were selected when the menus were drawn
	following     bool // moves because the other side did
	remembered    bool // went to the folder of last time by itself
	narrow        bool // its title is written short
	thumbs        map[thumbKey]image.Image
	thumbWork     *task.Slot
}

// use shows another session; the old one is closed.
func (s *side) use(session *browse.Session) {
	if s.session != nil {
		s.session.Listing().RemoveListener(s.listener)
		s.session.Close()
	}
	s.session, s.entries, s.arranged, s.seen, s.shown = session, nil, nil, nil, nil
	s.filter, s.again, s.remembered, s.following = "", nil, false, false
	s.search = nil
	s.dropThumbnails()
	if session == nil {
		return
	}
	session.SetVisible(!s.f.hidden)
	s.local = session.Current().Site.Protocol == files.ProtocolLocal
	s.listener = binding.NewDataListener(func() {
		if s.session == session {
			s.update()
		}
	})
	session.Listing().AddListener(s.listener)
}

// other is the pane beside.
func (s *side) other() *side {
	if s.first {
		return s.f.there
	}
	return s.f.here
}

func (s *side) listing() *browse.Listing {
	if s.session == nil {
		return nil
	}
	return s.session.Current()
}

// build makes the pane's objects anew.
func (s *side) build() {
	var kept map[string]bool
	current, offset := "", float32(0)
	if s.table != nil && s.session != nil {
		kept, current, offset = s.selectedNames(), s.currentName(), s.table.List.Offset()
	}
	s.seen = nil
	if s.object == nil {
		s.object = container.NewStack()
	}
	if s.session == nil {
		s.table = nil
		s.object.Objects = []fyne.CanvasObject{s.emptyFace()}
		s.object.Refresh()
		return
	}
	s.title, s.bar, s.face, s.warning = container.NewStack(), kit.NewLoadingBar(), container.NewStack(), container.NewStack()
	s.target = kit.NewBox(kit.BoxStyle{Edge: kit.ColorPrimary, Stroke: 2, Radius: 4})
	s.target.Hide()
	s.trail = breadcrumbs.New(s.goTo)
	s.table = filetable.New(filetable.Params{
		NameTitle: words.T("files.column.name"), SizeTitle: words.T("files.column.size"), ChangedTitle: words.T("files.column.changed"),
		ModeTitle: words.T("files.column.mode"), OwnerTitle: words.T("files.column.owner"),
		OnSort: s.sortBy, OnSelect: s.selected, OnOpen: s.open, OnMenu: s.menu, OnKey: s.key, OnRune: s.typed, OnTab: s.tab,
		OnDrag: s.dragged, OnDrop: s.dropped, OnFocus: s.focused, OnVisible: func(int, int) { s.loadThumbnails() },
		OnWidth: s.f.setWidth, OnColumns: s.columnsMenu,
	})
	s.table.SetSort(s.column, s.descending)
	s.applyColumns()
	s.table.SetGrid(s.f.state.Grid[s.index()])
	s.tools, s.foot = newTools(s), newFoot(s)
	head := kit.Column(0, kit.Least(0, 40, kit.Inset(4, 8, 4, 8, s.title)), kit.Line())
	crumbs := kit.Column(0, kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide}), kit.Least(0, 35, kit.Inset(2, 4, 2, 8, kit.Row(2, 0, s.trail, s.tools.object)))), kit.Line())
	s.object.Objects = []fyne.CanvasObject{kit.Frame(kit.Column(0, head, crumbs),
		container.NewStack(s.table, s.face, kit.Frame(s.bar, kit.NewBox(kit.BoxStyle{}), nil), s.target), kit.Column(0, s.warning, s.foot.object))}
	s.object.Refresh()
	s.update()
	if current != "" { // the same rows in another language or text size
		s.restore(kept, current)
		s.table.List.SetOffset(offset)
	}
}

func (s *side) index() int {
	if s.first {
		return 0
	}
	return 1
}

func (s *side) focused(on bool) {
	if on && s.f.active != s {
		s.f.active = s
		s.f.p.Host.Changed(s.f)
		s.f.showPreview()
	}
}

// update shows the newest listing.
func (s *side) update() {
	l := s.listing()
	if l == nil || s.table == nil || s.f.root == nil {
		return
	}
	if l.Loading || l.Busy != "" || l.State == browse.Connecting {
		s.bar.Start()
	} else {
		s.bar.Stop()
	}
	moved := s.seen == nil || !l.Path.Equal(s.shown)
	fresh := moved || s.seen == nil || !same(l.Entries, s.seen.Entries)
	from := s.shown
	first := s.seen == nil
	s.shown, s.seen = l.Path, l
	if fresh {
		current := ""
		if moved {
			s.closeFilter()
			if len(from) > len(l.Path) && !first {
				current = from[len(l.Path)] // coming up: stand on the folder one came from
			}
			s.dropThumbnails()
		}
		s.arrange(moved, current)
	}
	s.trail.SetPath(s.crumbs(l))
	s.updateTitle(l)
	s.tools.update(l)
	s.updateWarning(l)
	s.updateFace(l)
	s.foot.update()
	s.question(l)
	s.f.updateStatus()
	if !l.Loading {
		s.arrived(l, from, moved && !first)
	}
	s.f.p.Host.Changed(s.f)
}

// arrangeAtOnce is how many entries are put in order on the goroutine of the
// user interface; more would be felt.
const arrangeAtOnce = 2000

// arrange puts the newest listing in order and shows it: at once, or behind the
// scenes where there is much to sort. moved says that it is another folder's;
// current is then the name to stand on.
func (s *side) arrange(moved bool, current string) {
	l := s.listing()
	if l == nil || s.table == nil {
		return
	}
	by := order{column: s.column, descending: s.descending, hidden: s.f.state.Hidden, filter: strings.ToLower(s.filter), language: words.Language()}
	old := s.arranged
	grew := !moved && old != nil && l.Loading
	if len(l.Entries) <= arrangeAtOnce && !s.arranging {
		s.apply(arrange(l.Entries, by, old, grew, !l.Loading), moved, current)
		return
	}
	if moved { // the first thousands at once: the rows of another folder are worse than some
		s.again = nil
		source := l.Entries[:min(arrangeAtOnce, len(l.Entries))]
		old, grew = arrange(source, by, nil, false, false), true
		s.apply(old, true, current)
	}
	if s.arranging {
		s.again = func() { s.arrange(false, current) }
		return
	}
	s.arranging = true
	session := s.session
	source, complete := l.Entries, !l.Loading
	var a *arranged
	s.f.run("put in order", func(context.Context) error {
		a = arrange(source, by, old, grew, complete)
		return nil
	}, func(err error) {
		s.arranging = false
		again := s.again
		s.again = nil
		if s.session == session && err == nil && s.seen != nil && s.shown.Equal(l.Path) {
			s.apply(a, false, current)
			s.updateFace(s.listing())
			s.foot.update()
			s.updateWarning(s.listing())
		}
		if again != nil && s.session != nil {
			again()
		}
	})
}

// apply shows rows; what was selected stays so, and what is in view stays there.
func (s *side) apply(a *arranged, moved bool, current string) {
	var kept map[string]bool
	if !moved {
		kept = s.selectedNames()
		if current == "" {
			current = s.currentName()
		}
	}
	list := s.table.List
	before := list.Current()
	s.arranged, s.entries = a, a.rows
	s.table.SetSource(s)
	s.restore(kept, current)
	switch {
	case moved:
		list.SetOffset(0)
		list.ScrollTo(list.Current())
	case before >= 0 && list.Current() != before && list.HasFocus():
		list.ScrollTo(list.Current())
	}
	s.loadThumbnails()
}

func (s *side) restore(kept map[string]bool, current string) {
	var rows []int
	at := -1
	if len(kept) > 0 || current != "" {
		for i := range s.entries {
			e := &s.entries[i]
			if len(kept) > 0 && kept[e.Name] {
				rows = append(rows, i)
			}
			if e.Name == current {
				at = i
			}
		}
	}
	if at < 0 && len(s.entries) > 0 {
		at = 0
	}
	s.table.List.SetSelection(rows, at)
}

// selectedNames gives nil where nothing is selected.
func (s *side) selectedNames() map[string]bool {
	n := s.table.List.SelectedCount()
	if n == 0 {
		return nil
	}
	names := make(map[string]bool, n)
	for _, i := range s.table.List.Selected() {
		if i < len(s.entries) {
			names[s.entries[i].Name] = true
		}
	}
	return names
}

func (s *side) currentName() string {
	if i := s.table.List.Current(); i >= 0 && i < len(s.entries) {
		return s.entries[i].Name
	}
	return ""
}

// selectedEntries are the selected files.
func (s *side) selectedEntries() []files.Entry {
	if s.table == nil {
		return nil
	}
	var out []files.Entry
	for _, i := range s.table.List.Selected() {
		if i < len(s.entries) {
			out = append(out, s.entries[i])
		}
	}
	return out
}

// selectedCount is len(selectedEntries()), at once.
func (s *side) selectedCount() int {
	if s.table == nil {
		return 0
	}
	return s.table.List.SelectedCount()
}

func display(p files.Path) []string {
	out := make([]string, len(p))
	for i, name := range p {
		out[i] = files.Display(name)
	}
	return out
}

func shorten(t string, n int) string {
	if r := []rune(t); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return t
}

// updateFace shows a sentence where there are no rows.
func (s *side) updateFace(l *browse.Listing) {
	s.face.Objects = nil
	if s.stuck != nil && l.Fault == nil {
		s.stuck.Stop()
		s.stuck, s.stuckBy = nil, nil
	}
	switch {
	case len(s.entries) > 0 || s.arranging || l.Loading && l.Fault == nil:
	case l.Fault != nil && len(l.Entries) == 0:
		s.face.Objects = []fyne.CanvasObject{s.troubleFace(l)}
	case l.State == browse.Ready && !l.Loading:
		text := words.T("files.empty")
		if n := len(l.Entries); n > 0 {
			text = words.N("files.empty.hidden", n)
		}
		if s.filter != "" {
			text = words.T("files.filter.none")
		}
		s.face.Objects = []fyne.CanvasObject{kit.Inset(50, 14, 0, 14, kit.NewParagraph(text, kit.TextStyle{Color: kit.ColorQuiet}))}
	}
	s.face.Refresh()
}

// updateWarning says calmly what a listing could not tell.
func (s *side) updateWarning(l *browse.Listing) {
	var text []string
	if n := l.Report.Unread; n > 0 && !l.Loading {
		text = append(text, words.N("files.unread", n))
	}
	if s.arranged != nil && s.arranged.twice > 0 && !l.Loading {
		text = append(text, words.N("files.twice", s.arranged.twice))
	}
	s.warning.Objects = nil
	if len(text) > 0 {
		s.warning.Objects = []fyne.CanvasObject{kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorWarningGround}),
			kit.Inset(6, 14, 6, 14, kit.NewParagraph(strings.Join(text, " "), kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorWarningText})))}
	}
	s.warning.Refresh()
}

// troubleFace says what is wrong and, for a server, at which step.
func (s *side) troubleFace(l *browse.Listing) fyne.CanvasObject {
	if s.stuck != nil && errors.Is(s.stuckBy, l.Fault) {
		return s.stuck
	}
	v := trouble.New(trouble.Params{Panel: s.f.ID(), Err: l.Fault, Now: s.f.p.Now, OnRetry: s.session.Reload})
	s.stuck, s.stuckBy = v, l.Fault
	if s.local || s.f.p.Diagnose == nil || l.State != browse.Broken {
		return v
	}
	site := l.Site
	s.f.p.Tasks.Go("diagnose", func(ctx context.Context) {
		r := s.f.p.Diagnose(ctx, site, nil)
		s.f.p.Host.Post(func() {
			if s.stuck == v && !r.OK {
				v.SetReport(&r)
			}
		})
	})
	return v
}

// question shows what only a person can decide, and tells of an action that
// failed while the rows stay.
func (s *side) question(l *browse.Listing) {
	if l.Fault == nil || errors.Is(s.f.asking, l.Fault) {
		return
	}
	s.f.asking = l.Fault
	var fl *fault.Fault
	if !errors.As(l.Fault, &fl) || fl.Kind == fault.Cancelled {
		return
	}
	if s.remembered && fl.Kind == fault.NotFound { // the folder of last time is gone
		s.remembered = false
		s.session.GoHome()
		return
	}
	switch q := fl.Question.(type) {
	case *files.ClearTextQuestion:
		s.f.askClearWith(q.Site, func(site files.Site) { s.connect(site, nil) })
	default:
		if fl.Kind == fault.Login && !s.local {
			s.askPassword(l.Site, fl)
			return
		}
		if fl.Question != nil || len(l.Entries) > 0 {
			s.f.trouble(l.Fault, s.session.Reload)
		}
	}
}

// arrived follows up on a complete listing: the folder is remembered, and the
// other side goes the same way where the two are linked. moved says that this
// side came from another folder.
func (s *side) arrived(l *browse.Listing, from files.Path, moved bool) {
	if l.State != browse.Ready || l.Fault != nil {
		return
	}
	s.f.remember(s, l)
	followed := s.following
	s.following = false
	o := s.other()
	if !moved || followed || !s.f.state.Linked || o.session == nil {
		return
	}
	ol := o.listing()
	if ol.State != browse.Ready {
		return
	}
	switch {
	case len(l.Path) == len(from)+1 && l.Path.Dir().Equal(from):
		name := files.Display(l.Path.Base())
		i := slices.IndexFunc(ol.Entries, func(e files.Entry) bool { return e.Type.IsDir() && e.Display == name })
		if i < 0 {
			s.f.unlink(name)
			return
		}
		o.following = true
		o.session.Enter(ol.Entries[i])
	case len(from) > 0 && l.Path.Equal(from.Dir()) && len(ol.Path) > 0:
		o.following = true
		o.session.Up()
	}
}
