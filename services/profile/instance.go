package profile

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"guichet/services/fault"
	"guichet/services/task"
)

// Instance is the running window's claim on its profile: a second start finds
// it and hands over what it was asked to open.
type Instance struct {
	lock     *os.File
	listener net.Listener
}

// message is what a second start says.
type message struct {
	Open string `json:"open"` // an address as typed, or "" to come to the front
}

const maxMessage = 64 << 10

// Claim makes this process the profile's window. handed is called, on a
// goroutine of group, with every address that a later start hands over. If
// another process holds the profile, address is handed to it and Claim returns
// nil and no error.
func (p *Profile) Claim(group *task.Group, address string, handed func(address string)) (*Instance, error) {
	lock, err := LockFile(filepath.Join(p.Data, "window.lock"))
	if errors.Is(err, ErrLocked) {
		return nil, p.handOver(address)
	}
	if err != nil {
		return nil, fault.From("claim profile", "", err)
	}
	path := p.socket()
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errors.Join(fault.From("claim profile", "", err), lock.Close())
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, errors.Join(fault.From("claim profile", "", err), lock.Close())
	}
	i := &Instance{lock: lock, listener: l}
	group.Go("single instance", func(ctx context.Context) {
		stop := context.AfterFunc(ctx, func() { l.Close() })
		defer stop()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if m, err := receive(c); err != nil {
				slog.Warn("second start", "err", err)
			} else {
				handed(m.Open)
			}
		}
	})
	return i, nil
}

// socket is where the window listens: in the profile, or, where that path is
// too long for a socket (108 bytes on Linux), in the temporary folder under a
// name made from it.
func (p *Profile) socket() string {
	path := filepath.Join(p.Data, "window.sock")
	if len(path) < 100 {
		return path
	}
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(os.TempDir(), "guichet-"+hex.EncodeToString(sum[:8])+".sock")
}

func receive(c net.Conn) (m message, err error) {
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return m, err
	}
	line, err := bufio.NewReaderSize(c, maxMessage).ReadSlice('\n')
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return m, err
	}
	_, err = c.Write([]byte("ok\n"))
	return m, err
}

// handOver tries for two seconds: the first window may just be starting.
func (p *Profile) handOver(address string) error {
	data, err := json.Marshal(message{Open: address})
	if err != nil {
		return fault.New(fault.Internal, "hand over", "", err)
	}
	for try := 0; ; try++ {
		err = send(p.socket(), append(data, '\n'))
		if err == nil {
			return nil
		}
		if try == 20 {
			return fault.New(fault.Busy, "hand over", "", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func send(path string, data []byte) error {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	if _, err := c.Write(data); err != nil {
		return err
	}
	_, err = bufio.NewReader(c).ReadString('\n')
	return err
}

// Release gives the profile up.
func (i *Instance) Release() error {
	return errors.Join(i.listener.Close(), i.lock.Close())
}
