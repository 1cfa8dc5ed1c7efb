package sftp

import (
	"strconv"
	"sync"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sftp/wire"
)

const (
	seenMost  = 20_000           // names
	seenValid = 30 * time.Second // how long a listing says what a name is
)

// seen remembers which names are plain files, and their sizes, so that opening
// one needs no question before. A size that is no longer true does no harm: the
// reader finds the end by itself.
type seen struct {
	mu  sync.Mutex
	all map[string]fact
}

// fact is what a server said of a file.
type fact struct {
	size    int64 // -1 unknown
	modTime time.Time
	at      time.Time // when it was said
}

func factOf(a wire.Attrs) fact { return fact{sizeOf(a), a.ModTime(), time.Now()} }

func (s *seen) add(name string, f fact) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil || len(s.all) >= seenMost {
		s.all = map[string]fact{} // rare; costs a question for each at most
	}
	s.all[name] = f
}

func (s *seen) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, name)
}

func (s *seen) get(name string) (fact, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.all[name]
	return f, ok && time.Since(f.at) < seenValid
}

// owners remembers the names of users and groups that listings have shown. The
// protocol itself has only numbers.
type owners struct {
	mu           sync.Mutex
	users, group map[uint32]string
}

// ownersMost bounds the names kept.
const ownersMost = 10_000

func (o *owners) learn(a wire.Attrs, e files.Entry) {
	if a.Flags&wire.AttrOwner == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.users == nil {
		o.users, o.group = map[uint32]string{}, map[uint32]string{}
	}
	if len(o.users) < ownersMost {
		o.users[a.UID] = e.Owner
	}
	if len(o.group) < ownersMost {
		o.group[a.GID] = e.Group
	}
}

// name puts names in place of the numbers, where they are known.
func (o *owners) name(a wire.Attrs, e *files.Entry) {
	if a.Flags&wire.AttrOwner == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := o.users[a.UID]; n != "" {
		e.Owner = n
	}
	if n := o.group[a.GID]; n != "" {
		e.Group = n
	}
}

// number gives the number for a name, or for the number itself.
func (o *owners) number(name string, group bool) (uint32, error) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n), nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	names := o.users
	if group {
		names = o.group
	}
	for n, known := range names {
		if known == name {
			return n, nil
		}
	}
	return 0, fault.Newf(fault.Unsupported, "chown", "", "the server takes numbers only, and the number of %q is not known", name)
}
