package css

import (
	"strconv"
	"strings"

	tcss "github.com/tdewolff/parse/v2/css"
)

// Combinator says how a compound is tied to the one on its left.
type Combinator uint8

// The combinators (Selectors 4, section 15).
const (
	Descendant Combinator = iota
	Child
	Adjacent
	Sibling
)

// PseudoElement is what a selector's subject makes.
type PseudoElement uint8

// The pseudo-elements that make boxes here; FirstLine and the like are parsed
// and never match.
const (
	NoPseudo PseudoElement = iota
	Before
	After
	Marker
	Placeholder
	OtherPseudo
)

// Selector is a complex selector, its compounds from right to left.
type Selector struct {
	Compounds []Compound
	Pseudo    PseudoElement
	// Weight is the specificity: ids, classes and types in 10 bits each.
	Weight uint32
}

// Compound is a sequence of simple selectors on one element. Comb ties it to
// the compound on its left, the next in Selector.Compounds.
type Compound struct {
	Comb    Combinator
	Tag     string // lower case; "" is any
	ID      string
	Classes []string
	Attrs   []AttrTest
	Pseudos []PseudoClass
	Never   bool // holds something that cannot match here
}

// AttrTest is an attribute selector.
type AttrTest struct {
	Name, Value string
	Op          byte // 0 present, '=', '~', '|', '^', '$', '*'
	Fold        bool // compare without letter case
}

// PseudoClass is a pseudo-class with its argument. Names keep the standard's.
type PseudoClass struct {
	Name string
	A, B int        // an+b
	Of   []Selector // :is, :where, :not, :nth-child(of)
	Text string     // :lang, :dir
}

// maxCompounds bounds the length of one selector.
const maxCompounds = 64

// parseSelectors reads a selector list. One invalid selector makes the whole
// list invalid, unless forgiving (as in :is and :where).
func parseSelectors(toks []token, forgiving bool, depth int) ([]Selector, bool) {
	if depth > 4 {
		return nil, false
	}
	var out []Selector
	start, nest := 0, 0
	for i := 0; i <= len(toks); i++ {
		if i < len(toks) {
			if _, open := closer(toks[i].kind); open {
				nest++
			}
			switch toks[i].kind {
			case tcss.RightParenthesisToken, tcss.RightBracketToken:
				nest--
			}
			if toks[i].kind != tcss.CommaToken || nest != 0 {
				continue
			}
		}
		p := selectorParser{toks: trim(toks[start:i]), depth: depth}
		s, ok := p.complex()
		if ok {
			out = append(out, s)
		} else if !forgiving {
			return nil, false
		}
		start = i + 1
	}
	return out, true
}

func trim(t []token) []token {
	for len(t) > 0 && t[0].kind == tcss.WhitespaceToken {
		t = t[1:]
	}
	for len(t) > 0 && t[len(t)-1].kind == tcss.WhitespaceToken {
		t = t[:len(t)-1]
	}
	return t
}

type selectorParser struct {
	toks   []token
	pos    int
	depth  int
	weight [3]uint32
}

func (p *selectorParser) peek() (token, bool) {
	if p.pos < len(p.toks) {
		return p.toks[p.pos], true
	}
	return token{}, false
}

func (p *selectorParser) complex() (Selector, bool) {
	var s Selector
	if len(p.toks) == 0 {
		return s, false
	}
	var left []Compound // from left to right, for now
	comb := Descendant
	for {
		c, pseudo, ok := p.compound()
		if !ok || len(left) >= maxCompounds {
			return s, false
		}
		c.Comb = comb
		left = append(left, c)
		s.Pseudo = pseudo
		t, more := p.peek()
		if !more {
			break
		}
		if pseudo != NoPseudo {
			return s, false
		}
		comb = Descendant
		spaced := false
		for more && t.kind == tcss.WhitespaceToken {
			spaced = true
			p.pos++
			t, more = p.peek()
		}
		if more && t.kind == tcss.DelimToken && strings.Contains(">+~", t.text) {
			comb = map[string]Combinator{">": Child, "+": Adjacent, "~": Sibling}[t.text]
			p.pos++
			for t, more = p.peek(); more && t.kind == tcss.WhitespaceToken; t, more = p.peek() {
				p.pos++
			}
		} else if !spaced {
			return s, false
		}
		if !more {
			return s, false
		}
	}
	for i := len(left) - 1; i >= 0; i-- {
		s.Compounds = append(s.Compounds, left[i])
	}
	// left[i].Comb ties i to i-1: that is the next entry after turning round.
	s.Weight = min(p.weight[0], 1023)<<20 | min(p.weight[1], 1023)<<10 | min(p.weight[2], 1023)
	return s, true
}

func (p *selectorParser) compound() (c Compound, pseudo PseudoElement, ok bool) {
	start := p.pos
	for {
		t, more := p.peek()
		if !more {
			break
		}
		switch t.kind {
		case tcss.IdentToken:
			if p.pos != start {
				return c, pseudo, false
			}
			c.Tag = strings.ToLower(unescape(t.text))
			p.weight[2]++
			p.pos++
			continue
		case tcss.HashToken:
			id := unescape(t.text[1:])
			if c.ID != "" && c.ID != id {
				c.Never = true
			}
			c.ID = id
			p.weight[0]++
			p.pos++
			continue
		case tcss.LeftBracketToken:
			if !p.attribute(&c) {
				return c, pseudo, false
			}
			continue
		case tcss.ColonToken:
			var good bool
			pseudo, good = p.pseudo(&c)
			if !good {
				return c, pseudo, false
			}
			if pseudo != NoPseudo {
				// Only dynamic pseudo-classes may follow: they never match here.
				for t, more := p.peek(); more && t.kind == tcss.ColonToken; t, more = p.peek() {
					if _, good := p.pseudo(&c); !good {
						return c, pseudo, false
					}
				}
				return c, pseudo, true
			}
			continue
		case tcss.DelimToken:
			switch t.text {
			case "*":
				if p.pos != start {
					return c, pseudo, false
				}
				p.pos++
				continue
			case ".":
				p.pos++
				n, more := p.peek()
				if !more || n.kind != tcss.IdentToken && n.kind != tcss.CustomPropertyNameToken {
					return c, pseudo, false
				}
				c.Classes = append(c.Classes, unescape(n.text))
				p.weight[1]++
				p.pos++
				continue
			case "|":
				// A namespace prefix: only the empty and the universal one mean anything.
				p.pos++
				continue
			}
		}
		break
	}
	return c, pseudo, p.pos > start
}

func (p *selectorParser) attribute(c *Compound) bool {
	p.pos++
	end := p.pos
	for end < len(p.toks) && p.toks[end].kind != tcss.RightBracketToken {
		end++
	}
	if end >= len(p.toks) {
		return false
	}
	var in []token
	for _, t := range p.toks[p.pos:end] {
		if t.kind != tcss.WhitespaceToken {
			in = append(in, t)
		}
	}
	p.pos = end + 1
	p.weight[1]++
	if len(in) == 0 || in[0].kind != tcss.IdentToken && in[0].kind != tcss.CustomPropertyNameToken {
		return false
	}
	a := AttrTest{Name: strings.ToLower(unescape(in[0].text))}
	if len(in) > 1 {
		if len(in) < 3 {
			return false
		}
		switch in[1].kind {
		case tcss.DelimToken:
			if in[1].text != "=" {
				return false
			}
			a.Op = '='
		case tcss.IncludeMatchToken:
			a.Op = '~'
		case tcss.DashMatchToken:
			a.Op = '|'
		case tcss.PrefixMatchToken:
			a.Op = '^'
		case tcss.SuffixMatchToken:
			a.Op = '$'
		case tcss.SubstringMatchToken:
			a.Op = '*'
		default:
			return false
		}
		switch in[2].kind {
		case tcss.StringToken:
			a.Value = unquote(in[2].text)
		case tcss.IdentToken, tcss.CustomPropertyNameToken:
			a.Value = unescape(in[2].text)
		default:
			return false
		}
		if len(in) == 4 {
			a.Fold = strings.EqualFold(in[3].text, "i")
		} else if len(in) > 4 {
			return false
		}
	}
	switch a.Name {
	case "type", "align", "valign", "dir", "lang", "method", "rel", "media", "target", "shape", "bgcolor", "color", "face", "charset":
		// HTML, section 15.2: compared without letter case in HTML documents.
		a.Fold = true
	}
	c.Attrs = append(c.Attrs, a)
	return true
}

// argument gives the tokens up to the matching parenthesis and passes it.
func (p *selectorParser) argument() ([]token, bool) {
	start, nest := p.pos, 1
	for ; p.pos < len(p.toks); p.pos++ {
		if _, open := closer(p.toks[p.pos].kind); open {
			nest++
		}
		switch p.toks[p.pos].kind {
		case tcss.RightParenthesisToken, tcss.RightBracketToken:
			if nest--; nest == 0 {
				p.pos++
				return trim(p.toks[start : p.pos-1]), true
			}
		}
	}
	return nil, false
}

func (p *selectorParser) pseudo(c *Compound) (PseudoElement, bool) {
	p.pos++
	t, more := p.peek()
	double := false
	if more && t.kind == tcss.ColonToken {
		double = true
		p.pos++
		t, more = p.peek()
	}
	if !more {
		return 0, false
	}
	p.pos++
	switch t.kind {
	case tcss.IdentToken:
		name := strings.ToLower(unescape(t.text))
		if e := pseudoElement(name, double); e != NoPseudo {
			p.weight[2]++
			return e, true
		}
		if double {
			return 0, false
		}
		p.weight[1]++
		return 0, p.class(c, name)
	case tcss.FunctionToken:
		name := strings.ToLower(strings.TrimSuffix(t.text, "("))
		arg, ok := p.argument()
		if !ok {
			return 0, false
		}
		if double {
			p.weight[2]++
			return OtherPseudo, true
		}
		return 0, p.function(c, name, arg)
	}
	return 0, false
}

func pseudoElement(name string, double bool) PseudoElement {
	switch name {
	case "before":
		return Before
	case "after":
		return After
	case "first-line", "first-letter":
		return OtherPseudo
	}
	if !double {
		return NoPseudo
	}
	switch name {
	case "marker":
		return Marker
	case "placeholder", "-webkit-input-placeholder", "-moz-placeholder":
		return Placeholder
	case "selection", "backdrop", "-moz-selection", "cue", "file-selector-button", "details-content":
		return OtherPseudo
	}
	if strings.HasPrefix(name, "-") {
		return OtherPseudo
	}
	return NoPseudo
}

// class takes a pseudo-class without argument. Those that depend on a pointer
// or a focus are known but never match.
func (p *selectorParser) class(c *Compound, name string) bool {
	switch name {
	case "root", "first-child", "last-child", "only-child", "first-of-type", "last-of-type", "only-of-type", "empty",
		"link", "visited", "any-link", "checked", "disabled", "enabled", "required", "optional", "read-only", "read-write",
		"placeholder-shown", "default", "indeterminate", "valid", "invalid", "in-range", "out-of-range", "target", "scope",
		"open", "defined":
		c.Pseudos = append(c.Pseudos, PseudoClass{Name: name})
	case "hover", "active", "focus", "focus-visible", "focus-within", "target-within", "fullscreen", "modal", "popover-open",
		"user-invalid", "user-valid", "autofill", "playing", "paused", "current", "past", "future":
		c.Never = true
	case "-moz-any-link", "-webkit-any-link":
		c.Pseudos = append(c.Pseudos, PseudoClass{Name: "any-link"})
	default:
		if !strings.HasPrefix(name, "-") {
			return false
		}
		c.Never = true
	}
	return true
}

func (p *selectorParser) function(c *Compound, name string, arg []token) bool {
	pc := PseudoClass{Name: name}
	switch name {
	case "is", "where", "not", "matches", "-webkit-any", "-moz-any":
		list, ok := parseSelectors(arg, name != "not", p.depth+1)
		if !ok {
			return false
		}
		for _, s := range list {
			if s.Pseudo != NoPseudo {
				return false
			}
		}
		if name != "not" && name != "where" {
			pc.Name = "is"
		}
		pc.Of = list
		if name != "where" {
			p.heaviest(list)
		}
	case "nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type":
		var of []token
		for i, t := range arg {
			if t.kind == tcss.IdentToken && strings.EqualFold(t.text, "of") {
				arg, of = arg[:i], arg[i+1:]
				break
			}
		}
		var ok bool
		if pc.A, pc.B, ok = nth(arg); !ok {
			return false
		}
		p.weight[1]++
		if of != nil {
			if pc.Of, ok = parseSelectors(of, false, p.depth+1); !ok {
				return false
			}
			p.heaviest(pc.Of)
		}
	case "lang", "dir":
		var b strings.Builder
		for _, t := range arg {
			b.WriteString(t.text)
		}
		pc.Text = strings.ToLower(strings.Trim(b.String(), `"'`))
		p.weight[1]++
	case "has", "host", "host-context", "state", "active-view-transition-type":
		c.Never = true
		p.weight[1]++
		return true
	default:
		return false
	}
	c.Pseudos = append(c.Pseudos, pc)
	return true
}

// heaviest adds the greatest specificity of a list.
func (p *selectorParser) heaviest(list []Selector) {
	var w uint32
	for _, s := range list {
		w = max(w, s.Weight)
	}
	p.weight[0] += w >> 20
	p.weight[1] += w >> 10 & 1023
	p.weight[2] += w & 1023
}

// nth reads the an+b notation (CSS Syntax 3, section 6).
func nth(toks []token) (a, b int, ok bool) {
	var text strings.Builder
	for _, t := range toks {
		if t.kind != tcss.WhitespaceToken {
			text.WriteString(strings.ToLower(t.text))
		}
	}
	s := text.String()
	switch s {
	case "odd":
		return 2, 1, true
	case "even":
		return 2, 0, true
	}
	i := strings.IndexByte(s, 'n')
	if i < 0 {
		b, err := strconv.Atoi(s)
		return 0, b, err == nil
	}
	switch head := s[:i]; head {
	case "", "+":
		a = 1
	case "-":
		a = -1
	default:
		n, err := strconv.Atoi(head)
		if err != nil {
			return 0, 0, false
		}
		a = n
	}
	if s[i+1:] != "" {
		n, err := strconv.Atoi(s[i+1:])
		if err != nil {
			return 0, 0, false
		}
		b = n
	}
	return a, b, true
}
