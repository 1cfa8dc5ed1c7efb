package messagelist

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"
)

// many is a source of n rows.
type many int

func (m many) Len() int { return int(m) }

func (m many) Row(i int) Row {
	return Row{
		From: fmt.Sprintf("Sender %d", i), Date: "14:02", Subject: "Programme for Saturday, the final version", Unread: i%3 == 0, Flagged: i%5 == 0,
		Snippet: "Here is the programme with the two changes we talked about on Tuesday.", Attachment: i%7 == 0, Answered: i%4 == 0,
	}
}

func show(t testing.TB, p Params, s Source) *List {
	test.NewTempApp(t).Settings().SetTheme(test.Theme())
	l := New(p)
	w := test.NewTempWindow(t, l)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(371, 600))
	l.SetSource(s)
	return l
}

func TestTypeAhead(t *testing.T) {
	l := show(t, Params{}, many(100))
	l.FocusTarget().TypedRune('p')
	require.Equal(t, 0, l.Current(), "a subject")
	i, ok := l.find("sender 42", 0)
	require.True(t, ok)
	require.Equal(t, 42, i)
	_, ok = l.find("nobody", 0)
	require.False(t, ok)
}

func TestLettersAsCommands(t *testing.T) {
	var got []rune
	l := show(t, Params{OnRune: func(r rune) { got = append(got, r) }}, many(100))
	for _, r := range "jké" {
		l.FocusTarget().TypedRune(r)
	}
	require.Equal(t, []rune("jké"), got)
	require.Equal(t, -1, l.Current(), "letters look for nothing then")
}

func TestManyRows(t *testing.T) {
	opened := -1
	l := show(t, Params{OnOpen: func(i int) { opened = i }}, many(100_000))
	l.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnd})
	require.Equal(t, []int{99_999}, l.Selected())
	l.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	require.Equal(t, 99_999, opened)
	first, last := l.InView()
	require.Equal(t, 99_999, last)
	require.Less(t, last-first, 20)
	l.SelectAll()
	require.Equal(t, 100_000, l.SelectedCount())
	l.SetSource(many(3))
	require.Equal(t, 3, l.SelectedCount())
}

func TestRowMarkup(t *testing.T) {
	l := show(t, Params{}, rows{
		{From: "Marie Dubois", Date: "14:02", Subject: "Programme for Saturday — final version", Snippet: "Here is the programme", Unread: true, Flagged: true, Attachment: true},
		{From: "Jonas, Marie, you (4)", Date: "Yesterday", Subject: "Re: Who brings the music stands?", Snippet: "I can take six in the car", Answered: true},
		{From: "Energy Co-op", Date: "20 Nov", Subject: "", Snippet: "The server could not hand this mail over.", Dim: true},
	})
	l.SetSelection([]int{1}, 1)
	test.AssertRendersToMarkup(t, "rows.xml", fyne.CurrentApp().Driver().CanvasForObject(l))
}

type rows []Row

func (r rows) Len() int      { return len(r) }
func (r rows) Row(i int) Row { return r[i] }

func BenchmarkScroll100k(b *testing.B) {
	l := show(b, Params{}, many(100_000))
	y := float32(0)
	for b.Loop() {
		y += 60
		if y > 7_000_000 {
			y = 0
		}
		l.SetOffset(y)
	}
}

func BenchmarkSelectAll100k(b *testing.B) {
	l := show(b, Params{}, many(100_000))
	for b.Loop() {
		l.SelectAll()
		l.Unselect()
	}
}
