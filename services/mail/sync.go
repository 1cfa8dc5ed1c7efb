package mail

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"

	"guichet/services/fault"
	"guichet/services/mail/imap"
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

func (y *syncer) report(p Phase, f mstore.Folder, done, total int) {
	path := ""
	if f.ID != 0 {
		path = pathOf(f)
	}
	y.progress(Progress{Phase: p, Folder: path, Done: done, Total: total})
}
