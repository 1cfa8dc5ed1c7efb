// Package toast shows short messages at a window's foot, with a button that
// undoes or does more.
package toast

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/kit"
)

// Message is what is shown.
type Message struct {
	Text   string
	Action string
	Do     func()
	For    time.Duration
}

// Layer is what messages are shown in. It lies over the window's content and
// lets the mouse through where there is no message.
type Layer struct {
	widget.BaseWidget
	current fyne.CanvasObject
	message Message
	count   int
	after   func(time.Duration, func()) (stop func())
	stop    func()
	// OnHide is called after a message went away, with whether its action was
	// chosen.
	OnHide func(m Message, done bool)
}

// NewLayer makes an empty layer. after calls a function later on the UI
// goroutine; nil uses the clock.
func NewLayer(after func(time.Duration, func()) (stop func())) *Layer {
	if after == nil {
		after = func(d time.Duration, f func()) func() {
			t := time.AfterFunc(d, func() { fyne.Do(f) })
			return func() { t.Stop() }
		}
	}
	l := &Layer{after: after}
	l.ExtendBaseWidget(l)
	return l
}

// Say shows a message in place of the one before.
func (l *Layer) Say(m Message) {
	if l.current != nil {
		l.Dismiss(false)
	}
	if m.For == 0 {
		m.For = 5 * time.Second
		if m.Action != "" {
			m.For = 10 * time.Second
		}
	}
	l.count++
	n := l.count
	l.message = m
	parts := []fyne.CanvasObject{kit.NewText(m.Text, kit.TextStyle{Color: kit.ColorSurface, Shrink: true})}
	parts[0] = kit.Fit(parts[0].(*kit.Text), 640)
	if m.Action != "" {
		parts = append(parts, kit.NewButton(kit.ButtonParams{
			Text: m.Action, Small: true, OnTapped: func() { l.Act() },
		}))
	}
	parts = append(parts, kit.NewButton(kit.ButtonParams{
		Icon: kit.Icon("close"), Kind: kit.Quiet, Small: true, Color: kit.ColorSurface, OnTapped: func() { l.Dismiss(false) },
	}))
	l.current = kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorText, Radius: 10}), kit.Inset(8, 10, 8, 18, kit.Row(12, -1, parts...)))
	l.stop = l.after(m.For, func() {
		if l.count == n {
			l.Dismiss(false)
		}
	})
	l.Refresh()
}

// Current is the message that is shown, if any.
func (l *Layer) Current() (Message, bool) { return l.message, l.current != nil }

// Act does the shown message's action, as its button does.
func (l *Layer) Act() {
	m, ok := l.Current()
	if !ok {
		return
	}
	l.Dismiss(true)
	if m.Do != nil {
		m.Do()
	}
}

// Dismiss takes the shown message away.
func (l *Layer) Dismiss(done bool) {
	if l.current == nil {
		return
	}
	l.stop()
	m := l.message
	l.current, l.message = nil, Message{}
	l.Refresh()
	if l.OnHide != nil {
		l.OnHide(m, done)
	}
}

// CreateRenderer is called by Fyne.
func (l *Layer) CreateRenderer() fyne.WidgetRenderer { return &renderer{l} }

type renderer struct{ l *Layer }

func (r *renderer) Destroy()           {}
func (r *renderer) MinSize() fyne.Size { return fyne.Size{} }

func (r *renderer) Objects() []fyne.CanvasObject {
	if r.l.current == nil {
		return nil
	}
	return []fyne.CanvasObject{r.l.current}
}

func (r *renderer) Layout(size fyne.Size) {
	if r.l.current == nil {
		return
	}
	m := r.l.current.MinSize()
	m.Width = fyne.Min(m.Width, size.Width-kit.Px(32))
	r.l.current.Resize(m)
	r.l.current.Move(fyne.NewPos((size.Width-m.Width)/2, size.Height-m.Height-kit.Px(44)))
}

func (r *renderer) Refresh() {
	r.Layout(r.l.Size())
	if r.l.current != nil {
		r.l.current.Refresh()
	}
}
