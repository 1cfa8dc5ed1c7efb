package style

import (
	"image/color"

	"guichet/services/html/css"
	"guichet/services/html/dom"
	"guichet/services/html/text"
)

// medium is the initial font size, monoMedium that of the generic family
// monospace alone, as all browsers have it.
const (
	medium     = 16
	monoMedium = 13
)

// initial is the style that the root inherits from: every initial value.
func initial(env *Env) *Style {
	factor := env.Text
	if factor <= 0 {
		factor = 1
	}
	s := &Style{
		Display: Inline, Color: color.NRGBA{A: 255}, Line: LineHeight{Normal: true}, TabSize: 8, ZAuto: true,
		Opacity: 1, Shrink: 1, AspectAuto: true, ScaleX: 1, ScaleY: 1,
		ListType: "disc", OverflowX: "visible", OverflowY: "visible", Transform: "none", BackgroundClip: "border-box",
		FlexDirection: "row", FlexWrap: "nowrap", Justify: "normal", AlignItems: "normal", AlignContent: "normal", AlignSelf: "auto",
		JustifyItems: "normal", JustifySelf: "auto", ObjectFit: "fill", ObjectX: Percent(50), ObjectY: Percent(50), OutlineStyle: "none",
	}
	for i := range s.BorderStyle {
		s.BorderStyle[i] = "none"
		s.BorderColor[i] = s.Color
		s.Margin[i], s.Padding[i] = Px(0), Px(0)
		s.Radius[i] = Corner{Px(0), Px(0)}
	}
	s.TextIndent = Px(0)
	s.Font = text.Style{Query: text.Query{Families: []string{text.Serif}, Weight: 400}, Size: medium * factor}
	s.units = css.Metrics{Rem: medium * factor, Vw: env.Media.Width / 100, Vh: env.Media.Height / 100}
	s.measure(env)
	return s
}

// measure fills in what follows from the font.
func (s *Style) measure(env *Env) {
	if env.Fonts != nil {
		s.Metrics = env.Fonts.Primary(s.Font.Query).Metrics(s.Font.Size)
	} else {
		z := s.Font.Size
		s.Metrics = text.Metrics{Ascent: z * 0.8, Descent: z * 0.2, XHeight: z / 2, Zero: z / 2, Space: z / 4, Thickness: 1, UnderlineY: 1, StrikeY: z / 4}
	}
	s.units.Em, s.units.Ex, s.units.Ch = s.Font.Size, s.Metrics.XHeight, s.Metrics.Zero
	s.units.Lh = s.LineHeightPx()
}

// values turns the winning declarations into computed values.
func (c *cascade) values(id dom.ID, parent *Style, own *vars) *Style {
	up := parent
	if up == nil {
		up = c.root
	}
	s := new(Style)
	*s = *c.root
	inheritAll(s, up)
	c.serial++
	s.serial, s.vars = c.serial, own
	s.units = up.units
	c.fonts(s, up, parent == nil)
	x := &computer{s: s, up: up, root: c.root, env: c.env, m: &s.units, vw: &c.t.UsesViewport}
	for _, p := range [...]css.Prop{css.PColor, css.PDisplay, css.PDirection} {
		if d := c.win[p]; d != nil {
			x.prop(p, d.Vals)
		}
	}
	for p := css.PLetterSpacing; p < css.LastLonghand; p++ {
		d := c.win[p]
		if d == nil || p == css.PDisplay || p == css.PDirection {
			continue
		}
		x.prop(p, d.Vals)
	}
	x.finish(c.win[:])
	return s
}

// inheritAll copies the inherited properties.
func inheritAll(s, up *Style) {
	s.Color, s.Font, s.Metrics, s.Line = up.Color, up.Font, up.Metrics, up.Line
	s.TextAlign, s.TextIndent, s.Transform, s.Space = up.TextAlign, up.TextIndent, up.Transform, up.Space
	s.BreakAll, s.KeepAll, s.BreakAnywhere = up.BreakAll, up.KeepAll, up.BreakAnywhere
	s.TabSize, s.TabPx, s.RTL, s.Hidden, s.Collapse = up.TabSize, up.TabPx, up.RTL, up.Hidden, up.Collapse
	s.ListType, s.ListInside, s.ListImage = up.ListType, up.ListInside, up.ListImage
	s.Collapsed, s.SpacingX, s.SpacingY, s.CaptionBottom, s.HideEmpty = up.Collapsed, up.SpacingX, up.SpacingY, up.CaptionBottom, up.HideEmpty
	s.Quotes, s.Cursor, s.NoPointer = up.Quotes, up.Cursor, up.NoPointer
	s.mono = up.mono
	// Decorations are not inherited but drawn through what is inside (CSS Text
	// Decoration 3, section 2): the list goes down until a box stops it.
	s.Decorations = up.Decorations
}

// computer computes the properties of one element.
type computer struct {
	s, up, root *Style
	env         *Env
	m           *css.Metrics
	vw          *bool
}

// prop computes one property from its winning value.
func (x *computer) prop(p css.Prop, vals []css.Value) {
	v := vals[0]
	if len(vals) == 1 && v.Kind == css.Ident {
		switch v.Text {
		case "inherit":
			copyProp(x.s, x.up, p)
			return
		case "initial":
			copyProp(x.s, x.root, p)
			return
		case "unset":
			if p.Inherited() {
				copyProp(x.s, x.up, p)
			} else {
				copyProp(x.s, x.root, p)
			}
			return
		}
	}
	for i := range vals {
		if !*x.vw && usesViewport(vals[i]) {
			*x.vw = true
		}
	}
	if x.boxes(p, v, vals) || x.texts(p, v, vals) || x.paints(p, v, vals) || x.flexes(p, v, vals) {
		return
	}
}

func (x *computer) length(v css.Value) Length {
	if v.Kind == css.Ident {
		switch v.Text {
		case "min-content", "-webkit-min-content":
			return Length{Kind: MinContent}
		case "max-content", "-webkit-max-content":
			return Length{Kind: MaxContent}
		case "fit-content", "-webkit-fit-content", "-moz-fit-content":
			return Length{Kind: FitContent}
		case "stretch", "-webkit-fill-available", "-moz-available":
			return Length{Kind: Stretch}
		}
		return Length{}
	}
	if v.Kind == css.Function && v.Text == "fit-content" {
		return Length{Kind: FitContent}
	}
	sum, ok := css.ResolveSum(v, x.m)
	if !ok {
		return Length{}
	}
	return Length{Kind: Fix, Sum: sum}
}

// positive is length with negative results of calc() made zero.
func (x *computer) positive(v css.Value) Length {
	l := x.length(v)
	if l.Kind == Fix && l.Expr == nil && l.Pct == 0 {
		l.Px = max(l.Px, 0)
	}
	return l
}

func (x *computer) px(v css.Value) float32 {
	l := x.length(v)
	return l.Px
}

func (x *computer) color(v css.Value) color.NRGBA {
	if v.Color.Current {
		return x.s.Color
	}
	return v.Color.NRGBA
}

func side(s string) Side {
	switch s {
	case "left", "inline-start":
		return Left
	case "right", "inline-end":
		return Right
	case "both":
		return Both
	}
	return NoSide
}

func display(vals []css.Value) Display {
	outer, inner, item := "", "", false
	for _, v := range vals {
		switch v.Text {
		case "block", "inline", "run-in":
			outer = v.Text
		case "list-item":
			item = true
		default:
			inner = v.Text
		}
	}
	if len(vals) > 1 {
		switch {
		case item:
			return ListItem
		case outer == "inline":
			switch inner {
			case "flex":
				return InlineFlex
			case "grid":
				return InlineGrid
			case "table":
				return InlineTable
			case "flow-root":
				return InlineBlock
			}
			return Inline
		}
		if inner == "" || inner == "flow" {
			return Block
		}
		vals = []css.Value{{Kind: css.Ident, Text: inner}}
	}
	switch w := vals[0].Text; w {
	case "flow":
		return Block
	case "run-in":
		return Block
	case "-webkit-flex", "-ms-flexbox", "-webkit-box":
		return Flex
	case "-webkit-inline-box":
		return InlineFlex
	default:
		for i, n := range displayNames {
			if n == w {
				return Display(i)
			}
		}
	}
	return Inline
}

// boxes computes what decides about boxes and their sizes.
func (x *computer) boxes(p css.Prop, v css.Value, vals []css.Value) bool {
	s := x.s
	switch p {
	case css.PDisplay:
		s.Display = display(vals)
	case css.PPosition:
		s.Position = map[string]Position{"relative": Relative, "absolute": Absolute, "fixed": Fixed, "sticky": Sticky, "-webkit-sticky": Sticky}[v.Text]
	case css.PFloat:
		s.Float = side(v.Text)
	case css.PClear:
		s.Clear = side(v.Text)
	case css.PTop:
		s.Top = x.length(v)
	case css.PRight:
		s.Right = x.length(v)
	case css.PBottom:
		s.Bottom = x.length(v)
	case css.PLeft:
		s.Left = x.length(v)
	case css.PZIndex:
		s.ZAuto = v.Is("auto")
		if n, ok := css.ResolveNumber(v); ok {
			s.ZIndex = int(n)
		}
	case css.PWidth:
		s.Width = x.positive(v)
	case css.PHeight:
		s.Height = x.positive(v)
	case css.PMinWidth:
		s.MinWidth = x.positive(v)
	case css.PMinHeight:
		s.MinHeight = x.positive(v)
	case css.PMaxWidth:
		s.MaxWidth = x.positive(v)
	case css.PMaxHeight:
		s.MaxHeight = x.positive(v)
	case css.PBoxSizing:
		s.BorderBox = v.Is("border-box")
	case css.PAspectRatio:
		x.aspect(vals)
	case css.PMarginTop, css.PMarginRight, css.PMarginBottom, css.PMarginLeft:
		s.Margin[p-css.PMarginTop] = x.length(v)
	case css.PPaddingTop, css.PPaddingRight, css.PPaddingBottom, css.PPaddingLeft:
		s.Padding[p-css.PPaddingTop] = x.positive(v)
	case css.PBorderTopWidth, css.PBorderRightWidth, css.PBorderBottomWidth, css.PBorderLeftWidth:
		s.BorderWidth[p-css.PBorderTopWidth] = x.lineWidth(v)
	case css.PBorderTopStyle, css.PBorderRightStyle, css.PBorderBottomStyle, css.PBorderLeftStyle:
		s.BorderStyle[p-css.PBorderTopStyle] = v.Text
	case css.PBorderTopLeftRadius, css.PBorderTopRightRadius, css.PBorderBottomRightRadius, css.PBorderBottomLeftRadius:
		s.Radius[p-css.PBorderTopLeftRadius] = Corner{x.positive(v), x.positive(vals[len(vals)-1])}
	case css.POverflowX:
		s.OverflowX = overflow(v.Text)
	case css.POverflowY:
		s.OverflowY = overflow(v.Text)
	case css.PTableLayout:
		s.TableFixed = v.Is("fixed")
	case css.PBorderCollapse:
		s.Collapsed = v.Is("collapse")
	case css.PBorderSpacing:
		s.SpacingX, s.SpacingY = x.px(v), x.px(vals[len(vals)-1])
	case css.PCaptionSide:
		s.CaptionBottom = v.Is("bottom")
	case css.PEmptyCells:
		s.HideEmpty = v.Is("hide")
	case css.PObjectFit:
		s.ObjectFit = v.Text
	case css.PObjectPosition:
		b := x.position(vals)
		s.ObjectX, s.ObjectY = b.X, b.Y
	case css.PClip:
		s.ClipAway = clipsAway(v, x.m)
	case css.PClipPath:
		if v.Kind == css.Function && v.Text == "inset" && len(v.Args) > 0 && v.Args[0].Kind == css.Percent && v.Args[0].Num >= 50 {
			s.ClipAway = true
		}
	case css.PTransform:
		x.transform(vals)
	default:
		return false
	}
	return true
}

func overflow(s string) string {
	if s == "overlay" {
		return "auto"
	}
	return s
}

// clipsAway recognises the rectangles that hide text from all but screen readers.
func clipsAway(v css.Value, m *css.Metrics) bool {
	if v.Kind != css.Function || v.Text != "rect" {
		return false
	}
	var n []float32
	for _, a := range v.Args {
		if a.Kind == css.Comma {
			continue
		}
		px, _, ok := css.Resolve(a, m)
		if !ok {
			return false
		}
		n = append(n, px)
	}
	return len(n) == 4 && (n[2]-n[0] <= 1 && n[1]-n[3] <= 1)
}

func (x *computer) lineWidth(v css.Value) float32 {
	switch {
	case v.Is("thin"):
		return 1
	case v.Is("medium"):
		return 3
	case v.Is("thick"):
		return 5
	}
	return max(0, x.px(v))
}

func (x *computer) aspect(vals []css.Value) {
	x.s.Aspect, x.s.AspectAuto = 0, false
	var n []float32
	for _, v := range vals {
		if v.Is("auto") {
			x.s.AspectAuto = true
		}
		if v.Kind == css.Number {
			n = append(n, v.Num)
		}
	}
	switch {
	case len(n) == 1 && n[0] > 0:
		x.s.Aspect = n[0]
	case len(n) == 2 && n[0] > 0 && n[1] > 0:
		x.s.Aspect = n[0] / n[1]
	}
}

// transform keeps what can be laid out without turning anything: translations
// and scales.
func (x *computer) transform(vals []css.Value) {
	s := x.s
	s.Translate, s.ScaleX, s.ScaleY = [2]Length{Px(0), Px(0)}, 1, 1
	s.HasTransform = !vals[0].Is("none")
	for _, v := range vals {
		if v.Kind != css.Function {
			continue
		}
		l := css.Layers(v.Args)
		arg := func(i int) css.Value {
			if i < len(l) && len(l[i]) == 1 {
				return l[i][0]
			}
			return css.Value{Kind: css.Number}
		}
		switch v.Text {
		case "translate", "translate3d":
			s.Translate = [2]Length{x.length(arg(0)), x.length(arg(1))}
		case "translatex":
			s.Translate[0] = x.length(arg(0))
		case "translatey":
			s.Translate[1] = x.length(arg(0))
		case "scale", "scale3d":
			s.ScaleX = arg(0).Num
			s.ScaleY = s.ScaleX
			if len(l) > 1 {
				s.ScaleY = arg(1).Num
			}
		case "scalex":
			s.ScaleX = arg(0).Num
		case "scaley":
			s.ScaleY = arg(0).Num
		}
	}
}

// finish settles what depends on several properties.
func (x *computer) finish(win []*css.Decl) {
	s := x.s
	for i := range s.BorderStyle {
		if s.BorderStyle[i] == "none" || s.BorderStyle[i] == "hidden" {
			s.BorderWidth[i] = 0
		} else if win[css.PBorderTopWidth+css.Prop(i)] == nil && s.BorderWidth[i] == 0 {
			s.BorderWidth[i] = 3 // medium
		}
		if win[css.PBorderTopColor+css.Prop(i)] == nil {
			s.BorderColor[i] = s.Color
		}
	}
	if s.OutlineStyle == "none" {
		s.OutlineWidth = 0
	} else if win[css.POutlineWidth] == nil {
		s.OutlineWidth = 3
	}
	// One visible axis beside one that is not becomes auto (Overflow 3, section 3.1).
	vis := func(o string) bool { return o == "visible" || o == "clip" }
	if vis(s.OverflowX) != vis(s.OverflowY) {
		if s.OverflowX == "visible" {
			s.OverflowX = "auto"
		}
		if s.OverflowY == "visible" {
			s.OverflowY = "auto"
		}
	}
	x.decorate(win)
	if s.RTL && win[css.PTextAlign] == nil && x.up.RTL != s.RTL {
		s.TextAlign = AlignRight
	}
	s.Font.RTL = false // runs get their direction in layout
}

// decorate adds the element's own lines to those drawn through it.
func (x *computer) decorate(win []*css.Decl) {
	s := x.s
	switch s.Display {
	case InlineBlock, InlineTable, InlineFlex, InlineGrid:
		s.Decorations = nil
	}
	if s.OutOfFlow() || s.Float != NoSide {
		s.Decorations = nil
	}
	d := win[css.PTextDecorationLine]
	if d == nil || d.Wide() != "" {
		return
	}
	kind, col := "solid", s.Color
	if w := win[css.PTextDecorationStyle]; w != nil && w.Wide() == "" {
		kind = w.Vals[0].Text
	}
	if w := win[css.PTextDecorationColor]; w != nil && w.Wide() == "" {
		col = x.color(w.Vals[0])
	}
	for _, v := range d.Vals {
		if v.Is("none") || v.Is("blink") {
			continue
		}
		s.Decorations = append(s.Decorations[:len(s.Decorations):len(s.Decorations)], Decoration{v.Text, kind, col})
	}
}
