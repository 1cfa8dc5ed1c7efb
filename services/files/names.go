package files

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"guichet/services/fault"
)

// MaxDepth bounds every walk of a tree: links may make a server's tree endless.
const MaxDepth = 100

// MaxEntries bounds one listing: more is a broken or hostile server.
const MaxEntries = 1_000_000

// CheckName reports why a name from a server or a person cannot be one name in
// a folder: it is empty, "." or "..", or holds a slash or NUL. Such a name in a
// listing is an attack or a misread line (CVE-2026-27699, CVE-2010-2251).
func CheckName(name string) error {
	switch {
	case name == "":
		return badName("the name is empty")
	case name == ".", name == "..":
		return badName("the name means a folder itself")
	case strings.ContainsAny(name, "/\x00"):
		return badName("the name holds a slash or NUL")
	case len(name) > 4096:
		return badName("the name is too long")
	}
	return nil
}

// badName is why a name is refused; fault.ErrName to errors.Is.
type badName string

func (b badName) Error() string      { return string(b) }
func (badName) Is(target error) bool { return target == fault.ErrName }

// BadName gives the cause of a Permission fault about a name, which why explains.
func BadName(why string) error { return badName(why) }

// Display makes a name fit to be shown: valid UTF-8 (other bytes are read as
// Windows-1252, which is what old servers mostly mean), control characters and
// those that change the direction of text made visible.
func Display(name string) string {
	if !utf8.ValidString(name) {
		if s, err := charmap.Windows1252.NewDecoder().String(name); err == nil {
			name = s
		} else {
			name = strings.ToValidUTF8(name, "\uFFFD")
		}
	}
	plain := true
	for i := range len(name) {
		if name[i] < 0x20 || name[i] >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return name
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x20:
			return 0x2400 + r // the pictures of control characters
		case r == 0x7f:
			return 0x2421
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == 0x2028, r == 0x2029, r == 0xFEFF:
			return '\uFFFD'
		}
		return r
	}, name)
}

// Numbered makes "photo (2).jpg" of "photo.jpg". A long name is shortened, so
// that file systems take the new one too.
func Numbered(name string, n int) string {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if stem == "" || len(ext) > 10 {
		stem, ext = name, ""
	}
	if rest, ok := strings.CutSuffix(stem, ".tar"); ok && rest != "" {
		stem, ext = rest, ".tar"+ext
	}
	number := fmt.Sprintf(" (%d)", n)
	if over := len(name) + len(number) - 255; over > 0 && over < len(stem) {
		stem = stem[:len(stem)-over]
		for len(stem) > 0 && !utf8.ValidString(stem) && utf8.ValidString(name) {
			stem = stem[:len(stem)-1]
		}
	}
	return stem + number + ext
}
