package filespanel

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/data/binding"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files/compare"
	"guichet/services/files/watch"
	"guichet/widgets/kit"
)

// keepFolder begins a rule that keeps the server's folder up to date with this
// computer's.
func (f *Panel) keepFolder() {
	pair := compare.Pair{Left: f.here.place(), Right: f.there.place()}
	if f.comparing != nil {
		pair = f.comparing.pair
	}
	text := words.T("compare.keep.text", "Folder", placeName(pair.Left), "Server", placeName(pair.Right))
	f.p.Host.Ask(panel.Question{
		Title: words.T("compare.keep.title", "Server", placeName(pair.Right)), Text: text, All: words.T("compare.keep.delete"),
		Choices: []panel.Choice{{Label: words.T("files.cancel")}, {Label: words.T("compare.keep.yes"), Value: "yes", Primary: true}},
		Answer: func(value string, all bool) {
			if value != "yes" {
				return
			}
			rule := watch.Rule{Folder: pair.Left.Root, Target: pair.Right, Delete: all}
			f.run("keep folder", func(ctx context.Context) error {
				_, err := f.p.Watch.Add(ctx, rule)
				if fault.Is(err, fault.Exists) {
					return nil // it is kept already: the list shows it
				}
				return err
			}, func(err error) {
				if err != nil {
					f.trouble(err, nil)
					return
				}
				if f.there.session != nil {
					f.transfers.expect(f.there.session)
				}
				if f.comparing != nil {
					f.comparing.close()
				}
				f.p.Host.Show(panel.Toast{Text: words.T("compare.keep.begun"), Action: words.T("compare.keep.show"), Do: f.keptFolders})
			})
		},
	})
}

// keptFolders lists the rules and how they stand, as long as the dialog is open.
func (f *Panel) keptFolders() {
	list := container.NewStack()
	scroll := container.NewVScroll(list)
	fill := func() {
		list.Objects = []fyne.CanvasObject{f.kept()}
		list.Refresh()
	}
	fill()
	listener := binding.NewDataListener(fill)
	f.p.Watch.Rules.AddListener(listener)
	f.p.Host.Ask(panel.Question{
		Title: words.T("compare.kept.title"), Text: words.T("compare.kept.text"), Content: kit.Least(520, 240, scroll),
		Choices: []panel.Choice{{Label: words.T("compare.kept.close"), Primary: true}},
		Answer:  func(string, bool) { f.p.Watch.Rules.RemoveListener(listener) },
	})
}

// kept draws all rules.
func (f *Panel) kept() fyne.CanvasObject {
	rules := get(f.p.Watch.Rules).Rules
	if len(rules) == 0 {
		return kit.Inset(30, 0, 30, 0, kit.Centre(kit.NewText(words.T("compare.kept.none"), kit.TextStyle{Color: kit.ColorQuiet})))
	}
	var rows []fyne.CanvasObject
	for _, r := range rules {
		rows = append(rows, f.keptRow(r), kit.Line())
	}
	return kit.Column(0, rows...)
}

func (f *Panel) keptRow(r watch.Status) fyne.CanvasObject {
	colour := kit.ColorGood
	switch r.State {
	case watch.Offline, watch.NeedsYes, watch.Checking, watch.Sending:
		colour = kit.ColorWaiting
	case watch.Trouble:
		colour = kit.ColorBad
	case watch.Paused:
		colour = kit.ColorQuiet
	}
	do := func(name string, work func(ctx context.Context, id string) error) func() {
		return func() { f.run(name, func(ctx context.Context) error { return work(ctx, r.ID) }, f.report) }
	}
	button := func(icon, tip string, run func()) fyne.CanvasObject {
		return kit.NewButton(kit.ButtonParams{Icon: look.Icon(icon), Kind: kit.Quiet, Small: true, Tip: words.T("compare.kept." + tip), OnTapped: run})
	}
	title := kit.NewText(placeName(r.Pair().Left)+"  →  "+placeName(r.Target), kit.TextStyle{Bold: true, Shrink: true})
	line := []fyne.CanvasObject{kit.NewDot(colour), title}
	switch r.State {
	case watch.Paused:
		line = append(line, button("play", "resume", do("resume rule", f.p.Watch.Resume)))
	case watch.NeedsYes:
		line = append(line, kit.NewButton(kit.ButtonParams{Text: words.N("compare.kept.allow", r.Deletes), Small: true, Color: kit.ColorBad, OnTapped: func() { f.p.Watch.Allow(r.ID) }}))
		fallthrough
	default:
		line = append(line, button("reload", "check", func() { f.p.Watch.Check(r.ID) }), button("pause", "pause", do("pause rule", f.p.Watch.Pause)))
	}
	line = append(line, button("trash", "remove", do("remove rule", f.p.Watch.Remove)))
	state := kit.NewParagraph(keptState(r, f.p.Now()), kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet})
	return kit.Inset(8, 8, 8, 0, kit.Column(2, kit.Row(8, 1, line...), kit.Inset(0, 0, 0, 16, state)))
}

// keptState says in words how a rule stands.
func keptState(r watch.Status, now time.Time) string {
	text := ""
	switch r.State {
	case watch.UpToDate:
		text = words.T("compare.kept.up_to_date", "Time", words.Date(r.Checked.Local(), now))
	case watch.Sending:
		text = words.N("compare.kept.sending", r.Pending)
	case watch.Offline, watch.Trouble:
		text = words.Fault(r.Fault, "files").Title
		if left := r.NextTry.Sub(now); left > time.Second {
			text += " " + words.T("job.goes_on_in", "Left", words.Duration(left))
		}
	case watch.NeedsYes:
		text = words.N("compare.kept.needs_yes", r.Deletes)
	case watch.Paused:
		text = words.T("compare.kept.paused")
	default:
		text = words.T("compare.kept.checking")
	}
	if r.Delete {
		text += " " + words.T("compare.kept.deletes")
	}
	if r.Polling && r.State != watch.Paused {
		text += " " + words.T("compare.kept.polling")
	}
	return text
}
