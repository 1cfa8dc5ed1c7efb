package pageview_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"net/url"
	"sync"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/pageview"
	"guichet/services/html"
	"guichet/services/html/text"
	"guichet/services/task"
	"guichet/widgets/document"
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
	base, err := url.Parse("https://example.org/dir/page")
	require.NoError(t, err)
	doc, err := html.Parse(t.Context(), []byte(src), html.Options{URL: base, ContentType: "text/html; charset=utf-8"})
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

// center is the middle of the control with that name, in the widget's units.
func center(t *testing.T, v *pageview.View, name string) fyne.Position {
	t.Helper()
	for _, c := range v.Laid().Controls() {
		if c.Name == name {
			return fyne.NewPos(c.Rect.X+c.Rect.W/2, c.Rect.Y+c.Rect.H/2)
		}
	}
	t.Fatalf("no control %q", name)
	return fyne.Position{}
}

func press(v *pageview.View, at fyne.Position) {
	e := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at, AbsolutePosition: at}, Button: desktop.MouseButtonPrimary}
	v.Widget().MouseDown(e)
	v.Widget().MouseUp(e)
}

func TestLoad_SheetsBeforeTheFirstPicture(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]html.ResourceKind{}
	var pixels bytes.Buffer
	require.NoError(t, png.Encode(&pixels, image.NewRGBA(image.Rect(0, 0, 40, 3000))))
	v, posts := newView(t, func(_ context.Context, r html.Request) (*html.Resource, error) {
		mu.Lock()
		asked[r.URL] = r.Kind
		mu.Unlock()
		switch r.Kind {
		case html.Stylesheet:
			return &html.Resource{URL: r.URL, MediaType: "text/css", Data: []byte("p { height: 1000px }")}, nil
		case html.Image:
			if r.URL == "https://example.org/dir/bad.png" {
				return nil, errors.New("gone")
			}
			return &html.Resource{URL: r.URL, MediaType: "image/png", Data: pixels.Bytes()}, nil
		}
		return nil, nil
	})
	var heights []float32
	loaded := false
	v.OnShown = func(bool, error) { heights = append(heights, v.Laid().Height) }
	v.OnLoaded = func() { loaded = true }
	v.Show(parse(t, `<link rel=stylesheet href=s.css><p>Hello<p><img src=a.png><img src=bad.png>`), pageview.Place{})
	until(t, posts, func() bool {
		return loaded && len(heights) > 0 && heights[len(heights)-1] > 3000
	})
	require.GreaterOrEqual(t, heights[0], float32(2000), "the first layout had the style sheet")
	require.Equal(t, map[string]html.ResourceKind{
		"https://example.org/dir/s.css": html.Stylesheet, "https://example.org/dir/a.png": html.Image, "https://example.org/dir/bad.png": html.Image,
	}, asked)
}

func TestShow_ReplacesADocumentThatIsLoading(t *testing.T) {
	release := make(chan struct{})
	v, posts := newView(t, func(ctx context.Context, _ html.Request) (*html.Resource, error) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-release:
			return nil, nil
		}
	})
	defer close(release)
	v.Show(parse(t, `<link rel=stylesheet href=never.css><title>one</title>`), pageview.Place{})
	shown := false
	v.OnShown = func(first bool, _ error) { shown = first }
	v.Show(parse(t, `<p style="height:5000px">two<p id=here>there<p style="height:5000px">`), pageview.Place{Fragment: "here"})
	until(t, posts, func() bool { return shown })
	_, y := v.Widget().Offset()
	require.Greater(t, y, float32(4900), "the fragment is scrolled to")
}

func TestForm_FillsInAndSubmits(t *testing.T) {
	v, posts := newView(t, nil)
	shown := 0
	v.OnShown = func(bool, error) { shown++ }
	var sent *html.Submission
	v.OnSubmit = func(s html.Submission) { sent = &s }
	var invalid error
	v.OnInvalid = func(err error) { invalid = err }
	v.Show(parse(t, `<form action="/go" method=get><input name=who required style="width:100px"><br>
		<input type=checkbox name=yes value=1><br><button name=b value=send>Send</button></form>`), pageview.Place{})
	until(t, posts, func() bool { return shown == 1 })
	v.Widget().Refresh()

	press(v, center(t, v, "b"))
	until(t, posts, func() bool { return invalid != nil })
	var cause *html.Invalid
	require.ErrorAs(t, invalid, &cause)
	require.Equal(t, html.InvalidMissing, cause.Reason)

	id := v.Laid().Controls()[0].ID
	v.Widget().OnChange(id, document.Value{Text: "Ada"})
	before := shown
	until(t, posts, func() bool { return shown > before && v.Laid().Controls()[0].Value == "Ada" })
	before = shown
	press(v, center(t, v, "yes"))
	until(t, posts, func() bool { return shown > before && v.Laid().Controls()[1].Checked })
	press(v, center(t, v, "b"))
	until(t, posts, func() bool { return sent != nil })
	require.Equal(t, "https://example.org/go?who=Ada&yes=1&b=send", sent.URL)
}

func TestPage_SelectsFindsAndTurnsDark(t *testing.T) {
	v, posts := newView(t, nil)
	shown := 0
	v.OnShown = func(bool, error) { shown++ }
	v.Show(parse(t, `<p>first words <a href="/x">a link</a><p>second words`), pageview.Place{})
	until(t, posts, func() bool { return shown == 1 })
	d := v.Widget()
	d.SelectAll()
	require.Contains(t, d.SelectedText(), "second words")
	found := 0
	d.OnFind = func(_, total int) { found = total }
	d.Find("WORDS")
	require.Equal(t, 2, found)
	require.Len(t, d.Page().Focusables(), 1)
	require.Equal(t, "https://example.org/x", d.Page().Focusables()[0].Link.URL)

	light := d.Page().Background()
	v.SetDark(true)
	until(t, posts, func() bool { return shown == 2 })
	require.Less(t, d.Page().Background().G, light.G/2)
	v.SetAsSent(true)
	until(t, posts, func() bool { return shown == 3 })
	require.Equal(t, light, d.Page().Background())
}
