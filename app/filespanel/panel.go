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
	// Diagnose examines the server of a site; nil: no diagnosis.
	Diagnose func(ctx context.Context, site files.Site) check.Report
	Now      func() time.Time // nil: time.Now
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
	hideHere  bool
	// cover, if not nil, stands where the two sides are: a comparison.
	cover fyne.CanvasObject
	// showHidden shows files whose names begin with a dot.
	showHidden bool
	listening  bool
	// asking is the fault whose question is being shown, so that it is asked once.
	asking error
}

var _ panel.Panel = (*Panel)(nil)

// New makes the panel.
func New(p Params) *Panel {
	if p.Now == nil {
		p.Now = time.Now
	}
	f := &Panel{p: p, status: publish.NewItem(panel.Status{}), badge: publish.NewItem(0)}
	f.here, f.there = &side{f: f, local: true}, &side{f: f}
	f.active = f.here
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
		f.here.use(f.p.Files.Local(f.p.Start))
	}
	f.here.build()
	f.there.build()
	f.transfers = newTransfers(f)
	if !f.listening {
		f.listening = true
		f.p.Activity.AddListener(binding.NewDataListener(func() { f.transfers.update() }))
		f.p.Files.Sites().AddListener(binding.NewDataListener(func() {
			if f.there.session == nil {
				f.there.build()
				f.layout()
			}
		}))
	}
	f.root = container.NewStack()
	f.layout()
	f.here.update()
	f.there.update()
	f.transfers.update()
	return f.root
}

// layout arranges the two sides, the buttons between them and the transfers.
func (f *Panel) layout() {
	if f.root == nil {
		return
	}
	var middle fyne.CanvasObject
	switch {
	case f.cover != nil:
		middle = f.cover
	case f.hideHere:
		middle = f.there.object
	default:
		middle = container.New(sides{}, f.here.object, kit.Line(), f.between(), kit.Line(), f.there.object)
	}
	f.root.Objects = []fyne.CanvasObject{
		kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface}),
		kit.Frame(nil, middle, f.transfers.object),
	}
	f.root.Refresh()
}

// between are the buttons that send files from one side to the other.
func (f *Panel) between() fyne.CanvasObject {
	button := func(id, icon string, kind kit.Kind, run func()) fyne.CanvasObject {
		return kit.Least(80, 58, kit.NewButton(kit.ButtonParams{Text: words.T("files." + id), Icon: look.Icon(icon), Kind: kind, Stacked: true, OnTapped: run}))
	}
	return kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorGround}), kit.Inset(0, 7, 0, 7, container.New(upper{}, kit.Column(12,
		button("upload", "arrow-right", kit.Primary, f.upload), button("download", "arrow-left", kit.Plain, f.download)))))
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
type sides struct{}

func (sides) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(kit.Px(2*180+94), kit.Px(160))
}

func (sides) Layout(o []fyne.CanvasObject, size fyne.Size) {
	middle := kit.Px(94)
	half := (size.Width - middle - 2) / 2
	x := float32(0)
	for i, w := range []float32{half, 1, middle, 1, half} {
		o[i].Move(fyne.NewPos(x, 0))
		o[i].Resize(fyne.NewSize(fyne.Max(w, 0), size.Height))
		x += w
	}
}

// Bar implements panel.Panel.
func (f *Panel) Bar() panel.Bar {
	b := panel.Bar{
		Left: []string{"files.back", "files.fore", "files.reload"}, Right: []string{"files.servers", "files.connect"}, Primary: true,
		Placeholder: words.T("files.placeholder"),
	}
	if l := f.there.listing(); l != nil {
		b.Address, b.Secure = l.Site.URL(l.Path), l.Conn.Secure
	}
	return b
}

// Accepts implements panel.Panel: file servers and folders of this computer.
func (f *Panel) Accepts(t address.Target) bool {
	return t.Kind == address.Server || t.Kind == address.Path
}

// Open implements panel.Panel.
func (f *Panel) Open(t address.Target) {
	if t.Kind == address.Path {
		f.here.use(f.p.Files.Local(t.Text))
		f.here.build()
		f.layout()
		return
	}
	f.openURL(t.URL)
}

func (f *Panel) openURL(u *url.URL) {
	if u.Scheme == "" { // find out: ask for what is missing
		f.connectDialog(u.Hostname(), u.User.Username())
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
		f.connectDialog(u.String(), "")
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
func (f *Panel) Shown() { f.focus(f.active) }

// Hidden implements panel.Panel.
func (f *Panel) Hidden() {}

// Panes are the parts that F6 walks through.
func (f *Panel) Panes() []fyne.Focusable {
	var out []fyne.Focusable
	for _, s := range []*side{f.here, f.there} {
		if s.table != nil && (s != f.here || !f.hideHere) {
			out = append(out, s.table.List.FocusTarget())
		}
	}
	return out
}

func (f *Panel) focus(s *side) {
	if s.table == nil {
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
	if l := f.there.listing(); l != nil {
		switch l.State {
		case browse.Connecting:
			s = panel.Status{Level: panel.Waiting, Text: words.T("files.status.connecting", "Name", l.Site.Title())}
		case browse.Ready:
			s = panel.Status{Level: panel.Good, Text: words.T("files.status.clear")}
			if l.Conn.Secure {
				s.Text = words.T("files.status.secure")
			} else {
				s.Level = panel.Waiting
			}
			s.More = words.N("files.status.entries", len(l.Entries))
			if l.Report.Unread > 0 {
				s.More += " · " + words.N("files.status.unread", l.Report.Unread)
			}
		case browse.Broken:
			s = panel.Status{Level: panel.Bad, Text: l.Site.Title() + ": " + words.Fault(l.Fault, f.ID()).Title}
		}
	}
	if err := f.status.Set(s); err != nil {
		slog.Error("status", "err", err)
	}
}
