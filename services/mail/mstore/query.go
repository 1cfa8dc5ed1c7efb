package mstore

import (
	"context"
	"database/sql"
	"strings"

	"guichet/services/fault"
)

// View says what a list shows.
type View struct {
	Kind          string // "folder", "inboxes", "flagged", "thread", "search"
	ID            int64
	Conversations bool
}

const visible = "hidden = 0 AND flags & 16 = 0"

const inboxes = "(SELECT id FROM folder WHERE role = 'inbox')"

// IDs lists the rows of a view; limit 0: all of them. A search has its own way.
func (db *DB) IDs(ctx context.Context, v View, limit int) ([]int64, error) {
	var q string
	var args []any
	switch {
	case v.Kind == "folder" && v.Conversations:
		q, args = "SELECT last FROM thread_folder WHERE folder = ? ORDER BY last DESC", []any{v.ID}
	case v.Kind == "folder":
		q, args = "SELECT msg FROM loc WHERE folder = ? AND "+visible+" ORDER BY msg DESC", []any{v.ID}
	case v.Kind == "inboxes" && v.Conversations:
		q = "SELECT max(last) AS l FROM thread_folder WHERE folder IN " + inboxes + " GROUP BY thread ORDER BY l DESC"
	case v.Kind == "inboxes":
		q = "SELECT DISTINCT msg FROM loc WHERE folder IN " + inboxes + " AND " + visible + " ORDER BY msg DESC"
	case v.Kind == "flagged":
		q = "SELECT DISTINCT msg FROM loc WHERE flags & 2 != 0 AND " + visible + " ORDER BY msg DESC"
	case v.Kind == "thread":
		q, args = "SELECT DISTINCT msg FROM loc WHERE thread = ? AND "+visible+" ORDER BY msg", []any{v.ID}
	default:
		return nil, nil
	}
	if limit > 0 {
		q += " LIMIT ?"
		args = append(args, limit)
	}
	return numbers(db.Read().QueryContext(ctx, q, args...))
}

func numbers(rows *sql.Rows, err error) ([]int64, error) {
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	var list []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, wrap(err)
		}
		list = append(list, n)
	}
	return list, wrap(rows.Err())
}

// Row is what a list needs of a message.
type Row struct {
	ID, Account, Thread, Date, Size     int64
	MessageID                           string
	FromName, FromMail, Rcpt            string
	Subject, Snippet                    string
	HasAtt                              bool
	Body                                int
	Flags                               int  // of its places together
	Unread                              bool // unread in one of them
	Folders                             []int64
	Count                               int
	Senders                             []string // of a conversation, newest first, each once
	ConversationUnread, ConversationFlg bool
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

func anys(ids []int64) []any {
	out := make([]any, len(ids))
	for i, x := range ids {
		out[i] = x
	}
	return out
}

// Rows reads messages in the order of ids; what is gone is left out.
func (db *DB) Rows(ctx context.Context, ids []int64, v View) ([]Row, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	byID := make(map[int64]*Row, len(ids))
	rows, err := db.Read().QueryContext(ctx, `SELECT id, account, thread, date, size, msgid, from_name, from_mail, rcpt, subject, snippet, has_att, body
		FROM msg WHERE id IN (`+marks(len(ids))+")", anys(ids)...)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		r := &Row{Count: 1}
		if err := rows.Scan(&r.ID, &r.Account, &r.Thread, &r.Date, &r.Size, &r.MessageID, &r.FromName, &r.FromMail, &r.Rcpt, &r.Subject, &r.Snippet,
			&r.HasAtt, &r.Body); err != nil {
			return nil, wrap(err)
		}
		byID[r.ID] = r
	}
	if err := rows.Err(); err != nil {
		return nil, wrap(err)
	}
	rows.Close()
	if err := db.places(ctx, ids, byID); err != nil {
		return nil, err
	}
	list := make([]Row, 0, len(ids))
	for _, id := range ids {
		r := byID[id]
		if r == nil {
			continue
		}
		if v.Conversations && (v.Kind == "folder" || v.Kind == "inboxes") {
			if err := db.conversation(ctx, r, v); err != nil {
				return nil, err
			}
		}
		list = append(list, *r)
	}
	return list, nil
}

func (db *DB) places(ctx context.Context, ids []int64, byID map[int64]*Row) error {
	rows, err := db.Read().QueryContext(ctx, "SELECT msg, folder, flags FROM loc WHERE msg IN ("+marks(len(ids))+") AND "+visible, anys(ids)...)
	if err != nil {
		return wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, folder int64
		var flags int
		if err := rows.Scan(&id, &folder, &flags); err != nil {
			return wrap(err)
		}
		if r := byID[id]; r != nil {
			r.Flags |= flags
			r.Unread = r.Unread || flags&Seen == 0
			r.Folders = append(r.Folders, folder)
		}
	}
	return wrap(rows.Err())
}

func (v View) folders() string {
	if v.Kind == "inboxes" {
		return inboxes
	}
	return "(?)"
}

func (v View) args(more ...any) []any {
	if v.Kind == "inboxes" {
		return more
	}
	return append(more, v.ID)
}

func (db *DB) conversation(ctx context.Context, r *Row, v View) error {
	rows, err := db.Read().QueryContext(ctx, `SELECT m.from_name, m.from_mail, l.flags FROM loc l JOIN msg m ON m.id = l.msg
		WHERE l.thread = ? AND +l.folder IN `+v.folders()+` AND l.hidden = 0 AND l.flags & 16 = 0 GROUP BY m.id ORDER BY m.id DESC LIMIT 1000`,
		v.args(r.Thread)...)
	if err != nil {
		return wrap(err)
	}
	defer rows.Close()
	seen := map[string]bool{}
	n := 0
	for rows.Next() {
		var name, mail string
		var flags int
		if err := rows.Scan(&name, &mail, &flags); err != nil {
			return wrap(err)
		}
		n++
		r.ConversationUnread = r.ConversationUnread || flags&Seen == 0
		r.ConversationFlg = r.ConversationFlg || flags&Flagged != 0
		if name == "" {
			name = mail
		}
		if !seen[name] && len(seen) < 6 {
			seen[name] = true
			r.Senders = append(r.Senders, name)
		}
	}
	r.Count = max(n, 1)
	return wrap(rows.Err())
}

// Stored counts the messages of an account.
func (db *DB) Stored(ctx context.Context, account int64) (n int, err error) {
	err = db.Read().QueryRowContext(ctx, "SELECT coalesce(sum(total), 0) FROM folder WHERE account = ?", account).Scan(&n)
	return n, wrap(err)
}

// UIDs lists the server's numbers of a mailbox that are here, rising.
func (db *DB) UIDs(ctx context.Context, folder int64) ([]uint32, error) {
	list, err := numbers(db.Read().QueryContext(ctx, "SELECT uid FROM loc WHERE folder = ? AND uid > 0 ORDER BY uid", folder))
	out := make([]uint32, len(list))
	for i, n := range list {
		out[i] = uint32(n)
	}
	return out, err
}

// Count counts them.
func (db *DB) Count(ctx context.Context, folder int64) (n int, err error) {
	err = db.Read().QueryRowContext(ctx, "SELECT count(*) FROM loc WHERE folder = ? AND uid > 0", folder).Scan(&n)
	return n, wrap(err)
}

// Place is where a message can be fetched.
type Place struct {
	Msg    int64
	Folder int64
	UID    uint32
	Size   int64
}

// Missing lists messages of an account whose bodies are not here, newest first;
// skip holds back those that just failed.
func (db *DB) Missing(ctx context.Context, account int64, below int64, limit int) ([]Place, error) {
	rows, err := db.Read().QueryContext(ctx, `SELECT m.id, l.folder, min(l.uid), m.size FROM msg m JOIN loc l ON l.msg = m.id AND l.uid > 0
		WHERE m.account = ? AND m.body = 0 AND m.tries < 3 AND m.id < ? GROUP BY m.id ORDER BY m.id DESC LIMIT ?`, account, below, limit)
	if err != nil {
		return nil, wrap(err)
	}
	return places(rows)
}

func places(rows *sql.Rows) (list []Place, err error) {
	defer rows.Close()
	for rows.Next() {
		var p Place
		if err := rows.Scan(&p.Msg, &p.Folder, &p.UID, &p.Size); err != nil {
			return nil, wrap(err)
		}
		list = append(list, p)
	}
	return list, wrap(rows.Err())
}

// PlacesOf lists where a message can be fetched.
func (db *DB) PlacesOf(ctx context.Context, msg int64) ([]Place, error) {
	rows, err := db.Read().QueryContext(ctx, `SELECT m.id, l.folder, l.uid, m.size FROM msg m JOIN loc l ON l.msg = m.id AND l.uid > 0
		WHERE m.id = ?`, msg)
	if err != nil {
		return nil, wrap(err)
	}
	return places(rows)
}

// CountMissing counts the bodies that are not here.
func (db *DB) CountMissing(ctx context.Context, account int64) (n int, err error) {
	err = db.Read().QueryRowContext(ctx, "SELECT count(*) FROM msg WHERE account = ? AND body = 0 AND tries < 3", account).Scan(&n)
	return n, wrap(err)
}

// BodyTried counts a failed fetch; the third makes the message unreadable.
func (db *DB) BodyTried(ctx context.Context, msg int64) error {
	return db.mail.Exec(ctx, "UPDATE msg SET tries = tries + 1, body = CASE WHEN tries >= 2 THEN 2 ELSE body END WHERE id = ? AND body = 0", msg)
}

// ByMessageID finds a message of an account; NotFound.
func (db *DB) ByMessageID(ctx context.Context, account int64, msgid string) (int64, error) {
	list, err := numbers(db.Read().QueryContext(ctx, `SELECT m.id FROM msg m JOIN ref r ON r.account = ? AND r.hash = ? AND m.thread = r.thread
		WHERE m.msgid = ? AND m.account = ? LIMIT 1`, account, hash([]byte(msgid)), msgid, account))
	if err == nil && len(list) == 0 {
		return 0, fault.Newf(fault.NotFound, "message", "", "no message %s", msgid)
	}
	if err != nil {
		return 0, err
	}
	return list[0], nil
}

// Complete finds contacts whose name or address has a word that begins so.
func (db *DB) Complete(ctx context.Context, typed string, limit int) (list [][2]string, err error) {
	like := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(strings.TrimSpace(typed)))
	if like == "" {
		return nil, nil
	}
	rows, err := db.Read().QueryContext(ctx, `SELECT name, addr FROM contact WHERE addr LIKE ?1 || '%' ESCAPE '\' OR name LIKE ?1 || '%' ESCAPE '\'
		OR name LIKE '% ' || ?1 || '%' ESCAPE '\' OR addr LIKE '%@' || ?1 || '%' ESCAPE '\'
		ORDER BY sent * 10 + min(received, 20) DESC, last DESC LIMIT ?2`, like, limit)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c [2]string
		if err := rows.Scan(&c[0], &c[1]); err != nil {
			return nil, wrap(err)
		}
		list = append(list, c)
	}
	return list, wrap(rows.Err())
}

// Remote reports whether pictures from the network are allowed for a sender.
func (db *DB) Remote(ctx context.Context, addr string) (ok bool, err error) {
	err = db.Read().QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM allow_remote WHERE addr = ?)", addr).Scan(&ok)
	return ok, wrap(err)
}

// AllowRemote allows them from now on.
func (db *DB) AllowRemote(ctx context.Context, addr string) error {
	return db.mail.Exec(ctx, "INSERT OR IGNORE INTO allow_remote VALUES (?)", addr)
}

// CountFlagged counts the flagged messages.
func (db *DB) CountFlagged(ctx context.Context) (n int, err error) {
	err = db.Read().QueryRowContext(ctx, "SELECT count(DISTINCT msg) FROM loc WHERE flags & 2 != 0 AND "+visible).Scan(&n)
	return n, wrap(err)
}

// AccountsOf lists the accounts of messages.
func (db *DB) AccountsOf(ctx context.Context, ids []int64) (list []int64, err error) {
	seen := map[int64]bool{}
	for len(ids) > 0 {
		n := min(len(ids), 500)
		part, err := numbers(db.Read().QueryContext(ctx, "SELECT DISTINCT account FROM msg WHERE id IN ("+marks(n)+")", anys(ids[:n])...))
		if err != nil {
			return nil, err
		}
		for _, a := range part {
			if !seen[a] {
				seen[a] = true
				list = append(list, a)
			}
		}
		ids = ids[n:]
	}
	return list, nil
}
