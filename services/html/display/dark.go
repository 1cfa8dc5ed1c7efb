package display

import (
	"image/color"
	"math"
)

// The lightness (of OKLab) that white and black become in the dark: not the
// extremes, which glare and smear.
const (
	darkGround = 0.23
	darkInk    = 0.93
)

// DarkColor turns a colour for light surroundings into one for dark ones: its
// lightness as the eye sees it (OKLab: CSS Color 4, section 9) is turned round,
// its hue stays, so that what was readable still is.
func DarkColor(c color.NRGBA) color.NRGBA {
	l, a, b := toOKLab(c)
	l = darkInk - (darkInk-darkGround)*l
	// A colour that the screen cannot show at the new lightness gets paler.
	for share := 1.0; share > 0; share -= 0.1 {
		if out, ok := fromOKLab(l, a*share, b*share); ok {
			out.A = c.A
			return out
		}
	}
	out, _ := fromOKLab(l, 0, 0)
	out.A = c.A
	return out
}

// toOKLab and fromOKLab convert by the matrices of CSS Color 4, section 10.
func toOKLab(c color.NRGBA) (l, a, b float64) {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	r, g, bl := linear(c.R), linear(c.G), linear(c.B)
	x := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*bl)
	y := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*bl)
	z := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*bl)
	return 0.2104542553*x + 0.7936177850*y - 0.0040720468*z,
		1.9779984951*x - 2.4285922050*y + 0.4505937099*z,
		0.0259040371*x + 0.7827717662*y - 0.8086757660*z
}

func fromOKLab(l, a, b float64) (c color.NRGBA, inside bool) {
	cube := func(v float64) float64 { return v * v * v }
	x := cube(l + 0.3963377774*a + 0.2158037573*b)
	y := cube(l - 0.1055613458*a - 0.0638541728*b)
	z := cube(l - 0.0894841775*a - 1.2914855480*b)
	inside = true
	coded := func(v float64) uint8 {
		if v < -0.001 || v > 1.001 {
			inside = false
		}
		v = min(max(v, 0), 1)
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		return uint8(v*255 + 0.5)
	}
	c = color.NRGBA{
		R: coded(4.0767416621*x - 3.3077115913*y + 0.2309699292*z),
		G: coded(-1.2684380046*x + 2.6097574011*y - 0.3413193965*z),
		B: coded(-0.0041960863*x - 0.7034186147*y + 1.7076147010*z),
		A: 255,
	}
	return c, inside
}

// Dark gives the list for dark surroundings: DarkColor on everything but
// pictures and shadows.
func Dark(list List) List {
	out := make(List, len(list))
	known := map[color.NRGBA]color.NRGBA{} // a page has few colours
	turn := func(c color.NRGBA) color.NRGBA {
		d, ok := known[c]
		if !ok {
			d = DarkColor(c)
			known[c] = d
		}
		return d
	}
	for i, it := range list {
		it = Value(it)
		switch v := it.(type) {
		case *Run:
			run := *v
			run.Color = turn(v.Color)
			it = &run
		case Fill:
			v.Color = turn(v.Color)
			it = v
		case Gradient:
			stops := make([]Stop, len(v.Stops))
			for k, s := range v.Stops {
				stops[k] = Stop{At: s.At, Color: turn(s.Color)}
			}
			v.Stops = stops
			it = v
		case Border:
			for k := range v.Edges {
				v.Edges[k].Color = turn(v.Edges[k].Color)
			}
			it = v
		case Run:
			v.Color = turn(v.Color)
			it = v
		case Line:
			v.Color = turn(v.Color)
			it = v
		}
		out[i] = it
	}
	return out
}
