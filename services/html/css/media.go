package css

import (
	"strings"

	tcss "github.com/tdewolff/parse/v2/css"
)

// Media is what media queries are asked about.
type Media struct {
	Width, Height float32 // CSS pixels
	Scale         float32 // device pixels per CSS pixel
	Dark          bool
	Print         bool
}

// Query is a media query list (Media Queries 4, section 3); the empty one is true.
type Query struct{ alternatives []mediaQuery }

type mediaQuery struct {
	not   bool
	kind  string // "", all, screen, print...
	cond  condition
	wrong bool // does not parse: never true
}

// condition is a tree of features; nil means none.
type condition interface{ holds(m *Media) bool }

type (
	andCond []condition
	orCond  []condition
	notCond struct{ c condition }
	feature struct {
		name string
		op   string // "", "=", "<", "<=", ">", ">="
		val  []Value
	}
)

func (c andCond) holds(m *Media) bool {
	for _, x := range c {
		if !x.holds(m) {
			return false
		}
	}
	return true
}

func (c orCond) holds(m *Media) bool {
	for _, x := range c {
		if x.holds(m) {
			return true
		}
	}
	return false
}

func (c notCond) holds(m *Media) bool { return !c.c.holds(m) }

// Matches evaluates the query.
func (q *Query) Matches(m *Media) bool {
	if q == nil || len(q.alternatives) == 0 {
		return true
	}
	for _, a := range q.alternatives {
		if a.wrong {
			continue
		}
		ok := a.kind == "" || a.kind == "all" || a.kind == "screen" && !m.Print || a.kind == "print" && m.Print
		if ok && a.cond != nil {
			ok = a.cond.holds(m)
		}
		if ok != a.not {
			return true
		}
	}
	return false
}

// AsksDark reports whether prefers-color-scheme occurs in the query.
func (q *Query) AsksDark() bool {
	var asks func(c condition) bool
	asks = func(c condition) bool {
		switch c := c.(type) {
		case andCond:
			for _, x := range c {
				if asks(x) {
					return true
				}
			}
		case orCond:
			for _, x := range c {
				if asks(x) {
					return true
				}
			}
		case notCond:
			return asks(c.c)
		case feature:
			return c.name == "prefers-color-scheme"
		}
		return false
	}
	if q == nil {
		return false
	}
	for _, a := range q.alternatives {
		if asks(a.cond) {
			return true
		}
	}
	return false
}

// ParseMedia reads a media query list, as of a media attribute.
func ParseMedia(s string) *Query { return parseMedia(tokenize(s)) }

func parseMedia(toks []token) *Query {
	toks = trim(toks)
	if len(toks) == 0 {
		return nil
	}
	q := &Query{}
	start, nest := 0, 0
	for i := 0; i <= len(toks); i++ {
		if i < len(toks) {
			if _, open := closer(toks[i].kind); open {
				nest++
			}
			if toks[i].kind == tcss.RightParenthesisToken {
				nest--
			}
			if toks[i].kind != tcss.CommaToken || nest > 0 {
				continue
			}
		}
		q.alternatives = append(q.alternatives, oneMedia(toks[start:i]))
		start = i + 1
		if len(q.alternatives) > 64 {
			break
		}
	}
	return q
}

func oneMedia(toks []token) mediaQuery {
	vals, ok := values(toks, false)
	if !ok {
		return mediaQuery{wrong: true}
	}
	var q mediaQuery
	if len(vals) > 0 && (vals[0].Is("not") || vals[0].Is("only")) && len(vals) > 1 && vals[1].Kind == Ident {
		q.not = vals[0].Text == "not"
		vals = vals[1:]
	}
	if len(vals) > 0 && vals[0].Kind == Ident && !vals[0].Is("not") {
		q.kind = vals[0].Text
		vals = vals[1:]
		if len(vals) == 0 {
			return q
		}
		if !vals[0].Is("and") {
			q.wrong = true
			return q
		}
		vals = vals[1:]
	}
	if q.cond = mediaCondition(vals, 0); q.cond == nil {
		q.wrong = true
	}
	return q
}

// mediaCondition reads "not", "and" and "or" between blocks; nil if it cannot.
func mediaCondition(vals []Value, depth int) condition {
	if len(vals) == 0 || depth > 16 {
		return nil
	}
	if vals[0].Is("not") {
		if c := mediaCondition(vals[1:], depth+1); c != nil {
			return notCond{c}
		}
		return nil
	}
	var parts []condition
	word := ""
	for i, v := range vals {
		if i%2 == 1 {
			if !v.Is("and") && !v.Is("or") || word != "" && v.Text != word {
				return nil
			}
			word = v.Text
			continue
		}
		if v.Kind != Block || v.Text != "(" {
			return nil
		}
		c := mediaFeature(v.Args, depth+1)
		if c == nil {
			return nil
		}
		parts = append(parts, c)
	}
	if len(vals)%2 == 0 {
		return nil
	}
	if word == "or" {
		return orCond(parts)
	}
	return andCond(parts)
}

func mediaFeature(v []Value, depth int) condition {
	if len(v) == 0 {
		return nil
	}
	if v[0].Kind == Block || v[0].Is("not") {
		return mediaCondition(v, depth)
	}
	if len(v) == 1 && v[0].Kind == Ident {
		return feature{name: v[0].Text}
	}
	if v[0].Kind == Ident && len(v) > 2 && v[1].Text == ":" {
		name := v[0].Text
		switch {
		case strings.HasPrefix(name, "min-"):
			return feature{name[4:], ">=", v[2:]}
		case strings.HasPrefix(name, "max-"):
			return feature{name[4:], "<=", v[2:]}
		case name == "-webkit-min-device-pixel-ratio":
			return feature{"resolution", ">=", v[2:]}
		}
		return feature{name, "=", v[2:]}
	}
	return mediaRange(v)
}

// mediaRange reads (width >= 600px) and (400px < width <= 800px).
func mediaRange(v []Value) condition {
	var parts [][]Value
	var ops []string
	start := 0
	for i := 0; i < len(v); i++ {
		if v[i].Kind == Delim && strings.Contains("<>=", v[i].Text) {
			op := v[i].Text
			end := i
			if i+1 < len(v) && v[i+1].Kind == Delim && v[i+1].Text == "=" {
				op += "="
				i++
			}
			parts, ops = append(parts, v[start:end]), append(ops, op)
			start = i + 1
		}
	}
	parts = append(parts, v[start:])
	name := func(p []Value) string {
		if len(p) == 1 && p[0].Kind == Ident {
			return p[0].Text
		}
		return ""
	}
	turned := map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
	switch {
	case len(parts) == 2 && name(parts[0]) != "":
		return feature{name(parts[0]), ops[0], parts[1]}
	case len(parts) == 2 && name(parts[1]) != "":
		return feature{name(parts[1]), turned[ops[0]], parts[0]}
	case len(parts) == 3 && name(parts[1]) != "":
		return andCond{feature{name(parts[1]), turned[ops[0]], parts[0]}, feature{name(parts[1]), ops[1], parts[2]}}
	}
	return nil
}

func (f feature) holds(m *Media) bool {
	switch f.name {
	case "width", "device-width", "inline-size":
		return f.length(m.Width, m)
	case "height", "device-height":
		return f.length(m.Height, m)
	case "resolution", "device-pixel-ratio", "-webkit-device-pixel-ratio":
		return len(f.val) == 0 || f.compare(m.Scale, f.val[0].Num)
	case "aspect-ratio", "device-aspect-ratio":
		if m.Height <= 0 || len(f.val) == 0 {
			return len(f.val) == 0
		}
		r := f.val[0].Num
		if len(f.val) == 3 && f.val[2].Num != 0 {
			r /= f.val[2].Num
		}
		return f.compare(m.Width/m.Height, r)
	case "color", "color-index":
		return f.name == "color" && (len(f.val) == 0 || f.compare(8, f.val[0].Num))
	case "monochrome", "grid":
		return len(f.val) > 0 && f.compare(0, f.val[0].Num)
	}
	word := ""
	if len(f.val) == 1 {
		word = f.val[0].Text
	}
	is := func(s string) bool { return len(f.val) == 0 && s != "none" && s != "no-preference" || word == s }
	switch f.name {
	case "orientation":
		if m.Width > m.Height {
			return is("landscape")
		}
		return is("portrait")
	case "prefers-color-scheme":
		if m.Dark {
			return is("dark")
		}
		return is("light")
	case "prefers-reduced-motion":
		return is("reduce")
	case "prefers-contrast", "prefers-reduced-transparency", "prefers-reduced-data", "inverted-colors":
		return word == "no-preference" || word == "none"
	case "forced-colors":
		return word == "none"
	case "hover", "any-hover":
		return is("hover")
	case "pointer", "any-pointer":
		return is("fine")
	case "scripting":
		return word == "none"
	case "update":
		return is("slow")
	case "display-mode":
		return is("browser")
	case "color-gamut":
		return is("srgb")
	}
	return false
}

func (f feature) compare(have, want float32) bool {
	switch f.op {
	case "<":
		return have < want
	case "<=":
		return have <= want
	case ">":
		return have > want
	case ">=":
		return have >= want
	case "=":
		return have-want < 0.01 && want-have < 0.01
	}
	return have != 0
}

// length compares with a length; em is the initial font size (Media Queries 4,
// section 1.3).
func (f feature) length(have float32, m *Media) bool {
	if len(f.val) == 0 {
		return have != 0
	}
	want, _, ok := Resolve(f.val[0], &Metrics{Em: 16, Rem: 16, Ex: 8, Ch: 8, Lh: 19, Vw: m.Width / 100, Vh: m.Height / 100})
	return ok && f.compare(have, want)
}
