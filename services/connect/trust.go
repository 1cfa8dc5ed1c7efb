package connect

import (
	"cmp"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/net/idna"

	"guichet/services/fault"
	"guichet/services/profile"
)

// Trust remembers which certificates and SSH host keys a person accepted, each
// for exactly one host and port. It is safe for concurrent use.
type Trust struct {
	path    string // "": in memory only
	mu      sync.Mutex
	entries []Trusted
}

// TrustKind tells certificates and SSH host keys apart.
type TrustKind string

// The kinds of trusted things.
const (
	TrustedCertificate TrustKind = "certificate"
	TrustedHostKey     TrustKind = "host_key"
)

// Trusted is one thing that a person accepted.
type Trusted struct {
	Kind        TrustKind `json:"kind"`
	Host        string    `json:"host"` // lower case
	Port        int       `json:"port"`
	Fingerprint string    `json:"fingerprint"`     // "SHA256:" and base64 for keys, hexadecimal SHA-256 for certificates
	Key         []byte    `json:"key,omitempty"`   // host keys: wire format (RFC 4253 section 6.6)
	Names       []string  `json:"names,omitempty"` // certificates: whom it is made out to
	Added       time.Time `json:"added"`
}

// NewTrust makes an empty store that is kept in memory only.
func NewTrust() *Trust { return &Trust{} }

// OpenTrust opens the store kept in the JSON file at path, which need not exist
// yet; its folder must. A file that is no such store is moved aside and
// reported as Damaged: a second OpenTrust then succeeds with an empty store.
func OpenTrust(path string) (*Trust, error) {
	t := &Trust{path: path}
	entries, err := t.read()
	if fault.Is(err, fault.Damaged) {
		if serr := profile.SetAside(path); serr != nil {
			err = errors.Join(err, serr)
		}
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	t.entries = entries
	return t, nil
}

// read gives what the file holds, nothing where there is none.
func (t *Trust) read() ([]Trusted, error) {
	text, err := os.ReadFile(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.From("read trust", "", err)
	}
	var f trustFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fault.New(fault.Damaged, "read trust", "", err)
	}
	return f.Trusted, nil
}

type trustFile struct {
	Trusted []Trusted `json:"trusted"`
}

// List gives what is trusted, by host, port and kind.
func (t *Trust) List() []Trusted {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.entries)
}

// TrustCertificate accepts q's leaf for q's host and port from now on, in place
// of any other that was accepted there.
func (t *Trust) TrustCertificate(q *CertificateQuestion) error {
	return t.add(Trusted{
		Kind: TrustedCertificate, Host: normalHost(q.Host), Port: q.Port,
		Fingerprint: hex.EncodeToString(q.SHA256[:]), Names: q.Names, Added: time.Now().UTC(),
	})
}

// TrustHostKey accepts q's key for q's host and port from now on, in place of
// all others that were accepted there.
func (t *Trust) TrustHostKey(q *HostKeyQuestion) error {
	return t.add(Trusted{
		Kind: TrustedHostKey, Host: normalHost(q.Host), Port: q.Port,
		Fingerprint: q.Fingerprint, Key: q.Key, Added: time.Now().UTC(),
	})
}

// Forget takes back the trust in e.
func (t *Trust) Forget(e Trusted) error {
	return t.change(func(all []Trusted) []Trusted { return slices.DeleteFunc(all, e.same) })
}

func (t *Trust) add(e Trusted) error {
	return t.change(func(all []Trusted) []Trusted {
		all = append(slices.DeleteFunc(all, e.same), e)
		slices.SortFunc(all, func(a, b Trusted) int {
			return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Kind, b.Kind))
		})
		return all
	})
}

// same reports whether both stand for the same host, port and kind.
func (e Trusted) same(o Trusted) bool {
	return e.Kind == o.Kind && e.Host == normalHost(o.Host) && e.Port == o.Port
}

// change edits a copy, writes it, and only then makes it the truth. The file is
// read again before: a command may have changed it beside the window.
func (t *Trust) change(edit func([]Trusted) []Trusted) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	entries := slices.Clone(t.entries)
	if t.path != "" {
		newest, err := t.read()
		if err != nil {
			return err
		}
		entries = newest
	}
	entries = edit(entries)
	if t.path != "" {
		text, err := json.MarshalIndent(trustFile{entries}, "", "  ")
		if err != nil {
			return fault.New(fault.Internal, "write trust", "", err)
		}
		if err := profile.WriteFile(t.path, append(text, '\n'), 0o600); err != nil {
			return fault.From("write trust", "", err)
		}
	}
	t.entries = entries
	return nil
}

// find gives the entry of a kind for host and port.
func (t *Trust) find(kind TrustKind, host string, port int) (Trusted, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := Trusted{Kind: kind, Host: normalHost(host), Port: port}
	if i := slices.IndexFunc(t.entries, e.same); i >= 0 {
		return t.entries[i], true
	}
	return Trusted{}, false
}

// normalHost is how hosts are compared and asked for: lower case, in ASCII (RFC
// 5891), no dot at the end, no brackets.
func normalHost(host string) string {
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) {
		if ascii, err := idna.Lookup.ToASCII(host); err == nil {
			return ascii
		}
	}
	return host
}

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
	// All are the checks that failed, gravest first; Check is the first of them.
	All []fault.Check
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
