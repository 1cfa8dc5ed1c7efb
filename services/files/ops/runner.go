package ops

import (
	"context"
	"errors"
	"sync"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/transfer"
)

// Item is one thing that a job is about: its name, as raw bytes, in the folder
// Job.From. Type and ID are what it was when the job was made: should the name
// mean something else by the time of a restart, it is left alone.
type Item struct {
	Name []byte     `json:"name"`
	Type files.Type `json:"type"`
	ID   string     `json:"id,omitempty"`
}

// Job is the specification of an operation: activity.Spec.Data.
type Job struct {
	Action Action          `json:"action"`
	From   transfer.Place  `json:"from"` // the folder that the items are in
	Items  []Item          `json:"items"`
	To     *transfer.Place `json:"to,omitempty"` // of Copy and Move: the folder
	Change Change          `json:"change,omitzero"`
	// Exists is the answer for taken names, "" to ask.
	Exists transfer.Answer `json:"exists,omitempty"`
}

// Items names entries for a Job.
func Items(entries []files.Entry) []Item {
	out := make([]Item, len(entries))
	for i, e := range entries {
		out[i] = Item{[]byte(e.Name), e.Type, e.ID}
	}
	return out
}

// Add makes a job.
func Add(ctx context.Context, a transfer.Adder, j Job) (int64, error) {
	title := ""
	if len(j.Items) > 0 {
		title = files.Display(string(j.Items[0].Name))
	}
	s := activity.Spec{Kind: Kind, Title: title, From: address(j.From), Size: -1, Items: len(j.Items), Data: j}
	if j.To != nil {
		s.To = address(*j.To)
	}
	return a.Add(ctx, s)
}

func address(p transfer.Place) string {
	if p.Site.Protocol == files.ProtocolLocal {
		return local.Join(p.Root, p.At())
	}
	return p.Site.URL(p.At())
}

// Runner carries out operations: activity.Center.Register(ops.Kind, r).
type Runner struct{ Dialer transfer.Dialer }

// progress is the checkpoint: the items that are done with, and what came of
// them. A try after a failure is about the items that failed only.
type progress struct {
	Left   []int  `json:"left,omitempty"`   // indexes into Job.Items; nil: all
	Next   int    `json:"next"`             // those of Left before this one are done with
	Bad    []int  `json:"bad,omitempty"`    // indexes of those that failed
	Copied bool   `json:"copied,omitempty"` // of a Move between places: Next is whole at its target
	Result Result `json:"result"`
}

// open opens the place of a job.
func (r *Runner) open(ctx context.Context, p transfer.Place) (files.FS, error) {
	if p.Site.Protocol == files.ProtocolLocal {
		f, err := local.New(p.Root, local.Options{})
		if err != nil {
			return nil, err // not f: a typed nil
		}
		return f, nil
	}
	return r.Dialer.Dial(ctx, p.Site)
}

// Run implements activity.Runner.
func (r *Runner) Run(ctx context.Context, h activity.Handle) error {
	var j Job
	if err := h.Spec(&j); err != nil {
		return err
	}
	var at progress
	if _, err := h.Checkpoint(&at); err != nil {
		return err
	}
	f, err := r.open(ctx, j.From)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // the work is done or has failed
	run := &running{r: r, h: h, j: j, f: f, at: at}
	run.begin()
	if j.Action == Copy || j.Action == Move {
		err = run.carry(ctx)
	} else {
		err = run.change(ctx)
	}
	return errors.Join(fault.OrNil(string(j.Action), err), h.Result(run.at.Result))
}

// Discard implements activity.Runner. What was done stays done; what transfers
// leave under temporary names they remove themselves.
func (r *Runner) Discard(context.Context, activity.Job) error { return nil }

// running is one run of a job.
type running struct {
	r  *Runner
	h  activity.Handle
	j  Job
	f  files.FS
	at progress

	mu      sync.Mutex
	answer  transfer.Answer // for all
	skipped bool            // a person passed over a file of the present item
}

// begin takes up the checkpoint.
func (r *running) begin() {
	if r.at.Left == nil {
		r.at.Left = make([]int, len(r.j.Items))
		for i := range r.at.Left {
			r.at.Left[i] = i
		}
	}
	if r.at.Next >= len(r.at.Left) && len(r.at.Bad) > 0 {
		r.at = progress{Left: r.at.Bad, Result: r.at.Result}
		r.at.Result.Failed, r.at.Result.Failures = 0, nil
	}
}

// lookUp finds items as they are now: by one listing of their folder where they
// are many. What is not there has no entry in found.
func (r *running) lookUp(ctx context.Context, which []int) (found map[int]files.Entry, failed map[int]error, err error) {
	found, failed = map[int]files.Entry{}, map[int]error{}
	if len(which) > fewItems {
		byName := map[string]int{}
		for _, i := range which {
			byName[string(r.j.Items[i].Name)] = i
		}
		report, lerr := r.f.List(ctx, r.j.From.At(), func(entries []files.Entry) error {
			for _, e := range entries {
				if i, ok := byName[e.Name]; ok {
					found[i] = e
				}
			}
			return nil
		})
		if lerr != nil {
			return nil, nil, lerr
		}
		if report.Unread == 0 {
			return found, failed, nil
		}
		clear(found) // a name may be among what was not understood
	}
	for _, i := range which {
		e, serr := r.f.Stat(ctx, r.path(i))
		switch {
		case serr == nil:
			found[i] = e
		case fault.Is(serr, fault.NotFound):
		case ctx.Err() != nil || ends(serr):
			return nil, nil, serr
		default:
			failed[i] = serr
		}
	}
	return found, failed, nil
}

// fewItems is up to how many items are asked for one by one.
const fewItems = 4

func (r *running) path(i int) files.Path { return r.j.From.At().Join(string(r.j.Items[i].Name)) }

// check makes sure that a thing is still the one that the job is about.
func (r *running) check(i Item, e files.Entry) (files.Entry, error) {
	if err := files.CheckName(string(i.Name)); err != nil {
		return e, fault.New(fault.Permission, string(r.j.Action), "", err)
	}
	if e.Type == files.Dir && i.Type == files.LinkDir {
		// Some servers' Stat looks through links: the listing knew better.
		e.Type = files.LinkDir
	}
	folder := e.Type == files.Dir
	if folder != (i.Type == files.Dir) || folder && i.ID != "" && e.ID != "" && e.ID != i.ID && trustsIDs(r.f) {
		return e, fault.Newf(fault.Exists, string(r.j.Action), "", "%s is another one by now", e.Display)
	}
	return e, nil
}

// batch is how many items are worked on between two checkpoints.
const batch = 200

// change runs Delete and Permissions.
func (r *running) change(ctx context.Context) error {
	var first error
	for r.at.Next < len(r.at.Left) {
		which := r.at.Left[r.at.Next:min(r.at.Next+batch, len(r.at.Left))]
		one, bad, err := r.changeSome(ctx, which)
		r.at.Result = plus(r.at.Result, one)
		if err != nil && (ctx.Err() != nil || ends(err)) {
			return errors.Join(err, r.h.Save(r.at)) // these items once more
		}
		if first == nil {
			first = err
		}
		r.at.Bad = append(r.at.Bad, bad...)
		r.at.Next += len(which)
		if err := r.h.Save(r.at); err != nil {
			return err
		}
	}
	return first
}

func (r *running) changeSome(ctx context.Context, which []int) (sum Result, bad []int, err error) {
	found, failed, err := r.lookUp(ctx, which)
	if err != nil {
		return sum, nil, err
	}
	var targets []Target
	var index []int // of targets
	for _, i := range which {
		e, there := found[i]
		item := r.j.Items[i]
		ierr := failed[i]
		if ierr == nil && there {
			e, ierr = r.check(item, e)
		}
		if ierr == nil && !there && r.j.Action != Delete {
			ierr = fault.Newf(fault.NotFound, string(r.j.Action), "", "%s", files.Display(string(item.Name)))
		}
		switch {
		case ierr != nil:
			err = errors.Join(err, ierr)
			sum, bad = plus(sum, failure(item, ierr)), append(bad, i)
		case there:
			targets, index = append(targets, Target{r.path(i), e}), append(index, i)
		}
	}
	before := r.at.Result.Files + r.at.Result.Folders
	rest := len(r.at.Left) - r.at.Next - len(which)
	o := Options{Progress: func(done, found int) { r.h.Items(before+done, before+found+rest) }}
	o.failed = func(t int) { bad = append(bad, index[t]) }
	var one Result
	var werr error
	switch r.j.Action {
	case Delete:
		one, werr = Remove(ctx, r.f, targets, o)
	case Permissions:
		one, werr = SetPermissions(ctx, r.f, targets, r.j.Change, o)
	default:
		werr = fault.Newf(fault.Unsupported, "run job", "", "action %q", r.j.Action)
	}
	if werr != nil && (err == nil || ends(werr)) {
		err = werr
	}
	return plus(sum, one), bad, err
}

func failure(i Item, err error) Result {
	f := fault.From("", "", err)
	return Result{Failed: 1, Failures: []Failure{{files.Display(string(i.Name)), f.Kind, f.Said}}}
}

// ends reports whether a fault will meet all further items too.
func ends(err error) bool {
	switch fault.KindOf(err) {
	case fault.Offline, fault.NameNotFound, fault.Refused, fault.Timeout, fault.Busy, fault.Certificate, fault.Login:
		return true
	}
	return false
}

func plus(a, b Result) Result {
	a.Files += b.Files
	a.Folders += b.Folders
	a.Bytes += b.Bytes
	a.Unchanged += b.Unchanged
	a.Failed += b.Failed
	for _, f := range b.Failures {
		if len(a.Failures) < maxFailures {
			a.Failures = append(a.Failures[:len(a.Failures):len(a.Failures)], f)
		}
	}
	return a
}
