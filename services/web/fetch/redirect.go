package fetch

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"guichet/services/fault"
	"guichet/services/web/cookies"
)

// ParseURL reads an address as browsers do (WHATWG URL standard), relative to
// base where it is not nil.
func ParseURL(base *url.URL, ref string) (*url.URL, error) {
	var parsed *whatwg.Url
	var err error
	if base != nil {
		parsed, err = whatwg.ParseRef(base.String(), ref)
	} else {
		parsed, err = whatwg.Parse(ref)
	}
	if err != nil {
		return nil, fault.New(fault.NotFound, "read address", "", err)
	}
	u, err := url.Parse(parsed.Href(false))
	if err != nil {
		return nil, fault.New(fault.NotFound, "read address", "", err)
	}
	return u, nil
}

// redirect gives the request that resp sends r to, nil where it is the answer.
func redirect(r Request, resp *http.Response) (*Request, error) {
	switch resp.StatusCode {
	case 301, 302, 303, 307, 308:
	default:
		return nil, nil
	}
	location := resp.Header.Get("Location")
	if location == "" {
		return nil, nil // its body is shown
	}
	to, err := ParseURL(r.URL, location)
	if err != nil {
		return nil, fault.New(fault.Protocol, "redirect", r.URL.Host, err)
	}
	if to.Fragment == "" { // Fetch standard: the fragment goes along
		to.Fragment, to.RawFragment = r.URL.Fragment, r.URL.RawFragment
	}
	to.User = nil
	if to.Scheme != "http" && to.Scheme != "https" {
		return nil, fault.Newf(fault.Unsupported, "redirect", r.URL.Host, "to scheme %q", to.Scheme)
	}
	if r.URL.Scheme == "https" && to.Scheme == "http" && !cookies.Trustworthy(to) && r.Top == nil && !r.AllowInsecure {
		f := fault.Newf(fault.Protocol, "redirect", r.URL.Host, "from a safe address to one in clear text")
		f.Question, f.Step = &InsecureQuestion{URL: to.String()}, "tls"
		return nil, f
	}
	next := r
	next.URL = to
	post := r.Method != http.MethodGet && r.Method != http.MethodHead
	if post && (resp.StatusCode == 303 || r.Method == http.MethodPost && resp.StatusCode <= 302) {
		next.Method, next.Body, next.Length, next.ContentType = http.MethodGet, nil, 0, ""
	}
	// A site that sends people on to another one is where they come from: its
	// cookies' SameSite rules look at every station.
	if !cookies.SameSiteURL(r.URL, to) && r.Initiator != nil {
		next.Initiator = r.URL
	}
	return &next, nil
}

// referrer is the default policy, strict-origin-when-cross-origin (Referrer
// Policy, section 8): the whole address within an origin, only the origin for
// others, nothing from TLS to clear text.
func referrer(from, to *url.URL) string {
	if from == nil || from.Scheme != "http" && from.Scheme != "https" {
		return ""
	}
	if origin(from) == origin(to) {
		u := *from
		u.User, u.Fragment, u.RawFragment = nil, "", ""
		return u.String()
	}
	if cookies.Trustworthy(from) && !cookies.Trustworthy(to) {
		return ""
	}
	return origin(from) + "/"
}

// origin is the ASCII serialisation of a URL's origin (RFC 6454, section 6.2).
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch port := u.Port(); {
	case u.Scheme == "https" && port == "443", u.Scheme == "http" && port == "80":
		host = strings.TrimSuffix(host, ":"+port)
	}
	return u.Scheme + "://" + host
}

// drain lets a connection be used again.
func drain(resp *http.Response) {
	_, err := io.CopyN(io.Discard, resp.Body, 16<<10)
	if cerr := resp.Body.Close(); cerr != nil || err != nil && !errors.Is(err, io.EOF) {
		slog.Debug("draining a response", "err", err, "close", cerr)
	}
}
