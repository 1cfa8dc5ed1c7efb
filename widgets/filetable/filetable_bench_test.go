package filetable

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// folder makes up 100,000 entries, each row anew as a listing does.
type folder struct{}

func (folder) Len() int { return 100_000 }

func (folder) Row(i int) Row {
	return Row{Icon: theme.FileIcon(), Name: fmt.Sprintf("file %06d.bin", i), Size: "4.1 kB", Changed: "22 Nov 2026 14:05"}
}

// wheel is one notch as Fyne's desktop driver reports it.
var wheel = &fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -60)}

func BenchmarkHundredThousand(b *testing.B) {
	test.NewTempApp(b)
	t := New(Params{NameTitle: "Name", SizeTitle: "Size", ChangedTitle: "Changed"})
	w := test.NewTempWindow(b, t)
	w.Resize(fyne.NewSize(600, 800))
	t.SetSource(folder{})
	rows := t.List.FocusTarget()
	b.Run("wheel", func(b *testing.B) {
		t.List.SetOffset(0)
		for b.Loop() {
			rows.(fyne.Scrollable).Scrolled(wheel)
		}
	})
	b.Run("page", func(b *testing.B) {
		t.List.Select(0)
		for b.Loop() {
			rows.TypedKey(&fyne.KeyEvent{Name: fyne.KeyPageDown})
		}
	})
	b.Run("refresh", func(b *testing.B) {
		for b.Loop() {
			t.List.Refresh()
		}
	})
	b.Run("selectall", func(b *testing.B) {
		for b.Loop() {
			t.List.SelectAll()
			t.List.Unselect()
		}
	})
}
