package web

import (
	"net/url"
	"sync"
	"time"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
	"guichet/services/html"
	"guichet/services/publish"
	"guichet/services/task"
	"guichet/services/web/cookies"
	"guichet/services/web/fetch"
)

// Start is the address of the start page.
const Start = "about:start"

// TabState is a tab at one moment. It is immutable, but for the document in Page.
type TabState struct {
	ID    int64
	URL   string // what the address box shows; "" on the start page
	Title string // the page's, else its address for people; "" on the start page
	// Start is set where the tab shows the start page.
	Start   bool
	Loading bool
	// Progress is how much of the page has come, 0 to 1; 0 while that is unknown.
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
	// Generation counts what the tab showed: where it changed, another document,
	// fault or the start page is to be shown.
	Generation uint64
	// Fragment is the place in the page to show; where it is empty, ScrollY is. A
	// new value of Jump says that the place is to be shown (again).
	Fragment string
	ScrollY  float32 // CSS pixels from the top
	Jump     uint64
	CanBack  bool
	CanNext  bool
	// FaviconPNG is the site's icon, 32 by 32 pixels; nil if it has none.
	FaviconPNG []byte
	Bookmarked bool
	// Zoom is the factor on the page's sizes, remembered for the site.
	Zoom float32
	// Engine names the engine that shows the page: "simple".
	Engine string
	// Job is the download that the last address turned out to be; Handed
	// counts them.
	Job    int64
	Handed uint64
}

// LoginQuestion is the Question of a Login fault: the site asks for a name and a
// password. Service.Login answers it.
type LoginQuestion = fetch.LoginQuestion

// InsecureQuestion is the Question of a fault where only clear text leads on:
// a host typed without a scheme that cannot be reached safely, or a
// redirect. Tab.OpenInsecure answers it.
type InsecureQuestion = fetch.InsecureQuestion

// RepostQuestion is the Question of a fault where a page is the answer to a form
// that would have to be sent again. Tab.Repost answers it.
type RepostQuestion struct{ URL string }

// OpenOptions say where an address came from.
type OpenOptions struct {
	// Guessed is set where the person gave no scheme: HTTPS is tried, and where
	// that fails the fault has an InsecureQuestion.
	Guessed bool
	// From is the page whose link leads here; nil where a person typed or chose
	// the address.
	From *url.URL
	// NoReferrer keeps From from the site (rel=noreferrer).
	NoReferrer bool
}

// entry is a station of a tab's history.
type entry struct {
	url     *url.URL // nil: the start page
	title   string
	scroll  float32
	form    *html.Submission
	options OpenOptions
	// shown is the generation that this station showed last: going back within
	// one document needs no load.
	shown uint64
}

const maxEntries = 100

// Tab is one page with its way there and back. Its methods are safe for
// concurrent use and return at once.
type Tab struct {
	State binding.Item[*TabState]

	s     *Service
	group *task.Group
	slot  *task.Slot
	out   publisher
	tick  *task.Throttle[float64]

	mu      sync.Mutex
	state   TabState // the next one to publish
	entries []entry
	index   int
	hops    int // meta refreshes since a person did something
}

// NewTab makes a tab on the start page.
func (s *Service) NewTab() *Tab {
	t := &Tab{s: s, group: s.group.Child(), entries: []entry{{}}}
	t.slot = task.NewSlot(t.group)
	t.state = TabState{ID: s.lastTab.Add(1), Start: true, Zoom: 1, Engine: s.engine.Name(), Generation: 1}
	t.entries[0].shown = 1
	first := t.state
	t.State = publish.NewItem(&first)
	t.tick = task.NewThrottle(task.Interval, func(p float64) {
		t.change(func() {
			if t.state.Loading {
				t.state.Progress = p
			}
		})
	})
	s.mu.Lock()
	s.tabs[t] = struct{}{}
	s.mu.Unlock()
	return t
}

// Close ends the tab and what it loads.
func (t *Tab) Close() {
	t.s.mu.Lock()
	delete(t.s.tabs, t)
	t.s.mu.Unlock()
	t.slot.Stop()
	t.group.Cancel()
}

// change changes the state under the lock and publishes it.
func (t *Tab) change(f func()) {
	t.mu.Lock()
	f()
	t.mu.Unlock()
	t.out.publish(func() {
		t.mu.Lock()
		t.state.CanBack, t.state.CanNext = t.index > 0, t.index < len(t.entries)-1
		t.state.Bookmarked = t.state.URL != "" && t.s.Bookmarked(t.state.URL)
		t.state.Zoom = 1
		if t.state.Page != nil {
			t.state.Zoom = t.s.zoomOf(zoomKey(t.state.Page.URL))
		}
		s := t.state
		t.mu.Unlock()
		set(t.State, &s)
	})
}

// tellTabs has all tabs look at bookmarks and zoom again.
func (s *Service) tellTabs() {
	s.mu.Lock()
	tabs := make([]*Tab, 0, len(s.tabs))
	for t := range s.tabs {
		tabs = append(tabs, t)
	}
	s.mu.Unlock()
	for _, t := range tabs {
		t.change(func() {})
	}
}

// Open loads an address, or shows the start page for "" and Start. Places
// within the page that is shown are gone to without a load.
func (t *Tab) Open(address string, o OpenOptions) {
	t.mu.Lock()
	t.hops = 0
	t.mu.Unlock()
	if address == "" || address == Start {
		t.showStart()
		return
	}
	u, err := fetch.ParseURL(nil, address)
	if err != nil {
		t.fail(invalidEntry(), fault.From("open page", "", err), address)
		return
	}
	u.User = nil
	if t.within(u, o) {
		return
	}
	t.load(entry{url: u, options: o}, Navigation{URL: u, From: o.From, NoReferrer: o.NoReferrer, Guessed: o.Guessed}, placeNew)
}

// Submit sends a form of the page and shows the answer. Where sub.Consent is
// set the caller has asked before.
func (t *Tab) Submit(sub html.Submission) {
	u, err := fetch.ParseURL(nil, sub.URL)
	if err != nil {
		t.fail(invalidEntry(), fault.From("send form", "", err), sub.URL)
		return
	}
	o := OpenOptions{From: t.pageURL()}
	t.mu.Lock()
	t.hops = 0
	t.mu.Unlock()
	t.load(entry{url: u, form: &sub, options: o}, Navigation{URL: u, From: o.From, Form: &sub}, placeNew)
}

// invalidEntry is the station of an address that cannot be read.
func invalidEntry() entry { return entry{url: &url.URL{Scheme: "about", Opaque: "invalid"}} }

func (t *Tab) pageURL() *url.URL {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state.Page == nil {
		return nil
	}
	return t.state.Page.URL
}

// showStart goes to the start page.
func (t *Tab) showStart() {
	t.slot.Stop()
	t.change(func() {
		if !t.state.Start || t.state.Loading {
			t.push(entry{})
		}
		t.toStart()
	})
}

// toStart makes the state that of the start page; the lock is held.
func (t *Tab) toStart() {
	t.state.URL, t.state.Title, t.state.Start, t.state.Loading, t.state.Secure = "", "", true, false, false
	t.state.Fault, t.state.Page, t.state.FaviconPNG, t.state.Fragment, t.state.ScrollY = nil, nil, nil, "", 0
	t.state.Generation++
	t.state.Jump++
	t.entries[t.index].shown = t.state.Generation
}

// within goes to a place in the page that is shown and reports whether u is one.
func (t *Tab) within(u *url.URL, o OpenOptions) bool {
	if u.Fragment == "" {
		return false
	}
	t.mu.Lock()
	p := t.state.Page
	same := p != nil && !t.state.Loading && sameDocument(p.URL, u) && !p.Post
	t.mu.Unlock()
	if !same {
		return false
	}
	t.slot.Stop()
	t.change(func() {
		if t.state.URL != u.String() {
			e := t.entries[t.index]
			t.push(entry{url: u, title: e.title, options: o, shown: t.state.Generation})
		}
		t.state.URL, t.state.Fragment, t.state.ScrollY = u.String(), u.Fragment, 0
		t.state.Jump++
	})
	return true
}

func sameDocument(a, b *url.URL) bool {
	x, y := *a, *b
	x.Fragment, x.RawFragment, y.Fragment, y.RawFragment = "", "", "", ""
	return x.String() == y.String()
}

// push adds a station after the present one; the lock is held.
func (t *Tab) push(e entry) {
	t.entries = append(t.entries[:t.index+1], e)
	if len(t.entries) > maxEntries {
		t.entries = append([]entry(nil), t.entries[len(t.entries)-maxEntries:]...)
	}
	t.index = len(t.entries) - 1
}

// Back goes to the page before.
func (t *Tab) Back() { t.travel(-1) }

// Forward goes to the page after.
func (t *Tab) Forward() { t.travel(+1) }

func (t *Tab) travel(by int) {
	t.mu.Lock()
	t.hops = 0
	to := t.index + by
	if to < 0 || to >= len(t.entries) {
		t.mu.Unlock()
		return
	}
	t.index = to
	e := t.entries[to]
	same := e.shown != 0 && e.shown == t.state.Generation && !t.state.Loading
	t.mu.Unlock()
	switch {
	case e.url == nil:
		t.slot.Stop()
		t.change(t.toStart)
	case same && t.hasPage():
		t.change(func() {
			t.state.URL, t.state.Fragment, t.state.ScrollY = e.url.String(), "", e.scroll
			t.state.Jump++
		})
	case e.form != nil && e.form.Method == "POST":
		t.askRepost(e)
	default:
		t.load(e, Navigation{URL: e.url, From: e.options.From, NoReferrer: e.options.NoReferrer, Form: e.form, Back: true}, placeHere)
	}
}

func (t *Tab) hasPage() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.Page != nil
}

func (t *Tab) askRepost(e entry) {
	t.slot.Stop()
	f := fault.Newf(fault.Unsupported, "open page", e.url.Host, "the page is the answer to a form")
	f.Question = &RepostQuestion{URL: e.url.String()}
	t.change(func() { t.showFault(f, e.url.String(), e.title) })
}

// Reload asks the server for the page again. Where the page is the answer to a
// form the form is sent again: the caller asks before, see Page.Post.
func (t *Tab) Reload() {
	t.mu.Lock()
	t.hops = 0
	e := t.entries[t.index]
	t.mu.Unlock()
	if e.url == nil {
		return
	}
	t.load(e, Navigation{
		URL: e.url, From: e.options.From, NoReferrer: e.options.NoReferrer, Form: e.form, Guessed: e.options.Guessed, Reload: true,
	}, placeHere)
}

// Repost answers a RepostQuestion with yes.
func (t *Tab) Repost() { t.Reload() }

// OpenInsecure answers an InsecureQuestion with yes.
func (t *Tab) OpenInsecure() {
	t.mu.Lock()
	var q *InsecureQuestion
	if t.state.Fault != nil {
		q, _ = t.state.Fault.Question.(*InsecureQuestion)
	}
	from := t.entries[t.index].options.From
	t.mu.Unlock()
	if q == nil {
		return
	}
	u, err := fetch.ParseURL(nil, q.URL)
	if err != nil {
		t.fail(invalidEntry(), fault.From("open page", "", err), q.URL)
		return
	}
	t.load(entry{url: u, options: OpenOptions{From: from}}, Navigation{URL: u, From: from, AllowInsecure: true}, placeHere)
}

// Stop ends the loading; what is shown stays.
func (t *Tab) Stop() {
	t.slot.Stop()
	t.change(func() {
		if !t.state.Loading {
			return
		}
		t.state.Loading, t.state.Progress = false, 0
		t.restore()
	})
}

// restore puts the address back to what is shown; the lock is held.
func (t *Tab) restore() {
	switch {
	case t.state.Page != nil:
		t.state.URL = fault.CleanURL(t.state.Page.URL)
	case t.state.Start:
		t.state.URL = ""
	}
}

// Scrolled remembers how far the page is scrolled, in CSS pixels, for the way
// back to it.
func (t *Tab) Scrolled(y float32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// While another page loads the person still scrolls the one that is shown.
	if e := &t.entries[t.index]; e.shown == t.state.Generation {
		e.scroll = y
	}
}

// SetZoom sets the factor on the page's sizes, 0.3 to 3, and remembers it for
// the site.
func (t *Tab) SetZoom(factor float32) {
	if u := t.pageURL(); u != nil {
		t.s.setZoom(zoomKey(u), min(max(factor, 0.3), 3))
		t.s.tellTabs()
	}
}

func zoomKey(u *url.URL) string {
	if u.Hostname() == "" {
		return u.Scheme + ":"
	}
	return cookies.Site(u.Hostname())
}

// Entries lists the stations of the tab's history, oldest first, and which of
// them is shown.
func (t *Tab) Entries() (list []Visit, at int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.entries {
		v := Visit{Title: e.title}
		if e.url != nil {
			v.URL = e.url.String()
		}
		list = append(list, v)
	}
	return list, t.index
}

// Go goes to a station of Entries.
func (t *Tab) Go(to int) {
	t.mu.Lock()
	by := to - t.index
	t.mu.Unlock()
	if by != 0 {
		t.travel(by)
	}
}

// publisher calls a function that publishes, one call at a time and again where
// something changed meanwhile. Listeners may call back: nothing is locked.
type publisher struct {
	mu          sync.Mutex
	busy, again bool
}

func (p *publisher) publish(f func()) {
	p.mu.Lock()
	if p.busy {
		p.again = true
		p.mu.Unlock()
		return
	}
	p.busy = true
	defer func() { // also after a panic of a listener: the next change is published again
		p.busy = false
		p.mu.Unlock()
	}()
	for {
		p.again = false
		p.call(f)
		if !p.again {
			return
		}
	}
}

// call runs f without the lock, which it holds again when it returns or panics.
func (p *publisher) call(f func()) {
	p.mu.Unlock()
	defer p.mu.Lock()
	f()
}
