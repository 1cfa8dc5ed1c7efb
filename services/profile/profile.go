// Package profile knows where Guichet keeps its things, holds the settings,
// writes the log, and makes sure that one profile has one running window.
package profile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"guichet/services/fault"
)

// Profile is a person's folders. All of them exist.
type Profile struct {
	Data     string // what only we hold: mail, accounts, jobs
	Cache    string // what can be fetched again
	Logs     string
	Portable bool // everything lies in one folder that the user named
	Settings *Settings
}

// Open makes the folders and reads the settings. dir, if not "", holds
// everything (portable); else the system's usual places are used. Faults:
// Permission for a read-only home, Full, Damaged settings are replaced by the
// defaults and kept beside.
func Open(dir string) (*Profile, error) {
	p, err := places(dir)
	if err != nil {
		return nil, fault.From("open profile", "", err)
	}
	for _, d := range []string{p.Data, p.Cache, p.Logs} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, fault.From("open profile", "", err)
		}
	}
	if err := writable(p.Data); err != nil {
		return nil, fault.From("open profile", "", err)
	}
	if p.Settings, err = openSettings(filepath.Join(p.Data, "settings.json")); err != nil {
		return nil, err
	}
	return p, nil
}

func places(dir string) (*Profile, error) {
	if dir != "" {
		dir, err := filepath.Abs(dir)
		return &Profile{Data: dir, Cache: filepath.Join(dir, "cache"), Logs: filepath.Join(dir, "logs"), Portable: true}, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	data, err := dataDir()
	if err != nil {
		return nil, err
	}
	p := &Profile{Data: data, Cache: filepath.Join(cache, "guichet"), Logs: filepath.Join(data, "logs")}
	if runtime.GOOS == "windows" { // the two are one folder there
		p.Cache = filepath.Join(cache, "Guichet", "Cache")
	}
	return p, nil
}

// dataDir is the system's place for application data: XDG base directories on
// Linux, Application Support, LocalAppData.
func dataDir() (string, error) {
	switch runtime.GOOS {
	case "windows", "darwin", "ios":
		base, err := os.UserConfigDir()
		return filepath.Join(base, "Guichet"), err
	}
	if base := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "guichet"), nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "share", "guichet"), err
}

// writable tries to make a file, because permission bits do not tell about
// read-only mounts and quotas.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Path gives a file or folder of the profile's data by its name.
func (p *Profile) Path(name string) string { return filepath.Join(p.Data, name) }

// Downloads is the folder that downloads go to: the one in the settings, else
// the system's, else the home folder.
func (p *Profile) Downloads() string {
	if d := p.Settings.Get().Downloads; d != "" {
		return d
	}
	if p.Portable {
		return filepath.Join(p.Data, "Downloads")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return p.Data
	}
	for _, name := range []string{xdgDownloads(home), filepath.Join(home, "Downloads"), filepath.Join(home, "Téléchargements")} {
		if s, err := os.Stat(name); name != "" && err == nil && s.IsDir() {
			return name
		}
	}
	return home
}

// SetAside gives a damaged file another name, under which it is kept.
func SetAside(name string) error {
	return os.Rename(name, name+".damaged-"+time.Now().UTC().Format("20060102T150405"))
}

// WriteFile replaces a file whole or not at all: a temporary file beside it is
// written, synced and renamed.
func WriteFile(name string, data []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return fault.From("write", "", err)
	}
	defer func() {
		if err != nil {
			err = fault.From("write", "", errors.Join(err, os.Remove(f.Name())))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
