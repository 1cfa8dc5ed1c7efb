package html

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/html/display"
	"guichet/services/html/dom"
	"guichet/services/html/text"
)

// boxes gives the border box of the first fragment of each element with an id.
func boxes(v *View) map[string]display.Rect {
	out := map[string]display.Rect{}
	for i := range v.ix.Boxes {
		b := &v.ix.Boxes[i]
		if b.Frag.Box.Anon {
			continue
		}
		if id := v.doc.Get(b.Frag.Box.Node, "id"); id != "" {
			if _, ok := out[id]; !ok {
				out[id] = b.Rect
			}
		}
	}
	return out
}

func show(t *testing.T, page string, width float32, opt Options) *View {
	t.Helper()
	if opt.Fonts == nil {
		opt.Fonts = text.NewFonts()
	}
	d, err := Parse(t.Context(), []byte(page), opt)
	require.NoError(t, err)
	v, err := d.Layout(t.Context(), Viewport{Width: width, Height: 600, Scale: 1})
	require.NoError(t, err)
	require.False(t, v.Simplified, "%v", v.Reason)
	return v
}

var expectation = regexp.MustCompile(`data-box="([^"]*)"`)

// TestGeometry lays out the pages of testdata: an element's data-box says where
// its border box has to be, "x y w h", a dash for what does not matter. The
// numbers follow from the specifications, not from any engine.
func TestGeometry(t *testing.T) {
	files, err := filepath.Glob("testdata/*.html")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".html"), func(t *testing.T) {
			src, err := os.ReadFile(f)
			require.NoError(t, err)
			v := show(t, string(src), 800, Options{})
			got := boxes(v)
			checked := 0
			for n := range v.doc.Descendants(0) {
				want := v.doc.Get(n, "data-box")
				if v.doc.Nodes[n].Kind != dom.Element || want == "" {
					continue
				}
				id := v.doc.Get(n, "id")
				r, ok := got[id]
				require.True(t, ok, "#%s has no box", id)
				have := []float32{r.X, r.Y, r.W, r.H}
				for i, s := range strings.Fields(want) {
					if s == "-" {
						continue
					}
					num, err := strconv.ParseFloat(s, 32)
					require.NoError(t, err)
					require.InDelta(t, num, have[i], 0.51, "#%s: want %s, have %v", id, want, have)
				}
				checked++
			}
			require.Equal(t, len(expectation.FindAllString(string(src), -1)), checked)
		})
	}
}

func TestInline_LinesBreakAndAlign(t *testing.T) {
	v := show(t, `<!DOCTYPE html><body style="margin:0;font:20px/30px monospace"><p id=p style="margin:0;width:130px">one two three four</p>
		<p id=r style="margin:0;width:200px;text-align:right">ab</p><p id=n style="margin:0;width:20px;white-space:nowrap">aa bb cc</p>
		<p id=b style="margin:0;width:61px;overflow-wrap:break-word">abcdefghij</p>`, 800, Options{})
	b := boxes(v)
	require.InDelta(t, 60, b["p"].H, 0.1, "two lines")
	require.InDelta(t, 30, b["n"].H, 0.1)
	require.InDelta(t, 60, b["b"].H, 0.1, "a long word is cut")
	require.Equal(t, "one two three four\nab\naa bb cc\nabcdefghij", v.Text(v.All()))
	r := v.Rects(v.Find("ab")[0])
	require.InDelta(t, 200, r[0].X+r[0].W, 0.1)
}

func TestWhiteSpace(t *testing.T) {
	for in, want := range map[string]string{
		"<p>  a  <b> b </b>  c  </p>":                 "a b c",
		"<pre>a\n  b\tc\n</pre>":                      "a\n  b\tc",
		"<p style='white-space:pre-line'>a  b\n c":    "a b\nc",
		"<p>a<br> b<br><br>c":                         "a\nb\n\nc",
		"<div>a <div>b</div> c</div>":                 "a\nb\nc",
		"<p>a&nbsp; b":                                "a\u00a0 b",
		"<ul><li>x<li>y</ul>":                         "• x\n• y",
		"<ol start=9><li>x<li value=20>y<li>z</ol>":   "9. x\n20. y\n21. z",
		"<table><tr><td>a<td>b<tr><td>c<td>d</table>": "a\tb\nc\td",
		"<p>a<span style='display:none'>x</span>b":    "ab",
		"a<script>x</script><style>y</style><template>z</template><noscript>b</noscript>": "ab",
		"<q>a<q>b</q></q>": "“a‘b’”",
		"<style>i::before{content:'['counter(x)']';counter-increment:x}</style><i>a</i><i>b</i>":         "[1]a[2]b",
		"<details><summary>s</summary>hidden</details><details open><summary>t</summary>shown</details>": "s\nt\nshown",
		"<p style='text-transform:uppercase'>straße":                                                     "STRASSE",
	} {
		v := show(t, "<!DOCTYPE html>"+in, 600, Options{})
		got := strings.NewReplacer("▸ ", "", "▾ ", "").Replace(v.Text(v.All()))
		require.Equal(t, want, regexp.MustCompile(`\n+`).ReplaceAllStringFunc(got, func(s string) string {
			if strings.Contains(want, "\n\n") {
				return s
			}
			return "\n"
		}), in)
	}
}

func TestLayout_WidthChangeKeepsStyles(t *testing.T) {
	d, err := Parse(t.Context(), []byte("<style>@media(max-width:500px){p{color:red}}</style><p>x"), Options{})
	require.NoError(t, err)
	at := func(w float32) any {
		_, err := d.Layout(t.Context(), Viewport{Width: w})
		require.NoError(t, err)
		return d.styled
	}
	a := at(900)
	require.Same(t, a, at(800))
	require.NotSame(t, a, at(400), "another media query holds")
}

func TestLayout_IsDeterministic(t *testing.T) {
	page := newsletter
	dump := func() string {
		d, err := Parse(t.Context(), []byte(page), Options{Fonts: text.NewFonts()})
		require.NoError(t, err)
		var all strings.Builder
		for _, s := range []Stage{StageDOM, StageStyle, StageBoxes, StageFragments, StageList} {
			require.NoError(t, d.Dump(t.Context(), &all, s, Viewport{Width: 700}))
		}
		return all.String()
	}
	first := dump()
	require.Contains(t, first, "table")
	for range 3 {
		require.Equal(t, first, dump())
	}
}

func TestMail_NothingLeavesTheMessage(t *testing.T) {
	page := `<p>hello</p><div style="position:fixed;top:-500px;left:0;width:99px;height:9999px;background:red">x</div><meta http-equiv=refresh content="0;url=http://bad.example/">
		<form action="http://bad.example/"><input type=submit id=s></form>`
	d, err := Parse(t.Context(), []byte(page), Options{Mail: true})
	require.NoError(t, err)
	require.Nil(t, d.Refresh())
	v, err := d.Layout(t.Context(), Viewport{Width: 500, Height: 100})
	require.NoError(t, err)
	require.Less(t, v.Height, float32(1000))
	clip, ok := v.List[0].(display.Push)
	require.True(t, ok && clip.Clip && clip.W == v.Width && clip.H == v.Height)
	s, err := d.Submit(0)
	require.NoError(t, err)
	require.True(t, s.Consent)
}

// newsletter is a mail as senders make them: nested tables and media queries.
var newsletter = `<!DOCTYPE html><style>@media(max-width:620px){.c{width:100%!important}}</style><body bgcolor=#eeeeee>
<table width="100%" cellpadding=0 cellspacing=0><tr><td align=center><table class=c width=600 cellpadding=0 cellspacing=0 id=inner><tr>` +
	`<td width="50%" style="padding:10px" id=left>left</td><td width="50%" valign=top style="padding:10px">` +
	`<img src="cid:1" width=100 height=50 alt=logo></td></tr></table></td></tr></table>`

func TestMail_Newsletter(t *testing.T) {
	wide := boxes(show(t, newsletter, 1016, Options{Mail: true}))
	require.Equal(t, display.Rect{X: 208, Y: 8, W: 600, H: wide["inner"].H}, wide["inner"])
	require.InDelta(t, 300, wide["left"].W, 0.1)
	narrow := boxes(show(t, newsletter, 416, Options{Mail: true}))
	require.InDelta(t, 400, narrow["inner"].W, 0.1, "the media query made it fluid")
}
