package check_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/net/webdav"

	"guichet/services/address"
	"guichet/services/check"
	"guichet/services/connect"
	"guichet/services/connect/connecttest"
	"guichet/services/fault"
)

// patience is for servers that answer; a test of silence sets its own.
const patience = 10 * time.Second

func states(r check.Report) string {
	var s []string
	for _, step := range r.Steps {
		s = append(s, string(step.State))
	}
	return strings.Join(s, " ")
}

func detail(r check.Report, id check.StepID) check.Detail {
	for _, s := range r.Steps {
		if s.ID == id {
			return s.Detail
		}
	}
	return check.Detail{}
}

func password(p string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return p, nil }
}

func run(t *testing.T, target string, o check.Options) check.Report {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = patience
	}
	start := time.Now()
	r := check.Run(t.Context(), address.Parse(target, address.Options{}), o)
	require.Less(t, time.Since(start), 5*patience)
	require.Len(t, r.Steps, 6)
	require.Equal(t, r.OK, r.Fault == nil)
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.NotContains(t, string(text), secret)
	if r.Fault != nil {
		require.NotContains(t, r.Fault.Error(), secret)
		require.Equal(t, string(r.Step), r.Fault.Step)
	}
	return r
}

func TestNothingAnswers(t *testing.T) {
	closed := connecttest.ClosedPort(t)
	silent := connecttest.Listen(t, connecttest.Drain)
	const short = 200 * time.Millisecond
	for name, c := range map[string]struct {
		target  string
		timeout time.Duration
		kind    fault.Kind
		step    check.StepID
		states  string
		blame   check.Blame
	}{
		"refused":           {target: fmt.Sprintf("imaps://localhost:%d", closed), kind: fault.Refused, step: check.Connect, states: "skipped ok failed skipped skipped skipped", blame: check.Server},
		"unknown":           {target: "https://no-such-host.invalid/", kind: fault.NameNotFound, step: check.Name, states: "ok failed skipped skipped skipped skipped", blame: check.You},
		"silent, TLS":       {target: fmt.Sprintf("imaps://localhost:%d", silent), timeout: short, kind: fault.Timeout, step: check.TLS, states: "skipped ok ok failed skipped skipped", blame: check.Server},
		"silent, IMAP":      {target: fmt.Sprintf("imap://localhost:%d", silent), timeout: short, kind: fault.Timeout, step: check.Protocol, states: "skipped ok ok skipped skipped failed", blame: check.Server},
		"silent, SMTP":      {target: fmt.Sprintf("smtp://localhost:%d", silent), timeout: short, kind: fault.Timeout, step: check.Protocol, states: "skipped ok ok skipped skipped failed", blame: check.Server},
		"silent, FTP":       {target: fmt.Sprintf("ftp://localhost:%d", silent), timeout: short, kind: fault.Timeout, step: check.Protocol, states: "skipped ok ok skipped skipped failed", blame: check.Server},
		"silent, SSH":       {target: fmt.Sprintf("sftp://localhost:%d", silent), timeout: short, kind: fault.Timeout, step: check.Protocol, states: "skipped ok ok skipped skipped failed", blame: check.Server},
		"silent, HTTP":      {target: fmt.Sprintf("http://localhost:%d", silent), timeout: short, kind: fault.Timeout, step: check.Protocol, states: "skipped ok ok skipped skipped failed", blame: check.Server},
		"no server at all":  {target: "how to bake bread", kind: fault.Unsupported, states: "skipped skipped skipped skipped skipped skipped", blame: check.You},
		"a file":            {target: "/etc/hosts", kind: fault.Unsupported, states: "skipped skipped skipped skipped skipped skipped", blame: check.You},
		"unknown mail host": {target: "anna@no-such-host.invalid", kind: fault.NameNotFound, step: check.Name, states: "ok failed skipped skipped skipped skipped", blame: check.You},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, c.target, check.Options{Timeout: c.timeout, Online: func(context.Context) bool { return true }})
			require.Equal(t, c.kind, r.Kind, "%v", r.Fault)
			require.Equal(t, c.step, r.Step)
			require.Equal(t, c.states, states(r))
			require.Equal(t, c.blame, r.Blame)
		})
	}
	t.Run("not connected", func(t *testing.T) {
		r := run(t, "https://no-such-host.invalid/", check.Options{Online: func(context.Context) bool { return false }})
		require.Equal(t, fault.Offline, r.Kind)
		require.Equal(t, check.Computer, r.Step)
		require.Equal(t, check.You, r.Blame)
		require.Equal(t, "failed skipped skipped skipped skipped skipped", states(r))
	})
	t.Run("not connected, server in the house", func(t *testing.T) {
		n := connect.New(connect.Params{Hosts: map[string][]netip.Addr{"nas.test": {netip.MustParseAddr("127.0.0.1")}}})
		port := ftpServer(nil, false, false).listen(t)
		r := run(t, fmt.Sprintf("ftp://nas.test:%d", port), check.Options{Network: n, Online: func(context.Context) bool { return false }})
		require.True(t, r.OK, "%v", r.Fault)
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		port := connecttest.Listen(t, func(c net.Conn) { cancel(); connecttest.Drain(c) })
		r := check.Run(ctx, address.Parse(fmt.Sprintf("ftp://localhost:%d", port), address.Options{}), check.Options{})
		require.Equal(t, fault.Cancelled, r.Kind)
		require.Equal(t, check.Nobody, r.Blame)
	})
}

func TestEachBadCertificate(t *testing.T) {
	ca := connecttest.NewCA(t)
	n := connect.New(connect.Params{Roots: ca.Pool()})
	for want, c := range map[fault.Check]tls.Certificate{
		fault.CheckExpired:     ca.Leaf(connecttest.Valid(-48*time.Hour, -time.Hour)),
		fault.CheckNotYetValid: ca.Leaf(connecttest.Valid(time.Hour, 48*time.Hour)),
		fault.CheckHost:        ca.Leaf(connecttest.Names("wrong.test")),
		fault.CheckAuthority:   connecttest.SelfSigned(t),
		fault.CheckWeak:        ca.LeafWithKey(connecttest.RSAKey(t, 1024)),
		fault.CheckUsage:       ca.Leaf(connecttest.Usage(x509.ExtKeyUsageClientAuth)),
	} {
		config := &tls.Config{Certificates: []tls.Certificate{c}}
		for scheme, port := range map[string]int{
			"https": connecttest.ListenTLS(t, config, nil),
			"davs":  connecttest.ListenTLS(t, config, nil),
			"imaps": imapServer(config, true, false).listen(t),
			"imap":  imapServer(config, false, true).listen(t),
			"smtps": smtpServer(config, true, false, "PLAIN").listen(t),
			"smtp":  smtpServer(config, false, true, "PLAIN").listen(t),
			"ftps":  ftpServer(config, true, false).listen(t),
			"ftpes": ftpServer(config, false, true).listen(t),
			"ftp":   ftpServer(config, false, true).listen(t),
		} {
			t.Run(string(want)+" "+scheme, func(t *testing.T) {
				asked := false
				r := run(t, fmt.Sprintf("%s://localhost:%d", scheme, port), check.Options{Network: n, User: "anna", Password: func(context.Context) (string, error) {
					asked = true
					return secret, nil
				}})
				require.Equal(t, fault.Certificate, r.Kind, "%v", r.Fault)
				require.Equal(t, want, r.Check)
				require.Equal(t, check.TLS, r.Step)
				require.IsType(t, &connect.CertificateQuestion{}, r.Fault.Question)
				require.NotEmpty(t, detail(r, check.TLS).Names)
				require.NotNil(t, detail(r, check.TLS).To)
				require.False(t, asked)
			})
		}
	}
}

func TestLogin(t *testing.T) {
	ca := connecttest.NewCA(t)
	config := &tls.Config{Certificates: []tls.Certificate{ca.Leaf()}}
	n := connect.New(connect.Params{Roots: ca.Pool()})
	for scheme, server := range map[string]*lineServer{
		"imaps":       imapServer(config, true, false),
		"imap":        imapServer(config, false, true),
		"smtps":       smtpServer(config, true, false, "LOGIN PLAIN"),
		"smtp":        smtpServer(config, false, true, "PLAIN"),
		"submission":  smtpServer(config, false, true, "LOGIN"),
		"ftps":        ftpServer(config, true, false),
		"ftpes":       ftpServer(config, false, true),
		"ftp":         ftpServer(config, false, true),
		"submissions": smtpServer(config, true, false, "LOGIN"),
	} {
		target := fmt.Sprintf("%s://localhost:%d", scheme, server.listen(t))
		t.Run(scheme, func(t *testing.T) {
			r := run(t, target, check.Options{Network: n, User: "anna", Password: password(secret)})
			require.True(t, r.OK, "%v", r.Fault)
			require.Equal(t, "skipped ok ok ok ok ok", states(r))
			require.Equal(t, "TLS 1.3", detail(r, check.TLS).Version)
			require.Equal(t, "anna", detail(r, check.Login).User)

			r = run(t, target, check.Options{Network: n, User: "anna", Password: password("wrong")})
			require.Equal(t, fault.Login, r.Kind, "%v", r.Fault)
			require.Equal(t, check.Login, r.Step)
			require.Equal(t, check.You, r.Blame)
			require.NotEmpty(t, r.Fault.Said)
			require.Equal(t, "skipped ok ok ok failed ok", states(r))

			r = run(t, target, check.Options{Network: n})
			require.True(t, r.OK, "%v", r.Fault)
			require.Equal(t, "skipped ok ok ok skipped ok", states(r))

			locked := errors.New("key ring locked")
			r = run(t, target, check.Options{Network: n, User: "anna", Password: func(context.Context) (string, error) { return "", locked }})
			require.ErrorIs(t, r.Fault, locked)
			require.Equal(t, check.Login, r.Step)
			require.NotContains(t, strings.ToUpper(server.inClear()), "AUTH PLAIN")
			require.NotContains(t, server.inClear(), "anna")
		})
	}
}

func TestStartTLSStrippedOrInjected(t *testing.T) {
	ca := connecttest.NewCA(t)
	config := &tls.Config{Certificates: []tls.Certificate{ca.Leaf()}}
	n := connect.New(connect.Params{Roots: ca.Pool()})
	inject := func(s *lineServer, text string) *lineServer { s.inject = text; return s }
	greet := func(s *lineServer, text string) *lineServer { s.greeting = text; return s }
	for name, c := range map[string]struct {
		scheme string
		server *lineServer
		kind   fault.Kind
	}{
		"IMAP stripped": {"imap", imapServer(config, false, false), fault.Unsupported},
		"SMTP stripped": {"smtp", smtpServer(config, false, false, ""), fault.Unsupported},
		"FTP stripped":  {"ftp", ftpServer(config, false, false), fault.Unsupported},
		"FTPES refused": {"ftpes", ftpServer(config, false, false), fault.Unsupported},
		"IMAP injected": {"imap", inject(imapServer(config, false, true), "g3 OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] x\r\n"), fault.Protocol},
		"SMTP injected": {"smtp", inject(smtpServer(config, false, true, "PLAIN"), "250 AUTH PLAIN\r\n"), fault.Protocol},
		"FTP injected":  {"ftpes", inject(ftpServer(config, false, true), "230 in\r\n"), fault.Protocol},
		"IMAP PREAUTH":  {"imap", greet(imapServer(config, false, true), "* PREAUTH hello\r\n"), fault.Protocol},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, fmt.Sprintf("%s://localhost:%d", c.scheme, c.server.listen(t)), check.Options{Network: n, User: "anna", Password: password(secret)})
			require.Equal(t, c.kind, r.Kind, "%v", r.Fault)
			require.Equal(t, check.TLS, r.Step)
			require.Equal(t, check.Server, r.Blame)
			require.NotContains(t, c.server.inClear(), "anna")
			require.NotContains(t, c.server.inClear(), secret)
		})
	}
}

// quiet swallows TLS alerts.
type quiet struct{ net.Conn }

func (q *quiet) Write(b []byte) (int, error) {
	if len(b) > 0 && b[0] == 21 {
		return len(b), nil
	}
	return q.Conn.Write(b)
}

func TestClearTextThatWasAccepted(t *testing.T) {
	server := ftpServer(nil, false, false)
	r := run(t, fmt.Sprintf("ftp://localhost:%d", server.listen(t)), check.Options{User: "anna", Password: password(secret), AllowClear: true})
	require.True(t, r.OK, "%v", r.Fault)
	require.Equal(t, "skipped ok ok skipped skipped ok", states(r))
	require.NotContains(t, server.inClear(), secret)
}

func TestAnotherProtocolAnswers(t *testing.T) {
	ca := connecttest.NewCA(t)
	n := connect.New(connect.Params{Roots: ca.Pool()})
	secured := connecttest.ListenTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.Leaf()}}, nil)
	muteTLS := connecttest.Listen(t, func(c net.Conn) { // hangs up on clear text without an alert
		s := tls.Server(&quiet{Conn: c}, &tls.Config{Certificates: []tls.Certificate{ca.Leaf()}})
		if s.Handshake() == nil {
			connecttest.Drain(s)
		}
	})
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	u, err := url.Parse(web.URL)
	require.NoError(t, err)
	webPort, err := strconv.Atoi(u.Port())
	require.NoError(t, err)
	secureWeb := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secureWeb.Close)
	su, err := url.Parse(secureWeb.URL)
	require.NoError(t, err)
	secureWebPort, err := strconv.Atoi(su.Port())
	require.NoError(t, err)
	sshPort := connecttest.Listen(t, say("SSH-2.0-Other\r\n"))
	for name, c := range map[string]struct {
		scheme          string
		port            int
		expected, found string
	}{
		"SSH for IMAP":       {"imap", sshPort, "imap", "ssh"},
		"SSH for IMAPS":      {"imaps", sshPort, "tls", "ssh"},
		"SSH for the web":    {"http", sshPort, "http", "ssh"},
		"HTTP for IMAP":      {"imap", webPort, "imap", "http"},
		"HTTP for SMTP":      {"smtp", webPort, "smtp", "http"},
		"HTTP for SSH":       {"sftp", webPort, "ssh", "http"},
		"HTTP for HTTPS":     {"https", webPort, "tls", "http"},
		"HTTPS for HTTP":     {"http", secureWebPort, "http", "tls"},
		"mute TLS for HTTP":  {"http", muteTLS, "http", "tls"},
		"TLS for IMAP":       {"imap", secured, "imap", "tls"},
		"TLS for FTP":        {"ftpes", secured, "ftp", "tls"},
		"IMAP for IMAPS":     {"imaps", connecttest.Listen(t, say("* OK hi\r\n")), "tls", "imap"},
		"SMTP for SMTPS":     {"smtps", connecttest.Listen(t, say("220 x ESMTP\r\n")), "tls", "smtp"},
		"FTP for SMTP":       {"smtp", connecttest.Listen(t, say("220 (vsFTPd 3.0.3)\r\n")), "smtp", "ftp"},
		"SMTP for FTP":       {"ftp", connecttest.Listen(t, say("220 x ESMTP Postfix\r\n")), "ftp", "smtp"},
		"SMTP for IMAP":      {"imap", connecttest.Listen(t, say("220 x ESMTP Postfix\r\n")), "imap", "smtp"},
		"POP for IMAP":       {"imap", connecttest.Listen(t, say("+OK hi\r\n")), "imap", "pop3"},
		"a web site for DAV": {"dav", webPort, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := check.Options{Network: n}
			if c.found == "http" || c.found == "tls" {
				o.Timeout = 2 * time.Second // half of it is waited for the greeting
			}
			r := run(t, fmt.Sprintf("%s://localhost:%d", c.scheme, c.port), o)
			if c.found == "" {
				require.Equal(t, fault.NotFound, r.Kind)
				return
			}
			require.Equal(t, fault.Protocol, r.Kind, "%v", r.Fault)
			require.Equal(t, check.Protocol, r.Step)
			require.Equal(t, c.expected, detail(r, check.Protocol).Expected)
			require.Equal(t, c.found, detail(r, check.Protocol).Found)
			require.Equal(t, check.You, r.Blame)
		})
	}
}

func TestNonsenseIsSurvived(t *testing.T) {
	for name, text := range map[string]string{
		"bytes":         "\x00\x01\x02\xff\xfe\r\n",
		"long line":     "* OK " + strings.Repeat("x", 100<<10) + "\r\n",
		"endless reply": strings.Repeat("220-x\r\n", 5000),
		"short":         "2",
		"no code":       "hello\r\n",
	} {
		for _, scheme := range []string{"imap", "smtp", "ftp", "sftp", "http", "imaps"} {
			t.Run(name+" "+scheme, func(t *testing.T) {
				port := connecttest.Listen(t, func(c net.Conn) { say(text)(c) })
				r := run(t, fmt.Sprintf("%s://localhost:%d", scheme, port), check.Options{Timeout: 300 * time.Millisecond})
				require.False(t, r.OK)
				require.Contains(t, []fault.Kind{fault.Protocol, fault.Timeout}, r.Kind, "%v", r.Fault)
				require.LessOrEqual(t, len([]rune(r.Fault.Said)), 300)
			})
		}
	}
	t.Run("hangs up", func(t *testing.T) {
		port := connecttest.Listen(t, func(net.Conn) {})
		for _, scheme := range []string{"imap", "smtp", "ftp", "sftp", "http", "imaps", "https"} {
			r := run(t, fmt.Sprintf("%s://localhost:%d", scheme, port), check.Options{Timeout: time.Second})
			require.Equal(t, fault.Protocol, r.Kind, scheme)
		}
	})
	t.Run("busy", func(t *testing.T) {
		for scheme, text := range map[string]string{"smtp": "421 later\r\n", "ftp": "421 too many\r\n", "imap": "* BYE too many\r\n"} {
			r := run(t, fmt.Sprintf("%s://localhost:%d", scheme, connecttest.Listen(t, say(text))), check.Options{})
			require.Equal(t, fault.Busy, r.Kind, "%s: %v", scheme, r.Fault)
		}
	})
}

func TestWeb(t *testing.T) {
	ca := connecttest.NewCA(t)
	n := connect.New(connect.Params{Roots: ca.Pool()})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ok", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/onlyget", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	})
	mux.HandleFunc("/secret", func(w http.ResponseWriter, r *http.Request) {
		if user, p, _ := r.BasicAuth(); user != "anna" || p != secret {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("/digest", func(w http.ResponseWriter, r *http.Request) {
		// The response is checked against the vectors in TestDigest; here it is
		// enough that one comes, and no password.
		if a := r.Header.Get("Authorization"); !strings.HasPrefix(a, `Digest username="anna"`) || strings.Contains(a, secret) {
			w.Header().Set("WWW-Authenticate", `Digest realm="x", nonce="n", qop="auth"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("/ticket", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "Negotiate")
		w.WriteHeader(http.StatusUnauthorized)
	})
	for path, code := range map[string]int{"/forbidden": 403, "/busy": 503, "/broken": 500} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
	}
	mux.Handle("/dav/", &webdav.Handler{Prefix: "/dav", FileSystem: webdav.NewMemFS(), LockSystem: webdav.NewMemLS()})
	server := httptest.NewUnstartedServer(mux)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Leaf()}}
	server.StartTLS()
	t.Cleanup(server.Close)
	inClear := httptest.NewServer(mux)
	t.Cleanup(inClear.Close)
	davs := "davs" + strings.TrimPrefix(server.URL, "https")
	for _, c := range []struct {
		target, user, password string
		kind                   fault.Kind
		step                   check.StepID
		states                 string
	}{
		{server.URL + "/ok", "", "", "", "", "skipped ok ok ok skipped ok"},
		{server.URL + "/onlyget", "", "", "", "", "skipped ok ok ok skipped ok"},
		{server.URL + "/secret", "", "", "", "", "skipped ok ok ok skipped ok"},
		{server.URL + "/secret", "anna", secret, "", "", "skipped ok ok ok ok ok"},
		{server.URL + "/secret", "anna", "wrong", fault.Login, check.Login, "skipped ok ok ok failed skipped"},
		{server.URL + "/digest", "anna", secret, "", "", "skipped ok ok ok ok ok"},
		{server.URL + "/ticket", "anna", secret, fault.Unsupported, check.Login, "skipped ok ok ok failed skipped"},
		{inClear.URL + "/secret", "anna", secret, fault.Unsupported, check.TLS, "skipped ok ok failed skipped skipped"},
		{inClear.URL + "/secret", "", "", "", "", "skipped ok ok skipped skipped ok"},
		{server.URL + "/nothing", "", "", fault.NotFound, check.Protocol, "skipped ok ok ok skipped failed"},
		{server.URL + "/forbidden", "", "", fault.Permission, check.Protocol, "skipped ok ok ok skipped failed"},
		{server.URL + "/busy", "", "", fault.Busy, check.Protocol, "skipped ok ok ok skipped failed"},
		{server.URL + "/broken", "", "", fault.Protocol, check.Protocol, "skipped ok ok ok skipped failed"},
		{davs + "/dav/", "", "", "", "", "skipped ok ok ok skipped ok"},
		{davs + "/ok", "", "", fault.Unsupported, check.Protocol, "skipped ok ok ok skipped failed"},
		{davs + "/secret", "anna", "wrong", fault.Login, check.Login, "skipped ok ok ok failed skipped"},
	} {
		t.Run(c.target+" "+c.user+c.password, func(t *testing.T) {
			r := run(t, c.target, check.Options{Network: n, User: c.user, Password: password(c.password)})
			require.Equal(t, c.kind, r.Kind, "%v", r.Fault)
			require.Equal(t, c.step, r.Step)
			require.Equal(t, c.states, states(r))
			if c.kind == "" {
				require.NotEmpty(t, detail(r, check.Protocol).Said)
			}
		})
	}
}

func sshServer(t *testing.T, subsystem bool) (port int, key ssh.PublicKey) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	config := &ssh.ServerConfig{PasswordCallback: func(c ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
		if c.User() == "anna" && string(p) == secret {
			return nil, nil
		}
		return nil, errors.New("no")
	}}
	config.AddHostKey(signer)
	return connecttest.Listen(t, func(c net.Conn) {
		conn, channels, requests, err := ssh.NewServerConn(c, config)
		if err != nil {
			return
		}
		defer conn.Close()
		go ssh.DiscardRequests(requests)
		for offer := range channels {
			channel, requests, err := offer.Accept()
			if err != nil {
				return
			}
			go func() {
				defer channel.Close()
				for r := range requests {
					_ = r.Reply(subsystem && r.Type == "subsystem", nil)
				}
			}()
		}
	}), signer.PublicKey()
}

func TestSFTP(t *testing.T) {
	port, key := sshServer(t, true)
	target := fmt.Sprintf("sftp://localhost:%d", port)
	n := connect.New(connect.Params{})
	r := run(t, target, check.Options{Network: n, User: "anna", Password: func(context.Context) (string, error) {
		t.Error("asked for the password of an unknown server")
		return secret, nil
	}})
	require.Equal(t, fault.CheckUnknownKey, r.Check, "%v", r.Fault)
	require.Equal(t, check.TLS, r.Step)
	require.Equal(t, check.Nobody, r.Blame)
	require.Equal(t, ssh.FingerprintSHA256(key), detail(r, check.TLS).Key)
	require.NoError(t, n.Trust().TrustHostKey(r.Fault.Question.(*connect.HostKeyQuestion)))

	r = run(t, target, check.Options{Network: n, User: "anna", Password: password(secret)})
	require.True(t, r.OK, "%v", r.Fault)
	require.Equal(t, "skipped ok ok ok ok ok", states(r))

	r = run(t, target, check.Options{Network: n, User: "anna", Password: password("wrong")})
	require.Equal(t, fault.Login, r.Kind, "%v", r.Fault)
	require.Equal(t, check.Login, r.Step)

	r = run(t, target, check.Options{Network: n})
	require.True(t, r.OK, "%v", r.Fault)
	require.Equal(t, "skipped ok ok ok skipped ok", states(r))

	other, _ := sshServer(t, false)
	unsafe := &connect.HostKeyQuestion{Host: "localhost", Port: other, Key: key.Marshal(), Fingerprint: ssh.FingerprintSHA256(key)}
	require.NoError(t, n.Trust().TrustHostKey(unsafe))
	r = run(t, fmt.Sprintf("sftp://localhost:%d", other), check.Options{Network: n})
	require.Equal(t, fault.CheckChangedKey, r.Check)
	require.Equal(t, check.Server, r.Blame)
	require.NoError(t, n.Trust().TrustHostKey(r.Fault.Question.(*connect.HostKeyQuestion)))
	r = run(t, fmt.Sprintf("sftp://localhost:%d", other), check.Options{Network: n, User: "anna", Password: password(secret)})
	require.Equal(t, fault.Unsupported, r.Kind)
	require.Equal(t, check.Protocol, r.Step)
}

func TestServerWithoutSchemeIsFoundOut(t *testing.T) {
	ca := connecttest.NewCA(t)
	n := connect.New(connect.Params{Roots: ca.Pool()})
	port := ftpServer(&tls.Config{Certificates: []tls.Certificate{ca.Leaf()}}, false, true).listen(t)
	r := run(t, fmt.Sprintf("anna@localhost:%d", port), check.Options{Network: n, Password: password(secret)})
	require.True(t, r.OK, "%v", r.Fault)
	require.Equal(t, "skipped ok ok ok ok ok", states(r))
	require.Equal(t, "ftp", detail(r, check.Protocol).Expected)
}

func TestJSON(t *testing.T) {
	r := run(t, fmt.Sprintf("ftp://localhost:%d", connecttest.ClosedPort(t)), check.Options{})
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var got struct {
		OK    bool
		Kind  string
		Step  string
		Blame string
		Steps []struct {
			ID, State    string
			Milliseconds *float64
			Detail       struct{ Host string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, "refused", got.Kind)
	require.Equal(t, "connect", got.Step)
	require.Equal(t, "server", got.Blame)
	require.Len(t, got.Steps, 6)
	require.NotNil(t, got.Steps[2].Milliseconds)
	require.Equal(t, "localhost", got.Steps[2].Detail.Host)
}
