// Package sftp is files.FS over SSH (draft-ietf-secsh-filexfer-02), by pkg/sftp
// on golang.org/x/crypto/ssh: one connection that carries everything in
// parallel, with requests pipelined both ways.
package sftp

import (
	"context"
	"errors"
	"net"
	"os"
	"os/user"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/task"
)

// Params are what a connection is made of.
type Params struct {
	Network *connect.Network
	Site    files.Site
	// Password asks for the password only when the server wants one; NotFound
	// where there is none.
	Password func(ctx context.Context) (string, error)
	// Ask answers further questions of keyboard-interactive (RFC 4256); nil: they
	// end the login.
	Ask func(ctx context.Context, instruction string, questions []string, echo []bool) ([]string, error)
	// Passphrase opens a protected key file; nil: such keys are passed over.
	Passphrase func(ctx context.Context, keyFile string) (string, error)
	// KeyDir is where the person's keys are; "": .ssh in the home folder.
	KeyDir string
	// AgentSocket is the agent's address; "": SSH_AUTH_SOCK; "none": no agent.
	AgentSocket string
}

const (
	loginTimeout = 15 * time.Second // for the handshake; login waits for people
	callTimeout  = 18 * time.Second // for one short request
)

// FS is a server's file system. It is safe for concurrent use.
type FS struct {
	p     Params
	host  string
	user  string
	group *task.Group

	mu     sync.Mutex
	client *session
	dialed chan struct{} // closed when a running dial has ended; nil: none runs
	closed bool
}

// session is one SSH connection.
type session struct {
	ssh   *ssh.Client
	sftp  *sftp.Client
	line  *watchedConn
	caps  files.Caps
	home  files.Path
	rtt   time.Duration
	posix bool
	vfs   bool
	dead  chan struct{}
	once  sync.Once
}

var (
	_ files.FS        = (*FS)(nil)
	_ files.Spacer    = (*FS)(nil)
	_ files.Connected = (*FS)(nil)
)

// Dial connects and logs in. Faults: those of connect, Certificate with a
// *connect.HostKeyQuestion, Login, Protocol when the other side is no SFTP
// server.
func Dial(ctx context.Context, p Params) (*FS, error) {
	f := &FS{p: p, host: p.Site.Host, user: p.Site.User, group: task.NewGroup(context.WithoutCancel(ctx))}
	if f.user == "" {
		if u, err := user.Current(); err == nil {
			f.user = u.Username
		}
	}
	if _, err := f.session(ctx); err != nil {
		f.group.Cancel()
		return nil, err
	}
	return f, nil
}

// session gives the living connection, or makes one. Callers that come while
// one is being made wait for it.
func (f *FS) session(ctx context.Context) (*session, error) {
	for {
		f.mu.Lock()
		if f.closed {
			f.mu.Unlock()
			return nil, fault.Newf(fault.Cancelled, "connect", f.host, "closed")
		}
		if f.client != nil {
			select {
			case <-f.client.dead:
				f.client = nil
			default:
				s := f.client
				f.mu.Unlock()
				return s, nil
			}
		}
		if wait := f.dialed; wait != nil {
			f.mu.Unlock()
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				return nil, fault.From("connect", f.host, ctx.Err())
			}
		}
		done := make(chan struct{})
		f.dialed = done
		f.mu.Unlock()

		s, err := f.dial(ctx)
		f.mu.Lock()
		f.dialed = nil
		close(done)
		if err == nil && f.closed {
			s.close()
			err = fault.Newf(fault.Cancelled, "connect", f.host, "closed")
		}
		if err == nil {
			f.client = s
		}
		f.mu.Unlock()
		return s, err
	}
}

func (f *FS) dial(ctx context.Context) (*session, error) {
	port := f.p.Site.PortOrDefault()
	c, err := f.p.Network.Dial(ctx, f.host, port)
	if err != nil {
		return nil, err
	}
	line := newWatchedConn(c)
	stop := context.AfterFunc(ctx, func() { _ = line.Close() }) // the handshake then reports
	defer stop()
	// Until the server has spoken it must hurry; then a person may be typing.
	line.hurry(loginTimeout)

	check, algorithms := f.p.Network.HostKey(f.host, port)
	var refused error // the library may lose the fault's type on its way
	auth, closeAgent := f.auth(ctx, line)
	defer closeAgent()
	conn, channels, requests, err := ssh.NewClientConn(line, net.JoinHostPort(f.host, "0"), &ssh.ClientConfig{
		User: f.user, Auth: auth, HostKeyAlgorithms: algorithms,
		ClientVersion: "SSH-2.0-Guichet",
		HostKeyCallback: func(name string, addr net.Addr, key ssh.PublicKey) error {
			refused = check(net.JoinHostPort(f.host, itoa(port)), addr, key)
			return refused
		},
	})
	if err != nil {
		err = f.dialFault(ctx, err, refused)
		_ = line.Close() // already failed
		return nil, err
	}
	s := &session{ssh: ssh.NewClient(conn, channels, requests), line: line, dead: make(chan struct{})}
	line.hurry(loginTimeout)
	s.sftp, err = sftp.NewClient(s.ssh, sftp.UseConcurrentWrites(true))
	if err != nil {
		s.close()
		if ctx.Err() != nil {
			err = ctx.Err()
			return nil, fault.From("connect", f.host, err)
		}
		fa := fault.New(fault.Protocol, "connect", f.host, err)
		fa.Step = "protocol"
		return nil, fa
	}
	began := time.Now()
	wd, err := s.sftp.Getwd()
	if err != nil {
		s.close()
		return nil, f.fail("connect", err)
	}
	s.rtt = time.Since(began)
	s.home = files.ParsePath(wd)
	_, s.posix = s.sftp.HasExtension("posix-rename@openssh.com")
	_, s.vfs = s.sftp.HasExtension("statvfs@openssh.com")
	s.caps = files.Caps{
		Resume: true, AtomicReplace: s.posix, SetTime: true, Chmod: true, FreeSpace: s.vfs,
		TimePrecision: time.Second, MaxConns: 8, Rewind: 4 << 20,
	}
	line.hurry(0)
	f.group.Go("sftp watch", func(ctx context.Context) { s.watch(ctx) })
	f.group.Go("sftp wait", func(context.Context) {
		_ = s.ssh.Wait() // the reason is told by the calls that fail
		s.close()
	})
	return s, nil
}

func (s *session) close() {
	s.once.Do(func() {
		close(s.dead)
		_ = s.line.Close() // nothing can be done about a failing close
	})
}

func (f *FS) dialFault(ctx context.Context, err, refused error) error {
	var known *fault.Fault
	if errors.As(refused, &known) {
		return known.With("connect", f.host)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	fa := fault.From("connect", f.host, err)
	text := err.Error()
	switch {
	case fa.Kind == fault.Cancelled, fa.Kind == fault.Timeout:
		fa.Step = "protocol"
	case strings.Contains(text, "unable to authenticate"), strings.Contains(text, "Too many authentication failures"), strings.Contains(text, "too many authentication failures"):
		fa = &fault.Fault{Kind: fault.Login, Op: "login", Host: f.host, Step: "login", Err: err}
	case fa.Kind == fault.Internal, fa.Kind == fault.Protocol:
		fa = &fault.Fault{Kind: fault.Protocol, Op: "connect", Host: f.host, Step: "protocol", Err: err}
	}
	return fa
}

// Close implements files.FS.
func (f *FS) Close() error {
	f.mu.Lock()
	f.closed = true
	s := f.client
	f.client = nil
	f.mu.Unlock()
	if s != nil {
		s.close()
	}
	if !f.group.Close(2 * time.Second) {
		return fault.Newf(fault.Timeout, "close", f.host, "requests still run")
	}
	return nil
}

// Conn implements files.Connected.
func (f *FS) Conn() files.Conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := files.Conn{Protocol: files.ProtocolSFTP, Secure: true}
	if f.client != nil {
		c.Version = "SSH-2.0"
		c.Server = files.Display(strings.TrimPrefix(string(f.client.ssh.ServerVersion()), "SSH-2.0-"))
		c.RoundTrip = f.client.rtt
	}
	return c
}

// Transcript implements files.Connected: the protocol is binary.
func (f *FS) Transcript() string { return "" }

func homeDir() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return home
}
