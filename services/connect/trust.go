package connect

import (
	"crypto/x509"
	"sync"
	"time"
)

// Trust remembers which certificates and SSH host keys a person accepted, each
// for exactly one host and port.
type Trust struct {
	mu    sync.Mutex
	certs map[string][32]byte
}

// NewTrust makes an empty store that is kept in memory only.
func NewTrust() *Trust { return &Trust{certs: map[string][32]byte{}} }

// CertificateQuestion is the Question of a Certificate fault: may this leaf be
// trusted for this host and port from now on? A changed certificate (Previous
// set) has no easy yes.
type CertificateQuestion struct {
	Host     string
	Port     int
	Check    string // the fault.Check that failed
	Leaf     *x509.Certificate
	SHA256   [32]byte  // of Leaf.Raw
	Previous *[32]byte // what was trusted before, if it was another
	Names    []string  // whom the certificate is made out to
	From, To time.Time
	Issuer   string
}

// HostKeyQuestion is the Question of a Certificate fault of an SSH connection:
// is this the server's key?
type HostKeyQuestion struct {
	Host        string
	Port        int
	Type        string // ssh-ed25519...
	Fingerprint string // SHA256:...
	Key         []byte // wire format
	Previous    string // fingerprint known before, "" if the host is new
}
