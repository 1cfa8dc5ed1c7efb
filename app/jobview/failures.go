package jobview

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/files"
	"guichet/services/files/transfer"
	"guichet/widgets/kit"
)

// HasFailures reports whether a job of many files ended with some that were not
// copied, so that they can be shown.
func HasFailures(j activity.Job) bool {
	return j.Kind == transfer.Kind && OutcomeOf(j).Failed > 0 && (j.State == activity.Failed || j.State == activity.Waiting)
}

// listed is how many failures a dialog shows.
const listed = 100

// Failures asks about what a job could not copy: each by its name, with the
// reason in words. again tries these once more.
func Failures(j activity.Job, list []transfer.Failure, again func()) panel.Question {
	o := OutcomeOf(j)
	q := panel.Question{
		Title: words.N("job.failures.title", o.Failed),
		Choices: []panel.Choice{
			{Label: words.T("job.failures.close")},
			{Label: words.N("job.failures.again", o.Failed), Value: "again", Primary: true},
		},
		Answer: func(value string, _ bool) {
			if value == "again" {
				again()
			}
		},
	}
	if o.Files > 0 {
		q.Text = words.N("job.failures.rest", o.Files)
	}
	shown := list[:min(len(list), listed)]
	if len(shown) < o.Failed && len(shown) > 0 {
		q.Text += " " + words.N("job.failures.first", len(shown))
	}
	var lines []fyne.CanvasObject
	for _, f := range shown {
		name := files.Display(f.Path.String()[1:])
		if f.Folder {
			name = words.T("job.failures.folder", "Name", name)
		}
		why := words.Fault(f.Fault, "files")
		lines = append(lines, kit.NewText(name, kit.TextStyle{Shrink: true}),
			kit.Inset(0, 0, 6, 0, kit.NewParagraph(why.Title, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet})))
		q.Details += f.Path.String()[1:] + ": " + f.Fault.Error() + "\n"
	}
	q.Content = kit.Least(400, min(float32(len(shown))*52+8, 240), container.NewVScroll(kit.Inset(0, 12, 0, 0, kit.Column(0, lines...))))
	return q
}
