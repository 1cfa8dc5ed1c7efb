package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// heightFor is the height that o needs at a width: what Paragraph and the
// layouts of this package can tell, and MinSize for all else.
func heightFor(o fyne.CanvasObject, width float32) float32 {
	switch o := o.(type) {
	case interface{ HeightFor(width float32) float32 }:
		return o.HeightFor(width)
	case *fyne.Container:
		if l, ok := o.Layout.(interface {
			heightFor(objects []fyne.CanvasObject, width float32) float32
		}); ok {
			return l.heightFor(o.Objects, width)
		}
	}
	return o.MinSize().Height
}

// column lays objects under each other, each as high as it needs to be at the
// column's width.
type column struct {
	gap   float32
	width float32 // as last laid out
}

// Column stacks objects with a gap in units of the design.
func Column(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&column{gap: gap}, objects...)
}

func (c *column) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	h, n := float32(0), 0
	for _, o := range objects {
		if o.Visible() {
			h += heightFor(o, width)
			n++
		}
	}
	return h + Px(c.gap)*float32(max(n-1, 0))
}

func (c *column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	width := float32(0)
	for _, o := range objects {
		if o.Visible() {
			width = fyne.Max(width, o.MinSize().Width)
		}
	}
	at := c.width
	if at < width || at == 0 {
		at = fyne.Max(width, Px(320))
	}
	return fyne.NewSize(width, c.heightFor(objects, at))
}

func (c *column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	c.width = size.Width
	y := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		h := heightFor(o, size.Width)
		o.Resize(fyne.NewSize(size.Width, h))
		o.Move(fyne.NewPos(0, y))
		y += h + Px(c.gap)
	}
}

// row lays objects beside each other, centred; one of them may take the room
// that is left.
type row struct {
	gap  float32
	grow int
}

// Row places objects side by side with a gap in units of the design, centred
// from top to bottom. The object numbered grow takes what room is left; -1: none.
func Row(gap float32, grow int, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&row{gap, grow}, objects...)
}

func (r *row) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size, n := fyne.Size{}, 0
	for _, o := range objects {
		if o.Visible() {
			m := o.MinSize()
			size.Width += m.Width
			size.Height = fyne.Max(size.Height, m.Height)
			n++
		}
	}
	size.Width += Px(r.gap) * float32(max(n-1, 0))
	return size
}

func (r *row) widths(objects []fyne.CanvasObject, width float32) []float32 {
	all := make([]float32, len(objects))
	used, n := float32(0), 0
	for i, o := range objects {
		if o.Visible() {
			all[i] = o.MinSize().Width
			used += all[i]
			n++
		}
	}
	used += Px(r.gap) * float32(max(n-1, 0))
	if r.grow >= 0 && r.grow < len(objects) {
		all[r.grow] = fyne.Max(all[r.grow]+width-used, 0)
	}
	return all
}

func (r *row) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	h := float32(0)
	for i, w := range r.widths(objects, width) {
		if objects[i].Visible() {
			h = fyne.Max(h, heightFor(objects[i], w))
		}
	}
	return h
}

func (r *row) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for i, w := range r.widths(objects, size.Width) {
		o := objects[i]
		if !o.Visible() {
			continue
		}
		h := fyne.Min(heightFor(o, w), size.Height)
		if i == r.grow {
			if _, text := o.(*Text); !text {
				if _, wraps := o.(*Paragraph); !wraps {
					h = fyne.Max(h, fyne.Min(size.Height, o.MinSize().Height))
				}
			}
		}
		o.Resize(fyne.NewSize(w, h))
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
		x += w + Px(r.gap)
	}
}

// inset keeps room around an object.
type inset struct{ top, right, bottom, left float32 }

// Inset keeps room around o, in units of the design.
func Inset(top, right, bottom, left float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(&inset{top, right, bottom, left}, o)
}

func (i *inset) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return objects[0].MinSize().AddWidthHeight(Px(i.left+i.right), Px(i.top+i.bottom))
}

func (i *inset) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return heightFor(objects[0], width-Px(i.left+i.right)) + Px(i.top+i.bottom)
}

func (i *inset) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.NewPos(Px(i.left), Px(i.top)))
	objects[0].Resize(size.SubtractWidthHeight(Px(i.left+i.right), Px(i.top+i.bottom)))
}

// least gives an object a least size.
type least struct{ width, height float32 }

// Least gives o a least size, in units of the design.
func Least(width, height float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(&least{width, height}, o)
}

func (l *least) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return objects[0].MinSize().Max(fyne.NewSize(Px(l.width), Px(l.height)))
}

func (l *least) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return fyne.Max(heightFor(objects[0], width), Px(l.height))
}

func (l *least) Layout(objects []fyne.CanvasObject, size fyne.Size) { objects[0].Resize(size) }

// over lays objects on each other; the last one says how high they are.
type over struct{}

// Over lays objects on each other, the last on top, for a ground and what lies
// on it: the height is that of the last one.
func Over(objects ...fyne.CanvasObject) *fyne.Container { return container.New(over{}, objects...) }

func (over) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.Size{}
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return size
}

func (over) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return heightFor(objects[len(objects)-1], width)
}

func (over) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(0, 0))
		o.Resize(size)
	}
}

// Page is a view that scrolls: its content is centred and as wide as there is
// room, Width at most.
type Page struct {
	widget.BaseWidget
	scroll *container.Scroll
	body   *pageBody
}

// NewPage makes a page; width is the content's greatest, in units of the design.
// A page with middle set stands in the middle of its room where it is lower.
func NewPage(width float32, middle bool, content fyne.CanvasObject) *Page {
	b := &pageBody{content: content, limit: width, middle: middle}
	p := &Page{body: b, scroll: container.NewVScroll(container.New(b, content))}
	p.ExtendBaseWidget(p)
	return p
}

// ScrollToTop shows the beginning.
func (p *Page) ScrollToTop() { p.scroll.ScrollToTop() }

// CreateRenderer is called by Fyne.
func (p *Page) CreateRenderer() fyne.WidgetRenderer { return &pageRenderer{p} }

type pageRenderer struct{ p *Page }

func (r *pageRenderer) Destroy()                     {}
func (r *pageRenderer) MinSize() fyne.Size           { return fyne.NewSquareSize(Px(80)) }
func (r *pageRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.p.scroll} }

// Layout tells the body its width before Fyne asks for its height.
func (r *pageRenderer) Layout(size fyne.Size) {
	r.p.body.view = size
	r.p.scroll.Resize(size)
	r.p.scroll.Refresh()
}

func (r *pageRenderer) Refresh() {
	r.p.body.view = r.p.Size()
	r.p.scroll.Content.(*fyne.Container).Refresh()
	r.p.scroll.Refresh()
}

type pageBody struct {
	content fyne.CanvasObject
	limit   float32
	middle  bool
	view    fyne.Size
}

func (b *pageBody) width(room float32) float32 { return fyne.Min(Px(b.limit), room) }

func (b *pageBody) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(1, heightFor(b.content, b.width(b.view.Width)))
}

func (b *pageBody) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	w := b.width(size.Width)
	h := heightFor(b.content, w)
	y := float32(0)
	if b.middle {
		y = fyne.Max((size.Height-h)/2, 0)
	}
	b.content.Move(fyne.NewPos((size.Width-w)/2, y))
	b.content.Resize(fyne.NewSize(w, h))
}

// centre keeps an object in the middle, at its least size.
type centre struct{}

// Centre keeps o in the middle of the width, at its least size.
func Centre(o fyne.CanvasObject) *fyne.Container { return container.New(centre{}, o) }

func (centre) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

func (centre) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	m := objects[0].MinSize()
	m.Width = fyne.Min(m.Width, size.Width)
	objects[0].Resize(m)
	objects[0].Move(fyne.NewPos((size.Width-m.Width)/2, (size.Height-m.Height)/2))
}

// flow lays objects beside each other and goes on below where the width ends.
type flow struct{ gap float32 }

// Flow places objects side by side, in as many lines as the width asks for.
func Flow(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&flow{gap}, objects...)
}

func (f *flow) each(objects []fyne.CanvasObject, width float32, place func(o fyne.CanvasObject, at fyne.Position, size fyne.Size)) float32 {
	x, y, line, gap := float32(0), float32(0), float32(0), Px(f.gap)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		m.Width = fyne.Min(m.Width, width)
		if x > 0 && x+m.Width > width+0.5 {
			x, y, line = 0, y+line+gap, 0
		}
		place(o, fyne.NewPos(x, y), m)
		x += m.Width + gap
		line = fyne.Max(line, m.Height)
	}
	return y + line
}

func (f *flow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.Size{}
	for _, o := range objects {
		if o.Visible() {
			size = size.Max(o.MinSize())
		}
	}
	return size
}

func (f *flow) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return f.each(objects, width, func(fyne.CanvasObject, fyne.Position, fyne.Size) {})
}

func (f *flow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	f.each(objects, size.Width, func(o fyne.CanvasObject, at fyne.Position, s fyne.Size) {
		o.Move(at)
		o.Resize(s)
	})
}

// HeightFor is the height that o needs at a width.
func HeightFor(o fyne.CanvasObject, width float32) float32 { return heightFor(o, width) }

// ContentHeight is the height of the page's whole content at a width. It is not
// named HeightFor because a page needs no height: it scrolls.
func (p *Page) ContentHeight(width float32) float32 {
	return heightFor(p.body.content, p.body.width(width))
}

// foot keeps one object below another that takes the rest.
type foot struct{ gap float32 }

// Foot places below under body, which takes the room that is left.
func Foot(body fyne.CanvasObject, gap float32, below fyne.CanvasObject) *fyne.Container {
	return container.New(&foot{gap}, body, below)
}

func (f *foot) MinSize(objects []fyne.CanvasObject) fyne.Size {
	a, b := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(fyne.Max(a.Width, b.Width), a.Height+Px(f.gap)+b.Height)
}

func (f *foot) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return heightFor(objects[0], width) + Px(f.gap) + heightFor(objects[1], width)
}

func (f *foot) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	h := heightFor(objects[1], size.Width)
	objects[0].Resize(fyne.NewSize(size.Width, fyne.Max(size.Height-h-Px(f.gap), 0)))
	objects[0].Move(fyne.NewPos(0, 0))
	objects[1].Resize(fyne.NewSize(size.Width, h))
	objects[1].Move(fyne.NewPos(0, size.Height-h))
}

// right keeps an object at the right edge.
type right struct{}

// Right keeps o at the right edge, as narrow as it can be on one line.
func Right(o *fyne.Container) *fyne.Container { return container.New(right{}, o) }

func (right) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

// natural is the width of all parts beside each other.
func (right) natural(o fyne.CanvasObject, room float32) float32 {
	c, ok := o.(*fyne.Container)
	if !ok {
		return fyne.Min(o.MinSize().Width, room)
	}
	width := float32(0)
	for _, part := range c.Objects {
		width += part.MinSize().Width
	}
	if f, ok := c.Layout.(*flow); ok {
		width += Px(f.gap) * float32(max(len(c.Objects)-1, 0))
	}
	return fyne.Min(width, room)
}

func (r right) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return heightFor(objects[0], r.natural(objects[0], width))
}

func (r right) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := r.natural(objects[0], size.Width)
	objects[0].Resize(fyne.NewSize(w, size.Height))
	objects[0].Move(fyne.NewPos(size.Width-w, 0))
}

// frame keeps one object at the top and one at the bottom of a third.
type frame struct{}

// Frame places head above and foot below body, which takes the rest; head and
// foot may be nil. Unlike Fyne's border layout it leaves no gap.
func Frame(head, body, foot fyne.CanvasObject) *fyne.Container {
	if head == nil {
		head = nothing()
	}
	if foot == nil {
		foot = nothing()
	}
	return container.New(frame{}, body, head, foot)
}

// nothing takes no room.
func nothing() fyne.CanvasObject { return NewBox(BoxStyle{}).SetMin(0, 0) }

func (frame) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.Size{}
	for _, o := range objects {
		if o.Visible() {
			m := o.MinSize()
			size = fyne.NewSize(fyne.Max(size.Width, m.Width), size.Height+m.Height)
		}
	}
	return size
}

func (frame) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	top, bottom := float32(0), size.Height
	if head := objects[1]; head.Visible() {
		top = heightFor(head, size.Width)
		head.Move(fyne.NewPos(0, 0))
		head.Resize(fyne.NewSize(size.Width, top))
	}
	if foot := objects[2]; foot.Visible() {
		h := heightFor(foot, size.Width)
		bottom -= h
		foot.Move(fyne.NewPos(0, bottom))
		foot.Resize(fyne.NewSize(size.Width, h))
	}
	objects[0].Move(fyne.NewPos(0, top))
	objects[0].Resize(fyne.NewSize(size.Width, fyne.Max(bottom-top, 0)))
}

// grid lays objects in columns of one width and rows of one height.
type grid struct{ least, gap float32 }

// Grid places objects in as many columns as there is room for, each as wide as
// the others and least units of the design at least.
func Grid(least, gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&grid{least, gap}, objects...)
}

func (g *grid) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(Px(g.least), 0) }

func (g *grid) each(objects []fyne.CanvasObject, width float32, place func(o fyne.CanvasObject, at fyne.Position, size fyne.Size)) float32 {
	gap := Px(g.gap)
	columns := max(min(int((width+gap)/(Px(g.least)+gap)), len(objects)), 1)
	w := (width - gap*float32(columns-1)) / float32(columns)
	y := float32(0)
	for from := 0; from < len(objects); from += columns {
		line := objects[from:min(from+columns, len(objects))]
		h := float32(0)
		for _, o := range line {
			h = fyne.Max(h, heightFor(o, w))
		}
		for i, o := range line {
			place(o, fyne.NewPos(float32(i)*(w+gap), y), fyne.NewSize(w, h))
		}
		y += h + gap
	}
	return fyne.Max(y-gap, 0)
}

func (g *grid) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return g.each(objects, width, func(fyne.CanvasObject, fyne.Position, fyne.Size) {})
}

func (g *grid) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	g.each(objects, size.Width, func(o fyne.CanvasObject, at fyne.Position, s fyne.Size) {
		o.Move(at)
		o.Resize(s)
	})
}
