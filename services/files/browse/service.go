package browse

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/sites"
	"guichet/services/files/transfer"
	"guichet/services/task"
)

// Params are what a Service is made of.
type Params struct {
	Group  *task.Group
	Dialer *sites.Dialer
	Sites  *sites.Store
	// Secrets keeps the passwords that a person wants saved; nil: none are.
	Secrets sites.Secrets
	Jobs    transfer.Adder // nil: Transfer fails
}

// Service opens sessions. It is safe for concurrent use.
type Service struct {
	p Params
}

// New makes a Service.
func New(p Params) *Service { return &Service{p: p} }

// Sites publishes the saved sites.
func (s *Service) Sites() binding.Item[*sites.List] { return s.p.Sites.Sites() }

// SaveSite keeps a site, and its password if that is not nil. done, if not nil,
// is called once, from another goroutine; so are those of the other methods.
func (s *Service) SaveSite(site files.Site, password *string, done func(files.Site, error)) {
	s.p.Group.Go("save site", func(ctx context.Context) {
		saved, err := s.p.Sites.Save(ctx, site)
		if err == nil && password != nil {
			s.p.Dialer.Remember(saved, *password)
			err = sites.SavePassword(ctx, s.p.Secrets, saved, *password)
		}
		if done != nil {
			done(saved, err)
		}
	})
}

// RemoveSite forgets a site and its password.
func (s *Service) RemoveSite(id string, done func(error)) {
	s.p.Group.Go("remove site", func(ctx context.Context) {
		site, known := s.p.Sites.List().Find(id)
		err := s.p.Sites.Remove(ctx, id)
		if err == nil && known && !s.shared(site) {
			s.p.Dialer.Forget(site)
			err = sites.DeletePassword(ctx, s.p.Secrets, site)
		}
		if done != nil {
			done(err)
		}
	})
}

// shared tells whether another saved site has the same account: its password is
// still needed then.
func (s *Service) shared(site files.Site) bool {
	return slices.ContainsFunc(s.p.Sites.List().Sites, func(x files.Site) bool {
		return x.Protocol == site.Protocol && x.Account() == site.Account()
	})
}

// Find finds out how a host is reached (see sites.Dialer.Discover) until it is
// stopped: after stop done is not called any more. trying and done are called
// from other goroutines.
func (s *Service) Find(host, user, password string, trying func(files.Protocol), done func(sites.Found, error)) (stop func()) {
	ctx, cancel := context.WithCancel(s.p.Group.Context())
	s.p.Group.Go("discover", func(context.Context) {
		found, err := s.p.Dialer.Discover(ctx, host, user, password, trying)
		if ctx.Err() == nil {
			done(found, err)
		}
		cancel()
	})
	return cancel
}

// Examine is Find that waits.
func (s *Service) Examine(ctx context.Context, host, user, password string) (sites.Found, error) {
	return s.p.Dialer.Discover(ctx, host, user, password, nil)
}

// MoveSite puts a saved site at another position of the list.
func (s *Service) MoveSite(id string, to int, done func(error)) {
	s.p.Group.Go("move site", func(ctx context.Context) { done(s.p.Sites.Move(ctx, id, to)) })
}

// CopySite saves a site once more under another name, with its password.
func (s *Service) CopySite(site files.Site, name string, done func(files.Site, error)) {
	s.p.Group.Go("copy site", func(ctx context.Context) {
		site.ID, site.Name = "", name // the account stays the same, and with it the saved password
		saved, err := s.p.Sites.Save(ctx, site)
		done(saved, err)
	})
}

// Open begins a session with a site: it connects in the background. password
// nil means: the saved one.
func (s *Service) Open(site files.Site, password *string) *Session {
	if password != nil {
		s.p.Dialer.Remember(site, *password)
	}
	e := newSession(s, site)
	if len(site.Path) > 0 || site.Rooted {
		e.load(site.Path, stay)
	} else {
		e.load(nil, home)
	}
	return e
}

// Local begins a session with this computer, in the given folder of the system
// ("" for home).
func (s *Service) Local(folder string) *Session {
	e := newSession(s, files.Site{Protocol: files.ProtocolLocal})
	if folder == "" {
		e.load(nil, home)
		return e
	}
	_, p, err := local.Split(folder)
	if err != nil {
		e.load(nil, home)
		return e
	}
	e.load(p, stay)
	return e
}

// Transfer makes one job for each entry shown by from, to the folder shown by
// to. exists is the answer for names taken, "" to ask in each job. It waits for
// the job list only, which is on this computer.
func (s *Service) Transfer(from *Session, entries []files.Entry, to *Session, exists transfer.Answer) error {
	return s.TransferTo(s.p.Group.Context(), from, entries, to, to.Current().Path, exists)
}

// TransferTo is Transfer to any folder of the place that to shows.
func (s *Service) TransferTo(ctx context.Context, from *Session, entries []files.Entry, to *Session, dir files.Path, exists transfer.Answer) error {
	return s.send(ctx, from, entries, exists, func(name string) transfer.Place { return to.place(dir, translate(from, to, name)) })
}

// TransferHere is Transfer to a folder of this computer, a path of the system,
// which is made if it is missing.
func (s *Service) TransferHere(ctx context.Context, from *Session, entries []files.Entry, folder string, exists transfer.Answer) error {
	here, err := local.New(string(os.PathSeparator), local.Options{})
	if err != nil {
		return err
	}
	defer here.Close() // holds nothing
	return s.send(ctx, from, entries, exists, func(name string) transfer.Place {
		if f := from.opened(); f != nil {
			name = files.ExportName(f, name)
		}
		return transfer.NewPlace(files.Site{Protocol: files.ProtocolLocal}, folder, files.Path{files.ImportName(here, name)})
	})
}

func (s *Service) send(ctx context.Context, from *Session, entries []files.Entry, exists transfer.Answer, to func(name string) transfer.Place) error {
	source := from.Current()
	for _, e := range entries {
		if e.Type == files.Other {
			return fault.Newf(fault.Unsupported, "transfer", "", "%s is no file", e.Display)
		}
		j := transfer.Job{From: from.place(source.Path, e.Name), To: to(e.Name), Tree: e.Type.IsDir(), Exists: exists}
		if err := s.add(ctx, j, e.Size); err != nil {
			return err
		}
	}
	return nil
}

// TransferPaths makes jobs for files and folders of this computer (dropped onto
// the window), given as paths of the system, to the folder shown by to.
func (s *Service) TransferPaths(paths []string, to *Session, exists transfer.Answer) error {
	return s.TransferPathsTo(s.p.Group.Context(), paths, to, to.Current().Path, exists)
}

// TransferPathsTo is TransferPaths to any folder of the place that to shows.
func (s *Service) TransferPathsTo(ctx context.Context, paths []string, to *Session, folder files.Path, exists transfer.Answer) error {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return fault.From("transfer", "", err)
		}
		if !info.IsDir() && !info.Mode().IsRegular() {
			return fault.Newf(fault.Unsupported, "transfer", "", "%s is no file", path)
		}
		size := info.Size()
		if info.IsDir() {
			size = -1
		}
		dir, name := filepath.Split(filepath.Clean(path))
		j := transfer.Job{
			From: transfer.NewPlace(files.Site{Protocol: files.ProtocolLocal}, dir, files.Path{name}),
			To:   to.place(folder, translate(nil, to, name)), Tree: info.IsDir(), Exists: exists,
		}
		if err := s.add(ctx, j, size); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) add(ctx context.Context, j transfer.Job, size int64) error {
	if s.p.Jobs == nil {
		return fault.Newf(fault.Unsupported, "transfer", "", "no job list")
	}
	_, err := transfer.Add(ctx, s.p.Jobs, j, size)
	return err
}

// translate gives the name at the target. from nil is this computer.
func translate(from, to *Session, name string) string {
	if from != nil {
		if f := from.opened(); f != nil {
			name = files.ExportName(f, name)
		}
	}
	if f := to.opened(); f != nil {
		name = files.ImportName(f, name)
	}
	return name
}
