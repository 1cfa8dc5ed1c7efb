package connect

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"
	"unicode"

	"guichet/services/fault"
)

// TLSOptions change how TLS is spoken; the zero value is right for most.
type TLSOptions struct {
	ALPN         []string
	SessionCache tls.ClientSessionCache // FTP shares one between control and data connections
	MaxVersion   uint16                 // 0: the newest; tls.VersionTLS12 for servers that break
}

// DialTLS is Dial followed by Upgrade.
func (n *Network) DialTLS(ctx context.Context, host string, port int, o TLSOptions) (*tls.Conn, error) {
	c, err := n.Dial(ctx, host, port)
	if err != nil {
		return nil, err
	}
	return n.Upgrade(ctx, c, host, port, o)
}

// Upgrade speaks TLS on an open connection (STARTTLS, AUTH TLS); nothing of the
// clear text may have been read beyond the server's "go ahead". On failure c is
// closed and the fault has the Step "tls". Its kind is Certificate, with Check
// and a *CertificateQuestion as Question where a person may decide to trust;
// Protocol when the other side does not speak TLS or breaks it; Unsupported
// when there is no version or cipher in common; Timeout, Cancelled.
func (n *Network) Upgrade(ctx context.Context, c net.Conn, host string, port int, o TLSOptions) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, n.p.Timeout)
	defer cancel()
	start := time.Now()
	t := tls.Client(c, n.TLSConfig(host, port, o))
	if err := t.HandshakeContext(ctx); err != nil {
		_ = c.Close() // err is what counts
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, TLSFault(host, err)
	}
	took := time.Since(start)
	version := tls.VersionName(t.ConnectionState().Version)
	n.update(host, port, func(m *Timings) {
		if m.At.IsZero() {
			m.At = start
		}
		m.TLS, m.Secure, m.Version = took, true, version
	})
	return t, nil
}

// TLSConfig gives the configuration for libraries that speak TLS themselves. Its
// verification is the same as Upgrade's, and its fault is in the chain of the
// error that the library returns. Host and port say whose certificate is
// expected; for FTP's data connections they are those of the control connection.
func (n *Network) TLSConfig(host string, port int, o TLSOptions) *tls.Config {
	return &tls.Config{
		ServerName:         normalHost(host),
		MinVersion:         tls.VersionTLS12,
		MaxVersion:         o.MaxVersion,
		NextProtos:         o.ALPN,
		ClientSessionCache: o.SessionCache,
		// crypto/tls would not say which of several checks failed, nor let through
		// a leaf that a person trusts. VerifyConnection does the whole check, and
		// unlike VerifyPeerCertificate it is called for resumed sessions too.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			if f := n.verify(host, port, state); f != nil {
				return f
			}
			return nil
		},
	}
}

// TLSFault classes the error of a TLS handshake, for libraries that were given
// a TLSConfig.
func TLSFault(host string, err error) *fault.Fault {
	f := fault.From("tls", host, err)
	f.Step = "tls"
	var own *fault.Fault
	if errors.As(err, &own) || f.Kind == fault.Cancelled || f.Kind == fault.Timeout {
		return f
	}
	var record tls.RecordHeaderError
	var remote *net.OpError
	switch {
	case errors.As(err, &record):
		f.Kind = fault.Protocol
		if said := strings.TrimSpace(string(record.RecordHeader[:])); isText(said) {
			f.Said = fault.CleanLine(said)
		}
	case errors.As(err, &remote) && remote.Op == "remote error":
		f.Kind, f.Check = alertKind(remote.Err.Error())
		f.Said = fault.CleanLine(remote.Err.Error())
	case f.Kind == fault.Internal, f.Kind == fault.Certificate:
		f.Kind, f.Check = localKind(err.Error())
	}
	return f
}

func isText(s string) bool {
	for _, r := range s {
		if r > unicode.MaxASCII || unicode.IsControl(r) {
			return false
		}
	}
	return s != ""
}

// alertKind classes the alerts that servers send (RFC 8446 section 6.2).
// crypto/tls exports no type for them outside QUIC, but tls.AlertError has the
// same texts.
func alertKind(text string) (fault.Kind, fault.Check) {
	is := func(codes ...tls.AlertError) bool {
		for _, code := range codes {
			if code.Error() == text {
				return true
			}
		}
		return false
	}
	switch {
	case is(40, 70, 71, 86, 109, 116, 120, 121): // nothing in common, or wants what we lack
		return fault.Unsupported, ""
	case is(112): // unrecognized_name: the server has no certificate for that name
		return fault.Certificate, fault.CheckHost
	case is(42, 43, 44, 45, 46, 48, 49): // about a certificate of ours, and we have none
		return fault.Permission, ""
	}
	return fault.Protocol, ""
}

// localKind classes what crypto/tls itself finds wrong and has no types for.
func localKind(text string) (fault.Kind, fault.Check) {
	for _, p := range []struct {
		part  string
		kind  fault.Kind
		check fault.Check
	}{
		{"unsupported protocol version", fault.Unsupported, ""},
		{"unconfigured cipher suite", fault.Unsupported, ""},
		{"keys are insecure", fault.Certificate, fault.CheckWeak},
		{"RSA key larger than", fault.Certificate, fault.CheckUsage},
		{"unsupported type of public key", fault.Certificate, fault.CheckWeak},
	} {
		if strings.Contains(text, p.part) {
			return p.kind, p.check
		}
	}
	return fault.Protocol, ""
}
