package mail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"guichet/services/fault"
	"guichet/services/mail/message"
	"guichet/services/mail/mstore"
)

// Select opens a message into Current and returns at once; 0 closes it. A body that
// is not here yet is fetched, and Current changes again. read marks it as read.
func (s *Service) Select(id int64, read bool) {
	if id == 0 {
		s.selectSlot.Stop()
		set(s.Current, nil)
		return
	}
	s.selectSlot.Start("mail message", func(ctx context.Context, current func() bool) {
		m, err := s.load(ctx, id)
		if err != nil {
			if ctx.Err() == nil {
				slog.Error("mail message", "err", err)
			}
			if current() {
				set(s.Current, &Message{Row: Row{ID: id}, State: BodyFailed, Fault: fault.From("read", "", err)})
			}
			return
		}
		if !current() {
			return
		}
		set(s.Current, m)
		if m.State == BodyMissing {
			s.want(m.Account, id)
		}
	})
	if read {
		s.MarkRead([]int64{id}, true)
	}
}

// bodiesCame shows a message that was waited for.
func (s *Service) bodiesCame(ids []int64) {
	s.refreshSoon(ids)
	m := get(s.Current)
	if m == nil || m.State == BodyHere {
		return
	}
	for _, id := range ids {
		if id == m.ID {
			s.Select(id, false)
		}
	}
}

// load reads a message from the store.
func (s *Service) load(ctx context.Context, id int64) (*Message, error) {
	list, err := s.rowsOf(ctx, []int64{id}, viewState{})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.Newf(fault.NotFound, "read", "", "no message %d", id)
	}
	m := &Message{Row: list[0], State: BodyMissing}
	stored, err := s.db.Rows(ctx, []int64{id}, mstore.View{})
	if err != nil {
		return nil, err
	}
	m.MessageID = stored[0].MessageID
	m.Sender = []Address{{Name: stored[0].FromName, Mail: stored[0].FromMail}}
	s.mu.Lock()
	for _, f := range stored[0].Folders {
		m.Mailboxes = append(m.Mailboxes, s.paths[f].path)
	}
	once := s.onceShow[id]
	s.mu.Unlock()
	ids, err := s.db.IDs(ctx, mstore.View{Kind: "thread", ID: m.Thread}, 500)
	if err != nil {
		return nil, err
	}
	if m.Conversation, err = s.rowsOf(ctx, ids, viewState{}); err != nil {
		return nil, err
	}
	switch stored[0].Body {
	case mstore.BodyFailed:
		m.State = BodyFailed
		m.Fault = fault.Newf(fault.Damaged, "fetch", "", "the server did not hand the message over")
		return m, nil
	case mstore.BodyMissing:
		return m, nil
	}
	raw, err := s.db.Raw(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	p := message.Parse(raw)
	m.State, m.parsed, m.Lenient = BodyHere, p, p.Lenient
	m.Sender, m.To, m.Cc, m.Bcc, m.ReplyTo = p.From, p.To, p.Cc, p.Bcc, p.ReplyTo
	m.Text, m.HTML = p.Text, p.HTML
	m.Remote, m.Trackers = message.Remote(p.HTML)
	for _, a := range p.Attachments() {
		m.Attachments = append(m.Attachments, attachment(a))
	}
	m.HasAttachment = len(m.Attachments) > 0
	m.RemoteAllowed = once
	if !once && len(p.From) == 1 {
		if m.RemoteAllowed, err = s.db.Remote(ctx, p.From[0].Key()); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func attachment(p message.Part) Attachment {
	return Attachment{Part: p.N, Name: p.Name, MediaType: p.MediaType, Size: int64(len(p.Data)), Danger: message.Danger(p.Name), Nested: p.Nested}
}

// AllowRemote allows the pictures from the network for a message: once, or for
// everything from its sender from now on.
func (s *Service) AllowRemote(ctx context.Context, id int64, always bool) error {
	if always {
		m, err := s.load(ctx, id)
		if err != nil {
			return err
		}
		if len(m.Sender) != 1 || m.Sender[0].Key() == "" {
			return fault.Newf(fault.Unsupported, "allow", "", "the message has no single sender")
		}
		if err := s.db.AllowRemote(ctx, m.Sender[0].Key()); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.onceShow[id] = true
	s.mu.Unlock()
	if m := get(s.Current); m != nil && m.ID == id {
		s.Select(id, false)
	}
	return nil
}

// Raw gives the bytes of a message as they came.
func (s *Service) Raw(ctx context.Context, id int64) ([]byte, error) { return s.db.Raw(ctx, id) }

// AttachmentData gives the decoded bytes of an attachment.
func (s *Service) AttachmentData(ctx context.Context, id int64, part int) (Attachment, []byte, error) {
	raw, err := s.db.Raw(ctx, id)
	if err != nil {
		return Attachment{}, nil, err
	}
	for _, p := range message.Parse(raw).Parts {
		if p.N == part && !p.Body {
			return attachment(p), p.Data, nil
		}
	}
	return Attachment{}, nil, fault.Newf(fault.NotFound, "attachment", "", "no attachment %d in message %d", part, id)
}

// SaveAttachment writes an attachment into dir under its safe name, made different
// if that exists, and returns the path. A failed write leaves nothing behind.
func (s *Service) SaveAttachment(ctx context.Context, id int64, part int, dir string) (string, error) {
	a, data, err := s.AttachmentData(ctx, id, part)
	if err != nil {
		return "", err
	}
	ext := filepath.Ext(a.Name)
	stem := strings.TrimSuffix(a.Name, ext)
	for n := 1; n < 1000; n++ {
		name := a.Name
		if n > 1 {
			name = fmt.Sprintf("%s (%d)%s", stem, n, ext)
		}
		path := filepath.Join(dir, name)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", fault.From("save", "", err)
		}
		_, err = f.Write(data)
		if err = errors.Join(err, f.Close()); err != nil {
			return "", fault.From("save", "", errors.Join(err, os.Remove(path)))
		}
		return path, nil
	}
	return "", fault.Newf(fault.Exists, "save", "", "a thousand files of that name")
}

// Show gives a message, fetching its body if needed and possible.
func (s *Service) Show(ctx context.Context, id int64) (*Message, error) {
	m, err := s.load(ctx, id)
	if err != nil || m.State != BodyMissing {
		return m, err
	}
	a, err := s.account(m.Account)
	if err != nil {
		return nil, err
	}
	l := s.link(a)
	defer l.close(ctx)
	if err := s.fetchOne(ctx, l, id); err != nil {
		m.Fault = fault.From("fetch", "", err)
		return m, nil
	}
	return s.load(ctx, id)
}

// resolve finds a mailbox by path, role, or EMAIL:PATH.
func (s *Service) resolve(ctx context.Context, mailbox string) (mstore.Folder, error) {
	list, err := s.db.Folders(ctx, 0)
	if err != nil {
		return mstore.Folder{}, err
	}
	var only Account
	if email, rest, ok := strings.Cut(mailbox, ":"); ok {
		if a, found := get(s.Accounts).ByEmail(email); found {
			only, mailbox = a, rest
		}
	}
	folded := mstore.Fold(mailbox)
	for _, match := range []func(mstore.Folder) bool{
		func(f mstore.Folder) bool { return pathOf(f) == mailbox || f.Wire == mailbox },
		func(f mstore.Folder) bool { return f.Role != "" && f.Role == folded },
		func(f mstore.Folder) bool { return mstore.Fold(pathOf(f)) == folded },
	} {
		for _, f := range list {
			if (only.ID == 0 || f.Account == only.ID) && match(f) {
				return f, nil
			}
		}
	}
	return mstore.Folder{}, fault.Newf(fault.NotFound, "mailbox", "", "no mailbox %q", mailbox)
}

// List gives the newest rows of a mailbox: a path ("Archive/2026"), a role
// ("inbox", "sent"), or "EMAIL:PATH" where several accounts have it. limit 0: all.
func (s *Service) List(ctx context.Context, mailbox string, limit int) ([]Row, error) {
	f, err := s.resolve(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	v := viewState{ref: FolderRef(f.ID)}
	ids, err := s.db.IDs(ctx, v.store(), limit)
	if err != nil {
		return nil, err
	}
	return s.manyRows(ctx, ids, v)
}

func (s *Service) manyRows(ctx context.Context, ids []int64, v viewState) ([]Row, error) {
	out := make([]Row, 0, len(ids))
	for len(ids) > 0 {
		n := min(len(ids), 200)
		list, err := s.rowsOf(ctx, ids[:n], v)
		if err != nil {
			return nil, err
		}
		out, ids = append(out, list...), ids[n:]
	}
	return out, nil
}

// Find is Search for the command line; limit 0: all.
func (s *Service) Find(ctx context.Context, query string, limit int) ([]Row, error) {
	ids, err := s.db.Search(ctx, mstore.ParseQuery(query, s.now()), limit)
	if err != nil {
		return nil, err
	}
	return s.manyRows(ctx, ids, viewState{ref: Ref{Kind: ViewSearch}, query: query})
}
