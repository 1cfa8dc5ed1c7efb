// Package ops is what is done to files besides moving their bytes: deleting
// trees, permissions and owners, sizes, checksums, search, copies and moves
// within a server. Long work runs as jobs of package activity, which survive a
// kill; what is only looked at runs while somebody looks. Package trash below it
// keeps what is deleted.
package ops

import (
	"context"
	"io/fs"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ops/trash"
)

// Kind is the kind of these jobs in package activity.
const Kind = "operation"

// Action is what a job does.
type Action string

// The actions.
const (
	Delete      Action = "delete"      // for good, folders with all that is in them
	Permissions Action = "permissions" // see Job.Change
	Copy        Action = "copy"        // into the folder Job.To
	Move        Action = "move"        // into the folder Job.To
)

// Bits change permissions: those of Set are added, those of Clear taken away,
// the others stay.
type Bits struct {
	Set   fs.FileMode `json:"set,omitempty"`
	Clear fs.FileMode `json:"clear,omitempty"`
}

// Exactly gives the Bits that make a mode what it is.
func Exactly(mode fs.FileMode) Bits { return Bits{Set: mode.Perm(), Clear: ^mode.Perm() & fs.ModePerm} }

// Apply gives the permissions after the change.
func (b Bits) Apply(mode fs.FileMode) fs.FileMode { return (mode.Perm() | b.Set) &^ b.Clear }

// absolute reports whether the outcome does not depend on what was there.
func (b Bits) absolute() bool { return b.Set|b.Clear == fs.ModePerm }

// none reports whether nothing would change.
func (b Bits) none() bool { return b.Set == 0 && b.Clear == 0 }

// Change is what is to be done to permissions and owners.
type Change struct {
	Files   Bits `json:"files"`
	Folders Bits `json:"folders"`
	// Inside goes down into folders.
	Inside bool   `json:"inside,omitempty"`
	Owner  string `json:"owner,omitempty"` // "": stays
	Group  string `json:"group,omitempty"` // "": stays
}

// Failure is one thing that could not be done.
type Failure struct {
	Path string     `json:"path"` // for people
	Kind fault.Kind `json:"kind"`
	Said string     `json:"said,omitempty"`
}

// maxFailures is how many failures a Result names; the rest is counted.
const maxFailures = 20

// Result sums up an operation. It is activity.Job.Result as well.
type Result struct {
	Files     int       `json:"files,omitempty"` // links and devices among them
	Folders   int       `json:"folders,omitempty"`
	Bytes     int64     `json:"bytes,omitempty"`
	Unchanged int       `json:"unchanged,omitempty"` // were so already
	Failed    int       `json:"failed,omitempty"`
	Failures  []Failure `json:"failures,omitempty"` // the first of them
}

// Options watch an operation.
type Options struct {
	// Progress is called from one goroutine at a time: things done, and found so
	// far.
	Progress func(done, found int)

	// failed is told which of the targets did not go well, one at a time.
	failed func(target int)
}

// Target is one thing that an operation is about, with its entry as it was
// listed. A Type of Dir alone leads into a folder.
type Target struct {
	Path  files.Path
	Entry files.Entry
}

// parallel is how many requests an operation has under way.
func parallel(ctx context.Context, f files.FS) (int, error) {
	caps, err := f.Caps(ctx)
	if err != nil {
		return 0, err
	}
	return max(1, min(caps.MaxConns, 8)), nil
}

// Remove deletes the targets for good, folders with all that is in them. Links
// are deleted, never what they point to. A folder whose listing holds lines that
// were not understood is left as it is. What fails is counted and the rest goes
// on; the first failure is returned at the end. What is gone already is no
// failure.
func Remove(ctx context.Context, f files.FS, targets []Target, o Options) (Result, error) {
	for _, t := range targets {
		if len(t.Path) == 0 {
			return Result{}, fault.Newf(fault.Permission, "delete", "", "the root stays")
		}
	}
	first := linkFirst(f)
	w := &walk{f: f, op: "delete", whole: true, o: o}
	w.entry = func(ctx context.Context, p files.Path, _ files.Entry) error {
		return gone(f.Remove(ctx, p))
	}
	w.enter = func(ctx context.Context, p files.Path, _ files.Entry) (bool, error) {
		if !first {
			return true, nil
		}
		// Some FTP servers list a link to a folder as a folder. Deleting a file of
		// that name removes such a link and nothing else; a folder refuses it.
		err := f.Remove(ctx, p)
		if err == nil {
			w.count(1, 0, 0)
			return false, nil
		}
		if ctx.Err() != nil {
			return false, err
		}
		return true, nil
	}
	w.leave = func(ctx context.Context, p files.Path, _ files.Entry) error { return gone(f.RemoveDir(ctx, p)) }
	return w.run(ctx, targets)
}

// linkFirst reports whether the file system is FTP, where what is listed as a
// folder may be a link to one.
func linkFirst(f files.FS) bool {
	c, ok := f.(files.Connected)
	if !ok {
		return false
	}
	switch c.Conn().Protocol {
	case files.ProtocolFTP, files.ProtocolFTPS, files.ProtocolFTPES:
		return true
	}
	return false
}

// gone turns "it is not there" into success.
func gone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// SetPermissions changes permissions and owners where they differ. Links are
// passed over: on most servers a change would reach what they point to.
func SetPermissions(ctx context.Context, f files.FS, targets []Target, c Change, o Options) (Result, error) {
	owner, can := f.(files.Owner)
	if (c.Owner != "" || c.Group != "") && !can {
		return Result{}, fault.Newf(fault.Unsupported, "chown", "", "the owner cannot be changed here")
	}
	w := &walk{f: f, op: "chmod", o: o}
	one := func(ctx context.Context, p files.Path, e files.Entry, b Bits) error {
		changed := false
		switch want := b.Apply(e.Mode); {
		case b.none():
		case !e.HasMode && !b.absolute():
			return fault.Newf(fault.Unsupported, "chmod", "", "the server does not tell the present permissions")
		case !e.HasMode || want != e.Mode.Perm():
			changed = true
			if err := f.Chmod(ctx, p, want); err != nil {
				return err
			}
		}
		if c.Owner != "" && c.Owner != e.Owner || c.Group != "" && c.Group != e.Group {
			changed = true
			if err := owner.Chown(ctx, p, c.Owner, c.Group); err != nil {
				return err
			}
		}
		if !changed {
			w.unchanged()
		}
		return nil
	}
	// A folder that may be entered only after the change is changed first, one
	// that may no longer be entered, last.
	opens := func(e files.Entry) bool { return !e.HasMode || c.Folders.Apply(e.Mode)&0o500 == 0o500 }
	w.entry = func(ctx context.Context, p files.Path, e files.Entry) error {
		if e.Type != files.File && e.Type != files.Other {
			w.unchanged()
			return nil
		}
		return one(ctx, p, e, c.Files)
	}
	w.enter = func(ctx context.Context, p files.Path, e files.Entry) (bool, error) {
		if opens(e) {
			if err := one(ctx, p, e, c.Folders); err != nil {
				return false, err
			}
		}
		if !c.Inside {
			if !opens(e) {
				if err := one(ctx, p, e, c.Folders); err != nil {
					return false, err
				}
			}
			w.count(0, 1, 0)
		}
		return c.Inside, nil
	}
	w.leave = func(ctx context.Context, p files.Path, e files.Entry) error {
		if opens(e) {
			return nil
		}
		return one(ctx, p, e, c.Folders)
	}
	return w.run(ctx, targets)
}

// Measure counts the files, folders and bytes of the targets. Progress tells
// how far it got; the result so far comes with a fault too.
func Measure(ctx context.Context, f files.FS, targets []Target, progress func(Result)) (Result, error) {
	w := &walk{f: f, op: "measure"}
	w.o.Progress = func(int, int) {
		if progress != nil {
			progress(w.result) // under the walk's lock
		}
	}
	w.entry = func(_ context.Context, _ files.Path, e files.Entry) error {
		if e.Type == files.File {
			w.count(0, 0, max(0, e.Size))
		}
		return nil
	}
	w.enter = func(context.Context, files.Path, files.Entry) (bool, error) { return true, nil }
	w.leave = func(context.Context, files.Path, files.Entry) error { return nil }
	return w.run(ctx, targets)
}

// Discard removes things from a trash for good, with their records.
func Discard(ctx context.Context, f files.FS, items []trash.Item) error {
	var first error
	for _, item := range items {
		e, err := f.Stat(ctx, item.Held)
		if err == nil {
			_, err = Remove(ctx, f, []Target{{item.Held, e}}, Options{})
		}
		if err = gone(err); err == nil {
			err = trash.Forget(ctx, f, item)
		}
		if err != nil && first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return first
}
