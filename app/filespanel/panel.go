// Package filespanel is the Files tab: this computer on the left, a server on
// the right, and between them the files that go from one to the other.
package filespanel

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/data/binding"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/address"
	"guichet/services/check"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/compare"
	"guichet/services/files/preview"
	"guichet/services/files/transfer"
	"guichet/services/files/watch"
	"guichet/services/profile"
	"guichet/services/publish"
	"guichet/services/task"
	"guichet/widgets/kit"
)

// Jobs is what the panel needs of activity.Center.
type Jobs interface {
	Pause(id int64)
	Resume(id int64)
	Retry(id int64)
	Cancel(id int64)
	Answer(id int64, value string, all bool)
	PauseAll()
	ResumeAll()
}

// Params are what a Panel is made of.
type Params struct {
	Host     panel.Host
	Files    *browse.Service
	Tasks    *task.Group
	Jobs     Jobs
	Activity binding.Item[*activity.Snapshot]
	// Start is the folder of this computer to begin in; "": home.
	Start string
	// OpenFile opens a file of this computer with the system's program for it.
	OpenFile func(path string) error
	// Diagnose examines the server of a site, with the saved password where
	// password is nil; nil: no diagnosis.
	Diagnose func(ctx context.Context, site files.Site, password *string) check.Report
	Now      func() time.Time // nil: time.Now
	// Sync compares folders and makes them alike, Watch keeps them so; nil: there
	// are no such commands.
	Sync  *compare.Service
	Watch *watch.Service
	// Settings keep the panel's state; nil: nothing is remembered.
	Settings *profile.Settings
	// Downloads is the folder for downloads; nil: there is no such command.
	Downloads func() string
	// ShowInFolder opens the folder of a file of this computer in the system's
	// program for it; nil: there is no such command.
	ShowInFolder func(path string) error
	// SetLimits bounds the speed of transfers, bytes per second down and up, 0 for
	// none; nil: there is no such menu.
	SetLimits func(down, up int64)
	// Notify tells of a long transfer that ended while the window was behind
	// others; nil: nobody is told. Behind reports whether it is.
	Notify func(title, text string)
	Behind func() bool
	// Failures lists what a transfer of many files could not copy; nil: it is not
	// shown.
	Failures func(ctx context.Context, job int64) ([]transfer.Failure, error)
	// Previews reads pictures and texts; nil: there are no previews.
	Previews *preview.Service
}

// Panel is the Files tab. Its methods are called on the UI goroutine.
type Panel struct {
	p         Params
	status    binding.Item[panel.Status]
	badge     binding.Int
	root      *fyne.Container
	here      *side // this computer
	there     *side // the server; its session is nil until one is connected
	active    *side // the one that the keyboard is at
	transfers *transfers
	drag      *drag
	card      *card // the preview
	state     state
	keeping   *task.Slot
	comparing *comparison // nil: none is shown
	// cover, if not nil, stands where the two sides are: a comparison.
	cover     fyne.CanvasObject
	ops       operations
	listening bool
	hidden    bool // another tab is shown
	// asking is the fault whose question is being shown, so that it is asked once.
	asking error
}

var _ panel.Panel = (*Panel)(nil)

// New makes the panel.
func New(p Params) *Panel {
	if p.Now == nil {
		p.Now = time.Now
	}
	f := &Panel{p: p, status: publish.NewItem(panel.Status{}), badge: publish.NewItem(0), drag: newDrag(), keeping: task.NewSlot(p.Tasks)}
	f.here, f.there = &side{f: f, first: true, local: true}, &side{f: f}
	f.active = f.here
	f.load()
	if p.SetLimits != nil {
		p.SetLimits(f.state.Limit, f.state.Limit)
	}
	return f
}

// ID implements panel.Panel, as do the methods below.
func (f *Panel) ID() string                         { return "files" }
func (f *Panel) Title() string                      { return words.T("files.title") }
func (f *Panel) Icon() fyne.Resource                { return look.Icon("files") }
func (f *Panel) Status() binding.Item[panel.Status] { return f.status }
func (f *Panel) Badge() binding.Int                 { return f.badge }

// Content builds the view of the present state.
func (f *Panel) Content() fyne.CanvasObject {
	if f.here.session == nil {
		f.here.use(f.p.Files.Local(f.lastHere()))
	}
	f.drag = newDrag()
	f.card = nil
	f.here.build()
	f.there.build()
	f.transfers = newTransfers(f)
	if !f.listening {
		f.listening = true
		f.watchEdits()
		f.p.Activity.AddListener(binding.NewDataListener(func() { f.transfers.update() }))
		f.p.Files.Sites().AddListener(binding.NewDataListener(func() {
			if f.there.session == nil {
				f.there.build()
				f.layout()
			}
		}))
	}
	f.root = container.NewStack()
	f.opsContent()
	if f.comparing != nil {
		f.comparing.build()
	}
	f.layout()
	f.here.update()
	f.there.update()
	f.transfers.update()
	return f.root
}

// layout arranges the two sides, the buttons between them, the preview and the
// transfers.
func (f *Panel) layout() {
	if f.root == nil {
		return
	}
	var middle fyne.CanvasObject
	switch {
	case f.cover != nil:
		middle = f.cover
	case f.state.HideLeft:
		middle = f.there.object
	default:
		middle = container.New(sides{f}, f.here.object, kit.Line(), f.between(), kit.Line(), f.there.object)
	}
	if f.cover == nil && f.state.Preview {
		middle = container.New(beside{}, middle, kit.Line(), f.previewCard().object)
	}
	f.root.Objects = []fyne.CanvasObject{
		kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface}),
		kit.Frame(nil, middle, f.transfers.object),
		f.drag.layer,
	}
	f.root.Refresh()
}

// between are the buttons that send files from one side to the other.
func (f *Panel) between() fyne.CanvasObject {
	button := func(id, icon string, kind kit.Kind, run func()) fyne.CanvasObject {
		return kit.Least(80, 58, kit.NewButton(kit.ButtonParams{Text: words.T("files." + id), Icon: look.Icon(icon), Kind: kind, Stacked: true, OnTapped: run}))
	}
	to, back := "upload", "download"
	if f.here.local == f.there.local { // two servers, or two folders of this computer
		to, back = "copy_right", "copy_left"
	}
	return kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorGround}), kit.Inset(0, 7, 0, 7, container.New(upper{}, kit.Column(12,
		button(to, "arrow-right", kit.Primary, f.upload), button(back, "arrow-left", kit.Plain, f.download),
		button("compare", "compare", kit.Plain, func() { f.do("files.compare") })))))
}

// do carries out one of the panel's commands, if it may run now.
func (f *Panel) do(id string) {
	for _, c := range f.Commands() {
		if c.ID != id {
			continue
		}
		if c.Enabled == nil || c.Enabled() {
			c.Run()
		} else {
			f.sayNotReady()
		}
		return
	}
}

// sayNotReady says what is missing for something between two sides.
func (f *Panel) sayNotReady() {
	if f.here.session == nil || f.there.session == nil {
		f.p.Host.Show(panel.Toast{Text: words.T("files.connect_first"), Action: words.T("command.files.connect"), Do: func() { f.connectDialog(f.there, "", "") }})
		return
	}
	f.p.Host.Show(panel.Toast{Text: words.T("files.not_ready")})
}

// upper keeps an object at one height, so that it does not move when the strip
// below grows; where the room is low, in its middle.
type upper struct{}

func (upper) MinSize(o []fyne.CanvasObject) fyne.Size { return o[0].MinSize() }

func (upper) Layout(o []fyne.CanvasObject, size fyne.Size) {
	m := o[0].MinSize()
	o[0].Resize(fyne.NewSize(fyne.Min(m.Width, size.Width), m.Height))
	o[0].Move(fyne.NewPos((size.Width-fyne.Min(m.Width, size.Width))/2, fyne.Max(fyne.Min(kit.Px(173), (size.Height-m.Height)/2), 0)))
}

// sides gives each pane half of what the buttons leave.
type sides struct{ f *Panel }

func (sides) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(kit.Px(2*180+94), kit.Px(160))
}

func (l sides) Layout(o []fyne.CanvasObject, size fyne.Size) {
	middle := kit.Px(94)
	half := (size.Width - middle - 2) / 2
	x := float32(0)
	for i, w := range []float32{half, 1, middle, 1, half} {
		o[i].Move(fyne.NewPos(x, 0))
		o[i].Resize(fyne.NewSize(fyne.Max(w, 0), size.Height))
		x += w
	}
	f := l.f
	if f.here.narrow != tight(half) || f.there.narrow != tight(half) {
		f.p.Host.Post(func() {
			for _, s := range []*side{f.here, f.there} {
				if l := s.listing(); l != nil && s.title != nil {
					s.updateTitle(l)
				}
				s.narrow = tight(s.object.Size().Width) // also where there is no title
			}
		})
	}
}

// beside gives the preview at the right a third of the room, within limits.
type beside struct{}

func (beside) MinSize(o []fyne.CanvasObject) fyne.Size {
	m := o[0].MinSize()
	return fyne.NewSize(m.Width+kit.Px(200), m.Height)
}

func (beside) Layout(o []fyne.CanvasObject, size fyne.Size) {
	w := fyne.Max(fyne.Min(size.Width/4, kit.Px(340)), kit.Px(200))
	o[0].Resize(fyne.NewSize(size.Width-w-1, size.Height))
	o[1].Move(fyne.NewPos(size.Width-w-1, 0))
	o[1].Resize(fyne.NewSize(1, size.Height))
	o[2].Move(fyne.NewPos(size.Width-w, 0))
	o[2].Resize(fyne.NewSize(w, size.Height))
}

// Bar implements panel.Panel.
func (f *Panel) Bar() panel.Bar {
	b := panel.Bar{
		Left: []string{"files.back", "files.fore", "files.reload"}, Right: []string{"files.servers", "files.connect"}, Primary: true,
		Placeholder: words.T("files.placeholder"),
	}
	if l := f.server().listing(); l != nil && l.Site.Protocol != files.ProtocolLocal {
		b.Address, b.Secure = readable(l.Site.URL(l.Path)), l.Conn.Secure
	}
	return b
}

// server is the pane that the address box and the status line are about: the
// active one if it shows a server, else the right one.
func (f *Panel) server() *side {
	if f.active.session != nil && !f.active.local {
		return f.active
	}
	if f.there.local && !f.here.local {
		return f.here
	}
	return f.there
}

// Accepts implements panel.Panel: file servers and folders of this computer.
func (f *Panel) Accepts(t address.Target) bool {
	return t.Kind == address.Server || t.Kind == address.Path
}

// Open implements panel.Panel.
func (f *Panel) Open(t address.Target) {
	if t.Kind == address.Path {
		f.here.goHere(t.Text)
		return
	}
	f.openURL(t.URL)
}

func (f *Panel) openURL(u *url.URL) {
	if u.Scheme == "" { // find out: ask for what is missing
		f.connectDialog(f.there, u.Hostname(), u.User.Username())
		return
	}
	site, err := files.ParseURL(u.String())
	if err != nil {
		f.trouble(err, nil)
		return
	}
	if saved, ok := f.saved(site); ok {
		path, rooted := site.Path, site.Rooted
		site = saved
		if rooted {
			site.Path, site.Rooted = path, true
		}
	} else if site.User == "" && site.Protocol == files.ProtocolSFTP {
		f.connectDialog(f.there, u.String(), "")
		return
	}
	f.connect(site, nil)
}

// saved finds the saved server that an address leads to.
func (f *Panel) saved(site files.Site) (files.Site, bool) {
	for _, s := range f.sites() {
		if s.Protocol == site.Protocol && s.Host == site.Host && s.PortOrDefault() == site.PortOrDefault() && (site.User == "" || site.User == s.User) {
			return s, true
		}
	}
	return files.Site{}, false
}

// Shown implements panel.Panel.
func (f *Panel) Shown() {
	f.setVisible(true)
	f.focus(f.active)
}

// Hidden implements panel.Panel.
func (f *Panel) Hidden() { f.setVisible(false) }

// setVisible tells the sessions whether somebody sees them.
func (f *Panel) setVisible(on bool) {
	f.hidden = !on
	for _, s := range []*side{f.here, f.there} {
		if s.session != nil {
			s.session.SetVisible(on)
		}
	}
}

// Panes are the parts that F6 walks through.
func (f *Panel) Panes() []fyne.Focusable {
	if f.comparing != nil {
		return []fyne.Focusable{f.comparing.view.table.List.FocusTarget()}
	}
	var out []fyne.Focusable
	for _, s := range []*side{f.here, f.there} {
		if s.table != nil && (s != f.here || !f.state.HideLeft) {
			out = append(out, s.table.List.FocusTarget())
		}
	}
	return out
}

func (f *Panel) focus(s *side) {
	if s.table == nil || s == f.here && f.state.HideLeft {
		return
	}
	f.p.Host.Window().Canvas().Focus(s.table.List.FocusTarget())
}

// Close implements panel.Panel.
func (f *Panel) Close(context.Context) error {
	for _, s := range []*side{f.here, f.there} {
		if s.session != nil {
			s.session.Close()
		}
	}
	return nil
}

func get[T any](i binding.Item[T]) T {
	v, err := i.Get()
	if err != nil {
		slog.Error("reading a binding", "err", err)
	}
	return v
}

type ctx = context.Context

// run does work off the UI goroutine and hands its outcome back to it.
func (f *Panel) run(name string, work func(ctx context.Context) error, then func(error)) {
	f.p.Tasks.Go(name, func(ctx context.Context) {
		err := task.Catch(name, func() error { return work(ctx) })
		if errors.Is(err, context.Canceled) {
			return
		}
		f.p.Host.Post(func() { then(err) })
	})
}

func (f *Panel) trouble(err error, retry func()) { f.p.Host.Trouble(f.ID(), err, retry) }

// updateStatus writes the panel's part of the status line.
func (f *Panel) updateStatus() {
	s := panel.Status{}
	if l := f.server().listing(); l != nil && l.Site.Protocol != files.ProtocolLocal {
		switch l.State {
		case browse.Connecting:
			s = panel.Status{Level: panel.Waiting, Text: words.T("files.status.connecting", "Name", l.Site.Title())}
		case browse.Ready:
			s = panel.Status{Level: panel.Good, Text: words.T("files.status.clear")}
			if l.Conn.Secure {
				s.Text = words.T("files.status.secure", "Protocol", protocolName(l.Site.Protocol))
			} else {
				s.Level = panel.Waiting
			}
			s.More = words.N("files.status.entries", len(l.Entries))
		case browse.Broken:
			s = panel.Status{Level: panel.Bad, Text: l.Site.Title() + ": " + words.Fault(l.Fault, f.ID()).Title}
		}
	}
	if err := f.status.Set(s); err != nil {
		slog.Error("status", "err", err)
	}
}
