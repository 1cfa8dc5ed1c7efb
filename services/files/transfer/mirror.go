package transfer

import (
	"context"
	"time"

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
func MakePlan(ctx context.Context, src files.FS, from files.Path, dst files.FS, to files.Path, o PlanOptions) (*Plan, error) {
	return nil, fault.Newf(fault.Unsupported, "mirror", "", "plan")
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
	return TreeResult{}, fault.Newf(fault.Unsupported, "mirror", "", "apply")
}
