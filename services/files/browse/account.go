package browse

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sftp"
	"guichet/services/files/sites"
)

// Way says where a login is on the way to a site.
type Way string

// The places of a login.
const (
	AtSite  Way = ""
	AtJump  Way = "jump"
	AtProxy Way = "proxy"
)

// Refused tells whose login a fault of kind Login is about: the site's own, that
// of a server on the way to it (Site.Jump), or that of its proxy. The account has
// no user where the site names none.
func Refused(site files.Site, err error) (account files.Site, at Way) {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return site, AtSite
	}
	if f.Op == "proxy" && site.Proxy != "" {
		if account, ok := sites.ProxyAccount(site); ok {
			return account, AtProxy
		}
		if u, err := url.Parse(site.Proxy); err == nil && u.Host != "" {
			return files.Site{Protocol: files.Protocol(u.Scheme), Host: u.Hostname()}, AtProxy
		}
	}
	hops, err := sftp.ParseJump(site.Jump)
	if err != nil || strings.EqualFold(f.Host, site.Host) {
		return site, AtSite
	}
	for _, hop := range hops {
		if strings.EqualFold(hop.Host, f.Host) {
			return hop, AtJump
		}
	}
	return site, AtSite
}

// WithUser gives the site, and the account that Refused told of, with a user for
// that account: a way that names its users means the same everywhere.
func WithUser(site, account files.Site, at Way, user string) (files.Site, files.Site) {
	switch at {
	case AtProxy:
		if u, err := url.Parse(site.Proxy); err == nil && u.Host != "" {
			u.User = url.User(user)
			site.Proxy = u.String()
		}
		if known, ok := sites.ProxyAccount(site); ok {
			return site, known
		}
	case AtJump:
		hops, err := sftp.ParseJump(site.Jump)
		if err != nil {
			break
		}
		parts := make([]string, len(hops))
		for i, hop := range hops {
			if hop.Host == account.Host && hop.Port == account.Port && hop.User == account.User {
				hop.User = user
			}
			parts[i] = hop.Host
			if hop.Port != 0 {
				parts[i] = net.JoinHostPort(hop.Host, strconv.Itoa(hop.Port))
			} else if strings.Contains(hop.Host, ":") {
				parts[i] = "[" + hop.Host + "]"
			}
			if hop.User != "" {
				parts[i] = hop.User + "@" + parts[i]
			}
		}
		site.Jump = strings.Join(parts, ",")
	}
	account.User = user
	return site, account
}

// UsePassword has an account's password used, and saved where save is set, before
// done is called from another goroutine. The account is one that Refused gave.
func (s *Service) UsePassword(account files.Site, password string, save bool, done func(error)) {
	s.p.Dialer.Remember(account, password)
	s.p.Group.Go("save password", func(ctx context.Context) {
		var err error
		if save {
			err = sites.SavePassword(ctx, s.p.Secrets, account, password)
		}
		done(err)
	})
}
