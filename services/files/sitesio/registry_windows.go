package sitesio

import (
	"strconv"
	"strings"

	"golang.org/x/sys/windows/registry"

	"guichet/services/fault"
)

const registryKey = `Software\Martin Prikryl\WinSCP 2`

func hasRegistry() bool {
	k, err := registry.OpenKey(registry.CURRENT_USER, registryKey+`\Sessions`, registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return false
	}
	defer k.Close()
	info, err := k.Stat()
	return err == nil && info.SubKeyCount > 0
}

// readRegistry reads the servers that WinSCP keeps in the registry.
func readRegistry() (*List, error) {
	k, err := registry.OpenKey(registry.CURRENT_USER, registryKey+`\Sessions`, registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return nil, fault.From("read sites", "", err)
	}
	defer k.Close()
	names, err := k.ReadSubKeyNames(maxSites)
	if err != nil && len(names) == 0 {
		return nil, fault.From("read sites", "", err)
	}
	master := false
	if c, err := registry.OpenKey(registry.CURRENT_USER, registryKey+`\Configuration\Security`, registry.QUERY_VALUE); err == nil {
		n, _, verr := c.GetIntegerValue("UseMasterPassword")
		master = verr == nil && n == 1
		_ = c.Close() // only read
	}
	l := &List{Format: WinSCP}
	for _, name := range names {
		one, err := registry.OpenKey(k, name, registry.QUERY_VALUE)
		if err != nil {
			continue
		}
		s := session{}
		values, err := one.ReadValueNames(500)
		if err == nil || len(values) > 0 {
			for _, v := range values {
				if text, _, err := one.GetStringValue(v); err == nil {
					s[strings.ToLower(v)] = text
				} else if n, _, err := one.GetIntegerValue(v); err == nil {
					s[strings.ToLower(v)] = strconv.FormatUint(n, 10)
				}
			}
		}
		_ = one.Close() // only read
		l.addWinSCP(unmunge(name), s, master)
	}
	return l, nil
}
