package web

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
)

// Bookmark is a page kept by its star.
type Bookmark struct {
	ID       int64
	URL      string
	Title    string
	Added    time.Time
	Position float64 // orders them
}

// BookmarkList is all bookmarks in their order. It is immutable.
type BookmarkList struct {
	Version uint64
	Items   []Bookmark
}

// Has reports whether the page at url is kept.
func (l *BookmarkList) Has(url string) bool {
	return slices.ContainsFunc(l.Items, func(b Bookmark) bool { return b.URL == url })
}

func (s *Service) readBookmarks(ctx context.Context) (*BookmarkList, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT id, url, title, added, position FROM bookmark ORDER BY position, id")
	if err != nil {
		return nil, fault.From("read bookmarks", "", err)
	}
	defer rows.Close()
	l := &BookmarkList{Version: s.version.Add(1)}
	for rows.Next() {
		var b Bookmark
		var added int64
		if err := rows.Scan(&b.ID, &b.URL, &b.Title, &added, &b.Position); err != nil {
			return nil, fault.From("read bookmarks", "", err)
		}
		b.Added = time.UnixMilli(added)
		l.Items = append(l.Items, b)
	}
	return l, fault.OrNil("read bookmarks", rows.Err())
}

// Bookmarked reports whether a page has its star.
func (s *Service) Bookmarked(url string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.marks.Has(url)
}

// ToggleBookmark sets or takes away a page's star and reports whether it has
// one now.
func (s *Service) ToggleBookmark(url, title string) bool {
	on := false
	s.editBookmarks(func(items []Bookmark) []Bookmark {
		if i := indexURL(items, url); i >= 0 {
			return slices.Delete(items, i, i+1)
		}
		on = true
		return append(items, s.newBookmark(items, url, title))
	})
	return on
}

// RenameBookmark changes a bookmark's title.
func (s *Service) RenameBookmark(url, title string) {
	s.editBookmarks(func(items []Bookmark) []Bookmark {
		if i := indexURL(items, url); i >= 0 && title != "" {
			items[i].Title = clip(title, maxTitle)
		}
		return items
	})
}

// RemoveBookmark takes a page's star away and returns what it was, for PutBookmark.
func (s *Service) RemoveBookmark(url string) (was Bookmark, ok bool) {
	s.editBookmarks(func(items []Bookmark) []Bookmark {
		if i := indexURL(items, url); i >= 0 {
			was, ok = items[i], true
			return slices.Delete(items, i, i+1)
		}
		return items
	})
	return was, ok
}

// PutBookmark keeps a page, at its Position where that is set, else last; one
// that is kept already gets the title.
func (s *Service) PutBookmark(b Bookmark) {
	s.editBookmarks(func(items []Bookmark) []Bookmark {
		if i := indexURL(items, b.URL); i >= 0 {
			items[i].Title = clip(b.Title, maxTitle)
			return items
		}
		n := s.newBookmark(items, b.URL, b.Title)
		if b.Position != 0 {
			n.Position = b.Position
		}
		if !b.Added.IsZero() {
			n.Added = b.Added
		}
		items = append(items, n)
		slices.SortStableFunc(items, func(a, b Bookmark) int {
			switch {
			case a.Position < b.Position:
				return -1
			case a.Position > b.Position:
				return 1
			}
			return 0
		})
		return items
	})
}

func (s *Service) newBookmark(items []Bookmark, url, title string) Bookmark {
	if title == "" {
		title = site(url)
	}
	b := Bookmark{URL: url, Title: clip(title, maxTitle), Added: s.p.Now(), Position: 1}
	if n := len(items); n > 0 {
		b.Position = items[n-1].Position + 1
	}
	return b
}

func indexURL(items []Bookmark, url string) int {
	return slices.IndexFunc(items, func(b Bookmark) bool { return b.URL == url })
}

// editBookmarks changes the list at once and writes it behind: the star must
// answer the click.
func (s *Service) editBookmarks(edit func([]Bookmark) []Bookmark) {
	s.edits.Lock()
	s.mu.Lock()
	old := s.marks
	next := &BookmarkList{Version: s.version.Add(1), Items: edit(slices.Clone(old.Items))}
	s.marks = next
	// Handed over under edits, so that the writes keep the order of the changes.
	for _, b := range old.Items {
		if indexURL(next.Items, b.URL) < 0 {
			s.later("DELETE FROM bookmark WHERE url = ?", b.URL)
		}
	}
	for _, b := range next.Items {
		if i := indexURL(old.Items, b.URL); i < 0 || old.Items[i] != b {
			s.later(`INSERT INTO bookmark (url, title, added, position) VALUES (?, ?, ?, ?)
				ON CONFLICT (url) DO UPDATE SET title = excluded.title, position = excluded.position`,
				b.URL, b.Title, b.Added.UnixMilli(), b.Position)
		}
	}
	s.mu.Unlock()
	s.edits.Unlock()
	s.publishBookmarks()
	s.tellTabs()
}

// publishBookmarks brings the newest list to the binding; a listener may call
// back, so no lock is held.
func (s *Service) publishBookmarks() {
	s.marksOut.publish(func() {
		s.mu.Lock()
		l := s.marks
		s.mu.Unlock()
		set(s.Bookmarks, l)
	})
}

func (s *Service) later(query string, args ...any) {
	s.db.Later(func(err error) {
		if err != nil {
			slog.Error("changing web data", "err", err)
		}
	}, query, args...)
}

// set publishes a snapshot.
func set[T any](item binding.Item[T], v T) {
	if err := item.Set(v); err != nil {
		slog.Error("publishing", "err", err)
	}
}

// readZooms reads the factors that people chose for sites.
func (s *Service) readZooms(ctx context.Context) error {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT site, factor FROM zoom")
	if err != nil {
		return fault.From("read zoom", "", err)
	}
	defer rows.Close()
	for rows.Next() {
		var site string
		var factor float32
		if err := rows.Scan(&site, &factor); err != nil {
			return fault.From("read zoom", "", err)
		}
		s.zooms[site] = factor
	}
	return fault.OrNil("read zoom", rows.Err())
}

// zoomOf gives a site's factor.
func (s *Service) zoomOf(site string) float32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if z, ok := s.zooms[site]; ok {
		return z
	}
	return 1
}

func (s *Service) setZoom(site string, factor float32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if factor == 1 {
		delete(s.zooms, site)
		s.later("DELETE FROM zoom WHERE site = ?", site)
		return
	}
	s.zooms[site] = factor
	s.later("INSERT OR REPLACE INTO zoom (site, factor) VALUES (?, ?)", site, factor)
}
