package sniff

import (
	"mime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestType(t *testing.T) {
	png := "\x89PNG\r\n\x1a\n...."
	for _, c := range []struct {
		name, header string
		nosniff      bool
		head, want   string
		class        Class
	}{
		{"html by name", "Text/HTML; Charset=UTF-8", false, "x", "text/html; charset=UTF-8", HTML},
		{"broken parameter", "text/html; charset", false, "x", "text/html", HTML},
		{"none, html", "", false, "  <!DOCTYPE html><p>", "text/html", HTML},
		{"none, script tag", "", false, "<script>", "text/html", HTML},
		{"none, words", "", false, "hello", "text/plain", Text},
		{"none, empty", "", false, "", "text/plain", Text},
		{"none, pdf", "", false, "%PDF-1.7", "application/pdf", File},
		{"none, zip", "", false, "PK\x03\x04", "application/zip", File},
		{"none, nosniff html", "", true, "<html>", "text/plain", Text},
		{"none, xml", "", false, "<?xml version='1.0'?><rss/>", "text/xml", Text},
		{"none, svg", "", false, "<?xml version='1.0'?><svg xmlns='x'/>", "image/svg+xml", Image},
		{"nonsense header", "nonsense", false, png, "image/png", Image},
		{"any", "*/*", false, "GIF89a", "image/gif", Image},
		{"apache says text, is binary", "text/plain", false, "\x7fELF\x00\x01", "application/octet-stream", File},
		{"apache says text, is gzip", "text/plain; charset=UTF-8", false, "\x1f\x8b\x08\x00", "application/x-gzip", File},
		{"apache says text, is html: stays text", "text/plain", false, "<html>", "text/plain", Text},
		{"text with other charset stays", "text/plain; charset=utf-8", false, "\x00\x01", "text/plain; charset=utf-8", Text},
		{"picture of another kind", "image/jpeg", false, png, "image/png", Image},
		{"picture, nosniff", "image/jpeg", true, png, "image/jpeg", Image},
		{"picture that is none", "image/png", false, "<html>", "image/png", Image},
		{"script in a picture's clothes", "image/svg+xml", false, "GIF89a", "image/svg+xml", Image},
		{"webp", "", false, "RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", Image},
		{"utf-16 text", "text/plain", false, "\xff\xfeh\x00i\x00", "text/plain", Text},
		{"html is never made of a file type", "application/octet-stream", false, "<html>", "application/octet-stream", File},
		{"calendar", "text/calendar", false, "BEGIN:VCALENDAR", "text/calendar", File},
		{"json", "application/json", false, "{}", "application/json", Text},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Type(c.header, c.nosniff, []byte(c.head))
			require.Equal(t, c.want, got)
			require.Equal(t, c.class, ClassOf(got))
		})
	}
}

func FuzzType(f *testing.F) {
	f.Add("text/html; charset=utf-8", false, []byte("<html>"))
	f.Add("", true, []byte("\x00\x00\x01\x00"))
	f.Add("a/b; c=\"\\", false, []byte{})
	f.Fuzz(func(t *testing.T, header string, nosniff bool, head []byte) {
		got := Type(header, nosniff, head)
		if _, _, err := mime.ParseMediaType(got); err != nil {
			t.Fatalf("%q is no media type: %v", got, err)
		}
		if essence, ok := Essence(got); !ok || strings.ToLower(essence) != essence {
			t.Fatalf("%q", got)
		}
	})
}
