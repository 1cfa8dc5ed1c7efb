package kit_test

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/widgets/kit"
)

// count gives the entries of a menu with those of the menus inside, and fails
// where one of them is higher than the window.
func count(t *testing.T, items []*fyne.MenuItem) (n int) {
	for i, item := range items {
		switch {
		case item.ChildMenu != nil:
			n += count(t, item.ChildMenu.Items)
		case !item.IsSeparator:
			n++
		default:
			require.NotZero(t, i, "a line begins no menu")
		}
	}
	return n
}

func TestMenu_LongOnesFit(t *testing.T) {
	test.NewTempApp(t)
	w := test.NewTempWindow(t, kit.NewText("", kit.TextStyle{}))
	w.Resize(fyne.NewSize(600, 400))
	var items []*fyne.MenuItem
	for i := range 60 {
		if i%5 == 0 && i > 0 {
			items = append(items, fyne.NewMenuItemSeparator())
		}
		items = append(items, fyne.NewMenuItem(fmt.Sprint("entry ", i), func() {}))
	}
	top := fyne.NewMenuItem("top", nil)
	top.ChildMenu = fyne.NewMenu("", items...)
	m := kit.NewMenu(w.Canvas(), "More", []*fyne.MenuItem{fyne.NewMenuItem("first", func() {}), top})
	require.LessOrEqual(t, m.MinSize().Height, float32(400))
	require.Equal(t, 60, count(t, top.ChildMenu.Items), "nothing is lost")
	last := top.ChildMenu.Items[len(top.ChildMenu.Items)-1]
	require.Equal(t, "More", last.Label)
	require.NotNil(t, last.ChildMenu)

	m.ShowAtPosition(fyne.NewPos(0, 390))
	m.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	m.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	m.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	child := kit.ChildMenus(m)[0]
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(child)
	require.GreaterOrEqual(t, at.Y, float32(0))
	require.LessOrEqual(t, at.Y+child.Size().Height, float32(400+8))
	require.GreaterOrEqual(t, child.Size().Height, child.MinSize().Height, "nothing of it is cut")

	short := kit.NewMenu(w.Canvas(), "More", items[:4])
	require.Len(t, short.Items, 4)
}
