package look

import (
	"fyne.io/fyne/v2"

	"guichet/widgets/kit"
)

// Icon is the icon of that name (see assets/icons), in the theme's text colour.
func Icon(name string) fyne.Resource { return kit.Icon(name) }
