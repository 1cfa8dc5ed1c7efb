package download

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// validators gives what a later range may be tied to: a strong ETag, else a
// Last-Modified that is strong because it lies well before the answer's date
// (RFC 9110, section 8.8.2.2).
func validators(h http.Header) (etag, modified string) {
	if tag := h.Get("Etag"); strings.HasPrefix(tag, `"`) {
		etag = tag
	}
	m, merr := http.ParseTime(h.Get("Last-Modified"))
	d, derr := http.ParseTime(h.Get("Date"))
	if merr == nil && (derr != nil || d.Sub(m) >= time.Second) {
		modified = h.Get("Last-Modified")
	}
	return etag, modified
}

// statedDigest reads the SHA-256 of Repr-Digest or Content-Digest (RFC 9530) or
// the older Digest (RFC 3230).
func statedDigest(h http.Header) string {
	for _, name := range []string{"Repr-Digest", "Content-Digest", "Digest"} {
		for _, part := range strings.Split(strings.Join(h.Values(name), ","), ",") {
			algorithm, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if !strings.EqualFold(algorithm, "sha-256") {
				continue
			}
			raw, err := base64.StdEncoding.DecodeString(strings.Trim(value, ":"))
			if err == nil && len(raw) == sha256.Size {
				return hex.EncodeToString(raw)
			}
		}
	}
	return ""
}

// contentRange reads "bytes 5-9/10" and "bytes */10" (RFC 9110, section 14.4);
// size is -1 where it is unknown.
func contentRange(s string) (from, size int64, ok bool) {
	unit, rest, found := strings.Cut(strings.TrimSpace(s), " ")
	if !found || !strings.EqualFold(unit, "bytes") {
		return 0, 0, false
	}
	span, all, found := strings.Cut(rest, "/")
	if !found {
		return 0, 0, false
	}
	size = -1
	if all != "*" {
		n, err := strconv.ParseInt(all, 10, 64)
		if err != nil || n < 0 {
			return 0, 0, false
		}
		size = n
	}
	if span == "*" {
		return -1, size, size >= 0
	}
	first, last, found := strings.Cut(span, "-")
	a, aerr := strconv.ParseInt(first, 10, 64)
	b, berr := strconv.ParseInt(last, 10, 64)
	if !found || aerr != nil || berr != nil || a < 0 || b < a || size >= 0 && b >= size {
		return 0, 0, false
	}
	return a, size, true
}
