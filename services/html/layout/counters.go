package layout

import (
	"strconv"
	"strings"

	"golang.org/x/net/html/atom"

	"guichet/services/html/dom"
	"guichet/services/html/style"
)

// counter is an instance of a counter.
type counter struct {
	owner dom.ID // the element that made it
	value int
	step  int // of list items: -1 in reversed lists
}

// counterSet holds the counters in scope, innermost last (Lists 3, section 4).
type counterSet map[string][]counter

const listItem = "list-item"

// maxCounters bounds nested instances of one counter.
const maxCounters = 512

func (c counterSet) reset(name string, owner dom.ID, value int) {
	l := c[name]
	if n := len(l); n > 0 && l[n-1].owner == owner {
		l[n-1].value = value
		return
	}
	if len(l) < maxCounters && (l != nil || len(c) < 64) {
		c[name] = append(l, counter{owner: owner, value: value, step: 1})
	}
}

func (c counterSet) increment(name string, owner dom.ID, by int) {
	if len(c[name]) == 0 {
		c.reset(name, owner, 0)
	}
	if l := c[name]; len(l) > 0 {
		l[len(l)-1].value += by
	}
}

// apply carries out counter-reset and counter-increment of an element.
func (c counterSet) apply(id dom.ID, s *style.Style, item bool) {
	for _, r := range s.Reset {
		c.reset(r.Name, id, r.By)
	}
	for _, r := range s.Increment {
		c.increment(r.Name, id, r.By)
	}
}

// leave ends the counters that the element's children made. A counter made by
// the element itself goes on for its siblings, until their parent ends.
func (c counterSet) leave(id dom.ID) {
	for name, l := range c {
		n := len(l)
		for n > 0 && l[n-1].owner > id {
			// Node ids grow in tree order: larger ones are descendants.
			n--
		}
		if n == 0 {
			delete(c, name)
		} else {
			c[name] = l[:n]
		}
	}
}

// list begins the numbering of a list (HTML, section 4.4.5).
func (c counterSet) list(d *dom.Document, id dom.ID) {
	start, step := 0, 1
	if d.Has(id, "reversed") {
		step = -1
		n := 0
		for k := range d.Children(id) {
			if d.Is(k, atom.Li) {
				n++
			}
		}
		start = n + 1
	}
	if v, err := strconv.Atoi(strings.TrimSpace(d.Get(id, "start"))); err == nil && d.Is(id, atom.Ol) {
		start = v - step
	}
	c.reset(listItem, id, start)
	l := c[listItem]
	if len(l) > 0 {
		l[len(l)-1].step = step
	}
}

// item counts a list item.
func (c counterSet) item(d *dom.Document, id dom.ID) {
	step := 1
	if l := c[listItem]; len(l) > 0 {
		step = l[len(l)-1].step
	}
	c.increment(listItem, id, step)
	if v, err := strconv.Atoi(strings.TrimSpace(d.Get(id, "value"))); err == nil {
		if l := c[listItem]; len(l) > 0 {
			l[len(l)-1].value = v
		}
	}
}

func (c counterSet) value(name string) int {
	if l := c[name]; len(l) > 0 {
		return l[len(l)-1].value
	}
	return 0
}

func (c counterSet) format(k style.Content) string {
	if !k.Nested {
		return formatCounter(c.value(k.Counter), k.Kind)
	}
	var parts []string
	for _, i := range c[k.Counter] {
		parts = append(parts, formatCounter(i.value, k.Kind))
	}
	return strings.Join(parts, k.Joiner)
}

// formatCounter writes a number in a counter style (Counter Styles 3, section 6).
func formatCounter(n int, kind string) string {
	switch kind {
	case "none":
		return ""
	case "disc":
		return "•"
	case "circle":
		return "◦"
	case "square":
		return "▪"
	case "decimal-leading-zero":
		if n >= 0 && n < 10 {
			return "0" + strconv.Itoa(n)
		}
	case "lower-alpha", "lower-latin":
		return alphabetic(n, 'a', 26)
	case "upper-alpha", "upper-latin":
		return alphabetic(n, 'A', 26)
	case "lower-greek":
		return alphabetic(n, 'α', 24)
	case "lower-roman":
		return strings.ToLower(roman(n))
	case "upper-roman":
		return roman(n)
	}
	return strconv.Itoa(n)
}

func alphabetic(n int, first rune, size int) string {
	if n <= 0 {
		return strconv.Itoa(n)
	}
	var out []rune
	for n > 0 {
		n--
		r := first + rune(n%size)
		if first == 'α' && r >= 'ς' {
			r++ // the final sigma is no number
		}
		out = append([]rune{r}, out...)
		n /= size
	}
	return string(out)
}

func roman(n int) string {
	if n <= 0 || n >= 4000 {
		return strconv.Itoa(n)
	}
	var b strings.Builder
	for _, p := range []struct {
		v int
		s string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for n >= p.v {
			b.WriteString(p.s)
			n -= p.v
		}
	}
	return b.String()
}

// marker makes a list item's marker (Lists 3, section 3); nil for none.
func (b *builder) marker(id dom.ID, s *style.Style) *Marker {
	ms := s
	if m := b.t.Marker[id]; m != nil {
		ms = m
	}
	m := &Marker{Style: b.t.Anonymous(ms, style.Inline), Node: id}
	if len(ms.Content) > 0 && b.t.Marker[id] != nil {
		for _, c := range ms.Content {
			if c.Counter != "" {
				m.Text += b.counters.format(c)
			}
			m.Text += c.Text
		}
		return m
	}
	if s.ListImage != "" {
		if r := b.picture(s.ListImage, ""); r.Image != nil {
			m.Image, m.Text = r, "• "
			return m
		}
	}
	switch kind := s.ListType; kind {
	case "none":
		return nil
	case "disc", "circle", "square", "disclosure-open", "disclosure-closed":
		m.Bullet = kind
		m.Text = map[string]string{"disc": "• ", "circle": "◦ ", "square": "▪ "}[kind]
	default:
		if kind != "" && kind[0] == '"' {
			m.Text = kind[1:]
			break
		}
		m.Text = formatCounter(b.counters.value(listItem), kind) + ". "
	}
	return m
}
