// Package httpwatch notices that the other side of an HTTP connection has
// fallen silent: net/http has deadlines for the header of an answer, but none
// for bodies that stop moving.
package httpwatch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"guichet/services/fault"
)

// Transport is an http.RoundTripper that ends a request with a fault of kind
// Timeout when its body, or that of the answer, does not move for Silence. Only
// the network's time counts: who produces or takes the bytes may be slow.
type Transport struct {
	Base    http.RoundTripper
	Silence time.Duration
	Host    string // for the fault
}

// Drain is how long the rest of an answer that nobody wants may take.
const Drain = 2 * time.Second

// Discard reads the rest of an answer, if it is short and comes soon, so that
// the connection serves again.
func Discard(r *http.Response) {
	timer := time.AfterFunc(Drain, func() { _ = r.Body.Close() }) // ends the reading below
	defer timer.Stop()
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 64<<10)) // of no interest
	_ = r.Body.Close()
}

// RoundTrip implements http.RoundTripper. The answer's body ends the request's
// context when it is closed.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	w := &watch{t: t, cancel: cancel}
	// Made still: it runs only while bytes are waited for.
	w.timer = time.AfterFunc(t.Silence, w.end)
	w.timer.Stop()
	sent := req.Clone(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		sent.Body = &requestBody{ReadCloser: req.Body, w: w}
	}
	r, err := t.Base.RoundTrip(sent)
	if err != nil {
		w.timer.Stop()
		cancel()
		return nil, w.reason(err)
	}
	r.Body = &answerBody{ReadCloser: r.Body, w: w}
	r.Request = req
	return r, nil
}

type watch struct {
	t      *Transport
	timer  *time.Timer
	cancel context.CancelFunc
	silent atomic.Bool
}

func (w *watch) end() {
	w.silent.Store(true)
	w.cancel()
}

// reason puts silence in the place of the error that it led to.
func (w *watch) reason(err error) error {
	if err == nil || !w.silent.Load() || errors.Is(err, io.EOF) {
		return err
	}
	return fault.Newf(fault.Timeout, "transfer", w.t.Host, "the server fell silent")
}

// requestBody runs the watch while the transport has bytes to send: between one
// Read and the next.
type requestBody struct {
	io.ReadCloser
	w *watch
}

func (b *requestBody) Read(p []byte) (int, error) {
	b.w.timer.Stop()
	n, err := b.ReadCloser.Read(p)
	if err == nil {
		b.w.timer.Reset(b.w.t.Silence)
	}
	return n, err
}

func (b *requestBody) Close() error {
	b.w.timer.Stop()
	return b.ReadCloser.Close()
}

// answerBody runs the watch while bytes of the answer are waited for.
type answerBody struct {
	io.ReadCloser
	w *watch
}

func (b *answerBody) Read(p []byte) (int, error) {
	b.w.timer.Reset(b.w.t.Silence)
	n, err := b.ReadCloser.Read(p)
	b.w.timer.Stop() // the caller may take its time
	return n, b.w.reason(err)
}

func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	b.w.timer.Stop()
	b.w.cancel()
	return err
}
