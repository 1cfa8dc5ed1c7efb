package web

import (
	"context"
	"net/url"

	"guichet/services/fault"
	"guichet/services/html"
)

// Engine makes pages out of addresses. The built-in engine is "simple"; one
// that drives an installed browser meets the same interface and shows in the
// same widget.
type Engine interface {
	// Name is the stable name: "simple", "full".
	Name() string
	// Load loads what n names and reports to v until the page and its parts are
	// there, have failed, or ctx ends.
	Load(ctx context.Context, n Navigation, v Viewer)
	// Close ends what the engine keeps running.
	Close() error
}

// Navigation is one way to a page.
type Navigation struct {
	URL      *url.URL
	Referrer *url.URL
	// Form is set for the answer to a form sent by POST.
	Form *html.Submission
	// Reload asks the server even where the cache has a fresh copy.
	Reload bool
	// Typed is set where a person named the address: no site started it.
	Typed   bool
	Guessed bool
}

// Viewer is what an engine reports a load to: the tab. Calls after the load's
// context ended are ignored.
type Viewer interface {
	// Committed says that the page's document is there, and replaces the old one.
	Committed(p *Page)
	// Arrived says that parts of the page came: to be laid out again.
	Arrived(progress float64)
	// Icon hands over the site's icon as PNG.
	Icon(png []byte)
	// Download says that the address is no page: the engine handed it to Activity.
	Download(job int64)
	// Failed says that the page cannot be shown.
	Failed(f *fault.Fault)
}
