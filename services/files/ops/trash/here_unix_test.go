//go:build unix && !darwin

package trash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
)

func TestTrashOfThisComputer(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(home, "data"))
	f, err := local.New("/", local.Options{})
	require.NoError(t, err)
	at := func(path string) files.Path { return files.ParsePath(path) }
	path := put(t, home, "My file 100%.txt", "one")
	item, err := Move(t.Context(), f, at(path))
	require.NoError(t, err)
	require.NoFileExists(t, path)
	info, err := os.ReadFile(filepath.Join(home, "data", "Trash", "info", "My file 100%.txt.trashinfo"))
	require.NoError(t, err)
	require.Contains(t, string(info), "[Trash Info]\nPath="+filepath.Dir(path)+"/My%20file%20100%25.txt\nDeletionDate=20")

	put(t, home, "My file 100%.txt", "two")
	second, err := Move(t.Context(), f, at(path))
	require.NoError(t, err)
	require.Equal(t, "My file 100% (2).txt", second.Held.Base())
	items, unread, err := List(t.Context(), f)
	require.NoError(t, err)
	require.Zero(t, unread)
	require.Len(t, items, 2)
	require.Equal(t, at(path), items[0].Origin)
	require.WithinDuration(t, time.Now(), items[0].Deleted, time.Minute)

	_, err = Restore(t.Context(), f, item, false)
	require.NoError(t, err)
	_, err = Restore(t.Context(), f, second, false)
	require.True(t, fault.Is(err, fault.Exists), "%v", err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "one", string(text))

	folder := filepath.Join(home, "folder")
	put(t, folder, "x/y", "1")
	_, err = Move(t.Context(), f, at(folder))
	require.NoError(t, err)
	require.NoDirExists(t, folder)
	_, err = Move(t.Context(), f, at(filepath.Join(home, "data")))
	require.True(t, fault.Is(err, fault.Unsupported), "the trash is in it")
}

func TestVolumeTrash(t *testing.T) {
	top := t.TempDir()
	b, err := volumeBin(top)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(filepath.Base(b.dir), ".Trash-"))
	require.NoError(t, os.Mkdir(filepath.Join(top, ".Trash"), 0o777))
	b, err = volumeBin(top)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(filepath.Base(b.dir), ".Trash-"), "without the sticky bit it is not safe")
	require.NoError(t, os.Chmod(filepath.Join(top, ".Trash"), os.ModeSticky|0o777))
	b, err = volumeBin(top)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(top, ".Trash"), filepath.Dir(b.dir))
	name, err := b.reserve(filepath.Join(top, "a", "b"), time.Now())
	require.NoError(t, err)
	info, err := os.ReadFile(b.info(name))
	require.NoError(t, err)
	require.Contains(t, string(info), "\nPath=a/b\n", "relative to the volume")

	other := t.TempDir()
	require.NoError(t, os.Symlink(other, filepath.Join(other, ".Trash")))
	b, err = volumeBin(other)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(filepath.Base(b.dir), ".Trash-"), "a link is not used")
}
