package html

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostile pages have to end within their limits and leave the words readable.
var hostile = map[string]func() string{
	"deep divs":    func() string { return strings.Repeat("<div>", 100_000) + "needle" },
	"deep inlines": func() string { return strings.Repeat("<span><b>", 50_000) + "needle" },
	"deep tables":  func() string { return strings.Repeat("<table><tr><td>", 3000) + "needle" },
	"deep flex":    func() string { return strings.Repeat("<div style='display:flex;flex-wrap:wrap'>", 300) + "needle" },
	"flex columns": func() string {
		return strings.Repeat("<div style='display:flex;flex-direction:column'><p>x</p>", 150) + "needle"
	},
	"inline blocks": func() string { return strings.Repeat("<div style='display:inline-block'>x", 400) + "needle" },
	"floats":        func() string { return strings.Repeat("<div style='float:left;width:30px'>x</div>", 3000) + "needle" },
	"huge colspan": func() string {
		return "<table>" + strings.Repeat("<tr><td colspan=100000 rowspan=65000>x", 500) + "<tr><td>needle</table>"
	},
	"collapsed": func() string {
		return "<table border=1 style='border-collapse:collapse'>" + strings.Repeat("<tr><td colspan=1000>x", 500) + "<tr><td>needle</table>"
	},
	"many cells": func() string {
		return "<p>needle<table>" + strings.Repeat("<tr>"+strings.Repeat("<td>a b", 100), 500) + "</table>"
	},
	"formatting": func() string {
		return "needle" + strings.Repeat("<b id=x><i><u><font color=red>", 200) + strings.Repeat("<p>x", 20_000)
	},
	"one word": func() string { return "needle <p style='overflow-wrap:anywhere'>" + strings.Repeat("x", 300_000) },
	"huge numbers": func() string {
		return "<div style='width:1e30px;margin:-1e30px;padding:1e20%;font-size:1e9px;line-height:1e9'>needle</div>"
	},
	"selector bomb": func() string {
		return "<style>" + strings.Repeat("* * * * * * * * .a,", 3000) + " p{color:red}</style>" + strings.Repeat("<div>", 300) + strings.Repeat("<p>x</p>", 500) + "needle"
	},
	"rule flood": func() string {
		return "<style>" + strings.Repeat("div:not(.x) span,", 25_000) + "b{color:red}" + strings.Repeat("div:not(.y) span{color:red}", 20_000) +
			"</style><div>" + strings.Repeat("<span>x</span>", 5000) + "</div>needle"
	},
	"class flood": func() string {
		return "<style>" + strings.Repeat(":not(.x),", 5000) + "b{color:red}</style><p class='" + strings.Repeat("a b c ", 50_000) + "'>needle"
	},
	"sibling bomb": func() string {
		return "<style>" + strings.Repeat("p~p~p~p~p~b{color:red} ", 200) + "</style>" + strings.Repeat("<p>x</p>", 1500) + "needle"
	},
	"nesting bomb": func() string {
		return "<style>" + strings.Repeat("div,p,b{", 200) + "color:red</style><div>needle</div>"
	},
	"variable bomb":   func() string { return "<style>:root{" + variables(40) + "} p{margin:var(--v39)}</style><p>needle" },
	"cyclic variable": func() string { return "<style>:root{--a:var(--b);--b:var(--a)}p{color:var(--a,red)}</style><p>needle" },
	"calc bomb": func() string {
		return "<p style='width:" + strings.Repeat("calc(", 5000) + "1px" + strings.Repeat(")", 5000) + "'>needle"
	},
	"counters": func() string {
		return "<style>p{counter-reset:a b c}p::before{content:counters(a,'.')}</style>" + strings.Repeat("<p>", 5000) + "needle"
	},
	"gradient tiles":  func() string { return "<p style='background:linear-gradient(red,blue) 0 0/1px 1px'>needle" },
	"many options":    func() string { return "<select>" + strings.Repeat("<option>x", 20_000) + "</select>needle" },
	"entities":        func() string { return strings.Repeat("&lt;&#x1F600;&nbsp;", 20_000) + "needle" },
	"combining marks": func() string { return "e" + strings.Repeat("\u0301", 50_000) + " needle" },
	"bidi":            func() string { return strings.Repeat("שלום abc ", 5000) + strings.Repeat("\u202e", 500) + "needle" },
	"comments":        func() string { return strings.Repeat("a<!-- -->", 100_000) + " needle" },
	"broken style":    func() string { return "<style>{{{{}}}} @media{ p{ } ;;; a{color:</style><p style='{;}:;;{'>needle" },
}

func variables(n int) string {
	var b strings.Builder
	b.WriteString("--v0:1px;")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, "--v%d:var(--v%d) var(--v%d);", i, i-1, i-1)
	}
	return b.String()
}

func TestLayout_HostilePagesAreBounded(t *testing.T) {
	for name, page := range hostile {
		t.Run(name, func(t *testing.T) {
			d, err := Parse(t.Context(), []byte(page()), Options{Limits: Limits{Layout: 5 * time.Second}})
			require.NoError(t, err)
			begin := time.Now()
			v, err := d.Layout(t.Context(), Viewport{Width: 800, Height: 600, Scale: 1})
			require.NoError(t, err)
			require.Less(t, time.Since(begin), 20*time.Second)
			require.NotEmpty(t, v.Find("needle"), "simplified=%v reason=%v", v.Simplified, v.Reason)
			require.False(t, v.Height != v.Height || v.Width != v.Width, "the size is a number")
		})
	}
}

func TestLayout_OverTheLimitShowsTheWords(t *testing.T) {
	page := "<p>needle</p>" + strings.Repeat("<p>some words that stand in a paragraph</p>", 40_000)
	d, err := Parse(t.Context(), []byte(page), Options{Limits: Limits{Layout: time.Millisecond}})
	require.NoError(t, err)
	v, err := d.Layout(t.Context(), Viewport{Width: 800, Height: 600, Scale: 1})
	require.NoError(t, err)
	require.True(t, v.Simplified)
	require.Error(t, v.Reason)
}

func TestLayout_CancelledContextIsAFault(t *testing.T) {
	d, err := Parse(t.Context(), []byte(strings.Repeat("<p>x</p>", 2000)), Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.Layout(ctx, Viewport{Width: 800})
	require.ErrorContains(t, err, "cancelled")
	_, err = Parse(ctx, []byte(strings.Repeat("<p>x</p>", 50_000)), Options{})
	require.Error(t, err)
}

func TestParse_TooBig(t *testing.T) {
	_, err := Parse(t.Context(), make([]byte, 100), Options{Limits: Limits{Bytes: 10}})
	require.ErrorContains(t, err, "too_big")
}

func FuzzLayout(f *testing.F) {
	for _, page := range hostile {
		if s := page(); len(s) < 5000 {
			f.Add(s)
		}
	}
	f.Add("<table><tr><td rowspan=0 colspan=3>a<td>b<tr><td>c</table>")
	f.Add("<div style='display:flex;gap:3px'><p style='flex:1'>a<p style='order:-1;margin:auto'>b</div>")
	f.Add("<ul><li>a<ol start=-3 reversed><li>b</ol></ul><form><input type=submit><select multiple><option>x</select></form>")
	f.Fuzz(func(t *testing.T, page string) {
		d, err := Parse(t.Context(), []byte(page), Options{Limits: Limits{Nodes: 2000}})
		if err != nil {
			return
		}
		v, err := d.Layout(t.Context(), Viewport{Width: 300, Height: 200, Scale: 1})
		require.NoError(t, err)
		if v.Simplified {
			require.NotContains(t, v.Reason.Error(), "panic")
		}
		all := v.All()
		_, _, _ = v.Text(all), v.HTML(all), v.Rects(all)
		v.Hit(10, 10)
		v.Find("a")
		_ = d.Text()
		for i := range d.controls {
			if _, err := d.Submit(i); err != nil {
				require.NotContains(t, err.Error(), "panic")
			}
		}
	})
}
