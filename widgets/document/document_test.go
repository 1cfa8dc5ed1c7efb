package document

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakePage is lines of ten characters, each 10 by 20 CSS pixels.
type fakePage struct {
	lines   []string
	width   float32
	links   map[int]Link // by line
	field   *Control
	check   *Control
	choose  *Control
	send    *Control
	painted []image.Rectangle
}

const (
	charWidth  = 10
	lineHeight = 20
	perLine    = 11 // characters and a line feed
)

func newFake(n int) *fakePage {
	p := &fakePage{width: 300, links: map[int]Link{}}
	for i := range n {
		p.lines = append(p.lines, fmt.Sprintf("line %05d", i))
	}
	return p
}

func (p *fakePage) Size() (w, h float32)    { return p.width, float32(len(p.lines) * lineHeight) }
func (p *fakePage) Background() color.NRGBA { return color.NRGBA{R: 250, G: 250, B: 240, A: 255} }

func (p *fakePage) Paint(dst *image.RGBA, x, y, scale float32) {
	at := image.Rect(int(x*scale), int(y*scale), int(x*scale)+dst.Rect.Dx(), int(y*scale)+dst.Rect.Dy())
	p.painted = append(p.painted, at)
	c := color.NRGBA{R: uint8(at.Min.Y / tileHeight), B: 9, A: 255}
	draw.Draw(dst, dst.Rect, image.NewUniform(c), image.Point{}, draw.Src)
}

func (p *fakePage) controls() []*Control {
	var out []*Control
	for _, c := range []*Control{p.field, p.check, p.choose, p.send} {
		if c != nil {
			out = append(out, c)
		}
	}
	return out
}

func (p *fakePage) line(y float32) int {
	return min(max(int(y/lineHeight), 0), len(p.lines)-1)
}

func (p *fakePage) Hit(x, y float32) Hit {
	h := Hit{Position: p.Position(x, y), OnText: x < 10*charWidth}
	if l, ok := p.links[p.line(y)]; ok && h.OnText {
		h.Link = &l
	}
	for _, c := range p.controls() {
		if (Rect{x, y, 1, 1}).overlaps(c.Rect) {
			v := *c
			h.Control = &v
		}
	}
	return h
}

func (p *fakePage) Position(x, y float32) int {
	return p.line(y)*perLine + min(max(int(x/charWidth+0.5), 0), 10)
}

func (p *fakePage) text() string { return strings.Join(p.lines, "\n") }

func (p *fakePage) Word(at int) Range {
	line, col := at/perLine, at%perLine
	if col < 4 {
		return Range{line * perLine, line*perLine + 4}
	}
	return Range{line*perLine + 5, line*perLine + 10}
}

func (p *fakePage) Paragraph(at int) Range {
	return Range{at / perLine * perLine, at/perLine*perLine + 10}
}
func (p *fakePage) All() Range          { return Range{0, len(p.text())} }
func (p *fakePage) Text(r Range) string { return p.text()[r.Start:r.End] }
func (p *fakePage) HTML(r Range) string { return "<p>" + p.Text(r) }

func (p *fakePage) Rects(r Range) []Rect {
	var out []Rect
	for line := r.Start / perLine; line <= r.End/perLine; line++ {
		from, to := max(r.Start-line*perLine, 0), min(r.End-line*perLine, 10)
		if to > from {
			out = append(out, Rect{float32(from) * charWidth, float32(line * lineHeight), float32(to-from) * charWidth, lineHeight})
		}
	}
	return out
}

func (p *fakePage) Caret(at int) Rect {
	return Rect{X: float32(at%perLine) * charWidth, Y: float32(at / perLine * lineHeight), H: lineHeight}
}

func (p *fakePage) Find(text string) []Range {
	var out []Range
	all := p.text()
	for i := 0; ; {
		n := strings.Index(all[i:], text)
		if n < 0 {
			return out
		}
		out = append(out, Range{i + n, i + n + len(text)})
		i += n + len(text)
	}
}

func (p *fakePage) Anchor(name string) (float32, bool) {
	var n int
	if _, err := fmt.Sscanf(name, "line-%d", &n); err != nil {
		return 0, false
	}
	return float32(n * lineHeight), true
}

func (p *fakePage) Focusables() []Focusable {
	var out []Focusable
	for line := range p.lines {
		if l, ok := p.links[line]; ok {
			out = append(out, Focusable{Link: &l, Control: -1, Rects: []Rect{{0, float32(line * lineHeight), 100, lineHeight}}})
		}
	}
	for _, c := range p.controls() {
		out = append(out, Focusable{Control: c.ID, Rects: []Rect{c.Rect}})
	}
	return out
}

func (p *fakePage) Control(id int) (Control, bool) {
	for _, c := range p.controls() {
		if c.ID == id {
			return *c, true
		}
	}
	return Control{}, false
}

// show puts a document of 300 by 200 units into a window; workers run at once.
func show(t testing.TB, p Page) *Document {
	t.Helper()
	test.NewTempApp(t)
	d := New(func(f func()) { f() })
	d.Post = func(f func()) { f() }
	w := test.NewTempWindow(t, d)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(300, 200))
	d.SetPage(p, Nothing)
	w.Canvas().Capture() // what is never painted cannot get the focus
	return d
}

func mouse(b desktop.MouseButton, x, y float32, mod fyne.KeyModifier) *desktop.MouseEvent {
	return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, y), AbsolutePosition: fyne.NewPos(x, y)}, Button: b, Modifier: mod}
}

func click(d *Document, x, y float32, mod fyne.KeyModifier) {
	d.MouseDown(mouse(desktop.MouseButtonPrimary, x, y, mod))
	d.MouseUp(mouse(desktop.MouseButtonPrimary, x, y, mod))
}

func drag(d *Document, x0, y0, x1, y1 float32) {
	d.MouseDown(mouse(desktop.MouseButtonPrimary, x0, y0, 0))
	d.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x1, y1)}})
	d.MouseUp(mouse(desktop.MouseButtonPrimary, x1, y1, 0))
	d.DragEnd()
}

func key(d *Document, name fyne.KeyName) { d.TypedKey(&fyne.KeyEvent{Name: name}) }

func TestTiles_OnlyAroundTheView(t *testing.T) {
	p := newFake(5000) // 100,000 pixels
	d := show(t, p)
	require.NotEmpty(t, d.tileLayer.Objects)
	assert.LessOrEqual(t, len(d.tiles.at), 3)
	d.ScrollTo(0, 50_000)
	assert.LessOrEqual(t, len(d.tiles.at), 5, "tiles that scrolled away are given up")
	for k, tl := range d.tiles.at {
		img := tl.img.Image.(*image.RGBA)
		assert.Equal(t, uint8(k.row), img.Pix[0], "each tile shows its part")
		assert.Equal(t, fyne.NewPos(0, float32(k.row*tileHeight)), tl.img.Position())
		assert.Equal(t, canvas.ImageScaleFastest, tl.img.ScaleMode)
		assert.Equal(t, image.Point{}, img.Rect.Min)
		assert.Equal(t, 4*img.Rect.Dx(), img.Stride)
	}
	painted := len(p.painted)
	d.ScrollTo(0, 50_010)
	assert.LessOrEqual(t, len(p.painted)-painted, 1, "a step paints no tile again")
}

func TestTiles_LatePaintsAreDropped(t *testing.T) {
	p := newFake(100)
	var work []func()
	test.NewTempApp(t)
	d := New(func(f func()) { work = append(work, f) })
	d.Post = func(f func()) { f() }
	w := test.NewTempWindow(t, d)
	w.Resize(fyne.NewSize(300, 200))
	d.SetPage(p, Nothing)
	require.Len(t, work, maxWorkers, "painting is bounded")
	late := work
	work = nil
	other := newFake(100)
	other.width = 200
	d.SetPage(other, Nothing)
	for _, f := range late {
		f()
	}
	assert.Empty(t, d.tiles.at, "nothing of the old page is shown")
	for len(work) > 0 {
		f := work[0]
		work = work[1:]
		f()
	}
	require.NotEmpty(t, d.tiles.at)
	for _, tl := range d.tiles.at {
		assert.Equal(t, 200, tl.img.Image.Bounds().Dx())
	}
}

func TestTiles_ComeBackAfterTheViewWasHidden(t *testing.T) {
	d := show(t, newFake(100))
	d.ScrollTo(0, 1000)
	test.WidgetRenderer(d).Destroy() // what Fyne does a minute after a tab was left
	assert.Empty(t, d.tiles.at)
	d.CreateRenderer()
	assert.NotEmpty(t, d.tiles.at)
	_, y := d.Offset()
	assert.EqualValues(t, 1000, y)
}

func TestScroll_WheelAndKeys(t *testing.T) {
	d := show(t, newFake(100))
	var told float32
	d.OnScroll = func(y float32) { told = y }
	offset := func() float32 { _, y := d.Offset(); return y }
	d.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -25)})
	assert.InDelta(t, 60, offset(), 1)
	assert.Equal(t, offset(), told)
	d.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 250)})
	assert.Zero(t, offset())
	key(d, fyne.KeyDown)
	assert.EqualValues(t, lineStep, offset())
	key(d, fyne.KeyPageDown)
	assert.EqualValues(t, lineStep+200-pageOverlap, offset())
	key(d, fyne.KeyEnd)
	assert.EqualValues(t, 1800, offset(), "the last page ends at the view's end")
	key(d, fyne.KeySpace)
	assert.EqualValues(t, 1800, offset())
	key(d, fyne.KeyPageUp)
	assert.EqualValues(t, 1640, offset())
	key(d, fyne.KeyHome)
	assert.Zero(t, offset())
	require.True(t, d.ScrollToAnchor("line-50"))
	assert.EqualValues(t, 1000, offset())
	require.False(t, d.ScrollToAnchor("nowhere"))
	assert.EqualValues(t, 1000, offset())
	require.True(t, d.ScrollToAnchor("top"))
	assert.Zero(t, offset())
}

func TestScroll_Bar(t *testing.T) {
	d := show(t, newFake(100)) // 2000 in a view of 200
	thumb := d.bars[0].thumb
	require.True(t, thumb.Visible())
	assert.False(t, d.bars[1].thumb.Visible())
	assert.EqualValues(t, thumbMin, thumb.Size().Height)
	drag(d, 296, 5, 296, 90) // half of the way of 170
	_, y := d.Offset()
	assert.InDelta(t, 900, y, 1)
	click(d, 296, 199, 0)
	_, y = d.Offset()
	assert.InDelta(t, 900+200-pageOverlap, y, 1)
	assert.True(t, d.Selection().Empty(), "the bar does not select")
	d.SetPage(newFake(3), Nothing)
	assert.False(t, thumb.Visible())
}

func TestLinks(t *testing.T) {
	p := newFake(100)
	p.links[2] = Link{URL: "https://example.org/two"}
	d := show(t, p)
	type opened struct {
		url   string
		where Where
	}
	var got []opened
	d.OnLink = func(l Link, w Where) { got = append(got, opened{l.URL, w}) }
	hover := "-"
	d.OnHover = func(s string) { hover = s }

	d.MouseMoved(mouse(0, 20, 50, 0))
	assert.Equal(t, "https://example.org/two", hover)
	assert.Equal(t, desktop.PointerCursor, d.Cursor())
	d.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -25)})
	assert.Empty(t, hover, "the link scrolled away from under the mouse")
	assert.Equal(t, desktop.TextCursor, d.Cursor())
	d.ScrollTo(0, 0)
	d.MouseMoved(mouse(0, 250, 50, 0))
	assert.Equal(t, desktop.DefaultCursor, d.Cursor())

	click(d, 20, 50, 0)
	d.pointer.last = time.Time{}
	click(d, 20, 50, fyne.KeyModifierShortcutDefault)
	d.MouseDown(mouse(desktop.MouseButtonTertiary, 20, 50, 0))
	d.MouseUp(mouse(desktop.MouseButtonTertiary, 20, 50, 0))
	assert.Equal(t, []opened{{"https://example.org/two", Here}, {"https://example.org/two", NewTab}, {"https://example.org/two", NewTab}}, got)
	drag(d, 20, 50, 80, 90)
	assert.Len(t, got, 3, "a drag that begins on a link selects")
}

func TestMenu(t *testing.T) {
	p := newFake(10)
	p.links[0] = Link{URL: "https://example.org/"}
	d := show(t, p)
	var got Menu
	d.OnMenu = func(m Menu, _ fyne.Position) { got = m }
	d.Select(Range{0, 4})
	d.MouseDown(mouse(desktop.MouseButtonSecondary, 5, 5, 0))
	d.MouseUp(mouse(desktop.MouseButtonSecondary, 5, 5, 0))
	require.NotNil(t, got.Hit.Link)
	assert.Equal(t, "line", got.Selection, "the selection stays")
}

func TestSelection_MouseAndCopy(t *testing.T) {
	d := show(t, newFake(100))
	drag(d, 50, 5, 52, 45)
	assert.Equal(t, "00000\nline 00001\nline ", d.SelectedText())
	assert.Equal(t, "<p>00000\nline 00001\nline ", d.SelectedHTML())
	assert.Len(t, d.pickLayer.Objects, 3)
	d.TypedShortcut(&fyne.ShortcutCopy{})
	assert.Equal(t, d.SelectedText(), fyne.CurrentApp().Clipboard().Content())

	drag(d, 50, 45, 50, 5)
	assert.Equal(t, "00000\nline 00001\nline ", d.SelectedText(), "upwards too")

	d.MouseDown(mouse(desktop.MouseButtonPrimary, 50, 65, fyne.KeyModifierShift))
	assert.Equal(t, Range{2*perLine + 5, 3*perLine + 5}, d.Selection(), "Shift extends from where the selection began")

	click(d, 200, 100, 0)
	assert.Empty(t, d.SelectedText())
	d.TypedShortcut(&fyne.ShortcutSelectAll{})
	assert.Equal(t, d.page.All(), d.Selection())
	assert.LessOrEqual(t, len(d.pickLayer.Objects), 12, "only what is seen is marked")
	key(d, fyne.KeyEscape)
	assert.Empty(t, d.SelectedText())
}

func TestSelection_DoubleAndTripleClick(t *testing.T) {
	d := show(t, newFake(100))
	now := time.Unix(1000, 0)
	d.now = func() time.Time { return now }
	click(d, 20, 25, 0)
	click(d, 20, 25, 0)
	assert.Equal(t, "line", d.SelectedText())
	click(d, 20, 25, 0)
	assert.Equal(t, "line 00001", d.SelectedText())
	now = now.Add(time.Second)
	click(d, 20, 25, 0)
	assert.Empty(t, d.SelectedText())

	now = now.Add(time.Second)
	click(d, 20, 25, 0)
	drag(d, 20, 25, 70, 45)
	assert.Equal(t, "line 00001\nline 00002", d.SelectedText(), "a drag after a double click selects whole words")
}

// What is marked can still be read: the marks lie over the text.
func TestMarks_LeaveTheTextReadable(t *testing.T) {
	over := func(mark color.NRGBA, under uint8, channel func(color.NRGBA) uint8) float64 {
		a := float64(mark.A) / 255
		return (float64(channel(mark))*a + float64(under)*(1-a)) / 255
	}
	luminance := func(mark color.NRGBA, under uint8) float64 {
		sum := 0.0
		for i, channel := range []func(color.NRGBA) uint8{
			func(c color.NRGBA) uint8 { return c.R }, func(c color.NRGBA) uint8 { return c.G }, func(c color.NRGBA) uint8 { return c.B },
		} {
			v := over(mark, under, channel)
			sum += []float64{0.2126, 0.7152, 0.0722}[i] * math.Pow((v+0.055)/1.055, 2.4)
		}
		return sum
	}
	for _, mark := range []color.NRGBA{chosenColor, foundColor} {
		contrast := (luminance(mark, 0xFF) + 0.05) / (luminance(mark, 0x20) + 0.05)
		assert.Greater(t, contrast, 4.5)
	}
}

func TestFind(t *testing.T) {
	d := show(t, newFake(1000))
	var at, total int
	d.OnFind = func(current, n int) { at, total = current, n }
	d.Find("00500")
	assert.Equal(t, []int{1, 1}, []int{at, total})
	_, y := d.Offset()
	assert.InDelta(t, 500*lineHeight, y, 200)
	assert.Equal(t, "00500", d.SelectedText())

	d.ScrollTo(0, 0)
	d.Find("line")
	assert.Equal(t, []int{1, 1000}, []int{at, total})
	assert.Greater(t, len(d.findLayer.Objects), 5, "all places in view are marked")
	assert.Less(t, len(d.findLayer.Objects), 60)
	d.FindNext()
	assert.Equal(t, 2, at)
	d.FindPrevious()
	d.FindPrevious()
	assert.Equal(t, 1000, at, "round the start")
	_, y = d.Offset()
	assert.EqualValues(t, 1000*lineHeight-200, y)
	d.Find("not there")
	assert.Equal(t, []int{0, 0}, []int{at, total})
	d.Find("")
	assert.Empty(t, d.findLayer.Objects)
}

func TestSetPage_KeepsThePlace(t *testing.T) {
	d := show(t, newFake(1000))
	d.ScrollTo(0, 10_000)
	d.Select(Range{500 * perLine, 500*perLine + 4})
	// The same text, each line twice as high: as if a picture had come above.
	d.SetPage(&tallPage{newFake(1000)}, Place)
	_, y := d.Offset()
	assert.InDelta(t, 20_000, y, 1)
	assert.Equal(t, "line", d.SelectedText())
	d.SetPage(newFake(1000), Nothing)
	_, y = d.Offset()
	assert.Zero(t, y)
	assert.True(t, d.Selection().Empty())
}

// tallPage is a fake page with lines of twice the height.
type tallPage struct{ *fakePage }

func (p *tallPage) Size() (w, h float32) { return p.width, float32(2 * len(p.lines) * lineHeight) }
func (p *tallPage) Caret(at int) Rect {
	r := p.fakePage.Caret(at)
	r.Y *= 2
	return r
}

func TestZoom(t *testing.T) {
	d := show(t, newFake(1000))
	var steps []int
	d.OnZoom = func(s int) { steps = append(steps, s) }
	for _, k := range []fyne.KeyName{fyne.KeyPlus, fyne.KeyMinus, fyne.Key0} {
		d.TypedShortcut(&desktop.CustomShortcut{KeyName: k, Modifier: fyne.KeyModifierShortcutDefault})
	}
	assert.Equal(t, []int{1, -1, 0}, steps)

	var view [3]float32
	d.OnView = func(w, h, s float32) { view = [3]float32{w, h, s} }
	d.ScrollTo(0, 1000)
	d.SetZoom(2)
	assert.Equal(t, [3]float32{(300 - barWidth) / 2, 100, 2}, view)
	_, y := d.Offset()
	assert.EqualValues(t, 1000, y, "the same text is on top")
	for k, tl := range d.tiles.at {
		assert.Equal(t, float32(k.row*tileHeight), tl.img.Position().Y)
		assert.Equal(t, 600, tl.img.Image.Bounds().Dx(), "painted at twice the size")
	}
}

// Keys without a use in the page are the window's, whether the page or a field
// in it has the keyboard.
func TestKeys_UnusedOnesReachTheWindow(t *testing.T) {
	d := show(t, form())
	var got []fyne.KeyName
	d.canvas().SetOnTypedKey(func(e *fyne.KeyEvent) { got = append(got, e.Name) })
	d.requestFocus()
	unused := []fyne.KeyName{fyne.KeyF3, fyne.KeyF5, fyne.KeyF6, fyne.KeyF10, fyne.KeyF11}
	for _, k := range append(unused, fyne.KeyEscape, fyne.KeyDown) {
		key(d, k)
	}
	assert.Equal(t, append(unused, fyne.KeyEscape), got)
	got = nil
	used := true
	d.OnEscape = func() bool { return used }
	key(d, fyne.KeyEscape)
	assert.Empty(t, got)
	d.ScrollTo(0, 0)
	click(d, 120, 50, 0)
	require.NotNil(t, d.field)
	for _, k := range append(unused, fyne.KeyLeft) {
		d.field.TypedKey(&fyne.KeyEvent{Name: k})
	}
	assert.Equal(t, unused, got)
}

func TestTab_WalksLinksAndControls(t *testing.T) {
	p := newFake(100)
	p.links[1] = Link{URL: "https://example.org/1"}
	p.links[90] = Link{URL: "https://example.org/90"}
	d := show(t, p)
	d.requestFocus()
	var got []string
	d.OnLink = func(l Link, _ Where) { got = append(got, l.URL) }
	key(d, fyne.KeyReturn)
	assert.Empty(t, got)
	key(d, fyne.KeyTab)
	assert.Len(t, d.ringLayer.Objects, 1)
	key(d, fyne.KeyReturn)
	key(d, fyne.KeyTab)
	_, y := d.Offset()
	assert.Greater(t, y, float32(1500), "what gets the focus is scrolled into view")
	key(d, fyne.KeyReturn)
	assert.Equal(t, []string{"https://example.org/1", "https://example.org/90"}, got)
	key(d, fyne.KeyTab)
	assert.Empty(t, d.ringLayer.Objects, "behind the last one the focus leaves the page")
}

func TestJoined(t *testing.T) {
	got := joined([]Rect{{0, 0, 10, 20}, {14, 0, 10, 20}, {28, 2, 10, 16}, {0, 20, 10, 20}, {200, 20, 10, 20}})
	assert.Equal(t, []Rect{{0, 0, 38, 20}, {0, 20, 10, 20}, {200, 20, 10, 20}}, got)
}

func form() *fakePage {
	p := newFake(100)
	p.field = &Control{ID: 7, Kind: Text, Value: "old", Rect: Rect{100, 40, 150, 30}, FontSize: 14, MaxLength: 6}
	p.check = &Control{ID: 8, Kind: Checkbox, Rect: Rect{100, 80, 20, 20}}
	p.choose = &Control{ID: 9, Kind: Select, Rect: Rect{100, 110, 100, 24}, Options: []Option{{Text: "one", Selected: true}, {Text: "two"}, {Text: "three", Group: "more", Disabled: true}}}
	p.send = &Control{ID: 10, Kind: Button, Rect: Rect{100, 150, 60, 24}}
	return p
}

func TestForm_Field(t *testing.T) {
	d := show(t, form())
	changes := map[int]Value{}
	d.OnChange = func(id int, v Value) { changes[id] = v }
	submitted := 0
	d.OnSubmit = func(id int) { submitted = id }

	click(d, 120, 50, 0)
	require.NotNil(t, d.field)
	assert.Equal(t, "old", d.field.Text)
	assert.Equal(t, fyne.NewPos(100, 40), d.field.holder.Position())
	assert.InDelta(t, 150, d.field.holder.Size().Width, 0.5)
	focused := d.canvas().Focused()
	require.Equal(t, fyne.Focusable(d.field), focused)
	test.Type(d.field, " newer")
	assert.Equal(t, "old ne", d.field.Text, "no more than the control takes")
	assert.Empty(t, changes)
	d.ScrollTo(0, 20)
	assert.Equal(t, fyne.NewPos(0, -20), d.content.Position(), "the field scrolls with the page")
	click(d, 20, 150, 0)
	assert.Nil(t, d.field)
	assert.Equal(t, "old ne", changes[7].Text)
	assert.Equal(t, fyne.Focusable(d), d.canvas().Focused())

	d.ScrollTo(0, 0)
	click(d, 120, 50, 0)
	d.field.SetText("sent")
	d.field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	assert.Equal(t, 7, submitted)
	assert.Equal(t, "sent", changes[7].Text, "the value is given before it is sent")

	d.pointer.last = time.Time{}
	click(d, 120, 50, 0)
	d.field.SetText("gone")
	d.field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	assert.Nil(t, d.field)
	assert.Equal(t, "sent", changes[7].Text)
}

func TestForm_OtherControls(t *testing.T) {
	p := form()
	d := show(t, p)
	changes := map[int]Value{}
	d.OnChange = func(id int, v Value) { changes[id] = v }
	pressed := 0
	d.OnPress = func(id int) { pressed = id }
	click(d, 110, 90, 0)
	assert.True(t, changes[8].Checked)
	click(d, 110, 160, 0)
	assert.Equal(t, 10, pressed)
	click(d, 110, 120, 0)
	require.NotNil(t, d.canvas().Overlays().Top(), "a select opens its entries")
	var second fyne.Tappable
	for _, o := range test.LaidOutObjects(d.canvas().Overlays().Top()) {
		if item, ok := o.(fyne.Tappable); ok && strings.Contains(fmt.Sprintf("%T", o), "menuItem") && second == nil {
			second = item
			continue
		} else if ok && strings.Contains(fmt.Sprintf("%T", o), "menuItem") {
			second = item
			break
		}
	}
	require.NotNil(t, second)
	second.Tapped(&fyne.PointEvent{})
	assert.Equal(t, []int{1}, changes[9].Selected)

	p.check.Disabled = true
	delete(changes, 8)
	d.pointer.last = time.Time{}
	click(d, 110, 90, 0)
	assert.NotContains(t, changes, 8)

	d.focus.index = -1
	for range 4 { // field, check, select, button
		if d.field != nil {
			d.field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyTab})
		} else {
			key(d, fyne.KeyTab)
		}
	}
	pressed = 0
	key(d, fyne.KeySpace)
	assert.Equal(t, 10, pressed, "Space presses the button that has the focus")
}

func TestHeader_ScrollsWithThePage(t *testing.T) {
	d := show(t, newFake(100))
	head := canvas.NewRectangle(color.Black)
	head.SetMinSize(fyne.NewSize(10, 50))
	d.SetHeader(head)
	assert.Equal(t, fyne.NewSize(300, 50), head.Size())
	x, y := d.toPage(fyne.NewPos(10, 60))
	assert.Equal(t, []float32{10, 10}, []float32{x, y})
	d.ScrollToAnchor("line-10")
	_, y = d.toPage(fyne.NewPos(0, 0))
	assert.EqualValues(t, 200, y)
	for k, tl := range d.tiles.at {
		assert.Equal(t, float32(50+k.row*tileHeight), tl.img.Position().Y)
	}
}

func TestView_IsToldOnChange(t *testing.T) {
	d := show(t, newFake(10))
	told := 0
	d.OnView = func(w, h, s float32) {
		told++
		assert.EqualValues(t, 1, s)
	}
	d.Resize(fyne.NewSize(400, 200))
	d.Resize(fyne.NewSize(400, 200))
	assert.Equal(t, 1, told)
	d.SetPage(nil, Nothing)
	assert.Empty(t, d.tileLayer.Objects)
	d.Find("x")
	key(d, fyne.KeyTab)
	click(d, 10, 10, 0)
	d.MouseUp(mouse(desktop.MouseButtonSecondary, 1, 1, 0))
}

func BenchmarkScroll(b *testing.B) {
	d := show(b, newFake(5000))
	y := float32(0)
	for b.Loop() {
		y += 40
		if y > 90_000 {
			y = 0
		}
		d.ScrollTo(0, y)
	}
}
