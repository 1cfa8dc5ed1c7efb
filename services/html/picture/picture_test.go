package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"
)

func encoded(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

func TestDecodeKeepsLargePicturesSmall(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 400, 301))
	for y := range 301 {
		for x := range 400 {
			c := color.NRGBA{R: 200, G: 100, B: 50, A: 255}
			if x%2 == 0 {
				c = color.NRGBA{} // unseen, and black underneath
			}
			img.SetNRGBA(x, y, c)
		}
	}
	data := encoded(t, img)
	p, n, err := Decode(data, "image/png", 1_000_000, 10_000)
	require.NoError(t, err)
	require.Equal(t, 400*301, n)
	require.Equal(t, []float32{400, 301}, []float32{p.W, p.H}, "the natural size stays")
	b := p.Image.Bounds()
	require.LessOrEqual(t, b.Dx()*b.Dy(), 10_000)
	require.Greater(t, b.Dx()*b.Dy(), 5_000)
	c := color.NRGBAModel.Convert(p.Image.At(40, 70)).(color.NRGBA)
	require.Equal(t, [3]uint8{200, 100, 50}, [3]uint8{c.R, c.G, c.B}, "no dark fringe")
	require.InDelta(t, 128, int(c.A), 1)

	p, _, err = Decode(data, "image/png", 1_000_000, 400*301)
	require.NoError(t, err)
	require.Equal(t, image.Rect(0, 0, 400, 301), p.Image.Bounds())

	_, n, err = Decode(data, "image/png", 1000, 1000)
	require.Error(t, err)
	require.Zero(t, n)
	_, _, err = Decode(data[:len(data)/2], "image/png", 1_000_000, 1000)
	require.Error(t, err)
}
