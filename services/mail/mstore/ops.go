package mstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// Op is a change that was made here and that the server shall hear of.
type Op struct {
	ID, Account, Folder, Msg int64
	UID                      int64
	Kind                     string // "flags", "move", "expunge"
	Add, Del                 int
	Dest                     int64
	NotBefore                int64 // Unix seconds
	Tries                    int
}

// Change is an action on messages.
type Change struct {
	Kind      string // "flags", "move", "expunge", "trash": move to DestFor, for ever where it lies there already
	Add, Del  int
	Dest      int64                     // of move
	DestFor   func(account int64) int64 // instead of Dest: by account; 0: none
	NotBefore int64
}

type place struct {
	folder, uid, msg, thread, account int64
	flags                             int
	keywords, role                    string
}

// locate finds the places that an action on rows of a view means.
func locate(tx *sql.Tx, ids []int64, v View) ([]place, error) {
	scope, conversations := "", false
	var args []any
	switch v.Kind {
	case "folder":
		scope, args = " AND +l.folder = ?", []any{v.ID}
		conversations = v.Conversations
	case "inboxes":
		scope = " AND +l.folder IN " + inboxes
		conversations = v.Conversations
	}
	where := "l.msg = ?"
	if conversations {
		where = "l.thread = (SELECT thread FROM msg WHERE id = ?)"
	}
	st, err := tx.Prepare(`SELECT l.folder, l.uid, l.msg, l.thread, l.flags, l.keywords, f.account, f.role FROM loc l JOIN folder f ON f.id = l.folder
		WHERE ` + where + " AND l.hidden = 0 AND l.flags & 16 = 0" + scope)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	var list []place
	seen := map[[2]int64]bool{}
	for _, id := range ids {
		rows, err := st.Query(append([]any{id}, args...)...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var p place
			if err := rows.Scan(&p.folder, &p.uid, &p.msg, &p.thread, &p.flags, &p.keywords, &p.account, &p.role); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			if k := [2]int64{p.folder, p.uid}; !seen[k] {
				seen[k] = true
				list = append(list, p)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Apply makes a change to the rows of a view, at once and with its op rows in
// one transaction. It returns what was done, for Revert.
func (db *DB) Apply(ctx context.Context, ids []int64, v View, c Change) (done []Op, err error) {
	err = db.Write(ctx, func(tx *sql.Tx) error {
		done = nil
		places, err := locate(tx, ids, v)
		if err != nil {
			return err
		}
		several := map[int64]int{} // message -> places outside the collections
		for _, p := range places {
			if p.role != "all" && p.role != "trash" {
				several[p.msg]++
			}
		}
		for _, p := range places {
			one := c
			if c.Kind != "flags" {
				if (p.role == "all" || p.role == "trash") && several[p.msg] > 0 {
					continue // the other place is what the person sees
				}
				if c.DestFor != nil {
					one.Dest = c.DestFor(p.account)
				}
				if c.Kind == "trash" {
					one.Kind = "move"
					if one.Dest == 0 || p.role == "trash" || p.role == "junk" {
						one.Kind = "expunge"
					}
				}
				if one.Kind == "move" && (one.Dest == 0 || one.Dest == p.folder) {
					continue
				}
			}
			o, err := apply(tx, p, one)
			if err != nil {
				return err
			}
			if o.Kind != "" {
				done = append(done, o)
			}
		}
		return nil
	})
	return done, err
}

func apply(tx *sql.Tx, p place, c Change) (o Op, err error) {
	o = Op{Account: p.account, Folder: p.folder, UID: p.uid, Msg: p.msg, Kind: c.Kind, NotBefore: c.NotBefore}
	if c.Kind == "flags" {
		o.Add, o.Del = c.Add&^p.flags, c.Del&p.flags
		if o.Add == 0 && o.Del == 0 {
			return Op{}, nil
		}
		if _, err := tx.Exec("UPDATE loc SET flags = (flags | ?) & ~? WHERE folder = ? AND uid = ?", o.Add, o.Del, p.folder, p.uid); err != nil {
			return o, err
		}
		return o, addOp(tx, &o)
	}
	o.Dest = c.Dest
	if p.uid < 0 {
		return o, redirect(tx, p, &o)
	}
	if _, err := tx.Exec("UPDATE loc SET hidden = 1 WHERE folder = ? AND uid = ?", p.folder, p.uid); err != nil {
		return o, err
	}
	if err := addOp(tx, &o); err != nil {
		return o, err
	}
	if c.Kind == "expunge" {
		return o, nil
	}
	return o, addPlaceholder(tx, c.Dest, o.ID, p)
}

func addOp(tx *sql.Tx, o *Op) error {
	r, err := tx.Exec("INSERT INTO op(account, folder, uid, msg, kind, add_flags, del_flags, dest, not_before) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		o.Account, o.Folder, o.UID, o.Msg, o.Kind, o.Add, o.Del, o.Dest, o.NotBefore)
	if err != nil {
		return err
	}
	o.ID, err = r.LastInsertId()
	return err
}

// addPlaceholder shows a moved message in its new mailbox until the server has
// given it a number there.
func addPlaceholder(tx *sql.Tx, folder, op int64, p place) error {
	_, err := tx.Exec(`INSERT INTO loc(folder, uid, msg, thread, flags, keywords) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
		msg = excluded.msg, thread = excluded.thread, flags = excluded.flags, hidden = 0`, folder, -op, p.msg, p.thread, p.flags, p.keywords)
	return err
}

// redirect changes a move that was not sent yet: the message lies in p, where it
// has no number. Without such an op (it was sent, the number is to come) a new one
// waits for the number.
func redirect(tx *sql.Tx, p place, o *Op) error {
	var first Op
	err := tx.QueryRow("SELECT id, folder, uid FROM op WHERE kind = 'move' AND dest = ? AND msg = ? ORDER BY id DESC LIMIT 1", p.folder, p.msg).
		Scan(&first.ID, &first.Folder, &first.UID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if _, err := tx.Exec("UPDATE loc SET hidden = 1 WHERE folder = ? AND uid = ?", p.folder, p.uid); err != nil {
			return err
		}
		if err := addOp(tx, o); err != nil || o.Kind == "expunge" {
			return err
		}
		return addPlaceholder(tx, o.Dest, o.ID, p)
	case err != nil:
		return err
	}
	if _, err := tx.Exec("DELETE FROM loc WHERE folder = ? AND uid = ?", p.folder, p.uid); err != nil {
		return err
	}
	if o.Kind == "move" && o.Dest == first.Folder { // back to where it was
		if _, err := tx.Exec("UPDATE loc SET hidden = 0, flags = ? WHERE folder = ? AND uid = ?", p.flags, first.Folder, first.UID); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM op WHERE id = ?", first.ID)
		o.ID = 0
		return err
	}
	if _, err := tx.Exec("UPDATE op SET kind = ?, dest = ?, not_before = ? WHERE id = ?", o.Kind, o.Dest, o.NotBefore, first.ID); err != nil {
		return err
	}
	o.ID = first.ID
	if o.Kind == "expunge" {
		return nil
	}
	return addPlaceholder(tx, o.Dest, first.ID, p)
}

// Revert takes back what Apply did: ops that were not sent are dropped, for the
// others the inverse is applied.
func (db *DB) Revert(ctx context.Context, done []Op, notBefore int64) error {
	return db.Write(ctx, func(tx *sql.Tx) error {
		for i := len(done) - 1; i >= 0; i-- {
			if err := revert(tx, done[i], notBefore); err != nil {
				return err
			}
		}
		return nil
	})
}

func revert(tx *sql.Tx, o Op, notBefore int64) error {
	var waiting bool
	if err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM op WHERE id = ? AND kind = ? AND dest = ?)", o.ID, o.Kind, o.Dest).Scan(&waiting); err != nil {
		return err
	}
	if o.Kind == "flags" {
		if waiting {
			if _, err := tx.Exec("UPDATE loc SET flags = (flags & ~?) | ? WHERE folder = ? AND uid = ?", o.Add, o.Del, o.Folder, o.UID); err != nil {
				return err
			}
			_, err := tx.Exec("DELETE FROM op WHERE id = ?", o.ID)
			return err
		}
		return applyTo(tx, o.Msg, o.Folder, Change{Kind: "flags", Add: o.Del, Del: o.Add, NotBefore: notBefore})
	}
	if !waiting {
		if o.Kind == "expunge" || o.Dest == 0 {
			return nil // gone for ever
		}
		return applyTo(tx, o.Msg, o.Dest, Change{Kind: "move", Dest: o.Folder, NotBefore: notBefore})
	}
	var flags sql.NullInt64
	if o.Kind == "move" {
		// What was marked meanwhile in the new place holds in the old one.
		err := tx.QueryRow("DELETE FROM loc WHERE folder = ? AND uid = ? RETURNING flags", o.Dest, -o.ID).Scan(&flags)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	if _, err := tx.Exec("UPDATE loc SET hidden = 0, flags = coalesce(?, flags) WHERE folder = ? AND uid = ?", flags, o.Folder, o.UID); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM op WHERE id = ?", o.ID)
	return err
}

func applyTo(tx *sql.Tx, msg, folder int64, c Change) error {
	places, err := locate(tx, []int64{msg}, View{Kind: "folder", ID: folder})
	if err != nil {
		return err
	}
	for _, p := range places {
		if _, err := apply(tx, p, c); err != nil {
			return err
		}
	}
	return nil
}

// DueOps lists the ops of an account whose time has come, in their order; an op
// waits for every earlier one on the same message.
func (db *DB) DueOps(ctx context.Context, account, now int64, limit int) ([]Op, error) {
	rows, err := db.Read().QueryContext(ctx, `SELECT id, account, folder, uid, msg, kind, add_flags, del_flags, dest, not_before, tries FROM op o
		WHERE account = ? AND not_before <= ? AND NOT EXISTS (SELECT 1 FROM op e WHERE e.msg = o.msg AND e.id < o.id AND e.account = o.account)
		ORDER BY id LIMIT ?`, account, now, limit)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	var list []Op
	for rows.Next() {
		var o Op
		if err := rows.Scan(&o.ID, &o.Account, &o.Folder, &o.UID, &o.Msg, &o.Kind, &o.Add, &o.Del, &o.Dest, &o.NotBefore, &o.Tries); err != nil {
			return nil, wrap(err)
		}
		list = append(list, o)
	}
	return list, wrap(rows.Err())
}

// NextOp gives when the next op of an account is due, 0 if there is none.
func (db *DB) NextOp(ctx context.Context, account int64) (at int64, err error) {
	err = db.Read().QueryRowContext(ctx, "SELECT coalesce(min(not_before), 0) FROM op WHERE account = ?", account).Scan(&at)
	return at, wrap(err)
}

// Resolve gives the server's number for an op whose message had none when it was
// made; 0 if it still has none.
func (db *DB) Resolve(ctx context.Context, o Op) (uid int64, err error) {
	if o.UID > 0 {
		return o.UID, nil
	}
	err = db.Read().QueryRowContext(ctx, "SELECT coalesce(max(uid), 0) FROM loc WHERE folder = ? AND msg = ? AND uid > 0", o.Folder, o.Msg).Scan(&uid)
	return uid, wrap(err)
}

// OpsDone records that the server has carried ops out. moved maps the old to the
// new numbers where the server told them.
func (db *DB) OpsDone(ctx context.Context, ops []Op, moved map[uint32]uint32) error {
	return db.Write(ctx, func(tx *sql.Tx) error {
		for _, o := range ops {
			if _, err := tx.Exec("DELETE FROM op WHERE id = ?", o.ID); err != nil {
				return err
			}
			if o.Kind == "flags" {
				continue
			}
			if _, err := tx.Exec("DELETE FROM loc WHERE folder = ? AND (uid = ? OR uid < 0 AND msg = ? AND hidden = 1)", o.Folder, o.UID, o.Msg); err != nil {
				return err
			}
			if o.Kind == "expunge" {
				if _, err := tx.Exec("INSERT OR REPLACE INTO tomb VALUES (?, unixepoch())", o.Msg); err != nil {
					return err
				}
				continue
			}
			if uid := moved[uint32(o.UID)]; uid != 0 {
				if _, err := tx.Exec("UPDATE OR REPLACE loc SET uid = ? WHERE folder = ? AND uid = ?", uid, o.Dest, -o.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// OpsLater puts ops off; OpsFailed gives them up and shows the server's state again.
func (db *DB) OpsLater(ctx context.Context, ops []Op, at int64) error {
	return db.Write(ctx, func(tx *sql.Tx) error {
		for _, o := range ops {
			if _, err := tx.Exec("UPDATE op SET not_before = ?, tries = tries + 1 WHERE id = ?", at, o.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// OpsFailed rolls back what the server refused.
func (db *DB) OpsFailed(ctx context.Context, ops []Op) error {
	return db.Write(ctx, func(tx *sql.Tx) error {
		for _, o := range ops {
			if err := revert(tx, o, 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// Flags records what the server says about flags; places with an unsent change of
// ours keep ours. It returns how many differ.
func Flags(tx *sql.Tx, folder int64, list []Header) (changed int, err error) {
	st, err := tx.Prepare(`UPDATE loc SET flags = ?, keywords = ?, modseq = max(modseq, ?) WHERE folder = ? AND uid = ? AND (flags != ? OR keywords != ?)
		AND NOT EXISTS (SELECT 1 FROM op WHERE op.folder = loc.folder AND op.uid = loc.uid AND op.kind = 'flags')`)
	if err != nil {
		return 0, err
	}
	defer st.Close()
	for _, h := range list {
		r, err := st.Exec(h.Flags, h.Keywords, int64(h.ModSeq), folder, h.UID, h.Flags, h.Keywords)
		if err != nil {
			return changed, err
		}
		n, err := r.RowsAffected()
		if err != nil {
			return changed, err
		}
		changed += int(n)
	}
	return changed, nil
}

// Remove takes messages out of a mailbox because the server has them no more.
func Remove(tx *sql.Tx, folder int64, uids []uint32, now int64) error {
	for _, uid := range uids {
		for _, q := range []string{
			"INSERT OR REPLACE INTO tomb SELECT msg, ?3 FROM loc WHERE folder = ?1 AND uid = ?2",
			"DELETE FROM op WHERE folder = ?1 AND uid = ?2",
			"DELETE FROM loc WHERE folder = ?1 AND uid = ?2",
		} {
			args := []any{folder, uid, now}
			if !strings.Contains(q, "?3") {
				args = args[:2]
			}
			if _, err := tx.Exec(q, args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// DropPlaceholders removes moved messages that the server did not bring after all.
func DropPlaceholders(tx *sql.Tx, folder int64) error {
	_, err := tx.Exec(`DELETE FROM loc WHERE folder = ? AND uid < 0 AND hidden = 0
		AND NOT EXISTS (SELECT 1 FROM op WHERE op.kind = 'move' AND op.dest = loc.folder AND op.msg = loc.msg)`, folder)
	return err
}
