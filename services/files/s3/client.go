package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/httpwatch"
)

// silence is how long a server may be mute.
const silence = 17 * time.Second

// maxAnswer bounds an answer that is read as a whole: a page of a listing, an
// error.
const maxAnswer = 16 << 20

type client = *minio.Core

// wire is the way of all requests: it bounds answers and notes what the status
// line shows.
type wire struct {
	base  *http.Transport
	watch httpwatch.Transport

	mu      sync.Mutex
	rtt     time.Duration
	version string
	server  string
}

func newWire(p Params) *wire {
	w := &wire{base: p.Network.HTTPTransport(connect.HTTPOptions{HeaderTimeout: silence, MaxConnsPerHost: 16})}
	w.watch = httpwatch.Transport{Base: w.base, Silence: silence, Host: p.Site.Host}
	return w
}

// patient marks requests that the server may work on for long: joining the
// parts of a large upload, copying.
type patient struct{}

// pages marks the requests of one listing. minio-go asks for pages as long as the
// server says that there are more.
type pages struct {
	token  string // that the newest page was asked for with
	barren int    // pages in a row without a new name
}

// maxBarren is how many pages in a row may be empty: a few servers have some.
const maxBarren = 1000

// next notes that a page is asked for, and fails where the listing goes round in
// circles or nowhere.
func (p *pages) next(token string) error {
	if p.barren++; token != "" && token == p.token || p.barren > maxBarren {
		return fault.Newf(fault.Protocol, "list", "", "the list has no end")
	}
	p.token = token
	return nil
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if p, ok := req.Context().Value(pages{}).(*pages); ok {
		if err := p.next(req.URL.Query().Get("continuation-token")); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	watch := w.watch
	if req.Context().Value(patient{}) != nil {
		slow := w.base.Clone()
		slow.ResponseHeaderTimeout = 5 * time.Minute
		slow.DisableKeepAlives = true // it serves this request alone
		watch.Base, watch.Silence = slow, 5*time.Minute
	}
	r, err := watch.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.rtt = time.Since(began)
	w.server = fault.CleanLine(r.Header.Get("Server"))
	if r.TLS != nil {
		w.version = map[uint16]string{0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}[r.TLS.Version]
	}
	w.mu.Unlock()
	// Only the content of an object may be long; minio-go reads all else at once.
	if content := req.Method == http.MethodGet && req.URL.RawQuery == "" && r.StatusCode/100 == 2 && req.Context().Value(object{}) != nil; !content {
		r.Body = &bounded{ReadCloser: r.Body, left: maxAnswer}
	}
	return r, nil
}

// object marks requests for an object's content.
type object struct{}

func (w *wire) conn() files.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	return files.Conn{Version: w.version, RoundTrip: w.rtt, Server: w.server}
}

// bounded fails where an answer is longer than it may be.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fault.Newf(fault.TooBig, "read answer", "", "more than %d bytes", maxAnswer)
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// in gives the client for a region; "" leaves it to the library, which knows
// the regions in the names of Amazon's hosts.
func (f *FS) in(region string) (client, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c, ok := f.clients[region]; ok {
		return c, nil
	}
	c, err := minio.NewCore(endpoint(f.p.Site), &minio.Options{
		Creds:     credentials.NewStaticV4(f.p.Site.User, f.secret, ""),
		Secure:    f.p.Site.Protocol == files.ProtocolS3,
		Transport: f.wire,
		Region:    region,
		// Tries are the business of whoever copies: here they would add up to more
		// silence than a person is left alone with.
		MaxRetries: 1,
	})
	if err != nil {
		return nil, fault.New(fault.NameNotFound, "connect", f.host, err)
	}
	c.SetAppInfo("Guichet", "1")
	f.clients[region] = c
	return c, nil
}

// do runs work with a client for the bucket's region. Where the server names
// another region than was thought, work runs once more with that.
func (f *FS) do(ctx context.Context, op, bucket string, work func(c client) error) error {
	f.mu.Lock()
	region := f.p.Site.Region
	if known, ok := f.regions[bucket]; ok {
		region = known
	}
	f.mu.Unlock()
	for try := 1; ; try++ {
		c, err := f.in(region)
		if err != nil {
			return err
		}
		if err = work(c); err == nil {
			return nil
		}
		var s3err minio.ErrorResponse
		if try == 1 && f.p.Site.Region == "" && errors.As(err, &s3err) && s3err.Region != "" && s3err.Region != region && misplaced(s3err) {
			region = s3err.Region
			f.mu.Lock()
			f.regions[bucket] = region
			f.mu.Unlock()
			continue
		}
		return f.fail(ctx, op, err)
	}
}

func misplaced(e minio.ErrorResponse) bool {
	switch e.Code {
	case minio.AuthorizationHeaderMalformed, minio.InvalidRegion, "PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException":
		return true
	}
	// HEAD has no body that could name the fault.
	return e.StatusCode == http.StatusMovedPermanently || e.StatusCode == http.StatusBadRequest
}

// kinds are the server's own names for what can go wrong.
var kinds = map[string]fault.Kind{
	minio.NoSuchKey: fault.NotFound, minio.NoSuchBucket: fault.NotFound, minio.NoSuchVersion: fault.NotFound, "NotFound": fault.NotFound,
	minio.NoSuchUpload: fault.Protocol, // somebody ended it: the upload begins again
	minio.AccessDenied: fault.Permission, minio.AllAccessDisabled: fault.Permission, "AccountProblem": fault.Permission,
	"Forbidden": fault.Permission, minio.InvalidObjectState: fault.Permission, "ObjectLocked": fault.Permission,
	minio.InvalidBucketName: fault.Permission, "InvalidURI": fault.Permission, "KeyTooLongError": fault.Permission,
	minio.XMinioInvalidObjectName: fault.Permission, "InvalidObjectName": fault.Permission,
	minio.InvalidAccessKeyID: fault.Login, minio.SignatureDoesNotMatch: fault.Login, "ExpiredToken": fault.Login,
	"InvalidToken": fault.Login, "InvalidSecurity": fault.Login, "NotSignedUp": fault.Login, "Unauthorized": fault.Login,
	minio.BucketAlreadyExists: fault.Exists, minio.BucketAlreadyOwnedByYou: fault.Exists, minio.PreconditionFailed: fault.Exists,
	minio.BucketNotEmpty: fault.Exists, minio.Conflict: fault.Busy, "OperationAborted": fault.Busy, "ConditionalRequestConflict": fault.Busy,
	"SlowDown": fault.Busy, "SlowDownRead": fault.Busy, "SlowDownWrite": fault.Busy, "ServiceUnavailable": fault.Busy,
	"Throttling": fault.Busy, "RequestLimitExceeded": fault.Busy, "TooManyRequests": fault.Busy, "XMinioServerNotInitialized": fault.Busy,
	minio.InternalError: fault.Protocol, "RequestTimeout": fault.Timeout,
	"QuotaExceeded": fault.Full, "XMinioAdminBucketQuotaExceeded": fault.Full, "XMinioStorageFull": fault.Full,
	"InsufficientStorage": fault.Full, "StorageFull": fault.Full, "TooManyBuckets": fault.Full,
	minio.EntityTooLarge: fault.TooBig, "MaxMessageLengthExceeded": fault.TooBig,
	minio.BadDigest: fault.Damaged, minio.IncompleteBody: fault.Protocol, minio.XAmzContentSHA256Mismatch: fault.Damaged,
	minio.NotImplemented: fault.Unsupported, minio.MethodNotAllowed: fault.Unsupported, minio.APINotSupported: fault.Unsupported,
	minio.InvalidRange: fault.Unsupported,
}

// fail turns what minio-go returns into a fault.
func (f *FS) fail(ctx context.Context, op string, err error) error {
	if cerr := ctx.Err(); cerr != nil {
		return fault.From(op, f.host, cerr)
	}
	var known *fault.Fault
	if errors.As(err, &known) {
		return known.With(op, f.host)
	}
	var e minio.ErrorResponse
	if !errors.As(err, &e) {
		if strings.Contains(err.Error(), "Connection closed by foreign host") { // an end of file, reworded
			return fault.New(fault.Protocol, op, f.host, err)
		}
		fa := fault.From(op, f.host, err)
		if fa.Kind == fault.Internal {
			fa.Kind = fault.Protocol
		}
		return fa
	}
	fa := &fault.Fault{Kind: fault.Protocol, Op: op, Host: f.host, Said: fault.CleanLine(strings.TrimSpace(e.Code + " " + e.Message))}
	if kind, ok := kinds[e.Code]; ok {
		fa.Kind = kind
	} else {
		fa.Kind = ofStatus(e.StatusCode)
	}
	switch {
	case e.Code == minio.RequestTimeTooSkewed:
		fa.Kind, fa.Err = fault.Clock, errors.New("the clock of this computer and that of the server differ")
	case fa.Kind == fault.Login:
		fa.Step = "login"
	case fa.Kind == fault.Permission && f.p.Site.User == "":
		// Without a key "not allowed" mostly means that one is wanted.
		fa.Kind, fa.Step = fault.Login, "login"
	}
	return fa
}

func ofStatus(code int) fault.Kind {
	switch code {
	case http.StatusUnauthorized:
		return fault.Login
	case http.StatusForbidden:
		return fault.Permission
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusPreconditionFailed:
		return fault.Exists
	case http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return fault.Busy
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return fault.Unsupported
	case http.StatusRequestEntityTooLarge:
		return fault.TooBig
	case http.StatusInsufficientStorage:
		return fault.Full
	}
	return fault.Protocol
}
