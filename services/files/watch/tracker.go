package watch

import (
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"guichet/services/files"
	"guichet/services/files/local"
)

// maxWatched is how many folders are watched; with more they are looked through
// from time to time, before the system's own limit is used up for others.
const maxWatched = 8192

// tracker notices what changes in a folder and tells when it has come to rest.
type tracker struct {
	root  string
	times Times
	// watched counts the folders that the system was asked to watch; those that
	// went are not taken off, which errs on the safe side.
	watched int
	// changes holds a token while take has something to give.
	changes chan struct{}

	mu     sync.Mutex
	poll   bool
	unrest map[string]*rest  // paths that changed lately
	ready  map[string]bool   // folders with changes that came to rest
	all    bool              // something was lost: everything is to be compared
	seen   map[string]uint64 // what folders held, for polling
	seed   maphash.Seed
}

// rest is what a path was when it was looked at last.
type rest struct {
	since time.Time
	size  int64
	time  time.Time
	there bool
}

func newTracker(root string, t Times) *tracker {
	return &tracker{
		root: root, times: t, changes: make(chan struct{}, 1), unrest: map[string]*rest{}, ready: map[string]bool{}, seed: maphash.MakeSeed(),
	}
}

// polling reports whether the folders are looked through from time to time.
func (t *tracker) polling() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.poll
}

// rel gives a path of the system as names below the root.
func (t *tracker) rel(path string) (files.Path, bool) {
	r, err := filepath.Rel(t.root, path)
	if err != nil || r == ".." || strings.HasPrefix(r, ".."+string(filepath.Separator)) {
		return nil, false
	}
	p := files.Path{}
	if r == "." {
		return p, true
	}
	var names *local.FS // Export needs none
	for name := range strings.SplitSeq(filepath.ToSlash(r), "/") {
		p = append(p, names.Export(name))
	}
	return p, true
}

// moving reports whether a file changed so lately that it is left for later.
func (t *tracker) moving(rel files.Path) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.unrest) == 0 {
		return false
	}
	var names *local.FS
	parts := []string{t.root}
	for _, name := range rel {
		parts = append(parts, names.Import(name))
	}
	r := t.unrest[filepath.Join(parts...)]
	return r != nil && r.there
}

// take gives the folders with changes, nil for everything.
func (t *tracker) take() []files.Path {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all {
		t.all = false
		clear(t.ready)
		return nil
	}
	var out []files.Path
	for dir := range t.ready {
		if p, ok := t.rel(dir); ok {
			out = append(out, p)
		}
	}
	clear(t.ready)
	return out
}

func (t *tracker) tell() {
	select {
	case t.changes <- struct{}{}:
	default:
	}
}

// lost has everything compared.
func (t *tracker) lost() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = true
	t.tell()
}

// touch notes that something happened to a path.
func (t *tracker) touch(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := look(path)
	t.unrest[path] = &now
}

func look(path string) rest {
	r := rest{since: time.Now()}
	if info, err := os.Lstat(path); err == nil {
		r.there = true
		if !info.IsDir() {
			r.size, r.time = info.Size(), info.ModTime()
		}
	}
	return r
}

// settle finds what has come to rest: size and time have been the same for a
// while.
func (t *tracker) settle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for path, before := range t.unrest {
		now := look(path)
		if now.size != before.size || !now.time.Equal(before.time) || now.there != before.there {
			t.unrest[path] = &now
			continue
		}
		if now.since.Sub(before.since) >= t.times.Still {
			delete(t.unrest, path)
			t.ready[filepath.Dir(path)] = true
			t.tell()
		}
	}
}

// run watches until ctx ends.
func (t *tracker) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := t.watch(ctx)
		if ctx.Err() != nil {
			return
		}
		slog.Info("folders are looked through instead of watched", "err", err)
		t.mu.Lock()
		t.poll = true
		t.mu.Unlock()
		t.lost()
		if !t.look(ctx) {
			return
		}
	}
}

var errTooMany = errors.New("too many folders")

// watch lets the system tell of changes. It returns when that is not possible.
func (t *tracker) watch(ctx context.Context) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	t.watched = 0
	if err := t.add(w, t.root, false); err != nil {
		return err
	}
	tick := time.NewTicker(t.times.Still / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			t.settle()
		case ev, ok := <-w.Events:
			if !ok {
				return fs.ErrClosed
			}
			if ev.Op == fsnotify.Chmod {
				continue // the bytes are the same
			}
			t.touch(ev.Name)
			if ev.Op.Has(fsnotify.Create) {
				if info, err := os.Lstat(ev.Name); err == nil && info.IsDir() {
					if err := t.add(w, ev.Name, true); err != nil {
						return err
					}
				}
			}
		case err, ok := <-w.Errors:
			if !ok {
				return fs.ErrClosed
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				t.lost()
				continue
			}
			return err
		}
	}
}

// add watches a folder and those in it. What lies in a new one may have come
// before the watch: it is touched.
func (t *tracker) add(w *fsnotify.Watcher, dir string, fresh bool) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if path == t.root {
				return err
			}
			return nil // gone again, or closed to us: the comparison will tell
		}
		if fresh && path != dir {
			t.touch(path)
		}
		if !d.IsDir() {
			return nil
		}
		if t.watched++; t.watched > maxWatched {
			return errTooMany
		}
		if err := w.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		return nil
	})
}

// look looks through all folders from time to time. It reports whether watching
// is worth another try: after an hour it is.
func (t *tracker) look(ctx context.Context) bool {
	again := time.NewTimer(60 * t.times.Poll)
	defer again.Stop()
	poll := time.NewTicker(t.times.Poll)
	defer poll.Stop()
	still := time.NewTicker(t.times.Still / 4)
	defer still.Stop()
	t.seen = t.scan(ctx)
	for {
		select {
		case <-ctx.Done():
			return false
		case <-again.C:
			t.mu.Lock()
			t.poll = false
			t.mu.Unlock()
			t.lost()
			return true
		case <-still.C:
			t.settle()
		case <-poll.C:
			now := t.scan(ctx)
			if ctx.Err() != nil {
				return false // not all was looked at
			}
			for path, sum := range now {
				if old, ok := t.seen[path]; !ok || old != sum {
					t.touch(path)
				}
			}
			for path := range t.seen {
				if _, ok := now[path]; !ok {
					t.touch(path)
				}
			}
			t.seen = now
		}
	}
}

// scan gives a short form of every path's size and time, of fewer when ctx ends.
func (t *tracker) scan(ctx context.Context) map[string]uint64 {
	out := map[string]uint64{}
	_ = filepath.WalkDir(t.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == t.root {
			return ctx.Err() // closed folders and vanished files do not stop the rest
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		var h maphash.Hash
		h.SetSeed(t.seed)
		if !d.IsDir() {
			maphash.WriteComparable(&h, info.Size())
			maphash.WriteComparable(&h, info.ModTime().UnixNano())
		}
		out[path] = h.Sum64()
		return ctx.Err()
	}) // ends with nothing but ctx
	return out
}
