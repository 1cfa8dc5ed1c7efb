// Package mailtext turns the plain text of a mail into a page: lines kept,
// addresses made links, quoted parts set apart by depth.
package mailtext

import (
	"html"
	"regexp"
	"strings"
)

// address finds web and mail addresses in running text; what ends a sentence is
// not part of them.
var address = regexp.MustCompile(`(?i)\b(?:https?://|www\.)[^\s<>"'` + "`" + `]+|\b[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+\b`)

// style is the page's own sheet, with the window's own colours, so that a plain
// mail has no edges.
const style = `<style>
html { background: #ffffff; color: #1d2733; }
body { font-family: sans-serif; font-size: 14px; line-height: 1.45; margin: 0; }
p { margin: 0 0 10px 0; white-space: pre-wrap; overflow-wrap: break-word; }
blockquote { margin: 0 0 10px 0; padding: 0 0 0 10px; border-left: 3px solid #b8c7d3; color: #5a6b78; }
@media (prefers-color-scheme: dark) {
html { background: #1a2129; color: #e4e9ee; }
a { color: #6fb9dc; }
blockquote { color: #a9b8c4; border-left-color: #4a5a66; }
}
</style>`

// HTML gives the page for a text. maxDepth bounds how deep quotes nest.
func HTML(text string) string {
	const maxDepth = 8
	var b strings.Builder
	b.WriteString("<!DOCTYPE html><html><head><meta name=\"color-scheme\" content=\"light dark\">" + style + "</head><body>")
	depth := 0
	var paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			b.WriteString("<p>" + strings.Join(paragraph, "\n") + "</p>")
			paragraph = paragraph[:0]
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		d, rest := quoteDepth(line)
		d = min(d, maxDepth)
		if d != depth {
			flush()
			for ; depth < d; depth++ {
				b.WriteString("<blockquote>")
			}
			for ; depth > d; depth-- {
				b.WriteString("</blockquote>")
			}
		}
		if strings.TrimSpace(rest) == "" {
			flush()
			continue
		}
		paragraph = append(paragraph, links(rest))
	}
	flush()
	b.WriteString(strings.Repeat("</blockquote>", depth) + "</body></html>")
	return b.String()
}

// quoteDepth counts the quote marks at a line's start.
func quoteDepth(line string) (depth int, rest string) {
	for {
		trimmed := strings.TrimPrefix(line, " ")
		after, ok := strings.CutPrefix(trimmed, ">")
		if !ok || depth == 0 && trimmed != line {
			if depth > 0 {
				line = strings.TrimPrefix(line, " ")
			}
			return depth, line
		}
		depth++
		line = after
	}
}

// links escapes a line and makes the addresses in it links.
func links(line string) string {
	var b strings.Builder
	last := 0
	for _, m := range address.FindAllStringIndex(line, -1) {
		text := strings.TrimRight(line[m[0]:m[1]], ".,;:!?)]}»")
		end := m[0] + len(text)
		target := text
		switch {
		case strings.HasPrefix(strings.ToLower(text), "www."):
			target = "https://" + text
		case !strings.Contains(text, "://"):
			target = "mailto:" + text
		}
		b.WriteString(html.EscapeString(line[last:m[0]]))
		b.WriteString(`<a href="` + html.EscapeString(target) + `">` + html.EscapeString(text) + `</a>`)
		last = end
	}
	b.WriteString(html.EscapeString(line[last:]))
	return b.String()
}
