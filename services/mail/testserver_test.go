package mail

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/task"
)

// authority makes a certificate for 127.0.0.1 and a pool that trusts it.
func authority(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, pool
}

const testPassword = "correct horse"

type secrets struct {
	mu sync.Mutex
	m  map[string]string
}

func (s *secrets) Get(_ context.Context, service, account string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pw, ok := s.m[service+"/"+account]
	if !ok {
		return "", fault.Newf(fault.NotFound, "secret", "", "no secret")
	}
	return pw, nil
}

func (s *secrets) Set(_ context.Context, service, account, secret string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m[service+"/"+account] = secret
	return nil
}

func (s *secrets) Delete(_ context.Context, service, account string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, service+"/"+account)
	return nil
}

// bench is a service with its own servers.
type bench struct {
	t       *testing.T
	ctx     context.Context
	s       *Service
	dir     string
	mem     *imapmemserver.User
	imap    Server
	smtp    Server
	smtpd   *smtpBackend
	network *connect.Network
	secrets *secrets
	account Account
	group   *task.Group
	cut     func() // cuts all SMTP connections
}

// cutter is a listener whose connections can be cut.
type cutter struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (c *cutter) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conn)
	return conn, err
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}

func newBench(t *testing.T) *bench {
	t.Helper()
	cfg, pool := authority(t)
	b := &bench{t: t, dir: t.TempDir(), secrets: &secrets{m: map[string]string{SecretService + "/anna@example.org": testPassword}}}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	b.ctx = ctx
	b.network = connect.New(connect.Params{Roots: pool, Timeout: 5 * time.Second})
	b.mem = imapmemserver.NewUser("anna@example.org", testPassword)
	for _, name := range []string{"INBOX", "Sent", "Drafts", "Trash", "Archive", "Junk"} {
		require.NoError(t, b.mem.Create(name, nil))
	}
	mem := imapmemserver.New()
	mem.AddUser(b.mem)
	srv := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps:   imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}},
		Logger: log.New(io.Discard, "", 0),
	})
	ln, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	require.NoError(t, err)
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	b.imap = Server{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, Security: TLS, Login: "anna@example.org"}

	b.smtpd = &smtpBackend{}
	sd := smtp.NewServer(b.smtpd)
	sd.Domain, sd.MaxMessageBytes, sd.ErrorLog = "localhost", 1<<20, log.New(io.Discard, "", 0)
	sln, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	require.NoError(t, err)
	cuts := &cutter{Listener: sln}
	b.cut = cuts.cut
	go func() { _ = sd.Serve(cuts) }()
	t.Cleanup(func() { _ = sd.Close() })
	b.smtp = Server{Host: "127.0.0.1", Port: sln.Addr().(*net.TCPAddr).Port, Security: TLS, Login: "anna@example.org"}
	b.open()
	t.Cleanup(b.close)
	return b
}

// open starts the service on the bench's folder, as a start of the program does.
func (b *bench) open() {
	b.group = task.NewGroup(b.ctx)
	s, err := New(Params{DBDir: b.dir, Network: b.network, Secrets: b.secrets, Tasks: b.group, UndoDelay: time.Nanosecond})
	require.NoError(b.t, err)
	b.s = s
	if list := get(s.Accounts).List; len(list) > 0 {
		b.account = list[0]
		return
	}
	b.account, err = s.save(b.ctx, Account{Email: "anna@example.org", Name: "Anna", IMAP: b.imap, SMTP: b.smtp, Source: "manual"})
	require.NoError(b.t, err)
}

func (b *bench) close() {
	if b.s != nil {
		require.NoError(b.t, b.s.Close())
		b.group.Close(5 * time.Second)
		b.s = nil
	}
}

func (b *bench) reopen() {
	b.close()
	b.open()
}

type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// put adds a message to a mailbox of the server.
func (b *bench) put(mailbox, raw string, flags ...imap.Flag) imap.UID {
	b.t.Helper()
	d, err := b.mem.Append(mailbox, literal{bytes.NewReader([]byte(raw))}, &imap.AppendOptions{Flags: flags, Time: time.Now()})
	require.NoError(b.t, err)
	return d.UID
}

func mailText(n int, extra string) string {
	return fmt.Sprintf("From: Marie Dubois <marie@orchestra.example>\r\nTo: anna@example.org\r\nSubject: Programme %d\r\nMessage-ID: <m%d@orchestra.example>\r\n"+
		"Date: %s\r\n%s\r\nBonjour Anna, voici le programme numéro %d.\r\n", n, n, time.Now().Format(time.RFC1123Z), extra, n)
}

func (b *bench) sync() SyncReport {
	b.t.Helper()
	rep, err := b.s.Sync(b.ctx, b.account.ID, nil)
	require.NoError(b.t, err)
	require.Empty(b.t, rep.Failed)
	return rep
}

func (b *bench) list(mailbox string) []Row {
	b.t.Helper()
	rows, err := b.s.List(b.ctx, mailbox, 0)
	require.NoError(b.t, err)
	return rows
}

// smtpBackend takes mail and fails on demand.
type smtpBackend struct {
	mu      sync.Mutex
	got     []received
	rcptErr map[string]error
	dataErr error
	block   chan struct{} // if set, DATA's answer waits for it
	arrived chan struct{} // if set, told when DATA was read
}

type received struct {
	from string
	to   []string
	data []byte
}

func (s *smtpBackend) NewSession(*smtp.Conn) (smtp.Session, error) { return &smtpSession{b: s}, nil }

func (s *smtpBackend) mails() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.got...)
}
