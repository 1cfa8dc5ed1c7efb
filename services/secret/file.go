package secret

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/crypto/chacha20poly1305"

	"guichet/services/fault"
	"guichet/services/profile"
)

// file keeps secrets encrypted with XChaCha20-Poly1305 under a random key that
// lies in a second file. It protects a copy of the one without the other and
// keeps passwords out of searches and backups by name; against somebody who can
// read the person's files it protects no more than those files' permissions
// (both 0600), which the settings page says.
type file struct {
	path string
	key  []byte
	mu   sync.Mutex
}

func openFile(path string) (Store, error) {
	key, err := os.ReadFile(path + ".key")
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, chacha20poly1305.KeySize)
		if _, err := rand.Read(key); err != nil {
			return nil, fault.New(fault.Internal, "open passwords", "", err)
		}
		err = profile.WriteFile(path+".key", key, 0o600)
	}
	if err != nil {
		return nil, fault.From("open passwords", "", err)
	}
	if len(key) != chacha20poly1305.KeySize {
		return nil, fault.Newf(fault.Damaged, "open passwords", "", "key of %d bytes", len(key))
	}
	f := &file{path: path, key: key}
	_, err = f.read()
	return f, err
}

func (*file) Place() string { return "file" }

// read gives the content: service, NUL, account to secret.
func (f *file) read() (map[string]string, error) {
	m := map[string]string{}
	data, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, fault.From("read passwords", "", err)
	}
	aead, err := chacha20poly1305.NewX(f.key)
	if err != nil {
		return nil, fault.New(fault.Internal, "read passwords", "", err)
	}
	if len(data) < aead.NonceSize() {
		return nil, fault.Newf(fault.Damaged, "read passwords", "", "file of %d bytes", len(data))
	}
	plain, err := aead.Open(nil, data[:aead.NonceSize()], data[aead.NonceSize():], nil)
	if err == nil {
		err = json.Unmarshal(plain, &m)
	}
	if err != nil {
		return nil, fault.New(fault.Damaged, "read passwords", "", err)
	}
	return m, nil
}

func (f *file) change(change func(map[string]string)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, err := f.read()
	if err != nil {
		return err
	}
	change(m)
	plain, err := json.Marshal(m)
	if err != nil {
		return fault.New(fault.Internal, "keep password", "", err)
	}
	aead, err := chacha20poly1305.NewX(f.key)
	if err != nil {
		return fault.New(fault.Internal, "keep password", "", err)
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return fault.New(fault.Internal, "keep password", "", err)
	}
	return profile.WriteFile(f.path, aead.Seal(nonce, nonce, plain, nil), 0o600)
}

func (f *file) Get(_ context.Context, service, account string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, err := f.read()
	if err != nil {
		return "", err
	}
	s, ok := m[service+"\x00"+account]
	if !ok {
		return "", fault.Newf(fault.NotFound, "read password", "", "no password for %s", account)
	}
	return s, nil
}

func (f *file) Set(_ context.Context, service, account, secret string) error {
	return f.change(func(m map[string]string) { m[service+"\x00"+account] = secret })
}

func (f *file) Delete(_ context.Context, service, account string) error {
	return f.change(func(m map[string]string) { delete(m, service+"\x00"+account) })
}
