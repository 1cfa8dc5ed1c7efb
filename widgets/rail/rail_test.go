package rail_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/widgets/kit"
	"guichet/widgets/rail"
)

func TestRail(t *testing.T) {
	test.NewTempApp(t)
	var chosen []string
	r := rail.New([]rail.Item{
		{ID: "web", Title: "Web", Icon: kit.Icon("web")}, {ID: "mail", Title: "Mail", Icon: kit.Icon("mail")}, {ID: "settings", Title: "Settings", Icon: kit.Icon("settings"), Foot: true},
	}, func(id string) { chosen = append(chosen, id) })
	w := test.NewTempWindow(t, r)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(84, 600))
	test.TapCanvas(w.Canvas(), fyne.NewPos(40, 100))
	test.TapCanvas(w.Canvas(), fyne.NewPos(40, 580))
	test.TapCanvas(w.Canvas(), fyne.NewPos(40, 300))
	require.Equal(t, []string{"mail", "settings"}, chosen)
	require.Empty(t, r.Selected(), "the window decides what is shown")
	r.Select("web")
	w.Canvas().Focus(r.FocusTarget())
	for range 2 {
		w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	}
	w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	require.Equal(t, "settings", chosen[2])
	r.SetBadge("mail", "7")
	require.Equal(t, "7", r.Badge("mail"))
	require.Empty(t, r.Badge("web"))
	test.ApplyTheme(t, test.Theme())
	w.Canvas().Unfocus()
	test.AssertRendersToMarkup(t, "rail.xml", w.Canvas())
}
