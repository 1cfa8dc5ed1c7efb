// Package demo runs real servers inside the program: web, mail, and files over
// FTP, SFTP and WebDAV, on the loopback interface and with sample content, so
// that everything in the window can be tried without an account anywhere.
//
// The servers speak their protocols over TCP and TLS like any others; an
// authority made at every start signs their certificate, and only who is
// handed Info.CA trusts it. Nothing outlives Close.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"guichet/services/fault"
	"guichet/services/task"
)

// The one person of the demo. The password protects nothing: the servers
// listen on the loopback interface and hold only sample content.
const (
	User     = "anna@guichet.example" // login name everywhere, and mail address
	FullName = "Anna Keller"
	Password = "demo"
)

// Params says where and how the demo runs. The zero value is a good choice.
type Params struct {
	// Dir is the folder in which the demo makes its own temporary folder; ""
	// means the system's temporary folder.
	Dir string
	// ListenIP is the address that the servers listen on, "" means 127.0.0.1.
	// Others than loopback addresses are refused.
	ListenIP string
	// Rate is the limit of each connection in bytes per second and direction,
	// 0 means none. A low one shows progress, pause and resume at work.
	Rate int64
	// Latency is added to the first byte of every answer.
	Latency time.Duration
	// Now is the moment that the dates of the sample content lead up to; zero
	// means the time of the call.
	Now time.Time
}

// Info says how to reach the demo. Its JSON form is the first line that
// `guichet demo` prints.
type Info struct {
	HTTP       string `json:"http"`
	HTTPS      string `json:"https"`
	IMAP       string `json:"imap"`  // STARTTLS, RFC 3501 section 6.2.1
	IMAPS      string `json:"imaps"` // TLS from the first byte, RFC 8314
	SMTP       string `json:"smtp"`  // submission with STARTTLS, RFC 6409
	SMTPS      string `json:"smtps"` // submission, TLS from the first byte
	FTP        string `json:"ftp"`   // the same port as FTPES
	FTPES      string `json:"ftpes"` // AUTH TLS, RFC 4217
	SFTP       string `json:"sftp"`
	DAV        string `json:"dav"` // over TLS, Basic authentication
	User       string `json:"user"`
	Password   string `json:"password"`
	CA         string `json:"ca"`          // path of a PEM file
	KnownHosts string `json:"known_hosts"` // path of a file for SSH clients
}

// InfoFile is the name of a file in the demo's folder that holds Info, for
// tools that watch a demo which somebody else has started.
const InfoFile = "info.json"

// Demo is a set of running servers.
type Demo struct {
	info   Info
	dir    string
	remove func() error // removes dir
	group  *task.Group
	root   *os.Root
	now    time.Time
	site   *site

	mu        sync.Mutex
	listeners []*listener
	closers   []func() error
	closeErr  error
	closed    sync.Once
}

// closeLimit is how long Close waits for the servers' goroutines.
const closeLimit = 2 * time.Second

// Start writes the sample content, starts all servers and returns when they
// accept connections. They run until Close, or until ctx is done.
func Start(ctx context.Context, p Params) (*Demo, error) {
	ip := p.ListenIP
	if ip == "" {
		ip = "127.0.0.1"
	}
	if parsed := net.ParseIP(ip); parsed == nil || !parsed.IsLoopback() {
		return nil, fault.Newf(fault.Unsupported, "demo", ip, "the demo listens on loopback addresses only")
	}
	dir, remove, err := TempDir(p.Dir)
	if err != nil {
		return nil, err
	}
	d := &Demo{dir: dir, remove: remove, group: task.NewGroup(ctx), now: p.Now}
	if d.now.IsZero() {
		d.now = time.Now()
	}
	if err := d.start(ip, limits{rate: p.Rate, latency: p.Latency}); err != nil {
		return nil, errors.Join(fault.From("demo", ip, err), d.Close())
	}
	context.AfterFunc(d.group.Context(), func() {
		if err := d.Close(); err != nil {
			slog.Warn("demo", "err", err)
		}
	})
	return d, nil
}

// start brings up the content first, then the servers.
func (d *Demo) start(ip string, lim limits) error {
	id, err := newIdentity(ip, d.now)
	if err != nil {
		return err
	}
	d.info = Info{
		User: User, Password: Password,
		CA: filepath.Join(d.dir, "ca.pem"), KnownHosts: filepath.Join(d.dir, "known_hosts"),
	}
	if err := os.WriteFile(d.info.CA, id.caPEM, 0o644); err != nil {
		return err
	}
	files := filepath.Join(d.dir, "files")
	if err := os.Mkdir(files, 0o755); err != nil {
		return err
	}
	if d.root, err = os.OpenRoot(files); err != nil {
		return err
	}
	d.onClose(d.root.Close)
	if err := writeTree(d.root, d.now); err != nil {
		return err
	}
	for _, serve := range []func(string, limits, *identity) error{
		d.serveWeb, d.serveMail, d.serveFTP, d.serveSFTP, d.serveDAV,
	} {
		if err := serve(ip, lim, id); err != nil {
			return err
		}
	}
	data, err := json.Marshal(d.info)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.dir, InfoFile), append(data, '\n'), 0o600)
}

// Info says how to reach the servers.
func (d *Demo) Info() Info { return d.info }

// Close stops all servers, closes their connections and removes everything
// that the demo wrote. It may be called more than once.
func (d *Demo) Close() error {
	d.closed.Do(func() {
		d.group.Cancel()
		d.mu.Lock()
		listeners, closers := d.listeners, d.closers
		d.mu.Unlock()
		var errs []error
		for _, l := range listeners {
			errs = append(errs, l.Close())
		}
		if !d.group.Close(closeLimit) {
			errs = append(errs, fault.Newf(fault.Timeout, "demo", "", "a server of the demo did not end"))
		}
		for i := len(closers) - 1; i >= 0; i-- {
			errs = append(errs, closers[i]())
		}
		errs = append(errs, d.remove())
		d.closeErr = errors.Join(errs...)
	})
	return d.closeErr
}

func (d *Demo) onClose(f func() error) {
	d.mu.Lock()
	d.closers = append(d.closers, f)
	d.mu.Unlock()
}
