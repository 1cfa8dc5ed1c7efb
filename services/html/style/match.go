package style

import (
	"cmp"
	"slices"
	"strings"

	"guichet/services/html/css"
	"guichet/services/html/dom"
)

// entry is a selector of a rule in a bucket.
type entry struct {
	sel  *css.Selector
	rule int32
	// needs are hashes of what ancestors must have, for the filter; 0 ends them.
	needs [4]uint32
}

// ruleSet is a list of rules prepared for matching: each selector lies in the
// bucket of the rarest thing its rightmost compound asks for.
type ruleSet struct {
	rules                []*css.Rule
	origin               []origin
	byID, byClass, byTag map[string][]entry
	any                  []entry
	pseudos              [css.OtherPseudo]bool
	// usesState is set where a selector asks for what a person can change.
	usesState bool
}

type origin uint8

const (
	fromUA origin = iota
	fromAuthor
)

func newRuleSet() *ruleSet {
	return &ruleSet{byID: map[string][]entry{}, byClass: map[string][]entry{}, byTag: map[string][]entry{}}
}

func (rs *ruleSet) add(r *css.Rule, from origin) {
	n := int32(len(rs.rules))
	rs.rules, rs.origin = append(rs.rules, r), append(rs.origin, from)
	for i := range r.Selectors {
		s := &r.Selectors[i]
		if s.Pseudo == css.OtherPseudo || s.Pseudo == css.Placeholder || never(s) {
			continue
		}
		rs.pseudos[s.Pseudo] = true
		e := entry{sel: s, rule: n}
		k := 0
		for j, c := range s.Compounds[1:] {
			// Siblings are no ancestors, but what stands left of them is.
			if s.Compounds[j].Comb == css.Adjacent || s.Compounds[j].Comb == css.Sibling {
				continue
			}
			for _, h := range hashes(&c) {
				if k < len(e.needs) {
					e.needs[k] = h
					k++
				}
			}
		}
		switch c := &s.Compounds[0]; {
		case c.ID != "":
			rs.byID[c.ID] = append(rs.byID[c.ID], e)
		case len(c.Classes) > 0:
			rs.byClass[c.Classes[0]] = append(rs.byClass[c.Classes[0]], e)
		case c.Tag != "":
			rs.byTag[c.Tag] = append(rs.byTag[c.Tag], e)
		default:
			rs.any = append(rs.any, e)
		}
		for j := range s.Compounds {
			for _, p := range s.Compounds[j].Pseudos {
				switch p.Name {
				case "checked", "placeholder-shown", "valid", "invalid", "indeterminate", "not", "is":
					rs.usesState = true
				}
			}
		}
	}
}

func never(s *css.Selector) bool {
	for i := range s.Compounds {
		if s.Compounds[i].Never {
			return true
		}
	}
	return false
}

func hash(kind byte, s string) uint32 {
	h := uint32(2166136261) ^ uint32(kind)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h | 1
}

func hashes(c *css.Compound) []uint32 {
	var out []uint32
	if c.ID != "" {
		out = append(out, hash('#', c.ID))
	}
	for _, k := range c.Classes {
		out = append(out, hash('.', k))
	}
	if c.Tag != "" {
		out = append(out, hash('t', c.Tag))
	}
	return out
}

// filter is a counting Bloom filter of the names of the ancestors.
type filter struct{ n [4096]uint16 }

func (f *filter) add(h uint32, by uint16) {
	f.n[h>>4&4095] += by
	f.n[h>>18&4095] += by
}

func (f *filter) may(h uint32) bool { return f.n[h>>4&4095] != 0 && f.n[h>>18&4095] != 0 }

// element is what matching asks of an element, read once.
type element struct {
	classes []string
	id      string
}

// matcher matches the rules of a set against the elements of a document.
type matcher struct {
	d       *dom.Document
	rs      *ruleSet
	env     *Env
	els     []element // by dom.ID; read on first visit
	seen    []bool
	filter  filter
	index   []int32 // 1-based place among element siblings, 0 unknown
	ofType  map[dom.ID]typeIndex
	counted map[dom.ID]bool
	// steps bounds what selectors may cost; over it nothing matches any more.
	steps int
}

type typeIndex struct{ first, last int32 }

func newMatcher(d *dom.Document, rs *ruleSet, env *Env) *matcher {
	return &matcher{
		d: d, rs: rs, env: env, els: make([]element, len(d.Nodes)), seen: make([]bool, len(d.Nodes)),
		index: make([]int32, len(d.Nodes)), ofType: map[dom.ID]typeIndex{}, counted: map[dom.ID]bool{},
		steps: 200_000_000,
	}
}

func (m *matcher) element(id dom.ID) *element {
	if !m.seen[id] {
		m.seen[id] = true
		for _, a := range m.d.Attrs(id) {
			switch a.Name {
			case "class":
				c := strings.Fields(a.Value)
				c = c[:min(len(c), maxClasses)]
				slices.Sort(c)
				m.els[id].classes = slices.Compact(c)
			case "id":
				m.els[id].id = a.Value
			}
		}
	}
	return &m.els[id]
}

const (
	maxClasses = 1000 // of one element; further ones are not seen
	matchCost  = 20   // steps: what a matching rule costs the cascade
)

// push adds an element to the ancestor filter; pop, with the same element,
// takes it out.
func (m *matcher) push(id dom.ID, by uint16) {
	e := m.element(id)
	m.filter.add(hash('t', m.d.Nodes[id].Name), by)
	if e.id != "" {
		m.filter.add(hash('#', e.id), by)
	}
	for _, c := range e.classes {
		m.filter.add(hash('.', c), by)
	}
}

// found is a matching rule with the weight of its selector.
type found struct {
	rule   int32
	weight uint32
}

// match appends the rules that match the element to out, one list for each
// pseudo-element.
func (m *matcher) match(id dom.ID, out *[css.OtherPseudo][]found) {
	e := m.element(id)
	if e.id != "" {
		m.bucket(m.rs.byID[e.id], id, out)
	}
	for _, c := range e.classes {
		m.bucket(m.rs.byClass[c], id, out)
	}
	m.bucket(m.rs.byTag[m.d.Nodes[id].Name], id, out)
	m.bucket(m.rs.any, id, out)
	for i, list := range out {
		out[i] = once(list)
	}
}

// once keeps each rule once, with the weight of its heaviest selector.
func once(list []found) []found {
	slices.SortFunc(list, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(b.weight, a.weight))
	})
	return slices.CompactFunc(list, func(a, b found) bool { return a.rule == b.rule })
}

func (m *matcher) bucket(b []entry, id dom.ID, out *[css.OtherPseudo][]found) {
next:
	for i := range b {
		e := &b[i]
		for _, h := range e.needs {
			if h != 0 && !m.filter.may(h) {
				continue next
			}
		}
		if !m.complex(e.sel, 0, id) {
			continue
		}
		m.steps -= matchCost
		out[e.sel.Pseudo] = append(out[e.sel.Pseudo], found{e.rule, e.sel.Weight})
	}
}

// complex matches the compounds of s from index i on, i at the element id.
func (m *matcher) complex(s *css.Selector, i int, id dom.ID) bool {
	if m.steps--; m.steps < 0 {
		return false
	}
	c := &s.Compounds[i]
	if !m.compound(c, id) {
		return false
	}
	if i+1 == len(s.Compounds) {
		return true
	}
	switch c.Comb {
	case css.Child:
		p := m.parent(id)
		return p != dom.None && m.complex(s, i+1, p)
	case css.Descendant:
		for p := m.parent(id); p != dom.None; p = m.parent(p) {
			if m.complex(s, i+1, p) {
				return true
			}
			if m.steps < 0 {
				return false
			}
		}
	case css.Adjacent:
		p := m.previous(id)
		return p != dom.None && m.complex(s, i+1, p)
	case css.Sibling:
		for p := m.previous(id); p != dom.None; p = m.previous(p) {
			if m.complex(s, i+1, p) {
				return true
			}
			if m.steps < 0 {
				return false
			}
		}
	}
	return false
}

func (m *matcher) parent(id dom.ID) dom.ID {
	p := m.d.Nodes[id].Parent
	if p <= 0 {
		return dom.None
	}
	return p
}

func (m *matcher) previous(id dom.ID) dom.ID {
	for p := m.d.Nodes[id].Prev; p != dom.None; p = m.d.Nodes[p].Prev {
		if m.d.Nodes[p].Kind == dom.Element {
			return p
		}
	}
	return dom.None
}

func (m *matcher) compound(c *css.Compound, id dom.ID) bool {
	if c.Never {
		return false
	}
	n := &m.d.Nodes[id]
	if c.Tag != "" && n.Name != c.Tag && !(n.Foreign && strings.EqualFold(n.Name, c.Tag)) {
		return false
	}
	e := m.element(id)
	if c.ID != "" && e.id != c.ID && !(m.d.Quirks && strings.EqualFold(e.id, c.ID)) {
		return false
	}
next:
	for _, want := range c.Classes {
		for _, have := range e.classes {
			if have == want {
				continue next
			}
		}
		return false
	}
	for i := range c.Attrs {
		if !m.attr(&c.Attrs[i], id) {
			return false
		}
	}
	for i := range c.Pseudos {
		if !m.pseudo(&c.Pseudos[i], id) {
			return false
		}
	}
	return true
}

func (m *matcher) attr(t *css.AttrTest, id dom.ID) bool {
	have, ok := m.d.Attr(id, t.Name)
	if !ok || t.Op == 0 {
		return ok
	}
	want := t.Value
	if t.Fold {
		have, want = strings.ToLower(have), strings.ToLower(want)
	}
	switch t.Op {
	case '=':
		return have == want
	case '~':
		for w := range strings.FieldsSeq(have) {
			if w == want {
				return true
			}
		}
		return false
	case '|':
		return have == want || strings.HasPrefix(have, want+"-")
	case '^':
		return want != "" && strings.HasPrefix(have, want)
	case '$':
		return want != "" && strings.HasSuffix(have, want)
	case '*':
		return want != "" && strings.Contains(have, want)
	}
	return false
}
