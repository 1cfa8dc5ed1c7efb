package html

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/html/raster"
)

// article is a long page of the usual kind: headings, paragraphs with links and
// emphasis, lists, a table, some rules.
func article(sections int) []byte {
	var b strings.Builder
	b.WriteString(`<!doctype html><title>Article</title><style>body{font:16px/1.5 serif;max-width:800px;margin:auto}h2{color:#17324d}
p>a:hover{color:red}table{border-collapse:collapse}td{border:1px solid #ccc;padding:4px}.note{float:right;width:200px;background:#eee}</style>`)
	for i := range sections {
		fmt.Fprintf(&b, "<h2 id=s%d>Section %d</h2><div class=note>A note</div>", i, i)
		for range 4 {
			b.WriteString("<p>A paragraph of <b>some</b> length with <a href='/x'>a link</a> and <em>words that go on</em>, ")
			b.WriteString(strings.Repeat("as words in an article do, line after line ", 8))
			b.WriteString("</p>")
		}
		b.WriteString("<ul><li>one<li>two<li>three</ul><table><tr><td>a<td>b<td>c<tr><td>1<td>2<td>3</table>")
	}
	return []byte(b.String())
}

// BenchmarkStages runs each stage of the engine on 120 kB of HTML.
func BenchmarkStages(b *testing.B) {
	src := article(60)
	ctx := b.Context()
	vp := Viewport{Width: 1000, Height: 700, Scale: 1}
	b.Run("parse", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			_, err := Parse(ctx, src, Options{})
			require.NoError(b, err)
		}
	})
	doc, err := Parse(ctx, src, Options{})
	require.NoError(b, err)
	b.Run("layout", func(b *testing.B) {
		for b.Loop() {
			_, err := doc.Layout(ctx, vp)
			require.NoError(b, err)
		}
	})
	view, err := doc.Layout(ctx, vp)
	require.NoError(b, err)
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
			raster.NewIndex(view.List)
		}
	})
	ix := raster.NewIndex(view.List)
	b.Run("paint", func(b *testing.B) { // one window full
		img := image.NewRGBA(image.Rect(0, 0, 1000, 700))
		for b.Loop() {
			raster.Clear(img, color.White)
			ix.Paint(img, 0, view.Height/2, 1)
		}
	})
	b.Run("find", func(b *testing.B) {
		for b.Loop() {
			require.NotEmpty(b, view.Find("go on"))
		}
	})
}
