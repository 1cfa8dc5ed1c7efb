package css

// valid reports whether vals are a value of the longhand, in the grammar of the
// property's specification as far as the engine uses it.
func valid(p Prop, vals []Value) bool {
	one := len(vals) == 1
	v := vals[0]
	if set, ok := keywords[p]; ok {
		return one && v.Kind == Ident && set[v.Text]
	}
	switch p {
	case PColor, PBackgroundColor, PBorderTopColor, PBorderRightColor, PBorderBottomColor, PBorderLeftColor, PTextDecorationColor, POutlineColor:
		return one && v.Kind == Colour || p == POutlineColor && one && v.Is("invert")
	case PFontFamily:
		return validFamilies(vals)
	case PFontSize:
		return one && (lengthPercent(v, true) || v.Kind == Ident && fontSizes[v.Text])
	case PFontStyle:
		return v.Is("normal") || v.Is("italic") || v.Is("oblique")
	case PFontWeight:
		return one && (v.Is("normal") || v.Is("bold") || v.Is("bolder") || v.Is("lighter") || v.Kind == Number && v.Num >= 1 && v.Num <= 1000 || isMath(v))
	case PFontVariantCaps:
		return v.Kind == Ident
	case PLineHeight:
		return one && (v.Is("normal") || v.Kind == Number && v.Num >= 0 || lengthPercent(v, true))
	case PLetterSpacing, PWordSpacing:
		return one && (v.Is("normal") || lengthPercent(v, false))
	case PTextIndent:
		return lengthPercent(v, false)
	case PTabSize:
		return one && (v.Kind == Number && v.Num >= 0 || lengthPercent(v, true))
	case PListStyleType:
		return one && (v.Kind == Ident || v.Kind == String)
	case PListStyleImage:
		return one && (v.Is("none") || v.Kind == URL || v.Kind == Function)
	case PBorderSpacing:
		return len(vals) <= 2 && lengthPercent(v, true) && (one || lengthPercent(vals[1], true))
	case PQuotes, PContent, PCursor, PCounterReset, PCounterIncrement, PTransform, PClip, PClipPath,
		PGridTemplateAreas, PGridTemplateColumns, PGridTemplateRows, PGridAutoColumns, PGridAutoRows, PGridAutoFlow, PBoxShadow,
		PGridColumnEnd, PGridColumnStart, PGridRowEnd, PGridRowStart:
		return v.Kind != Comma && v.Kind != Slash
	case PDisplay:
		return validDisplay(vals)
	case PTop, PRight, PBottom, PLeft, PMarginTop, PMarginRight, PMarginBottom, PMarginLeft:
		return one && (v.Is("auto") || lengthPercent(v, false))
	case PPaddingTop, PPaddingRight, PPaddingBottom, PPaddingLeft:
		return one && lengthPercent(v, true)
	case PZIndex:
		return one && (v.Is("auto") || v.Kind == Number || isMath(v))
	case PWidth, PHeight, PMinWidth, PMinHeight, PFlexBasis, PColumnWidth:
		return one && (v.Is("auto") || sizeKeyword(v) || p == PFlexBasis && v.Is("content") || lengthPercent(v, true))
	case PMaxWidth, PMaxHeight:
		return one && (v.Is("none") || sizeKeyword(v) || lengthPercent(v, true))
	case PAspectRatio:
		return v.Is("auto") || v.Kind == Number
	case PBorderTopWidth, PBorderRightWidth, PBorderBottomWidth, PBorderLeftWidth, POutlineWidth:
		return one && validBorderWidth(v)
	case PBorderTopLeftRadius, PBorderTopRightRadius, PBorderBottomRightRadius, PBorderBottomLeftRadius:
		return len(vals) <= 2 && lengthPercent(v, true) && (one || lengthPercent(vals[1], true))
	case PBackgroundImage:
		return everyLayer(vals, func(l []Value) bool { return len(l) == 1 && isImage(l[0]) })
	case PBackgroundRepeat:
		return everyLayer(vals, validRepeat)
	case PBackgroundPosition:
		return everyLayer(vals, validPosition)
	case PObjectPosition:
		return validPosition(vals)
	case PBackgroundSize:
		return everyLayer(vals, validBackgroundSize)
	case PBackgroundClip, PBackgroundOrigin:
		return everyLayer(vals, func(l []Value) bool { return len(l) == 1 && isBox(l[0]) })
	case PBackgroundAttachment:
		return everyLayer(vals, func(l []Value) bool { return len(l) == 1 && isAttachment(l[0]) })
	case POpacity:
		return one && (v.Kind == Number || v.Kind == Percent || isMath(v))
	case PVerticalAlign:
		return one && (v.Kind == Ident && verticalAligns[v.Text] || lengthPercent(v, false))
	case PTextDecorationLine:
		for _, x := range vals {
			if x.Kind != Ident || !decorationLines[x.Text] {
				return false
			}
		}
		return true
	case PFlexGrow, PFlexShrink:
		return one && (v.Kind == Number && v.Num >= 0 || isMath(v))
	case POrder:
		return one && (v.Kind == Number || isMath(v))
	case PJustifyContent, PJustifyItems, PJustifySelf, PAlignContent, PAlignItems, PAlignSelf:
		for _, x := range vals {
			if x.Kind != Ident {
				return false
			}
		}
		return len(vals) <= 3
	case PRowGap, PColumnGap:
		return one && (v.Is("normal") || lengthPercent(v, true))
	case PColumnCount:
		return one && (v.Is("auto") || v.Kind == Number && v.Num >= 1)
	}
	return false
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

var (
	borderStyles = set("none", "hidden", "dotted", "dashed", "solid", "double", "groove", "ridge", "inset", "outset")
	overflows    = set("visible", "hidden", "scroll", "auto", "clip", "overlay")
	fontSizes    = set("xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large", "xxx-large", "smaller", "larger")

	verticalAligns  = set("baseline", "sub", "super", "top", "text-top", "middle", "bottom", "text-bottom")
	decorationLines = set("none", "underline", "overline", "line-through", "blink")

	// keywords are the longhands whose value is one of a few identifiers.
	keywords = map[Prop]map[string]bool{
		PTextAlign: set("left", "right", "center", "justify", "start", "end", "match-parent", "justify-all",
			"-webkit-center", "-webkit-left", "-webkit-right", "-moz-center"),
		PTextTransform:       set("none", "uppercase", "lowercase", "capitalize", "full-width"),
		PWhiteSpace:          set("normal", "pre", "nowrap", "pre-wrap", "pre-line", "break-spaces"),
		PWordBreak:           set("normal", "break-all", "keep-all", "break-word", "auto-phrase"),
		POverflowWrap:        set("normal", "break-word", "anywhere"),
		PDirection:           set("ltr", "rtl"),
		PVisibility:          set("visible", "hidden", "collapse"),
		PListStylePosition:   set("inside", "outside"),
		PBorderCollapse:      set("collapse", "separate"),
		PCaptionSide:         set("top", "bottom"),
		PEmptyCells:          set("show", "hide"),
		PPointerEvents:       set("auto", "none", "all"),
		PPosition:            set("static", "relative", "absolute", "fixed", "sticky", "-webkit-sticky"),
		PFloat:               set("none", "left", "right", "inline-start", "inline-end"),
		PClear:               set("none", "left", "right", "both", "inline-start", "inline-end"),
		PBoxSizing:           set("content-box", "border-box"),
		PBorderTopStyle:      borderStyles,
		PBorderRightStyle:    borderStyles,
		PBorderBottomStyle:   borderStyles,
		PBorderLeftStyle:     borderStyles,
		POutlineStyle:        set("none", "auto", "dotted", "dashed", "solid", "double", "groove", "ridge", "inset", "outset"),
		POverflowX:           overflows,
		POverflowY:           overflows,
		PTextDecorationStyle: set("solid", "double", "dotted", "dashed", "wavy"),
		PTextOverflow:        set("clip", "ellipsis"),
		PUnicodeBidi:         set("normal", "embed", "isolate", "bidi-override", "isolate-override", "plaintext"),
		PTableLayout:         set("auto", "fixed"),
		PObjectFit:           set("fill", "contain", "cover", "none", "scale-down"),
		PFlexDirection:       set("row", "row-reverse", "column", "column-reverse"),
		PFlexWrap:            set("nowrap", "wrap", "wrap-reverse"),
	}

	displays = set("none", "inline", "block", "inline-block", "list-item", "table", "inline-table", "table-row-group",
		"table-header-group", "table-footer-group", "table-row", "table-column-group", "table-column", "table-cell",
		"table-caption", "flex", "inline-flex", "grid", "inline-grid", "flow-root", "contents", "flow", "run-in",
		"-webkit-box", "-webkit-inline-box", "-webkit-flex", "-ms-flexbox")
)

func validDisplay(vals []Value) bool {
	for _, v := range vals {
		if v.Kind != Ident || !displays[v.Text] {
			return false
		}
	}
	return len(vals) <= 3
}

func validFamilies(vals []Value) bool {
	want := true
	for _, v := range vals {
		switch v.Kind {
		case Comma:
			if want {
				return false
			}
			want = true
		case String, Ident, Colour: // a family may be named like a colour
			want = false
		default:
			return false
		}
	}
	return !want
}

func isMath(v Value) bool {
	if v.Kind != Function {
		return false
	}
	switch v.Text {
	case "calc", "min", "max", "clamp", "-webkit-calc", "-moz-calc":
		return true
	}
	return false
}

// lengthPercent reports whether v is a length or percentage; with positive,
// literal negative ones are refused.
func lengthPercent(v Value, positive bool) bool {
	switch v.Kind {
	case Percent:
	case Dimension:
		if v.Unit < Px || v.Unit > Vmax {
			return false
		}
	case Number:
		if v.Num != 0 {
			return false
		}
	case Function:
		return isMath(v)
	default:
		return false
	}
	return !positive || v.Num >= 0
}

func sizeKeyword(v Value) bool {
	if v.Kind == Function {
		return v.Text == "fit-content"
	}
	if v.Kind != Ident {
		return false
	}
	switch v.Text {
	case "min-content", "max-content", "fit-content", "stretch", "-webkit-fill-available", "-moz-available",
		"-webkit-fit-content", "-moz-fit-content", "-webkit-max-content", "-webkit-min-content":
		return true
	}
	return false
}

func validBorderWidth(v Value) bool {
	return v.Is("thin") || v.Is("medium") || v.Is("thick") || v.Kind != Percent && lengthPercent(v, true)
}

// Layers splits a list at its commas.
func Layers(vals []Value) [][]Value {
	var out [][]Value
	start := 0
	for i := range vals {
		if vals[i].Kind == Comma {
			out = append(out, vals[start:i])
			start = i + 1
		}
	}
	return append(out, vals[start:])
}

func everyLayer(vals []Value, ok func([]Value) bool) bool {
	for _, l := range Layers(vals) {
		if len(l) == 0 || !ok(l) {
			return false
		}
	}
	return true
}

func isImage(v Value) bool {
	if v.Kind == URL || v.Is("none") {
		return true
	}
	if v.Kind != Function {
		return false
	}
	switch v.Text {
	case "linear-gradient", "radial-gradient", "repeating-linear-gradient", "repeating-radial-gradient", "conic-gradient",
		"-webkit-linear-gradient", "-moz-linear-gradient", "image-set", "-webkit-image-set":
		return true
	}
	return false
}

func isRepeat(v Value) bool {
	if v.Kind != Ident {
		return false
	}
	switch v.Text {
	case "repeat", "repeat-x", "repeat-y", "no-repeat", "space", "round":
		return true
	}
	return false
}

func validRepeat(l []Value) bool {
	for _, v := range l {
		if !isRepeat(v) {
			return false
		}
	}
	return len(l) <= 2
}

func isPositionWord(v Value) bool {
	return v.Is("left") || v.Is("right") || v.Is("top") || v.Is("bottom") || v.Is("center")
}

func validPosition(l []Value) bool {
	for _, v := range l {
		if !isPositionWord(v) && !lengthPercent(v, false) {
			return false
		}
	}
	return len(l) >= 1 && len(l) <= 4
}

func validBackgroundSize(l []Value) bool {
	if len(l) == 1 && (l[0].Is("cover") || l[0].Is("contain")) {
		return true
	}
	for _, v := range l {
		if !v.Is("auto") && !lengthPercent(v, true) {
			return false
		}
	}
	return len(l) <= 2
}

func isBox(v Value) bool {
	return v.Is("border-box") || v.Is("padding-box") || v.Is("content-box") || v.Is("text")
}

func isAttachment(v Value) bool { return v.Is("scroll") || v.Is("fixed") || v.Is("local") }
