package css

import (
	"strings"

	tcss "github.com/tdewolff/parse/v2/css"
)

// Rule is a style rule with the conditions around it.
type Rule struct {
	Selectors []Selector
	Decls     []Decl
	Media     []*Query // all have to hold
	// Layer orders cascade layers: 0 is outside of any, and wins (Cascade 5,
	// section 6.4); of others the later declared wins.
	Layer int
}

// Import is an @import rule.
type Import struct {
	URL   string
	Media *Query
}

// FontFace is an @font-face rule.
type FontFace struct {
	Family string
	URLs   []string
	Weight int
	Italic bool
}

// Sheet is a parsed style sheet.
type Sheet struct {
	Imports   []Import
	Rules     []Rule
	FontFaces []FontFace
	// Selectors counts them, for the limit that Parse was given.
	Selectors int
	Truncated bool
	layers    map[string]int
}

// Parse reads a style sheet. At most maxSelectors selectors are taken; what
// comes after them is left out and Truncated set.
func Parse(src string, maxSelectors int) *Sheet {
	p := &parser{toks: tokenize(src), s: &Sheet{layers: map[string]int{}}, max: maxSelectors}
	p.rules(context{top: true})
	return p.s
}

// ParseStyle reads the contents of a style attribute.
func ParseStyle(src string) []Decl {
	p := &parser{toks: tokenize(src), s: &Sheet{}}
	decls, _ := p.block(false)
	return decls
}

// ParseValue reads a value as a property's: for presentational attributes.
func ParseValue(src string) []Value {
	v, ok := values(tokenize(src), false)
	if !ok {
		return nil
	}
	return v
}

type parser struct {
	toks []token
	pos  int
	s    *Sheet
	max  int
}

// context is what encloses the rules being read.
type context struct {
	media  []*Query
	layer  int
	parent []Selector // of nested rules
	top    bool
	depth  int
}

func (p *parser) peek() (token, bool) {
	if p.pos < len(p.toks) {
		return p.toks[p.pos], true
	}
	return token{}, false
}

// rules reads a list of rules up to a closing brace or the end.
func (p *parser) rules(c context) {
	for {
		t, ok := p.peek()
		if !ok {
			return
		}
		switch t.kind {
		case tcss.WhitespaceToken, tcss.SemicolonToken:
			p.pos++
		case tcss.RightBraceToken:
			if !c.top {
				return
			}
			p.pos++
		case tcss.AtKeywordToken:
			p.at(c)
		default:
			p.qualified(c)
		}
	}
}

// prelude gives the tokens up to an opening brace or semicolon, which is passed;
// open tells which it was.
func (p *parser) prelude(stopAtSemicolon bool) (toks []token, open bool) {
	start, nest := p.pos, 0
	for ; p.pos < len(p.toks); p.pos++ {
		switch p.toks[p.pos].kind {
		case tcss.LeftBraceToken:
			if nest == 0 {
				p.pos++
				return p.toks[start : p.pos-1], true
			}
			nest++
		case tcss.FunctionToken, tcss.LeftParenthesisToken, tcss.LeftBracketToken:
			nest++
		case tcss.RightParenthesisToken, tcss.RightBracketToken:
			nest = max(nest-1, 0)
		case tcss.RightBraceToken:
			if nest == 0 {
				return p.toks[start:p.pos], false
			}
			nest--
		case tcss.SemicolonToken:
			if stopAtSemicolon && nest == 0 {
				p.pos++
				return p.toks[start : p.pos-1], false
			}
		}
	}
	return p.toks[start:p.pos], false
}

// skip passes a block whose opening brace has been passed.
func (p *parser) skip() {
	for nest := 1; p.pos < len(p.toks) && nest > 0; p.pos++ {
		switch p.toks[p.pos].kind {
		case tcss.LeftBraceToken:
			nest++
		case tcss.RightBraceToken:
			nest--
		}
	}
}

// closeBlock passes the closing brace.
func (p *parser) closeBlock() {
	if t, ok := p.peek(); ok && t.kind == tcss.RightBraceToken {
		p.pos++
	}
}

func (p *parser) qualified(c context) {
	pre, open := p.prelude(false)
	if !open {
		p.closeBlock()
		return
	}
	sels, ok := parseSelectors(trim(pre), false, 0)
	if !ok || p.full(len(sels)) {
		p.skip()
		return
	}
	p.style(c, sels)
}

// full counts selectors against the limit.
func (p *parser) full(n int) bool {
	if p.s.Selectors+n > p.max {
		p.s.Truncated = true
		return true
	}
	p.s.Selectors += n
	return false
}

// style reads a style rule's block, the rules nested in it included.
func (p *parser) style(c context, sels []Selector) {
	at := len(p.s.Rules)
	p.s.Rules = append(p.s.Rules, Rule{Selectors: sels, Media: c.media, Layer: c.layer})
	c.parent, c.top = sels, false
	p.s.Rules[at].Decls = p.nested(c)
	p.closeBlock()
	if len(p.s.Rules) == at+1 && len(p.s.Rules[at].Decls) == 0 {
		p.s.Rules = p.s.Rules[:at]
	}
}

// nested reads declarations and nested rules (CSS Nesting 1) up to a closing
// brace. Inside conditional rules the declarations become a rule of the parent.
func (p *parser) nested(c context) []Decl {
	var decls []Decl
	for {
		ds, stop := p.block(true)
		decls = append(decls, ds...)
		if !stop {
			break
		}
		if t := p.toks[p.pos]; t.kind == tcss.AtKeywordToken {
			at := len(p.s.Rules)
			inner := c
			p.s.Rules = append(p.s.Rules, Rule{})
			before := len(p.s.Rules)
			p.atNested(inner, at)
			if len(p.s.Rules) == before && p.s.Rules[at].Selectors == nil {
				p.s.Rules = p.s.Rules[:at]
			}
			continue
		}
		pre, open := p.prelude(false)
		if !open {
			continue
		}
		sels, ok := nestedSelectors(trim(pre), c.parent)
		if !ok || p.full(len(sels)) || c.depth > maxNesting {
			p.skip()
			continue
		}
		c.depth++
		p.style(c, sels)
		c.depth--
	}
	return decls
}

// nestedSelectors makes complex selectors of a nested rule's: & is the parent,
// and a selector without it is a descendant.
func nestedSelectors(toks []token, parent []Selector) ([]Selector, bool) {
	// A leading combinator has & on its left.
	if len(toks) > 0 && toks[0].kind == tcss.DelimToken && strings.Contains(">+~", toks[0].text) {
		toks = append([]token{{tcss.DelimToken, "&"}}, toks...)
	}
	amp := false
	mapped := make([]token, 0, len(toks)+4)
	for _, t := range toks {
		if t.kind == tcss.DelimToken && t.text == "&" {
			amp = true
			mapped = append(mapped, token{tcss.ColonToken, ":"}, token{tcss.IdentToken, "scope"})
			continue
		}
		mapped = append(mapped, t)
	}
	sels, ok := parseSelectors(mapped, false, 0)
	if !ok || len(parent) == 0 {
		return nil, false
	}
	var heaviest uint32
	for _, s := range parent {
		heaviest = max(heaviest, s.Weight)
		if s.Pseudo != NoPseudo {
			return nil, false
		}
	}
	for i := range sels {
		found := false
		for j := range sels[i].Compounds {
			ps := sels[i].Compounds[j].Pseudos
			for k := range ps {
				if ps[k].Name == "scope" && amp {
					ps[k] = PseudoClass{Name: "is", Of: parent}
					found = true
				}
			}
		}
		if !found {
			if len(sels[i].Compounds) >= maxCompounds {
				return nil, false
			}
			sels[i].Compounds = append(sels[i].Compounds, Compound{Pseudos: []PseudoClass{{Name: "is", Of: parent}}})
		}
		sels[i].Weight += heaviest
	}
	return sels, true
}

// block reads declarations up to a closing brace or the end. With nesting it
// stops at what begins a nested rule and reports that.
func (p *parser) block(nesting bool) (decls []Decl, stop bool) {
	for {
		t, ok := p.peek()
		if !ok {
			return decls, false
		}
		switch t.kind {
		case tcss.WhitespaceToken, tcss.SemicolonToken:
			p.pos++
			continue
		case tcss.RightBraceToken:
			if !nesting {
				p.pos++
				continue
			}
			return decls, false
		case tcss.AtKeywordToken:
			if nesting {
				return decls, true
			}
		}
		start := p.pos
		if end, isRule := p.declarationEnd(); isRule {
			if nesting {
				return decls, true
			}
			p.pos = end + 1
			p.skip()
		} else {
			decls = append(decls, declaration(p.toks[start:end])...)
			p.pos = end
		}
	}
}

// declarationEnd finds where the declaration at pos ends; isRule is set where
// a block comes first, so that it is a nested rule.
func (p *parser) declarationEnd() (end int, isRule bool) {
	nest := 0
	custom := p.toks[p.pos].kind == tcss.CustomPropertyNameToken || strings.HasPrefix(p.toks[p.pos].text, "--")
	for i := p.pos; i < len(p.toks); i++ {
		switch p.toks[i].kind {
		case tcss.LeftBraceToken:
			if nest == 0 && !custom {
				return i, true
			}
			nest++
		case tcss.FunctionToken, tcss.LeftParenthesisToken, tcss.LeftBracketToken:
			nest++
		case tcss.RightParenthesisToken, tcss.RightBracketToken:
			nest = max(nest-1, 0)
		case tcss.RightBraceToken:
			if nest == 0 {
				return i, false
			}
			nest--
		case tcss.SemicolonToken:
			if nest == 0 {
				return i, false
			}
		}
	}
	return len(p.toks), false
}

// declaration reads "name: value !important".
func declaration(toks []token) []Decl {
	toks = trim(toks)
	if len(toks) < 3 && !(len(toks) == 2 && toks[1].kind == tcss.ColonToken) {
		return nil
	}
	name := unescape(toks[0].text)
	if toks[0].kind != tcss.IdentToken && toks[0].kind != tcss.CustomPropertyNameToken {
		return nil
	}
	rest := trim(toks[1:])
	if len(rest) == 0 || rest[0].kind != tcss.ColonToken {
		return nil
	}
	rest = trim(rest[1:])
	important := false
	if n := len(rest); n >= 2 && strings.EqualFold(rest[n-1].text, "important") {
		head := trim(rest[:n-1])
		if m := len(head); m > 0 && head[m-1].kind == tcss.DelimToken && head[m-1].text == "!" {
			important = true
			rest = trim(head[:m-1])
		}
	}
	if strings.HasPrefix(name, "--") {
		vals, ok := values(rest, true)
		if !ok {
			return nil
		}
		return []Decl{{Prop: Custom, Name: name, Important: important, Vals: vals, Vars: HasVar(vals)}}
	}
	prop := Lookup(strings.ToLower(name))
	if prop == NoProp {
		return nil
	}
	vals, ok := values(rest, false)
	if !ok || len(vals) == 0 {
		return nil
	}
	if HasVar(vals) {
		return []Decl{{Prop: prop, Important: important, Vars: true, Vals: vals}}
	}
	return Expand(prop, vals, important)
}

// Clean drops the white space that custom properties keep.
func Clean(vals []Value) []Value {
	out := make([]Value, 0, len(vals))
	for _, v := range vals {
		if v.Kind == space {
			continue
		}
		if len(v.Args) > 0 && v.Kind != Ident {
			v = Value{Kind: v.Kind, Unit: v.Unit, Num: v.Num, Text: v.Text, Args: Clean(v.Args), Color: v.Color}
			if v.Kind == Function {
				v = function(v.Text, v.Args)
			}
		}
		out = append(out, v)
	}
	return out
}

// MapURLs replaces every address in the sheet, to make them absolute.
func (s *Sheet) MapURLs(f func(string) string) {
	for i := range s.Imports {
		s.Imports[i].URL = f(s.Imports[i].URL)
	}
	for i := range s.Rules {
		MapURLs(s.Rules[i].Decls, f)
	}
	for i := range s.FontFaces {
		for j, u := range s.FontFaces[i].URLs {
			s.FontFaces[i].URLs[j] = f(u)
		}
	}
}

// MapURLs replaces every address in the declarations.
func MapURLs(decls []Decl, f func(string) string) {
	for i := range decls {
		mapValues(decls[i].Vals, f)
	}
}

func mapValues(vals []Value, f func(string) string) {
	for i := range vals {
		if vals[i].Kind == URL {
			vals[i].Text = f(vals[i].Text)
		}
		if vals[i].Kind == Function && strings.HasSuffix(vals[i].Text, "image-set") {
			for j := range vals[i].Args {
				if vals[i].Args[j].Kind == String {
					vals[i].Args[j] = Value{Kind: URL, Text: vals[i].Args[j].Text}
				}
			}
		}
		if vals[i].Kind != Ident && len(vals[i].Args) > 0 {
			mapValues(vals[i].Args, f)
		}
	}
}
