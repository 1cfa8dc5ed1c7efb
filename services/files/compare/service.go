package compare

import (
	"context"

	"golang.org/x/sync/errgroup"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/transfer"
	"guichet/services/store"
)

// Kind is the kind of jobs in package activity.
const Kind = "sync"

// Params are what a Service is made of.
type Params struct {
	Dialer   transfer.Dialer
	Database string // file; it is made if missing
	// Jobs takes the jobs of Queue; nil: Queue fails.
	Jobs transfer.Adder
	// Limits bound the speed; nil: nothing does.
	Limits *transfer.Limits
	// Keep moves something to the trash of its file system, for places on this
	// computer and on sites with Site.Trash. A fault of kind Unsupported on this
	// computer lets it be deleted. nil: all is deleted.
	Keep func(ctx context.Context, f files.FS, p files.Path) error
}

// Service compares saved places, remembers what they held alike, and is the
// activity.Runner of the jobs that make them alike. It is safe for concurrent
// use.
type Service struct {
	p  Params
	db *store.DB
}

var _ activity.Runner = (*Service)(nil)

// Open opens the database. Faults: those of store.Open.
func Open(p Params) (*Service, error) {
	db, err := store.Open(store.Params{Path: p.Database, Migrations: migrations})
	if err != nil {
		return nil, err
	}
	return &Service{p: p, db: db}, nil
}

// Close closes the database. Jobs must have ended.
func (s *Service) Close() error { return s.db.Close() }

// open opens a place; the caller closes its file system.
func (s *Service) open(ctx context.Context, p transfer.Place) (Tree, error) {
	if p.Site.Protocol == files.ProtocolLocal {
		f, err := local.New(p.Root, local.Options{Confined: true})
		if err != nil {
			return Tree{}, err
		}
		return Tree{f, p.At()}, nil
	}
	f, err := s.p.Dialer.Dial(ctx, p.Site)
	if err != nil {
		return Tree{}, err
	}
	return Tree{f, p.At()}, nil
}

// both opens a pair. Each side has connections of its own, on one server too.
func (s *Service) both(ctx context.Context, p Pair) (trees [2]Tree, done func(), err error) {
	g, gctx := errgroup.WithContext(ctx)
	for side := range trees {
		g.Go(func() (err error) { trees[side], err = s.open(gctx, p.side(Side(side))); return err })
	}
	err = g.Wait()
	done = func() {
		for _, t := range trees {
			if t.FS != nil {
				_ = t.FS.Close() // nothing depends on it
			}
		}
	}
	if err != nil {
		done()
		return trees, nil, err
	}
	return trees, done, nil
}

// Compare connects to both places, walks them and hangs up.
func (s *Service) Compare(ctx context.Context, p Pair, o WalkOptions) (*Scan, error) {
	trees, done, err := s.both(ctx, p)
	if err != nil {
		return nil, err
	}
	defer done()
	return Walk(ctx, trees[Left], trees[Right], o)
}

// job is activity.Spec.Data: the plan itself lies in the database.
type job struct {
	Pair
	Plan string `json:"plan"`
}

// PlanOf gives the plan that a job carries out, for Problems.
func PlanOf(j activity.Job) string {
	var d job
	if j.Kind != Kind || decode(j.Spec, &d) != nil {
		return ""
	}
	return d.Plan
}

// Queue makes a job of a plan and returns its number, 0 if there is nothing to
// do; what both sides hold alike is remembered in either case. many is the
// second yes of Plan.ManyDeletes. Faults: Permission when deletes are planned
// that may not be.
func (s *Service) Queue(ctx context.Context, p Pair, plan *Plan, many bool) (int64, error) {
	t := plan.Totals()
	if t.Deletes != [2]int{} && (!plan.Scan.Complete() || plan.ManyDeletes() && !many) {
		return 0, fault.Newf(fault.Permission, "synchronise", "", "%d deletes need another yes", t.Deletes[Left]+t.Deletes[Right])
	}
	if !t.Work() {
		return 0, s.Remember(ctx, p, plan)
	}
	if s.p.Jobs == nil {
		return 0, fault.Newf(fault.Unsupported, "synchronise", "", "no job list")
	}
	steps := plan.Steps()
	id := files.RandomSuffix() + files.RandomSuffix()
	if err := s.savePlan(ctx, id, p.key(), plan, steps); err != nil {
		return 0, err
	}
	from, to := p.Left, p.Right
	if t.Copies[Left] > 0 && t.Copies[Right] == 0 {
		from, to = to, from
	}
	return s.p.Jobs.Add(ctx, activity.Spec{
		Kind: Kind, Title: title(from), From: address(from), To: address(to), Size: t.Bytes[Left] + t.Bytes[Right],
		Items: len(steps), Data: job{p, id}, Group: "sync " + p.key(),
	})
}

// title names a folder for people.
func title(p transfer.Place) string {
	if name := files.Display(p.At().Base()); name != "" {
		return name
	}
	if p.Site.Protocol == files.ProtocolLocal {
		if _, path, err := local.Split(p.Root); err == nil && len(path) > 0 {
			return files.Display(path.Base())
		}
		return p.Root
	}
	return p.Site.Title()
}

// address writes a place for people.
func address(p transfer.Place) string {
	if p.Site.Protocol == files.ProtocolLocal {
		return local.Join(p.Root, p.At())
	}
	if p.Site.Name != "" {
		return p.Site.Name
	}
	return p.Site.URL(p.At())
}
