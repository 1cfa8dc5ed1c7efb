//go:build unix

package profile

import (
	"errors"
	"os"
	"syscall"
)

// ErrLocked says that another process, or another open file of this one, holds a
// lock.
var ErrLocked = errors.New("locked by another process")

// LockFile opens the file, makes it where there is none, and holds an advisory lock that the
// system drops with the process, however it ends. ErrLocked: somebody else has it.
func LockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
