package demo

import (
	"compress/gzip"
	"encoding/xml"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func browser(t *testing.T, d *Demo) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	tr := &http.Transport{TLSClientConfig: trust(t, d)}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Jar: jar, Timeout: 10 * time.Second}
}

func get(t *testing.T, c *http.Client, u string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(u)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(data)
}

var link = regexp.MustCompile(`(?:href|src)="(/[^"]*)"`)

// TestEveryLinkLeadsSomewhere walks the whole site in both languages.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	d := start(t, Params{})
	c := browser(t, d)
	base := strings.TrimSuffix(d.Info().HTTPS, "/")
	queue, seen, articles := []string{"/"}, map[string]bool{}, 0
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		if seen[p] || p == "/slow" || strings.Contains(p, "nowhere") || strings.HasSuffix(p, ".zip") {
			continue
		}
		seen[p] = true
		resp, body := get(t, c, base+p)
		require.Equal(t, http.StatusOK, resp.StatusCode, p)
		if strings.Contains(p, ".jpg") || strings.Contains(p, ".png") {
			_, _, err := image.Decode(strings.NewReader(body))
			require.NoError(t, err, p)
			continue
		}
		if strings.HasSuffix(p, ".html") {
			articles++
			require.Contains(t, body, "<h1>")
		}
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			queue = append(queue, strings.ReplaceAll(m[1], "&amp;", "&"))
		}
	}
	require.Equal(t, 24, articles, "twelve in two languages")
	require.Positive(t, d.Hits("/pictures/"))
}

func TestMissingPageAndRedirects(t *testing.T) {
	d := start(t, Params{})
	c := browser(t, d)
	resp, body := get(t, c, d.Info().HTTP+"fr/nowhere.html")
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
	require.Contains(t, body, "Cette page n&#39;existe pas")
	resp, _ = get(t, c, d.Info().HTTP+"old/download")
	require.Equal(t, "/en/download.html", resp.Request.URL.Path)
	resp, _ = get(t, c, d.Info().HTTP+"garden/")
	require.Equal(t, "/en/roses.html", resp.Request.URL.Path)
	_, body = get(t, c, d.Info().HTTP+"hits?path=/en/roses")
	require.Equal(t, "1\n", body)
	resp, _ = get(t, c, d.Info().HTTP+"xx/")
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
}

func TestSearchAndGuestBook(t *testing.T) {
	d := start(t, Params{})
	c := browser(t, d)
	_, body := get(t, c, d.Info().HTTP+"fr/search?q=com%C3%A8te")
	require.Contains(t, body, "/fr/comet.html")
	require.NotContains(t, body, "/fr/roses.html")

	resp, err := c.PostForm(d.Info().HTTP+"en/guestbook", url.Values{"name": {"Zoë"}, "text": {"<b>Hello</b>"}, "mood": {"☀"}, "remember": {"yes"}})
	require.NoError(t, err)
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.MethodGet, resp.Request.Method, "answered by a redirect")
	require.Contains(t, string(data), "&lt;b&gt;Hello&lt;/b&gt;", "escaped")
	require.Contains(t, string(data), `value="Zoë"`, "the cookie remembers the name")

	resp, err = c.Post(d.Info().HTTP+"en/guestbook", "application/x-www-form-urlencoded", strings.NewReader("text="+strings.Repeat("x", 2*maxForm)))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
}

func TestCompressedText(t *testing.T) {
	d := start(t, Params{})
	req, err := http.NewRequest(http.MethodGet, d.Info().HTTP+"en/weather.html", nil)
	require.NoError(t, err)
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := browser(t, d).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, "gzip", resp.Header.Get("Content-Encoding"))
	z, err := gzip.NewReader(resp.Body)
	require.NoError(t, err)
	body, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Contains(t, string(body), "Weather for the valley")
}

func TestDownloadResumes(t *testing.T) {
	d := start(t, Params{})
	c := browser(t, d)
	u := d.Info().HTTP + "download/recordings.zip"
	resp, whole := get(t, c, u)
	require.Len(t, whole, downloadSize)
	req, err := http.NewRequest(http.MethodGet, u, nil)
	require.NoError(t, err)
	req.Header.Set("Range", "bytes=20000000-")
	req.Header.Set("If-Range", resp.Header.Get("ETag"))
	part, err := c.Do(req)
	require.NoError(t, err)
	defer part.Body.Close()
	require.Equal(t, http.StatusPartialContent, part.StatusCode)
	rest, err := io.ReadAll(part.Body)
	require.NoError(t, err)
	require.True(t, whole[20000000:] == string(rest))
}

func TestFeed(t *testing.T) {
	d := start(t, Params{})
	resp, body := get(t, browser(t, d), d.Info().HTTPS+"fr/feed.xml")
	require.Contains(t, resp.Header.Get("Content-Type"), "application/atom+xml")
	var f atomFeed
	require.NoError(t, xml.Unmarshal([]byte(body), &f))
	require.Len(t, f.Entries, 12)
	require.True(t, strings.HasPrefix(f.Entries[0].Links[0].Href, d.Info().HTTPS))
}

func TestEveryArticleInBothLanguages(t *testing.T) {
	s := start(t, Params{}).site
	require.Len(t, s.articles["en"], 12)
	for i, a := range s.articles["en"] {
		require.Equal(t, a.Slug, s.articles["fr"][i].Slug)
	}
	for key := range s.words["en"] {
		require.NotEmpty(t, s.words["fr"][key], key)
	}
	require.Len(t, s.words["fr"], len(s.words["en"]))
}
