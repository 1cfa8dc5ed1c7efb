package httpcache

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// directives are those of a Cache-Control header: lower-case names, values
// without quotes. Where one comes twice with different values, the smaller
// number stands (RFC 9111, section 4.2.1: the most restrictive).
type directives map[string]string

func parseDirectives(h http.Header) directives {
	d := directives{}
	for _, line := range h.Values("Cache-Control") {
		for _, part := range splitList(line) {
			name, value, _ := strings.Cut(part, "=")
			name = strings.ToLower(strings.TrimSpace(name))
			value = strings.Trim(strings.TrimSpace(value), `"`)
			if name == "" {
				continue
			}
			if old, ok := d[name]; ok && old != value {
				a, okA := seconds(old)
				b, okB := seconds(value)
				if !okA || !okB {
					value = "0"
				} else if a < b {
					value = old
				}
			}
			d[name] = value
		}
	}
	// HTTP/1.0 servers and clients know only Pragma (RFC 9111, section 5.4).
	if len(h.Values("Cache-Control")) == 0 && strings.Contains(strings.ToLower(h.Get("Pragma")), "no-cache") {
		d["no-cache"] = ""
	}
	return d
}

// splitList splits at commas that are not inside quotes.
func splitList(s string) []string {
	var parts []string
	quoted, start := false, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case ',':
			if !quoted {
				parts = append(parts, s[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, s[start:])
}

func (d directives) has(name string) bool { _, ok := d[name]; return ok }

// duration gives a directive's delta-seconds; a directive that is there but
// cannot be read counts as 0 (stale).
func (d directives) duration(name string) (time.Duration, bool) {
	v, ok := d[name]
	if !ok {
		return 0, false
	}
	t, _ := seconds(v)
	return t, true
}

// seconds reads delta-seconds (RFC 9111, section 1.2.2): larger values than
// can be held count as the largest.
func seconds(s string) (time.Duration, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > math.MaxInt32 {
		n = math.MaxInt32
	}
	return time.Duration(n) * time.Second, true
}
