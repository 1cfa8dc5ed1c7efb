// Package web is the browser behind the Web tab: it loads pages, keeps tabs
// with their history, remembers visits and bookmarks, and hands downloads to
// package activity. What it draws with is an Engine; package html is the
// built-in one.
package web

import (
	"context"
	"net/http"
	"time"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/activity"
	"guichet/services/task"
)

// Activity is what the service needs of activity.Center.
type Activity interface {
	Register(kind string, r activity.Runner)
	Add(ctx context.Context, s activity.Spec) (int64, error)
}

// Params are what a Service is made of.
type Params struct {
	// Dir keeps history, bookmarks, cookies and the cache; it is made if missing.
	Dir string
	// Transport makes the connections: connect.Network.HTTPTransport.
	Transport http.RoundTripper
	Tasks     *task.Group
	// Activity runs downloads; nil where there is none, as for the command line:
	// Download then fails with Unsupported.
	Activity Activity
	// Downloads is the folder that downloads go to, asked for each one.
	Downloads func() string
	// Version is the program's, for the user agent "Guichet/VERSION".
	Version string
	// Languages are the person's, best first, for Accept-Language; nil for none.
	Languages func() []string
	// Idle is how long a server may be silent; 0: 30 s.
	Idle time.Duration
	// MaxPage bounds a page or one of its parts, in bytes after decoding; 0: 50 MB.
	MaxPage int64
	// CacheSize bounds the cache on the disk, in bytes; 0: 256 MB.
	CacheSize int64
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Service is the browser. Its methods are safe for concurrent use and, unless
// they take a context, return at once.
type Service struct {
	// Bookmarks and History are published anew after each change.
	Bookmarks binding.Item[*BookmarkList]
	// Lately are the pages visited last, for the start page.
	Lately binding.Item[*HistoryList]
	// History is what ShowHistory asked for.
	History binding.Item[*HistoryList]
}
