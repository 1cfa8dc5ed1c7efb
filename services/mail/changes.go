package mail

import (
	"context"
	"database/sql"
	"slices"

	"guichet/services/mail/imap"
	"guichet/services/mail/mstore"
)

// flags learns what others marked.
func (y *syncer) flags(ctx context.Context, f mstore.Folder, st imap.Status, sweep bool) error {
	if f.UIDNext <= 1 {
		return nil
	}
	sess, err := y.l.open(ctx, f)
	if err != nil {
		return err
	}
	var set imap.Set
	since := uint64(0)
	switch {
	case st.HighestModSeq != 0 && f.ModSeq != 0:
		if st.HighestModSeq == f.ModSeq {
			return nil
		}
		set, since = imap.Range(1, f.UIDNext-1), f.ModSeq
	case sweep || st.HighestModSeq != 0:
		set = imap.Range(1, f.UIDNext-1)
	default:
		local, err := y.s.db.UIDs(ctx, f.ID)
		if err != nil || len(local) == 0 {
			return err
		}
		set = imap.SetOf(local[max(0, len(local)-flagWindow):])
	}
	var list []mstore.Header
	err = sess.Flags(ctx, set, since, func(it imap.Item) error {
		h := mstore.Header{UID: it.UID, ModSeq: it.ModSeq}
		h.Flags, h.Keywords = mstore.FlagBits(it.Flags)
		list = append(list, h)
		return nil
	})
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(list, 5000) {
		var n int
		if err := y.s.db.Write(ctx, func(tx *sql.Tx) (err error) {
			n, err = mstore.Flags(tx, f.ID, chunk)
			return err
		}); err != nil {
			return err
		}
		y.rep.Changed += n
	}
	return nil
}

// deletions takes out what the server has no more. Servers have named only part
// of a mailbox and made mail vanish for years: many deletions at once, or fewer
// numbers than the server itself counts, are asked again on a fresh connection,
// and believed only if the answer is the same. held says that they were not.
func (y *syncer) deletions(ctx context.Context, f mstore.Folder, st imap.Status) (held bool, err error) {
	n, err := y.s.db.Count(ctx, f.ID)
	if err != nil || n == int(st.Messages) {
		return false, err
	}
	sess, err := y.l.open(ctx, f)
	if err != nil {
		return false, err
	}
	var server []uint32
	if st.Messages > 0 {
		if server, err = sess.All(ctx); err != nil {
			return false, err
		}
	}
	local, err := y.s.db.UIDs(ctx, f.ID)
	if err != nil {
		return false, err
	}
	gone := minus(local, server)
	if len(gone) > max(brakeCount, len(local)/brakeShare) || len(server) < int(st.Messages) {
		y.l.close(ctx)
		if sess, err = y.l.open(ctx, f); err != nil {
			return false, err
		}
		again, err := sess.All(ctx)
		if err != nil {
			return false, err
		}
		st2, err := sess.Status(ctx, f.Wire)
		if err != nil {
			return false, err
		}
		if !slices.Equal(again, server) || len(again) < int(st2.Messages) {
			y.rep.Held += len(gone)
			return true, nil
		}
	}
	if more := minus(server, local); len(more) > 0 {
		if err := y.fetch(ctx, f, more); err != nil {
			return false, err
		}
	}
	if len(gone) == 0 {
		return false, nil
	}
	if err := y.s.db.Write(ctx, func(tx *sql.Tx) error { return mstore.Remove(tx, f.ID, gone, y.s.now().Unix()) }); err != nil {
		return false, err
	}
	y.rep.Removed += len(gone)
	return false, nil
}
