package raster

import (
	"image"
	"math"
	"reflect"
	"sync"

	"golang.org/x/image/draw"

	"guichet/services/html/display"
)

// Limits for scaled pictures.
const (
	maxScaled    = 6 << 20  // pixels of a scaled picture that is kept whole
	pictureBytes = 24 << 20 // of one of the cache's two generations
)

type pictureKey struct {
	img  image.Image
	w, h int
}

// pictureCache keeps the pictures of a page at the size in which they are
// drawn, in two generations.
type pictureCache struct {
	mu         sync.Mutex
	young, old map[pictureKey]*image.RGBA
	bytes      int
}

func (c *pictureCache) scaled(img image.Image, w, h int) *image.RGBA {
	if !reflect.TypeOf(img).Comparable() {
		return scale(img, w, h)
	}
	k := pictureKey{img, w, h}
	c.mu.Lock()
	out := c.young[k]
	if out == nil {
		if out = c.old[k]; out != nil {
			c.put(k, out)
		}
	}
	c.mu.Unlock()
	if out != nil {
		return out
	}
	out = scale(img, w, h)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(k, out)
	return out
}

func (c *pictureCache) put(k pictureKey, img *image.RGBA) {
	if c.young == nil || c.bytes+len(img.Pix) > pictureBytes {
		c.old, c.young, c.bytes = c.young, map[pictureKey]*image.RGBA{}, 0
	}
	c.young[k] = img
	c.bytes += len(img.Pix)
}

// scale brings a picture to a size. A much larger one is first averaged by a
// whole factor, strip by strip, so that the memory needed stays small.
func scale(img image.Image, w, h int) *image.RGBA {
	b := img.Bounds()
	if n := min(b.Dx()/max(w, 1), b.Dy()/max(h, 1)); n >= 2 {
		img = average(img, n)
		b = img.Bounds()
	}
	if rgba, ok := img.(*image.RGBA); ok && b.Dx() == w && b.Dy() == h {
		return rgba
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if b.Dx() == w && b.Dy() == h {
		draw.Draw(out, out.Rect, img, b.Min, draw.Src)
		return out
	}
	scalerFor(b.Dx(), b.Dy(), w, h).Scale(out, out.Rect, img, b, draw.Src, nil)
	return out
}

// scalerFor is the better of two scalers while it is cheap.
func scalerFor(sw, sh, w, h int) draw.Scaler {
	if sw*sh <= 4<<20 && w*h <= 2<<20 {
		return draw.BiLinear
	}
	return draw.ApproxBiLinear
}

// average makes each n by n pixels one.
func average(img image.Image, n int) *image.RGBA {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx()/n, b.Dy()/n))
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), n))
	count := uint32(n * n)
	for y := range out.Rect.Dy() {
		draw.Draw(strip, strip.Rect, img, image.Pt(b.Min.X, b.Min.Y+y*n), draw.Src)
		row := out.Pix[y*out.Stride:]
		for x := range out.Rect.Dx() {
			var sum [4]uint32
			for j := range n {
				part := strip.Pix[j*strip.Stride+4*x*n:][:4*n]
				for i := 0; i < len(part); i += 4 {
					sum[0] += uint32(part[i])
					sum[1] += uint32(part[i+1])
					sum[2] += uint32(part[i+2])
					sum[3] += uint32(part[i+3])
				}
			}
			for k := range sum {
				row[4*x+k] = uint8((sum[k] + count/2) / count)
			}
		}
	}
	return out
}

func (p *painter) picture(pic display.Picture) {
	box := p.snap(pic.Rect)
	area := p.visible(box)
	if area.Empty() || pic.Image == nil || pic.Image.Bounds().Empty() {
		return
	}
	whole := opacity(pic.Opacity)
	var cover *mask
	if pic.Radii != (display.Radii{}) {
		cover = newMask(area)
		p.roundedBox(box, p.scaled(pic.Radii)).fill(cover)
	}
	if pic.TileW > 0 && pic.TileH > 0 {
		p.tiles(pic, box, area, whole, cover)
		return
	}
	if box.Dx()*box.Dy() > maxScaled {
		p.hugePicture(pic.Image, box, area, whole, cover)
		return
	}
	blendImage(p.top().img, area, p.index.pictures.scaled(pic.Image, box.Dx(), box.Dy()), box.Min.X, box.Min.Y, whole, cover)
}

// hugePicture scales only what is seen.
func (p *painter) hugePicture(img image.Image, box, area image.Rectangle, opacity uint32, cover *mask) {
	part := image.NewRGBA(area)
	draw.ApproxBiLinear.Scale(part, box, img, img.Bounds(), draw.Src, nil)
	blendImage(p.top().img, area, part, area.Min.X, area.Min.Y, opacity, cover)
}

// minTile is the least size in which a tile is repeated, in device pixels:
// smaller ones are first put together.
const minTile = 64

// tiles repeats a picture over a box.
func (p *painter) tiles(pic display.Picture, box, area image.Rectangle, opacity uint32, cover *mask) {
	fw, fh := bounded(pic.TileW*p.scale), bounded(pic.TileH*p.scale)
	w, h := max(int(math.Round(float64(fw))), 1), max(int(math.Round(float64(fh))), 1)
	ox := float64(box.Min.X) + math.Round(float64(bounded(pic.OffsetX*p.scale)))
	oy := float64(box.Min.Y) + math.Round(float64(bounded(pic.OffsetY*p.scale)))
	if w*h > maxScaled {
		for y := first(oy, h, area.Min.Y); y < area.Max.Y; y += h {
			for x := first(ox, w, area.Min.X); x < area.Max.X; x += w {
				one := image.Rect(x, y, x+w, y+h)
				p.hugePicture(pic.Image, one, one.Intersect(area), opacity, cover)
			}
		}
		return
	}
	tile := p.index.pictures.scaled(pic.Image, w, h)
	if w < minTile || h < minTile {
		tile = repeat(tile, (minTile+w-1)/w, (minTile+h-1)/h)
		w, h = tile.Rect.Dx(), tile.Rect.Dy()
	}
	for y := first(oy, h, area.Min.Y); y < area.Max.Y; y += h {
		for x := first(ox, w, area.Min.X); x < area.Max.X; x += w {
			blendImage(p.top().img, area, tile, x, y, opacity, cover)
		}
	}
}

// first is where the tile begins that holds the pixel from.
func first(origin float64, size, from int) int {
	return int(origin + math.Floor((float64(from)-origin)/float64(size))*float64(size))
}

func repeat(tile *image.RGBA, nx, ny int) *image.RGBA {
	w, h := tile.Rect.Dx(), tile.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, nx*w, ny*h))
	for y := range out.Rect.Dy() {
		row := tile.Pix[(y%h)*tile.Stride:][:4*w]
		for x := range nx {
			copy(out.Pix[y*out.Stride+4*x*w:], row)
		}
	}
	return out
}
