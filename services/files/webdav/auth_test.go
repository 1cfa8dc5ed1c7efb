package webdav

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

func TestDigestExamples(t *testing.T) {
	// RFC 7616 section 3.9.1.
	c := parseChallenge(`realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`)
	answer := func() string {
		return c.answer("GET", "/dir/index.html", "Mufasa", "Circle of Life", 1, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
	}
	require.Contains(t, answer(), `response="8ca523f5e9506fed4657c9700eebdbec"`)
	c.algorithm = "SHA-256"
	require.Contains(t, answer(), `response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"`)
	// Section 3.9.2 (userhash, SHA-512-256), as its erratum 4897 has it; the hash
	// of the name is that of the RFC.
	c = parseChallenge(`realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true`)
	require.True(t, c.userhash)
	require.True(t, c.utf8)
	got := c.answer("GET", "/doe.json", "J\u00e4s\u00f8n Doe", "Secret, or not?", 1, "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm")
	require.Contains(t, got, `username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"`)
	require.Contains(t, got, "userhash=true")
	c.userhash = false
	require.Contains(t, c.answer("GET", "/", "J\u00e4s", "x", 1, "c"), "username*=UTF-8''J%C3%A4s,")
	require.Equal(t, []string{`Digest realm="a, b", nonce="x"`, `Basic realm="c"`}, splitChallenges(`Digest realm="a, b", nonce="x", Basic realm="c"`))
	require.False(t, parseChallenge(`realm="r", nonce="n", qop="auth-int"`).usable())
	require.False(t, parseChallenge(`realm="r", nonce="n", algorithm=MD4`).usable())
	require.NotContains(t, parseChallenge("realm=\"r\", nonce=\"a\\\"b\r\nc\"").answer("GET", "/", "u", "p", 1, "c"), "\n")
}

// digestServer asks for Digest before it lets anybody in.
type digestServer struct {
	mu       sync.Mutex
	nonce    int
	age      int // requests that a nonce is good for; 0 any number
	used     int
	silent   bool // does not say stale
	next     bool // gives the next nonce by Authentication-Info
	refused  int
	password string
}

func (d *digestServer) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		sum := func(s string) string { b := md5.Sum([]byte(s)); return hex.EncodeToString(b[:]) }
		given := r.Header.Get("Authorization")
		fields := map[string]string{}
		for _, part := range splitCommas(strings.TrimPrefix(given, "Digest ")) {
			key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			fields[key] = unquote(value)
		}
		nonce := fmt.Sprint("n", d.nonce)
		fresh := fields["nonce"] == nonce && (d.age == 0 || d.used < d.age)
		want := sum(sum(vfstest.User+":r:"+d.password) + ":" + fields["nonce"] + ":" + fields["nc"] + ":" + fields["cnonce"] + ":auth:" + sum(r.Method+":"+r.URL.RequestURI()))
		if fresh && fields["response"] == want {
			d.used++
			if d.next {
				d.nonce++
				w.Header().Set("Authentication-Info", fmt.Sprintf(`nextnonce="n%d"`, d.nonce))
			}
			h.ServeHTTP(w, r)
			return
		}
		d.refused++
		d.nonce++
		d.used = 0
		stale := ""
		if given != "" && fields["response"] == want && !d.silent {
			stale = ", stale=true"
		}
		w.Header().Add("WWW-Authenticate", fmt.Sprintf(`Digest realm="r", qop="auth", nonce="n%d"%s`, d.nonce, stale))
		w.Header().Add("WWW-Authenticate", `Basic realm="r"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
}

// dialDigest dials a server that asks for Digest; the test server's own Basic
// is put in behind it.
func dialDigest(t *testing.T, d *digestServer, asked *atomic.Int32) (*FS, error) {
	t.Helper()
	port, network := vfstest.StartDAVBare(t, t.TempDir(), d.wrap)
	return Dial(t.Context(), Params{
		Network: network,
		Password: func(context.Context) (string, error) {
			asked.Add(1)
			return vfstest.Password, nil
		},
		Site: files.Site{Protocol: files.ProtocolDAVS, Host: "127.0.0.1", Port: port, User: vfstest.User},
	})
}

func TestDigestLogin(t *testing.T) {
	for name, d := range map[string]*digestServer{
		"nonce for good":      {},
		"nonce gets old":      {age: 3},
		"old without a word":  {age: 3, silent: true},
		"next nonce is given": {next: true},
	} {
		t.Run(name, func(t *testing.T) {
			d.password = vfstest.Password
			var asked atomic.Int32
			f, err := dialDigest(t, d, &asked)
			require.NoError(t, err)
			defer f.Close()
			for i := range 12 {
				p := files.Path{fmt.Sprint("f", i)}
				require.NoError(t, vfstest.Put(t.Context(), f, p, []byte("x"), files.WriteOptions{}))
			}
			all, _, err := vfstest.List(t.Context(), f, nil)
			require.NoError(t, err)
			require.Len(t, all, 12)
			require.EqualValues(t, 1, asked.Load())
			if d.age == 0 {
				require.Equal(t, 1, d.refused, "asked once, and then known")
			}
		})
	}
}

func TestWrongDigestPassword(t *testing.T) {
	for _, silent := range []bool{false, true} {
		d := &digestServer{password: "another", silent: silent}
		var asked atomic.Int32
		_, err := dialDigest(t, d, &asked)
		require.True(t, fault.Is(err, fault.Login), "%v", err)
		require.Equal(t, 2, d.refused, "a wrong password is sent once: servers lock people out")
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Digest realm="a, b", nonce="x", qop="auth", algorithm=SHA-256-sess, userhash=true`)
	f.Add(`Basic realm="c", Digest nonce=`)
	f.Add(`Negotiate abc=, NTLM`)
	f.Add(`Digest realm="\"", nonce="a\\`)
	f.Fuzz(func(t *testing.T, header string) {
		a := auth{user: "ada", password: func(context.Context) (string, error) { return "secret word", nil }}
		r := &http.Response{StatusCode: http.StatusUnauthorized, Header: http.Header{"Www-Authenticate": {header}}}
		if !a.learn(r, "") {
			return
		}
		req, err := http.NewRequest(http.MethodGet, "https://h/x", nil)
		require.NoError(t, err)
		require.NoError(t, a.apply(req))
		sent := req.Header.Get("Authorization")
		require.NotEmpty(t, sent)
		require.NotContains(t, sent, "secret word")
		require.True(t, !a.learn(r, sent) || a.digest.stale, "the same again means a wrong password")
	})
}
