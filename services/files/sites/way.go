package sites

import (
	"context"
	"net/url"
	"strconv"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
)

// network is the Network that leads to a site: through the site's own proxy
// where it has one, else as the program connects.
func (d *Dialer) network(ctx context.Context, site files.Site) (*connect.Network, error) {
	if site.Proxy == "" {
		return d.p.Network, nil
	}
	u, err := connect.ParseProxy(site.Proxy)
	if err != nil {
		return nil, err
	}
	if u == nil {
		return d.p.Network.Via(nil), nil
	}
	if account, ok := ProxyAccount(site); ok {
		password, err := d.saved(ctx, account)
		if err == nil {
			u.User = url.UserPassword(account.User, password)
		} else if !fault.Is(err, fault.Login) {
			return nil, err
		}
	}
	return d.p.Network.Via(u), nil
}

// ProxyAccount is the login at the site's proxy as a site, whose password is
// kept and remembered like that of any other; false where the proxy needs none.
func ProxyAccount(site files.Site) (files.Site, bool) {
	u, err := connect.ParseProxy(site.Proxy)
	if err != nil || u == nil || u.User.Username() == "" {
		return files.Site{}, false
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return files.Site{}, false
	}
	return files.Site{Protocol: files.Protocol(u.Scheme), Host: u.Hostname(), Port: port, User: u.User.Username()}, true
}
