// Package webpanel is the Web tab: page tabs, the start page, the document, the
// history, and what a person is asked on the way. It shows what services/web
// publishes and turns clicks and keys into its calls.
package webpanel

import (
	"context"
	"log/slog"
	"net/url"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/data/binding"
	"fyne.io/fyne/v2/theme"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/check"
	"guichet/services/publish"
	"guichet/services/task"
	"guichet/services/web"
	"guichet/widgets/kit"
)

// Params are what a Panel is made of.
type Params struct {
	Host  panel.Host
	Web   *web.Service
	Tasks *task.Group // the panel's own
	// Name is the person's first name for the greeting; nil or "": none.
	Name func() string
	// Diagnose examines the server of an address; nil: no diagnosis.
	Diagnose func(ctx context.Context, t address.Target) check.Report
	// OpenOutside opens an address in the person's own browser; nil: Fyne's way.
	OpenOutside func(u *url.URL) error
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// closedCount is how many closed tabs can be opened again.
const closedCount = 25

// Panel is the Web tab. Its methods are called on the UI goroutine.
type Panel struct {
	p      Params
	status binding.Item[panel.Status]
	badge  binding.Int

	tabs    []*tab
	current *tab
	closed  []string // addresses of closed tabs, the newest last

	root    *fyne.Container
	strip   *strip
	loading *kit.LoadingBar
	body    *fyne.Container // holds the face that is shown
	find    *findBar
	start   *startPage
	history *historyView
	shown   bool
	hover   string                   // the link under the pointer
	icons   map[string]fyne.Resource // favicons by content
	listens bool
}

var _ panel.Panel = (*Panel)(nil)

// New makes the panel with one tab on the start page. Nothing is shown before
// Content.
func New(p Params) *Panel {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.OpenOutside == nil {
		p.OpenOutside = func(u *url.URL) error { return fyne.CurrentApp().OpenURL(u) }
	}
	w := &Panel{p: p, status: publish.NewItem(panel.Status{}), badge: publish.NewItem(0), icons: map[string]fyne.Resource{}}
	w.current = w.newTab()
	w.tabs = []*tab{w.current}
	return w
}

// ID implements panel.Panel, as do the methods below.
func (w *Panel) ID() string                         { return "web" }
func (w *Panel) Title() string                      { return words.T("web.title") }
func (w *Panel) Icon() fyne.Resource                { return look.Icon("web") }
func (w *Panel) Status() binding.Item[panel.Status] { return w.status }
func (w *Panel) Badge() binding.Int                 { return w.badge }

// Content builds the view of the present state.
func (w *Panel) Content() fyne.CanvasObject {
	w.strip = newStrip(stripParams{
		OnSelect: w.selectTab, OnClose: w.closeTab, OnNew: w.openNewTab, OnMenu: w.tabMenu,
		NewTip: words.T("command.web.new_tab"), CloseTip: words.T("web.tab.close"),
	})
	if w.loading != nil {
		w.loading.Stop()
	}
	w.loading = kit.NewLoadingBar()
	w.body = container.NewStack()
	w.find = newFindBar(w)
	w.start = newStartPage(w)
	w.history = newHistoryView(w, w.history)
	w.listen()
	for _, t := range w.tabs {
		t.rebuild()
	}
	w.root = container.New(stack{}, w.strip, w.find.object(), container.New(topEdge{}, w.body, w.loading))
	w.showFace()
	return w.root
}

// stack lays objects under each other without gaps; the last takes the rest.
type stack struct{}

func (stack) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.Size{}
	for _, o := range objects {
		if o.Visible() {
			m := o.MinSize()
			size = fyne.NewSize(max(size.Width, m.Width), size.Height+m.Height)
		}
	}
	return size
}

func (stack) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for i, o := range objects {
		if !o.Visible() {
			continue
		}
		h := o.MinSize().Height
		if i == len(objects)-1 {
			h = max(size.Height-y, 0)
		}
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, h))
		y += h
	}
}

// topEdge lays the last object over the upper edge of the first.
type topEdge struct{}

func (topEdge) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

func (topEdge) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(size)
	objects[1].Resize(fyne.NewSize(size.Width, objects[1].MinSize().Height))
}

// listen follows what the service publishes; once, because it is made once.
func (w *Panel) listen() {
	if w.listens {
		return
	}
	w.listens = true
	on := func(i binding.DataItem, f func()) { i.AddListener(binding.NewDataListener(f)) }
	on(w.p.Web.Bookmarks, func() { w.start.update() })
	on(w.p.Web.Lately, func() { w.start.update() })
	on(w.p.Web.History, func() { w.history.update() })
	fyne.CurrentApp().Settings().AddListener(func(fyne.Settings) {
		for _, t := range w.tabs {
			t.dress()
		}
	})
}

// dark reports whether pages are to show their dark form.
func dark() bool {
	s := fyne.CurrentApp().Settings()
	if t, ok := s.Theme().(look.Theme); ok {
		return t.Variant(s.ThemeVariant()) == theme.VariantDark
	}
	return s.ThemeVariant() == theme.VariantDark
}

func get[T any](i binding.Item[T]) T {
	v, err := i.Get()
	if err != nil {
		slog.Error("reading a binding", "err", err)
	}
	return v
}

// Bar implements panel.Panel.
func (w *Panel) Bar() panel.Bar {
	s := w.current.state
	b := panel.Bar{
		Left:        []string{"web.back", "web.next", "web.reload"},
		Right:       []string{"web.bookmark", "web.downloads", "web.more"},
		Placeholder: words.T("web.placeholder"),
	}
	if s.Loading {
		b.Left[2] = "web.stop"
	}
	if !w.current.history && s.URL != "" {
		b.Address, b.Secure = shownAddress(s.URL), s.Secure && !s.Loading
	}
	return b
}

// shownAddress is an address as people read it: hosts in their own letters
// where that does not mislead.
func shownAddress(text string) string {
	if t := address.Parse(text, address.Options{}); t.Kind == address.Web {
		return t.Shown
	}
	return text
}

// Accepts implements panel.Panel: pages, and while the tab is shown words too,
// which are for the search engine or the history.
func (w *Panel) Accepts(t address.Target) bool {
	switch t.Kind {
	case address.Web:
		return true
	case address.Words:
		return w.shown
	case address.Page:
		return t.Text == "start" || t.Text == "history"
	}
	return false
}

// Open implements panel.Panel.
func (w *Panel) Open(t address.Target) {
	switch t.Kind {
	case address.Web:
		w.openHere(t.URL.String(), web.OpenOptions{Guessed: guessed(t)})
	case address.Words:
		for _, a := range t.Alternatives {
			if a.Kind == address.Web {
				w.openHere(a.URL.String(), web.OpenOptions{})
				return
			}
		}
		w.showHistory(t.Text)
	case address.Page:
		if t.Text == "history" {
			w.showHistory("")
			return
		}
		w.openHere(web.Start, web.OpenOptions{})
	}
}

// guessed reports whether the person typed no scheme, so that HTTPS is our idea.
func guessed(t address.Target) bool {
	u, err := url.Parse(t.Text)
	return t.URL.Scheme == "https" && (err != nil || u.Scheme != "https" && u.Scheme != "http")
}

func (w *Panel) openHere(address string, o web.OpenOptions) {
	w.current.leaveHistory()
	w.current.t.Open(address, o)
	w.focusPage()
}

// OpenInTab opens an address in a new tab, in front or behind.
func (w *Panel) OpenInTab(address string, o web.OpenOptions, front bool) {
	t := w.newTab()
	w.tabs = insertAfter(w.tabs, w.current, t)
	t.t.Open(address, o)
	if front {
		w.selectTab(t)
		return
	}
	w.updateStrip()
}

func insertAfter(list []*tab, after, t *tab) []*tab {
	for i, o := range list {
		if o == after {
			return append(list[:i+1], append([]*tab{t}, list[i+1:]...)...)
		}
	}
	return append(list, t)
}

// Shown implements panel.Panel.
func (w *Panel) Shown() {
	w.shown = true
	w.start.update() // the greeting and the dates depend on the hour
	w.updateLoading()
	w.focusPage()
}

// Hidden implements panel.Panel.
func (w *Panel) Hidden() {
	w.shown = false
	w.setHover("")
	w.updateLoading()
}

// Close implements panel.Panel.
func (w *Panel) Close(context.Context) error {
	for _, t := range w.tabs {
		t.close()
	}
	if w.loading != nil {
		w.loading.Stop()
	}
	return nil
}

// Panes are the parts that F6 walks through.
func (w *Panel) Panes() []fyne.Focusable {
	if f := w.focusTarget(); f != nil {
		return []fyne.Focusable{f}
	}
	return nil
}

func (w *Panel) focusTarget() fyne.Focusable {
	switch t := w.current; {
	case t.history && w.history != nil:
		return w.history.focusTarget()
	case t.state.Page != nil && t.view != nil:
		return t.view.Widget()
	}
	return nil
}

// focusPage gives the keyboard to what is shown, unless a person is typing.
func (w *Panel) focusPage() {
	if f := w.focusTarget(); f != nil && w.shown && w.root != nil {
		w.p.Host.Window().Canvas().Focus(f)
	}
}

// focusAddress goes to the address box where the window offers that.
func (w *Panel) focusAddress() {
	if h, ok := w.p.Host.(interface{ FocusAddress() }); ok {
		h.FocusAddress()
	}
}

// changed tells the window where the bar or the commands differ from before.
func (w *Panel) changed() { w.p.Host.Changed(w) }

// showFace shows what the current tab has to show.
func (w *Panel) showFace() {
	if w.root == nil {
		return
	}
	face := w.current.face()
	if len(w.body.Objects) != 1 || w.body.Objects[0] != face {
		w.body.Objects = []fyne.CanvasObject{face}
		w.body.Refresh()
	}
	w.find.update()
	w.updateStrip()
	w.updateLoading()
	w.updateStatus()
}

func (w *Panel) updateLoading() {
	if w.loading == nil {
		return
	}
	s := w.current.state
	if !w.shown || !s.Loading && !w.current.parts {
		w.loading.Stop()
		return
	}
	w.loading.Start()
	if s.Loading && s.Progress > 0 {
		w.loading.Set(float32(s.Progress))
	}
}

func (w *Panel) setHover(text string) {
	if w.hover != text {
		w.hover = text
		w.updateStatus()
	}
}

// updateStatus says where a link leads, what is going on, how safe the page is.
func (w *Panel) updateStatus() {
	s := w.current.state
	st := panel.Status{Level: panel.Idle}
	switch {
	case w.hover != "":
		st.Text = shownAddress(w.hover)
	case w.current.history:
	case s.Loading:
		st.Level, st.Text = panel.Waiting, words.T("web.status.loading", "Host", hostOf(s.URL))
	case s.Fault != nil:
		st.Level, st.Text = panel.Bad, words.Fault(s.Fault, "web").Title
	case s.Page == nil:
	case !s.Page.Offline.IsZero():
		st.Level, st.Text = panel.Waiting, words.T("web.status.offline", "Date", words.DateTime(s.Page.Offline, w.p.Now()))
	case s.Secure && s.Page.URL.Scheme == "https":
		st.Level, st.Text = panel.Good, words.T("web.status.secure")
	case s.Secure:
		st.Text = words.T("web.status.local")
	default:
		st.Level, st.Text = panel.Waiting, words.T("web.status.insecure")
	}
	if err := w.status.Set(st); err != nil {
		slog.Error("status", "err", err)
	}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return address
	}
	return u.Hostname()
}
