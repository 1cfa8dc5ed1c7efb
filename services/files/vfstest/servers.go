package vfstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/webdav"

	"guichet/services/connect"
)

// User and Password are the login of every test server.
const (
	User     = "ada"
	Password = "pass word"
)

// Certificate makes a certificate for 127.0.0.1 and localhost, and the pool
// that trusts it.
func Certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	return CertificateWith(t, nil)
}

// CertificateWith is Certificate, changed by change.
func CertificateWith(t testing.TB, change func(*x509.Certificate)) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA: true, BasicConstraintsValid: true,
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// StartDAV starts a WebDAV server on dir, over TLS, with Basic login. wrap, if
// not nil, stands before it.
func StartDAV(t testing.TB, dir string, wrap func(http.Handler) http.Handler) (port int, network *connect.Network) {
	t.Helper()
	return StartDAVBare(t, dir, func(h http.Handler) http.Handler {
		if wrap != nil {
			h = wrap(h)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, password, ok := r.BasicAuth()
			if !ok || user != User || password != Password {
				w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			h.ServeHTTP(w, r)
		})
	})
}

// StartDAVBare is StartDAV without a login of its own.
func StartDAVBare(t testing.TB, dir string, wrap func(http.Handler) http.Handler) (port int, network *connect.Network) {
	t.Helper()
	s := httptest.NewUnstartedServer(wrap(&webdav.Handler{FileSystem: webdav.Dir(dir), LockSystem: webdav.NewMemLS()}))
	pool := startTLS(t, s)
	t.Cleanup(s.Close)
	return s.Listener.Addr().(*net.TCPAddr).Port, connect.New(connect.Params{Roots: pool})
}

// startTLS starts an HTTP server with a certificate that the pool trusts.
func startTLS(t testing.TB, s *httptest.Server) *x509.CertPool {
	t.Helper()
	cert, pool := Certificate(t)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	s.EnableHTTP2 = true
	s.StartTLS()
	return pool
}
