package filespanel

import (
	"log/slog"
	"slices"
	"strings"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/widgets/filetable"
)

// state is what the panel remembers from one start to the next.
type state struct {
	HideLeft bool               `json:"hide_left,omitempty"`
	Hidden   bool               `json:"hidden,omitempty"` // names that begin with a dot are shown
	Linked   bool               `json:"linked,omitempty"`
	Preview  bool               `json:"preview,omitempty"`
	Grid     [2]bool            `json:"grid"`
	Sort     [2]sorting         `json:"sort"`
	With     []string           `json:"with,omitempty"`    // further columns
	Without  []string           `json:"without,omitempty"` // usual columns that were put away
	Widths   map[string]float32 `json:"widths,omitempty"`
	Here     string             `json:"here,omitempty"`    // the last folder of this computer
	Folders  map[string]string  `json:"folders,omitempty"` // the last folder of each saved server, as an address
	Places   []place            `json:"places,omitempty"`
	Limit    int64              `json:"limit,omitempty"` // of the speed, bytes per second; 0: none
}

type sorting struct {
	Column     filetable.Column `json:"column,omitempty"`
	Descending bool             `json:"descending,omitempty"`
}

// place is a starred folder: of a saved server as its address, or of this
// computer as the system's path.
type place struct {
	Site    string `json:"site,omitempty"` // Site.ID, "" for this computer
	Address string `json:"address"`
	Name    string `json:"name"`
}

// load reads what was remembered.
func (f *Panel) load() {
	if f.p.Settings == nil {
		return
	}
	f.p.Settings.Panel(f.ID(), &f.state)
	for i, s := range []*side{f.here, f.there} {
		s.column, s.descending = f.state.Sort[i].Column, f.state.Sort[i].Descending
	}
}

// keep writes it, behind the scenes: the disk may be slow.
func (f *Panel) keep() {
	if f.p.Settings == nil {
		return
	}
	now := f.state
	now.With, now.Without, now.Places = slices.Clone(now.With), slices.Clone(now.Without), slices.Clone(now.Places)
	now.Widths, now.Folders = cloned(now.Widths), cloned(now.Folders)
	f.keeping.Start("remember", func(_ ctx, current func() bool) {
		if !current() {
			return
		}
		if err := f.p.Settings.ChangePanel(f.ID(), now); err != nil {
			slog.Warn("the panel's state was not kept", "err", err)
		}
	})
}

func cloned[V any](m map[string]V) map[string]V {
	out := make(map[string]V, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// remember notes the folder a pane has come to.
func (f *Panel) remember(s *side, l *browse.Listing) {
	switch {
	case s.local:
		if path := s.session.SystemPath(l.Path); path != f.state.Here {
			f.state.Here = path
			f.keep()
		}
	case l.Site.ID != "":
		if address := l.Site.URL(l.Path); f.state.Folders[l.Site.ID] != address {
			if f.state.Folders == nil {
				f.state.Folders = map[string]string{}
			}
			f.state.Folders[l.Site.ID] = address
			f.keep()
		}
	}
}

// lastHere is the folder of this computer to begin in.
func (f *Panel) lastHere() string {
	if f.p.Start != "" || f.state.Here == "" {
		return f.p.Start
	}
	return f.state.Here
}

// lastFolder gives the folder in which a saved server was left.
func (f *Panel) lastFolder(site files.Site) (files.Path, bool) {
	at, err := files.ParseURL(f.state.Folders[site.ID])
	return at.Path, err == nil && site.ID != ""
}

func (f *Panel) rememberSort(s *side) {
	f.state.Sort[s.index()] = sorting{s.column, s.descending}
	f.keep()
}

// setWidth keeps a column's width, for both panes.
func (f *Panel) setWidth(c filetable.Column, width float32) {
	if f.state.Widths == nil {
		f.state.Widths = map[string]float32{}
	}
	for _, n := range columnNames {
		if n.column == c {
			f.state.Widths[n.name] = width
		}
	}
	f.eachTable(func(s *side) { s.table.SetWidth(c, width) })
	f.keep()
}

func (f *Panel) eachTable(do func(*side)) {
	for _, s := range []*side{f.here, f.there} {
		if s.table != nil {
			do(s)
		}
	}
}

// toggleColumn shows or hides a column in both panes.
func (f *Panel) toggleColumn(name string) {
	list := &f.state.With
	for _, c := range columnNames {
		if c.name == name && c.usual {
			list = &f.state.Without
		}
	}
	if i := slices.Index(*list, name); i >= 0 {
		*list = slices.Delete(*list, i, i+1)
	} else {
		*list = append(*list, name)
	}
	f.eachTable((*side).applyColumns)
	f.keep()
}

// toggleHidden shows or hides the files whose names begin with a dot.
func (f *Panel) toggleHidden() {
	f.state.Hidden = !f.state.Hidden
	f.keep()
	f.eachTable((*side).resort)
	f.p.Host.Changed(f)
}

// toggleLeft shows or hides the left pane.
func (f *Panel) toggleLeft() {
	f.state.HideLeft = !f.state.HideLeft
	if f.state.HideLeft && f.active == f.here {
		f.active = f.there
	}
	f.keep()
	f.layout()
	for _, s := range []*side{f.here, f.there} {
		if l := s.listing(); l != nil && s.title != nil {
			s.updateTitle(l)
		}
	}
	f.focus(f.active)
	f.p.Host.Changed(f)
}

// toggleLinked has both panes go the same way, or each its own.
func (f *Panel) toggleLinked() {
	f.state.Linked = !f.state.Linked
	f.keep()
	if f.state.Linked {
		f.p.Host.Show(panel.Toast{Text: words.T("files.linked")})
	}
	f.p.Host.Changed(f)
}

// unlink ends it where the other side has no such folder.
func (f *Panel) unlink(name string) {
	f.state.Linked = false
	f.keep()
	f.p.Host.Show(panel.Toast{Text: words.T("files.unlinked", "Name", shorten(name, 40))})
	f.p.Host.Changed(f)
}

func (f *Panel) toggleGrid() {
	s := f.active
	if s.table == nil {
		return
	}
	f.state.Grid[s.index()] = !s.table.Grid()
	s.table.SetGrid(f.state.Grid[s.index()])
	s.tools.update(s.listing())
	s.loadThumbnails()
	f.keep()
	f.focus(s)
	f.p.Host.Changed(f)
}

// starred gives the number of the shown folder among the starred places, -1 for
// none.
func (f *Panel) starred(s *side, l *browse.Listing) int {
	address := s.address(l.Path)
	return slices.IndexFunc(f.state.Places, func(p place) bool { return p.Address == address })
}

// toggleStar keeps the shown folder among the places, or takes it out.
func (f *Panel) toggleStar() {
	s := f.active
	l := s.listing()
	if l == nil || l.State != browse.Ready {
		return
	}
	if i := f.starred(s, l); i >= 0 {
		f.state.Places = slices.Delete(f.state.Places, i, i+1)
	} else {
		if !s.local && l.Site.ID == "" { // a place of a server needs the server
			s.saveSite()
			return
		}
		name := files.Display(l.Path.Base())
		if name == "" {
			name = "/"
		}
		if !s.local {
			name += " · " + l.Site.Title()
		}
		f.state.Places = append(f.state.Places, place{Site: l.Site.ID, Address: s.address(l.Path), Name: name})
		f.p.Host.Show(panel.Toast{Text: words.T("files.starred", "Name", shorten(name, 50))})
	}
	f.keep()
	f.eachTable(func(s *side) { s.tools.update(s.listing()) })
}

// goPlace shows a starred folder: a server's in the right pane, this computer's
// in the left.
func (f *Panel) goPlace(p place) {
	if p.Site == "" {
		s := f.here
		if !s.local && f.there.local {
			s = f.there
		}
		s.goHere(p.Address)
		return
	}
	at, err := files.ParseURL(p.Address)
	i := slices.IndexFunc(f.sites(), func(s files.Site) bool { return s.ID == p.Site })
	if err != nil || i < 0 {
		f.state.Places = slices.DeleteFunc(f.state.Places, func(x place) bool { return x == p })
		f.keep()
		f.p.Host.Show(panel.Toast{Text: words.T("files.place_gone", "Name", shorten(p.Name, 50))})
		return
	}
	for _, s := range []*side{f.there, f.here} {
		if l := s.listing(); l != nil && l.Site.ID == p.Site && l.State == browse.Ready {
			s.session.Go(at.Path)
			return
		}
	}
	site := f.sites()[i]
	site.Path, site.Rooted = at.Path, true
	f.there.connect(site, nil)
}

// hasPlaceOf tells whether a server has starred folders.
func (f *Panel) placesOf(site string) (out []place) {
	for _, p := range f.state.Places {
		if p.Site == site {
			out = append(out, p)
		}
	}
	return out
}

// forgetServer drops what was remembered of a server that is gone.
func (f *Panel) forgetServer(id string) {
	delete(f.state.Folders, id)
	f.state.Places = slices.DeleteFunc(f.state.Places, func(p place) bool { return p.Site == id && strings.Contains(p.Address, "://") })
	f.keep()
}
