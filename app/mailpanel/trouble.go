package mailpanel

import (
	"context"
	"net"
	"net/url"
	"strconv"

	"guichet/app/panel"
	"guichet/app/trouble"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/check"
	"guichet/services/fault"
	"guichet/services/mail"
	"guichet/services/task"
	"guichet/widgets/kit"
)

// Diagnose examines a mail server, logging in as the account does.
type Diagnose func(ctx context.Context, target address.Target, a mail.Account) check.Report

// troubleFace stands in the place of the mailboxes while an account has failed
// and nothing of its mail is on this computer: what is here is always shown
// instead, with the trouble in the status line.
type troubleFace struct {
	m       *Panel
	view    *trouble.View
	account mail.Account
	fault   *fault.Fault
	slot    *task.Slot
}

// troubled gives the account that keeps the tab from being of use, if one does.
func (m *Panel) troubled() (mail.Account, mail.AccountStatus, bool) {
	s, accounts := get(m.p.Mail.Status), get(m.p.Mail.Accounts)
	if s == nil || accounts == nil {
		return mail.Account{}, mail.AccountStatus{}, false
	}
	for _, a := range accounts.List {
		if s.Of(a.ID).Stored > 0 {
			return mail.Account{}, mail.AccountStatus{}, false
		}
	}
	for _, a := range accounts.List {
		if x := s.Of(a.ID); x.Fault != nil {
			return a, x, true
		}
	}
	return mail.Account{}, mail.AccountStatus{}, false
}

// updateTroubleFace shows, renews or ends the face, and tells of an account
// that needs a person.
func (m *Panel) updateTroubleFace() {
	a, x, on := m.troubled()
	switch {
	case !on && m.stuck != nil:
		m.stuck.close()
		m.stuck = nil
		m.showFace()
	case on && m.stuck == nil:
		m.stuck = m.newTroubleFace(a, x)
		m.showFace()
	case on:
		m.stuck.view.SetRunning(x.State == mail.Connecting)
		m.stuck.view.SetNextTry(x.Next)
		if x.Fault != m.stuck.fault {
			m.stuck.fault = x.Fault
			m.stuck.view.SetError(x.Fault)
			m.stuck.diagnose()
		}
	}
	m.tellOfQuestions()
}

func (m *Panel) newTroubleFace(a mail.Account, x mail.AccountStatus) *troubleFace {
	t := &troubleFace{m: m, account: a, fault: x.Fault, slot: task.NewSlot(m.p.Tasks)}
	t.view = trouble.New(trouble.Params{
		Panel: m.ID(), Err: x.Fault, NextTry: x.Next, Now: m.p.Now, OnRetry: m.p.Mail.CheckNow, OnSettings: func() { m.solve(a, t.fault) },
	})
	t.diagnose()
	return t
}

func (t *troubleFace) close() {
	t.slot.Stop()
	t.view.Stop()
}

// target is the address of an account's server for reading.
func target(a mail.Account) address.Target {
	scheme := "imaps"
	if a.IMAP.Security == mail.StartTLS {
		scheme = "imap"
	}
	u := &url.URL{Scheme: scheme, Host: net.JoinHostPort(a.IMAP.Host, strconv.Itoa(a.IMAP.Port))}
	return address.Target{Kind: address.Server, URL: u, Shown: a.IMAP.Host}
}

func (t *troubleFace) diagnose() {
	if t.m.p.Diagnose == nil {
		return
	}
	t.slot.Start("diagnose", func(ctx context.Context, current func() bool) {
		r := t.m.p.Diagnose(ctx, target(t.account), t.account)
		t.m.p.Host.Post(func() {
			if current() && t.m.stuck == t && !r.OK {
				t.view.SetReport(&r)
			}
		})
	})
}

// solve opens what a person can do about an account's fault.
func (m *Panel) solve(a mail.Account, f *fault.Fault) {
	if f != nil && f.Question != nil {
		m.trouble(f, m.p.Mail.CheckNow)
		return
	}
	m.askPassword(a, f)
}

// askPassword takes a new password for an account.
func (m *Panel) askPassword(a mail.Account, f *fault.Fault) {
	password := kit.NewPasswordEntry("")
	details := ""
	if f != nil {
		details = words.Fault(f, m.ID()).Details
	}
	m.p.Host.Ask(panel.Question{
		Title: words.T("mail.password.title", "Email", a.Email), Text: words.T("mail.password.text", "Host", a.IMAP.Host), Details: details,
		Content: kit.Column(4, kit.NewText(words.T("mail.account.password"), kit.TextStyle{Size: 13, Color: kit.ColorQuiet}), password),
		Choices: []panel.Choice{{Label: words.T("mail.account.cancel")}, {Label: words.T("mail.password.save"), Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if value != "yes" || password.Text == "" {
				return
			}
			m.run("set password", func(ctx context.Context) error { return m.p.Mail.SetPassword(ctx, a.ID, password.Text) }, m.report)
		},
	})
	m.p.Host.Window().Canvas().Focus(password)
}

// tellOfQuestions says once for each fault that an account needs a person.
func (m *Panel) tellOfQuestions() {
	s, accounts := get(m.p.Mail.Status), get(m.p.Mail.Accounts)
	for _, a := range accounts.List {
		x := s.Of(a.ID)
		if x.State != mail.NeedsAnswer || x.Fault == nil || m.told[a.ID] == x.Fault {
			continue
		}
		m.told[a.ID] = x.Fault
		m.p.Host.Show(panel.Toast{
			Text: a.Email + ": " + words.Fault(x.Fault, m.ID()).Title, Action: words.T("mail.solve"), Do: func() { m.solve(a, x.Fault) },
		})
	}
}
