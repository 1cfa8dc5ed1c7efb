// Package mstore is the mail service's local store: mail.db with everything
// that lists, threads and search need, and raw.db with the messages' bytes.
// Its methods on a *sql.Tx run inside DB.Write; the others read.
package mstore

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"guichet/services/fault"
	"guichet/services/store"
)

// DB is the store.
type DB struct {
	mail, raw *store.DB
	enc       *zstd.Encoder
	dec       *zstd.Decoder
}

// rawLimit bounds a message read from the store, bytes.
const rawLimit = 1 << 30

// Open opens or makes the store in a folder.
func Open(dir string) (*DB, error) {
	mail, err := store.Open(store.Params{Path: filepath.Join(dir, "mail.db"), Migrations: mailSchema, Durable: true})
	if err != nil {
		return nil, err
	}
	raw, err := store.Open(store.Params{Path: filepath.Join(dir, "raw.db"), Migrations: rawSchema, Cache: true})
	if err != nil {
		return nil, errors.Join(err, mail.Close())
	}
	db := &DB{mail: mail, raw: raw}
	if db.enc, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2)); err == nil {
		db.dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(rawLimit))
	}
	if err == nil && raw.Recovered != "" {
		err = mail.Exec(context.Background(), "UPDATE msg SET body = 0, tries = 0 WHERE body = 1")
	}
	if err != nil {
		return nil, errors.Join(fault.From("open", "", err), db.Close())
	}
	return db, nil
}

// Close closes both files.
func (db *DB) Close() error {
	if db.dec != nil {
		db.dec.Close()
	}
	return errors.Join(db.mail.Close(), db.raw.Close())
}

// Write runs work in a transaction of mail.db.
func (db *DB) Write(ctx context.Context, work func(*sql.Tx) error) error {
	return db.mail.Write(ctx, work)
}

// Read gives mail.db's readers.
func (db *DB) Read() *sql.DB { return db.mail.Read() }

// Account is a row of account; Settings is the service's JSON.
type Account struct {
	ID        int64
	Email     string
	Name      string
	Settings  string
	CheckedAt int64
}

// Accounts lists the accounts in the order they were added.
func (db *DB) Accounts(ctx context.Context) (list []Account, err error) {
	rows, err := db.Read().QueryContext(ctx, "SELECT id, email, name, settings, checked_at FROM account ORDER BY id")
	if err != nil {
		return nil, fault.From("read", "", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a Account
		if err := rows.Scan(&a.ID, &a.Email, &a.Name, &a.Settings, &a.CheckedAt); err != nil {
			return nil, fault.From("read", "", err)
		}
		list = append(list, a)
	}
	return list, wrap(rows.Err())
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fault.From("read", "", err)
}

// AddAccount saves an account and returns its number.
func (db *DB) AddAccount(ctx context.Context, a Account) (id int64, err error) {
	err = db.Write(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec("INSERT INTO account(email, name, settings) VALUES (?, ?, ?)", a.Email, a.Name, a.Settings)
		if err != nil {
			return err
		}
		id, err = r.LastInsertId()
		return err
	})
	return id, err
}

// RemoveAccount forgets an account with all its mail.
func (db *DB) RemoveAccount(ctx context.Context, id int64) error {
	var ids []int64
	rows, err := db.Read().QueryContext(ctx, "SELECT id FROM msg WHERE account = ?", id)
	if err != nil {
		return wrap(err)
	}
	for rows.Next() {
		var m int64
		if err := rows.Scan(&m); err != nil {
			rows.Close()
			return wrap(err)
		}
		ids = append(ids, m)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return wrap(err)
	}
	err = db.Write(ctx, func(tx *sql.Tx) error {
		for _, q := range []string{
			"DELETE FROM loc WHERE folder IN (SELECT id FROM folder WHERE account = ?)",
			"DELETE FROM thread_folder WHERE folder IN (SELECT id FROM folder WHERE account = ?)",
			"DELETE FROM op WHERE account = ?", "DELETE FROM outbox WHERE account = ?", "DELETE FROM draft WHERE account = ?",
			"DELETE FROM ref WHERE account = ?", "DELETE FROM account WHERE id = ?",
		} {
			if _, err := tx.Exec(q, id); err != nil {
				return err
			}
		}
		return forget(tx, ids)
	})
	if err != nil {
		return err
	}
	return db.dropRaw(ctx, ids)
}

// forget removes messages that lie nowhere any more.
func forget(tx *sql.Tx, ids []int64) error {
	for _, m := range ids {
		for _, q := range []string{
			"DELETE FROM fts WHERE rowid = ?", "DELETE FROM part WHERE msg = ?", "DELETE FROM tomb WHERE msg = ?", "DELETE FROM msg WHERE id = ?",
		} {
			if _, err := tx.Exec(q, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (db *DB) dropRaw(ctx context.Context, ids []int64) error {
	return db.raw.Write(ctx, func(tx *sql.Tx) error {
		for _, m := range ids {
			for _, q := range []string{"DELETE FROM raw WHERE msg = ?", "DELETE FROM text WHERE msg = ?"} {
				if _, err := tx.Exec(q, m); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// PurgeTombs forgets messages that have lain nowhere since before the time
// (Unix seconds).
func (db *DB) PurgeTombs(ctx context.Context, before int64) error {
	var ids []int64
	err := db.Write(ctx, func(tx *sql.Tx) error {
		rows, err := tx.Query(`SELECT msg FROM tomb WHERE at < ? AND NOT EXISTS (SELECT 1 FROM loc WHERE loc.msg = tomb.msg) LIMIT 5000`, before)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var m int64
			if err := rows.Scan(&m); err != nil {
				return err
			}
			ids = append(ids, m)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		rows.Close()
		if err := forget(tx, ids); err != nil {
			return err
		}
		_, err = tx.Exec("DELETE FROM tomb WHERE at < ?", before)
		return err
	})
	if err != nil || len(ids) == 0 {
		return err
	}
	return db.dropRaw(ctx, ids)
}

// Folder is a row of folder.
type Folder struct {
	ID, Account   int64
	Wire          string
	Path          []string
	Role          string
	Selectable    bool
	UIDValidity   uint32
	UIDNext       uint32
	ModSeq        uint64
	Messages      uint32 // the server's, at the last synchronisation
	Unseen        uint32
	Complete      bool // all headers are here
	SweptAt       int64
	Total, Unread int // ours
}

// separator joins the parts of folder.path: no mailbox name holds it.
const separator = "\x1f"

const folderColumns = "id, account, wire, path, role, selectable, uidvalidity, uidnext, modseq, messages, unseen, complete, swept_at, total, unread"

func scanFolder(rows interface{ Scan(...any) error }) (f Folder, err error) {
	var wire []byte
	var path string
	var modseq int64
	err = rows.Scan(&f.ID, &f.Account, &wire, &path, &f.Role, &f.Selectable, &f.UIDValidity, &f.UIDNext, &modseq, &f.Messages, &f.Unseen,
		&f.Complete, &f.SweptAt, &f.Total, &f.Unread)
	f.Wire, f.Path, f.ModSeq = string(wire), strings.Split(path, separator), uint64(modseq)
	return f, err
}

// Folders lists the mailboxes of an account, of all for 0.
func (db *DB) Folders(ctx context.Context, account int64) (list []Folder, err error) {
	rows, err := db.Read().QueryContext(ctx, "SELECT "+folderColumns+" FROM folder WHERE ? IN (0, account) ORDER BY account, path", account)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		f, err := scanFolder(rows)
		if err != nil {
			return nil, wrap(err)
		}
		list = append(list, f)
	}
	return list, wrap(rows.Err())
}

// FolderByID reads one mailbox; NotFound if it is gone.
func (db *DB) FolderByID(ctx context.Context, id int64) (Folder, error) {
	f, err := scanFolder(db.Read().QueryRowContext(ctx, "SELECT "+folderColumns+" FROM folder WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return f, fault.Newf(fault.NotFound, "mailbox", "", "no mailbox %d", id)
	}
	return f, wrap(err)
}

// SetFolders brings the list of mailboxes in line with the server's and gives it
// back with numbers. Those that are gone take their places with them; the
// messages stay for seven days.
func (db *DB) SetFolders(ctx context.Context, account int64, list []Folder, now int64) ([]Folder, error) {
	err := db.Write(ctx, func(tx *sql.Tx) error {
		keep := map[int64]bool{}
		for _, f := range list {
			var id int64
			err := tx.QueryRow(`INSERT INTO folder(account, wire, path, role, selectable) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT DO UPDATE SET path = excluded.path, role = excluded.role, selectable = excluded.selectable RETURNING id`,
				account, []byte(f.Wire), strings.Join(f.Path, separator), f.Role, f.Selectable).Scan(&id)
			if err != nil {
				return err
			}
			keep[id] = true
		}
		rows, err := tx.Query("SELECT id FROM folder WHERE account = ?", account)
		if err != nil {
			return err
		}
		defer rows.Close()
		var gone []int64
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			if !keep[id] {
				gone = append(gone, id)
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		rows.Close()
		for _, id := range gone {
			if err := clearFolder(tx, id, now); err != nil {
				return err
			}
			if _, err := tx.Exec("DELETE FROM folder WHERE id = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return db.Folders(ctx, account)
}

// clearFolder takes all messages out of a mailbox; bodies stay for seven days.
func clearFolder(tx *sql.Tx, folder, now int64) error {
	for _, q := range []string{
		"INSERT OR REPLACE INTO tomb SELECT DISTINCT msg, ?2 FROM loc WHERE folder = ?1",
		"DELETE FROM op WHERE folder = ?1",
		"DELETE FROM loc WHERE folder = ?1",
		"DELETE FROM thread_folder WHERE folder = ?1",
		"UPDATE folder SET uidvalidity = 0, uidnext = 0, modseq = 0, complete = 0, messages = 0, total = 0, unread = 0 WHERE id = ?1",
	} {
		args := []any{folder, now}
		if !strings.Contains(q, "?2") {
			args = args[:1]
		}
		if _, err := tx.Exec(q, args...); err != nil {
			return err
		}
	}
	return nil
}

// ResetFolder is for a changed UIDVALIDITY: all numbers are void, bodies are
// found again by Message-ID, size and date.
func (db *DB) ResetFolder(ctx context.Context, folder, now int64) error {
	return db.Write(ctx, func(tx *sql.Tx) error { return clearFolder(tx, folder, now) })
}

// FolderDone records what a synchronisation reached.
func FolderDone(tx *sql.Tx, f Folder) error {
	_, err := tx.Exec(`UPDATE folder SET uidvalidity = ?, uidnext = ?, modseq = ?, messages = ?, unseen = ?, complete = ?, swept_at = ? WHERE id = ?`,
		f.UIDValidity, f.UIDNext, int64(f.ModSeq), f.Messages, f.Unseen, f.Complete, f.SweptAt, f.ID)
	return err
}
