package html

import (
	"image/color"
	"sort"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/atom"

	"guichet/services/html/display"
	"guichet/services/html/dom"
	"guichet/services/html/layout"
)

// View is a document laid out for a width. It is immutable.
type View struct {
	Width, Height float32 // CSS pixels; Width may exceed the viewport's
	List          display.List
	Background    color.NRGBA // of the canvas, below and beside the list
	// Simplified is set where the document was over a limit and the view shows
	// its plain text only; Reason is the fault that says why.
	Simplified bool
	Reason     error

	doc      *dom.Document
	ix       *layout.Index
	links    []Link
	controls []Control
	pictures []Picture
	focus    []Focusable
	areas    []area // what a pointer can hit, later ones above
	once     sync.Once
	folded   *folded
}

// area is a rectangle that belongs to a link, a control, a picture or a title.
type area struct {
	display.Rect
	link, control, picture int // indices, -1 for none
	title                  string
}

// Focusable is a place that the Tab key visits: a link or a control.
type Focusable struct {
	Link    int // index in Links, or -1
	Control int // index in Controls, or -1
	Rects   []display.Rect
}

// collect fills the lists from the index.
func (v *View) collect(d *Document) {
	linkOf := map[dom.ID]int{}
	linkText := map[int]*strings.Builder{}
	link := func(n dom.ID) int {
		a := d.tree.Closest(n, atom.A, atom.Area)
		if a == dom.None {
			return -1
		}
		href, ok := d.tree.Attr(a, "href")
		if !ok {
			return -1
		}
		if i, ok := linkOf[a]; ok {
			return i
		}
		u := d.linkURL(href)
		if u == "" {
			linkOf[a] = -1
			return -1
		}
		i := len(v.links)
		linkOf[a] = i
		v.links = append(v.links, Link{
			URL: u, Target: d.tree.Get(a, "target"), Download: d.tree.Get(a, "download"), Rel: d.tree.Get(a, "rel"), Title: d.title(a),
		})
		linkText[i] = &strings.Builder{}
		return i
	}
	controlAt := map[int]int{}
	labels := map[dom.ID]int{}
	for i := range v.ix.Boxes {
		b := &v.ix.Boxes[i]
		box := b.Frag.Box
		if b.Visible.W <= 0 && b.Visible.H <= 0 || box.Anon && box.Replaced == nil || box.Style.Hidden {
			continue
		}
		a := area{Rect: b.Visible, link: -1, control: -1, picture: -1}
		if box.Control >= 0 && box.Control < len(d.controls) && box.Style.Display != 0 {
			if _, dup := controlAt[box.Control]; !dup {
				c := d.describe(box.Control, b.Rect, contentRect(b), box)
				controlAt[box.Control] = len(v.controls)
				v.controls = append(v.controls, c)
			}
			a.control = controlAt[box.Control]
		}
		if r := box.Replaced; r != nil && r.Kind == layout.PictureContent && r.URL != "" && box.Node != dom.None && !box.Anon {
			a.picture = len(v.pictures)
			v.pictures = append(v.pictures, Picture{URL: r.URL, Alt: r.Alt, Rect: b.Rect, Missing: r.Missing})
		}
		if d.tree.Is(box.Node, atom.A) || box.Kind == layout.ReplacedBox {
			if a.link = link(box.Node); a.link >= 0 && (box.Kind != layout.InlineBox || box.Kind == layout.ReplacedBox) {
				l := &v.links[a.link]
				l.Rects = append(l.Rects, b.Visible)
			}
		}
		a.title = d.title(box.Node)
		if a.control < 0 && d.tree.Is(box.Node, atom.Label) {
			labels[box.Node] = len(v.areas)
			v.areas = append(v.areas, a)
			continue
		}
		if a.link >= 0 || a.control >= 0 || a.picture >= 0 || a.title != "" {
			v.areas = append(v.areas, a)
		}
	}
	for i := range v.ix.Spots {
		s := &v.ix.Spots[i]
		if n := link(s.Box.Node); n >= 0 {
			v.links[n].Rects = append(v.links[n].Rects, s.Rect)
			t := linkText[n]
			if t.Len() > 0 && !strings.HasSuffix(t.String(), " ") {
				t.WriteByte(' ')
			}
			t.WriteString(s.Run.Text)
			v.areas = append(v.areas, area{Rect: s.Rect, link: n, control: -1, picture: -1, title: d.title(s.Box.Node)})
		} else if lb := d.tree.Closest(s.Box.Node, atom.Label); lb != dom.None {
			if c, ok := controlAt[d.labelled(lb)]; ok {
				v.areas = append(v.areas, area{Rect: s.Rect, link: -1, control: c, picture: -1, title: d.title(s.Box.Node)})
			}
		}
	}
	for lb, at := range labels {
		if c, ok := controlAt[d.labelled(lb)]; ok {
			v.areas[at].control = c
		}
	}
	for i, t := range linkText {
		v.links[i].Text = strings.Join(strings.Fields(t.String()), " ")
	}
	v.focusOrder(d, linkOf, controlAt)
}

// linkURL makes a link's address absolute; "" for what must not be followed.
func (d *Document) linkURL(href string) string {
	u := d.absolute(href)
	scheme, _, _ := strings.Cut(u, ":")
	switch strings.ToLower(scheme) {
	case "javascript", "vbscript", "data", "":
		return ""
	}
	return u
}

// title is the tooltip of an element or the nearest ancestor that has one.
func (d *Document) title(n dom.ID) string {
	for ; n > 0; n = d.tree.Nodes[n].Parent {
		if d.tree.Nodes[n].Kind == dom.Element {
			if t, ok := d.tree.Attr(n, "title"); ok {
				return strings.TrimSpace(t)
			}
		}
	}
	return ""
}

func contentRect(b *layout.BoxSpot) display.Rect {
	f := b.Frag
	r := b.Rect
	r.X += f.Border[3] + f.Padding[3]
	r.Y += f.Border[0] + f.Padding[0]
	r.W = max(0, r.W-f.Border[1]-f.Border[3]-f.Padding[1]-f.Padding[3])
	r.H = max(0, r.H-f.Border[0]-f.Border[2]-f.Padding[0]-f.Padding[2])
	return r
}

// focusOrder puts links and controls in tree order, those with a positive
// tabindex first.
func (v *View) focusOrder(d *Document, linkOf map[dom.ID]int, controlAt map[int]int) {
	type stop struct {
		node dom.ID
		tab  int
		Focusable
	}
	var stops []stop
	add := func(n dom.ID, f Focusable) {
		tab := 0
		if t, ok := d.tree.Attr(n, "tabindex"); ok {
			tab = atoi(t)
		}
		if tab >= 0 && len(f.Rects) > 0 {
			stops = append(stops, stop{n, tab, f})
		}
	}
	for n, i := range linkOf {
		if i >= 0 {
			add(n, Focusable{Link: i, Control: -1, Rects: v.links[i].Rects})
		}
	}
	for id, i := range controlAt {
		c := &v.controls[i]
		if !c.Disabled {
			add(d.controls[id].node, Focusable{Link: -1, Control: i, Rects: []display.Rect{c.Rect}})
		}
	}
	sort.Slice(stops, func(i, j int) bool {
		a, b := stops[i], stops[j]
		if (a.tab > 0) != (b.tab > 0) {
			return a.tab > 0
		}
		if a.tab != b.tab {
			return a.tab < b.tab
		}
		return a.node < b.node
	})
	for _, s := range stops {
		v.focus = append(v.focus, s.Focusable)
	}
}

// Hit tells what lies at the point.
func (v *View) Hit(x, y float32) Hit {
	var h Hit
	for i := len(v.areas) - 1; i >= 0; i-- {
		a := &v.areas[i]
		if !a.Contains(x, y) {
			continue
		}
		if h.Link == nil && a.link >= 0 {
			l := v.links[a.link]
			h.Link = &l
		}
		if h.Control == nil && a.control >= 0 {
			c := v.controls[a.control]
			h.Control = &c
		}
		if h.Picture == nil && a.picture >= 0 {
			p := v.pictures[a.picture]
			h.Picture = &p
		}
		if h.Title == "" {
			h.Title = a.title
		}
	}
	s, on := v.nearest(x, y)
	if s != nil {
		h.Position, h.OnText = Position(s.At(x)), on
	}
	return h
}

// Links lists the links in reading order.
func (v *View) Links() []Link { return v.links }

// Controls lists the visible form controls in reading order.
func (v *View) Controls() []Control { return v.controls }

// Pictures lists the images in reading order.
func (v *View) Pictures() []Picture { return v.pictures }

// Focusables lists what the Tab key visits, in its order (HTML, section 6.6.4:
// positive tabindex first).
func (v *View) Focusables() []Focusable { return v.focus }

// Anchor is the y at which the element of that id or name begins.
func (v *View) Anchor(name string) (y float32, ok bool) {
	if v.doc == nil {
		return 0, false
	}
	id := v.doc.ByID(name)
	if id == dom.None {
		for n := range v.doc.Descendants(0) {
			if v.doc.Is(n, atom.A) && name != "" && v.doc.Get(n, "name") == name {
				id = n
				break
			}
		}
	}
	if id == dom.None {
		if name == "" || strings.EqualFold(name, "top") {
			return 0, true // HTML, section 7.4.6.3
		}
		return 0, false
	}
	// An element without a box points at what follows it.
	for n := id; n != dom.None; n = v.doc.Next(n, 0, false) {
		if y, ok := v.ix.Top[n]; ok {
			return y, true
		}
	}
	return 0, false
}

// nearest finds the text nearest to a point, and whether it is really there.
func (v *View) nearest(x, y float32) (*layout.Spot, bool) {
	best := -1
	var score float32
	for i := range v.ix.Spots {
		s := &v.ix.Spots[i]
		if s.Contains(x, y) {
			return s, true
		}
		dy := max(s.Y-y, y-s.Y-s.H, 0)
		dx := max(s.X-x, x-s.X-s.W, 0)
		// The line comes first, then the place in it.
		if d := dy*50 + dx; best < 0 || d < score {
			best, score = i, d
		}
	}
	if best < 0 {
		return nil, false
	}
	return &v.ix.Spots[best], false
}

// PositionAt is the place in the text nearest to the point.
func (v *View) PositionAt(x, y float32) Position {
	s, _ := v.nearest(x, y)
	if s == nil {
		return 0
	}
	return Position(s.At(x))
}

func (v *View) clamp(p Position) int { return max(0, min(int(p), len(v.ix.Text))) }

// Word gives the word around p.
func (v *View) Word(p Position) Range {
	t := v.ix.Text
	at := v.clamp(p)
	class := func(r rune) int {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) || r == '_' || r == '’' || r == '\'':
			return 1
		case unicode.IsSpace(r):
			return 2
		}
		return 3
	}
	r, n := utf8.DecodeRuneInString(t[at:])
	if n == 0 || class(r) == 2 {
		// At a word's end the word before is meant.
		if q, m := utf8.DecodeLastRuneInString(t[:at]); m > 0 && class(q) == 1 {
			r, at = q, at-m
		}
	}
	if at >= len(t) {
		return Range{Position(at), Position(at)}
	}
	k := class(r)
	start, end := at, at
	for start > 0 {
		q, m := utf8.DecodeLastRuneInString(t[:start])
		if class(q) != k || q == '\n' {
			break
		}
		start -= m
	}
	for end < len(t) {
		q, m := utf8.DecodeRuneInString(t[end:])
		if class(q) != k || q == '\n' {
			break
		}
		end += m
	}
	return Range{Position(start), Position(end)}
}

// Paragraph gives the paragraph around p.
func (v *View) Paragraph(p Position) Range {
	t := v.ix.Text
	at := v.clamp(p)
	start := strings.LastIndexAny(t[:at], "\n\t") + 1
	end := strings.IndexAny(t[at:], "\n\t")
	if end < 0 {
		end = len(t)
	} else {
		end += at
	}
	return Range{Position(start), Position(end)}
}

// All is the whole text.
func (v *View) All() Range { return Range{0, Position(len(v.ix.Text))} }

func (v *View) order(r Range) (int, int) {
	a, b := v.clamp(r.Start), v.clamp(r.End)
	if a > b {
		a, b = b, a
	}
	return a, b
}

// Rects are the boxes to highlight for a range, one per line and run.
func (v *View) Rects(r Range) []display.Rect {
	a, b := v.order(r)
	var out []display.Rect
	i := sort.Search(len(v.ix.Spots), func(i int) bool { return v.ix.Spots[i].End > a })
	for ; i < len(v.ix.Spots) && v.ix.Spots[i].Start < b; i++ {
		s := &v.ix.Spots[i]
		x0, x1 := s.Edge(max(a, s.Start)), s.Edge(min(b, s.End))
		if x0 > x1 {
			x0, x1 = x1, x0
		}
		if x1 > x0 {
			out = append(out, display.Rect{X: x0, Y: s.Y, W: x1 - x0, H: s.H})
		}
	}
	return out
}

// Text is the range's text as it goes to the clipboard.
func (v *View) Text(r Range) string {
	a, b := v.order(r)
	return v.ix.Text[a:b]
}

// Caret is where a caret at p stands: a box without width.
func (v *View) Caret(p Position) display.Rect {
	at := v.clamp(p)
	i := sort.Search(len(v.ix.Spots), func(i int) bool { return v.ix.Spots[i].End >= at })
	if i == len(v.ix.Spots) {
		if i == 0 {
			return display.Rect{}
		}
		i--
	}
	s := &v.ix.Spots[i]
	return display.Rect{X: s.Edge(at), Y: s.Y, H: s.H}
}

// folded is the text for searching: lower case, white space as one space, with
// the way back.
type folded struct {
	text string
	back []int32 // offset in the text by offset in folded text
}

func (v *View) fold() *folded {
	v.once.Do(func() {
		f := &folded{}
		var b strings.Builder
		space := true
		for i, r := range v.ix.Text {
			if unicode.IsSpace(r) || r == '\u00A0' {
				if space {
					continue
				}
				space, r = true, ' '
			} else {
				space = false
				r = unicode.ToLower(r)
			}
			if r == '\u00AD' || r == '\u200B' {
				continue
			}
			b.WriteRune(r)
			for range utf8.RuneLen(r) {
				f.back = append(f.back, int32(i))
			}
		}
		f.text = b.String()
		f.back = append(f.back, int32(len(v.ix.Text)))
		v.folded = f
	})
	return v.folded
}

// maxFound bounds what Find gives.
const maxFound = 10_000

// Find lists where text occurs, letter case and the kind of white space not
// counting; at most 10,000 places.
func (v *View) Find(text string) []Range {
	want := strings.ToLower(strings.Join(strings.Fields(text), " "))
	if want == "" || v.ix == nil {
		return nil
	}
	f := v.fold()
	var out []Range
	for at := 0; len(out) < maxFound; {
		i := strings.Index(f.text[at:], want)
		if i < 0 {
			break
		}
		start := at + i
		end := start + len(want)
		// The end is behind the last character found, not before the next one.
		last := end - 1
		for last > start && !utf8.RuneStart(f.text[last]) {
			last--
		}
		from := f.back[last]
		_, n := utf8.DecodeRuneInString(v.ix.Text[from:])
		out = append(out, Range{Position(f.back[start]), Position(int(from) + n)})
		at = end
	}
	return out
}
