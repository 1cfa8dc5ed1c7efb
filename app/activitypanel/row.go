package activitypanel

import (
	"encoding/json"
	"strings"
	"time"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/widgets/kit"
	"guichet/widgets/transferrow"
)

// Result is what jobs that made a file say about it.
type Result struct {
	Path string `json:"path"`
}

// ResultOf reads a finished job's result; without a path there is nothing to
// open.
func ResultOf(j activity.Job) Result {
	var r Result
	if len(j.Result) > 0 && json.Unmarshal(j.Result, &r) != nil {
		return Result{}
	}
	return r
}

// Row gives what a job's line shows; do carries out its buttons, with the names
// of the actions below.
func Row(j activity.Job, now time.Time, do func(action string, all bool)) transferrow.Data {
	d := transferrow.Data{Title: j.Title, Fraction: -1}
	d.Icon, d.IconColor = look.Icon(iconOf(j)), kit.ColorText
	if j.To != "" {
		d.To = "→ " + j.To
	}
	button := func(icon, tip, action string) {
		d.Actions = append(d.Actions, transferrow.Action{Icon: look.Icon(icon), Tip: tip, Do: func() { do(action, false) }})
	}
	switch j.State {
	case activity.Running:
		d.Fraction, d.Figures = fraction(j), figures(j)
		button("pause", words.T("activity.pause"), Pause)
		button("close", words.T("activity.cancel"), Cancel)
	case activity.Waiting:
		d.Note = waitingNote(j, now)
		button("retry", words.T("activity.now"), Retry)
		button("close", words.T("activity.cancel"), Cancel)
	case activity.Paused:
		d.Fraction, d.Figures = fraction(j), words.T("activity.paused", "Figures", amounts(j))
		button("play", words.T("activity.resume"), Resume)
		button("close", words.T("activity.cancel"), Cancel)
	case activity.NeedsAnswer:
		ask(&d, j, do)
		button("close", words.T("activity.cancel"), Cancel)
	case activity.Failed:
		e := words.Fault(nilless(j), "files")
		d.Note, d.NoteColor, d.IconColor = e.Title, kit.ColorBad, kit.ColorBad
		button("retry", words.T("activity.retry"), Retry)
		button("close", words.T("activity.remove"), Remove)
	case activity.Cancelled:
		d.Note = words.T("activity.cancelled")
		button("retry", words.T("activity.retry"), Retry)
		button("close", words.T("activity.remove"), Remove)
	case activity.Done:
		d.Icon, d.IconColor = look.Icon("check"), kit.ColorGood
		d.Note = doneNote(j, now)
		if ResultOf(j).Path != "" {
			button("open", words.T("activity.open"), Open)
			button("folder", words.T("activity.folder"), Folder)
		}
		button("close", words.T("activity.remove"), Remove)
	}
	return d
}

// The actions of a row. An answer to a job's question is Answer and the value.
const (
	Pause  = "pause"
	Resume = "resume"
	Retry  = "retry"
	Cancel = "cancel"
	Remove = "remove"
	Open   = "open"
	Folder = "folder"
	Answer = "answer:"
)

// nilless gives a failed job's fault as an error; a nil pointer would not be a
// nil error.
func nilless(j activity.Job) error {
	if j.Fault == nil {
		return nil
	}
	return j.Fault
}

func iconOf(j activity.Job) string {
	switch {
	case j.Kind == "send":
		return "send"
	case j.Kind == "download":
		return "arrow-down"
	case strings.Contains(j.To, "://") || strings.Contains(j.From, "/") && !strings.Contains(j.From, "://"):
		return "arrow-up"
	case j.Kind == "transfer":
		return "arrow-down"
	}
	return "activity"
}

func fraction(j activity.Job) float64 {
	switch {
	case j.Size > 0:
		return float64(j.Done) / float64(j.Size)
	case j.Items > 0:
		return float64(j.ItemsDone) / float64(j.Items)
	}
	return 0
}

// amounts is how much of how much.
func amounts(j activity.Job) string {
	s := words.Size(j.Done)
	if j.Size > 0 {
		s = words.T("activity.of", "Done", words.Size(j.Done), "All", words.Size(j.Size))
	}
	if j.Items > 1 {
		s = words.T("activity.of", "Done", words.Number(int64(j.ItemsDone)), "All", words.N("activity.files", j.Items)) + " · " + s
	}
	return s
}

func figures(j activity.Job) string {
	parts := []string{amounts(j)}
	if j.Speed > 0 {
		parts = append(parts, words.T("activity.speed", "Size", words.Size(int64(j.Speed))))
		if left := j.Size - j.Done; j.Size > 0 && left > 0 {
			parts = append(parts, words.Duration(time.Duration(float64(left)/j.Speed*float64(time.Second))))
		}
	}
	return strings.Join(parts, " · ")
}

func waitingNote(j activity.Job, now time.Time) string {
	if j.Fault == nil {
		return words.T("activity.waiting.turn")
	}
	e := words.Fault(j.Fault, "files")
	if left := j.NextTry.Sub(now); left > 0 {
		return words.T("activity.waiting.next", "Title", e.Title, "Time", words.Duration(left))
	}
	return words.T("activity.waiting.again", "Title", e.Title)
}

func doneNote(j activity.Job, now time.Time) string {
	parts := []string{words.T("activity.done", "Time", words.Date(j.Updated, now))}
	if j.Size > 0 {
		parts = append(parts, words.Size(j.Size))
	}
	if j.Items > 1 {
		parts = append(parts, words.N("activity.files", j.Items))
	}
	return strings.Join(parts, " · ")
}

// ask writes a job's question with its answers as buttons.
func ask(d *transferrow.Data, j activity.Job, do func(action string, all bool)) {
	q := j.Question
	if q == nil {
		d.Note = words.T("activity.question")
		return
	}
	d.Question = words.T("activity.question")
	if id := "question." + q.Kind; words.Has(id) {
		args := make([]any, 0, 2*len(q.Data))
		for k, v := range q.Data {
			args = append(args, upper(k), v)
		}
		d.Question = words.T(id, args...)
	}
	for i, value := range q.Choices {
		label := value
		if id := "choice." + value; words.Has(id) {
			label = words.T(id)
		}
		d.Choices = append(d.Choices, transferrow.Choice{Label: label, Primary: i == 0, Do: func(all bool) { do(Answer+value, all) }})
	}
	if q.All {
		d.All = words.T("activity.all")
	}
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
