// Package look is Guichet's theme: its colours, light and dark, its measures
// and its icons.
package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"guichet/widgets/kit"
)

// Mode says which colours are used.
type Mode string

// The modes.
const (
	System Mode = "system" // as the desktop says
	Light  Mode = "light"
	Dark   Mode = "dark"
)

// The bounds of the text size, in per cent of the usual one.
const (
	MinTextSize     = 85
	MaxTextSize     = 175
	DefaultTextSize = 100
)

// Theme is Guichet's fyne.Theme. It is a value: a change of the settings makes
// a new one.
type Theme struct {
	mode   Mode
	factor float32
	silent bool
}

var _ kit.Palette = Theme{}

// HasGuichetColors implements kit.Palette.
func (Theme) HasGuichetColors() {}

// New makes a theme; textSize is in per cent and is brought within its bounds,
// 0 is the usual one.
func New(mode Mode, textSize int) Theme {
	if textSize == 0 {
		textSize = DefaultTextSize
	}
	return Theme{mode: mode, factor: float32(min(max(textSize, MinTextSize), MaxTextSize)) / 100}
}

// Silent gives the theme for a desktop that does not say which colours it
// wants: light ones are taken, where Fyne would take dark ones.
func (t Theme) Silent(silent bool) Theme {
	t.silent = silent
	return t
}

// Variant says which colours are in force where the desktop asks for system.
func (t Theme) Variant(system fyne.ThemeVariant) fyne.ThemeVariant {
	switch t.mode {
	case Light:
		return theme.VariantLight
	case Dark:
		return theme.VariantDark
	}
	if t.silent {
		return theme.VariantLight
	}
	return system
}

// Color gives the colour of that name.
func (t Theme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	set := light
	if variant = t.Variant(variant); variant == theme.VariantDark {
		set = dark
	}
	if c, ok := set[name]; ok {
		return c
	}
	return theme.DefaultTheme().Color(name, variant)
}

// sizes are the measures of the design, for the usual text size.
var sizes = map[fyne.ThemeSizeName]float32{
	theme.SizeNameText:            14,
	theme.SizeNameCaptionText:     12,
	theme.SizeNameSubHeadingText:  15,
	theme.SizeNameHeadingText:     20,
	theme.SizeNamePadding:         4,
	theme.SizeNameInnerPadding:    8,
	theme.SizeNameLineSpacing:     4,
	theme.SizeNameInlineIcon:      18,
	theme.SizeNameInputRadius:     8,
	theme.SizeNameSelectionRadius: 6,
	theme.SizeNameScrollBar:       12,
	theme.SizeNameScrollBarSmall:  4,
	theme.SizeNameScrollBarRadius: 4,
}

// fixed are the measures that do not grow with the text.
var fixed = map[fyne.ThemeSizeName]float32{
	theme.SizeNameInputBorder:        1,
	theme.SizeNameSeparatorThickness: 1,
}

// Size gives the measure of that name at the text size in force.
func (t Theme) Size(name fyne.ThemeSizeName) float32 {
	if s, ok := fixed[name]; ok {
		return s
	}
	if s, ok := sizes[name]; ok {
		return s * t.factor
	}
	return theme.DefaultTheme().Size(name) * t.factor
}

// Font gives Fyne's own fonts.
func (t Theme) Font(style fyne.TextStyle) fyne.Resource { return theme.DefaultTheme().Font(style) }

// Icon gives Fyne's own icons, for Fyne's own widgets.
func (t Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(name) }
