package vfstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"guichet/services/connect"
)

// S3Server is an S3 server in this process, in memory, with one bucket. The
// access key is User, the secret key Password; signatures are checked.
type S3Server struct {
	Port    int
	Bucket  string
	Network *connect.Network
	server  *httptest.Server
}

// StartS3 starts a server that ends with the test. wrap, if not nil, stands
// before it and sees requests whose signature is good. clear leaves TLS out.
func StartS3(t testing.TB, clear bool, wrap func(http.Handler) http.Handler) *S3Server {
	t.Helper()
	quiet := gofakes3.StdLog(log.New(io.Discard, "", 0))
	fake := gofakes3.New(s3mem.New(), gofakes3.WithLogger(quiet), gofakes3.WithoutVersioning())
	h := fake.Server()
	if wrap != nil {
		h = wrap(h)
	}
	s := &S3Server{Bucket: "album", server: httptest.NewUnstartedServer(signed(h))}
	params := connect.Params{}
	if clear {
		s.server.Start()
	} else {
		params.Roots = startTLS(t, s.server)
	}
	t.Cleanup(s.server.Close)
	s.Port, s.Network = port(s.server.Listener), connect.New(params)
	r := httptest.NewRequest(http.MethodPut, "/"+s.Bucket, nil)
	w := httptest.NewRecorder()
	fake.Server().ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	return s
}

// S3Error answers as S3 does with a fault.
func S3Error(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>as a test wants it</Message></Error>`, code)
}

var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$`)

// signed refuses requests without the signature (version 4) of User and
// Password.
func signed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
		switch {
		case m == nil:
			S3Error(w, http.StatusForbidden, "AccessDenied")
		case m[1] != User:
			S3Error(w, http.StatusForbidden, "InvalidAccessKeyId")
		case m[5] != signature(r, m[2], m[3], strings.Split(m[4], ";")):
			S3Error(w, http.StatusForbidden, "SignatureDoesNotMatch")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func signature(r *http.Request, day, region string, headers []string) string {
	var canonical strings.Builder
	query := strings.ReplaceAll(sorted(r.URL.Query()), "+", "%20")
	fmt.Fprintf(&canonical, "%s\n%s\n%s\n", r.Method, r.URL.EscapedPath(), query)
	for _, name := range headers {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		fmt.Fprintf(&canonical, "%s:%s\n", name, strings.TrimSpace(value))
	}
	fmt.Fprintf(&canonical, "\n%s\n%s", strings.Join(headers, ";"), r.Header.Get("X-Amz-Content-Sha256"))
	sum := sha256.Sum256([]byte(canonical.String()))
	text := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s/%s/s3/aws4_request\n%x", r.Header.Get("X-Amz-Date"), day, region, sum)
	key := []byte("AWS4" + Password)
	for _, part := range []string{day, region, "s3", "aws4_request", text} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	return hex.EncodeToString(key)
}

func sorted(v url.Values) string {
	for _, values := range v {
		slices.Sort(values)
	}
	return v.Encode()
}
