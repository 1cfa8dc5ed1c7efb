package webdav

import (
	"errors"
	"io"
	"sync"
)

// feed is the body of a request whose bytes come from elsewhere. Other than an
// io.Pipe it lets the connection read from the source itself, without a copy
// and a change of goroutine for every block.
type feed struct {
	sources chan io.Reader
	taken   chan error // what became of a source: nil when it was read to its end
	closed  chan struct{}
	once    sync.Once
	why     error // read after closed is closed

	mu      sync.Mutex // held while current is read
	current io.Reader
}

func newFeed() *feed {
	return &feed{sources: make(chan io.Reader), taken: make(chan error, 1), closed: make(chan struct{})}
}

var errFed = errors.New("the request has ended")

// offer has the connection read a source to its end. It is not safe for
// concurrent use; the source is not touched any more when it returns.
func (f *feed) offer(r io.Reader) error {
	select {
	case f.sources <- r:
	case <-f.closed:
		return f.why
	}
	select {
	case err := <-f.taken:
		return err
	case <-f.closed:
	}
	f.mu.Lock()
	f.current = nil
	f.mu.Unlock()
	select {
	case err := <-f.taken: // the source's own error says more
		if err != nil {
			return err
		}
	default:
	}
	return f.why
}

// end closes the feed, with io.EOF when all bytes have been offered.
func (f *feed) end(why error) {
	f.once.Do(func() {
		f.why = why
		close(f.closed)
	})
}

func (f *feed) ended() bool {
	select {
	case <-f.closed:
		return true
	default:
		return false
	}
}

// Read implements io.Reader for the connection.
func (f *feed) Read(p []byte) (int, error) {
	for {
		n, err, read := f.fromCurrent(p)
		if n > 0 || err != nil {
			return n, err
		}
		if read {
			continue
		}
		select {
		case s := <-f.sources:
			f.mu.Lock()
			if !f.ended() {
				f.current = s
			}
			f.mu.Unlock()
		case <-f.closed:
			return 0, f.why
		}
	}
}

// fromCurrent reads from the source on offer, if there is one. The end of a
// source is not the end of the feed.
func (f *feed) fromCurrent(p []byte) (n int, err error, read bool) { //nolint:revive // the error is not what the call is about
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current == nil {
		return 0, nil, false
	}
	n, err = f.current.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		f.current = nil
		f.taken <- nil
		return n, nil, true
	case err != nil:
		f.current = nil
		f.taken <- err
		f.end(err)
	}
	return n, err, true
}

// Close implements io.Closer: the connection reads no more.
func (f *feed) Close() error {
	f.end(errFed)
	return nil
}
