package addressbox_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/widgets/addressbox"
	"guichet/widgets/kit"
)

type fixture struct {
	*addressbox.Box
	window    fyne.Window
	layer     *fyne.Container
	submitted []string
	changed   []string
	left      int
}

func show(t *testing.T) *fixture {
	test.NewTempApp(t)
	f := &fixture{layer: container.NewWithoutLayout()}
	f.Box = addressbox.New(addressbox.Params{
		Layer: f.layer, OnChanged: func(s string) { f.changed = append(f.changed, s) },
		OnSubmit: func(s string) { f.submitted = append(f.submitted, s) }, OnLeave: func() { f.left++ },
	})
	f.window = test.NewTempWindow(t, container.NewStack(container.NewVBox(f.Box), f.layer))
	f.window.Resize(fyne.NewSize(600, 400))
	return f
}

func (f *fixture) key(name fyne.KeyName) { f.FocusTarget().TypedKey(&fyne.KeyEvent{Name: name}) }

func TestAddressComesBackAfterEscape(t *testing.T) {
	f := show(t)
	f.SetAddress("https://example.org/", true, "")
	f.Focus()
	require.True(t, f.Editing())
	test.Type(f.FocusTarget(), "words")
	require.Equal(t, "words", f.Text(), "the address was selected and is replaced")
	f.SetAddress("https://example.org/next", true, "")
	require.Equal(t, "words", f.Text(), "what is typed is not taken away by a page that goes on")
	f.key(fyne.KeyEscape)
	require.Equal(t, 1, f.left)
	require.Equal(t, "https://example.org/next", f.Text())
	f.Leave()
	require.False(t, f.Editing())
	require.Equal(t, []string{"w", "wo", "wor", "word", "words"}, f.changed, "only what a person types")
}

func TestSuggestions(t *testing.T) {
	f := show(t)
	list := []addressbox.Suggestion{{Icon: kit.Icon("web"), Title: "One", Value: "1"}, {Icon: kit.Icon("web"), Title: "Two", Value: "2", Text: "careful", Warn: true}}
	f.SetSuggestions(list)
	require.Empty(t, f.layer.Objects, "nobody types")
	f.Focus()
	test.Type(f.FocusTarget(), "o")
	f.SetSuggestions(list)
	require.Len(t, f.layer.Objects, 1)
	f.key(fyne.KeyReturn)
	require.Equal(t, []string{"o"}, f.submitted, "Enter opens what is typed")
	require.Empty(t, f.layer.Objects)

	for _, c := range []struct {
		keys []fyne.KeyName
		want string
	}{
		{[]fyne.KeyName{fyne.KeyDown}, "1"},
		{[]fyne.KeyName{fyne.KeyDown, fyne.KeyDown}, "2"},
		{[]fyne.KeyName{fyne.KeyUp}, "2"},
		{[]fyne.KeyName{fyne.KeyDown, fyne.KeyDown, fyne.KeyDown}, "o"},
	} {
		f.SetSuggestions(list)
		for _, k := range c.keys {
			f.key(k)
		}
		f.key(fyne.KeyReturn)
		require.Equal(t, c.want, f.submitted[len(f.submitted)-1])
	}
	f.SetSuggestions(list)
	f.key(fyne.KeyEscape)
	require.Empty(t, f.layer.Objects, "the first Escape closes the list only")
	require.Zero(t, f.left)

	// A press, as a mouse gives it: the press itself takes the focus away.
	f.SetSuggestions(list)
	row := findMouseable(f.layer.Objects[0], 1)
	row.MouseDown(&desktop.MouseEvent{})
	require.Equal(t, "2", f.submitted[len(f.submitted)-1])
	require.NotPanics(t, func() { row.MouseUp(&desktop.MouseEvent{}) })
}

func findMouseable(o fyne.CanvasObject, n int) desktop.Mouseable {
	var found []desktop.Mouseable
	var walk func(o fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if m, ok := o.(desktop.Mouseable); ok {
			found = append(found, m)
		}
		switch o := o.(type) {
		case *fyne.Container:
			for _, c := range o.Objects {
				walk(c)
			}
		case fyne.Widget:
			for _, c := range test.WidgetRenderer(o).Objects() {
				walk(c)
			}
		}
	}
	walk(o)
	return found[n]
}

// A long title in a narrow box ends inside the list.
func TestSuggestions_LongTitlesStayInside(t *testing.T) {
	f := show(t)
	f.window.Resize(fyne.NewSize(300, 400))
	f.Focus()
	test.Type(f.FocusTarget(), "o")
	f.SetSuggestions([]addressbox.Suggestion{{Icon: kit.Icon("web"), Title: strings.Repeat("A long title ", 20), Text: "what it means", Value: "1"}})
	list := f.layer.Objects[0]
	right := list.Position().X + list.Size().Width
	driver, found := fyne.CurrentApp().Driver(), 0
	var walk func(o fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *kit.Text:
			found++
			require.LessOrEqual(t, driver.AbsolutePositionForObject(o).X+o.Size().Width, right)
		case *fyne.Container:
			for _, c := range o.Objects {
				walk(c)
			}
		case fyne.Widget:
			for _, c := range test.WidgetRenderer(o).Objects() {
				walk(c)
			}
		}
	}
	walk(list)
	require.Equal(t, 2, found)
}
