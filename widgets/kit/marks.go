package kit

import (
	"hash/fnv"
	"image/color"
	"strings"
	"time"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// NewBadge makes a small round count; "" hides it.
func NewBadge(text string) *Badge {
	b := &Badge{text: NewText(text, TextStyle{Size: 11, Color: ColorOnBadge, Align: fyne.TextAlignCenter})}
	b.ExtendBaseWidget(b)
	b.Hidden = text == ""
	return b
}

// Badge is a count on a coloured ground.
type Badge struct {
	widget.BaseWidget
	text *Text
}

// SetText changes the count; "" hides the badge.
func (b *Badge) SetText(text string) {
	b.text.SetText(text)
	if (text == "") != b.Hidden {
		b.Hidden = text == ""
		b.Refresh()
	}
}

// Text gives the count.
func (b *Badge) Text() string { return b.text.Text() }

// MinSize leaves the badge at least as wide as high.
func (b *Badge) MinSize() fyne.Size {
	b.ExtendBaseWidget(b)
	return fyne.NewSize(fyne.Max(b.text.NaturalWidth()+Px(10), Px(16)), Px(16))
}

// CreateRenderer is called by Fyne.
func (b *Badge) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(Over(NewBox(BoxStyle{Fill: ColorBadge, Round: true}), b.text))
}

// NewPill makes a short remark on a rounded ground, "connected · encrypted".
func NewPill(text string, icon fyne.Resource, colour, ground fyne.ThemeColorName) fyne.CanvasObject {
	line := []fyne.CanvasObject{NewText(text, TextStyle{Size: SizeSmall, Color: colour, Bold: true})}
	if icon != nil {
		line = append([]fyne.CanvasObject{NewImage(icon, 13, colour)}, line...)
	}
	return Over(NewBox(BoxStyle{Fill: ground, Round: true}), Inset(2, 10, 2, 10, Row(5, -1, line...)))
}

// Dot is the round mark of a state.
type Dot struct {
	widget.BaseWidget
	color  fyne.ThemeColorName
	circle *canvas.Circle
}

// NewDot makes a dot; size is in units of the design.
func NewDot(colour fyne.ThemeColorName) *Dot {
	d := &Dot{color: colour, circle: canvas.NewCircle(Color(colour))}
	d.ExtendBaseWidget(d)
	return d
}

// SetColor changes the colour; ColorNone makes the dot invisible but keeps its
// room.
func (d *Dot) SetColor(colour fyne.ThemeColorName) {
	if d.color != colour {
		d.color = colour
		d.Refresh()
	}
}

// Refresh takes the theme's colour again.
func (d *Dot) Refresh() {
	d.circle.FillColor = Color(d.color)
	d.BaseWidget.Refresh()
}

// MinSize is 8 units each way.
func (d *Dot) MinSize() fyne.Size {
	d.ExtendBaseWidget(d)
	return fyne.NewSquareSize(Px(8))
}

// CreateRenderer is called by Fyne.
func (d *Dot) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(d.circle) }

// avatarColors are grounds that white letters can be read on (4.5 to 1).
var avatarColors = []color.NRGBA{
	{0x17, 0x69, 0x8a, 0xff},
	{0x8a, 0x56, 0x9f, 0xff},
	{0xa8, 0x58, 0x14, 0xff},
	{0x3a, 0x78, 0x4b, 0xff},
	{0x33, 0x46, 0x5c, 0xff},
	{0xa6, 0x3d, 0x55, 0xff},
	{0x5b, 0x5e, 0xa6, 0xff},
	{0x6f, 0x5f, 0x33, 0xff},
}

// Initials gives the one or two letters that stand for a name or an address.
func Initials(name string) string {
	name, _, _ = strings.Cut(name, "@")
	words := strings.FieldsFunc(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	first := func(s string) string {
		for _, c := range s {
			return string(unicode.ToUpper(c))
		}
		return ""
	}
	switch len(words) {
	case 0:
		return "?"
	case 1:
		return first(words[0])
	}
	return first(words[0]) + first(words[len(words)-1])
}

// AvatarColor gives the colour that belongs to a name.
func AvatarColor(name string) color.Color {
	h := fnv.New32a()
	_, _ = h.Write([]byte(strings.ToLower(name))) // never fails
	return avatarColors[h.Sum32()%uint32(len(avatarColors))]
}

// Avatar is the letters of a name on its colour.
type Avatar struct {
	widget.BaseWidget
	name   string
	size   float32
	square bool
	ground *canvas.Rectangle
	text   *canvas.Text
}

// NewAvatar makes an avatar, round or with rounded corners; size is in units of
// the design.
func NewAvatar(name string, size float32, square bool) *Avatar {
	a := &Avatar{name: name, size: size, square: square, ground: canvas.NewRectangle(nil), text: canvas.NewText("", color.White)}
	a.text.Alignment, a.text.TextStyle.Bold = fyne.TextAlignCenter, true
	a.ExtendBaseWidget(a)
	a.apply()
	return a
}

// SetName changes whom it stands for.
func (a *Avatar) SetName(name string) {
	if a.name != name {
		a.name = name
		a.Refresh()
	}
}

func (a *Avatar) apply() {
	a.ground.FillColor = AvatarColor(a.name)
	a.ground.CornerRadius = canvas.RadiusMaximum
	a.text.Text = Initials(a.name)
	if a.square {
		a.ground.CornerRadius = Px(a.size) / 4.4
		a.text.Text = string([]rune(a.text.Text)[:1])
	}
	a.text.TextSize = Px(a.size) * 0.36
}

// Refresh takes the text size again.
func (a *Avatar) Refresh() {
	a.apply()
	a.BaseWidget.Refresh()
}

// MinSize is the size given to NewAvatar.
func (a *Avatar) MinSize() fyne.Size {
	a.ExtendBaseWidget(a)
	return fyne.NewSquareSize(Px(a.size))
}

// CreateRenderer is called by Fyne.
func (a *Avatar) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(a.ground, a.text))
}

// Card is content on a surface with an outline and round corners. padding is in
// units of the design.
func Card(padding float32, content fyne.CanvasObject) *fyne.Container {
	return Over(NewBox(BoxStyle{Fill: ColorSurface, Edge: ColorLine, Radius: 14}), Inset(padding, padding, padding, padding, content))
}

// loadingDelay is how long work may take before it is shown.
const loadingDelay = 300 * time.Millisecond

// loadingStep is how often the bar moves: seldom, because each step draws the
// window again.
const loadingStep = 120 * time.Millisecond

// LoadingBar is a quiet bar, two units high, that says that something is being
// loaded. It appears after 300 ms and does nothing while it is not shown.
type LoadingBar struct {
	widget.BaseWidget
	track, bar *Box
	on, shown  bool
	fraction   float32 // of the work; below 0: unknown
	phase      float32
	timer      *time.Timer
}

// NewLoadingBar makes a bar that is off.
func NewLoadingBar() *LoadingBar {
	l := &LoadingBar{track: NewBox(BoxStyle{Fill: ColorTrack}), bar: NewBox(BoxStyle{Fill: ColorPrimary}), fraction: -1}
	l.ExtendBaseWidget(l)
	return l
}

// Start begins the wait before the bar appears.
func (l *LoadingBar) Start() {
	if l.on {
		return
	}
	l.on, l.fraction, l.phase = true, -1, 0
	l.after(loadingDelay)
}

// Set shows how much of the work is done, 0 to 1; below 0 is unknown.
func (l *LoadingBar) Set(fraction float32) {
	l.Start()
	if fraction != l.fraction {
		l.fraction = min(fraction, 1)
		l.Refresh()
	}
}

// Stop hides the bar.
func (l *LoadingBar) Stop() {
	if !l.on {
		return
	}
	l.on, l.shown = false, false
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	l.Refresh()
}

// Running reports whether the bar was started and not stopped.
func (l *LoadingBar) Running() bool { return l.on }

func (l *LoadingBar) after(d time.Duration) {
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		fyne.Do(func() {
			if l.on && l.timer == t {
				l.step()
			}
		})
	})
	l.timer = t
}

func (l *LoadingBar) step() {
	l.shown = true
	l.phase += 0.06
	if l.phase > 1 {
		l.phase = -0.3
	}
	if l.Visible() {
		l.Refresh()
	}
	l.after(loadingStep)
}

// MinSize is two units high.
func (l *LoadingBar) MinSize() fyne.Size {
	l.ExtendBaseWidget(l)
	return fyne.NewSize(0, Px(2))
}

// CreateRenderer is called by Fyne.
func (l *LoadingBar) CreateRenderer() fyne.WidgetRenderer { return &loadingRenderer{l} }

type loadingRenderer struct{ l *LoadingBar }

func (r *loadingRenderer) Destroy()           { r.l.Stop() }
func (r *loadingRenderer) MinSize() fyne.Size { return r.l.MinSize() }

func (r *loadingRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.l.track, r.l.bar}
}

func (r *loadingRenderer) Layout(size fyne.Size) {
	l := r.l
	l.track.Hidden, l.bar.Hidden = !l.shown, !l.shown
	l.track.Resize(size)
	from, to := l.phase, l.phase+0.3
	if l.fraction >= 0 {
		from, to = 0, l.fraction
	}
	from, to = max(from, 0), min(to, 1)
	l.bar.Move(fyne.NewPos(size.Width*from, 0))
	l.bar.Resize(fyne.NewSize(size.Width*max(to-from, 0), size.Height))
}

func (r *loadingRenderer) Refresh() {
	r.Layout(r.l.Size())
	r.l.track.Refresh()
	r.l.bar.Refresh()
}
