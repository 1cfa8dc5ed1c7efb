package message

import (
	"html"
	"strings"

	nethtml "golang.org/x/net/html"
)

// flowed undoes format=flowed (RFC 3676, section 4).
func flowed(s string, delSp bool) string {
	var out, para strings.Builder
	depthOf := func(line string) (int, string) {
		n := 0
		for n < len(line) && line[n] == '>' {
			n++
		}
		return n, line[n:]
	}
	depth := -1
	flush := func() {
		if depth >= 0 {
			if depth > 0 {
				out.WriteString(strings.Repeat(">", depth) + " ")
			}
			out.WriteString(para.String() + "\n")
		}
		para.Reset()
		depth = -1
	}
	for _, line := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		d, text := depthOf(line)
		text = strings.TrimPrefix(text, " ") // space-stuffing
		if depth >= 0 && d != depth {
			flush()
		}
		depth = d
		if soft := strings.HasSuffix(text, " ") && text != "-- "; soft {
			if delSp {
				text = text[:len(text)-1]
			}
			para.WriteString(text)
			continue
		}
		para.WriteString(text)
		flush()
	}
	flush()
	return strings.TrimSuffix(out.String(), "\n")
}

var blocks = map[string]string{
	"p": "\n\n", "div": "\n", "br": "\n", "tr": "\n", "h1": "\n\n", "h2": "\n\n", "h3": "\n\n", "h4": "\n\n", "h5": "\n\n", "h6": "\n\n",
	"ul": "\n", "ol": "\n", "table": "\n", "blockquote": "\n", "pre": "\n", "hr": "\n", "section": "\n", "article": "\n", "li": "\n",
}

// textLimit bounds the text made from HTML, bytes.
const textLimit = 4 << 20

// TextFromHTML makes readable plain text: for search, snippets, quotes and
// readers who want no HTML.
func TextFromHTML(source string) string {
	z := nethtml.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(1 << 20)
	var out strings.Builder
	skip := ""
	pre := 0
	start, gap := true, false // at the start of a line; white space was seen
	breakLine := func(b string) {
		s := out.String()
		if s == "" {
			return
		}
		for have := len(s) - len(strings.TrimRight(s, "\n")); have < len(b); have++ {
			out.WriteByte('\n')
		}
		start, gap = true, false
	}
	for out.Len() < textLimit {
		switch z.Next() {
		case nethtml.ErrorToken:
			return strings.TrimSpace(visibleText(out.String()))
		case nethtml.TextToken:
			if skip != "" {
				continue
			}
			text := string(z.Text())
			if pre > 0 {
				out.WriteString(text)
				continue
			}
			for _, r := range text {
				if r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' {
					gap = true
					continue
				}
				if gap && !start {
					out.WriteByte(' ')
				}
				out.WriteRune(r)
				start, gap = false, false
			}
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			b, _ := z.TagName()
			name := string(b)
			switch name {
			case "script", "style", "title", "template", "noscript", "svg":
				if skip == "" {
					skip = name
				}
			case "pre":
				pre++
			case "li":
				breakLine("\n")
				out.WriteString("- ")
				start = true
				continue
			}
			if br, ok := blocks[name]; ok && skip == "" {
				breakLine(br)
			}
		case nethtml.EndTagToken:
			b, _ := z.TagName()
			name := string(b)
			if name == skip {
				skip = ""
			}
			if name == "pre" && pre > 0 {
				pre--
			}
			if br, ok := blocks[name]; ok && name != "br" && skip == "" {
				breakLine(br)
			}
		}
	}
	return strings.TrimSpace(visibleText(out.String()))
}

// htmlFromText shows plain text where HTML is wanted.
func htmlFromText(text string) string {
	return `<div style="white-space: pre-wrap">` + html.EscapeString(text) + "</div>"
}

// Snippet is the first line of a list: about 140 runes of text without quotes.
func Snippet(text string) string {
	var out strings.Builder
	n := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '>' || strings.Trim(line, "-_=*#~ ") == "" {
			continue
		}
		for _, w := range strings.Fields(line) {
			if strings.HasPrefix(w, "http://") || strings.HasPrefix(w, "https://") {
				continue
			}
			if n > 0 {
				out.WriteByte(' ')
				n++
			}
			for _, r := range w {
				if n >= 140 {
					return Visible(out.String())
				}
				out.WriteRune(r)
				n++
			}
		}
		if n >= 140 {
			break
		}
	}
	return Visible(out.String())
}
