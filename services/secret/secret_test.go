package secret

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/zalando/go-keyring"

	"guichet/services/fault"
)

func try(t *testing.T, s Store) {
	ctx := context.Background()
	_, err := s.Get(ctx, "mail", "anna@example.org")
	require.True(t, fault.Is(err, fault.NotFound))
	require.NoError(t, s.Set(ctx, "mail", "anna@example.org", "geheim"))
	require.NoError(t, s.Set(ctx, "files", "anna@example.org", "anders"))
	got, err := s.Get(ctx, "mail", "anna@example.org")
	require.NoError(t, err)
	require.Equal(t, "geheim", got)
	require.NoError(t, s.Delete(ctx, "mail", "anna@example.org"))
	require.NoError(t, s.Delete(ctx, "mail", "anna@example.org"), "twice is no error")
	_, err = s.Get(ctx, "mail", "anna@example.org")
	require.True(t, fault.Is(err, fault.NotFound))
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets")
	s, err := Open(context.Background(), path, true)
	require.NoError(t, err)
	require.Equal(t, "file", s.Place())
	try(t, s)
	again, err := Open(context.Background(), path, true)
	require.NoError(t, err)
	got, err := again.Get(context.Background(), "files", "anna@example.org")
	require.NoError(t, err)
	require.Equal(t, "anders", got)

	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(data), "anders")
	require.NotContains(t, string(data), "anna")

	require.NoError(t, os.WriteFile(path, data[:len(data)-1], 0o600))
	_, err = Open(context.Background(), path, true)
	require.True(t, fault.Is(err, fault.Damaged))
}

func TestRing(t *testing.T) {
	keyring.MockInit()
	try(t, ring{})
}

func TestNoSessionBusMeansNoKeyring(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	s, err := Open(context.Background(), filepath.Join(t.TempDir(), "secrets"), false)
	require.NoError(t, err)
	require.Equal(t, "file", s.Place())
}
