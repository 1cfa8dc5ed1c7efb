//go:build realservers

package webdav

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// TestRealServers runs against the servers that GUICHET_REAL_DAV names, addresses
// with a user separated by blanks, with the password of all in
// GUICHET_REAL_DAV_PASSWORD and their authority's certificate in
// GUICHET_REAL_DAV_CA.
func TestRealServers(t *testing.T) {
	addresses := strings.Fields(os.Getenv("GUICHET_REAL_DAV"))
	if len(addresses) == 0 {
		t.Skip("no server named in GUICHET_REAL_DAV")
	}
	roots, err := connect.SystemRootsPlus(strings.Fields(os.Getenv("GUICHET_REAL_DAV_CA"))...)
	require.NoError(t, err)
	for _, address := range addresses {
		t.Run(address, func(t *testing.T) {
			site, err := files.ParseURL(address)
			require.NoError(t, err)
			site.AllowClear = true
			open := func(t *testing.T) *FS {
				t.Helper()
				f, err := Dial(t.Context(), Params{
					Network: connect.New(connect.Params{Roots: roots}), Site: site,
					Password: func(context.Context) (string, error) { return os.Getenv("GUICHET_REAL_DAV_PASSWORD"), nil },
				})
				require.NoError(t, err)
				return f
			}
			o := vfstest.Options{Base: site.Path, NoResume: true, NoSetTime: true, NoChmod: true, Slow: true}
			first := open(t)
			require.NoError(t, first.Close())
			if strings.HasPrefix(first.Conn().Server, "nginx") {
				o.Unlisted = []string{".hidden"}
			}
			vfstest.Run(t, func(t *testing.T) files.FS { return open(t) }, o)
			t.Run("Copy", func(t *testing.T) { copies(t, open(t), site.Path) })
		})
	}
}

// copies copies and replaces on the server.
func copies(t *testing.T, f *FS, base files.Path) {
	defer f.Close()
	dir := base.Join("copies-" + files.RandomSuffix())
	require.NoError(t, f.Mkdir(t.Context(), dir))
	t.Cleanup(func() { require.NoError(t, vfstest.RemoveAll(context.Background(), f, dir)) })
	a, b, c := dir.Join("a b"), dir.Join("b"), dir.Join("c")
	require.NoError(t, vfstest.Put(t.Context(), f, a, []byte("A"), files.WriteOptions{}))
	require.NoError(t, f.Copy(t.Context(), a, b, false))
	require.NoError(t, vfstest.Put(t.Context(), f, c, []byte("C"), files.WriteOptions{}))
	require.NoError(t, f.Copy(t.Context(), c, b, true))
	e, err := f.Stat(t.Context(), b)
	require.NoError(t, err)
	require.NoError(t, f.ReplaceIf(t.Context(), a, b, e.ID))
	got, err := vfstest.Get(t.Context(), f, b, 0)
	require.NoError(t, err)
	require.Equal(t, "A", string(got))
	r, err := f.ReadRange(t.Context(), b, 0, 1)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	all, _, err := vfstest.List(t.Context(), f, dir)
	require.NoError(t, err)
	require.Len(t, all, 2, "nothing set aside is left")
	t.Log("locks:", f.locks)
}
