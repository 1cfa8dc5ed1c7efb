package mail

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/mail/message"
	"guichet/services/mail/mstore"
)

// Compose starts a mail; account 0 is the first.
func (s *Service) Compose(account int64) Draft {
	if a, err := s.account(account); err == nil {
		account = a.ID
	}
	return Draft{Account: account}
}

// ComposeMailto starts a mail from a mailto: URL (RFC 6068). Only recipients,
// subject, text and the reference to an answered mail are taken.
func (s *Service) ComposeMailto(raw string) (Draft, error) {
	d := s.Compose(0)
	u, err := url.Parse(raw)
	if err != nil || !strings.EqualFold(u.Scheme, "mailto") {
		return d, fault.Newf(fault.Unsupported, "mailto", "", "no mailto URL")
	}
	to, err := url.PathUnescape(u.Opaque)
	if err != nil {
		return d, fault.New(fault.Unsupported, "mailto", "", err)
	}
	d.To = message.ParseAddresses(to)
	for _, field := range strings.Split(u.RawQuery, "&") {
		k, v, _ := strings.Cut(field, "=")
		if v, err = url.PathUnescape(v); err != nil { // "+" is a plus here
			continue
		}
		switch strings.ToLower(k) {
		case "to":
			d.To = append(d.To, message.ParseAddresses(v)...)
		case "cc":
			d.Cc = append(d.Cc, message.ParseAddresses(v)...)
		case "bcc":
			d.Bcc = append(d.Bcc, message.ParseAddresses(v)...)
		case "subject":
			d.Subject = message.Visible(v)
		case "body":
			d.Text = strings.ReplaceAll(v, "\r\n", "\n")
		case "in-reply-to":
			d.InReplyTo = message.Visible(v)
		}
	}
	return d, nil
}

// Quote holds the sentences around quoted mail, in the person's language.
type Quote struct {
	// Intro makes the line above a reply's quote: "On 5 May, Marie wrote:".
	Intro func(m *Message) string
	// Forwarded makes the block above a forwarded text.
	Forwarded func(m *Message) string
}

var (
	replyPrefix   = regexp.MustCompile(`(?i)^\s*(re|ré|rép|aw|antw|sv|vs|ref|odp)\s*(\[\d+\])?\s*:\s*`)
	forwardPrefix = regexp.MustCompile(`(?i)^\s*(fwd?|tr|wg|rv|enc|i|doorst)\s*:\s*`)
)

// Reply starts an answer, with all for everybody; own addresses are left out. The
// text is the quote, with room above it.
func (s *Service) Reply(ctx context.Context, id int64, all bool, q Quote) (Draft, error) {
	m, err := s.readable(ctx, id)
	if err != nil {
		return Draft{}, err
	}
	own := s.own(m.Account)
	d := Draft{Account: m.Account, Source: id, InReplyTo: m.MessageID, References: references(m)}
	to := m.ReplyTo
	if len(to) == 0 {
		to = m.Sender
	}
	if len(m.Sender) == 1 && own[m.Sender[0].Key()] { // an answer to oneself goes on to the others
		to = m.To
		if len(without(to, own)) > 0 {
			to = without(to, own)
		}
	}
	d.To = unique(to, map[string]bool{})
	if all {
		seen := map[string]bool{}
		for _, a := range d.To {
			seen[a.Key()] = true
		}
		d.Cc = unique(without(append(m.To[:len(m.To):len(m.To)], m.Cc...), own), seen)
	}
	d.Subject = "Re: " + strings.TrimSpace(replyPrefix.ReplaceAllString(m.Subject, ""))
	intro := ""
	if q.Intro != nil {
		intro = q.Intro(m)
	}
	d.Text = "\n\n" + intro + "\n" + quoted(m.Text)
	return d, nil
}

// Forward starts a mail that passes a message on with its attachments.
func (s *Service) Forward(ctx context.Context, id int64, q Quote) (Draft, error) {
	m, err := s.readable(ctx, id)
	if err != nil {
		return Draft{}, err
	}
	d := Draft{Account: m.Account, Source: id, Forward: true, References: references(m)}
	d.Subject = "Fwd: " + strings.TrimSpace(forwardPrefix.ReplaceAllString(m.Subject, ""))
	head := ""
	if q.Forwarded != nil {
		head = q.Forwarded(m)
	}
	d.Text = "\n\n" + head + "\n\n" + m.Text
	for _, p := range m.parsed.Parts {
		if p.Attached {
			d.Attachments = append(d.Attachments, Upload{Name: p.Name, MediaType: p.MediaType, Data: p.Data, Size: int64(len(p.Data))})
		}
	}
	return d, nil
}

// readable gives a message with its body, fetched if need be.
func (s *Service) readable(ctx context.Context, id int64) (*Message, error) {
	m, err := s.Show(ctx, id)
	if err != nil {
		return nil, err
	}
	if m.State != BodyHere {
		if m.Fault != nil {
			return nil, m.Fault
		}
		return nil, fault.Newf(fault.NotFound, "read", "", "the body of message %d is not here", id)
	}
	return m, nil
}

// own are a person's addresses.
func (s *Service) own(account int64) map[string]bool {
	own := map[string]bool{}
	for _, a := range get(s.Accounts).List {
		if a.ID == account || account == 0 {
			own[Address{Mail: a.Email}.Key()] = true
		}
	}
	return own
}

func without(list []Address, drop map[string]bool) (out []Address) {
	for _, a := range list {
		if !drop[a.Key()] {
			out = append(out, a)
		}
	}
	return out
}

func unique(list []Address, seen map[string]bool) (out []Address) {
	for _, a := range list {
		if k := a.Key(); k != "" && !seen[k] {
			seen[k] = true
			out = append(out, a)
		}
	}
	return out
}

// references continues a conversation (RFC 5322, section 3.6.4), shortened in the
// middle.
func references(m *Message) []string {
	refs := append([]string(nil), m.parsed.References...)
	if m.MessageID != "" {
		refs = append(refs, m.MessageID)
	}
	if len(refs) > 30 {
		refs = append(refs[:1:1], refs[len(refs)-29:]...)
	}
	return refs
}

func quoted(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(text, "\n ")) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, ">") {
			b.WriteString(">" + line + "\n")
		} else {
			b.WriteString(strings.TrimRight("> "+line, " ") + "\n")
		}
	}
	return b.String()
}

// SaveDraft keeps a draft on this computer and returns it with its ID.
func (s *Service) SaveDraft(ctx context.Context, d Draft) (Draft, error) {
	d.Saved = s.now()
	data, err := json.Marshal(d)
	if err != nil {
		return d, fault.From("save draft", "", err)
	}
	if d.ID, err = s.db.SaveDraft(ctx, mstore.SavedDraft{ID: d.ID, Account: d.Account, Saved: d.Saved.Unix(), Data: string(data)}); err != nil {
		return d, err
	}
	s.publishDrafts(ctx)
	return d, nil
}

// DeleteDraft throws a draft away.
func (s *Service) DeleteDraft(ctx context.Context, id int64) error {
	if err := s.db.DeleteDraft(ctx, id); err != nil {
		return err
	}
	s.publishDrafts(ctx)
	return nil
}

func (s *Service) publishDrafts(ctx context.Context) {
	list, err := s.db.Drafts(ctx)
	if err != nil {
		slog.Error("mail drafts", "err", err)
		return
	}
	snap := &DraftSnapshot{}
	for _, r := range list {
		d, err := readDraft(r)
		if err != nil {
			slog.Error("mail draft", "id", r.ID, "err", err)
			continue
		}
		snap.Items = append(snap.Items, d)
	}
	before := len(get(s.Drafts).Items)
	set(s.Drafts, snap)
	if before != len(snap.Items) {
		s.refreshSoon(nil)
	}
}

func readDraft(r mstore.SavedDraft) (d Draft, err error) {
	if err := json.Unmarshal([]byte(r.Data), &d); err != nil {
		return d, fault.New(fault.Damaged, "draft", "", err)
	}
	d.ID, d.Saved = r.ID, time.Unix(r.Saved, 0)
	return d, nil
}

// Complete suggests addresses for what was typed, most used first.
func (s *Service) Complete(ctx context.Context, typed string, limit int) ([]Address, error) {
	list, err := s.db.Complete(ctx, typed, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Address, len(list))
	for i, c := range list {
		out[i] = Address{Name: c[0], Mail: c[1]}
	}
	return out, nil
}
