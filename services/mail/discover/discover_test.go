package discover

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
)

// world is a piece of Internet on the loopback: one TLS port that speaks for all
// its names, and DNS.
type world struct {
	network *connect.Network
	port    int
	pages   map[string]string // host+path -> body
	asked   chan string
	srv     map[string]*net.SRV
	mx      map[string]string
}

func (w *world) LookupSRV(_ context.Context, service, _, name string) (string, []*net.SRV, error) {
	if s := w.srv[service+" "+name]; s != nil {
		return "", []*net.SRV{s}, nil
	}
	return "", nil, errors.New("none")
}

func (w *world) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	if h := w.mx[name]; h != "" {
		return []*net.MX{{Host: h}}, nil
	}
	return nil, errors.New("none")
}

func newWorld(t *testing.T, names ...string) *world {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "t"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: append(names, "127.0.0.1"), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	w := &world{pages: map[string]string{}, asked: make(chan string, 100), srv: map[string]*net.SRV{}, mx: map[string]string{}}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.asked <- r.URL.String()
		if body, ok := w.pages[r.URL.Path]; ok {
			_, _ = rw.Write([]byte(body))
			return
		}
		http.NotFound(rw, r)
	})}
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	hosts := map[string][]netip.Addr{}
	for _, n := range names {
		hosts[n] = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	}
	w.port = ln.Addr().(*net.TCPAddr).Port
	w.network = connect.New(connect.Params{Roots: pool, Hosts: hosts, Timeout: time.Second})
	return w
}

func (w *world) find(t *testing.T, email string) ([]Candidate, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return Find(ctx, email, Options{
		Network: w.network, Resolver: w, Budget: 2 * time.Second, IMAPS: w.port, SMTPS: w.port, Submission: 1,
		ISPDB: "https://127.0.0.1:" + itoa(w.port) + "/ispdb/",
	})
}

func itoa(n int) string { return big.NewInt(int64(n)).String() }

const config = `<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="x">
<incomingServer type="pop3"><hostname>pop.%EMAILDOMAIN%</hostname><port>995</port><socketType>SSL</socketType></incomingServer>
<incomingServer type="imap"><hostname>clear.%EMAILDOMAIN%</hostname><port>143</port><socketType>plain</socketType></incomingServer>
<incomingServer type="imap"><hostname>start.%EMAILDOMAIN%</hostname><port>143</port><socketType>STARTTLS</socketType></incomingServer>
<incomingServer type="imap"><hostname>imap.%EMAILDOMAIN%</hostname><port>993</port><socketType>SSL</socketType>
<authentication>password-cleartext</authentication><username>%EMAILLOCALPART%</username></incomingServer>
<outgoingServer type="smtp"><hostname>smtp.%EMAILDOMAIN%</hostname><port>587</port><socketType>STARTTLS</socketType><username>%EMAILADDRESS%</username></outgoingServer>
</emailProvider></clientConfig>`

func TestProviderTable(t *testing.T) {
	w := newWorld(t)
	for email, imap := range map[string]string{
		"a@gmail.com": "imap.gmail.com", "A@Orange.FR": "imap.orange.fr", "a@free.fr": "imap.free.fr", "a@laposte.net": "imap.laposte.net",
		"a@icloud.com": "imap.mail.me.com", "a@gmx.de": "imap.gmx.net", "a@web.de": "imap.web.de", "a@fastmail.com": "imap.fastmail.com",
	} {
		list, err := w.find(t, email)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Equal(t, imap, list[0].IMAP.Host)
		require.Equal(t, 993, list[0].IMAP.Port)
	}
	list, err := w.find(t, "a@outlook.com")
	require.NoError(t, err)
	require.True(t, list[0].OAuth)
	list, err = w.find(t, "marie@free.fr")
	require.NoError(t, err)
	require.Equal(t, "marie", list[0].IMAP.Login)
	require.Empty(t, w.asked, "nobody is asked")
}

func TestAutoconfig(t *testing.T) {
	w := newWorld(t)
	w.pages["/ispdb/club.example"] = config
	list, err := w.find(t, "anna@club.example")
	require.NoError(t, err)
	require.Equal(t, Candidate{
		Source: "ispdb", IMAP: Server{Host: "imap.club.example", Port: 993, Login: "anna"},
		SMTP: Server{Host: "smtp.club.example", Port: 587, StartTLS: true, Login: "anna@club.example"},
	}, list[0])
	for len(w.asked) > 0 {
		require.NotContains(t, <-w.asked, "anna", "only the domain is told")
	}
}

func TestAutoconfigRefusesClearText(t *testing.T) {
	f := finder{email: "a@b.example", local: "a", domain: "b.example"}
	for _, bad := range []string{"", "<clientConfig>", `<clientConfig><emailProvider><incomingServer type="imap"><hostname>x</hostname><port>143</port>
		<socketType>plain</socketType></incomingServer></emailProvider></clientConfig>`} {
		_, ok := f.read([]byte(bad))
		require.False(t, ok)
	}
}

func TestSRVAndMX(t *testing.T) {
	w := newWorld(t)
	w.srv["imaps own.example"] = &net.SRV{Target: "mail.own.example.", Port: 993}
	w.srv["submission own.example"] = &net.SRV{Target: "mail.own.example.", Port: 587}
	list, err := w.find(t, "a@own.example")
	require.NoError(t, err)
	require.Equal(t, "srv", list[0].Source)
	require.False(t, list[0].Foreign)
	require.True(t, list[0].SMTP.StartTLS)
	w.srv["imaps far.example"] = &net.SRV{Target: "mail.elsewhere.test.", Port: 993}
	w.srv["submissions far.example"] = &net.SRV{Target: "mail.elsewhere.test.", Port: 465}
	list, err = w.find(t, "a@far.example")
	require.NoError(t, err)
	require.True(t, list[0].Foreign, "unsigned DNS does not send passwords elsewhere")
	w.mx["firm.example"] = "aspmx.l.google.com."
	list, err = w.find(t, "a@firm.example")
	require.NoError(t, err)
	require.Equal(t, "imap.gmail.com", list[0].IMAP.Host)
	require.Equal(t, "a@firm.example", list[0].IMAP.Login)
}

func TestGuess(t *testing.T) {
	w := newWorld(t, "mail.small.example", "smtp.small.example")
	list, err := w.find(t, "a@small.example")
	require.NoError(t, err)
	require.Equal(t, "guess", list[0].Source)
	require.Equal(t, "mail.small.example", list[0].IMAP.Host)
	require.Equal(t, "smtp.small.example", list[0].SMTP.Host)
}

func TestNothing(t *testing.T) {
	w := newWorld(t)
	for _, email := range []string{"a@nowhere.example", "", "a", "@b", "a@", "a b@c.fr", "a@127.0.0.1"} {
		_, err := w.find(t, email)
		require.True(t, fault.Is(err, fault.NotFound), "%s: %v", email, err)
	}
}
