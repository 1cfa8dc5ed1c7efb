package kit

import (
	"bytes"
	"fmt"
	"image/color"
	"log/slog"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"guichet/assets/icons"
)

var (
	iconMu    sync.Mutex
	iconFiles = map[string][]byte{}
)

// iconFile reads an icon once. A name that does not exist gives nil and a line
// in the log; a test reads the source for such names.
func iconFile(name string) []byte {
	iconMu.Lock()
	defer iconMu.Unlock()
	data, ok := iconFiles[name]
	if !ok {
		var err error
		if data, err = icons.Files.ReadFile(name + ".svg"); err != nil {
			slog.Error("icon missing", "name", name)
		}
		iconFiles[name] = data
	}
	return data
}

// resource is an icon in a colour of the theme: asked again after a change of
// theme it gives other content under another name.
type resource struct {
	icon  string
	color fyne.ThemeColorName
}

// Icon is the icon of that name (see assets/icons) in the colour of text.
func Icon(name string) fyne.Resource { return IconIn(name, ColorText) }

// IconIn is the icon of that name in a colour of the theme.
func IconIn(name string, colour fyne.ThemeColorName) fyne.Resource {
	return &resource{icon: name, color: colour}
}

func (r *resource) hex() string {
	c, _ := color.NRGBAModel.Convert(Color(r.color)).(color.NRGBA)
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

// Name differs by colour, because Fyne keeps drawn icons by name.
func (r *resource) Name() string { return "guichet-" + r.icon + r.hex() + ".svg" }

func (r *resource) Content() []byte {
	return bytes.ReplaceAll(iconFile(r.icon), []byte(icons.Ink), []byte(r.hex()))
}

// Recolor gives res in another colour if it is one of Guichet's icons.
func Recolor(res fyne.Resource, colour fyne.ThemeColorName) fyne.Resource {
	if r, ok := res.(*resource); ok && r.color != colour {
		return &resource{icon: r.icon, color: colour}
	}
	return res
}

// Image shows an icon at a size of the design.
type Image struct {
	widget.BaseWidget
	res   fyne.Resource
	color fyne.ThemeColorName
	size  float32
	img   *canvas.Image
}

// NewImage makes an Image; size is in units of the design. A colour other than
// ColorNone recolours an icon of Guichet's.
func NewImage(res fyne.Resource, size float32, colour fyne.ThemeColorName) *Image {
	i := &Image{res: res, size: size, color: colour, img: canvas.NewImageFromResource(nil)}
	i.img.FillMode = canvas.ImageFillContain
	i.ExtendBaseWidget(i)
	return i
}

// SetResource changes what is shown.
func (i *Image) SetResource(res fyne.Resource, colour fyne.ThemeColorName) {
	if i.res == res && i.color == colour {
		return
	}
	i.res, i.color = res, colour
	i.Refresh()
}

func (i *Image) apply() {
	res := i.res
	if i.color != ColorNone {
		res = Recolor(res, i.color)
	}
	i.img.Resource = res
}

// CreateRenderer is called by Fyne.
func (i *Image) CreateRenderer() fyne.WidgetRenderer {
	i.apply()
	return &imageRenderer{i}
}

type imageRenderer struct{ i *Image }

func (r *imageRenderer) Destroy()                     {}
func (r *imageRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.i.img} }
func (r *imageRenderer) MinSize() fyne.Size           { return fyne.NewSquareSize(Px(r.i.size)) }

func (r *imageRenderer) Layout(size fyne.Size) {
	s := fyne.NewSquareSize(fyne.Min(Px(r.i.size), fyne.Min(size.Width, size.Height)))
	r.i.img.Resize(s)
	r.i.img.Move(fyne.NewPos((size.Width-s.Width)/2, (size.Height-s.Height)/2))
}

func (r *imageRenderer) Refresh() {
	r.i.apply()
	r.Layout(r.i.Size())
	r.i.img.Refresh()
}
