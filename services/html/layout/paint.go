package layout

import (
	"image/color"
	"slices"

	"guichet/services/html/display"
	"guichet/services/html/style"
)

// painter walks a fragment tree in painting order (CSS 2.1, appendix E).
type painter struct {
	list  display.List
	scale float32
	depth int
	// canvas is the element whose background went to the canvas.
	canvas *Box
	size   display.Rect
	res    Resources
}

// Paint makes the display list of a page fragment and the colour of its canvas.
func Paint(page *Fragment, root *Box, res Resources, scale float32) (display.List, color.NRGBA) {
	p := &painter{scale: max(scale, 0.1), size: display.Rect{W: page.W, H: page.H}, res: res}
	ground := p.canvasOf(root)
	p.context(Placed{Fragment: page}, 0, 0)
	return p.list, ground
}

// canvasOf takes the root's background, or the body's, for the canvas (CSS 2.1,
// section 14.2).
func (p *painter) canvasOf(root *Box) color.NRGBA {
	white := color.NRGBA{R: 255, G: 255, B: 255, A: 255}
	if root == nil {
		return white
	}
	p.canvas = root
	has := func(b *Box) bool { return b.Style.Background.A > 0 || len(b.Style.Images) > 0 }
	if !has(root) {
		for _, k := range root.Kids {
			if !k.Anon && k.inFlow() {
				p.canvas = k
				break
			}
		}
	}
	s := p.canvas.Style
	ground := white
	if s.Background.A == 255 {
		ground = s.Background
	} else if s.Background.A > 0 {
		p.list = append(p.list, display.Fill{Rect: p.size, Color: s.Background})
	}
	for i := len(s.Images) - 1; i >= 0; i-- {
		p.backgroundImage(&s.Images[i], p.size, p.size, display.Radii{}, s)
	}
	return ground
}

// layer is a fragment that is painted out of its turn.
type layer struct {
	Placed
	x, y float32 // of its parent
	z    int
}

func isLayer(f *Fragment) bool {
	if f.Box == nil || f.Kind != BoxFragment || f.NoPaint && f.Box.Kind != TableBox {
		return false
	}
	s := f.Box.Style
	return s.Position != style.Static || s.Opacity < 1 || s.HasTransform
}

func isFloat(f *Fragment) bool {
	return f.Kind == BoxFragment && f.Box != nil && f.Box.Style.Float != style.NoSide && f.Box.Kind != InlineBox
}

func isAtomic(f *Fragment) bool {
	return f.Kind == BoxFragment && f.Box != nil && f.Box.Kind != InlineBox && f.Box.Style.InlineLevel()
}

// maxLayers bounds nested groups.
const maxPaintDepth = 600

// context paints a fragment as a stacking context, or as if it were one:
// positioned boxes, groups with opacity, and boxes that clip.
func (p *painter) context(f Placed, x, y float32) {
	if p.depth++; p.depth > maxPaintDepth {
		p.depth--
		return
	}
	defer func() { p.depth-- }()
	ax, ay := x+f.X, y+f.Y
	var s *style.Style
	if f.Box != nil && !f.NoPaint {
		s = f.Box.Style
		if s.ClipAway {
			return
		}
	}
	group := s != nil && s.Opacity < 1
	if group {
		if s.Opacity <= 0 {
			return
		}
		p.list = append(p.list, display.Push{Rect: p.reach(f.Fragment, ax, ay), Opacity: s.Opacity})
	}
	if f.Kind == BoxFragment && f.Box != nil {
		p.decorations(f.Fragment, ax, ay)
	}
	clip := s != nil && s.Clips() && f.Box.Kind != InlineBox && f.Box.Kind != ReplacedBox
	if clip {
		r, radii := paddingBox(f.Fragment, ax, ay)
		p.list = append(p.list, display.Push{Rect: r, Radii: radii, Opacity: 1, Clip: true})
	}
	var layers []layer
	p.collect(f.Fragment, ax, ay, &layers)
	slices.SortStableFunc(layers, func(a, b layer) int { return a.z - b.z })
	i := 0
	for ; i < len(layers) && layers[i].z < 0; i++ {
		p.context(layers[i].Placed, layers[i].x, layers[i].y)
	}
	if f.Kind == BoxFragment && f.Box != nil && f.Box.Kind == InlineBox {
		p.line(f.Fragment, ax, ay)
	} else {
		p.blocks(f.Fragment, ax, ay)
		p.floats(f.Fragment, ax, ay)
		p.inlines(f.Fragment, ax, ay)
	}
	for ; i < len(layers); i++ {
		p.context(layers[i].Placed, layers[i].x, layers[i].y)
	}
	if clip {
		p.list = append(p.list, display.Pop{})
	}
	if group {
		p.list = append(p.list, display.Pop{})
	}
}

// reach encloses a fragment and what is in it.
func (p *painter) reach(f *Fragment, x, y float32) display.Rect {
	r := display.Rect{X: x, Y: y, W: f.W, H: f.H}
	var walk func(f *Fragment, x, y float32, depth int)
	walk = func(f *Fragment, x, y float32, depth int) {
		x1, y1 := max(r.X+r.W, x+f.W), max(r.Y+r.H, y+f.H)
		r.X, r.Y = min(r.X, x), min(r.Y, y)
		r.W, r.H = x1-r.X, y1-r.Y
		for _, k := range f.Kids {
			walk(k.Fragment, x+k.X, y+k.Y, depth+1)
		}
	}
	walk(f, x, y, 0)
	const margin = 40 // shadows and outlines
	return display.Rect{X: r.X - margin, Y: r.Y - margin, W: r.W + 2*margin, H: r.H + 2*margin}
}

// captures reports whether a fragment paints its layers itself.
func captures(f *Fragment) bool {
	return isLayer(f) || f.Kind == BoxFragment && f.Box != nil && f.Box.Kind != InlineBox && (f.Box.Style.Clips() && f.Box.Kind != ReplacedBox || f.Box.Style.ClipAway)
}

// collect finds the layers of a stacking context.
func (p *painter) collect(f *Fragment, x, y float32, out *[]layer) {
	for _, k := range f.Kids {
		if isLayer(k.Fragment) {
			z := 0
			if s := k.Box.Style; !s.ZAuto && s.Position != style.Static {
				z = s.ZIndex
			}
			*out = append(*out, layer{k, x, y, z})
			continue
		}
		if captures(k.Fragment) {
			continue
		}
		p.collect(k.Fragment, x+k.X, y+k.Y, out)
	}
}

// blocks paints the backgrounds of blocks in the flow.
func (p *painter) blocks(f *Fragment, x, y float32) {
	for _, k := range f.Kids {
		if k.Kind != BoxFragment || isLayer(k.Fragment) || isFloat(k.Fragment) || isAtomic(k.Fragment) {
			continue
		}
		if captures(k.Fragment) {
			p.context(k, x, y)
			continue
		}
		if k.Box != nil {
			p.decorations(k.Fragment, x+k.X, y+k.Y)
		}
		p.blocks(k.Fragment, x+k.X, y+k.Y)
	}
}

func (p *painter) floats(f *Fragment, x, y float32) {
	for _, k := range f.Kids {
		if k.Kind != BoxFragment || isLayer(k.Fragment) || isAtomic(k.Fragment) {
			continue
		}
		if isFloat(k.Fragment) {
			p.whole(k, x, y)
			continue
		}
		if !captures(k.Fragment) {
			p.floats(k.Fragment, x+k.X, y+k.Y)
		}
	}
}

// whole paints a float or an atomic inline as one, but for its layers.
func (p *painter) whole(k Placed, x, y float32) {
	if captures(k.Fragment) {
		p.context(k, x, y)
		return
	}
	x, y = x+k.X, y+k.Y
	p.decorations(k.Fragment, x, y)
	p.blocks(k.Fragment, x, y)
	p.floats(k.Fragment, x, y)
	p.inlines(k.Fragment, x, y)
}

func (p *painter) inlines(f *Fragment, x, y float32) {
	for _, k := range f.Kids {
		switch {
		case k.Kind == LineFragment:
			p.line(k.Fragment, x+k.X, y+k.Y)
		case k.Kind != BoxFragment || isLayer(k.Fragment) || isFloat(k.Fragment) || captures(k.Fragment):
		case isAtomic(k.Fragment):
			p.whole(k, x, y)
		default:
			p.inlines(k.Fragment, x+k.X, y+k.Y)
		}
	}
}

// line paints what stands in a line or an inline box.
func (p *painter) line(f *Fragment, x, y float32) {
	for _, k := range f.Kids {
		if isLayer(k.Fragment) {
			continue
		}
		kx, ky := x+k.X, y+k.Y
		switch {
		case k.Kind == TextFragment:
			p.text(k.Fragment, kx, ky)
		case k.Kind == MarkerFragment:
			p.marker(k.Fragment, kx, ky)
		case isAtomic(k.Fragment):
			p.whole(k, x, y)
		case k.Kind == BoxFragment && k.Box.Kind == InlineBox:
			p.decorations(k.Fragment, kx, ky)
			p.line(k.Fragment, kx, ky)
		default:
			p.whole(k, x, y)
		}
	}
}

// text paints a run with its decorations: underlines below the glyphs, line-through above.
func (p *painter) text(f *Fragment, x, y float32) {
	s := f.Box.Style
	if s.Hidden || s.Color.A == 0 && len(s.Decorations) == 0 {
		return
	}
	r := f.Text
	base := y + r.Ascent
	m := s.Metrics
	thick := max(1, float32(int(m.Thickness+0.5)))
	if m.Thickness < 0.5 { // measures are for the size already, or for one em
		thick = max(1, s.Font.Size/16)
	}
	line := func(d style.Decoration) {
		ly := base
		switch d.Line {
		case "underline":
			ly += max(m.UnderlineY, 1)
		case "line-through":
			ly -= m.StrikeY
		case "overline":
			ly -= m.Ascent
		}
		p.list = append(p.list, display.Line{Rect: display.Rect{X: x, Y: ly - thick/2, W: f.W, H: thick}, Color: d.Color, Style: d.Style})
	}
	for _, d := range s.Decorations {
		if d.Line != "line-through" {
			line(d)
		}
	}
	p.glyphs(f, x, y)
	for _, d := range s.Decorations {
		if d.Line == "line-through" {
			line(d)
		}
	}
}

// glyphs paints a run's words: neighbours in one face become one item.
func (p *painter) glyphs(f *Fragment, x, y float32) {
	s := f.Box.Style
	base := y + f.Text.Ascent
	var run *display.Run
	for _, pc := range f.Text.Pieces {
		px := x + pc.X
		for i := range pc.Spans {
			sp := &pc.Spans[i]
			at := px
			px += sp.Advance
			if len(sp.Glyphs) == 0 || pc.Text == " " {
				continue
			}
			if run == nil || run.Face.FaceID() != sp.Face.FaceID() || at < run.X {
				run = &display.Run{
					Rect: display.Rect{X: at - 1, Y: y, H: f.H}, OriginX: at, OriginY: base, Face: sp.Face, Size: s.Font.Size, Color: s.Color,
				}
				p.list = append(p.list, run)
			}
			run.W = max(run.W, px+1-run.X)
			for _, g := range sp.Glyphs {
				g.X += at - run.OriginX
				run.Glyphs = append(run.Glyphs, g)
			}
		}
	}
}

func (p *painter) marker(f *Fragment, x, y float32) {
	m := f.Box.Marker
	if m == nil || m.Style.Hidden {
		return
	}
	s := m.Style
	r := display.Rect{X: x, Y: y, W: f.W, H: f.H}
	d := f.W / 2
	switch {
	case m.Image != nil:
		p.list = append(p.list, display.Picture{Rect: r, Image: m.Image.Image, Opacity: 1})
	case f.Text != nil:
		g := *f
		b := *f.Box
		b.Style = s
		g.Box = &b
		p.text(&g, x, y)
	case m.Bullet == "circle":
		e := display.Edge{Width: max(1, f.W/8), Color: s.Color, Style: "solid"}
		p.list = append(p.list, display.Border{Rect: r, Edges: [4]display.Edge{e, e, e, e}, Radii: display.Radii{d, d, d, d}})
	case m.Bullet == "disc":
		p.list = append(p.list, display.Fill{Rect: r, Color: s.Color, Radii: display.Radii{d, d, d, d}})
	default:
		p.list = append(p.list, display.Fill{Rect: r, Color: s.Color})
	}
}
