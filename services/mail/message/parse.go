package message

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime/quotedprintable"
	"regexp"
	"strings"

	"github.com/emersion/go-message/textproto"
	"github.com/jhillyerd/enmime/v2"
)

// body is what a part contributes to the text that is read.
type body struct{ text, html string }

type parser struct {
	message *Message
	parts   []Part
	trouble bool // something could not be read: try the next stage
}

// guarded runs a stage; ok is false when the stage had trouble or panicked.
func (p *parser) guarded(stage func() body) (b body, ok bool) {
	defer func() {
		if recover() != nil { // a mistake of a library; the next stage reads the message
			ok = false
		}
	}()
	b = stage()
	return b, !p.trouble
}

func (p *parser) attached() bool {
	for _, x := range p.parts {
		if x.Attached {
			return true
		}
	}
	return false
}

// entity reads one part with its header and returns its share of the text.
func (p *parser) entity(h Header, content []byte, depth int) body {
	mt, params := mediaType(h.Get("Content-Type"))
	if mt == "" || !strings.Contains(mt, "/") {
		if mt != "" {
			p.message.Lenient = true
		}
		mt = "text/plain"
	}
	if strings.HasPrefix(mt, "multipart/") && params["boundary"] == "" {
		p.message.Lenient = true
		params["boundary"] = guessBoundary(content)
	}
	if strings.HasPrefix(mt, "multipart/") && params["boundary"] != "" && depth < MaxDepth {
		return p.multipart(mt, params["boundary"], content, depth)
	}
	if strings.HasPrefix(mt, "multipart/") {
		p.message.Lenient = true
		p.trouble = p.trouble || depth < MaxDepth
		mt = "text/plain"
	}
	data := p.decodeTransfer(h.Get("Content-Transfer-Encoding"), content)
	return p.leaf(h, mt, params, data)
}

func (p *parser) multipart(mt, boundary string, content []byte, depth int) body {
	parts, ok := p.readParts(boundary, content)
	if !ok {
		p.message.Lenient = true
		parts = splitParts(boundary, content)
		p.trouble = p.trouble || len(parts) == 0 && len(bytes.TrimSpace(content)) > 0
	}
	var children []body
	for _, part := range parts {
		if mt == "multipart/digest" && part.header.Get("Content-Type") == "" {
			part.header = append(part.header, Field{Name: "Content-Type", Value: "message/rfc822"})
		}
		children = append(children, p.entity(part.header, part.data, depth+1))
	}
	if mt == "multipart/alternative" {
		return alternative(children)
	}
	return mixed(children)
}

// rawPart is a part before its transfer encoding is undone.
type rawPart struct {
	header Header
	data   []byte
}

// readParts reads a multipart by go-message; ok is false if it gave up on a part.
func (p *parser) readParts(boundary string, content []byte) (parts []rawPart, ok bool) {
	mr := textproto.NewMultipartReader(bytes.NewReader(content), boundary)
	for {
		if len(p.parts)+len(parts) >= MaxParts {
			p.message.Lenient = true
			return parts, true
		}
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return parts, len(parts) > 0
		}
		if err != nil { // a missing last boundary is found out here, after its part was read
			p.message.Lenient = true
			return parts, len(parts) > 0 && missingEnd(err)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			p.message.Lenient = true // what was read is kept
		}
		var h Header
		for f := part.Header.Fields(); f.Next() && len(h) < fieldLimit; {
			h = append(h, Field{Name: f.Key(), Value: f.Value()})
		}
		parts = append(parts, rawPart{h, data})
	}
}

// splitParts cuts at the boundary lines and reads the parts' headers as tolerantly
// as the message's.
func splitParts(boundary string, content []byte) (parts []rawPart) {
	mark := []byte("--" + boundary)
	start := -1
	add := func(end int) {
		if start >= 0 && len(parts) < MaxParts {
			data := content[start:end]
			h, at := SplitHeader(data)
			parts = append(parts, rawPart{h, bytes.TrimSuffix(bytes.TrimSuffix(data[at:], []byte("\n")), []byte("\r"))})
		}
	}
	for pos := 0; pos < len(content); {
		next := len(content)
		if i := bytes.IndexByte(content[pos:], '\n'); i >= 0 {
			next = pos + i + 1
		}
		if line := bytes.TrimRight(content[pos:next], " \t\r\n"); bytes.HasPrefix(line, mark) {
			switch rest := line[len(mark):]; {
			case len(rest) == 0:
				add(pos)
				start = next
			case string(rest) == "--":
				add(pos)
				return parts
			}
		}
		pos = next
	}
	add(len(content))
	return parts
}

func missingEnd(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || strings.HasSuffix(err.Error(), "EOF")
}

var boundaryLine = regexp.MustCompile(`(?m)^--([^\s-][^\r\n]{0,68}?)[ \t]*\r?$`)

// guessBoundary finds the boundary that a header forgot: the first line that
// looks like one and comes again.
func guessBoundary(content []byte) string {
	m := boundaryLine.FindSubmatch(content)
	if m == nil || bytes.Count(content, append([]byte("\n--"), m[1]...)) < 1 {
		return ""
	}
	return string(m[1])
}

// alternative takes the best text and the best HTML of parts that say the same.
func alternative(children []body) (b body) {
	for _, c := range children {
		if c.html != "" {
			b.html = c.html
		}
		if c.text != "" && (b.text == "" || c.html == "") {
			b.text = c.text
		}
	}
	return b
}

// mixed puts parts one after the other.
func mixed(children []body) (b body) {
	anyHTML := false
	for _, c := range children {
		anyHTML = anyHTML || c.html != ""
	}
	for _, c := range children {
		text := c.text
		if text == "" && c.html != "" {
			text = TextFromHTML(c.html)
		}
		if text != "" {
			if b.text != "" {
				b.text += "\n\n"
			}
			b.text += text
		}
		switch {
		case c.html != "":
			b.html += c.html
		case anyHTML && c.text != "":
			b.html += htmlFromText(c.text)
		}
	}
	return b
}

func (p *parser) decodeTransfer(encoding string, content []byte) []byte {
	encoding = strings.ToLower(strings.TrimSpace(encoding))
	if i := strings.IndexAny(encoding, " ;("); i > 0 {
		encoding = encoding[:i]
	}
	switch encoding {
	case "", "7bit", "8bit", "binary":
		return content
	case "base64":
		return decodeBase64(content)
	case "quoted-printable":
		data, err := io.ReadAll(quotedprintable.NewReader(bufio.NewReader(bytes.NewReader(content))))
		if err != nil {
			p.message.Lenient = true
			return looseQuotedPrintable(content)
		}
		return data
	}
	p.message.Lenient = true // unknown: shown as it came
	return content
}

// decodeBase64 skips what does not belong and decodes what is complete.
func decodeBase64(content []byte) []byte {
	clean := make([]byte, 0, len(content))
	for _, c := range content {
		if c == '=' { // padding is the end: mailing lists write clear text behind it
			break
		}
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' {
			clean = append(clean, c)
		}
	}
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, err := base64.RawStdEncoding.Decode(out, clean)
	if err != nil {
		return out[:n] // cannot be: only its alphabet is left
	}
	return out
}

// looseQuotedPrintable leaves wrong sequences as they are.
func looseQuotedPrintable(b []byte) []byte {
	out := make([]byte, 0, len(b))
	hex := func(c byte) int {
		switch {
		case c >= '0' && c <= '9':
			return int(c - '0')
		case c >= 'A' && c <= 'F':
			return int(c-'A') + 10
		case c >= 'a' && c <= 'f':
			return int(c-'a') + 10
		}
		return -1
	}
	for i := 0; i < len(b); i++ {
		if b[i] != '=' {
			out = append(out, b[i])
			continue
		}
		switch {
		case i+2 < len(b) && hex(b[i+1]) >= 0 && hex(b[i+2]) >= 0:
			out = append(out, byte(hex(b[i+1])<<4|hex(b[i+2])))
			i += 2
		case i+1 < len(b) && b[i+1] == '\n':
			i++
		case i+2 < len(b) && b[i+1] == '\r' && b[i+2] == '\n':
			i += 2
		default:
			out = append(out, '=')
		}
	}
	return out
}

// leaf files a part and says what it adds to the text.
func (p *parser) leaf(h Header, mt string, params map[string]string, data []byte) body {
	if len(p.parts) >= MaxParts {
		p.message.Lenient = true
		return body{}
	}
	disposition, dparams := mediaType(h.Get("Content-Disposition"))
	name := dparams["filename"]
	if name == "" {
		name = params["name"]
	}
	part := Part{
		MediaType: mt, Charset: params["charset"], Data: data, Nested: mt == "message/rfc822" || mt == "message/global",
		CID: strings.Trim(strings.TrimSpace(h.Get("Content-Id")), "<>"),
	}
	part.Body = (mt == "text/plain" || mt == "text/html") && disposition != "attachment" && name == ""
	switch {
	case part.Body:
	case strings.HasPrefix(mt, "image/") && part.CID != "" && disposition != "attachment":
		// An inline picture.
		part.Name = SafeName(decodeWords(name), mt)
	default:
		part.Attached = true
		if name == "" && part.Nested {
			nested, _ := SplitHeader(data)
			if s := nested.Text("Subject"); s != "" {
				name = s + ".eml"
			}
		}
		part.Name = SafeName(decodeWords(name), mt)
	}
	p.parts = append(p.parts, part)
	if !part.Body {
		return body{}
	}
	text := Decode(data, part.Charset)
	if mt == "text/html" {
		if part.Charset == "" {
			text = Decode(data, metaCharset(data))
		}
		return body{html: text}
	}
	if strings.EqualFold(params["format"], "flowed") {
		text = flowed(text, strings.EqualFold(params["delsp"], "yes"))
	}
	return body{text: visibleText(text)}
}

var metaPattern = regexp.MustCompile(`(?i)<meta[^>]{0,200}charset\s*=\s*["']?([a-z0-9_:-]{2,40})`)

// metaCharset finds the charset that an HTML part names itself.
func metaCharset(data []byte) string {
	if m := metaPattern.FindSubmatch(data[:min(len(data), 2048)]); m != nil {
		return string(m[1])
	}
	return ""
}

var lenient = enmime.NewParser(
	enmime.DisableCharacterDetection(true), enmime.DisableTextConversion(true), enmime.SkipMalformedParts(false),
	enmime.SetReadPartErrorPolicy(enmime.AllowCorruptTextPartErrorPolicy),
)

// enmime is the second stage.
func (p *parser) enmime(raw []byte) body {
	env, err := lenient.ReadEnvelope(bytes.NewReader(raw))
	if err != nil || env.Root == nil {
		p.trouble = true
		return body{}
	}
	b := p.walk(env.Root, 0)
	if len(p.parts) == 0 {
		p.trouble = true
	}
	return b
}

func (p *parser) walk(part *enmime.Part, depth int) body {
	if part.FirstChild == nil || depth >= MaxDepth {
		h := Header{}
		for k, v := range part.Header {
			if len(v) > 0 {
				h = append(h, Field{Name: k, Value: v[0]})
			}
		}
		mt, params := mediaType(h.Get("Content-Type"))
		if mt == "" || strings.HasPrefix(mt, "multipart/") {
			mt = "text/plain"
		}
		if strings.HasPrefix(mt, "text/") && part.Charset != "" {
			params["charset"] = "utf-8" // enmime has decoded it
		}
		return p.leaf(h, mt, params, part.Content)
	}
	var children []body
	for c := part.FirstChild; c != nil && len(p.parts) < MaxParts; c = c.NextSibling {
		children = append(children, p.walk(c, depth+1))
	}
	if part.ContentType == "multipart/alternative" {
		return alternative(children)
	}
	return mixed(children)
}
