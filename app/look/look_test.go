package look_test

import (
	"image/color"
	"io/fs"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"github.com/stretchr/testify/require"

	"guichet/app/look"
	"guichet/assets/icons"
	"guichet/widgets/kit"
)

// contrast is that of WCAG 2.2, section 1.4.3.
func contrast(a, b color.Color) float64 {
	luminance := func(c color.Color) float64 {
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		part := func(v uint8) float64 {
			s := float64(v) / 255
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*part(n.R) + 0.7152*part(n.G) + 0.0722*part(n.B)
	}
	l, m := luminance(a), luminance(b)
	if l < m {
		l, m = m, l
	}
	return (l + 0.05) / (m + 0.05)
}

// over lays a colour that is not opaque on its ground.
func over(c, ground color.Color) color.Color {
	a, b := color.NRGBAModel.Convert(c).(color.NRGBA), color.NRGBAModel.Convert(ground).(color.NRGBA)
	mix := func(x, y uint8) uint8 { return uint8((int(x)*int(a.A) + int(y)*(255-int(a.A))) / 255) }
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

func TestContrast(t *testing.T) {
	grounds := []fyne.ThemeColorName{
		kit.ColorSurface, kit.ColorSide, kit.ColorGround, kit.ColorStrip, kit.ColorSelection, kit.ColorSelectionSide,
		theme.ColorNameBackground, theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground,
		theme.ColorNameInputBackground, theme.ColorNameHeaderBackground, theme.ColorNameButton,
	}
	type pair struct {
		text, ground fyne.ThemeColorName
		min          float64
	}
	pairs := []pair{
		{kit.ColorRailText, kit.ColorRail, 4.5},
		{kit.ColorRailStrong, kit.ColorRailSelected, 4.5},
		{kit.ColorOnPrimary, kit.ColorPrimary, 4.5},
		{kit.ColorOnBadge, kit.ColorBadge, 4.5},
		{kit.ColorOnBad, kit.ColorBad, 4.5},
		{kit.ColorStrong, kit.ColorSelectionSide, 4.5},
		{kit.ColorStrong, kit.ColorSelection, 4.5},
		{kit.ColorGoodText, kit.ColorGoodGround, 4.5},
		{kit.ColorWarningText, kit.ColorWarningGround, 4.5},
		{kit.ColorText, kit.ColorWarningGround, 4.5},
		{kit.ColorText, kit.ColorBadGround, 4.5},
		{kit.ColorBad, kit.ColorSurface, 4.5},
		{kit.ColorPrimary, kit.ColorSurface, 4.5},
		{theme.ColorNameHyperlink, kit.ColorSurface, 4.5},
		{theme.ColorNameForeground, theme.ColorNameSelection, 4.5},
		{kit.ColorGood, kit.ColorSurface, 3}, // a shape, not a text
	}
	for _, ground := range grounds {
		pairs = append(pairs, pair{kit.ColorText, ground, 4.5}, pair{theme.ColorNameForeground, ground, 4.5}, pair{kit.ColorQuiet, ground, 4.5})
	}
	for _, mode := range []look.Mode{look.Light, look.Dark} {
		th := look.New(mode, 0)
		for _, p := range pairs {
			c := contrast(over(th.Color(p.text, 0), th.Color(p.ground, 0)), th.Color(p.ground, 0))
			require.GreaterOrEqual(t, c, p.min, "%s: %s on %s", mode, p.text, p.ground)
		}
	}
}

func TestMode(t *testing.T) {
	for _, c := range []struct {
		mode   look.Mode
		system fyne.ThemeVariant
		want   fyne.ThemeVariant
	}{
		{look.System, theme.VariantDark, theme.VariantDark},
		{look.System, theme.VariantLight, theme.VariantLight},
		{look.Light, theme.VariantDark, theme.VariantLight},
		{look.Dark, theme.VariantLight, theme.VariantDark},
		{"nonsense", theme.VariantLight, theme.VariantLight},
	} {
		require.Equal(t, c.want, look.New(c.mode, 0).Variant(c.system))
		require.Equal(t, look.New(look.System, 0).Color(kit.ColorRail, c.want), look.New(c.mode, 0).Color(kit.ColorRail, c.system))
	}
}

func TestASilentDesktopIsLight(t *testing.T) {
	require.Equal(t, theme.VariantLight, look.New(look.System, 0).Silent(true).Variant(theme.VariantDark))
	require.Equal(t, theme.VariantDark, look.New(look.Dark, 0).Silent(true).Variant(theme.VariantDark))
}

func TestTextSizeChangesMeasures(t *testing.T) {
	for given, want := range map[int]float32{0: 14, 50: 11.9, 100: 14, 150: 21, 900: 24.5} {
		require.InDelta(t, want, look.New(look.Light, given).Size(theme.SizeNameText), 0.001)
	}
	require.Equal(t, float32(1), look.New(look.Light, 175).Size(theme.SizeNameSeparatorThickness))
	test.NewTempApp(t).Settings().SetTheme(look.New(look.Light, 150))
	require.InDelta(t, 51, kit.ControlHeight(), 0.001)
}

// Every icon is a drawing that Fyne can paint, in the one colour that is
// replaced, and takes the theme's colour.
func TestIcons(t *testing.T) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(look.New(look.Light, 0))
	names, err := fs.Glob(icons.Files, "*.svg")
	require.NoError(t, err)
	require.Greater(t, len(names), 60)
	for _, name := range names {
		data, err := icons.Files.ReadFile(name)
		require.NoError(t, err)
		require.Contains(t, string(data), icons.Ink, name)
		res := kit.IconIn(name[:len(name)-4], kit.ColorBad)
		require.NotContains(t, string(res.Content()), icons.Ink, name)
		require.Contains(t, string(res.Content()), "#c8442b", name)
		img := canvas.NewImageFromResource(res)
		w := test.NewTempWindow(t, img)
		w.Resize(fyne.NewSize(32, 32))
		shot := w.Canvas().Capture()
		marked := 0
		for x := range 32 {
			for y := range 32 {
				if r, g, _, _ := shot.At(x, y).RGBA(); r > g+0x3000 {
					marked++
				}
			}
		}
		require.Greater(t, marked, 5, "%s draws nothing", name)
	}
	before := look.Icon("mail").Name()
	app.Settings().SetTheme(look.New(look.Dark, 0))
	require.NotEqual(t, before, look.Icon("mail").Name(), "Fyne keeps drawings by name")
}
