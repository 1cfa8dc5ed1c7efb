package fetch

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/andybalholm/brotli"

	"guichet/services/fault"
)

// guard ends a request that makes no progress for a while.
type guard struct {
	idle   time.Duration
	cancel context.CancelCauseFunc
	ctx    context.Context
	mu     sync.Mutex
	timer  *time.Timer
	ended  bool
}

var errSilent = errors.New("no progress")

func newGuard(ctx context.Context, idle time.Duration) (context.Context, *guard) {
	ctx, cancel := context.WithCancelCause(ctx)
	g := &guard{idle: idle, cancel: cancel, ctx: ctx}
	g.timer = time.AfterFunc(idle, func() { cancel(errSilent) })
	return ctx, g
}

// progress starts the wait anew.
func (g *guard) progress() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.ended {
		g.timer.Reset(g.idle)
	}
}

func (g *guard) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
	g.timer.Stop()
	g.cancel(nil)
}

// gone says why the request was given up, nil while it was not.
func (g *guard) gone() error {
	if g.ctx.Err() == nil {
		return nil
	}
	return context.Cause(g.ctx)
}

// blame turns the error of a request that the guard ended into a Timeout.
func (g *guard) blame(err error) error {
	if err != nil && errors.Is(context.Cause(g.ctx), errSilent) {
		return &fault.Fault{Kind: fault.Timeout, Op: "fetch", Err: errSilent}
	}
	return err
}

// watched tells the guard of everything that is read.
type watched struct {
	io.ReadCloser
	guard *guard
}

func (w watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.guard.progress()
	}
	return n, err
}

// stream is a response's body as its reader gets it.
type stream struct {
	from  io.Closer
	raw   io.Reader
	watch *guard
	host  string
	left  int64 // bytes that may still come; -1: any
}

func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		var one [1]byte
		if n, err := s.raw.Read(one[:]); n == 0 {
			return 0, s.fault(err)
		}
		return 0, fault.Newf(fault.TooBig, "fetch", s.host, "more than the limit")
	}
	if s.left > 0 && int64(len(p)) > s.left {
		p = p[:s.left]
	}
	n, err := s.raw.Read(p)
	if s.left > 0 {
		s.left -= int64(n)
	}
	return n, s.fault(err)
}

// fault makes a fault of an error. An end that comes after the request was given
// up is none of the answer's: servers end it in good order when they see that
// nobody listens any more.
func (s *stream) fault(err error) error {
	if err == io.EOF {
		if gone := s.watch.gone(); gone != nil {
			err = gone
		}
	}
	if err == nil || err == io.EOF {
		return err
	}
	return fault.From("fetch", s.host, s.watch.blame(err))
}

func (s *stream) Close() error {
	s.watch.stop()
	return s.from.Close()
}

// decode puts decoders for a Content-Encoding in front (RFC 9110, section 8.4).
func (s *stream) decode(encoding string) error {
	list := strings.Split(encoding, ",")
	if len(list) > 3 {
		return fault.Newf(fault.Protocol, "decode", s.host, "encoded %d times", len(list))
	}
	for i := len(list) - 1; i >= 0; i-- {
		from := s.raw
		switch name := strings.ToLower(strings.TrimSpace(list[i])); name {
		case "gzip", "x-gzip":
			s.raw = &gunzip{from: bufio.NewReader(from)}
		case "deflate":
			s.raw = &inflate{from: bufio.NewReader(from)}
		case "br":
			s.raw = badData{brotli.NewReader(from)}
		case "identity", "":
		default:
			return fault.Newf(fault.Unsupported, "decode", s.host, "content encoding %q", name)
		}
	}
	return nil
}

// gunzip reads gzip members one after the other; what follows the last one and
// is none is ignored, as every browser does.
type gunzip struct {
	from *bufio.Reader
	zip  *gzip.Reader
}

func (g *gunzip) Read(p []byte) (int, error) {
	if g.zip == nil {
		if _, err := g.from.Peek(1); err != nil {
			return 0, err // an empty body needs no gzip header
		}
		zip, err := gzip.NewReader(g.from)
		if err != nil {
			return 0, broken(err)
		}
		zip.Multistream(false)
		g.zip = zip
	}
	for {
		n, err := g.zip.Read(p)
		if n > 0 || err == nil {
			return n, nil
		}
		if err != io.EOF {
			return 0, broken(err)
		}
		if magic, perr := g.from.Peek(2); perr != nil || magic[0] != 0x1f || magic[1] != 0x8b {
			if perr != nil && perr != io.EOF {
				return 0, perr
			}
			return 0, io.EOF
		}
		if err := g.zip.Reset(g.from); err != nil {
			return 0, broken(err)
		}
		g.zip.Multistream(false)
	}
}

// inflate reads "deflate", which is zlib by the standard and bare deflate by
// the habit of some servers.
type inflate struct {
	from *bufio.Reader
	zip  io.Reader
}

func (d *inflate) Read(p []byte) (int, error) {
	if d.zip == nil {
		head, err := d.from.Peek(2)
		if err != nil {
			return 0, err
		}
		if head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			if d.zip, err = zlib.NewReader(d.from); err != nil {
				return 0, broken(err)
			}
		} else {
			d.zip = flate.NewReader(d.from)
		}
	}
	n, err := d.zip.Read(p)
	return n, broken(err)
}

type badData struct{ io.Reader }

func (b badData) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	return n, broken(err)
}

// broken makes a decoder's complaint a fault; the network's errors pass.
func broken(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case err == nil, err == io.EOF:
		return err
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, zlib.ErrHeader),
		errors.Is(err, zlib.ErrChecksum), errors.Is(err, zlib.ErrDictionary), errors.As(err, &corrupt),
		strings.HasPrefix(err.Error(), "brotli:"):
		return fault.New(fault.Damaged, "decode", "", err)
	}
	return err
}
