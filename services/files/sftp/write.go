package sftp

import (
	"context"
	"errors"
	"io"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sftp/wire"
)

// Write implements files.FS. Blocks are sent without waiting for one another.
func (f *FS) Write(ctx context.Context, p files.Path, o files.WriteOptions) (files.Writer, error) {
	name, err := f.remote("write", p)
	if err != nil {
		return nil, err
	}
	flags := uint32(wire.OpenWrite | wire.OpenCreate)
	switch {
	case o.Offset > 0:
		flags = wire.OpenWrite
	case o.Exclusive:
		flags |= wire.OpenExclusive
	default:
		flags |= wire.OpenTruncate
	}
	w, err := call(ctx, f, "write", func(s *session) (*writer, error) {
		h, err := s.wire.Open(ctx, name, flags)
		if err != nil {
			return nil, err
		}
		if o.Offset > 0 {
			// What lies behind the offset is of the interrupted try.
			if err := s.wire.Fsetstat(ctx, h, wire.Attrs{Flags: wire.AttrSize, Size: uint64(o.Offset)}); err != nil {
				s.wire.Forget(h)
				return nil, err
			}
		}
		return &writer{
			ctx: ctx, fs: f, s: s, path: p, name: name, handle: h,
			next: o.Offset, safe: o.Offset, expect: o.Size, modTime: o.ModTime, flow: newFlow(),
		}, nil
	})
	if err != nil {
		if o.Exclusive && ctx.Err() == nil && !fault.Is(err, fault.NotFound) {
			if there, serr := f.exists(ctx, name); serr == nil && there {
				return nil, fault.New(fault.Exists, "write", f.host, err)
			}
		}
		return nil, err
	}
	f.seen.forget(name)
	return w, nil
}

// sent is a block under way.
type sent struct {
	call *wire.Call
	n    int
}

// writer sends a file's bytes. It belongs to one goroutine.
type writer struct {
	ctx     context.Context
	fs      *FS
	s       *session
	path    files.Path
	name    string
	handle  wire.Handle
	next    int64 // where the next block goes
	safe    int64 // all before it is confirmed
	expect  int64 // the size in the end; -1 unknown
	modTime time.Time
	flow    flow
	blocks  []sent
	block   *wire.Block // being filled
	filled  int
	broken  bool // a block was refused: what is behind safe may have holes
	err     error
	ended   bool
}

// room gives the free part of the current block.
func (w *writer) room() []byte {
	if w.block == nil {
		size := w.s.maxWrite
		if left := w.expect - w.next; w.expect >= 0 && left < int64(size) {
			size = int(max(left, 4<<10))
		}
		w.block = w.s.writeBlock(size)
	}
	data := w.block.Data()
	return data[w.filled:]
}

// flush sends the current block, after those before it have made room.
func (w *writer) flush() error {
	if w.filled == 0 || w.err != nil {
		return w.err
	}
	n, block := w.filled, w.block
	for len(w.blocks) > 0 && (w.flow.used+n > w.flow.limit || w.s.underWay.Load() > sessionMost) {
		if err := w.confirm(w.ctx); err != nil {
			return err
		}
	}
	c, err := w.s.wire.StartWrite(w.ctx, w.handle, w.next, block, n, func() { w.s.recycleBlock(block) })
	if err != nil {
		return w.fail(err)
	}
	w.block, w.filled = nil, 0
	w.blocks = append(w.blocks, sent{c, n})
	w.flow.used += n
	w.s.underWay.Add(int64(n))
	w.next += int64(n)
	for len(w.blocks) > 0 { // what is confirmed already
		select {
		case <-w.blocks[0].call.Done():
			if err := w.confirm(w.ctx); err != nil {
				return err
			}
			continue
		default:
		}
		break
	}
	return nil
}

// confirm waits for the oldest block.
func (w *writer) confirm(ctx context.Context) error {
	b := w.blocks[0]
	err := b.call.Status(ctx)
	if ctx.Err() != nil {
		return w.fail(ctx.Err())
	}
	w.blocks = w.blocks[1:]
	w.s.underWay.Add(-int64(b.n))
	w.flow.answered(b.n, b.call.Took())
	if err != nil {
		w.broken = true
		return w.fail(w.fullDisk(ctx, err))
	}
	w.safe += int64(b.n)
	return nil
}

func (w *writer) fail(err error) error {
	if w.err == nil {
		w.err = w.fs.streamFault("write", w.ctx, w.s, err)
	}
	return w.err
}

// fullDisk asks whether there is any room left: this version of the protocol
// has no code for a full disk.
func (w *writer) fullDisk(ctx context.Context, err error) error {
	var status *wire.StatusError
	if !errors.As(err, &status) || status.Code != wire.StatusFailure || !w.s.statvfs {
		return err
	}
	if free, ferr := w.s.wire.Free(ctx, w.path.Dir().String()); ferr == nil && free < int64(w.s.maxWrite) {
		f := fault.New(fault.Full, "write", w.fs.host, err)
		f.Said = fault.CleanLine(status.Message)
		return f
	}
	return err
}

func (w *writer) Write(b []byte) (int, error) {
	done := 0
	for len(b) > 0 {
		if w.err != nil {
			return done, w.err
		}
		n := copy(w.room(), b)
		w.filled += n
		if w.filled == len(w.block.Data()) {
			if err := w.flush(); err != nil {
				return done, err
			}
		}
		b = b[n:]
		done += n
	}
	return done, nil
}

// ReadFrom implements io.ReaderFrom: it reads into the blocks themselves.
func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	var sum int64
	for w.err == nil {
		if err := w.ctx.Err(); err != nil {
			return sum, w.fail(err)
		}
		n, err := r.Read(w.room())
		sum += int64(n)
		w.filled += n
		if w.filled == len(w.block.Data()) || n == 0 && w.filled > 0 {
			if ferr := w.flush(); ferr != nil {
				return sum, ferr
			}
		}
		if errors.Is(err, io.EOF) {
			return sum, nil
		}
		if err != nil {
			if w.err == nil {
				w.err = fault.From("write", "", err)
			}
			return sum, err
		}
	}
	return sum, w.err
}

func (w *writer) Commit(ctx context.Context) error {
	if w.ended {
		return fault.Newf(fault.Internal, "write", w.fs.host, "ended twice")
	}
	if w.err != nil {
		return fault.New(fault.Internal, "write", w.fs.host, errors.Join(errors.New("committed after a failure"), w.err))
	}
	if err := w.flush(); err != nil {
		return err
	}
	w.ended = true
	if err := w.finish(ctx); err != nil {
		_ = w.settle(false) // err is what counts
		return err
	}
	return nil
}

// CommitAs implements files.Finisher. The new name waits for the confirmation
// of all bytes: a file in the way is not given up for one that is not whole.
func (w *writer) CommitAs(ctx context.Context, to files.Path, replace bool) error {
	if err := w.Commit(ctx); err != nil {
		return err
	}
	return w.fs.Rename(ctx, w.path, to, replace)
}

// finish has all bytes confirmed, the time set and the file closed. Where the
// server works in order that takes one round trip.
func (w *writer) finish(ctx context.Context) error {
	if !w.s.inOrder {
		// Servers that work on several requests at once would tell a size, and keep
		// a time, from before the last block.
		if err := w.drain(ctx); err != nil {
			return err
		}
	}
	var timeCall *wire.Call
	var err error
	if w.s.inOrder && !w.modTime.IsZero() {
		if timeCall, err = w.s.wire.StartFsetstat(ctx, w.handle, wire.Times(w.modTime)); err != nil {
			return w.fail(err)
		}
	}
	statCall, err := w.s.wire.StartFstat(ctx, w.handle)
	if err != nil {
		return w.fail(err)
	}
	closeCall, err := w.s.wire.StartClose(ctx, w.handle)
	if err != nil {
		return w.fail(err)
	}
	w.handle = ""
	if err := w.drain(ctx); err != nil {
		return err
	}
	timeSet := timeCall != nil && timeCall.Status(ctx) == nil
	a, statErr := statCall.Attrs(ctx)
	if err := closeCall.Status(ctx); err != nil {
		return w.fs.streamFault("write", ctx, w.s, err)
	}
	if statErr != nil || a.Flags&wire.AttrSize == 0 {
		if a, err = w.s.wire.Stat(ctx, w.name); err != nil {
			return w.fs.streamFault("write", ctx, w.s, err)
		}
	}
	if a.Flags&wire.AttrSize != 0 && a.Size != uint64(w.next) {
		return fault.Newf(fault.Damaged, "write", w.fs.host, "%d bytes arrived of %d", a.Size, w.next)
	}
	if !timeSet && !w.modTime.IsZero() {
		// Files are worth more than their times: a server that refuses this has
		// got all the bytes.
		err := w.s.wire.Setstat(ctx, w.name, wire.Times(w.modTime))
		var status *wire.StatusError
		if err != nil && !errors.As(err, &status) {
			return w.fs.streamFault("write", ctx, w.s, err)
		}
	}
	return nil
}

// drain waits until all blocks are confirmed.
func (w *writer) drain(ctx context.Context) error {
	for len(w.blocks) > 0 {
		if err := w.confirm(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Abort implements files.Writer.
func (w *writer) Abort(remove bool) error {
	if w.ended {
		return nil
	}
	w.ended = true
	return w.settle(remove)
}

// settle cuts the file to the bytes that are confirmed without a hole between
// them, because blocks that were under way at once may have left some. If the
// server does not say within 0.7 seconds what it has got, whoever resumes goes
// back by Caps.Rewind, which is more than was under way.
func (w *writer) settle(remove bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), 2*time.Second)
	defer cancel()
	patience, stop := context.WithTimeout(ctx, 700*time.Millisecond)
	defer stop()
	for i, b := range w.blocks {
		err := b.call.Status(patience)
		if patience.Err() != nil {
			for _, rest := range w.blocks[i:] {
				rest.call.Abandon(nil)
			}
			w.release()
			if w.handle != "" {
				w.s.wire.Forget(w.handle)
			}
			return nil
		}
		if w.broken = w.broken || err != nil; !w.broken {
			w.safe += int64(b.n)
		}
	}
	w.release()
	var err error
	if w.safe < w.next && !remove {
		err = w.s.wire.Setstat(ctx, w.name, wire.Attrs{Flags: wire.AttrSize, Size: uint64(w.safe)})
	}
	if w.handle != "" {
		err = errors.Join(err, w.s.wire.CloseHandle(ctx, w.handle))
		w.handle = ""
	}
	if remove && ctx.Err() == nil {
		err = errors.Join(err, w.s.wire.Remove(ctx, w.name))
	}
	if w.s.wire.Err() != nil {
		return nil // the connection broke, which is why this is aborted
	}
	return w.fs.fail("write", err)
}

// release takes the blocks under way out of the account.
func (w *writer) release() {
	for _, b := range w.blocks {
		w.s.underWay.Add(-int64(b.n))
	}
	w.blocks = nil
}
