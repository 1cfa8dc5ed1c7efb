package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"

	"golang.org/x/net/html/charset"

	"guichet/services/fault"
	engine "guichet/services/html"
	"guichet/services/web/download"
	"guichet/services/web/fetch"
	"guichet/services/web/httpcache"
	"guichet/services/web/sniff"
)

// simple is the built-in engine: package html over package fetch.
type simple struct{ s *Service }

func (e *simple) Name() string { return "simple" }
func (e *simple) Close() error { return nil }

func (e *simple) Load(ctx context.Context, n Navigation, v Viewer) {
	p, err := e.page(ctx, n, v)
	switch {
	case err != nil:
		v.Failed(fault.From("open page", n.URL.Host, e.ask(n, err)))
		return
	case p == nil:
		return // handed over
	}
	v.Committed(p)
	v.Icon(e.s.icons.get(ctx, e.s.loader, p))
}

// ask offers clear text where a person gave no scheme and the host speaks no TLS.
func (e *simple) ask(n Navigation, err error) error {
	f := fault.From("open page", n.URL.Host, err)
	if !n.Guessed || n.URL.Scheme != "https" || f.Question != nil {
		return f
	}
	switch f.Kind {
	case fault.Refused, fault.Timeout, fault.Protocol:
		plain := *n.URL
		plain.Scheme = "http"
		if e.s.hstsKnown(plain.Hostname()) {
			return f
		}
		g := *f
		g.Question = &InsecureQuestion{URL: plain.String()}
		return &g
	}
	return f
}

// page loads and parses; nil without an error means that there is nothing to show.
func (e *simple) page(ctx context.Context, n Navigation, v Viewer) (*Page, error) {
	if n.URL.Scheme == "about" {
		return e.parse(ctx, &fetch.Response{URL: n.URL, MediaType: "text/html", Secure: true}, nil, n)
	}
	// A download outlives the tab: its request may not end with the tab's context.
	free, cancel := context.WithCancel(e.s.group.Context())
	tied := context.AfterFunc(ctx, cancel)
	resp, err := e.s.loader.Open(free, request(n))
	if err != nil {
		tied()
		cancel()
		return nil, err
	}
	failed := fetch.StatusFault(resp.Status, resp.Header, resp.URL.Host)
	class := sniff.ClassOf(resp.MediaType)
	attachment := resp.Header != nil && download.IsAttachment(resp.Header.Get("Content-Disposition"))
	if failed == nil && resp.Status != 204 && resp.Status != 205 && (attachment || class == sniff.File) {
		if !tied() { // the tab was closed at this very moment
			cancel()
			return nil, fault.From("open page", n.URL.Host, errors.Join(ctx.Err(), resp.Body.Close()))
		}
		job, err := e.handOver(ctx, n, resp)
		if err != nil {
			cancel()
			return nil, err
		}
		v.Handed(job)
		return nil, nil
	}
	defer cancel()
	defer tied()
	data, err := resp.All(v.Progress)
	if err != nil {
		return nil, err
	}
	switch {
	case resp.Status == 204, resp.Status == 205:
		v.Handed(0)
		return nil, nil
	case failed != nil && (len(bytes.TrimSpace(data)) == 0 || class != sniff.HTML && class != sniff.Text):
		return nil, failed
	}
	return e.parse(ctx, resp, data, n)
}

func request(n Navigation) fetch.Request {
	r := fetch.Request{URL: n.URL, Initiator: n.From, AllowInsecure: n.AllowInsecure}
	if !n.NoReferrer {
		r.Referrer = n.From
	}
	switch {
	case n.Reload:
		r.Cache = httpcache.Reload
	case n.Back:
		r.Cache = httpcache.Prefer
	}
	if n.Form != nil && n.Form.Method == http.MethodPost {
		r.Method, r.ContentType, r.Body, r.Length = http.MethodPost, n.Form.ContentType, n.Form.Body, n.Form.Length
	}
	return r
}

// handOver makes a job of an open answer.
func (e *simple) handOver(ctx context.Context, n Navigation, resp *fetch.Response) (int64, error) {
	spec := download.Spec{URL: resp.URL.String(), Once: resp.Method != http.MethodGet, Token: e.s.runner.Hold(resp)}
	if n.From != nil {
		spec.Referrer = fault.CleanURL(n.From)
	}
	name := download.Name(resp.Header.Get("Content-Disposition"), "", resp.URL, resp.MediaType)
	job, err := e.s.addDownload(ctx, resp.URL, spec, name, resp.Length)
	if err != nil {
		e.s.runner.Release(spec.Token)
		return 0, errors.Join(err, resp.Body.Close())
	}
	return job, nil
}

// parse makes a page of what came.
func (e *simple) parse(ctx context.Context, resp *fetch.Response, data []byte, n Navigation) (*Page, error) {
	p := &Page{
		URL: resp.URL, Secure: resp.Secure, MediaType: resp.MediaType, Status: resp.Status,
		Post: resp.Method == http.MethodPost,
	}
	if resp.Cache.Outcome == httpcache.Stale {
		p.Offline = resp.Cache.Stored
	}
	parts := &parts{loader: e.s.loader, page: resp.URL, hosts: map[string]chan struct{}{}, ready: map[string]*engine.Resource{}}
	if n.Reload {
		parts.cache = httpcache.Reload
	}
	p.load = parts.load
	media := resp.MediaType
	name := fileName(resp.URL)
	switch sniff.ClassOf(media) {
	case sniff.Image:
		address := fault.CleanURL(resp.URL)
		parts.ready[address] = &engine.Resource{URL: address, MediaType: media, Data: data}
		p.Title = name
		data, media = picturePage(address, name), "text/html; charset=utf-8"
	case sniff.Text:
		p.Title = name
		data, media = textPage(data, media, name), "text/html; charset=utf-8"
	}
	doc, err := engine.Parse(ctx, data, engine.Options{URL: resp.URL, ContentType: media, Visited: e.s.wasVisited})
	if err != nil {
		return nil, err
	}
	p.Document, p.Feeds, p.refresh, p.icon = doc, doc.Feeds(), doc.Refresh(), doc.Icon()
	if p.Title == "" {
		p.Title = doc.Title()
	}
	return p, nil
}

func fileName(u *url.URL) string {
	if base := path.Base(u.Path); base != "." && base != "/" && u.Path != "" {
		return base
	}
	return u.Host
}

func picturePage(address, name string) []byte {
	return fmt.Appendf(nil, `<!DOCTYPE html><title>%s</title><style>body{margin:16px;text-align:center}img{max-width:100%%}</style><img src="%s" alt="%s">`,
		html.EscapeString(name), html.EscapeString(address), html.EscapeString(name))
}

// textPage shows text as it is, in the character set that it is in.
func textPage(data []byte, media, name string) []byte {
	enc, _, _ := charset.DetermineEncoding(data[:min(len(data), 1024)], media)
	text, err := io.ReadAll(io.LimitReader(enc.NewDecoder().Reader(bytes.NewReader(data)), 4*int64(len(data))+16))
	if err != nil { // replacement characters stand for what cannot be read
		text = bytes.ToValidUTF8(data, []byte("\ufffd"))
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	return fmt.Appendf(nil, "<!DOCTYPE html><title>%s</title><style>body{margin:16px}pre{white-space:pre-wrap;margin:0}</style><pre>\n%s</pre>",
		html.EscapeString(name), html.EscapeString(string(text)))
}

// perHost bounds the requests for parts that run for one host at a time.
const perHost = 6

// parts loads what a page refers to.
type parts struct {
	loader *fetch.Loader
	page   *url.URL
	cache  httpcache.Mode
	mu     sync.Mutex
	hosts  map[string]chan struct{}
	ready  map[string]*engine.Resource // what came with the page
}

func (p *parts) load(ctx context.Context, r engine.Request) (*engine.Resource, error) {
	p.mu.Lock()
	ready := p.ready[r.URL]
	p.mu.Unlock()
	if ready != nil {
		return ready, nil
	}
	kind := fetch.Image
	switch r.Kind {
	case engine.Stylesheet:
		kind = fetch.Style
	case engine.Image:
	default: // fonts and frames are not shown by the built-in engine
		return nil, fault.Newf(fault.Unsupported, "load a part of a page", "", "kind %d", r.Kind)
	}
	u, err := fetch.ParseURL(nil, r.URL)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "http", "https", "data":
	default:
		return nil, fault.Newf(fault.Unsupported, "load a part of a page", "", "scheme %q", u.Scheme)
	}
	release, err := p.turn(ctx, u.Host)
	if err != nil {
		return nil, err
	}
	defer release()
	resp, data, err := p.loader.All(ctx, fetch.Request{URL: u, Top: p.page, Referrer: p.page, Kind: kind, Cache: p.cache}, nil)
	if err != nil {
		return nil, err
	}
	if f := fetch.StatusFault(resp.Status, resp.Header, resp.URL.Host); f != nil {
		return nil, f
	}
	if kind == fetch.Style && !isStyle(resp) {
		return nil, fault.Newf(fault.Protocol, "load a part of a page", u.Host, "%s is no style sheet", resp.MediaType)
	}
	return &engine.Resource{URL: resp.URL.String(), MediaType: resp.MediaType, Data: data}, nil
}

// isStyle keeps other sites' data from being read as a style sheet (HTML,
// section 4.2.4.2: the type counts where the server states one).
func isStyle(resp *fetch.Response) bool {
	stated, ok := sniff.Essence(resp.Header.Get("Content-Type"))
	return !ok || stated == "text/css"
}

// turn waits until fewer than perHost requests run for a host.
func (p *parts) turn(ctx context.Context, host string) (release func(), err error) {
	p.mu.Lock()
	places, ok := p.hosts[host]
	if !ok {
		places = make(chan struct{}, perHost)
		p.hosts[host] = places
	}
	p.mu.Unlock()
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, fault.From("load a part of a page", host, ctx.Err())
	}
}

// title is a page's title for lists: its own, else its address.
func title(p *Page) string {
	if t := strings.TrimSpace(p.Title); t != "" {
		return t
	}
	return strings.TrimSuffix(site(fault.CleanURL(p.URL)), "/")
}
