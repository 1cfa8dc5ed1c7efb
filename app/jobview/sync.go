package jobview

import (
	"encoding/json"
	"strings"
	"time"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/files/compare"
	"guichet/widgets/transferrow"
)

// synchronised writes a job that makes two folders alike: how many files, and
// what was passed over.
func synchronised(d *transferrow.Data, j activity.Job, now time.Time) {
	if j.Kind != compare.Kind {
		return
	}
	var r compare.Result
	known := json.Unmarshal(j.Result, &r) == nil
	switch {
	case j.State == activity.Done && known:
		parts := []string{words.N("compare.job.copied", r.Copied) + ", " + words.Size(r.Bytes)}
		if r.Deleted > 0 {
			parts = append(parts, words.N("compare.job.deleted", r.Deleted))
		}
		if r.Changed > 0 {
			parts = append(parts, words.N("compare.job.changed", r.Changed))
		}
		d.Note = strings.Join(append(parts, words.Date(j.Updated, now)), " · ")
	case j.State == activity.Failed && known && r.Failed > 0:
		d.Note += " " + words.N("compare.job.failed", r.Failed)
	case j.State != activity.Done:
		d.Icon = look.Icon("compare")
	}
	if j.State == activity.Running && j.Size <= 0 && j.Items > 0 { // folders and deletes only
		d.Fraction = float64(j.ItemsDone) / float64(j.Items)
	}
}
