package sites

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"

	"guichet/services/connect"
	"guichet/services/files"
	"guichet/services/files/httpwatch"
)

// storage are hosts of well-known providers of S3 storage.
var storage = regexp.MustCompile(`(?i)(^|\.)(s3[.-][a-z0-9.-]*amazonaws\.com(\.cn)?|s3\.amazonaws\.com|storage\.googleapis\.com|` +
	`digitaloceanspaces\.com|r2\.cloudflarestorage\.com|backblazeb2\.com|wasabisys\.com|your-objectstorage\.com|` +
	`scw\.cloud|cloud\.ovh\.(net|us)|linodeobjects\.com|vultrobjects\.com|idrivee2\.com|exo\.io|infomaniak\.cloud)$`)

// storageSite gives the site of a host that is known to speak S3.
func storageSite(host, user string) (files.Site, bool) {
	if !storage.MatchString(host) {
		return files.Site{}, false
	}
	site, err := files.ParseURL(string(files.ProtocolS3) + "://" + host) // takes a bucket out of the name
	if err != nil {
		return files.Site{}, false
	}
	site.User = user
	return site, true
}

// webSite asks a port by HTTPS what it is, without any login: WebDAV says so,
// and S3 and Nextcloud are known by their answers. A port that is none of them,
// does not speak HTTPS, or shows a certificate that is not trusted gives false.
// closed tells that the server wants a login before it says anything.
func (d *Dialer) webSite(ctx context.Context, host string, port int, user string) (site files.Site, found, closed bool) {
	ctx, cancel := context.WithTimeout(ctx, sniffTime)
	defer cancel()
	site = files.Site{Protocol: files.ProtocolDAVS, Host: host, User: user}
	address := url.URL{Scheme: "https", Host: host, Path: "/"}
	if port != files.ProtocolDAVS.DefaultPort() {
		site.Port = port
		address.Host = net.JoinHostPort(host, strconv.Itoa(port))
	}
	transport := d.p.Network.HTTPTransport(connect.HTTPOptions{HeaderTimeout: sniffTime, OnlyHTTP1: true})
	defer transport.CloseIdleConnections()
	ask := func(method, path string) (*http.Response, []byte) {
		at := address
		at.Path = path
		req, err := http.NewRequestWithContext(ctx, method, at.String(), nil)
		if err != nil {
			return nil, nil
		}
		req.Header.Set("User-Agent", "Guichet")
		r, err := transport.RoundTrip(req)
		if err != nil {
			return nil, nil
		}
		defer httpwatch.Discard(r)
		start, err := io.ReadAll(io.LimitReader(r.Body, 4<<10))
		if err != nil {
			return nil, nil
		}
		return r, start
	}
	r, start := ask(http.MethodOptions, "/")
	switch {
	case r == nil:
		return site, false, false
	case r.Header.Get("DAV") != "":
		return site, true, false
	case r.Header.Get("X-Amz-Request-Id") != "", bytes.Contains(start, []byte("<Error><Code>")):
		site.Protocol = files.ProtocolS3
		return site, true, false
	}
	closed = r.StatusCode == http.StatusUnauthorized
	var status struct {
		Installed bool   `json:"installed"`
		Product   string `json:"productname"`
	}
	r, start = ask(http.MethodGet, "/status.php")
	if r == nil || r.StatusCode != http.StatusOK || json.Unmarshal(start, &status) != nil || !status.Installed || status.Product == "" || user == "" {
		return site, false, closed
	}
	site.Path, site.Rooted = files.Path{"remote.php", "dav", "files", user}, true
	return site, true, false
}
