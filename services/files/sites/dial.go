// Package sites reaches places with files: it turns a files.Site into an open
// file system, finds out which protocol a host speaks, and keeps the saved
// sites.
package sites

import (
	"context"
	"os"
	"strings"
	"sync"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ftp"
	"guichet/services/files/local"
	"guichet/services/files/s3"
	"guichet/services/files/sftp"
	"guichet/services/files/webdav"
)

// Service is the name under which passwords of file servers are kept.
const Service = "guichet.files"

// Secrets keeps passwords: the system's key ring. Get gives a fault of kind
// NotFound for what it does not hold.
type Secrets interface {
	Get(ctx context.Context, service, account string) (string, error)
	Set(ctx context.Context, service, account, secret string) error
	Delete(ctx context.Context, service, account string) error
}

// Params are what connections are made with.
type Params struct {
	Network *connect.Network
	Secrets Secrets // nil: no saved passwords
	// Password, if not nil, is used instead of the saved one: typed in just now,
	// or from the environment.
	Password *string
	// Ask answers a server's further questions (SSH keyboard-interactive: a code
	// from a telephone). nil: such logins fail with Login.
	Ask func(ctx context.Context, instruction string, questions []string, echo []bool) ([]string, error)
	// Passphrase opens a private key file. nil: protected keys are passed over.
	Passphrase func(ctx context.Context, keyFile string) (string, error)
	// MaxConns is how many connections an FTP site may use at once, one of them
	// for looking around; 0: 9, or as many as the server grants.
	MaxConns int
}

// Dialer dials sites and remembers, as long as the program runs, the passwords
// typed in and what was learnt about servers. It is safe for concurrent use.
type Dialer struct {
	p      Params
	memory ftp.Memory
	mu     sync.Mutex
	typed  map[string]string // by Site.Account
}

// NewDialer makes a Dialer.
func NewDialer(p Params) *Dialer { return &Dialer{p: p, typed: map[string]string{}} }

// Remember uses password for the site's account until the program ends,
// without saving it.
func (d *Dialer) Remember(site files.Site, password string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.typed[account(site)] = password
}

// Forget drops the site's password from memory.
func (d *Dialer) Forget(site files.Site) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.typed, account(site))
}

// account names a password's owner. The protocol is part of it: what was meant
// for an encrypted one must not go out over another.
func account(site files.Site) string { return string(site.Protocol) + "://" + site.Account() }

// password finds the password of a site: the one given, the one typed in, the
// saved one. A fault of kind Login says that there is none.
func (d *Dialer) password(ctx context.Context, site files.Site) (string, error) {
	if d.p.Password != nil {
		return *d.p.Password, nil
	}
	return d.saved(ctx, site)
}

// saved finds the password typed in or saved for exactly this account: a
// site's, or that of a proxy or server on the way to it.
func (d *Dialer) saved(ctx context.Context, site files.Site) (string, error) {
	d.mu.Lock()
	typed, ok := d.typed[account(site)]
	d.mu.Unlock()
	if ok {
		return typed, nil
	}
	if d.p.Secrets != nil {
		saved, err := d.p.Secrets.Get(ctx, Service, account(site))
		if err == nil || !fault.Is(err, fault.NotFound) {
			return saved, err
		}
	}
	return "", &fault.Fault{Kind: fault.Login, Op: "login", Host: site.Host, Step: "login"}
}

// Dial opens the file system of a site: it connects, proves the server's
// identity and logs in. The caller closes it. Faults: those of connect; Login;
// Unsupported with a *files.ClearTextQuestion when the server knows no
// encryption and Site.AllowClear is not set.
func (d *Dialer) Dial(ctx context.Context, site files.Site) (files.FS, error) {
	if site.Protocol != files.ProtocolLocal {
		if site.Host == "" || strings.ContainsAny(site.Host, " /\\@\r\n\x00") {
			return nil, fault.Newf(fault.NameNotFound, "connect", site.Host, "not a host name")
		}
		if d.p.Network == nil {
			return nil, fault.Newf(fault.Internal, "connect", site.Host, "no network")
		}
	}
	password := func(ctx context.Context) (string, error) { return d.password(ctx, site) }
	var network *connect.Network
	if site.Protocol != files.ProtocolLocal {
		var err error
		if network, err = d.network(ctx, site); err != nil {
			return nil, err
		}
	}
	switch site.Protocol {
	case files.ProtocolLocal:
		return open(local.New(string(os.PathSeparator), local.Options{}))
	case files.ProtocolFTP, files.ProtocolFTPS, files.ProtocolFTPES:
		return open(ftp.Dial(ctx, ftp.Params{
			Network: network, Site: site, Password: password, Memory: &d.memory, MaxConns: d.p.MaxConns,
		}))
	case files.ProtocolSFTP:
		return open(sftp.Dial(ctx, sftp.Params{
			Network: network, Site: site, Password: password, Ask: d.p.Ask, Passphrase: d.p.Passphrase,
			JumpPassword: d.saved,
		}))
	case files.ProtocolDAV, files.ProtocolDAVS:
		return open(webdav.Dial(ctx, webdav.Params{Network: network, Site: site, Password: password}))
	case files.ProtocolS3, files.ProtocolS3Clear:
		return open(s3.Dial(ctx, s3.Params{Network: network, Site: site, Password: password}))
	}
	return nil, fault.Newf(fault.Unsupported, "connect", site.Host, "protocol %q", site.Protocol)
}

// open keeps a typed nil out of the interface.
func open[F files.FS](f F, err error) (files.FS, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}
