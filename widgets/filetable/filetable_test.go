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
	for _, h := range table.heads[:Mode] {
		test.Tap(h)
	}
	require.Equal(t, []Column{Name, Size, Changed}, got)
	table.SetSort(Changed, true)
	require.True(t, table.heads[Changed].arrow.Visible())
	require.False(t, table.heads[Name].arrow.Visible())
}

func TestColumnsGiveWay(t *testing.T) {
	table := show(t, Params{}, many(3), 200)
	for width, want := range map[float32][2]bool{550: {true, true}, 340: {false, true}, 200: {false, false}} {
		at := table.measure(width)
		name, size, changed := at[Name], at[Size], at[Changed]
		require.Positive(t, name[1], "width %v: the name is always there", width)
		require.Equal(t, want[0], size[1] > 0, "size at %v", width)
		require.Equal(t, want[1], changed[1] > 0, "date at %v", width)
		for _, right := range [][2]float32{size, changed} {
			if right[1] > 0 {
				require.LessOrEqual(t, name[0]+name[1], right[0]+0.5, "width %v", width)
			}
		}
		require.LessOrEqual(t, changed[0]+changed[1], width, "width %v", width)
	}
	require.False(t, table.heads[Size].Visible(), "a head goes with its column")
	require.True(t, table.heads[Name].Visible())
}

func TestFurtherColumnsAndWidths(t *testing.T) {
	var widths []float32
	table := show(t, Params{ModeTitle: "Rights", OwnerTitle: "Owner", OnWidth: func(_ Column, w float32) { widths = append(widths, w) }}, many(3), 900)
	require.False(t, table.heads[Mode].Visible())
	table.ShowColumn(Mode, true)
	table.ShowColumn(Owner, true)
	require.True(t, table.heads[Mode].Visible())
	require.True(t, table.heads[Owner].Visible())
	at := table.measure(900)
	require.Less(t, at[Size][0], at[Changed][0])
	require.Less(t, at[Changed][0], at[Mode][0])
	require.Less(t, at[Mode][0], at[Owner][0])
	drag := &fyne.DragEvent{Dragged: fyne.NewDelta(-30, 0)}
	drag.Position = fyne.NewPos(-27, 5)
	table.heads[Changed].Dragged(drag)
	table.heads[Changed].DragEnd()
	require.Equal(t, []float32{150}, widths, "the left edge went to the left")
	drag.Position = fyne.NewPos(80, 5)
	table.heads[Changed].Dragged(drag)
	table.heads[Changed].DragEnd()
	require.Len(t, widths, 1, "only the edge is a handle")
}

func TestGridAndMark(t *testing.T) {
	table := show(t, Params{}, many(1000), 550)
	table.SetGrid(true)
	require.False(t, table.above.Visible())
	first, last := table.List.InView()
	require.Zero(t, first)
	require.Equal(t, 11, last, "four beside each other, three lines")
	table.List.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	table.Mark(1)
	table.Mark(-1)
	table.SetGrid(false)
	require.True(t, table.above.Visible())
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(table.List)
	require.Equal(t, 2, table.RowAt(at.AddXY(10, 2*rowHeight+5)))
	require.Equal(t, -1, table.RowAt(at.AddXY(10, -5)))
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
