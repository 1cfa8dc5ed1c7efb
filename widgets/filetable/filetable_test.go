package filetable

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/widgets/kit"
)

// many is a source of n files.
type many int

func (m many) Len() int { return int(m) }

func (m many) Row(i int) Row {
	return Row{Icon: kit.Icon("file"), Name: fmt.Sprintf("picture-%06d.jpg", i), Size: "4.1 MB", Changed: "12 Jul 18:20"}
}

type rows []Row

func (r rows) Len() int      { return len(r) }
func (r rows) Row(i int) Row { return r[i] }

func show(t testing.TB, p Params, s Source, width float32) *Table {
	test.NewTempApp(t).Settings().SetTheme(test.Theme())
	p.NameTitle, p.SizeTitle, p.ChangedTitle = "Name", "Size", "Changed"
	table := New(p)
	w := test.NewTempWindow(t, table)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(width, 400))
	table.SetSource(s)
	return table
}

func TestHeadsSort(t *testing.T) {
	var got []Column
	table := show(t, Params{OnSort: func(c Column) { got = append(got, c) }}, many(3), 550)
	for _, h := range table.heads {
		test.Tap(h)
	}
	require.Equal(t, []Column{Name, Size, Changed}, got)
	table.SetSort(Changed, true)
	require.True(t, table.heads[Changed].arrow.Visible())
	require.False(t, table.heads[Name].arrow.Visible())
}

func TestColumnsGiveWay(t *testing.T) {
	for width, want := range map[float32][2]bool{550: {true, true}, 340: {false, true}, 200: {false, false}} {
		name, size, changed := measure(width)
		require.Positive(t, name[1], "width %v: the name is always there", width)
		require.Equal(t, want[0], size[1] > 0, "size at %v", width)
		require.Equal(t, want[1], changed[1] > 0, "date at %v", width)
		require.LessOrEqual(t, name[0]+name[1], size[0]+0.5, "width %v", width)
		require.LessOrEqual(t, changed[0]+changed[1], width, "width %v", width)
	}
	table := show(t, Params{}, many(3), 200)
	require.False(t, table.heads[Size].Visible(), "a head goes with its column")
	require.True(t, table.heads[Name].Visible())
}

func TestTypeAheadAndOpen(t *testing.T) {
	opened := -1
	table := show(t, Params{OnOpen: func(i int) { opened = i }}, rows{{Name: "Originals"}, {Name: "choir-01.jpg"}, {Name: "Finale.mp4"}}, 550)
	table.List.FocusTarget().TypedRune('f')
	require.Equal(t, []int{2}, table.List.Selected())
	table.List.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnter})
	require.Equal(t, 2, opened)
}

func TestManyRows(t *testing.T) {
	table := show(t, Params{}, many(100_000), 550)
	table.List.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnd})
	require.Equal(t, []int{99_999}, table.List.Selected())
	i, ok := table.find("picture-0999", 0)
	require.True(t, ok)
	require.Equal(t, 99_900, i)
}

func TestRowMarkup(t *testing.T) {
	table := show(t, Params{}, rows{
		{Icon: kit.Icon("folder-filled"), Name: "Originals", Changed: "12 Jul"},
		{Icon: kit.Icon("image"), Name: "choir-01.jpg", Size: "4.1 MB", Changed: "12 Jul 18:20"},
		{Icon: kit.Icon("file"), Name: ".htaccess", Size: "12 B", Changed: "9 Jul", Dim: true},
	}, 550)
	table.List.SetSelection([]int{1}, 1)
	test.AssertRendersToMarkup(t, "rows.xml", fyne.CurrentApp().Driver().CanvasForObject(table))
}

func BenchmarkScroll100k(b *testing.B) {
	table := show(b, Params{}, many(100_000), 550)
	y := float32(0)
	for b.Loop() {
		y += 60
		if y > 3_000_000 {
			y = 0
		}
		table.List.SetOffset(y)
	}
}
