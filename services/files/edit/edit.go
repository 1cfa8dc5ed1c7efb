// Package edit lets a person edit a file of a server in the program of this
// computer that is for such files: it fetches a private copy, opens it, and
// brings every save back, unless somebody else changed the file meanwhile. A
// copy that could not be brought back outlives the program.
package edit

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/transfer"
	"guichet/services/profile"
	"guichet/services/publish"
	"guichet/services/task"
)

// State is where an edited file stands.
type State string

// The states of an edited file.
const (
	Fetching State = "fetching" // the copy is on its way
	Open     State = "open"     // what is here and there is the same, as far as is known
	Saving   State = "saving"   // on its way back
	Conflict State = "conflict" // somebody else changed it too: Resolve
	Failed   State = "failed"   // File.Fault says why; it is tried again
	Left     State = "left"     // a copy from before that was never brought back: Resume or Close
)

// File is one edited file, at one moment.
type File struct {
	ID    string
	Name  string // for people
	Site  files.Site
	Path  files.Path // on the server
	Local string     // the copy here
	State State
	Saved time.Time // when it was last brought back; zero: not yet
	// Unsaved says that the copy differs from what was last fetched or brought
	// back.
	Unsaved bool
	// Gone, with Conflict: on the server the file is no more.
	Gone  bool
	Fault error
}

// Snapshot is all edited files, the newest first. It is immutable.
type Snapshot struct {
	Version uint64
	Files   []File
}

// Choice answers a conflict.
type Choice string

// The answers to a Conflict.
const (
	Mine   Choice = "mine"   // what is here replaces what is there
	Theirs Choice = "theirs" // what is there replaces what is here
	Both   Choice = "both"   // what is here goes there under another name
)

// Params are what a Service is made of.
type Params struct {
	Group  *task.Group
	Dialer transfer.Dialer
	// Dir is the folder for the copies; it is made, for this person alone.
	Dir string
	// Open opens a file of this computer with the system's program for it.
	Open func(path string) error
}

// Service keeps the edited files. Its methods return at once and are safe for
// concurrent use.
type Service struct {
	p     Params
	files binding.Item[*Snapshot]

	mu      sync.Mutex
	editing []*editing
	version uint64
	opener  func(path string) error
}

// New makes a Service and finds the copies that were left behind. Those that
// hold nothing new are removed.
func New(p Params) (*Service, error) {
	for _, dir := range []string{p.Dir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fault.From("edit", "", err)
		}
		if err := os.Chmod(dir, 0o700); err != nil {
			return nil, fault.From("edit", "", err)
		}
	}
	s := &Service{p: p, files: publish.NewItem(&Snapshot{}), opener: p.Open}
	if err := s.recover(); err != nil {
		return nil, err
	}
	s.changed()
	return s, nil
}

// Files publishes the edited files.
func (s *Service) Files() binding.Item[*Snapshot] { return s.files }

// SetOpener says how files are opened, once the window is there.
func (s *Service) SetOpener(open func(path string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opener = open
}

// record is what is known of a copy, kept beside it.
type record struct {
	Version int            `json:"version"`
	Place   transfer.Place `json:"place"`
	Name    string         `json:"name"` // of the copy
	Base    string         `json:"base"` // SHA-256 of what was last fetched or brought back
	Remote  fingerprint    `json:"remote"`
	Saved   time.Time      `json:"saved,omitzero"`
}

// fingerprint tells whether a file of a server changed. Nothing is concluded
// from this computer's clock.
type fingerprint struct {
	Size    int64     `json:"size"`
	ModTime time.Time `json:"time"`
	ID      string    `json:"id,omitempty"`
}

func print(e files.Entry) fingerprint { return fingerprint{e.Size, e.ModTime, e.ID} }

// same reports whether nothing points to a change.
func (f fingerprint) same(e files.Entry) bool {
	switch {
	case f.Size != e.Size:
		return false
	case !f.ModTime.IsZero() && !e.ModTime.IsZero() && !f.ModTime.Equal(e.ModTime):
		return false
	}
	return f.ID == "" || e.ID == "" || f.ID == e.ID
}

// Start fetches a file and opens it. A file that is being edited already is
// only opened again. Faults: Unsupported with Step "program" for what would be
// run instead of opened.
func (s *Service) Start(site files.Site, p files.Path) error {
	if runs(p.Base()) {
		return refused(p.Base())
	}
	site.Path = nil
	s.mu.Lock()
	for _, e := range s.editing {
		if e.file.Site.Key() == site.Key() && e.file.Path.Equal(p) && e.file.State != Left {
			local, fetching := e.file.Local, e.file.State == Fetching
			s.mu.Unlock()
			if fetching {
				return nil
			}
			return s.open(local)
		}
	}
	id := files.RandomSuffix()
	name := copyName(p.Base())
	e := &editing{s: s, dir: filepath.Join(s.p.Dir, id), commands: make(chan command, 8), group: s.p.Group.Child()}
	e.rec = record{Version: 1, Place: transfer.NewPlace(site, "", p), Name: name}
	e.file = File{
		ID: id, Name: files.Display(p.Base()), Site: site, Path: slices.Clone(p), Local: filepath.Join(e.dir, name), State: Fetching,
	}
	s.editing = append([]*editing{e}, s.editing...)
	s.mu.Unlock()
	s.changed()
	e.group.Go("edit", e.run)
	return nil
}

func (s *Service) open(path string) error {
	s.mu.Lock()
	open := s.opener
	s.mu.Unlock()
	if open == nil {
		return fault.Newf(fault.Unsupported, "open file", "", "no program")
	}
	return open(path)
}

// copyName is the name of the copy: the file's, as this computer can write it,
// its ending kept.
func copyName(name string) string {
	var f *local.FS // Import needs no folder
	name = f.Import(name)
	if len(name) > 150 {
		ext := filepath.Ext(name)
		if len(ext) > 20 {
			ext = ""
		}
		name = strings.ToValidUTF8(name[:150-len(ext)], "") + ext
	}
	return name
}

// find gives an edited file.
func (s *Service) find(id string) *editing {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.editing {
		if e.file.ID == id {
			return e
		}
	}
	return nil
}

// Resolve answers a conflict.
func (s *Service) Resolve(id string, c Choice) { s.send(id, command{choice: c}) }

// Retry brings a file back now.
func (s *Service) Retry(id string) { s.send(id, command{retry: true}) }

// Reopen opens the copy again.
func (s *Service) Reopen(id string) error {
	e := s.find(id)
	if e == nil {
		return fault.Newf(fault.NotFound, "edit", "", "not edited any more")
	}
	return s.open(e.now().Local)
}

// Resume goes on with a copy that was left behind: it is brought back, or found
// to be in conflict.
func (s *Service) Resume(id string) {
	e := s.find(id)
	if e == nil || e.now().State != Left {
		return
	}
	e.set(func(f *File) { f.State = Open })
	e.group.Go("edit", e.run)
}

func (s *Service) send(id string, c command) {
	if e := s.find(id); e != nil {
		select {
		case e.commands <- c:
		default: // it has enough to do
		}
	}
}

// Close ends the editing of a file and removes the copy, with what was not
// brought back.
func (s *Service) Close(id string) {
	e := s.find(id)
	if e == nil {
		return
	}
	s.drop(e)
	e.group.Cancel()
	s.p.Group.Go("end edit", func(context.Context) {
		e.group.Close(closing)
		e.remove()
	})
}

func (s *Service) drop(e *editing) {
	s.mu.Lock()
	s.editing = slices.DeleteFunc(s.editing, func(x *editing) bool { return x == e })
	s.mu.Unlock()
	s.changed()
}

// closing is how long the end of an upload is waited for.
const closing = 2 * time.Second

// End removes the copies that hold nothing new: the program ends. Others stay
// for the next start.
func (s *Service) End() {
	s.mu.Lock()
	all := slices.Clone(s.editing)
	s.mu.Unlock()
	for _, e := range all {
		e.group.Cancel()
	}
	for _, e := range all {
		e.group.Close(closing)
		if hash, err := hashFile(e.file.Local); err == nil && hash == e.rec.Base && e.rec.Base != "" || errors.Is(err, fs.ErrNotExist) {
			e.remove()
		}
	}
}

// recover reads the records of before.
func (s *Service) recover() error {
	names, err := os.ReadDir(s.p.Dir)
	if err != nil {
		return fault.From("edit", "", err)
	}
	known := map[string]bool{}
	for _, n := range names {
		id, ok := strings.CutSuffix(n.Name(), ".json")
		if !ok {
			continue
		}
		known[id] = true
		e := &editing{s: s, dir: filepath.Join(s.p.Dir, id), commands: make(chan command, 8), group: s.p.Group.Child()}
		data, err := os.ReadFile(filepath.Join(s.p.Dir, n.Name()))
		if err == nil {
			err = json.Unmarshal(data, &e.rec)
		}
		if err == nil && (e.rec.Version != 1 || e.rec.Name == "" || e.rec.Name != filepath.Base(e.rec.Name)) {
			err = errors.New("not a record")
		}
		if err != nil { // the copy stays: it may hold somebody's work
			slog.Warn("record of an edited file", "file", n.Name(), "err", err)
			continue
		}
		p := e.rec.Place.At()
		e.file = File{
			ID: id, Name: files.Display(p.Base()), Site: e.rec.Place.Site, Path: p, Local: filepath.Join(e.dir, e.rec.Name),
			State: Left, Saved: e.rec.Saved, Unsaved: true,
		}
		hash, err := hashFile(e.file.Local)
		if errors.Is(err, fs.ErrNotExist) || err == nil && (hash == e.rec.Base || e.rec.Base == "") {
			e.remove() // nothing new in it; without a base it was never fetched whole
			continue
		}
		s.editing = append(s.editing, e)
	}
	for _, n := range names { // what a kill left between two steps
		id, snapshot := strings.CutSuffix(n.Name(), snapshotSuffix)
		if n.IsDir() && (snapshot || !known[id] && isID(id)) {
			if err := removeUnlessFiles(filepath.Join(s.p.Dir, n.Name()), snapshot); err != nil {
				slog.Warn("leftover of an edit", "folder", n.Name(), "err", err)
			}
		}
	}
	return nil
}

func isID(name string) bool { return len(name) == 8 && strings.Trim(name, "0123456789abcdef") == "" }

// removeUnlessFiles removes a folder without a record: with its files only if
// those are mere snapshots.
func removeUnlessFiles(dir string, all bool) error {
	if all {
		return os.RemoveAll(dir)
	}
	return os.Remove(dir)
}

// changed publishes the list.
func (s *Service) changed() {
	s.mu.Lock()
	s.version++
	snap := &Snapshot{Version: s.version}
	for _, e := range s.editing {
		snap.Files = append(snap.Files, e.file)
	}
	s.mu.Unlock()
	_ = s.files.Set(snap) // a fresh binding takes anything
}

// save writes the record beside the copy.
func (e *editing) save() error {
	data, err := json.Marshal(e.rec)
	if err != nil {
		return fault.New(fault.Internal, "edit", "", err)
	}
	return fault.OrNil("edit", profile.WriteFile(e.dir+".json", data, 0o600))
}

// remove removes the copy with all that belongs to it, the record last.
func (e *editing) remove() {
	for _, dir := range []string{e.dir + snapshotSuffix, e.dir} {
		if err := os.RemoveAll(dir); err != nil {
			slog.Warn("removing an edited copy", "err", err)
			return
		}
	}
	if err := os.Remove(e.dir + ".json"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		slog.Warn("removing an edited copy", "err", err)
	}
}
