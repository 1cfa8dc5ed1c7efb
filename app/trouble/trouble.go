// Package trouble is the face that a view shows when a connection fails: what
// is wrong in plain words, which step failed, what can be done, and when the
// next try comes. It also makes the questions about certificates and host keys.
package trouble

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/check"
	"guichet/widgets/kit"
)

// Params are what a View is made of.
type Params struct {
	Panel string // id of the panel, for the words
	Icon  string // name of an icon; "": a plug
	// Err is what failed; Title and Meaning, if not "", stand for its words.
	Err            error
	Title, Meaning string
	// Report is the diagnosis, nil as long as there is none.
	Report *check.Report
	// OnRetry and OnSettings are called for their buttons; nil: no button.
	OnRetry, OnSettings func()
	// NextTry is when the next try comes by itself; zero: none.
	NextTry time.Time
	// Copy puts a text on the clipboard; nil: Fyne's.
	Copy func(text string)
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// View is the panel.
type View struct {
	widget.BaseWidget
	p         Params
	page      *kit.Page
	title     *kit.Paragraph
	meaning   *kit.Paragraph
	steps     *fyne.Container
	bar       *kit.LoadingBar
	countdown *kit.Text
	copyIt    *kit.Button
	timer     *time.Timer
}

// New makes the view.
func New(p Params) *View {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Icon == "" {
		p.Icon = "plug"
	}
	if p.Copy == nil {
		p.Copy = func(text string) { fyne.CurrentApp().Clipboard().SetContent(text) }
	}
	v := &View{p: p, bar: kit.NewLoadingBar(), steps: kit.Column(0)}
	v.title = kit.NewParagraph("", kit.TextStyle{Size: kit.SizeDisplay, Bold: true})
	v.meaning = kit.NewParagraph("", kit.TextStyle{Color: kit.ColorQuiet})
	v.countdown = kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Align: fyne.TextAlignTrailing, Shrink: true})
	var buttons []fyne.CanvasObject
	if p.OnRetry != nil {
		buttons = append(buttons, kit.NewButton(kit.ButtonParams{Text: words.T("trouble.retry"), Kind: kit.Primary, OnTapped: p.OnRetry}))
	}
	if p.OnSettings != nil {
		buttons = append(buttons, kit.NewButton(kit.ButtonParams{Text: words.T("trouble.settings"), OnTapped: p.OnSettings}))
	}
	v.copyIt = kit.NewButton(kit.ButtonParams{Text: words.T("trouble.copy"), OnTapped: v.copyDetails})
	buttons = append(buttons, v.copyIt)
	body := kit.Column(0,
		kit.Row(0, -1, kit.NewImage(look.Icon(p.Icon), 40, kit.ColorQuiet)),
		kit.Inset(4, 0, 8, 0, v.title),
		kit.Inset(0, 0, 16, 0, v.meaning),
		v.bar,
		v.steps,
		kit.Inset(18, 0, 8, 0, kit.Flow(8, buttons...)),
		v.countdown,
	)
	card := kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface, Edge: kit.ColorLine, Radius: 16}), kit.Inset(40, 40, 32, 40, body))
	v.page = kit.NewPage(640+32, true, kit.Inset(16, 16, 16, 16, card))
	v.fill()
	v.ExtendBaseWidget(v)
	return v
}

// SetReport shows a diagnosis, also one that is still going on: steps that are
// not reached yet are skipped ones.
func (v *View) SetReport(r *check.Report) {
	v.p.Report = r
	v.fill()
	v.Refresh()
}

// SetError changes what failed.
func (v *View) SetError(err error) {
	v.p.Err = err
	v.fill()
	v.Refresh()
}

// SetRunning says that a diagnosis or a new try is going on.
func (v *View) SetRunning(on bool) {
	if on {
		v.bar.Start()
	} else {
		v.bar.Stop()
	}
}

// SetNextTry changes when the next try comes; zero: none.
func (v *View) SetNextTry(at time.Time) {
	v.p.NextTry = at
	v.tick()
}

// Stop ends the countdown; call it when the view is no longer shown.
func (v *View) Stop() {
	v.bar.Stop()
	if v.timer != nil {
		v.timer.Stop()
		v.timer = nil
	}
}

func (v *View) err() error {
	if v.p.Err == nil && v.p.Report != nil && v.p.Report.Fault != nil {
		return v.p.Report.Fault
	}
	return v.p.Err
}

func (v *View) fill() {
	e := words.Fault(v.err(), v.p.Panel)
	title, meaning := e.Title, e.Meaning
	if v.p.Title != "" {
		title = v.p.Title
	}
	if v.p.Meaning != "" {
		meaning = v.p.Meaning
	}
	if r := v.p.Report; r != nil && !r.OK && v.p.Meaning == "" && r.Blame == check.Server && computerWorks(r) {
		meaning = words.T("trouble.online") + " " + meaning
	}
	v.title.SetText(title)
	v.meaning.SetText(meaning)
	v.steps.Objects = nil
	if r := v.p.Report; r != nil {
		v.steps.Add(kit.Line())
		for _, s := range r.Steps {
			v.steps.Add(StepLine(s, r))
			v.steps.Add(kit.Line())
		}
	}
	if v.p.Report == nil {
		for _, next := range e.Next {
			v.steps.Add(kit.Inset(4, 0, 4, 0, kit.Row(10, 1, kit.NewImage(look.Icon("chevron-right"), 14, kit.ColorQuiet), kit.NewParagraph(next, kit.TextStyle{}))))
		}
	}
	v.tick()
}

func computerWorks(r *check.Report) bool {
	for _, s := range r.Steps {
		if s.ID == check.Computer {
			return s.State == check.OK
		}
	}
	return false
}

// StepLine writes a step of a report out: how it went, what it looked at, how long
// it took.
func StepLine(s check.Step, r *check.Report) fyne.CanvasObject {
	icon, colour, text := "check", kit.ColorGood, kit.ColorText
	switch s.State {
	case check.Failed:
		icon, colour = "cross", kit.ColorBad
	case check.Skipped:
		icon, colour, text = "minus", kit.ColorQuiet, kit.ColorQuiet
	}
	note := kit.NewText(words.StepNote(s, r.Kind, r.Check), kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet})
	return kit.Inset(9, 0, 9, 0, kit.Row(10, 1,
		kit.NewImage(look.Icon(icon), 14, colour), kit.NewParagraph(words.Step(s), kit.TextStyle{Color: text}), note))
}

// tick writes how long it is to the next try, and comes again each second.
func (v *View) tick() {
	if v.timer != nil {
		v.timer.Stop()
		v.timer = nil
	}
	left := v.p.NextTry.Sub(v.p.Now())
	if v.p.NextTry.IsZero() || left <= 0 {
		v.countdown.SetText("")
		return
	}
	v.countdown.SetText(words.T("trouble.next", "Time", words.Duration(left)))
	var t *time.Timer
	t = time.AfterFunc(time.Second, func() {
		fyne.Do(func() {
			if v.timer == t {
				v.tick()
			}
		})
	})
	v.timer = t
}

// Details is the text for support; it holds no secret.
func (v *View) Details() string {
	lines := []string{v.title.Text()}
	if r := v.p.Report; r != nil {
		marks := map[check.State]string{check.OK: "+", check.Failed: "x", check.Skipped: "-"}
		for _, s := range r.Steps {
			line := marks[s.State] + " " + words.Step(s)
			if note := words.StepNote(s, r.Kind, r.Check); note != "" {
				line += ": " + note
			}
			if s.Detail.Address != "" {
				line += " (" + s.Detail.Address + ")"
			}
			lines = append(lines, line)
		}
	}
	lines = append(lines, words.Fault(v.err(), v.p.Panel).Details)
	return strings.Join(lines, "\n")
}

func (v *View) copyDetails() {
	v.p.Copy(v.Details())
	v.copyIt.SetText(words.T("trouble.copied"))
	v.page.Refresh()
}

// CreateRenderer is called by Fyne.
func (v *View) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorGround}), v.page))
}

// Refresh draws the page again, which may have become higher.
func (v *View) Refresh() {
	v.page.Refresh()
	v.BaseWidget.Refresh()
}
