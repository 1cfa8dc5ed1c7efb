package message

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cention-sany/utf7"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// lookup finds a charset by any of its names; nil if nobody knows it.
func lookup(label string) encoding.Encoding {
	label = strings.ToLower(strings.Trim(strings.TrimSpace(label), `"'`))
	switch label {
	case "utf-7", "unicode-1-1-utf-7":
		return utf7.UTF7
	case "cp1252", "ansi", "latin-1", "x-unknown", "iso-8859-1-windows-3.1-latin-1":
		return charmap.Windows1252
	case "cp-850", "ibm850":
		return charmap.CodePage850
	case "ks_c_5601-1987", "ks_c_5601":
		label = "euc-kr"
	}
	if e, err := htmlindex.Get(label); err == nil {
		return e
	}
	if e, err := ianaindex.MIME.Encoding(label); err == nil && e != nil {
		return e
	}
	return nil
}

func charsetReader(label string, r io.Reader) (io.Reader, error) {
	if e := lookup(label); e != nil {
		return e.NewDecoder().Reader(r), nil
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("unknown charset %q", label)
	}
	return bytes.NewReader(b), nil
}

// Decode turns bytes of the declared charset into UTF-8. A declaration that is
// missing, unknown or plainly wrong is replaced by what the bytes look like:
// UTF-8 if they are, else windows-1252, in which every byte is a character.
func Decode(b []byte, declared string) string {
	declared = strings.ToLower(strings.TrimSpace(declared))
	switch declared {
	case "", "us-ascii", "ascii", "utf-8", "utf8", "unknown-8bit", "8bit", "binary", "x-unknown", "default":
		if utf8.Valid(b) {
			return string(b)
		}
		return latin(b)
	}
	e := lookup(declared)
	if e == nil {
		if utf8.Valid(b) {
			return string(b)
		}
		return latin(b)
	}
	d, err := e.NewDecoder().Bytes(b)
	if err != nil || bytes.ContainsRune(d, unicode.ReplacementChar) {
		if utf8.Valid(b) && hasHigh(b) {
			return string(b) // UTF-8 under a wrong name, the commonest mistake
		}
		if err != nil {
			return latin(b)
		}
	}
	return string(d)
}

func hasHigh(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return true
		}
	}
	return false
}

func latin(b []byte) string {
	d, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "�")
	}
	return string(d)
}

// Visible makes a header text fit to be shown on one line: control characters
// become their pictures (U+2400...), bidirectional controls U+FFFD, so that a
// sender cannot hide or turn around a part of it; folding space becomes one
// space.
func Visible(s string) string {
	plain := true
	for _, r := range s {
		if r < 0x20 || r >= 0x7F && r < 0xA0 || r >= 0x200B && r <= 0x2069 || r == 0xFEFF || r == 0x061C {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r < 0x20:
			return 0x2400 + r
		case r == 0x7F:
			return 0x2421
		case r > 0x7F && r < 0xA0, Bidi(r):
			return '�'
		case r == 0x200B || r == 0xFEFF || r == 0x2060:
			return -1
		}
		return r
	}, s)
}

// Bidi reports whether r is a bidirectional formatting character.
func Bidi(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0x200E || r == 0x200F || r == 0x061C
}

// visibleText is Visible for text of several lines.
func visibleText(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return '\n'
		case r == '\f' || r == '\v':
			return '\n'
		case r < 0x20, r == 0x7F:
			return '�'
		case r > 0x7F && r < 0xA0:
			return '�'
		}
		return r
	}, s)
}
