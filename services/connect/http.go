package connect

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync"
	"time"

	"guichet/services/fault"
)

// HTTPOptions change an HTTP transport; the zero value is right for most.
type HTTPOptions struct {
	MaxConnsPerHost int           // 0: 8
	HeaderTimeout   time.Duration // from the request's end to the answer's header; 0: 30 s
	IdleTimeout     time.Duration // of an unused connection; 0: 90 s
	OnlyHTTP1       bool          // for servers that break HTTP/2
}

// HTTPTransport gives a transport for HTTP/1.1 and HTTP/2 over this network:
// same proxy, same verification, faults in the error chain. It keeps no
// cookies, reads no environment, does not decompress, and refuses header
// blocks over 1 MB. The caller limits bodies and follows redirects.
func (n *Network) HTTPTransport(o HTTPOptions) *http.Transport {
	pick := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	pick(&o.HeaderTimeout, 30*time.Second)
	pick(&o.IdleTimeout, 90*time.Second)
	if o.MaxConnsPerHost == 0 {
		o.MaxConnsPerHost = 8
	}
	alpn := []string{"h2", "http/1.1"}
	if o.OnlyHTTP1 {
		alpn = alpn[1:]
	}
	sessions := tls.NewLRUClientSessionCache(64)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(!o.OnlyHTTP1)
	return &http.Transport{
		// Clear HTTP goes through a proxy in absolute form; what needs a tunnel
		// is tunnelled by the dial functions.
		Proxy: func(r *http.Request) (*url.URL, error) {
			if r.URL.Scheme != "http" {
				return nil, nil
			}
			host, port, err := splitHostPort(hostPortOf(r.URL))
			if err != nil {
				return nil, err
			}
			u, err := n.proxyFor("http", host, port)
			if err != nil || u == nil || isSOCKS(u) {
				return nil, err
			}
			return u, nil
		},
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			host, port, err := splitHostPort(address)
			if err != nil {
				return nil, err
			}
			u, err := n.proxyFor("http", host, port)
			if err != nil {
				return nil, err
			}
			if u != nil && !isSOCKS(u) {
				u = nil // the transport has already put the proxy in the target's place
			}
			return n.dialVia(ctx, u, host, port)
		},
		DialTLSContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			host, port, err := splitHostPort(address)
			if err != nil {
				return nil, err
			}
			u, err := n.proxyFor("https", host, port)
			if err != nil {
				return nil, err
			}
			c, err := n.dialVia(ctx, u, host, port)
			if err != nil {
				return nil, err
			}
			t, err := n.Upgrade(ctx, c, host, port, TLSOptions{ALPN: alpn, SessionCache: sessions})
			if err != nil {
				return nil, err // not a nil *tls.Conn in a net.Conn
			}
			return t, nil
		},
		ForceAttemptHTTP2:      !o.OnlyHTTP1,
		Protocols:              protocols,
		DisableCompression:     true,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    o.MaxConnsPerHost,
		MaxConnsPerHost:        o.MaxConnsPerHost,
		IdleConnTimeout:        o.IdleTimeout,
		ResponseHeaderTimeout:  o.HeaderTimeout,
		ExpectContinueTimeout:  2 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second,
		},
	}
}

// TraceFirstByte gives a context for an HTTP request that enters the time from
// the request's end to the answer's first byte into the timings of host:port.
func (n *Network) TraceFirstByte(ctx context.Context, host string, port int) context.Context {
	var mu sync.Mutex
	var wrote time.Time
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) {
			mu.Lock()
			defer mu.Unlock()
			wrote = time.Now()
		},
		GotFirstResponseByte: func() {
			mu.Lock()
			defer mu.Unlock()
			if !wrote.IsZero() { // an answer may come before the request's end
				n.FirstByte(host, port, time.Since(wrote))
			}
		},
	})
}

func hostPortOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		switch u.Scheme {
		case "https":
			port = "443"
		case "socks5", "socks5h":
			port = "1080"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func splitHostPort(address string) (string, int, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fault.New(fault.Internal, "connect", "", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, fault.Newf(fault.Unsupported, "connect", host, "no port number: %q", text)
	}
	return host, port, nil
}
