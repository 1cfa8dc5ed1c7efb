package mail

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/mail/imap"
	"guichet/services/mail/message"
	"guichet/services/mail/mstore"
)

const (
	firstBatch  = 200 // the rows of the first screen
	headerBatch = 500
	sweepEvery  = 10 * time.Minute // all flags, on servers without CONDSTORE
	flagWindow  = 500              // newest messages whose flags are looked at in between
	tombLife    = 7 * 24 * time.Hour
	brakeCount  = 50 // more deletions at once than this and
	brakeShare  = 5  // than a fifth of the mailbox are checked again first
)

// syncer is one run over an account.
type syncer struct {
	s        *Service
	l        *link
	rep      *SyncReport
	began    time.Time
	full     bool // sweep all flags where the server cannot tell what changed
	progress func(Progress)
	mu       sync.Mutex // of the two below
	counted  map[Phase]int
	seconds  map[Phase]float64
	between  func(context.Context) error // runs between batches: what a person waits for
}

func (y *syncer) mark(p Phase, count int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.counted[p] += count
	y.seconds[p] = y.s.now().Sub(y.began).Seconds()
}

func (y *syncer) reached(p Phase) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	_, ok := y.seconds[p]
	return ok
}

// Sync brings one account (0: all) up to date and ends.
func (s *Service) Sync(ctx context.Context, account int64, progress func(Progress)) (SyncReport, error) {
	list, err := s.accountsFor(account)
	if err != nil {
		return SyncReport{}, err
	}
	total := SyncReport{Failed: map[string]string{}}
	for i, a := range list {
		rep, err := s.syncOne(ctx, a, progress)
		if i == 0 {
			total = rep
		} else {
			total.merge(rep)
		}
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (r *SyncReport) merge(o SyncReport) {
	r.Account += ", " + o.Account
	for i := range o.Phases {
		if i < len(r.Phases) {
			r.Phases[i].Seconds += o.Phases[i].Seconds
			r.Phases[i].Count += o.Phases[i].Count
		}
	}
	r.New += o.New
	r.Changed += o.Changed
	r.Removed += o.Removed
	r.Held += o.Held
	r.Unreadable += o.Unreadable
	for k, v := range o.Failed {
		if r.Failed == nil {
			r.Failed = map[string]string{}
		}
		r.Failed[o.Account+": "+k] = v
	}
}

func (s *Service) syncOne(ctx context.Context, a Account, progress func(Progress)) (SyncReport, error) {
	release, err := s.syncing.lock(ctx, a.ID)
	if err != nil {
		return SyncReport{}, err
	}
	defer release()
	l := s.link(a)
	defer l.close(ctx)
	y := s.newSyncer(l, progress)
	y.full = true
	err = y.run(ctx)
	y.finish()
	return *y.rep, err
}

func (s *Service) newSyncer(l *link, progress func(Progress)) *syncer {
	if progress == nil {
		progress = func(Progress) {}
	}
	return &syncer{
		s: s, l: l, rep: &SyncReport{Account: l.account.Email}, began: s.now(), progress: progress,
		counted: map[Phase]int{}, seconds: map[Phase]float64{}, between: func(context.Context) error { return nil },
	}
}

func (y *syncer) finish() {
	for _, p := range []Phase{PhaseConnected, PhaseFirstRows, PhaseHeaders, PhaseBodies, PhaseIndexed} {
		y.rep.Phases = append(y.rep.Phases, PhaseReport{Name: p, Seconds: y.seconds[p], Count: y.counted[p]})
	}
}

// run does everything: changes of ours first, so that the server's answer does
// not show them undone; then mailboxes, headers, flags, deletions, bodies.
func (y *syncer) run(ctx context.Context) error {
	if err := y.headers(ctx); err != nil {
		return err
	}
	if err := y.bodies(ctx); err != nil {
		return err
	}
	y.s.refreshSoon(nil)
	if err := y.s.publishFolders(ctx); err != nil {
		return err
	}
	if err := y.s.db.PurgeTombs(ctx, y.s.now().Add(-tombLife).Unix()); err != nil {
		return err
	}
	at := y.s.now()
	y.s.status(y.l.account.ID, func(st *AccountStatus) { st.Checked = at })
	return nil
}

func (y *syncer) headers(ctx context.Context) error {
	sess, err := y.l.session(ctx)
	if err != nil {
		return err
	}
	if err := y.s.sendOps(ctx, y.l); err != nil {
		return err
	}
	if y.full {
		y.s.drainOutbox(ctx, y.l.account.ID)
	}
	list, err := sess.List(ctx)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fault.Newf(fault.Protocol, "list", y.l.account.IMAP.Host, "the server lists no mailbox")
	}
	folders, err := y.s.db.SetFolders(ctx, y.l.account.ID, assignRoles(list), y.s.now().Unix())
	if err != nil {
		return err
	}
	y.mark(PhaseConnected, len(folders))
	y.s.refreshSoon(nil)
	status := map[string]*imap.Status{}
	for _, m := range list {
		status[m.Wire] = m.Status
	}
	slices.SortStableFunc(folders, func(a, b mstore.Folder) int { return syncOrder(a.Role) - syncOrder(b.Role) })
	for _, f := range folders {
		if !f.Selectable {
			continue
		}
		if err := y.between(ctx); err != nil {
			return err
		}
		err := y.folder(ctx, f, status[f.Wire])
		y.s.folderFault(f.ID, err)
		if err != nil {
			if ctx.Err() != nil || !folderOnly(err) {
				return err
			}
			if y.rep.Failed == nil {
				y.rep.Failed = map[string]string{}
			}
			y.rep.Failed[pathOf(f)] = fault.Redact(err.Error())
		}
	}
	if !y.reached(PhaseFirstRows) {
		y.mark(PhaseFirstRows, 0)
	}
	y.mark(PhaseHeaders, 0)
	return nil
}

// folderOnly says that a failure concerns one mailbox, and the others can be had.
func folderOnly(err error) bool {
	switch fault.KindOf(err) {
	case fault.Permission, fault.NotFound, fault.Unsupported, fault.Protocol, fault.TooBig:
		return true
	}
	return false
}

// folder brings one mailbox up to date, bodies apart.
func (y *syncer) folder(ctx context.Context, f mstore.Folder, known *imap.Status) error {
	sess, err := y.l.session(ctx)
	if err != nil {
		return err
	}
	if known == nil {
		st, err := sess.Status(ctx, f.Wire)
		if err != nil {
			return err
		}
		known = &st
	}
	now := y.s.now()
	sweep := !sess.Has("CONDSTORE") && !sess.Has("QRESYNC") && (y.full || now.Sub(time.Unix(f.SweptAt, 0)) > sweepEvery)
	if f.Complete && !sweep && known.UIDValidity == f.UIDValidity && f.UIDValidity != 0 && known.UIDNext == f.UIDNext &&
		known.Messages == f.Messages && known.Unseen == f.Unseen && known.HighestModSeq == f.ModSeq {
		return nil
	}
	_, st, err := y.l.selectNow(ctx, f.Wire)
	if err != nil {
		return err
	}
	if f.UIDValidity != 0 && st.UIDValidity != f.UIDValidity || st.UIDValidity == 0 {
		if err := y.s.db.ResetFolder(ctx, f.ID, now.Unix()); err != nil {
			return err
		}
		f.UIDNext, f.ModSeq, f.Complete, f.SweptAt = 0, 0, false, 0
	}
	f.UIDValidity = st.UIDValidity
	// Kept now, so that a first synchronisation that is broken off goes on.
	if err := y.s.db.Write(ctx, func(tx *sql.Tx) error {
		partial := f
		partial.Messages, partial.Unseen = 0, 0 // does not match: looked at again
		return mstore.FolderDone(tx, partial)
	}); err != nil {
		return err
	}
	wasComplete := f.Complete
	if err := y.newMail(ctx, f, st); err != nil {
		return err
	}
	if wasComplete {
		if err := y.flags(ctx, f, st, sweep); err != nil {
			return err
		}
	}
	held, err := y.deletions(ctx, f, st)
	if err != nil {
		return err
	}
	f.UIDNext, f.ModSeq, f.Messages, f.Unseen, f.Complete = st.UIDNext, st.HighestModSeq, known.Messages, known.Unseen, true
	if st.Messages != known.Messages || held {
		f.Messages = 0
	}
	if sweep || !wasComplete {
		f.SweptAt = now.Unix()
	}
	err = y.s.db.Write(ctx, func(tx *sql.Tx) error {
		return errors.Join(mstore.DropPlaceholders(tx, f.ID), mstore.FolderDone(tx, f))
	})
	y.s.refreshSoon(nil)
	return err
}

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

func (y *syncer) report(p Phase, f mstore.Folder, done, total int) {
	path := ""
	if f.ID != 0 {
		path = pathOf(f)
	}
	y.progress(Progress{Phase: p, Folder: path, Done: done, Total: total})
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
