package sftp

import (
	"context"
	"os"
	"time"

	"github.com/Microsoft/go-winio"
	"github.com/davidmz/go-pageant"
	"golang.org/x/crypto/ssh/agent"
)

// agentTime bounds a conversation with an agent, which may ask a person.
const agentTime = 2 * time.Minute

// openSSHPipe is where the agent of Windows' OpenSSH listens.
const openSSHPipe = `\\.\pipe\openssh-ssh-agent`

// dialAgents connects to the agent at a named pipe; for "" to that of
// SSH_AUTH_SOCK or of Windows' OpenSSH, and to Pageant.
func dialAgents(ctx context.Context, address string) []agentConn {
	var all []agentConn
	if address == "" && pageant.Available() {
		all = append(all, agentConn{Agent: pageant.New()})
	}
	if address == "" {
		address = os.Getenv("SSH_AUTH_SOCK")
	}
	if address == "" {
		address = openSSHPipe
	}
	limited, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c, err := winio.DialPipeContext(limited, address)
	if err != nil {
		return all
	}
	if err := c.SetDeadline(time.Now().Add(agentTime)); err != nil {
		_ = c.Close() // nothing was asked yet
		return all
	}
	context.AfterFunc(ctx, func() { _ = c.Close() }) // the pending question then fails
	return append(all, agentConn{agent.NewClient(c), c})
}
