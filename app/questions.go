package app

import (
	"log/slog"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/trouble"
	"guichet/app/version"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/widgets/dialogs"
	"guichet/widgets/kit"
	"guichet/widgets/toast"
)

// Show implements panel.Host.
func (w *Window) Show(t panel.Toast) {
	m := toast.Message{Text: t.Text, Action: t.Action, For: t.For}
	if t.Do != nil {
		m.Do = func() { w.guard("toast", t.Do) }
	}
	w.toasts.Say(m)
}

// Ask implements panel.Host.
func (w *Window) Ask(q panel.Question) { w.ask(q, nil) }

func (w *Window) ask(q panel.Question, change func(*dialogs.Params)) {
	p := dialogs.Params{
		Title: q.Title, Text: q.Text, Details: q.Details, DetailsLabel: words.T("common.details"), All: q.All, Content: q.Content,
		Answer: func(value string, all bool) {
			if q.Answer != nil {
				w.guard("answer", func() { q.Answer(value, all) })
			}
		},
	}
	for _, c := range q.Choices {
		p.Choices = append(p.Choices, dialogs.Choice{Label: c.Label, Value: c.Value, Primary: c.Primary, Danger: c.Danger})
	}
	if len(p.Choices) == 0 {
		p.Choices = []dialogs.Choice{{Label: words.T("common.ok"), Primary: true}}
	}
	if change != nil {
		change(&p)
	}
	w.hideTips()
	dialogs.Show(w.win.Canvas(), p)
}

// Trouble implements panel.Host.
func (w *Window) Trouble(panelID string, err error, retry func()) {
	if err == nil || fault.Is(err, fault.Cancelled) {
		return
	}
	slog.Warn("shown to the user", "panel", panelID, "err", err)
	if q, ok := trouble.Question(err); ok && w.p.Trust != nil {
		q.Answer = func(value string, _ bool) {
			if value != trouble.Trust {
				return
			}
			if failed := trouble.Accept(w.p.Trust, err); failed != nil {
				w.Trouble(panelID, failed, nil)
				return
			}
			if retry != nil {
				retry()
			}
		}
		w.ask(q, func(p *dialogs.Params) { p.Icon, p.IconColor = look.Icon("warning"), kit.ColorBad })
		return
	}
	e := words.Fault(err, panelID)
	w.toasts.Say(toast.Message{Text: e.Title, Action: words.T("common.more"), Do: func() { w.explain(e, retry) }})
}

// explain shows the whole explanation of a fault.
func (w *Window) explain(e words.Explanation, retry func()) {
	q := panel.Question{
		Title: e.Title, Text: e.Meaning, Details: e.Details,
		Choices: []panel.Choice{{Label: words.T("common.close"), Value: "close"}},
		Answer: func(value string, _ bool) {
			if value == "retry" && retry != nil {
				retry()
			}
		},
	}
	for _, step := range e.Next {
		q.Text += "\n• " + step
	}
	if retry != nil {
		q.Choices = append(q.Choices, panel.Choice{Label: words.T("trouble.retry"), Value: "retry", Primary: true})
	}
	w.ask(q, nil)
}

func (w *Window) about() {
	w.ask(panel.Question{
		Title: "Guichet " + version.Number, Text: words.T("common.about"),
		Choices: []panel.Choice{{Label: words.T("common.close"), Value: "close", Primary: true}},
	}, nil)
}
