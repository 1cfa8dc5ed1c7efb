package webpanel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/data/binding"

	"guichet/app/pageview"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/html"
	"guichet/services/task"
	"guichet/services/web"
	"guichet/widgets/document"
	"guichet/widgets/kit"
)

// tab is one page tab: the service's tab with its view.
type tab struct {
	w     *Panel
	t     *web.Tab
	group *task.Group
	state *web.TabState
	stop  func() // ends following the state

	view    *pageview.View           // nil until a page is shown
	page    atomic.Pointer[web.Page] // whose parts are loaded
	parts   bool                     // are being loaded
	trouble *troubleFace             // of the fault that is shown
	history bool                     // the history is shown over the tab
	gone    bool
}

func (w *Panel) newTab() *tab {
	t := &tab{w: w, t: w.p.Web.NewTab(), group: w.p.Tasks.Child()}
	t.state = get(t.t.State)
	l := binding.NewDataListener(t.changed)
	t.t.State.AddListener(l)
	t.stop = func() { t.t.State.RemoveListener(l) }
	return t
}

func (t *tab) close() {
	t.gone = true
	t.stop()
	t.t.Close()
	if t.trouble != nil {
		t.trouble.close()
	}
	if t.view != nil {
		t.view.Clear()
	}
	t.group.Cancel()
}

// rebuild follows a change of language or text size.
func (t *tab) rebuild() {
	if t.trouble != nil {
		t.trouble.close()
		t.trouble = nil
	}
	if t.state.Fault != nil {
		t.trouble = newTroubleFace(t, t.state.Fault)
	}
	t.dress()
}

// dress puts theme, text size and zoom in force.
func (t *tab) dress() {
	if t.view != nil {
		t.view.SetDark(dark())
		t.view.Widget().SetZoom(t.state.Zoom * kit.Scale())
	}
}

// changed follows the service's tab.
func (t *tab) changed() {
	if t.gone {
		return
	}
	old := t.state
	s := get(t.t.State)
	t.state = s
	if s.Generation != old.Generation {
		t.show(s)
	} else if s.Jump != old.Jump && t.view != nil {
		t.jump(s)
	}
	if s.Zoom != old.Zoom {
		t.dress()
	}
	if s.Handed != old.Handed {
		t.w.tellDownload()
	}
	if t.w.current != t {
		t.w.updateStrip()
		return
	}
	t.w.showFace()
	t.w.changed()
}

// show brings another document, fault or the start page into the tab.
func (t *tab) show(s *web.TabState) {
	t.leaveHistory()
	if t.trouble != nil {
		t.trouble.close()
		t.trouble = nil
	}
	switch {
	case s.Page != nil:
		t.page.Store(s.Page)
		v := t.pageView()
		t.parts = true
		t.dress()
		v.Show(s.Page.Document, pageview.Place{Fragment: s.Fragment, Y: s.ScrollY})
		if t.w.current == t && t.w.shown && t.hasKeyboard() {
			t.w.focusPage()
		}
	case s.Fault != nil:
		t.clear()
		t.trouble = newTroubleFace(t, s.Fault)
		t.ask(s.Fault)
	default:
		t.clear()
	}
}

// hasKeyboard reports whether nothing else in the window is being typed into.
func (t *tab) hasKeyboard() bool {
	focused := t.w.p.Host.Window().Canvas().Focused()
	if focused == nil {
		return true
	}
	d, ok := focused.(*document.Document)
	return ok && d == t.view.Widget()
}

func (t *tab) clear() {
	t.page.Store(nil)
	t.parts = false
	if t.view != nil {
		t.view.Clear()
	}
}

func (t *tab) jump(s *web.TabState) {
	if s.Fragment != "" {
		t.view.Widget().ScrollToAnchor(s.Fragment)
		return
	}
	t.view.Widget().ScrollTo(0, s.ScrollY)
}

// pageView makes the tab's view when it is first needed.
func (t *tab) pageView() *pageview.View {
	if t.view != nil {
		return t.view
	}
	v := pageview.New(pageview.Params{
		Group: t.group, Post: t.w.p.Host.Post,
		Load: func(ctx context.Context, r html.Request) (*html.Resource, error) {
			p := t.page.Load()
			if p == nil {
				return nil, fault.Newf(fault.Cancelled, "load a part of a page", "", "the page is gone")
			}
			return p.Load(ctx, r)
		},
	})
	t.view = v
	d := v.Widget()
	d.OnLink = t.follow
	d.OnHover = func(text string) {
		if t.w.current == t {
			t.w.setHover(text)
		}
	}
	d.OnMenu = t.menu
	d.OnScroll = t.t.Scrolled
	d.OnZoom = func(step int) { t.zoom(step) }
	d.OnFind = func(current, total int) { t.w.find.found(t, current, total) }
	d.OnEscape = t.w.escape
	v.OnLoaded = func() {
		t.parts = false
		if t.w.current == t {
			t.w.updateLoading()
		}
	}
	v.OnShown = func(first bool, reason error) {
		if first && reason != nil {
			t.w.p.Host.Show(panel.Toast{Text: words.T("web.simplified")})
		}
	}
	v.OnSubmit = t.submit
	v.OnInvalid = t.invalid
	v.OnFiles = t.chooseFiles
	return v
}

// face is what the tab shows now.
func (t *tab) face() fyne.CanvasObject {
	switch {
	case t.history:
		return t.w.history.object()
	case t.trouble != nil:
		return t.trouble.object()
	case t.state.Page != nil && t.view != nil:
		return t.view.Widget()
	case t.state.Start || t.state.Page == nil:
		return t.w.start.object()
	}
	return t.w.start.object()
}

// name is the tab's label.
func (t *tab) name() string {
	switch {
	case t.history:
		return words.T("web.history.title")
	case t.state.Loading && t.state.Page == nil:
		return hostOf(t.state.URL)
	case t.state.Start:
		return words.T("web.start.tab")
	}
	return t.state.Title
}

func (t *tab) zoom(step int) {
	z := t.state.Zoom
	steps := []float32{0.3, 0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3}
	switch {
	case step == 0:
		z = 1
	case step > 0:
		if i := slices.IndexFunc(steps, func(s float32) bool { return s > z+0.01 }); i >= 0 {
			z = steps[i]
		}
	default:
		for _, s := range slices.Backward(steps) {
			if s < z-0.01 {
				z = s
				break
			}
		}
	}
	t.t.SetZoom(z)
}

func (t *tab) leaveHistory() {
	if t.history {
		t.history = false
		t.w.p.Web.HideHistory()
		if t.w.current == t {
			t.w.showFace()
			t.w.changed()
		}
	}
}

// icon is the site's icon, nil if it has none.
func (t *tab) icon() fyne.Resource {
	if t.history || len(t.state.FaviconPNG) == 0 {
		return nil
	}
	sum := sha256.Sum256(t.state.FaviconPNG)
	name := "site-" + hex.EncodeToString(sum[:8]) + ".png"
	if r, ok := t.w.icons[name]; ok {
		return r
	}
	if len(t.w.icons) > 200 {
		clear(t.w.icons)
	}
	r := fyne.NewStaticResource(name, t.state.FaviconPNG)
	t.w.icons[name] = r
	return r
}

// selectTab brings a tab to the front.
func (w *Panel) selectTab(t *tab) {
	if w.current == t && w.root != nil && len(w.body.Objects) == 1 && w.body.Objects[0] == t.face() {
		return
	}
	if w.current != t {
		w.current.leaveHistory()
	}
	w.current = t
	w.setHover("")
	w.showFace()
	w.changed()
	w.focusPage()
}

// openNewTab makes a tab on the start page and goes to the address box.
func (w *Panel) openNewTab() {
	t := w.newTab()
	w.tabs = append(w.tabs, t)
	w.selectTab(t)
	w.focusAddress()
}

// closeTab ends a tab; the last one gives way to a start page.
func (w *Panel) closeTab(t *tab) {
	i := slices.Index(w.tabs, t)
	if i < 0 {
		return
	}
	if t.state.URL != "" {
		w.closed = append(w.closed, t.state.URL)
		if len(w.closed) > closedCount {
			w.closed = w.closed[1:]
		}
	}
	t.leaveHistory()
	w.tabs = slices.Delete(w.tabs, i, i+1)
	if len(w.tabs) == 0 {
		w.tabs = []*tab{w.newTab()}
	}
	if w.current == t {
		w.current = w.tabs[min(i, len(w.tabs)-1)]
	}
	t.close()
	w.setHover("")
	w.showFace()
	w.changed()
	w.focusPage()
}

func (w *Panel) reopenTab() {
	if n := len(w.closed); n > 0 {
		address := w.closed[n-1]
		w.closed = w.closed[:n-1]
		w.OpenInTab(address, web.OpenOptions{}, true)
	}
}

// walk goes to the tab beside the current one.
func (w *Panel) walk(by int) {
	if i := slices.Index(w.tabs, w.current); i >= 0 {
		w.selectTab(w.tabs[(i+by+len(w.tabs))%len(w.tabs)])
	}
}

func (w *Panel) updateStrip() {
	if w.strip == nil {
		return
	}
	items := make([]stripItem, len(w.tabs))
	for i, t := range w.tabs {
		items[i] = stripItem{tab: t, title: t.name(), icon: t.icon(), selected: t == w.current, loading: t.state.Loading}
	}
	w.strip.set(items)
}
