package ftp

import (
	"context"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/listing"
)

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

// knownZone gives how far the server's clock, as LIST shows it, is ahead of UTC;
// settled tells that there is no finding it out, or no need.
func (f *FS) knownZone() (zone *time.Duration, settled bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.zone, f.zone != nil || f.noMDTM && f.justPut.at.IsZero()
}

// zoneByUpload finds the time zone by a file that was uploaded a moment ago, at
// a time of the server's choice.
func (f *FS) zoneByUpload(dir files.Path, entries []files.Entry) *time.Duration {
	f.mu.Lock()
	just := f.justPut
	f.mu.Unlock()
	if just.at.IsZero() || !just.path.Dir().Equal(dir) {
		return nil
	}
	for _, e := range entries {
		if e.Name == just.path.Base() && e.Size == just.size && calibrates(e) {
			return f.setZone(e.ModTime.Sub(just.at))
		}
	}
	return nil
}

// calibrates tells whether a listed time says anything about the time zone.
func calibrates(e files.Entry) bool {
	return e.Type == files.File && !e.ModTime.IsZero() && e.Precise < 24*time.Hour
}

// calibrate compares the listed time of a file with its MDTM, which is UTC, and
// so finds the server's time zone. It is done once.
func (c *conn) calibrate(dir files.Path, entries []files.Entry) *time.Duration {
	f := c.fs
	if zone := f.zoneByUpload(dir, entries); zone != nil {
		return zone
	}
	f.mu.Lock()
	noMDTM := f.noMDTM
	f.mu.Unlock()
	tried := 0
	for _, e := range entries {
		if !calibrates(e) || f.check("list", files.Path{e.Name}) != nil {
			continue
		}
		if tried++; tried > 3 || c.broken || noMDTM {
			break
		}
		at, err := c.mdtm(e.Name)
		if err == nil {
			if zone := f.setZone(e.ModTime.Sub(at.Truncate(time.Minute))); zone != nil {
				return zone
			}
			continue
		}
		if c.settle(err); isCode(err, 500, 509) {
			noMDTM = true
			f.mu.Lock()
			f.noMDTM = true
			f.mu.Unlock()
		}
	}
	return nil
}

// setZone takes a difference for the server's time zone, if it can be one.
func (f *FS) setZone(off time.Duration) *time.Duration {
	zone := off.Round(15 * time.Minute)
	if zone < -26*time.Hour || zone > 26*time.Hour || (off-zone).Abs() > 5*time.Minute {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.zone = &zone
	return f.zone
}

// zoneTime is how long another connection may take to find out the time zone.
const zoneTime = 5 * time.Second

// askZone calibrates on another connection while a long listing arrives. nil
// means that there is none to be had.
func (f *FS) askZone(ctx context.Context, dir files.Path, entries []files.Entry) chan *time.Duration {
	answer := make(chan *time.Duration, 1)
	f.group.Go("ftp time zone", func(context.Context) {
		var zone *time.Duration
		defer func() { answer <- zone }()
		ctx, cancel := context.WithTimeout(ctx, zoneTime)
		defer cancel()
		c := f.tryTake(ctx)
		if c == nil {
			return
		}
		err := c.enter("list", dir)
		c.settle(err)
		if err == nil {
			zone = c.calibrate(dir, entries)
		}
		f.put(c, false)
	})
	return answer
}

func (c *conn) mdtm(name string) (time.Time, error) {
	r, err := c.expect([]int{213}, "MDTM %s", name)
	if err != nil {
		return time.Time{}, err
	}
	t, ok := listing.ParseTime(strings.TrimSpace(r.text))
	if !ok {
		return time.Time{}, &fault.Fault{Kind: fault.Protocol, Op: "stat", Host: c.fs.p.Site.Host, Said: fault.CleanLine(r.text), Err: errNoReply}
	}
	return t, nil
}
