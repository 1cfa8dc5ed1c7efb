package filespanel

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"guichet/services/address"
	"guichet/services/files"
)

// readable writes an address as people do: "sftp://anna@club.example@host/Café"
// without the percent signs that only programs need. What it gives leads to the
// very same place when it is typed in again.
func readable(exact string) string {
	scheme, path, ok := strings.Cut(exact, "://")
	if !ok {
		return exact
	}
	scheme += "://"
	rest := ""
	if i := strings.IndexByte(path, '/'); i >= 0 {
		path, rest = path[:i], path[i:]
	}
	if at := strings.LastIndexByte(path, '@'); at >= 0 {
		path = unescaped(path[:at], ":/?#[]\\") + path[at:]
	}
	text := scheme + path + unescaped(rest, "/?#\\")
	if text == exact {
		return exact
	}
	want, err := files.ParseURL(exact)
	got, gerr := files.ParseURL(text)
	if err != nil || gerr != nil || !sameSite(got, want) {
		return exact
	}
	typed := address.Parse(text, address.Options{})
	if typed.Kind != address.Server || typed.URL == nil || typed.Warn != address.Parse(exact, address.Options{}).Warn {
		return exact
	}
	if back, err := files.ParseURL(typed.URL.String()); err != nil || !sameSite(back, want) {
		return exact
	}
	return text
}

func sameSite(a, b files.Site) bool {
	return a.Protocol == b.Protocol && a.User == b.User && a.Host == b.Host && a.Port == b.Port && a.Path.Equal(b.Path)
}

// unescaped resolves the percent signs of letters and signs that can be seen and
// have no meaning in an address; the others, and the bytes of keep, stay.
func unescaped(text, keep string) string {
	var b strings.Builder
	for len(text) > 0 {
		end := 0
		for end+2 < len(text) && text[end] == '%' {
			end += 3
		}
		if end == 0 {
			b.WriteByte(text[0])
			text = text[1:]
			continue
		}
		raw, err := url.PathUnescape(text[:end])
		if err != nil {
			return text
		}
		for i := 0; i < len(raw); {
			r, n := utf8.DecodeRuneInString(raw[i:])
			if r == utf8.RuneError && n == 1 || r == '%' || strings.ContainsRune(keep, r) || !unicode.IsGraphic(r) || unicode.IsSpace(r) && r != ' ' {
				for j := range n {
					b.WriteString(text[3*(i+j) : 3*(i+j)+3])
				}
			} else {
				b.WriteString(raw[i : i+n])
			}
			i += n
		}
		text = text[end:]
	}
	return b.String()
}
