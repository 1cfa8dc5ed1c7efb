// Package discover finds the servers of a mail address: a table of big
// providers, the domain's own autoconfig file, the public one, DNS (RFC 6186),
// and guesses, all asked at once; the best answer wins. Only the domain is sent
// anywhere, over HTTPS; never the address, never a password.
package discover

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/sync/errgroup"

	"guichet/services/connect"
	"guichet/services/fault"
)

// Server is where mail is read or sent.
type Server struct {
	Host     string
	Port     int
	StartTLS bool
	Login    string
}

// Candidate is a pair of servers that may be right.
type Candidate struct {
	Source    string // "provider", "autoconfig", "ispdb", "mx", "srv", "guess"
	IMAP      Server
	SMTP      Server
	SavesSent bool
	// OAuth says that the provider takes no passwords.
	OAuth bool
	// Foreign says that the servers lie in another domain and that only unsigned
	// DNS says so: a person must agree before a password goes there.
	Foreign bool
}

// Resolver is the part of net.Resolver that is used.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
}

// Options say how to look; only Network is required.
type Options struct {
	Network  *connect.Network
	Resolver Resolver      // nil: the system's
	Budget   time.Duration // for everything; 0: 5 s
	// Ports of guesses, for tests; 0: 993, 465 and 587.
	IMAPS, SMTPS, Submission int
	// ISPDB is the public database, "" for Thunderbird's; "-" for none.
	ISPDB string
}

const ispdb = "https://autoconfig.thunderbird.net/v1.1/"

// answerLimit bounds an autoconfig file, bytes.
const answerLimit = 256 << 10

// Find gives the candidates for an address, the best first. NotFound if there is
// none, or the address is none.
func Find(ctx context.Context, email string, o Options) ([]Candidate, error) {
	local, domain, ok := cut(email)
	if !ok {
		return nil, fault.Newf(fault.NotFound, "address", "", "%q is no address", email)
	}
	if p, ok := byDomain[domain]; ok {
		return []Candidate{p.candidate("provider", email, local)}, nil
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Budget == 0 {
		o.Budget = 5 * time.Second
	}
	if o.ISPDB == "" {
		o.ISPDB = ispdb
	}
	o.IMAPS, o.SMTPS, o.Submission = or(o.IMAPS, 993), or(o.SMTPS, 465), or(o.Submission, 587)
	bctx, cancel := context.WithTimeout(ctx, o.Budget)
	defer cancel()
	f := finder{o: o, email: email, local: local, domain: domain, client: &http.Client{
		Transport: o.Network.HTTPTransport(connect.HTTPOptions{}),
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Scheme != "https" || len(via) > 4 {
				return errors.New("redirected out of HTTPS")
			}
			return nil
		},
	}}
	defer f.client.CloseIdleConnections()
	ways := []func(context.Context) []Candidate{
		func(ctx context.Context) []Candidate {
			return f.autoconfig(ctx, "autoconfig", "https://autoconfig."+domain+"/mail/config-v1.1.xml")
		},
		func(ctx context.Context) []Candidate {
			return f.autoconfig(ctx, "autoconfig", "https://"+domain+"/.well-known/autoconfig/mail/config-v1.1.xml")
		},
		func(ctx context.Context) []Candidate { return f.ispdb(ctx, domain) },
		f.mx, f.srv, f.guess,
	}
	results := make([][]Candidate, len(ways))
	var g errgroup.Group
	for i, way := range ways {
		g.Go(func() error { results[i] = way(bctx); return nil })
	}
	_ = g.Wait() // no way fails; it finds nothing
	if err := ctx.Err(); err != nil {
		return nil, fault.From("discover", domain, err)
	}
	list := slices.Concat(results...)
	if len(list) == 0 {
		return nil, fault.Newf(fault.NotFound, "discover", domain, "no mail servers found")
	}
	return list, nil
}

func or(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}

// cut takes an address apart; the domain comes as ASCII, lower case.
func cut(email string) (local, domain string, ok bool) {
	email = strings.TrimSpace(email)
	i := strings.LastIndexByte(email, '@')
	if i <= 0 || i == len(email)-1 || strings.ContainsAny(email, " <>\r\n\t\"") {
		return "", "", false
	}
	domain, err := idna.Lookup.ToASCII(strings.ToLower(email[i+1:]))
	if err != nil || net.ParseIP(domain) != nil {
		return "", "", false
	}
	return email[:i], domain, true
}

func (p provider) candidate(source, email, local string) Candidate {
	login := email
	if p.local {
		login = local
	}
	server := func(s string, port int) Server {
		if host, num, err := net.SplitHostPort(s); err == nil {
			n, _ := strconv.Atoi(num) // our own table
			return Server{Host: host, Port: n, StartTLS: n == 587, Login: login}
		}
		return Server{Host: s, Port: port, Login: login}
	}
	return Candidate{Source: source, IMAP: server(p.imap, 993), SMTP: server(p.smtp, 465), SavesSent: p.savesSent, OAuth: p.oauth}
}

type finder struct {
	o                    Options
	email, local, domain string
	client               *http.Client
}

// clientConfig is the file format of autoconfig, as far as it is used.
type clientConfig struct {
	Provider struct {
		Incoming []autoServer `xml:"incomingServer"`
		Outgoing []autoServer `xml:"outgoingServer"`
	} `xml:"emailProvider"`
}

type autoServer struct {
	Type     string   `xml:"type,attr"`
	Hostname string   `xml:"hostname"`
	Port     int      `xml:"port"`
	Socket   string   `xml:"socketType"`
	Username string   `xml:"username"`
	Auth     []string `xml:"authentication"`
}

func (f finder) autoconfig(ctx context.Context, source, address string) []Candidate {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return nil
	}
	c, ok := f.read(data)
	if !ok {
		return nil
	}
	c.Source = source
	return []Candidate{c}
}

// read takes the first encrypted IMAP and SMTP server of an autoconfig file, TLS
// from the first byte before STARTTLS.
func (f finder) read(data []byte) (c Candidate, ok bool) {
	var cfg clientConfig
	if xml.Unmarshal(data, &cfg) != nil {
		return c, false
	}
	in, ok1, oauth := f.pick(cfg.Provider.Incoming, "imap")
	out, ok2, _ := f.pick(cfg.Provider.Outgoing, "smtp")
	return Candidate{IMAP: in, SMTP: out, OAuth: oauth}, ok1 && ok2
}

func (f finder) pick(list []autoServer, kind string) (s Server, ok, oauthOnly bool) {
	for _, socket := range []string{"SSL", "STARTTLS"} {
		for _, a := range list {
			host, err := idna.Lookup.ToASCII(strings.ToLower(strings.TrimSpace(f.fill(a.Hostname))))
			if !strings.EqualFold(a.Type, kind) || !strings.EqualFold(strings.TrimSpace(a.Socket), socket) || err != nil || host == "" || a.Port <= 0 || a.Port > 65535 {
				continue
			}
			login := strings.TrimSpace(f.fill(a.Username))
			if login == "" {
				login = f.email
			}
			password := len(a.Auth) == 0
			for _, x := range a.Auth {
				password = password || strings.HasPrefix(strings.TrimSpace(x), "password")
			}
			return Server{Host: host, Port: a.Port, StartTLS: socket == "STARTTLS", Login: login}, true, !password
		}
	}
	return s, false, false
}

func (f finder) fill(s string) string {
	return strings.NewReplacer("%EMAILADDRESS%", f.email, "%EMAILLOCALPART%", f.local, "%EMAILDOMAIN%", f.domain).Replace(s)
}

func (f finder) ispdb(ctx context.Context, domain string) []Candidate {
	if f.o.ISPDB == "-" {
		return nil
	}
	return f.autoconfig(ctx, "ispdb", f.o.ISPDB+url.PathEscape(domain))
}

// mx looks who receives the domain's mail: a provider of our table, or one that
// the public database knows.
func (f finder) mx(ctx context.Context) []Candidate {
	list, err := f.o.Resolver.LookupMX(ctx, f.domain)
	if err != nil || len(list) == 0 {
		return nil
	}
	base := baseDomain(strings.TrimSuffix(strings.ToLower(list[0].Host), "."))
	if d, ok := byMX[base]; ok {
		c := byDomain[d].candidate("mx", f.email, f.email)
		c.IMAP.Login, c.SMTP.Login = f.email, f.email
		return []Candidate{c}
	}
	if base == "" || base == f.domain {
		return nil
	}
	out := f.ispdb(ctx, base)
	for i := range out {
		out[i].Source = "mx"
	}
	return out
}

func baseDomain(host string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return d
}

// srv asks DNS (RFC 6186, RFC 8314).
func (f finder) srv(ctx context.Context) []Candidate {
	first := func(services ...string) (s Server, ok bool) {
		for _, service := range services {
			_, list, err := f.o.Resolver.LookupSRV(ctx, service, "tcp", f.domain)
			if err != nil || len(list) == 0 {
				continue
			}
			host := strings.TrimSuffix(strings.ToLower(list[0].Target), ".")
			if host == "" { // ".": decidedly not offered
				continue
			}
			return Server{Host: host, Port: int(list[0].Port), StartTLS: service == "imap" || service == "submission", Login: f.email}, true
		}
		return s, false
	}
	in, ok1 := first("imaps", "imap")
	out, ok2 := first("submissions", "submission")
	if !ok1 || !ok2 {
		return nil
	}
	own := baseDomain(f.domain)
	return []Candidate{{Source: "srv", IMAP: in, SMTP: out, Foreign: baseDomain(in.Host) != own || baseDomain(out.Host) != own}}
}

// guess tries the usual names; only what answers with a proven certificate counts.
func (f finder) guess(ctx context.Context) []Candidate {
	in, ok := f.probe(ctx, []string{"imap." + f.domain, "mail." + f.domain, f.domain}, []Server{{Port: f.o.IMAPS}})
	if !ok {
		return nil
	}
	out, ok := f.probe(ctx, []string{"smtp." + f.domain, "mail." + f.domain, f.domain}, []Server{{Port: f.o.SMTPS}, {Port: f.o.Submission, StartTLS: true}})
	if !ok {
		return nil
	}
	return []Candidate{{Source: "guess", IMAP: in, SMTP: out}}
}

// probe tries all at once and takes the first in order that answers.
func (f finder) probe(ctx context.Context, hosts []string, ports []Server) (Server, bool) {
	var list []Server
	for _, p := range ports {
		for _, h := range hosts {
			list = append(list, Server{Host: h, Port: p.Port, StartTLS: p.StartTLS, Login: f.email})
		}
	}
	answers := make([]bool, len(list))
	var g errgroup.Group
	for i, s := range list {
		g.Go(func() error {
			var c net.Conn
			var err error
			if s.StartTLS { // its certificate is proven when it is used
				c, err = f.o.Network.Dial(ctx, s.Host, s.Port)
			} else {
				c, err = f.o.Network.DialTLS(ctx, s.Host, s.Port, connect.TLSOptions{})
			}
			if err == nil {
				answers[i] = true
				return c.Close()
			}
			return nil
		})
	}
	_ = g.Wait() // closing a probe's connection
	for i, ok := range answers {
		if ok {
			return list[i], true
		}
	}
	return Server{}, false
}
