package webpanel

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/web"
	"guichet/widgets/emptystate"
	"guichet/widgets/kit"
	"guichet/widgets/rowlist"
	"guichet/widgets/searchentry"
)

// historyStep is how many visits are read at a time.
const historyStep = 300

// historyView lists visits by day, searches and forgets them.
type historyView struct {
	w      *Panel
	root   *fyne.Container
	body   *fyne.Container
	search *searchentry.Field
	list   *rowlist.List
	rows   []historyRow
	limit  int
	of     *web.HistoryList
}

// historyRow is a day's heading or a visit.
type historyRow struct {
	day   time.Time // of a heading
	visit *web.Visit
	more  bool // the row that fetches older visits
}

func newHistoryView(w *Panel, old *historyView) *historyView {
	h := &historyView{w: w, limit: historyStep}
	h.search = searchentry.New(searchentry.Params{
		Placeholder: words.T("web.history.search"), ClearTip: words.T("web.history.clear_search"),
		OnChanged: func(text string) { h.limit = historyStep; w.p.Web.ShowHistory(text, h.limit) },
		OnDown:    func() { w.p.Host.Window().Canvas().Focus(h.list.FocusTarget()) },
	})
	h.list = rowlist.New(rowlist.Params{
		RowHeight: func() float32 { return kit.Px(38) },
		Create:    func() fyne.CanvasObject { return newHistoryLine() },
		Update:    func(i int, o fyne.CanvasObject, s rowlist.State) { h.fill(i, o.(*historyLine), s) },
		OnOpen:    h.open, OnMenu: h.menu, OnKey: h.key,
	})
	h.body = container.NewStack(h.list)
	forget := kit.NewButton(kit.ButtonParams{Text: words.T("command.web.clear_history"), OnTapped: w.askClearHistory})
	head := kit.Column(12,
		kit.NewText(words.T("web.history.title"), kit.TextStyle{Size: kit.SizeTitle, Bold: true}),
		kit.Row(10, 0, h.search, forget))
	h.root = container.NewStack(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface}),
		container.New(&middle{920}, container.NewBorder(kit.Inset(22, 0, 12, 0, head), nil, nil, nil, h.body)))
	if old != nil && w.current.history {
		h.search.SetText(old.search.Text())
		h.limit = old.limit
	}
	h.update()
	return h
}

// middle keeps an object in the middle of the width, no wider than a limit.
type middle struct{ width float32 }

func (m *middle) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

func (m *middle) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := min(kit.Px(m.width), size.Width-kit.Px(48))
	objects[0].Resize(fyne.NewSize(w, size.Height))
	objects[0].Move(fyne.NewPos((size.Width-w)/2, 0))
}

func (h *historyView) object() fyne.CanvasObject   { return h.root }
func (h *historyView) focusTarget() fyne.Focusable { return h.search.FocusTarget() }

// showHistory shows the history over the current tab.
func (w *Panel) showHistory(query string) {
	w.current.history = true
	w.setHover("")
	if w.history != nil {
		w.history.limit = historyStep
		w.history.search.SetText(query)
	}
	w.p.Web.ShowHistory(query, historyStep)
	w.showFace()
	w.changed()
	w.focusPage()
}

func (w *Panel) toggleHistory() {
	if w.current.history {
		w.current.leaveHistory()
		w.focusPage()
		return
	}
	w.showHistory("")
}

// update shows the newest list.
func (h *historyView) update() {
	if h == nil {
		return
	}
	l := get(h.w.p.Web.History)
	if l == h.of {
		return
	}
	h.of = l
	h.rows = nil
	var day time.Time
	for i := range l.Visits {
		v := &l.Visits[i]
		y, m, d := v.At.Date()
		if date := time.Date(y, m, d, 0, 0, 0, 0, v.At.Location()); !date.Equal(day) {
			day = date
			h.rows = append(h.rows, historyRow{day: date})
		}
		h.rows = append(h.rows, historyRow{visit: v})
	}
	if l.More {
		h.rows = append(h.rows, historyRow{more: true})
	}
	h.list.SetLength(len(h.rows))
	h.list.SetSelection(nil, -1)
	var face fyne.CanvasObject = h.list
	switch {
	case l.Err != nil:
		e := words.Fault(l.Err, "web")
		face = emptystate.New(emptystate.Params{Icon: look.Icon("warning"), Title: e.Title, Text: e.Meaning})
	case len(h.rows) == 0 && l.Query != "":
		face = emptystate.New(emptystate.Params{Icon: look.Icon("search"), Title: words.T("web.history.none", "Text", l.Query)})
	case len(h.rows) == 0:
		face = emptystate.New(emptystate.Params{Icon: look.Icon("history"), Title: words.T("web.history.empty"), Text: words.T("web.history.empty_text")})
	}
	h.body.Objects = []fyne.CanvasObject{face}
	h.body.Refresh()
}

// historyLine draws a row.
type historyLine struct {
	widget.BaseWidget
	ground           *kit.Box
	time, name, host *kit.Text
	heading          *kit.Text
	line             *kit.Box
}

func newHistoryLine() *historyLine {
	l := &historyLine{
		ground: kit.NewBox(kit.BoxStyle{}), line: kit.Line(),
		time: kit.NewText("", kit.TextStyle{Size: 13, Color: kit.ColorQuiet}), name: kit.NewText("", kit.TextStyle{Shrink: true}),
		host:    kit.NewText("", kit.TextStyle{Size: 13, Color: kit.ColorQuiet, Shrink: true, Align: fyne.TextAlignTrailing}),
		heading: kit.NewText("", kit.TextStyle{Size: kit.SizeHeading, Bold: true}),
	}
	l.ExtendBaseWidget(l)
	return l
}

// CreateRenderer is called by Fyne.
func (l *historyLine) CreateRenderer() fyne.WidgetRenderer { return &historyLineRenderer{l} }

type historyLineRenderer struct{ l *historyLine }

func (r *historyLineRenderer) Destroy()           {}
func (r *historyLineRenderer) MinSize() fyne.Size { return fyne.NewSize(kit.Px(200), kit.Px(38)) }

func (r *historyLineRenderer) Objects() []fyne.CanvasObject {
	l := r.l
	return []fyne.CanvasObject{l.ground, l.line, l.time, l.name, l.host, l.heading}
}

func (r *historyLineRenderer) Layout(size fyne.Size) {
	l := r.l
	l.ground.Resize(size)
	l.line.Resize(fyne.NewSize(size.Width, 1))
	l.line.Move(fyne.NewPos(0, size.Height-1))
	place := func(t *kit.Text, x, w float32) {
		h := t.MinSize().Height
		t.Resize(fyne.NewSize(max(w, 0), h))
		t.Move(fyne.NewPos(x, (size.Height-h)/2))
	}
	side, at := kit.Px(10), kit.Px(72)
	host := min(kit.Px(240), size.Width*0.35)
	place(l.time, side, at-side)
	place(l.name, at, size.Width-at-host-2*side)
	place(l.host, size.Width-host-side, host)
	place(l.heading, side, size.Width-2*side)
	l.heading.Move(fyne.NewPos(side, size.Height-l.heading.MinSize().Height-kit.Px(5)))
}

func (r *historyLineRenderer) Refresh() {
	r.Layout(r.l.Size())
	for _, o := range r.Objects() {
		o.Refresh()
	}
}

func (h *historyView) fill(i int, l *historyLine, s rowlist.State) {
	if i >= len(h.rows) {
		return
	}
	row := h.rows[i]
	heading, moment, name, host := "", "", "", ""
	switch {
	case row.more:
		name = words.T("web.history.more")
	case row.visit != nil:
		moment, name, host = row.visit.At.Format("15:04"), row.visit.Title, hostOf(row.visit.URL)
	default:
		heading = h.dayName(row.day)
	}
	l.heading.SetText(heading)
	l.time.SetText(moment)
	l.name.SetText(name)
	l.host.SetText(host)
	style := kit.BoxStyle{Radius: 4}
	switch {
	case heading != "":
	case s.Selected:
		style.Fill = kit.ColorSelection
	case s.Hovered:
		style.Fill = kit.ColorHover
	}
	if s.Current && s.Focused && heading == "" {
		style.Edge = kit.ColorPrimary
	}
	l.ground.SetStyle(style)
	l.Refresh()
}

// dayName is "Today" or the date.
func (h *historyView) dayName(day time.Time) string {
	now := h.w.p.Now()
	if y, m, d := now.Date(); day.Equal(time.Date(y, m, d, 0, 0, 0, 0, now.Location())) {
		return words.T("web.history.today")
	}
	return words.Date(day, now)
}

func (h *historyView) visit(i int) *web.Visit {
	if i < 0 || i >= len(h.rows) {
		return nil
	}
	return h.rows[i].visit
}

func (h *historyView) open(i int) {
	if i >= 0 && i < len(h.rows) && h.rows[i].more {
		h.limit += historyStep
		h.w.p.Web.ShowHistory(h.search.Text(), h.limit)
		return
	}
	if v := h.visit(i); v != nil {
		h.w.openHere(v.URL, web.OpenOptions{})
	}
}

func (h *historyView) key(e *fyne.KeyEvent) bool {
	if e.Name != fyne.KeyDelete {
		return false
	}
	h.deleteSelected()
	return true
}

// deleteSelected forgets the selected visits.
func (h *historyView) deleteSelected() {
	var ids []int64
	for _, i := range h.list.Selected() {
		if v := h.visit(i); v != nil {
			ids = append(ids, v.ID)
		}
	}
	if len(ids) > 0 {
		h.w.p.Web.DeleteVisits(ids...)
		h.w.p.Host.Show(panel.Toast{Text: words.N("web.history.deleted", len(ids))})
	}
}

func (h *historyView) menu(i int, at fyne.Position) {
	if i < 0 || i >= len(h.rows) || h.rows[i].more {
		return
	}
	row := h.rows[i]
	day := row.day
	var items []*fyne.MenuItem
	if v := row.visit; v != nil {
		day = v.At
		if !slices.Contains(h.list.Selected(), i) {
			h.list.Select(i)
		}
		items = append(items,
			entry("web.history.open", "open", func() { h.w.openHere(v.URL, web.OpenOptions{}) }),
			entry("web.link.new_tab", "plus", func() { h.w.OpenInTab(v.URL, web.OpenOptions{}, false) }),
			entry("command.web.copy_address", "copy", func() { h.w.copy(v.URL) }), nil,
			entry("web.history.delete", "trash", h.deleteSelected))
	}
	items = append(items, entry("web.history.delete_day", "trash", func() { h.w.p.Web.DeleteDay(day) }))
	h.w.popUp(at, items...)
}

// askClearHistory forgets everything, after a yes.
func (w *Panel) askClearHistory() {
	w.p.Host.Ask(panel.Question{
		Title: words.T("web.clear.title"), Text: words.T("web.clear.text"), All: words.T("web.clear.cookies"),
		Choices: []panel.Choice{{Label: words.T("web.clear.no"), Primary: true}, {Label: words.T("web.clear.yes"), Value: "yes", Danger: true}},
		Answer: func(value string, all bool) {
			if value == "yes" {
				w.p.Web.ClearHistory(all)
				w.closed = nil
				w.p.Host.Show(panel.Toast{Text: words.T("web.clear.done")})
			}
		},
	})
}
