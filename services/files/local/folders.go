package local

import (
	"os"
	"path/filepath"
	"time"
)

// os.Root walks a name from the top, folder by folder, at each call: with many
// small files that is most of the work. So the folders in which files are read
// and written are kept open, and their files named from there. Every second it is
// made sure that the folder's name still means it.

// mostFolders is how many are kept open.
const mostFolders = 8

// folder is one of them. Its fields belong to FS.mu.
type folder struct {
	name  string
	root  *os.Root
	seen  time.Time // when its name was last looked up
	users int
	gone  bool // closed when the last user ends
}

// near gives the place that is the folder of name, name's last part, and a
// function to be called when both are used no more.
func (f *FS) near(name string) (place, string, func()) {
	root, confined := f.at.(*os.Root)
	dir, base := filepath.Split(name)
	if !confined || dir == "" {
		return f.at, name, func() {}
	}
	dir = filepath.Clean(dir)
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.find(dir)
	if one == nil {
		r, err := root.OpenRoot(dir)
		if err != nil {
			return f.at, name, func() {} // whatever is wrong is told by the call itself
		}
		one = &folder{name: dir, root: r, seen: time.Now()}
		f.folders = append(f.folders, one)
		if len(f.folders) > mostFolders {
			oldest := f.folders[0]
			f.folders = f.folders[1:]
			f.closeLocked(oldest)
		}
	}
	one.users++
	return one.root, base, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		one.users--
		if one.gone && one.users == 0 {
			_ = one.root.Close() // only read from
		}
	}
}

// find gives the open folder of that name, made the newest, unless the name has
// come to mean another; the lock is held.
func (f *FS) find(dir string) *folder {
	for i, one := range f.folders {
		if one.name != dir {
			continue
		}
		if time.Since(one.seen) < time.Second {
			return one
		}
		f.folders = append(f.folders[:i], f.folders[i+1:]...)
		a, aerr := one.root.Stat(".")
		b, berr := f.at.Lstat(dir)
		if aerr != nil || berr != nil || !os.SameFile(a, b) {
			f.closeLocked(one)
			return nil
		}
		one.seen = time.Now()
		f.folders = append(f.folders, one)
		return one
	}
	return nil
}

func (f *FS) closeLocked(one *folder) {
	one.gone = true
	if one.users == 0 {
		_ = one.root.Close() // only read from
	}
}

func (f *FS) drop(one *folder) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closeLocked(one)
}
