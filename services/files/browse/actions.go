package browse

import (
	"context"
	"io/fs"
	"strings"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sites"
	"guichet/services/task"
)

func savePassword(ctx context.Context, s *Service, site files.Site, password string) error {
	return sites.SavePassword(ctx, s.p.Secrets, site, password)
}

// act runs an action after those before it, publishes that it runs and what
// came of it, and lists the folder again. done reports progress.
func (e *Session) act(op string, do func(ctx context.Context, f files.FS, done func(n int)) error) {
	ctx, cancel := context.WithCancel(e.group.Context())
	e.group.Go(op, func(context.Context) {
		defer cancel()
		e.acting.Lock()
		defer e.acting.Unlock()
		e.mu.Lock()
		e.stop = cancel
		e.mu.Unlock()
		e.update(func(l *Listing) { l.Busy, l.BusyDone, l.Fault, l.FaultOp = op, 0, nil, "" })
		throttle := task.NewThrottle(task.Interval, func(n int) {
			e.update(func(l *Listing) {
				if l.Busy == op {
					l.BusyDone = n
				}
			})
		})
		f, err := e.connected(ctx)
		if err == nil {
			err = do(ctx, f, throttle.Set)
		}
		e.mu.Lock()
		e.stop = nil
		e.mu.Unlock()
		shown := e.Current().Path
		e.update(func(l *Listing) {
			l.Busy = ""
			if err != nil {
				l.Fault, l.FaultOp = err, op
			}
		})
		if e.group.Context().Err() == nil && !fault.Is(err, fault.Exists) {
			e.refresh(shown)
		}
	})
}

// refresh lists the folder shown again without touching history or fault.
func (e *Session) refresh(p files.Path) { e.relist(p, func(error) bool { return false }) }

// relist is refresh; where it fails mend may do something about it.
func (e *Session) relist(p files.Path, mend func(error) bool) {
	e.mu.Lock()
	e.wanted, e.wantHome = p, false
	e.mu.Unlock()
	e.loads.Start("list", func(ctx context.Context, current func() bool) {
		if op, err := e.list(ctx, current, p, stay); err != nil && current() && !mend(err) {
			e.update(func(l *Listing) { l.Loading, l.Fault, l.FaultOp = false, err, op })
		}
	})
}

// Mkdir makes a folder of that name (text as typed) in the folder shown.
func (e *Session) Mkdir(name string) {
	dir := e.Current().Path
	e.act("mkdir", func(ctx context.Context, f files.FS, _ func(int)) error {
		if err := files.CheckName(strings.TrimSpace(name)); err != nil {
			return fault.New(fault.Permission, "mkdir", "", err)
		}
		return f.Mkdir(ctx, dir.Join(files.ImportName(f, name)))
	})
}

// Rename gives an entry a new name; a taken name is a fault of kind Exists.
func (e *Session) Rename(entry files.Entry, name string) {
	dir := e.Current().Path
	e.act("rename", func(ctx context.Context, f files.FS, _ func(int)) error {
		if err := files.CheckName(strings.TrimSpace(name)); err != nil {
			return fault.New(fault.Permission, "rename", "", err)
		}
		to := files.ImportName(f, name)
		if to == entry.Name {
			return nil
		}
		return f.Rename(ctx, dir.Join(entry.Name), dir.Join(to), false)
	})
}

// Move puts entries of folder from into the folder to of the same place; what is
// there under such a name stops it with Exists.
func (e *Session) Move(entries []files.Entry, from, to files.Path) {
	e.act("rename", func(ctx context.Context, f files.FS, done func(int)) error {
		for i, entry := range entries {
			if err := f.Rename(ctx, from.Join(entry.Name), to.Join(entry.Name), false); err != nil {
				return err
			}
			done(i + 1)
		}
		return nil
	})
}

// Delete removes entries, folders with all that is in them; links are removed,
// never what they point to.
func (e *Session) Delete(entries []files.Entry) {
	dir := e.Current().Path
	e.act("delete", func(ctx context.Context, f files.FS, done func(int)) error {
		n := 0
		count := func() { n++; done(n) }
		for _, entry := range entries {
			if err := remove(ctx, f, dir.Join(entry.Name), entry, 0, count); err != nil {
				return err
			}
		}
		return nil
	})
}

// remove deletes an entry with all that is in it. A folder whose listing could
// not be read wholly is left alone.
func remove(ctx context.Context, f files.FS, p files.Path, e files.Entry, depth int, count func()) error {
	if depth > files.MaxDepth {
		return fault.Newf(fault.TooBig, "delete", "", "more than %d folders deep", files.MaxDepth)
	}
	if e.Type != files.Dir {
		err := f.Remove(ctx, p)
		if err == nil {
			count()
		}
		return err
	}
	var inside []files.Entry
	report, err := f.List(ctx, p, func(more []files.Entry) error { inside = append(inside, more...); return nil })
	if err != nil {
		return err
	}
	if report.Unread > 0 {
		return fault.Newf(fault.Unsupported, "delete", "", "%d names in %s could not be read", report.Unread, p)
	}
	for _, one := range inside {
		if err := remove(ctx, f, p.Join(one.Name), one, depth+1, count); err != nil {
			return err
		}
	}
	if err := f.RemoveDir(ctx, p); err != nil {
		return err
	}
	count()
	return nil
}

// Chmod changes permissions.
func (e *Session) Chmod(entries []files.Entry, mode fs.FileMode) {
	dir := e.Current().Path
	e.act("chmod", func(ctx context.Context, f files.FS, _ func(int)) error {
		for _, entry := range entries {
			if err := f.Chmod(ctx, dir.Join(entry.Name), mode); err != nil {
				return err
			}
		}
		return nil
	})
}
