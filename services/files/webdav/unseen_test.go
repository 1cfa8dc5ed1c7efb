package webdav

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/transfer"
	"guichet/services/files/vfstest"
)

// All small files of a folder are looked at, with one question for many.
func TestSmallFilesAreLookedAt(t *testing.T) {
	const n = 40
	var asked atomic.Int32
	bad := ""
	dir := t.TempDir()
	f, err := dial(t, dir, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "PROPFIND" {
				asked.Add(1)
			}
			if r.Method == http.MethodPut && bad != "" && strings.Contains(r.URL.Path, bad) {
				r.Body = http.NoBody // it says that all is well
			}
			h.ServeHTTP(w, r)
		})
	})
	require.NoError(t, err)
	src, err := local.New(t.TempDir(), local.Options{})
	require.NoError(t, err)
	defer src.Close()
	for i := range n {
		require.NoError(t, vfstest.Put(t.Context(), src, files.Path{fmt.Sprintf("f%02d", i)}, vfstest.Bytes(100+i), files.WriteOptions{}))
	}
	asked.Store(0)
	r, err := transfer.CopyTree(t.Context(), src, nil, f, files.Path{"good"}, transfer.TreeOptions{})
	require.NoError(t, err)
	require.Equal(t, transfer.VerifiedSize, r.Verified)
	require.Less(t, asked.Load(), int32(n), "not each by itself")

	bad = "f33" // not one of the first
	_, err = transfer.CopyTree(t.Context(), src, nil, f, files.Path{"forgotten"}, transfer.TreeOptions{})
	require.True(t, fault.Is(err, fault.Damaged), "%v", err)
	require.ErrorContains(t, err, "f33")
}
