package dom

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html/atom"
)

func tree(t *testing.T, src string, lim Limits) *Document {
	t.Helper()
	d, err := Parse(t.Context(), []byte(src), lim)
	require.NoError(t, err)
	return d
}

var roomy = Limits{Nodes: 100_000, Depth: 512}

func TestParse(t *testing.T) {
	d := tree(t, `<!DOCTYPE html><p ID=x Class="a b">one<!-- gone -->two<b>three</p><svg viewBox="0 0 1 1"><path/></svg>`, roomy)
	require.False(t, d.Quirks)
	p := d.ByID("x")
	require.True(t, d.Is(p, atom.P))
	require.Equal(t, "a b", d.Get(p, "class"))
	require.Equal(t, "onetwothree", d.TextContent(p))
	require.Equal(t, "onetwo", d.Nodes[d.Nodes[p].First].Text, "texts around a comment are one")
	svg := d.Find(0, atom.P)
	require.Equal(t, p, svg)
	var b strings.Builder
	require.NoError(t, d.Dump(&b))
	require.Contains(t, b.String(), "|     <p>\n|       id=\"x\"\n|       class=\"a b\"\n|       \"onetwo\"\n|       <b>\n")
	require.Contains(t, b.String(), `viewBox="0 0 1 1"`)
}

func TestParse_Quirks(t *testing.T) {
	for src, want := range map[string]bool{
		"": true, "<p>": true, "<!DOCTYPE html>": false, "<!doctype HTML SYSTEM 'about:legacy-compat'>": false,
		`<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">`:                                               true,
		`<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">`:        false,
		`<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">`: false,
		`<!DOCTYPE html PUBLIC "-//IETF//DTD HTML 2.0//EN">`:                                                            true,
	} {
		require.Equal(t, want, tree(t, src, roomy).Quirks, src)
	}
}

func TestParse_Limits(t *testing.T) {
	d := tree(t, strings.Repeat("<p>x", 1000), Limits{Nodes: 100, Depth: 512})
	require.LessOrEqual(t, len(d.Nodes), 100)
	require.True(t, d.Truncated)
	d = tree(t, strings.Repeat("<div>", 2000)+"deep"+strings.Repeat("</div>", 2000)+"<p id=after>", roomy)
	require.True(t, d.Truncated)
	require.Contains(t, d.TextContent(0), "deep")
	require.NotEqual(t, None, d.ByID("after"))
	d = tree(t, strings.Repeat("<p>x", 2000)+"<b id=last>", roomy)
	require.False(t, d.Truncated, "paragraphs end by themselves")
	require.NotEqual(t, None, d.ByID("last"))
	d = tree(t, strings.Repeat("<i>", 30)+"x", Limits{Nodes: 1000, Depth: 10})
	require.Equal(t, "x", d.TextContent(0))
}

func TestNext(t *testing.T) {
	d := tree(t, "<!DOCTYPE html><body><ul><li>a</li><li>b</li></ul>", roomy)
	ul := d.Find(0, atom.Ul)
	n := 0
	for range d.Descendants(ul) {
		n++
	}
	require.Equal(t, 4, n)
	li := d.Nodes[ul].First
	require.Equal(t, d.Nodes[li].Next, d.Next(li, ul, true))
	require.Equal(t, ul, d.Closest(d.Nodes[li].First, atom.Ul))
}
