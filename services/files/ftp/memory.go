package ftp

import (
	"sync"
	"time"

	"guichet/services/files"
)

// known is what was learnt about a server and holds for later connections.
type known struct {
	tls12  bool // its TLS 1.3 dies (ProFTPD 1.3.8)
	noEPSV bool // it has no EPSV, or its EPSV ports cannot be reached
	single bool // it loses commands that are sent before it has answered the last
	max    int  // connections it grants; 0 unknown
	maxAt  time.Time
}

// maxHolds is how long a number of connections that a server once granted is
// believed: others may have been logged in then.
const maxHolds = 15 * time.Minute

// Memory keeps what was learnt about servers while the program runs. It is safe
// for concurrent use; a nil Memory remembers nothing.
type Memory struct {
	mu    sync.Mutex
	sites map[string]known
}

func (m *Memory) get(s files.Site) known {
	if m == nil {
		return known{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.sites[s.Account()]
	if time.Since(k.maxAt) > maxHolds {
		k.max = 0
	}
	return k
}

func (m *Memory) learn(s files.Site, change func(*known)) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sites == nil {
		m.sites = map[string]known{}
	}
	k := m.sites[s.Account()]
	change(&k)
	m.sites[s.Account()] = k
}
