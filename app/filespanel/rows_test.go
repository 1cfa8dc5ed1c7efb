package filespanel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"github.com/stretchr/testify/require"

	"guichet/app/paneltest"

	"guichet/services/files"
	"guichet/widgets/filetable"
)

func entry(name string, t files.Type, size int64) files.Entry {
	return files.Entry{Name: name, Display: files.Display(name), Type: t, Size: size, ModTime: time.Unix(1.7e9+size, 0)}
}

func listed(a *arranged) (out []string) {
	for _, e := range a.rows {
		out = append(out, e.Name)
	}
	return out
}

func TestArrange(t *testing.T) {
	source := []files.Entry{
		entry("b10.jpg", files.File, 3), entry("b9.jpg", files.File, 4), entry("Éva", files.File, 1), entry("zoo", files.Dir, 0),
		entry("eve", files.File, 2), entry(".htaccess", files.File, 5), entry("Archive", files.LinkDir, 0),
	}
	for name, c := range map[string]struct {
		by   order
		want []string
	}{
		"names as people read them": {order{language: "fr"}, []string{"Archive", "zoo", "b9.jpg", "b10.jpg", "Éva", "eve"}},
		"hidden":                    {order{language: "en", hidden: true}, []string{"Archive", "zoo", ".htaccess", "b9.jpg", "b10.jpg", "Éva", "eve"}},
		"size":                      {order{language: "en", column: filetable.Size}, []string{"Archive", "zoo", "Éva", "eve", "b10.jpg", "b9.jpg"}},
		"newest first":              {order{language: "en", column: filetable.Changed, descending: true}, []string{"zoo", "Archive", "b9.jpg", "b10.jpg", "eve", "Éva"}},
		"filter":                    {order{language: "en", filter: "jpg"}, []string{"b9.jpg", "b10.jpg"}},
	} {
		require.Equal(t, c.want, listed(arrange(source, c.by, nil, false, true)), name)
	}
	numbers := []files.Entry{entry("99", files.File, 0), entry("000100", files.File, 0), entry("0.jpg", files.File, 0), entry("00001.jpg", files.File, 0), entry("20261122180000", files.File, 0), entry("2026112218000", files.File, 0)}
	require.Equal(t, []string{"0.jpg", "00001.jpg", "99", "000100", "2026112218000", "20261122180000"}, listed(arrange(numbers, order{language: "en"}, nil, false, true)))
	twice := append(slices.Clone(source), entry("eve", files.File, 9))
	require.Equal(t, 1, arrange(twice, order{}, nil, false, true).twice)
}

// A listing that arrives in parts is in the end ordered as one that came whole.
func TestArrangeAsItArrives(t *testing.T) {
	source := album(5000)
	by := order{language: "en", column: filetable.Size, filter: "7"}
	whole := arrange(source, by, nil, false, true)
	var parts *arranged
	for n := 0; n <= len(source); n += 777 {
		parts = arrange(source[:n:n], by, parts, true, false)
	}
	parts = arrange(source, by, parts, true, true)
	require.Equal(t, listed(whole), listed(parts))
	by.filter = ""
	again := arrange(source, by, parts, false, true)
	require.Len(t, again.rows, 5000)
	require.Same(t, &parts.sorted[0], &again.sorted[0], "another filter sorts nothing")
}

func album(n int) []files.Entry {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]files.Entry, n)
	for i := range out {
		out[i] = entry(fmt.Sprintf("picture %06d.jpg", r.IntN(10*n)), files.File, r.Int64N(1e9))
	}
	return out
}

// What the panel does with 100,000 entries, all of it off the goroutine of the
// user interface.
func BenchmarkArrange(b *testing.B) {
	source := album(100_000)
	by := order{language: "en"}
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			arrange(source, by, nil, false, true)
		}
	})
	first := arrange(source[:90_000:90_000], by, nil, false, false)
	b.Run("10000 more", func(b *testing.B) {
		for b.Loop() {
			arrange(source, by, first, true, false)
		}
	})
	whole := arrange(source, by, nil, false, true)
	b.Run("filter", func(b *testing.B) {
		for b.Loop() {
			arrange(source, order{language: "en", filter: "99"}, whole, false, true)
		}
	})
}

// What is left on the goroutine of the user interface when 100,000 rows in a new
// order are shown, with none and with all of them selected.
func BenchmarkShowHundredThousand(b *testing.B) {
	h := paneltest.New(b)
	f := &Panel{p: Params{Host: h, Now: time.Now}, drag: newDrag()}
	s := &side{f: f, local: true}
	f.here, f.there, f.active = s, &side{f: f}, s
	s.table = filetable.New(filetable.Params{})
	h.Window().SetContent(s.table)
	h.Window().Resize(fyne.NewSize(600, 700))
	a := arrange(album(100_000), order{language: "en"}, nil, false, true)
	for _, all := range []bool{false, true} {
		b.Run(map[bool]string{false: "none", true: "all"}[all]+" selected", func(b *testing.B) {
			s.apply(a, true, "")
			if all {
				s.table.List.SelectAll()
			}
			for b.Loop() {
				s.apply(a, false, "")
			}
		})
	}
}
