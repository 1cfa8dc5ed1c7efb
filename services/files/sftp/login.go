package sftp

import (
	"context"
	"errors"
	"net"
	"strings"

	"golang.org/x/crypto/ssh"

	"guichet/services/fault"
)

// login opens the connection to one host, through the one before it where there
// is one, and logs in. A server that counts keys as failed tries and hangs up
// gets a second connection on which only the password is offered.
func (f *FS) login(ctx context.Context, through *ssh.Client, h hop) (*ssh.Client, *line, error) {
	for keys := true; ; keys = false {
		c, err := f.reach(ctx, through, h)
		if err != nil {
			return nil, nil, err
		}
		l := newLine(c)
		client, offered, err := f.handshake(ctx, l, h, keys)
		if err == nil {
			return client, l, nil
		}
		_ = l.Close() // already failed
		if keys && offered.tooMany(err) && ctx.Err() == nil {
			continue
		}
		return nil, nil, err
	}
}

// reach opens the TCP connection, or the tunnel through an SSH server.
func (f *FS) reach(ctx context.Context, through *ssh.Client, h hop) (net.Conn, error) {
	if through == nil {
		return f.p.Network.Dial(ctx, h.host, h.port)
	}
	limited, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	c, err := through.DialContext(limited, "tcp", h.address())
	if err == nil {
		return c, nil
	}
	if cerr := ctx.Err(); cerr != nil {
		return nil, fault.From("jump", h.name, cerr)
	}
	fa := fault.From("jump", h.name, err)
	fa.Step = "connect"
	var refused *ssh.OpenChannelError
	if errors.As(err, &refused) {
		fa.Said = fault.CleanLine(refused.Message)
		switch refused.Reason {
		case ssh.Prohibited:
			fa.Kind = fault.Permission
		case ssh.ConnectionFailed:
			fa.Kind = fault.Refused
		case ssh.ResourceShortage:
			fa.Kind = fault.Busy
		default:
			fa.Kind = fault.Unsupported
		}
	}
	return nil, fa
}

// handshake proves who the server is and logs in.
func (f *FS) handshake(ctx context.Context, l *line, h hop, keys bool) (*ssh.Client, *offer, error) {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // the handshake then reports
	defer stop()
	// Until the server has spoken it must hurry; then a person may be typing.
	l.hurry(loginTimeout)
	defer l.hurry(0)
	check, algorithms := f.p.Network.HostKey(h.host, h.port)
	var refused error // the library may lose the fault's type on its way
	o := &offer{fs: f, line: l, hop: h, keys: keys}
	defer o.close()
	safe := ssh.SupportedAlgorithms() // without those that are broken
	conn, channels, requests, err := ssh.NewClientConn(l, h.address(), &ssh.ClientConfig{
		Config:            ssh.Config{KeyExchanges: safe.KeyExchanges, Ciphers: safe.Ciphers, MACs: safe.MACs},
		User:              h.user,
		Auth:              o.methods(ctx),
		HostKeyAlgorithms: algorithms,
		ClientVersion:     "SSH-2.0-Guichet",
		HostKeyCallback: func(_ string, addr net.Addr, key ssh.PublicKey) error {
			refused = check(h.address(), addr, key)
			return refused
		},
	})
	if err != nil {
		return nil, o, loginFault(ctx, l, h, o, err, refused)
	}
	return ssh.NewClient(conn, channels, requests), o, nil
}

// loginFault classes what ended a handshake or login.
func loginFault(ctx context.Context, l *line, h hop, o *offer, err, refused error) error {
	var known *fault.Fault
	if errors.As(refused, &known) {
		return known.With("connect", h.name)
	}
	fa := fault.From("connect", h.name, err)
	fa.Step = "protocol"
	if cerr := ctx.Err(); cerr != nil {
		fa = fault.From("connect", h.name, cerr)
		fa.Step = "protocol"
		return fa
	}
	late, spoken := l.state()
	text := strings.ToLower(err.Error())
	var algorithms *ssh.AlgorithmNegotiationError
	switch {
	case o.fault != nil:
		return o.fault.With("login", h.name)
	case late:
		fa.Kind = fault.Timeout
	case errors.As(err, &algorithms):
		// No silent step back to what is broken (SHA-1, CBC).
		fa.Kind = fault.Unsupported
		fa.Said = fault.CleanLine(strings.Join(algorithms.SupportedAlgorithms, ","))
	case strings.Contains(text, "unable to authenticate"), strings.Contains(text, "too many authentication failures"):
		fa = &fault.Fault{Kind: fault.Login, Op: "login", Host: h.name, Step: "login", Err: err}
	case strings.Contains(text, "exceeded maxstartups"), strings.Contains(text, "not allowed at this time"),
		!spoken && fa.Kind == fault.Protocol:
		// A full server (MaxStartups) hangs up before it says its name.
		fa.Kind = fault.Busy
	case fa.Kind == fault.Internal:
		fa.Kind = fault.Protocol
	}
	return fa
}
