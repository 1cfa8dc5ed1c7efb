package local

import (
	"os"

	"golang.org/x/sys/windows"
)

// identity is unknown: a directory entry of Windows does not tell it.
func identity(os.FileInfo) string { return "" }

func free(path string) (int64, error) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var n uint64
	if err := windows.GetDiskFreeSpaceEx(p, &n, nil, nil); err != nil {
		return 0, &os.PathError{Op: "free", Path: path, Err: err}
	}
	return int64(min(n, 1<<62)), nil
}
