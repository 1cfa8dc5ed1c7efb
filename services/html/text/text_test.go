package text_test

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gosmallcaps"

	"guichet/services/html/text"
)

func style(size float32, families ...string) text.Style {
	return text.Style{Query: text.Query{Families: families}, Size: size}
}

func TestShape_WidthGrowsWithSizeAndSpacing(t *testing.T) {
	f := text.NewFonts()
	s := style(16, "sans-serif")
	base := text.Width(f.Shape("Guichet", s))
	require.Greater(t, base, float32(40))

	s.Size = 32
	assert.InDelta(t, 2*base, text.Width(f.Shape("Guichet", s)), 0.01, "advances are not rounded to pixels")
	s.Size = 13.3
	assert.InDelta(t, base*13.3/16, text.Width(f.Shape("Guichet", s)), 0.01)
	s.Size, s.LetterSpacing = 16, 2
	assert.InDelta(t, base+7*2, text.Width(f.Shape("Guichet", s)), 0.01)
	s = style(16, "sans-serif")
	s.WordSpacing = 5
	assert.InDelta(t, text.Width(f.Shape("a b c", style(16, "sans-serif")))+10, text.Width(f.Shape("a b c", s)), 0.01)
}

func TestShape_Carets(t *testing.T) {
	f := text.NewFonts()
	spans := f.Shape("mille", style(20, "sans-serif"))
	require.Len(t, spans, 1)
	c := spans[0].Carets
	require.Len(t, c, 6)
	assert.Zero(t, c[0])
	for i := 1; i < len(c); i++ {
		assert.Greater(t, c[i], c[i-1])
	}
	assert.InDelta(t, spans[0].Advance, c[5], 0.001)

	s := style(20, "sans-serif")
	s.RTL = true
	c = f.Shape("abc", s)[0].Carets
	assert.Greater(t, c[0], c[3], "carets of a right-to-left run go from right to left")
	assert.InDelta(t, 0, c[3], 0.001)
}

func TestFace_Matching(t *testing.T) {
	f := text.NewFonts()
	regular := f.Face(text.Query{Families: []string{"No Such Font", "sans-serif"}}, 'a')
	bold := f.Face(text.Query{Families: []string{"Go"}, Weight: 700}, 'a')
	mono := f.Face(text.Query{Families: []string{"monospace"}}, 'a')
	assert.NotEqual(t, regular.FaceID(), bold.FaceID())
	assert.NotEqual(t, regular.FaceID(), mono.FaceID())
	assert.Same(t, regular, f.Face(text.Query{Families: []string{" GO "}}, 'a'), "names are compared without case")
	assert.Same(t, bold, f.Face(text.Query{Families: []string{"Go"}, Weight: 900}, 'a'))
	assert.NotNil(t, f.Face(text.Query{}, 0x4E2D), "a character that no font has still gets a face")
}

func TestRegister(t *testing.T) {
	f := text.NewFonts()
	q := text.Query{Families: []string{"Web Font", "sans-serif"}}
	before := f.Face(q, 'a')
	require.NoError(t, f.Register("Web Font", gosmallcaps.TTF))
	after := f.Face(q, 'a')
	assert.NotEqual(t, before.FaceID(), after.FaceID(), "what was chosen before is chosen anew")

	bold := f.Face(text.Query{Families: []string{"Web Font"}, Weight: 700, Italic: true}, 'a')
	assert.True(t, bold.Embolden(), "a family without bold is emboldened")
	assert.True(t, bold.Slant())
	assert.False(t, after.Embolden())

	require.NoError(t, f.Register("", gomedium.TTF))
	named := f.Face(text.Query{Families: []string{"Go Medium"}}, 'a')
	assert.NotEqual(t, before.FaceID(), named.FaceID(), "by the name in the file")
}

func TestOffer_ReadsWhenNeeded(t *testing.T) {
	f := text.NewFonts()
	read := 0
	f.Offer([]string{"One", "Two"}, 400, false, func() []byte { read++; return gomedium.TTF })
	f.Offer([]string{"Broken"}, 400, false, func() []byte { return nil })
	f.Face(text.Query{}, 'a')
	assert.Zero(t, read)
	one, two := f.Face(text.Query{Families: []string{"One"}}, 'a'), f.Face(text.Query{Families: []string{"Two"}}, 'a')
	assert.Same(t, one, two)
	assert.Equal(t, 1, read)
	assert.Same(t, f.Face(text.Query{}, 'a'), f.Face(text.Query{Families: []string{"Broken"}}, 'a'))
}

func TestWith_IsForOneDocument(t *testing.T) {
	f := text.NewFonts()
	doc := f.With()
	require.NoError(t, doc.RegisterAs("sans-serif", gosmallcaps.TTF, 400, false))
	q := text.Query{Families: []string{"sans-serif"}}
	assert.NotSame(t, f.Face(q, 'a'), doc.Face(q, 'a'))
	mono := text.Query{Families: []string{"monospace"}}
	assert.Same(t, f.Face(mono, 'a'), doc.Face(mono, 'a'), "all else is the parent's")
	assert.InDelta(t, text.Width(f.Shape("abc", text.Style{Query: mono, Size: 10})), text.Width(doc.Shape("abc", text.Style{Query: mono, Size: 10})), 0.001)
}

func TestShape_Odd(t *testing.T) {
	f := text.NewFonts()
	nan := float32(math.NaN())
	for name, s := range map[string]string{
		"nothing": "", "controls": "a\x00\x1b\tb", "not UTF-8": "a\xff\xfeb", "marks alone": "\u0301\u0301\u200d\ufe0f",
		"long": strings.Repeat("x", 100_000), "mixed": "abc \u05d0\u05d1 \u4e2d\u6587 \U0001F600",
	} {
		for _, size := range []float32{16, 0, -3, nan, 1e30} {
			spans := f.Shape(s, text.Style{Size: size, Features: "nonsense,,liga=0"})
			at := 0
			for _, sp := range spans {
				assert.Equal(t, at, sp.Start, name)
				assert.Len(t, sp.Carets, sp.End-sp.Start+1, name)
				assert.GreaterOrEqual(t, sp.Advance, float32(0), name)
				at = sp.End
			}
			assert.Equal(t, len([]rune(s)), at, name)
		}
	}
	plain := text.Width(f.Shape("ab", style(16, "sans-serif")))
	assert.InDelta(t, plain, text.Width(f.Shape("a\x01b", style(16, "sans-serif"))), 0.001, "a control character takes no room")
	assert.InDelta(t, plain, text.Width(f.Shape("a\u00adb", style(16, "sans-serif"))), 0.001, "nor does a soft hyphen")
}

func TestShape_ByManyGoroutines(t *testing.T) {
	f := text.NewFonts()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				f.Shape(strconv.Itoa(i%50), style(float32(10+g%3), "sans-serif"))
				if i == 100 && g == 0 {
					if err := f.Register("new", gomedium.TTF); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestUseSystem(t *testing.T) {
	f := text.NewFonts()
	f.UseSystem(t.TempDir())
	f.Warm() // this computer may have no fonts: the built-in ones remain
	q := text.Query{Families: []string{"sans-serif"}}
	require.NotNil(t, f.Face(q, 'a'))
	require.NotEmpty(t, f.Shape("Grüße \u4e2d", text.Style{Query: q, Size: 16}))
}

func TestMetrics(t *testing.T) {
	f := text.NewFonts()
	m := f.Primary(text.Query{}).Metrics(16)
	assert.Equal(t, m.Ascent, float32(int(m.Ascent)))
	assert.InDelta(t, 19, m.LineHeight(), 3)
	assert.InDelta(t, 8, m.XHeight, 1.5)
	assert.Greater(t, m.UnderlineY, float32(0))
	assert.Greater(t, m.StrikeY, float32(0))
	assert.GreaterOrEqual(t, m.Thickness, float32(1))
}

func TestRegister_RefusesWhatIsNoFont(t *testing.T) {
	f := text.NewFonts()
	require.Error(t, f.Register("x", nil))
	require.Error(t, f.Register("x", []byte("wOFF and then nothing of use at all, forty-four bytes and more")))
}

func TestBreaks(t *testing.T) {
	b := text.Breaks([]rune("to be-or not\u00a0to\nbe"))
	at := func(i int) bool { return b[i]&text.LineBreak != 0 }
	assert.True(t, at(3), "after a space")
	assert.True(t, at(6), "after a hyphen")
	assert.False(t, at(13), "a no-break space keeps together")
	assert.NotZero(t, b[16]&text.MustBreak)
	assert.NotZero(t, b[3]&text.WordStart)
	assert.NotZero(t, b[5]&text.WordEnd)
	g := text.Breaks([]rune("e\u0301x"))
	assert.Zero(t, g[1]&text.Grapheme, "no caret between a letter and its accent")
	assert.NotZero(t, g[2]&text.Grapheme)
}

func TestBidi(t *testing.T) {
	runs := text.Bidi([]rune("abc \u05d0\u05d1 12 def"), text.LTR)
	require.NotEmpty(t, runs)
	assert.Equal(t, 0, runs[0].Start)
	var sawRTL bool
	end := 0
	for _, r := range runs {
		assert.Equal(t, end, r.Start, "runs follow each other")
		end = r.End
		sawRTL = sawRTL || r.RTL()
	}
	assert.Equal(t, 13, end)
	assert.True(t, sawRTL)
	assert.Equal(t, []text.Run{{End: 3}}, text.Bidi([]rune("abc"), text.Auto))
	rtl := text.Bidi([]rune("abc"), text.RTL)
	require.Len(t, rtl, 1)
	assert.EqualValues(t, 2, rtl[0].Level, "Latin inside a right-to-left paragraph")

	assert.Equal(t, []int{0, 1, 2}, text.VisualOrder([]uint8{0, 0, 0}))
	assert.Equal(t, []int{2, 1, 0}, text.VisualOrder([]uint8{1, 1, 1}))
	assert.Equal(t, []int{0, 2, 1, 3}, text.VisualOrder([]uint8{0, 1, 1, 0}))
	assert.Equal(t, []int{2, 1, 0}, text.VisualOrder([]uint8{1, 2, 1}))
}

func BenchmarkShape_Cached(b *testing.B) {
	f := text.NewFonts()
	s := style(16, "Helvetica", "Arial", "sans-serif")
	for b.Loop() {
		f.Shape("Guichet", s)
	}
}

func BenchmarkShape_New(b *testing.B) {
	f := text.NewFonts()
	s := style(16, "sans-serif")
	for b.Loop() {
		s.Size += 0.001
		f.Shape("Guichet", s)
	}
}
