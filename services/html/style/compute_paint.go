package style

import (
	"math"
	"strings"

	"guichet/services/html/css"
)

// paints computes colours, backgrounds and effects.
func (x *computer) paints(p css.Prop, v css.Value, vals []css.Value) bool {
	s := x.s
	switch p {
	case css.PBackgroundColor:
		s.Background = x.color(v)
	case css.PBorderTopColor, css.PBorderRightColor, css.PBorderBottomColor, css.PBorderLeftColor:
		s.BorderColor[p-css.PBorderTopColor] = x.color(v)
	case css.POutlineWidth:
		s.OutlineWidth = x.lineWidth(v)
	case css.POutlineStyle:
		s.OutlineStyle = v.Text
		if v.Is("auto") {
			s.OutlineStyle = "solid"
		}
	case css.POutlineColor:
		s.OutlineColor = s.Color
		if v.Kind == css.Colour {
			s.OutlineColor = x.color(v)
		}
	case css.PBackgroundImage:
		s.Images = nil
		for _, l := range css.Layers(vals) {
			s.Images = append(s.Images, x.image(l[0]))
		}
	case css.PBackgroundRepeat:
		x.eachLayer(vals, func(b *Background, l []css.Value) { b.RepeatX, b.RepeatY = repeats(l) })
	case css.PBackgroundPosition:
		x.eachLayer(vals, func(b *Background, l []css.Value) {
			q := x.position(l)
			b.X, b.Y, b.FromRight, b.FromBottom = q.X, q.Y, q.FromRight, q.FromBottom
		})
	case css.PBackgroundSize:
		x.eachLayer(vals, func(b *Background, l []css.Value) {
			if l[0].Is("cover") || l[0].Is("contain") {
				b.Size = l[0].Text
				return
			}
			b.Size, b.W = "", x.length(l[0])
			b.H = Length{}
			if len(l) > 1 {
				b.H = x.length(l[1])
			}
		})
	case css.PBackgroundClip:
		x.s.BackgroundClip = vals[len(vals)-1].Text
		x.eachLayer(vals, func(b *Background, l []css.Value) { b.Clip = l[0].Text })
	case css.PBackgroundOrigin:
		x.eachLayer(vals, func(b *Background, l []css.Value) { b.Origin = l[0].Text })
	case css.PBoxShadow:
		x.shadows(vals)
	case css.POpacity:
		switch {
		case v.Kind == css.Percent:
			s.Opacity = v.Num / 100
		default:
			if n, ok := css.ResolveNumber(v); ok {
				s.Opacity = n
			}
		}
		s.Opacity = max(0, min(1, s.Opacity))
	default:
		return false
	}
	return true
}

// eachLayer gives every background layer its value; lists repeat (Backgrounds
// 3, section 3).
func (x *computer) eachLayer(vals []css.Value, f func(*Background, []css.Value)) {
	layers := css.Layers(vals)
	for i := range x.s.Images {
		f(&x.s.Images[i], layers[i%len(layers)])
	}
}

func (x *computer) image(v css.Value) Background {
	b := Background{RepeatX: true, RepeatY: true, X: Percent(0), Y: Percent(0), Clip: "border-box", Origin: "padding-box"}
	switch {
	case v.Kind == css.URL:
		b.URL = v.Text
	case v.Kind == css.Function && strings.HasSuffix(v.Text, "image-set"):
		for _, l := range css.Layers(v.Args) {
			if len(l) > 0 && l[0].Kind == css.URL {
				b.URL = l[0].Text
				break
			}
		}
	case v.Kind == css.Function && strings.HasSuffix(v.Text, "-gradient"):
		b.Gradient = x.gradient(v)
	}
	return b
}

func repeats(l []css.Value) (rx, ry bool) {
	on := func(v css.Value) bool { return !v.Is("no-repeat") }
	switch {
	case l[0].Is("repeat-x"):
		return true, false
	case l[0].Is("repeat-y"):
		return false, true
	}
	return on(l[0]), on(l[len(l)-1])
}

// position reads one to four values (Backgrounds 3, section 3.6).
func (x *computer) position(l []css.Value) Background {
	b := Background{X: Percent(50), Y: Percent(50)}
	word := func(v css.Value) Length {
		switch v.Text {
		case "right", "bottom":
			return Percent(100)
		case "center":
			return Percent(50)
		}
		return Percent(0)
	}
	vertical := func(v css.Value) bool { return v.Is("top") || v.Is("bottom") }
	horizontal := func(v css.Value) bool { return v.Is("left") || v.Is("right") }
	value := func(v css.Value) Length {
		if v.Kind == css.Ident {
			return word(v)
		}
		return x.length(v)
	}
	switch len(l) {
	case 1:
		if vertical(l[0]) {
			b.Y = word(l[0])
		} else {
			b.X = value(l[0])
		}
	case 2:
		if vertical(l[0]) || horizontal(l[1]) {
			l = []css.Value{l[1], l[0]}
		}
		b.X, b.Y = value(l[0]), value(l[1])
	default:
		for i := 0; i < len(l); i++ {
			off := Length{}
			side := l[i]
			if i+1 < len(l) && l[i+1].Kind != css.Ident {
				off = x.length(l[i+1])
				i++
			}
			switch {
			case vertical(side):
				b.Y = word(side)
				if !off.IsAuto() {
					b.Y, b.FromBottom = off, side.Is("bottom")
				}
			case horizontal(side):
				b.X = word(side)
				if !off.IsAuto() {
					b.X, b.FromRight = off, side.Is("right")
				}
			}
		}
	}
	return b
}

// gradient reads linear and radial gradients (Images 3, sections 3.1 and 3.2);
// nil if it is of another kind or wrong.
func (x *computer) gradient(v css.Value) *Gradient {
	g := &Gradient{Angle: 180, CX: Percent(50), CY: Percent(50)}
	name := v.Text
	old := strings.HasPrefix(name, "-")
	g.Repeating = strings.HasPrefix(name, "repeating-")
	g.Radial = strings.Contains(name, "radial")
	if strings.Contains(name, "conic") {
		return nil
	}
	layers := css.Layers(v.Args)
	if len(layers) == 0 || len(layers[0]) == 0 {
		return nil
	}
	if first := layers[0]; first[0].Kind != css.Colour {
		layers = layers[1:]
		if g.Radial {
			x.radialShape(g, first)
		} else if !linearDirection(g, first, old) {
			return nil
		}
	}
	for _, l := range layers {
		if len(l) == 0 {
			return nil
		}
		if l[0].Kind != css.Colour {
			continue // a hint for the middle: the plain middle will do
		}
		st := Stop{Color: x.color(l[0])}
		if len(l) > 1 {
			st.At = x.length(l[1])
		}
		g.Stops = append(g.Stops, st)
		if len(l) > 2 {
			g.Stops = append(g.Stops, Stop{st.Color, x.length(l[2])})
		}
		if len(g.Stops) > 64 {
			break
		}
	}
	if len(g.Stops) == 0 {
		return nil
	}
	return g
}

func linearDirection(g *Gradient, v []css.Value, old bool) bool {
	if v[0].Kind == css.Dimension && v[0].Unit == css.Deg {
		g.Angle = v[0].Num
		if old {
			g.Angle = 90 - g.Angle
		}
		return !math.IsNaN(float64(g.Angle))
	}
	if v[0].IsZero() {
		g.Angle = 0
		return true
	}
	opposite := map[string]string{"top": "bottom", "bottom": "top", "left": "right", "right": "left"}
	var dx, dy string
	for _, w := range v {
		word := w.Text
		if w.Is("to") {
			continue
		}
		if old {
			word = opposite[word]
		}
		switch word {
		case "top", "bottom":
			dy = word
		case "left", "right":
			dx = word
		default:
			return false
		}
	}
	switch {
	case dx == "":
		g.Angle = map[string]float32{"top": 0, "bottom": 180}[dy]
	case dy == "":
		g.Angle = map[string]float32{"right": 90, "left": 270}[dx]
	default:
		g.Corner = dy[:1] + dx[:1]
	}
	return true
}

func (x *computer) radialShape(g *Gradient, v []css.Value) {
	for i, w := range v {
		switch {
		case w.Is("circle"):
			g.Circle = true
		case w.Is("at"):
			if i+1 < len(v) {
				b := x.position(v[i+1:])
				g.CX, g.CY = b.X, b.Y
			}
			return
		}
	}
}

func (x *computer) shadows(vals []css.Value) {
	x.s.Shadows = nil
	if vals[0].Is("none") {
		return
	}
	for _, l := range css.Layers(vals) {
		sh := Shadow{Color: x.s.Color}
		n := 0
		for _, v := range l {
			switch {
			case v.Is("inset"):
				sh.Inset = true
			case v.Kind == css.Colour:
				sh.Color = x.color(v)
			default:
				px := x.px(v)
				switch n {
				case 0:
					sh.X = px
				case 1:
					sh.Y = px
				case 2:
					sh.Blur = min(px, 200)
				case 3:
					sh.Spread = px
				}
				n++
			}
		}
		if n >= 2 && len(x.s.Shadows) < 8 {
			x.s.Shadows = append(x.s.Shadows, sh)
		}
	}
}

// flexes computes the properties of flexible boxes, grids and columns.
func (x *computer) flexes(p css.Prop, v css.Value, vals []css.Value) bool {
	s := x.s
	number := func() float32 {
		n, _ := css.ResolveNumber(v) // invalid ones do not get here
		return n
	}
	// words joins "safe center" and the like to the word that counts.
	words := func() string { return vals[len(vals)-1].Text }
	switch p {
	case css.PFlexDirection:
		s.FlexDirection = v.Text
	case css.PFlexWrap:
		s.FlexWrap = v.Text
	case css.PFlexGrow:
		s.Grow = number()
	case css.PFlexShrink:
		s.Shrink = number()
	case css.PFlexBasis:
		s.Basis, s.BasisContent = x.positive(v), v.Is("content")
	case css.POrder:
		s.Order = int(number())
	case css.PJustifyContent:
		s.Justify = words()
	case css.PJustifyItems:
		s.JustifyItems = words()
	case css.PJustifySelf:
		s.JustifySelf = words()
	case css.PAlignContent:
		s.AlignContent = words()
	case css.PAlignItems:
		s.AlignItems = words()
	case css.PAlignSelf:
		s.AlignSelf = words()
	case css.PRowGap:
		s.RowGap = x.positive(v)
	case css.PColumnGap:
		s.ColumnGap = x.positive(v)
	case css.PGridTemplateColumns:
		s.GridColumns = vals
	case css.PGridTemplateRows:
		s.GridRows = vals
	case css.PGridTemplateAreas:
		s.GridAreas = vals
	case css.PGridColumnStart:
		s.GridColumnStart = vals
	case css.PGridColumnEnd:
		s.GridColumnEnd = vals
	case css.PGridRowStart:
		s.GridRowStart = vals
	case css.PGridRowEnd:
		s.GridRowEnd = vals
	case css.PGridAutoFlow:
		s.GridFlow = css.Format(vals)
	case css.PGridAutoRows:
		s.GridAutoRows = vals
	case css.PGridAutoColumns:
		s.GridAutoColumns = vals
	case css.PColumnCount:
		s.Columns = int(number())
	case css.PColumnWidth:
		s.ColumnWidth = x.length(v)
	default:
		return false
	}
	return true
}
