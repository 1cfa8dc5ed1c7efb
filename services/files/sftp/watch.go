package sftp

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// muteAfter is how long a server may owe an answer while nothing moves; a
// variable for the tests.
var muteAfter = 18 * time.Second

const (
	// idleAfter is the silence after which a connection without work is asked
	// whether it lives, which also keeps routers from forgetting it.
	idleAfter  = 45 * time.Second
	answerTime = 15 * time.Second
)

// errMute is the end of a connection whose server does not answer.
var errMute = errors.New("the server does not answer")

// clock notes when something last happened.
type clock struct{ at atomic.Int64 }

func (c *clock) tick()                { c.at.Store(time.Now().UnixNano()) }
func (c *clock) since() time.Duration { return time.Since(time.Unix(0, c.at.Load())) }

// line is the connection below one SSH connection. It has no deadlines of its
// own, because SSH may be silent for hours and the way through a jump host knows
// none: hurry bounds the login, session.watch the time after it.
type line struct {
	net.Conn
	heard clock // any byte came
	sent  clock // a larger piece went out; an answer to "are you there" is none

	mu    sync.Mutex
	timer *time.Timer
	late  bool
	began bool // the server has said something
}

func newLine(c net.Conn) *line {
	l := &line{Conn: c}
	l.heard.tick()
	l.sent.tick()
	return l
}

// hurry closes the line after limit; 0 takes the limit away.
func (l *line) hurry(limit time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	if limit > 0 {
		l.timer = time.AfterFunc(limit, func() {
			l.mu.Lock()
			l.late = true
			l.mu.Unlock()
			_ = l.Close() // the pending call reports
		})
	}
}

// state tells whether the limit has passed, and whether the server ever spoke.
func (l *line) state() (late, spoken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.late, l.began
}

func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if n > 0 {
		l.heard.tick()
		if !l.began { // only this goroutine changes it
			l.mu.Lock()
			l.began = true
			l.mu.Unlock()
		}
	}
	return n, err
}

func (l *line) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	if n >= 1024 {
		l.sent.tick()
	}
	return n, err
}

// heardPipe notes when the file server, not merely the SSH server, answers.
type heardPipe struct {
	io.ReadWriteCloser
	heard *clock
}

func (p heardPipe) Read(b []byte) (int, error) {
	n, err := p.ReadWriteCloser.Read(b)
	if n > 0 {
		p.heard.tick()
	}
	return n, err
}

// watch ends a connection that has become mute.
func (s *session) watch(ctx context.Context) {
	step := min(time.Second, muteAfter/2)
	tick := time.NewTicker(step)
	defer tick.Stop()
	owed := time.Duration(0) // how long answers have been owed
	var asked time.Time
	answered := make(chan error, 1)
	for {
		select {
		case <-ctx.Done():
			s.end(ctx.Err())
			return
		case <-s.wire.Dead():
			return
		case err := <-answered:
			if asked = (time.Time{}); err != nil {
				s.end(err)
				return
			}
		case <-tick.C:
			if s.wire.Pending() == 0 || s.patient.Load() > 0 {
				owed = 0
			} else {
				owed += step
			}
			if owed >= muteAfter && s.heard.since() >= muteAfter && s.line.sent.since() >= muteAfter {
				s.end(errMute)
				return
			}
			switch {
			case !asked.IsZero():
				if time.Since(asked) > answerTime && s.line.heard.since() > answerTime {
					s.end(errMute)
					return
				}
			case s.line.heard.since() > idleAfter:
				asked = time.Now()
				s.group.Go("sftp keep alive", func(context.Context) {
					_, _, err := s.ssh.SendRequest("keepalive@openssh.com", true, nil)
					answered <- err
				})
			}
		}
	}
}
