//go:build !windows

package sitesio

import "guichet/services/fault"

func hasRegistry() bool { return false }

func readRegistry() (*List, error) {
	return nil, fault.Newf(fault.Unsupported, "read sites", "", "no registry")
}
