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

// Transfer makes a job of entries shown by from, to the folder shown by to. exists
// is the answer for names of these that are taken, "" to ask in the job; about
// what is in folders it asks always. It waits for the job list only, which is on
// this computer.
func (s *Service) Transfer(from *Session, entries []files.Entry, to *Session, exists transfer.Answer) error {
	return s.TransferTo(s.p.Group.Context(), from, entries, to, to.Current().Path, exists)
}

// TransferTo is Transfer to any folder of the place that to shows.
func (s *Service) TransferTo(ctx context.Context, from *Session, entries []files.Entry, to *Session, dir files.Path, exists transfer.Answer) error {
	return s.send(ctx, from.Place(from.Current().Path), to.Place(dir), entries, transfer.Job{Top: exists},
		func(name string) string { return translate(from, to, name) })
}

// TransferHere is Transfer to a folder of this computer, a path of the system,
// which is made if it is missing; exists holds for what is in folders too.
func (s *Service) TransferHere(ctx context.Context, from *Session, entries []files.Entry, folder string, exists transfer.Answer) error {
	here, err := local.New(string(os.PathSeparator), local.Options{})
	if err != nil {
		return err
	}
	defer here.Close() // holds nothing
	return s.send(ctx, from.Place(from.Current().Path), transfer.NewPlace(files.Site{Protocol: files.ProtocolLocal}, folder, nil), entries,
		transfer.Job{Exists: exists}, func(name string) string {
			if f := from.opened(); f != nil {
				name = files.ExportName(f, name)
			}
			return files.ImportName(here, name)
		})
}

// TransferPaths makes jobs for files and folders of this computer (dropped onto
// the window), given as paths of the system, to the folder shown by to: one for
// each folder that they come from.
func (s *Service) TransferPaths(paths []string, to *Session, exists transfer.Answer) error {
	return s.TransferPathsTo(s.p.Group.Context(), paths, to, to.Current().Path, exists)
}

// TransferPathsTo is TransferPaths to any folder of the place that to shows.
func (s *Service) TransferPathsTo(ctx context.Context, paths []string, to *Session, folder files.Path, exists transfer.Answer) error {
	var dirs []string
	from := map[string][]files.Entry{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return fault.From("transfer", "", err)
		}
		dir, name := filepath.Split(filepath.Clean(path))
		e := files.Entry{Name: name, Display: files.Display(name), Size: info.Size()}
		switch {
		case info.IsDir():
			e.Type = files.Dir
		case !info.Mode().IsRegular():
			e.Type = files.Other
		}
		if from[dir] == nil {
			dirs = append(dirs, dir)
		}
		from[dir] = append(from[dir], e)
	}
	for _, dir := range dirs {
		place := transfer.NewPlace(files.Site{Protocol: files.ProtocolLocal}, dir, nil)
		if err := s.send(ctx, place, to.Place(folder), from[dir], transfer.Job{Top: exists}, func(name string) string { return translate(nil, to, name) }); err != nil {
			return err
		}
	}
	return nil
}

// send makes a job j of entries of a folder: of one by its own name, of several
// as a selection. name gives the name at the target.
func (s *Service) send(ctx context.Context, from, to transfer.Place, entries []files.Entry, j transfer.Job, name func(string) string) error {
	j.From, j.To = from, to
	size := int64(0)
	for _, e := range entries {
		if e.Type == files.Other {
			return fault.Newf(fault.Unsupported, "transfer", "", "%s is no file", e.Display)
		}
		if e.Type.IsDir() {
			j.Folders++
			e.Size = -1
		}
		if e.Size < 0 || size < 0 {
			size = -1
			continue
		}
		size += e.Size
	}
	switch {
	case len(entries) == 0:
		return nil
	case len(entries) == 1:
		e := entries[0]
		j.From = transfer.NewPlace(from.Site, from.Root, from.At().Join(e.Name))
		j.To = transfer.NewPlace(to.Site, to.Root, to.At().Join(name(e.Name)))
		if j.Tree = e.Type.IsDir(); !j.Tree && j.Exists == "" {
			j.Exists = j.Top
		}
		j.Folders, j.Top = 0, ""
	default:
		for _, e := range entries {
			j.Names = append(j.Names, e.Name)
		}
	}
	return s.add(ctx, j, size)
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
