package local

import (
	"runtime"
	"strings"
	"unicode/utf8"
)

// Import gives the name on this computer for a name from a server. What this
// system's files cannot be called, or what would be taken for something else,
// is written %XX; control characters are so on every system. A percent sign
// that would be read as such a code is written %25.
func (f *FS) Import(name string) string { return encode(name, runtime.GOOS) }

// Export is the reverse of Import.
func (f *FS) Export(name string) string { return decode(name, runtime.GOOS) }

const hexDigits = "0123456789ABCDEF"

// forbidden reports whether byte c cannot be part of a name on the system.
func forbidden(c byte, goos string) bool {
	if c < 0x20 || c == 0x7f || c == '/' {
		return true
	}
	return goos == "windows" && strings.IndexByte(`\:*?"<>|`, c) >= 0
}

func encode(name, goos string) string {
	var b strings.Builder
	code := func(c byte) {
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	unicodeOnly := goos == "windows" || goos == "darwin"
	first := firstCoded(name, goos)
	for i := 0; i < len(name); {
		c := name[i]
		r, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == utf8.RuneError && size == 1 && unicodeOnly,
			forbidden(c, goos),
			c == '%' && isCode(name[i:], goos),
			i == first:
			code(c)
			size = 1
		default:
			b.WriteString(name[i : i+size])
		}
		i += size
	}
	return b.String()
}

// firstCoded gives the position of a byte that must be coded because of where
// it stands: the dot or blank at a Windows name's end, the first letter of a
// device's name; -1 for none.
func firstCoded(name, goos string) int {
	if name == "." || name == ".." {
		return 0
	}
	if goos != "windows" || name == "" {
		return -1
	}
	if last := name[len(name)-1]; last == '.' || last == ' ' {
		return len(name) - 1
	}
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return 0
	}
	if rest, ok := strings.CutPrefix(stem, "COM"); ok && isPortNumber(rest) {
		return 0
	}
	if rest, ok := strings.CutPrefix(stem, "LPT"); ok && isPortNumber(rest) {
		return 0
	}
	return -1
}

func isPortNumber(s string) bool {
	switch s {
	case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
		return true
	}
	return false
}

// isCode reports whether s begins with a code that decode would read.
func isCode(s, goos string) bool {
	if len(s) < 3 || s[0] != '%' {
		return false
	}
	hi, lo := strings.IndexByte(hexDigits, s[1]), strings.IndexByte(hexDigits, s[2])
	if hi < 0 || lo < 0 {
		return false
	}
	c := byte(hi<<4 | lo)
	switch {
	case c == '%', c == '.', forbidden(c, goos):
		return c != '/' && c != 0
	case goos == "windows":
		return c == ' ' || c >= 0x80 || strings.IndexByte("CPANLcpanl", c) >= 0
	case goos == "darwin":
		return c >= 0x80
	}
	return false
}

func decode(name, goos string) string {
	if !strings.Contains(name, "%") {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if isCode(name[i:], goos) {
			b.WriteByte(byte(strings.IndexByte(hexDigits, name[i+1])<<4 | strings.IndexByte(hexDigits, name[i+2])))
			i += 2
			continue
		}
		b.WriteByte(name[i])
	}
	return b.String()
}
