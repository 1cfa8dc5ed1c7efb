package address

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean takes out what cannot be seen: control and bidirectional formatting
// characters, zero-width spaces, broken UTF-8. Line ends and tabs become
// blanks, or vanish inside of what looks like a URL, as browsers do. hidden
// reports whether something invisible was inside.
func clean(text string) (s string, hidden bool) {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "�")
	}
	s = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\uFEFF' })
	gap := " "
	if scheme.MatchString(s) && strings.Contains(s, "://") && !strings.ContainsAny(s, " ") {
		gap = ""
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			b.WriteString(gap)
		case invisible(r):
			hidden = true
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String()), hidden
}

// invisible reports characters that change how a text is read without being
// seen. The joiners U+200C and U+200D are needed by some scripts and by emoji.
func invisible(r rune) bool {
	switch {
	case unicode.IsControl(r),
		r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x206F, // bidi embedding, isolates, invisible operators
		r == 0x200B, r == 0x200E, r == 0x200F, r == 0x061C, r == 0xFEFF, r == 0x00AD, r == 0x034F,
		r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0, r == 0x17B4, r == 0x17B5, // fillers
		r >= 0xFFF9 && r <= 0xFFFB, r >= 0xE0000 && r <= 0xE0FFF: // annotations, tags
		return true
	}
	return false
}

// secrets match a user with a password: at the start of a URL even one with
// blanks, inside of a text up to the last @ of the word, and without a scheme.
var secrets = []*regexp.Regexp{
	regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9+.-]*:[/\\]+[^:@/\\]*):.*@`),
	regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*:[/\\]{1,3}[^\s:@/\\]*):[^\s]*@`),
	regexp.MustCompile(`^([^\s:@/\\]+):[^\s]+@`),
}

// dropSecrets takes passwords out of a text that could not be read as a URL.
func dropSecrets(s string) (string, bool) {
	before := s
	for i, secret := range secrets {
		if i == len(secrets)-1 && strings.Contains(s, "://") {
			continue
		}
		for { // ends: each round shortens the text
			cleaned := secret.ReplaceAllString(s, "${1}@")
			if cleaned == s {
				break
			}
			s = cleaned
		}
	}
	return s, s != before
}

// showEscaped writes an escaped path or query for people: what encodes
// letters and digits beyond ASCII is decoded, all else stays as it is.
func showEscaped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '%' {
			b.WriteByte(s[i])
			i++
			continue
		}
		end := i
		for end+2 < len(s) && s[end] == '%' && isHex(s[end+1]) && isHex(s[end+2]) {
			end += 3
		}
		if end == i {
			b.WriteByte(s[i])
			i++
			continue
		}
		raw, err := url.PathUnescape(s[i:end])
		if err != nil { // cannot be: only %XX
			b.WriteString(s[i:end])
			i = end
			continue
		}
		at := i
		for raw != "" {
			r, size := utf8.DecodeRuneInString(raw)
			if r > unicode.MaxASCII && r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) && !invisible(r) {
				b.WriteRune(r)
			} else {
				b.WriteString(s[at : at+3*size])
			}
			raw, at = raw[size:], at+3*size
		}
		i = end
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
