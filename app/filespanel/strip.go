package filespanel

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"guichet/app/jobview"
	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/widgets/kit"
	"guichet/widgets/transferrow"
)

// listKeeper is met by a job list that ended jobs can be taken out of.
type listKeeper interface {
	Remove(id int64)
	Clear()
}

func sameDay(a, b time.Time) bool {
	a = a.In(b.Location())
	return a.YearDay() == b.YearDay() && a.Year() == b.Year()
}

// line writes a job out; a question has a button that shows both files.
func (t *transfers) line(j activity.Job) transferrow.Data {
	d := jobview.Line(j, t.f.p.Jobs, t.f.p.Now())
	jobview.Times(&d, t.behind[j.ID])
	if j.State == activity.NeedsAnswer && j.Question != nil && j.Question.Kind == "exists" {
		d.Actions = append([]transferrow.Action{{Icon: look.Icon("eye"), Tip: words.T("files.look"), Do: func() { t.f.askJob(j) }}}, d.Actions...)
	}
	if jobview.HasFailures(j) && t.f.p.Failures != nil {
		d.Actions = append([]transferrow.Action{{Icon: look.Icon("info"), Tip: words.T("job.failures"), Do: func() { t.f.ShowFailed(j) }}}, d.Actions...)
	}
	return d
}

// remove takes an ended job off the list, with those that its line stands for.
func (t *transfers) remove(c listKeeper, id int64) {
	for _, other := range append(t.behind[id], id) {
		c.Remove(other)
	}
}

// menu is that of a transfer's line.
func (t *transfers) menu(i int, at fyne.Position) {
	if i < 0 || i >= len(t.jobs) {
		t.show(at)
		return
	}
	j, jobs := t.jobs[i], t.f.p.Jobs
	var items []*fyne.MenuItem
	item := func(icon, id string, do func()) {
		items = append(items, fyne.NewMenuItemWithIcon(words.T(id), look.Icon(icon), do))
	}
	switch j.State {
	case activity.NeedsAnswer:
		item("eye", "files.look", func() { t.f.askJob(j) })
	case activity.Running:
		item("pause", "job.pause", func() { jobs.Pause(j.ID) })
	case activity.Paused:
		item("play", "job.resume", func() { jobs.Resume(j.ID) })
	case activity.Waiting, activity.Failed:
		item("retry", "job.retry", func() { jobs.Retry(j.ID) })
	}
	if o, ok := jobs.(orderer); ok {
		t.orderItems(j, o, item)
	}
	if jobview.HasFailures(j) && t.f.p.Failures != nil {
		item("info", "job.failures", func() { t.f.ShowFailed(j) })
	} else if j.Fault != nil {
		item("info", "files.why", func() { t.f.trouble(j.Fault, func() { jobs.Retry(j.ID) }) })
	}
	if path := jobview.LocalPath(j); path != "" && t.f.p.ShowInFolder != nil {
		item("open", "command.files.folder", func() {
			t.f.run("show in folder", func(ctx) error { return t.f.p.ShowInFolder(path) }, t.f.report)
		})
	}
	if !j.State.Ended() {
		item("close", "job.cancel", func() { jobs.Cancel(j.ID) })
	} else if c, ok := jobs.(listKeeper); ok {
		item("close", "activity.remove", func() { t.remove(c, j.ID) })
	}
	kit.ShowMenu(t.f.p.Host.Window().Canvas(), words.T("menu.more"), at, items)
}

// orderer is met by a job list whose order can be changed.
type orderer interface {
	// Move puts a job before another in the queue; 0: at the end.
	Move(id, before int64)
}

// orderItems are the lines of the menu that change the order of what waits.
func (t *transfers) orderItems(j activity.Job, o orderer, item func(icon, id string, do func())) {
	queue := queued(t.jobs)
	i := slices.IndexFunc(queue, func(x activity.Job) bool { return x.ID == j.ID })
	if i < 0 {
		return
	}
	after := func(n int) int64 { // the job that stands behind place n
		if n+1 < len(queue) {
			return queue[n+1].ID
		}
		return 0
	}
	if i > 0 {
		item("arrow-up", "job.first", func() { o.Move(j.ID, queue[0].ID) })
		item("chevron-up", "job.up", func() { o.Move(j.ID, queue[i-1].ID) })
	}
	if i < len(queue)-1 {
		item("chevron-down", "job.down", func() { o.Move(j.ID, after(i+1)) })
	}
}

// queued are the jobs that wait for their turn, the next one first.
func queued(jobs []activity.Job) (out []activity.Job) {
	for _, j := range jobs {
		if j.State == activity.Waiting || j.State == activity.Paused {
			out = append(out, j)
		}
	}
	slices.SortStableFunc(out, func(a, b activity.Job) int { return cmp.Compare(a.Rank, b.Rank) })
	return out
}

// stripMenu opens below the button of the strip's head.
func (t *transfers) stripMenu() {
	t.show(fyne.CurrentApp().Driver().AbsolutePositionForObject(t.more).SubtractXY(kit.Px(220), kit.Px(10)))
}

// limits are the speeds offered, in bytes per second.
var limits = []int64{0, 500_000, 1_000_000, 5_000_000}

// show opens the menu of the whole strip.
func (t *transfers) show(at fyne.Position) {
	f := t.f
	var items []*fyne.MenuItem
	if f.p.SetLimits != nil {
		limit := fyne.NewMenuItemWithIcon(words.T("files.limit"), look.Icon("clock"), nil)
		var speeds []*fyne.MenuItem
		known := false
		add := func(name string, n int64, checked bool) {
			i := fyne.NewMenuItem(name, func() { f.setLimit(n) })
			i.Checked = checked
			speeds = append(speeds, i)
		}
		for _, n := range limits {
			name := words.T("files.limit.none")
			if n > 0 {
				name = words.Size(n) + "/s"
			}
			known = known || n == f.state.Limit
			add(name, n, n == f.state.Limit)
		}
		if !known {
			add(words.Size(f.state.Limit)+"/s", f.state.Limit, true)
		}
		speeds = append(speeds, fyne.NewMenuItem(words.T("files.limit.own"), f.askLimit))
		limit.ChildMenu = fyne.NewMenu("", speeds...)
		items = append(items, limit)
	}
	if r, ok := f.p.Jobs.(interface{ RetryAll() }); ok {
		items = append(items, fyne.NewMenuItemWithIcon(words.T("files.retry_all"), look.Icon("retry"), r.RetryAll))
	}
	if c, ok := f.p.Jobs.(listKeeper); ok {
		items = append(items, fyne.NewMenuItemWithIcon(words.T("command.activity.clear"), look.Icon("trash"), c.Clear))
	}
	items = append(items, fyne.NewMenuItemWithIcon(words.T("files.resume_all"), look.Icon("play"), f.p.Jobs.ResumeAll))
	kit.ShowMenu(f.p.Host.Window().Canvas(), words.T("menu.more"), at, items)
}

// setLimit bounds the speed of all transfers, in bytes per second; 0: not at
// all.
func (f *Panel) setLimit(n int64) {
	f.state.Limit = n
	f.keep()
	f.p.SetLimits(n, n)
	f.transfers.update()
}

// askLimit asks for a speed in megabytes per second.
func (f *Panel) askLimit() {
	f.askName(words.T("files.limit"), words.T("files.limit.text"), "", words.T("files.save.yes"), func(text string) {
		v, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(text), ",", ".", 1), 64)
		if err == nil && v > 0 && v < 1e6 {
			f.setLimit(int64(v * 1e6))
		}
	})
}

// longJob is how long a transfer must have taken for its end to be news.
const longJob = 20 * time.Second

// notify tells of a long transfer that ended while nobody looked.
func (f *Panel) notify(j activity.Job) {
	if f.p.Notify == nil || f.p.Behind == nil || !f.p.Behind() || j.Updated.Sub(j.Created) < longJob {
		return
	}
	switch j.State {
	case activity.Done:
		f.p.Notify(words.T("files.notify.done", "Name", shorten(jobview.Title(j), 60)), words.Size(j.Done))
	case activity.Failed:
		f.p.Notify(words.T("files.notify.failed", "Name", shorten(jobview.Title(j), 60)), words.Fault(j.Fault, "activity").Title)
	}
}
