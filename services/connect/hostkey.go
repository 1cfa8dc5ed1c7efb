package connect

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"guichet/services/fault"
)

// SystemKnownHosts gives OpenSSH's files of known host keys for this person and
// this computer, whether they exist or not.
func SystemKnownHosts() []string {
	var files []string
	if home, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(home, ".ssh", "known_hosts"))
	}
	return append(files, "/etc/ssh/ssh_known_hosts")
}

// hostKeyAlgorithms are offered for hosts never seen, best first. SHA-1
// signatures (ssh-rsa, ssh-dss) and host certificates, for which nobody
// vouches, are left out.
var hostKeyAlgorithms = []string{
	ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// hostCertAlgorithms are offered besides to hosts for which an authority of the
// known_hosts files vouches.
var hostCertAlgorithms = []string{
	ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
}

// HostKey gives the check of an SSH server's key for host and port, and the
// algorithms to offer, known ones first, for ssh.ClientConfig's HostKeyCallback
// and HostKeyAlgorithms. The callback's fault is of kind Certificate with Step
// "tls" and Check unknown_key, changed_key or revoked; for the first two its
// Question is a *HostKeyQuestion. What a person accepted in Guichet decides;
// where there is nothing, the known_hosts files do.
func (n *Network) HostKey(host string, port int) (ssh.HostKeyCallback, []string) {
	db := openKnownHosts(n.p.KnownHosts)
	address := joinHostPort(host, port)
	own, known := n.p.Trust.find(TrustedHostKey, host, port)

	var algorithms []string
	add := func(more ...string) {
		for _, a := range more {
			if !slices.Contains(algorithms, a) && a != ssh.KeyAlgoRSA && a != ssh.CertAlgoRSAv01 {
				algorithms = append(algorithms, a)
			}
		}
	}
	if key, err := ssh.ParsePublicKey(own.Key); known && err == nil {
		add(algorithmsOf(key.Type())...)
	}
	if db != nil && !known {
		fromFiles := db.HostKeyAlgorithms(address)
		if slices.ContainsFunc(fromFiles, func(a string) bool { return strings.Contains(a, "-cert-") }) {
			// An authority's line tells the kind of its own key, not of the host's.
			add(hostCertAlgorithms...)
		}
		add(fromFiles...)
	}
	// The others are offered too: a server whose key is of another kind now is
	// to be reported as changed, not as one with nothing in common.
	add(hostKeyAlgorithms...)

	return func(_ string, remote net.Addr, key ssh.PublicKey) error {
		var revoked *xknownhosts.RevokedError
		var mismatch *xknownhosts.KeyError
		var dbErr error = &xknownhosts.KeyError{}
		if db != nil {
			dbErr = db.HostKeyCallback()(address, remote, key)
		}
		cert, certified := key.(*ssh.Certificate)
		if errors.As(dbErr, &revoked) || certified && dbErr != nil && strings.HasSuffix(dbErr.Error(), " revoked") {
			f := fault.New(fault.Certificate, "host key", host, dbErr)
			f.Step, f.Check = "tls", fault.CheckRevoked
			return f
		}
		if certified && dbErr != nil {
			key = cert.Key // what a person can accept is the key, not who vouches for it
		}
		question := &HostKeyQuestion{
			Host: host, Port: port, Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key), Key: key.Marshal(),
		}
		check := fault.CheckUnknownKey
		switch {
		case known && bytes.Equal(own.Key, key.Marshal()):
			return nil
		case known:
			check, question.Previous = fault.CheckChangedKey, own.Fingerprint
		case dbErr == nil:
			return nil
		case errors.As(dbErr, &mismatch) && len(mismatch.Want) > 0:
			for _, former := range db.HostKeys(address) {
				if !former.Cert { // an authority's key was never the host's
					check, question.Previous = fault.CheckChangedKey, ssh.FingerprintSHA256(former)
					break
				}
			}
		}
		f := fault.New(fault.Certificate, "host key", host, dbErr)
		f.Step, f.Check, f.Question = "tls", check, question
		return f
	}, algorithms
}

// algorithmsOf gives the signature algorithms of a key type (RFC 8332).
func algorithmsOf(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// knownHostsLimit bounds how much of one file is read, in bytes.
const knownHostsLimit = 8 << 20

// openKnownHosts reads the files that are there. The parser gives up all for
// one bad line; so lines that it cannot read are left out. Keys that are then
// not known are asked about, which is safe.
func openKnownHosts(files []string) *knownhosts.HostKeyDB {
	var lines [][]byte
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				slog.Warn("known hosts not read", "err", err)
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(f, knownHostsLimit))
		if err = errors.Join(err, f.Close()); err != nil {
			slog.Warn("known hosts not read", "err", err)
			continue
		}
		for line := range bytes.Lines(text) {
			if _, _, _, _, _, err := ssh.ParseKnownHosts(line); err == nil {
				lines = append(lines, bytes.TrimSpace(line))
			}
		}
	}
	for range 100 { // lines that the two parsers disagree about
		if len(lines) == 0 {
			return nil
		}
		db, err := parseKnownHosts(bytes.Join(lines, []byte("\n")))
		if err == nil {
			return db
		}
		bad := badLine.FindStringSubmatch(err.Error())
		number := 0
		if bad != nil {
			number, _ = strconv.Atoi(bad[1]) // digits by the pattern; 0 when too many
		}
		if number < 1 || number > len(lines) {
			slog.Warn("known hosts not read", "err", err)
			return nil
		}
		lines = slices.Delete(lines, number-1, number)
	}
	slog.Warn("known hosts not read: too many bad lines")
	return nil
}

// badLine finds the line number in an error of x/crypto/ssh/knownhosts.
var badLine = regexp.MustCompile(`^knownhosts: .*?:(\d+): `)

// parseKnownHosts goes through a file because the parser accepts nothing else.
func parseKnownHosts(text []byte) (db *knownhosts.HostKeyDB, err error) {
	f, err := os.CreateTemp("", "known_hosts")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, werr := f.Write(text)
	if err := errors.Join(werr, f.Close()); err != nil {
		return nil, err
	}
	return knownhosts.NewDB(f.Name())
}
