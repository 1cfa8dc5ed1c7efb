package webdav

import (
	"context"
	"slices"
	"sync"

	"guichet/services/files"
)

// unseen are small files that a server has confirmed, whose sizes nobody has
// looked at yet: one list of a folder tells those of all its files.
type unseen struct {
	mu      sync.Mutex
	looked  int // at once, see looks
	n       int
	folders map[string]*unseenFolder
}

type unseenFolder struct {
	path  files.Path
	sizes map[string]int64 // by name
}

// mostUnseen is how many wait at most.
const mostUnseen = 20_000

// first reports whether a file is one of the first, which do not wait.
func (u *unseen) first() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.looked++
	return u.looked <= looks
}

// add notes a file. It fails where it looks at those that wait, see check.
func (u *unseen) add(ctx context.Context, f *FS, p files.Path, size int64) error {
	u.mu.Lock()
	key := p.Dir().String()
	if u.folders == nil {
		u.folders = map[string]*unseenFolder{}
	}
	if u.folders[key] == nil {
		u.folders[key] = &unseenFolder{path: slices.Clone(p.Dir()), sizes: map[string]int64{}}
	}
	u.folders[key].sizes[p.Base()] = size
	u.n++
	full := u.n >= mostUnseen
	u.mu.Unlock()
	if !full {
		return nil
	}
	return u.check(ctx, f)
}

// check looks at all that wait.
func (u *unseen) check(ctx context.Context, f *FS) error {
	u.mu.Lock()
	folders := u.folders
	u.folders, u.n = nil, 0
	u.mu.Unlock()
	for _, folder := range folders {
		_, err := f.List(ctx, folder.path, func(entries []files.Entry) error {
			for _, e := range entries {
				if size, ok := folder.sizes[e.Name]; ok && size == e.Size {
					delete(folder.sizes, e.Name)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for name, size := range folder.sizes { // the list may write a name otherwise
			if err := f.look(ctx, folder.path.Join(name), size); err != nil {
				return err
			}
		}
	}
	return nil
}

// Sync implements files.Syncer: it compares the sizes of the small files that
// were written with WriteOptions.Lazy. Faults: Damaged, NotFound.
func (f *FS) Sync(ctx context.Context) error { return f.unseen.check(ctx, f) }
