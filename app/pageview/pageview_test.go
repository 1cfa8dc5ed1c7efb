package pageview_test

import (
	"context"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/pageview"
	"guichet/services/html"
	"guichet/services/html/text"
	"guichet/services/task"
)

func TestFonts(t *testing.T) {
	test.NewTempApp(t)
	require.NoError(t, pageview.Fonts(t.TempDir()))
	f := text.Shared()
	sans := f.Primary(text.Query{Families: []string{"sans-serif"}})
	bold := f.Primary(text.Query{Families: []string{"sans-serif"}, Weight: 700})
	mono := f.Primary(text.Query{Families: []string{"monospace"}})
	require.NotSame(t, sans, bold)
	require.False(t, bold.Embolden(), "the bold font was registered as bold")
	require.NotSame(t, sans, mono)
}

func newView(t *testing.T, load func(context.Context, html.Request) (*html.Resource, error)) (*pageview.View, chan func()) {
	t.Helper()
	test.NewTempApp(t)
	group := task.NewGroup(context.Background())
	// The test's goroutine is the UI goroutine: it takes what is posted from here.
	posts := make(chan func(), 1000)
	v := pageview.New(pageview.Params{Group: group, Post: func(f func()) { posts <- f }, Load: load})
	t.Cleanup(func() { group.Cancel() })
	w := test.NewTempWindow(t, v.Widget())
	w.Resize(fyne.NewSize(400, 300))
	return v, posts
}

// until runs what is posted until a condition holds.
func until(t *testing.T, posts chan func(), done func() bool) {
	t.Helper()
	for !done() {
		select {
		case f := <-posts:
			f()
		case <-t.Context().Done():
			t.Fatal("the view never came to it")
		}
	}
}

func parse(t *testing.T, src string) *html.Document {
	t.Helper()
	doc, err := html.Parse(t.Context(), []byte(src), html.Options{ContentType: "text/html; charset=utf-8"})
	require.NoError(t, err)
	return doc
}

func TestShow_LaysOutAndTells(t *testing.T) {
	v, posts := newView(t, nil)
	shown, loaded := 0, false
	v.OnShown = func(first bool, _ error) {
		require.Equal(t, shown == 0, first)
		shown++
	}
	v.OnLoaded = func() { loaded = true }
	v.Show(parse(t, "<p>Hello"), pageview.Place{})
	until(t, posts, func() bool { return shown > 0 && loaded })
	require.NotNil(t, v.Laid())
	require.NotNil(t, v.Widget().Page())

	v.SetDark(true)
	until(t, posts, func() bool { return shown > 1 })
	v.Clear()
	require.Nil(t, v.Laid())
	require.Nil(t, v.Widget().Page())
}
