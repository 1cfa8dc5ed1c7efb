package css

import (
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
