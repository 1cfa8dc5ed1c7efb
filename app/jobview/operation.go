package jobview

import (
	"encoding/json"
	"time"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/files"
	"guichet/services/files/ops"
	"guichet/widgets/kit"
	"guichet/widgets/transferrow"
)

// operation writes the line of a job that does something else to files than
// bringing them somewhere: what it does, to how many, and what failed.
func operation(d *transferrow.Data, j activity.Job, now time.Time) {
	var spec ops.Job
	if j.Kind != ops.Kind || json.Unmarshal(j.Spec, &spec) != nil {
		return
	}
	name := j.Title
	if n := len(spec.Items) - 1; n > 0 {
		name = words.N("ops.job.more", n, "Name", name)
	}
	d.Title, d.To = words.T("ops.job."+string(spec.Action), "Name", name), ""
	icons := map[ops.Action]string{ops.Delete: "trash", ops.Permissions: "key", ops.Copy: "copy", ops.Move: "move"}
	if spec.To != nil {
		if d.To = spec.To.Site.Title(); spec.To.Site.Protocol == files.ProtocolLocal {
			d.To = files.Display(spec.To.At().Base())
		}
		if d.To != "" {
			d.To = "→ " + d.To
		}
	}
	var r ops.Result
	known := json.Unmarshal(j.Result, &r) == nil
	switch j.State {
	case activity.Running, activity.Paused:
		d.Figures = ""
		if j.Items > 0 {
			d.Figures = words.T("ops.job.progress", "Done", words.Number(int64(j.ItemsDone)), "All", words.Number(int64(j.Items)))
		}
		d.Icon = look.Icon(icons[spec.Action])
	case activity.Done:
		d.Note = words.N("ops.job.done", r.Files+r.Folders+r.Unchanged, "Time", words.Date(j.Updated, now))
	case activity.Failed:
		d.Icon = look.Icon(icons[spec.Action])
		if known && r.Failed > 0 {
			d.NoteColor, d.Note = kit.ColorBad, words.N("ops.job.failed", r.Failed, "Why", words.Fault(j.Fault, "files").Title)
		}
	default:
		d.Icon = look.Icon(icons[spec.Action])
	}
}
