package activitypanel

import (
	"encoding/json"
	"time"

	"guichet/app/jobview"
	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/widgets/transferrow"
)

// made is the file that a finished job made.
type made struct {
	Path string `json:"path"`
	// Runnable files are programs: they are never opened from here, only shown
	// in their folder.
	Runnable bool `json:"runnable"`
}

// madeBy gives what a job made; an empty path where there is nothing.
func madeBy(j activity.Job) (m made) {
	if j.State != activity.Done || len(j.Result) == 0 || json.Unmarshal(j.Result, &m) != nil {
		return made{}
	}
	return m
}

// openLine is what Enter or a double click on a job does.
func (a *Panel) openLine(j activity.Job) {
	m := madeBy(j)
	switch {
	case jobview.HasFailures(j) && a.p.ShowFailed != nil:
		a.p.ShowFailed(j)
	case m.Path == "":
	case m.Runnable && a.p.ShowInFolder != nil:
		a.open(m.Path, a.p.ShowInFolder)
	case !m.Runnable && a.p.Open != nil:
		a.open(m.Path, a.p.Open)
	}
}

// data is a job's line: that of every list of jobs, and what can be done with
// a job that has ended.
func (a *Panel) data(j activity.Job, now time.Time) transferrow.Data {
	d := jobview.Line(j, a.p.Center, now)
	jobview.Times(&d, a.behind[j.ID])
	if jobview.HasFailures(j) && a.p.ShowFailed != nil {
		d.Actions = append([]transferrow.Action{{Icon: look.Icon("info"), Tip: words.T("job.failures"), Do: func() { a.p.ShowFailed(j) }}}, d.Actions...)
	}
	if !j.State.Ended() {
		return d
	}
	// Nothing is left to cancel.
	if j.State == activity.Failed && len(d.Actions) > 0 {
		d.Actions = d.Actions[:len(d.Actions)-1]
	}
	button := func(icon, tip string, do func()) {
		d.Actions = append(d.Actions, transferrow.Action{Icon: look.Icon(icon), Tip: tip, Do: do})
	}
	if m := madeBy(j); m.Path != "" {
		if a.p.Open != nil && !m.Runnable {
			button("open", words.T("activity.open"), func() { a.open(m.Path, a.p.Open) })
		}
		if a.p.ShowInFolder != nil {
			button("folder", words.T("activity.folder"), func() { a.open(m.Path, a.p.ShowInFolder) })
		}
	}
	button("close", words.T("activity.remove"), func() { a.remove(j.ID) })
	return d
}

// remove takes an ended job off the list, with those that its line stands for.
func (a *Panel) remove(id int64) {
	for _, other := range append(a.behind[id], id) {
		a.p.Center.Remove(other)
	}
}

func (a *Panel) open(path string, f func(string) error) {
	if err := f(path); err != nil {
		a.p.Host.Trouble("files", err, nil)
	}
}
