package webdav

import (
	"context"
	"crypto/md5" //nolint:gosec // RFC 7616 keeps it for old servers; SHA-256 is preferred
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// auth logs in by Basic (RFC 7617) or Digest (RFC 7616). After the first
// challenge every request carries the login, so that uploads are never sent
// twice.
type auth struct {
	user     string
	password func(ctx context.Context) (string, error)

	mu     sync.Mutex
	scheme string // "", "basic", "digest"
	secret string
	have   bool
	digest challenge
	cnonce string // of the digest; one for all requests, as -sess wants
	count  int    // of the requests with the digest's nonce
	proven bool   // the server took the nonce: its refusal later means that it is old
}

// challenge is what a server asks with for Digest.
type challenge struct {
	realm, nonce, opaque, algorithm, qop string
	stale, userhash, utf8                bool
}

// learn reads the challenges of a 401. It reports whether another try makes
// sense: the login was asked for, or the nonce that it was made with is old,
// but not that it is wrong. sent is what the refused request carried.
func (a *auth) learn(r *http.Response, sent string) bool {
	if a.password == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	best, basic := challenge{}, false
	for _, header := range r.Header.Values("WWW-Authenticate") {
		for _, c := range splitChallenges(header) {
			scheme, rest, _ := strings.Cut(c, " ")
			switch strings.ToLower(scheme) {
			case "basic":
				basic = true
			case "digest":
				if d := parseChallenge(rest); d.usable() && (best.nonce == "" || d.strength() > best.strength()) {
					best = d
				}
			}
		}
	}
	switch {
	case best.nonce != "":
		old := a.scheme == "digest" && strings.HasPrefix(sent, "Digest ")
		if old && !strings.Contains(sent, `nonce="`+a.digest.nonce+`"`) {
			return true // another request has learnt a newer one meanwhile
		}
		again := !old || best.stale || a.proven && best.nonce != a.digest.nonce
		a.scheme, a.digest, a.count, a.cnonce, a.proven = "digest", best, 0, rand.Text(), false
		return again
	case basic:
		again := sent == ""
		a.scheme = "basic"
		return again
	}
	return false
}

// accepted notes that the server took a login, and the nonce that it wants next
// (RFC 7616 section 3.5).
func (a *auth) accepted(r *http.Response) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.scheme != "digest" {
		return
	}
	a.proven = true
	for _, part := range splitCommas(r.Header.Get("Authentication-Info")) {
		if next, ok := strings.CutPrefix(strings.TrimSpace(part), "nextnonce="); ok {
			a.digest.nonce, a.count = clean(unquote(next)), 0
		}
	}
}

// apply adds the login to a request, if the server has asked for one.
func (a *auth) apply(req *http.Request) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.scheme == "" {
		return nil
	}
	if !a.have {
		// Held over the question: whoever else needs the password waits for it.
		secret, err := a.password(req.Context())
		if err != nil {
			return err
		}
		a.secret, a.have = secret, true
	}
	if a.scheme == "basic" {
		req.SetBasicAuth(a.user, a.secret)
		return nil
	}
	a.count++
	req.Header.Set("Authorization", a.digest.answer(req.Method, req.URL.RequestURI(), a.user, a.secret, a.count, a.cnonce))
	return nil
}

func (c challenge) session() bool { return strings.HasSuffix(strings.ToLower(c.algorithm), "-sess") }

// strength orders algorithms; 0 unknown.
func (c challenge) strength() int {
	switch strings.ToUpper(strings.TrimSuffix(strings.ToLower(c.algorithm), "-sess")) {
	case "", "MD5":
		return 1
	case "SHA-256":
		return 2
	case "SHA-512-256":
		return 3
	}
	return 0
}

// usable reports whether the challenge can be answered: not where the content
// of requests is to be part of it (auth-int alone).
func (c challenge) usable() bool { return c.nonce != "" && c.strength() > 0 && c.qop != "other" }

func (c challenge) hash() func() hash.Hash {
	switch c.strength() {
	case 2:
		return sha256.New
	case 3:
		return sha512.New512_256
	}
	return md5.New
}

// answer computes the response of RFC 7616 section 3.4.
func (c challenge) answer(method, uri, user, secret string, count int, cnonce string) string {
	h := func(parts ...string) string {
		d := c.hash()()
		d.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(d.Sum(nil))
	}
	a1 := h(user, c.realm, secret)
	if c.session() {
		a1 = h(a1, c.nonce, cnonce)
	}
	a2 := h(method, uri)
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	name := fmt.Sprintf(`username="%s"`, quote.Replace(user))
	switch {
	case c.userhash:
		name = fmt.Sprintf(`username="%s", userhash=true`, h(user, c.realm))
	case c.utf8 && strings.ContainsFunc(user, func(r rune) bool { return r > '~' }):
		name = "username*=UTF-8''" + url.PathEscape(user) // RFC 8187
	}
	out := fmt.Sprintf(`Digest %s, realm="%s", nonce="%s", uri="%s"`, name, quote.Replace(c.realm), c.nonce, uri)
	if c.qop != "" {
		nc := fmt.Sprintf("%08x", count)
		out += fmt.Sprintf(`, response="%s", qop=auth, nc=%s, cnonce="%s"`, h(a1, c.nonce, nc, cnonce, "auth", a2), nc, cnonce)
	} else {
		out += fmt.Sprintf(`, response="%s"`, h(a1, c.nonce, a2))
		if c.session() {
			out += fmt.Sprintf(`, cnonce="%s"`, cnonce)
		}
	}
	if c.opaque != "" {
		out += fmt.Sprintf(`, opaque="%s"`, c.opaque)
	}
	if c.algorithm != "" {
		out += ", algorithm=" + c.algorithm
	}
	return out
}

// splitChallenges divides a header that may hold several challenges: a new one
// begins at a word that is followed by a blank, not by "=".
func splitChallenges(header string) []string {
	var all []string
	for _, part := range splitCommas(header) {
		part = strings.TrimSpace(part)
		word, _, _ := strings.Cut(part, " ")
		if part == "" {
			continue
		}
		if !strings.Contains(word, "=") || len(all) == 0 {
			all = append(all, part)
			continue
		}
		all[len(all)-1] += ", " + part
	}
	return all
}

func splitCommas(s string) []string {
	var parts []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(s[1 : len(s)-1])
	}
	return s
}

// clean takes out what could end the quotes or the line in which a server's
// word is sent back.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '"' || r == '\\' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

func parseChallenge(s string) challenge {
	var c challenge
	for _, part := range splitCommas(s) {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			continue
		}
		value = unquote(value)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "realm":
			c.realm = value
		case "nonce":
			c.nonce = clean(value)
		case "opaque":
			c.opaque = clean(value)
		case "algorithm":
			c.algorithm = clean(value)
		case "qop":
			c.qop = "other"
			for q := range strings.SplitSeq(value, ",") {
				if strings.EqualFold(strings.TrimSpace(q), "auth") {
					c.qop = "auth"
				}
			}
		case "stale":
			c.stale = strings.EqualFold(value, "true")
		case "userhash":
			c.userhash = strings.EqualFold(value, "true")
		case "charset":
			c.utf8 = strings.EqualFold(value, "utf-8")
		}
	}
	return c
}
