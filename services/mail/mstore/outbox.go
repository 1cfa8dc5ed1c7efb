package mstore

import (
	"context"
	"database/sql"
	"errors"

	"guichet/services/fault"
)

// Mail is a row of outbox. Lists are JSON of the service.
type Mail struct {
	ID, Account    int64
	MessageID      string
	MIME           []byte // fixed when it is queued; with Bcc
	Sender         string
	Rcpts          string
	Subject        string
	Draft          string
	State          string
	Created, Due   int64
	Tries          int
	Results, Fault string
	Size           int64 // of MIME
}

const mailColumns = "id, account, msgid, mime, sender, rcpts, subject, draft, state, created, due, tries, results, fault"

// AddMail queues a mail and removes its draft in one durable transaction.
func (db *DB) AddMail(ctx context.Context, m Mail, draft int64) (id int64, err error) {
	err = db.Write(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(`INSERT INTO outbox(account, msgid, mime, sender, rcpts, subject, draft, state, created, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			m.Account, m.MessageID, m.MIME, m.Sender, m.Rcpts, m.Subject, m.Draft, m.State, m.Created, m.Due)
		if err != nil {
			return err
		}
		if id, err = r.LastInsertId(); err != nil {
			return err
		}
		_, err = tx.Exec("DELETE FROM draft WHERE id = ?", draft)
		return err
	})
	return id, err
}

// Outbox lists the mails that are on their way, oldest first; without their
// bytes.
func (db *DB) Outbox(ctx context.Context) (list []Mail, err error) {
	rows, err := db.Read().QueryContext(ctx, `SELECT id, account, msgid, length(mime), sender, rcpts, subject, '', state, created, due, tries, results, fault
		FROM outbox ORDER BY id`)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var m Mail
		var size int64
		if err := rows.Scan(&m.ID, &m.Account, &m.MessageID, &size, &m.Sender, &m.Rcpts, &m.Subject, &m.Draft, &m.State, &m.Created, &m.Due, &m.Tries,
			&m.Results, &m.Fault); err != nil {
			return nil, wrap(err)
		}
		m.Size = size
		list = append(list, m)
	}
	return list, wrap(rows.Err())
}

// MailByID reads one mail; NotFound when it is filed or taken out.
func (db *DB) MailByID(ctx context.Context, id int64) (m Mail, err error) {
	err = db.Read().QueryRowContext(ctx, "SELECT "+mailColumns+" FROM outbox WHERE id = ?", id).Scan(&m.ID, &m.Account, &m.MessageID, &m.MIME, &m.Sender,
		&m.Rcpts, &m.Subject, &m.Draft, &m.State, &m.Created, &m.Due, &m.Tries, &m.Results, &m.Fault)
	if errors.Is(err, sql.ErrNoRows) {
		return m, fault.Newf(fault.NotFound, "outbox", "", "no mail %d", id)
	}
	m.Size = int64(len(m.MIME))
	return m, wrap(err)
}

// MailStep moves a mail from one state to another, durably. Exists: it is not in
// the state any more.
func (db *DB) MailStep(ctx context.Context, m Mail, from string) error {
	return db.Write(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec("UPDATE outbox SET state = ?, due = ?, tries = ?, results = ?, fault = ? WHERE id = ? AND state = ?",
			m.State, m.Due, m.Tries, m.Results, m.Fault, m.ID, from)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return fault.Newf(fault.Exists, "outbox", "", "mail %d is not %s any more", m.ID, from)
	})
}

// DropMail takes a mail out if it is in one of the states, and keeps its draft as
// one if draft is not "". Exists: it is in another state.
func (db *DB) DropMail(ctx context.Context, id int64, draft string, account, now int64, states ...string) (draftID int64, err error) {
	err = db.Write(ctx, func(tx *sql.Tx) error {
		args := []any{id}
		for _, s := range states {
			args = append(args, s)
		}
		r, err := tx.Exec("DELETE FROM outbox WHERE id = ? AND state IN ("+marks(len(states))+")", args...)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fault.Newf(fault.Exists, "outbox", "", "mail %d is on its way", id))
		}
		if draft == "" {
			return nil
		}
		d, err := tx.Exec("INSERT INTO draft(account, saved, data) VALUES (?, ?, ?)", account, now, draft)
		if err != nil {
			return err
		}
		draftID, err = d.LastInsertId()
		return err
	})
	return draftID, err
}

// RecoverMail marks what was being handed over when its process ended: its sign
// of life is overdue.
func (db *DB) RecoverMail(ctx context.Context, sending, maybe string, now int64) error {
	return db.mail.Exec(ctx, "UPDATE outbox SET state = ? WHERE state = ? AND due < ?", maybe, sending, now)
}

// MailAlive renews the sign of life of a mail that is being handed over.
func (db *DB) MailAlive(ctx context.Context, id int64, sending string, due int64) error {
	return db.mail.Exec(ctx, "UPDATE outbox SET due = ? WHERE id = ? AND state = ?", due, id, sending)
}

// SavedDraft is a row of draft; Data is the service's JSON.
type SavedDraft struct {
	ID, Account, Saved int64
	Data               string
}

// SaveDraft keeps a draft; ID 0 makes one.
func (db *DB) SaveDraft(ctx context.Context, d SavedDraft) (id int64, err error) {
	err = db.Write(ctx, func(tx *sql.Tx) error {
		var given any
		if d.ID != 0 {
			given = d.ID
		}
		return tx.QueryRow(`INSERT INTO draft(id, account, saved, data) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET account = excluded.account, saved = excluded.saved, data = excluded.data RETURNING id`,
			given, d.Account, d.Saved, d.Data).Scan(&id)
	})
	return id, err
}

// DeleteDraft throws a draft away.
func (db *DB) DeleteDraft(ctx context.Context, id int64) error {
	return db.mail.Exec(ctx, "DELETE FROM draft WHERE id = ?", id)
}

// Drafts lists the drafts, newest first.
func (db *DB) Drafts(ctx context.Context) (list []SavedDraft, err error) {
	rows, err := db.Read().QueryContext(ctx, "SELECT id, account, saved, data FROM draft ORDER BY saved DESC, id DESC")
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var d SavedDraft
		if err := rows.Scan(&d.ID, &d.Account, &d.Saved, &d.Data); err != nil {
			return nil, wrap(err)
		}
		list = append(list, d)
	}
	return list, wrap(rows.Err())
}
