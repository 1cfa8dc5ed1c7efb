//go:build !windows

package sftp

import (
	"context"
	"net"
	"os"
	"time"

	"golang.org/x/crypto/ssh/agent"
)

// agentTime bounds a conversation with an agent, which may ask a person.
const agentTime = 2 * time.Minute

// dialAgents connects to the agent at a socket, "" for that of SSH_AUTH_SOCK.
// The socket is a file of this computer, so package connect has no part in it.
func dialAgents(ctx context.Context, address string) []agentConn {
	if address == "" {
		address = os.Getenv("SSH_AUTH_SOCK")
	}
	if address == "" {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(limited, "unix", address)
	if err != nil {
		return nil
	}
	if err := c.SetDeadline(time.Now().Add(agentTime)); err != nil {
		_ = c.Close() // nothing was asked yet
		return nil
	}
	context.AfterFunc(ctx, func() { _ = c.Close() }) // the pending question then fails
	return []agentConn{{agent.NewClient(c), c}}
}
