package sites

import (
	"context"

	"guichet/services/fault"
	"guichet/services/files"
)

// SavePassword keeps the password of a site's account.
func SavePassword(ctx context.Context, s Secrets, site files.Site, password string) error {
	if s == nil {
		return fault.Newf(fault.Unsupported, "save password", site.Host, "no key ring")
	}
	return s.Set(ctx, Service, account(site), password)
}

// DeletePassword forgets it; one that was never kept is no fault.
func DeletePassword(ctx context.Context, s Secrets, site files.Site) error {
	if s == nil {
		return nil
	}
	err := s.Delete(ctx, Service, account(site))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// LoadPassword gives a site's saved password, a fault of kind NotFound where
// none is.
func LoadPassword(ctx context.Context, s Secrets, site files.Site) (string, error) {
	return s.Get(ctx, Service, account(site))
}
