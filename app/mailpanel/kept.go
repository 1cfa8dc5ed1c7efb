package mailpanel

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/mail"
	"guichet/widgets/kit"
)

// kept is the face for the chosen draft or waiting mail, nil if there is none:
// such mails are on this computer only, and are continued or taken back rather
// than read.
func (r *reader) kept() fyne.CanvasObject {
	l := r.m.list
	selected := l.list.Selected()
	if len(selected) != 1 || selected[0] >= l.Len() {
		return nil
	}
	switch i := selected[0]; l.kind {
	case mail.ViewWaiting:
		return r.waitingFace(l.outbox[i])
	case mail.ViewDrafts:
		return r.draftFace(l.drafts[i])
	}
	return nil
}

// keptFace is a toolbar over a subject, recipients and some sentences.
func keptFace(bar fyne.CanvasObject, subject, to string, more ...fyne.CanvasObject) fyne.CanvasObject {
	column := kit.Column(12,
		kit.NewParagraph(subjectOr(subject), kit.TextStyle{Size: kit.SizeTitle, Bold: true}),
		kit.NewParagraph(to, kit.TextStyle{Color: kit.ColorQuiet}))
	for _, o := range more {
		column.Add(o)
	}
	return kit.Frame(kit.Column(0, kit.Inset(10, 10, 10, 16, bar), kit.Line()), kit.NewPage(2000, false, kit.Inset(16, 16, 14, 22, column)), nil)
}

// waitingFace says why a mail has not gone and offers what can be done.
func (r *reader) waitingFace(x mail.OutboxItem) fyne.CanvasObject {
	m := r.m
	var buttons []fyne.CanvasObject
	add := func(id, icon string, kind kit.Kind, do func()) {
		buttons = append(buttons, kit.NewButton(kit.ButtonParams{Text: words.T("mail.waiting." + id), Icon: look.Icon(icon), Kind: kind, OnTapped: do}))
	}
	switch x.State {
	case mail.MaybeSent:
		add("decide", "info", kit.Primary, func() { m.askMaybeSent(x) })
	case mail.Held, mail.Queued, mail.Failed:
		add("now", "send", kit.Primary, func() {
			m.run("send now", func(ctx context.Context) error { return m.p.Mail.Retry(ctx, x.ID) }, m.report)
		})
		add("edit", "write", kit.Plain, func() { m.takeBack(x) })
		add("delete", "trash", kit.Plain, m.remove)
	}
	more := []fyne.CanvasObject{kit.NewParagraph(m.sendState(x), kit.TextStyle{})}
	if x.Fault != nil {
		e := words.Fault(x.Fault, m.ID())
		more = append(more, banner("warning", strings.TrimSpace(e.Meaning+"\n"+strings.Join(e.Next, "\n"))))
	}
	for _, one := range x.Recipients {
		if one.Code != 250 && one.Said != "" {
			more = append(more, kit.NewParagraph(words.T("mail.waiting.said", "Address", one.Address, "Said", shorten(one.Said, 300)), kit.TextStyle{Size: 13, Color: kit.ColorQuiet}))
		}
	}
	return keptFace(kit.Row(8, -1, buttons...), x.Subject, words.T("mail.read.to", "Names", strings.Join(x.To, ", ")), more...)
}

// previewRunes is how much of a draft is shown before it is opened.
const previewRunes = 2000

// draftFace shows the beginning of a draft.
func (r *reader) draftFace(d mail.Draft) fyne.CanvasObject {
	text := d.Text
	if s := []rune(text); len(s) > previewRunes {
		text = string(s[:previewRunes]) + "…"
	}
	bar := kit.Row(8, -1,
		kit.NewButton(kit.ButtonParams{Text: words.T("mail.draft.continue"), Icon: look.Icon("write"), Kind: kit.Primary, OnTapped: func() { r.m.write(d) }}),
		kit.NewButton(kit.ButtonParams{Text: words.T("mail.button.delete"), Icon: look.Icon("trash"), OnTapped: r.m.remove}))
	return keptFace(bar, d.Subject, words.T("mail.read.to", "Names", names(d.To, words.T("mail.read.nobody"))), kit.NewParagraph(text, kit.TextStyle{}))
}
