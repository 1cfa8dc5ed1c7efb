// Package fetch loads addresses for the browser: redirects, cookies, the cache,
// strict transport security, decoding, logins and limits, over a transport
// that package connect makes.
package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/web/cookies"
	"guichet/services/web/httpcache"
	"guichet/services/web/sniff"
)

// Params are what a Loader is made of.
type Params struct {
	Transport http.RoundTripper
	Jar       *cookies.Jar
	Cache     *httpcache.Cache // nil: none
	HSTS      *HSTS
	Logins    *Logins
	UserAgent string
	Languages func() []string // for Accept-Language; nil: none
	Idle      time.Duration   // how long a server may be silent; 0: 30 s
	MaxBytes  int64           // of a decoded body; 0: 50 MB
	Now       func() time.Time
}

// Loader loads addresses. It is safe for concurrent use.
type Loader struct{ p Params }

// New makes a Loader.
func New(p Params) *Loader {
	if p.Idle == 0 {
		p.Idle = 30 * time.Second
	}
	if p.MaxBytes == 0 {
		p.MaxBytes = 50 << 20
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Jar == nil {
		p.Jar = cookies.New(nil, nil, p.Now)
	}
	if p.HSTS == nil {
		p.HSTS = NewHSTS(nil, nil, p.Now)
	}
	if p.Logins == nil {
		p.Logins = NewLogins()
	}
	return &Loader{p: p}
}

// Kind says what a request is for; it decides on Accept and on limits.
type Kind int

// The kinds.
const (
	Document Kind = iota
	Style
	Image
	// File is kept as it comes: not decoded, not cached, without a size limit.
	File
)

// Request is one thing to load.
type Request struct {
	Method      string // "": GET
	URL         *url.URL
	Header      http.Header // added to ours
	ContentType string      // of the body
	Body        func() (io.ReadCloser, error)
	Length      int64 // of the body; -1 unknown
	Referrer    *url.URL
	// Top is the page that this is a part of; nil for a page itself.
	Top *url.URL
	// Initiator is the page that asked for a navigation; nil where a person did.
	Initiator *url.URL
	Kind      Kind
	Cache     httpcache.Mode
	// AllowInsecure lets a redirect lead from TLS to clear text: a person said so.
	AllowInsecure bool
}

// Response is an answer. Its Body is decoded, watched for silence and bounded,
// and gives faults.
type Response struct {
	URL       *url.URL // after redirects
	Method    string   // after redirects
	Status    int
	Header    http.Header
	MediaType string // computed, see package sniff
	Body      io.ReadCloser
	// Length is how many bytes Body gives, -1 where that is unknown.
	Length int64
	Secure bool
	Cache  httpcache.Result
	// Encoded is set for a File whose server encoded it all the same.
	Encoded bool
}

// InsecureQuestion is the Question of a fault: a person may go on in clear text to URL.
type InsecureQuestion struct{ URL string }

const maxRedirects = 20

// Open starts to load r: it returns when the final answer's header and first
// bytes are there. Faults: those of connect; Timeout; Protocol for more than
// 20 redirects; Login with a *LoginQuestion; Unsupported for other schemes. An
// HTTP error status is no fault; see StatusFault.
func (l *Loader) Open(ctx context.Context, r Request) (*Response, error) {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.URL.Scheme == "data" {
		return dataURL(r.URL)
	}
	ctx, watch := newGuard(ctx, l.p.Idle)
	resp, err := l.follow(ctx, watch, r)
	if err != nil {
		err = watch.blame(err)
		watch.stop()
		return nil, fault.From("fetch", r.URL.Host, err)
	}
	return resp, nil
}

// follow goes from redirect to redirect.
func (l *Loader) follow(ctx context.Context, watch *guard, r Request) (*Response, error) {
	for hops := 0; ; hops++ {
		if hops > maxRedirects {
			return nil, fault.Newf(fault.Protocol, "redirect", r.URL.Host, "more than %d redirects", maxRedirects)
		}
		r.URL = l.secured(r)
		if err := allowed(r); err != nil {
			return nil, err
		}
		resp, result, err := l.hop(ctx, watch, r)
		if err != nil {
			return nil, fault.From("fetch", r.URL.Host, err)
		}
		if err := watch.gone(); err != nil { // an answer to our hanging up
			drain(resp)
			return nil, watch.blame(err)
		}
		next, err := redirect(r, resp)
		if err != nil {
			drain(resp)
			return nil, err
		}
		if next == nil {
			return l.finish(watch, r, resp, result)
		}
		drain(resp)
		r = *next
	}
}

// secured is r's URL, brought to HTTPS where the host asked for that before or
// where r is a part of a page that came safely.
func (l *Loader) secured(r Request) *url.URL {
	if r.URL.Scheme != "http" || cookies.Trustworthy(r.URL) {
		return r.URL
	}
	if l.p.HSTS.Known(r.URL.Hostname()) || r.Top != nil && r.Top.Scheme == "https" {
		u := *r.URL
		u.Scheme = "https"
		if u.Port() == "80" {
			u.Host = u.Hostname()
		}
		return &u
	}
	return r.URL
}

// allowed refuses what is not HTTP, and the ports of other protocols where a
// page, not a person, chose the address.
func allowed(r Request) error {
	switch {
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		return fault.Newf(fault.Unsupported, "fetch", r.URL.Host, "scheme %q", r.URL.Scheme)
	case r.URL.Hostname() == "":
		return fault.Newf(fault.NameNotFound, "fetch", "", "no host in %q", fault.CleanURL(r.URL))
	}
	if r.Top == nil && r.Initiator == nil {
		return nil
	}
	if port, err := strconv.Atoi(r.URL.Port()); err == nil && badPorts[port] {
		return fault.Newf(fault.Permission, "fetch", r.URL.Host, "port %d belongs to another protocol", port)
	}
	return nil
}

// badPorts are the ports of other protocols that understand enough of an HTTP
// request to be harmed by one (Fetch standard, section 2.9, the common ones).
var badPorts = map[int]bool{
	7: true, 9: true, 21: true, 22: true, 23: true, 25: true, 53: true, 79: true, 110: true, 111: true, 119: true, 123: true,
	135: true, 137: true, 139: true, 143: true, 389: true, 427: true, 465: true, 512: true, 513: true, 514: true, 515: true,
	548: true, 554: true, 563: true, 587: true, 601: true, 636: true, 989: true, 990: true, 993: true, 995: true,
	1719: true, 1720: true, 1723: true, 2049: true, 3659: true, 4045: true, 5060: true, 5061: true, 6000: true,
	6566: true, 6665: true, 6666: true, 6667: true, 6668: true, 6669: true, 6679: true, 6697: true,
}

// hop makes one request, once more with a login where the server asks for one
// that is known.
func (l *Loader) hop(ctx context.Context, watch *guard, r Request) (*http.Response, httpcache.Result, error) {
	for try := 0; ; try++ {
		req, err := l.request(ctx, watch, r)
		if err != nil {
			return nil, httpcache.Result{}, err
		}
		sent := l.p.Logins.apply(req)
		resp, result, err := l.send(req, r)
		if err != nil {
			return nil, result, err
		}
		l.received(r, req, resp, result)
		if resp.StatusCode != http.StatusUnauthorized {
			return resp, result, nil
		}
		again, question := l.p.Logins.challenge(req, resp, sent)
		switch {
		case again && try < 2:
			drain(resp)
			continue
		case question != nil && r.Top == nil:
			drain(resp)
			f := fault.Newf(fault.Login, "fetch", r.URL.Host, "status 401, realm %q", question.Realm)
			f.Question, f.Step = question, "login"
			return nil, result, f
		}
		return resp, result, nil
	}
}

func (l *Loader) send(req *http.Request, r Request) (*http.Response, httpcache.Result, error) {
	if l.p.Cache == nil || r.Kind == File {
		resp, err := l.p.Transport.RoundTrip(req)
		return resp, httpcache.Result{Outcome: httpcache.Miss}, err
	}
	o := httpcache.Options{Mode: r.Cache, Partition: cookies.Site(r.URL.Hostname())}
	if r.Top != nil {
		o.Partition = cookies.Site(r.Top.Hostname())
	}
	return l.p.Cache.Do(req, o, l.p.Transport)
}

// received takes what a response says beside its body.
func (l *Loader) received(r Request, req *http.Request, resp *http.Response, result httpcache.Result) {
	if result.Outcome == httpcache.Hit || result.Outcome == httpcache.Stale {
		return
	}
	l.p.Jar.Set(jarRequest(r), resp.Header.Values("Set-Cookie"))
	if req.URL.Scheme == "https" {
		l.p.HSTS.Learn(req.URL.Hostname(), resp.Header.Get("Strict-Transport-Security"))
	}
}

func jarRequest(r Request) cookies.Request {
	return cookies.Request{URL: r.URL, Top: r.Top, Initiator: r.Initiator, Method: r.Method}
}

var accept = map[Kind]string{
	Document: "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
	Style:    "text/css,*/*;q=0.1",
	Image:    "image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
	File:     "*/*",
}

func (l *Loader) request(ctx context.Context, watch *guard, r Request) (*http.Request, error) {
	u := *r.URL
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), nil)
	if err != nil {
		return nil, fault.New(fault.Protocol, "fetch", r.URL.Host, err)
	}
	req.Header = http.Header{}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", l.p.UserAgent)
	req.Header.Set("Accept", accept[r.Kind])
	req.Header.Set("Accept-Encoding", "gzip, deflate, br")
	if r.Kind == File {
		// What is resumed by byte ranges must be the same bytes each time.
		req.Header.Set("Accept-Encoding", "identity")
	}
	if l.p.Languages != nil {
		if v := acceptLanguage(l.p.Languages()); v != "" {
			req.Header.Set("Accept-Language", v)
		}
	}
	if ref := referrer(r.Referrer, r.URL); ref != "" {
		req.Header.Set("Referer", ref)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Initiator != nil {
		req.Header.Set("Origin", origin(r.Initiator))
	}
	if c := l.p.Jar.Header(jarRequest(r)); c != "" {
		req.Header.Set("Cookie", c)
	}
	if r.Body != nil {
		body, err := r.Body()
		if err != nil {
			return nil, fault.From("read form", "", err)
		}
		req.Body, req.ContentLength = watched{body, watch}, r.Length
		req.Header.Set("Content-Type", r.ContentType)
	}
	return req, nil
}

// acceptLanguage weighs languages from 1 downwards (RFC 9110, section 12.5.4).
func acceptLanguage(tags []string) string {
	var b strings.Builder
	for i, t := range tags {
		if i == 5 {
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(t)
		if i > 0 {
			b.WriteString(";q=0." + strconv.Itoa(9-i))
		}
	}
	return b.String()
}

// finish decodes, sniffs and bounds the final answer's body.
func (l *Loader) finish(watch *guard, r Request, resp *http.Response, result httpcache.Result) (*Response, error) {
	out := &Response{
		URL: r.URL, Method: r.Method, Status: resp.StatusCode, Header: resp.Header, Length: resp.ContentLength,
		Secure: cookies.Trustworthy(r.URL), Cache: result,
	}
	body := &stream{from: resp.Body, raw: watched{resp.Body, watch}, watch: watch, host: r.URL.Host}
	encoding := resp.Header.Get("Content-Encoding")
	if encoding != "" && !strings.EqualFold(encoding, "identity") {
		out.Encoded, out.Length = true, -1
		if err := body.decode(encoding); err != nil {
			body.Close()
			return nil, err
		}
	}
	if r.Kind != File {
		if out.Length > l.p.MaxBytes {
			body.Close()
			return nil, fault.Newf(fault.TooBig, "fetch", r.URL.Host, "%d bytes, the limit is %d", out.Length, l.p.MaxBytes)
		}
		body.left = l.p.MaxBytes
	} else {
		body.left = -1
	}
	head := make([]byte, sniff.Head)
	n, err := io.ReadFull(body, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		body.Close()
		return nil, err
	}
	out.MediaType = sniff.Type(resp.Header.Get("Content-Type"), strings.EqualFold(strings.TrimSpace(resp.Header.Get("X-Content-Type-Options")), "nosniff"), head[:n])
	out.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head[:n]), body), body}
	return out, nil
}

// All loads r with its whole body. progress, if not nil, is told how much has
// come, of how much where that is known, else -1.
func (l *Loader) All(ctx context.Context, r Request, progress func(done, all int64)) (*Response, []byte, error) {
	resp, err := l.Open(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	data, err := resp.All(progress)
	return resp, data, err
}

// All reads the whole body and closes it.
func (r *Response) All(progress func(done, all int64)) ([]byte, error) {
	var buf bytes.Buffer
	if r.Length > 0 {
		buf.Grow(int(min(r.Length, 1<<20)) + bytes.MinRead)
	}
	chunk := make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(chunk)
		buf.Write(chunk[:n])
		if progress != nil {
			progress(int64(buf.Len()), r.Length)
		}
		if err != nil {
			cerr := r.Body.Close()
			if !errors.Is(err, io.EOF) {
				return buf.Bytes(), fault.From("fetch", r.URL.Host, err)
			}
			return buf.Bytes(), fault.OrNil("fetch", cerr)
		}
	}
}

// StatusFault is the fault that an HTTP error status means, nil for success.
func StatusFault(status int, h http.Header, host string) *fault.Fault {
	if status < 400 {
		return nil
	}
	kind := fault.Protocol
	switch {
	case status == 401, status == 407:
		kind = fault.Login
	case status == 403, status == 451:
		kind = fault.Permission
	case status == 404, status == 410:
		kind = fault.NotFound
	case status == 408, status == 504:
		kind = fault.Timeout
	case status == 413, status == 414:
		kind = fault.TooBig
	case status == 429, status == 503, status == 509:
		kind = fault.Busy
	case status == 507:
		kind = fault.Full
	case status == 405, status == 406, status == 415, status == 416, status == 501:
		kind = fault.Unsupported
	case status < 500:
		kind = fault.Permission
	}
	f := fault.Newf(kind, "fetch", host, "HTTP status %d", status)
	f.Step = "protocol"
	f.Said = strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s > 0 && s < 7*24*3600 {
		f.After = time.Duration(s) * time.Second
	} else if t, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		f.After = max(0, time.Until(t))
	}
	return f
}
