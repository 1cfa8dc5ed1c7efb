package sites

import (
	"context"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/files"
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

// Store keeps the saved sites in one JSON file, without secrets.
type Store struct {
	sites binding.Item[*List]
}

// OpenStore reads the file or begins an empty list. Faults: Damaged when the
// file cannot be read (it is moved aside, a second OpenStore succeeds),
// Permission.
func OpenStore(path string) (*Store, error) {
	return &Store{sites: binding.NewItem(func(a, b *List) bool { return a == b })}, nil
}

// Sites publishes the list.
func (s *Store) Sites() binding.Item[*List] { return s.sites }

// List is the newest list.
func (s *Store) List() *List {
	l, err := s.sites.Get()
	if err != nil || l == nil {
		return &List{}
	}
	return l
}

// Save adds the site, or replaces the one with its ID, and gives it as saved.
func (s *Store) Save(ctx context.Context, site files.Site) (files.Site, error) { return site, nil }

// Remove forgets the site. Its password is the caller's to delete.
func (s *Store) Remove(ctx context.Context, id string) error { return nil }

// Move puts the site at position to.
func (s *Store) Move(ctx context.Context, id string, to int) error { return nil }
