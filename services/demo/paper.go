package demo

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// pdf writes a one-page PDF 1.4 file with a title and lines of text.
func pdf(title string, lines []string) []byte {
	escape := func(s string) string {
		s = string(encodeCharset("windows-1252", []byte(s)))
		return strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(s)
	}
	var page strings.Builder
	fmt.Fprintf(&page, "BT /F1 22 Tf 72 760 Td (%s) Tj ET\n", escape(title))
	for i, line := range lines {
		fmt.Fprintf(&page, "BT /F2 12 Tf 72 %d Td (%s) Tj ET\n", 720-i*20, escape(line))
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", page.Len(), page.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return b.Bytes()
}

// archive writes a zip file; names and contents come in pairs.
func archive(at time.Time, pairs ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: pairs[i], Method: zip.Deflate, Modified: at})
		if err == nil {
			_, _ = io.WriteString(f, pairs[i+1]) // a buffer takes everything
		}
	}
	_ = w.Close()
	return b.Bytes()
}

// calendar writes an invitation (RFC 5546 REQUEST).
func calendar(id, summary, place string, start time.Time, stamp time.Time) string {
	const form = "20060102T150405Z"
	return strings.Join([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Guichet//Demo//EN", "METHOD:REQUEST",
		"BEGIN:VEVENT", "UID:" + id, "DTSTAMP:" + stamp.UTC().Format(form),
		"DTSTART:" + start.UTC().Format(form), "DTEND:" + start.Add(2*time.Hour).UTC().Format(form),
		"SUMMARY:" + summary, "LOCATION:" + place,
		"ORGANIZER;CN=Marie Dubois:mailto:marie@orchestra.example",
		"ATTENDEE;CN=" + FullName + ";RSVP=TRUE:mailto:" + User,
		"END:VEVENT", "END:VCALENDAR", "",
	}, "\r\n")
}
