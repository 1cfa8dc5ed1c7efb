package webdav

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/httpwatch"
)

// request is one question to the server.
type request struct {
	op     string // for faults
	method string
	url    *url.URL
	header http.Header
	body   []byte
	long   bool // the server may work on it for a while
}

// maxRedirects bounds how often an answer may point elsewhere.
const maxRedirects = 5

// do sends a request, with the login, following redirects that stay with the
// same server: the password never goes anywhere else.
func (f *FS) do(ctx context.Context, q request) (*http.Response, error) {
	u := q.url
	for redirects, logins := 0, 0; ; {
		req, err := http.NewRequestWithContext(ctx, q.method, u.String(), bytes.NewReader(q.body))
		if err != nil {
			return nil, fault.New(fault.Internal, q.op, f.p.Site.Host, err)
		}
		req.URL = u
		for k, v := range q.header {
			req.Header[k] = v
		}
		t := f.short
		if q.long {
			t = f.long
		}
		r, sent, err := f.send(t, req)
		if err != nil {
			return nil, f.fail(ctx, q.op, err)
		}
		switch r.StatusCode {
		case http.StatusUnauthorized:
			logins++
			if logins > 2 || !f.auth.learn(r, sent) {
				httpwatch.Discard(r)
				return nil, f.status(q.op, r)
			}
			httpwatch.Discard(r)
			continue
		case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			httpwatch.Discard(r)
			redirects++
			if u, err = f.redirected(q, u, r, redirects); err != nil {
				return nil, err
			}
			continue
		}
		return r, nil
	}
}

// redirected gives the place that an answer points to, if it may be followed:
// on the same server, and for what changes something only to the name with or
// without a slash at its end.
func (f *FS) redirected(q request, from *url.URL, r *http.Response, n int) (*url.URL, error) {
	next, err := from.Parse(r.Header.Get("Location"))
	if err != nil || n > maxRedirects || next.Scheme != from.Scheme || !strings.EqualFold(next.Host, from.Host) || next.User != nil {
		fa := fault.Newf(fault.Protocol, q.op, f.p.Site.Host, "it points to another place")
		fa.Said = fault.CleanLine(r.Status)
		return nil, fa
	}
	slash := strings.TrimSuffix(next.Path, "/") == strings.TrimSuffix(from.Path, "/")
	switch {
	case q.method == http.MethodGet && slash && strings.HasSuffix(next.Path, "/"):
		return nil, fault.Newf(fault.Unsupported, q.op, f.p.Site.Host, "%s is a folder", from.Path)
	case !slash && q.method != http.MethodGet && q.method != "PROPFIND":
		return nil, fault.Newf(fault.Protocol, q.op, f.p.Site.Host, "%s points to another path", q.method)
	}
	return next, nil
}

// send adds what every request carries and notes how long the answer took. sent
// is the login that went along.
func (f *FS) send(t *http.Transport, req *http.Request) (r *http.Response, sent string, err error) {
	req.Header.Set("User-Agent", "Guichet")
	req.Header.Set("Accept-Encoding", "identity")
	if err := f.auth.apply(req); err != nil {
		return nil, "", err
	}
	sent = req.Header.Get("Authorization")
	began := time.Now()
	watched := httpwatch.Transport{Base: t, Silence: silence, Host: f.p.Site.Host}
	r, err = watched.RoundTrip(req)
	if err != nil {
		return nil, sent, err
	}
	if sent != "" && r.StatusCode != http.StatusUnauthorized {
		f.auth.accepted(r)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rtt = time.Since(began)
	f.server = fault.CleanLine(r.Header.Get("Server"))
	if r.TLS != nil {
		f.version = map[uint16]string{0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}[r.TLS.Version]
	}
	return r, sent, nil
}

// status turns an answer that is no success into a fault.
func (f *FS) status(op string, r *http.Response) error {
	kind := fault.Protocol
	switch code := r.StatusCode; {
	case code == http.StatusUnauthorized:
		return &fault.Fault{Kind: fault.Login, Op: op, Host: f.p.Site.Host, Step: "login", Said: fault.CleanLine(r.Status)}
	case code == http.StatusForbidden:
		kind = fault.Permission
	case code == http.StatusNotFound, code == http.StatusGone:
		kind = fault.NotFound
	case code == http.StatusConflict:
		kind = fault.NotFound // the folder that should hold it is not there
	case code == http.StatusPreconditionFailed:
		kind = fault.Exists
	case code == http.StatusMethodNotAllowed, code == http.StatusNotImplemented, code == http.StatusUnsupportedMediaType,
		code == http.StatusLengthRequired:
		kind = fault.Unsupported
	case code == http.StatusLocked, code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		kind = fault.Busy
	case code == http.StatusInsufficientStorage:
		kind = fault.Full
	case code == http.StatusRequestEntityTooLarge:
		kind = fault.TooBig
	case code == http.StatusRequestTimeout, code == http.StatusGatewayTimeout:
		kind = fault.Timeout
	}
	fa := &fault.Fault{Kind: kind, Op: op, Host: f.p.Site.Host, Said: fault.CleanLine(r.Status)}
	if s, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && kind == fault.Busy && s >= 0 && s < 86400 {
		fa.After = time.Duration(s) * time.Second
	}
	if told := explanation(r); told != "" {
		fa.Said = fault.CleanLine(r.Status + ": " + told)
	}
	return fa
}

// explanation reads what a server built on sabre/dav (Nextcloud is one) says
// about a refusal.
func explanation(r *http.Response) string {
	if r.Body == nil || !strings.Contains(r.Header.Get("Content-Type"), "xml") {
		return ""
	}
	var e struct {
		Message string `xml:"http://sabredav.org/ns message"`
	}
	if xml.NewDecoder(io.LimitReader(r.Body, 16<<10)).Decode(&e) != nil {
		return ""
	}
	return strings.TrimSpace(e.Message)
}

func (f *FS) fail(ctx context.Context, op string, err error) error {
	if cerr := ctx.Err(); cerr != nil {
		err = cerr
	}
	return fault.From(op, f.p.Site.Host, err)
}

// simple is do for requests whose answer is its status alone.
func (f *FS) simple(ctx context.Context, q request) (http.Header, error) {
	r, err := f.do(ctx, q)
	if err != nil {
		return nil, err
	}
	defer httpwatch.Discard(r)
	switch r.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		return r.Header, nil
	case http.StatusMultiStatus:
		// Something below refused (RFC 4918 sections 9.6.1 and 9.9.4).
		kind := fault.Permission
		body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
		if err == nil && strings.Contains(string(body), " 423 ") {
			kind = fault.Busy
		}
		return nil, fault.Newf(kind, q.op, f.p.Site.Host, "a part was refused")
	case http.StatusLocked:
		return nil, f.lockedBy(ctx, q, r)
	}
	return nil, f.status(q.op, r)
}

// destination is how a server wants the Destination of MOVE and COPY.
type destination int

// The forms of a Destination. RFC 4918 section 10.3 allows the last as well, but
// old servers want the whole address; behind a proxy that takes the TLS off the
// server thinks of itself as one without.
const (
	absolute destination = iota
	inClear
	pathOnly
	destinations
)

func (d destination) of(u *url.URL) string {
	switch d {
	case inClear:
		c := *u
		c.Scheme = "http"
		return c.String()
	case pathOnly:
		return u.EscapedPath()
	}
	return u.String()
}

// relocate is MOVE or COPY. A server behind a proxy that rewrites the host's
// name takes the usual Destination for another server's (502, or 400 from
// Apache): other forms are tried then, and the one that worked is remembered.
func (f *FS) relocate(ctx context.Context, q request, to *url.URL) error {
	f.mu.Lock()
	first := f.dest
	f.mu.Unlock()
	var refused error
	for i := range destinations {
		form := (first + i) % destinations
		if form == inClear && to.Scheme == "http" {
			continue
		}
		try := q
		try.header = q.header.Clone()
		try.header.Set("Destination", form.of(to))
		_, err := f.simple(ctx, try)
		if err == nil {
			f.mu.Lock()
			f.dest = form
			f.mu.Unlock()
			return nil
		}
		if fa := fault.From(q.op, "", err); fa.Kind != fault.Protocol || !strings.HasPrefix(fa.Said, "502") && !strings.HasPrefix(fa.Said, "400") {
			return err
		}
		if refused == nil {
			refused = err
		}
	}
	return refused
}

// addresses gives the URLs of two places.
func (f *FS) addresses(op string, from, to files.Path) (*url.URL, *url.URL, error) {
	u, err := f.target(op, from, false)
	if err != nil {
		return nil, nil, err
	}
	d, err := f.target(op, to, false)
	return u, d, err
}
