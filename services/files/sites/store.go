package sites

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/profile"
	"guichet/services/publish"
)

// List is the saved sites in the person's order. It is immutable.
type List struct {
	Version uint64
	Sites   []files.Site
}

// Find gives the saved site with that ID.
func (l *List) Find(id string) (files.Site, bool) {
	for _, s := range l.Sites {
		if s.ID == id {
			return s, true
		}
	}
	return files.Site{}, false
}

// Store keeps the saved sites in one JSON file, without secrets. It is safe for
// concurrent use.
type Store struct {
	path  string
	mu    sync.Mutex
	list  *List
	sites binding.Item[*List]
}

// document is the file's content. Names are raw bytes, which JSON cannot hold,
// so a site's path is kept as part of its address.
type document struct {
	Version int     `json:"version"`
	Sites   []saved `json:"sites"`
}

type saved struct {
	files.Site
	Address string `json:"address"`
}

// maxSitesFile bounds the file, in bytes.
const maxSitesFile = 16 << 20

// OpenStore reads the file or begins an empty list. Faults: Damaged when the
// file cannot be read (it is moved aside, a second OpenStore succeeds),
// Permission.
func OpenStore(path string) (*Store, error) {
	s := &Store{path: path, list: &List{}, sites: publish.NewItem(&List{})}
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.sites = publish.NewItem(s.list)
		return s, nil
	case err != nil:
		return nil, fault.From("open sites", "", err)
	}
	var d document
	if err = json.Unmarshal(content, &d); err == nil && (d.Version != 1 || len(content) > maxSitesFile) {
		err = fmt.Errorf("version %d", d.Version)
	}
	list := &List{}
	for _, one := range d.Sites {
		parsed, perr := files.ParseURL(one.Address)
		if perr != nil {
			err = errors.Join(err, perr)
			break
		}
		one.Site.Path, one.Site.Rooted = parsed.Path, parsed.Rooted
		list.Sites = append(list.Sites, one.Site)
	}
	if err != nil {
		return nil, fault.New(fault.Damaged, "open sites", "", errors.Join(err, profile.SetAside(path)))
	}
	s.list, s.sites = list, publish.NewItem(list)
	return s, nil
}

// Sites publishes the list.
func (s *Store) Sites() binding.Item[*List] { return s.sites }

// List is the newest list.
func (s *Store) List() *List {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

// change edits a copy of the list, writes it and publishes it.
func (s *Store) change(ctx context.Context, edit func([]files.Site) []files.Site) error {
	if err := ctx.Err(); err != nil {
		return fault.From("save sites", "", err)
	}
	if err := s.write(edit); err != nil {
		return err
	}
	if err := s.sites.Set(s.List()); err != nil { // outside the lock: listeners may ask
		return fault.New(fault.Internal, "publish sites", "", err)
	}
	return nil
}

func (s *Store) write(edit func([]files.Site) []files.Site) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := &List{Version: s.list.Version + 1, Sites: edit(slices.Clone(s.list.Sites))}
	d := document{Version: 1, Sites: []saved{}}
	for _, site := range next.Sites {
		address := site.URL(site.Path)
		if len(site.Path) == 0 && !site.Rooted {
			address = address[:len(address)-1] // "at home" is written without a slash
		}
		site.Path = nil
		d.Sites = append(d.Sites, saved{site, address})
	}
	content, err := json.MarshalIndent(d, "", "\t")
	if err != nil {
		return fault.New(fault.Internal, "save sites", "", err)
	}
	if err := profile.WriteFile(s.path, content, 0o600); err != nil {
		return fault.From("save sites", "", err)
	}
	s.list = next
	return nil
}

// Save adds the site, or replaces the one with its ID, and gives it as saved.
func (s *Store) Save(ctx context.Context, site files.Site) (files.Site, error) {
	if site.ID == "" {
		site.ID = files.RandomSuffix()
	}
	return site, s.change(ctx, func(all []files.Site) []files.Site {
		for i := range all {
			if all[i].ID == site.ID {
				all[i] = site
				return all
			}
		}
		return append(all, site)
	})
}

// Remove forgets the site. Its password is the caller's to delete.
func (s *Store) Remove(ctx context.Context, id string) error {
	return s.change(ctx, func(all []files.Site) []files.Site {
		return slices.DeleteFunc(all, func(x files.Site) bool { return x.ID == id })
	})
}

// Move puts the site at position to.
func (s *Store) Move(ctx context.Context, id string, to int) error {
	return s.change(ctx, func(all []files.Site) []files.Site {
		i := slices.IndexFunc(all, func(x files.Site) bool { return x.ID == id })
		if i < 0 {
			return all
		}
		site := all[i]
		all = slices.Delete(all, i, i+1)
		return slices.Insert(all, max(0, min(to, len(all))), site)
	})
}
