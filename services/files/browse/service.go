package browse

import (
	"io/fs"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/files"
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

// SaveSite keeps a site, and its password if that is not nil.
func (s *Service) SaveSite(site files.Site, password *string, done func(files.Site, error)) {}

// RemoveSite forgets a site and its password.
func (s *Service) RemoveSite(id string, done func(error)) {}

// Open begins a session with a site: it connects in the background. password
// nil means: the saved one.
func (s *Service) Open(site files.Site, password *string) *Session { return &Session{} }

// Discover finds out how a host is reached; done is called once, from another
// goroutine.
func (s *Service) Discover(host, user, password string, done func(sites.Found, error)) {}

// Local begins a session with this computer, in the given folder of the system
// ("" for home).
func (s *Service) Local(folder string) *Session { return &Session{} }

// Transfer makes one job for each entry shown by from, to the folder shown by
// to. exists is the answer for names taken, "" to ask in each job.
func (s *Service) Transfer(from *Session, entries []files.Entry, to *Session, exists transfer.Answer) error {
	return nil
}

// TransferPaths makes jobs for files and folders of this computer (dropped onto
// the window), given as paths of the system.
func (s *Service) TransferPaths(paths []string, to *Session, exists transfer.Answer) error {
	return nil
}

// Session looks into one folder of one place. Its methods return at once.
type Session struct{}

// Listing publishes what the session shows.
func (s *Session) Listing() binding.Item[*Listing] { return nil }

// Current is the newest listing, never nil.
func (s *Session) Current() *Listing { return &Listing{} }

// Go shows a folder. The old entries stay until the first new ones arrive.
func (s *Session) Go(p files.Path) {}

// GoText is Go for a typed path: absolute with a slash, else relative to the
// folder shown.
func (s *Session) GoText(text string) {}

// Enter shows the folder of an entry.
func (s *Session) Enter(e files.Entry) {}

// Up, Back and Forward move as in a browser.
func (s *Session) Up()      {}
func (s *Session) Back()    {}
func (s *Session) Forward() {}

// Reload lists again; it also connects again after a break.
func (s *Session) Reload() {}

// Stop ends the load or action that is running.
func (s *Session) Stop() {}

// Mkdir makes a folder of that name (text as typed) in the folder shown.
func (s *Session) Mkdir(name string) {}

// Rename gives an entry a new name; a taken name is a fault of kind Exists.
func (s *Session) Rename(e files.Entry, name string) {}

// Delete removes entries, folders with all that is in them; links are removed,
// never what they point to.
func (s *Session) Delete(entries []files.Entry) {}

// Chmod changes permissions.
func (s *Session) Chmod(entries []files.Entry, mode fs.FileMode) {}

// Transcript is the conversation with the server, for "Details".
func (s *Session) Transcript() string { return "" }

// SystemPath is the path as the system writes it, for sessions on this
// computer; "" for servers.
func (s *Session) SystemPath(p files.Path) string { return "" }

// Close ends the session and its connections.
func (s *Session) Close() {}
