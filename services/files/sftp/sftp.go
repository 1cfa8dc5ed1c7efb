package sftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sftp/wire"
)

// fail classes an error of package wire.
func (f *FS) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Fault
	if errors.As(err, &known) {
		return known.With(op, f.host)
	}
	var status *wire.StatusError
	if !errors.As(err, &status) {
		fa := fault.From(op, f.host, err)
		if fa.Kind == fault.Internal { // what package wire says of a packet
			fa.Kind = fault.Protocol
		}
		return fa
	}
	kind := fault.Protocol
	switch status.Code {
	case wire.StatusNoSuchFile:
		kind = fault.NotFound
	case wire.StatusPermission:
		kind = fault.Permission
	case wire.StatusFailure:
		kind = failureKind(op, status.Message)
	case wire.StatusUnsupported:
		kind = fault.Unsupported
	}
	fa := fault.New(kind, op, f.host, err)
	fa.Said = fault.CleanLine(status.Message)
	return fa
}

// failureKind reads the text of SSH_FX_FAILURE, which stands for everything
// that version 3 of the protocol has no code for. OpenSSH says nothing more
// than "Failure".
func failureKind(op, text string) fault.Kind {
	text = strings.ToLower(text)
	switch {
	case strings.Contains(text, "no space"), strings.Contains(text, "quota"):
		return fault.Full
	case strings.Contains(text, "exist"), strings.Contains(text, "not empty"):
		return fault.Exists
	case strings.Contains(text, "read-only"):
		return fault.Permission
	case op == "rmdir":
		return fault.Exists // what it mostly is: there is something in the folder
	}
	return fault.Permission
}

// streamFault is fail for a connection that may have ended: it tells a mute
// server from a cancelled call and from a cut line.
func (f *FS) streamFault(op string, ctx context.Context, s *session, err error) error {
	if cerr := ctx.Err(); cerr != nil {
		return fault.From(op, f.host, cerr)
	}
	var status *wire.StatusError
	var known *fault.Fault
	if errors.As(err, &status) || errors.As(err, &known) {
		return f.fail(op, err)
	}
	if s.wire.Err() == nil {
		return f.fail(op, err)
	}
	return s.why(op, f.host)
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

// call does something on the living connection. do may be called twice: a
// connection that was idle may turn out to be dead only now.
func call[T any](ctx context.Context, f *FS, op string, do func(s *session) (T, error)) (T, error) {
	var zero T
	for try := 0; ; try++ {
		s, fresh, err := f.session(ctx)
		if err != nil {
			return zero, err
		}
		v, err := do(s)
		if err == nil {
			return v, nil
		}
		if s.wire.Err() != nil && !fresh && try == 0 && ctx.Err() == nil && idempotent[op] && !errors.Is(s.reason(), errMute) {
			continue
		}
		return zero, f.streamFault(op, ctx, s, err)
	}
}

// idempotent names the operations that may be done twice without harm.
var idempotent = map[string]bool{"stat": true, "list": true, "read": true, "free": true, "settime": true, "chmod": true, "hash": true}

func run(ctx context.Context, f *FS, op string, do func(s *session) error) error {
	_, err := call(ctx, f, op, func(s *session) (struct{}, error) { return struct{}{}, do(s) })
	return err
}

// Caps implements files.FS.
func (f *FS) Caps(ctx context.Context) (files.Caps, error) {
	s, _, err := f.session(ctx)
	if err != nil {
		return files.Caps{}, err
	}
	return s.caps, nil
}

// Home implements files.FS.
func (f *FS) Home(ctx context.Context) (files.Path, error) {
	s, _, err := f.session(ctx)
	if err != nil {
		return nil, err
	}
	return s.home, nil
}

// Stat implements files.FS.
func (f *FS) Stat(ctx context.Context, p files.Path) (files.Entry, error) {
	name, err := f.remote("stat", p)
	if err != nil {
		return files.Entry{}, err
	}
	return call(ctx, f, "stat", func(s *session) (files.Entry, error) {
		a, err := s.wire.Lstat(ctx, name)
		if err != nil {
			f.seen.forget(name)
			return files.Entry{}, err
		}
		one := []files.Entry{entry(p.Base(), a, "")}
		f.owners.name(a, &one[0])
		switch one[0].Type {
		case files.LinkFile:
			err = f.follow(ctx, s, p.Dir(), one)
		case files.File:
			if a.Flags&wire.AttrMode != 0 {
				f.seen.add(name, factOf(a))
			}
		}
		return one[0], err
	})
}

// exists reports whether p is there, itself and not what it may link to.
func (f *FS) exists(ctx context.Context, name string) (bool, error) {
	err := run(ctx, f, "stat", func(s *session) error {
		_, err := s.wire.Lstat(ctx, name)
		return err
	})
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
	err = run(ctx, f, "mkdir", func(s *session) error { return s.wire.Mkdir(ctx, name) })
	if err != nil && ctx.Err() == nil && !fault.Is(err, fault.NotFound) {
		if there, serr := f.exists(ctx, name); serr == nil && there {
			return fault.New(fault.Exists, "mkdir", f.host, err)
		}
	}
	return err
}

// Remove implements files.FS.
func (f *FS) Remove(ctx context.Context, p files.Path) error {
	name, err := f.remote("remove", p)
	if err != nil {
		return err
	}
	f.seen.forget(name)
	return run(ctx, f, "remove", func(s *session) error {
		if s.inOrder { // keeps to the draft: this is not for folders
			err := s.wire.Remove(ctx, name)
			var status *wire.StatusError
			if !errors.As(err, &status) || status.Code != wire.StatusFailure {
				return err
			}
		}
		a, err := s.wire.Lstat(ctx, name)
		if err != nil {
			return err
		}
		if typeOf(a, "") == files.Dir {
			return fault.Newf(fault.Unsupported, "remove", f.host, "%s is a folder", p)
		}
		return s.wire.Remove(ctx, name)
	})
}

// RemoveDir implements files.FS.
func (f *FS) RemoveDir(ctx context.Context, p files.Path) error {
	name, err := f.remote("rmdir", p)
	if err != nil {
		return err
	}
	return run(ctx, f, "rmdir", func(s *session) error { return s.wire.Rmdir(ctx, name) })
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
	s, _, err := f.session(ctx)
	if err != nil {
		return err
	}
	f.seen.forget(a)
	f.seen.forget(b)
	move := func(ctx context.Context, from, to files.Path) error {
		return run(ctx, f, "rename", func(s *session) error { return s.wire.Rename(ctx, from.String(), to.String()) })
	}
	if replace && s.posix {
		err := run(ctx, f, "rename", func(s *session) error { return s.wire.PosixRename(ctx, a, b) })
		if !fault.Is(err, fault.Unsupported) && !fault.Is(err, fault.Permission) {
			return err
		}
		// The extension may be forbidden and the plain request not.
	} else if !replace && s.inOrder {
		err := move(ctx, from, to) // keeps to the draft: this does not replace
		if err == nil || fault.Is(err, fault.NotFound) || ctx.Err() != nil {
			return err
		}
		if there, serr := f.exists(ctx, b); serr == nil && there {
			return fault.New(fault.Exists, "rename", f.host, err)
		}
		return err
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
	return f.setstat(ctx, "settime", p, wire.Times(t))
}

// Chmod implements files.FS.
func (f *FS) Chmod(ctx context.Context, p files.Path, mode fs.FileMode) error {
	return f.setstat(ctx, "chmod", p, wire.Attrs{Flags: wire.AttrMode, Mode: uint32(mode.Perm())})
}

func (f *FS) setstat(ctx context.Context, op string, p files.Path, a wire.Attrs) error {
	name, err := f.remote(op, p)
	if err != nil {
		return err
	}
	f.seen.forget(name)
	return run(ctx, f, op, func(s *session) error { return s.wire.Setstat(ctx, name, a) })
}

// Chown implements files.Owner. This version of the protocol knows numbers
// only; a name is understood if a listing has shown it.
func (f *FS) Chown(ctx context.Context, p files.Path, owner, group string) error {
	name, err := f.remote("chown", p)
	if err != nil {
		return err
	}
	return run(ctx, f, "chown", func(s *session) error {
		now, err := s.wire.Lstat(ctx, name)
		if err != nil {
			return err
		}
		a := wire.Attrs{Flags: wire.AttrOwner, UID: now.UID, GID: now.GID}
		if now.Flags&wire.AttrOwner == 0 && (owner == "" || group == "") {
			return fault.Newf(fault.Unsupported, "chown", f.host, "the server does not tell owners")
		}
		if owner != "" {
			if a.UID, err = f.owners.number(owner, false); err != nil {
				return err
			}
		}
		if group != "" {
			if a.GID, err = f.owners.number(group, true); err != nil {
				return err
			}
		}
		return s.wire.Setstat(ctx, name, a)
	})
}

// Free implements files.Spacer by statvfs@openssh.com.
func (f *FS) Free(ctx context.Context, p files.Path) (int64, error) {
	name, err := f.remote("free", p)
	if err != nil {
		return 0, err
	}
	return call(ctx, f, "free", func(s *session) (int64, error) {
		if !s.statvfs {
			return 0, fault.Newf(fault.Unsupported, "free", f.host, "no statvfs")
		}
		return s.wire.Free(ctx, name)
	})
}

// URL implements files.FS.
func (f *FS) URL(p files.Path) string { return f.p.Site.URL(p) }

var (
	_ io.WriterTo   = (*reader)(nil)
	_ io.ReaderFrom = (*writer)(nil)
)
