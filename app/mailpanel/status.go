package mailpanel

import (
	"log/slog"
	"time"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/mail"
)

// updateStatus writes the panel's part of the status line: the worst account's
// state first.
func (m *Panel) updateStatus() {
	s := get(m.p.Mail.Status)
	accounts := get(m.p.Mail.Accounts)
	if s == nil || accounts == nil {
		return
	}
	out := panel.Status{}
	if len(accounts.List) > 0 {
		out = m.describe(s, accounts)
	}
	if m.hovered != "" {
		out.More = m.hovered
	}
	if err := m.status.Set(out); err != nil {
		slog.Error("status", "err", err)
	}
}

func (m *Panel) describe(s *mail.StatusSnapshot, accounts *mail.Accounts) panel.Status {
	now := m.p.Now()
	out := panel.Status{Level: panel.Good, Text: words.T("mail.status.connected")}
	stored := 0
	var checked time.Time
	for _, a := range accounts.List {
		x := s.Of(a.ID)
		stored += x.Stored
		if x.Checked.After(checked) {
			checked = x.Checked
		}
		level, text := panel.Good, ""
		switch x.State {
		case mail.NeedsAnswer:
			level, text = panel.Bad, a.Email+": "+words.Fault(x.Fault, "mail").Title
		case mail.Waiting:
			level = panel.Waiting
			text = words.T("mail.status.waiting", "Email", a.Email)
			if left := x.Next.Sub(now); left > 0 {
				text = words.T("mail.status.waiting_for", "Email", a.Email, "Left", words.Duration(left))
			}
		case mail.Connecting, mail.Idle:
			level, text = panel.Waiting, words.T("mail.status.connecting")
		case mail.Syncing:
			text = words.T("mail.status.syncing")
			if x.Total > 0 {
				text = words.T("mail.status.syncing_of", "Done", words.Number(int64(x.Done)), "Total", words.Number(int64(x.Total)))
			}
		}
		if level > out.Level || out.Level == panel.Good && text != "" {
			out.Level, out.Text = level, text
		}
	}
	if stored > 0 {
		out.More = words.N("mail.status.stored", stored)
		if !checked.IsZero() {
			out.More = words.T("mail.status.checked", "Date", when(checked, now)) + " · " + out.More
		}
	}
	return out
}

// when writes a moment within a sentence: "today at 14:02".
func when(t, now time.Time) string {
	y, m, d := t.In(now.Location()).Date()
	if ny, nm, nd := now.Date(); y == ny && m == nm && d == nd {
		return words.T("mail.today", "Time", t.In(now.Location()).Format("15:04"))
	}
	return words.DateTime(t, now)
}

// sendState says where a mail that waits to be sent stands.
func (m *Panel) sendState(x mail.OutboxItem) string {
	text := words.T("mail.send.state." + string(x.State))
	if x.Fault != nil {
		text += " " + words.Fault(x.Fault, "mail").Title
	}
	if x.State == mail.Queued && x.Due.Sub(m.p.Now()) > time.Second {
		text += " " + words.T("mail.send.next", "Time", x.Due.In(m.p.Now().Location()).Format("15:04"))
	}
	return text
}

// hint says in the status line where a link leads.
func (m *Panel) hint(text string) {
	if m.hovered != text {
		m.hovered = text
		m.updateStatus()
	}
}
