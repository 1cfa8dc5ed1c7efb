package style

import (
	"strings"

	"golang.org/x/net/html/atom"

	"guichet/services/html/css"
	"guichet/services/html/dom"
)

func (m *matcher) pseudo(p *css.PseudoClass, id dom.ID) bool {
	switch p.Name {
	case "root", "scope":
		return m.d.Nodes[id].Parent == 0
	case "is", "where":
		return m.anyOf(p.Of, id)
	case "not":
		return !m.anyOf(p.Of, id)
	case "first-child":
		return m.previous(id) == dom.None
	case "last-child":
		return m.following(id) == dom.None
	case "only-child":
		return m.previous(id) == dom.None && m.following(id) == dom.None
	case "nth-child", "nth-last-child":
		return m.nthChild(p, id)
	case "first-of-type":
		return m.typed(id).first == 1
	case "last-of-type":
		return m.typed(id).last == 1
	case "only-of-type":
		return m.typed(id) == typeIndex{1, 1}
	case "nth-of-type":
		return isNth(p.A, p.B, int(m.typed(id).first))
	case "nth-last-of-type":
		return isNth(p.A, p.B, int(m.typed(id).last))
	case "empty":
		return m.d.Nodes[id].First == dom.None
	case "lang":
		for n := id; n > 0; n = m.d.Nodes[n].Parent {
			if l, ok := m.d.Attr(n, "lang"); ok {
				l = strings.ToLower(l)
				return l == p.Text || strings.HasPrefix(l, p.Text+"-")
			}
		}
		return false
	case "dir":
		for n := id; n > 0; n = m.d.Nodes[n].Parent {
			if v := strings.ToLower(m.d.Get(n, "dir")); v == "ltr" || v == "rtl" {
				return v == p.Text
			}
		}
		return p.Text == "ltr"
	case "target":
		return m.env.Target != "" && m.element(id).id == m.env.Target
	case "open":
		return m.d.Has(id, "open")
	case "defined":
		return true
	}
	return m.state(p.Name, id)
}

// state answers what depends on links and forms (HTML, section 4.16.3).
func (m *matcher) state(name string, id dom.ID) bool {
	n := &m.d.Nodes[id]
	switch name {
	case "link", "any-link", "visited":
		if n.Atom != atom.A && n.Atom != atom.Area {
			return false
		}
		href, ok := m.d.Attr(id, "href")
		if !ok || name == "any-link" {
			return ok
		}
		return (m.env.Visited != nil && m.env.Visited(href)) == (name == "visited")
	}
	control := n.Atom == atom.Input || n.Atom == atom.Textarea || n.Atom == atom.Select
	switch name {
	case "checked":
		if m.env.Checked != nil && n.Atom == atom.Input {
			return m.env.Checked(id)
		}
		return n.Atom == atom.Input && m.d.Has(id, "checked") || n.Atom == atom.Option && m.d.Has(id, "selected")
	case "disabled", "enabled":
		if !control && n.Atom != atom.Button && n.Atom != atom.Option && n.Atom != atom.Fieldset {
			return false
		}
		off := m.d.Has(id, "disabled")
		if f := m.d.Closest(n.Parent, atom.Fieldset); !off && f != dom.None {
			off = m.d.Has(f, "disabled")
		}
		return off == (name == "disabled")
	case "required", "optional":
		return control && m.d.Has(id, "required") == (name == "required")
	case "read-only", "read-write":
		rw := (n.Atom == atom.Input || n.Atom == atom.Textarea) && !m.d.Has(id, "readonly") && !m.d.Has(id, "disabled")
		return rw == (name == "read-write")
	case "placeholder-shown":
		return m.d.Get(id, "placeholder") != "" && m.d.Get(id, "value") == ""
	case "default":
		return m.d.Has(id, "checked") || m.d.Has(id, "selected")
	case "valid", "in-range":
		return control
	}
	return false
}

func (m *matcher) anyOf(list []css.Selector, id dom.ID) bool {
	for i := range list {
		if m.complex(&list[i], 0, id) {
			return true
		}
	}
	return false
}

func (m *matcher) following(id dom.ID) dom.ID {
	for p := m.d.Nodes[id].Next; p != dom.None; p = m.d.Nodes[p].Next {
		if m.d.Nodes[p].Kind == dom.Element {
			return p
		}
	}
	return dom.None
}

func (m *matcher) nthChild(p *css.PseudoClass, id dom.ID) bool {
	last := p.Name == "nth-last-child"
	if p.Of != nil {
		if !m.anyOf(p.Of, id) {
			return false
		}
		n := 1
		step := m.previous
		if last {
			step = m.following
		}
		for s := step(id); s != dom.None && m.steps > 0; s = step(s) {
			if m.anyOf(p.Of, s) {
				n++
			}
		}
		return isNth(p.A, p.B, n)
	}
	m.count(m.d.Nodes[id].Parent)
	n := int(m.index[id])
	if last {
		total := 0
		for c := m.d.Nodes[m.d.Nodes[id].Parent].Last; c != dom.None; c = m.d.Nodes[c].Prev {
			if m.d.Nodes[c].Kind == dom.Element {
				total = int(m.index[c])
				break
			}
		}
		n = total - n + 1
	}
	return isNth(p.A, p.B, n)
}

// count numbers the children of a parent once.
func (m *matcher) count(parent dom.ID) {
	if m.counted[parent] {
		return
	}
	m.counted[parent] = true
	n := int32(0)
	types := map[string]int32{}
	for c := range m.d.Children(parent) {
		if m.d.Nodes[c].Kind == dom.Element {
			n++
			m.index[c] = n
			types[m.d.Nodes[c].Name]++
			m.ofType[c] = typeIndex{first: types[m.d.Nodes[c].Name]}
		}
	}
	for c := range m.d.Children(parent) {
		if m.d.Nodes[c].Kind == dom.Element {
			t := m.ofType[c]
			t.last = types[m.d.Nodes[c].Name] - t.first + 1
			m.ofType[c] = t
		}
	}
}

func (m *matcher) typed(id dom.ID) typeIndex {
	m.count(m.d.Nodes[id].Parent)
	return m.ofType[id]
}

func isNth(a, b, n int) bool {
	if a == 0 {
		return n == b
	}
	return (n-b)/a >= 0 && (n-b)%a == 0
}
