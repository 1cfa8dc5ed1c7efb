package browse

import (
	"context"
	"time"

	"github.com/fsnotify/fsnotify"

	"guichet/services/fault"
	"guichet/services/files"
)

// A folder that other programs change is listed again after restTime, and so
// seldom that listing takes a twentieth of the time, but not more seldom than
// longestRest.
const (
	restTime    = 300 * time.Millisecond
	longestRest = 5 * time.Second
)

// SetVisible says whether anybody sees the session. A folder of this computer
// follows what other programs do there only while somebody does.
func (e *Session) SetVisible(on bool) {
	e.mu.Lock()
	e.hidden = !on
	e.mu.Unlock()
	e.turn()
}

// turn has follow look at what is shown now.
func (e *Session) turn() {
	select {
	case e.turned <- struct{}{}:
	default: // it will look anyway
	}
}

// follow lists the shown folder of this computer again when another program
// changes it. Where the system cannot tell there is still Reload.
func (e *Session) follow(ctx context.Context) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return
	}
	defer w.Close() // nothing is left to be told
	watched, missed := "", false
	due := time.NewTimer(time.Hour)
	due.Stop()
	waiting := false
	wait := func() {
		if !waiting {
			waiting = true
			due.Reset(min(max(restTime, 20*e.Current().Took), longestRest))
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.turned:
			folder, visible := e.inView()
			if !visible {
				missed, folder = missed || watched != "", ""
			}
			if folder == watched {
				continue
			}
			if watched != "" {
				_ = w.Remove(watched) // it may be gone
			}
			watched = folder
			if folder != "" && w.Add(folder) != nil {
				watched = ""
			}
			if missed && watched != "" {
				missed = false
				e.Refresh()
			}
		case ev, ok := <-w.Events:
			if !ok {
				return
			}
			if ev.Op != fsnotify.Chmod {
				wait()
			}
		case _, ok := <-w.Errors: // more happened than it could hold, for one
			if !ok {
				return
			}
			wait()
		case <-due.C:
			waiting = false
			if watched != "" {
				e.Refresh()
			}
		}
	}
}

// inView is the folder shown, a path of the system; "" while there is none.
func (e *Session) inView() (folder string, visible bool) {
	l := e.Current()
	e.mu.Lock()
	visible = !e.hidden
	e.mu.Unlock()
	if l.State != Ready {
		return "", visible
	}
	return e.SystemPath(l.Path), visible
}

// Refresh lists the folder shown again behind the rows, which stay until all of
// the new ones are known. It does nothing while something else is being loaded
// or done, for that ends in a listing too. Where the folder is gone the one that
// held it is shown.
func (e *Session) Refresh() {
	e.mu.Lock()
	l := e.now
	quiet := l.State == Ready && !l.Loading && l.Busy == "" && (e.wantHome || e.wanted.Equal(l.Path))
	e.mu.Unlock()
	if !quiet {
		return
	}
	e.relist(l.Path, func(err error) bool {
		if !fault.Is(err, fault.NotFound) || len(l.Path) == 0 || l.Site.Protocol != files.ProtocolLocal {
			return false
		}
		e.Go(l.Path.Dir())
		return true
	})
}
