package transfer

import (
	"context"
	"errors"
	"os"
	"sync"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/filter"
	"guichet/services/files/local"
	"guichet/services/store"
)

// Kind is the kind of transfer jobs in package activity.
const Kind = "transfer"

// Place is one end of a job.
type Place struct {
	Site files.Site `json:"site"`
	// Root, for this computer only, is the folder (a path of the system) that
	// nothing is written outside of; Path is relative to it.
	Root string `json:"root,omitempty"`
	// Path is raw bytes, kept as such in the checkpoint too (JSON would change
	// them).
	Path rawPath `json:"path"`
}

// NewPlace makes a Place. root is for this computer only.
func NewPlace(site files.Site, root string, p files.Path) Place {
	site.Path = nil // may hold bytes that JSON cannot, and is not needed
	return Place{Site: site, Root: root, Path: rawPath(p)}
}

// At gives the path.
func (p Place) At() files.Path { return files.Path(p.Path) }

// Job is the specification of a transfer: activity.Spec.Data.
type Job struct {
	From Place `json:"from"`
	To   Place `json:"to"` // the full path of the target
	// Tree copies a folder.
	Tree bool `json:"tree,omitempty"`
	// Names, if any, are the files and folders in the folder From that are copied
	// into the folder To.
	Names rawPath `json:"names,omitempty"`
	// Folders is how many of Names are folders.
	Folders int `json:"folders,omitempty"`
	// Exists is the answer for taken names, "" to ask.
	Exists Answer `json:"exists,omitempty"`
	// Top is Exists for Names alone, not for what is in the folders among them.
	Top Answer `json:"top,omitempty"`
	// Filter leaves out what is in a folder.
	Filter filter.Filter `json:"filter,omitzero"`
	// Move deletes the source when the copy has been checked.
	Move bool `json:"move,omitempty"`
	// ReadBack reads both ends again after the copy and compares them.
	ReadBack bool `json:"read_back,omitempty"`
}

// many reports whether the job is about more than one file.
func (j Job) many() bool { return j.Tree || len(j.Names) > 0 }

// Adder adds jobs; *activity.Center is one.
type Adder interface {
	Add(ctx context.Context, s activity.Spec) (int64, error)
}

// address writes a place for people.
func (p Place) address() string {
	if p.Site.Protocol == files.ProtocolLocal {
		return local.Join(p.Root, p.At())
	}
	return p.Site.URL(p.At())
}

// Add makes a job of a file or folder. size is -1 when unknown.
func Add(ctx context.Context, a Adder, j Job, size int64) (int64, error) {
	title := files.Display(j.From.At().Base())
	if len(j.Names) > 0 {
		title = files.Display(j.Names[0])
	}
	if title == "" {
		title = j.From.Site.Title()
	}
	return a.Add(ctx, activity.Spec{
		Kind: Kind, Title: title, From: j.From.address(), To: j.To.address(), Size: size, Data: j,
	})
}

// Dialer opens places; *sites.Dialer is one.
type Dialer interface {
	Dial(ctx context.Context, site files.Site) (files.FS, error)
}

// RunnerParams are what a Runner is made of.
type RunnerParams struct {
	Dialer Dialer
	// Database is the file for the items of tree jobs; it is made if missing.
	Database string
	// Limits bound the speed of all jobs; nil: SetLimits makes them.
	Limits *Limits
	// Keep moves a file to the trash of its file system: what is replaced on sites
	// with Site.Trash. nil: it is gone.
	Keep func(ctx context.Context, f files.FS, p files.Path) error
}

// Runner carries out transfer jobs: activity.Center.Register(transfer.Kind, r).
type Runner struct {
	p  RunnerParams
	db *store.DB

	lanes Lanes // shared by all jobs

	mu   sync.Mutex
	open map[string]*shared
}

// shared is a connection that several jobs use.
type shared struct {
	fs    files.FS
	users int
	ready chan struct{}
	err   error
}

// NewRunner opens the database. Faults: those of store.Open.
func NewRunner(p RunnerParams) (*Runner, error) {
	db, err := store.Open(store.Params{Path: p.Database, Migrations: migrations})
	if err != nil {
		return nil, err
	}
	if p.Limits == nil {
		p.Limits = &Limits{}
	}
	return &Runner{p: p, db: db, open: map[string]*shared{}}, nil
}

// SetLimits bounds the speed of all jobs, also those under way, in bytes per
// second down to this computer and up from it; 0 is no bound.
func (r *Runner) SetLimits(down, up int64) { r.p.Limits.Set(down, up) }

// Limits gives the bounds that hold.
func (r *Runner) Limits() *Limits { return r.p.Limits }

// place opens one end. Jobs of one site share its connections, but sources and
// targets never the same ones: a copy within a site holds two.
func (r *Runner) place(ctx context.Context, p Place, role string) (files.FS, func(), error) {
	if p.Site.Protocol == files.ProtocolLocal {
		if role == "to" {
			if err := os.MkdirAll(p.Root, 0o777); err != nil {
				return nil, nil, fault.From("open", "", err)
			}
		}
		f, err := local.New(p.Root, local.Options{Confined: true})
		if err != nil {
			return nil, nil, err
		}
		return f, func() { _ = f.Close() }, nil
	}
	key := role + "\x00" + p.Site.Key()
	r.mu.Lock()
	s := r.open[key]
	if s == nil {
		s = &shared{ready: make(chan struct{})}
		r.open[key] = s
		s.users++
		r.mu.Unlock()
		s.fs, s.err = r.p.Dialer.Dial(ctx, p.Site)
		close(s.ready)
	} else {
		s.users++
		r.mu.Unlock()
		select {
		case <-s.ready:
		case <-ctx.Done():
			r.release(key, s)
			return nil, nil, fault.From("connect", p.Site.Host, ctx.Err())
		}
	}
	if s.err != nil {
		r.release(key, s)
		return nil, nil, s.err
	}
	return s.fs, func() { r.release(key, s) }, nil
}

// release closes a connection that nobody uses any more. The next job finds a
// new one: keeping it for a while is the file system's own business.
func (r *Runner) release(key string, s *shared) {
	r.mu.Lock()
	s.users--
	last := s.users == 0
	if r.open[key] == s && (last || s.err != nil) {
		delete(r.open, key)
	}
	r.mu.Unlock()
	if last && s.fs != nil {
		_ = s.fs.Close() // nothing depends on it
	}
}

// progress is the checkpoint of a single file.
type progress struct {
	decision
	Part rawPath `json:"part,omitempty"`
	Done bool    `json:"done,omitempty"` // the file has its name: nothing is left to do
}

// outcome is activity.Job.Result.
type outcome struct {
	Path     string   `json:"path"` // address for people
	Bytes    int64    `json:"bytes"`
	Resumed  int64    `json:"resumed,omitempty"`
	Verified Verified `json:"verified"`
	Checksum string   `json:"checksum,omitempty"`
	Skipped  bool     `json:"skipped,omitempty"`
	Files    int      `json:"files,omitempty"`
	Failed   int      `json:"failed,omitempty"`
	Unread   int      `json:"unread,omitempty"`
	Links    int      `json:"links,omitempty"`
	InPlace  int      `json:"in_place,omitempty"` // files with Result.InPlace: a warning
	Moved    bool     `json:"moved,omitempty"`
	Passed   int      `json:"passed,omitempty"` // files that were skipped, of a job of many
}

// Run implements activity.Runner.
func (r *Runner) Run(ctx context.Context, h activity.Handle) error {
	var j Job
	if err := h.Spec(&j); err != nil {
		return fault.New(fault.Internal, "transfer", "", err)
	}
	src, closeSrc, err := r.place(ctx, j.From, "from")
	if err != nil {
		return err
	}
	defer closeSrc()
	dst, closeDst, err := r.place(ctx, j.To, "to")
	if err != nil {
		return err
	}
	defer closeDst()
	answers := &questions{h: h, fixed: j.Exists}
	if j.many() {
		return r.runTree(ctx, h, j, src, dst, answers)
	}
	return r.runFile(ctx, h, j, src, dst, answers)
}

func (r *Runner) runFile(ctx context.Context, h activity.Handle, j Job, src, dst files.FS, q *questions) error {
	var at progress
	if _, err := h.Checkpoint(&at); err != nil {
		return fault.New(fault.Internal, "transfer", "", err)
	}
	if at.Done {
		return nil
	}
	o := r.options(j, h, q)
	o.Tries = 1 // the center tries again later; waiting here would hide that
	o.onPart = func(p files.Path, d decision) error { return h.Save(progress{decision: d, Part: rawPath(p)}) }
	if len(at.Part) > 0 {
		o.begun = &at.decision
	}
	result, err := Copy(ctx, src, j.From.At(), dst, j.To.At(), o)
	if err != nil {
		return err
	}
	if err := h.Save(progress{Done: true}); err != nil {
		return err
	}
	inPlace := 0
	if result.InPlace {
		inPlace = 1
	}
	return h.Result(outcome{
		Path: addressOf(j.To, result.Path), Bytes: result.Bytes, Resumed: result.Resumed,
		Verified: result.Verified, Checksum: result.Checksum, Skipped: result.Skipped, Moved: result.Moved, InPlace: inPlace,
	})
}

// options are those of every file of a job.
func (r *Runner) options(j Job, h activity.Handle, q *questions) Options {
	most := 0
	for _, p := range []Place{j.From, j.To} {
		if n := p.Site.MaxConns; n > 0 && (most == 0 || n < most) {
			most = n
		}
	}
	var keep func(context.Context, files.FS, files.Path) error
	if j.To.Site.Trash {
		keep = r.p.Keep
	}
	return Options{
		Keep:   keep,
		Resume: true, OnExists: q.ask, Progress: h.Progress, most: most,
		Limits: r.p.Limits, Lanes: &r.lanes, Move: j.Move, ReadBack: j.ReadBack,
	}
}

func addressOf(p Place, at files.Path) string {
	p.Path = rawPath(at)
	return p.address()
}

// questions asks a person about taken names, one at a time, and remembers an
// answer for all.
type questions struct {
	h     activity.Handle
	mu    sync.Mutex
	fixed Answer
	keep  func(Answer) error // stores an answer for all, so that a restart knows it
}

func (q *questions) ask(ctx context.Context, c Conflict) (Answer, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fixed != "" {
		return q.fixed, nil
	}
	choices := []string{string(KeepBoth), string(Replace), string(Skip)}
	if c.Target.Type.IsDir() {
		choices = []string{string(KeepBoth), string(Skip)}
	}
	answer, all, err := q.h.Ask(ctx, activity.Question{
		Kind: "exists",
		Data: map[string]string{
			"name": files.Display(c.TargetPath.Base()), "folder": files.Display(c.TargetPath.Dir().Base()),
			"source_size": number(c.Source.Size), "source_time": stamp(c.Source),
			"target_size": number(c.Target.Size), "target_time": stamp(c.Target),
		},
		Choices: choices, All: true,
	})
	if err != nil {
		return "", err
	}
	if a := Answer(answer); !a.valid() {
		return "", fault.Newf(fault.Cancelled, "transfer", "", "no answer")
	}
	if all {
		q.fixed = Answer(answer)
		if q.keep != nil {
			if err := q.keep(q.fixed); err != nil {
				return "", err
			}
		}
	}
	return Answer(answer), nil
}

// Discard implements activity.Runner: it removes the temporary file of a job
// that will not go on.
func (r *Runner) Discard(ctx context.Context, j activity.Job) error {
	var spec Job
	if err := decode(j.Spec, &spec); err != nil {
		return err
	}
	parts, err := r.parts(ctx, j, spec)
	if err != nil {
		return err
	}
	if len(parts) > 0 {
		dst, done, err := r.place(ctx, spec.To, "to")
		if err != nil {
			return err
		}
		defer done()
		for _, p := range parts {
			if rerr := dst.Remove(ctx, p); rerr != nil && !fault.Is(rerr, fault.NotFound) {
				err = errors.Join(err, rerr)
			}
		}
		if err != nil {
			return fault.From("transfer", spec.To.Site.Host, err)
		}
	}
	return r.forget(ctx, j.ID)
}

// Close closes the database. Jobs must have ended.
func (r *Runner) Close() error { return r.db.Close() }
