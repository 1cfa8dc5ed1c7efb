package checksum_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/checksum"
	"guichet/services/files/local"
	"guichet/services/files/vfstest"
	"guichet/services/files/vfstest/places"
)

func TestOf(t *testing.T) {
	sum := sha256.Sum256([]byte("text"))
	want := hex.EncodeToString(sum[:])
	for name, open := range places.All(t, local.Options{}) {
		p := open()
		require.NoError(t, os.WriteFile(filepath.Join(p.Dir, "f"), []byte("text"), 0o600))
		told := int64(0)
		c, err := checksum.Of(t.Context(), p.FS, p.Path.Join("f"), "sha256", func(done int64) { told = done })
		require.NoError(t, err, name)
		require.Equal(t, checksum.Sum{Algorithm: "sha256", Hex: want}, c, name)
		require.EqualValues(t, 4, told, name)
		_, err = checksum.Of(t.Context(), p.FS, p.Path.Join("none"), "md5", nil)
		require.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
		_, err = checksum.Of(t.Context(), p.FS, p.Path.Join("f"), "rot13", nil)
		require.True(t, fault.Is(err, fault.Unsupported), "%s: %v", name, err)
	}
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.XSHA256 = true })
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "f"), []byte("text"), 0o600))
	c, err := checksum.Of(t.Context(), places.FTP(t, s), files.Path{"f"}, "sha256", nil)
	require.NoError(t, err)
	require.Equal(t, checksum.Sum{Algorithm: "sha256", Hex: want, There: true}, c, "the server computed it")
}

// told says of a file what a test wants.
type told struct {
	files.FS
	entry files.Entry
}

func (f told) Stat(context.Context, files.Path) (files.Entry, error) { return f.entry, nil }

// A file that ended early has no checksum; a size in blocks proves no such end.
func TestEarlyEnd(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f"), []byte("text"), 0o600))
	here := places.Local(t, dir, local.Options{})
	_, err := checksum.Of(t.Context(), told{here, files.Entry{Type: files.File, Size: 512}}, files.Path{"f"}, "crc32", nil)
	require.True(t, fault.Is(err, fault.Damaged), "%v", err)
	_, err = checksum.Of(t.Context(), told{here, files.Entry{Type: files.File, Size: 512, Rounded: true}}, files.Path{"f"}, "crc32", nil)
	require.NoError(t, err)
}
