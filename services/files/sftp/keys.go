package sftp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"guichet/services/fault"
)

const (
	keyMost        = 64 << 10 // bytes of a key file
	passphraseMost = 3        // times that a passphrase is asked for
)

// usualKeys are the names of OpenSSH's default key files, best first.
var usualKeys = []string{"id_ed25519", "id_ecdsa", "id_rsa"}

// key signs with a private key that is opened only when the server has said
// that it takes the public one: nobody types a passphrase in vain.
type key struct {
	public ssh.PublicKey
	open   func() (ssh.Signer, error)
	line   *line
}

// PublicKey implements ssh.Signer.
func (k *key) PublicKey() ssh.PublicKey { return k.public }

// Algorithms implements ssh.MultiAlgorithmSigner: no SHA-1 (RFC 8332).
func (k *key) Algorithms() []string {
	if k.public.Type() == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{k.public.Type()}
}

// Sign implements ssh.Signer.
func (k *key) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return k.SignWithAlgorithm(rand, data, k.Algorithms()[0])
}

// SignWithAlgorithm implements ssh.AlgorithmSigner.
func (k *key) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	k.line.hurry(0) // a passphrase, or a touch of a token
	defer k.line.hurry(loginTimeout)
	s, err := k.open()
	if err != nil {
		return nil, err
	}
	if as, ok := s.(ssh.AlgorithmSigner); ok {
		return as.SignWithAlgorithm(rand, data, algorithm)
	}
	return s.Sign(rand, data)
}

// signers gives the keys to offer: those meant for this server first, by the
// agent where it has them, then the agent's others, then the usual files; each
// certificate before its key.
func (o *offer) signers(ctx context.Context) []ssh.Signer {
	o.line.hurry(0) // an agent may ask a person
	defer o.line.hurry(loginTimeout)
	paths := o.hop.keyFiles
	chosen := len(paths) > 0
	if !chosen {
		if dir := o.fs.keyDir(); dir != "" {
			for _, name := range usualKeys {
				paths = append(paths, filepath.Join(dir, name))
			}
		}
	}
	held := o.agentKeys(ctx)
	var all []ssh.Signer
	add := func(s ssh.Signer) {
		blob := s.PublicKey().Marshal()
		if !slices.ContainsFunc(all, func(other ssh.Signer) bool { return bytes.Equal(other.PublicKey().Marshal(), blob) }) && !o.used[string(blob)] {
			all = append(all, s)
		}
	}
	fromFiles := func() {
		for _, path := range paths {
			k, err := o.keyFile(ctx, path)
			if err != nil {
				if chosen && o.fault == nil {
					o.fault = fault.From("key", o.hop.name, err)
				}
				continue
			}
			var s ssh.Signer = k
			if i := slices.IndexFunc(held, func(h ssh.Signer) bool { return bytes.Equal(h.PublicKey().Marshal(), k.public.Marshal()) }); i >= 0 {
				s = held[i] // already unlocked
			} else if k.open == nil {
				continue // protected, and nobody to ask
			}
			if cert := certificate(path, s); cert != nil {
				add(cert)
			}
			add(s)
		}
	}
	if chosen {
		fromFiles()
	}
	if !o.hop.only {
		for _, s := range held {
			add(s)
		}
	}
	if !chosen {
		fromFiles()
	}
	limit := maxKeys
	if o.hasPassword() {
		limit = maxKeys - 1 // leave a try for the password
	}
	all = all[:min(len(all), limit)]
	o.offered += len(all)
	// A second round follows a partial success: the keys of the first are not
	// what is still missing.
	if o.used == nil {
		o.used = map[string]bool{}
	}
	for _, s := range all {
		o.used[string(s.PublicKey().Marshal())] = true
	}
	return all
}

// keyFile reads a private key. One that is protected has no open where nobody
// can be asked for its passphrase. Faults: NotFound, Permission, Unsupported
// for what is no private key.
func (o *offer) keyFile(ctx context.Context, path string) (*key, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, keyMost))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(text, []byte("PuTTY-User-Key-File-")) {
		return o.puttyKey(ctx, path, text)
	}
	s, err := ssh.ParsePrivateKey(text)
	if err == nil {
		return &key{s.PublicKey(), func() (ssh.Signer, error) { return s, nil }, o.line}, nil
	}
	var missing *ssh.PassphraseMissingError
	if !errors.As(err, &missing) {
		if _, _, _, _, perr := ssh.ParseAuthorizedKey(text); perr == nil {
			return nil, fault.Newf(fault.Unsupported, "key", o.hop.name, "%s is the public half of a key; the private one is needed", filepath.Base(path))
		}
		return nil, fault.New(fault.Unsupported, "key", o.hop.name, err)
	}
	public := missing.PublicKey
	if public == nil { // the older PEM formats do not hold it
		if line, err := os.ReadFile(path + ".pub"); err == nil {
			public, _, _, _, _ = ssh.ParseAuthorizedKey(line) //nolint:dogsled // nil when it cannot be read
		}
	}
	parse := func(phrase string) (ssh.Signer, error) {
		return ssh.ParsePrivateKeyWithPassphrase(text, []byte(phrase))
	}
	return o.protected(ctx, path, public, parse)
}

// protected makes a key that asks for its passphrase when it is needed, at once
// where its public half is not known.
func (o *offer) protected(ctx context.Context, path string, public ssh.PublicKey, parse func(string) (ssh.Signer, error)) (*key, error) {
	var opened ssh.Signer
	open := func() (ssh.Signer, error) {
		if opened != nil {
			return opened, nil
		}
		last := ""
		var wrong error
		for try := range passphraseMost {
			phrase, err := o.fs.p.Passphrase(ctx, path)
			if err != nil {
				return nil, err
			}
			if try > 0 && phrase == last {
				break // nobody is typing
			}
			if opened, wrong = parse(phrase); wrong == nil {
				return opened, nil
			}
			opened, last = nil, phrase
		}
		f := fault.New(fault.Login, "key", o.hop.name, wrong)
		f.Step = "login"
		if o.fault == nil {
			o.fault = f
		}
		return nil, f
	}
	if o.fs.p.Passphrase == nil {
		if public == nil {
			return nil, fault.Newf(fault.Login, "key", o.hop.name, "%s has a passphrase", filepath.Base(path))
		}
		return &key{public: public, line: o.line}, nil
	}
	if public == nil {
		s, err := open()
		if err != nil {
			return nil, err
		}
		public = s.PublicKey()
	}
	return &key{public, open, o.line}, nil
}

// certificate gives the key with the certificate beside its file, nil where
// there is none that fits.
func certificate(path string, s ssh.Signer) ssh.Signer {
	text, err := os.ReadFile(path + "-cert.pub")
	if err != nil {
		return nil
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil
	}
	cert, ok := public.(*ssh.Certificate)
	if !ok {
		return nil
	}
	signer, err := ssh.NewCertSigner(cert, s)
	if err != nil {
		return nil // made for another key
	}
	return signer
}

// agentConn is a conversation with one agent.
type agentConn struct {
	agent.Agent
	io.Closer // nil: there is nothing to close
}

// agentKeys gives the keys of the running agents; none is no fault.
func (o *offer) agentKeys(ctx context.Context) []ssh.Signer {
	if o.fs.p.AgentSocket == "none" {
		return nil
	}
	var all []ssh.Signer
	for _, c := range dialAgents(ctx, o.fs.p.AgentSocket) {
		if c.Closer != nil {
			o.agents = append(o.agents, c)
		}
		signers, err := c.Signers()
		if err != nil {
			continue
		}
		for _, s := range signers {
			if _, ok := s.PublicKey().(*ssh.Certificate); ok {
				all = append(all, s)
				continue
			}
			all = append(all, &key{s.PublicKey(), func() (ssh.Signer, error) { return s, nil }, o.line})
		}
	}
	return all
}
