package local

import (
	"os"

	"golang.org/x/sys/unix"
)

// lazySync says that one call makes all of a disk durable, for less than as many
// fsyncs as there are small files.
const lazySync = true

// syncAll returns when the disk that dir is on has all that was written to it.
func syncAll(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := unix.Syncfs(int(d.Fd())); err != nil {
		return &os.PathError{Op: "syncfs", Path: dir, Err: err}
	}
	return nil
}
