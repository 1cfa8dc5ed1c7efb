package toast_test

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/widgets/toast"
)

// clock calls later functions when told to.
type clock struct {
	waits []time.Duration
	calls []func()
	off   map[int]bool
}

func (c *clock) after(d time.Duration, f func()) func() {
	n := len(c.calls)
	c.waits, c.calls = append(c.waits, d), append(c.calls, f)
	return func() { c.off[n] = true }
}

func (c *clock) ring(n int) {
	if !c.off[n] {
		c.calls[n]()
	}
}

func TestToast(t *testing.T) {
	test.NewTempApp(t)
	c := &clock{off: map[int]bool{}}
	l := toast.NewLayer(c.after)
	w := test.NewTempWindow(t, l)
	w.Resize(fyne.NewSize(600, 300))
	var gone []bool
	l.OnHide = func(_ toast.Message, done bool) { gone = append(gone, done) }
	undone := 0

	l.Say(toast.Message{Text: "Archived", Action: "Undo", Do: func() { undone++ }})
	require.Equal(t, 10*time.Second, c.waits[0], "time enough to undo")
	l.Act()
	require.Equal(t, 1, undone)
	l.Act()
	require.Equal(t, 1, undone, "once")

	l.Say(toast.Message{Text: "Saved"})
	require.Equal(t, 5*time.Second, c.waits[1])
	l.Say(toast.Message{Text: "Sent"})
	c.ring(1)
	m, ok := l.Current()
	require.True(t, ok, "the first one's end does not take the second away")
	require.Equal(t, "Sent", m.Text)
	c.ring(2)
	_, ok = l.Current()
	require.False(t, ok)
	require.Equal(t, []bool{true, false, false}, gone)
}
