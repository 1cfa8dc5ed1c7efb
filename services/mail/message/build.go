package message

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"io"
	"mime"
	"path/filepath"
	"strings"
	"time"

	"github.com/emersion/go-message/mail"
)

// Outgoing is a message to be built.
type Outgoing struct {
	From        Address
	To, Cc, Bcc []Address
	Subject     string
	Date        time.Time
	MessageID   string // with angle brackets: NewMessageID
	InReplyTo   string
	References  []string
	Text        string
	Files       []File
}

// File is an attachment; Open is called once.
type File struct {
	Name      string
	MediaType string // "": by the name
	Open      func() (io.ReadCloser, error)
}

// NewMessageID makes an identifier in the sender's domain that nobody else has.
func NewMessageID(from Address) (string, error) {
	b := make([]byte, 20)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	domain := from.Domain()
	if domain == "" || strings.ContainsAny(domain, " <>\"()[]\r\n") {
		domain = "localhost.localdomain"
	}
	return "<" + strings.ToLower(base32.StdEncoding.EncodeToString(b)) + "@" + domain + ">", nil
}

// MediaTypeOf guesses a media type by a file's name.
func MediaTypeOf(name string) string {
	if t, _, err := mime.ParseMediaType(mime.TypeByExtension(strings.ToLower(filepath.Ext(name)))); err == nil {
		return t
	}
	return "application/octet-stream"
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\r' || r == '\n' || r == 0 }), " ")
}

func list(addresses []Address) []*mail.Address {
	out := make([]*mail.Address, len(addresses))
	for i, a := range addresses {
		out[i] = &mail.Address{Name: oneLine(a.Name), Address: oneLine(a.Mail)}
	}
	return out
}

func bare(ids ...string) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if id = strings.Trim(oneLine(id), "<> "); id != "" {
			out = append(out, id)
		}
	}
	return out
}

// Build writes the message as MIME, Bcc included: StripBcc takes it off for the
// wire. Line breaks in header values cannot make fields.
func Build(w io.Writer, o Outgoing) error {
	var h mail.Header
	h.SetDate(o.Date)
	h.SetAddressList("From", list([]Address{o.From}))
	for _, f := range []struct {
		name string
		list []Address
	}{{"To", o.To}, {"Cc", o.Cc}, {"Bcc", o.Bcc}} {
		if len(f.list) > 0 {
			h.SetAddressList(f.name, list(f.list))
		}
	}
	h.SetSubject(oneLine(o.Subject))
	if ids := bare(o.MessageID); len(ids) == 1 {
		h.SetMessageID(ids[0])
	}
	if ids := bare(o.InReplyTo); len(ids) == 1 {
		h.SetMsgIDList("In-Reply-To", ids)
	}
	if ids := bare(o.References...); len(ids) > 0 {
		h.SetMsgIDList("References", ids)
	}
	h.Set("Mime-Version", "1.0")
	text := strings.ReplaceAll(strings.ReplaceAll(o.Text, "\r\n", "\n"), "\n", "\r\n")
	if text != "" && !strings.HasSuffix(text, "\r\n") {
		text += "\r\n"
	}
	textType := map[string]string{"charset": "utf-8"}
	if len(o.Files) == 0 {
		h.SetContentType("text/plain", textType)
		h.Set("Content-Transfer-Encoding", "quoted-printable")
		body, err := mail.CreateSingleInlineWriter(w, h)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(body, text); err != nil {
			return err
		}
		return body.Close()
	}
	mw, err := mail.CreateWriter(w, h)
	if err != nil {
		return err
	}
	var ih mail.InlineHeader
	ih.SetContentType("text/plain", textType)
	ih.Set("Content-Transfer-Encoding", "quoted-printable")
	body, err := mw.CreateSingleInline(ih)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(body, text); err != nil {
		return err
	}
	if err := body.Close(); err != nil {
		return err
	}
	for _, f := range o.Files {
		if err := attach(mw, f); err != nil {
			return fmt.Errorf("attach %s: %w", f.Name, err)
		}
	}
	return mw.Close()
}

func attach(mw *mail.Writer, f File) error {
	src, err := f.Open()
	if err != nil {
		return err
	}
	defer src.Close()
	var ah mail.AttachmentHeader
	t := f.MediaType
	if t == "" {
		t = MediaTypeOf(f.Name)
	}
	if strings.HasPrefix(t, "multipart/") {
		t = "application/octet-stream"
	}
	ah.SetContentType(t, nil)
	ah.SetFilename(SafeName(f.Name, t))
	if t == "message/rfc822" {
		ah.Set("Content-Transfer-Encoding", "8bit") // RFC 2046, section 5.2.1: no other encoding
	} else {
		ah.Set("Content-Transfer-Encoding", "base64")
	}
	dst, err := mw.CreateAttachment(ah)
	if err != nil {
		return err
	}
	if _, err := io.Copy(dst, src); err != nil {
		return err
	}
	return dst.Close()
}

// StripBcc gives the message without its Bcc fields (RFC 5322, section 3.6.3).
func StripBcc(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	skip := false
	for pos := 0; pos < len(raw); {
		next := len(raw)
		if i := bytes.IndexByte(raw[pos:], '\n'); i >= 0 {
			next = pos + i + 1
		}
		line := raw[pos:next]
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return append(out, raw[pos:]...)
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			name = bytes.ToLower(bytes.TrimSpace(name))
			skip = bytes.Equal(name, []byte("bcc")) || bytes.Equal(name, []byte("resent-bcc"))
		}
		if !skip {
			out = append(out, line...)
		}
		pos = next
	}
	return out
}
