package transferrow_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/widgets/kit"
	"guichet/widgets/transferrow"
)

func buttons(r *transferrow.Row) (all []*kit.Button) {
	for _, o := range test.WidgetRenderer(r).Objects() {
		if b, ok := o.(*kit.Button); ok {
			all = append(all, b)
		}
	}
	return all
}

func TestRowIsReused(t *testing.T) {
	test.NewTempApp(t)
	r := transferrow.New(true)
	w := test.NewTempWindow(t, container.NewStack(r))
	w.Resize(fyne.NewSize(900, 40))
	var did []string
	act := func(s string) func() { return func() { did = append(did, s) } }
	r.Set(transferrow.Data{Title: "a", Icon: kit.Icon("arrow-up"), Fraction: 0.5, Figures: "1 of 2", Actions: []transferrow.Action{
		{Icon: kit.Icon("pause"), Do: act("pause a")}, {Icon: kit.Icon("close"), Do: act("cancel a")},
	}})
	first := buttons(r)
	require.Len(t, first, 2)
	r.Set(transferrow.Data{Title: "b", Icon: kit.Icon("arrow-up"), Fraction: 0.6, Figures: "1 of 2", Actions: []transferrow.Action{
		{Icon: kit.Icon("pause"), Do: act("pause b")}, {Icon: kit.Icon("close"), Do: act("cancel b")},
	}})
	require.Equal(t, first, buttons(r), "the same objects show the next job")
	test.Tap(buttons(r)[0])
	require.Equal(t, []string{"pause b"}, did)
	var answered []bool
	r.Set(transferrow.Data{Title: "c", Fraction: -1, Question: "c is there already.", All: "for all", Choices: []transferrow.Choice{
		{Label: "Keep both", Primary: true, Do: func(all bool) { answered = append(answered, all) }}, {Label: "Skip"},
	}})
	require.Len(t, buttons(r), 2)
	test.Tap(buttons(r)[0])
	test.Tap(buttons(r)[1])
	require.Equal(t, []bool{false}, answered)
	r.Set(transferrow.Data{Title: "d", Fraction: -1, Note: "Waiting."})
	require.Empty(t, buttons(r))
}

func TestBarNeverLies(t *testing.T) {
	test.NewTempApp(t)
	for _, compact := range []bool{true, false} {
		r := transferrow.New(compact)
		w := test.NewTempWindow(t, container.NewStack(r))
		for _, width := range []float32{50, 400, 1200} {
			w.Resize(fyne.NewSize(width, 60))
			for _, fraction := range []float64{0, 0.001, 0.5, 1, 7} {
				r.Set(transferrow.Data{Title: "a long title of a file.mp4", To: "→ somewhere", Fraction: fraction, Figures: "744 MB of 1.2 GB · 3.2 MB/s · 2 min"})
				var boxes []*kit.Box
				for _, o := range test.WidgetRenderer(r).Objects() {
					if b, ok := o.(*kit.Box); ok {
						boxes = append(boxes, b)
					}
				}
				require.Len(t, boxes, 2)
				track, bar := boxes[0].Size(), boxes[1].Size()
				require.LessOrEqual(t, bar.Width, fyne.Max(track.Width, 8)+0.5)
				if fraction == 0 {
					require.Zero(t, bar.Width)
				}
			}
		}
	}
}
