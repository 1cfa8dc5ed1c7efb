package transfer

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
)

// ActionKind is what a mirror does with one name.
type ActionKind string

// The kinds of actions.
const (
	ActMkdir     ActionKind = "mkdir"
	ActCopy      ActionKind = "copy"    // missing at the target
	ActUpdate    ActionKind = "update"  // there, but another
	ActDelete    ActionKind = "delete"  // a file that is not at the source
	ActRemoveDir ActionKind = "rmdir"   // a folder that is not at the source
	ActConflict  ActionKind = "blocked" // a file where a folder should be, or the reverse
	ActSkip      ActionKind = "skip"    // a link or device
)

// Reason says why.
type Reason string

// The reasons.
const (
	ReasonMissing Reason = "missing"
	ReasonSize    Reason = "size"
	ReasonNewer   Reason = "newer"
	ReasonOlder   Reason = "older" // the target is newer: updated only without PlanOptions.KeepNewer
	ReasonExtra   Reason = "extra"
	ReasonType    Reason = "type"
	ReasonLink    Reason = "link"
	ReasonOther   Reason = "other"
)

// Action is one step of a plan.
type Action struct {
	Kind   ActionKind
	Reason Reason
	From   files.Path // at the source, in full; nil for deletes
	To     files.Path // at the target, in full
	Size   int64      // bytes to move; 0 for others
	Source *files.Entry
	Target *files.Entry
}

// PlanOptions change what is planned.
type PlanOptions struct {
	Delete    bool // also delete what the source has not
	KeepNewer bool // leave files alone that are newer at the target
	// IgnoreTimes compares sizes only.
	IgnoreTimes bool
	// Slack is added to the coarser precision of the two times; 0: 2 s.
	Slack   time.Duration
	Exclude func(rel files.Path, e files.Entry) bool
}

// Plan is what a mirror would do. It is immutable.
type Plan struct {
	Source, Target   files.Path
	Actions          []Action // in an order in which they can be carried out
	Same             int      // files that are equal already
	Copies, Deletes  int
	Bytes            int64
	TargetFiles      int // files at the target before
	UnreadSource     int // lines not understood: nothing may be deleted
	UnreadTarget     int
	SourceIncomplete bool // some folder of the source could not be listed
}

// MayDelete reports whether the deletes may be carried out without a second
// yes: at most 20 files, or a tenth of what is there.
func (p *Plan) MayDelete() bool {
	return p.Deletes <= max(20, p.TargetFiles/10)
}

// Safe reports whether every name of both sides is known, so that deleting is
// possible at all.
func (p *Plan) Safe() bool {
	return p.UnreadSource == 0 && p.UnreadTarget == 0 && !p.SourceIncomplete
}

// MakePlan compares two folders and changes nothing. A missing target is empty.
// Links are never followed on either side.
func MakePlan(ctx context.Context, src files.FS, from files.Path, dst files.FS, to files.Path, o PlanOptions) (*Plan, error) {
	if inside(src, from, dst, to) || inside(dst, to, src, from) {
		return nil, fault.Newf(fault.Unsupported, "mirror", "", "one folder lies in the other")
	}
	if o.Slack == 0 {
		o.Slack = 2 * time.Second
	}
	caps, err := dst.Caps(ctx)
	if err != nil {
		return nil, err
	}
	p := &planner{
		src: src, dst: dst, o: o, fold: caps.CaseFolding, times: caps.SetTime,
		plan: &Plan{Source: from, Target: to},
	}
	if err := p.folder(ctx, from, to, nil, true, 0); err != nil {
		return nil, fault.From("mirror", "", err)
	}
	p.plan.Actions = append(p.plan.Actions, p.deletes...)
	return p.plan, nil
}

type planner struct {
	src, dst files.FS
	o        PlanOptions
	fold     bool
	times    bool // the target keeps the times of the source
	plan     *Plan
	deletes  []Action
}

// folder compares one folder. there says whether the target has it.
func (p *planner) folder(ctx context.Context, from, to, rel files.Path, there bool, depth int) error {
	if depth > files.MaxDepth {
		return fault.Newf(fault.TooBig, "mirror", "", "more than %d folders deep", files.MaxDepth)
	}
	var source []files.Entry
	report, err := p.src.List(ctx, from, func(e []files.Entry) error { source = append(source, e...); return nil })
	if err != nil {
		if ctx.Err() != nil || depth == 0 {
			return err
		}
		// One closed folder does not stop the rest, but nothing is deleted then.
		p.plan.SourceIncomplete = true
		return nil
	}
	p.plan.UnreadSource += report.Unread
	target := map[string]files.Entry{}
	if there {
		report, err := p.dst.List(ctx, to, func(entries []files.Entry) error {
			for _, e := range entries {
				target[fold(e.Name, p.fold)] = e
			}
			return nil
		})
		switch {
		case fault.Is(err, fault.NotFound) && depth == 0:
			there = false
		case err != nil:
			return err
		}
		p.plan.UnreadTarget += report.Unread
	}
	if !there {
		p.add(Action{Kind: ActMkdir, Reason: ReasonMissing, From: from, To: to})
	}
	slices.SortFunc(source, func(a, b files.Entry) int { return strings.Compare(a.Name, b.Name) })
	used := map[string]bool{}
	var folders []func() error
	for _, e := range source {
		if files.IsPartName(e.Name) || p.o.Exclude != nil && p.o.Exclude(rel.Join(e.Name), e) {
			// What is left out stays at the target as well.
			delete(target, fold(files.ImportName(p.dst, files.ExportName(p.src, e.Name)), p.fold))
			continue
		}
		name := unusedName(files.ImportName(p.dst, files.ExportName(p.src, e.Name)), used, p.fold)
		old, present := target[fold(name, p.fold)]
		delete(target, fold(name, p.fold))
		a := Action{From: from.Join(e.Name), To: to.Join(name), Source: &e}
		if present {
			a.Target = &old
			a.To = to.Join(old.Name)
		}
		switch {
		case e.Type == files.LinkDir || e.Type == files.Other:
			a.Kind, a.Reason = ActSkip, ReasonLink
			if e.Type == files.Other {
				a.Reason = ReasonOther
			}
			p.add(a)
		case e.Type == files.Dir && present && old.Type != files.Dir, e.Type != files.Dir && present && old.Type != files.File:
			a.Kind, a.Reason = ActConflict, ReasonType
			p.add(a)
		case e.Type == files.Dir:
			folders = append(folders, func() error {
				return p.folder(ctx, a.From, a.To, rel.Join(e.Name), present, depth+1)
			})
		default:
			if present {
				p.plan.TargetFiles++
			}
			p.file(a, present)
		}
	}
	for _, descend := range folders {
		if err := descend(); err != nil {
			return err
		}
	}
	return p.extra(ctx, to, rel, target, depth)
}

// file decides about a file.
func (p *planner) file(a Action, present bool) {
	a.Size = max(0, a.Source.Size)
	if !present {
		a.Kind, a.Reason = ActCopy, ReasonMissing
		p.add(a)
		return
	}
	a.Kind = ActUpdate
	s, t := *a.Source, *a.Target
	known := !s.ModTime.IsZero() && !t.ModTime.IsZero() && !p.o.IgnoreTimes
	slack := p.o.Slack + max(s.Precise, t.Precise)
	newer, older := s.ModTime.Sub(t.ModTime) > slack, t.ModTime.Sub(s.ModTime) > slack
	if older && !p.times && s.Size == t.Size {
		older = false // the target's time is that of the upload
	}
	switch {
	case known && older && p.o.KeepNewer:
		p.plan.Same++
		return
	case s.Size >= 0 && t.Size >= 0 && s.Size != t.Size:
		a.Reason = ReasonSize
	case known && newer:
		a.Reason = ReasonNewer
	case known && older:
		a.Reason = ReasonOlder
	default:
		p.plan.Same++
		return
	}
	p.add(a)
}

func (p *planner) add(a Action) {
	if a.Kind == ActCopy || a.Kind == ActUpdate {
		p.plan.Copies++
		p.plan.Bytes += a.Size
	}
	p.plan.Actions = append(p.plan.Actions, a)
}

// extra plans what becomes of the target's names that the source has not.
func (p *planner) extra(ctx context.Context, to, rel files.Path, left map[string]files.Entry, depth int) error {
	names := slices.Sorted(maps.Keys(left))
	for _, name := range names {
		e := left[name]
		at := to.Join(e.Name)
		if p.o.Exclude != nil && p.o.Exclude(rel.Join(e.Name), e) || files.IsPartName(e.Name) {
			continue
		}
		if e.Type == files.Dir {
			if !p.o.Delete {
				continue
			}
			if err := p.removeTree(ctx, at, rel.Join(e.Name), &e, depth+1); err != nil {
				return err
			}
			continue
		}
		p.plan.TargetFiles++
		if p.o.Delete {
			p.plan.Deletes++
			p.deletes = append(p.deletes, Action{Kind: ActDelete, Reason: ReasonExtra, To: at, Target: &e})
		}
	}
	return nil
}

// removeTree plans the end of a folder, its contents first.
func (p *planner) removeTree(ctx context.Context, at, rel files.Path, e *files.Entry, depth int) error {
	if depth > files.MaxDepth {
		return fault.Newf(fault.TooBig, "mirror", "", "more than %d folders deep", files.MaxDepth)
	}
	var entries []files.Entry
	report, err := p.dst.List(ctx, at, func(found []files.Entry) error { entries = append(entries, found...); return nil })
	if err != nil {
		return err
	}
	p.plan.UnreadTarget += report.Unread
	left := map[string]files.Entry{}
	for _, one := range entries {
		left[one.Name] = one
	}
	before := len(p.deletes)
	if err := p.extra(ctx, at, rel, left, depth); err != nil {
		return err
	}
	if kept := len(left) - p.planned(before, at); kept > 0 {
		return nil // something in it is excluded, so it stays
	}
	p.plan.Deletes++
	p.deletes = append(p.deletes, Action{Kind: ActRemoveDir, Reason: ReasonExtra, To: at, Target: e})
	return nil
}

// planned counts the deletes since n that lie directly in a folder.
func (p *planner) planned(n int, dir files.Path) int {
	count := 0
	for _, a := range p.deletes[n:] {
		if a.To.Dir().Equal(dir) {
			count++
		}
	}
	return count
}

// MirrorOptions change how a plan is carried out.
type MirrorOptions struct {
	Connections int // parallel files; 0: what both sides recommend
	// ManyDeletes is the second yes where MayDelete is false.
	ManyDeletes bool
	NoTimes     bool
	// OnAction is called before (done false) and after each action.
	OnAction func(a Action, r Result, err error, done bool)
	Progress func(done, size int64)
}

// Apply carries a plan out. Deletes come last, and only if nothing failed
// before, the plan is Safe, and MayDelete or ManyDeletes. Faults: Permission
// when deletes were planned that may not be; else the first failure.
func Apply(ctx context.Context, src, dst files.FS, p *Plan, o MirrorOptions) (TreeResult, error) {
	e, err := newEnds(ctx, src, dst, nil, o.Connections)
	if err != nil {
		return TreeResult{}, err
	}
	n := e.most()
	m := &mirror{src: src, dst: dst, o: o, size: p.Bytes, done: map[int]int64{}}
	var copies, deletes []int
	for i, a := range p.Actions {
		switch a.Kind {
		case ActMkdir:
			if err := m.act(i, a, func() (Result, error) {
				_, _, err := prepare(ctx, dst, a.To, true)
				return Result{Path: a.To}, err
			}); err != nil && ctx.Err() != nil {
				return m.result, fault.From("mirror", "", ctx.Err())
			}
			m.result.Folders++
		case ActCopy, ActUpdate:
			copies = append(copies, i)
		case ActDelete, ActRemoveDir:
			deletes = append(deletes, i)
		case ActSkip:
			m.result.Links++
		case ActConflict:
			m.result.Failed++
			m.failed(fault.Newf(fault.Exists, "mirror", "", "%s", a.To))
		}
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(n)
	for _, i := range copies {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error {
			a := p.Actions[i]
			err := m.act(i, a, func() (Result, error) { return m.copy(gctx, i, a) })
			if gctx.Err() != nil {
				return err
			}
			return nil // one failed file does not stop the others
		})
	}
	err = g.Wait()
	if cerr := ctx.Err(); cerr != nil {
		return m.result, fault.From("mirror", "", cerr)
	}
	if err == nil {
		err = m.failure
	}
	if err != nil || len(deletes) == 0 {
		return m.result, err
	}
	if !p.Safe() || !p.MayDelete() && !o.ManyDeletes {
		return m.result, fault.Newf(fault.Permission, "mirror", "", "%d deletes not carried out", len(deletes))
	}
	for _, i := range deletes {
		a := p.Actions[i]
		err := m.act(i, a, func() (Result, error) {
			if a.Kind == ActRemoveDir {
				return Result{}, dst.RemoveDir(ctx, a.To)
			}
			return Result{}, dst.Remove(ctx, a.To)
		})
		if err != nil {
			return m.result, fault.From("mirror", "", err)
		}
	}
	return m.result, nil
}

// mirror is a plan being carried out.
type mirror struct {
	src, dst files.FS
	o        MirrorOptions
	size     int64

	mu      sync.Mutex
	result  TreeResult
	moved   int64
	done    map[int]int64
	failure error
}

func (m *mirror) failed(err error) {
	if m.failure == nil {
		m.failure = err
	}
}

// act runs one action between its two announcements.
func (m *mirror) act(i int, a Action, do func() (Result, error)) error {
	m.tell(a, Result{}, nil, false)
	r, err := do()
	m.mu.Lock()
	delete(m.done, i)
	switch {
	case err != nil:
		m.result.Failed++
		m.failed(err)
	case a.Kind == ActCopy || a.Kind == ActUpdate:
		m.result.Files++
		m.result.Bytes += r.Bytes
		m.moved += a.Size
	}
	m.mu.Unlock()
	m.tell(a, r, err, true)
	return err
}

func (m *mirror) tell(a Action, r Result, err error, done bool) {
	if m.o.OnAction == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.o.OnAction(a, r, err, done)
}

func (m *mirror) copy(ctx context.Context, i int, a Action) (Result, error) {
	j := &job{
		src: m.src, from: a.From, dst: m.dst, to: a.To, known: true, present: a.Target,
		o: Options{
			Resume: true, NoTimes: m.o.NoTimes,
			// The plan has the decision; what appeared since then is asked for by
			// nobody and fails.
			OnExists: func(_ context.Context, c Conflict) (Answer, error) {
				if a.Kind == ActUpdate {
					return Replace, nil
				}
				return "", fault.Newf(fault.Exists, "mirror", "", "%s appeared meanwhile", c.TargetPath)
			},
			Progress: func(done, _ int64) {
				if m.o.Progress == nil {
					return
				}
				m.mu.Lock()
				defer m.mu.Unlock()
				m.done[i] = done
				sum := m.moved
				for _, n := range m.done {
					sum += n
				}
				m.o.Progress(sum, max(sum, m.size))
			},
		},
	}
	return j.run(ctx)
}
