package commands

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"guichet/app/house"
	"guichet/app/version"
	"guichet/app/words"
	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/html"
	"guichet/services/web"
	"guichet/services/web/fetch"
)

// webParams are what a fetch outside the browser is made of: no cookies, no
// cache, no history.
func webParams(h *house.House) web.Params {
	return web.Params{
		Transport: h.Network.HTTPTransport(connect.HTTPOptions{}), Version: version.Number,
		Languages: func() []string { return []string{words.Language()} },
	}
}

// getWeb fetches one http or https address.
func (c *cli) getWeb(ctx context.Context, address, out string, many bool) error {
	h, err := c.house(ctx)
	if err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return fault.Newf(fault.Protocol, "get", "", "not an address")
	}
	o := web.GetOptions{Resume: true, User: u.User.Username(), Password: c.p.Environ(passwordInEnv)}
	u.User = nil
	if out == "" {
		out = "."
	}
	if many && !strings.HasSuffix(out, "/") {
		out += string(filepath.Separator)
	}
	m := c.meter(filepath.Base(u.Path))
	o.Progress = m.set
	start := time.Now()
	var r moved
	err = c.withTrust(h, func() error {
		got, err := web.Get(ctx, webParams(h), u.String(), out, o)
		r = moved{URL: fault.CleanURL(u), Path: got.Path, Bytes: got.Bytes, Resumed: got.Resumed, Verified: got.Verified, Checksum: got.SHA256}
		return err
	})
	m.end()
	if err != nil {
		return err
	}
	r.Seconds = seconds(time.Since(start))
	if r.Checksum != "" {
		r.Checksum = "sha256:" + r.Checksum
	}
	return c.report(r)
}

// webSource loads a page to render, and what it refers to.
func (c *cli) webSource(ctx context.Context, address string) (*source, error) {
	h, err := c.house(ctx)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.Newf(fault.Unsupported, "render", "", "only http and https addresses are drawn")
	}
	w := webParams(h)
	loader := fetch.New(fetch.Params{Transport: w.Transport, UserAgent: "Guichet/" + w.Version, Languages: w.Languages})
	s := &source{requests: new(atomic.Int64)}
	get := func(ctx context.Context, r fetch.Request) (*fetch.Response, []byte, error) {
		s.requests.Add(1)
		resp, data, err := loader.All(ctx, r, nil)
		if err == nil {
			if f := fetch.StatusFault(resp.Status, resp.Header, resp.URL.Host); f != nil {
				return nil, nil, f
			}
		}
		return resp, data, err
	}
	var resp *fetch.Response
	err = c.withTrust(h, func() (err error) {
		resp, s.data, err = get(ctx, fetch.Request{URL: u})
		return err
	})
	if err != nil {
		return nil, err
	}
	s.url, s.contentType = resp.URL, resp.Header.Get("Content-Type")
	s.load = func(ctx context.Context, r html.Request) (*html.Resource, error) {
		part, err := url.Parse(r.URL)
		if err != nil {
			return nil, fault.Newf(fault.Protocol, "load", "", "not an address")
		}
		kind := fetch.Image
		if r.Kind == html.Stylesheet {
			kind = fetch.Style
		}
		resp, data, err := get(ctx, fetch.Request{URL: part, Top: s.url, Referrer: s.url, Kind: kind})
		if err != nil {
			return nil, err
		}
		return &html.Resource{URL: resp.URL.String(), MediaType: resp.Header.Get("Content-Type"), Data: data}, nil
	}
	return s, nil
}
