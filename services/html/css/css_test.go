package css

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseStyle_Longhands(t *testing.T) {
	for in, want := range map[string]map[string]string{
		"margin: 1px 2em 3%":                               {"margin-top": "1px", "margin-right": "2em", "margin-bottom": "3%", "margin-left": "2em"},
		"border: 2px solid red":                            {"border-left-width": "2px", "border-top-style": "solid", "border-bottom-color": "#ff0000"},
		"border-top: dotted":                               {"border-top-width": "medium", "border-top-style": "dotted", "border-top-color": "currentcolor"},
		"font: italic bold 12pt/1.5 'Go Sans', serif":      {"font-style": "italic", "font-weight": "bold", "font-size": "16px", "line-height": "1.5", "font-family": `"Go Sans", serif`},
		"background: #fff url(a.png) no-repeat 50% 0":      {"background-color": "#ffffff", "background-image": `url("a.png")`, "background-repeat": "no-repeat", "background-position": "50% 0"},
		"background: url(a) center/cover, blue":            {"background-size": "cover, auto", "background-color": "#0000ff"},
		"flex: 1":                                          {"flex-grow": "1", "flex-shrink": "1", "flex-basis": "0%"},
		"flex: none":                                       {"flex-grow": "0", "flex-shrink": "0", "flex-basis": "auto"},
		"border-radius: 1px 2px / 3px":                     {"border-top-left-radius": "1px 3px", "border-top-right-radius": "2px 3px"},
		"list-style: none":                                 {"list-style-type": "none"},
		"text-decoration: underline dotted red":            {"text-decoration-line": "underline", "text-decoration-style": "dotted", "text-decoration-color": "#ff0000"},
		"overflow: hidden auto":                            {"overflow-x": "hidden", "overflow-y": "auto"},
		"COLOR: RED":                                       {"color": "#ff0000"},
		"color: red; color: nonsense(1)":                   {"color": "#ff0000"},
		"width: -5px; height: 5; margin: 1px nonsense":     {},
		"color: rgb(1 2 3 / 50%)":                          {"color": "#01020380"},
		"color: hsl(120, 100%, 50%)":                       {"color": "#00ff00"},
		"color: hwb(0 0% 0%)":                              {"color": "#ff0000"},
		"color: oklch(62.8% 0.2577 29.23)":                 {"color": "#ff0000"},
		"width: calc(100% - 2em)":                          {"width": "calc(100% - 2em)"},
		"/* note */ color /**/ : /* x */ blue ! important": {"color": "#0000ff"},
		"inset: 1px":                                       {"top": "1px", "left": "1px"},
		"gap: 4px 8px":                                     {"row-gap": "4px", "column-gap": "8px"},
	} {
		got := map[string]string{}
		for _, d := range ParseStyle(in) {
			got[d.Prop.String()] = Format(d.Vals)
		}
		for p, v := range want {
			require.Equal(t, v, got[p], "%s: %s", in, p)
		}
		if len(want) == 0 {
			require.Empty(t, got, in)
		}
	}
}

func TestParse_Specificity(t *testing.T) {
	for sel, want := range map[string]uint32{
		"*": 0, "p": 1, "p.a": 1<<10 + 1, "#x p": 1<<20 + 1, "a:hover": 1<<10 + 1, "p::before": 2, "[href]": 1 << 10,
		":is(#a, p)": 1 << 20, ":where(#a) p": 1, ":not(.a.b)": 2 << 10, "ul > li + li": 3, "li:nth-child(2n+1 of .x)": 2<<10 + 1,
	} {
		s := Parse(sel+"{color:red}", 100)
		require.Len(t, s.Rules, 1, sel)
		require.Equal(t, want, s.Rules[0].Selectors[0].Weight, sel)
	}
}

func TestParse_BadRulesAreDropped(t *testing.T) {
	for _, sel := range []string{"p..a", "p >", "> p", "p:unknown", "p::before span", "a,,b", "p:nth-child(x)"} {
		s := Parse(sel+"{color:red} q{color:blue}", 100)
		require.Len(t, s.Rules, 1, sel)
		require.Equal(t, "q", s.Rules[0].Selectors[0].Compounds[0].Tag, sel)
	}
}

func TestParse_Rules(t *testing.T) {
	s := Parse(`@charset "x"; @import url("a.css") print; @import 'b.css';
		@media (min-width: 600px) { p { color: red } @media print { q { color: red } } }
		@supports (display: flex) and (not (foo: bar)) and (not (display: grid)) { i { color: red } }
		@supports (foo: bar) { b { color: red } }
		@font-face { font-family: X; src: url(x.woff) } @keyframes k { from { top: 0 } }
		a { color: red; & b { color: blue } > c { top: 1px } @media print { top: 2px } }`, 100)
	require.Equal(t, "a.css", s.Imports[0].URL)
	require.Equal(t, "b.css", s.Imports[1].URL)
	require.True(t, s.Imports[1].Media.Matches(&Media{}))
	require.False(t, s.Imports[0].Media.Matches(&Media{}))
	var tags []string
	for _, r := range s.Rules {
		if len(r.Selectors) > 0 {
			tags = append(tags, r.Selectors[0].Compounds[0].Tag)
		}
	}
	require.Equal(t, []string{"p", "q", "i", "a", "b", "c", "a"}, tags)
	require.Len(t, s.Rules[1].Media, 2)
	require.Equal(t, "X", s.FontFaces[0].Family)
}

func TestQuery_Matches(t *testing.T) {
	m := &Media{Width: 800, Height: 600, Scale: 2, Dark: true}
	for q, want := range map[string]bool{
		"": true, "all": true, "screen": true, "print": false, "not print": true, "only screen and (max-width: 600px)": false,
		"(min-width: 50em)": true, "(width >= 800px)": true, "(400px < width < 700px)": false, "(prefers-color-scheme: dark)": true,
		"(prefers-color-scheme: light)": false, "print, (min-width: 1px)": true, "(min-resolution: 1.5dppx)": true,
		"(-webkit-min-device-pixel-ratio: 3)": false, "(orientation: landscape)": true, "(min-aspect-ratio: 4/3)": true,
		"not (min-width: 1px)": false, "(nonsense)": false, "screen and": false, "(hover) and (pointer: fine)": true,
		"(max-width: 100px) or (min-width: 700px)": true,
	} {
		require.Equal(t, want, ParseMedia(q).Matches(m), q)
	}
}

func TestResolveSum(t *testing.T) {
	m := &Metrics{Em: 10, Rem: 16, Vw: 8, Vh: 6, Ex: 5, Ch: 5}
	for in, want := range map[string]float32{
		"2em": 20, "1rem": 16, "50%": 100, "10vw": 80, "1in": 96, "calc(50% - 20px)": 80, "calc((1px + 2px) * 3)": 9, "calc(100% / 4 + 1em)": 60,
		"min(50%, 30px)": 30, "max(10%, 30px)": 30, "clamp(10px, 50%, 40px)": 40, "calc(1px + min(50%, 10px))": 11, "calc(-1 * 2px)": -2, "0": 0,
	} {
		v := ParseValue(in)
		require.Len(t, v, 1, in)
		s, ok := ResolveSum(v[0], m)
		require.True(t, ok, in)
		require.InDelta(t, want, s.At(200), 0.01, in)
	}
	for _, in := range []string{"calc(1px + 2)", "calc(1px * 2px)", "calc(1px / 0)", "calc(1px+2px)", "5", "red", "calc()"} {
		v := ParseValue(in)
		if len(v) == 1 {
			_, ok := ResolveSum(v[0], m)
			require.False(t, ok, in)
		}
	}
}

func TestLegacyColor(t *testing.T) {
	for in, want := range map[string]string{"red": "#ff0000", "#abc": "#aabbcc", "abcdef": "#abcdef", "#ff": "#0f0f00", "chucknorris": "#c00000"} {
		c, ok := LegacyColor(in)
		require.True(t, ok, in)
		require.Equal(t, want, c.String(), in)
	}
	_, ok := LegacyColor("transparent")
	require.False(t, ok)
}

func TestParse_SelectorLimit(t *testing.T) {
	s := Parse("a,b,c{color:red} d{color:red}", 3)
	require.Equal(t, 3, s.Selectors)
	require.True(t, s.Truncated)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"a{color:red}", "@media(width>1px){a{b:c}}", "a{&:b{c:d}}", "{{}}", "a{b:c(d(e(f}", "@import url(x)", `a{content:"\` + "\n" + `x"}`, "a{--x:{a:b}}", "@supports((a:b)){c{d:e}}", "\\0",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		s := Parse(src, 1000)
		require.LessOrEqual(t, s.Selectors, 1000)
		s.MapURLs(func(u string) string { return u })
		for _, d := range ParseStyle(src) {
			_ = Format(d.Vals)
		}
		ParseMedia(src).Matches(&Media{Width: 1, Height: 1})
	})
}
