package preview

import (
	"image"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/widgets/kit"
)

func TestCardShowsOneThing(t *testing.T) {
	test.NewTempApp(t)
	closed := 0
	c := New("Close", func() { closed++ })
	w := test.NewTempWindow(t, c)
	w.Resize(fyne.NewSize(300, 500))
	for name, s := range map[string]struct {
		data                 Data
		picture, text, empty bool
	}{
		"nothing": {Data{Icon: kit.Icon("eye"), Note: "Choose a file."}, false, false, true},
		"picture": {Data{Name: "a.jpg", Picture: image.NewRGBA(image.Rect(0, 0, 4, 4)), Facts: []string{"4 × 4"}}, true, false, false},
		"text":    {Data{Name: "a.txt", Lines: make([]string, 2000)}, false, true, false},
		"loading": {Data{Name: "b.jpg", Loading: true}, false, false, true},
	} {
		c.Set(s.data)
		require.Equal(t, s.picture, c.picture.Visible(), name)
		require.Equal(t, s.text, c.lines.Visible(), name)
		require.Equal(t, s.empty, c.empty.Visible(), name)
		require.Len(t, c.facts.Objects, len(s.data.Facts), name)
		require.Equal(t, s.data.Name, c.Data().Name)
	}
}
