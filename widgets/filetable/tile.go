package filetable

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/kit"
	"guichet/widgets/rowlist"
)

// tile draws one file of the grid: its picture or icon, and its name below.
type tile struct {
	widget.BaseWidget
	ground  *kit.Box
	icon    *kit.Image
	picture *canvas.Image
	name    *kit.Text
}

func newTile() *tile {
	t := &tile{
		ground: kit.NewBox(kit.BoxStyle{}), icon: kit.NewImage(nil, 44, kit.ColorText), picture: canvas.NewImageFromImage(nil),
		name: kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Shrink: true, Align: fyne.TextAlignCenter}),
	}
	t.picture.FillMode = canvas.ImageFillContain
	t.picture.Hide()
	t.ExtendBaseWidget(t)
	return t
}

func (t *tile) set(v Row, s rowlist.State, marked bool) {
	style := ground(s, marked)
	style.Radius = 8
	if s.Current && s.Focused && !marked {
		style.Edge = kit.ColorPrimary
	}
	t.ground.SetStyle(style)
	text, icon := colours(v)
	if v.IconColor == kit.ColorNone {
		icon = kit.ColorQuiet
	}
	t.name.Set(v.Name, kit.TextStyle{Size: kit.SizeSmall, Shrink: true, Align: fyne.TextAlignCenter, Color: text})
	t.icon.SetResource(v.Icon, icon)
	t.icon.Hidden = v.Picture != nil
	t.picture.Hidden = v.Picture == nil
	if t.picture.Image != v.Picture {
		t.picture.Image = v.Picture
		t.picture.Refresh()
	}
	t.Refresh()
}

// CreateRenderer is called by Fyne.
func (t *tile) CreateRenderer() fyne.WidgetRenderer { return &tileRenderer{t} }

type tileRenderer struct{ t *tile }

func (o *tileRenderer) Destroy() {}
func (o *tileRenderer) MinSize() fyne.Size {
	return fyne.NewSize(kit.Px(tileWidth), kit.Px(tileHeight))
}

func (o *tileRenderer) Layout(s fyne.Size) {
	t := o.t
	edge, pad := kit.Px(4), kit.Px(10)
	t.ground.Move(fyne.NewSquareOffsetPos(edge))
	t.ground.Resize(s.SubtractWidthHeight(2*edge, 2*edge))
	h := t.name.MinSize().Height
	box := fyne.NewSize(s.Width-2*pad, s.Height-2*pad-h-kit.Px(2))
	for _, o := range []fyne.CanvasObject{t.icon, t.picture} {
		o.Move(fyne.NewSquareOffsetPos(pad))
		o.Resize(box)
	}
	t.name.Move(fyne.NewPos(pad, s.Height-pad-h))
	t.name.Resize(fyne.NewSize(s.Width-2*pad, h))
}

func (o *tileRenderer) Refresh() {
	o.t.ground.Refresh()
	o.t.icon.Refresh()
	o.t.name.Refresh()
	canvas.Refresh(o.t.picture)
}

func (o *tileRenderer) Objects() []fyne.CanvasObject {
	t := o.t
	return []fyne.CanvasObject{t.ground, t.icon, t.picture, t.name}
}
