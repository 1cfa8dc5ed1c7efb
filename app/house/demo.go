package house

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"guichet/app/words"
	"guichet/services/demo"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sites"
	"guichet/services/mail"
	"guichet/services/profile"
	"guichet/services/web"
)

// Demo is a house on the sample servers: a profile of its own in a temporary
// folder, the only one that trusts the demo's authority.
type Demo struct {
	*House
	servers *demo.Demo
	dir     string
	remove  func() error // removes dir
}

// OpenDemo starts the sample servers and furnishes a temporary profile with
// their accounts, servers and bookmarks. settings, if not nil, are taken over:
// language, theme and text size stay as they were.
func OpenDemo(ctx context.Context, settings *profile.Values) (d *Demo, err error) {
	dir, remove, err := demo.TempDir("")
	if err != nil {
		return nil, err
	}
	servers, err := demo.Start(ctx, demo.Params{Dir: dir})
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	d = &Demo{servers: servers, dir: dir, remove: remove}
	i := servers.Info()
	d.House, err = Open(ctx, Options{Dir: filepath.Join(dir, "profile"), CA: []string{i.CA}, KnownHosts: []string{i.KnownHosts}})
	if err != nil {
		return nil, errors.Join(err, servers.Close(), remove())
	}
	if err := d.furnish(ctx, i, settings); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Info says where the demo's servers are.
func (d *Demo) Info() demo.Info { return d.servers.Info() }

// Close ends the house and the servers, and removes everything.
func (d *Demo) Close() error {
	return errors.Join(d.House.Close(), d.servers.Close(), d.remove())
}

func (d *Demo) furnish(ctx context.Context, i demo.Info, settings *profile.Values) error {
	err := d.Profile.Settings.Change(func(v *profile.Values) {
		if settings != nil {
			v.Language, v.Theme, v.TextSize = settings.Language, settings.Theme, settings.TextSize
			v.Width, v.Height = settings.Width, settings.Height
		}
		v.Welcomed = true
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(d.Profile.Downloads(), 0o700); err != nil {
		return fault.From("demo", "", err)
	}
	if err := d.furnishHome(); err != nil {
		return err
	}
	if err := d.furnishMail(ctx, i); err != nil {
		return err
	}
	if err := d.furnishFiles(ctx, i); err != nil {
		return err
	}
	return d.furnishWeb(i)
}

// furnishHome makes a few files to send, in the temporary folder: the demo does
// not begin among the person's own.
func (d *Demo) furnishHome() error {
	d.Start = filepath.Join(d.dir, "Home", "Pictures", "Summer concert")
	if err := os.MkdirAll(filepath.Join(d.Start, "Originals"), 0o700); err != nil {
		return fault.From("demo", "", err)
	}
	day := time.Date(time.Now().Year(), time.July, 12, 18, 20, 0, 0, time.Local)
	if day.After(time.Now()) {
		day = day.AddDate(-1, 0, 0)
	}
	for i, f := range demo.HomeSamples() {
		name := filepath.Join(d.Start, f.Name)
		at := day.Add(time.Duration(i) * 17 * time.Minute)
		if err := errors.Join(os.WriteFile(name, f.Data, 0o600), os.Chtimes(name, at, at)); err != nil {
			return fault.From("demo", "", err)
		}
	}
	film := filepath.Join(d.Start, "finale.mp4")
	// It takes no room on most disks, and long enough to send.
	if err := errors.Join(os.WriteFile(film, nil, 0o600), os.Truncate(film, 31_000_000), os.Chtimes(film, day, day)); err != nil {
		return fault.From("demo", "", err)
	}
	return nil
}

func (d *Demo) furnishMail(ctx context.Context, i demo.Info) error {
	s, err := d.Mail()
	if err != nil {
		return err
	}
	imap, err := mailServer(i.IMAPS, i.User)
	if err != nil {
		return err
	}
	smtp, err := mailServer(i.SMTPS, i.User)
	if err != nil {
		return err
	}
	_, err = s.AddManual(ctx, mail.Settings{Email: i.User, Name: demo.FullName, IMAP: imap, SMTP: smtp, Password: i.Password}, nil)
	return err
}

func mailServer(address, login string) (mail.Server, error) {
	u, err := url.Parse(address)
	if err != nil {
		return mail.Server{}, fault.New(fault.Internal, "demo", "", err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return mail.Server{}, fault.New(fault.Internal, "demo", "", err)
	}
	return mail.Server{Host: u.Hostname(), Port: port, Security: mail.TLS, Login: login}, nil
}

func (d *Demo) furnishFiles(ctx context.Context, i demo.Info) error {
	if _, err := d.Browse(); err != nil {
		return err
	}
	for _, s := range []struct{ name, address string }{{words.T("demo.club"), i.SFTP}, {words.T("demo.old"), i.FTPES}, {words.T("demo.photos"), i.DAV}} {
		site, err := files.ParseURL(s.address)
		if err != nil {
			return err
		}
		site.Name, site.User = s.name, i.User
		if err := sites.SavePassword(ctx, d.Secrets, site, i.Password); err != nil {
			return err
		}
		if _, err := d.sites.Save(ctx, site); err != nil {
			return err
		}
	}
	return nil
}

func (d *Demo) furnishWeb(i demo.Info) error {
	s, err := d.Web()
	if err != nil {
		return err
	}
	for _, b := range []struct{ title, path string }{
		{words.T("demo.library"), "library/"}, {words.T("demo.orchestra"), "orchestra/"}, {words.T("demo.garden"), "garden/"}, {words.T("demo.news"), "news/"},
	} {
		s.PutBookmark(web.Bookmark{URL: i.HTTPS + b.path, Title: b.title})
	}
	return nil
}
