package rowlist

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/stretchr/testify/require"
)

// A grid of three cells a line in a window of 100 by 200: ten lines in view.
func TestGrid(t *testing.T) {
	wide := float32(33)
	p := show(t, 100_001, func(p *Params) { p.CellWidth = func() float32 { return wide } })
	require.Len(t, p.texts(), 30)
	require.Equal(t, float32(33334*20), p.rows.MinSize().Height)
	ev := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
	ev.Position = fyne.NewPos(50, 25)
	p.rows.MouseDown(ev)
	p.rows.MouseUp(ev)
	require.Equal(t, []int{4}, p.Selected(), "second line, second cell")
	for _, step := range []struct {
		key  fyne.KeyName
		want int
	}{{fyne.KeyDown, 7}, {fyne.KeyRight, 8}, {fyne.KeyUp, 5}, {fyne.KeyLeft, 4}, {fyne.KeyUp, 1}, {fyne.KeyUp, 1}, {fyne.KeyPageDown, 28}, {fyne.KeyEnd, 100_000}} {
		p.key(step.key)
		require.Equal(t, step.want, p.Current(), step.key)
		first, last := p.InView()
		require.True(t, first <= step.want && step.want <= last, step.key)
	}
	require.Equal(t, 99_999, p.RowAt(fyne.NewPos(5, 190)))
	wide = 0
	p.Reset()
	require.Equal(t, float32(100_001*20), p.rows.MinSize().Height)
}

func TestTabAndRunesCanBeTaken(t *testing.T) {
	tabs, typed := 0, ""
	p := show(t, 3, func(p *Params) {
		p.OnTab = func() { tabs++ }
		p.OnRune = func(c rune) bool { typed += string(c); return true }
	})
	require.True(t, p.rows.AcceptsTab())
	p.key(fyne.KeyTab)
	p.rows.TypedRune('x')
	require.Equal(t, 1, tabs)
	require.Equal(t, "x", typed)
}
