package cookies

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func parseURL(t testing.TB, s string) *url.URL {
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}

func TestParseDate(t *testing.T) {
	for in, want := range map[string]string{
		"Sun, 06 Nov 1994 08:49:37 GMT":         "1994-11-06T08:49:37Z",
		"Sunday, 06-Nov-94 08:49:37 GMT":        "1994-11-06T08:49:37Z",
		"Sun Nov  6 08:49:37 1994":              "1994-11-06T08:49:37Z",
		"Mon, 10-Dec-2007 17:02:24 GMT":         "2007-12-10T17:02:24Z",
		"Fri, 07 Aug 2019 8:49:7 UTC":           "2019-08-07T08:49:07Z",
		"08:49:37GMT 6 nov 30":                  "2030-11-06T08:49:37Z",
		"Wed, 09-Nov-2099 23:12:40 GMT junk":    "2099-11-09T23:12:40Z",
		"Thu, 31 Feb 2030 00:00:00 GMT":         "",
		"Mon, 10-Dec-1500 17:02:24 GMT":         "",
		"Mon, 10-Dec-2007 24:02:24 GMT":         "",
		"":                                      "",
		"tomorrow":                              "",
		"Mon, 10-Dec-2007":                      "",
		"99999999 99:99:99 Foo 999999999999999": "",
	} {
		got, ok := parseDate(in)
		require.Equal(t, want != "", ok, in)
		if ok {
			require.Equal(t, want, got.Format(time.RFC3339), in)
		}
	}
}

// TestSetAndSend follows a response's lines to the header of a later request.
func TestSetAndSend(t *testing.T) {
	for _, c := range []struct {
		name, from string
		lines      []string
		to, want   string
	}{
		{"session", "https://a.example/", []string{"k=v"}, "https://a.example/x", "k=v"},
		{"spaces", "https://a.example/", []string{"  k =  v w ; Path=/"}, "https://a.example/", "k=v w"},
		{"quotes stay", "https://a.example/", []string{`k="a b"`}, "https://a.example/", `k="a b"`},
		{"no equals sign", "https://a.example/", []string{"plain"}, "https://a.example/", ""},
		{"empty name", "https://a.example/", []string{"=v"}, "https://a.example/", ""},
		{"order of arrival", "https://a.example/", []string{"b=1", "a=2", "b=3"}, "https://a.example/", "b=3; a=2"},
		{"empty domain does not count", "https://a.example.com/", []string{"k=v; Domain=b.example.com; Domain="}, "https://a.example.com/", ""},
		{"domain with a dot behind", "https://a.example.com/", []string{"k=v; Domain=example.com."}, "https://a.example.com/", ""},
		{"value with equals", "https://a.example/", []string{"k=a=b"}, "https://a.example/", "k=a=b"},
		{"nothing at all", "https://a.example/", []string{" ; Path=/"}, "https://a.example/", ""},
		{"control character", "https://a.example/", []string{"k=a\x01b"}, "https://a.example/", ""},
		{"host only", "https://a.example.com/", []string{"k=v"}, "https://b.a.example.com/", ""},
		{"domain", "https://a.example.com/", []string{"k=v; Domain=.Example.com"}, "https://b.example.com/", "k=v"},
		{"domain of a stranger", "https://a.example.com/", []string{"k=v; Domain=other.com"}, "https://other.com/", ""},
		{"domain below", "https://example.com/", []string{"k=v; Domain=a.example.com"}, "https://a.example.com/", ""},
		{"suffix of a name is no parent", "https://badexample.com/", []string{"k=v; Domain=example.com"}, "https://example.com/", ""},
		{"public suffix", "https://shop.co.uk/", []string{"k=v; Domain=co.uk"}, "https://shop.co.uk/", ""},
		{"private public suffix", "https://a.github.io/", []string{"k=v; Domain=github.io"}, "https://b.github.io/", ""},
		{"address", "http://10.0.0.1/", []string{"k=v; Domain=10.0.0.1"}, "http://10.0.0.1/", "k=v"},
		{"address tail", "http://10.0.0.1/", []string{"k=v; Domain=0.0.1"}, "http://10.0.0.1/", ""},
		{"last domain wins", "https://a.example.com/", []string{"k=v; Domain=other.com; Domain=example.com"}, "https://b.example.com/", "k=v"},
		{"path", "https://a.example/x/y", []string{"k=v; Path=/x"}, "https://a.example/x/z", "k=v"},
		{"path is no prefix of a word", "https://a.example/", []string{"k=v; Path=/x"}, "https://a.example/xy", ""},
		{"default path", "https://a.example/x/y", []string{"k=v"}, "https://a.example/", ""},
		{"default path of a folder", "https://a.example/x/y", []string{"k=v"}, "https://a.example/x", "k=v"},
		{"relative path is default", "https://a.example/x/y", []string{"k=v; Path=z"}, "https://a.example/x/q", "k=v"},
		{"secure not in clear text", "https://a.example/", []string{"k=v; Secure"}, "http://a.example/", ""},
		{"secure not from clear text", "http://a.example/", []string{"k=v; Secure"}, "https://a.example/", ""},
		{"clear text does not hide secure", "https://a.example/", []string{"k=v; Secure"}, "https://a.example/", "k=v"},
		{"expired", "https://a.example/", []string{"k=v", "k=w; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, "https://a.example/", ""},
		{"max-age wins over expires", "https://a.example/", []string{"k=v; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, "https://a.example/", "k=v"},
		{"max-age zero", "https://a.example/", []string{"k=v; Max-Age=0"}, "https://a.example/", ""},
		{"max-age negative", "https://a.example/", []string{"k=v; Max-Age=-5"}, "https://a.example/", ""},
		{"max-age no number", "https://a.example/", []string{"k=v; Max-Age=+5s"}, "https://a.example/", "k=v"},
		{"max-age enormous", "https://a.example/", []string{"k=v; Max-Age=99999999999999999999"}, "https://a.example/", "k=v"},
		{"newest of a name", "https://a.example/", []string{"k=1", "k=2"}, "https://a.example/", "k=2"},
		{"long paths first", "https://a.example/x/y", []string{"a=1; Path=/", "b=2; Path=/x"}, "https://a.example/x/y", "b=2; a=1"},
		{"same site none needs secure", "https://a.example/", []string{"k=v; SameSite=None"}, "https://a.example/", ""},
		{"__Secure- unsafe", "https://a.example/", []string{"__Secure-k=v"}, "https://a.example/", ""},
		{"__Host- right", "https://a.example/", []string{"__Host-k=v; Secure; Path=/"}, "https://a.example/", "__Host-k=v"},
		{"__Host- with domain", "https://a.example/", []string{"__Host-k=v; Secure; Path=/; Domain=a.example"}, "https://a.example/", ""},
		{"__host- in another case", "https://a.example/", []string{"__hOST-k=v; Secure; Path=/x"}, "https://a.example/x", ""},
		{"__Host- without a name", "https://a.example/", []string{"=__Host-k=v; Secure; Path=/"}, "https://a.example/", ""},
		{"too long", "https://a.example/", []string{"k=" + strings.Repeat("x", 5000)}, "https://a.example/", ""},
		{"port does not count", "http://a.example:81/", []string{"k=v"}, "http://a.example:82/", "k=v"},
		{"trailing dot", "https://a.example./", []string{"k=v"}, "https://a.example/", "k=v"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := New(nil, nil, at(noon))
			j.Set(Request{URL: parseURL(t, c.from)}, c.lines)
			require.Equal(t, c.want, j.Header(Request{URL: parseURL(t, c.to)}))
		})
	}
}

func TestClearTextCannotReplaceSecure(t *testing.T) {
	j := New(nil, nil, at(noon))
	j.Set(Request{URL: parseURL(t, "https://a.example.com/")}, []string{"k=good; Secure; Domain=example.com"})
	j.Set(Request{URL: parseURL(t, "http://a.example.com/")}, []string{"k=bad; Path=/x", "k=bad; Domain=example.com"})
	require.Equal(t, "k=good", j.Header(Request{URL: parseURL(t, "https://a.example.com/x")}))
}

func TestSites(t *testing.T) {
	j := New(nil, nil, at(noon))
	bank := parseURL(t, "https://bank.example.com/")
	ad := parseURL(t, "https://ads.net/")
	j.Set(Request{URL: bank}, []string{"lax=1", "strict=1; SameSite=Strict", "none=1; SameSite=None; Secure"})

	require.Equal(t, "lax=1; strict=1; none=1", j.Header(Request{URL: bank}), "a person came")
	require.Equal(t, "lax=1; none=1", j.Header(Request{URL: bank, Initiator: ad}), "a link of another site")
	require.Equal(t, "none=1", j.Header(Request{URL: bank, Initiator: ad, Method: "POST"}), "a form of another site")
	require.Equal(t, "none=1", j.Header(Request{URL: bank, Initiator: parseURL(t, "http://www.example.com/"), Method: "POST"}), "scheme counts")
	require.Equal(t, "", j.Header(Request{URL: bank, Top: ad}), "third party")
	require.Equal(t, "lax=1; strict=1; none=1", j.Header(Request{URL: bank, Top: parseURL(t, "https://www.example.com/")}))

	j.Set(Request{URL: ad, Top: bank}, []string{"track=1; SameSite=None; Secure"})
	require.Equal(t, "", j.Header(Request{URL: ad}), "third parties set nothing")
}

func TestLimits(t *testing.T) {
	now := noon
	j := New(nil, nil, func() time.Time { now = now.Add(time.Second); return now })
	u := parseURL(t, "https://a.example/")
	for i := range 400 {
		j.Set(Request{URL: u}, []string{fmt.Sprintf("k%d=v", i)})
	}
	header := j.Header(Request{URL: u})
	require.LessOrEqual(t, strings.Count(header, "="), perDomain)
	require.Contains(t, header, "k399=v")
	require.NotContains(t, header, "k0=v")
	for i := range 4000 {
		j.Set(Request{URL: parseURL(t, fmt.Sprintf("https://host%d.example/", i))}, []string{"k=v"})
	}
	require.LessOrEqual(t, j.count, inAll)
}

func TestKept(t *testing.T) {
	db, err := store.Open(store.Params{Path: filepath.Join(t.TempDir(), "c.db"), Migrations: []store.Migration{Schema}})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	settle := func() { require.NoError(t, db.Exec(context.Background(), "SELECT 1")) }
	u := parseURL(t, "https://a.example/")
	open := func(now time.Time) *Jar {
		settle()
		j, err := Open(context.Background(), db, at(now))
		require.NoError(t, err)
		return j
	}
	j := open(noon)
	j.Set(Request{URL: u}, []string{"session=1", "kept=1; Max-Age=3600; HttpOnly; SameSite=Strict", "gone=1; Max-Age=3600", "gone=; Max-Age=0"})
	require.Equal(t, "session=1; kept=1", j.Header(Request{URL: u}))

	j = open(noon.Add(time.Minute))
	require.Equal(t, "kept=1", j.Header(Request{URL: u}))
	require.Empty(t, j.Header(Request{URL: u, Initiator: parseURL(t, "https://x.example/")}), "SameSite was kept")
	require.Empty(t, open(noon.Add(2*time.Hour)).Header(Request{URL: u}), "expired meanwhile")

	j = open(noon)
	j.Set(Request{URL: u}, []string{"kept=2; Max-Age=3600"})
	j.Clear()
	require.Empty(t, open(noon).Header(Request{URL: u}))
}

func FuzzSet(f *testing.F) {
	for _, s := range []string{"k=v", "k=v; Domain=example.com; Path=/; Max-Age=1", "k=v; Expires=Sun, 06 Nov 1994 08:49:37 GMT", "=;=;=", "__Host-a=b; Secure; Path=/"} {
		f.Add(s, "https://a.example.com/x")
	}
	f.Fuzz(func(t *testing.T, line, address string) {
		u, err := url.Parse(address)
		if err != nil {
			return
		}
		j := New(nil, nil, at(noon))
		j.Set(Request{URL: u}, []string{line})
		if h := j.Header(Request{URL: u}); strings.ContainsAny(h, "\r\n\x00;") {
			t.Fatalf("header %q", h)
		}
	})
}
