package demo

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"guichet/services/fault"
	"guichet/services/profile"
)

const (
	tempPrefix = "guichet-demo-"
	tempLock   = "demo.lock"
	// tempGrace is how old a lock must be before it counts as left behind: it is
	// made a moment before it is held.
	tempGrace = time.Minute
)

// TempDir makes a folder for a demo in base, "" means the system's temporary
// folder, and removes there what demos that were killed have left behind. Those
// of demos that run are held by a lock, and what has no lock is not touched.
// remove gives the lock up and removes the folder; it may be called again.
func TempDir(base string) (dir string, remove func() error, err error) {
	if base == "" {
		base = os.TempDir()
	}
	sweep(base, time.Now())
	if dir, err = os.MkdirTemp(base, tempPrefix); err != nil {
		return "", nil, fault.From("demo", "", err)
	}
	lock, err := profile.LockFile(filepath.Join(dir, tempLock))
	if err != nil {
		return "", nil, fault.From("demo", "", errors.Join(err, os.RemoveAll(dir)))
	}
	return dir, func() error {
		err := lock.Close() // first: Windows removes no open file
		if errors.Is(err, os.ErrClosed) {
			err = nil
		}
		return errors.Join(err, os.RemoveAll(dir))
	}, nil
}

// sweep removes the folders of dead demos.
func sweep(base string, now time.Time) {
	list, err := filepath.Glob(filepath.Join(base, tempPrefix+"*"))
	if err != nil {
		slog.Warn("old demos", "err", err)
		return
	}
	for _, dir := range list {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			continue // gone meanwhile, or a link that somebody has put there
		}
		path := filepath.Join(dir, tempLock)
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() || now.Sub(info.ModTime()) < tempGrace {
			continue
		}
		lock, err := profile.LockFile(path)
		if err != nil {
			continue // it runs, or belongs to another person
		}
		if err := errors.Join(lock.Close(), os.RemoveAll(dir)); err != nil {
			slog.Warn("an old demo stays behind", "dir", dir, "err", err)
		}
	}
}
