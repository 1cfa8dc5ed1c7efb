package filespanel

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/data/binding"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"guichet/app/look"
	"guichet/app/trouble"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/widgets/breadcrumbs"
	"guichet/widgets/filetable"
	"guichet/widgets/kit"
)

// side is one of the two panes.
type side struct {
	f          *Panel
	local      bool
	session    *browse.Session
	listener   binding.DataListener
	object     *fyne.Container
	table      *filetable.Table
	trail      *breadcrumbs.Trail
	title      *fyne.Container
	bar        *kit.LoadingBar
	face       *fyne.Container // what stands in the place of the rows: empty, trouble
	entries    []files.Entry   // sorted
	shown      files.Path
	seen       *browse.Listing // what the view shows
	stuck      *trouble.View   // the face for stuckBy
	stuckBy    error
	column     filetable.Column
	descending bool
}

// use shows another session; the old one is closed.
func (s *side) use(session *browse.Session) {
	if s.session != nil {
		s.session.Listing().RemoveListener(s.listener)
		s.session.Close()
	}
	s.session, s.entries, s.seen, s.shown = session, nil, nil, nil
	if session == nil {
		return
	}
	s.listener = binding.NewDataListener(func() {
		if s.session == session {
			s.update()
		}
	})
	session.Listing().AddListener(s.listener)
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
	if s.table != nil {
		kept, current, offset = s.selectedNames(), s.currentName(), s.table.List.Offset()
	}
	s.seen = nil
	if s.object == nil {
		s.object = container.NewStack()
	}
	if s.session == nil {
		s.table = nil
		s.object.Objects = []fyne.CanvasObject{s.f.serversFace()}
		s.object.Refresh()
		return
	}
	s.title, s.bar, s.face = container.NewStack(), kit.NewLoadingBar(), container.NewStack()
	s.trail = breadcrumbs.New(s.goTo)
	s.table = filetable.New(filetable.Params{
		NameTitle: words.T("files.column.name"), SizeTitle: words.T("files.column.size"), ChangedTitle: words.T("files.column.changed"),
		OnSort: s.sortBy, OnSelect: s.selected, OnOpen: s.open, OnMenu: s.menu, OnKey: s.key,
		OnDrag: func(fyne.Position) {}, OnDrop: s.dropped, OnFocus: s.focused,
	})
	s.table.SetSort(s.column, s.descending)
	head := kit.Column(0, kit.Least(0, 40, kit.Inset(4, 14, 4, 14, s.title)), kit.Line())
	crumbs := kit.Column(0, kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide}), kit.Least(0, 35, kit.Inset(2, 8, 2, 8, s.trail))), kit.Line())
	s.object.Objects = []fyne.CanvasObject{kit.Frame(kit.Column(0, head, crumbs),
		container.NewStack(s.table, s.face, kit.Frame(s.bar, kit.NewBox(kit.BoxStyle{}), nil)), nil)}
	s.object.Refresh()
	s.update()
	if current != "" { // the same rows in another language or text size
		s.restore(kept, current)
		s.table.List.SetOffset(offset)
	}
}

func (s *side) focused(on bool) {
	if on && s.f.active != s {
		s.f.active = s
		s.f.p.Host.Changed(s.f)
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
	var kept map[string]bool
	current := ""
	if !moved {
		kept, current = s.selectedNames(), s.currentName()
	} else if s.seen != nil && len(s.shown) > len(l.Path) {
		current = s.shown[len(l.Path)] // coming up: stand on the folder one came from
	}
	if moved || s.seen == nil || len(l.Entries) != len(s.seen.Entries) || l.Version != s.seen.Version {
		s.entries = s.sorted(l.Entries)
		s.table.SetSource(s)
		s.restore(kept, current)
		if moved {
			s.table.List.SetOffset(0)
			s.table.List.ScrollTo(s.table.List.Current())
		}
	}
	s.shown, s.seen = l.Path, l
	s.trail.SetPath(s.crumbs(l))
	s.updateTitle(l)
	s.updateFace(l)
	s.question(l)
	s.f.updateStatus()
	s.f.p.Host.Changed(s.f)
}

func (s *side) restore(kept map[string]bool, current string) {
	var rows []int
	at := -1
	for i, e := range s.entries {
		if kept[e.Name] {
			rows = append(rows, i)
		}
		if e.Name == current {
			at = i
		}
	}
	if at < 0 && len(s.entries) > 0 {
		at = 0
	}
	s.table.List.SetSelection(rows, at)
}

func (s *side) selectedNames() map[string]bool {
	names := map[string]bool{}
	for _, e := range s.selectedEntries() {
		names[e.Name] = true
	}
	return names
}

func (s *side) currentName() string {
	if i := s.table.List.Current(); i >= 0 && i < len(s.entries) {
		return s.entries[i].Name
	}
	return ""
}

// selectedEntries are the selected files, or the one the keyboard is at.
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

// crumbs names the steps down to the folder: "Home" where that is on the way.
func (s *side) crumbs(l *browse.Listing) []string {
	if s.local {
		if n := len(l.Home); n > 0 && len(l.Path) >= n && l.Path[:n].Equal(l.Home) {
			return append([]string{words.T("files.home")}, display(l.Path[n:])...)
		}
	}
	return append([]string{"/"}, display(l.Path)...)
}

func display(p files.Path) []string {
	out := make([]string, len(p))
	for i, name := range p {
		out[i] = files.Display(name)
	}
	return out
}

// goTo answers a click on step i of the crumbs.
func (s *side) goTo(i int) {
	l := s.listing()
	base := 0
	if n := len(l.Home); s.local && n > 0 && len(l.Path) >= n && l.Path[:n].Equal(l.Home) {
		base = n
	}
	s.session.Go(slices.Clone(l.Path[:base+i]))
}

// updateTitle writes the line over the crumbs: the place, how safe the line to
// it is, and how much room or how far away.
func (s *side) updateTitle(l *browse.Listing) {
	quiet := kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}
	right := ""
	var line []fyne.CanvasObject
	if s.local {
		line = []fyne.CanvasObject{kit.NewImage(look.Icon("computer"), 17, kit.ColorText), kit.NewText(words.T("files.here"), kit.TextStyle{Bold: true})}
		if l.Free >= 0 {
			right = words.T("files.free", "Size", words.Size(l.Free))
		}
	} else {
		line = []fyne.CanvasObject{kit.NewImage(look.Icon("server"), 17, kit.ColorText), kit.NewText(shorten(l.Site.Title(), 40), kit.TextStyle{Bold: true})}
		switch {
		case l.State == browse.Ready && l.Conn.Secure:
			line = append(line, kit.NewPill(words.T("files.secure"), look.Icon("lock"), kit.ColorGoodText, kit.ColorGoodGround))
		case l.State == browse.Ready:
			line = append(line, kit.NewPill(words.T("files.clear"), look.Icon("lock-open"), kit.ColorWarningText, kit.ColorWarningGround))
		}
		if l.Conn.RoundTrip > 0 {
			right = words.Number(max(l.Conn.RoundTrip.Milliseconds(), 1)) + "\u00a0ms"
		}
	}
	line = append(line, kit.NewBox(kit.BoxStyle{}), kit.NewText(right, quiet))
	if !s.local {
		line = append(line, kit.NewButton(kit.ButtonParams{Icon: look.Icon("close"), Kind: kit.Quiet, Small: true, Tip: words.T("files.disconnect"), OnTapped: s.f.disconnect}))
	}
	grow := len(line) - 2
	if !s.local {
		grow--
	}
	if w := s.object.Size().Width; w > 0 && w < kit.Px(420) { // the name gives way, not the button
		line[1].(*kit.Text).SetStyle(kit.TextStyle{Bold: true, Shrink: true})
		line = append(line[:grow:grow], line[grow+1:]...)
		grow = 1
	}
	s.title.Objects = []fyne.CanvasObject{kit.Row(8, grow, line...)}
	s.title.Refresh()
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
	case len(s.entries) > 0 || l.Loading && l.Fault == nil:
	case l.Fault != nil && len(l.Entries) == 0:
		s.face.Objects = []fyne.CanvasObject{s.troubleFace(l)}
	case l.State == browse.Ready && !l.Loading:
		text := words.T("files.empty")
		if n := len(l.Entries); n > 0 {
			text = words.N("files.empty.hidden", n)
		}
		s.face.Objects = []fyne.CanvasObject{kit.Inset(50, 14, 0, 14, kit.NewParagraph(text, kit.TextStyle{Color: kit.ColorQuiet}))}
	}
	s.face.Refresh()
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
		r := s.f.p.Diagnose(ctx, site)
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
	switch q := fl.Question.(type) {
	case *files.ClearTextQuestion:
		s.f.askClear(q.Site)
	default:
		if fl.Kind == fault.Login && !s.local {
			s.f.askPassword(l.Site, fl)
			return
		}
		if fl.Question != nil || len(l.Entries) > 0 {
			s.f.trouble(l.Fault, s.session.Reload)
		}
	}
}

// Len and Row implement filetable.Source.
func (s *side) Len() int { return len(s.entries) }

// Row writes one line out.
func (s *side) Row(i int) filetable.Row {
	e := s.entries[i]
	r := filetable.Row{Icon: look.Icon(icon(e)), Name: e.Display, Changed: words.DateTime(e.ModTime, s.f.p.Now()), Dim: strings.HasPrefix(e.Name, ".")}
	if !e.Type.IsDir() {
		r.Size = words.Size(e.Size)
	}
	if e.Precise >= 24*time.Hour {
		r.Changed = words.Date(e.ModTime, s.f.p.Now().AddDate(0, 0, 3))
	}
	return r
}

var iconOf = map[string]string{
	".jpg": "image", ".jpeg": "image", ".png": "image", ".gif": "image", ".webp": "image", ".svg": "image", ".heic": "image", ".tif": "image", ".tiff": "image",
	".mp4": "video", ".mov": "video", ".mkv": "video", ".avi": "video", ".webm": "video",
	".mp3": "sound", ".ogg": "sound", ".wav": "sound", ".flac": "sound", ".m4a": "sound",
	".pdf": "pdf", ".zip": "archive-file", ".tar": "archive-file", ".gz": "archive-file", ".xz": "archive-file", ".7z": "archive-file", ".rar": "archive-file",
	".eml": "mail", ".ics": "calendar",
}

func icon(e files.Entry) string {
	switch {
	case e.Type.IsDir():
		return "folder-filled"
	case e.Type == files.LinkFile:
		return "link"
	}
	if i, ok := iconOf[strings.ToLower(path.Ext(e.Name))]; ok {
		return i
	}
	return "file"
}

// sortBy sorts by a column; a second click turns the order round.
func (s *side) sortBy(c filetable.Column) {
	if s.column == c {
		s.descending = !s.descending
	} else {
		s.column, s.descending = c, c == filetable.Changed
	}
	s.table.SetSort(s.column, s.descending)
	s.resort()
}

// resort shows the same folder's rows anew; what was selected stays so.
func (s *side) resort() {
	l := s.listing()
	if l == nil || s.table == nil {
		return
	}
	kept, current := s.selectedNames(), s.currentName()
	s.entries = s.sorted(l.Entries)
	s.table.SetSource(s)
	s.restore(kept, current)
	s.updateFace(l)
}

// collateLimit is how many names are put in the language's order; more are
// sorted by their bytes, folded, which takes a hundredth of the time.
const collateLimit = 5000

// sorted gives the entries in the order chosen, folders first.
func (s *side) sorted(entries []files.Entry) []files.Entry {
	out := slices.Clone(entries)
	if !s.f.showHidden {
		out = slices.DeleteFunc(out, func(e files.Entry) bool { return strings.HasPrefix(e.Name, ".") })
	}
	var compare func(a, b files.Entry) int
	if len(out) <= collateLimit {
		c := collate.New(language.Make(words.Language()), collate.IgnoreCase, collate.Numeric)
		compare = func(a, b files.Entry) int { return c.CompareString(a.Display, b.Display) }
	} else {
		compare = func(a, b files.Entry) int { return strings.Compare(a.Display, b.Display) }
	}
	slices.SortStableFunc(out, func(a, b files.Entry) int {
		if d := a.Type.IsDir(); d != b.Type.IsDir() {
			if d {
				return -1
			}
			return 1
		}
		r := 0
		switch s.column {
		case filetable.Size:
			r = int(max(min(a.Size-b.Size, 1), -1))
		case filetable.Changed:
			r = a.ModTime.Compare(b.ModTime)
		}
		if r == 0 {
			r = compare(a, b)
		}
		if s.descending {
			r = -r
		}
		return r
	})
	return out
}
