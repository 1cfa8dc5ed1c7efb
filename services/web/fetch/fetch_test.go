package fetch

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/web/cookies"
)

func parse(t testing.TB, s string) *url.URL {
	u, err := ParseURL(nil, s)
	require.NoError(t, err)
	return u
}

// world serves every host name by one handler, over TLS where the address says https.
func world(t *testing.T, h http.HandlerFunc) http.RoundTripper {
	plain, safe := httptest.NewServer(h), httptest.NewUnstartedServer(h)
	safe.EnableHTTP2 = true
	safe.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(safe.Close)
	roots := x509.NewCertPool()
	roots.AddCert(safe.Certificate())
	tr := &http.Transport{
		DisableCompression: true, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, plain.Listener.Addr().String())
		},
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			d := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: "example.com", NextProtos: []string{"h2", "http/1.1"}}}
			return d.DialContext(ctx, network, safe.Listener.Addr().String())
		},
	}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

func load(t *testing.T, l *Loader, r Request) (*Response, string, error) {
	t.Helper()
	resp, data, err := l.All(t.Context(), r, nil)
	return resp, string(data), err
}

func TestRedirects(t *testing.T) {
	var seen []string
	tr := world(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, fmt.Sprintf("%s %s%s %s", r.Method, r.Host, r.URL, body))
		if n := r.URL.Query().Get("status"); n != "" {
			w.Header().Set("Location", r.URL.Query().Get("to"))
			var status int
			fmt.Sscan(n, &status)
			w.WriteHeader(status)
		}
	})
	hop := func(status int, to string) string {
		return fmt.Sprintf("/hop?status=%d&to=%s", status, url.QueryEscape(to))
	}
	for _, c := range []struct {
		name, method, url string
		want              []string
		final             string
		kind              fault.Kind
	}{
		{"301", "GET", "https://a.example" + hop(301, "/end"), []string{"GET a.example/end "}, "https://a.example/end", ""},
		{"other host", "GET", "https://a.example" + hop(302, "//b.example/end"), []string{"GET b.example/end "}, "https://b.example/end", ""},
		{"up to TLS", "GET", "http://a.example" + hop(301, "https://a.example/end"), []string{"GET a.example/end "}, "https://a.example/end", ""},
		{"POST 302 becomes GET", "POST", "https://a.example" + hop(302, "/end"), []string{"GET a.example/end "}, "https://a.example/end", ""},
		{"POST 303 becomes GET", "POST", "https://a.example" + hop(303, "/end"), []string{"GET a.example/end "}, "https://a.example/end", ""},
		{"POST 307 stays", "POST", "https://a.example" + hop(307, "/end"), []string{"POST a.example/end data"}, "https://a.example/end", ""},
		{"POST 308 stays", "POST", "https://a.example" + hop(308, "/end"), []string{"POST a.example/end data"}, "https://a.example/end", ""},
		{"fragment goes along", "GET", "https://a.example" + hop(301, "/end") + "#part", []string{"GET a.example/end "}, "https://a.example/end#part", ""},
		{"fragment of the answer wins", "GET", "https://a.example" + hop(301, "/end#new") + "#part", nil, "https://a.example/end#new", ""},
		{"no location is an answer", "GET", "https://a.example" + hop(301, ""), nil, "", ""},
		{"down to clear text", "GET", "https://a.example" + hop(301, "http://a.example/end"), nil, "", fault.Protocol},
		{"to a file", "GET", "https://a.example" + hop(301, "file:///etc/passwd"), nil, "", fault.Unsupported},
		{"to a script", "GET", "https://a.example" + hop(301, "javascript:alert(1)"), nil, "", fault.Unsupported},
		{"for ever", "GET", "https://a.example" + hop(301, "/hop?status=301&to=%2Fhop%3Fstatus%3D301"), nil, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen = nil
			l := New(Params{Transport: tr})
			r := Request{Method: c.method, URL: parse(t, c.url)}
			if c.method == "POST" {
				r.ContentType, r.Length = "text/plain", 4
				r.Body = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("data")), nil }
			}
			resp, _, err := load(t, l, r)
			if c.kind != "" {
				require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
				return
			}
			require.NoError(t, err)
			if c.want != nil {
				require.Equal(t, c.want, seen[1:])
			}
			if c.final != "" {
				require.Equal(t, c.final, resp.URL.String())
			}
		})
	}
}

func TestRedirectLimitsAndDowngrade(t *testing.T) {
	count := 0
	tr := world(t, func(w http.ResponseWriter, r *http.Request) {
		count++
		if r.TLS != nil && r.URL.Path == "/down" {
			http.Redirect(w, r, "http://a.example/plain", http.StatusFound)
			return
		}
		if r.URL.Path == "/loop" {
			http.Redirect(w, r, "/loop", http.StatusFound)
		}
	})
	l := New(Params{Transport: tr})
	_, _, err := load(t, l, Request{URL: parse(t, "https://a.example/loop")})
	require.Equal(t, fault.Protocol, fault.KindOf(err))
	require.Equal(t, maxRedirects+1, count)

	_, _, err = load(t, l, Request{URL: parse(t, "https://a.example/down")})
	f := fault.From("", "", err)
	require.Equal(t, &InsecureQuestion{URL: "http://a.example/plain"}, f.Question)
	resp, _, err := load(t, l, Request{URL: parse(t, "https://a.example/down"), AllowInsecure: true})
	require.NoError(t, err)
	require.False(t, resp.Secure)
	// A part of a safe page is fetched safely or not at all.
	resp, _, err = load(t, l, Request{URL: parse(t, "http://a.example/x"), Top: parse(t, "https://a.example/"), Kind: Image})
	require.NoError(t, err)
	require.Equal(t, "https", resp.URL.Scheme)
}

func TestPortsOfOtherProtocols(t *testing.T) {
	l := New(Params{Transport: world(t, func(http.ResponseWriter, *http.Request) {})})
	_, _, err := load(t, l, Request{URL: parse(t, "http://a.example:25/"), Initiator: parse(t, "http://b.example/"), Method: "POST"})
	require.Equal(t, fault.Permission, fault.KindOf(err))
	_, _, err = load(t, l, Request{URL: parse(t, "http://a.example:25/")})
	require.NoError(t, err, "a person may")
}

func TestHeaders(t *testing.T) {
	var got http.Header
	tr := world(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header })
	l := New(Params{Transport: tr, UserAgent: "Guichet/1.2", Languages: func() []string { return []string{"fr", "en"} }})
	from := "https://user:secret@a.example/path?q=1#part"
	for _, c := range []struct{ to, want string }{
		{"https://a.example/x", "https://a.example/path?q=1"},
		{"https://b.example/x", "https://a.example/"},
		{"http://b.example/x", ""},
	} {
		_, _, err := load(t, l, Request{URL: parse(t, c.to), Referrer: parse(t, from)})
		require.NoError(t, err)
		require.Equal(t, c.want, got.Get("Referer"), c.to)
	}
	require.Equal(t, "Guichet/1.2", got.Get("User-Agent"))
	require.Equal(t, "fr, en;q=0.8", got.Get("Accept-Language"))
	_, _, err := load(t, l, Request{URL: parse(t, "https://user:secret@a.example/")})
	require.NoError(t, err)
	require.Empty(t, got.Get("Authorization"), "a password in an address is not sent")
}

func TestCookiesFollowRedirects(t *testing.T) {
	tr := world(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			w.Header().Add("Set-Cookie", "id=7; HttpOnly")
			http.Redirect(w, r, "/home", http.StatusSeeOther)
			return
		}
		fmt.Fprint(w, r.Header.Get("Cookie"))
	})
	l := New(Params{Transport: tr})
	_, body, err := load(t, l, Request{URL: parse(t, "https://a.example/login")})
	require.NoError(t, err)
	require.Equal(t, "id=7", body)
	_, body, err = load(t, l, Request{URL: parse(t, "https://a.example/x"), Top: parse(t, "https://b.example/")})
	require.NoError(t, err)
	require.Empty(t, body, "third party")
}

func TestDecoding(t *testing.T) {
	text := strings.Repeat("Bonjour, le monde. ", 1000)
	encode := map[string]func(w io.Writer) io.WriteCloser{
		"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"x-gzip":  func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"br":      func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
		"raw": func(w io.Writer) io.WriteCloser {
			f, err := flate.NewWriter(w, 6)
			require.NoError(t, err)
			return f
		},
	}
	pack := func(name string) []byte {
		var b bytes.Buffer
		w := encode[name](&b)
		_, err := io.WriteString(w, text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return b.Bytes()
	}
	var encoding string
	var body []byte
	tr := world(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", encoding)
		w.Write(body)
	})
	l := New(Params{Transport: tr})
	gz := pack("gzip")
	var twice bytes.Buffer
	w := gzip.NewWriter(&twice)
	w.Write(pack("br"))
	require.NoError(t, w.Close())
	for _, c := range []struct {
		name, encoding string
		body           []byte
		want           string
		kind           fault.Kind
	}{
		{"gzip", "gzip", gz, text, ""},
		{"x-gzip", "X-GZIP", gz, text, ""},
		{"two members", "gzip", append(bytes.Clone(gz), gz...), text + text, ""},
		{"garbage behind", "gzip", append(bytes.Clone(gz), "\x00\x00garbage"...), text, ""},
		{"zlib", "deflate", pack("deflate"), text, ""},
		{"bare deflate", "deflate", pack("raw"), text, ""},
		{"brotli", "br", pack("br"), text, ""},
		{"two layers", "br, gzip", twice.Bytes(), text, ""},
		{"identity", "identity", []byte(text), text, ""},
		{"empty", "gzip", nil, "", ""},
		{"not gzip at all", "gzip", []byte(text), "", fault.Damaged},
		{"cut", "gzip", gz[:len(gz)-9], "", fault.Protocol},
		{"bad checksum", "gzip", append(bytes.Clone(gz[:len(gz)-8]), "\x01\x02\x03\x04\x05\x06\x07\x08"...), "", fault.Damaged},
		{"not brotli", "br", []byte("\xff\xff\xff\xff\xff"), "", fault.Damaged},
		{"unknown", "zstd", gz, "", fault.Unsupported},
		{"five layers", "gzip, gzip, gzip, gzip, gzip", gz, "", fault.Protocol},
	} {
		t.Run(c.name, func(t *testing.T) {
			encoding, body = c.encoding, c.body
			_, got, err := load(t, l, Request{URL: parse(t, "http://a.example/")})
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			if c.kind == "" {
				require.Equal(t, c.want, got)
			}
		})
	}
}

func TestBombsAndBigPages(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	zeros := make([]byte, 1<<20)
	for range 64 {
		w.Write(zeros)
	}
	require.NoError(t, w.Close())
	tr := world(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb.Bytes())
		case "/says":
			w.Header().Set("Content-Length", "99999999")
			w.Write(zeros[:100])
		case "/exact":
			w.Write(zeros[:1<<20])
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
		}
	})
	l := New(Params{Transport: tr, MaxBytes: 1 << 20})
	for _, path := range []string{"/bomb", "/says", "/endless"} {
		resp, got, err := load(t, l, Request{URL: parse(t, "http://a.example"+path)})
		require.Equal(t, fault.TooBig, fault.KindOf(err), path)
		require.LessOrEqual(t, len(got), 1<<20)
		_ = resp
	}
	_, got, err := load(t, l, Request{URL: parse(t, "http://a.example/exact")})
	require.NoError(t, err)
	require.Len(t, got, 1<<20)
}

// silent is a transport whose server sends a piece every pause, n times, and
// then nothing for ever.
type silent struct {
	pause time.Duration
	n     int
}

func (s silent) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/mute" {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	pr, pw := io.Pipe()
	go func() {
		for range s.n {
			time.Sleep(s.pause)
			if _, err := pw.Write(make([]byte, 2000)); err != nil {
				return
			}
		}
		<-r.Context().Done()
		pw.CloseWithError(r.Context().Err())
	}()
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: pr, ContentLength: -1, Request: r}, nil
}

func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Params{Transport: silent{20 * time.Second, 5}})
		begin := time.Now()
		_, _, err := load(t, l, Request{URL: parse(t, "http://a.example/mute")})
		require.Equal(t, fault.Timeout, fault.KindOf(err))
		require.Equal(t, 30*time.Second, time.Since(begin))

		begin = time.Now()
		_, body, err := load(t, l, Request{URL: parse(t, "http://a.example/slow")})
		require.Equal(t, fault.Timeout, fault.KindOf(err))
		require.Len(t, body, 10_000, "slow is not silent")
		require.Equal(t, 130*time.Second, time.Since(begin))

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, _, err = l.All(ctx, Request{URL: parse(t, "http://a.example/mute")}, nil)
		require.Equal(t, fault.Cancelled, fault.KindOf(err))
	})
}

func TestHSTS(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var schemes []string
	tr := world(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=100; includeSubDomains")
		schemes = append(schemes, map[bool]string{true: "https", false: "http"}[r.TLS != nil])
	})
	hsts := NewHSTS(nil, nil, func() time.Time { return now })
	l := New(Params{Transport: tr, HSTS: hsts})
	get := func(u string) string {
		resp, _, err := load(t, l, Request{URL: parse(t, u)})
		require.NoError(t, err)
		return resp.URL.String()
	}
	require.Equal(t, "http://a.example/", get("http://a.example/"), "not learned from clear text")
	get("https://a.example/")
	require.Equal(t, "https://a.example/", get("http://a.example/"))
	require.Equal(t, "https://b.a.example/", get("http://b.a.example:80/"))
	require.Equal(t, "http://other.example/", get("http://other.example/"))
	now = now.Add(101 * time.Second)
	require.Equal(t, "http://a.example/", get("http://a.example/"))

	for header, want := range map[string]bool{
		"max-age=10": true, `max-age="10"`: true, "includeSubDomains; MAX-AGE=10": true,
		"": false, "includeSubDomains": false, "max-age=-1": false, "max-age=x": false, "max-age=1; max-age=2": false, "max-age=0": false,
	} {
		h := NewHSTS(nil, nil, func() time.Time { return now })
		h.Learn("a.example", header)
		require.Equal(t, want, h.Known("a.example"), header)
	}
	h := NewHSTS(nil, nil, time.Now)
	h.Learn("10.0.0.1", "max-age=10")
	require.False(t, h.Known("10.0.0.1"))
}

func TestLogin(t *testing.T) {
	asked := 0
	tr := world(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		auth := r.Header.Get("Authorization")
		if strings.HasPrefix(r.URL.Path, "/basic") {
			if user, password, ok := r.BasicAuth(); ok && user == "anna" && password == "pässword" {
				fmt.Fprint(w, "welcome")
				return
			}
			w.Header().Add("WWW-Authenticate", `Negotiate, Basic realm="The \"club\"", charset="UTF-8"`)
		} else {
			if strings.HasPrefix(auth, "Digest ") {
				c := parseChallenges(auth)[0].params
				s := &space{realm: "r", user: "anna", password: "pw", challenge: map[string]string{"nonce": "n1", "qop": "auth", "algorithm": "SHA-256"}}
				var nc int
				fmt.Sscanf(c["nc"], "%x", &nc)
				if strings.Contains(s.digest(r.Method, r.URL.RequestURI(), c["cnonce"], nc), `response="`+c["response"]+`"`) {
					fmt.Fprint(w, "welcome")
					return
				}
			}
			w.Header().Add("WWW-Authenticate", `Digest realm="r", nonce="n0", qop="auth", algorithm=MD5`)
			w.Header().Add("WWW-Authenticate", `Digest realm="r", nonce="n1", qop="auth,auth-int", algorithm=SHA-256`)
			w.Header().Add("WWW-Authenticate", `Basic realm="r"`)
		}
		w.WriteHeader(http.StatusUnauthorized)
	})
	for _, c := range []struct{ path, scheme, realm, password string }{
		{"/basic/x", "basic", `The "club"`, "pässword"},
		{"/digest/x", "digest", "r", "pw"},
	} {
		t.Run(c.scheme, func(t *testing.T) {
			logins := NewLogins()
			l := New(Params{Transport: tr, Logins: logins})
			r := Request{URL: parse(t, "https://a.example"+c.path)}
			_, _, err := load(t, l, r)
			require.Equal(t, fault.Login, fault.KindOf(err))
			q := fault.From("", "", err).Question.(*LoginQuestion)
			require.Equal(t, c.scheme, q.Scheme)
			require.Equal(t, c.realm, q.Realm)
			require.False(t, q.Failed)
			require.True(t, q.Secure)

			logins.Set(q, "anna", "wrong")
			_, _, err = load(t, l, r)
			q = fault.From("", "", err).Question.(*LoginQuestion)
			require.True(t, q.Failed)
			require.NotContains(t, err.Error(), "wrong")

			logins.Set(q, "anna", c.password)
			_, body, err := load(t, l, r)
			require.NoError(t, err)
			require.Equal(t, "welcome", body)
			asked = 0
			_, body, err = load(t, l, r)
			require.NoError(t, err)
			require.Equal(t, "welcome", body)
			require.Equal(t, 1, asked, "sent without being asked again")

			_, _, err = load(t, l, Request{URL: parse(t, "https://b.example"+c.path)})
			require.Equal(t, fault.Login, fault.KindOf(err), "another site does not get it")
			resp, _, err := load(t, l, Request{URL: parse(t, "https://c.example"+c.path), Top: parse(t, "https://a.example/")})
			require.NoError(t, err, "a part of a page does not ask")
			require.Equal(t, 401, resp.Status)
		})
	}
}

// The example of RFC 7616, section 3.9.1.
func TestDigestExample(t *testing.T) {
	s := &space{
		scheme: "digest", realm: "http-auth@example.org", user: "Mufasa", password: "Circle of Life",
		challenge: map[string]string{"nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "qop": "auth", "algorithm": "MD5"},
	}
	cnonce := "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	require.Contains(t, s.digest("GET", "/dir/index.html", cnonce, 1), `response="8ca523f5e9506fed4657c9700eebdbec"`)
	s.challenge["algorithm"] = "SHA-256"
	require.Contains(t, s.digest("GET", "/dir/index.html", cnonce, 1), `response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"`)
}

func TestDataURL(t *testing.T) {
	l := New(Params{})
	for _, c := range []struct{ in, media, body string }{
		{"data:,Hello%2C%20World", "text/plain; charset=US-ASCII", "Hello, World"},
		{"data:text/html;charset=utf-8,<p>%C3%A9", "text/html; charset=utf-8", "<p>é"},
		{"data:text/plain;base64,SGVsbG8=", "text/plain", "Hello"},
		{"data:text/plain;BASE64,SGVs%20bG8", "text/plain", "Hello"},
		{"data:;charset=latin1,x", "text/plain; charset=latin1", "x"},
		{"data:nonsense,100%", "text/plain; charset=US-ASCII", "100%"},
	} {
		u, err := ParseURL(nil, c.in)
		require.NoError(t, err, c.in)
		resp, body, err := load(t, l, Request{URL: u})
		require.NoError(t, err, c.in)
		require.Equal(t, c.body, body, c.in)
		require.Equal(t, c.media, resp.MediaType, c.in)
	}
	for _, bad := range []string{"data:nocomma", "data:;base64,!!!"} {
		u, err := ParseURL(nil, bad)
		require.NoError(t, err)
		_, _, err = load(t, l, Request{URL: u})
		require.Equal(t, fault.Damaged, fault.KindOf(err), bad)
	}
}

func TestStatusFault(t *testing.T) {
	for status, kind := range map[int]fault.Kind{200: "", 304: "", 404: fault.NotFound, 403: fault.Permission, 500: fault.Protocol, 503: fault.Busy, 507: fault.Full} {
		f := StatusFault(status, http.Header{"Retry-After": {"120"}}, "a.example")
		if kind == "" {
			require.Nil(t, f)
			continue
		}
		require.Equal(t, kind, f.Kind, status)
		require.Equal(t, 2*time.Minute, f.After)
	}
}

func FuzzChallenges(f *testing.F) {
	f.Add(`Negotiate, Basic realm="a, b", charset="UTF-8"`)
	f.Add(`Digest realm="r", nonce=n, qop="auth,auth-int", algorithm=MD5, Basic`)
	f.Add(`Basic realm="\`)
	f.Fuzz(func(t *testing.T, line string) {
		pick([]string{line})
		q := base64.StdEncoding.EncodeToString([]byte(quote(line)))
		if strings.ContainsAny(quote(line), "\r\n") {
			t.Fatal(q)
		}
	})
}

func FuzzParseURL(f *testing.F) {
	f.Add("https://a.example/x", "../y?q#f")
	f.Add("http://[::1]:80/", "//ü.example")
	f.Add("https://a.example", "data:,x")
	f.Fuzz(func(t *testing.T, base, ref string) {
		b, err := ParseURL(nil, base)
		if err != nil {
			return
		}
		u, err := ParseURL(b, ref)
		if err != nil {
			return
		}
		_ = cookies.Site(u.Hostname())
		_ = referrer(b, u)
	})
}
