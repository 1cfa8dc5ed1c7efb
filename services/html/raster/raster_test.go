package raster_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"guichet/services/html/display"
	"guichet/services/html/raster"
	"guichet/services/html/text"
)

var (
	black = color.NRGBA{A: 255}
	white = color.NRGBA{R: 255, G: 255, B: 255, A: 255}
	red   = color.NRGBA{R: 255, A: 255}
	blue  = color.NRGBA{B: 255, A: 255}
	green = color.NRGBA{G: 128, A: 255}
)

// draw paints a list on white.
func draw(t testing.TB, list display.List, w, h int, scale float32) *image.RGBA {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	raster.Clear(img, white)
	raster.Paint(img, list, 0, 0, scale)
	return img
}

func at(img *image.RGBA, x, y int) color.NRGBA {
	return color.NRGBAModel.Convert(img.RGBAAt(x, y)).(color.NRGBA)
}

func box(x, y, w, h float32) display.Rect { return display.Rect{X: x, Y: y, W: w, H: h} }

// line shapes a line of text and gives its runs.
func line(x, baseline, size float32, s string, c color.NRGBA, q text.Query) display.List {
	var list display.List
	for _, span := range fonts.Shape(s, text.Style{Query: q, Size: size}) {
		list = append(list, display.Run{
			Rect: box(x, baseline-size, span.Advance, 1.4*size), OriginX: x, OriginY: baseline,
			Face: span.Face, Size: size, Color: c, Glyphs: span.Glyphs,
		})
		x += span.Advance
	}
	return list
}

var fonts = func() *text.Fonts {
	f := text.NewFonts()
	if os.Getenv("RASTER_SYSTEM_FONTS") != "" {
		f.UseSystem(os.TempDir())
	}
	return f
}()

func TestFill(t *testing.T) {
	img := draw(t, display.List{
		display.Fill{Rect: box(2, 2, 4, 4), Color: red},
		display.Fill{Rect: box(4, 4, 4, 4), Color: color.NRGBA{B: 255, A: 128}},
	}, 10, 10, 1)
	assert.Equal(t, red, at(img, 2, 2))
	assert.Equal(t, white, at(img, 1, 2))
	assert.InDelta(t, 127, int(at(img, 4, 4).R), 2)
	assert.InDelta(t, 128, int(at(img, 4, 4).B), 2)
	assert.InDelta(t, 127, int(at(img, 7, 7).R), 2)
}

func TestFill_HasSharpEdgesAtAnyScale(t *testing.T) {
	img := draw(t, display.List{display.Fill{Rect: box(1, 1, 3, 3), Color: red}}, 12, 12, 1.5)
	for x := range 12 {
		c := at(img, x, 4)
		assert.True(t, c == red || c == white, "pixel %d is %v", x, c)
	}
}

func TestFill_RoundCorners(t *testing.T) {
	img := draw(t, display.List{display.Fill{Rect: box(0, 0, 40, 40), Radii: display.Radii{20, 20, 20, 20}, Color: red}}, 40, 40, 1)
	assert.Equal(t, white, at(img, 0, 0))
	assert.Equal(t, white, at(img, 39, 39))
	assert.Equal(t, red, at(img, 20, 20))
	assert.Equal(t, red, at(img, 20, 1))
	covered := 0
	for _, v := range img.Pix {
		covered += 255 - int(v)
	}
	// Green and blue are taken away where it is red: pi r² of 1600 pixels.
	assert.InDelta(t, 3.1416*400*2*255, covered, 4000)
}

func TestBorder_Collapse(t *testing.T) {
	e := func(w float32, c color.NRGBA) display.Edge {
		return display.Edge{Width: w, Color: c, Style: "solid"}
	}
	img := draw(t, display.List{display.Border{
		Rect: box(0, 0, 40, 40), Edges: [4]display.Edge{e(10, red), e(10, blue), e(10, green), e(10, black)},
	}}, 40, 40, 1)
	assert.Equal(t, red, at(img, 20, 5))
	assert.Equal(t, blue, at(img, 35, 20))
	assert.Equal(t, green, at(img, 20, 35))
	assert.Equal(t, black, at(img, 5, 20))
	assert.Equal(t, red, at(img, 5, 2), "the mitre runs through the corner")
	assert.Equal(t, black, at(img, 2, 5))
	assert.Equal(t, white, at(img, 20, 20))
}

func TestBorder_Styles(t *testing.T) {
	for _, style := range []string{"solid", "dashed", "dotted", "double", "groove", "ridge", "inset", "outset"} {
		for _, radius := range []float32{0, 12} {
			e := display.Edge{Width: 6, Color: red, Style: style}
			img := draw(t, display.List{display.Border{
				Rect: box(4, 4, 60, 60), Edges: [4]display.Edge{e, e, e, e}, Radii: display.Radii{radius, radius, radius, radius},
			}}, 68, 68, 1)
			assert.Equal(t, white, at(img, 34, 34), style)
			assert.Equal(t, white, at(img, 2, 34), style)
			coloured := 0
			for x := 4; x < 64; x++ {
				if at(img, x, 7) != white || at(img, x, 5) != white {
					coloured++
				}
			}
			assert.Greater(t, coloured, 20, "%s, radius %v", style, radius)
		}
	}
	none := display.Edge{Width: 6, Color: red, Style: "none"}
	img := draw(t, display.List{display.Border{Rect: box(0, 0, 20, 20), Edges: [4]display.Edge{none, none, none, none}}}, 20, 20, 1)
	assert.Equal(t, white, at(img, 1, 1))
}

func TestRun_DrawsTextInItsColour(t *testing.T) {
	img := draw(t, line(2, 20, 16, "HIH", red, text.Query{}), 60, 30, 1)
	reds, bottom := 0, 0
	for y := range 30 {
		for x := range 60 {
			if c := at(img, x, y); c.G < 80 {
				reds++
				assert.Equal(t, uint8(255), c.R)
				bottom = y
			}
		}
	}
	assert.Greater(t, reds, 60)
	assert.Equal(t, 19, bottom, "letters stand on the baseline")
}

func TestGroup_ClipAndOpacity(t *testing.T) {
	img := draw(t, display.List{
		display.Push{Rect: box(10, 10, 20, 20), Clip: true, Opacity: 1},
		display.Push{Rect: box(0, 0, 60, 60), Opacity: 0.5},
		display.Fill{Rect: box(0, 0, 60, 60), Color: black},
		display.Fill{Rect: box(0, 0, 60, 60), Color: black},
		display.Pop{},
		display.Pop{},
		display.Fill{Rect: box(50, 50, 5, 5), Color: red},
	}, 60, 60, 1)
	assert.Equal(t, white, at(img, 9, 15))
	assert.Equal(t, white, at(img, 30, 15))
	assert.InDelta(t, 127, int(at(img, 15, 15).R), 2, "a group is made translucent as a whole")
	assert.Equal(t, red, at(img, 52, 52))

	img = draw(t, display.List{
		display.Push{Rect: box(0, 0, 40, 40), Radii: display.Radii{20, 20, 20, 20}, Clip: true, Opacity: 1},
		display.Fill{Rect: box(0, 0, 40, 40), Color: blue},
		display.Pop{},
	}, 40, 40, 1)
	assert.Equal(t, white, at(img, 1, 1))
	assert.Equal(t, blue, at(img, 20, 2))
}

func TestPicture(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 400, 400))
	for y := range 400 {
		for x := range 400 {
			c := red
			if x >= 200 {
				c = blue
			}
			src.SetNRGBA(x, y, c)
		}
	}
	img := draw(t, display.List{display.Picture{Rect: box(5, 5, 20, 20), Image: src, Opacity: 1}}, 30, 30, 1)
	assert.Equal(t, red, at(img, 7, 15))
	assert.Equal(t, blue, at(img, 22, 15))
	assert.Equal(t, white, at(img, 4, 15))

	img = draw(t, display.List{display.Picture{Rect: box(0, 0, 40, 40), Image: src, Opacity: 1, TileW: 10, TileH: 10, OffsetX: 5}}, 40, 40, 1)
	assert.Equal(t, blue, at(img, 2, 5), "the offset moves the tiles")
	assert.Equal(t, red, at(img, 7, 5))
	assert.Equal(t, red, at(img, 37, 37))
}

func TestGradient(t *testing.T) {
	g := display.Gradient{
		Rect: box(0, 0, 100, 10), X0: 0, Y0: 5, X1: 100, Y1: 5,
		Stops: []display.Stop{{At: 0, Color: red}, {At: 1, Color: blue}},
	}
	img := draw(t, display.List{g}, 100, 10, 1)
	assert.InDelta(t, 255, int(at(img, 0, 5).R), 4)
	assert.InDelta(t, 127, int(at(img, 50, 5).R), 4)
	assert.InDelta(t, 255, int(at(img, 99, 5).B), 4)
	g.Repeat, g.X1 = true, 20
	img = draw(t, display.List{g}, 100, 10, 1)
	assert.Equal(t, at(img, 3, 5), at(img, 63, 5))
	g = display.Gradient{Rect: box(0, 0, 100, 100), Radial: true, X0: 50, Y0: 50, X1: 50, Y1: 25, Stops: g.Stops}
	img = draw(t, display.List{g}, 100, 100, 1)
	assert.Greater(t, at(img, 50, 50).R, uint8(245))
	assert.Greater(t, at(img, 50, 80).B, uint8(250))
	assert.InDelta(t, 127, int(at(img, 75, 50).R), 6)
}

func TestShadow(t *testing.T) {
	s := display.Shadow{Rect: box(0, 0, 100, 100), Shape: box(30, 30, 40, 40), Hole: box(30, 30, 40, 40), Blur: 10, Color: black}
	img := draw(t, display.List{s}, 100, 100, 1)
	assert.Equal(t, white, at(img, 50, 50), "not inside the box")
	assert.InDelta(t, 127, int(at(img, 29, 50).R), 20, "half at the edge")
	assert.Greater(t, at(img, 20, 50).R, at(img, 25, 50).R)
	assert.Equal(t, white, at(img, 5, 50))

	s = display.Shadow{Rect: box(10, 10, 80, 80), Shape: box(10, 10, 80, 80), Hole: box(10, 10, 80, 80), Blur: 10, Color: black, Inset: true}
	img = draw(t, display.List{s}, 100, 100, 1)
	assert.Equal(t, white, at(img, 5, 50))
	assert.InDelta(t, 127, int(at(img, 10, 50).R), 20)
	assert.Equal(t, white, at(img, 50, 50))
}

// Parts of a page painted by themselves are the same as in the whole.
func TestIndex_TilesMatchTheWhole(t *testing.T) {
	list := sample()
	ix := raster.NewIndex(list)
	for _, scale := range []float32{1, 1.25, 2} {
		h := int(640 * scale)
		whole := image.NewRGBA(image.Rect(0, 0, 500, h))
		raster.Clear(whole, white)
		ix.Paint(whole, 0, 0, scale)
		for y := 0; y+256 <= h; y += 256 {
			tile := image.NewRGBA(image.Rect(0, 0, 500, 256))
			raster.Clear(tile, white)
			ix.Paint(tile, 0, float32(y)/scale, scale)
			differ := 0
			for i, v := range tile.Pix {
				if d := int(v) - int(whole.Pix[y*whole.Stride+i]); d > 12 || d < -12 {
					differ++
				}
			}
			assert.Zero(t, differ, "scale %v, tile at %d", scale, y)
		}
	}
}

func TestPNG(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, raster.PNG(&out, sample(), white, 500, 640, 1))
	img, err := png.Decode(&out)
	require.NoError(t, err)
	assert.Equal(t, image.Rect(0, 0, 500, 640), img.Bounds())
	require.Error(t, raster.PNG(&out, nil, white, 1e6, 1e6, 1))
	if path := os.Getenv("RASTER_PICTURE"); path != "" {
		file, err := os.Create(path)
		require.NoError(t, err)
		require.NoError(t, raster.PNG(file, sample(), white, 500, 640, 2))
		require.NoError(t, file.Close())
	}
}

// Hostile lists end soon and paint nothing outside.
func TestPaint_Hostile(t *testing.T) {
	nan := float32(0)
	nan /= nan
	e := display.Edge{Width: 1e9, Color: red, Style: "dotted"}
	thin := display.Edge{Width: 1, Color: red, Style: "dotted"}
	huge := []display.Rect{box(-1e30, -1e30, 2e30, 2e30), box(nan, nan, nan, nan), box(0, 0, 1e9, 1e9), box(-1e9, 10, 2e9, 1e-9), box(5, 5, -3, -3)}
	tiny := image.NewRGBA(image.Rect(0, 0, 1, 1))
	var list display.List
	for _, r := range huge {
		list = append(list,
			display.Push{Rect: r, Clip: true, Opacity: 0.9, Radii: display.Radii{1e9, nan, 3, -1}},
			display.Fill{Rect: r, Color: red, Radii: display.Radii{1e8, 1e8, nan, 1e30}},
			display.Border{Rect: r, Edges: [4]display.Edge{e, thin, e, thin}, Radii: display.Radii{1e8, 1, 1, 1}},
			display.Picture{Rect: r, Image: tiny, Opacity: 1},
			display.Picture{Rect: r, Image: tiny, Opacity: 1, TileW: 1e-6, TileH: 1e30, OffsetX: nan},
			display.Shadow{Rect: r, Shape: r, Hole: r, Blur: 1e9, Color: red},
			display.Gradient{Rect: r, X1: 1e-30, Repeat: true, Stops: []display.Stop{{At: nan, Color: red}, {At: 1, Color: blue}}},
			display.Line{Rect: r, Color: red, Style: "wavy"},
			display.Line{Rect: r, Color: red, Style: "dotted"},
			display.Run{Rect: r, OriginX: r.X, OriginY: r.Y, Size: 1e9, Face: fonts.Primary(text.Query{}), Glyphs: []display.Glyph{{ID: 1 << 30}, {ID: 40, X: nan}}, Color: red, Blur: 1e9},
			display.Run{Rect: r, OriginX: 0, OriginY: 10, Size: 15000, Face: fonts.Primary(text.Query{}), Glyphs: []display.Glyph{{ID: 40}}, Color: red},
			display.Pop{})
	}
	for range 100_000 {
		list = append(list, display.Push{Rect: box(0, 0, 100, 100), Clip: true, Opacity: 0.5})
	}
	list = append(list, display.Fill{Rect: box(0, 0, 10, 10), Color: red})
	for range 200_000 {
		list = append(list, display.Pop{})
	}
	list = append(list, nil, display.Fill{Rect: box(0, 0, 10, 10), Color: green})
	img := draw(t, list, 64, 64, 1)
	assert.Equal(t, green, at(img, 5, 5), "what follows is painted all the same")
}

func TestPaint_TakesPointersToo(t *testing.T) {
	r := line(2, 20, 16, "H", red, text.Query{})[0].(display.Run)
	img := draw(t, display.List{
		&display.Push{Rect: box(0, 0, 30, 30), Clip: true},
		&display.Fill{Rect: box(0, 0, 60, 60), Color: blue},
		&display.Pop{}, &r,
	}, 60, 30, 1)
	assert.Equal(t, blue, at(img, 29, 29))
	assert.Equal(t, white, at(img, 30, 29))
	reds := 0
	for x := range 20 {
		if at(img, x, 15).R > 100 {
			reds++
		}
	}
	assert.Greater(t, reds, 2)
}

// sample is a page with something of everything.
func sample() display.List {
	edge := func(style string, w float32, c color.NRGBA) [4]display.Edge {
		e := display.Edge{Width: w, Color: c, Style: style}
		return [4]display.Edge{e, e, e, e}
	}
	ink := color.NRGBA{R: 0x1d, G: 0x27, B: 0x33, A: 255}
	var list display.List
	list = append(list, line(16, 40, 24, "The quick brown fox: fine flows", ink, text.Query{Families: []string{"serif"}})...)
	list = append(list, line(16, 64, 14, "Body text at fourteen pixels, with Wave, AVATAR and “quotes”.", ink, text.Query{})...)
	list = append(list, line(16, 84, 14, "Bold text at fourteen pixels. ", ink, text.Query{Weight: 700})...)
	list = append(list, line(250, 84, 14, "Italic text at fourteen pixels. ", ink, text.Query{Italic: true})...)
	list = append(list, line(16, 102, 12, "Small print in twelve: Straße, déjà vu, 1234567890 €", ink, text.Query{})...)
	list = append(list, line(16, 120, 13, "func main() { monospace }", ink, text.Query{Families: []string{"monospace"}})...)
	list = append(list, display.Line{Rect: box(16, 124, 100, 1), Color: red}, display.Line{Rect: box(130, 122, 100, 3), Color: red, Style: "wavy"},
		display.Line{Rect: box(250, 124, 100, 2), Color: red, Style: "dotted"}, display.Line{Rect: box(370, 123, 100, 1), Color: red, Style: "double"})
	list = append(list, display.Fill{Rect: box(0, 134, 500, 26), Color: ink})
	list = append(list, line(16, 152, 14, "White on dark, the same size and weight.", white, text.Query{})...)
	x := float32(16)
	for i, style := range []string{"solid", "dashed", "dotted", "double", "groove", "ridge", "inset", "outset"} {
		y := float32(175)
		for j, radius := range []float32{0, 10} {
			list = append(list, display.Border{
				Rect: box(x, y+float32(j)*60, 50, 50), Edges: edge(style, float32(2+i%2*4), color.NRGBA{R: 0x17, G: 0x69, B: 0x8a, A: 255}),
				Radii: display.Radii{radius, radius, radius, radius},
			})
		}
		x += 58
	}
	list = append(list,
		display.Border{Rect: box(16, 300, 80, 60), Radii: display.Radii{20, 0, 20, 0}, Edges: [4]display.Edge{
			{Width: 8, Color: red, Style: "solid"}, {Width: 2, Color: blue, Style: "dashed"}, {Width: 8, Color: green, Style: "double"}, {Width: 14, Color: black, Style: "solid"},
		}},
		display.Border{Rect: box(110, 300, 80, 60), Edges: [4]display.Edge{{}, {}, {}, {Width: 6, Color: green, Style: "solid"}}},
		display.Shadow{Rect: box(190, 280, 140, 110), Shape: box(212, 304, 80, 56), Hole: box(210, 300, 80, 56), Radii: display.Radii{8, 8, 8, 8}, HoleRadii: display.Radii{8, 8, 8, 8}, Blur: 12, Color: color.NRGBA{A: 120}},
		display.Fill{Rect: box(210, 300, 80, 56), Radii: display.Radii{8, 8, 8, 8}, Color: color.NRGBA{R: 0xea, G: 0xf4, B: 0xf8, A: 255}},
		display.Gradient{Rect: box(310, 300, 80, 60), Radii: display.Radii{6, 6, 6, 6}, X0: 310, Y0: 300, X1: 390, Y1: 360, Stops: []display.Stop{{At: 0, Color: red}, {At: 0.5, Color: white}, {At: 1, Color: blue}}},
		display.Gradient{Rect: box(400, 300, 80, 60), Radial: true, X0: 440, Y0: 330, X1: 40, Y1: 30, Stops: []display.Stop{{At: 0, Color: white}, {At: 1, Color: green}}},
		display.Shadow{Rect: box(16, 380, 100, 50), Shape: box(18, 384, 96, 46), Hole: box(16, 380, 100, 50), Blur: 8, Color: color.NRGBA{A: 200}, Inset: true},
	)
	photo := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			photo.SetRGBA(x, y, color.RGBA{R: uint8(4 * x), G: uint8(4 * y), B: 128, A: 255})
		}
	}
	list = append(list,
		display.Picture{Rect: box(130, 380, 100, 60), Image: photo, Opacity: 1, Radii: display.Radii{10, 10, 10, 10}},
		display.Picture{Rect: box(250, 380, 100, 60), Image: photo, Opacity: 0.5, TileW: 20, TileH: 20, OffsetX: 3},
		display.Push{Rect: box(370, 380, 60, 60), Clip: true, Radii: display.Radii{30, 30, 30, 30}, Opacity: 0.8},
		display.Picture{Rect: box(360, 370, 100, 80), Image: photo, Opacity: 1},
		display.Pop{},
	)
	list = append(list, line(16, 520, 64, "Grand", ink, text.Query{})...)
	for _, it := range line(250, 520, 40, "Shadow", color.NRGBA{A: 160}, text.Query{Weight: 700}) {
		r := it.(display.Run)
		r.Blur, r.OriginX, r.OriginY = 6, r.OriginX+3, r.OriginY+3
		list = append(list, r)
	}
	list = append(list, line(250, 520, 40, "Shadow", color.NRGBA{R: 0xe0, G: 0x66, B: 0x2f, A: 255}, text.Query{Weight: 700})...)
	list = append(list, line(-40, 720, 250, "Big", color.NRGBA{R: 0x17, G: 0x69, B: 0x8a, A: 200}, text.Query{})...)
	return list
}

func BenchmarkPaint_Page(b *testing.B) {
	var list display.List
	for y := float32(20); y < 100_000; y += 18 {
		for x := float32(10); x < 900; x += 220 {
			list = append(list, line(x, y, 14, "some words of text in here", black, text.Query{})...)
		}
	}
	ix := raster.NewIndex(list)
	img := image.NewRGBA(image.Rect(0, 0, 1000, 700))
	ix.Paint(img, 0, 50_000, 1)
	for b.Loop() {
		raster.Clear(img, white)
		ix.Paint(img, 0, 50_000, 1)
	}
}
