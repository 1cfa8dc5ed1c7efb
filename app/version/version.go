// Package version says what this program is.
package version

import (
	"runtime"
	"runtime/debug"
)

// Number and Commit are set by the release build:
// -ldflags "-X guichet/app/version.Number=1.2.3 -X guichet/app/version.Commit=abc".
var (
	Number = "0.1.0-dev"
	Commit = ""
)

// Info is what `guichet version` tells.
type Info struct {
	Version string   `json:"version"`
	Commit  string   `json:"commit,omitempty"`
	Go      string   `json:"go"`
	Fyne    string   `json:"fyne"`
	OS      string   `json:"os"`
	Engines []string `json:"engines"`
}

// Get reads the facts of this program.
func Get() Info {
	i := Info{Version: Number, Commit: Commit, Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH, Engines: []string{"simple"}}
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, d := range b.Deps {
			if d.Path == "fyne.io/fyne/v2" {
				i.Fyne = d.Version
			}
		}
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" && i.Commit == "" {
				i.Commit = s.Value
			}
		}
	}
	return i
}
