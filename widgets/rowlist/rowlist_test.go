package rowlist

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"
)

type probe struct {
	*List
	made, selects int
	opened        []int
	menu          []int
	window        fyne.Window
	clock         time.Time
}

// show makes a list of n rows, 20 high each, in a window that shows 10 of them.
func show(t *testing.T, n int, change func(*Params)) *probe {
	test.NewTempApp(t)
	p := &probe{clock: time.Unix(0, 0)}
	params := Params{
		RowHeight: func() float32 { return 20 },
		Create:    func() fyne.CanvasObject { p.made++; return canvas.NewText("", nil) },
		Update: func(i int, o fyne.CanvasObject, s State) {
			o.(*canvas.Text).Text = fmt.Sprintf("%d %v", i, s.Selected)
		},
		OnSelect: func() { p.selects++ },
		OnOpen:   func(i int) { p.opened = append(p.opened, i) },
		OnMenu:   func(i int, _ fyne.Position) { p.menu = append(p.menu, i) },
	}
	if change != nil {
		change(&params)
	}
	p.List = New(params)
	p.now = func() time.Time { return p.clock }
	p.window = test.NewTempWindow(t, p.List)
	p.window.SetPadded(false)
	p.window.Resize(fyne.NewSize(100, 200))
	p.SetLength(n)
	return p
}

func (p *probe) texts() []string {
	var all []string
	for _, o := range p.rows.drawn {
		all = append(all, o.(*canvas.Text).Text)
	}
	return all
}

func (p *probe) press(i int, b desktop.MouseButton, m fyne.KeyModifier) {
	ev := &desktop.MouseEvent{Button: b, Modifier: m}
	ev.Position = fyne.NewPos(5, float32(i)*20+10)
	p.rows.MouseDown(ev)
	p.rows.MouseUp(ev)
}

func (p *probe) key(k fyne.KeyName) { p.rows.TypedKey(&fyne.KeyEvent{Name: k}) }

func TestOnlyVisibleRowsExist(t *testing.T) {
	p := show(t, 100_000, nil)
	require.Equal(t, "0 false", p.texts()[0])
	require.Len(t, p.texts(), 10)
	p.SetOffset(50_000 * 20)
	require.Equal(t, "50000 false", p.texts()[0])
	p.SetOffset(1e9)
	texts := p.texts()
	require.Equal(t, "99999 false", texts[len(texts)-1])
	require.LessOrEqual(t, p.made, 12, "rows are reused")
	p.SetLength(3)
	require.Equal(t, []string{"0 false", "1 false", "2 false"}, p.texts())
	require.Zero(t, p.Offset())
}

func TestMouseSelection(t *testing.T) {
	p := show(t, 100, nil)
	p.press(2, desktop.MouseButtonPrimary, 0)
	require.Equal(t, []int{2}, p.Selected())
	require.Equal(t, "2 true", p.texts()[2])
	p.press(5, desktop.MouseButtonPrimary, fyne.KeyModifierShift)
	require.Equal(t, []int{2, 3, 4, 5}, p.Selected())
	p.press(3, desktop.MouseButtonPrimary, fyne.KeyModifierControl)
	require.Equal(t, []int{2, 4, 5}, p.Selected())
	p.press(4, desktop.MouseButtonSecondary, 0)
	require.Equal(t, []int{2, 4, 5}, p.Selected(), "the menu is about the selection")
	p.press(8, desktop.MouseButtonSecondary, 0)
	require.Equal(t, []int{8}, p.Selected())
	require.Equal(t, []int{4, 8}, p.menu)
	require.Equal(t, p.window.Canvas().Focused(), p.FocusTarget())
	p.press(200, desktop.MouseButtonPrimary, 0)
	require.Empty(t, p.Selected(), "a press below the rows")
}

func TestPressOnOneOfManyWaitsForTheRelease(t *testing.T) {
	dropped := fyne.Position{}
	p := show(t, 100, func(p *Params) {
		p.OnDrag = func(fyne.Position) {}
		p.OnDrop = func(at fyne.Position) { dropped = at }
	})
	p.SetSelection([]int{1, 2, 3}, 3)
	ev := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
	ev.Position = fyne.NewPos(5, 50)
	p.rows.MouseDown(ev)
	require.Equal(t, 3, p.SelectedCount())
	drag := &fyne.DragEvent{}
	drag.AbsolutePosition = fyne.NewPos(7, 8)
	p.rows.Dragged(drag)
	p.rows.MouseUp(ev)
	p.rows.DragEnd()
	require.Equal(t, 3, p.SelectedCount(), "dragging keeps the selection")
	require.Equal(t, fyne.NewPos(7, 8), dropped)
	p.rows.MouseDown(ev)
	p.rows.MouseUp(ev)
	require.Equal(t, []int{2}, p.Selected())
}

func TestDoubleClickOpens(t *testing.T) {
	p := show(t, 10, nil)
	p.press(3, desktop.MouseButtonPrimary, 0)
	p.clock = p.clock.Add(300 * time.Millisecond)
	p.press(3, desktop.MouseButtonPrimary, 0)
	require.Equal(t, []int{3}, p.opened)
	p.clock = p.clock.Add(100 * time.Millisecond)
	p.press(3, desktop.MouseButtonPrimary, 0)
	p.clock = p.clock.Add(time.Second)
	p.press(3, desktop.MouseButtonPrimary, 0)
	require.Equal(t, []int{3}, p.opened, "a third press and two slow ones open nothing")
}

func TestKeyboard(t *testing.T) {
	p := show(t, 100, nil)
	for _, step := range []struct {
		key  fyne.KeyName
		want int
	}{
		{fyne.KeyDown, 0},
		{fyne.KeyDown, 1},
		{fyne.KeyUp, 0},
		{fyne.KeyUp, 0},
		{fyne.KeyPageDown, 9},
		{fyne.KeyPageDown, 18},
		{fyne.KeyPageUp, 9},
		{fyne.KeyEnd, 99},
		{fyne.KeyDown, 99},
		{fyne.KeyHome, 0},
	} {
		p.key(step.key)
		require.Equal(t, step.want, p.Current(), step.key)
		require.Equal(t, []int{step.want}, p.Selected())
		first, last := p.InView()
		require.True(t, first <= step.want && step.want <= last, step.key)
	}
	p.rows.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	p.key(fyne.KeyDown)
	p.key(fyne.KeyDown)
	p.rows.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	require.Equal(t, []int{0, 1, 2}, p.Selected())
	p.key(fyne.KeyReturn)
	require.Equal(t, []int{2}, p.opened)
	p.key(desktop.KeyMenu)
	require.Equal(t, []int{2}, p.menu)
	p.rows.TypedShortcut(&fyne.ShortcutSelectAll{})
	require.Equal(t, 100, p.SelectedCount())
	p.SetLength(40)
	require.Equal(t, 40, p.SelectedCount())
}

func TestUnusedKeysReachTheWindow(t *testing.T) {
	p := show(t, 3, func(p *Params) {
		p.OnKey = func(ev *fyne.KeyEvent) bool { return ev.Name == fyne.KeyDelete }
	})
	var got []fyne.KeyName
	p.window.Canvas().SetOnTypedKey(func(ev *fyne.KeyEvent) { got = append(got, ev.Name) })
	p.key(fyne.KeyDelete)
	p.key(fyne.KeyDown)
	p.key(fyne.KeyF6)
	require.Equal(t, []fyne.KeyName{fyne.KeyF6}, got)
}

func TestTypeAhead(t *testing.T) {
	names := []string{"apple", "apricot", "banana", "avocado"}
	p := show(t, len(names), func(p *Params) {
		p.OnType = func(prefix string, from int) (int, bool) {
			for k := range names {
				if i := (from + k) % len(names); strings.HasPrefix(names[i], prefix) {
					return i, true
				}
			}
			return 0, false
		}
	})
	typed := func(s string) int {
		for _, c := range s {
			p.rows.TypedRune(c)
		}
		return p.Current()
	}
	require.Equal(t, 2, typed("b"))
	p.clock = p.clock.Add(2 * time.Second)
	require.Equal(t, 3, typed("a"))
	require.Equal(t, 0, typed("a"), "the same letter again goes on")
	p.clock = p.clock.Add(2 * time.Second)
	require.Equal(t, 1, typed("apr"))
	require.Equal(t, 1, typed("x"))
}

func TestSingle(t *testing.T) {
	p := show(t, 10, func(p *Params) { p.Single = true })
	p.Press(1, 0)
	p.Press(4, fyne.KeyModifierShift)
	require.Equal(t, []int{4}, p.Selected())
	p.SelectAll()
	require.Equal(t, []int{4}, p.Selected())
}

// The promise of the design: a step of the wheel through 100,000 rows is far
// below a frame. Allocations are counted, not time.
func TestScrollStepMakesNothing(t *testing.T) {
	p := show(t, 100_000, nil)
	made := p.made
	for range 500 {
		p.rows.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -60)})
	}
	require.Greater(t, p.Offset(), float32(50_000))
	require.LessOrEqual(t, p.made-made, 2)
}

func BenchmarkWheelStep(b *testing.B) {
	test.NewTempApp(b)
	l := New(Params{
		RowHeight: func() float32 { return 20 },
		Create:    func() fyne.CanvasObject { return canvas.NewText("", nil) },
		Update:    func(i int, o fyne.CanvasObject, _ State) { o.(*canvas.Text).Text = fmt.Sprint(i) },
	})
	w := test.NewTempWindow(b, l)
	w.Resize(fyne.NewSize(400, 800))
	l.SetLength(100_000)
	for b.Loop() {
		l.rows.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -60)})
	}
}
