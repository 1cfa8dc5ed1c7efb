package address

import (
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	whatwg "github.com/nlnwa/whatwg-url/url"
	"golang.org/x/net/idna"
)

// authority is the part of a URL that says where.
type authority struct {
	user   *string
	secret bool   // there was a password
	host   string // ASCII, without brackets
	ip     bool
	port   int    // 0: none
	rest   string // what follows, beginning with its delimiter
}

// profile maps host names as browsers do (UTS 46), but lets underscores pass:
// they occur in names of computers.
var profile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckJoiners(true))

// splitAuthority reads [user[:password]@]host[:port]; it ends at the first of
// the delimiters.
func splitAuthority(s, delimiters string) (authority, bool) {
	var a authority
	if i := strings.IndexAny(s, delimiters); i >= 0 {
		s, a.rest = s[:i], s[i:]
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		user, _, secret := strings.Cut(s[:i], ":")
		if decoded, err := url.PathUnescape(user); err == nil {
			user = decoded
		}
		if strings.ContainsFunc(user, unicode.IsControl) {
			return authority{}, false
		}
		if user != "" {
			a.user = &user
		}
		a.secret, s = secret, s[i+1:]
	}
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		host, port = s[:i], s[i+1:]
	}
	if port != "" {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 || !allDigits(port) {
			return authority{}, false
		}
		a.port = n
	}
	var ok bool
	a.host, a.ip, ok = asciiHost(host)
	return a, ok
}

// asciiHost gives a host as it goes over the wire.
func asciiHost(host string) (ascii string, ip, ok bool) {
	if inner, bracket := strings.CutPrefix(host, "["); bracket {
		inner, closed := strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return a.String(), true, closed && err == nil && a.Is6() && a.Zone() == ""
	}
	if a, err := netip.ParseAddr(host); err == nil && a.Is4() {
		return a.String(), true, true
	}
	if decoded, err := url.PathUnescape(host); err == nil {
		host = decoded
	}
	ascii, err := profile.ToASCII(host)
	ascii = strings.TrimSuffix(ascii, ".")
	if err != nil || ascii == "" || len(ascii) > 253 || !utf8.ValidString(host) {
		return "", false, false
	}
	if again, err := profile.ToASCII(ascii); err != nil || again != ascii {
		return "", false, false // Punycode inside of Punycode
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return "", false, false
		}
	}
	for _, r := range ascii {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.' {
			return "", false, false
		}
	}
	// A last label of digits would be taken for an IPv4 address by some.
	if allDigits(ascii[strings.LastIndexByte(ascii, '.')+1:]) {
		return "", false, false
	}
	return ascii, false, true
}

// urlHost writes host and port for a URL; the scheme's standard port is left out.
func urlHost(scheme, host string, port int) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != 0 && (port != standardPorts[scheme] || scheme == "smtp") {
		host += ":" + strconv.Itoa(port)
	}
	return host
}

// web reads an http or https URL as browsers do (WHATWG URL). User information
// is dropped: browsers neither show nor need it, and "bank.test@evil.test" lives by it.
func (p *parser) web(s string) (Target, bool) {
	w, err := whatwg.NewParser(whatwg.WithPercentEncodeSinglePercentSign()).Parse(s)
	if err != nil || w.Hostname() == "" {
		return Target{}, false
	}
	var warn Warning
	switch {
	case w.Password() != "":
		warn = SecretInURL
	case w.Username() != "":
		warn = LooksLike
	}
	host := strings.TrimSuffix(w.Hostname(), ".")
	if host == "" || strings.HasPrefix(host, ".") || strings.HasSuffix(host, ".") || strings.Contains(host, "..") {
		return Target{}, false
	}
	if w.Port() != "" {
		host += ":" + w.Port()
	}
	u, err := url.Parse(w.Scheme() + "://" + host + w.Pathname() + w.Search() + w.Hash())
	if err != nil || u.Host == "" {
		return Target{}, false
	}
	return p.target(Web, u, warn), true
}

// server reads what follows the slashes of a file, mail or database server's
// URL; scheme "" is for "find out".
func (p *parser) server(scheme, s string) (Target, bool) {
	delimiters := "/?#"
	files := slices.Contains([]string{"", "ftp", "ftps", "ftpes", "sftp"}, scheme)
	if files {
		delimiters = "/" // ? and # are ordinary characters in the names of files
	}
	a, ok := splitAuthority(s, delimiters)
	if !ok {
		return Target{}, false
	}
	u := &url.URL{Scheme: scheme, Host: urlHost(scheme, a.host, a.port)}
	if a.user != nil {
		u.User = url.User(*a.user)
	}
	path := a.rest
	if !files {
		path, _, _ = strings.Cut(path, "#") // no such server knows fragments
		before, query, _ := strings.Cut(path, "?")
		query, secret := dropSecretParameters(query)
		path = before
		u.RawQuery = escapeBytes(query, `"<>`)
		a.secret = a.secret || secret
	}
	path = escapeStray(path)
	decoded, err := url.PathUnescape(path)
	if err != nil || strings.ContainsRune(decoded, 0) {
		return Target{}, false
	}
	u.Path = decoded
	if u.EscapedPath() != path {
		u.RawPath = path // net/url ignores it where it does not fit
	}
	var warn Warning
	if a.secret {
		warn = SecretInURL
	}
	return p.target(Server, u, warn), true
}

// escapeStray escapes percent signs that escape nothing.
func escapeStray(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			b.WriteString("25")
		}
	}
	return b.String()
}

// dropSecretParameters takes out the passwords that database URLs may carry in
// their query.
func dropSecretParameters(query string) (string, bool) {
	parts := strings.Split(query, "&")
	kept := slices.DeleteFunc(slices.Clone(parts), func(part string) bool {
		name, _, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		return strings.Contains(strings.ToLower(name), "pass") || strings.EqualFold(name, "pwd")
	})
	return strings.Join(kept, "&"), len(kept) < len(parts)
}

// target completes a target that has a URL.
func (p *parser) target(kind Kind, u *url.URL, warn Warning) Target {
	host, suspicious := displayHost(u.Hostname())
	shown := *u
	text := p.text
	if warn == SecretInURL {
		text = ""
	}
	if host != u.Hostname() {
		shown.Host = strings.Replace(u.Host, u.Hostname(), host, 1)
	}
	s := shown.Host
	if u.User != nil {
		s = u.User.String() + "@" + s
	}
	if u.Scheme != "" {
		s = u.Scheme + "://" + s
	}
	s += showEscaped(u.EscapedPath())
	if u.RawQuery != "" || u.ForceQuery {
		s += "?" + showEscaped(u.RawQuery)
	}
	if u.Fragment != "" {
		s += "#" + showEscaped(u.EscapedFragment())
	}
	if text == "" {
		text = s
	}
	return Target{Kind: kind, URL: u, Text: text, Shown: s, Warn: gravest(warn, suspicious)}
}

// person handles name@host, alone or as "Name <name@host>", and user@host of a
// server.
func (p *parser) person(s string) (Target, bool) {
	if strings.Count(s, "@") == 0 || strings.HasPrefix(s, "@") {
		return Target{}, false
	}
	var warn Warning
	if !strings.ContainsAny(s, " <") {
		if strings.Contains(s[:strings.LastIndexByte(s, '@')], "/") {
			return Target{}, false
		}
		a, ok := splitAuthority(s, "/")
		if !ok || a.user == nil {
			return Target{}, false
		}
		if a.port != 0 || a.rest != "" || a.ip {
			scheme := portSchemes[a.port]
			if scheme == "http" || scheme == "https" {
				scheme = ""
			}
			return p.server(scheme, s)
		}
		if a.secret {
			user, _, _ := strings.Cut(s, ":")
			s, warn = user+s[strings.LastIndexByte(s, '@'):], SecretInURL
		}
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil {
		return Target{}, false
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	local, domain := parsed.Address[:at], parsed.Address[at+1:]
	host, ip, ok := asciiHost(domain)
	if !ok || ip || strings.ContainsFunc(local, func(r rune) bool { return r == ' ' || unicode.IsControl(r) || strings.ContainsRune(`"<>(),:;@[]\/`, r) }) || strings.ContainsAny(local[:1], "?~'") {
		return Target{}, false
	}
	display, suspicious := displayHost(host)
	warn = gravest(warn, suspicious)
	t := Target{Kind: Person, Text: local + "@" + host, Shown: local + "@" + display, Warn: warn}
	mailto := &url.URL{Scheme: "mailto", Opaque: escapeMailto(t.Text)}
	t.Alternatives = append(t.Alternatives, Target{Kind: Mailto, URL: mailto, Text: mailto.String(), Shown: mailto.String(), Warn: warn})
	if server, ok := p.server("", url.User(local).String()+"@"+host); ok {
		t.Alternatives = append(t.Alternatives, server)
	}
	if strings.Contains(host, ".") || host == "localhost" {
		return t, true
	}
	words := p.words(s)
	words.Alternatives = append(t.Alternatives[1:], words.Alternatives...) // user@nas
	return words, true
}

// mailtoFields are the header fields that a link may set (RFC 6068 section 7
// warns of the others; "attach" would take files from this computer).
var mailtoFields = []string{"to", "cc", "bcc", "subject", "body", "in-reply-to", "keywords"}

func (p *parser) mailto(rest string) (Target, bool) {
	rest, _, _ = strings.Cut(strings.TrimPrefix(rest, "//"), "#")
	to, query, _ := strings.Cut(rest, "?")
	var kept []string
	for part := range strings.SplitSeq(strings.ReplaceAll(query, "&amp;", "&"), "&") {
		name, value, ok := strings.Cut(part, "=")
		if decoded, err := url.PathUnescape(name); err == nil {
			name = decoded
		}
		if name = strings.ToLower(name); ok && slices.Contains(mailtoFields, name) {
			kept = append(kept, name+"="+escapeMailto(value))
		}
	}
	u := &url.URL{Scheme: "mailto", Opaque: escapeMailto(to), RawQuery: strings.Join(kept, "&")}
	if u.Opaque == "" && u.RawQuery == "" {
		return Target{}, false
	}
	t := Target{Kind: Mailto, URL: u, Text: p.text, Shown: "mailto:" + u.Opaque}
	if u.RawQuery != "" {
		t.Shown += "?" + u.RawQuery
	}
	for address := range strings.SplitSeq(u.Opaque, ",") {
		if _, domain, ok := strings.Cut(address, "@"); ok {
			if decoded, err := url.PathUnescape(domain); err == nil {
				domain = decoded
			}
			if host, ip, ok := asciiHost(domain); ok && !ip {
				_, warn := displayHost(host)
				t.Warn = gravest(t.Warn, warn)
			}
		}
	}
	return t, true
}

// escapeMailto escapes what may not stand in a mailto URL and leaves existing
// escapes alone.
func escapeMailto(s string) string {
	return escapeBytes(s, "\"<>\\^`{|}#?&")
}

// escapeBytes escapes blanks, what is not ASCII, the given characters and
// percent signs that escape nothing.
func escapeBytes(s, special string) string {
	s = escapeStray(s)
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c > ' ' && c < 0x7f && strings.IndexByte(special, c) < 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteString(strings.ToUpper(strconv.FormatUint(uint64(c)+0x100, 16)[1:]))
	}
	return b.String()
}
