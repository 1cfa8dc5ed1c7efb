package browse

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/publish"
	"guichet/services/task"
)

// Session looks into one folder of one place. Its methods return at once and
// are safe for concurrent use.
type Session struct {
	service *Service
	group   *task.Group
	loads   *task.Slot
	listing binding.Item[*Listing]

	mu         sync.Mutex
	now        *Listing
	fs         files.FS
	back       []files.Path
	fore       []files.Path
	wanted     files.Path // what the newest load is about
	wantHome   bool
	publishing bool
	last       files.Path // the folder whose listing was complete last
	closed     bool
	hidden     bool          // nobody sees it
	turned     chan struct{} // tells follow that what is shown changed

	dialing sync.Mutex // one dial at a time; held by load goroutines only
	acting  sync.Mutex // one action at a time
	stop    context.CancelFunc
}

// move says what a load does to the history.
type move int

const (
	visit move = iota // an ordinary step
	stay              // the first load, a reload
	home              // as stay, to the home folder
	backward
	forward
)

func newSession(s *Service, site files.Site) *Session {
	group := s.p.Group.Child()
	e := &Session{
		service: s, group: group, loads: task.NewSlot(group),
		listing: publish.NewItem[*Listing](nil),
		now:     &Listing{Site: site, State: Connecting, Loading: true, Free: -1},
		turned:  make(chan struct{}, 1),
	}
	_ = e.listing.Set(e.now) // a fresh binding takes anything
	if site.Protocol == files.ProtocolLocal {
		group.Go("follow folder", e.follow)
	}
	return e
}

// Listing publishes what the session shows.
func (e *Session) Listing() binding.Item[*Listing] { return e.listing }

// Current is the newest listing, never nil.
func (e *Session) Current() *Listing {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// opened is the file system, or nil while there is none.
func (e *Session) opened() files.FS {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fs
}

// update publishes a changed copy of the listing. change is called with the
// lock held; listeners are not, and may call any method.
func (e *Session) update(change func(l *Listing)) {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return
	}
	next := *e.now
	next.Version++
	change(&next)
	next.CanBack, next.CanFore = len(e.back) > 0, len(e.fore) > 0
	e.now = &next
	if e.publishing { // whoever does will see this one too
		e.mu.Unlock()
		return
	}
	e.publishing = true
	for shown := (*Listing)(nil); shown != e.now; {
		shown = e.now
		e.mu.Unlock()
		_ = e.listing.Set(shown) // never fails
		e.mu.Lock()
	}
	e.publishing = false
	e.mu.Unlock()
}

// connected gives the file system, dialling if there is none.
func (e *Session) connected(ctx context.Context) (files.FS, error) {
	e.dialing.Lock()
	defer e.dialing.Unlock()
	if f := e.opened(); f != nil {
		return f, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, fault.From("connect", "", err)
	}
	f, err := e.service.p.Dialer.Dial(ctx, e.Current().Site)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errors.Join(fault.Newf(fault.Cancelled, "connect", "", "closed"), f.Close())
	}
	e.fs = f
	return f, nil
}

// load shows a folder.
func (e *Session) load(p files.Path, m move) {
	e.mu.Lock()
	e.wanted, e.wantHome = p, m == home
	e.mu.Unlock()
	e.loads.Start("list", func(ctx context.Context, current func() bool) {
		e.update(func(l *Listing) {
			l.Loading, l.Fault, l.FaultOp = true, nil, ""
			if e.fs == nil { // update holds the lock
				l.State = Connecting
			}
		})
		op, err := e.list(ctx, current, p, m)
		if err != nil && current() {
			e.update(func(l *Listing) {
				l.Loading, l.Fault, l.FaultOp = false, err, op
				if op == "connect" {
					l.State = Broken
				}
			})
		}
	})
}

// list is the work of load. op says how far it got.
func (e *Session) list(ctx context.Context, current func() bool, p files.Path, m move) (op string, err error) {
	f, err := e.connected(ctx)
	if err != nil {
		return "connect", err
	}
	start, err := f.Home(ctx)
	if err != nil {
		return "connect", err
	}
	caps, err := f.Caps(ctx)
	if err != nil {
		return "connect", err
	}
	if m == home {
		p = start
	}
	began := time.Now()
	var mu sync.Mutex
	var entries []files.Entry
	arrived := false
	settle := func(l *Listing) {
		l.State, l.Path, l.Home, l.Caps = Ready, p, start, caps
		if c, ok := f.(files.Connected); ok {
			l.Conn = c.Conn()
		}
	}
	// What arrives is published ten times a second, as a view of a slice that
	// only ever grows.
	throttle := task.NewThrottle(task.Interval, func(seen []files.Entry) {
		if current() {
			e.update(func(l *Listing) {
				if !l.Loading {
					return // the last one came first
				}
				settle(l)
				l.Entries, l.Report = seen, files.Report{}
			})
		}
	})
	report, err := f.List(ctx, p, func(more []files.Entry) error {
		mu.Lock()
		entries = append(entries, more...)
		seen := entries[:len(entries):len(entries)]
		mu.Unlock()
		arrived = true
		throttle.Set(seen)
		return ctx.Err()
	})
	if err != nil {
		if arrived && current() {
			// The folder changed under a half listing: show what there is.
			e.update(func(l *Listing) { settle(l) })
		}
		return "list", err
	}
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, Order)
	if !current() {
		return "list", nil
	}
	e.step(p, m)
	e.update(func(l *Listing) {
		if l.Path.Equal(p) && slices.Equal(l.Entries, sorted) {
			sorted = l.Entries // whoever shows them has nothing to do
		}
		settle(l)
		l.Entries, l.Report, l.Loading, l.Took = sorted, report, false, time.Since(began)
	})
	e.turn()
	e.room(ctx, current, f, p, caps)
	return "", nil
}

// room asks for the free space, which may take another moment.
func (e *Session) room(ctx context.Context, current func() bool, f files.FS, p files.Path, caps files.Caps) {
	free := int64(-1)
	if s, ok := f.(files.Spacer); ok && caps.FreeSpace {
		if n, err := s.Free(ctx, p); err == nil {
			free = n
		}
	}
	if current() && e.Current().Free != free {
		e.update(func(l *Listing) { l.Free = free })
	}
}

// step keeps the history.
func (e *Session) step(p files.Path, m move) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.shown()
	switch {
	case m == backward && len(e.back) > 0:
		e.back = e.back[:len(e.back)-1]
		e.fore = append(e.fore, old)
	case m == forward && len(e.fore) > 0:
		e.fore = e.fore[:len(e.fore)-1]
		e.back = append(e.back, old)
	case m == visit && !old.Equal(p):
		e.back = append(e.back, old)
		e.fore = nil
	}
	e.last = p
}

// shown is the folder whose listing was complete last; Listing.Path may be
// ahead of it.
func (e *Session) shown() files.Path { return e.last }

// Order sorts folders before files, then by name without regard to case.
func Order(a, b files.Entry) int {
	if x, y := a.Type.IsDir(), b.Type.IsDir(); x != y {
		if x {
			return -1
		}
		return 1
	}
	if c := strings.Compare(strings.ToLower(a.Display), strings.ToLower(b.Display)); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

// Go shows a folder. The old entries stay until the first new ones arrive.
func (e *Session) Go(p files.Path) { e.load(p, visit) }

// GoText is Go for a typed path: absolute with a slash, else relative to the
// folder shown. On this computer it is a path of the system.
func (e *Session) GoText(text string) {
	l := e.Current()
	if l.Site.Protocol == files.ProtocolLocal {
		if !filepath.IsAbs(text) {
			text = filepath.Join(e.SystemPath(l.Path), text)
		}
		if _, p, err := local.Split(text); err == nil {
			e.Go(p)
		}
		return
	}
	base := l.Path
	if strings.HasPrefix(text, "/") {
		base = nil
	}
	f := e.opened()
	for part := range strings.SplitSeq(text, "/") {
		switch part {
		case "", ".":
		case "..":
			base = base.Dir()
		default:
			if f != nil {
				part = files.ImportName(f, part)
			}
			base = base.Join(part)
		}
	}
	e.Go(base)
}

// Enter shows the folder of an entry.
func (e *Session) Enter(entry files.Entry) { e.Go(e.Current().Path.Join(entry.Name)) }

// Up shows the folder that holds the one shown.
func (e *Session) Up() {
	if p := e.Current().Path; len(p) > 0 {
		e.Go(p.Dir())
	}
}

// GoHome shows the folder that the place itself begins in.
func (e *Session) GoHome() {
	if l := e.Current(); l.State == Ready {
		e.Go(l.Home)
		return
	}
	e.load(nil, home)
}

// FS is the open file system, nil while there is none. It is the session's:
// closing it is not the caller's business.
func (e *Session) FS() files.FS { return e.opened() }

// Back shows the folder of before.
func (e *Session) Back() {
	e.mu.Lock()
	if len(e.back) == 0 {
		e.mu.Unlock()
		return
	}
	p := e.back[len(e.back)-1]
	e.mu.Unlock()
	e.load(p, backward)
}

// Forward undoes Back.
func (e *Session) Forward() {
	e.mu.Lock()
	if len(e.fore) == 0 {
		e.mu.Unlock()
		return
	}
	p := e.fore[len(e.fore)-1]
	e.mu.Unlock()
	e.load(p, forward)
}

// Reload lists again what was wanted last; it also connects again after a
// break.
func (e *Session) Reload() {
	e.mu.Lock()
	p, again := e.wanted, stay
	if e.wantHome {
		p = e.last
		if e.fs == nil {
			again = home
		}
	}
	e.mu.Unlock()
	e.load(p, again)
}

// Login uses a password, saves it if that is wanted, and connects again.
func (e *Session) Login(password string, save bool) {
	site := e.Current().Site
	e.service.p.Dialer.Remember(site, password)
	e.SetSite(site)
	if save {
		e.group.Go("save password", func(ctx context.Context) {
			if err := savePassword(ctx, e.service, site, password); err != nil {
				e.update(func(l *Listing) { l.Fault, l.FaultOp = err, "save" })
			}
		})
	}
}

// SetSite changes how the place is reached (another user, consent to clear
// text) and connects again.
func (e *Session) SetSite(site files.Site) {
	e.mu.Lock()
	old := e.fs
	e.fs = nil
	e.mu.Unlock()
	e.update(func(l *Listing) { l.Site = site })
	if old != nil {
		e.group.Go("close", func(context.Context) { _ = old.Close() }) // replaced by a new one
	}
	e.Reload()
}

// Stop ends the load or action that is running.
func (e *Session) Stop() {
	e.loads.Stop()
	e.mu.Lock()
	stop := e.stop
	e.mu.Unlock()
	if stop != nil {
		stop()
	}
	e.update(func(l *Listing) {
		l.Loading = false
		if e.fs == nil {
			l.State = Broken
			l.Fault, l.FaultOp = fault.Newf(fault.Cancelled, "connect", l.Site.Host, "stopped"), "connect"
		}
	})
}

// Name turns a typed name into one of this place.
func (e *Session) Name(text string) string {
	if f := e.opened(); f != nil {
		return files.ImportName(f, text)
	}
	return text
}

// Transcript is the conversation with the server, for "Details".
func (e *Session) Transcript() string {
	if c, ok := e.opened().(files.Connected); ok {
		return c.Transcript()
	}
	return ""
}

// SystemPath is the path as the system writes it, for sessions on this
// computer; "" for servers.
func (e *Session) SystemPath(p files.Path) string {
	if f, ok := e.opened().(*local.FS); ok {
		return f.System(p)
	}
	return ""
}

// Close ends the session and its connections.
func (e *Session) Close() {
	e.update(func(l *Listing) { l.State, l.Loading = Closed, false })
	e.mu.Lock()
	f := e.fs
	e.fs, e.closed = nil, true
	e.mu.Unlock()
	e.group.Cancel()
	if f != nil {
		e.service.p.Group.Go("close session", func(context.Context) { _ = f.Close() }) // ended anyway
	}
}
