package compare

import (
	"slices"

	"guichet/services/files"
)

// Step is one row of a plan that changes something.
type Step struct {
	Seq    int // its place in the order of work
	Action Action
	Reason Reason
	Rel    files.Path
	Path   [2]files.Path   // below the two folders
	Entry  [2]*files.Entry // as planned; nil: not there
	Dir    bool
}

// Steps are what is to be done, in an order in which it can be: folders before
// what is in them, deletes last and from the inside out.
func (p *Plan) Steps() []Step {
	var steps, files, folders []Step
	add := func(list *[]Step, i int) {
		r, d := &p.Scan.Rows[i], p.decisions[i]
		*list = append(*list, Step{Action: d.Action, Reason: d.Reason, Rel: r.Rel, Path: r.Path, Entry: r.Entry, Dir: r.IsDir()})
	}
	for i := range p.Scan.Rows {
		switch a := p.decisions[i].Action; {
		case a.Copies():
			add(&steps, i)
		case a.Deletes() && p.Scan.Rows[i].IsDir():
			add(&folders, i)
		case a.Deletes():
			add(&files, i)
		}
	}
	slices.Reverse(folders)
	steps = slices.Concat(steps, files, folders)
	for i := range steps {
		steps[i].Seq = i
	}
	return steps
}

// source is the entry that goes to the other side, target what is there.
func (s *Step) source() *files.Entry { return s.Entry[s.Action.Target().Other()] }
func (s *Step) target() *files.Entry { return s.Entry[s.Action.Target()] }

// Size is the bytes to move.
func (s *Step) Size() int64 {
	if !s.Action.Copies() || s.Dir {
		return 0
	}
	return max(0, s.source().Size)
}

// as reports whether an entry is still what was planned with.
func as(planned *files.Entry, now files.Entry) bool {
	if planned == nil || planned.Type.IsDir() != now.Type.IsDir() {
		return false
	}
	if planned.Type == files.Dir {
		return true
	}
	if !files.SameSize(*planned, now) {
		return false
	}
	// A listing may know days where a question about one file gives seconds.
	return planned.ModTime.IsZero() || now.ModTime.IsZero() || planned.ModTime.Sub(now.ModTime).Abs() <= tolerance(planned, &now)
}

// alike reports whether a target is what the copy would make it.
func alike(source *files.Entry, target files.Entry, keepsTimes bool) bool {
	if source == nil || target.Type.IsDir() || source.Size < 0 || target.Size < 0 || !files.SameSize(*source, target) {
		return false
	}
	when := compareTimes(source, &target, 0)
	return when == equal || !keepsTimes && when != leftNewer
}
