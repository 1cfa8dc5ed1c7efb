package web

import "time"

// Visit is a page at a time.
type Visit struct {
	ID    int64 // for DeleteVisits
	URL   string
	Title string
	At    time.Time
}

// HistoryList is a part of the history: newest first. It is immutable.
type HistoryList struct {
	Version uint64
	Query   string
	Visits  []Visit
	// More is set where there are older ones.
	More bool
	// Err is the fault that kept the history from being read.
	Err error
}

// Bookmark is a page kept by its star.
type Bookmark struct {
	ID    int64
	URL   string
	Title string
	Added time.Time
}

// BookmarkList is all bookmarks in their order. It is immutable.
type BookmarkList struct {
	Version uint64
	Items   []Bookmark
	byURL   map[string]int
}

// Suggestion is a page that a typed text may mean.
type Suggestion struct {
	URL        string
	Title      string
	Bookmarked bool
	Visits     int
	Last       time.Time
}
