package transfer

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
)

const (
	// divideFrom is the size from which a file may come over several connections.
	divideFrom = 64 << 20
	// plenty is the speed, in bytes per second, at which one connection is left
	// alone: what bounds it then is no bound of the connection's.
	plenty = 80 << 20
	// probeTime and probeSize end the look at how fast one connection is.
	probeTime = time.Second
	probeSize = 64 << 20
	// leastPiece is what is worth a connection of its own.
	leastPiece = 8 << 20
	// mostPieces is how many connections one file uses at most.
	mostPieces = 4
	// addEvery is how long a number of connections is measured before one more is
	// tried; it stays if it brings this much more.
	addEvery = 1500 * time.Millisecond
	addGain  = 1.15
	// mapEvery is how often the map of what is there is written.
	mapEvery = 2 * time.Second
)

// dividable reports whether the two ends allow a file to come in pieces. SFTP
// keeps one connection full by itself.
func (j *job) dividable() bool {
	if !j.ends.down || j.ends.up {
		return false
	}
	if c, ok := j.src.(files.Connected); ok && c.Conn().Protocol == files.ProtocolSFTP {
		return false
	}
	_, there := j.dst.(files.Assembler)
	_, here := j.src.(files.Ranger)
	return there && (here || j.ends.from.Resume)
}

// divisible reports whether a second connection may be worth while.
func (j *job) divisible() bool {
	return j.source.Size >= j.o.divideFrom() && j.ends.from.MaxConns > 1 && j.dividable()
}

// divideFrom is lower in tests.
func (o *Options) divideFrom() int64 {
	if o.divide > 0 {
		return o.divide
	}
	return divideFrom
}

// probe moves the beginning of a file and reports whether it came slowly, with
// enough left to divide.
func (j *job) probe(r io.Reader, w io.Writer, c *counter) (slow bool, err error) {
	p := buffers.Get().(*[]byte) //nolint:forcetypeassert // see buffers
	defer buffers.Put(p)
	began, first := time.Now(), c.done
	for time.Since(began) < probeTime && c.done-first < probeSize {
		n, err := r.Read(*p)
		if _, werr := w.Write((*p)[:n]); werr != nil {
			return false, werr
		}
		if perr := c.pass((*p)[:n]); perr != nil {
			return false, perr
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return false, err // pump finds the end again
		}
		if j.o.divide > 0 && c.done-first > j.o.divide/4 {
			return true, nil
		}
	}
	rate := float64(c.done-first) / time.Since(began).Seconds()
	if down, _ := j.o.Limits.Get(); down > 0 && rate > 0.7*float64(down) {
		return false, nil // it is slow because a person wants it so
	}
	return rate < plenty && j.source.Size-c.done >= 2*leastPiece, nil
}

// assembly is a file that comes over several connections.
type assembly struct {
	j     *job
	file  files.Assembly
	site  *lanes
	count *counter

	mu      sync.Mutex
	pieces  *pieces
	free    []span // missing, and nobody's
	running map[*piece]bool
	moved   int64
	saved   int64 // what moved was when the map was written
	err     error // why a connection was given up
	most    int
}

// piece is a span on its way; its fields belong to assembly.mu.
type piece struct{ start, at, end int64 }

// assemble brings what is missing over one connection or more. r, if not nil,
// goes on where the first piece ends.
func (j *job) assemble(ctx context.Context, r io.ReadCloser, p *pieces) error {
	file, err := j.dst.(files.Assembler).Assemble(ctx, j.part) //nolint:forcetypeassert // see dividable
	if err != nil {
		if r != nil {
			closeQuietly(r)
		}
		return err
	}
	j.ours = true
	if r == nil {
		j.result.Resumed = p.count()
	}
	a := &assembly{
		j: j, file: file, site: j.ends.lanes[0], pieces: p, free: p.missing(), running: map[*piece]bool{}, most: mostPieces,
		count: &counter{ctx: ctx, job: j, done: p.count()},
	}
	err = a.save() // from now on the part says by its length what it is
	if err == nil {
		err = a.run(ctx, r)
	} else if r != nil {
		closeQuietly(r)
	}
	if err == nil {
		err = j.unchanged(ctx, nil)
	}
	if err == nil {
		err = errors.Join(file.Truncate(j.source.Size), file.Sync())
	} else if ctx.Err() == nil || a.unsaved() < soonSaved {
		err = errors.Join(err, a.save())
	}
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fault.From("copy", "", err)
	}
	j.result.Bytes = j.source.Size
	j.progress(j.source.Size, true)
	return j.setTime(ctx)
}

// soonSaved is how many bytes even a slow disk takes while a person who cancelled
// waits; with more, what came since the last map comes again.
const soonSaved = 32 << 20

// unsaved is how many bytes came since the map was written.
func (a *assembly) unsaved() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.moved - a.saved
}

// save writes the map, after the bytes that it tells of.
func (a *assembly) save() error {
	a.mu.Lock()
	a.saved = a.moved
	now := &pieces{size: a.pieces.size}
	for _, s := range a.pieces.have {
		now.add(s)
	}
	for p := range a.running {
		now.add(span{p.start, p.at})
	}
	a.mu.Unlock()
	if err := a.file.Sync(); err != nil {
		return err
	}
	_, err := a.file.WriteAt(now.encode(), now.size)
	return err
}

// run starts the connections and watches over them.
func (a *assembly) run(ctx context.Context, r io.ReadCloser) error {
	// A connection that ends by a fault does not end the others.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var g errgroup.Group
	ended := make(chan struct{}, mostPieces)
	start := func(r io.ReadCloser) bool {
		p := a.next()
		if p == nil {
			return false
		}
		g.Go(func() error {
			a.work(ctx, r, p)
			ended <- struct{}{}
			return nil
		})
		return true
	}
	open, known := 0, 0
	if r == nil {
		known = min(len(a.free), mostPieces) // so many were found good before the interruption
	}
	if start(r) {
		open = 1
	} else if r != nil {
		closeQuietly(r)
	}
	for open > 0 && open < known && a.site.try() {
		if !start(nil) {
			a.site.release()
			break
		}
		open++
	}
	add, save := time.NewTicker(addEvery), time.NewTicker(mapEvery)
	defer add.Stop()
	defer save.Stop()
	if a.j.o.divide > 0 {
		add.Reset(time.Millisecond)
	}
	var failed error
	var before float64
	var counted int64
	growing, since := true, time.Now()
	for open > 0 {
		select {
		case <-ended:
			open--
			if open > 0 {
				a.site.release()
			}
			growing = growing && a.fault() == nil
		case <-save.C:
			if err := a.save(); err != nil && failed == nil {
				failed = err // a full disk
				cancel()
			}
		case <-add.C:
			a.mu.Lock()
			moved, most := a.moved, a.most
			a.mu.Unlock()
			rate := float64(moved-counted) / time.Since(since).Seconds()
			counted, since = moved, time.Now()
			growing = growing && (open == 1 || rate >= addGain*before || a.j.o.divide > 0) && open < most
			before = rate
			if growing && a.site.try() {
				if start(nil) {
					open++
				} else {
					a.site.release()
				}
			}
		}
	}
	_ = g.Wait() // its goroutines return nil
	if failed != nil {
		return failed
	}
	if a.pieces.count() == a.pieces.size {
		return nil
	}
	if err := a.fault(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return fault.Newf(fault.Internal, "copy", "", "a piece is missing")
}

func (a *assembly) fault() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// next gives a span that nobody has, or half of what is left of the one that
// has the most left; nil if there is nothing worth a connection.
func (a *assembly) next() *piece {
	a.mu.Lock()
	defer a.mu.Unlock()
	var p *piece
	if len(a.free) > 0 {
		p = &piece{a.free[0].from, a.free[0].from, a.free[0].to}
		a.free = a.free[1:]
	} else {
		var slowest *piece
		for one := range a.running {
			if slowest == nil || one.end-one.at > slowest.end-slowest.at {
				slowest = one
			}
		}
		least := int64(leastPiece)
		if a.j.o.divide > 0 {
			least = a.j.o.divide / 8
		}
		if slowest == nil || slowest.end-slowest.at < 2*least {
			return nil
		}
		middle := slowest.at + (slowest.end-slowest.at)/2
		p = &piece{middle, middle, slowest.end}
		slowest.end = middle
	}
	a.running[p] = true
	return p
}

// work brings one piece after another over one connection. A fault gives what is
// left of the piece to the others.
func (a *assembly) work(ctx context.Context, r io.ReadCloser, p *piece) {
	for p != nil {
		err := a.bring(ctx, r, p)
		r = nil
		a.mu.Lock()
		delete(a.running, p)
		a.pieces.add(span{p.start, p.at})
		if p.at < p.end {
			a.free = append(a.free, span{p.at, p.end})
		}
		if err != nil {
			a.err = err
			a.most = 1
			a.mu.Unlock()
			a.site.refused(err)
			return
		}
		a.mu.Unlock()
		p = a.next()
	}
}

// bring reads a piece until it ends, which may be earlier than it began to be.
func (a *assembly) bring(ctx context.Context, r io.ReadCloser, p *piece) (err error) {
	a.mu.Lock()
	at, end := p.at, p.end
	a.mu.Unlock()
	if r == nil {
		if ranger, ok := a.j.src.(files.Ranger); ok {
			r, err = ranger.ReadRange(ctx, a.j.from, at, end-at)
		} else {
			r, err = a.j.src.Read(ctx, a.j.from, at)
		}
		if err != nil {
			return err
		}
	}
	defer closeQuietly(r)             // most of the file may still be on its way
	buffer := buffers.Get().(*[]byte) //nolint:forcetypeassert // see buffers
	defer buffers.Put(buffer)
	for {
		a.mu.Lock()
		at, end = p.at, p.end
		a.mu.Unlock()
		if at >= end {
			return nil
		}
		n, err := r.Read((*buffer)[:min(int64(len(*buffer)), end-at)])
		if n > 0 {
			if _, werr := a.file.WriteAt((*buffer)[:n], at); werr != nil {
				return werr
			}
			a.mu.Lock()
			p.at += int64(n)
			if over := p.at - p.end; over > 0 { // the rest was given away meanwhile
				p.at = p.end
				n -= int(over)
			}
			a.moved += int64(n)
			a.count.tell(int64(n))
			a.mu.Unlock()
			if err := a.j.wait(ctx, n); err != nil {
				return err
			}
			at += int64(n)
		}
		switch {
		case errors.Is(err, io.EOF) && at < end:
			return fault.Newf(fault.Protocol, "copy", "", "the file ended %d bytes early", end-at)
		case err != nil && !errors.Is(err, io.EOF):
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
