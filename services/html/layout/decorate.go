package layout

import (
	"image/color"
	"math"

	"guichet/services/html/display"
	"guichet/services/html/style"
)

// radii gives the used corner radii of a border box: one radius for each corner,
// shrunk where they would meet (Backgrounds 3, section 4.5).
func radii(s *style.Style, w, h float32) display.Radii {
	var r display.Radii
	for i, c := range s.Radius {
		r[i] = max(0, min(c.H.At(w), c.V.At(h)))
	}
	f := float32(1)
	limit := func(a, b, side float32) {
		if a+b > side && a+b > 0 {
			f = min(f, side/(a+b))
		}
	}
	limit(r[0], r[1], w)
	limit(r[3], r[2], w)
	limit(r[0], r[3], h)
	limit(r[1], r[2], h)
	for i := range r {
		r[i] *= f
	}
	return r
}

func inset(r display.Rect, by [4]float32) display.Rect {
	return display.Rect{X: r.X + by[3], Y: r.Y + by[0], W: max(0, r.W-by[1]-by[3]), H: max(0, r.H-by[0]-by[2])}
}

func insetRadii(r display.Radii, by [4]float32) display.Radii {
	r[0] = max(0, r[0]-max(by[0], by[3]))
	r[1] = max(0, r[1]-max(by[0], by[1]))
	r[2] = max(0, r[2]-max(by[2], by[1]))
	r[3] = max(0, r[3]-max(by[2], by[3]))
	return r
}

func paddingBox(f *Fragment, x, y float32) (display.Rect, display.Radii) {
	r := display.Rect{X: x, Y: y, W: f.W, H: f.H}
	return inset(r, f.Border), insetRadii(radii(f.Box.Style, f.W, f.H), f.Border)
}

// decorations paints a box's shadows, background, borders and, of replaced
// boxes, the content.
func (p *painter) decorations(f *Fragment, x, y float32) {
	b := f.Box
	if b.Style.ClipAway || f.NoPaint {
		return
	}
	s := b.Style
	if !s.Hidden {
		r := display.Rect{X: x, Y: y, W: f.W, H: f.H}
		rr := radii(s, f.W, f.H)
		if b.Kind == InlineBox {
			if f.NoStart {
				rr[0], rr[3] = 0, 0
			}
			if f.NoEnd {
				rr[1], rr[2] = 0, 0
			}
		}
		p.shadows(f, r, rr, false)
		if b != p.canvas {
			p.background(f, r, rr)
		}
		p.shadows(f, r, rr, true)
		p.border(f, r, rr)
		p.outline(s, r)
	}
	if f.Collapsed != nil {
		p.collapsedBorders(f.Collapsed, x, y)
	}
	if b.Kind == ReplacedBox && !s.Hidden {
		p.replaced(f, x, y)
	}
}

func (p *painter) shadows(f *Fragment, r display.Rect, rr display.Radii, in bool) {
	s := f.Box.Style
	for i := len(s.Shadows) - 1; i >= 0; i-- {
		sh := s.Shadows[i]
		if sh.Inset != in || sh.Color.A == 0 {
			continue
		}
		if in {
			hole := inset(r, f.Border)
			shape := display.Rect{X: hole.X + sh.X + sh.Spread, Y: hole.Y + sh.Y + sh.Spread, W: max(0, hole.W-2*sh.Spread), H: max(0, hole.H-2*sh.Spread)}
			hr := insetRadii(rr, f.Border)
			p.list = append(p.list, display.Shadow{Rect: hole, Shape: shape, Radii: hr, Hole: hole, HoleRadii: hr, Blur: sh.Blur, Color: sh.Color, Inset: true})
			continue
		}
		shape := display.Rect{X: r.X + sh.X - sh.Spread, Y: r.Y + sh.Y - sh.Spread, W: max(0, r.W+2*sh.Spread), H: max(0, r.H+2*sh.Spread)}
		sr := rr
		for j := range sr {
			if sr[j] > 0 {
				sr[j] = max(0, sr[j]+sh.Spread)
			}
		}
		touch := display.Rect{X: shape.X - sh.Blur, Y: shape.Y - sh.Blur, W: shape.W + 2*sh.Blur, H: shape.H + 2*sh.Blur}
		p.list = append(p.list, display.Shadow{Rect: touch, Shape: shape, Radii: sr, Hole: r, HoleRadii: rr, Blur: sh.Blur, Color: sh.Color})
	}
}

func (p *painter) background(f *Fragment, r display.Rect, rr display.Radii) {
	s := f.Box.Style
	if r.W <= 0 || r.H <= 0 {
		return
	}
	if s.Background.A > 0 {
		box, cr := clipBox(f, r, rr, s.BackgroundClip)
		p.list = append(p.list, display.Fill{Rect: box, Color: s.Background, Radii: cr})
	}
	for i := len(s.Images) - 1; i >= 0; i-- {
		im := &s.Images[i]
		area, _ := clipBox(f, r, rr, im.Origin)
		box, cr := clipBox(f, r, rr, im.Clip)
		p.backgroundImage(im, area, box, cr, s)
	}
}

func clipBox(f *Fragment, r display.Rect, rr display.Radii, which string) (display.Rect, display.Radii) {
	switch which {
	case "padding-box":
		return inset(r, f.Border), insetRadii(rr, f.Border)
	case "content-box", "text":
		both := f.Border
		for i := range both {
			both[i] += f.Padding[i]
		}
		return inset(r, both), insetRadii(rr, both)
	}
	return r, rr
}

// backgroundImage paints one layer, positioned in area and clipped to box.
func (p *painter) backgroundImage(im *style.Background, area, box display.Rect, rr display.Radii, s *style.Style) {
	var st PictureState
	if im.URL != "" {
		st = p.res.Picture(im.URL)
		if st.Image == nil {
			return
		}
	} else if im.Gradient == nil {
		return
	}
	if area.W <= 0 || area.H <= 0 || box.W <= 0 || box.H <= 0 {
		return
	}
	w, h := tileSize(im, area, st.W, st.H)
	if w < 0.5 || h < 0.5 {
		return
	}
	x := area.X + place(im.X, area.W, w, im.FromRight)
	y := area.Y + place(im.Y, area.H, h, im.FromBottom)
	if im.Gradient != nil {
		p.gradient(im, display.Rect{X: x, Y: y, W: w, H: h}, box, rr)
		return
	}
	if !im.RepeatX && !im.RepeatY {
		p.clipped(display.Rect{X: x, Y: y, W: w, H: h}, box, rr, func(r display.Rect) display.Item {
			return display.Picture{Rect: r, Image: st.Image, Opacity: 1}
		})
		return
	}
	r := box
	if !im.RepeatX {
		r.X, r.W = x, w
	}
	if !im.RepeatY {
		r.Y, r.H = y, h
	}
	p.clipped(r, box, rr, func(r display.Rect) display.Item {
		return display.Picture{Rect: r, Image: st.Image, Opacity: 1, TileW: w, TileH: h, OffsetX: x - r.X, OffsetY: y - r.Y}
	})
}

// clipped adds an item that may stick out of box.
func (p *painter) clipped(r, box display.Rect, rr display.Radii, item func(display.Rect) display.Item) {
	if !r.Overlaps(box) {
		return
	}
	inside := r.X >= box.X-0.01 && r.Y >= box.Y-0.01 && r.X+r.W <= box.X+box.W+0.01 && r.Y+r.H <= box.Y+box.H+0.01
	if inside && rr == (display.Radii{}) {
		p.list = append(p.list, item(r))
		return
	}
	p.list = append(p.list, display.Push{Rect: box, Radii: rr, Opacity: 1, Clip: true}, item(r), display.Pop{})
}

// tileSize follows background-size (Backgrounds 3, section 3.9).
func tileSize(im *style.Background, area display.Rect, nw, nh float32) (float32, float32) {
	switch {
	case im.Gradient != nil:
		nw, nh = 0, 0
	case im.Size == "cover" || im.Size == "contain":
		if nw <= 0 || nh <= 0 {
			return area.W, area.H
		}
		f := area.W / nw
		if g := area.H / nh; im.Size == "cover" == (g > f) {
			f = g
		}
		return nw * f, nh * f
	}
	w, h := im.W.At(area.W), im.H.At(area.H)
	switch {
	case im.W.IsAuto() && im.H.IsAuto():
		w, h = nw, nh
		if nw <= 0 || nh <= 0 {
			w, h = area.W, area.H
		}
	case im.W.IsAuto():
		w = area.W
		if nh > 0 {
			w = h * nw / nh
		}
	case im.H.IsAuto():
		h = area.H
		if nw > 0 {
			h = w * nh / nw
		}
	}
	return w, h
}

// place gives the offset of something of that size in a length.
func place(at style.Length, room, size float32, fromEnd bool) float32 {
	v := at.At(room - size)
	if at.Kind == style.Auto {
		v = 0
	}
	if fromEnd {
		return room - size - v
	}
	return v
}

// gradient paints a gradient tile; it is repeated only where the tile is
// smaller than the box, a few hundred times at most.
func (p *painter) gradient(im *style.Background, tile, box display.Rect, rr display.Radii) {
	g := im.Gradient
	one := func(t display.Rect) {
		p.clipped(t, box, rr, func(r display.Rect) display.Item { return gradientItem(g, r) })
	}
	x0, x1, y0, y1 := tile.X, tile.X, tile.Y, tile.Y
	if im.RepeatX {
		x0 -= float32(math.Ceil(float64((tile.X-box.X)/tile.W))) * tile.W
		x1 = box.X + box.W - 0.01
	}
	if im.RepeatY {
		y0 -= float32(math.Ceil(float64((tile.Y-box.Y)/tile.H))) * tile.H
		y1 = box.Y + box.H - 0.01
	}
	n := 0
	for y := y0; y <= y1; y += tile.H {
		for x := x0; x <= x1; x += tile.W {
			if n++; n > 400 {
				return
			}
			one(display.Rect{X: x, Y: y, W: tile.W, H: tile.H})
		}
	}
}

func gradientItem(g *style.Gradient, r display.Rect) display.Item {
	out := display.Gradient{Rect: r, Radial: g.Radial, Repeat: g.Repeating}
	var length float32
	if g.Radial {
		out.X0, out.Y0 = r.X+place(g.CX, r.W, 0, false), r.Y+place(g.CY, r.H, 0, false)
		// Farthest corner: the ellipse with the ratio of the farthest sides.
		dx, dy := max(out.X0-r.X, r.X+r.W-out.X0), max(out.Y0-r.Y, r.Y+r.H-out.Y0)
		if g.Circle {
			d := float32(math.Hypot(float64(dx), float64(dy)))
			out.X1, out.Y1 = d, d
		} else {
			out.X1, out.Y1 = dx*math.Sqrt2, dy*math.Sqrt2
		}
		length = out.X1
	} else {
		angle := float64(g.Angle) * math.Pi / 180
		if g.Corner != "" {
			// The line is such that the 50 % line joins the other two corners.
			angle = math.Atan2(float64(r.H), float64(r.W))
			switch g.Corner {
			case "br":
				angle = math.Pi - angle
			case "bl":
				angle = math.Pi + angle
			case "tl":
				angle = -angle
			}
			if g.Corner == "tr" {
				angle = math.Atan2(float64(r.H), float64(r.W))
			}
		}
		sin, cos := math.Sin(angle), math.Cos(angle)
		l := math.Abs(float64(r.W)*sin) + math.Abs(float64(r.H)*cos)
		cx, cy := r.X+r.W/2, r.Y+r.H/2
		hx, hy := float32(sin*l/2), float32(-cos*l/2)
		out.X0, out.Y0, out.X1, out.Y1 = cx-hx, cy-hy, cx+hx, cy+hy
		length = float32(l)
	}
	out.Stops = stops(g.Stops, length)
	return out
}

// stops gives every stop a place (Images 3, section 3.4.3).
func stops(in []style.Stop, length float32) []display.Stop {
	out := make([]display.Stop, len(in))
	known := make([]bool, len(in))
	for i, s := range in {
		out[i].Color = s.Color
		switch {
		case !s.At.IsAuto() && length > 0:
			out[i].At, known[i] = s.At.At(length)/length, true
		case i == 0:
			known[i] = true
		case i == len(in)-1:
			out[i].At, known[i] = 1, true
		}
		if known[i] {
			for j := i - 1; j >= 0; j-- {
				if known[j] {
					out[i].At = max(out[i].At, out[j].At)
					break
				}
			}
		}
	}
	for i := 1; i < len(out); i++ {
		if known[i] {
			continue
		}
		j := i
		for j < len(out) && !known[j] {
			j++
		}
		if j == len(out) {
			break
		}
		for k := i; k < j; k++ {
			out[k].At = out[i-1].At + (out[j].At-out[i-1].At)*float32(k-i+1)/float32(j-i+1)
			known[k] = true
		}
	}
	return out
}

func (p *painter) border(f *Fragment, r display.Rect, rr display.Radii) {
	s := f.Box.Style
	if f.Border == ([4]float32{}) || f.Box.Style.Collapsed && (f.Box.Kind == CellBox || f.Box.Kind == TableBox) {
		return
	}
	item := display.Border{Rect: r, Radii: rr}
	seen := false
	for i := range item.Edges {
		item.Edges[i] = display.Edge{Width: f.Border[i], Color: s.BorderColor[i], Style: s.BorderStyle[i]}
		seen = seen || f.Border[i] > 0 && s.BorderColor[i].A > 0
	}
	if f.Box.Kind == InlineBox {
		if f.NoStart {
			item.Edges[3].Width = 0
		}
		if f.NoEnd {
			item.Edges[1].Width = 0
		}
	}
	if seen {
		p.list = append(p.list, item)
	}
}

func (p *painter) outline(s *style.Style, r display.Rect) {
	if s.OutlineWidth <= 0 {
		return
	}
	c := s.OutlineColor
	if c == (color.NRGBA{}) {
		c = s.Color
	}
	w := s.OutlineWidth
	e := display.Edge{Width: w, Color: c, Style: s.OutlineStyle}
	p.list = append(p.list, display.Border{Rect: display.Rect{X: r.X - w, Y: r.Y - w, W: r.W + 2*w, H: r.H + 2*w}, Edges: [4]display.Edge{e, e, e, e}})
}

// replaced paints the content of a replaced box.
func (p *painter) replaced(f *Fragment, x, y float32) {
	s := f.Box.Style
	both := f.Border
	for i := range both {
		both[i] += f.Padding[i]
	}
	outer := display.Rect{X: x, Y: y, W: f.W, H: f.H}
	box := inset(outer, both)
	rr := insetRadii(radii(s, f.W, f.H), both)
	c := f.Box.Replaced
	switch {
	case c.Kind == ControlContent:
		p.control(f, box)
	case c.Image != nil && box.W > 0 && box.H > 0:
		r := fit(s, box, c)
		p.clipped(r, box, rr, func(r display.Rect) display.Item {
			return display.Picture{Rect: r, Image: c.Image, Opacity: 1}
		})
	case c.Kind == PictureContent || c.Kind == FrameContent:
		p.absent(f, box)
	}
	for _, k := range f.Kids {
		if k.Kind == TextFragment {
			p.text(k.Fragment, x+k.X, y+k.Y)
		}
	}
}

// fit follows object-fit and object-position (Images 3, section 5.5).
func fit(s *style.Style, box display.Rect, c *Replaced) display.Rect {
	w, h := box.W, box.H
	if c.W > 0 && c.H > 0 {
		f := min(box.W/c.W, box.H/c.H)
		switch s.ObjectFit {
		case "contain":
			w, h = c.W*f, c.H*f
		case "cover":
			f = max(box.W/c.W, box.H/c.H)
			w, h = c.W*f, c.H*f
		case "none":
			w, h = c.W, c.H
		case "scale-down":
			f = min(f, 1)
			w, h = c.W*f, c.H*f
		}
	}
	return display.Rect{X: box.X + place(s.ObjectX, box.W, w, false), Y: box.Y + place(s.ObjectY, box.H, h, false), W: w, H: h}
}

// absent marks the place of a picture that is not there.
func (p *painter) absent(f *Fragment, box display.Rect) {
	if box.W < 4 || box.H < 4 || f.Box.Replaced.URL == "" {
		return
	}
	line := color.NRGBA{R: 128, G: 128, B: 128, A: 90}
	e := display.Edge{Width: 1, Color: line, Style: "solid"}
	p.list = append(p.list, display.Fill{Rect: box, Color: color.NRGBA{R: 128, G: 128, B: 128, A: 20}},
		display.Border{Rect: box, Edges: [4]display.Edge{e, e, e, e}})
}
