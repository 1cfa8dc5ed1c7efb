package address

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Options change what Parse makes of a text.
type Options struct {
	// Search is the address of a web search with {searchTerms} or %s for the
	// words (OpenSearch 1.1); "": words have no web alternative.
	Search string
	// Exists reports whether a path of this computer exists, to tell words from
	// file names; nil: paths are recognised by their form alone.
	Exists func(path string) bool
	// Home is the folder that "~" stands for; "": "~" is left as it is.
	Home string
	// Pages are the names of Guichet's own pages; nil: start, activity,
	// settings, help.
	Pages []string
}

// textLimit bounds how much of a text is looked at, in bytes: what browsers
// accept as a URL.
const textLimit = 64 << 10

// Parse decides what text means. It never fails: what is nothing else is Words.
// Parsing a target's Shown again gives the same kind and the same Shown.
func Parse(text string, o Options) Target {
	if len(text) > textLimit {
		text = text[:textLimit]
	}
	if o.Pages == nil {
		o.Pages = []string{"start", "activity", "settings", "help"}
	}
	p := parser{Options: o, typed: text}
	p.text, p.hidden = clean(text)
	t := p.parse()
	if t.Kind == Words {
		// What a question mark or a dropped password made into words is to stay
		// words.
		again := parser{Options: o, typed: t.Shown, text: t.Shown}
		if a := again.parse(); a.Kind != Words || a.Text != t.Text {
			t.Shown = strings.TrimSpace("? " + t.Shown)
		}
	}
	if p.hidden {
		for i := range t.Alternatives {
			t.Alternatives[i].Warn = warnHidden(t.Alternatives[i])
		}
		t.Warn = warnHidden(t)
	}
	return t
}

func warnHidden(t Target) Warning {
	if t.Kind == Words || t.Kind == Page {
		return t.Warn
	}
	return gravest(t.Warn, HiddenCharacters)
}

type parser struct {
	Options
	typed  string // as it came
	text   string // cleaned
	hidden bool
}

var (
	scheme    = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9+.-]*):`)
	drivePath = regexp.MustCompile(`^[a-zA-Z]:[\\/]`)
	// hostPort takes precedence over a scheme: "localhost:8080".
	hostPort = regexp.MustCompile(`^[^\s:/?#@\\]+:[0-9]{1,5}([/?#].*)?$`)
)

func (p *parser) parse() Target {
	s := unquote(p.text)
	if words, ok := strings.CutPrefix(s, "?"); ok {
		return p.words(strings.TrimSpace(words))
	}
	if t, ok := p.path(s); ok {
		return t
	}
	if m := scheme.FindStringSubmatch(s); m != nil && !hostPort.MatchString(s) {
		if t, known := p.byScheme(strings.ToLower(m[1]), s, s[len(m[0]):]); known {
			return t
		}
	}
	if t, ok := p.person(s); ok {
		return t
	}
	if a, ok := splitAuthority(s, "/?#"); p.exists(s) && !(ok && isHost(a)) {
		t := p.localPath(s)
		t.Alternatives = append(t.Alternatives, p.words(s))
		return t
	}
	if t, ok := p.bareHost(s); ok {
		return t
	}
	return p.words(s)
}

func (p *parser) exists(s string) bool { return s != "" && p.Exists != nil && p.Exists(s) }

// unquote takes off the brackets and quotes that come along when a URL is
// copied from a text.
func unquote(s string) string {
	for _, q := range []string{"<>", "\"\"", "''", "“”", "«»"} {
		r := []rune(q)
		if inner, ok := strings.CutPrefix(s, string(r[0])); ok {
			if inner, ok = strings.CutSuffix(inner, string(r[1])); ok && !strings.ContainsAny(inner, " "+q) {
				return strings.TrimSpace(inner)
			}
		}
	}
	return s
}

// byScheme handles texts that begin with a scheme; known is false where the
// part before the colon is no scheme of ours.
func (p *parser) byScheme(name, s, rest string) (t Target, known bool) {
	switch name {
	case "about", "guichet":
		page := strings.ToLower(strings.Trim(rest, "/ "))
		if page == "" || page == "blank" {
			page = p.Pages[0]
		}
		if slices.Contains(p.Pages, page) {
			return pageTarget(page), true
		}
		return Target{}, false
	case "http", "https":
		t, ok := p.web(name + ":" + rest)
		if !ok {
			return p.words(s), true
		}
		return t, true
	case "mailto":
		if t, ok := p.mailto(rest); ok {
			return t, true
		}
		return p.words(s), true
	case "file":
		if t, ok := p.fileURL(rest); ok {
			return t, true
		}
		return p.words(s), true
	}
	if alias, ok := schemeAliases[name]; ok {
		name = alias
	}
	if _, ok := standardPorts[name]; !ok {
		return Target{}, false
	}
	authority, slashes := trimSlashes(rest)
	if !slashes && strings.ContainsAny(authority, " \t") {
		return Target{}, false // "ftp: what is it"
	}
	if t, ok := p.server(name, authority); ok {
		return t, true
	}
	return p.words(s), true
}

var schemeAliases = map[string]string{
	"ssh": "sftp", "webdav": "dav", "webdavs": "davs", "submission": "smtp", "submissions": "smtps",
	"postgresql": "postgres", "mariadb": "mysql",
}

func trimSlashes(s string) (string, bool) {
	rest := strings.TrimLeft(s[:min(2, len(s))], `/\`) + s[min(2, len(s)):]
	return rest, len(rest) < len(s)
}

func pageTarget(name string) Target {
	return Target{Kind: Page, Text: name, Shown: "about:" + name}
}

// portSchemes are the protocols that bare "host:port" means.
var portSchemes = map[int]string{
	21: "ftp", 22: "sftp", 25: "smtp", 80: "http", 143: "imap", 443: "https", 465: "smtps", 587: "smtp",
	990: "ftps", 993: "imaps", 3306: "mysql", 5432: "postgres", 8443: "https",
}

// nameSchemes are what the first label of a host says about it; "" is a file
// server whose protocol is to be found out.
var nameSchemes = map[string]string{
	"ftp": "", "ftps": "", "sftp": "", "ssh": "", "files": "", "dav": "davs", "webdav": "davs",
	"imap": "imaps", "smtp": "smtp",
}

// bareHost handles host, host:port, host/path without a scheme.
func (p *parser) bareHost(s string) (Target, bool) {
	if s == "" || strings.ContainsAny(s, " \t\\") || scheme.MatchString(s) && !hostPort.MatchString(s) {
		return Target{}, false
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Is6() && a.Zone() == "" {
		s = "[" + s + "]"
	}
	a, ok := splitAuthority(s, "/?#")
	if !ok || a.user != nil {
		return Target{}, false
	}
	sure := isHost(a)
	if !sure && !maybeHost(a) {
		return Target{}, false
	}
	meanings := p.hostMeanings(a, s)
	if len(meanings) == 0 {
		return Target{}, false
	}
	words := p.words(s)
	alternatives := words.Alternatives
	words.Alternatives = nil
	if p.exists(s) {
		alternatives = slices.Insert(alternatives, 0, p.localPath(s))
	}
	if sure {
		t := meanings[0]
		t.Alternatives = append(append(meanings[1:], words), alternatives...)
		return t, true
	}
	words.Alternatives = append(meanings, alternatives...)
	return words, true
}

// hostMeanings gives what can be reached at the host, likeliest first.
func (p *parser) hostMeanings(a authority, s string) []Target {
	var all []Target
	web := func(schemes ...string) {
		for _, name := range schemes {
			if t, ok := p.web(name + "://" + urlHost("", a.host, a.port) + a.rest); ok {
				all = append(all, t)
			}
		}
	}
	server := func(name string) {
		if t, ok := p.server(name, s); ok {
			all = append(all, t)
		}
	}
	if a.port != 0 {
		switch name := portSchemes[a.port]; name {
		case "http":
			web("http")
		case "https":
			web("https")
		case "":
			if a.local() {
				web("http", "https")
			} else {
				web("https", "http")
			}
			server("")
		default:
			server(name)
			web("http")
		}
		return all
	}
	label, _, dotted := strings.Cut(a.host, ".")
	if name, ok := nameSchemes[label]; ok && dotted && !a.ip {
		server(name)
		web("https")
		return all
	}
	if a.local() {
		web("http", "https")
	} else {
		web("https", "http")
	}
	server("")
	return all
}

// local reports whether the host is this computer or in the house, where web
// servers rarely have a certificate.
func (a authority) local() bool {
	if a.ip {
		ip, err := netip.ParseAddr(a.host)
		return err == nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast())
	}
	return a.host == "localhost" || strings.HasSuffix(a.host, ".localhost") || !strings.Contains(a.host, ".") ||
		slices.Contains(localDomains, a.host[strings.LastIndex(a.host, ".")+1:])
}

// localDomains are top-level names outside the public DNS (RFC 6761, RFC 6762,
// RFC 8375 and what routers use).
var localDomains = []string{"localhost", "local", "lan", "home", "internal", "intranet", "test", "example", "invalid", "box", "corp"}

// isHost reports whether a can hardly be anything but a host.
func isHost(a authority) bool {
	if a.ip || a.port != 0 || a.host == "localhost" || strings.HasSuffix(a.host, ".localhost") {
		return true
	}
	if !strings.Contains(a.host, ".") {
		return a.rest == "/" // "intranet/"
	}
	top := a.host[strings.LastIndex(a.host, ".")+1:]
	if slices.Contains(localDomains, top) {
		return true
	}
	suffix, icann := publicsuffix.PublicSuffix(a.host)
	return icann && suffix != a.host || !icann && strings.Contains(suffix, ".")
}

// maybeHost reports whether a may be a host besides being words: "intranet",
// "nas/photos", "server.office", but not "1.2" or "and/or/not".
func maybeHost(a authority) bool {
	return !allDigits(strings.ReplaceAll(a.host, ".", ""))
}

func allDigits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// words makes a search, with what the words might be besides.
func (p *parser) words(s string) Target {
	s, secret := dropSecrets(s)
	t := Target{Kind: Words, Text: s, Shown: s}
	if secret {
		t.Warn = SecretInURL
		return t // what held a password is not sent to a search engine
	}
	if s == "" {
		return t
	}
	if page := strings.ToLower(s); slices.Contains(p.Pages, page) {
		t.Alternatives = append(t.Alternatives, pageTarget(page))
	}
	if search, ok := p.search(s); ok {
		t.Alternatives = append(t.Alternatives, search)
	}
	return t
}

// search fills the template of the web search.
func (p *parser) search(words string) (Target, bool) {
	escaped := url.QueryEscape(words)
	filled := strings.NewReplacer("{searchTerms}", escaped, "{searchTerms?}", escaped, "%s", escaped,
		"{inputEncoding}", "UTF-8", "{outputEncoding}", "UTF-8").Replace(p.Search)
	if filled == p.Search || !strings.HasPrefix(filled, "http") {
		return Target{}, false
	}
	return p.web(filled)
}
