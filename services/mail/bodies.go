package mail

import (
	"context"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/mail/imap"
	"guichet/services/mail/message"
	"guichet/services/mail/mstore"
)

const (
	bodyBatch  = 200      // messages fetched by one command at most
	bodyBytes  = 8 << 20  // and bytes, by the sizes that the server told
	sliceAbove = 16 << 20 // bigger messages come in slices
	sliceSize  = 4 << 20
	sizeLimit  = 512 << 20 // a message beyond stays on the server
)

// bodies fetches, stores and indexes the bodies that are not here, the newest
// first, one batch being stored while the next is fetched.
func (y *syncer) bodies(ctx context.Context) error {
	account := y.l.account.ID
	total, err := y.s.db.CountMissing(ctx, account)
	if err != nil {
		return err
	}
	y.mark(PhaseBodies, 0)
	y.mark(PhaseIndexed, 0)
	if total == 0 {
		return nil
	}
	folders, err := y.s.db.Folders(ctx, account)
	if err != nil {
		return err
	}
	byID := map[int64]mstore.Folder{}
	for _, f := range folders {
		byID[f.ID] = f
	}
	batches := make(chan []mstore.Body, 1)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(batches)
		below := int64(1) << 62
		for {
			if err := y.between(gctx); err != nil {
				return err
			}
			places, err := y.s.db.Missing(gctx, account, below, 4*bodyBatch)
			if err != nil || len(places) == 0 {
				return err
			}
			below = places[len(places)-1].Msg
			for _, group := range grouped(places) {
				list, err := y.fetchBodies(gctx, byID[group[0].Folder], group)
				if err != nil {
					return err
				}
				y.mark(PhaseBodies, len(list))
				select {
				case batches <- list:
				case <-gctx.Done():
					return fault.From("fetch", "", gctx.Err())
				}
			}
		}
	})
	g.Go(func() error {
		done := 0
		for list := range batches {
			if err := y.s.db.AddBodies(gctx, list); err != nil {
				return err
			}
			done += len(list)
			y.mark(PhaseIndexed, len(list))
			y.report(PhaseBodies, mstore.Folder{}, done, total)
			ids := make([]int64, len(list))
			for i, b := range list {
				ids[i] = b.Msg
			}
			y.s.bodiesCame(ids)
		}
		return nil
	})
	return g.Wait()
}

// grouped cuts places into batches of one mailbox each, bounded in bytes.
func grouped(places []mstore.Place) (groups [][]mstore.Place) {
	open := map[int64]int{} // folder -> group that still takes messages
	bytes := map[int]int64{}
	for _, p := range places {
		i, ok := open[p.Folder]
		if !ok || len(groups[i]) >= bodyBatch || bytes[i]+p.Size > bodyBytes {
			groups = append(groups, nil)
			i = len(groups) - 1
			open[p.Folder] = i
		}
		groups[i] = append(groups[i], p)
		bytes[i] += p.Size
	}
	return groups
}

// fetchBodies fetches one batch and reads the messages. One that does not come is
// counted; after the third time its row says so.
func (y *syncer) fetchBodies(ctx context.Context, f mstore.Folder, group []mstore.Place) ([]mstore.Body, error) {
	byUID := make(map[uint32]mstore.Place, len(group))
	var uids []uint32
	var list []mstore.Body
	take := func(p mstore.Place, raw []byte) {
		b := mstore.Body{Msg: p.Msg, Raw: raw, Parsed: message.Parse(raw)}
		y.s.db.Pack(&b)
		list = append(list, b)
	}
	for _, p := range group {
		switch {
		case p.Size > sizeLimit:
			if err := y.s.db.BodyTried(ctx, p.Msg); err != nil {
				return nil, err
			}
		case p.Size > sliceAbove:
			raw, err := y.sliced(ctx, f, p)
			if err != nil && (ctx.Err() != nil || !oneBroken(err)) {
				return nil, err
			}
			if err == nil {
				take(p, raw)
			} else if err := y.s.db.BodyTried(ctx, p.Msg); err != nil {
				return nil, err
			}
		default:
			byUID[p.UID] = p
			uids = append(uids, p.UID)
		}
	}
	if len(uids) == 0 {
		return list, nil
	}
	ask := func(uids []uint32) error {
		sess, err := y.l.open(ctx, f)
		if err != nil {
			return err
		}
		var items []imap.Item
		err = sess.Bodies(ctx, imap.SetOf(uids), func(it imap.Item) error {
			items = append(items, it)
			return nil
		})
		for _, it := range items {
			if p, ok := byUID[it.UID]; ok {
				take(p, it.Body)
				delete(byUID, it.UID)
			}
		}
		return err
	}
	if err := ask(uids); err != nil && (ctx.Err() != nil || !oneBroken(err)) {
		return nil, err
	}
	for uid, p := range byUID {
		if err := ask([]uint32{uid}); err != nil && (ctx.Err() != nil || !oneBroken(err)) {
			return nil, err
		}
		if _, missing := byUID[uid]; missing {
			if err := y.s.db.BodyTried(ctx, p.Msg); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

func (y *syncer) sliced(ctx context.Context, f mstore.Folder, p mstore.Place) ([]byte, error) {
	raw := make([]byte, 0, min(p.Size, 64<<20))
	for {
		sess, err := y.l.open(ctx, f)
		if err != nil {
			return nil, err
		}
		b, err := sess.BodySlice(ctx, p.UID, int64(len(raw)), sliceSize)
		if err != nil {
			return nil, err
		}
		raw = append(raw, b...)
		if int64(len(b)) < sliceSize || len(raw) > sizeLimit {
			return raw, nil
		}
	}
}

// fetchOne fetches the body of one message that a person waits for.
func (s *Service) fetchOne(ctx context.Context, l *link, id int64) error {
	places, err := s.db.PlacesOf(ctx, id)
	if err != nil {
		return err
	}
	if len(places) == 0 {
		return fault.Newf(fault.NotFound, "fetch", l.account.IMAP.Host, "the message is in no mailbox any more")
	}
	f, err := s.db.FolderByID(ctx, places[0].Folder)
	if err != nil {
		return err
	}
	y := s.newSyncer(l, nil)
	list, err := y.fetchBodies(ctx, f, places[:1])
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fault.Newf(fault.NotFound, "fetch", l.account.IMAP.Host, "the server does not hand the message over")
	}
	return s.db.AddBodies(ctx, list)
}
