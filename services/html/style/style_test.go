package style

import (
	"image/color"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/html/css"
	"guichet/services/html/dom"
)

func styled(t *testing.T, page, sheet string, env Env) (*dom.Document, *Tree) {
	t.Helper()
	d, err := dom.Parse(t.Context(), []byte(page), dom.Limits{Nodes: 10_000, Depth: 200})
	require.NoError(t, err)
	env.Media.Width, env.Media.Height, env.Media.Scale = 800, 600, 1
	e := New(nil, []Source{{Sheet: css.Parse(sheet, 1000)}})
	tree, err := e.Style(t.Context(), d, &env)
	require.NoError(t, err)
	return d, tree
}

var red, blue = color.NRGBA{R: 255, A: 255}, color.NRGBA{B: 255, A: 255}

func TestMatch(t *testing.T) {
	page := `<!DOCTYPE html><body class="top"><div id=d><p id=x class="a b" lang=en-GB title="hello world" data-n=5><b></b></p><p id=y></p><span></span><p id=z class=c></p></div>
		<a href=/q id=l></a><input type=CHECKBOX checked id=i disabled>`
	for sel, ids := range map[string]string{
		"p": "x y z", "#x": "x", ".a.b": "x", ".a.c": "", "*.a": "x", "div > p": "x y z", "body p": "x y z", "body > p": "", "p + p": "y",
		"p ~ p": "y z", "p + span + p": "z", "[title]": "x", "[title='hello world']": "x", "[title~=world]": "x", "[lang|=en]": "x",
		"[title^=hel]": "x", "[title$=rld]": "x", "[title*='o w']": "x", "[title='HELLO WORLD' i]": "x", "[type=checkbox]": "i",
		"p:first-child": "x", "p:last-child": "z", "p:nth-child(2)": "y", "p:nth-child(odd)": "x", "p:nth-child(even)": "y z", "p:nth-of-type(3)": "z",
		"p:nth-last-child(1)": "z", "p:first-of-type": "x", "p:last-of-type": "z", "p:empty": "y z", "p:not(.a)": "y z", ":is(#y, .c)": "y z",
		":where(p).c": "z", "p:nth-child(1 of .c)": "z", ":link": "l", "a:visited": "", "a:hover": "", ":checked": "i", ":disabled": "i", "input:enabled": "",
		"p:lang(en)": "x", ".top .a": "x", ".nothere .a": "", "div:has(p)": "", ".a, .c": "x z", "body.top > div > p.a": "x",
	} {
		d, tree := styled(t, page, sel+"{z-index:77;position:relative}", Env{})
		var got []string
		for n := range d.Descendants(0) {
			if s := tree.Styles[n]; s != nil && s.ZIndex == 77 && d.Get(n, "id") != "" {
				got = append(got, d.Get(n, "id"))
			}
		}
		require.Equal(t, ids, strings.Join(got, " "), sel)
	}
}

func TestCascade(t *testing.T) {
	for _, c := range []struct {
		name, page, sheet string
		want              color.NRGBA
	}{
		{"later wins", "<p id=x>", "p{color:blue} p{color:red}", red},
		{"specificity wins", "<p id=x class=a>", ".a{color:red} p{color:blue}", red},
		{"style attribute wins", "<p id=x style=color:red>", "#x{color:blue}", red},
		{"important wins over the attribute", "<p id=x style=color:blue>", "p{color:red!important}", red},
		{"important attribute wins", "<p id=x style='color:red!important'>", "#x{color:blue!important}", red},
		{"author wins over hints", "<font id=x color=blue>", "font{color:red}", red},
		{"hints win over the browser", "<font id=x color=red>", "", red},
		{"inheritance", "<div style=color:red><p><b id=x>", "", red},
		{"own rule over inheritance", "<div style=color:red!important><b id=x>", "b{color:blue}", blue},
		{"inherit", "<div style=color:red><a href=x id=x>", "a{color:inherit}", red},
		{"initial", "<div style=color:red><b id=x>", "b{color:initial}", color.NRGBA{A: 255}},
		{"unset of an inherited one", "<div style=color:red><b id=x>", "b{color:blue;color:unset}", red},
		{"revert", "<div style=color:red><a href=q id=x>", "a{color:red;color:revert}", color.NRGBA{B: 0xEE, A: 255}},
		{"variables", "<p id=x>", ":root{--c:red} p{color:var(--c)}", red},
		{"variable fallback", "<p id=x>", "p{color:var(--none, red)}", red},
		{"variable of variables", "<p id=x>", ":root{--a:var(--b);--b:red} p{color:var(--a)}", red},
		{"cyclic variables", "<p id=x>", ":root{--a:var(--b);--b:var(--a)} p{color:var(--a, red)}", red},
		{"invalid variable is unset", "<div style=color:red><p id=x>", ":root{--a:5px} p{color:blue;color:var(--a)}", red},
		{"layers lose to unlayered", "<p id=x>", "p{color:red} @layer a{#x{color:blue}}", red},
		{"later layers win", "<p id=x>", "@layer a,b; @layer b{p{color:red}} @layer a{#x{color:blue}}", red},
		{"important layers turn round", "<p id=x>", "@layer a{p{color:red!important}} p{color:blue!important}", red},
		{"media that does not hold", "<p id=x>", "p{color:red} @media print{p{color:blue}}", red},
		{"currentcolor", "<div style=color:red><p id=x style=color:currentcolor>", "", red},
	} {
		d, tree := styled(t, "<!DOCTYPE html>"+c.page, c.sheet, Env{})
		require.Equal(t, c.want, tree.Styles[d.ByID("x")].Color, c.name)
	}
}

func TestComputed(t *testing.T) {
	size := func(page, sheet string) float32 {
		d, tree := styled(t, "<!DOCTYPE html>"+page, sheet, Env{})
		return tree.Styles[d.ByID("x")].Font.Size
	}
	require.InDelta(t, 32, size("<h1 id=x>", ""), 0.01)
	require.InDelta(t, 24, size("<div style=font-size:20px><p id=x style=font-size:120%>", ""), 0.01)
	require.InDelta(t, 13, size("<pre id=x>", ""), 0.01, "monospace alone is smaller")
	require.InDelta(t, 16, size("<pre id=x>", "pre{font-family:monospace,monospace}"), 0.01)
	require.InDelta(t, 8, size("<p id=x style='font-size:1vw'>", ""), 0.01)
	require.InDelta(t, 20, size("<p id=x>", "html{font-size:10px} p{font-size:2rem}"), 0.01)
	d, tree := styled(t, "<p id=x>", "p{font-size:10px}", Env{Text: 2})
	require.InDelta(t, 20, tree.Styles[d.ByID("x")].Font.Size, 0.01, "the person's text size")

	d, tree = styled(t, "<!DOCTYPE html><table cellpadding=7 border=2><tr><td id=x align=center bgcolor=red>", "", Env{})
	s := tree.Styles[d.ByID("x")]
	require.Equal(t, Px(7), s.Padding[0])
	require.Equal(t, float32(1), s.BorderWidth[0])
	require.Equal(t, red, s.Background)
	require.Equal(t, AlignBlockCenter, s.TextAlign)

	d, tree = styled(t, "<p id=x style='position:fixed;z-index:99999'>", "", Env{Mail: true})
	require.Equal(t, Absolute, tree.Styles[d.ByID("x")].Position, "mail")
	require.Equal(t, 100, tree.Styles[d.ByID("x")].ZIndex)

	d, tree = styled(t, "<b id=x style=float:left></b><i id=y style=display:none>", "", Env{})
	require.Equal(t, Block, tree.Styles[d.ByID("x")].Display)
	require.Nil(t, tree.Styles[d.ByID("y")])
}

func TestStyle_SharesEqualStyles(t *testing.T) {
	d, tree := styled(t, "<!DOCTYPE html><ul><li id=a>x<li id=b>y</ul>", "", Env{})
	require.Same(t, tree.Styles[d.ByID("a")], tree.Styles[d.ByID("b")])
}
