package fault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unicode"
)

// From turns any error into a fault. A fault in the chain is returned with op
// and host filled in where it has none; other errors are classed by what the
// standard library and the operating system say. From(nil) is nil.
func From(op, host string, err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f.With(op, host)
	}
	kind, check := classify(err)
	return &Fault{Kind: kind, Op: op, Host: host, Check: check, Err: err}
}

func classify(err error) (Kind, Check) {
	if kind, check, ok := certificate(err); ok {
		return kind, check
	}
	if kind := windows(err, runtime.GOOS == "windows"); kind != "" {
		return kind, ""
	}
	var dns *net.DNSError
	var recordHeader tls.RecordHeaderError
	switch {
	case errors.Is(err, context.Canceled):
		return Cancelled, ""
	case errors.As(err, &dns):
		switch {
		case dns.IsNotFound:
			return NameNotFound, ""
		case dns.IsTimeout:
			return Timeout, ""
		}
		return Offline, ""
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused, ""
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.ENETDOWN):
		return Offline, ""
	case errors.Is(err, syscall.EHOSTUNREACH):
		return Timeout, ""
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return Timeout, ""
	case errors.As(err, &recordHeader):
		return Protocol, ""
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return Full, ""
	case errors.Is(err, fs.ErrNotExist):
		return NotFound, ""
	case errors.Is(err, fs.ErrExist):
		return Exists, ""
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return Permission, ""
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.ECONNABORTED), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ENOTCONN), errors.Is(err, net.ErrClosed):
		return Protocol, ""
	}
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		return Timeout, ""
	}
	return broken(err), ""
}

// broken classes the errors of a connection that crypto/tls and net/http give no
// exported type to: TLS alerts of either side, and HTTP/2's own.
func broken(err error) Kind {
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "local error" || op.Op == "remote error") {
		return Protocol // RFC 8446, section 6: bad_record_mac for one, where bytes were changed on the way
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		switch text := e.Error(); {
		case text == "http2: client connection lost": // no answer to a ping
			return Timeout
		case strings.HasPrefix(text, "http2: "), strings.HasPrefix(text, "net/http: "), strings.HasPrefix(text, "stream error: "), strings.HasPrefix(text, "connection error: "):
			return Protocol
		}
	}
	return Internal
}

// windows classes the error numbers of Windows (WinError.h) that package syscall
// does not know by the names used in classify; "" for all others. The numbers of
// its sockets begin at 10000 and mean nothing elsewhere, those of its disks do:
// here tells whether err comes from such a system.
func windows(err error, here bool) Kind {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return ""
	}
	switch number {
	case 10061: // WSAECONNREFUSED
		return Refused
	case 10060, 10065: // WSAETIMEDOUT, WSAEHOSTUNREACH
		return Timeout
	case 10050, 10051: // WSAENETDOWN, WSAENETUNREACH
		return Offline
	case 10053, 10054, 10057: // WSAECONNABORTED, WSAECONNRESET, WSAENOTCONN
		return Protocol
	}
	if here && (number == 39 || number == 112) { // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
		return Full
	}
	return ""
}

// certificate classes the errors of crypto/tls and crypto/x509.
func certificate(err error) (Kind, Check, bool) {
	var (
		invalid   x509.CertificateInvalidError
		host      x509.HostnameError
		authority x509.UnknownAuthorityError
		roots     x509.SystemRootsError
		insecure  x509.InsecureAlgorithmError
	)
	switch {
	case errors.As(err, &host):
		return Certificate, CheckHost, true
	case errors.As(err, &invalid):
		switch invalid.Reason {
		case x509.Expired:
			return Certificate, CheckExpired, true
		case x509.IncompatibleUsage, x509.NotAuthorizedToSign, x509.CANotAuthorizedForExtKeyUsage:
			return Certificate, CheckUsage, true
		}
		return Certificate, CheckAuthority, true
	case errors.As(err, &insecure):
		return Certificate, CheckWeak, true
	case errors.As(err, &authority), errors.As(err, &roots):
		return Certificate, CheckAuthority, true
	}
	return "", "", false
}

// CleanURL gives u without its user information, for messages.
func CleanURL(u *url.URL) string {
	c := *u
	c.User = nil
	return c.String()
}

// CleanLine makes what a server said fit to be shown: one line, at most 300
// runes, control and bidirectional formatting characters replaced.
func CleanLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r), r == unicode.ReplacementChar,
			r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0x200E, r == 0x200F, r == 0x061C:
			return '�'
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:299]) + "…"
	}
	return s
}
