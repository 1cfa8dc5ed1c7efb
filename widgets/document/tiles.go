package document

import (
	"image"
	"image/draw"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

const (
	tileHeight = 256  // device pixels
	tileWidth  = 2048 // device pixels; wider pages have more columns
	maxWorkers = 2    // tiles that are painted at the same time
)

// spot is a tile's column and row.
type spot struct{ col, row int }

// tile is a painted part of the page.
type tile struct {
	img     *canvas.Image
	current bool // painted from the present page at the present scale
}

// tiles keeps the painted parts of the page around what is seen.
type tiles struct {
	at         map[spot]*tile
	asked      map[spot]bool
	working    int
	generation int
	scale      float32 // device pixels per CSS pixel
	top        float32 // where the first row is drawn, in Fyne units
}

// drop forgets all tiles.
func (t *tiles) drop(d *Document) {
	for k := range t.at {
		t.release(k)
	}
	t.outdate()
	t.show(d)
}

// outdate has all tiles painted anew; the old ones are shown until then.
func (t *tiles) outdate() {
	t.generation++
	t.asked = map[spot]bool{}
	for _, tl := range t.at {
		tl.current = false
	}
}

func (t *tiles) release(k spot) {
	tl := t.at[k]
	delete(t.at, k)
	if tl == nil {
		return
	}
	tl.img.Image = nil
	canvas.Refresh(tl.img) // gives its texture back
}

// grid is the page in device pixels and the tiles that cover it.
func (d *Document) grid() (w, h, cols, rows int) {
	if d.page == nil {
		return 0, 0, 0, 0
	}
	pw, ph := d.page.Size()
	const most = 1 << 26
	pixels := func(v float32) int { return int(math.Ceil(float64(min(max(v*d.tiles.scale, 0), most)))) }
	w, h = pixels(pw), pixels(ph)
	return w, h, (w + tileWidth - 1) / tileWidth, (h + tileHeight - 1) / tileHeight
}

// update frees tiles that are far away and asks for those that are missing.
func (t *tiles) update(d *Document) {
	if scale := d.pixels() * d.zoom; scale != t.scale {
		t.scale = scale
		t.drop(d)
	}
	if t.at == nil {
		t.at = map[spot]*tile{}
	}
	if top := d.headerHeight(); top != t.top {
		t.top = top
		for k, tl := range t.at {
			t.move(d, k, tl)
		}
	}
	near := d.spots(1)
	objects := len(t.at)
	for k := range t.at {
		if !near.has(k) {
			t.release(k)
		}
	}
	if len(t.at) != objects {
		t.show(d)
	}
	t.work(d)
}

// span is a rectangle of tiles, ends not included.
type span struct{ c0, r0, c1, r1 int }

func (s span) has(k spot) bool {
	return k.col >= s.c0 && k.col < s.c1 && k.row >= s.r0 && k.row < s.r1
}

// spots is the tiles that are seen; with ahead, those within so many heights
// of the view above and below too.
func (d *Document) spots(ahead float32) span {
	_, _, cols, rows := d.grid()
	size := d.Size()
	if size.Width <= 0 || size.Height <= 0 {
		return span{}
	}
	v := d.visible()
	index := func(css float32, tile int) int {
		return int(math.Floor(float64(css * d.tiles.scale / float32(tile))))
	}
	extra := v.H * ahead
	return span{
		c0: max(index(v.X, tileWidth), 0), c1: min(index(v.X+v.W, tileWidth)+1, cols),
		r0: max(index(v.Y-extra, tileHeight), 0), r1: min(index(v.Y+v.H+extra, tileHeight)+1, rows),
	}
}

// next is the most wanted tile that nobody paints yet: what is seen first,
// then what comes next.
func (t *tiles) next(d *Document) (spot, bool) {
	for _, ahead := range []float32{0, 0.5} {
		s := d.spots(ahead)
		for row := s.r0; row < s.r1; row++ {
			for col := s.c0; col < s.c1; col++ {
				k := spot{col, row}
				if tl := t.at[k]; !t.asked[k] && (tl == nil || !tl.current) {
					return k, true
				}
			}
		}
	}
	return spot{}, false
}

// work starts painting while there is need and room.
func (t *tiles) work(d *Document) {
	for t.working < maxWorkers && d.page != nil {
		k, ok := t.next(d)
		if !ok {
			return
		}
		w, h, _, _ := d.grid()
		box := image.Rect(k.col*tileWidth, k.row*tileHeight, min((k.col+1)*tileWidth, w), min((k.row+1)*tileHeight, h))
		if box.Empty() {
			return
		}
		t.asked[k] = true
		t.working++
		page, scale, generation := d.page, t.scale, t.generation
		d.Go(func() {
			// A page that panics leaves an empty tile, not a tile that nobody paints.
			img := image.NewRGBA(image.Rect(0, 0, box.Dx(), box.Dy()))
			done := func() { d.Post(func() { t.painted(d, k, img, generation) }) }
			defer done()
			draw.Draw(img, img.Rect, image.NewUniform(page.Background()), image.Point{}, draw.Src)
			page.Paint(img, float32(box.Min.X)/scale, float32(box.Min.Y)/scale, scale)
		})
	}
}

// painted takes a finished tile.
func (t *tiles) painted(d *Document, k spot, img *image.RGBA, generation int) {
	t.working--
	if generation == t.generation {
		delete(t.asked, k)
		if d.spots(1).has(k) {
			t.put(d, k, img)
		}
	}
	t.work(d)
}

func (t *tiles) put(d *Document, k spot, img *image.RGBA) {
	tl := t.at[k]
	if tl == nil {
		tl = &tile{img: &canvas.Image{ScaleMode: canvas.ImageScaleFastest, FillMode: canvas.ImageFillStretch}}
		t.at[k] = tl
	}
	tl.img.Image, tl.current = img, true
	unit := d.pixels()
	tl.img.Resize(fyne.NewSize(float32(img.Rect.Dx())/unit, float32(img.Rect.Dy())/unit))
	t.move(d, k, tl)
	t.show(d)
	tl.img.Refresh()
}

func (t *tiles) move(d *Document, k spot, tl *tile) {
	unit := d.pixels()
	tl.img.Move(fyne.NewPos(float32(k.col*tileWidth)/unit, t.top+float32(k.row*tileHeight)/unit))
}

// show puts the tiles into the tree. Refreshing the layer would upload all of
// them again; a move has the window drawn.
func (t *tiles) show(d *Document) {
	objects := make([]fyne.CanvasObject, 0, len(t.at))
	for _, tl := range t.at {
		objects = append(objects, tl.img)
	}
	d.tileLayer.Objects = objects
	d.tileLayer.Move(fyne.Position{})
}
