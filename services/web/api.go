package web

import (
	"context"

	"guichet/services/html"
)

// New opens what Params.Dir keeps and starts the service.
func New(p Params) (*Service, error) { return &Service{}, nil }

// Close stores what is unsaved and closes the files.
func (s *Service) Close() error { return nil }

// NewTab makes a tab on the start page.
func (s *Service) NewTab() *Tab { return &Tab{} }

// Login answers a LoginQuestion; the tabs that wait for it are reloaded by
// their panel. The password is kept in memory until the program ends.
func (s *Service) Login(q *LoginQuestion, user, password string) {}

// Suggest gives pages that text may mean, most used first: words are looked for
// in titles and addresses, each at the beginning of a word.
func (s *Service) Suggest(ctx context.Context, text string, limit int) ([]Suggestion, error) {
	return nil, nil
}

// ShowHistory publishes visits that match query (all where it is empty),
// limit at most, in History.
func (s *Service) ShowHistory(query string, limit int) {}

// DeleteVisits forgets visits; a page without visits is forgotten too.
func (s *Service) DeleteVisits(ids ...int64) {}

// ClearHistory forgets all visits, the cache, and where cookies is set the cookies.
func (s *Service) ClearHistory(cookies bool) {}

// ToggleBookmark sets or takes away a page's star and reports whether it has one now.
func (s *Service) ToggleBookmark(url, title string) bool { return false }

// RenameBookmark changes a bookmark's title, RemoveBookmark takes it away,
// AddBookmark puts it back.
func (s *Service) RenameBookmark(id int64, title string) {}

// RemoveBookmark takes a bookmark away and returns it for an undo.
func (s *Service) RemoveBookmark(id int64) Bookmark { return Bookmark{} }

// AddBookmark keeps a page; one that is kept already gets the title.
func (s *Service) AddBookmark(b Bookmark) {}

// Download hands an address to Activity and returns the job. name may be empty.
func (s *Service) Download(ctx context.Context, url, referrer, name string) (int64, error) {
	return 0, nil
}

// Open loads an address, or the start page for "" and "about:start".
func (t *Tab) Open(url string, o OpenOptions) {}

// Submit sends a form and shows the answer.
func (t *Tab) Submit(sub html.Submission) {}

// Back, Forward, Reload and Stop do what the buttons of that name say.
func (t *Tab) Back() {}

// Forward goes to the next page of the tab's history.
func (t *Tab) Forward() {}

// Reload asks the server for the page again.
func (t *Tab) Reload() {}

// Stop ends the loading and keeps what is there.
func (t *Tab) Stop() {}

// Scrolled remembers how far the page is scrolled, in CSS pixels, for the way back.
func (t *Tab) Scrolled(y float32) {}

// SetZoom sets the factor on the page's sizes, 0.3 to 3, and remembers it for the site.
func (t *Tab) SetZoom(factor float32) {}

// OpenInsecure answers an InsecureQuestion with yes.
func (t *Tab) OpenInsecure() {}

// Repost answers a RepostQuestion with yes.
func (t *Tab) Repost() {}

// Close ends the tab.
func (t *Tab) Close() {}
