//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// server is one that runs.
type server struct {
	name, password, ca string
	url                *url.URL // of its files' top
}

func (s server) user() string { return s.url.User.Username() }

// servers are the script and what it has started.
type servers struct {
	list  map[string]server
	files string // the folder that all of them show
	known string // their SSH keys, in known_hosts format
	cmd   *exec.Cmd
	stdin io.Closer
}

// startServers runs the script, which says a line for each server and "ready".
func startServers(ctx context.Context, script, dir string) (*servers, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "bash", script, dir)
	log, err := os.Create(dir + ".log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &servers{list: map[string]server{}, files: filepath.Join(dir, "files"), known: filepath.Join(dir, "known_hosts"), cmd: cmd, stdin: in}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			return s, s.keys(ctx)
		}
		f := strings.Split(lines.Text(), "\t")
		if len(f) != 4 {
			continue
		}
		u, err := url.Parse(f[1])
		if err != nil {
			return nil, errors.Join(err, s.stop())
		}
		s.list[f[0]] = server{f[0], f[2], f[3], u}
	}
	return nil, errors.Join(fmt.Errorf("the servers did not start, see %s.log", dir), s.stop())
}

// keys notes the SSH servers' keys.
func (s *servers) keys(ctx context.Context) error {
	ssh, ok := s.list["openssh"]
	if !ok {
		return nil
	}
	out, err := exec.CommandContext(ctx, "ssh-keyscan", "-p", ssh.url.Port(), ssh.url.Hostname()).Output()
	if err != nil {
		return errors.Join(err, s.stop())
	}
	return os.WriteFile(s.known, out, 0o644)
}

func (s *servers) stop() error {
	err := s.stdin.Close()
	var exit *exec.ExitError
	if werr := s.cmd.Wait(); !errors.As(werr, &exit) { // it ends by being told so
		err = errors.Join(err, werr)
	}
	return err
}
