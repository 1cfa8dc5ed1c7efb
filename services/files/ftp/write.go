package ftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

const (
	// eagerSize is up to which size a file is sent before the server has said
	// that it wants it: a round trip less.
	eagerSize = 64 << 10
	// watchSize is from which size on the server is listened to meanwhile.
	watchSize = 1 << 20
)

// Write implements files.FS. The writer is an io.ReaderFrom and a
// files.Finisher.
func (f *FS) Write(ctx context.Context, p files.Path, o files.WriteOptions) (files.Writer, error) {
	if o.Offset > 0 {
		if caps, err := f.Caps(ctx); err != nil || !caps.Resume {
			return nil, fault.Newf(fault.Unsupported, "write", f.p.Site.Host, "no resume")
		}
	}
	for try := 0; ; try++ {
		c, err := f.take(ctx, true)
		if err != nil {
			return nil, err
		}
		stale := !c.fresh
		w := &writer{fs: f, ctx: ctx, path: p, c: c, start: o.Offset, modTime: o.ModTime}
		if err = w.open(o); err == nil {
			return w, nil
		}
		c.settle(err)
		f.put(c, true)
		if cerr := ctx.Err(); cerr != nil {
			return nil, fault.From("write", f.p.Site.Host, cerr)
		}
		if c.broken && try == 0 && (stale && lost(err) || unbuilt(err)) {
			continue
		}
		fa := f.fail("write", err)
		var restart *restError
		if o.Offset > 0 && isReply(err) && (errors.As(err, &restart) || fa.Kind == fault.Unsupported) {
			fa.Kind = fault.Unsupported
			f.mu.Lock()
			f.noREST = true
			f.mu.Unlock()
		}
		return nil, fa
	}
}

type writer struct {
	fs      *FS
	ctx     context.Context
	path    files.Path
	name    string
	c       *conn
	d       *dataConn
	start   int64
	written int64
	modTime time.Time
	unwatch func() // ends the listening to the server
	ended   bool
	failed  error
}

func (w *writer) open(o files.WriteOptions) error {
	if len(w.path) == 0 {
		return w.fs.refuse("write", fault.Permission, "the root")
	}
	if err := w.fs.check("write", w.path); err != nil {
		return err
	}
	w.name = w.c.argument(w.path)
	if o.Exclusive && o.Offset == 0 {
		switch there, err := w.c.exists(w.path); {
		case err != nil:
			return err
		case there:
			return &fault.Fault{Kind: fault.Exists, Op: "write", Host: w.fs.p.Site.Host, Err: errors.Join(fs.ErrExist, errNoReply)}
		}
	}
	eager := o.Offset == 0 && o.Size >= 0 && o.Size <= eagerSize && !w.fs.p.Site.Active
	d, err := w.c.start("write", w.path.Dir(), o.Offset, "STOR "+w.name, true, eager)
	w.d = d
	return err
}

func (w *writer) Write(b []byte) (int, error) {
	if w.failed != nil {
		return 0, w.failed
	}
	if err := w.before(int64(len(b))); err != nil {
		return 0, err
	}
	n, err := w.d.Write(b)
	w.written += int64(n)
	if err != nil {
		w.failed = w.fault(w.stop(err, 3*time.Second))
		return n, w.failed
	}
	return n, nil
}

// before makes sure that the server wants what is sent, and stays willing.
func (w *writer) before(n int64) error {
	if !w.d.confirmed && w.written+n > eagerSize {
		if err := w.d.confirm(w.c); err != nil {
			w.ended = true
			w.c.settle(err)
			w.failed = w.fault(err)
			w.fs.put(w.c, true)
			return w.failed
		}
	}
	if w.unwatch == nil && w.d.confirmed && w.written+n > watchSize {
		// A server whose disk is full says so and stops reading: without listening
		// one would hear it only after the time for silence.
		d := w.d
		w.unwatch = w.c.ctl.watch(func(f func()) {
			w.fs.group.Go("ftp upload", func(context.Context) { f() })
		}, d.abort)
	}
	return nil
}

// ReadFrom implements io.ReaderFrom. From a file the system itself moves the
// bytes, where they need no encryption.
func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	var done int64
	if file, limit, ok := plainFile(r); ok && w.failed == nil && w.d.confirmed && w.d.begin() == nil && w.d.bare() != nil {
		for {
			if err := w.before(spliceSize); err != nil {
				return done, err
			}
			socket := w.d.bare()
			if err := w.d.raw.SetWriteDeadline(time.Now().Add(silence)); err != nil {
				return done, w.broken(err)
			}
			n, err := socket.ReadFrom(&io.LimitedReader{R: file, N: min(limit-done, spliceSize)})
			done += n
			w.written += n
			switch {
			case errors.Is(err, os.ErrDeadlineExceeded) && n > 0:
			case err != nil:
				return done, w.broken(err)
			case n == 0 || done == limit:
				return done, nil
			}
		}
	}
	buf := blocks.Get().(*[]byte)
	defer blocks.Put(buf)
	for {
		n, err := r.Read(*buf)
		if n > 0 {
			m, werr := w.Write((*buf)[:n])
			done += int64(m)
			if werr != nil {
				return done, werr
			}
		}
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return done, err
		}
	}
}

// plainFile recognises a file of the system, or the beginning of one.
func plainFile(r io.Reader) (*os.File, int64, bool) {
	limit := int64(1<<63 - 1)
	if l, ok := r.(*io.LimitedReader); ok {
		r, limit = l.R, l.N
	}
	file, ok := r.(*os.File)
	return file, limit, ok
}

func (w *writer) broken(err error) error {
	w.failed = w.fault(w.stop(w.c.ctl.why(err), 3*time.Second))
	return w.failed
}

// listen ends the watch, after which replies can be read again.
func (w *writer) listen() {
	if w.unwatch != nil {
		w.unwatch()
		w.unwatch = nil
	}
}

// stop ends the upload because of why. The server's reply is a better reason
// than a broken pipe.
func (w *writer) stop(why error, limit time.Duration) error {
	w.listen()
	w.d.abort() // half a file must not look whole
	if !w.d.confirmed {
		w.c.ctl.wait(limit)
		if err := w.d.confirm(w.c); err != nil {
			w.c.settle(err)
			if isReply(err) {
				return err
			}
			return why
		}
	}
	w.c.finish(w.d)
	err := w.c.final(w.d, limit)
	if err != nil && !isReply(err) {
		w.c.broken = true
	}
	if isCode(err, 400, 599) {
		return err
	}
	return why
}

func (w *writer) fault(err error) error {
	if cerr := w.ctx.Err(); cerr != nil {
		err = cerr
	}
	return w.fs.fail("write", err)
}

// Commit implements files.Writer.
func (w *writer) Commit(ctx context.Context) error {
	return w.commit(ctx, func() error {
		_, err := w.verify(w.path, nil)
		return err
	})
}

// CommitAs implements files.Finisher: the questions about the file, its time and
// its renaming cost two round trips, during which the next file's data
// connection is made.
func (w *writer) CommitAs(ctx context.Context, to files.Path, replace bool) error {
	if len(to) == 0 || !to.Dir().Equal(w.path.Dir()) {
		return fault.Newf(fault.Unsupported, "rename", w.fs.p.Site.Host, "another folder")
	}
	if err := w.fs.check("rename", to); err != nil {
		return err
	}
	return w.commit(ctx, func() error {
		var more []string
		prepare := w.c.mayPrepare()
		if !replace {
			more = append(more, w.c.existsCommand(w.c.argument(to)))
		}
		if prepare {
			more = append(more, "EPSV")
		}
		more = append(more, "RNFR "+w.name)
		// ProFTPD takes nothing but RNTO after RNFR.
		w.c.broken = true
		replies, err := w.verify(to, more)
		if err != nil {
			return err
		}
		if !replace {
			there, err := w.c.existsReply(to, replies[0])
			if err == nil && there {
				err = &fault.Fault{Kind: fault.Exists, Op: "rename", Host: w.fs.p.Site.Host, Err: errors.Join(fs.ErrExist, errNoReply)}
			}
			if err != nil {
				return err
			}
			replies = replies[1:]
		}
		if prepare {
			w.c.prepare(replies[0])
			replies = replies[1:]
		}
		w.c.broken = false
		if replies[0].code/100 > 3 {
			return replies[0].err()
		}
		_, err = w.c.expect(done, "RNTO %s", w.c.argument(to))
		return w.c.replaced(ctx, w.path, to, replace, err)
	})
}

// commit ends the upload and calls then, with the server's word that all has
// arrived.
func (w *writer) commit(ctx context.Context, then func() error) error {
	if w.failed != nil {
		return w.failed
	}
	if w.ended {
		return fault.Newf(fault.Internal, "write", w.fs.p.Site.Host, "ended twice")
	}
	w.ended = true
	err := w.complete()
	w.c.settle(err)
	if err == nil && ctx.Err() == nil {
		err = then()
		w.c.settle(err)
	}
	w.fs.tlsDied(w.c, err)
	w.fs.put(w.c, true)
	if cerr := ctx.Err(); cerr != nil {
		return fault.From("write", w.fs.p.Site.Host, cerr)
	}
	if err != nil {
		return w.fault(err)
	}
	return nil
}

// complete says that there is no more and waits for the server's word on it.
func (w *writer) complete() error {
	w.listen()
	err := w.d.shut()
	if err == nil {
		err = w.d.confirm(w.c)
		if err != nil {
			return err
		}
		err = w.c.final(w.d, finalReply(w.written))
	} else {
		return w.stop(err, 3*time.Second)
	}
	w.c.finish(w.d)
	return err
}

// verify asks for the size and sets the time on the connection that is there:
// waiting for a second one could wait for ever. It gives the replies to more
// questions, which are asked in the same round trip. place is what the file will
// be called.
func (w *writer) verify(place files.Path, more []string) ([]reply, error) {
	var lines []string
	command := ""
	if w.c.feat.size {
		lines = append(lines, "SIZE "+w.name)
	}
	if !w.modTime.IsZero() {
		if command = w.c.timeCommand(w.name, w.modTime); command != "" {
			lines = append(lines, command)
		}
	}
	if lines = append(lines, more...); len(lines) == 0 {
		return nil, nil
	}
	replies, err := w.c.ctl.ask(lines...)
	if err != nil {
		return nil, err
	}
	if w.c.feat.size {
		r := replies[0]
		replies = replies[1:]
		size, nerr := strconv.ParseInt(strings.TrimSpace(r.text), 10, 64)
		switch {
		case r.code == 421:
			return nil, r.err()
		case r.code == 213 && nerr == nil && size != w.start+w.written:
			return nil, &fault.Fault{Kind: fault.Damaged, Op: "write", Host: w.fs.p.Site.Host, Err: errors.Join(errSize, errNoReply)}
		case r.code/100 == 5 && w.fs.fail("stat", r.err()).Kind == fault.NotFound:
			// Pure-FTPd turns blanks at a name's end into "_".
			return nil, &fault.Fault{Kind: fault.Permission, Op: "write", Host: w.fs.p.Site.Host, Err: errors.Join(errOtherName, errNoReply)}
		}
	}
	kept := command == ""
	if !kept {
		kept = w.c.timeSet(command, replies[0]) != nil // its own time, of this moment
		replies = replies[1:]
	}
	if kept {
		w.fs.mu.Lock()
		w.fs.justPut = justPut{path: place, size: w.start + w.written, at: time.Now()}
		w.fs.mu.Unlock()
	}
	return replies, nil
}

var (
	errSize      = errors.New("another number of bytes arrived")
	errOtherName = files.BadName("the server does not take this name and chose another")
)

// Abort implements files.Writer.
func (w *writer) Abort(remove bool) error {
	if !w.ended {
		w.ended = true
		if w.failed == nil {
			err := w.stop(errAborted, 2*time.Second)
			if w.ctx.Err() != nil || !isReply(err) && !errors.Is(err, errAborted) || w.c.broken || !w.c.alive() {
				w.c.broken = true
			}
		} else {
			w.c.settle(w.failed)
		}
		w.fs.put(w.c, true)
	} else if w.failed == nil {
		return nil
	}
	if !remove {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), 5*time.Second)
	defer cancel()
	err := w.fs.Remove(ctx, w.path)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

var errAborted = errors.New("stopped")

var _ interface {
	files.Writer
	files.Finisher
	io.ReaderFrom
} = (*writer)(nil)
