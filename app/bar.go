package app

import (
	"strings"

	"fyne.io/fyne/v2"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/widgets/addressbox"
	"guichet/widgets/kit"
)

// barButton is a button of the bar with its command.
type barButton struct {
	id     string
	button *kit.Button
}

// barLayout places what stands left of the address box, the box, and what
// stands right of it. Where the room is short the labels at the right go first.
type barLayout struct{ left int } // how many objects stand left of the box

func (l *barLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(0, kit.Px(35))
	for _, o := range objects {
		size.Width += o.MinSize().Width + kit.Px(8)
	}
	return size
}

func (l *barLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	gap := kit.Px(8)
	place := func(o fyne.CanvasObject, x, w float32) {
		h := fyne.Min(o.MinSize().Height, size.Height)
		o.Resize(fyne.NewSize(w, h))
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
	}
	x, right := float32(0), size.Width
	for i := range min(l.left, len(objects)) {
		w := objects[i].MinSize().Width
		place(objects[i], x, w)
		x += w + gap
	}
	for i := len(objects) - 1; i > l.left; i-- {
		w := objects[i].MinSize().Width
		right -= w
		place(objects[i], right, w)
		right -= gap
	}
	if l.left < len(objects) {
		place(objects[l.left], x, fyne.Max(right-x, kit.Px(80)))
	}
}

// showBar draws the bar of the shown panel.
func (w *Window) showBar() {
	p := w.shown
	if p == nil {
		return
	}
	var bar panel.Bar
	w.guard(p.ID(), func() { bar = p.Bar() })
	commands := w.commandsOf(p)
	shape := p.ID() + "|" + strings.Join(bar.Left, ",") + "|" + strings.Join(bar.Right, ",")
	if shape != w.barOf {
		w.barOf = shape
		w.buildBar(bar, commands)
	}
	for _, b := range w.barCmds {
		if c := find(commands, b.id); c != nil {
			b.button.SetEnabled(c.Enabled == nil || c.Enabled())
			b.button.SetChecked(c.Checked != nil && c.Checked())
			if b.button.Text() == "" {
				b.button.SetTip(tipOf(c))
			}
			if c.Icon != nil {
				b.button.SetIcon(c.Icon)
			}
		}
	}
	w.address.SetPlaceholder(bar.Placeholder)
	w.address.SetAddress(bar.Address, bar.Secure, w.warning(bar.Address))
}

func (w *Window) buildBar(bar panel.Bar, commands []panel.Command) {
	w.barCmds = nil
	var left, right []fyne.CanvasObject
	add := func(id string, primary, iconOnly bool) fyne.CanvasObject {
		c := find(commands, id)
		if c == nil {
			return nil
		}
		params := kit.ButtonParams{Icon: c.Icon, Kind: kit.Plain, Text: c.Name, OnTapped: func() { w.Run(id) }}
		switch {
		case iconOnly:
			params.Text, params.Kind, params.Tip = "", kit.Quiet, tipOf(c)
		case primary:
			params.Kind = kit.Primary
		}
		b := kit.NewButton(params)
		w.barCmds = append(w.barCmds, barButton{id, b})
		return b
	}
	for _, id := range bar.Left {
		if b := add(id, false, true); b != nil {
			left = append(left, b)
		}
	}
	for i, id := range bar.Right {
		// Without a primary button all are icons, as in a browser.
		if b := add(id, bar.Primary && i == len(bar.Right)-1, !bar.Primary); b != nil {
			right = append(right, b)
		}
	}
	w.bar.Layout.(*barLayout).left = len(left)
	w.bar.Objects = append(append(left, fyne.CanvasObject(w.address)), right...)
	w.bar.Refresh()
}

// tipOf explains a button without a label: its name and its shortcut.
func tipOf(c *panel.Command) string {
	if s := shortcutText(c.Shortcut); s != "" {
		return c.Name + "  " + s
	}
	return c.Name
}

func (w *Window) buildAddress() {
	w.address = addressbox.New(addressbox.Params{
		Layer:     w.popups,
		OnChanged: w.suggest.changed,
		OnSubmit: func(text string) {
			w.address.Leave()
			w.OpenText(text)
		},
		OnLeave: w.leaveAddress,
	})
}

// leaveAddress gives the keyboard back to the panel.
func (w *Window) leaveAddress() {
	w.address.Leave()
	if p, ok := w.shown.(Paner); ok {
		if panes := p.Panes(); len(panes) > 0 {
			w.win.Canvas().Focus(panes[0])
		}
	}
}

// FocusAddress goes to the address box, for Ctrl+L.
func (w *Window) FocusAddress() { w.address.Focus() }

// statusText is the status line's sum of the jobs.
func statusText(running, waiting int, speed float64, left string) string {
	var parts []string
	switch {
	case running > 0:
		parts = append(parts, words.N("activity.summary.running", running))
	case waiting > 0:
		parts = append(parts, words.N("activity.summary.waiting", waiting))
	default:
		return ""
	}
	if running > 0 && speed > 0 {
		parts = append(parts, words.T("activity.speed", "Size", words.Size(int64(speed))))
	}
	if left != "" {
		parts = append(parts, words.T("activity.left", "Time", left))
	}
	return strings.Join(parts, " · ")
}
