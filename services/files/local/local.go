// Package local is the file system of this computer as a files.FS. Confined to
// a folder it is made on os.Root: whatever names a server sends, and whatever
// links lie in that folder, nothing outside of it is written or read.
package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/checksum"
)

// Options change how a folder is opened.
type Options struct {
	// Confined refuses links that lead out of the folder. It is right for every
	// target of a transfer; without it links are followed as the system does,
	// which is right for looking around.
	Confined bool
}

// place is what of os.Root is used; plain is the unconfined one.
type place interface {
	OpenFile(name string, flag int, perm os.FileMode) (*os.File, error)
	Mkdir(name string, perm os.FileMode) error
	Remove(name string) error
	Rename(from, to string) error
	Link(from, to string) error
	Stat(name string) (os.FileInfo, error)
	Lstat(name string) (os.FileInfo, error)
	Readlink(name string) (string, error)
	Chtimes(name string, a, m time.Time) error
	Chmod(name string, mode os.FileMode) error
	Close() error
}

// FS is a folder of this computer. It is safe for concurrent use.
type FS struct {
	root string
	at   place
	// wait is for calls that know no context; dirty says that files were committed
	// that may not be on the disk yet.
	wait  sync.WaitGroup
	dirty atomic.Bool

	mu      sync.Mutex
	folders []*folder // those used last, confined ones only; the newest at the end
}

var (
	_ files.FS        = (*FS)(nil)
	_ files.Namer     = (*FS)(nil)
	_ files.Hasher    = (*FS)(nil)
	_ files.Spacer    = (*FS)(nil)
	_ files.Syncer    = (*FS)(nil)
	_ files.Assembler = (*FS)(nil)
	_ files.Finisher  = (*writer)(nil)
	_ files.Witness   = (*reader)(nil)
)

// New opens a folder, an absolute path of the system. Faults: NotFound,
// Permission.
func New(root string, o Options) (*FS, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, failure("open", err)
	}
	if o.Confined {
		r, err := os.OpenRoot(abs)
		if err != nil {
			return nil, failure("open", err)
		}
		return &FS{root: abs, at: r}, nil
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, failure("open", err)
	}
	if !info.IsDir() {
		return nil, fault.Newf(fault.NotFound, "open", "", "%s is no folder", abs)
	}
	return &FS{root: abs, at: plain(abs)}, nil
}

// Split divides an absolute path of the system into the root of its volume and
// the path from there.
func Split(system string) (root string, p files.Path, err error) {
	abs, err := filepath.Abs(system)
	if err != nil {
		return "", nil, failure("path", err)
	}
	volume := filepath.VolumeName(abs)
	return volume + string(filepath.Separator), files.ParsePath(filepath.ToSlash(abs[len(volume):])), nil
}

// Root is the folder that is the empty Path.
func (f *FS) Root() string { return f.root }

// System writes p as the system does.
func (f *FS) System(p files.Path) string {
	return Join(f.root, p)
}

// rel checks p's names and joins them. The root is ".".
func rel(op string, p files.Path) (string, error) {
	if len(p) == 0 {
		return ".", nil
	}
	for _, name := range p {
		err := files.CheckName(name)
		if err == nil && os.PathSeparator != '/' && strings.ContainsAny(name, `\:`) {
			err = files.BadName("the name holds a separator")
		}
		if err != nil {
			return "", fault.New(fault.Permission, op, "", err)
		}
	}
	name := filepath.Join(p...)
	if !filepath.IsLocal(name) {
		return "", fault.Newf(fault.Permission, op, "", "%q leads out of the folder", name)
	}
	return name, nil
}

// failure classes the system's errors that package fault does not know.
func failure(op string, err error) error {
	if err == nil {
		return nil
	}
	kind := fault.Kind("")
	switch {
	case errors.Is(err, syscall.ENOTEMPTY):
		kind = fault.Exists
	case errors.Is(err, syscall.ENOTDIR):
		kind = fault.NotFound
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.EXDEV):
		kind = fault.Unsupported
	case errors.Is(err, syscall.ELOOP), strings.Contains(err.Error(), "path escapes from parent"):
		kind = fault.Permission
	default:
		return fault.From(op, "", err)
	}
	return fault.New(kind, op, "", err)
}

// Caps implements files.FS.
func (f *FS) Caps(context.Context) (files.Caps, error) {
	return files.Caps{
		Resume: true, AtomicReplace: true, SetTime: true, Chmod: runtime.GOOS != "windows",
		Hash: checksum.Algorithms, FreeSpace: true,
		TimePrecision: time.Microsecond, MaxConns: 8,
		CaseFolding: runtime.GOOS == "windows" || runtime.GOOS == "darwin",
	}, nil
}

// Home implements files.FS: the person's folder if it lies inside, else the
// root.
func (f *FS) Home(context.Context) (files.Path, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, nil //nolint:nilerr // no home is no fault: the root is shown
	}
	name, err := filepath.Rel(f.root, home)
	if err != nil || !filepath.IsLocal(name) {
		return nil, nil //nolint:nilerr // home lies elsewhere
	}
	return files.ParsePath(filepath.ToSlash(name)), nil
}

// batch is how many names are read from a folder at once.
const batch = 500

// List implements files.FS.
func (f *FS) List(ctx context.Context, dir files.Path, emit func([]files.Entry) error) (files.Report, error) {
	var report files.Report
	name, err := rel("list", dir)
	if err != nil {
		return report, err
	}
	d, err := f.at.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return report, failure("list", err)
	}
	defer d.Close()
	for {
		if err := ctx.Err(); err != nil {
			return report, fault.From("list", "", err)
		}
		found, err := d.ReadDir(batch)
		entries := make([]files.Entry, 0, len(found))
		for _, e := range found {
			info, ierr := e.Info()
			if ierr != nil {
				if !errors.Is(ierr, fs.ErrNotExist) { // deleted since: no fault
					report.Unread++
				}
				continue
			}
			entries = append(entries, f.entry(filepath.Join(name, e.Name()), info))
		}
		report.Entries += len(entries)
		if len(entries) > 0 {
			if err := emit(entries); err != nil {
				return report, err
			}
		}
		if errors.Is(err, io.EOF) {
			return report, nil
		}
		if err != nil {
			return report, failure("list", err)
		}
	}
}

func (f *FS) entry(name string, info os.FileInfo) files.Entry {
	e := files.Entry{
		Name: info.Name(), Display: files.Display(info.Name()), Size: info.Size(), ModTime: info.ModTime().UTC(),
		Precise: time.Microsecond, Mode: info.Mode().Perm(), HasMode: true, ID: identity(info),
	}
	switch mode := info.Mode(); {
	case mode.IsRegular():
	case mode.IsDir():
		e.Type, e.Size = files.Dir, -1
	case mode&fs.ModeSymlink != 0:
		e.Type, e.Size = files.LinkFile, -1
		// What cannot be read of a link is left unknown: it may lead nowhere.
		if target, err := f.at.Readlink(name); err == nil {
			e.Target = target
		}
		if to, err := f.at.Stat(name); err == nil {
			e.ModTime = to.ModTime().UTC()
			if to.IsDir() {
				e.Type = files.LinkDir
			} else {
				e.Size = to.Size()
			}
		}
	default:
		e.Type, e.Size = files.Other, -1
	}
	return e
}

// Stat implements files.FS. The root has no name.
func (f *FS) Stat(ctx context.Context, p files.Path) (files.Entry, error) {
	name, err := rel("stat", p)
	if err != nil {
		return files.Entry{}, err
	}
	if err := ctx.Err(); err != nil {
		return files.Entry{}, fault.From("stat", "", err)
	}
	info, err := f.at.Lstat(name)
	if err != nil {
		return files.Entry{}, failure("stat", err)
	}
	e := f.entry(name, info)
	e.Name = p.Base()
	e.Display = files.Display(e.Name)
	return e, nil
}

// Mkdir implements files.FS.
func (f *FS) Mkdir(_ context.Context, p files.Path) error {
	name, err := rel("mkdir", p)
	if err != nil {
		return err
	}
	return failure("mkdir", f.at.Mkdir(name, 0o777))
}

// Remove implements files.FS: it removes a link, never what it points to.
func (f *FS) Remove(_ context.Context, p files.Path) error {
	name, err := rel("remove", p)
	if err != nil {
		return err
	}
	info, err := f.at.Lstat(name)
	if err != nil {
		return failure("remove", err)
	}
	if info.IsDir() {
		return fault.Newf(fault.Unsupported, "remove", "", "%q is a folder", name)
	}
	return failure("remove", f.at.Remove(name))
}

// RemoveDir implements files.FS.
func (f *FS) RemoveDir(_ context.Context, p files.Path) error {
	name, err := rel("rmdir", p)
	if err != nil {
		return err
	}
	if name == "." {
		return fault.Newf(fault.Permission, "rmdir", "", "the root stays")
	}
	info, err := f.at.Lstat(name)
	if err != nil {
		return failure("rmdir", err)
	}
	if !info.IsDir() {
		return fault.Newf(fault.NotFound, "rmdir", "", "%q is no folder", name)
	}
	return failure("rmdir", f.at.Remove(name))
}

// Rename implements files.FS.
func (f *FS) Rename(_ context.Context, from, to files.Path, replace bool) error {
	a, err := rel("rename", from)
	if err != nil {
		return err
	}
	b, err := rel("rename", to)
	if err != nil {
		return err
	}
	return moveName(f.at, a, b, replace)
}

func moveName(at place, a, b string, replace bool) error {
	if replace {
		return failure("rename", renameOver(at, a, b))
	}
	info, err := at.Lstat(a)
	if err != nil {
		return failure("rename", err)
	}
	if done, err := renameNew(at, a, b); done && (err == nil || !sameFile(at, a, b)) {
		return failure("rename", err)
	}
	if info.Mode().IsRegular() {
		// A hard link fails where the name is taken, with no moment between look
		// and leap.
		err := at.Link(a, b)
		switch {
		case err == nil:
			return failure("rename", at.Remove(a))
		case errors.Is(err, fs.ErrExist):
			if !sameFile(at, a, b) {
				return failure("rename", err)
			}
			return failure("rename", at.Rename(a, b)) // only the case of letters changes
		}
		// The file system knows no links (FAT): look, then leap.
	}
	if _, err := at.Lstat(b); err == nil && !sameFile(at, a, b) {
		return fault.New(fault.Exists, "rename", "", fs.ErrExist)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failure("rename", err)
	}
	return failure("rename", at.Rename(a, b))
}

// renameOver renames over what may be there. Two names of one file, which a fall
// in the midst of moveName can leave, stay as they are for the system.
func renameOver(at place, a, b string) error {
	if err := at.Rename(a, b); err != nil {
		return err
	}
	x, err := at.Lstat(a)
	if err != nil {
		return nil //nolint:nilerr // as it should be
	}
	if y, err := at.Lstat(b); err != nil || !os.SameFile(x, y) || strings.EqualFold(a, b) {
		return nil //nolint:nilerr // somebody else's, or another writing of the name
	}
	return at.Remove(a)
}

// sameFile reports whether two different names are one directory entry, as on
// systems where letters' case does not count.
func sameFile(at place, a, b string) bool {
	if !strings.EqualFold(a, b) {
		return false
	}
	x, xerr := at.Lstat(a)
	y, yerr := at.Lstat(b)
	return xerr == nil && yerr == nil && os.SameFile(x, y)
}

// SetTime implements files.FS.
func (f *FS) SetTime(_ context.Context, p files.Path, t time.Time) error {
	name, err := rel("settime", p)
	if err != nil {
		return err
	}
	return failure("settime", f.at.Chtimes(name, time.Time{}, t))
}

// Chmod implements files.FS.
func (f *FS) Chmod(_ context.Context, p files.Path, mode fs.FileMode) error {
	name, err := rel("chmod", p)
	if err != nil {
		return err
	}
	return failure("chmod", f.at.Chmod(name, mode.Perm()))
}

// URL implements files.FS.
func (f *FS) URL(p files.Path) string {
	system := filepath.ToSlash(f.System(p))
	if !strings.HasPrefix(system, "/") {
		system = "/" + system
	}
	return files.Site{Protocol: files.ProtocolLocal}.URL(files.ParsePath(system))
}

// Close implements files.FS.
func (f *FS) Close() error {
	f.mu.Lock()
	folders := f.folders
	f.folders = nil
	f.mu.Unlock()
	for _, one := range folders {
		f.drop(one)
	}
	return failure("close", f.at.Close())
}

// plain is a place without confinement.
type plain string

func (d plain) at(name string) string { return filepath.Join(string(d), name) }

func (d plain) OpenFile(name string, flag int, perm os.FileMode) (*os.File, error) {
	return os.OpenFile(d.at(name), flag, perm)
}
func (d plain) Mkdir(name string, perm os.FileMode) error { return os.Mkdir(d.at(name), perm) }
func (d plain) Remove(name string) error                  { return os.Remove(d.at(name)) }
func (d plain) Rename(from, to string) error              { return os.Rename(d.at(from), d.at(to)) }
func (d plain) Link(from, to string) error                { return os.Link(d.at(from), d.at(to)) }
func (d plain) Stat(name string) (os.FileInfo, error)     { return os.Stat(d.at(name)) }
func (d plain) Lstat(name string) (os.FileInfo, error)    { return os.Lstat(d.at(name)) }
func (d plain) Readlink(name string) (string, error)      { return os.Readlink(d.at(name)) }
func (d plain) Chtimes(name string, a, m time.Time) error { return os.Chtimes(d.at(name), a, m) }
func (d plain) Chmod(name string, mode os.FileMode) error { return os.Chmod(d.at(name), mode) }
func (d plain) Close() error                              { return nil }

// Join writes the path p below root as the system does, without looking at
// either.
func Join(root string, p files.Path) string {
	return filepath.Join(append([]string{root}, p...)...)
}
