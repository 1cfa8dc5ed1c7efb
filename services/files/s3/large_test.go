package s3

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// large uploads in parts, with and without a known size, and gives up in the
// middle of one.
func large(t *testing.T, f *FS, dir files.Path) {
	data := vfstest.Bytes(2*partSize + 12_345)
	for name, size := range map[string]int64{"known": int64(len(data)), "unknown": -1} {
		p := dir.Join(name)
		w, err := f.Write(t.Context(), p, files.WriteOptions{Size: size})
		require.NoError(t, err)
		_, err = io.Copy(w, bytes.NewReader(data))
		require.NoError(t, err)
		_, err = f.Stat(t.Context(), p)
		require.True(t, fault.Is(err, fault.NotFound), "nothing is seen before Commit: %v", err)
		require.NoError(t, w.Commit(t.Context()))
		got, err := vfstest.Get(t.Context(), f, p, 0)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got))
		r, err := f.ReadRange(t.Context(), p, partSize-10, 20)
		require.NoError(t, err)
		got, err = io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, data[partSize-10:partSize+10], got)
		require.NoError(t, r.Close())
		require.NoError(t, f.Remove(t.Context(), p))
	}
	w, err := f.Write(t.Context(), dir.Join("given-up"), files.WriteOptions{Size: int64(len(data))})
	require.NoError(t, err)
	_, err = w.Write(data[:partSize+1])
	require.NoError(t, err)
	require.NoError(t, w.Abort(true))
	c, err := f.in("")
	require.NoError(t, err)
	for left := range c.ListIncompleteUploads(t.Context(), dir[0], "", true) {
		require.NoError(t, left.Err)
		t.Errorf("an upload in parts is left: %s", left.Key)
	}
}
