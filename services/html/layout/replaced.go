package layout

import (
	"image"
	"strconv"
	"strings"

	"golang.org/x/net/html/atom"

	"guichet/services/html/dom"
	"guichet/services/html/style"
)

// PictureState is what is known of a picture.
type PictureState struct {
	Image   image.Image // nil unless it is there
	W, H    float32     // natural size in CSS pixels; 0 is none
	Missing bool        // neither supplied nor failed
}

// picture makes the content of an image box.
func (b *builder) picture(url, alt string) *Replaced {
	r := &Replaced{Kind: PictureContent, URL: url, Alt: alt}
	if url == "" {
		r.Failed = true
		return r
	}
	st := b.res.Picture(url)
	r.Image, r.Missing, r.W, r.H = st.Image, st.Missing, st.W, st.H
	r.Failed = st.Image == nil && !st.Missing
	if r.W > 0 && r.H > 0 {
		r.Ratio = r.W / r.H
	}
	return r
}

// replaced makes the box of a replaced element (HTML, section 15.4); ok is
// false where the element is an ordinary one.
func (b *builder) replaced(id dom.ID, n *dom.Node, s *style.Style) (out []*Box, ok bool) {
	box := &Box{Kind: ReplacedBox, Style: s, Node: id, Control: -1, ColSpan: 1, RowSpan: 1, Independent: true}
	if n.Foreign {
		if n.Name != "svg" {
			return nil, false
		}
		box.Replaced = b.svg(id)
		return []*Box{box}, true
	}
	switch n.Atom {
	case atom.Img:
		r := b.picture(b.res.ImageURL(id), b.d.Get(id, "alt"))
		if r.Image == nil && !b.sized(id, s) {
			return b.altText(id, s, r), true
		}
		box.Replaced = r
	case atom.Input, atom.Textarea, atom.Select, atom.Button:
		return b.control(id, n, s, box)
	case atom.Iframe:
		box.Replaced = &Replaced{Kind: FrameContent, URL: b.res.Absolute(b.d.Get(id, "src")), Alt: b.d.Get(id, "title"), W: 300, H: 150}
	case atom.Video:
		r := &Replaced{Kind: EmptyContent, W: 300, H: 150, Ratio: 2}
		if p := b.d.Get(id, "poster"); p != "" {
			if q := b.picture(b.res.Absolute(p), b.d.Get(id, "title")); q.Image != nil {
				r = q
			}
		}
		box.Replaced = r
	case atom.Audio, atom.Canvas, atom.Embed:
		box.Replaced = &Replaced{Kind: EmptyContent, W: 300, H: 150, Alt: b.d.Get(id, "title")}
		if n.Atom == atom.Audio {
			box.Replaced.H = 40
		}
	case atom.Progress, atom.Meter:
		value, limit := number(b.d.Get(id, "value"), 0), number(b.d.Get(id, "max"), 1)
		if limit <= 0 {
			limit = 1
		}
		box.Replaced = &Replaced{Kind: ControlContent, Control: &Control{ID: -1, Kind: "progress", Size: int(1000 * min(max(value/limit, 0), 1))}}
	default:
		return nil, false
	}
	return []*Box{box}, true
}

func number(s string, def float64) float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || f != f {
		return def
	}
	return f
}

// sized reports whether a picture that is not there has a place of its own: by
// its sizes, or because nothing stands for it in words.
func (b *builder) sized(id dom.ID, s *style.Style) bool {
	if !s.Width.IsAuto() && !s.Height.IsAuto() || s.Aspect > 0 && (!s.Width.IsAuto() || !s.Height.IsAuto()) {
		return true
	}
	alt, has := b.d.Attr(id, "alt")
	return has && strings.TrimSpace(alt) == ""
}

// altText shows a picture's alternative as text in the line (HTML, section
// 15.4.2), with a mark that there is a picture.
func (b *builder) altText(id dom.ID, s *style.Style, r *Replaced) []*Box {
	t := strings.Join(strings.Fields(r.Alt), " ")
	if t == "" {
		return nil
	}
	c := *s
	if c.Display == style.InlineBlock {
		c.Display = style.Inline
	}
	box := b.shell(id, &c)
	box.Replaced = r // for hit tests
	box.Kids = []*Box{{Kind: TextBox, Style: b.t.Anonymous(s, style.Inline), Node: id, Anon: true, Text: t, Control: -1}}
	return []*Box{b.normalize(box)}
}

// control makes the box of a form control. Buttons are boxes with text in them;
// the others are drawn as a whole.
func (b *builder) control(id dom.ID, n *dom.Node, s *style.Style, box *Box) ([]*Box, bool) {
	c := b.res.Control(id)
	if c == nil {
		return nil, n.Atom == atom.Input && strings.EqualFold(b.d.Get(id, "type"), "hidden")
	}
	box.Control = c.ID
	switch c.Kind {
	case "hidden":
		return nil, true
	case "image":
		box.Replaced = b.picture(b.res.ImageURL(id), b.d.Get(id, "alt"))
		if box.Replaced.Image != nil || b.sized(id, s) {
			return []*Box{box}, true
		}
		c.Value = box.Replaced.Alt
		box.Replaced = nil
		fallthrough
	case "submit", "reset", "button":
		if n.Atom == atom.Button {
			return nil, false
		}
		st := *s
		st.Space = style.SpacePre
		if st.Display == style.Inline {
			st.Display = style.InlineBlock
		}
		box.Kind, box.Style = FlowBox, &st
		if c.Type == "color" {
			box.Kind, box.Style, box.Replaced = ReplacedBox, s, &Replaced{Kind: ControlContent, Control: c, W: 44, H: 21}
			return []*Box{box}, true
		}
		if strings.TrimSpace(c.Value) != "" {
			box.Kids = []*Box{{Kind: TextBox, Style: b.t.Anonymous(&st, style.Inline), Node: id, Anon: true, Text: c.Value, Control: -1}}
			box.Lines = true
		}
		return []*Box{box}, true
	}
	box.Replaced = &Replaced{Kind: ControlContent, Control: c}
	return []*Box{box}, true
}
