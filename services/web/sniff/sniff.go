// Package sniff decides what a response really is, by the parts of the WHATWG
// MIME Sniffing standard that matter to a browser without plug-ins.
package sniff

import (
	"bytes"
	"mime"
	"net/http"
	"strings"
)

// Head is how many bytes from the beginning decide (MIME Sniffing, section 7).
const Head = 1445

// Class says what a browser does with a media type.
type Class int

// The classes.
const (
	File  Class = iota // kept as a download
	HTML               // laid out
	Text               // shown as it is
	Image              // shown as a picture
)

// Type computes the media type of a resource from its Content-Type header, the
// nosniff option and its first bytes (MIME Sniffing, section 7). The result is
// in lower case and keeps the header's parameters when its type stands.
func Type(header string, nosniff bool, head []byte) string {
	if len(head) > Head {
		head = head[:Head]
	}
	essence, ok := Essence(header)
	switch {
	case !ok, essence == "unknown/unknown", essence == "application/unknown", essence == "*/*":
		if nosniff {
			return binaryOrText(head)
		}
		return unknown(head)
	case nosniff:
		return keep(essence, header)
	case apacheDefault(header):
		if t := binaryOrText(head); t != "text/plain" {
			return t
		}
		return keep(essence, header)
	case isXML(essence):
		return keep(essence, header)
	case strings.HasPrefix(essence, "image/"):
		if t := image(head); t != "" {
			return t
		}
	}
	return keep(essence, header)
}

// Essence is the type and subtype of a Content-Type header in lower case; ok is
// false where there is none or it cannot be read.
func Essence(header string) (essence string, ok bool) {
	// What follows a broken parameter does not make the type unknown.
	essence, _, _ = strings.Cut(header, ";")
	essence = strings.ToLower(strings.TrimSpace(essence))
	main, sub, found := strings.Cut(essence, "/")
	if !found || main == "" || sub == "" || strings.ContainsFunc(main, notToken) || strings.ContainsFunc(sub, notToken) {
		return "", false
	}
	return essence, true
}

func notToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?=`, r)
}

// keep is the header in a form that can be parsed again.
func keep(essence, header string) string {
	_, params, err := mime.ParseMediaType(header)
	if err != nil || len(params) == 0 {
		return essence
	}
	if t := mime.FormatMediaType(essence, params); t != "" {
		return t
	}
	return essence
}

// apacheDefault reports the exact headers that old Apache servers send for
// files whose type they do not know (MIME Sniffing, section 4.6).
func apacheDefault(header string) bool {
	switch header {
	case "text/plain", "text/plain; charset=ISO-8859-1", "text/plain; charset=iso-8859-1", "text/plain; charset=UTF-8":
		return true
	}
	return false
}

func isXML(essence string) bool {
	return strings.HasSuffix(essence, "+xml") || essence == "text/xml" || essence == "application/xml"
}

// unknown is section 7.1; net/http carries its table.
func unknown(head []byte) string {
	if len(head) == 0 {
		return "text/plain"
	}
	if t := image(head); t != "" {
		return t
	}
	t := http.DetectContentType(head)
	if strings.HasPrefix(t, "text/html") || strings.HasPrefix(t, "text/plain") {
		// The charset is guessed; the page engine reads it from the page.
		t, _, _ = strings.Cut(t, ";")
		if t == "text/plain" && looksLikeSVG(head) {
			return "image/svg+xml"
		}
		return t
	}
	if strings.HasPrefix(t, "text/xml") {
		if looksLikeSVG(head) {
			return "image/svg+xml"
		}
		return "text/xml"
	}
	return t
}

func looksLikeSVG(head []byte) bool { return bytes.Contains(head, []byte("<svg")) }

// binaryOrText is section 7.2.
func binaryOrText(head []byte) string {
	for _, bom := range []string{"\xfe\xff", "\xff\xfe", "\xef\xbb\xbf"} {
		if bytes.HasPrefix(head, []byte(bom)) {
			return "text/plain"
		}
	}
	for _, b := range head {
		if b <= 0x08 || b == 0x0b || b >= 0x0e && b <= 0x1a || b >= 0x1c && b <= 0x1f {
			if t := http.DetectContentType(head); !strings.HasPrefix(t, "text/") {
				return t
			}
			return "application/octet-stream"
		}
	}
	return "text/plain"
}

// image is section 6.1.
func image(head []byte) string {
	for _, p := range []struct{ magic, media string }{
		{"\x89PNG\r\n\x1a\n", "image/png"},
		{"\xff\xd8\xff", "image/jpeg"},
		{"GIF87a", "image/gif"},
		{"GIF89a", "image/gif"},
		{"BM", "image/bmp"},
		{"\x00\x00\x01\x00", "image/x-icon"},
		{"\x00\x00\x02\x00", "image/x-icon"},
	} {
		if bytes.HasPrefix(head, []byte(p.magic)) {
			return p.media
		}
	}
	if len(head) >= 14 && bytes.HasPrefix(head, []byte("RIFF")) && bytes.Equal(head[8:14], []byte("WEBPVP")) {
		return "image/webp"
	}
	return ""
}

// ClassOf says what to do with a media type.
func ClassOf(mediaType string) Class {
	essence, _ := Essence(mediaType)
	switch essence {
	case "text/html", "application/xhtml+xml":
		return HTML
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/svg+xml", "image/x-icon", "image/vnd.microsoft.icon":
		return Image
	case "text/csv", "text/calendar", "text/vcard", "text/x-vcard":
		return File // other programs do more with them than show lines
	case "application/json", "application/javascript", "application/ecmascript", "application/x-javascript",
		"application/xml", "application/ld+json", "application/feed+json", "application/toml", "application/yaml", "application/x-sh":
		return Text
	}
	if strings.HasPrefix(essence, "text/") || isXML(essence) {
		return Text
	}
	return File
}
