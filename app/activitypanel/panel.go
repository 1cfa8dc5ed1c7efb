// Package activitypanel is the tab in which everything that runs is in one
// place: transfers, downloads, sends, with their progress and their questions.
package activitypanel

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/data/binding"
	"fyne.io/fyne/v2/widget"

	"guichet/app/jobview"
	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/address"
	"guichet/services/publish"
	"guichet/widgets/emptystate"
	"guichet/widgets/kit"
	"guichet/widgets/rowlist"
	"guichet/widgets/transferrow"
)

// Center is what the panel needs of activity.Center.
type Center interface {
	jobview.Jobs
	Remove(id int64)
	Clear()
	PauseAll()
	ResumeAll()
}

// Params are what a Panel is made of.
type Params struct {
	Host   panel.Host
	Center Center
	Jobs   binding.Item[*activity.Snapshot]
	// Open and ShowInFolder are for finished files.
	Open, ShowInFolder func(path string) error
	// ShowFailed lists what a job could not copy; nil: there is no such button.
	ShowFailed func(j activity.Job)
	Now        func() time.Time // nil: time.Now
}

// Panel is the tab.
type Panel struct {
	p        Params
	status   binding.Item[panel.Status]
	badge    binding.Int
	list     *rowlist.List
	stack    *fyne.Container
	empty    fyne.CanvasObject
	filled   fyne.CanvasObject
	summary  *kit.Text
	lines    []line
	behind   map[int64][]int64 // see jobview.Fold
	snapshot *activity.Snapshot
	listener binding.DataListener
	visible  bool
	stale    bool
}

// line is a row of the list: a heading or a job.
type line struct {
	heading string
	job     activity.Job
}

var _ panel.Panel = (*Panel)(nil)

// New makes the panel.
func New(p Params) *Panel {
	if p.Now == nil {
		p.Now = time.Now
	}
	a := &Panel{p: p, status: publish.NewItem(panel.Status{}), badge: publish.NewItem(0), snapshot: &activity.Snapshot{}}
	a.listener = binding.NewDataListener(a.changed)
	p.Jobs.AddListener(a.listener)
	return a
}

// ID implements panel.Panel.
func (a *Panel) ID() string { return "activity" }

// Title implements panel.Panel.
func (a *Panel) Title() string { return words.T("activity.title") }

// Icon implements panel.Panel.
func (a *Panel) Icon() fyne.Resource { return look.Icon("activity") }

// Status implements panel.Panel.
func (a *Panel) Status() binding.Item[panel.Status] { return a.status }

// Badge implements panel.Panel.
func (a *Panel) Badge() binding.Int { return a.badge }

// Accepts implements panel.Panel.
func (a *Panel) Accepts(address.Target) bool { return false }

// Open implements panel.Panel.
func (a *Panel) Open(address.Target) {}

// Bar implements panel.Panel.
func (a *Panel) Bar() panel.Bar {
	return panel.Bar{Placeholder: words.T("app.placeholder"), Right: []string{"activity.pause_all", "activity.clear"}, Primary: false}
}

// Commands implements panel.Panel.
func (a *Panel) Commands() []panel.Command {
	menu := words.T("activity.title")
	has := func(states ...activity.State) func() bool {
		return func() bool {
			for _, j := range a.snapshot.Jobs {
				for _, s := range states {
					if j.State == s {
						return true
					}
				}
			}
			return false
		}
	}
	return []panel.Command{
		{
			ID: "activity.pause_all", Name: words.T("command.activity.pause_all"), Menu: menu, Icon: look.Icon("pause"),
			Enabled: has(activity.Running, activity.Waiting), Run: a.p.Center.PauseAll,
		},
		{
			ID: "activity.resume_all", Name: words.T("command.activity.resume_all"), Menu: menu, Icon: look.Icon("play"),
			Enabled: has(activity.Paused), Run: a.p.Center.ResumeAll,
		},
		{
			ID: "activity.clear", Name: words.T("command.activity.clear"), Menu: menu, Icon: look.Icon("trash"), Separator: true,
			Enabled: has(activity.Done, activity.Failed, activity.Cancelled), Run: a.p.Center.Clear,
		},
	}
}

// Shown implements panel.Panel.
func (a *Panel) Shown() {
	a.visible = true
	if a.stale {
		a.fill()
	}
}

// Hidden implements panel.Panel.
func (a *Panel) Hidden() { a.visible = false }

// Panes lists what F6 walks through.
func (a *Panel) Panes() []fyne.Focusable { return []fyne.Focusable{a.list.FocusTarget()} }

// Close implements panel.Panel.
func (a *Panel) Close(context.Context) error {
	a.p.Jobs.RemoveListener(a.listener)
	return nil
}

// Content implements panel.Panel.
func (a *Panel) Content() fyne.CanvasObject {
	a.empty = emptystate.New(emptystate.Params{
		Icon: look.Icon("activity"), Title: words.T("activity.empty.title"), Text: words.T("activity.empty.text"),
	})
	a.summary = kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Align: fyne.TextAlignTrailing})
	a.list = rowlist.New(rowlist.Params{
		RowHeight: func() float32 { return kit.Px(transferrow.Tall) },
		Create:    func() fyne.CanvasObject { return newRow() },
		Update: func(i int, o fyne.CanvasObject, s rowlist.State) {
			if i < len(a.lines) {
				a.update(a.lines[i], o.(*row), s)
			}
		},
		Single: true,
		OnOpen: func(i int) {
			if i < len(a.lines) {
				a.openLine(a.lines[i].job)
			}
		},
		OnKey: func(ev *fyne.KeyEvent) bool {
			i := a.list.Current()
			if ev.Name != fyne.KeyDelete || i < 0 || i >= len(a.lines) || !a.lines[i].job.State.Ended() {
				return false
			}
			a.remove(a.lines[i].job.ID)
			return true
		},
	})
	head := kit.Inset(16, 24, 8, 24, kit.Row(12, 1, kit.NewText(words.T("activity.title"), kit.TextStyle{Size: kit.SizeTitle, Bold: true}), a.summary))
	a.filled = kit.Frame(head, kit.Inset(0, 12, 0, 12, a.list), nil)
	a.stack = container.NewStack(a.filled, a.empty)
	a.fill()
	return a.stack
}

// changed takes a new snapshot.
func (a *Panel) changed() {
	s, err := a.p.Jobs.Get()
	if err != nil || s == nil {
		slog.Error("activity snapshot", "err", err)
		return
	}
	old := a.snapshot
	a.snapshot = s
	waiting := 0
	for _, j := range s.Jobs {
		if j.State == activity.NeedsAnswer {
			waiting++
		}
	}
	if err := a.badge.Set(s.Running + s.Waiting + waiting); err != nil {
		slog.Error("activity badge", "err", err)
	}
	st := panel.Status{Level: panel.Idle, Text: words.T("activity.status.idle")}
	switch {
	case waiting > 0:
		st = panel.Status{Level: panel.Waiting, Text: words.N("activity.status.question", waiting)}
	case s.Running > 0:
		st = panel.Status{Level: panel.Good, Text: words.N("activity.summary.running", s.Running)}
	case s.Waiting > 0:
		st = panel.Status{Level: panel.Waiting, Text: words.N("activity.summary.waiting", s.Waiting)}
	}
	if err := a.status.Set(st); err != nil {
		slog.Error("activity status", "err", err)
	}
	if !a.visible || a.list == nil {
		a.stale = true
		return
	}
	if a.sameShape(old) {
		a.refreshChanged(old)
		return
	}
	a.fill()
	a.p.Host.Changed(a)
}

// sameShape reports whether the lines stand where they stood.
func (a *Panel) sameShape(old *activity.Snapshot) bool {
	if len(old.Jobs) != len(a.snapshot.Jobs) {
		return false
	}
	for i := range old.Jobs {
		if old.Jobs[i].ID != a.snapshot.Jobs[i].ID || group(old.Jobs[i]) != group(a.snapshot.Jobs[i]) {
			return false
		}
	}
	return true
}

// refreshChanged fills in the rows whose figures changed, and only those.
func (a *Panel) refreshChanged(old *activity.Snapshot) {
	for i := range a.lines {
		l := &a.lines[i]
		if l.heading != "" {
			continue
		}
		at, ok := a.snapshot.Index[l.job.ID]
		if !ok {
			a.fill()
			return
		}
		now := a.snapshot.Jobs[at]
		before := l.job
		l.job = now
		if before.Done != now.Done || before.State != now.State || before.Speed != now.Speed ||
			before.ItemsDone != now.ItemsDone || before.Title != now.Title || !before.Updated.Equal(now.Updated) {
			a.list.RefreshRow(i)
		}
	}
	a.summarize()
}

// The groups, in their order.
const (
	groupRunning = iota
	groupWaiting
	groupDone
)

func group(j activity.Job) int {
	switch j.State {
	case activity.Running, activity.NeedsAnswer:
		return groupRunning
	case activity.Waiting, activity.Paused:
		return groupWaiting
	}
	return groupDone
}

func (a *Panel) fill() {
	a.stale = false
	if a.list == nil {
		return
	}
	var groups [3][]activity.Job
	shown, behind := jobview.Fold(a.snapshot.Jobs)
	a.behind = behind
	for _, j := range shown {
		g := group(j)
		groups[g] = append(groups[g], j)
	}
	titles := [3]string{words.T("activity.group.running"), words.T("activity.group.waiting"), words.T("activity.group.done")}
	a.lines = nil
	for g, jobs := range groups {
		if len(jobs) == 0 {
			continue
		}
		a.lines = append(a.lines, line{heading: titles[g]})
		for _, j := range jobs {
			a.lines = append(a.lines, line{job: j})
		}
	}
	a.empty.Hide()
	a.filled.Show()
	if len(a.lines) == 0 {
		a.filled.Hide()
		a.empty.Show()
	}
	a.list.SetLength(len(a.lines))
	a.summarize()
	a.stack.Refresh()
}

func (a *Panel) summarize() {
	done, today := 0, a.p.Now()
	for _, j := range a.snapshot.Jobs {
		if j.State == activity.Done && j.Updated.After(today.Add(-24*time.Hour)) && j.Updated.Local().Day() == today.Local().Day() {
			done++
		}
	}
	var parts []string
	if n := a.snapshot.Running; n > 0 {
		parts = append(parts, words.N("activity.count.running", n))
	}
	if n := a.snapshot.Waiting; n > 0 {
		parts = append(parts, words.N("activity.count.waiting", n))
	}
	if done > 0 {
		parts = append(parts, words.N("activity.count.done", done))
	}
	a.summary.SetText(strings.Join(parts, " · "))
}

// row is a line of the list: it can be a heading or a job's.
type row struct {
	widget.BaseWidget
	content *fyne.Container
	ground  *kit.Box
	heading *kit.Text
	job     *transferrow.Row
	line    fyne.CanvasObject
}

func newRow() *row {
	r := &row{ground: kit.NewBox(kit.BoxStyle{}), heading: kit.NewText("", kit.TextStyle{Size: 13, Bold: true, Color: kit.ColorQuiet}), job: transferrow.New(false), line: kit.Line()}
	r.content = container.New(rowLayout{r}, r.ground, r.heading, r.job, r.line)
	r.ExtendBaseWidget(r)
	return r
}

// CreateRenderer is called by Fyne.
func (r *row) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.content) }

type rowLayout struct{ r *row }

func (l rowLayout) MinSize([]fyne.CanvasObject) fyne.Size { return l.r.job.MinSize() }

func (l rowLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	l.r.ground.Resize(size)
	l.r.job.Resize(size)
	h := l.r.heading.MinSize().Height
	l.r.heading.Move(fyne.NewPos(kit.Px(12), size.Height-h-kit.Px(8)))
	l.r.heading.Resize(fyne.NewSize(size.Width-kit.Px(24), h))
	l.r.line.Move(fyne.NewPos(0, size.Height-1))
	l.r.line.Resize(fyne.NewSize(size.Width, 1))
}

func (a *Panel) update(l line, r *row, s rowlist.State) {
	style := kit.BoxStyle{Radius: 8}
	if s.Selected && l.heading == "" {
		style.Fill = kit.ColorSelection
	}
	r.ground.SetStyle(style)
	r.heading.Hidden, r.job.Hidden = l.heading == "", l.heading != ""
	if l.heading != "" {
		r.heading.SetText(l.heading)
		r.Refresh()
		return
	}
	r.job.Set(a.data(l.job, a.p.Now()))
	r.Refresh()
}
