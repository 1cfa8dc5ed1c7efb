package style

import (
	"guichet/services/html/css"
)

// texts computes what concerns text and lists.
func (x *computer) texts(p css.Prop, v css.Value, vals []css.Value) bool {
	s := x.s
	switch p {
	case css.PColor:
		s.Color = v.Color.NRGBA
		if v.Color.Current {
			s.Color = x.up.Color
		}
	case css.PLetterSpacing:
		s.Font.LetterSpacing = x.px(v)
	case css.PWordSpacing:
		s.Font.WordSpacing = x.px(v)
	case css.PTextAlign:
		s.TextAlign = align(v.Text, s.RTL, x.up.TextAlign)
	case css.PTextIndent:
		s.TextIndent = x.length(v)
	case css.PTextTransform:
		s.Transform = v.Text
	case css.PWhiteSpace:
		s.Space = map[string]Space{
			"pre": SpacePre, "nowrap": SpaceNowrap, "pre-wrap": SpacePreWrap, "pre-line": SpacePreLine, "break-spaces": SpaceBreak,
		}[v.Text]
	case css.PWordBreak:
		s.BreakAll, s.KeepAll = v.Is("break-all"), v.Is("keep-all")
		if v.Is("break-word") {
			s.BreakAnywhere = true
		}
	case css.POverflowWrap:
		s.BreakAnywhere = !v.Is("normal")
	case css.PTabSize:
		if v.Kind == css.Number {
			s.TabSize, s.TabPx = v.Num, false
		} else {
			s.TabSize, s.TabPx = x.px(v), true
		}
	case css.PDirection:
		s.RTL = v.Is("rtl")
	case css.PUnicodeBidi:
		s.BidiOverride = v.Text
	case css.PVisibility:
		s.Hidden, s.Collapse = !v.Is("visible"), v.Is("collapse")
	case css.PListStyleType:
		s.ListType = v.Text
		if v.Kind == css.String {
			s.ListType = `"` + v.Text
		}
	case css.PListStylePosition:
		s.ListInside = v.Is("inside")
	case css.PListStyleImage:
		s.ListImage = ""
		if v.Kind == css.URL {
			s.ListImage = v.Text
		}
	case css.PVerticalAlign:
		x.verticalAlign(v)
	case css.PTextOverflow:
		s.Ellipsis = v.Is("ellipsis")
	case css.PQuotes:
		s.Quotes = nil
		for _, q := range vals {
			if q.Kind == css.String {
				s.Quotes = append(s.Quotes, q.Text)
			}
		}
	case css.PContent:
		x.content(vals)
	case css.PCounterReset:
		s.Reset = counters(vals, 0)
	case css.PCounterIncrement:
		s.Increment = counters(vals, 1)
	case css.PCursor:
		s.Cursor = vals[len(vals)-1].Text
	case css.PPointerEvents:
		s.NoPointer = v.Is("none")
	case css.PTextDecorationLine, css.PTextDecorationStyle, css.PTextDecorationColor:
		// Together in decorate.
	default:
		return false
	}
	return true
}

func align(word string, rtl bool, up Align) Align {
	switch word {
	case "left":
		return AlignLeft
	case "right":
		return AlignRight
	case "center":
		return AlignCenter
	case "justify", "justify-all":
		return AlignJustify
	case "-webkit-center", "-moz-center":
		return AlignBlockCenter
	case "-webkit-left":
		return AlignBlockLeft
	case "-webkit-right":
		return AlignBlockRight
	case "match-parent":
		return up
	}
	if rtl == (word != "end") {
		return AlignRight
	}
	return AlignLeft
}

func (x *computer) verticalAlign(v css.Value) {
	words := map[string]VAlign{
		"baseline": VBaseline, "sub": VSub, "super": VSuper, "top": VTop, "text-top": VTextTop, "middle": VMiddle,
		"bottom": VBottom, "text-bottom": VTextBottom,
	}
	if v.Kind == css.Ident {
		x.s.VAlign = words[v.Text]
		return
	}
	x.s.VAlign, x.s.VAlignLength = VLength, x.length(v)
}

func (x *computer) content(vals []css.Value) {
	s := x.s
	s.Content = nil
	for _, v := range vals {
		switch v.Kind {
		case css.Slash:
			return // what follows is the alternative text
		case css.String:
			s.Content = append(s.Content, Content{Text: v.Text})
			if v.Text == "" {
				s.Content[len(s.Content)-1].Kind = "empty"
			}
		case css.URL:
			s.Content = append(s.Content, Content{URL: v.Text})
		case css.Ident:
			switch v.Text {
			case "open-quote":
				s.Content = append(s.Content, Content{Quote: "open"})
			case "close-quote":
				s.Content = append(s.Content, Content{Quote: "close"})
			case "no-open-quote":
				s.Content = append(s.Content, Content{Quote: "no-open"})
			case "no-close-quote":
				s.Content = append(s.Content, Content{Quote: "no-close"})
			case "none", "normal":
				s.Content, s.NoContent = nil, true
				return
			}
		case css.Function:
			s.Content = append(s.Content, contentFunction(v)...)
		}
	}
}

func contentFunction(v css.Value) []Content {
	l := css.Layers(v.Args)
	if len(l[0]) == 0 {
		return nil
	}
	c := Content{Kind: "decimal"}
	switch v.Text {
	case "attr":
		return []Content{{Attr: l[0][0].Text, Kind: "attr"}}
	case "counter":
		c.Counter = l[0][0].OriginalName()
		if len(l) > 1 && len(l[1]) > 0 {
			c.Kind = l[1][0].Text
		}
	case "counters":
		c.Counter, c.Nested = l[0][0].OriginalName(), true
		if len(l) > 1 && len(l[1]) > 0 {
			c.Joiner = l[1][0].Text
		}
		if len(l) > 2 && len(l[2]) > 0 {
			c.Kind = l[2][0].Text
		}
	default:
		return nil
	}
	return []Content{c}
}

func counters(vals []css.Value, by int) []Counter {
	var out []Counter
	for _, v := range vals {
		switch {
		case v.Is("none"):
			return nil
		case v.Kind == css.Ident:
			out = append(out, Counter{v.OriginalName(), by})
		case v.Kind == css.Number && len(out) > 0:
			out[len(out)-1].By = int(v.Num)
		}
		if len(out) > 64 {
			break
		}
	}
	return out
}
