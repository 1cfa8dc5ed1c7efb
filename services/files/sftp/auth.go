package sftp

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"guichet/services/fault"
)

// maxKeys is how many keys are offered: servers count each as a failed try and
// hang up at the sixth.
const maxKeys = 5

func itoa(n int) string { return strconv.Itoa(n) }

// auth gives the ways to log in, the person's keys first. They are worked out
// only when the server offers them. closeAgent ends the agent's connection.
func (f *FS) auth(ctx context.Context, line *watchedConn) (methods []ssh.AuthMethod, closeAgent func()) {
	var socket net.Conn
	closeAgent = func() {
		if socket != nil {
			_ = socket.Close() // only asked, nothing lost
		}
	}
	keys := ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
		line.hurry(0) // a passphrase may be asked for
		signers := f.keyFiles(ctx)
		limit := maxKeys
		if f.p.Password != nil {
			limit = maxKeys - 2 // leave tries for the password
		}
		if f.p.Site.KeyFile == "" || len(signers) == 0 {
			var more []ssh.Signer
			more, socket = f.agentSigners(ctx)
			signers = append(signers, more...)
		}
		line.hurry(loginTimeout)
		return signers[:min(len(signers), limit)], nil
	})
	methods = append(methods, keys)
	if f.p.Password == nil {
		return methods, closeAgent
	}
	password := func() (string, error) {
		line.hurry(0)
		defer line.hurry(loginTimeout)
		return f.p.Password(ctx)
	}
	methods = append(methods,
		ssh.PasswordCallback(password),
		ssh.KeyboardInteractive(func(_, instruction string, questions []string, echos []bool) ([]string, error) {
			switch {
			case len(questions) == 0:
				return nil, nil
			case len(questions) == 1 && !echos[0] && instruction == "":
				p, err := password()
				return []string{p}, err
			case f.p.Ask != nil:
				line.hurry(0)
				defer line.hurry(loginTimeout)
				return f.p.Ask(ctx, fault.CleanLine(instruction), questions, echos)
			case len(questions) == 1 && !echos[0]:
				p, err := password()
				return []string{p}, err
			}
			return nil, fault.Newf(fault.Login, "login", f.host, "the server asks %d questions", len(questions))
		}))
	return methods, closeAgent
}

// keyFiles reads the site's key, or the person's usual ones. Unreadable ones
// are passed over: the server decides what is enough.
func (f *FS) keyFiles(ctx context.Context) []ssh.Signer {
	var paths []string
	if f.p.Site.KeyFile != "" {
		paths = []string{f.p.Site.KeyFile}
	} else {
		dir := f.p.KeyDir
		if dir == "" {
			if home := homeDir(); home != "" {
				dir = filepath.Join(home, ".ssh")
			}
		}
		if dir == "" {
			return nil
		}
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	var signers []ssh.Signer
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		s, err := ssh.ParsePrivateKey(text)
		var missing *ssh.PassphraseMissingError
		if errors.As(err, &missing) && f.p.Passphrase != nil {
			var phrase string
			if phrase, err = f.p.Passphrase(ctx, path); err == nil {
				s, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(phrase))
			}
		}
		if err == nil {
			signers = append(signers, s)
		}
	}
	return signers
}

// agentSigners asks the running agent. Its socket is a file of this computer,
// so package connect has no part in it.
func (f *FS) agentSigners(ctx context.Context) ([]ssh.Signer, net.Conn) {
	address := f.p.AgentSocket
	if address == "" {
		address = os.Getenv("SSH_AUTH_SOCK")
	}
	if address == "" || address == "none" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "unix", address)
	if err != nil {
		return nil, nil // no agent is no fault
	}
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		_ = c.Close()
		return nil, nil
	}
	signers, err := agent.NewClient(c).Signers()
	if err != nil {
		_ = c.Close()
		return nil, nil
	}
	return signers, c
}
