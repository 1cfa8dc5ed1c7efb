package trash

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ftp"
	"guichet/services/files/vfstest"
)

func server(t *testing.T) (files.FS, string) {
	t.Helper()
	s := vfstest.StartFTP(t, nil)
	f, err := ftp.Dial(t.Context(), ftp.Params{
		Network: s.Network(), Password: func(context.Context) (string, error) { return vfstest.Password, nil },
		Site: files.Site{Protocol: files.ProtocolFTP, Host: "127.0.0.1", Port: s.Port, User: vfstest.User, AllowClear: true},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f, s.Dir
}

func put(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestServerTrash(t *testing.T) {
	f, dir := server(t)
	put(t, dir, "web/a.txt", "one")
	put(t, dir, "web/sub/b.txt", "two")
	odd := put(t, dir, "web/info.json", "three")
	a, err := Move(t.Context(), f, files.Path{"web", "a.txt"})
	require.NoError(t, err)
	sub, err := Move(t.Context(), f, files.Path{"web", "sub"})
	require.NoError(t, err)
	j, err := Move(t.Context(), f, files.Path{"web", "info.json"})
	require.NoError(t, err)
	require.NoFileExists(t, odd)
	require.NoError(t, os.Remove(filepath.Join(dir, "web")))

	items, unread, err := List(t.Context(), f)
	require.NoError(t, err)
	require.Zero(t, unread)
	require.Len(t, items, 3)
	for _, i := range items {
		if i.ID == sub.ID {
			require.Equal(t, files.Dir, i.Type)
			require.Equal(t, files.Path{"web", "sub"}, i.Origin)
		}
	}
	to, err := Restore(t.Context(), f, a, false)
	require.NoError(t, err, "folders on the way are made again")
	require.Equal(t, a.Origin, to)
	require.FileExists(t, filepath.Join(dir, "web", "a.txt"))
	_, err = Restore(t.Context(), f, sub, false)
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "web", "sub", "b.txt"))
	put(t, dir, "web/info.json", "new")
	_, err = Restore(t.Context(), f, j, false)
	require.True(t, fault.Is(err, fault.Exists))
	to, err = Restore(t.Context(), f, j, true)
	require.NoError(t, err)
	require.Equal(t, "info (2).json", to.Base())
	rest, err := os.ReadDir(filepath.Join(dir, Folder))
	require.NoError(t, err)
	require.Empty(t, rest, "nothing stays behind")
}

func TestTrashRefuses(t *testing.T) {
	f, dir := server(t)
	put(t, dir, "a", "1")
	_, err := Move(t.Context(), f, nil)
	require.True(t, fault.Is(err, fault.Permission))
	item, err := Move(t.Context(), f, files.Path{"a"})
	require.NoError(t, err)
	_, err = Move(t.Context(), f, item.Held)
	require.True(t, fault.Is(err, fault.Unsupported), "what is in the trash is deleted for good only")
	_, err = Move(t.Context(), f, files.Path{Folder})
	require.True(t, fault.Is(err, fault.Unsupported))
}

// homed is a place that begins in a folder.
type homed struct {
	files.FS
	home files.Path
}

func (h homed) Home(context.Context) (files.Path, error) { return h.home, nil }

func TestTrashBesideTheBeginning(t *testing.T) {
	f, dir := server(t)
	put(t, dir, "web/a", "1")
	item, err := Move(t.Context(), homed{f, files.Path{"web"}}, files.Path{"web"})
	require.NoError(t, err)
	require.NoDirExists(t, filepath.Join(dir, "web"))
	_, err = Restore(t.Context(), f, item, false)
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "web", "a"))
}

func TestDamagedTrash(t *testing.T) {
	f, dir := server(t)
	put(t, dir, "a", "1")
	item, err := Move(t.Context(), f, files.Path{"a"})
	require.NoError(t, err)
	record := filepath.Join(dir, Folder, item.ID+".json")
	require.NoError(t, os.WriteFile(record, []byte(`{"version":1,"origin":["Li4=","eA=="]}`), 0o600)) // "..", "x"
	items, unread, err := List(t.Context(), f)
	require.NoError(t, err)
	require.Empty(t, items)
	require.Equal(t, 1, unread)
	for _, text := range []string{"", "{}", `{"version":1}`, `{"version":1,"origin":["YS9i"]}`, strings.Repeat("[", 100)} {
		_, err := parseRecord([]byte(text), nil, "x")
		require.True(t, fault.Is(err, fault.Damaged), "%s", text)
	}
}

func TestTrashThatIsALink(t *testing.T) {
	f, dir := server(t)
	other := t.TempDir()
	put(t, dir, "a", "1")
	require.NoError(t, os.Symlink(other, filepath.Join(dir, Folder)))
	_, err := Move(t.Context(), f, files.Path{"a"})
	require.Error(t, err)
	require.FileExists(t, filepath.Join(dir, "a"))
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"version":1,"origin":["YQ=="],"deleted":"2026-01-02T03:04:05Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		item, err := parseRecord(data, files.Path{"home", Folder}, "id")
		if err != nil {
			return
		}
		for _, name := range item.Origin {
			require.NoError(t, files.CheckName(name))
		}
	})
}
