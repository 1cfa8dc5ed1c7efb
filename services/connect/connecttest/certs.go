// Package connecttest makes certificate authorities, certificates good and
// bad, and small servers on the loopback interface, for tests.
package connecttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// CA is a certificate authority for one test.
type CA struct {
	t    testing.TB
	Cert *x509.Certificate
	Key  crypto.Signer
}

// NewCA makes an authority.
func NewCA(t testing.TB) *CA {
	t.Helper()
	ca := &CA{t: t, Key: ecKey(t)}
	ca.Cert = ca.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Test authority", Organization: []string{"Guichet tests"}},
		IsCA:    true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, ca.Key.Public(), ca.Key)
	return ca
}

// Authority makes an authority of a certificate and its key, even one that
// must not sign.
func Authority(t testing.TB, c *x509.Certificate, key crypto.Signer) *CA {
	return &CA{t: t, Cert: c, Key: key}
}

// Pool holds the authority.
func (ca *CA) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(ca.Cert)
	return p
}

// File writes the authority as PEM into the test's folder.
func (ca *CA) File() string {
	ca.t.Helper()
	name := filepath.Join(ca.t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Cert.Raw})
	require.NoError(ca.t, os.WriteFile(name, text, 0o600))
	return name
}

// Option changes the template of a leaf.
type Option func(*x509.Certificate)

// Leaf makes a certificate for localhost, 127.0.0.1 and ::1 as changed by the options.
func (ca *CA) Leaf(options ...Option) tls.Certificate {
	ca.t.Helper()
	return ca.LeafWithKey(ecKey(ca.t), options...)
}

// LeafWithKey is Leaf for a given key.
func (ca *CA) LeafWithKey(key crypto.Signer, options ...Option) tls.Certificate {
	ca.t.Helper()
	c := ca.sign(leafTemplate(options), ca.Cert, key.Public(), ca.Key)
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key, Leaf: c}
}

// Intermediate makes an authority that ca has signed.
func (ca *CA) Intermediate(options ...Option) *CA {
	ca.t.Helper()
	key := ecKey(ca.t)
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Test intermediate"},
		IsCA:    true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	for _, o := range options {
		o(t)
	}
	return &CA{t: ca.t, Key: key, Cert: ca.sign(t, ca.Cert, key.Public(), ca.Key)}
}

// SelfSigned makes a leaf that vouches for itself.
func SelfSigned(t testing.TB, options ...Option) tls.Certificate {
	t.Helper()
	key := ecKey(t)
	c := (&CA{t: t}).sign(leafTemplate(options), nil, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key, Leaf: c}
}

// RSAKey makes an RSA key of that many bits.
func RSAKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return key
}

// Valid sets the dates, relative to now.
func Valid(from, to time.Duration) Option {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(from), time.Now().Add(to) }
}

// Names sets the DNS names and takes the addresses away.
func Names(names ...string) Option {
	return func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = names, nil }
}

// Usage sets the extended key usage.
func Usage(u x509.ExtKeyUsage) Option {
	return func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{u} }
}

func leafTemplate(options []Option) *x509.Certificate {
	t := &x509.Certificate{
		Subject:  pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost", "example.test"},
		IPAddresses: []net.IP{
			net.IPv4(127, 0, 0, 1), net.IPv6loopback,
		},
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, o := range options {
		o(t)
	}
	return t
}

func (ca *CA) sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	ca.t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(ca.t, err)
	template.SerialNumber = serial
	if template.NotBefore.IsZero() {
		Valid(-time.Hour, 24*time.Hour)(template)
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	require.NoError(ca.t, err)
	c, err := x509.ParseCertificate(der)
	require.NoError(ca.t, err)
	return c
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}
