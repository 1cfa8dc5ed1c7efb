// Package jobview writes a job of package activity out as a line: the Activity
// panel and the transfers of the Files panel show the same words and buttons.
package jobview

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/files"
	"guichet/services/files/transfer"
	"guichet/widgets/kit"
	"guichet/widgets/transferrow"
)

// Jobs is what the buttons of a line need of activity.Center.
type Jobs interface {
	Pause(id int64)
	Resume(id int64)
	Retry(id int64)
	Cancel(id int64)
	Answer(id int64, value string, all bool)
}

// Line writes a job out.
func Line(j activity.Job, jobs Jobs, now time.Time) transferrow.Data {
	d := transferrow.Data{Icon: icon(j), Title: j.Title, Fraction: -1, Figures: Figures(j)}
	if to := target(j); to != "" {
		d.To = "→ " + to
	}
	if j.Size > 0 && (j.State == activity.Running || j.State == activity.Paused) {
		d.Fraction = min(float64(j.Done)/float64(j.Size), 1)
	}
	button := func(icon, id string, do func(int64)) {
		d.Actions = append(d.Actions, transferrow.Action{Icon: look.Icon(icon), Tip: words.T("job." + id), Do: func() { do(j.ID) }})
	}
	switch j.State {
	case activity.Running:
		button("pause", "pause", jobs.Pause)
	case activity.Paused:
		d.Note = words.T("job.paused")
		button("play", "resume", jobs.Resume)
	case activity.Waiting:
		d.Note, d.Figures = waiting(j, now), ""
		button("retry", "retry", jobs.Retry)
	case activity.Failed:
		d.NoteColor, d.Figures = kit.ColorBad, ""
		d.Note = words.Fault(j.Fault, "activity").Title
		button("retry", "retry", jobs.Retry)
	case activity.NeedsAnswer:
		question(&d, j, jobs)
	case activity.Done:
		d.Note = words.T("job.done", "Size", words.Size(j.Done), "Time", words.Date(j.Updated, now))
		d.IconColor, d.Figures = kit.ColorGoodText, ""
	case activity.Cancelled:
		d.Note, d.Figures = words.T("job.cancelled"), ""
	}
	operation(&d, j, now)
	if !j.State.Ended() || j.State == activity.Failed {
		button("close", "cancel", jobs.Cancel)
	}
	return d
}

// target names where a job's file goes: the server, or the folder of this
// computer.
func target(j activity.Job) string {
	if t, ok := spec(j); ok {
		if t.To.Site.Protocol != files.ProtocolLocal {
			return t.To.Site.Title()
		}
		return filepath.Base(filepath.Dir(j.To))
	}
	if u, err := url.Parse(j.To); err == nil && u.Host != "" {
		return u.Host
	}
	if filepath.IsAbs(j.To) {
		return filepath.Base(filepath.Dir(j.To))
	}
	return j.To
}

// spec reads what a transfer is about.
func spec(j activity.Job) (t transfer.Job, ok bool) {
	if j.Kind != transfer.Kind {
		return t, false
	}
	return t, json.Unmarshal(j.Spec, &t) == nil
}

func icon(j activity.Job) fyne.Resource {
	t, transfers := spec(j)
	switch {
	case j.State == activity.Done:
		return look.Icon("check")
	case transfers && t.From.Site.Protocol == files.ProtocolLocal:
		return look.Icon("arrow-up")
	case transfers && t.To.Site.Protocol == files.ProtocolLocal:
		return look.Icon("arrow-down")
	case j.Kind == "download":
		return look.Icon("arrow-down")
	case j.Kind == "send":
		return look.Icon("send")
	}
	return look.Icon("files")
}

// waiting says why a job waits and when it goes on.
func waiting(j activity.Job, now time.Time) string {
	if j.Fault == nil {
		return words.T("job.waiting")
	}
	s := words.Fault(j.Fault, "activity").Title + " "
	if left := j.NextTry.Sub(now); left > time.Second {
		return s + words.T("job.goes_on_in", "Left", words.Duration(left))
	}
	return s + words.T("job.goes_on")
}

// question puts a job's question and its answers on the line.
func question(d *transferrow.Data, j activity.Job, jobs Jobs) {
	q := j.Question
	if q == nil {
		return
	}
	args := make([]any, 0, 2*len(q.Data))
	for k, v := range q.Data {
		args = append(args, placeholder(k), v)
	}
	d.Question = words.T("question."+q.Kind, args...)
	for i, c := range q.Choices {
		d.Choices = append(d.Choices, transferrow.Choice{
			Label: words.T("choice." + c), Primary: i == 0, Do: func(all bool) { jobs.Answer(j.ID, c, all) },
		})
	}
	if q.All {
		d.All = words.T("choice.all")
	}
}

// placeholder is the name that a question's value has in sentences: source_size
// becomes SourceSize.
func placeholder(key string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(key, "_") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

// Figures says how far a job is: bytes, files, speed, time left.
func Figures(j activity.Job) string {
	s := words.Size(j.Done)
	if j.Size > 0 {
		s = words.T("job.of", "Done", s, "Size", words.Size(j.Size))
	}
	if j.Items > 1 {
		s = words.T("job.items", "Done", words.Number(int64(j.ItemsDone)), "All", words.Number(int64(j.Items))) + " · " + s
	}
	if j.Speed > 0 && j.State == activity.Running {
		s += " · " + words.Size(int64(j.Speed)) + "/s"
		if j.Size > j.Done {
			s += " · " + words.Duration(time.Duration(float64(j.Size-j.Done)/j.Speed*float64(time.Second)))
		}
	}
	return s
}
