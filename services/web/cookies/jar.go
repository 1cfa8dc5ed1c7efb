// Package cookies keeps the cookies of web sites by RFC 6265 with the rules
// that browsers added since (RFC 6265bis): SameSite, name prefixes, limits, no
// cookies for public suffixes. Cookies of third parties are neither kept nor
// sent.
package cookies

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Cookie is one cookie in the jar.
type Cookie struct {
	Name, Value string
	Domain      string // without a leading dot, lower case, ASCII
	Path        string
	HostOnly    bool // for exactly Domain, not for hosts below it
	Secure      bool
	HTTPOnly    bool
	SameSite    SameSite
	Expires     time.Time // zero: until the program ends
	Created     time.Time
	Used        time.Time

	order uint64 // of arrival, where the time is the same
}

// key is what makes a cookie replace another one.
type key struct {
	domain, path, name string
	hostOnly           bool
}

func (c *Cookie) key() key { return key{c.Domain, c.Path, c.Name, c.HostOnly} }

// Request says for what a request is made.
type Request struct {
	URL *url.URL
	// Top is the page that the request is for a part of; nil for a page itself.
	Top *url.URL
	// Initiator is the page whose link or form started the navigation; nil where
	// a person did.
	Initiator *url.URL
	Method    string
}

// Keeper stores cookies that outlive the program. Its methods return at once.
type Keeper interface {
	Put(c Cookie)
	Delete(c Cookie)
	Clear()
}

// How many cookies are kept; beyond, those used longest ago go first (RFC 6265,
// section 6.1 asks for at least 50 and 3000).
const (
	perDomain = 180
	inAll     = 3300
)

// Jar keeps cookies. It is safe for concurrent use.
type Jar struct {
	keeper Keeper
	now    func() time.Time

	mu sync.Mutex
	// sites holds cookies by registrable domain.
	sites map[string]map[key]*Cookie
	count int
	last  uint64 // order of the newest cookie
}

// New makes a jar with the cookies that were kept. keeper may be nil: then
// nothing outlives the program.
func New(keeper Keeper, kept []Cookie, now func() time.Time) *Jar {
	j := &Jar{keeper: keeper, now: now, sites: map[string]map[key]*Cookie{}}
	for _, c := range kept {
		j.last++
		c.order = j.last
		j.insert(&c)
	}
	return j
}

// Site is the registrable domain that host belongs to, or host itself for
// addresses and public suffixes: two hosts of one site may share cookies.
func Site(host string) string {
	host = canonical(host)
	if net.ParseIP(strings.Trim(host, "[]")) != nil {
		return host
	}
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return site
	}
	return host
}

// SameSiteURL reports whether two addresses belong to the same site. The
// scheme counts: a page that came in clear text is another site.
func SameSiteURL(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && Site(a.Hostname()) == Site(b.Hostname())
}

func canonical(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for i := range len(host) {
		if host[i] >= 0x80 {
			if ascii, err := idna.Lookup.ToASCII(host); err == nil {
				return ascii
			}
			break
		}
	}
	return host
}

func thirdParty(r Request) bool {
	return r.Top != nil && Site(r.Top.Hostname()) != Site(r.URL.Hostname())
}

// Header gives the value of the Cookie header for a request, "" for none (RFC
// 6265, section 5.4).
func (j *Jar) Header(r Request) string {
	if thirdParty(r) {
		return ""
	}
	now := j.now()
	host, path := canonical(r.URL.Hostname()), r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	secure := Trustworthy(r.URL)
	foreign := r.Initiator != nil && !SameSiteURL(r.Initiator, r.URL)
	safe := r.Method == "" || r.Method == "GET" || r.Method == "HEAD"

	j.mu.Lock()
	defer j.mu.Unlock()
	var found []*Cookie
	for _, c := range j.sites[Site(host)] {
		if !c.Expires.IsZero() && !c.Expires.After(now) {
			j.remove(c)
			continue
		}
		switch {
		case c.HostOnly && c.Domain != host, !c.HostOnly && !domainMatch(host, c.Domain),
			!pathMatch(path, c.Path), c.Secure && !secure,
			foreign && c.SameSite == Strict, foreign && c.SameSite == Lax && !safe:
			continue
		}
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b *Cookie) int {
		if d := len(b.Path) - len(a.Path); d != 0 {
			return d
		}
		if d := a.Created.Compare(b.Created); d != 0 {
			return d
		}
		return cmp.Compare(a.order, b.order)
	})
	var b strings.Builder
	for i, c := range found {
		c.Used = now
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.Name + "=" + c.Value)
	}
	return b.String()
}

// Set takes the Set-Cookie lines of a response to r (RFC 6265, section 5.3).
// Lines that break a rule are dropped.
func (j *Jar) Set(r Request, lines []string) {
	if len(lines) == 0 || thirdParty(r) {
		return
	}
	now := j.now()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, line := range lines {
		if c, ok := j.judge(r, line, now); ok {
			j.store(c, now)
		}
	}
}

// judge makes a cookie of a line, or refuses it; the lock is held.
func (j *Jar) judge(r Request, line string, now time.Time) (*Cookie, bool) {
	in, ok := parse(line, now)
	if !ok {
		return nil, false
	}
	host := canonical(r.URL.Hostname())
	c := &Cookie{
		Name: in.name, Value: in.value, Domain: host, HostOnly: true, Path: in.path, Secure: in.secure,
		HTTPOnly: in.http, SameSite: in.sameSite, Expires: in.expires, Created: now, Used: now,
	}
	if in.domain != "" {
		domain := canonical(in.domain)
		if strings.HasSuffix(in.domain, ".") || !domainMatch(host, domain) {
			return nil, false
		}
		// A cookie for "co.uk" would be shared by strangers; the suffix's own host
		// may set one for itself.
		if suffix, _ := publicsuffix.PublicSuffix(domain); suffix == domain {
			if domain != host {
				return nil, false
			}
		} else if net.ParseIP(strings.Trim(host, "[]")) == nil {
			c.Domain, c.HostOnly = domain, false
		}
	}
	if c.Path == "" {
		c.Path = defaultPath(r.URL)
	}
	secure := Trustworthy(r.URL)
	lower := strings.ToLower(c.Name)
	switch {
	case c.Secure && !secure, c.SameSite == None && !c.Secure:
		return nil, false
	case strings.HasPrefix(lower, "__secure-") && !c.Secure:
		return nil, false
	case strings.HasPrefix(lower, "__host-") && (!c.Secure || !c.HostOnly || c.Path != "/" || in.domain != ""):
		return nil, false
	}
	if !secure && j.shadows(c) {
		return nil, false
	}
	return c, true
}

// shadows reports whether a cookie set in clear text would hide one that was
// set safely (RFC 6265bis, section 5.7, step 16).
func (j *Jar) shadows(c *Cookie) bool {
	for _, o := range j.sites[Site(c.Domain)] {
		if o.Secure && o.Name == c.Name && pathMatch(c.Path, o.Path) &&
			(domainMatch(o.Domain, c.Domain) || domainMatch(c.Domain, o.Domain)) {
			return true
		}
	}
	return false
}

// store puts a judged cookie in its place; the lock is held.
func (j *Jar) store(c *Cookie, now time.Time) {
	old := j.sites[Site(c.Domain)][c.key()]
	j.last++
	c.order = j.last
	if old != nil {
		c.Created, c.order = old.Created, old.order
		j.remove(old)
	}
	if !c.Expires.IsZero() && !c.Expires.After(now) {
		return
	}
	j.insert(c)
	if j.keeper != nil && !c.Expires.IsZero() {
		j.keeper.Put(*c)
	}
	if site := j.sites[Site(c.Domain)]; len(site) > perDomain {
		j.evict(site, now)
	}
	for j.count > inAll {
		all := map[key]*Cookie{}
		for _, site := range j.sites {
			for k, c := range site {
				all[k] = c
			}
		}
		j.evict(all, now)
	}
}

func (j *Jar) insert(c *Cookie) {
	s := Site(c.Domain)
	if j.sites[s] == nil {
		j.sites[s] = map[key]*Cookie{}
	}
	if _, ok := j.sites[s][c.key()]; !ok {
		j.count++
	}
	j.sites[s][c.key()] = c
}

func (j *Jar) remove(c *Cookie) {
	s := Site(c.Domain)
	if _, ok := j.sites[s][c.key()]; !ok {
		return
	}
	delete(j.sites[s], c.key())
	if len(j.sites[s]) == 0 {
		delete(j.sites, s)
	}
	j.count--
	if j.keeper != nil && !c.Expires.IsZero() {
		j.keeper.Delete(*c)
	}
}

// evict drops a tenth of a full set: what expired, then what was used longest ago.
func (j *Jar) evict(from map[key]*Cookie, now time.Time) {
	list := make([]*Cookie, 0, len(from))
	for _, c := range from {
		list = append(list, c)
	}
	gone := func(c *Cookie) bool { return !c.Expires.IsZero() && !c.Expires.After(now) }
	slices.SortFunc(list, func(a, b *Cookie) int {
		if gone(a) != gone(b) {
			if gone(a) {
				return -1
			}
			return 1
		}
		return a.Used.Compare(b.Used)
	})
	for _, c := range list[:len(list)/10+1] {
		j.remove(c)
	}
}

// Clear forgets all cookies.
func (j *Jar) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sites, j.count = map[string]map[key]*Cookie{}, 0
	if j.keeper != nil {
		j.keeper.Clear()
	}
}

// Trustworthy reports whether what comes from u could not be read or changed
// on its way: TLS, or this very computer.
func Trustworthy(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	host := strings.ToLower(u.Hostname())
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// domainMatch is RFC 6265, section 5.1.3.
func domainMatch(host, domain string) bool {
	return host == domain ||
		strings.HasSuffix(host, "."+domain) && net.ParseIP(strings.Trim(host, "[]")) == nil
}

// pathMatch is RFC 6265, section 5.1.4.
func pathMatch(path, cookie string) bool {
	return path == cookie ||
		strings.HasPrefix(path, cookie) && (strings.HasSuffix(cookie, "/") || path[len(cookie)] == '/')
}

func defaultPath(u *url.URL) string {
	path := u.EscapedPath()
	i := strings.LastIndexByte(path, '/')
	if i <= 0 || path[0] != '/' {
		return "/"
	}
	return path[:i]
}
