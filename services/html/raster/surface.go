package raster

import (
	"image"
	"image/color"
)

// div255 is v/255, rounded, for v up to 255*255.
func div255(v uint32) uint32 { return (v + 128) * 257 >> 16 }

// over blends a premultiplied colour, weakened by a (0 to 255), over a pixel.
func over(d []uint8, r, g, b, alpha, a uint32) {
	if a == 255 && alpha == 255 {
		d[0], d[1], d[2], d[3] = uint8(r), uint8(g), uint8(b), 255
		return
	}
	if a != 255 {
		r, g, b, alpha = div255(r*a), div255(g*a), div255(b*a), div255(alpha*a)
	}
	rest := 255 - alpha
	d[0] = uint8(r + div255(uint32(d[0])*rest))
	d[1] = uint8(g + div255(uint32(d[1])*rest))
	d[2] = uint8(b + div255(uint32(d[2])*rest))
	d[3] = uint8(alpha + div255(uint32(d[3])*rest))
}

// premultiply is a colour as the picture stores it.
func premultiply(c color.NRGBA) (r, g, b, a uint32) {
	a = uint32(c.A)
	return div255(uint32(c.R) * a), div255(uint32(c.G) * a), div255(uint32(c.B) * a), a
}

// fill blends a colour over a box, which lies within the picture.
func fill(img *image.RGBA, box image.Rectangle, c color.NRGBA) {
	box = box.Intersect(img.Rect)
	if box.Empty() || c.A == 0 {
		return
	}
	first := img.Pix[img.PixOffset(box.Min.X, box.Min.Y):][:4*box.Dx()]
	if c.A == 255 {
		for i := 0; i < len(first); i += 4 {
			first[i], first[i+1], first[i+2], first[i+3] = c.R, c.G, c.B, 255
		}
		for y := box.Min.Y + 1; y < box.Max.Y; y++ {
			copy(img.Pix[img.PixOffset(box.Min.X, y):], first)
		}
		return
	}
	r, g, b, a := premultiply(c)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		row := img.Pix[img.PixOffset(box.Min.X, y):][:4*box.Dx()]
		for i := 0; i < len(row); i += 4 {
			over(row[i:i+4:i+4], r, g, b, a, 255)
		}
	}
}

// mask is how much of each pixel of a box is covered.
type mask struct {
	box    image.Rectangle
	stride int
	pix    []uint8
}

func newMask(box image.Rectangle) *mask {
	return &mask{box: box, stride: box.Dx(), pix: make([]uint8, box.Dx()*box.Dy())}
}

// row is the coverage of the pixels at y.
func (m *mask) row(y int) []uint8 { return m.pix[(y-m.box.Min.Y)*m.stride:][:m.stride] }

// blendMask blends a colour through a mask, whose top left pixel lies at x, y.
// curve, if not nil, corrects the coverage.
func blendMask(img *image.RGBA, clip image.Rectangle, m *mask, x, y int, c color.NRGBA, curve *[256]uint8) {
	box := image.Rect(x, y, x+m.box.Dx(), y+m.box.Dy()).Intersect(clip)
	if box.Empty() {
		return
	}
	r, g, b, a := premultiply(c)
	for py := box.Min.Y; py < box.Max.Y; py++ {
		cover := m.pix[(py-y)*m.stride+box.Min.X-x:][:box.Dx()]
		row := img.Pix[img.PixOffset(box.Min.X, py):][:4*box.Dx()]
		for i, v := range cover {
			if v == 0 {
				continue
			}
			if curve != nil {
				v = curve[v]
			}
			d := row[4*i : 4*i+4 : 4*i+4]
			if a == 255 { // most text
				cover, rest := uint32(v), 255-uint32(v)
				d[0] = uint8(div255(r*cover + uint32(d[0])*rest))
				d[1] = uint8(div255(g*cover + uint32(d[1])*rest))
				d[2] = uint8(div255(b*cover + uint32(d[2])*rest))
				d[3] = uint8(div255(255*cover + uint32(d[3])*rest))
				continue
			}
			over(d, r, g, b, a, uint32(v))
		}
	}
}

// blendImage blends a premultiplied picture, weakened by opacity, with its top
// left pixel at x, y; cover, if not nil, is a mask that encloses the clip's
// part of it.
func blendImage(dst *image.RGBA, clip image.Rectangle, src *image.RGBA, x, y int, opacity uint32, cover *mask) {
	box := image.Rect(x, y, x+src.Rect.Dx(), y+src.Rect.Dy()).Intersect(clip)
	if box.Empty() || opacity == 0 {
		return
	}
	for py := box.Min.Y; py < box.Max.Y; py++ {
		s := src.Pix[src.PixOffset(src.Rect.Min.X+box.Min.X-x, src.Rect.Min.Y+py-y):][:4*box.Dx()]
		d := dst.Pix[dst.PixOffset(box.Min.X, py):][:4*box.Dx()]
		var m []uint8
		if cover != nil {
			m = cover.row(py)[box.Min.X-cover.box.Min.X:]
		}
		for i := 0; i < len(s); i += 4 {
			a := opacity
			if m != nil {
				a = div255(a * uint32(m[i/4]))
			}
			if a == 0 || s[i+3] == 0 {
				continue
			}
			over(d[i:i+4:i+4], uint32(s[i]), uint32(s[i+1]), uint32(s[i+2]), uint32(s[i+3]), a)
		}
	}
}
