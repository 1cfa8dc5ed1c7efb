package kit_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"github.com/stretchr/testify/require"

	"guichet/widgets/kit"
)

func window(t *testing.T, o fyne.CanvasObject, width, height float32) fyne.Window {
	t.Helper()
	w := test.NewTempWindow(t, o)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(width, height))
	return w
}

// markup is what is drawn, as text.
func markup(o fyne.CanvasObject) string { return test.RenderObjectToMarkup(o) }

func TestTextShrinksWithAnEllipsis(t *testing.T) {
	test.NewTempApp(t)
	text := kit.NewText("Programme for Saturday\nfinal version", kit.TextStyle{Shrink: true})
	window(t, container.NewStack(text), 2000, 30)
	require.Contains(t, markup(text), "Programme for Saturday final version", "one line")
	text.Resize(fyne.NewSize(120, 20))
	require.Contains(t, markup(text), "…")
	require.NotContains(t, markup(text), "version")
	require.Less(t, fyne.MeasureText("Programme for…", theme.TextSize(), fyne.TextStyle{}).Width, float32(140))
	require.Equal(t, "Programme for Saturday final version", text.Text(), "the whole text is kept")
	text.Resize(fyne.NewSize(0, 20))
	require.NotContains(t, markup(text), "…")
	text.SetText(strings.Repeat("x", 100_000))
	require.Less(t, len(text.Text()), 2000, "past the size of a texture a text would turn black")
}

func TestParagraphWraps(t *testing.T) {
	test.NewTempApp(t)
	p := kit.NewParagraph("one two three four five six seven\nlast", kit.TextStyle{})
	one := kit.NewParagraph("one", kit.TextStyle{}).HeightFor(1000)
	require.Equal(t, 2*one, p.HeightFor(1000))
	require.Greater(t, p.HeightFor(80), 4*one)
	long := kit.NewParagraph(strings.Repeat("m", 200), kit.TextStyle{})
	require.Greater(t, long.HeightFor(100), 5*one, "a word longer than a line is broken")
	require.NotPanics(t, func() { long.HeightFor(0); p.HeightFor(-1) })
	require.Equal(t, one, kit.NewParagraph("", kit.TextStyle{}).HeightFor(100))
}

func TestPageFitsItsHeightToItsWidth(t *testing.T) {
	test.NewTempApp(t)
	p := kit.NewParagraph(strings.Repeat("word ", 100), kit.TextStyle{})
	below := kit.NewText("below", kit.TextStyle{})
	page := kit.NewPage(400, false, kit.Inset(0, 10, 0, 10, kit.Column(4, p, below)))
	w := window(t, page, 300, 200)
	for _, width := range []float32{300, 800, 350} {
		w.Resize(fyne.NewSize(width, 200))
		inner := fyne.Min(width, kit.Px(400)) - kit.Px(20)
		require.InDelta(t, inner, p.Size().Width, 0.5)
		require.InDelta(t, p.HeightFor(inner), p.Size().Height, 0.5)
		require.InDelta(t, p.Size().Height+kit.Px(4), below.Position().Y, 0.5, "nothing lies over the next part")
	}
}

func TestRowGivesTheRestToOne(t *testing.T) {
	test.NewTempApp(t)
	a, b, c := kit.NewBox(kit.BoxStyle{}).SetMin(30, 10), kit.NewBox(kit.BoxStyle{}).SetMin(10, 10), kit.NewBox(kit.BoxStyle{}).SetMin(40, 20)
	row := kit.Row(10, 1, a, b, c)
	row.Resize(fyne.NewSize(kit.Px(300), kit.Px(40)))
	require.InDelta(t, kit.Px(210), b.Size().Width, 0.1)
	require.InDelta(t, kit.Px(260), c.Position().X, 0.1)
	require.InDelta(t, kit.Px(10), c.Position().Y, 0.1, "in the middle")
	b.Hide()
	row.Resize(fyne.NewSize(kit.Px(310), kit.Px(40)))
	require.InDelta(t, kit.Px(40), c.Position().X, 0.1, "a hidden part leaves no gap")
}

func TestFlowAndGrid(t *testing.T) {
	test.NewTempApp(t)
	var objects []fyne.CanvasObject
	for range 5 {
		objects = append(objects, kit.NewBox(kit.BoxStyle{}).SetMin(100, 20))
	}
	flow := kit.Flow(10, objects...)
	require.InDelta(t, kit.Px(20), kit.HeightFor(flow, kit.Px(600)), 0.1)
	require.InDelta(t, kit.Px(50), kit.HeightFor(flow, kit.Px(330)), 0.1)
	grid := kit.Grid(100, 10, objects...)
	grid.Resize(fyne.NewSize(kit.Px(430), kit.Px(200)))
	require.InDelta(t, kit.Px((430-30)/4), objects[0].Size().Width, 0.1)
	require.InDelta(t, kit.Px(30), objects[4].Position().Y, 0.1)
	require.InDelta(t, kit.Px(50), kit.HeightFor(grid, kit.Px(430)), 0.1)
	require.Zero(t, kit.HeightFor(kit.Grid(100, 10), 100))
}

func TestButton(t *testing.T) {
	test.NewTempApp(t)
	pressed := 0
	b := kit.NewButton(kit.ButtonParams{Text: "Write", Icon: kit.Icon("write"), Kind: kit.Primary, OnTapped: func() { pressed++ }})
	w := window(t, container.NewCenter(b), 200, 100)
	require.Equal(t, kit.ControlHeight(), b.MinSize().Height)
	test.Tap(b)
	for _, key := range []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter} {
		b.TypedKey(&fyne.KeyEvent{Name: key})
	}
	require.Equal(t, 4, pressed)
	var forwarded fyne.KeyName
	w.Canvas().SetOnTypedKey(func(ev *fyne.KeyEvent) { forwarded = ev.Name })
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.Equal(t, fyne.KeyEscape, forwarded)
	b.SetEnabled(false)
	test.Tap(b)
	require.Equal(t, 4, pressed)
	icon := kit.IconButton(kit.Icon("reload"), "Reload", nil)
	require.GreaterOrEqual(t, icon.MinSize().Width, float32(30), "large enough to hit")
	small := kit.NewButton(kit.ButtonParams{Icon: kit.Icon("close"), Small: true})
	require.GreaterOrEqual(t, small.MinSize().Height, kit.Px(30))
	require.NotPanics(t, func() { test.Tap(icon) })
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Marie Dubois": "MD", "marie@orchestra.example": "M", "": "?", "Jean-Luc van der Berg": "JB", "  ": "?", "éric": "É", "日本 太郎": "日太", "@": "?",
	} {
		require.Equal(t, want, kit.Initials(name), name)
	}
	require.Equal(t, kit.AvatarColor("Anna"), kit.AvatarColor("ANNA"))
}

func TestBadge(t *testing.T) {
	test.NewTempApp(t)
	b := kit.NewBadge("")
	require.False(t, b.Visible())
	b.SetText("12")
	require.True(t, b.Visible())
	b.SetText("")
	require.False(t, b.Visible())
}

func TestLoadingBarIsQuiet(t *testing.T) {
	test.NewTempApp(t)
	bar := kit.NewLoadingBar()
	window(t, bar, 200, 2)
	before := markup(bar)
	bar.Start()
	require.True(t, bar.Running())
	require.Equal(t, before, markup(bar), "nothing appears at once")
	bar.Stop()
	bar.Stop()
	require.False(t, bar.Running())
}

func TestEntryPassesKeysOn(t *testing.T) {
	test.NewTempApp(t)
	e := kit.NewEntry("hint")
	w := window(t, e, 200, 40)
	var got []fyne.KeyName
	w.Canvas().SetOnTypedKey(func(ev *fyne.KeyEvent) { got = append(got, ev.Name) })
	for _, key := range []fyne.KeyName{fyne.KeyF6, fyne.KeyEscape, fyne.KeyReturn, fyne.KeyLeft} {
		e.TypedKey(&fyne.KeyEvent{Name: key})
	}
	require.Equal(t, []fyne.KeyName{fyne.KeyF6, fyne.KeyEscape, fyne.KeyReturn}, got)
	submitted := 0
	e.OnSubmitted = func(string) { submitted++ }
	e.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	require.Equal(t, 1, submitted)
	require.Len(t, got, 3)
}

// The looks of the building blocks, as Fyne's own tests do it.
func TestMarkup(t *testing.T) {
	test.NewTempApp(t)
	test.ApplyTheme(t, test.Theme())
	all := kit.Column(8,
		kit.NewText("Text", kit.TextStyle{Size: kit.SizeTitle, Bold: true}),
		kit.NewButton(kit.ButtonParams{Text: "Plain", Icon: kit.Icon("reload")}),
		kit.NewButton(kit.ButtonParams{Text: "Primary", Kind: kit.Primary}),
		kit.NewButton(kit.ButtonParams{Text: "Upload", Icon: kit.Icon("arrow-right"), Stacked: true}),
		kit.NewPill("connected", kit.Icon("check"), kit.ColorGoodText, kit.ColorGoodGround),
		kit.NewAvatar("Marie Dubois", 40, false),
		kit.Card(12, kit.NewParagraph("A card", kit.TextStyle{})),
	)
	w := window(t, all, 240, 400)
	test.AssertRendersToMarkup(t, "kit.xml", w.Canvas())
}

func TestTipAppearsBesideItsButton(t *testing.T) {
	test.NewTempApp(t)
	b := kit.IconButton(kit.Icon("reload"), "Load again", nil)
	layer := container.NewWithoutLayout()
	w := window(t, container.NewStack(container.NewVBox(container.NewHBox(b)), layer), 300, 200)
	kit.SetTipLayer(w.Canvas(), layer)
	defer kit.SetTipLayer(w.Canvas(), nil)
	kit.ShowTip(b)
	require.Len(t, layer.Objects, 1)
	tip := layer.Objects[0]
	require.GreaterOrEqual(t, tip.Position().Y, b.Size().Height, "below the button")
	require.GreaterOrEqual(t, tip.Position().X, float32(0), "inside the window")
	b.MouseOut()
	require.Empty(t, layer.Objects)
}
