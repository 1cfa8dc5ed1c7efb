package sites

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

func TestDiscoverWeb(t *testing.T) {
	bucket := vfstest.StartS3(t, false, nil)
	davPort, dav := vfstest.StartDAV(t, t.TempDir(), nil)
	logins := 0
	cloudPort, cloud := vfstest.StartDAVBare(t, t.TempDir(), func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/status.php" {
				_, _ = w.Write([]byte(`{"installed":true,"version":"30.0.1.2","productname":"Nextcloud"}`))
				return
			}
			if r.Header.Get("Authorization") != "" {
				logins++
			}
			if r.Method == "PROPFIND" && r.URL.Path == "/remote.php/dav/files/ada" {
				w.WriteHeader(http.StatusMultiStatus)
				_, _ = w.Write([]byte(`<multistatus xmlns="DAV:"><response><href>/remote.php/dav/files/ada/</href><propstat><prop><resourcetype><collection/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>`))
				return
			}
			_, _ = w.Write([]byte("<html>a web page"))
		})
	})
	for _, c := range []struct {
		port    int
		network *connect.Network
		want    files.Protocol
		path    files.Path
	}{
		{bucket.Port, bucket.Network, files.ProtocolS3, nil},
		{davPort, dav, files.ProtocolDAVS, nil},
		{cloudPort, cloud, files.ProtocolDAVS, files.Path{"remote.php", "dav", "files", "ada"}},
	} {
		found, err := NewDialer(Params{Network: c.network}).Discover(t.Context(), "127.0.0.1:"+strconv.Itoa(c.port), vfstest.User, vfstest.Password, nil)
		require.NoError(t, err)
		require.Equal(t, c.want, found.Site.Protocol)
		require.Equal(t, c.port, found.Site.Port)
		require.Equal(t, c.path, found.Site.Path)
	}
	require.Zero(t, logins, "nobody asked for the password")
	found, err := NewDialer(Params{Network: bucket.Network}).Discover(t.Context(), "127.0.0.1:"+strconv.Itoa(bucket.Port), vfstest.User, "wrong", nil)
	require.True(t, fault.Is(err, fault.Login), "%v", err)
	require.Equal(t, files.ProtocolS3, found.Site.Protocol)
}

func TestStorageHosts(t *testing.T) {
	for host, want := range map[string]files.Path{
		"s3.amazonaws.com": nil, "s3.eu-west-1.amazonaws.com": nil, "album.s3.eu-west-1.amazonaws.com": {"album"},
		"abc.r2.cloudflarestorage.com": nil, "s3.eu-central-003.backblazeb2.com": nil, "fsn1.your-objectstorage.com": nil,
	} {
		site, ok := storageSite(host, "key")
		require.True(t, ok, host)
		require.Equal(t, files.ProtocolS3, site.Protocol)
		require.Equal(t, want, site.Path, host)
	}
	for _, host := range []string{"example.org", "amazonaws.com.example.org", "nas", "s3.example.org"} {
		_, ok := storageSite(host, "key")
		require.False(t, ok, host)
	}
}
