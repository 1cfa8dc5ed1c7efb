package breadcrumbs_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/widgets/breadcrumbs"
)

func tappables(b *breadcrumbs.Trail) (all []fyne.Tappable) {
	for _, o := range test.WidgetRenderer(b).Objects() {
		if tap, ok := o.(fyne.Tappable); ok {
			all = append(all, tap)
		}
	}
	return all
}

func TestTrail(t *testing.T) {
	test.NewTempApp(t)
	var chosen []int
	b := breadcrumbs.New(func(i int) { chosen = append(chosen, i) })
	w := test.NewTempWindow(t, b)
	w.Resize(fyne.NewSize(800, 40))
	b.SetPath([]string{"Home", "Pictures", "Summer concert"})
	require.Len(t, tappables(b), 3)
	test.Tap(tappables(b)[1])
	require.Equal(t, []int{1}, chosen)

	// Where the room is short the last step stays, and the first ones fold.
	w.Resize(fyne.NewSize(190, 40))
	require.Less(t, len(tappables(b)), 4)
	test.Tap(tappables(b)[0])
	require.Less(t, chosen[1], 2, "the fold leads to the nearest hidden step")
	b.SetPath(nil)
	require.Empty(t, tappables(b))
	b.Choose(7)
	require.Len(t, chosen, 2)
}
