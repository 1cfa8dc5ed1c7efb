package css

// expander collects the longhands of one declaration.
type expander struct {
	important bool
	out       []Decl
}

func (e *expander) set(p Prop, vals ...Value) {
	e.out = append(e.out, Decl{Prop: p, Important: e.important, Vals: vals})
}

// add sets p if the values are valid for it.
func (e *expander) add(p Prop, vals ...Value) bool {
	if !valid(p, vals) {
		return false
	}
	e.set(p, vals...)
	return true
}

func ident(s string) Value { return Value{Kind: Ident, Text: s} }

func px(n float32) Value { return Value{Kind: Dimension, Unit: Px, Num: n} }

func num(n float32) Value { return Value{Kind: Number, Num: n} }

func currentColor() Value { return Value{Kind: Colour, Color: Color{Current: true}} }

// subs are the longhands of the shorthands that set each side or part alike.
var subs = map[Prop][]Prop{
	SMargin:         {PMarginTop, PMarginRight, PMarginBottom, PMarginLeft},
	SPadding:        {PPaddingTop, PPaddingRight, PPaddingBottom, PPaddingLeft},
	SInset:          {PTop, PRight, PBottom, PLeft},
	SBorderWidth:    {PBorderTopWidth, PBorderRightWidth, PBorderBottomWidth, PBorderLeftWidth},
	SBorderStyle:    {PBorderTopStyle, PBorderRightStyle, PBorderBottomStyle, PBorderLeftStyle},
	SBorderColor:    {PBorderTopColor, PBorderRightColor, PBorderBottomColor, PBorderLeftColor},
	SBorderTop:      {PBorderTopWidth, PBorderTopStyle, PBorderTopColor},
	SBorderRight:    {PBorderRightWidth, PBorderRightStyle, PBorderRightColor},
	SBorderBottom:   {PBorderBottomWidth, PBorderBottomStyle, PBorderBottomColor},
	SBorderLeft:     {PBorderLeftWidth, PBorderLeftStyle, PBorderLeftColor},
	SBorderRadius:   {PBorderTopLeftRadius, PBorderTopRightRadius, PBorderBottomRightRadius, PBorderBottomLeftRadius},
	SOutline:        {POutlineWidth, POutlineStyle, POutlineColor},
	SFont:           {PFontStyle, PFontVariantCaps, PFontWeight, PFontSize, PLineHeight, PFontFamily},
	SBackground:     {PBackgroundColor, PBackgroundImage, PBackgroundRepeat, PBackgroundPosition, PBackgroundSize, PBackgroundClip, PBackgroundOrigin, PBackgroundAttachment},
	SListStyle:      {PListStyleType, PListStylePosition, PListStyleImage},
	SOverflow:       {POverflowX, POverflowY},
	STextDecoration: {PTextDecorationLine, PTextDecorationStyle, PTextDecorationColor},
	SFlex:           {PFlexGrow, PFlexShrink, PFlexBasis},
	SFlexFlow:       {PFlexDirection, PFlexWrap},
	SGap:            {PRowGap, PColumnGap},
	SPlaceContent:   {PAlignContent, PJustifyContent},
	SPlaceItems:     {PAlignItems, PJustifyItems},
	SPlaceSelf:      {PAlignSelf, PJustifySelf},
	SGridColumn:     {PGridColumnStart, PGridColumnEnd},
	SGridRow:        {PGridRowStart, PGridRowEnd},
	SGridArea:       {PGridRowStart, PGridColumnStart, PGridRowEnd, PGridColumnEnd},
	SGridTemplate:   {PGridTemplateRows, PGridTemplateColumns, PGridTemplateAreas},
	SGrid:           {PGridTemplateRows, PGridTemplateColumns, PGridTemplateAreas},
	SColumns:        {PColumnCount, PColumnWidth},
	SMarginBlock:    {PMarginTop, PMarginBottom},
	SMarginInline:   {PMarginLeft, PMarginRight},
	SPaddingBlock:   {PPaddingTop, PPaddingBottom},
	SPaddingInline:  {PPaddingLeft, PPaddingRight},
	SInsetBlock:     {PTop, PBottom},
	SInsetInline:    {PLeft, PRight},
}

// wide gives a CSS-wide keyword to every longhand of p.
func (e *expander) wide(p Prop, vals []Value) {
	switch {
	case p == SAll:
		for q := PColor; q < LastLonghand; q++ {
			if q != PDirection && q != PUnicodeBidi {
				e.set(q, vals...)
			}
		}
	case p == SBorder:
		for _, q := range []Prop{SBorderTop, SBorderRight, SBorderBottom, SBorderLeft} {
			e.wide(q, vals)
		}
	case p.Shorthand():
		for _, q := range subs[p] {
			e.set(q, vals...)
		}
	default:
		e.set(p, vals...)
	}
}

func (e *expander) shorthand(p Prop, vals []Value) bool {
	switch p {
	case SMargin, SPadding, SInset, SBorderWidth, SBorderStyle, SBorderColor:
		return e.sides(subs[p], vals)
	case SBorderTop, SBorderRight, SBorderBottom, SBorderLeft:
		return e.line(subs[p], vals)
	case SOutline:
		return e.line(subs[p], vals)
	case SBorder:
		for _, q := range []Prop{SBorderTop, SBorderRight, SBorderBottom, SBorderLeft} {
			if !e.line(subs[q], vals) {
				return false
			}
		}
		return true
	case SBorderRadius:
		return e.radius(vals)
	case SMarginBlock, SMarginInline, SPaddingBlock, SPaddingInline, SInsetBlock, SInsetInline,
		SOverflow, SGap, SPlaceContent, SPlaceItems, SPlaceSelf:
		if len(vals) > 2 {
			return false
		}
		return e.add(subs[p][0], vals[0]) && e.add(subs[p][1], vals[len(vals)-1])
	case SFont:
		return e.font(vals)
	case SBackground:
		return e.background(vals)
	case SListStyle:
		return e.listStyle(vals)
	case STextDecoration:
		return e.decoration(vals)
	case SFlex:
		return e.flex(vals)
	case SFlexFlow:
		return e.anyOrder(vals, subs[p], []Value{ident("row"), ident("nowrap")})
	case SColumns:
		return e.anyOrder(vals, subs[p], []Value{ident("auto"), ident("auto")})
	case SGridColumn, SGridRow, SGridArea:
		return e.gridLines(subs[p], vals)
	case SGridTemplate, SGrid:
		return e.gridTemplate(vals)
	}
	return false
}

func (e *expander) sides(props []Prop, v []Value) bool {
	var order [4]int
	switch len(v) {
	case 1:
	case 2:
		order = [4]int{0, 1, 0, 1}
	case 3:
		order = [4]int{0, 1, 2, 1}
	case 4:
		order = [4]int{0, 1, 2, 3}
	default:
		return false
	}
	for i, p := range props {
		if !e.add(p, v[order[i]]) {
			return false
		}
	}
	return true
}

// anyOrder gives each value to the first free longhand that takes it.
func (e *expander) anyOrder(vals []Value, props []Prop, initial []Value) bool {
	got := make([]*Value, len(props))
next:
	for i := range vals {
		for j, p := range props {
			if got[j] == nil && valid(p, vals[i:i+1]) {
				got[j] = &vals[i]
				continue next
			}
		}
		return false
	}
	for j, p := range props {
		if got[j] != nil {
			e.set(p, *got[j])
		} else {
			e.set(p, initial[j])
		}
	}
	return true
}

func (e *expander) line(props []Prop, vals []Value) bool {
	return e.anyOrder(vals, props, []Value{ident("medium"), ident("none"), currentColor()})
}

func (e *expander) radius(vals []Value) bool {
	h, v := vals, vals
	for i := range vals {
		if vals[i].Kind == Slash {
			h, v = vals[:i], vals[i+1:]
		}
	}
	quad := func(v []Value) ([4]Value, bool) {
		switch len(v) {
		case 1:
			return [4]Value{v[0], v[0], v[0], v[0]}, true
		case 2:
			return [4]Value{v[0], v[1], v[0], v[1]}, true
		case 3:
			return [4]Value{v[0], v[1], v[2], v[1]}, true
		case 4:
			return [4]Value{v[0], v[1], v[2], v[3]}, true
		}
		return [4]Value{}, false
	}
	a, ok := quad(h)
	b, ok2 := quad(v)
	if !ok || !ok2 {
		return false
	}
	for i, p := range subs[SBorderRadius] {
		if !e.add(p, a[i], b[i]) {
			return false
		}
	}
	return true
}

func (e *expander) font(vals []Value) bool {
	if len(vals) == 1 && vals[0].Kind == Ident {
		switch vals[0].Text {
		case "caption", "icon", "menu", "message-box", "small-caption", "status-bar":
			e.set(PFontFamily, ident("system-ui"))
			e.set(PFontSize, px(13.333))
			return true
		}
	}
	style, weight, caps := ident("normal"), ident("normal"), ident("normal")
	i := 0
	for ; i < len(vals) && i < 4; i++ {
		v := vals[i]
		switch {
		case v.Is("normal"):
		case v.Is("italic") || v.Is("oblique"):
			style = v
		case v.Is("small-caps"):
			caps = v
		case v.Is("bold") || v.Is("bolder") || v.Is("lighter") || v.Kind == Number && v.Num >= 1 && i+1 < len(vals) && vals[i+1].Kind != Comma:
			weight = v
		case v.Is("condensed") || v.Is("expanded") || v.Is("semi-condensed"):
		default:
			goto size
		}
	}
size:
	if i >= len(vals) || !e.add(PFontSize, vals[i]) {
		return false
	}
	i++
	height := ident("normal")
	if i+1 < len(vals) && vals[i].Kind == Slash {
		height = vals[i+1]
		i += 2
	}
	if i >= len(vals) {
		return false
	}
	return e.add(PLineHeight, height) && e.add(PFontFamily, vals[i:]...) &&
		e.add(PFontStyle, style) && e.add(PFontWeight, weight) && e.add(PFontVariantCaps, caps)
}

func (e *expander) background(vals []Value) bool {
	var image, repeat, position, size, clip, origin, attach []Value
	color := Value{Kind: Colour}
	layers := Layers(vals)
	if len(layers) > 16 {
		return false
	}
	for n, l := range layers {
		if len(l) == 0 {
			return false
		}
		if n > 0 {
			c := Value{Kind: Comma}
			image, repeat, position, size = append(image, c), append(repeat, c), append(position, c), append(size, c)
			clip, origin, attach = append(clip, c), append(origin, c), append(attach, c)
		}
		im, rep, pos, sz, box, att := []Value(nil), []Value(nil), []Value(nil), []Value(nil), []Value(nil), ident("scroll")
		for i := 0; i < len(l); i++ {
			v := l[i]
			switch {
			case im == nil && isImage(v):
				im = l[i : i+1]
			case isRepeat(v) && len(rep) < 2:
				rep = append(rep, v)
			case isBox(v) && len(box) < 2:
				box = append(box, v)
			case isAttachment(v):
				att = v
			case v.Kind == Colour && n == len(layers)-1:
				color = v
			case v.Kind == Slash && pos != nil && i+1 < len(l):
				j := i + 1
				for j < len(l) && j < i+3 && validBackgroundSize(l[i+1:j+1]) {
					j++
				}
				sz = l[i+1 : j]
				i = j - 1
			case (isPositionWord(v) || lengthPercent(v, false)) && len(pos) < 4:
				pos = append(pos, v)
			default:
				return false
			}
		}
		if im == nil {
			im = []Value{ident("none")}
		}
		if rep == nil {
			rep = []Value{ident("repeat")}
		}
		if pos == nil {
			pos = []Value{{Kind: Percent}, {Kind: Percent}}
		}
		if sz == nil {
			sz = []Value{ident("auto")}
		}
		if !validPosition(pos) || !validBackgroundSize(sz) {
			return false
		}
		o, c := ident("padding-box"), ident("border-box")
		if len(box) > 0 {
			o, c = box[0], box[len(box)-1]
		}
		image, repeat, position, size = append(image, im...), append(repeat, rep...), append(position, pos...), append(size, sz...)
		clip, origin, attach = append(clip, c), append(origin, o), append(attach, att)
	}
	e.set(PBackgroundColor, color)
	e.set(PBackgroundImage, image...)
	e.set(PBackgroundRepeat, repeat...)
	e.set(PBackgroundPosition, position...)
	e.set(PBackgroundSize, size...)
	e.set(PBackgroundClip, clip...)
	e.set(PBackgroundOrigin, origin...)
	e.set(PBackgroundAttachment, attach...)
	return true
}

func (e *expander) listStyle(vals []Value) bool {
	kind, pos, image := Value{}, ident("outside"), ident("none")
	none := false
	for _, v := range vals {
		switch {
		case v.Is("none"):
			none = true
		case v.Is("inside") || v.Is("outside"):
			pos = v
		case v.Kind == URL || v.Kind == Function:
			image = v
		case (v.Kind == Ident || v.Kind == String) && kind.Text == "":
			kind = v
		default:
			return false
		}
	}
	if kind.Text == "" && kind.Kind != String {
		kind = ident("disc")
		if none {
			kind = ident("none")
		}
	}
	return e.add(PListStyleType, kind) && e.add(PListStylePosition, pos) && e.add(PListStyleImage, image)
}

func (e *expander) decoration(vals []Value) bool {
	var lines []Value
	style, color := ident("solid"), currentColor()
	for _, v := range vals {
		switch {
		case v.Kind == Ident && decorationLines[v.Text]:
			lines = append(lines, v)
		case v.Kind == Colour:
			color = v
		case v.Kind == Ident && keywords[PTextDecorationStyle][v.Text]:
			style = v
		case v.Is("from-font") || v.Is("auto") || lengthPercent(v, true):
			// The thickness is the font's.
		default:
			return false
		}
	}
	if lines == nil {
		lines = []Value{ident("none")}
	}
	e.set(PTextDecorationLine, lines...)
	e.set(PTextDecorationStyle, style)
	e.set(PTextDecorationColor, color)
	return true
}

func (e *expander) flex(vals []Value) bool {
	grow, shrink, basis := num(1), num(1), Value{Kind: Percent}
	switch {
	case len(vals) == 1 && vals[0].Is("none"):
		grow, shrink, basis = num(0), num(0), ident("auto")
	case len(vals) == 1 && vals[0].Is("auto"):
		basis = ident("auto")
	default:
		numbers, haveBasis := 0, false
		for _, v := range vals {
			switch {
			case v.Kind == Number && v.Num >= 0 && numbers == 0:
				grow = v
				numbers++
			case v.Kind == Number && v.Num >= 0 && numbers == 1:
				shrink = v
				numbers++
			case !haveBasis && valid(PFlexBasis, []Value{v}):
				basis, haveBasis = v, true
			default:
				return false
			}
		}
	}
	e.set(PFlexGrow, grow)
	e.set(PFlexShrink, shrink)
	e.set(PFlexBasis, basis)
	return true
}

// gridLines splits at slashes; a missing end is auto, or the same name (Grid 1,
// section 8.4).
func (e *expander) gridLines(props []Prop, vals []Value) bool {
	var parts [][]Value
	start := 0
	for i := 0; i <= len(vals); i++ {
		if i == len(vals) || vals[i].Kind == Slash {
			if i == start {
				return false
			}
			parts = append(parts, vals[start:i])
			start = i + 1
		}
	}
	if len(parts) > len(props) {
		return false
	}
	for i, p := range props {
		switch {
		case i < len(parts):
			e.set(p, parts[i]...)
		case i%2 == 0 && i >= 2 && len(parts[i-2]) == 1 && parts[i-2][0].Kind == Ident,
			i >= 2 && len(parts) > i-2 && len(parts[i-2]) == 1 && parts[i-2][0].Kind == Ident:
			e.set(p, parts[i-2]...)
		case len(parts[0]) == 1 && parts[0][0].Kind == Ident:
			e.set(p, parts[0]...)
		default:
			e.set(p, ident("auto"))
		}
	}
	return true
}

func (e *expander) gridTemplate(vals []Value) bool {
	rows, cols, areas := []Value{ident("none")}, []Value{ident("none")}, []Value(nil)
	slash := -1
	for i, v := range vals {
		if v.Kind == Slash && slash < 0 {
			slash = i
		}
	}
	first := vals
	if slash >= 0 {
		first, cols = vals[:slash], vals[slash+1:]
	}
	var sizes []Value
	for i, v := range first {
		if v.Kind != String {
			sizes = append(sizes, v)
			continue
		}
		areas = append(areas, v)
		if i+1 >= len(first) || first[i+1].Kind == String {
			sizes = append(sizes, ident("auto"))
		}
	}
	if len(sizes) > 0 {
		rows = sizes
	}
	if len(cols) == 0 {
		return false
	}
	if areas == nil {
		areas = []Value{ident("none")}
	}
	e.set(PGridTemplateRows, rows...)
	e.set(PGridTemplateColumns, cols...)
	e.set(PGridTemplateAreas, areas...)
	return true
}
