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

// entity reads one part with its header and returns its share of the text.
func (p *parser) entity(h Header, content []byte, depth int) body {
	mt, params := mediaType(h.Get("Content-Type"))
	if mt == "" || !strings.Contains(mt, "/") {
		if mt != "" {
			p.message.Lenient = true
		}
		mt = "text/plain"
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
	mr := textproto.NewMultipartReader(bytes.NewReader(content), boundary)
	var children []body
	for n := 0; ; n++ {
		if len(p.parts) >= MaxParts || n >= MaxParts {
			p.message.Lenient = true
			break
		}
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			// Also what a missing last boundary gives: all its parts were read.
			if n == 0 && len(bytes.TrimSpace(content)) > 0 {
				p.trouble = true
			}
			break
		}
		if err != nil {
			p.message.Lenient = true
			if n == 0 || !missingEnd(err) {
				p.trouble = true
			}
			break
		}
		data, err := io.ReadAll(part)
		if err != nil {
			p.message.Lenient = true // what was read is kept
		}
		var h Header
		for f := part.Header.Fields(); f.Next() && len(h) < fieldLimit; {
			h = append(h, Field{Name: f.Key(), Value: f.Value()})
		}
		if mt == "multipart/digest" && h.Get("Content-Type") == "" {
			h = append(h, Field{Name: "Content-Type", Value: "message/rfc822"})
		}
		children = append(children, p.entity(h, data, depth+1))
	}
	if mt == "multipart/alternative" {
		return alternative(children)
	}
	return mixed(children)
}

func missingEnd(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || strings.HasSuffix(err.Error(), "EOF")
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
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			clean = append(clean, c)
		case c == '=':
			// Padding ends a run; some senders join several runs.
			for len(clean)%4 == 1 {
				clean = clean[:len(clean)-1]
			}
			for len(clean)%4 != 0 {
				clean = append(clean, '=')
			}
		}
	}
	for len(clean)%4 != 0 {
		if len(clean)%4 == 1 {
			clean = clean[:len(clean)-1]
			continue
		}
		clean = append(clean, '=')
	}
	out := make([]byte, 0, base64.StdEncoding.DecodedLen(len(clean)))
	for len(clean) > 0 {
		end := len(clean)
		if i := bytes.IndexByte(clean, '='); i >= 0 {
			end = min(len(clean), (i/4+1)*4)
		}
		buf := make([]byte, base64.StdEncoding.DecodedLen(end))
		n, err := base64.StdEncoding.Decode(buf, clean[:end])
		out = append(out, buf[:n]...)
		if err != nil {
			break
		}
		clean = clean[end:]
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
	enmime.DisableCharacterDetection(true), enmime.DisableTextConversion(true), enmime.SkipMalformedParts(true),
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
