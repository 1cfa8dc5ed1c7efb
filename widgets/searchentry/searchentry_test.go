package searchentry_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/widgets/searchentry"
)

func TestField(t *testing.T) {
	test.NewTempApp(t)
	var changes []string
	down := 0
	f := searchentry.New(searchentry.Params{Placeholder: "Search", OnChanged: func(s string) { changes = append(changes, s) }, OnDown: func() { down++ }})
	w := test.NewTempWindow(t, f)
	w.Resize(fyne.NewSize(200, 40))
	var window []fyne.KeyName
	w.Canvas().SetOnTypedKey(func(ev *fyne.KeyEvent) { window = append(window, ev.Name) })
	test.Type(f.FocusTarget(), "ab")
	f.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	require.Equal(t, 1, down)
	f.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.Equal(t, []string{"a", "ab", ""}, changes, "Escape empties it")
	require.Empty(t, window)
	f.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.Equal(t, []fyne.KeyName{fyne.KeyEscape}, window, "an empty one gives Escape on")
}
