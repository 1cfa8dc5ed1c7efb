package cookies

import (
	"strconv"
	"strings"
	"time"
)

// SameSite says on which requests that another site started a cookie goes
// along (RFC 6265bis, section 5.6.7).
type SameSite string

// The values of SameSite; one that a site leaves out is Lax.
const (
	Lax    SameSite = "lax"
	Strict SameSite = "strict"
	None   SameSite = "none"
)

// Limits of RFC 6265bis, sections 5.6 and 5.5.
const (
	maxPair      = 4096 // octets of name and value
	maxAttribute = 1024 // octets of an attribute's value; longer ones are ignored
	maxLife      = 400 * 24 * time.Hour
)

// received is a Set-Cookie line as it was read, before the jar judges it.
type received struct {
	name, value  string
	domain, path string
	secure, http bool
	sameSite     SameSite
	expires      time.Time // zero: until the program ends
}

// parse reads a Set-Cookie value by the algorithm of RFC 6265, section 5.2,
// which never fails on odd attributes, only on a missing name and value.
func parse(line string, now time.Time) (received, bool) {
	for i := range len(line) {
		if c := line[i]; c < 0x20 && c != '\t' || c == 0x7f {
			return received{}, false
		}
	}
	pair, rest, _ := strings.Cut(line, ";")
	name, value, ok := strings.Cut(pair, "=")
	r := received{name: trim(name), value: trim(value), sameSite: Lax}
	if !ok || r.name == "" || len(r.name)+len(r.value) > maxPair {
		return received{}, false
	}
	var expires, maxAge time.Time
	for rest != "" {
		var attribute string
		attribute, rest, _ = strings.Cut(rest, ";")
		key, v, _ := strings.Cut(attribute, "=")
		key, v = strings.ToLower(trim(key)), trim(v)
		if len(v) > maxAttribute {
			continue
		}
		switch key {
		case "expires":
			if t, ok := parseDate(v); ok {
				expires = t
			}
		case "max-age":
			if t, ok := parseMaxAge(v, now); ok {
				maxAge = t
			}
		case "domain":
			if v = strings.TrimPrefix(v, "."); v != "" {
				r.domain = strings.ToLower(v)
			}
		case "path":
			r.path = ""
			if strings.HasPrefix(v, "/") {
				r.path = v
			}
		case "secure":
			r.secure = true
		case "httponly":
			r.http = true
		case "samesite":
			switch s := SameSite(strings.ToLower(v)); s {
			case Strict, None, Lax:
				r.sameSite = s
			default:
				r.sameSite = Lax
			}
		}
	}
	r.expires = expires
	if !maxAge.IsZero() {
		r.expires = maxAge
	}
	if limit := now.Add(maxLife); r.expires.After(limit) {
		r.expires = limit
	}
	return r, true
}

func trim(s string) string { return strings.Trim(s, " \t") }

// longAgo is when a cookie that is to be forgotten at once expired.
var longAgo = time.Unix(1, 0)

func parseMaxAge(v string, now time.Time) (time.Time, bool) {
	digits := strings.TrimPrefix(v, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(v, 10, 64)
	switch {
	case err != nil && v[0] != '-', n > int64(maxLife/time.Second):
		return now.Add(maxLife), true
	case err != nil, n <= 0:
		return longAgo, true
	}
	return now.Add(time.Duration(n) * time.Second), true
}

// parseDate reads a cookie date by the algorithm of RFC 6265, section 5.1.1:
// tokens in any order between any delimiters.
func parseDate(s string) (time.Time, bool) {
	var hour, minute, second, day, year int
	var month time.Month
	var haveTime, haveDay, haveMonth, haveYear bool
	for _, token := range strings.FieldsFunc(s, dateDelimiter) {
		if !haveTime {
			if h, m, sec, ok := clock(token); ok {
				hour, minute, second, haveTime = h, m, sec, true
				continue
			}
		}
		if !haveDay {
			if n, ok := leading(token, 1, 2); ok {
				day, haveDay = n, true
				continue
			}
		}
		if !haveMonth {
			if m, ok := monthOf(token); ok {
				month, haveMonth = m, true
				continue
			}
		}
		if !haveYear {
			if n, ok := leading(token, 2, 4); ok {
				year, haveYear = n, true
			}
		}
	}
	switch {
	case year >= 70 && year <= 99:
		year += 1900
	case year >= 0 && year <= 69:
		year += 2000
	}
	if !haveTime || !haveDay || !haveMonth || !haveYear ||
		day < 1 || day > 31 || year < 1601 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	if t.Day() != day { // 31 February
		return time.Time{}, false
	}
	return t, true
}

func dateDelimiter(r rune) bool {
	return r == '\t' || r >= 0x20 && r <= 0x2f || r >= 0x3b && r <= 0x40 || r >= 0x5b && r <= 0x60 || r >= 0x7b && r <= 0x7e
}

// leading reads a number of least to most digits that no further digit follows.
func leading(token string, least, most int) (int, bool) {
	i := 0
	for i < len(token) && token[i] >= '0' && token[i] <= '9' {
		i++
	}
	if i < least || i > most {
		return 0, false
	}
	n, err := strconv.Atoi(token[:i])
	return n, err == nil
}

func clock(token string) (h, m, s int, ok bool) {
	parts := strings.SplitN(token, ":", 3)
	if len(parts) != 3 {
		return 0, 0, 0, false
	}
	var okH, okM, okS bool
	h, okH = digits(parts[0])
	m, okM = digits(parts[1])
	s, okS = leading(parts[2], 1, 2)
	return h, m, s, okH && okM && okS
}

// digits reads one or two digits and nothing else.
func digits(s string) (int, bool) {
	if len(s) == 0 || len(s) > 2 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func monthOf(token string) (time.Month, bool) {
	if len(token) < 3 {
		return 0, false
	}
	i := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(token[:3]))
	if i < 0 || i%3 != 0 {
		return 0, false
	}
	return time.Month(i/3 + 1), true
}
