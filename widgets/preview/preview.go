// Package preview shows what a file looks like: its picture, or the beginning of
// its text, with its name above and facts about it below.
package preview

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/kit"
	"guichet/widgets/rowlist"
)

// Data is what a Card shows; its texts are finished. One of Picture, Lines and
// Note fills the middle; with none of them it is the icon.
type Data struct {
	Name    string
	Icon    fyne.Resource
	Picture image.Image
	Lines   []string
	Note    string   // under the icon: why there is nothing to see
	Facts   []string // a line each
	Loading bool
}

// Card is the widget.
type Card struct {
	widget.BaseWidget
	data    Data
	name    *kit.Text
	bar     *kit.LoadingBar
	icon    *kit.Image
	note    *kit.Paragraph
	empty   fyne.CanvasObject
	picture *canvas.Image
	lines   *rowlist.List
	facts   *fyne.Container
	object  fyne.CanvasObject
}

// lineHeight is that of a line of text, in units of the design.
const lineHeight = 17

// New makes an empty card. onClose is called by the button at its head, whose
// explanation is tip.
func New(tip string, onClose func()) *Card {
	c := &Card{
		name: kit.NewText("", kit.TextStyle{Bold: true, Shrink: true}), bar: kit.NewLoadingBar(),
		icon: kit.NewImage(nil, 56, kit.ColorQuiet), note: kit.NewParagraph("", kit.TextStyle{Color: kit.ColorQuiet, Align: fyne.TextAlignCenter}),
		picture: canvas.NewImageFromImage(nil), facts: kit.Column(2),
	}
	c.picture.FillMode = canvas.ImageFillContain
	c.lines = rowlist.New(rowlist.Params{
		RowHeight: func() float32 { return kit.Px(lineHeight) },
		Create: func() fyne.CanvasObject {
			return kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Mono: true, Shrink: true})
		},
		Update: func(i int, o fyne.CanvasObject, _ rowlist.State) {
			if i < len(c.data.Lines) {
				o.(*kit.Text).SetText(c.data.Lines[i])
			}
		},
		Single: true,
	})
	c.empty = kit.NewPage(260, true, kit.Column(12, c.icon, c.note))
	close := kit.NewButton(kit.ButtonParams{Icon: kit.Icon("close"), Kind: kit.Quiet, Small: true, Tip: tip, OnTapped: onClose})
	head := kit.Column(0, kit.Least(0, 40, kit.Inset(4, 6, 4, 14, kit.Row(6, 0, c.name, close))), kit.Line())
	foot := kit.Column(0, kit.Line(), kit.Inset(8, 14, 10, 14, c.facts))
	c.object = kit.Frame(head, container.NewStack(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide}),
		kit.Inset(12, 12, 12, 12, container.NewStack(c.picture, c.lines, c.empty)), kit.Frame(c.bar, kit.NewBox(kit.BoxStyle{}), nil)), foot)
	c.ExtendBaseWidget(c)
	c.Set(Data{})
	return c
}

// Set changes what is shown.
func (c *Card) Set(d Data) {
	c.data = d
	c.name.SetText(d.Name)
	c.icon.SetResource(d.Icon, kit.ColorQuiet)
	c.icon.Hidden = d.Icon == nil
	c.note.SetText(d.Note)
	c.picture.Hidden = d.Picture == nil
	c.lines.Hidden = d.Picture != nil || len(d.Lines) == 0
	c.empty.(fyne.Widget).(*kit.Page).Hidden = !c.picture.Hidden || !c.lines.Hidden
	if c.picture.Image != d.Picture {
		c.picture.Image = d.Picture
		c.picture.Refresh()
	}
	c.lines.SetLength(len(d.Lines))
	c.lines.SetOffset(0)
	if d.Loading {
		c.bar.Start()
	} else {
		c.bar.Stop()
	}
	c.facts.RemoveAll()
	for _, f := range d.Facts {
		c.facts.Add(kit.NewText(f, kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}))
	}
	c.Refresh()
}

// Data gives what is shown.
func (c *Card) Data() Data { return c.data }

// CreateRenderer is called by Fyne.
func (c *Card) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(c.object) }
