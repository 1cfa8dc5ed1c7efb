//go:build realservers

package s3

import (
	"context"
	"os"
	"testing"

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
