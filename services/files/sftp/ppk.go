package sftp

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the format's own
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/ssh"

	"guichet/services/fault"
)

// ppk is a key file of PuTTY, versions 2 and 3 (PuTTY's manual, appendix C),
// which WinSCP and FileZilla use too.
type ppk struct {
	version    int
	algorithm  string
	encryption string
	comment    string
	public     []byte // wire format (RFC 4253 section 6.6)
	private    []byte // encrypted where encryption is not "none"
	mac        []byte
	derivation string // Argon2id...; version 3 only
	memory     uint32 // KiB
	passes     uint32
	threads    uint8
	salt       []byte
}

// ppkMemory bounds what a key file may make Argon2 take, in KiB; PuTTY writes
// 8192.
const ppkMemory = 256 << 10

// ppkWork bounds its passes over that memory, in KiB: seconds, not minutes.
const ppkWork = 4 << 20

var errPPK = errors.New("PuTTY's key file is damaged")

// parsePPK reads the file without opening what is encrypted.
func parsePPK(text []byte) (*ppk, error) {
	k := &ppk{}
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	for len(lines) > 0 {
		name, value, ok := strings.Cut(lines[0], ": ")
		lines = lines[1:]
		if !ok {
			continue
		}
		var err error
		number := func(most uint64) uint64 {
			n, nerr := strconv.ParseUint(value, 10, 32)
			if nerr != nil || n > most {
				err = errPPK
			}
			return n
		}
		block := func() []byte {
			n := int(number(1000))
			if err != nil || n > len(lines) {
				err = errPPK
				return nil
			}
			b, berr := base64.StdEncoding.DecodeString(strings.Join(lines[:n], ""))
			lines = lines[n:]
			err = berr
			return b
		}
		switch name {
		case "PuTTY-User-Key-File-2", "PuTTY-User-Key-File-3":
			k.version, k.algorithm = int(name[len(name)-1]-'0'), value
		case "Encryption":
			k.encryption = value
		case "Comment":
			k.comment = value
		case "Public-Lines":
			k.public = block()
		case "Private-Lines":
			k.private = block()
		case "Private-MAC":
			k.mac, err = hex.DecodeString(value)
		case "Key-Derivation":
			k.derivation = value
		case "Argon2-Memory":
			k.memory = uint32(number(ppkMemory))
		case "Argon2-Passes":
			k.passes = uint32(number(10_000))
		case "Argon2-Parallelism":
			k.threads = uint8(number(64))
		case "Argon2-Salt":
			k.salt, err = hex.DecodeString(value)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s", errPPK, name)
		}
	}
	if k.version == 0 || len(k.public) == 0 || len(k.private) == 0 || k.encryption != "none" && k.encryption != "aes256-cbc" {
		return nil, errPPK
	}
	return k, nil
}

// open decrypts with the passphrase, checks, and makes the signer. A wrong
// passphrase shows in the checksum.
func (k *ppk) open(phrase string) (ssh.Signer, error) {
	var key, iv, macKey []byte
	sum := sha256.New
	locked := k.encryption != "none"
	switch {
	case k.version == 2:
		sum = sha1.New
		m := sha1.Sum([]byte("putty-private-key-file-mac-key" + phrase)) //nolint:gosec // the format's own
		if !locked {
			m = sha1.Sum([]byte("putty-private-key-file-mac-key")) //nolint:gosec // the format's own
		}
		macKey = m[:]
		for i := range byte(2) {
			part := sha1.Sum(append([]byte{0, 0, 0, i}, phrase...)) //nolint:gosec // the format's own
			key = append(key, part[:]...)
		}
		key, iv = key[:32], make([]byte, aes.BlockSize)
	case locked:
		derive := argon2.IDKey
		switch k.derivation {
		case "Argon2id":
		case "Argon2i":
			derive = argon2.Key
		default:
			return nil, fmt.Errorf("%w: key derivation %q", errPPK, k.derivation)
		}
		if k.passes == 0 || k.threads == 0 || k.memory == 0 || uint64(k.passes)*uint64(k.memory) > ppkWork {
			return nil, errPPK
		}
		out := derive([]byte(phrase), k.salt, k.passes, k.memory, k.threads, 32+16+32)
		key, iv, macKey = out[:32], out[32:48], out[48:]
	}
	private := bytes.Clone(k.private)
	if locked {
		if len(private)%aes.BlockSize != 0 {
			return nil, errPPK
		}
		c, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		cipher.NewCBCDecrypter(c, iv).CryptBlocks(private, private)
	}
	if !hmac.Equal(k.checksum(sum, macKey, private), k.mac) {
		return nil, errors.New("wrong passphrase, or the key file is damaged")
	}
	return k.signer(private)
}

// checksum is over all that counts in the file.
func (k *ppk) checksum(sum func() hash.Hash, key, private []byte) []byte {
	h := hmac.New(sum, key)
	h.Write(ssh.Marshal(struct {
		Algorithm, Encryption, Comment string
		Public, Private                []byte
	}{k.algorithm, k.encryption, k.comment, k.public, private}))
	return h.Sum(nil)
}

// signer reads the numbers of the private half; bytes behind them are padding.
func (k *ppk) signer(private []byte) (ssh.Signer, error) {
	public, err := ssh.ParsePublicKey(k.public)
	if err != nil {
		return nil, err
	}
	if public.Type() != k.algorithm {
		return nil, errPPK
	}
	holder, ok := public.(ssh.CryptoPublicKey)
	if !ok {
		return nil, errPPK
	}
	var secret any
	switch pub := holder.CryptoPublicKey().(type) {
	case ed25519.PublicKey:
		var n struct {
			Seed []byte
			Rest []byte `ssh:"rest"`
		}
		if err := ssh.Unmarshal(private, &n); err != nil || len(n.Seed) != ed25519.SeedSize {
			return nil, errPPK
		}
		secret = ed25519.NewKeyFromSeed(n.Seed)
	case *ecdsa.PublicKey:
		var n struct {
			D    *big.Int
			Rest []byte `ssh:"rest"`
		}
		if err := ssh.Unmarshal(private, &n); err != nil {
			return nil, errPPK
		}
		if secret, err = ecdsaKey(pub.Curve, n.D); err != nil {
			return nil, err
		}
	case *rsa.PublicKey:
		var n struct {
			D, P, Q, Inverse *big.Int
			Rest             []byte `ssh:"rest"`
		}
		if err := ssh.Unmarshal(private, &n); err != nil {
			return nil, errPPK
		}
		r := &rsa.PrivateKey{PublicKey: *pub, D: n.D, Primes: []*big.Int{n.P, n.Q}}
		if err := r.Validate(); err != nil {
			return nil, err
		}
		r.Precompute()
		secret = r
	default:
		return nil, fmt.Errorf("key type %q", k.algorithm)
	}
	s, err := ssh.NewSignerFromKey(secret)
	if err == nil && !bytes.Equal(s.PublicKey().Marshal(), k.public) {
		return nil, errPPK // the two halves do not belong together
	}
	return s, err
}

func ecdsaKey(curve elliptic.Curve, d *big.Int) (*ecdsa.PrivateKey, error) {
	size := (curve.Params().BitSize + 7) / 8
	if d.Sign() <= 0 || d.BitLen() > size*8 {
		return nil, errPPK
	}
	return ecdsa.ParseRawPrivateKey(curve, d.FillBytes(make([]byte, size)))
}

// puttyKey makes a key of PuTTY's format.
func (o *offer) puttyKey(ctx context.Context, path string, text []byte) (*key, error) {
	k, err := parsePPK(text)
	if err != nil {
		return nil, fault.New(fault.Unsupported, "key", o.hop.name,
			fmt.Errorf("%s: %w; PuTTYgen can export it as an OpenSSH key", filepath.Base(path), err))
	}
	if k.encryption == "none" {
		s, err := k.open("")
		if err != nil {
			return nil, fault.New(fault.Unsupported, "key", o.hop.name, err)
		}
		return &key{s.PublicKey(), func() (ssh.Signer, error) { return s, nil }, o.line}, nil
	}
	public, err := ssh.ParsePublicKey(k.public)
	if err != nil {
		return nil, fault.New(fault.Unsupported, "key", o.hop.name, err)
	}
	return o.protected(ctx, path, public, k.open)
}
