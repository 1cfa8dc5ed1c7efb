package mail

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/mail/imap"
	"guichet/services/mail/message"
	"guichet/services/mail/mstore"
)

// newMail fetches the headers that are not here: of a complete mailbox what came
// after UIDNEXT, else everything that differs, newest first.
func (y *syncer) newMail(ctx context.Context, f mstore.Folder, st imap.Status) error {
	if f.Complete && f.UIDNext != 0 && st.UIDNext != 0 {
		if st.UIDNext <= f.UIDNext {
			return nil
		}
		if st.UIDNext-f.UIDNext <= headerBatch {
			return y.fetchNew(ctx, f, imap.From(f.UIDNext))
		}
	}
	if st.Messages == 0 {
		return nil
	}
	sess, err := y.l.open(ctx, f)
	if err != nil {
		return err
	}
	server, err := sess.All(ctx)
	if err != nil {
		return err
	}
	local, err := y.s.db.UIDs(ctx, f.ID)
	if err != nil {
		return err
	}
	return y.fetch(ctx, f, minus(server, local))
}

// minus gives the members of a (rising) that are not in b (rising).
func minus(a, b []uint32) []uint32 {
	var out []uint32
	j := 0
	for _, x := range a {
		for j < len(b) && b[j] < x {
			j++
		}
		if j == len(b) || b[j] != x {
			out = append(out, x)
		}
	}
	return out
}

// fetchNew fetches a few headers whose numbers are not known.
func (y *syncer) fetchNew(ctx context.Context, f mstore.Folder, set imap.Set) error {
	sess, err := y.l.open(ctx, f)
	if err != nil {
		return err
	}
	var items []imap.Item
	err = sess.Headers(ctx, set, func(it imap.Item) error {
		if it.UID >= f.UIDNext && it.Header != nil { // "n:*" gives the last message even when there is nothing new
			items = append(items, it)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return y.store(ctx, f, items)
}

// fetch fetches headers in batches, the newest first, while the batch before is
// being stored.
func (y *syncer) fetch(ctx context.Context, f mstore.Folder, uids []uint32) error {
	total := len(uids)
	slices.Reverse(uids)
	batches := make(chan []imap.Item, 1)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(batches)
		size := firstBatch
		for len(uids) > 0 {
			if err := y.between(gctx); err != nil {
				return err
			}
			n := min(size, len(uids))
			items, err := y.batch(gctx, f, uids[:n])
			if err != nil {
				return err
			}
			uids = uids[n:]
			select {
			case batches <- items:
			case <-gctx.Done():
				return fault.From("fetch", "", gctx.Err())
			}
			size = headerBatch
		}
		return nil
	})
	g.Go(func() error {
		done := 0
		for items := range batches {
			if err := y.store(gctx, f, items); err != nil {
				return err
			}
			done += len(items)
			y.report(PhaseHeaders, f, done, total)
			if !y.reached(PhaseFirstRows) && f.Role == string(RoleInbox) {
				y.mark(PhaseFirstRows, len(items))
			}
		}
		return nil
	})
	return g.Wait()
}

// batch fetches headers and accounts for every message that was asked for: one
// that does not come is asked for alone, twice, and then shown as unreadable.
func (y *syncer) batch(ctx context.Context, f mstore.Folder, uids []uint32) ([]imap.Item, error) {
	got := make(map[uint32]imap.Item, len(uids))
	asked := slices.Clone(uids)
	ask := func(list []uint32) error {
		sess, err := y.l.open(ctx, f)
		if err != nil {
			return err
		}
		return sess.Headers(ctx, imap.SetOf(slices.Clone(list)), func(it imap.Item) error {
			if it.Header != nil {
				got[it.UID] = it
			}
			return nil
		})
	}
	err := ask(asked)
	if err != nil && (ctx.Err() != nil || !oneBroken(err)) {
		return nil, err
	}
	var missing []uint32
	for _, uid := range asked {
		if _, ok := got[uid]; !ok {
			missing = append(missing, uid)
		}
	}
	if len(missing) > 0 {
		still, err := y.stillThere(ctx, f, missing)
		if err != nil {
			return nil, err
		}
		missing = still
	}
	for _, uid := range missing {
		for try := 0; try < 2; try++ {
			if err := ask([]uint32{uid}); err != nil && (ctx.Err() != nil || !oneBroken(err)) {
				return nil, err
			}
			if _, ok := got[uid]; ok {
				break
			}
		}
		if _, ok := got[uid]; !ok {
			got[uid] = imap.Item{UID: uid}
			y.rep.Unreadable++
		}
	}
	items := make([]imap.Item, 0, len(got))
	for _, uid := range asked {
		if it, ok := got[uid]; ok {
			items = append(items, it)
		}
	}
	return items, nil
}

// oneBroken says that a failure may come from one message: the rest can be had
// one by one, on a new connection if need be.
func oneBroken(err error) bool {
	switch fault.KindOf(err) {
	case fault.Protocol, fault.Permission, fault.Unsupported, fault.NotFound:
		return true
	}
	return false
}

func (y *syncer) stillThere(ctx context.Context, f mstore.Folder, uids []uint32) ([]uint32, error) {
	sess, err := y.l.open(ctx, f)
	if err != nil {
		return nil, err
	}
	all, err := sess.All(ctx)
	if err != nil {
		return nil, err
	}
	slices.Sort(uids)
	return minus(uids, minus(uids, all)), nil
}

// store writes one batch in one transaction.
func (y *syncer) store(ctx context.Context, f mstore.Folder, items []imap.Item) error {
	if len(items) == 0 {
		return nil
	}
	// Of the same second the later one gets the higher number.
	slices.SortFunc(items, func(a, b imap.Item) int { return int(int64(a.UID) - int64(b.UID)) })
	list := make([]mstore.Header, len(items))
	for i, it := range items {
		h := mstore.Header{UID: it.UID, ModSeq: it.ModSeq, Date: it.InternalDate, Size: it.Size, Raw: it.Header, Unreadable: it.Header == nil}
		h.Flags, h.Keywords = mstore.FlagBits(it.Flags)
		h.Parsed = message.ParseHeader(it.Header)
		list[i] = h
	}
	now := y.s.now()
	err := y.s.db.Write(ctx, func(tx *sql.Tx) (err error) {
		in, err := mstore.NewInserter(tx, f, now)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, in.Close()) }()
		for _, h := range list {
			if _, err := in.Add(h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	y.rep.New += len(list)
	y.mark(PhaseHeaders, len(list))
	y.s.refreshSoon(nil)
	return nil
}
