package mailpanel

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"guichet/widgets/kit"
)

// panes lays the three columns out as in the design: 217 and 371 units and the
// rest; where the window is narrow the first two give way, to 150 and 240.
type panes struct{}

func newPanes(folders, list, right fyne.CanvasObject) *fyne.Container {
	return container.New(panes{}, folders, kit.Line(), list, kit.Line(), right)
}

func (panes) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(kit.Px(150+240+300), kit.Px(200))
}

func (panes) Layout(o []fyne.CanvasObject, size fyne.Size) {
	const reading = 420 // what the reading pane keeps before the others give way
	first, second := kit.Px(217), kit.Px(371)
	if missing := first + second + kit.Px(reading) - size.Width; missing > 0 {
		give := fyne.Min(missing, second-kit.Px(240))
		second -= give
		first -= fyne.Min(missing-give, first-kit.Px(150))
	}
	x := float32(0)
	for i, w := range []float32{first, 1, second, 1, size.Width - first - second - 2} {
		o[i].Move(fyne.NewPos(x, 0))
		o[i].Resize(fyne.NewSize(fyne.Max(w, 0), size.Height))
		x += w
	}
}
