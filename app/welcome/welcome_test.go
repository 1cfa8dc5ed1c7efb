package welcome_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/welcome"
	"guichet/app/words"
)

func TestWaysToBegin(t *testing.T) {
	for _, language := range words.Languages {
		test.NewTempApp(t)
		words.SetLanguage(language)
		var took []string
		way := func(s string) func() { return func() { took = append(took, s) } }
		w := test.NewTempWindow(t, welcome.New(welcome.Params{AddMail: way("mail"), Connect: way("server"), Demo: way("demo"), Skip: way("skip")}))
		w.Resize(fyne.NewSize(1000, 700))
		for range 4 {
			w.Canvas().FocusNext()
			w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		}
		require.Equal(t, []string{"mail", "server", "demo", "skip"}, took, "the keyboard reaches all of them")
	}
	words.SetLanguage("en")
}

func TestOnlyWhatIsThere(t *testing.T) {
	test.NewTempApp(t)
	w := test.NewTempWindow(t, welcome.New(welcome.Params{AddMail: func() {}}))
	w.Resize(fyne.NewSize(300, 300))
	w.Canvas().FocusNext()
	first := w.Canvas().Focused()
	w.Canvas().FocusNext()
	require.Equal(t, first, w.Canvas().Focused())
}
