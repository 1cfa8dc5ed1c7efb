package browse

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/files/vfstest"
)

func TestFollowsOtherPrograms(t *testing.T) {
	svc, _ := service(t, nil)
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	require.NoError(t, os.Mkdir(in, 0o700))
	e := svc.Local(in)
	until(t, e, func(l *Listing) bool { return settled(l) && len(l.Entries) == 0 })
	// The watch begins a moment after the listing: what happens before it is seen
	// by nobody, so the other program goes on until it is.
	n := 0
	until(t, e, func(l *Listing) bool {
		n++
		require.NoError(t, os.WriteFile(filepath.Join(in, "f"), make([]byte, n), 0o600))
		return settled(l) && len(l.Entries) == 1
	})
	require.False(t, e.Current().CanBack, "it is no step of a person")

	e.SetVisible(false)
	e.SetVisible(true)
	require.NoError(t, os.WriteFile(filepath.Join(in, "g"), nil, 0o600))
	until(t, e, func(l *Listing) bool { return settled(l) && len(l.Entries) == 2 })

	require.NoError(t, os.RemoveAll(in))
	l := until(t, e, func(l *Listing) bool { return settled(l) && e.SystemPath(l.Path) == dir })
	require.Empty(t, l.Entries)
	e.Close()
}

// TestRefreshKeepsTheRows: the rows stay while the new ones are on their way, and
// are the very same where nothing changed.
func TestRefreshKeepsTheRows(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "a"), nil, 0o600))
	svc, _ := service(t, s)
	password := vfstest.Password
	e := svc.Open(site(s), &password)
	before := until(t, e, at(nil))
	version := before.Version
	e.Refresh()
	l := until(t, e, func(l *Listing) bool { return l.Version > version && settled(l) })
	require.Same(t, &before.Entries[0], &l.Entries[0])
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "b"), nil, 0o600))
	e.Refresh()
	until(t, e, func(l *Listing) bool {
		require.NotEmpty(t, l.Entries)
		require.False(t, l.Loading)
		return len(l.Entries) == 2
	})
}
