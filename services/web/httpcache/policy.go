package httpcache

import (
	"net/http"
	"strings"
	"time"
)

// heuristicMax bounds the freshness that is guessed from Last-Modified.
const heuristicMax = 7 * 24 * time.Hour

// understood are the final status codes whose caching rules this cache follows;
// true for those that may be kept without being told so (RFC 9110, section 15.1).
var understood = map[int]bool{
	200: true, 203: true, 204: true, 300: true, 301: true, 308: true, 404: true, 405: true, 410: true, 414: true, 501: true,
	302: false, 303: false, 307: false, 400: false, 401: false, 403: false, 500: false, 502: false, 503: false, 504: false,
}

// storable is RFC 9111, section 3, for a private cache.
func storable(req *http.Request, status int, h http.Header) bool {
	if req.Method != http.MethodGet || req.Header.Get("Range") != "" {
		return false
	}
	if parseDirectives(req.Header).has("no-store") {
		return false
	}
	heuristic, known := understood[status]
	if !known {
		return false
	}
	d := parseDirectives(h)
	if d.has("no-store") && !d.has("must-understand") {
		return false
	}
	for _, v := range h.Values("Vary") {
		if strings.Contains(v, "*") {
			return false
		}
	}
	return heuristic || d.has("max-age") || d.has("public") || d.has("private") || h.Get("Expires") != ""
}

// lifetime is RFC 9111, section 4.2.1: how long a response is fresh, counted
// from its making.
func lifetime(status int, h http.Header, received time.Time) time.Duration {
	d := parseDirectives(h)
	if v, ok := d.duration("max-age"); ok {
		return v
	}
	date := dateOf(h, received)
	if len(h.Values("Expires")) > 0 {
		t, err := http.ParseTime(h.Get("Expires"))
		if err != nil || len(h.Values("Expires")) > 1 {
			return 0 // "0" and other nonsense are in the past
		}
		return t.Sub(date)
	}
	if !understood[status] && !d.has("public") {
		return 0
	}
	if modified, err := http.ParseTime(h.Get("Last-Modified")); err == nil && modified.Before(date) {
		return min(date.Sub(modified)/10, heuristicMax)
	}
	return 0
}

func dateOf(h http.Header, received time.Time) time.Time {
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		return t
	}
	return received
}

// age is RFC 9111, section 4.2.3.
func age(h http.Header, requested, received, now time.Time) time.Duration {
	apparent := max(0, received.Sub(dateOf(h, received)))
	value, _ := seconds(firstOf(h.Get("Age")))
	corrected := max(apparent, value+received.Sub(requested))
	return corrected + now.Sub(received)
}

func firstOf(list string) string {
	v, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(v)
}

// verdict says how a stored response may be used.
type verdict int

const (
	use      verdict = iota // without asking
	validate                // after the server said that it still holds
	useStale                // only because the request allows stale ones
)

// judge is RFC 9111, section 4.
func judge(e *entry, req *http.Request, now time.Time) verdict {
	r, d := parseDirectives(req.Header), parseDirectives(e.header)
	if r.has("no-cache") || d.has("no-cache") {
		return validate
	}
	current := age(e.header, e.requested, e.received, now)
	life := lifetime(e.status, e.header, e.received)
	if v, ok := r.duration("max-age"); ok && current > v {
		return validate
	}
	if v, ok := r.duration("min-fresh"); ok && life-current < v {
		return validate
	}
	if life > current {
		return use
	}
	if d.has("must-revalidate") || !r.has("max-stale") {
		return validate
	}
	if v := r["max-stale"]; v != "" {
		if limit, ok := seconds(v); !ok || current-life > limit {
			return validate
		}
	}
	return useStale
}

// mayServeStale reports whether a response may be shown where the server
// cannot be reached (RFC 9111, section 4.2.4).
func mayServeStale(e *entry) bool {
	d := parseDirectives(e.header)
	return !d.has("no-cache") && !d.has("must-revalidate")
}

// staleIfError reports whether a response may stand in for a server error
// (RFC 5861, section 4).
func staleIfError(e *entry, req *http.Request, now time.Time) bool {
	if !mayServeStale(e) {
		return false
	}
	limit, ok := parseDirectives(e.header).duration("stale-if-error")
	if !ok {
		limit, ok = parseDirectives(req.Header).duration("stale-if-error")
	}
	over := age(e.header, e.requested, e.received, now) - lifetime(e.status, e.header, e.received)
	return ok && over <= limit
}

// varyOf gives the request's values of the headers that a response varies by.
func varyOf(req *http.Request, h http.Header) map[string]string {
	m := map[string]string{}
	for _, line := range h.Values("Vary") {
		for _, name := range strings.Split(line, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name != "" {
				m[name] = normal(req.Header.Values(name))
			}
		}
	}
	return m
}

// matches is RFC 9111, section 4.1.
func (e *entry) matches(req *http.Request) bool {
	for name, value := range e.vary {
		if normal(req.Header.Values(name)) != value {
			return false
		}
	}
	return true
}

// normal brings the lines of a list header into one form: one line, one kind of
// white space.
func normal(values []string) string {
	parts := strings.Split(strings.Join(values, ","), ",")
	for i, p := range parts {
		parts[i] = strings.Join(strings.Fields(p), " ")
	}
	return strings.Join(parts, ",")
}

// hop are the headers that belong to a connection (RFC 9110, section 7.6.1).
var hop = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// keptHeader is what of a response's header is stored (RFC 9111, section 3.1).
func keptHeader(h http.Header) http.Header {
	k := h.Clone()
	for _, line := range h.Values("Connection") {
		for _, name := range strings.Split(line, ",") {
			k.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range hop {
		k.Del(name)
	}
	// Cookies were taken when they came; they are not set again from the disk.
	k.Del("Set-Cookie")
	return k
}

// freshen takes over a 304's header (RFC 9111, section 3.2); what describes the
// stored bytes stays.
func freshen(stored, fresh http.Header) http.Header {
	h := stored.Clone()
	for name, values := range keptHeader(fresh) {
		switch name {
		case "Content-Length", "Content-Encoding", "Content-Type", "Content-Range":
			continue
		}
		h[name] = values
	}
	if fresh.Get("Age") == "" {
		h.Del("Age")
	}
	return h
}
