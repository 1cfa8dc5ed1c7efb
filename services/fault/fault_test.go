package fault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestFromClassesForeignErrors(t *testing.T) {
	dial := func(n syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", n)}
	}
	for _, c := range []struct {
		name string
		err  error
		kind Kind
	}{
		{"cancelled", fmt.Errorf("dial: %w", context.Canceled), Cancelled},
		{"deadline of a context", context.DeadlineExceeded, Timeout},
		{"deadline of a connection", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, Timeout},
		{"no such name", &net.DNSError{Err: "no such host", IsNotFound: true}, NameNotFound},
		{"name server silent", &net.DNSError{Err: "timeout", IsTimeout: true}, Timeout},
		{"name server away", &net.DNSError{Err: "server misbehaving"}, Offline},
		{"refused", dial(syscall.ECONNREFUSED), Refused},
		{"no network", dial(syscall.ENETUNREACH), Offline},
		{"no way to the host", dial(syscall.EHOSTUNREACH), Timeout},
		{"silent", dial(syscall.ETIMEDOUT), Timeout},
		{"reset", dial(syscall.ECONNRESET), Protocol},
		{"aborted", dial(syscall.ECONNABORTED), Protocol},
		{"refused, Windows", dial(10061), Refused},
		{"silent, Windows", dial(10060), Timeout},
		{"no way to the host, Windows", dial(10065), Timeout},
		{"reset, Windows", dial(10054), Protocol},
		{"aborted, Windows", dial(10053), Protocol},
		{"no network, Windows", dial(10051), Offline},
		{"network down, Windows", dial(10050), Offline},
		{"disk full", &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, Full},
		{"not there", &fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}, NotFound},
		{"there already", &fs.PathError{Op: "mkdir", Path: "x", Err: syscall.EEXIST}, Exists},
		{"not allowed", &fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, Permission},
		{"ended early", io.ErrUnexpectedEOF, Protocol},
		{"no TLS there", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, Protocol},
		{"a mistake of ours", errors.New("x"), Internal},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := From("op", "host", c.err)
			require.Equal(t, c.kind, f.Kind)
			require.Equal(t, "op", f.Op)
			require.Equal(t, "host", f.Host)
			require.ErrorIs(t, f, c.err)
			require.Equal(t, c.kind, KindOf(c.err))
		})
	}
	require.Nil(t, From("op", "host", nil))
	require.NoError(t, OrNil("op", nil))
	require.Equal(t, Full, windows(syscall.Errno(112), true))
	require.Equal(t, Kind(""), windows(syscall.Errno(112), false), "another thing elsewhere")
}

func TestFromClassesCertificates(t *testing.T) {
	for _, c := range []struct {
		err   error
		check Check
	}{
		{x509.HostnameError{Host: "a", Certificate: &x509.Certificate{}}, CheckHost},
		{x509.CertificateInvalidError{Reason: x509.Expired}, CheckExpired},
		{x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}, CheckUsage},
		{x509.CertificateInvalidError{Reason: x509.TooManyIntermediates}, CheckAuthority},
		{x509.InsecureAlgorithmError(x509.SHA1WithRSA), CheckWeak},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, CheckAuthority},
	} {
		f := From("dial", "", fmt.Errorf("wrapped: %w", c.err))
		require.Equal(t, Certificate, f.Kind)
		require.Equal(t, c.check, f.Check)
	}
}

func TestFromKeepsAFault(t *testing.T) {
	inner := New(Login, "login", "", nil)
	f := From("list", "mail.example", fmt.Errorf("again: %w", inner))
	require.Equal(t, Login, f.Kind)
	require.Equal(t, "login", f.Op, "what it knows stays")
	require.Equal(t, "mail.example", f.Host, "what it does not is filled in")
	require.Empty(t, inner.Host, "the fault itself is not changed")
	require.ErrorIs(t, f, &Fault{Kind: Login})
	require.NotErrorIs(t, f, &Fault{Kind: Full})
	require.Equal(t, Cancelled, New(Timeout, "dial", "", context.Canceled).Kind)
}

func TestRedact(t *testing.T) {
	for _, c := range [][2]string{
		// What servers say stays.
		{"530 Login incorrect.", "530 Login incorrect."},
		{"Login incorrect.", "Login incorrect."},
		{"LOGIN failed.", "LOGIN failed."},
		{"230 Login successful.", "230 Login successful."},
		{"530 Please login with USER and PASS.", "530 Please login with USER and PASS."},
		{"a1 NO LOGIN failed: try later", "a1 NO LOGIN failed: try later"},
		{"NO Login failed, too many attempts", "NO Login failed, too many attempts"},
		{`login mail.example:993: login: server said "Login failed, try again"`, `login mail.example:993: login: server said "Login failed, try again"`},
		{"534-5.7.9 Application-specific password required", "534-5.7.9 Application-specific password required"},
		{"Your login name is wrong", "Your login name is wrong"},
		{"the authenticate method is unknown", "the authenticate method is unknown"},
		{"https://example.org:8443/@anna?q=1", "https://example.org:8443/@anna?q=1"},
		{"https://example.org/a:b@c", "https://example.org/a:b@c"},
		// What clients say does not.
		{"PASS hunter2", "PASS …"},
		{"pass hunter 2", "pass …"},
		{"C: PASS hunter2", "C: PASS …"},
		{"500 PASS hunter2 not understood", "500 PASS …"},
		{`unexpected answer to "PASS hunter2"`, `unexpected answer to "PASS …`},
		{"USER anna\r\nPASS hunter2\r\n", "USER anna\r\nPASS …\r\n"},
		{"a1 LOGIN anna hunter2", "a1 LOGIN …"},
		{"a1 login anna hunter2", "a1 login …"},
		{"--> fXtG LOGIN anna hunter2\nnext", "--> fXtG LOGIN …\nnext"},
		{"LOGIN anna hunter2", "LOGIN …"},
		{"a1 LOGIN {4}\r\nanna {7}\r\nhunter2\r\na2 NOOP", "a1 LOGIN …\r\na2 NOOP"},
		{"login: BAD: a1 LOGIN anna hunter2", "login: BAD: a1 LOGIN …"},
		{"a1 AUTHENTICATE PLAIN AGFubmE=", "a1 AUTHENTICATE …"},
		{"smtp: AUTH PLAIN AGFubmE= refused", "smtp: AUTH PLAIN … refused"},
		{"Authorization: Basic YW5uYQ==\r\nHost: a", "Authorization: …\r\nHost: a"},
		{"proxy-authorization: Digest a, b", "proxy-authorization: …"},
		{"Set-Cookie: sid=1", "Set-Cookie: …"},
		{"sent Bearer ya29.abc and failed", "sent Bearer … and failed"},
		{"ftp://anna:hunter2@ftp.example/a", "ftp://…@ftp.example/a"},
		{"ftp://anna:hun@ter2@ftp.example/a", "ftp://…@ftp.example/a"},
		{"ftp://anna:hun/ter2@ftp.example/a", "ftp://…@ftp.example/a"},
		{"https://[::1]:8443/a and ftp://anna@h/", "https://[::1]:8443/a and ftp://…@h/"},
		{"https://a/?access_token=abc&x=1", "https://a/?access_token=…&x=1"},
		{`{"password": "hunter2", "x": 1}`, `{"password": "…", "x": 1}`},
	} {
		require.Equal(t, c[1], Redact(c[0]), c[0])
	}
	f := &Fault{Kind: Login, Op: "login", Said: "oops\nPASS hunter2", Err: errors.New("get ftp://anna:hunter2@h/: no")}
	require.NotContains(t, f.Error(), "hunter2")
	u, err := url.Parse("https://anna:hunter2@h/p")
	require.NoError(t, err)
	require.Equal(t, "https://h/p", CleanURL(u))
	require.NotNil(t, u.User, "the URL itself is not changed")
}

func FuzzRedact(f *testing.F) {
	f.Add("530 Login incorrect", "hunter2")
	f.Add("a1 LOGIN {4}", "a:b@c")
	f.Add("ftp://x:y@", "…")
	f.Add("C: ", `"quoted"`)
	f.Fuzz(func(t *testing.T, text, secret string) {
		once := Redact(text)
		if utf8.ValidString(text) {
			require.True(t, utf8.ValidString(once))
		}
		secret = "s3cr" + strings.Map(func(r rune) rune {
			if r <= ' ' || r > '~' || strings.ContainsRune(`/"&`, r) {
				return -1
			}
			return r
		}, secret) + "e7"
		if strings.Contains(text, "s3cr") {
			return
		}
		for _, form := range []string{
			"\nPASS %s", "\nC: pass %s", "\na1 LOGIN anna %s", "\n> b LOGIN anna %s\n", "\nAUTH PLAIN %s\n", "\nT7 AUTHENTICATE PLAIN %s",
			"\nAuthorization: Basic %s\n", " ftp://anna:%s@host/", " https://host/?password=%s",
		} {
			require.NotContains(t, Redact(text+fmt.Sprintf(form, secret)), "s3cr", form)
		}
	})
}

func TestCleanLine(t *testing.T) {
	for _, c := range [][2]string{
		{"one\r\n  two\tthree ", "one two three"},
		{"a\x00b\x1b[31m", "a\uFFFDb\uFFFD[31m"},
		{"exe\u202Egpj.", "exe\uFFFDgpj."},
		{"\u2066a\u2069\u200E\u200F\u061C", "\uFFFDa\uFFFD\uFFFD\uFFFD\uFFFD"},
		{"naïve 日本", "naïve 日本"},
		{"bad \xff byte", "bad \uFFFD byte"},
		{strings.Repeat("é", 400), strings.Repeat("é", 299) + "…"},
	} {
		require.Equal(t, c[1], CleanLine(c[0]))
	}
}

func TestTransient(t *testing.T) {
	for _, k := range []Kind{Offline, NameNotFound, Refused, Timeout, Busy, Protocol} {
		require.True(t, k.Transient(), k)
	}
	for _, k := range []Kind{Certificate, Login, Permission, NotFound, Exists, Full, TooBig, Cancelled, Unsupported, Clock, Damaged, Internal, ""} {
		require.False(t, k.Transient(), k)
	}
}
