// Package web is the browser behind the Web tab: it loads pages, keeps tabs
// with their history, remembers visits and bookmarks, and hands downloads to
// package activity. What it draws with is an Engine; package html is the
// built-in one.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/publish"
	"guichet/services/store"
	"guichet/services/task"
	"guichet/services/web/cookies"
	"guichet/services/web/download"
	"guichet/services/web/fetch"
	"guichet/services/web/httpcache"
)

// Activity is what the service needs of activity.Center.
type Activity interface {
	Register(kind string, r activity.Runner)
	Add(ctx context.Context, s activity.Spec) (int64, error)
}

// Params are what a Service is made of.
type Params struct {
	// Dir keeps history, bookmarks, cookies and the cache; it is made if missing.
	Dir string
	// Transport makes the connections: connect.Network.HTTPTransport.
	Transport http.RoundTripper
	Tasks     *task.Group
	// Activity runs downloads; nil where there is none: Download then fails with
	// Unsupported.
	Activity Activity
	// Downloads is the folder that downloads go to, asked for each one.
	Downloads func() string
	// Version is the program's, for the user agent "Guichet/VERSION".
	Version string
	// Languages are the person's, best first, for Accept-Language; nil for none.
	Languages func() []string
	// Idle is how long a server may be silent; 0: 30 s.
	Idle time.Duration
	// MaxPage bounds a page or one of its parts, in bytes after decoding; 0: 50 MB.
	MaxPage int64
	// CacheSize bounds the cache on the disk, in bytes; 0: 256 MB.
	CacheSize int64
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Service is the browser. Its methods are safe for concurrent use and, unless
// they take a context, return at once.
type Service struct {
	// Bookmarks are published anew after each change.
	Bookmarks binding.Item[*BookmarkList]
	// Lately are the pages visited last, each once, for the start page.
	Lately binding.Item[*HistoryList]
	// History is what ShowHistory asked for.
	History binding.Item[*HistoryList]

	p      Params
	group  *task.Group
	db     *store.DB
	cache  *httpcache.Cache
	jar    *cookies.Jar
	logins *fetch.Logins
	loader *fetch.Loader
	runner *download.Runner
	engine Engine

	historySlot *task.Slot
	latelySlot  *task.Slot
	historyOut  newest
	latelyOut   newest
	version     atomic.Uint64
	lastTab     atomic.Int64

	mu      sync.Mutex
	marks   *BookmarkList // the newest; what Bookmarks holds or will hold
	zooms   map[string]float32
	shown   historyQuery
	visited map[uint64]struct{} // hashes of the addresses in the history
	tabs    map[*Tab]struct{}

	edits    sync.Mutex // held while bookmarks change
	icons    *icons
	hot      hotList
	marksOut publisher
	strict   *fetch.HSTS
}

// New opens what Params.Dir keeps and starts the service.
func New(p Params) (*Service, error) {
	if p.Now == nil {
		p.Now = time.Now
	}
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return nil, fault.From("open web data", "", err)
	}
	s := &Service{
		Bookmarks: publish.NewItem(&BookmarkList{}),
		Lately:    publish.NewItem(&HistoryList{}),
		History:   publish.NewItem(&HistoryList{}),
		p:         p, group: p.Tasks.Child(), logins: fetch.NewLogins(), marks: &BookmarkList{},
		zooms: map[string]float32{}, visited: map[uint64]struct{}{}, tabs: map[*Tab]struct{}{}, icons: newIcons(),
	}
	s.historySlot, s.latelySlot = task.NewSlot(s.group), task.NewSlot(s.group)
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.closeFiles())
	}
	s.strict = s.hsts()
	s.loader = fetch.New(fetch.Params{
		Transport: p.Transport, Jar: s.jar, Cache: s.cache, HSTS: s.strict, Logins: s.logins,
		UserAgent: userAgent(p.Version), Languages: p.Languages, Idle: p.Idle, MaxBytes: p.MaxPage, Now: p.Now,
	})
	s.runner = download.NewRunner(s.loader)
	s.engine = &simple{s: s}
	s.group.Go("read visited addresses", s.readVisited)
	if p.Activity != nil {
		p.Activity.Register(download.Kind, s.runner)
	}
	return s, nil
}

func userAgent(version string) string {
	if version == "" {
		return "Guichet"
	}
	return "Guichet/" + version
}

// open opens the files and reads what is needed at once.
func (s *Service) open() error {
	var err error
	params := store.Params{Path: filepath.Join(s.p.Dir, "web.db"), Migrations: migrations}
	if s.db, err = store.Open(params); fault.Is(err, fault.Damaged) {
		// The damaged file was moved aside; the person goes on with an empty one.
		s.db, err = store.Open(params)
	}
	if err != nil {
		return err
	}
	if s.cache, err = httpcache.Open(httpcache.Params{Path: filepath.Join(s.p.Dir, "cache.db"), Limit: s.p.CacheSize, Now: s.p.Now}); err != nil {
		return err
	}
	ctx := s.group.Context()
	if s.jar, err = cookies.Open(ctx, s.db, s.p.Now); err != nil {
		return err
	}
	if err := s.readZooms(ctx); err != nil {
		return err
	}
	marks, err := s.readBookmarks(ctx)
	if err != nil {
		return err
	}
	s.marks = marks
	lately, err := s.readLately(ctx)
	if err != nil {
		return err
	}
	return errors.Join(s.Bookmarks.Set(marks), s.Lately.Set(lately), s.History.Set(&HistoryList{}))
}

func (s *Service) hsts() *fetch.HSTS {
	h, err := fetch.OpenHSTS(s.group.Context(), s.db, s.p.Now)
	if err != nil {
		slog.Warn("reading hosts that want HTTPS", "err", err)
		return fetch.NewHSTS(nil, nil, s.p.Now)
	}
	return h
}

func (s *Service) hstsKnown(host string) bool { return s.strict.Known(host) }

// Close stops all tabs, stores what is unsaved and closes the files.
func (s *Service) Close() error {
	if !s.group.Close(2 * time.Second) {
		slog.Warn("web tasks still run")
	}
	return errors.Join(s.engine.Close(), s.closeFiles())
}

func (s *Service) closeFiles() error {
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	if s.cache != nil {
		err = errors.Join(err, s.cache.Close())
	}
	return err
}

// Login answers a LoginQuestion; its asker then reloads the tab. The password
// is kept in memory until the program ends.
func (s *Service) Login(q *LoginQuestion, user, password string) { s.logins.Set(q, user, password) }

// Download hands an address to Activity and returns the job. referrer and name
// may be empty. Faults: Unsupported for schemes other than http, https and
// data, and where there is no Activity.
func (s *Service) Download(ctx context.Context, address, referrer, name string) (int64, error) {
	u, err := fetch.ParseURL(nil, address)
	if err != nil {
		return 0, err
	}
	switch u.Scheme {
	case "http", "https", "data":
	default:
		return 0, fault.Newf(fault.Unsupported, "download", u.Host, "scheme %q", u.Scheme)
	}
	u.User = nil
	return s.addDownload(ctx, u, download.Spec{URL: u.String(), Referrer: referrer, Name: name}, "", -1)
}

func (s *Service) addDownload(ctx context.Context, u *url.URL, spec download.Spec, title string, size int64) (int64, error) {
	if s.p.Activity == nil || s.p.Downloads == nil {
		return 0, fault.Newf(fault.Unsupported, "download", u.Host, "no list of activity")
	}
	spec.Dir = s.p.Downloads()
	if title == "" {
		title = download.Name("", spec.Name, u, "")
	}
	from := fault.CleanURL(u)
	if u.Scheme == "data" {
		from = "data:"
	}
	return s.p.Activity.Add(ctx, activity.Spec{Kind: download.Kind, Title: title, From: from, To: spec.Dir, Size: size, Data: spec})
}

// GetOptions say how Get works.
type GetOptions struct {
	// Resume goes on with what an earlier Get of the same address left.
	Resume bool
	// Progress, if not nil, is told of every block; size is -1 while unknown.
	Progress func(done, size int64)
	// User and Password are for servers that ask for them.
	User, Password string
}

// Get loads an address into dest, a file or a folder, for the command line. Of
// Params it needs Transport and Version only.
func Get(ctx context.Context, p Params, address, dest string, o GetOptions) (download.Result, error) {
	if p.Now == nil {
		p.Now = time.Now
	}
	logins := fetch.NewLogins()
	l := fetch.New(fetch.Params{Transport: p.Transport, Logins: logins, UserAgent: userAgent(p.Version), Languages: p.Languages, Idle: p.Idle, Now: p.Now})
	options := download.Options{Resume: o.Resume, Progress: o.Progress}
	result, err := download.Get(ctx, l, address, dest, options)
	var f *fault.Fault
	if errors.As(err, &f) && o.User != "" {
		if q, ok := f.Question.(*LoginQuestion); ok && !q.Failed {
			if !q.Secure && q.Scheme == "basic" {
				return result, fault.Newf(fault.Login, "fetch", q.Host, "the server wants the password in clear text")
			}
			logins.Set(q, o.User, o.Password)
			return download.Get(ctx, l, address, dest, options)
		}
	}
	return result, err
}
