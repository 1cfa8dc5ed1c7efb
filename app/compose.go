package app

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"github.com/jeandeaual/go-locale"

	"guichet/app/activitypanel"
	"guichet/app/filespanel"
	"guichet/app/house"
	"guichet/app/mailpanel"
	"guichet/app/pageview"
	"guichet/app/panel"
	"guichet/app/settings"
	"guichet/app/version"
	"guichet/app/webpanel"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/check"
	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/preview"
	"guichet/services/files/sites"
	"guichet/services/html"
	"guichet/services/mail"
	"guichet/services/profile"
	"guichet/services/task"
	"guichet/services/web/fetch"
)

// maxPicture bounds a picture in a mail, in bytes.
const maxPicture = 10 << 20

// ID is the program's name for the desktop.
const ID = "org.guichet.Guichet"

// Launch says what the window opens on.
type Launch struct {
	Profile    string // everything in one folder; "" for the system's places
	CA         []string
	KnownHosts []string
	Lang       string // "" as in the settings
	Address    string // to open at the start, as typed
	Demo       bool   // on the sample servers, in a temporary profile
}

// Open opens the window on a profile and returns when it is closed. makeApp
// makes the Fyne app, which only main can. Where a window runs on that profile
// already, it is handed the address and Open returns at once.
func Open(ctx context.Context, l Launch, makeApp func(id string) fyne.App) (err error) {
	tag, lerr := locale.GetLocale()
	if lerr != nil {
		tag = "" // LANG=C and the like: English
	}
	if err := CheckDisplay(); err != nil {
		return err
	}
	h, closeHouse, err := openHouse(ctx, l)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeHouse()) }()
	front := make(chan string, 8)
	if !l.Demo {
		claim, err := h.Profile.Claim(h.Tasks, l.Address, func(address string) { front <- address })
		if err != nil || claim == nil {
			return err
		}
		defer func() { err = errors.Join(err, claim.Release()) }()
	}
	endLog, err := h.Profile.OpenLog(nil, slog.LevelInfo)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, endLog()) }()
	slog.Info("start", "version", version.Get())
	if l.Lang != "" {
		if err := h.Profile.Settings.Change(func(v *profile.Values) { v.Language = l.Lang }); err != nil {
			return err
		}
	}
	c, err := compose(h)
	if err != nil {
		return err
	}
	a := makeApp(ID)
	a.Lifecycle().SetOnExitedForeground(func() { c.behind.Store(true) })
	a.Lifecycle().SetOnEnteredForeground(func() { c.behind.Store(false) })
	p := c.params(tag)
	if !l.Demo {
		p.Welcome = c.welcome()
	}
	return Run(a, Params{Window: p, Open: l.Address, Started: func(w *Window) { c.started(w, front) }})
}

func openHouse(ctx context.Context, l Launch) (*house.House, func() error, error) {
	if l.Demo {
		d, err := house.OpenDemo(ctx, nil)
		if err != nil {
			return nil, nil, err
		}
		return d.House, d.Close, nil
	}
	h, err := house.Open(ctx, house.Options{Dir: l.Profile, CA: l.CA, KnownHosts: l.KnownHosts})
	if err != nil {
		return nil, nil, err
	}
	return h, h.Close, nil
}

// composition is the window's services and panels.
type composition struct {
	h        *house.House
	pictures *fetch.Loader // of mails
	outside  *task.Group   // programs that were started; nobody waits for them
	window   *Window
	mail     *mailpanel.Panel
	files    *filespanel.Panel
	web      *webpanel.Panel
	build    func(panel.Host) []panel.Panel
	suggest  func(ctx context.Context, text string) []Suggestion
	behind   atomic.Bool // the window is behind others, or minimised
}

// compose builds all services and says how the panels are made of them.
func compose(h *house.House) (*composition, error) {
	mails, err := h.Mail()
	if err != nil {
		return nil, err
	}
	pages, err := h.Web()
	if err != nil {
		return nil, err
	}
	places, err := h.Browse()
	if err != nil {
		return nil, err
	}
	edits, err := h.Edit()
	if err != nil {
		return nil, err
	}
	if err := h.StartJobs(); err != nil {
		return nil, err
	}
	alike, err := h.Sync()
	if err != nil {
		return nil, err
	}
	kept, err := h.Watch()
	if err != nil {
		return nil, err
	}
	jobs, err := h.Activity()
	if err != nil {
		return nil, err
	}
	if err := pageview.Fonts(filepath.Join(h.Profile.Cache, "fonts")); err != nil {
		return nil, err
	}
	c := &composition{h: h, outside: task.NewGroup(context.Background()), pictures: fetch.New(fetch.Params{
		Transport: h.Network.HTTPTransport(connect.HTTPOptions{}), UserAgent: "Guichet/" + version.Number, MaxBytes: maxPicture,
	})}
	c.suggest = func(ctx context.Context, text string) []Suggestion {
		list, err := pages.Suggest(ctx, text, most)
		if err != nil {
			return nil // the text can be typed to its end
		}
		var out []Suggestion
		for _, s := range list {
			icon := "history"
			if s.Bookmarked {
				icon = "star"
			}
			out = append(out, Suggestion{Icon: icon, Title: s.Title, Text: s.URL, Value: s.URL})
		}
		return out
	}
	c.build = func(host panel.Host) []panel.Panel {
		c.web = webpanel.New(webpanel.Params{
			Host: host, Web: pages, Tasks: h.Tasks.Child(), Name: firstName(mails), OpenOutside: func(u *url.URL) error { return c.openExternal(u.String()) },
			Diagnose: func(ctx context.Context, t address.Target) check.Report {
				return check.Run(ctx, t, check.Options{Network: h.Network, AllowClear: true})
			},
		})
		c.mail = mailpanel.New(mailpanel.Params{
			Host: host, Mail: mails, Tasks: h.Tasks.Child(), Downloads: h.Profile.Downloads, OpenFile: c.openExternal, Fetch: c.fetch,
			Diagnose: func(ctx context.Context, t address.Target, a mail.Account) check.Report {
				return check.Run(ctx, t, check.Options{Network: h.Network, User: a.IMAP.Login, Password: func(ctx context.Context) (string, error) {
					return h.Secrets.Get(ctx, mail.SecretService, a.Email)
				}})
			},
		})
		c.files = filespanel.New(filespanel.Params{
			Host: host, Files: places, Tasks: h.Tasks.Child(), Jobs: jobs, Activity: jobs.Jobs, OpenFile: c.openExternal, Start: h.Start,
			Sync: alike, Watch: kept,
			Diagnose: func(ctx context.Context, site files.Site, password *string) check.Report {
				return check.Run(ctx, address.Parse(site.URL(nil), address.Options{}), check.Options{Network: h.Network, User: site.User, AllowClear: site.AllowClear, Password: func(ctx context.Context) (string, error) {
					if password != nil {
						return *password, nil
					}
					return sites.LoadPassword(ctx, h.Secrets, site)
				}})
			},
			Settings: h.Profile.Settings, Downloads: h.Profile.Downloads, ShowInFolder: c.showInFolder, SetLimits: h.SetLimits,
			Previews: preview.New(preview.Params{Dir: filepath.Join(h.Profile.Cache, "previews"), Group: h.Tasks}),
			Behind:   c.behind.Load,
			Failures: h.Failures,
			Notify:   func(title, text string) { fyne.CurrentApp().SendNotification(fyne.NewNotification(title, text)) },
		})
		c.files.UseEdits(edits)
		return []panel.Panel{
			c.web, c.mail, c.files,
			activitypanel.New(activitypanel.Params{Host: host, Center: jobs, Jobs: jobs.Jobs, Open: c.openExternal, ShowInFolder: c.showInFolder, ShowFailed: c.files.ShowFailed}),
			settings.New(settings.Params{Host: host, Settings: h.Profile.Settings, Secrets: h.Secrets.Place(), Trust: h.Network.Trust(), Downloads: h.Profile.Downloads}),
		}
	}
	return c, nil
}

func (c *composition) params(systemLanguage string) WindowParams {
	jobs, err := c.h.Activity()
	if err != nil {
		panic(err) // compose made it already
	}
	return WindowParams{
		Settings: c.h.Profile.Settings, Panels: c.build, Trust: c.h.Network.Trust(), Jobs: jobs.Jobs, Suggest: c.suggest, SystemLanguage: systemLanguage,
		Exists: func(path string) bool { _, err := os.Stat(path); return err == nil },
	}
}

// welcome are the three ways to begin.
func (c *composition) welcome() *Welcome {
	return &Welcome{
		AddMail: func() { c.window.ShowPanel("mail"); c.mail.AddAccount() },
		Connect: func() { c.window.ShowPanel("files"); c.files.Connect() },
		Demo:    c.openDemo,
	}
}

// openDemo opens a second window on the demo, in a process of its own: its
// profile, its servers and what it trusts have nothing to do with this one.
func (c *composition) openDemo() {
	program, err := os.Executable()
	if err == nil {
		err = c.start("demo", exec.Command(program, "demo", "--window", "--lang", words.Language()),
			func(w *Window, f *fault.Fault) { w.Trouble("settings", f, nil) })
	}
	if err != nil {
		c.window.Trouble("settings", fault.From("demo", "", err), nil)
	}
}

// firstName gives the name for the greeting: that of the first mail account.
func firstName(s *mail.Service) func() string {
	return func() string {
		accounts, err := s.Accounts.Get()
		if err != nil || len(accounts.List) == 0 {
			return ""
		}
		name, _, _ := strings.Cut(accounts.List[0].Name, " ")
		return name
	}
}

// fetch loads a picture that a person allowed for a mail: without cookies and
// without a referrer.
func (c *composition) fetch(ctx context.Context, r html.Request) (*html.Resource, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.Newf(fault.Unsupported, "load picture", "", "no web address")
	}
	resp, data, err := c.pictures.All(ctx, fetch.Request{URL: u, Kind: fetch.Image}, nil)
	if err != nil {
		return nil, err
	}
	if f := fetch.StatusFault(resp.Status, resp.Header, u.Host); f != nil {
		return nil, f
	}
	return &html.Resource{URL: resp.URL.String(), MediaType: resp.MediaType, Data: data}, nil
}

// started runs once the window is on the screen: only now the network is used.
func (c *composition) started(w *Window, front <-chan string) {
	c.window = w
	mails, err := c.h.Mail()
	if err != nil {
		panic(err) // compose made it already
	}
	mails.Start()
	if kept, err := c.h.Watch(); err == nil { // compose made it already
		kept.Start()
	}
	c.h.Tasks.Go("second starts", func(ctx context.Context) {
		for {
			select {
			case address := <-front:
				w.Post(func() {
					w.win.RequestFocus()
					if address != "" {
						w.OpenText(address)
					}
				})
			case <-ctx.Done():
				return
			}
		}
	})
}

// openExternal hands a file, folder or web address to the system's program for
// it, and does not wait: some openers end only with the program that they
// start. What goes wrong later is shown then.
func (c *composition) openExternal(target string) error {
	name, args := "xdg-open", []string{target}
	switch runtime.GOOS {
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", target}
	case "darwin":
		name = "open"
	}
	return c.start("open", exec.Command(name, args...), func(w *Window, f *fault.Fault) { w.Trouble("", f, nil) })
}

// start runs a program that may outlive the window. The fault of one that
// cannot be started is Unsupported; failed gets that of one that ends badly.
func (c *composition) start(op string, cmd *exec.Cmd, failed func(*Window, *fault.Fault)) error {
	if err := cmd.Start(); err != nil {
		return fault.New(fault.Unsupported, op, "", err)
	}
	c.outside.Go(op, func(context.Context) {
		err := cmd.Wait()
		if err == nil {
			return
		}
		slog.Warn("program ended badly", "op", op, "program", cmd.Path, "err", err)
		if c.h.Tasks.Context().Err() == nil {
			c.window.Post(func() { failed(c.window, fault.New(fault.Unsupported, op, "", err)) })
		}
	})
	return nil
}

func (c *composition) showInFolder(path string) error { return c.openExternal(filepath.Dir(path)) }
