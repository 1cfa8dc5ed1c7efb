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
	"time"

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
	"guichet/services/files/sites"
	"guichet/services/html"
	"guichet/services/mail"
	"guichet/services/profile"
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
	window   *Window
	mail     *mailpanel.Panel
	files    *filespanel.Panel
	web      *webpanel.Panel
	build    func(panel.Host) []panel.Panel
	suggest  func(ctx context.Context, text string) []Suggestion
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
	if err := h.StartJobs(); err != nil {
		return nil, err
	}
	jobs, err := h.Activity()
	if err != nil {
		return nil, err
	}
	if err := pageview.Fonts(filepath.Join(h.Profile.Cache, "fonts")); err != nil {
		return nil, err
	}
	c := &composition{h: h, pictures: fetch.New(fetch.Params{
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
			Host: host, Web: pages, Tasks: h.Tasks.Child(), Name: firstName(mails), OpenOutside: func(u *url.URL) error { return openExternal(u.String()) },
			Diagnose: func(ctx context.Context, t address.Target) check.Report {
				return check.Run(ctx, t, check.Options{Network: h.Network, AllowClear: true})
			},
		})
		c.mail = mailpanel.New(mailpanel.Params{
			Host: host, Mail: mails, Tasks: h.Tasks.Child(), Downloads: h.Profile.Downloads, OpenFile: openExternal, Fetch: c.fetch,
			Diagnose: func(ctx context.Context, t address.Target, a mail.Account) check.Report {
				return check.Run(ctx, t, check.Options{Network: h.Network, User: a.IMAP.Login, Password: func(ctx context.Context) (string, error) {
					return h.Secrets.Get(ctx, mail.SecretService, a.Email)
				}})
			},
		})
		c.files = filespanel.New(filespanel.Params{
			Host: host, Files: places, Tasks: h.Tasks.Child(), Jobs: jobs, Activity: jobs.Jobs, OpenFile: openExternal, Start: h.Start,
			Diagnose: func(ctx context.Context, site files.Site) check.Report {
				return check.Run(ctx, address.Parse(site.URL(nil), address.Options{}), check.Options{Network: h.Network, User: site.User, AllowClear: site.AllowClear, Password: func(ctx context.Context) (string, error) {
					return sites.LoadPassword(ctx, h.Secrets, site)
				}})
			},
		})
		return []panel.Panel{
			c.web, c.mail, c.files,
			activitypanel.New(activitypanel.Params{Host: host, Center: jobs, Jobs: jobs.Jobs, Open: openExternal, ShowInFolder: showInFolder}),
			settings.New(settings.Params{Host: host, Settings: h.Profile.Settings, Trust: h.Network.Trust(), Downloads: h.Profile.Downloads}),
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
		cmd := exec.Command(program, "demo", "--window", "--lang", words.Language())
		if err = cmd.Start(); err == nil {
			c.h.Tasks.Go("demo window", func(context.Context) {
				if err := cmd.Wait(); err != nil {
					slog.Warn("demo window", "err", err)
				}
			})
			return
		}
	}
	c.window.Trouble("settings", fault.From("demo", "", err), nil)
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

// externalLimit bounds how long the system's opener may take.
const externalLimit = 20 * time.Second

// openExternal hands a file, folder or web address to the system's program for
// it.
func openExternal(target string) error {
	name, args := "xdg-open", []string{target}
	switch runtime.GOOS {
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", target}
	case "darwin":
		name = "open"
	}
	ctx, cancel := context.WithTimeout(context.Background(), externalLimit)
	defer cancel()
	if err := exec.CommandContext(ctx, name, args...).Run(); err != nil {
		return fault.New(fault.Unsupported, "open", "", err)
	}
	return nil
}

func showInFolder(path string) error { return openExternal(filepath.Dir(path)) }
