package check

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"guichet/services/address"
	"guichet/services/connect"
	"guichet/services/fault"
)

// diagnosis is one run.
type diagnosis struct {
	o       Options
	n       *connect.Network
	url     *url.URL
	host    string
	port    int
	steps   map[StepID]*Step
	current StepID
	since   time.Time // until then, time is accounted for
	fault   *fault.Fault
	conn    net.Conn // nil: none; the newest layer
}

// at makes id the current step, and gives the facts about it.
func (d *diagnosis) at(id StepID) *Detail {
	d.current = id
	return &d.steps[id].Detail
}

// next ends the current step well and goes on to id.
func (d *diagnosis) next(id StepID) {
	d.account()
	d.steps[d.current].State = OK
	d.at(id)
}

// account adds the time since the last call to the current step.
func (d *diagnosis) account() {
	now := time.Now()
	d.steps[d.current].Took += now.Sub(d.since)
	d.since = now
}

// during runs work as (a part of) the step id under a deadline of its own. The
// connection, if there is one, is closed when ctx ends.
func (d *diagnosis) during(ctx context.Context, id StepID, work func(ctx context.Context) error) error {
	d.at(id)
	d.since = time.Now()
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout)
	defer cancel()
	if d.conn != nil {
		if err := d.conn.SetDeadline(d.since.Add(d.o.Timeout)); err != nil {
			return err
		}
		conn := d.conn
		stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
		defer stop()
	}
	err := work(ctx)
	d.account() // to the step that work has come to
	if err == nil {
		d.steps[d.current].State = OK
		return nil
	}
	var f *fault.Fault
	if cause := ctx.Err(); cause != nil && !errors.As(err, &f) {
		return cause // what the connection said is only its echo
	}
	return err
}

// fail enters err as the outcome, at the current step.
func (d *diagnosis) fail(f *fault.Fault) {
	c := *f
	c.Step = string(d.current)
	if c.Host == "" {
		c.Host = d.host
	}
	d.fault = &c
	if s := d.steps[d.current]; s != nil {
		s.State = Failed
		if s.Detail.Said == "" {
			s.Detail.Said = c.Said
		}
	}
}

func (d *diagnosis) report() Report {
	r := Report{OK: d.fault == nil, Fault: d.fault}
	for _, id := range order {
		r.Steps = append(r.Steps, *d.steps[id])
	}
	if f := d.fault; f != nil {
		r.Kind, r.Check, r.Step = f.Kind, f.Check, StepID(f.Step)
		r.Blame = blame(f, d.steps[StepID(f.Step)])
	}
	return r
}

// blame says at whom a fault most likely lies.
func blame(f *fault.Fault, s *Step) Blame {
	switch f.Kind {
	case fault.Cancelled:
		return Nobody
	case fault.Login, fault.Permission, fault.NotFound, fault.NameNotFound:
		if f.Op == "proxy" {
			return Network
		}
		return You
	case fault.Offline, fault.Timeout:
		switch {
		case f.Step == string(Computer):
			return You
		case f.Step == string(Name), f.Kind == fault.Offline:
			return Network
		}
	case fault.Protocol:
		if s != nil && s.Detail.Found != "" {
			return You // the wrong port or protocol was asked for
		}
	case fault.Certificate:
		if f.Check == fault.CheckUnknownKey {
			return Nobody
		}
	case fault.Internal:
		return You
	case fault.Unsupported:
		if f.Step == "" {
			return You
		}
	}
	if f.Op == "proxy" {
		return Network
	}
	return Server
}

func (d *diagnosis) run(ctx context.Context, target address.Target) error {
	defer func() {
		if d.conn != nil {
			_ = d.conn.Close() // the outcome is known
		}
	}()
	u, user, err := d.server(ctx, target)
	if err != nil {
		return err
	}
	if d.o.User == "" {
		d.o.User = user
	}
	d.url, d.host, d.port = u, u.Hostname(), address.PortOf(u)
	connected := true
	if !loopback(d.host) {
		_ = d.during(ctx, Computer, func(ctx context.Context) error { // judged below
			connected = d.o.Online(ctx)
			return nil
		})
	}
	err = d.reach(ctx)
	if !connected {
		// A server that can be reached without a way to the Internet is in the house.
		if err != nil && ctx.Err() == nil {
			for _, id := range []StepID{Name, Connect} {
				d.steps[id].State = Skipped
			}
			d.at(Computer)
			return fault.New(fault.Offline, "check", d.host, err)
		}
	}
	if err != nil {
		return err
	}
	return d.probe(ctx)
}

// server gives the URL of the server that a target is about.
func (d *diagnosis) server(ctx context.Context, target address.Target) (*url.URL, string, error) {
	switch target.Kind {
	case address.Web:
		return target.URL, target.URL.User.Username(), nil
	case address.Server:
		u := target.URL
		if u.Scheme == "" {
			u = d.guess(ctx, u)
		}
		return u, u.User.Username(), nil
	case address.Person:
		return d.mailServer(ctx, target.Text), target.Text, nil
	case address.Mailto:
		if to, err := url.PathUnescape(target.URL.Opaque); err == nil && strings.Count(to, "@") == 1 {
			return d.mailServer(ctx, to), to, nil
		}
	case address.Words:
		for _, a := range target.Alternatives {
			if a.URL != nil && strings.HasPrefix(strings.ToLower(target.Text), a.URL.Hostname()) {
				return a.URL, a.URL.User.Username(), nil
			}
		}
	}
	return nil, "", fault.Newf(fault.Unsupported, "check", "", "not the address of a server")
}

// mailServer gives the likeliest mail server of an address: the first usual
// name that exists.
func (d *diagnosis) mailServer(ctx context.Context, mail string) *url.URL {
	domain := mail[strings.LastIndexByte(mail, '@')+1:]
	for _, host := range []string{"imap." + domain, "mail." + domain} {
		err := d.quickly(ctx, func(ctx context.Context) error {
			_, err := d.n.Resolve(ctx, host)
			return err
		})
		if err == nil {
			return &url.URL{Scheme: "imaps", Host: host}
		}
	}
	return &url.URL{Scheme: "imaps", Host: domain}
}

// quickly runs a preliminary that may take a fourth of a step's time.
func (d *diagnosis) quickly(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout/4)
	defer cancel()
	return work(ctx)
}

// guess finds out what a file server speaks: secure protocols first.
func (d *diagnosis) guess(ctx context.Context, u *url.URL) *url.URL {
	schemes := []string{"sftp", "ftpes", "ftps"}
	if strings.HasPrefix(u.Hostname(), "ftp.") {
		schemes = []string{"ftpes", "sftp", "ftps"}
	}
	as := func(scheme string) *url.URL {
		c := *u
		c.Scheme = scheme
		return &c
	}
	if err := d.quickly(ctx, func(ctx context.Context) error {
		_, err := d.n.Resolve(ctx, u.Hostname())
		return err
	}); err != nil {
		return as(schemes[0])
	}
	for _, scheme := range schemes {
		guess := as(scheme)
		switch d.greeting(ctx, u.Hostname(), address.PortOf(guess)) {
		case "ssh":
			return as("sftp")
		case "ftp", "220":
			return as("ftpes")
		case "":
			if scheme != "ftps" || u.Port() != "" {
				continue
			}
			if err := d.quickly(ctx, func(ctx context.Context) error {
				c, err := d.n.Dial(ctx, u.Hostname(), address.PortOf(guess))
				if err != nil {
					return err
				}
				return c.Close()
			}); err == nil { // it waits for TLS
				return guess
			}
		}
	}
	return as(schemes[0])
}

// reach resolves the name and connects.
func (d *diagnosis) reach(ctx context.Context) error {
	proxied := d.n.Proxied(d.proxyScheme(), d.host, d.port)
	if !proxied {
		err := d.during(ctx, Name, func(ctx context.Context) error {
			facts := d.at(Name)
			facts.Host = d.host
			addresses, err := d.n.Resolve(ctx, d.host)
			for _, a := range addresses[:min(len(addresses), 8)] {
				facts.Addresses = append(facts.Addresses, a.String())
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return d.during(ctx, Connect, func(ctx context.Context) error {
		facts := d.at(Connect)
		facts.Host, facts.Port = d.host, d.port
		c, err := d.n.DialFor(ctx, d.proxyScheme(), d.host, d.port)
		if err != nil {
			return err
		}
		d.conn = c
		if t, ok := d.n.Timings(d.host, d.port); ok {
			facts.Address = t.Address
		}
		return nil
	})
}

func (d *diagnosis) proxyScheme() string {
	switch d.url.Scheme {
	case "http", "dav", "s3+http":
		return "http"
	case "https", "davs", "s3":
		return "https"
	}
	return "tcp"
}

// secure speaks TLS on the open connection. first says that TLS begins the
// conversation: a server that speaks something else is then recognised.
func (d *diagnosis) secure(ctx context.Context, first bool, alpn ...string) error {
	return d.during(ctx, TLS, func(ctx context.Context) error {
		facts := d.at(TLS)
		t, err := d.n.Upgrade(ctx, d.conn, d.host, d.port, connect.TLSOptions{ALPN: alpn})
		if err == nil {
			d.conn = t
			state := t.ConnectionState()
			describe(facts, state)
			return nil
		}
		d.conn = nil // Upgrade has closed it
		f := fault.From("tls", d.host, err)
		switch q := f.Question.(type) {
		case *connect.CertificateQuestion:
			describeLeaf(facts, q.Leaf)
		}
		if f.Kind == fault.Protocol && first {
			found := recognise([]byte(f.Said))
			if found == "" || found == "220" {
				found = d.greeting(ctx, d.host, d.port)
			}
			if found != "" && found != "tls" {
				return d.other("tls", found, "") // f.Said is but five bytes
			}
		}
		return f
	})
}

// other reports that another protocol answers.
func (d *diagnosis) other(expected, found, said string) *fault.Fault {
	d.steps[d.current].State = Skipped
	facts := d.at(Protocol)
	facts.Expected, facts.Found = expected, found
	f := fault.Newf(fault.Protocol, "check", d.host, "expected %s, found %s", expected, found)
	f.Said = fault.CleanLine(said)
	return f
}

// secret gives the password for the login; ok is false when there is none to
// be tried.
func (d *diagnosis) secret(ctx context.Context) (password string, ok bool, err error) {
	if d.guest() {
		return "", false, nil
	}
	d.at(Login).User = d.o.User
	password, err = d.o.Password(ctx)
	if err != nil {
		return "", false, fault.From("login", d.host, err)
	}
	return password, password != "", nil
}

func loopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// online reports whether there is a route to the Internet. "Connecting" a
// datagram socket asks the routing table and sends nothing.
func online(ctx context.Context) bool {
	for _, target := range []string{"198.41.0.4:53", "[2001:503:ba3e::2:30]:53"} { // a root name server
		var dialer net.Dialer
		if c, err := dialer.DialContext(ctx, "udp", target); err == nil {
			return c.Close() == nil
		}
	}
	return false
}
