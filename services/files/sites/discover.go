package sites

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// Found is what Discover found.
type Found struct {
	Site  files.Site
	Clear bool // only without encryption: Site.AllowClear needs a person's yes
}

// sniffTime is how long a port may take to show what it speaks.
const sniffTime = 5 * time.Second

// spoken is what a port speaks first.
type spoken int

const (
	nothing spoken = iota // closed, or not reachable
	silent                // waits for us, as TLS does
	speaksSSH
	speaksFTP
	other
)

// sniff connects to a port and reads how it begins. It sends nothing.
func (d *Dialer) sniff(ctx context.Context, host string, port int) (spoken, error) {
	ctx, cancel := context.WithTimeout(ctx, sniffTime)
	defer cancel()
	c, err := d.p.Network.Dial(ctx, host, port)
	if err != nil {
		return nothing, err
	}
	defer c.Close()
	if err := c.SetReadDeadline(time.Now().Add(sniffTime / 2)); err != nil {
		return nothing, fault.From("discover", host, err)
	}
	b := make([]byte, 4)
	n, err := c.Read(b)
	switch text := string(b[:n]); {
	case strings.HasPrefix(text, "SSH"):
		return speaksSSH, nil
	case strings.HasPrefix(text, "220") || strings.HasPrefix(text, "120"):
		return speaksFTP, nil
	case n > 0:
		return other, nil
	case fault.Is(err, fault.Timeout):
		return silent, nil
	}
	return nothing, fault.From("discover", host, err)
}

// Discover finds out how the files of a host are reached, safest first: SFTP,
// FTP with TLS (explicit, then implicit), WebDAV and S3 over HTTPS, then plain
// FTP, which it only detects: nothing secret is ever sent in clear text. host
// may be "host:port".
// With a fault that a person must do something about (Certificate, Login)
// Found.Site tells which protocol it is about; other faults say that nothing
// was found. The password is used for this only. trying, if not nil, is told
// which protocol is tried next; "" while it is found out what the host speaks
// at all.
func (d *Dialer) Discover(ctx context.Context, host, user, password string, trying func(files.Protocol)) (Found, error) {
	if trying == nil {
		trying = func(files.Protocol) {}
	}
	trying("")
	p := d.p
	if password != "" {
		p.Password = &password
	}
	d = NewDialer(p)
	if site, ok := storageSite(host, user); ok {
		trying(site.Protocol)
		f, err := d.Dial(ctx, site)
		if err != nil {
			return Found{Site: site}, err
		}
		return Found{Site: site}, errors.Join(f.Close())
	}
	ports := []int{22, 21, 990}
	named := false // the person named the port
	if name, text, err := net.SplitHostPort(host); err == nil {
		port, perr := strconv.Atoi(text)
		if perr != nil || port < 1 || port > 65535 {
			return Found{}, fault.Newf(fault.NameNotFound, "discover", host, "no port number")
		}
		host, ports, named = name, []int{port}, true
	}
	host = strings.Trim(host, "[]")
	if d.p.Network == nil || host == "" {
		return Found{}, fault.Newf(fault.NameNotFound, "discover", host, "no host")
	}
	said := make([]spoken, len(ports))
	faults := make([]error, len(ports))
	var wg sync.WaitGroup
	for i, port := range ports {
		wg.Go(func() { said[i], faults[i] = d.sniff(ctx, host, port) })
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return Found{}, fault.From("discover", host, err)
	}
	// What each port may be, safest first.
	var candidates []files.Site
	if named && said[0] == silent {
		if site, found, closed := d.webSite(ctx, host, ports[0], user); found || closed {
			candidates, said[0] = append(candidates, site), other
		}
	}
	for _, protocol := range []files.Protocol{files.ProtocolSFTP, files.ProtocolFTPES, files.ProtocolFTPS} {
		for i, port := range ports {
			fits := protocol == files.ProtocolSFTP && said[i] == speaksSSH ||
				protocol == files.ProtocolFTPES && said[i] == speaksFTP ||
				protocol == files.ProtocolFTPS && said[i] == silent && port != 22
			if !fits {
				continue
			}
			site := files.Site{Protocol: protocol, Host: host, User: user}
			if port != protocol.DefaultPort() {
				site.Port = port
			}
			candidates = append(candidates, site)
		}
	}
	var first Found // with the fault that counts
	var firstErr error
	var clear *files.Site
	for _, site := range candidates {
		trying(site.Protocol)
		f, err := d.Dial(ctx, site)
		if err == nil {
			return Found{Site: site}, errors.Join(f.Close())
		}
		if ctx.Err() != nil {
			return Found{}, fault.From("discover", host, ctx.Err())
		}
		switch kind := fault.KindOf(err); {
		case kind == fault.Certificate:
			// The person decides; trying the next would go around the question.
			return Found{Site: site}, err
		case kind == fault.Login && firstErr == nil:
			first, firstErr = Found{Site: site}, err
		case kind == fault.Unsupported && site.Protocol == files.ProtocolFTPES:
			plain := site
			plain.Protocol = files.ProtocolFTP
			clear = &plain
		}
		if firstErr != nil && site.Protocol != files.ProtocolSFTP {
			break // one more wrong password would be one too many
		}
	}
	if firstErr != nil {
		return first, firstErr
	}
	if !named {
		if site, found, _ := d.webSite(ctx, host, 443, user); found {
			trying(site.Protocol)
			f, err := d.Dial(ctx, site)
			switch {
			case err == nil:
				return Found{Site: site}, errors.Join(f.Close())
			case ctx.Err() != nil:
				return Found{}, fault.From("discover", host, ctx.Err())
			case fault.Is(err, fault.Login):
				return Found{Site: site}, err
			}
		}
	}
	switch {
	case clear != nil:
		return Found{Site: *clear, Clear: true}, nil
	}
	for _, err := range faults {
		if err != nil && !fault.Is(err, fault.Refused) {
			return Found{}, fault.From("discover", host, err)
		}
	}
	if faults[0] != nil {
		return Found{}, faults[0]
	}
	return Found{}, fault.Newf(fault.Unsupported, "discover", host, "no file server that Guichet knows")
}
