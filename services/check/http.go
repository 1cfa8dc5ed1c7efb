package check

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"guichet/services/connect"
	"guichet/services/fault"
)

// headerLimit bounds the header of an answer, in bytes.
const headerLimit = 256 << 10

// web asks for the URL itself.
func (d *diagnosis) web(ctx context.Context) error {
	if err := d.httpLayer(ctx, "https"); err != nil {
		return err
	}
	return d.conversation(ctx, "http", func(ctx context.Context, t *httpTalk) error {
		a, err := t.ask(ctx, http.MethodHead, nil)
		if err == nil && (a.StatusCode == http.StatusMethodNotAllowed || a.StatusCode == http.StatusNotImplemented) {
			a, err = t.ask(ctx, http.MethodGet, nil)
		}
		if err != nil {
			return err
		}
		return t.judge(ctx, a, http.MethodHead)
	})
}

// webDAV asks for WebDAV's abilities (RFC 4918 section 10.1), then for the
// properties of the URL.
func (d *diagnosis) webDAV(ctx context.Context) error {
	if err := d.httpLayer(ctx, "davs"); err != nil {
		return err
	}
	return d.conversation(ctx, "dav", func(ctx context.Context, t *httpTalk) error {
		a, err := t.ask(ctx, "PROPFIND", http.Header{"Depth": {"0"}})
		if err != nil {
			return err
		}
		if a.StatusCode == http.StatusMethodNotAllowed || a.StatusCode == http.StatusNotImplemented {
			f := fault.Newf(fault.Unsupported, "check", d.host, "no WebDAV here")
			f.Said = a.said()
			return f
		}
		if a.StatusCode == http.StatusOK && !strings.Contains(a.Header.Get("DAV"), "1") {
			return d.other("dav", "http", a.said())
		}
		return t.judge(ctx, a, "PROPFIND")
	})
}

// httpLayer speaks TLS where the scheme wants it.
func (d *diagnosis) httpLayer(ctx context.Context, secure string) error {
	if d.url.Scheme != secure {
		return nil
	}
	return d.secure(ctx, true, "http/1.1")
}

func (d *diagnosis) conversation(ctx context.Context, expected string, work func(context.Context, *httpTalk) error) error {
	t := &httpTalk{d: d, r: bufio.NewReader(d.conn), expected: expected}
	if err := d.during(ctx, Protocol, func(ctx context.Context) error { return work(ctx, t) }); err != nil {
		return err
	}
	d.spoke(expected)
	return nil
}

type httpTalk struct {
	d        *diagnosis
	r        *bufio.Reader
	expected string
	// authorization gives the header of that name; nil: none.
	authorization func(method, uri string) string
	// sign adds what a request must carry where that is more than one header; nil:
	// nothing.
	sign func(*http.Request)
}

type httpAnswer struct {
	*http.Response
	start []byte // of the body
}

func (a *httpAnswer) said() string { return fault.CleanLine(a.Proto + " " + a.Status) }

// ask sends a request without a body and reads the answer's header and the
// start of its body.
func (t *httpTalk) ask(ctx context.Context, method string, header http.Header) (*httpAnswer, error) {
	u := *t.d.url
	u.User, u.Fragment = nil, ""
	u.Scheme = map[string]string{"dav": "http", "davs": "https", "s3+http": "http", "s3": "https"}[u.Scheme]
	if u.Scheme == "" {
		u.Scheme = t.d.url.Scheme
	}
	if u.Path == "" {
		u.Path = "/"
	}
	request := &http.Request{Method: method, URL: &u, Host: u.Host, Header: header.Clone(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if request.Header == nil {
		request.Header = http.Header{}
	}
	request.Header.Set("User-Agent", "Guichet")
	request.Header.Set("Accept", "*/*")
	if t.authorization != nil {
		request.Header.Set("Authorization", t.authorization(method, u.RequestURI()))
	}
	if t.sign != nil {
		t.sign(request)
	}
	if err := request.Write(t.d.conn); err != nil {
		return nil, err
	}
	first, err := t.r.Peek(5)
	if err != nil && len(first) == 0 {
		if errors.Is(err, io.EOF) && t.d.steps[TLS].State != OK && t.d.silentProtocol(ctx) == "tls" {
			return nil, t.d.other(t.expected, "tls", "")
		}
		return nil, err
	}
	if found := recognise(first); found != "http" {
		more, err := t.r.Peek(t.r.Buffered())
		if err != nil {
			return nil, err
		}
		if found = recognise(more); found == "220" {
			found = "ftp"
		}
		if found != "" {
			return nil, t.d.other(t.expected, found, printable(more))
		}
		f := fault.Newf(fault.Protocol, "check", t.d.host, "no answer in HTTP")
		f.Said = fault.CleanLine(printable(more))
		t.d.at(Protocol).Expected = t.expected
		return nil, f
	}
	// The limit is the reader's end for this connection: nothing long follows.
	t.r = bufio.NewReader(io.LimitReader(t.r, headerLimit))
	answer, err := http.ReadResponse(t.r, request)
	if err != nil {
		if f := fault.From("check", t.d.host, err); f.Kind == fault.Internal {
			err = fault.New(fault.Protocol, "check", t.d.host, err)
		}
		return nil, err
	}
	a := &httpAnswer{Response: answer}
	if method != http.MethodHead {
		a.start, err = io.ReadAll(io.LimitReader(answer.Body, 4<<10))
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, err
		}
	}
	t.d.at(Protocol).Said = a.said()
	return a, nil
}

// judge decides by the status, after a login where the server wants one and
// the connection is safe.
func (t *httpTalk) judge(ctx context.Context, a *httpAnswer, method string) error {
	d := t.d
	if a.StatusCode == http.StatusBadRequest && d.steps[TLS].State != OK && t.wantsTLS(ctx, a) {
		return d.other(t.expected, "tls", a.said())
	}
	if a.StatusCode == http.StatusUnauthorized && t.authorization == nil {
		switch {
		case d.guest(), d.o.AllowClear && d.steps[TLS].State != OK:
			return nil // the server is there and asks who we are
		case d.steps[TLS].State != OK:
			d.at(TLS)
			return fault.Newf(fault.Unsupported, "check", d.host, "no TLS, and no password in clear text")
		}
		return t.tryLogin(ctx, method, a.Header.Values("WWW-Authenticate"))
	}
	kind := fault.Kind("")
	switch code := a.StatusCode; {
	case code < 400:
		return nil
	case code == http.StatusForbidden:
		kind = fault.Permission
	case code == http.StatusNotFound, code == http.StatusGone:
		kind = fault.NotFound
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		kind = fault.Busy
	case code == http.StatusProxyAuthRequired:
		kind = fault.Login
	case code < 500:
		kind = fault.Unsupported
	default:
		kind = fault.Protocol
	}
	f := fault.New(kind, "check", d.host, nil)
	f.Said = a.said()
	return f
}

// wantsTLS reports whether the answer to a request in clear text is "speak
// TLS": servers say so in their own words, so that TLS is tried.
func (t *httpTalk) wantsTLS(ctx context.Context, a *httpAnswer) bool {
	return bytes.Contains(bytes.ToUpper(a.start), []byte("HTTPS")) || t.d.silentProtocol(ctx) == "tls"
}

// tryLogin opens a new connection for the request with the name and password:
// the old one may be at its end.
func (t *httpTalk) tryLogin(ctx context.Context, method string, challenges []string) error {
	d := t.d
	password, ok, err := d.secret(ctx)
	if err != nil {
		return err
	}
	if !ok {
		d.at(Protocol)
		return nil
	}
	authorization := authorize(challenges, d.o.User, password)
	if authorization == nil {
		return fault.Newf(fault.Unsupported, "login", d.host, "no way to log in by password: %s", fault.CleanLine(strings.Join(challenges, ", ")))
	}
	if err := t.again(ctx); err != nil {
		return err
	}
	d.at(Login)
	t.authorization = authorization
	a, err := t.ask(ctx, method, http.Header{"Depth": {"0"}})
	d.at(Login)
	if err != nil {
		return err
	}
	if a.StatusCode == http.StatusUnauthorized {
		f := fault.New(fault.Login, "login", d.host, nil)
		f.Said = a.said()
		return f
	}
	d.next(Protocol)
	return t.judge(ctx, a, method)
}

// again opens a new connection for the next request, with TLS.
func (t *httpTalk) again(ctx context.Context) error {
	d := t.d
	_ = d.conn.Close() // its answer has been read
	c, err := d.n.DialFor(ctx, d.proxyScheme(), d.host, d.port)
	if err != nil {
		return err
	}
	d.conn = connect.NewDeadlineConn(ctx, c, d.o.Timeout)
	if err := d.secure(ctx, true, "http/1.1"); err != nil {
		return err
	}
	t.r = bufio.NewReader(d.conn)
	return nil
}
