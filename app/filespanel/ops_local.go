package filespanel

import (
	"path/filepath"

	"guichet/services/files"
	"guichet/services/files/local"
)

// localPath reads a path of this computer as a person types it.
func localPath(text string) (files.Path, bool) {
	if !filepath.IsAbs(text) {
		return nil, false
	}
	_, p, err := local.Split(text)
	return p, err == nil
}
