package splitpane_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/widgets/kit"
	"guichet/widgets/splitpane"
)

func TestPane(t *testing.T) {
	test.NewTempApp(t)
	a, b := kit.NewBox(kit.BoxStyle{}), kit.NewBox(kit.BoxStyle{})
	var sizes []float32
	p := splitpane.New(splitpane.Params{First: a, Second: b, Size: 200, Min: 100, MinRest: 150, OnResize: func(s float32) { sizes = append(sizes, s) }})
	w := test.NewTempWindow(t, p)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(1000, 300))
	require.InDelta(t, kit.Px(200), a.Size().Width, 0.1)
	w.Resize(fyne.NewSize(600, 300))
	require.InDelta(t, kit.Px(200), a.Size().Width, 0.1, "the first part keeps its width")
	require.InDelta(t, 600-kit.Px(200)-1, b.Size().Width, 0.1)

	grip := test.WidgetRenderer(p).Objects()[3].(fyne.Draggable)
	grip.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(40, 0)})
	require.InDelta(t, kit.Px(200)+40, a.Size().Width, 0.5)
	grip.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(-5000, 0)})
	require.InDelta(t, kit.Px(100), a.Size().Width, 0.5, "not less than it needs")
	grip.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(5000, 0)})
	require.InDelta(t, kit.Px(150), b.Size().Width, 1.5)
	require.Len(t, sizes, 3)

	last := splitpane.New(splitpane.Params{First: a, Second: b, Size: 120, Vertical: true, Last: true})
	w.SetContent(last)
	w.Resize(fyne.NewSize(600, 500))
	require.InDelta(t, kit.Px(120), b.Size().Height, 0.5)
	w.Resize(fyne.NewSize(600, 300))
	require.InDelta(t, kit.Px(120), b.Size().Height, 0.5, "the last part keeps its height")
}
