package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding/htmlindex"
)

// letter is a message before it is written down.
type letter struct {
	from, to, cc []*mail.Address
	subject      string
	at           time.Time
	id           string   // Message-ID without brackets
	references   []string // oldest first
	kind         string   // plain, flowed, html, invitation
	charset      string   // of the text; "" is utf-8
	declared     string   // charset as the header states it: "" the same, "none" not at all
	encoding     string   // quoted-printable, base64, 8bit
	text         string   // plain text, or HTML for kind html
	extra        [][2]string
	attachments  []attachment
}

// attachment is a file in a message.
type attachment struct {
	name, mime string
	data       []byte
	cid        string // shown inside the HTML when not empty
}

// bytes writes the message down (RFC 5322, RFC 2045). The boundaries come from
// the Message-ID so that the same letter always gives the same bytes.
func (l *letter) bytes() []byte {
	var b bytes.Buffer
	header := func(name, value string) {
		if value != "" {
			fold(&b, name, value)
		}
	}
	header("From", addresses(l.from))
	header("To", addresses(l.to))
	header("Cc", addresses(l.cc))
	header("Subject", l.encodeWord(l.subject))
	header("Date", l.at.Format(time.RFC1123Z))
	header("Message-ID", "<"+l.id+">")
	if n := len(l.references); n > 0 {
		header("In-Reply-To", "<"+l.references[n-1]+">")
		header("References", "<"+strings.Join(l.references, "> <")+">")
	}
	for _, h := range l.extra {
		header(h[0], h[1])
	}
	header("MIME-Version", "1.0")
	body := l.body()
	if len(l.attachments) > 0 {
		body = l.withAttachments(body)
	}
	body.write(&b)
	return b.Bytes()
}

// entity is a header and what follows it.
type entity struct {
	header [][2]string
	body   []byte
}

func (e entity) write(b *bytes.Buffer) {
	for _, h := range e.header {
		fold(b, h[0], h[1])
	}
	b.WriteString("\r\n")
	b.Write(e.body)
}

// body is the readable part: text, or text and HTML as alternatives.
func (l *letter) body() entity {
	switch l.kind {
	case "html":
		return l.multipart("alternative", "", l.textPart("text/plain", stripTags(l.text)), l.textPart("text/html", l.text))
	case "flowed":
		return l.textPart("text/plain; format=flowed; delsp=no", flow(l.text))
	}
	return l.textPart("text/plain", l.text)
}

// withAttachments puts inline pictures beside the body and files behind it.
func (l *letter) withAttachments(body entity) entity {
	related, mixed := []entity{body}, []entity(nil)
	for _, a := range l.attachments {
		e := a.entity()
		if a.cid != "" {
			related = append(related, e)
		} else {
			mixed = append(mixed, e)
		}
	}
	if len(related) > 1 {
		body = l.multipart("related", "r", related...)
	}
	if len(mixed) > 0 {
		body = l.multipart("mixed", "m", append([]entity{body}, mixed...)...)
	}
	return body
}

func (a attachment) entity() entity {
	disposition, filename := "attachment", map[string]string{"filename": a.name}
	if a.cid != "" {
		disposition = "inline"
	}
	e := entity{header: [][2]string{
		{"Content-Type", a.mime},
		{"Content-Disposition", mime.FormatMediaType(disposition, filename)},
		{"Content-Transfer-Encoding", "base64"},
	}}
	if a.cid != "" {
		e.header = append(e.header, [2]string{"Content-ID", "<" + a.cid + ">"})
	}
	e.body = wrap64(a.data)
	return e
}

func (l *letter) multipart(kind, tag string, parts ...entity) entity {
	boundary := "=_" + tag + strings.NewReplacer("@", "_", ".", "_").Replace(l.id)
	var b bytes.Buffer
	for _, p := range parts {
		b.WriteString("--" + boundary + "\r\n")
		p.write(&b)
		b.WriteString("\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return entity{header: [][2]string{{"Content-Type", "multipart/" + kind + `; boundary="` + boundary + `"`}}, body: b.Bytes()}
}

// textPart encodes text in the letter's charset and transfer encoding.
func (l *letter) textPart(contentType, text string) entity {
	data := []byte(strings.ReplaceAll(text, "\n", "\r\n"))
	charset := l.charset
	if charset == "" {
		charset = "utf-8"
	}
	if charset != "utf-8" {
		data = encodeCharset(charset, data)
	}
	switch l.declared {
	case "":
		contentType += "; charset=" + charset
	case "none":
	default:
		contentType += "; charset=" + l.declared
	}
	e := entity{header: [][2]string{{"Content-Type", contentType}}}
	encoding := l.encoding
	if encoding == "" {
		encoding = "quoted-printable"
	}
	switch encoding {
	case "base64":
		e.body = wrap64(data)
	case "quoted-printable":
		var b bytes.Buffer
		w := quotedprintable.NewWriter(&b)
		_, _ = w.Write(data) // a buffer takes everything
		_ = w.Close()
		e.body = b.Bytes()
	default:
		e.body = data
	}
	e.header = append(e.header, [2]string{"Content-Transfer-Encoding", encoding})
	return e
}

// encodeCharset turns UTF-8 into another charset; what that one cannot say
// becomes a question mark.
func encodeCharset(name string, data []byte) []byte {
	enc, err := htmlindex.Get(name)
	if err != nil {
		return data
	}
	e := enc.NewEncoder()
	var out []byte
	for _, r := range string(data) {
		c, err := e.Bytes([]byte(string(r)))
		if err != nil {
			c = []byte("?")
			e.Reset()
		}
		out = append(out, c...)
	}
	return out
}

// encodeWord encodes a header text in the letter's charset (RFC 2047).
func (l *letter) encodeWord(s string) string {
	if isASCII(s) {
		return s
	}
	if l.charset == "" || l.charset == "utf-8" || l.declared != "" {
		return mime.QEncoding.Encode("utf-8", s)
	}
	return mime.BEncoding.Encode(l.charset, string(encodeCharset(l.charset, []byte(s))))
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 126 || r < 32 }) < 0
}

func addresses(list []*mail.Address) string {
	texts := make([]string, len(list))
	for i, a := range list {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// fold writes a header field in lines of at most 78 characters where it has
// spaces to break at (RFC 5322 section 2.2.3).
func fold(b *bytes.Buffer, name, value string) {
	line := textproto.CanonicalMIMEHeaderKey(name) + ":"
	if strings.EqualFold(name, "Message-ID") {
		line = "Message-ID:"
	}
	for _, word := range strings.Split(value, " ") {
		if len(line)+1+len(word) > 78 && strings.TrimSpace(line) != "" {
			b.WriteString(line + "\r\n")
			line = ""
		}
		line += " " + word
	}
	b.WriteString(line + "\r\n")
}

// wrap64 is base64 in lines of 76 characters.
func wrap64(data []byte) []byte {
	s := base64.StdEncoding.EncodeToString(data)
	var b bytes.Buffer
	for len(s) > 76 {
		b.WriteString(s[:76] + "\r\n")
		s = s[76:]
	}
	b.WriteString(s + "\r\n")
	return b.Bytes()
}

// flow breaks long lines so that the reader may join them again (RFC 3676).
func flow(text string) string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		for len(line) > 72 && !strings.HasPrefix(line, ">") && line != "-- " {
			at := strings.LastIndexByte(line[:72], ' ')
			if at < 0 {
				break
			}
			out = append(out, line[:at+1])
			line = line[at+1:]
		}
		if line != "-- " {
			line = strings.TrimRight(line, " ")
		}
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "From ") {
			line = " " + line // space-stuffing
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// blocks are the elements that begin a new line of text.
var blocks = map[string]bool{
	"p": true, "br": true, "div": true, "tr": true, "li": true, "h1": true, "h2": true, "h3": true, "table": true, "ul": true,
}

// stripTags gives the words of an HTML text, for the plain alternative.
func stripTags(s string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	skip := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return tidy(b.String())
		case html.TextToken:
			if !skip {
				b.WriteString(strings.Join(strings.Fields(string(z.Text())), " ") + " ")
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			skip = string(name) == "style" || string(name) == "title"
			if blocks[string(name)] {
				b.WriteString("\n")
			}
		case html.EndTagToken:
			skip = false
		}
	}
}

// tidy leaves at most one empty line in a row.
func tidy(s string) string {
	var out []string
	for _, line := range strings.Split(html.UnescapeString(s), "\n") {
		if line = strings.TrimSpace(line); line == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, "\n")) + "\n"
}

// answerTo is the automatic answer to a message.
func answerTo(h mail.Header, from string, at time.Time) []byte {
	name, _, _ := strings.Cut(from, "@")
	if p, ok := peopleByAddress()[strings.ToLower(from)]; ok {
		name = p.Name
	}
	dec := mime.WordDecoder{}
	subject, err := dec.DecodeHeader(h.Get("Subject"))
	if err != nil {
		subject = h.Get("Subject")
	}
	l := letter{
		from: []*mail.Address{{Name: name, Address: from}},
		to:   []*mail.Address{{Name: FullName, Address: User}},
		at:   at, id: fmt.Sprintf("auto-%d@%s", at.UnixNano(), Domain),
		subject: "Re: " + strings.TrimPrefix(subject, "Re: "),
		text: "Hello Anna,\n\nthank you, your message has arrived. This is an automatic answer of the demo.\n\n" +
			"Bonjour Anna, merci, votre message est bien arrivé. Ceci est une réponse automatique de la démonstration.\n",
		extra: [][2]string{{"Auto-Submitted", "auto-replied"}},
	}
	if id := strings.Trim(h.Get("Message-ID"), "<> "); id != "" && isASCII(id) {
		l.references = []string{id}
	}
	return l.bytes()
}
