package display_test

import (
	"image/color"
	"testing"

	"github.com/stretchr/testify/assert"

	"guichet/services/html/display"
)

func TestDarkColor(t *testing.T) {
	white := display.DarkColor(color.NRGBA{R: 255, G: 255, B: 255, A: 255})
	black := display.DarkColor(color.NRGBA{A: 255})
	assert.Less(t, white.R, uint8(40))
	assert.Equal(t, white.R, white.B, "grey stays grey")
	assert.Greater(t, black.G, uint8(220))
	link := display.DarkColor(color.NRGBA{B: 238, A: 255})
	assert.Greater(t, link.B, link.R, "blue stays blue")
	assert.Greater(t, int(link.R)+int(link.G)+int(link.B), 300, "and can be read")
	assert.Equal(t, uint8(9), display.DarkColor(color.NRGBA{R: 3, A: 9}).A)
}

func TestDark_LeavesTheListAlone(t *testing.T) {
	list := display.List{
		display.Fill{Color: color.NRGBA{A: 255}},
		display.Gradient{Stops: []display.Stop{{Color: color.NRGBA{A: 255}}}},
		display.Border{Edges: [4]display.Edge{{Color: color.NRGBA{A: 255}}}},
		display.Picture{Opacity: 1},
	}
	dark := display.Dark(list)
	assert.Zero(t, list[0].(display.Fill).Color.R)
	assert.Zero(t, list[1].(display.Gradient).Stops[0].Color.R)
	assert.NotZero(t, dark[0].(display.Fill).Color.R)
	assert.NotZero(t, dark[1].(display.Gradient).Stops[0].Color.R)
	assert.NotZero(t, dark[2].(display.Border).Edges[0].Color.R)
	assert.Equal(t, list[3], dark[3])
}
