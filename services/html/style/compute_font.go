package style

import (
	"strings"

	"guichet/services/html/css"
	"guichet/services/html/text"
)

// fonts computes the font properties, on which all relative lengths depend.
func (c *cascade) fonts(s, up *Style, root bool) {
	word := func(p css.Prop) (css.Value, bool) {
		d := c.win[p]
		if d == nil {
			return css.Value{}, false
		}
		switch d.Wide() {
		case "inherit", "unset":
			return css.Value{}, false
		case "initial":
			return css.Value{Kind: css.Ident, Text: "initial"}, true
		}
		return d.Vals[0], true
	}
	if v, ok := word(css.PFontFamily); ok {
		if v.Is("initial") {
			s.Font.Families = c.root.Font.Families
		} else {
			s.Font.Families = families(c.win[css.PFontFamily].Vals)
		}
		s.mono = len(s.Font.Families) == 1 && s.Font.Families[0] == text.Monospace
	}
	base := up.Font.Size
	normal := c.root.Font.Size
	if s.mono && !up.mono {
		base *= monoMedium / float32(medium)
	} else if !s.mono && up.mono {
		base *= medium / float32(monoMedium)
	}
	if s.mono {
		normal *= monoMedium / float32(medium)
	}
	s.Font.Size = base
	if v, ok := word(css.PFontSize); ok {
		s.Font.Size = c.fontSize(v, up, base, normal)
	}
	s.Font.Size = max(0, min(s.Font.Size, 2000))
	if v, ok := word(css.PFontWeight); ok {
		s.Font.Weight = weight(v, up.Font.Weight)
	}
	if v, ok := word(css.PFontStyle); ok {
		s.Font.Italic = v.Is("italic") || v.Is("oblique")
	}
	if v, ok := word(css.PFontVariantCaps); ok {
		s.Font.Features = ""
		if v.Is("small-caps") || v.Is("all-small-caps") {
			s.Font.Features = "smcp"
		}
	}
	if s.Font.Size != up.Font.Size || s.Font.Weight != up.Font.Weight || s.Font.Italic != up.Font.Italic || !sameList(s.Font.Families, up.Font.Families) {
		s.measure(c.env)
	}
	if root {
		s.units.Rem = s.Font.Size
	}
	if v, ok := word(css.PLineHeight); ok {
		s.Line = c.lineHeight(v, s)
	}
	s.units.Lh = s.LineHeightPx()
}

func sameList(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func families(vals []css.Value) []string {
	var out []string
	for _, l := range css.Layers(vals) {
		if len(l) == 1 && l[0].Kind == css.String {
			out = append(out, l[0].Text)
			continue
		}
		var w []string
		for _, v := range l {
			w = append(w, v.OriginalName())
		}
		name := strings.Join(w, " ")
		switch low := strings.ToLower(name); low {
		case text.Serif, text.SansSerif, text.Monospace, text.SystemUI:
			name = low
		case "-apple-system", "blinkmacsystemfont", "ui-sans-serif":
			name = text.SystemUI
		case "ui-monospace":
			name = text.Monospace
		case "ui-serif":
			name = text.Serif
		}
		out = append(out, name)
	}
	return out
}

var sizeSteps = map[string]float32{
	"xx-small": 9.0 / 16, "x-small": 10.0 / 16, "small": 13.0 / 16, "medium": 1, "large": 18.0 / 16, "x-large": 24.0 / 16,
	"xx-large": 2, "xxx-large": 3, "initial": 1,
}

func (c *cascade) fontSize(v css.Value, up *Style, base, normal float32) float32 {
	if f, ok := sizeSteps[v.Text]; ok && v.Kind == css.Ident {
		return normal * f
	}
	switch {
	case v.Is("smaller"):
		return base / 1.2
	case v.Is("larger"):
		return base * 1.2
	}
	m := up.units
	m.Em = base
	if c.t != nil && usesViewport(v) {
		c.t.UsesViewport = true
	}
	sum, ok := css.ResolveSum(v, &m)
	if !ok {
		return base
	}
	size := sum.At(base)
	if v.Kind == css.Dimension && v.Unit == css.Px && c.env.Text > 0 {
		size *= c.env.Text
	}
	return size
}

func weight(v css.Value, up int) int {
	switch {
	case v.Kind == css.Number:
		return int(v.Num)
	case v.Is("bold"):
		return 700
	case v.Is("bolder"):
		switch {
		case up < 350:
			return 400
		case up < 550:
			return 700
		}
		return max(900, up)
	case v.Is("lighter"):
		switch {
		case up < 550:
			return 100
		case up < 750:
			return 400
		}
		return 700
	}
	return 400
}

func (c *cascade) lineHeight(v css.Value, s *Style) LineHeight {
	if v.Is("normal") || v.Is("initial") {
		return LineHeight{Normal: true}
	}
	if n, ok := css.ResolveNumber(v); ok {
		if n == 0 {
			return LineHeight{}
		}
		return LineHeight{Number: n}
	}
	sum, ok := css.ResolveSum(v, &s.units)
	if !ok {
		return LineHeight{Normal: true}
	}
	px := sum.At(s.Font.Size)
	if v.Kind == css.Dimension && v.Unit == css.Px && c.env.Text > 0 {
		px *= c.env.Text
	}
	return LineHeight{Px: px}
}

func usesViewport(v css.Value) bool {
	if v.Kind == css.Dimension && v.Unit >= css.Vw && v.Unit <= css.Vmax {
		return true
	}
	for _, a := range v.Args {
		if usesViewport(a) {
			return true
		}
	}
	return false
}
