package filespanel

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"guichet/app/jobview"
	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/files/browse"
	"guichet/services/files/compare"
	"guichet/services/files/ops"
	"guichet/services/files/transfer"
	"guichet/widgets/kit"
	"guichet/widgets/rowlist"
	"guichet/widgets/transferrow"
)

// transfers is the strip at the foot: what is on its way.
type transfers struct {
	f       *Panel
	object  *fyne.Container
	strip   fyne.CanvasObject // with the list
	folded  fyne.CanvasObject // the line alone
	summary *kit.Text
	pause   *kit.Button
	more    *kit.Button
	list    *rowlist.List
	jobs    []activity.Job
	behind  map[int64][]int64 // see jobview.Fold
	paused  bool
	// done remembers which jobs had ended, so that a side whose folder got a new
	// file is listed again once.
	done    map[int64]bool
	began   bool // the first list was seen: what had ended then is no news
	waiting map[*browse.Session]bool
}

// stripRows is how many transfers are seen at once: four, and fewer where the
// window is low.
func (t *transfers) stripRows() float32 {
	room := t.f.p.Host.Window().Canvas().Size().Height - kit.Px(480)
	return float32(max(min(int(room/2/kit.Px(transferrow.Compact)), 4), 1))
}

// stripLayout gives the list that height.
type stripLayout struct{ t *transfers }

func (l stripLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, kit.Px(48+l.t.stripRows()*transferrow.Compact))
}

func (stripLayout) Layout(o []fyne.CanvasObject, size fyne.Size) { o[0].Resize(size) }

func newTransfers(f *Panel) *transfers {
	t := &transfers{
		f: f, summary: kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}),
		done: map[int64]bool{}, waiting: map[*browse.Session]bool{},
	}
	if f.transfers != nil {
		t.done, t.waiting, t.began = f.transfers.done, f.transfers.waiting, f.transfers.began
	}
	t.pause = kit.NewButton(kit.ButtonParams{Text: words.T("files.pause_all"), Icon: look.Icon("pause"), Kind: kit.Quiet, Small: true, OnTapped: t.toggle})
	t.list = rowlist.New(rowlist.Params{
		RowHeight: func() float32 { return kit.Px(transferrow.Compact) },
		Create:    func() fyne.CanvasObject { return transferrow.New(true) },
		Update: func(i int, o fyne.CanvasObject, _ rowlist.State) {
			o.(*transferrow.Row).Set(t.line(t.jobs[i]))
		},
		Single: true, OnMenu: t.menu,
		OnOpen: func(i int) { t.f.askJob(t.jobs[i]) },
		OnKey: func(ev *fyne.KeyEvent) bool {
			i := t.list.Current()
			if ev.Name != fyne.KeyDelete || i < 0 || i >= len(t.jobs) {
				return false
			}
			if c, ok := t.f.p.Jobs.(listKeeper); ok && t.jobs[i].State.Ended() {
				t.remove(c, t.jobs[i].ID)
			} else if !t.jobs[i].State.Ended() {
				t.f.p.Jobs.Cancel(t.jobs[i].ID)
			}
			return true
		},
	})
	t.more = kit.NewButton(kit.ButtonParams{Icon: look.Icon("dots"), Kind: kit.Quiet, Small: true, Tip: words.T("files.transfers.more"), OnTapped: t.stripMenu})
	head := kit.Row(12, 1, kit.NewText(words.T("files.transfers"), kit.TextStyle{Bold: true}), kit.NewBox(kit.BoxStyle{}), t.summary, t.pause, t.more)
	top := kit.Column(0, kit.Line(), kit.Inset(4, 6, 4, 14, head))
	body := kit.Frame(top, kit.Inset(0, 14, 6, 14, t.list), nil)
	t.strip = container.New(stripLayout{t}, body)
	t.folded = top
	t.object = kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide}), t.folded)
	return t
}

// fold shows the line alone while there is nothing to list.
func (t *transfers) fold() {
	want := t.folded
	if len(t.jobs) > 0 {
		want = t.strip
	}
	if t.object.Objects[1] != want {
		t.object.Objects[1] = want
		t.f.layout()
	}
}

// toggle pauses everything, or lets it go on.
func (t *transfers) toggle() {
	if t.paused {
		t.f.p.Jobs.ResumeAll()
	} else {
		t.f.p.Jobs.PauseAll()
	}
}

// expect has the folder of a session listed again when transfers end.
func (t *transfers) expect(s *browse.Session) { t.waiting[s] = true }

func (t *transfers) update() {
	s := get(t.f.p.Activity)
	if s == nil {
		return
	}
	t.jobs = t.jobs[:0]
	running, waiting, paused, failed, done, ended := 0, 0, 0, 0, 0, false
	shown, behind := jobview.Fold(s.Jobs)
	t.behind = behind
	for _, j := range shown {
		if j.Kind != transfer.Kind && j.Kind != ops.Kind && j.Kind != compare.Kind {
			continue
		}
		switch j.State {
		case activity.Running, activity.NeedsAnswer:
			running++
		case activity.Waiting:
			waiting++
		case activity.Paused:
			paused++
		case activity.Failed:
			failed++
		case activity.Done:
			if sameDay(j.Updated, t.f.p.Now()) {
				done += 1 + len(behind[j.ID])
			}
		}
		if j.State.Ended() && !t.done[j.ID] {
			t.done[j.ID], ended = true, true
			if t.began {
				t.f.notify(j)
			}
		}
		if j.State != activity.Cancelled {
			t.jobs = append(t.jobs, j)
		}
	}
	t.began = true
	t.jobs = urgentFirst(t.jobs)
	t.fold()
	t.list.SetLength(len(t.jobs))
	t.paused = paused > 0 && running+waiting == 0
	t.pause.SetText(words.T("files.pause_all"))
	t.pause.SetIcon(look.Icon("pause"))
	if t.paused {
		t.pause.SetText(words.T("files.resume_all"))
		t.pause.SetIcon(look.Icon("play"))
	}
	t.pause.SetEnabled(running+waiting+paused > 0)
	var parts []string
	for _, p := range []struct {
		id string
		n  int
	}{{"files.running", running}, {"files.waiting", waiting}, {"files.paused", paused}, {"files.failed", failed}, {"files.done_today", done}} {
		if p.n > 0 {
			parts = append(parts, words.N(p.id, p.n))
		}
	}
	if n := t.f.state.Limit; n > 0 && t.f.p.SetLimits != nil {
		parts = append(parts, words.T("files.limited", "Speed", words.Size(n)+"/s"))
	}
	if len(parts) == 0 {
		parts = []string{words.T("files.no_transfers")}
	}
	t.summary.SetText(strings.Join(parts, " · "))
	if ended {
		t.reload()
	}
}

// urgentFirst puts what needs a person first, then what moves, then the rest;
// within each the newest first, but what waits in the order of its queue.
func urgentFirst(jobs []activity.Job) []activity.Job {
	rank := func(j activity.Job) int {
		switch j.State {
		case activity.NeedsAnswer:
			return 0
		case activity.Running:
			return 1
		case activity.Waiting, activity.Paused:
			return 2
		case activity.Failed:
			return 3
		}
		return 4
	}
	var out []activity.Job
	for r := range 5 {
		if r == 2 {
			out = append(out, queued(jobs)...)
			continue
		}
		for _, j := range jobs {
			if rank(j) == r {
				out = append(out, j)
			}
		}
	}
	return out
}

// reload lists the folders again that files were sent to.
func (t *transfers) reload() {
	for _, s := range []*side{t.f.here, t.f.there} {
		if s.session != nil && t.waiting[s.session] {
			s.session.Refresh()
		}
	}
}
