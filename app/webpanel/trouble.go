package webpanel

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/trouble"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/task"
	"guichet/services/web"
	"guichet/widgets/kit"
)

// troubleFace stands in a tab whose page could not be loaded.
type troubleFace struct {
	t    *tab
	view *trouble.View // nil where a decision is asked for instead
	face fyne.CanvasObject
	slot *task.Slot
}

func newTroubleFace(t *tab, f *fault.Fault) *troubleFace {
	x := &troubleFace{t: t, slot: task.NewSlot(t.group)}
	switch q := f.Question.(type) {
	case *web.LoginQuestion:
		x.face = decision("key", words.T("web.login.title", "Host", q.Host), loginText(q),
			choice{words.T("web.login.enter"), kit.Primary, func() { t.askLogin(q) }})
	case *web.InsecureQuestion:
		host := hostOf(q.URL)
		x.face = decision("lock-open", words.T("web.insecure.title", "Host", host), words.T("web.insecure.text"),
			choice{words.T("web.insecure.retry"), kit.Primary, t.t.Reload},
			choice{words.T("web.insecure.yes"), kit.Plain, t.t.OpenInsecure})
	case *web.RepostQuestion:
		x.face = decision("info", words.T("web.repost.title"), words.T("web.repost.back"),
			choice{words.T("web.repost.yes"), kit.Primary, t.t.Repost})
	default:
		p := trouble.Params{Panel: "web", Err: f, OnRetry: t.t.Reload, Now: t.w.p.Now}
		x.view = trouble.New(p)
		x.face = x.view
		x.diagnose(f)
	}
	return x
}

func (x *troubleFace) object() fyne.CanvasObject { return x.face }

func (x *troubleFace) close() {
	x.slot.Stop()
	if x.view != nil {
		x.view.Stop()
	}
}

// diagnose finds out which step failed, for faults of a connection.
func (x *troubleFace) diagnose(f *fault.Fault) {
	w := x.t.w
	if w.p.Diagnose == nil {
		return
	}
	switch f.Kind {
	case fault.Offline, fault.NameNotFound, fault.Refused, fault.Timeout, fault.Certificate:
	default:
		return
	}
	target := address.Parse(x.t.state.URL, address.Options{})
	if target.Kind != address.Web {
		return
	}
	x.view.SetRunning(true)
	x.slot.Start("diagnose", func(ctx context.Context, current func() bool) {
		r := w.p.Diagnose(ctx, target)
		w.p.Host.Post(func() {
			if !current() || x.t.trouble != x {
				return
			}
			x.view.SetRunning(false)
			if !r.OK {
				x.view.SetReport(&r)
			}
		})
	})
}

// choice is a button of a decision.
type choice struct {
	label string
	kind  kit.Kind
	do    func()
}

// decision is a face that asks a person how to go on.
func decision(icon, title, text string, choices ...choice) fyne.CanvasObject {
	buttons := make([]fyne.CanvasObject, len(choices))
	for i, c := range choices {
		buttons[i] = kit.NewButton(kit.ButtonParams{Text: c.label, Kind: c.kind, OnTapped: c.do})
	}
	body := kit.Column(0,
		kit.Row(0, -1, kit.NewImage(look.Icon(icon), 40, kit.ColorQuiet)),
		kit.Inset(4, 0, 8, 0, kit.NewParagraph(title, kit.TextStyle{Size: kit.SizeDisplay, Bold: true})),
		kit.Inset(0, 0, 20, 0, kit.NewParagraph(text, kit.TextStyle{Color: kit.ColorQuiet})),
		kit.Flow(8, buttons...),
	)
	card := kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface, Edge: kit.ColorLine, Radius: 16}), kit.Inset(40, 40, 36, 40, body))
	return kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorGround}), kit.NewPage(640+32, true, kit.Inset(16, 16, 16, 16, card)))
}

// ask puts the question that a fault holds, once, for the tab in front.
func (t *tab) ask(f *fault.Fault) {
	if t.w.current != t || !t.w.shown {
		return
	}
	switch q := f.Question.(type) {
	case *connect.CertificateQuestion:
		t.w.p.Host.Trouble(t.w.ID(), f, func() {
			if !t.gone {
				t.t.Reload()
			}
		})
	case *web.LoginQuestion:
		t.askLogin(q)
	}
}

func loginText(q *web.LoginQuestion) string {
	text := words.T("web.login.text")
	if q.Realm != "" {
		text = words.T("web.login.realm", "Realm", q.Realm)
	}
	if q.Failed {
		text = words.T("web.login.failed") + " " + text
	}
	if !q.Secure && q.Scheme == "basic" {
		text += "\n\n" + words.T("web.login.clear")
	}
	return text
}

// askLogin takes a name and a password for a site.
func (t *tab) askLogin(q *web.LoginQuestion) {
	name := kit.NewEntry("")
	password := kit.NewPasswordEntry("")
	label := func(id string) fyne.CanvasObject {
		return kit.NewText(words.T(id), kit.TextStyle{Size: 13, Color: kit.ColorQuiet})
	}
	exposed := !q.Secure && q.Scheme == "basic"
	t.w.p.Host.Ask(panel.Question{
		Title: words.T("web.login.title", "Host", q.Host), Text: loginText(q),
		Details: fmt.Sprintf("%s\n%s", q.Origin, q.Scheme),
		Content: kit.Column(4, label("web.login.name"), name, label("web.login.password"), password),
		Choices: []panel.Choice{{Label: words.T("common.cancel")}, {Label: words.T("web.login.send"), Value: "yes", Primary: !exposed, Danger: exposed}},
		Answer: func(value string, _ bool) {
			if value != "yes" || name.Text == "" || t.gone {
				return
			}
			t.w.p.Web.Login(q, name.Text, password.Text)
			t.t.Reload()
		},
	})
	t.w.p.Host.Window().Canvas().Focus(name)
}
