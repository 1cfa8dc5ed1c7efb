package preview

import (
	"bytes"
	"encoding/binary"
	"image"
	_ "image/gif" // the formats that are shown
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

// format tells a picture by its first bytes; "" is none.
func format(b []byte) string {
	for name, magic := range map[string]string{"jpeg": "\xff\xd8\xff", "png": "\x89PNG\r\n\x1a\n", "gif": "GIF8", "bmp": "BM"} {
		if bytes.HasPrefix(b, []byte(magic)) {
			return name
		}
	}
	if len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP" {
		return "webp"
	}
	return ""
}

// meta is what a picture's first bytes tell.
type meta struct {
	width, height int    // as stored, 0 unknown
	turn          int    // Exif orientation, 1 to 8
	thumb         []byte // the camera's small picture, a JPEG
	staged        bool   // decoding needs room for coefficients: progressive JPEG
}

// inspect reads what it can of the beginning of a picture.
func inspect(b []byte) meta {
	m := meta{turn: 1}
	if c, _, err := image.DecodeConfig(bytes.NewReader(b)); err == nil && c.Width > 0 && c.Height > 0 {
		m.width, m.height = c.Width, c.Height
	}
	if format(b) == "jpeg" {
		m.segments(b)
	}
	return m
}

// segments walks the markers of a JPEG (ITU-T T.81, annex B) up to the pixels.
func (m *meta) segments(b []byte) {
	for i := 2; i+4 <= len(b); {
		if b[i] != 0xff {
			return
		}
		marker := b[i+1]
		if marker == 0xff { // filling
			i++
			continue
		}
		size := int(binary.BigEndian.Uint16(b[i+2:]))
		if size < 2 || marker == 0xda {
			return
		}
		body := b[i+4 : min(i+2+size, len(b))]
		switch {
		case marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) && m.thumb == nil:
			m.exif(body[6:])
		case marker == 0xc2:
			m.staged = true
		}
		i += 2 + size
	}
}

// The tags of Exif (CIPA DC-008) that matter here.
const (
	tagOrientation = 0x0112
	tagThumbOffset = 0x0201
	tagThumbLength = 0x0202
)

// exif reads the orientation and the small picture out of a TIFF structure.
func (m *meta) exif(b []byte) {
	if len(b) < 8 {
		return
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return
	}
	// values reads one directory: what matters of it and where the next one is.
	values := func(at uint32) (map[uint16]uint32, uint32) {
		out := map[uint16]uint32{}
		if uint64(at)+2 > uint64(len(b)) {
			return out, 0
		}
		n := int(order.Uint16(b[at:]))
		p := int(at) + 2
		for range n {
			if p+12 > len(b) {
				return out, 0
			}
			tag, kind := order.Uint16(b[p:]), order.Uint16(b[p+2:])
			switch {
			case kind == 3: // SHORT
				out[tag] = uint32(order.Uint16(b[p+8:]))
			case kind == 4: // LONG
				out[tag] = order.Uint32(b[p+8:])
			}
			p += 12
		}
		if p+4 > len(b) {
			return out, 0
		}
		return out, order.Uint32(b[p:])
	}
	first, next := values(order.Uint32(b[4:]))
	if t := first[tagOrientation]; t >= 1 && t <= 8 {
		m.turn = int(t)
	}
	if next == 0 {
		return
	}
	second, _ := values(next)
	from, n := uint64(second[tagThumbOffset]), uint64(second[tagThumbLength])
	if n > 0 && from+n <= uint64(len(b)) && bytes.HasPrefix(b[from:from+n], []byte("\xff\xd8")) {
		m.thumb = b[from : from+n]
	}
}

// fits reports whether the picture may be decoded.
func (m *meta) fits() bool {
	limit := maxPixels
	if m.staged {
		limit = maxStaged
	}
	return m.width <= limit/m.height
}

// size is how wide and high the picture is seen.
func (m *meta) size() (w, h int) {
	if m.turn >= 5 {
		return m.height, m.width
	}
	return m.width, m.height
}

func (m *meta) tooBig() *Preview {
	p := &Preview{Kind: TooBig}
	p.Width, p.Height = m.size()
	return p
}

// enough is how large a small picture must be beside the box it is for.
const enough = 0.6

// small makes the preview of the camera's own small picture, nil if that will
// not do. Cameras give it bars where its shape differs from the picture's: they
// are cut off.
func (m *meta) small(box int) *Preview {
	if m.thumb == nil || m.width == 0 {
		return nil
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(m.thumb))
	if err != nil || c.Width > 1024 || c.Height > 1024 || float64(max(c.Width, c.Height)) < enough*float64(box) {
		return nil
	}
	img, _, err := image.Decode(bytes.NewReader(m.thumb))
	if err != nil {
		return nil
	}
	b := img.Bounds()
	if sub, ok := img.(interface {
		SubImage(image.Rectangle) image.Image
	}); ok {
		switch h, w := b.Dx()*m.height/m.width, b.Dy()*m.width/m.height; {
		case h < b.Dy()-2:
			b.Min.Y += (b.Dy() - h) / 2
			b.Max.Y = b.Min.Y + h
			img = sub.SubImage(b)
		case w < b.Dx()-2:
			b.Min.X += (b.Dx() - w) / 2
			b.Max.X = b.Min.X + w
			img = sub.SubImage(b)
		}
	}
	return m.finish(img, box)
}

// finish makes a picture as small as it is wanted and turns it upright.
func (m *meta) finish(img image.Image, box int) *Preview {
	p := &Preview{Kind: Picture}
	p.Width, p.Height = m.size()
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if w <= 0 || h <= 0 {
		return &Preview{}
	}
	if longest := max(w, h); longest > box && box > 0 {
		w, h = max(w*box/longest, 1), max(h*box/longest, 1)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if w == b.Dx() && h == b.Dy() {
		draw.Draw(out, out.Rect, img, b.Min, draw.Src)
	} else {
		scale(out, img)
	}
	p.Image = upright(out, m.turn)
	return p
}

// scale shrinks in two steps: a coarse one that touches every pixel little, and
// a fine one for the eye.
func scale(out *image.RGBA, img image.Image) {
	b := img.Bounds()
	if w := out.Rect.Dx() * 3; b.Dx() > 2*w {
		coarse := image.NewRGBA(image.Rect(0, 0, w, out.Rect.Dy()*3))
		draw.ApproxBiLinear.Scale(coarse, coarse.Rect, img, b, draw.Src, nil)
		img, b = coarse, coarse.Rect
	}
	draw.CatmullRom.Scale(out, out.Rect, img, b, draw.Src, nil)
}

// upright turns a picture as its Exif orientation says.
func upright(in *image.RGBA, turn int) image.Image {
	if turn <= 1 {
		return in
	}
	w, h := in.Rect.Dx(), in.Rect.Dy()
	size := image.Rect(0, 0, w, h)
	if turn >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			u, v := x, y
			switch turn {
			case 2:
				u = w - 1 - x
			case 3:
				u, v = w-1-x, h-1-y
			case 4:
				v = h - 1 - y
			case 5:
				u, v = y, x
			case 6:
				u, v = h-1-y, x
			case 7:
				u, v = h-1-y, w-1-x
			case 8:
				u, v = y, w-1-x
			}
			copy(out.Pix[out.PixOffset(u, v):][:4], in.Pix[in.PixOffset(x, y):][:4])
		}
	}
	return out
}
