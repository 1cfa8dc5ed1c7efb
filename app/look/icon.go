package look

import (
	"fyne.io/fyne/v2"

	"guichet/widgets/kit"
)

// Icon is the icon of that name (see assets/icons), in the theme's text colour.
func Icon(name string) fyne.Resource { return kit.Icon(name) }

// IconIn is the icon of that name in a colour of the theme; the names are in
// package kit.
func IconIn(name string, colour fyne.ThemeColorName) fyne.Resource { return kit.IconIn(name, colour) }
