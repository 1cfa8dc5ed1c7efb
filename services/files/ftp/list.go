package ftp

import (
	"context"
	"errors"
	"io"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/listing"
)

// sinkSlot is where the next listing's bytes go.
type sinkSlot struct{ w io.Writer }

func (s *sinkSlot) Write(b []byte) (int, error) {
	if s.w == nil {
		return len(b), nil
	}
	return s.w.Write(b)
}

// maxProbes bounds how many links of one listing are followed.
const maxProbes = 64

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
	if err := c.enter("list", dir); err != nil {
		return files.Report{}, err
	}
	kind := listing.LIST
	if c.feat.mlst != "" {
		kind = listing.MLSD
	}
	f.mu.Lock()
	hidden := kind == listing.LIST && !f.noA
	f.mu.Unlock()
	report, err := c.listOnce(kind, hidden, dir, emit)
	var proto *textproto.Error
	refused := errors.As(err, &proto) && proto.Code/100 == 5
	switch {
	case kind == listing.MLSD && refused && proto.Code/10 == 50:
		// It promises MLSD but has none.
		c.feat.mlst = ""
		return c.listOnce(listing.LIST, false, dir, emit)
	case hidden && (refused || err == nil && report.Entries == 0):
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
	f := c.fs
	f.mu.Lock()
	zone := f.zone
	f.mu.Unlock()
	var held []files.Entry  // all, while the server's time zone is unknown
	var links []files.Entry // what must be probed before it can be told
	var failed error
	r := listing.NewReader(kind, f.p.Now(), func(entries []files.Entry) error {
		out := entries[:0]
		for _, e := range entries {
			if f.charset != nil {
				e.Display = files.Display(f.Export(e.Name))
			}
			if kind == listing.LIST && zone != nil {
				shift(&e, zone)
			}
			if e.Type == files.LinkFile && len(links) < maxProbes {
				links = append(links, e)
			} else {
				out = append(out, e)
			}
		}
		if kind == listing.LIST && zone == nil {
			held = append(held, out...)
			return nil
		}
		if len(out) == 0 {
			return nil
		}
		failed = emit(out)
		return failed
	})
	c.ctl.hidden = hidden
	c.sink.w = r
	_, err := c.lib.List("")
	c.ctl.hidden = false
	c.sink.w = nil
	if failed != nil {
		c.broken = true // the rest of the listing is still under way
		return files.Report{}, failed
	}
	if err != nil {
		return files.Report{}, noFiles(err)
	}
	report, err := r.Close()
	if failed != nil {
		return report, failed
	}
	if err != nil {
		return report, err
	}
	if kind == listing.LIST && zone == nil {
		zone = c.calibrate(held)
		for i := range held {
			shift(&held[i], zone)
		}
		for i := range links {
			shift(&links[i], zone)
		}
	}
	for i := range links {
		if c.ctx.Err() != nil {
			return report, fault.From("list", f.p.Site.Host, c.ctx.Err())
		}
		c.probe(dir, &links[i])
	}
	if held = append(held, links...); len(held) > 0 {
		if err := emit(held); err != nil {
			return report, &fault.Fault{Kind: fault.KindOf(err), Op: "list", Host: f.p.Site.Host, Err: errors.Join(errNoReply, err)}
		}
	}
	return report, nil
}

// noFiles takes "550 No files found", which some say of an empty folder, for
// what it is.
func noFiles(err error) error {
	var proto *textproto.Error
	if errors.As(err, &proto) && (proto.Code == 550 || proto.Code == 450) && strings.Contains(strings.ToLower(proto.Msg), "no files") {
		return nil
	}
	return err
}

// shift moves a LIST time to UTC; with an unknown time zone it is only good
// for the day.
func shift(e *files.Entry, zone *time.Duration) {
	switch {
	case e.ModTime.IsZero():
	case zone == nil:
		e.Precise = max(e.Precise, 24*time.Hour)
	case e.Precise < 24*time.Hour:
		e.ModTime = e.ModTime.Add(-*zone)
	}
}

// calibrate compares the listed time of one file with its MDTM, which is UTC,
// and so finds the server's time zone. It is done once.
func (c *conn) calibrate(entries []files.Entry) *time.Duration {
	if !c.feat.mdtm {
		return nil
	}
	tried := 0
	for _, e := range entries {
		if e.Type != files.File || e.ModTime.IsZero() || e.Precise >= 24*time.Hour {
			continue
		}
		if c.fs.check("list", files.Path{e.Name}) != nil {
			continue
		}
		if tried++; tried > 3 {
			return nil
		}
		at, err := c.mdtm(e.Name)
		if err != nil {
			if c.settle(err); c.broken {
				return nil
			}
			continue
		}
		off := e.ModTime.Sub(at.Truncate(time.Minute)).Round(15 * time.Minute)
		if off < -26*time.Hour || off > 26*time.Hour {
			continue
		}
		f := c.fs
		f.mu.Lock()
		defer f.mu.Unlock()
		f.zone = &off
		return &off
	}
	return nil
}

func (c *conn) mdtm(name string) (time.Time, error) {
	r, err := c.expect("213", "MDTM %s", name)
	if err != nil {
		return time.Time{}, err
	}
	t, ok := listing.ParseTime(strings.TrimSpace(r.text))
	if !ok {
		return time.Time{}, &fault.Fault{Kind: fault.Protocol, Op: "stat", Host: c.fs.p.Site.Host, Said: fault.CleanLine(r.text), Err: errNoReply}
	}
	return t, nil
}

// probe finds out whether a link leads to a folder, by going there.
func (c *conn) probe(dir files.Path, e *files.Entry) {
	if c.broken || c.fs.check("list", files.Path{e.Name}) != nil {
		return
	}
	if c.entered(dir.Join(e.Name)) {
		e.Type = files.LinkDir
	}
}

// Stat implements files.FS.
func (f *FS) Stat(ctx context.Context, p files.Path) (files.Entry, error) {
	if len(p) == 0 {
		return files.Entry{Type: files.Dir, Size: -1}, nil
	}
	var e files.Entry
	err := f.with(ctx, "stat", true, func(c *conn) error {
		var err error
		e, err = c.stat(p)
		return err
	})
	return e, err
}

func (c *conn) stat(p files.Path) (files.Entry, error) {
	f := c.fs
	if len(p) == 0 {
		return files.Entry{Type: files.Dir, Size: -1}, nil
	}
	name, err := c.at("stat", p)
	if err != nil {
		return files.Entry{}, err
	}
	if c.feat.mlst != "" {
		e, err := c.mlst(name)
		if err == nil {
			e.Name, e.Display = p.Base(), files.Display(f.Export(p.Base()))
			if e.Type == files.LinkFile {
				c.probe(p.Dir(), &e)
				if e.Type == files.LinkFile {
					if target, err := c.sizeAndTime(name); err == nil {
						e.Size, e.ModTime, e.Precise = target.Size, target.ModTime, target.Precise
					}
				}
			}
			return e, nil
		}
		var proto *textproto.Error
		if !errors.As(err, &proto) || proto.Code/10 != 50 {
			return e, err
		}
	}
	e, err := c.sizeAndTime(name)
	e.Name, e.Display = p.Base(), files.Display(f.Export(p.Base()))
	if err == nil {
		return e, nil
	}
	var proto *textproto.Error
	if !errors.As(err, &proto) {
		return e, err
	}
	if c.entered(p) {
		return files.Entry{Name: e.Name, Display: e.Display, Type: files.Dir, Size: -1}, nil
	}
	if c.broken || proto.Code/10 != 50 {
		return e, err
	}
	// A server without SIZE: the name is there or not.
	found := false
	_, err = c.list(p.Dir(), func(entries []files.Entry) error {
		for _, one := range entries {
			if one.Name == p.Base() {
				e, found = one, true
			}
		}
		return nil
	})
	if err == nil && !found {
		err = &fault.Fault{Kind: fault.NotFound, Op: "stat", Host: f.p.Site.Host, Err: errNoReply}
	}
	return e, err
}

// mlst asks for the facts of one name (RFC 3659 section 7.2).
func (c *conn) mlst(name string) (files.Entry, error) {
	r, err := c.expect("250", "MLST %s", name)
	if err != nil {
		return files.Entry{}, err
	}
	for line := range strings.SplitSeq(r.text, "\n") {
		facts := strings.TrimLeft(line, " ")
		head, _, ok := strings.Cut(facts, " ")
		if !ok || !strings.Contains(head, "=") {
			continue
		}
		e, _, ok := listing.ParseFacts(facts)
		if ok {
			return e, nil
		}
	}
	return files.Entry{}, &textproto.Error{Code: 502, Msg: "MLST without facts"}
}

func (c *conn) sizeAndTime(name string) (files.Entry, error) {
	e := files.Entry{Size: -1}
	r, err := c.expect("213", "SIZE %s", name)
	if err != nil {
		return e, err
	}
	if e.Size, err = strconv.ParseInt(strings.TrimSpace(r.text), 10, 64); err != nil || e.Size < 0 {
		return e, &textproto.Error{Code: 502, Msg: "SIZE without a number"}
	}
	if !c.feat.mdtm {
		return e, nil
	}
	t, err := c.mdtm(name)
	var proto *textproto.Error
	if err != nil && !errors.As(err, &proto) && !errors.Is(err, errNoReply) {
		return e, err
	}
	if err == nil {
		e.ModTime, e.Precise = t, time.Second
	}
	return e, nil
}
