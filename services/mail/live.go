package mail

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"guichet/services/fault"
	"guichet/services/mail/mstore"
	"guichet/services/task"
)

const (
	pollEvery   = 5 * time.Minute // mailboxes besides the inbox
	pollFast    = time.Minute     // where the server offers no second connection for IDLE
	idleCycle   = 5 * time.Minute
	settle      = 200 * time.Millisecond // what comes in bursts is looked at once
	wakeFromNap = time.Minute            // a jump of the wall clock that means sleep
	answerRetry = 10 * time.Minute
)

// backoff is how long a lost account waits before its next try; the last repeats.
var backoff = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute}

// runner keeps one account up to date: a worker connection that synchronises,
// sends changes and fetches what a person waits for, and a watcher that idles on
// the inbox.
type runner struct {
	s       *Service
	account Account
	group   *task.Group
	wake    chan struct{}

	mu     sync.Mutex
	wanted []int64
}

// Start keeps all accounts up to date from now on (IDLE, polling, outbox).
func (s *Service) Start() {
	s.mu.Lock()
	if s.live {
		s.mu.Unlock()
		return
	}
	s.live = true
	accounts := append([]Account(nil), s.accounts...)
	s.mu.Unlock()
	for _, a := range accounts {
		s.startRunner(a)
	}
	s.group.Go("mail outbox", s.runOutbox)
}

func (s *Service) startRunner(a Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.live || s.runners[a.ID] != nil {
		return
	}
	r := &runner{s: s, account: a, group: s.group.Child(), wake: make(chan struct{}, 1)}
	s.runners[a.ID] = r
	r.group.Go("mail worker", r.run)
}

func (s *Service) stopRunner(account int64) {
	s.mu.Lock()
	r := s.runners[account]
	delete(s.runners, account)
	s.mu.Unlock()
	if r != nil {
		r.group.Close(5 * time.Second)
	}
}

func (r *runner) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// CheckNow makes all accounts look for new mail at once.
func (s *Service) CheckNow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.runners {
		r.nudge()
	}
	s.nudgeOutbox()
}

func (s *Service) wakeFor(ops []mstore.Op) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range ops {
		if r := s.runners[o.Account]; r != nil {
			r.nudge()
		}
	}
}

// want fetches the body of a message that a person opened.
func (s *Service) want(account, id int64) {
	s.mu.Lock()
	r := s.runners[account]
	s.mu.Unlock()
	if r != nil {
		r.mu.Lock()
		r.wanted = append(r.wanted, id)
		r.mu.Unlock()
		r.nudge()
		return
	}
	s.mu.Lock()
	busy := s.fetching[id]
	s.fetching[id] = true
	s.mu.Unlock()
	if busy {
		return
	}
	s.group.Go("mail fetch", func(ctx context.Context) {
		defer func() {
			s.mu.Lock()
			delete(s.fetching, id)
			s.mu.Unlock()
		}()
		a, err := s.account(account)
		if err != nil {
			return
		}
		l := s.link(a)
		defer l.close(ctx)
		s.fetched(ctx, id, s.fetchOne(ctx, l, id))
	})
}

// fetched shows how a fetch of one message ended.
func (s *Service) fetched(ctx context.Context, id int64, err error) {
	if err == nil {
		s.bodiesCame([]int64{id})
		return
	}
	m := get(s.Current)
	if ctx.Err() != nil || m == nil || m.ID != id || m.State == BodyHere {
		return
	}
	c := *m
	c.Fault = fault.From("fetch", "", err)
	set(s.Current, &c)
}

// urgent does what cannot wait for the end of a long synchronisation.
func (r *runner) urgent(ctx context.Context, l *link) error {
	for {
		r.mu.Lock()
		if len(r.wanted) == 0 {
			r.mu.Unlock()
			break
		}
		id := r.wanted[0]
		r.wanted = r.wanted[1:]
		r.mu.Unlock()
		err := r.s.fetchOne(ctx, l, id)
		r.s.fetched(ctx, id, err)
		if err != nil && (l.sess == nil || !l.sess.Alive()) {
			return err
		}
	}
	return r.s.sendOps(ctx, l)
}

// run is the only place that connects again.
func (r *runner) run(ctx context.Context) {
	l := r.s.link(r.account)
	defer l.close(context.WithoutCancel(ctx))
	r.group.Go("mail watcher", r.watch)
	for tries := 0; ctx.Err() == nil; {
		began := r.s.now()
		err := r.work(ctx, l)
		l.close(ctx)
		if ctx.Err() != nil {
			return
		}
		if r.s.now().Sub(began) > 2*time.Minute {
			tries = 0
		}
		f := fault.From("connect", r.account.IMAP.Host, err)
		wait := backoff[min(tries, len(backoff)-1)]
		wait += rand.N(wait / 2)
		state := Waiting
		if f.Kind == fault.Login || f.Kind == fault.Certificate {
			state, wait = NeedsAnswer, answerRetry
		}
		if f.After > wait {
			wait = f.After
		}
		tries++
		slog.Info("mail connection lost", "account", r.account.ID, "err", f, "next", wait)
		next := r.s.now().Add(wait)
		if f.Kind == fault.Login {
			next = time.Time{} // no wrong password is tried again by itself
		}
		r.s.status(r.account.ID, func(st *AccountStatus) { st.State, st.Fault, st.Next = state, f, next })
		if r.pause(ctx, wait, state == NeedsAnswer && f.Kind == fault.Login) {
			tries = 0
		}
	}
}

// pause waits; it reports whether somebody asked to go on at once.
func (r *runner) pause(ctx context.Context, d time.Duration, forever bool) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	expired := t.C
	if forever {
		expired = nil
	}
	select {
	case <-expired:
		return false
	case <-r.wake:
		return true
	case <-ctx.Done():
		return false
	}
}

// work runs until the connection is lost.
func (r *runner) work(ctx context.Context, l *link) error {
	r.s.status(r.account.ID, func(st *AccountStatus) { st.State = Connecting })
	for {
		if err := r.syncOnce(ctx, l); err != nil {
			return err
		}
		r.s.status(r.account.ID, func(st *AccountStatus) { st.State, st.Fault, st.Done, st.Total = Watching, nil, 0, 0 })
		again := r.s.now().Add(pollEvery)
		for {
			next, err := r.s.db.NextOp(ctx, r.account.ID)
			if err != nil {
				return err
			}
			until := again
			if at := time.Unix(next, 0); next != 0 && at.Before(until) {
				until = at
			}
			asked := r.pause(ctx, max(until.Sub(r.s.now()), settle), false)
			if ctx.Err() != nil {
				return fault.From("watch", r.account.IMAP.Host, ctx.Err())
			}
			now := r.s.now()
			if now.Sub(until) > wakeFromNap { // asleep meanwhile: the connection is dead, whatever it says
				l.close(ctx)
			}
			if err := r.urgent(ctx, l); err != nil {
				return err
			}
			if asked || !now.Before(again) {
				break
			}
		}
	}
}

func (r *runner) syncOnce(ctx context.Context, l *link) error {
	release, err := r.s.syncing.lock(ctx, r.account.ID)
	if err != nil {
		return err
	}
	defer release()
	progress := task.NewThrottle(task.Interval, func(p Progress) {
		r.s.status(r.account.ID, func(st *AccountStatus) {
			if st.State == Syncing || st.State == Connecting {
				st.State, st.Phase, st.Done, st.Total = Syncing, p.Phase, p.Done, p.Total
			}
		})
	})
	y := r.s.newSyncer(l, progress.Set)
	y.between = func(ctx context.Context) error { return r.urgent(ctx, l) }
	return y.run(ctx)
}

// watch idles on the inbox with a connection of its own and nudges the worker.
func (r *runner) watch(ctx context.Context) {
	l := r.s.link(r.account)
	defer l.close(context.WithoutCancel(ctx))
	for ctx.Err() == nil {
		err := r.idle(ctx, l)
		l.close(ctx)
		if ctx.Err() != nil {
			return
		}
		// The worker reports what is wrong; without a watcher it is nudged to poll.
		slog.Debug("mail watcher", "account", r.account.ID, "err", err)
		wait := pollFast
		if fault.Is(err, fault.Login) || fault.Is(err, fault.Certificate) {
			wait = answerRetry
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
			if wait == pollFast {
				r.nudge()
			}
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

func (r *runner) idle(ctx context.Context, l *link) error {
	for st := get(r.s.Status).Of(r.account.ID).State; st != Watching; st = get(r.s.Status).Of(r.account.ID).State {
		t := time.NewTimer(time.Second)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return fault.From("watch", "", ctx.Err())
		}
	}
	inbox := r.s.roleFolder(r.account.ID, RoleInbox)
	f, err := r.s.db.FolderByID(ctx, inbox)
	if err != nil {
		return err
	}
	sess, st, err := l.selectNow(ctx, f.Wire)
	if err != nil {
		return err
	}
	if st.UIDNext != f.UIDNext { // came between the worker's look and ours
		r.nudge()
	}
	for {
		before := r.s.now()
		news, err := sess.Idle(ctx, idleCycle, nil)
		if err != nil {
			return err
		}
		if r.s.now().Sub(before) > idleCycle+wakeFromNap {
			return fault.Newf(fault.Timeout, "watch", r.account.IMAP.Host, "the computer slept")
		}
		if alert := sess.Alert(); alert != "" {
			r.s.status(r.account.ID, func(st *AccountStatus) { st.Alert = alert })
		}
		if news {
			t := time.NewTimer(settle)
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
				return fault.From("watch", "", ctx.Err())
			}
			r.nudge()
		}
	}
}
