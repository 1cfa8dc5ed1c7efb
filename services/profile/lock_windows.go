package profile

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// ErrLocked says that another process, or another open file of this one, holds a
// lock.
var ErrLocked = errors.New("locked by another process")

// LockFile opens the file, makes it where there is none, and holds a lock that the
// system drops with the process, however it ends. ErrLocked: somebody else has it.
func LockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if err != nil {
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			err = ErrLocked
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
