package display

import "image/color"

// The lightness that white and black become in the dark: not the extremes,
// which glare and smear.
const (
	darkGround = 0.11
	darkInk    = 0.92
)

// DarkColor turns a colour for light surroundings into one for dark ones: its
// lightness (of HSL) is turned round, hue and saturation stay, so that what
// was readable still is.
func DarkColor(c color.NRGBA) color.NRGBA {
	r, g, b := float32(c.R)/255, float32(c.G)/255, float32(c.B)/255
	high, low := max(r, g, b), min(r, g, b)
	light := (high + low) / 2
	want := darkInk - (darkInk-darkGround)*light
	// The room for colour shrinks towards black and white: the same saturation
	// at another lightness is the same share of that room.
	room := func(l float32) float32 { return 1 - max(2*l-1, 1-2*l) }
	share := float32(0)
	if have := room(light); have > 0 {
		share = room(want) / have
	}
	turn := func(v float32) uint8 {
		return uint8(min(max((want+(v-light)*share)*255+0.5, 0), 255))
	}
	return color.NRGBA{R: turn(r), G: turn(g), B: turn(b), A: c.A}
}

// Dark gives the list for dark surroundings: DarkColor on everything but
// pictures and shadows.
func Dark(list List) List {
	out := make(List, len(list))
	for i, it := range list {
		switch v := it.(type) {
		case Fill:
			v.Color = DarkColor(v.Color)
			it = v
		case Gradient:
			stops := make([]Stop, len(v.Stops))
			for k, s := range v.Stops {
				stops[k] = Stop{At: s.At, Color: DarkColor(s.Color)}
			}
			v.Stops = stops
			it = v
		case Border:
			for k := range v.Edges {
				v.Edges[k].Color = DarkColor(v.Edges[k].Color)
			}
			it = v
		case Run:
			v.Color = DarkColor(v.Color)
			it = v
		case Line:
			v.Color = DarkColor(v.Color)
			it = v
		}
		out[i] = it
	}
	return out
}
