package web

import (
	"context"
	"net/url"
	"time"

	"guichet/services/fault"
	"guichet/services/html"
)

// Engine makes pages out of addresses. The built-in engine is "simple"; one
// that drives an installed browser meets the same interface and shows in the
// same widget.
type Engine interface {
	// Name is the stable name: "simple", "full".
	Name() string
	// Load loads what n names and reports to v until the page is there, has
	// failed, or ctx ends.
	Load(ctx context.Context, n Navigation, v Viewer)
	// Close ends what the engine keeps running.
	Close() error
}

// Navigation is one way to a page.
type Navigation struct {
	URL *url.URL
	// From is the page whose link or form leads here; nil where a person said so.
	From       *url.URL
	NoReferrer bool
	// Form is set for the answer to a form sent by POST.
	Form *html.Submission
	// Reload asks the server even where the cache has a fresh copy; Back takes
	// what the cache has, however old.
	Reload, Back bool
	// Guessed is set where the person gave no scheme.
	Guessed bool
	// AllowInsecure is set where the person agreed to clear text.
	AllowInsecure bool
}

// Viewer is what an engine reports a load to: the tab. Calls after the load's
// context ended are ignored.
type Viewer interface {
	// Progress says how many bytes came, of how many; -1 while unknown.
	Progress(done, all int64)
	// Committed says that the page is there and replaces the old one.
	Committed(p *Page)
	// Icon hands over the site's icon as PNG; nil if it has none.
	Icon(png []byte)
	// Handed says that the address is no page: it became a job of Activity, or
	// (job 0) the server answered that there is nothing to show.
	Handed(job int64)
	// Failed says that the page cannot be shown.
	Failed(f *fault.Fault)
}

// Page is a document that a tab shows. Whoever shows it owns the document:
// after it has been published nobody else touches it.
type Page struct {
	Document *html.Document
	// URL is the document's address, after redirects.
	URL   *url.URL
	Title string
	// Secure is set where the document came so that nobody could read or change
	// it on its way; its parts then do too.
	Secure bool
	// MediaType is what the server sent, before it was made a page.
	MediaType string
	// Status is the HTTP status, 0 for other schemes.
	Status int
	// Post is set where the page is the answer to a form: loading it again would
	// send the form again.
	Post  bool
	Feeds []html.Feed
	// Offline is set where the page comes from the cache because its site cannot
	// be reached: when it was stored.
	Offline time.Time

	refresh *html.Redirect
	icon    string
	load    func(ctx context.Context, r html.Request) (*html.Resource, error)
}

// Load fetches a part of the page: what html.Document.Pending names. It may be
// called by several goroutines; six requests run for each host at a time.
func (p *Page) Load(ctx context.Context, r html.Request) (*html.Resource, error) {
	if p.load == nil {
		return nil, fault.Newf(fault.NotFound, "load a part of a page", "", "the page has no parts")
	}
	return p.load(ctx, r)
}
