package css

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2"
	tcss "github.com/tdewolff/parse/v2/css"
)

// token is a lexical token; text is raw.
type token struct {
	kind tcss.TokenType
	text string
}

// maxNesting bounds functions and blocks inside each other.
const maxNesting = 32

// tokenize runs the lexer over a whole sheet. Comments are dropped. The lexer
// stops at a NUL byte, hence the replacement (CSS Syntax 3, section 3.3).
func tokenize(src string) []token {
	if strings.IndexByte(src, 0) >= 0 {
		src = strings.ReplaceAll(src, "\x00", "\uFFFD")
	}
	l := tcss.NewLexer(parse.NewInputString(src))
	out := make([]token, 0, len(src)/4+8)
	for {
		tt, data := l.Next()
		switch tt {
		case tcss.ErrorToken:
			return out
		case tcss.CommentToken:
			continue
		case tcss.CDOToken, tcss.CDCToken:
			continue
		}
		// The lexer's input is not written to again: the texts may share it.
		out = append(out, token{tt, string(data)})
	}
}

func closer(k tcss.TokenType) (tcss.TokenType, bool) {
	switch k {
	case tcss.FunctionToken, tcss.LeftParenthesisToken:
		return tcss.RightParenthesisToken, true
	case tcss.LeftBracketToken:
		return tcss.RightBracketToken, true
	case tcss.LeftBraceToken:
		return tcss.RightBraceToken, true
	}
	return 0, false
}

// values turns tokens into component values; ok is false where a token cannot
// be part of any declaration.
func values(toks []token, keepSpace bool) (vals []Value, ok bool) {
	p := valueParser{toks: toks, keep: keepSpace}
	vals, ok = p.list(0, 0)
	return vals, ok && p.pos == len(toks)
}

type valueParser struct {
	toks []token
	pos  int
	keep bool
}

func (p *valueParser) list(end tcss.TokenType, depth int) ([]Value, bool) {
	if depth > maxNesting {
		return nil, false
	}
	var out []Value
	for p.pos < len(p.toks) {
		t := p.toks[p.pos]
		if end != 0 && t.kind == end {
			return out, true
		}
		p.pos++
		switch t.kind {
		case tcss.WhitespaceToken:
			if p.keep {
				out = append(out, Value{Kind: space})
			}
		case tcss.FunctionToken:
			name := strings.ToLower(unescape(strings.TrimSuffix(t.text, "(")))
			args, ok := p.list(tcss.RightParenthesisToken, depth+1)
			if !ok {
				return nil, false
			}
			p.pos++
			out = append(out, function(name, args))
		case tcss.LeftParenthesisToken, tcss.LeftBracketToken, tcss.LeftBraceToken:
			c, _ := closer(t.kind)
			args, ok := p.list(c, depth+1)
			if !ok {
				return nil, false
			}
			p.pos++
			out = append(out, Value{Kind: Block, Text: t.text, Args: args})
		case tcss.RightParenthesisToken, tcss.RightBracketToken, tcss.RightBraceToken,
			tcss.BadStringToken, tcss.BadURLToken, tcss.SemicolonToken:
			return nil, false
		default:
			v, ok := single(t)
			if !ok {
				return nil, false
			}
			out = append(out, v)
		}
	}
	// An unclosed block at the end of the sheet is closed by it.
	return out, true
}

func single(t token) (Value, bool) {
	switch t.kind {
	case tcss.IdentToken, tcss.CustomPropertyNameToken:
		name := unescape(t.text)
		if strings.HasPrefix(name, "--") {
			return Value{Kind: Ident, Text: name}, true
		}
		low := strings.ToLower(name)
		if c, ok := namedColor(low); ok {
			return Value{Kind: Colour, Text: low, Color: c}, true
		}
		if low != name {
			// Author's names (fonts, counters) keep their case in Args.
			return Value{Kind: Ident, Text: low, Args: []Value{{Kind: String, Text: name}}}, true
		}
		return Value{Kind: Ident, Text: low}, true
	case tcss.HashToken:
		c, ok := hexColor(t.text[1:])
		if !ok {
			return Value{Kind: Delim, Text: t.text}, true
		}
		return Value{Kind: Colour, Color: c}, true
	case tcss.StringToken:
		return Value{Kind: String, Text: unquote(t.text)}, true
	case tcss.URLToken:
		return Value{Kind: URL, Text: urlText(t.text)}, true
	case tcss.NumberToken:
		n, ok := number(t.text)
		return Value{Kind: Number, Num: n}, ok
	case tcss.PercentageToken:
		n, ok := number(strings.TrimSuffix(t.text, "%"))
		return Value{Kind: Percent, Num: n}, ok
	case tcss.DimensionToken:
		return dimension(t.text)
	case tcss.CommaToken:
		return Value{Kind: Comma}, true
	case tcss.DelimToken:
		if t.text == "/" {
			return Value{Kind: Slash}, true
		}
		return Value{Kind: Delim, Text: t.text}, true
	case tcss.UnicodeRangeToken:
		return Value{Kind: Delim, Text: t.text}, true
	}
	return Value{Kind: Delim, Text: t.text}, true
}

// OriginalName is an identifier in the letter case of the sheet.
func (v Value) OriginalName() string {
	if v.Kind == Ident && len(v.Args) == 1 {
		return v.Args[0].Text
	}
	return v.Text
}

func function(name string, args []Value) Value {
	if name == "url" && len(args) == 1 && args[0].Kind == String {
		return Value{Kind: URL, Text: args[0].Text}
	}
	v := Value{Kind: Function, Text: name, Args: args}
	if isColorFunction(name) && !HasVar(args) {
		if c, ok := colorFunction(name, args); ok {
			return Value{Kind: Colour, Color: c}
		}
	}
	return v
}

// numberEnd finds where a token's number ends and its unit begins.
func numberEnd(s string) int {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
		i++
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && s[j] >= '0' && s[j] <= '9' {
			for j < len(s) && s[j] >= '0' && s[j] <= '9' {
				j++
			}
			i = j
		}
	}
	return i
}

// maxNumber keeps lengths where float32 arithmetic stays exact enough to place
// boxes, and far from infinities.
const maxNumber = 1 << 25

func number(s string) (float32, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && (f == 0 || !isRange(err)) {
		return 0, false
	}
	return float32(max(-maxNumber, min(maxNumber, f))), true
}

func isRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

func dimension(s string) (Value, bool) {
	i := numberEnd(s)
	n, ok := number(s[:i])
	if !ok {
		return Value{}, false
	}
	u, ok := units[strings.ToLower(unescape(s[i:]))]
	if !ok {
		// Unknown units and things like 2n make the declaration invalid later.
		return Value{Kind: Delim, Text: s}, true
	}
	return Value{Kind: Dimension, Num: n * u.scale, Unit: u.unit}, true
}

// unescape resolves backslash escapes (CSS Syntax 3, section 4.3.7).
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			i++
			continue
		}
		i++
		if i >= len(s) {
			b.WriteRune(utf8.RuneError)
			break
		}
		if s[i] == '\n' || s[i] == '\f' || s[i] == '\r' {
			if s[i] == '\r' && i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
			i++
			continue
		}
		j := i
		for j < len(s) && j < i+6 && isHex(s[j]) {
			j++
		}
		if j == i {
			_, n := utf8.DecodeRuneInString(s[i:])
			b.WriteString(s[i : i+n])
			i += n
			continue
		}
		r, _ := strconv.ParseUint(s[i:j], 16, 32) // at most six hex digits: cannot fail
		if r == 0 || r > utf8.MaxRune || r >= 0xD800 && r < 0xE000 {
			r = utf8.RuneError
		}
		b.WriteRune(rune(r))
		i = j
		if i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t') {
			i++
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unquote(s string) string {
	if len(s) >= 1 {
		q := s[0]
		s = s[1:]
		if len(s) > 0 && s[len(s)-1] == q {
			s = s[:len(s)-1]
		}
	}
	return unescape(s)
}

// urlText gives the address in an url(...) token.
func urlText(s string) string {
	i := strings.IndexByte(s, '(')
	s = strings.TrimSuffix(s[i+1:], ")")
	s = strings.TrimSpace(s)
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		return unquote(s)
	}
	return unescape(s)
}
