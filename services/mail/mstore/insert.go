package mstore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/mail/message"
)

// Header is a message whose header has come.
type Header struct {
	UID      uint32
	Flags    int
	Keywords string
	ModSeq   uint64
	Date     time.Time // INTERNALDATE; zero if the server gave nonsense
	Size     int64
	Raw      []byte           // of the header
	Parsed   *message.Message // message.ParseHeader(Raw)
	// Unreadable marks a message that the server could not hand over.
	Unreadable bool
}

// FlagBits turns IMAP flags into bits; the others become a list of keywords.
func FlagBits(flags []string) (n int, keywords string) {
	var words []string
	for _, f := range flags {
		switch f {
		case `\seen`:
			n |= Seen
		case `\flagged`:
			n |= Flagged
		case `\answered`:
			n |= Answered
		case `\draft`:
			n |= Draft
		case `\deleted`:
			n |= Deleted
		case "$forwarded":
			n |= Forwarded
		case "$junk", "junk":
			n |= Junk
		case `\recent`:
		default:
			words = append(words, f)
		}
	}
	return n, strings.Join(words, " ")
}

// FlagNames is FlagBits' inverse for what we set.
func FlagNames(n int) (flags []string) {
	for _, f := range []struct {
		bit  int
		name string
	}{{Seen, `\Seen`}, {Flagged, `\Flagged`}, {Answered, `\Answered`}, {Draft, `\Draft`}, {Deleted, `\Deleted`}, {Forwarded, "$Forwarded"}, {Junk, "$Junk"}} {
		if n&f.bit != 0 {
			flags = append(flags, f.name)
		}
	}
	return flags
}

func hash(parts ...[]byte) int64 {
	h := fnv.New64a()
	for _, p := range parts {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:]) // never fails
		h.Write(p)
	}
	return int64(h.Sum64())
}

func (h Header) key(folder int64) int64 {
	var size [8]byte
	if h.Unreadable { // nothing is known of it: its own
		binary.LittleEndian.PutUint64(size[:], uint64(h.UID))
		return hash([]byte("unreadable"), binary.LittleEndian.AppendUint64(nil, uint64(folder)), size[:])
	}
	binary.LittleEndian.PutUint64(size[:], uint64(h.Size))
	if h.Parsed != nil && h.Parsed.MessageID != "" {
		return hash([]byte(h.Parsed.MessageID), size[:])
	}
	return hash(h.Raw, size[:])
}

// late is how much later than its Date a mail may arrive to be dated by its
// arrival; beyond, it was copied from elsewhere.
const late = 7 * 24 * time.Hour

// date is what the message is sorted by: the arrival, but for copied mail the
// Date field.
func (h Header) date(now time.Time) time.Time {
	d := h.Date
	if h.Unreadable && d.IsZero() {
		return now // at the top, where it is seen
	}
	var sent time.Time
	if h.Parsed != nil {
		sent = h.Parsed.Date
	}
	if d.IsZero() || d.Year() < 1971 {
		d = sent
	} else if !sent.IsZero() && sent.Year() > 1971 && d.Sub(sent) > late {
		d = sent
	}
	if d.IsZero() || d.Year() < 1971 {
		d = time.Unix(0, 0)
	}
	if d.After(now.Add(24 * time.Hour)) {
		d = now
	}
	return d
}

// Inserter adds messages inside one transaction with prepared statements.
type Inserter struct {
	tx      *sql.Tx
	account int64
	folder  Folder
	now     time.Time

	have, find, last, addMsg, addLoc, addFTS, getRef, addRef, addContact, placeholder *sql.Stmt
}

// NewInserter prepares; Close frees.
func NewInserter(tx *sql.Tx, f Folder, now time.Time) (*Inserter, error) {
	in := &Inserter{tx: tx, account: f.Account, folder: f, now: now}
	for _, p := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&in.have, "SELECT msg FROM loc WHERE folder = ? AND uid = ?"},
		{&in.find, `SELECT id, thread FROM msg m WHERE account = ? AND key = ?
			AND NOT EXISTS (SELECT 1 FROM loc WHERE msg = m.id AND folder = ? AND uid > 0) LIMIT 1`},
		{&in.last, "SELECT coalesce(max(id), 0) FROM msg WHERE id >= ? AND id < ?"},
		{&in.addMsg, `INSERT INTO msg(id, account, key, msgid, thread, date, from_name, from_mail, rcpt, subject, size, has_att, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&in.addLoc, `INSERT INTO loc(folder, uid, msg, thread, flags, keywords, modseq) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&in.addFTS, "INSERT INTO fts(rowid, sender, rcpt, subject, body, files) VALUES (?, ?, ?, ?, '', '')"},
		{&in.getRef, "SELECT thread FROM ref WHERE account = ? AND hash = ?"},
		{&in.addRef, "INSERT INTO ref VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET thread = excluded.thread"},
		{&in.addContact, `INSERT INTO contact VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = CASE WHEN excluded.name != '' THEN excluded.name ELSE name END,
			sent = sent + excluded.sent, received = received + excluded.received, last = max(last, excluded.last)`},
		{&in.placeholder, "DELETE FROM loc WHERE folder = ? AND msg = ? AND uid < 0"},
	} {
		var err error
		if *p.to, err = tx.Prepare(p.sql); err != nil {
			return nil, errors.Join(err, in.Close())
		}
	}
	return in, nil
}

// Close frees the statements.
func (in *Inserter) Close() error {
	var err error
	for _, s := range []*sql.Stmt{in.have, in.find, in.last, in.addMsg, in.addLoc, in.addFTS, in.getRef, in.addRef, in.addContact, in.placeholder} {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return err
}

// Add stores one message of the mailbox; one that is stored already, because it
// lies in another mailbox too, gets a further place.
func (in *Inserter) Add(h Header) (id int64, err error) {
	var thread int64
	err = in.have.QueryRow(in.folder.ID, h.UID).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err // here already
	}
	err = in.find.QueryRow(in.account, h.key(in.folder.ID), in.folder.ID).Scan(&id, &thread)
	switch {
	case err == nil:
		if _, err := in.placeholder.Exec(in.folder.ID, id); err != nil {
			return 0, err
		}
	case errors.Is(err, sql.ErrNoRows):
		if id, thread, err = in.create(h); err != nil {
			return 0, err
		}
	default:
		return 0, err
	}
	_, err = in.addLoc.Exec(in.folder.ID, h.UID, id, thread, h.Flags, h.Keywords, int64(h.ModSeq))
	return id, err
}

func (in *Inserter) create(h Header) (id, thread int64, err error) {
	p := h.Parsed
	if p == nil {
		p = &message.Message{}
	}
	date := h.date(in.now)
	second := date.Unix()
	for {
		var last int64
		if err := in.last.QueryRow(second<<20, (second+1)<<20).Scan(&last); err != nil {
			return 0, 0, err
		}
		if id = max(second<<20, last+1); id < (second+1)<<20 {
			break
		}
		second++ // a million messages in one second
	}
	if thread, err = in.thread(id, p); err != nil {
		return 0, 0, err
	}
	var from message.Address
	if len(p.From) > 0 {
		from = p.From[0]
	}
	rcpts := names(append(p.To[:len(p.To):len(p.To)], p.Cc...))
	body := BodyMissing
	if h.Unreadable {
		body = BodyFailed
	}
	if _, err := in.addMsg.Exec(id, in.account, h.key(in.folder.ID), p.MessageID, thread, date.Unix(), from.Name, from.Mail, rcpts, p.Subject, h.Size,
		p.Header.LooksAttached(), body); err != nil {
		return 0, 0, err
	}
	if !h.Unreadable {
		if _, err := in.addFTS.Exec(id, all(p.From), all(p.To, p.Cc, p.Bcc), p.Subject); err != nil {
			return 0, 0, err
		}
	}
	return id, thread, in.contacts(p, date.Unix())
}

// contactLimit bounds how many recipients of one mail become contacts.
const contactLimit = 30

func (in *Inserter) contacts(p *message.Message, at int64) error {
	add := func(list []message.Address, sent, received int) error {
		for _, a := range list[:min(len(list), contactLimit)] {
			if !strings.Contains(a.Mail, "@") || len(a.Mail) > 254 {
				continue
			}
			if _, err := in.addContact.Exec(a.Key(), a.Name, sent, received, at); err != nil {
				return err
			}
		}
		return nil
	}
	switch in.folder.Role {
	case "sent":
		return errors.Join(add(p.To, 1, 0), add(p.Cc, 1, 0))
	case "junk", "trash":
		return nil
	}
	return add(p.From, 0, 1)
}

// thread finds the conversation by Message-ID and References, joining those that
// the message shows to be one.
func (in *Inserter) thread(id int64, p *message.Message) (int64, error) {
	ids := p.References
	if p.MessageID != "" {
		ids = append(ids[:len(ids):len(ids)], p.MessageID)
	}
	thread := int64(0)
	hashes := make([]int64, 0, len(ids))
	var others []int64
	for _, ref := range ids {
		h := hash([]byte(ref))
		hashes = append(hashes, h)
		var t int64
		err := in.getRef.QueryRow(in.account, h).Scan(&t)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return 0, err
		case thread == 0:
			thread = t
		case t != thread:
			others = append(others, t)
		}
	}
	if thread == 0 {
		thread = id
	}
	for _, t := range others {
		for _, q := range []string{
			"UPDATE msg SET thread = ? WHERE thread = ?", "UPDATE loc SET thread = ? WHERE thread = ?", "UPDATE ref SET thread = ? WHERE thread = ?",
		} {
			if _, err := in.tx.Exec(q, thread, t); err != nil {
				return 0, err
			}
		}
	}
	for _, h := range hashes {
		if _, err := in.addRef.Exec(in.account, h, thread); err != nil {
			return 0, err
		}
	}
	return thread, nil
}

func names(list []message.Address) string {
	var b strings.Builder
	for i, a := range list {
		if i == 20 {
			b.WriteString(", …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.Short())
	}
	return b.String()
}

func all(lists ...[]message.Address) string {
	var b strings.Builder
	for _, l := range lists {
		for _, a := range l {
			if b.Len() > 1<<16 {
				return b.String()
			}
			b.WriteString(a.Name + " " + a.Mail + " ")
		}
	}
	return b.String()
}

// Body is a message whose bytes have come.
type Body struct {
	Msg    int64
	Raw    []byte
	Parsed *message.Message
	packed []byte // Raw and the beginning of the text, compressed
	text   []byte
}

// indexLimit bounds how much of a message's text is searchable, bytes.
const indexLimit = 512 << 10

// Pack compresses; it may be called by any goroutine before AddBodies.
func (db *DB) Pack(b *Body) {
	b.packed = db.enc.EncodeAll(b.Raw, make([]byte, 0, len(b.Raw)/2))
	b.text = db.enc.EncodeAll([]byte(cut(b.Parsed.Text, textLimit)), nil)
}

// cut gives the first n bytes of a text at most, whole runes only.
func cut(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// AddBodies stores and indexes bodies, all or none.
func (db *DB) AddBodies(ctx context.Context, list []Body) error {
	err := db.raw.Write(ctx, func(tx *sql.Tx) error {
		st, err := tx.Prepare("INSERT OR REPLACE INTO raw VALUES (?, ?)")
		if err != nil {
			return err
		}
		defer st.Close()
		text, err := tx.Prepare("INSERT OR REPLACE INTO text VALUES (?, ?)")
		if err != nil {
			return err
		}
		defer text.Close()
		for i := range list {
			if list[i].packed == nil {
				db.Pack(&list[i])
			}
			if _, err := st.Exec(list[i].Msg, list[i].packed); err != nil {
				return err
			}
			if _, err := text.Exec(list[i].Msg, list[i].text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return db.Write(ctx, func(tx *sql.Tx) error {
		for _, q := range list {
			if err := addBody(tx, q); err != nil {
				return err
			}
		}
		return nil
	})
}

func addBody(tx *sql.Tx, b Body) error {
	p := b.Parsed
	attachments := p.Attachments()
	var files strings.Builder
	for _, a := range attachments {
		if files.Len() < 1<<14 {
			files.WriteString(a.Name + " ")
		}
	}
	r, err := tx.Exec("UPDATE msg SET body = 1, snippet = ?, has_att = ? WHERE id = ?", message.Snippet(p.Text), len(attachments) > 0, b.Msg)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err // deleted meanwhile
	}
	if _, err := tx.Exec("DELETE FROM part WHERE msg = ?", b.Msg); err != nil {
		return err
	}
	for _, a := range attachments {
		if _, err := tx.Exec("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)", b.Msg, a.N, a.MediaType, a.Name, a.CID, len(a.Data)); err != nil {
			return err
		}
	}
	_, err = tx.Exec("INSERT OR REPLACE INTO fts(rowid, sender, rcpt, subject, body, files) VALUES (?, ?, ?, ?, ?, ?)",
		b.Msg, all(p.From), all(p.To, p.Cc, p.Bcc), p.Subject, cut(p.Text, indexLimit), files.String())
	return err
}

// Raw gives a message's bytes; NotFound when they are not here.
func (db *DB) Raw(ctx context.Context, msg int64) ([]byte, error) {
	var packed []byte
	err := db.raw.Read().QueryRowContext(ctx, "SELECT data FROM raw WHERE msg = ?", msg).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.Newf(fault.NotFound, "read", "", "the body of message %d is not here", msg)
	}
	if err != nil {
		return nil, wrap(err)
	}
	raw, err := db.dec.DecodeAll(packed, nil)
	if err != nil {
		return nil, fault.New(fault.Damaged, "read", "", err)
	}
	return raw, nil
}

// Second gives the time of a message number.
func Second(id int64) int64 { return id >> 20 }
