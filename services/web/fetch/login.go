package fetch

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"guichet/services/fault"
	"guichet/services/web/cookies"
)

// LoginQuestion is the Question of a Login fault: the site asks for a name and a
// password (RFC 9110, section 11). Logins.Set answers it.
type LoginQuestion struct {
	Origin string // scheme://host:port
	Host   string // for people
	Realm  string // what the site calls the place, cleaned; may be empty
	Scheme string // basic or digest
	// Secure is set where the password cannot be read on its way.
	Secure bool
	Failed bool // a name and password were sent and refused
	realm  string
}

// Logins keeps names and passwords for sites, in memory only. It is safe for
// concurrent use.
type Logins struct {
	mu     sync.Mutex
	spaces []*space
}

// space is a protection space (RFC 9110, section 11.5).
type space struct {
	origin, realm  string
	user, password string
	challenge      map[string]string // the newest one
	scheme         string
	folder         string // requests below it send the login without being asked
	count          int    // of requests with the digest's nonce
}

// NewLogins makes an empty store.
func NewLogins() *Logins { return &Logins{} }

// Set answers a question. An empty user takes the login away.
func (l *Logins) Set(q *LoginQuestion, user, password string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.spaces[:0]
	for _, s := range l.spaces {
		if s.origin != q.Origin || s.realm != q.realm {
			kept = append(kept, s)
		}
	}
	l.spaces = kept
	if user != "" {
		l.spaces = append(l.spaces, &space{origin: q.Origin, realm: q.realm, user: user, password: password})
	}
}

// apply adds the login to a request below a place that asked for it before. It
// returns the space whose login was sent.
func (l *Logins) apply(req *http.Request) *space {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.spaces {
		if s.challenge != nil && s.origin == origin(req.URL) && strings.HasPrefix(pathOf(req.URL), s.folder) {
			if v := s.authorization(req); v != "" {
				req.Header.Set("Authorization", v)
				return s
			}
		}
	}
	return nil
}

// challenge reads a 401: again says that a login is known and the request is
// to be made once more; else question is what to ask a person, nil if the
// server asks for something that is not supported.
func (l *Logins) challenge(req *http.Request, resp *http.Response, sent *space) (again bool, question *LoginQuestion) {
	best := pick(resp.Header.Values("WWW-Authenticate"))
	if best == nil {
		return false, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	realm, site := best.params["realm"], origin(req.URL)
	for _, s := range l.spaces {
		if s.origin != site || s.realm != realm {
			continue
		}
		stale := strings.EqualFold(best.params["stale"], "true")
		if s == sent && !(s.scheme == "digest" && stale) {
			s.challenge = nil // refused: do not send it again by itself
			return false, ask(req.URL, best, true)
		}
		s.challenge, s.scheme, s.count = best.params, best.scheme, 0
		s.folder = pathOf(req.URL)[:strings.LastIndexByte(pathOf(req.URL), '/')+1]
		return true, nil
	}
	return false, ask(req.URL, best, false)
}

func ask(u *url.URL, c *challenge, failed bool) *LoginQuestion {
	return &LoginQuestion{
		Origin: origin(u), Host: u.Hostname(), Realm: fault.CleanLine(c.params["realm"]), realm: c.params["realm"],
		Scheme: c.scheme, Secure: cookies.Trustworthy(u), Failed: failed,
	}
}

func pathOf(u *url.URL) string {
	if p := u.EscapedPath(); strings.HasPrefix(p, "/") {
		return p
	}
	return "/"
}

// challenge is one of a WWW-Authenticate header.
type challenge struct {
	scheme string
	params map[string]string
}

// pick chooses the strongest challenge that is supported: Digest with SHA-256,
// Digest with MD5, Basic.
func pick(lines []string) *challenge {
	var best *challenge
	rank := 0
	for _, line := range lines {
		for _, c := range parseChallenges(line) {
			r := 0
			switch {
			case c.scheme == "basic":
				r = 1
			case c.scheme == "digest" && c.params["nonce"] != "" && supportsAuth(c.params["qop"]):
				switch strings.ToLower(c.params["algorithm"]) {
				case "", "md5", "md5-sess":
					r = 2
				case "sha-256", "sha-256-sess":
					r = 3
				}
			}
			if r > rank {
				best, rank = c, r
			}
		}
	}
	return best
}

func supportsAuth(qop string) bool {
	if qop == "" {
		return true
	}
	for _, q := range strings.Split(qop, ",") {
		if strings.EqualFold(strings.TrimSpace(q), "auth") {
			return true
		}
	}
	return false
}

// parseChallenges reads a WWW-Authenticate value (RFC 9110, section 11.6.1):
// schemes and their parameters share one list separated by commas.
func parseChallenges(s string) []*challenge {
	var out []*challenge
	for i := 0; i < len(s); {
		for i < len(s) && (s[i] == ' ' || s[i] == ',' || s[i] == '\t') {
			i++
		}
		start := i
		for i < len(s) && !strings.ContainsRune(" \t,=", rune(s[i])) {
			i++
		}
		word := s[start:i]
		for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
			i++
		}
		if i >= len(s) || s[i] != '=' { // a scheme
			if word != "" {
				out = append(out, &challenge{scheme: strings.ToLower(word), params: map[string]string{}})
			}
			if i == start { // cannot happen twice at one place
				i++
			}
			continue
		}
		i++
		var value string
		value, i = parameter(s, i)
		if len(out) > 0 && word != "" {
			c := out[len(out)-1]
			if _, ok := c.params[strings.ToLower(word)]; !ok {
				c.params[strings.ToLower(word)] = value
			}
		}
	}
	return out
}

// parameter reads a token or quoted string at i and returns where it ends.
func parameter(s string, i int) (string, int) {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	if i < len(s) && s[i] == '"' {
		var b strings.Builder
		for i++; i < len(s) && s[i] != '"'; i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			}
			b.WriteByte(s[i])
		}
		return b.String(), min(i+1, len(s))
	}
	start := i
	for i < len(s) && s[i] != ',' && s[i] != ' ' {
		i++
	}
	return s[start:i], i
}

// authorization makes the Authorization value for a request; the lock is held.
func (s *space) authorization(req *http.Request) string {
	switch s.scheme {
	case "basic":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(s.user+":"+s.password)) // RFC 7617
	case "digest":
		s.count++
		return s.digest(req.Method, req.URL.RequestURI(), nonce(), s.count)
	}
	return ""
}

func nonce() string {
	b := make([]byte, 12)
	rand.Read(b) //nolint:errcheck // never fails, see crypto/rand
	return hex.EncodeToString(b)
}

// digest is RFC 7616, section 3.4.
func (s *space) digest(method, uri, cnonce string, count int) string {
	algorithm := s.challenge["algorithm"]
	newHash := md5.New
	if strings.HasPrefix(strings.ToLower(algorithm), "sha-256") {
		newHash = sha256.New
	}
	sum := func(parts ...string) string { return digestSum(newHash, parts) }
	a1 := sum(s.user, s.realm, s.password)
	if strings.HasSuffix(strings.ToLower(algorithm), "-sess") {
		a1 = sum(a1, s.challenge["nonce"], cnonce)
	}
	a2 := sum(method, uri)
	var b strings.Builder
	fmt.Fprintf(&b, `Digest username=%s, realm=%s, nonce=%s, uri=%s`,
		quote(s.user), quote(s.realm), quote(s.challenge["nonce"]), quote(uri))
	if s.challenge["qop"] != "" {
		nc := fmt.Sprintf("%08x", count)
		fmt.Fprintf(&b, `, response="%s", qop=auth, nc=%s, cnonce="%s"`,
			sum(a1, s.challenge["nonce"], nc, cnonce, "auth", a2), nc, cnonce)
	} else {
		fmt.Fprintf(&b, `, response="%s"`, sum(a1, s.challenge["nonce"], a2))
	}
	if algorithm != "" {
		b.WriteString(", algorithm=" + algorithm)
	}
	if o, ok := s.challenge["opaque"]; ok {
		b.WriteString(", opaque=" + quote(o))
	}
	return b.String()
}

func digestSum(newHash func() hash.Hash, parts []string) string {
	h := newHash()
	h.Write([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(h.Sum(nil))
}

// quote writes a quoted string; header values cannot hold line breaks.
func quote(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "").Replace(s)
	return `"` + s + `"`
}
