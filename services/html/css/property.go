package css

import "strings"

// Prop names a property: longhands first, then shorthands.
type Prop uint16

// The properties. Custom is any --name.
const (
	NoProp Prop = iota
	Custom
	// Inherited longhands.
	PColor
	PFontFamily
	PFontSize
	PFontStyle
	PFontWeight
	PFontVariantCaps
	PLineHeight
	PLetterSpacing
	PWordSpacing
	PTextAlign
	PTextIndent
	PTextTransform
	PWhiteSpace
	PWordBreak
	POverflowWrap
	PTabSize
	PDirection
	PVisibility
	PListStyleType
	PListStylePosition
	PListStyleImage
	PBorderCollapse
	PBorderSpacing
	PCaptionSide
	PEmptyCells
	PQuotes
	PCursor
	PPointerEvents
	// The others.
	PDisplay
	PPosition
	PFloat
	PClear
	PTop
	PRight
	PBottom
	PLeft
	PZIndex
	PWidth
	PHeight
	PMinWidth
	PMinHeight
	PMaxWidth
	PMaxHeight
	PBoxSizing
	PAspectRatio
	PMarginTop
	PMarginRight
	PMarginBottom
	PMarginLeft
	PPaddingTop
	PPaddingRight
	PPaddingBottom
	PPaddingLeft
	PBorderTopWidth
	PBorderRightWidth
	PBorderBottomWidth
	PBorderLeftWidth
	PBorderTopStyle
	PBorderRightStyle
	PBorderBottomStyle
	PBorderLeftStyle
	PBorderTopColor
	PBorderRightColor
	PBorderBottomColor
	PBorderLeftColor
	PBorderTopLeftRadius
	PBorderTopRightRadius
	PBorderBottomRightRadius
	PBorderBottomLeftRadius
	POutlineWidth
	POutlineStyle
	POutlineColor
	PBackgroundColor
	PBackgroundImage
	PBackgroundRepeat
	PBackgroundPosition
	PBackgroundSize
	PBackgroundClip
	PBackgroundOrigin
	PBackgroundAttachment
	PBoxShadow
	POverflowX
	POverflowY
	POpacity
	PClip
	PClipPath
	PTransform
	PVerticalAlign
	PTextDecorationLine
	PTextDecorationStyle
	PTextDecorationColor
	PTextOverflow
	PUnicodeBidi
	PTableLayout
	PContent
	PCounterReset
	PCounterIncrement
	PObjectFit
	PObjectPosition
	PFlexDirection
	PFlexWrap
	PFlexGrow
	PFlexShrink
	PFlexBasis
	POrder
	PJustifyContent
	PJustifyItems
	PJustifySelf
	PAlignContent
	PAlignItems
	PAlignSelf
	PRowGap
	PColumnGap
	PGridTemplateColumns
	PGridTemplateRows
	PGridTemplateAreas
	PGridColumnStart
	PGridColumnEnd
	PGridRowStart
	PGridRowEnd
	PGridAutoFlow
	PGridAutoRows
	PGridAutoColumns
	PColumnCount
	PColumnWidth
	LastLonghand
	// Shorthands.
	SAll
	SFont
	SMargin
	SPadding
	SBorder
	SBorderTop
	SBorderRight
	SBorderBottom
	SBorderLeft
	SBorderWidth
	SBorderStyle
	SBorderColor
	SBorderRadius
	SOutline
	SBackground
	SListStyle
	SOverflow
	STextDecoration
	SFlex
	SFlexFlow
	SGap
	SInset
	SPlaceContent
	SPlaceItems
	SPlaceSelf
	SGridColumn
	SGridRow
	SGridArea
	SGridTemplate
	SGrid
	SColumns
	SMarginBlock
	SMarginInline
	SPaddingBlock
	SPaddingInline
	SInsetBlock
	SInsetInline
	lastProp
)

// Inherited reports whether the longhand is inherited by default.
func (p Prop) Inherited() bool { return p >= PColor && p <= PPointerEvents }

// Shorthand reports whether p stands for longhands.
func (p Prop) Shorthand() bool { return p > LastLonghand }

var names = map[string]Prop{
	"color": PColor, "font-family": PFontFamily, "font-size": PFontSize, "font-style": PFontStyle, "font-weight": PFontWeight,
	"font-variant": PFontVariantCaps, "font-variant-caps": PFontVariantCaps, "line-height": PLineHeight,
	"letter-spacing": PLetterSpacing, "word-spacing": PWordSpacing, "text-align": PTextAlign, "text-indent": PTextIndent,
	"text-transform": PTextTransform, "white-space": PWhiteSpace, "word-break": PWordBreak, "overflow-wrap": POverflowWrap,
	"word-wrap": POverflowWrap, "tab-size": PTabSize, "direction": PDirection, "visibility": PVisibility,
	"list-style-type": PListStyleType, "list-style-position": PListStylePosition, "list-style-image": PListStyleImage,
	"border-collapse": PBorderCollapse, "border-spacing": PBorderSpacing, "caption-side": PCaptionSide, "empty-cells": PEmptyCells,
	"quotes": PQuotes, "cursor": PCursor, "pointer-events": PPointerEvents,
	"display": PDisplay, "position": PPosition, "float": PFloat, "clear": PClear, "top": PTop, "right": PRight, "bottom": PBottom,
	"left": PLeft, "z-index": PZIndex, "width": PWidth, "height": PHeight, "min-width": PMinWidth, "min-height": PMinHeight,
	"max-width": PMaxWidth, "max-height": PMaxHeight, "inline-size": PWidth, "block-size": PHeight,
	"min-inline-size": PMinWidth, "max-inline-size": PMaxWidth, "min-block-size": PMinHeight, "max-block-size": PMaxHeight,
	"box-sizing": PBoxSizing, "aspect-ratio": PAspectRatio,
	"margin-top": PMarginTop, "margin-right": PMarginRight, "margin-bottom": PMarginBottom, "margin-left": PMarginLeft,
	"margin-block-start": PMarginTop, "margin-block-end": PMarginBottom, "margin-inline-start": PMarginLeft, "margin-inline-end": PMarginRight,
	"padding-top": PPaddingTop, "padding-right": PPaddingRight, "padding-bottom": PPaddingBottom, "padding-left": PPaddingLeft,
	"padding-block-start": PPaddingTop, "padding-block-end": PPaddingBottom, "padding-inline-start": PPaddingLeft, "padding-inline-end": PPaddingRight,
	"border-top-width": PBorderTopWidth, "border-right-width": PBorderRightWidth, "border-bottom-width": PBorderBottomWidth, "border-left-width": PBorderLeftWidth,
	"border-top-style": PBorderTopStyle, "border-right-style": PBorderRightStyle, "border-bottom-style": PBorderBottomStyle, "border-left-style": PBorderLeftStyle,
	"border-top-color": PBorderTopColor, "border-right-color": PBorderRightColor, "border-bottom-color": PBorderBottomColor, "border-left-color": PBorderLeftColor,
	"border-inline-start": SBorderLeft, "border-inline-end": SBorderRight, "border-block-start": SBorderTop, "border-block-end": SBorderBottom,
	"border-top-left-radius": PBorderTopLeftRadius, "border-top-right-radius": PBorderTopRightRadius,
	"border-bottom-right-radius": PBorderBottomRightRadius, "border-bottom-left-radius": PBorderBottomLeftRadius,
	"outline-width": POutlineWidth, "outline-style": POutlineStyle, "outline-color": POutlineColor,
	"background-color": PBackgroundColor, "background-image": PBackgroundImage, "background-repeat": PBackgroundRepeat,
	"background-position": PBackgroundPosition, "background-size": PBackgroundSize, "background-clip": PBackgroundClip,
	"background-origin": PBackgroundOrigin, "background-attachment": PBackgroundAttachment, "box-shadow": PBoxShadow,
	"overflow-x": POverflowX, "overflow-y": POverflowY, "opacity": POpacity, "clip": PClip, "clip-path": PClipPath, "transform": PTransform,
	"vertical-align": PVerticalAlign, "text-decoration-line": PTextDecorationLine, "text-decoration-style": PTextDecorationStyle,
	"text-decoration-color": PTextDecorationColor, "text-overflow": PTextOverflow, "unicode-bidi": PUnicodeBidi,
	"table-layout": PTableLayout, "content": PContent, "counter-reset": PCounterReset, "counter-increment": PCounterIncrement,
	"object-fit": PObjectFit, "object-position": PObjectPosition,
	"flex-direction": PFlexDirection, "flex-wrap": PFlexWrap, "flex-grow": PFlexGrow, "flex-shrink": PFlexShrink, "flex-basis": PFlexBasis,
	"order": POrder, "justify-content": PJustifyContent, "justify-items": PJustifyItems, "justify-self": PJustifySelf,
	"align-content": PAlignContent, "align-items": PAlignItems, "align-self": PAlignSelf,
	"row-gap": PRowGap, "column-gap": PColumnGap, "grid-row-gap": PRowGap, "grid-column-gap": PColumnGap,
	"grid-template-columns": PGridTemplateColumns, "grid-template-rows": PGridTemplateRows, "grid-template-areas": PGridTemplateAreas,
	"grid-column-start": PGridColumnStart, "grid-column-end": PGridColumnEnd, "grid-row-start": PGridRowStart, "grid-row-end": PGridRowEnd,
	"grid-auto-flow": PGridAutoFlow, "grid-auto-rows": PGridAutoRows, "grid-auto-columns": PGridAutoColumns,
	"column-count": PColumnCount, "column-width": PColumnWidth,
	"all": SAll, "font": SFont, "margin": SMargin, "padding": SPadding, "border": SBorder, "border-top": SBorderTop,
	"border-right": SBorderRight, "border-bottom": SBorderBottom, "border-left": SBorderLeft, "border-width": SBorderWidth,
	"border-style": SBorderStyle, "border-color": SBorderColor, "border-radius": SBorderRadius, "outline": SOutline,
	"background": SBackground, "list-style": SListStyle, "overflow": SOverflow, "text-decoration": STextDecoration, "flex": SFlex,
	"flex-flow": SFlexFlow, "gap": SGap, "grid-gap": SGap, "inset": SInset, "place-content": SPlaceContent, "place-items": SPlaceItems,
	"place-self": SPlaceSelf, "grid-column": SGridColumn, "grid-row": SGridRow, "grid-area": SGridArea, "grid-template": SGridTemplate,
	"grid": SGrid, "columns": SColumns,
	"margin-block": SMarginBlock, "margin-inline": SMarginInline, "padding-block": SPaddingBlock, "padding-inline": SPaddingInline,
	"inset-block": SInsetBlock, "inset-inline": SInsetInline,
	"inset-block-start": PTop, "inset-block-end": PBottom, "inset-inline-start": PLeft, "inset-inline-end": PRight,
	// Vendors' names that pages still rely on alone.
	"-webkit-box-sizing": PBoxSizing, "-moz-box-sizing": PBoxSizing, "-webkit-border-radius": SBorderRadius, "-moz-border-radius": SBorderRadius,
	"-webkit-flex": SFlex, "-webkit-flex-direction": PFlexDirection, "-webkit-flex-wrap": PFlexWrap, "-webkit-justify-content": PJustifyContent,
	"-webkit-align-items": PAlignItems,
}

var propNames = func() (out [lastProp]string) {
	for n, p := range names {
		// Of several names the standard one, which is the longer only for vendors.
		if old := out[p]; old == "" || strings.HasPrefix(old, "-") || !strings.HasPrefix(n, "-") && preferred(n, old) {
			out[p] = n
		}
	}
	return out
}()

// preferred orders the aliases of a property so that dumps are the same every time.
func preferred(a, b string) bool {
	rank := func(s string) int {
		switch {
		case strings.Contains(s, "inline") || strings.Contains(s, "block") || s == "word-wrap":
			return 2
		case s == "grid-gap" || strings.HasPrefix(s, "grid-") && strings.HasSuffix(s, "-gap"):
			return 2
		case s == "font-variant":
			return 1
		}
		return 0
	}
	return rank(a) < rank(b)
}

// String is the property's name.
func (p Prop) String() string {
	if p < lastProp && propNames[p] != "" {
		return propNames[p]
	}
	return "?"
}

// Lookup finds a property by its name in lower case; NoProp if it is unknown.
func Lookup(name string) Prop {
	if strings.HasPrefix(name, "--") {
		return Custom
	}
	return names[name]
}

// Decl is a declaration: a longhand with a valid value, or, where var() occurs,
// any property with its values as written, to be expanded when the variables
// are known; or a custom property.
type Decl struct {
	Prop      Prop
	Important bool
	Vars      bool   // Vals hold var(): see Expand
	Name      string // of a custom property
	Vals      []Value
}

// Wide is the CSS-wide keyword that a declaration consists of, or "" (Cascade
// 4, section 7.3).
func (d *Decl) Wide() string {
	if len(d.Vals) == 1 && d.Vals[0].Kind == Ident {
		return wide(d.Vals[0].Text)
	}
	return ""
}

func wide(s string) string {
	switch s {
	case "inherit", "initial", "unset", "revert", "revert-layer":
		return s
	}
	return ""
}

// HasVar reports whether var() occurs in the values.
func HasVar(vals []Value) bool {
	for i := range vals {
		if vals[i].Kind == Function && (vals[i].Text == "var" || vals[i].Text == "env") || len(vals[i].Args) > 0 && HasVar(vals[i].Args) {
			return true
		}
	}
	return false
}

// Expand turns a property with its values into valid longhand declarations;
// nil if the values are invalid for it.
func Expand(p Prop, vals []Value, important bool) []Decl {
	if p == NoProp || len(vals) == 0 {
		return nil
	}
	e := expander{important: important}
	if len(vals) == 1 && vals[0].Kind == Ident && wide(vals[0].Text) != "" {
		e.wide(p, vals)
		return e.out
	}
	if p.Shorthand() {
		if !e.shorthand(p, vals) {
			return nil
		}
		return e.out
	}
	if !valid(p, vals) {
		return nil
	}
	e.set(p, vals...)
	return e.out
}
