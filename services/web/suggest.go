package web

import (
	"context"
	"math"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"guichet/services/fault"
)

// Suggestion is a page that a typed text may mean.
type Suggestion struct {
	URL        string
	Title      string
	Bookmarked bool
	Visits     int
	Last       time.Time

	rank float64
}

// hotCount pages, the most used, are searched in memory; the others by the
// full-text index only where these give too little.
const (
	hotCount  = 2000
	coldCount = 200
)

// hotList keeps the most used pages ready for searching.
type hotList struct {
	mu    sync.Mutex
	pages []hotPage
	valid bool
	made  uint64 // counts invalidations, so that a slow read is not kept
}

type hotPage struct {
	Suggestion
	words string // " word word word", folded
	site  string // host and path without "www."
}

func (h *hotList) invalidate() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.valid = false
	h.made++
}

func (s *Service) hotPages(ctx context.Context) ([]hotPage, error) {
	s.hot.mu.Lock()
	pages, valid, made := s.hot.pages, s.hot.valid, s.hot.made
	s.hot.mu.Unlock()
	if valid {
		return pages, nil
	}
	found, err := s.suggestions(ctx, "SELECT url, title, visits, last, rank FROM page ORDER BY rank DESC LIMIT ?", hotCount)
	if err != nil {
		return nil, err
	}
	pages = make([]hotPage, len(found))
	for i, f := range found {
		pages[i] = hot(f)
	}
	s.hot.mu.Lock()
	defer s.hot.mu.Unlock()
	if s.hot.made == made {
		s.hot.pages, s.hot.valid = pages, true
	}
	return pages, nil
}

func hot(f Suggestion) hotPage {
	return hotPage{f, " " + strings.Join(append(wordsOf(f.Title), wordsOf(searchable(f.URL))...), " "), site(f.URL)}
}

func (s *Service) suggestions(ctx context.Context, query string, args ...any) ([]Suggestion, error) {
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fault.From("search history", "", err)
	}
	defer rows.Close()
	var found []Suggestion
	for rows.Next() {
		var f Suggestion
		var last int64
		if err := rows.Scan(&f.URL, &f.Title, &f.Visits, &last, &f.rank); err != nil {
			return nil, fault.From("search history", "", err)
		}
		f.Last = time.UnixMilli(last)
		found = append(found, f)
	}
	return found, fault.OrNil("search history", rows.Err())
}

// Suggest gives pages that text may mean, limit at most, most used first: every
// word of it begins a word of the title or the address. Where text is the
// beginning of an address, that page comes first.
func (s *Service) Suggest(ctx context.Context, text string, limit int) ([]Suggestion, error) {
	words := wordsOf(text)
	if len(words) == 0 {
		return nil, nil
	}
	pages, err := s.hotPages(ctx)
	if err != nil {
		return nil, err
	}
	start := site(strings.TrimSpace(text))
	h := halfLife.Hours() / 24
	seen := map[string]bool{}
	var found []Suggestion
	add := func(p hotPage) {
		if seen[p.URL] {
			return
		}
		seen[p.URL] = true
		if strings.HasPrefix(p.site, start) {
			p.rank += 3 * h
		}
		if s.Bookmarked(p.URL) {
			p.Bookmarked = true
			p.rank += 2 * h
		}
		found = append(found, p.Suggestion)
	}
	for _, p := range pages {
		if p.matches(words) {
			add(p)
		}
	}
	s.mu.Lock()
	marks := s.marks
	s.mu.Unlock()
	for _, b := range marks.Items {
		// A bookmark that was never visited counts as one visit on the day it was set.
		p := hot(Suggestion{URL: b.URL, Title: b.Title, Last: b.Added, rank: days(b.Added)})
		if p.matches(words) {
			add(p)
		}
	}
	if len(found) < limit && len(pages) >= hotCount {
		cold, err := s.suggestions(ctx, `SELECT url, title, visits, last, rank FROM page WHERE id IN (
			SELECT rowid FROM page_words WHERE page_words MATCH ? ORDER BY rowid DESC LIMIT ?)`, match(words), coldCount)
		if err != nil {
			return nil, err
		}
		for _, f := range cold {
			add(hot(f))
		}
	}
	slices.SortStableFunc(found, func(a, b Suggestion) int {
		switch d := b.rank - a.rank; {
		case d > 0:
			return 1
		case d < 0 || math.IsNaN(d):
			return -1
		}
		return strings.Compare(a.URL, b.URL)
	})
	return found[:min(limit, len(found))], nil
}

func (p hotPage) matches(words []string) bool {
	for _, w := range words {
		if !strings.Contains(p.words, " "+w) {
			return false
		}
	}
	return true
}

// site is an address as people type it: without scheme and "www.".
func site(address string) string {
	address = strings.ToLower(address)
	for _, prefix := range []string{"https://", "http://"} {
		address = strings.TrimPrefix(address, prefix)
	}
	return strings.TrimPrefix(address, "www.")
}

// searchable is what of an address people look for: its host and path, with
// percent-encoding undone, without "www." and the query's values.
func searchable(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return site(address)
	}
	return strings.TrimPrefix(u.Hostname(), "www.") + " " + u.Path
}

// wordsOf splits text into words for searching: lower case, without accents,
// as the full-text index does.
func wordsOf(text string) []string {
	if len(text) > 2000 {
		text = strings.ToValidUTF8(text[:2000], "")
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(text)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r), unicode.IsNumber(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	words := strings.Fields(b.String())
	if len(words) > 0 && (words[0] == "http" || words[0] == "https") && strings.Contains(text, "://") {
		words = words[1:]
	}
	if len(words) > 1 && words[0] == "www" {
		words = words[1:]
	}
	return words[:min(len(words), 12)]
}

// match is the full-text query for pages with words that begin so.
func match(words []string) string {
	parts := make([]string, len(words))
	for i, w := range words {
		parts[i] = `"` + strings.ReplaceAll(w, `"`, `""`) + `"*`
	}
	return strings.Join(parts, " AND ")
}
