package pageview

import (
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"guichet/services/html/text"
)

// Fonts gives the page engine the fonts of the window, so that text looks alike
// in both, and allows those of the system; their index is kept in cacheDir.
// It is called once at the start and reads no font yet. It fails if the window
// has no fonts to give; pages are shown all the same.
func Fonts(cacheDir string) error {
	f := text.Shared()
	f.UseSystem(cacheDir)
	var err error
	offer := func(r fyne.Resource, weight int, italic bool, families ...string) {
		if r == nil {
			err = errors.New("the window has no font for pages")
			return
		}
		f.Offer(families, weight, italic, r.Content)
	}
	// Under its own name too, for pages that ask for it.
	sans := []string{"Noto Sans", text.SystemUI, text.SansSerif}
	offer(theme.DefaultTextFont(), 400, false, sans...)
	offer(theme.DefaultTextBoldFont(), 700, false, sans...)
	offer(theme.DefaultTextItalicFont(), 400, true, sans...)
	offer(theme.DefaultTextBoldItalicFont(), 700, true, sans...)
	offer(theme.DefaultTextMonospaceFont(), 400, false, text.Monospace)
	if emoji := theme.DefaultEmojiFont(); emoji != nil { // left out of small builds
		f.Offer([]string{"emoji"}, 400, false, emoji.Content)
	}
	return err
}
