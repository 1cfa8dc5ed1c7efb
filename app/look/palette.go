package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"guichet/widgets/kit"
)

func hex(rgb uint32) color.NRGBA {
	return color.NRGBA{R: uint8(rgb >> 16), G: uint8(rgb >> 8), B: uint8(rgb), A: 0xff}
}

func alpha(rgb uint32, a uint8) color.NRGBA {
	c := hex(rgb)
	c.A = a
	return c
}

// The text colours of Fyne's own widgets also decide how the shortcuts in its
// menus look: Fyne 2.7.1 draws those in the low bytes of the text's 16-bit
// components, the alpha times 0.95 (widget/menu_item.go, shortcutColor). For
// these two that gives quiet, nearly opaque greys: 5c6a78 and a1a8b5.
var (
	menuText     = alpha(0x1a2938, 0xee)
	menuTextDark = alpha(0xdef1f0, 0xf1)
)

// palette is a set of colours by name.
type palette map[fyne.ThemeColorName]color.Color

// light follows the design's pictures. Quiet text and the badge are darker than
// in them, because text on its ground has a contrast of 4.5 to 1 at least.
var light = palette{
	kit.ColorSurface:       hex(0xffffff),
	kit.ColorSide:          hex(0xfaf9f6),
	kit.ColorGround:        hex(0xf4f3ef),
	kit.ColorStrip:         hex(0xece9e1),
	kit.ColorLine:          hex(0xe3e0d8),
	kit.ColorEdge:          hex(0xd5d1c6),
	kit.ColorText:          hex(0x1d2733),
	kit.ColorQuiet:         hex(0x5b6772),
	kit.ColorRail:          hex(0x17324d),
	kit.ColorRailText:      hex(0xc9d6e4),
	kit.ColorRailSelected:  hex(0x2a4d70),
	kit.ColorRailStrong:    hex(0xffffff),
	kit.ColorPrimary:       hex(0x17698a),
	kit.ColorOnPrimary:     hex(0xffffff),
	kit.ColorSelection:     hex(0xeaf4f8),
	kit.ColorSelectionSide: hex(0xdcebf2),
	kit.ColorStrong:        hex(0x0f4f69),
	kit.ColorHover:         alpha(0x1d2733, 0x0e),
	kit.ColorBadge:         hex(0xc2501d),
	kit.ColorOnBadge:       hex(0xffffff),
	kit.ColorGood:          hex(0x2e9e62),
	kit.ColorGoodText:      hex(0x1c6b42),
	kit.ColorGoodGround:    hex(0xe7f3ec),
	kit.ColorWaiting:       hex(0xd99a2b),
	kit.ColorWarningText:   hex(0x5c4408),
	kit.ColorWarningGround: hex(0xfff6e2),
	kit.ColorWarningEdge:   hex(0xf0dfb3),
	kit.ColorBad:           hex(0xc8442b),
	kit.ColorBadGround:     hex(0xfbeae6),
	kit.ColorOnBad:         hex(0xffffff),
	kit.ColorTrack:         hex(0xe3e0d8),
	kit.ColorVeil:          alpha(0x1d2733, 0x50),

	theme.ColorNameBackground:          hex(0xffffff),
	theme.ColorNameForeground:          menuText,
	theme.ColorNameButton:              hex(0xffffff),
	theme.ColorNameDisabledButton:      hex(0xf4f3ef),
	theme.ColorNameDisabled:            hex(0x9aa3ab),
	theme.ColorNameFocus:               alpha(0x17698a, 0x3c),
	theme.ColorNameForegroundOnSuccess: hex(0xffffff),
	theme.ColorNameForegroundOnWarning: hex(0x1d2733),
	theme.ColorNameHeaderBackground:    hex(0xfaf9f6),
	theme.ColorNameHyperlink:           hex(0x17698a),
	theme.ColorNameInputBackground:     hex(0xf4f3ef),
	theme.ColorNameInputBorder:         hex(0xd5d1c6),
	theme.ColorNameMenuBackground:      hex(0xffffff),
	theme.ColorNameOverlayBackground:   hex(0xffffff),
	theme.ColorNamePlaceHolder:         hex(0x5b6772),
	theme.ColorNamePressed:             alpha(0x1d2733, 0x24),
	theme.ColorNameScrollBar:           alpha(0x1d2733, 0x66),
	theme.ColorNameScrollBarBackground: alpha(0x1d2733, 0x0c),
	theme.ColorNameSelection:           hex(0xc4dfea),
	theme.ColorNameSeparator:           hex(0xe3e0d8),
	theme.ColorNameShadow:              alpha(0x1d2733, 0x1c),
}

var dark = palette{
	kit.ColorSurface:       hex(0x1a2129),
	kit.ColorSide:          hex(0x161c23),
	kit.ColorGround:        hex(0x12171d),
	kit.ColorStrip:         hex(0x10151a),
	kit.ColorLine:          hex(0x2c3640),
	kit.ColorEdge:          hex(0x3d4955),
	kit.ColorText:          hex(0xe6eaee),
	kit.ColorQuiet:         hex(0x9dabb8),
	kit.ColorRail:          hex(0x0d1a28),
	kit.ColorRailText:      hex(0xb6c6d6),
	kit.ColorRailSelected:  hex(0x23425f),
	kit.ColorRailStrong:    hex(0xffffff),
	kit.ColorPrimary:       hex(0x55b1d2),
	kit.ColorOnPrimary:     hex(0x06222e),
	kit.ColorSelection:     hex(0x1e3a49),
	kit.ColorSelectionSide: hex(0x1e3a49),
	kit.ColorStrong:        hex(0xbfe3f1),
	kit.ColorHover:         alpha(0xffffff, 0x10),
	kit.ColorBadge:         hex(0xe8763f),
	kit.ColorOnBadge:       hex(0x1b0c03),
	kit.ColorGood:          hex(0x4cc486),
	kit.ColorGoodText:      hex(0x8fdcb3),
	kit.ColorGoodGround:    hex(0x17362a),
	kit.ColorWaiting:       hex(0xe2aa45),
	kit.ColorWarningText:   hex(0xf1d699),
	kit.ColorWarningGround: hex(0x3a2f14),
	kit.ColorWarningEdge:   hex(0x5c4a1f),
	kit.ColorBad:           hex(0xf08a75),
	kit.ColorBadGround:     hex(0x41201a),
	kit.ColorOnBad:         hex(0x2a0b05),
	kit.ColorTrack:         hex(0x36424d),
	kit.ColorVeil:          alpha(0x000000, 0x90),

	theme.ColorNameBackground:          hex(0x1a2129),
	theme.ColorNameForeground:          menuTextDark,
	theme.ColorNameButton:              hex(0x232c36),
	theme.ColorNameDisabledButton:      hex(0x1d252d),
	theme.ColorNameDisabled:            hex(0x6c7986),
	theme.ColorNameFocus:               alpha(0x55b1d2, 0x48),
	theme.ColorNameForegroundOnSuccess: hex(0x06222e),
	theme.ColorNameForegroundOnWarning: hex(0x1b0c03),
	theme.ColorNameHeaderBackground:    hex(0x161c23),
	theme.ColorNameHyperlink:           hex(0x7cc6e2),
	theme.ColorNameInputBackground:     hex(0x12171d),
	theme.ColorNameInputBorder:         hex(0x3d4955),
	theme.ColorNameMenuBackground:      hex(0x232c36),
	theme.ColorNameOverlayBackground:   hex(0x1d252e),
	theme.ColorNamePlaceHolder:         hex(0x9dabb8),
	theme.ColorNamePressed:             alpha(0xffffff, 0x28),
	theme.ColorNameScrollBar:           alpha(0xffffff, 0x60),
	theme.ColorNameScrollBarBackground: alpha(0xffffff, 0x0c),
	theme.ColorNameSelection:           hex(0x2b5368),
	theme.ColorNameSeparator:           hex(0x2c3640),
	theme.ColorNameShadow:              alpha(0x000000, 0x80),
}
