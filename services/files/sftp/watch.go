package sftp

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

const (
	askAfter   = 8 * time.Second  // of silence while something is awaited
	idleAfter  = 60 * time.Second // of silence otherwise
	answerTime = 10 * time.Second // for the answer to "are you there"
)

// watchedConn notes when bytes last moved. An SSH connection may be silent for
// hours, so it has no deadline; silence while an answer is owed is found by
// session.watch. During the login hurry sets one.
type watchedConn struct {
	net.Conn
	moved   atomic.Int64 // UnixNano
	waiting atomic.Int32 // calls that await an answer
	limit   atomic.Int64 // for one Read during the login; 0: none
}

func newWatchedConn(c net.Conn) *watchedConn {
	w := &watchedConn{Conn: c}
	w.moved.Store(time.Now().UnixNano())
	return w
}

// hurry sets the deadline from now on; 0 takes it away.
func (w *watchedConn) hurry(limit time.Duration) {
	w.limit.Store(int64(limit))
	var at time.Time
	if limit > 0 {
		at = time.Now().Add(limit)
	}
	_ = w.SetReadDeadline(at) // a closed connection says so at the next Read
}

func (w *watchedConn) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if n > 0 {
		w.moved.Store(time.Now().UnixNano())
	}
	return n, err
}

func (w *watchedConn) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	if n > 0 {
		w.moved.Store(time.Now().UnixNano())
	}
	return n, err
}

func (w *watchedConn) silent() time.Duration {
	return time.Since(time.Unix(0, w.moved.Load()))
}

// watch asks a silent server whether it is there, and closes the connection
// when it is not. On a slow line bytes still move, so it is left alone.
func (s *session) watch(ctx context.Context) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	asked := false
	answered := make(chan error, 1)
	for {
		select {
		case <-ctx.Done():
			s.close()
			return
		case <-s.dead:
			return
		case err := <-answered:
			if asked = false; err != nil {
				s.close()
				return
			}
		case <-tick.C:
			limit := idleAfter
			if s.line.waiting.Load() > 0 {
				limit = askAfter
			}
			switch silent := s.line.silent(); {
			case asked && silent > answerTime:
				s.close()
				return
			case !asked && silent > limit:
				asked = true
				go func() { // ends with the connection at the latest
					_, _, err := s.ssh.SendRequest("keepalive@openssh.com", true, nil)
					answered <- err
				}()
			}
		}
	}
}
