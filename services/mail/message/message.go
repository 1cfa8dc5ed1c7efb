package message

import "strings"

// Message is a parsed message.
type Message struct{ inline map[string]Part }

// Part is a leaf of the MIME tree.
type Part struct {
	MediaType string
	Data      []byte
}

// Inline gives the part with this Content-ID.
func (m *Message) Inline(cid string) ([]byte, string, bool) {
	p, ok := m.inline[strings.TrimPrefix(cid, "cid:")]
	return p.Data, p.MediaType, ok
}
