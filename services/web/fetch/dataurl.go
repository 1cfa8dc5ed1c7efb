package fetch

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"

	"guichet/services/fault"
	"guichet/services/web/sniff"
)

// dataURL answers a data: address (RFC 2397; Fetch standard, section 6).
func dataURL(u *url.URL) (*Response, error) {
	_, rest, _ := strings.Cut(u.String(), ":")
	rest, _, _ = strings.Cut(rest, "#")
	meta, payload, ok := strings.Cut(rest, ",")
	if !ok {
		return nil, fault.Newf(fault.Damaged, "read data address", "", "no comma")
	}
	body := percent(payload)
	media := strings.TrimSpace(string(percent(meta)))
	if head, found := cutBase64(media); found {
		media = head
		clean := bytes.Map(func(r rune) rune {
			if strings.ContainsRune(" \t\r\n\f", r) {
				return -1
			}
			return r
		}, body)
		decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(string(clean), "="))
		if err != nil {
			return nil, fault.New(fault.Damaged, "read data address", "", err)
		}
		body = decoded
	}
	if strings.HasPrefix(media, ";") {
		media = "text/plain" + media
	}
	if _, ok := sniff.Essence(media); !ok {
		media = "text/plain;charset=US-ASCII"
	}
	return &Response{
		URL: u, Method: http.MethodGet, Status: 200, Header: http.Header{"Content-Type": {media}},
		MediaType: sniff.Type(media, true, body), Body: io.NopCloser(bytes.NewReader(body)), Length: int64(len(body)), Secure: true,
	}, nil
}

func cutBase64(media string) (string, bool) {
	i := strings.LastIndexByte(media, ';')
	if i < 0 || !strings.EqualFold(strings.TrimSpace(media[i+1:]), "base64") {
		return media, false
	}
	return strings.TrimSpace(media[:i]), true
}

// percent decodes percent-encoding and lets through what is none.
func percent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, ok1 := nibble(s[i+1])
			lo, ok2 := nibble(s[i+2])
			if ok1 && ok2 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}

func nibble(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
