package commands

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
)

// place is one end of a copy: a file system and a path in it.
type place struct {
	fs   files.FS
	path files.Path
	site files.Site
}

func (p place) close() error { return p.fs.Close() }

// isURL tells an address from a path of this computer.
func isURL(s string) bool { return strings.Contains(s, "://") }

// remote opens the file server that an address names. Where the login fails
// and a person is there, it asks for the password.
func (c *cli) remote(ctx context.Context, address string) (place, error) {
	site, err := parseSite(address)
	if err != nil {
		return place{}, err
	}
	h, err := c.house(ctx)
	if err != nil {
		return place{}, failure{err}
	}
	// An ftp: or dav: address says in so many words that clear text will do
	// where the server knows nothing better.
	site.AllowClear = !site.Protocol.Encrypted()
	var fs files.FS
	dialer := h.Dialer()
	full := site.Path
	for try := 0; ; try++ {
		err = c.withTrust(h, func() (err error) {
			fs, err = dialer.Dial(ctx, site)
			return err
		})
		// WebDAV proves a login by looking at the folder, which may be what is to be
		// made: then the one above will do.
		for fault.Is(err, fault.NotFound) && len(site.Path) > 0 {
			site.Path = site.Path.Dir()
			fs, err = dialer.Dial(ctx, site)
		}
		if !fault.Is(err, fault.Login) || try == 3 || !c.interactive() {
			break
		}
		pw, perr := c.promptSecret(words.T("cli.prompt.password", "User", site.User, "Host", site.Host))
		if perr != nil {
			return place{}, failure{perr}
		}
		dialer.Remember(site, pw)
	}
	if err != nil {
		return place{}, failure{err}
	}
	path := full
	if !site.Rooted {
		if path, err = fs.Home(ctx); err != nil {
			return place{}, failure{errors.Join(err, fs.Close())}
		}
	}
	return place{fs, path, site}, nil
}

func parseSite(address string) (files.Site, error) {
	if err := refuseSecret(address); err != nil {
		return files.Site{}, err
	}
	site, err := files.ParseURL(address)
	if err != nil {
		return files.Site{}, misuse(words.T("cli.bad.address", "Address", fault.Redact(address)))
	}
	return site, nil
}

// here opens a folder of this computer; the path is empty: the folder itself.
// One that receives files is made if missing, and no link leads out of it.
func here(folder string, receive bool) (place, error) {
	abs, err := filepath.Abs(folder)
	if err == nil && receive {
		err = os.MkdirAll(abs, 0o777)
	}
	if err != nil {
		return place{}, failure{fault.From("open folder", "", err)}
	}
	fs, err := local.New(abs, local.Options{Confined: receive})
	if err != nil {
		return place{}, failure{err}
	}
	return place{fs: fs, site: files.Site{Protocol: files.ProtocolLocal}}, nil
}

// folder opens an address or a folder of this computer.
func (c *cli) folder(ctx context.Context, arg string, receive bool) (place, error) {
	if isURL(arg) && !strings.HasPrefix(arg, "file:") {
		return c.remote(ctx, arg)
	}
	if isURL(arg) {
		site, err := parseSite(arg)
		if err != nil {
			return place{}, err
		}
		arg = site.Path.String()
	}
	return here(arg, receive)
}

// target splits where a single file is to go: the folder and the name in it.
// name is what it is called where out names a folder.
func target(out, name string, many bool) (dir, base string, err error) {
	switch {
	case out == "":
		return ".", name, nil
	case many || strings.HasSuffix(out, "/") || strings.HasSuffix(out, string(filepath.Separator)):
		return out, name, nil
	}
	if s, err := os.Stat(out); err == nil && s.IsDir() {
		return out, name, nil
	}
	return filepath.Dir(out), filepath.Base(out), nil
}
