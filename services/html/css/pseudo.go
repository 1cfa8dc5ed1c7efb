package css

import (
	"strconv"
	"strings"

	tcss "github.com/tdewolff/parse/v2/css"
)

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
