package watch

import (
	"context"
	"time"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/compare"
	"guichet/services/task"
)

// keeper works for one rule.
type keeper struct {
	s   *Service
	now chan struct{} // compare everything at once

	// Under the service's lock:
	status  Status
	allowed bool // the next deletes have their yes
	group   *task.Group
}

func newKeeper(s *Service, r Rule) *keeper {
	k := &keeper{s: s, now: make(chan struct{}, 1), status: Status{Rule: r, State: Checking}}
	if r.Paused {
		k.status.State = Paused
	}
	return k
}

// start and stop are called with the service's lock held.
func (k *keeper) start() {
	if k.group != nil || k.status.Paused {
		return
	}
	k.group = k.s.p.Tasks.Child()
	rule, group := k.status.Rule, k.group
	group.Go("watch folder", func(ctx context.Context) { k.run(ctx, group, rule) })
}

func (k *keeper) stop() {
	if k.group != nil {
		k.group.Cancel()
		k.group = nil
	}
}

// set publishes a state, unless the rule was paused or removed meanwhile.
func (k *keeper) set(ctx context.Context, change func(s *Status)) {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	if ctx.Err() == nil {
		change(&k.status)
		k.s.changed()
	}
}

// maxRetry is the longest pause after a failure, in first pauses.
const maxRetry = 60

// run compares everything, and then what changes.
func (k *keeper) run(ctx context.Context, group *task.Group, r Rule) {
	matcher, err := r.Filter.Compile()
	if err != nil { // an older program's file: Add has refused it
		k.set(ctx, func(s *Status) { s.State, s.Fault = Trouble, fault.From("watch", "", err) })
		return
	}
	t := newTracker(r.Folder, k.s.p.Times)
	group.Go("watch folder events", t.run)
	skip := func(rel files.Path, e files.Entry) bool { return matcher.Skip(rel, e) || t.moving(rel) }
	var only []files.Path // nil: everything
	wait := time.Duration(0)
	for ctx.Err() == nil {
		polling := t.polling()
		err := k.once(ctx, r, only, skip)
		if ctx.Err() != nil {
			return
		}
		var timer <-chan time.Time
		if err != nil {
			wait = min(max(2*wait, k.s.p.Times.Retry), maxRetry*k.s.p.Times.Retry)
			k.failed(ctx, err, wait)
			timer = time.After(wait)
		} else {
			wait = 0
		}
		k.set(ctx, func(s *Status) { s.Polling = polling })
		changes := t.changes
		if err != nil {
			changes = nil // they are found when everything is compared again
		}
		select {
		case <-ctx.Done():
		case <-k.now:
			only = nil
		case <-timer:
			only = nil
		case <-changes:
			only = t.take()
		}
	}
}

// failed says why a rule waits.
func (k *keeper) failed(ctx context.Context, err error, wait time.Duration) {
	f := fault.From("watch", "", err)
	k.set(ctx, func(s *Status) {
		s.State, s.Fault, s.NextTry, s.Pending = Trouble, f, time.Now().Add(wait), 0
		if f.Kind.Transient() {
			s.State = Offline
		}
	})
}

// once brings the target up to date, in some folders or in all.
func (k *keeper) once(ctx context.Context, r Rule, only []files.Path, skip func(files.Path, files.Entry) bool) error {
	k.set(ctx, func(s *Status) { s.State, s.Fault, s.NextTry, s.Pending = Checking, nil, time.Time{}, 0 })
	pair := r.Pair()
	last, err := k.s.p.Sync.Last(ctx, pair)
	if err != nil {
		return err
	}
	scan, err := k.s.p.Sync.Compare(ctx, pair, compare.WalkOptions{Filter: skip, Only: only})
	if err != nil {
		return err
	}
	if scan.Missing[compare.Left] {
		return fault.Newf(fault.NotFound, "watch", "", "%s is not there", r.Folder)
	}
	o := compare.PlanOptions{Direction: compare.RightLikeLeft, OnlyNewer: true, Last: last}
	if r.Delete {
		o.Deletes = compare.DeleteProven
	}
	plan := scan.Plan(o)
	held := 0
	if plan.ManyDeletes() {
		k.s.mu.Lock()
		allowed := k.allowed
		k.allowed = false
		k.s.mu.Unlock()
		if !allowed {
			held = plan.Totals().Deletes[compare.Right]
			o.Deletes = compare.DeleteNothing
			plan = scan.Plan(o)
		}
	}
	id, err := k.s.p.Sync.Queue(ctx, pair, plan, true)
	if err != nil {
		return err
	}
	if id != 0 {
		t := plan.Totals()
		k.set(ctx, func(s *Status) { s.State, s.Pending = Sending, t.Copies[compare.Right]+t.Deletes[compare.Right] })
		if err := k.wait(ctx, id); err != nil {
			return err
		}
	}
	k.set(ctx, func(s *Status) {
		s.State, s.Checked, s.Pending, s.Deletes = UpToDate, time.Now(), 0, held
		if held > 0 {
			s.State = NeedsYes
		}
	})
	return nil
}

// wait returns when the job has ended; its failure is the rule's.
func (k *keeper) wait(ctx context.Context, id int64) error {
	for {
		j, err := k.s.p.Jobs.Wait(ctx, id)
		switch {
		case fault.Is(err, fault.NotFound):
			return nil // taken off the list: it had ended
		case err != nil:
			return err
		case j.State == activity.Failed && j.Fault != nil:
			return j.Fault
		case j.State == activity.Cancelled:
			return fault.Newf(fault.Permission, "watch", "", "the transfer was cancelled")
		case j.State.Ended():
			return nil
		}
		select { // paused by a person, for as long as that
		case <-time.After(time.Second):
		case <-ctx.Done():
			return fault.From("watch", "", ctx.Err())
		}
	}
}
