package address

import (
	"net/url"
	"strings"
)

// path recognises the paths of this computer by their form.
func (p *parser) path(s string) (Target, bool) {
	switch {
	case s == "~", strings.HasPrefix(s, "~/"), strings.HasPrefix(s, `~\`):
		raw := p.raw(s)
		if p.Home != "" {
			raw = strings.TrimRight(p.Home, `/\`) + raw[1:]
		}
		return p.localPath(raw), true
	case strings.HasPrefix(s, "/"), strings.HasPrefix(s, `\\`), drivePath.MatchString(s),
		s == ".", s == "..",
		strings.HasPrefix(s, "./"), strings.HasPrefix(s, "../"), strings.HasPrefix(s, `.\`), strings.HasPrefix(s, `..\`):
		return p.localPath(p.raw(s)), true
	}
	return Target{}, false
}

// raw gives the path as typed where cleaning changed it: names of files may
// really hold such characters.
func (p *parser) raw(s string) string {
	raw := strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(p.typed, "�"), "\x00", ""))
	if cleaned, _ := clean(raw); p.hidden && cleaned == s && s[0] == raw[0] {
		return raw
	}
	return s
}

func (p *parser) localPath(path string) Target {
	shown, _ := clean(path)
	return Target{Kind: Path, Text: path, Shown: shown}
}

// fileURL reads what follows "file:" (RFC 8089).
func (p *parser) fileURL(rest string) (Target, bool) {
	rest, _, _ = strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	path, err := url.PathUnescape(escapeStray(rest))
	if err != nil || strings.ContainsRune(path, 0) || path == "" {
		return Target{}, false
	}
	path = strings.ToValidUTF8(path, "�")
	if after, ok := strings.CutPrefix(path, "//"); ok {
		host, tail, _ := strings.Cut(after, "/")
		switch {
		case host == "" || strings.EqualFold(host, "localhost"):
			path = "/" + tail
		case len(host) == 2 && host[1] == ':': // file://C:/x, wrong but common
			path = after
		default:
			path = `\\` + host + `\` + strings.ReplaceAll(tail, "/", `\`)
		}
	}
	if after, ok := strings.CutPrefix(path, "/"); ok && drivePath.MatchString(after) {
		path = after
	}
	if _, ok := p.path(strings.TrimSpace(path)); !ok {
		path = "./" + path
	}
	return p.localPath(path), true
}
