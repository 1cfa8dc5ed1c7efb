// Package watch keeps folders of a server up to date with folders of this
// computer while the program runs: what changes here is sent there. Nothing is
// ever written here, so that no two rules can go in circles, and nothing is
// deleted there but what this program is known to have sent.
package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/compare"
	"guichet/services/files/filter"
	"guichet/services/files/transfer"
	"guichet/services/profile"
	"guichet/services/publish"
	"guichet/services/task"
)

// Rule is a folder that is kept up to date.
type Rule struct {
	ID     string         `json:"id"`
	Folder string         `json:"folder"` // of this computer, a path of the system
	Target transfer.Place `json:"target"`
	// Delete deletes there what was deleted here.
	Delete bool          `json:"delete,omitempty"`
	Filter filter.Filter `json:"filter,omitzero"`
	Paused bool          `json:"paused,omitempty"`
}

// Pair is what the rule compares.
func (r Rule) Pair() compare.Pair {
	return compare.Pair{Left: transfer.NewPlace(files.Site{Protocol: files.ProtocolLocal}, r.Folder, nil), Right: r.Target}
}

// State is how a rule stands.
type State string

// The states of a rule.
const (
	Checking State = "checking"
	UpToDate State = "up_to_date"
	Sending  State = "sending"
	Offline  State = "offline" // tries again at Status.NextTry
	Trouble  State = "trouble" // Status.Fault says why; tries again too, later
	NeedsYes State = "needs_yes"
	Paused   State = "paused"
)

// Status is a rule and how it stands.
type Status struct {
	Rule
	State   State
	Checked time.Time // when both sides were found alike last; zero: not yet
	Pending int       // files on their way, for Sending
	Deletes int       // deletes that wait for a yes, for NeedsYes
	Fault   *fault.Fault
	NextTry time.Time
	// Polling says that the system cannot watch so many folders: they are looked
	// through every minute instead.
	Polling bool
}

// Snapshot is all rules, in the order they were made. It is immutable.
type Snapshot struct {
	Version uint64
	Rules   []Status
}

// Syncer compares and queues; *compare.Service is one.
type Syncer interface {
	Last(ctx context.Context, p compare.Pair) (compare.Last, error)
	Compare(ctx context.Context, p compare.Pair, o compare.WalkOptions) (*compare.Scan, error)
	Queue(ctx context.Context, p compare.Pair, plan *compare.Plan, many bool) (int64, error)
}

// Waiter waits for jobs; *activity.Center is one.
type Waiter interface {
	Wait(ctx context.Context, id int64) (activity.Job, error)
}

// Params are what a Service is made of.
type Params struct {
	Path  string // the rules' JSON file
	Sync  Syncer
	Jobs  Waiter
	Tasks *task.Group
	Times Times // zero: the usual ones
}

// Times are the pauses of a watch.
type Times struct {
	Still time.Duration // a file must not change for so long; 0: 2 s
	Poll  time.Duration // between two looks where the system cannot watch; 0: 1 min
	Retry time.Duration // the first pause after a failure, doubled up to 60 times; 0: 5 s
}

// Service keeps the rules. Its methods are safe for concurrent use.
type Service struct {
	p     Params
	Rules binding.Item[*Snapshot]

	mu      sync.Mutex
	version uint64
	list    []*keeper
	started bool
	dirty   chan struct{}
}

// document is the file's content.
type document struct {
	Version int    `json:"version"`
	Rules   []Rule `json:"rules"`
}

// Open reads the rules. Nothing runs before Start. Faults: Damaged when the file
// cannot be read (it is moved aside, a second Open succeeds), Permission.
func Open(p Params) (*Service, error) {
	if p.Times.Still == 0 {
		p.Times.Still = 2 * time.Second
	}
	if p.Times.Poll == 0 {
		p.Times.Poll = time.Minute
	}
	if p.Times.Retry == 0 {
		p.Times.Retry = 5 * time.Second
	}
	s := &Service{p: p, dirty: make(chan struct{}, 1)}
	content, err := os.ReadFile(p.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fault.From("open rules", "", err)
	default:
		var d document
		if err = json.Unmarshal(content, &d); err == nil && d.Version != 1 {
			err = fmt.Errorf("version %d", d.Version)
		}
		if err != nil {
			return nil, fault.New(fault.Damaged, "open rules", "", errors.Join(err, profile.SetAside(p.Path)))
		}
		for _, r := range d.Rules {
			s.list = append(s.list, newKeeper(s, r))
		}
	}
	s.Rules = publish.NewItem(s.snapshot())
	p.Tasks.Go("publish rules", s.publish)
	return s, nil
}

// Start lets the rules work.
func (s *Service) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = true
	for _, k := range s.list {
		k.start()
	}
}

// publish brings changes to the binding, a few times a second at most.
func (s *Service) publish(ctx context.Context) {
	for {
		select {
		case <-s.dirty:
		case <-ctx.Done():
			return
		}
		s.mu.Lock()
		snapshot := s.snapshot()
		s.mu.Unlock()
		_ = s.Rules.Set(snapshot) // never fails
		select {
		case <-time.After(task.Interval):
		case <-ctx.Done():
			return
		}
	}
}

// snapshot is called with the lock held.
func (s *Service) snapshot() *Snapshot {
	s.version++
	out := &Snapshot{Version: s.version}
	for _, k := range s.list {
		out.Rules = append(out.Rules, k.status)
	}
	return out
}

func (s *Service) changed() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// save writes the rules; the lock is held.
func (s *Service) save(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fault.From("save rules", "", err)
	}
	d := document{Version: 1, Rules: []Rule{}}
	for _, k := range s.list {
		d.Rules = append(d.Rules, k.status.Rule)
	}
	content, err := json.MarshalIndent(d, "", "\t")
	if err != nil {
		return fault.New(fault.Internal, "save rules", "", err)
	}
	return fault.OrNil("save rules", profile.WriteFile(s.p.Path, content, 0o600))
}

// Add makes a rule and begins with it. Faults: Unsupported when the target is on
// this computer and one folder lies in the other, or when there is such a rule
// already; NotFound for a folder that is not there.
func (s *Service) Add(ctx context.Context, r Rule) (Rule, error) {
	abs, err := filepath.Abs(r.Folder)
	if err != nil {
		return r, fault.From("watch", "", err)
	}
	if info, err := os.Stat(abs); err != nil {
		return r, fault.From("watch", "", err)
	} else if !info.IsDir() {
		return r, fault.Newf(fault.NotFound, "watch", "", "%s is no folder", abs)
	}
	if _, err := r.Filter.Compile(); err != nil {
		return r, err
	}
	r.Folder, r.ID = abs, files.RandomSuffix()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.list {
		if old := k.status.Rule; old.Folder == r.Folder && old.Target.Site.Key() == r.Target.Site.Key() && old.Target.At().Equal(r.Target.At()) {
			return old, fault.Newf(fault.Exists, "watch", "", "there is such a rule already")
		}
	}
	k := newKeeper(s, r)
	s.list = append(s.list, k)
	if err := s.save(ctx); err != nil {
		s.list = s.list[:len(s.list)-1]
		return r, err
	}
	if s.started {
		k.start()
	}
	s.changed()
	return r, nil
}

// Remove ends a rule; both folders stay as they are.
func (s *Service) Remove(ctx context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.list, func(k *keeper) bool { return k.status.ID == id })
	if i < 0 {
		return nil
	}
	k := s.list[i]
	k.stop()
	s.list = slices.Delete(s.list, i, i+1)
	s.changed()
	return s.save(ctx)
}

// Pause stops a rule until Resume.
func (s *Service) Pause(ctx context.Context, id string) error { return s.pause(ctx, id, true) }

// Resume lets a rule go on; it begins by comparing everything.
func (s *Service) Resume(ctx context.Context, id string) error { return s.pause(ctx, id, false) }

func (s *Service) pause(ctx context.Context, id string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.list {
		if k.status.ID != id || k.status.Paused == on {
			continue
		}
		k.stop()
		k.status = Status{Rule: k.status.Rule, State: Checking, Checked: k.status.Checked}
		k.status.Paused = on
		if on {
			k.status.State = Paused
		} else if s.started {
			k.start()
		}
		s.changed()
		return s.save(ctx)
	}
	return nil
}

// Check has a rule compare everything now.
func (s *Service) Check(id string) { s.poke(id, false) }

// Allow is the yes that the deletes of a rule in NeedsYes wait for.
func (s *Service) Allow(id string) { s.poke(id, true) }

func (s *Service) poke(id string, allow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.list {
		if k.status.ID == id {
			k.allowed = k.allowed || allow
			select {
			case k.now <- struct{}{}:
			default:
			}
		}
	}
}
