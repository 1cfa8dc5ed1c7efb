package mailpanel

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/mail"
	"guichet/widgets/kit"
)

func ctrl(key fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
}

func ctrlShift(key fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault | fyne.KeyModifierShift}
}

// Commands implements panel.Panel.
func (m *Panel) Commands() []panel.Command {
	menu, view := words.T("mail.menu"), words.T("mail.menu.mailbox")
	command := func(id, icon, menu string, shortcut fyne.Shortcut, enabled func() bool, run func()) panel.Command {
		return panel.Command{
			ID: "mail." + id, Name: words.T("command.mail." + id), Menu: menu, Icon: look.Icon(icon), Shortcut: shortcut, Enabled: enabled, Run: run,
		}
	}
	some := func() bool { return len(m.targets()) > 0 }
	one := func() bool { return m.current() != nil }
	any := m.hasAccounts
	list := []panel.Command{
		command("write", "write", menu, ctrl(fyne.KeyN), any, func() { m.write(m.p.Mail.Compose(0)) }),
		command("reply", "reply", menu, ctrl(fyne.KeyR), one, func() { m.reply(false) }),
		command("reply_all", "reply-all", menu, ctrlShift(fyne.KeyR), one, func() { m.reply(true) }),
		command("forward", "forward-mail", menu, ctrlShift(fyne.KeyF), one, m.forward),
		command("archive", "archive", menu, ctrl(fyne.KeyE), some, m.archive),
		command("delete", "trash", menu, nil, some, m.remove),
		command("junk", "junk", menu, ctrlShift(fyne.KeyJ), some, m.junk),
		command("move", "move", menu, ctrlShift(fyne.KeyM), some, m.move),
		command("flag", "flag", menu, ctrlShift(fyne.KeyG), some, m.flag),
		command("read", "eye", menu, ctrlShift(fyne.KeyK), some, func() { m.markRead(true) }),
		command("unread", "eye-off", menu, ctrlShift(fyne.KeyU), some, func() { m.markRead(false) }),
		command("check", "reload", view, &desktop.CustomShortcut{KeyName: fyne.KeyF5}, any, m.p.Mail.CheckNow),
		command("back", "back", view, nil, func() bool { return m.step(-1, false) }, func() { m.step(-1, true) }),
		command("next", "forward", view, nil, func() bool { return m.step(1, false) }, func() { m.step(1, true) }),
		command("add", "plus", view, nil, nil, func() { m.addAccount("") }),
	}
	list[4].Separator, list[7].Separator = true, true
	if c := m.compose; c != nil {
		writing := []panel.Command{
			command("send", "send", menu, ctrl(fyne.KeyReturn), nil, c.send),
			command("attach", "attach", menu, ctrlShift(fyne.KeyA), nil, c.chooseFile),
			command("close", "close", menu, nil, nil, m.closeCompose),
			command("discard", "trash", menu, nil, nil, c.discard),
		}
		writing[0].Separator = true
		list = append(list, writing...)
	}
	return list
}

// contextCommands are those of a mail's context menu.
func (m *Panel) contextCommands() []panel.Command {
	var out []panel.Command
	for _, c := range m.Commands() {
		switch c.ID {
		case "mail.reply", "mail.reply_all", "mail.forward", "mail.archive", "mail.delete", "mail.junk", "mail.move", "mail.flag", "mail.read", "mail.unread":
			out = append(out, c)
		}
	}
	return out
}

// current is the mail that is being read, nil for none.
func (m *Panel) current() *mail.Message {
	if m.compose != nil {
		return nil
	}
	return get(m.p.Mail.Current)
}

// targets are the mails that an action is for.
func (m *Panel) targets() []int64 {
	if m.list == nil || m.compose != nil {
		return nil
	}
	if ids := m.list.selectedIDs(); len(ids) > 0 {
		return ids
	}
	if c := m.current(); c != nil {
		return []int64{c.ID}
	}
	return nil
}

// open shows a mailbox.
func (m *Panel) open(ref mail.Ref) {
	if ref == m.ref && m.started {
		return
	}
	m.started = true
	m.closeCompose()
	m.p.Mail.OpenFolder(ref)
}

// step goes to the mail before or after; it reports whether there is one.
func (m *Panel) step(by int, do bool) bool {
	if m.list == nil || m.compose != nil || m.account != nil {
		return false
	}
	i := m.list.list.Current() + by
	if i < 0 || i >= m.list.Len() {
		return false
	}
	if do {
		m.list.list.Select(i)
	}
	return true
}

// undoable tells of an action that was done and offers to take it back.
func (m *Panel) undoable(u *mail.Undo) {
	if u == nil {
		return
	}
	m.p.Host.Show(panel.Toast{
		Text: words.N("mail.done."+u.Action, u.Count), Action: words.T("mail.undo"), For: time.Until(u.Until),
		Do: func() {
			m.run("undo", u.Undo, func(err error) {
				if err != nil {
					m.trouble(err, nil)
				}
			})
		},
	})
	m.run("action", u.Wait, func(err error) {
		if err != nil {
			m.trouble(err, nil)
		}
	})
}

func (m *Panel) archive() {
	if ids := m.targets(); len(ids) > 0 && !m.onThisComputer() {
		m.undoable(m.p.Mail.Archive(ids))
	}
}

// onThisComputer reports whether the open view holds drafts or waiting mails,
// which are not on a server.
func (m *Panel) onThisComputer() bool {
	return m.ref.Kind == mail.ViewWaiting || m.ref.Kind == mail.ViewDrafts
}

// remove deletes: into the trash at once, and for good after a question.
func (m *Panel) remove() {
	ids := m.targets()
	if len(ids) == 0 {
		return
	}
	folder, _ := get(m.p.Mail.Folders).Find(m.ref)
	switch {
	case m.ref.Kind == mail.ViewDrafts:
		m.ask("mail.ask.drafts", len(ids), func() {
			for _, id := range ids {
				m.run("delete draft", func(ctx context.Context) error { return m.p.Mail.DeleteDraft(ctx, id) }, m.report)
			}
		})
	case m.ref.Kind == mail.ViewWaiting:
		m.ask("mail.ask.waiting", len(ids), func() {
			for _, id := range ids {
				m.run("discard mail", func(ctx context.Context) error { return m.p.Mail.Discard(ctx, id) }, m.report)
			}
		})
	case folder.Role == mail.RoleTrash || folder.Role == mail.RoleJunk:
		m.ask("mail.ask.forever", len(ids), func() { m.undoable(m.p.Mail.Delete(ids)) })
	default:
		m.undoable(m.p.Mail.Delete(ids))
	}
}

func (m *Panel) report(err error) {
	if err != nil {
		m.trouble(err, nil)
	}
}

// ask asks before what cannot be undone.
func (m *Panel) ask(id string, count int, yes func()) {
	m.p.Host.Ask(panel.Question{
		Title: words.N(id, count), Text: words.T(id + ".text"),
		Choices: []panel.Choice{{Label: words.T("mail.keep")}, {Label: words.T("mail.delete"), Value: "yes", Danger: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" {
				yes()
			}
		},
	})
}

func (m *Panel) junk() {
	ids := m.targets()
	if len(ids) == 0 || m.onThisComputer() {
		return
	}
	folder, _ := get(m.p.Mail.Folders).Find(m.ref)
	m.undoable(m.p.Mail.Junk(ids, folder.Role != mail.RoleJunk))
}

// flag sets the flag, or takes it away where all have it.
func (m *Panel) flag() {
	ids := m.targets()
	if len(ids) == 0 || m.onThisComputer() {
		return
	}
	on := false
	rows := get(m.p.Mail.Rows)
	for _, id := range ids {
		on = on || !rows.Row(rows.Index(id)).Flagged
	}
	m.undoable(m.p.Mail.Flag(ids, on))
}

func (m *Panel) markRead(read bool) {
	if ids := m.targets(); len(ids) > 0 && !m.onThisComputer() {
		m.p.Mail.MarkRead(ids, read)
	}
}

// move lets the person choose a mailbox of the mails' account.
func (m *Panel) move() {
	ids := m.targets()
	if len(ids) == 0 || m.onThisComputer() {
		return
	}
	rows := get(m.p.Mail.Rows)
	account := rows.Row(rows.Index(ids[0])).Account
	if account == 0 {
		if c := m.current(); c != nil {
			account = c.Account
		}
	}
	var items []*fyne.MenuItem
	for _, a := range get(m.p.Mail.Folders).Accounts {
		if a.Account.ID != account {
			continue
		}
		for _, f := range a.Folders {
			if f.Selectable && f.Ref != m.ref {
				items = append(items, fyne.NewMenuItem(folderName(f), func() { m.undoable(m.p.Mail.Move(ids, f.Ref.ID)) }))
			}
		}
	}
	if len(items) == 0 {
		return
	}
	kit.ShowMenu(m.p.Host.Window().Canvas(), words.T("menu.more"), m.list.place(), items)
}

// menu opens a menu under a button.
func (m *Panel) menu(b *kit.Button, items []*fyne.MenuItem) {
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b).AddXY(0, b.Size().Height+kit.Px(4))
	kit.ShowMenu(m.p.Host.Window().Canvas(), words.T("menu.more"), at, items)
}

// reply begins an answer to the mail that is read.
func (m *Panel) reply(all bool) {
	c := m.current()
	if c == nil {
		return
	}
	var d mail.Draft
	m.run("reply", func(ctx context.Context) (err error) {
		d, err = m.p.Mail.Reply(ctx, c.ID, all, m.quote())
		return err
	}, func(err error) { m.begin(d, err) })
}

func (m *Panel) forward() {
	c := m.current()
	if c == nil {
		return
	}
	var d mail.Draft
	m.run("forward", func(ctx context.Context) (err error) {
		d, err = m.p.Mail.Forward(ctx, c.ID, m.quote())
		return err
	}, func(err error) { m.begin(d, err) })
}

func (m *Panel) begin(d mail.Draft, err error) {
	if err != nil {
		m.trouble(err, nil)
		return
	}
	m.write(d)
}

// author names who wrote a mail.
func author(x *mail.Message) string {
	if len(x.Sender) > 0 {
		return x.Sender[0].Short()
	}
	return x.From
}

// quote writes the sentences around quoted mail.
func (m *Panel) quote() mail.Quote {
	now := m.p.Now()
	return mail.Quote{
		Intro: func(x *mail.Message) string {
			return words.T("mail.quote.intro", "Date", words.DateTime(x.Date, now), "Name", author(x))
		},
		Forwarded: func(x *mail.Message) string {
			return words.T("mail.quote.forwarded", "From", names(x.Sender, ""), "Date", words.DateTime(x.Date, now),
				"Subject", x.Subject, "To", names(x.To, ""))
		},
	}
}

// removeAccount asks and forgets the account number n of the list.
func (m *Panel) removeAccount(n int) {
	all := get(m.p.Mail.Accounts)
	if n < 0 || n >= len(all.List) {
		return
	}
	a := all.List[n]
	m.p.Host.Ask(panel.Question{
		Title: words.T("mail.account.remove.title", "Email", a.Email), Text: words.T("mail.account.remove.text"),
		Choices: []panel.Choice{{Label: words.T("mail.keep")}, {Label: words.T("mail.account.remove"), Value: "yes", Danger: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" {
				m.run("remove account", func(ctx context.Context) error { return m.p.Mail.RemoveAccount(ctx, a.ID) }, m.report)
			}
		},
	})
}
