// Package sites reaches places with files: it turns a files.Site into an open
// file system, finds out which protocol a host speaks, and keeps the saved
// sites.
package sites

import (
	"context"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
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
	// MaxConns is how many connections an FTP site may use at once; 0: 3, two for
	// transfers and one for looking around.
	MaxConns int
}

// Dial opens the file system of a site: it connects, proves the server's
// identity and logs in. The caller closes it. Faults: those of connect; Login;
// Unsupported with a *files.ClearTextQuestion when the server knows no
// encryption and Site.AllowClear is not set.
func Dial(ctx context.Context, p Params, site files.Site) (files.FS, error) {
	return NewDialer(p).Dial(ctx, site)
}

// Dialer dials sites and remembers, as long as the program runs, the passwords
// typed in and what was learnt about servers. It is safe for concurrent use.
type Dialer struct {
	p Params
}

// NewDialer makes a Dialer.
func NewDialer(p Params) *Dialer { return &Dialer{p: p} }

// Dial is the function Dial with the Dialer's memory.
func (d *Dialer) Dial(ctx context.Context, site files.Site) (files.FS, error) {
	return nil, fault.Newf(fault.Unsupported, "connect", site.Host, "protocol %q", site.Protocol)
}

// Remember uses password for the site's account until the program ends,
// without saving it.
func (d *Dialer) Remember(site files.Site, password string) {}
