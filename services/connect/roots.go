package connect

import (
	"crypto/x509"
	"encoding/pem"
	"os"

	"guichet/services/fault"
)

// SystemRootsPlus gives the system's authorities and those of the PEM files
// (the option --ca). Faults: those of reading a file, Damaged when a file holds
// no certificate.
func SystemRootsPlus(pemFiles ...string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fault.From("read authorities", "", err)
	}
	for _, name := range pemFiles {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fault.From("read authorities", "", err)
		}
		found := false
		for {
			var block *pem.Block
			if block, text = pem.Decode(text); block == nil {
				break
			}
			if block.Type != "CERTIFICATE" {
				continue
			}
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fault.New(fault.Damaged, "read authorities", "", err)
			}
			pool.AddCert(c)
			found = true
		}
		if !found {
			return nil, fault.Newf(fault.Damaged, "read authorities", "", "%s holds no certificate in PEM", name)
		}
	}
	return pool, nil
}
