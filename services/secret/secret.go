// Package secret keeps passwords: in the system's key ring where there is one,
// else in an encrypted file of the profile.
package secret

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/zalando/go-keyring"

	"guichet/services/fault"
	"guichet/services/task"
)

// Store keeps secrets by service ("mail", "files") and account. Its methods
// may wait for a person to unlock the key ring: never call them on the user
// interface's goroutine.
type Store interface {
	// Get gives a NotFound fault where there is no secret.
	Get(ctx context.Context, service, account string) (string, error)
	Set(ctx context.Context, service, account, secret string) error
	// Delete of what is not there is no error.
	Delete(ctx context.Context, service, account string) error
	// Place names where the secrets lie: "keyring" or "file".
	Place() string
}

// Open gives the best store there is. file is where secrets go when there is
// no key ring, or always if portable is set.
func Open(ctx context.Context, file string, portable bool) (Store, error) {
	if !portable && haveKeyring(ctx) {
		return ring{}, nil
	}
	return openFile(file)
}

// prefix keeps our entries apart in the key ring.
const prefix = "guichet "

// unlock is how long a person may take to unlock the key ring.
const unlock = 2 * time.Minute

// haveKeyring looks for a key ring that answers. On Linux a session bus must
// run already: asking without one would start a useless one.
func haveKeyring(ctx context.Context) bool {
	if runtime.GOOS != "windows" && runtime.GOOS != "darwin" {
		bus := os.Getenv("DBUS_SESSION_BUS_ADDRESS") != ""
		if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" && !bus {
			_, err := os.Stat(filepath.Join(dir, "bus"))
			bus = err == nil
		}
		if !bus {
			return false
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	_, err := waited(ctx, func() (string, error) { return keyring.Get(prefix+"probe", "probe") })
	found := err == nil || errors.Is(err, keyring.ErrNotFound)
	if !found {
		slog.Info("no key ring", "err", err)
	}
	return found
}

// waited runs a key ring call, which knows no context, beside the caller.
func waited(ctx context.Context, call func() (string, error)) (string, error) {
	type result struct {
		s   string
		err error
	}
	done := make(chan result, 1)
	go func() { // outlives its caller where the key ring never answers
		var s string
		err := task.Catch("key ring", func() (err error) {
			s, err = call()
			return err
		})
		done <- result{s, err}
	}()
	select {
	case r := <-done:
		return r.s, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// ring is the system's key ring.
type ring struct{}

func (ring) Place() string { return "keyring" }

func (ring) Get(ctx context.Context, service, account string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, unlock)
	defer cancel()
	s, err := waited(ctx, func() (string, error) { return keyring.Get(prefix+service, account) })
	if errors.Is(err, keyring.ErrNotFound) {
		return "", fault.New(fault.NotFound, "read password", "", err)
	}
	return s, fault.OrNil("read password", err)
}

func (ring) Set(ctx context.Context, service, account, secret string) error {
	ctx, cancel := context.WithTimeout(ctx, unlock)
	defer cancel()
	_, err := waited(ctx, func() (string, error) { return "", keyring.Set(prefix+service, account, secret) })
	return fault.OrNil("keep password", err)
}

func (ring) Delete(ctx context.Context, service, account string) error {
	ctx, cancel := context.WithTimeout(ctx, unlock)
	defer cancel()
	_, err := waited(ctx, func() (string, error) { return "", keyring.Delete(prefix+service, account) })
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	return fault.OrNil("forget password", err)
}
