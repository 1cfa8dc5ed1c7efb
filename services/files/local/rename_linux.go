package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// renameNew renames within a folder where the new name is free, in one step, so
// that no fall leaves the file under both names. done is false where the system
// or the disk cannot do that.
func renameNew(at place, a, b string) (done bool, err error) {
	dir := filepath.Dir(a)
	if filepath.Dir(b) != dir {
		return false, nil
	}
	d, err := at.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return false, nil //nolint:nilerr // a folder that may be written but not read: the other way tells
	}
	defer d.Close()
	fd := int(d.Fd())
	err = unix.Renameat2(fd, filepath.Base(a), fd, filepath.Base(b), unix.RENAME_NOREPLACE)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, unix.EEXIST):
		return true, &os.LinkError{Op: "rename", Old: a, New: b, Err: fs.ErrExist}
	}
	return false, nil
}
