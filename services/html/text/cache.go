package text

import "sync"

// maxCached is how many runes one generation of the word cache holds.
const maxCached = 400_000

// cache keeps shaped words in two generations: what was not used while the
// young one filled up is dropped with the old one.
type cache struct {
	mu         sync.Mutex
	young, old map[string][]Span
	cost       int
}

func (c *cache) get(key []byte) ([]Span, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.young[string(key)]; ok {
		return s, true
	}
	s, ok := c.old[string(key)]
	if ok {
		c.add(string(key), s)
	}
	return s, ok
}

func (c *cache) put(key string, s []Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(key, s)
}

func (c *cache) add(key string, s []Span) {
	if c.young == nil || c.cost > maxCached {
		c.old, c.young, c.cost = c.young, map[string][]Span{}, 0
	}
	c.young[key] = s
	c.cost += len(key)
}

func (c *cache) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.young, c.old, c.cost = nil, nil, 0
}
