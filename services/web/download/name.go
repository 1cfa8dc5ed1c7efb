package download

import (
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// maxName bounds a file name in bytes; file systems allow 255, and room is
// needed for " (2)" and ".part".
const maxName = 180

// Name gives a safe file name for a response: from its Content-Disposition
// (RFC 6266), else from suggested (a link's download attribute), else from the
// address. It has no folder, no control or direction-changing characters, no
// name that a system reserves, and is never empty.
func Name(disposition, suggested string, u *url.URL, mediaType string) string {
	name := clean(FromDisposition(disposition))
	if name == "" {
		name = clean(suggested)
	}
	if name == "" && u != nil {
		base := path.Base(u.Path)
		if base != "." && base != "/" {
			name = clean(base)
		}
		if name == "" {
			name = clean(u.Hostname())
		}
	}
	if name == "" {
		name = "download"
	}
	if path.Ext(name) == "" {
		name += extension(mediaType)
	}
	return name
}

// extension is the usual one of a few types whose files no program opens
// without it; the system's own table differs from computer to computer.
func extension(mediaType string) string {
	essence, _, _ := strings.Cut(mediaType, ";")
	return map[string]string{
		"application/pdf": ".pdf", "application/zip": ".zip", "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif",
		"image/webp": ".webp", "image/svg+xml": ".svg", "text/html": ".html", "text/plain": ".txt", "text/csv": ".csv",
		"text/calendar": ".ics", "application/json": ".json", "audio/mpeg": ".mp3", "video/mp4": ".mp4",
	}[strings.TrimSpace(essence)]
}

// IsAttachment reports whether a Content-Disposition asks for the response to
// be saved: everything but "inline" does (RFC 6266, section 4.2).
func IsAttachment(disposition string) bool {
	kind, _, _ := strings.Cut(disposition, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind != "" && kind != "inline" && !strings.ContainsAny(kind, `="`)
}

// FromDisposition reads the file name of a Content-Disposition header, "" for
// none. filename* wins over filename (RFC 6266, section 4.3). It is as the
// server sent it: not yet safe.
func FromDisposition(header string) string {
	params := parameters(header)
	if v, ok := params["filename*"]; ok {
		if name, ok := extended(v); ok {
			return name
		}
	}
	name := params["filename"]
	// Some servers percent-encode the plain form; no file is really called so.
	if strings.Contains(name, "%") {
		if decoded, err := url.PathUnescape(name); err == nil && utf8.ValidString(decoded) {
			name = decoded
		}
	}
	if !utf8.ValidString(name) { // bytes of Latin-1, as HTTP/1.1 once said
		runes := make([]rune, 0, len(name))
		for i := range len(name) {
			runes = append(runes, rune(name[i]))
		}
		name = string(runes)
	}
	return name
}

// parameters reads name=value pairs as leniently as browsers; the first of a
// name counts.
func parameters(s string) map[string]string {
	m := map[string]string{}
	// The disposition type may be missing: "filename=x" alone is seen in the wild.
	if first, _, _ := strings.Cut(s, ";"); !strings.Contains(first, "=") {
		_, s, _ = strings.Cut(s, ";")
	}
	for i := 0; i < len(s); {
		start := i
		for i < len(s) && s[i] != '=' && s[i] != ';' {
			i++
		}
		name := strings.ToLower(strings.TrimSpace(s[start:i]))
		if i >= len(s) || s[i] == ';' {
			i++
			continue
		}
		i++
		for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
			i++
		}
		var value string
		if i < len(s) && s[i] == '"' {
			var b strings.Builder
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
					i++
				}
				b.WriteByte(s[i])
			}
			value = b.String()
			for i < len(s) && s[i] != ';' {
				i++
			}
		} else {
			start = i
			for i < len(s) && s[i] != ';' {
				i++
			}
			value = strings.TrimSpace(s[start:i])
		}
		i++
		if _, ok := m[name]; !ok && name != "" {
			m[name] = value
		}
	}
	return m
}

// extended reads charset'language'percent-encoded (RFC 8187, section 3.2).
func extended(v string) (string, bool) {
	parts := strings.SplitN(v, "'", 3)
	if len(parts) != 3 {
		return "", false
	}
	raw, err := url.PathUnescape(parts[2])
	if err != nil {
		return "", false
	}
	if strings.EqualFold(parts[0], "utf-8") {
		return raw, utf8.ValidString(raw)
	}
	enc, _ := charset.Lookup(parts[0])
	if enc == nil {
		return "", false
	}
	name, err := enc.NewDecoder().String(raw)
	return name, err == nil
}

// reserved are the device names of Windows, with any extension.
var reserved = map[string]bool{
	"con": true, "prn": true, "aux": true, "nul": true, "conin$": true, "conout$": true,
	"com1": true, "com2": true, "com3": true, "com4": true, "com5": true, "com6": true, "com7": true, "com8": true, "com9": true,
	"lpt1": true, "lpt2": true, "lpt3": true, "lpt4": true, "lpt5": true, "lpt6": true, "lpt7": true, "lpt8": true, "lpt9": true,
}

// clean makes any text a file name that is safe on every system; "" if
// nothing is left of it.
func clean(name string) string {
	name = strings.ToValidUTF8(name, "_")
	// A path keeps its last part only, whichever system wrote it.
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r): // Cf: "fdp.exe" is not to be read "exe.pdf"
			return -1
		case strings.ContainsRune(`<>:"/\|?*`, r), r == utf8.RuneError:
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	name = strings.TrimLeft(name, ".~- ")
	name = strings.TrimRight(name, ". ")
	if name == "" || strings.Trim(name, "._- ") == "" {
		return ""
	}
	stem, _, _ := strings.Cut(name, ".")
	if reserved[strings.ToLower(strings.TrimSpace(stem))] {
		name = "_" + name
	}
	if len(name) > maxName {
		ext := path.Ext(name)
		if len(ext) > 20 {
			ext = ""
		}
		stem := name[:maxName-len(ext)]
		for !utf8.ValidString(stem) {
			stem = stem[:len(stem)-1]
		}
		name = strings.TrimRight(stem, ". ") + ext
	}
	return name
}

// numbered is name with a number before its extension: "a (2).tar.gz".
func numbered(name string, n int) string {
	if n < 2 {
		return name
	}
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if inner := path.Ext(stem); inner == ".tar" {
		stem, ext = strings.TrimSuffix(stem, inner), inner+ext
	}
	return stem + " (" + strconv.Itoa(n) + ")" + ext
}

// Runnable reports whether a file would run as a program when opened: it is
// shown in its folder, never opened directly. head are its first bytes.
func Runnable(name string, head []byte) bool {
	switch strings.ToLower(strings.TrimPrefix(path.Ext(name), ".")) {
	case "exe", "com", "msi", "msp", "mst", "bat", "cmd", "scr", "pif", "cpl", "hta", "js", "jse", "vbs", "vbe", "wsf", "wsh", "ps1",
		"psm1", "reg", "lnk", "url", "scf", "jar", "jnlp", "application", "appref-ms", "gadget", "msc", "appx", "msix", "chm", "inf", "sct",
		"sh", "bash", "zsh", "csh", "ksh", "run", "bin", "appimage", "desktop", "deb", "rpm", "flatpakref", "snap", "py", "pl", "rb", "php",
		"command", "tool", "app", "dmg", "pkg", "mpkg", "workflow", "action", "terminal", "scpt", "applescript", "apk", "iso", "img", "vhd", "vhdx":
		return true
	}
	for _, magic := range []string{"MZ", "\x7fELF", "#!", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"} {
		if strings.HasPrefix(string(head), magic) {
			return true
		}
	}
	return false
}
