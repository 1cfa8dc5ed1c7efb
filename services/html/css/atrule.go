package css

import (
	"strings"

	tcss "github.com/tdewolff/parse/v2/css"
)

func (p *parser) at(c context) {
	name := strings.ToLower(unescape(p.toks[p.pos].text[1:]))
	p.pos++
	pre, open := p.prelude(true)
	if c.depth > maxNesting {
		if open {
			p.skip()
		}
		return
	}
	c.depth++
	top := c.top
	c.top = false
	if !open {
		switch name {
		case "import":
			if top && len(p.s.Rules) == 0 {
				p.imports(trim(pre))
			}
		case "layer":
			for _, t := range pre {
				if t.kind == tcss.IdentToken {
					p.layer(t.text)
				}
			}
		}
		return
	}
	inside := func(c context) {
		if c.parent != nil {
			p.nested(c)
		} else {
			p.rules(c)
		}
		p.closeBlock()
	}
	switch name {
	case "media":
		c.media = append(c.media[:len(c.media):len(c.media)], parseMedia(pre))
		inside(c)
	case "supports":
		if !supports(pre) {
			p.skip()
			return
		}
		inside(c)
	case "layer":
		var b strings.Builder
		for _, t := range trim(pre) {
			b.WriteString(t.text)
		}
		c.layer = p.layer(b.String())
		inside(c)
	case "scope", "document", "-moz-document", "starting-style", "container":
		// What depends on boxes or scopes we do not have stays out.
		p.skip()
	case "font-face":
		p.fontFace()
	default: // keyframes, page, property, counter-style, vendors'
		p.skip()
	}
}

// layer numbers a cascade layer by first mention.
func (p *parser) layer(name string) int {
	if name == "" {
		name = "#" + string(rune('0'+len(p.s.layers)%10)) + strings.Repeat("#", len(p.s.layers)/10)
	}
	if n, ok := p.s.layers[name]; ok {
		return n
	}
	p.s.layers[name] = len(p.s.layers) + 1
	return len(p.s.layers)
}

func (p *parser) imports(pre []token) {
	if len(pre) == 0 {
		return
	}
	var url string
	rest := pre[1:]
	switch pre[0].kind {
	case tcss.StringToken:
		url = unquote(pre[0].text)
	case tcss.URLToken:
		url = urlText(pre[0].text)
	case tcss.FunctionToken:
		vals, ok := values(pre, false)
		if !ok || len(vals) == 0 || vals[0].Kind != URL {
			return
		}
		url = vals[0].Text
		for len(rest) > 0 && rest[0].kind != tcss.RightParenthesisToken {
			rest = rest[1:]
		}
		if len(rest) > 0 {
			rest = rest[1:]
		}
	default:
		return
	}
	rest = trim(rest)
	if len(rest) > 0 && (strings.EqualFold(rest[0].text, "layer") || strings.EqualFold(rest[0].text, "layer(") || strings.EqualFold(rest[0].text, "supports(")) {
		for len(rest) > 0 && rest[0].kind == tcss.FunctionToken {
			i := 0
			for i < len(rest) && rest[i].kind != tcss.RightParenthesisToken {
				i++
			}
			rest = trim(rest[min(i+1, len(rest)):])
		}
		if len(rest) > 0 && strings.EqualFold(rest[0].text, "layer") {
			rest = trim(rest[1:])
		}
	}
	if url != "" && len(p.s.Imports) < 64 {
		p.s.Imports = append(p.s.Imports, Import{url, parseMedia(rest)})
	}
}

// atNested reads an at-rule inside a style rule; its own declarations go to the
// rule at index at.
func (p *parser) atNested(c context, at int) {
	name := strings.ToLower(p.toks[p.pos].text)
	p.pos++
	pre, open := p.prelude(true)
	if !open {
		return
	}
	c.depth++
	if c.depth > maxNesting || name != "@media" && (name != "@supports" || !supports(pre)) && name != "@layer" {
		p.skip()
		return
	}
	if name == "@media" {
		c.media = append(c.media[:len(c.media):len(c.media)], parseMedia(pre))
	}
	decls := p.nested(c)
	p.closeBlock()
	p.s.Rules[at] = Rule{Selectors: c.parent, Decls: decls, Media: c.media, Layer: c.layer}
}

// supports evaluates an @supports condition (Conditional 3, section 6).
func supports(toks []token) bool {
	return supportsAll(trim(toks), 0)
}

func supportsAll(toks []token, depth int) bool {
	if depth > 16 {
		return false
	}
	result, op, negate := false, "", false
	for i := 0; i < len(toks); i++ {
		t := toks[i]
		switch t.kind {
		case tcss.WhitespaceToken:
			continue
		case tcss.IdentToken:
			switch w := strings.ToLower(t.text); w {
			case "not":
				negate = true
			case "and", "or":
				op = w
			default:
				return false
			}
			continue
		case tcss.FunctionToken, tcss.LeftParenthesisToken:
			p := selectorParser{toks: toks, pos: i + 1}
			in, ok := p.argument()
			if !ok {
				return false
			}
			i = p.pos - 1
			var v bool
			switch {
			case strings.EqualFold(t.text, "selector("):
				_, v = parseSelectors(in, false, 0)
			case t.kind == tcss.FunctionToken:
			case len(in) > 0 && (in[0].kind == tcss.LeftParenthesisToken || in[0].kind == tcss.FunctionToken || strings.EqualFold(in[0].text, "not")):
				v = supportsAll(in, depth+1)
			default:
				v = len(declaration(in)) > 0 && !unsupported(in)
			}
			if negate {
				v, negate = !v, false
			}
			switch op {
			case "and":
				result = result && v
			default:
				result = result || v
			}
		default:
			return false
		}
	}
	return result
}

// unsupported names what parses but is not laid out, so that pages take their
// fallback.
func unsupported(toks []token) bool {
	for _, t := range toks {
		switch strings.ToLower(t.text) {
		case "grid", "inline-grid", "subgrid", "masonry":
			return true
		}
	}
	return false
}

func (p *parser) fontFace() {
	f := FontFace{Weight: 400}
	for {
		t, ok := p.peek()
		if !ok || t.kind == tcss.RightBraceToken {
			break
		}
		if t.kind == tcss.WhitespaceToken || t.kind == tcss.SemicolonToken {
			p.pos++
			continue
		}
		end, isRule := p.declarationEnd()
		if isRule {
			p.pos = end + 1
			p.skip()
			continue
		}
		toks := trim(p.toks[p.pos:end])
		p.pos = end
		colon := 0
		for colon < len(toks) && toks[colon].kind != tcss.ColonToken {
			colon++
		}
		if colon == 0 || colon >= len(toks) {
			continue
		}
		vals, ok := values(toks[colon+1:], false)
		if !ok || len(vals) == 0 {
			continue
		}
		switch strings.ToLower(toks[0].text) {
		case "font-family":
			f.Family = vals[0].OriginalName()
		case "font-weight":
			if vals[0].Kind == Number {
				f.Weight = int(vals[0].Num)
			} else if vals[0].Is("bold") {
				f.Weight = 700
			}
		case "font-style":
			f.Italic = vals[0].Is("italic") || vals[0].Is("oblique")
		case "src":
			for _, v := range vals {
				if v.Kind == URL {
					f.URLs = append(f.URLs, v.Text)
				}
			}
		}
	}
	p.closeBlock()
	if f.Family != "" && len(f.URLs) > 0 && len(p.s.FontFaces) < 64 {
		p.s.FontFaces = append(p.s.FontFaces, f)
	}
}
