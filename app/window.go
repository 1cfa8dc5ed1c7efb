package app

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/data/binding"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/connect"
	"guichet/services/profile"
	"guichet/services/task"
	"guichet/widgets/addressbox"
	"guichet/widgets/kit"
	"guichet/widgets/rail"
	"guichet/widgets/toast"
)

// WindowParams are what a Window is made of.
type WindowParams struct {
	Settings *profile.Settings
	// Panels makes the tabs, in the order of the rail; those named activity and
	// settings stand at its foot.
	Panels func(panel.Host) []panel.Panel
	// Jobs is the list of jobs that the status line sums up; nil: none.
	Jobs binding.Item[*activity.Snapshot]
	// Suggest gives suggestions for what is being typed; it is called on its own
	// goroutine, and a newer text ends ctx. nil: only what the text itself means.
	Suggest func(ctx context.Context, text string) []Suggestion
	// Exists reports whether a path of this computer exists.
	Exists func(path string) bool
	// Post runs a function on the UI goroutine; nil: fyne.Do.
	Post func(func())
	// SystemLanguage is the desktop's language, a BCP 47 tag or locale.
	SystemLanguage string
	// Trust is where a person's yes to a certificate or host key is kept; nil:
	// such questions are not asked.
	Trust *connect.Trust
	// Welcome, if not nil, is offered until one of its ways was taken.
	Welcome *Welcome
	// Quit is called once, when the window has been closed and its panels have
	// saved.
	Quit func()
	// Desktop asks the desktop which colours it wants; an error is no answer. It
	// is called on its own goroutine, and light colours stand until it has
	// answered. nil: Fyne knows.
	Desktop func() error
}

// Welcome are the ways to begin.
type Welcome struct{ AddMail, Connect, Demo func() }

// Dropper is a panel that takes files dropped from the desktop.
type Dropper interface {
	Dropped(at fyne.Position, uris []fyne.URI)
}

// Paner is a panel with several parts that F6 walks through.
type Paner interface {
	Panes() []fyne.Focusable
}

// Window is Guichet's one window. Its methods are called on the UI goroutine.
type Window struct {
	p      WindowParams
	app    fyne.App
	win    fyne.Window
	panels []panel.Panel
	views  map[string]fyne.CanvasObject // contents made so far
	shown  panel.Panel

	rail    *rail.Rail
	address *addressbox.Box
	bar     *fyne.Container
	barOf   string // what the bar was last built for
	barCmds []barButton
	content *fyne.Container
	status  statusLine
	toasts  *toast.Layer
	popups  *fyne.Container
	tips    *fyne.Container
	welcome fyne.CanvasObject
	menu    *fyne.MainMenu

	tasks   *task.Group
	suggest suggester
	applied profile.Values // of which language, theme and text size are in force
	listens []func()
	closing bool
	silent  bool // the desktop has not said which colours it wants
}

// NewWindow makes the window with all its panels; Present shows it.
func NewWindow(a fyne.App, p WindowParams) *Window {
	if p.Post == nil {
		p.Post = fyne.Do
	}
	w := &Window{p: p, app: a, views: map[string]fyne.CanvasObject{}, menu: fyne.NewMainMenu()}
	w.suggest.window = w
	w.applied = *p.Settings.Get()
	w.silent = p.Desktop != nil
	w.tasks = task.NewGroup(context.Background())
	w.applyLanguage()
	a.Settings().SetTheme(w.theme())

	// The window manager groups windows under the name they are made with.
	w.win = a.NewWindow("Guichet")
	w.win.SetPadded(false)
	w.win.SetMaster()
	w.win.SetCloseIntercept(w.Close)
	w.win.SetOnDropped(w.dropped)
	w.toasts = toast.NewLayer(nil)
	w.popups, w.tips = container.NewWithoutLayout(), container.NewWithoutLayout()

	w.guard("panels", func() { w.panels = p.Panels(w) })
	w.build()
	w.win.Canvas().SetOnTypedKey(w.typedKey)
	kit.SetTipLayer(w.win.Canvas(), w.tips)
	w.listen()
	w.askDesktop()

	size := fyne.NewSize(w.applied.Width, w.applied.Height)
	if size.Width < 640 || size.Height < 400 {
		size = fyne.NewSize(1280, 820)
	}
	w.win.Resize(size)
	first := w.applied.LastTab
	if w.panel(first) == nil && len(w.panels) > 0 {
		first = w.panels[0].ID()
	}
	if p.Welcome != nil && !w.applied.Welcomed {
		w.showWelcome(first)
	} else {
		w.ShowPanel(first)
	}
	return w
}

// theme is what the settings ask for.
func (w *Window) theme() look.Theme {
	mode := look.System
	if w.applied.Theme != "" {
		mode = look.Mode(w.applied.Theme)
	}
	return look.New(mode, int(w.applied.TextSize*100+0.5)).Silent(w.silent)
}

func (w *Window) applyLanguage() {
	tag := w.applied.Language
	if tag == "" {
		tag = w.p.SystemLanguage
	}
	words.SetLanguage(tag)
}

// askDesktop waits for the desktop's word about colours.
func (w *Window) askDesktop() {
	if w.p.Desktop == nil {
		return
	}
	w.tasks.Go("colours of the desktop", func(ctx context.Context) {
		if err := w.p.Desktop(); err != nil {
			slog.Info("the desktop does not say which colours it wants", "err", err)
			return
		}
		if ctx.Err() == nil {
			w.Post(func() {
				w.silent = false
				w.app.Settings().SetTheme(w.theme())
			})
		}
	})
}

// build makes everything that is drawn, in the language and at the text size
// in force. The panels' contents are made when they are first shown.
func (w *Window) build() {
	w.hideTips()
	w.views = map[string]fyne.CanvasObject{}
	items := make([]rail.Item, 0, len(w.panels))
	for _, p := range w.panels {
		w.guard(p.ID(), func() {
			items = append(items, rail.Item{ID: p.ID(), Title: p.Title(), Icon: p.Icon(), Foot: p.ID() == "activity" || p.ID() == "settings"})
		})
	}
	if !nativeMenus() {
		items = append(items, rail.Item{ID: menuItem, Title: words.T("rail.menu"), Icon: look.Icon("menu"), Foot: true, Small: true})
	}
	w.rail = rail.New(items, func(id string) {
		if id == menuItem {
			w.ShowMenu()
			return
		}
		w.ShowPanel(id)
	})
	w.buildAddress()
	w.bar = container.New(&barLayout{})
	w.barOf = ""
	w.content = container.NewStack()
	foot := w.status.build(w)
	top := kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface}), kit.Least(0, 55, kit.Inset(10, 14, 10, 14, w.bar)))
	middle := kit.Frame(kit.Column(0, top, kit.Line()), w.content, kit.Column(0, kit.Line(), foot))
	body := container.New(railLayout{}, w.rail, middle)
	w.win.SetContent(container.NewStack(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface}), body, w.toasts, w.popups, w.tips))
	for _, p := range w.panels {
		w.showBadge(p)
	}
	w.buildMenu()
}

// hideTips takes away an explanation whose button may be gone.
func (w *Window) hideTips() {
	if len(w.tips.Objects) > 0 {
		w.tips.RemoveAll()
	}
}

// menuItem is the rail's button for the menu of all commands.
const menuItem = "menu"

// railLayout puts the rail at the left of the rest, without a gap.
type railLayout struct{}

func (railLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	a, b := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(a.Width+b.Width, fyne.Max(a.Height, b.Height))
}

func (railLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := objects[0].MinSize().Width
	objects[0].Resize(fyne.NewSize(w, size.Height))
	objects[1].Move(fyne.NewPos(w, 0))
	objects[1].Resize(fyne.NewSize(size.Width-w, size.Height))
}

// listen follows what panels and services publish, as long as the window lives.
func (w *Window) listen() {
	follow := func(item binding.DataItem, f func()) {
		if item == nil {
			return
		}
		l := binding.NewDataListener(func() { w.guard("binding", f) })
		item.AddListener(l)
		w.listens = append(w.listens, func() { item.RemoveListener(l) })
	}
	for _, p := range w.panels {
		follow(p.Badge(), func() { w.showBadge(p) })
		if s := p.Status(); s != nil {
			follow(s, func() {
				if w.shown == p {
					w.showStatus()
				}
			})
		}
	}
	if w.p.Jobs != nil {
		follow(w.p.Jobs, w.showTransfers)
	}
	follow(w.p.Settings.Current, w.settingsChanged)
}

// settingsChanged puts a changed language, theme or text size in force.
func (w *Window) settingsChanged() {
	now, old := *w.p.Settings.Get(), w.applied
	w.applied = now
	if now.Theme != old.Theme || now.TextSize != old.TextSize {
		w.app.Settings().SetTheme(w.theme())
	}
	if now.Language != old.Language {
		w.applyLanguage()
	}
	if now.Language != old.Language || now.TextSize != old.TextSize {
		w.rebuild()
	}
}

// rebuild makes all views again.
func (w *Window) rebuild() {
	shown := w.shown
	if shown != nil {
		w.guard(shown.ID(), shown.Hidden)
	}
	w.shown = nil
	if w.welcome != nil {
		first := w.panels[0].ID()
		w.build()
		w.showWelcome(first)
		return
	}
	w.build()
	if shown != nil {
		w.ShowPanel(shown.ID())
	}
}

// Present puts the window on the screen.
func (w *Window) Present() { w.win.Show() }

// Window implements panel.Host.
func (w *Window) Window() fyne.Window { return w.win }

// Post implements panel.Host.
func (w *Window) Post(f func()) { w.p.Post(func() { w.guard("post", f) }) }

// panel finds a panel by its id.
func (w *Window) panel(id string) panel.Panel {
	for _, p := range w.panels {
		if p.ID() == id {
			return p
		}
	}
	return nil
}

// Shown is the panel that is shown, nil while the welcome is.
func (w *Window) Shown() panel.Panel { return w.shown }

// ShowPanel brings a tab to the front.
func (w *Window) ShowPanel(id string) {
	p := w.panel(id)
	if p == nil || w.shown == p {
		return
	}
	w.hideTips()
	w.win.Canvas().Unfocus() // a blinking cursor in a hidden tab draws the window for nothing
	if w.shown != nil {
		w.guard(w.shown.ID(), w.shown.Hidden)
	}
	w.welcome = nil
	w.shown = p
	w.content.Objects = []fyne.CanvasObject{w.view(p)}
	w.content.Refresh()
	w.rail.Select(id)
	w.showBar()
	w.showStatus()
	w.buildMenu()
	w.guard(id, p.Shown)
	if w.applied.LastTab != id {
		w.change(func(v *profile.Values) { v.LastTab = id })
	}
}

// view makes a panel's content once.
func (w *Window) view(p panel.Panel) fyne.CanvasObject {
	v := w.views[p.ID()]
	if v == nil {
		w.guard(p.ID(), func() { v = p.Content() })
		if v == nil {
			v = kit.NewPage(460, true, kit.NewParagraph(words.T("common.crash.text"), kit.TextStyle{Align: fyne.TextAlignCenter}))
		}
		w.views[p.ID()] = v
	}
	return v
}

// change writes a setting; what the disk refuses still holds until the end.
func (w *Window) change(f func(*profile.Values)) {
	if err := w.p.Settings.Change(f); err != nil {
		slog.Error("settings not written", "err", err)
	}
}

// guard runs what belongs to a panel: a panic in it is logged and shown, and
// the window goes on.
func (w *Window) guard(what string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			slog.Error("panic in the window", "what", what, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			if w.toasts != nil {
				w.toasts.Say(toast.Message{Text: words.T("common.crash.toast")})
			}
		}
	}()
	f()
}

// Changed implements panel.Host.
func (w *Window) Changed(p panel.Panel) {
	if p == w.shown {
		w.showBar()
		w.showStatus()
	}
	w.buildMenu()
}

func (w *Window) showBadge(p panel.Panel) {
	b := p.Badge()
	if b == nil {
		return
	}
	n, err := b.Get()
	text := ""
	switch {
	case err != nil:
		slog.Error("badge", "panel", p.ID(), "err", err)
	case n > 999:
		text = "999+"
	case n > 0:
		text = words.Number(int64(n))
	}
	w.rail.SetBadge(p.ID(), text)
}

// dropped hands files from the desktop to the shown panel.
func (w *Window) dropped(at fyne.Position, uris []fyne.URI) {
	if d, ok := w.shown.(Dropper); ok {
		w.guard(w.shown.ID(), func() { d.Dropped(at, uris) })
		return
	}
	w.say(words.T("common.drop.none"))
}

// say shows a plain message.
func (w *Window) say(text string) { w.toasts.Say(toast.Message{Text: text}) }

// closeLimit is how long panels may take to save.
const closeLimit = 2 * time.Second

// Close saves and closes the window.
func (w *Window) Close() {
	if w.closing {
		return
	}
	w.closing = true
	size := w.win.Canvas().Size()
	w.change(func(v *profile.Values) { v.Width, v.Height = size.Width, size.Height })
	if w.shown != nil {
		w.guard(w.shown.ID(), w.shown.Hidden)
	}
	for _, stop := range w.listens {
		stop()
	}
	w.tasks.Cancel()
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	for _, p := range w.panels {
		w.guard(p.ID(), func() {
			if err := p.Close(ctx); err != nil {
				slog.Error("panel did not close well", "panel", p.ID(), "err", err)
			}
		})
	}
	kit.SetTipLayer(w.win.Canvas(), nil)
	if w.p.Quit != nil {
		w.p.Quit()
	}
	w.win.Close()
}

// nativeMenus reports whether the system draws the menus outside the window.
func nativeMenus() bool { return runtime.GOOS == "darwin" }

// Front brings the window to the front and opens what a second start was asked
// to open.
func (w *Window) Front(address string) {
	w.win.RequestFocus()
	if strings.TrimSpace(address) != "" {
		w.OpenText(address)
	}
}
