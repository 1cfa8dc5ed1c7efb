package web

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/task"
)

// clock is a clock that is set by hand.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newClock() *clock { return &clock{time.Date(2026, 3, 10, 12, 0, 0, 0, time.Local)} }

// visited writes visits and waits until they are stored.
func visitAll(t testing.TB, s *Service, typed bool, pages ...string) {
	t.Helper()
	for i := 0; i < len(pages); i += 2 {
		u, err := url.Parse(pages[i])
		require.NoError(t, err)
		s.remember(u, pages[i+1], typed)
		until(t, s.Lately, func(l *HistoryList) bool {
			return len(l.Visits) > 0 && l.Visits[0].URL == pages[i] && l.Visits[0].At.Equal(s.p.Now().Truncate(time.Millisecond))
		})
	}
}

func urls(list []Visit) (out []string) {
	for _, v := range list {
		out = append(out, v.URL)
	}
	return out
}

func TestHistory(t *testing.T) {
	c := newClock()
	dir := t.TempDir()
	g := task.NewGroup(context.Background())
	s := newService(t, newWorld(t), func(p *Params) { p.Now, p.Dir, p.Tasks = c.Now, dir, g })
	visitAll(t, s, true, "https://library.example/hours?x=1", "Opening hours — Town Library")
	c.now = c.now.Add(24 * time.Hour)
	visitAll(t, s, false, "https://weather.example/", "Météo à Grenoble")
	c.now = c.now.Add(time.Hour)
	visitAll(t, s, false, "https://library.example/hours?x=1", "Opening hours — Town Library")
	s.remember(&url.URL{Scheme: "data", Opaque: "text/html,x"}, "x", false)

	s.ShowHistory("", 10)
	l := until(t, s.History, func(l *HistoryList) bool { return len(l.Visits) == 3 })
	require.Equal(t, []string{"https://library.example/hours?x=1", "https://weather.example/", "https://library.example/hours?x=1"}, urls(l.Visits))
	require.False(t, l.More)
	lately, err := s.Lately.Get()
	require.NoError(t, err)
	require.Equal(t, []string{"https://library.example/hours?x=1", "https://weather.example/"}, urls(lately.Visits), "each page once")

	s.ShowHistory("", 2)
	l = until(t, s.History, func(l *HistoryList) bool { return len(l.Visits) == 2 })
	require.True(t, l.More)
	s.ShowHistory("meteo gren", 10)
	l = until(t, s.History, func(l *HistoryList) bool { return l.Query == "meteo gren" })
	require.Equal(t, []string{"https://weather.example/"}, urls(l.Visits), "accents do not count")
	s.ShowHistory(`lib" OR *`, 10)
	l = until(t, s.History, func(l *HistoryList) bool { return l.Query == `lib" OR *` })
	require.NoError(t, l.Err)

	// Deleting: one visit, a day, everything; the shown list follows.
	s.ShowHistory("", 10)
	l = until(t, s.History, func(l *HistoryList) bool { return len(l.Visits) == 3 })
	s.DeleteVisits(l.Visits[1].ID)
	l = until(t, s.History, func(l *HistoryList) bool { return len(l.Visits) == 2 })
	require.Equal(t, []string{"https://library.example/hours?x=1", "https://library.example/hours?x=1"}, urls(l.Visits))
	until(t, s.Lately, func(l *HistoryList) bool { return len(l.Visits) == 1 })
	found, err := s.Suggest(t.Context(), "weather", 5)
	require.NoError(t, err)
	require.Empty(t, found)
	s.DeleteDay(c.now)
	l = until(t, s.History, func(l *HistoryList) bool { return len(l.Visits) == 1 })
	require.True(t, l.Visits[0].At.Before(c.now.Add(-20*time.Hour)))
	require.True(t, s.wasVisited("https://library.example/hours?x=1"))
	s.ClearHistory(true)
	until(t, s.History, func(l *HistoryList) bool { return len(l.Visits) == 0 })
	until(t, s.Lately, func(l *HistoryList) bool { return len(l.Visits) == 0 })
	require.False(t, s.wasVisited("https://library.example/hours?x=1"))
}

func TestSuggest(t *testing.T) {
	c := newClock()
	s := newService(t, newWorld(t), func(p *Params) { p.Now = c.Now })
	step := func() { c.now = c.now.Add(time.Minute) }
	for range 3 {
		visitAll(t, s, false, "https://www.library.example/", "Town Library")
		step()
	}
	visitAll(t, s, false, "https://news.example/library-closed", "Library closed on Friday")
	step()
	visitAll(t, s, false, "https://garden.example/", "Garden club")
	s.PutBookmark(Bookmark{URL: "https://never.example/library", Title: "Never visited"})

	ask := func(text string) (out []string) {
		found, err := s.Suggest(t.Context(), text, 5)
		require.NoError(t, err)
		for _, f := range found {
			out = append(out, f.URL)
		}
		return out
	}
	require.Equal(t, []string{"https://www.library.example/", "https://never.example/library", "https://news.example/library-closed"}, ask("lib"))
	require.Equal(t, []string{"https://news.example/library-closed"}, ask("FRIDAY lib"))
	require.Equal(t, []string{"https://garden.example/"}, ask("https://gard"))
	require.Equal(t, []string{"https://garden.example/"}, ask("www.gard"))
	require.Empty(t, ask("rary"), "words are looked for from their beginning")
	require.Empty(t, ask("  "))
	require.Empty(t, ask(`"*`))

	// What was used often long ago gives way to what is used now.
	c.now = c.now.Add(365 * 24 * time.Hour)
	visitAll(t, s, false, "https://news.example/library-closed", "Library closed on Friday")
	require.Equal(t, "https://news.example/library-closed", ask("closed")[0])
	found, err := s.Suggest(t.Context(), "town", 1)
	require.NoError(t, err)
	require.Equal(t, 3, found[0].Visits)
}

func TestRanks(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	once := ranked(0, false, now, 1)
	require.InDelta(t, days(now), once, 1e-9)
	require.InDelta(t, once+30, ranked(once, true, now, 1), 1e-9, "twice is worth one half-life")
	later := ranked(once, true, now.Add(10*365*24*time.Hour), 1)
	require.InDelta(t, days(now.Add(10*365*24*time.Hour)), later, 1e-3, "old visits fade")
}

func TestBookmarks(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t)
	w.page("/", "<title>Home</title>")
	s, err := New(Params{Dir: dir, Transport: w, Tasks: task.NewGroup(context.Background())})
	require.NoError(t, err)
	tab := s.NewTab()
	open(t, tab, "https://a.example/")
	require.True(t, s.ToggleBookmark("https://a.example/", "Home"))
	require.True(t, until(t, tab.State, func(s *TabState) bool { return s.Bookmarked }).Bookmarked)
	require.True(t, s.ToggleBookmark("https://b.example/", ""))
	require.True(t, s.ToggleBookmark("https://c.example/", "Third"))
	s.RenameBookmark("https://b.example/", "Second")
	was, ok := s.RemoveBookmark("https://a.example/")
	require.True(t, ok)
	require.False(t, until(t, tab.State, func(s *TabState) bool { return !s.Bookmarked }).Bookmarked)
	s.PutBookmark(was) // undo
	require.False(t, s.ToggleBookmark("https://c.example/", ""))
	tab.SetZoom(1.5)
	require.NoError(t, s.Close())

	s = newService(t, w, func(p *Params) { p.Dir = dir })
	l, err := s.Bookmarks.Get()
	require.NoError(t, err)
	var titles []string
	for _, b := range l.Items {
		titles = append(titles, b.Title)
	}
	require.Equal(t, []string{"Home", "Second"}, titles)
	require.Equal(t, float32(1.5), open(t, s.NewTab(), "https://a.example/").Zoom)
	require.Equal(t, float32(1), open(t, s.NewTab(), "https://b.example/").Zoom)
}

func fill(t testing.TB, s *Service, n int) {
	require.NoError(t, s.db.Write(context.Background(), func(tx *sql.Tx) error {
		for i := range n {
			at := s.p.Now().Add(-time.Duration(n-i) * time.Minute)
			address := fmt.Sprintf("https://www.site%d.example/topic/%d/article", i%997, i)
			if err := writeVisit(tx, address, fmt.Sprintf("Article %d about subject%d in town", i, i%5000), at, 1); err != nil {
				return err
			}
		}
		return nil
	}))
	s.hot.invalidate()
}

// TestSuggestBeyondTheUsual finds a page that is not among the most used.
func TestSuggestBeyondTheUsual(t *testing.T) {
	s := newService(t, newWorld(t), nil)
	fill(t, s, hotCount+1000)
	found, err := s.Suggest(t.Context(), "article 500", 5)
	require.NoError(t, err)
	require.Contains(t, found[0].URL, "/topic/500/")
}

func BenchmarkSuggest(b *testing.B) {
	s := newService(b, newWorld(b), nil)
	fill(b, s, 100_000)
	queries := []string{"a", "ar", "article", "subject49", "site3 top", "www.site12", "nothing", "town 4"}
	for i := 0; b.Loop(); i++ {
		if _, err := s.Suggest(context.Background(), queries[i%len(queries)], 8); err != nil {
			b.Fatal(err)
		}
	}
}
