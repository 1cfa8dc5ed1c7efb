package layout

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"

	"guichet/services/html/dom"
	"guichet/services/html/picture"
)

// maxDrawing bounds the pixels of a drawing inside the page.
const maxDrawing = 4_000_000

// svg makes the content of an inline drawing: the tree is written out again and
// drawn by the picture decoder.
func (b *builder) svg(id dom.ID) *Replaced {
	r := &Replaced{Kind: PictureContent, Failed: true}
	w := float32(number(strings.TrimSuffix(strings.TrimSpace(b.d.Get(id, "width")), "px"), 0))
	h := float32(number(strings.TrimSuffix(strings.TrimSpace(b.d.Get(id, "height")), "px"), 0))
	s := b.t.Styles[id]
	if s.Width.Definite() {
		w = s.Width.Px
	}
	if s.Height.Definite() {
		h = s.Height.Px
	}
	var out bytes.Buffer
	c := s.Color
	hex := func(v uint8) string { return strings.TrimPrefix(strconv.FormatInt(256+int64(v), 16), "1") }
	b.writeSVG(&out, id, "#"+hex(c.R)+hex(c.G)+hex(c.B), 0)
	if v := strings.FieldsFunc(b.d.Get(id, "viewBox"), func(r rune) bool { return r == ' ' || r == ',' }); len(v) == 4 {
		vw, vh := float32(number(v[2], 0)), float32(number(v[3], 0))
		if vw > 0 && vh > 0 {
			r.Ratio = vw / vh
			if w <= 0 && h <= 0 {
				r.W, r.H = 0, 0
			}
		}
	}
	p, err := picture.SVG(out.Bytes(), w, h, maxDrawing)
	if err == nil {
		r.Image, r.Failed = p.Image, false
		if r.Ratio == 0 && p.H > 0 {
			r.Ratio = p.W / p.H
		}
	}
	if w > 0 || h > 0 {
		r.W, r.H = w, h
		if w > 0 && h > 0 {
			r.Ratio = w / h
		}
	} else if r.Ratio > 0 {
		// Without sizes a drawing is as wide as its place (SVG 2, section 8.2);
		// 300 pixels where that asks for too much.
		r.W = 300
		r.H = 300 / r.Ratio
	}
	return r
}

func (b *builder) writeSVG(out *bytes.Buffer, id dom.ID, color string, depth int) {
	n := &b.d.Nodes[id]
	if depth > 64 || out.Len() > 1<<20 {
		return
	}
	if n.Kind == dom.Text {
		// A bytes.Buffer does not fail.
		_ = xml.EscapeText(out, []byte(n.Text))
		return
	}
	out.WriteString("<" + n.Name)
	for _, a := range b.d.Attrs(id) {
		name := a.Name
		if !xmlName(name) || strings.HasPrefix(name, "on") {
			continue
		}
		v := a.Value
		if strings.EqualFold(v, "currentcolor") {
			v = color
		}
		out.WriteString(" " + name + `="`)
		_ = xml.EscapeText(out, []byte(v))
		out.WriteString(`"`)
	}
	if depth == 0 {
		if !b.d.Has(id, "xmlns") {
			out.WriteString(` xmlns="http://www.w3.org/2000/svg"`)
		}
	}
	out.WriteString(">")
	for c := range b.d.Children(id) {
		b.writeSVG(out, c, color, depth+1)
	}
	out.WriteString("</" + n.Name + ">")
}

func xmlName(s string) bool {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == ':') {
			return false
		}
	}
	return s != ""
}
