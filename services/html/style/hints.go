package style

import (
	"strconv"
	"strings"

	"golang.org/x/net/html/atom"

	"guichet/services/html/css"
	"guichet/services/html/dom"
)

// hinter turns presentational attributes into declarations (HTML, section 15.3
// and 15.4): they stand before the author's sheets.
type hinter struct {
	d    *dom.Document
	base func(string) string
	out  []css.Decl
}

func (h *hinter) set(p css.Prop, vals ...css.Value) {
	h.out = append(h.out, css.Expand(p, vals, false)...)
}

func (h *hinter) word(p css.Prop, s string) { h.set(p, css.Value{Kind: css.Ident, Text: s}) }

func (h *hinter) px(p css.Prop, n float32) {
	h.set(p, css.Value{Kind: css.Dimension, Unit: css.Px, Num: n})
}

// length reads a dimension attribute (HTML, section 2.4.4.4).
func length(s string, percent bool) (css.Value, bool) {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' && end > 0) {
		end++
	}
	n, err := strconv.ParseFloat(s[:end], 32)
	if err != nil || n > 1<<20 {
		return css.Value{}, false
	}
	if strings.HasPrefix(s[end:], "%") {
		return css.Value{Kind: css.Percent, Num: float32(n)}, percent
	}
	return css.Value{Kind: css.Dimension, Unit: css.Px, Num: float32(n)}, true
}

func (h *hinter) length(id dom.ID, attr string, nonzero bool, props ...css.Prop) {
	if s, ok := h.d.Attr(id, attr); ok {
		if v, ok := length(s, true); ok && (!nonzero || v.Num > 0) {
			for _, p := range props {
				h.set(p, v)
			}
		}
	}
}

func (h *hinter) color(id dom.ID, attr string, props ...css.Prop) {
	if s, ok := h.d.Attr(id, attr); ok {
		if c, ok := css.LegacyColor(s); ok {
			for _, p := range props {
				h.set(p, css.Value{Kind: css.Colour, Color: c})
			}
		}
	}
}

func (h *hinter) background(id dom.ID) {
	if u := strings.TrimSpace(h.d.Get(id, "background")); u != "" {
		if h.base != nil {
			u = h.base(u)
		}
		h.set(css.PBackgroundImage, css.Value{Kind: css.URL, Text: u})
	}
	h.color(id, "bgcolor", css.PBackgroundColor)
}

// element gives the hints of one element; the slice is the caller's.
func (h *hinter) element(id dom.ID) []css.Decl {
	h.out = nil
	n := &h.d.Nodes[id]
	if n.Foreign {
		if n.Name == "svg" {
			h.length(id, "width", false, css.PWidth)
			h.length(id, "height", false, css.PHeight)
		}
		return h.out
	}
	if len(h.d.Attrs(id)) > 0 {
		h.attributes(id, n)
	}
	if n.Atom == atom.Td || n.Atom == atom.Th || n.Atom == atom.A || n.Atom == atom.Table {
		h.derived(id, n.Atom)
	}
	return h.out
}

func (h *hinter) attributes(id dom.ID, n *dom.Node) {
	if dir := strings.ToLower(h.d.Get(id, "dir")); dir == "rtl" || dir == "ltr" {
		h.word(css.PDirection, dir)
		h.word(css.PUnicodeBidi, "isolate")
		h.word(css.PTextAlign, "start")
	}
	switch n.Atom {
	case atom.Body:
		h.background(id)
		h.color(id, "text", css.PColor)
		for _, a := range []string{"marginheight", "topmargin"} {
			h.length(id, a, false, css.PMarginTop, css.PMarginBottom)
		}
		for _, a := range []string{"marginwidth", "leftmargin"} {
			h.length(id, a, false, css.PMarginLeft, css.PMarginRight)
		}
	case atom.Table:
		h.table(id)
	case atom.Tr, atom.Td, atom.Th, atom.Thead, atom.Tbody, atom.Tfoot, atom.Col, atom.Colgroup:
		h.cell(id, n.Atom)
	case atom.Caption:
		if h.d.Get(id, "align") == "bottom" {
			h.word(css.PCaptionSide, "bottom")
		}
	case atom.Img, atom.Iframe, atom.Embed, atom.Object, atom.Video, atom.Canvas, atom.Input:
		h.embedded(id, n.Atom)
	case atom.Font:
		h.font(id)
	case atom.Hr:
		h.rule(id)
	case atom.P, atom.Div, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Center:
		h.align(id)
	case atom.Br:
		switch c := strings.ToLower(h.d.Get(id, "clear")); c {
		case "left", "right":
			h.word(css.PClear, c)
		case "all", "both":
			h.word(css.PClear, "both")
		}
	case atom.Ol, atom.Ul, atom.Li, atom.Dir, atom.Menu:
		kinds := map[string]string{
			"1": "decimal", "a": "lower-alpha", "A": "upper-alpha", "i": "lower-roman", "I": "upper-roman",
			"disc": "disc", "circle": "circle", "square": "square", "none": "none",
		}
		t := strings.TrimSpace(h.d.Get(id, "type"))
		k := kinds[t]
		if k == "" {
			k = kinds[strings.ToLower(t)]
		}
		if k != "" {
			h.word(css.PListStyleType, k)
		}
	}
}

// align is the align attribute of blocks: it moves blocks too.
func (h *hinter) align(id dom.ID) {
	switch strings.ToLower(strings.TrimSpace(h.d.Get(id, "align"))) {
	case "left":
		h.word(css.PTextAlign, "-webkit-left")
	case "right":
		h.word(css.PTextAlign, "-webkit-right")
	case "center", "middle":
		h.word(css.PTextAlign, "-webkit-center")
	case "justify":
		h.word(css.PTextAlign, "justify")
	}
}

func (h *hinter) table(id dom.ID) {
	h.background(id)
	h.length(id, "width", true, css.PWidth)
	h.length(id, "height", true, css.PHeight)
	h.length(id, "cellspacing", false, css.PBorderSpacing)
	h.color(id, "bordercolor", css.SBorderColor)
	switch strings.ToLower(h.d.Get(id, "align")) {
	case "left":
		h.word(css.PFloat, "left")
	case "right":
		h.word(css.PFloat, "right")
	case "center", "middle":
		h.word(css.PMarginLeft, "auto")
		h.word(css.PMarginRight, "auto")
	}
	if b, ok := h.d.Attr(id, "border"); ok {
		w := float32(1)
		if v, ok := length(b, false); ok {
			w = v.Num
		}
		if w > 0 {
			for p := css.PBorderTopWidth; p <= css.PBorderLeftWidth; p++ {
				h.px(p, w)
			}
			h.word(css.SBorderStyle, "outset")
		}
	}
}

// derived is what tables and bodies say for the elements inside them.
func (h *hinter) derived(id dom.ID, a atom.Atom) {
	switch a {
	case atom.Table:
		if h.d.Quirks {
			// Quirks mode, section 3.3.8: fonts and colours do not go into tables...
			// browsers reset these in quirks mode; sizes and weights would surprise.
			h.word(css.PFontSize, "initial")
			h.word(css.PFontWeight, "initial")
			h.word(css.PFontStyle, "initial")
			h.word(css.PFontVariantCaps, "initial")
			h.word(css.PLineHeight, "initial")
			h.word(css.PWhiteSpace, "initial")
			h.word(css.PTextAlign, "initial")
		}
	case atom.A:
		if b := h.d.Body(); b != dom.None && h.d.Has(id, "href") {
			h.color(b, "link", css.PColor)
		}
	case atom.Td, atom.Th:
		t := h.d.Closest(h.d.Nodes[id].Parent, atom.Table)
		if t == dom.None {
			return
		}
		h.length(t, "cellpadding", false, css.PPaddingTop, css.PPaddingRight, css.PPaddingBottom, css.PPaddingLeft)
		if b, ok := h.d.Attr(t, "border"); ok {
			if v, ok := length(b, false); !ok || v.Num > 0 {
				for p := css.PBorderTopWidth; p <= css.PBorderLeftWidth; p++ {
					h.px(p, 1)
				}
				h.word(css.SBorderStyle, "inset")
				h.color(t, "bordercolor", css.SBorderColor)
			}
		}
		if r := strings.ToLower(h.d.Get(t, "rules")); r == "all" || r == "cols" || r == "rows" {
			style := css.Value{Kind: css.Ident, Text: "solid"}
			if r != "rows" {
				h.set(css.SBorderLeft, style, css.Value{Kind: css.Dimension, Unit: css.Px, Num: 1})
				h.set(css.SBorderRight, style, css.Value{Kind: css.Dimension, Unit: css.Px, Num: 1})
			}
			if r != "cols" {
				h.set(css.SBorderTop, style, css.Value{Kind: css.Dimension, Unit: css.Px, Num: 1})
				h.set(css.SBorderBottom, style, css.Value{Kind: css.Dimension, Unit: css.Px, Num: 1})
			}
		}
	}
}

func (h *hinter) cell(id dom.ID, a atom.Atom) {
	h.background(id)
	switch a {
	case atom.Td, atom.Th:
		h.length(id, "width", true, css.PWidth)
		h.length(id, "height", true, css.PHeight)
		if h.d.Has(id, "nowrap") {
			h.word(css.PWhiteSpace, "nowrap")
		}
	case atom.Col, atom.Colgroup:
		h.length(id, "width", false, css.PWidth)
	case atom.Tr:
		h.length(id, "height", false, css.PHeight)
	}
	h.align(id)
	switch v := strings.ToLower(strings.TrimSpace(h.d.Get(id, "valign"))); v {
	case "top", "middle", "bottom", "baseline":
		h.word(css.PVerticalAlign, v)
	case "center":
		h.word(css.PVerticalAlign, "middle")
	}
}

func (h *hinter) embedded(id dom.ID, a atom.Atom) {
	if a == atom.Input && !strings.EqualFold(h.d.Get(id, "type"), "image") {
		return
	}
	h.length(id, "width", false, css.PWidth)
	h.length(id, "height", false, css.PHeight)
	h.length(id, "hspace", false, css.PMarginLeft, css.PMarginRight)
	h.length(id, "vspace", false, css.PMarginTop, css.PMarginBottom)
	switch strings.ToLower(h.d.Get(id, "align")) {
	case "left":
		h.word(css.PFloat, "left")
	case "right":
		h.word(css.PFloat, "right")
	case "top":
		h.word(css.PVerticalAlign, "top")
	case "middle", "center", "absmiddle", "abscenter":
		h.word(css.PVerticalAlign, "middle")
	case "bottom", "baseline":
		h.word(css.PVerticalAlign, "baseline")
	case "absbottom":
		h.word(css.PVerticalAlign, "bottom")
	case "texttop":
		h.word(css.PVerticalAlign, "text-top")
	}
	if b, ok := length(h.d.Get(id, "border"), false); ok && b.Num > 0 && a != atom.Iframe {
		for p := css.PBorderTopWidth; p <= css.PBorderLeftWidth; p++ {
			h.set(p, b)
		}
		h.word(css.SBorderStyle, "solid")
	}
	if a == atom.Iframe && h.d.Get(id, "frameborder") == "0" {
		h.px(css.SBorderWidth, 0)
	}
	if w, ok := length(h.d.Get(id, "width"), false); ok && w.Kind == css.Dimension && (a == atom.Img || a == atom.Video || a == atom.Canvas) {
		if ht, ok := length(h.d.Get(id, "height"), false); ok && ht.Kind == css.Dimension && w.Num > 0 && ht.Num > 0 {
			h.set(css.PAspectRatio, css.Value{Kind: css.Ident, Text: "auto"},
				css.Value{Kind: css.Number, Num: w.Num}, css.Value{Kind: css.Slash}, css.Value{Kind: css.Number, Num: ht.Num})
		}
	}
}

// font follows HTML, section 15.3.5 and the rules for legacy font sizes.
func (h *hinter) font(id dom.ID) {
	h.color(id, "color", css.PColor)
	if f := h.d.Get(id, "face"); f != "" {
		h.set(css.PFontFamily, css.ParseValue(f)...)
	}
	s := strings.TrimSpace(h.d.Get(id, "size"))
	if s == "" {
		return
	}
	relative := s[0]
	n, err := strconv.Atoi(strings.TrimLeft(s, "+-"))
	if err != nil {
		return
	}
	switch relative {
	case '+':
		n = 3 + n
	case '-':
		n = 3 - n
	}
	sizes := []string{"x-small", "small", "medium", "large", "x-large", "xx-large", "xxx-large"}
	h.word(css.PFontSize, sizes[max(1, min(7, n))-1])
}

func (h *hinter) rule(id dom.ID) {
	h.length(id, "width", false, css.PWidth)
	h.color(id, "color", css.SBorderColor, css.PBackgroundColor)
	switch strings.ToLower(h.d.Get(id, "align")) {
	case "left":
		h.px(css.PMarginLeft, 0)
		h.word(css.PMarginRight, "auto")
	case "right":
		h.word(css.PMarginLeft, "auto")
		h.px(css.PMarginRight, 0)
	}
	shade := !h.d.Has(id, "noshade") && !h.d.Has(id, "color")
	if !shade {
		h.word(css.SBorderStyle, "solid")
	}
	if v, ok := length(h.d.Get(id, "size"), false); ok {
		switch {
		case v.Num <= 1:
			h.px(css.PBorderBottomWidth, 0)
		case shade:
			h.px(css.PHeight, v.Num-2)
		default:
			for p := css.PBorderTopWidth; p <= css.PBorderLeftWidth; p++ {
				h.px(p, v.Num/2)
			}
		}
	}
}
