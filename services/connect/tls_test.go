package connect_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/connect/connecttest"
	"guichet/services/fault"
)

func asFault(t *testing.T, err error) *fault.Fault {
	t.Helper()
	var f *fault.Fault
	require.ErrorAs(t, err, &f)
	return f
}

func serverConfig(c tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{c}}
}

func TestEachBadCertificateHasItsCheck(t *testing.T) {
	ca := connecttest.NewCA(t)
	other := connecttest.NewCA(t)
	middle := ca.Intermediate()
	oldMiddle := ca.Intermediate(connecttest.Valid(-48*time.Hour, -time.Hour))
	clientOnly := ca.Intermediate(connecttest.Usage(x509.ExtKeyUsageClientAuth))
	leafAsCA := ca.Leaf()
	byLeaf := connecttest.Authority(t, leafAsCA.Leaf, leafAsCA.PrivateKey.(crypto.Signer))
	with := func(c tls.Certificate, more ...*x509.Certificate) tls.Certificate {
		for _, m := range more {
			c.Certificate = append(c.Certificate, m.Raw)
		}
		return c
	}
	sha1CA := &x509.Certificate{
		Subject: pkix.Name{CommonName: "RSA authority"}, SerialNumber: ca.Cert.SerialNumber,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rsaKey := connecttest.RSAKey(t, 2048)
	der, err := x509.CreateCertificate(rand.Reader, sha1CA, sha1CA, rsaKey.Public(), rsaKey)
	require.NoError(t, err)
	sha1CA, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	rsaCA := connecttest.Authority(t, sha1CA, rsaKey)
	sha1 := func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA1WithRSA }

	roots := ca.Pool()
	roots.AddCert(sha1CA)
	for name, c := range map[string]struct {
		certificate tls.Certificate
		host        string
		check       fault.Check // "": accepted
		all         []fault.Check
	}{
		"good":                       {certificate: ca.Leaf()},
		"good by address":            {certificate: ca.Leaf(), host: "127.0.0.1"},
		"good by intermediate":       {certificate: with(middle.Leaf(), middle.Cert)},
		"good and RSA":               {certificate: rsaCA.LeafWithKey(rsaKey)},
		"expired":                    {certificate: ca.Leaf(connecttest.Valid(-48*time.Hour, -time.Minute)), check: fault.CheckExpired},
		"not yet valid":              {certificate: ca.Leaf(connecttest.Valid(time.Hour, 48*time.Hour)), check: fault.CheckNotYetValid},
		"other name":                 {certificate: ca.Leaf(connecttest.Names("wrong.test")), check: fault.CheckHost},
		"other address":              {certificate: ca.Leaf(connecttest.Names("localhost")), host: "127.0.0.1", check: fault.CheckHost},
		"name in CN only":            {certificate: ca.Leaf(connecttest.Names()), check: fault.CheckHost},
		"unknown authority":          {certificate: other.Leaf(), check: fault.CheckAuthority},
		"self-signed":                {certificate: connecttest.SelfSigned(t), check: fault.CheckAuthority},
		"intermediate not sent":      {certificate: middle.Leaf(), check: fault.CheckAuthority},
		"signed by a leaf":           {certificate: with(byLeaf.Leaf(), leafAsCA.Leaf), check: fault.CheckAuthority},
		"intermediate expired":       {certificate: with(oldMiddle.Leaf(), oldMiddle.Cert), check: fault.CheckExpired},
		"intermediate for clients":   {certificate: with(clientOnly.Leaf(), clientOnly.Cert), check: fault.CheckUsage},
		"short RSA key":              {certificate: ca.LeafWithKey(connecttest.RSAKey(t, 1024)), check: fault.CheckWeak},
		"SHA-1":                      {certificate: rsaCA.Leaf(sha1), check: fault.CheckWeak},
		"for clients":                {certificate: ca.Leaf(connecttest.Usage(x509.ExtKeyUsageClientAuth)), check: fault.CheckUsage},
		"expired, other name":        {certificate: ca.Leaf(connecttest.Valid(-48*time.Hour, -time.Minute), connecttest.Names("wrong.test")), check: fault.CheckHost, all: []fault.Check{fault.CheckHost, fault.CheckExpired}},
		"self-signed and expired":    {certificate: connecttest.SelfSigned(t, connecttest.Valid(-48*time.Hour, -time.Minute)), check: fault.CheckAuthority, all: []fault.Check{fault.CheckAuthority, fault.CheckExpired}},
		"wildcard of another domain": {certificate: ca.Leaf(connecttest.Names("*.test")), host: "localhost", check: fault.CheckHost},
	} {
		t.Run(name, func(t *testing.T) {
			port := connecttest.ListenTLS(t, serverConfig(c.certificate), nil)
			n := connect.New(connect.Params{Roots: roots})
			host := c.host
			if host == "" {
				host = "localhost"
			}
			conn, err := n.DialTLS(t.Context(), host, port, connect.TLSOptions{})
			if c.check == "" {
				require.NoError(t, err)
				require.NoError(t, conn.Close())
				timings, ok := n.Timings(host, port)
				require.True(t, ok)
				require.True(t, timings.Secure)
				require.Equal(t, "TLS 1.3", timings.Version)
				require.NotZero(t, timings.TLS)
				return
			}
			f := asFault(t, err)
			require.Equal(t, fault.Certificate, f.Kind, "%v", err)
			require.Equal(t, c.check, f.Check, "%v", err)
			require.Equal(t, "tls", f.Step)
			q, ok := f.Question.(*connect.CertificateQuestion)
			require.True(t, ok)
			require.Equal(t, string(c.check), q.Check)
			require.Equal(t, port, q.Port)
			require.NotEmpty(t, q.Names)
			if c.all != nil {
				require.Equal(t, c.all, q.All)
			}

			// Trusting exactly this leaf opens this host and port, and no other.
			require.NoError(t, n.Trust().TrustCertificate(q))
			conn, err = n.DialTLS(t.Context(), host, port, connect.TLSOptions{})
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			elsewhere := connecttest.ListenTLS(t, serverConfig(c.certificate), nil)
			_, err = n.DialTLS(t.Context(), host, elsewhere, connect.TLSOptions{})
			require.Equal(t, c.check, asFault(t, err).Check)
		})
	}
}

func TestChangedCertificateIsRefused(t *testing.T) {
	first, second := connecttest.SelfSigned(t), connecttest.SelfSigned(t)
	ca := connecttest.NewCA(t)
	current := first
	port := connecttest.ListenTLS(t, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return &current, nil
	}}, nil)
	n := connect.New(connect.Params{Roots: ca.Pool()})
	dial := func() error {
		c, err := n.DialTLS(t.Context(), "localhost", port, connect.TLSOptions{})
		if err == nil {
			require.NoError(t, c.Close())
		}
		return err
	}
	q := asFault(t, dial()).Question.(*connect.CertificateQuestion)
	require.Nil(t, q.Previous)
	require.NoError(t, n.Trust().TrustCertificate(q))
	require.NoError(t, dial())

	current = second
	f := asFault(t, dial())
	require.Equal(t, fault.CheckChanged, f.Check)
	changed := f.Question.(*connect.CertificateQuestion)
	require.Equal(t, q.SHA256, *changed.Previous)
	require.Equal(t, []fault.Check{fault.CheckChanged, fault.CheckAuthority}, changed.All)

	current = ca.Leaf() // one that an authority vouches for needs nobody's trust
	require.NoError(t, dial())

	current = first
	require.NoError(t, n.Trust().Forget(n.Trust().List()[0]))
	require.Equal(t, fault.CheckAuthority, asFault(t, dial()).Check)
}

func TestResumedSessionsAreVerified(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			port := connecttest.ListenTLS(t, serverConfig(connecttest.SelfSigned(t)), func(c *tls.Conn) {
				_, _ = c.Write([]byte("x")) // carries the session tickets
				connecttest.Drain(c)
			})
			n := connect.New(connect.Params{})
			cache := tls.NewLRUClientSessionCache(4)
			dial := func() (resumed bool, err error) {
				c, err := n.DialTLS(t.Context(), "localhost", port, connect.TLSOptions{SessionCache: cache, MaxVersion: version})
				if err != nil {
					return false, err
				}
				defer c.Close()
				_, err = io.ReadFull(c, make([]byte, 1))
				require.NoError(t, err)
				return c.ConnectionState().DidResume, nil
			}
			_, err := dial()
			q := asFault(t, err).Question.(*connect.CertificateQuestion)
			require.NoError(t, n.Trust().TrustCertificate(q))
			_, err = dial()
			require.NoError(t, err)
			resumed, err := dial()
			require.NoError(t, err)
			require.True(t, resumed)
			require.NoError(t, n.Trust().Forget(n.Trust().List()[0]))
			_, err = dial()
			require.Equal(t, fault.CheckAuthority, asFault(t, err).Check)
		})
	}
}

func TestFaultComesOutOfLibraries(t *testing.T) {
	port := connecttest.ListenTLS(t, serverConfig(connecttest.SelfSigned(t)), nil)
	n := connect.New(connect.Params{})
	config := n.TLSConfig("localhost", port, connect.TLSOptions{})
	address := net.JoinHostPort("localhost", strconv.Itoa(port))
	check := func(t *testing.T, err error) {
		f := fault.From("x", "y", err)
		require.Equal(t, fault.Certificate, f.Kind)
		require.Equal(t, fault.CheckAuthority, f.Check)
		require.IsType(t, &connect.CertificateQuestion{}, f.Question)
		require.Equal(t, "tls", connect.TLSFault("localhost", err).Step)
	}
	t.Run("crypto/tls", func(t *testing.T) {
		_, err := tls.Dial("tcp", address, config)
		check(t, err)
		check(t, &tls.CertificateVerificationError{Err: err})
	})
	t.Run("net/http", func(t *testing.T) {
		client := http.Client{Transport: &http.Transport{TLSClientConfig: config}}
		_, err := client.Get("https://" + address)
		check(t, err)
	})
	t.Run("our transport", func(t *testing.T) {
		client := http.Client{Transport: n.HTTPTransport(connect.HTTPOptions{})}
		_, err := client.Get("https://" + address)
		var ue *url.Error
		require.ErrorAs(t, err, &ue)
		check(t, err)
	})
	t.Run("net/smtp", func(t *testing.T) {
		port := connecttest.Listen(t, func(c net.Conn) {
			r := bufio.NewReader(c)
			_, _ = io.WriteString(c, "220 hello\r\n")
			for _, answer := range []string{"250-x\r\n250 STARTTLS\r\n", "220 go\r\n"} {
				if _, err := r.ReadString('\n'); err != nil {
					return
				}
				_, _ = io.WriteString(c, answer)
			}
			_ = tls.Server(c, serverConfig(connecttest.SelfSigned(t))).Handshake() // the client refuses
		})
		raw, err := n.Dial(t.Context(), "localhost", port)
		require.NoError(t, err)
		client, err := smtp.NewClient(raw, "localhost")
		require.NoError(t, err)
		defer client.Close()
		check(t, client.StartTLS(n.TLSConfig("localhost", port, connect.TLSOptions{})))
	})
}

func TestWhatIsNotTLS(t *testing.T) {
	ca := connecttest.NewCA(t)
	good := serverConfig(ca.Leaf())
	with := func(change func(*tls.Config)) func(net.Conn) {
		c := good.Clone()
		change(c)
		return func(conn net.Conn) {
			s := tls.Server(conn, c)
			if s.Handshake() == nil {
				connecttest.Drain(s)
			}
		}
	}
	for name, c := range map[string]struct {
		serve func(net.Conn)
		kind  fault.Kind
		said  string
	}{
		"speaks first": {serve: func(c net.Conn) { _, _ = io.WriteString(c, "220 hello there\r\n"); connecttest.Drain(c) }, kind: fault.Protocol, said: "220 h"},
		"HTTP": {serve: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 100))
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad\r\n\r\n")
		}, kind: fault.Protocol, said: "HTTP/"},
		"hangs up":     {serve: func(net.Conn) {}, kind: fault.Protocol},
		"only TLS 1.1": {serve: with(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), kind: fault.Unsupported},
		"other ALPN":   {serve: with(func(c *tls.Config) { c.NextProtos = []string{"other"} }), kind: fault.Unsupported},
		"alert name": {serve: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 5))
			_, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, 112})
			connecttest.Drain(c)
		}, kind: fault.Certificate},
		"alert internal": {serve: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 5))
			_, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, 80})
			connecttest.Drain(c)
		}, kind: fault.Protocol},
		"silent": {serve: connecttest.Drain, kind: fault.Timeout},
	} {
		t.Run(name, func(t *testing.T) {
			timeout := 10 * time.Second
			if c.kind == fault.Timeout {
				timeout = 50 * time.Millisecond
			}
			n := connect.New(connect.Params{Roots: ca.Pool(), Timeout: timeout})
			_, err := n.DialTLS(t.Context(), "localhost", connecttest.Listen(t, c.serve), connect.TLSOptions{ALPN: []string{"mine"}})
			f := asFault(t, err)
			require.Equal(t, c.kind, f.Kind, "%v", err)
			require.Equal(t, "tls", f.Step)
			if c.said != "" {
				require.Equal(t, c.said, f.Said)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		port := connecttest.Listen(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 5)); cancel(); connecttest.Drain(c) })
		_, err := connect.New(connect.Params{}).DialTLS(ctx, "localhost", port, connect.TLSOptions{})
		require.Equal(t, fault.Cancelled, asFault(t, err).Kind)
		require.True(t, errors.Is(err, context.Canceled))
	})
}
