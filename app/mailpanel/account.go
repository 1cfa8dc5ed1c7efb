package mailpanel

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/mail"
	"guichet/widgets/kit"
)

// accountValues is what the form for a new account holds.
type accountValues struct {
	email, password, name string
	manual                bool
	imap, smtp, login     string
	startTLS              bool
}

// accountForm adds an account: an address and a password are enough.
type accountForm struct {
	m        *Panel
	email    *kit.Entry
	password *kit.Entry
	name     *kit.Entry
	imap     *kit.Entry
	smtp     *kit.Entry
	login    *kit.Entry
	startTLS *widget.Check
	manual   bool
	step     *kit.Paragraph
	bar      *kit.LoadingBar
	add      *kit.Button
	object   *fyne.Container
	cancel   context.CancelFunc // of the attempt that runs
}

// addAccount opens the form.
func (m *Panel) addAccount(email string) {
	m.closeCompose()
	m.account = newAccountForm(m, accountValues{email: email})
	m.showFace()
	m.p.Host.Changed(m)
	m.p.Host.Window().Canvas().Focus(m.account.email)
}

// AddAccount opens the form for a new account.
func (m *Panel) AddAccount() { m.addAccount("") }

func newAccountForm(m *Panel, v accountValues) *accountForm {
	entry := func(text, hint string) *kit.Entry {
		e := kit.NewEntry(hint)
		e.SetText(text)
		return e
	}
	a := &accountForm{
		m: m, email: entry(v.email, "anna@example.org"), password: kit.NewPasswordEntry(""), name: entry(v.name, words.T("mail.account.name.hint")),
		imap: entry(v.imap, "imap.example.org:993"), smtp: entry(v.smtp, "smtp.example.org:465"), login: entry(v.login, ""),
		manual: v.manual, step: kit.NewParagraph("", kit.TextStyle{Color: kit.ColorQuiet}), bar: kit.NewLoadingBar(),
	}
	a.password.SetText(v.password)
	a.startTLS = widget.NewCheck(words.T("mail.account.starttls"), nil)
	a.startTLS.SetChecked(v.startTLS)
	for _, e := range []*kit.Entry{a.email, a.password, a.name, a.imap, a.smtp, a.login} {
		e.OnSubmitted = func(string) { a.submit() }
		e.OnEscape = a.leave
	}
	a.object = kit.Column(0)
	a.build()
	return a
}

func (a *accountForm) values() accountValues {
	return accountValues{
		email: a.email.Text, password: a.password.Text, name: a.name.Text, manual: a.manual,
		imap: a.imap.Text, smtp: a.smtp.Text, login: a.login.Text, startTLS: a.startTLS.Checked,
	}
}

func (a *accountForm) build() {
	field := func(id string, o fyne.CanvasObject) fyne.CanvasObject {
		return kit.Column(4, kit.NewText(words.T(id), kit.TextStyle{Size: 13, Color: kit.ColorQuiet}), o)
	}
	form := kit.Column(12,
		kit.NewParagraph(words.T("mail.account.title"), kit.TextStyle{Size: kit.SizeTitle, Bold: true}),
		kit.NewParagraph(words.T("mail.account.text"), kit.TextStyle{Color: kit.ColorQuiet}),
		field("mail.account.email", a.email), field("mail.account.password", a.password), field("mail.account.name", a.name),
	)
	details := kit.NewButton(kit.ButtonParams{Text: words.T("mail.account.details"), Icon: look.Icon("chevron-down"), Kind: kit.Quiet, OnTapped: func() {
		a.manual = !a.manual
		a.build()
	}})
	form.Add(kit.Row(0, -1, details))
	if a.manual {
		form.Add(kit.NewParagraph(words.T("mail.account.details.text"), kit.TextStyle{Size: 13, Color: kit.ColorQuiet}))
		form.Add(field("mail.account.imap", a.imap))
		form.Add(field("mail.account.smtp", a.smtp))
		form.Add(field("mail.account.login", a.login))
		form.Add(a.startTLS)
	}
	a.add = kit.NewButton(kit.ButtonParams{Text: words.T("mail.account.go"), Kind: kit.Primary, OnTapped: a.submit})
	back := kit.NewButton(kit.ButtonParams{Text: words.T("mail.account.cancel"), OnTapped: a.leave})
	form.Add(a.bar)
	form.Add(a.step)
	form.Add(kit.Row(8, -1, a.add, back))
	a.object.Objects = []fyne.CanvasObject{kit.Card(28, form)}
	a.object.Refresh()
}

func (a *accountForm) view() fyne.CanvasObject {
	return kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorGround}), kit.NewPage(520, true, kit.Inset(20, 20, 20, 20, a.object)))
}

// leave stops what runs and closes the form.
func (a *accountForm) leave() {
	if a.cancel != nil {
		a.cancel()
	}
	a.bar.Stop()
	a.m.account = nil
	a.m.showFace()
	a.m.p.Host.Changed(a.m)
}

func (a *accountForm) say(text string) { a.step.SetText(text) }

// server reads a host with an optional port.
func server(text string, port int, startTLS bool, login string) (mail.Server, bool) {
	s := mail.Server{Host: strings.TrimSpace(text), Port: port, Security: mail.TLS, Login: login}
	if host, p, err := net.SplitHostPort(s.Host); err == nil {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			return s, false
		}
		s.Host, s.Port = host, n
	}
	if startTLS {
		s.Security = mail.StartTLS
	}
	return s, s.Host != "" && !strings.ContainsAny(s.Host, " /")
}

// submit tries the account; everything that was typed stays until it works.
func (a *accountForm) submit() {
	if a.cancel != nil {
		return
	}
	v := a.values()
	v.email = strings.TrimSpace(v.email)
	canvas := a.m.p.Host.Window().Canvas()
	if at := strings.IndexByte(v.email, '@'); at < 1 || at == len(v.email)-1 {
		a.say(words.T("mail.account.bad_email"))
		canvas.Focus(a.email)
		return
	}
	if v.password == "" {
		a.say(words.T("mail.account.no_password"))
		canvas.Focus(a.password)
		return
	}
	st := mail.Settings{Email: v.email, Name: strings.TrimSpace(v.name), Password: v.password}
	if v.manual && v.imap+v.smtp != "" {
		var ok1, ok2 bool
		imapPort, smtpPort := 993, 465
		if v.startTLS {
			imapPort, smtpPort = 143, 587
		}
		st.IMAP, ok1 = server(v.imap, imapPort, v.startTLS, strings.TrimSpace(v.login))
		st.SMTP, ok2 = server(v.smtp, smtpPort, v.startTLS, strings.TrimSpace(v.login))
		if !ok1 || !ok2 {
			a.say(words.T("mail.account.bad_server"))
			return
		}
	}
	a.try(st)
}

func (a *accountForm) try(st mail.Settings) {
	a.bar.Start()
	a.add.SetEnabled(false)
	a.m.p.Tasks.Go("add account", func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		a.m.p.Host.Post(func() { a.cancel = cancel })
		defer cancel()
		progress := func(s mail.AddStep) {
			a.m.p.Host.Post(func() { a.say(words.T("mail.account.step."+s.Step, "Host", s.Host)) })
		}
		var err error
		if st.IMAP.Host != "" {
			_, err = a.m.p.Mail.AddManual(ctx, st, progress)
		} else {
			_, err = a.m.p.Mail.Add(ctx, st.Email, st.Name, st.Password, progress)
		}
		stopped := ctx.Err() != nil
		a.m.p.Host.Post(func() { a.tried(st, err, stopped) })
	})
}

// offer fills in servers that were found in another domain: whoever they belong
// to is handed no password before a person has seen their names.
func (a *accountForm) offer(s mail.Settings) {
	a.imap.SetText(net.JoinHostPort(s.IMAP.Host, strconv.Itoa(s.IMAP.Port)))
	a.smtp.SetText(net.JoinHostPort(s.SMTP.Host, strconv.Itoa(s.SMTP.Port)))
	a.startTLS.SetChecked(s.IMAP.Security == mail.StartTLS)
	a.manual = true
	a.build()
	a.say(words.T("mail.account.foreign", "Host", s.IMAP.Host))
}

func (a *accountForm) tried(st mail.Settings, err error, stopped bool) {
	a.cancel = nil
	a.bar.Stop()
	a.add.SetEnabled(true)
	if stopped || a.m.account != a {
		return
	}
	if err != nil {
		var f *fault.Fault
		if errors.As(err, &f) {
			if s, ok := f.Question.(*mail.Settings); ok { // found, but a person should look at them first
				a.offer(*s)
				return
			}
		}
		e := words.Fault(err, "mail")
		a.say(strings.TrimSpace(e.Title + "\n" + e.Meaning + "\n" + strings.Join(e.Next, "\n")))
		a.m.p.Host.Trouble(a.m.ID(), err, func() { a.try(st) })
		return
	}
	a.m.account = nil
	a.m.showFace()
	a.m.p.Host.Changed(a.m)
	a.m.p.Mail.OpenFolder(mail.AllInboxes)
}
