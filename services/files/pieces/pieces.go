// Package pieces cuts a file on its way to a server into pieces, for protocols
// that take large files so.
package pieces

import (
	"context"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
)

// Writer collects bytes and sends them piece by piece, a few at once. Its
// memory is that of the pieces on their way and of the one being filled. It is
// not safe for concurrent use.
type Writer struct {
	size  int
	begin func() error
	send  func(ctx context.Context, number int, data []byte) error

	ctx   context.Context
	stop  context.CancelFunc
	group *errgroup.Group
	gctx  context.Context
	buf   []byte
	free  chan []byte // buffers of pieces that have arrived
	sent  int
}

// New makes a Writer of pieces of size bytes, of which atOnce may be on their
// way. begin is called before the first is sent, which is not before more bytes
// come than fit into it. send may be called by several goroutines and keeps
// nothing of data; number counts from 1.
func New(ctx context.Context, size, atOnce int, begin func() error, send func(ctx context.Context, number int, data []byte) error) *Writer {
	atOnce = max(1, atOnce)
	w := &Writer{size: size, begin: begin, send: send, free: make(chan []byte, atOnce+1)}
	w.ctx, w.stop = context.WithCancel(ctx)
	w.group, w.gctx = errgroup.WithContext(w.ctx)
	w.group.SetLimit(atOnce)
	return w
}

// Expect makes room for n bytes in all, where that is less than a piece.
func (w *Writer) Expect(n int64) {
	if n >= 0 && n < int64(w.size) {
		w.buf = make([]byte, 0, n)
	}
}

// Write implements io.Writer. It waits while too many pieces are on their way,
// and gives the fault of one that went wrong.
func (w *Writer) Write(b []byte) (int, error) {
	written := 0
	for len(b) > 0 {
		if err := w.ctx.Err(); err != nil {
			return written, fault.From("write", "", err)
		}
		if len(w.buf) == w.size {
			if err := w.flush(); err != nil {
				return written, err
			}
		}
		n := min(len(b), w.size-len(w.buf))
		w.buf = append(w.buf, b[:n]...)
		b, written = b[n:], written+n
	}
	return written, nil
}

func (w *Writer) flush() error {
	if w.sent == 0 {
		if err := w.begin(); err != nil {
			return err
		}
	}
	w.sent++
	number, data := w.sent, w.buf
	w.group.Go(func() error {
		err := w.send(w.gctx, number, data)
		if err == nil { // else somebody may still be reading it
			w.free <- data[:0]
		}
		return err
	})
	select {
	case w.buf = <-w.free:
	default:
		w.buf = make([]byte, 0, w.size)
	}
	if w.gctx.Err() != nil {
		return w.wait()
	}
	return nil
}

func (w *Writer) wait() error {
	err := w.group.Wait()
	if err == nil {
		err = w.ctx.Err()
	}
	if err == nil {
		return nil
	}
	return fault.From("write", "", err)
}

// Sent is how many pieces have gone out so far; 0 means that all bytes are
// still in Rest.
func (w *Writer) Sent() int { return w.sent }

// Rest are the bytes that have not been sent.
func (w *Writer) Rest() []byte { return w.buf }

// Finish sends the rest and waits for all pieces, as long as ctx lasts.
func (w *Writer) Finish(ctx context.Context) error {
	release := context.AfterFunc(ctx, w.stop)
	defer release()
	var err error
	if len(w.buf) > 0 {
		err = w.flush()
	}
	if err == nil {
		err = w.wait()
	}
	if cerr := ctx.Err(); cerr != nil {
		return fault.From("write", "", cerr)
	}
	return err
}

// Stop ends the pieces on their way. Every Writer has to be stopped in the end.
func (w *Writer) Stop() {
	w.stop()
	_ = w.group.Wait() // what went wrong has been told or is of no interest
}
