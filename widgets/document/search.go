package document

import (
	"image/color"
	"sort"

	"fyne.io/fyne/v2"
)

// search is the state of the search in the page.
type search struct {
	text    string
	found   []Range
	rects   [][]Rect // of each range, worked out when first needed
	current int      // index, -1 for none
}

// maxMarks bounds the places that are highlighted at the same time.
const maxMarks = 2000

// Find searches the page, highlights all places and goes to the first one at
// or after the top of the view. "" ends the search. OnFind tells the count.
func (d *Document) Find(text string) {
	d.search = search{text: text, current: -1}
	if d.page != nil && text != "" {
		d.search.look(d)
		if len(d.search.found) > 0 {
			v := d.visible()
			top := d.page.Position(v.X, max(v.Y, 0))
			n := sort.Search(len(d.search.found), func(i int) bool { return d.search.found[i].Start >= top })
			d.search.goTo(d, n%len(d.search.found))
		}
	}
	d.drawMarks()
	d.search.tell(d)
}

// FindNext goes to the next place found, from the last one to the first.
func (d *Document) FindNext() { d.findStep(1) }

// FindPrevious goes to the place before, from the first one to the last.
func (d *Document) FindPrevious() { d.findStep(-1) }

func (d *Document) findStep(by int) {
	n := len(d.search.found)
	if n == 0 {
		return
	}
	d.search.goTo(d, (d.search.current+by+n)%n)
	d.drawMarks()
	d.search.tell(d)
}

func (s *search) look(d *Document) {
	s.found = d.page.Find(s.text)
	s.rects = make([][]Rect, len(s.found))
}

// again repeats the search in a new layout, without scrolling.
func (s *search) again(d *Document) {
	d.choice.rects = d.rects(d.choice.r)
	if s.text == "" {
		return
	}
	before := len(s.found)
	s.look(d)
	s.current = min(s.current, len(s.found)-1)
	if len(s.found) != before {
		s.tell(d)
	}
}

func (s *search) goTo(d *Document, i int) {
	s.current = i
	d.Select(s.found[i])
	if r := s.at(d, i); len(r) > 0 {
		d.reveal(r[0])
	}
}

func (s *search) at(d *Document, i int) []Rect {
	if s.rects[i] == nil {
		s.rects[i] = d.rects(s.found[i])
	}
	return s.rects[i]
}

func (s *search) tell(d *Document) {
	if d.OnFind != nil {
		d.OnFind(s.current+1, len(s.found))
	}
}

// marks are the highlights of places that are seen. Places are in the order of
// the text, so those around the view are found without looking at all of them.
func (s *search) marks(d *Document, seen Rect) []fyne.CanvasObject {
	if len(s.found) == 0 {
		return nil
	}
	from := d.page.Position(seen.X, seen.Y-seen.H)
	to := d.page.Position(seen.X+seen.W, seen.Y+2*seen.H)
	if len(s.found) <= 500 { // in columns and tables the order on screen is another
		from, to = 0, int(^uint(0)>>1)
	}
	i := sort.Search(len(s.found), func(i int) bool { return s.found[i].End >= from })
	var out []fyne.CanvasObject
	for ; i < len(s.found) && s.found[i].Start <= to && len(out) < maxMarks; i++ {
		if i != s.current {
			out = append(out, d.marks(s.at(d, i), seen, foundColor)...)
		}
	}
	return out
}

// foundColor is the yellow of a marker pen, on light and on dark pages.
var foundColor = color.NRGBA{R: 0xFF, G: 0xC8, B: 0x20, A: 0x58}
