package web

import (
	"net/url"
	"sync"
	"time"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
	"guichet/services/html"
)

// Page is a document that a tab shows. The document is used by the loader,
// which supplies resources as they arrive, and by whoever lays it out: both hold
// the Page's lock meanwhile.
type Page struct {
	sync.Mutex
	Document *html.Document
	// URL is the document's address, after redirects.
	URL *url.URL
	// Secure is set where the document and all its parts so far came by TLS.
	Secure bool
	// MediaType is what the server sent, before it was made a page.
	MediaType string
	// Post is set where the page is the answer to a form.
	Post bool
}

// TabState is a tab at one moment. It is immutable but for the document in Page.
type TabState struct {
	ID    int64
	URL   string // what the address box shows; "" or "about:start" for the start page
	Title string // the page's, else its address for people
	// Start is set where the tab shows the start page.
	Start   bool
	Loading bool
	// Progress is how much of what is known to come has come, 0 to 1; while nothing is
	// known it is 0.
	Progress float64
	// Since is when the load began.
	Since  time.Time
	Secure bool
	// Fault is set where the page could not be loaded; its Question may be a
	// *connect.CertificateQuestion, a *LoginQuestion, an *InsecureQuestion or a
	// *RepostQuestion.
	Fault *fault.Fault
	// Page is what is shown, nil for the start page and for a fault. While a new
	// page loads it is still the old one.
	Page *Page
	// Generation counts the pages of the tab: where it changed, Page is another
	// document. Version counts what arrived since: where it changed, the page
	// is to be laid out again.
	Generation uint64
	Version    uint64
	// Fragment is the place in the page to show, "" for ScrollY. A new value of
	// Jump says that the place is to be shown (again).
	Fragment string
	ScrollY  float32 // CSS pixels from the top
	Jump     uint64
	CanBack  bool
	CanNext  bool
	// FaviconPNG is the site's icon, 32 by 32 pixels; nil if it has none.
	FaviconPNG []byte
	Bookmarked bool
	// Zoom is the factor on the page's sizes, remembered per site.
	Zoom float32
	// Engine names the engine that shows the page: "simple".
	Engine string
	// Offline is set where the page is shown from the cache because the site
	// cannot be reached; the date is when it was stored.
	Offline time.Time
}

// LoginQuestion is the Question of a Login fault: the site asks for a name and a
// password (RFC 9110, section 11). Service.Login answers it.
type LoginQuestion struct {
	Origin string // scheme://host:port
	Host   string // for people
	Realm  string // what the site calls the place, cleaned; may be empty
	Scheme string // basic or digest
	Secure bool   // TLS, or digest
	Failed bool   // a name and password were sent and refused
}

// InsecureQuestion is the Question where a host typed without a scheme cannot
// be reached safely: URL is the same address in clear text. Tab.OpenInsecure answers it.
type InsecureQuestion struct{ URL string }

// RepostQuestion is the Question where a page is the answer to a form that
// would have to be sent again. Tab.Repost answers it.
type RepostQuestion struct{ URL string }

// OpenOptions say where an address came from.
type OpenOptions struct {
	// Typed is set for addresses that a person typed or chose.
	Typed bool
	// Guessed is set where the person gave no scheme: HTTPS is tried, and where it
	// fails an InsecureQuestion is published.
	Guessed bool
	// Referrer is the page that a link was on; nil for none.
	Referrer *url.URL
}

// Tab is one page with its way there and back. Its methods return at once.
type Tab struct {
	State binding.Item[*TabState]
}
