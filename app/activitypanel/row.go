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

// pathOf is the file that a finished job made, "" where there is none.
func pathOf(j activity.Job) string {
	var r struct {
		Path string `json:"path"`
	}
	if j.State != activity.Done || len(j.Result) == 0 || json.Unmarshal(j.Result, &r) != nil {
		return ""
	}
	return r.Path
}

// data is a job's line: that of every list of jobs, and what can be done with
// a job that has ended.
func (a *Panel) data(j activity.Job, now time.Time) transferrow.Data {
	d := jobview.Line(j, a.p.Center, now)
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
	if path := pathOf(j); path != "" {
		if a.p.Open != nil {
			button("open", words.T("activity.open"), func() { a.open(path, a.p.Open) })
		}
		if a.p.ShowInFolder != nil {
			button("folder", words.T("activity.folder"), func() { a.open(path, a.p.ShowInFolder) })
		}
	}
	button("close", words.T("activity.remove"), func() { a.p.Center.Remove(j.ID) })
	return d
}

func (a *Panel) open(path string, f func(string) error) {
	if err := f(path); err != nil {
		a.p.Host.Trouble("files", err, nil)
	}
}
