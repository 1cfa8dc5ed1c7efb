package html

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"

	"guichet/services/fault"
	"guichet/services/html/css"
	"guichet/services/html/dom"
	"guichet/services/html/layout"
	"guichet/services/html/picture"
	"guichet/services/html/style"
)

// sheet is a style element, a style sheet that a link names, or one that is
// imported.
type sheet struct {
	url     string // absolute; "" for style elements
	media   *css.Query
	parsed  *css.Sheet // nil until it is there
	imports []*sheet
	depth   int
}

// shown is a picture that the document shows.
type shown struct {
	picture picture.Picture
	done    bool // supplied or failed
}

// The bounds on what one document may ask for.
const (
	maxSheets   = 200
	maxImports  = 5 // deep
	maxPictures = 2000
)

// findSheets finds the author's style sheets (HTML, sections 4.2.4 and 4.2.6).
func (d *Document) findSheets() {
	for n := range d.tree.Descendants(0) {
		if len(d.sheets) >= maxSheets || d.tree.Nodes[n].Foreign {
			continue
		}
		switch d.tree.Nodes[n].Atom {
		case atom.Style:
			if t := strings.TrimSpace(d.tree.Get(n, "type")); t != "" && !strings.EqualFold(t, "text/css") {
				continue
			}
			s := &sheet{media: css.ParseMedia(d.tree.Get(n, "media"))}
			d.parseSheet(s, d.tree.TextContent(n), d.base)
			d.sheets = append(d.sheets, s)
		case atom.Link:
			if !d.rel(n, "stylesheet") || d.rel(n, "alternate") || d.tree.Has(n, "disabled") {
				continue
			}
			if t := strings.TrimSpace(d.tree.Get(n, "type")); t != "" && !strings.HasPrefix(strings.ToLower(t), "text/css") {
				continue
			}
			if u := d.absolute(d.tree.Get(n, "href")); u != "" && d.tree.Get(n, "href") != "" {
				s := &sheet{url: u, media: css.ParseMedia(d.tree.Get(n, "media"))}
				d.sheets = append(d.sheets, s)
				d.inline(s)
			}
		}
	}
}

// inline supplies a sheet whose address holds it.
func (d *Document) inline(s *sheet) {
	if r, err := dataURL(s.url); err == nil && r != nil {
		d.supplySheet(s, r)
	} else if err != nil {
		s.parsed = css.Parse("", 0)
	}
}

func (d *Document) parseSheet(s *sheet, src string, base *url.URL) {
	if len(src) > d.lim.SheetBytes {
		src = src[:d.lim.SheetBytes]
	}
	left := d.lim.Selectors
	d.eachSheet(func(o *sheet) {
		if o.parsed != nil {
			left -= o.parsed.Selectors
		}
	})
	// Old pages hide their styles from browsers older than they are.
	src = strings.TrimSpace(src)
	s.parsed = css.Parse(src, max(left, 0))
	s.parsed.MapURLs(func(u string) string { return resolve(base, u) })
	d.engine = nil
	if s.depth >= maxImports {
		return
	}
	for _, im := range s.parsed.Imports {
		if im.URL == "" || d.countSheets() >= maxSheets {
			continue
		}
		c := &sheet{url: im.URL, media: im.Media, depth: s.depth + 1}
		s.imports = append(s.imports, c)
		d.inline(c)
	}
}

func (d *Document) countSheets() int {
	n := 0
	d.eachSheet(func(*sheet) { n++ })
	return n
}

func (d *Document) eachSheet(visit func(*sheet)) {
	var walk func(list []*sheet)
	walk = func(list []*sheet) {
		for _, s := range list {
			visit(s)
			walk(s.imports)
		}
	}
	walk(d.sheets)
}

// rules prepares the sheets that are there, imported ones before those that
// import them.
func (d *Document) rules() *style.Engine {
	if d.engine != nil {
		return d.engine
	}
	var sources []style.Source
	var add func(s *sheet, outer []*css.Query)
	add = func(s *sheet, outer []*css.Query) {
		media := append(outer[:len(outer):len(outer)], s.media)
		for _, im := range s.imports {
			add(im, media)
		}
		if s.parsed != nil {
			sources = append(sources, style.Source{Sheet: s.parsed, Media: media})
		}
	}
	for _, s := range d.sheets {
		add(s, nil)
	}
	var own *css.Sheet
	if d.opt.Sheet != "" {
		own = css.Parse(d.opt.Sheet, len(d.opt.Sheet))
	}
	d.engine = style.New(own, sources)
	d.styled, d.boxes = nil, nil
	return d.engine
}

// want notes a picture that the document shows.
func (d *Document) want(u string) {
	if u == "" || d.pictures[u] != nil || len(d.pictures) >= maxPictures {
		return
	}
	im := &shown{}
	d.pictures[u] = im
	d.order = append(d.order, u)
	r, err := dataURL(u)
	switch {
	case err != nil:
		im.done = true
	case r != nil:
		d.supplyPicture(u, r)
	default:
		switch scheme, _, _ := strings.Cut(u, ":"); strings.ToLower(scheme) {
		case "http", "https", "cid", "file", "mid", "ftp", "guichet":
		default:
			im.done = true
		}
	}
}

// findPictures notes the pictures that the markup names; those of style sheets
// come when styles are known.
func (d *Document) findPictures() {
	for n := range d.tree.Descendants(0) {
		nd := &d.tree.Nodes[n]
		if nd.Kind != dom.Element || nd.Foreign {
			continue
		}
		switch nd.Atom {
		case atom.Img, atom.Input:
			if nd.Atom == atom.Img || strings.EqualFold(d.tree.Get(n, "type"), "image") {
				d.want(d.ImageURL(n))
			}
		case atom.Video:
			if p := d.tree.Get(n, "poster"); p != "" {
				d.want(d.absolute(p))
			}
		}
	}
}

// notePictures notes the pictures of the computed styles.
func (d *Document) notePictures(t *style.Tree) {
	if d.noted == t {
		return
	}
	d.noted = t
	see := func(s *style.Style) {
		if s == nil {
			return
		}
		for i := range s.Images {
			d.want(s.Images[i].URL)
		}
		d.want(s.ListImage)
		for i := range s.Content {
			d.want(s.Content[i].URL)
		}
	}
	for _, s := range t.Styles {
		see(s)
	}
	for n := range t.Styles {
		see(t.Before[dom.ID(n)])
		see(t.After[dom.ID(n)])
	}
}

// Pending lists what the document refers to and nobody has supplied yet, style
// sheets first. Supplying a style sheet may make more pending (@import,
// pictures in it).
func (d *Document) Pending() []Request {
	var out []Request
	seen := map[Request]bool{}
	add := func(u string, kind ResourceKind) {
		r := request(u, kind)
		if !seen[r] && !d.failed[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	waiting := false
	d.eachSheet(func(s *sheet) {
		if s.parsed == nil {
			waiting = true
			add(s.url, Stylesheet)
		}
	})
	if !waiting {
		// All sheets are there: the styles tell which of their pictures are used.
		var err error
		func() {
			defer guard("style the page", &err)
			_, err = d.styles(context.Background(), d.viewport)
		}()
		if err != nil {
			d.noted = nil
		}
	}
	for _, u := range d.order {
		if !d.pictures[u].done {
			add(u, Image)
		}
	}
	return out
}

func request(u string, kind ResourceKind) Request {
	scheme, _, _ := strings.Cut(u, ":")
	scheme = strings.ToLower(scheme)
	return Request{URL: u, Kind: kind, Remote: scheme != "cid" && scheme != "mid"}
}

// Supply answers a request: with a resource, or with the error that kept it
// from coming; a failed request is not pending any more. Layouts made later
// use it.
func (d *Document) Supply(q Request, r *Resource, err error) {
	if err == nil && r == nil {
		err = fault.Newf(fault.NotFound, "load", "", "nothing was supplied")
	}
	if err != nil {
		d.failed[q] = true
	}
	var caught error
	func() {
		defer guard("read a resource", &caught)
		switch q.Kind {
		case Stylesheet:
			d.eachSheet(func(s *sheet) {
				if s.url != q.URL || s.parsed != nil {
					return
				}
				if err != nil {
					s.parsed = css.Parse("", 0)
					return
				}
				d.supplySheet(s, r)
			})
		case Image:
			im := d.pictures[q.URL]
			if im == nil {
				return
			}
			if err != nil {
				im.done, d.boxes = true, nil
				return
			}
			d.supplyPicture(q.URL, r)
		}
	}()
	if caught != nil {
		d.failed[q] = true
	}
}

func (d *Document) supplySheet(s *sheet, r *Resource) {
	base := d.base
	ref := r.URL
	if ref == "" {
		ref = s.url
	}
	if u, err := url.Parse(ref); err == nil && u.IsAbs() && u.Opaque == "" {
		base = u
	}
	data := r.Data
	if len(data) > d.lim.SheetBytes {
		data = data[:d.lim.SheetBytes]
	}
	d.parseSheet(s, sheetText(data, r.MediaType), base)
}

// sheetText decodes a style sheet (CSS Syntax 3, section 3.2).
func sheetText(data []byte, mediaType string) string {
	label := ""
	if i := strings.Index(strings.ToLower(mediaType), "charset="); i >= 0 {
		label = strings.Trim(mediaType[i+len("charset="):], `"' ;`)
	} else if bytes.HasPrefix(data, []byte(`@charset "`)) {
		if end := bytes.IndexByte(data[10:min(len(data), 80)], '"'); end >= 0 {
			label = string(data[10 : 10+end])
		}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if enc, name := charset.Lookup(label); enc != nil && name != "utf-8" {
		if out, err := enc.NewDecoder().Bytes(data); err == nil {
			data = out
		}
	}
	return strings.ToValidUTF8(string(data), "\uFFFD")
}

func (d *Document) supplyPicture(u string, r *Resource) {
	im := d.pictures[u]
	im.done, d.boxes = true, nil
	pixels := min(d.lim.ImagePixels, d.lim.DecodedPixels-d.decoded)
	if pixels <= 0 {
		return
	}
	p, decoded, err := picture.Decode(r.Data, r.MediaType, pixels, d.share())
	d.decoded += decoded
	if err == nil {
		im.picture = p
		b := p.Image.Bounds()
		d.kept += b.Dx() * b.Dy()
	}
}

// share is how many pixels the next picture may be kept at: a part of what is
// left, so that a page of any number of photographs stays within its limit, each
// of them still sharp at the size of a page.
func (d *Document) share() int {
	return (d.lim.KeptPixels - d.kept) / min(max(len(d.order), 4), 32)
}

// Complete supplies what is pending, one request after the other, until
// nothing is. It returns early with the context's fault only; a resource that
// fails is left out of the page.
func (d *Document) Complete(ctx context.Context, load func(context.Context, Request) (*Resource, error)) error {
	for {
		list := d.Pending()
		if len(list) == 0 {
			return nil
		}
		for _, q := range list {
			if err := ctx.Err(); err != nil {
				return fault.From("load the page", "", err)
			}
			r, err := load(ctx, q)
			d.Supply(q, r, err)
		}
	}
}

// dataURL decodes a data: URL (RFC 2397); nil for any other.
func dataURL(u string) (*Resource, error) {
	if len(u) < 5 || !strings.EqualFold(u[:5], "data:") {
		return nil, nil
	}
	head, body, ok := strings.Cut(u[5:], ",")
	if !ok {
		return nil, fmt.Errorf("data URL without data")
	}
	raw, err := url.PathUnescape(body)
	if err != nil {
		raw = body
	}
	if h, is := strings.CutSuffix(strings.TrimSpace(head), ";base64"); is {
		head = h
		clean := strings.Map(func(r rune) rune {
			switch r {
			case ' ', '\n', '\r', '\t', '=':
				return -1
			case '-':
				return '+'
			case '_':
				return '/'
			}
			return r
		}, raw)
		data, err := base64.RawStdEncoding.DecodeString(clean)
		if err != nil {
			return nil, fmt.Errorf("data URL: %w", err)
		}
		return &Resource{URL: "", MediaType: head, Data: data}, nil
	}
	return &Resource{MediaType: head, Data: []byte(raw)}, nil
}

// The methods below make Document what package layout asks of its resources.

// Picture gives what is known of a picture.
func (d *Document) Picture(u string) layout.PictureState {
	im := d.pictures[u]
	if im == nil {
		return layout.PictureState{}
	}
	var img image.Image = im.picture.Image
	return layout.PictureState{Image: img, W: im.picture.W, H: im.picture.H, Missing: !im.done}
}

// Absolute makes a reference absolute.
func (d *Document) Absolute(ref string) string {
	if strings.TrimSpace(ref) == "" {
		return ""
	}
	return d.absolute(ref)
}

// ImageURL chooses the address that an img shows (HTML, section 4.8.4.3): of a
// picture element's sources the first that fits, of a srcset the smallest that
// is fine enough.
func (d *Document) ImageURL(id dom.ID) string {
	if p := d.tree.Nodes[id].Parent; d.tree.Is(p, atom.Picture) {
		for c := range d.tree.Children(p) {
			if c == id {
				break
			}
			if !d.tree.Is(c, atom.Source) {
				continue
			}
			switch t := strings.ToLower(strings.TrimSpace(d.tree.Get(c, "type"))); t {
			case "", "image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/bmp":
			default:
				continue
			}
			m := css.Media{Width: 1000, Height: 700, Scale: 1}
			if q := css.ParseMedia(d.tree.Get(c, "media")); !q.Matches(&m) {
				continue
			}
			if u := pickSource(d.tree.Get(c, "srcset")); u != "" {
				return d.absolute(u)
			}
		}
	}
	src := strings.TrimSpace(d.tree.Get(id, "src"))
	if u := pickSource(d.tree.Get(id, "srcset")); u != "" && (src == "" || strings.HasPrefix(src, "data:")) {
		return d.absolute(u)
	}
	if src == "" {
		// Pages that load pictures late by script leave the address here.
		src = strings.TrimSpace(d.tree.Get(id, "data-src"))
	}
	if src == "" {
		return ""
	}
	return d.absolute(src)
}

// pickSource takes from a srcset the candidate nearest above 1000 pixels, or
// twice the density.
func pickSource(set string) string {
	best, bestScore := "", 0.0
	for i, c := range strings.Split(set, ", ") {
		f := strings.Fields(strings.Trim(strings.TrimSpace(c), ","))
		if len(f) == 0 || i > 64 {
			continue
		}
		score := 1.0
		if len(f) > 1 {
			n, err := strconv.ParseFloat(f[1][:len(f[1])-1], 64)
			if err != nil {
				continue
			}
			score = n
			if strings.HasSuffix(f[1], "w") {
				score = n / 1000
			}
		}
		fit := func(s float64) bool { return s >= 1 && s <= 2.5 }
		if best == "" || fit(score) && !fit(bestScore) || !fit(bestScore) && score > bestScore && score <= 2.5 {
			best, bestScore = f[0], score
		}
	}
	return best
}

// Open reports whether a details element shows its contents.
func (d *Document) Open(id dom.ID) bool {
	if v, ok := d.open[id]; ok {
		return v
	}
	return d.tree.Has(id, "open") || d.viewport.Print
}
