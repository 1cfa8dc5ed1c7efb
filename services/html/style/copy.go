package style

import "guichet/services/html/css"

// copyProp copies one computed value: for inherit, initial and unset.
func copyProp(s, o *Style, p css.Prop) {
	switch p {
	case css.PColor:
		s.Color = o.Color
	case css.PLetterSpacing:
		s.Font.LetterSpacing = o.Font.LetterSpacing
	case css.PWordSpacing:
		s.Font.WordSpacing = o.Font.WordSpacing
	case css.PTextAlign:
		s.TextAlign = o.TextAlign
	case css.PTextIndent:
		s.TextIndent = o.TextIndent
	case css.PTextTransform:
		s.Transform = o.Transform
	case css.PWhiteSpace:
		s.Space = o.Space
	case css.PWordBreak:
		s.BreakAll, s.KeepAll = o.BreakAll, o.KeepAll
	case css.POverflowWrap:
		s.BreakAnywhere = o.BreakAnywhere
	case css.PTabSize:
		s.TabSize, s.TabPx = o.TabSize, o.TabPx
	case css.PDirection:
		s.RTL = o.RTL
	case css.PUnicodeBidi:
		s.BidiOverride = o.BidiOverride
	case css.PVisibility:
		s.Hidden, s.Collapse = o.Hidden, o.Collapse
	case css.PListStyleType:
		s.ListType = o.ListType
	case css.PListStylePosition:
		s.ListInside = o.ListInside
	case css.PListStyleImage:
		s.ListImage = o.ListImage
	case css.PBorderCollapse:
		s.Collapsed = o.Collapsed
	case css.PBorderSpacing:
		s.SpacingX, s.SpacingY = o.SpacingX, o.SpacingY
	case css.PCaptionSide:
		s.CaptionBottom = o.CaptionBottom
	case css.PEmptyCells:
		s.HideEmpty = o.HideEmpty
	case css.PQuotes:
		s.Quotes = o.Quotes
	case css.PCursor:
		s.Cursor = o.Cursor
	case css.PPointerEvents:
		s.NoPointer = o.NoPointer
	case css.PDisplay:
		s.Display = o.Display
	case css.PPosition:
		s.Position = o.Position
	case css.PFloat:
		s.Float = o.Float
	case css.PClear:
		s.Clear = o.Clear
	case css.PTop:
		s.Top = o.Top
	case css.PRight:
		s.Right = o.Right
	case css.PBottom:
		s.Bottom = o.Bottom
	case css.PLeft:
		s.Left = o.Left
	case css.PZIndex:
		s.ZIndex, s.ZAuto = o.ZIndex, o.ZAuto
	case css.PWidth:
		s.Width = o.Width
	case css.PHeight:
		s.Height = o.Height
	case css.PMinWidth:
		s.MinWidth = o.MinWidth
	case css.PMinHeight:
		s.MinHeight = o.MinHeight
	case css.PMaxWidth:
		s.MaxWidth = o.MaxWidth
	case css.PMaxHeight:
		s.MaxHeight = o.MaxHeight
	case css.PBoxSizing:
		s.BorderBox = o.BorderBox
	case css.PAspectRatio:
		s.Aspect, s.AspectAuto = o.Aspect, o.AspectAuto
	case css.PMarginTop, css.PMarginRight, css.PMarginBottom, css.PMarginLeft:
		s.Margin[p-css.PMarginTop] = o.Margin[p-css.PMarginTop]
	case css.PPaddingTop, css.PPaddingRight, css.PPaddingBottom, css.PPaddingLeft:
		s.Padding[p-css.PPaddingTop] = o.Padding[p-css.PPaddingTop]
	case css.PBorderTopWidth, css.PBorderRightWidth, css.PBorderBottomWidth, css.PBorderLeftWidth:
		s.BorderWidth[p-css.PBorderTopWidth] = o.BorderWidth[p-css.PBorderTopWidth]
	case css.PBorderTopStyle, css.PBorderRightStyle, css.PBorderBottomStyle, css.PBorderLeftStyle:
		s.BorderStyle[p-css.PBorderTopStyle] = o.BorderStyle[p-css.PBorderTopStyle]
	case css.PBorderTopColor, css.PBorderRightColor, css.PBorderBottomColor, css.PBorderLeftColor:
		s.BorderColor[p-css.PBorderTopColor] = o.BorderColor[p-css.PBorderTopColor]
	case css.PBorderTopLeftRadius, css.PBorderTopRightRadius, css.PBorderBottomRightRadius, css.PBorderBottomLeftRadius:
		s.Radius[p-css.PBorderTopLeftRadius] = o.Radius[p-css.PBorderTopLeftRadius]
	case css.PBackgroundColor:
		s.Background = o.Background
	case css.PBackgroundImage:
		s.Images = o.Images
	case css.PBackgroundClip:
		s.BackgroundClip = o.BackgroundClip
	case css.POverflowX:
		s.OverflowX = o.OverflowX
	case css.POverflowY:
		s.OverflowY = o.OverflowY
	case css.POpacity:
		s.Opacity = o.Opacity
	case css.PVerticalAlign:
		s.VAlign, s.VAlignLength = o.VAlign, o.VAlignLength
	case css.PTextOverflow:
		s.Ellipsis = o.Ellipsis
	case css.PTableLayout:
		s.TableFixed = o.TableFixed
	case css.PContent:
		s.Content = o.Content
	case css.PObjectFit:
		s.ObjectFit = o.ObjectFit
	case css.PObjectPosition:
		s.ObjectX, s.ObjectY = o.ObjectX, o.ObjectY
	case css.PBoxShadow:
		s.Shadows = o.Shadows
	case css.PTransform:
		s.Translate, s.HasTransform, s.ScaleX, s.ScaleY = o.Translate, o.HasTransform, o.ScaleX, o.ScaleY
	case css.PClip, css.PClipPath:
		s.ClipAway = o.ClipAway
	case css.POutlineWidth:
		s.OutlineWidth = o.OutlineWidth
	case css.POutlineStyle:
		s.OutlineStyle = o.OutlineStyle
	case css.POutlineColor:
		s.OutlineColor = o.OutlineColor
	default:
		copyFlex(s, o, p)
	}
}

func copyFlex(s, o *Style, p css.Prop) {
	switch p {
	case css.PFlexDirection:
		s.FlexDirection = o.FlexDirection
	case css.PFlexWrap:
		s.FlexWrap = o.FlexWrap
	case css.PFlexGrow:
		s.Grow = o.Grow
	case css.PFlexShrink:
		s.Shrink = o.Shrink
	case css.PFlexBasis:
		s.Basis, s.BasisContent = o.Basis, o.BasisContent
	case css.POrder:
		s.Order = o.Order
	case css.PJustifyContent:
		s.Justify = o.Justify
	case css.PJustifyItems:
		s.JustifyItems = o.JustifyItems
	case css.PJustifySelf:
		s.JustifySelf = o.JustifySelf
	case css.PAlignContent:
		s.AlignContent = o.AlignContent
	case css.PAlignItems:
		s.AlignItems = o.AlignItems
	case css.PAlignSelf:
		s.AlignSelf = o.AlignSelf
	case css.PRowGap:
		s.RowGap = o.RowGap
	case css.PColumnGap:
		s.ColumnGap = o.ColumnGap
	case css.PGridTemplateColumns:
		s.GridColumns = o.GridColumns
	case css.PGridTemplateRows:
		s.GridRows = o.GridRows
	case css.PGridTemplateAreas:
		s.GridAreas = o.GridAreas
	case css.PColumnCount:
		s.Columns = o.Columns
	case css.PColumnWidth:
		s.ColumnWidth = o.ColumnWidth
	}
}
