package kit

import (
	"sync"
	"time"

	"fyne.io/fyne/v2"
)

// TipDelay is how long the pointer rests before an explanation appears.
const TipDelay = 600 * time.Millisecond

// tipLayers are the layers for tips by window. A tip cannot be a pop-up of
// Fyne's: that would take the mouse away from the button below.
var (
	tipMu     sync.Mutex
	tipLayers = map[fyne.Canvas]*fyne.Container{}
)

// SetTipLayer names the container, laid over a window's whole content and
// without a layout, in which tips are drawn. nil forgets the window.
func SetTipLayer(c fyne.Canvas, layer *fyne.Container) {
	tipMu.Lock()
	defer tipMu.Unlock()
	if layer == nil {
		delete(tipLayers, c)
		return
	}
	tipLayers[c] = layer
}

// tipTimer shows a tip near an object after TipDelay.
type tipTimer struct {
	timer *time.Timer
	shown *fyne.Container
	tip   fyne.CanvasObject
}

func (t *tipTimer) start(o fyne.CanvasObject, text string) {
	t.stop()
	if text == "" {
		return
	}
	t.timer = time.AfterFunc(TipDelay, func() {
		fyne.Do(func() {
			if t.timer != nil {
				t.show(o, text)
			}
		})
	})
}

func (t *tipTimer) stop() {
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	if t.shown != nil {
		t.shown.Remove(t.tip)
		t.shown.Refresh()
		t.shown = nil
	}
}

func (t *tipTimer) show(o fyne.CanvasObject, text string) {
	driver := fyne.CurrentApp().Driver()
	c := driver.CanvasForObject(o)
	tipMu.Lock()
	layer := tipLayers[c]
	tipMu.Unlock()
	if layer == nil {
		return
	}
	tip := Over(NewBox(BoxStyle{Fill: ColorText, Radius: 6}),
		Inset(4, 10, 4, 10, NewText(text, TextStyle{Size: SizeSmall, Color: ColorSurface})))
	size := tip.MinSize()
	origin := driver.AbsolutePositionForObject(layer)
	at := driver.AbsolutePositionForObject(o).Subtract(origin)
	at.Y += o.Size().Height + Px(6)
	at.X += (o.Size().Width - size.Width) / 2
	room := layer.Size()
	if at.Y+size.Height > room.Height {
		at.Y -= o.Size().Height + size.Height + Px(12)
	}
	at.X = fyne.Max(fyne.Min(at.X, room.Width-size.Width-Px(4)), Px(4))
	tip.Resize(size)
	tip.Move(at)
	t.shown, t.tip = layer, tip
	layer.Add(tip)
}
