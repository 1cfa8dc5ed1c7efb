package demo

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTempDirSweepsTheDeadOnly(t *testing.T) {
	base := t.TempDir()
	long := time.Now().Add(-time.Hour)
	folder := func(name, lock string, at time.Time) string {
		dir := filepath.Join(base, name)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "files", "deep"), 0o700))
		if lock != "" {
			path := filepath.Join(dir, lock)
			require.NoError(t, os.WriteFile(path, nil, 0o600))
			require.NoError(t, os.Chtimes(path, at, at))
		}
		return dir
	}
	dead := folder("guichet-demo-dead", tempLock, long)
	starting := folder("guichet-demo-starting", tempLock, time.Now())
	unknown := folder("guichet-demo-unknown", "", long)
	other := folder("other", tempLock, long)
	running, stop, err := TempDir(base)
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(filepath.Join(running, tempLock), long, long))
	require.NoError(t, os.Symlink(other, filepath.Join(base, "guichet-demo-link")))

	second, stopSecond, err := TempDir(base)
	require.NoError(t, err)
	require.NoDirExists(t, dead)
	for _, dir := range []string{starting, unknown, other, running, second} {
		require.DirExists(t, dir)
	}
	for range 2 {
		require.NoError(t, stop())
		require.NoError(t, stopSecond())
	}
	require.NoDirExists(t, running)
	require.NoDirExists(t, second)
}
