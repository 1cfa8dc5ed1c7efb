package messagelist

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// mailbox makes up 100,000 mails, each row anew as a store does.
type mailbox struct{}

func (mailbox) Len() int { return 100_000 }

func (mailbox) Row(i int) Row {
	return Row{
		From: fmt.Sprintf("Sender %d", i%317), Date: "14:05", Subject: fmt.Sprintf("Re: subject of the mail %d", i),
		Snippet: "The first words of the mail, as long as a row of the list is wide", Unread: i%3 == 0, Flagged: i%11 == 0, Attachment: i%7 == 0,
	}
}

// wheel is one notch as Fyne's desktop driver reports it.
var wheel = &fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -60)}

func BenchmarkHundredThousand(b *testing.B) {
	test.NewTempApp(b)
	l := New(Params{})
	w := test.NewTempWindow(b, l)
	w.Resize(fyne.NewSize(400, 800))
	l.SetSource(mailbox{})
	rows := l.FocusTarget()
	b.Run("wheel", func(b *testing.B) {
		l.SetOffset(0)
		for b.Loop() {
			rows.(fyne.Scrollable).Scrolled(wheel)
		}
	})
	b.Run("page", func(b *testing.B) {
		l.Select(0)
		for b.Loop() {
			rows.TypedKey(&fyne.KeyEvent{Name: fyne.KeyPageDown})
		}
	})
	b.Run("refresh", func(b *testing.B) {
		for b.Loop() {
			l.Refresh()
		}
	})
	b.Run("selectall", func(b *testing.B) {
		for b.Loop() {
			l.SelectAll()
			l.Unselect()
		}
	})
}
