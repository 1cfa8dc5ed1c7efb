package webpanel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/address"
	"guichet/services/check"
	"guichet/services/fault"
	"guichet/services/html"
	"guichet/services/publish"
	"guichet/services/task"
	"guichet/services/web"
	"guichet/widgets/document"
	"guichet/widgets/rowlist"
)

// host is the window as the panel sees it: it writes down what it is told.
type host struct {
	window   fyne.Window
	queue    chan func()
	opened   []address.Target
	typed    []string
	toasts   []panel.Toast
	asked    []panel.Question
	troubles []error
	focused  int // calls of FocusAddress
}

func (h *host) Post(f func())         { h.queue <- f }
func (h *host) Window() fyne.Window   { return h.window }
func (h *host) Open(t address.Target) { h.opened = append(h.opened, t) }
func (h *host) OpenText(text string)  { h.typed = append(h.typed, text) }
func (h *host) Show(t panel.Toast)    { h.toasts = append(h.toasts, t) }
func (h *host) Ask(q panel.Question)  { h.asked = append(h.asked, q) }
func (h *host) Changed(panel.Panel)   {}
func (h *host) FocusAddress()         { h.focused++ }
func (h *host) Trouble(_ string, err error, _ func()) {
	h.troubles = append(h.troubles, err)
}

func (h *host) lastToast() panel.Toast { return h.toasts[len(h.toasts)-1] }

// jobs is an Activity that only counts.
type jobs struct{ specs chan activity.Spec }

func (j *jobs) Register(string, activity.Runner) {}
func (j *jobs) Add(_ context.Context, s activity.Spec) (int64, error) {
	j.specs <- s
	return 1, nil
}

// bench is a panel on a site of its own.
type bench struct {
	*Panel
	t    *testing.T
	host *host
	site *httptest.Server
	mux  *http.ServeMux
	jobs *jobs
	time atomic.Int64 // in nanoseconds
	out  []string     // what was opened in the person's own browser
}

func newBench(t *testing.T) *bench {
	test.NewTempApp(t)
	words.SetLanguage("en")
	fyne.CurrentApp().Settings().SetTheme(look.New(look.Light, 100))
	b := &bench{t: t, mux: http.NewServeMux(), jobs: &jobs{make(chan activity.Spec, 10)}}
	b.set(time.Date(2026, 7, 8, 15, 30, 0, 0, time.UTC))
	b.host = &host{window: test.NewTempWindow(t, nil), queue: make(chan func(), 10_000)}
	b.host.window.SetPadded(false)
	publish.Through(b.host.Post)
	t.Cleanup(func() { publish.Through(func(f func()) { f() }) })
	b.site = httptest.NewServer(b.mux)
	t.Cleanup(b.site.Close)
	g := task.NewGroup(context.Background())
	s, err := web.New(web.Params{
		Dir: t.TempDir(), Transport: http.DefaultTransport, Tasks: g, Activity: b.jobs,
		Downloads: func() string { return "down" }, Now: b.now,
	})
	require.NoError(t, err)
	b.Panel = New(Params{
		Host: b.host, Web: s, Tasks: g.Child(), Name: func() string { return "Anna" }, Now: b.now,
		OpenOutside: func(u *url.URL) error { b.out = append(b.out, u.String()); return nil },
	})
	t.Cleanup(func() {
		require.NoError(t, b.Close(t.Context()))
		require.NoError(t, s.Close())
	})
	b.show()
	return b
}

func (b *bench) set(t time.Time) { b.time.Store(t.UnixNano()) }
func (b *bench) now() time.Time  { return time.Unix(0, b.time.Load()).UTC() }

func (b *bench) show() {
	b.host.window.SetContent(b.Content())
	b.host.window.Resize(fyne.NewSize(1196, 734))
	b.Shown()
	b.settle()
}

// settle runs what waits for the UI goroutine.
func (b *bench) settle() {
	for {
		select {
		case f := <-b.host.queue:
			f()
		default:
			return
		}
	}
}

// until runs what is posted until a condition holds.
func (b *bench) until(what string, ok func() bool) {
	b.t.Helper()
	limit := time.After(10 * time.Second)
	for b.settle(); !ok(); {
		select {
		case f := <-b.host.queue:
			f()
		case <-limit:
			require.Fail(b.t, "never: "+what)
		}
	}
}

func (b *bench) page(path, body string) {
	b.mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, body)
	})
}

// visit opens a path of the site in the current tab.
func (b *bench) visit(path string) {
	b.t.Helper()
	g := b.current.state.Generation
	b.openHere(b.site.URL+path, web.OpenOptions{})
	b.until("page "+path, func() bool { return b.current.state.Generation > g && !b.current.state.Loading })
}

func (b *bench) run(id string) {
	b.t.Helper()
	for _, c := range b.Commands() {
		if c.ID == id {
			require.True(b.t, c.Enabled == nil || c.Enabled(), "%s is not enabled", id)
			c.Run()
			b.settle()
			return
		}
	}
	require.Fail(b.t, "no command "+id)
}

func (b *bench) enabled(id string) bool {
	for _, c := range b.Commands() {
		if c.ID == id {
			return c.Enabled == nil || c.Enabled()
		}
	}
	return false
}

func (b *bench) titles() (out []string) {
	for _, i := range b.strip.items {
		out = append(out, i.title)
	}
	return out
}

func TestStartPageFaces(t *testing.T) {
	b := newBench(t)
	test.AssertRendersToMarkup(t, "start_empty.xml", b.host.window.Canvas())
	for i, v := range []struct{ path, title string }{{"/hours", "Opening hours — Town Library"}, {"/timetable", "Timetable, line 12"}} {
		b.page(v.path, "<title>"+v.title+"</title>")
		b.set(time.Date(2026, 7, 7+i, 15, 30, 0, 0, time.UTC))
		b.visit(v.path)
		b.until("stored", func() bool { return len(get(b.p.Web.Lately).Visits) == i+1 })
		b.p.Web.PutBookmark(web.Bookmark{URL: "https://example.org" + v.path, Title: []string{"Library", "Weather"}[i]})
	}
	b.run("web.start")
	test.AssertRendersToMarkup(t, "start_bookmarks.xml", b.host.window.Canvas())
	words.SetLanguage("fr")
	b.show()
	test.AssertRendersToMarkup(t, "start_fr.xml", b.host.window.Canvas())
}

func TestGreeting(t *testing.T) {
	b := newBench(t)
	for hour, want := range map[int]string{3: "Good evening, Anna", 5: "Good morning, Anna", 12: "Good afternoon, Anna", 17: "Good afternoon, Anna", 18: "Good evening, Anna"} {
		b.set(time.Date(2026, 7, 8, hour, 0, 0, 0, time.UTC))
		require.Equal(t, want, b.start.greeting())
	}
}

func TestTabs(t *testing.T) {
	b := newBench(t)
	b.page("/1", "<!doctype html><title>One</title>")
	b.page("/2", "<!doctype html><title>Two</title>")
	require.Equal(t, []string{"Start"}, b.titles())
	require.False(t, b.enabled("web.reload"))
	b.visit("/1")
	require.NotNil(t, b.current.view)
	require.Same(t, b.body.Objects[0], fyne.CanvasObject(b.current.view.Widget()))
	require.Equal(t, b.site.URL+"/1", b.Bar().Address)
	require.True(t, b.enabled("web.back"))

	b.run("web.new_tab")
	require.Equal(t, 1, b.host.focused, "a new tab goes to the address box")
	require.Len(t, b.tabs, 2)
	require.Same(t, b.body.Objects[0], b.start.object())
	b.visit("/2")
	b.run("web.next_tab")
	require.Equal(t, b.site.URL+"/1", b.current.state.URL)
	b.run("web.previous_tab")
	require.Equal(t, b.site.URL+"/2", b.current.state.URL)
	b.run("web.close_tab")
	require.Equal(t, b.site.URL+"/1", b.current.state.URL)
	b.run("web.reopen_tab")
	b.until("reopened", func() bool { return b.current.state.Page != nil })
	require.Equal(t, b.site.URL+"/2", b.current.state.URL)
	require.False(t, b.enabled("web.reopen_tab"))
	b.run("web.close_tab")
	b.run("web.close_tab")
	require.Len(t, b.tabs, 1, "the last one gives way to a start page")
	require.True(t, b.current.state.Start)
	require.Equal(t, []string{"Start"}, b.titles())

	b.visit("/1")
	b.run("web.back")
	require.True(t, b.current.state.Start)
	b.run("web.next")
	b.until("forward", func() bool { return b.current.state.Page != nil })
	b.run("web.start")
	require.True(t, b.current.state.Start)
}

func TestStripByMouse(t *testing.T) {
	b := newBench(t)
	for range 30 {
		b.run("web.new_tab")
	}
	for _, tab := range b.strip.tabs {
		require.GreaterOrEqual(t, tab.Size().Width, float32(1))
		require.LessOrEqual(t, tab.Position().X+tab.Size().Width, b.strip.Size().Width, "all tabs are in reach")
	}
	test.Tap(b.strip.tabs[3])
	require.Same(t, b.tabs[3], b.current)
	b.strip.tabs[3].close.Tapped(nil)
	require.Len(t, b.tabs, 30)
	test.Tap(b.strip.plus)
	require.Len(t, b.tabs, 31)
}

func TestLinks(t *testing.T) {
	b := newBench(t)
	b.page("/1", "<!doctype html><title>One</title>")
	b.page("/2", "<!doctype html><title>Two</title>")
	b.visit("/1")
	b.current.follow(document.Link{URL: b.site.URL + "/2"}, document.NewTab)
	require.Len(t, b.tabs, 2)
	require.Same(t, b.tabs[0], b.current, "behind")
	b.until("loaded behind", func() bool { return b.tabs[1].state.Page != nil })
	b.current.follow(document.Link{URL: b.site.URL + "/2", Target: "_blank"}, document.Here)
	require.Len(t, b.tabs, 3)
	require.Same(t, b.tabs[1], b.current, "in front, beside the page it came from")
	b.until("loaded in front", func() bool { return b.current.state.Page != nil })
	b.current.follow(document.Link{URL: "mailto:anna@example.org"}, document.Here)
	b.current.follow(document.Link{URL: "ftp://files.example.org/"}, document.Here)
	require.Equal(t, []string{"mailto:anna@example.org", "ftp://files.example.org/"}, b.host.typed)
	b.current.follow(document.Link{URL: "javascript:alert(1)"}, document.Here)
	b.host.lastToast().Do()
	require.Equal(t, []string{b.site.URL + "/2"}, b.out)
	b.current.follow(document.Link{URL: b.site.URL + "/1", Download: "saved.html"}, document.Here)
	spec := <-b.jobs.specs
	require.Equal(t, "saved.html", spec.Title)
	b.until("told", func() bool { return b.host.lastToast().Text == words.T("web.download.begun") })
	b.host.lastToast().Do()
	require.Equal(t, "activity", b.host.opened[0].Text)
}

func TestStatusAndStop(t *testing.T) {
	b := newBench(t)
	b.page("/1", "<!doctype html><title>One</title>")
	begun := make(chan struct{}, 1)
	b.mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
	})
	status := func() panel.Status { return get(b.Status()) }
	b.visit("/1")
	require.Equal(t, words.T("web.status.local"), status().Text)
	b.current.view.Widget().OnHover("https://example.org/x")
	require.Equal(t, "https://example.org/x", status().Text)
	b.current.view.Widget().OnHover("")
	b.openHere(b.site.URL+"/slow", web.OpenOptions{})
	<-begun
	b.until("loading", func() bool { return b.current.state.Loading })
	require.Equal(t, "Loading 127.0.0.1…", status().Text)
	require.Contains(t, b.Bar().Left, "web.stop")
	b.run("web.stop")
	b.until("stopped", func() bool { return !b.current.state.Loading })
	require.Contains(t, b.Bar().Left, "web.reload")
	require.Equal(t, b.site.URL+"/1", b.Bar().Address)
}

func TestTrouble(t *testing.T) {
	b := newBench(t)
	diagnosed := make(chan address.Target, 1)
	b.p.Diagnose = func(_ context.Context, target address.Target) check.Report {
		diagnosed <- target
		return check.Report{Kind: fault.Refused, Steps: []check.Step{{ID: check.Computer, State: check.OK}}}
	}
	b.page("/back", "<!doctype html><title>Back again</title>")
	gone := httptest.NewServer(nil)
	gone.Close()
	g := b.current.state.Generation
	b.openHere(gone.URL, web.OpenOptions{})
	b.until("fault", func() bool { return b.current.state.Generation > g })
	require.NotNil(t, b.current.trouble)
	require.Same(t, b.body.Objects[0], b.current.trouble.object())
	require.Equal(t, fault.Refused, b.current.state.Fault.Kind)
	require.Equal(t, address.Web, (<-diagnosed).Kind)
	require.Equal(t, panel.Bad, get(b.Status()).Level)
	b.visit("/back")
	require.Nil(t, b.current.trouble)
}

func TestLoginQuestion(t *testing.T) {
	b := newBench(t)
	b.mux.HandleFunc("/closed", func(w http.ResponseWriter, r *http.Request) {
		if _, p, _ := r.BasicAuth(); p == "key" {
			fmt.Fprint(w, "<!doctype html><title>Inside</title>")
			return
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="Club"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	b.visit("/closed")
	require.Len(t, b.host.asked, 1)
	q := b.host.asked[0]
	require.Contains(t, q.Text, "Club")
	entries := collect(q.Content)
	require.Len(t, entries, 2)
	test.Type(entries[0], "anna")
	test.Type(entries[1], "key")
	g := b.current.state.Generation
	q.Answer("yes", false)
	b.until("inside", func() bool { return b.current.state.Generation > g })
	require.Nil(t, b.current.state.Fault)
}

// collect finds the fields in a view.
func collect(o fyne.CanvasObject) (out []fyne.Focusable) {
	if c, ok := o.(*fyne.Container); ok {
		for _, child := range c.Objects {
			out = append(out, collect(child)...)
		}
	}
	if f, ok := o.(fyne.Focusable); ok {
		out = append(out, f)
	}
	return out
}

func TestRepostAndConsent(t *testing.T) {
	b := newBench(t)
	posts := 0
	b.page("/form", "<!doctype html><title>Form</title>")
	b.mux.HandleFunc("/answer", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts++
		}
		fmt.Fprint(w, "<!doctype html><title>Answer</title>")
	})
	b.visit("/form")
	s := html.Submission{Method: "POST", URL: b.site.URL + "/answer", Consent: true}
	b.current.submit(s)
	require.Zero(t, posts)
	g := b.current.state.Generation
	b.host.asked[0].Answer("", false)
	b.settle()
	require.False(t, b.current.state.Loading, "no is no")
	b.host.asked[0].Answer("yes", false)
	b.until("answer", func() bool { return b.current.state.Generation > g })
	require.Equal(t, 1, posts)
	require.True(t, b.current.state.Page.Post)
	b.run("web.reload")
	require.Len(t, b.host.asked, 2, "asked before it is sent again")
	require.Equal(t, 1, posts)
	g = b.current.state.Generation
	b.host.asked[1].Answer("yes", false)
	b.until("again", func() bool { return b.current.state.Generation > g })
	require.Equal(t, 2, posts)
	b.current.invalid(fault.New(fault.Protocol, "submit", "", &html.Invalid{Name: "Your name", Reason: html.InvalidMissing}))
	require.Equal(t, "Your name must be filled in.", b.host.lastToast().Text)
}

func TestBookmarkStar(t *testing.T) {
	b := newBench(t)
	b.page("/1", "<!doctype html><title>One</title>")
	b.visit("/1")
	b.run("web.bookmark")
	b.until("star", func() bool { return b.current.state.Bookmarked })
	require.Len(t, get(b.p.Web.Bookmarks).Items, 1)
	b.run("web.bookmark")
	b.until("no star", func() bool { return !b.current.state.Bookmarked })
	b.host.lastToast().Do()
	b.until("undone", func() bool { return b.current.state.Bookmarked })

	b.askBookmark()
	q := b.host.asked[0]
	entries := collect(q.Content)
	test.Type(entries[0], "example.org/news")
	q.Answer("yes", false)
	b.settle()
	require.True(t, b.p.Web.Bookmarked("https://example.org/news"))
}

func TestHistoryView(t *testing.T) {
	b := newBench(t)
	b.page("/1", "<!doctype html><title>One</title>")
	b.page("/2", "<!doctype html><title>Two</title>")
	b.set(b.now().Add(-24 * time.Hour))
	b.visit("/1")
	b.until("stored", func() bool { return len(get(b.p.Web.Lately).Visits) == 1 })
	b.set(b.now().Add(24 * time.Hour))
	b.visit("/2")
	b.until("stored", func() bool { return len(get(b.p.Web.Lately).Visits) == 2 })
	b.run("web.history")
	require.True(t, b.current.history)
	require.Empty(t, b.Bar().Address)
	b.until("listed", func() bool { return len(b.history.rows) == 4 })
	require.Equal(t, "Today", b.history.dayName(b.history.rows[0].day))
	require.Equal(t, "Yesterday", b.history.dayName(b.history.rows[2].day))
	line := newHistoryLine()
	b.history.fill(1, line, rowState)
	require.Equal(t, "127.0.0.1", line.host.Text())

	b.history.search.SetText("nothing like this")
	b.until("none", func() bool { return len(b.history.rows) == 0 })
	b.history.search.SetText("")
	b.until("all", func() bool { return len(b.history.rows) == 4 })
	b.history.list.Select(1)
	require.True(t, b.history.key(&fyne.KeyEvent{Name: fyne.KeyDelete}))
	b.until("deleted", func() bool { return len(b.history.rows) == 2 })
	b.history.open(1)
	b.until("opened", func() bool { return !b.current.history && b.current.state.URL == b.site.URL+"/1" })
	b.until("stored", func() bool {
		v := get(b.p.Web.Lately).Visits[0]
		return v.At.Equal(b.now()) && v.URL == b.site.URL+"/1"
	})

	b.run("web.history")
	b.run("web.clear_history")
	b.host.asked[len(b.host.asked)-1].Answer("yes", true)
	b.until("cleared", func() bool { return len(b.history.rows) == 0 })
	b.run("web.history")
	require.False(t, b.current.history, "the same key leaves it")
}

func TestAddresses(t *testing.T) {
	b := newBench(t)
	require.True(t, b.Accepts(address.Parse("example.org", address.Options{})))
	require.True(t, guessed(address.Parse("example.org", address.Options{})))
	require.False(t, guessed(address.Parse("https://example.org/", address.Options{})))
	require.False(t, guessed(address.Parse("http://example.org/", address.Options{})))
	found := address.Target{Kind: address.Words, Text: "two words"}
	require.True(t, b.Accepts(found))
	b.Hidden()
	require.False(t, b.Accepts(found), "words belong to the tab in front")
	b.Shown()
	b.Open(found)
	b.settle()
	require.True(t, b.current.history)
	require.Equal(t, "two words", b.history.search.Text())
	b.page("/search", "<!doctype html><title>Found</title>")
	u, err := url.Parse(b.site.URL + "/search?q=two")
	require.NoError(t, err)
	found.Alternatives = []address.Target{{Kind: address.Web, URL: u}}
	b.Open(found)
	b.until("searched", func() bool { return b.current.state.URL == u.String() && b.current.state.Page != nil })
}

func TestZoomAndLanguage(t *testing.T) {
	b := newBench(t)
	b.page("/1", "<!doctype html><title>One</title>")
	b.visit("/1")
	require.Equal(t, float32(1), b.current.view.Widget().Zoom())
	b.run("web.zoom_in")
	b.until("larger", func() bool { return b.current.view.Widget().Zoom() == 1.1 })
	b.run("web.zoom_out")
	b.run("web.zoom_out")
	b.until("smaller", func() bool { return b.current.view.Widget().Zoom() == 0.9 })
	b.run("web.zoom_normal")
	b.until("normal", func() bool { return b.current.view.Widget().Zoom() == 1 })

	old := b.root
	words.SetLanguage("fr")
	b.show()
	require.NotSame(t, old, b.root)
	require.Equal(t, b.site.URL+"/1", b.current.state.URL, "the state stays")
	require.Same(t, b.body.Objects[0], fyne.CanvasObject(b.current.view.Widget()))
	b.run("web.start")
	require.Equal(t, []string{"Accueil"}, b.titles())
	words.SetLanguage("en")
}

func TestFavicon(t *testing.T) {
	b := newBench(t)
	var pic bytes.Buffer
	require.NoError(t, png.Encode(&pic, image.NewNRGBA(image.Rect(0, 0, 16, 16))))
	b.mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.Write(pic.Bytes()) })
	b.page("/1", "<!doctype html><title>One</title>")
	b.visit("/1")
	b.until("icon", func() bool { return b.strip.items[0].icon != nil })
}

func TestTextsAndCommands(t *testing.T) {
	b := newBench(t)
	seen := map[string]string{}
	for _, lang := range words.Languages {
		words.SetLanguage(lang)
		for _, c := range b.Commands() {
			require.NotEqual(t, c.ID, c.Name)
			require.False(t, strings.HasPrefix(c.Name, "command."), c.Name)
			if c.Shortcut != nil && lang == "en" {
				require.Empty(t, seen[c.Shortcut.ShortcutName()], "%s has the shortcut of another command", c.ID)
				seen[c.Shortcut.ShortcutName()] = c.ID
			}
		}
		for _, r := range []html.InvalidReason{html.InvalidMissing, html.InvalidEmail, html.InvalidURL, html.InvalidNumber, html.InvalidRange, html.InvalidLength, html.InvalidPattern} {
			require.True(t, words.Has("web.invalid."+string(r)), r)
		}
	}
	words.SetLanguage("en")
	b.p.OpenOutside = func(*url.URL) error { return errors.New("no browser") }
	b.openOutside("https://example.org/")
	require.Len(t, b.host.troubles, 1)
	b.showMore() // the menu opens without a page too
	require.NotNil(t, b.host.window.Canvas().Overlays().Top())
}

var rowState = rowlist.State{}

// TestRealPage goes through the page engine and the document widget: a link by
// mouse, the search, a form, the way back to the same place.
func TestRealPage(t *testing.T) {
	b := newBench(t)
	b.page("/1", `<!doctype html><title>One</title><style>body{margin:0} a,p{display:block;height:40px;margin:0}</style>
		<a href="/2">To the library</a><p>The library is open. Library cards are free.</p>
		<form action="/find"><input name=q value=books><input type=submit value=Go></form><div style="height:3000px"></div><p id=end>End</p>`)
	b.page("/2", "<!doctype html><title>Two</title><p>Second page")
	b.page("/find", "<!doctype html><title>Found</title>")
	b.visit("/1")
	laid := func() bool { return b.current.view.Laid() != nil }
	b.until("laid out", laid)
	d := b.current.view.Widget()
	d.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(20, 12)}})
	require.Equal(t, b.site.URL+"/2", b.hover)
	d.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(20, 400)}})
	require.Empty(t, b.hover)

	b.run("web.find")
	require.True(t, b.find.shown)
	test.Type(b.find.field, "library")
	require.Equal(t, "1 of 3", b.find.count.Text())
	b.find.field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	require.Equal(t, "2 of 3", b.find.count.Text())
	test.Type(b.find.field, "xyz")
	require.Equal(t, "Not found", b.find.count.Text())
	b.find.field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.False(t, b.find.shown)

	d.ScrollTo(0, 700)
	b.current.follow(document.Link{URL: b.site.URL + "/1#end"}, document.Here)
	b.settle()
	_, y := d.Offset()
	require.Greater(t, y, float32(1000), "the place in the page")
	b.run("web.back")
	_, y = d.Offset()
	require.InDelta(t, 700, y, 1)

	click := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(20, 12)}, Button: desktop.MouseButtonPrimary}
	d.ScrollTo(0, 0)
	g := b.current.state.Generation
	d.MouseDown(click)
	d.MouseUp(click)
	b.until("second page", func() bool { return b.current.state.Generation > g && !b.current.state.Loading })
	require.Equal(t, "Two", b.current.state.Title)
	b.until("laid out", laid)
	g = b.current.state.Generation
	b.run("web.back")
	b.until("back", func() bool { return b.current.state.Generation > g && !b.current.state.Loading })
	b.until("laid out", laid)

	for _, c := range b.current.view.Laid().Controls() {
		if c.Kind == html.ControlSubmit {
			d.OnPress(c.ID)
		}
	}
	b.until("form sent", func() bool { return b.current.state.Title == "Found" })
	require.Equal(t, b.site.URL+"/find?q=books", b.current.state.URL)
}
