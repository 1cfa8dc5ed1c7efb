package sftp

import (
	"sync"
	"time"
)

const (
	// flowStart, flowLeast and flowMost bound how many bytes of one file are under
	// way at once. What a fast line with a long way needs (50 MB/s at 80 ms) is
	// reached in three round trips; a slow line keeps its queue short, so that a
	// click is answered between the blocks.
	flowStart = 512 << 10
	flowLeast = 64 << 10
	flowMost  = 4 << 20
	// sessionMost bounds the same for all files of a connection together; beyond
	// it each has one block.
	sessionMost = 24 << 20

	// plainBlock is the size of reads and writes that every server takes, in bytes.
	plainBlock = 32 << 10
)

// flow decides how much of a file is asked for at once, by how long the answers
// take.
type flow struct {
	limit, used int
}

func newFlow() flow { return flow{limit: flowStart} }

// answered takes n bytes off and learns from the time they took.
func (f *flow) answered(n int, took time.Duration) {
	f.used -= n
	switch {
	case took < time.Second:
		f.limit = min(f.limit+n, flowMost)
	case took > 3*time.Second:
		f.limit = max(f.limit/2, flowLeast)
	}
}

// pool keeps blocks of one size for their next use.
type pool[T any] struct {
	mu   sync.Mutex
	free []T
}

func (p *pool[T]) get(make func() T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		v := p.free[n-1]
		p.free = p.free[:n-1]
		return v
	}
	return make()
}

// put keeps v unless there are plenty.
func (p *pool[T]) put(v T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < 64 {
		p.free = append(p.free, v)
	}
}
