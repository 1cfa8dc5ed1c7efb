package app

import (
	"log/slog"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/widgets/kit"
)

// statusLine is the line at the window's foot.
type statusLine struct {
	dot       *kit.Dot
	text      *kit.Text
	more      *kit.Text
	transfers *kit.Text
	link      *link
	row       *fyne.Container
}

func (s *statusLine) build(w *Window) fyne.CanvasObject {
	quiet := kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}
	shrink := quiet
	shrink.Shrink = true
	s.dot = kit.NewDot(kit.ColorNone)
	s.text, s.more, s.transfers = kit.NewText("", quiet), kit.NewText("", shrink), kit.NewText("", quiet)
	s.link = newLink(s.transfers, func() { w.ShowPanel("activity") })
	s.row = kit.Row(6, 2, s.dot, s.text, kit.Inset(0, 12, 0, 12, s.more), s.link)
	w.showTransfers()
	return kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface}), kit.Least(0, 29, kit.Inset(0, 14, 0, 14, s.row)))
}

var levels = map[panel.Level]fyne.ThemeColorName{
	panel.Good: kit.ColorGood, panel.Waiting: kit.ColorWaiting, panel.Bad: kit.ColorBad, panel.Idle: kit.ColorTrack,
}

// showStatus writes the shown panel's part.
func (w *Window) showStatus() {
	var s panel.Status
	if w.shown != nil {
		if item := w.shown.Status(); item != nil {
			var err error
			if s, err = item.Get(); err != nil {
				slog.Error("status", "panel", w.shown.ID(), "err", err)
			}
		}
	}
	w.status.dot.SetColor(levels[s.Level])
	w.status.dot.Hidden = s.Text == ""
	w.status.text.SetText(s.Text)
	w.status.more.SetText(s.More)
	w.status.row.Refresh()
}

// showTransfers writes the sum of the jobs.
func (w *Window) showTransfers() {
	text := ""
	if w.p.Jobs != nil {
		s, err := w.p.Jobs.Get()
		switch {
		case err != nil:
			slog.Error("jobs", "err", err)
		case s != nil:
			left := ""
			if s.Left > 0 {
				left = words.Duration(s.Left)
			}
			text = statusText(s.Running, s.Waiting, s.Speed, left)
		}
	}
	if w.status.transfers != nil && w.status.transfers.Text() != text {
		w.status.transfers.SetText(text)
		w.status.row.Refresh()
	}
}

// link is a text that can be clicked.
type link struct {
	widget.BaseWidget
	text *kit.Text
	do   func()
}

func newLink(t *kit.Text, do func()) *link {
	l := &link{text: t, do: do}
	l.ExtendBaseWidget(l)
	return l
}

func (l *link) Tapped(*fyne.PointEvent)             { l.do() }
func (l *link) Cursor() desktop.Cursor              { return desktop.PointerCursor }
func (l *link) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(l.text) }
