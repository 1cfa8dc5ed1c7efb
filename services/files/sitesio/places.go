package sitesio

import (
	"os"
	"path/filepath"
	"runtime"
)

// Source is a list that is there to be read.
type Source struct {
	Format Format
	Path   string // "" for the registry
}

// Read reads the list.
func (s Source) Read() (*List, error) {
	if s.Path == "" {
		return readRegistry()
	}
	return ReadFile(s.Path)
}

func homeDir() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return home
}

// Sources looks whether there are lists in the usual places of this system. It
// reads none of them.
func Sources() []Source {
	return sources(runtime.GOOS, homeDir(), os.Getenv)
}

func sources(goos, home string, env func(string) string) []Source {
	var all []Source
	add := func(f Format, parts ...string) {
		if parts[0] == "" {
			return
		}
		path := filepath.Join(parts...)
		for _, s := range all {
			if s.Path == path {
				return
			}
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			all = append(all, Source{f, path})
		}
	}
	if goos == "windows" {
		appData := env("APPDATA")
		add(FileZilla, appData, "FileZilla", "sitemanager.xml")
		add(WinSCP, appData, "WinSCP.ini")
		if hasRegistry() {
			all = append(all, Source{Format: WinSCP})
		}
		add(OpenSSH, home, ".ssh", "config")
		add(Netrc, home, "_netrc")
		return all
	}
	config := env("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) {
		config = ""
	}
	add(FileZilla, config, "filezilla", "sitemanager.xml")
	add(FileZilla, home, ".config", "filezilla", "sitemanager.xml")
	add(FileZilla, home, ".filezilla", "sitemanager.xml")
	add(FileZilla, home, ".var", "app", "org.filezillaproject.Filezilla", "config", "filezilla", "sitemanager.xml")
	add(WinSCP, home, ".wine", "drive_c", "users", env("USER"), "AppData", "Roaming", "WinSCP.ini")
	add(OpenSSH, home, ".ssh", "config")
	add(Netrc, home, ".netrc")
	add(Lftp, home, ".local", "share", "lftp", "bookmarks")
	add(Lftp, home, ".lftp", "bookmarks")
	add(Gnome, config, "gtk-3.0", "bookmarks")
	add(Gnome, home, ".config", "gtk-3.0", "bookmarks")
	return all
}
