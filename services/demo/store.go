package demo

import (
	"cmp"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// maxFile is the most bytes that one file of the demo may hold.
const maxFile = 1 << 30

// store is the file tree that FTP, SFTP and WebDAV share. Names are absolute
// slash paths as they come from the protocol; os.Root keeps them inside.
type store struct{ root *os.Root }

// name turns a path of the protocol into one below the root.
func (store) name(p string) (string, error) {
	if strings.ContainsRune(p, 0) {
		return "", fs.ErrInvalid
	}
	if p = path.Clean("/" + p)[1:]; p == "" {
		p = "."
	}
	return filepath.FromSlash(p), nil
}

func (s store) stat(p string) (fs.FileInfo, error) {
	name, err := s.name(p)
	if err != nil {
		return nil, err
	}
	return s.root.Stat(name)
}

// list gives the entries of a folder by name.
func (s store) list(p string) ([]fs.FileInfo, error) {
	f, err := s.open(p, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	infos, err := f.Readdir(-1)
	slices.SortFunc(infos, func(a, b fs.FileInfo) int { return cmp.Compare(a.Name(), b.Name()) })
	return infos, err
}

// open opens or makes a file; flag is one of os.OpenFile.
func (s store) open(p string, flag int) (*file, error) {
	name, err := s.name(p)
	if err != nil {
		return nil, err
	}
	f, err := s.root.OpenFile(name, flag, 0o644)
	if err != nil {
		return nil, err
	}
	return &file{File: f}, nil
}

func (s store) mkdir(p string) error {
	name, err := s.name(p)
	if err != nil {
		return err
	}
	return s.root.Mkdir(name, 0o755)
}

// remove deletes a file, or with dir an empty folder.
func (s store) remove(p string, dir bool) error {
	name, err := s.name(p)
	if err != nil {
		return err
	}
	info, err := s.root.Lstat(name)
	switch {
	case err != nil:
		return err
	case name == ".":
		return fs.ErrPermission
	case dir && !info.IsDir():
		return syscall.ENOTDIR
	case !dir && info.IsDir():
		return syscall.EISDIR
	}
	return s.root.Remove(name)
}

// removeAll deletes a file or a folder with all that is in it.
func (s store) removeAll(p string) error {
	name, err := s.name(p)
	if err != nil {
		return err
	}
	if name == "." {
		return fs.ErrPermission
	}
	return s.root.RemoveAll(name)
}

// rename moves a file or folder; without replace an existing target is an
// error.
func (s store) rename(from, to string, replace bool) error {
	a, err := s.name(from)
	if err != nil {
		return err
	}
	b, err := s.name(to)
	if err != nil {
		return err
	}
	if a == "." || b == "." {
		return fs.ErrPermission
	}
	if !replace {
		if _, err := s.root.Lstat(b); err == nil {
			return fs.ErrExist
		}
	}
	return s.root.Rename(a, b)
}

func (s store) chtimes(p string, at time.Time) error {
	name, err := s.name(p)
	if err != nil {
		return err
	}
	return s.root.Chtimes(name, at, at)
}

// chmod sets the permission bits; the owner keeps the right to read and to
// write, or the demo could not clean up after itself.
func (s store) chmod(p string, mode fs.FileMode) error {
	name, err := s.name(p)
	if err != nil {
		return err
	}
	info, err := s.root.Stat(name)
	if err != nil {
		return err
	}
	keep := fs.FileMode(0o600)
	if info.IsDir() {
		keep = 0o700
	}
	return s.root.Chmod(name, mode.Perm()|keep)
}

// file is an open file that cannot outgrow maxFile.
type file struct{ *os.File }

// Write writes at the file's position.
func (f *file) Write(p []byte) (int, error) {
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	if at+int64(len(p)) > maxFile {
		return 0, syscall.EFBIG
	}
	return f.File.Write(p)
}

// WriteAt writes at off.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) > maxFile {
		return 0, syscall.EFBIG
	}
	return f.File.WriteAt(p, off)
}

// WriteString hides the method of os.File, which knows no limit.
func (f *file) WriteString(s string) (int, error) { return f.Write([]byte(s)) }

// ReadFrom hides the method of os.File, which knows no limit.
func (f *file) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{f}, r)
}

// Truncate sets the length.
func (f *file) Truncate(size int64) error {
	if size > maxFile {
		return syscall.EFBIG
	}
	return f.File.Truncate(size)
}
