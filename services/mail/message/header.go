package message

import (
	"bytes"
	"mime"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
	"time"
)

// headerLimit bounds the part of a message that is taken as its header, bytes;
// fieldLimit the number of fields.
const (
	headerLimit = 1 << 20
	fieldLimit  = 2000
)

// Field is a header field as it came, unfolded but not decoded.
type Field struct{ Name, Value string }

// Header is a message's or part's header in the order of the wire.
type Header []Field

// SplitHeader parses a header as tolerantly as can be: lines without a colon are
// skipped, bare LF and CR CR LF end lines, a leading mbox "From " line is
// skipped. body is the offset of the first byte after the empty line.
func SplitHeader(raw []byte) (h Header, body int) {
	broken := func(line []byte) bool { return len(line) == 0 }
	pos := 0
	for pos < len(raw) && pos < headerLimit {
		end := bytes.IndexByte(raw[pos:], '\n')
		next := len(raw)
		line := raw[pos:]
		if end >= 0 {
			line, next = raw[pos:pos+end], pos+end+1
		}
		line = bytes.TrimRight(line, "\r")
		if broken(line) {
			return h, next
		}
		switch colon := bytes.IndexByte(line, ':'); {
		case line[0] == ' ' || line[0] == '\t':
			if len(h) > 0 && len(h[len(h)-1].Value) < headerLimit {
				h[len(h)-1].Value += " " + strings.TrimLeft(string(line), " \t")
			}
		case colon <= 0 || bytes.HasPrefix(line, []byte("From ")):
			// No field: servers' and scanners' stray lines; the rest is still read.
		case len(h) < fieldLimit:
			name := strings.TrimRight(string(line[:colon]), " \t")
			if !strings.ContainsAny(name, " \t") {
				h = append(h, Field{Name: textproto.CanonicalMIMEHeaderKey(name), Value: strings.TrimSpace(string(line[colon+1:]))})
			}
		}
		pos = next
	}
	return h, min(pos, len(raw))
}

// Get gives the first field of that name, not decoded.
func (h Header) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Text gives the first field of that name decoded (RFC 2047), one line, with
// control and bidi characters made visible.
func (h Header) Text(name string) string { return Visible(decodeWords(h.Get(name))) }

// Addresses gives all addresses of the fields of that name.
func (h Header) Addresses(name string) (list []Address) {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			list = append(list, ParseAddresses(f.Value)...)
		}
	}
	return list
}

// Date gives the Date field, the zero time if it is missing or nonsense.
func (h Header) Date() time.Time {
	v := h.Get("Date")
	if v == "" {
		return time.Time{}
	}
	if t, err := mail.ParseDate(v); err == nil {
		return t
	}
	if i := strings.IndexByte(v, '('); i > 0 {
		v = strings.TrimSpace(v[:i])
	}
	for _, layout := range []string{
		"Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 06 15:04:05 -0700",
		"Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05", "Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 -0700 2006", time.RFC3339,
	} {
		if t, err := time.Parse(layout, v); err == nil {
			return t
		}
	}
	return time.Time{}
}

var idPattern = regexp.MustCompile(`<[^<>\s]{1,900}>`)

// MessageID gives the message identifier with its angle brackets, "" if there is none.
func (h Header) MessageID() string {
	v := h.Get("Message-Id")
	if id := idPattern.FindString(v); id != "" {
		return id
	}
	if v = strings.TrimSpace(v); v != "" && len(v) < 996 && !strings.ContainsAny(v, " \t<>") {
		return "<" + v + ">"
	}
	return ""
}

// References gives the identifiers of References and In-Reply-To, oldest first,
// each once, at most 100: the newest.
func (h Header) References() (ids []string) {
	seen := map[string]bool{}
	for _, name := range []string{"References", "In-Reply-To"} {
		for _, id := range idPattern.FindAllString(h.Get(name), -1) {
			if !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	if len(ids) > 100 {
		ids = ids[len(ids)-100:]
	}
	return ids
}

var wordDecoder = &mime.WordDecoder{CharsetReader: charsetReader}

// encodedGap is the space between two encoded words, which does not count, but
// which some senders leave out.
var encodedGap = regexp.MustCompile(`(\?=)(=\?[^?\s]+\?[bBqQ]\?)`)

// decodeWords decodes RFC 2047 words; raw 8-bit text is taken as UTF-8, else as
// windows-1252.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return Decode([]byte(s), "")
	}
	s = encodedGap.ReplaceAllString(s, "$1 $2")
	d, err := wordDecoder.DecodeHeader(s)
	if err != nil {
		return Decode([]byte(s), "")
	}
	return Decode([]byte(d), "")
}

var addressParser = &mail.AddressParser{WordDecoder: wordDecoder}

// addressLimit bounds the addresses read from one field.
const addressLimit = 5000

// ParseAddresses reads a list of addresses: strictly (RFC 5322) where it is
// well formed, piece by piece where it is not. Nothing that looks like an
// address is dropped.
func ParseAddresses(value string) (list []Address) {
	if strings.TrimSpace(value) == "" {
		return nil
	}
	if len(value) < 1<<16 {
		if parsed, err := addressParser.ParseList(value); err == nil {
			for _, a := range parsed {
				list = append(list, Address{Name: Visible(decodeWords(a.Name)), Mail: Visible(a.Address)})
			}
			return list
		}
	}
	for _, piece := range splitAddresses(value) {
		if a, ok := looseAddress(piece); ok {
			list = append(list, a)
		}
		if len(list) == addressLimit {
			break
		}
	}
	return list
}

// splitAddresses cuts at commas and semicolons outside quotes and angle brackets.
func splitAddresses(s string) (pieces []string) {
	var quoted, angle bool
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case '<':
			angle = true
		case '>':
			angle = false
		case ',', ';':
			if !quoted && !angle {
				pieces = append(pieces, s[start:i])
				start = i + 1
			}
		}
	}
	return append(pieces, s[min(start, len(s)):])
}

func looseAddress(s string) (Address, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Address{}, false
	}
	open, end := strings.LastIndexByte(s, '<'), strings.LastIndexByte(s, '>')
	if open < 0 {
		if i := strings.IndexByte(s, ' '); i > 0 && strings.Contains(s[:i], "@") {
			return Address{Mail: Visible(s[:i]), Name: strings.Trim(Visible(decodeWords(s[i+1:])), `"'() `)}, true
		}
		if !strings.Contains(s, "@") {
			return Address{Name: strings.Trim(Visible(decodeWords(s)), `"' `)}, true
		}
		return Address{Mail: Visible(s)}, true
	}
	if end < open {
		end = len(s)
	}
	name := strings.TrimSpace(s[:open])
	name = strings.ReplaceAll(strings.Trim(name, `"`), `\"`, `"`)
	return Address{Name: strings.TrimSpace(Visible(decodeWords(name))), Mail: Visible(strings.TrimSpace(s[open+1 : end]))}, true
}

// mediaType reads a Content-Type or Content-Disposition, tolerating what mime
// does not: duplicate and unquoted parameters.
func mediaType(value string) (string, map[string]string) {
	if value == "" {
		return "", map[string]string{}
	}
	t, params, err := mime.ParseMediaType(value)
	if err == nil {
		return t, params
	}
	pieces := strings.Split(value, ";")
	t = strings.ToLower(strings.TrimSpace(pieces[0]))
	params = map[string]string{}
	for _, p := range pieces[1:min(len(pieces), 50)] {
		k, v, ok := strings.Cut(p, "=")
		k = strings.ToLower(strings.TrimSpace(k))
		if _, have := params[k]; ok && !have {
			params[k] = strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
	return t, params
}
