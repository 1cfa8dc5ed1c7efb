// Package sftp is files.FS over SSH (draft-ietf-secsh-filexfer-02), on
// golang.org/x/crypto/ssh and package wire: one connection that carries
// everything in parallel, with requests pipelined both ways.
package sftp

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sftp/wire"
	"guichet/services/task"
)

// Params are what a connection is made of.
type Params struct {
	Network *connect.Network
	Site    files.Site
	// Password asks for the password only when the server wants one; NotFound
	// where there is none.
	Password func(ctx context.Context) (string, error)
	// JumpPassword is the same for a server on the way, one of Site.Jump; nil:
	// Ask is asked.
	JumpPassword func(ctx context.Context, hop files.Site) (string, error)
	// Ask answers further questions of keyboard-interactive (RFC 4256); nil: they
	// end the login.
	Ask func(ctx context.Context, instruction string, questions []string, echo []bool) ([]string, error)
	// Passphrase opens a protected key file; it is asked up to three times. Nil:
	// such keys are passed over.
	Passphrase func(ctx context.Context, keyFile string) (string, error)
	// KeyDir is where the person's keys and OpenSSH's config are; "": .ssh in the
	// home folder.
	KeyDir string
	// AgentSocket is the agent's address; "": what the system has (SSH_AUTH_SOCK,
	// Pageant, OpenSSH's pipe); "none": no agent.
	AgentSocket string
}

// loginTimeout bounds each step of a login that waits for no person.
const loginTimeout = 15 * time.Second

// filesAtOnce is how many files are moved at once over the one connection: with
// small files the line is then never idle at 40 ms.
const filesAtOnce = 32

// FS is a server's file system. It is safe for concurrent use.
type FS struct {
	p      Params
	host   string // as the person knows it
	group  *task.Group
	seen   seen
	owners owners

	mu     sync.Mutex
	client *session
	dialed chan struct{} // closed when a running dial has ended; nil: none runs
	closed bool
}

// session is one SSH connection.
type session struct {
	ssh     *ssh.Client
	wire    *wire.Client
	line    *line
	heard   clock // when the file server last answered
	group   *task.Group
	behind  []io.Closer // jump hosts, nearest to us last
	caps    files.Caps
	home    files.Path
	rtt     time.Duration
	posix   bool
	statvfs bool
	// inOrder: the server is known to do the requests about one file one after
	// the other and to rename and remove as the draft says (sections 6 and 6.5).
	// Others are asked in more steps.
	inOrder           bool
	maxRead, maxWrite int
	underWay          atomic.Int64 // bytes asked for or sent and not answered
	patient           atomic.Int32 // requests that may take long
	buffers           pool[[]byte]
	blocks            pool[*wire.Block]

	once sync.Once
	mu   sync.Mutex
	err  error
}

var (
	_ files.FS        = (*FS)(nil)
	_ files.Ranger    = (*FS)(nil)
	_ files.Copier    = (*FS)(nil)
	_ files.Hasher    = (*FS)(nil)
	_ files.Owner     = (*FS)(nil)
	_ files.Spacer    = (*FS)(nil)
	_ files.Connected = (*FS)(nil)
	_ files.Witness   = (*reader)(nil)
	_ files.Finisher  = (*writer)(nil)
)

// Dial connects and logs in. Faults: those of connect, Certificate with a
// *connect.HostKeyQuestion, Login, Busy when the server is full, Unsupported
// when it knows only algorithms that are no longer safe or no file transfer,
// Protocol when the other side is no SSH server.
func Dial(ctx context.Context, p Params) (*FS, error) {
	f := &FS{p: p, host: p.Site.Host, group: task.NewGroup(context.WithoutCancel(ctx))}
	if _, _, err := f.session(ctx); err != nil {
		f.group.Cancel()
		return nil, err
	}
	return f, nil
}

// session gives the living connection, or makes one, which is then fresh.
// Callers that come while one is being made wait for it.
func (f *FS) session(ctx context.Context) (s *session, fresh bool, err error) {
	for {
		f.mu.Lock()
		if f.closed {
			f.mu.Unlock()
			return nil, false, fault.Newf(fault.Cancelled, "connect", f.host, "closed")
		}
		if f.client != nil {
			select {
			case <-f.client.wire.Dead():
				f.client = nil
			default:
				s := f.client
				f.mu.Unlock()
				return s, false, nil
			}
		}
		if wait := f.dialed; wait != nil {
			f.mu.Unlock()
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				return nil, false, fault.From("connect", f.host, ctx.Err())
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
			s.end(wire.ErrClosed)
			err = fault.Newf(fault.Cancelled, "connect", f.host, "closed")
		}
		if err == nil {
			f.client = s
		}
		f.mu.Unlock()
		return s, true, err
	}
}

// dial goes from host to host to the last one and starts the file server there.
func (f *FS) dial(ctx context.Context) (*session, error) {
	hops, err := f.route()
	if err != nil {
		return nil, err
	}
	var behind []io.Closer
	fail := func(err error) (*session, error) {
		for i := len(behind) - 1; i >= 0; i-- {
			_ = behind[i].Close() // err is what counts
		}
		return nil, err
	}
	var client *ssh.Client
	var l *line
	for i, h := range hops {
		if client, l, err = f.login(ctx, client, h); err != nil {
			return fail(err)
		}
		if i < len(hops)-1 {
			behind = append(behind, client)
		}
	}
	s, err := f.start(ctx, client, l)
	if err != nil {
		_ = client.Close() // err is what counts
		return fail(err)
	}
	s.behind = behind
	f.group.Go("sftp watch", s.watch)
	f.group.Go("sftp wait", func(context.Context) { s.end(client.Wait()) })
	return s, nil
}

// start starts the file server on a logged-in connection and finds out what it
// can do.
func (f *FS) start(ctx context.Context, client *ssh.Client, l *line) (*session, error) {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // the pending call reports
	defer stop()
	l.hurry(loginTimeout)
	defer l.hurry(0)
	fail := func(err error) (*session, error) {
		fa := fault.From("connect", f.host, err)
		switch late, _ := l.state(); {
		case ctx.Err() != nil:
			fa = fault.From("connect", f.host, ctx.Err())
		case late:
			fa.Kind = fault.Timeout
		case fa.Kind == fault.Internal:
			fa.Kind = fault.Protocol
		}
		fa.Step = "protocol"
		return nil, fa
	}
	channel, err := f.openSubsystem(client)
	if err != nil {
		var refused *ssh.OpenChannelError
		if errors.As(err, &refused) || errors.Is(err, errNoSubsystem) {
			fa := fault.New(fault.Unsupported, "connect", f.host, err)
			fa.Step = "protocol"
			return nil, fa
		}
		return fail(err)
	}
	s := &session{ssh: client, line: l, group: f.group}
	s.heard.tick()
	if s.wire, err = wire.Start(heardPipe{channel, &s.heard}); err != nil {
		return fail(err)
	}
	send, receive := s.wire.Loops()
	f.group.Go("sftp send", func(context.Context) { send() })
	f.group.Go("sftp receive", func(context.Context) { receive() })
	home, err := s.wire.StartRealpath(ctx, ".")
	if err != nil {
		return fail(err)
	}
	if err := s.discover(ctx, f.p.Site); err != nil { // in the same round trip
		return fail(err)
	}
	name, err := home.OneName(ctx)
	if err != nil {
		return fail(err)
	}
	s.home, s.rtt = files.ParsePath(name), home.Took()
	return s, nil
}

var errNoSubsystem = errors.New("the server has no file transfer for this login")

// openSubsystem opens a channel to the file server (RFC 4254 section 6.5).
func (f *FS) openSubsystem(client *ssh.Client) (io.ReadWriteCloser, error) {
	channel, requests, err := client.OpenChannel("session", nil)
	if err != nil {
		return nil, err
	}
	f.group.Go("sftp requests", func(context.Context) { ssh.DiscardRequests(requests) }) // ends with the channel
	ok, err := channel.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{"sftp"}))
	if err == nil && !ok {
		err = errNoSubsystem
	}
	if err != nil {
		return nil, errors.Join(err, channel.Close())
	}
	f.group.Go("sftp errors", func(context.Context) {
		_, _ = io.Copy(io.Discard, channel.Stderr()) // a full window there would jam the channel
	})
	return channel, nil
}

// discover finds out what the server can do.
func (s *session) discover(ctx context.Context, site files.Site) error {
	has := func(name string) bool { _, ok := s.wire.Extension(name); return ok }
	s.posix, s.statvfs = has("posix-rename@openssh.com"), has("statvfs@openssh.com")
	software := strings.TrimPrefix(string(s.ssh.ServerVersion()), "SSH-2.0-")
	for _, known := range []string{"OpenSSH_", "OpenSSH-", "mod_sftp"} {
		s.inOrder = s.inOrder || strings.HasPrefix(software, known)
	}
	s.maxRead, s.maxWrite = plainBlock, plainBlock
	if has("limits@openssh.com") {
		read, write, err := s.wire.Limits(ctx)
		var status *wire.StatusError
		if err != nil && !errors.As(err, &status) {
			return err
		}
		s.maxRead, s.maxWrite = max(read, plainBlock), max(write, plainBlock)
	}
	hashes := offeredHashes(s.wire)
	if strings.HasPrefix(software, "mod_sftp") {
		// ProFTPD has the extension without saying so, unless it was switched off.
		_, _, err := s.wire.CheckFile(ctx, "/", "sha256")
		var status *wire.StatusError
		switch {
		case err != nil && !errors.As(err, &status):
			return err
		case err == nil || status.Code != wire.StatusUnsupported:
			hashes = []string{"sha256", "sha512", "sha1", "md5"}
		}
	}
	s.caps = files.Caps{
		Resume: true, AtomicReplace: s.posix, SetTime: true, Chmod: true, FreeSpace: s.statvfs,
		ServerCopy: has("copy-data"), Hash: hashes,
		TimePrecision: time.Second, MaxConns: filesAtOnce, Rewind: flowMost,
	}
	if site.MaxConns > 0 {
		s.caps.MaxConns = min(site.MaxConns, filesAtOnce)
	}
	return nil
}

// end closes the connection; the first reason is kept.
func (s *session) end(err error) {
	s.once.Do(func() {
		s.mu.Lock()
		s.err = err
		s.mu.Unlock()
		_ = s.line.Close() // nothing can be done about a failing close
		s.wire.Close()
		for i := len(s.behind) - 1; i >= 0; i-- {
			_ = s.behind[i].Close() // as above
		}
	})
}

// reason is why the connection ended.
func (s *session) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// why is the fault of a call that the end of the connection took with it.
func (s *session) why(op, host string) error {
	err := s.reason()
	switch {
	case errors.Is(err, errMute):
		return fault.New(fault.Timeout, op, host, err)
	case err == nil || errors.Is(err, wire.ErrClosed):
		err = errors.Join(errors.New("the connection broke"), s.wire.Err())
	}
	return fault.New(fault.Protocol, op, host, err)
}

// buffer gives room for a read of n bytes.
func (s *session) buffer(n int) []byte {
	if n < s.maxRead {
		return make([]byte, n)
	}
	return s.buffers.get(func() []byte { return make([]byte, s.maxRead) })
}

func (s *session) recycle(b []byte) {
	if len(b) == s.maxRead {
		s.buffers.put(b)
	}
}

// writeBlock gives a block for n bytes.
func (s *session) writeBlock(n int) *wire.Block {
	if n < s.maxWrite {
		return wire.NewBlock(n)
	}
	return s.blocks.get(func() *wire.Block { return wire.NewBlock(s.maxWrite) })
}

func (s *session) recycleBlock(b *wire.Block) {
	if len(b.Data()) == s.maxWrite {
		s.blocks.put(b)
	}
}

// Close implements files.FS.
func (f *FS) Close() error {
	f.mu.Lock()
	f.closed = true
	s := f.client
	f.client = nil
	f.mu.Unlock()
	if s != nil {
		s.end(wire.ErrClosed)
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
