package filespanel

import (
	"context"
	"os"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"guichet/app/jobview"
	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/files"
	"guichet/services/files/compare"
	"guichet/services/files/preview"
	"guichet/services/files/transfer"
	"guichet/widgets/kit"
)

// answers are what can be done about a taken name, as they stand in dialogs.
var answers = []transfer.Answer{transfer.Skip, transfer.KeepBoth, transfer.ReplaceOlder, transfer.Replace}

// askTaken asks once about all names that the target's folder is known to hold,
// and then hands over the answer; "" where there is nothing to ask.
func (f *Panel) askTaken(entries []files.Entry, from, to *side, dir files.Path, add func(transfer.Answer)) {
	l := to.listing()
	if !l.Path.Equal(dir) || l.Loading {
		add("")
		return
	}
	there := make(map[string]files.Entry, len(l.Entries))
	for _, e := range l.Entries {
		there[e.Display] = e
	}
	var first files.Entry
	n := 0
	for _, e := range entries {
		if old, taken := there[e.Display]; taken && !e.Type.IsDir() {
			if to.local { // a listing may be old; this computer is asked in no time
				if _, err := os.Lstat(to.session.SystemPath(dir.Join(old.Name))); err != nil {
					continue
				}
			}
			if n == 0 {
				first = e
			}
			n++
		}
	}
	if n == 0 {
		add("")
		return
	}
	title := words.T("question.exists", "Name", shorten(first.Display, 60))
	text := ""
	if n > 1 {
		title = words.N("files.taken.title", n, "All", words.Number(int64(len(entries))))
		text = words.T("files.taken.text", "Name", shorten(first.Display, 60))
	}
	q := panel.Question{
		Title: title, Text: text, Content: f.pair(
			f.faceOf(words.T("files.taken.source"), first, from.request(first, tileBox, true)),
			f.faceOf(words.T("files.taken.target"), there[first.Display], to.request(there[first.Display], tileBox, true))),
		Choices: []panel.Choice{{Label: words.T("files.cancel")}},
		Answer: func(value string, _ bool) {
			if value != "" {
				add(transfer.Answer(value))
			}
		},
	}
	for _, a := range answers {
		q.Choices = append(q.Choices, panel.Choice{Label: words.T("choice." + string(a)), Value: string(a), Primary: a == transfer.KeepBoth})
	}
	f.p.Host.Ask(q)
}

// askJob shows a job's question about a taken name with both files.
func (f *Panel) askJob(j activity.Job) {
	if j.Kind == compare.Kind {
		f.showProblems(j)
		return
	}
	if jobview.HasFailures(j) {
		f.ShowFailed(j)
		return
	}
	q := j.Question
	if q == nil || j.State != activity.NeedsAnswer {
		return
	}
	source, target := jobview.Conflict(q)
	question := panel.Question{
		Title: jobview.Sentence(q), Content: f.pair(
			f.faceOf(words.T("files.taken.source"), source, preview.Request{}),
			f.faceOf(words.T("files.taken.target"), target, preview.Request{})),
		Choices: []panel.Choice{{Label: words.T("files.later")}},
		Answer: func(value string, all bool) {
			if value != "" {
				f.p.Jobs.Answer(j.ID, value, all)
			}
		},
	}
	if q.All {
		question.All = words.T("files.taken.all")
	}
	for i, c := range q.Choices {
		question.Choices = append(question.Choices, panel.Choice{Label: words.T("choice." + c), Value: c, Primary: i == 0})
	}
	f.p.Host.Ask(question)
}

// ShowFailed lists what a transfer could not copy, and offers to try it again.
func (f *Panel) ShowFailed(j activity.Job) {
	if f.p.Failures == nil {
		return
	}
	var list []transfer.Failure
	f.run("list failures", func(ctx context.Context) (err error) {
		list, err = f.p.Failures(ctx, j.ID)
		return err
	}, func(err error) {
		if err != nil {
			f.trouble(err, nil)
			return
		}
		f.p.Host.Ask(jobview.Failures(j, list, func() { f.p.Jobs.Retry(j.ID) }))
	})
}

// pair places two files beside each other.
func (f *Panel) pair(a, b fyne.CanvasObject) fyne.CanvasObject { return kit.Grid(170, 12, a, b) }

// faceOf shows a file by its picture, if it has one, its size and its date.
func (f *Panel) faceOf(title string, e files.Entry, r preview.Request) fyne.CanvasObject {
	column := kit.Column(4, kit.NewText(title, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}))
	if f.p.Previews != nil && r.FS != nil && preview.Promising(e) {
		picture := canvas.NewImageFromImage(nil)
		picture.FillMode = canvas.ImageFillContain
		if p := f.p.Previews.Kept(r); p != nil && p.Image != nil {
			picture.Image = p.Image
		} else {
			f.p.Tasks.Go("preview", func(ctx context.Context) {
				if p, err := f.p.Previews.Load(ctx, r); err == nil && p.Image != nil {
					f.p.Host.Post(func() {
						picture.Image = p.Image
						picture.Refresh()
					})
				}
			})
		}
		column.Add(kit.Least(120, 110, picture))
	} else {
		column.Add(kit.Inset(8, 0, 8, 0, kit.Row(0, -1, kit.NewImage(look.Icon(icon(e)), 32, kit.ColorQuiet))))
	}
	column.Add(kit.NewText(words.Size(e.Size), kit.TextStyle{Bold: true}))
	column.Add(kit.NewText(words.DateTime(e.ModTime, f.p.Now()), kit.TextStyle{Color: kit.ColorQuiet}))
	return kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorGround, Radius: 8}), kit.Inset(10, 12, 10, 12, column))
}
