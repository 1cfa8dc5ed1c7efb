package edit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/transfer"
	"guichet/services/task"
)

// settle is how long a copy must rest after a change before it is looked at:
// editors write in several steps, many under another name that they rename.
// poll finds what the system does not tell of (network folders).
const (
	settle = 400 * time.Millisecond
	poll   = 3 * time.Second
)

// snapshotSuffix marks the folder that holds what is on its way back, so that
// the editor may go on writing meanwhile.
const snapshotSuffix = ".saving"

// editing is one edited file. Its loop alone changes rec; file is for all,
// under the service's lock.
type editing struct {
	s        *Service
	dir      string // of the copy
	group    *task.Group
	commands chan command
	rec      record
	file     File
	seen     stat // of the copy when it was last looked at
	tries    int  // failed ones in a row
}

// command is what a person wants.
type command struct {
	choice Choice
	retry  bool
}

// stat is what changes when a file is written.
type stat struct {
	size int64
	at   time.Time
}

func (e *editing) now() File {
	e.s.mu.Lock()
	defer e.s.mu.Unlock()
	return e.file
}

// set changes what is shown.
func (e *editing) set(change func(*File)) {
	e.s.mu.Lock()
	change(&e.file)
	e.s.mu.Unlock()
	e.s.changed()
}

// failed shows why something did not go.
func (e *editing) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	slog.Warn("edited file", "file", e.rec.Name, "err", err)
	e.set(func(f *File) { f.State, f.Fault = Failed, err })
}

// run fetches the file, unless the copy is from before, and watches over it.
func (e *editing) run(ctx context.Context) {
	if e.rec.Base == "" {
		for {
			err := e.fetch(ctx, true)
			if err == nil {
				break
			}
			e.failed(ctx, err)
			if !e.retried(ctx) {
				return
			}
			e.set(func(f *File) { f.State, f.Fault = Fetching, nil })
		}
		if err := e.s.open(e.file.Local); err != nil {
			e.set(func(f *File) { f.State, f.Fault = Open, err })
		}
	}
	e.watch(ctx)
}

// retried waits for a person who says to try again.
func (e *editing) retried(ctx context.Context) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case c := <-e.commands:
			if c.retry {
				return true
			}
		}
	}
}

// dial opens the server.
func (e *editing) dial(ctx context.Context) (files.FS, error) {
	return e.s.p.Dialer.Dial(ctx, e.rec.Place.Site)
}

// fetch brings the server's file here, in place of what is here. first refuses
// programs.
func (e *editing) fetch(ctx context.Context, first bool) error {
	f, err := e.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	entry, err := f.Stat(ctx, e.rec.Place.At())
	if err != nil {
		return err
	}
	if entry.Type.IsDir() || entry.Type == files.Other {
		return fault.Newf(fault.Unsupported, "edit", "", "%s is no file", entry.Display)
	}
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return fault.From("edit", "", err)
	}
	here, err := local.New(e.dir, local.Options{Confined: true})
	if err != nil {
		return err
	}
	defer func() { _ = here.Close() }()
	if _, err := transfer.Copy(ctx, f, e.rec.Place.At(), here, files.Path{e.rec.Name}, transfer.Options{OnExists: replace}); err != nil {
		return err
	}
	if first {
		program, err := isProgram(e.file.Local)
		if err == nil && program {
			err = refused(e.file.Name)
		}
		if err != nil {
			return errors.Join(err, os.RemoveAll(e.dir))
		}
	}
	hash, err := hashFile(e.file.Local)
	if err != nil {
		return fault.From("edit", "", err)
	}
	e.rec.Base, e.rec.Remote = hash, print(entry)
	e.look()
	if err := e.save(); err != nil {
		return err
	}
	e.set(func(f *File) { f.State, f.Fault, f.Unsaved, f.Gone = Open, nil, false, false })
	return nil
}

func replace(context.Context, transfer.Conflict) (transfer.Answer, error) {
	return transfer.Replace, nil
}

// look notes how the copy stands, and reports whether that changed.
func (e *editing) look() bool {
	info, err := os.Stat(e.file.Local)
	if err != nil {
		return false // an editor is between two steps
	}
	now := stat{info.Size(), info.ModTime()}
	changed := now != e.seen
	e.seen = now
	return changed
}

// watch brings every save back until ctx ends.
func (e *editing) watch(ctx context.Context) {
	var events chan fsnotify.Event
	var errs chan error
	if w, err := fsnotify.NewWatcher(); err == nil {
		defer w.Close()
		// The folder, not the file: an editor that saves by renaming makes a new one.
		if err := w.Add(e.dir); err == nil {
			events, errs = w.Events, w.Errors
		}
	}
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	rest := time.NewTimer(0) // a save may have come before the watch
	defer rest.Stop()
	again := time.NewTimer(time.Hour)
	again.Stop()
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			rest.Reset(settle)
		case _, ok := <-errs: // lost events: the poll finds the change
			if !ok {
				errs = nil
			}
		case <-ticker.C:
			if e.look() {
				rest.Reset(settle)
			}
		case <-rest.C:
			if e.look() && time.Since(e.seen.at) < settle && time.Since(e.seen.at) >= 0 {
				rest.Reset(settle) // it is still being written
				continue
			}
			e.bring(ctx, "")
		case <-again.C:
			e.bring(ctx, "")
		case c := <-e.commands:
			e.bring(ctx, c.choice)
		}
		again.Stop()
		if f := e.now(); f.State == Failed && fault.KindOf(f.Fault).Transient() {
			e.tries++
			again.Reset(min(5*time.Second<<min(e.tries-1, 6), 5*time.Minute))
		} else {
			e.tries = 0
		}
	}
}

// bring sends the copy back if it holds something new. choice is the answer to
// a conflict, "" for none.
func (e *editing) bring(ctx context.Context, choice Choice) {
	if e.now().State == Conflict && choice == "" {
		// What was decided about would change under the person; but the copy may
		// be newer by now, and still is what "mine" means.
		return
	}
	if choice == Theirs {
		e.set(func(f *File) { f.State = Fetching })
		if err := e.fetch(ctx, false); err != nil {
			e.failed(ctx, err)
		}
		return
	}
	snapshot, hash, err := e.snapshot()
	if errors.Is(err, fs.ErrNotExist) {
		return // between two steps of an editor, or deleted: nothing to send
	}
	if err != nil {
		e.failed(ctx, fault.From("edit", "", err))
		return
	}
	defer func() { _ = os.RemoveAll(filepath.Dir(snapshot)) }()
	if hash == e.rec.Base && choice == "" {
		e.set(func(f *File) { f.State, f.Fault, f.Unsaved = Open, nil, false })
		return
	}
	e.set(func(f *File) { f.State, f.Fault, f.Unsaved = Saving, nil, true })
	if err := e.upload(ctx, snapshot, hash, choice); err != nil {
		e.failed(ctx, err)
	}
}

// snapshot copies the copy, so that what is sent is one state of it.
func (e *editing) snapshot() (path, hash string, err error) {
	dir := e.dir + snapshotSuffix
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return "", "", err
	}
	r, err := os.Open(e.file.Local)
	if err != nil {
		return "", "", errors.Join(err, os.Remove(dir))
	}
	defer r.Close()
	path = filepath.Join(dir, e.rec.Name)
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", "", err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(w, h), r)
	return path, hex.EncodeToString(h.Sum(nil)), errors.Join(err, w.Close())
}

// upload puts a snapshot in the place of the server's file, if that is still
// the one that was fetched or choice says what to do.
func (e *editing) upload(ctx context.Context, snapshot, hash string, choice Choice) error {
	f, err := e.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	p := e.rec.Place.At()
	there, err := f.Stat(ctx, p)
	gone := fault.Is(err, fault.NotFound)
	if err != nil && !gone {
		return err
	}
	if choice == "" && (gone || !e.rec.Remote.same(there)) {
		e.set(func(f *File) { f.State, f.Gone = Conflict, gone })
		return nil
	}
	here, err := local.New(filepath.Dir(snapshot), local.Options{Confined: true})
	if err != nil {
		return err
	}
	defer func() { _ = here.Close() }()
	answer := transfer.Replace
	if choice == Both {
		answer = transfer.KeepBoth
	}
	r, err := transfer.Copy(ctx, here, files.Path{e.rec.Name}, f, p, transfer.Options{
		NoTimes: true, OnExists: func(context.Context, transfer.Conflict) (transfer.Answer, error) { return answer, nil },
	})
	if err != nil {
		return err
	}
	if !gone && choice != Both && there.HasMode {
		e.keepMode(ctx, f, r.Path, there)
	}
	after, err := f.Stat(ctx, r.Path)
	if err != nil {
		return err
	}
	e.rec.Place = transfer.NewPlace(e.rec.Place.Site, "", r.Path)
	e.rec.Base, e.rec.Remote, e.rec.Saved = hash, print(after), time.Now()
	e.set(func(f *File) {
		f.State, f.Saved, f.Unsaved, f.Gone, f.Fault = Open, e.rec.Saved, false, false, nil
		f.Path, f.Name = r.Path, files.Display(r.Path.Base())
	})
	return e.save()
}

// keepMode gives the new file the permissions of the one it replaced; a server
// that does not let it is no reason to fail.
func (e *editing) keepMode(ctx context.Context, f files.FS, p files.Path, old files.Entry) {
	if now, err := f.Stat(ctx, p); err != nil || !now.HasMode || now.Mode.Perm() == old.Mode.Perm() {
		return
	}
	if err := f.Chmod(ctx, p, old.Mode.Perm()); err != nil {
		slog.Info("permissions of an edited file", "err", err)
	}
}

// hashFile is the SHA-256 of a file of this computer.
func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
