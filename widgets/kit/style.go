// Package kit holds the small building blocks of Guichet's look: colour names,
// measures, themed text and shapes, icons, buttons, badges. They know no
// service and no sentence; texts come in as parameters.
package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The colours that Guichet's theme has beyond Fyne's own.
const (
	ColorSurface       fyne.ThemeColorName = "guichetSurface" // what content lies on
	ColorSide          fyne.ThemeColorName = "guichetSide"    // side panes, headers
	ColorGround        fyne.ThemeColorName = "guichetGround"  // behind cards
	ColorStrip         fyne.ThemeColorName = "guichetStrip"   // behind tabs
	ColorLine          fyne.ThemeColorName = "guichetLine"    // hairlines
	ColorEdge          fyne.ThemeColorName = "guichetEdge"    // outlines of buttons and fields
	ColorText          fyne.ThemeColorName = "guichetText"
	ColorQuiet         fyne.ThemeColorName = "guichetQuiet" // less important text
	ColorRail          fyne.ThemeColorName = "guichetRail"
	ColorRailText      fyne.ThemeColorName = "guichetRailText"
	ColorRailSelected  fyne.ThemeColorName = "guichetRailSelected" // ground of the shown tab
	ColorRailStrong    fyne.ThemeColorName = "guichetRailStrong"   // text of the shown tab
	ColorPrimary       fyne.ThemeColorName = theme.ColorNamePrimary
	ColorOnPrimary     fyne.ThemeColorName = theme.ColorNameForegroundOnPrimary
	ColorSelection     fyne.ThemeColorName = "guichetSelection"     // ground of selected rows
	ColorSelectionSide fyne.ThemeColorName = "guichetSelectionSide" // the same on a side pane
	ColorStrong        fyne.ThemeColorName = "guichetStrong"        // text of the selected entry of a side pane
	ColorHover         fyne.ThemeColorName = theme.ColorNameHover
	ColorBadge         fyne.ThemeColorName = "guichetBadge"
	ColorOnBadge       fyne.ThemeColorName = "guichetOnBadge"
	ColorGood          fyne.ThemeColorName = theme.ColorNameSuccess // dots and ticks
	ColorGoodText      fyne.ThemeColorName = "guichetGoodText"
	ColorGoodGround    fyne.ThemeColorName = "guichetGoodGround"
	ColorWaiting       fyne.ThemeColorName = theme.ColorNameWarning // dots
	ColorWarningText   fyne.ThemeColorName = "guichetWarningText"
	ColorWarningGround fyne.ThemeColorName = "guichetWarningGround"
	ColorWarningEdge   fyne.ThemeColorName = "guichetWarningEdge"
	ColorBad           fyne.ThemeColorName = theme.ColorNameError
	ColorBadGround     fyne.ThemeColorName = "guichetBadGround"
	ColorOnBad         fyne.ThemeColorName = theme.ColorNameForegroundOnError
	ColorTrack         fyne.ThemeColorName = "guichetTrack" // what a progress bar still has to fill
	ColorVeil          fyne.ThemeColorName = "guichetVeil"  // over the window while a dialog is open
	ColorNone          fyne.ThemeColorName = ""             // draws nothing
)

// Color gives a colour of the theme in force; transparent for ColorNone.
func Color(name fyne.ThemeColorName) color.Color {
	if name == ColorNone {
		return color.Transparent
	}
	if own, ok := elsewhere[name]; ok {
		if _, ours := fyne.CurrentApp().Settings().Theme().(Palette); !ours {
			name = own
		}
	}
	return theme.Color(name)
}

// Palette marks a theme that knows the colours of this package.
type Palette interface {
	fyne.Theme
	HasGuichetColors()
}

// elsewhere gives a colour of Fyne's own for each of this package's, for
// themes that do not know them.
var elsewhere = map[fyne.ThemeColorName]fyne.ThemeColorName{
	ColorText: theme.ColorNameForeground, ColorSurface: theme.ColorNameBackground, ColorSide: theme.ColorNameHeaderBackground, ColorGround: theme.ColorNameHeaderBackground,
	ColorStrip: theme.ColorNameHeaderBackground, ColorLine: theme.ColorNameSeparator, ColorEdge: theme.ColorNameInputBorder,
	ColorQuiet: theme.ColorNamePlaceHolder, ColorRail: theme.ColorNameHeaderBackground, ColorRailText: theme.ColorNameForeground,
	ColorRailSelected: theme.ColorNameSelection, ColorRailStrong: theme.ColorNameForeground, ColorSelection: theme.ColorNameSelection,
	ColorSelectionSide: theme.ColorNameSelection, ColorStrong: theme.ColorNameForeground, ColorBadge: theme.ColorNameError,
	ColorOnBadge: theme.ColorNameForegroundOnError, ColorGoodText: theme.ColorNameSuccess, ColorGoodGround: theme.ColorNameBackground,
	ColorWarningText: theme.ColorNameForeground, ColorWarningGround: theme.ColorNameHeaderBackground,
	ColorWarningEdge: theme.ColorNameWarning, ColorBadGround: theme.ColorNameHeaderBackground, ColorTrack: theme.ColorNameSeparator, ColorVeil: theme.ColorNameShadow,
}

// Scale is the text size in force divided by the usual one: 0.85 to 1.75.
func Scale() float32 { return theme.TextSize() / 14 }

// Px gives a measure of the design, which holds for the usual text size, at the
// text size in force.
func Px(n float32) float32 { return n * Scale() }

// Text sizes of the design, for Text and Paragraph.
const (
	SizeSmall   = 12
	SizeBody    = 14
	SizeHeading = 15
	SizeTitle   = 20
	SizeDisplay = 24
)

// ControlHeight is the height of buttons and fields.
func ControlHeight() float32 { return Px(34) }
