package pageview

import (
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"guichet/services/html/text"
)

// Fonts gives the page engine the fonts of the window, so that text looks alike
// in both, and allows those of the system; their index is kept in cacheDir.
// It is called once at the start. The error names fonts that could not be read;
// pages are shown all the same.
func Fonts(cacheDir string) error {
	f := text.Shared()
	f.UseSystem(cacheDir)
	var failed []error
	register := func(family string, r fyne.Resource) {
		if r == nil {
			return
		}
		if err := f.Register(family, r.Content()); err != nil {
			failed = append(failed, err)
		}
	}
	for _, r := range []fyne.Resource{
		theme.DefaultTextFont(), theme.DefaultTextBoldFont(),
		theme.DefaultTextItalicFont(), theme.DefaultTextBoldItalicFont(),
	} {
		register("", r) // under its own name, for pages that ask for it
		register(text.SystemUI, r)
		register(text.SansSerif, r)
	}
	register(text.Monospace, theme.DefaultTextMonospaceFont())
	register("emoji", theme.DefaultEmojiFont())
	return errors.Join(failed...)
}
