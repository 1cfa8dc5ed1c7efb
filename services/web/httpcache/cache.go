// Package httpcache is a private HTTP cache on the disk by RFC 9111, with
// stale-if-error of RFC 5861. Entries are kept apart by the site on whose pages
// they were used, so that no site learns from another's cache.
package httpcache

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"guichet/services/fault"
)

// Mode says how far the cache may answer.
type Mode int

// The modes.
const (
	Normal Mode = iota
	// Reload asks the server whether what is stored still holds.
	Reload
	// Bypass neither reads nor writes the cache.
	Bypass
	// Prefer takes what is stored, however old: for the way back.
	Prefer
)

// Options say for whom a request is made.
type Options struct {
	Mode Mode
	// Partition is the site of the page that the request is for.
	Partition string
}

// Outcome tells where a response came from.
type Outcome string

// The outcomes.
const (
	Miss      Outcome = "miss"      // from the server
	Hit       Outcome = "hit"       // from the disk
	Validated Outcome = "validated" // from the disk, the server agreed
	Stale     Outcome = "stale"     // from the disk, too old, because the server could not be reached
)

// Result describes an answered request.
type Result struct {
	Outcome Outcome
	Stored  time.Time // when the response was made or last confirmed; zero for Miss
	// Err is, for Stale, why the server gave no better answer.
	Err error
}

// Do answers a request from the cache or through next. The response's body is
// to be read to its end for it to be stored, and closed. The error is next's.
func (c *Cache) Do(req *http.Request, o Options, next http.RoundTripper) (*http.Response, Result, error) {
	if o.Mode == Bypass || req.Header.Get("Range") != "" {
		resp, err := next.RoundTrip(req)
		return resp, Result{Outcome: Miss}, err
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		resp, err := next.RoundTrip(req)
		if err == nil && resp.StatusCode < 400 {
			c.invalidate(req, resp, o.Partition)
		}
		return resp, Result{Outcome: Miss}, err
	}
	if req.Method == http.MethodHead {
		resp, err := next.RoundTrip(req)
		return resp, Result{Outcome: Miss}, err
	}
	if o.Mode == Reload {
		req = req.Clone(req.Context())
		req.Header.Set("Cache-Control", "max-age=0")
	}
	key := keyOf(o.Partition, req.URL)
	e, err := c.find(req.Context(), key, req)
	if err != nil {
		if req.Context().Err() == nil { // a broken cache is none
			slog.Warn("reading the cache", "err", err)
		}
	}
	if e == nil {
		if parseDirectives(req.Header).has("only-if-cached") {
			return nil, Result{}, fault.Newf(fault.NotFound, "fetch", req.URL.Host, "not in the cache")
		}
		return c.fetch(req, key, next)
	}
	v := judge(e, req, c.p.Now())
	if o.Mode == Prefer || parseDirectives(req.Header).has("only-if-cached") {
		v = use
	}
	if v != validate {
		if resp, err := c.respond(req, e); err == nil {
			return resp, Result{Outcome: Hit, Stored: e.received}, nil
		}
		return c.fetch(req, key, next)
	}
	return c.validate(req, key, e, next)
}

// validate asks the server whether e still holds (RFC 9111, section 4.3).
func (c *Cache) validate(req *http.Request, key string, e *entry, next http.RoundTripper) (*http.Response, Result, error) {
	conditional := req.Clone(req.Context())
	tag, modified := e.header.Get("Etag"), e.header.Get("Last-Modified")
	if tag != "" {
		conditional.Header.Set("If-None-Match", tag)
	}
	if modified != "" {
		conditional.Header.Set("If-Modified-Since", modified)
	}
	requested := c.p.Now()
	resp, err := next.RoundTrip(conditional)
	stale := func(why error) (*http.Response, Result, bool) {
		old, rerr := c.respond(req, e)
		if rerr != nil {
			return nil, Result{}, false
		}
		return old, Result{Outcome: Stale, Stored: e.received, Err: why}, true
	}
	if err != nil {
		if req.Context().Err() == nil && unreachable(err) && mayServeStale(e) {
			if old, result, ok := stale(err); ok {
				return old, result, nil
			}
		}
		return nil, Result{}, err
	}
	switch {
	case resp.StatusCode == http.StatusNotModified && (tag != "" || modified != ""):
		if t := resp.Header.Get("Etag"); t != "" && tag != "" && weak(t) != weak(tag) {
			break // it speaks of another representation
		}
		drain(resp)
		e.header = freshen(e.header, resp.Header)
		e.requested, e.received = requested, c.p.Now()
		c.refresh(e)
		if old, err := c.respond(req, e); err == nil {
			return old, Result{Outcome: Validated, Stored: e.received}, nil
		}
		return c.fetch(req, key, next)
	case resp.StatusCode >= 500 && staleIfError(e, req, c.p.Now()):
		if old, result, ok := stale(fault.Newf(fault.Busy, "fetch", req.URL.Host, "status %d", resp.StatusCode)); ok {
			drain(resp)
			return old, result, nil
		}
	}
	if resp.StatusCode == http.StatusNotModified {
		drain(resp)
		return c.fetch(req, key, next)
	}
	return c.keep(req, key, resp, requested), Result{Outcome: Miss}, nil
}

// weak is an entity tag without its weakness: If-None-Match compares weakly
// (RFC 9110, section 13.1.2).
func weak(tag string) string {
	if len(tag) > 2 && tag[:2] == "W/" {
		return tag[2:]
	}
	return tag
}

func unreachable(err error) bool {
	switch fault.KindOf(err) {
	case fault.Offline, fault.NameNotFound, fault.Refused, fault.Timeout, fault.Protocol, fault.Busy:
		return true
	}
	return false
}

// drain lets the connection be used again.
func drain(resp *http.Response) {
	_, err := io.CopyN(io.Discard, resp.Body, 16<<10)
	if cerr := resp.Body.Close(); err != nil && err != io.EOF || cerr != nil {
		slog.Debug("draining a response", "err", err, "close", cerr)
	}
}

func (c *Cache) fetch(req *http.Request, key string, next http.RoundTripper) (*http.Response, Result, error) {
	requested := c.p.Now()
	resp, err := next.RoundTrip(req)
	if err != nil {
		return nil, Result{}, err
	}
	return c.keep(req, key, resp, requested), Result{Outcome: Miss}, nil
}

// keep arranges for resp to be stored once its body has been read.
func (c *Cache) keep(req *http.Request, key string, resp *http.Response, requested time.Time) *http.Response {
	if !storable(req, resp.StatusCode, resp.Header) || resp.ContentLength > c.p.MaxEntry {
		if resp.StatusCode < 500 { // what was stored does not hold any more
			c.drop(key)
		}
		return resp
	}
	resp.Body = &recorder{
		from: resp.Body, limit: c.p.MaxEntry,
		done: func(body []byte) {
			if resp.ContentLength >= 0 && int64(len(body)) != resp.ContentLength {
				return
			}
			if req.Context().Err() != nil { // a server that ends its answer because we hung up
				return
			}
			c.insert(&entry{
				key: key, status: resp.StatusCode, header: keptHeader(resp.Header), vary: varyOf(req, resp.Header),
				requested: requested, received: c.p.Now(), size: int64(len(body)),
			}, body)
		},
	}
	return resp
}

// respond makes a response of a stored one.
func (c *Cache) respond(req *http.Request, e *entry) (*http.Response, error) {
	body, err := c.body(req.Context(), e)
	if err != nil {
		slog.Warn("reading the cache", "err", err)
		return nil, err
	}
	c.touch(e)
	h := e.header.Clone()
	h.Set("Age", strconv.FormatInt(int64(age(e.header, e.requested, e.received, c.p.Now())/time.Second), 10))
	return &http.Response{
		Status: strconv.Itoa(e.status) + " " + http.StatusText(e.status), StatusCode: e.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: req,
		ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
	}, nil
}

// invalidate is RFC 9111, section 4.4: what an unsafe request changed.
func (c *Cache) invalidate(req *http.Request, resp *http.Response, partition string) {
	c.drop(keyOf(partition, req.URL))
	for _, name := range []string{"Location", "Content-Location"} {
		u, err := req.URL.Parse(resp.Header.Get(name))
		if err == nil && resp.Header.Get(name) != "" && u.Scheme == req.URL.Scheme && u.Host == req.URL.Host {
			c.drop(keyOf(partition, u))
		}
	}
}

func keyOf(partition string, u *url.URL) string {
	k := *u
	k.Fragment, k.RawFragment, k.User = "", "", nil
	return partition + " " + k.String()
}

// recorder copies what is read and hands it over at the end.
type recorder struct {
	from  io.ReadCloser
	buf   bytes.Buffer
	limit int64
	over  bool
	done  func([]byte)
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if !r.over {
		if int64(r.buf.Len()+n) > r.limit {
			r.over, r.buf = true, bytes.Buffer{}
		} else {
			r.buf.Write(p[:n])
		}
	}
	if err == io.EOF && !r.over {
		r.over = true
		r.done(r.buf.Bytes())
	}
	return n, err
}

func (r *recorder) Close() error { return r.from.Close() }

// Clear forgets everything.
func (c *Cache) Clear(ctx context.Context) error { return c.clear(ctx) }
