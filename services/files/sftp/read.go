package sftp

import (
	"context"
	"errors"
	"io"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sftp/wire"
)

// Read implements files.FS. Many blocks are asked for at once, so Read and
// WriteTo of the reader are equally fast.
func (f *FS) Read(ctx context.Context, p files.Path, offset int64) (io.ReadCloser, error) {
	return f.open(ctx, p, offset, -1)
}

// ReadRange implements files.Ranger.
func (f *FS) ReadRange(ctx context.Context, p files.Path, offset, n int64) (io.ReadCloser, error) {
	if n < 0 || offset < 0 {
		return nil, fault.Newf(fault.Internal, "read", f.host, "range %d+%d", offset, n)
	}
	return f.open(ctx, p, offset, offset+n)
}

// open opens a file for reading up to end, -1 for all of it.
func (f *FS) open(ctx context.Context, p files.Path, offset, end int64) (io.ReadCloser, error) {
	name, err := f.remote("read", p)
	if err != nil {
		return nil, err
	}
	return call(ctx, f, "read", func(s *session) (io.ReadCloser, error) {
		// Opening a pipe would block the server for good, so it is known to be a
		// file before it is opened.
		first, known := f.seen.get(name)
		if !known {
			a, err := s.wire.Stat(ctx, name)
			if err != nil {
				return nil, err
			}
			if typeOf(a, "") != files.File {
				return nil, fault.Newf(fault.Unsupported, "read", f.host, "%s is no file", name)
			}
			first = factOf(a)
		}
		h, err := s.wire.Open(ctx, name, wire.OpenRead)
		if err != nil {
			return nil, err
		}
		r := &reader{ctx: ctx, fs: f, s: s, name: name, handle: h, pos: offset, next: offset, first: first, size: first.size, end: end, flow: newFlow()}
		r.fill() // the first bytes are on their way before they are asked for
		return r, nil
	})
}

// piece is a read under way.
type piece struct {
	call   *wire.Call
	offset int64
	buf    []byte
}

// reader gives a file's bytes in their order. It belongs to one goroutine.
type reader struct {
	ctx    context.Context
	fs     *FS
	s      *session
	name   string
	handle wire.Handle
	pos    int64 // of the next byte to give out
	next   int64 // of the next block to ask for
	size   int64 // as the server said it; -1 unknown
	end    int64 // where to stop; -1 at the end of the file
	flow   flow
	pieces []piece
	rest   []byte // of buf
	buf    []byte
	first  fact       // what the file was
	last   *wire.Call // what it is, asked for behind the last block
	single bool       // one block at a time
	ended  bool
	err    error
}

// want is the length of the next block. A whole file is asked for one byte
// beyond its size, because the short answer then proves its end.
func (r *reader) want() int {
	n := int64(r.s.maxRead)
	switch {
	case r.end >= 0:
		n = min(n, r.end-r.next)
	case r.size >= r.next:
		n = min(n, r.size+1-r.next)
	case len(r.pieces) > 0:
		n = 0 // beyond the end that was told: one at a time
	}
	return int(n)
}

// fill asks for as many blocks as the flow allows.
func (r *reader) fill() {
	for r.err == nil {
		n := r.want()
		if n <= 0 || len(r.pieces) > 0 && (r.single || r.flow.used+n > r.flow.limit || r.s.underWay.Load() > sessionMost) {
			return
		}
		buf := r.s.buffer(n)
		c, err := r.s.wire.StartRead(r.ctx, r.handle, r.next, buf)
		if err != nil {
			r.err = err
			return
		}
		r.pieces = append(r.pieces, piece{c, r.next, buf})
		r.flow.used += n
		r.s.underWay.Add(int64(n))
		r.next += int64(n)
		if r.last == nil && r.end < 0 && r.size >= 0 && r.next > r.size {
			r.last, _ = r.s.wire.StartFstat(r.ctx, r.handle) // where it fails, Changed asks again
		}
	}
}

// Changed implements files.Witness.
func (r *reader) Changed() (bool, error) {
	if r.handle == "" {
		return false, fault.Newf(fault.Internal, "read", r.fs.host, "asked after closing")
	}
	if r.last == nil {
		var err error
		if r.last, err = r.s.wire.StartFstat(r.ctx, r.handle); err != nil {
			return false, r.fs.streamFault("read", r.ctx, r.s, err)
		}
	}
	a, err := r.last.Attrs(r.ctx)
	if err != nil {
		return false, r.fs.streamFault("read", r.ctx, r.s, err)
	}
	now := factOf(a)
	changed := now.size != r.first.size || !now.modTime.Equal(r.first.modTime)
	if changed {
		r.fs.seen.forget(r.name) // the next reader asks
	}
	return changed, nil
}

// advance waits for the next block and makes it the rest.
func (r *reader) advance() error {
	r.release()
	r.fill()
	if len(r.pieces) == 0 {
		if r.err != nil {
			return r.err
		}
		return io.EOF // the end of a range
	}
	head := r.pieces[0]
	n, err := head.call.Data(r.ctx)
	if r.ctx.Err() != nil {
		return r.ctx.Err() // its buffer may still be filled
	}
	r.pieces = r.pieces[1:]
	r.s.underWay.Add(-int64(len(head.buf)))
	r.flow.answered(len(head.buf), head.call.Took())
	switch {
	case errors.Is(err, io.EOF), err == nil && n == 0:
		if r.end >= 0 && r.pos < r.end {
			return fault.Newf(fault.Protocol, "read", r.fs.host, "the file ends at %d, before %d", r.pos, r.end)
		}
		return io.EOF
	case err != nil:
		var status *wire.StatusError
		if len(r.pieces) > 0 && !r.single && errors.As(err, &status) {
			// Some servers give a file once and in order only.
			r.restart()
			r.single = true
			return r.advance()
		}
		return err
	}
	r.buf, r.rest = head.buf, head.buf[:n]
	r.pos += int64(n)
	if n < len(head.buf) {
		switch {
		case r.end < 0 && r.pos == r.size && len(r.pieces) == 0:
			r.ended = true // a short answer at the size that the server told
		default:
			// What is missing is asked for again; the blocks behind it are dropped,
			// because this is rare.
			r.restart()
		}
	}
	return nil
}

// restart drops what is under way and goes on at pos.
func (r *reader) restart() {
	for _, p := range r.pieces {
		p.call.Abandon(nil)
		r.s.underWay.Add(-int64(len(p.buf)))
		r.flow.used -= len(p.buf)
	}
	r.pieces, r.next = nil, r.pos
}

func (r *reader) release() {
	if r.buf != nil {
		r.s.recycle(r.buf)
		r.buf, r.rest = nil, nil
	}
}

// step makes sure that there is a rest to give out.
func (r *reader) step() error {
	for len(r.rest) == 0 {
		if r.ended {
			return io.EOF
		}
		if err := r.advance(); err != nil {
			r.ended = errors.Is(err, io.EOF)
			if r.ended {
				return io.EOF
			}
			return r.fs.streamFault("read", r.ctx, r.s, err)
		}
	}
	return nil
}

func (r *reader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if err := r.step(); err != nil {
		return 0, err
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// WriteTo implements io.WriterTo.
func (r *reader) WriteTo(w io.Writer) (int64, error) {
	var sum int64
	for {
		if err := r.step(); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return sum, err
		}
		n, err := w.Write(r.rest)
		sum += int64(n)
		r.rest = r.rest[n:]
		if err != nil {
			return sum, err
		}
	}
}

func (r *reader) Close() error {
	if r.handle == "" {
		return nil
	}
	r.release()
	r.restart()
	r.s.wire.Forget(r.handle)
	r.handle, r.ended = "", true
	return nil
}
