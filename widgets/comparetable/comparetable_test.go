package comparetable

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/widgets/kit"
)

// many is a source of n names.
type many int

func (m many) Len() int { return int(m) }

func (m many) Row(i int) Row {
	return Row{
		Icon: kit.Icon("file"), Folder: "album/", Name: fmt.Sprintf("picture-%06d.jpg", i), Cells: [2]Cell{{"4.1 MB", "12 Jul 18:20"}, {}},
		Action: Mark{Icon: kit.Icon("arrow-right"), Color: kit.ColorGood}, Reason: "new here", Sign: Mark{Icon: kit.Icon("plus"), Color: kit.ColorGood},
	}
}

type rows []Row

func (r rows) Len() int      { return len(r) }
func (r rows) Row(i int) Row { return r[i] }

func show(t testing.TB, p Params, s Source, width float32) *Table {
	test.NewTempApp(t).Settings().SetTheme(test.Theme())
	p.NameTitle, p.Titles, p.ActionTitle, p.ReasonTitle = "Name", [2]string{"This computer", "Club server"}, "Do", "Why"
	table := New(p)
	w := test.NewTempWindow(t, table)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(width, 300))
	table.SetSource(s)
	return table
}

func actions(o fyne.CanvasObject) (out []*action) {
	for _, x := range test.LaidOutObjects(o) {
		if a, ok := x.(*action); ok {
			out = append(out, a)
		}
	}
	return out
}

func TestAClickOnTheActionIsNoSelection(t *testing.T) {
	var got []int
	table := show(t, Params{OnAction: func(i int) { got = append(got, i) }}, many(3), 1100)
	list := actions(table)
	require.Len(t, list, 3)
	test.Tap(list[1])
	require.Equal(t, []int{1}, got)
	require.Empty(t, table.List.Selected())
}

func TestColumnsGiveWay(t *testing.T) {
	for width, want := range map[float32][2]bool{1190: {true, true}, 800: {false, true}, 520: {false, false}} {
		c := measure(width)
		require.Positive(t, c.name[1], "width %v: the name is always there", width)
		require.Positive(t, c.action[1], "width %v: so is the action", width)
		require.Equal(t, want[0], c.changed[0][1] > 0, "dates at %v", width)
		require.Equal(t, want[0], c.changed[1][1] > 0, "dates at %v", width)
		require.Equal(t, want[1], c.reason[1] > 0, "reason at %v", width)
		require.LessOrEqual(t, c.reason[0]+c.reason[1], width, "width %v", width)
		require.LessOrEqual(t, c.size[1][0]+c.size[1][1], width, "width %v", width)
		require.LessOrEqual(t, c.name[0]+c.name[1], c.size[0][0], "width %v", width)
	}
}

func TestManyRows(t *testing.T) {
	table := show(t, Params{}, many(100_000), 1100)
	table.List.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnd})
	require.Equal(t, []int{99_999}, table.List.Selected())
	require.LessOrEqual(t, len(actions(table)), 10, "only what is seen exists")
	table.List.FocusTarget().TypedRune('p')
	require.Equal(t, []int{0}, table.List.Selected())
}

func TestRowMarkup(t *testing.T) {
	table := show(t, Params{}, rows{
		{
			Icon: kit.Icon("image"), Folder: "album/", Name: "choir-01.jpg", Cells: [2]Cell{{"4.1 MB", "12 Jul 18:20"}, {}},
			Action: Mark{Icon: kit.Icon("arrow-right"), Color: kit.ColorGood}, Reason: "only here", Sign: Mark{Icon: kit.Icon("plus"), Color: kit.ColorGood},
		},
		{
			Icon: kit.Icon("file"), Name: "old.txt", Cells: [2]Cell{{}, {"12 B", "9 Jul"}},
			Action: Mark{Icon: kit.Icon("trash"), Color: kit.ColorBad, At: 1}, Reason: "deleted here", Sign: Mark{Icon: kit.Icon("trash"), Color: kit.ColorBad},
		},
		{Icon: kit.Icon("file"), Name: "same.txt", Cells: [2]Cell{{"12 B", "9 Jul"}, {"12 B", "9 Jul"}}, Action: Mark{Icon: kit.Icon("check"), Color: kit.ColorQuiet}, Reason: "the same", Dim: true},
	}, 1100)
	table.List.SetSelection([]int{1}, 1)
	test.AssertRendersToMarkup(t, "rows.xml", fyne.CurrentApp().Driver().CanvasForObject(table))
}

func BenchmarkScroll100k(b *testing.B) {
	table := show(b, Params{}, many(100_000), 1100)
	y := float32(0)
	for b.Loop() {
		y += 60
		if y > 3_000_000 {
			y = 0
		}
		table.List.SetOffset(y)
	}
}
