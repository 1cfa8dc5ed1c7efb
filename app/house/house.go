// Package house builds the services of a profile: the one place that knows
// what each of them needs. The window and the command line both live in it;
// a service is built when it is first asked for.
package house

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"guichet/app/version"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files/browse"
	"guichet/services/files/compare"
	"guichet/services/files/edit"
	"guichet/services/files/ops"
	"guichet/services/files/ops/trash"
	"guichet/services/files/sites"
	"guichet/services/files/transfer"
	"guichet/services/files/watch"
	"guichet/services/mail"
	"guichet/services/profile"
	"guichet/services/secret"
	"guichet/services/store"
	"guichet/services/task"
	"guichet/services/web"
)

// Options say which house is built.
type Options struct {
	Dir        string   // everything in one folder; "" for the system's places
	CA         []string // PEM files of further trusted authorities
	KnownHosts []string // further known_hosts files
	// Ask answers an SSH server's further questions, and Passphrase opens a
	// private key; nil where nobody can be asked.
	Ask        func(ctx context.Context, instruction string, questions []string, echo []bool) ([]string, error)
	Passphrase func(ctx context.Context, keyFile string) (string, error)
	// Password, if not nil, stands in for the saved password of every account:
	// the command line's prompt or environment.
	Password *string
}

// House is a profile with its services. The methods that build a service may
// read the disk: not for the user interface's goroutine before Warm has run.
type House struct {
	Profile *profile.Profile
	Network *connect.Network
	Secrets secret.Store
	Tasks   *task.Group
	// Start is the folder that the Files tab begins in, "" for the person's home.
	Start string

	o        Options
	mu       sync.Mutex
	jobs     *store.DB
	activity *activity.Center
	runner   *transfer.Runner
	sync     *compare.Service
	limits   transfer.Limits // of all transfers
	watch    *watch.Service
	mail     *mail.Service
	web      *web.Service
	dialer   *sites.Dialer
	sites    *sites.Store
	browse   *browse.Service
	edit     *edit.Service
}

// Open opens the profile and what every service needs.
func Open(ctx context.Context, o Options) (*House, error) {
	p, err := profile.Open(o.Dir)
	if err != nil {
		return nil, err
	}
	trust, err := connect.OpenTrust(p.Path("trust.json"))
	if err != nil {
		return nil, err
	}
	var roots *x509.CertPool
	if len(o.CA) > 0 {
		if roots, err = connect.SystemRootsPlus(o.CA...); err != nil {
			return nil, err
		}
	}
	known := o.KnownHosts
	if !p.Portable {
		known = append(known, connect.SystemKnownHosts()...)
	}
	secrets, err := secret.Open(ctx, p.Path("secrets"), p.Portable)
	if err != nil {
		return nil, err
	}
	return &House{
		Profile: p, o: o, Tasks: task.NewGroup(ctx), Secrets: secrets,
		Network: connect.New(connect.Params{Trust: trust, Roots: roots, KnownHosts: known, Proxy: proxyOf(p.Settings)}),
	}, nil
}

// proxyOf follows the settings as they are at each connection.
func proxyOf(settings *profile.Settings) connect.ProxyFunc {
	system := connect.EnvironmentProxy()
	return func(scheme, host string, port int) (*url.URL, error) {
		switch text := settings.Get().Proxy; text {
		case "":
			return system(scheme, host, port)
		case profile.NoProxy:
			return nil, nil
		default:
			u, err := url.Parse(text)
			if err != nil || u.Host == "" {
				return nil, fault.Newf(fault.Protocol, "read settings", "", "proxy: not an address")
			}
			return connect.FixedProxy(u)(scheme, host, port)
		}
	}
}

// Activity gives the list of jobs. StartJobs lets them run.
func (h *House) Activity() (*activity.Center, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.center()
}

func (h *House) center() (*activity.Center, error) {
	if h.activity != nil {
		return h.activity, nil
	}
	db, err := activity.Open(h.Profile.Path("jobs.db"))
	if err != nil {
		return nil, err
	}
	c, err := activity.New(activity.Params{DB: db, Tasks: h.Tasks})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	h.jobs, h.activity = db, c
	return c, nil
}

// StartJobs registers all runners and lets the jobs run.
func (h *House) StartJobs() error {
	if _, err := h.Web(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c, err := h.center()
	if err != nil {
		return err
	}
	r, err := transfer.NewRunner(transfer.RunnerParams{Dialer: h.siteDialer(), Database: h.Profile.Path("transfers.db"), Limits: &h.limits, Keep: trash.Keeper{}.Keep})
	if err != nil {
		return err
	}
	h.runner = r
	c.Register(transfer.Kind, r)
	alike, err := h.syncing()
	if err != nil {
		return err
	}
	c.Register(compare.Kind, alike)
	c.Register(ops.Kind, &ops.Runner{Dialer: h.siteDialer()})
	c.Start()
	return nil
}

// Failures lists what a transfer of many files could not copy in its last try.
func (h *House) Failures(ctx context.Context, job int64) ([]transfer.Failure, error) {
	h.mu.Lock()
	r := h.runner
	h.mu.Unlock()
	if r == nil {
		return nil, nil // no job has run
	}
	return r.Failures(ctx, job)
}

// SetLimits bounds the speed of all transfers, in bytes per second down to this
// computer and up from it; 0 is no bound.
func (h *House) SetLimits(down, up int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.runner != nil {
		h.runner.SetLimits(down, up)
	}
}

// Mail gives the mail service; Start it to stay connected.
func (h *House) Mail() (*mail.Service, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.mail != nil {
		return h.mail, nil
	}
	dir := h.Profile.Path("mail")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.From("open mail", "", err)
	}
	s, err := mail.New(mail.Params{DBDir: dir, Network: h.Network, Secrets: h.Secrets, Tasks: h.Tasks})
	if err != nil {
		return nil, err
	}
	h.mail = s
	return s, nil
}

// Web gives the browser.
func (h *House) Web() (*web.Service, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.web != nil {
		return h.web, nil
	}
	c, err := h.center()
	if err != nil {
		return nil, err
	}
	s, err := web.New(web.Params{
		Dir: filepath.Join(h.Profile.Data, "web"), Transport: h.Network.HTTPTransport(connect.HTTPOptions{}), Tasks: h.Tasks,
		Activity: c, Downloads: h.Profile.Downloads, Version: version.Number,
		Languages: func() []string { return []string{words.Language()} },
	})
	if err != nil {
		return nil, err
	}
	h.web = s
	return s, nil
}

// Dialer opens file servers.
func (h *House) Dialer() *sites.Dialer {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.siteDialer()
}

func (h *House) siteDialer() *sites.Dialer {
	if h.dialer == nil {
		h.dialer = sites.NewDialer(h.siteParams())
	}
	return h.dialer
}

// siteParams are what connections to file servers are made with.
func (h *House) siteParams() sites.Params {
	return sites.Params{Network: h.Network, Secrets: h.Secrets, Password: h.o.Password, Ask: h.o.Ask, Passphrase: h.o.Passphrase}
}

// Browse gives the service of the Files tab.
func (h *House) Browse() (*browse.Service, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.browse != nil {
		return h.browse, nil
	}
	if h.sites == nil {
		s, err := sites.OpenStore(h.Profile.Path("sites.json"))
		if fault.Is(err, fault.Damaged) { // it was moved aside; the rest of the program goes on
			slog.Error("saved servers damaged", "err", err)
			s, err = sites.OpenStore(h.Profile.Path("sites.json"))
		}
		if err != nil {
			return nil, err
		}
		h.sites = s
	}
	c, err := h.center()
	if err != nil {
		return nil, err
	}
	h.browse = browse.New(browse.Params{Group: h.Tasks, Dialer: h.siteDialer(), Sites: h.sites, Secrets: h.Secrets, Jobs: c})
	return h.browse, nil
}

// Sync gives the service that compares folders and makes them alike.
func (h *House) Sync() (*compare.Service, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.syncing()
}

func (h *House) syncing() (*compare.Service, error) {
	if h.sync != nil {
		return h.sync, nil
	}
	c, err := h.center()
	if err != nil {
		return nil, err
	}
	h.sync, err = h.syncFor(c)
	return h.sync, err
}

// SyncFor is Sync with a list of jobs of its own; the caller closes it.
func (h *House) SyncFor(jobs transfer.Adder) (*compare.Service, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.syncFor(jobs)
}

func (h *House) syncFor(jobs transfer.Adder) (*compare.Service, error) {
	return compare.Open(compare.Params{Dialer: h.siteDialer(), Database: h.Profile.Path("sync.db"), Jobs: jobs, Limits: &h.limits, Keep: trash.Keeper{}.Keep})
}

// Edit gives the service that edits servers' files in the programs of this
// computer.
func (h *House) Edit() (*edit.Service, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.edit != nil {
		return h.edit, nil
	}
	s, err := edit.New(edit.Params{Group: h.Tasks, Dialer: h.siteDialer(), Dir: filepath.Join(h.Profile.Data, "edit")})
	if err != nil {
		return nil, err
	}
	h.edit = s
	return s, nil
}

// Watch gives the folders that are kept up to date; Start it to have them so.
func (h *House) Watch() (*watch.Service, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watch != nil {
		return h.watch, nil
	}
	alike, err := h.syncing()
	if err != nil {
		return nil, err
	}
	c, err := h.center()
	if err != nil {
		return nil, err
	}
	p := watch.Params{Path: h.Profile.Path("watch.json"), Sync: alike, Jobs: c, Tasks: h.Tasks.Child()}
	s, err := watch.Open(p)
	if fault.Is(err, fault.Damaged) { // it was moved aside; the rest of the program goes on
		slog.Error("folders to keep up to date damaged", "err", err)
		s, err = watch.Open(p)
	}
	h.watch = s
	return s, err
}

// closeLimit is how long Close waits for what is running.
const closeLimit = 2 * time.Second

// Close ends all work, waits for it two seconds at most, and closes the files.
// Jobs and mails that were under way continue at the next start.
func (h *House) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Tasks.Cancel()
	if h.edit != nil {
		h.edit.End()
	}
	var errs []error
	if h.mail != nil {
		errs = append(errs, h.mail.Close())
	}
	if h.web != nil {
		errs = append(errs, h.web.Close())
	}
	if !h.Tasks.Close(closeLimit) {
		slog.Warn("work still runs at the end")
	}
	if h.runner != nil {
		errs = append(errs, h.runner.Close())
	}
	if h.sync != nil {
		errs = append(errs, h.sync.Close())
	}
	if h.jobs != nil {
		errs = append(errs, h.jobs.Close())
	}
	return errors.Join(errs...)
}
