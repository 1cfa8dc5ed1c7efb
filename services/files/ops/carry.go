package ops

import (
	"context"
	"errors"
	"slices"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ops/trash"
	"guichet/services/files/transfer"
)

// carry runs Copy and Move: within one place by the server itself where it can,
// else through this computer.
func (r *running) carry(ctx context.Context) error {
	if r.j.To == nil {
		return fault.Newf(fault.Internal, string(r.j.Action), "", "no target")
	}
	same := r.j.From.Site.Key() == r.j.To.Site.Key() && r.j.From.Root == r.j.To.Root
	to := r.f
	if !same || !r.inPlace(ctx) {
		// Two connections: one side reads while the other writes.
		var err error
		if to, err = r.r.open(ctx, *r.j.To); err != nil {
			return err
		}
		defer func() { _ = to.Close() }()
	}
	var first error
	for r.at.Next < len(r.at.Left) {
		i := r.at.Left[r.at.Next]
		r.skipped = false
		one, err := r.carryOne(ctx, to, same, i)
		if err != nil && (ctx.Err() != nil || ends(err)) {
			return err
		}
		if err != nil {
			if first == nil {
				first = err
			}
			if one.Failed == 0 {
				one = plus(one, failure(r.j.Items[i], err))
			}
			r.at.Bad = append(r.at.Bad, i)
		}
		r.at.Result, r.at.Copied = plus(r.at.Result, one), false
		r.at.Next++
		r.h.Items(r.at.Next, len(r.at.Left))
		if err := r.h.Save(r.at); err != nil {
			return err
		}
	}
	return first
}

// inPlace reports whether the server copies by itself, or the job only moves.
func (r *running) inPlace(ctx context.Context) bool {
	if r.j.Action == Move {
		return true
	}
	caps, err := r.f.Caps(ctx)
	_, can := r.f.(files.Copier)
	return err == nil && can && caps.ServerCopy
}

// carryOne copies or moves one item.
func (r *running) carryOne(ctx context.Context, to files.FS, same bool, i int) (Result, error) {
	item := r.j.Items[i]
	t := Target{Path: r.path(i)}
	found, failed, err := r.lookUp(ctx, []int{i})
	if err = errors.Join(err, failed[i]); err != nil {
		return Result{}, err
	}
	dest := r.j.To.At().Join(files.ImportName(to, files.ExportName(r.f, t.Path.Base())))
	e, there := found[i]
	if !there {
		// A kill may have come between the deed and its note.
		if r.j.Action == Move && (r.at.Copied || same && r.arrived(ctx, to, dest, item)) {
			return Result{Files: 1}, nil
		}
		return Result{}, fault.Newf(fault.NotFound, string(r.j.Action), "", "%s", files.Display(string(item.Name)))
	}
	if t.Entry, err = r.check(item, e); err != nil {
		return Result{}, err
	}
	if same && dest.Within(t.Path) && !t.Path.Equal(dest) {
		return Result{}, fault.Newf(fault.Unsupported, string(r.j.Action), "", "a folder cannot go into itself")
	}
	if same && r.j.Action == Move {
		return r.moveWithin(ctx, t, dest)
	}
	if same && to == r.f {
		return r.copyWithin(ctx, t, dest)
	}
	return r.through(ctx, to, t, dest)
}

// arrived reports whether a moved thing is at its target: the same type and,
// where that is known, the same identity.
func (r *running) arrived(ctx context.Context, f files.FS, dest files.Path, i Item) bool {
	e, err := f.Stat(ctx, dest)
	return err == nil && (e.Type == files.Dir) == (i.Type == files.Dir) && (i.ID == "" || e.ID == "" || i.ID == e.ID)
}

func (r *running) moveWithin(ctx context.Context, t Target, dest files.Path) (Result, error) {
	if t.Path.Equal(dest) {
		return Result{Unchanged: 1}, nil
	}
	return r.land(ctx, r.f, t, dest, func(ctx context.Context, dest files.Path, replace bool) error {
		return r.f.Rename(ctx, t.Path, dest, replace)
	})
}

// copyWithin lets the server copy, file by file.
func (r *running) copyWithin(ctx context.Context, t Target, dest files.Path) (Result, error) {
	c := r.f.(files.Copier) // inPlace has looked
	if t.Path.Equal(dest) {
		free, err := freeName(ctx, r.f, dest)
		if err != nil {
			return Result{}, err
		}
		dest = free
	}
	if t.Entry.Type != files.Dir {
		return r.land(ctx, r.f, t, dest, func(ctx context.Context, dest files.Path, replace bool) error {
			return c.Copy(ctx, t.Path, dest, replace)
		})
	}
	w := &walk{f: r.f, op: "copy"}
	there := func(p files.Path) files.Path { return append(slices.Clone(dest), p[len(t.Path):]...) }
	w.enter = func(ctx context.Context, p files.Path, _ files.Entry) (bool, error) {
		err := r.f.Mkdir(ctx, there(p))
		if fault.Is(err, fault.Exists) {
			err = nil // what is in it is asked about file by file
		}
		return err == nil, err
	}
	w.entry = func(ctx context.Context, p files.Path, e files.Entry) error {
		if e.Type != files.File && e.Type != files.LinkFile {
			w.unchanged()
			return nil
		}
		one, err := r.land(ctx, r.f, Target{p, e}, there(p), func(ctx context.Context, dest files.Path, replace bool) error {
			return c.Copy(ctx, p, dest, replace)
		})
		w.count(one.Files-1, 0, one.Bytes) // the walk counts one itself
		return err
	}
	w.leave = func(context.Context, files.Path, files.Entry) error { return nil }
	w.o.Progress = r.h.Items
	return w.run(ctx, []Target{t})
}

// land carries out do, and asks where the name is taken.
func (r *running) land(ctx context.Context, f files.FS, t Target, dest files.Path, do func(ctx context.Context, dest files.Path, replace bool) error) (Result, error) {
	done := Result{Files: 1, Bytes: max(0, t.Entry.Size)}
	err := do(ctx, dest, false)
	if err == nil || !fault.Is(err, fault.Exists) {
		return done, err
	}
	present, err := f.Stat(ctx, dest)
	if err != nil {
		return Result{}, err
	}
	a, err := r.ask(ctx, transfer.Conflict{Source: t.Entry, Target: present, SourcePath: t.Path, TargetPath: dest})
	if err != nil {
		return Result{}, err
	}
	switch a {
	case transfer.Skip:
		return Result{Unchanged: 1}, nil // the original stays, too
	case transfer.Replace:
		if present.Type == files.Dir || t.Entry.Type == files.Dir {
			return Result{}, fault.Newf(fault.Exists, string(r.j.Action), "", "a folder is not replaced")
		}
		if r.j.To.Site.Trash {
			return done, overKept(ctx, f, dest, func(replace bool) error { return do(ctx, dest, replace) })
		}
		return done, do(ctx, dest, true)
	}
	free, err := freeName(ctx, f, dest)
	if err != nil {
		return Result{}, err
	}
	return done, do(ctx, free, false)
}

// overKept puts what is at dest into the trash before do takes its place, and
// back if that fails. What no trash takes is replaced.
func overKept(ctx context.Context, f files.FS, dest files.Path, do func(replace bool) error) error {
	item, err := trash.Move(ctx, f, dest)
	if fault.Is(err, fault.Unsupported) {
		return do(true)
	}
	if err != nil {
		return err
	}
	if err := do(false); err != nil {
		_, back := trash.Restore(context.WithoutCancel(ctx), f, item, false)
		return errors.Join(err, back)
	}
	return nil
}

// freeName gives a name beside p that nobody has: "a (2).txt".
func freeName(ctx context.Context, f files.FS, p files.Path) (files.Path, error) {
	for n := 2; n < 1000; n++ {
		free := p.Dir().Join(files.Numbered(p.Base(), n))
		if _, err := f.Stat(ctx, free); fault.Is(err, fault.NotFound) {
			return free, nil
		} else if err != nil {
			return nil, err
		}
	}
	return nil, fault.Newf(fault.Exists, "copy", "", "no free name")
}

// ask lets the person decide about a taken name, one question at a time.
func (r *running) ask(ctx context.Context, c transfer.Conflict) (transfer.Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answer == "" {
		r.answer = r.j.Exists
	}
	if r.answer != "" {
		r.skipped = r.skipped || r.answer == transfer.Skip
		return r.answer, nil
	}
	choices := []string{string(transfer.KeepBoth), string(transfer.Replace), string(transfer.Skip)}
	if c.Target.Type.IsDir() || c.Source.Type.IsDir() {
		choices = []string{string(transfer.KeepBoth), string(transfer.Skip)}
	}
	answer, all, err := r.h.Ask(ctx, activity.Question{
		Kind: "exists", Data: map[string]string{"name": files.Display(c.TargetPath.Base()), "folder": files.Display(c.TargetPath.Dir().Base())},
		Choices: choices, All: true,
	})
	if err != nil {
		return "", err
	}
	a := transfer.Answer(answer)
	if !slices.Contains(choices, answer) {
		return "", fault.Newf(fault.Cancelled, string(r.j.Action), "", "no answer")
	}
	if all {
		r.answer = a
	}
	r.skipped = r.skipped || a == transfer.Skip
	return a, nil
}

// through copies by way of this computer; a Move then removes the source, if
// every byte of it arrived and nothing of it was passed over.
func (r *running) through(ctx context.Context, to files.FS, t Target, dest files.Path) (Result, error) {
	var one Result
	if !r.at.Copied {
		o := transfer.Options{Resume: true, SkipSame: true, OnExists: r.ask, Progress: r.h.Progress}
		whole := true
		if t.Entry.Type.IsDir() {
			sum, err := transfer.CopyTree(ctx, r.f, t.Path, to, dest, transfer.TreeOptions{Options: o})
			one = Result{Files: sum.Files, Folders: sum.Folders, Bytes: sum.Bytes, Unchanged: sum.Skipped}
			if err != nil {
				return one, err
			}
			whole = sum.Failed == 0 && sum.Unread == 0 && sum.Links == 0
		} else {
			c, err := transfer.Copy(ctx, r.f, t.Path, to, dest, o)
			if err != nil {
				return one, err
			}
			one = Result{Files: 1, Bytes: c.Bytes}
		}
		if r.j.Action == Copy {
			return one, nil
		}
		if r.skipped {
			return one, nil // as the person wanted it
		}
		if !whole {
			return one, fault.Newf(fault.Exists, "move", "", "not all of %s was copied: the original stays", t.Entry.Display)
		}
		r.at.Copied = true
		if err := r.h.Save(r.at); err != nil {
			return one, err
		}
	}
	_, err := Remove(ctx, r.f, []Target{t}, Options{})
	return one, errors.Join(err)
}

// CarryOptions change how Carry works.
type CarryOptions struct {
	Move    bool // the source goes away once all of it has arrived
	Replace bool // files of the same names are replaced; else they fail with Exists
	// Same says that both file systems are one place: what the server can do by
	// itself it does.
	Same     bool
	Progress func(done, size int64)
}

// Carry copies or moves one file or folder to the path to. src and dst are two
// connections, even within one place.
func Carry(ctx context.Context, src files.FS, from files.Path, dst files.FS, to files.Path, o CarryOptions) (Result, error) {
	if len(from) == 0 || len(to) == 0 {
		return Result{}, fault.Newf(fault.Permission, "copy", "", "the root stays")
	}
	e, err := src.Stat(ctx, from)
	if err != nil {
		return Result{}, err
	}
	if o.Same && to.Within(from) {
		return Result{}, fault.Newf(fault.Unsupported, "copy", "", "source and target are the same, or one lies in the other")
	}
	done := Result{Files: 1, Bytes: max(0, e.Size)}
	if o.Same && o.Move {
		return done, src.Rename(ctx, from, to, o.Replace)
	}
	if c, ok := src.(files.Copier); ok && o.Same && e.Type == files.File {
		if err := c.Copy(ctx, from, to, o.Replace); !fault.Is(err, fault.Unsupported) {
			return done, err
		}
	}
	t := transfer.Options{Progress: o.Progress, OnExists: func(context.Context, transfer.Conflict) (transfer.Answer, error) {
		if o.Replace {
			return transfer.Replace, nil
		}
		return "", fault.Newf(fault.Exists, "copy", "", "the name is taken")
	}}
	whole := true
	if e.Type.IsDir() {
		sum, err := transfer.CopyTree(ctx, src, from, dst, to, transfer.TreeOptions{Options: t})
		done = Result{Files: sum.Files, Folders: sum.Folders, Bytes: sum.Bytes, Failed: sum.Failed}
		if err != nil {
			return done, err
		}
		whole = sum.Failed == 0 && sum.Unread == 0 && sum.Links == 0
	} else if _, err := transfer.Copy(ctx, src, from, dst, to, t); err != nil {
		return Result{}, err
	}
	if !o.Move {
		return done, nil
	}
	if !whole {
		return done, fault.Newf(fault.Exists, "move", "", "not all of %s was copied: the original stays", e.Display)
	}
	_, err = Remove(ctx, src, []Target{{from, e}}, Options{})
	return done, err
}
