// Package jobview writes a job of package activity out as a line: the Activity
// panel and the transfers of the Files panel show the same words and buttons.
package jobview

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/fault"
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
	d := transferrow.Data{Icon: icon(j), Title: Title(j), Fraction: -1, Figures: Figures(j)}
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
		if n := OutcomeOf(j).Failed; n > 0 && j.Kind == transfer.Kind {
			d.Note = words.N("job.failed_some", n, "Why", words.Fault(j.Fault, "files").Title)
		}
		button("retry", "retry", jobs.Retry)
	case activity.NeedsAnswer:
		question(&d, j, jobs)
	case activity.Done:
		d.Note = done(j, now)
		d.IconColor, d.Figures = kit.ColorGoodText, ""
	case activity.Cancelled:
		d.Note, d.Figures = words.T("job.cancelled"), ""
	}
	operation(&d, j, now)
	synchronised(&d, j, now)
	if !j.State.Ended() || j.State == activity.Failed {
		button("close", "cancel", jobs.Cancel)
	}
	return d
}

// Title names a job: by its file or folder, or by how many were chosen.
func Title(j activity.Job) string {
	t, _ := spec(j)
	switch n := len(t.Names); {
	case n == 0:
		return j.Title
	case t.Folders > 0:
		return words.N("job.things", n)
	default:
		return words.N("job.files", n)
	}
}

// target names where a job's file goes: the server, or the folder of this
// computer.
func target(j activity.Job) string {
	if t, ok := spec(j); ok {
		if t.To.Site.Protocol != files.ProtocolLocal {
			return t.To.Site.Title()
		}
		if len(t.Names) > 0 {
			return filepath.Base(j.To)
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

// LocalPath is the file of this computer that a job reads or has written, "" if
// there is none.
func LocalPath(j activity.Job) string {
	t, ok := spec(j)
	if len(t.Names) > 0 { // the folder they are in
		j.From, j.To = filepath.Join(j.From, files.Display(t.Names[0])), filepath.Join(j.To, files.Display(t.Names[0]))
	}
	switch {
	case !ok:
	case t.To.Site.Protocol == files.ProtocolLocal && j.State == activity.Done:
		return j.To
	case t.From.Site.Protocol == files.ProtocolLocal:
		return j.From
	}
	return ""
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

// Outcome is what is known of a transfer that has ended.
type Outcome struct {
	Verified transfer.Verified `json:"verified"`
	Skipped  bool              `json:"skipped"`
	Files    int               `json:"files"`
	Failed   int               `json:"failed"`
	Passed   int               `json:"passed"` // skipped, of many
	Unread   int               `json:"unread"`
}

// OutcomeOf reads what came of a job; the zero value where nothing is known.
func OutcomeOf(j activity.Job) (o Outcome) {
	if json.Unmarshal(j.Result, &o) != nil {
		return Outcome{}
	}
	return o
}

// done says what came of a job: how much, when, and how its arrival was checked.
func done(j activity.Job, now time.Time) string {
	o := OutcomeOf(j)
	if o.Skipped {
		return words.T("job.skipped")
	}
	s := words.T("job.done", "Size", words.Size(j.Done), "Time", words.Date(j.Updated, now))
	switch o.Verified {
	case transfer.VerifiedSize:
		s += " · " + words.T("job.checked.size")
	case transfer.VerifiedChecksum:
		s += " · " + words.T("job.checked.checksum")
	case transfer.VerifiedRead:
		s += " · " + words.T("job.checked.read")
	}
	if o.Passed > 0 {
		s += " · " + words.N("job.passed", o.Passed)
	}
	if o.Failed > 0 {
		s += " · " + words.N("job.failed_files", o.Failed)
	}
	if o.Unread > 0 {
		s += " · " + words.N("job.unread", o.Unread)
	}
	return s
}

// waiting says why a job waits and when it goes on.
func waiting(j activity.Job, now time.Time) string {
	if j.Fault == nil {
		return words.T("job.waiting")
	}
	if dropped(j.Fault) && j.Done > 0 {
		return words.T("job.dropped", "Time", j.Updated.In(now.Location()).Format("15:04"))
	}
	s := words.Fault(j.Fault, "activity").Title + " "
	if left := j.NextTry.Sub(now); left > time.Second {
		return s + words.T("job.goes_on_in", "Left", words.Duration(left))
	}
	return s + words.T("job.goes_on")
}

// dropped reports whether a fault is that of a connection that was there and
// went.
func dropped(f *fault.Fault) bool {
	switch f.Kind {
	case fault.Timeout, fault.Offline, fault.Refused:
		return true
	case fault.Protocol:
		return f.Kind.Transient()
	}
	return false
}

// Sentence writes a question out.
func Sentence(q *activity.Question) string {
	args := make([]any, 0, 2*len(q.Data))
	for k, v := range q.Data {
		args = append(args, placeholder(k), v)
	}
	return words.T("question."+q.Kind, args...)
}

// Conflict reads the two files out of a question about a taken name.
func Conflict(q *activity.Question) (source, target files.Entry) {
	read := func(which string) files.Entry {
		e := files.Entry{Name: q.Data["name"], Display: q.Data["name"], Size: -1}
		if n, err := strconv.ParseInt(q.Data[which+"_size"], 10, 64); err == nil {
			e.Size = n
		}
		if t, err := time.Parse(time.RFC3339, q.Data[which+"_time"]); err == nil {
			e.ModTime = t
		}
		return e
	}
	return read("source"), read("target")
}

// question puts a job's question and its answers on the line.
func question(d *transferrow.Data, j activity.Job, jobs Jobs) {
	q := j.Question
	if q == nil {
		return
	}
	d.Question = Sentence(q)
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
