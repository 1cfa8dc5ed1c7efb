package profile

import (
	"os"
	"path/filepath"
	"strings"
)

// xdgDownloads reads XDG_DOWNLOAD_DIR from user-dirs.dirs (xdg-user-dirs); ""
// where there is none.
func xdgDownloads(home string) string {
	config := os.Getenv("XDG_CONFIG_HOME")
	if config == "" {
		config = filepath.Join(home, ".config")
	}
	data, err := os.ReadFile(filepath.Join(config, "user-dirs.dirs"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "XDG_DOWNLOAD_DIR="); ok {
			v = strings.Trim(v, `"`)
			if rest, ok := strings.CutPrefix(v, "$HOME"); ok {
				v = home + rest
			}
			return filepath.Clean(v)
		}
	}
	return ""
}
