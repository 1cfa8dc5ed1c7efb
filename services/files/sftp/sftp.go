package sftp

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"

	"guichet/services/fault"
	"guichet/services/files"
)

// Status codes of the protocol, section 7 of the draft.
const (
	fxFailure      = 4
	fxBadMessage   = 5
	fxNoConnection = 6
	fxConnLost     = 7
	fxUnsupported  = 8
)

// fail classes an error of pkg/sftp.
func (f *FS) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Fault
	var status *sftp.StatusError
	switch {
	case errors.As(err, &known):
		return known.With(op, f.host)
	case errors.Is(err, sftp.ErrSSHFxConnectionLost):
		return fault.New(fault.Protocol, op, f.host, err)
	case errors.As(err, &status):
		kind := fault.Protocol
		switch status.Code {
		case fxFailure:
			kind = failureKind(status.Error())
		case fxUnsupported:
			kind = fault.Unsupported
		}
		fa := fault.New(kind, op, f.host, err)
		fa.Said = fault.CleanLine(status.Error())
		return fa
	}
	return fault.From(op, f.host, err)
}

// failureKind reads the text of SSH_FX_FAILURE, which stands for everything
// that version 3 of the protocol has no code for.
func failureKind(text string) fault.Kind {
	text = strings.ToLower(text)
	switch {
	case strings.Contains(text, "no space"), strings.Contains(text, "quota"):
		return fault.Full
	case strings.Contains(text, "exist"):
		return fault.Exists
	case strings.Contains(text, "not empty"):
		return fault.Exists
	case strings.Contains(text, "read-only"):
		return fault.Permission
	}
	return fault.Permission
}

// remote checks p's names and writes it as the protocol does.
func (f *FS) remote(op string, p files.Path) (string, error) {
	for _, name := range p {
		if err := files.CheckName(name); err != nil {
			return "", fault.New(fault.Permission, op, f.host, err)
		}
	}
	return p.String(), nil
}

// call runs a short request; the library knows no context. A request that
// outlives ctx goes on in the background and its answer is dropped; one that is
// not answered in time ends the connection.
func call[T any](ctx context.Context, f *FS, op string, do func(s *session) (T, error)) (T, error) {
	var zero T
	s, err := f.session(ctx)
	if err != nil {
		return zero, err
	}
	type answer struct {
		v   T
		err error
	}
	done := make(chan answer, 1)
	s.line.waiting.Add(1)
	f.group.Go("sftp "+op, func(context.Context) {
		defer s.line.waiting.Add(-1)
		v, err := do(s)
		done <- answer{v, err}
	})
	select {
	case a := <-done:
		return a.v, f.fail(op, a.err)
	case <-ctx.Done():
		return zero, fault.From(op, f.host, ctx.Err())
	case <-s.dead:
		select {
		case a := <-done:
			return a.v, f.fail(op, a.err)
		case <-time.After(100 * time.Millisecond): // a panic in do leaves no answer
		}
		return zero, fault.Newf(fault.Timeout, op, f.host, "the connection broke")
	}
}

func run(ctx context.Context, f *FS, op string, do func(s *session) error) error {
	_, err := call(ctx, f, op, func(s *session) (struct{}, error) { return struct{}{}, do(s) })
	return err
}

// Caps implements files.FS.
func (f *FS) Caps(ctx context.Context) (files.Caps, error) {
	s, err := f.session(ctx)
	if err != nil {
		return files.Caps{}, err
	}
	return s.caps, nil
}

// Home implements files.FS.
func (f *FS) Home(ctx context.Context) (files.Path, error) {
	s, err := f.session(ctx)
	if err != nil {
		return nil, err
	}
	return s.home, nil
}

// List implements files.FS.
func (f *FS) List(ctx context.Context, dir files.Path, emit func([]files.Entry) error) (files.Report, error) {
	var report files.Report
	name, err := f.remote("list", dir)
	if err != nil {
		return report, err
	}
	infos, err := call(ctx, f, "list", func(s *session) ([]os.FileInfo, error) {
		return s.sftp.ReadDirContext(ctx, name)
	})
	if err != nil {
		return report, err
	}
	entries := make([]files.Entry, 0, min(len(infos), files.MaxEntries))
	var links []int
	for _, info := range infos {
		if len(entries) == files.MaxEntries {
			return report, fault.Newf(fault.TooBig, "list", f.host, "more than %d entries", files.MaxEntries)
		}
		if err := files.CheckName(info.Name()); err != nil {
			report.Unread++
			if len(report.Samples) < 5 {
				report.Samples = append(report.Samples, fault.CleanLine(info.Name()))
			}
			continue
		}
		e := entry(info)
		if info.Mode()&fs.ModeSymlink != 0 {
			links = append(links, len(entries))
		}
		entries = append(entries, e)
	}
	if err := f.resolve(ctx, dir, entries, links); err != nil {
		return report, err
	}
	report.Entries = len(entries)
	if len(entries) == 0 {
		return report, nil
	}
	return report, emit(entries)
}

// resolve finds out where links lead, a few at a time.
func (f *FS) resolve(ctx context.Context, dir files.Path, entries []files.Entry, links []int) error {
	const parallel = 16
	var wg sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for _, i := range links {
		slots <- struct{}{}
		wg.Add(1)
		f.group.Go("sftp link", func(context.Context) {
			defer func() { <-slots; wg.Done() }()
			f.follow(ctx, dir.Join(entries[i].Name), &entries[i])
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return fault.From("list", f.host, err)
	}
	return nil
}

// follow completes the entry of a link. A link that leads nowhere stays one.
func (f *FS) follow(ctx context.Context, p files.Path, e *files.Entry) {
	type found struct {
		target string
		info   os.FileInfo
	}
	at, err := call(ctx, f, "link", func(s *session) (found, error) {
		var r found
		var err error
		if r.target, err = s.sftp.ReadLink(p.String()); err != nil {
			return r, err
		}
		if r.info, err = s.sftp.Stat(p.String()); errors.Is(err, fs.ErrNotExist) {
			return r, nil
		}
		return r, err
	})
	e.Target = at.target
	if err != nil || at.info == nil {
		return
	}
	e.ModTime = at.info.ModTime().UTC()
	if at.info.IsDir() {
		e.Type = files.LinkDir
	} else {
		e.Size = at.info.Size()
	}
}

func entry(info os.FileInfo) files.Entry {
	e := files.Entry{
		Name: info.Name(), Display: files.Display(info.Name()), Size: info.Size(),
		ModTime: info.ModTime().UTC(), Precise: time.Second, Mode: info.Mode().Perm(), HasMode: true,
	}
	if s, ok := info.Sys().(*sftp.FileStat); ok {
		e.Owner, e.Group = itoa(int(s.UID)), itoa(int(s.GID))
	}
	switch mode := info.Mode(); {
	case mode.IsRegular():
	case mode.IsDir():
		e.Type, e.Size = files.Dir, -1
	case mode&fs.ModeSymlink != 0:
		e.Type, e.Size = files.LinkFile, -1
	default:
		e.Type, e.Size = files.Other, -1
	}
	return e
}

// Stat implements files.FS.
func (f *FS) Stat(ctx context.Context, p files.Path) (files.Entry, error) {
	name, err := f.remote("stat", p)
	if err != nil {
		return files.Entry{}, err
	}
	info, err := call(ctx, f, "stat", func(s *session) (os.FileInfo, error) { return s.sftp.Lstat(name) })
	if err != nil {
		return files.Entry{}, err
	}
	e := entry(info)
	e.Name, e.Display = p.Base(), files.Display(p.Base())
	if info.Mode()&fs.ModeSymlink != 0 {
		f.follow(ctx, p, &e)
	}
	return e, nil
}

// exists reports whether p is there, itself and not what it may link to.
func (f *FS) exists(ctx context.Context, name string) (bool, error) {
	_, err := call(ctx, f, "stat", func(s *session) (os.FileInfo, error) { return s.sftp.Lstat(name) })
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// Mkdir implements files.FS.
func (f *FS) Mkdir(ctx context.Context, p files.Path) error {
	name, err := f.remote("mkdir", p)
	if err != nil {
		return err
	}
	err = run(ctx, f, "mkdir", func(s *session) error { return s.sftp.Mkdir(name) })
	if err != nil && ctx.Err() == nil && !fault.Is(err, fault.NotFound) {
		if there, serr := f.exists(ctx, name); serr == nil && there {
			return fault.New(fault.Exists, "mkdir", f.host, err)
		}
	}
	return err
}

// Remove implements files.FS.
func (f *FS) Remove(ctx context.Context, p files.Path) error {
	e, err := f.Stat(ctx, p)
	if err != nil {
		return err
	}
	if e.Type == files.Dir {
		return fault.Newf(fault.Unsupported, "remove", f.host, "%s is a folder", p)
	}
	// The library's Remove would try to remove a folder of that name next.
	return run(ctx, f, "remove", func(s *session) error { return s.sftp.Remove(p.String()) })
}

// RemoveDir implements files.FS.
func (f *FS) RemoveDir(ctx context.Context, p files.Path) error {
	name, err := f.remote("rmdir", p)
	if err != nil {
		return err
	}
	return run(ctx, f, "rmdir", func(s *session) error { return s.sftp.RemoveDirectory(name) })
}

// Rename implements files.FS.
func (f *FS) Rename(ctx context.Context, from, to files.Path, replace bool) error {
	a, err := f.remote("rename", from)
	if err != nil {
		return err
	}
	b, err := f.remote("rename", to)
	if err != nil {
		return err
	}
	s, err := f.session(ctx)
	if err != nil {
		return err
	}
	move := func(ctx context.Context, from, to files.Path) error {
		return run(ctx, f, "rename", func(s *session) error { return s.sftp.Rename(from.String(), to.String()) })
	}
	if replace && s.posix {
		return run(ctx, f, "rename", func(s *session) error { return s.sftp.PosixRename(a, b) })
	}
	there, err := f.exists(ctx, b)
	switch {
	case err != nil:
		return err
	case there && !replace:
		return fault.New(fault.Exists, "rename", f.host, fs.ErrExist)
	case there:
		return files.ReplaceAside(ctx, from, to, move, f.Remove)
	}
	return move(ctx, from, to)
}

// SetTime implements files.FS.
func (f *FS) SetTime(ctx context.Context, p files.Path, t time.Time) error {
	name, err := f.remote("settime", p)
	if err != nil {
		return err
	}
	return run(ctx, f, "settime", func(s *session) error { return s.sftp.Chtimes(name, t, t) })
}

// Chmod implements files.FS.
func (f *FS) Chmod(ctx context.Context, p files.Path, mode fs.FileMode) error {
	name, err := f.remote("chmod", p)
	if err != nil {
		return err
	}
	return run(ctx, f, "chmod", func(s *session) error { return s.sftp.Chmod(name, mode.Perm()) })
}

// Free implements files.Spacer by statvfs@openssh.com.
func (f *FS) Free(ctx context.Context, p files.Path) (int64, error) {
	name, err := f.remote("free", p)
	if err != nil {
		return 0, err
	}
	return call(ctx, f, "free", func(s *session) (int64, error) {
		if !s.vfs {
			return 0, fault.Newf(fault.Unsupported, "free", f.host, "no statvfs")
		}
		v, err := s.sftp.StatVFS(name)
		if err != nil {
			return 0, err
		}
		return int64(min(v.Bavail*v.Frsize, 1<<62)), nil
	})
}

// URL implements files.FS.
func (f *FS) URL(p files.Path) string { return f.p.Site.URL(p) }
