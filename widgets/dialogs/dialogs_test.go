package dialogs_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"guichet/widgets/dialogs"
	"guichet/widgets/kit"
)

func setup(t *testing.T) (fyne.Window, *kit.Entry) {
	test.NewTempApp(t)
	field := kit.NewEntry("")
	w := test.NewTempWindow(t, container.NewStack(field))
	w.Resize(fyne.NewSize(800, 600))
	w.Canvas().Focus(field)
	return w, field
}

func key(w fyne.Window, name fyne.KeyName) {
	if f := w.Canvas().Focused(); f != nil {
		f.TypedKey(&fyne.KeyEvent{Name: name})
		return
	}
	w.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: name})
}

func TestKeysAnswer(t *testing.T) {
	yes := dialogs.Choice{Label: "Delete", Value: "delete", Primary: true}
	no := dialogs.Choice{Label: "Keep", Value: "keep"}
	danger := dialogs.Choice{Label: "Trust", Value: "trust", Danger: true}
	for _, c := range []struct {
		name    string
		choices []dialogs.Choice
		key     fyne.KeyName
		want    []string
	}{
		{"Escape", []dialogs.Choice{no, yes}, fyne.KeyEscape, []string{""}},
		{"Enter", []dialogs.Choice{no, yes}, fyne.KeyReturn, []string{"delete"}},
		{"Enter without a primary button", []dialogs.Choice{no, danger}, fyne.KeyReturn, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, field := setup(t)
			var before []fyne.KeyName
			w.Canvas().SetOnTypedKey(func(ev *fyne.KeyEvent) { before = append(before, ev.Name) })
			var got []string
			d := dialogs.Show(w.Canvas(), dialogs.Params{Title: "Sure?", Choices: c.choices, Answer: func(v string, _ bool) { got = append(got, v) }})
			key(w, c.key)
			require.Equal(t, c.want, got)
			require.Empty(t, before, "the window gets no keys")
			d.Close("again")
			d.Close("and again")
			require.Len(t, got, max(len(c.want), 1), "one answer only")
			require.Nil(t, w.Canvas().Overlays().Top())
			require.Equal(t, fyne.Focusable(field), w.Canvas().Focused())
			w.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyF6})
			require.Len(t, before, 1, "the window's keys are back")
		})
	}
}

func TestEnterInAField(t *testing.T) {
	w, _ := setup(t)
	var got []string
	plain, own, text := widget.NewEntry(), kit.NewEntry(""), widget.NewMultiLineEntry()
	ask := func(focus fyne.Focusable) *dialogs.Dialog {
		return dialogs.Show(w.Canvas(), dialogs.Params{
			Title: "Name?", Content: kit.Column(4, plain, kit.Inset(1, 1, 1, 1, own), text), Focus: focus,
			Choices: []dialogs.Choice{{Label: "OK", Value: "ok", Primary: true}}, Answer: func(v string, _ bool) { got = append(got, v) },
		})
	}
	ask(plain)
	key(w, fyne.KeyReturn)
	d := ask(own)
	d.SetEnabled("ok", false)
	key(w, fyne.KeyReturn)
	require.Equal(t, []string{"ok"}, got, "a disabled button is not chosen")
	key(w, fyne.KeyEscape)
	ask(text)
	key(w, fyne.KeyReturn)
	require.Equal(t, []string{"ok", ""}, got, "a field of many lines keeps its Enter")
}

func TestDialogsStack(t *testing.T) {
	w, _ := setup(t)
	var got []string
	answer := func(v string, _ bool) { got = append(got, v) }
	choice := []dialogs.Choice{{Label: "OK", Value: "ok", Primary: true}}
	dialogs.Show(w.Canvas(), dialogs.Params{Title: "first", Choices: choice, Answer: func(v string, a bool) { answer("first "+v, a) }})
	dialogs.Show(w.Canvas(), dialogs.Params{Title: "second", Choices: choice, Answer: func(v string, a bool) { answer("second "+v, a) }})
	key(w, fyne.KeyReturn)
	key(w, fyne.KeyEscape)
	require.Equal(t, []string{"second ok", "first "}, got)
}

func TestALongTextStaysInTheWindow(t *testing.T) {
	w, _ := setup(t)
	d := dialogs.Show(w.Canvas(), dialogs.Params{
		Title: "Long", Text: strings.Repeat("many words ", 2000), Details: "x", DetailsLabel: "Details", All: "for all",
		Choices: []dialogs.Choice{{Label: "OK", Primary: true}},
	})
	card := test.WidgetRenderer(d).Objects()[1]
	require.LessOrEqual(t, card.Size().Height, float32(600))
	require.GreaterOrEqual(t, card.Position().Y, float32(0))
	w.Resize(fyne.NewSize(300, 200))
	require.NotPanics(t, d.Refresh)
}
