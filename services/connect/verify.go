package connect

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"guichet/services/fault"
)

// minRSA is the shortest RSA key accepted, in bits (NIST SP 800-57 part 1,
// CA/Browser Forum Baseline Requirements section 6.1.5).
const minRSA = 2048

// verify is the whole check of a server's certificate; nil means it passed.
func (n *Network) verify(host string, port int, state tls.ConnectionState) *fault.Fault {
	fail := func(check fault.Check, err error) *fault.Fault {
		f := fault.New(fault.Certificate, "tls", host, err)
		f.Step, f.Check = "tls", check
		return f
	}
	if len(state.PeerCertificates) == 0 {
		return fail(fault.CheckAuthority, errors.New("no certificate"))
	}
	leaf := state.PeerCertificates[0]
	sum := sha256.Sum256(leaf.Raw)
	trusted, known := n.p.Trust.find(TrustedCertificate, host, port)
	if known && trusted.Fingerprint == hex.EncodeToString(sum[:]) {
		return nil
	}
	failed, err := n.failedChecks(host, leaf, state)
	if len(failed) == 0 {
		return nil
	}
	var previous *[32]byte
	if known {
		failed = slices.Insert(failed, 0, fault.CheckChanged)
		if b, derr := hex.DecodeString(trusted.Fingerprint); derr == nil && len(b) == 32 {
			previous = (*[32]byte)(b)
		}
	}
	f := fail(failed[0], err)
	if slices.Contains(failed, fault.CheckRevoked) {
		return f // its owner took it back: there is nothing to decide
	}
	f.Question = &CertificateQuestion{
		Host: host, Port: port, Check: string(failed[0]), All: failed,
		Leaf: leaf, SHA256: sum, Previous: previous,
		Names: namesOf(leaf), From: leaf.NotBefore, To: leaf.NotAfter, Issuer: issuerOf(leaf),
	}
	return f
}

// failedChecks makes every check by itself, so that a person learns of all that
// is wrong, and gives those that failed, gravest first, with the first's cause.
func (n *Network) failedChecks(host string, leaf *x509.Certificate, state tls.ConnectionState) ([]fault.Check, error) {
	now := time.Now()
	causes := map[fault.Check]error{}
	switch {
	case now.After(leaf.NotAfter):
		causes[fault.CheckExpired] = x509.CertificateInvalidError{Cert: leaf, Reason: x509.Expired}
	case now.Before(leaf.NotBefore):
		causes[fault.CheckNotYetValid] = x509.CertificateInvalidError{Cert: leaf, Reason: x509.Expired}
	}
	if err := leaf.VerifyHostname(normalHost(host)); err != nil {
		causes[fault.CheckHost] = err
	}
	if !serverUsage(leaf) {
		causes[fault.CheckUsage] = x509.CertificateInvalidError{Cert: leaf, Reason: x509.IncompatibleUsage}
	}
	chains, check, err := n.chains(leaf, state.PeerCertificates[1:], clamp(now, leaf.NotBefore, leaf.NotAfter))
	if err != nil {
		causes[check] = err
		// A chain that x509 cannot follow because of a signature that is too weak
		// is not the same as one that nobody vouches for.
		if weak := weakOf(state.PeerCertificates); weak != nil && check == fault.CheckAuthority && !selfSigned(leaf) {
			delete(causes, check)
			causes[fault.CheckWeak] = weak
		}
	}
	if weak := weakChains(chains); weak != nil {
		causes[fault.CheckWeak] = weak
	}
	if revoked := revokedBy(state.OCSPResponse, leaf, chains); revoked != nil {
		causes[fault.CheckRevoked] = revoked
	}
	var failed []fault.Check
	for _, check := range []fault.Check{
		fault.CheckRevoked, fault.CheckAuthority, fault.CheckHost, fault.CheckUsage,
		fault.CheckWeak, fault.CheckNotYetValid, fault.CheckExpired,
	} {
		if causes[check] != nil {
			failed = append(failed, check)
		}
	}
	if len(failed) == 0 {
		return nil, nil
	}
	return failed, causes[failed[0]]
}

// chains builds the chains from leaf to an authority as of at, with the check
// that failed where there is none.
func (n *Network) chains(leaf *x509.Certificate, rest []*x509.Certificate, at time.Time) ([][]*x509.Certificate, fault.Check, error) {
	o := x509.VerifyOptions{
		Roots: n.p.Roots, Intermediates: x509.NewCertPool(), CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	for _, c := range rest {
		o.Intermediates.AddCert(c)
	}
	chains, err := leaf.Verify(o)
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return nil, fault.CheckExpired, err // an intermediate; the leaf is valid at that time
	case err != nil:
		return nil, fault.CheckAuthority, err
	}
	o.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if _, err := leaf.Verify(o); err != nil && serverUsage(leaf) {
		return chains, fault.CheckUsage, err // an authority that may not vouch for servers
	}
	return chains, "", nil
}

func clamp(t, from, to time.Time) time.Time {
	switch {
	case t.Before(from):
		return from
	case t.After(to):
		return to
	}
	return t
}

// serverUsage reports whether c may be a TLS server's (RFC 5280 section
// 4.2.1.12): no extended key usage at all means any.
func serverUsage(c *x509.Certificate) bool {
	return len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 ||
		slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

func selfSigned(c *x509.Certificate) bool { return string(c.RawIssuer) == string(c.RawSubject) }

// weakOf finds the first certificate whose key or signature is too weak. The
// signature of an authority on itself means nothing.
func weakOf(chain []*x509.Certificate) error {
	for _, c := range chain {
		if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < minRSA {
			return fmt.Errorf("RSA key of %d bits", key.N.BitLen())
		}
		if selfSigned(c) {
			continue
		}
		switch c.SignatureAlgorithm {
		case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.DSAWithSHA256, x509.ECDSAWithSHA1:
			return x509.InsecureAlgorithmError(c.SignatureAlgorithm)
		}
	}
	return nil
}

// weakChains gives nil where at least one chain is strong throughout. The
// authority's own key counts only where it is the leaf itself.
func weakChains(chains [][]*x509.Certificate) error {
	var weak error
	for _, chain := range chains {
		if weak = weakOf(chain[:max(1, len(chain)-1)]); weak == nil {
			return nil
		}
	}
	return weak
}

// revokedBy reads the status that the server has stapled (RFC 6066 section 8).
// Servers that staple nothing are not asked about: it would tell the authority
// whom one talks to.
func revokedBy(stapled []byte, leaf *x509.Certificate, chains [][]*x509.Certificate) error {
	for _, chain := range chains {
		if len(stapled) == 0 || len(chain) < 2 {
			continue
		}
		r, err := ocsp.ParseResponseForCert(stapled, leaf, chain[1])
		if err == nil && r.Status == ocsp.Revoked {
			return errors.New("revoked at " + r.RevokedAt.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// namesOf gives whom c is made out to: its DNS names and IP addresses, else the
// common name, which proves nothing but tells people something.
func namesOf(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 && c.Subject.CommonName != "" {
		names = append(names, c.Subject.CommonName)
	}
	for i := range names {
		names[i] = fault.CleanLine(names[i])
	}
	return names[:min(len(names), 50)]
}

func issuerOf(c *x509.Certificate) string {
	name := c.Issuer.CommonName
	if len(c.Issuer.Organization) > 0 && c.Issuer.Organization[0] != name {
		if name != "" {
			name += ", "
		}
		name += c.Issuer.Organization[0]
	}
	return fault.CleanLine(name)
}
