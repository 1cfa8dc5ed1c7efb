package html

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/html/display"
)

const linkPage = `<!DOCTYPE html><title> A  page </title><base href="https://example.org/dir/"><link rel=icon href=/i.png>
<link rel=alternate type=application/rss+xml title=News href=feed.xml><meta http-equiv=refresh content="5; url='next.html'">
<body lang=fr><h1 id=top>Heading</h1><p>Some <a href="page.html#x" title=tip target=_blank>linked <b>words</b></a> here. <a href="javascript:x()">no</a></p>
<p id=two>Second   paragraph.</p><a name=old></a><p>end <img src=a.png width=40 height=30 alt=cat></p>`

func TestDocument_Facts(t *testing.T) {
	u, err := url.Parse("http://other.example/")
	require.NoError(t, err)
	d, err := Parse(t.Context(), []byte(linkPage), Options{URL: u})
	require.NoError(t, err)
	require.Equal(t, "A page", d.Title())
	require.Equal(t, "https://example.org/i.png", d.Icon())
	require.Equal(t, "https://example.org/dir/", d.BaseURL())
	require.Equal(t, []Feed{{"application/rss+xml", "News", "https://example.org/dir/feed.xml"}}, d.Feeds())
	require.Equal(t, &Redirect{5, "https://example.org/dir/next.html"}, d.Refresh())
	require.Equal(t, []string{"top", "two", "old"}, d.Anchors())
	require.Contains(t, d.Text(), "Heading\n\nSome linked words here. no\n\nSecond paragraph.")
}

func TestView_LinksAndSelection(t *testing.T) {
	v := show(t, linkPage, 700, Options{})
	require.Len(t, v.Links(), 1)
	l := v.Links()[0]
	require.Equal(t, "https://example.org/dir/page.html#x", l.URL)
	require.Equal(t, "linked words", l.Text)
	require.Equal(t, "_blank", l.Target)
	h := v.Hit(l.Rects[0].X+3, l.Rects[0].Y+3)
	require.Equal(t, l.URL, h.Link.URL)
	require.Equal(t, "tip", h.Title)
	require.True(t, h.OnText)
	require.Nil(t, v.Hit(1, 1).Link)
	require.Len(t, v.Focusables(), 1)
	require.Equal(t, "https://example.org/dir/a.png", v.Pictures()[0].URL)

	word := v.Word(h.Position)
	require.Equal(t, "linked", v.Text(word))
	require.Equal(t, "Some linked words here. no", v.Text(v.Paragraph(h.Position)))
	r := v.Rects(word)
	require.Len(t, r, 1)
	require.Equal(t, word.Start, v.PositionAt(r[0].X+0.1, r[0].Y+2))
	require.Equal(t, word.End, v.PositionAt(r[0].X+r[0].W-0.1, r[0].Y+2))
	require.InDelta(t, r[0].X, v.Caret(word.Start).X, 0.01)
	require.Equal(t, `<p>Some <a href="https://example.org/dir/page.html#x">linked <b>words</b></a> here. <a>no</a></p>`, v.HTML(v.Paragraph(h.Position)))

	y, ok := v.Anchor("two")
	require.True(t, ok)
	require.InDelta(t, boxes(v)["two"].Y, y, 0.01)
	_, ok = v.Anchor("old")
	require.True(t, ok)
	_, ok = v.Anchor("missing")
	require.False(t, ok)
}

func TestView_Find(t *testing.T) {
	v := show(t, "<p>Straße und <b>STR</b>asse, çafé\n ça</p>", 700, Options{})
	require.Len(t, v.Find("stra"), 2)
	require.Equal(t, "çafé ça", v.Text(v.Find("ÇAFÉ  ça")[0]))
	require.Empty(t, v.Find(""))
	require.Empty(t, v.Find("nothing"))
}

func picture64(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 30, 20))
	img.Set(1, 1, color.RGBA{R: 255, A: 255})
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

func TestPending(t *testing.T) {
	page := `<!DOCTYPE html><link rel=stylesheet href=a.css><img src=p.png id=p><img src="cid:x@y"><img src="data:image/png;base64,AAAA"><p class=b>x`
	d := document(t, page, "http://example.org/dir/")
	require.Equal(t, Request{"http://example.org/dir/a.css", Stylesheet, true}, d.Pending()[0])
	require.Contains(t, d.Pending(), Request{"cid:x@y", Image, false})
	var asked []string
	err := d.Complete(t.Context(), func(_ context.Context, r Request) (*Resource, error) {
		asked = append(asked, r.URL)
		switch r.URL {
		case "http://example.org/dir/a.css":
			return &Resource{URL: "http://cdn.example/css/a.css", MediaType: "text/css", Data: []byte(`@import "b.css";`)}, nil
		case "http://cdn.example/css/b.css":
			return &Resource{Data: []byte(".b{background:url(bg.png)} .unused{background:url(no.png)}")}, nil
		case "http://example.org/dir/p.png":
			return &Resource{Data: picture64(t)}, nil
		}
		return nil, errors.New("not there")
	})
	require.NoError(t, err)
	require.Equal(t, []string{"http://example.org/dir/a.css", "http://example.org/dir/p.png", "cid:x@y", "http://cdn.example/css/b.css", "http://cdn.example/css/bg.png"}, asked)
	require.Empty(t, d.Pending())
	v, err := d.Layout(t.Context(), Viewport{Width: 500})
	require.NoError(t, err)
	require.Equal(t, float32(30), boxes(v)["p"].W, "the natural size of the picture")
	pictures := 0
	for _, it := range v.List {
		if _, ok := it.(display.Picture); ok {
			pictures++
		}
	}
	require.Equal(t, 1, pictures)
}

func TestImport_MediaOfTheImporter(t *testing.T) {
	d := document(t, `<style media=print>@import "a.css";</style><p id=p>x`, "http://example.org/")
	d.Supply(d.Pending()[0], &Resource{Data: []byte("p{width:77px}")}, nil)
	for print, want := range map[bool]bool{false: false, true: true} {
		v, err := d.Layout(t.Context(), Viewport{Width: 500, Print: print})
		require.NoError(t, err)
		require.Equal(t, want, boxes(v)["p"].W == 77, "print=%v", print)
	}
}

func TestParse_Charsets(t *testing.T) {
	for name, c := range map[string]struct{ src, contentType string }{
		"header":  {"<p>caf\xe9", "text/html; charset=iso-8859-1"},
		"meta":    {"<meta charset=windows-1252><p>caf\xe9", ""},
		"mark":    {"\xef\xbb\xbf<p>caf\xc3\xa9", "text/html; charset=iso-8859-1"},
		"guess":   {"<p>caf\xc3\xa9", ""},
		"default": {"<p>caf\xe9", ""},
	} {
		d, err := Parse(t.Context(), []byte(c.src), Options{ContentType: c.contentType})
		require.NoError(t, err)
		require.Equal(t, "café", d.Text(), name)
	}
}
