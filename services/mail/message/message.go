// Package message reads and writes messages (RFC 5322, MIME). Reading never
// fails and never panics: a message that breaks the rules is read as well as
// can be, in three stages (go-message, enmime, the raw text), and nothing of it
// is hidden.
package message

import (
	"strings"
	"time"
)

// Limits of what is read of one message.
const (
	MaxParts = 1000
	MaxDepth = 50
)

// Message is a parsed message. It is immutable.
type Message struct {
	Header     Header
	MessageID  string   // with angle brackets
	References []string // with In-Reply-To, oldest first
	From       []Address
	To         []Address
	Cc         []Address
	Bcc        []Address
	ReplyTo    []Address
	Subject    string
	Date       time.Time // of the Date field; zero if unreadable
	// Text is what a reader sees, as plain text; made from HTML if there is no
	// text part.
	Text string
	HTML string // raw, "" if there is none
	// Parts are all leaves of the MIME tree in order, the texts too.
	Parts []Part
	// Lenient says that the message broke the rules; Stage, what read it:
	// "go-message", "enmime" or "raw".
	Lenient bool
	Stage   string
}

// Part is a leaf of the MIME tree.
type Part struct {
	N         int // position in Message.Parts
	MediaType string
	Charset   string
	Name      string // safe file name; "" for a body text
	CID       string // Content-ID without angle brackets
	Data      []byte // transfer encoding undone, charset not
	// Body says that the part is shown as the message's text; Attached that a
	// reader sees it as an attachment; neither: an inline picture.
	Body, Attached bool
	Nested         bool // message/rfc822
}

// Attachments gives the parts that a reader sees as attached.
func (m *Message) Attachments() (list []Part) {
	for _, p := range m.Parts {
		if p.Attached {
			list = append(list, p)
		}
	}
	return list
}

// Inline gives the part with this Content-ID ("cid:" and angle brackets allowed).
func (m *Message) Inline(cid string) ([]byte, string, bool) {
	cid = strings.Trim(strings.TrimPrefix(cid, "cid:"), "<>")
	if cid == "" {
		return nil, "", false
	}
	for _, p := range m.Parts {
		if p.CID == cid {
			return p.Data, p.MediaType, true
		}
	}
	return nil, "", false
}

// Parse reads a message.
func Parse(raw []byte) *Message {
	h, at := SplitHeader(raw)
	m := fromHeader(h)
	p := parser{message: m}
	m.Stage = "go-message"
	b, ok := p.guarded(func() body { return p.entity(h, raw[at:], 0) })
	if !ok {
		q := parser{message: m}
		if alt, ok := q.guarded(func() body { return q.enmime(raw) }); ok && len(q.parts) >= len(p.parts) {
			b, p = alt, q
			m.Stage = "enmime"
		}
		m.Lenient = true
	}
	if hidden := strings.TrimSpace(b.text) == "" && b.html == "" && !p.attached(); len(p.parts) == 0 || !ok && hidden {
		m.Stage, m.Lenient = "raw", m.Lenient || len(raw[at:]) > 0
		b = body{text: visibleText(Decode(raw[at:], ""))}
	}
	m.Parts = p.parts
	for i := range m.Parts {
		m.Parts[i].N = i
	}
	m.Text, m.HTML = b.text, b.html
	if strings.TrimSpace(m.Text) == "" && m.HTML != "" {
		m.Text = TextFromHTML(m.HTML)
	}
	return m
}

// ParseHeader reads only the header: what is needed for a list.
func ParseHeader(raw []byte) *Message {
	h, _ := SplitHeader(raw)
	return fromHeader(h)
}

func fromHeader(h Header) *Message {
	return &Message{
		Header: h, MessageID: h.MessageID(), References: h.References(),
		From: h.Addresses("From"), To: h.Addresses("To"), Cc: h.Addresses("Cc"), Bcc: h.Addresses("Bcc"), ReplyTo: h.Addresses("Reply-To"),
		Subject: h.Text("Subject"), Date: h.Date(),
	}
}

// LooksAttached guesses from a header alone whether the message has attachments.
func (h Header) LooksAttached() bool {
	t, _ := mediaType(h.Get("Content-Type"))
	return t == "multipart/mixed"
}
