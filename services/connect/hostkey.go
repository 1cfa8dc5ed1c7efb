package connect

import (
	"net"

	"golang.org/x/crypto/ssh"

	"guichet/services/fault"
)

// HostKey gives the check of an SSH server's key for host and port, and the
// algorithms to offer, known ones first, for ssh.ClientConfig's HostKeyCallback
// and HostKeyAlgorithms. The callback's fault is of kind Certificate with Step
// "tls" and Check unknown_key, changed_key or revoked; for the first two its
// Question is a *HostKeyQuestion.
func (n *Network) HostKey(host string, port int) (ssh.HostKeyCallback, []string) {
	return func(string, net.Addr, ssh.PublicKey) error {
		return fault.Newf(fault.Certificate, "host key", host, "unknown")
	}, nil
}
