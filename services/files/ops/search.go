package ops

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/publish"
	"guichet/services/task"
)

// Query says what is looked for. The zero value of a field asks for nothing.
type Query struct {
	// Name is a part of the name, or a mask where it holds * or ?; letters' case
	// does not count.
	Name string
	// Text must stand in the file; only text files of at most MaxText bytes are
	// looked into. Letters' case does not count.
	Text     string
	MinSize  int64     // bytes
	MaxSize  int64     // bytes; 0: any
	After    time.Time // changed at or after
	Before   time.Time // changed before
	Folders  bool      // folders are found too, where Text is empty
	Hidden   bool      // look into folders whose names begin with a dot
	MaxFound int       // 0: 10,000
}

// MaxText is the size up to which files are searched for a text, in bytes.
const MaxText = 4 << 20

const maxFound = 10_000

// Found is one thing found.
type Found struct {
	Path  files.Path
	Entry files.Entry
}

// Looked says how far a search got.
type Looked struct {
	Seen     int // entries
	Folders  int
	Found    int
	Unread   int  // folders or lines that could not be read
	Complete bool // every folder was seen to its end
	Full     bool // Query.MaxFound was reached
}

// match reports whether an entry is what the query asks for, its content left
// aside.
func (q *Query) match(e files.Entry) bool {
	folder := e.Type == files.Dir || e.Type == files.LinkDir
	switch {
	case folder && (!q.Folders || q.Text != "" || q.MinSize > 0 || q.MaxSize > 0):
		return false
	case q.Text != "" && e.Type != files.File:
		return false
	case q.MinSize > 0 && e.Size < q.MinSize, q.MaxSize > 0 && (e.Size > q.MaxSize || e.Size < 0):
		return false
	case !q.After.IsZero() && (e.ModTime.IsZero() || e.ModTime.Before(q.After)):
		return false
	case !q.Before.IsZero() && (e.ModTime.IsZero() || !e.ModTime.Before(q.Before)):
		return false
	}
	return matchName(q.Name, e.Display)
}

func matchName(mask, name string) bool {
	mask, name = strings.ToLower(mask), strings.ToLower(name)
	if !strings.ContainsAny(mask, "*?") {
		return strings.Contains(name, mask)
	}
	// Only * and ? mean something; brackets and backslashes stand for themselves.
	mask = strings.NewReplacer(`\`, `\\`, `[`, `\[`).Replace(mask)
	ok, err := path.Match(mask, strings.ReplaceAll(name, "/", "\uFFFD"))
	return err == nil && ok
}

// errFull ends a search that has found enough.
var errFull = errors.New("enough found")

// Search looks through the folder dir and all below it, several folders at a
// time, and hands over what it finds as it finds it. Links are found, not
// followed. Folders that cannot be read are counted.
func Search(ctx context.Context, f files.FS, dir files.Path, q Query, found func([]Found), progress func(Looked)) (Looked, error) {
	most := q.MaxFound
	if most <= 0 {
		most = maxFound
	}
	text := bytes.ToLower([]byte(q.Text))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var l Looked
	hit := func(p files.Path, e files.Entry) {
		mu.Lock()
		defer mu.Unlock()
		if l.Found >= most {
			l.Full = true
			cancel(errFull)
			return
		}
		l.Found++
		found([]Found{{p, e}})
	}
	tell := func(change func()) {
		mu.Lock()
		defer mu.Unlock()
		change()
		if progress != nil {
			progress(l)
		}
	}
	w := &walk{f: f, op: "search"}
	w.entry = func(ctx context.Context, p files.Path, e files.Entry) error {
		tell(func() { l.Seen++ })
		if !q.match(e) {
			return nil
		}
		if len(text) > 0 {
			if in, err := holds(ctx, f, p, e, text); err != nil || !in {
				return err
			}
		}
		hit(p, e)
		return nil
	}
	top := true
	w.enter = func(_ context.Context, p files.Path, e files.Entry) (bool, error) {
		mu.Lock()
		first := top
		top = false
		mu.Unlock()
		if first {
			return true, nil
		}
		tell(func() { l.Seen++ })
		if q.match(e) {
			hit(p, e)
		}
		return q.Hidden || !strings.HasPrefix(e.Name, "."), nil
	}
	w.leave = func(context.Context, files.Path, files.Entry) error { tell(func() { l.Folders++ }); return nil }
	result, err := w.run(ctx, []Target{{dir, files.Entry{Type: files.Dir}}})
	l.Unread = result.Failed
	if l.Full {
		return l, nil
	}
	l.Complete = err == nil
	if err != nil && result.Failed > 0 && ctx.Err() == nil && l.Folders > 0 && w.fatal == nil {
		err = nil // some folders could not be read; the others were
	}
	return l, err
}

// holds reports whether a text file holds a text, in lower case. Binary files
// are told by their NULs.
func holds(ctx context.Context, f files.FS, p files.Path, e files.Entry, text []byte) (bool, error) {
	if e.Size > MaxText {
		return false, nil
	}
	r, err := f.Read(ctx, p, 0)
	if err != nil {
		return false, err
	}
	data, err := io.ReadAll(io.LimitReader(r, MaxText+1))
	if cerr := r.Close(); err == nil && len(data) <= MaxText {
		err = cerr
	}
	if err != nil {
		return false, fault.From("search", "", err)
	}
	if len(data) > MaxText || bytes.IndexByte(data[:min(len(data), 8<<10)], 0) >= 0 {
		return false, nil
	}
	if bytes.Contains(bytes.ToLower(data), text) {
		return true, nil
	}
	// Text in an old charset: ISO 8859-1 is a byte for a letter.
	if utf8.Valid(data) {
		return false, nil
	}
	latin := make([]byte, 0, len(text))
	for _, r := range string(text) {
		if r > 0xff {
			return false, nil
		}
		latin = append(latin, byte(r))
	}
	return bytes.Contains(data, latin), nil
}

// Searching is a search while somebody looks on.
type Searching struct {
	results binding.Item[*Results]
	cancel  context.CancelFunc
}

// Results are what a search has found so far. They are immutable.
type Results struct {
	Version uint64
	Looked  Looked
	Found   []Found // in the order of arrival
	Ended   bool
	Fault   error // why it ended early
}

// StartSearch searches in group; open gives the file system. Stop ends it at
// once.
func StartSearch(group *task.Group, open func(ctx context.Context) (files.FS, error), dir files.Path, q Query) *Searching {
	ctx, cancel := context.WithCancel(group.Context())
	s := &Searching{results: publish.NewItem(&Results{}), cancel: cancel}
	group.Go("search", func(context.Context) {
		defer cancel()
		var mu sync.Mutex
		now := Results{}
		throttle := task.NewThrottle(task.Interval, func(r *Results) { _ = s.results.Set(r) }) // a fresh binding takes anything
		show := func(change func()) *Results {
			mu.Lock()
			defer mu.Unlock()
			change()
			now.Version++
			r := now
			r.Found = now.Found[:len(now.Found):len(now.Found)]
			return &r
		}
		f, err := open(ctx)
		var l Looked
		if err == nil {
			l, err = Search(ctx, f, dir, q,
				func(more []Found) { throttle.Set(show(func() { now.Found = append(now.Found, more...) })) },
				func(l Looked) { throttle.Set(show(func() { now.Looked = l })) })
		}
		throttle.Stop()
		last := show(func() { now.Looked, now.Ended, now.Fault = l, true, err })
		_ = s.results.Set(last) // as above
	})
	return s
}

// Results publishes what is found.
func (s *Searching) Results() binding.Item[*Results] { return s.results }

// Stop ends the search; what was found stays.
func (s *Searching) Stop() { s.cancel() }
