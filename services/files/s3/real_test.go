//go:build realservers

package s3

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// TestRealServer runs against the server that GUICHET_REAL_S3 names
// ("s3+http://key@host:port"), with the secret key in GUICHET_REAL_S3_SECRET.
func TestRealServer(t *testing.T) {
	address := os.Getenv("GUICHET_REAL_S3")
	if address == "" {
		t.Skip("no server named in GUICHET_REAL_S3")
	}
	at, err := files.ParseURL(address)
	require.NoError(t, err)
	at.AllowClear = true
	p := Params{
		Network: connect.New(connect.Params{}), Site: at,
		Password: func(context.Context) (string, error) { return os.Getenv("GUICHET_REAL_S3_SECRET"), nil },
	}
	dial := func(t *testing.T) *FS {
		t.Helper()
		f, err := Dial(t.Context(), p)
		require.NoError(t, err)
		return f
	}
	f := dial(t)
	bucket := files.Path{"guichet-" + files.RandomSuffix()}
	require.NoError(t, f.Mkdir(t.Context(), bucket))
	t.Cleanup(func() { require.NoError(t, vfstest.RemoveAll(context.Background(), f, bucket)) })
	require.True(t, fault.Is(f.Mkdir(t.Context(), bucket), fault.Exists))
	vfstest.Run(t, func(t *testing.T) files.FS { return dial(t) }, vfstest.Options{
		Base: bucket, NoResume: true, NoSetTime: true, NoChmod: true, Slow: true,
		Refused: []string{"latin1-\xe9", "ff-\xff"},
	})
	t.Run("Large", func(t *testing.T) { large(t, dial(t), bucket) })
	t.Run("Pieces", func(t *testing.T) { copiedInPieces(t, dial(t), bucket) })
	wrong := p
	wrong.Password = func(context.Context) (string, error) { return "wrong", nil }
	_, err = Dial(t.Context(), wrong)
	require.True(t, fault.Is(err, fault.Login), "%v", err)
}

// copiedInPieces copies in pieces, as what is over 5 GiB.
func copiedInPieces(t *testing.T, f *FS, dir files.Path) {
	data := vfstest.Bytes(11 << 20)
	when := time.Date(2021, 3, 4, 5, 6, 7, 890_000_000, time.UTC)
	p := dir.Join("whole")
	require.NoError(t, vfstest.Put(t.Context(), f, p, data, files.WriteOptions{ModTime: when}))
	src, err := f.place("copy", p)
	require.NoError(t, err)
	dst, err := f.place("copy", dir.Join("copied"))
	require.NoError(t, err)
	o, err := f.head(t.Context(), "copy", src)
	require.NoError(t, err)
	o.Key = src.key
	require.NoError(t, f.copyPieces(t.Context(), "copy", src.bucket, o, dst, 5<<20))
	got, err := vfstest.Get(t.Context(), f, dir.Join("copied"), 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))
	o, err = f.head(t.Context(), "copy", dst)
	require.NoError(t, err)
	require.Equal(t, "1614834367.890000000", o.UserMetadata["Mtime"])
	require.NoError(t, f.Remove(t.Context(), p))
	require.NoError(t, f.Remove(t.Context(), dir.Join("copied")))
}
