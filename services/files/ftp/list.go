package ftp

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/listing"
)

const (
	// maxProbes bounds how many links of one listing are looked behind.
	maxProbes = 256
	// maxHeld bounds how many entries wait for the server's time zone.
	maxHeld = 4096
)

// List implements files.FS.
func (f *FS) List(ctx context.Context, dir files.Path, emit func([]files.Entry) error) (files.Report, error) {
	var report files.Report
	sent := false
	err := f.with(ctx, "list", true, func(c *conn) error {
		if sent {
			// Half a listing has been handed over: no second try behind the back.
			return fault.Newf(fault.Protocol, "list", f.p.Site.Host, "the connection broke")
		}
		var err error
		report, err = c.list(dir, func(e []files.Entry) error {
			sent = true
			return emit(e)
		})
		return err
	})
	return report, err
}

func (c *conn) list(dir files.Path, emit func([]files.Entry) error) (files.Report, error) {
	f := c.fs
	kind := listing.LIST
	if c.feat.mlst && !c.noMLSD {
		kind = listing.MLSD
	}
	f.mu.Lock()
	hidden := kind == listing.LIST && !f.noA
	f.mu.Unlock()
	report, err := c.listOnce(kind, hidden, dir, emit)
	refused := isCode(err, 500, 599)
	switch {
	case kind == listing.MLSD && isCode(err, 500, 509):
		// It promises MLSD but has none.
		c.noMLSD = true
		return c.listOnce(listing.LIST, false, dir, emit)
	case hidden && !c.broken && (refused && !unbuilt(err) || err == nil && report.Entries == 0 && report.Unread == 0):
		// "-a" may have been taken for a name. An empty folder is asked twice.
		plain, perr := c.listOnce(listing.LIST, false, dir, emit)
		if perr == nil && (refused || plain.Entries > 0) {
			f.mu.Lock()
			f.noA = true
			f.mu.Unlock()
		}
		return plain, perr
	}
	return report, err
}

func (c *conn) listOnce(kind listing.Kind, hidden bool, dir files.Path, emit func([]files.Entry) error) (files.Report, error) {
	command := "LIST"
	switch {
	case kind == listing.MLSD:
		command = "MLSD"
	case hidden:
		command = "LIST -a"
	}
	d, err := c.start("list", dir, 0, command, false, false)
	if err != nil {
		return files.Report{}, noFiles(err)
	}
	l := &lister{c: c, dir: dir, emit: emit, kind: kind}
	if kind == listing.LIST {
		l.zone, l.zoned = c.fs.knownZone()
	} else {
		l.zoned = true
	}
	defer l.close()
	r := listing.NewReader(kind, c.fs.p.Now(), l.take)
	if err := c.copyListing(d, r, l); err != nil {
		return files.Report{}, err
	}
	said := c.ctl.last.text
	report, err := r.Close()
	if strings.Contains(strings.ToLower(said), "truncated") {
		// Pure-FTPd ends after some thousand names: there are names that were not read.
		report.Unread++
		report.Samples = append(report.Samples, fault.CleanLine(said))
	}
	if err == nil {
		err = l.end()
	}
	if err != nil && l.failed != nil {
		// The caller's own error; the connection has nothing to do with it.
		err = &fault.Fault{Kind: fault.KindOf(l.failed), Op: "list", Host: c.fs.p.Site.Host, Err: errors.Join(l.failed, errNoReply)}
	}
	return report, err
}

// copyListing gives the bytes of a listing to the reader as they come, and
// reads the server's last word on it.
func (c *conn) copyListing(d *dataConn, r *listing.Reader, l *lister) error {
	buf := blocks.Get().(*[]byte)
	defer blocks.Put(buf)
	for {
		n, err := d.Read(*buf)
		if n > 0 {
			_, werr := r.Write((*buf)[:n])
			if werr == nil {
				werr = l.flush(r, n)
			}
			if werr != nil {
				d.abort()
				c.finish(d)
				c.broken = true // the rest of the listing is still under way
				return werr
			}
		}
		if err == nil {
			continue
		}
		if err != io.EOF { //nolint:errorlint // only the bare value is the data's end
			d.abort()
		}
		c.finish(d)
		final := c.final(d, silence)
		if err != io.EOF && !isReply(final) { //nolint:errorlint // as above
			c.broken = true
			return c.ctl.why(err)
		}
		return noFiles(final)
	}
}

// lister hands the entries of one listing over.
type lister struct {
	c     *conn
	dir   files.Path
	emit  func([]files.Entry) error
	kind  listing.Kind
	zone  *time.Duration // of the server's clock; nil: unknown
	zoned bool           // nothing more will be known about it

	held    []files.Entry       // wait for the time zone
	links   []files.Entry       // must be looked behind before they can be told
	asking  chan *time.Duration // gives the time zone, or nil
	alone   bool                // no other connection can find it out
	failed  error               // of emit
	flushed time.Time
}

// take is called with what has been read.
func (l *lister) take(entries []files.Entry) error {
	f := l.c.fs
	f.see(entries)
	out := entries[:0]
	for _, e := range entries {
		if e.Type == files.LinkFile && len(l.links) < maxProbes {
			l.links = append(l.links, e)
		} else {
			out = append(out, e)
		}
	}
	if !l.zoned {
		return l.hold(out)
	}
	return l.give(out)
}

// flush hands over what has come so far when nothing more is there at once, so
// that the first entries of a long listing are seen soon.
func (l *lister) flush(r *listing.Reader, n int) error {
	if n >= block/2 && time.Since(l.flushed) < 100*time.Millisecond {
		return nil
	}
	l.flushed = time.Now()
	return r.Flush()
}

func (l *lister) give(entries []files.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	if l.kind == listing.LIST {
		for i := range entries {
			shift(&entries[i], l.zone)
		}
	}
	l.failed = l.emit(entries)
	return l.failed
}

// hold keeps entries until the server's time zone is known, which another
// connection finds out if the listing is long, or this one at the end.
func (l *lister) hold(entries []files.Entry) error {
	f := l.c.fs
	l.held = append(l.held, entries...)
	if l.zone = f.zoneByUpload(l.dir, entries); l.zone == nil {
		if l.asking == nil && !l.alone && len(l.held) >= 256 {
			l.asking = f.askZone(l.c.ctx, l.dir, append([]files.Entry(nil), l.held...))
		}
		if l.asking != nil {
			select {
			case l.zone = <-l.asking:
				l.asking, l.alone = nil, true
			default:
			}
		}
		if l.zone == nil && len(l.held) < maxHeld {
			return nil
		}
		if l.asking != nil {
			l.zone = <-l.asking // it has its own limit
			l.asking = nil
		}
	}
	l.zoned = true
	return l.release()
}

func (l *lister) release() error {
	held := l.held
	l.held = nil
	return l.give(held)
}

// end tells what was held back.
func (l *lister) end() error {
	c := l.c
	if !l.zoned {
		if l.asking != nil {
			l.zone = <-l.asking
			l.asking = nil
		}
		if l.zone == nil {
			l.zone = c.calibrate(l.dir, l.held)
		}
		l.zoned = true
	}
	if err := l.release(); err != nil {
		return err
	}
	if c.ctx.Err() != nil {
		return fault.From("list", c.fs.p.Site.Host, c.ctx.Err())
	}
	c.probe(l.dir, l.links)
	return l.give(l.links)
}

// close lets go of what still runs.
func (l *lister) close() {
	if l.asking != nil {
		l.c.fs.group.Go("ftp time zone", func(context.Context) { <-l.asking })
	}
}
