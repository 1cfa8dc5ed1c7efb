package css

import (
	"image/color"
	"math"
	"strings"

	"golang.org/x/image/colornames"
)

// namedColor knows the named colours (Color 4, section 6.1), transparent,
// currentcolor and the system colours that pages use.
func namedColor(name string) (Color, bool) {
	if c, ok := colornames.Map[name]; ok {
		return Color{NRGBA: color.NRGBA(c)}, true
	}
	c, ok := extraColors[name]
	return c, ok
}

var extraColors = map[string]Color{
	"transparent":   {},
	"currentcolor":  {Current: true},
	"rebeccapurple": rgb(0x66, 0x33, 0x99),
	"canvas":        rgb(255, 255, 255), "canvastext": rgb(0, 0, 0), "linktext": rgb(0, 0, 238),
	"visitedtext": rgb(85, 26, 139), "buttonface": rgb(239, 239, 239), "buttontext": rgb(0, 0, 0),
	"field": rgb(255, 255, 255), "fieldtext": rgb(0, 0, 0), "graytext": rgb(128, 128, 128),
	"highlight": rgb(0, 120, 215), "highlighttext": rgb(255, 255, 255), "mark": rgb(255, 255, 0),
	"window": rgb(255, 255, 255), "windowtext": rgb(0, 0, 0),
}

func rgb(r, g, b uint8) Color { return Color{NRGBA: color.NRGBA{R: r, G: g, B: b, A: 255}} }

func hexColor(s string) (Color, bool) {
	var d [8]uint8
	if len(s) > 8 {
		return Color{}, false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			d[i] = c - '0'
		case c >= 'a' && c <= 'f':
			d[i] = c - 'a' + 10
		case c >= 'A' && c <= 'F':
			d[i] = c - 'A' + 10
		default:
			return Color{}, false
		}
	}
	a := uint8(255)
	switch len(s) {
	case 4:
		a = d[3] * 17
		fallthrough
	case 3:
		return Color{NRGBA: color.NRGBA{R: d[0] * 17, G: d[1] * 17, B: d[2] * 17, A: a}}, true
	case 8:
		a = d[6]<<4 | d[7]
		fallthrough
	case 6:
		return Color{NRGBA: color.NRGBA{R: d[0]<<4 | d[1], G: d[2]<<4 | d[3], B: d[4]<<4 | d[5], A: a}}, true
	}
	return Color{}, false
}

// LegacyColor reads an HTML colour attribute (HTML, section 2.4.6).
func LegacyColor(s string) (Color, bool) {
	s = strings.TrimSpace(s)
	if s == "" || strings.EqualFold(s, "transparent") {
		return Color{}, false
	}
	if c, ok := namedColor(strings.ToLower(s)); ok && !c.Current {
		return c, true
	}
	if len(s) == 4 && s[0] == '#' {
		if c, ok := hexColor(s[1:]); ok {
			return c, true
		}
	}
	r := []rune(strings.TrimPrefix(s, "#"))
	r = r[:min(len(r), 128)]
	for i, c := range r {
		if c > 127 || !isHex(byte(c)) {
			r[i] = '0'
		}
	}
	for len(r) == 0 || len(r)%3 != 0 {
		r = append(r, '0')
	}
	n := len(r) / 3
	part := func(i int) string {
		p := string(r[i*n : (i+1)*n])
		if len(p) > 8 {
			p = p[len(p)-8:]
		}
		return p
	}
	p := [3]string{part(0), part(1), part(2)}
	for len(p[0]) > 2 && p[0][0] == '0' && p[1][0] == '0' && p[2][0] == '0' {
		p[0], p[1], p[2] = p[0][1:], p[1][1:], p[2][1:]
	}
	hex := ""
	for _, x := range p {
		if len(x) == 1 {
			x = "0" + x
		}
		hex += x[:2]
	}
	return hexColor(hex)
}

func isColorFunction(name string) bool {
	switch name {
	case "rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch", "color":
		return true
	}
	return false
}

// colorFunction evaluates a colour function, in the old comma and the new
// space syntax (Color 4, section 4).
func colorFunction(name string, args []Value) (Color, bool) {
	if name == "color" {
		if len(args) < 4 || args[0].Kind != Ident || args[0].Text != "srgb" && args[0].Text != "display-p3" {
			return Color{}, false
		}
		args = args[1:]
	}
	var n []Value
	for _, v := range args {
		if v.Kind == Comma || v.Kind == Slash {
			continue
		}
		n = append(n, v)
	}
	if len(n) != 3 && len(n) != 4 {
		return Color{}, false
	}
	for i, v := range n {
		if v.Kind == Function {
			// calc() of plain numbers is all that can be settled here.
			c, ok := foldNumber(v)
			if !ok {
				return Color{}, false
			}
			n[i] = c
		}
		if v.Kind == Ident && v.Text == "none" {
			n[i] = Value{Kind: Number}
		}
		switch n[i].Kind {
		case Number, Percent:
		case Dimension:
			if n[i].Unit != Deg {
				return Color{}, false
			}
		default:
			return Color{}, false
		}
	}
	// of gives component i with 100 % being full.
	of := func(i int, full float64) float64 {
		if n[i].Kind == Percent {
			return float64(n[i].Num) / 100 * full
		}
		return float64(n[i].Num)
	}
	alpha := 1.0
	if len(n) == 4 {
		alpha = of(3, 1)
	}
	switch name {
	case "rgb", "rgba":
		return fromRGB(of(0, 255)/255, of(1, 255)/255, of(2, 255)/255, alpha), true
	case "color":
		return fromRGB(of(0, 1), of(1, 1), of(2, 1), alpha), true
	case "hsl", "hsla":
		r, g, b := hsl(float64(n[0].Num), float64(n[1].Num)/100, float64(n[2].Num)/100)
		return fromRGB(r, g, b, alpha), true
	case "hwb":
		w, k := float64(n[1].Num)/100, float64(n[2].Num)/100
		if w+k >= 1 {
			return fromRGB(w/(w+k), w/(w+k), w/(w+k), alpha), true
		}
		r, g, b := hsl(float64(n[0].Num), 1, 0.5)
		s := 1 - w - k
		return fromRGB(r*s+w, g*s+w, b*s+w, alpha), true
	case "oklab":
		r, g, b := oklab(of(0, 1), of(1, 0.4), of(2, 0.4))
		return fromRGB(r, g, b, alpha), true
	case "oklch":
		c, h := of(1, 0.4), float64(n[2].Num)*math.Pi/180
		r, g, b := oklab(of(0, 1), c*math.Cos(h), c*math.Sin(h))
		return fromRGB(r, g, b, alpha), true
	case "lab":
		r, g, b := lab(of(0, 100), of(1, 125), of(2, 125))
		return fromRGB(r, g, b, alpha), true
	case "lch":
		c, h := of(1, 150), float64(n[2].Num)*math.Pi/180
		r, g, b := lab(of(0, 100), c*math.Cos(h), c*math.Sin(h))
		return fromRGB(r, g, b, alpha), true
	}
	return Color{}, false
}

func fromRGB(r, g, b, a float64) Color {
	u := func(x float64) uint8 {
		if math.IsNaN(x) {
			return 0
		}
		return uint8(math.Round(max(0, min(1, x)) * 255))
	}
	return Color{NRGBA: color.NRGBA{R: u(r), G: u(g), B: u(b), A: u(a)}}
}

func hsl(h, s, l float64) (r, g, b float64) {
	s, l = max(0, min(1, s)), max(0, min(1, l))
	f := func(n float64) float64 {
		k := math.Mod(n+h/30, 12)
		if k < 0 {
			k += 12
		}
		return l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))
	}
	return f(0), f(8), f(4)
}

func gamma(x float64) float64 {
	if x <= 0.0031308 {
		return 12.92 * x
	}
	return 1.055*math.Pow(x, 1/2.4) - 0.055
}

func oklab(l, a, b float64) (float64, float64, float64) {
	cube := func(x float64) float64 { return x * x * x }
	p := cube(l + 0.3963377774*a + 0.2158037573*b)
	q := cube(l - 0.1055613458*a - 0.0638541728*b)
	s := cube(l - 0.0894841775*a - 1.2914855480*b)
	return gamma(4.0767416621*p - 3.3077115913*q + 0.2309699292*s),
		gamma(-1.2684380046*p + 2.6097574011*q - 0.3413193965*s),
		gamma(-0.0041960863*p - 0.7034186147*q + 1.7076147010*s)
}

func lab(l, a, b float64) (float64, float64, float64) {
	fy := (l + 16) / 116
	inv := func(t float64) float64 {
		if c := t * t * t; c > 216.0/24389 {
			return c
		}
		return (116*t - 16) * 27 / 24389
	}
	// D50 white, then to linear sRGB with the Bradford-adapted matrix.
	x, y, z := 0.96422*inv(fy+a/500), inv(fy), 0.82521*inv(fy-b/200)
	return gamma(3.1338561*x - 1.6168667*y - 0.4906146*z),
		gamma(-0.9787684*x + 1.9161415*y + 0.0334540*z),
		gamma(0.0719453*x - 0.2289914*y + 1.4052427*z)
}
