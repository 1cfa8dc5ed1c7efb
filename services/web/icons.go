package web

import (
	"bytes"
	"context"
	"image"
	_ "image/gif" // icon formats
	_ "image/jpeg"
	"image/png"
	"log/slog"
	"net/url"
	"sync"

	"github.com/fyne-io/image/ico"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"guichet/services/fault"
	"guichet/services/task"
	"guichet/services/web/fetch"
)

// iconSize is the width and height of a site's icon, in pixels; iconPixels
// bounds what is decoded for it.
const (
	iconSize   = 32
	iconPixels = 1 << 20
	iconCount  = 500
)

// icons keeps the icons of sites in memory; on the disk they are in the cache.
type icons struct {
	mu    sync.Mutex
	known map[string][]byte // by address; nil for those that have none
}

func newIcons() *icons { return &icons{known: map[string][]byte{}} }

func (i *icons) clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.known = map[string][]byte{}
}

// get gives the icon of a page as PNG, nil if it has none.
func (i *icons) get(ctx context.Context, l *fetch.Loader, p *Page) []byte {
	if p.URL.Scheme != "http" && p.URL.Scheme != "https" {
		return nil
	}
	address := p.icon
	if address == "" {
		address = (&url.URL{Scheme: p.URL.Scheme, Host: p.URL.Host, Path: "/favicon.ico"}).String()
	}
	i.mu.Lock()
	known, ok := i.known[address]
	i.mu.Unlock()
	if ok {
		return known
	}
	data, err := fetchIcon(ctx, l, p.URL, address)
	if err != nil && ctx.Err() != nil {
		return nil
	}
	if err != nil {
		slog.Debug("loading an icon", "host", p.URL.Host, "err", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.known) >= iconCount {
		i.known = map[string][]byte{}
	}
	i.known[address] = data
	return data
}

func fetchIcon(ctx context.Context, l *fetch.Loader, page *url.URL, address string) ([]byte, error) {
	u, err := fetch.ParseURL(nil, address)
	if err != nil {
		return nil, err
	}
	resp, data, err := l.All(ctx, fetch.Request{URL: u, Top: page, Kind: fetch.Image}, nil)
	if err != nil {
		return nil, err
	}
	if f := fetch.StatusFault(resp.Status, resp.Header, u.Host); f != nil {
		return nil, f
	}
	return decodeIcon(data)
}

// decodeIcon makes any picture a PNG of iconSize.
func decodeIcon(data []byte) (out []byte, err error) {
	err = task.Catch("decode icon", func() error { // decoders of other people's bytes
		var src image.Image
		var derr error
		if bytes.HasPrefix(data, []byte{0, 0, 1, 0}) {
			var config image.Config
			if config, derr = ico.DecodeConfig(bytes.NewReader(data)); derr == nil && config.Width*config.Height <= iconPixels {
				src, derr = ico.Decode(bytes.NewReader(data))
			}
		} else {
			var config image.Config
			if config, _, derr = image.DecodeConfig(bytes.NewReader(data)); derr == nil && config.Width*config.Height <= iconPixels {
				src, _, derr = image.Decode(bytes.NewReader(data))
			}
		}
		if derr != nil {
			return fault.New(fault.Damaged, "decode icon", "", derr)
		}
		if src == nil || src.Bounds().Empty() || src.Bounds().Dx()*src.Bounds().Dy() > iconPixels {
			return fault.Newf(fault.TooBig, "decode icon", "", "empty or too many pixels")
		}
		dst := image.NewNRGBA(image.Rect(0, 0, iconSize, iconSize))
		draw.CatmullRom.Scale(dst, fit(src.Bounds()), src, src.Bounds(), draw.Src, nil)
		var buf bytes.Buffer
		if perr := png.Encode(&buf, dst); perr != nil {
			return fault.New(fault.Internal, "decode icon", "", perr)
		}
		out = buf.Bytes()
		return nil
	})
	return out, err
}

// fit is the largest box of that shape in the middle of an icon.
func fit(b image.Rectangle) image.Rectangle {
	w, h := iconSize, iconSize
	if b.Dx() > b.Dy() {
		h = max(1, iconSize*b.Dy()/b.Dx())
	} else {
		w = max(1, iconSize*b.Dx()/b.Dy())
	}
	x, y := (iconSize-w)/2, (iconSize-h)/2
	return image.Rect(x, y, x+w, y+h)
}
