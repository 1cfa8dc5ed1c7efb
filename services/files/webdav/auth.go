package webdav

import (
	"context"
	"crypto/md5" //nolint:gosec // RFC 7616 keeps it for old servers; SHA-256 is preferred
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
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
	count  int
}

type challenge struct {
	realm, nonce, opaque, algorithm, qop string
	stale                                bool
}

// learn reads the challenges of a 401. It reports whether another try makes
// sense.
func (a *auth) learn(r *http.Response) bool {
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
				d := parseChallenge(rest)
				if d.nonce != "" && d.hash() != nil && (best.nonce == "" || strings.HasPrefix(strings.ToUpper(d.algorithm), "SHA-256")) {
					best = d
				}
			}
		}
	}
	switch {
	case best.nonce != "":
		again := a.scheme != "digest" || best.stale
		a.scheme, a.digest, a.count = "digest", best, 0
		return again
	case basic:
		again := a.scheme != "basic"
		a.scheme = "basic"
		return again
	}
	return false
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
	req.Header.Set("Authorization", a.digest.answer(req.Method, req.URL.RequestURI(), a.user, a.secret, a.count, rand.Text()))
	return nil
}

func (c challenge) hash() func() hash.Hash {
	switch strings.ToUpper(strings.TrimSuffix(strings.ToLower(c.algorithm), "-sess")) {
	case "", "MD5":
		return md5.New
	case "SHA-256":
		return sha256.New
	}
	return nil
}

// answer computes the response of RFC 7616 section 3.4.
func (c challenge) answer(method, uri, user, secret string, count int, cnonce string) string {
	h := func(parts ...string) string {
		d := c.hash()()
		d.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(d.Sum(nil))
	}
	a1 := h(user, c.realm, secret)
	if strings.HasSuffix(strings.ToLower(c.algorithm), "-sess") {
		a1 = h(a1, c.nonce, cnonce)
	}
	a2 := h(method, uri)
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	out := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s"`, quote.Replace(user), quote.Replace(c.realm), c.nonce, uri)
	if c.qop != "" {
		nc := fmt.Sprintf("%08x", count)
		out += fmt.Sprintf(`, response="%s", qop=auth, nc=%s, cnonce="%s"`, h(a1, c.nonce, nc, cnonce, "auth", a2), nc, cnonce)
	} else {
		out += fmt.Sprintf(`, response="%s"`, h(a1, c.nonce, a2))
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

func parseChallenge(s string) challenge {
	var c challenge
	for _, part := range splitCommas(s) {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
			value = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(value[1 : len(value)-1])
		}
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "realm":
			c.realm = value
		case "nonce":
			c.nonce = strings.NewReplacer(`"`, "", "\r", "", "\n", "").Replace(value)
		case "opaque":
			c.opaque = strings.NewReplacer(`"`, "", "\r", "", "\n", "").Replace(value)
		case "algorithm":
			c.algorithm = value
		case "qop":
			for q := range strings.SplitSeq(value, ",") {
				if strings.EqualFold(strings.TrimSpace(q), "auth") {
					c.qop = "auth"
				}
			}
		case "stale":
			c.stale = strings.EqualFold(value, "true")
		}
	}
	return c
}
