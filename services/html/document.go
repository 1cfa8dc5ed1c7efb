package html

import (
	"context"
	"fmt"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/net/html/atom"

	"guichet/services/fault"
	"guichet/services/html/dom"
	"guichet/services/html/layout"
	"guichet/services/html/style"
)

// Document is a parsed page with the resources supplied so far and the state of
// its forms. It is not for use by several goroutines at once; the Views it
// gives are.
type Document struct {
	opt     Options
	lim     Limits
	charset string
	tree    *dom.Document
	base    *url.URL

	sheets   []*sheet // in document order
	pictures map[string]*shown
	order    []string // of pictures, by first mention
	decoded  int      // pixels of all pictures
	kept     int      // of these, held in memory
	failed   map[Request]bool

	controls []*control
	byNode   map[dom.ID]int // control by element
	open     map[dom.ID]bool

	engine   *style.Engine // nil when sheets changed
	styled   *style.Tree
	styleKey string
	boxes    *layout.Box // nil when styles, pictures or values changed
	viewport Viewport    // of the last layout
	noted    *style.Tree // whose pictures are pending already
}

// or gives the limits with the defaults filled in.
func (l Limits) or() Limits {
	pick := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	pick(&l.Bytes, Default.Bytes)
	pick(&l.Nodes, Default.Nodes)
	pick(&l.Depth, Default.Depth)
	pick(&l.Selectors, Default.Selectors)
	pick(&l.SheetBytes, Default.SheetBytes)
	pick(&l.ImagePixels, Default.ImagePixels)
	pick(&l.DecodedPixels, Default.DecodedPixels)
	pick(&l.KeptPixels, Default.KeptPixels)
	if l.Layout <= 0 {
		l.Layout = Default.Layout
	}
	return l
}

// guard turns a panic into a fault: a page must never take the program down.
func guard(op string, err *error) {
	if r := recover(); r != nil {
		*err = fault.New(fault.Internal, op, "", fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
	}
}

// Parse reads a page. The character set comes from the byte order mark, else
// the content type, else a meta element, else the text itself (HTML, section
// 13.2.3). It fails with fault.TooBig over Limits.Bytes and fault.Cancelled;
// there is no such thing as bad HTML.
func Parse(ctx context.Context, src []byte, opt Options) (d *Document, err error) {
	defer guard("read the page", &err)
	lim := opt.Limits.or()
	if len(src) > lim.Bytes {
		return nil, fault.Newf(fault.TooBig, "read the page", "", "%d bytes, the limit is %d", len(src), lim.Bytes)
	}
	utf8, charset, err := dom.Decode(src, opt.ContentType)
	if err != nil {
		return nil, fault.New(fault.Damaged, "read the page", "", err)
	}
	tree, err := dom.Parse(ctx, utf8, dom.Limits{Nodes: lim.Nodes, Depth: lim.Depth})
	if err != nil {
		return nil, fault.From("read the page", "", err)
	}
	d = &Document{
		opt: opt, lim: lim, charset: charset, tree: tree, base: baseURL(opt.URL), pictures: map[string]*shown{},
		failed: map[Request]bool{}, byNode: map[dom.ID]int{}, open: map[dom.ID]bool{},
		viewport: Viewport{Width: 1000, Height: 700, Scale: 1},
	}
	d.findBase()
	d.findSheets()
	d.findControls()
	d.findPictures()
	return d, nil
}

// findBase follows the first base element with an address (HTML, section 4.2.3).
func (d *Document) findBase() {
	for n := range d.tree.Descendants(0) {
		if !d.tree.Is(n, atom.Base) {
			continue
		}
		if href := strings.TrimSpace(d.tree.Get(n, "href")); href != "" {
			if u, err := d.base.Parse(href); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
				d.base = u
			}
			return
		}
	}
}

// absolute makes a reference absolute; "" if it cannot be read.
func (d *Document) absolute(ref string) string { return resolve(d.base, ref) }

func resolve(base *url.URL, ref string) string {
	ref = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return -1
		}
		return r
	}, ref))
	if len(ref) >= 5 && strings.EqualFold(ref[:5], "data:") {
		return ref
	}
	u, err := base.Parse(ref)
	if err != nil {
		// Spaces and other raw characters are common in the wild.
		if u, err = base.Parse((&url.URL{Path: ref}).EscapedPath()); err != nil {
			return ""
		}
	}
	return u.String()
}

// Title is the document's title, one line; "" if it has none.
func (d *Document) Title() string {
	for n := range d.tree.Descendants(0) {
		if d.tree.Is(n, atom.Title) {
			if t := d.tree.Line(n); t != "" {
				return t
			}
		}
	}
	return ""
}

// rel reports whether a link element has the relation.
func (d *Document) rel(n dom.ID, rel string) bool {
	for w := range strings.FieldsSeq(d.tree.Get(n, "rel")) {
		if strings.EqualFold(w, rel) {
			return true
		}
	}
	return false
}

// Icon is the absolute URL of the page's icon; "" if it names none.
func (d *Document) Icon() string {
	best := ""
	for n := range d.tree.Descendants(0) {
		if !d.tree.Is(n, atom.Link) || d.tree.Get(n, "href") == "" {
			continue
		}
		switch {
		case d.rel(n, "icon"):
			if u := d.absolute(d.tree.Get(n, "href")); u != "" {
				return u
			}
		case best == "" && d.rel(n, "apple-touch-icon"):
			best = d.absolute(d.tree.Get(n, "href"))
		}
	}
	return best
}

// BaseURL is what relative references are relative to: the base element, else
// the document's own URL.
func (d *Document) BaseURL() string { return d.base.String() }

// Lang is the document's language, a BCP 47 tag; "" if it says none.
func (d *Document) Lang() string {
	for n := range d.tree.Children(0) {
		if d.tree.Nodes[n].Kind == dom.Element {
			if l := d.tree.Get(n, "lang"); l != "" {
				return strings.TrimSpace(l)
			}
			return strings.TrimSpace(d.tree.Get(n, "xml:lang"))
		}
	}
	return ""
}

// Charset is the name of the character set the document was read in.
func (d *Document) Charset() string { return d.charset }

// Feeds lists the feeds that the page announces.
func (d *Document) Feeds() []Feed {
	var out []Feed
	for n := range d.tree.Descendants(0) {
		if !d.tree.Is(n, atom.Link) || !d.rel(n, "alternate") || len(out) >= 64 {
			continue
		}
		t := strings.ToLower(strings.TrimSpace(strings.Split(d.tree.Get(n, "type"), ";")[0]))
		switch t {
		case "application/rss+xml", "application/atom+xml", "application/feed+json":
			if u := d.absolute(d.tree.Get(n, "href")); u != "" {
				out = append(out, Feed{Type: t, Title: strings.TrimSpace(d.tree.Get(n, "title")), URL: u})
			}
		}
	}
	return out
}

// Refresh is the page's meta refresh; nil if it has none. In mail it is always nil.
func (d *Document) Refresh() *Redirect {
	if d.opt.Mail {
		return nil
	}
	for n := range d.tree.Descendants(0) {
		if !d.tree.Is(n, atom.Meta) || !strings.EqualFold(d.tree.Get(n, "http-equiv"), "refresh") {
			continue
		}
		// HTML, section 4.2.5.3: seconds, then ; or , then url=, all but the
		// first optional.
		s := strings.TrimSpace(d.tree.Get(n, "content"))
		end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(s)
		}
		sec, err := strconv.Atoi(s[:end])
		if err != nil {
			if !strings.HasPrefix(s, ".") {
				continue
			}
			sec = 0
		}
		rest := strings.TrimLeft(s[end:], ".0123456789")
		rest = strings.TrimLeft(rest, " ;,\t\n")
		if len(rest) >= 3 && strings.EqualFold(rest[:3], "url") {
			if r := strings.TrimLeft(rest[3:], " \t"); strings.HasPrefix(r, "=") {
				rest = strings.TrimSpace(r[1:])
			}
		}
		rest = strings.Trim(rest, `"'`)
		u := baseURL(d.opt.URL).String()
		if rest != "" {
			u = d.absolute(rest)
		}
		if p, err := url.Parse(u); err != nil || p.Scheme == "javascript" || p.Scheme == "data" {
			return nil
		}
		return &Redirect{Seconds: sec, URL: u}
	}
	return nil
}

// Anchors lists the names that fragments can point at, in document order.
func (d *Document) Anchors() []string {
	var out []string
	for n := range d.tree.Descendants(0) {
		if d.tree.Nodes[n].Kind != dom.Element {
			continue
		}
		if id := d.tree.Get(n, "id"); id != "" {
			out = append(out, id)
		} else if name := d.tree.Get(n, "name"); name != "" && d.tree.Is(n, atom.A) {
			out = append(out, name)
		}
	}
	return out
}

// DeclaresDark reports whether the document says itself how it looks in the
// dark (prefers-color-scheme, or meta color-scheme with dark).
func (d *Document) DeclaresDark() bool {
	for n := range d.tree.Descendants(0) {
		if d.tree.Is(n, atom.Meta) {
			name := strings.ToLower(d.tree.Get(n, "name"))
			if (name == "color-scheme" || name == "supported-color-schemes") && strings.Contains(strings.ToLower(d.tree.Get(n, "content")), "dark") {
				return true
			}
		}
	}
	return d.rules().Dark
}
